/* engine_bench [--json] [--events N] [--most CALLS] -- what an event costs the engine, by the calls in
 * flight.  The simulated world (core/sim) drives the compiled engine, and each step is timed from
 * outside: the clock is read where the world shows a step's input and where it shows its commands, so
 * the cost of one reading (20 to 40 ns) is in every figure.
 *
 * engine_event: robots, all lines busy (10 to 10,000).  engine_event_agents: predictive dialling, by
 * the agents (10 to 1,000), pacer included.  engine_offer, engine_offer_agents: of these events the
 * offers of a lead, where hours, law, route and caller are looked at.  Times above the 999th thousandth
 * are somebody else's use of the processor and are left out of the mean, as are the first 40 s.
 */
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "../suite/figure.h"
#include "sim/world.h"

#define START_MS  INT64_C(1764568800000) /* Mon 2025-12-01 06:00 UTC = 09:00 in Moscow */
#define WARM_MS   INT64_C(40000)
#define DAY_MS    (INT64_C(12) * 3600000 - 60000) /* the campaign's hours, nearly */
#define EVENTS_MAX 4000000u

struct options { bool json; uint32_t events, most; };

struct timed {
	int64_t began_ns, warm_ms; /* warm_ms: monotonic time of the world from which on it counts */
	bool counts, offer;
	uint32_t n, n_offers;
	uint32_t *ns, *offers_ns;
};

struct scene {
	struct zv_sim_params params;
	struct zv_engine_conf conf;
	struct zv_sim_list list;
	struct zv_carrier carrier;
	struct zv_talk_graph script;
	struct zv_agent_conf agents[1000];
	struct zv_rule rule_v[4];
	struct zv_rules rules;
	struct zv_zones *zones;
};

static struct scene scene;
static struct timed timed;

static void before(void *arg, const struct zv_now *now, const struct zv_event *event)
{
	struct timed *t = arg;

	if (t->warm_ms == 0)
		t->warm_ms = now->mono_ms + WARM_MS;
	t->counts = now->mono_ms >= t->warm_ms;
	t->offer = event->type == ZV_EV_OFFER;
	t->began_ns = bench_ns(CLOCK_MONOTONIC);
}

static void after(void *arg, struct zv_cmds *cmds)
{
	struct timed *t = arg;
	int64_t ns = bench_ns(CLOCK_MONOTONIC) - t->began_ns;

	(void)cmds;
	if (!t->counts || t->n >= EVENTS_MAX)
		return;
	t->ns[t->n++] = (uint32_t)ns;
	if (t->offer)
		t->offers_ns[t->n_offers++] = (uint32_t)ns;
}

static bool make_rules(struct scene *s)
{
	const char *text = NULL;
	uint32_t guilty = 0;

	for (uint32_t i = 0; i < 3; i++) {
		struct zv_rule *r = &s->rule_v[i];

		memset(r, 0, sizeof(*r));
		(void)snprintf(r->id, sizeof(r->id), "BENCH-%u", i);
		(void)snprintf(r->jur, sizeof(r->jur), "RU");
		r->from_ms = INT64_MIN;
		r->to_ms = INT64_MAX;
		r->kind = i == 0 ? ZV_RULE_TREAT : ZV_RULE_FREQ;
		if (i == 0)
			continue;
		r->u.freq.fact = i == 1 ? ZV_FACT_ATTEMPT : ZV_FACT_CONVERSATION;
		r->u.freq.key = ZV_KEY_PERSON;
		r->u.freq.limit = i == 1 ? 3 : 2;
		r->u.freq.n_windows = 1;
		r->u.freq.windows[0] = (struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR,
							       .unit = i == 1 ? ZV_UNIT_DAY : ZV_UNIT_WEEK, .n = 1};
	}
	s->rules = (struct zv_rules){.v = s->rule_v, .n = 3, .hash = 0xbe, .zones = s->zones};
	if (zv_rules_finish(&s->rules, &guilty, &text) == ZV_OK)
		return true;
	fprintf(stderr, "engine_bench: rule %u: %s\n", guilty, text);
	return false;
}

