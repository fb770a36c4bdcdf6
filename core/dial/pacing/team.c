#include "dial/pacing/pacer_int.h"

#define LOOK_MS    900
#define LOOK_BATCH 16

static bool is_busy(uint8_t state)
{
	return state == ZV_AGENT_TALKING || state == ZV_AGENT_WRAPUP;
}

static void look_unlink(struct zv_ppacer *p, uint32_t agent)
{
	struct zv_pagent *a = &p->agents[agent];

	if (a->look_prev != ZV_NIL)
		p->agents[a->look_prev].look_next = a->look_next;
	else
		p->agent_looks.head = a->look_next;
	if (a->look_next != ZV_NIL)
		p->agents[a->look_next].look_prev = a->look_prev;
	else
		p->agent_looks.tail = a->look_prev;
}

static void look_append(struct zv_ppacer *p, uint32_t agent)
{
	struct zv_pagent *a = &p->agents[agent];

	a->look_prev = p->agent_looks.tail;
	a->look_next = ZV_NIL;
	if (p->agent_looks.tail != ZV_NIL)
		p->agents[p->agent_looks.tail].look_next = agent;
	else
		p->agent_looks.head = agent;
	p->agent_looks.tail = agent;
}

static void work_out(struct zv_ppacer *p, struct zv_pagent *a)
{
	struct zv_busy_agent busy = {
		.skill = a->skill,
		.wrap = a->state == ZV_AGENT_WRAPUP,
		.grid_step = p->grid_step,
		.age_s = (float)(p->now_ms - a->since_ms) / 1000,
		.patience_s = (float)p->settings.patience_ms / 1000,
		.pace = a->pace.pace > 0 ? a->pace.pace : 1,
	};

	zv_release_term(&p->release, &busy, &a->term);
}

static void spent(struct zv_ppacer *p, struct zv_pagent *a, bool ended)
{
	float pace = a->pace.pace > 0 ? a->pace.pace : 1;

	if (!p->told)
		zv_release_spent(&p->release, a->skill, a->state == ZV_AGENT_WRAPUP,
				 (int64_t)((float)(a->looked_ms - a->since_ms) / pace),
				 (int64_t)((float)(p->now_ms - a->since_ms) / pace), ended);
	a->looked_ms = p->now_ms;
}

void zv_team_look(struct zv_ppacer *p)
{
	for (int i = 0; i < LOOK_BATCH; i++) {
		uint32_t agent = p->agent_looks.head;
		struct zv_pagent *a;

		if (agent == ZV_NIL || p->agents[agent].looked_ms + LOOK_MS > p->now_ms)
			return;
		a = &p->agents[agent];
		zv_grid_take(&p->busy_sum, &a->term);
		spent(p, a, false);
		work_out(p, a);
		zv_grid_add(&p->busy_sum, &a->term);
		look_unlink(p, agent);
		look_append(p, agent);
	}
}

void zv_team_agent(struct zv_ppacer *p, uint32_t agent, uint8_t state, uint16_t skill)
{
	struct zv_pagent *a;

	if (agent >= p->shape.agents || state > ZV_AGENT_WRAPUP) {
		p->foreign++;
		return;
	}
	a = &p->agents[agent];
	if (is_busy(a->state)) {
		/* a talk that is cut by leaving has not ended of itself */
		spent(p, a, state != ZV_AGENT_OUT);
		if (a->state == ZV_AGENT_TALKING && state != ZV_AGENT_OUT && !p->told)
			zv_release_pace(&p->release, &a->pace, p->now_ms - a->since_ms);
		if (a->state == ZV_AGENT_TALKING && state == ZV_AGENT_READY && !p->told)
			zv_release_spent(&p->release, a->skill, 1, 0, 0, 1); /* wrapped up at once */
		zv_grid_take(&p->busy_sum, &a->term);
		look_unlink(p, agent);
	}
	p->on[a->state]--;
	p->on[state]++;
	p->n_in = p->on[ZV_AGENT_READY] + p->on[ZV_AGENT_TALKING] + p->on[ZV_AGENT_WRAPUP];
	a->state = state;
	a->skill = skill;
	a->since_ms = a->looked_ms = p->now_ms;
	if (is_busy(state)) {
		work_out(p, a);
		zv_grid_add(&p->busy_sum, &a->term);
		look_append(p, agent);
	}
}
