/* dial/rules/budget.h -- how near to a limit on a share one may steer.
 *
 * Pure; any thread.  A regulator caps the share of abandoned calls in a window; a controller that
 * aims at the cap itself passes it in every second window.
 */
#ifndef ZV_DIAL_RULES_BUDGET_H
#define ZV_DIAL_RULES_BUDGET_H

#include <stdint.h>

/* The largest true rate at which the share seen in a window of n independent calls passes limit
 * with probability risk at most: P(Binomial(n, p) / n > limit) <= risk.  limit and risk are shares
 * in 0..1; a product limit * n within 1e-9 of a whole number is taken for it.  Open loop: who
 * watches the count may steer higher, whose calls fail in bursts must steer lower.
 * n = 0: 0, nothing is known to be safe.  A limit of 1 or more or a risk of 1: 1.
 * NaN: limit or risk is negative or NaN. */
double zv_ratio_safe_rate(double limit, uint64_t n, double risk);

#endif
