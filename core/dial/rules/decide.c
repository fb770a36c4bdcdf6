#include <string.h>

#include "dial/rules/eval.h"

#define ROUNDS_MAX 64 /* of looking ahead */
#define NO_RULE    UINT16_MAX

/* What a rule does when it stands in the way, from weak to strong. */
enum force { FORCE_NONE = 0, FORCE_WARN, FORCE_AGENT, FORCE_BLOCK };

static enum force force_of(const struct zv_rule *r, const struct zv_ask *ask)
{
	/* What stands only in somebody's memory may not decide. */
	if (r->trust == ZV_TRUST_MEMORY || r->effect == ZV_EFFECT_WARN)
		return FORCE_WARN;
	if (r->effect == ZV_EFFECT_FORCE_AGENT)
		return ask->agent_sure ? FORCE_NONE : FORCE_AGENT;
	return FORCE_BLOCK;
}

/* What one rule said beside its hit. */
struct said {
	struct zv_hit hit;
	struct zv_count count;
	int64_t open_until_ms;
	bool alarm;
};

/* Does the rule stand in the way at the moment looked at? */
static bool rule_hits(struct zv_eval *e, const struct zv_rule *r, struct said *ret)
{
	ret->open_until_ms = ZV_NEVER_MS;
	ret->alarm = false;
	switch ((enum zv_rule_kind)r->kind) {
	case ZV_RULE_FREQ: return zv_freq_hits(e, r, &ret->hit, &ret->count);
	case ZV_RULE_COOLDOWN: return zv_cooldown_hits(e, r, &ret->hit);
	case ZV_RULE_HOURS: return zv_hours_hits(e, r, &ret->hit, &ret->open_until_ms);
	case ZV_RULE_RATIO: return zv_ratio_hits(e, r, &ret->hit, &ret->alarm);
	case ZV_RULE_CONSENT: return zv_consent_hits(e, r, &ret->hit);
	case ZV_RULE_DENY: return zv_deny_hits(e, r, &ret->hit);
	case ZV_RULE_TREAT:
	case ZV_RULE_RETAIN: break;
	}
	return false;
}

static bool in_force(const struct zv_eval *e, const struct zv_rule *r)
{
	return e->at_ms >= r->from_ms && e->at_ms < r->to_ms && zv_rule_binds(r, e->ask) &&
	       !zv_rule_overridden(r, e->person, e->at_ms);
}

/* A rule also ends with its law, or where an agreement begins. */
static int64_t rule_until(const struct zv_eval *e, const struct zv_rule *r, int64_t until_ms)
{
	int64_t override_ms = zv_rule_override_from(r, e->person, e->at_ms);

	until_ms = r->to_ms < until_ms ? r->to_ms : until_ms;
	return override_ms < until_ms ? override_ms : until_ms;
}

/* What holds apart from rules; until when, INT64_MIN: nothing. */
static int64_t plain_until(const struct zv_eval *e, uint8_t *ret_refusal)
{
	const struct zv_person_slab *p = e->person;
	int64_t until = INT64_MIN;
	struct zv_hit hit;

	if (zv_suppression_hits(e, &hit)) {
		*ret_refusal = ZV_REFUSED_SUPPRESSED;
		until = hit.until_ms;
	}
	if (p->overflow && p->overflow_until_ms > e->at_ms && p->overflow_until_ms > until) {
		*ret_refusal = ZV_REFUSED_OVERFLOW;
		until = p->overflow_until_ms;
	}
	return until;
}

/* The first moment at or after from_ms at which nothing of at least `least` stands in the way:
 * each round jumps to the end of what holds longest.  The ledger stays as it is.  Where the
 * bound is met the moment is one to ask again. */
static int64_t look_ahead(struct zv_eval *e, const struct zv_rule_plan *plan, int64_t from_ms,
			  enum force least)
{
	int64_t at_ms = from_ms;

	for (uint32_t round = 0; round < ROUNDS_MAX && at_ms < ZV_NEVER_MS; round++) {
		uint8_t refusal;
		int64_t until;

		zv_eval_move(e, at_ms);
		until = plain_until(e, &refusal);
		for (uint32_t i = 0; i < plan->n; i++) {
			const struct zv_rule *r = &e->rules->v[plan->rules[i]];
			struct said said;

			if (force_of(r, e->ask) < least || !in_force(e, r) ||
			    !rule_hits(e, r, &said))
				continue;
			said.hit.until_ms = rule_until(e, r, said.hit.until_ms);
			until = said.hit.until_ms > until ? said.hit.until_ms : until;
		}
		if (until <= at_ms)
			break;
		at_ms = until;
	}
	return at_ms;
}

static void warn(struct zv_verdict *v, uint16_t rule)
{
	if (v->warnings++ == 0)
		v->first_warning = rule;
}

