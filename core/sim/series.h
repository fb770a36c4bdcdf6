/* sim/series.h -- a day measured: by buckets of time, and in sum.  Plain numbers. */
#ifndef ZV_SIM_SERIES_H
#define ZV_SIM_SERIES_H

#include <stdint.h>

#include "zvonar/err.h"
#include "zvonar/outcome.h"

#define ZV_WAIT_CLASSES 256

/* One bucket, or all of a day.  Times are sums over agents and calls. */
struct zv_sim_measure {
	uint64_t dials;       /* INVITEs of first sub-attempts */
	uint64_t answered;    /* by a person */
	uint64_t machines;
	uint64_t handed;      /* heard an agent */
	uint64_t abandoned;   /* persons who heard none, though the campaign has agents */
	uint64_t failed;      /* fast failures of the people's own */
	uint64_t trunk_failed; /* refused by the carrier, or no word from it */
	uint64_t cancelled;   /* by us, before the campaign's ring time */
	int64_t ready_ms, talk_ms, wrapup_ms, paused_ms; /* agents */
	uint64_t waits;       /* of agents between two calls */
	int64_t wait_ms;
	uint64_t patient;     /* persons handed over: how long they waited for it */
	int64_t patience_ms;
	int64_t in_flight_ms; /* calls under way that nobody has answered, times time */
};

struct zv_sim_series {
	int64_t bucket_ms;
	uint32_t n, cap;
	struct zv_sim_measure *v; /* n buckets */
	struct zv_sim_measure sum;
	uint32_t wait_classes[ZV_WAIT_CLASSES]; /* agents' waits, by zv_series_class */
};

/* ZV_ENOMEM, ZV_EINVAL (over a million buckets). */
enum zv_err zv_series_init(struct zv_sim_series *series, int64_t bucket_ms, int64_t span_ms) ZV_MUST_USE;
void zv_series_fini(struct zv_sim_series *series); /* accepts a zeroed one */

static inline struct zv_sim_measure *zv_series_at(struct zv_sim_series *s, int64_t at_ms)
{
	int64_t i = at_ms / s->bucket_ms;

	return &s->v[i < 0 ? 0 : i >= s->n ? s->n - 1 : (uint32_t)i];
}

void zv_series_wait(struct zv_sim_series *series, int64_t at_ms, int64_t wait_ms);
/* Sums the buckets. */
void zv_series_end(struct zv_sim_series *series);

/* Figures of a bucket or the sum; 0 where there is nothing to divide by. */
double zv_measure_occupancy(const struct zv_sim_measure *m); /* (talk + wrap-up) / logged in and not paused */
double zv_measure_abandonment(const struct zv_sim_measure *m); /* abandoned / answered by a person */
double zv_measure_ratio(const struct zv_sim_measure *m); /* calls placed a call handed over */
double zv_measure_wait_ms(const struct zv_sim_measure *m);
/* Milliseconds below which the share q of the agents' waits lie. */
double zv_series_wait_quantile(const struct zv_sim_series *series, double q);

#endif
