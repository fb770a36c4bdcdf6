#include "sim/dist.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/num.h"

enum zv_err zv_dist_init(struct zv_dist *dist, enum zv_dist_kind kind, double mean_ms, double spread)
{
	double s2;

	if (!(mean_ms >= 0) || !(spread >= 0) || (kind == ZV_DIST_UNIFORM && spread > 1) ||
	    kind == ZV_DIST_RECORDED)
		return ZV_EINVAL;
	*dist = (struct zv_dist){.kind = (uint8_t)kind, .mean_ms = mean_ms, .spread = spread};
	if (kind == ZV_DIST_LOGNORMAL && mean_ms > 0) {
		s2 = zv_log1p(spread * spread);
		dist->mu = zv_ln(mean_ms) - s2 / 2;
		dist->sigma = zv_sqrt(s2);
	} else if (kind == ZV_DIST_LOGNORMAL) {
		dist->kind = ZV_DIST_FIXED;
	}
	return ZV_OK;
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum zv_err zv_dist_recorded(struct zv_dist *dist, double *recorded_ms, uint32_t n)
{
	double sum = 0;

	if (n == 0)
		return ZV_EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		if (!(recorded_ms[i] >= 0))
			return ZV_EINVAL;
	}
	qsort(recorded_ms, n, sizeof(*recorded_ms), rising);
	for (uint32_t i = 0; i < n; i++)
		sum += recorded_ms[i];
	*dist = (struct zv_dist){.kind = ZV_DIST_RECORDED, .mean_ms = sum / n,
				 .recorded_ms = recorded_ms, .n = n};
	return ZV_OK;
}

/* Straight lines between the middles of the steps. */
static double recorded_at(const struct zv_dist *d, double u)
{
	double x = u * d->n - 0.5;
	uint32_t i;

	if (x <= 0)
		return d->recorded_ms[0];
	i = (uint32_t)x;
	if (i + 1 >= d->n)
		return d->recorded_ms[d->n - 1];
	return d->recorded_ms[i] + (x - i) * (d->recorded_ms[i + 1] - d->recorded_ms[i]);
}

double zv_dist_at(const struct zv_dist *d, double u)
{
	switch ((enum zv_dist_kind)d->kind) {
	case ZV_DIST_UNIFORM: return d->mean_ms * (1 + d->spread * (2 * u - 1));
	case ZV_DIST_EXPONENTIAL: return -d->mean_ms * zv_log1p(-u);
	case ZV_DIST_LOGNORMAL: return zv_exp(d->mu + d->sigma * zv_norm_quantile(u));
	case ZV_DIST_RECORDED: return recorded_at(d, u);
	case ZV_DIST_FIXED: break;
	}
	return d->mean_ms;
}

int64_t zv_dist_ms(const struct zv_dist *dist, double u, double factor)
{
	double ms = zv_dist_at(dist, u) * factor;

	return ms < 1 ? 1 : ms > 1e9 ? 1000000000 : (int64_t)(ms + 0.5);
}

double zv_sim_u(uint64_t seed, uint64_t id, uint32_t what)
{
	uint64_t x = zv_mix64(seed ^ zv_mix64(id * 64 + what));

	return ((double)(x >> 11) + 0.5) * 0x1p-53;
}
