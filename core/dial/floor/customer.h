/* dial/floor/customer.h -- what the floor knows of a customer's leg, be it an outbound call
 * (call_agent.c) or an inbound one (inbound/).  Private to core/dial.
 *
 * Thread: engine.  The floor gives customers to agents and moves them from one to another; what
 * a customer's leg is, and what becomes of its attempt, is its owner's matter.
 */
#ifndef ZV_DIAL_FLOOR_CUSTOMER_H
#define ZV_DIAL_FLOOR_CUSTOMER_H

#include "dial/command.h"
#include "dial/agent/agent.h"

struct zv_engine;

struct zv_customer {
	uint16_t campaign;   /* index: card, limits, recording, results */
	uint16_t skill;
	uint8_t level_min;
	uint8_t priority;    /* of waiting customers: the lower is served first */
	uint8_t kind;        /* enum zv_talk_kind */
	uint32_t owner;      /* index of the agent who goes first, or ZV_AGENT_NONE */
	uint32_t placed_for; /* index of the agent who began the call, or ZV_AGENT_NONE */
	int64_t since_ms;    /* waits since: monotonic; may be 0 to be the first of its priority */
	uint64_t lead, person, number;
};

/* What an agent wrote down. */
struct zv_written {
	uint8_t result;      /* 1 + index in the campaign's results, 0 none */
	bool anyone;         /* any agent may call back */
	uint32_t agent;      /* index, or ZV_AGENT_NONE */
	int64_t wish_ms;     /* call back so that the answer lands then (calendar); 0 none */
};

struct zv_customer_ops {
	/* False: there is no customer that could talk on this slot. */
	bool (*about)(const struct zv_engine *e, uint32_t slot, struct zv_customer *ret_about);
	/* He talks to this agent from now on (and waits no more).  ZV_AGENT_NONE: to a number
	 * outside that he was transferred to; nobody will write anything down. */
	void (*bridged)(struct zv_engine *e, uint32_t slot, uint32_t agent);
	/* Bridged so far: he waits again, until that time (monotonic), for another agent.  The
	 * floor then serves him as it does others; he counts as one who was answered. */
	void (*waits_again)(struct zv_engine *e, uint32_t slot, int64_t until_ms);
	/* Bridged a moment ago to an agent whose phone was dead: nobody has talked to him yet.
	 * waits_again follows.  NULL: it makes no difference. */
	void (*unheard)(struct zv_engine *e, uint32_t slot);
	/* The talk ends: hang up.  With an agent: call zv_floor_call_over(slot, what), and wait for
	 * wrapped_up; without one the attempt is over now. */
	void (*hang_up)(struct zv_engine *e, uint32_t slot, enum zv_agent_does what, bool machine);
	/* The last agent has written down what was said. */
	void (*wrapped_up)(struct zv_engine *e, uint32_t slot, const struct zv_written *written);
};

#endif
