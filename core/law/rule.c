/* One rule that fits the schema: what the schema cannot say is checked here, and the JSON becomes
 * a struct zv_rule. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "law/law_in.h"

#define DAY_MS INT64_C(86400000)

__attribute__((format(printf, 2, 3))) static void wrong(struct zv_law_fill *f, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	zv_law_tell(f->report, ZV_LAW_ERROR, f->path.text, "%s", text);
}

/* The same at a key of the place. */
__attribute__((format(printf, 3, 4))) static void wrong_at(struct zv_law_fill *f, const char *key,
                                                           const char *fmt, ...)
{
	size_t back = zv_law_path_key(&f->path, key);
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	wrong(f, "%s", text);
	zv_law_path_back(&f->path, back);
}

static void warn_at(struct zv_law_fill *f, const char *key, const char *text)
{
	size_t back = zv_law_path_key(&f->path, key);

	zv_law_tell(f->report, ZV_LAW_WARNING, f->path.text, "%s", text);
	zv_law_path_back(&f->path, back);
}

/* ---- small values ---- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The schema allowed no others; missing: `none`. */
static uint8_t word_of(const json_t *object, const char *key, const struct zv_law_words *words,
                       uint8_t none)
{
	const char *text = text_of(object, key);
	int i = text != NULL ? zv_law_word(words, text) : -1;

	return i >= 0 ? (uint8_t)i : none;
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static uint32_t millis_of(const json_t *object, const char *key)
{
	return (uint32_t)(number_of(object, key) * 1000 + 0.5);
}

static bool true_of(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* A list of words as bits; the first word is bit `first`. */
static uint16_t bits_of(const json_t *object, const char *key, const struct zv_law_words *words,
                        unsigned first)
{
	const json_t *list = json_object_get(object, key);
	unsigned bits = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		int word = zv_law_word(words, json_string_value(json_array_get(list, i)));

		if (word >= 0)
			bits |= 1u << ((unsigned)word + first);
	}
	return (uint16_t)bits;
}

static uint64_t name_of(const json_t *text)
{
	return zv_rule_name(json_string_value(text), json_string_length(text));
}

static uint8_t names_of(const json_t *object, const char *key, uint64_t to[ZV_RULE_NAMES_MAX])
{
	const json_t *list = json_object_get(object, key);
	uint8_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < ZV_RULE_NAMES_MAX; i++)
		to[n++] = name_of(json_array_get(list, i));
	return n;
}

/* ---- zones and windows ---- */

static void take_tz(struct zv_law_fill *f, const json_t *object, uint8_t *ret_tz,
                    uint16_t *ret_zone)
{
	const char *text = text_of(object, "tz");
	int word = text != NULL ? zv_law_word(&zv_law_tzs, text) : ZV_TZ_RESIDENCE;
	enum zv_err err;

	*ret_tz = (uint8_t)word;
	*ret_zone = 0;
	if (word >= 0)
		return;
	*ret_tz = ZV_TZ_FIXED;
	err = zv_zones_intern(f->zones, text, ret_zone);
	if (err == ZV_EFULL)
		wrong_at(f, "tz", "\"%.60s\": too many time zones", text);
	else if (err != ZV_OK)
		wrong_at(f, "tz", "there is no time zone \"%.60s\"", text);
}

static void take_window(struct zv_law_fill *f, const json_t *object, struct zv_rule_window *ret)
{
	static const uint16_t day_parts[] = {[ZV_UNIT_HOUR] = 1,
	                                     [ZV_UNIT_DAY] = 24,
	                                     [ZV_UNIT_WEEK] = 168,
	                                     [ZV_UNIT_MONTH] = 720};

	*ret = (struct zv_rule_window){
	        .kind = (uint8_t)(word_of(object, "kind", &zv_law_window_kinds, 0) + 1),
	        .unit = (uint8_t)(word_of(object, "unit", &zv_law_window_units, 0) + 1),
	        .n = (uint16_t)number_of(object, "n"),
	        .day_one = true_of(object, "day_one"),
	};
	take_tz(f, object, &ret->tz, &ret->zone);
	if ((uint32_t)ret->n * day_parts[ret->unit] > 400u * 24u)
		wrong_at(f, "n",
		         "the window is longer than 400 days, which is how far events are kept");
	if (ret->day_one && ret->kind != ZV_WINDOW_ROLLING)
		wrong_at(f, "day_one", "only rolling windows count from a day one");
	if (ret->day_one && ret->unit == ZV_UNIT_HOUR)
		wrong_at(f, "day_one", "days are counted, but the unit is the hour");
}

