#include <criterion/criterion.h>

#include "base/hash.h"
#include "dial/agent/agent.h"

#define N 40u

static const struct zv_agent_limits limits = {.reserve_max_ms = 20000, .talk_max_ms = 3600000,
					      .wrapup_max_ms = 30000};

static struct zv_agent_conf conf[N];

static void make(struct zv_agents *s)
{
	for (uint32_t i = 0; i < N; i++)
		conf[i] = (struct zv_agent_conf){.id = 100 + i};
	cr_assert_eq(zv_agents_init(s, conf, N), ZV_OK);
}

static enum zv_err act(struct zv_agents *s, uint32_t i, enum zv_agent_does what, int64_t at_ms)
{
	uint32_t ended;

	return zv_agent_do(s, i, what, 7, 3, &limits, at_ms, &ended);
}

static void ready(struct zv_agents *s, uint32_t i, int64_t at_ms)
{
	cr_assert_eq(act(s, i, ZV_AD_LOGIN, at_ms), ZV_OK);
	cr_assert_eq(act(s, i, ZV_AD_READY, at_ms), ZV_OK);
}

Test(agent, who_has_waited_longest_is_next)
{
	struct zv_agents s;
	struct zv_agent_ask ask = {.owner = ZV_AGENT_NONE, .not_this = ZV_AGENT_NONE};

	make(&s);
	ready(&s, 5, 1000);
	ready(&s, 2, 2000);
	ready(&s, 9, 3000);
	cr_expect_eq(zv_agent_pick(&s, &ask), 5);
	cr_expect_eq(act(&s, 5, ZV_AD_BRIDGE, 4000), ZV_OK);
	cr_expect_eq(zv_agent_pick(&s, &ask), 2);
	cr_expect_eq(act(&s, 5, ZV_AD_CALL_OVER, 5000), ZV_OK);
	cr_expect_eq(s.v[5].deadline_ms, 35000);
	cr_expect_eq(act(&s, 5, ZV_AD_DONE, 6000), ZV_OK);
	ask.not_this = 2;
	cr_expect_eq(zv_agent_pick(&s, &ask), 9);
	ask.owner = 5;
	cr_expect_eq(zv_agent_pick(&s, &ask), 5, "the lead's own agent goes first");
	cr_expect_eq(s.v[5].state_ms[ZV_AG_TALKING], 1000);
	zv_agents_fini(&s);
}

Test(agent, skills_and_campaigns_choose)
{
	struct zv_agents s;
	struct zv_agent_ask ask = {.campaign = 70, .skill = 4, .owner = ZV_AGENT_NONE, .not_this = ZV_AGENT_NONE};

	make(&s);
	conf[1].skills[0] = conf[2].skills[0] = (struct zv_agent_skill){4, 10};
	conf[2].skills[0].level = 90;
	conf[1].n_skills = conf[2].n_skills = 1;
	conf[3] = conf[2];
	conf[3].campaigns[0] = 1; /* serves campaign 0 only */
	for (uint32_t i = 0; i < 4; i++)
		ready(&s, i, 1000 + i);
	cr_expect_eq(zv_agent_pick(&s, &ask), 2);
	ask.level_min = 91;
	cr_expect_eq(zv_agent_pick(&s, &ask), ZV_AGENT_NONE);
	ask.skill = 0;
	ask.level_min = 0;
	cr_expect_eq(zv_agent_pick(&s, &ask), 0);
	zv_agents_fini(&s);
}

Test(agent, a_pause_asked_for_in_a_call_comes_after_it)
{
	struct zv_agents s;

	make(&s);
	ready(&s, 0, 0);
	cr_assert_eq(act(&s, 0, ZV_AD_BRIDGE, 1), ZV_OK);
	cr_expect_eq(act(&s, 0, ZV_AD_PAUSE, 2), ZV_OK);
	cr_expect_eq(s.v[0].state, ZV_AG_TALKING);
	cr_expect_eq(act(&s, 0, ZV_AD_CALL_OVER, 3), ZV_OK);
	cr_expect_eq(s.v[0].state, ZV_AG_WRAPUP);
	cr_expect_eq(act(&s, 0, ZV_AD_LIMIT, 30003), ZV_OK);
	cr_expect_eq(s.v[0].state, ZV_AG_PAUSED);
	cr_expect_eq(s.v[0].pause_code, 7);
	zv_agents_fini(&s);
}

Test(agent, a_broken_phone_ends_the_talk_and_takes_him_out)
{
	struct zv_agents s;
	uint32_t ended = 0;

	make(&s);
	ready(&s, 0, 0);
	cr_assert_eq(act(&s, 0, ZV_AD_BRIDGE, 1), ZV_OK);
	cr_expect_eq(zv_agent_do(&s, 0, ZV_AD_LEG_LOST, 0, 0, &limits, 2, &ended), ZV_OK);
	cr_expect_eq(ended, 3);
	cr_expect_eq(s.v[0].state, ZV_AG_WRAPUP, "what was said is to be written down");
	cr_expect_eq(act(&s, 0, ZV_AD_DONE, 3), ZV_OK);
	cr_expect_eq(s.v[0].state, ZV_AG_OFFLINE);
	cr_expect_eq(act(&s, 0, ZV_AD_READY, 4), ZV_EDENIED);
	zv_agents_fini(&s);
}

Test(agent, whatever_happens_nobody_is_stuck)
{
	struct zv_agents s;
	uint64_t seed = 20261122;
	uint32_t seen[ZV_AG_STATES] = {0};
	uint32_t done = 0;

	make(&s);
	for (int64_t t = 1; t < 300000; t++) {
		uint32_t ended, who, i;
		const char *text;

		seed = zv_mix64(seed);
		i = (uint32_t)(seed % N);
		done += zv_agent_do(&s, i, (enum zv_agent_does)(seed / N % ZV_AD_MAX), 1, i, &limits,
				    t, &ended) == ZV_OK;
		cr_assert(zv_agents_check(&s, &who, &text), "agent %u %s", who, text);
		seen[s.v[i].state]++;
		/* RESERVED, TALKING and WRAPUP end by themselves. */
		cr_assert((s.v[i].state != ZV_AG_RESERVED && s.v[i].state != ZV_AG_TALKING &&
			   s.v[i].state != ZV_AG_WRAPUP) || s.v[i].deadline_ms > 0);
	}
	cr_expect_gt(done, 30000u);
	for (int st = 0; st < ZV_AG_STATES; st++)
		cr_expect_gt(seen[st], 100u, "state %d was hardly met", st);
	s.v[0].state = ZV_AG_TALKING;
	s.v[0].call = UINT32_MAX;
	{
		uint32_t who;
		const char *text;

		cr_expect_not(zv_agents_check(&s, &who, &text), "the check sees what is wrong");
	}
	zv_agents_fini(&s);
}
