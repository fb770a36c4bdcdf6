/* media/detect/speech.h -- where somebody speaks: words and pauses, above the line's own noise.
 *
 * Pure; any thread.  A frame is voice when it stands out of the noise floor (the least of the last
 * second, so a vacuum cleaner is no speech) and is not far below the loudest that was heard (so an
 * echo or another room is none).  Clicks are no speech; gaps under ZV_SPEECH_GAP_MS part nothing.
 */
#ifndef ZV_MEDIA_SPEECH_H
#define ZV_MEDIA_SPEECH_H

#include <stdbool.h>
#include <stdint.h>

#include "media/detect/tone.h"

#define ZV_SPEECH_GAP_MS 260u

struct zv_speech {
	float floor_db, peak_db;
	float least_db, least_before_db; /* of this half second, of the one before */
	float mean_db, var_db, mean_tilt, var_tilt; /* of all frames, the last second or two */
	float low, tonal;  /* share of them far below the mean, of one or two tones */
	uint32_t music_ms; /* so long they have been like music */
	uint8_t recent;    /* the last eight frames: 1 voice */
	uint8_t n_least;
	bool is_talking;
	bool has_begun;    /* something was said */
	bool is_near;      /* a far voice before it was left out, once */
	uint16_t n_frames; /* heard in all, stops at its end */
	uint32_t first_ms; /* when the first word began */
	uint32_t said_ms;  /* speaking, with gaps, without pauses: up to the last voice */
	uint32_t phrase_ms; /* of the phrase that goes on, or of the last one */
	uint32_t pause_ms; /* since the last voice; 0 while talking */
	uint32_t voice_ms; /* frames of voice alone */
	uint32_t pause_before_ms; /* the last phrase */
	uint16_t phrases;
};

void zv_speech_init(struct zv_speech *speech);
/* One frame, at now_ms (its end).  is_tone: it belongs to a tone and is no speech. */
void zv_speech_add(struct zv_speech *speech, const struct zv_tone_frame *frame, bool is_tone,
		   uint32_t now_ms);
/* What has just begun was a tone's first frames, not speech. */
void zv_speech_take_back(struct zv_speech *speech);
/* What sounded for some seconds without pauses is music rather than speech. */
bool zv_speech_is_music(const struct zv_speech *speech);
bool zv_speech_may_be_music(const struct zv_speech *speech);
/* 10 log10 of a mean square; 0 at least. */
float zv_speech_db(float power);

#endif
