/* A rule in one English sentence. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "law/say.h"

void zv_say_put(struct zv_say *s, const char *fmt, ...)
{
	va_list args;
	int n;

	if (s->len + 1 >= s->size)
		return;
	va_start(args, fmt);
	n = vsnprintf(s->text + s->len, s->size - s->len, fmt, args);
	va_end(args);
	if (n <= 0)
		return;
	if ((size_t)n < s->size - s->len) {
		s->len += (size_t)n;
		return;
	}
	/* Cut, and between characters. */
	s->len = s->size - 1;
	while (s->len > 0 && ((uint8_t)s->text[s->len - 1] & 0xc0) == 0x80)
		s->len--;
	if (s->len > 0 && ((uint8_t)s->text[s->len - 1] & 0x80) != 0)
		s->len--;
	s->text[s->len] = 0;
	s->size = s->len + 1;
}

const char *zv_say_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

long long zv_say_int(const json_t *object, const char *key)
{
	return (long long)json_number_value(json_object_get(object, key));
}

/* "a, b or c" with what joins the last two. */
static void put_list(struct zv_say *s, const json_t *list, const char *last)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++)
		zv_say_put(s, "%s%s",
		    i == 0       ? ""
		    : i + 1 == n ? last
		                 : ", ",
		    json_string_value(json_array_get(list, i)));
}

static void put_window(struct zv_say *s, const json_t *w)
{
	const char *kind = zv_say_text(w, "kind"), *unit = zv_say_text(w, "unit");
	long long n = zv_say_int(w, "n");

	if (strcmp(kind, "calendar") == 0 && n == 1)
		zv_say_put(s, "a calendar %s", unit);
	else if (strcmp(kind, "calendar") == 0)
		zv_say_put(s, "%lld calendar %ss", n, unit);
	else if (strcmp(kind, "block") == 0)
		zv_say_put(s, "each block of %lld %s%s", n, unit, n == 1 ? "" : "s");
	else
		zv_say_put(s, "any %lld %s%s", n, unit, n == 1 ? "" : "s");
	if (json_is_true(json_object_get(w, "day_one")))
		zv_say_put(s, " (its day is day one)");
	if (json_object_get(w, "tz") != NULL)
		zv_say_put(s, " (clock: %s)", zv_say_text(w, "tz"));
}

static void say_freq(struct zv_say *s, const json_t *p)
{
	const json_t *windows = json_object_get(p, "windows");

	if (strcmp(zv_say_text(p, "unit"), "seconds") == 0)
		zv_say_put(s, "at most %lld seconds of dialling", zv_say_int(p, "limit"));
	else
		zv_say_put(s, "at most %lld x %s", zv_say_int(p, "limit"), zv_say_text(p, "event"));
	zv_say_put(s, " per ");
	put_list(s, json_object_get(p, "key"), " and ");
	zv_say_put(s, " in ");
	for (size_t i = 0; i < json_array_size(windows); i++) {
		zv_say_put(s, "%s", i == 0 ? "" : ", and in ");
		put_window(s, json_array_get(windows, i));
	}
	if (json_array_size(json_object_get(p, "channels_counted")) > 0) {
		zv_say_put(s, ", counting only ");
		put_list(s, json_object_get(p, "channels_counted"), " and ");
	}
	if (json_array_size(json_object_get(p, "exclude")) > 0) {
		zv_say_put(s, ", not counting ");
		put_list(s, json_object_get(p, "exclude"), " and ");
	}
}

static void say_cooldown(struct zv_say *s, const json_t *p)
{
	zv_say_put(s, "rest after %s of the same ", zv_say_text(p, "after"));
	put_list(s, json_object_get(p, "key"), " and ");
	zv_say_put(s, " for ");
	put_window(s, json_object_get(p, "for"));
	if (json_array_size(json_object_get(p, "unless_mode")) > 0) {
		zv_say_put(s, ", unless the mode is ");
		put_list(s, json_object_get(p, "unless_mode"), " or ");
	}
}

static void say_hours(struct zv_say *s, const json_t *p)
{
	const json_t *days = json_object_get(p, "days");

	zv_say_put(s, "contact only ");
	for (size_t i = 0, said = 0; i < zv_law_days.n; i++) {
		const json_t *list = json_object_get(days, zv_law_days.v[i]);

		if (list == NULL)
			continue;
		zv_say_put(s, "%s%s", said++ == 0 ? "" : "; ", zv_law_days.v[i]);
		if (json_array_size(list) == 0)
			zv_say_put(s, " never");
		for (size_t k = 0; k < json_array_size(list); k++)
			zv_say_put(s, "%s%s-%s", k == 0 ? " " : ", ",
			    json_string_value(json_array_get(json_array_get(list, k), 0)),
			    json_string_value(json_array_get(json_array_get(list, k), 1)));
	}
	zv_say_put(s, " (clock: %s", zv_say_text(p, "tz"));
	if (json_object_get(p, "calendar") != NULL)
		zv_say_put(s, ", calendar %s", zv_say_text(p, "calendar"));
	zv_say_put(s, ")");
}

static void say_ratio(struct zv_say *s, const json_t *p)
{
	zv_say_put(s, "%s at most %g%% of %s in ", zv_say_text(p, "num"),
	    json_number_value(json_object_get(p, "limit")) * 100, zv_say_text(p, "den"));
	put_window(s, json_object_get(p, "window"));
	zv_say_put(s, " per ");
	put_list(s, json_object_get(p, "key"), " and ");
	if (json_object_get(p, "alarm_at") != NULL)
		zv_say_put(s, ", alarm at %g%%", json_number_value(json_object_get(p, "alarm_at")) * 100);
	if (json_is_true(json_object_get(p, "amd_fp_estimate")))
		zv_say_put(s, ", with those that answer detection took for machines by mistake");
}

