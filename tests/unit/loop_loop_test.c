#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/heap.h"
#include "loop/loop.h"

static struct zv_loop *loop;

static void make(void)
{
	cr_assert_eq(zv_loop_create(&loop), ZV_OK);
}

static void drop(void)
{
	zv_loop_destroy(loop);
}

/* Turns until done(arg) or 5 s have gone by. */
static void turn_until(bool (*done)(void *arg), void *arg)
{
	int64_t until_ms = zv_loop_now_ms(loop) + 5000;

	while (!done(arg)) {
		cr_assert_eq(zv_loop_turn(loop, 100, NULL), ZV_OK);
		cr_assert_lt(zv_loop_now_ms(loop), until_ms, "it never came");
	}
}

struct seen {
	int fd, n;
	uint32_t events;
	char bytes[16];
};

static void on_fd(void *arg, int fd, uint32_t events)
{
	struct seen *s = arg;

	s->fd = fd;
	s->events |= events;
	s->n++;
	if (read(fd, s->bytes, sizeof(s->bytes)) == 0)
		zv_loop_del_fd(loop, fd);
}

static bool any(void *arg)
{
	return ((struct seen *)arg)->n > 0;
}

Test(loop, tells_bytes_and_the_far_ends_close, .init = make, .fini = drop)
{
	struct seen seen = {0};
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	cr_assert_eq(zv_loop_add_fd(loop, pair[0], ZV_LOOP_READ, on_fd, &seen), ZV_OK);
	cr_assert_eq(zv_loop_add_fd(loop, pair[0], ZV_LOOP_READ, on_fd, &seen), ZV_EEXIST);
	cr_assert_eq(zv_loop_turn(loop, 0, NULL), ZV_OK);
	cr_assert_eq(seen.n, 0);
	cr_assert_eq(write(pair[1], "hello", 5), 5);
	turn_until(any, &seen);
	cr_assert_eq(seen.fd, pair[0]);
	cr_assert_arr_eq(seen.bytes, "hello", 5);
	seen.n = 0;
	close(pair[1]);
	turn_until(any, &seen);
	seen.n = 0;
	cr_assert_eq(zv_loop_turn(loop, 20, NULL), ZV_OK);
	cr_assert_eq(seen.n, 0, "a deleted descriptor is silent");
	close(pair[0]);
}

Test(loop, write_readiness_comes_only_when_asked_for, .init = make, .fini = drop)
{
	struct seen seen = {0};
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	cr_assert_eq(zv_loop_add_fd(loop, pair[0], ZV_LOOP_READ, on_fd, &seen), ZV_OK);
	cr_assert_eq(zv_loop_turn(loop, 0, NULL), ZV_OK);
	cr_assert_eq(seen.n, 0);
	cr_assert_eq(zv_loop_set_fd(loop, pair[0], ZV_LOOP_WRITE), ZV_OK);
	turn_until(any, &seen);
	cr_assert_eq(seen.events, ZV_LOOP_WRITE);
	cr_assert_eq(zv_loop_set_fd(loop, pair[1], ZV_LOOP_READ), ZV_ENOENT);
	cr_assert_eq(zv_loop_add_fd(loop, -1, ZV_LOOP_READ, on_fd, &seen), ZV_EINVAL);
	close(pair[0]);
	close(pair[1]);
}

struct rivals {
	int fd[2];
	int n;
	bool reopened;
};

/* The first of two ready descriptors removes the other and puts a new one under its number. */
static void on_rival(void *arg, int fd, uint32_t events)
{
	struct rivals *r = arg;
	int other = r->fd[fd == r->fd[0]];
	int fresh[2];

	(void)events;
	r->n++;
	if (r->reopened)
		return;
	zv_loop_del_fd(loop, other);
	close(other);
	cr_assert_eq(pipe(fresh), 0);
	cr_assert_eq(dup2(fresh[0], other), other);
	cr_assert_eq(zv_loop_add_fd(loop, other, ZV_LOOP_READ, on_rival, r), ZV_OK);
	zv_loop_del_fd(loop, fd);
	r->reopened = true;
}

Test(loop, an_event_of_a_descriptors_former_life_is_dropped, .init = make, .fini = drop)
{
	struct rivals r = {0};
	int a[2], b[2];

	cr_assert_eq(pipe(a), 0);
	cr_assert_eq(pipe(b), 0);
	r.fd[0] = a[0];
	r.fd[1] = b[0];
	cr_assert_eq(write(a[1], "x", 1), 1);
	cr_assert_eq(write(b[1], "x", 1), 1);
	cr_assert_eq(zv_loop_add_fd(loop, a[0], ZV_LOOP_READ, on_rival, &r), ZV_OK);
	cr_assert_eq(zv_loop_add_fd(loop, b[0], ZV_LOOP_READ, on_rival, &r), ZV_OK);
	cr_assert_eq(zv_loop_turn(loop, 1000, NULL), ZV_OK);
	cr_assert_eq(r.n, 1, "both were ready in one turn, the second was gone");
}

