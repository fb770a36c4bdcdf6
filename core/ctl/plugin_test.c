/* zvonar-plugin-test: does a plugin keep the contract?  Loads it with the checks of the host, binds it
 * to a made-up campaign (or to one from a file), and asks it about made-up leads until each has its
 * category.  Exit status: 0 it does, 1 it does not, 2 used wrongly.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "conf/conf.h"
#include "plugin/host.h"

#define CAMPAIGN 1
#define NAMES    32
#define ZONES    4

struct list {
	const char *v[NAMES];
	uint8_t n;
};

struct trial {
	struct zv_plugins *plugins;
	struct zv_engine_conf *conf;
	struct zv_conf_tree *tree;
	struct zv_conf_sink sink;
	uint16_t zones[ZONES];
	struct list categories, results, messages;
	uint64_t state;
	uint32_t leads, faults, finals, endless;
	uint64_t asked;
};

static uint32_t draw(struct trial *t, uint32_t n)
{
	t->state = zv_mix64(t->state);
	return (uint32_t)(t->state >> 33) % n;
}

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
	zv_conf_error(ctx, node, "%s", text);
}

/* The names of a list, or the keys of a map. */
static void take_names(const struct zv_conf_node *node, struct list *list)
{
	for (size_t i = 0; i < zv_conf_count(node) && list->n < NAMES; i++) {
		const char *key = zv_conf_key(node, i);
		const char *name = key != NULL ? key : zv_conf_text(zv_conf_at(node, i));

		if (name != NULL)
			list->v[list->n++] = name;
	}
}

static void take_names_of(struct trial *t, const struct zv_conf_node *root, const struct zv_conf_node **ret_section)
{
	take_names(zv_conf_get(root, "categories"), &t->categories);
	take_names(zv_conf_get(root, "results"), &t->results);
	take_names(zv_conf_get(root, "messages"), &t->messages);
	*ret_section = zv_conf_get(root, "strategy");
}

static void made_up_names(struct trial *t)
{
	t->categories = (struct list){{"one", "two", "three", "four"}, 4};
	t->results = (struct list){{"yes", "no", "later"}, 3};
	t->messages = (struct list){{"first", "second"}, 2};
}

static enum zv_err make_world(struct trial *t)
{
	static const char *const names[ZONES] = {"Europe/Moscow", "Asia/Vladivostok", "Europe/Kyiv", "Asia/Almaty"};
	struct zv_zones *zones;
	enum zv_err err;

	t->conf = calloc(1, sizeof(*t->conf));
	if (t->conf == NULL)
		return ZV_ENOMEM;
	err = zv_zones_create(NULL, &zones);
	if (err != ZV_OK)
		return err;
	t->conf->zones = zones;
	for (int i = 0; i < ZONES && err == ZV_OK; i++)
		err = zv_zones_intern(zones, names[i], &t->zones[i]);
	t->conf->n_campaigns = 1;
	t->conf->campaigns[0].id = CAMPAIGN;
	for (int i = 0; i < 7; i++)
		t->conf->campaigns[0].hours[i] = (struct zv_day_hours){9 * 60, 21 * 60};
	return err;
}

static enum zv_err set_up(struct trial *t, const char *plugin, const struct zv_conf_node *section, char *text, size_t text_size)
{
	struct zv_plugins_params params = {
		.conf = {.ctx = &t->sink, .count = conf_count, .at = conf_at, .key = conf_key,
			 .get = conf_get, .text = conf_text, .error = conf_error},
		.engine_conf = t->conf,
		.deadline_ms = 1000, /* a hang is a fault; the real budget is measured */
		.strikes = 5,
	};
	struct zv_campaign_view view = {
		.size = sizeof(view), .campaign = CAMPAIGN, .name = "trial",
		.n_categories = t->categories.n, .n_results = t->results.n, .n_messages = t->messages.n,
		.categories = t->categories.v, .results = t->results.v, .messages = t->messages.v,
	};
	struct zv_plugin_stats stats;
	enum zv_err err = zv_plugins_create(&params, &t->plugins);

	if (err == ZV_OK)
		err = zv_plugins_load(t->plugins, plugin, NULL, text, text_size);
	if (err == ZV_OK)
		err = zv_plugins_get_stats(t->plugins, 0, &stats);
	if (err == ZV_OK)
		err = zv_plugins_bind(t->plugins, stats.name, &view, section, text, text_size);
	return err;
}

static void fault(struct trial *t, uint64_t lead, const char *what)
{
	if (t->faults++ < 20)
		printf("lead %llu: %s\n", (unsigned long long)lead, what);
}

static void add_call(struct trial *t, struct zv_offer *o, int64_t at_ms)
{
	uint8_t outcome = (uint8_t)(1 + draw(t, ZV_OUT_MAX - 1));
	uint8_t result = 0;

	if (outcome == ZV_OUT_ANSWERED && t->results.n > 0)
		result = (uint8_t)draw(t, t->results.n + 1u);
	o->history[o->n_history++] = (struct zv_attempt_brief){
		.at_ms = at_ms, .outcome = outcome, .result = result, .number = o->number};
}

