#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/law.h"

#define DAY_MS INT64_C(86400000)

static struct zv_zones *zones;
static char told[65536];

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
		 const char *path, const char *text)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s %s:%u %s %s\n",
		       level == ZV_LAW_ERROR ? "error" : "warning", file, line, path, text);
}

static struct zv_law_params params(void)
{
	told[0] = 0;
	if (zones == NULL)
		cr_assert_eq(zv_zones_create(NULL, &zones), ZV_OK);
	return (struct zv_law_params){.zones = zones, .sink = {.tell = tell}};
}

/* A set of one file of rules, and perhaps one calendar. */
static enum zv_err load(const char *rules, const char *calendar, struct zv_law **ret_law)
{
	struct zv_law_params p = params();
	char text[32768];
	int n = snprintf(text, sizeof(text), "zvonar-law 1\n");

	if (calendar != NULL)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "calendar %zu c.yaml\n%s\n",
			      strlen(calendar), calendar);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "rules %zu r.jsonl\n%s\n", strlen(rules), rules);
	return zv_law_load_text(text, (size_t)n, &p, ret_law);
}

#define HEAD(id, jur) "{\"id\":\"" id "\",\"jur\":\"" jur "\",\"law\":\"l\",\"src\":\"s\",\"seen\":\"2026-11-21\","
#define DENY "\"trust\":\"policy\",\"when\":{},\"kind\":\"deny\",\"deny\":{\"if_flag\":[\"x\"]}}"

static struct zv_law *good(const char *rules, const char *calendar)
{
	struct zv_law *law = NULL;

	cr_assert_eq(load(rules, calendar, &law), ZV_OK, "%s", told);
	return law;
}

static struct zv_law *samples(void)
{
	struct zv_law_params p = params();
	const char *root = getenv("ZVONAR_SOURCE_ROOT");
	char rules[2048], calendars[2048];
	struct zv_law *law = NULL;

	cr_assert_not_null(root);
	(void)snprintf(rules, sizeof(rules), "%s/conf/rules", root);
	(void)snprintf(calendars, sizeof(calendars), "%s/conf/calendars", root);
	p.rules = rules;
	p.calendars = calendars;
	cr_assert_eq(zv_law_load(&p, &law), ZV_OK, "%s", told);
	return law;
}

static const struct zv_rule *find(const struct zv_law *law, const char *id)
{
	const struct zv_rules *rules = zv_law_rules(law);

	for (uint32_t i = 0; i < rules->n; i++)
		if (strcmp(rules->v[i].id, id) == 0)
			return &rules->v[i];
	cr_assert_fail("no rule %s", id);
	return NULL;
}

Test(law_load, the_samples_become_what_they_say)
{
	struct zv_law *law = samples();
	const struct zv_rule *r = find(law, "US-REGF-7IN7");

	cr_assert_eq(zv_law_rules(law)->n, 47);
	cr_assert_eq(r->kind, ZV_RULE_FREQ);
	cr_assert_eq(r->u.freq.fact, ZV_FACT_ATTEMPT);
	cr_assert_eq(r->u.freq.key, ZV_KEY_PERSON | ZV_KEY_DEBT);
	cr_assert_eq(r->u.freq.limit, 7);
	cr_assert_eq(r->u.freq.windows[0].kind, ZV_WINDOW_ROLLING);
	cr_assert(r->u.freq.windows[0].day_one);
	cr_assert_eq(r->u.freq.exclude, ZV_EXCLUDE_INBOUND | ZV_EXCLUDE_NOT_CONNECTED |
						ZV_EXCLUDE_CONSENTED_7D | ZV_EXCLUDE_ATTORNEY);
	cr_assert_eq(r->channels, 1u << ZV_CHANNEL_VOICE_AGENT | 1u << ZV_CHANNEL_VOICE_AI |
					  1u << ZV_CHANNEL_VOICE_PREREC);
	cr_assert_eq(r->actors, 1u << ZV_ACTOR_COLLECTOR);
	r = find(law, "GB-OFCOM-72H");
	cr_assert_eq(r->effect, ZV_EFFECT_FORCE_AGENT);
	cr_assert_eq(r->u.cooldown.after, ZV_FACT_ABANDON);
	cr_assert_eq(r->u.cooldown.unless_modes, 1u << ZV_MODE_PREVIEW | 1u << ZV_MODE_MANUAL);
	cr_assert_eq(r->u.cooldown.window.n, 72);
	r = find(law, "GB-OFCOM-ACR");
	cr_assert_str_eq(zv_zones_name(zones, r->u.ratio.window.zone), "Europe/London");
	cr_assert_eq(r->u.ratio.window.tz, ZV_TZ_FIXED);
	cr_assert_float_eq(r->u.ratio.limit, 0.03, 1e-12);
	r = find(law, "RU-HOURS");
	cr_assert_eq(r->u.hours.spans[ZV_DAY_WORKDAY][0].end_min, 22 * 60);
	cr_assert_eq(r->u.hours.spans[ZV_DAY_HOLIDAY][0].start_min, 9 * 60);
	cr_assert_str_eq(zv_law_rules(law)->calendars[r->u.hours.calendar].id, "RU");
	r = find(law, "US-TSR-TREAT");
	cr_assert_eq(r->u.treat.ring_min_ms, 15000);
	cr_assert_eq(r->u.treat.within_from, ZV_FROM_GREETING_END);
	cr_assert_eq(r->u.treat.must_say[0], zv_rule_name("seller_name", 11));
	r = find(law, "RU-AD");
	cr_assert_eq(r->u.consent.revoke_unit, 4);
	cr_assert_eq(r->u.consent.forbid_modes,
		     1u << ZV_MODE_PREDICTIVE | 1u << ZV_MODE_PROGRESSIVE | 1u << ZV_MODE_ROBOT);
	r = find(law, "RU-RETAIN");
	cr_assert_eq(r->u.retain.years, 3);
	cr_assert(r->u.retain.warn_subject);
	cr_assert_eq(zv_law_rules(law)->n_lists, 5);
	zv_law_destroy(law);
}

