/* sim/world.h -- a world for the compiled engine: people, carriers, agents, a disk, and what goes
 * wrong, all from a seed.  It drives the engine through zv_engine_step alone, as zvonard does.
 *
 * Thread: the caller's; one world, one thread.  Reads no clock, no file, no environment.  Every
 * run has a hash of its trace: the same params give the same hash on every machine.
 */
#ifndef ZV_SIM_WORLD_H
#define ZV_SIM_WORLD_H

#include "dial/engine.h"
#include "sim/carrier.h"
#include "sim/faults.h"
#include "sim/judge.h"
#include "sim/people.h"
#include "sim/series.h"
#include "sim/staff.h"
#include "sim/trace.h"

#define ZV_SIM_ZONES_MAX 16

/* What happens to a lead next.  offer->n_history > 0.  Fills type and u.step as the plugin host
 * does; false: the lead rests a day. */
struct zv_sim_strategy {
	bool (*next)(void *arg, const struct zv_offer *offer, int64_t cal_ms, struct zv_event *ret_step);
	void *arg;
};

/* One campaign's list and people; beside conf->campaigns[i]. */
struct zv_sim_list {
	uint32_t leads;
	struct zv_people people;   /* ready */
	uint16_t zones[ZV_SIM_ZONES_MAX]; /* of conf->zones, people are shared out evenly */
	uint8_t n_zones;
	uint32_t n_numbers;        /* a person, 1..8 */
	uint32_t shared_ppm;       /* of its people: also in the list before */
	char jur[ZV_JUR_MAX];      /* "RU" */
	int64_t prompt_ms;         /* a robot's text */
	bool agents;               /* answered people are owed an agent */
	bool scores;               /* a score tells each lead's chance: what people.spread makes of it */
	struct zv_sim_strategy strategy; /* next NULL: a plain one, eight attempts two hours apart */
};

struct zv_sim_params {
	const struct zv_engine_conf *conf; /* borrowed; campaigns[i].id set and distinct */
	const struct zv_engine_conf *law;  /* the judge's; NULL: conf */
	uint64_t seed;
	int64_t start_ms;   /* calendar, UTC */
	int64_t span_ms;    /* of calendar time, at most 400 days */
	int64_t mono_max_ms; /* of monotonic time; 0: span_ms */
	int64_t bucket_ms;  /* of the series; 0: five minutes */
	uint32_t slabs;     /* leads at the engine; 0: by max_calls */
	uint32_t flush_ms;  /* the disk takes so long, at most twice that; 0: 5 */
	struct zv_sim_list *lists;       /* conf->n_campaigns; borrowed */
	struct zv_carrier *carriers;     /* conf->n_trunks; borrowed */
	uint32_t n_teams;
	struct zv_sim_team teams[ZV_TEAMS_MAX];
	struct zv_faults faults;
	/* Called every minute of the world; false stops it.  May be NULL. */
	bool (*progress)(void *arg, int64_t at_ms, int64_t span_ms);
	void *progress_arg;
	/* Sees and may spoil each step's commands before the world obeys: tests only.  May be NULL. */
	void (*spoil)(void *arg, struct zv_cmds *cmds);
	void *spoil_arg;
	/* Sees each step's input, for a record of the day.  May be NULL. */
	void (*watch)(void *arg, const struct zv_now *now, const struct zv_event *event);
	void *watch_arg;
};

struct zv_sim_result {
	struct zv_sim_trace trace;
	struct zv_verdicts verdicts;
	struct zv_sim_series series;  /* of all campaigns */
	struct zv_sim_measure campaigns[ZV_CAMPAIGNS_MAX]; /* counts; times only of calls */
	uint64_t outcomes[ZV_OUT_MAX];
	uint64_t finals;       /* leads that have their category */
	uint64_t leads;
	uint32_t most_in_second; /* INVITEs, of the busiest trunk */
	uint32_t crashes, unknown; /* attempts that crashes left open */
	int64_t ended_ms;      /* of the world: span_ms unless nothing was left to do */
	struct zv_engine_stats engine; /* of the last one */
	bool stopped;          /* by progress */
};

/* Runs one world.  ZV_ENOMEM, ZV_EINVAL (params out of their limits; what the engine refuses).
 * The caller frees with zv_sim_result_fini, which accepts a zeroed one. */
enum zv_err zv_sim_run(const struct zv_sim_params *params, struct zv_sim_result *ret_result) ZV_MUST_USE;
void zv_sim_result_fini(struct zv_sim_result *result);

#endif
