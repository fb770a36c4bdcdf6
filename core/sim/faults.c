#include "sim/faults.h"

#include <stdbool.h>

#include "base/num.h"

struct kind_row { uint8_t kind; uint32_t percent; int64_t shortest_ms, longest_ms; double least, most; };

/* How likely each is on a bad day, how long it lasts, and how bad it is. */
static const struct kind_row rows[] = {
	{ZV_FAULT_TRUNK_REFUSES, 50, 5000, 600000, 0, 0},
	{ZV_FAULT_TRUNK_SILENT, 40, 5000, 300000, 0, 0},
	{ZV_FAULT_STORE_STALL, 50, 500, 60000, 0, 0},
	{ZV_FAULT_STORE_FULL, 30, 10000, 300000, 0, 0},
	{ZV_FAULT_CRASH, 60, 200, 30000, 0, 0},
	{ZV_FAULT_CRASH, 40, 200, 30000, 0, 0},
	{ZV_FAULT_CLOCK_STEP, 40, 120000, 900000, -7200000, 7200000},
	{ZV_FAULT_AGENTS_VANISH, 50, 10000, 1800000, 0.1, 0.6},
	{ZV_FAULT_ANSWERS, 50, 0, 3600000, 0.3, 2.5},
	{ZV_FAULT_HANDLING, 50, 0, 3600000, 0.5, 2.0},
	{ZV_FAULT_OVERLOAD, 30, 1000, 60000, 0, 0},
	{ZV_FAULT_OPTOUTS, 60, 0, 0, 1, 30},
};

void zv_faults_random(struct zv_faults *faults, uint64_t seed, int64_t span_ms, uint32_t n_trunks,
		      uint32_t n_campaigns)
{
	struct zv_rng rng;

	zv_rng_init(&rng, seed, 77);
	faults->n = 0;
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kind_row *r = &rows[i];
		bool trunk = r->kind == ZV_FAULT_TRUNK_REFUSES || r->kind == ZV_FAULT_TRUNK_SILENT;
		bool comes = zv_rng_index(&rng, 100) < r->percent;
		double u = zv_rng_uniform(&rng), longer = zv_rng_uniform(&rng);
		double bad = zv_rng_uniform(&rng);
		uint32_t of = trunk ? n_trunks : n_campaigns;

		if (!comes || of == 0)
			continue;
		faults->v[faults->n++] = (struct zv_fault){
			.kind = r->kind,
			.index = zv_rng_index(&rng, of),
			.at_ms = (int64_t)(u * (double)span_ms),
			.for_ms = r->shortest_ms + (int64_t)(longer * longer * (double)(r->longest_ms - r->shortest_ms)),
			.value = r->least + bad * (r->most - r->least),
		};
	}
}
