/* The question before every contact, and why the answer was what it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial/engine_int.h"

enum zv_err zv_law_init(struct zv_engine *e)
{
	struct zv_law_state *l = &e->law;
	uint32_t n = e->params.persons.n;

	l->plans = calloc(ZV_PLAN_SLOTS, sizeof(*l->plans));
	l->ratios = calloc(ZV_CAMPAIGNS_MAX, sizeof(*l->ratios));
	l->tallies = calloc(ZV_CAMPAIGNS_MAX, sizeof(struct zv_tally *));
	l->alarmed_ms = calloc(ZV_CAMPAIGNS_MAX, sizeof(*l->alarmed_ms));
	l->stopped_ms = calloc(ZV_CAMPAIGNS_MAX, sizeof(*l->stopped_ms));
	l->person_refs = calloc(n == 0 ? 1 : n, sizeof(*l->person_refs));
	if (l->plans == NULL || l->ratios == NULL || l->tallies == NULL || l->alarmed_ms == NULL ||
	    l->stopped_ms == NULL || l->person_refs == NULL)
		return ZV_ENOMEM;
	return zv_recent_init(&l->recent, ZV_RECENT_MAX);
}

void zv_law_fini(struct zv_engine *e)
{
	struct zv_law_state *l = &e->law;

	for (uint32_t i = 0; l->tallies != NULL && i < ZV_CAMPAIGNS_MAX; i++)
		free(l->tallies[i]);
	free(l->tallies);
	free(l->plans);
	free(l->ratios);
	free(l->alarmed_ms);
	free(l->stopped_ms);
	free(l->person_refs);
	zv_recent_fini(&l->recent);
}

bool zv_law_stated(const struct zv_engine *e, uint16_t campaign)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];

	return c->purpose != 0 && c->channel != 0 && c->mode != 0 && c->actor != 0;
}

uint16_t zv_law_dial_s(uint32_t ring_ms, int64_t behind_ms)
{
	int64_t s = (behind_ms + ring_ms + 999) / 1000;

	return s > UINT16_MAX ? UINT16_MAX : (uint16_t)s;
}

static void build(const struct zv_engine *e, const struct zv_contact_ask *a, struct zv_ask *ask)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[a->campaign];
	const struct zv_offer *offer = &e->params.slabs.v[a->slab];
	const struct zv_person_slab *person = &e->params.persons.v[offer->person_slab];

	*ask = (struct zv_ask){
		.now_ms = a->at_ms, .campaign = c->id, .caller = a->caller, .debt = offer->debt,
		.topic = offer->topic, .purpose = c->purpose, .channel = a->channel,
		.mode = a->mode != 0 ? a->mode : c->mode, .actor = c->actor,
		.party = offer->party != 0 ? offer->party : c->party, .dial_s = a->dial_s,
		.self = a->self, .default_zone = c->zone, .default_zone_known = c->zone_known,
	};
	if (a->number >= offer->n_numbers)
		return;
	ask->e164 = offer->numbers[a->number].e164;
	for (uint8_t i = 0; i < person->n_numbers && i < ZV_NUMBERS_MAX; i++)
		if (person->e164[i] == ask->e164)
			ask->line = person->line[i];
}

/* A campaign's ratio rules, of whatever jurisdictions its people turned out to be in. */
static void gather_ratios(struct zv_engine *e, uint16_t campaign, const struct zv_rule_plan *plan)
{
	struct zv_rule_plan *ratios = &e->law.ratios[campaign];

	for (uint16_t i = 0; i < plan->n; i++) {
		uint16_t known = 0;

		if (e->conf->rules->v[plan->rules[i]].kind != ZV_RULE_RATIO)
			continue;
		while (known < ratios->n && ratios->rules[known] != plan->rules[i])
			known++;
		if (known == ratios->n && ratios->n < ZV_RULES_MAX)
			ratios->rules[ratios->n++] = plan->rules[i];
	}
}

