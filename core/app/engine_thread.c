#include "app/engine_thread.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "dial/rules/decide.h"

#define BATCH 64u
#define CMDS  (ZV_ENGINE_STEP_CMDS * 2)
#define VIEW_MS 250
/* After work a nap: what comes meanwhile costs no wake-up of its own.  The more comes, the longer,
 * up to the turn of a signalling thread that is busy (core/sip/loop.c). */
#define GATHER_NS 1000000
#define GATHER_BUSY_NS 4000000
#define BUSY_EVENTS 6 /* since the last nap */

/* A ring out, and what did not fit yet. */
struct wire {
	struct zv_ring *ring;
	struct zv_cmd *spill;
	uint32_t head, n, cap;
};

/* Answers that this thread gives itself; they go in before the rings. */
struct own_events { struct zv_event *v; uint32_t head, n, cap; };

struct zv_engine_thread {
	struct zv_engine_thread_params p;
	struct zv_ring *in[6 + ZV_SHARDS_MAX + 1 + ZV_MEDIA_THREADS_MAX];
	uint32_t n_in;
	struct wire store, lookahead, plugin, tell, sip[ZV_SHARDS_MAX + 1], media[ZV_MEDIA_THREADS_MAX];
	struct own_events own;
	struct zv_cmds cmds;
	uint64_t events, spilled, looks;
	int64_t viewed_ms;
	pthread_mutex_t lock; /* guards view and the hand-over of conf */
	pthread_cond_t taken;
	struct zv_engine_view view;
	const struct zv_engine_conf *new_conf;
	enum zv_err conf_err;
};

enum zv_err zv_engine_thread_create(const struct zv_engine_thread_params *params,
				    struct zv_engine_thread **ret_thread)
{
	struct zv_wires *w = params->wires;
	struct zv_engine_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ZV_ENOMEM;
	t->p = *params;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->taken, NULL);
	/* In this order each turn: what ends things first, what begins them last. */
	t->in[t->n_in++] = w->store_engine;
	for (uint32_t i = 0; i < w->n_media; i++)
		t->in[t->n_in++] = w->media_engine[i];
	for (uint32_t i = 0; i < w->n_shards; i++)
		t->in[t->n_in++] = w->sip_engine[i];
	t->in[t->n_in++] = w->ears_engine;
	t->in[t->n_in++] = w->plugin_engine;
	t->in[t->n_in++] = w->main_engine;
	t->in[t->n_in++] = w->http_engine;
	t->in[t->n_in++] = w->lookahead_engine;
	t->store.ring = w->engine_store;
	t->lookahead.ring = w->engine_lookahead;
	t->plugin.ring = w->engine_plugin;
	t->tell.ring = w->engine_main;
	for (uint32_t i = 0; i < w->n_shards; i++)
		t->sip[i].ring = w->engine_sip[i];
	for (uint32_t i = 0; i < w->n_media; i++)
		t->media[i].ring = w->engine_media[i];
	t->cmds.cap = CMDS;
	t->cmds.v = calloc(CMDS, sizeof(*t->cmds.v));
	t->own.cap = CMDS;
	t->own.v = calloc(t->own.cap, sizeof(*t->own.v));
	if (t->cmds.v == NULL || t->own.v == NULL) {
		zv_engine_thread_destroy(t);
		return ZV_ENOMEM;
	}
	*ret_thread = t;
	return ZV_OK;
}

void zv_engine_thread_destroy(struct zv_engine_thread *thread)
{
	if (thread == NULL)
		return;
	free(thread->store.spill);
	free(thread->lookahead.spill);
	free(thread->plugin.spill);
	free(thread->tell.spill);
	for (uint32_t i = 0; i <= ZV_SHARDS_MAX; i++)
		free(thread->sip[i].spill);
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++)
		free(thread->media[i].spill);
	free(thread->cmds.v);
	free(thread->own.v);
	pthread_cond_destroy(&thread->taken);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}

