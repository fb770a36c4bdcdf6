/* Offered leads: those not due yet, those due, and the start of their calls. */
#include "base/hash.h"
#include "dial/engine_int.h"

#define REST_SAME_PERSON_MS 60000     /* another lead of the same person is on the phone */
#define REST_REFUSED_MS     600000    /* the ledger's owner said no */
#define REST_NO_ROUTE_MS    3600000   /* no trunk serves the number: the operator must act */
#define DAY_MS              86400000
#define TRY_MOST            4         /* leads looked at when trunks are busy */

bool zv_persons_add(struct zv_person_set *set, uint64_t person)
{
	for (uint64_t i = zv_mix64(person);; i++) {
		uint64_t *key = &set->keys[i & set->mask];

		if (*key == person)
			return false;
		if (*key == 0) {
			*key = person;
			return true;
		}
	}
}

void zv_persons_remove(struct zv_person_set *set, uint64_t person)
{
	uint64_t i = zv_mix64(person);
	uint64_t hole;

	while (set->keys[i & set->mask] != person) {
		if (set->keys[i & set->mask] == 0)
			return;
		i++;
	}
	/* Close the gap: move back whatever would no longer be found. */
	hole = i;
	set->keys[hole & set->mask] = 0;
	for (uint64_t j = i + 1; set->keys[j & set->mask] != 0; j++) {
		uint64_t key = set->keys[j & set->mask];
		uint64_t home = zv_mix64(key);

		if (((j - home) & set->mask) >= ((j - hole) & set->mask)) {
			set->keys[hole & set->mask] = key;
			set->keys[j & set->mask] = 0;
			hole = j;
		}
	}
}

static void await(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	const struct zv_campaign_conf *campaign = &e->conf->campaigns[e->held[slab].campaign];

	zv_heap_remove(&e->ready, slab);
	zv_heap_remove(&e->future, slab);
	if (due_ms > e->now.cal_ms) {
		e->held[slab].state = ZV_HELD_FUTURE;
		zv_heap_set(&e->future, slab, (struct zv_heap_key){due_ms, offer->lead});
	} else {
		int64_t rank = (int64_t)offer->due_class << 8 | campaign->priority;

		e->held[slab].state = ZV_HELD_READY;
		zv_heap_set(&e->ready, slab, (struct zv_heap_key){rank, (uint64_t)due_ms});
	}
}

static void ask(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_ASK);

	e->held[slab].state = ZV_HELD_ASKED;
	cmd->campaign = offer->campaign;
	cmd->attempt = e->held[slab].attempt;
	cmd->u.lead.lead = offer->lead;
	cmd->u.lead.person = offer->person;
	cmd->u.lead.slab = slab;
}

void zv_pick_offer(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer;
	uint16_t campaign = 0;

	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_FREE) {
		e->stats.late_events++;
		return;
	}
	offer = &e->params.slabs.v[slab];
	while (campaign < e->conf->n_campaigns && e->conf->campaigns[campaign].id != offer->campaign)
		campaign++;
	e->held[slab] = (struct zv_held){.state = ZV_HELD_READY};
	e->stats.offers_held++;
	if (campaign == e->conf->n_campaigns || offer->n_numbers == 0 ||
	    offer->n_numbers > ZV_NUMBERS_MAX || offer->n_history > ZV_HISTORY_MAX) {
		zv_pick_release(e, slab);
		return;
	}
	e->held[slab].campaign = campaign;
	if (offer->needs_step)
		ask(e, slab);
	else if (!e->running[campaign])
		zv_pick_release(e, slab);
	else
		await(e, slab, offer->due_ms);
}

void zv_pick_release(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_RELEASE);

	cmd->campaign = offer->campaign;
	cmd->u.lead.lead = offer->lead;
	cmd->u.lead.slab = slab;
	zv_heap_remove(&e->ready, slab);
	zv_heap_remove(&e->future, slab);
	zv_heap_remove(&e->bounds, slab);
	e->held[slab].state = ZV_HELD_FREE;
	e->stats.offers_held--;
	e->releases++;
}

