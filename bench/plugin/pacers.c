/* The pacers that come as plugins, loaded and opened by the host; calls come and go at a steady pace, a
 * tenth is answered, and each change is followed by a decision. */
#include <string.h>

#include "bench_plugin.h"

#define RING_MS 28000

static void tell(const struct zv_plugin_pacer *p, int64_t at_ms, uint8_t kind, uint32_t slot)
{
	p->ops->event(p->campaign, &(struct zv_pacer_event){.at_ms = at_ms, .kind = kind, .slot = slot});
}

static void agent_is(const struct zv_plugin_pacer *p, int64_t at_ms, uint32_t agent, uint8_t state)
{
	p->ops->event(p->campaign, &(struct zv_pacer_event){.at_ms = at_ms, .kind = ZV_PEV_AGENT, .agent = agent, .state = state});
}

/* The call in the slot ends, another begins. */
static void change(const struct zv_plugin_pacer *p, int64_t at_ms, uint32_t turn, uint32_t slot, uint32_t agents)
{
	uint32_t agent = turn / 10 % agents;

	if (turn % 10 == 0) {
		tell(p, at_ms, ZV_PEV_ANSWERED, slot);
		agent_is(p, at_ms, agent, ZV_AGENT_READY);
		p->ops->event(p->campaign, &(struct zv_pacer_event){
			.at_ms = at_ms, .kind = ZV_PEV_HANDED, .slot = slot, .agent = agent});
	} else {
		tell(p, at_ms, turn % 10 < 3 ? ZV_PEV_FAILED : ZV_PEV_NOT_ANSWERED, slot);
	}
	tell(p, at_ms, ZV_PEV_PLACED, slot);
}

static bool decide_all(const struct host *h, const struct zv_plugin_pacer *p, uint32_t calls, uint32_t *ns)
{
	uint32_t agents = calls < 10 ? 1 : calls / 10;
	struct zv_pacer_in in = {.size = sizeof(in), .lines_free = 0, .carrier_room = UINT32_MAX, .leads_left = UINT64_MAX};
	struct zv_pacer_out out = {.size = sizeof(out)};

	for (uint32_t a = 0; a < agents; a++)
		agent_is(p, 0, a, ZV_AGENT_READY);
	for (uint32_t slot = 0; slot < calls; slot++)
		tell(p, 1, ZV_PEV_PLACED, slot);
	for (uint32_t i = 0; i < h->questions + calls; i++) {
		int64_t at_ms = 2 + i * (int64_t)RING_MS / calls, began;
		enum zv_err err;

		change(p, at_ms, i, i % calls, agents);
		in.now_ms = at_ms;
		in.count[0].answered = i / 10;
		began = bench_ns(CLOCK_MONOTONIC);
		err = p->ops->decide(p->campaign, &in, 0, &out);
		if (i >= calls)
			ns[i - calls] = (uint32_t)(bench_ns(CLOCK_MONOTONIC) - began);
		if (err != ZV_OK)
			return false;
	}
	return true;
}

static bool measure_pacer(struct host *h, const char *name, uint32_t calls, uint32_t *ns)
{
	struct zv_pacer_shape shape = {.size = sizeof(shape), .campaign = CAMPAIGN, .calls = calls,
				       .agents = calls < 10 ? 1 : calls / 10, .trunks = 1, .lists = 1, .attempts = 1, .skills = 1};
	struct zv_pacer_settings settings = {.size = sizeof(settings), .mode = ZV_PACE_PREDICTIVE, .n_rules = 1,
					     .ratio_ppm = 1500000, .patience_ms = 2000, .ring_max_ms = RING_MS,
					     .rules = {{.limit_ppm = 30000, .window = ZV_PACER_DAY, .end_ms = INT64_C(28800000) * 100}}};
	struct zv_plugin_pacer pacer = {0};
	uint32_t p50, p99;
	char line[64];
	double sum = 0;
	bool ok;

	if (zv_plugins_open_pacer(h->plugins, name, &shape, NULL, &pacer, h->text, sizeof(h->text)) != ZV_OK)
		return false;
	ok = pacer.ops->set(pacer.campaign, &settings) == ZV_OK && decide_all(h, &pacer, calls, ns);
	zv_plugins_close_pacer(&pacer);
	if (!ok)
		return false;
	bench_percentiles(ns, h->questions, &p50, &p99);
	for (uint32_t i = 0; i < h->questions - h->questions / 1000; i++) /* without what others took of the machine */
		sum += ns[i];
	sum /= h->questions - h->questions / 1000;
	(void)snprintf(line, sizeof(line), "plugin_%s", name);
	say(h, (struct bench_figure){.name = line, .unit = "ns/decision", .value = sum, .n = h->questions, .p50 = p50,
				     .p99 = p99, .cpu_us = sum / 1e3, .size = calls, .size_of = "calls"});
	return true;
}

bool measure_pacers(struct host *h, uint32_t *ns)
{
	static const char *const names[] = {"pacer_ratio", "pacer_adaptive", "pacer_erlang"};
	char path[512];
	bool ok = true;

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]) && ok; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/%s.so", h->plugins_dir, names[i], names[i]);
		ok = zv_plugins_load(h->plugins, path, NULL, h->text, sizeof(h->text)) == ZV_OK;
		for (uint32_t calls = 10; calls <= 10000 && ok; calls *= 10)
			ok = measure_pacer(h, names[i], calls, ns);
	}
	return ok;
}
