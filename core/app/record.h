/* app/record.h -- writes a day of the engine to a file, when the configuration says so (`record`).
 *
 * Threads: created and ended on main; what is told before the engine runs, by main; events and
 * commands by the engine's thread, which never waits: a thread of its own writes.  What does not
 * fit into memory while the disk is slow ends the record, aloud, and never the day.
 */
#ifndef ZV_APP_RECORD_H
#define ZV_APP_RECORD_H

#include "dial/engine.h"

struct zv_recorder;

struct zv_recorder_params {
	const char *path; /* made new, readable by its owner alone */
	const struct zv_engine_params *engine;
	uint64_t conf_hash;
};

/* ZV_EIO (errno says why), ZV_ENOMEM. */
enum zv_err zv_recorder_create(const struct zv_recorder_params *params, struct zv_recorder **ret_recorder) ZV_MUST_USE;
/* Ends the file with the trace's hash and logs it.  Accepts NULL. */
void zv_recorder_destroy(struct zv_recorder *recorder);

/* All of these accept NULL: nothing is recorded. */
void zv_recorder_tally(struct zv_recorder *recorder, uint32_t campaign, int64_t bucket, const uint32_t n[ZV_FACTS]);
void zv_recorder_origin(struct zv_recorder *recorder, uint32_t campaign, int64_t origin_ms);
void zv_recorder_caller(struct zv_recorder *recorder, uint64_t caller, int64_t cal_ms);
/* Before and after a step. */
void zv_recorder_event(struct zv_recorder *recorder, const struct zv_now *now, const struct zv_event *event);
void zv_recorder_commands(struct zv_recorder *recorder, const struct zv_cmds *cmds);
/* The engine was given another configuration. */
void zv_recorder_conf(struct zv_recorder *recorder);

#endif
