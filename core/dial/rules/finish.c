#include "dial/rules/eval.h"
#include "dial/rules/tally.h"

#define WINDOW_MAX_MS (400 * ZV_DAY_MS)

/* NULL: sound. */
static const char *zone_fault(const struct zv_rules *rules, uint8_t tz, uint16_t zone)
{
	if (tz > ZV_TZ_FIXED)
		return "whose clock is not known";
	if (tz == ZV_TZ_FIXED && (rules->zones == NULL || zv_zones_get(rules->zones, zone) == NULL))
		return "no such time zone";
	return NULL;
}

static const char *window_fault(const struct zv_rules *rules, const struct zv_rule_window *w)
{
	if (w->kind < ZV_WINDOW_ROLLING || w->kind > ZV_WINDOW_BLOCK)
		return "a window is rolling, calendar or block";
	if (w->unit < ZV_UNIT_HOUR || w->unit > ZV_UNIT_MONTH || w->n == 0)
		return "a window has at least one hour, day, week or month";
	if (w->day_one && (w->kind != ZV_WINDOW_ROLLING || w->unit == ZV_UNIT_HOUR))
		return "day_one is for rolling windows of days, weeks or months";
	if (zv_window_reach(w) > WINDOW_MAX_MS + 2 * ZV_DAY_MS + ZV_LATE_MS)
		return "no window may be longer than 400 days";
	return zone_fault(rules, w->tz, w->zone);
}

static const char *freq_fault(const struct zv_rules *rules, const struct zv_rule *r)
{
	const char *fault = NULL;

	if (r->u.freq.fact >= ZV_FACTS)
		return "no such event";
	if (r->u.freq.seconds != (r->u.freq.fact == ZV_FACT_DIAL_SECONDS))
		return "dial_seconds, and nothing else, are counted in seconds";
	if (r->u.freq.n_windows == 0 || r->u.freq.n_windows > ZV_RULE_WINDOWS_MAX)
		return "a limit has one to four windows";
	for (uint32_t i = 0; fault == NULL && i < r->u.freq.n_windows; i++)
		fault = window_fault(rules, &r->u.freq.windows[i]);
	return fault;
}

static const char *cooldown_fault(const struct zv_rules *rules, const struct zv_rule *r)
{
	if (r->u.cooldown.after >= ZV_FACTS)
		return "no such event";
	return window_fault(rules, &r->u.cooldown.window);
}

static const char *hours_fault(const struct zv_rules *rules, const struct zv_rule_hours *h)
{
	for (uint32_t key = 0; key < ZV_DAY_KEYS; key++) {
		uint32_t end = 0;

		if (h->n[key] > ZV_RULE_SPANS_MAX || (h->n[key] > 0 && !h->given[key]))
			return "a kind of day has at most six spans";
		for (uint32_t i = 0; i < h->n[key]; i++) {
			const struct zv_rule_span *s = &h->spans[key][i];

			if (s->start_min >= s->end_min || s->end_min > 1440 ||
			    (i > 0 && s->start_min < end))
				return "spans of a day begin before they end, in order, one after "
				       "the other";
			end = s->end_min;
		}
	}
	return zone_fault(rules, h->tz, h->zone);
}

static const char *ratio_fault(const struct zv_rules *rules, const struct zv_rule *r)
{
	const struct zv_rule_window *w = &r->u.ratio.window;

	if (r->u.ratio.num >= ZV_FACTS || r->u.ratio.den >= ZV_FACTS)
		return "no such event";
	if (!(r->u.ratio.limit >= 0 && r->u.ratio.limit <= 1))
		return "a ratio's limit lies between 0 and 1";
	if (r->u.ratio.key != ZV_KEY_CAMPAIGN)
		return "a ratio is counted by campaign";
	if (w->unit >= ZV_UNIT_HOUR && w->unit <= ZV_UNIT_MONTH &&
	    zv_window_reach(w) > ZV_TALLY_DAYS * ZV_DAY_MS + 2 * ZV_DAY_MS + ZV_LATE_MS)
		return "a ratio's window may not be longer than 63 days";
	return window_fault(rules, w);
}

static const char *consent_fault(const struct zv_rule *r)
{
	if (r->u.consent.n_need > ZV_RULE_NAMES_MAX || r->u.consent.n_scrub > ZV_RULE_NAMES_MAX)
		return "a rule names at most sixteen consents and lists";
	return NULL;
}

