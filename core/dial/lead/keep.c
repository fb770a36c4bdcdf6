#include "dial/lead/keep.h"

#include <stdlib.h>
#include <string.h>

#include "dial/lead/pick.h"

#define LOOK_MS   250
#define LOOK_NONE_MS 1000 /* while no call-back is held */
#define BEFORE_MS 5000 /* kept from so long before a call-back begins */
#define OWNER_MOST_MS 90000 /* ... and its own agent at most from so long before that */

enum zv_err zv_keep_init(struct zv_engine *e)
{
	e->keep.hidden = calloc(ZV_AGENTS_MAX, sizeof(*e->keep.hidden));
	e->keep.awaits = calloc(ZV_AGENTS_MAX, sizeof(*e->keep.awaits));
	e->rings = calloc(ZV_CAMPAIGNS_MAX, sizeof(*e->rings));
	return e->keep.hidden == NULL || e->keep.awaits == NULL || e->rings == NULL ? ZV_ENOMEM
										    : ZV_OK;
}

void zv_keep_fini(struct zv_engine *e)
{
	free(e->keep.hidden);
	free(e->keep.awaits);
	free(e->rings);
}

/* ---- what will be needed ---- */

static void keep_owner(struct zv_engine *e, uint32_t owner)
{
	if (owner == ZV_AGENT_NONE || e->keep.n_owners == ZV_KEEP_OWNERS)
		return;
	e->keep.owners[e->keep.n_owners++] = owner;
	e->floor.agents.v[owner].kept = true;
}

static bool rings_still(const struct zv_engine *e, const struct zv_held *held)
{
	uint8_t state = held->slot < e->conf->max_calls ? e->calls[held->slot].state : ZV_CALL_FREE;

	return state == ZV_CALL_RESERVE || state == ZV_CALL_INTENT || state == ZV_CALL_DIALING ||
	       state == ZV_CALL_RINGING || state == ZV_CALL_FAILOVER;
}

/* What nine talks of ten take about, as long as they are spread as usual. */
static int64_t talk_ms(const struct zv_pool *pool)
{
	int64_t ms = (int64_t)pool->figures.handle_ms * 3 / 2;

	return ms < OWNER_MOST_MS ? ms : OWNER_MOST_MS;
}

static void look_at(struct zv_engine *e, uint32_t slab)
{
	const struct zv_held *held = &e->held[slab];
	uint8_t pool = e->floor.pool_of[held->campaign];
	bool waits = (held->state == ZV_HELD_FUTURE || held->state == ZV_HELD_READY) &&
		     e->running[held->campaign];
	bool soon = waits && held->start_ms <= e->now.cal_ms + BEFORE_MS;
	bool rings = held->state == ZV_HELD_CALL && rings_still(e, held);
	bool paced = pool != ZV_POOL_NONE && zv_floor_has_agents(e, held->campaign);

	e->keep.lines += soon;
	e->keep.agents[paced ? pool : 0] += paced && (soon || rings);
	/* Its own agent must be through with the call that he has when it begins. */
	if (paced && (rings || (waits && held->start_ms <= e->now.cal_ms + BEFORE_MS +
							  talk_ms(&e->floor.pools[pool]))))
		keep_owner(e, zv_owner_of(e, slab));
}

static void look(struct zv_engine *e)
{
	struct zv_keep *k = &e->keep;
	bool any = false;

	if (e->now.mono_ms < k->look_ms)
		return;
	for (uint32_t i = 0; i < k->n_owners; i++)
		e->floor.agents.v[k->owners[i]].kept = false;
	k->n_owners = k->lines = 0;
	memset(k->agents, 0, sizeof(k->agents));
	for (uint32_t i = 0; i < e->params.slabs.n; i++)
		if (e->held[i].state != ZV_HELD_FREE && e->held[i].due_class == ZV_DUE_CALLBACK) {
			look_at(e, i);
			any = true;
		}
	k->quiet = !any;
	/* They are offered two minutes ahead. */
	k->look_ms = e->now.mono_ms + (any ? LOOK_MS : LOOK_NONE_MS);
}

/* ---- who is kept ---- */

struct left {
	uint32_t agents[ZV_POOLS_MAX];  /* still to be kept */
	uint32_t queues[ZV_QUEUES_MAX];
	bool any;
};

static void need(const struct zv_engine *e, struct left *left)
{
	memcpy(left->agents, e->keep.agents, sizeof(left->agents));
	left->any = false;
	for (uint32_t i = 0; i < ZV_POOLS_MAX; i++)
		left->any |= left->agents[i] > 0;
	for (uint32_t i = 0; i < e->conf->n_queues; i++) {
		left->queues[i] = zv_inbound_waiting(e, i) == 0 ? e->conf->queues[i].reserve : 0;
		left->any |= left->queues[i] > 0;
	}
}

