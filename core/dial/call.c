/* A call's states.  The table at the end says what each state does with each event; what it
 * does not name is late and only counted. */
#include "dial/call_int.h"
#include "dial/facts.h"
#include "dial/route/outcome.h"

#include <string.h>

#define BACKSTOP_MS 5000 /* after sip's own ring timer */

const struct zv_campaign_conf *zv_call_campaign(const struct zv_call_ctx *c)
{
	return &c->e->conf->campaigns[c->call->campaign];
}

struct zv_cmd *zv_call_emit(const struct zv_call_ctx *c, enum zv_cmd_type type)
{
	return zv_emit_call(c->e, type, c->slot);
}

void zv_call_deadline(const struct zv_call_ctx *c, int64_t mono_ms)
{
	if (mono_ms == 0)
		zv_heap_remove(&c->e->timers, c->slot);
	else
		zv_heap_set(&c->e->timers, c->slot, (struct zv_heap_key){mono_ms, c->slot});
}

void zv_call_state(const struct zv_call_ctx *c, enum zv_call_state to)
{
	struct zv_engine_stats *s = &c->e->stats;
	uint32_t *const counts[ZV_CALL_STATES] = {
		[ZV_CALL_DIALING] = &s->dialing, [ZV_CALL_RINGING] = &s->ringing,
		[ZV_CALL_TALKING] = &s->talking, [ZV_CALL_BRIDGED] = &s->talking, [ZV_CALL_ADOPTED] = &s->adopted,
		[ZV_CALL_ORPHAN] = &s->adopted,
	};

	if (counts[c->call->state] != NULL)
		--*counts[c->call->state];
	if (counts[to] != NULL)
		++*counts[to];
	c->call->state = (uint8_t)to;
	if (s->talking > s->peak_talking)
		s->peak_talking = s->talking;
}

void zv_call_ladder(const struct zv_call_ctx *c, enum zv_ladder what, uint16_t code)
{
	struct zv_cmd *cmd = zv_call_emit(c, ZV_CMD_LADDER);

	cmd->u.ladder.lead = c->call->lead;
	cmd->u.ladder.mono_ms = c->e->now.mono_ms;
	cmd->u.ladder.what = (uint8_t)what;
	cmd->u.ladder.sub = c->call->sub;
	cmd->u.ladder.code = code;
	cmd->u.ladder.caller = c->call->caller;
}

static void heard(const struct zv_call_ctx *c)
{
	if (c->call->unanswered)
		zv_route_heard(&c->e->router, c->call->trunk);
	c->call->unanswered = false;
}

void zv_call_give_channel(const struct zv_call_ctx *c)
{
	heard(c);
	if (c->call->channel)
		zv_route_give(&c->e->router, c->call->trunk);
	c->call->channel = false;
}

/* The slot is free when the outcome is told and neither sip nor media holds anything. */
void zv_call_free_if_done(const struct zv_call_ctx *c)
{
	struct zv_engine *e = c->e;
	struct zv_call *call = c->call;

	if (call->state != ZV_CALL_ENDING || call->sip_open || call->media_open)
		return;
	if (call->invite_ms != 0 || call->slab == ZV_SLOT_NONE)
		zv_call_ladder(c, ZV_LADDER_CLOSED, 0);
	zv_call_give_channel(c);
	zv_call_deadline(c, 0);
	if (call->slab != ZV_SLOT_NONE) /* adopted calls were never among the campaign's */
		e->campaign_calls[call->campaign]--;
	else if (call->person != 0)
		zv_pick_person_free(e, call->person);
	zv_call_state(c, ZV_CALL_FREE);
	e->stats.calls--;
	e->free_slots[(e->free_head + e->free_n++) % e->conf->max_calls] = c->slot;
}

void zv_call_close_media(const struct zv_call_ctx *c)
{
	if (c->call->media_open)
		zv_call_emit(c, ZV_CMD_MEDIA_CLOSE);
}

