/* ctl/scen.h -- scenarios of the law: a person, what happened, a question, the answer that the
 * texts ask for; read from YAML, asked of the rules, compared.  conf/rules/scenarios/README.md
 * is the format.  One thread.
 *
 * A reader tells everything that is wrong with a file to the sink (file:line:column) and goes on
 * with zero; nothing is asked of a scenario that has an error.
 */
#ifndef ZV_CTL_SCEN_H
#define ZV_CTL_SCEN_H

#include <stdio.h>

#include "conf/conf.h"
#include "dial/rules/decide.h"

#define ZV_SCEN_FACTS_MAX 40 /* differences of one scenario */

struct zv_law;

/* One word of a file and what it means. */
struct zv_scen_word {
	const char *word;
	uint32_t value;
};
extern const struct zv_scen_word zv_scen_purposes[], zv_scen_channels[], zv_scen_modes[],
        zv_scen_actors[], zv_scen_parties[], zv_scen_lines[], zv_scen_excludes[],
        zv_scen_overrides[], zv_scen_facts[], zv_scen_answers[], zv_scen_refusals[],
        zv_scen_details[], zv_scen_cli[], zv_scen_froms[], zv_scen_optouts[];

/* A loaded set and the temporary folder that it may have come from. */
struct zv_scen_law {
	struct zv_law *law;
	const struct zv_rules *rules;
	char folder[64]; /* "" = none was made */
};

/* What was expected and what came, in words. */
struct zv_scen_difference {
	const char *what; /* static, or a rule's id (valid with the rules) */
	char expected[200], got[200];
};

/* One scenario. */
struct zv_scen {
	const struct zv_conf_node *file, *node; /* the file's map, the scenario's */
	struct zv_conf_sink *sink;
	struct zv_zones *zones;
	const struct zv_rules *rules;
	uint16_t zone; /* of times that name none */
	struct zv_person_slab person;
	const char *event_name[ZV_CONTACTS_MAX]; /* beside person.contacts */
	bool has_tally;
	struct zv_tally tally;
	struct zv_ask ask;
	struct zv_verdict verdict;
	uint64_t expected_answers;
	double false_machines;
	bool has_budget;
	struct zv_budget budget; /* what the ratio rule leaves, if one binds */
	uint32_t n_differences;
	struct zv_scen_difference differences[ZV_SCEN_FACTS_MAX];
};

/* ---- words (scen_words.c) ---- */

/* The entry `key` of section in the scenario, else in the file; NULL: in neither. */
const struct zv_conf_node *zv_scen_get(const struct zv_scen *s, const char *section,
                                       const char *key);
/* Each key of a map must be one of words ("at number"). */
void zv_scen_keys(struct zv_conf_sink *sink, const struct zv_conf_node *map, const char *words);
/* A word of the list, 0 for NULL and "none". */
uint32_t zv_scen_word(struct zv_scen *s, const struct zv_conf_node *node,
                      const struct zv_scen_word *words);
/* One word or a list of them, or-ed; bits: each stands for 1 << value. */
uint32_t zv_scen_words(struct zv_scen *s, const struct zv_conf_node *node,
                       const struct zv_scen_word *words, bool bits);
const char *zv_scen_word_of(const struct zv_scen_word *words, uint32_t value);
bool zv_scen_yes(struct zv_scen *s, const struct zv_conf_node *node);
/* A whole number in [0, max]; seconds: also "20s", "5m", "1h". */
uint32_t zv_scen_count(struct zv_scen *s, const struct zv_conf_node *node, uint32_t max);
uint32_t zv_scen_seconds(struct zv_scen *s, const struct zv_conf_node *node, uint32_t max);
/* A number with a fraction. */
double zv_scen_share(struct zv_scen *s, const struct zv_conf_node *node);
/* Seconds with a fraction, as ms. */
uint32_t zv_scen_ms(struct zv_scen *s, const struct zv_conf_node *node);
uint64_t zv_scen_phone(struct zv_scen *s, const struct zv_conf_node *node);
uint16_t zv_scen_zone(struct zv_scen *s, const struct zv_conf_node *node);
/* "Mon 2026-11-23 10:00[:30[.250]] [+03:00 | Z | Europe/Moscow]": UTC ms.  A weekday that is not
 * the date's is an error; a wall time that does not exist or is there twice wants an offset.
 * "never" (and "ever", the far past) only where `open` says so. */
int64_t zv_scen_time(struct zv_scen *s, const struct zv_conf_node *node, bool open);
/* The same in the scenario's zone. */
void zv_scen_time_text(const struct zv_scen *s, int64_t ms, char *to, size_t size);
/* zv_rule_name of a text; 0 for NULL. */
uint64_t zv_scen_name(const struct zv_conf_node *node);

/* ---- reading ---- */

/* Rules and calendars of a file, or of a scenario that has its own.  False: told. */
bool zv_scen_law_load(const struct zv_conf_node *file, const struct zv_conf_node *scenario,
                      struct zv_zones *zones, struct zv_conf_sink *sink,
                      struct zv_scen_law *ret_law);
void zv_scen_law_free(struct zv_scen_law *law);

void zv_scen_read_person(struct zv_scen *s); /* scen_person.c */
void zv_scen_read_events(struct zv_scen *s); /* scen_event.c; after the person */
void zv_scen_read_ask(struct zv_scen *s);    /* scen_event.c; after the events */
/* Compares the verdict with `expect`; what differs stands in s->differences (scen_expect.c). */
void zv_scen_compare(struct zv_scen *s);
/* Reads s->node (file, node, sink, zones and rules are set, the rest is zero), asks the rules and
 * compares.  False: something in the file is wrong (told), and there is no result. */
bool zv_scen_run(struct zv_scen *s);
/* The question in words. */
void zv_scen_question(const struct zv_scen *s, char *to, size_t size);
/* The whole verdict in words. */
void zv_scen_verdict(const struct zv_scen *s, char *to, size_t size);

#endif
