/* store_bench [--json] [--leads N,N,...] [--calls N] [--dir DIR] -- what the store costs, by the leads in
 * it: for each size a list is imported, leads are offered, calls written down from intent to step, and a
 * store that a crash left with open calls is opened again.  Each size has a process and a folder of its
 * own below DIR (TMPDIR), which is deleted; the disk must have room for the largest, else exit status 77.
 */
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_store.h"
#include "store/check.h"

#define SIZES_MAX 8
#define DISK_A_LEAD 1200u /* bytes, list and store together, with what copy on write needs besides */

double anon_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	double kb = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtod(line + 8, NULL);
	if (f != NULL)
		fclose(f);
	return kb;
}

void say(const struct bench *b, struct bench_figure f)
{
	f.size = (double)b->leads;
	f.size_of = "leads";
	if (b->json)
		bench_print(&f);
	else
		printf("%s at %.0f leads: %.3f %s, n %" PRIu64 ", p50 %.3f, p99 %.3f, %.0f kB\n", f.name, f.size, f.value,
		       f.unit, f.n, f.p50, f.p99, f.rss_kb);
}

static int64_t rest_ms(void *arg, uint32_t campaign)
{
	(void)arg;
	(void)campaign;
	return 86400000;
}

static void found_open(void *arg, const struct zv_open_attempt *open)
{
	(void)open;
	++*(uint32_t *)arg;
}

static bool open_store(const struct bench *b, struct zv_store **ret_store)
{
	struct zv_store_params where = {.dir = b->dir, .create = true};
	char text[256];

	if (zv_store_open(&where, text, sizeof(text), ret_store) == ZV_OK)
		return true;
	fprintf(stderr, "store_bench: %s\n", text);
	return false;
}

/* What a start does before it dials: open, a new epoch, open calls become `unknown`. */
static bool measure_recovery(struct bench *b)
{
	int64_t wall = bench_ns(CLOCK_MONOTONIC), cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct zv_store_boot boot;
	struct zv_store *store;
	uint32_t told = 0, count = 0;
	struct stat st;
	char path[300];

	if (!open_store(b, &store) || zv_store_begin(store, false, &boot) != ZV_OK ||
	    zv_store_recover(store, CAL_MS + 3600000, rest_ms, found_open, &told, &count) != ZV_OK || count != OPEN_CALLS) {
		fprintf(stderr, "store_bench: %u of %u open calls were found\n", count, OPEN_CALLS);
		return false;
	}
	cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = bench_ns(CLOCK_MONOTONIC) - wall;
	say(b, (struct bench_figure){.name = "store_recovery", .unit = "ms", .value = (double)cpu / 1e6, .n = 1,
				     .cpu_us = (double)cpu / 1e3});
	say(b, (struct bench_figure){.name = "store_recovery_wall", .unit = "ms", .value = (double)wall / 1e6, .n = 1,
				     .better = "none"});
	zv_store_close(store);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", b->dir);
	if (stat(path, &st) != 0)
		return false;
	say(b, (struct bench_figure){.name = "store_disk", .unit = "bytes/lead",
				     .value = (double)st.st_blocks * 512 / (double)b->leads, .n = b->leads});
	return true;
}

static bool measure(struct bench *b)
{
	struct zv_campaign_names names = {.name = "bench"};
	struct zv_store *store;
	uint32_t id = 0;
	bool ok;

	if (!open_store(b, &store))
		return false;
	ok = zv_store_campaign_put(store, &names, &id) == ZV_OK && id == CAMPAIGN && measure_import(b, store) &&
	     measure_pick(b, store) && measure_commit(b, store);
	zv_store_close(store);
	return ok && measure_recovery(b);
}

/* In a process of its own: its memory is its own, and a store is opened once in a process. */
static bool measure_apart(const struct bench *b, const char *base)
{
	struct bench own = *b;
	char dir[256], cmd[320];
	int status = 1;
	pid_t pid;

	(void)snprintf(dir, sizeof(dir), "%s/zvonar-store-XXXXXX", base);
	if (mkdtemp(dir) == NULL) {
		fprintf(stderr, "store_bench: no folder below %s\n", base);
		return false;
	}
	own.dir = dir;
	pid = fork();
	if (pid == 0)
		_exit(measure(&own) ? 0 : 1);
	if (pid > 0)
		waitpid(pid, &status, 0);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd) == 0 && status == 0;
}

static bool has_room(const char *base, uint64_t leads)
{
	struct statvfs fs;
	uint64_t needed = leads * DISK_A_LEAD + (UINT64_C(200) << 20), free_bytes;

	if (statvfs(base, &fs) != 0)
		return false;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes >= needed)
		return true;
	fprintf(stderr, "%" PRIu64 " leads need %.1f GB on the disk of %s, it has %.1f: scripts/bench --scratch DIR\n", leads,
		(double)needed / 1e9, base, (double)free_bytes / 1e9);
	return false;
}

static uint32_t read_sizes(char *text, uint64_t *sizes)
{
	uint32_t n = 0;

	for (char *word = strtok(text, ","); word != NULL && n < SIZES_MAX; word = strtok(NULL, ","))
		sizes[n++] = strtoull(word, NULL, 10);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {"leads", required_argument, NULL, 'l'},
					      {"calls", required_argument, NULL, 'c'}, {"dir", required_argument, NULL, 'd'},
					      {NULL, 0, NULL, 0}};
	const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	uint64_t sizes[SIZES_MAX] = {10000, 1000000}, most = 0;
	struct bench b = {.calls = 5000};
	uint32_t n = 2;
	bool ok = true;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'j': b.json = true; break;
		case 'l': n = read_sizes(optarg, sizes); break;
		case 'c': b.calls = strtoull(optarg, NULL, 10); break;
		case 'd': base = optarg; break;
		default: return 2;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		if (sizes[i] < 1000 || sizes[i] > 100000000)
			return 2;
		most = sizes[i] > most ? sizes[i] : most;
	}
	if (n == 0 || b.calls == 0 || !has_room(base, most))
		return n == 0 || b.calls == 0 ? 2 : 77;
	for (uint32_t i = 0; i < n && ok; i++) {
		b.leads = sizes[i];
		ok = measure_apart(&b, base);
	}
	return ok ? 0 : 1;
}
