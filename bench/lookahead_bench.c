/* lookahead_bench [LEADS ...] -- what an offer costs when the list is long: for each size a store
 * with that many due leads is made below TMPDIR, and the time of the first 3,840 offers taken.
 * One line a figure: name value unit. */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "store/import.h"
#include "store/lookahead.h"

#define SLABS  4096
#define OFFERS (SLABS - SLABS / 16)

static struct zv_offer slabs[SLABS];
static struct zv_lookahead la;
static _Atomic bool stop;

static double cpu_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t calendar(void *arg)
{
	(void)arg;
	return 1000;
}

static bool running(void *arg, uint32_t campaign)
{
	(void)arg;
	return campaign != 0;
}

static void *run(void *arg)
{
	(void)arg;
	if (zv_lookahead_thread(&la, &stop) != ZV_OK)
		fprintf(stderr, "the lookahead failed\n");
	return NULL;
}

static bool fill(struct zv_store *store, const char *dir, uint64_t leads)
{
	struct zv_campaign_names names = {.name = "bench"};
	struct zv_import_params params = {.zone = "UTC", .now_cal_ms = 1, .due_class = ZV_DUE_NORMAL};
	struct zv_import_report report;
	char list[300];
	FILE *f;

	snprintf(list, sizeof(list), "%s/list.csv", dir);
	f = fopen(list, "w");
	if (f == NULL)
		return false;
	fputs("phone,name\n", f);
	for (uint64_t i = 0; i < leads; i++)
		fprintf(f, "79%09" PRIu64 ",Ivan\n", i);
	params.path = list;
	return fclose(f) == 0 && zv_store_campaign_put(store, &names, &params.campaign) == ZV_OK &&
	       zv_import(store, &params, &report) == ZV_OK && report.imported == leads;
}

static int measure(uint64_t leads)
{
	const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	struct zv_store_params where = {.create = true};
	struct zv_store *store;
	struct zv_zones *zones;
	struct zv_event ev;
	char dir[256], text[256], cmd[320];
	pthread_t thread;
	clockid_t clock;
	uint64_t one = 1;
	uint32_t n = 0;
	double cpu;

	snprintf(dir, sizeof(dir), "%s/zvonar-ahead-XXXXXX", base);
	if (mkdtemp(dir) == NULL)
		return 1;
	where.dir = dir;
	if (zv_store_open(&where, text, sizeof(text), &store) != ZV_OK || !fill(store, dir, leads) ||
	    zv_zones_create(NULL, &zones) != ZV_OK)
		return 1;
	la = (struct zv_lookahead){.store = store, .slabs = {slabs, SLABS}, .zones = zones,
				   .intern = zones, .horizon_ms = 120000,
				   .calendar_ms = calendar, .running = running,
				   .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	if (zv_ring_create(sizeof(ev), 8192, -1, &la.events) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_cmd), 64, la.wake_fd, &la.commands) != ZV_OK)
		return 1;
	atomic_store(&stop, false);
	if (pthread_create(&thread, NULL, run, NULL) != 0 || pthread_getcpuclockid(thread, &clock) != 0)
		return 1;
	while (n < OFFERS) {
		if (zv_ring_pop(la.events, &ev, 1) == 1)
			n += ev.type == ZV_EV_OFFER;
		else
			(void)poll(NULL, 0, 1);
	}
	cpu = cpu_seconds(clock);
	printf("offer_cpu_%" PRIu64 "_leads %.2f us\n", leads, cpu * 1e6 / OFFERS);
	atomic_store(&stop, true);
	if (write(la.wake_fd, &one, sizeof(one)) != sizeof(one))
		return 1;
	pthread_join(thread, NULL);
	zv_ring_destroy(la.events);
	zv_ring_destroy(la.commands);
	zv_zones_destroy(zones);
	zv_store_close(store);
	close(la.wake_fd);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd) != 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= measure(strtoull(argv[i], NULL, 10));
	if (argc == 1)
		failed = measure(10000) | measure(1000000);
	return failed;
}
