/* An engine with agents and a house that answers at once, for tests of when calls begin.  Its
 * clocks move only as the test says.  All commands of a step and of the answers to it are kept. */
#ifndef ZV_TEST_DIAL_BED_H
#define ZV_TEST_DIAL_BED_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/set.h"
#include "dial/engine.h"

#define BED_SLABS  4096u
#define BED_AGENTS 40u
#define BED_KEPT   65536u

struct bed {
	struct zv_engine_conf conf;
	struct zv_queue_conf queues[2];
	struct zv_talk_graph graph;
	struct zv_agent_conf agents[BED_AGENTS];
	struct zv_zones *zones;
	uint16_t utc;
	struct zv_engine *engine;
	struct zv_now now;
	struct zv_cmds out;
	struct zv_cmd *kept; /* what the last bed_step caused, answers included */
	uint32_t n_kept;
	struct zv_offer *slabs;
	struct zv_person_slab *persons;
	bool used[BED_SLABS];
	struct set set;
	uint64_t txn;
	bool hold_intents;   /* no INTENT_FLUSHED: the test sends it */
	struct zv_event step; /* what the strategy says; its slab is filled in */
	void (*judge)(void *arg, struct bed *b, const struct zv_cmd *cmd);
	void *arg;
};

static inline struct zv_campaign_conf bed_campaign(struct bed *b, uint32_t id)
{
	struct zv_campaign_conf c = {.id = id, .enabled = true, .ring_ms = 30000, .talk_max_s = 600,
				     .script = &b->graph, .pace = ZV_PACE_PROGRESSIVE,
				     .wrapup_max_ms = 20000, .pacing = {.patience_ms = 1500}};

	set_campaign(&c);
	for (int i = 0; i < 7; i++)
		c.hours[i] = (struct zv_day_hours){0, 1440};
	return c;
}

/* Two campaigns, 7 and 8; agents for both.  Rules, campaigns and queues may be changed before
 * bed_open. */
static inline struct bed *bed_create(uint32_t n_agents)
{
	struct bed *b = calloc(1, sizeof(*b));

	cr_assert_eq(zv_zones_create(NULL, &b->zones), ZV_OK);
	cr_assert_eq(zv_zones_intern(b->zones, "UTC", &b->utc), ZV_OK);
	b->graph = (struct zv_talk_graph){
		.n_nodes = 1, .nodes = {{.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED}}};
	b->conf = (struct zv_engine_conf){.max_calls = 512, .max_side = 64, .max_dialing_ms = 90000,
					  .store_wait_ms = 5000, .n_trunks = 1, .n_campaigns = 2,
					  .zones = b->zones, .n_agents = n_agents,
					  .agents = b->agents, .queues = b->queues};
	set_start(&b->set, b->zones);
	b->conf.trunks[0] = (struct zv_trunk_conf){.name = "a", .enabled = true, .cps = 5000,
						   .channels = 512, .unanswered_max = 512,
						   .n_callers = 1, .callers = {74950000000}};
	b->conf.campaigns[0] = bed_campaign(b, 7);
	b->conf.campaigns[1] = bed_campaign(b, 8);
	for (uint32_t i = 0; i < BED_AGENTS; i++)
		b->agents[i] = (struct zv_agent_conf){.id = 100 + i};
	b->now = (struct zv_now){INT64_C(1700000000000), 1000000};
	b->out = (struct zv_cmds){calloc(ZV_ENGINE_STEP_CMDS * 2, sizeof(struct zv_cmd)), 0,
				  ZV_ENGINE_STEP_CMDS * 2};
	b->kept = calloc(BED_KEPT, sizeof(*b->kept));
	b->slabs = calloc(BED_SLABS, sizeof(*b->slabs));
	b->persons = calloc(BED_SLABS, sizeof(*b->persons));
	b->txn = 1;
	b->step = (struct zv_event){.type = ZV_EV_STEP,
				    .u.step = {.kind = ZV_STEP_RETRY, .due_class = ZV_DUE_NORMAL,
					       .due_ms = b->now.cal_ms + SET_DAY_MS}};
	return b;
}

static inline void bed_open(struct bed *b)
{
	struct zv_engine_params params = {
		.conf = &b->conf, .slabs = {b->slabs, BED_SLABS}, .persons = {b->persons, BED_SLABS},
		.node = 1, .epoch = 1, .seed = 1};

	set_finish(&b->set);
	b->conf.rules = &b->set.rules;
	cr_assert_eq(zv_engine_create(&params, &b->engine), ZV_OK);
}

static inline void bed_destroy(struct bed *b)
{
	zv_engine_destroy(b->engine);
	zv_zones_destroy(b->zones);
	free(b->out.v);
	free(b->kept);
	free(b->slabs);
	free(b->persons);
	free(b);
}

