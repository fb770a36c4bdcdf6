/* The plugin thread: rings in and out, a deadline that holds even if the plugin never comes back. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

#define SLABS   64
#define WAIT_MS 10000

static struct rig rig;
static struct zv_plugin_run run;
static _Atomic bool stop;
static pthread_t thread;
static int commands_fd, events_fd;
static int64_t now_ms;

static void *main_of_thread(void *arg)
{
	(void)arg;
	return zv_plugin_thread(&run, &stop) == ZV_OK ? &run : NULL;
}

static void start(uint32_t n_events)
{
	now_ms = rig_ms("Europe/Moscow", "2026-11-23 10:00");
	atomic_store(&stop, false); /* the tests may share a process */
	commands_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	events_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	run.plugins = rig.plugins;
	run.slabs.n = SLABS;
	run.slabs.v = calloc(SLABS, sizeof(struct zv_offer));
	run.wake_fd = commands_fd;
	cr_assert_not_null(run.slabs.v);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_cmd), 256, commands_fd, &run.commands), ZV_OK);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_event), n_events, events_fd, &run.events), ZV_OK);
	cr_assert_eq(pthread_create(&thread, NULL, main_of_thread, NULL), 0);
}

static void finish(void)
{
	void *said;

	atomic_store(&stop, true);
	pthread_join(thread, &said);
	cr_assert_eq(said, &run);
	zv_ring_destroy(run.commands);
	zv_ring_destroy(run.events);
	free(run.slabs.v);
	close(commands_fd);
	close(events_fd);
}

static void ask(uint32_t slab, uint32_t campaign)
{
	struct zv_cmd cmd = {.type = ZV_CMD_ASK, .campaign = campaign, .cal_ms = now_ms};
	struct rig_lead lead;

	rig_lead(&rig, &lead, "Europe/Moscow", slab);
	lead.offer.campaign = campaign;
	lead.offer.n_history = 1;
	lead.offer.history[0] = (struct zv_attempt_brief){.at_ms = now_ms, .outcome = ZV_OUT_NO_ANSWER};
	run.slabs.v[slab] = lead.offer;
	cmd.u.lead.slab = slab;
	cmd.attempt = (struct zv_attempt_id){1, slab};
	cr_assert_eq(zv_ring_push(run.commands, &cmd), ZV_OK);
}

static struct zv_event answer(void)
{
	struct pollfd p = {.fd = events_fd, .events = POLLIN};
	struct zv_event ev;
	uint64_t count;

	while (zv_ring_pop(run.events, &ev, 1) == 0) {
		if (!zv_ring_arm(run.events))
			continue;
		cr_assert_eq(poll(&p, 1, WAIT_MS), 1, "no answer came");
		cr_assert_eq(read(events_fd, &count, sizeof(count)), sizeof(count));
	}
	cr_assert_eq(ev.type, ZV_EV_STEP);
	cr_assert_eq(ev.leg.slot, ev.u.step.slab);
	cr_assert_eq(ev.attempt.lo, ev.leg.slot);
	return ev;
}

static struct zv_plugin_stats stats_of(uint32_t i)
{
	struct zv_plugin_stats stats;

	cr_assert_eq(zv_plugins_get_stats(rig.plugins, i, &stats), ZV_OK);
	return stats;
}

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The gate of a loaded fixture. */
static _Atomic int *gate_of(const char *fixture)
{
	char path[512];
	void *module, *gate;

	(void)snprintf(path, sizeof(path), "%s/fixture_%s.so", FIXTURE_DIR, fixture);
	module = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	cr_assert_not_null(module);
	gate = dlsym(module, "fixture_gate");
	cr_assert_not_null(gate);
	atomic_store((_Atomic int *)gate, 0);
	return gate; /* the module stays: the test ends with the process */
}

