/* media/detect/detect.h -- is it a person who answered?  And before an answer: does it ring, or
 * is nobody to be reached?
 *
 * Pure; any thread, one at a time a detector; no allocation, no I/O, no clock: time is what was
 * fed, and no pointer is kept.  A detector is a fixed struct (ZV_DETECTOR_BYTES) without anything
 * to free: memset and copies are fine.
 *
 * Feed everything that comes from the far end from the answer on (or from the 183 on), 16 bit
 * samples at 8 kHz or G.711 octets, any number at a time; and zv_detect_lost for packets that did
 * not come, so that its time is the call's.
 *
 * A verdict may be revised: a beep after a word that sounded like a person makes it a machine.
 * Who acts on the first one (before a bridge) stops feeding; who listens on (while bridged) feeds
 * until zv_detect_is_done.  README.md has the method.
 */
#ifndef ZV_MEDIA_DETECT_H
#define ZV_MEDIA_DETECT_H

#include <stdbool.h>
#include <stdint.h>

#include "media/detect/cadence.h"
#include "media/detect/speech.h"

enum zv_detect_kind {
	ZV_DETECT_ANSWERED = 0, /* after the 200: person, machine, not sure */
	ZV_DETECT_EARLY = 1,    /* early media: ringing, busy, congestion, unreachable */
};

enum zv_detected {
	ZV_DETECTED_NOTHING = 0, /* not yet */
	ZV_DETECTED_PERSON,
	ZV_DETECTED_MACHINE,
	ZV_DETECTED_UNSURE,      /* limit_ms are over */
	/* early media only */
	ZV_DETECTED_RINGING,     /* ring-back, or music instead of it: no answer */
	ZV_DETECTED_BUSY,
	ZV_DETECTED_CONGESTION,  /* network busy: try again soon, says nothing of the person */
	ZV_DETECTED_UNREACHABLE, /* an announcement without a ring before it, or SIT */
	ZV_DETECTED_MAX
};

/* Asterisk's names where it has one.  Stored and shown: append only. */
enum zv_detect_cause {
	ZV_CAUSE_NONE = 0,
	ZV_CAUSE_TOOLONG,        /* unsure: the time is over */
	ZV_CAUSE_INITIALSILENCE, /* nothing was said */
	ZV_CAUSE_HUMAN,          /* a short greeting and then silence */
	ZV_CAUSE_LONGGREETING,   /* speech goes on longer than a person's */
	ZV_CAUSE_MAXWORDLENGTH,
	ZV_CAUSE_MAXWORDS,
	ZV_CAUSE_BEEP,           /* a voicemail's */
	ZV_CAUSE_SIT,            /* special information tones */
	ZV_CAUSE_FAX,            /* CNG 1100 Hz, CED 2100 Hz: also a modem */
	ZV_CAUSE_MUSIC,          /* answered: held by an exchange; early: instead of ring-back */
	ZV_CAUSE_RINGBACK,       /* answered: rings on behind an exchange; early: rings */
	ZV_CAUSE_BUSYTONE,       /* busy or congestion, by tone */
	ZV_CAUSE_ANNOUNCEMENT,   /* early: speech */
	ZV_CAUSE_MAX
};

struct zv_detect_verdict {
	uint8_t heard;  /* enum zv_detected */
	uint8_t cause;  /* enum zv_detect_cause */
	uint16_t said_ms; /* of speech that it goes by; 65535 at most */
	uint32_t at_ms; /* of the audio fed when it was said */
};

struct zv_detect_params {
	uint8_t kind;            /* enum zv_detect_kind */
	uint32_t limit_ms;       /* 5000: unsure by then */
	uint32_t watch_ms;       /* 20000: a verdict may be revised so long; 0: the first one stays */
	uint32_t initial_silence_ms; /* 0: silence decides nothing before limit_ms; else machine */
	/* A person: silence of wait_ms and wait_permille of what was said before it, wait_most_ms at
	 * most.  Machines pause, too, after a "hello", so a longer one asks for a longer silence. */
	uint32_t wait_ms, wait_permille, wait_most_ms; /* 350, 800, 1300 */
	/* A machine: speech of so long, pause_less_ms less for each pause in it, two at most; a pause
	 * of turn_ms ends what was said: somebody waits for an answer. */
	uint32_t speech_ms, pause_less_ms, turn_ms;    /* 3100, 400, 1400 */
	uint32_t late_ms, late_speech_ms; /* 3900, 2300: who still speaks so long after the answer is a
				  * machine with less */
	uint32_t machine_ppm;    /* share of machines among the trunk's answers: 300000.  More: wait
				  * longer, believe in machines sooner; see zv_detect_learn */
};

/* What a trunk's calls have taught, for zv_detect_learn.  Counters only. */
struct zv_detect_counts {
	uint64_t persons, machines;   /* verdicts */
	uint64_t persons_wrong;       /* persons that agents said were machines */
	uint64_t machines_wrong;      /* machines that agents said were persons */
};

#define ZV_DETECTOR_BYTES 320u

struct zv_detector {
	struct zv_detect_params params;
	struct zv_detect_verdict verdict;
	struct zv_tones tones;
	struct zv_tone_frame before; /* the last one that came */
	struct zv_speech speech;
	struct zv_cadence cadence;
	uint32_t now_ms, since_ms; /* since_ms: the wait for the first word begins (ring-back ended) */
	uint32_t rest_ms;          /* lost, less than a frame */
	uint32_t lost_ms;          /* since the last frame that came */
	uint32_t before_ms;        /* said in earlier turns */
	uint16_t phrases_before;
	bool is_done, has_rung;
};
_Static_assert(sizeof(struct zv_detector) <= ZV_DETECTOR_BYTES, "tens of thousands of calls");

void zv_detect_defaults(uint8_t kind, struct zv_detect_params *params);
/* The trunk's share of machines, from what was said and corrected; few calls change little. */
void zv_detect_learn(struct zv_detect_params *params, const struct zv_detect_counts *counts);

/* params are copied; values out of range are brought into it. */
void zv_detect_init(struct zv_detector *detector, const struct zv_detect_params *params);

/* True: there is a verdict now that was not there before this call, or it was revised. */
bool zv_detect_feed(struct zv_detector *detector, const int16_t *pcm, uint32_t n);
/* The same through a table of 256 samples (zv_alaw_linear, zv_ulaw_linear of g711.h). */
bool zv_detect_feed_law(struct zv_detector *detector, const int16_t *linear, const uint8_t *payload,
			uint32_t n);
/* Packets lost or not sent (comfort noise, DTX) for so long.  Up to 60 ms go on as what was
 * heard last, more is silence. */
bool zv_detect_lost(struct zv_detector *detector, uint32_t ms);

/* heard ZV_DETECTED_NOTHING: none yet.  At the end of the early media the last one holds. */
static inline struct zv_detect_verdict zv_detect_verdict(const struct zv_detector *detector)
{
	return detector->verdict;
}
/* Nothing fed from now on changes the verdict. */
static inline bool zv_detect_is_done(const struct zv_detector *detector)
{
	return detector->is_done;
}

const char *zv_detected_name(uint8_t heard);     /* "person"; "" for nothing */
const char *zv_detect_cause_name(uint8_t cause); /* "LONGGREETING"; "" for none */

#endif
