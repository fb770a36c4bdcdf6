/* Agents in the engine: who gets a call, who is abandoned, what an agent's end of a talk does. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/set.h"
#include "dial/engine.h"

#define SLABS 200u
#define AGENTS 6u

/* Two campaigns, one agent a campaign and four for both; one call an idle agent. */
struct bed {
	struct zv_engine_conf conf;
	struct zv_talk_graph graph;
	struct zv_agent_conf agents[AGENTS];
	struct zv_zones *zones;
	struct zv_engine *engine;
	struct zv_now now;
	struct zv_cmds out;
	struct zv_offer slabs[SLABS];
	struct zv_person_slab persons[SLABS];
	struct set set;
	uint32_t abandons;
};

static struct zv_campaign_conf campaign_conf(struct bed *b, uint32_t id)
{
	struct zv_campaign_conf c = {.id = id, .enabled = true, .ring_ms = 30000, .talk_max_s = 600,
				     .script = &b->graph, .pace = ZV_PACE_PROGRESSIVE,
				     .wrapup_max_ms = 20000, .abandon_prompt = 77,
				     .pacing = {.patience_ms = 1500}};

	set_campaign(&c);
	for (int i = 0; i < 7; i++)
		c.hours[i] = (struct zv_day_hours){0, 1440};
	return c;
}

static struct bed *bed_create(void)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct zv_engine_params params = {
		.conf = &b->conf, .slabs = {b->slabs, SLABS}, .persons = {b->persons, SLABS},
		.node = 1, .epoch = 1, .seed = 1};
	uint16_t utc;

	cr_assert_eq(zv_zones_create(NULL, &b->zones), ZV_OK);
	cr_assert_eq(zv_zones_intern(b->zones, "UTC", &utc), ZV_OK);
	b->graph = (struct zv_talk_graph){
		.n_nodes = 1, .nodes = {{.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED}}};
	b->conf = (struct zv_engine_conf){.max_calls = 64, .max_dialing_ms = 90000,
					  .store_wait_ms = 5000, .n_trunks = 1, .n_campaigns = 2,
					  .zones = b->zones, .rules = &b->set.rules,
					  .n_agents = AGENTS, .agents = b->agents};
	set_start(&b->set, b->zones);
	set_finish(&b->set);
	b->conf.trunks[0] = (struct zv_trunk_conf){.name = "a", .enabled = true, .cps = 5000,
						   .channels = 64, .n_callers = 1,
						   .callers = {74950000000}};
	b->conf.campaigns[0] = campaign_conf(b, 7);
	b->conf.campaigns[1] = campaign_conf(b, 8);
	for (uint32_t i = 0; i < AGENTS; i++)
		b->agents[i] = (struct zv_agent_conf){.id = i + 1};
	b->agents[0].campaigns[0] = 1;
	b->agents[1].campaigns[0] = 2;
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

static const struct zv_cmd *cmd_of(const struct bed *b, enum zv_cmd_type type)
{
	for (uint32_t i = 0; i < b->out.n; i++)
		if (b->out.v[i].type == type)
			return &b->out.v[i];
	return NULL;
}

/* One event a millisecond; the ledger's owner and the disk answer at once. */
static void step(struct bed *b, struct zv_event ev)
{
	struct zv_cmd kept[256];
	uint32_t n = 0;

	b->now.mono_ms++;
	b->now.cal_ms++;
	b->out.n = 0;
	zv_engine_step(b->engine, &b->now, &ev, &b->out);
	for (uint32_t at = 0; at < b->out.n || n < 256;) {
		struct zv_cmd cmd;
		struct zv_event reply = {0};

		if (at == b->out.n)
			break;
		cmd = b->out.v[at++];
		reply.leg = cmd.leg;
		reply.attempt = cmd.attempt;
		if (cmd.type == ZV_CMD_LADDER && cmd.u.ladder.what == ZV_LADDER_ABANDON)
			b->abandons++;
		if (cmd.type == ZV_CMD_RESERVE)
			reply.type = ZV_EV_RESERVED;
		else if (cmd.type == ZV_CMD_INTENT)
			reply.type = ZV_EV_INTENT_FLUSHED;
		if (reply.type == 0)
			continue;
		memcpy(kept, b->out.v, sizeof(kept[0]) * (b->out.n < 256 ? b->out.n : 256));
		n = b->out.n;
		b->out.n = 0;
		zv_engine_step(b->engine, &b->now, &reply, &b->out);
		memmove(&b->out.v[n], &b->out.v[0], sizeof(kept[0]) * b->out.n);
		memcpy(b->out.v, kept, sizeof(kept[0]) * n);
		b->out.n += n;
	}
}

