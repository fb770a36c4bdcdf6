/* zvonar/plugin.h -- what every plugin exports, and what the host gives it.
 *
 * A plugin is a shared object with ONE exported data symbol, `zv_plugin`.  The host
 * reads it before it calls anything: magic, major, minor, size, kind, flags.  Services
 * arrive as a struct, so a plugin links against nothing.  Rules:
 *   major differs: refused.  Newer minor: refused.  Older minor: the host copies
 *   min(size) bytes and the rest reads as zero.  Unknown flag bit: refused.
 * Published offsets are asserted in tests/plugin/abi_freeze_test.c.
 */
#ifndef ZVONAR_PLUGIN_H
#define ZVONAR_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_PLUGIN_MAGIC 0x7a766f6eu /* "zvon" */
#define ZV_ABI_MAJOR    1
#define ZV_ABI_MINOR    0

enum zv_plugin_kind {
	ZV_KIND_SCORE = 1,
	ZV_KIND_STRATEGY = 2,
	ZV_KIND_PACER = 3,
	ZV_KIND_CRM = 4,
	ZV_KIND_MESSAGE = 5,
	ZV_KIND_SPEECH = 6,
	ZV_KIND_VOICE = 7,
	ZV_KIND_DETECTOR = 8,
	ZV_KIND_NUMBER = 9,
	ZV_KIND_SINK = 10,
};

#define ZV_PLUGIN_BLOCKS UINT64_C(1) /* may block; called on io threads with a deadline */
#define ZV_PLUGIN_FLAGS_KNOWN ZV_PLUGIN_BLOCKS

enum zv_log_level { ZV_LOG_ERROR, ZV_LOG_WARN, ZV_LOG_INFO, ZV_LOG_DEBUG };

/* A place in the configuration, borrowed; valid until open() or open_campaign() returns.
 * Maps and lists are walked by index; scalars are raw text, never converted. */
struct zv_conf_node;

/* A wall-clock moment in a zone.  day = days since 1970-01-01 of the local calendar. */
struct zv_local {
	int32_t day;
	int32_t second_of_day; /* 0..86399 as the wall clock shows it */
	int32_t utc_offset_s;
	int16_t year;
	uint8_t month, mday; /* 1..12, 1..31 */
	uint8_t wday;        /* 1 = Monday .. 7 = Sunday */
	uint8_t pad[3];
};

/* Services of the host.  All are pure or bounded; callable only on the thread that called
 * the plugin, during that call.  `ctx` is passed back as the first argument. */
struct zv_host {
	uint32_t size; /* sizeof(struct zv_host) of the host */
	uint32_t pad;
	void *ctx;
	void (*log)(void *ctx, enum zv_log_level level, const char *text);

	/* Configuration.  NULL node in, NULL out.  conf_key: name of the i-th entry of a map.
	 * conf_text: text of a scalar, else NULL. */
	size_t (*conf_count)(void *ctx, const struct zv_conf_node *node);
	const struct zv_conf_node *(*conf_at)(void *ctx, const struct zv_conf_node *node, size_t i);
	const char *(*conf_key)(void *ctx, const struct zv_conf_node *node, size_t i);
	const struct zv_conf_node *(*conf_get)(void *ctx, const struct zv_conf_node *node,
					       const char *key);
	const char *(*conf_text)(void *ctx, const struct zv_conf_node *node);
	/* Report what is wrong at a node: the host adds file:line:column and fails the load. */
	void (*conf_error)(void *ctx, const struct zv_conf_node *node, const char *text);

	/* Time in a zone.  zone = number of the zone in this run.  from_local gives the first
	 * instant at or after the wall-clock time (a gap moves forward, of two the earlier). */
	enum zv_err (*to_local)(void *ctx, uint16_t zone, int64_t utc_ms, struct zv_local *ret);
	enum zv_err (*from_local)(void *ctx, uint16_t zone, int32_t day, int32_t second_of_day,
				  int64_t *ret_utc_ms);
	/* The first calling window of the campaign in this zone that ends after utc_ms:
	 * [*ret_start_ms, *ret_end_ms).  ZV_ENOENT if there is none within 400 days. */
	enum zv_err (*window)(void *ctx, uint32_t campaign, uint16_t zone, int64_t utc_ms,
			      int64_t *ret_start_ms, int64_t *ret_end_ms);
};

struct zv_plugin {
	uint32_t magic;
	uint16_t abi_major, abi_minor;
	uint32_t size;    /* sizeof(struct zv_plugin) when the plugin was built */
	uint32_t kind;    /* enum zv_plugin_kind: decides the type of ops */
	uint64_t flags;   /* ZV_PLUGIN_* */
	const char *name; /* a-z first, then a-z 0-9 _, at most 31; also the conf section: plugins.NAME */
	const char *version;
	const char *licence;
	const void *ops;  /* struct zv_strategy_ops, ...: begins with its own size */
	/* conf: the plugin's own section, may be NULL.  host stays valid until close(). */
	enum zv_err (*open)(const struct zv_host *host, const struct zv_conf_node *conf,
			    void **ret_self);
	void (*close)(void *self); /* may be NULL; never called if open() failed */
};

#define ZV_PLUGIN_HEAD(kind_)                                                                  \
	.magic = ZV_PLUGIN_MAGIC, .abi_major = ZV_ABI_MAJOR, .abi_minor = ZV_ABI_MINOR,       \
	.size = (uint32_t)sizeof(struct zv_plugin), .kind = (kind_)

#define ZV_PLUGIN_EXPORT __attribute__((visibility("default")))

#endif
