#include "media/encoder.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "media/encode.h"

#define BIT_RATE 24000u
#define RETRY_MS 60000u
#define DEPTH    5 /* folders: year, month, day, campaign; then files */
#define NICE     10

struct job {
	struct job *next;
	struct zv_encoder_job job;
};

struct zv_encoder {
	const struct zv_tape_params *params;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool running, stop; /* stop: under lock */
	struct job *first, **last;
	uint32_t waiting;
	uint64_t encoded, failed;
};

enum zv_err zv_encoder_add(struct zv_encoder *e, const struct zv_encoder_job *job)
{
	struct job *j = malloc(sizeof(*j));

	if (j == NULL)
		return ZV_ENOMEM;
	j->job = *job;
	j->next = NULL;
	pthread_mutex_lock(&e->lock);
	*e->last = j;
	e->last = &j->next;
	e->waiting++;
	pthread_cond_signal(&e->more);
	pthread_mutex_unlock(&e->lock);
	return ZV_OK;
}

/* ---- of an earlier life ---- */

/* 32 hex digits, perhaps -N behind them. */
static bool attempt_of(const char *name, struct zv_attempt_id *ret_attempt)
{
	char hi[17] = "", lo[17] = "";

	if (strspn(name, "0123456789abcdef") != 32)
		return false;
	memcpy(hi, name, 16);
	memcpy(lo, name + 16, 16);
	ret_attempt->hi = strtoull(hi, NULL, 16);
	ret_attempt->lo = strtoull(lo, NULL, 16);
	return name[32] == '.' || name[32] == '-';
}

static enum zv_err add_left(struct zv_encoder *e, const char *below, const char *name)
{
	struct zv_encoder_job job = {0};
	size_t len = strlen(name);
	int n;

	if (len < 5 || strcmp(name + len - 4, ".wav") != 0 ||
	    !attempt_of(name, &job.recording.attempt))
		return ZV_OK;
	n = snprintf(job.path, sizeof(job.path), "%s/%.*s", below, (int)len - 4, name);
	return n < (int)sizeof(job.path) ? zv_encoder_add(e, &job) : ZV_OK;
}

static enum zv_err look_into(struct zv_encoder *e, const char *below, int depth)
{
	char path[2 * PATH_MAX], deeper[PATH_MAX];
	enum zv_err err = ZV_OK;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", e->params->dir, below);
	dir = opendir(path);
	if (dir == NULL)
		return ZV_OK;
	while (err == ZV_OK && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		if (depth == DEPTH)
			err = add_left(e, below, d->d_name);
		else if (snprintf(deeper, sizeof(deeper), "%s%s%s", below, below[0] != '\0' ? "/" : "",
				  d->d_name) < (int)sizeof(deeper))
			err = look_into(e, deeper, depth + 1);
	}
	closedir(dir);
	return err;
}

/* ---- the thread ---- */

static struct job *next_job(struct zv_encoder *e)
{
	struct job *j;

	pthread_mutex_lock(&e->lock);
	while (e->first == NULL && !e->stop)
		pthread_cond_wait(&e->more, &e->lock);
	j = e->stop ? NULL : e->first;
	if (j != NULL) {
		e->first = j->next;
		if (e->first == NULL)
			e->last = &e->first;
	}
	pthread_mutex_unlock(&e->lock);
	return j;
}

/* After a disk without room: a minute's rest, or until the end. */
static void rest(struct zv_encoder *e)
{
	uint32_t ms = e->params->retry_ms > 0 ? e->params->retry_ms : RETRY_MS;
	struct timespec until;
	int why = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&e->lock);
	while (!e->stop && why == 0)
		why = pthread_cond_timedwait(&e->more, &e->lock, &until);
	pthread_mutex_unlock(&e->lock);
}

/* true: the job is done with, one way or the other. */
static bool run_job(struct zv_encoder *e, struct zv_encoder_job *job)
{
	char stem[2 * PATH_MAX], opus[PATH_MAX + 8];
	struct zv_encoded done = {0};
	enum zv_err err;

	snprintf(stem, sizeof(stem), "%s/%s", e->params->dir, job->path);
	err = zv_encode(stem, e->params->bit_rate > 0 ? e->params->bit_rate : BIT_RATE, &done);
	if (err == ZV_OK) {
		snprintf(opus, sizeof(opus), "%s.opus", job->path);
		job->recording.path = opus;
		job->recording.duration_ms = done.duration_ms;
		job->recording.bytes = done.bytes;
		memcpy(job->recording.sha256, done.sha256, sizeof(done.sha256));
		if (e->params->recorded != NULL)
			e->params->recorded(e->params->arg, &job->recording);
	} else {
		zv_error("media", "recording %s cannot be encoded: %s", job->path,
			 err == ZV_EFULL ? "no room on the disk" : zv_err_text(err));
	}
	pthread_mutex_lock(&e->lock);
	e->encoded += err == ZV_OK;
	e->failed += err != ZV_OK;
	e->waiting -= err != ZV_EFULL;
	pthread_mutex_unlock(&e->lock);
	return err != ZV_EFULL;
}

static void put_back(struct zv_encoder *e, struct job *j)
{
	pthread_mutex_lock(&e->lock);
	j->next = e->first;
	if (e->first == NULL)
		e->last = &j->next;
	e->first = j;
	pthread_mutex_unlock(&e->lock);
}

static void *run(void *arg)
{
	struct zv_encoder *e = arg;
	struct job *j;

	(void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread */
	while ((j = next_job(e)) != NULL) {
		if (run_job(e, &j->job)) {
			free(j);
			continue;
		}
		put_back(e, j);
		rest(e);
	}
	return NULL;
}

enum zv_err zv_encoder_start(struct zv_encoder *e)
{
	if (pthread_create(&e->thread, NULL, run, e) != 0)
		return ZV_ENOMEM;
	e->running = true;
	return ZV_OK;
}

void zv_encoder_stop(struct zv_encoder *e)
{
	if (!e->running)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	pthread_cond_signal(&e->more);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	e->running = false;
}

enum zv_err zv_encoder_create(const struct zv_tape_params *params, struct zv_encoder **ret_encoder)
{
	struct zv_encoder *e = calloc(1, sizeof(*e));
	pthread_condattr_t attr;
	enum zv_err err;

	if (e == NULL)
		return ZV_ENOMEM;
	e->params = params;
	e->last = &e->first;
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->more, &attr);
	pthread_condattr_destroy(&attr);
	err = look_into(e, "", 1);
	if (err != ZV_OK) {
		zv_encoder_destroy(e);
		return err;
	}
	*ret_encoder = e;
	return ZV_OK;
}

void zv_encoder_destroy(struct zv_encoder *e)
{
	if (e == NULL)
		return;
	zv_encoder_stop(e);
	while (e->first != NULL) {
		struct job *j = e->first;

		e->first = j->next;
		free(j);
	}
	pthread_cond_destroy(&e->more);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void zv_encoder_get_stats(struct zv_encoder *e, struct zv_tape_stats *ret_stats)
{
	pthread_mutex_lock(&e->lock);
	ret_stats->encoded = e->encoded;
	ret_stats->failed = e->failed;
	ret_stats->waiting = e->waiting;
	pthread_mutex_unlock(&e->lock);
}
