/* The engine's own pacer, driven event by event. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "dial/pacing/predictive.h"

#define CALLS  2000
#define AGENTS 50

static const struct zv_pacer_ops *const ops = &zv_predictive_ops;
static void *pacer;
static struct zv_pacer_settings settings;
static struct zv_pacer_in in;
static struct zv_pacer_out out;
static uint8_t ringing[CALLS]; /* the test's own view: 1 = rings */
static int64_t placed_ms[CALLS];
static uint32_t next_slot;

static void open_pacer(uint8_t mode)
{
	struct zv_pacer_shape shape = {.size = sizeof(shape), .calls = CALLS, .agents = AGENTS, .trunks = 1, .lists = 2,
		.attempts = 1, .skills = 1};

	settings = (struct zv_pacer_settings){.size = sizeof(settings), .mode = mode, .n_rules = 1, .cancel = 1,
		.ratio_ppm = 1500000, .ring_min_ms = 15000, .ring_max_ms = 28000, .patience_ms = 2000,
		.rules = {{.limit_ppm = 30000, .window = ZV_PACER_DAY, .end_ms = 28800000}}};
	in = (struct zv_pacer_in){.size = sizeof(in), .lines_free = CALLS, .carrier_room = UINT32_MAX,
		.leads_left = 1000000};
	memset(ringing, 0, sizeof(ringing));
	next_slot = 0;
	cr_assert_eq(ops->open_campaign(NULL, &shape, NULL, &pacer), ZV_OK);
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
}

static void close_pacer(void)
{
	ops->close_campaign(NULL, pacer);
}

static void call(uint8_t kind, uint32_t slot)
{
	ringing[slot] = kind == ZV_PEV_PLACED;
	if (kind == ZV_PEV_PLACED)
		placed_ms[slot] = in.now_ms;
	ops->event(pacer, &(struct zv_pacer_event){.at_ms = in.now_ms, .kind = kind, .slot = slot, .hour = 9});
}

static void agent(uint32_t a, uint8_t state)
{
	ops->event(pacer, &(struct zv_pacer_event){.at_ms = in.now_ms, .kind = ZV_PEV_AGENT, .agent = a, .state = state});
}

static void hand(uint32_t slot, uint32_t a)
{
	ops->event(pacer, &(struct zv_pacer_event){
			.at_ms = in.now_ms, .kind = ZV_PEV_HANDED, .slot = slot, .agent = a});
}

static void agents(uint32_t n, uint8_t state)
{
	for (uint32_t a = 0; a < n; a++)
		agent(a, state);
}

/* Asks; cancels what it says, and places what it wants. */
static uint32_t ask(void)
{
	memset(&out, 0xee, sizeof(out));
	cr_assert_eq(ops->decide(pacer, &in, 1, &out), ZV_OK);
	cr_assert_gt(out.next_ms, in.now_ms);
	cr_assert_leq(out.n_cancel, ZV_PACER_CANCELS);
	for (uint32_t i = 0; i < out.n_cancel; i++) {
		cr_assert_lt(out.cancel[i], CALLS);
		cr_assert(ringing[out.cancel[i]], "%u does not ring", out.cancel[i]);
		cr_assert_geq(in.now_ms - placed_ms[out.cancel[i]], 15000, "cancelled below the least ring time");
		call(ZV_PEV_CANCELLED, out.cancel[i]);
	}
	for (uint32_t i = 0; i < out.place; i++) {
		while (ringing[next_slot % CALLS])
			next_slot++;
		call(ZV_PEV_PLACED, next_slot++ % CALLS);
	}
	return out.place;
}

/* A small floor: a share p is answered after 8 to 14 s, the others ring 28 s; talks of 30 to 90 s
 * and none to wrap up; who waits two seconds is gone. */
struct small {
	struct zv_rng rng;
	int64_t ends_ms[CALLS], free_ms[AGENTS];
	uint8_t answers[CALLS], busy[AGENTS];
	uint32_t agents, waiting[CALLS], n_waiting;
	int64_t since_ms[CALLS];
	double p;
	uint64_t hash;
};

