/* carrier/shares.h -- who lives behind a number: behaviours in shares, and each number's plan.
 *
 * Pure but for zvc_shares_load.  A plan follows from (seed, number, shares) alone, so a test
 * that knows them knows the truth without asking the carrier.
 */
#ifndef ZVC_SHARES_H
#define ZVC_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zvc_behaviour {
	ZVC_DEAD,     /* 404, Q.850 cause 1 */
	ZVC_OFF,      /* 480, Q.850 cause 20 */
	ZVC_NOANSWER, /* 180 until CANCEL */
	ZVC_BUSY,     /* 486 for the first calls, then answers and presses its key */
	ZVC_KEY1,
	ZVC_KEY2,
	ZVC_KEY3,
	ZVC_VOICEMAIL, /* answers, speaks, beeps, records, hangs up */
	ZVC_SILENT,    /* answers, says hello, presses nothing, waits for the caller to hang up */
	ZVC_REJECTS,   /* 603 */
	ZVC_BEHAVIOURS
};

struct zvc_shares {
	uint32_t ppm[ZVC_BEHAVIOURS]; /* sum 1,000,000 */
	uint32_t unavailable_ppm;     /* of calls: 503 */
	uint32_t inband_ppm;          /* of the numbers that press a key: in-band tones */
};

/* What a number does at each of its calls.  Times are unscaled (pace 1). */
struct zvc_plan {
	enum zvc_behaviour behaviour;
	uint8_t key; /* 1..3, 0 = presses none */
	bool inband;
	uint8_t busy_first;   /* calls that get 486 */
	uint32_t refuse_ms;   /* dead, off, busy, rejects: from INVITE to the refusal */
	uint32_t ring_ms;     /* from 180 to 200 */
	uint32_t key_ms;      /* from the first sound heard to the key */
	uint32_t greeting_ms; /* voicemail */
	uint32_t record_ms;   /* voicemail: from the beep to the hang-up */
};

const char *zvc_behaviour_name(enum zvc_behaviour behaviour);
/* false: no such name. */
bool zvc_behaviour_parse(const char *name, size_t len, enum zvc_behaviour *ret_behaviour);

/* Parses the text of a shares file: lines of `name percent`, # comments.  false: *ret_line and
 * text say what is wrong. */
bool zvc_shares_parse(const char *bytes, size_t len, struct zvc_shares *ret_shares, char *text,
                      size_t text_size);
bool zvc_shares_load(const char *path, struct zvc_shares *ret_shares, char *text, size_t text_size);

void zvc_plan_make(const struct zvc_shares *shares, uint64_t seed, uint64_t number,
                   struct zvc_plan *ret_plan);
/* Is the nth call (from 0) to number one that gets 503?  ret_retry_after_s: 0 = no such header. */
bool zvc_plan_unavailable(const struct zvc_shares *shares, uint64_t seed, uint64_t number,
                          uint32_t nth, uint32_t *ret_retry_after_s);
/* The final category in Russian that a right campaign ends with. */
const char *zvc_plan_truth(const struct zvc_plan *plan);

#endif
