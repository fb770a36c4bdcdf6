/* What a scenario expects, against what the rules said. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/scen.h"

#define TEXT 200

static void differ(struct zv_scen *s, const char *what, const char *expected, const char *got)
{
	struct zv_scen_difference *d;

	if (s->n_differences == ZV_SCEN_FACTS_MAX)
		return;
	d = &s->differences[s->n_differences++];
	d->what = what;
	(void)snprintf(d->expected, sizeof(d->expected), "%s", expected);
	(void)snprintf(d->got, sizeof(d->got), "%s", got);
}

static void compare_word(struct zv_scen *s, const struct zv_conf_node *expect, const char *key,
                         const struct zv_scen_word *words, uint32_t got)
{
	const struct zv_conf_node *node = zv_conf_get(expect, key);
	uint32_t want = zv_scen_word(s, node, words);

	if (node != NULL && want != got)
		differ(s, key, zv_scen_word_of(words, want), zv_scen_word_of(words, got));
}

static void compare_number(struct zv_scen *s, const struct zv_conf_node *map, const char *key,
                           uint32_t got)
{
	const struct zv_conf_node *node = zv_conf_get(map, key);
	uint32_t want = zv_scen_count(s, node, UINT32_MAX);
	char a[24], b[24];

	if (node == NULL || want == got)
		return;
	(void)snprintf(a, sizeof(a), "%" PRIu32, want);
	(void)snprintf(b, sizeof(b), "%" PRIu32, got);
	differ(s, key, a, b);
}

static void compare_seconds(struct zv_scen *s, const struct zv_conf_node *map, const char *key,
                            uint32_t got_ms)
{
	const struct zv_conf_node *node = zv_conf_get(map, key);
	uint32_t want = zv_scen_ms(s, node);
	char a[24], b[24];

	if (node == NULL || want == got_ms)
		return;
	(void)snprintf(a, sizeof(a), "%g", want / 1000.0);
	(void)snprintf(b, sizeof(b), "%g", got_ms / 1000.0);
	differ(s, key, a, b);
}

static void compare_share(struct zv_scen *s, const struct zv_conf_node *map, const char *key,
                          double tolerance, double got)
{
	const struct zv_conf_node *node = zv_conf_get(map, key);
	double want = zv_scen_share(s, node);
	char a[40], b[40];

	if (node == NULL || (got >= want - tolerance && got <= want + tolerance))
		return;
	(void)snprintf(a, sizeof(a), "%.6g", want);
	(void)snprintf(b, sizeof(b), "%.6g", got);
	differ(s, key, a, b);
}

static void compare_flag(struct zv_scen *s, const struct zv_conf_node *map, const char *key,
                         bool got)
{
	const struct zv_conf_node *node = zv_conf_get(map, key);

	if (node != NULL && zv_scen_yes(s, node) != got)
		differ(s, key, got ? "no" : "yes", got ? "yes" : "no");
}

static void compare_time(struct zv_scen *s, const struct zv_conf_node *expect, const char *key,
                         int64_t got_ms)
{
	const struct zv_conf_node *node = zv_conf_get(expect, key);
	int64_t want;
	char a[96], b[96];

	if (node == NULL)
		return;
	if (zv_conf_text(node) != NULL && strcmp(zv_conf_text(node), "any") == 0)
		return;
	want = zv_scen_time(s, node, true);
	if (want == got_ms)
		return;
	zv_scen_time_text(s, want, a, sizeof(a));
	zv_scen_time_text(s, got_ms, b, sizeof(b));
	differ(s, key, a, b);
}

/* Index of a rule by its id; an id that the set does not have is an error of the file. */
static bool rule_of(struct zv_scen *s, const struct zv_conf_node *node, const char *id,
                    uint16_t *ret_rule)
{
	for (uint32_t i = 0; id != NULL && i < s->rules->n; i++) {
		if (strcmp(s->rules->v[i].id, id) == 0) {
			*ret_rule = (uint16_t)i;
			return true;
		}
	}
	zv_conf_error(s->sink, node, "the rules of this file have no %s", id != NULL ? id : "such");
	return false;
}

static const char *id_of(const struct zv_scen *s, uint16_t rule)
{
	return rule < s->rules->n ? s->rules->v[rule].id : "none";
}

static void compare_rule(struct zv_scen *s, const struct zv_conf_node *expect)
{
	const struct zv_conf_node *node = zv_conf_get(expect, "rule");
	uint16_t want;
	char got[64];

	if (node == NULL || !rule_of(s, node, zv_conf_text(node), &want))
		return;
	if (s->verdict.answer == ZV_ANSWER_YES)
		(void)snprintf(got, sizeof(got), "no rule");
	else if (s->verdict.refusal != ZV_REFUSED_BY_RULE)
		(void)snprintf(got, sizeof(got), "no rule, but: %s",
		               zv_scen_word_of(zv_scen_refusals, s->verdict.refusal));
	else
		(void)snprintf(got, sizeof(got), "%s", id_of(s, s->verdict.rule));
	if (strcmp(got, s->rules->v[want].id) != 0)
		differ(s, "rule", s->rules->v[want].id, got);
}

