#include "ctl/statement.h"

#include <glob.h>
#include <string.h>

#include "conf/conf.h"

const char *const zv_purpose_words[] = {"", "collection", "marketing", "lead_callback", "reminder",
                                        "cleanup", "service", NULL};
const char *const zv_channel_words[] = {"", "voice_agent", "voice_ai", "voice_prerec", "sms",
                                        "messenger", "email", "visit", NULL};
const char *const zv_mode_words[] = {"", "predictive", "progressive", "preview", "manual", "robot",
                                     NULL};
const char *const zv_actor_words[] = {"", "creditor", "collector", "telemarketer", NULL};
static const char *const party_words[] = {"", "debtor", "third_party", "guarantor",
                                          "representative", NULL};

static uint8_t word(const struct zv_conf_node *node, const char *key, const char *const *words)
{
	const char *said = zv_conf_text(zv_conf_get(node, key));

	for (uint8_t i = 1; said != NULL && words[i] != NULL; i++)
		if (strcmp(words[i], said) == 0)
			return i;
	return 0;
}

static void copy(char *to, size_t size, const char *from)
{
	if (from != NULL && strlen(from) < size)
		memcpy(to, from, strlen(from) + 1);
}

/* A path as the file that says it means it. */
static void join(char *to, size_t size, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t dir = path[0] == '/' || slash == NULL ? 0 : (size_t)(slash - file) + 1;

	to[0] = 0;
	if (dir + strlen(path) >= size)
		return;
	memcpy(to, file, dir);
	memcpy(to + dir, path, strlen(path) + 1);
}

static void take_campaign(struct zv_statements *st, const char *name, const struct zv_conf_node *node)
{
	const char *topic = zv_conf_text(zv_conf_get(node, "topic"));
	const char *own = zv_conf_text(zv_conf_get(node, "name"));
	const char *caller = zv_conf_text(zv_conf_at(zv_conf_get(node, "callers"), 0));
	const char *ring = zv_conf_text(zv_conf_get(node, "ring_time"));
	struct zv_statement *s = &st->v[st->n];
	int64_t ring_ms = 30000;

	if (st->n == ZV_CAMPAIGNS_MAX)
		return;
	st->n++;
	*s = (struct zv_statement){.purpose = word(node, "purpose", zv_purpose_words),
	                           .channel = word(node, "channel", zv_channel_words),
	                           .mode = word(node, "mode", zv_mode_words),
	                           .actor = word(node, "actor", zv_actor_words),
	                           .party = word(node, "party", party_words)};
	if (s->party == 0)
		s->party = ZV_PARTY_DEBTOR;
	copy(s->name, sizeof(s->name), own != NULL ? own : name);
	copy(s->zone, sizeof(s->zone), zv_conf_text(zv_conf_get(node, "zone")));
	copy(s->jur, sizeof(s->jur), zv_conf_text(zv_conf_get(node, "jurisdiction")));
	s->topic = topic != NULL && topic[0] != 0 ? (uint32_t)zv_rule_name(topic, strlen(topic)) : 0;
	if (caller != NULL && zv_conf_phone(caller, &s->caller) != ZV_OK)
		s->caller = 0;
	if (ring != NULL && zv_conf_duration(ring, &ring_ms) != ZV_OK)
		ring_ms = 30000;
	s->ring_s = (uint32_t)(ring_ms / 1000);
}

/* The folder of campaigns, a file each, named like it. */
static void take_folder(struct zv_statements *st, const char *file, const char *said)
{
	struct zv_conf_sink sink = zv_conf_sink_file(stderr);
	char dir[512], pattern[530];
	glob_t found;

	join(dir, sizeof(dir), file, said);
	(void)snprintf(pattern, sizeof(pattern), "%s/*.yaml", dir);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *base = strrchr(found.gl_pathv[i], '/');
		struct zv_conf_tree *tree = NULL;
		char name[64] = "";

		if (base == NULL || zv_conf_read(found.gl_pathv[i], &sink, &tree) != ZV_OK)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(strlen(base + 1) - 5), base + 1);
		take_campaign(st, name, zv_conf_root(tree));
		zv_conf_free(tree);
	}
	globfree(&found);
}