static void tick(struct bed *b, int64_t ms)
{
	b->now.mono_ms += ms - 1;
	b->now.cal_ms += ms - 1;
	step(b, (struct zv_event){.type = ZV_EV_TICK});
}

static void agent(struct bed *b, uint32_t i, enum zv_agent_does what, uint8_t result)
{
	struct zv_event ev = {.type = ZV_EV_AGENT, .code = i};

	ev.u.agent.what = (uint8_t)what;
	ev.u.agent.result = result;
	step(b, ev);
}

static void ready(struct bed *b, uint32_t i)
{
	agent(b, i, ZV_AD_LOGIN, 0);
	agent(b, i, ZV_AD_READY, 0);
}

static void offer(struct bed *b, uint32_t slab, uint32_t campaign)
{
	b->slabs[slab] = (struct zv_offer){
		.lead = slab + 1, .person = slab + 1, .campaign = campaign, .n_numbers = 1,
		.due_class = ZV_DUE_NORMAL, .due_ms = b->now.cal_ms - 1,
		.numbers = {{.e164 = 79160000000 + slab}}, .person_slab = slab};
	set_person(&b->persons[slab], slab + 1, 79160000000 + slab, 0);
	step(b, (struct zv_event){.type = ZV_EV_OFFER, .u.offer.slab = slab});
}

static void start(struct bed *b, uint32_t campaign)
{
	step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = campaign, .u.state.on = 1});
}

static struct zv_event on_leg(enum zv_event_type type, struct zv_leg_id leg, uint32_t code)
{
	return (struct zv_event){.type = (uint16_t)type, .leg = leg, .code = code};
}

static uint32_t calls(const struct bed *b)
{
	struct zv_engine_stats s;

	zv_engine_get_stats(b->engine, &s);
	return s.calls;
}

/* Waits until the pacer lets a call out; its leg. */
static struct zv_leg_id dialled(struct bed *b)
{
	for (int i = 0; i < 100; i++) {
		const struct zv_cmd *dial = cmd_of(b, ZV_CMD_DIAL);

		if (dial != NULL)
			return dial->leg;
		tick(b, 100);
	}
	cr_assert_fail("nobody is dialled");
	return (struct zv_leg_id){0};
}

Test(floor, nobody_is_dialled_while_no_agent_is_ready)
{
	struct bed *b = bed_create();

	start(b, 7);
	for (uint32_t i = 0; i < 20; i++)
		offer(b, i, 7);
	for (int i = 0; i < 100; i++)
		tick(b, 100);
	cr_expect_eq(calls(b), 0);
	agent(b, 2, ZV_AD_LOGIN, 0);
	tick(b, 500);
	cr_expect_eq(calls(b), 0, "he has not said that he is ready");
	agent(b, 2, ZV_AD_READY, 0);
	(void)dialled(b);
	for (int i = 0; i < 20; i++)
		tick(b, 100);
	cr_expect_eq(calls(b), 1, "one call an idle agent");
	bed_destroy(b);
}

Test(floor, an_answered_person_is_bridged_in_the_same_step_and_the_card_goes_first)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg;
	uint32_t card = 0, bridge = 0;

	start(b, 7);
	ready(b, 3);
	offer(b, 0, 7);
	leg = dialled(b);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	for (uint32_t i = 0; i < b->out.n; i++) {
		card = b->out.v[i].type == ZV_CMD_CARD ? i + 1 : card;
		bridge = b->out.v[i].type == ZV_CMD_BRIDGE ? i + 1 : bridge;
	}
	cr_assert(card > 0 && card < bridge);
	cr_expect_eq(b->out.v[bridge - 1].u.agent.agent, 3);
	cr_expect_eq(zv_engine_agent(b->engine, 3)->state, ZV_AG_TALKING);
	tick(b, 60000);
	step(b, on_leg(ZV_EV_SIP_ENDED, leg, 0));
	cr_expect_null(cmd_of(b, ZV_CMD_OUTCOME), "its result is still to be written down");
	cr_expect_eq(zv_engine_agent(b->engine, 3)->state, ZV_AG_WRAPUP);
	step(b, on_leg(ZV_EV_SIP_CLOSED, leg, 0));
	tick(b, 9000);
	agent(b, 3, ZV_AD_DONE, 2);
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	cr_expect_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ANSWERED);
	cr_expect_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.result, 2);
	cr_expect_lt(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.end_ms, 62000, "the wrap-up is no talk");
	cr_expect(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.facts & ZV_FACT_BIT(ZV_FACT_CONVERSATION));
	cr_expect_not_null(cmd_of(b, ZV_CMD_ASK));
	cr_expect_eq(zv_engine_agent(b->engine, 3)->state, ZV_AG_READY);
	step(b, on_leg(ZV_EV_MEDIA_CLOSED, leg, 0));
	cr_expect_eq(calls(b), 0, "the line is free again");
	bed_destroy(b);
}

