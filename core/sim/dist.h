/* sim/dist.h -- how long things take: distributions by their quantile function.  Pure.
 *
 * Each draw needs one number 0 < u < 1 and rises with it, so two runs that draw for the same
 * person stay side by side whatever else differs.  Built on base/num.h: the same bits everywhere.
 */
#ifndef ZV_SIM_DIST_H
#define ZV_SIM_DIST_H

#include <stdint.h>

#include "zvonar/err.h"

enum zv_dist_kind {
	ZV_DIST_FIXED = 0,   /* mean */
	ZV_DIST_UNIFORM,     /* mean (1 - spread) .. mean (1 + spread) */
	ZV_DIST_EXPONENTIAL, /* mean */
	ZV_DIST_LOGNORMAL,   /* mean and cv of the draws themselves */
	ZV_DIST_RECORDED,    /* times that were measured: inverse of their empirical curve */
};

struct zv_dist {
	uint8_t kind; /* enum zv_dist_kind */
	double mean_ms;
	double spread; /* UNIFORM: 0..1; LOGNORMAL: cv >= 0 */
	double mu, sigma;         /* LOGNORMAL, of the logarithm */
	const double *recorded_ms; /* RECORDED: rising; borrowed */
	uint32_t n;
};

/* ZV_EINVAL: a negative mean or spread, a uniform wider than its mean. */
enum zv_err zv_dist_init(struct zv_dist *dist, enum zv_dist_kind kind, double mean_ms,
			 double spread) ZV_MUST_USE;
/* Sorts recorded_ms (n of them, n > 0, none negative) and borrows it. */
enum zv_err zv_dist_recorded(struct zv_dist *dist, double *recorded_ms, uint32_t n) ZV_MUST_USE;

/* Milliseconds, at least 0. */
double zv_dist_at(const struct zv_dist *dist, double u);
/* Whole milliseconds times factor, 1 .. 10^9. */
int64_t zv_dist_ms(const struct zv_dist *dist, double u, double factor);

/* A number 0 < u < 1 that belongs to (seed, id, what) for ever. */
double zv_sim_u(uint64_t seed, uint64_t id, uint32_t what);

#endif
