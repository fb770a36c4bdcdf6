#include "dial/rules/eval.h"

#define LOOK_DAYS 400
#define JOIN_MAX  2 /* midnights over which spans are joined: open day and night has no end */

/* Which spans hold on a local day; false: closed.  *ret_doubt: for want of a calendar. */
static bool day_key(const struct zv_rules *rules, const struct zv_rule_hours *h, int32_t day,
		    uint8_t *ret_key, bool *ret_doubt)
{
	/* 1970-01-01 was a Thursday; the sum stays positive for any year we read. */
	uint8_t wday = (uint8_t)((uint32_t)(day + 3 + 7 * 1000000) % 7);
	enum zv_day_type type = wday >= ZV_DAY_SAT ? ZV_DT_WEEKEND : ZV_DT_WORKDAY;
	uint8_t kind;

	if (h->calendar != ZV_CALENDAR_NONE) {
		type = ZV_DT_UNKNOWN;
		if (h->calendar < rules->n_calendars)
			type = zv_calendar_day(&rules->calendars[h->calendar], day);
		if (type == ZV_DT_UNKNOWN) {
			*ret_doubt = true;
			return false;
		}
	}
	kind = type == ZV_DT_WORKDAY ? ZV_DAY_WORKDAY : ZV_DAY_WEEKEND;
	if (type == ZV_DT_HOLIDAY && h->given[ZV_DAY_HOLIDAY])
		*ret_key = ZV_DAY_HOLIDAY;
	else if (h->given[wday])
		*ret_key = wday;
	else if (h->given[kind])
		*ret_key = kind;
	else if (h->given[ZV_DAY_ANY])
		*ret_key = ZV_DAY_ANY;
	else
		return false;
	return h->n[*ret_key] > 0;
}

/* A clock that goes back within an open span may show a time before its start: shut from then. */
static int64_t cut_at_change(const struct zv_tz *tz, int64_t start_ms, int64_t end_ms, uint32_t start_min)
{
	int64_t low = start_ms / 1000, high = end_ms / 1000;
	int32_t offset = zv_tz_offset(tz, low);
	struct zv_local l;

	if (zv_tz_offset(tz, high) >= offset)
		return end_ms;
	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;

		if (zv_tz_offset(tz, mid) == offset)
			low = mid;
		else
			high = mid;
	}
	zv_tz_to_local(tz, high * 1000, &l);
	return l.second_of_day < (int32_t)start_min * 60 ? high * 1000 : end_ms;
}

/* The first span of `day` that ends after at_ms.  An hour that shows twice is open only where
 * both readings are: at its second showing a span that has ended stays ended, and one that has
 * begun is shut again until the clock shows its start once more. */
static bool span_of(const struct zv_rule_hours *h, uint8_t key, const struct zv_tz *tz, int32_t day,
		    int64_t at_ms, int64_t *ret_start_ms, int64_t *ret_end_ms)
{
	for (uint32_t i = 0; i < h->n[key] && i < ZV_RULE_SPANS_MAX; i++) {
		const struct zv_rule_span *s = &h->spans[key][i];
		int64_t end = zv_tz_from_local(tz, day, s->end_min * 60);
		int64_t start, early_s;
		struct zv_local l;

		if (end <= at_ms)
			continue;
		start = zv_tz_from_local(tz, day, s->start_min * 60);
		if (start <= at_ms) {
			zv_tz_to_local(tz, at_ms, &l);
			early_s = ((int64_t)day - l.day) * 86400 + s->start_min * 60 -
				  l.second_of_day;
			if (early_s > 0)
				start = (at_ms / 1000 + early_s) * 1000;
		}
		if (start >= end) /* a change of offset may swallow a span, or a day */
			continue;
		*ret_start_ms = start;
		*ret_end_ms = cut_at_change(tz, start > at_ms ? start : at_ms, end, s->start_min);
		return true;
	}
	return false;
}

static enum zv_err find_span(const struct zv_rules *rules, const struct zv_rule_hours *h,
			     const struct zv_tz *tz, int64_t at_ms, int64_t *ret_start_ms,
			     int64_t *ret_end_ms, bool *ret_doubt)
{
	struct zv_local l;

	/* No table at all: no day can be told from another. */
	if (h->calendar != ZV_CALENDAR_NONE &&
	    (h->calendar >= rules->n_calendars || rules->calendars[h->calendar].n_years == 0)) {
		*ret_doubt = true;
		return ZV_ENOENT;
	}
	zv_tz_to_local(tz, at_ms, &l);
	for (int32_t day = l.day; day <= l.day + LOOK_DAYS; day++) {
		uint8_t key;

		if (day_key(rules, h, day, &key, ret_doubt) &&
		    span_of(h, key, tz, day, at_ms, ret_start_ms, ret_end_ms))
			return ZV_OK;
	}
	return ZV_ENOENT;
}

enum zv_err zv_rule_open(const struct zv_rules *rules, const struct zv_rule_hours *hours,
			 const struct zv_tz *tz, int64_t now_ms, int64_t *ret_start_ms,
			 int64_t *ret_end_ms, bool *ret_doubt)
{
	int64_t start, end, next_start, next_end;
	struct zv_local l;
	bool later;
	enum zv_err err;

	*ret_doubt = false;
	err = find_span(rules, hours, tz, now_ms, &start, &end, ret_doubt);
	if (err != ZV_OK)
		return err;
	*ret_start_ms = start;
	for (uint32_t i = 0; i < JOIN_MAX; i++) {
		zv_tz_to_local(tz, end, &l);
		if (l.second_of_day != 0 ||
		    find_span(rules, hours, tz, end, &next_start, &next_end, &later) != ZV_OK ||
		    next_start > end)
			break;
		end = next_end;
	}
	*ret_end_ms = end;
	return ZV_OK;
}

bool zv_hours_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit,
		   int64_t *ret_open_until_ms)
{
	const struct zv_rule_hours *h = &rule->u.hours;
	const struct zv_candidates *zones = zv_eval_zones(e, h->tz, h->zone);
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_CLOSED};
	int64_t until = ZV_NEVER_MS, start, end;
	bool doubt;

	if (zones->n == 0)
		hit.until_ms = ZV_NEVER_MS;
	for (uint32_t i = 0; i < zones->n; i++) {
		bool known = zv_rule_open(e->rules, h, zones->v[i], e->at_ms, &start, &end,
					  &doubt) == ZV_OK;

		if (!known)
			start = ZV_NEVER_MS;
		if (start <= e->at_ms) {
			until = end < until ? end : until;
			continue;
		}
		if (doubt)
			hit.detail = ZV_DETAIL_NO_CALENDAR;
		hit.until_ms = start > hit.until_ms ? start : hit.until_ms;
	}
	*ret_open_until_ms = until;
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}
