/* Each of the judge's checks is seen to fail: the engine's commands are spoilt on their way, or it
 * is told of a milder law than the judge. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"

static struct zv_sim_result run(struct scene *s)
{
	struct zv_sim_result r;

	cr_assert_eq(zv_sim_run(&s->params, &r), ZV_OK);
	return r;
}

static void expect(struct scene *s, enum zv_judge_rule rule)
{
	struct zv_sim_result r = run(s);

	cr_assert_gt(r.verdicts.broken[rule], 0, "I%d is not seen to be broken (%s)", (int)rule,
		     r.verdicts.first);
	cr_assert_str_not_empty(r.verdicts.first);
	zv_sim_result_fini(&r);
	scene_destroy(s);
}

/* What a spoiler keeps between steps. */
struct spoiler { uint32_t n; };

/* I1: the intent is forgotten, and the engine told all the same: its INVITE has none. */
static void dial_before_intent(void *arg, struct zv_cmds *cmds)
{
	(void)arg;
	for (uint32_t i = 0; i < cmds->n; i++) {
		struct zv_cmd dial = cmds->v[i];

		if (dial.type != ZV_CMD_INTENT)
			continue;
		dial.type = ZV_CMD_DIAL;
		memset(&dial.u, 0, sizeof(dial.u));
		dial.u.dial.called = cmds->v[i].u.intent.called;
		dial.u.dial.ring_ms = 20000;
		cmds->v[i] = dial;
	}
}

/* I2: every fiftieth INVITE is sent twice. */
static void dial_twice(void *arg, struct zv_cmds *cmds)
{
	struct spoiler *s = arg;

	for (uint32_t i = 0; i < cmds->n; i++)
		if (cmds->v[i].type == ZV_CMD_DIAL && ++s->n % 50 == 0 && cmds->n < cmds->cap) {
			cmds->v[cmds->n] = cmds->v[i];
			cmds->n++;
			return;
		}
}

/* I4: every fiftieth outcome never reaches the disk. */
static void lose_outcomes(void *arg, struct zv_cmds *cmds)
{
	struct spoiler *s = arg;

	for (uint32_t i = 0; i < cmds->n; i++)
		if (cmds->v[i].type == ZV_CMD_OUTCOME && cmds->v[i].u.outcome.outcome != ZV_OUT_NOT_SENT &&
		    ++s->n % 50 == 0)
			cmds->v[i].type = ZV_CMD_EVIDENCE;
}

/* I5: every third abandoned call is told as a silent one. */
static void embellish(void *arg, struct zv_cmds *cmds)
{
	struct spoiler *s = arg;

	for (uint32_t i = 0; i < cmds->n; i++)
		if (cmds->v[i].type == ZV_CMD_OUTCOME && cmds->v[i].u.outcome.outcome == ZV_OUT_ABANDONED &&
		    ++s->n % 3 == 0)
			cmds->v[i].u.outcome.outcome = ZV_OUT_SILENT;
}

static void spoil_with(struct scene *s, void (*fn)(void *arg, struct zv_cmds *cmds), struct spoiler *with)
{
	s->params.spoil = fn;
	s->params.spoil_arg = with;
}

Test(broken, an_invite_before_its_intent_is_seen, .timeout = 120)
{
	struct scene *s = scene_create(1, 100);
	struct spoiler with = {0};

	s->params.span_ms = SCENE_HOUR_MS;
	spoil_with(s, dial_before_intent, &with);
	expect(s, ZV_I1);
}

Test(broken, a_second_invite_is_seen, .timeout = 120)
{
	struct scene *s = scene_create(2, 300);
	struct spoiler with = {0};

	spoil_with(s, dial_twice, &with);
	expect(s, ZV_I2);
}

Test(broken, a_limit_that_the_engine_was_not_told_of_is_seen, .timeout = 120)
{
	struct scene *s = scene_create(3, 300), *law = scene_create(3, 300);

	scene_limits(s, 0, 0);
	scene_limits(law, 2, 0);
	s->params.law = &law->conf;
	expect(s, ZV_I3);
	scene_destroy(law);
}

Test(broken, talks_beyond_a_limit_are_seen, .timeout = 120)
{
	struct scene *s = scene_create(4, 600), *law = scene_create(4, 600);

	scene_limits(s, 0, 0);
	scene_limits(law, 0, 1);
	s->params.law = &law->conf;
	expect(s, ZV_I3);
	scene_destroy(law);
}

Test(broken, a_lost_outcome_is_seen, .timeout = 120)
{
	struct scene *s = scene_create(5, 300);
	struct spoiler with = {0};

	spoil_with(s, lose_outcomes, &with);
	expect(s, ZV_I4);
}

Test(broken, an_abandoned_call_told_as_silent_is_seen, .timeout = 120)
{
	struct scene *s = scene_create_floor(6, 8000, 30);
	struct spoiler with = {0};

	spoil_with(s, embellish, &with);
	expect(s, ZV_I5);
}

Test(broken, a_call_outside_hours_is_seen, .timeout = 120)
{
	struct scene *s = scene_create(7, 600), *law = scene_create(7, 600);

	for (int d = 0; d < 7; d++)
		law->conf.campaigns[0].hours[d] = (struct zv_day_hours){10 * 60, 20 * 60};
	s->params.law = &law->conf;
	expect(s, ZV_I6);
	scene_destroy(law);
}
