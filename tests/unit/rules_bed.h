/* Rules, persons and questions for the tests of core/dial/rules. */
#ifndef TEST_RULES_BED_H
#define TEST_RULES_BED_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial/rules/decide.h"

#define MIN_MS  INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

/* One world of a test: rules of Russia, a person in Moscow, a collector's predictive call. */
struct bed {
	struct zv_zones *zones;
	struct zv_rule v[16];
	struct zv_calendar calendars[2];
	struct zv_rules rules;
	struct zv_person_slab person;
	struct zv_ask ask;
	struct zv_verdict verdict;
	struct zv_tally *tally;
};
static struct bed bed;

static inline uint16_t bed_zone(const char *name)
{
	uint16_t zone = 0;

	cr_assert_eq(zv_zones_intern(bed.zones, name, &zone), ZV_OK);
	return zone;
}

/* "2026-03-29 02:30" by the clock of a zone. */
static inline int64_t bed_at(const char *zone, const char *text)
{
	int y, m, d, hour, min;

	cr_assert_eq(sscanf(text, "%d-%d-%d %d:%d", &y, &m, &d, &hour, &min), 5);
	return zv_tz_from_local(zv_zones_get(bed.zones, bed_zone(zone)), zv_day_from_civil(y, m, d),
				(hour * 60 + min) * 60);
}

static inline int64_t msk(const char *text)
{
	return bed_at("Europe/Moscow", text);
}

static inline void bed_start(void)
{
	memset(&bed, 0, sizeof(bed));
	cr_assert_eq(zv_zones_create(NULL, &bed.zones), ZV_OK);
	bed.rules.v = bed.v;
	bed.rules.calendars = bed.calendars;
	bed.rules.zones = bed.zones;
	memcpy(bed.person.jur, "RU", 3);
	bed.person.person = 77;
	bed.person.n_residence = 1;
	bed.person.residence[0] = bed_zone("Europe/Moscow");
	bed.person.n_numbers = 1;
	bed.person.e164[0] = 79161234567;
	bed.ask = (struct zv_ask){.now_ms = msk("2026-03-11 12:00"),
				  .e164 = 79161234567,
				  .campaign = 1,
				  .debt = 5,
				  .purpose = ZV_PURPOSE_COLLECTION,
				  .channel = ZV_CHANNEL_VOICE_AGENT,
				  .mode = ZV_MODE_PREDICTIVE,
				  .actor = ZV_ACTOR_COLLECTOR,
				  .party = ZV_PARTY_DEBTOR,
				  .line = ZV_LINE_MOBILE,
				  .dial_s = 60};
}

static inline struct zv_rule *bed_rule(const char *id, uint8_t kind)
{
	struct zv_rule *r = &bed.v[bed.rules.n++];

	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", id);
	memcpy(r->jur, "RU", 3);
	r->kind = kind;
	r->from_ms = INT64_MIN;
	r->to_ms = INT64_MAX;
	return r;
}

static inline struct zv_rule *bed_freq(uint8_t fact, uint32_t limit, struct zv_rule_window window)
{
	struct zv_rule *r = bed_rule("T-FREQ", ZV_RULE_FREQ);

	r->u.freq.fact = fact;
	r->u.freq.key = ZV_KEY_PERSON;
	r->u.freq.limit = limit;
	r->u.freq.n_windows = 1;
	r->u.freq.windows[0] = window;
	r->u.freq.seconds = fact == ZV_FACT_DIAL_SECONDS;
	return r;
}

static inline struct zv_rule *bed_cooldown(uint8_t after, struct zv_rule_window window)
{
	struct zv_rule *r = bed_rule("T-COOL", ZV_RULE_COOLDOWN);

	r->u.cooldown.after = after;
	r->u.cooldown.key = ZV_KEY_PERSON;
	r->u.cooldown.window = window;
	return r;
}

static inline struct zv_rule *bed_hours(uint8_t key, uint16_t start_min, uint16_t end_min)
{
	struct zv_rule *r = bed_rule("T-HOURS", ZV_RULE_HOURS);

	r->u.hours.calendar = ZV_CALENDAR_NONE;
	r->u.hours.given[key] = true;
	r->u.hours.n[key] = 1;
	r->u.hours.spans[key][0] = (struct zv_rule_span){start_min, end_min};
	return r;
}

static inline struct zv_contact *bed_contact(int64_t at_ms, uint16_t facts)
{
	struct zv_contact c = {.at_ms = at_ms,
			       .facts = facts,
			       .e164 = 79161234567,
			       .campaign = 1,
			       .debt = 5,
			       .channel = ZV_CHANNEL_VOICE_AGENT};

	cr_assert_eq(zv_person_add(&bed.person, &c, 500 * DAY_MS), ZV_OK);
	for (uint32_t i = 0; i < bed.person.n_contacts; i++) {
		if (bed.person.contacts[i].at_ms == at_ms)
			return &bed.person.contacts[i];
	}
	return NULL;
}

static inline void bed_mark(uint8_t kind, const char *name, int64_t from_ms, int64_t to_ms)
{
	struct zv_mark m = {.kind = kind,
			    .name = zv_rule_name(name, strlen(name)),
			    .from_ms = from_ms,
			    .to_ms = to_ms};

	cr_assert(zv_person_mark(&bed.person, &m));
}

static inline uint8_t bed_ask(int64_t now_ms)
{
	uint32_t rule;
	const char *text = NULL;

	cr_assert_eq(zv_rules_finish(&bed.rules, &rule, &text), ZV_OK, "rule %u: %s", rule, text);
	bed.ask.now_ms = now_ms;
	zv_decide(&bed.rules, NULL, &bed.person, bed.tally, &bed.ask, &bed.verdict);
	return bed.verdict.answer;
}

static inline void bed_yes(int64_t now_ms)
{
	cr_assert_eq(bed_ask(now_ms), ZV_ANSWER_YES, "refusal %u detail %u rule %u",
		     bed.verdict.refusal, bed.verdict.detail, bed.verdict.rule);
}

static inline void bed_no(int64_t now_ms, uint8_t detail, int64_t until_ms)
{
	cr_assert_eq(bed_ask(now_ms), ZV_ANSWER_NO);
	cr_assert_eq(bed.verdict.refusal, ZV_REFUSED_BY_RULE, "refusal %u", bed.verdict.refusal);
	cr_assert_eq(bed.verdict.detail, detail, "detail %u", bed.verdict.detail);
	cr_assert_eq(bed.verdict.until_ms, until_ms, "until is %lld s off",
		     (long long)(bed.verdict.until_ms - until_ms) / 1000);
}

#define TALK                                                                                       \
	(ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_RING) |  \
	 ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) |                         \
	 ZV_FACT_BIT(ZV_FACT_CONVERSATION))
#define TRY (ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_RING))

#endif
