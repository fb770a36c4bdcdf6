#include "store/csv.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW (4u * ZV_CSV_ROW_MAX)

struct zv_csv {
	zv_csv_source source;
	void *arg;
	char delimiter; /* 0: not known yet */
	bool eof;
	uint64_t line;
	size_t start, end; /* of what is not given out yet, in window */
	char window[WINDOW];
	char plain[ZV_CSV_ROW_MAX + 1]; /* quoted fields without their quotes */
	size_t n_plain;
};

enum zv_err zv_csv_create(zv_csv_source source, void *arg, char delimiter, struct zv_csv **ret_csv)
{
	struct zv_csv *c = malloc(sizeof(*c));

	if (c == NULL)
		return ZV_ENOMEM;
	c->source = source;
	c->arg = arg;
	c->delimiter = delimiter;
	c->eof = false;
	c->line = 1;
	c->start = c->end = c->n_plain = 0;
	*ret_csv = c;
	return ZV_OK;
}

void zv_csv_destroy(struct zv_csv *csv)
{
	free(csv);
}

char zv_csv_delimiter(const struct zv_csv *csv)
{
	return csv->delimiter != 0 ? csv->delimiter : ',';
}

/* More bytes behind those that are there; ZV_OK with c->eof set at the end. */
static enum zv_err fill(struct zv_csv *c)
{
	size_t n = 0;
	enum zv_err err;

