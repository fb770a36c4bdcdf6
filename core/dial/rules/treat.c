#include "dial/rules/eval.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* The smaller of two limits, 0 being none. */
static uint32_t tighter(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* zv_rules_finish has seen to it that all of a set's names fit. */
static void add_names(uint64_t *into, uint8_t *n, const uint64_t *names, uint8_t n_names)
{
	for (uint32_t i = 0; i < n_names && i < ZV_RULE_NAMES_MAX; i++) {
		uint32_t k = 0;

		while (k < *n && into[k] != names[i])
			k++;
		if (k == *n && *n < ZV_RULE_NAMES_MAX)
			into[(*n)++] = names[i];
	}
}

void zv_treat_merge(struct zv_rule_treat *into, const struct zv_rule_treat *t)
{
	/* Two texts may measure from different moments: the earlier one holds. */
	if (t->agent_within_ms != 0 &&
	    (into->agent_within_ms == 0 || t->within_from < into->within_from))
		into->within_from = t->within_from;
	into->ring_min_ms = larger(into->ring_min_ms, t->ring_min_ms);
	into->agent_within_ms = tighter(into->agent_within_ms, t->agent_within_ms);
	into->play_within_ms = tighter(into->play_within_ms, t->play_within_ms);
	into->optout = (uint8_t)larger(into->optout, t->optout);
	into->announce_within_ms = tighter(into->announce_within_ms, t->announce_within_ms);
	into->announce_each = into->announce_each || t->announce_each;
	into->cli |= t->cli;
	into->label_max = (uint8_t)tighter(into->label_max, t->label_max);
	add_names(into->say, &into->n_say, t->say, t->n_say);
	add_names(into->must_say, &into->n_must_say, t->must_say, t->n_must_say);
	add_names(into->must_not, &into->n_must_not, t->must_not, t->n_must_not);
}
