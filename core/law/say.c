/* A rule in one English sentence. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "law/law_in.h"

struct say {
	char *text;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct say *s, const char *fmt, ...)
{
	va_list args;
	int n;

	if (s->len + 1 >= s->size)
		return;
	va_start(args, fmt);
	n = vsnprintf(s->text + s->len, s->size - s->len, fmt, args);
	va_end(args);
	if (n > 0)
		s->len += (size_t)n < s->size - s->len ? (size_t)n : s->size - s->len - 1;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static long long int_of(const json_t *object, const char *key)
{
	return (long long)json_number_value(json_object_get(object, key));
}

/* "a, b or c" with what joins the last two. */
static void put_list(struct say *s, const json_t *list, const char *last)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++)
		put(s, "%s%s",
		    i == 0       ? ""
		    : i + 1 == n ? last
		                 : ", ",
		    json_string_value(json_array_get(list, i)));
}

static void put_window(struct say *s, const json_t *w)
{
	const char *kind = text_of(w, "kind"), *unit = text_of(w, "unit");
	long long n = int_of(w, "n");

	if (strcmp(kind, "calendar") == 0 && n == 1)
		put(s, "a calendar %s", unit);
	else if (strcmp(kind, "calendar") == 0)
		put(s, "%lld calendar %ss", n, unit);
	else if (strcmp(kind, "block") == 0)
		put(s, "each block of %lld %s%s", n, unit, n == 1 ? "" : "s");
	else
		put(s, "any %lld %s%s", n, unit, n == 1 ? "" : "s");
	if (json_is_true(json_object_get(w, "day_one")))
		put(s, " (its day is day one)");
	if (json_object_get(w, "tz") != NULL)
		put(s, " (clock: %s)", text_of(w, "tz"));
}

static void say_freq(struct say *s, const json_t *p)
{
	const json_t *windows = json_object_get(p, "windows");

	if (strcmp(text_of(p, "unit"), "seconds") == 0)
		put(s, "at most %lld seconds of dialling", int_of(p, "limit"));
	else
		put(s, "at most %lld x %s", int_of(p, "limit"), text_of(p, "event"));
	put(s, " per ");
	put_list(s, json_object_get(p, "key"), " and ");
	put(s, " in ");
	for (size_t i = 0; i < json_array_size(windows); i++) {
		put(s, "%s", i == 0 ? "" : ", and in ");
		put_window(s, json_array_get(windows, i));
	}
	if (json_array_size(json_object_get(p, "exclude")) > 0) {
		put(s, ", not counting ");
		put_list(s, json_object_get(p, "exclude"), " and ");
	}
}

static void say_cooldown(struct say *s, const json_t *p)
{
	put(s, "rest after %s of the same ", text_of(p, "after"));
	put_list(s, json_object_get(p, "key"), " and ");
	put(s, " for ");
	put_window(s, json_object_get(p, "for"));
	if (json_array_size(json_object_get(p, "unless_mode")) > 0) {
		put(s, ", unless the mode is ");
		put_list(s, json_object_get(p, "unless_mode"), " or ");
	}
}

static void say_hours(struct say *s, const json_t *p)
{
	const json_t *days = json_object_get(p, "days");

	put(s, "contact only ");
	for (size_t i = 0, said = 0; i < zv_law_days.n; i++) {
		const json_t *list = json_object_get(days, zv_law_days.v[i]);

		if (list == NULL)
			continue;
		put(s, "%s%s", said++ == 0 ? "" : "; ", zv_law_days.v[i]);
		if (json_array_size(list) == 0)
			put(s, " never");
		for (size_t k = 0; k < json_array_size(list); k++)
			put(s, "%s%s-%s", k == 0 ? " " : ", ",
			    json_string_value(json_array_get(json_array_get(list, k), 0)),
			    json_string_value(json_array_get(json_array_get(list, k), 1)));
	}
	put(s, " (clock: %s", text_of(p, "tz"));
	if (json_object_get(p, "calendar") != NULL)
		put(s, ", calendar %s", text_of(p, "calendar"));
	put(s, ")");
}

static void say_ratio(struct say *s, const json_t *p)
{
	put(s, "%s at most %g%% of %s in ", text_of(p, "num"),
	    json_number_value(json_object_get(p, "limit")) * 100, text_of(p, "den"));
	put_window(s, json_object_get(p, "window"));
	put(s, " per ");
	put_list(s, json_object_get(p, "key"), " and ");
	if (json_object_get(p, "alarm_at") != NULL)
		put(s, ", alarm at %g%%", json_number_value(json_object_get(p, "alarm_at")) * 100);
}