/* Takes one rule into the verdict.  *held_ms: how long the strongest so far holds. */
static void judge(struct zv_eval *e, uint16_t rule, struct zv_verdict *v, enum force *strongest,
		  int64_t *held_ms)
{
	const struct zv_rule *r = &e->rules->v[rule];
	enum force force = force_of(r, e->ask);
	struct said said = {0};
	int64_t until;
	bool hit;

	if (!in_force(e, r))
		return;
	if (r->kind == ZV_RULE_TREAT) {
		if (force == FORCE_WARN)
			warn(v, rule); /* what it asks for cannot be judged here */
		else
			zv_treat_merge(&v->treat, &r->u.treat);
		return;
	}
	hit = rule_hits(e, r, &said);
	if (r->kind == ZV_RULE_FREQ && v->n_counts < ZV_COUNTS_MAX) {
		said.count.rule = rule;
		v->counts[v->n_counts++] = said.count;
	}
	if (said.alarm || (hit && force == FORCE_WARN))
		warn(v, rule);
	if (!hit && force == FORCE_BLOCK && said.open_until_ms < v->open_until_ms)
		v->open_until_ms = said.open_until_ms;
	if (!hit || force <= FORCE_WARN)
		return;
	until = rule_until(e, r, said.hit.until_ms);
	if (force < *strongest || (force == *strongest && until <= *held_ms))
		return;
	*strongest = force;
	*held_ms = until;
	v->rule = rule;
	v->detail = force == FORCE_AGENT ? ZV_DETAIL_FORCE_AGENT : said.hit.detail;
}

static bool jurisdiction_has_rules(const struct zv_rules *rules, const char *jur)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		if (zv_jur_binds(rules->v[i].jur, jur))
			return true;
	}
	return false;
}

/* What must be known before any rule can be asked.  ZV_REFUSED_BY_RULE: all is. */
static enum zv_refusal unknown(struct zv_eval *e, const struct zv_rule_plan *plan)
{
	const struct zv_ask *ask = e->ask;

	if (ask->purpose == 0 || ask->channel == 0 || ask->mode == 0 || ask->actor == 0 ||
	    ask->purpose >= ZV_PURPOSES || ask->channel >= ZV_CHANNELS || ask->mode >= ZV_MODES ||
	    ask->actor >= ZV_ACTORS)
		return ZV_REFUSED_UNSTATED;
	if (e->person->jur[0] == 0)
		return ZV_REFUSED_JURISDICTION;
	/* Nobody has told what holds there. */
	if (plan->n == 0 && !jurisdiction_has_rules(e->rules, e->person->jur))
		return ZV_REFUSED_NO_RULES;
	if (zv_eval_zones(e, ZV_TZ_RESIDENCE, 0)->n == 0)
		return ZV_REFUSED_ZONE;
	return ZV_REFUSED_BY_RULE;
}

static void decide(struct zv_eval *e, const struct zv_rule_plan *plan, struct zv_verdict *v)
{
	enum force strongest = FORCE_NONE;
	int64_t held_ms = INT64_MIN, plain_ms;
	uint8_t refusal = ZV_REFUSED_BY_RULE;

	v->refusal = (uint8_t)unknown(e, plan);
	if (v->refusal != ZV_REFUSED_BY_RULE) {
		v->until_ms = ZV_NEVER_MS;
		return;
	}
	for (uint32_t i = 0; i < plan->n; i++)
		judge(e, plan->rules[i], v, &strongest, &held_ms);
	plain_ms = plain_until(e, &refusal);
	if (plain_ms != INT64_MIN && (strongest < FORCE_BLOCK || plain_ms >= held_ms)) {
		strongest = FORCE_BLOCK;
		held_ms = plain_ms;
		v->refusal = refusal;
		v->rule = NO_RULE;
		v->detail = ZV_DETAIL_NONE;
	}
	if (strongest <= FORCE_WARN) {
		v->answer = ZV_ANSWER_YES;
		return;
	}
	v->answer = strongest == FORCE_AGENT ? ZV_ANSWER_AGENT_ONLY : ZV_ANSWER_NO;
	v->until_ms = look_ahead(e, plan, held_ms, strongest);
}

void zv_decide(const struct zv_rules *rules, const struct zv_rule_plan *plan,
	       const struct zv_person_slab *person, const struct zv_tally *tally,
	       const struct zv_ask *ask, struct zv_verdict *ret_verdict)
{
	struct zv_verdict *v = ret_verdict;
	struct zv_rule_plan made;
	struct zv_eval e;

	memset(v, 0, sizeof(*v));
	v->rule = v->first_warning = NO_RULE;
	v->open_until_ms = v->until_ms = ZV_NEVER_MS;
	if (rules == NULL || rules->n == 0) {
		v->refusal = ZV_REFUSED_NO_RULES;
		return;
	}
	if (plan == NULL) {
		zv_rules_plan(rules, ask, person->jur, &made);
		plan = &made;
	}
	e.rules = rules;
	e.person = person;
	e.tally = tally;
	zv_eval_init(&e, ask);
	decide(&e, plan, v);
}
