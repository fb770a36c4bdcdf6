/* Days in several processes; each writes what its days gave into a pipe. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/num.h"
#include "ctl/ctl.h"
#include "ctl/simul.h"

#define PROCESSES_MAX 64u

struct work {
	struct zv_simul_job *jobs;
	uint32_t n_jobs, seeds;
	uint64_t first_seed;
};

struct child { pid_t pid; int fd; };

static int64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The pacer over the campaigns that have agents. */
static void lay_over(const struct zv_simul *s, const struct zv_simul_pacer *pacer,
		     struct zv_engine_conf *conf)
{
	*conf = s->conf;
	for (uint32_t i = 0; i < conf->n_campaigns; i++) {
		struct zv_campaign_conf *c = &conf->campaigns[i];

		if (!pacer->given || !s->lists[i].agents)
			continue;
		c->pace = pacer->mode;
		c->pacing.size = sizeof(c->pacing);
		c->pacing.mode = pacer->mode;
		c->pacing.ratio_ppm = pacer->ratio_ppm;
		c->pacing.cancel = pacer->cancel;
	}
}

/* A pacer remembers: each day has its own. */
static enum zv_err open_pacers(const struct zv_simul *s, const struct zv_simul_pacer *pacer,
			       struct zv_engine_conf *conf, struct zv_plugin_pacer *opened)
{
	char why[300] = "";
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < conf->n_campaigns && err == ZV_OK; i++) {
		struct zv_campaign_conf *c = &conf->campaigns[i];
		const struct zv_config_campaign *cc = &s->config->campaigns[i];
		const char *name = pacer->given && s->lists[i].agents ? pacer->plugin : cc->pacer;
		struct zv_pacer_shape shape;

		c->pacer = NULL;
		if (name == NULL || c->pace == 0 || s->lists[i].leads == 0)
			continue;
		shape = zv_engine_shape(conf, c->id);
		err = zv_plugins_open_pacer(s->plugins, name, &shape, pacer->given ? NULL : cc->pacer_conf,
					    &opened[i], why, sizeof(why));
		if (err != ZV_OK) {
			zv_ctl_say("%s", why);
			continue;
		}
		c->pacer = opened[i].ops;
		c->pacer_campaign = opened[i].campaign;
	}
	return err;
}

static void close_pacers(struct zv_plugin_pacer *opened)
{
	for (uint32_t i = 0; i < ZV_CAMPAIGNS_MAX; i++)
		if (opened[i].ops != NULL)
			zv_plugins_close_pacer(&opened[i]);
}

static void one_day(const struct work *w, uint32_t run, struct zv_engine_conf *conf,
		    struct zv_simul_day *ret_day, struct zv_sim_measure **ret_buckets)
{
	const struct zv_simul_job *job = &w->jobs[run / w->seeds];
	struct zv_sim_params params = job->simul->params;
	struct zv_plugin_pacer opened[ZV_CAMPAIGNS_MAX] = {{0}};
	struct zv_sim_result r;
	int64_t began_ms = cpu_ms();
	enum zv_err err;

	memset(ret_day, 0, sizeof(*ret_day));
	*ret_buckets = NULL;
	lay_over(job->simul, job->pacer, conf);
	params.conf = conf;
	params.seed = w->first_seed + run % w->seeds;
	err = open_pacers(job->simul, job->pacer, conf, opened);
	if (err == ZV_OK)
		err = zv_sim_run(&params, &r);
	close_pacers(opened);
	ret_day->run = run;
	ret_day->err = (uint32_t)err;
	if (err != ZV_OK)
		return;
	ret_day->hash = r.trace.hash;
	ret_day->events = r.trace.events;
	ret_day->commands = r.trace.commands;
	ret_day->sum = r.series.sum;
	ret_day->wait_p95_ms = zv_series_wait_quantile(&r.series, 0.95);
	ret_day->finals = r.finals;
	ret_day->leads = r.leads;
	ret_day->unknown = r.unknown;
	memcpy(ret_day->outcomes, r.outcomes, sizeof(ret_day->outcomes));
	ret_day->most_in_second = r.most_in_second;
	ret_day->crashes = r.crashes;
	for (int i = ZV_I1; i < ZV_JUDGE_RULES; i++)
		ret_day->broken += r.verdicts.broken[i];
	(void)snprintf(ret_day->first, sizeof(ret_day->first), "%s", r.verdicts.first);
	ret_day->cpu_ms = cpu_ms() - began_ms;
	*ret_buckets = r.series.v; /* taken: the caller frees */
}

