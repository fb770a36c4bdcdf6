/* rules test FILE...: scenarios asked of the rules (conf/rules/scenarios/README.md). */
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/scen.h"

static const char file_keys[] = "rules lines only calendars zone person campaign scenarios";

struct test {
	struct zv_ctl *ctl;
	bool verbose;
	struct zv_conf_sink sink; /* errors of files */
	struct zv_zones *zones;
	struct zv_scen *s; /* heap: slab and tally are large */
	uint32_t n, n_failed, n_files;
};

static void say_line(void *arg, const char *text)
{
	(void)arg;
	zv_put_plain(stderr, text);
	(void)fputc('\n', stderr);
}

/* Does the scenario bring rules of its own? */
static bool own_rules(const struct zv_conf_node *scenario)
{
	return zv_conf_get(scenario, "rules") != NULL || zv_conf_get(scenario, "lines") != NULL ||
	       zv_conf_get(scenario, "only") != NULL || zv_conf_get(scenario, "calendars") != NULL;
}

static void put_json_pair(const char *key, const char *text)
{
	(void)printf("\"%s\":\"", key);
	zv_put_json(stdout, text);
	(void)printf("\"");
}

static void print_json(const struct zv_scen *s, const char *name, const char *question,
                       const char *verdict)
{
	(void)printf("{");
	put_json_pair("file", zv_conf_file(s->node));
	(void)printf(",\"line\":%u,", zv_conf_line(s->node));
	put_json_pair("name", name);
	(void)printf(",\"ok\":%s,", s->n_differences == 0 ? "true" : "false");
	put_json_pair("question", question);
	(void)printf(",");
	put_json_pair("verdict", verdict);
	(void)printf(",\"differences\":[");
	for (uint32_t i = 0; i < s->n_differences; i++) {
		(void)printf("%s{", i > 0 ? "," : "");
		put_json_pair("what", s->differences[i].what);
		(void)printf(",");
		put_json_pair("expected", s->differences[i].expected);
		(void)printf(",");
		put_json_pair("got", s->differences[i].got);
		(void)printf("}");
	}
	(void)printf("]}\n");
}

static void put_line(const char *head, const char *text)
{
	(void)fputs(head, stdout);
	zv_put_plain(stdout, text);
	(void)fputc('\n', stdout);
}

static void print_text(const struct test *t, const struct zv_scen *s, const char *name,
                       const char *question, const char *verdict)
{
	bool failed = s->n_differences > 0;
	char place[400];

	if (!failed && !t->verbose)
		return;
	(void)snprintf(place, sizeof(place), "%.300s:%u: ", zv_conf_file(s->node),
	               zv_conf_line(s->node));
	(void)fputs(failed ? "FAILED " : "ok     ", stdout);
	zv_put_plain(stdout, place);
	zv_put_plain(stdout, name);
	(void)fputc('\n', stdout);
	put_line("  question: ", question);
	put_line("  answer:   ", verdict);
	for (uint32_t i = 0; i < s->n_differences; i++) {
		const struct zv_scen_difference *d = &s->differences[i];
		char line[480];

		(void)snprintf(line, sizeof(line), "%-12s expected %s, got %s", d->what,
		               d->expected, d->got);
		put_line("  - ", line);
	}
}

static void tell_result(const struct test *t, const struct zv_scen *s)
{
	const char *name = zv_conf_text(zv_conf_get(s->node, "name"));
	char question[500], verdict[600];

	zv_scen_question(s, question, sizeof(question));
	zv_scen_verdict(s, verdict, sizeof(verdict));
	if (name == NULL)
		name = "a scenario without a name";
	if (t->ctl->format == ZV_FORMAT_JSON)
		print_json(s, name, question, verdict);
	else
		print_text(t, s, name, question, verdict);
}

/* One scenario; errors of the file are told and counted by the sink. */
static void run_scenario(struct test *t, const struct zv_conf_node *file,
                         const struct zv_conf_node *node, const struct zv_rules *rules)
{
	struct zv_scen *s = t->s;

	memset(s, 0, sizeof(*s));
	s->file = file;
	s->node = node;
	s->sink = &t->sink;
	s->zones = t->zones;
	s->rules = rules;
	if (!zv_scen_run(s))
		return;
	t->n++;
	t->n_failed += s->n_differences > 0;
	tell_result(t, s);
}

static void run_scenarios(struct test *t, const struct zv_conf_node *file)
{
	const struct zv_conf_node *list = zv_conf_get(file, "scenarios");
	struct zv_scen_law common = {0};
	bool tried = false;

	zv_scen_keys(&t->sink, file, file_keys);
	if (list == NULL || zv_conf_node_kind(list) != ZV_CONF_LIST || zv_conf_count(list) == 0) {
		zv_conf_error(&t->sink, list != NULL ? list : file, "`scenarios` is wanted: a list");
		return;
	}
	for (size_t i = 0; i < zv_conf_count(list); i++) {
		const struct zv_conf_node *node = zv_conf_at(list, i);
		struct zv_scen_law own = {0};

		if (!own_rules(node)) {
			if (!tried)
				(void)zv_scen_law_load(file, NULL, t->zones, &t->sink, &common);
			tried = true;
			if (common.law != NULL)
				run_scenario(t, file, node, common.rules);
			continue;
		}
		if (zv_scen_law_load(file, node, t->zones, &t->sink, &own))
			run_scenario(t, file, node, own.rules);
		zv_scen_law_free(&own);
	}
	zv_scen_law_free(&common);
}

static void run_file(struct test *t, const char *path)
{
	struct zv_conf_tree *tree = NULL;

	t->n_files++;
	if (zv_conf_read(path, &t->sink, &tree) == ZV_OK)
		run_scenarios(t, zv_conf_root(tree));
	zv_conf_free(tree);
}

/* Files that are wrong count as wrong use: their scenarios were not judged. */
static int sum_up(const struct test *t)
{
	zv_ctl_say("%u scenarios of %u files: %u failed%s", t->n, t->n_files, t->n_failed,
	           t->sink.n_errors > 0 ? "; not all could be read" : "");
	if (t->sink.n_errors > 0)
		return ZV_EXIT_USAGE;
	return t->n_failed > 0 ? ZV_EXIT_FAILED : ZV_EXIT_DONE;
}

int zv_cmd_rules_test(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct test t = {.ctl = ctl, .verbose = zv_args_opt(args, "verbose") != NULL,
	                 .sink = {.line = say_line}};
	uint16_t utc;
	int status;
	enum zv_err err;

	if (ctl->format != ZV_FORMAT_TABLE && ctl->format != ZV_FORMAT_JSON) {
		zv_ctl_say("rules test prints text or JSON");
		return ZV_EXIT_USAGE;
	}
	t.s = calloc(1, sizeof(*t.s));
	err = t.s != NULL ? zv_zones_create(NULL, &t.zones) : ZV_ENOMEM;
	if (err == ZV_OK)
		err = zv_zones_intern(t.zones, "UTC", &utc);
	if (err != ZV_OK) {
		zv_zones_destroy(t.zones);
		free(t.s);
		return zv_ctl_fail(err, "time zones");
	}
	for (size_t i = 0; i < args->n_args; i++)
		run_file(&t, args->arg[i]);
	status = sum_up(&t);
	zv_zones_destroy(t.zones);
	free(t.s);
	return zv_ctl_output_end(stdout, status);
}
