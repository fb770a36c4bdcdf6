/* media/detect/cadence.h -- what tones mean by their frequency and their times on and off.
 *
 * Pure; any thread.  Tone plans: ITU-T E.180 supplement 2 (Russia, Ukraine, Kazakhstan and most
 * of Europe 425 Hz; North America 440 + 480, 480 + 620; United Kingdom 400 + 450), special
 * information tones of E.180, fax tones of T.30.
 */
#ifndef ZV_MEDIA_CADENCE_H
#define ZV_MEDIA_CADENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/detect/tone.h"

enum zv_signal {
	ZV_SIGNAL_NONE = 0,
	ZV_SIGNAL_RING,       /* ring-back */
	ZV_SIGNAL_BUSY,
	ZV_SIGNAL_CONGESTION,
	ZV_SIGNAL_SIT,
	ZV_SIGNAL_FAX,
	ZV_SIGNAL_BEEP,       /* one steady tone that is none of the above */
	ZV_SIGNAL_MAX
};

#define ZV_CADENCE_RUNS 4

struct zv_run {
	uint16_t hz, on_ms, off_ms; /* off: the silence after it */
	uint8_t level_db;
	bool is_steady;             /* as only a machine holds a tone */
	bool is_clean;              /* silence before it and after it: no part of speech or of a tune */
};

struct zv_cadence {
	struct zv_run runs[ZV_CADENCE_RUNS]; /* the newest first */
	uint8_t n_runs;
	/* the one that sounds */
	float hz, level_db;  /* means */
	float hz_before;     /* of the last frame */
	float drift_hz, drift_db, noise; /* means: from frame to frame, and what is no tone */
	uint16_t on_ms, miss_ms; /* miss_ms: frames in it that were no tone */
	uint16_t pair_ms;    /* of on_ms: two tones */
	uint16_t off_ms;     /* since the last one; stops at its end */
	bool was_told;       /* this run has had its signal */
	bool was_pair, was_beep; /* the last run: two tones; had its signal */
	bool from_quiet;     /* it began after silence */
	float past_db[3];    /* levels of the frames before this one, the newest first */
};

void zv_cadence_init(struct zv_cadence *cadence);
/* One frame and its level; the signal that is known now and was not before, once each. */
enum zv_signal zv_cadence_add(struct zv_cadence *cadence, const struct zv_tone_frame *frame,
			      float level_db);
/* A tone sounds, long enough to be none of speech. */
bool zv_cadence_sounds(const struct zv_cadence *cadence);
/* A tone that may be a ring-back sounds, or paused as one does. */
bool zv_cadence_may_ring(const struct zv_cadence *cadence);

#endif
