/* Where windows begin and end, by the clock of the C library (TZ set to the zone) and by hand. */
#include "rules_bed.h"

#include <stdlib.h>
#include <time.h>

static const struct zv_tz *tz;

static void use(const char *zone)
{
	tz = zv_zones_get(bed.zones, bed_zone(zone));
	cr_assert_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

static int64_t ms(const char *local)
{
	struct tm tm = {0};

	cr_assert_not_null(strptime(local, "%Y-%m-%d %H:%M", &tm));
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

static struct zv_rule_window window(uint8_t kind, uint8_t unit, uint16_t n)
{
	return (struct zv_rule_window){.kind = kind, .unit = unit, .n = n};
}

static void expect(struct zv_rule_window w, int64_t at_ms, int64_t start_ms, int64_t end_ms)
{
	int64_t start, end;

	zv_window_bounds(&w, tz, at_ms, 0, &start, &end);
	cr_expect_eq(start, start_ms, "begins %lld s off", (long long)(start - start_ms) / 1000);
	cr_expect_eq(end, end_ms, "ends %lld s off", (long long)(end - end_ms) / 1000);
}

Test(rules_window, calendar_units_and_several_of_them, .init = bed_start)
{
	use("Europe/Moscow");
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1), ms("2026-03-11 12:34"),
	       ms("2026-03-11 00:00"), ms("2026-03-12 00:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 3), ms("2026-03-11 00:00"),
	       ms("2026-03-09 00:00"), ms("2026-03-12 00:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_HOUR, 1), ms("2026-03-11 12:34"),
	       ms("2026-03-11 12:00"), ms("2026-03-11 13:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_HOUR, 14), ms("2026-03-11 12:34"),
	       ms("2026-03-10 23:00"), ms("2026-03-11 13:00"));
	/* 2026-03-09 is a Monday */
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_WEEK, 1), ms("2026-03-15 23:59"),
	       ms("2026-03-09 00:00"), ms("2026-03-16 00:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_WEEK, 2), ms("2026-03-16 00:00"),
	       ms("2026-03-09 00:00"), ms("2026-03-23 00:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_MONTH, 1), ms("2028-02-29 23:59"),
	       ms("2028-02-01 00:00"), ms("2028-03-01 00:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_MONTH, 3), ms("2026-01-31 10:00"),
	       ms("2025-11-01 00:00"), ms("2026-02-01 00:00"));
}

Test(rules_window, week_53_of_2026_reaches_into_the_next_year, .init = bed_start)
{
	use("Europe/Moscow");
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_WEEK, 1), ms("2027-01-03 23:59"),
	       ms("2026-12-28 00:00"), ms("2027-01-04 00:00"));
	expect(window(ZV_WINDOW_CALENDAR, ZV_UNIT_WEEK, 1), ms("2027-01-04 00:00"),
	       ms("2027-01-04 00:00"), ms("2027-01-11 00:00"));
}

Test(rules_window, days_of_23_and_25_hours, .init = bed_start)
{
	int64_t start, end;
	struct zv_rule_window day = window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);

	use("Europe/Kyiv");
	expect(day, ms("2026-03-29 12:00"), ms("2026-03-29 00:00"), ms("2026-03-30 00:00"));
	zv_window_bounds(&day, tz, ms("2026-03-29 12:00"), 0, &start, &end);
	cr_assert_eq(end - start, 23 * HOUR_MS);
	zv_window_bounds(&day, tz, ms("2026-10-25 12:00"), 0, &start, &end);
	cr_assert_eq(end - start, 25 * HOUR_MS);
	/* the hour that shows twice is one clock hour of two hours */
	struct zv_rule_window hour = window(ZV_WINDOW_CALENDAR, ZV_UNIT_HOUR, 1);

	zv_window_bounds(&hour, tz, ms("2026-10-25 02:30") + 2 * HOUR_MS, 0, &start, &end);
	cr_assert_eq(end - start, 2 * HOUR_MS);
}

Test(rules_window, a_day_that_has_no_midnight_begins_with_the_change, .init = bed_start)
{
	int64_t start, end;
	struct zv_rule_window day = window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);

	use("America/Havana"); /* 2026-03-08: 00:00 becomes 01:00 */
	zv_window_bounds(&day, tz, ms("2026-03-08 12:00"), 0, &start, &end);
	cr_assert_eq(start, ms("2026-03-08 01:00"));
	cr_assert_eq(end, ms("2026-03-09 00:00"));
	zv_window_bounds(&day, tz, ms("2026-03-07 12:00"), 0, &start, &end);
	cr_assert_eq(end, ms("2026-03-08 01:00"));
}

