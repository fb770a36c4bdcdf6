/* media/detect/amd.h -- Asterisk's rule for answering machines, under its parameters' names.
 *
 * Pure; any thread; no allocation, no clock: time is what was fed.  The rule is that of the
 * application AMD as its documentation and amd.conf describe it, frame by frame: a frame whose
 * mean absolute sample is below silence_threshold is silence.  zv_detect_* (detect.h) is the
 * better detector; this one is for who knows its numbers, and to be compared with.
 */
#ifndef ZV_MEDIA_AMD_H
#define ZV_MEDIA_AMD_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds but for the last two; amd.conf's names and defaults. */
struct zv_amd_params {
	uint32_t total_analysis_time;    /* 5000: NOTSURE, TOOLONG */
	uint32_t initial_silence;        /* 2500 before the first word: MACHINE, INITIALSILENCE */
	uint32_t after_greeting_silence; /* 800 after a word: HUMAN */
	uint32_t greeting;               /* 1500 of voice in all: MACHINE, LONGGREETING */
	uint32_t min_word_length;        /* 100: shorter voice is no word */
	uint32_t maximum_word_length;    /* 5000 without a pause: MACHINE, MAXWORDLENGTH */
	uint32_t between_words_silence;  /* 50: shorter silence parts no words */
	uint32_t maximum_number_of_words; /* 2; more: MACHINE, MAXWORDS */
	uint32_t silence_threshold;      /* 256, of 32767 */
};

enum zv_amd_status { ZV_AMD_NONE = 0, ZV_AMD_HUMAN, ZV_AMD_MACHINE, ZV_AMD_NOTSURE, ZV_AMD_HANGUP };

/* As AMDCAUSE, then ours. */
enum zv_amd_cause {
	ZV_AMD_NO_CAUSE = 0, ZV_AMD_TOOLONG, ZV_AMD_INITIALSILENCE, ZV_AMD_HUMAN_CAUSE,
	ZV_AMD_LONGGREETING, ZV_AMD_MAXWORDLENGTH, ZV_AMD_MAXWORDS
};

/* 44 bytes and the parameters. */
struct zv_amd {
	struct zv_amd_params params;
	uint8_t status, cause; /* enum zv_amd_status, zv_amd_cause; the first one stays */
	bool in_silence, in_initial_silence, in_greeting;
	uint16_t n_samples;    /* of a frame that is not whole */
	uint32_t sum;          /* of their absolute values */
	uint32_t total_ms, silence_ms, dsp_silence_ms, voice_ms, word_ms, words;
	uint32_t at_ms;        /* when it was decided */
};

void zv_amd_defaults(struct zv_amd_params *params);
void zv_amd_init(struct zv_amd *amd, const struct zv_amd_params *params);

/* 16 bit samples at 8 kHz, any number at a time; they are judged in frames of 20 ms.  True: it
 * is decided (now or before). */
bool zv_amd_feed(struct zv_amd *amd, const int16_t *pcm, uint32_t n);
/* The same through a table of 256 samples (zv_alaw_linear, zv_ulaw_linear). */
bool zv_amd_feed_law(struct zv_amd *amd, const int16_t *linear, const uint8_t *payload, uint32_t n);
/* One frame of so many ms, judged already. */
bool zv_amd_frame(struct zv_amd *amd, uint32_t ms, bool is_silence);
/* Comfort noise or no packets for so long: silence. */
bool zv_amd_lost(struct zv_amd *amd, uint32_t ms);
/* The call is over: HANGUP, if nothing was decided. */
void zv_amd_hangup(struct zv_amd *amd);

const char *zv_amd_status_name(uint8_t status); /* "HUMAN"; "" for none */
const char *zv_amd_cause_name(uint8_t cause);   /* "LONGGREETING"; "" for none */

#endif
