/* conf/conf.h -- configuration text as a checked tree: YAML in, nodes with file, line and column
 * out, and a schema of one row a tunable.
 *
 * Thread: main, at boot and reload; a loaded tree is immutable, any thread may read it.
 * yaml.h is seen in core/conf only.
 *
 * The YAML is a strict part of YAML 1.1: one document, no anchors, aliases, tags or merge keys,
 * no key twice in a map, keys are scalars, at most ZV_CONF_DEPTH_MAX levels and
 * ZV_CONF_BYTES_MAX bytes a file, UTF-8.  Scalars stay text: `no`, `09:00` and `+7495` are what
 * they look like.
 */
#ifndef ZV_CONF_H
#define ZV_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "zvonar/err.h"

#define ZV_CONF_DEPTH_MAX 16
#define ZV_CONF_NODES_MAX 100000u
#define ZV_CONF_BYTES_MAX (1024u * 1024u)
#define ZV_CONF_MAP_MAX   4096u /* entries of one map */

/* ---- messages ---- */

/* Where messages go, one line each, without a newline.  Counts what it was told. */
struct zv_conf_sink {
	void (*line)(void *arg, const char *text);
	void (*note)(void *arg, const char *text); /* what is neither wrong nor doubtful; NULL: line */
	void *arg;
	uint32_t n_errors, n_warnings;
};

/* A sink that writes lines to a file (stderr). */
struct zv_conf_sink zv_conf_sink_file(FILE *file);

/* ---- the tree ---- */

enum zv_conf_kind { ZV_CONF_SCALAR, ZV_CONF_LIST, ZV_CONF_MAP };

struct zv_conf_node; /* also declared by zvonar/plugin.h */

/* Owns nodes and the texts they hold. */
struct zv_conf_tree;

/* Parses one document; file is for messages (copied).  What is wrong goes to sink.
 * ZV_EPARSE, ZV_ENOMEM.  An empty document is an empty map. */
enum zv_err zv_conf_parse(const char *bytes, size_t len, const char *file,
			  struct zv_conf_sink *sink, struct zv_conf_tree **ret_tree) ZV_MUST_USE;
/* Reads a file.  ZV_ENOENT, ZV_EIO, ZV_EPARSE (all told to sink). */
enum zv_err zv_conf_read(const char *path, struct zv_conf_sink *sink,
			 struct zv_conf_tree **ret_tree) ZV_MUST_USE;
/* Moves what `over` holds into `tree` and frees `over` in any case: maps are joined, anything else is
 * replaced; keys new to tree go to the end. */
enum zv_err zv_conf_merge(struct zv_conf_tree *tree, struct zv_conf_tree *over) ZV_MUST_USE;
/* Moves `sub`'s root into the map `section` of tree's root (made if missing) under `key`, and
 * frees `sub` in any case.  ZV_EEXIST (told to sink): the key is there, or section is no map. */
enum zv_err zv_conf_graft(struct zv_conf_tree *tree, const char *section, const char *key,
			  struct zv_conf_tree *sub, struct zv_conf_sink *sink) ZV_MUST_USE;
void zv_conf_free(struct zv_conf_tree *tree); /* accepts NULL */
const struct zv_conf_node *zv_conf_root(const struct zv_conf_tree *tree);

/* All of these take NULL and give 0 or NULL for it.  Borrowed; valid until the tree is freed. */
enum zv_conf_kind zv_conf_node_kind(const struct zv_conf_node *node); /* NULL: a map */
size_t zv_conf_count(const struct zv_conf_node *node);
const struct zv_conf_node *zv_conf_at(const struct zv_conf_node *node, size_t i);
const char *zv_conf_key(const struct zv_conf_node *node, size_t i); /* of a map's entry */
const struct zv_conf_node *zv_conf_get(const struct zv_conf_node *node, const char *key);
const char *zv_conf_text(const struct zv_conf_node *node); /* of a scalar, else NULL */

const char *zv_conf_file(const struct zv_conf_node *node); /* the file it was read from */
uint32_t zv_conf_line(const struct zv_conf_node *node);    /* and its line, from 1 */

