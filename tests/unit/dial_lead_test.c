/* When a lead's call begins: hot ones, call-backs at their time, leads with an agent of their own,
 * promised first calls, and leads that are paid meanwhile. */
#include "dial_bed.h"

static void kill_lead(struct bed *b, uint64_t lead, uint64_t token)
{
	struct zv_event ev = {.type = ZV_EV_KILL, .attempt = {55, token}};

	ev.u.kill.lead = lead;
	ev.u.kill.campaign = 7;
	ev.u.kill.category = 3;
	bed_step(b, ev);
}

static bool killed_told(const struct bed *b, uint64_t token)
{
	const struct zv_cmd *told = bed_told(b, ZV_TELL_TOLD);

	return told != NULL && told->attempt.hi == 55 && told->attempt.lo == token;
}

/* ---- kills ---- */

Test(lead, a_paid_lead_that_waits_goes_back_without_a_call)
{
	struct bed *b = bed_create(2);
	struct zv_offer *o;

	bed_open(b);
	bed_start(b, 7);
	o = bed_fill(b, 1, 7);
	o->due_ms = b->now.cal_ms + 60000;
	bed_send(b, o);
	kill_lead(b, 1, 9);
	cr_expect_eq(bed_count(b, ZV_CMD_RELEASE), 1);
	cr_expect_eq(bed_count(b, ZV_CMD_STEP) + bed_count(b, ZV_CMD_DEFER), 0);
	cr_assert_eq(bed_count(b, ZV_CMD_KILL), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_KILL)->u.kill.lead, 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_KILL)->u.kill.category, 3);
	cr_expect(killed_told(b, 9));
	bed_ready(b, 0);
	bed_tick(b, 120000);
	cr_expect_eq(bed_stats(b).dials, 0);
	bed_destroy(b);
}

Test(lead, a_ringing_call_of_a_paid_lead_is_cancelled_and_its_step_is_the_last)
{
	struct bed *b = bed_create(2);

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_send(b, bed_fill(b, 1, 7));
	bed_tick(b, 100);
	cr_assert_eq(bed_stats(b).dialing, 1);
	kill_lead(b, 1, 9);
	cr_expect_eq(bed_count(b, ZV_CMD_CANCEL), 1);
	cr_expect_eq(bed_count(b, ZV_CMD_OUTCOME), 1);
	cr_expect_eq(bed_count(b, ZV_CMD_ASK), 0, "the strategy has nothing to say");
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.kind, ZV_STEP_FINAL);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.category, 3);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.due_ms, 0);
	cr_expect(killed_told(b, 9));
	cr_expect_eq(bed_stats(b).calls, 0);
	cr_expect_eq(bed_stats(b).offers_held, 0);
	bed_destroy(b);
}

Test(lead, a_talk_about_a_paid_lead_goes_on_and_its_step_is_the_last)
{
	struct bed *b = bed_create(2);
	struct zv_leg_id leg;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_send(b, bed_fill(b, 1, 7));
	bed_tick(b, 100);
	leg = (struct zv_leg_id){0, 1};
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	cr_assert_eq(bed_stats(b).talking, 1);
	kill_lead(b, 1, 9);
	cr_expect_eq(bed_count(b, ZV_CMD_CANCEL) + bed_count(b, ZV_CMD_HANGUP), 0);
	cr_expect_eq(bed_stats(b).talking, 1);
	bed_tick(b, 30000);
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, leg, 0));
	bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
	bed_agent(b, 0, ZV_AD_DONE);
	cr_expect_eq(bed_count(b, ZV_CMD_ASK), 0);
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.kind, ZV_STEP_FINAL);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.category, 3);
	bed_destroy(b);
}

