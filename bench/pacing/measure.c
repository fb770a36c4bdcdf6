#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/num.h"
#include "../suite/figure.h"

#define TUNE_DAYS  6
#define TUNE_STEPS 9
#define TUNE_LARGE 7      /* ... of floors whose figures are steady */

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- 30 days as one window ---- */

#define BLOCK_DAYS 30

/* The whole block as if it were one day; waits are of its last. */
static void one_block(struct floor *floor, const struct floor_conf *day_conf, int seed, struct floor_day *ret)
{
	struct floor_conf conf = *day_conf;
	struct pacer today, yesterday;
	struct floor_day d, all = {0};

	conf.block = true;
	for (int i = 0; i < BLOCK_DAYS; i++) {
		conf.before_answered = all.base;
		conf.before_abandoned = all.abandoned;
		conf.later_ms = (int64_t)FLOOR_DAY_MS * (BLOCK_DAYS - 1 - i);
		pacer_open(&today, PACER_ZVONAR, &conf, 0);
		if (i > 0) {
			pacer_pass_on(&yesterday, &today);
			pacer_close(&yesterday);
		}
		floor_run(floor, &conf, (uint64_t)(seed * BLOCK_DAYS + i), &today.floor, &d);
		yesterday = today;
		all.busy_s += d.busy_s;
		all.staffed_s += d.staffed_s;
		all.abandoned += d.abandoned;
		all.base += d.base;
		all.placed += d.placed;
		all.cancelled += d.cancelled;
		all.events += d.events;
		all.hash = zv_mix64(all.hash ^ d.hash);
	}
	pacer_close(&yesterday);
	*ret = all;
}

static void one_day(struct floor *floor, const struct cell *cell, enum pacer_name name, double knob, int seed,
		    struct floor_day *ret_day)
{
	struct pacer pacer;

	if (name == PACER_CLAIRVOYANT) {
		floor_clairvoyant(&cell->conf, (uint64_t)seed, ret_day);
		return;
	}
	if (name == PACER_BLOCK) {
		one_block(floor, &cell->conf, seed, ret_day);
		return;
	}
	pacer_open(&pacer, name, &cell->conf, knob);
	if (name == PACER_WARM) {
		struct pacer yesterday;

		pacer_open(&yesterday, name, &cell->conf, knob);
		floor_run(floor, &cell->conf, (uint64_t)seed + 1000000, &yesterday.floor, ret_day);
		pacer_pass_on(&yesterday, &pacer);
		pacer_close(&yesterday);
	}
	floor_run(floor, &cell->conf, (uint64_t)seed, &pacer.floor, ret_day);
	pacer_close(&pacer);
}

static double share(double of, double all)
{
	return all > 0 ? of / all : 0;
}

/* Of the mean of all days, or, in a cell that compares with the bound, of the worst day but one in a
 * hundred: the bound is held to the law that the pacer is held to. */
static double abandoned_at(struct floor *floor, const struct cell *cell, enum pacer_name name, double knob, int days)
{
	struct floor_day day;
	double abandoned = 0, base = 0, worst[2] = {0, 0};

	for (int i = 1; i <= days; i++) {
		double rate;

		one_day(floor, cell, name, knob, i, &day);
		abandoned += (double)day.abandoned;
		base += (double)day.base;
		rate = share((double)day.abandoned, (double)day.base);
		if (rate > worst[0]) {
			worst[1] = worst[0];
			worst[0] = rate;
		} else if (rate > worst[1]) {
			worst[1] = rate;
		}
	}
	if (cell->group == CELL_PAST)
		return worst[days >= 100];
	return share(abandoned, base);
}

/* The largest ratio, or risk, that keeps the limit over the days; both rise evenly in the log. */
static double tune(struct floor *floor, const struct cell *cell, enum pacer_name name, int days)
{
	double low = name == PACER_RATIO ? 0 : -7, high = name == PACER_RATIO ? 4 : -0.1;
	double limit = cell->conf.limit_ppm / 1e6;

	int steps = cell->conf.agents >= 500 ? TUNE_LARGE : TUNE_STEPS;

	for (int i = 0; i < steps; i++) {
		double middle = (low + high) / 2;

		if (abandoned_at(floor, cell, name, zv_exp(middle), days) <= limit)
			low = middle;
		else
			high = middle;
	}
	return zv_exp(low);
}

bool measure_each_day;

void measure(struct floor *floor, const struct cell *cell, enum pacer_name name, int seeds, struct measured *ret)
{
	double began = now_s(), busy = 0, staffed = 0, abandoned = 0, base = 0, squares = 0, sum = 0, wait = 0, n_waits = 0;
	static uint32_t waits[512];
	struct measured m = {.days = seeds};

	memset(waits, 0, sizeof(waits));
	if (pacer_is_tuned(name))
		m.knob = tune(floor, cell, name, seeds < TUNE_DAYS || cell->group == CELL_PAST ? seeds : TUNE_DAYS);
	for (int i = 1; i <= seeds; i++) {
		struct floor_day d;
		double rate;

		one_day(floor, cell, name, m.knob, i, &d);
		busy += d.busy_s;
		staffed += d.staffed_s;
		abandoned += (double)d.abandoned;
		base += (double)d.base;
		rate = 100 * share((double)d.abandoned, (double)d.base);
		sum += rate;
		squares += rate * rate;
		m.worst = rate > m.worst ? rate : m.worst;
		m.days_over += (double)d.abandoned * 1e6 > (double)cell->conf.limit_ppm * (double)d.base;
		wait += d.wait_s;
		for (int k = 0; k < 512; k++) {
			waits[k] += d.waits[k];
			n_waits += d.waits[k];
		}
		if (measure_each_day)
			printf("%s %s seed %d: occ %.2f answered %llu abandoned %llu spare %.1f\n", cell->name, pacer_names[name], i,
			       100 * share(d.busy_s, d.staffed_s), (unsigned long long)d.base, (unsigned long long)d.abandoned,
			       (double)d.base * cell->conf.limit_ppm / 1e6 - (double)d.abandoned);
		m.placed += (double)d.placed / seeds;
		m.cancelled += (double)d.cancelled / seeds;
		m.events += d.events;
		m.hash = zv_mix64(m.hash ^ d.hash);
	}
	m.occupancy = 100 * share(busy, staffed);
	m.abandoned = 100 * share(abandoned, base);
	if (seeds > 1)
		m.abandoned_ci = 1.96 * zv_sqrt((squares - sum * sum / seeds) / (seeds - 1) / seeds + 1e-12);
	m.wait_s = share(wait, n_waits);
	m.wait_p95_s = floor_wait_quantile(waits, 0.95);
	m.seconds = now_s() - began;
	m.done = true;
	*ret = m;
}

