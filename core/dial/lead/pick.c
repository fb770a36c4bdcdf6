/* Offered leads: those not due yet, those due, and the start of their calls. */
#include <string.h>

#include "base/hash.h"
#include "dial/engine_int.h"

#define REST_SAME_PERSON_MS 60000     /* another lead of the same person was on the phone */
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

static void unready(struct zv_engine *e, uint32_t slab)
{
	struct zv_heap *ready = &e->ready[e->held[slab].campaign];

	if (ready->n_ids == 0 || !zv_heap_has(ready, slab))
		return;
	zv_heap_remove(ready, slab);
	e->n_ready--;
}

static void await(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	const struct zv_campaign_conf *campaign = &e->conf->campaigns[e->held[slab].campaign];

	unready(e, slab);
	zv_heap_remove(&e->future, slab);
	if (due_ms > e->now.cal_ms) {
		e->held[slab].state = ZV_HELD_FUTURE;
		zv_heap_set(&e->future, slab, (struct zv_heap_key){due_ms, offer->lead});
	} else {
		int64_t rank = (int64_t)offer->due_class << 8 | campaign->priority;

		e->held[slab].state = ZV_HELD_READY;
		zv_heap_set(&e->ready[e->held[slab].campaign], slab,
			    (struct zv_heap_key){rank, (uint64_t)due_ms});
		e->n_ready++;
	}
}

/* Out of the way until its person's call is over. */
static void await_person(struct zv_engine *e, uint32_t slab)
{
	unready(e, slab);
	e->held[slab].state = ZV_HELD_PERSON;
	e->n_person_waits++;
}

static void leave_person_wait(struct zv_engine *e, uint32_t slab)
{
	if (e->held[slab].state == ZV_HELD_PERSON)
		e->n_person_waits--;
}

void zv_pick_person_free(struct zv_engine *e, uint64_t person)
{
	zv_persons_remove(&e->persons, person);
	for (uint32_t i = 0; e->n_person_waits > 0 && i < e->params.slabs.n; i++) {
		if (e->held[i].state != ZV_HELD_PERSON || e->params.slabs.v[i].person != person)
			continue;
		leave_person_wait(e, i);
		await(e, i, e->now.cal_ms + REST_SAME_PERSON_MS);
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

void zv_pick_offer(struct zv_engine *e, uint32_t slab, uint64_t txn)
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
	e->held[slab] = (struct zv_held){.state = ZV_HELD_READY, .person_slab = ZV_SLOT_NONE};
	e->stats.offers_held++;
	if (!zv_person_hold(e, slab, txn) || campaign == e->conf->n_campaigns || offer->n_numbers == 0 ||
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
	unready(e, slab);
	zv_heap_remove(&e->future, slab);
	zv_heap_remove(&e->bounds, slab);
	leave_person_wait(e, slab);
	zv_person_let_go(e, slab);
	e->held[slab].state = ZV_HELD_FREE;
	e->stats.offers_held--;
	e->releases++;
}

void zv_pick_defer(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_DEFER);

	unready(e, slab);
	zv_heap_remove(&e->future, slab);
	leave_person_wait(e, slab);
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

/* Nobody of this lead may ever be called again: it has the category that the campaign names. */
static void pick_denied(struct zv_engine *e, uint32_t slab, uint8_t category)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_STEP);

	unready(e, slab);
	zv_heap_remove(&e->future, slab);
	leave_person_wait(e, slab);
	cmd->campaign = offer->campaign;
	cmd->u.step.lead = offer->lead;
	cmd->u.step.person = offer->person;
	cmd->u.step.kind = ZV_STEP_FINAL;
	cmd->u.step.category = category;
	cmd->u.step.number = offer->number;
	cmd->u.step.called_number = offer->number;
	cmd->u.step.old_due_ms = offer->due_ms;
	cmd->u.step.due_class = offer->due_class;
	cmd->u.step.old_class = offer->due_class;
	cmd->u.step.slab = slab;
	e->held[slab].state = ZV_HELD_FLUSHING;
}