static void remember(const struct zv_call_ctx *c, enum zv_outcome outcome, uint8_t result)
{
	struct zv_offer *offer = &c->e->params.slabs.v[c->call->slab];
	struct zv_attempt_brief *last;
	const struct zv_call *call = c->call;

	if (offer->n_history > ZV_HISTORY_MAX) {
		memmove(&offer->history[0], &offer->history[1],
			ZV_HISTORY_MAX * sizeof(offer->history[0]));
		offer->n_history--;
	}
	last = &offer->history[offer->n_history++];
	*last = (struct zv_attempt_brief){
		.at_ms = call->invite_cal_ms,
		.outcome = (uint8_t)outcome,
		.result = result,
		.number = call->number,
		.round = call->round,
		.sip_code = call->sip_code,
	};
	if (call->answer_ms != 0) {
		int64_t over_ms = call->over_ms != 0 ? call->over_ms : c->e->now.mono_ms;
		int64_t talk_s = (over_ms - call->answer_ms + 500) / 1000;

		last->talk_s = talk_s > UINT16_MAX ? UINT16_MAX : (uint16_t)talk_s;
	}
}

/* 0 stands for never, so what happened within the INVITE's own millisecond is one. */
static int64_t distance_ms(int64_t since_ms, int64_t at_ms)
{
	if (at_ms == 0)
		return 0;
	return at_ms > since_ms ? at_ms - since_ms : 1;
}

struct zv_cmd *zv_call_tell_outcome(const struct zv_call_ctx *c, enum zv_outcome outcome,
				   uint8_t result)
{
	const struct zv_call *call = c->call;
	int64_t since_ms = call->invite_ms;
	struct zv_cmd *cmd = zv_call_emit(c, ZV_CMD_OUTCOME);

	cmd->u.outcome.lead = call->lead;
	cmd->u.outcome.person = call->person;
	cmd->u.outcome.invite_ms = call->invite_cal_ms;
	/* An INVITE of before a crash has no monotonic time: no distances then. */
	if (since_ms != 0) {
		cmd->u.outcome.ring_ms = distance_ms(since_ms, call->ring_ms);
		cmd->u.outcome.answer_ms = distance_ms(since_ms, call->answer_ms);
		cmd->u.outcome.end_ms = distance_ms(
			since_ms, call->over_ms != 0 ? call->over_ms : c->e->now.mono_ms);
	}
	cmd->u.outcome.sip_code = call->sip_code;
	cmd->u.outcome.q850 = call->q850;
	cmd->u.outcome.outcome = (uint8_t)outcome;
	cmd->u.outcome.result = result;
	cmd->u.outcome.number = call->number;
	cmd->u.outcome.sub = call->sub;
	cmd->u.outcome.round = call->round;
	cmd->u.outcome.key = call->last_key;
	if (call->agent < c->e->conf->n_agents && c->e->conf->agents != NULL) {
		cmd->u.outcome.agent = 1 + c->e->conf->agents[call->agent].id;
		cmd->u.outcome.talk_kind = zv_call_kind(c->e, call);
	}
	if (c->ev != NULL && c->ev->type == ZV_EV_SIP_ENDED)
		cmd->u.outcome.ended_by = c->ev->u.sip.by;
	if (call->slab != ZV_SLOT_NONE)
		zv_contact_close(c->e, call, cmd);
	c->e->stats.outcomes[outcome]++;
	return cmd;
}

/* The attempt is over for the lead: outcome to the store, question to the strategy. */
void zv_call_finish(const struct zv_call_ctx *c, enum zv_outcome outcome, uint8_t result)
{
	struct zv_engine *e = c->e;
	struct zv_call *call = c->call;

	if (call->invite_cal_ms == 0)
		call->invite_cal_ms = e->now.cal_ms;
	zv_call_tell_outcome(c, outcome, result);
	remember(c, outcome, result);
	zv_pick_person_free(e, call->person);
	e->held[call->slab].attempt = call->attempt;
	e->held[call->slab].wish_ms = call->wish_ms;
	e->held[call->slab].wish_owner = call->wish_owner;
	zv_pick_over(e, call->slab);
	zv_keep_over(e, c->slot);
	zv_floor_gone(e, c->slot, outcome);
	zv_call_state(c, ZV_CALL_ENDING);
	zv_call_deadline(c, e->now.mono_ms + ZV_CALL_ENDING_MS);
}

static void take_slot(struct zv_engine *e, uint32_t slot)
{
	e->stats.calls++;
	if (e->stats.calls > e->stats.peak_calls)
		e->stats.peak_calls = e->stats.calls;
	e->calls[slot].gen++;
}

struct zv_attempt_id zv_call_next_id(struct zv_engine *e)
{
	return (struct zv_attempt_id){
		.hi = (uint64_t)e->params.node << 48 | (uint64_t)e->params.epoch << 16,
		.lo = ++e->seq,
	};
}

