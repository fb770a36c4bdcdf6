/* rules_bench [--json] [RULES CALENDARS [SECONDS]] -- what a decision costs: the sample rules, persons of
 * nine jurisdictions whose slabs hold 0 to 256 contacts within the rules' reach, questions by
 * every kind of campaign that the rules speak of, at all hours of a week.  One core; slabs are
 * asked in random order, as leads come due.  "a second" is by processor time, with the making of
 * the questions and the clock's own cost in it; the rest by the wall clock. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "law/law.h"
#include "dial/rules/decide.h"
#include "suite/figure.h"

#define PERSONS 2048u
#define SAMPLES 2000000u

struct subject {
	const char *jur, *zones[3];
	uint8_t purpose, actor;
};

static const struct subject subjects[] = {
	{"RU", {"Europe/Moscow"}, ZV_PURPOSE_COLLECTION, ZV_ACTOR_CREDITOR},
	{"RU", {"Asia/Yekaterinburg", "Asia/Omsk"}, ZV_PURPOSE_COLLECTION, ZV_ACTOR_COLLECTOR},
	{"RU", {"Europe/Moscow"}, ZV_PURPOSE_REMINDER, ZV_ACTOR_CREDITOR},
	{"UA", {"Europe/Kyiv"}, ZV_PURPOSE_COLLECTION, ZV_ACTOR_CREDITOR},
	{"KZ", {"Asia/Almaty"}, ZV_PURPOSE_COLLECTION, ZV_ACTOR_COLLECTOR},
	{"US",
	 {"America/New_York", "America/Chicago", "America/Los_Angeles"},
	 ZV_PURPOSE_COLLECTION,
	 ZV_ACTOR_COLLECTOR},
	{"US-FL",
	 {"America/New_York", "America/Chicago"},
	 ZV_PURPOSE_MARKETING,
	 ZV_ACTOR_TELEMARKETER},
	{"GB", {"Europe/London"}, ZV_PURPOSE_MARKETING, ZV_ACTOR_TELEMARKETER},
	{"FR", {"Europe/Paris"}, ZV_PURPOSE_MARKETING, ZV_ACTOR_TELEMARKETER},
	{"IE", {"Europe/Dublin"}, ZV_PURPOSE_COLLECTION, ZV_ACTOR_CREDITOR},
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static struct zv_zones *zones;
static const struct zv_rules *rules;
static struct zv_person_slab *persons;
static uint8_t subject_of[PERSONS];
static struct zv_rule_plan plans[SUBJECTS];
static struct zv_tally tally;
static uint32_t cost_ns[SAMPLES];
static uint64_t seed = 1;
static int64_t now_ms;
static bool json;

static uint64_t draw(uint64_t below)
{
	return zv_mix64(seed++) % below;
}

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
		 const char *path, const char *text)
{
	(void)arg;
	if (level == ZV_LAW_ERROR)
		fprintf(stderr, "%s:%u: %s %s\n", file, line, path, text);
}

static uint16_t zone_of(const char *name)
{
	uint16_t zone = 0;

	if (zv_zones_intern(zones, name, &zone) != ZV_OK)
		exit(2);
	return zone;
}

static struct zv_ask ask_of(uint32_t subject, uint64_t e164)
{
	return (struct zv_ask){.now_ms = now_ms,
			       .e164 = e164,
			       .campaign = 1,
			       .caller = 7,
			       .debt = 5,
			       .topic = 3,
			       .purpose = subjects[subject].purpose,
			       .channel = ZV_CHANNEL_VOICE_AGENT,
			       .mode = ZV_MODE_PREDICTIVE,
			       .actor = subjects[subject].actor,
			       .party = ZV_PARTY_DEBTOR,
			       .line = ZV_LINE_MOBILE,
			       .dial_s = 60};
}

/* As a careful campaign's history is: mostly tries, few talks. */
static void fill_contact(struct zv_contact *c, int64_t at_ms, uint64_t e164)
{
	static const uint16_t tried = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT);
	uint64_t kind = draw(20);

	*c = (struct zv_contact){.at_ms = at_ms,
				 .e164 = e164,
				 .campaign = 1 + (uint32_t)draw(3),
				 .caller = 7,
				 .debt = 5,
				 .topic = 3,
				 .channel = ZV_CHANNEL_VOICE_AGENT,
				 .dial_s = 20,
				 .end_s = 25};
	c->attempt.lo = draw(UINT64_C(1) << 60) + 1;
	c->facts = tried;
	if (kind >= 6)
		c->facts |= ZV_FACT_BIT(ZV_FACT_RING);
	if (kind == 19)
		c->facts |= ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) |
			    ZV_FACT_BIT(ZV_FACT_CONVERSATION);
	if (kind == 18)
		c->facts |= ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_MACHINE);
	if (kind == 17)
		*c = (struct zv_contact){.at_ms = at_ms,
					 .e164 = e164,
					 .campaign = 1,
					 .channel = ZV_CHANNEL_SMS,
					 .facts = ZV_FACT_BIT(ZV_FACT_MESSAGE)};
	if (kind == 16)
		c->exclude = ZV_EXCLUDE_BUSY;
}

