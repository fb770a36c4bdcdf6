#include "sim/judge_law.h"

#include <string.h>

#define DAY_S 86400

/* The local day and the second of it. */
static int32_t local_day(const struct zv_tz *tz, int64_t utc_ms, int32_t *ret_s)
{
	int64_t utc_s = utc_ms / 1000, local_s = utc_s + zv_tz_offset(tz, utc_s);
	int64_t day = local_s / DAY_S;

	if (local_s % DAY_S < 0)
		day--;
	*ret_s = (int32_t)(local_s - day * DAY_S);
	return (int32_t)day;
}

/* Monday 0: day 0 was a Thursday. */
static int weekday(int32_t day)
{
	int w = (day + 3) % 7;

	return w < 0 ? w + 7 : w;
}

bool zv_judge_hours(const struct zv_judge_ask *ask)
{
	const struct zv_campaign_conf *c = &ask->conf->campaigns[ask->campaign];
	const struct zv_day_hours *h;
	int32_t s;
	int32_t day = local_day(zv_zones_get(ask->conf->zones, ask->zone), ask->at_ms, &s);

	h = &c->hours[weekday(day)];
	return s >= h->start_min * 60 && s < h->end_min * 60;
}

static bool binds(const struct zv_judge_ask *ask, const struct zv_rule *r)
{
	const struct zv_campaign_conf *c = &ask->conf->campaigns[ask->campaign];

	return r->effect == ZV_EFFECT_BLOCK && r->trust != ZV_TRUST_MEMORY && strcmp(r->jur, "RU") == 0 &&
	       ask->at_ms >= r->from_ms && ask->at_ms < r->to_ms &&
	       (r->purposes == 0 || (r->purposes >> c->purpose & 1) != 0) &&
	       (r->channels == 0 || (r->channels >> c->channel & 1) != 0) &&
	       (r->modes == 0 || (r->modes >> c->mode & 1) != 0) &&
	       (r->actors == 0 || (r->actors >> c->actor & 1) != 0) &&
	       (r->parties == 0 || (r->parties >> c->party & 1) != 0) &&
	       (r->lines == 0 || (r->lines >> ZV_LINE_MOBILE & 1) != 0);
}

/* ---- limits ---- */

static int32_t month_of(int32_t day)
{
	int year, month, mday;

	zv_civil_from_day(day, &year, &month, &mday);
	return year * 12 + month - 1;
}

/* Is an event of then_ms in the window around at_ms? */
static bool inside(const struct zv_rule_window *w, const struct zv_tz *tz, int64_t then_ms, int64_t at_ms)
{
	static const int64_t unit_ms[] = {0, 3600000, 86400000, 7 * 86400000ll, 30 * 86400000ll};
	int32_t s, then = local_day(tz, then_ms, &s), now = local_day(tz, at_ms, &s);

	if (w->kind == ZV_WINDOW_ROLLING && !w->day_one)
		return then_ms > at_ms - w->n * unit_ms[w->unit];
	if (w->kind == ZV_WINDOW_ROLLING)
		return then > now - (int32_t)(w->n * unit_ms[w->unit] / 86400000);
	if (w->kind != ZV_WINDOW_CALENDAR || w->n != 1)
		return false; /* looked at by the engine's own tests */
	switch ((enum zv_window_unit)w->unit) {
	case ZV_UNIT_DAY: return then == now;
	case ZV_UNIT_WEEK: return then - weekday(then) == now - weekday(now);
	case ZV_UNIT_MONTH: return month_of(then) == month_of(now);
	case ZV_UNIT_HOUR: break;
	}
	return then_ms / 3600000 == at_ms / 3600000;
}

static bool has_fact(const struct zv_judge_past *past, uint8_t fact, bool self)
{
	switch (fact) {
	case ZV_FACT_INTENT:
	case ZV_FACT_ATTEMPT: return true;
	case ZV_FACT_CONNECT: return self || past->connected; /* this one may become it */
	case ZV_FACT_CONVERSATION: return self || past->conversation;
	default: return false;
	}
}

static const struct zv_tz *clock_of(const struct zv_judge_ask *ask, uint8_t tz, uint16_t fixed)
{
	return zv_zones_get(ask->conf->zones, tz == ZV_TZ_FIXED ? fixed : ask->zone);
}