Test(lead, what_the_strategy_says_of_a_lead_that_was_paid_meanwhile_is_not_done)
{
	struct bed *b = bed_create(2);
	struct zv_event answer = b->step;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_send(b, bed_fill(b, 1, 7));
	bed_tick(b, 100);
	b->step.type = 0; /* the strategy thinks */
	bed_no_answer(b, (struct zv_leg_id){0, 1});
	kill_lead(b, 1, 9);
	cr_expect_eq(bed_count(b, ZV_CMD_STEP), 0);
	answer.u.step.slab = 0;
	answer.u.step.n_messages = 1;
	bed_step(b, answer);
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.kind, ZV_STEP_FINAL);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.category, 3);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.n_messages, 0);
	bed_destroy(b);
}

Test(lead, an_offer_that_was_read_before_the_kill_is_not_believed)
{
	struct bed *b = bed_create(2);
	struct zv_event late = {.type = ZV_EV_OFFER};
	uint64_t before;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	before = b->txn;
	kill_lead(b, 1, 9);
	cr_expect(killed_told(b, 9), "nothing is held of it, and it is told all the same");
	late.u.offer.slab = (uint32_t)(bed_fill(b, 1, 7) - b->slabs);
	late.u.offer.txn = before;
	bed_step(b, late);
	cr_expect_eq(bed_count(b, ZV_CMD_RELEASE), 1);
	/* Another lead of the same person is another matter. */
	late.u.offer.slab = (uint32_t)(bed_fill(b, 2, 7) - b->slabs);
	bed_step(b, late);
	bed_tick(b, 100);
	cr_expect_eq(bed_stats(b).dials, 1);
	bed_destroy(b);
}

/* ---- hot leads ---- */

Test(lead, a_hot_lead_goes_at_once_though_thousands_wait_and_its_pacer_has_no_place)
{
	struct bed *b = bed_create(4);
	struct zv_offer *o;
	uint64_t dials;

	bed_open(b);
	bed_start(b, 7);
	for (uint32_t i = 0; i < 4; i++)
		bed_ready(b, i);
	for (uint32_t i = 0; i < 3000; i++)
		bed_send(b, bed_fill(b, i + 1, 7));
	bed_tick(b, 200);
	dials = bed_stats(b).dials;
	cr_expect_eq(dials, 4, "one call an idle agent");
	/* All four agents have a call that rings: the pacer is content. */
	o = bed_fill(b, 5000, 7);
	o->due_class = ZV_DUE_HOT;
	bed_send(b, o);
	cr_assert_eq(bed_count(b, ZV_CMD_DIAL), 1, "in the same step");
	cr_expect_eq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 79160005000);
	bed_destroy(b);
}

struct order {
	struct zv_leg_id leg;
	uint32_t dials;
	bool ringing, cold;
};

static void see_dial(void *arg, struct bed *b, const struct zv_cmd *cmd)
{
	struct order *o = arg;
	bool hot;

	(void)b;
	if (cmd->type != ZV_CMD_DIAL)
		return;
	hot = (cmd->u.dial.called - 79160000000) % 5 == 0;
	cr_assert(!hot || !o->cold, "a hot one after a cold one");
	o->cold = !hot;
	o->leg = cmd->leg;
	o->ringing = true;
	o->dials++;
}

Test(lead, all_hot_leads_go_before_any_other_in_every_campaign)
{
	struct bed *b = bed_create(1);
	struct order order = {0};

	b->conf.campaigns[0].priority = 0;
	b->conf.campaigns[1].priority = 9;
	b->judge = see_dial;
	b->arg = &order;
	bed_open(b);
	bed_start(b, 7);
	bed_start(b, 8);
	for (uint32_t i = 1; i <= 200; i++) {
		struct zv_offer *o = bed_fill(b, i, i % 2 == 0 ? 7 : 8);

		o->due_class = i % 5 == 0 ? ZV_DUE_HOT : ZV_DUE_NORMAL;
		o->due_ms = b->now.cal_ms - 1000 + i;
		bed_send(b, o);
	}
	bed_ready(b, 0);
	for (int i = 0; i < 4000 && order.dials < 200; i++) { /* a call a second: all fail */
		if (!order.ringing) {
			bed_tick(b, 200);
			continue;
		}
		order.ringing = false;
		bed_no_answer(b, order.leg);
	}
	cr_expect_eq(order.dials, 200, "%u, %u calls", order.dials, bed_stats(b).calls);
	bed_destroy(b);
}

