/* The start of a call: which lead, by which of its numbers, trunk and caller number. */
#include "dial/desk/desk.h"
#include "dial/lead/pick.h"

#define REST_CALLS_US_MS    15000     /* one of its numbers is calling us */
#define REST_REFUSED_MS     600000    /* the ledger's owner said no */
#define REST_NO_ROUTE_MS    3600000   /* no trunk serves the number: the operator must act */
#define DAY_MS              86400000
#define TRY_MOST            4         /* leads looked at when trunks are busy */

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

/* It may not be called now.  That an agreed time is not kept is told; one whose time has not
 * come yet only rings a little later than it could. */
static void move(struct zv_engine *e, uint32_t slab, int64_t to_ms)
{
	bool agreed = e->held[slab].due_class == ZV_DUE_CALLBACK;

	if (agreed && to_ms <= e->params.slabs.v[slab].due_ms) {
		zv_pick_await_until(e, slab, to_ms);
		return;
	}
	if (agreed)
		zv_callback_tell_moved(e, slab, to_ms);
	zv_pick_defer(e, slab, to_ms);
}

/* Says why, and lets the lead rest until the answer may change. */
static void settle_refused(struct zv_engine *e, uint32_t slab, const struct refused *r)
{
	uint8_t category = e->conf->campaigns[e->held[slab].campaign].denied_category;
	int64_t due_ms = r->verdict.until_ms;

	zv_law_evidence(e, &r->ask, &r->verdict, (struct zv_attempt_id){0});
	zv_law_count(e, e->held[slab].campaign, &r->verdict);
	if (r->for_good && category != 0) {
		zv_pick_final(e, slab, category);
		return;
	}
	if (due_ms == ZV_NEVER_MS)
		due_ms = e->now.cal_ms + DAY_MS;
	else if (due_ms <= e->now.cal_ms)
		due_ms = e->now.cal_ms + REST_REFUSED_MS;
	move(e, slab, due_ms);
}

static struct zv_contact_ask ask_of(const struct zv_engine *e, uint32_t slab, uint8_t number)
{
	uint16_t campaign = e->held[slab].campaign;
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];

	return (struct zv_contact_ask){
		.slab = slab, .campaign = campaign, .number = number, .channel = c->channel,
		.dial_s = zv_law_dial_s(c->ring_ms, 0), .at_ms = e->now.cal_ms,
		.mode = e->held[slab].mode};
}

