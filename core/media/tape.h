/* media/tape.h -- recordings: frames of a leg from the media threads to a stereo file.
 *
 * Threads: zv_tape_thread takes the frames from the media threads' rings and writes WAV files; it
 * starts a second one of its own that encodes what is over.  Both may block; no media thread ever
 * waits for them: a full ring loses frames, which are counted and are silence in the file.
 *
 * Rules:
 * 1. Right is what comes in on the leg, left what is sent to it.  Both stand where their
 *    timestamps put them: losses, pauses and frames that were dropped are silence, nothing moves.
 * 2. While it is live: DIR/YYYY/MM/DD/CAMPAIGN/ATTEMPT.wav (UTC of the calendar; 32 hex digits;
 *    -2, -3 behind them if the attempt has one already), PCM of 16 bits, 8 kHz.  Its header is
 *    brought up to date each second, so that a file that a kill cut short can be played.
 * 3. Then: ATTEMPT.opus and ATTEMPT.opus.sha256 (as sha256sum writes it), both on disk before the
 *    WAV goes and before `recorded` is called.  A crash in between repeats that step, so
 *    `recorded` may come twice for one path.
 * 4. WAVs that an earlier life left are encoded first.
 * 5. No room on the disk: that recording ends there, one line in the log a minute says so, calls go
 *    on.  Encoding is tried again each minute.
 */
#ifndef ZV_MEDIA_TAPE_H
#define ZV_MEDIA_TAPE_H

#include <stdbool.h>

#include "base/ring.h"
#include "dial/ids.h"

struct zv_taped {
	struct zv_attempt_id attempt;
	uint64_t lead;        /* these three: 0 if an earlier life made the recording */
	uint32_t campaign, agent;
	int64_t begun_ms;     /* calendar; 0 as above */
	const char *path;     /* of the Opus file, below the folder of recordings */
	uint32_t duration_ms;
	uint64_t bytes;
	char sha256[65];      /* hex */
};

struct zv_tape_params {
	const char *dir;      /* made if it is not there */
	uint32_t n_threads, n_slots; /* of the media plan */
	uint32_t places;      /* of a media thread's ring; 0: by n_slots */
	uint32_t bit_rate;    /* of both channels together; 0: 24000 */
	uint32_t retry_ms;    /* after a disk without room; 0: 60000 */
	/* The name of a campaign (cmd.campaign), borrowed; on the tape's thread.  NULL: its number. */
	const char *(*campaign)(void *arg, uint32_t campaign);
	/* A recording is complete.  On the encoder's thread; may be NULL. */
	void (*recorded)(void *arg, const struct zv_taped *recording);
	void *arg;
};

struct zv_tape;
/* ZV_EINVAL, ZV_ENOMEM; ZV_EIO: the folder cannot be made or written, text says why. */
enum zv_err zv_tape_create(const struct zv_tape_params *params, char *text, size_t text_size,
			   struct zv_tape **ret_tape) ZV_MUST_USE;
void zv_tape_destroy(struct zv_tape *tape); /* accepts NULL; after the media threads */

/* Runs until *stop, then takes what is still in the rings, ends all files and the one that is being
 * encoded.  Stop the media threads first. */
enum zv_err zv_tape_thread(struct zv_tape *tape, const _Atomic bool *stop) ZV_MUST_USE;

struct zv_tape_stats {
	uint64_t begun, encoded, failed; /* failed: cut short or not encoded for want of room */
	uint32_t live, waiting;          /* for the encoder */
};
void zv_tape_get_stats(const struct zv_tape *tape, struct zv_tape_stats *ret_stats);

/* The ring of media thread i; for core/media. */
struct zv_ring *zv_tape_ring(struct zv_tape *tape, uint32_t thread);

#endif