static void spill(struct zv_engine_thread *t, struct wire *wire, const struct zv_cmd *cmd)
{
	if (wire->head + wire->n == wire->cap) {
		if (wire->head > 0) {
			memmove(wire->spill, wire->spill + wire->head, wire->n * sizeof(*cmd));
			wire->head = 0;
		} else {
			uint32_t cap = wire->cap == 0 ? 1024 : wire->cap * 2;
			struct zv_cmd *more = realloc(wire->spill, cap * sizeof(*more));

			if (more == NULL) {
				zv_error("engine", "out of memory while a ring is full");
				return; /* the store's recovery settles what this loses */
			}
			wire->spill = more;
			wire->cap = cap;
		}
	}
	wire->spill[wire->head + wire->n++] = *cmd;
	t->spilled++;
}

static void drain_spill(struct wire *wire)
{
	while (wire->n > 0 && zv_ring_push(wire->ring, &wire->spill[wire->head]) == ZV_OK) {
		wire->head++;
		wire->n--;
	}
	if (wire->n == 0)
		wire->head = 0;
}

static void send(struct zv_engine_thread *t, struct wire *wire, const struct zv_cmd *cmd)
{
	drain_spill(wire);
	if (wire->n > 0 || zv_ring_push(wire->ring, cmd) != ZV_OK)
		spill(t, wire, cmd);
}

static void answer(struct zv_engine_thread *t, const struct zv_cmd *cmd, enum zv_event_type type)
{
	struct zv_event *ev;

	/* At most one answer a command of a step, and the queue is emptied between steps. */
	if (t->own.n == t->own.cap)
		return;
	ev = &t->own.v[(t->own.head + t->own.n++) % t->own.cap];
	*ev = (struct zv_event){.type = (uint16_t)type, .trunk = cmd->trunk, .leg = cmd->leg,
				.attempt = cmd->attempt};
}

static void route(struct zv_engine_thread *t, const struct zv_cmd *cmd)
{
	const struct zv_wires *w = t->p.wires;

	switch ((enum zv_cmd_type)cmd->type) {
	case ZV_CMD_RESERVE:
		answer(t, cmd, ZV_EV_RESERVED);
		break;
	case ZV_CMD_CALENDAR:
		zv_clock_move(t->p.clock, cmd->u.calendar.to_ms);
		answer(t, cmd, ZV_EV_CALENDAR);
		send(t, &t->store, cmd);
		zv_wake(w->lookahead_fd);
		break;
	case ZV_CMD_INTENT:
	case ZV_CMD_OUTCOME:
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER:
	case ZV_CMD_LADDER:
	case ZV_CMD_EVIDENCE:
	case ZV_CMD_SUPPRESS:
	case ZV_CMD_MARK:
	case ZV_CMD_CONTACT:
	case ZV_CMD_KILL:
		send(t, &t->store, cmd);
		break;
	case ZV_CMD_RELEASE:
	case ZV_CMD_FETCH:
		send(t, &t->lookahead, cmd);
		break;
	case ZV_CMD_ASK:
		send(t, &t->plugin, cmd);
		break;
	case ZV_CMD_DIAL:
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP:
		send(t, &t->sip[zv_sip_shard(cmd->leg.slot, w->max_calls, w->n_sip)], cmd);
		break;
	case ZV_CMD_ACCEPT:
	case ZV_CMD_REJECT:
		send(t, &t->sip[w->n_sip], cmd);
		break;
	case ZV_CMD_MEDIA_OPEN:
	case ZV_CMD_MEDIA_PLAY:
	case ZV_CMD_MEDIA_STOP:
	case ZV_CMD_MEDIA_CLOSE:
	case ZV_CMD_MEDIA_LISTEN:
	case ZV_CMD_MEDIA_RECORD:
	case ZV_CMD_MEDIA_KEY:
		send(t, &t->media[cmd->leg.slot % w->n_media], cmd);
		break;
	case ZV_CMD_MEDIA_LINK:
		send(t, &t->media[cmd->leg.slot % w->n_media], cmd);
		if (cmd->u.link.from.slot % w->n_media != cmd->leg.slot % w->n_media)
			send(t, &t->media[cmd->u.link.from.slot % w->n_media], cmd);
		break;
	case ZV_CMD_CARD:
	case ZV_CMD_BRIDGE:
	case ZV_CMD_UNBRIDGE:
	case ZV_CMD_AGENT:
	case ZV_CMD_TELL:
	case ZV_CMD_DESK:
	case ZV_CMD_QUEUE:
	case ZV_CMD_MISSED:
		send(t, &t->tell, cmd); /* somebody waits for a TOLD */
		break;
	}
}