void zv_pick_defer(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_DEFER);

	zv_heap_remove(&e->ready, slab);
	zv_heap_remove(&e->future, slab);
	cmd->campaign = offer->campaign;
	cmd->u.step.lead = offer->lead;
	cmd->u.step.person = offer->person;
	cmd->u.step.due_ms = due_ms;
	cmd->u.step.old_due_ms = offer->due_ms;
	cmd->u.step.due_class = offer->due_class;
	cmd->u.step.old_class = offer->due_class;
	cmd->u.step.slab = slab;
	e->held[slab].state = ZV_HELD_FLUSHING;
	e->stats.deferred++;
}

void zv_pick_step(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t slab = ev->u.step.slab;
	const struct zv_offer *offer;
	struct zv_cmd *cmd;

	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_ASKED) {
		e->stats.late_events++;
		return;
	}
	offer = &e->params.slabs.v[slab];
	cmd = zv_emit(e, ZV_CMD_STEP);
	cmd->campaign = offer->campaign;
	cmd->attempt = e->held[slab].attempt;
	cmd->u.step.lead = offer->lead;
	cmd->u.step.person = offer->person;
	cmd->u.step.due_ms = ev->u.step.due_ms;
	cmd->u.step.old_due_ms = offer->due_ms;
	cmd->u.step.old_class = offer->due_class;
	cmd->u.step.kind = ev->u.step.kind;
	cmd->u.step.category = ev->u.step.category;
	cmd->u.step.number = ev->u.step.number;
	cmd->u.step.due_class = ev->u.step.due_class;
	cmd->u.step.n_messages = ev->u.step.n_messages;
	for (uint32_t i = 0; i < ZV_STEP_MESSAGES_MAX; i++)
		cmd->u.step.messages[i] = ev->u.step.messages[i];
	cmd->u.step.invalid_number = ev->u.step.invalid_number;
	if (offer->n_history > 0)
		cmd->u.step.called_number = offer->history[offer->n_history - 1].number;
	cmd->u.step.remove = ev->u.step.remove;
	cmd->u.step.fallback = ev->u.step.fallback;
	cmd->u.step.slab = slab;
	e->held[slab].state = ZV_HELD_FLUSHING;
}

void zv_pick_step_flushed(struct zv_engine *e, uint32_t slab)
{
	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_FLUSHING) {
		e->stats.late_events++;
		return;
	}
	zv_pick_release(e, slab);
}

/* Does the lead wait here, free to be given back? */
static bool waits(const struct zv_engine *e, uint32_t slab)
{
	return e->held[slab].state == ZV_HELD_FUTURE || e->held[slab].state == ZV_HELD_READY;
}

static bool room(const struct zv_engine *e, uint32_t cmds)
{
	return e->out->cap - e->out->n >= cmds;
}

void zv_pick_campaign(struct zv_engine *e, uint16_t campaign, bool on)
{
	e->running[campaign] = on;
	/* What does not fit in this step's commands is given back when its turn comes. */
	for (uint32_t i = 0; !on && i < e->params.slabs.n && room(e, 256); i++)
		if (waits(e, i) && e->held[i].campaign == campaign)
			zv_pick_release(e, i);
}

void zv_pick_suppress(struct zv_engine *e, uint64_t e164, uint64_t person)
{
	for (uint32_t i = 0; i < e->params.slabs.n && room(e, 256); i++) {
		const struct zv_offer *offer = &e->params.slabs.v[i];
		bool hit = person != 0 && offer->person == person;

		if (!waits(e, i))
			continue;
		for (uint8_t n = 0; n < offer->n_numbers; n++)
			hit = hit || (e164 != 0 && offer->numbers[n].e164 == e164);
		if (hit)
			zv_pick_release(e, i);
	}
	for (uint32_t i = 0; i < e->conf->max_calls; i++) {
		struct zv_call *call = &e->calls[i];

		if ((call->state == ZV_CALL_RESERVE || call->state == ZV_CALL_INTENT ||
		     call->state == ZV_CALL_FAILOVER) &&
		    ((e164 != 0 && call->called == e164) || (person != 0 && call->person == person)))
			call->withdrawn = true;
	}
}

