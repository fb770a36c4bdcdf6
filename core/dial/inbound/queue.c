/* Queues: who stands where, how long it may take, who gave up. */
#include "dial/inbound/inbound.h"

#include "dial/engine_int.h"

#define HANDLE_MS   180000 /* until a talk has ended */
#define ONCE_MS     INT64_C(3600000)
#define MOVED_MOST  32     /* told of one who left */

uint32_t zv_queue_of(const struct zv_engine_conf *conf, uint64_t called)
{
	uint32_t any = ZV_QUEUES_MAX;

	for (uint32_t i = 0; i < conf->n_queues && i < ZV_QUEUES_MAX; i++) {
		const struct zv_queue_conf *q = &conf->queues[i];

		if (q->n_numbers == 0 && any == ZV_QUEUES_MAX)
			any = i;
		for (uint32_t n = 0; n < q->n_numbers && n < ZV_QUEUE_NUMBERS_MAX; n++)
			if (q->numbers[n] == called)
				return i;
	}
	return any;
}

uint32_t zv_inbound_waiting(const struct zv_engine *e, uint32_t queue)
{
	return e->inbound.queues[queue].waiting;
}

/* ---- places ---- */

/* Agents who take this queue's calls and work now. */
static uint32_t agents_of(const struct zv_engine *e, const struct zv_queue_conf *q)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->floor.agents.n; i++) {
		uint8_t state = e->floor.agents.v[i].state;

		n += state != ZV_AG_OFFLINE && state != ZV_AG_PAUSED &&
		     zv_agent_serves(&e->floor.agents, i, q->campaign, q->skill, q->level_min);
	}
	return n;
}

static bool before(const struct zv_in *a, const struct zv_in *b, uint32_t i, uint32_t k)
{
	return a->since_ms < b->since_ms || (a->since_ms == b->since_ms && i < k);
}

void zv_queue_place(const struct zv_engine *e, uint32_t slot, uint32_t *ret_position,
		    uint32_t *ret_wait_ms)
{
	uint32_t at = slot - zv_side_base(e);
	const struct zv_in *in = &e->inbound.v[at];
	uint32_t handle_ms = e->inbound.queues[in->queue].handle_ms;
	uint32_t agents = agents_of(e, &e->conf->queues[in->queue]);
	uint64_t wait_ms;

	*ret_position = 1;
	for (uint32_t i = 0; i < e->inbound.n; i++)
		if (i != at && e->inbound.v[i].state == ZV_IN_WAITING &&
		    e->inbound.v[i].queue == in->queue && before(&e->inbound.v[i], in, i, at))
			++*ret_position;
	wait_ms = (uint64_t)*ret_position * (handle_ms != 0 ? handle_ms : HANDLE_MS) /
		  (agents != 0 ? agents : 1);
	*ret_wait_ms = wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms;
}

void zv_queue_handled(struct zv_engine *e, uint32_t queue, int64_t ms)
{
	struct zv_in_queue *q = &e->inbound.queues[queue];
	uint32_t one = ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;

	q->handle_ms = q->handle_ms == 0 ? one : q->handle_ms - q->handle_ms / 16 + one / 16;
}

/* ---- words ---- */

struct zv_cmd *zv_queue_tell(struct zv_engine *e, uint32_t slot, enum zv_queued what)
{
	const struct zv_in *in = &e->inbound.v[slot - zv_side_base(e)];
	struct zv_cmd *cmd = zv_emit_leg(e, ZV_CMD_QUEUE, slot);
	uint32_t wait_ms = 0;

	cmd->u.queue.caller = in->caller;
	cmd->u.queue.called = in->called;
	cmd->u.queue.queue = in->queue;
	cmd->u.queue.agent = what == ZV_QUEUED_SERVED || what == ZV_QUEUED_OVER ? in->agent
										: ZV_AGENT_NONE;
	cmd->u.queue.what = (uint8_t)what;
	cmd->u.queue.waiting = e->inbound.queues[in->queue].waiting;
	if (what == ZV_QUEUED_WAITS) {
		zv_queue_place(e, slot, &cmd->u.queue.position, &wait_ms);
		cmd->u.queue.wait_s = (wait_ms + 999) / 1000;
	} else if (in->since_ms != 0) {
		int64_t end_ms = in->bridged_ms != 0 ? in->bridged_ms : e->now.mono_ms;

		cmd->u.queue.wait_s = (uint32_t)((end_ms - in->since_ms + 500) / 1000);
	}
	return cmd;
}

void zv_queue_moved(struct zv_engine *e, uint32_t queue)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < e->inbound.n && told < MOVED_MOST; i++) {
		const struct zv_in *in = &e->inbound.v[i];

		if (in->state != ZV_IN_WAITING || in->queue != queue ||
		    e->out->cap - e->out->n < 256)
			continue;
		zv_queue_tell(e, zv_side_base(e) + i, ZV_QUEUED_WAITS);
		told++;
	}
}

/* ---- who gave up ---- */

bool zv_inbound_has(const struct zv_engine *e, uint64_t number, uint32_t slot)
{
	if (e->inbound.n_active == 0 || number == 0)
		return false;
	for (uint32_t i = 0; i < e->inbound.n; i++) {
		const struct zv_in *in = &e->inbound.v[i];

		if (zv_side_base(e) + i != slot && in->caller == number &&
		    in->state != ZV_IN_FREE && in->state != ZV_IN_CLOSED && in->state != ZV_IN_WRAPUP)
			return true;
	}
	return false;
}

/* Somebody of ours is on the line with him, or he is trying again already. */
static bool in_touch(const struct zv_engine *e, uint64_t number, uint32_t slot)
{
	for (uint32_t i = 0; i < e->conf->max_calls; i++) {
		uint8_t state = e->calls[i].state;

		if (e->calls[i].called == number && state != ZV_CALL_FREE &&
		    state != ZV_CALL_ENDING && state != ZV_CALL_WRAPUP)
			return true;
	}
	return zv_inbound_has(e, number, slot);
}

/* Callers whose places meet push each other out: at worst one is called back twice. */
static bool lately(struct zv_engine *e, uint64_t caller)
{
	struct zv_missed *place = &e->inbound.missed[zv_mix64(caller) % ZV_MISSED_MAX];

	if (place->caller == caller && e->now.cal_ms - place->cal_ms < ONCE_MS &&
	    e->now.cal_ms >= place->cal_ms)
		return true;
	*place = (struct zv_missed){.caller = caller, .cal_ms = e->now.cal_ms};
	return false;
}

void zv_queue_missed(struct zv_engine *e, uint32_t slot)
{
	const struct zv_in *in = &e->inbound.v[slot - zv_side_base(e)];
	struct zv_cmd *cmd;

	e->inbound.queues[in->queue].given_up++;
	zv_queue_tell(e, slot, ZV_QUEUED_GAVE_UP);
	if (in->caller == 0 || e->conf->queues[in->queue].call_back == 0 ||
	    in_touch(e, in->caller, slot) || lately(e, in->caller))
		return;
	e->inbound.queues[in->queue].called_back++;
	cmd = zv_queue_tell(e, slot, ZV_QUEUED_GAVE_UP);
	cmd->type = ZV_CMD_MISSED;
}