void zv_pick_step(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t slab = ev->u.step.slab;
	const struct zv_offer *offer;
	struct zv_cmd cmd = {.type = ZV_CMD_STEP, .cal_ms = e->now.cal_ms};

	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_ASKED) {
		e->stats.late_events++;
		return;
	}
	offer = &e->params.slabs.v[slab];
	cmd.campaign = offer->campaign;
	cmd.attempt = e->held[slab].attempt;
	cmd.u.step.lead = offer->lead;
	cmd.u.step.person = offer->person;
	cmd.u.step.due_ms = ev->u.step.due_ms;
	cmd.u.step.old_due_ms = offer->due_ms;
	cmd.u.step.old_class = offer->due_class;
	cmd.u.step.kind = ev->u.step.kind;
	cmd.u.step.category = ev->u.step.category;
	cmd.u.step.number = ev->u.step.number;
	cmd.u.step.due_class = ev->u.step.due_class;
	cmd.u.step.n_messages = ev->u.step.n_messages;
	memcpy(cmd.u.step.messages, ev->u.step.messages, sizeof(cmd.u.step.messages));
	cmd.u.step.invalid_number = ev->u.step.invalid_number;
	if (offer->n_history > 0)
		cmd.u.step.called_number = offer->history[offer->n_history - 1].number;
	cmd.u.step.remove = ev->u.step.remove;
	cmd.u.step.fallback = ev->u.step.fallback;
	cmd.u.step.slab = slab;
	zv_messages_ask(e, slab, &cmd);
	*zv_emit(e, ZV_CMD_STEP) = cmd;
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
	return e->held[slab].state == ZV_HELD_FUTURE || e->held[slab].state == ZV_HELD_READY ||
	       e->held[slab].state == ZV_HELD_PERSON;
}

static bool room(const struct zv_engine *e, uint32_t cmds)
{
	return e->out->cap - e->out->n >= cmds;
}

static void tell_campaign(struct zv_engine *e, uint16_t campaign, enum zv_tell what)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

	cmd->campaign = e->conf->campaigns[campaign].id;
	cmd->u.tell.what = (uint32_t)what;
	cmd->u.tell.value = cmd->campaign;
}

void zv_pick_campaign(struct zv_engine *e, uint16_t campaign, bool on)
{
	struct zv_tally *tally = e->law.tallies[campaign];

	e->wanted[campaign] = on;
	if (on && !zv_law_stated(e, campaign))
		tell_campaign(e, campaign, ZV_TELL_UNSTATED);
	else if (on && e->conf->rules == NULL)
		tell_campaign(e, campaign, ZV_TELL_NO_RULES);
	on = on && zv_law_stated(e, campaign) && e->conf->rules != NULL;
	e->running[campaign] = on;
	if (on && tally->origin_ms == 0)
		tally->origin_ms = e->now.cal_ms;
	/* What does not fit in this step's commands is given back when its turn comes. */
	for (uint32_t i = 0; !on && i < e->params.slabs.n && room(e, 256); i++)
		if (waits(e, i) && e->held[i].campaign == campaign)
			zv_pick_release(e, i);
}

/* ---- the start of a call ---- */

/* The i-th number to try: the one that the step named, then the others.  False: not in use. */
static bool nth_number(const struct zv_offer *offer, uint8_t i, uint8_t *ret_number)
{
	bool named = offer->number < offer->n_numbers;

	if (named)
		i = i == 0 ? offer->number : (uint8_t)(i - (i <= offer->number ? 1 : 0));
	*ret_number = i;
	return offer->numbers[i].status != ZV_NUM_INVALID;
}

/* CLOSED: nothing of this campaign may begin now. */
enum started { STARTED, MOVED, BLOCKED, CLOSED };

/* What stands in a lead's way: of several numbers' refusals the one that ends first. */
struct refused {
	struct zv_contact_ask ask;
	struct zv_verdict verdict;
	bool any, for_good;
};

static void note_refusal(const struct zv_engine *e, struct refused *r,
			 const struct zv_contact_ask *ask, const struct zv_verdict *verdict)
{
	bool for_good = zv_law_for_good(e, verdict);

	if (!r->any || verdict->until_ms < r->verdict.until_ms) {
		r->ask = *ask;
		r->verdict = *verdict;
	}
	r->for_good = for_good && (r->for_good || !r->any);
	r->any = true;
}

/* Says why, and lets the lead rest until the answer may change. */
static void settle_refused(struct zv_engine *e, uint32_t slab, const struct refused *r)
{
	uint8_t category = e->conf->campaigns[e->held[slab].campaign].denied_category;
	int64_t due_ms = r->verdict.until_ms;

	zv_law_evidence(e, &r->ask, &r->verdict, (struct zv_attempt_id){0});
	zv_law_count(e, &r->verdict);
	if (r->for_good && category != 0) {
		pick_denied(e, slab, category);
		return;
	}
	if (due_ms == ZV_NEVER_MS)
		due_ms = e->now.cal_ms + DAY_MS;
	else if (due_ms <= e->now.cal_ms)
		due_ms = e->now.cal_ms + REST_REFUSED_MS;
	zv_pick_defer(e, slab, due_ms);
}

