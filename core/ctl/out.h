/* ctl/out.h -- rows to standard output or a file: a table for people, JSON, CSV or TSV.
 *
 * All text is taken as hostile: bytes that are not UTF-8 become U+FFFD; tables and TSV show no
 * control characters; CSV fields that a spreadsheet would run as a formula (they begin with
 * = + - @ tab or return) get an apostrophe in front; HTML has its own escape.
 */
#ifndef ZV_CTL_OUT_H
#define ZV_CTL_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum zv_format { ZV_FORMAT_TABLE, ZV_FORMAT_JSON, ZV_FORMAT_CSV, ZV_FORMAT_TSV, ZV_FORMAT_HTML };

struct zv_out_col {
	const char *name;
	bool right; /* in tables */
};

struct zv_out;

/* to: borrowed until end.  lines: JSON as one object a line, else as one array. */
struct zv_out *zv_out_begin(FILE *to, enum zv_format format, bool lines,
                            const struct zv_out_col *cols, size_t n_cols);
/* Cells of a row, left to right. */
void zv_out_text(struct zv_out *out, const char *text);
void zv_out_uint(struct zv_out *out, uint64_t value);
void zv_out_int(struct zv_out *out, int64_t value);
void zv_out_share(struct zv_out *out, uint64_t part, uint64_t whole); /* per cent, one decimal */
void zv_out_number(struct zv_out *out, uint64_t e164);                /* +79161234567; 0: nothing */
void zv_out_time(struct zv_out *out, int64_t utc_ms); /* ISO 8601 in UTC; 0: nothing */
void zv_out_none(struct zv_out *out);
void zv_out_row(struct zv_out *out); /* ends the row */
void zv_out_end(struct zv_out *out); /* prints what waits, frees */

/* "2026-03-02T09:00:00.000Z" */
void zv_iso_time(int64_t utc_ms, char *buf, size_t size);

/* One text, escaped, without quotes around. */
void zv_put_json(FILE *to, const char *text);
void zv_put_csv(FILE *to, const char *text);   /* with quotes where wanted */
void zv_put_plain(FILE *to, const char *text); /* tables, TSV */
void zv_put_html(FILE *to, const char *text);
/* Columns that text takes on a terminal. */
size_t zv_text_width(const char *text);

#endif
