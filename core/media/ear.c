#include "media/ear.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "dial/mediaplan.h"
#include "media/detect/amd.h"
#include "media/detect/detect.h"
#include "media/eartap.h"
#include "media/g711.h"

#define AT_ONCE    32u
#define LIVE_MS    20  /* between two looks while somebody is listened to */
#define IDLE_MS    500
#define BEHIND_MS  400 /* nothing came for so long: it is silence; less may be a stall of ours */
#define SLACK_MS   80  /* of which so much may still be on its way */
#define STRAY      (2 * 8000) /* a source that jumps further begins anew */
#define EARLY_MS   90000u     /* longer than anybody lets it ring, see eartap.c */
#define BEEP_MS    90000u
#define WATCH_MS   20000u     /* a verdict may be revised */
#define SAMPLES_MS (ZV_FRAME_SAMPLES / ZV_FRAME_MS)

_Static_assert((int)ZV_HEARD_BY_MAX == (int)ZV_CAUSE_MAX &&
		       (int)ZV_HEARD_BY_ANNOUNCEMENT == (int)ZV_CAUSE_ANNOUNCEMENT &&
		       (int)ZV_HEARD_BY_BEEP == (int)ZV_CAUSE_BEEP,
	       "causes are told as the detectors number them");

struct beep {
	struct zv_tones tones;
	struct zv_cadence cadence;
};

struct ear {
	struct zv_leg_id leg;
	struct zv_attempt_id attempt;
	uint16_t trunk;
	uint8_t to, rule;
	bool live, revise, begun;
	bool pending, over; /* its verdict waits for room; and then it ends */
	uint8_t heard, by;
	uint32_t serial, place;
	uint32_t next;      /* timestamp expected */
	uint32_t said_ms;   /* when the verdict was made */
	uint32_t limit_ms;
	int64_t began_ms;
	uint64_t fed;       /* samples */
	union {
		struct zv_detector ours;
		struct zv_amd amd;
		struct beep beep;
	} u;
};
_Static_assert(sizeof(struct ear) <= ZV_EAR_BYTES, "one a call");

struct zv_ears {
	struct zv_ears_params params;
	int wake_fd;
	struct zv_ring *rings[ZV_MEDIA_THREADS_MAX];
	struct ear *v;              /* by slot */
	_Atomic uint32_t *done;     /* the same */
	uint32_t *list, n_live;
	_Atomic uint64_t begun, verdicts;
	_Atomic uint32_t live, peak;
};

static int64_t mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* ---- verdicts ---- */

static uint8_t heard_of(uint8_t detected)
{
	switch ((enum zv_detected)detected) {
	case ZV_DETECTED_PERSON: return ZV_HEARD_PERSON;
	case ZV_DETECTED_MACHINE: return ZV_HEARD_MACHINE;
	case ZV_DETECTED_RINGING: return ZV_HEARD_RINGING;
	case ZV_DETECTED_BUSY: return ZV_HEARD_BUSY;
	case ZV_DETECTED_CONGESTION: return ZV_HEARD_CONGESTION;
	case ZV_DETECTED_UNREACHABLE: return ZV_HEARD_UNREACHABLE;
	case ZV_DETECTED_NOTHING:
	case ZV_DETECTED_UNSURE:
	case ZV_DETECTED_MAX:
	default: return ZV_HEARD_UNSURE;
	}
}

static uint8_t by_of_amd(uint8_t cause)
{
	switch ((enum zv_amd_cause)cause) {
	case ZV_AMD_TOOLONG: return ZV_HEARD_BY_TOOLONG;
	case ZV_AMD_INITIALSILENCE: return ZV_HEARD_BY_INITIALSILENCE;
	case ZV_AMD_HUMAN_CAUSE: return ZV_HEARD_BY_HUMAN;
	case ZV_AMD_LONGGREETING: return ZV_HEARD_BY_LONGGREETING;
	case ZV_AMD_MAXWORDLENGTH: return ZV_HEARD_BY_MAXWORDLENGTH;
	case ZV_AMD_MAXWORDS: return ZV_HEARD_BY_MAXWORDS;
	case ZV_AMD_NO_CAUSE:
	default: return ZV_HEARD_BY_NOTHING;
	}
}

