/* sim/people.h -- the people who are called: whether they answer, after how long, what they do
 * then.  A pure function of (seed, lead, attempt, hour): two pacers that call the same lead for
 * the same time meet the same person, and differ by what they decide and not by luck.
 */
#ifndef ZV_SIM_PEOPLE_H
#define ZV_SIM_PEOPLE_H

#include <stdbool.h>

#include "sim/dist.h"

#define ZV_SIM_RESULTS 32 /* of a talk: index in the campaign's results */
#define ZV_SIM_KEYS 12 /* 0-9 * # */

/* Shares are millionths. */
struct zv_people {
	uint32_t answer_ppm[24];  /* a person answers, by the hour at his place */
	struct zv_dist answer;    /* from the INVITE to the answer */
	double spread;            /* people differ: deviation of the log-odds of an answer */
	uint32_t fail_ppm;        /* of those who do not answer: busy, off, refused by the network */
	struct zv_dist fail;      /* ... after so long */
	uint32_t dead_ppm;        /* of all numbers: nobody has them */
	uint32_t machine_ppm;     /* of those who neither answer nor fail: voicemail picks up */
	struct zv_dist machine;   /* ... after so long */
	struct zv_dist greeting;  /* how long somebody stays with a machine before it is clear */
	struct zv_dist detect;    /* answer detection has its verdict after so long */
	uint32_t false_machine_ppm, missed_machine_ppm; /* ... and errs */
	struct zv_dist patience;  /* an answered person waits so long for a voice, then is gone */
	/* with an agent */
	struct zv_dist talk, wrapup;
	struct zv_dist reading;   /* a preview's card, before he dials */
	uint32_t results[ZV_SIM_RESULTS]; /* weights of what agents write down; all 0: nothing */
	uint32_t hangs_up_ppm;    /* the person ends the talk; the agent ends the others */
	uint32_t optout_ppm;      /* of talks: never call me again (told through the operator) */
	/* with a robot */
	uint32_t reacts_ppm;      /* presses a key at a question */
	uint32_t keys[ZV_SIM_KEYS]; /* weights */
	struct zv_dist reaction;  /* from the end of the text to the key */
	uint32_t leaves_ppm;      /* hangs up in the middle of a text */
	/* made by zv_people_ready */
	double mid[24];
	uint32_t key_weights, result_weights;
};

/* A crowd to begin with: 30 % answer after 12 s, a quarter of the rest fails within 2 s, talks of
 * 135 s, wrap-up of 45 s, patience of 10 s. */
void zv_people_default(struct zv_people *people);
/* Before the first fate.  ZV_EINVAL: a share over a million. */
enum zv_err zv_people_ready(struct zv_people *people) ZV_MUST_USE;

enum zv_fate_kind { ZV_FATE_ANSWER = 1, ZV_FATE_MACHINE, ZV_FATE_FAIL, ZV_FATE_RINGS };

/* What becomes of an INVITE, if nobody ends it before. */
struct zv_fate {
	uint8_t kind;       /* enum zv_fate_kind */
	uint16_t sip_code;  /* FAIL */
	int64_t at_ms;      /* since the INVITE; RINGS: never */
};

/* id: of (lead, attempt); factor: on the share of answers. */
void zv_people_fate(const struct zv_people *people, uint64_t seed, uint64_t lead, uint32_t attempt,
		    uint32_t hour, double factor, struct zv_fate *ret_fate);
/* The chance that he answers in this hour. */
double zv_people_chance(const struct zv_people *people, uint64_t seed, uint64_t lead, uint32_t hour,
			double factor);
/* What the agent writes down: 1 + index in the campaign's results, 0 nothing. */
uint8_t zv_people_result(const struct zv_people *people, double u);
/* Index of the key he presses. */
uint32_t zv_people_key(const struct zv_people *people, double u);

/* The numbers behind a fate, by what they decide; one each for (lead, attempt). */
enum zv_fate_what {
	ZV_U_ANSWER = 0, ZV_U_RING, ZV_U_FAIL, ZV_U_CODE, ZV_U_FAIL_MS, ZV_U_MACHINE, ZV_U_GREETING,
	ZV_U_PATIENCE, ZV_U_TALK, ZV_U_WRAPUP, ZV_U_ENDS, ZV_U_REACTS, ZV_U_KEY, ZV_U_REACTION,
	ZV_U_LEAVES, ZV_U_LEAVES_MS, ZV_U_OPTOUT, ZV_U_CARRIER, ZV_U_SETUP, ZV_U_LATE, ZV_U_DEAD,
	ZV_U_SPREAD, ZV_U_PERSON, ZV_U_DETECT, ZV_U_VERDICT,
	ZV_U_RESULT, ZV_U_READING, ZV_U_MAX
};
static inline uint64_t zv_fate_id(uint64_t lead, uint32_t attempt)
{
	return lead * 64 + (attempt & 63);
}

#endif
