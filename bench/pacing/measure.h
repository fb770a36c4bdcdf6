/* bench/pacing/measure.h -- many days of one cell with one pacer, in figures. */
#ifndef MEASURE_H
#define MEASURE_H

#include "cells.h"

struct measured {
	bool done;
	int days, days_over; /* of zvonar_30d: blocks of 30 days */
	double knob;                    /* found in hindsight */
	double occupancy;               /* per cent, of all staffed time */
	double abandoned, abandoned_ci; /* per cent of all answers; half of the 95 % interval over days */
	double worst;                   /* per cent, of the worst day */
	double wait_s, wait_p95_s;      /* of agents between calls */
	double placed;                  /* a day */
	double cancelled;
	uint64_t hash, events;
	double seconds;                 /* of this machine */
};

/* measure() prints a line a day, too. */
extern bool measure_each_day;

/* Seeds 1..seeds.  A tuned pacer is tuned on the first of them. */
void measure(struct floor *floor, const struct cell *cell, enum pacer_name pacer, int seeds,
	     struct measured *ret_measured);

/* A decision with 10,000 calls in flight: prints p50 and p99 of the engine's own pacer. */
/* What one decision costs with so many calls in flight; json: as bench/README.md says. */
void measure_decisions(uint32_t in_flight, bool json);

#endif
