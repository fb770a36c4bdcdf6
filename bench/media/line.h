/* media/line.h -- one figure of a bench: a line of words, or of JSON as bench/README.md says. */
#ifndef BENCH_MEDIA_LINE_H
#define BENCH_MEDIA_LINE_H

#include <stdbool.h>
#include <unistd.h>

#include "../suite/figure.h"

static inline long bench_rss_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long whole = 0, resident = 0;

	if (f == NULL || fscanf(f, "%ld %ld", &whole, &resident) != 2)
		resident = 0;
	if (f != NULL)
		fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static inline void bench_say(bool json, const struct bench_figure *f)
{
	const char *who = f->peer != NULL ? f->peer : "", *at = f->peer != NULL ? " of " : "";

	if (json)
		bench_print(f);
	else if (f->p99 > 0)
		printf("%s%s%s %.1f %s %lu %.0f %.0f\n", f->name, at, who, f->value, f->unit, (unsigned long)f->n, f->p50,
		       f->p99);
	else
		printf("%s%s%s %.1f %s %lu\n", f->name, at, who, f->value, f->unit, (unsigned long)f->n);
	(void)fflush(stdout);
}

#endif
