#include "ctl/out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct zv_out {
	FILE *to;
	enum zv_format format;
	bool lines;
	size_t n_cols, at; /* at: cells of the row so far */
	uint64_t rows;
	const struct zv_out_col *cols;
	/* tables wait until the widths are known */
	char **cells;
	size_t n_cells, cap_cells;
};

static void out_heading(struct zv_out *o)
{
	if (o->format == ZV_FORMAT_CSV) {
		for (size_t i = 0; i < o->n_cols; i++)
			(void)fprintf(o->to, "%s%s", i > 0 ? "," : "", o->cols[i].name);
		(void)fputc('\n', o->to);
	} else if (o->format == ZV_FORMAT_JSON && !o->lines) {
		(void)fputc('[', o->to);
	}
}

struct zv_out *zv_out_begin(FILE *to, enum zv_format format, bool lines,
                            const struct zv_out_col *cols, size_t n_cols)
{
	struct zv_out *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->to = to;
	o->format = format;
	o->lines = lines;
	o->cols = cols;
	o->n_cols = n_cols;
	out_heading(o);
	return o;
}

/* Keeps a cell of a table.  Out of memory the cell is empty, which the reader sees. */
static void keep(struct zv_out *o, const char *text)
{
	if (o->n_cells == o->cap_cells) {
		size_t cap = o->cap_cells == 0 ? 64 : o->cap_cells * 2;
		char **more = realloc(o->cells, cap * sizeof(*more));

		if (more == NULL)
			return;
		o->cells = more;
		o->cap_cells = cap;
	}
	o->cells[o->n_cells++] = strdup(text);
}

/* text: NULL = nothing.  raw: digits and such, ours. */
static void cell(struct zv_out *o, const char *text, bool raw)
{
	const char *name = o->cols[o->at].name;

	switch (o->format) {
	case ZV_FORMAT_JSON:
		if (o->at == 0)
			(void)fputs(o->rows > 0 && !o->lines ? ",\n{" : "{", o->to);
		(void)fprintf(o->to, "%s\"%s\":", o->at > 0 ? "," : "", name);
		if (text == NULL) {
			(void)fputs("null", o->to);
		} else if (raw) {
			(void)fputs(text, o->to);
		} else {
			(void)fputc('"', o->to);
			zv_put_json(o->to, text);
			(void)fputc('"', o->to);
		}
		break;
	case ZV_FORMAT_CSV:
		if (o->at > 0)
			(void)fputc(',', o->to);
		if (text != NULL && raw)
			(void)fputs(text, o->to);
		else if (text != NULL)
			zv_put_csv(o->to, text);
		break;
	case ZV_FORMAT_TSV:
		if (o->at > 0)
			(void)fputc('\t', o->to);
		if (text != NULL)
			zv_put_plain(o->to, text);
		break;
	case ZV_FORMAT_TABLE:
	case ZV_FORMAT_HTML: keep(o, text != NULL ? text : ""); break;
	}
	o->at++;
}

void zv_out_text(struct zv_out *out, const char *text)
{
	cell(out, text, false);
}

void zv_out_uint(struct zv_out *out, uint64_t value)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "%" PRIu64, value);
	cell(out, buf, true);
}

void zv_out_int(struct zv_out *out, int64_t value)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "%" PRId64, value);
	cell(out, buf, true);
}

void zv_out_share(struct zv_out *out, uint64_t part, uint64_t whole)
{
	char buf[32];

	(void)snprintf(buf, sizeof(buf), "%.1f",
	               whole > 0 ? 100.0 * (double)part / (double)whole : 0.0);
	cell(out, buf, true);
}

void zv_out_number(struct zv_out *out, uint64_t e164)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "+%" PRIu64, e164);
	if (e164 == 0)
		cell(out, NULL, true);
	else if (out->format == ZV_FORMAT_CSV)
		cell(out, buf, true); /* a plus and digits: no formula */
	else if (out->format == ZV_FORMAT_TSV)
		cell(out, buf + 1, true);
	else
		cell(out, buf, false);
}

void zv_iso_time(int64_t utc_ms, char *buf, size_t size)
{
	int64_t s = utc_ms / 1000, ms = utc_ms % 1000;
	struct tm tm;
	time_t t;

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	t = (time_t)s;
	if (gmtime_r(&t, &tm) == NULL) {
		(void)snprintf(buf, size, "?");
		return;
	}
	(void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	               tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
}

void zv_out_time(struct zv_out *out, int64_t utc_ms)
{
	char buf[80];

	if (utc_ms == 0) {
		cell(out, NULL, true);
		return;
	}
	zv_iso_time(utc_ms, buf, sizeof(buf));
	cell(out, buf, false);
}

void zv_out_none(struct zv_out *out)
{
	cell(out, NULL, true);
}

void zv_out_row(struct zv_out *out)
{
	if (out->format == ZV_FORMAT_JSON)
		(void)fputs(out->lines ? "}\n" : "}", out->to);
	else if (out->format != ZV_FORMAT_TABLE)
		(void)fputc('\n', out->to);
	out->rows++;
	out->at = 0;
}

static void put_padded(FILE *to, const char *text, size_t width, bool right)
{
	size_t have = zv_text_width(text), pad = have < width ? width - have : 0;

	if (right)
		(void)fprintf(to, "%*s", (int)pad, "");
	zv_put_plain(to, text);
	if (!right)
		(void)fprintf(to, "%*s", (int)pad, "");
}

static void print_table(struct zv_out *o)
{
	size_t width[64] = {0};

	for (size_t i = 0; i < o->n_cols && i < 64; i++)
		width[i] = zv_text_width(o->cols[i].name);
	for (size_t i = 0; i < o->n_cells; i++) {
		size_t w = o->cells[i] != NULL ? zv_text_width(o->cells[i]) : 0;

		if (w > width[i % o->n_cols])
			width[i % o->n_cols] = w;
	}
	for (size_t i = 0; i < o->n_cols; i++) {
		(void)fputs(i > 0 ? "  " : "", o->to);
		put_padded(o->to, o->cols[i].name,
		           i + 1 < o->n_cols || o->cols[i].right ? width[i] : 0, o->cols[i].right);
	}
	(void)fputc('\n', o->to);
	for (size_t i = 0; i < o->n_cells; i++) {
		size_t col = i % o->n_cols;
		bool last = col + 1 == o->n_cols;

		(void)fputs(col > 0 ? "  " : "", o->to);
		put_padded(o->to, o->cells[i] != NULL ? o->cells[i] : "",
		           last && !o->cols[col].right ? 0 : width[col], o->cols[col].right);
		if (last)
			(void)fputc('\n', o->to);
	}
}

void zv_out_end(struct zv_out *out)
{
	if (out == NULL)
		return;
	if (out->format == ZV_FORMAT_TABLE)
		print_table(out);
	else if (out->format == ZV_FORMAT_JSON && !out->lines)
		(void)fputs("]\n", out->to);
	for (size_t i = 0; i < out->n_cells; i++)
		free(out->cells[i]);
	free(out->cells);
	free(out);
}
