/* The simulated world: it drives the engine, it is deterministic, and its judge is no fool.  The
 * number of bad days: ZVONAR_DAYS (50). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "scene.h"

#define SCORE_DAYS 4

static struct zv_sim_result run(struct scene *s)
{
	struct zv_sim_result r;

	cr_assert_eq(zv_sim_run(&s->params, &r), ZV_OK);
	return r;
}

Test(world, a_robot_day_ends_with_every_lead_settled, .timeout = 120)
{
	struct scene *s = scene_create(1, 600);
	struct zv_sim_result r = run(s);

	cr_assert_str_empty(r.verdicts.first, "%s", r.verdicts.first);
	cr_assert_eq(r.finals, r.leads, "%lu of %lu leads", (unsigned long)r.finals, (unsigned long)r.leads);
	cr_assert_gt(r.series.sum.answered, 300);
	for (int i = ZV_I1; i < ZV_JUDGE_RULES; i++)
		cr_assert_gt(r.verdicts.looked[i], 1000, "I%d was looked at %lu times", i,
			     (unsigned long)r.verdicts.looked[i]);
	zv_sim_result_fini(&r);
	scene_destroy(s);
}

Test(world, the_same_seed_gives_the_same_trace_and_another_one_another, .timeout = 120)
{
	uint64_t hash[3];

	for (int i = 0; i < 3; i++) {
		struct scene *s = scene_create(i < 2 ? 5 : 6, 300);
		struct zv_sim_result r;

		zv_faults_random(&s->params.faults, 5, 6 * SCENE_HOUR_MS, 2, 2);
		r = run(s);
		hash[i] = r.trace.hash;
		zv_sim_result_fini(&r);
		scene_destroy(s);
	}
	cr_assert_eq(hash[0], hash[1]);
	cr_assert_neq(hash[0], hash[2]);
}

static uint32_t days(void)
{
	const char *text = getenv("ZVONAR_DAYS");

	return text == NULL ? 50 : (uint32_t)strtoul(text, NULL, 10);
}

Test(world, every_bad_day_of_robots_keeps_every_promise, .timeout = 1800)
{
	uint64_t looked[ZV_JUDGE_RULES] = {0};
	uint32_t crashes = 0;

	for (uint64_t seed = 1; seed <= days(); seed++) {
		struct scene *s = scene_create(seed, 150 + (uint32_t)(seed % 7) * 60);
		struct zv_sim_result r;

		zv_faults_random(&s->params.faults, seed, 10 * SCENE_HOUR_MS, 2, 2);
		r = run(s);
		cr_assert_str_empty(r.verdicts.first, "seed %lu: %s", (unsigned long)seed, r.verdicts.first);
		for (int i = ZV_I1; i < ZV_JUDGE_RULES; i++)
			looked[i] += r.verdicts.looked[i];
		crashes += r.crashes;
		zv_sim_result_fini(&r);
		scene_destroy(s);
	}
	cr_assert_gt(crashes, days() / 2);
	for (int i = ZV_I1; i < ZV_JUDGE_RULES; i++)
		cr_assert_gt(looked[i], 100 * days());
}

Test(world, a_day_of_agents_is_busy_and_lawful, .timeout = 300)
{
	struct scene *s = scene_create_floor(3, 12000, 30);
	struct zv_sim_result r = run(s);
	double occupancy = zv_measure_occupancy(&r.series.sum);

	cr_assert_str_empty(r.verdicts.first, "%s", r.verdicts.first);
	cr_assert_gt(r.series.sum.handed, 1000, "%lu talks", (unsigned long)r.series.sum.handed);
	cr_assert_gt(occupancy, 0.75, "%f", occupancy);
	cr_assert_lt(zv_measure_abandonment(&r.series.sum), 0.03);
	zv_sim_result_fini(&r);
	scene_destroy(s);
}

Test(world, every_bad_day_of_agents_keeps_every_promise, .timeout = 1800)
{
	uint64_t handed = 0, abandoned = 0;
	uint32_t crashes = 0;

	for (uint64_t seed = 1; seed <= days() / 2; seed++) {
		struct scene *s = scene_create_floor(seed, 4000, 5 + (uint32_t)(seed % 5) * 5);
		struct zv_sim_result r;

		s->params.span_ms = 3 * SCENE_HOUR_MS;
		zv_faults_random(&s->params.faults, seed, 3 * SCENE_HOUR_MS, 2, 2);
		r = run(s);
		cr_assert_str_empty(r.verdicts.first, "seed %lu: %s", (unsigned long)seed, r.verdicts.first);
		handed += r.series.sum.handed;
		abandoned += r.series.sum.abandoned;
		crashes += r.crashes;
		zv_sim_result_fini(&r);
		scene_destroy(s);
	}
	cr_assert_gt(crashes, days() / 4);
	cr_assert_gt(handed, 100 * days());
	cr_assert_gt(abandoned, 0);
}

Test(world, agents_who_preview_dial_themselves_and_abandon_nobody, .timeout = 300)
{
	struct scene *s = scene_create_floor(5, 3000, 10);
	struct zv_sim_result r;

	s->params.span_ms = 3 * SCENE_HOUR_MS;
	for (int i = 0; i < 2; i++) {
		s->conf.campaigns[i].mode = ZV_MODE_PREVIEW;
		s->conf.campaigns[i].pace = s->conf.campaigns[i].pacing.mode = ZV_PACE_PREVIEW;
		s->conf.campaigns[i].preview_max_ms = 60000;
	}
	r = run(s);
	cr_assert_str_empty(r.verdicts.first, "%s", r.verdicts.first);
	cr_assert_gt(r.series.sum.handed, 100, "%lu talks", (unsigned long)r.series.sum.handed);
	cr_assert_eq(r.series.sum.abandoned, 0);
	zv_sim_result_fini(&r);
	scene_destroy(s);
}

/* A day's occupancy has a standard deviation of its own that is larger than what scores are worth. */
Test(world, a_score_that_tells_who_answers_is_of_use, .timeout = 300)
{
	double occupancy[2] = {0};

	for (int i = 0; i < 2 * SCORE_DAYS; i++) {
		struct scene *s = scene_create_floor((uint64_t)(6 + i / 2), 12000, 20);
		struct zv_sim_result r;

		for (int l = 0; l < 2; l++) {
			s->lists[l].people.spread = 1.5;
			s->lists[l].scores = i % 2 != 0;
			cr_assert_eq(zv_people_ready(&s->lists[l].people), ZV_OK);
		}
		r = run(s);
		cr_assert_str_empty(r.verdicts.first, "%s", r.verdicts.first);
		occupancy[i % 2] += zv_measure_occupancy(&r.series.sum) / SCORE_DAYS;
		cr_assert_lt(zv_measure_abandonment(&r.series.sum), 0.03);
		zv_sim_result_fini(&r);
		scene_destroy(s);
	}
	cr_assert_gt(occupancy[1], occupancy[0], "%.5f told, %.5f not", occupancy[1], occupancy[0]);
}

Test(world, after_a_long_crash_the_agents_log_in_again, .timeout = 300)
{
	struct scene *s = scene_create_floor(7, 3000, 10);
	struct zv_sim_result r;
	uint64_t after = 0;

	s->params.span_ms = SCENE_HOUR_MS;
	s->params.faults.n = 1;
	s->params.faults.v[0] = (struct zv_fault){
		.kind = ZV_FAULT_CRASH, .at_ms = SCENE_HOUR_MS / 3, .for_ms = 20000};
	r = run(s);
	cr_assert_str_empty(r.verdicts.first, "%s", r.verdicts.first);
	cr_assert_eq(r.crashes, 1);
	for (uint32_t b = r.series.n * 2 / 3; b < r.series.n; b++)
		after += r.series.v[b].handed;
	cr_assert_gt(after, 20, "%lu talks in the last third", (unsigned long)after);
	zv_sim_result_fini(&r);
	scene_destroy(s);
}
