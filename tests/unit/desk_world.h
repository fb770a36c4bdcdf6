/* An engine with agents' phones, and a world that answers its commands at once: ledger's owner,
 * disk, sip and media.  Who hears whom is kept as media would: by the LINKs alone. */
#ifndef ZV_TEST_DESK_WORLD_H
#define ZV_TEST_DESK_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "../sim/set.h"
#include "dial/engine.h"

#define BED_SLABS  256u
#define BED_AGENTS 8u
#define BED_CALLS  32u
#define BED_PHONES 10u /* room for agents of a reload */
#define BED_SIDES  6u
#define BED_SLOTS  (BED_CALLS + BED_PHONES + BED_SIDES)

/* A leg as sip and media see it. */
struct bed_leg {
	uint32_t gen;
	struct zv_attempt_id attempt;
	bool sip, media;    /* something is left there */
	bool answered, late; /* late: HANGUP and CLOSE are not answered at once */
	bool hung_up, closing;
	int64_t asked_ms;   /* the first HANGUP or CLOSE */
	uint64_t plays;     /* what loops */
	bool records;
};

struct bed {
	struct zv_engine_conf conf;
	struct zv_talk_graph graph;
	struct zv_agent_conf agents[BED_AGENTS];
	struct zv_queue_conf queue;
	struct zv_zones *zones;
	struct zv_engine *engine;
	struct zv_now now;
	struct zv_cmds out;             /* of the last step */
	struct zv_cmd log[4096];        /* of all steps since `n_log` was set to 0 */
	uint32_t n_log;
	struct zv_offer slabs[BED_SLABS];
	struct zv_person_slab persons[BED_SLABS];
	bool offered[BED_SLABS];
	uint64_t leads, txn;            /* lead = leads * BED_SLABS + slab + 1 */
	struct set set;
	struct bed_leg legs[BED_SLOTS];
	bool hears[BED_SLOTS][BED_SLOTS]; /* [to][from] */
	struct zv_event todo[8192];     /* answers of the world, in order */
	uint32_t head, n_todo;
	uint64_t tokens, answers, last_err;
	uint64_t intents, outcomes[ZV_OUT_MAX], abandons, steps;
	struct zv_cmd agent_told[BED_AGENTS]; /* the last CMD_AGENT */
	uint64_t bridges, cards;
	const char *wrong;              /* what no world may see */
};

static inline struct zv_campaign_conf bed_campaign(struct bed *b, uint32_t id)
{
	struct zv_campaign_conf c = {.id = id, .enabled = true, .ring_ms = 30000, .talk_max_s = 600,
				     .script = &b->graph, .pace = ZV_PACE_PROGRESSIVE,
				     .wrapup_max_ms = 20000, .preview_max_ms = 30000,
				     .abandon_prompt = 77, .record = true,
				     .pacing = {.patience_ms = 1500}};

	set_campaign(&c);
	for (int i = 0; i < 7; i++)
		c.hours[i] = (struct zv_day_hours){0, 1440};
	return c;
}

