/* Campaigns: their files, hours, names, scripts and strategies. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_build.h"
#include "app/template.h"

static int64_t number(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_number(&zv_config_schema, ZV_CAMPAIGN_PATH, node, path);
}

static const char *text(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_value(&zv_config_schema, ZV_CAMPAIGN_PATH, node, path);
}

static int is_yaml(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum zv_err read_one(struct zv_config_build *b, const char *dir, const char *file)
{
	struct zv_conf_tree *tree = NULL;
	const char *name;
	char path[4096], base[256];
	enum zv_err err;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	err = zv_conf_read(path, b->sink, &tree);
	if (err != ZV_OK)
		return err == ZV_ENOMEM ? err : ZV_OK; /* told; the others are read all the same */
	(void)snprintf(base, sizeof(base), "%.*s", (int)(strlen(file) - 5), file);
	name = zv_conf_text(zv_conf_get(zv_conf_root(tree), "name"));
	/* the name's text goes with the tree: keep our own */
	if (name != NULL)
		(void)snprintf(base, sizeof(base), "%s", name);
	err = zv_conf_graft(b->config->files->tree, "campaigns", base, tree, b->sink);
	return err == ZV_ENOMEM ? err : ZV_OK;
}

enum zv_err zv_config_read_campaigns(struct zv_config_build *b)
{
	const struct zv_conf_node *root = zv_conf_root(b->config->files->tree);
	const char *said = zv_conf_value(&zv_config_schema, "", root, "campaigns_dir");
	const char *dir = zv_config_path_at(b, "campaigns_dir");
	struct dirent **found = NULL;
	enum zv_err err = ZV_OK;
	int n;

	if (dir == NULL)
		return ZV_ENOMEM;
	n = scandir(dir, &found, is_yaml, by_name);
	/* The folder by default need not be there. */
	if (n < 0 && (errno != ENOENT || strcmp(said, "campaigns") != 0))
		zv_conf_error(b->sink, zv_conf_get(root, "campaigns_dir"), "campaigns_dir: %s: %s", dir,
			      strerror(errno));
	for (int i = 0; i < n; i++) {
		if (err == ZV_OK)
			err = read_one(b, dir, found[i]->d_name);
		free(found[i]);
	}
	free(found);
	return err;
}

/* A list of names: each once, at most ZV_CONFIG_NAMES_MAX. */
static uint8_t names_of(struct zv_config_build *b, const struct zv_conf_node *list,
			const char **v)
{
	uint8_t n = 0;

	if (zv_conf_count(list) > ZV_CONFIG_NAMES_MAX)
		zv_conf_error(b->sink, list, "at most %d names", ZV_CONFIG_NAMES_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && n < ZV_CONFIG_NAMES_MAX; i++) {
		const struct zv_conf_node *e = zv_conf_at(list, i);
		const char *name = zv_conf_text(e);

		if (name == NULL)
			continue;
		for (uint8_t k = 0; k < n; k++)
			if (strcmp(v[k], name) == 0)
				zv_conf_error(b->sink, e, "'%s' stands twice", name);
		v[n++] = name;
	}
	return n;
}

static void build_hours(struct zv_config_build *b, const struct zv_conf_node *node,
			struct zv_campaign_conf *c)
{
	static const char *const days[7] = {"hours.mon", "hours.tue", "hours.wed", "hours.thu",
					    "hours.fri", "hours.sat", "hours.sun"};
	bool open = false;

	for (int d = 0; d < 7; d++) {
		const char *t = text(node, days[d]);
		struct zv_day_hours *h = &c->hours[d];

		if (t == NULL)
			t = text(node, d < 5 ? "hours.workday" : "hours.weekend");
		if (t == NULL || zv_conf_hours(t, &h->start_min, &h->end_min) != ZV_OK)
			h->start_min = h->end_min = 0;
		open = open || h->end_min > h->start_min;
	}
	if (!open)
		zv_conf_error_key(b->sink, zv_conf_get(node, "hours"),
				  "campaigns.%s.hours: closed on every day: nobody would ever be called",
				  c->name);
}

static void build_callers(struct zv_config_build *b, const struct zv_conf_node *node,
			  struct zv_campaign_conf *c)
{
	const struct zv_conf_node *list = zv_conf_get(node, "callers");
	const struct zv_engine_conf *e = &b->config->engine;

	if (zv_conf_count(list) > ZV_CALLERS_MAX)
		zv_conf_error(b->sink, list, "campaigns.%s.callers: at most %d", c->name,
			      ZV_CALLERS_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && i < ZV_CALLERS_MAX; i++) {
		const char *phone = zv_conf_text(zv_conf_at(list, i));

		if (phone != NULL && zv_conf_phone(phone, &c->callers[c->n_callers]) == ZV_OK)
			c->n_callers++;
	}
	for (uint32_t i = 0; c->n_callers == 0 && i < e->n_trunks; i++)
		if (e->trunks[i].enabled && e->trunks[i].n_callers == 0)
			zv_conf_error_key(b->sink, node,
					  "campaigns.%s has no callers, and trunks.%s has none either",
					  c->name, e->trunks[i].name);
}