static void say_cli(struct zv_say *s, const json_t *cli)
{
	zv_say_put(s, "number shown");
	for (size_t i = 0; i < 4; i++) {
		static const char *const keys[] = {"own_contract", "registered", "callable",
		                                   "national"};
		static const char *const words[] = {"own contract", "registered",
		                                    "can be called back", "national"};

		if (json_is_true(json_object_get(cli, keys[i])))
			zv_say_put(s, ", %s", words[i]);
	}
	if (json_object_get(cli, "label_max") != NULL)
		zv_say_put(s, ", label of at most %lld characters", zv_say_int(cli, "label_max"));
}

static void say_treat(struct zv_say *s, const json_t *p)
{
	const json_t *agent = json_object_get(p, "agent_within"),
	             *play = json_object_get(p, "else_play");
	const json_t *announce = json_object_get(p, "announce"), *cli = json_object_get(p, "cli");
	const char *join = "";

	if (json_object_get(p, "ring_min_s") != NULL) {
		zv_say_put(s, "ring at least %lld s", zv_say_int(p, "ring_min_s"));
		join = "; ";
	}
	if (agent != NULL) {
		zv_say_put(s, "%sagent within %g s of %s", join,
		    json_number_value(json_object_get(agent, "s")), zv_say_text(agent, "from"));
		join = "; ";
	}
	if (play != NULL) {
		zv_say_put(s, "%selse a message", join);
		if (json_object_get(play, "within_s") != NULL)
			zv_say_put(s, " within %g s",
			    json_number_value(json_object_get(play, "within_s")));
		if (json_array_size(json_object_get(play, "must_say")) > 0) {
			zv_say_put(s, " that says ");
			put_list(s, json_object_get(play, "must_say"), " and ");
		}
		if (json_array_size(json_object_get(play, "must_not")) > 0) {
			zv_say_put(s, " and never ");
			put_list(s, json_object_get(play, "must_not"), " or ");
		}
		if (json_object_get(play, "optout") != NULL)
			zv_say_put(s, ", opt-out: %s", zv_say_text(play, "optout"));
		join = "; ";
	}
	if (announce != NULL) {
		zv_say_put(s, "%sannounce ", join);
		put_list(s, json_object_get(announce, "say"), " and ");
		zv_say_put(s, json_is_true(json_object_get(announce, "each_contact"))
		               ? " at each contact"
		               : " at the first contact");
		join = "; ";
	}
	if (cli != NULL) {
		zv_say_put(s, "%s", join);
		say_cli(s, cli);
	}
}

static void say_consent(struct zv_say *s, const json_t *p)
{
	const json_t *scrub = json_object_get(p, "scrub"),
	             *revoke = json_object_get(p, "honour_revoke");
	const char *join = "";

	if (json_array_size(json_object_get(p, "need")) > 0) {
		zv_say_put(s, "needs ");
		put_list(s, json_object_get(p, "need"), " and ");
		join = "; ";
	}
	for (size_t i = 0; i < json_array_size(scrub); i++) {
		const json_t *list = json_array_get(scrub, i);

		zv_say_put(s, "%snot on %s (copy at most %lld days old)", join, zv_say_text(list, "list"),
		    zv_say_int(list, "max_age_d"));
		join = "; ";
	}
	if (json_array_size(json_object_get(p, "forbid_mode")) > 0) {
		zv_say_put(s, "%snever in mode ", join);
		put_list(s, json_object_get(p, "forbid_mode"), " or ");
		join = "; ";
	}
	if (strcmp(zv_say_text(revoke, "unit"), "immediate") == 0)
		zv_say_put(s, "%srevoked at once", join);
	else if (revoke != NULL)
		zv_say_put(s, "%srevoked within %lld %ss", join, zv_say_int(revoke, "n"),
		    zv_say_text(revoke, "unit"));
	if (json_object_get(p, "proof_keep") != NULL)
		zv_say_put(s, "; proof kept for %s", zv_say_text(p, "proof_keep"));
}

static void say_retain(struct zv_say *s, const json_t *p)
{
	zv_say_put(s, "keep ");
	put_list(s, json_object_get(p, "what"), " and ");
	zv_say_put(s, " for %s from %s", zv_say_text(p, "for"), zv_say_text(p, "from"));
	if (json_is_true(json_object_get(p, "warn_subject")))
		zv_say_put(s, ", and tell the person of the recording");
}

void zv_law_say(const struct zv_law *law, uint32_t rule, char *text, size_t size)
{
	const json_t *doc = zv_law_doc(law, rule);
	const json_t *p = json_object_get(doc, zv_say_text(doc, "kind"));
	struct zv_say s = {.text = text, .size = size};

	if (size > 0)
		text[0] = 0;
	if (doc == NULL)
		return;
	switch ((enum zv_rule_kind)zv_law_rules(law)->v[rule].kind) {
	case ZV_RULE_FREQ: say_freq(&s, p); break;
	case ZV_RULE_COOLDOWN: say_cooldown(&s, p); break;
	case ZV_RULE_HOURS: say_hours(&s, p); break;
	case ZV_RULE_RATIO: say_ratio(&s, p); break;
	case ZV_RULE_TREAT: say_treat(&s, p); break;
	case ZV_RULE_CONSENT: say_consent(&s, p); break;
	case ZV_RULE_DENY:
		zv_say_put(&s, "no contact if ");
		put_list(&s, json_object_get(p, "if_flag"), " or ");
		break;
	case ZV_RULE_RETAIN: say_retain(&s, p); break;
	}
}
