/* store/recording.h -- the index of recordings: which file is of which attempt.
 *
 * Thread: any; each write is one short transaction, flushed before it returns.
 */
#ifndef ZV_STORE_RECORDING_H
#define ZV_STORE_RECORDING_H

#include "store/read.h"

#define ZV_RECORDING_PATH_MAX 255u

struct zv_recording {
	struct zv_attempt_id attempt;
	uint64_t lead, person;   /* 0: none of ours */
	uint32_t campaign;
	int64_t at_ms;           /* calendar: when it began */
	uint32_t duration_ms;
	uint64_t bytes;
	uint8_t sha256[32];      /* of the file */
	const char *path;        /* below the recordings' directory: YYYY/MM/DD/campaign/attempt.opus */
};

/* A second one of the attempt replaces the first.  person 0: the lead's.  ZV_EINVAL: a path that is
 * absolute, too long or has "..". */
enum zv_err zv_store_recording_put(struct zv_store *store, const struct zv_recording *recording) ZV_MUST_USE;
/* ZV_ENOENT. */
enum zv_err zv_store_recording_get(struct zv_store *store, struct zv_attempt_id attempt,
				   bool (*fn)(void *arg, const struct zv_recording *row), void *arg) ZV_MUST_USE;
/* Of one lead, in the order of the attempts' ids; lead 0: all. */
enum zv_err zv_store_recordings_each(struct zv_store *store, uint64_t lead,
				     bool (*fn)(void *arg, const struct zv_recording *row), void *arg) ZV_MUST_USE;

struct zv_recordings_report {
	uint64_t rows, bytes; /* taken away */
	uint64_t failed;      /* files that could not be removed: their rows stay */
};
/* Removes files and rows: of recordings that began before before_ms, and of one person (0: whoever).
 * The file goes first: a kill in between leaves a row that the next run takes away.  dry_run: counts. */
enum zv_err zv_store_recordings_expire(struct zv_store *store, const char *dir, int64_t before_ms,
				       uint64_t person, bool dry_run,
				       struct zv_recordings_report *ret_report) ZV_MUST_USE;

#endif
