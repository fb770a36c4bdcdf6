/* The lookahead offers leads, and nobody gives them back: as many as there are slabs. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench_store.h"
#include "store/lookahead.h"

#define SLABS  4096u
#define OFFERS (SLABS - SLABS / 16)
#define LIMIT_S 60

static struct zv_lookahead la;
static _Atomic bool stop;

static int64_t calendar(void *arg)
{
	(void)arg;
	return CAL_MS + 1000;
}

static bool running(void *arg, uint32_t campaign)
{
	(void)arg;
	return campaign == CAMPAIGN;
}

static void *run(void *arg)
{
	(void)arg;
	if (zv_lookahead_thread(&la, &stop) != ZV_OK)
		fprintf(stderr, "store_bench: the lookahead failed\n");
	return NULL;
}

static uint32_t take(uint32_t wanted)
{
	int64_t end = bench_ns(CLOCK_MONOTONIC) + LIMIT_S * INT64_C(1000000000);
	struct zv_event ev;
	uint32_t n = 0;

	while (n < wanted && bench_ns(CLOCK_MONOTONIC) < end) {
		if (zv_ring_pop(la.events, &ev, 1) == 1)
			n += ev.type == ZV_EV_OFFER;
		else
			(void)poll(NULL, 0, 1);
	}
	return n;
}

bool measure_pick(struct bench *b, struct zv_store *store)
{
	uint32_t wanted = b->leads < OFFERS ? (uint32_t)b->leads : OFFERS, n;
	struct zv_offer *slabs = calloc(SLABS, sizeof(*slabs));
	struct zv_zones *zones;
	uint64_t one = 1;
	pthread_t thread;
	clockid_t clock;
	double per;

	if (slabs == NULL || zv_zones_create(NULL, &zones) != ZV_OK)
		return false;
	la = (struct zv_lookahead){.store = store, .slabs = {slabs, SLABS}, .zones = zones, .intern = zones,
				   .horizon_ms = 120000, .calendar_ms = calendar, .running = running,
				   .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	if (zv_ring_create(sizeof(struct zv_event), 8192, -1, &la.events) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_cmd), 64, la.wake_fd, &la.commands) != ZV_OK)
		return false;
	atomic_store(&stop, false);
	if (pthread_create(&thread, NULL, run, NULL) != 0 || pthread_getcpuclockid(thread, &clock) != 0)
		return false;
	n = take(wanted);
	per = (double)bench_ns(clock) / 1e3 / wanted;
	atomic_store(&stop, true);
	if (write(la.wake_fd, &one, sizeof(one)) != sizeof(one))
		return false;
	pthread_join(thread, NULL);
	zv_ring_destroy(la.events);
	zv_ring_destroy(la.commands);
	zv_zones_destroy(zones);
	close(la.wake_fd);
	free(slabs);
	if (n == wanted)
		say(b, (struct bench_figure){.name = "store_pick", .unit = "us/offer", .value = per, .n = n, .cpu_us = per});
	else
		fprintf(stderr, "store_bench: %u of %u leads were offered\n", n, wanted);
	return n == wanted;
}