Test(floor, whom_nobody_is_there_for_hears_the_message_and_counts_once)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg;
	struct zv_event played;

	start(b, 7);
	ready(b, 3);
	offer(b, 0, 7);
	leg = dialled(b);
	agent(b, 3, ZV_AD_PAUSE, 0);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	cr_expect_null(cmd_of(b, ZV_CMD_BRIDGE));
	tick(b, 1400);
	cr_expect_null(cmd_of(b, ZV_CMD_MEDIA_PLAY), "he still waits");
	tick(b, 200);
	cr_assert_not_null(cmd_of(b, ZV_CMD_MEDIA_PLAY));
	cr_expect_eq(cmd_of(b, ZV_CMD_MEDIA_PLAY)->u.play.prompt, 77);
	cr_expect_eq(b->abandons, 1);
	played = on_leg(ZV_EV_MEDIA_PLAYED, leg, 0);
	played.u.media.tag = 1;
	step(b, played);
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	cr_expect_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ABANDONED);
	cr_expect_not_null(cmd_of(b, ZV_CMD_HANGUP));
	cr_expect_eq(b->abandons, 1);
	bed_destroy(b);
}

Test(floor, a_waiting_person_gets_the_first_agent_who_becomes_free)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg;

	start(b, 7);
	ready(b, 3);
	offer(b, 0, 7);
	leg = dialled(b);
	agent(b, 3, ZV_AD_PAUSE, 0);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	tick(b, 700);
	ready(b, 1);
	cr_expect_null(cmd_of(b, ZV_CMD_BRIDGE), "he serves the other campaign");
	ready(b, 0);
	cr_assert_not_null(cmd_of(b, ZV_CMD_BRIDGE));
	cr_expect_eq(cmd_of(b, ZV_CMD_BRIDGE)->u.agent.agent, 0);
	tick(b, 5000);
	cr_expect_eq(b->abandons, 0);
	bed_destroy(b);
}

Test(floor, an_agent_whose_phone_breaks_is_out_and_the_call_has_its_outcome)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg;

	start(b, 7);
	ready(b, 3);
	offer(b, 0, 7);
	leg = dialled(b);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	agent(b, 3, ZV_AD_LEG_LOST, 0);
	cr_expect_not_null(cmd_of(b, ZV_CMD_HANGUP));
	cr_expect_eq(zv_engine_agent(b->engine, 3)->state, ZV_AG_WRAPUP);
	step(b, on_leg(ZV_EV_SIP_ENDED, leg, 0));
	for (int i = 0; i < 25 && cmd_of(b, ZV_CMD_OUTCOME) == NULL; i++)
		tick(b, 1000);
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME), "the wrap-up has an end of its own");
	cr_expect_eq(zv_engine_agent(b->engine, 3)->state, ZV_AG_OFFLINE);
	bed_destroy(b);
}

Test(floor, a_campaign_that_may_not_dial_hides_no_leads_of_another)
{
	struct bed *b = bed_create();

	b->conf.campaigns[0].max_calls = 1;
	start(b, 7);
	start(b, 8);
	for (uint32_t i = 2; i < AGENTS; i++)
		ready(b, i);
	for (uint32_t i = 0; i < 30; i++)
		offer(b, i, 7);
	for (uint32_t i = 30; i < 40; i++)
		offer(b, i, 8);
	for (int i = 0; i < 40; i++)
		tick(b, 100);
	cr_expect_eq(calls(b), 4, "one of the first campaign and three of the second for four agents");
	bed_destroy(b);
}

Test(floor, campaigns_that_share_agents_do_not_dial_for_the_same_one_twice)
{
	struct bed *b = bed_create();

	start(b, 7);
	start(b, 8);
	ready(b, 4);
	for (uint32_t i = 0; i < 10; i++)
		offer(b, i, i % 2 == 0 ? 7 : 8);
	for (int i = 0; i < 40; i++)
		tick(b, 100);
	cr_expect_eq(calls(b), 1);
	bed_destroy(b);
}

