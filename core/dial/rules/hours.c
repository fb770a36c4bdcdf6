#include "dial/rules/eval.h"

#define LOOK_DAYS 400
#define AGREE_MAX 96 /* openings looked at until all clocks agree */
#define JOIN_MAX  2  /* midnights over which spans are joined: open day and night has no end */

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

/* One open span as it is found. */
struct open_span {
	int64_t start_ms, end_ms;
	bool at_midnight; /* it ends with its day: the next one may go on */
};

/* Seconds east of UTC at the moment that shows `second` of a day; within a gap less than after. */
static int64_t offset_at(int32_t day, int32_t second, int64_t at_ms)
{
	return (int64_t)day * 86400 + second - at_ms / 1000;
}

/* A clock that goes back within an open span may show a time before its start: shut from then.
 * from_ms: the open moment from which on; start_s: the second of the day at which it opened. */
static int64_t cut_at_change(const struct zv_tz *tz, int64_t from_ms, int64_t end_ms,
			     int32_t start_s)
{
	int64_t low = from_ms / 1000, high = end_ms / 1000;
	int32_t offset = zv_tz_offset(tz, low);
	struct zv_local l;

	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;

		if (zv_tz_offset(tz, mid) == offset)
			low = mid;
		else
			high = mid;
	}
	zv_tz_to_local(tz, high * 1000, &l);
	return l.second_of_day < start_s ? high * 1000 : end_ms;
}

/* The first span of `day` that ends after at_ms, where the clock shows `now`.  An hour that shows
 * twice is open only where both readings are: at its second showing a span that has ended stays
 * ended, and one that has begun is shut again until the clock shows its start once more. */
static bool span_of(const struct zv_rule_hours *h, uint8_t key, const struct zv_tz *tz, int32_t day,
		    int64_t at_ms, const struct zv_local *now, struct open_span *ret)
{
	for (uint32_t i = 0; i < h->n[key] && i < ZV_RULE_SPANS_MAX; i++) {
		int32_t start_s = h->spans[key][i].start_min * 60,
			end_s = h->spans[key][i].end_min * 60;
		int64_t start, end, early_s, offset;

		/* What the clock shows as over was over before it went back, too. */
		if (day == now->day && now->second_of_day >= end_s)
			continue;
		end = zv_tz_from_local(tz, day, end_s);
		if (end <= at_ms)
			continue;
		start = zv_tz_from_local(tz, day, start_s);
		offset = offset_at(day, start_s, start);
		if (start <= at_ms) {
			offset = now->utc_offset_s;
			early_s = ((int64_t)day - now->day) * 86400 + start_s - now->second_of_day;
			if (early_s > 0)
				start = (at_ms / 1000 + early_s) * 1000;
		}
		if (start >= end) /* a change of offset may swallow a span, or a day */
			continue;
		if (offset_at(day, end_s, end) < offset)
			end = cut_at_change(tz, start > at_ms ? start : at_ms, end, start_s);
		*ret = (struct open_span){start, end, end_s == 86400};
		return true;
	}
	return false;
}

static enum zv_err find_span(const struct zv_rules *rules, const struct zv_rule_hours *h,
			     const struct zv_tz *tz, int64_t at_ms, const struct zv_local *now,
			     struct open_span *ret_span, bool *ret_doubt)
{
	/* No table at all: no day can be told from another. */
	if (h->calendar != ZV_CALENDAR_NONE &&
	    (h->calendar >= rules->n_calendars || rules->calendars[h->calendar].n_years == 0)) {
		*ret_doubt = true;
		return ZV_ENOENT;
	}
	for (int32_t day = now->day; day <= now->day + LOOK_DAYS; day++) {
		uint8_t key;

		if (day_key(rules, h, day, &key, ret_doubt) &&
		    span_of(h, key, tz, day, at_ms, now, ret_span))
			return ZV_OK;
	}
	return ZV_ENOENT;
}

