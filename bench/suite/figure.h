/* suite/figure.h -- for programs of measurements: a figure as a line of JSON (bench/README.md), CPU
 * time and memory of this process, percentiles. */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* What is 0 or NULL is left out, but for the value. */
struct bench_figure {
	const char *name, *unit;
	double value;
	uint64_t n;
	double p50, p99, cpu_us, rss_kb, size, reach;
	const char *size_of, *peer, *better;
};

static inline void bench_number(const char *name, double value)
{
	if (value > 0)
		printf(", \"%s\": %.9g", name, value);
}

static inline void bench_text(const char *name, const char *text)
{
	if (text != NULL)
		printf(", \"%s\": \"%s\"", name, text);
}

static inline void bench_print(const struct bench_figure *f)
{
	printf("{\"name\": \"%s\", \"value\": %.9g, \"unit\": \"%s\"", f->name, f->value, f->unit);
	bench_number("n", (double)f->n);
	bench_number("p50", f->p50);
	bench_number("p99", f->p99);
	bench_number("cpu_us", f->cpu_us);
	bench_number("rss_kb", f->rss_kb);
	bench_number("size", f->size);
	bench_number("reach", f->reach);
	bench_text("size_of", f->size_of);
	bench_text("peer", f->peer);
	bench_text("better", f->better);
	puts("}");
	(void)fflush(stdout);
}

/* CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID */
static inline int64_t bench_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* At its largest so far. */
static inline double bench_peak_kb(void)
{
	struct rusage use;

	return getrusage(RUSAGE_SELF, &use) == 0 ? (double)use.ru_maxrss : 0;
}

static inline int bench_by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Sorts v; n > 0. */
static inline void bench_percentiles(uint32_t *v, uint64_t n, uint32_t *ret_p50, uint32_t *ret_p99)
{
	qsort(v, n, sizeof(*v), bench_by_value);
	*ret_p50 = v[n / 2];
	*ret_p99 = v[n * 99 / 100];
}

#endif
