#include "base/tz_rule.h"

#include <string.h>

#include "base/tz.h"

struct cursor {
	const char *p, *end;
};

static bool take(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

static bool take_number(struct cursor *c, int32_t min, int32_t max, int32_t *ret)
{
	int32_t n = 0;
	int digits = 0;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9' && digits < 5; digits++)
		n = n * 10 + (*c->p++ - '0');
	if (digits == 0 || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

/* Three or more letters, or <letters, digits, + and ->.  The name itself is of no use to us. */
static bool take_name(struct cursor *c)
{
	bool quoted = take(c, '<');
	int n = 0;

	for (; c->p < c->end; c->p++, n++) {
		bool alpha = (*c->p >= 'A' && *c->p <= 'Z') || (*c->p >= 'a' && *c->p <= 'z');
		bool other = (*c->p >= '0' && *c->p <= '9') || *c->p == '+' || *c->p == '-';

		if (!alpha && !(quoted && other))
			break;
	}
	return n >= 3 && (!quoted || take(c, '>'));
}

/* [+-]h[hh][:mm[:ss]] */
static bool take_time(struct cursor *c, int32_t hours_max, int32_t *ret)
{
	int32_t h, m = 0, s = 0;
	int32_t sign = 1;

	if (take(c, '-'))
		sign = -1;
	else
		(void)take(c, '+');
	if (!take_number(c, 0, hours_max, &h))
		return false;
	if (take(c, ':')) {
		if (!take_number(c, 0, 59, &m))
			return false;
		if (take(c, ':') && !take_number(c, 0, 59, &s))
			return false;
	}
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool take_when(struct cursor *c, struct zv_tz_when *w)
{
	int32_t a, b = 0, d = 0;

	memset(w, 0, sizeof(*w));
	w->time_s = 7200;
	if (take(c, 'M')) {
		w->kind = 'M';
		if (!take_number(c, 1, 12, &a) || !take(c, '.') || !take_number(c, 1, 5, &b) ||
		    !take(c, '.') || !take_number(c, 0, 6, &d))
			return false;
		w->month = (uint8_t)a;
		w->week = (uint8_t)b;
		w->wday = (uint8_t)d;
	} else {
		w->kind = take(c, 'J') ? 'J' : 'D';
		if (!take_number(c, w->kind == 'J' ? 1 : 0, 365, &a))
			return false;
		w->day = (uint16_t)a;
	}
	return !take(c, '/') || take_time(c, 167, &w->time_s);
}

enum zv_err zv_tz_rule_parse(const char *text, size_t len, struct zv_tz_rule *ret_rule)
{
	struct cursor c = {text, text + len};
	struct zv_tz_rule r = {0};

	/* POSIX counts west as positive. */
	if (!take_name(&c) || !take_time(&c, 24, &r.std_s))
		return ZV_EPARSE;
	r.std_s = -r.std_s;
	if (c.p == c.end) {
		*ret_rule = r;
		return ZV_OK;
	}
	r.has_dst = true;
	r.dst_s = r.std_s + 3600;
	if (!take_name(&c))
		return ZV_EPARSE;
	if (c.p < c.end && *c.p != ',') {
		if (!take_time(&c, 24, &r.dst_s))
			return ZV_EPARSE;
		r.dst_s = -r.dst_s;
	}
	/* A zone that has summer time must say when; POSIX leaves the default to the system. */
	if (!take(&c, ',') || !take_when(&c, &r.start) || !take(&c, ',') ||
	    !take_when(&c, &r.end) || c.p != c.end)
		return ZV_EPARSE;
	if (r.std_s < ZV_TZ_OFFSET_MIN || r.dst_s > ZV_TZ_OFFSET_MAX ||
	    r.dst_s < ZV_TZ_OFFSET_MIN)
		return ZV_EPARSE;
	*ret_rule = r;
	return ZV_OK;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Wall-clock seconds since 1970 of the moment in that year, in the offset before it. */
static int64_t when_local(const struct zv_tz_when *w, int year)
{
	int32_t day;

	if (w->kind == 'M') {
		int32_t first = zv_day_from_civil(year, w->month, 1);
		int32_t next = w->month == 12 ? zv_day_from_civil(year + 1, 1, 1) :
						zv_day_from_civil(year, w->month + 1, 1);
		int32_t wday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */

		day = first + (w->wday - wday + 7) % 7 + 7 * (w->week - 1);
		while (day >= next)
			day -= 7;
	} else {
		day = zv_day_from_civil(year, 1, 1) + w->day;
		if (w->kind == 'J' && !(is_leap(year) && w->day >= 60))
			day -= 1;
	}
	return (int64_t)day * 86400 + w->time_s;
}

int32_t zv_tz_rule_offset(const struct zv_tz_rule *rule, int64_t utc_s, int64_t *ret_until_s)
{
	int64_t before = INT64_MIN, after = INT64_MAX;
	int32_t offset = rule->std_s;
	int64_t day;
	int year, month, mday;

	if (!rule->has_dst) {
		*ret_until_s = INT64_MAX;
		return rule->std_s;
	}
	day = (utc_s + rule->std_s - ((utc_s + rule->std_s) % 86400 + 86400) % 86400) / 86400;
	zv_civil_from_day((int32_t)day, &year, &month, &mday);
	/* Hours up to 167 push a change into the neighbouring year: look at three.  Of a start
	 * and an end at the same instant the start wins: that is how a zone on summer time all
	 * the year is written (RFC 8536 3.3.1). */
	for (int y = year - 1; y <= year + 1; y++) {
		int64_t end = when_local(&rule->end, y) - rule->dst_s;
		int64_t start = when_local(&rule->start, y) - rule->std_s;

		if (end <= utc_s && end > before) {
			before = end;
			offset = rule->std_s;
		}
		if (start <= utc_s && start >= before) {
			before = start;
			offset = rule->dst_s;
		}
		if (end > utc_s && end < after)
			after = end;
		if (start > utc_s && start < after)
			after = start;
	}
	*ret_until_s = after;
	return offset;
}