static bool push(struct zv_ears *s, struct ear *e)
{
	struct zv_event ev = {.type = ZV_EV_MEDIA_VERDICT, .trunk = e->trunk, .leg = e->leg,
			      .attempt = e->attempt};

	ev.u.media.cause = e->heard;
	ev.u.media.by = e->by;
	ev.u.media.listen = e->to;
	ev.u.media.at_ms = e->said_ms;
	e->pending = zv_ring_push(s->params.events, &ev) != ZV_OK;
	return !e->pending;
}

static void tell(struct zv_ears *s, struct ear *e, uint8_t heard, uint8_t by)
{
	e->heard = heard;
	e->by = by;
	e->said_ms = (uint32_t)(e->fed / SAMPLES_MS);
	atomic_fetch_add_explicit(&s->verdicts, 1, memory_order_relaxed);
	(void)push(s, e);
}

/* ---- listening ---- */

static void end(struct zv_ears *s, struct ear *e)
{
	if (!e->live)
		return;
	atomic_store_explicit(&s->done[e->leg.slot], e->serial, memory_order_relaxed);
	e->over = true;
	if (e->pending)
		return;
	e->live = false;
	s->list[e->place] = s->list[--s->n_live];
	s->v[s->list[e->place]].place = e->place;
}

static void begin_ours(struct ear *e, const struct zv_listen *l)
{
	struct zv_detect_params p;

	zv_detect_defaults(e->to == ZV_LISTEN_EARLY ? ZV_DETECT_EARLY : ZV_DETECT_ANSWERED, &p);
	p.limit_ms = l->total_analysis_time;
	p.watch_ms = l->revise ? WATCH_MS : 0;
	zv_detect_learn(&p, &(struct zv_detect_counts){
		.persons = l->persons, .machines = l->machines,
		.persons_wrong = l->persons_wrong, .machines_wrong = l->machines_wrong});
	zv_detect_init(&e->u.ours, &p);
}

static void begin_amd(struct ear *e, const struct zv_listen *l)
{
	zv_amd_init(&e->u.amd, &(struct zv_amd_params){
		.total_analysis_time = l->total_analysis_time, .initial_silence = l->initial_silence,
		.after_greeting_silence = l->after_greeting_silence, .greeting = l->greeting,
		.min_word_length = l->min_word_length, .maximum_word_length = l->maximum_word_length,
		.between_words_silence = l->between_words_silence,
		.maximum_number_of_words = l->maximum_number_of_words,
		.silence_threshold = l->silence_threshold});
}

static void begin(struct zv_ears *s, const struct zv_ear_msg *m)
{
	struct ear *e = &s->v[m->leg.slot];
	const struct zv_listen *l = &m->u.listen;

	e->pending = false;
	end(s, e);
	*e = (struct ear){.leg = m->leg, .attempt = m->attempt, .trunk = m->trunk, .to = l->to,
			  .rule = l->rule, .live = true, .revise = l->revise != 0,
			  .serial = m->timestamp, .began_ms = m->at_ms, .place = s->n_live};
	s->list[s->n_live++] = m->leg.slot;
	atomic_fetch_add_explicit(&s->begun, 1, memory_order_relaxed);
	if (e->to == ZV_LISTEN_BEEP) {
		e->limit_ms = BEEP_MS;
		zv_tones_init(&e->u.beep.tones);
		zv_cadence_init(&e->u.beep.cadence);
		return;
	}
	if (e->to == ZV_LISTEN_EARLY)
		e->rule = ZV_LISTEN_SPEECH;
	e->limit_ms = e->to == ZV_LISTEN_EARLY ? EARLY_MS
		      : l->total_analysis_time + (e->revise ? WATCH_MS : 0u) + 1000u;
	if (e->rule == ZV_LISTEN_AMD)
		begin_amd(e, l);
	else
		begin_ours(e, l);
}

/* By the detector's own time; verdict and whether it listens on. */
static void judge_ours(struct zv_ears *s, struct ear *e, bool is_new)
{
	struct zv_detect_verdict v = zv_detect_verdict(&e->u.ours);

	if (is_new && v.heard != ZV_DETECTED_NOTHING)
		tell(s, e, heard_of(v.heard), v.cause);
	if (zv_detect_is_done(&e->u.ours) || (is_new && !e->revise))
		end(s, e);
}

static void judge_amd(struct zv_ears *s, struct ear *e)
{
	const struct zv_amd *a = &e->u.amd;

	if (a->status == ZV_AMD_NONE)
		return;
	tell(s, e, a->status == ZV_AMD_HUMAN ? ZV_HEARD_PERSON
		   : a->status == ZV_AMD_MACHINE ? ZV_HEARD_MACHINE : ZV_HEARD_UNSURE,
	     by_of_amd(a->cause));
	end(s, e);
}

