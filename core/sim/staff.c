#include "sim/staff.h"

/* Streams of their own, far from the people's. */
#define AGENT_ID(agent) (UINT64_C(1) << 56 | (agent))
enum { OF_SPEED = 0, OF_LUNCH };

double zv_staff_speed(const struct zv_sim_team *team, uint64_t seed, uint32_t agent)
{
	struct zv_dist speed;

	if (team->speed_cv <= 0 ||
	    zv_dist_init(&speed, ZV_DIST_LOGNORMAL, 1, team->speed_cv) != ZV_OK)
		return 1;
	return zv_dist_at(&speed, zv_sim_u(seed, AGENT_ID(agent), OF_SPEED));
}

int64_t zv_staff_comes_ms(const struct zv_sim_team *team, uint32_t agent)
{
	return team->from_ms + (int64_t)(agent - team->first) * team->come_apart_ms;
}

int64_t zv_staff_lunch_ms(const struct zv_sim_team *team, uint64_t seed, uint32_t agent)
{
	double u = zv_sim_u(seed, AGENT_ID(agent), OF_LUNCH);

	return team->lunch_ms + (int64_t)(u * (double)team->lunch_apart_ms);
}