Test(law_load, an_archive_is_the_set_with_its_hash)
{
	struct zv_law *law = samples(), *again = NULL;
	struct zv_law_params p = params();
	size_t len, len_again;
	const char *text = zv_law_archive(law, &len);

	cr_assert_eq(zv_law_load_text(text, len, &p, &again), ZV_OK, "%s", told);
	cr_assert_eq(zv_law_rules(again)->hash, zv_law_rules(law)->hash);
	cr_assert_eq(zv_law_rules(again)->n, 47);
	cr_assert_str_eq(zv_law_text(again, 3)->file, zv_law_text(law, 3)->file);
	cr_assert_eq(zv_law_text(again, 3)->line, zv_law_text(law, 3)->line);
	cr_assert_eq(memcmp(zv_law_archive(again, &len_again), text, len), 0);
	cr_assert_eq(len_again, len);
	for (uint32_t i = 0; i < zv_law_rules(law)->n_calendars; i++)
		cr_assert_eq(memcmp(&zv_law_rules(law)->calendars[i], &zv_law_rules(again)->calendars[i],
				    sizeof(struct zv_calendar)), 0);
	zv_law_destroy(again);
	zv_law_destroy(law);
}

Test(law_load, a_cut_archive_is_none)
{
	struct zv_law *law = good(HEAD("RU-A", "RU") DENY, NULL), *again = NULL;
	struct zv_law_params p = params();
	size_t len;
	const char *text = zv_law_archive(law, &len);

	for (size_t n = 0; n < len; n++)
		cr_assert_neq(zv_law_load_text(text, n, &p, &again), ZV_OK, "cut at %zu", n);
	cr_assert_null(again);
	zv_law_destroy(law);
}

Test(law_load, a_text_is_the_line_that_stood_there)
{
	struct zv_law *law = good("\n" HEAD("RU-A", "RU") DENY "\r\n" HEAD("RU-B", "RU") DENY, NULL);
	const struct zv_law_text *text = zv_law_text(law, 1);

	cr_assert_eq(text->line, 3);
	cr_assert_str_eq(text->id, "RU-B");
	cr_assert_eq(text->json_len, strlen(HEAD("RU-B", "RU") DENY));
	cr_assert_eq(memcmp(text->json, HEAD("RU-B", "RU") DENY, text->json_len), 0);
	cr_assert_eq(zv_law_text(law, 0)->json_len, text->json_len, "without the carriage return");
	cr_assert_null(zv_law_text(law, 2));
	zv_law_destroy(law);
}

Test(law_load, a_set_grows_stale_after_400_days)
{
	struct zv_law *law = good(HEAD("RU-A", "RU") DENY, NULL);
	int32_t seen = zv_day_from_civil(2026, 11, 21);

	cr_assert_eq(zv_law_oldest_seen(law), seen);
	cr_assert_not(zv_law_stale(law, seen + 400));
	cr_assert(zv_law_stale(law, seen + 401));
	zv_law_destroy(law);
}

