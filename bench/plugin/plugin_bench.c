/* plugin_bench [--json] [--questions N] --plugins DIR --strategy FILE -- what questions to plugins cost.
 *
 * plugin_ask: one question to strategy_cadence (FILE: its YAML) about a lead with two calls behind it,
 * called at once, the host's checks included.  plugin_round_trip: the same by the host's thread, as
 * zvonard asks: ring, eventfd, worker under its deadline, ring back; one after the other, so its time is
 * that of being woken three times.  plugin_pipelined: CPU of all threads for a question when BATCH of them
 * wait at once.  plugin_pacer_*: decide() of the pacers that are plugins, on the engine's thread straight
 * through their table, by the calls in flight.
 */
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../suite/figure.h"
#include "bench_plugin.h"

#define SLABS 64u
#define BATCH 32u
#define WAIT_MS 10000

static struct zv_plugin_run run;
static _Atomic bool stop;
static int events_fd;

void say(const struct host *h, struct bench_figure f)
{
	if (h->json)
		bench_print(&f);
	else
		printf("%s %.0f: %.3f %s, n %" PRIu64 ", p50 %.3f, p99 %.3f\n", f.name, f.size, f.value, f.unit, f.n, f.p50, f.p99);
}

static void say_times(const struct host *h, const char *name, const char *unit, uint32_t *ns, double cpu_ns)
{
	uint32_t p50, p99;
	double scale = strncmp(unit, "us", 2) == 0 ? 1e3 : 1;

	bench_percentiles(ns, h->questions, &p50, &p99);
	say(h, (struct bench_figure){.name = name, .unit = unit, .value = cpu_ns / scale / h->questions, .n = h->questions,
				     .p50 = p50 / scale, .p99 = p99 / scale, .cpu_us = cpu_ns / 1e3 / h->questions});
}

/* ---- the host's services, from the YAML ---- */

static size_t conf_count(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx;
	return zv_conf_count(node);
}

static const struct zv_conf_node *conf_at(void *ctx, const struct zv_conf_node *node, size_t i)
{
	(void)ctx;
	return zv_conf_at(node, i);
}

static const char *conf_key(void *ctx, const struct zv_conf_node *node, size_t i)
{
	(void)ctx;
	return zv_conf_key(node, i);
}

static const struct zv_conf_node *conf_get(void *ctx, const struct zv_conf_node *node, const char *key)
{
	(void)ctx;
	return zv_conf_get(node, key);
}

static const char *conf_text(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx;
	return zv_conf_text(node);
}

static void conf_error(void *ctx, const struct zv_conf_node *node, const char *text)
{
	struct host *h = ctx;

	zv_conf_error(&h->sink, node, "%s", text);
}

static bool open_host(struct host *h, const char *strategy)
{
	struct zv_plugins_params params = {
		.conf = {.ctx = h, .count = conf_count, .at = conf_at, .key = conf_key, .get = conf_get, .text = conf_text,
			 .error = conf_error},
		.engine_conf = &h->conf, .deadline_ms = 10000, .strikes = 1000};
	static const char *const categories[] = {"недоступен", "интересно", "рассылка", "неинтересно"};
	static const char *const results[] = {"interested", "not_interested", "keep_informed"};
	static const char *const messages[] = {"pick_up"};
	struct zv_campaign_view view = {.size = sizeof(view), .campaign = CAMPAIGN, .name = "bench", .n_categories = 4,
					.n_results = 3, .n_messages = 1, .categories = categories, .results = results,
					.messages = messages};
	struct zv_campaign_conf *c = &h->conf.campaigns[0];
	char path[512];

	h->sink = zv_conf_sink_file(stderr);
	if (zv_zones_create(NULL, &h->zones) != ZV_OK || zv_zones_intern(h->zones, "Europe/Moscow", &h->zone) != ZV_OK)
		return false;
	h->conf.zones = h->zones;
	h->conf.n_campaigns = 1;
	c->id = CAMPAIGN;
	for (int i = 0; i < 7; i++)
		c->hours[i] = (struct zv_day_hours){9 * 60, 21 * 60};
	(void)snprintf(path, sizeof(path), "%s/strategy_cadence/strategy_cadence.so", h->plugins_dir);
	return zv_conf_read(strategy, &h->sink, &h->tree) == ZV_OK && zv_plugins_create(&params, &h->plugins) == ZV_OK &&
	       zv_plugins_load(h->plugins, path, NULL, h->text, sizeof(h->text)) == ZV_OK &&
	       zv_plugins_bind(h->plugins, "strategy_cadence", &view, zv_conf_get(zv_conf_root(h->tree), "strategy"),
			       h->text, sizeof(h->text)) == ZV_OK;
}

/* ---- strategies ---- */

/* Called twice this morning, nobody answered. */
static void make_lead(const struct host *h, struct zv_offer *o, uint64_t seed)
{
	memset(o, 0, sizeof(*o));
	o->lead = o->person = o->seed = seed;
	o->campaign = CAMPAIGN;
	o->zone = h->zone;
	o->n_numbers = 1;
	o->numbers[0].e164 = 79160000001;
	o->n_history = 2;
	o->history[0] = (struct zv_attempt_brief){.at_ms = NOW_MS - 7200000, .outcome = ZV_OUT_NO_ANSWER};
	o->history[1] = (struct zv_attempt_brief){.at_ms = NOW_MS - 40000, .outcome = ZV_OUT_NO_ANSWER};
}