static struct zv_contact_ask ask_of(const struct zv_engine *e, uint32_t slab, uint8_t number)
{
	uint16_t campaign = e->held[slab].campaign;
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];

	return (struct zv_contact_ask){
		.slab = slab, .campaign = campaign, .number = number, .channel = c->channel,
		.dial_s = zv_law_dial_s(c->ring_ms, 0), .at_ms = e->now.cal_ms};
}

void zv_pick_ask_again(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct refused refused = {0};
	uint8_t number;

	if (!waits(e, slab))
		return;
	for (uint8_t i = 0; i < offer->n_numbers; i++) {
		struct zv_contact_ask ask_law;
		struct zv_verdict verdict;

		if (!nth_number(offer, i, &number))
			continue;
		ask_law = ask_of(e, slab, number);
		zv_law_ask(e, &ask_law, &verdict);
		if (!zv_law_for_good(e, &verdict))
			return;
		note_refusal(e, &refused, &ask_law, &verdict);
	}
	if (refused.any)
		settle_refused(e, slab, &refused);
}

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
	zv_route_untake(&e->router, call->trunk);
	zv_pick_defer(e, slab, (e->now.cal_ms / DAY_MS + 1) * DAY_MS);
	return MOVED;
}

static void unroute(struct zv_engine *e, struct zv_call *call)
{
	zv_route_uncount_caller(&e->router, call->caller);
	zv_route_untake(&e->router, call->trunk);
	call->channel = call->unanswered = false;
}

/* No use in asking the law while every line is busy. */
static bool lines_busy(struct zv_engine *e, uint64_t called)
{
	struct zv_route_ask ask_route = {.called = called, .mono_ms = e->now.mono_ms};
	int64_t again_ms = 0;

	if (zv_route_look(&e->router, &ask_route, &again_ms) != ZV_ROUTE_BUSY)
		return false;
	if (again_ms != 0 && (e->again_ms == 0 || again_ms < e->again_ms))
		e->again_ms = again_ms;
	return true;
}

/* One number: may it be called, and by which trunk?  MOVED without a refusal noted: the lead is
 * gone; with one: the next number may do. */
static enum started try_number(struct zv_engine *e, struct zv_call *call, struct refused *refused,
			       struct zv_verdict *ret_verdict)
{
	struct zv_contact_ask ask_law = ask_of(e, call->slab, call->number);
	enum started done;

	call->called = e->params.slabs.v[call->slab].numbers[call->number].e164;
	if (lines_busy(e, call->called))
		return BLOCKED;
	zv_law_ask(e, &ask_law, ret_verdict);
	if (ret_verdict->answer != ZV_ANSWER_YES && !zv_law_by_caller(e, &ask_law)) {
		note_refusal(e, refused, &ask_law, ret_verdict);
		return MOVED;
	}
	done = route(e, call->slab, call);
	if (done != STARTED || ret_verdict->answer == ZV_ANSWER_YES)
		return done;
	/* The refusal may be another caller number's. */
	ask_law.caller = zv_rule_caller(call->caller);
	zv_law_ask(e, &ask_law, ret_verdict);
	if (ret_verdict->answer == ZV_ANSWER_YES)
		return STARTED;
	unroute(e, call);
	note_refusal(e, refused, &ask_law, ret_verdict);
	return MOVED;
}