Test(plugin_thread, answers_every_question_even_when_nobody_takes_them_for_a_while, .timeout = 60)
{
	bool seen[SLABS] = {false};

	rig_open_with(&rig, 5000, 3);
	cr_assert_eq(rig_load(&rig, "good"), ZV_OK);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "fixture"), ZV_OK);
	start(4); /* a ring that is full at once */
	for (uint32_t i = 0; i < SLABS; i++)
		ask(i, RIG_CAMPAIGN);
	for (uint32_t i = 0; i < SLABS; i++) {
		struct zv_event ev = answer();

		cr_assert(!seen[ev.leg.slot]);
		seen[ev.leg.slot] = true;
		cr_assert_eq(ev.u.step.fallback, 0);
		cr_assert_eq(ev.u.step.due_ms, now_ms + 3600000);
	}
	finish();
	cr_assert_eq(stats_of(0).answered, SLABS);
	rig_close(&rig);
}

Test(plugin_thread, one_that_does_not_come_back_gets_the_default_and_harms_nobody_else, .timeout = 60)
{
	_Atomic int *gate;
	int64_t start_ms, end_ms;
	struct zv_event ev;

	rig_open_with(&rig, 200, 1000);
	cr_assert_eq(rig_load(&rig, "stuck"), ZV_OK);
	cr_assert_eq(rig_load(&rig, "good"), ZV_OK);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "stuck"), ZV_OK);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN + 1, "fixture"), ZV_OK);
	gate = gate_of("stuck");
	start(64);
	start_ms = mono_ms();
	ask(1, RIG_CAMPAIGN);
	ev = answer();
	cr_assert_eq(ev.u.step.fallback, 1);
	cr_assert_geq(mono_ms() - start_ms, 199, "it did not get its time");
	/* Now it is out: others are served, its own questions get the default without a wait. */
	ask(2, RIG_CAMPAIGN + 1);
	cr_assert_eq(answer().u.step.fallback, 0);
	for (uint32_t i = 3; i < 13; i++) {
		ask(i, RIG_CAMPAIGN);
		cr_assert_eq(answer().u.step.fallback, 1);
	}
	cr_assert_eq(stats_of(0).overruns, 1);
	/* It comes back: its late answer goes nowhere, and then it is asked again. */
	atomic_store(gate, 1);
	end_ms = mono_ms() + WAIT_MS;
	while (stats_of(0).late == 0) {
		cr_assert_lt(mono_ms(), end_ms, "it never came back");
		sched_yield();
	}
	cr_assert_eq(zv_ring_pop(run.events, &ev, 1), 0, "the late answer was passed on");
	ask(20, RIG_CAMPAIGN);
	ev = answer();
	cr_assert_eq(ev.leg.slot, 20);
	cr_assert_eq(ev.u.step.fallback, 0);
	cr_assert_eq(stats_of(0).strikes, 0);
	finish();
	rig_close(&rig);
}

Test(plugin_thread, one_that_stays_out_is_disabled_and_the_end_does_not_wait_for_it, .timeout = 60)
{
	_Atomic int *gate;
	int64_t end_ms = mono_ms() + WAIT_MS, start_ms;

	rig_open_with(&rig, 20, 3);
	cr_assert_eq(rig_load(&rig, "stuck"), ZV_OK);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "stuck"), ZV_OK);
	gate = gate_of("stuck");
	start(64);
	while (!stats_of(0).disabled) {
		cr_assert_lt(mono_ms(), end_ms, "it is never disabled");
		ask(1, RIG_CAMPAIGN);
		cr_assert_eq(answer().u.step.fallback, 1);
	}
	start_ms = mono_ms();
	finish();
	cr_assert_lt(mono_ms() - start_ms, 5000);
	zv_plugins_destroy(rig.plugins); /* neither waits nor unloads what still runs */
	atomic_store(gate, 1);
	zv_conf_free(rig.tree);
}

Test(plugin_thread, a_campaign_without_a_strategy_gets_the_default, .timeout = 60)
{
	rig_open_with(&rig, 1000, 3);
	start(64);
	ask(5, 12345);
	cr_assert_eq(answer().u.step.fallback, 1);
	finish();
	rig_close(&rig);
}
