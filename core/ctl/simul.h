/* ctl/simul.h -- zvonarctl simulate: a scenario file, the configuration that it names, and what
 * came of the days.  One thread a process; days are shared out among processes.
 */
#ifndef ZV_CTL_SIMUL_H
#define ZV_CTL_SIMUL_H

#include "app/config.h"
#include "sim/world.h"

#define ZV_SIMUL_PACERS_MAX 8
#define ZV_SIMUL_RUNS_MAX   4096u

/* One way of pacing, laid over the campaigns that have agents. */
struct zv_simul_pacer {
	const char *name;
	bool given;      /* else the campaigns' own */
	uint8_t mode;    /* enum zv_pacer_mode */
	const char *plugin; /* NULL: the engine's own */
	uint32_t ratio_ppm;
	bool cancel;
};

/* A scenario, read and resolved for one value of a what-if. */
struct zv_simul {
	char title[160];
	struct zv_conf_tree *tree;
	struct zv_config *config;
	struct zv_plugins *plugins;
	struct zv_engine_conf conf;     /* config->engine with the scenario's agents */
	struct zv_agent_conf *agents;
	struct zv_sim_list lists[ZV_CAMPAIGNS_MAX];
	struct zv_carrier carriers[ZV_TRUNKS_MAX];
	struct zv_sim_params params;
	double limit;                   /* share of abandoned calls a day: counted, not enforced */
	uint32_t seeds;
	uint32_t n_pacers;
	struct zv_simul_pacer pacers[ZV_SIMUL_PACERS_MAX];
	double **recorded;              /* times read from files */
	uint32_t n_recorded;
};

struct zv_simul_read {
	const char *file;
	const char *conf;     /* NULL: as the scenario says */
	const char *plugins;  /* folder that replaces those of plugins' paths; NULL */
	const char *key, *value; /* what-if; NULL */
	struct zv_conf_sink *sink;
};

/* ZV_ENOENT, ZV_EIO, ZV_EPARSE, ZV_EINVAL, ZV_ENOMEM; all that is wrong is told. */
enum zv_err zv_simul_read(const struct zv_simul_read *read, struct zv_simul **ret_simul) ZV_MUST_USE;
void zv_simul_destroy(struct zv_simul *simul); /* accepts NULL */
/* "lognormal 135s 0.9", "recorded FILE": for zv_simul_read alone. */
bool zv_simul_dist(struct zv_simul *s, const char *file, const char *text, struct zv_dist *ret_dist);
bool zv_simul_share(const char *text, double *ret_share); /* "30%", "0.3" */
extern const struct zv_conf_schema zv_simul_schema;

/* What one day gave; crosses a pipe between processes. */
struct zv_simul_day {
	uint32_t run, err;
	uint64_t hash, events, commands;
	struct zv_sim_measure sum;
	double wait_p95_ms;
	uint64_t finals, leads, broken, unknown;
	uint64_t outcomes[ZV_OUT_MAX];
	uint32_t most_in_second, crashes;
	int64_t cpu_ms;
	char first[200];
};

/* All days of one pacer and one value of the what-if. */
struct zv_simul_case {
	const char *pacer;
	char value[64];               /* of the what-if; "" */
	uint32_t n;
	struct zv_simul_day *days;    /* by seed */
	uint32_t n_buckets;
	int64_t bucket_ms;
	struct zv_sim_measure *buckets; /* sums over the days */
};

/* A figure over the days: mean, and half the width of its 95 % interval (0 for one day). */
struct zv_simul_figure { double mean, half; };

struct zv_simul_table {
	char title[160];
	char key[96];                 /* of the what-if; "" */
	uint64_t first_seed;
	uint32_t seeds;
	double limit;
	int64_t start_ms, span_ms;
	bool agents;                  /* somebody talks: occupancy means something */
	uint32_t n;
	struct zv_simul_case *cases;
};

struct zv_simul_job { const struct zv_simul *simul; const struct zv_simul_pacer *pacer; struct zv_simul_case *of; };

/* Runs each job's days (seeds first_seed ..), in n_processes processes.  ZV_ENOMEM, ZV_EIO, or
 * what a world refused. */
enum zv_err zv_simul_run(struct zv_simul_job *jobs, uint32_t n_jobs, uint64_t first_seed,
			 uint32_t seeds, uint32_t n_processes) ZV_MUST_USE;

enum zv_simul_what {
	ZV_SIMUL_CALLS, ZV_SIMUL_ANSWERED, ZV_SIMUL_HANDED, ZV_SIMUL_ABANDONED, ZV_SIMUL_OCCUPANCY,
	ZV_SIMUL_WAIT, ZV_SIMUL_WAIT_P95, ZV_SIMUL_RATIO, ZV_SIMUL_DONE, ZV_SIMUL_FIGURES
};
double zv_simul_of(const struct zv_simul_day *day, enum zv_simul_what what);
struct zv_simul_figure zv_simul_figure(const struct zv_simul_case *c, enum zv_simul_what what);
uint64_t zv_simul_hash(const struct zv_simul_case *c); /* over all days */
uint32_t zv_simul_over(const struct zv_simul_case *c, double limit); /* days over it */
uint64_t zv_simul_broken(const struct zv_simul_case *c, const char **ret_first);

void zv_simul_print(const struct zv_simul_table *t, FILE *to, bool color);
void zv_simul_json(const struct zv_simul_table *t, FILE *to);
void zv_simul_html(const struct zv_simul_table *t, FILE *to);

#endif