/* Asks for the lead's numbers in order, and reserves in the same step. */
static enum started choose(struct zv_engine *e, struct zv_call *call, int64_t *ret_end_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[call->slab];
	struct refused refused = {0};
	struct zv_verdict verdict;
	struct zv_contact_ask ask_law;

	for (uint8_t i = 0; i < offer->n_numbers; i++) {
		enum started done;

		if (!nth_number(offer, i, &call->number))
			continue;
		done = try_number(e, call, &refused, &verdict);
		if (done == BLOCKED || (done == MOVED && !waits(e, call->slab)))
			return done;
		if (done == MOVED)
			continue;
		ask_law = ask_of(e, call->slab, call->number);
		ask_law.caller = zv_rule_caller(call->caller);
		call->attempt = zv_call_next_id(e);
		call->ring_for_ms = e->conf->campaigns[call->campaign].ring_ms;
		if (call->ring_for_ms < verdict.treat.ring_min_ms)
			call->ring_for_ms = verdict.treat.ring_min_ms;
		if (zv_contact_open(e, call)) {
			zv_law_evidence(e, &ask_law, &verdict, call->attempt);
			if (verdict.open_until_ms < *ret_end_ms)
				*ret_end_ms = verdict.open_until_ms;
			return STARTED;
		}
		unroute(e, call);
		verdict = (struct zv_verdict){.answer = ZV_ANSWER_NO,
					      .refusal = ZV_REFUSED_OVERFLOW,
					      .until_ms = ZV_NEVER_MS};
		note_refusal(e, &refused, &ask_law, &verdict);
		break;
	}
	if (refused.any)
		settle_refused(e, call->slab, &refused);
	else
		zv_pick_defer(e, call->slab, e->now.cal_ms + DAY_MS); /* no number is in use */
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

	if (!e->running[campaign] || !cc->enabled || !zv_person_reaches(e, slab)) {
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
	if ((cc->max_calls != 0 && e->campaign_calls[campaign] >= cc->max_calls) ||
	    !zv_floor_may_place(e, campaign))
		return CLOSED;
	if (!zv_persons_add(&e->persons, offer->person)) {
		await_person(e, slab);
		return MOVED;
	}
	call.lead = offer->lead;
	call.person = offer->person;
	call.round = offer->round;
	done = choose(e, &call, &end_ms);
	if (done != STARTED) {
		zv_persons_remove(&e->persons, offer->person);
		return done;
	}
	unready(e, slab);
	zv_heap_set(&e->bounds, slab, (struct zv_heap_key){end_ms, 0});
	zv_call_start(e, slab, &call);
	return STARTED;
}

/* Other rules may look further back than a waiting lead's ledger was read. */
static void sweep(struct zv_engine *e)
{
	uint32_t i = 0;

	for (; i < e->params.slabs.n && room(e, 256); i++)
		if (waits(e, i) && !zv_person_reaches(e, i))
			zv_pick_release(e, i);
	e->law.sweep = i < e->params.slabs.n;
}

/* The campaign whose first lead goes before all others'; one past the last: none. */
static uint16_t best_campaign(const struct zv_engine *e, const uint64_t *closed)
{
	uint16_t best = (uint16_t)e->conf->n_campaigns;
	struct zv_heap_key key = {INT64_MAX, UINT64_MAX};

	for (uint16_t i = 0; i < e->conf->n_campaigns; i++) {
		const struct zv_heap *ready = &e->ready[i];
		struct zv_heap_key first;

		if (ready->n == 0 || (closed[i / 64] >> i % 64 & 1) != 0)
			continue;
		first = ready->keys[zv_heap_top(ready)];
		if (first.a < key.a || (first.a == key.a && first.b < key.b)) {
			key = first;
			best = i;
		}
	}
	return best;
}

void zv_pick_pump(struct zv_engine *e)
{
	uint32_t parked[TRY_MOST];
	uint64_t closed[ZV_CAMPAIGNS_MAX / 64] = {0};
	uint32_t n_parked = 0;
	uint16_t campaign;

	while (e->future.n > 0 && zv_heap_top_key(&e->future) <= e->now.cal_ms) {
		uint32_t slab = zv_heap_top(&e->future);

		await(e, slab, zv_heap_top_key(&e->future));
	}
	e->again_ms = 0;
	if (e->law.sweep)
		sweep(e);
	if (e->law.recent.lost > 0) /* an opt-out has no place: nobody knows whose */
		return;
	if (e->draining || !e->store_on || e->overloaded || e->paused_until_ms > e->now.mono_ms)
		return;
	while (e->free_n > 0 && n_parked < TRY_MOST && room(e, 64) &&
	       (campaign = best_campaign(e, closed)) < e->conf->n_campaigns) {
		uint32_t slab = zv_heap_top(&e->ready[campaign]);
		enum started done = try_start(e, slab);

		if (done == CLOSED)
			closed[campaign / 64] |= UINT64_C(1) << campaign % 64;
		if (done == BLOCKED) {
			unready(e, slab);
			parked[n_parked++] = slab;
		}
	}
	for (uint32_t i = 0; i < n_parked; i++)
		await(e, parked[i], e->params.slabs.v[parked[i]].due_ms);
	if (!room(e, 64) && e->n_ready > 0)
		e->again_ms = e->now.mono_ms; /* the rest in the next step, at once */
}
