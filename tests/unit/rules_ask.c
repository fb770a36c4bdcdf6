/* Answers rules_truth.py: reads a world and questions as lines of words, writes one line an ask.
 * Numbers are decimal; times are ms since 1970; a clock is res, reg, num, strict or a zone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial/rules/decide.h"

static struct zv_zones *zones;
static struct zv_rule v[32];
static struct zv_calendar calendars[4];
static struct zv_rules rules;
static struct zv_person_slab person;
static struct zv_tally tally;

static void die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(2);
}

static char *word(void)
{
	char *w = strtok(NULL, " \n");

	if (w == NULL)
		die("a word is missing");
	return w;
}

static int64_t number(void)
{
	char *end, *w = word();
	int64_t n = strtoll(w, &end, 10);

	if (*end != 0)
		die(w);
	return n;
}

static uint64_t name(void)
{
	char *w = word();

	return zv_rule_name(w, strlen(w));
}

static uint16_t zone_of(const char *text)
{
	uint16_t zone;

	if (zv_zones_intern(zones, text, &zone) != ZV_OK)
		die(text);
	return zone;
}

static void clock_of(uint8_t *ret_tz, uint16_t *ret_zone)
{
	static const char *const names[] = {"res", "reg", "num", "strict"};
	const char *w = word();

	for (uint8_t i = 0; i < 4; i++) {
		if (strcmp(w, names[i]) == 0) {
			*ret_tz = i;
			return;
		}
	}
	*ret_tz = ZV_TZ_FIXED;
	*ret_zone = zone_of(w);
}

static void window(struct zv_rule_window *w)
{
	w->kind = (uint8_t)number();
	w->unit = (uint8_t)number();
	w->n = (uint16_t)number();
	w->day_one = number() != 0;
	clock_of(&w->tz, &w->zone);
}

static void hours(struct zv_rule_hours *h)
{
	int64_t calendar, n;

	clock_of(&h->tz, &h->zone);
	calendar = number();
	h->calendar = calendar < 0 ? ZV_CALENDAR_NONE : (uint16_t)calendar;
	for (n = number(); n > 0; n--) {
		int64_t key = number();

		h->given[key] = true;
		h->n[key] = (uint8_t)number();
		for (uint32_t i = 0; i < h->n[key]; i++) {
			h->spans[key][i].start_min = (uint16_t)number();
			h->spans[key][i].end_min = (uint16_t)number();
		}
	}
}

static void consent(struct zv_rule *r)
{
	r->u.consent.forbid_modes = (uint8_t)number();
	r->u.consent.n_need = (uint8_t)number();
	for (uint32_t i = 0; i < r->u.consent.n_need; i++)
		r->u.consent.need[i] = name();
	r->u.consent.n_scrub = (uint8_t)number();
	for (uint32_t i = 0; i < r->u.consent.n_scrub; i++) {
		r->u.consent.scrub[i].list = name();
		r->u.consent.scrub[i].max_age_d = (uint16_t)number();
	}
}

static void payload(struct zv_rule *r)
{
	switch ((enum zv_rule_kind)r->kind) {
	case ZV_RULE_FREQ:
		r->u.freq.fact = (uint8_t)number();
		r->u.freq.key = (uint8_t)number();
		r->u.freq.limit = (uint32_t)number();
		r->u.freq.channels_counted = (uint8_t)number();
		r->u.freq.exclude = (uint8_t)number();
		r->u.freq.seconds = r->u.freq.fact == ZV_FACT_DIAL_SECONDS;
		r->u.freq.n_windows = (uint8_t)number();
		for (uint32_t i = 0; i < r->u.freq.n_windows; i++)
			window(&r->u.freq.windows[i]);
		break;
	case ZV_RULE_COOLDOWN:
		r->u.cooldown.after = (uint8_t)number();
		r->u.cooldown.key = (uint8_t)number();
		r->u.cooldown.unless_modes = (uint8_t)number();
		window(&r->u.cooldown.window);
		break;
	case ZV_RULE_HOURS: hours(&r->u.hours); break;
	case ZV_RULE_RATIO:
		r->u.ratio.num = (uint8_t)number();
		r->u.ratio.den = (uint8_t)number();
		r->u.ratio.key = ZV_KEY_CAMPAIGN;
		r->u.ratio.limit = (double)number() / 1000;
		window(&r->u.ratio.window);
		break;
	case ZV_RULE_CONSENT: consent(r); break;
	case ZV_RULE_DENY:
		r->u.deny.n_flags = (uint8_t)number();
		for (uint32_t i = 0; i < r->u.deny.n_flags; i++)
			r->u.deny.flags[i] = name();
		break;
	case ZV_RULE_TREAT:
	case ZV_RULE_RETAIN: break;
	}
}

static void rule(void)
{
	struct zv_rule *r = &v[rules.n++];

	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", word());
	snprintf(r->jur, sizeof(r->jur), "%s", word());
	r->kind = (uint8_t)number();
	r->effect = (uint8_t)number();
	r->trust = (uint8_t)number();
	r->override_by = (uint8_t)number();
	r->from_ms = number();
	r->to_ms = number();
	r->purposes = (uint8_t)number();
	r->channels = (uint8_t)number();
	r->modes = (uint8_t)number();
	payload(r);
}

static void contact(void)
{
	struct zv_contact c = {.at_ms = number()};

	c.facts = (uint16_t)number();
	c.channel = (uint8_t)number();
	c.exclude = (uint8_t)number();
	c.connect_s = (uint16_t)number();
	c.end_s = (uint16_t)number();
	c.dial_s = (uint16_t)number();
	c.open = (uint8_t)number();
	c.e164 = (uint64_t)number();
	c.campaign = (uint32_t)number();
	c.caller = (uint32_t)number();
	c.debt = (uint32_t)number();
	c.topic = (uint32_t)number();
	c.attempt.lo = (uint64_t)number();
	if (zv_person_add(&person, &c, 500 * INT64_C(86400000)) != ZV_OK)
		die("contact");
}

static void add_number(void)
{
	uint32_t i = person.n_numbers++;
	char *w;

	person.e164[i] = (uint64_t)number();
	while ((w = strtok(NULL, " \n")) != NULL)
		person.zones[i][person.n_zones[i]++] = zone_of(w);
}

static void calendar(void)
{
	struct zv_calendar *c = &calendars[number()];
	uint32_t i = c->n_years++;
	const char *days;

	c->years[i] = (uint16_t)number();
	days = word();
	for (uint32_t d = 0; days[d] != 0; d++)
		c->days[i][d / 4] = (uint8_t)(c->days[i][d / 4] | (days[d] - '0') << (2 * (d % 4)));
}

static void ask(void)
{
	struct zv_ask a = {.now_ms = number()};
	struct zv_verdict verdict;
	const char *zone, *fault;
	uint32_t at;

	a.e164 = (uint64_t)number();
	a.campaign = (uint32_t)number();
	a.caller = (uint32_t)number();
	a.debt = (uint32_t)number();
	a.topic = (uint32_t)number();
	a.purpose = (uint8_t)number();
	a.channel = (uint8_t)number();
	a.mode = (uint8_t)number();
	a.actor = (uint8_t)number();
	a.agent_sure = number() != 0;
	a.dial_s = (uint16_t)number();
	a.self.lo = (uint64_t)number();
	zone = word();
	a.default_zone_known = strcmp(zone, "-") != 0;
	if (a.default_zone_known)
		a.default_zone = zone_of(zone);
	rules.v = v;
	rules.calendars = calendars;
	rules.n_calendars = 4;
	rules.zones = zones;
	if (zv_rules_finish(&rules, &at, &fault) != ZV_OK) {
		fprintf(stderr, "rule %u: %s\n", at, fault);
		exit(2);
	}
	zv_decide(&rules, NULL, &person, &tally, &a, &verdict);
	printf("%u %u %u %u %lld %lld %u", verdict.answer, verdict.refusal, verdict.detail,
	       verdict.rule, (long long)verdict.until_ms, (long long)verdict.open_until_ms,
	       verdict.warnings);
	for (uint32_t i = 0; i < verdict.n_counts; i++)
		printf(" %u:%u:%u", verdict.counts[i].rule, verdict.counts[i].used,
		       verdict.counts[i].in_flight);
	printf("\n");
}

/* A world begins empty. */
static void clear(void)
{
	memset(&person, 0, sizeof(person));
	memset(&rules, 0, sizeof(rules));
	memset(calendars, 0, sizeof(calendars));
	memset(&tally, 0, sizeof(tally));
	snprintf(person.jur, sizeof(person.jur), "%s", word());
}

