#include "media/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "dial/mediaplan.h"
#include "media/encoder.h"
#include "media/g711.h"
#include "media/rec.h"
#include "media/wavout.h"

#define PATH_TRIES 100
#define AT_ONCE    16u
#define LIVE_MS    50   /* between two looks while something is recorded */
#define IDLE_MS    200
#define HEADER_MS  1000
#define WARN_MS    60000

struct live {
	struct zv_rec_msg begin;
	uint32_t place;   /* in the list */
	bool broken;      /* no room: nothing more is written */
	char path[PATH_MAX]; /* below dir, without its ending */
	struct zv_wavout out;
};

struct zv_tape {
	struct zv_tape_params params;
	char dir[PATH_MAX];
	int wake_fd;
	struct zv_ring *rings[ZV_MEDIA_THREADS_MAX];
	struct live **by_slot, **list; /* n_live of them */
	uint32_t n_live;
	int64_t warned_ms, headers_ms;
	struct zv_encoder *encoder;
	_Atomic uint64_t begun, cut;
	_Atomic uint32_t live;
};

static int64_t mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* ---- files ---- */

/* Every folder on the way to path. */
static enum zv_err make_folders(const char *path)
{
	char room[PATH_MAX];

	if (snprintf(room, sizeof(room), "%s", path) >= (int)sizeof(room))
		return ZV_EINVAL;
	for (char *p = strchr(room + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(room, 0750) != 0 && errno != EEXIST)
			return errno == ENOSPC || errno == EDQUOT ? ZV_EFULL : ZV_EIO;
		*p = '/';
	}
	return ZV_OK;
}

/* A campaign's name as a folder's: nothing in it leads elsewhere. */
static void folder_of(const struct zv_tape *t, uint32_t campaign, char *ret_name, size_t size)
{
	const char *name = NULL;

	if (t->params.campaign != NULL)
		name = t->params.campaign(t->params.arg, campaign);
	if (name == NULL || name[0] == '\0')
		snprintf(ret_name, size, "%" PRIu32, campaign);
	else
		snprintf(ret_name, size, "%s", name);
	for (char *p = ret_name; *p != '\0'; p++)
		if (*p == '/' || (unsigned char)*p < ' ' || (p == ret_name && *p == '.'))
			*p = '_';
}

/* The n-th name that a recording of the attempt may have. */
static enum zv_err name_it(const struct zv_tape *t, struct live *l, int n)
{
	time_t s = (time_t)(l->begin.u.begin.cal_ms / 1000);
	char campaign[128], more[16] = "";
	struct tm tm;

	folder_of(t, l->begin.u.begin.campaign, campaign, sizeof(campaign));
	if (gmtime_r(&s, &tm) == NULL)
		return ZV_EINVAL;
	if (n > 1)
		snprintf(more, sizeof(more), "-%d", n);
	if (snprintf(l->path, sizeof(l->path), "%04d/%02d/%02d/%s/%016" PRIx64 "%016" PRIx64 "%s",
		     tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, campaign,
		     l->begin.u.begin.attempt.hi, l->begin.u.begin.attempt.lo, more) >=
	    (int)sizeof(l->path))
		return ZV_EINVAL;
	return ZV_OK;
}

static enum zv_err open_file(const struct zv_tape *t, struct live *l)
{
	char wav[2 * PATH_MAX + 8], opus[2 * PATH_MAX + 8];
	enum zv_err err = ZV_EEXIST;

