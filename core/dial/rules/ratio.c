#include "dial/rules/eval.h"

bool zv_share_over(uint64_t num, uint64_t den, double limit)
{
	/* 29 of 100 is not over 0.29, whatever the product rounds to. */
	return (double)num > limit * (double)den + 1e-9;
}

void zv_ratio_bounds(const struct zv_rules *rules, const struct zv_rule *rule,
		     const struct zv_tally *tally, const struct zv_tz *tz, int64_t now_ms,
		     struct zv_bounds *ret_bounds)
{
	const struct zv_rule_window *w = &rule->u.ratio.window;

	if (w->tz == ZV_TZ_FIXED)
		tz = zv_zones_get(rules->zones, w->zone);
	zv_bounds_at(w, tz, now_ms, tally->origin_ms, ret_bounds);
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

bool zv_ratio_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit,
		   bool *ret_alarm)
{
	const struct zv_tz *tz = clock_of(e, rule);
	uint64_t num, den;
	struct zv_bounds b;
	bool over;

	*ret_alarm = false;
	if (e->tally == NULL)
		return false;
	*ret_hit = (struct zv_hit){ZV_NEVER_MS, ZV_DETAIL_RATIO};
	if (tz == NULL && zv_window_needs_clock(&rule->u.ratio.window))
		return true;
	zv_ratio_bounds(e->rules, rule, e->tally, tz, e->at_ms, &b);
	num = zv_tally_sum(e->tally, b.start_ms, b.end_ms, rule->u.ratio.num);
	den = zv_tally_sum(e->tally, b.start_ms, b.end_ms, rule->u.ratio.den);
	over = zv_share_over(num, den, rule->u.ratio.limit);
	*ret_alarm = rule->u.ratio.alarm_at > 0 && zv_share_over(num, den, rule->u.ratio.alarm_at);
	/* A rolling window has no end: it is looked at again with the next quarter of an hour. */
	ret_hit->until_ms = rule->u.ratio.window.kind == ZV_WINDOW_ROLLING
				    ? (e->at_ms / ZV_TALLY_MS + 1) * ZV_TALLY_MS
				    : b.end_ms;
	return over;
}