static void say_cli(struct say *s, const json_t *cli)
{
	put(s, "number shown");
	for (size_t i = 0; i < 4; i++) {
		static const char *const keys[] = {"own_contract", "registered", "callable",
		                                   "national"};
		static const char *const words[] = {"own contract", "registered",
		                                    "can be called back", "national"};

		if (json_is_true(json_object_get(cli, keys[i])))
			put(s, ", %s", words[i]);
	}
	if (json_object_get(cli, "label_max") != NULL)
		put(s, ", label of at most %lld characters", int_of(cli, "label_max"));
}

static void say_treat(struct say *s, const json_t *p)
{
	const json_t *agent = json_object_get(p, "agent_within"),
	             *play = json_object_get(p, "else_play");
	const json_t *announce = json_object_get(p, "announce"), *cli = json_object_get(p, "cli");
	const char *join = "";

	if (json_object_get(p, "ring_min_s") != NULL) {
		put(s, "ring at least %lld s", int_of(p, "ring_min_s"));
		join = "; ";
	}
	if (agent != NULL) {
		put(s, "%sagent within %g s of %s", join,
		    json_number_value(json_object_get(agent, "s")), text_of(agent, "from"));
		join = "; ";
	}
	if (play != NULL) {
		put(s, "%selse a message", join);
		if (json_object_get(play, "within_s") != NULL)
			put(s, " within %g s",
			    json_number_value(json_object_get(play, "within_s")));
		if (json_array_size(json_object_get(play, "must_say")) > 0) {
			put(s, " that says ");
			put_list(s, json_object_get(play, "must_say"), " and ");
		}
		if (json_array_size(json_object_get(play, "must_not")) > 0) {
			put(s, " and never ");
			put_list(s, json_object_get(play, "must_not"), " or ");
		}
		if (json_object_get(play, "optout") != NULL)
			put(s, ", opt-out: %s", text_of(play, "optout"));
		join = "; ";
	}
	if (announce != NULL) {
		put(s, "%sannounce ", join);
		put_list(s, json_object_get(announce, "say"), " and ");
		put(s, json_is_true(json_object_get(announce, "each_contact"))
		               ? " at each contact"
		               : " at the first contact");
		join = "; ";
	}
	if (cli != NULL) {
		put(s, "%s", join);
		say_cli(s, cli);
	}
}

static void say_consent(struct say *s, const json_t *p)
{
	const json_t *scrub = json_object_get(p, "scrub"),
	             *revoke = json_object_get(p, "honour_revoke");
	const char *join = "";

	if (json_array_size(json_object_get(p, "need")) > 0) {
		put(s, "needs ");
		put_list(s, json_object_get(p, "need"), " and ");
		join = "; ";
	}
	for (size_t i = 0; i < json_array_size(scrub); i++) {
		const json_t *list = json_array_get(scrub, i);

		put(s, "%snot on %s (copy at most %lld days old)", join, text_of(list, "list"),
		    int_of(list, "max_age_d"));
		join = "; ";
	}
	if (json_array_size(json_object_get(p, "forbid_mode")) > 0) {
		put(s, "%snever in mode ", join);
		put_list(s, json_object_get(p, "forbid_mode"), " or ");
		join = "; ";
	}
	if (strcmp(text_of(revoke, "unit"), "immediate") == 0)
		put(s, "%srevoked at once", join);
	else if (revoke != NULL)
		put(s, "%srevoked within %lld %ss", join, int_of(revoke, "n"),
		    text_of(revoke, "unit"));
	if (json_object_get(p, "proof_keep") != NULL)
		put(s, "; proof kept for %s", text_of(p, "proof_keep"));
}

static void say_retain(struct say *s, const json_t *p)
{
	put(s, "keep ");
	put_list(s, json_object_get(p, "what"), " and ");
	put(s, " for %s from %s", text_of(p, "for"), text_of(p, "from"));
	if (json_is_true(json_object_get(p, "warn_subject")))
		put(s, ", and tell the person of the recording");
}

void zv_law_say(const struct zv_law *law, uint32_t rule, char *text, size_t size)
{
	const json_t *doc = zv_law_doc(law, rule);
	const json_t *p = json_object_get(doc, text_of(doc, "kind"));
	struct say s = {.text = text, .size = size};

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
		put(&s, "no contact if ");
		put_list(&s, json_object_get(p, "if_flag"), " or ");
		break;
	case ZV_RULE_RETAIN: say_retain(&s, p); break;
	}
}
