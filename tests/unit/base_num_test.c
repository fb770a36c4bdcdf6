#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/num.h"
#include "num_rows.h"

static double ours(enum num_fn fn, double x, double y, double z)
{
	switch (fn) {
	case EXP: return zv_exp(x);
	case EXPM1: return zv_expm1(x);
	case LOG: return zv_ln(x);
	case LOG1P: return zv_log1p(x);
	case ERF: return zv_erf(x);
	case ERFC: return zv_erfc(x);
	case ERFCX: return zv_erfcx(x);
	case CDF: return zv_norm_cdf(x);
	case PDF: return zv_norm_pdf(x);
	case QUANTILE: return zv_norm_quantile(x);
	case LGAMMA: return zv_lgamma(x);
	case STIRLING: return zv_stirling_rest(x);
	case DEV: return zv_poisson_dev(x, y);
	case POISSON: return zv_ln_poisson(x, y);
	case POW: return zv_pow(x, y);
	case BETA: return zv_beta_inc(x, y, z);
	}
	return NAN;
}

Test(num, every_function_is_within_1e_13_of_sixty_digit_references)
{
	for (size_t i = 0; i < sizeof(num_rows) / sizeof(num_rows[0]); i++) {
		const struct num_row *r = &num_rows[i];
		double got = ours(r->fn, r->x, r->y, r->z);
		double off = fabs(got - r->value);

		cr_expect(off <= 1e-13 * fabs(r->value), "row %zu (%.17g, %.17g, %.17g): %.17g, not %.17g",
			i, r->x, r->y, r->z, got, r->value);
	}
}

/* Off by how many units in the last place of the true value. */
static double ulps(double got, long double want)
{
	double near = (double)want;
	double ulp = nextafter(fabs(near), INFINITY) - fabs(near);

	return (double)(fabsl((long double)got - want) / (long double)ulp);
}

Test(num, exp_and_log_are_within_two_units_of_the_80_bit_functions_of_libm)
{
	struct zv_rng rng;

	zv_rng_init(&rng, 1, 0);
	for (int i = 0; i < 200000; i++) {
		double wide = (zv_rng_uniform(&rng) - 0.5) * 1400;
		double x = i % 2 == 0 ? wide : wide / 400;
		double y = i % 2 == 0 ? (double)expl(x) : 0.3 + 3 * zv_rng_uniform(&rng);
		double above = i % 2 == 0 ? y : y - 1;

		cr_assert_leq(ulps(zv_exp(x), expl(x)), 2, "exp %.17g", x);
		cr_assert_leq(ulps(zv_expm1(x), expm1l(x)), 2, "expm1 %.17g", x);
		cr_assert_leq(ulps(zv_ln(y), logl(y)), 2, "log %.17g", y);
		cr_assert_leq(ulps(zv_log1p(above), log1pl(above)), 2, "log1p %.17g", above);
		cr_assert_eq(zv_sqrt(y), sqrt(y));
	}
}

Test(num, floor_and_ceil_are_those_of_libm)
{
	static const double x[] = {0, -0.5, 0.5, 1, -1, 2.999999, -7.25, 1e15 + 0.5, -1e15 - 0.5, 0x1p52,
		-0x1p52, 1e300, -INFINITY, INFINITY, 0x1p-1074};

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		cr_expect_eq(zv_floor(x[i]), floor(x[i]), "floor %g", x[i]);
		cr_expect_eq(zv_ceil(x[i]), ceil(x[i]), "ceil %g", x[i]);
	}
}

Test(num, the_ends_of_the_ranges_give_infinities_zeroes_and_nans)
{
	cr_expect_eq(zv_exp(710), INFINITY);
	cr_expect_eq(zv_exp(INFINITY), INFINITY);
	cr_expect_eq(zv_exp(-746), 0);
	cr_expect_eq(zv_exp(-745.13), exp(-745.13));
	cr_expect_eq(zv_expm1(-INFINITY), -1);
	cr_expect_eq(zv_ln(0), -INFINITY);
	cr_expect_eq(zv_ln(INFINITY), INFINITY);
	cr_expect(isnan(zv_ln(-1)));
	cr_expect_eq(zv_log1p(-1), -INFINITY);
	cr_expect(isnan(zv_log1p(-1.5)));
	cr_expect(isnan(zv_sqrt(-1)));
	cr_expect_eq(zv_norm_cdf(-INFINITY), 0);
	cr_expect_eq(zv_norm_cdf(INFINITY), 1);
	cr_expect_eq(zv_norm_quantile(0), -INFINITY);
	cr_expect_eq(zv_norm_quantile(1), INFINITY);
	cr_expect_eq(zv_norm_quantile(0.5), 0);
	cr_expect(isnan(zv_norm_quantile(1.1)));
	cr_expect_eq(zv_lgamma(0), INFINITY);
	cr_expect(isnan(zv_lgamma(-1)));
	cr_expect_eq(zv_lgamma(1), 0);
	cr_expect_eq(zv_lgamma(2), 0);
	cr_expect_eq(zv_pow(0, 2), 0);
	cr_expect_eq(zv_pow(0, -2), INFINITY);
	cr_expect_eq(zv_pow(0, 0), 1);
	cr_expect_eq(zv_beta_inc(2, 3, 0), 0);
	cr_expect_eq(zv_beta_inc(2, 3, 1), 1);
	cr_expect(isnan(zv_beta_inc(0, 3, 0.5)));
	for (enum num_fn fn = EXP; fn <= BETA; fn++)
		cr_expect(isnan(ours(fn, NAN, 0.5, 0.5)), "function %d of NaN", (int)fn);
}

