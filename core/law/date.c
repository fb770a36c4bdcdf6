/* Dates, durations, and the version of the zone files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "law/law.h"

static bool number(const char *s, size_t digits, int *ret)
{
	int n = 0;

	for (size_t i = 0; i < digits; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (s[i] - '0');
	}
	*ret = n;
	return true;
}

bool zv_law_date(const char *text, int32_t *ret_day)
{
	int y, m, d, yy, mm, dd;
	int32_t day;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !number(text, 4, &y) ||
	    !number(text + 5, 2, &m) || !number(text + 8, 2, &d))
		return false;
	if (y < 1970 || y > 2199 || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	day = zv_day_from_civil(y, m, d);
	zv_civil_from_day(day, &yy, &mm, &dd);
	if (yy != y || mm != m || dd != d)
		return false;
	*ret_day = day;
	return true;
}

/* Each unit once, in the order Y M W D; no part of a day. */
bool zv_law_duration(const char *text, struct zv_law_span *ret_span)
{
	static const char units[] = "YMWD";
	struct zv_law_span span = {0};
	size_t at = 0;

	if (*text++ != 'P' || *text == 0)
		return false;
	while (*text != 0) {
		uint32_t n = 0;
		size_t digits = 0;
		const char *unit;

		for (; *text >= '0' && *text <= '9'; text++, digits++) {
			n = n * 10 + (uint32_t)(*text - '0');
			if (n > 9000)
				return false;
		}
		if (digits == 0 || *text == 0)
			return false;
		unit = strchr(units + at, *text++);
		if (unit == NULL)
			return false;
		at = (size_t)(unit - units) + 1;
		switch (*unit) {
		case 'Y': span.years = (uint16_t)n; break;
		case 'M': span.months = (uint16_t)n; break;
		case 'W': span.days = (uint16_t)(n * 7); break;
		default: span.days = (uint16_t)(span.days + n); break;
		}
	}
	*ret_span = span;
	return true;
}

/* ---- the version of the zones ---- */

/* At most size bytes of a file; 0: not there. */
static size_t read_some(const char *dir, const char *name, char *to, size_t size)
{
	char path[512];
	size_t n;
	FILE *f;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return 0;
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fread(to, 1, size, f);
	(void)fclose(f);
	return n;
}

/* The first word that looks like one: 2026a. */
static bool version_in(const char *text, char *to, size_t size)
{
	size_t len = strcspn(text, " \t\r\n");

	if (len < 5 || len >= size || text[0] < '0' || text[0] > '9')
		return false;
	memcpy(to, text, len);
	to[len] = 0;
	return true;
}

void zv_law_tz_version(const char *dir, char *ret_text, size_t size)
{
	static const char *const zones[] = {"Europe/Moscow",    "Europe/Kyiv",   "Asia/Almaty",
	                                    "America/New_York", "Europe/London", "Asia/Kamchatka"};
	static const char head[] = "# version ";
	char text[8192];
	uint32_t crc = 0;
	size_t n, seen = 0;

	if (dir == NULL)
		dir = "/usr/share/zoneinfo";
	n = read_some(dir, "tzdata.zi", text, 64);
	text[n] = 0;
	if (strncmp(text, head, sizeof(head) - 1) == 0 &&
	    version_in(text + sizeof(head) - 1, ret_text, size))
		return;
	n = read_some(dir, "+VERSION", text, 64);
	text[n] = 0;
	if (version_in(text, ret_text, size))
		return;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		n = read_some(dir, zones[i], text, sizeof(text));
		crc = zv_crc32c(crc, text, n);
		seen += n;
	}
	if (seen > 0)
		(void)snprintf(ret_text, size, "h%08x", crc);
	else
		(void)snprintf(ret_text, size, "?");
}