static void take_window_at(struct zv_law_fill *f, const json_t *object, const char *key,
                           struct zv_rule_window *ret)
{
	size_t back = zv_law_path_key(&f->path, key);

	take_window(f, json_object_get(object, key), ret);
	zv_law_path_back(&f->path, back);
}

/* ---- payloads ---- */

static void take_freq(struct zv_law_fill *f, const json_t *p, struct zv_rule *r)
{
	const json_t *windows = json_object_get(p, "windows");
	size_t back;

	r->u.freq.fact = word_of(p, "event", &zv_law_facts, 0);
	r->u.freq.key = (uint8_t)bits_of(p, "key", &zv_law_keys, 0);
	r->u.freq.limit = (uint32_t)number_of(p, "limit");
	r->u.freq.seconds = word_of(p, "unit", &zv_law_units, 0) == 1;
	r->u.freq.channels_counted = (uint8_t)bits_of(p, "channels_counted", &zv_law_channels, 1);
	r->u.freq.exclude = (uint8_t)bits_of(p, "exclude", &zv_law_excludes, 0);
	if (r->u.freq.seconds != (r->u.freq.fact == ZV_FACT_DIAL_SECONDS))
		wrong_at(f, r->u.freq.seconds ? "unit" : "event",
		         "the event dial_seconds and the unit seconds go together");
	back = zv_law_path_key(&f->path, "windows");
	for (size_t i = 0; i < json_array_size(windows) && i < ZV_RULE_WINDOWS_MAX; i++) {
		size_t here = zv_law_path_index(&f->path, i);

		take_window(f, json_array_get(windows, i), &r->u.freq.windows[i]);
		r->u.freq.n_windows++;
		zv_law_path_back(&f->path, here);
	}
	zv_law_path_back(&f->path, back);
}

static void no_seconds(struct zv_law_fill *f, const char *key, uint8_t fact)
{
	if (fact == ZV_FACT_DIAL_SECONDS)
		wrong_at(f, key, "dial_seconds is a sum, it happens at no moment");
}

static void take_cooldown(struct zv_law_fill *f, const json_t *p, struct zv_rule *r)
{
	r->u.cooldown.after = word_of(p, "after", &zv_law_facts, 0);
	r->u.cooldown.key = (uint8_t)bits_of(p, "key", &zv_law_keys, 0);
	r->u.cooldown.unless_modes = (uint8_t)bits_of(p, "unless_mode", &zv_law_modes, 1);
	no_seconds(f, "after", r->u.cooldown.after);
	take_window_at(f, p, "for", &r->u.cooldown.window);
}

static uint16_t minute_of(const json_t *text)
{
	const char *s = json_string_value(text);

	return (uint16_t)(((s[0] - '0') * 10 + (s[1] - '0')) * 60 + (s[3] - '0') * 10 +
	                  (s[4] - '0'));
}

static void take_day(struct zv_law_fill *f, const json_t *list, size_t key, struct zv_rule_hours *h)
{
	uint16_t before = 0;

	h->given[key] = true;
	for (size_t i = 0; i < json_array_size(list) && i < ZV_RULE_SPANS_MAX; i++) {
		const json_t *pair = json_array_get(list, i);
		struct zv_rule_span *span = &h->spans[key][h->n[key]++];
		size_t back = zv_law_path_index(&f->path, i);

		span->start_min = minute_of(json_array_get(pair, 0));
		span->end_min = minute_of(json_array_get(pair, 1));
		if (span->start_min >= span->end_min)
			wrong(f, "it ends before it begins (a span over midnight is two)");
		else if (i > 0 && span->start_min < before)
			wrong(f, "it begins before the one before it ends");
		before = span->end_min;
		zv_law_path_back(&f->path, back);
	}
}

