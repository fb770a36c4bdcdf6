/* bench/pacing/floor.h -- a bare floor: people, ring times, agents; no SIP, no engine, no store.
 * It drives any pacer through zvonar/pacer.h, one day a call, and gives what the day was like.
 *
 * Common random numbers: the n-th call placed meets the same person in every run of a seed, so
 * two pacers differ by what they decide and not by luck.  One thread a floor; the memory is used
 * again for the next day.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "zvonar/pacer.h"

#define FLOOR_DAY_MS  28800000
#define FLOOR_CALLS   16384 /* most calls at once */
#define FLOOR_AGENTS  1024

enum floor_times { FLOOR_LOGNORMAL = 0, FLOOR_EXPONENTIAL = 1 };

/* A kind of day.  Times in ms from its beginning; 0: does not happen. */
struct floor_conf {
	uint32_t agents;
	double answer;       /* chance that a person answers */
	double handle_s;     /* mean talk and wrap-up */
	enum floor_times times;
	uint32_t ring_min_ms; /* the rule's least ring time; cancelling is off when 0 */
	uint32_t limit_ppm;
	/* hard days */
	int64_t step_at_ms;   /* the answer rate becomes step_answer */
	double step_answer;
	int64_t leave_at_ms;  /* so many of a hundred agents leave at once, for good */
	uint32_t leave_percent;
	int64_t dead_at_ms, alive_at_ms; /* the trunk refuses everything between */
	double list_answer[2]; /* two lists alternate each ten minutes; 0: one list */
	int64_t slow_at_ms;    /* handling takes twice as long from then on */
	bool one_by_one;       /* agents come a minute apart */
	uint32_t robot_k;      /* a robot speaks first; one in k wants an agent, after 20 s */
	double speed_sigma;    /* agents differ: lognormal, of mean 1 */
	/* a day of a block of days: what the days before counted, and the dialling time of those after */
	uint64_t before_answered, before_abandoned;
	int64_t later_ms;
	bool block;            /* the limit is the block's, not the day's */
	bool scores;           /* leads differ and their chances are told: AUC about 0.7 */
};

struct floor_day {
	uint64_t placed, answered, abandoned, cancelled, failed, handed, events, decisions;
	uint64_t base;         /* what abandoned is counted against: answered, or robot's wants */
	double staffed_s, busy_s;
	double wait_s;         /* of agents between calls, in all */
	uint32_t waits[512];   /* how long, by wait_class() */
	uint64_t hash;         /* of the trace of events and decisions */
	uint32_t in_flight_max;
};

struct floor_pacer {
	const struct zv_pacer_ops *ops;
	void *campaign;
};

struct floor;

/* NULL without memory. */
struct floor *floor_create(void);
void floor_destroy(struct floor *floor);
void floor_shape(const struct floor_conf *conf, struct zv_pacer_shape *ret_shape);
/* What a campaign of such a day is set to; mode and ratio are the caller's to change. */
void floor_settings(const struct floor_conf *conf, struct zv_pacer_settings *ret_settings);
/* Runs one day.  pacer: open, and set. */
void floor_run(struct floor *floor, const struct floor_conf *conf, uint64_t seed,
	       const struct floor_pacer *pacer, struct floor_day *ret_day);
/* The clairvoyant: knows each call's ring time and each release, so that somebody answers at the
 * moment an agent is free; nobody waits but for the first call of all. */
void floor_clairvoyant(const struct floor_conf *conf, uint64_t seed, struct floor_day *ret_day);

/* Seconds below which the share q of the agents' waits lie. */
double floor_wait_quantile(const uint32_t waits[512], double q);

#endif
