/* From the campaign's `strategy` section to a cadence.  All that is wrong is told, not only the
 * first fault; README.md is the manual of what is read here. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cadence.h"

struct reader {
	const struct zv_host *host;
	const struct zv_campaign_view *view;
	struct cadence *c;
	uint32_t faults;
};

typedef const struct zv_conf_node *node_t;

__attribute__((format(printf, 3, 4))) static void fault(struct reader *r, node_t node, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->host->conf_error(r->host->ctx, node, text);
	r->faults++;
}

static size_t count(const struct reader *r, node_t node)
{
	return r->host->conf_count(r->host->ctx, node);
}

static node_t at(const struct reader *r, node_t node, size_t i)
{
	return r->host->conf_at(r->host->ctx, node, i);
}

static const char *key(const struct reader *r, node_t node, size_t i)
{
	return r->host->conf_key(r->host->ctx, node, i);
}

static node_t get(const struct reader *r, node_t node, const char *name)
{
	return r->host->conf_get(r->host->ctx, node, name);
}

static const char *text(const struct reader *r, node_t node)
{
	return r->host->conf_text(r->host->ctx, node);
}

/* The text of a scalar that must be there, told if it is not; never NULL. */
static const char *word(struct reader *r, node_t node, const char *what)
{
	const char *t = text(r, node);

	if (t == NULL)
		fault(r, node, "%s is one value, not a list or a map", what);
	return t == NULL ? "" : t;
}

/* Tells every key of a map that is not among the allowed ones (separated by spaces). */
static void check_keys(struct reader *r, node_t node, const char *what, const char *allowed)
{
	if (text(r, node) != NULL || (count(r, node) > 0 && key(r, node, 0) == NULL)) {
		fault(r, node, "%s is a map of: %s", what, allowed);
		return;
	}
	for (size_t i = 0; i < count(r, node); i++) {
		const char *k = key(r, node, i);
		size_t n = strlen(k);
		const char *p = allowed;
		bool found = false;

		while (!found && (p = strstr(p, k)) != NULL && n > 0) {
			found = (p == allowed || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0);
			p += n;
		}
		if (!found)
			fault(r, at(r, node, i), "unknown key \"%.60s\" in %s; allowed: %s", k, what, allowed);
	}
}