static void fill_person(struct zv_person_slab *p, uint32_t subject, uint32_t contacts)
{
	bool overflow = contacts > ZV_CONTACTS_MAX;
	int64_t step;

	contacts = overflow ? ZV_CONTACTS_MAX : contacts;
	step = contacts > 0 ? rules->reach_ms / contacts : 0;
	memset(p, 0, sizeof(*p));
	p->overflow = overflow;
	p->overflow_until_ms = overflow ? now_ms + 8 * INT64_C(86400000) : 0;
	snprintf(p->jur, sizeof(p->jur), "%s", subjects[subject].jur);
	p->person = draw(UINT64_C(1) << 60);
	p->n_numbers = 2;
	p->e164[0] = 79160000000 + draw(10000000);
	p->e164[1] = p->e164[0] + 1;
	for (uint32_t i = 0; i < 3 && subjects[subject].zones[i] != NULL; i++) {
		p->residence[p->n_residence++] = zone_of(subjects[subject].zones[i]);
		p->zones[0][p->n_zones[0]++] = zone_of(subjects[subject].zones[i]);
	}
	for (uint32_t i = 0; i < rules->n_lists; i++)
		p->scrubbed[p->n_scrubbed++] = (struct zv_scrubbed){
			.list = rules->lists[i], .as_of_ms = now_ms + 8 * INT64_C(86400000)};
	p->marks[p->n_marks++] = (struct zv_mark){.kind = ZV_MARK_CONSENT,
						  .name = zv_rule_name("prior_express_consent", 21),
						  .to_ms = INT64_MAX};
	p->n_contacts = (uint16_t)contacts;
	for (uint32_t i = 0; i < contacts; i++)
		fill_contact(&p->contacts[i],
			     now_ms - rules->reach_ms + step * i + (int64_t)draw((uint64_t)step),
			     p->e164[draw(2)]);
	p->first_ms = contacts > 0 ? p->contacts[0].at_ms : 0;
}