/* Tells "file:line:column: text" of a node; with a key, of that entry's key in the map node. */
__attribute__((format(printf, 3, 4))) void zv_conf_error(struct zv_conf_sink *sink,
							 const struct zv_conf_node *node,
							 const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void zv_conf_error_key(struct zv_conf_sink *sink,
							     const struct zv_conf_node *entry,
							     const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void zv_conf_warn(struct zv_conf_sink *sink,
							const struct zv_conf_node *node,
							const char *fmt, ...);

/* ---- values ---- */

/* Each takes a scalar's text and says ZV_EPARSE if it is not one. */
enum zv_err zv_conf_bool(const char *text, bool *ret) ZV_MUST_USE;        /* true false yes no */
enum zv_err zv_conf_int(const char *text, int64_t *ret) ZV_MUST_USE;      /* 0, 42, -7; 10k, 2M */
enum zv_err zv_conf_duration(const char *text, int64_t *ret_ms) ZV_MUST_USE; /* 20ms 90s 2h 1h30m 365d */
enum zv_err zv_conf_size(const char *text, int64_t *ret_bytes) ZV_MUST_USE;  /* 512M 64G 4KiB */
/* 1..31 of a-z, 0-9, _ and -. */
bool zv_conf_is_name(const char *text);
/* Digits with an optional +, and spaces, hyphens and brackets between them: 5..15 digits. */
enum zv_err zv_conf_phone(const char *text, uint64_t *ret_e164) ZV_MUST_USE;
/* "09:00-21:00", "closed"; end up to 24:00 and after start. */
enum zv_err zv_conf_hours(const char *text, uint16_t *ret_start_min, uint16_t *ret_end_min) ZV_MUST_USE;

/* "2026-11-23T09:00:00+03:00", "2026-11-23T06:00Z": a zone must stand there. */
enum zv_err zv_conf_moment(const char *text, int64_t *ret_utc_ms) ZV_MUST_USE;

/* An address as numbers: family 4 or 6, IPv4 in the first four bytes. */
struct zv_conf_ip { uint8_t family; uint8_t bytes[16]; };
enum zv_err zv_conf_ip(const char *text, struct zv_conf_ip *ret) ZV_MUST_USE;
/* a.b.c.d, a.b.c.d/n, x::y/n; no bit beyond the mask may be set. */
enum zv_err zv_conf_network(const char *text, struct zv_conf_ip *ret, uint8_t *ret_bits) ZV_MUST_USE;
/* "127.0.0.1:20000-27998", "[::1]:20000-20100". */
enum zv_err zv_conf_ports(const char *text, struct zv_conf_ip *ret, uint16_t *ret_first,
			  uint16_t *ret_last) ZV_MUST_USE;
/* "host:port", "host", "[::1]:5060": the host's text and the port, 0 if none. */
enum zv_err zv_conf_endpoint(const char *text, char *ret_host, size_t host_size,
			     uint16_t *ret_port) ZV_MUST_USE;

/* ---- the schema ---- */

enum zv_conf_type {
	ZV_T_BOOL, ZV_T_INT, ZV_T_DURATION, ZV_T_SIZE, ZV_T_TEXT, ZV_T_NAME, /* [a-z0-9_-], <= 31 */
	ZV_T_ENUM,     /* words */
	ZV_T_PHONE, ZV_T_HOURS, ZV_T_IP, ZV_T_NETWORK, ZV_T_PORTS, ZV_T_ENDPOINT,
	ZV_T_DIGITS,   /* 1..15 digits, as text */
	ZV_T_MOMENT,   /* 2026-11-23T09:00:00+03:00, ...Z */
	ZV_T_FREE,     /* anything below: somebody else's (a plugin's) */
};

#define ZV_CONF_LIVE     1u /* a reload may change it; else boot only */
#define ZV_CONF_LIST_OF  2u /* a list of such values */
#define ZV_CONF_REQUIRED 4u
#define ZV_CONF_SECRET   8u /* never printed */

/* One tunable.  path: names with dots; `*` stands for any name of a map.  A default of NULL:
 * none (empty list, not set).  min and max: of INT, of DURATION in ms, of SIZE in bytes, of TEXT
 * in bytes; both 0: no limit. */
struct zv_conf_row {
	const char *path;
	const char *unit;
	uint32_t flags;
	enum zv_conf_type type;
	const char *def;
	int64_t min, max;
	const char *words; /* of ENUM, with spaces between */
	const char *help;
	const char *example; /* for rows under `*`, or without default */
};

struct zv_conf_schema {
	const struct zv_conf_row *rows;
	size_t n_rows;
	const char *title; /* the first line of the sample and the manual */
};

/* Checks node, which stands at `prefix` ("" = root, "campaigns.*"), and all below it: unknown
 * keys (with the nearest known one), types, ranges, words, missing ones.  All that is wrong is
 * told.  ZV_EINVAL if anything was. */
enum zv_err zv_conf_check(const struct zv_conf_schema *schema, const char *prefix,
			  const struct zv_conf_node *node, struct zv_conf_sink *sink) ZV_MUST_USE;

/* What counts for the row `prefix.path`, where node stands at `prefix` and path is below it: the
 * text that is written and is valid, else the default, else NULL.  There must be such a row. */
const char *zv_conf_value(const struct zv_conf_schema *schema, const char *prefix,
			  const struct zv_conf_node *node, const char *path);
/* The same as a number: INT, BOOL, DURATION (ms), SIZE, MOMENT (UTC ms), ENUM (index of the
 * word).  0 if unset. */
int64_t zv_conf_number(const struct zv_conf_schema *schema, const char *prefix,
		       const struct zv_conf_node *node, const char *path);
/* The node at a path of names, NULL if not written. */
const struct zv_conf_node *zv_conf_find(const struct zv_conf_node *node, const char *path);

/* What differs between two checked trees, a line each: "path: old -> new".  ZV_EDENIED if a
 * boot-only row differs (told as an error). */
enum zv_err zv_conf_compare(const struct zv_conf_schema *schema, const struct zv_conf_node *was,
			    const struct zv_conf_node *is, struct zv_conf_sink *sink,
			    uint32_t *ret_changes) ZV_MUST_USE;

/* The whole schema as a commented sample file, and as a manual page (man(7) source). */
void zv_conf_print_sample(const struct zv_conf_schema *schema, FILE *to);
void zv_conf_print_man(const struct zv_conf_schema *schema, const char *name, FILE *to);

#endif