/* Asks for a key once; one, two and three end the call. */
static void make_script(struct zv_talk_graph *g)
{
	struct zv_talk_node *n = g->nodes;

	*g = (struct zv_talk_graph){.n_nodes = 3, .start = 0, .n_prompts = 1};
	n[0] = (struct zv_talk_node){.op = ZV_TALK_ASK, .barge_in = 1, .wait_ms = 3000, .repeat_max = 1,
				     .no_input = 2, .wrong_key = ZV_TALK_NONE, .wrong_prompt = ZV_TALK_NONE};
	memset(n[0].on_key, ZV_TALK_NONE, sizeof(n[0].on_key));
	n[0].on_key[1] = n[0].on_key[2] = n[0].on_key[3] = 1;
	n[1] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 1};
	n[2] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_SILENT};
}

static void make_campaign(struct scene *s, uint32_t agents)
{
	struct zv_campaign_conf *c = &s->conf.campaigns[0];

	*c = (struct zv_campaign_conf){.id = 7, .name = "bench", .enabled = true, .ring_ms = 28000, .talk_max_s = 600,
				       .unknown_rest_s = 86400, .script = &s->script,
				       .purpose = ZV_PURPOSE_COLLECTION, .channel = ZV_CHANNEL_VOICE_AI,
				       .mode = ZV_MODE_ROBOT, .actor = ZV_ACTOR_COLLECTOR,
				       .party = ZV_PARTY_DEBTOR};
	for (int day = 0; day < 7; day++)
		c->hours[day] = (struct zv_day_hours){9 * 60, 21 * 60};
	if (agents == 0)
		return;
	c->channel = ZV_CHANNEL_VOICE_AGENT;
	c->mode = ZV_MODE_PREDICTIVE;
	c->pace = ZV_PACE_PREDICTIVE;
	c->pacing = (struct zv_pacer_settings){.size = sizeof(c->pacing), .mode = ZV_PACE_PREDICTIVE,
					       .patience_ms = 2000};
}

/* calls: lines, all of them used by robots; with agents there are enough. */
static bool make_scene(struct scene *s, uint32_t calls, uint32_t agents, int64_t span_ms)
{
	uint32_t cps = calls / 10 < 2 ? 2 : calls / 10;
	uint64_t leads = 2000 + (uint64_t)cps * (uint64_t)(span_ms / 1000);
	uint16_t zone;

	memset(s, 0, sizeof(*s));
	make_script(&s->script);
	if (zv_zones_create(NULL, &s->zones) != ZV_OK || zv_zones_intern(s->zones, "Europe/Moscow", &zone) != ZV_OK ||
	    !make_rules(s))
		return false;
	s->conf = (struct zv_engine_conf){.max_calls = calls, .max_dialing_ms = 60000, .store_wait_ms = 5000,
					  .n_trunks = 1, .n_campaigns = 1, .zones = s->zones, .rules = &s->rules};
	s->conf.trunks[0] = (struct zv_trunk_conf){.name = "t", .enabled = true, .cps = cps, .channels = calls,
						   .unanswered_max = calls, .n_callers = 1, .callers = {74950000001u}};
	zv_carrier_default(&s->carrier);
	make_campaign(s, agents);
	s->list = (struct zv_sim_list){.leads = leads > 400000 ? 400000 : (uint32_t)leads, .zones = {zone},
				       .n_zones = 1, .n_numbers = 1, .jur = "RU", .prompt_ms = 6000,
				       .agents = agents > 0};
	zv_people_default(&s->list.people);
	s->conf.n_agents = agents;
	s->conf.agents = s->agents;
	for (uint32_t a = 0; a < agents; a++) {
		s->agents[a].id = a + 1;
		(void)snprintf(s->agents[a].name, sizeof(s->agents[a].name), "a%u", a);
	}
	s->params = (struct zv_sim_params){.conf = &s->conf, .seed = 1, .start_ms = START_MS, .span_ms = span_ms,
					   .lists = &s->list, .carriers = &s->carrier, .n_teams = agents > 0,
					   .teams = {{.n = agents}}, .watch = before, .watch_arg = &timed,
					   .spoil = after, .spoil_arg = &timed};
	return zv_people_ready(&s->list.people) == ZV_OK;
}

