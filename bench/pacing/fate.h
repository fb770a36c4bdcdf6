/* bench/pacing/fate.h -- who the n-th person called is: does he answer, after how long, for how
 * long does he talk.  A pure function of the seed and n. */
#ifndef FATE_H
#define FATE_H

#include "base/hash.h"
#include "base/num.h"

enum fate_of { FATE_ANSWER = 1, FATE_RING, FATE_FAIL, FATE_TALK, FATE_WRAP, FATE_ROBOT, FATE_WANTS, FATE_SCORE,
	FATE_SPEED };

/* 0 < u < 1 */
static inline double fate_u(uint64_t seed, uint64_t n, enum fate_of what)
{
	uint64_t x = zv_mix64(seed ^ zv_mix64(n * 16 + (uint64_t)what));

	return ((double)(x >> 11) + 0.5) * 0x1p-53;
}

double fate_normal(double u);
/* By mean and cv; the parameters of the logarithm once, then a draw each. */
struct fate_log { double mu, sigma; };
struct fate_log fate_log(double mean, double cv);
double fate_lognormal(const struct fate_log *of, double u);

#endif
