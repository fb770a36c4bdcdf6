#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void told(void *arg, const char *text)
{
	struct rig *rig = arg;
	size_t used = strlen(rig->told);

	(void)snprintf(rig->told + used, sizeof(rig->told) - used, "%s\n", text);
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
	struct rig *rig = ctx;

	zv_conf_error(&rig->sink, node, "%s", text);
}

void rig_open(struct rig *rig)
{
	rig_open_with(rig, 1000, 3); /* a busy machine must not change what the rules say */
}

void rig_open_with(struct rig *rig, uint32_t deadline_ms, uint32_t strikes)
{
	struct zv_campaign_conf *campaign;
	struct zv_plugins_params params;

	memset(rig, 0, sizeof(*rig));
	rig->sink = (struct zv_conf_sink){.line = told, .arg = rig};
	rig->conf = calloc(1, sizeof(*rig->conf));
	cr_assert_not_null(rig->conf);
	cr_assert_eq(zv_zones_create(NULL, &rig->zones), ZV_OK);
	rig->conf->zones = rig->zones;
	rig->conf->n_campaigns = 2;
	campaign = &rig->conf->campaigns[1]; /* not at the place of its number */
	rig->conf->campaigns[0].id = RIG_CAMPAIGN + 1;
	campaign->id = RIG_CAMPAIGN;
	for (int i = 0; i < 7; i++) {
		campaign->hours[i] = (struct zv_day_hours){9 * 60, 21 * 60};
		rig->conf->campaigns[0].hours[i] = campaign->hours[i];
	}
	params = (struct zv_plugins_params){
		.conf = {.ctx = rig, .count = conf_count, .at = conf_at, .key = conf_key,
			 .get = conf_get, .text = conf_text, .error = conf_error},
		.engine_conf = rig->conf,
		.deadline_ms = deadline_ms,
		.strikes = strikes,
	};
	cr_assert_eq(zv_plugins_create(&params, &rig->plugins), ZV_OK);
}

void rig_close(struct rig *rig)
{
	zv_plugins_destroy(rig->plugins);
	zv_conf_free(rig->tree);
	zv_zones_destroy(rig->zones);
	free(rig->conf);
}

enum zv_err rig_load(struct rig *rig, const char *fixture)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/fixture_%s.so", FIXTURE_DIR, fixture);
	return zv_plugins_load(rig->plugins, path, NULL, rig->text, sizeof(rig->text));
}

enum zv_err rig_bind_to(struct rig *rig, uint32_t campaign, const char *plugin)
{
	static const char *const two[] = {"one", "two"};
	struct zv_campaign_view view = {
		.size = sizeof(view),
		.campaign = campaign,
		.name = "test",
		.n_categories = 2,
		.n_messages = 1,
		.categories = two,
		.results = two,
		.messages = two,
	};

	return zv_plugins_bind(rig->plugins, plugin, &view, NULL, rig->text, sizeof(rig->text));
}

static uint8_t length(const char *const *list)
{
	uint8_t n = 0;

	while (list[n] != NULL)
		n++;
	return n;
}

static enum zv_err bind_tree(struct rig *rig, const struct rig_names *names)
{
	struct zv_campaign_view view = {
		.size = sizeof(view),
		.campaign = RIG_CAMPAIGN,
		.name = "test",
		.n_categories = length(names->categories),
		.n_results = length(names->results),
		.n_messages = length(names->messages),
		.categories = names->categories,
		.results = names->results,
		.messages = names->messages,
	};
	struct zv_plugin_stats stats;
	enum zv_err err;

	if (zv_plugins_get_stats(rig->plugins, 0, &stats) == ZV_ENOENT) {
		err = zv_plugins_load(rig->plugins, CADENCE_SO, NULL, rig->text, sizeof(rig->text));
		cr_assert_eq(err, ZV_OK, "%s", rig->text);
	}
	return zv_plugins_bind(rig->plugins, "strategy_cadence", &view,
			       zv_conf_get(zv_conf_root(rig->tree), "strategy"), rig->text,
			       sizeof(rig->text));
}

enum zv_err rig_bind(struct rig *rig, const char *yaml, const struct rig_names *names)
{
	zv_conf_free(rig->tree);
	rig->tree = NULL;
	rig->told[0] = 0;
	cr_assert_eq(zv_conf_parse(yaml, strlen(yaml), "t.yaml", &rig->sink, &rig->tree), ZV_OK, "%s",
		     rig->told);
	return bind_tree(rig, names);
}

enum zv_err rig_bind_file(struct rig *rig, const char *path, const struct rig_names *names)
{
	zv_conf_free(rig->tree);
	rig->tree = NULL;
	rig->told[0] = 0;
	cr_assert_eq(zv_conf_read(path, &rig->sink, &rig->tree), ZV_OK, "%s", rig->told);
	return bind_tree(rig, names);
}

void rig_ready(struct rig *rig, const char *path, const struct rig_names *names)
{
	rig_open(rig);
	cr_assert_eq(rig_bind_file(rig, path, names), ZV_OK, "%s %s", rig->text, rig->told);
	cr_assert_eq(rig->told[0], 0, "%s", rig->told);
}

void rig_lead(struct rig *rig, struct rig_lead *lead, const char *zone, uint64_t seed)
{
	memset(lead, 0, sizeof(*lead));
	lead->rig = rig;
	lead->zone = zone;
	lead->offer.lead = seed;
	lead->offer.person = seed;
	lead->offer.campaign = RIG_CAMPAIGN;
	lead->offer.seed = seed;
	lead->offer.n_numbers = 1;
	lead->offer.numbers[0].e164 = 79160000001;
	cr_assert_eq(zv_zones_intern(rig->zones, zone, &lead->offer.zone), ZV_OK);
}

void rig_call(struct rig_lead *lead, int64_t at_ms, enum zv_outcome outcome, uint8_t result)
{
	struct zv_offer *o = &lead->offer;

	cr_assert_lt(o->n_history, ZV_HISTORY_MAX + 1);
	o->history[o->n_history++] = (struct zv_attempt_brief){
		.at_ms = at_ms,
		.outcome = (uint8_t)outcome,
		.result = result,
		.number = o->number,
		.round = o->round,
		.talk_s = outcome == ZV_OUT_ANSWERED ? 25 : 0,
	};
	zv_plugins_ask(lead->rig->plugins, o, at_ms + 40000, &lead->step);
	cr_assert_eq(lead->step.type, ZV_EV_STEP);
	if (lead->step.u.step.kind == ZV_STEP_RETRY)
		o->number = lead->step.u.step.number;
}

static void in_zone(const char *zone)
{
	static char now[64];

	if (strcmp(now, zone) == 0)
		return;
	cr_assert_lt(strlen(zone), sizeof(now));
	memcpy(now, zone, strlen(zone) + 1);
	cr_assert_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

int64_t rig_ms(const char *zone, const char *local)
{
	struct tm tm = {.tm_isdst = -1};

	in_zone(zone);
	cr_assert_not_null(strptime(local, "%Y-%m-%d %H:%M", &tm));
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

void rig_clock(const char *zone, int64_t utc_ms, struct rig_clock *ret_clock)
{
	time_t t = (time_t)(utc_ms / 1000);
	struct tm tm, midnight;

	in_zone(zone);
	cr_assert_not_null(localtime_r(&t, &tm));
	midnight = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
	*ret_clock = (struct rig_clock){
		.year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.wday = tm.tm_wday == 0 ? 7 : tm.tm_wday,
		.second = tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec,
		.serial = (int32_t)(timegm(&midnight) / 86400),
	};
}
