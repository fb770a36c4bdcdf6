/* The three pacers that come with the project, loaded by the host as plugins. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

static struct rig rig;
static struct zv_plugin_pacer pacer;
static struct zv_pacer_out out;
static int64_t now_ms;
static uint32_t next_slot;

static const struct zv_pacer_shape shape = {.size = sizeof(shape), .calls = 400, .agents = 20, .trunks = 1, .lists = 1,
	.attempts = 1, .skills = 1};

/* Opens a pacer with a campaign's section, given as YAML. */
static enum zv_err open_with(const char *path, const char *name, const char *yaml)
{
	struct zv_pacer_settings s = {.size = sizeof(s), .mode = ZV_PACE_PREDICTIVE, .n_rules = 1, .ratio_ppm = 1000000,
		.patience_ms = 2000, .ring_max_ms = 28000,
		.rules = {{.limit_ppm = 30000, .window = ZV_PACER_DAY, .end_ms = 28800000}}};
	enum zv_err err;

	now_ms = 0;
	next_slot = 0;
	pacer.ops = NULL;
	rig_open(&rig);
	cr_assert_eq(zv_plugins_load(rig.plugins, path, NULL, rig.text, sizeof(rig.text)), ZV_OK, "%s", rig.text);
	cr_assert_eq(zv_conf_parse(yaml, strlen(yaml), "t.yaml", &rig.sink, &rig.tree), ZV_OK, "%s", rig.told);
	err = zv_plugins_open_pacer(rig.plugins, name, &shape, zv_conf_get(zv_conf_root(rig.tree), "pacer"), &pacer,
				    rig.text, sizeof(rig.text));
	if (err == ZV_OK)
		cr_assert_eq(pacer.ops->set(pacer.campaign, &s), ZV_OK);
	else
		pacer.ops = NULL;
	return err;
}

static void done(void)
{
	zv_plugins_close_pacer(&pacer);
	rig_close(&rig);
}

static void agents(uint32_t n, uint8_t state)
{
	for (uint32_t a = 0; a < n; a++)
		pacer.ops->event(pacer.campaign, &(struct zv_pacer_event){
			.at_ms = now_ms, .kind = ZV_PEV_AGENT, .agent = a, .state = state});
}

static void call(uint8_t kind, uint32_t slot)
{
	pacer.ops->event(pacer.campaign, &(struct zv_pacer_event){.at_ms = now_ms, .kind = kind, .slot = slot});
}

/* Asks, and places what it wants. */
static uint32_t ask(void)
{
	struct zv_pacer_in in = {.size = sizeof(in), .now_ms = now_ms, .lines_free = 400, .carrier_room = UINT32_MAX,
		.leads_left = 1000000};

	memset(&out, 0xee, sizeof(out));
	cr_assert_eq(pacer.ops->decide(pacer.campaign, &in, 1, &out), ZV_OK);
	cr_assert_gt(out.next_ms, now_ms);
	cr_assert_eq(out.n_cancel, 0);
	for (uint32_t i = 0; i < out.place; i++)
		call(ZV_PEV_PLACED, next_slot++);
	return out.place;
}

Test(plugin_pacer, a_ratio_of_one_and_a_half_gives_three_calls_to_two_agents)
{
	cr_assert_eq(open_with(RATIO_SO, "pacer_ratio", "pacer: {plugin: pacer_ratio, ratio: 1.5}"), ZV_OK, "%s", rig.told);
	cr_assert_eq(ask(), 0, "nobody is there");
	agents(4, ZV_AGENT_READY);
	cr_assert_eq(ask(), 6);
	cr_assert_eq(ask(), 0, "they are under way");
	call(ZV_PEV_NOT_ANSWERED, 0);
	cr_assert_eq(ask(), 1);
	agents(4, ZV_AGENT_OUT);
	call(ZV_PEV_NOT_ANSWERED, 1);
	cr_assert_eq(ask(), 0);
	done();
}

Test(plugin_pacer, a_bad_section_is_refused_with_its_place)
{
	cr_assert_eq(open_with(RATIO_SO, "pacer_ratio", "pacer:\n  ratio: much"), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.told, "t.yaml:2"), "%s", rig.told);
	done();
	cr_assert_eq(open_with(ADAPTIVE_SO, "pacer_adaptive", "pacer:\n  max: 0.5"), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.told, "t.yaml:2"), "%s", rig.told);
	done();
	cr_assert_eq(open_with(ERLANG_SO, "pacer_erlang", "pacer:\n  late: 90"), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.told, "t.yaml:2"), "%s", rig.told);
	done();
	cr_assert_eq(open_with(ERLANG_SO, "pacer_erlang", "pacer:\n  soon: 9"), ZV_EINVAL);
	done();
}