/* 1 + index of a name, 0 = told. */
static uint8_t find_name(struct reader *r, node_t node, const char *what, const char *const *names,
			 uint8_t n)
{
	const char *t = word(r, node, what);
	char list[256] = "";

	for (uint8_t i = 0; i < n; i++) {
		if (strcmp(names[i], t) == 0)
			return (uint8_t)(i + 1);
	}
	for (uint8_t i = 0; i < n; i++) {
		size_t used = strlen(list);

		(void)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	fault(r, node, "the campaign has no %s \"%.60s\"; it has: %s", what, t, n == 0 ? "none" : list);
	return 0;
}

static void take_count(struct reader *r, node_t map, const char *name, uint8_t max, uint8_t *ret)
{
	node_t node = get(r, map, name);

	if (node != NULL && !read_count(word(r, node, name), max, ret))
		fault(r, node, "%s is a whole number from 1 to %u", name, max);
}

static void take_span(struct reader *r, node_t node, const char *name, struct span *ret)
{
	if (node != NULL && !read_span(word(r, node, name), ret))
		fault(r, node, "%s is a time like 45s, 90m, 2h, 1h30m, 7d or 365d, at most %d days", name,
		      YEAR_DAYS);
}

/* Shorter than `max`, and by the clock: no calendar days. */
static void take_ms(struct reader *r, node_t map, const char *name, int64_t max, int64_t *ret)
{
	node_t node = get(r, map, name);
	struct span span = {0, *ret};

	if (node == NULL)
		return;
	if (strcmp(word(r, node, name), "0s") == 0)
		span.ms = 0;
	else
		take_span(r, node, name, &span);
	if (span.days != 0 || span.ms > max)
		fault(r, node, "%s is at most %lld minutes", name, (long long)(max / MINUTE_MS));
	*ret = span.ms;
}

static void take_flag(struct reader *r, node_t map, const char *name, bool *ret)
{
	node_t node = get(r, map, name);

	if (node != NULL && !read_bool(word(r, node, name), ret))
		fault(r, node, "%s is true or false", name);
}

static uint8_t take_policy(struct reader *r, node_t map)
{
	node_t node = get(r, map, "number");
	const char *t;

	if (node == NULL)
		return NUMBER_DEFAULT;
	t = word(r, node, "number");
	if (strcmp(t, "same") == 0)
		return NUMBER_SAME;
	if (strcmp(t, "next") == 0)
		return NUMBER_NEXT;
	if (strcmp(t, "rotate") == 0)
		return NUMBER_ROTATE;
	fault(r, node, "number is same, next or rotate");
	return NUMBER_DEFAULT;
}

/* One value or a list of them. */
static size_t words(const struct reader *r, node_t node)
{
	return text(r, node) != NULL ? 1 : count(r, node);
}

static node_t word_at(const struct reader *r, node_t node, size_t i)
{
	return text(r, node) != NULL ? node : at(r, node, i);
}

static void take_selector(struct reader *r, node_t when, struct when *w)
{
	static const char *const kinds[] = {"class", "outcome", "result"};

	for (uint8_t k = 0; k < 3; k++) {
		node_t node = get(r, when, kinds[k]);

		if (node == NULL)
			continue;
		if (w->select != SELECT_ANY)
			fault(r, node, "a rule looks at one of class, outcome and result");
		w->select = (uint8_t)(k + 1);
		if (words(r, node) == 0)
			fault(r, node, "%s: nothing is named, so this can never match", kinds[k]);
		for (size_t i = 0; i < words(r, node); i++) {
			node_t one = word_at(r, node, i);
			uint8_t v = 0;

			if (k == 2) {
				v = find_name(r, one, "result", r->view->results, r->view->n_results);
				w->results[v / 64] |= UINT64_C(1) << v % 64;
			} else if (k == 0 ? read_class(word(r, one, "class"), &v) && v != CLASS_NOTHING
					  : read_outcome(word(r, one, "outcome"), &v)) {
				w->set |= 1u << v;
			} else {
				fault(r, one, k == 0 ? "class is unreachable, no_answer, busy or answered"
						     : "outcome is unreachable, no_answer, busy, rejected, machine, "
						       "answered or silent");
			}
		}
	}
}

static void take_when(struct reader *r, node_t node, struct when *w)
{
	node_t most = get(r, node, "most");

	check_keys(r, node, "when", "class outcome result total in_a_day in_a_row attempts calling_days "
				    "day after most");
	if (count(r, node) == 0)
		fault(r, node, "when: has no condition; leave it out if the rule is for every attempt");
	take_selector(r, node, w);
	take_count(r, node, "total", ZV_HISTORY_MAX, &w->total);
	take_count(r, node, "in_a_day", ZV_HISTORY_MAX, &w->in_a_day);
	take_count(r, node, "in_a_row", ZV_HISTORY_MAX, &w->in_a_row);
	take_count(r, node, "attempts", ZV_HISTORY_MAX, &w->attempts);
	take_count(r, node, "calling_days", ZV_HISTORY_MAX, &w->calling_days);
	take_count(r, node, "day", ZV_HISTORY_MAX, &w->day);
	if (w->select == SELECT_ANY && (w->total != 0 || w->in_a_day != 0 || w->in_a_row != 0))
		fault(r, node, "total, in_a_day and in_a_row count attempts of a class, an outcome or a "
			       "result: name it");
	if (most != NULL && (!read_class(word(r, most, "most"), &w->most) || w->most == CLASS_NOTHING))
		fault(r, most, "most is unreachable, no_answer, busy or answered");
}

static void take_messages(struct reader *r, node_t node, struct then *t)
{
	static const char *const keys[] = {"message", "messages"};

	for (int k = 0; k < 2; k++) {
		node_t list = get(r, node, keys[k]);

		for (size_t i = 0; list != NULL && i < words(r, list); i++) {
			node_t one = word_at(r, list, i);
			uint8_t v = find_name(r, one, "message", r->view->messages, r->view->n_messages);

			if (t->n_messages == ZV_STEP_MESSAGES_MAX)
				fault(r, one, "at most %d messages at once", ZV_STEP_MESSAGES_MAX);
			else if (v > 0)
				t->messages[t->n_messages++] = (uint8_t)(v - 1);
		}
	}
}

static void take_again(struct reader *r, node_t node, struct then *t)
{
	const char *word_of = text(r, node);
	node_t after = get(r, node, "after");
	node_t clock = get(r, node, "at");

	if (word_of != NULL) {
		if (strcmp(word_of, "same_day") == 0)
			t->again = AGAIN_SAME_DAY;
		else if (strcmp(word_of, "next_day") == 0)
			t->again = AGAIN_NEXT_DAY;
		else
			fault(r, node, "call_again is same_day, next_day, {after: 2h} or {at: \"18:00\"}");
		return;
	}
	check_keys(r, node, "call_again", "after at");
	if ((after == NULL) == (clock == NULL)) {
		fault(r, node, "call_again has one of after and at");
	} else if (after != NULL) {
		t->again = AGAIN_AFTER;
		take_span(r, after, "after", &t->after);
	} else {
		t->again = AGAIN_AT;
		if (!read_time(word(r, clock, "at"), &t->at_s))
			fault(r, clock, "at is a time of the day like \"18:00\"");
	}
}

static void take_then(struct reader *r, node_t node, struct then *t)
{
	node_t final = get(r, node, "final");
	node_t again_after = get(r, node, "again_after");
	node_t again = get(r, node, "call_again");

	check_keys(r, node, "then", "final remove again_after message messages call_again number "
				    "invalid_number");
	if (count(r, node) == 0)
		fault(r, node, "then: does nothing");
	if (final != NULL)
		t->final = find_name(r, final, "category", r->view->categories, r->view->n_categories);
	take_flag(r, node, "remove", &t->remove);
	take_flag(r, node, "invalid_number", &t->invalid_number);
	t->number = take_policy(r, node);
	take_messages(r, node, t);
	if (again_after != NULL) {
		t->has_again_after = true;
		take_span(r, again_after, "again_after", &t->again_after);
	}
	if (again != NULL)
		take_again(r, again, t);
	if (final == NULL && (t->remove || t->has_again_after))
		fault(r, node, "remove and again_after belong to a final category");
	if (final != NULL && (again != NULL || t->number != NUMBER_DEFAULT))
		fault(r, node, "a final category ends the calls: call_again and number have no place beside it");
	if (t->remove && t->has_again_after)
		fault(r, node, "a contact that is removed is not called again: remove or again_after");
}

static void take_rule(struct reader *r, node_t node, struct rule *rule)
{
	node_t name = get(r, node, "name");
	node_t when = get(r, node, "when");
	node_t then = get(r, node, "then");

	rule->node = node;
	check_keys(r, node, "a rule", "name when once then");
	if (name != NULL) {
		const char *t = word(r, name, "name");

		if (t[0] == 0 || strlen(t) >= sizeof(rule->name))
			fault(r, name, "name is 1 to %zu bytes", sizeof(rule->name) - 1);
		else
			memcpy(rule->name, t, strlen(t) + 1);
	}
	take_flag(r, node, "once", &rule->once);
	rule->has_when = when != NULL;
	if (when != NULL)
		take_when(r, when, &rule->when);
	if (then == NULL)
		fault(r, node, "a rule needs a then:");
	else
		take_then(r, then, &rule->then);
}

static uint8_t take_rules(struct reader *r, node_t list, const char *what, struct rule *rules, uint8_t max)
{
	uint8_t n = 0;

	if (text(r, list) != NULL || (count(r, list) > 0 && key(r, list, 0) != NULL)) {
		fault(r, list, "%s is a list of rules, each with - before it", what);
		return 0;
	}
	for (size_t i = 0; i < count(r, list); i++) {
		if (n == max) {
			fault(r, at(r, list, i), "%s: at most %u rules", what, max);
			break;
		}
		take_rule(r, at(r, list, i), &rules[n++]);
	}
	return n;
}

/* `after` names a rule; known once all are read. */
static void take_afters(struct reader *r, struct rule *rules, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++) {
		node_t after = get(r, get(r, rules[i].node, "when"), "after");
		const char *t;

		if (after == NULL)
			continue;
		t = word(r, after, "after");
		for (uint8_t k = 0; k < r->c->n_rules && rules[i].when.after == 0; k++) {
			if (t[0] != 0 && strcmp(r->c->rules[k].name, t) == 0)
				rules[i].when.after = (uint8_t)(k + 1);
		}
		if (rules[i].when.after == 0)
			fault(r, after, "no rule has the name \"%.60s\"", t);
	}
}