static void say(const struct options *o, const char *name, uint32_t *ns, uint32_t n, uint32_t size)
{
	struct bench_figure f = {.name = name, .unit = "ns/event", .n = n, .size = size};
	uint32_t p50, p99, most = n - n / 1000;
	double sum = 0;

	if (n == 0)
		return;
	bench_percentiles(ns, n, &p50, &p99);
	for (uint32_t i = 0; i < most; i++)
		sum += ns[i];
	f.size_of = strstr(name, "agents") != NULL ? "agents" : "calls";
	f.value = sum / most;
	f.cpu_us = f.value / 1e3;
	f.p50 = p50;
	f.p99 = p99;
	if (o->json)
		bench_print(&f);
	else
		printf("%s at %u %s: %.0f ns, p50 %u, p99 %u, of %u\n", name, size, f.size_of, f.value, p50, p99, n);
}

static int measure(const struct options *o, uint32_t calls, uint32_t agents)
{
	struct zv_sim_result result = {0};
	/* about two thirds of an event a second and line */
	int64_t span_ms = WARM_MS + (int64_t)o->events * 1500 / (agents > 0 ? 3 * agents : calls);
	enum zv_err err;
	bool busy;

	if (span_ms < WARM_MS + 20000)
		span_ms = WARM_MS + 20000;
	if (span_ms > DAY_MS)
		span_ms = DAY_MS;
	timed.n = timed.n_offers = 0;
	timed.warm_ms = 0;
	if (!make_scene(&scene, calls, agents, span_ms))
		return 1;
	err = zv_sim_run(&scene.params, &result);
	busy = agents > 0 ? result.engine.answered > 0 : result.engine.peak_calls >= calls - calls / 10;
	if (err == ZV_OK && busy) {
		say(o, agents > 0 ? "engine_event_agents" : "engine_event", timed.ns, timed.n, agents > 0 ? agents : calls);
		say(o, agents > 0 ? "engine_offer_agents" : "engine_offer", timed.offers_ns, timed.n_offers,
		    agents > 0 ? agents : calls);
	} else {
		fprintf(stderr, "engine_bench: %u calls, %u agents: error %d, at most %u calls at once\n", calls, agents,
			(int)err, result.engine.peak_calls);
	}
	zv_sim_result_fini(&result);
	zv_zones_destroy(scene.zones);
	return err != ZV_OK || !busy;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {"events", required_argument, NULL, 'e'},
					      {"most", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0}};
	struct options o = {.events = 300000, .most = 10000};
	int c, failed = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'j')
			o.json = true;
		else if (c == 'e')
			o.events = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'm')
			o.most = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	timed.ns = calloc(EVENTS_MAX, sizeof(*timed.ns));
	timed.offers_ns = calloc(EVENTS_MAX, sizeof(*timed.offers_ns));
	if (timed.ns == NULL || timed.offers_ns == NULL || o.events == 0 || o.events > EVENTS_MAX)
		return 2;
	for (uint32_t calls = 10; calls <= o.most; calls *= 10)
		failed |= measure(&o, calls, 0);
	for (uint32_t agents = 10; agents <= 1000 && agents <= o.most; agents *= 10)
		failed |= measure(&o, 10 * agents, agents);
	free(timed.ns);
	free(timed.offers_ns);
	return failed;
}