static void compare_warnings(struct zv_scen *s, const struct zv_conf_node *expect)
{
	const struct zv_conf_node *node = zv_conf_get(expect, "warning");
	uint16_t want;

	compare_number(s, expect, "warnings", s->verdict.warnings);
	if (node == NULL || !rule_of(s, node, zv_conf_text(node), &want))
		return;
	if (s->verdict.warnings == 0)
		differ(s, "warning", s->rules->v[want].id, "none");
	else if (s->verdict.first_warning != want)
		differ(s, "warning", s->rules->v[want].id, id_of(s, s->verdict.first_warning));
}

/* "2" is used, "1+1" used and in flight. */
static bool read_count(struct zv_scen *s, const struct zv_conf_node *node, struct zv_count *ret)
{
	const char *text = zv_conf_text(node);
	char *end = NULL;
	unsigned long used, flying = 0;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		goto fail;
	used = strtoul(text, &end, 10);
	if (*end == '+')
		flying = strtoul(end + 1, &end, 10);
	if (*end != 0 || used > UINT16_MAX || flying > UINT16_MAX)
		goto fail;
	ret->used = (uint16_t)used;
	ret->in_flight = (uint16_t)flying;
	return true;

fail:
	zv_conf_error(s->sink, node, "a count is wanted: 2, or 1+1 for used and in flight");
	return false;
}

static void compare_counts(struct zv_scen *s, const struct zv_conf_node *expect)
{
	const struct zv_conf_node *map = zv_conf_get(expect, "counts");
	const struct zv_verdict *v = &s->verdict;

	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const struct zv_conf_node *node = zv_conf_at(map, i);
		struct zv_count want;
		char a[48], b[48] = "not counted";
		uint8_t k = 0;

		if (!rule_of(s, node, zv_conf_key(map, i), &want.rule) || !read_count(s, node, &want))
			continue;
		while (k < v->n_counts && v->counts[k].rule != want.rule)
			k++;
		if (k < v->n_counts && v->counts[k].used == want.used &&
		    v->counts[k].in_flight == want.in_flight)
			continue;
		(void)snprintf(a, sizeof(a), "%u used, %u in flight", want.used, want.in_flight);
		if (k < v->n_counts)
			(void)snprintf(b, sizeof(b), "%u used, %u in flight", v->counts[k].used,
			               v->counts[k].in_flight);
		differ(s, s->rules->v[want.rule].id, a, b);
	}
}

/* ---- treatment ---- */

static bool holds(const uint64_t *names, size_t n, uint64_t name)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] == name)
			return true;
	}
	return false;
}

/* The same names, in any order. */
static void compare_names(struct zv_scen *s, const struct zv_conf_node *map, const char *key,
                          const uint64_t *names, size_t n)
{
	const struct zv_conf_node *list = zv_conf_get(map, key);
	char a[TEXT] = "", b[TEXT];
	size_t len = 0, missing = 0, count = zv_conf_count(list);

	if (list == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct zv_conf_node *one = zv_conf_at(list, i);

		if (holds(names, n, zv_scen_name(one)))
			continue;
		missing++;
		if (len + 1 < sizeof(a) && zv_conf_text(one) != NULL)
			len += (size_t)snprintf(a + len, sizeof(a) - len, "%s%s", len > 0 ? ", " : "",
			                        zv_conf_text(one));
	}
	if (missing == 0 && n == count)
		return;
	(void)snprintf(b, sizeof(b), "%zu texts, %zu of the expected %zu missing", n, missing, count);
	differ(s, key, missing > 0 ? a : "no more texts than these", b);
}

static void cli_text(uint32_t bits, char *to, size_t size)
{
	size_t len = 0;

	(void)snprintf(to, size, "nothing");
	for (const struct zv_scen_word *w = zv_scen_cli; w->word != NULL && len < size; w++) {
		if (bits & w->value)
			len += (size_t)snprintf(to + len, size - len, "%s%s", len > 0 ? ", " : "",
			                        w->word);
	}
}

static void compare_cli(struct zv_scen *s, const struct zv_conf_node *map)
{
	const struct zv_conf_node *node = zv_conf_get(map, "cli");
	uint32_t want = zv_scen_words(s, node, zv_scen_cli, false);
	char a[TEXT], b[TEXT];

	if (node == NULL || want == s->verdict.treat.cli)
		return;
	cli_text(want, a, sizeof(a));
	cli_text(s->verdict.treat.cli, b, sizeof(b));
	differ(s, "cli", a, b);
}