static bool good(const struct zv_event *step)
{
	return step->type == ZV_EV_STEP && step->u.step.kind == ZV_STEP_RETRY && step->u.step.fallback == 0;
}

static bool measure_inline(const struct host *h, uint32_t *ns)
{
	struct zv_event step;
	struct zv_offer offer;
	int64_t cpu;
	bool ok = true;

	make_lead(h, &offer, 1);
	cpu = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (uint32_t i = 0; i < h->questions && ok; i++) {
		int64_t began = bench_ns(CLOCK_MONOTONIC);

		offer.seed = i;
		zv_plugins_ask(h->plugins, &offer, NOW_MS, &step);
		ns[i] = (uint32_t)(bench_ns(CLOCK_MONOTONIC) - began);
		ok = good(&step);
	}
	cpu = bench_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	if (ok)
		say_times(h, "plugin_ask", "ns/question", ns, (double)cpu);
	return ok;
}

static void *main_of_thread(void *arg)
{
	(void)arg;
	if (zv_plugin_thread(&run, &stop) != ZV_OK)
		fprintf(stderr, "plugin_bench: the plugin thread failed\n");
	return NULL;
}

static bool ask(uint32_t slab)
{
	struct zv_cmd cmd = {.type = ZV_CMD_ASK, .campaign = CAMPAIGN, .cal_ms = NOW_MS, .attempt = {1, slab}};

	cmd.u.lead.slab = slab;
	return zv_ring_push(run.commands, &cmd) == ZV_OK;
}

static bool answer(void)
{
	struct pollfd p = {.fd = events_fd, .events = POLLIN};
	struct zv_event ev;
	eventfd_t ignored;

	while (zv_ring_pop(run.events, &ev, 1) == 0) {
		if (!zv_ring_arm(run.events))
			continue;
		if (poll(&p, 1, WAIT_MS) != 1 || eventfd_read(events_fd, &ignored) != 0)
			return false;
	}
	return good(&ev);
}

static bool ask_all(const struct host *h, uint32_t *ns)
{
	int64_t cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint32_t whole = h->questions / BATCH * BATCH;
	bool ok = true;

	for (uint32_t i = 0; i < h->questions && ok; i++) {
		int64_t began = bench_ns(CLOCK_MONOTONIC);

		ok = ask(i % SLABS) && answer();
		ns[i] = (uint32_t)(bench_ns(CLOCK_MONOTONIC) - began);
	}
	cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (!ok)
		return false;
	say_times(h, "plugin_round_trip", "us/question", ns, (double)cpu);
	cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < whole && ok; i += BATCH) {
		for (uint32_t k = 0; k < BATCH && ok; k++)
			ok = ask(k);
		for (uint32_t k = 0; k < BATCH && ok; k++)
			ok = answer();
	}
	cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (ok)
		say(h, (struct bench_figure){.name = "plugin_pipelined", .unit = "us/question",
					     .value = (double)cpu / 1e3 / whole, .n = whole,
					     .cpu_us = (double)cpu / 1e3 / whole});
	return ok;
}

static bool measure_thread(const struct host *h, uint32_t *ns)
{
	pthread_t thread;
	bool ok;

	run = (struct zv_plugin_run){.plugins = h->plugins, .slabs = {calloc(SLABS, sizeof(struct zv_offer)), SLABS},
				     .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	events_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (run.slabs.v == NULL || zv_ring_create(sizeof(struct zv_cmd), 256, run.wake_fd, &run.commands) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_event), 256, events_fd, &run.events) != ZV_OK)
		return false;
	for (uint32_t i = 0; i < SLABS; i++)
		make_lead(h, &run.slabs.v[i], i);
	if (pthread_create(&thread, NULL, main_of_thread, NULL) != 0)
		return false;
	ok = ask_all(h, ns);
	atomic_store(&stop, true);
	eventfd_write(run.wake_fd, 1);
	pthread_join(thread, NULL);
	zv_ring_destroy(run.commands);
	zv_ring_destroy(run.events);
	free(run.slabs.v);
	close(run.wake_fd);
	close(events_fd);
	return ok;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {"questions", required_argument, NULL, 'q'},
					      {"plugins", required_argument, NULL, 'p'},
					      {"strategy", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
	static struct host h = {.questions = 20000};
	const char *strategy = NULL;
	uint32_t *ns;
	int c;
	bool ok;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'j': h.json = true; break;
		case 'q': h.questions = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'p': h.plugins_dir = optarg; break;
		case 's': strategy = optarg; break;
		default: return 2;
		}
	}
	if (h.plugins_dir == NULL || strategy == NULL || h.questions < BATCH || h.questions > 10000000)
		return 2;
	ns = calloc(h.questions, sizeof(*ns));
	ok = ns != NULL && open_host(&h, strategy) && measure_inline(&h, ns) && measure_thread(&h, ns) &&
	     measure_pacers(&h, ns);
	if (!ok)
		fprintf(stderr, "plugin_bench: failed %s\n", h.text);
	zv_plugins_destroy(h.plugins);
	zv_conf_free(h.tree);
	zv_zones_destroy(h.zones);
	free(ns);
	return ok ? 0 : 1;
}
