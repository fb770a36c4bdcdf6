/* One thing at a time: what the engine does with the answers of the law. */
#include <criterion/criterion.h>

#include "dial/facts.h"
#include "dial/lead/recent.h"
#include "steps.h"

/* ---- what a yes and a no leave behind ---- */

Test(rules_engine, a_yes_stands_with_its_counts_before_the_intent_and_a_no_with_its_moment)
{
	struct zv_leg_id leg;
	uint16_t freq;

	start(1);
	freq = (uint16_t)(set_freq(&b->set, ZV_FACT_ATTEMPT, 1, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1) -
			  b->set.v);
	open_bed();
	fresh(0);
	offer(0, 0, 1);
	cr_assert_lt(cmd_of(ZV_CMD_EVIDENCE), cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.answer, ZV_ANSWER_YES);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.n_counts, 1);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.counts[0].rule, freq);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.rules_hash, b->set.rules.hash);
	cr_assert(zv_attempt_eq(cmd_of(ZV_CMD_EVIDENCE)->attempt, cmd_of(ZV_CMD_RESERVE)->attempt));
	answer(ZV_CMD_RESERVE, ZV_EV_RESERVED);
	cr_assert_eq(cmd_of(ZV_CMD_INTENT)->u.intent.channel, ZV_CHANNEL_VOICE_AI);
	cr_assert_eq(cmd_of(ZV_CMD_INTENT)->u.intent.rules_hash, b->set.rules.hash);
	leg = cmd_of(ZV_CMD_INTENT)->leg;
	answer(ZV_CMD_INTENT, ZV_EV_INTENT_FLUSHED);
	event(ZV_EV_SIP_PROGRESS, leg, 180);
	event(ZV_EV_SIP_FAILED, leg, 480);
	cr_assert_eq(cmd_of(ZV_CMD_OUTCOME)->u.outcome.facts,
		     ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) |
			     ZV_FACT_BIT(ZV_FACT_RING) | ZV_FACT_BIT(ZV_FACT_DIAL_SECONDS));
	cr_assert_eq(cmd_of(ZV_CMD_OUTCOME)->u.outcome.dial_s, 1);
	/* Another lead of the same person, while the first one's step is thought about. */
	offer(1, 0, 2);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.answer, ZV_ANSWER_NO);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.rule, freq);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.until_ms, moscow(1, 0));
	cr_assert_eq(cmd_of(ZV_CMD_DEFER)->u.step.due_ms, moscow(1, 0));
	for (int i = 0; i < 3; i++) {
		bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
		cr_assert_null(cmd_of(ZV_CMD_EVIDENCE), "said once");
	}
	end();
}

