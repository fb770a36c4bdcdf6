#include <criterion/criterion.h>
#include <math.h>

#include "base/num.h"
#include "dial/rules/budget.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The published set points for a limit of 3 %, in hundredths of a percent. */
Test(budget, three_percent_gives_the_printed_set_points)
{
	static const struct { uint64_t n; double risk_1, risk_5; } rows[] = {{100, 0.83, 1.38},
		{200, 1.18, 1.65}, {500, 1.65, 2.02}, {1000, 1.96, 2.25}, {2000, 2.22, 2.44},
		{5000, 2.48, 2.63}, {10000, 2.63, 2.73}, {50000, 2.83, 2.88}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cr_expect_float_eq(100 * zv_ratio_safe_rate(0.03, rows[i].n, 0.01), rows[i].risk_1, 0.0051,
			"n %u: %g", (unsigned)rows[i].n, 100 * zv_ratio_safe_rate(0.03, rows[i].n, 0.01));
		cr_expect_float_eq(100 * zv_ratio_safe_rate(0.03, rows[i].n, 0.05), rows[i].risk_5, 0.0051,
			"n %u: %g", (unsigned)rows[i].n, 100 * zv_ratio_safe_rate(0.03, rows[i].n, 0.05));
	}
}

/* Limit, n, risk, rate: by mpmath with 40 digits, the binomial terms summed one by one and the
 * rate found by halving; the count at the limit from fractions, so 0.29 of 100 is 29. */
static const struct { double limit; uint64_t n; double risk, rate; } rows[] = {
	{0.03, 1, 0.01, 0.01},
	{0.03, 7, 0.01, 0.001434732051251654},
	{0.03, 33, 0.01, 3.045092595655915e-4},
	{0.03, 34, 0.01, 0.004425168294259059},
	{0.03, 99, 0.05, 0.00830942339398676},
	{0.03, 100, 0.01, 0.008323646835074497},
	{0.03, 1000, 0.05, 0.02253022167403825},
	{0.03, 6000, 0.01, 0.02525769622210975},
	{0.03, 50000, 0.01, 0.02827184663365645},
	{0.03, 1000000, 0.01, 0.02960550211521927},
	{0.05, 20, 0.01, 0.007591856659471748},
	{0.05, 777, 0.02, 0.03534332659380697},
	{0.29, 100, 0.01, 0.1983159649421128},
	{0.01, 100, 0.01, 0.001491918231230439},
	{0.01, 12345, 0.001, 0.00749536565750886},
	{0.1, 300, 0.5, 0.1021107578299815},
	{0, 100, 0.01, 1.004983082416679e-4},
	{0.07, 100, 0.01, 0.02967705414469743},
	{0.5, 40, 0.000001, 0.1816921087283425},
	{0.015, 200000, 0.01, 0.01437966861172811},
};

Test(budget, other_limits_and_windows_agree_with_exact_sums)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		double got = zv_ratio_safe_rate(rows[i].limit, rows[i].n, rows[i].risk);

		cr_expect_float_eq(got / rows[i].rate, 1, 1e-11, "row %zu: %.17g, not %.17g", i, got,
			rows[i].rate);
	}
}

Test(budget, the_rate_keeps_the_risk_and_a_little_more_would_not)
{
	for (uint64_t n = 1; n < 2000000; n = n * 3 + 2) {
		double rate = zv_ratio_safe_rate(0.03, n, 0.01);
		uint64_t over = n * 3 / 100 + 1;

		cr_expect_leq(zv_binom_tail(n, over, rate), 0.01, "n %u", (unsigned)n);
		cr_expect_gt(zv_binom_tail(n, over, rate * 1.000001), 0.01, "n %u", (unsigned)n);
		cr_expect_gt(zv_ratio_safe_rate(0.03, n, 0.05), rate);
		cr_expect_geq(zv_ratio_safe_rate(0.05, n, 0.01), rate);
	}
}

Test(budget, the_ends_are_safe_and_nonsense_gives_nan)
{
	cr_expect_eq(zv_ratio_safe_rate(0.03, 0, 0.01), 0);
	cr_expect_eq(zv_ratio_safe_rate(0.03, 100, 0), 0);
	cr_expect_eq(zv_ratio_safe_rate(1, 100, 0.01), 1);
	cr_expect_eq(zv_ratio_safe_rate(0.03, 100, 1), 1);
	cr_expect(isnan(zv_ratio_safe_rate(-0.01, 100, 0.01)));
	cr_expect(isnan(zv_ratio_safe_rate(0.03, 100, NAN)));
}
