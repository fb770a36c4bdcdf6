/* The plugin thread: takes questions from the engine, puts each to the worker of its plugin, and
 * waits no longer than the deadline.  The workers alone call plugins, each one plugin, so that one
 * that never comes back harms nobody but itself.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "plugin/inside.h"

#define BATCH      16u
#define STARVED_MS 2000 /* a worker that does not even begin: the machine's fault, up to here */
#define LEAVE_MS   1000 /* at the stop, for a call that is still out */
/* Many questions a second: a nap after each look gathers some, nobody waits for a step. */
#define JUDGE_NS   INT64_C(100000000)
#define BUSY_ASKS  10u
#define NAP_NS     8000000

enum job { JOB_NONE, JOB_ASKED, JOB_RUNNING, JOB_DONE };

struct worker {
	struct plugin *plugin;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked; /* to the worker */
	pthread_cond_t done;  /* from it */
	enum job job;
	bool late; /* the default was given: nobody waits for this answer */
	bool stop;
	bool ok;
	int64_t start_ns;
	int64_t now_ms;
	struct zv_offer offer; /* a copy: the slab is the engine's again once it has its answer */
	struct zv_event step;
};

struct router {
	struct zv_plugin_run *run;
	const _Atomic bool *stop;
	uint32_t n;
	struct worker *workers[ZV_PLUGINS_MAX];
	int64_t judged_ns;
	uint32_t asks; /* since then */
	bool busy;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct plugin *p = w->plugin;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		bool ok;

		while (w->job != JOB_ASKED && !w->stop)
			pthread_cond_wait(&w->asked, &w->lock);
		if (w->stop) {
			w->job = JOB_NONE;
			break;
		}
		pthread_mutex_unlock(&w->lock);
		pthread_mutex_lock(&p->call); /* a reload may hold it: not the plugin's time */
		pthread_mutex_lock(&w->lock);
		w->start_ns = zv_mono_ns();
		w->job = JOB_RUNNING; /* the deadline runs from here */
		pthread_mutex_unlock(&w->lock);
		ok = zv_ask_call(p, &w->offer, w->now_ms, &w->step);
		zv_ask_took(p, zv_mono_ns() - w->start_ns);
		pthread_mutex_unlock(&p->call);
		pthread_mutex_lock(&w->lock);
		w->ok = ok;
		w->job = JOB_DONE;
		if (w->late) {
			atomic_fetch_add(&p->late, 1);
			w->late = false;
			w->job = JOB_NONE;
		}
		pthread_cond_signal(&w->done);
	}
	pthread_cond_signal(&w->done);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static struct worker *worker_start(struct plugin *p)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL)
		return NULL;
	w->plugin = p;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->asked, &attr);
	pthread_cond_init(&w->done, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&w->thread, NULL, work, w) != 0) {
		free(w);
		return NULL;
	}
	pthread_setname_np(w->thread, "zv-plugin-work");
	return w;
}

static void until(struct timespec *ret, int64_t mono_ns)
{
	ret->tv_sec = mono_ns / 1000000000;
	ret->tv_nsec = mono_ns % 1000000000;
}

/* Ends a worker; false: it is out in a call that does not end, and stays behind. */
static bool worker_stop(struct worker *w)
{
	struct timespec end;
	bool out;

	until(&end, zv_mono_ns() + LEAVE_MS * INT64_C(1000000));
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->asked);
	while (w->job == JOB_ASKED || w->job == JOB_RUNNING) {
		if (pthread_cond_timedwait(&w->done, &w->lock, &end) == ETIMEDOUT)
			break;
	}
	out = w->job == JOB_ASKED || w->job == JOB_RUNNING;
	pthread_mutex_unlock(&w->lock);
	if (out) {
		zv_error("plugin", "%s never came back from a call: it stays loaded until the end",
			 w->plugin->name);
		w->plugin->left = w;
		pthread_detach(w->thread);
		return false;
	}
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->done);
	pthread_cond_destroy(&w->asked);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return true;
}

/* The worker of a plugin, started at its first question.  NULL: no thread to be had. */
static struct worker *worker_of(struct router *r, struct plugin *p)
{
	struct worker *w;

	for (uint32_t i = 0; i < r->n; i++) {
		if (r->workers[i]->plugin == p)
			return r->workers[i];
	}
	w = worker_start(p);
	if (w == NULL) {
		zv_error("plugin", "%s: no thread for it", p->name);
		return NULL;
	}
	r->workers[r->n++] = w; /* one a plugin: never more than ZV_PLUGINS_MAX */
	return w;
}

/* Waits for the answer; the caller holds w->lock.  False: past the deadline.  That the worker has
 * begun is not told, which would be a second wake-up for each question: it is looked at. */
