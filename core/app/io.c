#include "app/io.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct job { void (*run)(void *arg); void *arg; };

struct zv_io {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool stop;
	uint32_t first, n, most;
	struct job v[];
};

static void *run_jobs(void *arg)
{
	struct zv_io *io = arg;

	(void)pthread_mutex_lock(&io->lock);
	for (;;) {
		struct job job;

		while (io->n == 0 && !io->stop)
			(void)pthread_cond_wait(&io->cond, &io->lock);
		if (io->n == 0)
			break;
		job = io->v[io->first];
		io->first = (io->first + 1) % io->most;
		io->n--;
		(void)pthread_mutex_unlock(&io->lock);
		job.run(job.arg);
		(void)pthread_mutex_lock(&io->lock);
	}
	(void)pthread_mutex_unlock(&io->lock);
	return NULL;
}

enum zv_err zv_io_create(uint32_t most, struct zv_io **ret_io)
{
	struct zv_io *io = calloc(1, sizeof(*io) + most * sizeof(io->v[0]));

	if (io == NULL)
		return ZV_ENOMEM;
	io->most = most;
	(void)pthread_mutex_init(&io->lock, NULL);
	(void)pthread_cond_init(&io->cond, NULL);
	if (pthread_create(&io->thread, NULL, run_jobs, io) != 0) {
		free(io);
		return ZV_ENOMEM;
	}
	*ret_io = io;
	return ZV_OK;
}

void zv_io_stop(struct zv_io *io)
{
	if (io == NULL || io->stop)
		return;
	(void)pthread_mutex_lock(&io->lock);
	io->stop = true;
	(void)pthread_cond_signal(&io->cond);
	(void)pthread_mutex_unlock(&io->lock);
	(void)pthread_join(io->thread, NULL);
}

void zv_io_destroy(struct zv_io *io)
{
	if (io == NULL)
		return;
	zv_io_stop(io);
	(void)pthread_cond_destroy(&io->cond);
	(void)pthread_mutex_destroy(&io->lock);
	free(io);
}

enum zv_err zv_io_post(struct zv_io *io, void (*run)(void *arg), void *arg)
{
	enum zv_err err = ZV_OK;

	(void)pthread_mutex_lock(&io->lock);
	if (io->n == io->most || io->stop) {
		err = ZV_EFULL;
	} else {
		io->v[(io->first + io->n++) % io->most] = (struct job){run, arg};
		(void)pthread_cond_signal(&io->cond);
	}
	(void)pthread_mutex_unlock(&io->lock);
	return err;
}
