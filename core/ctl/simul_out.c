/* What a simulation gave, as a table and as JSON. */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/simul.h"

struct column { const char *head, *json; enum zv_simul_what what; int digits; bool agents; };

static const struct column columns[] = {
	{"calls", "calls", ZV_SIMUL_CALLS, 0, false},
	{"answered", "answered", ZV_SIMUL_ANSWERED, 0, false},
	{"to agents", "to_agents", ZV_SIMUL_HANDED, 0, true},
	{"abandoned %", "abandoned_percent", ZV_SIMUL_ABANDONED, 2, true},
	{"occupancy %", "occupancy_percent", ZV_SIMUL_OCCUPANCY, 1, true},
	{"wait s", "wait_s", ZV_SIMUL_WAIT, 1, true},
	{"p95 s", "wait_p95_s", ZV_SIMUL_WAIT_P95, 1, true},
	{"calls a talk", "calls_a_talk", ZV_SIMUL_RATIO, 2, true},
	{"settled %", "settled_percent", ZV_SIMUL_DONE, 1, false},
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void cell(FILE *to, const struct column *col, const struct zv_simul_case *c)
{
	struct zv_simul_figure f = zv_simul_figure(c, col->what);
	char text[48];

	if (c->n > 1)
		(void)snprintf(text, sizeof(text), "%.*f ±%.*f", col->digits, f.mean, col->digits, f.half);
	else
		(void)snprintf(text, sizeof(text), "%.*f", col->digits, f.mean);
	/* "±" is one cell and two bytes. */
	(void)fprintf(to, "  %*s", (int)(c->n > 1 ? 17 : 12), text);
}

static void heading(const struct zv_simul_table *t, FILE *to, bool color)
{
	(void)fprintf(to, "%s%-24s", color ? "\033[1m" : "", t->key[0] != 0 ? t->key : "pacer");
	for (size_t k = 0; k < N_COLUMNS; k++)
		if (t->agents || !columns[k].agents)
			(void)fprintf(to, "  %*s", t->seeds > 1 ? 16 : 12, columns[k].head);
	(void)fprintf(to, "%s  %-16s%s\n", t->agents ? "  over" : "", "trace", color ? "\033[0m" : "");
}

static void name_of(const struct zv_simul_case *c, char *to, size_t size)
{
	(void)snprintf(to, size, "%s%s%s", c->value, c->value[0] != 0 ? " " : "", c->pacer);
}

void zv_simul_print(const struct zv_simul_table *t, FILE *to, bool color)
{
	const char *first = "", *why;
	uint64_t broken = 0;
	char name[128];

	if (t->title[0] != 0) {
		zv_put_plain(to, t->title);
		(void)fputc('\n', to);
	}
	heading(t, to, color);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct zv_simul_case *c = &t->cases[i];

		name_of(c, name, sizeof(name));
		(void)fprintf(to, "%-24.60s", name);
		for (size_t k = 0; k < N_COLUMNS; k++)
			if (t->agents || !columns[k].agents)
				cell(to, &columns[k], c);
		if (t->agents)
			(void)fprintf(to, "  %4u", zv_simul_over(c, t->limit));
		(void)fprintf(to, "  %016llx\n", (unsigned long long)zv_simul_hash(c));
		broken += zv_simul_broken(c, &why);
		first = first[0] == 0 ? why : first;
	}
	(void)fprintf(to, "\nseeds %llu to %llu", (unsigned long long)t->first_seed,
		      (unsigned long long)(t->first_seed + t->seeds - 1));
	if (t->seeds > 1)
		(void)fprintf(to, "; ±: half the 95 %% interval of the mean");
	if (t->agents)
		(void)fprintf(to, "; over: days with more than %.3g %% abandoned", t->limit * 100);
	(void)fprintf(to, "\n");
	if (broken > 0) {
		(void)fprintf(to, "PROMISES BROKEN: %llu; the first: ", (unsigned long long)broken);
		zv_put_plain(to, first);
		(void)fputc('\n', to);
	}
}