Test(num, a_binomial_tail_is_the_sum_of_its_terms)
{
	static const double p[] = {0.003, 0.03, 0.5, 0.97};

	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		long double term = powl(1 - (long double)p[i], 40), terms[41], sum = 0;

		for (int k = 0; k <= 40; k++) {
			terms[k] = term;
			term *= (long double)(40 - k) / (k + 1) * (long double)p[i] / (1 - (long double)p[i]);
		}
		for (int k = 40; k >= 0; k--) {
			sum += terms[k];
			double got = zv_binom_tail(40, (uint64_t)k, p[i]);

			cr_expect(fabsl(got - sum) <= 1e-13L * sum, "P(X >= %d) at %g: %g", k, p[i], got);
		}
	}
	cr_expect_eq(zv_binom_tail(40, 41, 0.5), 0);
	cr_expect_eq(zv_binom_tail(40, 0, 0), 1);
	cr_expect_eq(zv_binom_tail(40, 1, 0), 0);
	cr_expect_eq(zv_binom_tail(40, 40, 1), 1);
}

static double above_square(const void *arg, double x)
{
	return x * x - *(const double *)arg;
}

static double above_log(const void *arg, double x)
{
	return log(x) - *(const double *)arg;
}

/* Flat, and then a wall: secants alone would creep. */
static double above_wall(const void *arg, double x)
{
	return x < *(const double *)arg ? -1e-9 : 1e9;
}

Test(num, a_root_is_found_from_below)
{
	static const double squares[] = {2, 1e-12, 1e12};
	static const double logs[] = {-300, -1, 5};

	for (int i = 0; i < 3; i++) {
		double x = zv_last_below(above_square, &squares[i], 0, 1e7);

		cr_expect_leq(above_square(&squares[i], x), 0);
		cr_expect_leq(fabs(x / sqrt(squares[i]) - 1), 3e-14, "%.17g", x);
		x = zv_last_below(above_log, &logs[i], 0, 1e7);
		cr_expect_leq(log(x), logs[i]);
		cr_expect_leq(fabs(x / exp(logs[i]) - 1), 1e-13, "%.17g", x);
		x = zv_last_below(above_wall, &squares[0], 0, 1e7);
		cr_expect(x < 2 && x > 2 * (1 - 3e-14), "%.17g", x);
	}
}

/* The first words from the state 1, 2, 3, 4, as the authors' program prints them. */
Test(num, the_generator_is_xoshiro256_starstar)
{
	struct zv_rng rng = {{1, 2, 3, 4}};

	cr_expect_eq(zv_rng_next(&rng), UINT64_C(11520));
	cr_expect_eq(zv_rng_next(&rng), UINT64_C(0));
	cr_expect_eq(zv_rng_next(&rng), UINT64_C(1509978240));
	cr_expect_eq(zv_rng_next(&rng), UINT64_C(1215971899390074240));
}

#define N_DRAWS 200000

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance times sqrt n; above 2.2 in 1 of 8,000 honest samples. */
static double distance(double *draws, double (*cdf)(double))
{
	double worst = 0;

	qsort(draws, N_DRAWS, sizeof(*draws), by_value);
	for (int i = 0; i < N_DRAWS; i++) {
		double p = cdf(draws[i]);

		worst = fmax(worst, fmax(p - i / (double)N_DRAWS, (i + 1) / (double)N_DRAWS - p));
	}
	return worst * sqrt(N_DRAWS);
}

static double uniform_cdf(double x)
{
	return x;
}

static double exp_cdf(double x)
{
	return -expm1(-x / 180);
}