/* One lead to its end. */
static void live(struct trial *t, uint64_t lead)
{
	int64_t at_ms = INT64_C(1795420800000) + draw(t, 14 * 86400) * INT64_C(1000);
	struct zv_offer o = {
		.lead = lead, .person = lead, .campaign = CAMPAIGN, .zone = t->zones[draw(t, ZONES)],
		.n_numbers = (uint8_t)(1 + draw(t, 3)), .seed = zv_mix64(lead),
	};

	for (uint8_t i = 0; i < o.n_numbers; i++)
		o.numbers[i] = (struct zv_number_brief){.e164 = 79160000000 + lead, .zone = o.zone, .order = i};
	while (o.n_history < ZV_HISTORY_MAX) {
		struct zv_event step, again;

		add_call(t, &o, at_ms);
		zv_plugins_ask(t->plugins, &o, at_ms + 30000, &step);
		zv_plugins_ask(t->plugins, &o, at_ms + 30000, &again);
		t->asked++;
		if (step.u.step.fallback != 0) {
			fault(t, lead, "an error or a senseless answer; see the messages above");
			return;
		}
		if (memcmp(&step.u.step, &again.u.step, sizeof(step.u.step)) != 0)
			fault(t, lead, "two answers to the same question: a strategy is pure");
		if (step.u.step.kind == ZV_STEP_FINAL) {
			t->finals++;
			return;
		}
		if (step.u.step.invalid_number)
			o.numbers[o.number].status = ZV_NUM_INVALID;
		o.number = step.u.step.number;
		at_ms = step.u.step.due_ms;
	}
	t->endless++;
}

static int tell(struct trial *t)
{
	struct zv_plugin_stats s;

	if (zv_plugins_get_stats(t->plugins, 0, &s) != ZV_OK)
		return 1;
	if (s.max_us > 1000)
		printf("the longest answer took %llu us; the budget is 1000 us\n", (unsigned long long)s.max_us);
	if (t->endless > 0)
		printf("%u leads had no category after %d calls\n", t->endless, ZV_HISTORY_MAX);
	printf("%s %s: %u leads, %llu questions, %u categories, %llu errors, %llu senseless answers, "
	       "longest %llu us: %s\n",
	       s.name, s.version, t->leads, (unsigned long long)t->asked, t->finals,
	       (unsigned long long)s.errors, (unsigned long long)s.bad_answers,
	       (unsigned long long)s.max_us, t->faults + t->endless == 0 ? "passed" : "FAILED");
	return t->faults + t->endless == 0 ? 0 : 1;
}

static void usage(FILE *to)
{
	fprintf(to, "usage: zvonar-plugin-test PLUGIN.so [--campaign FILE.yaml] [--leads N] [--seed N]\n"
		    "Checks a strategy plugin as the host does and asks it about made-up leads.\n"
		    "  --campaign FILE  take strategy, categories, results and messages from there\n"
		    "  --leads N        how many leads (2000)\n"
		    "  --seed N         other leads (1)\n");
}

/* False: not a whole number from 1 to max. */
static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == 0 && *ret >= 1 && *ret <= max;
}

struct args {
	const char *plugin, *campaign;
	uint64_t leads, seed;
};

static bool read_args(int argc, char **argv, struct args *ret)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (argv[i][0] != '-' && ret->plugin == NULL) {
			ret->plugin = argv[i];
			continue;
		}
		if (value != NULL && strcmp(argv[i], "--campaign") == 0)
			ret->campaign = value;
		else if (value == NULL || !((strcmp(argv[i], "--leads") == 0 && number(value, 10000000, &ret->leads)) ||
					    (strcmp(argv[i], "--seed") == 0 && number(value, UINT64_MAX, &ret->seed))))
			return false;
		i++;
	}
	return ret->plugin != NULL;
}

int main(int argc, char **argv)
{
	struct args args = {.leads = 2000, .seed = 1};
	struct trial t = {.sink = zv_conf_sink_file(stderr)};
	const struct zv_conf_node *section = NULL;
	char text[512] = "";
	int status = 1;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (!read_args(argc, argv, &args)) {
		usage(stderr);
		return 2;
	}
	zv_log_init(ZV_LOG_WARN, false);
	if (args.campaign != NULL && zv_conf_read(args.campaign, &t.sink, &t.tree) != ZV_OK)
		return 2;
	if (t.tree != NULL)
		take_names_of(&t, zv_conf_root(t.tree), &section);
	else
		made_up_names(&t);
	t.state = args.seed;
	t.leads = (uint32_t)args.leads;
	if (make_world(&t) != ZV_OK) {
		fprintf(stderr, "no time zones: is tzdata installed?\n");
	} else if (set_up(&t, args.plugin, section, text, sizeof(text)) != ZV_OK) {
		fprintf(stderr, "%s\n", text);
	} else {
		for (uint64_t lead = 1; lead <= args.leads; lead++)
			live(&t, lead);
		status = tell(&t);
	}
	zv_plugins_destroy(t.plugins);
	zv_conf_free(t.tree);
	if (t.conf != NULL)
		zv_zones_destroy((struct zv_zones *)(uintptr_t)t.conf->zones);
	free(t.conf);
	return status;
}
