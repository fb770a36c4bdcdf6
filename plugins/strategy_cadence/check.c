/* What reads well and cannot work: dead ends, rules that never match, results without a rule. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cadence.h"

struct checker {
	const struct cadence *c;
	const struct zv_campaign_view *view;
	const struct zv_conf_node *conf;
	uint32_t faults;
	bool calls_back;      /* a rule may call outside the days' plan */
	uint32_t calls_total; /* of the days' plan */
	uint8_t calls_a_day;  /* the most */
};

__attribute__((format(printf, 3, 4))) static void fault(struct checker *k, const struct zv_conf_node *node,
							const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	k->c->host->conf_error(k->c->host->ctx, node, text);
	k->faults++;
}

/* Does the rule look only at attempts that use up a call of the day's plan? */
static bool planned(const struct checker *k, const struct when *w)
{
	if (k->calls_back)
		return false;
	if (w->select == SELECT_CLASS)
		return (w->set >> CLASS_BUSY & 1) == 0;
	if (w->select == SELECT_OUTCOME) {
		for (uint8_t i = 1; i < ZV_OUT_MAX; i++) {
			if ((w->set >> i & 1) != 0 && k->c->class_of[i] == CLASS_BUSY)
				return false;
		}
	}
	return w->select != SELECT_ANY;
}

/* Counts that no lead can reach. */
static void check_counts(struct checker *k, const struct rule *rule)
{
	const struct cadence *c = k->c;
	const struct when *w = &rule->when;
	uint32_t a_day = c->attempts_max;
	uint32_t total = c->attempts_max;

	if (!k->calls_back && w->day > c->n_days)
		fault(k, rule->node, "this rule can never match: there is no calling day %u, only %u", w->day,
		      c->n_days);
	else if (!k->calls_back && w->calling_days > c->n_days)
		fault(k, rule->node, "this rule can never match: there are %u calling days", c->n_days);
	else if (planned(k, w)) {
		a_day = w->day != 0 ? c->day_calls[w->day - 1] : k->calls_a_day;
		total = k->calls_total;
	}
	if (total > c->attempts_max)
		total = c->attempts_max;
	if (w->attempts > c->attempts_max)
		fault(k, rule->node, "this rule can never match: there are at most %u attempts", c->attempts_max);
	if (w->in_a_day > a_day)
		fault(k, rule->node, "this rule can never match: there are at most %u such attempts a day", a_day);
	if (w->total > total || w->in_a_row > total)
		fault(k, rule->node, "this rule can never match: there are at most %u such attempts", total);
}

static void check_selector(struct checker *k, const struct rule *rule)
{
	const struct when *w = &rule->when;

	for (uint8_t i = 1; w->select == SELECT_OUTCOME && i < ZV_OUT_MAX; i++) {
		if ((w->set >> i & 1) != 0 && k->c->class_of[i] == CLASS_NOTHING)
			fault(k, rule->node, "this rule names an outcome that counts as nothing: rules do not "
					     "see it; say what it counts as under counts_as");
	}
}

/* Does `first` match whenever `later` does?  It then hides it. */
static bool hides(const struct rule *first, const struct rule *later)
{
	const struct when *a = &first->when;
	const struct when *b = &later->when;

	if (first->once || a->total > b->total || a->in_a_day > b->in_a_day || a->in_a_row > b->in_a_row ||
	    a->attempts > b->attempts || a->calling_days > b->calling_days)
		return false;
	if ((a->day != 0 && a->day != b->day) || (a->after != 0 && a->after != b->after) ||
	    (a->most != CLASS_NOTHING && a->most != b->most))
		return false;
	/* Counts of a wider choice reset less often than those of a narrower one. */
	if (a->select == SELECT_ANY)
		return true;
	if (a->select != b->select || (b->set & ~a->set) != 0)
		return false;
	for (int i = 0; i < 4; i++) {
		if ((b->results[i] & ~a->results[i]) != 0)
			return false;
	}
	return true;
}

static void check_rules(struct checker *k)
{
	const struct cadence *c = k->c;

	for (uint8_t i = 0; i < c->n_rules; i++) {
		const struct rule *rule = &c->rules[i];

		check_counts(k, rule);
		check_selector(k, rule);
		if (rule->when.after != 0 && c->rules[rule->when.after - 1].then.final != 0)
			fault(k, rule->node, "this rule can never match: nothing comes after a final category");
		for (uint8_t j = 0; j < i; j++) {
			if (rule->name[0] != 0 && strcmp(rule->name, c->rules[j].name) == 0)
				fault(k, rule->node, "two rules have the name \"%s\"", rule->name);
			if (hides(&c->rules[j], rule)) {
				fault(k, rule->node, "this rule can never match: rule %d matches first whenever it would",
				      j + 1);
				break;
			}
		}
	}
}

