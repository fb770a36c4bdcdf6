/* What can be said without a time zone database; tz_truth.py compares with zdump and Python. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/tz.h"
#include "zone_bytes.h"

Test(tz, civil_days_agree_with_libc_over_four_centuries)
{
	for (int32_t day = -150000; day <= 200000; day += 1) {
		time_t t = (time_t)day * 86400;
		struct tm tm;
		int y, m, d;

		gmtime_r(&t, &tm);
		zv_civil_from_day(day, &y, &m, &d);
		cr_assert_eq(y, tm.tm_year + 1900, "day %d", day);
		cr_assert_eq(m, tm.tm_mon + 1, "day %d", day);
		cr_assert_eq(d, tm.tm_mday, "day %d", day);
		cr_assert_eq(zv_day_from_civil(y, m, d), day);
	}
}

Test(tz, a_zone_without_changes_lives_by_its_footer)
{
	uint8_t bytes[256];
	size_t len = zone_bytes("<+0530>-5:30", bytes, sizeof(bytes));
	struct zv_local l;
	struct zv_tz *tz;

	cr_assert_eq(zv_tz_parse(bytes, len, &tz), ZV_OK);
	cr_assert_eq(zv_tz_offset(tz, INT64_MIN), 19800);
	cr_assert_eq(zv_tz_offset(tz, INT64_MAX), 19800);
	/* 2026-11-22T02:55:29.999Z, a Sunday */
	zv_tz_to_local(tz, INT64_C(1795316129999), &l);
	cr_assert_eq(l.year, 2026);
	cr_assert_eq(l.month, 11);
	cr_assert_eq(l.mday, 22);
	cr_assert_eq(l.wday, 7);
	cr_assert_eq(l.second_of_day, (8 * 60 + 25) * 60 + 29);
	zv_tz_free(tz);
}

/* RFC 8536 3.3.1: its example of summer time (4 h west) all the year. */
Test(tz, a_zone_on_summer_time_all_the_year_never_leaves_it)
{
	uint8_t bytes[256];
	size_t len = zone_bytes("EST5EDT,0/0,J365/25", bytes, sizeof(bytes));
	struct zv_tz *tz;

	cr_assert_eq(zv_tz_parse(bytes, len, &tz), ZV_OK);
	for (int64_t t = 1577836800 - 86400; t < 1577836800 + 5 * 366 * 86400; t += 3600)
		cr_assert_eq(zv_tz_offset(tz, t), -4 * 3600, "at %lld", (long long)t);
	zv_tz_free(tz);
}

Test(tz, the_first_instant_of_a_wall_clock_is_found_in_gap_and_overlap)
{
	uint8_t bytes[256];
	size_t len = zone_bytes("CET-1CEST,M3.5.0,M10.5.0/3", bytes, sizeof(bytes));
	int32_t march = zv_day_from_civil(2026, 3, 29), october = zv_day_from_civil(2026, 10, 25);
	int64_t gap_ms = ((int64_t)march * 86400 + 3600) * 1000;
	struct zv_tz *tz;

	cr_assert_eq(zv_tz_parse(bytes, len, &tz), ZV_OK);
	cr_assert_eq(zv_tz_from_local(tz, march, 2 * 3600 - 1), gap_ms - 1000);
	cr_assert_eq(zv_tz_from_local(tz, march, 2 * 3600), gap_ms);
	cr_assert_eq(zv_tz_from_local(tz, march, 2 * 3600 + 1800), gap_ms);
	cr_assert_eq(zv_tz_from_local(tz, march, 3 * 3600), gap_ms);
	cr_assert_eq(zv_tz_from_local(tz, october, 2 * 3600 + 1800),
		     ((int64_t)october * 86400 + 1800) * 1000, "of two 02:30 the earlier");
	cr_assert_eq(zv_tz_from_local(tz, october, 3 * 3600),
		     ((int64_t)october * 86400 + 2 * 3600) * 1000);
	cr_assert_eq(zv_tz_from_local(tz, october, 86400), zv_tz_from_local(tz, october + 1, 0));
	zv_tz_free(tz);
}

Test(tz, bad_footers_are_refused)
{
	static const char *const bad[] = {
		"X3", "MSK", "MSK-", "MSK-25", "MSK-3:60", "<MSK-3", "<M+>-3", "MSK-3 ",
		"CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365",
		"CET-1CEST,J366,J1", "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0",
		"CET-1CEST,M3.5.0,M10.5.0x", "CET-1CEST,M3.5.0,M10.5.0,",
	};
	uint8_t bytes[256];
	struct zv_tz *tz;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t len = zone_bytes(bad[i], bytes, sizeof(bytes));

		cr_assert_eq(zv_tz_parse(bytes, len, &tz), ZV_EPARSE, "%s", bad[i]);
	}
}

Test(tz, every_truncation_of_a_file_is_refused)
{
	uint8_t bytes[256], *copy;
	size_t len = zone_bytes("MSK-3", bytes, sizeof(bytes));
	struct zv_tz *tz;

	for (size_t n = 0; n < len; n++) {
		copy = malloc(n + 1); /* so that a sanitizer sees a read past the end */
		memcpy(copy, bytes, n);
		cr_assert_eq(zv_tz_parse(copy, n, &tz), ZV_EPARSE, "%zu bytes", n);
		free(copy);
	}
	cr_assert_eq(zv_tz_parse(bytes, len, &tz), ZV_OK);
	zv_tz_free(tz);
	bytes[4] = 0;
	cr_assert_eq(zv_tz_parse(bytes, len, &tz), ZV_EPARSE, "version 1 has no 64-bit block");
}

Test(tz, names_that_could_leave_the_directory_are_refused)
{
	static const char *const bad[] = {"", "/etc/passwd", "../passwd", "Europe/../UTC", "Europe/",
					  "Europe//Moscow", "a b", "UTC.", "%s"};
	struct zv_tz *tz;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(zv_tz_load(NULL, bad[i], &tz), ZV_EINVAL, "'%s'", bad[i]);
	cr_assert_eq(zv_tz_load(NULL, "Europe/Atlantis", &tz), ZV_ENOENT);
	cr_assert_eq(zv_tz_load(NULL, "Europe", &tz), ZV_ENOENT, "a directory is no zone");
	cr_assert_eq(zv_tz_load(NULL, "tzdata.zi", &tz), ZV_EINVAL);
}

Test(tz, a_zone_keeps_its_number)
{
	struct zv_zones *zones;
	uint16_t moscow, kyiv, again;

	cr_assert_eq(zv_zones_create(NULL, &zones), ZV_OK);
	cr_assert_eq(zv_zones_intern(zones, "Europe/Moscow", &moscow), ZV_OK);
	cr_assert_eq(zv_zones_intern(zones, "Europe/Kyiv", &kyiv), ZV_OK);
	cr_assert_neq(moscow, kyiv);
	cr_assert_eq(zv_zones_intern(zones, "Europe/Moscow", &again), ZV_OK);
	cr_assert_eq(moscow, again);
	cr_assert_eq(zv_zones_intern(zones, "../x", &again), ZV_ENOENT);
	cr_assert_str_eq(zv_zones_name(zones, kyiv), "Europe/Kyiv");
	cr_assert_eq(zv_tz_offset(zv_zones_get(zones, moscow), 1795316129), 3 * 3600);
	cr_assert_null(zv_zones_get(zones, 500));
	zv_zones_destroy(zones);
	zv_zones_destroy(NULL);
}