static void step(struct zv_engine_thread *t, const struct zv_event *ev)
{
	struct zv_now now = zv_clock_now(t->p.clock);

	t->cmds.n = 0;
	zv_recorder_event(t->p.recorder, &now, ev);
	zv_engine_step(t->p.engine, &now, ev, &t->cmds);
	zv_recorder_commands(t->p.recorder, &t->cmds);
	t->events++;
	for (uint32_t i = 0; i < t->cmds.n; i++)
		route(t, &t->cmds.v[i]);
}

static void step_own(struct zv_engine_thread *t)
{
	while (t->own.n > 0) {
		struct zv_event ev = t->own.v[t->own.head];

		t->own.head = (t->own.head + 1) % t->own.cap;
		t->own.n--;
		step(t, &ev);
	}
}

static bool take(struct zv_engine_thread *t)
{
	struct zv_event batch[BATCH];
	bool any = false;

	for (uint32_t r = 0; r < t->n_in; r++) {
		uint32_t n = zv_ring_pop(t->in[r], batch, BATCH);

		for (uint32_t i = 0; i < n; i++) {
			step(t, &batch[i]);
			step_own(t);
		}
		any = any || n > 0;
	}
	return any;
}

static bool spilled_now(struct zv_engine_thread *t)
{
	bool any = t->store.n + t->lookahead.n + t->plugin.n + t->tell.n > 0;

	drain_spill(&t->store);
	drain_spill(&t->lookahead);
	drain_spill(&t->plugin);
	drain_spill(&t->tell);
	for (uint32_t i = 0; i < t->p.wires->n_shards; i++) {
		any = any || t->sip[i].n > 0;
		drain_spill(&t->sip[i]);
	}
	for (uint32_t i = 0; i < t->p.wires->n_media; i++) {
		any = any || t->media[i].n > 0;
		drain_spill(&t->media[i]);
	}
	return any;
}

static void look_at_campaigns(struct zv_engine_thread *t)
{
	static const struct zv_rule_window day = {
		.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1};
	const struct zv_engine_conf *c = t->p.conf;
	struct zv_campaign_calls calls[ZV_CAMPAIGNS_MAX];
	int64_t start_ms, end_ms;

	zv_engine_get_calls(t->p.engine, calls);
	t->looks++;
	for (uint32_t i = 0; i < c->n_campaigns; i++) {
		struct zv_campaign_view_now *v = &t->view.campaigns[i];

		v->calls = calls[i];
		v->paced = zv_engine_pacer(t->p.engine, c->campaigns[i].id, &v->figures);
		v->limited = zv_engine_budget(t->p.engine, c->campaigns[i].id, &v->budget);
		zv_window_bounds(&day, zv_zones_get(c->zones, c->campaigns[i].zone),
				 zv_clock_now(t->p.clock).cal_ms, 0, &start_ms, &end_ms);
		if (t->looks % 4 == 0 && zv_engine_why(t->p.engine, c->campaigns[i].id, &v->why) != ZV_OK)
			v->why.n = 0;
		zv_engine_get_answers(t->p.engine, c->campaigns[i].id, start_ms, &v->live, &v->abandoned);
	}
}

