/* conf/schema.h -- rows and paths; inside core/conf only. */
#ifndef ZV_CONF_SCHEMA_H
#define ZV_CONF_SCHEMA_H

#include "conf/node.h"

/* Where a node stands: names from the root down. */
struct zv_conf_path {
	const char *names[ZV_CONF_DEPTH_MAX + 2];
	size_t n;
};

enum zv_conf_match {
	ZV_MATCH_NONE = 0,
	ZV_MATCH_ROW = 1,    /* the path is the row's */
	ZV_MATCH_ABOVE = 2,  /* the row lies below the path */
};

/* If ABOVE: *ret_next is the row's next name (not ended by 0), *ret_len its length. */
enum zv_conf_match zv_conf_match(const struct zv_conf_row *row, const struct zv_conf_path *path,
				 const char **ret_next, size_t *ret_len);

/* The row of a leaf, or NULL. */
const struct zv_conf_row *zv_conf_row_of(const struct zv_conf_schema *schema,
					 const struct zv_conf_path *path);

/* "trunks.main.cps"; for the root "the file". */
void zv_conf_path_text(const struct zv_conf_path *path, char *to, size_t cap);

/* What a row takes, in words: "a duration such as 90s, 2h or 365d, 1s to 10m". */
void zv_conf_allowed(const struct zv_conf_row *row, char *to, size_t cap);

/* True if one scalar's text is good for the row; a number's value goes to *ret_number. */
bool zv_conf_fits(const struct zv_conf_row *row, const char *text, int64_t *ret_number);

/* 90000 -> "90s", 65536 -> "64K": as the row would take it. */
void zv_conf_number_text(enum zv_conf_type type, int64_t value, char *to, size_t cap);

#endif
