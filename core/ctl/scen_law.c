/* Rules and calendars of a scenario: files as they stand, or a part of them with inline lines in a
 * folder of its own. */
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/scen.h"
#include "law/law.h"

#define PATH_SIZE 1200

struct teller {
	struct zv_conf_sink *sink;
	const struct zv_conf_node *node;
};

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
                 const char *path, const char *text)
{
	struct teller *t = arg;

	if (level == ZV_LAW_ERROR)
		zv_conf_error(t->sink, t->node, "%s:%u: %s%s%s", file, line, path,
		              path[0] != 0 ? ": " : "", text);
}

/* A path of the file: relative to the folder that the file stands in. */
static void resolve(const struct zv_conf_node *node, char *to)
{
	const char *text = zv_conf_text(node), *file = zv_conf_file(node);
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;

	if (text == NULL || text[0] == '/' || slash == NULL)
		(void)snprintf(to, PATH_SIZE, "%s", text != NULL ? text : "");
	else
		(void)snprintf(to, PATH_SIZE, "%.*s/%s", (int)(slash - file), file, text);
}

static size_t count(const struct zv_conf_node *node)
{
	return node == NULL ? 0 : zv_conf_node_kind(node) == ZV_CONF_LIST ? zv_conf_count(node) : 1;
}

static const struct zv_conf_node *at(const struct zv_conf_node *node, size_t i)
{
	return zv_conf_node_kind(node) == ZV_CONF_LIST ? zv_conf_at(node, i) : node;
}

/* Is the line one of a rule that `only` names?  A line that is no JSON goes on to whom it
 * concerns. */
static bool wanted(const char *line, size_t len, const struct zv_conf_node *only)
{
	json_t *rule = json_loadb(line, len, 0, NULL);
	const char *id = json_string_value(json_object_get(rule, "id"));
	bool yes = only == NULL || id == NULL;

	for (size_t i = 0; !yes && i < count(only); i++) {
		const char *text = zv_conf_text(at(only, i));

		yes = text != NULL && strcmp(text, id) == 0;
	}
	json_decref(rule);
	return yes;
}