static enum zv_err open_at(const struct zv_rules *rules, const struct zv_rule_hours *h,
			   const struct zv_tz *tz, int64_t at_ms, const struct zv_local *now,
			   struct open_span *ret_span, bool *ret_doubt)
{
	struct open_span next;
	struct zv_local l;
	enum zv_err err;
	bool later;

	*ret_doubt = false;
	err = find_span(rules, h, tz, at_ms, now, ret_span, ret_doubt);
	for (uint32_t i = 0; err == ZV_OK && ret_span->at_midnight && i < JOIN_MAX; i++) {
		zv_tz_to_local(tz, ret_span->end_ms, &l);
		if (find_span(rules, h, tz, ret_span->end_ms, &l, &next, &later) != ZV_OK ||
		    next.start_ms > ret_span->end_ms)
			break;
		ret_span->end_ms = next.end_ms;
		ret_span->at_midnight = next.at_midnight;
	}
	return err;
}

enum zv_err zv_rule_open(const struct zv_rules *rules, const struct zv_rule_hours *hours,
			 const struct zv_tz *tz, int64_t now_ms, int64_t *ret_start_ms,
			 int64_t *ret_end_ms, bool *ret_doubt)
{
	struct open_span span;
	struct zv_local now;
	enum zv_err err;

	zv_tz_to_local(tz, now_ms, &now);
	err = open_at(rules, hours, tz, now_ms, &now, &span, ret_doubt);
	if (err != ZV_OK)
		return err;
	*ret_start_ms = span.start_ms;
	*ret_end_ms = span.end_ms;
	return ZV_OK;
}

/* The first moment from at_ms at which all clocks allow, from where the latest of them opens;
 * bounded: they may have no hour in common. */
static int64_t open_everywhere(struct zv_eval *e, const struct zv_rule_hours *h,
			       const struct zv_candidates *zones, int64_t at_ms)
{
	for (uint32_t i = 0; i < AGREE_MAX && at_ms < ZV_NEVER_MS && e->looks++ < ZV_LOOKS_MAX;
	     i++) {
		int64_t latest = at_ms;

		for (uint32_t k = 0; k < zones->n; k++) {
			struct open_span span;
			struct zv_local l;
			bool doubt = false;

			zv_tz_to_local(zones->v[k], at_ms, &l);
			if (find_span(e->rules, h, zones->v[k], at_ms, &l, &span, &doubt) != ZV_OK)
				return ZV_NEVER_MS;
			latest = span.start_ms > latest ? span.start_ms : latest;
		}
		if (latest == at_ms)
			break;
		at_ms = latest;
	}
	return at_ms;
}

bool zv_hours_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit,
		   int64_t *ret_open_until_ms)
{
	const struct zv_rule_hours *h = &rule->u.hours;
	const struct zv_candidates *zones = zv_eval_zones(e, h->tz, h->zone);
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_CLOSED};
	int64_t until = ZV_NEVER_MS;
	struct open_span span;
	bool doubt;

	if (zones->n == 0)
		hit.until_ms = ZV_NEVER_MS;
	for (uint32_t i = 0; i < zones->n; i++) {
		if (open_at(e->rules, h, zones->v[i], e->at_ms, zv_eval_local(e, zones->v[i]),
			    &span, &doubt) != ZV_OK)
			span.start_ms = ZV_NEVER_MS;
		if (span.start_ms <= e->at_ms) {
			until = span.end_ms < until ? span.end_ms : until;
			continue;
		}
		if (doubt)
			hit.detail = ZV_DETAIL_NO_CALENDAR;
		hit.until_ms = span.start_ms > hit.until_ms ? span.start_ms : hit.until_ms;
	}
	if (zones->n > 1 && hit.until_ms != INT64_MIN)
		hit.until_ms = open_everywhere(e, h, zones, hit.until_ms);
	*ret_open_until_ms = until;
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}
