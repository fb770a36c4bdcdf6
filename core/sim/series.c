#include "sim/series.h"

#include <stdlib.h>

#include "base/num.h"

#define LINEAR_MS 12800 /* classes of a tenth of a second up to here, then ever wider */

enum zv_err zv_series_init(struct zv_sim_series *series, int64_t bucket_ms, int64_t span_ms)
{
	int64_t n;

	if (bucket_ms <= 0 || span_ms <= 0)
		return ZV_EINVAL;
	n = (span_ms + bucket_ms - 1) / bucket_ms;
	if (n > 1000000)
		return ZV_EINVAL;
	*series = (struct zv_sim_series){.bucket_ms = bucket_ms, .n = (uint32_t)n, .cap = (uint32_t)n};
	series->v = calloc((size_t)n, sizeof(*series->v));
	return series->v == NULL ? ZV_ENOMEM : ZV_OK;
}

void zv_series_fini(struct zv_sim_series *series)
{
	free(series->v);
	*series = (struct zv_sim_series){0};
}

static uint32_t class_of(int64_t ms)
{
	double c = ms < LINEAR_MS ? (double)ms / 100
				  : 128 + zv_ln((double)ms / LINEAR_MS) * 20;

	return c < ZV_WAIT_CLASSES - 1 ? (uint32_t)c : ZV_WAIT_CLASSES - 1;
}

void zv_series_wait(struct zv_sim_series *series, int64_t at_ms, int64_t wait_ms)
{
	struct zv_sim_measure *m = zv_series_at(series, at_ms);

	m->waits++;
	m->wait_ms += wait_ms;
	series->wait_classes[class_of(wait_ms)]++;
}

double zv_series_wait_quantile(const struct zv_sim_series *series, double q)
{
	uint64_t all = 0, sum = 0;

	for (uint32_t i = 0; i < ZV_WAIT_CLASSES; i++)
		all += series->wait_classes[i];
	for (uint32_t i = 0; i < ZV_WAIT_CLASSES && all > 0; i++) {
		sum += series->wait_classes[i];
		if ((double)sum >= q * (double)all)
			return i < 128 ? (i + 1) * 100.0 : LINEAR_MS * zv_exp((i + 1 - 128) / 20.0);
	}
	return 0;
}

void zv_series_end(struct zv_sim_series *series)
{
	struct zv_sim_measure *s = &series->sum;

	*s = (struct zv_sim_measure){0};
	for (uint32_t i = 0; i < series->n; i++) {
		const struct zv_sim_measure *m = &series->v[i];

		s->dials += m->dials;
		s->answered += m->answered;
		s->machines += m->machines;
		s->handed += m->handed;
		s->abandoned += m->abandoned;
		s->failed += m->failed;
		s->trunk_failed += m->trunk_failed;
		s->cancelled += m->cancelled;
		s->ready_ms += m->ready_ms;
		s->talk_ms += m->talk_ms;
		s->wrapup_ms += m->wrapup_ms;
		s->paused_ms += m->paused_ms;
		s->waits += m->waits;
		s->wait_ms += m->wait_ms;
		s->patient += m->patient;
		s->patience_ms += m->patience_ms;
		s->in_flight_ms += m->in_flight_ms;
	}
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

double zv_measure_occupancy(const struct zv_sim_measure *m)
{
	double busy_ms = (double)(m->talk_ms + m->wrapup_ms);

	return share(busy_ms, busy_ms + (double)m->ready_ms);
}

double zv_measure_abandonment(const struct zv_sim_measure *m)
{
	return share((double)m->abandoned, (double)m->answered);
}

double zv_measure_ratio(const struct zv_sim_measure *m)
{
	return share((double)m->dials, (double)m->handed);
}

double zv_measure_wait_ms(const struct zv_sim_measure *m)
{
	return share((double)m->wait_ms, (double)m->waits);
}
