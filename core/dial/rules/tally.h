/* dial/rules/tally.h -- counts of a campaign by quarters of an hour, for ratio rules.  Pure.
 *
 * The store keeps the same buckets (table `tallies`) in the transactions of the outcomes; at
 * start the shell tells the engine of them.  A quarter of an hour divides every zone's offset.
 */
#ifndef ZV_DIAL_RULES_TALLY_H
#define ZV_DIAL_RULES_TALLY_H

#include "dial/rules/rules.h"

#define ZV_TALLY_MS   INT64_C(900000)
#define ZV_TALLY_DAYS 63 /* how far back */
#define ZV_TALLY_SLOTS (ZV_TALLY_DAYS * 96 + 2) /* a window's two ends lie within buckets */

struct zv_tally {
	int64_t origin_ms; /* the campaign's first start: blocks begin here; 0 = now */
	int64_t last;      /* newest bucket's number (time / ZV_TALLY_MS) */
	/* Of each bucket all that came up to its end, so that a window is one subtraction however
	 * long it is (a decision asks for it); differences are right though the sums wrap. */
	uint32_t upto[ZV_TALLY_SLOTS][ZV_FACTS];
};

/* Adds each fact in `facts` (bits) once at at_ms.  Older than ZV_TALLY_DAYS: not counted. */
void zv_tally_add(struct zv_tally *tally, int64_t at_ms, uint16_t facts);
/* Sets a bucket as the store has it; cheapest from the oldest to the newest. */
void zv_tally_load(struct zv_tally *tally, int64_t bucket, const uint32_t n[ZV_FACTS]);
/* Of the buckets that [from_ms, to_ms) touches. */
uint64_t zv_tally_sum(const struct zv_tally *tally, int64_t from_ms, int64_t to_ms, enum zv_fact fact);

/* What a ratio rule leaves to the pacer. */
struct zv_budget {
	uint16_t rule;
	double limit, alarm_at;
	uint64_t num, den;              /* so far in the window */
	int64_t window_start_ms, window_end_ms;
	double rate;                    /* num / den, with the estimate of false machines if asked */
	double safe_rate;               /* set point: zv_ratio_safe_rate of the expected den */
	double left;                    /* limit x (den + 1) - num: what may be abandoned now */
	uint32_t within_ms; uint8_t within_from; /* from the treatment */
	bool alarm, over;
};
/* The ratio rule that leaves least, of those that bind the campaign.  expected_den: live answers
 * awaited by the end of the window, 0 = not known (then those so far).  false_machines: share of
 * machine verdicts that were persons.  False: no ratio rule binds. */
struct zv_ask;
struct zv_rule_plan;
bool zv_rules_budget(const struct zv_rules *rules, const struct zv_rule_plan *plan,
		     const struct zv_tally *tally, int64_t now_ms, uint64_t expected_den,
		     double false_machines, uint16_t default_zone, struct zv_budget *ret_budget);

#endif
