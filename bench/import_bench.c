/* import_bench ROWS -- makes a list of ROWS contacts (semicolons, UTF-8, random numbers, 1 % bad,
 * 1 % duplicates), imports it into a new store below TMPDIR and prints one line a figure:
 * name value unit.  The list costs no time that is counted. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/import.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int make_list(const char *path, uint64_t rows)
{
	static const char *const names[] = {"Иван Петров", "Мария Сидорова", "Олег Ким",
					    "Анна Коваленко"};
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return -1;
	fputs("id;Телефон;Имя;Город;Долг\n", f);
	for (uint64_t i = 0; i < rows; i++) {
		uint64_t r = zv_mix64(i % 100 == 7 && i > 100 ? i - 100 : i);
		uint64_t sub = r % 1000000000;

		if (i % 100 == 3)
			fprintf(f, "%" PRIu64 ";12345;%s;Москва;1\n", i, names[i & 3]);
		else
			fprintf(f, "%" PRIu64 ";+7 (9%02" PRIu64 ") %03" PRIu64 "-%02" PRIu64
				   "-%02" PRIu64 ";%s;Москва;%" PRIu64 "\n",
				i, sub / 10000000, sub / 10000 % 1000, sub / 100 % 100, sub % 100,
				names[i & 3], r >> 40);
	}
	return fclose(f);
}

int main(int argc, char **argv)
{
	uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	struct zv_campaign_names names = {.name = "bench"};
	struct zv_import_report report;
	struct zv_import_params params = {.zone = "Europe/Moscow", .now_cal_ms = 1,
					 .due_class = ZV_DUE_NORMAL};
	struct zv_store_params where = {.create = true};
	struct zv_store *store;
	char dir[256], list[300], text[256], cmd[320];
	struct rusage use;
	double begin, took;
	enum zv_err err;

	snprintf(dir, sizeof(dir), "%s/zvonar-import-XXXXXX", base);
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(list, sizeof(list), "%s/list.csv", dir);
	if (make_list(list, rows) != 0)
		return 1;
	where.dir = dir;
	if (zv_store_open(&where, text, sizeof(text), &store) != ZV_OK) {
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	if (zv_store_campaign_put(store, &names, &params.campaign) != ZV_OK)
		return 1;
	params.path = list;
	if (argc > 2)
		params.batch_rows = (uint32_t)strtoul(argv[2], NULL, 10);
	getrusage(RUSAGE_SELF, &use);
	begin = seconds();
	double cpu = (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6 +
		     (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6;
	err = zv_import(store, &params, &report);
	took = seconds() - begin;
	getrusage(RUSAGE_SELF, &use);
	cpu = (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6 +
	      (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6 - cpu;
	printf("import_rows %" PRIu64 " rows\nimport_leads %" PRIu64 " leads\n"
	       "import_rejected %" PRIu64 " rows\nimport_duplicates %" PRIu64 " rows\n"
	       "import_wall %.2f s\nimport_cpu %.2f s\nimport_rate %.0f rows/s\n"
	       "import_memory %ld KiB\n",
	       report.rows, report.imported, report.rejected,
	       report.duplicates_file + report.duplicates_campaign + report.duplicates_person, took,
	       cpu, (double)report.rows / took, use.ru_maxrss);
	if (err != ZV_OK)
		fprintf(stderr, "import failed: %s\n", report.text);
	zv_store_close(store);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return err == ZV_OK && system(cmd) == 0 && report.imported > 0 ? 0 : 1;
}
