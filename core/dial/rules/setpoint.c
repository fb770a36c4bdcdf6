#include "dial/rules/budget.h"
#include "dial/rules/eval.h"

/* How likely a window may end over its limit when the pacer aims at the safe rate. */
#define RISK 0.01

/* What zv_rules_budget knows beside the rule. */
struct scene {
	const struct zv_rules *rules;
	const struct zv_tally *tally;
	const struct zv_tz *tz;
	int64_t now_ms;
	uint64_t expected_den;
	double false_machines;
};

static void measure(const struct scene *s, const struct zv_rule *r, struct zv_budget *b)
{
	double num, den;
	uint64_t expected;
	struct zv_bounds w;

	zv_ratio_bounds(s->rules, r, s->tally, s->tz, s->now_ms, &w);
	b->limit = r->u.ratio.limit;
	b->alarm_at = r->u.ratio.alarm_at;
	b->window_start_ms = w.start_ms;
	b->window_end_ms = w.end_ms;
	b->num = zv_tally_sum(s->tally, w.start_ms, w.end_ms, r->u.ratio.num);
	b->den = zv_tally_sum(s->tally, w.start_ms, w.end_ms, r->u.ratio.den);
	num = (double)b->num;
	den = (double)b->den;
	if (r->u.ratio.amd_fp_estimate) {
		/* Persons who were taken for machines were answered, and abandoned. */
		double persons =
			s->false_machines *
			(double)zv_tally_sum(s->tally, w.start_ms, w.end_ms, ZV_FACT_MACHINE);

		num += persons;
		den += persons;
	}
	expected = s->expected_den > b->den ? s->expected_den : b->den;
	b->rate = den > 0 ? num / den : 0;
	b->safe_rate = zv_ratio_safe_rate(b->limit, expected, RISK);
	b->left = b->limit * (den + 1) - num;
	b->over = zv_share_over(num, den, b->limit);
	b->alarm = b->alarm_at > 0 && zv_share_over(num, den, b->alarm_at);
}

bool zv_rules_budget(const struct zv_rules *rules, const struct zv_rule_plan *plan,
		     const struct zv_tally *tally, int64_t now_ms, uint64_t expected_den,
		     double false_machines, uint16_t default_zone, struct zv_budget *ret_budget)
{
	struct scene s = {rules,  tally,        zv_zones_get(rules->zones, default_zone),
			  now_ms, expected_den, false_machines};
	struct zv_rule_treat treat = {0};
	bool found = false;

	for (uint32_t i = 0; i < plan->n; i++) {
		const struct zv_rule *r = &rules->v[plan->rules[i]];
		struct zv_budget b = {.rule = plan->rules[i]};

		if (now_ms < r->from_ms || now_ms >= r->to_ms || r->trust == ZV_TRUST_MEMORY ||
		    r->effect == ZV_EFFECT_WARN)
			continue;
		if (r->kind == ZV_RULE_TREAT)
			zv_treat_merge(&treat, &r->u.treat);
		if (r->kind != ZV_RULE_RATIO)
			continue;
		if (s.tz == NULL && r->u.ratio.window.tz != ZV_TZ_FIXED &&
		    zv_window_needs_clock(&r->u.ratio.window))
			continue; /* such a campaign gets no yes either */
		measure(&s, r, &b);
		if (found && b.left >= ret_budget->left)
			continue;
		*ret_budget = b;
		found = true;
	}
	if (!found)
		return false;
	ret_budget->within_ms = treat.agent_within_ms;
	ret_budget->within_from = treat.within_from;
	return true;
}