	if (c->start > 0) {
		memmove(c->window, c->window + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	if (c->end == WINDOW)
		return ZV_OK;
	err = c->source(c->arg, c->window + c->end, WINDOW - c->end, &n);
	if (err != ZV_OK)
		return err;
	if (n == 0)
		c->eof = true;
	c->end += n;
	return ZV_OK;
}

enum found { ROW_WHOLE, ROW_MORE, ROW_UNCLOSED };

struct extent {
	size_t len;   /* without the line end */
	size_t next;  /* of the next row, from the row's start */
	uint32_t lines;
	bool ended;
};

static size_t line_end(const char *p, size_t n, size_t at)
{
	const char *q = memchr(p + at, '\n', n - at);

	return q != NULL ? (size_t)(q - p) : n;
}

/* The end of the row at the window's start.  Quotes open only at a field's beginning. */
static enum found find_row(const struct zv_csv *c, char delimiter, struct extent *ret)
{
	const char *p = c->window + c->start;
	size_t n = c->end - c->start, i = 0;
	bool quoted = false, begin = true;

	ret->lines = 1;
	for (; i < n; i++) {
		char ch = p[i];

		if (quoted) {
			if (ch == '"') {
				if (i + 1 < n && p[i + 1] == '"')
					i++;
				else
					quoted = false;
			} else if (ch == '\n' && ++ret->lines > ZV_CSV_LINES_MAX) {
				return ROW_UNCLOSED;
			}
			continue;
		}
		if (ch == '\n')
			break;
		quoted = ch == '"' && begin;
		begin = ch == delimiter || (begin && ch == ' ');
	}
	if (i == n && !c->eof)
		return n > ZV_CSV_ROW_MAX && quoted ? ROW_UNCLOSED : ROW_MORE;
	if (i == n && quoted)
		return ROW_UNCLOSED;
	ret->ended = i < n;
	ret->next = i < n ? i + 1 : n;
	ret->len = i > 0 && i < n && p[i - 1] == '\r' ? i - 1 : i;
	return ROW_WHOLE;
}

/* Which of ; tab , stands most often in the first line, outside quotes. */
static char sniff(const char *p, size_t n)
{
	static const char candidates[] = {';', '\t', ','};
	uint32_t count[3] = {0}, best = 2;
	bool quoted = false;

	for (size_t i = 0; i < n && p[i] != '\n'; i++) {
		if (p[i] == '"')
			quoted = !quoted;
		for (uint32_t k = 0; k < 3 && !quoted; k++)
			count[k] += p[i] == candidates[k];
	}
	for (uint32_t k = 3; k-- > 0;)
		if (count[k] > count[best] || (count[k] == count[best] && count[k] > 0))
			best = k;
	return candidates[best];
}

static void trim(struct zv_csv_field *f)
{
	while (f->n > 0 && (f->p[0] == ' ' || f->p[0] == '\t')) {
		f->p++;
		f->n--;
	}
	while (f->n > 0 && (f->p[f->n - 1] == ' ' || f->p[f->n - 1] == '\t' ||
			    f->p[f->n - 1] == '\r'))
		f->n--;
}

/* One field from p[at]; the place behind its delimiter, or n + 1 at the row's end. */
static size_t split_one(struct zv_csv *c, struct zv_csv_row *row, const char *p, size_t n,
			size_t at)
{
	struct zv_csv_field *f = &row->v[row->n];
	size_t i = at;
	const char *d;

	while (i < n && p[i] == ' ' && p[i] != c->delimiter)
		i++;
	if (i < n && p[i] == '"') {
		char *to = c->plain + c->n_plain;

		f->p = to;
		for (i++; i < n; i++) {
			if (p[i] == '"') {
				if (i + 1 >= n || p[i + 1] != '"')
					break;
				i++;
			}
			*to++ = p[i];
		}
		f->n = (size_t)(to - f->p);
		c->n_plain += f->n;
		for (i++; i < n && p[i] == ' '; i++)
			;
		if (i < n && p[i] != c->delimiter) {
			row->fault = ZV_CSV_AFTER_QUOTE;
			return n + 1;
		}
		return i < n ? i + 1 : n + 1;
	}
	d = memchr(p + at, c->delimiter, n - at);
	f->p = p + at;
	f->n = d != NULL ? (size_t)(d - p) - at : n - at;
	return at + f->n + 1;
}

static void split(struct zv_csv *c, struct zv_csv_row *row)
{
	const char *p = row->raw;
	size_t n = row->raw_len;

	row->n = 0;
	c->n_plain = 0;
	if (n > ZV_CSV_ROW_MAX) {
		row->fault = ZV_CSV_LONG;
		return;
	}
	if (memchr(p, 0, n) != NULL) {
		row->fault = ZV_CSV_ZERO;
		return;
	}
	for (size_t at = 0; at <= n;) {
		if (row->n == ZV_CSV_FIELDS_MAX) {
			row->fault = ZV_CSV_FIELDS;
			return;
		}
		at = split_one(c, row, p, n, at);
		if (row->fault != ZV_CSV_GOOD)
			return;
		trim(&row->v[row->n++]);
	}
}

/* A line that is longer than the window: its beginning is told, the rest is read away. */
static enum zv_err skip_line(struct zv_csv *c, struct zv_csv_row *row)
{
	size_t n = c->end - c->start, nl;
	enum zv_err err;

	/* The beginning is kept apart: the window is needed for the rest. */
	row->raw_len = n < 1024 ? n : 1024;
	memcpy(c->plain, c->window + c->start, row->raw_len);
	row->raw = c->plain;
	row->fault = ZV_CSV_LONG;
	for (;;) {
		n = c->end - c->start;
		nl = line_end(c->window + c->start, n, 0);
		if (nl < n) {
			c->start += nl + 1;
			c->line++;
			row->ended = true;
			return ZV_OK;
		}
		c->start = c->end;
		if (c->eof)
			return ZV_OK;
		err = fill(c);
		if (err != ZV_OK)
			return err;
	}
}

/* Only the first line is given up: what follows may be good. */
static void give_up_line(struct zv_csv *c, struct zv_csv_row *row)
{
	const char *p = c->window + c->start;
	size_t n = c->end - c->start;
	size_t nl = line_end(p, n, 0);

	row->fault = ZV_CSV_UNCLOSED;
	row->raw = p;
	row->raw_len = nl > 0 && nl < n && p[nl - 1] == '\r' ? nl - 1 : nl;
	row->ended = nl < n;
	c->start += nl < n ? nl + 1 : n;
	c->line++;
}

static enum zv_err next_row(struct zv_csv *c, struct zv_csv_row *row)
{
	struct extent e = {0};
	enum zv_err err;

	row->fault = ZV_CSV_GOOD;
	row->n = 0;
	row->ended = false;
	for (;;) {
		char delimiter = c->delimiter;
		enum found found;

		if (c->end == c->start && c->eof)
			return ZV_ENOENT;
		if (delimiter == 0)
			delimiter = sniff(c->window + c->start, c->end - c->start);
		found = find_row(c, delimiter, &e);
		if (found == ROW_MORE && c->end - c->start > 2 * ZV_CSV_ROW_MAX) {
			row->line = c->line;
			return skip_line(c, row);
		}
		if (found == ROW_MORE) {
			err = fill(c);
			if (err != ZV_OK)
				return err;
			continue;
		}
		c->delimiter = delimiter;
		row->line = c->line;
		if (found == ROW_UNCLOSED) {
			give_up_line(c, row);
			return ZV_OK;
		}
		row->raw = c->window + c->start;
		row->raw_len = e.len;
		row->ended = e.ended;
		c->start += e.next;
		c->line += e.lines;
		split(c, row);
		return ZV_OK;
	}
}

enum zv_err zv_csv_next(struct zv_csv *csv, struct zv_csv_row *ret_row)
{
	enum zv_err err;

	do {
		err = next_row(csv, ret_row);
	} while (err == ZV_OK && ret_row->fault == ZV_CSV_GOOD && ret_row->n == 1 &&
		 ret_row->v[0].n == 0);
	return err;
}

const char *zv_csv_fault_text(enum zv_csv_fault fault)
{
	switch (fault) {
	case ZV_CSV_GOOD: return "good";
	case ZV_CSV_UNCLOSED: return "a quote is never closed";
	case ZV_CSV_AFTER_QUOTE: return "text behind a closing quote";
	case ZV_CSV_LONG: return "longer than 65536 bytes";
	case ZV_CSV_FIELDS: return "more than 256 fields";
	case ZV_CSV_ZERO: return "a zero byte";
	}
	return "bad";
}
