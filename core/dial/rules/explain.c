/* Which contacts a counting rule sees: what its count is made of, for people. */
#include "dial/rules/eval.h"

static bool stands_in_freq(struct zv_eval *e, const struct zv_rule *rule, const struct zv_contact *c)
{
	for (uint32_t i = 0; i < rule->u.freq.n_windows && i < ZV_RULE_WINDOWS_MAX; i++) {
		const struct zv_rule_window *w = &rule->u.freq.windows[i];
		const struct zv_candidates *clocks = zv_eval_clocks(e, w);

		for (uint32_t k = 0; k < clocks->n; k++) {
			struct zv_bounds b = *zv_eval_bounds(e, w, clocks->v[k],
							     zv_eval_origin(e, rule->u.freq.key));

			if (zv_freq_holds(e, rule, &b, c))
				return true;
		}
	}
	return false;
}

static bool stands_in_cooldown(struct zv_eval *e, const struct zv_rule *rule,
			       const struct zv_contact *c)
{
	const struct zv_rule_window *w = &rule->u.cooldown.window;
	const struct zv_candidates *clocks = zv_eval_clocks(e, w);
	int64_t at_ms = zv_contact_at(c, rule->u.cooldown.after);

	if (!zv_contact_has(c, rule->u.cooldown.after) || at_ms > e->at_ms ||
	    !zv_contact_same(c, e->ask, rule->u.cooldown.key))
		return false;
	for (uint32_t k = 0; k < clocks->n; k++)
		if (at_ms >= zv_eval_bounds(e, w, clocks->v[k],
					    zv_eval_origin(e, rule->u.cooldown.key))->start_ms)
			return true;
	return false;
}

uint32_t zv_rule_contacts(const struct zv_rules *rules, uint16_t rule,
			  const struct zv_person_slab *person, const struct zv_ask *ask,
			  uint16_t ret_contacts[ZV_CONTACTS_MAX])
{
	struct zv_eval e = {.rules = rules, .person = person};
	const struct zv_rule *r = &rules->v[rule];
	uint32_t n = 0;

	zv_eval_init(&e, ask);
	for (uint16_t i = 0; i < person->n_contacts && i < ZV_CONTACTS_MAX; i++) {
		const struct zv_contact *c = &person->contacts[i];

		if ((r->kind == ZV_RULE_FREQ && stands_in_freq(&e, r, c)) ||
		    (r->kind == ZV_RULE_COOLDOWN && stands_in_cooldown(&e, r, c)))
			ret_contacts[n++] = i;
	}
	return n;
}
