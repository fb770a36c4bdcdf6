#include "app/record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sim/record.h"

#define HAND_OVER  (256u << 10) /* bytes gathered before the writer is woken */
#define MEMORY_MAX (256u << 20) /* while the disk is slow */

struct zv_recorder {
	struct zv_engine_params engine;
	char *path;
	int fd;
	struct zv_record_bytes front; /* the engine's */
	struct zv_sim_trace trace;
	uint32_t n_zones;             /* written so far */
	bool told;                    /* that it ended early */
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under the lock */
	struct zv_record_bytes back;
	bool ending, failed;
};

static bool write_all(int fd, const uint8_t *v, size_t n)
{
	while (n > 0) {
		ssize_t did = write(fd, v, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		v += did;
		n -= (size_t)did;
	}
	return true;
}

static void *run(void *arg)
{
	struct zv_recorder *r = arg;
	struct zv_record_bytes out = {0};

	pthread_mutex_lock(&r->lock);
	for (;;) {
		struct zv_record_bytes empty = out;

		while (r->back.n == 0 && !r->ending)
			pthread_cond_wait(&r->work, &r->lock);
		if (r->back.n == 0)
			break;
		out = r->back;
		r->back = empty;
		r->back.n = 0;
		pthread_mutex_unlock(&r->lock);
		if (!write_all(r->fd, out.v, out.n))
			zv_error("record", "%s cannot be written: %s", r->path, strerror(errno));
		out.n = 0;
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	free(out.v);
	return NULL;
}

/* Gives the writer what was gathered, if it is free. */
static void hand_over(struct zv_recorder *r)
{
	struct zv_record_bytes full;

	if (r->front.n < HAND_OVER || pthread_mutex_trylock(&r->lock) != 0)
		return;
	if (r->back.n == 0) {
		full = r->front;
		r->front = r->back;
		r->front.n = 0;
		r->front.most = MEMORY_MAX;
		r->front.lost = full.lost;
		r->back = full;
		pthread_cond_signal(&r->work);
	}
	pthread_mutex_unlock(&r->lock);
}

static void put_head(struct zv_recorder *r, uint64_t conf_hash)
{
	const struct zv_engine_conf *conf = r->engine.conf;
	struct {
		struct zv_record_head head;
		struct zv_record_campaign campaigns[ZV_CAMPAIGNS_MAX];
	} *all = calloc(1, sizeof(*all));
	size_t n;

	if (all == NULL) {
		r->front.lost = true;
		return;
	}
	zv_record_fill_head(&all->head);
	all->head.conf_hash = conf_hash;
	all->head.rules_hash = r->engine.rules_hash;
	all->head.seed = r->engine.seed;
	all->head.epoch = r->engine.epoch;
	all->head.node = r->engine.node;
	all->head.n_slabs = r->engine.slabs.n;
	all->head.n_campaigns = conf->n_campaigns;
	for (uint32_t i = 0; i < conf->n_campaigns; i++) {
		all->campaigns[i].id = conf->campaigns[i].id;
		memcpy(all->campaigns[i].name, conf->campaigns[i].name, sizeof(all->campaigns[i].name));
	}
	n = sizeof(all->head) + conf->n_campaigns * sizeof(all->campaigns[0]);
	zv_record_put(&r->front, ZV_RECORD_HEAD, all, n);
	free(all);
}

enum zv_err zv_recorder_create(const struct zv_recorder_params *params, struct zv_recorder **ret_recorder)
{
	struct zv_recorder *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ZV_ENOMEM;
	r->engine = *params->engine;
	r->front.most = MEMORY_MAX;
	r->path = strdup(params->path);
	r->fd = open(params->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r->path == NULL || r->fd < 0)
		goto fail;
	put_head(r, params->conf_hash);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, NULL);
	if (pthread_create(&r->writer, NULL, run, r) != 0) {
		pthread_cond_destroy(&r->work);
		pthread_mutex_destroy(&r->lock);
		goto fail;
	}
	*ret_recorder = r;
	return ZV_OK;

fail:
	if (r->fd >= 0)
		close(r->fd);
	free(r->front.v);
	free(r->path);
	free(r);
	return ZV_EIO;
}

void zv_recorder_destroy(struct zv_recorder *recorder)
{
	struct zv_recorder *r = recorder;

	if (r == NULL)
		return;
	if (!r->front.lost)
		zv_record_put(&r->front, ZV_RECORD_END, &r->trace, sizeof(r->trace));
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->writer, NULL);
	if (r->front.n > 0 && !write_all(r->fd, r->front.v, r->front.n))
		zv_error("record", "%s cannot be written: %s", r->path, strerror(errno));
	if (r->front.lost)
		zv_warn("record", "%s ends early: the disk was too slow", r->path);
	else
		zv_info("record", "%s: trace %016llx, %llu events, %llu commands", r->path,
			(unsigned long long)r->trace.hash, (unsigned long long)r->trace.events,
			(unsigned long long)r->trace.commands);
	close(r->fd);
	pthread_cond_destroy(&r->work);
	pthread_mutex_destroy(&r->lock);
	free(r->front.v);
	free(r->back.v);
	free(r->path);
	free(r);
}