static inline struct bed *bed_create(void)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct zv_engine_params params = {
		.conf = &b->conf, .slabs = {b->slabs, BED_SLABS}, .persons = {b->persons, BED_SLABS},
		.node = 1, .epoch = 1, .seed = 1};
	uint16_t utc;

	if (zv_zones_create(NULL, &b->zones) != ZV_OK || zv_zones_intern(b->zones, "UTC", &utc) != ZV_OK)
		abort();
	b->graph = (struct zv_talk_graph){
		.n_nodes = 1, .nodes = {{.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED}}};
	b->conf = (struct zv_engine_conf){
		.max_calls = BED_CALLS, .max_phones = BED_PHONES, .max_side = BED_SIDES,
		.phone_retry_ms = 1000, .max_dialing_ms = 60000, .store_wait_ms = 5000, .n_trunks = 1,
		.n_campaigns = 3, .zones = b->zones, .rules = &b->set.rules, .n_agents = BED_AGENTS,
		.agents = b->agents};
	set_start(&b->set, b->zones);
	set_finish(&b->set);
	b->conf.trunks[0] = (struct zv_trunk_conf){.name = "a", .enabled = true, .cps = 5000,
						   .channels = 200, .n_callers = 1,
						   .callers = {74950000000}};
	b->conf.campaigns[0] = bed_campaign(b, 7);
	b->conf.campaigns[1] = bed_campaign(b, 8); /* preview */
	b->conf.campaigns[1].pace = ZV_PACE_PREVIEW;
	b->conf.campaigns[1].mode = ZV_MODE_PREVIEW;
	b->conf.campaigns[2] = bed_campaign(b, 9); /* manual */
	b->conf.campaigns[2].pace = 0;
	b->conf.campaigns[2].mode = ZV_MODE_MANUAL;
	for (uint32_t i = 0; i < BED_AGENTS; i++)
		b->agents[i] = (struct zv_agent_conf){.id = i + 1, .supervisor = i >= 4,
						      .campaigns = {i == 5 ? 2 : 5}};
	b->queue = (struct zv_queue_conf){
		.campaign = 0, .priority = 0, .call_back = 1, .max_wait_ms = 40000, .say_every_ms = 7000,
		.greeting = 81, .closed = 82, .positions = {91, 92, 93, 94, 95, 96, 97, 98, 99, 100}};
	b->conf.n_queues = 1;
	b->conf.queues = &b->queue;
	b->now = (struct zv_now){INT64_C(1700000000000), 1000000};
	b->out = (struct zv_cmds){calloc(ZV_ENGINE_STEP_CMDS, sizeof(struct zv_cmd)), 0,
				  ZV_ENGINE_STEP_CMDS};
	if (zv_engine_create(&params, &b->engine) != ZV_OK)
		abort();
	return b;
}

static inline void bed_destroy(struct bed *b)
{
	zv_engine_destroy(b->engine);
	zv_zones_destroy(b->zones);
	free(b->out.v);
	free(b);
}

static inline uint32_t bed_phone(uint32_t agent)
{
	return BED_CALLS + agent;
}

static inline void bed_later(struct bed *b, const struct zv_event *ev)
{
	if (b->n_todo == 8192)
		abort();
	b->todo[(b->head + b->n_todo++) % 8192] = *ev;
}

static inline void bed_of_leg(struct bed *b, enum zv_event_type type, uint32_t slot, uint32_t code)
{
	struct zv_event ev = {.type = (uint16_t)type, .leg = {slot, b->legs[slot].gen}, .code = code,
			      .attempt = b->legs[slot].attempt};

	ev.u.sip.sdp = type == ZV_EV_SIP_ANSWERED;
	bed_later(b, &ev);
}

/* The far end, or we, ended it: nothing is left in sip. */
static inline void bed_sip_gone(struct bed *b, uint32_t slot, enum zv_event_type how, uint32_t code)
{
	struct bed_leg *leg = &b->legs[slot];

	if (!leg->sip)
		return;
	leg->sip = false;
	bed_of_leg(b, how, slot, code);
	bed_of_leg(b, ZV_EV_SIP_CLOSED, slot, 0);
}

static inline void bed_media_gone(struct bed *b, uint32_t slot)
{
	struct bed_leg *leg = &b->legs[slot];

	if (!leg->media)
		return;
	leg->media = false;
	for (uint32_t i = 0; i < BED_SLOTS; i++)
		if (b->hears[slot][i] || b->hears[i][slot])
			b->wrong = "a leg is closed while somebody hears it";
	if (leg->records)
		b->wrong = "a leg is closed while it is recorded";
	leg->plays = 0;
	bed_of_leg(b, ZV_EV_MEDIA_CLOSED, slot, 0);
}

static inline void bed_on_dial(struct bed *b, const struct zv_cmd *cmd)
{
	struct bed_leg *leg = &b->legs[cmd->leg.slot];

	if (cmd->u.dial.phone != (cmd->leg.slot >= BED_CALLS && cmd->leg.slot < BED_CALLS + BED_PHONES))
		b->wrong = "a phone is dialled as a number, or the reverse";
	if (leg->media)
		b->wrong = "a leg is dialled whose media is not closed";
	*leg = (struct bed_leg){.gen = cmd->leg.gen, .attempt = cmd->attempt, .sip = true};
}

static inline void bed_on_link(struct bed *b, const struct zv_cmd *cmd)
{
	uint32_t to = cmd->leg.slot, from = cmd->u.link.from.slot;

	if (cmd->u.link.on && (!b->legs[to].media || !b->legs[from].media ||
			       b->legs[to].gen != cmd->leg.gen || b->legs[from].gen != cmd->u.link.from.gen))
		b->wrong = "a leg that is not open is linked";
	if (b->hears[to][from] == (cmd->u.link.on != 0))
		b->wrong = "a link is made or cut twice";
	b->hears[to][from] = cmd->u.link.on != 0;
}

