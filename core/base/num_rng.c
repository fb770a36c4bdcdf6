#include "base/num.h"

#include "base/hash.h"

static uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

/* Four words of the mixer; they are never all zero, for it is a bijection of a counter. */
void zv_rng_init(struct zv_rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t at = zv_mix64(seed) ^ rotl(zv_mix64(~stream), 32);

	for (unsigned i = 0; i < 4; i++) {
		at += UINT64_C(0x9e3779b97f4a7c15);
		rng->s[i] = zv_mix64(at);
	}
}

uint64_t zv_rng_next(struct zv_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t out = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return out;
}

double zv_rng_uniform(struct zv_rng *rng)
{
	return (double)(zv_rng_next(rng) >> 11) * 0x1p-53;
}

/* Never 0 and never 1. */
static double uniform_open(struct zv_rng *rng)
{
	return ((double)(zv_rng_next(rng) >> 12) + 0.5) * 0x1p-52;
}

/* The high half of a product is the index (Lemire 2019); the low half tells the few words that
 * would favour an index, which are drawn anew. */
uint32_t zv_rng_index(struct zv_rng *rng, uint32_t n)
{
	uint64_t product = (zv_rng_next(rng) >> 32) * n;

	if ((uint32_t)product < n) {
		uint32_t unfair = (0u - n) % n;

		while ((uint32_t)product < unfair)
			product = (zv_rng_next(rng) >> 32) * n;
	}
	return (uint32_t)(product >> 32);
}

double zv_rng_exp(struct zv_rng *rng, double mean)
{
	return -mean * zv_log1p(-zv_rng_uniform(rng));
}

double zv_rng_normal(struct zv_rng *rng)
{
	return zv_norm_quantile(uniform_open(rng));
}

double zv_rng_lognormal(struct zv_rng *rng, double mean, double cv)
{
	double var = zv_log1p(cv * cv);

	return mean * zv_exp(zv_sqrt(var) * zv_rng_normal(rng) - 0.5 * var);
}
