/* Agents and the calls that wait for them.  What pacers are told and asked is in pace.c. */
#include "dial/floor/floor.h"

#include <stdlib.h>
#include <string.h>

#include "dial/engine_int.h"
#include "dial/floor/pace.h"

#define TALK_GRACE_MS 60000 /* the call's own limit ends it well before */

static uint8_t pool_of_call(const struct zv_engine *e, uint32_t slot)
{
	return e->floor.pool_of[e->calls[slot].campaign];
}

enum zv_err zv_floor_init(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;
	enum zv_err err = zv_agents_init(&f->agents, e->conf->agents, e->conf->n_agents);

	if (err == ZV_OK)
		err = zv_heap_init(&f->limits, ZV_AGENTS_MAX);
	if (err == ZV_OK)
		err = zv_heap_init(&f->waiting, e->conf->max_calls);
	f->serves = calloc(ZV_AGENTS_MAX, sizeof(*f->serves));
	f->busy_for = malloc(ZV_AGENTS_MAX);
	f->wraps = malloc(ZV_AGENTS_MAX * sizeof(*f->wraps));
	if (err != ZV_OK || f->serves == NULL || f->busy_for == NULL || f->wraps == NULL)
		return err != ZV_OK ? err : ZV_ENOMEM;
	memset(f->busy_for, ZV_POOL_NONE, ZV_AGENTS_MAX);
	memset(f->wraps, 0xff, ZV_AGENTS_MAX * sizeof(*f->wraps)); /* ZV_SLOT_NONE */
	return zv_pace_open(e);
}

void zv_floor_fini(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;

	zv_pace_close(e);
	zv_agents_fini(&f->agents);
	zv_heap_fini(&f->limits);
	zv_heap_fini(&f->waiting);
	free(f->serves);
	free(f->busy_for);
	free(f->wraps);
}

enum zv_err zv_floor_set_conf(struct zv_engine *e)
{
	enum zv_err err = zv_agents_set_conf(&e->floor.agents, e->conf->agents, e->conf->n_agents);

	return err == ZV_OK ? zv_pace_conf(e) : err;
}

/* ---- agents ---- */

static struct zv_agent_limits limits_of(const struct zv_engine *e, uint32_t call)
{
	const struct zv_campaign_conf *c;

	if (call >= e->conf->max_calls)
		return (struct zv_agent_limits){0};
	c = &e->conf->campaigns[e->calls[call].campaign];
	return (struct zv_agent_limits){
		.reserve_max_ms = c->preview_max_ms,
		.talk_max_ms = c->talk_max_s * 1000 + TALK_GRACE_MS,
		.wrapup_max_ms = c->wrapup_max_ms,
	};
}

static void tell_agent(struct zv_engine *e, uint32_t agent)
{
	const struct zv_agent *a = &e->floor.agents.v[agent];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_AGENT);

	cmd->u.agent.agent = agent;
	cmd->u.agent.state = a->state;
	cmd->u.agent.pause_code = a->pause_code;
}

/* One step of an agent, and whatever hangs on it.  False: his state does not know it. */
static bool agent_do(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code,
		     uint32_t call)
{
	struct zv_floor *f = &e->floor;
	struct zv_agent *a = &f->agents.v[agent];
	uint32_t had = a->call, ended;
	struct zv_agent_limits limits = limits_of(e, call != ZV_SLOT_NONE ? call : had);

	if (zv_agent_do(&f->agents, agent, what, code, call, &limits, e->now.mono_ms, &ended) != ZV_OK)
		return false;
	if (a->deadline_ms != 0)
		zv_heap_set(&f->limits, agent, (struct zv_heap_key){a->deadline_ms, agent});
	else
		zv_heap_remove(&f->limits, agent);
	if (what == ZV_AD_BRIDGE)
		f->busy_for[agent] = pool_of_call(e, call);
	else if (a->state != ZV_AG_TALKING && a->state != ZV_AG_WRAPUP)
		f->busy_for[agent] = ZV_POOL_NONE;
	if (what != ZV_AD_BRIDGE) /* HANDED says that one */
		zv_pace_agent(e, agent);
	tell_agent(e, agent);
	return true;
}

static bool bridge(struct zv_engine *e, uint32_t slot, uint32_t agent)
{
	struct zv_call *call = &e->calls[slot];
	struct zv_cmd *cmd;

	if (!agent_do(e, agent, ZV_AD_BRIDGE, 0, slot))
		return false;
	call->agent = agent;
	/* The card leaves before the voice. */
	cmd = zv_emit_call(e, ZV_CMD_CARD, slot);
	cmd->u.agent.agent = agent;
	cmd->u.agent.lead = call->lead;
	cmd->u.agent.person = call->person;
	cmd = zv_emit_call(e, ZV_CMD_BRIDGE, slot);
	cmd->u.agent.agent = agent;
	cmd->u.agent.lead = call->lead;
	cmd->u.agent.person = call->person;
	zv_pace_handed(e, slot, agent);
	return true;
}

