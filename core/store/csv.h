/* store/csv.h -- a CSV reader: RFC 4180 and what spreadsheets make of it.  Streaming.
 *
 * Thread: any, one reader a thread.  Takes UTF-8 from a source a piece at a time, gives one row
 * at a time; memory is bounded by the longest row.  Quotes inside an unquoted field stand for
 * themselves.  A quote that is never closed costs its own line only: reading goes on with the
 * next one.
 */
#ifndef ZV_STORE_CSV_H
#define ZV_STORE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_CSV_ROW_MAX    65536u
#define ZV_CSV_FIELDS_MAX 256u
#define ZV_CSV_LINES_MAX  256u /* lines of one row: quoted fields may hold line ends */

enum zv_csv_fault {
	ZV_CSV_GOOD = 0,
	ZV_CSV_UNCLOSED = 1,    /* a quote is never closed */
	ZV_CSV_AFTER_QUOTE = 2, /* text between a closing quote and the next delimiter */
	ZV_CSV_LONG = 3,        /* longer than ZV_CSV_ROW_MAX bytes */
	ZV_CSV_FIELDS = 4,      /* more than ZV_CSV_FIELDS_MAX fields */
	ZV_CSV_ZERO = 5,        /* a zero byte */
};

struct zv_csv_field {
	const char *p; /* not ended by a zero */
	size_t n;
};

/* Valid until the next call. */
struct zv_csv_row {
	uint64_t line;     /* of the file, 1 = first, where the row begins */
	enum zv_csv_fault fault;
	bool ended;        /* a line end closes it; false: the file ends here */
	uint32_t n;
	struct zv_csv_field v[ZV_CSV_FIELDS_MAX];
	const char *raw;   /* as it stands in the file, without the line end */
	size_t raw_len;
};

/* Puts up to cap bytes into buf; 0 = the end.  Errors come out of zv_csv_next as they are. */
typedef enum zv_err (*zv_csv_source)(void *arg, char *buf, size_t cap, size_t *ret_n);

struct zv_csv;

/* delimiter 0: found out from the first row.  ZV_ENOMEM. */
enum zv_err zv_csv_create(zv_csv_source source, void *arg, char delimiter,
			  struct zv_csv **ret_csv) ZV_MUST_USE;
void zv_csv_destroy(struct zv_csv *csv); /* accepts NULL */

/* ZV_ENOENT: no more rows.  Empty lines are passed over.  Else the source's errors. */
enum zv_err zv_csv_next(struct zv_csv *csv, struct zv_csv_row *ret_row) ZV_MUST_USE;
char zv_csv_delimiter(const struct zv_csv *csv);
const char *zv_csv_fault_text(enum zv_csv_fault fault);

#endif
