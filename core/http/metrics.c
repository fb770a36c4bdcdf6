#include "http/metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zv_metrics {
	FILE *to;
	char *text;
	size_t len;
	const char *family;
	bool bad;
};

static bool is_name(const char *name, bool colon)
{
	size_t n = strspn(name, colon ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789"
				      : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return n > 0 && name[n] == 0 && (name[0] < '0' || name[0] > '9');
}

struct zv_metrics *zv_metrics_begin(void)
{
	struct zv_metrics *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->to = open_memstream(&m->text, &m->len);
	if (m->to == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

char *zv_metrics_end(struct zv_metrics *metrics, size_t *ret_len)
{
	bool bad = metrics->bad || ferror(metrics->to) != 0;
	char *text;

	bad = fclose(metrics->to) != 0 || bad;
	text = metrics->text;
	*ret_len = metrics->len;
	free(metrics);
	if (bad) {
		free(text);
		return NULL;
	}
	return text;
}

/* `\` and line feeds are escaped, and `"` in values of labels. */
static void put_text(struct zv_metrics *m, const char *text, bool quotes)
{
	for (; *text != 0; text++) {
		if (*text == '\n')
			(void)fputs("\\n", m->to);
		else if (*text == '\\' || (quotes && *text == '"'))
			(void)fprintf(m->to, "\\%c", *text);
		else
			(void)fputc(*text, m->to);
	}
}

static void put_value(struct zv_metrics *m, double value)
{
	if (isnan(value))
		(void)fputs("NaN\n", m->to);
	else if (isinf(value))
		(void)fputs(value > 0 ? "+Inf\n" : "-Inf\n", m->to);
	else
		(void)fprintf(m->to, "%.15g\n", value);
}

static void put_labels(struct zv_metrics *m, const struct zv_metric_label *labels, uint32_t n, const char *le)
{
	const char *sep = "{";

	for (uint32_t i = 0; i < n; i++, sep = ",") {
		m->bad = m->bad || !is_name(labels[i].name, false);
		(void)fprintf(m->to, "%s%s=\"", sep, labels[i].name);
		put_text(m, labels[i].value, true);
		(void)fputc('"', m->to);
	}
	if (le != NULL)
		(void)fprintf(m->to, "%sle=\"%s\"", sep, le);
	if (n > 0 || le != NULL)
		(void)fputc('}', m->to);
	(void)fputc(' ', m->to);
}

void zv_metric_family(struct zv_metrics *metrics, const char *name, enum zv_metric_type type,
		      const char *help)
{
	static const char *const words[] = {[ZV_METRIC_COUNTER] = "counter", [ZV_METRIC_GAUGE] = "gauge",
					    [ZV_METRIC_HISTOGRAM] = "histogram"};
	size_t len = strlen(name);

	metrics->bad = metrics->bad || !is_name(name, true) || strncmp(name, "zvonar_", 7) != 0 ||
		       (type == ZV_METRIC_COUNTER && (len < 6 || strcmp(name + len - 6, "_total") != 0));
	metrics->family = name;
	(void)fprintf(metrics->to, "# HELP %s ", name);
	put_text(metrics, help, false);
	(void)fprintf(metrics->to, "\n# TYPE %s %s\n", name, words[type]);
}

void zv_metric(struct zv_metrics *metrics, const struct zv_metric_label *labels, uint32_t n, double value)
{
	if (metrics->family == NULL) {
		metrics->bad = true;
		return;
	}
	(void)fputs(metrics->family, metrics->to);
	put_labels(metrics, labels, n, NULL);
	put_value(metrics, value);
}

void zv_metric_of(struct zv_metrics *metrics, const char *label, const char *of, double value)
{
	zv_metric(metrics, &(struct zv_metric_label){.name = label, .value = of}, 1, value);
}

void zv_metric_one(struct zv_metrics *metrics, const char *name, enum zv_metric_type type,
		   const char *help, double value)
{
	zv_metric_family(metrics, name, type, help);
	zv_metric(metrics, NULL, 0, value);
}

void zv_metric_histogram(struct zv_metrics *metrics, const struct zv_metric_label *labels, uint32_t n,
			 const struct zv_metric_histogram *h)
{
	uint64_t upto = 0;
	char le[32];

	if (metrics->family == NULL) {
		metrics->bad = true;
		return;
	}
	for (uint32_t i = 0; i <= h->n; i++) {
		upto += h->counts[i];
		if (i < h->n)
			(void)snprintf(le, sizeof(le), "%.9g", h->upto[i]);
		else
			(void)snprintf(le, sizeof(le), "+Inf");
		(void)fprintf(metrics->to, "%s_bucket", metrics->family);
		put_labels(metrics, labels, n, le);
		put_value(metrics, (double)upto);
	}
	(void)fprintf(metrics->to, "%s_sum", metrics->family);
	put_labels(metrics, labels, n, NULL);
	put_value(metrics, h->sum);
	(void)fprintf(metrics->to, "%s_count", metrics->family);
	put_labels(metrics, labels, n, NULL);
	put_value(metrics, (double)upto);
}
