/* dial/pacing/release.h -- when will an agent be free again: from how long he has talked, or
 * wrapped up, already.
 *
 * Hazards by age of talk and of wrap-up, ends over the time agents spent at that age, talks under
 * way included, so that long talks are not missed while they last.  By skill, drawn to the team;
 * an agent's own pace stretches the curve as far as he is known.  Old observations fade.
 *
 * Thread: engine.  No allocation after init.
 */
#ifndef ZV_DIAL_PACING_RELEASE_H
#define ZV_DIAL_PACING_RELEASE_H

#include "dial/pacing/grid.h"
#include "zvonar/pacer.h"

#define ZV_AGE_BINS  48 /* growing: 2 s at first, an eighth of the age later, over an hour in all */
#define ZV_AHEAD     20 /* moments ahead of a table, a step apart */

/* Ends and time spent, by age. */
struct zv_stay {
	float ends[ZV_AGE_BINS], spent_s[ZV_AGE_BINS];
	float hazard[ZV_AGE_BINS]; /* a second */
	float all_ends, all_s;
};

struct zv_skill_release {
	struct zv_stay talk, wrap;
	/* P(free within j steps | has been at it for the age) */
	float talk_free[ZV_AGE_BINS + 1][ZV_AHEAD];
	float wrap_free[ZV_AGE_BINS + 1][ZV_AHEAD];
};

/* How one agent's times compare to the average. */
struct zv_pace {
	float log_sum, n; /* of log(his talk / the average talk), fading */
	float pace;       /* 1: average; 1.3: takes 1.3 times as long */
};

struct zv_release {
	struct zv_skill_release *skills; /* n_skills, and the team at the end */
	uint32_t n_skills;
	float step_s, memory_s;       /* of a table; agent seconds after which the old has faded */
	float fresh;                  /* ends since the last build */
	float log_mean, log_n;        /* mean log of the team's talks, fading */
	float pace_between, pace_within; /* variance of agents' means, of one agent's talks */
};

/* ZV_ENOMEM. */
enum zv_err zv_release_init(struct zv_release *release, uint32_t n_skills, float step_s) ZV_MUST_USE;
void zv_release_fini(struct zv_release *release);

/* Somebody of the skill has gone from from_ms to to_ms of age in this state (talk or wrap-up);
 * ended: and there it ended. */
void zv_release_spent(struct zv_release *release, uint16_t skill, int wrap, int64_t from_ms, int64_t to_ms,
		      int ended);
void zv_release_pace(struct zv_release *release, struct zv_pace *pace, int64_t talk_ms);
/* Works the tables out. */
void zv_release_build(struct zv_release *release);

/* Chances that an agent is still busy at each grid moment plus patience_s.  grid_step: half
 * seconds of the grid's half second (1, or 2 for a slower world). */
struct zv_busy_agent {
	uint16_t skill;
	uint8_t wrap;
	uint8_t grid_step;
	float age_s, patience_s, pace;
};
void zv_release_term(const struct zv_release *release, const struct zv_busy_agent *agent,
		     struct zv_grid_term *ret_term);
/* Mean seconds of a talk and its wrap-up, of the team. */
float zv_release_mean_s(const struct zv_release *release);

/* Variance of agents' paces from all of them; called now and then. */
void zv_release_spread(struct zv_release *release, const struct zv_pace *paces, uint32_t stride, uint32_t n);

#endif