static void build_limits(struct zv_config_build *b, const struct zv_conf_node *node,
			 struct zv_campaign_conf *c)
{
	c->enabled = number(node, "enabled") != 0;
	c->priority = (uint8_t)number(node, "priority");
	c->ring_ms = (uint32_t)number(node, "ring_time");
	c->talk_max_s = (uint32_t)(number(node, "talk_max") / 1000);
	c->max_calls = (uint32_t)number(node, "max_calls");
	c->unknown_rest_s = (uint32_t)(number(node, "unknown_rest") / 1000);
	c->caller_daily_cap = (uint32_t)number(node, "caller_daily_cap");
	if (c->ring_ms > b->config->engine.max_dialing_ms)
		zv_conf_error(b->sink, zv_conf_get(node, "ring_time"),
			      "campaigns.%s.ring_time is above engine.max_dialing", c->name);
	build_hours(b, node, c);
	build_callers(b, node, c);
}

struct variables {
	struct zv_config_build *b;
	const struct zv_config_campaign *c;
	const struct zv_conf_node *at;
};

static void on_variable(void *arg, const char *name, size_t len, int has_default)
{
	struct variables *v = arg;

	if (has_default || v->c->n_columns == 0)
		return;
	for (uint8_t i = 0; i < v->c->n_columns; i++)
		if (strlen(v->c->columns[i]) == len && memcmp(v->c->columns[i], name, len) == 0)
			return;
	zv_conf_warn(v->b->sink, v->at, "{{%.*s}} is no column of the campaign's lists and has no default",
		     (int)len, name);
}

static void build_messages(struct zv_config_build *b, const struct zv_conf_node *node,
			   struct zv_config_campaign *c)
{
	const struct zv_conf_node *map = zv_conf_get(node, "messages");

	if (zv_conf_count(map) > ZV_CONFIG_NAMES_MAX)
		zv_conf_error(b->sink, map, "campaigns.%s.messages: at most %d", c->name,
			      ZV_CONFIG_NAMES_MAX);
	for (size_t i = 0; i < zv_conf_count(map) && c->n_messages < ZV_CONFIG_NAMES_MAX; i++) {
		const struct zv_conf_node *e = zv_conf_at(map, i);
		struct variables v = {b, c, e};
		const char *wrong;

		if (zv_conf_text(e) == NULL)
			continue;
		if (strlen(zv_conf_key(map, i)) > 47)
			zv_conf_error_key(b->sink, e, "a message's name has at most 47 bytes");
		if (zv_template_check(zv_conf_text(e), on_variable, &v, &wrong) != ZV_OK)
			zv_conf_error(b->sink, e, "campaigns.%s.messages: %s", c->name, wrong);
		c->messages[c->n_messages] = zv_conf_key(map, i);
		c->message_texts[c->n_messages++] = zv_conf_text(e);
	}
}

static enum zv_err build_script(struct zv_config_build *b, const struct zv_conf_node *node,
				struct zv_config_campaign *c)
{
	const struct zv_conf_node *at = zv_conf_get(node, "script");
	struct zv_script_params p = {
		.wav_dir = b->config->voice.wav_dir,
		.n_results = c->n_results,
		.results = c->results,
		.n_columns = c->n_columns,
		.columns = c->columns,
	};
	enum zv_err err;

	if (zv_conf_text(at) == NULL || zv_conf_text(at)[0] == 0)
		return ZV_OK; /* told by the check */
	p.path = zv_config_path(b->config, at, zv_conf_text(at));
	if (p.path == NULL)
		return ZV_ENOMEM;
	err = zv_script_load(&p, b->sink, &c->script);
	if (err == ZV_OK || err == ZV_ENOMEM)
		return err;
	zv_conf_error(b->sink, at, "campaigns.%s.script does not load", c->name);
	return ZV_OK;
}

/* The section is the plugin's own but for the name of the plugin. */
static void build_strategy(struct zv_config_build *b, const struct zv_conf_node *node,
			   struct zv_config_campaign *c)
{
	const struct zv_conf_node *at;

	c->strategy_conf = zv_conf_get(node, "strategy");
	at = zv_conf_get(c->strategy_conf, "plugin");
	c->strategy = zv_conf_text(at);
	if (c->strategy_conf == NULL)
		return; /* told by the check */
	if (c->strategy == NULL) {
		zv_conf_error_key(b->sink, c->strategy_conf,
				  "campaigns.%s.strategy: 'plugin' is missing: a name below plugins",
				  c->name);
		return;
	}
	for (uint32_t i = 0; i < b->config->n_plugins; i++)
		if (strcmp(c->strategy, b->config->plugins[i].name) == 0)
			return;
	zv_conf_error(b->sink, at, "campaigns.%s.strategy.plugin: there is no plugins.%.60s", c->name,
		      c->strategy);
}

