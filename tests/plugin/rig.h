/* tests/plugin/rig.h -- a plugin host with one campaign, and leads whose calls the test makes up.
 *
 * Local times are worked out with the C library's localtime (TZ set to the zone), which shares no
 * code with base/tz.
 */
#ifndef RIG_H
#define RIG_H

#include <stddef.h>

#include "conf/conf.h"
#include "plugin/host.h"

#define RIG_CAMPAIGN 7

struct rig_names {
	const char *const *categories, *const *results, *const *messages; /* each ends with NULL */
};

struct rig {
	struct zv_plugins *plugins;
	struct zv_engine_conf *conf;
	struct zv_zones *zones;
	struct zv_conf_tree *tree;
	struct zv_conf_sink sink;
	char told[8192]; /* what conf_error said, a line each */
	char text[512];  /* of the last load or bind */
};

/* A host with hours 09:00-21:00 on all days; nothing is loaded.  Aborts the test on failure. */
void rig_open(struct rig *rig);
void rig_open_with(struct rig *rig, uint32_t deadline_ms, uint32_t strikes);
void rig_close(struct rig *rig);
/* Loads a fixture by name; what is wrong stands in rig->text. */
enum zv_err rig_load(struct rig *rig, const char *fixture);
/* Binds a campaign with two categories and one message to a plugin, without a section. */
enum zv_err rig_bind_to(struct rig *rig, uint32_t campaign, const char *plugin);
/* Loads strategy_cadence and binds the campaign to the section `strategy` of a YAML text. */
enum zv_err rig_bind(struct rig *rig, const char *yaml, const struct rig_names *names);
enum zv_err rig_bind_file(struct rig *rig, const char *path, const struct rig_names *names);
/* rig_open and rig_bind_file, which must work. */
void rig_ready(struct rig *rig, const char *path, const struct rig_names *names);

/* ---- leads ---- */

struct rig_lead {
	struct rig *rig;
	const char *zone;
	struct zv_offer offer;
	struct zv_event step; /* the last answer */
};

void rig_lead(struct rig *rig, struct rig_lead *lead, const char *zone, uint64_t seed);
/* The call at at_ms ended so; what next?  Asks at the call's end, 40 s later. */
void rig_call(struct rig_lead *lead, int64_t at_ms, enum zv_outcome outcome, uint8_t result);

/* ---- clocks, by the C library ---- */

struct rig_clock {
	int year, month, day, wday, second; /* local; wday 1 = Monday; second of the day */
	int32_t serial; /* days since 1970 of the local date */
};

/* UTC ms of a local time "2026-11-23 09:30" in a zone. */
int64_t rig_ms(const char *zone, const char *local);
void rig_clock(const char *zone, int64_t utc_ms, struct rig_clock *ret_clock);

#endif
