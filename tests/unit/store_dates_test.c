/* Dates of leads: how they are written, and when the first call by them is. */
#include <criterion/criterion.h>
#include <string.h>

#include "store/dates.h"

#define H 3600000LL
#define D (24 * H)

static struct zv_tz *moscow, *berlin;

static void zones(void)
{
	cr_assert_eq(zv_tz_load(NULL, "Europe/Moscow", &moscow), ZV_OK);
	cr_assert_eq(zv_tz_load(NULL, "Europe/Berlin", &berlin), ZV_OK);
}

static void no_zones(void)
{
	zv_tz_free(moscow);
	zv_tz_free(berlin);
}

TestSuite(dates, .init = zones, .fini = no_zones);

static bool reads(const char *text)
{
	struct zv_date d;

	return zv_date_parse(text, strlen(text), &d);
}

Test(dates, are_read_as_lists_and_machines_write_them)
{
	struct zv_date d;

	cr_expect(reads("2026-12-04"));
	cr_expect(reads(" 2026-12-04 "));
	cr_expect(reads("2026-12-04 15:30"));
	cr_expect(reads("2026-12-04T15:30:59"));
	cr_expect(reads("2026-12-04T15:30Z"));
	cr_expect(reads("04.12.2026"));
	cr_expect(reads("04.12.2026 15:30"));
	cr_expect(reads("29.02.2028"));
	cr_assert(zv_date_parse("2026-12-04T15:30:00-05:30", 25, &d));
	cr_expect_eq(d.day, zv_day_from_civil(2026, 12, 4));
	cr_expect_eq(d.second, 15 * 3600 + 30 * 60);
	cr_expect(d.fixed);
	cr_expect_eq(d.offset_s, -(5 * 3600 + 30 * 60));
	cr_assert(zv_date_parse("04.12.2026", 10, &d));
	cr_expect_eq(d.day, zv_day_from_civil(2026, 12, 4));
	cr_expect_eq(d.second, -1);
}

Test(dates, that_are_none_are_refused)
{
	const char *const bad[] = {"", "x", "2026-13-01", "2026-02-30", "29.02.2026", "12/04/2026",
				   "2026-12-04 25:00", "2026-12-04 15", "2026-12-04 15:60", "2026-12-04T15:30+3",
				   "2026-12-04T15:30+15:00", "2026-12-04 15:30 or so", "4.12.2026", "04.12.26",
				   "1969-12-31", "2026-12-04+03:00"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(!reads(bad[i]), "%s", bad[i]);
}

static enum zv_date_verdict due(const struct zv_tz *tz, struct zv_date_rule rule, const char *text,
				const char *now, int64_t *ret_ms)
{
	struct zv_date d;

	cr_assert(zv_date_parse(now, strlen(now), &d) && d.fixed);
	return zv_date_due(&rule, tz, text, strlen(text), ((int64_t)d.day * 86400 + d.second - d.offset_s) * 1000,
			   ret_ms);
}

static int64_t at(const char *text)
{
	struct zv_date d;

	cr_assert(zv_date_parse(text, strlen(text), &d) && d.fixed);
	return ((int64_t)d.day * 86400 + d.second - d.offset_s) * 1000;
}

Test(dates, a_meeting_is_reminded_of_so_long_before_it)
{
	int64_t ms = 0;
	struct zv_date_rule two_hours = {.before_ms = 2 * H, .at_s = -1};

	cr_expect_eq(due(moscow, two_hours, "2026-12-04 15:30", "2026-12-01T00:00Z", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-12-04T13:30+03:00"));
	cr_expect_eq(due(moscow, two_hours, "2026-12-04T15:30+05:00", "2026-12-01T00:00Z", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-12-04T13:30+05:00"));
	/* booked for in an hour: at once */
	cr_expect_eq(due(moscow, two_hours, "2026-12-04 15:30", "2026-12-04T14:30+03:00", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-12-04T14:30+03:00"));
	cr_expect_eq(due(moscow, two_hours, "2026-12-04 15:30", "2026-12-04T15:30+03:00", &ms), ZV_DATE_PAST);
	cr_expect_eq(due(moscow, two_hours, "  ", "2026-12-04T15:30+03:00", &ms), ZV_DATE_NONE);
	cr_expect_eq(due(moscow, two_hours, "soon", "2026-12-04T15:30+03:00", &ms), ZV_DATE_BAD);
}

Test(dates, a_payment_is_announced_days_before_at_a_time_of_that_day)
{
	int64_t ms = 0;
	struct zv_date_rule rule = {.before_ms = 3 * D, .at_s = 10 * 3600}, none = {.before_ms = 3 * D, .at_s = -1};

	cr_expect_eq(due(moscow, rule, "04.12.2026", "2026-11-01T00:00Z", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-12-01T10:00+03:00"));
	cr_expect_eq(due(moscow, none, "04.12.2026", "2026-11-01T00:00Z", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-12-01T00:00+03:00"));
	/* the clocks change between: days of the calendar, not of 24 hours */
	cr_expect_eq(due(berlin, rule, "2026-10-27", "2026-10-01T00:00Z", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-10-24T10:00+02:00"));
	cr_expect_eq(due(berlin, rule, "2026-10-27 23:30", "2026-10-01T00:00Z", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-10-24T10:00+02:00"));
	/* due today: he may be told until midnight */
	cr_expect_eq(due(moscow, rule, "04.12.2026", "2026-12-04T20:00+03:00", &ms), ZV_DATE_OK);
	cr_expect_eq(ms, at("2026-12-04T20:00+03:00"));
	cr_expect_eq(due(moscow, rule, "04.12.2026", "2026-12-05T00:00+03:00", &ms), ZV_DATE_PAST);
}
