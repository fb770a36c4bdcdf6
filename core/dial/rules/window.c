#include "dial/rules/eval.h"

/* Rounds towards minus infinity. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t unit_ms(uint8_t unit)
{
	switch ((enum zv_window_unit)unit) {
	case ZV_UNIT_HOUR: return ZV_HOUR_MS;
	case ZV_UNIT_DAY: return ZV_DAY_MS;
	case ZV_UNIT_WEEK: return 7 * ZV_DAY_MS;
	case ZV_UNIT_MONTH: return 30 * ZV_DAY_MS;
	}
	return ZV_DAY_MS;
}

static int64_t length_ms(const struct zv_rule_window *w)
{
	return unit_ms(w->unit) * w->n;
}

static bool in_days(const struct zv_rule_window *w)
{
	return w->unit != ZV_UNIT_HOUR;
}

static int64_t midnight(const struct zv_tz *tz, int64_t day)
{
	return zv_tz_from_local(tz, (int32_t)day, 0);
}

bool zv_window_needs_clock(const struct zv_rule_window *w)
{
	if (w->kind == ZV_WINDOW_CALENDAR)
		return true;
	return in_days(w) && (w->kind == ZV_WINDOW_BLOCK || w->day_one);
}

int64_t zv_window_reach(const struct zv_rule_window *w)
{
	/* A month has up to 31 days; the rest is for offsets, and for talks that end late. */
	int64_t ms = w->unit == ZV_UNIT_MONTH ? 31 * ZV_DAY_MS * w->n : length_ms(w);

	return ms + 2 * ZV_DAY_MS + ZV_LATE_MS;
}

/* Start of the calendar unit `back` before the one that shows `l`; negative: after it. */
static int64_t unit_start(const struct zv_tz *tz, uint8_t unit, const struct zv_local *l,
			  int64_t back)
{
	int64_t hour, month;

	switch ((enum zv_window_unit)unit) {
	case ZV_UNIT_HOUR:
		/* As the wall clock shows it: an hour that shows twice is one hour. */
		hour = (int64_t)l->day * 24 + l->second_of_day / 3600 - back;
		return zv_tz_from_local(tz, (int32_t)floor_div(hour, 24),
					(int32_t)(hour - floor_div(hour, 24) * 24) * 3600);
	case ZV_UNIT_WEEK: return midnight(tz, l->day - (l->wday - 1) - 7 * back);
	case ZV_UNIT_MONTH:
		month = (int64_t)l->year * 12 + l->month - 1 - back;
		return midnight(tz,
				zv_day_from_civil((int)floor_div(month, 12),
						  (int)(month - floor_div(month, 12) * 12) + 1, 1));
	case ZV_UNIT_DAY: break;
	}
	return midnight(tz, l->day - back);
}

static void rolling(const struct zv_rule_window *w, const struct zv_tz *tz,
		    const struct zv_local *l, int64_t at_ms, struct zv_bounds *ret)
{
	int64_t days;

	if (!w->day_one || !in_days(w)) {
		/* What happened exactly n units ago is out. */
		*ret = (struct zv_bounds){at_ms - length_ms(w) + 1, at_ms + 1,
					  at_ms + length_ms(w)};
		return;
	}
	days = length_ms(w) / ZV_DAY_MS;
	*ret = (struct zv_bounds){midnight(tz, l->day - days + 1), midnight(tz, l->day + 1),
				  midnight(tz, l->day + days)};
}

static void block(const struct zv_rule_window *w, const struct zv_tz *tz, int64_t at_ms,
		  int64_t origin_ms, struct zv_bounds *ret)
{
	struct zv_local first, l;
	int64_t k, days;

	if (origin_ms == 0)
		origin_ms = at_ms;
	if (!in_days(w)) {
		k = floor_div(at_ms - origin_ms, length_ms(w));
		*ret = (struct zv_bounds){origin_ms + k * length_ms(w),
					  origin_ms + (k + 1) * length_ms(w), 0};
	} else {
		zv_tz_to_local(tz, origin_ms, &first);
		zv_tz_to_local(tz, at_ms, &l);
		days = length_ms(w) / ZV_DAY_MS;
		k = floor_div((int64_t)l.day - first.day, days);
		*ret = (struct zv_bounds){midnight(tz, first.day + k * days),
					  midnight(tz, first.day + (k + 1) * days), 0};
	}
	ret->ahead_ms = ret->end_ms;
}

void zv_bounds_at(const struct zv_rule_window *w, const struct zv_tz *tz,
		  const struct zv_local *local, int64_t at_ms, int64_t origin_ms,
		  struct zv_bounds *ret_bounds)
{
	if (w->kind == ZV_WINDOW_ROLLING) {
		rolling(w, tz, local, at_ms, ret_bounds);
	} else if (w->kind == ZV_WINDOW_BLOCK) {
		block(w, tz, at_ms, origin_ms, ret_bounds);
	} else {
		ret_bounds->start_ms = unit_start(tz, w->unit, local, w->n - 1);
		ret_bounds->end_ms = unit_start(tz, w->unit, local, -1);
		ret_bounds->ahead_ms = ret_bounds->end_ms;
	}
	/* Where the clock goes back over midnight the next day has begun once already. */
	if (ret_bounds->end_ms <= at_ms)
		ret_bounds->end_ms = at_ms + 1;
	if (ret_bounds->ahead_ms < ret_bounds->end_ms)
		ret_bounds->ahead_ms = ret_bounds->end_ms;
}

int64_t zv_bounds_leave(const struct zv_rule_window *w, const struct zv_tz *tz, int64_t event_ms,
			int64_t origin_ms)
{
	struct zv_bounds b;
	struct zv_local l;

	if (w->kind == ZV_WINDOW_BLOCK) {
		block(w, tz, event_ms, origin_ms, &b);
		return b.end_ms;
	}
	if (w->kind == ZV_WINDOW_ROLLING && (!w->day_one || !in_days(w)))
		return event_ms + length_ms(w);
	zv_tz_to_local(tz, event_ms, &l);
	if (w->kind == ZV_WINDOW_ROLLING)
		return midnight(tz, l.day + length_ms(w) / ZV_DAY_MS);
	return unit_start(tz, w->unit, &l, -(int64_t)w->n);
}

void zv_window_bounds(const struct zv_rule_window *window, const struct zv_tz *tz, int64_t now_ms,
		      int64_t origin_ms, int64_t *ret_start_ms, int64_t *ret_end_ms)
{
	struct zv_local local = {0};
	struct zv_bounds b;

	if (zv_window_needs_clock(window))
		zv_tz_to_local(tz, now_ms, &local);
	zv_bounds_at(window, tz, &local, now_ms, origin_ms, &b);
	*ret_start_ms = b.start_ms;
	*ret_end_ms = b.end_ms;
}