/* The calendar's index; one that nobody has gets an empty table: every day of it is unknown. */
static uint16_t calendar_of(struct zv_law_fill *f, const char *id)
{
	struct zv_rules *rules = f->rules;

	for (uint32_t i = 0; i < rules->n_calendars; i++)
		if (strcmp(rules->calendars[i].id, id) == 0)
			return (uint16_t)i;
	if (rules->n_calendars == ZV_CALENDARS_MAX) {
		wrong_at(f, "calendar", "more than %d calendars", ZV_CALENDARS_MAX);
		return ZV_CALENDAR_NONE;
	}
	warn_at(f, "calendar", "no such calendar is loaded: every day of unknown kind is closed");
	rules->calendars[rules->n_calendars] = (struct zv_calendar){0};
	memcpy(rules->calendars[rules->n_calendars].id, id,
	       strlen(id) + 1); /* the schema: 15 at most */
	return (uint16_t)rules->n_calendars++;
}

static void take_hours(struct zv_law_fill *f, const json_t *p, struct zv_rule *r)
{
	const json_t *days = json_object_get(p, "days");
	const char *calendar = text_of(p, "calendar");
	size_t back;

	take_tz(f, p, &r->u.hours.tz, &r->u.hours.zone);
	r->u.hours.calendar = calendar != NULL ? calendar_of(f, calendar) : ZV_CALENDAR_NONE;
	if (json_object_size(days) == 0)
		wrong_at(f, "days", "no day at all is given");
	back = zv_law_path_key(&f->path, "days");
	for (size_t i = 0; i < zv_law_days.n; i++) {
		const json_t *list = json_object_get(days, zv_law_days.v[i]);
		size_t here;

		if (list == NULL)
			continue;
		here = zv_law_path_key(&f->path, zv_law_days.v[i]);
		take_day(f, list, i, &r->u.hours);
		zv_law_path_back(&f->path, here);
	}
	zv_law_path_back(&f->path, back);
	if (calendar == NULL &&
	    (r->u.hours.given[ZV_DAY_HOLIDAY] || r->u.hours.given[ZV_DAY_WORKDAY] ||
	     r->u.hours.given[ZV_DAY_WEEKEND]))
		warn_at(f, "days",
		        "workdays, weekends and holidays are told apart, but no calendar is named");
}

static void take_ratio(struct zv_law_fill *f, const json_t *p, struct zv_rule *r)
{
	r->u.ratio.num = word_of(p, "num", &zv_law_facts, 0);
	r->u.ratio.den = word_of(p, "den", &zv_law_facts, 0);
	r->u.ratio.key = (uint8_t)bits_of(p, "key", &zv_law_keys, 0);
	r->u.ratio.amd_fp_estimate = true_of(p, "amd_fp_estimate");
	r->u.ratio.limit = number_of(p, "limit");
	r->u.ratio.alarm_at = number_of(p, "alarm_at");
	no_seconds(f, "num", r->u.ratio.num);
	no_seconds(f, "den", r->u.ratio.den);
	if (r->u.ratio.key != ZV_KEY_CAMPAIGN)
		wrong_at(f, "key", "a ratio is counted a campaign, nothing else");
	if (r->u.ratio.alarm_at > r->u.ratio.limit)
		wrong_at(f, "alarm_at", "the alarm would come after the limit");
	take_window_at(f, p, "window", &r->u.ratio.window);
}

static uint8_t cli_bits(const json_t *cli)
{
	unsigned bits = 0;

	if (json_object_get(cli, "hidden") != NULL)
		bits |= ZV_CLI_SHOWN;
	if (true_of(cli, "own_contract"))
		bits |= ZV_CLI_OWN_CONTRACT;
	if (true_of(cli, "registered"))
		bits |= ZV_CLI_REGISTERED;
	if (true_of(cli, "callable"))
		bits |= ZV_CLI_CALLABLE;
	if (true_of(cli, "national"))
		bits |= ZV_CLI_NATIONAL;
	return (uint8_t)bits;
}

