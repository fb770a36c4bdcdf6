#include "dial/pacing/grid.h"

#include <emmintrin.h>

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

/* The upper tail and the density of the normal from -Z to Z, each with its rise to the next. */
#define Z     5
#define STEPS 64
#define LEAST 0.0004f /* variance: a sum without doubt falls where it stands */

struct at_z {
	float upper, rise, density, density_rise;
};

static struct at_z normal[2 * Z * STEPS + 1];

__attribute__((constructor)) static void fill(void)
{
	for (int i = 0; i <= 2 * Z * STEPS; i++) {
		double z = (double)i / STEPS - Z, next = z + 1.0 / STEPS;

		normal[i] = (struct at_z){.upper = (float)zv_norm_cdf(-z),
			.rise = (float)(zv_norm_cdf(-next) - zv_norm_cdf(-z)),
			.density = (float)zv_norm_pdf(z),
			.density_rise = (float)(zv_norm_pdf(next) - zv_norm_pdf(z))};
	}
}

/* x: (z + Z) * STEPS; skew: of the sum, times (z * z - 1) / 6. */
static float tail_at(int i, float f, float skew)
{
	const struct at_z *at = &normal[i];
	float p = at->upper + f * at->rise + skew * (at->density + f * at->density_rise);

	return p < 0 ? 0 : p > 1 ? 1 : p;
}

float zv_coin_tail(float n, float mean, float variance, float third)
{
	float one_sd, z, x;

	if (n <= 0)
		return 1;
	one_sd = 1 / (float)zv_sqrt((double)(variance > LEAST ? variance : LEAST));
	z = (n - 0.5f - mean) * one_sd;
	z = z > Z ? Z : z < -Z ? -Z : z;
	x = (z + Z) * STEPS;
	return tail_at((int)x, x - (float)(int)x, third * one_sd * one_sd * one_sd * (z * z - 1) * (1.0f / 6));
}

static __m128 sum_of(const int32_t *a, const int32_t *b)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
	__m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);

	return _mm_mul_ps(_mm_cvtepi32_ps(_mm_add_epi32(x, y)), _mm_set1_ps(1.0f / ZV_GRID_ONE));
}

/* Four moments at once, from g on: this is most of what a decision costs. */
static void four_tails(const struct zv_grid *calls, const struct zv_grid *busy, int g, float n, float extra_rel,
		       float ret_tail[4])
{
	__m128 mean = sum_of(&calls->m[g], &busy->m[g]), var = sum_of(&calls->v[g], &busy->v[g]);
	__m128 third = sum_of(&calls->k[g], &busy->k[g]), a, one_sd, z, x, skew;
	__m128i i;
	int at[4];
	float f[4], s[4];

	a = _mm_mul_ps(_mm_cvtepi32_ps(_mm_loadu_si128((const __m128i *)(const void *)&calls->m[g])),
		       _mm_set1_ps(1.0f / ZV_GRID_ONE));
	var = _mm_add_ps(var, _mm_mul_ps(_mm_mul_ps(a, a), _mm_set1_ps(extra_rel)));
	one_sd = _mm_div_ps(_mm_set1_ps(1), _mm_sqrt_ps(_mm_max_ps(var, _mm_set1_ps(LEAST))));
	z = _mm_mul_ps(_mm_sub_ps(_mm_set1_ps(n - 0.5f), mean), one_sd);
	z = _mm_max_ps(_mm_min_ps(z, _mm_set1_ps(Z)), _mm_set1_ps(-Z));
	x = _mm_mul_ps(_mm_add_ps(z, _mm_set1_ps(Z)), _mm_set1_ps(STEPS));
	i = _mm_cvttps_epi32(x);
	skew = _mm_mul_ps(_mm_mul_ps(third, one_sd), _mm_mul_ps(one_sd, one_sd));
	skew = _mm_mul_ps(_mm_mul_ps(skew, _mm_sub_ps(_mm_mul_ps(z, z), _mm_set1_ps(1))), _mm_set1_ps(1.0f / 6));
	_mm_storeu_si128((__m128i *)(void *)at, i);
	_mm_storeu_ps(f, _mm_sub_ps(x, _mm_cvtepi32_ps(i)));
	_mm_storeu_ps(s, skew);
	for (int k = 0; k < 4; k++)
		ret_tail[k] = tail_at(at[k], f[k], s[k]);
}

void zv_grid_tails(const struct zv_grid *calls, const struct zv_grid *busy, double n, double extra_rel,
		   float ret_tail[ZV_GRID])
{
	for (int g = 0; g < ZV_GRID; g += 4) {
		if (n > 0)
			four_tails(calls, busy, g, (float)n, (float)extra_rel, &ret_tail[g]);
		else
			ret_tail[g] = ret_tail[g + 1] = ret_tail[g + 2] = ret_tail[g + 3] = 1;
	}
}

float zv_grid_risk(const struct zv_grid *calls, const struct zv_grid *busy, const struct zv_grid_ask *ask)
{
	static const int order[] = {4, 0, 8}; /* most calls land in the middle */
	float tail[4], risk = 0;

	if (ask->n <= 0)
		return 1;
	for (int o = 0; o < 3 && risk <= ask->enough; o++) {
		four_tails(calls, busy, order[o], ask->n, ask->extra_rel, tail);
		for (int k = 0; k < 4; k++)
			risk += ask->landing[order[o] + k] * tail[k];
	}
	return risk;
}

float zv_grid_burst(const struct zv_grid *calls, const struct zv_grid *busy, float n, float deviations)
{
	const float one = 1.0f / ZV_GRID_ONE;
	float most = 0;

	for (int g = 0; g < ZV_GRID; g++) {
		float mean = (float)(calls->m[g] + busy->m[g]) * one, var = (float)(calls->v[g] + busy->v[g]) * one;
		float over = mean - n + deviations * (float)zv_sqrt((double)(var > 0 ? var : 0));

		most = over > most ? over : most;
	}
	return most;
}