/* Appends the wanted lines of a file; false: it cannot be read or written. */
static bool copy_lines(const char *path, const struct zv_conf_node *only, bool all, FILE *to)
{
	FILE *from = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (from == NULL)
		return false;
	while ((len = getline(&line, &cap, from)) > 0) {
		if (!all && !wanted(line, (size_t)len, only))
			continue;
		(void)fwrite(line, 1, (size_t)len, to);
		if (line[len - 1] != '\n')
			(void)fputc('\n', to);
	}
	free(line);
	(void)fclose(from);
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(const char *folder)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file, or a folder whose *.jsonl are taken in the order of their names. */
static bool copy_rules(const char *path, const struct zv_conf_node *only, FILE *to)
{
	char pattern[PATH_SIZE + 16];
	glob_t found;
	struct stat st;
	bool good = true;

	if (stat(path, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		return copy_lines(path, only, false, to);
	(void)snprintf(pattern, sizeof(pattern), "%s/*.jsonl", path);
	if (glob(pattern, 0, NULL, &found) != 0) {
		errno = ENOENT;
		return false;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		good &= copy_lines(found.gl_pathv[i], only, false, to);
	globfree(&found);
	return good;
}

struct parts {
	const struct zv_conf_node *rules, *lines, *only, *calendars;
};

static bool write_rules(const struct parts *p, const char *path, struct zv_conf_sink *sink)
{
	FILE *to = fopen(path, "wxe");
	char from[PATH_SIZE];
	bool good = true;

	if (to == NULL)
		return false;
	for (size_t i = 0; i < count(p->rules); i++) {
		resolve(at(p->rules, i), from);
		if (copy_rules(from, p->only, to))
			continue;
		zv_conf_error(sink, at(p->rules, i), "%s: %s", from, strerror(errno));
		good = false;
	}
	for (size_t i = 0; i < count(p->lines); i++) {
		const char *text = zv_conf_text(at(p->lines, i));

		if (text != NULL && wanted(text, strlen(text), p->only))
			(void)fprintf(to, "%s\n", text);
	}
	return fclose(to) == 0 && good;
}

static bool copy_calendars(const struct zv_conf_node *list, const char *folder,
                           struct zv_conf_sink *sink)
{
	bool good = true;

	for (size_t i = 0; i < count(list); i++) {
		char from[PATH_SIZE], path[PATH_SIZE];
		const char *slash;
		FILE *to;

		resolve(at(list, i), from);
		slash = strrchr(from, '/');
		(void)snprintf(path, sizeof(path), "%.100s/%.200s", folder,
		               slash != NULL ? slash + 1 : from);
		to = fopen(path, "wxe");
		if (to == NULL || !copy_lines(from, NULL, true, to)) {
			zv_conf_error(sink, at(list, i), "%s: %s", from, strerror(errno));
			good = false;
		}
		if (to != NULL)
			good &= fclose(to) == 0;
	}
	return good;
}

/* Makes the folder with what is not simply a path. */
static bool gather(const struct parts *p, struct zv_conf_sink *sink, char *folder, char *rules,
                   char *calendars)
{
	char path[PATH_SIZE];
	bool parts = p->only != NULL || p->lines != NULL || count(p->rules) > 1;
	bool many = p->calendars != NULL && zv_conf_node_kind(p->calendars) == ZV_CONF_LIST;
	const char *tmp = getenv("TMPDIR");

	if (!parts && !many)
		return true;
	(void)snprintf(folder, 64, "%.40s/zvonar-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL) {
		zv_conf_error(sink, NULL, "%s: %s", folder, strerror(errno));
		folder[0] = 0;
		return false;
	}
	if (parts) {
		(void)snprintf(rules, PATH_SIZE, "%s/rules.jsonl", folder);
		if (!write_rules(p, rules, sink))
			return false;
	}
	if (!many)
		return true;
	(void)snprintf(path, sizeof(path), "%s/calendars", folder);
	memcpy(calendars, path, strlen(path) + 1);
	return mkdir(path, 0700) == 0 && copy_calendars(p->calendars, path, sink);
}

static const struct zv_conf_node *either(const struct zv_conf_node *scenario,
                                         const struct zv_conf_node *file, const char *key)
{
	const struct zv_conf_node *node = zv_conf_get(scenario, key);

	return node != NULL ? node : zv_conf_get(file, key);
}

bool zv_scen_law_load(const struct zv_conf_node *file, const struct zv_conf_node *scenario,
                      struct zv_zones *zones, struct zv_conf_sink *sink,
                      struct zv_scen_law *ret_law)
{
	const struct parts p = {
	        .rules = either(scenario, file, "rules"),
	        .lines = either(scenario, file, "lines"),
	        .only = either(scenario, file, "only"),
	        .calendars = either(scenario, file, "calendars"),
	};
	struct teller teller = {.sink = sink, .node = p.rules != NULL ? p.rules : p.lines};
	char rules[PATH_SIZE] = "", calendars[PATH_SIZE] = "";
	struct zv_law_params params = {.rules = rules, .zones = zones,
	                               .sink = {.tell = tell, .arg = &teller}};
	uint32_t before = sink->n_errors;
	enum zv_err err = ZV_EPARSE;

	*ret_law = (struct zv_scen_law){0};
	if (teller.node == NULL) {
		zv_conf_error(sink, file, "`rules` (files) or `lines` (JSON) are wanted");
		return false;
	}
	if (count(p.rules) == 1)
		resolve(at(p.rules, 0), rules);
	if (count(p.calendars) > 0) {
		resolve(at(p.calendars, 0), calendars);
		params.calendars = calendars;
	}
	if (gather(&p, sink, ret_law->folder, rules, calendars))
		err = zv_law_load(&params, &ret_law->law);
	if (err != ZV_OK) {
		if (sink->n_errors == before)
			zv_conf_error(sink, teller.node, "the rules could not be loaded");
		zv_scen_law_free(ret_law);
		return false;
	}
	ret_law->rules = zv_law_rules(ret_law->law);
	return true;
}

void zv_scen_law_free(struct zv_scen_law *law)
{
	zv_law_destroy(law->law);
	if (law->folder[0] != 0)
		remove_folder(law->folder);
	*law = (struct zv_scen_law){0};
}