Test(plugin_pacer, the_adaptive_level_rises_while_agents_wait)
{
	uint32_t first;

	cr_assert_eq(open_with(ADAPTIVE_SO, "pacer_adaptive", "pacer: {plugin: pacer_adaptive, max: 3}"), ZV_OK);
	agents(10, ZV_AGENT_READY);
	first = ask();
	cr_assert_eq(first, 10, "the level begins at 1");
	for (; now_ms < 16000; now_ms += 500)
		(void)ask();
	(void)ask();
	cr_assert_eq(next_slot, 20, "all idle for 15 s: the level doubles, so %u are under way", next_slot);
	for (; now_ms < 120000; now_ms += 500)
		(void)ask();
	cr_assert_eq(next_slot, 30, "and not beyond the highest");
	done();
}

/* Reference: C(10, a) exp(-(10 - a) 2 / 60) <= 0.03 by hand: a = 4.97 erlangs, 0.0828 answers a second. */
Test(plugin_pacer, erlang_dials_at_the_rate_of_the_formula)
{
	uint32_t n = 0, agent = 0;

	cr_assert_eq(open_with(ERLANG_SO, "pacer_erlang", "pacer: {plugin: pacer_erlang, late: 3}"), ZV_OK, "%s", rig.told);
	cr_assert_eq(ask(), 0, "nobody is there");
	agents(10, ZV_AGENT_READY);
	/* learn: half of the calls are answered, a talk takes a minute */
	for (int i = 0; i < 3000; i++) {
		call(ZV_PEV_PLACED, 399);
		if (i % 2 == 0) {
			call(ZV_PEV_NOT_ANSWERED, 399);
			continue;
		}
		call(ZV_PEV_ANSWERED, 399);
		agent = (agent + 1) % 10;
		pacer.ops->event(pacer.campaign, &(struct zv_pacer_event){
			.at_ms = now_ms, .kind = ZV_PEV_HANDED, .slot = 399, .agent = agent});
		now_ms += 60000;
		pacer.ops->event(pacer.campaign, &(struct zv_pacer_event){
			.at_ms = now_ms, .kind = ZV_PEV_AGENT, .agent = agent, .state = ZV_AGENT_READY});
	}
	(void)ask();
	for (int i = 0; i < 36000; i++) {
		now_ms += 100;
		n += ask();
		while (next_slot > 0)
			call(ZV_PEV_CANCELLED, --next_slot);
	}
	cr_assert_float_eq(n / 3600.0, 4.97 / 60 / 0.5, 0.004, "%u calls in an hour", n);
	done();
}

Test(plugin_pacer, the_samples_are_read)
{
	static const char *const so[] = {RATIO_SO, ADAPTIVE_SO, ERLANG_SO};
	static const char *const names[] = {"pacer_ratio", "pacer_adaptive", "pacer_erlang"};

	for (int i = 0; i < 3; i++) {
		char path[512];

		rig_open(&rig);
		cr_assert_eq(zv_plugins_load(rig.plugins, so[i], NULL, rig.text, sizeof(rig.text)), ZV_OK, "%s", rig.text);
		(void)snprintf(path, sizeof(path), "%s/%s/sample.yaml", PLUGINS_DIR, names[i]);
		cr_assert_eq(zv_conf_read(path, &rig.sink, &rig.tree), ZV_OK, "%s", rig.told);
		cr_assert_eq(zv_plugins_open_pacer(rig.plugins, names[i], &shape,
						   zv_conf_get(zv_conf_root(rig.tree), "pacer"), &pacer, rig.text,
						   sizeof(rig.text)), ZV_OK, "%s", rig.told);
		done();
	}
}

Test(plugin_pacer, a_pacer_is_no_strategy_and_a_strategy_no_pacer)
{
	rig_open(&rig);
	cr_assert_eq(zv_plugins_load(rig.plugins, RATIO_SO, NULL, rig.text, sizeof(rig.text)), ZV_OK, "%s", rig.text);
	cr_assert_eq(rig_load(&rig, "good"), ZV_OK, "%s", rig.text);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "pacer_ratio"), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.text, "not a strategy"), "%s", rig.text);
	cr_assert_eq(zv_plugins_open_pacer(rig.plugins, "fixture", &shape, NULL, &pacer, rig.text, sizeof(rig.text)),
		     ZV_EINVAL);
	cr_assert_not_null(strstr(rig.text, "not a pacer"), "%s", rig.text);
	cr_assert_eq(zv_plugins_open_pacer(rig.plugins, "none", &shape, NULL, &pacer, rig.text, sizeof(rig.text)),
		     ZV_ENOENT);
	rig_close(&rig);
}

Test(plugin_pacer, events_that_do_not_fit_change_nothing)
{
	cr_assert_eq(open_with(RATIO_SO, "pacer_ratio", "pacer: {ratio: 2}"), ZV_OK);
	agents(2, ZV_AGENT_READY);
	call(ZV_PEV_ABANDONED, 3);
	call(ZV_PEV_PLACED, 4000000000u);
	call(99, 1);
	pacer.ops->event(pacer.campaign, &(struct zv_pacer_event){.kind = ZV_PEV_AGENT, .agent = 77, .state = 1});
	pacer.ops->event(pacer.campaign, &(struct zv_pacer_event){.kind = ZV_PEV_AGENT, .agent = 1, .state = 9});
	cr_assert_eq(ask(), 4);
	done();
}
