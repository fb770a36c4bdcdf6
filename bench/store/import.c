#include <unistd.h>

#include "bench_store.h"
#include "store/import.h"

static bool make_list(const char *path, uint64_t leads)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return false;
	fputs("id;Телефон;Имя;Город;Долг\n", f);
	for (uint64_t i = 0; i < leads; i++) {
		uint64_t sub = bench_number_of(i);

		fprintf(f, "%" PRIu64 ";+7 (9%02" PRIu64 ") %03" PRIu64 "-%02" PRIu64 "-%02" PRIu64 ";Иван Петров;Москва;%" PRIu64 "\n",
			i, sub / 10000000, sub / 10000 % 1000, sub / 100 % 100, sub % 100, i % 100000);
	}
	return fclose(f) == 0;
}

bool measure_import(struct bench *b, struct zv_store *store)
{
	struct zv_import_params params = {.campaign = CAMPAIGN, .zone = "Europe/Moscow", .now_cal_ms = CAL_MS,
					  .due_class = ZV_DUE_NORMAL};
	struct zv_import_report report = {0};
	char list[300];
	int64_t cpu;
	double per;

	(void)snprintf(list, sizeof(list), "%s/list.csv", b->dir);
	params.path = list;
	if (!make_list(list, b->leads)) {
		fprintf(stderr, "store_bench: the list cannot be written\n");
		return false;
	}
	cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (zv_import(store, &params, &report) != ZV_OK || report.imported != b->leads) {
		fprintf(stderr, "store_bench: %" PRIu64 " of %" PRIu64 " leads went in: %s\n", report.imported, b->leads, report.text);
		return false;
	}
	cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)unlink(list);
	per = (double)cpu / 1e3 / (double)b->leads;
	say(b, (struct bench_figure){.name = "store_import", .unit = "us/lead", .value = per, .n = b->leads, .cpu_us = per,
				     .rss_kb = anon_kb()});
	return true;
}