static void take_days(struct reader *r, node_t node)
{
	struct cadence *c = r->c;

	if (node == NULL)
		return;
	c->n_days = 0;
	for (size_t i = 0; i < count(r, node); i++) {
		char want[16];

		(void)snprintf(want, sizeof(want), "day%zu", i + 1);
		if (i == DAYS_MAX || key(r, node, i) == NULL || strcmp(key(r, node, i), want) != 0) {
			fault(r, at(r, node, i), "days is a map of day1, day2, ... in order, at most %d", DAYS_MAX);
			return;
		}
		c->day_calls[i] = 1;
		take_count(r, node, want, DAY_CALLS_MAX, &c->day_calls[i]);
		c->n_days++;
	}
	if (c->n_days == 0)
		fault(r, node, "days is a map like {day1: 3, day2: 2}");
}

static void take_parts(struct reader *r, node_t node)
{
	struct cadence *c = r->c;

	if (node == NULL)
		return;
	c->n_parts = 0;
	for (size_t i = 0; i < count(r, node); i++) {
		node_t one = at(r, node, i);

		if (i == PARTS_MAX || key(r, node, i) == NULL) {
			fault(r, one, "parts is a map of names, at most %d, to times like \"09:00-12:00\"", PARTS_MAX);
			return;
		}
		if (!read_times(word(r, one, "a part"), &c->parts[i]))
			fault(r, one, "a part of the day is like \"09:00-12:00\", and ends after it begins");
		else if (i > 0 && c->parts[i].start_s < c->parts[i - 1].end_s)
			fault(r, one, "this part begins before the one above it ends");
		c->n_parts++;
	}
	if (c->n_parts == 0)
		fault(r, node, "parts is a map like {morning: \"09:00-12:00\", evening: \"17:00-21:00\"}");
}