/* ---- promised first calls ---- */

Test(lead, a_promised_first_call_goes_to_the_head_near_its_end_and_a_breach_is_told_once)
{
	struct bed *b = bed_create(1);
	struct zv_offer *o;

	b->conf.campaigns[0].sla_ms = 300000;
	bed_open(b);
	bed_start(b, 7);
	for (uint32_t i = 1; i <= 20; i++) {
		o = bed_fill(b, i, 7);
		o->due_ms = b->now.cal_ms - 100000;
		bed_send(b, o);
	}
	o = bed_fill(b, 1000, 7);
	o->due_class = ZV_DUE_LATER;
	o->accepted_ms = b->now.cal_ms;
	bed_send(b, o);
	bed_tick(b, 200000);
	bed_ready(b, 0);
	cr_expect_neq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 79160001000, "its class is the last");
	bed_agent(b, 0, ZV_AD_PAUSE);
	bed_no_answer(b, (struct zv_leg_id){0, 1});
	bed_tick(b, 41000);
	cr_expect_null(bed_told(b, ZV_TELL_SLA_BREACH));
	bed_agent(b, 0, ZV_AD_READY);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	cr_expect_eq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 79160001000, "most of its time is over");
	bed_tick(b, 100000);
	cr_expect_null(bed_told(b, ZV_TELL_SLA_BREACH), "it was called in time");
	cr_expect_eq(zv_engine_breaches(b->engine, 7), 0);
	bed_destroy(b);
}

Test(lead, a_breach_is_told_once_also_of_a_lead_that_is_offered_again)
{
	struct bed *b = bed_create(1);
	struct zv_offer *o;
	int64_t accepted_ms;

	b->conf.campaigns[0].sla_ms = 300000;
	bed_open(b);
	bed_start(b, 7);
	accepted_ms = b->now.cal_ms;
	o = bed_fill(b, 1000, 7);
	o->accepted_ms = accepted_ms;
	bed_send(b, o);
	bed_tick(b, 299000);
	cr_expect_null(bed_told(b, ZV_TELL_SLA_BREACH));
	bed_tick(b, 1001);
	cr_assert_not_null(bed_told(b, ZV_TELL_SLA_BREACH));
	cr_expect_eq(bed_told(b, ZV_TELL_SLA_BREACH)->attempt.hi, 1000);
	cr_expect_eq(bed_told(b, ZV_TELL_SLA_BREACH)->u.tell.value, 1);
	cr_expect_eq(bed_told(b, ZV_TELL_SLA_BREACH)->campaign, 7);
	bed_step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = 7});
	bed_start(b, 7);
	o = bed_fill(b, 1000, 7);
	o->accepted_ms = accepted_ms;
	bed_send(b, o);
	bed_tick(b, 1000);
	cr_expect_null(bed_told(b, ZV_TELL_SLA_BREACH));
	cr_expect_eq(zv_engine_breaches(b->engine, 7), 1);
	bed_destroy(b);
}

/* ---- call-backs ---- */

static struct zv_offer *callback(struct bed *b, uint32_t lead, int64_t due_ms)
{
	struct zv_offer *o = bed_fill(b, lead, 7);

	o->due_class = ZV_DUE_CALLBACK;
	o->due_ms = due_ms;
	return o;
}

/* Ticks until somebody is dialled; when that was. */
static int64_t next_dial(struct bed *b, int64_t until_ms)
{
	while (b->now.cal_ms < until_ms) {
		bed_tick(b, 10);
		if (bed_cmd(b, ZV_CMD_DIAL) != NULL)
			return b->now.cal_ms;
	}
	return 0;
}