	for (int n = 1; n < PATH_TRIES && err == ZV_EEXIST; n++) {
		int fd;

		err = name_it(t, l, n);
		if (err != ZV_OK)
			return err;
		snprintf(wav, sizeof(wav), "%s/%s.wav", t->dir, l->path);
		snprintf(opus, sizeof(opus), "%s/%s.opus", t->dir, l->path);
		err = make_folders(wav);
		if (err != ZV_OK)
			return err;
		if (access(opus, F_OK) == 0) {
			err = ZV_EEXIST;
			continue;
		}
		fd = open(wav, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
		if (fd >= 0) {
			err = zv_wavout_open(&l->out, fd);
			if (err != ZV_OK)
				close(fd);
		} else {
			err = errno == EEXIST ? ZV_EEXIST
			      : errno == ENOSPC || errno == EDQUOT ? ZV_EFULL : ZV_EIO;
		}
	}
	return err;
}

/* Once a minute is enough to be heard. */
static void warn(struct zv_tape *t, const char *path, enum zv_err err)
{
	int64_t now = mono_ms();

	atomic_fetch_add_explicit(&t->cut, 1, memory_order_relaxed);
	if (t->warned_ms != 0 && now - t->warned_ms < WARN_MS)
		return;
	t->warned_ms = now;
	zv_error("media", "recording %s/%s stops: %s; calls go on", t->dir, path,
		 err == ZV_EFULL ? "no room on the disk" : zv_err_text(err));
}

/* ---- recordings ---- */

static void end(struct zv_tape *t, struct live *l, uint32_t at)
{
	struct zv_encoder_job job = {
		.recording = {
			.attempt = l->begin.u.begin.attempt, .lead = l->begin.u.begin.lead,
			.campaign = l->begin.u.begin.campaign, .agent = l->begin.u.begin.agent,
			.begun_ms = l->begin.u.begin.cal_ms,
		},
	};
	enum zv_err err = ZV_OK;

	if (!l->broken)
		err = zv_wavout_close(&l->out, at);
	if (err != ZV_OK)
		warn(t, l->path, err);
	snprintf(job.path, sizeof(job.path), "%s", l->path);
	if (zv_encoder_add(t->encoder, &job) != ZV_OK)
		zv_error("media", "recording %s stays a WAV until the next start", l->path);
	t->list[l->place] = t->list[--t->n_live];
	t->list[l->place]->place = l->place;
	t->by_slot[l->begin.leg.slot] = NULL;
	free(l);
}

static void begin(struct zv_tape *t, const struct zv_rec_msg *m)
{
	struct live *l = calloc(1, sizeof(*l));
	enum zv_err err = ZV_ENOMEM;

	if (l != NULL) {
		l->begin = *m;
		err = open_file(t, l);
	}
	if (err != ZV_OK) {
		warn(t, l != NULL ? l->path : "", err);
		free(l);
		return;
	}
	t->by_slot[m->leg.slot] = l;
	l->place = t->n_live;
	t->list[t->n_live++] = l;
	atomic_fetch_add_explicit(&t->begun, 1, memory_order_relaxed);
}

static void stop_writing(struct zv_tape *t, struct live *l, enum zv_err err)
{
	warn(t, l->path, err);
	l->broken = true;
	(void)close(l->out.fd); /* what is there stays, its header is a second old at most */
}

static void frame(struct zv_tape *t, struct live *l, const struct zv_rec_msg *m)
{
	const int16_t *linear = m->law == ZV_PCMU ? zv_ulaw_linear : zv_alaw_linear;
	int16_t samples[ZV_FRAME_MAX];
	enum zv_err err;

	if (l->broken || m->len > ZV_FRAME_MAX)
		return;
	for (uint32_t i = 0; i < m->len; i++)
		samples[i] = linear[m->u.payload[i]];
	err = zv_wavout_put(&l->out, m->side != 0, m->at, samples, m->len);
	if (err != ZV_OK)
		stop_writing(t, l, err);
}

static void take(struct zv_tape *t, const struct zv_rec_msg *m)
{
	struct live *l;

	if (m->leg.slot >= t->params.n_slots)
		return;
	l = t->by_slot[m->leg.slot];
	if (m->what == ZV_REC_BEGIN) {
		if (l != NULL) /* its end found no place */
			end(t, l, 0);
		begin(t, m);
		return;
	}
	if (l == NULL || l->begin.leg.gen != m->leg.gen || l->begin.serial != m->serial)
		return;
	if (m->what == ZV_REC_FRAME)
		frame(t, l, m);
	else if (m->what == ZV_REC_END)
		end(t, l, m->at);
}

static uint32_t drain(struct zv_tape *t)
{
	struct zv_rec_msg m[AT_ONCE];
	uint32_t all = 0;

	for (uint32_t i = 0; i < t->params.n_threads; i++) {
		uint32_t n = AT_ONCE;

		while (n == AT_ONCE) {
			n = zv_ring_pop(t->rings[i], m, AT_ONCE);
			for (uint32_t k = 0; k < n; k++)
				take(t, &m[k]);
			all += n;
		}
	}
	atomic_store_explicit(&t->live, t->n_live, memory_order_relaxed);
	return all;
}

static void write_headers(struct zv_tape *t)
{
	int64_t now = mono_ms();

	if (now - t->headers_ms < HEADER_MS)
		return;
	t->headers_ms = now;
	for (uint32_t i = 0; i < t->n_live; i++) {
		struct live *l = t->list[i];
		enum zv_err err = l->broken ? ZV_OK : zv_wavout_header(&l->out);

		if (err != ZV_OK)
			stop_writing(t, l, err);
	}
}

/* While something is recorded there is no end of frames: the clock wakes.  Else a beginning
 * does. */
static void rest(struct zv_tape *t)
{
	struct pollfd pfd = {.fd = t->wake_fd, .events = POLLIN};
	eventfd_t woken;

	if (t->n_live > 0) {
		poll(&pfd, 0, LIVE_MS);
		return;
	}
	for (uint32_t i = 0; i < t->params.n_threads; i++)
		if (!zv_ring_arm(t->rings[i]))
			return;
	if (poll(&pfd, 1, IDLE_MS) > 0)
		eventfd_read(t->wake_fd, &woken);
}

enum zv_err zv_tape_thread(struct zv_tape *t, const _Atomic bool *stop)
{
	enum zv_err err = zv_encoder_start(t->encoder);