/* The number to call: the one the step named if it is in use, else the first that is. */
static bool choose_number(const struct zv_offer *offer, uint8_t *ret_number)
{
	if (offer->number < offer->n_numbers &&
	    offer->numbers[offer->number].status != ZV_NUM_INVALID) {
		*ret_number = offer->number;
		return true;
	}
	for (uint8_t i = 0; i < offer->n_numbers; i++) {
		if (offer->numbers[i].status != ZV_NUM_INVALID) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

enum started { STARTED, MOVED, BLOCKED };

/* The trunk and the caller number; what was taken stands in `call`. */
static enum started route(struct zv_engine *e, uint32_t slab, struct zv_call *call)
{
	const struct zv_campaign_conf *campaign = &e->conf->campaigns[call->campaign];
	struct zv_route_ask ask_route = {.called = call->called, .mono_ms = e->now.mono_ms};
	int64_t again_ms = 0;

	switch (zv_route_take(&e->router, &ask_route, &call->trunk, &again_ms)) {
	case ZV_ROUTE_NONE:
		zv_pick_defer(e, slab, e->now.cal_ms + REST_NO_ROUTE_MS);
		return MOVED;
	case ZV_ROUTE_BUSY:
		if (again_ms != 0 && (e->again_ms == 0 || again_ms < e->again_ms))
			e->again_ms = again_ms;
		return BLOCKED;
	case ZV_ROUTE_OK:
		break;
	}
	call->channel = call->unanswered = true;
	call->caller = zv_route_caller(&e->router, campaign, call->trunk, call->person,
				       e->now.cal_ms);
	if (call->caller != 0)
		return STARTED;
	zv_route_heard(&e->router, call->trunk);
	zv_route_give(&e->router, call->trunk);
	zv_pick_defer(e, slab, (e->now.cal_ms / DAY_MS + 1) * DAY_MS);
	return MOVED;
}

static enum started try_start(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	uint16_t campaign = e->held[slab].campaign;
	const struct zv_campaign_conf *cc = &e->conf->campaigns[campaign];
	struct zv_call call = {.campaign = campaign, .slab = slab};
	int64_t start_ms, end_ms;
	enum started done;

	if (!e->running[campaign] || !cc->enabled) {
		zv_pick_release(e, slab);
		return MOVED;
	}
	if (!zv_window_now(e, campaign, offer->zone, &start_ms, &end_ms)) {
		zv_pick_defer(e, slab, e->now.cal_ms + DAY_MS);
		return MOVED;
	}
	if (e->now.cal_ms < start_ms) {
		zv_pick_defer(e, slab, start_ms);
		return MOVED;
	}
	if (!choose_number(offer, &call.number)) {
		zv_pick_defer(e, slab, e->now.cal_ms + DAY_MS);
		return MOVED;
	}
	if (cc->max_calls != 0 && e->campaign_calls[campaign] >= cc->max_calls)
		return BLOCKED;
	if (!zv_persons_add(&e->persons, offer->person)) {
		await(e, slab, e->now.cal_ms + REST_SAME_PERSON_MS);
		return MOVED;
	}
	call.called = offer->numbers[call.number].e164;
	call.lead = offer->lead;
	call.person = offer->person;
	call.round = offer->round;
	done = route(e, slab, &call);
	if (done != STARTED) {
		zv_persons_remove(&e->persons, offer->person);
		return done;
	}
	zv_heap_remove(&e->ready, slab);
	zv_heap_set(&e->bounds, slab, (struct zv_heap_key){end_ms, 0});
	zv_call_start(e, slab, &call);
	return STARTED;
}

void zv_pick_pump(struct zv_engine *e)
{
	uint32_t parked[TRY_MOST];
	uint32_t n_parked = 0;

	while (e->future.n > 0 && zv_heap_top_key(&e->future) <= e->now.cal_ms) {
		uint32_t slab = zv_heap_top(&e->future);

		await(e, slab, zv_heap_top_key(&e->future));
	}
	e->again_ms = 0;
	if (e->draining || !e->store_on || e->overloaded || e->paused_until_ms > e->now.mono_ms)
		return;
	while (e->ready.n > 0 && e->free_n > 0 && n_parked < TRY_MOST && room(e, 64)) {
		uint32_t slab = zv_heap_top(&e->ready);

		if (try_start(e, slab) == BLOCKED) {
			zv_heap_remove(&e->ready, slab);
			parked[n_parked++] = slab;
		}
	}
	for (uint32_t i = 0; i < n_parked; i++)
		await(e, parked[i], e->params.slabs.v[parked[i]].due_ms);
	if (!room(e, 64) && e->ready.n > 0)
		e->again_ms = e->now.mono_ms; /* the rest in the next step, at once */
}