/* A person who said something must not be called again as if he had not. */
static void check_results(struct checker *k)
{
	for (uint8_t i = 1; i <= k->view->n_results; i++) {
		bool found = false;

		for (uint8_t j = 0; j < k->c->n_rules && !found; j++) {
			const struct when *w = &k->c->rules[j].when;
			bool selected =
				(w->select == SELECT_RESULT && (w->results[i / 64] >> i % 64 & 1) != 0) ||
				(w->select == SELECT_CLASS && (w->set >> CLASS_ANSWERED & 1) != 0) ||
				(w->select == SELECT_OUTCOME && (w->set >> ZV_OUT_ANSWERED & 1) != 0) ||
				w->select == SELECT_ANY;

			found = selected && w->total <= 1 && w->in_a_day <= 1 && w->in_a_row <= 1 &&
				w->attempts <= 1 && w->calling_days <= 1 && w->day == 0 && w->after == 0 &&
				w->most == CLASS_NOTHING && !k->c->rules[j].once;
		}
		if (!found)
			fault(k, k->conf, "dead end: no rule says what to do at the result \"%s\"; add "
					  "{when: {result: %s}, then: ...}", k->view->results[i - 1],
			      k->view->results[i - 1]);
	}
}

/* The only way out for a lead that no rule ends: it must always be open. */
static void check_ends(struct checker *k)
{
	const struct cadence *c = k->c;

	if (c->n_ends == 0) {
		fault(k, k->conf, "dead end: at_end is missing, so a lead that no rule ends would never get a "
				  "category; add at_end: [{then: {final: ...}}]");
		return;
	}
	for (uint8_t i = 0; i < c->n_ends; i++) {
		const struct rule *end = &c->ends[i];

		if (end->then.final == 0)
			fault(k, end->node, "dead end: a rule of at_end must give a final category");
		if (end->once)
			fault(k, end->node, "once has no sense in at_end: the end comes once");
		if (end->has_when && i + 1 == c->n_ends)
			fault(k, end->node, "dead end: the last rule of at_end has a condition; add one without "
					    "when, for all the others");
		if (!end->has_when && i + 1 < c->n_ends)
			fault(k, c->ends[i + 1].node, "this rule can never match: the one above it has no condition");
		check_selector(k, end);
	}
}

/* A category that nothing leads to is odd, no fault: another strategy's leads may be in it. */
static void tell_unused(const struct checker *k)
{
	for (uint8_t i = 1; i <= k->view->n_categories; i++) {
		const struct cadence *c = k->c;
		bool used = false;
		char text[200];

		for (uint8_t j = 0; j < c->n_rules; j++)
			used = used || c->rules[j].then.final == i;
		for (uint8_t j = 0; j < c->n_ends; j++)
			used = used || c->ends[j].then.final == i;
		if (used)
			continue;
		(void)snprintf(text, sizeof(text), "campaign %s: no rule leads to the category \"%s\"",
			       k->view->name, k->view->categories[i - 1]);
		c->host->log(c->host->ctx, ZV_LOG_WARN, text);
	}
}

uint32_t cadence_check(const struct cadence *cadence, const struct zv_campaign_view *view,
		       const struct zv_conf_node *conf)
{
	struct checker k = {.c = cadence, .view = view, .conf = conf};

	for (uint8_t i = 0; i < cadence->n_days; i++) {
		k.calls_total += cadence->day_calls[i];
		if (cadence->day_calls[i] > k.calls_a_day)
			k.calls_a_day = cadence->day_calls[i];
	}
	for (uint8_t i = 0; i < cadence->n_rules; i++)
		k.calls_back = k.calls_back || cadence->rules[i].then.again != AGAIN_SCHEDULE;
	if ((k.calls_a_day - 1) * cadence->gap_ms >= DAY_MS)
		fault(&k, conf, "%u calls a day with a gap of %lld minutes do not fit into a day", k.calls_a_day,
		      (long long)(cadence->gap_ms / MINUTE_MS));
	check_rules(&k);
	check_results(&k);
	check_ends(&k);
	if (k.faults == 0)
		tell_unused(&k);
	return k.faults;
}