Test(rules_window, rolling_windows_forget_to_the_millisecond, .init = bed_start)
{
	use("Europe/Moscow");
	int64_t at = ms("2026-03-11 12:34");

	expect(window(ZV_WINDOW_ROLLING, ZV_UNIT_HOUR, 24), at, at - 24 * HOUR_MS + 1, at + 1);
	expect(window(ZV_WINDOW_ROLLING, ZV_UNIT_WEEK, 1), at, at - 7 * DAY_MS + 1, at + 1);
	expect(window(ZV_WINDOW_ROLLING, ZV_UNIT_MONTH, 1), at, at - 30 * DAY_MS + 1, at + 1);
}

Test(rules_window, day_one_counts_local_days, .init = bed_start)
{
	struct zv_rule_window w = window(ZV_WINDOW_ROLLING, ZV_UNIT_DAY, 7);

	w.day_one = true;
	use("America/New_York");
	expect(w, ms("2026-03-11 12:34"), ms("2026-03-05 00:00"), ms("2026-03-12 00:00"));
	expect(w, ms("2026-03-11 00:00"), ms("2026-03-05 00:00"), ms("2026-03-12 00:00"));
}

Test(rules_window, blocks_follow_from_the_origin, .init = bed_start)
{
	struct zv_rule_window w = window(ZV_WINDOW_BLOCK, ZV_UNIT_DAY, 30);
	int64_t start, end, origin;

	use("America/New_York");
	origin = ms("2026-02-20 15:00");
	zv_window_bounds(&w, tz, ms("2026-03-21 23:59"), origin, &start, &end);
	cr_assert_eq(start, ms("2026-02-20 00:00"));
	cr_assert_eq(end, ms("2026-03-22 00:00"));
	zv_window_bounds(&w, tz, ms("2026-03-22 00:00"), origin, &start, &end);
	cr_assert_eq(start, ms("2026-03-22 00:00"));
	cr_assert_eq(end, ms("2026-04-21 00:00"));
	zv_window_bounds(&w, tz, ms("2026-02-19 23:00"), origin, &start, &end);
	cr_assert_eq(end, ms("2026-02-20 00:00"));
	w = window(ZV_WINDOW_BLOCK, ZV_UNIT_HOUR, 6);
	zv_window_bounds(&w, tz, ms("2026-02-21 02:59"), origin, &start, &end);
	cr_assert_eq(start, ms("2026-02-20 21:00"));
	cr_assert_eq(end, ms("2026-02-21 03:00"));
}

static void closed_until(const struct zv_rule *r, int64_t at_ms, int64_t start_ms, int64_t end_ms)
{
	int64_t start = 0, end = 0;
	bool doubt;

	cr_assert_eq(zv_rule_open(&bed.rules, &r->u.hours, tz, at_ms, &start, &end, &doubt), ZV_OK);
	cr_expect_eq(start, start_ms, "opens %lld s off", (long long)(start - start_ms) / 1000);
	cr_expect_eq(end, end_ms, "closes %lld s off", (long long)(end - end_ms) / 1000);
}

Test(rules_window, the_most_specific_kind_of_day_wins, .init = bed_start)
{
	struct zv_rule *r = bed_hours(ZV_DAY_ANY, 540, 1200);
	struct zv_rule_hours *h = &r->u.hours;

	use("Europe/Moscow");
	h->given[ZV_DAY_WEEKEND] = true; /* closed */
	h->given[ZV_DAY_SAT] = true;
	h->n[ZV_DAY_SAT] = 1;
	h->spans[ZV_DAY_SAT][0] = (struct zv_rule_span){600, 660};
	closed_until(r, ms("2026-03-14 09:30"), ms("2026-03-14 10:00"), ms("2026-03-14 11:00"));
	/* Sunday is closed, Monday is any day */
	closed_until(r, ms("2026-03-14 11:00"), ms("2026-03-16 09:00"), ms("2026-03-16 20:00"));
}