Test(rules_engine, an_attempt_in_flight_counts_as_whatever_it_may_become)
{
	struct zv_attempt_id self;

	start(1);
	set_freq(&b->set, ZV_FACT_CONVERSATION, 1, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	open_bed();
	(void)to_dial(0, 0);
	self = cmd_of(ZV_CMD_DIAL)->attempt;
	cr_assert_eq(b->persons[0].n_contacts, 1);
	cr_assert_eq(b->persons[0].contacts[0].open, 1);
	cr_assert(zv_attempt_eq(b->persons[0].contacts[0].attempt, self));
	end();
}

Test(rules_engine, a_contact_is_dated_by_its_intent_as_the_store_does)
{
	start(1);
	open_bed();
	fresh(0);
	offer(0, 0, 1);
	b->now.cal_ms += 5000; /* the reservation's owner takes its time */
	answer(ZV_CMD_RESERVE, ZV_EV_RESERVED);
	cr_assert_eq(b->persons[0].contacts[0].at_ms, cmd_of(ZV_CMD_INTENT)->cal_ms);
	end();
}

Test(rules_engine, what_was_not_sent_uses_no_quota)
{
	start(1);
	open_bed();
	bed_hold_all(b);
	bed_fill(b, 1, 100, 0, 1);
	bed_offer(b, 1);
	answer(ZV_CMD_RESERVE, ZV_EV_RESERVED);
	cr_assert_eq(b->persons[0].n_contacts, 1);
	bed_step(b, &(struct zv_event){.type = ZV_EV_DRAIN, .u.state.on = 1});
	bed_settle(b);
	cr_assert_eq(b->persons[0].n_contacts, 0);
	end();
}

Test(rules_engine, of_several_numbers_the_first_that_is_allowed_is_called)
{
	start(1);
	open_bed();
	fresh(0);
	b->persons[0].n_numbers = 2;
	b->persons[0].e164[1] = 79269999999;
	cr_assert(zv_person_suppress(&b->persons[0], &(struct zv_suppressed){
		.e164 = bed_number(0), .to_ms = INT64_MAX}));
	bed_fill(b, 0, 1, 0, 1);
	b->slabs[0].n_numbers = 2;
	b->slabs[0].numbers[1].e164 = 79269999999;
	bed_offer(b, 0);
	answer(ZV_CMD_RESERVE, ZV_EV_RESERVED);
	cr_assert_eq(cmd_of(ZV_CMD_INTENT)->u.intent.called, 79269999999);
	cr_assert_eq(cmd_of(ZV_CMD_INTENT)->u.intent.number, 1);
	end();
}

Test(rules_engine, a_rule_that_wants_an_agent_stops_a_robot)
{
	struct zv_rule *r;

	start(1);
	r = set_cooldown(&b->set, ZV_FACT_ABANDON, ZV_UNIT_HOUR, 72);
	r->effect = ZV_EFFECT_FORCE_AGENT;
	open_bed();
	fresh(0);
	cr_assert_eq(zv_person_add(&b->persons[0], &(struct zv_contact){
		.at_ms = b->now.cal_ms - SET_HOUR_MS, .e164 = bed_number(0),
		.facts = ZV_FACT_BIT(ZV_FACT_ABANDON), .channel = ZV_CHANNEL_VOICE_AI}, SET_DAY_MS * 60),
		ZV_OK);
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.detail, ZV_DETAIL_FORCE_AGENT);
	cr_assert_gt(cmd_of(ZV_CMD_DEFER)->u.step.due_ms, b->now.cal_ms + 70 * SET_HOUR_MS);
	end();
}

