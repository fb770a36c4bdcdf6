/* dial/offer.h -- a lead as the lookahead hands it to the engine: one preallocated slab.
 *
 * Ownership goes by message: the lookahead fills a free slab and sends EV_OFFER; the engine
 * owns it until CMD_RELEASE; during CMD_ASK ... EV_STEP the plugin thread may read it and the
 * engine does not write.  Names and texts stay in the shell: a slab holds what decisions need.
 */
#ifndef ZV_DIAL_OFFER_H
#define ZV_DIAL_OFFER_H

#include "dial/ids.h"
#include "dial/rules/person.h"
#include "zvonar/strategy.h"

#define ZV_PROMPTS_MAX 24 /* distinct say texts of one script, rendered for one lead */

struct zv_offer {
	uint64_t lead, person;
	uint32_t campaign;
	uint16_t zone;      /* the lead's: decides hours and day buckets */
	uint8_t due_class;  /* enum zv_due_class */
	uint8_t round;
	int64_t due_ms;
	uint8_t number;     /* index of the number to call next */
	uint8_t category;   /* 1 + index, 0 = none yet */
	uint8_t n_numbers;
	uint8_t n_history;  /* of this round, oldest first */
	uint8_t needs_step; /* an outcome stands without its step (crash between): ask, don't dial */
	uint8_t party;      /* enum zv_party; 0 = the campaign's default */
	uint8_t pad[2];
	uint32_t person_slab; /* the person's ledger; shared by the leads of one person */
	uint32_t score_ppm;   /* chance of an answer by a score plugin; 0: none told */
	uint32_t owner;       /* 1 + id of the agent whose lead it is; 0: anybody's */
	uint32_t sla_ms;      /* its own promise of a first call; 0: the campaign's */
	int64_t accepted_ms;  /* calendar: when its lead was taken in; 0: nobody promised a time */
	uint32_t debt, topic; /* 32-bit hashes of the list's columns; 0 = none told */
	uint64_t seed;
	struct zv_number_brief numbers[ZV_NUMBERS_MAX];
	struct zv_attempt_brief history[ZV_HISTORY_MAX + 1]; /* + 1: the engine adds the new one */
	/* The audio of the campaign's script for this lead: hash of each `say` text after its
	 * variables are filled in, in the script's order; filled by the shell (core/app/voice). */
	uint64_t prompts[ZV_PROMPTS_MAX];
};

struct zv_slabs {
	struct zv_offer *v;
	uint32_t n;
};

#endif
