/* An engine with two campaigns and a house around it that answers at once or in any order: no
 * clock but the test's.  What leaves the house goes to the test's judge.
 */
#ifndef ZV_TEST_LAWBED_H
#define ZV_TEST_LAWBED_H

#include "set.h"

#define BED_SLABS   512u
#define BED_CALLS   256u
#define BED_WAITING 4096u
#define BED_START_MS INT64_C(1764568800000) /* Mon 2025-12-01 06:00 UTC = 09:00 in Moscow */
#define BED_SENTINEL UINT64_C(0x7000000000000000) /* a lead that only keeps its person held */

struct bed {
	struct zv_engine_conf conf;
	struct zv_talk_graph script;
	struct zv_zones *zones;
	uint16_t zone;
	struct set set;
	struct zv_engine *engine;
	struct zv_now now;
	struct zv_cmds out;
	struct zv_offer *slabs;
	struct zv_person_slab *persons;
	uint32_t n_persons;
	uint64_t rng, steps;
	int64_t step_ms;      /* calendar and clock a step */
	bool shuffle;         /* answers come in any order; else first in, first out */
	uint32_t no_trunk_permille; /* INVITEs that a 503 sends to the other trunk */
	struct zv_event waiting[BED_WAITING]; /* answers under way */
	uint32_t n_waiting;
	uint64_t txn;
	void (*judge)(void *arg, const struct zv_cmd *cmd);
	void *arg;
};

/* Rules are added to bed->set before bed_open. */
struct bed *bed_create(uint32_t n_persons);
void bed_open(struct bed *b, uint32_t epoch);
void bed_destroy(struct bed *b);

uint64_t bed_draw(struct bed *b, uint64_t n);
/* One event, with the commands it causes. */
void bed_step(struct bed *b, const struct zv_event *ev);
/* One of the answers under way, or a tick.  False: nothing was under way. */
bool bed_turn(struct bed *b);
/* Until nothing is under way any more. */
void bed_settle(struct bed *b);

void bed_fill(struct bed *b, uint32_t slab, uint64_t lead, uint32_t person, uint32_t campaign);
void bed_offer(struct bed *b, uint32_t slab);
/* Keeps every person held: slabs 0 .. n_persons - 1 are used up. */
void bed_hold_all(struct bed *b);
uint64_t bed_number(uint32_t person);
/* ZVONAR_LONG is set. */
bool bed_long(void);

#endif