static void build_dates(struct zv_config_build *b, const struct zv_conf_node *node,
			struct zv_config_campaign *c)
{
	const char *at = text(node, "date.at");
	char range[16];
	uint16_t from, to;

	c->date_column = zv_config_keep(b->config, text(node, "date.column"));
	c->date_before_ms = number(node, "date.before");
	c->date_at_s = -1;
	if (at == NULL || at[0] == 0)
		return;
	/* a clock's reading as the hours have it */
	(void)snprintf(range, sizeof(range), "%.6s-24:00", at);
	if (zv_conf_hours(range, &from, &to) == ZV_OK)
		c->date_at_s = from * 60;
	else
		zv_conf_error(b->sink, zv_conf_get(zv_conf_get(node, "date"), "at"),
			      "campaigns.%s.date.at: '%s' is no time like 10:00", c->name, at);
}

/* 0: the script has none. */
static uint64_t prompt_hash(const struct zv_config_build *b, const struct zv_script *script, uint8_t prompt)
{
	if (prompt == ZV_TALK_NONE)
		return 0;
	return zv_prompt_hash(b->config->voice.name, b->config->voice.rate, script->prompts[prompt].text);
}

static enum zv_err build_one(struct zv_config_build *b, const struct zv_conf_node *node,
			     const char *name, uint32_t i)
{
	struct zv_config_campaign *c = &b->config->campaigns[i];
	struct zv_campaign_conf *e = &b->config->engine.campaigns[i];
	const char *given = zv_conf_text(zv_conf_get(node, "name"));
	enum zv_err err;

	c->name = zv_config_keep(b->config, name);
	c->title = zv_config_keep(b->config, text(node, "title"));
	c->zone = zv_config_keep(b->config, text(node, "zone"));
	if (c->name == NULL || c->title == NULL || c->zone == NULL)
		return ZV_ENOMEM;
	if (given != NULL && strcmp(given, name) != 0)
		zv_conf_error(b->sink, zv_conf_get(node, "name"), "campaigns.%s is named '%s'", name,
			      given);
	(void)snprintf(e->name, sizeof(e->name), "%s", name);
	err = zv_zones_intern(b->config->zones, c->zone, &c->zone_number);
	if (err == ZV_ENOMEM)
		return err;
	if (err != ZV_OK)
		zv_conf_error(b->sink, zv_conf_get(node, "zone"),
			      "campaigns.%s.zone: no time zone '%s' here (%s)", name, c->zone,
			      "names such as Europe/Moscow");
	c->start = number(node, "start") != 0;
	c->n_categories = names_of(b, zv_conf_get(node, "categories"), c->categories);
	c->n_results = names_of(b, zv_conf_get(node, "results"), c->results);
	c->n_columns = names_of(b, zv_conf_get(node, "columns"), c->columns);
	build_messages(b, node, c);
	build_limits(b, node, e);
	build_strategy(b, node, c);
	err = zv_config_build_law(b, node, i);
	zv_config_build_pace(b, node, i);
	zv_config_build_detection(node, e);
	e->agent_skill = zv_config_skill(b, zv_conf_get(node, "skill"), text(node, "skill"));
	e->agent_level_min = (uint8_t)number(node, "level_min");
	e->sla_ms = (uint32_t)number(node, "sla");
	e->callback_grace_ms = (uint32_t)number(node, "callback_grace");
	build_dates(b, node, c);
	c->desk = zv_conf_get(node, "desk");
	e->record = number(node, "record") != 0;
	if (err == ZV_OK && c->date_column == NULL)
		err = ZV_ENOMEM;
	if (err == ZV_OK)
		err = build_script(b, node, c);
	if (err == ZV_OK && c->script != NULL) {
		e->script = &c->script->graph;
		e->abandon_prompt = prompt_hash(b, c->script, c->script->abandon_prompt);
		e->machine_prompt = prompt_hash(b, c->script, c->script->machine_prompt);
	}
	return err;
}

enum zv_err zv_config_build_campaigns(struct zv_config_build *b)
{
	const struct zv_conf_node *nodes[ZV_CAMPAIGNS_MAX];
	const char *names[ZV_CAMPAIGNS_MAX];
	struct zv_config_ordered order = {nodes, names, 0, ZV_CAMPAIGNS_MAX};
	uint32_t n = zv_config_order(b, "campaigns", &order);
	enum zv_err err = ZV_OK;

	b->config->engine.n_campaigns = n;
	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		err = build_one(b, nodes[i], names[i], i);
	return err;
}
