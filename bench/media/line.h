/* media/line.h -- one figure of a bench: a line of words, or a JSON object a line. */
#ifndef BENCH_MEDIA_LINE_H
#define BENCH_MEDIA_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

struct bench_line {
	const char *name, *unit;
	double value;
	uint64_t n;
	double p50, p99; /* 0: there are none */
	double cpu_us;   /* of the unit; 0: not told */
};

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

static inline void bench_say(bool json, const struct bench_line *l)
{
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"n\":%lu,\"p50\":%.3f,\"p99\":%.3f,"
		       "\"cpu_us\":%.3f,\"rss_kb\":%ld}\n", l->name, l->value, l->unit,
		       (unsigned long)l->n, l->p50, l->p99, l->cpu_us, bench_rss_kb());
	else if (l->p99 > 0)
		printf("%s %.1f %s %lu %.0f %.0f\n", l->name, l->value, l->unit, (unsigned long)l->n, l->p50,
		       l->p99);
	else
		printf("%s %.1f %s %lu\n", l->name, l->value, l->unit, (unsigned long)l->n);
	fflush(stdout);
}

#endif
