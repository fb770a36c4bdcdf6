#include "dial/rules/eval.h"

static bool concerns(const struct zv_eval *e, const struct zv_rule *rule,
		     const struct zv_contact *c)
{
	if (!zv_contact_has(c, rule->u.cooldown.after) &&
	    (c->open == 0 ||
	     (zv_channel_facts(c->channel) & ZV_FACT_BIT(rule->u.cooldown.after)) == 0))
		return false;
	if (!zv_contact_same(c, e->ask, rule->u.cooldown.key))
		return false;
	return zv_attempt_is_zero(e->ask->self) || !zv_attempt_eq(c->attempt, e->ask->self);
}

/* The last such event at or before the moment looked at; *ret_flying: one may still come. */
static int64_t last_event(const struct zv_eval *e, const struct zv_rule *rule, bool *ret_flying)
{
	const struct zv_person_slab *p = e->person;
	int64_t last = INT64_MIN;

	*ret_flying = false;
	for (uint32_t i = p->n_contacts; i-- > 0;) {
		const struct zv_contact *c = &p->contacts[i];
		int64_t at_ms;

		/* Nothing that began so early can be dated later; open ones stand after first_open.
		 */
		if (last != INT64_MIN && c->at_ms < last - ZV_LATE_MS && i < e->first_open)
			break;
		if (!concerns(e, rule, c))
			continue;
		if (zv_contact_flies(e, c)) {
			*ret_flying = true;
			continue;
		}
		at_ms = zv_contact_at(c, rule->u.cooldown.after);
		if (at_ms <= e->at_ms && at_ms > last)
			last = at_ms;
	}
	return last;
}

bool zv_cooldown_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit)
{
	const struct zv_rule_window *w = &rule->u.cooldown.window;
	const struct zv_candidates *clocks = zv_eval_clocks(e, w);
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_COOLDOWN};
	int64_t last, origin_ms = zv_eval_origin(e, rule->u.cooldown.key);
	bool flying;

	if ((rule->u.cooldown.unless_modes >> e->ask->mode & 1) != 0)
		return false;
	last = last_event(e, rule, &flying);
	if (flying && e->at_ms < e->free_ms)
		hit.until_ms = e->free_ms;
	if (last == INT64_MIN) {
		*ret_hit = hit;
		return hit.until_ms != INT64_MIN;
	}
	if (clocks->n == 0)
		hit.until_ms = ZV_NEVER_MS;
	for (uint32_t i = 0; i < clocks->n; i++) {
		int64_t leave;

		if (last < zv_eval_bounds(e, w, clocks->v[i], origin_ms)->start_ms)
			continue;
		leave = zv_bounds_leave(w, clocks->v[i], last, origin_ms);
		if (leave <= e->at_ms)
			leave = e->at_ms + 60000;
		hit.until_ms = leave > hit.until_ms ? leave : hit.until_ms;
	}
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}