void zv_call_start(struct zv_engine *e, uint32_t slab, const struct zv_call *from)
{
	uint32_t slot = e->free_slots[e->free_head];
	struct zv_call *call = &e->calls[slot];
	uint32_t gen = call->gen;
	struct zv_cmd *cmd;

	e->free_head = (e->free_head + 1) % e->conf->max_calls;
	e->free_n--;
	*call = *from;
	call->gen = gen;
	call->state = ZV_CALL_RESERVE;
	call->agent = ZV_AGENT_NONE;
	call->tried = UINT64_C(1) << call->trunk;
	take_slot(e, slot);
	e->campaign_calls[call->campaign]++;
	e->held[slab].state = ZV_HELD_CALL;
	e->held[slab].slot = slot;
	e->held[slab].attempt = call->attempt;
	zv_keep_begun(e, slot);
	zv_floor_placed(e, slot);
	cmd = zv_emit_call(e, ZV_CMD_RESERVE, slot);
	cmd->u.lead.lead = call->lead;
	cmd->u.lead.person = call->person;
	cmd->u.lead.slab = slab;
}

/* The call ends before it began and without a trace in the store. */
static void undo(const struct zv_call_ctx *c, int64_t due_ms, bool on_disk)
{
	zv_pick_person_free(c->e, c->call->person);
	zv_contact_drop(c->e, c->call);
	zv_keep_over(c->e, c->slot);
	zv_floor_gone(c->e, c->slot, ZV_OUT_NOT_SENT);
	zv_pick_undone(c->e, c->call->slab, due_ms, on_disk);
	zv_call_state(c, ZV_CALL_ENDING);
	zv_call_free_if_done(c);
}

static void on_reserved(const struct zv_call_ctx *c)
{
	struct zv_call *call = c->call;
	const struct zv_offer *offer = &c->e->params.slabs.v[call->slab];
	struct zv_cmd *cmd;

	/* The store dates the contact by its intent: so does the slab. */
	zv_contact_drop(c->e, call);
	if (c->ev->u.flushed.err != 0 || call->withdrawn || !zv_contact_open(c->e, call)) {
		/* An opt-out: asked about at once, so that the reason is told. */
		undo(c, call->withdrawn ? offer->due_ms : c->e->now.cal_ms + 600000, false);
		return;
	}
	cmd = zv_call_emit(c, ZV_CMD_INTENT);
	cmd->u.intent.lead = call->lead;
	cmd->u.intent.person = call->person;
	cmd->u.intent.called = call->called;
	cmd->u.intent.caller = call->caller;
	cmd->u.intent.rules_hash = c->e->conf->rules == NULL ? 0 : c->e->conf->rules->hash;
	cmd->u.intent.mono_ms = c->e->now.mono_ms;
	cmd->u.intent.counts = offer->n_history;
	cmd->u.intent.number = call->number;
	cmd->u.intent.sub = call->sub;
	cmd->u.intent.round = call->round;
	cmd->u.intent.channel = zv_call_campaign(c)->channel;
	cmd->u.intent.debt = offer->debt;
	cmd->u.intent.topic = offer->topic;
	cmd->u.intent.caller_hash = zv_rule_caller(call->caller);
	zv_call_state(c, ZV_CALL_INTENT);
	zv_call_deadline(c, c->e->now.mono_ms + c->e->conf->store_wait_ms);
}

/* The law, once more: an opt-out, other rules, the end of the hours, a campaign's ratio may have
 * come since the reservation, which itself is not counted. */
static bool still_lawful(const struct zv_call_ctx *c)
{
	const struct zv_call *call = c->call;
	struct zv_contact_ask ask = {
		.slab = call->slab, .campaign = call->campaign, .number = call->number,
		.channel = zv_call_campaign(c)->channel, .caller = zv_rule_caller(call->caller),
		.dial_s = zv_law_dial_s(call->ring_for_ms, call->dialed_ms),
		.at_ms = c->e->now.cal_ms, .self = call->attempt,
		.mode = c->e->held[call->slab].mode};
	struct zv_verdict verdict;

	if (c->e->law.recent.lost > 0 || !zv_person_reaches(c->e, call->slab))
		return false;
	zv_law_ask(c->e, &ask, &verdict);
	if (verdict.answer == ZV_ANSWER_YES)
		return true;
	zv_law_evidence(c->e, &ask, &verdict, call->attempt);
	zv_law_count(c->e, call->campaign, &verdict);
	return false;
}