static bool counts_by_caller(const struct zv_rule *r)
{
	return (r->kind == ZV_RULE_FREQ && (r->u.freq.key & ZV_KEY_CALLER) != 0) ||
	       (r->kind == ZV_RULE_COOLDOWN && (r->u.cooldown.key & ZV_KEY_CALLER) != 0);
}

static const struct zv_plan_slot *plan_of(struct zv_engine *e, const struct zv_contact_ask *a,
					  const char *jur)
{
	uint64_t hash = (uint64_t)a->campaign << 16 | (uint64_t)a->mode << 8 | a->channel;
	struct zv_plan_slot *slot;
	struct zv_ask ask;

	for (uint32_t i = 0; i < ZV_JUR_MAX && jur[i] != 0; i++)
		hash = zv_mix64(hash ^ (uint64_t)(uint8_t)jur[i]);
	slot = &e->law.plans[zv_mix64(hash) % ZV_PLAN_SLOTS];
	if (slot->used && slot->campaign == a->campaign && slot->channel == a->channel && slot->mode == a->mode &&
	    strncmp(slot->jur, jur, ZV_JUR_MAX) == 0)
		return slot;
	build(e, a, &ask);
	ask.party = ask.line = 0; /* those differ by lead and number: the plan is for all */
	*slot = (struct zv_plan_slot){.used = true, .channel = a->channel, .mode = a->mode,
				       .campaign = a->campaign};
	memcpy(slot->jur, jur, ZV_JUR_MAX);
	zv_rules_plan(e->conf->rules, &ask, jur, &slot->plan);
	for (uint16_t i = 0; i < slot->plan.n; i++)
		slot->by_caller = slot->by_caller ||
				  counts_by_caller(&e->conf->rules->v[slot->plan.rules[i]]);
	gather_ratios(e, a->campaign, &slot->plan);
	return slot;
}

void zv_law_ask(struct zv_engine *e, const struct zv_contact_ask *a, struct zv_verdict *ret_verdict)
{
	const struct zv_person_slab *person = zv_person_of(e, a->slab);
	struct zv_ask ask;

	if (e->conf->rules == NULL || person == NULL) {
		*ret_verdict = (struct zv_verdict){.answer = ZV_ANSWER_NO,
						   .refusal = ZV_REFUSED_NO_RULES,
						   .until_ms = ZV_NEVER_MS};
		return;
	}
	build(e, a, &ask);
	zv_decide(e->conf->rules, &plan_of(e, a, person->jur)->plan, person,
		  e->law.tallies[a->campaign], &ask, ret_verdict);
	if (ret_verdict->answer != ZV_ANSWER_AGENT_ONLY)
		return;
	/* Where one waits for the answer before it rings; a paced call may find nobody. */
	if (a->mode == ZV_MODE_MANUAL || e->conf->campaigns[a->campaign].pace == ZV_PACE_PREVIEW) {
		ret_verdict->answer = ZV_ANSWER_YES;
	} else {
		ret_verdict->answer = ZV_ANSWER_NO;
		ret_verdict->refusal = ZV_REFUSED_BY_RULE;
		ret_verdict->detail = ZV_DETAIL_FORCE_AGENT;
	}
}

bool zv_law_by_caller(struct zv_engine *e, const struct zv_contact_ask *a)
{
	const struct zv_person_slab *person = zv_person_of(e, a->slab);

	return e->conf->rules != NULL && person != NULL && plan_of(e, a, person->jur)->by_caller;
}