Test(lead, a_call_back_begins_the_expected_ring_before_its_time)
{
	struct bed *b = bed_create(1);
	int64_t due_ms = b->now.cal_ms + 60000, at_ms;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_send(b, callback(b, 1, due_ms));
	at_ms = next_dial(b, due_ms + 1000);
	cr_expect_geq(at_ms, due_ms - 9000);
	cr_expect_lt(at_ms, due_ms - 9000 + 50, "%lld ms late", (long long)(at_ms - due_ms + 9000));
	bed_destroy(b);
}

Test(lead, the_expected_ring_is_the_median_of_those_that_were_answered)
{
	struct bed *b = bed_create(1);
	int64_t due_ms, at_ms;

	b->conf.campaigns[0].wrapup_max_ms = 1;
	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	for (uint32_t i = 1; i <= 100; i++) {
		struct zv_leg_id leg;

		bed_send(b, bed_fill(b, i, 7));
		if (bed_cmd(b, ZV_CMD_DIAL) == NULL)
			cr_assert_neq(next_dial(b, b->now.cal_ms + 10000), 0);
		leg = bed_cmd(b, ZV_CMD_DIAL)->leg;
		bed_tick(b, i % 3 == 0 ? 20000 : 4000); /* a third takes very long */
		bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
		bed_step(b, bed_leg(ZV_EV_SIP_ENDED, leg, 0));
		bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
		bed_tick(b, 1000);
	}
	due_ms = b->now.cal_ms + 60000;
	bed_send(b, callback(b, 5000, due_ms));
	at_ms = next_dial(b, due_ms + 1000);
	cr_expect_geq(at_ms, due_ms - 4500);
	cr_expect_leq(at_ms, due_ms - 3900, "%lld ms before", (long long)(due_ms - at_ms));
	bed_destroy(b);
}

Test(lead, a_robots_call_back_rings_at_the_time_that_was_said)
{
	struct bed *b = bed_create(0);
	int64_t due_ms = b->now.cal_ms + 60000, at_ms;

	b->conf.campaigns[0].pace = 0;
	bed_open(b);
	bed_start(b, 7);
	bed_send(b, callback(b, 1, due_ms));
	at_ms = next_dial(b, due_ms + 1000);
	cr_expect_geq(at_ms, due_ms);
	cr_expect_lt(at_ms, due_ms + 50);
	bed_destroy(b);
}

Test(lead, a_call_back_waits_for_its_agent_and_after_the_grace_takes_any)
{
	struct bed *b = bed_create(3);
	int64_t due_ms, at_ms;
	struct zv_offer *o;
	struct zv_leg_id talk;

	b->conf.campaigns[0].callback_grace_ms = 20000;
	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_send(b, bed_fill(b, 1, 7));
	if (bed_cmd(b, ZV_CMD_DIAL) == NULL)
		cr_assert_neq(next_dial(b, b->now.cal_ms + 10000), 0);
	talk = bed_cmd(b, ZV_CMD_DIAL)->leg;
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, talk, 200));
	cr_assert_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	bed_ready(b, 1);
	bed_ready(b, 2);
	due_ms = b->now.cal_ms + 30000;
	o = callback(b, 2, due_ms);
	o->owner = 1 + 100;
	bed_send(b, o);
	at_ms = next_dial(b, due_ms + 60000);
	cr_expect_geq(at_ms, due_ms - 9000 + 20000, "his own agent talks: it waits");
	cr_expect_lt(at_ms, due_ms - 9000 + 20000 + 300);
	/* Another, whose agent is free by then. */
	bed_no_answer(b, bed_cmd(b, ZV_CMD_DIAL)->leg);
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, talk, 0));
	bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, talk, 0));
	bed_agent(b, 0, ZV_AD_DONE);
	due_ms = b->now.cal_ms + 30000;
	o = callback(b, 3, due_ms);
	o->owner = 1 + 100;
	bed_send(b, o);
	at_ms = next_dial(b, due_ms + 60000);
	cr_expect_lt(at_ms, due_ms - 9000 + 50);
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, bed_cmd(b, ZV_CMD_DIAL)->leg, 200));
	cr_assert_eq(bed_count(b, ZV_CMD_BRIDGE), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_BRIDGE)->u.agent.agent, 0,
		     "his own, though the others have been idle for longer");
	bed_destroy(b);
}