static bool await(struct worker *w, int64_t deadline_ns)
{
	int64_t asked_ns = zv_mono_ns();

	while (w->job != JOB_DONE) {
		int64_t end_ns = w->job == JOB_RUNNING ? w->start_ns + deadline_ns
						       : asked_ns + STARVED_MS * INT64_C(1000000);
		int64_t now_ns = zv_mono_ns();
		struct timespec end;

		if (now_ns >= end_ns)
			return false;
		if (w->job == JOB_ASKED && now_ns + deadline_ns < end_ns)
			end_ns = now_ns + deadline_ns;
		until(&end, end_ns);
		(void)pthread_cond_timedwait(&w->done, &w->lock, &end);
	}
	return true;
}

/* False: the default answers. */
static bool put_to(struct worker *w, const struct zv_offer *offer, int64_t now_ms,
		   struct zv_event *ret_step)
{
	struct plugin *p = w->plugin;
	int64_t deadline_ms = p->host->params.deadline_ms;
	bool ok = false;

	pthread_mutex_lock(&w->lock);
	if (w->job != JOB_NONE) { /* still out with an earlier question */
		if (w->job == JOB_RUNNING &&
		    zv_mono_ns() - w->start_ns > deadline_ms * p->host->params.strikes * 1000000)
			zv_ask_disable(p, "it does not come back from a call");
		pthread_mutex_unlock(&w->lock);
		return false;
	}
	w->offer = *offer;
	w->now_ms = now_ms;
	w->job = JOB_ASKED;
	pthread_cond_signal(&w->asked);
	if (await(w, deadline_ms * 1000000)) {
		ok = w->ok;
		*ret_step = w->step;
		w->job = JOB_NONE;
		atomic_store(&p->strikes, 0);
		if (ok)
			atomic_fetch_add(&p->answered, 1);
	} else {
		w->late = true;
		zv_ask_strike(p, w->job == JOB_RUNNING ? (zv_mono_ns() - w->start_ns) / 1000000 : STARVED_MS);
	}
	pthread_mutex_unlock(&w->lock);
	return ok;
}

static void push(struct router *r, const struct zv_event *ev)
{
	static const struct timespec nap = {0, 1000000};

	while (zv_ring_push(r->run->events, ev) != ZV_OK) {
		if (atomic_load(r->stop))
			return; /* the engine has gone; the store asks again at the next start */
		nanosleep(&nap, NULL);
	}
}

static void answer(struct router *r, const struct zv_cmd *cmd)
{
	struct zv_plugins *host = r->run->plugins;
	uint32_t slab = cmd->u.lead.slab;
	const struct zv_offer *offer;
	struct worker *w = NULL;
	struct zv_event step;
	struct plugin *p;

	if (cmd->type != ZV_CMD_ASK || slab >= r->run->slabs.n) {
		zv_error("plugin", "a command that is no question (type %u, slab %u): ignored", cmd->type,
			 slab);
		return;
	}
	offer = &r->run->slabs.v[slab];
	p = zv_ask_accept(host, offer);
	if (p != NULL)
		w = worker_of(r, p);
	if (w == NULL || !put_to(w, offer, cmd->cal_ms, &step))
		zv_ask_default(host, offer, cmd->cal_ms, &step);
	step.leg.slot = slab;
	step.attempt = cmd->attempt;
	step.u.step.slab = slab;
	push(r, &step);
}

static void rest(struct router *r, uint32_t n)
{
	static const struct timespec nap = {0, NAP_NS};
	int64_t now_ns = zv_mono_ns();

	r->asks += n;
	if (now_ns - r->judged_ns >= JUDGE_NS) {
		r->busy = r->asks >= BUSY_ASKS;
		r->judged_ns = now_ns;
		r->asks = 0;
	}
	if (r->busy)
		(void)nanosleep(&nap, NULL);
}

enum zv_err zv_plugin_thread(struct zv_plugin_run *run, const _Atomic bool *stop)
{
	struct router r = {.run = run, .stop = stop};
	struct zv_cmd cmds[BATCH];

	while (!atomic_load(stop)) {
		uint32_t n = zv_ring_pop(run->commands, cmds, BATCH);

		for (uint32_t i = 0; i < n; i++)
			answer(&r, &cmds[i]);
		if (n > 0 && n < BATCH)
			rest(&r, n);
		if (n > 0)
			continue;
		if (zv_ring_arm(run->commands)) {
			struct pollfd pfd = {.fd = run->wake_fd, .events = POLLIN};
			uint64_t count;

			if (poll(&pfd, 1, 100) > 0 && read(run->wake_fd, &count, sizeof(count)) < 0 &&
			    errno != EAGAIN)
				return ZV_EIO;
		}
	}
	for (uint32_t i = 0; i < r.n; i++)
		(void)worker_stop(r.workers[i]);
	return ZV_OK;
}