/* ---- decisions, by the calls in flight ---- */

#define TEAM      1000u
#define DECISIONS 100000u
#define ROUNDS    5

/* The same decisions each time; the least of a decision's times is kept, so that what other
 * processes take of the machine does not count. */
static void decisions_once(uint32_t in_flight, uint32_t *took_ns)
{
	struct floor_conf conf = {.agents = TEAM, .answer = 0.1, .handle_s = 40, .ring_min_ms = 15000, .limit_ppm = 30000};
	struct pacer pacer;
	struct zv_pacer_in in = {.size = sizeof(in), .carrier_room = UINT32_MAX, .leads_left = UINT64_MAX};
	struct zv_pacer_out out = {.size = sizeof(out)};
	struct zv_pacer_event e = {.kind = ZV_PEV_AGENT, .state = ZV_AGENT_READY};
	uint32_t agent = 0, slot = 0, team = in_flight / 10 < TEAM ? in_flight / 10 : TEAM;

	/* Every call rings for the time that a full round takes; a tenth is answered, and the agent
	 * who talks longest is free for it.  What the pacer wants is not asked for: it is full. */
	conf.agents = team;
	pacer_open(&pacer, PACER_ZVONAR, &conf, 0);
	for (; agent < team; agent++) {
		e.agent = agent;
		pacer.floor.ops->event(pacer.floor.campaign, &e);
	}
	for (uint32_t i = 0; i < DECISIONS + 2 * in_flight; i++) {
		int64_t began;

		e = (struct zv_pacer_event){.at_ms = i * INT64_C(28000) / in_flight, .slot = slot++ % in_flight};
		if (i >= in_flight && e.slot % 10 == 0) {
			agent = (agent + 1) % team;
			e.kind = ZV_PEV_ANSWERED;
			pacer.floor.ops->event(pacer.floor.campaign, &e);
			e.kind = ZV_PEV_AGENT;
			e.agent = agent;
			e.state = ZV_AGENT_READY;
			pacer.floor.ops->event(pacer.floor.campaign, &e);
			e.kind = ZV_PEV_HANDED;
			pacer.floor.ops->event(pacer.floor.campaign, &e);
		} else if (i >= in_flight) {
			e.kind = e.slot % 10 < 3 ? ZV_PEV_FAILED : ZV_PEV_NOT_ANSWERED;
			pacer.floor.ops->event(pacer.floor.campaign, &e);
		}
		e.kind = ZV_PEV_PLACED;
		pacer.floor.ops->event(pacer.floor.campaign, &e);
		in.now_ms = e.at_ms;
		in.count[0].answered = (uint64_t)i / 10;
		in.lines_free = 6000;
		began = bench_ns(CLOCK_MONOTONIC);
		(void)pacer.floor.ops->decide(pacer.floor.campaign, &in, 0, &out);
		began = bench_ns(CLOCK_MONOTONIC) - began;
		if (i >= 2 * in_flight && began < took_ns[i - 2 * in_flight])
			took_ns[i - 2 * in_flight] = (uint32_t)began;
	}
	pacer_close(&pacer);
}

static void say_decisions(uint32_t in_flight, uint32_t *took_ns, bool json)
{
	struct bench_figure f = {.n = DECISIONS, .size = in_flight, .size_of = "calls", .unit = "us/decision"};
	uint32_t p50, p99;
	double sum = 0;

	for (uint32_t i = 0; i < DECISIONS; i++)
		sum += took_ns[i];
	bench_percentiles(took_ns, DECISIONS, &p50, &p99);
	f.p50 = p50 / 1e3;
	f.p99 = p99 / 1e3;
	if (!json) {
		printf("decision at %u calls in flight: p50 %.2f us, p99 %.2f us, most %.1f us\n", in_flight, f.p50, f.p99,
		       took_ns[DECISIONS - 1] / 1e3);
		return;
	}
	f.name = "pacing_decision";
	f.value = f.cpu_us = sum / DECISIONS / 1e3;
	bench_print(&f);
	f = (struct bench_figure){.name = "pacing_decision_p99", .unit = "us", .value = f.p99, .n = DECISIONS,
				  .size = in_flight, .size_of = "calls", .reach = in_flight >= 10000 ? 5 : 0};
	bench_print(&f);
}

void measure_decisions(uint32_t in_flight, bool json)
{
	static uint32_t took_ns[DECISIONS];

	memset(took_ns, 0xff, sizeof(took_ns));
	for (int i = 0; i < ROUNDS; i++)
		decisions_once(in_flight, took_ns);
	say_decisions(in_flight, took_ns, json);
}