static void small_hand(struct small *w)
{
	for (uint32_t a = 0; a < w->agents && w->n_waiting > 0; a++) {
		if (w->busy[a])
			continue;
		hand(w->waiting[0], a);
		memmove(w->waiting, w->waiting + 1, --w->n_waiting * sizeof(w->waiting[0]));
		w->busy[a] = 1;
		w->free_ms[a] = in.now_ms + 30000 + zv_rng_index(&w->rng, 60000);
	}
}

static void small_step(struct small *w)
{
	in.now_ms += 250;
	for (uint32_t a = 0; a < w->agents; a++) {
		if (w->busy[a] && w->free_ms[a] <= in.now_ms) {
			w->busy[a] = 0;
			agent(a, ZV_AGENT_READY);
		}
	}
	for (uint32_t s = 0; s < CALLS; s++) {
		if (!ringing[s] || w->ends_ms[s] > in.now_ms)
			continue;
		call(w->answers[s] ? ZV_PEV_ANSWERED : ZV_PEV_NOT_ANSWERED, s);
		if (w->answers[s]) {
			in.count[0].answered++;
			w->since_ms[s] = in.now_ms;
			w->waiting[w->n_waiting++] = s;
		}
	}
	small_hand(w);
	while (w->n_waiting > 0 && in.now_ms - w->since_ms[w->waiting[0]] >= 2000) {
		call(ZV_PEV_ABANDONED, w->waiting[0]);
		in.count[0].abandoned++;
		memmove(w->waiting, w->waiting + 1, --w->n_waiting * sizeof(w->waiting[0]));
	}
	(void)ask();
	for (uint32_t s = 0; s < CALLS; s++) {
		if (ringing[s] && placed_ms[s] == in.now_ms) {
			w->answers[s] = zv_rng_uniform(&w->rng) < w->p;
			w->ends_ms[s] = in.now_ms + (w->answers[s] ? 8000 + zv_rng_index(&w->rng, 6000) : 28000);
		}
	}
	w->hash = zv_mix64(w->hash ^ (uint64_t)out.place << 32 ^ out.n_cancel);
}

static void small_run(struct small *w, uint64_t seed, uint32_t n, double p, int64_t ms)
{
	memset(w, 0, sizeof(*w));
	zv_rng_init(&w->rng, seed, 1);
	w->agents = n;
	w->p = p;
	agents(n, ZV_AGENT_READY);
	for (int64_t end = in.now_ms + ms; in.now_ms < end;)
		small_step(w);
}

static struct small world;

Test(pacer_predictive, no_agents_no_calls)
{
	for (uint8_t mode = ZV_PACE_PREVIEW; mode <= ZV_PACE_DEADLINE; mode++) {
		open_pacer(mode);
		settings.robot_agents = 1;
		settings.deadline_ms = 3600000;
		cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
		for (int i = 0; i < 100; i++) {
			in.now_ms += 100;
			cr_assert_eq(ask(), 0, "mode %d", mode);
		}
		cr_assert_eq(out.figures.why, ZV_WHY_NO_AGENTS, "mode %d", mode);
		close_pacer();
	}
}

Test(pacer_predictive, with_no_data_it_is_progressive)
{
	open_pacer(ZV_PACE_PREDICTIVE);
	agents(10, ZV_AGENT_READY);
	cr_assert_eq(ask(), 10);
	cr_assert_eq(ask(), 0);
	cr_assert_eq(out.figures.why, ZV_WHY_LEARNING);
	close_pacer();
}

Test(pacer_predictive, simple_modes_count_idle_agents)
{
	open_pacer(ZV_PACE_PROGRESSIVE);
	agents(7, ZV_AGENT_READY);
	cr_assert_eq(ask(), 7);
	close_pacer();
	open_pacer(ZV_PACE_RATIO);
	agents(6, ZV_AGENT_READY);
	cr_assert_eq(ask(), 9, "1.5 calls an idle agent");
	close_pacer();
	open_pacer(ZV_PACE_PREVIEW);
	agents(3, ZV_AGENT_READY);
	cr_assert_eq(ask(), 3);
	close_pacer();
}