/* contacts: of each person, more than a slab holds is an overflow as the lookahead says it; UINT32_MAX: 40 on average, a tenth with 256. */
static double measure(const char *name, uint32_t contacts, double seconds)
{
	uint64_t answers[3] = {0};
	struct zv_verdict verdict;
	uint32_t n = 0, p50, p99;
	int64_t spent;
	double rate;

	for (uint32_t i = 0; i < PERSONS; i++) {
		uint32_t mixed = draw(10) == 0 ? 256 : (uint32_t)draw(33);

		subject_of[i] = (uint8_t)(i % SUBJECTS);
		fill_person(&persons[i], subject_of[i], contacts == UINT32_MAX ? mixed : contacts);
	}
	spent = bench_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (n < SAMPLES && (n % 1024 != 0 || (double)(bench_ns(CLOCK_PROCESS_CPUTIME_ID) -
							 spent) < seconds * 1e9)) {
		uint32_t i = (uint32_t)draw(PERSONS);
		struct zv_ask ask = ask_of(subject_of[i], persons[i].e164[0]);
		int64_t start;

		ask.now_ms = now_ms + (int64_t)draw(7 * 86400) * 1000;
		start = bench_ns(CLOCK_MONOTONIC);
		zv_decide(rules, &plans[subject_of[i]], &persons[i], &tally, &ask, &verdict);
		cost_ns[n++] = (uint32_t)(bench_ns(CLOCK_MONOTONIC) - start);
		answers[verdict.answer]++;
	}
	spent = bench_ns(CLOCK_PROCESS_CPUTIME_ID) - spent;
	bench_percentiles(cost_ns, n, &p50, &p99);
	rate = n / ((double)spent / 1e9);
	if (json)
		bench_print(&(struct bench_figure){
			.name = "rules_decision", .unit = "ns/decision", .value = 1e9 / rate, .n = n, .p50 = p50,
			.p99 = p99, .cpu_us = 1e6 / rate, .size = contacts, .size_of = "entries"});
	else
		printf("%-22s %10.0f %8" PRIu32 " %8" PRIu32 " %8" PRIu32 " %6.1f%% %6.1f%% %6.1f%%\n",
		       name, rate, p50, p99, cost_ns[n - 1], 100.0 * (double)answers[1] / n,
		       100.0 * (double)answers[2] / n, 100.0 * (double)answers[0] / n);
	return rate;
}

/* Both give the decisions a second with 40 contacts, or as near to it as they ask. */
static double measure_table(double seconds)
{
	double average;

	printf("%" PRIu32 " rules, %u persons, %zu bytes a slab\n", rules->n, PERSONS,
	       sizeof(struct zv_person_slab));
	printf("%-22s %10s %8s %8s %8s %7s %7s %7s\n", "contacts in the slab", "a second", "p50 ns",
	       "p99 ns", "max ns", "yes", "agent", "no");
	measure("0", 0, seconds);
	measure("10", 10, seconds);
	average = measure("40", 40, seconds);
	measure("100", 100, seconds);
	measure("256 (full)", 256, seconds);
	measure("40 on average, 10% 256", UINT32_MAX, seconds);
	printf("decisions %.0f 1/s\n", average);
	return average;
}

static double measure_sizes(double seconds)
{
	static const uint32_t sizes[] = {10, 30, 100, 256, 1000};
	double rate = 0;

	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		rate = measure("", sizes[i], seconds);
	return rate;
}

int main(int argc, char **argv)
{
	struct zv_law_params params = {.rules = "conf/rules", .calendars = "conf/calendars", .sink = {.tell = tell}};
	double seconds = 1.0, average;
	struct zv_law *law;

	json = argc > 1 && strcmp(argv[1], "--json") == 0;
	argc -= json;
	argv += json;
	if (argc > 2) {
		params.rules = argv[1];
		params.calendars = argv[2];
	}
	if (argc > 3)
		seconds = strtod(argv[3], NULL);
	if (zv_zones_create(NULL, &zones) != ZV_OK)
		return 2;
	params.zones = zones;
	if (zv_law_load(&params, &law) != ZV_OK)
		return 2;
	rules = zv_law_rules(law);
	persons = calloc(PERSONS, sizeof(*persons));
	if (persons == NULL)
		return 2;
	now_ms = zv_day_from_civil(2026, 11, 23) * INT64_C(86400000);
	tally.origin_ms = now_ms - 12 * INT64_C(86400000);
	for (int64_t at = tally.origin_ms; at < now_ms + 7 * INT64_C(86400000); at += 60000)
		zv_tally_add(&tally, at,
			     ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) |
				     (at % 6000000 == 0 ? ZV_FACT_BIT(ZV_FACT_ABANDON) : 0));
	for (uint32_t i = 0; i < SUBJECTS; i++) {
		struct zv_ask ask = ask_of(i, 1);

		zv_rules_plan(rules, &ask, subjects[i].jur, &plans[i]);
	}
	average = json ? measure_sizes(seconds) : measure_table(seconds);
	free(persons);
	zv_law_destroy(law);
	zv_zones_destroy(zones);
	return json || average >= 200000 ? 0 : 1;
}