static void take_treat(const json_t *p, struct zv_rule *r)
{
	const json_t *agent = json_object_get(p, "agent_within");
	const json_t *play = json_object_get(p, "else_play");
	const json_t *announce = json_object_get(p, "announce");
	const json_t *cli = json_object_get(p, "cli");
	struct zv_rule_treat *t = &r->u.treat;

	t->ring_min_ms = millis_of(p, "ring_min_s");
	t->agent_within_ms = millis_of(agent, "s");
	t->within_from = word_of(agent, "from", &zv_law_froms, ZV_FROM_ANSWER);
	t->play_within_ms = millis_of(play, "within_s");
	t->optout = word_of(play, "optout", &zv_law_optouts, ZV_OPTOUT_NONE);
	t->n_must_say = names_of(play, "must_say", t->must_say);
	t->n_must_not = names_of(play, "must_not", t->must_not);
	t->announce_within_ms = millis_of(announce, "within_s");
	t->announce_each = true_of(announce, "each_contact");
	t->n_say = names_of(announce, "say", t->say);
	t->cli = cli_bits(cli);
	t->label_max = (uint8_t)number_of(cli, "label_max");
}

static void take_consent(const json_t *p, struct zv_rule *r)
{
	const json_t *scrubs = json_object_get(p, "scrub"),
	             *revoke = json_object_get(p, "honour_revoke");

	r->u.consent.n_need = names_of(p, "need", r->u.consent.need);
	r->u.consent.forbid_modes = (uint8_t)bits_of(p, "forbid_mode", &zv_law_modes, 1);
	r->u.consent.revoke_n = (uint16_t)number_of(revoke, "n");
	if (text_of(revoke, "unit") != NULL)
		r->u.consent.revoke_unit =
		        (uint8_t)(word_of(revoke, "unit", &zv_law_revoke_units, 0) + 1);
	for (size_t i = 0; i < json_array_size(scrubs) && i < ZV_RULE_NAMES_MAX; i++) {
		const json_t *scrub = json_array_get(scrubs, i);

		r->u.consent.scrub[i] = (struct zv_rule_scrub){
		        .list = name_of(json_object_get(scrub, "list")),
		        .max_age_d = (uint16_t)number_of(scrub, "max_age_d"),
		};
		r->u.consent.n_scrub++;
	}
}

static void take_retain(const json_t *p, struct zv_rule *r)
{
	struct zv_law_span span = {0};

	r->u.retain.what = (uint8_t)bits_of(p, "what", &zv_law_records, 0);
	r->u.retain.from = word_of(p, "from", &zv_law_retain_froms, 0);
	r->u.retain.warn_subject = true_of(p, "warn_subject");
	(void)zv_law_duration(text_of(p, "for"), &span); /* the schema's form */
	r->u.retain.years = span.years;
	r->u.retain.months = span.months;
	r->u.retain.days = span.days;
}

static void take_payload(struct zv_law_fill *f, const json_t *value, struct zv_rule *r)
{
	const char *kind = zv_law_kinds.v[r->kind - 1];
	const json_t *p = json_object_get(value, kind);
	size_t back;

	for (size_t i = 0; i < zv_law_kinds.n; i++)
		if (i + 1 != r->kind && json_object_get(value, zv_law_kinds.v[i]) != NULL)
			wrong_at(f, zv_law_kinds.v[i],
			         "the rule is of kind %s: this would never be looked at", kind);
	if (p == NULL) {
		wrong(f, "\"%s\" is missing, as the kind is %s", kind, kind);
		return;
	}
	back = zv_law_path_key(&f->path, kind);
	switch ((enum zv_rule_kind)r->kind) {
	case ZV_RULE_FREQ: take_freq(f, p, r); break;
	case ZV_RULE_COOLDOWN: take_cooldown(f, p, r); break;
	case ZV_RULE_HOURS: take_hours(f, p, r); break;
	case ZV_RULE_RATIO: take_ratio(f, p, r); break;
	case ZV_RULE_TREAT: take_treat(p, r); break;
	case ZV_RULE_CONSENT: take_consent(p, r); break;
	case ZV_RULE_DENY: r->u.deny.n_flags = names_of(p, "if_flag", r->u.deny.flags); break;
	case ZV_RULE_RETAIN: take_retain(p, r); break;
	}
	if (json_object_size(p) == 0)
		wrong(f, "it says nothing");
	if (r->kind == ZV_RULE_DENY && r->u.deny.n_flags == 0)
		wrong_at(f, "if_flag", "no flag: it would never say no");
	zv_law_path_back(&f->path, back);
}

