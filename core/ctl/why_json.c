/* why as JSON. */
#include "ctl/why.h"

static json_t *moment(int64_t ms)
{
	return ms == ZV_NEVER_MS ? json_null() : json_integer(ms);
}

static json_t *contacts_of(const struct zv_why_case *c, uint16_t rule)
{
	uint16_t which[ZV_CONTACTS_MAX];
	uint32_t n = zv_rule_contacts(zv_law_rules(c->why->set->law), rule, &c->slab, &c->ask, which);
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++) {
		const struct zv_contact *k = &c->slab.contacts[which[i]];
		char name[64];

		(void)json_array_append_new(
		        list, json_pack("{s:I s:s s:s s:I s:b}", "at_ms", (json_int_t)k->at_ms, "fact",
		                        zv_fact_words[zv_why_fact(k)], "campaign",
		                        zv_campaign_name(c->why->store, k->campaign, name, sizeof(name)),
		                        "number", (json_int_t)k->e164, "open", k->open != 0));
	}
	return list;
}

json_t *zv_why_json_case(const struct zv_why_case *c)
{
	static const char *const answers[] = {"no", "yes", "agent_only"};
	const struct zv_rules *rules = zv_law_rules(c->why->set->law);
	const struct zv_verdict *v = &c->verdict;
	const struct zv_law_text *t = NULL;
	json_t *counts = json_array(), *zones = json_array(), *o;
	char text[400];

	for (uint8_t i = 0; i < c->slab.n_residence; i++)
		(void)json_array_append_new(zones, json_string(zv_zones_name(c->why->zones,
		                                                             c->slab.residence[i])));
	for (uint8_t i = 0; i < v->n_counts; i++) {
		const struct zv_rule *r = &rules->v[v->counts[i].rule];

		if (r->kind == ZV_RULE_FREQ)
			(void)json_array_append_new(
			        counts, json_pack("{s:s s:i s:i s:I s:o}", "rule", r->id, "used",
			                          (int)v->counts[i].used, "in_flight",
			                          (int)v->counts[i].in_flight, "limit",
			                          (json_int_t)r->u.freq.limit, "contacts",
			                          contacts_of(c, v->counts[i].rule)));
	}
	zv_verdict_text(rules, v, c->why->russian ? "ru" : "en", text, sizeof(text));
	o = json_pack("{s:s s:I s:I s:s s:o s:s s:s s:o s:o s:o}", "campaign", c->campaign, "lead",
	              (json_int_t)c->lead->lead, "person", (json_int_t)c->lead->person, "jurisdiction",
	              c->slab.jur, "zones", zones, "answer", answers[v->answer % 3], "text", text,
	              "until_ms", v->answer == ZV_ANSWER_NO ? moment(v->until_ms) : json_null(),
	              "open_until_ms", v->answer == ZV_ANSWER_YES ? moment(v->open_until_ms) : json_null(),
	              "counts", counts);
	if (v->answer != ZV_ANSWER_YES && v->refusal == ZV_REFUSED_BY_RULE && v->rule < rules->n)
		t = zv_law_text(c->why->set->law, v->rule);
	if (t != NULL)
		(void)json_object_set_new(o, "rule", json_pack("{s:s s:s s:s s:s}", "id", t->id, "law",
		                                              t->law, "source", t->src, "seen", t->seen));
	return o;
}

json_t *zv_why_json_past(const struct zv_why_past *p)
{
	static const char *const answers[] = {"no", "yes", "agent_only"};
	const struct zv_evidence_row *row = &p->row;
	json_t *counts = json_array();
	char hash[24];

	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)row->rules_hash);
	for (uint8_t i = 0; i < row->n_counts && i < ZV_EVIDENCE_COUNTS; i++)
		(void)json_array_append_new(counts, json_pack("{s:s s:i s:i}", "rule", p->ids[i], "used",
		                                              (int)row->counts[i].used, "in_flight",
		                                              (int)row->counts[i].in_flight));
	return json_pack("{s:I s:I s:s s:s s:s s:o s:s s:s s:o}", "person", (json_int_t)row->person,
	                 "at_ms", (json_int_t)row->at_ms, "campaign", p->campaign, "answer",
	                 answers[row->answer % 3], "rule", row->rule_id, "until_ms",
	                 row->answer == ZV_ANSWER_NO ? moment(row->until_ms) : json_null(), "rules", hash,
	                 "tz_version", row->tz_version, "counts", counts);
}