/* The last look before the INVITE. */
static bool still_wanted(const struct zv_call_ctx *c)
{
	struct zv_engine *e = c->e;
	const struct zv_offer *offer = &e->params.slabs.v[c->call->slab];
	int64_t start_ms, end_ms;

	return !c->call->withdrawn && !e->draining && e->running[c->call->campaign] &&
	       e->paused_until_ms <= e->now.mono_ms &&
	       e->router.trunks[c->call->trunk].state != ZV_TRUNK_DOWN &&
	       zv_window_now(e, c->call->campaign, offer->zone, &start_ms, &end_ms) &&
	       start_ms <= e->now.cal_ms && still_lawful(c);
}

static void dial(const struct zv_call_ctx *c)
{
	struct zv_call *call = c->call;
	struct zv_cmd *cmd = zv_call_emit(c, ZV_CMD_DIAL);

	cmd->u.dial.called = call->called;
	cmd->u.dial.caller = call->caller;
	cmd->u.dial.ring_ms = call->ring_for_ms;
	cmd->u.dial.talk_max_s = zv_call_campaign(c)->talk_max_s;
	cmd->u.dial.sub = call->sub;
	call->sip_open = true;
	if (call->invite_cal_ms == 0)
		call->invite_cal_ms = c->e->now.cal_ms;
	call->invite_ms = c->e->now.mono_ms;
	call->heard_any = false;
	call->facts |= ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_DIAL_SECONDS);
	zv_contact_dialled(c->e, call);
	zv_sla_met(c->e, call->slab);
	c->e->stats.dials++;
	zv_call_ladder(c, ZV_LADDER_INVITE, 0);
	zv_call_state(c, ZV_CALL_DIALING);
	/* The backstop never cuts a ring that a rule asks for. */
	zv_call_deadline(c, c->e->now.mono_ms + (c->e->conf->max_dialing_ms > call->ring_for_ms + BACKSTOP_MS
						 ? c->e->conf->max_dialing_ms
						 : call->ring_for_ms + BACKSTOP_MS));
}

static void on_flushed(const struct zv_call_ctx *c)
{
	if (c->ev->u.flushed.err != 0) {
		undo(c, c->e->now.cal_ms + 60000, false);
		return;
	}
	if (still_wanted(c)) {
		dial(c);
		return;
	}
	/* The store puts the lead back to where it stood; so do we. */
	c->e->stats.not_sent++;
	zv_call_tell_outcome(c, ZV_OUT_NOT_SENT, 0);
	undo(c, c->e->params.slabs.v[c->call->slab].due_ms, true);
}

static void on_intent_late(const struct zv_call_ctx *c)
{
	c->call->withdrawn = true; /* the flush will come; then it is closed as not_sent */
}

static void on_trying(const struct zv_call_ctx *c)
{
	heard(c);
	c->call->heard_any = true;
}

static void on_progress(const struct zv_call_ctx *c)
{
	on_trying(c);
	if (c->call->ring_ms == 0) {
		c->call->ring_ms = c->e->now.mono_ms;
		zv_call_ladder(c, ZV_LADDER_RING, (uint16_t)c->ev->code);
		zv_floor_ringing(c->e, c->slot);
	}
	c->call->facts |= ZV_FACT_BIT(ZV_FACT_RING);
	zv_call_state(c, ZV_CALL_RINGING);
	zv_call_early_media(c);
}

static void end_talk(const struct zv_call_ctx *c, enum zv_outcome outcome, uint8_t result)
{
	c->call->last_key = c->call->talk.last_key;
	if (outcome == ZV_OUT_ANSWERED)
		zv_call_ladder(c, ZV_LADDER_CONVERSATION, 0);
	zv_call_close_media(c);
	zv_call_finish(c, outcome, result);
}

/* By key: in memory before anything else happens, on disk in the same order. */
static void opt_out(const struct zv_call_ctx *c, uint8_t optout)
{
	struct zv_call *call = c->call;

	if (optout == ZV_TALK_STAYS || call->opted_out)
		return;
	call->opted_out = true;
	call->facts |= ZV_FACT_BIT(ZV_FACT_REFUSAL);
	zv_person_optout(c->e, &(struct zv_optout){
		.e164 = call->called, .person = call->person,
		.campaign = optout == ZV_TALK_OUT_CAMPAIGN ? zv_call_campaign(c)->id : 0,
		.source = ZV_SUPPRESS_KEY, .to_ms = INT64_MAX, .token = call->attempt});
}