void zv_recorder_tally(struct zv_recorder *recorder, uint32_t campaign, int64_t bucket, const uint32_t n[ZV_FACTS])
{
	struct zv_record_tally tally = {.campaign = campaign, .bucket = bucket};

	if (recorder == NULL)
		return;
	memcpy(tally.n, n, sizeof(tally.n));
	zv_record_put(&recorder->front, ZV_RECORD_TALLY, &tally, sizeof(tally));
}

void zv_recorder_origin(struct zv_recorder *recorder, uint32_t campaign, int64_t origin_ms)
{
	struct zv_record_told told = {.what = campaign, .at_ms = origin_ms};

	if (recorder != NULL)
		zv_record_put(&recorder->front, ZV_RECORD_ORIGIN, &told, sizeof(told));
}

void zv_recorder_caller(struct zv_recorder *recorder, uint64_t caller, int64_t cal_ms)
{
	struct zv_record_told told = {.what = caller, .at_ms = cal_ms};

	if (recorder != NULL)
		zv_record_put(&recorder->front, ZV_RECORD_CALLER, &told, sizeof(told));
}

/* Zones are numbered as they come: those that an offer may name stand before it. */
static void put_zones(struct zv_recorder *r, const struct zv_offer *offer)
{
	uint32_t top = zv_record_zones(offer, &r->engine.persons);

	while (r->n_zones <= top) {
		struct zv_record_zone zone = {.number = (uint16_t)r->n_zones};
		const char *name = zv_zones_name(r->engine.conf->zones, zone.number);

		memcpy(zone.name, name, strnlen(name, sizeof(zone.name) - 1));
		zv_record_put(&r->front, ZV_RECORD_ZONE, &zone, sizeof(zone));
		r->n_zones++;
	}
}

void zv_recorder_event(struct zv_recorder *recorder, const struct zv_now *now, const struct zv_event *event)
{
	struct zv_recorder *r = recorder;

	if (r == NULL)
		return;
	zv_sim_trace_event(&r->trace, now, event);
	if (event->type == ZV_EV_OFFER && event->u.offer.slab < r->engine.slabs.n) {
		const struct zv_offer *offer = &r->engine.slabs.v[event->u.offer.slab];

		put_zones(r, offer);
		zv_record_offer(&r->front, event->u.offer.slab, offer, &r->engine.persons);
	}
	zv_record_event(&r->front, now, event);
	hand_over(r);
	if (r->front.lost && !r->told) {
		r->told = true;
		zv_warn("record", "%s: the disk is too slow, the record ends here", r->path);
	}
}

void zv_recorder_commands(struct zv_recorder *recorder, const struct zv_cmds *cmds)
{
	for (uint32_t i = 0; recorder != NULL && i < cmds->n; i++)
		zv_sim_trace_command(&recorder->trace, &cmds->v[i]);
}

void zv_recorder_conf(struct zv_recorder *recorder)
{
	if (recorder != NULL)
		zv_record_put(&recorder->front, ZV_RECORD_CONF, NULL, 0);
}
