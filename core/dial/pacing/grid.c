#include "dial/pacing/grid.h"

#include "base/num.h"

const uint8_t zv_grid_at_hs[ZV_GRID] = {2, 6, 10, 14, 18, 22, 26, 30, 36, 44, 52, 62};

void zv_grid_add(struct zv_grid *restrict grid, const struct zv_grid_term *restrict term)
{
	for (int g = 0; g < ZV_GRID; g++) {
		int32_t q = term->q[g], v = (q * (ZV_GRID_ONE - q)) >> 15;

		grid->m[g] += q;
		grid->v[g] += v;
		grid->k[g] += (v * (ZV_GRID_ONE - 2 * q)) >> 15;
	}
}

void zv_grid_take(struct zv_grid *restrict grid, const struct zv_grid_term *restrict term)
{
	for (int g = 0; g < ZV_GRID; g++) {
		int32_t q = term->q[g], v = (q * (ZV_GRID_ONE - q)) >> 15;

		grid->m[g] -= q;
		grid->v[g] -= v;
		grid->k[g] -= (v * (ZV_GRID_ONE - 2 * q)) >> 15;
	}
}

/* The upper tail and the density of the normal, from -Z to Z. */
#define Z     5
#define STEPS 64
static float upper[2 * Z * STEPS + 2], density[2 * Z * STEPS + 2];

__attribute__((constructor)) static void fill(void)
{
	for (int i = 0; i < 2 * Z * STEPS + 2; i++) {
		double z = (double)i / STEPS - Z;

		upper[i] = (float)zv_norm_cdf(-z);
		density[i] = (float)zv_norm_pdf(z);
	}
}

float zv_coin_tail(float n, float mean, float variance, float third)
{
	float sd, z, x, f, p;
	int i;

	if (n <= 0)
		return 1;
	if (variance < 0.0004f)
		return mean > n - 0.5f ? 1 : 0;
	sd = (float)zv_sqrt((double)variance);
	z = (n - 0.5f - mean) / sd;
	if (z >= Z)
		return 0;
	if (z <= -Z)
		return 1;
	x = (z + Z) * STEPS;
	i = (int)x;
	f = x - (float)i;
	p = upper[i] + f * (upper[i + 1] - upper[i]) +
	    third / (6 * variance * sd) * (z * z - 1) * (density[i] + f * (density[i + 1] - density[i]));
	return p < 0 ? 0 : p > 1 ? 1 : p;
}

void zv_grid_tails(const struct zv_grid *calls, const struct zv_grid *busy, double n, double extra_rel,
		   float ret_tail[ZV_GRID])
{
	const float one = 1.0f / ZV_GRID_ONE;

	for (int g = 0; g < ZV_GRID; g++) {
		float a = (float)calls->m[g] * one;

		ret_tail[g] = zv_coin_tail((float)n, (float)(calls->m[g] + busy->m[g]) * one,
					   (float)(calls->v[g] + busy->v[g]) * one + a * a * (float)extra_rel,
					   (float)(calls->k[g] + busy->k[g]) * one);
	}
}