/* Names that the treatments of one subject and purpose ask for must fit into one. */
static const char *treat_fault(const struct zv_rules *rules, const struct zv_rule *r)
{
	for (uint32_t purpose = 1; purpose < ZV_PURPOSES; purpose++) {
		struct zv_rule_treat all = {0};
		struct zv_ask ask = {.purpose = (uint8_t)purpose};

		for (uint32_t i = 0; i < rules->n; i++) {
			const struct zv_rule *o = &rules->v[i];
			uint32_t before = (uint32_t)all.n_say + all.n_must_say + all.n_must_not;

			if (o->kind != ZV_RULE_TREAT || !zv_jur_binds(o->jur, r->jur) ||
			    !zv_rule_binds(o, &ask))
				continue;
			if (o->u.treat.n_say > ZV_RULE_NAMES_MAX ||
			    o->u.treat.n_must_say > ZV_RULE_NAMES_MAX ||
			    o->u.treat.n_must_not > ZV_RULE_NAMES_MAX)
				return "a rule names at most sixteen things to say";
			zv_treat_merge(&all, &o->u.treat);
			if ((all.n_say == ZV_RULE_NAMES_MAX ||
			     all.n_must_say == ZV_RULE_NAMES_MAX ||
			     all.n_must_not == ZV_RULE_NAMES_MAX) &&
			    before != (uint32_t)all.n_say + all.n_must_say + all.n_must_not)
				return "the rules together ask for more things to say than a call "
				       "can carry";
		}
	}
	return NULL;
}

static const char *fault_of(const struct zv_rules *rules, const struct zv_rule *r)
{
	if (r->id[0] == 0 || r->jur[0] == 0)
		return "a rule has an id and a jurisdiction";
	if (r->from_ms >= r->to_ms)
		return "a rule ends after it begins";
	if (r->trust == ZV_TRUST_MEMORY && r->effect != ZV_EFFECT_WARN)
		return "a rule of trust memory may only warn";
	switch ((enum zv_rule_kind)r->kind) {
	case ZV_RULE_FREQ: return freq_fault(rules, r);
	case ZV_RULE_COOLDOWN: return cooldown_fault(rules, r);
	case ZV_RULE_HOURS: return hours_fault(rules, &r->u.hours);
	case ZV_RULE_RATIO: return ratio_fault(rules, r);
	case ZV_RULE_TREAT: return treat_fault(rules, r);
	case ZV_RULE_CONSENT: return consent_fault(r);
	case ZV_RULE_DENY:
		return r->u.deny.n_flags > ZV_RULE_NAMES_MAX ? "a rule names at most sixteen flags"
							     : NULL;
	case ZV_RULE_RETAIN: return NULL;
	}
	return "no such kind of rule";
}

/* How far back the rule looks at a person; 0: not at all. */
static int64_t reach_of(const struct zv_rule *r)
{
	int64_t reach = 0, one;

	if (r->kind == ZV_RULE_COOLDOWN)
		return zv_window_reach(&r->u.cooldown.window);
	if (r->kind != ZV_RULE_FREQ)
		return 0;
	for (uint32_t i = 0; i < r->u.freq.n_windows; i++) {
		one = zv_window_reach(&r->u.freq.windows[i]);
		reach = one > reach ? one : reach;
	}
	return reach;
}

/* Gathers the registries; false: too many. */
static bool add_lists(struct zv_rules *rules, const struct zv_rule *r)
{
	for (uint32_t i = 0; r->kind == ZV_RULE_CONSENT && i < r->u.consent.n_scrub; i++) {
		uint32_t k = 0;

		while (k < rules->n_lists && rules->lists[k] != r->u.consent.scrub[i].list)
			k++;
		if (k < rules->n_lists)
			continue;
		if (rules->n_lists == ZV_RULE_NAMES_MAX)
			return false;
		rules->lists[rules->n_lists++] = r->u.consent.scrub[i].list;
	}
	return true;
}

enum zv_err zv_rules_finish(struct zv_rules *rules, uint32_t *ret_rule, const char **ret_text)
{
	const char *fault = rules->n > ZV_RULES_MAX ? "at most 512 rules" : NULL;
	uint32_t i;

	rules->reach_ms = 0;
	rules->n_lists = 0;
	*ret_rule = 0;
	for (i = 0; fault == NULL && i < rules->n; i++) {
		int64_t reach;

		fault = fault_of(rules, &rules->v[i]);
		if (fault == NULL && !add_lists(rules, &rules->v[i]))
			fault = "a set names at most sixteen registries";
		reach = fault == NULL ? reach_of(&rules->v[i]) : 0;
		rules->reach_ms = reach > rules->reach_ms ? reach : rules->reach_ms;
		*ret_rule = i;
	}
	*ret_text = fault;
	return fault == NULL ? ZV_OK : ZV_EINVAL;
}