Test(lead, whose_call_back_comes_is_not_given_another_call_while_others_are_idle)
{
	struct bed *b = bed_create(3);
	struct zv_offer *o;
	struct zv_leg_id leg;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_ready(b, 1);
	bed_send(b, bed_fill(b, 1, 7));
	if (bed_cmd(b, ZV_CMD_DIAL) == NULL)
		cr_assert_neq(next_dial(b, b->now.cal_ms + 10000), 0);
	leg = bed_cmd(b, ZV_CMD_DIAL)->leg;
	o = callback(b, 9000, b->now.cal_ms + 12000);
	o->owner = 1 + 100;
	bed_send(b, o);
	bed_tick(b, 300);
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	cr_assert_eq(bed_count(b, ZV_CMD_BRIDGE), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_BRIDGE)->u.agent.agent, 1, "the other has been idle for longer");
	bed_destroy(b);
}

Test(lead, an_agent_is_kept_from_the_pacer_before_a_call_back)
{
	struct bed *b = bed_create(2);
	int64_t due_ms;
	uint64_t before;

	bed_open(b);
	bed_start(b, 7);
	due_ms = b->now.cal_ms + 20000;
	bed_send(b, callback(b, 9000, due_ms));
	bed_tick(b, 7000); /* 13 s before: the ring, and 5 s */
	for (uint32_t i = 1; i <= 50; i++)
		bed_send(b, bed_fill(b, i, 7));
	bed_ready(b, 0);
	bed_ready(b, 1);
	bed_tick(b, 300);
	cr_expect_eq(bed_stats(b).dials, 1, "one of two idle agents is kept: %lu calls",
		     (unsigned long)bed_stats(b).dials);
	before = bed_stats(b).dials;
	cr_assert_neq(next_dial(b, due_ms), 0);
	cr_expect_eq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 79160009000);
	cr_expect_eq(bed_stats(b).dials, before + 1);
	bed_destroy(b);
}

Test(lead, a_call_back_keeps_a_line)
{
	struct bed *b = bed_create(0);
	int64_t due_ms;

	b->conf.campaigns[0].pace = 0;
	b->conf.trunks[0].channels = 8;
	bed_open(b);
	bed_start(b, 7);
	due_ms = b->now.cal_ms + 4000;
	bed_send(b, callback(b, 9000, due_ms));
	bed_tick(b, 300);
	for (uint32_t i = 1; i <= 50; i++)
		bed_send(b, bed_fill(b, i, 7));
	bed_tick(b, 300);
	cr_expect_eq(bed_stats(b).dials, 7);
	cr_assert_neq(next_dial(b, due_ms + 100), 0);
	cr_expect_eq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 79160009000);
	bed_destroy(b);
}
static void write_down(struct bed *b, uint32_t agent, int64_t wish_ms, bool anyone)
{
	struct zv_event ev = {.type = ZV_EV_DESK, .code = agent, .attempt = {66, 1}};

	ev.u.desk.what = ZV_DESK_DONE;
	ev.u.desk.to = ZV_AGENT_NONE;
	ev.u.desk.at_ms = wish_ms;
	ev.u.desk.anyone = anyone;
	bed_step(b, ev);
}