struct tick {
	int n;
	int64_t at_ms[8], every_ms;
};

static int64_t on_timer(void *arg, zv_timer timer)
{
	struct tick *t = arg;

	(void)timer;
	t->at_ms[t->n++] = zv_loop_now_ms(loop);
	return t->n < 5 ? t->every_ms : 0;
}

static bool five(void *arg)
{
	return ((struct tick *)arg)->n >= 5;
}

static bool one(void *arg)
{
	return ((struct tick *)arg)->n >= 1;
}

Test(loop, a_timer_is_never_early_and_repeats_without_drift, .init = make, .fini = drop)
{
	int64_t from_ms = zv_loop_now_ms(loop);
	struct tick t = {.every_ms = 10};
	zv_timer timer;

	cr_assert_eq(zv_loop_add_timer(loop, 20, on_timer, &t, &timer), ZV_OK);
	turn_until(five, &t);
	for (int i = 0; i < 5; i++)
		cr_assert_geq(t.at_ms[i] - from_ms, 20 + 10 * i, "call %d", i);
	zv_loop_del_timer(loop, timer); /* it has ended */
}

Test(loop, a_deleted_timer_never_fires, .init = make, .fini = drop)
{
	struct tick dead = {0}, live = {0};
	zv_timer a, b;

	cr_assert_eq(zv_loop_add_timer(loop, 5, on_timer, &dead, &a), ZV_OK);
	cr_assert_eq(zv_loop_add_timer(loop, 30, on_timer, &live, &b), ZV_OK);
	zv_loop_del_timer(loop, a);
	turn_until(one, &live);
	cr_assert_eq(dead.n, 0);
	zv_loop_del_timer(loop, 0);
	zv_loop_del_timer(loop, a);
}

static int64_t nothing(void *arg, zv_timer timer)
{
	(void)arg;
	(void)timer;
	return 0;
}

/* A thousand timers in a random order, a third deleted: the rest come sorted. */
Test(loop, the_heap_gives_timers_in_the_order_of_their_due_times)
{
	struct zv_timer_heap heap = {0};
	struct zv_timer_heap_timer t;
	zv_timer ids[1000];
	int64_t last = 0;
	uint32_t n = 0;
	unsigned seed = 1;

	for (int i = 0; i < 1000; i++) {
		seed = seed * 1103515245u + 12345u;
		cr_assert_eq(zv_timer_heap_add(&heap, (seed >> 8) % 5000, nothing, NULL, &ids[i]), ZV_OK);
	}
	for (int i = 0; i < 1000; i += 3)
		zv_timer_heap_del(&heap, ids[i]);
	while (zv_timer_heap_pop(&heap, 5000, &t)) {
		cr_assert_geq(t.due_ms, last);
		last = t.due_ms;
		zv_timer_heap_done(&heap, &t, 0);
		n++;
	}
	cr_assert_eq(n, 666);
	cr_assert_eq(zv_timer_heap_first_ms(&heap), INT64_MAX);
	zv_timer_heap_fini(&heap);
}

#define MAILS 20000u

struct mails {
	uint32_t n;
	bool ordered;
};

static void on_mail(void *arg, const struct zv_loop_mail *mail)
{
	struct mails *m = arg;

	m->ordered = m->ordered && mail->a == m->n;
	if (++m->n == MAILS)
		zv_loop_stop(loop);
}

static void *post(void *arg)
{
	(void)arg;
	for (uint64_t i = 0; i < MAILS; i++) {
		struct zv_loop_mail mail = {.type = 1, .a = i};

		while (zv_loop_post(loop, &mail) != ZV_OK)
			sched_yield();
	}
	return NULL;
}

Test(loop, mail_from_another_thread_comes_in_order_and_none_is_lost, .init = make, .fini = drop,
     .timeout = 30)
{
	struct mails m = {0, true};
	pthread_t thread;

	zv_loop_on_mail(loop, on_mail, &m);
	cr_assert_eq(pthread_create(&thread, NULL, post, NULL), 0);
	cr_assert_eq(zv_loop_run(loop), ZV_OK);
	pthread_join(thread, NULL);
	cr_assert_eq(m.n, MAILS);
	cr_assert(m.ordered);
}

Test(loop, a_full_mailbox_says_so, .init = make, .fini = drop)
{
	struct zv_loop_mail mail = {0};

	for (uint32_t i = 0; i < ZV_LOOP_MAIL_MAX; i++)
		cr_assert_eq(zv_loop_post(loop, &mail), ZV_OK);
	cr_assert_eq(zv_loop_post(loop, &mail), ZV_EFULL);
}