	if (err != ZV_OK)
		return err;
	while (!atomic_load_explicit(stop, memory_order_acquire)) {
		drain(t);
		write_headers(t);
		rest(t);
	}
	while (drain(t) > 0)
		;
	while (t->n_live > 0)
		end(t, t->list[t->n_live - 1], 0);
	zv_encoder_stop(t->encoder);
	return ZV_OK;
}

/* ---- create ---- */

static uint32_t places_of(const struct zv_tape_params *p)
{
	uint32_t n = 32 * (p->n_slots / p->n_threads + 1);

	if (p->places > 0)
		return p->places;
	return n < 4096 ? 4096 : n > 65536 ? 65536 : n;
}

static enum zv_err check_dir(struct zv_tape *t, char *text, size_t text_size)
{
	char path[2 * PATH_MAX];
	enum zv_err err;
	int fd;

	snprintf(path, sizeof(path), "%s/.room", t->dir);
	err = make_folders(path);
	fd = err == ZV_OK ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640) : -1;
	if (fd < 0) {
		snprintf(text, text_size, "recordings: %s cannot be written: %s", t->dir, strerror(errno));
		return ZV_EIO;
	}
	close(fd);
	unlink(path);
	return ZV_OK;
}

enum zv_err zv_tape_create(const struct zv_tape_params *params, char *text, size_t text_size,
			   struct zv_tape **ret_tape)
{
	struct zv_tape *t;
	enum zv_err err;

	if (text_size > 0)
		text[0] = '\0';
	if (params->dir == NULL || params->n_threads == 0 ||
	    params->n_threads > ZV_MEDIA_THREADS_MAX || params->n_slots == 0)
		return ZV_EINVAL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ZV_ENOMEM;
	t->params = *params;
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->by_slot = calloc(params->n_slots, sizeof(struct live *));
	t->list = calloc(params->n_slots, sizeof(struct live *));
	err = ZV_ENOMEM;
	if (t->wake_fd < 0 || t->by_slot == NULL || t->list == NULL)
		goto fail;
	err = ZV_EINVAL;
	if (snprintf(t->dir, sizeof(t->dir), "%s", params->dir) >= (int)sizeof(t->dir) / 2)
		goto fail;
	err = check_dir(t, text, text_size);
	for (uint32_t i = 0; i < params->n_threads && err == ZV_OK; i++)
		err = zv_ring_create(sizeof(struct zv_rec_msg), places_of(params), t->wake_fd,
				     &t->rings[i]);
	t->params.dir = t->dir;
	if (err == ZV_OK)
		err = zv_encoder_create(&t->params, &t->encoder);
	if (err != ZV_OK)
		goto fail;
	*ret_tape = t;
	return ZV_OK;

fail:
	zv_tape_destroy(t);
	return err;
}

void zv_tape_destroy(struct zv_tape *t)
{
	if (t == NULL)
		return;
	zv_encoder_destroy(t->encoder);
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++)
		zv_ring_destroy(t->rings[i]);
	for (uint32_t i = 0; i < t->n_live; i++)
		free(t->list[i]);
	free(t->by_slot);
	free(t->list);
	if (t->wake_fd >= 0)
		close(t->wake_fd);
	free(t);
}

struct zv_ring *zv_tape_ring(struct zv_tape *t, uint32_t thread)
{
	return thread < t->params.n_threads ? t->rings[thread] : NULL;
}

void zv_tape_get_stats(const struct zv_tape *t, struct zv_tape_stats *ret_stats)
{
	*ret_stats = (struct zv_tape_stats){0};
	zv_encoder_get_stats(t->encoder, ret_stats);
	ret_stats->begun = atomic_load_explicit(&t->begun, memory_order_relaxed);
	ret_stats->failed += atomic_load_explicit(&t->cut, memory_order_relaxed);
	ret_stats->live = atomic_load_explicit(&t->live, memory_order_relaxed);
}
