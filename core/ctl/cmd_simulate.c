/* simulate FILE: days of a scenario by the compiled engine. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ctl/ctl.h"
#include "ctl/simul.h"

#define VALUES_MAX 16u

struct run {
	struct zv_simul_table table;
	char values[VALUES_MAX][64];
	uint32_t n_values, processes;
	struct zv_simul *simuls[VALUES_MAX];
	struct zv_simul_job *jobs;
};

static void say_line(void *arg, const char *text)
{
	(void)arg;
	zv_put_plain(stderr, text);
	(void)fputc('\n', stderr);
}

/* What is only doubtful in the configuration is zvonard's to say. */
static void say_nothing(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

/* "key=v1,v2": commas within [] and {} belong to the value. */
static bool split_what_if(struct run *r, const char *said)
{
	const char *eq = strchr(said, '=');
	int depth = 0;
	size_t n = 0;

	if (eq == NULL || eq == said || (size_t)(eq - said) >= sizeof(r->table.key))
		return false;
	(void)snprintf(r->table.key, sizeof(r->table.key), "%.*s", (int)(eq - said), said);
	for (const char *p = eq + 1;; p++) {
		depth += (*p == '[' || *p == '{') - (*p == ']' || *p == '}');
		if (*p != 0 && (*p != ',' || depth > 0)) {
			if (n >= sizeof(r->values[0]) - 1)
				return false;
			r->values[r->n_values][n++] = *p;
			continue;
		}
		if (n == 0)
			return false;
		r->values[r->n_values++][n] = 0;
		n = 0;
		if (*p == 0)
			return true;
		if (r->n_values == VALUES_MAX)
			return false;
	}
}

static enum zv_err read_all(struct run *r, struct zv_ctl *ctl, const struct zv_args *args,
			    struct zv_conf_sink *sink)
{
	enum zv_err err = ZV_OK;
	uint32_t n = r->n_values > 0 ? r->n_values : 1;

	for (uint32_t i = 0; i < n && err == ZV_OK; i++) {
		struct zv_simul_read read = {
			.file = args->arg[0], .conf = args->global[ZV_G_CONF],
			.plugins = zv_args_opt(args, "plugins"), .sink = sink,
			.key = r->n_values > 0 ? r->table.key : NULL,
			.value = r->n_values > 0 ? r->values[i] : NULL,
		};

		err = zv_simul_read(&read, &r->simuls[i]);
	}
	(void)ctl;
	return err;
}

static enum zv_err make_cases(struct run *r)
{
	struct zv_simul_table *t = &r->table;
	uint32_t n_values = r->n_values > 0 ? r->n_values : 1, k = 0;

	t->n = n_values * r->simuls[0]->n_pacers;
	t->cases = calloc(t->n, sizeof(*t->cases));
	r->jobs = calloc(t->n, sizeof(*r->jobs));
	if (t->cases == NULL || r->jobs == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < n_values; i++) {
		const struct zv_simul *s = r->simuls[i];

		for (uint32_t p = 0; p < r->simuls[0]->n_pacers && p < s->n_pacers; p++, k++) {
			struct zv_simul_case *c = &t->cases[k];

			c->pacer = s->pacers[p].name;
			(void)snprintf(c->value, sizeof(c->value), "%s", r->n_values > 0 ? r->values[i] : "");
			c->bucket_ms = s->params.bucket_ms;
			c->n_buckets = (uint32_t)((s->params.span_ms + c->bucket_ms - 1) / c->bucket_ms);
			c->days = calloc(t->seeds, sizeof(*c->days));
			c->buckets = calloc(c->n_buckets, sizeof(*c->buckets));
			if (c->days == NULL || c->buckets == NULL)
				return ZV_ENOMEM;
			r->jobs[k] = (struct zv_simul_job){s, &s->pacers[p], c};
		}
		t->agents = t->agents || s->conf.n_agents > 0;
	}
	t->n = k;
	return ZV_OK;
}

static void free_run(struct run *r)
{
	for (uint32_t i = 0; i < r->table.n && r->table.cases != NULL; i++) {
		free(r->table.cases[i].days);
		free(r->table.cases[i].buckets);
	}
	free(r->table.cases);
	free(r->jobs);
	for (uint32_t i = 0; i < VALUES_MAX; i++)
		zv_simul_destroy(r->simuls[i]);
	free(r);
}

/* The page first: what goes to standard output may be read by a program. */
static int put_out(struct run *r, struct zv_ctl *ctl, const struct zv_args *args)
{
	const char *html = zv_args_opt(args, "html"), *first;
	int status = ZV_EXIT_DONE;
	FILE *to;

	if (html != NULL) {
		to = fopen(html, "we");
		if (to == NULL)
			return zv_ctl_fail(ZV_EIO, html);
		zv_simul_html(&r->table, to);
		status = zv_ctl_output_end(to, ZV_EXIT_DONE);
	}
	if (ctl->format == ZV_FORMAT_JSON)
		zv_simul_json(&r->table, stdout);
	else
		zv_simul_print(&r->table, stdout, ctl->color);
	for (uint32_t i = 0; i < r->table.n; i++)
		if (zv_simul_broken(&r->table.cases[i], &first) > 0)
			status = ZV_EXIT_FAILED;
	return zv_ctl_output_end(stdout, status);
}

static int numbers(struct run *r, const struct zv_args *args, uint64_t *ret_seeds)
{
	uint64_t processes = 2, seed = 1;
	const char *said;

	*ret_seeds = 0;
	if ((said = zv_args_opt(args, "seeds")) != NULL && !zv_args_u64(said, 1, 1000, ret_seeds)) {
		zv_ctl_say("--seeds: 1 to 1000");
		return ZV_EXIT_USAGE;
	}
	if ((said = zv_args_opt(args, "seed")) != NULL && !zv_args_u64(said, 0, UINT64_MAX / 2, &seed)) {
		zv_ctl_say("--seed: a whole number");
		return ZV_EXIT_USAGE;
	}
	if ((said = zv_args_opt(args, "jobs")) != NULL && !zv_args_u64(said, 1, 64, &processes)) {
		zv_ctl_say("--jobs: 1 to 64");
		return ZV_EXIT_USAGE;
	}
	if ((said = zv_args_opt(args, "what-if")) != NULL && !split_what_if(r, said)) {
		zv_ctl_say("--what-if: key=value[,value ...], at most %u values", VALUES_MAX);
		return ZV_EXIT_USAGE;
	}
	r->table.first_seed = seed;
	r->processes = (uint32_t)processes;
	return -1;
}

int zv_cmd_simulate(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct zv_conf_sink sink = {.line = say_line, .note = say_nothing};
	struct run *r = calloc(1, sizeof(*r));
	uint64_t seeds;
	enum zv_err err;
	int status;

	if (zv_args_opt(args, "settings") != NULL) {
		free(r);
		zv_conf_print_sample(&zv_simul_schema, stdout);
		return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
	}
	if (r == NULL)
		return zv_ctl_fail(ZV_ENOMEM, "simulate");
	if (args->n_args == 0) {
		free(r);
		zv_ctl_say("simulate: name a scenario");
		return ZV_EXIT_USAGE;
	}
	status = numbers(r, args, &seeds);
	if (status >= 0) {
		free_run(r);
		return status;
	}
	zv_log_set_level(ZV_LOG_WARN);
	err = read_all(r, ctl, args, &sink);
	if (err == ZV_OK) {
		const struct zv_simul *s = r->simuls[0];

		r->table.seeds = seeds != 0 ? (uint32_t)seeds : s->seeds;
		r->table.limit = s->limit;
		r->table.start_ms = s->params.start_ms;
		r->table.span_ms = s->params.span_ms;
		(void)snprintf(r->table.title, sizeof(r->table.title), "%s", s->title);
		err = make_cases(r);
	}
	if (err == ZV_OK)
		err = zv_simul_run(r->jobs, r->table.n, r->table.first_seed, r->table.seeds, r->processes);
	status = err != ZV_OK ? zv_ctl_fail(err, args->arg[0]) : put_out(r, ctl, args);
	free_run(r);
	return status;
}
