/* sim/faults.h -- what goes wrong, and what changes, at a told moment of the world.  Pure. */
#ifndef ZV_SIM_FAULTS_H
#define ZV_SIM_FAULTS_H

#include <stdint.h>

#define ZV_FAULTS_MAX 256

enum zv_fault_kind {
	ZV_FAULT_TRUNK_REFUSES = 1, /* index = trunk; for_ms */
	ZV_FAULT_TRUNK_SILENT,      /* index = trunk; for_ms */
	ZV_FAULT_STORE_STALL,       /* nothing is flushed for for_ms */
	ZV_FAULT_STORE_FULL,        /* the store says stop, and go on after for_ms */
	ZV_FAULT_CRASH,             /* the engine is gone for for_ms, then recovers */
	ZV_FAULT_CLOCK_STEP,        /* the wall clock jumps by value ms, and back after for_ms if any */
	ZV_FAULT_AGENTS_VANISH,     /* a share of value of those logged in loses the line; back after
				       for_ms, 0: gone for good */
	ZV_FAULT_ANSWERS,           /* campaign index: the share of answers becomes value times what
				       the people bring, over for_ms in a straight line (0: at once) */
	ZV_FAULT_HANDLING,          /* campaign index: talk and wrap-up take value times as long */
	ZV_FAULT_OVERLOAD,          /* the machine cannot keep up for for_ms */
	ZV_FAULT_OPTOUTS,           /* value people in a row ask not to be called again */
};

struct zv_fault {
	uint8_t kind; /* enum zv_fault_kind */
	uint32_t index;
	int64_t at_ms, for_ms; /* since the world began */
	double value;
};

struct zv_faults { uint32_t n; struct zv_fault v[ZV_FAULTS_MAX]; };

/* A bad day by a seed: some of everything, within span_ms.  For tests. */
void zv_faults_random(struct zv_faults *faults, uint64_t seed, int64_t span_ms, uint32_t n_trunks,
		      uint32_t n_campaigns);

/* A factor that moves in straight lines: answers and handling. */
struct zv_sim_drift { int64_t from_ms, for_ms; double from, to; };

static inline double zv_sim_drift_at(const struct zv_sim_drift *d, int64_t at_ms)
{
	if (at_ms >= d->from_ms + d->for_ms)
		return d->to;
	return d->from + (d->to - d->from) * (double)(at_ms - d->from_ms) / (double)d->for_ms;
}

static inline void zv_sim_drift_to(struct zv_sim_drift *d, int64_t at_ms, int64_t for_ms, double to)
{
	d->from = zv_sim_drift_at(d, at_ms);
	d->from_ms = at_ms;
	d->for_ms = for_ms;
	d->to = to;
}

#endif
