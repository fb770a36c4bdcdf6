/* zvonar/pacer_count.h -- what nearly every pacer counts: calls under way and agents by state.
 *
 * For plugin authors; not part of the interface.  Inline, over memory that the plugin gives:
 * shape->calls + shape->agents bytes, zeroed.  An event that does not fit what came before
 * changes nothing.
 */
#ifndef ZVONAR_PACER_COUNT_H
#define ZVONAR_PACER_COUNT_H

#include "zvonar/pacer.h"

enum zv_count_call { ZV_COUNT_FREE = 0, ZV_COUNT_RINGING = 1, ZV_COUNT_WAITING = 2, ZV_COUNT_ROBOT = 3 };

struct zv_pacer_tally {
	uint8_t *call;  /* enum zv_count_call, by slot */
	uint8_t *agent; /* enum zv_pacer_agent_state, by number */
	uint32_t calls, agents;
	uint32_t ringing, waiting, robot; /* calls */
	uint32_t state[4];                /* agents by enum zv_pacer_agent_state, OUT not counted */
};

/* bytes: zeroed, shape->calls + shape->agents of them; borrowed as long as the tally is used. */
static inline void zv_tally_init(struct zv_pacer_tally *t, const struct zv_pacer_shape *shape, uint8_t *bytes)
{
	*t = (struct zv_pacer_tally){.call = bytes, .agent = bytes + shape->calls, .calls = shape->calls,
				     .agents = shape->agents};
}

static inline void zv_tally_call(struct zv_pacer_tally *t, uint32_t slot, uint8_t state)
{
	uint32_t *of[] = {NULL, &t->ringing, &t->waiting, &t->robot};

	if (slot >= t->calls || (t->call[slot] == ZV_COUNT_FREE) != (state == ZV_COUNT_RINGING))
		return;
	if (t->call[slot] != ZV_COUNT_FREE)
		(*of[t->call[slot]])--;
	if (state != ZV_COUNT_FREE)
		(*of[state])++;
	t->call[slot] = state;
}

static inline void zv_tally_agent(struct zv_pacer_tally *t, uint32_t agent, uint8_t state)
{
	if (agent >= t->agents || state > ZV_AGENT_WRAPUP)
		return;
	if (t->agent[agent] != ZV_AGENT_OUT)
		t->state[t->agent[agent]]--;
	if (state != ZV_AGENT_OUT)
		t->state[state]++;
	t->agent[agent] = state;
}

/* robot: the mode is ROBOT, so who answered talks to it first. */
static inline void zv_tally_event(struct zv_pacer_tally *t, const struct zv_pacer_event *e, int robot)
{
	switch (e->kind) {
	case ZV_PEV_PLACED: zv_tally_call(t, e->slot, ZV_COUNT_RINGING); break;
	case ZV_PEV_ANSWERED:
		zv_tally_call(t, e->slot, robot ? ZV_COUNT_ROBOT : ZV_COUNT_WAITING);
		break;
	case ZV_PEV_WANTS: zv_tally_call(t, e->slot, ZV_COUNT_WAITING); break;
	case ZV_PEV_MACHINE:
	case ZV_PEV_FAILED:
	case ZV_PEV_NOT_ANSWERED:
	case ZV_PEV_CANCELLED:
	case ZV_PEV_ENDED:
	case ZV_PEV_ABANDONED: zv_tally_call(t, e->slot, ZV_COUNT_FREE); break;
	case ZV_PEV_HANDED:
		zv_tally_call(t, e->slot, ZV_COUNT_FREE);
		zv_tally_agent(t, e->agent, ZV_AGENT_TALKING);
		break;
	case ZV_PEV_AGENT: zv_tally_agent(t, e->agent, e->state); break;
	default: break;
	}
}

/* Calls that no agent has yet. */
static inline uint32_t zv_tally_in_flight(const struct zv_pacer_tally *t)
{
	return t->ringing + t->waiting + t->robot;
}

#endif
