#include "law/cells.h"

#include <stdbool.h>
#include <string.h>

/* A cell in quotation marks, taken out in place; NULL: it is none (then they are part of it). */
static char *unquote(char *p, char *end, struct zv_cell *cell)
{
	char *to = p;

	cell->v = p;
	for (p++; p < end; p++) {
		if (*p != '"') {
			*to++ = *p;
			continue;
		}
		if (p + 1 < end && p[1] == '"') {
			*to++ = '"';
			p++;
			continue;
		}
		cell->len = (size_t)(to - cell->v);
		return p + 1;
	}
	return NULL;
}

/* Whether the cell that begins with a mark ends with one before a semicolon or the line's end. */
static bool quoted(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p != '"')
			continue;
		if (p + 1 < end && p[1] == '"')
			p++;
		else
			return p + 1 == end || p[1] == ';';
	}
	return false;
}

static void trim(struct zv_cell *c)
{
	while (c->len > 0 && (c->v[0] == ' ' || c->v[0] == '\t')) {
		c->v++;
		c->len--;
	}
	while (c->len > 0 && (c->v[c->len - 1] == ' ' || c->v[c->len - 1] == '\t'))
		c->len--;
}

size_t zv_cells_split(char *line, size_t len, struct zv_cell cells[ZV_CELLS_MAX])
{
	char *p = line, *end = line + len;
	size_t n = 0;

	for (;;) {
		char *stop;

		if (n == ZV_CELLS_MAX)
			return ZV_CELLS_MAX + 1;
		if (p < end && *p == '"' && quoted(p, end)) {
			stop = unquote(p, end, &cells[n]);
		} else {
			stop = memchr(p, ';', (size_t)(end - p));
			if (stop == NULL)
				stop = end;
			cells[n] = (struct zv_cell){p, (size_t)(stop - p)};
		}
		trim(&cells[n]);
		n++;
		if (stop == NULL || stop >= end)
			return n;
		p = stop + 1;
	}
}

bool zv_cell_is(const struct zv_cell *c, const char *text)
{
	return c->len == strlen(text) && memcmp(c->v, text, c->len) == 0;
}
