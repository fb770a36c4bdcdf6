#include "dial/rules/eval.h"

bool zv_deny_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit)
{
	const struct zv_person_slab *p = e->person;
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_FLAG};

	for (uint32_t i = 0; i < p->n_marks && i < ZV_MARKS_MAX; i++) {
		const struct zv_mark *m = &p->marks[i];

		if (m->kind != ZV_MARK_FLAG || m->from_ms > e->at_ms || m->to_ms <= e->at_ms)
			continue;
		for (uint32_t k = 0; k < rule->u.deny.n_flags && k < ZV_RULE_NAMES_MAX; k++) {
			if (rule->u.deny.flags[k] == m->name && m->to_ms > hit.until_ms)
				hit.until_ms = m->to_ms;
		}
	}
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}

bool zv_suppression_hits(const struct zv_eval *e, struct zv_hit *ret_hit)
{
	const struct zv_person_slab *p = e->person;
	const struct zv_ask *ask = e->ask;
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_NONE};

	for (uint32_t i = 0; i < p->n_suppressed && i < ZV_SUPPRESSED_MAX; i++) {
		const struct zv_suppressed *s = &p->suppressed[i];

		if (s->e164 != 0 && s->e164 != ask->e164)
			continue;
		if (s->campaign != 0 && s->campaign != ask->campaign && ask->campaign != 0)
			continue;
		if (s->to_ms > e->at_ms && s->to_ms > hit.until_ms)
			hit.until_ms = s->to_ms;
	}
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}