void zv_call_act(const struct zv_call_ctx *c, struct zv_talk_act a)
{
	const struct zv_offer *offer = &c->e->params.slabs.v[c->call->slab];
	struct zv_cmd *cmd;

	opt_out(c, a.what == ZV_TALK_DO_END ? a.optout
					    : zv_talk_optout(&c->call->talk, zv_call_campaign(c)->script));
	switch ((enum zv_talk_do)a.what) {
	case ZV_TALK_DO_STOP_PLAY:
		zv_call_emit(c, ZV_CMD_MEDIA_STOP);
		/* fallthrough */
	case ZV_TALK_DO_PLAY:
		cmd = zv_call_emit(c, ZV_CMD_MEDIA_PLAY);
		cmd->u.play.prompt = offer->prompts[a.prompt];
		cmd->u.play.tag = a.tag;
		cmd->u.play.stop_on_key = a.barge_in;
		break;
	case ZV_TALK_DO_END:
		zv_call_emit(c, ZV_CMD_HANGUP);
		end_talk(c, (enum zv_outcome)a.outcome, a.result);
		return;
	case ZV_TALK_DO_AGENT:
		zv_call_wants_agent(c);
		return;
	case ZV_TALK_DO_NOTHING:
		break;
	}
	zv_call_deadline(c, c->call->talk.deadline_ms);
}

void zv_call_open_media(const struct zv_call_ctx *c)
{
	struct zv_cmd *cmd = zv_call_emit(c, ZV_CMD_MEDIA_OPEN);

	cmd->u.media.rtp_ip = c->ev->u.sip.rtp_ip;
	cmd->u.media.rtp_port = c->ev->u.sip.rtp_port;
	cmd->u.media.payload_type = c->ev->u.sip.payload_type;
	cmd->u.media.dtmf_type = c->ev->u.sip.dtmf_type;
	c->call->media_open = true;
}

static void on_answered(const struct zv_call_ctx *c)
{
	struct zv_call *call = c->call;

	on_trying(c);
	call->answer_ms = c->e->now.mono_ms;
	call->answer_cal_ms = c->e->now.cal_ms;
	call->dialed_ms += c->e->now.mono_ms - call->invite_ms;
	call->facts |= ZV_FACT_BIT(ZV_FACT_CONNECT);
	call->sip_code = (uint16_t)c->ev->code;
	zv_callback_answered(c->e, call->campaign, c->e->now.mono_ms - call->invite_ms);
	zv_keep_over(c->e, c->slot);
	c->e->stats.answered++;
	zv_call_ladder(c, ZV_LADDER_CONNECT, call->sip_code);
	memset(&call->talk, 0, sizeof(call->talk));
	zv_call_open_media(c);
	zv_call_who_answered(c);
}

void zv_call_robot(const struct zv_call_ctx *c)
{
	struct zv_call *call = c->call;

	zv_floor_answered(c->e, c->slot);
	zv_call_state(c, ZV_CALL_TALKING);
	zv_call_act(c, zv_talk_start(&call->talk, zv_call_campaign(c)->script, c->e->now.mono_ms));
}

/* A sub-attempt by the next trunk, if one may help and is free now. */
static bool fail_over(const struct zv_call_ctx *c, const struct zv_end_facts *facts,
		      enum zv_outcome outcome)
{
	struct zv_call *call = c->call;
	struct zv_route_ask ask = {
		.called = call->called, .tried = call->tried, .mono_ms = c->e->now.mono_ms,
		.borrow = true};
	int64_t again_ms;
	uint16_t trunk;
	uint64_t caller = call->caller;

	if (!zv_outcome_other_trunk(facts, outcome) || call->sub == UINT8_MAX || call->withdrawn ||
	    c->e->draining || !still_lawful(c) ||
	    zv_route_take(&c->e->router, &ask, &trunk, &again_ms) != ZV_ROUTE_OK)
		return false;
	/* A number of the old trunk's own pool means nothing to the new one. */
	if (zv_call_campaign(c)->n_callers == 0)
		caller = zv_route_caller(&c->e->router, zv_call_campaign(c), trunk, call->person,
					 c->e->now.cal_ms);
	if (caller == 0) {
		zv_route_heard(&c->e->router, trunk);
		zv_route_give(&c->e->router, trunk);
		return false;
	}
	zv_call_give_channel(c);
	call->caller = caller;
	call->trunk = trunk;
	call->tried |= UINT64_C(1) << trunk;
	call->channel = call->unanswered = true;
	call->sub++;
	call->ring_ms = 0;
	call->early = 0;
	call->sub_flushed = false;
	zv_call_close_media(c);
	c->e->stats.failovers++;
	zv_call_ladder(c, ZV_LADDER_SUB, facts->sip_code);
	zv_call_state(c, ZV_CALL_FAILOVER);
	zv_call_deadline(c, c->e->now.mono_ms + c->e->conf->store_wait_ms);
	return true;
}

