/* law/law_in.h -- inside core/law only: the schema as a table, messages with their place. */
#ifndef ZV_LAW_IN_H
#define ZV_LAW_IN_H

#include <jansson.h>

#include "law/law.h"

/* ---- messages ---- */

struct zv_law_report {
	struct zv_law_sink sink;
	const char *file; /* borrowed; now being read */
	unsigned line;
	uint32_t n_errors, n_warnings;
};

__attribute__((format(printf, 4, 5))) void zv_law_tell(struct zv_law_report *report,
                                                       enum zv_law_level level, const char *path,
                                                       const char *fmt, ...);

/* A JSON path that grows and shrinks: $.freq.windows[0]. */
struct zv_law_path {
	char text[256];
	size_t len;
};
void zv_law_path_begin(struct zv_law_path *path);
/* Each gives the length to go back to. */
size_t zv_law_path_key(struct zv_law_path *path, const char *key);
size_t zv_law_path_index(struct zv_law_path *path, size_t index);
void zv_law_path_back(struct zv_law_path *path, size_t len);

/* ---- words ---- */

struct zv_law_words {
	const char *const *v;
	size_t n;
};
/* The word's index, -1: none of them. */
int zv_law_word(const struct zv_law_words *words, const char *text);

extern const struct zv_law_words zv_law_purposes, zv_law_channels, zv_law_modes, zv_law_actors,
        zv_law_parties, zv_law_lines, zv_law_kinds, zv_law_effects, zv_law_trusts, zv_law_overrides,
        zv_law_facts, zv_law_keys, zv_law_units, zv_law_excludes, zv_law_window_kinds,
        zv_law_window_units, zv_law_tzs, zv_law_froms, zv_law_optouts, zv_law_revoke_units,
        zv_law_records, zv_law_retain_froms, zv_law_days;

/* ---- the schema ---- */

enum zv_law_type { ZV_L_OBJECT, ZV_L_ARRAY, ZV_L_TEXT, ZV_L_INT, ZV_L_NUMBER, ZV_L_BOOL };

struct zv_law_field;

/* What may stand in one place. */
struct zv_law_node {
	enum zv_law_type type;
	const struct zv_law_field *fields; /* OBJECT; ends with a name of NULL */
	const struct zv_law_node *item;    /* ARRAY */
	const struct zv_law_words *words;  /* TEXT: one of them */
	bool (*form)(const char *text);    /* TEXT: it must look so */
	const char *want;                  /* in words: of form */
	double min, max;                   /* INT, NUMBER: value; ARRAY: items; TEXT: bytes.
	                                      both 0: no limit */
	bool only_false;                   /* BOOL */
};

struct zv_law_field {
	const char *name;
	const struct zv_law_node *node;
	bool required;
};

extern const struct zv_law_node zv_law_schema; /* of a rule */

/* Everything in value that the schema does not allow is told; false if anything was. */
bool zv_law_check(struct zv_law_report *report, const struct zv_law_node *node,
                  const json_t *value);

/* ---- a rule ---- */

struct zv_law_fill {
	struct zv_law_report *report;
	struct zv_zones *zones;
	struct zv_rules *rules; /* its calendars grow by those that a rule names and nobody has */
	struct zv_law_path path;
};

/* A rule that passed zv_law_check: what the schema cannot say is told, the rest becomes *ret. */
bool zv_law_rule(struct zv_law_fill *fill, const json_t *value, struct zv_rule *ret_rule);

/* Moments at which a date begins first and ends last in the jurisdiction. */
void zv_law_date_span(struct zv_zones *zones, const char *jur, int32_t day, int64_t *ret_first_ms,
                      int64_t *ret_last_ms);

/* The rule's JSON, borrowed; NULL: no such rule. */
const json_t *zv_law_doc(const struct zv_law *law, uint32_t rule);

/* ---- files ---- */

/* A text that grows. */
struct zv_law_buffer {
	char *v;
	size_t len, cap;
};
bool zv_law_append(struct zv_law_buffer *buffer, const char *bytes,
                   size_t len); /* false: no memory */

/* Appends every file of params to the archive's text; *ret_names: the path of each, in order
 * (the caller frees with zv_law_names_free). */
struct zv_law_names {
	char **v;
	size_t n;
};
enum zv_err zv_law_read_files(const struct zv_law_params *params, struct zv_law_report *report,
                              struct zv_law_buffer *archive,
                              struct zv_law_names *ret_names) ZV_MUST_USE;
void zv_law_names_free(struct zv_law_names *names);

#endif