void zv_law_evidence(struct zv_engine *e, const struct zv_contact_ask *a,
		     const struct zv_verdict *v, struct zv_attempt_id attempt)
{
	const struct zv_offer *offer = &e->params.slabs.v[a->slab];
	uint8_t part = 0, from = 0;

	do {
		struct zv_cmd *cmd = zv_emit(e, ZV_CMD_EVIDENCE);
		uint8_t n = 0;

		cmd->campaign = offer->campaign;
		cmd->attempt = attempt;
		cmd->u.evidence.person = offer->person;
		cmd->u.evidence.lead = offer->lead;
		cmd->u.evidence.rules_hash = e->conf->rules == NULL ? 0 : e->conf->rules->hash;
		cmd->u.evidence.until_ms = v->answer == ZV_ANSWER_NO ? v->until_ms : a->at_ms;
		cmd->u.evidence.rule = v->rule;
		cmd->u.evidence.answer = v->answer;
		cmd->u.evidence.refusal = v->refusal;
		cmd->u.evidence.detail = v->detail;
		cmd->u.evidence.number = a->number;
		cmd->u.evidence.channel = a->channel;
		cmd->u.evidence.part = part++;
		for (; n < 7 && from < v->n_counts && from < ZV_COUNTS_MAX; n++, from++) {
			cmd->u.evidence.counts[n].rule = v->counts[from].rule;
			cmd->u.evidence.counts[n].used = v->counts[from].used;
			cmd->u.evidence.counts[n].in_flight = v->counts[from].in_flight;
		}
		cmd->u.evidence.n_counts = n;
	} while (from < v->n_counts && from < ZV_COUNTS_MAX);
}

static enum zv_blocked by_rule(const struct zv_engine *e, const struct zv_verdict *v)
{
	if (v->detail == ZV_DETAIL_FORCE_AGENT)
		return ZV_BLOCKED_AGENT;
	switch ((enum zv_rule_kind)e->conf->rules->v[v->rule].kind) {
	case ZV_RULE_HOURS: return ZV_BLOCKED_HOURS;
	case ZV_RULE_FREQ:
	case ZV_RULE_COOLDOWN: return ZV_BLOCKED_LIMIT;
	case ZV_RULE_RATIO: return ZV_BLOCKED_RATIO;
	case ZV_RULE_CONSENT: return ZV_BLOCKED_CONSENT;
	case ZV_RULE_DENY: return ZV_BLOCKED_FLAG;
	case ZV_RULE_TREAT:
	case ZV_RULE_RETAIN: break;
	}
	return ZV_BLOCKED_OTHER;
}

void zv_law_count(struct zv_engine *e, uint16_t campaign, const struct zv_verdict *v)
{
	enum zv_blocked why = ZV_BLOCKED_OTHER;

	switch ((enum zv_refusal)v->refusal) {
	case ZV_REFUSED_BY_RULE:
		if (e->conf->rules != NULL && v->rule < e->conf->rules->n)
			why = by_rule(e, v);
		break;
	case ZV_REFUSED_JURISDICTION: why = ZV_BLOCKED_JURISDICTION; break;
	case ZV_REFUSED_ZONE: why = ZV_BLOCKED_ZONE; break;
	case ZV_REFUSED_SUPPRESSED: why = ZV_BLOCKED_SUPPRESSED; break;
	case ZV_REFUSED_OVERFLOW: why = ZV_BLOCKED_OVERFLOW; break;
	case ZV_REFUSED_NO_RULES: why = ZV_BLOCKED_NO_RULES; break;
	case ZV_REFUSED_UNSTATED: why = ZV_BLOCKED_UNSTATED; break;
	}
	e->stats.blocked[why]++;
	zv_why_note(e, campaign, why, v->until_ms);
}

bool zv_law_for_good(const struct zv_engine *e, const struct zv_verdict *v)
{
	if (v->answer == ZV_ANSWER_YES || v->until_ms != ZV_NEVER_MS)
		return false;
	return v->refusal == ZV_REFUSED_SUPPRESSED ||
	       (v->refusal == ZV_REFUSED_BY_RULE && e->conf->rules != NULL &&
		v->rule < e->conf->rules->n && e->conf->rules->v[v->rule].kind == ZV_RULE_DENY &&
		v->detail == ZV_DETAIL_FLAG);
}