/* What the world does at a command. */
static inline void bed_do(struct bed *b, const struct zv_cmd *cmd)
{
	struct bed_leg *leg = cmd->leg.slot < BED_SLOTS ? &b->legs[cmd->leg.slot] : NULL;
	struct zv_event ev = {.leg = cmd->leg, .attempt = cmd->attempt};

	switch (cmd->type) {
	case ZV_CMD_RESERVE: ev.type = ZV_EV_RESERVED; bed_later(b, &ev); break;
	case ZV_CMD_INTENT: b->intents++; ev.type = ZV_EV_INTENT_FLUSHED; bed_later(b, &ev); break;
	case ZV_CMD_OUTCOME: b->outcomes[cmd->u.outcome.outcome]++; break;
	case ZV_CMD_LADDER:
		b->abandons += cmd->u.ladder.what == ZV_LADDER_ABANDON;
		if (cmd->u.ladder.what == ZV_LADDER_SUB) {
			ev.type = ZV_EV_INTENT_FLUSHED;
			bed_later(b, &ev);
		}
		break;
	case ZV_CMD_ASK:
		ev.type = ZV_EV_STEP;
		ev.u.step.slab = cmd->u.lead.slab;
		ev.u.step.kind = ZV_STEP_FINAL;
		ev.u.step.category = 1;
		bed_later(b, &ev);
		break;
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER:
		b->steps++;
		ev.type = ZV_EV_STEP_FLUSHED;
		ev.leg.slot = cmd->u.step.slab;
		bed_later(b, &ev);
		break;
	case ZV_CMD_KILL:
		ev.type = ZV_EV_TOLD;
		ev.u.offer.txn = ++b->txn;
		bed_later(b, &ev);
		break;
	case ZV_CMD_RELEASE: b->offered[cmd->u.lead.slab] = false; break;
	case ZV_CMD_ACCEPT:
		if (leg->media)
			b->wrong = "a call is accepted on a leg whose media is not closed";
		*leg = (struct bed_leg){.gen = cmd->leg.gen, .attempt = cmd->attempt, .sip = true,
					.answered = true};
		bed_of_leg(b, ZV_EV_SIP_ANSWERED, cmd->leg.slot, 200);
		break;
	case ZV_CMD_DIAL: bed_on_dial(b, cmd); break;
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP:
		leg->hung_up = true;
		leg->asked_ms = leg->asked_ms != 0 ? leg->asked_ms : b->now.mono_ms;
		if (!leg->late)
			bed_sip_gone(b, cmd->leg.slot, leg->answered ? ZV_EV_SIP_ENDED : ZV_EV_SIP_FAILED, 487);
		break;
	case ZV_CMD_MEDIA_OPEN: leg->media = true; break;
	case ZV_CMD_MEDIA_CLOSE:
		leg->closing = true;
		leg->asked_ms = leg->asked_ms != 0 ? leg->asked_ms : b->now.mono_ms;
		if (!leg->late)
			bed_media_gone(b, cmd->leg.slot);
		break;
	case ZV_CMD_MEDIA_PLAY:
		leg->plays = cmd->u.play.loop ? cmd->u.play.prompt : 0;
		ev.type = ZV_EV_MEDIA_PLAYED;
		ev.u.media.tag = cmd->u.play.tag;
		if (!cmd->u.play.loop)
			bed_later(b, &ev);
		break;
	case ZV_CMD_MEDIA_STOP: leg->plays = 0; break;
	case ZV_CMD_MEDIA_LINK: bed_on_link(b, cmd); break;
	case ZV_CMD_MEDIA_RECORD: leg->records = cmd->u.record.on == 1; break;
	case ZV_CMD_CARD: b->cards++; break;
	case ZV_CMD_BRIDGE: b->bridges++; break;
	case ZV_CMD_AGENT: b->agent_told[cmd->u.agent.agent] = *cmd; break;
	case ZV_CMD_DESK:
		b->answers++;
		b->last_err = cmd->u.desk.err;
		break;
	default: break;
	}
}

#endif
