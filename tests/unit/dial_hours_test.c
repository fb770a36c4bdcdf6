/* Calling windows, judged by the C library's clock (TZ set to the zone). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "dial/hours.h"

static struct zv_campaign_conf campaign;
static struct zv_tz *tz;

static void start(const char *zone)
{
	for (int i = 0; i < 7; i++)
		campaign.hours[i] = (struct zv_day_hours){9 * 60, 21 * 60};
	cr_assert_eq(zv_tz_load(NULL, zone, &tz), ZV_OK);
	cr_assert_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

static int64_t ms(const char *local)
{
	struct tm tm = {.tm_isdst = -1};

	cr_assert_not_null(strptime(local, "%Y-%m-%d %H:%M", &tm));
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

static void expect(int64_t at_ms, const char *from, const char *to)
{
	int64_t start_ms = 0, end_ms = 0;

	cr_assert_eq(zv_hours_window(&campaign, tz, at_ms, &start_ms, &end_ms), ZV_OK);
	cr_assert_eq(start_ms, ms(from), "opens at %lld, want %s", (long long)start_ms, from);
	cr_assert_eq(end_ms, ms(to), "closes at %lld, want %s", (long long)end_ms, to);
}

Test(hours, the_window_that_is_open_or_opens_next)
{
	start("Europe/Moscow");
	expect(ms("2026-11-23 10:00"), "2026-11-23 09:00", "2026-11-23 21:00");
	expect(ms("2026-11-23 21:00") - 1, "2026-11-23 09:00", "2026-11-23 21:00");
	expect(ms("2026-11-23 21:00"), "2026-11-24 09:00", "2026-11-24 21:00");
	expect(ms("2026-11-23 00:30"), "2026-11-23 09:00", "2026-11-23 21:00");
	zv_tz_free(tz);
}

Test(hours, each_day_of_the_week_has_its_own_and_closed_ones_are_passed_over)
{
	start("Asia/Vladivostok");
	campaign.hours[5] = (struct zv_day_hours){11 * 60, 15 * 60}; /* Saturday */
	campaign.hours[6] = (struct zv_day_hours){0, 0};
	expect(ms("2026-11-27 22:00"), "2026-11-28 11:00", "2026-11-28 15:00");
	expect(ms("2026-11-28 15:00"), "2026-11-30 09:00", "2026-11-30 21:00");
	zv_tz_free(tz);
}

Test(hours, a_day_to_midnight_ends_there)
{
	start("Europe/Moscow");
	for (int i = 0; i < 7; i++)
		campaign.hours[i] = (struct zv_day_hours){0, 24 * 60};
	expect(ms("2026-11-23 10:00"), "2026-11-23 00:00", "2026-11-24 00:00");
	expect(ms("2026-11-24 00:00"), "2026-11-24 00:00", "2026-11-25 00:00");
	zv_tz_free(tz);
}

Test(hours, the_wall_clock_counts_on_the_days_when_it_changes)
{
	start("Europe/Kyiv"); /* forward on 2027-03-28 at 3:00, back on 2026-10-25 at 4:00 */
	expect(ms("2027-03-27 22:00"), "2027-03-28 09:00", "2027-03-28 21:00");
	expect(ms("2026-10-24 22:00"), "2026-10-25 09:00", "2026-10-25 21:00");
	for (int i = 0; i < 7; i++)
		campaign.hours[i] = (struct zv_day_hours){3 * 60 + 30, 5 * 60};
	expect(ms("2027-03-27 22:00"), "2027-03-28 04:00", "2027-03-28 05:00"); /* 3:30 is not there */
	for (int i = 0; i < 7; i++)
		campaign.hours[i] = (struct zv_day_hours){3 * 60 + 10, 3 * 60 + 50};
	expect(ms("2027-03-27 22:00"), "2027-03-29 03:10", "2027-03-29 03:50"); /* nor is the window */
	zv_tz_free(tz);
}

Test(hours, never_open_is_said)
{
	int64_t window[2];

	start("Europe/Moscow");
	for (int i = 0; i < 7; i++)
		campaign.hours[i] = (struct zv_day_hours){600, 600};
	cr_assert_eq(zv_hours_window(&campaign, tz, ms("2026-11-23 10:00"), &window[0], &window[1]), ZV_ENOENT);
	zv_tz_free(tz);
}

/* The definition itself, minute by minute over a year: open exactly when the C library's clock
 * stands within the day's hours. */
Test(hours, agree_with_the_c_librarys_clock_over_a_year)
{
	start("Australia/Lord_Howe"); /* half an hour of summer time */
	campaign.hours[2] = (struct zv_day_hours){60, 2 * 60 + 15};
	campaign.hours[6] = (struct zv_day_hours){60, 2 * 60 + 15};
	for (int64_t at_ms = ms("2026-01-01 00:00"); at_ms < ms("2027-01-01 00:00"); at_ms += 300000) {
		time_t t = (time_t)(at_ms / 1000);
		int64_t window[2];
		struct tm tm;
		int minute, day;

		cr_assert_eq(zv_hours_window(&campaign, tz, at_ms, &window[0], &window[1]), ZV_OK);
		cr_assert_not_null(localtime_r(&t, &tm));
		minute = tm.tm_hour * 60 + tm.tm_min;
		day = tm.tm_wday == 0 ? 6 : tm.tm_wday - 1;
		/* A wall clock time that comes twice: the window runs from its first to its first. */
		if (tm.tm_hour < 3 && tm.tm_mon == 3 && tm.tm_mday == 5)
			continue;
		cr_assert_eq(window[0] <= at_ms,
			     minute >= campaign.hours[day].start_min && minute < campaign.hours[day].end_min,
			     "at %lld: day %d, minute %d", (long long)at_ms, day, minute);
	}
	zv_tz_free(tz);
}