/* What the ledger's owner, the disk, the strategy and sip say to it; type 0: nothing. */
static inline struct zv_event bed_reply(struct bed *b, const struct zv_cmd *cmd)
{
	struct zv_event ev = {.leg = cmd->leg, .attempt = cmd->attempt, .trunk = cmd->trunk};

	switch (cmd->type) {
	case ZV_CMD_RESERVE: ev.type = ZV_EV_RESERVED; break;
	case ZV_CMD_INTENT: ev.type = b->hold_intents ? 0 : ZV_EV_INTENT_FLUSHED; break;
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER:
		ev.type = ZV_EV_STEP_FLUSHED;
		ev.leg.slot = cmd->u.step.slab;
		break;
	case ZV_CMD_ASK:
		ev = b->step;
		ev.u.step.slab = cmd->u.lead.slab;
		break;
	case ZV_CMD_SUPPRESS:
	case ZV_CMD_MARK:
	case ZV_CMD_CONTACT:
	case ZV_CMD_KILL:
		ev.type = ZV_EV_TOLD;
		ev.u.offer.txn = ++b->txn;
		break;
	case ZV_CMD_RELEASE: b->used[cmd->u.lead.slab] = false; break;
	case ZV_CMD_CANCEL:
		ev.type = ZV_EV_SIP_FAILED;
		ev.code = 487;
		ev.u.sip.cancelled = 1;
		break;
	case ZV_CMD_HANGUP: ev.type = ZV_EV_SIP_CLOSED; break;
	case ZV_CMD_MEDIA_CLOSE: ev.type = ZV_EV_MEDIA_CLOSED; break;
	default: break;
	}
	return ev;
}

static inline void bed_one(struct bed *b, const struct zv_event *ev)
{
	b->out.n = 0;
	zv_engine_step(b->engine, &b->now, ev, &b->out);
	for (uint32_t i = 0; i < b->out.n; i++) {
		cr_assert_lt(b->n_kept, BED_KEPT);
		b->kept[b->n_kept++] = b->out.v[i];
		if (b->judge != NULL)
			b->judge(b->arg, b, &b->out.v[i]);
	}
}

/* One event, one millisecond later, and all the answers to it. */
static inline void bed_step(struct bed *b, struct zv_event ev)
{
	b->now.mono_ms++;
	b->now.cal_ms++;
	b->n_kept = 0;
	bed_one(b, &ev);
	for (uint32_t at = 0; at < b->n_kept; at++) {
		struct zv_event reply = bed_reply(b, &b->kept[at]);

		if (reply.type == 0)
			continue;
		bed_one(b, &reply);
		if (reply.type != ZV_EV_SIP_FAILED)
			continue;
		reply.type = ZV_EV_SIP_CLOSED;
		bed_one(b, &reply);
	}
}

static inline void bed_tick(struct bed *b, int64_t ms)
{
	b->now.mono_ms += ms - 1;
	b->now.cal_ms += ms - 1;
	bed_step(b, (struct zv_event){.type = ZV_EV_TICK});
}

static inline uint32_t bed_count(const struct bed *b, enum zv_cmd_type type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n_kept; i++)
		n += b->kept[i].type == type;
	return n;
}

static inline const struct zv_cmd *bed_cmd(const struct bed *b, enum zv_cmd_type type)
{
	for (uint32_t i = 0; i < b->n_kept; i++)
		if (b->kept[i].type == type)
			return &b->kept[i];
	return NULL;
}

static inline const struct zv_cmd *bed_told(const struct bed *b, enum zv_tell what)
{
	for (uint32_t i = 0; i < b->n_kept; i++)
		if (b->kept[i].type == ZV_CMD_TELL && b->kept[i].u.tell.what == what)
			return &b->kept[i];
	return NULL;
}

static inline void bed_start(struct bed *b, uint32_t campaign)
{
	bed_step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = campaign, .u.state.on = 1});
}

static inline void bed_agent(struct bed *b, uint32_t i, enum zv_agent_does what)
{
	struct zv_event ev = {.type = ZV_EV_AGENT, .code = i};

	ev.u.agent.what = (uint8_t)what;
	bed_step(b, ev);
}

static inline void bed_ready(struct bed *b, uint32_t i)
{
	bed_agent(b, i, ZV_AD_LOGIN);
	bed_agent(b, i, ZV_AD_READY);
}

/* A lead with its own person and number, by its id; more may be set before it is sent. */
static inline struct zv_offer *bed_fill(struct bed *b, uint32_t lead, uint32_t campaign)
{
	uint32_t slab = 0;

	while (b->used[slab])
		slab++;
	cr_assert_lt(slab, BED_SLABS);
	b->used[slab] = true;
	b->slabs[slab] = (struct zv_offer){
		.lead = lead, .person = lead, .campaign = campaign, .n_numbers = 1, .zone = b->utc,
		.due_class = ZV_DUE_NORMAL, .due_ms = b->now.cal_ms - 1, .person_slab = slab,
		.numbers = {{.e164 = 79160000000 + lead}}};
	set_person(&b->persons[slab], lead, 79160000000 + lead, b->utc);
	return &b->slabs[slab];
}

static inline void bed_send(struct bed *b, const struct zv_offer *offer)
{
	bed_step(b, (struct zv_event){.type = ZV_EV_OFFER,
				      .u.offer = {.slab = (uint32_t)(offer - b->slabs), .txn = b->txn}});
}

static inline struct zv_event bed_leg(enum zv_event_type type, struct zv_leg_id leg, uint32_t code)
{
	return (struct zv_event){.type = (uint16_t)type, .leg = leg, .code = code};
}

/* He does not answer. */
static inline void bed_no_answer(struct bed *b, struct zv_leg_id leg)
{
	bed_step(b, bed_leg(ZV_EV_SIP_FAILED, leg, 480));
	bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
}

static inline struct zv_engine_stats bed_stats(const struct bed *b)
{
	struct zv_engine_stats s;

	zv_engine_get_stats(b->engine, &s);
	return s;
}

#endif
