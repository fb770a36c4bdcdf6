#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop/heap.h"

#define BATCH 64

/* gen tells an event of an earlier use of the same descriptor number. */
struct watch {
	zv_loop_fd_fn fn;
	void *arg;
	uint32_t gen;
	bool used;
};

struct zv_loop {
	int epoll_fd, timer_fd, wake_fd;
	int64_t now_ms;
	int64_t armed_ms; /* what timer_fd is set to; INT64_MAX = not */
	struct watch *watches; /* by descriptor */
	uint32_t n_watches, gen;
	struct zv_timer_heap heap;
	_Atomic bool stop;
	zv_loop_mail_fn on_mail;
	void *mail_arg;
	pthread_mutex_t lock; /* of the mailbox */
	struct zv_loop_mail mail[ZV_LOOP_MAIL_MAX];
	uint32_t n_mail;
};

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool watch_own(struct zv_loop *loop, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = (uint32_t)fd};

	return fd >= 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

enum zv_err zv_loop_create(struct zv_loop **ret_loop)
{
	struct zv_loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ZV_ENOMEM;
	l->armed_ms = INT64_MAX;
	l->now_ms = clock_ms();
	pthread_mutex_init(&l->lock, NULL);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->epoll_fd < 0 || !watch_own(l, l->timer_fd) || !watch_own(l, l->wake_fd)) {
		zv_loop_destroy(l);
		return ZV_EIO;
	}
	*ret_loop = l;
	return ZV_OK;
}

void zv_loop_destroy(struct zv_loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	pthread_mutex_destroy(&loop->lock);
	zv_timer_heap_fini(&loop->heap);
	free(loop->watches);
	free(loop);
}

int64_t zv_loop_now_ms(const struct zv_loop *loop)
{
	return loop->now_ms;
}

/* A signal handler may be on this stack: write(2) only. */
static void wake(struct zv_loop *loop)
{
	int saved = errno;
	uint64_t one = 1;
	ssize_t ignored = write(loop->wake_fd, &one, sizeof(one));

	(void)ignored; /* EAGAIN: it is awake already */
	errno = saved;
}

void zv_loop_stop(struct zv_loop *loop)
{
	atomic_store(&loop->stop, true);
	wake(loop);
}

/* ---- descriptors ---- */

static uint32_t to_epoll(uint32_t events)
{
	return (events & ZV_LOOP_READ ? (uint32_t)EPOLLIN | EPOLLRDHUP : 0) |
	       (events & ZV_LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static bool is_watched(const struct zv_loop *loop, int fd)
{
	return fd >= 0 && (uint32_t)fd < loop->n_watches && loop->watches[fd].used;
}

static enum zv_err grow_watches(struct zv_loop *loop, int fd)
{
	uint32_t n = loop->n_watches == 0 ? 64 : loop->n_watches;
	struct watch *more;

	while (n <= (uint32_t)fd)
		n *= 2;
	if (n == loop->n_watches)
		return ZV_OK;
	more = realloc(loop->watches, n * sizeof(more[0]));
	if (more == NULL)
		return ZV_ENOMEM;
	memset(more + loop->n_watches, 0, (n - loop->n_watches) * sizeof(more[0]));
	loop->watches = more;
	loop->n_watches = n;
	return ZV_OK;
}

enum zv_err zv_loop_add_fd(struct zv_loop *loop, int fd, uint32_t events, zv_loop_fd_fn fn, void *arg)
{
	struct epoll_event e = {.events = to_epoll(events)};
	enum zv_err err;

	if (fd < 0 || fd > 1 << 20)
		return ZV_EINVAL;
	if (is_watched(loop, fd))
		return ZV_EEXIST;
	err = grow_watches(loop, fd);
	if (err != ZV_OK)
		return err;
	if (++loop->gen == 0) /* 0 is for the loop's own */
		loop->gen = 1;
	e.data.u64 = (uint64_t)loop->gen << 32 | (uint32_t)fd;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0)
		return errno == ENOMEM || errno == ENOSPC ? ZV_ENOMEM : ZV_EINVAL;
	loop->watches[fd] = (struct watch){fn, arg, loop->gen, true};
	return ZV_OK;
}

enum zv_err zv_loop_set_fd(struct zv_loop *loop, int fd, uint32_t events)
{
	struct epoll_event e = {.events = to_epoll(events)};

	if (!is_watched(loop, fd))
		return ZV_ENOENT;
	e.data.u64 = (uint64_t)loop->watches[fd].gen << 32 | (uint32_t)fd;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &e) == 0 ? ZV_OK : ZV_ENOENT;
}

void zv_loop_del_fd(struct zv_loop *loop, int fd)
{
	if (!is_watched(loop, fd))
		return;
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	loop->watches[fd].used = false;
}

