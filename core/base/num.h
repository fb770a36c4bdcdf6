/* base/num.h -- mathematics without libm: the same bits from the same input on every x86-64
 * machine, from gcc and from clang.
 *
 * Pure; any thread.  Built from the four operations and sqrt of IEEE 754 doubles alone, in a
 * fixed order and without contraction, so no library and no processor feature has a say.
 * Domain errors give a NaN and poles an infinity, as in C; NaN in, NaN out.
 */
#ifndef ZV_BASE_NUM_H
#define ZV_BASE_NUM_H

#include <stdint.h>

/* Elementary, within 2 units in the last place (sqrt: exactly rounded). */
double zv_sqrt(double x);
double zv_exp(double x);
double zv_expm1(double x); /* exp(x) - 1 without cancellation */
double zv_ln(double x);    /* natural log; x >= 0; ln 0 = -inf (zv_log is the logger) */
double zv_log1p(double x); /* log(1 + x) without cancellation; x >= -1 */

/* x to the y as exp(y log x), for x >= 0: a relative error of |y log x| * 2^-52. */
double zv_pow(double x, double y);

double zv_floor(double x);
double zv_ceil(double x);

static inline double zv_abs(double x)
{
	return x < 0 ? -x : x;
}

/* Special functions, within 1e-13 of the value, tails included. */
double zv_erf(double x);
double zv_erfc(double x);
double zv_erfcx(double x);         /* exp(x*x) * erfc(x); x >= 0 */
double zv_norm_pdf(double x);
double zv_norm_cdf(double x);      /* the upper tail is zv_norm_cdf(-x) */
double zv_norm_quantile(double p); /* 0 and 1 give infinities */
double zv_lgamma(double x);        /* log of the gamma function; x > 0 */

/* lgamma(x + 1) less Stirling's (x + 1/2) log x - x + log(2 pi)/2; x > 0.  What is left of a
 * factorial where the large terms cancel. */
double zv_stirling_rest(double x);
/* x log(x / m) + m - x without cancellation; x >= 0, m > 0.  The deviance of a Poisson count. */
double zv_poisson_dev(double x, double m);
/* Log of m^x exp(-m) / Gamma(x + 1); x >= 0 need not be whole, m > 0. */
double zv_ln_poisson(double x, double m);

/* The regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1.
 * O(sqrt(a + b)) steps. */
double zv_beta_inc(double a, double b, double x);
/* P(X >= k) of a binomial X of n trials at rate p in 0..1. */
double zv_binom_tail(uint64_t n, uint64_t k, double p);

/* Where a rising f passes 0: the last x with f(arg, x) <= 0, to 2e-14 of it, between lo >= 0 and
 * hi; f(arg, lo) <= 0 < f(arg, hi), and either may be infinite.  Secants, and halves now and then. */
double zv_last_below(double (*f)(const void *arg, double x), const void *arg, double lo, double hi);

/* A seeded generator: xoshiro256** (Blackman, Vigna 2018).  Not for secrets. */
struct zv_rng { uint64_t s[4]; };

/* Streams of one seed are independent of each other. */
void zv_rng_init(struct zv_rng *rng, uint64_t seed, uint64_t stream);
uint64_t zv_rng_next(struct zv_rng *rng);
/* 0 <= u < 1, of 2^53 values. */
double zv_rng_uniform(struct zv_rng *rng);
/* 0 .. n-1, all equally likely; n > 0. */
uint32_t zv_rng_index(struct zv_rng *rng, uint32_t n);

/* The three below take one word of the generator each and rise with it, so two runs that draw
 * the same number of times stay side by side. */
double zv_rng_exp(struct zv_rng *rng, double mean);
double zv_rng_normal(struct zv_rng *rng); /* mean 0, deviation 1 */
/* mean > 0 of the draws themselves, cv = their deviation over their mean, >= 0. */
double zv_rng_lognormal(struct zv_rng *rng, double mean, double cv);

#endif