Test(rules_window, tables_move_working_days_and_a_year_without_one_is_closed, .init = bed_start)
{
	struct zv_rule *r = bed_hours(ZV_DAY_WORKDAY, 480, 1320);
	struct zv_calendar *c = &bed.calendars[0];
	int64_t start, end;
	bool doubt;

	use("Europe/Moscow");
	bed.rules.n_calendars = 1;
	r->u.hours.calendar = 0;
	r->u.hours.given[ZV_DAY_HOLIDAY] = true;
	r->u.hours.n[ZV_DAY_HOLIDAY] = 1;
	r->u.hours.spans[ZV_DAY_HOLIDAY][0] = (struct zv_rule_span){540, 1200};
	c->n_years = 1;
	c->years[0] = 2026;
	for (int32_t d = 0; d < 365; d++) {
		int32_t wday = (d + 3) % 7; /* 2026-01-01 was a Thursday */
		uint8_t type = wday >= 5 ? ZV_DT_WEEKEND : ZV_DT_WORKDAY;

		if (d == 31 + 28 + 31 + 30 + 8) /* 9 May, a Saturday */
			type = ZV_DT_HOLIDAY;
		if (d == 31 + 27) /* Saturday 28 February works */
			type = ZV_DT_WORKDAY;
		c->days[0][d / 4] = (uint8_t)(c->days[0][d / 4] | type << (2 * (d % 4)));
	}
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2026, 5, 9)), ZV_DT_HOLIDAY);
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2026, 2, 28)), ZV_DT_WORKDAY);
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2026, 12, 31)), ZV_DT_WORKDAY);
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2027, 1, 1)), ZV_DT_UNKNOWN);
	cr_assert_eq(zv_calendar_day(c, zv_day_from_civil(2025, 12, 31)), ZV_DT_UNKNOWN);
	closed_until(r, ms("2026-02-27 22:00"), ms("2026-02-28 08:00"), ms("2026-02-28 22:00"));
	closed_until(r, ms("2026-05-08 22:00"), ms("2026-05-09 09:00"), ms("2026-05-09 20:00"));
	cr_assert_eq(zv_rule_open(&bed.rules, &r->u.hours, tz, ms("2026-12-31 22:00"), &start, &end,
				  &doubt),
		     ZV_ENOENT);
	cr_assert(doubt);
	r->u.hours.calendar = 7; /* named, and not loaded */
	cr_assert_eq(zv_rule_open(&bed.rules, &r->u.hours, tz, ms("2026-03-11 12:00"), &start, &end,
				  &doubt),
		     ZV_ENOENT);
	cr_assert(doubt);
}

Test(rules_window, an_hour_that_shows_twice_is_open_where_both_readings_are, .init = bed_start)
{
	/* Kyiv, 2026-10-25: 04:00 becomes 03:00.  Open from 03:30 to 05:00. */
	struct zv_rule *r = bed_hours(ZV_DAY_ANY, 210, 300);
	int64_t first, second;

	use("Europe/Kyiv");
	first = ms("2026-10-25 02:30") + HOUR_MS; /* 03:30 for the first time */
	second = first + HOUR_MS;
	closed_until(r, first, first, first + 30 * MIN_MS);
	closed_until(r, first + 30 * MIN_MS, second, ms("2026-10-25 05:00"));
	/* What ended at 03:30 does not come back. */
	r->u.hours.spans[ZV_DAY_ANY][0] = (struct zv_rule_span){60, 210};
	closed_until(r, first - MIN_MS, ms("2026-10-25 01:00"), first);
	closed_until(r, second - 10 * MIN_MS, ms("2026-10-26 01:00"), ms("2026-10-26 03:30"));
}