void zv_pick_ask_again(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct refused refused = {0};
	uint8_t number;

	if (!zv_pick_waits(e, slab))
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
		zv_why_note(e, call->campaign, ZV_NOTED_NO_ROUTE, 0);
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
	zv_why_note(e, call->campaign, ZV_NOTED_CALLERS, (e->now.cal_ms / DAY_MS + 1) * DAY_MS);
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
		if (done == BLOCKED || (done == MOVED && !zv_pick_waits(e, call->slab)))
			return done;
		if (done == MOVED)
			continue;
		ask_law = ask_of(e, call->slab, call->number);
		ask_law.caller = zv_rule_caller(call->caller);
		call->attempt = zv_call_next_id(e);
		call->ring_for_ms = e->conf->campaigns[call->campaign].ring_ms;
		if (call->ring_for_ms < verdict.treat.ring_min_ms)
			call->ring_for_ms = verdict.treat.ring_min_ms;
		call->within_ms = verdict.treat.agent_within_ms;
		call->within_answer = verdict.treat.within_from == ZV_FROM_ANSWER;
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

/* Limits of the campaign and its pacer, and what is kept for others. */
static bool may_begin(const struct zv_engine *e, uint32_t slab)
{
	uint16_t campaign = e->held[slab].campaign;
	uint32_t most = e->conf->campaigns[campaign].max_calls;

	return (most == 0 || e->campaign_calls[campaign] < most) &&
	       (zv_floor_may_place(e, campaign) || zv_keep_may_start(e, slab)) &&
	       zv_keep_line_left(e, slab);
}

/* May any of its numbers be called now?  Else it is settled. */
static bool any_lawful(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct refused refused = {0};
	uint8_t number;

	for (uint8_t i = 0; i < offer->n_numbers; i++) {
		struct zv_contact_ask ask_law;
		struct zv_verdict verdict;

		if (!nth_number(offer, i, &number))
			continue;
		ask_law = ask_of(e, slab, number);
		zv_law_ask(e, &ask_law, &verdict);
		if (verdict.answer == ZV_ANSWER_YES || zv_law_by_caller(e, &ask_law))
			return true;
		note_refusal(e, &refused, &ask_law, &verdict);
	}
	if (refused.any)
		settle_refused(e, slab, &refused);
	else
		zv_pick_defer(e, slab, e->now.cal_ms + DAY_MS);
	return false;
}

/* A preview: an agent reads the card first, and nobody else rings this person meanwhile. */
static enum started show(struct zv_engine *e, uint32_t slab, int64_t end_ms)
{
	if (!any_lawful(e, slab))
		return MOVED;
	if (!zv_desk_show(e, slab))
		return CLOSED;
	zv_heap_set(&e->bounds, slab, (struct zv_heap_key){end_ms, 0});
	return STARTED;
}

void zv_pick_shown(struct zv_engine *e, uint32_t slab)
{
	zv_pick_unready(e, slab);
	e->held[slab].state = ZV_HELD_SHOWN;
}

void zv_pick_hidden(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	if (e->held[slab].state != ZV_HELD_SHOWN)
		return;
	zv_heap_remove(&e->bounds, slab);
	zv_pick_person_free(e, e->params.slabs.v[slab].person);
	zv_pick_await(e, slab, e->params.slabs.v[slab].due_ms);
	if (due_ms != 0)
		zv_pick_defer(e, slab, due_ms);
}

/* What holds for every call. */
static bool house_open(const struct zv_engine *e)
{
	return !e->draining && e->store_on && !e->overloaded && e->law.recent.lost == 0 &&
	       e->paused_until_ms <= e->now.mono_ms && e->free_n > 0 && zv_pick_room(e, 64);
}

enum zv_err zv_pick_begin(struct zv_engine *e, uint32_t slab, uint32_t agent, enum zv_talk_kind kind,
			  uint32_t *ret_slot)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_held *held = &e->held[slab];
	struct zv_call call = {.campaign = held->campaign, .slab = slab, .placed_for = agent,
			       .owner = agent, .kind = (uint8_t)kind, .lead = offer->lead,
			       .person = offer->person, .round = offer->round};
	bool shown = held->state == ZV_HELD_SHOWN && e->floor.seats[agent].slab == slab;
	int64_t start_ms, end_ms;
	enum started done;

	if (!house_open(e) || (!shown && !zv_pick_waits(e, slab)) || !zv_person_reaches(e, slab))
		return ZV_EAGAIN;
	if (!e->running[call.campaign] || !e->conf->campaigns[call.campaign].enabled ||
	    !zv_window_now(e, call.campaign, offer->zone, &start_ms, &end_ms) || e->now.cal_ms < start_ms)
		return ZV_EDENIED;
	if (!shown && !zv_persons_add(&e->persons, offer->person))
		return ZV_EAGAIN; /* somebody talks to him */
	held->mode = kind == ZV_TALK_KIND_MANUAL ? ZV_MODE_MANUAL : 0;
	if (shown || held->state == ZV_HELD_PERSON)
		zv_pick_await(e, slab, offer->due_ms);
	done = choose(e, &call, &end_ms);
	if (done == STARTED) {
		zv_pick_unready(e, slab);
		zv_heap_remove(&e->future, slab);
		zv_heap_set(&e->bounds, slab, (struct zv_heap_key){end_ms, 0});
		*ret_slot = e->free_slots[e->free_head];
		zv_call_start(e, slab, &call);
		return ZV_OK;
	}
	held->mode = 0;
	if (done == BLOCKED && shown) {
		zv_pick_shown(e, slab);
		return ZV_EAGAIN;
	}
	zv_persons_remove(&e->persons, offer->person);
	return done == BLOCKED ? ZV_EAGAIN : ZV_EDENIED;
}