static bool over_limit(const struct zv_judge_ask *ask, const struct zv_rule *r)
{
	if (r->u.freq.key != ZV_KEY_PERSON || r->u.freq.exclude != 0 || r->u.freq.seconds)
		return false;
	for (uint8_t i = 0; i < r->u.freq.n_windows; i++) {
		const struct zv_rule_window *w = &r->u.freq.windows[i];
		const struct zv_tz *tz = clock_of(ask, w->tz, w->zone);
		uint32_t n = 0;

		for (uint32_t k = ask->newest; k != 0; k = ask->pool[k - 1].prev)
			n += has_fact(&ask->pool[k - 1], r->u.freq.fact, k == ask->newest) &&
			     inside(w, tz, ask->pool[k - 1].at_ms, ask->at_ms);
		if (n > r->u.freq.limit)
			return true;
	}
	return false;
}

static bool too_soon(const struct zv_judge_ask *ask, const struct zv_rule *r)
{
	const struct zv_rule_window *w = &r->u.cooldown.window;
	const struct zv_tz *tz = clock_of(ask, w->tz, w->zone);
	uint32_t k = ask->pool[ask->newest - 1].prev;

	if (r->u.cooldown.key != ZV_KEY_PERSON ||
	    (r->u.cooldown.unless_modes >> ask->conf->campaigns[ask->campaign].mode & 1) != 0)
		return false;
	for (; k != 0; k = ask->pool[k - 1].prev)
		if (has_fact(&ask->pool[k - 1], r->u.cooldown.after, false) &&
		    inside(w, tz, ask->pool[k - 1].at_ms, ask->at_ms))
			return true;
	return false;
}

/* ---- hours ---- */

static bool in_spans(const struct zv_rule_hours *h, int key, int32_t s)
{
	for (uint8_t i = 0; i < h->n[key]; i++)
		if (s >= h->spans[key][i].start_min * 60 && s < h->spans[key][i].end_min * 60)
			return true;
	return false;
}

static bool closed(const struct zv_judge_ask *ask, const struct zv_rule *r)
{
	const struct zv_rule_hours *h = &r->u.hours;
	int32_t s, day = local_day(clock_of(ask, h->tz, h->zone), ask->at_ms, &s);
	enum zv_day_type type = weekday(day) < 5 ? ZV_DT_WORKDAY : ZV_DT_WEEKEND;

	if (h->calendar != ZV_CALENDAR_NONE)
		type = zv_calendar_day(&ask->conf->rules->calendars[h->calendar], day);
	if (type == ZV_DT_UNKNOWN)
		return true;
	if (type == ZV_DT_HOLIDAY && h->given[ZV_DAY_HOLIDAY])
		return !in_spans(h, ZV_DAY_HOLIDAY, s);
	if (h->given[ZV_DAY_MON + weekday(day)])
		return !in_spans(h, ZV_DAY_MON + weekday(day), s);
	if (type == ZV_DT_WORKDAY && h->given[ZV_DAY_WORKDAY])
		return !in_spans(h, ZV_DAY_WORKDAY, s);
	if (type != ZV_DT_WORKDAY && h->given[ZV_DAY_WEEKEND])
		return !in_spans(h, ZV_DAY_WEEKEND, s);
	return h->given[ZV_DAY_ANY] && !in_spans(h, ZV_DAY_ANY, s);
}

const char *zv_judge_rules(const struct zv_judge_ask *ask)
{
	const struct zv_rules *rules = ask->conf->rules;

	for (uint32_t i = 0; rules != NULL && i < rules->n; i++) {
		const struct zv_rule *r = &rules->v[i];
		bool broken = false;

		if (!binds(ask, r))
			continue;
		switch ((enum zv_rule_kind)r->kind) {
		case ZV_RULE_FREQ: broken = over_limit(ask, r); break;
		case ZV_RULE_COOLDOWN: broken = too_soon(ask, r); break;
		case ZV_RULE_HOURS: broken = closed(ask, r); break;
		case ZV_RULE_RATIO:
		case ZV_RULE_TREAT:
		case ZV_RULE_CONSENT:
		case ZV_RULE_DENY:
		case ZV_RULE_RETAIN: break; /* about more than one call, or about none */
		}
		if (broken)
			return r->id;
	}
	return NULL;
}