static double normal_cdf(double x)
{
	return 0.5 * erfc(-x / sqrt(2));
}

/* mean 60, cv 0.9 */
static double lognormal_cdf(double x)
{
	double var = log(1 + 0.81);

	return normal_cdf((log(x / 60) + var / 2) / sqrt(var));
}

Test(num, draws_follow_their_distributions)
{
	static double draws[4][N_DRAWS];
	static double (*const cdfs[4])(double) = {uniform_cdf, exp_cdf, normal_cdf, lognormal_cdf};
	struct zv_rng rng;

	zv_rng_init(&rng, 2026, 1);
	for (int i = 0; i < N_DRAWS; i++) {
		draws[0][i] = zv_rng_uniform(&rng);
		draws[1][i] = zv_rng_exp(&rng, 180);
		draws[2][i] = zv_rng_normal(&rng);
		draws[3][i] = zv_rng_lognormal(&rng, 60, 0.9);
	}
	for (int d = 0; d < 4; d++)
		cr_expect_lt(distance(draws[d], cdfs[d]), 2.2, "distribution %d", d);
}

Test(num, a_lognormal_has_the_mean_and_deviation_asked_for)
{
	struct zv_rng rng;
	double sum = 0, squares = 0;

	zv_rng_init(&rng, 3, 0);
	for (int i = 0; i < N_DRAWS; i++) {
		double x = zv_rng_lognormal(&rng, 12, 0.5);

		sum += x;
		squares += x * x;
	}
	double mean = sum / N_DRAWS, dev = sqrt(squares / N_DRAWS - mean * mean);

	cr_expect_float_eq(mean, 12, 0.08);
	cr_expect_float_eq(dev / mean, 0.5, 0.01);
	cr_expect_eq(zv_rng_lognormal(&rng, 12, 0), 12);
}

/* Chi-square of 9 degrees: above 33.7 in 1 of 10,000. */
Test(num, indices_are_equally_likely_and_never_reach_n)
{
	uint32_t counts[10] = {0};
	struct zv_rng rng;
	double chi = 0;

	zv_rng_init(&rng, 4, 0);
	for (int i = 0; i < N_DRAWS; i++) {
		uint32_t at = zv_rng_index(&rng, 10);

		cr_assert_lt(at, 10);
		counts[at]++;
	}
	for (int i = 0; i < 10; i++)
		chi += pow(counts[i] - N_DRAWS / 10.0, 2) / (N_DRAWS / 10.0);
	cr_expect_lt(chi, 33.7);
	cr_expect_eq(zv_rng_index(&rng, 1), 0);
}

Test(num, streams_of_a_seed_and_seeds_of_a_stream_differ)
{
	struct zv_rng a, b, c, again;

	zv_rng_init(&a, 5, 0);
	zv_rng_init(&b, 5, 1);
	zv_rng_init(&c, 6, 0);
	zv_rng_init(&again, 5, 0);
	uint64_t first = zv_rng_next(&a);

	cr_expect_neq(first, zv_rng_next(&b));
	cr_expect_neq(first, zv_rng_next(&c));
	cr_expect_eq(first, zv_rng_next(&again));
}

/* One hash over the bits of every function on a grid.  The constant came from gcc 12 -O2; clang,
 * other levels of optimisation and other machines must find the same. */
Test(num, the_bits_are_the_same_with_every_compiler_and_on_every_machine)
{
	struct zv_key key = {1, 2};
	struct zv_rng rng;
	uint64_t hash = 0;

	zv_rng_init(&rng, 7, 0);
	for (int i = 0; i < 20000; i++) {
		double u = zv_rng_uniform(&rng), wide = 40 * (zv_rng_uniform(&rng) - 0.5);
		double pos = zv_rng_exp(&rng, 20);
		double out[] = {u, wide, pos, zv_exp(wide), zv_expm1(wide / 20), zv_ln(pos), zv_log1p(u),
			zv_erf(wide / 10), zv_erfc(wide), zv_norm_cdf(wide), zv_norm_pdf(wide),
			zv_norm_quantile(u), zv_lgamma(pos), zv_stirling_rest(pos), zv_poisson_dev(pos, 20),
			zv_ln_poisson(pos, 20), zv_pow(pos, wide), zv_beta_inc(pos, 5, u),
			zv_rng_normal(&rng), zv_rng_lognormal(&rng, 60, 0.9)};

		hash = zv_mix64(hash ^ zv_siphash(&key, out, sizeof(out)));
	}
	cr_expect_eq(hash, UINT64_C(0xd066c5cbd8543af6), "0x%016llx", (unsigned long long)hash);
}
