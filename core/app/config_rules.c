/* The law as data, as the configuration names it: rule files, calendars, numbering plans. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "app/config_build.h"
#include "law/law.h"
#include "law/numbering.h"

static const struct zv_conf_node *said(const struct zv_config_build *b, const char *path)
{
	return zv_conf_find(zv_conf_root(b->config->files->tree), path);
}

/* Messages of core/law become lines of ours: "file:line: $.path: text". */
static void on_law(void *arg, enum zv_law_level level, const char *file, unsigned line,
		   const char *path, const char *text)
{
	struct zv_conf_sink *sink = arg;
	char place[400] = "";

	if (file[0] != 0 && line != 0)
		(void)snprintf(place, sizeof(place), "%.300s:%u: ", file, line);
	else if (file[0] != 0)
		(void)snprintf(place, sizeof(place), "%.300s: ", file);
	if (level == ZV_LAW_ERROR)
		zv_conf_error(sink, NULL, "%s%s%s%s", place, path, path[0] != 0 ? ": " : "", text);
	else
		zv_conf_warn(sink, NULL, "%s%s%s%s", place, path, path[0] != 0 ? ": " : "", text);
}

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static enum zv_err build_paths(struct zv_config_build *b)
{
	const struct zv_conf_node *list = said(b, "rules.numbering");
	struct zv_config *c = b->config;

	c->rules.files = zv_config_path_at(b, "rules.files");
	c->rules.calendars = zv_config_path_at(b, "rules.calendars");
	if (c->rules.files == NULL || c->rules.calendars == NULL)
		return ZV_ENOMEM;
	if (zv_conf_count(list) > ZV_CONFIG_NUMBERING_MAX)
		zv_conf_error(b->sink, list, "rules.numbering: at most %d files",
			      ZV_CONFIG_NUMBERING_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && i < ZV_CONFIG_NUMBERING_MAX; i++) {
		const struct zv_conf_node *e = zv_conf_at(list, i);
		const char *path;

		if (zv_conf_text(e) == NULL)
			continue; /* told by the check */
		path = zv_config_path(c, e, zv_conf_text(e));
		if (path == NULL)
			return ZV_ENOMEM;
		c->rules.numbering[c->rules.n_numbering++] = path;
	}
	return ZV_OK;
}

static void build_accepted(struct zv_config_build *b)
{
	const struct zv_conf_node *at = said(b, "rules.accept_stale");
	const char *hex = zv_conf_text(at);
	char *end;

	if (hex == NULL || hex[0] == 0)
		return;
	b->config->rules.accept_stale = strtoull(hex, &end, 16);
	if (strlen(hex) != 16 || *end != 0)
		zv_conf_error(b->sink, at, "rules.accept_stale: '%s' is no hash of rules: 16 digits, "
			      "as `zvonarctl rules list` shows them", hex);
}

/* Told and counted by the sink; only want of memory ends the load at once. */
enum zv_err zv_config_build_rules(struct zv_config_build *b)
{
	struct zv_config *c = b->config;
	struct zv_law_params params = {
		.zones = c->zones, .today_known = true, .today = (int32_t)(time(NULL) / 86400),
		.sink = {on_law, b->sink},
	};
	struct zv_numbering_params numbering = {.zones = c->zones, .sink = {on_law, b->sink}};
	enum zv_err err = build_paths(b);

	if (err != ZV_OK)
		return err;
	build_accepted(b);
	params.rules = c->rules.files;
	/* The places by default need not be there: then there are no rules, and no calls. */
	if (said(b, "rules.calendars") != NULL || is_there(c->rules.calendars))
		params.calendars = c->rules.calendars;
	if (said(b, "rules.files") != NULL || is_there(c->rules.files)) {
		uint32_t before = b->sink->n_errors;

		err = zv_law_load(&params, &c->rules.law);
		if (err != ZV_OK && err != ZV_ENOMEM && b->sink->n_errors == before)
			zv_conf_error(b->sink, said(b, "rules.files"), "rules.files: %s does not load",
				      c->rules.files);
		if (err == ZV_OK)
			c->engine.rules = zv_law_rules(c->rules.law);
	}
	if (err == ZV_ENOMEM)
		return err;
	numbering.n_tables = c->rules.n_numbering;
	numbering.tables = c->rules.numbering;
	err = zv_numbering_load(&numbering, &c->rules.plan);
	return err == ZV_ENOMEM ? err : ZV_OK;
}

void zv_config_free_rules(struct zv_config *config)
{
	zv_law_destroy(config->rules.law);
	zv_numbering_destroy(config->rules.plan);
	config->rules.law = NULL;
	config->rules.plan = NULL;
	config->engine.rules = NULL;
}
