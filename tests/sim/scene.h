/* Worlds for tests: a small operation with trunks, two lists, a robot's script, a rule set. */
#ifndef ZV_TEST_SCENE_H
#define ZV_TEST_SCENE_H

#include "sim/world.h"

#define SCENE_START_MS INT64_C(1764568800000) /* Mon 2025-12-01 06:00 UTC = 09:00 in Moscow */
#define SCENE_HOUR_MS  INT64_C(3600000)
#define SCENE_DAY_MS   INT64_C(86400000)
#define SCENE_AGENTS   1000

struct scene {
	struct zv_sim_params params;
	struct zv_engine_conf conf;
	struct zv_sim_list lists[2];
	struct zv_carrier carriers[2];
	struct zv_talk_graph script;
	struct zv_agent_conf agents[SCENE_AGENTS];
	struct zv_rule rules_v[16];
	struct zv_rules rules;
	struct zv_zones *zones;
};

/* A robot clean-up of so many leads by two trunks; nothing goes wrong yet. */
struct scene *scene_create(uint64_t seed, uint32_t leads);
/* The same with agents: predictive, lists of their own. */
struct scene *scene_create_floor(uint64_t seed, uint32_t leads, uint32_t agents);
void scene_destroy(struct scene *scene);
/* At most so many calls a day to a person; so many conversations a week. */
void scene_limits(struct scene *scene, uint32_t day, uint32_t talks_week);

#endif