static void on_failed(const struct zv_call_ctx *c)
{
	struct zv_call *call = c->call;
	struct zv_end_facts facts = {
		.sip_code = (uint16_t)c->ev->code,
		.q850 = c->ev->u.sip.q850,
		.local = c->ev->u.sip.local,
		.cancelled = c->ev->u.sip.cancelled,
		.heard_any = call->heard_any || !c->ev->u.sip.local,
		.early = call->early,
	};
	enum zv_outcome outcome = zv_outcome_of(&c->e->conf->trunks[call->trunk], &facts);

	call->dialed_ms += c->e->now.mono_ms - call->invite_ms;
	call->sip_code = facts.sip_code;
	call->q850 = facts.q850;
	if (outcome == ZV_OUT_FAILED)
		c->e->router.trunks[call->trunk].failed++;
	if (fail_over(c, &facts, outcome))
		return;
	heard(c);
	zv_call_close_media(c);
	zv_call_finish(c, outcome, 0);
}

/* All must be true: the sub-attempt is on disk, and the old trunk's leg and its early media are
 * gone. */
static void sub_ready(const struct zv_call_ctx *c)
{
	if (!c->call->sub_flushed || c->call->sip_open || c->call->media_open)
		return;
	c->call->gen++; /* late messages of the old trunk's leg are told apart */
	if (still_wanted(c)) {
		dial(c);
		return;
	}
	zv_call_finish(c, ZV_OUT_FAILED, 0);
	zv_call_free_if_done(c);
}

static void on_sub_flushed(const struct zv_call_ctx *c)
{
	c->call->sub_flushed = true;
	if (c->ev->u.flushed.err != 0)
		c->call->withdrawn = true;
	sub_ready(c);
}

static void on_ended(const struct zv_call_ctx *c)
{
	end_talk(c, c->call->talk.heard_key ? ZV_OUT_ANSWERED : ZV_OUT_SILENT, 0);
}

static void on_key(const struct zv_call_ctx *c)
{
	zv_call_listen_off(c); /* machines press no keys */
	zv_call_act(c, zv_talk_key(&c->call->talk, zv_call_campaign(c)->script, (char)c->ev->u.media.key,
			   c->e->now.mono_ms));
}

static void on_played(const struct zv_call_ctx *c)
{
	zv_call_act(c, zv_talk_played(&c->call->talk, zv_call_campaign(c)->script, c->ev->u.media.tag,
			      c->e->now.mono_ms));
}

static void on_talk_deadline(const struct zv_call_ctx *c)
{
	zv_call_deadline(c, 0);
	zv_call_act(c, zv_talk_timeout(&c->call->talk, zv_call_campaign(c)->script, c->e->now.mono_ms));
}

static void on_lost(const struct zv_call_ctx *c)
{
	zv_call_emit(c, ZV_CMD_HANGUP);
	end_talk(c, c->call->talk.heard_key ? ZV_OUT_ANSWERED : ZV_OUT_SILENT, 0);
}

/* sip has its own ring timer; this is the backstop behind it. */
static void on_dial_deadline(const struct zv_call_ctx *c)
{
	zv_call_emit(c, ZV_CMD_CANCEL);
	zv_call_deadline(c, c->e->now.mono_ms + ZV_CALL_ENDING_MS);
}

static void on_ending_deadline(const struct zv_call_ctx *c)
{
	if (c->call->sip_open)
		zv_call_emit(c, ZV_CMD_HANGUP);
	zv_call_deadline(c, c->e->now.mono_ms + ZV_CALL_ENDING_MS);
}

static void on_closed(const struct zv_call_ctx *c)
{
	c->call->sip_open = false;
	if (c->call->state == ZV_CALL_FAILOVER)
		sub_ready(c);
	else
		zv_call_free_if_done(c);
}

static void on_media_closed(const struct zv_call_ctx *c)
{
	c->call->media_open = false;
	if (c->call->state == ZV_CALL_FAILOVER)
		sub_ready(c);
	else
		zv_call_free_if_done(c);
}

