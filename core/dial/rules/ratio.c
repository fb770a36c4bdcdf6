#include "dial/rules/eval.h"

#define WINDOWS_MAX 192 /* looked at until one is under the limit */

struct share {
	uint64_t num, den;
	int64_t next_ms;
};

bool zv_share_over(double num, double den, double limit)
{
	/* One of a few is no measure yet: counted as of the fewest that the limit allows one of.
	 * A campaign that its first abandoned call stopped could never come down again.  And 29 of
	 * 100 is not over 0.29, whatever the product rounds to. */
	double allowed = limit * den;

	if (limit > 0 && allowed < 1)
		allowed = 1;
	return num > allowed + 1e-9;
}

static bool over(const struct share *s, double limit)
{
	return zv_share_over((double)s->num, (double)s->den, limit);
}

void zv_ratio_bounds(const struct zv_rules *rules, const struct zv_rule *rule,
		     const struct zv_tally *tally, const struct zv_tz *tz, int64_t now_ms,
		     struct zv_bounds *ret_bounds)
{
	const struct zv_rule_window *w = &rule->u.ratio.window;
	struct zv_local local = {0};

	if (w->tz == ZV_TZ_FIXED)
		tz = zv_zones_get(rules->zones, w->zone);
	if (zv_window_needs_clock(w))
		zv_tz_to_local(tz, now_ms, &local);
	zv_bounds_at(w, tz, &local, now_ms, tally->origin_ms, ret_bounds);
}

/* The clock of a campaign's window: of the rule, of the campaign, else the person's. */
static const struct zv_tz *clock_of(struct zv_eval *e, const struct zv_rule *rule)
{
	const struct zv_rule_window *w = &rule->u.ratio.window;
	const struct zv_candidates *c;
	const struct zv_tz *tz = NULL;

	if (w->tz == ZV_TZ_FIXED)
		return zv_zones_get(e->rules->zones, w->zone);
	if (e->ask->default_zone_known)
		tz = zv_zones_get(e->rules->zones, e->ask->default_zone);
	if (tz != NULL)
		return tz;
	c = zv_eval_zones(e, ZV_TZ_RESIDENCE, 0);
	return c->n > 0 ? c->v[0] : NULL;
}

/* Counts of the window around one moment, and when it is another one. */
static void count(const struct zv_eval *e, const struct zv_rule *rule, const struct zv_tz *tz,
		  int64_t at_ms, struct share *ret)
{
	struct zv_bounds b;

	zv_ratio_bounds(e->rules, rule, e->tally, tz, at_ms, &b);
	ret->num = zv_tally_sum(e->tally, b.start_ms, b.end_ms, rule->u.ratio.num);
	ret->den = zv_tally_sum(e->tally, b.start_ms, b.end_ms, rule->u.ratio.den);
	/* A rolling window is another one with every quarter of an hour. */
	ret->next_ms = rule->u.ratio.window.kind == ZV_WINDOW_ROLLING
			       ? (at_ms / ZV_TALLY_MS + 1) * ZV_TALLY_MS
			       : b.end_ms;
}

bool zv_ratio_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit,
		   bool *ret_alarm)
{
	const struct zv_tz *tz = clock_of(e, rule);
	uint32_t looks = 0;
	struct share s;

	*ret_alarm = false;
	if (e->tally == NULL)
		return false;
	*ret_hit = (struct zv_hit){ZV_NEVER_MS, ZV_DETAIL_RATIO};
	if (tz == NULL && zv_window_needs_clock(&rule->u.ratio.window))
		return true;
	count(e, rule, tz, e->at_ms, &s);
	*ret_alarm =
		rule->u.ratio.alarm_at > 0 && over(&s, rule->u.ratio.alarm_at);
	if (!over(&s, rule->u.ratio.limit))
		return false;
	do {
		ret_hit->until_ms = s.next_ms;
		count(e, rule, tz, s.next_ms, &s);
	} while (over(&s, rule->u.ratio.limit) && looks++ < WINDOWS_MAX &&
		 e->looks++ < ZV_LOOKS_MAX);
	return true;
}