/* Dials the lead, talks, hangs up. */
static void talk_to(struct bed *b, uint32_t lead)
{
	struct zv_leg_id leg;

	bed_send(b, bed_fill(b, lead, 7));
	if (bed_cmd(b, ZV_CMD_DIAL) == NULL)
		cr_assert_neq(next_dial(b, b->now.cal_ms + 10000), 0);
	leg = bed_cmd(b, ZV_CMD_DIAL)->leg;
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	bed_tick(b, 30000);
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, leg, 0));
	bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
}

Test(lead, what_the_agent_agreed_goes_before_the_strategys_step)
{
	struct bed *b = bed_create(1);
	int64_t wish_ms = b->now.cal_ms + 2 * SET_HOUR_MS;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	b->step.u.step.kind = ZV_STEP_FINAL;
	b->step.u.step.category = 2;
	b->step.u.step.due_ms = 0;
	b->step.u.step.n_messages = 1;
	talk_to(b, 1);
	write_down(b, 0, wish_ms, false);
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.kind, ZV_STEP_RETRY);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.due_class, ZV_DUE_CALLBACK);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.due_ms, wish_ms);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.owner, 1 + 100);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.n_messages, 0);
	cr_expect_null(bed_told(b, ZV_TELL_CALLBACK_MOVED));
	bed_tick(b, 1000);
	talk_to(b, 2);
	write_down(b, 0, wish_ms, true);
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.owner, ZV_OWNER_NOBODY);
	/* To be forgotten is more than a call back. */
	b->step.u.step.remove = 1;
	bed_tick(b, 1000);
	talk_to(b, 3);
	write_down(b, 0, wish_ms, true);
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.kind, ZV_STEP_FINAL);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.remove, 1);
	bed_destroy(b);
}

Test(lead, an_agreed_time_outside_the_hours_is_moved_and_that_is_told)
{
	struct bed *b = bed_create(1);
	int64_t day_ms, open_ms;

	set_hours(&b->set, 9 * 60, 21 * 60);
	bed_open(b);
	day_ms = b->now.cal_ms / SET_DAY_MS * SET_DAY_MS + SET_DAY_MS;
	b->now.cal_ms = day_ms + 12 * SET_HOUR_MS;
	open_ms = day_ms + SET_DAY_MS + 9 * SET_HOUR_MS;
	bed_start(b, 7);
	bed_ready(b, 0);
	talk_to(b, 1);
	write_down(b, 0, day_ms + 22 * SET_HOUR_MS, false);
	cr_assert_eq(bed_count(b, ZV_CMD_STEP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.due_ms, open_ms);
	cr_assert_not_null(bed_told(b, ZV_TELL_CALLBACK_MOVED));
	cr_expect_eq(bed_told(b, ZV_TELL_CALLBACK_MOVED)->attempt.hi, 1);
	cr_expect_eq(bed_told(b, ZV_TELL_CALLBACK_MOVED)->attempt.lo, (uint64_t)open_ms);
	/* One that the rules have come to forbid is moved when its time comes. */
	b->now.cal_ms = day_ms + 22 * SET_HOUR_MS;
	bed_send(b, callback(b, 2, b->now.cal_ms + 60000));
	for (int i = 0; i < 600 && bed_cmd(b, ZV_CMD_DEFER) == NULL; i++)
		bed_tick(b, 100);
	cr_assert_eq(bed_count(b, ZV_CMD_DEFER), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_DEFER)->u.step.due_ms, open_ms);
	cr_expect_not_null(bed_told(b, ZV_TELL_CALLBACK_MOVED));
	/* ... and then it rings when they open, not the ring before. */
	b->now.cal_ms = open_ms - 20000;
	bed_send(b, callback(b, 2, open_ms));
	bed_ready(b, 0);
	cr_expect_geq(next_dial(b, open_ms + 5000), open_ms);
	cr_expect_lt(b->now.cal_ms, open_ms + 100);
	bed_destroy(b);
}
