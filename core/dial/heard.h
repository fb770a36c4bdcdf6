/* dial/heard.h -- what answer detection is asked for and what it says.  Numbers only: they stand
 * in events, commands and the attempts' log.
 */
#ifndef ZV_DIAL_HEARD_H
#define ZV_DIAL_HEARD_H

#include <stdint.h>

/* Who is there; of early media (while it rings) what it is.  Stored: append only. */
enum zv_heard {
	ZV_HEARD_UNSURE = 0, ZV_HEARD_PERSON = 1, ZV_HEARD_MACHINE = 2,
	ZV_HEARD_RINGING = 3,     /* ring-back, or music instead of it */
	ZV_HEARD_BUSY = 4,
	ZV_HEARD_CONGESTION = 5,  /* the network is busy: says nothing of the person */
	ZV_HEARD_UNREACHABLE = 6, /* an announcement, or special information tones */
	ZV_HEARD_MAX
};

/* By what.  Asterisk's names where it has one.  Stored: append only. */
enum zv_heard_by {
	ZV_HEARD_BY_NOTHING = 0,
	ZV_HEARD_BY_TOOLONG, ZV_HEARD_BY_INITIALSILENCE, ZV_HEARD_BY_HUMAN, ZV_HEARD_BY_LONGGREETING,
	ZV_HEARD_BY_MAXWORDLENGTH, ZV_HEARD_BY_MAXWORDS, ZV_HEARD_BY_BEEP, ZV_HEARD_BY_SIT,
	ZV_HEARD_BY_FAX, ZV_HEARD_BY_MUSIC, ZV_HEARD_BY_RINGBACK, ZV_HEARD_BY_BUSYTONE,
	ZV_HEARD_BY_ANNOUNCEMENT, ZV_HEARD_BY_MAX
};

enum zv_listen_to {
	ZV_LISTEN_OFF = 0,
	ZV_LISTEN_EARLY = 1,  /* it rings: ring-back, busy, announcement? */
	ZV_LISTEN_ANSWER = 2, /* a person or a machine? */
	ZV_LISTEN_BEEP = 3,   /* a machine: when does it begin to record?  MACHINE by BEEP */
};
enum zv_listen_rule { ZV_LISTEN_SPEECH = 0 /* ours */, ZV_LISTEN_AMD = 1 /* Asterisk's */ };

/* Milliseconds but for the threshold and the words; names as in Asterisk's amd.conf. */
struct zv_listen {
	uint8_t to;        /* enum zv_listen_to */
	uint8_t rule;      /* enum zv_listen_rule */
	uint8_t maximum_number_of_words;
	uint8_t revise;    /* 1: goes on after a verdict; what comes then takes its place */
	uint16_t total_analysis_time, initial_silence, after_greeting_silence, greeting;
	uint16_t min_word_length, maximum_word_length, between_words_silence, silence_threshold;
	/* What the trunk's calls have taught: verdicts, and those that agents corrected. */
	uint32_t persons, machines, persons_wrong, machines_wrong;
};

/* A trunk's verdicts since the start. */
struct zv_heard_stats {
	uint64_t n[ZV_HEARD_MAX][ZV_HEARD_BY_MAX];
	uint64_t ms;            /* from the answer (or the early media) to them, in all */
	uint64_t late;          /* of answers: no verdict in the time there was: a person */
	uint64_t revised;       /* of the persons: told to be machines later on */
	uint64_t persons_wrong; /* told to be persons; agents said that they were machines */
	uint64_t machines_wrong; /* the other way */
};

const char *zv_heard_name(uint8_t heard);  /* "person"; "none" beyond the last */
const char *zv_heard_by_name(uint8_t by);  /* "longgreeting"; "none" */

/* A ladder's code (ZV_LADDER_HEARD). */
#define ZV_HEARD_CODE(heard, by) ((uint16_t)((heard) << 8 | (by)))

#endif