/* Expected, and nothing is left to do: the end of a call that we ended ourselves. */
static void on_known(const struct zv_call_ctx *c)
{
	(void)c;
}

/* Somebody picked up and was gone before it was known who. */
static void on_silent(const struct zv_call_ctx *c)
{
	zv_call_emit(c, ZV_CMD_HANGUP);
	zv_call_close_media(c);
	zv_call_finish(c, ZV_OUT_SILENT, 0);
}

/* ---- the table ---- */

enum call_event {
	ON_RESERVED, ON_FLUSHED, ON_TRYING, ON_PROGRESS, ON_ANSWERED, ON_FAILED, ON_ENDED,
	ON_CLOSED, ON_KEY, ON_PLAYED, ON_LOST, ON_VERDICT, ON_MEDIA_CLOSED, ON_DEADLINE, CALL_EVENTS
};

typedef void (*call_fn)(const struct zv_call_ctx *c);

static const call_fn table[ZV_CALL_STATES][CALL_EVENTS] = {
	[ZV_CALL_RESERVE] = {[ON_RESERVED] = on_reserved},
	[ZV_CALL_INTENT] = {[ON_FLUSHED] = on_flushed, [ON_DEADLINE] = on_intent_late},
	[ZV_CALL_DIALING] = {[ON_TRYING] = on_trying, [ON_PROGRESS] = on_progress,
			     [ON_ANSWERED] = on_answered, [ON_FAILED] = on_failed,
			     [ON_ENDED] = on_failed, [ON_DEADLINE] = on_dial_deadline},
	[ZV_CALL_RINGING] = {[ON_TRYING] = on_trying, [ON_PROGRESS] = on_progress,
			     [ON_ANSWERED] = on_answered, [ON_FAILED] = on_failed,
			     [ON_ENDED] = on_failed, [ON_DEADLINE] = on_dial_deadline,
			     [ON_VERDICT] = zv_call_on_early, [ON_KEY] = on_known, [ON_LOST] = on_known},
	[ZV_CALL_TALKING] = {[ON_ENDED] = on_ended, [ON_FAILED] = on_ended, [ON_KEY] = on_key,
			     [ON_PLAYED] = on_played, [ON_LOST] = on_lost,
			     [ON_VERDICT] = zv_call_on_verdict, [ON_DEADLINE] = on_talk_deadline},
	[ZV_CALL_LISTENING] = {[ON_VERDICT] = zv_call_on_verdict, [ON_DEADLINE] = zv_call_on_listened,
			       [ON_ENDED] = on_silent, [ON_FAILED] = on_silent, [ON_LOST] = on_silent,
			       [ON_KEY] = zv_call_on_listened},
	[ZV_CALL_WAITING] = {[ON_ENDED] = zv_call_on_wait_ended, [ON_FAILED] = zv_call_on_wait_ended,
			     [ON_LOST] = zv_call_on_wait_ended, [ON_DEADLINE] = zv_call_on_waited,
			     [ON_VERDICT] = zv_call_on_verdict, [ON_KEY] = on_known, [ON_PLAYED] = on_known},
	[ZV_CALL_BRIDGED] = {[ON_ENDED] = zv_call_on_bridge_ended, [ON_FAILED] = zv_call_on_bridge_ended,
			     [ON_LOST] = zv_call_on_bridge_ended, [ON_VERDICT] = zv_call_on_verdict,
			     [ON_KEY] = on_known, [ON_PLAYED] = on_known},
	[ZV_CALL_WRAPUP] = {[ON_CLOSED] = zv_call_on_wrapup_closed,
			    [ON_MEDIA_CLOSED] = zv_call_on_wrapup_media, [ON_ENDED] = on_known,
			    [ON_PLAYED] = on_known, [ON_KEY] = on_known, [ON_LOST] = on_known,
			    [ON_VERDICT] = on_known},
	[ZV_CALL_MESSAGE] = {[ON_PLAYED] = zv_call_on_message_over, [ON_ENDED] = zv_call_on_message_over,
			     [ON_FAILED] = zv_call_on_message_over, [ON_LOST] = zv_call_on_message_over,
			     [ON_DEADLINE] = zv_call_on_message_over, [ON_KEY] = on_known,
			     [ON_VERDICT] = on_known},
	[ZV_CALL_VOICEMAIL] = {[ON_VERDICT] = zv_call_on_beep, [ON_PLAYED] = zv_call_on_machine_played,
			       [ON_ENDED] = zv_call_on_machine_gone, [ON_FAILED] = zv_call_on_machine_gone,
			       [ON_LOST] = zv_call_on_machine_gone, [ON_KEY] = on_known,
			       [ON_DEADLINE] = zv_call_on_machine_deadline},
	[ZV_CALL_FAILOVER] = {[ON_FLUSHED] = on_sub_flushed, [ON_CLOSED] = on_closed,
			      [ON_MEDIA_CLOSED] = on_media_closed, [ON_VERDICT] = on_known,
			      [ON_KEY] = on_known, [ON_LOST] = on_known, [ON_DEADLINE] = on_intent_late},
	[ZV_CALL_ENDING] = {[ON_CLOSED] = on_closed, [ON_MEDIA_CLOSED] = on_media_closed,
			    [ON_ENDED] = on_known, [ON_PLAYED] = on_known, [ON_KEY] = on_known,
			    [ON_LOST] = on_known, [ON_VERDICT] = on_known,
			    [ON_DEADLINE] = on_ending_deadline},
	[ZV_CALL_ADOPTED] = {[ON_ANSWERED] = zv_call_on_orphan_answered, [ON_FAILED] = zv_call_on_orphan_ended,
			     [ON_ENDED] = zv_call_on_orphan_ended, [ON_CLOSED] = zv_call_on_adopted_closed,
			     [ON_DEADLINE] = zv_call_on_orphan_over},
	[ZV_CALL_ORPHAN] = {[ON_PLAYED] = zv_call_on_orphan_over, [ON_ENDED] = zv_call_on_orphan_ended,
			    [ON_FAILED] = zv_call_on_orphan_ended, [ON_CLOSED] = zv_call_on_adopted_closed,
			    [ON_LOST] = zv_call_on_orphan_over, [ON_DEADLINE] = zv_call_on_orphan_over},
};

