#include "fate.h"

#include <stdbool.h>

/* Quantiles at the middles of 8192 steps, and of the outer steps again: a draw costs a look-up
 * and an exp.  The tails beyond 1/8192/64 are cut, 4.6 deviations out. */
#define STEPS 8192

static double normal_at[STEPS], tail_at[2][64];

__attribute__((constructor)) static void fill(void)
{
	for (int i = 0; i < STEPS; i++)
		normal_at[i] = zv_norm_quantile((i + 0.5) / STEPS);
	for (int i = 0; i < 64; i++) {
		tail_at[0][i] = zv_norm_quantile((i + 0.5) / 64 / STEPS);
		tail_at[1][i] = -tail_at[0][63 - i];
	}
}

double fate_normal(double u)
{
	double x = u * STEPS;
	int i = (int)x;

	if (i <= 0)
		return tail_at[0][(int)(x * 64) & 63];
	if (i >= STEPS - 1)
		return tail_at[1][(int)((x - (STEPS - 1)) * 64) & 63];
	return normal_at[i];
}

struct fate_log fate_log(double mean, double cv)
{
	double s2 = zv_log1p(cv * cv);

	return (struct fate_log){.mu = zv_ln(mean) - s2 / 2, .sigma = zv_sqrt(s2)};
}

double fate_lognormal(const struct fate_log *of, double u)
{
	return zv_exp(of->mu + of->sigma * fate_normal(u));
}