/* He is on the line already, or waits there for us. */
static bool calls_us(const struct zv_engine *e, const struct zv_offer *offer)
{
	for (uint8_t i = 0; i < offer->n_numbers; i++)
		if (zv_inbound_has(e, offer->numbers[i].e164, ZV_SLOT_NONE))
			return true;
	return false;
}

static enum started try_start(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	uint16_t campaign = e->held[slab].campaign;
	const struct zv_campaign_conf *cc = &e->conf->campaigns[campaign];
	struct zv_call call = {.campaign = campaign, .slab = slab, .placed_for = ZV_AGENT_NONE};
	int64_t start_ms, end_ms, again_ms;
	enum started done;

	if (!e->running[campaign] || !cc->enabled || !zv_person_reaches(e, slab)) {
		zv_pick_release(e, slab);
		return MOVED;
	}
	if (!zv_window_now(e, campaign, offer->zone, &start_ms, &end_ms)) {
		move(e, slab, e->now.cal_ms + DAY_MS);
		return MOVED;
	}
	if (e->now.cal_ms < start_ms) {
		zv_why_note(e, campaign, ZV_NOTED_HOURS, start_ms);
		move(e, slab, start_ms);
		return MOVED;
	}
	if (zv_callback_waits(e, slab, &again_ms)) {
		zv_pick_await_until(e, slab, again_ms);
		e->held[slab].waits_owner = true;
		return MOVED;
	}
	if (cc->mode == ZV_MODE_MANUAL || !may_begin(e, slab))
		return CLOSED; /* manual calls are begun by agents */
	if (calls_us(e, offer)) {
		zv_pick_await_until(e, slab, e->now.cal_ms + REST_CALLS_US_MS);
		return MOVED;
	}
	if (!zv_persons_add(&e->persons, offer->person)) {
		zv_pick_await_person(e, slab);
		return MOVED;
	}
	if (cc->pace == ZV_PACE_PREVIEW) {
		done = show(e, slab, end_ms);
		if (done != STARTED)
			zv_persons_remove(&e->persons, offer->person);
		return done;
	}
	call.lead = offer->lead;
	call.person = offer->person;
	call.round = offer->round;
	call.owner = zv_owner_of(e, slab);
	if (e->held[slab].due_class == ZV_DUE_CALLBACK && zv_floor_has_agents(e, campaign))
		call.kind = ZV_TALK_KIND_CALLBACK;
	done = choose(e, &call, &end_ms);
	if (done != STARTED) {
		zv_persons_remove(&e->persons, offer->person);
		return done;
	}
	zv_pick_unready(e, slab);
	zv_heap_set(&e->bounds, slab, (struct zv_heap_key){end_ms, 0});
	zv_call_start(e, slab, &call);
	return STARTED;
}

/* Other rules may look further back than a waiting lead's ledger was read. */
static void sweep(struct zv_engine *e)
{
	uint32_t i = 0;

	for (; i < e->params.slabs.n && zv_pick_room(e, 256); i++)
		if (zv_pick_waits(e, i) && !zv_person_reaches(e, i))
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

		zv_pick_await(e, slab, zv_heap_top_key(&e->future));
	}
	e->again_ms = 0;
	if (e->law.sweep)
		sweep(e);
	if (e->law.recent.lost > 0) /* an opt-out has no place: nobody knows whose */
		return;
	if (e->draining || !e->store_on || e->overloaded || e->paused_until_ms > e->now.mono_ms)
		return;
	while (e->free_n > 0 && n_parked < TRY_MOST && zv_pick_room(e, 64) &&
	       (campaign = best_campaign(e, closed)) < e->conf->n_campaigns) {
		uint32_t slab = zv_heap_top(&e->ready[campaign]);
		enum started done = try_start(e, slab);

		if (done == CLOSED)
			closed[campaign / 64] |= UINT64_C(1) << campaign % 64;
		if (done == BLOCKED) {
			zv_pick_unready(e, slab);
			parked[n_parked++] = slab;
		}
	}
	for (uint32_t i = 0; i < n_parked; i++)
		zv_pick_await(e, parked[i], e->params.slabs.v[parked[i]].due_ms);
	if (!zv_pick_room(e, 64) && e->n_ready > 0)
		e->again_ms = e->now.mono_ms; /* the rest in the next step, at once */
}