static void hear_beep(struct zv_ears *s, struct ear *e, const int16_t *pcm, uint32_t n)
{
	while (n > 0 && !e->over) {
		uint32_t took = zv_tones_add(&e->u.beep.tones, pcm, n);
		struct zv_tone_frame frame;

		pcm += took;
		n -= took;
		if (!zv_tones_is_whole(&e->u.beep.tones))
			return;
		zv_tones_take(&e->u.beep.tones, &frame);
		if (zv_cadence_add(&e->u.beep.cadence, &frame, zv_speech_db(frame.power)) == ZV_SIGNAL_BEEP) {
			tell(s, e, ZV_HEARD_MACHINE, ZV_HEARD_BY_BEEP);
			end(s, e);
		}
	}
}

static void hear(struct zv_ears *s, struct ear *e, const int16_t *linear, const uint8_t *payload,
		 uint32_t n)
{
	int16_t pcm[ZV_EAR_FRAME_MAX];

	e->fed += n;
	if (e->to == ZV_LISTEN_BEEP) {
		for (uint32_t i = 0; i < n; i++)
			pcm[i] = linear[payload[i]];
		hear_beep(s, e, pcm, n);
	} else if (e->rule == ZV_LISTEN_AMD) {
		(void)zv_amd_feed_law(&e->u.amd, linear, payload, n);
		judge_amd(s, e);
	} else {
		judge_ours(s, e, zv_detect_feed_law(&e->u.ours, linear, payload, n));
	}
}

static void miss(struct zv_ears *s, struct ear *e, uint32_t ms)
{
	static const int16_t silence[ZV_FRAME_SAMPLES];

	if (ms == 0)
		return;
	e->fed += (uint64_t)ms * SAMPLES_MS;
	if (e->to == ZV_LISTEN_BEEP) {
		for (uint32_t at = 0; at < ms && !e->over; at += ZV_FRAME_MS)
			hear_beep(s, e, silence, ZV_FRAME_SAMPLES);
	} else if (e->rule == ZV_LISTEN_AMD) {
		(void)zv_amd_lost(&e->u.amd, ms);
		judge_amd(s, e);
	} else {
		judge_ours(s, e, zv_detect_lost(&e->u.ours, ms));
	}
}

/* How far what was fed is behind the clock. */
static int64_t behind_ms(const struct ear *e, int64_t now_ms)
{
	return now_ms - e->began_ms - (int64_t)(e->fed / SAMPLES_MS);
}

static void frame(struct zv_ears *s, struct ear *e, const struct zv_ear_msg *m)
{
	const int16_t *linear = m->law == ZV_PCMU ? zv_ulaw_linear : zv_alaw_linear;
	int32_t gap = e->begun ? (int32_t)(m->timestamp - e->next) : 0;
	int64_t behind = behind_ms(e, m->at_ms) - m->len / (int64_t)SAMPLES_MS;

	if (gap < 0 && gap > -STRAY)
		return; /* too late: it was silence */
	if (gap > 0 && gap < STRAY && behind > 0)
		miss(s, e, (uint32_t)(gap / (int32_t)SAMPLES_MS < behind ? gap / (int32_t)SAMPLES_MS : behind));
	e->begun = true;
	e->next = m->timestamp + m->len;
	if (!e->over)
		hear(s, e, linear, m->u.payload, m->len);
}

static void take(struct zv_ears *s, const struct zv_ear_msg *m)
{
	struct ear *e;

	if (m->leg.slot >= s->params.n_slots)
		return;
	e = &s->v[m->leg.slot];
	if (m->what == ZV_EAR_BEGIN) {
		begin(s, m);
		return;
	}
	if (!e->live || e->over || e->leg.gen != m->leg.gen || m->len > ZV_EAR_FRAME_MAX)
		return;
	if (m->what == ZV_EAR_FRAME)
		frame(s, e, m);
	else if (m->what == ZV_EAR_END)
		end(s, e);
}

static void drain(struct zv_ears *s)
{
	struct zv_ear_msg m[AT_ONCE];

	for (uint32_t i = 0; i < s->params.n_threads; i++) {
		uint32_t n = AT_ONCE;

		while (n == AT_ONCE) {
			n = zv_ring_pop(s->rings[i], m, AT_ONCE);
			for (uint32_t k = 0; k < n; k++)
				take(s, &m[k]);
		}
	}
}