Test(floor, nobody_is_dialled_for_an_idle_agent_who_may_not_take_the_call)
{
	struct bed *b = bed_create();

	start(b, 7);
	start(b, 8);
	ready(b, 1); /* of the pool that both share, but he serves the second campaign alone */
	for (uint32_t i = 0; i < 10; i++)
		offer(b, i, 7);
	for (int i = 0; i < 40; i++)
		tick(b, 100);
	cr_expect_eq(calls(b), 0);
	offer(b, 20, 8);
	for (int i = 0; i < 40; i++)
		tick(b, 100);
	cr_expect_eq(calls(b), 1);
	bed_destroy(b);
}

Test(floor, a_robot_that_hears_yes_leads_to_an_agent_or_goes_on)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg;
	struct zv_event key;

	b->graph = (struct zv_talk_graph){
		.n_nodes = 4, .nodes = {
			{.op = ZV_TALK_ASK, .prompt = ZV_TALK_NONE, .wrong_prompt = ZV_TALK_NONE,
			 .wait_ms = 5000, .no_input = 3, .wrong_key = ZV_TALK_NONE},
			{.op = ZV_TALK_AGENT, .wait_ms = 3000, .no_input = 2},
			{.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 5},
			{.op = ZV_TALK_END, .outcome = ZV_OUT_SILENT}}};
	memset(b->graph.nodes[0].on_key, ZV_TALK_NONE, sizeof(b->graph.nodes[0].on_key));
	b->graph.nodes[0].on_key[1] = 1;
	b->conf.campaigns[0].pace = ZV_PACE_ROBOT;
	b->conf.campaigns[0].pacing.robot_agents = 1;
	{
		uint8_t node;
		const char *text;

		cr_assert_eq(zv_talk_check(&b->graph, &node, &text), ZV_OK, "%u %s", node, text);
	}
	cr_assert_eq(zv_engine_set_conf(b->engine, &b->conf), ZV_OK);
	start(b, 7);
	ready(b, 3);
	offer(b, 0, 7);
	leg = dialled(b);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	key = on_leg(ZV_EV_MEDIA_KEY, leg, 0);
	key.u.media.key = '1';
	step(b, key);
	cr_assert_not_null(cmd_of(b, ZV_CMD_BRIDGE));
	agent(b, 3, ZV_AD_CALL_OVER, 4);
	agent(b, 3, ZV_AD_DONE, 0);
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	cr_expect_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.result, 4, "as he said when he hung up");
	step(b, on_leg(ZV_EV_SIP_ENDED, leg, 0));
	step(b, on_leg(ZV_EV_SIP_CLOSED, leg, 0));
	step(b, on_leg(ZV_EV_MEDIA_CLOSED, leg, 0));

	offer(b, 1, 7);
	leg = dialled(b);
	agent(b, 3, ZV_AD_PAUSE, 0);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	key.leg = leg;
	step(b, key);
	cr_expect_null(cmd_of(b, ZV_CMD_BRIDGE));
	for (int i = 0; i < 40 && cmd_of(b, ZV_CMD_OUTCOME) == NULL; i++)
		tick(b, 100);
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	cr_expect_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.result, 5, "the robot says that nobody is free");
	bed_destroy(b);
}

Test(floor, a_machine_is_no_person_and_nobody_waits_for_it)
{
	struct bed *b = bed_create();
	struct zv_leg_id leg;
	struct zv_event heard;

	b->conf.campaigns[0].detect = ZV_DETECT_BEFORE;
	b->conf.campaigns[0].detect_max_ms = 2000;
	start(b, 7);
	ready(b, 3);
	offer(b, 0, 7);
	leg = dialled(b);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	cr_expect_null(cmd_of(b, ZV_CMD_BRIDGE), "nobody knows yet who it is");
	heard = on_leg(ZV_EV_MEDIA_VERDICT, leg, 0);
	heard.u.media.cause = ZV_HEARD_MACHINE;
	step(b, heard);
	cr_assert_not_null(cmd_of(b, ZV_CMD_OUTCOME));
	cr_expect_eq(cmd_of(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_MACHINE);
	cr_expect_eq(zv_engine_agent(b->engine, 3)->state, ZV_AG_READY);
	step(b, on_leg(ZV_EV_SIP_CLOSED, leg, 0));

	offer(b, 1, 7);
	leg = dialled(b);
	step(b, on_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	tick(b, 2100);
	cr_expect_not_null(cmd_of(b, ZV_CMD_BRIDGE), "not sure by then: a person");
	bed_destroy(b);
}
