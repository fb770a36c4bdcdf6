#include "base/num.h"

double zv_last_below(double (*f)(const void *arg, double x), const void *arg, double lo, double hi)
{
	double at_lo = f(arg, lo), at_hi = f(arg, hi);

	/* more halvings than a double has, every third step */
	for (int i = 0; i < 7000; i++) {
		double tight = 1e-14 * hi;

		if (hi - lo <= 2 * tight)
			break;
		double x = 0.5 * (lo + hi);

		if (i % 3 != 2 && at_lo > -__builtin_inf() && at_lo < at_hi) {
			x = lo + (hi - lo) * (at_lo / (at_lo - at_hi));
			/* at least a hair off both ends, so that the root falls between two of them */
			x = x < lo + tight ? lo + tight : x > hi - tight ? hi - tight : x;
		}
		double at_x = f(arg, x);

		if (at_x <= 0) {
			lo = x;
			at_lo = at_x;
		} else {
			hi = x;
			at_hi = at_x;
		}
	}
	return lo;
}
