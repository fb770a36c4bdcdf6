/* A small world for the engine alone: a store, a trunk, people and a strategy, from a seed and
 * with a clock of its own.  Faults (lost answers, late ones, a crash) come from the seed too.
 */
#ifndef ZV_TEST_WORLD_H
#define ZV_TEST_WORLD_H

#include "dial/engine.h"

struct world_params {
	uint64_t seed;
	uint32_t leads;
	uint32_t cps, channels;
	bool fast_forward;
	bool crash;            /* kill the engine somewhere in the day and start it again */
	uint32_t silent_permille; /* INVITEs that get no answer at all: the backstop must end them */
	bool store_stall;      /* the store stands still for 20 s in the middle */
	int64_t hours_ms;      /* of monotonic time to run */
	bool rules;            /* limits, hours and opt-outs; else nothing is forbidden */
	uint32_t per_person;   /* leads of one person; 0: one */
};

struct world_result {
	uint64_t trace;        /* hash of every command */
	uint32_t dials, outcomes, finals, crashed_open;
	uint32_t peak_calls, most_in_second, failovers;
	uint32_t optouts, messages, messages_later, refusals;
	int64_t cal_end_ms;
	char broken[256];      /* the first broken promise; "" = none */
};

void world_run(const struct world_params *params, struct world_result *ret);

#endif