/* Kamchatka is twelve hours before Greenwich, Kaliningrad two. */
Test(law_load, a_date_begins_where_the_day_begins_first_and_ends_where_it_ends_last)
{
	struct zv_law *law = good(
		HEAD("RU-A", "RU") "\"eff\":{\"from\":\"2025-09-01\",\"to\":\"2026-08-31\"}," DENY "\n"
		HEAD("UA-A", "UA") "\"eff\":{\"from\":\"2026-01-15\"}," DENY "\n"
		HEAD("XX-A", "XX") "\"eff\":{\"to\":\"2026-01-15\"}," DENY "\n"
		HEAD("RU-B", "RU") "\"eff\":{\"from\":\"2026-01-15T00:00:00+03:00\"}," DENY, NULL);
	const struct zv_rule *v = zv_law_rules(law)->v;
	int64_t hour = DAY_MS / 24;

	cr_assert_eq(v[0].from_ms, zv_day_from_civil(2025, 9, 1) * DAY_MS - 12 * hour);
	cr_assert_eq(v[0].to_ms, zv_day_from_civil(2026, 9, 1) * DAY_MS - 2 * hour, "the day of `to` holds");
	cr_assert_eq(v[1].from_ms, zv_day_from_civil(2026, 1, 15) * DAY_MS - 2 * hour);
	cr_assert_eq(v[1].to_ms, INT64_MAX);
	cr_assert_eq(v[2].from_ms, INT64_MIN);
	cr_assert_eq(v[2].to_ms, zv_day_from_civil(2026, 1, 16) * DAY_MS + 12 * hour, "nobody knows where");
	cr_assert_eq(v[3].from_ms, zv_day_from_civil(2026, 1, 15) * DAY_MS - 3 * hour);
	zv_law_destroy(law);
}

Test(law_load, a_calendar_that_nobody_has_is_empty_and_told)
{
	struct zv_law *law = good(HEAD("FR-A", "FR") "\"trust\":\"policy\",\"when\":{},\"kind\":\"hours\",\"hours\":{"
				  "\"tz\":\"residence\",\"calendar\":\"FR\",\"days\":{\"any\":[]}}}", NULL);
	const struct zv_rules *rules = zv_law_rules(law);

	cr_assert_not_null(strstr(told, "warning r.jsonl:1 $.hours.calendar no such calendar"));
	cr_assert_eq(rules->n_calendars, 1);
	cr_assert_eq(zv_calendar_day(&rules->calendars[rules->v[0].u.hours.calendar], 20000), ZV_DT_UNKNOWN);
	zv_law_destroy(law);
}

Test(law_load, days_of_a_calendar_are_of_their_kind)
{
	struct zv_law *law = good(HEAD("RU-A", "RU") DENY,
				  "id: RU\nyear: 2024\nseen: 2026-01-01\ntrust: official\nsource: x\n"
				  "weekend: [sat, sun]\nholidays:\n  2024-01-01: a\n  2024-02-29: a leap\n"
				  "days_off:\n  2024-12-31: b\nworkdays:\n  2024-12-28: c\ndoubtful:\n  2024-07-01: d\n");
	const struct zv_calendar *c = &zv_law_rules(law)->calendars[0];
	const struct { int month, day; enum zv_day_type type; } want[] = {
		{1, 1, ZV_DT_HOLIDAY}, {1, 2, ZV_DT_WORKDAY}, {1, 6, ZV_DT_WEEKEND}, {2, 29, ZV_DT_HOLIDAY},
		{3, 1, ZV_DT_WORKDAY}, {7, 1, ZV_DT_UNKNOWN}, {12, 28, ZV_DT_WORKDAY}, {12, 29, ZV_DT_WEEKEND},
		{12, 31, ZV_DT_WEEKEND}};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2024, want[i].month, want[i].day)), want[i].type,
			     "%d-%d", want[i].month, want[i].day);
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2023, 12, 31)), ZV_DT_UNKNOWN);
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2025, 1, 1)), ZV_DT_UNKNOWN);
	zv_law_destroy(law);
}

Test(law_load, durations_are_years_months_weeks_and_days_in_their_order)
{
	static const char *const bad[] = {"", "P", "3Y", "P3", "PY", "P3YT", "PT5H", "P1D1Y", "P1Y1Y", "P-1Y",
					  "P1.5Y", "P9001D", "P99999999999Y", "P1Yx"};
	struct zv_law_span span;

	cr_assert(zv_law_duration("P3Y", &span) && span.years == 3 && span.months == 0 && span.days == 0);
	cr_assert(zv_law_duration("P1Y6M2W3D", &span) && span.months == 6 && span.days == 17);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(zv_law_duration(bad[i], &span), "%s", bad[i]);
}

Test(law_load, the_version_of_the_zones_is_that_of_the_system)
{
	char version[12], want[64] = "", dir[] = "/tmp/zv-law-tz-XXXXXX", path[64];
	FILE *f = fopen("/usr/share/zoneinfo/tzdata.zi", "re");

	if (f != NULL) {
		cr_assert_eq(fscanf(f, "# version %63s", want), 1);
		(void)fclose(f);
		zv_law_tz_version(NULL, version, sizeof(version));
		cr_assert_str_eq(version, want);
	}
	cr_assert_not_null(mkdtemp(dir));
	zv_law_tz_version(dir, version, sizeof(version));
	cr_assert_str_eq(version, "?");
	(void)snprintf(path, sizeof(path), "%s/+VERSION", dir);
	f = fopen(path, "we");
	cr_assert_not_null(f);
	(void)fputs("2024b\n", f);
	(void)fclose(f);
	zv_law_tz_version(dir, version, sizeof(version));
	cr_assert_str_eq(version, "2024b");
	(void)remove(path);
	(void)remove(dir);
}
