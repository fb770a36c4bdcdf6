/* dial/pacing/grid.h -- how many will answer, how many agents will be free: running sums over a
 * grid of moments ahead.
 *
 * A term is one call (chance that it wants an agent by the moment) or one busy agent (chance that
 * he is still busy at the moment, the waiting time of an answered person included).  All terms are
 * independent coins, so their sum X is asked one question: P(X >= n), nobody is left for one more.
 * Mean, variance and third cumulant are kept; a term that changes is taken out and put in again.
 *
 * Thread: engine.  Fixed point throughout the sums: what is taken out is exactly what was put in,
 * so nothing drifts, and the same events give the same bits.
 */
#ifndef ZV_DIAL_PACING_GRID_H
#define ZV_DIAL_PACING_GRID_H

#include <stdint.h>

#define ZV_GRID     12
#define ZV_GRID_ONE 32768 /* chance 1 in fixed point */

/* The moments, in half seconds. */
extern const uint8_t zv_grid_at_hs[ZV_GRID];

struct zv_grid_term {
	uint16_t q[ZV_GRID];
};

struct zv_grid {
	int32_t m[ZV_GRID], v[ZV_GRID], k[ZV_GRID];
};

void zv_grid_add(struct zv_grid *grid, const struct zv_grid_term *term);
void zv_grid_take(struct zv_grid *grid, const struct zv_grid_term *term);

/* P(X >= n) at each moment, X = calls + busy.  extra_rel: squared relative error of the answers'
 * mean, which adds to the variance. */
void zv_grid_tails(const struct zv_grid *calls, const struct zv_grid *busy, double n, double extra_rel,
		   float ret_tail[ZV_GRID]);

/* The same, averaged over where one more call lands; stops once it is over `enough`. */
struct zv_grid_ask {
	float n, extra_rel, enough;
	const float *landing; /* ZV_GRID */
};
float zv_grid_risk(const struct zv_grid *calls, const struct zv_grid *busy, const struct zv_grid_ask *ask);

/* So many deviations from the mean: by how much X is over n at the worst moment, 0 if never. */
float zv_grid_burst(const struct zv_grid *calls, const struct zv_grid *busy, float n, float deviations);

/* P(X >= n) for a sum of coins with these cumulants: the normal with the correction for skewness
 * (Volkova 1996) and for steps of one. */
float zv_coin_tail(float n, float mean, float variance, float third);

#endif