static void json_text(FILE *to, const char *key, const char *text)
{
	(void)fprintf(to, "\"%s\":\"", key);
	zv_put_json(to, text);
	(void)fputc('"', to);
}

static void json_days(const struct zv_simul_table *t, const struct zv_simul_case *c, FILE *to)
{
	(void)fputs(",\"days\":[", to);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct zv_simul_day *d = &c->days[i];

		(void)fprintf(to, "%s{\"seed\":%llu,\"trace\":\"%016llx\",\"events\":%llu,\"commands\":%llu,"
			      "\"cpu_ms\":%lld,\"broken\":%llu,",
			      i > 0 ? "," : "", (unsigned long long)(t->first_seed + i),
			      (unsigned long long)d->hash, (unsigned long long)d->events,
			      (unsigned long long)d->commands, (long long)d->cpu_ms,
			      (unsigned long long)d->broken);
		json_text(to, "first_broken", d->first);
		for (size_t k = 0; k < N_COLUMNS; k++)
			(void)fprintf(to, ",\"%s\":%.10g", columns[k].json, zv_simul_of(d, columns[k].what));
		(void)fputs(",\"outcomes\":{", to);
		for (uint8_t o = 1; o < ZV_OUT_MAX; o++)
			(void)fprintf(to, "%s\"%s\":%llu", o > 1 ? "," : "", zv_outcome_word(o),
				      (unsigned long long)d->outcomes[o]);
		(void)fputs("}}", to);
	}
	(void)fputs("]", to);
}

static void json_series(const struct zv_simul_case *c, FILE *to)
{
	(void)fputs(",\"series\":[", to);
	for (uint32_t i = 0; i < c->n_buckets; i++) {
		const struct zv_sim_measure *m = &c->buckets[i];

		(void)fprintf(to, "%s{\"at_s\":%lld,\"calls\":%.10g,\"answered\":%.10g,\"abandoned_percent\":%.6g,"
			      "\"occupancy_percent\":%.6g,\"calls_a_talk\":%.6g,\"wait_s\":%.6g,\"in_flight\":%.6g}",
			      i > 0 ? "," : "", (long long)(i * c->bucket_ms / 1000), (double)m->dials / c->n,
			      (double)m->answered / c->n, 100 * zv_measure_abandonment(m),
			      100 * zv_measure_occupancy(m), zv_measure_ratio(m), zv_measure_wait_ms(m) / 1000,
			      (double)m->in_flight_ms / c->n / (double)c->bucket_ms);
	}
	(void)fputs("]", to);
}

void zv_simul_json(const struct zv_simul_table *t, FILE *to)
{
	(void)fputc('{', to);
	json_text(to, "title", t->title);
	(void)fputc(',', to);
	json_text(to, "what_if", t->key);
	(void)fprintf(to, ",\"first_seed\":%llu,\"seeds\":%u,\"limit_percent\":%.6g,\"cases\":[",
		      (unsigned long long)t->first_seed, t->seeds, t->limit * 100);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct zv_simul_case *c = &t->cases[i];
		const char *first;

		(void)fprintf(to, "%s{", i > 0 ? "," : "");
		json_text(to, "pacer", c->pacer);
		(void)fputc(',', to);
		json_text(to, "value", c->value);
		(void)fprintf(to, ",\"trace\":\"%016llx\",\"days_over_limit\":%u,\"broken\":%llu,\"figures\":{",
			      (unsigned long long)zv_simul_hash(c), zv_simul_over(c, t->limit),
			      (unsigned long long)zv_simul_broken(c, &first));
		for (size_t k = 0; k < N_COLUMNS; k++) {
			struct zv_simul_figure f = zv_simul_figure(c, columns[k].what);

			(void)fprintf(to, "%s\"%s\":{\"mean\":%.10g,\"half\":%.6g}", k > 0 ? "," : "",
				      columns[k].json, f.mean, f.half);
		}
		(void)fputc('}', to);
		json_days(t, c, to);
		json_series(c, to);
		(void)fputc('}', to);
	}
	(void)fputs("]}\n", to);
}