static uint32_t free_agent(const struct zv_engine *e, uint32_t slot)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[e->calls[slot].campaign];
	struct zv_agent_ask ask = {.campaign = e->calls[slot].campaign, .skill = c->agent_skill,
				   .level_min = c->agent_level_min, .owner = e->calls[slot].owner,
				   .not_this = ZV_AGENT_NONE};

	return zv_agent_pick(&e->floor.agents, &ask);
}

bool zv_floor_serve(struct zv_engine *e, uint32_t slot)
{
	uint32_t agent = free_agent(e, slot);
	const struct zv_call *call = &e->calls[slot];

	if (agent != ZV_AGENT_NONE && bridge(e, slot, agent))
		return true;
	zv_heap_set(&e->floor.waiting, slot,
		    (struct zv_heap_key){e->conf->campaigns[call->campaign].priority,
					 (uint64_t)call->answer_ms});
	return false;
}

void zv_floor_stop_waiting(struct zv_engine *e, uint32_t slot)
{
	zv_heap_remove(&e->floor.waiting, slot);
}

/* Somebody became free: the call that waits first, of those he may take. */
static void serve_waiting(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;
	uint32_t held[16], n = 0;

	while (f->waiting.n > 0 && f->agents.count[ZV_AG_READY] > 0 && n < 16) {
		uint32_t slot = zv_heap_top(&f->waiting);
		uint32_t agent = free_agent(e, slot);

		zv_heap_remove(&f->waiting, slot);
		if (agent == ZV_AGENT_NONE)
			held[n++] = slot;
		else if (bridge(e, slot, agent))
			zv_call_bridged(e, slot);
	}
	for (uint32_t i = 0; i < n; i++)
		(void)zv_floor_serve(e, held[i]);
}

void zv_floor_call_over(struct zv_engine *e, uint32_t slot, enum zv_agent_does what)
{
	uint32_t agent = e->calls[slot].agent;
	struct zv_cmd *cmd;

	if (agent == ZV_AGENT_NONE)
		return;
	cmd = zv_emit_call(e, ZV_CMD_UNBRIDGE, slot);
	cmd->u.agent.agent = agent;
	e->floor.wraps[agent] = slot;
	(void)agent_do(e, agent, what, 0, ZV_SLOT_NONE);
}

/* The call that this agent has, or has just had and writes down. */
static uint32_t call_of(const struct zv_engine *e, uint32_t agent)
{
	return e->floor.agents.v[agent].call != ZV_SLOT_NONE ? e->floor.agents.v[agent].call
							      : e->floor.wraps[agent];
}

static void wrapped_up(struct zv_engine *e, uint32_t agent, uint32_t slot, uint8_t result)
{
	e->floor.wraps[agent] = ZV_SLOT_NONE;
	if (slot != ZV_SLOT_NONE)
		zv_call_wrapped_up(e, slot, result);
}

void zv_floor_agent(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t agent = ev->code;
	enum zv_agent_does what = (enum zv_agent_does)ev->u.agent.what;
	uint8_t before, after;
	uint32_t slot;

	/* RESERVE, RELEASE, BRIDGE and LIMIT are the engine's own. */
	if (agent >= e->floor.agents.n || what >= ZV_AD_MAX || what == ZV_AD_RESERVE ||
	    what == ZV_AD_RELEASE || what == ZV_AD_BRIDGE || what == ZV_AD_LIMIT) {
		e->stats.late_events++;
		return;
	}
	slot = call_of(e, agent);
	before = e->floor.agents.v[agent].state;
	if (before == ZV_AG_TALKING && (what == ZV_AD_CALL_OVER || what == ZV_AD_LEG_LOST)) {
		zv_call_agent_gone(e, slot, what, ev->u.agent.result);
	} else if (!agent_do(e, agent, what, ev->u.agent.pause_code, ZV_SLOT_NONE)) {
		e->stats.late_events++;
		return;
	}
	after = e->floor.agents.v[agent].state;
	if (before == ZV_AG_WRAPUP && after != ZV_AG_WRAPUP)
		wrapped_up(e, agent, slot, ev->u.agent.result);
	serve_waiting(e);
}

void zv_floor_timeouts(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;

	while (zv_heap_top_key(&f->limits) <= e->now.mono_ms &&
	       e->out->cap - e->out->n >= ZV_ENGINE_STEP_CMDS - 256) {
		uint32_t agent = zv_heap_top(&f->limits);
		uint32_t slot = call_of(e, agent);
		uint8_t before = f->agents.v[agent].state;

		zv_heap_remove(&f->limits, agent);
		if (before == ZV_AG_TALKING)
			zv_call_agent_gone(e, slot, ZV_AD_LIMIT, 0);
		else if (agent_do(e, agent, ZV_AD_LIMIT, 0, ZV_SLOT_NONE) && before == ZV_AG_WRAPUP)
			wrapped_up(e, agent, slot, 0);
		serve_waiting(e);
	}
}

bool zv_floor_has_agents(const struct zv_engine *e, uint16_t campaign)
{
	uint8_t pace = e->conf->campaigns[campaign].pace;

	return pace != 0 && pace != ZV_PACE_ROBOT;
}