Test(pacer_predictive, robots_alone_are_paced_by_lines_and_carriers)
{
	open_pacer(ZV_PACE_ROBOT);
	in.lines_free = 30;
	cr_assert_eq(ask(), 30);
	in.lines_free = 100;
	in.carrier_room = 4;
	cr_assert_eq(ask(), 4);
	cr_assert_eq(out.figures.why, ZV_WHY_CARRIER);
	in.carrier_room = 1000;
	in.leads_left = 2;
	cr_assert_eq(ask(), 2);
	close_pacer();
}

Test(pacer_predictive, a_rate_limit_is_kept_and_a_stall_is_not_caught_up)
{
	uint32_t n = 0;

	open_pacer(ZV_PACE_ROBOT);
	settings.rate_max_mcps = 10000;
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
	in.lines_free = 1000;
	for (int i = 0; i < 100; i++) {
		in.now_ms += 100;
		n += ask();
	}
	cr_assert(n >= 98 && n <= 101, "%u in ten seconds", n);
	in.now_ms += 60000;
	cr_assert_leq(ask(), 1);
	close_pacer();
}

Test(pacer_predictive, it_keeps_a_small_team_busy_and_the_day_lawful)
{
	double busy = 0;

	open_pacer(ZV_PACE_PREDICTIVE);
	settings.rules[0].end_ms = 7200000;
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
	small_run(&world, 3, 5, 0.3, 7200000);
	busy = (double)in.count[0].answered * 60 / (5 * 7200);
	cr_assert_leq(in.count[0].abandoned * 100, in.count[0].answered * 3, "%d of %d", (int)in.count[0].abandoned,
		      (int)in.count[0].answered);
	cr_assert_gt(busy, 0.6, "%g", busy);
	close_pacer();
}

Test(pacer_predictive, the_same_events_give_the_same_decisions)
{
	uint64_t hash[2];

	for (int i = 0; i < 2; i++) {
		open_pacer(ZV_PACE_PREDICTIVE);
		small_run(&world, 11, 20, 0.25, 900000);
		hash[i] = world.hash;
		close_pacer();
	}
	cr_assert_eq(hash[0], hash[1]);
	cr_assert_neq(hash[0], 0);
}

Test(pacer_predictive, when_the_agents_go_the_youngest_ripe_calls_are_cancelled_first)
{
	uint32_t first[ZV_PACER_CANCELS], n;
	int64_t last;

	open_pacer(ZV_PACE_PREDICTIVE);
	small_run(&world, 6, 20, 0.2, 1800000); /* after which some have rung for 15 s */
	cr_assert_gt(in.count[0].answered, 50);
	agents(20, ZV_AGENT_OUT);
	in.now_ms += 1;
	cr_assert_eq(ops->decide(pacer, &in, 0, &out), ZV_OK);
	cr_assert_eq(out.place, 0);
	cr_assert_gt(out.n_cancel, 0);
	n = out.n_cancel;
	memcpy(first, out.cancel, sizeof(first));
	last = INT64_MAX;
	for (uint32_t i = 0; i < n; i++) {
		cr_assert(ringing[first[i]]);
		cr_assert_geq(in.now_ms - placed_ms[first[i]], 15000, "below the least ring time");
		cr_assert_leq(placed_ms[first[i]], last, "a younger one came later");
		last = placed_ms[first[i]];
		call(ZV_PEV_CANCELLED, first[i]);
	}
	/* those that were too young follow as they ripen, and none before (ask() asserts it) */
	for (int i = 0; i < 60; i++) {
		in.now_ms += 500;
		cr_assert_eq(ask(), 0);
	}
	for (uint32_t s = 0; s < CALLS; s++)
		cr_assert_not(ringing[s], "slot %u still rings", s);
	close_pacer();
}

Test(pacer_predictive, without_leave_to_cancel_it_never_does)
{
	open_pacer(ZV_PACE_PREDICTIVE);
	settings.cancel = 0;
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
	small_run(&world, 5, 20, 0.2, 900000);
	agents(20, ZV_AGENT_OUT);
	for (int i = 0; i < 60; i++) {
		in.now_ms += 500;
		(void)ask();
		cr_assert_eq(out.n_cancel, 0);
	}
	close_pacer();
}