/* Takes what this idle agent can do from what is left; the pools that shall not see him. */
static uint32_t take(const struct zv_engine *e, uint32_t agent, struct left *left)
{
	uint32_t pools = 0;

	for (uint32_t p = 0; p < e->floor.n_pools && p < ZV_POOLS_MAX; p++) {
		if (left->agents[p] == 0 || (e->floor.serves[agent] >> p & 1) == 0)
			continue;
		left->agents[p]--;
		pools |= UINT32_C(1) << p;
	}
	for (uint32_t i = 0; i < e->conf->n_queues; i++) {
		const struct zv_queue_conf *q = &e->conf->queues[i];

		if (left->queues[i] == 0 ||
		    !zv_agent_serves(&e->floor.agents, agent, q->campaign, q->skill, q->level_min))
			continue;
		left->queues[i]--;
		pools |= e->floor.serves[agent];
	}
	return pools;
}

static void hide(struct zv_engine *e, uint32_t agent, uint32_t pools)
{
	uint32_t was = e->keep.hidden[agent];

	if (was == pools)
		return;
	e->keep.n_hidden += pools != 0;
	e->keep.n_hidden -= was != 0;
	e->keep.hidden[agent] = pools;
	zv_floor_hidden(e, agent, was ^ pools);
}

void zv_keep_update(struct zv_engine *e)
{
	const struct zv_agents *agents = &e->floor.agents;
	struct left left;

	look(e);
	if (e->keep.quiet && e->keep.n_hidden == 0 && e->conf->n_queues == 0)
		return;
	need(e, &left);
	if (!left.any && e->keep.n_owners == 0 && e->keep.n_hidden == 0)
		return;
	/* Those kept by name first, also while they still talk: nobody shall be called for them. */
	for (uint32_t i = 0; i < agents->n; i++) {
		bool ready = agents->v[i].state == ZV_AG_READY;

		if (agents->v[i].kept)
			hide(e, i, (ready ? take(e, i, &left) : 0) | e->floor.serves[i]);
		else if (!ready)
			hide(e, i, 0);
	}
	/* Then who became idle last: who has waited longest has work. */
	for (uint32_t i = agents->last; i != ZV_AGENT_NONE; i = agents->v[i].prev)
		if (!agents->v[i].kept)
			hide(e, i, take(e, i, &left));
}

/* ---- calls that need not wait for the pacer ---- */

static bool urgent(const struct zv_held *held)
{
	return held->head || held->due_class == ZV_DUE_HOT || held->due_class == ZV_DUE_CALLBACK;
}

static uint32_t idle(const struct zv_engine *e, uint16_t campaign)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];
	uint32_t n = 0;

	for (uint32_t i = e->floor.agents.first; i != ZV_AGENT_NONE; i = e->floor.agents.v[i].next)
		n += !e->floor.agents.v[i].kept &&
		     zv_agent_serves(&e->floor.agents, i, campaign, c->agent_skill, c->agent_level_min);
	return n;
}

bool zv_keep_may_start(const struct zv_engine *e, uint32_t slab)
{
	const struct zv_held *held = &e->held[slab];
	uint8_t pool = e->floor.pool_of[held->campaign];
	uint32_t supply;

	if (pool == ZV_POOL_NONE || !urgent(held) || !zv_floor_has_agents(e, held->campaign) ||
	    e->conf->campaigns[held->campaign].pace == ZV_PACE_PREVIEW)
		return false;
	if (held->due_class == ZV_DUE_CALLBACK && zv_callback_owner_free(e, slab))
		return true;
	/* A call-back rings when it has to: who will be free by its answer counts, too. */
	supply = idle(e, held->campaign);
	if (held->due_class == ZV_DUE_CALLBACK)
		supply += e->floor.pools[pool].figures.frees_milli / 1000;
	return supply > e->keep.direct[pool];
}

bool zv_keep_line_left(const struct zv_engine *e, uint32_t slab)
{
	return e->keep.lines == 0 || urgent(&e->held[slab]) || zv_floor_lines(e) > e->keep.lines;
}

void zv_keep_begun(struct zv_engine *e, uint32_t slot)
{
	struct zv_call *call = &e->calls[slot];
	uint8_t pool = e->floor.pool_of[call->campaign];

	if (pool == ZV_POOL_NONE || !urgent(&e->held[call->slab]))
		return;
	call->direct = true;
	e->keep.direct[pool]++;
	if (call->owner != ZV_AGENT_NONE)
		e->keep.awaits[call->owner]++;
}

void zv_keep_over(struct zv_engine *e, uint32_t slot)
{
	struct zv_call *call = &e->calls[slot];

	if (!call->direct)
		return;
	call->direct = false;
	e->keep.direct[e->floor.pool_of[call->campaign]]--;
	if (call->owner != ZV_AGENT_NONE)
		e->keep.awaits[call->owner]--;
}
