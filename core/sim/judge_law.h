/* sim/judge_law.h -- hours and limits, recomputed from a plain log of calls.  Inside core/sim.
 *
 * Written from the rules' own words, not from dial/rules: it looks at the law's data only.  Where
 * the words leave a choice (when a talk is dated) it takes the one that forbids less.
 */
#ifndef ZV_SIM_JUDGE_LAW_H
#define ZV_SIM_JUDGE_LAW_H

#include <stdbool.h>

#include "dial/conf.h"

/* One call of a person, newest first. */
struct zv_judge_past {
	int64_t at_ms;
	bool connected, conversation;
	uint32_t prev; /* index + 1 of the one before */
};

struct zv_judge_ask {
	const struct zv_engine_conf *conf;
	uint32_t campaign;
	uint16_t zone;
	int64_t at_ms;
	const struct zv_judge_past *pool;
	uint32_t newest; /* index + 1: this call itself */
};

/* False: the campaign's own hours are closed. */
bool zv_judge_hours(const struct zv_judge_ask *ask);
/* NULL: no rule forbids it; else the rule's id. */
const char *zv_judge_rules(const struct zv_judge_ask *ask);

#endif
