#include "app/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_build.h"
#include "base/hash.h"

static int64_t number(const struct zv_config *c, const char *path)
{
	return zv_conf_number(&zv_config_schema, "", zv_conf_root(c->files->tree), path);
}

static const char *text(const struct zv_config *c, const char *path)
{
	return zv_conf_value(&zv_config_schema, "", zv_conf_root(c->files->tree), path);
}

const char *zv_config_keep(struct zv_config *config, const char *kept)
{
	struct zv_config_files *f = config->files;
	char **more = realloc(f->texts, (f->n_texts + 1) * sizeof(more[0]));

	if (more == NULL)
		return NULL;
	f->texts = more;
	more[f->n_texts] = strdup(kept);
	return more[f->n_texts] != NULL ? more[f->n_texts++] : NULL;
}

const char *zv_config_path(struct zv_config *config, const struct zv_conf_node *node,
			   const char *said)
{
	const char *file = zv_conf_file(node);
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;
	char path[4096];

	if (said[0] == '/' || slash == NULL)
		return zv_config_keep(config, said);
	(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - file), file, said);
	return zv_config_keep(config, path);
}

const char *zv_config_path_at(struct zv_config_build *b, const char *path)
{
	const struct zv_conf_node *root = zv_conf_root(b->config->files->tree);
	const struct zv_conf_node *node = zv_conf_find(root, path);

	return zv_config_path(b->config, node != NULL ? node : root, text(b->config, path));
}

/* ---- reading ---- */