Test(rules_engine, an_unknown_attempt_counts_as_an_attempt_and_as_a_talk)
{
	start(2);
	set_freq(&b->set, ZV_FACT_CONVERSATION, 1, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	open_bed();
	for (uint32_t i = 0; i < 2; i++) {
		fresh(i);
		cr_assert_eq(zv_person_add(&b->persons[i], &(struct zv_contact){
			.at_ms = b->now.cal_ms - SET_HOUR_MS, .attempt = {1, i + 1},
			.facts = i == 0 ? zv_facts_of(ZV_OUT_UNKNOWN, 0, ZV_CHANNEL_VOICE_AI)
					: zv_facts_of(ZV_OUT_BUSY, ZV_FACT_BIT(ZV_FACT_ATTEMPT), 0),
			.channel = ZV_CHANNEL_VOICE_AI}, SET_DAY_MS * 60), ZV_OK);
		offer(i, i, 1);
		cr_assert_eq(cmd_of(ZV_CMD_RESERVE) != NULL, i == 1);
	}
	end();
}

Test(rules_engine, a_late_answer_of_before_the_crash_is_an_abandoned_call_of_the_held_person)
{
	struct zv_event adopt = {.type = ZV_EV_ADOPT, .leg = {3, 9}, .attempt = {5, 6}};

	start(2);
	set_cooldown(&b->set, ZV_FACT_ABANDON, ZV_UNIT_HOUR, 72);
	open_bed();
	adopt.u.adopt.campaign = 1;
	adopt.u.adopt.e164 = bed_number(0);
	for (uint32_t round = 0; round < 2; round++) {
		fresh(0); /* the second time as the store had it before the amendment */
		cr_assert_eq(zv_person_add(&b->persons[0], &(struct zv_contact){
			.at_ms = b->now.cal_ms - 60000, .attempt = {5, 6}, .e164 = bed_number(0),
			.facts = ZV_FACT_BIT(ZV_FACT_ATTEMPT), .channel = ZV_CHANNEL_VOICE_AI},
			SET_DAY_MS * 60), ZV_OK);
		bed_fill(b, 0, 1, 0, 1);
		b->slabs[0].due_ms = b->now.cal_ms + 100;
		bed_offer(b, 0);
		if (round == 0) {
			bed_step(b, &adopt);
			event(ZV_EV_SIP_ANSWERED, adopt.leg, 200);
			cr_assert(cmd_of(ZV_CMD_OUTCOME)->u.outcome.facts >> ZV_FACT_ABANDON & 1);
			cr_assert(cmd_of(ZV_CMD_OUTCOME)->u.outcome.facts >> ZV_FACT_LIVE_ANSWER & 1);
		}
		cr_assert(b->persons[0].contacts[0].facts >> ZV_FACT_ABANDON & 1);
		b->now.cal_ms += 100;
		bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
		cr_assert_null(cmd_of(ZV_CMD_RESERVE));
		cr_assert_not_null(cmd_of(ZV_CMD_DEFER));
		b->n_waiting = 0;
		bed_step(b, &(struct zv_event){.type = ZV_EV_STEP_FLUSHED, .leg.slot = 0});
	}
	end();
}

/* ---- campaigns ---- */

Test(rules_engine, a_campaign_that_does_not_say_what_it_is_for_does_not_start)
{
	start(1);
	b->conf.campaigns[0].purpose = 0;
	open_bed();
	bed_step(b, &(struct zv_event){.type = ZV_EV_CAMPAIGN, .code = 1, .u.state.on = 1});
	cr_assert_eq(told(ZV_TELL_UNSTATED)->campaign, 1);
	fresh(0);
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_not_null(cmd_of(ZV_CMD_RELEASE));
	end();
}

Test(rules_engine, without_rules_nothing_starts_until_they_are_loaded)
{
	struct zv_engine_conf *with;

	start(1);
	open_bed();
	with = malloc(sizeof(*with));
	*with = b->conf;
	b->conf.rules = NULL;
	cr_assert_eq(zv_engine_set_conf(b->engine, &b->conf), ZV_OK);
	bed_step(b, &(struct zv_event){.type = ZV_EV_CAMPAIGN, .code = 1, .u.state.on = 1});
	cr_assert_not_null(told(ZV_TELL_NO_RULES));
	fresh(0);
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(zv_engine_set_conf(b->engine, with), ZV_OK);
	fresh(0);
	offer(1, 0, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	end();
	free(with);
}

Test(rules_engine, a_ring_is_never_shorter_than_a_rule_asks_for)
{
	struct zv_leg_id leg;

	start(1);
	b->set.v[0].u.treat.ring_min_ms = 45000;
	b->conf.max_dialing_ms = 40000; /* the backstop must not cut it either */
	open_bed();
	leg = to_dial(0, 0);
	(void)leg;
	cr_assert_eq(cmd_of(ZV_CMD_DIAL)->u.dial.ring_ms, 45000);
	b->now.mono_ms += 44900;
	bed_step(b, &(struct zv_event){.type = ZV_EV_SUPPRESS, .u.suppress.person = 1});
	cr_assert_null(cmd_of(ZV_CMD_CANCEL));
	b->now.mono_ms += 10000;
	bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	cr_assert_not_null(cmd_of(ZV_CMD_CANCEL));
	end();
}

/* ---- opt-outs and marks ---- */

Test(rules_engine, a_lead_whose_person_opted_out_for_good_gets_the_category_for_that)
{
	start(1);
	b->conf.campaigns[0].denied_category = 7;
	open_bed();
	fresh(0);
	bed_fill(b, 0, 1, 0, 1);
	b->slabs[0].due_ms = b->now.cal_ms + SET_HOUR_MS; /* it waits: and need not */
	bed_offer(b, 0);
	bed_step(b, &(struct zv_event){.type = ZV_EV_SUPPRESS, .u.suppress.e164 = bed_number(0)});
	cr_assert_lt(cmd_of(ZV_CMD_SUPPRESS), cmd_of(ZV_CMD_STEP));
	cr_assert_eq(cmd_of(ZV_CMD_STEP)->u.step.kind, ZV_STEP_FINAL);
	cr_assert_eq(cmd_of(ZV_CMD_STEP)->u.step.category, 7);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.refusal, ZV_REFUSED_SUPPRESSED);
	end();
}

Test(rules_engine, an_opt_out_that_ends_leaves_the_lead_until_then)
{
	start(1);
	b->conf.campaigns[0].denied_category = 7;
	open_bed();
	bed_step(b, &(struct zv_event){.type = ZV_EV_SUPPRESS, .u.suppress.person = 1,
				       .u.suppress.to_ms = moscow(5, 0)});
	fresh(0);
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_STEP));
	cr_assert_eq(cmd_of(ZV_CMD_DEFER)->u.step.due_ms, moscow(5, 0));
	end();
}