static void on_fd(struct zv_loop *loop, const struct epoll_event *e)
{
	uint32_t fd = (uint32_t)e->data.u64;
	const struct watch *w = &loop->watches[fd];
	bool broken = (e->events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0;
	uint32_t events = 0;

	if (!w->used || w->gen != (uint32_t)(e->data.u64 >> 32))
		return; /* deleted earlier in this turn */
	if ((e->events & EPOLLIN) != 0 || broken)
		events |= ZV_LOOP_READ;
	if ((e->events & EPOLLOUT) != 0)
		events |= ZV_LOOP_WRITE;
	w->fn(w->arg, (int)fd, events);
}

/* ---- timers ---- */

enum zv_err zv_loop_add_timer(struct zv_loop *loop, int64_t after_ms, zv_loop_timer_fn fn, void *arg,
			      zv_timer *ret_timer)
{
	/* not from now_ms: a long callback must not shorten it */
	return zv_timer_heap_add(&loop->heap, clock_ms() + (after_ms > 0 ? after_ms : 0), fn, arg,
			   ret_timer);
}

void zv_loop_del_timer(struct zv_loop *loop, zv_timer timer)
{
	zv_timer_heap_del(&loop->heap, timer);
}

static void arm(struct zv_loop *loop)
{
	int64_t due_ms = zv_timer_heap_first_ms(&loop->heap);
	struct itimerspec at = {0};

	if (due_ms == loop->armed_ms)
		return;
	loop->armed_ms = due_ms;
	if (due_ms != INT64_MAX) {
		at.it_value.tv_sec = due_ms / 1000;
		at.it_value.tv_nsec = due_ms % 1000 * 1000000;
		if (at.it_value.tv_sec == 0 && at.it_value.tv_nsec == 0)
			at.it_value.tv_nsec = 1; /* all zero would disarm it */
	}
	(void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Timers that were due when the turn began; one that asks for 0 ms more waits for the next. */
static void run_timers(struct zv_loop *loop)
{
	uint32_t left = loop->heap.n;
	struct zv_timer_heap_timer t;

	while (left-- > 0 && zv_timer_heap_pop(&loop->heap, loop->now_ms, &t)) {
		int64_t again_ms = t.fn(t.arg, t.id);

		zv_timer_heap_done(&loop->heap, &t, again_ms);
	}
}

/* ---- mailbox ---- */

void zv_loop_on_mail(struct zv_loop *loop, zv_loop_mail_fn fn, void *arg)
{
	loop->on_mail = fn;
	loop->mail_arg = arg;
}

enum zv_err zv_loop_post(struct zv_loop *loop, const struct zv_loop_mail *mail)
{
	enum zv_err err = ZV_EFULL;

	pthread_mutex_lock(&loop->lock);
	if (loop->n_mail < ZV_LOOP_MAIL_MAX) {
		loop->mail[loop->n_mail++] = *mail;
		err = ZV_OK;
	}
	pthread_mutex_unlock(&loop->lock);
	if (err == ZV_OK)
		wake(loop);
	return err;
}

static void run_mail(struct zv_loop *loop)
{
	struct zv_loop_mail taken[ZV_LOOP_MAIL_MAX];
	uint32_t n;

	pthread_mutex_lock(&loop->lock);
	n = loop->n_mail;
	memcpy(taken, loop->mail, n * sizeof(taken[0]));
	loop->n_mail = 0;
	pthread_mutex_unlock(&loop->lock);
	for (uint32_t i = 0; i < n && loop->on_mail != NULL; i++)
		loop->on_mail(loop->mail_arg, &taken[i]);
}

/* ---- the loop ---- */

static void drain(int fd)
{
	uint64_t count;
	ssize_t ignored = read(fd, &count, sizeof(count));

	(void)ignored;
}

enum zv_err zv_loop_turn(struct zv_loop *loop, int wait_ms, int *ret_stopped)
{
	struct epoll_event events[BATCH];
	bool mail = false, timers = false;
	int n;

	arm(loop);
	n = epoll_wait(loop->epoll_fd, events, BATCH, wait_ms);
	if (n < 0 && errno != EINTR)
		return ZV_EIO;
	loop->now_ms = clock_ms();
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 >> 32 != 0) {
			on_fd(loop, &events[i]);
		} else if ((int)events[i].data.u64 == loop->wake_fd) {
			drain(loop->wake_fd);
			mail = true;
		} else {
			drain(loop->timer_fd);
			loop->armed_ms = INT64_MAX; /* it has fired: set it anew */
			timers = true;
		}
	}
	if (mail)
		run_mail(loop);
	if (timers)
		run_timers(loop);
	if (ret_stopped != NULL)
		*ret_stopped = atomic_load(&loop->stop);
	return ZV_OK;
}

enum zv_err zv_loop_run(struct zv_loop *loop)
{
	int stopped = 0;

	while (!stopped) {
		enum zv_err err = zv_loop_turn(loop, -1, &stopped);

		if (err != ZV_OK)
			return err;
	}
	return ZV_OK;
}
