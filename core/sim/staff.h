/* sim/staff.h -- agents: when they come, pause, have lunch and leave, and how fast they are.
 * Times are milliseconds since the world began.  Pure. */
#ifndef ZV_SIM_STAFF_H
#define ZV_SIM_STAFF_H

#include "sim/dist.h"

#define ZV_TEAMS_MAX 32

/* Agents first .. first + n - 1 of the engine's configuration.  Those that no team has stay away. */
struct zv_sim_team {
	uint32_t first, n;
	int64_t from_ms, to_ms;      /* shift; to 0: to the end */
	int64_t come_apart_ms;       /* each comes so much later than the one before */
	int64_t lunch_ms, lunch_for_ms; /* 0: none */
	int64_t lunch_apart_ms;      /* the team's lunches begin within so long */
	struct zv_dist pause_every, pause_for; /* mean 0: no pauses; every: time between two */
	double speed_cv;             /* agents differ: lognormal factor on talk and wrap-up, mean 1 */
};

/* Factor on how long agent takes for things. */
double zv_staff_speed(const struct zv_sim_team *team, uint64_t seed, uint32_t agent);
/* When he comes and has lunch. */
int64_t zv_staff_comes_ms(const struct zv_sim_team *team, uint32_t agent);
int64_t zv_staff_lunch_ms(const struct zv_sim_team *team, uint64_t seed, uint32_t agent);

#endif