/* Who hears nothing hears silence.  Backwards: who ends is replaced by the last. */
static void pass_time(struct zv_ears *s, int64_t now_ms)
{
	for (uint32_t i = s->n_live; i-- > 0;) {
		struct ear *e = &s->v[s->list[i]];
		int64_t behind = behind_ms(e, now_ms);

		if (e->pending && !push(s, e))
			continue;
		if (e->over || now_ms - e->began_ms >= e->limit_ms)
			end(s, e);
		else if (behind >= BEHIND_MS)
			miss(s, e, (uint32_t)(behind - SLACK_MS));
	}
}

uint32_t zv_ears_look(struct zv_ears *s, int64_t now_ms)
{
	drain(s);
	pass_time(s, now_ms);
	atomic_store_explicit(&s->live, s->n_live, memory_order_relaxed);
	if (s->n_live > atomic_load_explicit(&s->peak, memory_order_relaxed))
		atomic_store_explicit(&s->peak, s->n_live, memory_order_relaxed);
	return s->n_live;
}

static void rest(struct zv_ears *s)
{
	struct pollfd pfd = {.fd = s->wake_fd, .events = POLLIN};
	eventfd_t woken;

	if (s->n_live > 0) {
		poll(&pfd, 0, LIVE_MS);
		return;
	}
	for (uint32_t i = 0; i < s->params.n_threads; i++)
		if (!zv_ring_arm(s->rings[i]))
			return;
	if (poll(&pfd, 1, IDLE_MS) > 0)
		eventfd_read(s->wake_fd, &woken);
}

enum zv_err zv_ears_thread(struct zv_ears *ears, const _Atomic bool *stop)
{
	while (!atomic_load_explicit(stop, memory_order_acquire)) {
		zv_ears_look(ears, mono_ms());
		rest(ears);
	}
	return ZV_OK;
}

/* ---- create ---- */

/* A quarter of a second of all legs' packets, as far as that is reasonable. */
static uint32_t places_of(const struct zv_ears_params *p)
{
	uint32_t n = 8 * (p->n_slots / p->n_threads + 1);

	if (p->places > 0)
		return p->places;
	return n < 1024 ? 1024 : n > 16384 ? 16384 : n;
}

enum zv_err zv_ears_create(const struct zv_ears_params *params, struct zv_ears **ret_ears)
{
	struct zv_ears *s;
	enum zv_err err = ZV_ENOMEM;

	if (params->n_threads == 0 || params->n_threads > ZV_MEDIA_THREADS_MAX ||
	    params->n_slots == 0 || params->events == NULL)
		return ZV_EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ZV_ENOMEM;
	s->params = *params;
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->v = calloc(params->n_slots, sizeof(*s->v));
	s->done = calloc(params->n_slots, sizeof(*s->done));
	s->list = calloc(params->n_slots, sizeof(*s->list));
	if (s->wake_fd < 0 || s->v == NULL || s->done == NULL || s->list == NULL)
		goto fail;
	err = ZV_OK;
	for (uint32_t i = 0; i < params->n_threads && err == ZV_OK; i++)
		err = zv_ring_create(sizeof(struct zv_ear_msg), places_of(params), s->wake_fd,
				     &s->rings[i]);
	if (err != ZV_OK)
		goto fail;
	*ret_ears = s;
	return ZV_OK;

fail:
	zv_ears_destroy(s);
	return err;
}

void zv_ears_destroy(struct zv_ears *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++)
		zv_ring_destroy(s->rings[i]);
	free(s->v);
	free((void *)s->done);
	free(s->list);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	free(s);
}

struct zv_ring *zv_ears_ring(struct zv_ears *ears, uint32_t thread)
{
	return thread < ears->params.n_threads ? ears->rings[thread] : NULL;
}

const _Atomic uint32_t *zv_ears_done(const struct zv_ears *ears, uint32_t slot)
{
	return slot < ears->params.n_slots ? &ears->done[slot] : NULL;
}

void zv_ears_get_stats(const struct zv_ears *ears, struct zv_ears_stats *ret_stats)
{
	*ret_stats = (struct zv_ears_stats){
		.begun = atomic_load_explicit(&ears->begun, memory_order_relaxed),
		.verdicts = atomic_load_explicit(&ears->verdicts, memory_order_relaxed),
		.live = atomic_load_explicit(&ears->live, memory_order_relaxed),
		.peak = atomic_load_explicit(&ears->peak, memory_order_relaxed)};
}