Test(pacer_predictive, a_dead_trunk_is_probed_once_a_second_and_comes_back)
{
	uint32_t n = 0;

	open_pacer(ZV_PACE_PREDICTIVE);
	small_run(&world, 7, 20, 0.2, 900000);
	agents(5, ZV_AGENT_READY); /* for whom a probe may be answered */
	for (int i = 0; i < 3000; i++) { /* everything fails at once */
		in.now_ms += 100;
		if (i > 600)
			n += ask();
		else
			(void)ask();
		for (uint32_t s = 0; s < CALLS; s++) {
			if (ringing[s])
				call(ZV_PEV_FAILED, s);
		}
	}
	cr_assert(n > 200 && n < 260, "%u in four minutes", n);
	cr_assert_eq(out.figures.why, ZV_WHY_TRUNK);
	cr_assert_float_eq((double)out.figures.answer_ppm, 200000, 50000, "the outage taught nothing about people: %u",
			   out.figures.answer_ppm);
	for (int i = 0; i < 200; i++) { /* probes ring again */
		in.now_ms += 250;
		(void)ask();
		for (uint32_t s = 0; s < CALLS; s++) {
			if (ringing[s] && in.now_ms - placed_ms[s] > 5000)
				call(ZV_PEV_NOT_ANSWERED, s);
		}
	}
	cr_assert_neq(out.figures.why, ZV_WHY_TRUNK);
	close_pacer();
}

Test(pacer_predictive, what_it_learned_goes_over_to_the_next_day)
{
	size_t size, again;
	uint8_t *bytes, *other;

	open_pacer(ZV_PACE_PREDICTIVE);
	small_run(&world, 13, 20, 0.2, 3600000);
	(void)ask();
	cr_assert_float_eq((double)out.figures.answer_ppm, 200000, 30000, "%u", out.figures.answer_ppm);
	size = ops->save(pacer, NULL, 0);
	bytes = malloc(size);
	other = malloc(size);
	cr_assert_not_null(bytes);
	cr_assert_not_null(other);
	cr_assert_eq(ops->save(pacer, bytes, size), size);
	close_pacer();

	open_pacer(ZV_PACE_PREDICTIVE);
	cr_assert_eq(ops->load(pacer, bytes, size), ZV_OK);
	agents(20, ZV_AGENT_READY);
	cr_assert_gt(ask(), 20, "it knows the people from the first call on");
	cr_assert_float_eq((double)out.figures.answer_ppm, 200000, 40000);
	cr_assert_float_eq((double)out.figures.handle_ms, 60000, 6000);
	close_pacer();

	/* a second time round nothing is lost in the bytes */
	open_pacer(ZV_PACE_PREDICTIVE);
	cr_assert_eq(ops->load(pacer, bytes, size), ZV_OK);
	again = ops->save(pacer, NULL, 0);
	cr_assert_eq(again, size);
	cr_assert_eq(ops->save(pacer, other, size), size);
	close_pacer();
	free(bytes);
	free(other);
}

Test(pacer_predictive, damaged_or_foreign_bytes_are_refused_and_change_nothing)
{
	size_t size;
	uint8_t *bytes;
	uint32_t fresh;

	open_pacer(ZV_PACE_PREDICTIVE);
	small_run(&world, 13, 20, 0.2, 600000);
	size = ops->save(pacer, NULL, 0);
	bytes = malloc(size);
	cr_assert_not_null(bytes);
	(void)ops->save(pacer, bytes, size);
	close_pacer();
	open_pacer(ZV_PACE_PREDICTIVE);
	for (size_t i = 0; i < size; i += 37) {
		bytes[i] ^= 0x40;
		cr_assert_neq(ops->load(pacer, bytes, size), ZV_OK, "byte %zu", i);
		bytes[i] ^= 0x40;
	}
	cr_assert_eq(ops->load(pacer, bytes, size - 1), ZV_ECORRUPT);
	cr_assert_eq(ops->load(pacer, bytes, 3), ZV_ECORRUPT);
	bytes[4] ^= 2;
	cr_assert_eq(ops->load(pacer, bytes, size), ZV_EVERSION);
	bytes[4] ^= 2;
	agents(10, ZV_AGENT_READY);
	fresh = ask();
	cr_assert_eq(fresh, 10, "as if nothing had been loaded");
	close_pacer();
	free(bytes);
}

