#include <string.h>

#include "dial/rules/eval.h"

#define CONSENT_MS (7 * ZV_DAY_MS)

bool zv_jur_binds(const char *rule_jur, const char *subject_jur)
{
	size_t rule = strnlen(rule_jur, ZV_JUR_MAX), subject = strnlen(subject_jur, ZV_JUR_MAX);
	size_t shorter = rule < subject ? rule : subject;

	if (rule == 0 || subject == 0 || memcmp(rule_jur, subject_jur, shorter) != 0)
		return false;
	if (rule == subject)
		return true;
	/* One names the country, the other a part of it. */
	return (rule < subject ? subject_jur[shorter] : rule_jur[shorter]) == '-';
}

static bool listed(uint8_t bits, uint8_t value)
{
	return bits == 0 || value == 0 || (bits >> value & 1) != 0;
}

bool zv_rule_binds(const struct zv_rule *r, const struct zv_ask *ask)
{
	return listed(r->purposes, ask->purpose) && listed(r->channels, ask->channel) &&
	       listed(r->modes, ask->mode) && listed(r->actors, ask->actor) &&
	       listed(r->parties, ask->party) && listed(r->lines, ask->line);
}

void zv_rules_plan(const struct zv_rules *rules, const struct zv_ask *ask, const char *jur,
		   struct zv_rule_plan *ret_plan)
{
	ret_plan->n = 0;
	for (uint32_t i = 0; i < rules->n && i < ZV_RULES_MAX; i++) {
		const struct zv_rule *r = &rules->v[i];

		if (r->kind != ZV_RULE_RETAIN && zv_jur_binds(r->jur, jur) && zv_rule_binds(r, ask))
			ret_plan->rules[ret_plan->n++] = (uint16_t)i;
	}
}

/* May this mark switch the rule off?  *ret_end_ms: when it stops doing so. */
static bool overrides(const struct zv_rule *r, const struct zv_mark *m, int64_t *ret_end_ms)
{
	if (m->kind != ZV_MARK_OVERRIDE || m->by != r->override_by ||
	    r->override_by == ZV_OVERRIDE_NONE)
		return false;
	if (m->name != zv_rule_name(r->id, strnlen(r->id, sizeof(r->id))) &&
	    m->name != zv_rule_name("*", 1))
		return false;
	*ret_end_ms = m->to_ms;
	if (m->by == ZV_OVERRIDE_CONSENT_7D && m->from_ms < INT64_MAX - CONSENT_MS &&
	    m->from_ms + CONSENT_MS < m->to_ms)
		*ret_end_ms = m->from_ms + CONSENT_MS;
	return true;
}

bool zv_rule_overridden(const struct zv_rule *r, const struct zv_person_slab *p, int64_t at_ms)
{
	int64_t end_ms;

	if (r->override_by == ZV_OVERRIDE_NONE)
		return false;
	for (uint32_t i = 0; i < p->n_marks && i < ZV_MARKS_MAX; i++) {
		if (overrides(r, &p->marks[i], &end_ms) && at_ms >= p->marks[i].from_ms &&
		    at_ms < end_ms)
			return true;
	}
	return false;
}

int64_t zv_rule_override_from(const struct zv_rule *r, const struct zv_person_slab *p,
			      int64_t at_ms)
{
	int64_t from_ms = ZV_NEVER_MS, end_ms;

	if (r->override_by == ZV_OVERRIDE_NONE)
		return from_ms;
	for (uint32_t i = 0; i < p->n_marks && i < ZV_MARKS_MAX; i++) {
		const struct zv_mark *m = &p->marks[i];

		if (overrides(r, m, &end_ms) && m->from_ms > at_ms && m->from_ms < end_ms &&
		    m->from_ms < from_ms)
			from_ms = m->from_ms;
	}
	return from_ms;
}
