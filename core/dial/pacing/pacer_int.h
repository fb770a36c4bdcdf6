/* dial/pacing/pacer_int.h -- the pacer's state, for its own files (and for benchmarks, which tell
 * it the truth). */
#ifndef ZV_DIAL_PACING_PACER_INT_H
#define ZV_DIAL_PACING_PACER_INT_H

#include <stdbool.h>

#include "dial/pacing/answer.h"
#include "dial/pacing/budget.h"
#include "dial/pacing/grid.h"
#include "dial/pacing/release.h"
#include "dial/pacing/curve.h"
#include "zvonar/pacer.h"

#define ZV_NIL UINT32_MAX

enum zv_pcall_state { ZV_PC_FREE = 0, ZV_PC_RINGING = 1, ZV_PC_ROBOT = 2, ZV_PC_WAITING = 3 };

/* A call under way. */
struct zv_pcall {
	int64_t at_ms;        /* placed, or with the robot since */
	int64_t looked_ms;    /* when its term was worked out */
	struct zv_grid_term term;
	uint32_t older, newer;         /* in order of placing */
	uint32_t look_prev, look_next; /* in order of looked_ms */
	float score, exposure, risk;   /* risk: of an abandoned call, when it was placed */
	float placed_risk;             /* the same if it is answered; below 0: theta did not decide */
	uint16_t cell, bin;
	uint8_t state; /* enum zv_pcall_state */
	uint8_t cancelling; /* told to the host, not yet answered */
	uint8_t judged;     /* the trunk's watch has counted it */
	uint8_t pad;
};

struct zv_pagent {
	int64_t since_ms, looked_ms;
	struct zv_grid_term term;
	struct zv_pace pace;
	uint32_t look_prev, look_next;
	uint16_t skill;
	uint8_t state; /* enum zv_pacer_agent_state */
	uint8_t pad;
};

/* A list through the look_ links of calls or agents. */
struct zv_look { uint32_t head, tail; };

/* Of the last dozen calls that failed fast, or did not within three seconds.  Ends would not do: of
 * many calls placed at once the failures come first. */
struct zv_trunk_watch {
	uint32_t ends;      /* bits: 1 = failed fast; the newest lowest */
	uint32_t n;
	bool down;
	int64_t probe_ms;   /* next probe */
};

struct zv_ppacer {
	struct zv_pacer_shape shape;
	struct zv_pacer_settings settings;
	struct zv_pcall *calls;
	struct zv_pagent *agents;
	uint32_t oldest, newest;       /* calls in order of placing */
	uint32_t youngest_ripe;        /* the youngest that has rung ring_min_ms, NIL: none */
	struct zv_look call_looks, agent_looks;
	uint32_t ringing, robot, waiting, cancelling;
	uint32_t on[4];                /* agents by state */
	uint32_t n_in;                 /* ready, talking or in wrap-up */
	struct zv_grid calls_sum, busy_sum;
	struct zv_answer answer;
	struct zv_curve ring, talk, chain; /* talk: the robot's; chain: ringing, then talk */
	float wants, wants_of;         /* robot: of talks, those that want an agent; fading */
	float machines, picked_up;     /* fading */
	struct zv_release release;
	struct zv_budget budget;
	struct zv_trunk_watch trunk;
	float landing[ZV_GRID];        /* of a new call */
	float at_risk;                 /* sum of calls' risk */
	float counted_per_s, counted_s; /* answers of the window a second, of late; of so many seconds */
	uint64_t counted;
	int64_t counted_ms;
	float occupied;                /* share of the agents that is busy, of late */
	int64_t now_ms, flush_ms, build_ms, spread_ms;
	int64_t rate_ms;               /* rate_max_mcps: bucket */
	float rate_room;
	float placed_per_s;            /* smoothed, for the deadline's ETA */
	int64_t placed_ms;
	uint64_t foreign;              /* events that did not fit */
	float last_risk;
	uint8_t why;
	uint8_t grid_step;
	bool told;                     /* learns nothing; theta stands: the bound of a benchmark */
	bool started;
	float told_theta;
};

/* ---- flight.c: calls under way ---- */
const struct zv_curve *zv_flight_curve(const struct zv_ppacer *p, const struct zv_pcall *c);
float zv_flight_chance(struct zv_ppacer *p, const struct zv_pcall *c);
void zv_flight_event(struct zv_ppacer *p, const struct zv_pacer_event *e);
/* Works the terms out again that are older than a second, a few at a time. */
void zv_flight_look(struct zv_ppacer *p);
/* The term of a call that would be placed now, of an average lead. */
float zv_flight_new(struct zv_ppacer *p, struct zv_grid_term *ret_term);

/* ---- team.c: agents ---- */
void zv_team_agent(struct zv_ppacer *p, uint32_t agent, uint8_t state, uint16_t skill);
void zv_team_look(struct zv_ppacer *p);

/* ---- cancel.c ---- */
void zv_cancel(struct zv_ppacer *p, float theta, struct zv_pacer_out *out);

/* ---- modes.c: all that is not the conditional model ---- */
uint32_t zv_mode_limits(struct zv_ppacer *p, const struct zv_pacer_in *in, uint32_t want);
uint32_t zv_mode_simple(struct zv_ppacer *p, const struct zv_pacer_in *in);
uint32_t zv_mode_schedule(struct zv_ppacer *p, const struct zv_pacer_in *in);
void zv_mode_placed(struct zv_ppacer *p, uint32_t n);
void zv_mode_eta(const struct zv_ppacer *p, const struct zv_pacer_in *in, struct zv_pacer_figures *f);

/* ---- save.c ---- */
size_t zv_ppacer_save(void *campaign, uint8_t *bytes, size_t size);
enum zv_err zv_ppacer_load(void *campaign, const uint8_t *bytes, size_t size);

/* Tables from what was seen; for files that changed what was seen. */
void zv_ppacer_build(struct zv_ppacer *p);

#endif
