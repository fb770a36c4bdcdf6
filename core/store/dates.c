#include "store/dates.h"

#define DAY_MS 86400000LL

struct cursor {
	const char *p, *end;
};

static bool take(struct cursor *c, char sign)
{
	if (c->p == c->end || *c->p != sign)
		return false;
	c->p++;
	return true;
}

/* Exactly n digits, a value in min..max. */
static bool digits(struct cursor *c, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, c->p++) {
		if (c->p == c->end || *c->p < '0' || *c->p > '9')
			return false;
		v = v * 10 + (*c->p - '0');
	}
	*ret = v;
	return v >= min && v <= max;
}

static bool take_day(struct cursor *c, int32_t *ret_day)
{
	bool iso = c->end - c->p > 4 && c->p[4] == '-';
	int year, month, mday, y, m, d;

	if (iso) {
		if (!digits(c, 4, 1970, 9998, &year) || !take(c, '-') || !digits(c, 2, 1, 12, &month) ||
		    !take(c, '-') || !digits(c, 2, 1, 31, &mday))
			return false;
	} else if (!digits(c, 2, 1, 31, &mday) || !take(c, '.') || !digits(c, 2, 1, 12, &month) ||
		   !take(c, '.') || !digits(c, 4, 1970, 9998, &year)) {
		return false;
	}
	*ret_day = zv_day_from_civil(year, month, mday);
	zv_civil_from_day(*ret_day, &y, &m, &d);
	return d == mday; /* no 31st of February */
}

static bool take_clock(struct cursor *c, int32_t *ret_second)
{
	int h, m, s = 0;

	if (!digits(c, 2, 0, 23, &h) || !take(c, ':') || !digits(c, 2, 0, 59, &m))
		return false;
	if (take(c, ':') && !digits(c, 2, 0, 59, &s))
		return false;
	*ret_second = h * 3600 + m * 60 + s;
	return true;
}

static bool take_offset(struct cursor *c, struct zv_date *date)
{
	int h, m, sign = c->p != c->end && *c->p == '-' ? -1 : 1;

	if (take(c, 'Z')) {
		date->fixed = true;
		return true;
	}
	if (!take(c, '+') && !take(c, '-'))
		return true;
	if (!digits(c, 2, 0, 14, &h) || !take(c, ':') || !digits(c, 2, 0, 59, &m))
		return false;
	date->fixed = true;
	date->offset_s = sign * (h * 3600 + m * 60);
	return true;
}

bool zv_date_parse(const char *text, size_t len, struct zv_date *ret_date)
{
	struct cursor c = {text, text + len};
	struct zv_date date = {.second = -1};

	while (c.p < c.end && *c.p == ' ')
		c.p++;
	while (c.p < c.end && c.end[-1] == ' ')
		c.end--;
	if (!take_day(&c, &date.day))
		return false;
	if (c.p < c.end && ((!take(&c, 'T') && !take(&c, ' ')) || !take_clock(&c, &date.second) ||
			    !take_offset(&c, &date) || c.p != c.end))
		return false;
	*ret_date = date;
	return true;
}

static int64_t moment_ms(const struct zv_tz *zone, const struct zv_date *d, int32_t second)
{
	return d->fixed ? ((int64_t)d->day * 86400 + second - d->offset_s) * 1000
			: zv_tz_from_local(zone, d->day, second);
}

enum zv_date_verdict zv_date_due(const struct zv_date_rule *rule, const struct zv_tz *zone,
				 const char *text, size_t len, int64_t now_ms, int64_t *ret_due_ms)
{
	struct zv_date date;
	struct zv_local local;
	int64_t over_ms, due_ms;
	int32_t days = (int32_t)(rule->before_ms / DAY_MS);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0)
		return ZV_DATE_NONE;
	if (!zv_date_parse(text, len, &date))
		return ZV_DATE_BAD;
	/* a day alone is over when it ends */
	over_ms = moment_ms(zone, &date, date.second >= 0 ? date.second : 86400);
	if (over_ms <= now_ms)
		return ZV_DATE_PAST;
	if (date.second >= 0 && rule->at_s < 0) {
		due_ms = over_ms - rule->before_ms;
	} else {
		/* whole days before, by the calendar of the lead's own place */
		if (date.fixed) {
			zv_tz_to_local(zone, over_ms, &local);
			date.day = local.day;
		}
		due_ms = zv_tz_from_local(zone, date.day - days, rule->at_s >= 0 ? rule->at_s : 0);
		if (rule->at_s < 0)
			due_ms -= rule->before_ms % DAY_MS;
	}
	*ret_due_ms = due_ms > now_ms ? due_ms : now_ms;
	return ZV_DATE_OK;
}

const char *zv_date_text(enum zv_date_verdict verdict)
{
	switch (verdict) {
	case ZV_DATE_NONE: return "the date by which it would be called is missing";
	case ZV_DATE_BAD: return "the date is not written like 2026-12-04, 2026-12-04 15:30 or 04.12.2026 15:30";
	case ZV_DATE_PAST: return "the date has passed";
	case ZV_DATE_OK: break;
	}
	return "";
}
