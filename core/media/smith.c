#include "media/smith.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ring.h"
#include "dial/mediaplan.h"

#define AT_ONCE 16u

struct zv_smith {
	const struct zv_secrets *secrets;
	uint32_t n_threads;
	struct zv_ring *asks[ZV_MEDIA_THREADS_MAX], *answers[ZV_MEDIA_THREADS_MAX];
	int wake_fd;
	_Atomic bool stop;
	bool running;
	pthread_t thread;
};

static void make(struct zv_smith *m, struct zv_smith_work *w)
{
	uint8_t has = w->suite;
	struct zv_secret s;
	enum zv_err err = ZV_OK;

	w->version = zv_secrets_get(m->secrets, w->slot, &s);
	w->out = w->in = NULL;
	w->made = 0;
	if (s.gen == w->gen && s.how == ZV_SECRECY_SRTP) {
		/* The same key again would begin its key stream anew: the way out stays. */
		if (s.suite != has)
			err = zv_srtp_sender((enum zv_srtp_suite)s.suite, s.ours, w->ssrc, &w->out);
		if (err == ZV_OK)
			err = zv_srtp_receiver((enum zv_srtp_suite)s.suite, s.theirs, &w->in);
		w->made = err == ZV_OK;
		w->suite = s.suite;
	}
	explicit_bzero(&s, sizeof(s));
}

static void scrap(const struct zv_smith_work *w)
{
	zv_srtp_destroy(w->out);
	zv_srtp_destroy(w->in);
}

static uint32_t serve(struct zv_smith *m, uint32_t thread)
{
	struct zv_smith_work v[AT_ONCE];
	uint32_t n = zv_ring_pop(m->asks[thread], v, AT_ONCE);

	for (uint32_t i = 0; i < n; i++) {
		if (v[i].what == ZV_SMITH_MAKE) {
			make(m, &v[i]);
			if (zv_ring_push(m->answers[thread], &v[i]) == ZV_OK)
				continue; /* there is room for one of each stream */
		}
		scrap(&v[i]);
	}
	return n;
}

static void *run(void *arg)
{
	struct zv_smith *m = arg;
	struct pollfd pfd = {.fd = m->wake_fd, .events = POLLIN};
	eventfd_t woken;

	while (!atomic_load_explicit(&m->stop, memory_order_acquire)) {
		bool armed = true;
		uint32_t n = 0;

		for (uint32_t i = 0; i < m->n_threads; i++)
			n += serve(m, i);
		if (n > 0)
			continue;
		for (uint32_t i = 0; i < m->n_threads; i++)
			armed &= zv_ring_arm(m->asks[i]);
		if (armed && poll(&pfd, 1, 1000) > 0)
			(void)eventfd_read(m->wake_fd, &woken);
	}
	return NULL;
}

enum zv_err zv_smith_create(const struct zv_secrets *secrets, uint32_t n_threads, uint32_t n_streams,
			    struct zv_smith **ret)
{
	struct zv_smith *m = calloc(1, sizeof(*m));
	uint32_t places = 2 * n_streams + 64;
	enum zv_err err = zv_srtp_init();

	if (m == NULL)
		return ZV_ENOMEM;
	m->secrets = secrets;
	m->n_threads = n_threads;
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->wake_fd < 0 && err == ZV_OK)
		err = ZV_EIO;
	for (uint32_t i = 0; i < n_threads && err == ZV_OK; i++) {
		err = zv_ring_create(sizeof(struct zv_smith_work), places, m->wake_fd, &m->asks[i]);
		if (err == ZV_OK)
			err = zv_ring_create(sizeof(struct zv_smith_work), places, -1, &m->answers[i]);
	}
	if (err == ZV_OK && pthread_create(&m->thread, NULL, run, m) != 0)
		err = ZV_EIO;
	m->running = err == ZV_OK;
	if (err != ZV_OK) {
		zv_smith_destroy(m);
		return err;
	}
	*ret = m;
	return ZV_OK;
}

void zv_smith_destroy(struct zv_smith *m)
{
	struct zv_smith_work w;

	if (m == NULL)
		return;
	if (m->running) {
		atomic_store_explicit(&m->stop, true, memory_order_release);
		(void)eventfd_write(m->wake_fd, 1);
		(void)pthread_join(m->thread, NULL);
	}
	for (uint32_t i = 0; i < m->n_threads; i++) {
		while (m->asks[i] != NULL && zv_ring_pop(m->asks[i], &w, 1) == 1)
			if (w.what == ZV_SMITH_SCRAP)
				scrap(&w);
		while (m->answers[i] != NULL && zv_ring_pop(m->answers[i], &w, 1) == 1)
			scrap(&w);
		zv_ring_destroy(m->asks[i]);
		zv_ring_destroy(m->answers[i]);
	}
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	free(m);
}

bool zv_smith_ask(struct zv_smith *m, uint32_t thread, const struct zv_smith_work *work)
{
	return zv_ring_push(m->asks[thread], work) == ZV_OK;
}

uint32_t zv_smith_take(struct zv_smith *m, uint32_t thread, struct zv_smith_work *ret, uint32_t max)
{
	return zv_ring_pop(m->answers[thread], ret, max);
}
