#include "dial/rules/budget.h"

#include "base/num.h"

struct window {
	uint64_t n, first_over; /* the smallest count that passes the limit */
	double risk;
};

static double excess(const void *arg, double rate)
{
	const struct window *w = arg;

	return zv_ln(zv_binom_tail(w->n, w->first_over, rate) / w->risk);
}

double zv_ratio_safe_rate(double limit, uint64_t n, double risk)
{
	if (!(limit >= 0 && risk >= 0))
		return __builtin_nan("");
	if (limit >= 1 || risk >= 1)
		return 1;
	if (n == 0 || risk == 0)
		return 0;
	double most = limit * (double)n;
	struct window w = {.n = n, .risk = risk};

	w.first_over = (uint64_t)zv_floor(most + 1e-9 * (most > 1 ? most : 1)) + 1;
	if (w.first_over > n)
		return 1;
	return zv_last_below(excess, &w, 0, 1);
}
