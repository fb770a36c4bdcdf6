/* http/metrics.h -- figures as text in the Prometheus exposition format 0.0.4.
 *
 * Any one thread a struct.  Names begin with zvonar_, units stand in them (_seconds, _bytes), counters
 * end with _total.  Labels carry campaigns, trunks, results, queues: never a number, person or lead.
 */
#ifndef ZV_HTTP_METRICS_H
#define ZV_HTTP_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct zv_metrics;

enum zv_metric_type { ZV_METRIC_COUNTER, ZV_METRIC_GAUGE, ZV_METRIC_HISTOGRAM };

/* A family; all its samples follow at once.  help: one line. */
void zv_metric_family(struct zv_metrics *metrics, const char *name, enum zv_metric_type type,
		      const char *help);

struct zv_metric_label { const char *name, *value; };

/* A sample of the present family.  labels: up to 4, NULL: none. */
void zv_metric(struct zv_metrics *metrics, const struct zv_metric_label *labels, uint32_t n, double value);
/* One labelled sample, the commonest kind. */
void zv_metric_of(struct zv_metrics *metrics, const char *label, const char *of, double value);
/* A family of one sample without labels. */
void zv_metric_one(struct zv_metrics *metrics, const char *name, enum zv_metric_type type,
		   const char *help, double value);

/* upto: bounds, rising, without +Inf; counts: of each bucket alone, n + 1 of them. */
struct zv_metric_histogram {
	const double *upto;
	const uint64_t *counts;
	uint32_t n;
	double sum;
};
void zv_metric_histogram(struct zv_metrics *metrics, const struct zv_metric_label *labels, uint32_t n,
			 const struct zv_metric_histogram *h);

/* ---- the server's and tests' side ---- */

struct zv_metrics *zv_metrics_begin(void); /* NULL: no memory */
/* The text, freed by the caller with free(); NULL: no memory, or a name that may not be. */
char *zv_metrics_end(struct zv_metrics *metrics, size_t *ret_len);

#endif