static int is_yaml(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* conf.d beside the main file: each file joined over what is there. */
static enum zv_err read_conf_d(struct zv_config_build *b, const char *main_path)
{
	const char *slash = strrchr(main_path, '/');
	struct dirent **found = NULL;
	enum zv_err err = ZV_OK;
	char dir[4000], path[4300];
	int n;

	(void)snprintf(dir, sizeof(dir), "%.*sconf.d",
		       slash != NULL ? (int)(slash - main_path + 1) : 0, main_path);
	n = scandir(dir, &found, is_yaml, by_name);
	if (n < 0 && errno != ENOENT)
		zv_conf_error(b->sink, NULL, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct zv_conf_tree *over = NULL;

		(void)snprintf(path, sizeof(path), "%s/%.255s", dir, found[i]->d_name);
		free(found[i]);
		if (err != ZV_OK || zv_conf_read(path, b->sink, &over) != ZV_OK)
			continue; /* told; the others are read all the same */
		err = zv_conf_merge(b->config->files->tree, over);
	}
	free(found);
	return err;
}

static enum zv_err read_all(struct zv_config_build *b, const char *path)
{
	enum zv_err err = zv_conf_read(path, b->sink, &b->config->files->tree);

	if (err == ZV_OK)
		err = read_conf_d(b, path);
	if (err == ZV_OK)
		err = zv_config_read_campaigns(b);
	if (err == ZV_OK && b->over != NULL)
		err = zv_conf_merge(b->config->files->tree, b->over);
	else
		zv_conf_free(b->over);
	b->over = NULL;
	return err;
}

/* ---- building ---- */

/* Appends entry i of map unless it stands in v already. */
static void order_one(struct zv_config_build *b, const char *section, const struct zv_conf_node *map,
		      size_t i, struct zv_config_ordered *o)
{
	const struct zv_conf_node *node = zv_conf_at(map, i);

	for (uint32_t k = 0; k < o->n; k++)
		if (o->nodes[k] == node)
			return;
	if (!zv_conf_is_name(zv_conf_key(map, i)))
		zv_conf_error_key(b->sink, node, "%s: '%.60s' is no name; allowed: 1 to 31 of a-z, 0-9, _ and -",
				  section, zv_conf_key(map, i));
	else if (o->n == o->max)
		zv_conf_error_key(b->sink, node, "%s: at most %u", section, o->max);
	else {
		o->nodes[o->n] = node;
		o->names[o->n++] = zv_conf_key(map, i);
	}
}

static void order_running(struct zv_config_build *b, const char *section, const char *name,
			  const struct zv_conf_node *map, struct zv_config_ordered *o)
{
	for (size_t i = 0; i < zv_conf_count(map); i++) {
		if (strcmp(zv_conf_key(map, i), name) == 0) {
			order_one(b, section, map, i, o);
			return;
		}
	}
	zv_conf_error(b->sink, map,
		      "%s.%s is gone: while zvonard runs it can only be disabled (enabled: no)", section,
		      name);
}

/* How many entries a section has, and the name of entry i. */
static uint32_t running_names(const struct zv_config *r, const char *section, uint32_t i,
			      const char **ret_name)
{
	const struct zv_engine_conf *e = &r->engine;

	if (strcmp(section, "trunks") == 0) {
		if (ret_name != NULL)
			*ret_name = e->trunks[i].name;
		return e->n_trunks;
	}
	if (strcmp(section, "agents") == 0) {
		if (ret_name != NULL)
			*ret_name = r->agents[i].user;
		return e->n_agents;
	}
	if (strcmp(section, "queues") == 0) {
		if (ret_name != NULL)
			*ret_name = e->queues[i].name;
		return e->n_queues;
	}
	if (ret_name != NULL)
		*ret_name = e->campaigns[i].name;
	return e->n_campaigns;
}

uint32_t zv_config_order(struct zv_config_build *b, const char *section,
			 struct zv_config_ordered *o)
{
	const struct zv_conf_node *map = zv_conf_get(zv_conf_root(b->config->files->tree), section);
	const struct zv_config *r = b->running;
	uint32_t n_running = r == NULL ? 0 : running_names(r, section, 0, NULL);
	const char *name;

	for (uint32_t i = 0; i < n_running; i++) {
		(void)running_names(r, section, i, &name);
		order_running(b, section, name, map, o);
	}
	for (size_t i = 0; i < zv_conf_count(map); i++)
		order_one(b, section, map, i, o);
	return o->n;
}

static void build_calendar(struct zv_config_build *b)
{
	const struct zv_conf_node *root = zv_conf_root(b->config->files->tree);
	struct zv_config *c = b->config;

	c->engine.fast_forward = number(c, "calendar.fast_forward") != 0;
	c->calendar.start_ms = number(c, "calendar.start");
	c->engine.fast_forward_until_ms = number(c, "calendar.until");
	if (c->engine.fast_forward_until_ms == 0)
		c->engine.fast_forward_until_ms = INT64_MAX;
	if (!c->engine.fast_forward && c->calendar.start_ms != 0)
		zv_conf_error(b->sink, zv_conf_find(root, "calendar.start"),
			      "calendar.start needs calendar.fast_forward: a real calendar stands at now");
	if (c->engine.fast_forward && c->calendar.start_ms >= c->engine.fast_forward_until_ms)
		zv_conf_error(b->sink, zv_conf_find(root, "calendar.until"),
			      "calendar.until is not after calendar.start");
}

static void build_sip(struct zv_config_build *b)
{
	const struct zv_conf_node *root = zv_conf_root(b->config->files->tree);
	static const struct zv_conf_ip none;
	struct zv_config *c = b->config;
	struct zv_sip_params *s = &c->sip;
	struct zv_conf_ip ip;

	if (zv_conf_ip(text(c, "sip.local_ip"), &ip) == ZV_OK)
		s->local_ip = zv_config_ip(&ip);
	if (memcmp(ip.bytes, none.bytes, sizeof(none.bytes)) == 0)
		zv_conf_error(b->sink, zv_conf_find(root, "sip.local_ip"),
			      "sip.local_ip: name one address of this machine, not all of them");
	s->port_first = (uint16_t)number(c, "sip.port_first");
	s->n_shards = (uint32_t)number(c, "sip.shards");
	s->agents = (uint32_t)number(c, "sip.agents");
	if (s->port_first + s->n_shards * s->agents > 65536)
		zv_conf_error(b->sink, zv_conf_find(root, "sip.port_first"),
			      "sip.port_first: %u ports from %u on do not fit below 65536",
			      s->n_shards * s->agents, s->port_first);
	(void)snprintf(s->user_agent, sizeof(s->user_agent), "%s", text(c, "sip.user_agent"));
	s->ack_wait_ms = (uint32_t)number(c, "sip.ack_wait");
	s->offer_pcmu_first = number(c, "sip.codec_first") == 1;
}

static enum zv_err build_plugins(struct zv_config_build *b)
{
	const struct zv_conf_node *map = zv_conf_get(zv_conf_root(b->config->files->tree), "plugins");
	struct zv_config *c = b->config;

	if (zv_conf_count(map) > ZV_CONFIG_PLUGINS_MAX)
		zv_conf_error(b->sink, map, "plugins: at most %d", ZV_CONFIG_PLUGINS_MAX);
	for (size_t i = 0; i < zv_conf_count(map) && c->n_plugins < ZV_CONFIG_PLUGINS_MAX; i++) {
		const struct zv_conf_node *node = zv_conf_at(map, i);
		const struct zv_conf_node *path = zv_conf_get(node, "path");
		struct zv_config_plugin *p = &c->plugins[c->n_plugins];

		if (zv_conf_text(path) == NULL)
			continue; /* told by the check */
		p->name = zv_conf_key(map, i);
		p->conf = zv_conf_get(node, "conf");
		p->path = zv_config_path(c, path, zv_conf_text(path));
		if (p->path == NULL)
			return ZV_ENOMEM;
		c->n_plugins++;
	}
	return ZV_OK;
}

static enum zv_err build_paths(struct zv_config_build *b)
{
	struct zv_config *c = b->config;
	const char *program = text(c, "voice.program");

	c->store.dir = zv_config_path_at(b, "store.dir");
	c->control = zv_config_path_at(b, "control.socket");
	if (text(c, "engine.record")[0] != 0)
		c->record = zv_config_path_at(b, "engine.record");
	c->voice.wav_dir = zv_config_path_at(b, "prompts.dir");
	c->voice.cache_dir = zv_config_path_at(b, "prompts.cache");
	/* a bare name is looked up in PATH */
	c->voice.program = strchr(program, '/') != NULL ? zv_config_path_at(b, "voice.program") :
							  zv_config_keep(c, program);
	c->voice.name = zv_config_keep(c, text(c, "voice.name"));
	if (c->store.dir == NULL || c->control == NULL || c->voice.wav_dir == NULL ||
	    c->voice.cache_dir == NULL || c->voice.program == NULL || c->voice.name == NULL)
		return ZV_ENOMEM;
	if (strlen(c->control) > 107)
		zv_conf_error(b->sink,
			      zv_conf_find(zv_conf_root(c->files->tree), "control.socket"),
			      "control.socket: '%s' is over 107 bytes, the most a unix socket can have",
			      c->control);
	return ZV_OK;
}

static void build_numbers(struct zv_config *c)
{
	c->node = (uint16_t)number(c, "node");
	c->log.level = (enum zv_log_level)number(c, "log.level");
	c->log.json = number(c, "log.format") == 1;
	c->drain_ms = (uint32_t)number(c, "shutdown.drain");
	c->store.map_bytes = (uint64_t)number(c, "store.map_size");
	c->store.intent_wait_ms = (uint32_t)number(c, "store.intent_wait");
	c->store.outcome_wait_ms = (uint32_t)number(c, "store.outcome_wait");
	c->store.offers = (uint32_t)number(c, "store.offers");
	c->store.horizon_ms = (uint32_t)number(c, "store.horizon");
	c->store.ahead = c->engine.fast_forward ? (uint32_t)number(c, "store.ahead") : 0;
	c->seed = (uint64_t)number(c, "engine.seed");
	c->engine.max_dialing_ms = (uint32_t)number(c, "engine.max_dialing");
	c->engine.store_wait_ms = (uint32_t)number(c, "engine.store_wait");
	c->voice.rate = (uint32_t)number(c, "voice.rate");
	c->voice.threads = (uint32_t)number(c, "voice.threads");
	c->voice.timeout_ms = (uint32_t)number(c, "voice.timeout");
	c->voice.prompts_max = (uint32_t)number(c, "prompts.max");
	c->plugin_deadline_ms = (uint32_t)number(c, "plugin_host.deadline");
	c->plugin_strikes = (uint32_t)number(c, "plugin_host.strikes");
}

static void mix(uint64_t *hash, const char *part)
{
	struct zv_key key = {*hash, 0};

	*hash = zv_siphash(&key, part, strlen(part) + 1);
}

static void mix_node(uint64_t *hash, const struct zv_conf_node *node)
{
	if (zv_conf_text(node) != NULL)
		mix(hash, zv_conf_text(node));
	for (size_t i = 0; i < zv_conf_count(node); i++) {
		if (zv_conf_node_kind(node) == ZV_CONF_MAP)
			mix(hash, zv_conf_key(node, i));
		mix_node(hash, zv_conf_at(node, i));
	}
	*hash = zv_mix64(*hash);
}

static uint64_t hash_of(const struct zv_config *c)
{
	uint64_t hash = 1;

	mix_node(&hash, zv_conf_root(c->files->tree));
	for (uint32_t i = 0; i < c->engine.n_campaigns; i++)
		if (c->campaigns[i].script != NULL)
			hash = zv_mix64(hash ^ c->campaigns[i].script->hash);
	return hash;
}

static enum zv_err build(struct zv_config_build *b)
{
	struct zv_config *c = b->config;
	enum zv_err err;

	/* What is wrong in form is told, and the default stands for it below. */
	err = zv_conf_check(&zv_config_schema, "", zv_conf_root(c->files->tree), b->sink);
	if (err != ZV_OK && err != ZV_EINVAL)
		return err;
	build_calendar(b);
	build_numbers(c);
	build_sip(b);
	err = build_paths(b);
	if (err == ZV_OK)
		err = build_plugins(b);
	if (err != ZV_OK)
		return err;
	err = zv_config_build_rules(b);
	if (err != ZV_OK)
		return err;
	zv_config_build_trunks(b);
	zv_config_build_media(b);
	err = zv_config_build_campaigns(b);
	if (err == ZV_OK)
		err = zv_config_build_forms(b);
	if (err == ZV_OK)
		err = zv_config_build_agents(b);
	c->engine.zones = c->zones;
	c->hash = hash_of(c);
	return err;
}

static enum zv_err load(const char *path, struct zv_config *running, struct zv_conf_tree *over,
			struct zv_conf_sink *sink, struct zv_config **ret_config)
{
	struct zv_config_build b = {.running = running, .over = over, .sink = sink};
	uint32_t errors_before = sink->n_errors;
	enum zv_err err = ZV_ENOMEM;

	b.config = calloc(1, sizeof(*b.config));
	if (b.config == NULL) {
		zv_conf_free(over);
		return ZV_ENOMEM;
	}
	b.config->files = calloc(1, sizeof(*b.config->files));
	if (b.config->files == NULL)
		goto fail;
	if (running != NULL) {
		b.config->zones = running->zones;
		b.config->zones_users = running->zones_users;
		++*running->zones_users;
	} else {
		b.config->zones_users = calloc(1, sizeof(*b.config->zones_users));
		if (b.config->zones_users == NULL)
			goto fail;
		*b.config->zones_users = 1;
		err = zv_zones_create(NULL, &b.config->zones);
		if (err != ZV_OK)
			goto fail;
	}
	err = read_all(&b, path);
	if (err == ZV_OK)
		err = build(&b);
	if (err == ZV_OK && sink->n_errors != errors_before)
		err = ZV_EINVAL;
	if (err != ZV_OK)
		goto fail;
	*ret_config = b.config;
	return ZV_OK;

fail:
	zv_conf_free(b.over);
	zv_config_destroy(b.config);
	return err;
}

enum zv_err zv_config_load(const char *path, struct zv_conf_sink *sink, struct zv_config **ret_config)
{
	return load(path, NULL, NULL, sink, ret_config);
}

enum zv_err zv_config_load_over(const char *path, struct zv_conf_tree *over, struct zv_conf_sink *sink,
				struct zv_config **ret_config)
{
	return load(path, NULL, over, sink, ret_config);
}

/* The text of a script counts at start only: its prompts are rendered then. */
static enum zv_err compare_scripts(const struct zv_config *was, const struct zv_config *is,
				   struct zv_conf_sink *sink)
{
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < was->engine.n_campaigns; i++) {
		const struct zv_script *a = was->campaigns[i].script, *b = is->campaigns[i].script;

		if (a->hash == b->hash)
			continue;
		zv_conf_error(sink, NULL, "%s: a script cannot change while zvonard runs; restart it",
			      b->file);
		err = ZV_EDENIED;
	}
	return err;
}