Test(rules_engine, who_presses_the_key_has_opted_out_even_if_he_hangs_up_before_the_text_ends)
{
	struct zv_leg_id leg;
	struct zv_event key = {.type = ZV_EV_MEDIA_KEY};

	start(1);
	script_with_goodbye();
	open_bed();
	leg = to_dial(0, 0);
	event(ZV_EV_SIP_ANSWERED, leg, 200);
	cr_assert_null(cmd_of(ZV_CMD_SUPPRESS));
	key.leg = leg;
	key.u.media.key = '9';
	bed_step(b, &key);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.person, 1);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.e164, bed_number(0));
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.campaign, 0);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.source, ZV_SUPPRESS_KEY);
	event(ZV_EV_SIP_ENDED, leg, 0);
	cr_assert_null(cmd_of(ZV_CMD_SUPPRESS), "once");
	cr_assert(cmd_of(ZV_CMD_OUTCOME)->u.outcome.facts >> ZV_FACT_REFUSAL & 1);
	/* The next decision of any campaign knows. */
	offer(1, 0, 2);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.refusal, ZV_REFUSED_SUPPRESSED);
	end();
}

Test(rules_engine, a_flag_that_comes_while_the_intent_waits_stops_the_invite)
{
	struct zv_rule *r;
	struct zv_event mark = {.type = ZV_EV_MARK, .code = ZV_MARK_FLAG, .attempt = {9, 9}};
	uint64_t bankrupt = zv_rule_name("bankrupt", 8);

	start(1);
	r = set_rule(&b->set, "T-DENY", ZV_RULE_DENY);
	r->u.deny.n_flags = 1;
	r->u.deny.flags[0] = bankrupt;
	open_bed();
	(void)to_intent(0, 0);
	b->n_waiting = 1;
	mark.u.mark.person = 1;
	mark.u.mark.name = bankrupt;
	mark.u.mark.from_ms = 0;
	mark.u.mark.to_ms = INT64_MAX;
	b->n_waiting = 0;
	{
		struct zv_cmd intent = *cmd_of(ZV_CMD_INTENT);
		struct zv_event flushed = {.type = ZV_EV_INTENT_FLUSHED, .leg = intent.leg};

		bed_step(b, &mark);
		cr_assert_eq(cmd_of(ZV_CMD_MARK)->u.mark.name, bankrupt);
		bed_step(b, &flushed);
	}
	cr_assert_null(cmd_of(ZV_CMD_DIAL));
	cr_assert_eq(cmd_of(ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_NOT_SENT);
	cr_assert_eq(cmd_of(ZV_CMD_OUTCOME)->u.outcome.facts, 0);
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.detail, ZV_DETAIL_FLAG);
	end();
}

