/* Small rule sets built by hand, and fresh persons, for tests of the engine. */
#ifndef ZV_TEST_SET_H
#define ZV_TEST_SET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial/engine.h"
#include "dial/rules/decide.h"

#define SET_HOUR_MS INT64_C(3600000)
#define SET_DAY_MS  INT64_C(86400000)

struct set {
	struct zv_rule v[16];
	struct zv_rules rules;
};

static inline struct zv_rule *set_rule(struct set *s, const char *id, uint8_t kind)
{
	struct zv_rule *r = &s->v[s->rules.n++];

	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", id);
	memcpy(r->jur, "RU", 3);
	r->kind = kind;
	r->from_ms = INT64_MIN;
	r->to_ms = INT64_MAX;
	return r;
}

/* A set in which nothing is forbidden: somebody must have said so of Russia all the same. */
static inline void set_start(struct set *s, const struct zv_zones *zones)
{
	memset(s, 0, sizeof(*s));
	s->rules.v = s->v;
	s->rules.zones = zones;
	s->rules.hash = 0x5e7;
	set_rule(s, "T-TREAT", ZV_RULE_TREAT);
}

static inline struct zv_rule *set_freq(struct set *s, uint8_t fact, uint32_t limit, uint8_t kind,
				       uint8_t unit, uint16_t n)
{
	struct zv_rule *r = set_rule(s, "T-FREQ", ZV_RULE_FREQ);

	r->u.freq.fact = fact;
	r->u.freq.key = ZV_KEY_PERSON;
	r->u.freq.limit = limit;
	r->u.freq.n_windows = 1;
	r->u.freq.windows[0] = (struct zv_rule_window){.kind = kind, .unit = unit, .n = n};
	r->u.freq.seconds = fact == ZV_FACT_DIAL_SECONDS;
	return r;
}

static inline struct zv_rule *set_cooldown(struct set *s, uint8_t after, uint8_t unit, uint16_t n)
{
	struct zv_rule *r = set_rule(s, "T-COOL", ZV_RULE_COOLDOWN);

	r->u.cooldown.after = after;
	r->u.cooldown.key = ZV_KEY_PERSON;
	r->u.cooldown.window = (struct zv_rule_window){
		.kind = ZV_WINDOW_ROLLING, .unit = unit, .n = n};
	return r;
}

static inline struct zv_rule *set_hours(struct set *s, uint16_t start_min, uint16_t end_min)
{
	struct zv_rule *r = set_rule(s, "T-HOURS", ZV_RULE_HOURS);

	r->u.hours.calendar = ZV_CALENDAR_NONE;
	r->u.hours.given[ZV_DAY_ANY] = true;
	r->u.hours.n[ZV_DAY_ANY] = 1;
	r->u.hours.spans[ZV_DAY_ANY][0] = (struct zv_rule_span){start_min, end_min};
	return r;
}

static inline void set_finish(struct set *s)
{
	const char *text = NULL;
	uint32_t rule = 0;

	if (zv_rules_finish(&s->rules, &rule, &text) != ZV_OK) {
		fprintf(stderr, "rule %u: %s\n", rule, text);
		abort();
	}
}

static inline void set_campaign(struct zv_campaign_conf *c)
{
	c->purpose = ZV_PURPOSE_COLLECTION;
	c->channel = ZV_CHANNEL_VOICE_AI;
	c->mode = ZV_MODE_ROBOT;
	c->actor = ZV_ACTOR_COLLECTOR;
	c->party = ZV_PARTY_DEBTOR;
}

/* A person nobody has ever called. */
static inline void set_person(struct zv_person_slab *p, uint64_t person, uint64_t e164, uint16_t zone)
{
	/* The contacts are behind n_contacts: no need to clear them. */
	memset(p, 0, offsetof(struct zv_person_slab, contacts));
	p->person = person;
	memcpy(p->jur, "RU", 3);
	p->n_residence = 1;
	p->residence[0] = zone;
	p->n_numbers = 1;
	p->e164[0] = e164;
	p->line[0] = ZV_LINE_MOBILE;
}

#endif
