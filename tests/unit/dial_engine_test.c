#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/set.h"
#include "dial/engine.h"

#define SLABS 1200u

/* An engine with two trunks, one campaign that is open all day, and a script that ends at once. */
struct bed {
	struct zv_engine_conf conf;
	struct zv_talk_graph graph;
	struct zv_zones *zones;
	struct zv_engine *engine;
	struct zv_now now;
	struct zv_cmds out;
	struct zv_offer slabs[SLABS];
	struct zv_person_slab persons[SLABS];
	struct set set;
};

static struct bed *bed_create(void)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct zv_engine_params params = {
		.conf = &b->conf, .slabs = {b->slabs, SLABS}, .persons = {b->persons, SLABS},
		.node = 1, .epoch = 1, .seed = 1};
	uint16_t utc;

	cr_assert_eq(zv_zones_create(NULL, &b->zones), ZV_OK);
	cr_assert_eq(zv_zones_intern(b->zones, "UTC", &utc), ZV_OK);
	cr_assert_eq(utc, 0);
	b->graph = (struct zv_talk_graph){
		.n_nodes = 1, .nodes = {{.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED}}};
	b->conf = (struct zv_engine_conf){.max_calls = SLABS, .max_dialing_ms = 90000,
					  .store_wait_ms = 5000, .n_trunks = 2, .n_campaigns = 1,
					  .zones = b->zones, .rules = &b->set.rules};
	set_start(&b->set, b->zones);
	set_finish(&b->set);
	for (int i = 0; i < 2; i++)
		b->conf.trunks[i] = (struct zv_trunk_conf){.name = {(char)('a' + i)}, .enabled = true,
							   .cps = 5000, .channels = SLABS,
							   .priority = (uint8_t)i, .n_callers = 1,
							   .callers = {74950000000}};
	b->conf.campaigns[0] = (struct zv_campaign_conf){.id = 7, .enabled = true, .ring_ms = 30000,
							 .script = &b->graph};
	set_campaign(&b->conf.campaigns[0]);
	for (int i = 0; i < 7; i++)
		b->conf.campaigns[0].hours[i] = (struct zv_day_hours){0, 1440};
	b->now = (struct zv_now){INT64_C(1700000000000), 1000000};
	b->out = (struct zv_cmds){calloc(ZV_ENGINE_STEP_CMDS, sizeof(struct zv_cmd)), 0,
				  ZV_ENGINE_STEP_CMDS};
	cr_assert_eq(zv_engine_create(&params, &b->engine), ZV_OK);
	return b;
}

static void bed_destroy(struct bed *b)
{
	zv_engine_destroy(b->engine);
	zv_zones_destroy(b->zones);
	free(b->out.v);
	free(b);
}

static void step(struct bed *b, struct zv_event ev)
{
	b->out.n = 0;
	zv_engine_step(b->engine, &b->now, &ev, &b->out);
}

/* The last step's command of a type, NULL if there was none. */
static const struct zv_cmd *cmd_of(const struct bed *b, enum zv_cmd_type type)
{
	for (uint32_t i = 0; i < b->out.n; i++)
		if (b->out.v[i].type == type)
			return &b->out.v[i];
	return NULL;
}

static uint32_t count(const struct bed *b, enum zv_cmd_type type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->out.n; i++)
		n += b->out.v[i].type == type;
	return n;
}

static void offer(struct bed *b, uint32_t slab)
{
	b->slabs[slab] = (struct zv_offer){
		.lead = slab + 1, .person = slab + 1, .campaign = 7, .n_numbers = 1,
		.due_class = ZV_DUE_NORMAL, .due_ms = b->now.cal_ms - 1,
		.numbers = {{.e164 = 79160000000 + slab}}, .person_slab = slab};
	set_person(&b->persons[slab], slab + 1, 79160000000 + slab, 0);
	step(b, (struct zv_event){.type = ZV_EV_OFFER, .u.offer.slab = slab});
}

/* Follows one command with the event that answers it. */
static void answer(struct bed *b, enum zv_cmd_type cmd, enum zv_event_type type)
{
	const struct zv_cmd *c = cmd_of(b, cmd);
	struct zv_event ev = {.type = (uint16_t)type};

	cr_assert_not_null(c);
	ev.leg = c->leg;
	ev.attempt = c->attempt;
	step(b, ev);
}

/* A call up to its INVITE; its leg. */
static struct zv_leg_id dial_one(struct bed *b, uint32_t slab)
{
	step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = 7, .u.state.on = 1});
	offer(b, slab);
	answer(b, ZV_CMD_RESERVE, ZV_EV_RESERVED);
	cr_assert_null(cmd_of(b, ZV_CMD_DIAL), "no INVITE before the intent is on disk");
	answer(b, ZV_CMD_INTENT, ZV_EV_INTENT_FLUSHED);
	cr_assert_not_null(cmd_of(b, ZV_CMD_DIAL));
	return cmd_of(b, ZV_CMD_DIAL)->leg;
}

Test(engine, dials_only_after_the_intent_is_on_disk_and_asks_when_the_call_failed)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg = dial_one(b, 0);

	b->now.mono_ms += 1000;
	step(b, (struct zv_event){.type = ZV_EV_SIP_FAILED, .code = 486, .leg = leg});
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_BUSY);
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.end_ms, 1000);
	cr_assert_not_null(cmd_of(b, ZV_CMD_ASK));
	bed_destroy(b);
}

