/* bench/store/bench_store.h -- what the parts of store_bench share. */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include <stdbool.h>

#include "../suite/figure.h"
#include "store/store.h"

#define CAL_MS   INT64_C(1700000000000)
#define CAMPAIGN 1u
#define OPEN_CALLS 500u /* that a crash leaves behind */

struct bench {
	const char *dir;
	uint64_t leads, calls;
	bool json;
};

static inline uint64_t bench_lead(uint64_t running)
{
	return (uint64_t)CAMPAIGN << 40 | running;
}

/* Digits of the i-th lead's number: all different, in no order. */
static inline uint64_t bench_number_of(uint64_t i)
{
	return i * UINT64_C(618033989) % 1000000000;
}

/* Prints one figure, as JSON or to read. */
void say(const struct bench *b, struct bench_figure f);
/* Anonymous memory of this process, kB: pages of the map are the kernel's to take back. */
double anon_kb(void);

bool measure_import(struct bench *b, struct zv_store *store);
bool measure_pick(struct bench *b, struct zv_store *store);
/* Calls from intent to step, and OPEN_CALLS intents that stay open. */
bool measure_commit(struct bench *b, struct zv_store *store);

#endif