static void take_root(struct zv_statements *st, const struct zv_conf_node *root)
{
	const struct zv_conf_node *rules = zv_conf_get(root, "rules");
	const struct zv_conf_node *tables = zv_conf_get(rules, "numbering");
	const struct zv_conf_node *dir = zv_conf_get(root, "campaigns_dir");
	const struct zv_conf_node *map = zv_conf_get(root, "campaigns");
	const char *names[2] = {"files", "calendars"}, *defaults[2] = {"rules", "calendars"};
	char *paths[2] = {st->rules, st->calendars};

	for (size_t i = 0; i < 2; i++) {
		const struct zv_conf_node *at = zv_conf_get(rules, names[i]);
		const char *said = zv_conf_text(at);

		join(paths[i], sizeof(st->rules), said != NULL ? zv_conf_file(at) : st->file,
		     said != NULL ? said : defaults[i]);
	}
	for (size_t i = 0; i < zv_conf_count(tables) && st->n_tables < ZV_STATEMENT_TABLES_MAX; i++) {
		const struct zv_conf_node *e = zv_conf_at(tables, i);

		if (zv_conf_text(e) != NULL)
			join(st->tables[st->n_tables++], sizeof(st->tables[0]), zv_conf_file(e),
			     zv_conf_text(e));
	}
	for (size_t i = 0; i < zv_conf_count(map); i++)
		take_campaign(st, zv_conf_key(map, i), zv_conf_at(map, i));
	take_folder(st, zv_conf_text(dir) != NULL ? zv_conf_file(dir) : st->file,
	            zv_conf_text(dir) != NULL ? zv_conf_text(dir) : "campaigns");
}

/* FILE, then conf.d beside it in the order of names, joined over it. */
static enum zv_err read_tree(const char *file, struct zv_conf_tree **ret_tree)
{
	struct zv_conf_sink sink = zv_conf_sink_file(stderr);
	enum zv_err err = zv_conf_read(file, &sink, ret_tree);
	char pattern[600];
	glob_t found;

	if (err != ZV_OK)
		return err;
	join(pattern, sizeof(pattern), file, "conf.d/*.yaml");
	if (pattern[0] == 0 || glob(pattern, 0, NULL, &found) != 0)
		return ZV_OK;
	for (size_t i = 0; err == ZV_OK && i < found.gl_pathc; i++) {
		struct zv_conf_tree *over = NULL;

		err = zv_conf_read(found.gl_pathv[i], &sink, &over);
		if (err == ZV_OK)
			err = zv_conf_merge(*ret_tree, over);
	}
	globfree(&found);
	if (err != ZV_OK)
		zv_conf_free(*ret_tree);
	return err;
}

int zv_ctl_configuration(struct zv_ctl *ctl, char *ret_file, size_t size, struct zv_conf_tree **ret_tree)
{
	const char *said = ctl->args->global[ZV_G_CONF];
	json_t *reply = NULL;
	int status;

	if (said == NULL) {
		reply = zv_client_ask(ctl, json_pack("{s:s}", "cmd", "status"), &status);
		said = json_string_value(json_object_get(reply, "config"));
	}
	copy(ret_file, size, said != NULL ? said : "/etc/zvonar/zvonar.yaml");
	json_decref(reply);
	return read_tree(ret_file, ret_tree) == ZV_OK ? -1 : ZV_EXIT_FAILED;
}

int zv_statements_read(struct zv_ctl *ctl, struct zv_statements *st)
{
	struct zv_conf_tree *tree = NULL;

	memset(st, 0, sizeof(*st));
	if (zv_ctl_configuration(ctl, st->file, sizeof(st->file), &tree) >= 0) {
		zv_ctl_say("%s: what campaigns are for stands in the configuration of zvonard: say "
		           "where with -c FILE", st->file);
		return ZV_EXIT_FAILED;
	}
	take_root(st, zv_conf_root(tree));
	zv_conf_free(tree);
	return -1;
}

const struct zv_statement *zv_statement_find(const struct zv_statements *st, const char *name)
{
	for (uint32_t i = 0; i < st->n; i++)
		if (strcmp(st->v[i].name, name) == 0)
			return &st->v[i];
	return NULL;
}