Test(engine, a_503_goes_to_the_other_trunk_by_a_flushed_sub_attempt)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg = dial_one(b, 0);

	step(b, (struct zv_event){.type = ZV_EV_SIP_FAILED, .code = 503, .leg = leg});
	cr_assert_eq(cmd_of(b, ZV_CMD_LADDER)->u.ladder.what, ZV_LADDER_SUB);
	answer(b, ZV_CMD_LADDER, ZV_EV_INTENT_FLUSHED);
	cr_assert_null(cmd_of(b, ZV_CMD_DIAL), "the first leg is not gone yet");
	step(b, (struct zv_event){.type = ZV_EV_SIP_CLOSED, .leg = leg});
	cr_assert_eq(cmd_of(b, ZV_CMD_DIAL)->trunk, 1);
	cr_assert_eq(cmd_of(b, ZV_CMD_DIAL)->u.dial.sub, 1);
	bed_destroy(b);
}

Test(engine, an_opt_out_between_two_trunks_stops_the_second_invite)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg = dial_one(b, 0);
	struct zv_event flushed = {.type = ZV_EV_INTENT_FLUSHED, .leg = leg};

	step(b, (struct zv_event){.type = ZV_EV_SIP_FAILED, .code = 503, .leg = leg});
	step(b, (struct zv_event){.type = ZV_EV_SUPPRESS, .u.suppress.person = 1});
	step(b, flushed);
	step(b, (struct zv_event){.type = ZV_EV_SIP_CLOSED, .leg = leg});
	cr_assert_null(cmd_of(b, ZV_CMD_DIAL));
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	bed_destroy(b);
}

/* A thousand timers that end in one step may not use up the room of an opt-out's releases. */
Test(engine, an_opt_out_is_heard_in_a_step_full_of_timeouts)
{
	struct bed *b = bed_create();

	for (uint32_t i = 0; i < SLABS - 1; i++) {
		(void)dial_one(b, i);
		b->now.mono_ms++;
	}
	b->conf.campaigns[0].max_calls = SLABS - 1; /* the last lead waits for its line */
	offer(b, SLABS - 1);
	cr_assert_null(cmd_of(b, ZV_CMD_RESERVE));
	b->now.mono_ms += 95000; /* all have rung too long */
	step(b, (struct zv_event){.type = ZV_EV_SUPPRESS, .u.suppress.person = SLABS});
	cr_assert_gt(count(b, ZV_CMD_CANCEL), 100);
	cr_assert_eq(count(b, ZV_CMD_SUPPRESS), 1);
	cr_assert_eq(count(b, ZV_CMD_DEFER), 1);
	bed_destroy(b);
}

Test(engine, an_answer_within_the_first_millisecond_is_an_answer)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg = dial_one(b, 0);

	step(b, (struct zv_event){.type = ZV_EV_SIP_ANSWERED, .code = 200, .leg = leg});
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ANSWERED);
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.answer_ms, 1);
	bed_destroy(b);
}

Test(engine, an_answer_with_media_we_cannot_use_rings_nobody_again)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg = dial_one(b, 0);
	struct zv_event ev = {.type = ZV_EV_SIP_FAILED, .code = 488, .leg = leg};

	ev.u.sip.local = 1;
	step(b, ev);
	cr_assert_null(cmd_of(b, ZV_CMD_LADDER), "no sub-attempt by the other trunk");
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	bed_destroy(b);
}

Test(engine, a_call_of_before_the_crash_that_answers_has_no_made_up_distances)
{
	struct bed *b = bed_create();
	struct zv_event adopt = {.type = ZV_EV_ADOPT, .leg = {3, 9}, .attempt = {1, 2}};

	adopt.u.adopt.campaign = 7;
	step(b, adopt);
	cr_assert_eq(cmd_of(b, ZV_CMD_DIAL)->u.dial.adopt, 1);
	step(b, (struct zv_event){.type = ZV_EV_SIP_ANSWERED, .code = 200, .leg = {3, 9}});
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ABANDONED);
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.amend, 1);
	cr_assert_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.answer_ms, 0);
	bed_destroy(b);
}

Test(engine, nobody_is_rung_while_a_call_of_before_the_crash_may_still_ring_him)
{
	struct bed *b = bed_create();
	struct zv_event adopt = {.type = ZV_EV_ADOPT, .leg = {3, 9}, .attempt = {1, 2}};

	adopt.u.adopt.campaign = 7;
	adopt.u.adopt.person = 1;
	step(b, adopt);
	step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = 7, .u.state.on = 1});
	offer(b, 0); /* another lead of the same person */
	cr_expect_null(cmd_of(b, ZV_CMD_RESERVE));
	offer(b, 1);
	cr_expect_not_null(cmd_of(b, ZV_CMD_RESERVE), "others are called");
	step(b, (struct zv_event){.type = ZV_EV_SIP_FAILED, .code = 487, .leg = {3, 9}});
	step(b, (struct zv_event){.type = ZV_EV_SIP_CLOSED, .leg = {3, 9}});
	for (int i = 0; i < 10 && cmd_of(b, ZV_CMD_RESERVE) == NULL; i++) {
		b->now.mono_ms += 30000;
		b->now.cal_ms += 30000;
		step(b, (struct zv_event){.type = ZV_EV_TICK});
	}
	cr_expect_not_null(cmd_of(b, ZV_CMD_RESERVE), "now that the old leg is gone");
	bed_destroy(b);
}