/* ---- the head ---- */

/* A day: its first moment anywhere in the jurisdiction, and its last; or one moment with a zone. */
static bool take_moment(struct zv_law_fill *f, const char *jur, const char *text, bool end,
                        int64_t *ret_ms)
{
	int64_t first, last;
	int32_t day;

	if (zv_law_date(text, &day)) {
		zv_law_date_span(f->zones, jur, day, &first, &last);
		*ret_ms = end ? last : first;
		return true;
	}
	return zv_conf_moment(text, ret_ms) == ZV_OK;
}

static void take_eff(struct zv_law_fill *f, const json_t *value, struct zv_rule *r)
{
	static const char want[] = "a day that exists (2026-11-21) or a moment with its zone";
	const json_t *eff = json_object_get(value, "eff");
	const char *from = text_of(eff, "from"), *to = text_of(eff, "to");
	size_t back = zv_law_path_key(&f->path, "eff");

	r->from_ms = INT64_MIN;
	r->to_ms = INT64_MAX;
	if (from != NULL && !take_moment(f, r->jur, from, false, &r->from_ms))
		wrong_at(f, "from", "\"%.60s\" is not %s", from, want);
	if (to != NULL && !take_moment(f, r->jur, to, true, &r->to_ms))
		wrong_at(f, "to", "\"%.60s\" is not %s", to, want);
	if (r->from_ms >= r->to_ms)
		wrong(f, "it ends before it begins");
	zv_law_path_back(&f->path, back);
}

bool zv_law_rule(struct zv_law_fill *fill, const json_t *value, struct zv_rule *ret_rule)
{
	const json_t *when = json_object_get(value, "when");
	const json_t *override = json_object_get(value, "override");
	uint32_t before = fill->report->n_errors;
	struct zv_rule *r = ret_rule;

	memset(r, 0, sizeof(*r));
	zv_law_path_begin(&fill->path);
	memcpy(r->id, text_of(value, "id"), strlen(text_of(value, "id")) + 1); /* 31 at most and */
	memcpy(r->jur, text_of(value, "jur"),
	       strlen(text_of(value, "jur")) + 1); /* 7, by the schema */
	r->kind = (uint8_t)(word_of(value, "kind", &zv_law_kinds, 0) + 1);
	r->effect = word_of(value, "effect", &zv_law_effects, ZV_EFFECT_BLOCK);
	r->trust = word_of(value, "trust", &zv_law_trusts, ZV_TRUST_MEMORY);
	(void)zv_law_date(text_of(value, "seen"), &r->seen_day);
	if (override != NULL && text_of(override, "by") == NULL)
		wrong_at(fill, "override", "\"by\" is missing: it would lift nothing");
	else if (override != NULL)
		r->override_by = (uint8_t)(word_of(override, "by", &zv_law_overrides, 0) + 1);
	r->revocable = true_of(override, "revocable");
	r->purposes = (uint8_t)bits_of(when, "purpose", &zv_law_purposes, 1);
	r->channels = (uint8_t)bits_of(when, "channel", &zv_law_channels, 1);
	r->modes = (uint8_t)bits_of(when, "mode", &zv_law_modes, 1);
	r->actors = (uint8_t)bits_of(when, "actor", &zv_law_actors, 1);
	r->parties = (uint8_t)bits_of(when, "party", &zv_law_parties, 1);
	r->lines = (uint8_t)bits_of(when, "line", &zv_law_lines, 1);
	if (r->trust == ZV_TRUST_MEMORY && r->effect != ZV_EFFECT_WARN)
		wrong_at(fill, "trust", "a rule from memory may only warn: its effect is %s",
		         zv_law_effects.v[r->effect]);
	take_eff(fill, value, r);
	take_payload(fill, value, r);
	return fill->report->n_errors == before;
}