static void told(const char *what)
{
	if (strcmp(what, "flag") == 0 || strcmp(what, "consent") == 0 ||
	    strcmp(what, "override") == 0) {
		struct zv_mark m = {.kind = what[0] == 'f'   ? ZV_MARK_FLAG
					    : what[0] == 'c' ? ZV_MARK_CONSENT
							     : ZV_MARK_OVERRIDE};

		m.name = name();
		m.by = (uint8_t)number();
		m.from_ms = number();
		m.to_ms = number();
		person.marks[person.n_marks++] = m;
	} else if (strcmp(what, "suppress") == 0) {
		struct zv_suppressed s = {.e164 = (uint64_t)number()};

		s.campaign = (uint32_t)number();
		s.to_ms = number();
		person.suppressed[person.n_suppressed++] = s;
	} else if (strcmp(what, "scrub") == 0) {
		struct zv_scrubbed s = {.list = name()};

		s.as_of_ms = number();
		s.numbers = (uint8_t)number();
		person.scrubbed[person.n_scrubbed++] = s;
	} else if (strcmp(what, "overflow") == 0) {
		person.overflow = true;
		person.overflow_until_ms = number();
	} else {
		die(what);
	}
}

static void obey(const char *what)
{
	char *w;

	if (strcmp(what, "new") == 0) {
		clear();
	} else if (strcmp(what, "res") == 0) {
		while ((w = strtok(NULL, " \n")) != NULL)
			person.residence[person.n_residence++] = zone_of(w);
	} else if (strcmp(what, "reg") == 0) {
		while ((w = strtok(NULL, " \n")) != NULL)
			person.registration[person.n_registration++] = zone_of(w);
	} else if (strcmp(what, "num") == 0) {
		add_number();
	} else if (strcmp(what, "cal") == 0) {
		calendar();
	} else if (strcmp(what, "rule") == 0) {
		rule();
	} else if (strcmp(what, "contact") == 0) {
		contact();
	} else if (strcmp(what, "first") == 0) {
		person.first_ms = number();
	} else if (strcmp(what, "origin") == 0) {
		tally.origin_ms = number();
	} else if (strcmp(what, "tally") == 0) {
		int64_t at_ms = number();
		uint16_t facts = (uint16_t)number();

		for (int64_t n = number(); n > 0; n--)
			zv_tally_add(&tally, at_ms, facts);
	} else if (strcmp(what, "ask") == 0) {
		ask();
	} else {
		told(what);
	}
}

int main(void)
{
	static char line[4096];

	if (zv_zones_create(NULL, &zones) != ZV_OK)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *what = strtok(line, " \n");

		if (what != NULL)
			obey(what);
	}
	zv_zones_destroy(zones);
	return 0;
}