static void look(struct zv_engine_thread *t, int64_t mono_ms, bool now)
{
	if (!now && mono_ms - t->viewed_ms < VIEW_MS)
		return;
	t->viewed_ms = mono_ms;
	pthread_mutex_lock(&t->lock);
	if (t->new_conf != NULL) {
		t->conf_err = zv_engine_set_conf(t->p.engine, t->new_conf);
		zv_recorder_conf(t->p.recorder);
		t->new_conf = NULL;
		pthread_cond_broadcast(&t->taken);
	}
	zv_engine_get_stats(t->p.engine, &t->view.stats);
	for (uint32_t i = 0; i < t->p.n_trunks; i++)
		zv_engine_get_trunk(t->p.engine, i, &t->view.trunks[i]);
	look_at_campaigns(t);
	for (uint32_t i = 0; i < t->p.conf->n_queues; i++)
		if (!zv_engine_queue(t->p.engine, i, &t->view.queues[i]))
			t->view.queues[i] = (struct zv_queue_stats){0};
	t->view.cal_ms = zv_clock_now(t->p.clock).cal_ms;
	t->view.events = t->events;
	t->view.spilled = t->spilled;
	pthread_mutex_unlock(&t->lock);
}

/* Sleeps until a ring has something or wait_ms is over. */
static void rest(struct zv_engine_thread *t, int64_t wait_ms)
{
	struct pollfd p = {.fd = t->p.wires->engine_fd, .events = POLLIN};
	uint64_t count;

	for (uint32_t r = 0; r < t->n_in; r++)
		if (!zv_ring_arm(t->in[r]))
			return;
	if (poll(&p, 1, (int)wait_ms) > 0) {
		ssize_t ignored = read(p.fd, &count, sizeof(count));
		(void)ignored;
	}
}

void zv_engine_thread_run(struct zv_engine_thread *thread, const _Atomic bool *stop)
{
	struct zv_engine_thread *t = thread;
	const struct zv_event tick = {.type = ZV_EV_TICK};
	uint32_t patience = 5000; /* rests of 1 ms */
	uint64_t napped = 0; /* t->events then */
	bool worked = false;

	for (;;) {
		bool last = atomic_load(stop);
		bool any = take(t);
		bool spilled = spilled_now(t);
		int64_t mono_ms = zv_clock_now(t->p.clock).mono_ms;
		int64_t next_ms = zv_engine_next_tick_ms(t->p.engine);

		if (next_ms <= mono_ms) {
			step(t, &tick);
			step_own(t);
			next_ms = zv_engine_next_tick_ms(t->p.engine);
		}
		look(t, mono_ms, last && !any);
		if (any) {
			worked = true;
			continue;
		}
		/* Outcomes that the store's ring had no room for yet are waited for, within reason. */
		if (last && (t->store.n == 0 || patience-- == 0))
			break;
		if (worked) {
			struct timespec nap = {.tv_nsec = t->events - napped >= BUSY_EVENTS ? GATHER_BUSY_NS
											    : GATHER_NS};

			worked = false;
			napped = t->events;
			(void)nanosleep(&nap, NULL);
			continue;
		}
		next_ms = next_ms <= mono_ms ? 1 : next_ms - mono_ms;
		next_ms = spilled && next_ms > 1 ? 1 : next_ms;
		rest(t, next_ms > VIEW_MS ? VIEW_MS : next_ms);
	}
}

enum zv_err zv_engine_thread_set_conf(struct zv_engine_thread *thread,
				      const struct zv_engine_conf *conf)
{
	enum zv_err err;

	pthread_mutex_lock(&thread->lock);
	thread->new_conf = conf;
	while (thread->new_conf != NULL)
		pthread_cond_wait(&thread->taken, &thread->lock);
	err = thread->conf_err;
	pthread_mutex_unlock(&thread->lock);
	return err;
}

void zv_engine_thread_view(struct zv_engine_thread *thread, struct zv_engine_view *ret_view)
{
	pthread_mutex_lock(&thread->lock);
	*ret_view = thread->view;
	pthread_mutex_unlock(&thread->lock);
}
