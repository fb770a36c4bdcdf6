#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ring.h"

struct msg {
	uint64_t number, twice;
};

Test(ring, gives_back_what_was_put_in_in_order)
{
	struct zv_ring *ring;
	struct msg m, got[8];

	cr_assert_eq(zv_ring_create(sizeof(m), 8, -1, &ring), ZV_OK);
	for (uint64_t i = 0; i < 5; i++) {
		m = (struct msg){i, 2 * i};
		cr_assert_eq(zv_ring_push(ring, &m), ZV_OK);
	}
	cr_assert_eq(zv_ring_pop(ring, got, 3), 3);
	cr_assert_eq(got[2].number, 2);
	cr_assert_eq(zv_ring_pop(ring, got, 8), 2);
	cr_assert_eq(got[1].twice, 8);
	zv_ring_destroy(ring);
}

Test(ring, says_full_and_counts_it)
{
	struct zv_ring *ring;
	struct msg m = {0, 0};

	cr_assert_eq(zv_ring_create(sizeof(m), 4, -1, &ring), ZV_OK);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(zv_ring_push(ring, &m), ZV_OK);
	cr_assert_eq(zv_ring_room(ring), 0);
	cr_assert_eq(zv_ring_push(ring, &m), ZV_EFULL);
	cr_assert_eq(zv_ring_full_count(ring), 1);
	zv_ring_destroy(ring);
}

#define MESSAGES 300000u

static void *produce(void *arg)
{
	struct zv_ring *ring = arg;

	for (uint64_t i = 0; i < MESSAGES; i++) {
		struct msg m = {i, 2 * i};

		while (zv_ring_push(ring, &m) != ZV_OK)
			sched_yield();
	}
	return NULL;
}

/* The consumer sleeps whenever the ring is empty: a lost wake-up hangs here (poll gives up). */
Test(ring, two_threads_lose_nothing_and_every_sleep_is_woken, .timeout = 60)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct zv_ring *ring;
	pthread_t thread;
	uint64_t want = 0;

	cr_assert_eq(zv_ring_create(sizeof(struct msg), 64, fd, &ring), ZV_OK);
	cr_assert_eq(pthread_create(&thread, NULL, produce, ring), 0);
	while (want < MESSAGES) {
		struct msg got[16];
		uint32_t n = zv_ring_pop(ring, got, 16);

		for (uint32_t i = 0; i < n; i++, want++) {
			cr_assert_eq(got[i].number, want);
			cr_assert_eq(got[i].twice, 2 * want);
		}
		if (n == 0 && zv_ring_arm(ring)) {
			struct pollfd p = {.fd = fd, .events = POLLIN};
			uint64_t count;

			cr_assert_eq(poll(&p, 1, 10000), 1, "a wake-up was lost");
			cr_assert_eq(read(fd, &count, sizeof(count)), sizeof(count));
		}
	}
	pthread_join(thread, NULL);
	zv_ring_destroy(ring);
	close(fd);
}