static void compare_treat(struct zv_scen *s, const struct zv_conf_node *expect)
{
	const struct zv_conf_node *map = zv_conf_get(expect, "treat");
	const struct zv_rule_treat *t = &s->verdict.treat;

	if (map == NULL)
		return;
	zv_scen_keys(s->sink, map,
	             "ring_min agent_within agent_within_from play_within optout announce_within "
	             "announce_each cli label_max say must_say must_not");
	compare_seconds(s, map, "ring_min", t->ring_min_ms);
	compare_seconds(s, map, "agent_within", t->agent_within_ms);
	compare_word(s, map, "agent_within_from", zv_scen_froms, t->within_from);
	compare_seconds(s, map, "play_within", t->play_within_ms);
	compare_word(s, map, "optout", zv_scen_optouts, t->optout);
	compare_seconds(s, map, "announce_within", t->announce_within_ms);
	compare_flag(s, map, "announce_each", t->announce_each);
	compare_cli(s, map);
	compare_number(s, map, "label_max", t->label_max);
	compare_names(s, map, "say", t->say, t->n_say);
	compare_names(s, map, "must_say", t->must_say, t->n_must_say);
	compare_names(s, map, "must_not", t->must_not, t->n_must_not);
}

/* ---- what the ratio rule leaves ---- */

static void compare_budget(struct zv_scen *s, const struct zv_conf_node *expect)
{
	const struct zv_conf_node *map = zv_conf_get(expect, "budget"), *node;
	const struct zv_budget *b = &s->budget;
	uint16_t want;

	if (map == NULL)
		return;
	zv_scen_keys(s->sink, map,
	             "rule num den rate left safe_rate alarm over from to agent_within "
	             "agent_within_from");
	if (!s->has_budget) {
		differ(s, "budget", "one", "no ratio rule binds");
		return;
	}
	node = zv_conf_get(map, "rule");
	if (node != NULL && rule_of(s, node, zv_conf_text(node), &want) && want != b->rule)
		differ(s, "budget rule", s->rules->v[want].id, id_of(s, b->rule));
	compare_number(s, map, "num", (uint32_t)b->num);
	compare_number(s, map, "den", (uint32_t)b->den);
	compare_share(s, map, "rate", 5e-7, b->rate);
	compare_share(s, map, "left", 5e-7, b->left);
	compare_share(s, map, "safe_rate", 5.1e-5, b->safe_rate); /* two decimals of a per cent */
	compare_flag(s, map, "alarm", b->alarm);
	compare_flag(s, map, "over", b->over);
	compare_time(s, map, "from", b->window_start_ms);
	compare_time(s, map, "to", b->window_end_ms);
	compare_seconds(s, map, "agent_within", b->within_ms);
	compare_word(s, map, "agent_within_from", zv_scen_froms, b->within_from);
}

/* A refusal must be pinned down: who refuses, and until when. */
static void want_enough(struct zv_scen *s, const struct zv_conf_node *expect)
{
	const struct zv_conf_node *answer = zv_conf_get(expect, "answer");

	if (answer == NULL) {
		zv_conf_error(s->sink, expect != NULL ? expect : s->node,
		              "`expect` wants an answer: yes, no or agent_only");
		return;
	}
	if (zv_conf_text(answer) == NULL || strcmp(zv_conf_text(answer), "no") != 0)
		return;
	if (zv_conf_get(expect, "until") == NULL)
		zv_conf_error(s->sink, expect, "a no wants `until`: a time, or never");
	if (zv_conf_get(expect, "rule") == NULL && zv_conf_get(expect, "refusal") == NULL)
		zv_conf_error(s->sink, expect, "a no wants `rule` or `refusal`");
}

void zv_scen_compare(struct zv_scen *s)
{
	const struct zv_conf_node *expect = zv_conf_get(s->node, "expect");
	const struct zv_verdict *v = &s->verdict;

	zv_scen_keys(s->sink, expect,
	             "answer rule refusal detail until open_until warnings warning counts treat "
	             "budget");
	want_enough(s, expect);
	compare_word(s, expect, "answer", zv_scen_answers, v->answer);
	compare_word(s, expect, "refusal", zv_scen_refusals, v->refusal);
	compare_rule(s, expect);
	compare_word(s, expect, "detail", zv_scen_details, v->detail);
	compare_time(s, expect, "until", v->until_ms);
	compare_time(s, expect, "open_until", v->open_until_ms);
	compare_warnings(s, expect);
	compare_counts(s, expect);
	compare_treat(s, expect);
	compare_budget(s, expect);
}

void zv_scen_verdict(const struct zv_scen *s, char *to, size_t size)
{
	const struct zv_verdict *v = &s->verdict;
	char when[96], words[300];

	zv_scen_time_text(s, v->answer == ZV_ANSWER_NO ? v->until_ms : v->open_until_ms, when,
	                  sizeof(when));
	if (v->answer == ZV_ANSWER_YES) {
		(void)snprintf(to, size, "yes, open until %s", when);
		return;
	}
	zv_verdict_text(s->rules, v, "en", words, sizeof(words));
	if (v->refusal != ZV_REFUSED_BY_RULE)
		(void)snprintf(to, size, "no (%s) until %s: %s",
		               zv_scen_word_of(zv_scen_refusals, v->refusal), when, words);
	else
		(void)snprintf(to, size, "%s by %s (%s) until %s: %s",
		               zv_scen_word_of(zv_scen_answers, v->answer), id_of(s, v->rule),
		               zv_scen_word_of(zv_scen_details, v->detail), when, words);
}