Test(pacer_predictive, a_deadline_is_watched_and_not_outrun)
{
	uint64_t needed;

	open_pacer(ZV_PACE_DEADLINE);
	settings.deadline_ms = 3600000;
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
	in.leads_left = 100000; /* 28 a second: hopeless for 10 agents */
	small_run(&world, 17, 10, 0.3, 900000);
	cr_assert_eq(out.figures.alarm, 1);
	cr_assert_gt(out.figures.eta_s, 3600);
	close_pacer();

	open_pacer(ZV_PACE_DEADLINE);
	settings.deadline_ms = 36000000;
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
	in.leads_left = 1500; /* one in 24 s is enough */
	small_run(&world, 17, 10, 0.3, 1800000);
	needed = 1500 * 1800 / 36000;
	cr_assert_lt(next_slot, needed * 3, "%u placed where %u were enough", next_slot, (unsigned)needed);
	cr_assert_geq(next_slot, needed);
	cr_assert_eq(out.figures.alarm, 0);
	close_pacer();
}

Test(pacer_predictive, settings_that_make_no_sense_are_refused)
{
	open_pacer(ZV_PACE_PREDICTIVE);
	settings.mode = 9;
	cr_assert_eq(ops->set(pacer, &settings), ZV_EINVAL);
	settings.mode = ZV_PACE_PREDICTIVE;
	settings.n_rules = ZV_PACER_RULES + 1;
	cr_assert_eq(ops->set(pacer, &settings), ZV_EINVAL);
	close_pacer();
}

Test(pacer_predictive, any_events_in_any_order_do_no_harm)
{
	struct zv_rng rng;

	open_pacer(ZV_PACE_ROBOT);
	settings.robot_agents = 1;
	cr_assert_eq(ops->set(pacer, &settings), ZV_OK);
	zv_rng_init(&rng, 23, 1);
	for (int i = 0; i < 200000; i++) {
		struct zv_pacer_event e = {.at_ms = in.now_ms, .kind = (uint8_t)zv_rng_index(&rng, 14),
			.slot = zv_rng_index(&rng, 40), .agent = zv_rng_index(&rng, AGENTS + 2),
			.state = (uint8_t)zv_rng_index(&rng, 5), .hour = (uint8_t)zv_rng_index(&rng, 24),
			.list = (uint16_t)zv_rng_index(&rng, 5), .score_ppm = zv_rng_index(&rng, 1200000)};

		ops->event(pacer, &e);
		in.now_ms += zv_rng_index(&rng, 400);
		in.count[0].answered += zv_rng_index(&rng, 2);
		cr_assert_eq(ops->decide(pacer, &in, 1, &out), ZV_OK);
		cr_assert_leq(out.n_cancel, ZV_PACER_CANCELS);
		cr_assert_leq(out.figures.in_flight, 40);
		cr_assert_leq(out.figures.idle + out.figures.busy, AGENTS);
	}
	/* all agents leave, all calls end: nothing is left in the sums */
	for (uint32_t a = 0; a < AGENTS; a++)
		agent(a, ZV_AGENT_OUT);
	for (uint32_t s = 0; s < 40; s++)
		ops->event(pacer, &(struct zv_pacer_event){.at_ms = in.now_ms, .kind = ZV_PEV_CANCELLED, .slot = s});
	cr_assert_eq(ops->decide(pacer, &in, 1, &out), ZV_OK);
	cr_assert_eq(out.place, 0);
	cr_assert_eq(out.figures.in_flight, 0);
	cr_assert_eq(out.figures.answers_milli, 0);
	cr_assert_eq(out.figures.frees_milli, 0);
	close_pacer();
}