static void take_spacing(struct reader *r, node_t node)
{
	if (node == NULL)
		return;
	check_keys(r, node, "spacing", "parts gap jitter keep_clear");
	take_parts(r, get(r, node, "parts"));
	take_ms(r, node, "gap", DAY_MS, &r->c->gap_ms);
	take_ms(r, node, "jitter", DAY_MS, &r->c->jitter_ms);
	take_ms(r, node, "keep_clear", 12 * HOUR_MS, &r->c->keep_clear_ms);
	if (r->c->gap_ms < MINUTE_MS)
		fault(r, get(r, node, "gap"), "gap is at least one minute");
}

static void take_counting(struct reader *r, node_t conf)
{
	node_t counts_as = get(r, conf, "counts_as");
	node_t rest = get(r, conf, "rest");
	node_t busy = get(r, conf, "busy");
	struct cadence *c = r->c;
	uint8_t outcome;

	for (size_t i = 0; counts_as != NULL && i < count(r, counts_as); i++) {
		node_t one = at(r, counts_as, i);
		const char *k = key(r, counts_as, i);

		if (k == NULL || !read_outcome(k, &outcome))
			fault(r, one, "counts_as is a map of outcomes to classes, as in {abandoned: no_answer}");
		else if (!read_class(word(r, one, k), &c->class_of[outcome]))
			fault(r, one, "a class is unreachable, no_answer, busy, answered or nothing");
	}
	for (size_t i = 0; rest != NULL && i < count(r, rest); i++) {
		const char *k = key(r, rest, i);

		if (k == NULL || !read_outcome(k, &outcome) || c->class_of[outcome] != CLASS_NOTHING)
			fault(r, at(r, rest, i), "rest is a map of outcomes that count as nothing, as in "
						 "{failed: 10m}");
		else
			take_span(r, at(r, rest, i), k, &c->rest[outcome]);
	}
	if (busy == NULL)
		return;
	check_keys(r, busy, "busy", "retry_after counts_from");
	take_ms(r, busy, "retry_after", DAY_MS, &c->busy_retry_ms);
	take_count(r, busy, "counts_from", ZV_HISTORY_MAX, &c->busy_counts_from);
	if (c->busy_retry_ms < MINUTE_MS)
		fault(r, busy, "retry_after is at least one minute");
}