enum zv_err zv_config_reload(const char *path, struct zv_config *running, struct zv_conf_sink *sink,
			     struct zv_config **ret_config, uint32_t *ret_changes)
{
	struct zv_config *c = NULL;
	enum zv_err err = load(path, running, NULL, sink, &c);

	if (err != ZV_OK)
		return err;
	err = zv_conf_compare(&zv_config_schema, zv_conf_root(running->files->tree),
			      zv_conf_root(c->files->tree), sink, ret_changes);
	if (err == ZV_OK)
		err = compare_scripts(running, c, sink);
	if (err != ZV_OK) {
		zv_config_destroy(c);
		return err;
	}
	for (uint32_t i = 0; i < running->engine.n_campaigns; i++)
		c->engine.campaigns[i].id = running->engine.campaigns[i].id;
	*ret_config = c;
	return ZV_OK;
}

void zv_config_destroy(struct zv_config *config)
{
	if (config == NULL)
		return;
	for (uint32_t i = 0; i < config->engine.n_campaigns; i++)
		zv_script_free(config->campaigns[i].script);
	zv_config_free_rules(config);
	free(config->agent_confs);
	free(config->agents);
	free(config->phones);
	free(config->queue_confs);
	free(config->queues);
	free(config->forms);
	if (config->zones_users != NULL && --*config->zones_users == 0) {
		zv_zones_destroy(config->zones);
		free(config->zones_users);
	}
	if (config->files != NULL) {
		zv_conf_free(config->files->tree);
		for (size_t i = 0; i < config->files->n_texts; i++)
			free(config->files->texts[i]);
		free(config->files->texts);
		free(config->files);
	}
	free(config);
}

/* ---- what plugins see ---- */

static size_t plugin_count(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx;
	return zv_conf_count(node);
}

static const struct zv_conf_node *plugin_at(void *ctx, const struct zv_conf_node *node, size_t i)
{
	(void)ctx;
	return zv_conf_at(node, i);
}

static const char *plugin_key(void *ctx, const struct zv_conf_node *node, size_t i)
{
	(void)ctx;
	return zv_conf_key(node, i);
}

static const struct zv_conf_node *plugin_get(void *ctx, const struct zv_conf_node *node,
					     const char *key)
{
	(void)ctx;
	return zv_conf_get(node, key);
}

static const char *plugin_text(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx;
	return zv_conf_text(node);
}

static void plugin_error(void *ctx, const struct zv_conf_node *node, const char *said)
{
	zv_conf_error(ctx, node, "%s", said);
}

struct zv_plugin_conf zv_config_plugin_conf(struct zv_conf_sink *sink)
{
	return (struct zv_plugin_conf){
		.ctx = sink,
		.count = plugin_count,
		.at = plugin_at,
		.key = plugin_key,
		.get = plugin_get,
		.text = plugin_text,
		.error = plugin_error,
	};
}