static enum call_event call_event_of(uint16_t type)
{
	switch (type) {
	case ZV_EV_RESERVED: return ON_RESERVED;
	case ZV_EV_INTENT_FLUSHED: return ON_FLUSHED;
	case ZV_EV_SIP_TRYING: return ON_TRYING;
	case ZV_EV_SIP_PROGRESS: return ON_PROGRESS;
	case ZV_EV_SIP_ANSWERED: return ON_ANSWERED;
	case ZV_EV_SIP_FAILED: return ON_FAILED;
	case ZV_EV_SIP_ENDED: return ON_ENDED;
	case ZV_EV_SIP_CLOSED: return ON_CLOSED;
	case ZV_EV_MEDIA_KEY: return ON_KEY;
	case ZV_EV_MEDIA_PLAYED: return ON_PLAYED;
	case ZV_EV_MEDIA_LOST: return ON_LOST;
	case ZV_EV_MEDIA_VERDICT: return ON_VERDICT;
	case ZV_EV_MEDIA_CLOSED: return ON_MEDIA_CLOSED;
	default: return CALL_EVENTS;
	}
}

void zv_call_event(struct zv_engine *e, const struct zv_event *ev)
{
	struct zv_call_ctx c = {.e = e, .slot = ev->leg.slot, .ev = ev};
	enum call_event what = call_event_of(ev->type);

	if (c.slot >= e->conf->max_calls || what == CALL_EVENTS ||
	    e->calls[c.slot].gen != ev->leg.gen) {
		e->stats.late_events++;
		return;
	}
	c.call = &e->calls[c.slot];
	if (table[c.call->state][what] == NULL)
		e->stats.late_events++;
	else
		table[c.call->state][what](&c);
}

/* Leaves most of the step's room to the event behind it: an opt-out or a pause gives back many
 * leads.  Timers that do not fit have the next step, which is due at once. */
void zv_call_timeouts(struct zv_engine *e)
{
	while (zv_heap_top_key(&e->timers) <= e->now.mono_ms &&
	       e->out->cap - e->out->n >= ZV_ENGINE_STEP_CMDS - 256) {
		uint32_t slot = zv_heap_top(&e->timers);
		struct zv_call_ctx c = {.e = e, .slot = slot};

		zv_heap_remove(&e->timers, slot);
		if (slot >= e->conf->max_calls) {
			if (slot < zv_side_base(e))
				zv_phone_timeout(e, slot);
			else
				zv_side_timeout(e, slot);
			continue;
		}
		c.call = &e->calls[slot];
		if (table[c.call->state][ON_DEADLINE] != NULL)
			table[c.call->state][ON_DEADLINE](&c);
	}
}