static void defaults(struct cadence *c)
{
	static const uint8_t class_of[ZV_OUT_MAX] = {
		[ZV_OUT_UNREACHABLE] = CLASS_UNREACHABLE, [ZV_OUT_NO_ANSWER] = CLASS_NO_ANSWER,
		[ZV_OUT_BUSY] = CLASS_BUSY,               [ZV_OUT_REJECTED] = CLASS_BUSY,
		[ZV_OUT_MACHINE] = CLASS_NO_ANSWER,       [ZV_OUT_ANSWERED] = CLASS_ANSWERED,
		[ZV_OUT_SILENT] = CLASS_NO_ANSWER,
	};

	memcpy(c->class_of, class_of, sizeof(class_of));
	for (int i = 0; i < ZV_OUT_MAX; i++)
		c->rest[i] = (struct span){0, 10 * MINUTE_MS};
	c->rest[ZV_OUT_UNKNOWN] = (struct span){0, DAY_MS}; /* it may have been a talk */
	c->rest[ZV_OUT_ABANDONED] = (struct span){0, DAY_MS};
	c->attempts_max = 8;
	c->n_days = 2;
	c->day_calls[0] = 3;
	c->day_calls[1] = 2;
	c->n_parts = 3;
	c->parts[0] = (struct part){9 * 3600, 12 * 3600};
	c->parts[1] = (struct part){12 * 3600, 17 * 3600};
	c->parts[2] = (struct part){17 * 3600, 21 * 3600};
	c->gap_ms = 90 * MINUTE_MS;
	c->jitter_ms = HOUR_MS;
	c->keep_clear_ms = 15 * MINUTE_MS;
	c->busy_retry_ms = 10 * MINUTE_MS;
	c->busy_counts_from = 3;
	c->number = NUMBER_SAME;
}

enum zv_err cadence_read(const struct zv_host *host, const struct zv_campaign_view *view,
			 const struct zv_conf_node *conf, struct cadence *ret_cadence)
{
	struct reader r = {.host = host, .view = view, .c = ret_cadence};
	struct cadence *c = ret_cadence;
	uint8_t policy;

	c->host = host;
	defaults(c);
	check_keys(&r, conf, "strategy", "plugin attempts days spacing busy counts_as rest number rules at_end");
	take_count(&r, conf, "attempts", ZV_HISTORY_MAX - 2, &c->attempts_max);
	take_days(&r, get(&r, conf, "days"));
	take_spacing(&r, get(&r, conf, "spacing"));
	take_counting(&r, conf);
	policy = take_policy(&r, conf);
	if (policy != NUMBER_DEFAULT)
		c->number = policy;
	c->n_rules = take_rules(&r, get(&r, conf, "rules"), "rules", c->rules, RULES_MAX);
	c->n_ends = take_rules(&r, get(&r, conf, "at_end"), "at_end", c->ends, ENDS_MAX);
	take_afters(&r, c->rules, c->n_rules);
	take_afters(&r, c->ends, c->n_ends);
	if (r.faults == 0) /* what follows from a fault is no news */
		r.faults += cadence_check(c, view, conf);
	for (uint8_t i = 0; i < RULES_MAX; i++)
		c->rules[i].node = NULL;
	for (uint8_t i = 0; i < ENDS_MAX; i++)
		c->ends[i].node = NULL;
	return r.faults == 0 ? ZV_OK : ZV_EINVAL;
}