static bool put_all(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		ssize_t did = write(fd, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		p += did;
		n -= (size_t)did;
	}
	return true;
}

static bool get_all(int fd, void *bytes, size_t n)
{
	uint8_t *p = bytes;

	while (n > 0) {
		ssize_t did = read(fd, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		p += did;
		n -= (size_t)did;
	}
	return true;
}

static void work_off(const struct work *w, uint32_t first, uint32_t every, int fd)
{
	struct zv_engine_conf *conf = malloc(sizeof(*conf));
	bool ok = conf != NULL;

	for (uint32_t run = first; ok && run < w->n_jobs * w->seeds; run += every) {
		const struct zv_simul_case *c = w->jobs[run / w->seeds].of;
		struct zv_sim_measure *buckets;
		struct zv_simul_day day;

		one_day(w, run, conf, &day, &buckets);
		ok = put_all(fd, &day, sizeof(day)) &&
		     (day.err != ZV_OK || put_all(fd, buckets, c->n_buckets * sizeof(*buckets)));
		free(buckets);
	}
	free(conf);
}

/* One day from a child; false: it has no more. */
static bool take_day(struct work *w, int fd, enum zv_err *ret_err)
{
	struct zv_sim_measure one;
	struct zv_simul_day day;
	struct zv_simul_case *c;

	if (!get_all(fd, &day, sizeof(day)) || day.run >= w->n_jobs * w->seeds)
		return false;
	c = w->jobs[day.run / w->seeds].of;
	c->days[day.run % w->seeds] = day;
	c->n++;
	if (day.err != ZV_OK) {
		*ret_err = (enum zv_err)day.err;
		return true;
	}
	for (uint32_t i = 0; i < c->n_buckets; i++) {
		int64_t *to = (int64_t *)(void *)&c->buckets[i];

		if (!get_all(fd, &one, sizeof(one)))
			return false;
		/* Every member is a count of 64 bits. */
		for (size_t k = 0; k < sizeof(one) / sizeof(*to); k++)
			to[k] += ((const int64_t *)(const void *)&one)[k];
	}
	return true;
}

static enum zv_err take_all(struct work *w, struct child *children, uint32_t n)
{
	uint32_t total = w->n_jobs * w->seeds, done = 0, open = n;
	enum zv_err err = ZV_OK;
	struct zv_progress progress;
	struct pollfd polls[PROCESSES_MAX];

	zv_progress_begin(&progress, "simulate");
	while (open > 0) {
		for (uint32_t i = 0; i < n; i++)
			polls[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
		if (poll(polls, n, 1000) < 0 && errno != EINTR)
			return ZV_EIO;
		for (uint32_t i = 0; i < n; i++) {
			if (children[i].fd < 0 || (polls[i].revents & (POLLIN | POLLHUP)) == 0)
				continue;
			if (take_day(w, children[i].fd, &err)) {
				done++;
				continue;
			}
			close(children[i].fd);
			children[i].fd = -1;
			open--;
		}
		zv_progress_step(&progress, done, total, done, "days");
	}
	zv_progress_end(&progress);
	return err == ZV_OK && done != total ? ZV_EIO : err;
}

static enum zv_err begin_child(struct work *w, struct child *children, uint32_t i, uint32_t n)
{
	int fds[2];

	if (pipe(fds) != 0)
		return ZV_EIO;
	children[i].pid = fork();
	if (children[i].pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return ZV_EIO;
	}
	if (children[i].pid == 0) {
		close(fds[0]);
		for (uint32_t k = 0; k < i; k++)
			close(children[k].fd);
		work_off(w, i, n, fds[1]);
		close(fds[1]);
		_exit(0); /* nothing of the parent's is flushed twice */
	}
	close(fds[1]);
	children[i].fd = fds[0];
	return ZV_OK;
}

enum zv_err zv_simul_run(struct zv_simul_job *jobs, uint32_t n_jobs, uint64_t first_seed,
			 uint32_t seeds, uint32_t n_processes)
{
	struct work w = {jobs, n_jobs, seeds, first_seed};
	struct child children[PROCESSES_MAX];
	uint32_t n = n_processes, begun = 0;
	enum zv_err err = ZV_OK;

	n = n > n_jobs * seeds ? n_jobs * seeds : n;
	n = n < 1 ? 1 : n > PROCESSES_MAX ? PROCESSES_MAX : n;
	(void)fflush(NULL);
	for (; begun < n && err == ZV_OK; begun++)
		err = begin_child(&w, children, begun, n);
	if (err != ZV_OK)
		begun--;
	if (err == ZV_OK)
		err = take_all(&w, children, begun);
	for (uint32_t i = 0; i < begun; i++) {
		if (err != ZV_OK && children[i].fd >= 0)
			close(children[i].fd);
		(void)waitpid(children[i].pid, NULL, 0);
	}
	return err;
}

/* ---- figures ---- */

double zv_simul_of(const struct zv_simul_day *day, enum zv_simul_what what)
{
	const struct zv_sim_measure *m = &day->sum;

	switch (what) {
	case ZV_SIMUL_CALLS: return (double)m->dials;
	case ZV_SIMUL_ANSWERED: return (double)m->answered;
	case ZV_SIMUL_HANDED: return (double)m->handed;
	case ZV_SIMUL_ABANDONED: return 100 * zv_measure_abandonment(m);
	case ZV_SIMUL_OCCUPANCY: return 100 * zv_measure_occupancy(m);
	case ZV_SIMUL_WAIT: return zv_measure_wait_ms(m) / 1000;
	case ZV_SIMUL_WAIT_P95: return day->wait_p95_ms / 1000;
	case ZV_SIMUL_RATIO: return zv_measure_ratio(m);
	case ZV_SIMUL_DONE: return day->leads > 0 ? 100 * (double)day->finals / (double)day->leads : 0;
	case ZV_SIMUL_FIGURES: break;
	}
	return 0;
}

/* Student's t at 97.5 % for n - 1 degrees of freedom. */
static double student(uint32_t n)
{
	static const double t[] = {0, 0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
				   2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093};

	if (n < sizeof(t) / sizeof(t[0]))
		return t[n];
	return 1.96 + 2.4 / (n - 1); /* within 0.002 from 20 degrees on */
}

struct zv_simul_figure zv_simul_figure(const struct zv_simul_case *c, enum zv_simul_what what)
{
	struct zv_simul_figure f = {0, 0};
	double ss = 0;

	for (uint32_t i = 0; i < c->n; i++)
		f.mean += zv_simul_of(&c->days[i], what) / c->n;
	for (uint32_t i = 0; i < c->n; i++) {
		double d = zv_simul_of(&c->days[i], what) - f.mean;

		ss += d * d;
	}
	if (c->n > 1)
		f.half = student(c->n) * zv_sqrt(ss / (c->n - 1) / c->n);
	return f;
}

uint64_t zv_simul_hash(const struct zv_simul_case *c)
{
	uint64_t hash = c->n == 1 ? c->days[0].hash : 0;

	for (uint32_t i = 0; c->n > 1 && i < c->n; i++)
		hash = zv_mix64(hash ^ c->days[i].hash);
	return hash;
}

uint32_t zv_simul_over(const struct zv_simul_case *c, double limit)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++)
		n += zv_measure_abandonment(&c->days[i].sum) > limit;
	return n;
}

uint64_t zv_simul_broken(const struct zv_simul_case *c, const char **ret_first)
{
	uint64_t n = 0;

	*ret_first = "";
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->days[i].broken > 0 && n == 0)
			*ret_first = c->days[i].first;
		n += c->days[i].broken;
	}
	return n;
}