Test(rules_engine, contacts_of_others_count_and_are_acknowledged_when_they_are_on_disk)
{
	struct zv_event visit = {.type = ZV_EV_CONTACT, .attempt = {9, 1}};
	struct zv_event told_ev = {.type = ZV_EV_TOLD, .attempt = {9, 1}};

	start(1);
	set_freq(&b->set, ZV_FACT_VISIT, 0, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	b->set.rules.n--; /* only to show the form: a limit of talks is what counts here */
	set_freq(&b->set, ZV_FACT_CONVERSATION, 1, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	open_bed();
	visit.u.contact.person = 1;
	visit.u.contact.at_ms = b->now.cal_ms - SET_HOUR_MS;
	visit.u.contact.facts = ZV_FACT_BIT(ZV_FACT_CONVERSATION);
	visit.u.contact.channel = ZV_CHANNEL_VOICE_AGENT;
	bed_step(b, &visit);
	cr_assert_eq(cmd_of(ZV_CMD_CONTACT)->u.contact.person, 1);
	cr_assert_null(told(ZV_TELL_TOLD));
	fresh(0); /* an offer that was read before */
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_not_null(cmd_of(ZV_CMD_DEFER));
	told_ev.u.offer.txn = 5;
	bed_step(b, &told_ev);
	cr_assert(zv_attempt_eq(told(ZV_TELL_TOLD)->attempt, told_ev.attempt));
	end();
}

Test(rules_engine, a_shared_slab_that_was_let_go_meanwhile_is_not_believed)
{
	start(1);
	open_bed();
	fresh(0);
	offer(0, 0, 1);
	bed_settle(b); /* called, asked, released: the slab is the lookahead's again */
	cr_assert_eq(b->persons[0].person, 0);
	offer(1, 0, 1); /* which had offered it as shared before it knew */
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_not_null(cmd_of(ZV_CMD_RELEASE));
	fresh(0);
	offer(2, 0, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	end();
}

Test(rules_engine, while_an_opt_out_has_no_place_nothing_is_dialled)
{
	struct zv_event out = {.type = ZV_EV_SUPPRESS};
	struct zv_event hint = {.type = ZV_EV_DUE_HINT};

	start(2);
	open_bed();
	fresh(1);
	bed_fill(b, 9, 9, 1, 1);
	b->slabs[9].due_ms = b->now.cal_ms + SET_HOUR_MS;
	bed_offer(b, 9);
	for (uint32_t i = 0; i <= ZV_RECENT_MAX; i++) {
		out.attempt = (struct zv_attempt_id){50, i + 1};
		out.u.suppress.person = 1000000 + i;
		bed_step(b, &out);
		b->n_waiting = 0;
	}
	/* One that was held before waits, too. */
	b->now.cal_ms += SET_HOUR_MS;
	bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	fresh(0);
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	for (uint32_t i = 0; i <= ZV_RECENT_MAX; i++) {
		struct zv_event ev = {.type = ZV_EV_TOLD, .attempt = {50, i + 1}};

		ev.u.offer.txn = 100 + i;
		bed_step(b, &ev);
	}
	/* All on disk: an offer of before the last of them is not believed, a later one is. */
	b->txn = 100 + ZV_RECENT_MAX - 1;
	fresh(0);
	offer(1, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	b->txn = 100 + ZV_RECENT_MAX;
	hint.u.hint.txn = b->txn;
	bed_step(b, &hint);
	fresh(0);
	offer(2, 0, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	end();
}

/* ---- messages ---- */

static void step_with_messages(uint32_t slab, uint8_t n)
{
	struct zv_event ev = {.type = ZV_EV_STEP};

	ev.u.step.slab = slab;
	ev.u.step.kind = ZV_STEP_RETRY;
	ev.u.step.due_ms = b->now.cal_ms + SET_DAY_MS;
	ev.u.step.n_messages = n;
	b->n_waiting = 0;
	bed_step(b, &ev);
}

Test(rules_engine, messages_of_a_step_are_dated_to_lawful_times_and_counted_there)
{
	struct zv_leg_id leg;

	start(1);
	set_hours(&b->set, 10 * 60, 19 * 60);
	set_freq(&b->set, ZV_FACT_MESSAGE, 1, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	b->conf.campaigns[0].message_channels[0] = ZV_CHANNEL_EMAIL;
	b->now.cal_ms = moscow(0, 18 * 60 + 59);
	open_bed();
	leg = to_dial(0, 0);
	b->now.cal_ms = moscow(0, 19 * 60 + 1);
	event(ZV_EV_SIP_FAILED, leg, 486);
	step_with_messages(0, 3);
	for (uint32_t i = 0; i < 3; i++) {
		/* One a day, from ten o'clock on: tomorrow, the day after, ... */
		cr_assert_eq(cmd_of(ZV_CMD_STEP)->u.step.message_at_ms[i],
			     moscow((int)i + 1, 10 * 60), "message %u", i);
		cr_assert_eq(cmd_n(ZV_CMD_CONTACT, i)->u.contact.at_ms, moscow((int)i + 1, 10 * 60));
		cr_assert_eq(cmd_n(ZV_CMD_EVIDENCE, i)->u.evidence.answer, ZV_ANSWER_YES);
		cr_assert_eq(cmd_n(ZV_CMD_CONTACT, i)->u.contact.channel, ZV_CHANNEL_EMAIL);
	}
	cr_assert_neq(cmd_n(ZV_CMD_CONTACT, 0)->attempt.lo, cmd_n(ZV_CMD_CONTACT, 1)->attempt.lo);
	end();
}

Test(rules_engine, a_message_that_no_time_allows_is_never_sent)
{
	struct zv_leg_id leg;

	start(1);
	open_bed();
	leg = to_dial(0, 0);
	bed_step(b, &(struct zv_event){.type = ZV_EV_SUPPRESS, .u.suppress.person = 1});
	event(ZV_EV_SIP_FAILED, leg, 486);
	step_with_messages(0, 1);
	cr_assert_eq(cmd_of(ZV_CMD_STEP)->u.step.message_at_ms[0], ZV_NEVER_MS);
	cr_assert_null(cmd_of(ZV_CMD_CONTACT));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.answer, ZV_ANSWER_NO);
	end();
}

/* ---- ratios ---- */

static void abandon(uint32_t slot)
{
	struct zv_event ev = {.type = ZV_EV_ADOPT, .leg = {slot, 900}, .attempt = {4, slot}};

	ev.u.adopt.campaign = 1;
	ev.u.adopt.e164 = 1;
	bed_step(b, &ev);
	event(ZV_EV_SIP_ANSWERED, ev.leg, 200);
}

Test(rules_engine, over_the_limit_of_abandons_a_campaigns_dials_stop_until_the_window_ends)
{
	const uint32_t answers[ZV_FACTS] = {[ZV_FACT_LIVE_ANSWER] = 98, [ZV_FACT_ABANDON] = 1};
	struct zv_budget budget;
	struct zv_rule *r;

	start(4);
	r = set_rule(&b->set, "T-RATIO", ZV_RULE_RATIO);
	r->effect = ZV_EFFECT_STOP_CAMPAIGN;
	r->u.ratio.num = ZV_FACT_ABANDON;
	r->u.ratio.den = ZV_FACT_LIVE_ANSWER;
	r->u.ratio.key = ZV_KEY_CAMPAIGN;
	r->u.ratio.limit = 0.03;
	r->u.ratio.alarm_at = 0.015;
	r->u.ratio.window = (struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR,
						    .unit = ZV_UNIT_DAY, .n = 1};
	b->conf.campaigns[0].zone = b->conf.campaigns[1].zone = b->zone;
	b->conf.campaigns[0].zone_known = b->conf.campaigns[1].zone_known = true;
	open_bed();
	zv_engine_load_origin(b->engine, 1, moscow(0, 0));
	zv_engine_load_tally(b->engine, 1, (b->now.cal_ms - SET_HOUR_MS) / ZV_TALLY_MS, answers);
	(void)to_dial(0, 0);
	cr_assert(zv_engine_budget(b->engine, 1, &budget));
	cr_assert_eq(budget.num, 1);
	abandon(10);
	cr_assert_not_null(told(ZV_TELL_RATIO_ALARM), "2 of 99");
	abandon(11);
	cr_assert_null(told(ZV_TELL_RATIO_ALARM), "once a window");
	abandon(12);
	cr_assert_not_null(told(ZV_TELL_RATIO_STOP), "4 of 101");
	fresh(1);
	offer(1, 1, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_DEFER)->u.step.due_ms, moscow(1, 0));
	fresh(2);
	offer(2, 2, 2);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE), "the other campaign goes on");
	b->now.cal_ms = moscow(1, 1);
	fresh(3);
	offer(3, 3, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE), "a new day");
	end();
}

/* ---- other rules ---- */

Test(rules_engine, new_rules_hold_from_the_next_look_on_and_calls_in_progress_keep_theirs)
{
	struct set *other = calloc(1, sizeof(*other));
	struct zv_engine_conf *conf = malloc(sizeof(*conf));
	struct zv_leg_id talking;

	start(3);
	b->set.v[0].u.treat.ring_min_ms = 45000;
	script_with_goodbye();
	open_bed();
	talking = to_dial(0, 0);
	event(ZV_EV_SIP_ANSWERED, talking, 200);
	(void)to_intent(1, 1);
	set_start(other, b->zones);
	set_hours(other, 20 * 60, 21 * 60);
	other->rules.hash = 0x600d;
	set_finish(other);
	*conf = b->conf;
	conf->rules = &other->rules;
	{
		struct zv_event flushed = {.type = ZV_EV_INTENT_FLUSHED, .leg = cmd_of(ZV_CMD_INTENT)->leg};

		cr_assert_eq(zv_engine_set_conf(b->engine, conf), ZV_OK);
		memset(b->set.v, 0x5a, sizeof(b->set.v)); /* nobody looks at the old ones */
		b->n_waiting = 0;
		bed_step(b, &flushed);
	}
	cr_assert_null(cmd_of(ZV_CMD_DIAL), "the last look is by the new rules");
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.rules_hash, 0x600d);
	cr_assert_eq(cmd_of(ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_NOT_SENT);
	cr_assert_null(cmd_of(ZV_CMD_HANGUP), "who talks goes on talking");
	fresh(2);
	offer(2, 2, 1);
	cr_assert_eq(cmd_of(ZV_CMD_DEFER)->u.step.due_ms, moscow(0, 20 * 60));
	end();
	free(conf);
	free(other);
}

Test(rules_engine, leads_whose_ledger_reaches_too_short_for_new_rules_go_back)
{
	struct set *other = calloc(1, sizeof(*other));
	struct zv_engine_conf *conf = malloc(sizeof(*conf));

	start(2);
	open_bed();
	set_start(other, b->zones);
	set_freq(other, ZV_FACT_ATTEMPT, 100, ZV_WINDOW_ROLLING, ZV_UNIT_DAY, 30);
	set_finish(other);
	*conf = b->conf;
	conf->rules = &other->rules;
	for (uint32_t i = 0; i < 2; i++) {
		fresh(i);
		b->persons[i].since_ms = i == 0 ? b->now.cal_ms - SET_DAY_MS
						: b->now.cal_ms - 60 * SET_DAY_MS;
		bed_fill(b, i, i + 1, i, 1);
		b->slabs[i].due_ms = b->now.cal_ms + SET_HOUR_MS;
		bed_offer(b, i);
	}
	cr_assert_eq(zv_engine_set_conf(b->engine, conf), ZV_OK);
	bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	cr_assert_eq(cmd_of(ZV_CMD_RELEASE)->u.lead.slab, 0);
	cr_assert_null(cmd_n(ZV_CMD_RELEASE, 1), "the other one reaches far enough");
	end();
	free(conf);
	free(other);
}

/* ---- fast-forward ---- */

Test(rules_engine, the_calendar_does_not_cross_the_end_of_a_rules_hours_while_a_call_is_in_flight)
{
	struct zv_leg_id leg;

	start(2);
	set_hours(&b->set, 10 * 60, 19 * 60);
	b->conf.fast_forward = true;
	b->conf.fast_forward_until_ms = moscow(30, 0);
	b->now.cal_ms = moscow(0, 12 * 60);
	open_bed();
	leg = to_dial(0, 0);
	fresh(1);
	bed_fill(b, 1, 2, 1, 1);
	b->slabs[1].due_ms = moscow(0, 20 * 60);
	bed_offer(b, 1);
	for (int i = 0; i < 5; i++)
		bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	cr_assert_lt(b->now.cal_ms, moscow(0, 19 * 60));
	cr_assert_null(cmd_of(ZV_CMD_CALENDAR));
	event(ZV_EV_SIP_FAILED, leg, 486);
	b->n_waiting = 0;
	event(ZV_EV_SIP_CLOSED, leg, 0);
	step_with_messages(0, 0);
	bed_step(b, &(struct zv_event){.type = ZV_EV_STEP_FLUSHED, .leg.slot = 0});
	bed_step(b, &(struct zv_event){.type = ZV_EV_DUE_HINT, .code = 1});
	cr_assert_eq(cmd_of(ZV_CMD_CALENDAR)->u.calendar.to_ms, moscow(0, 20 * 60));
	end();
}
