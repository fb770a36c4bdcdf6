/* A numbering registry in CSV, read line by line, to a compiled table.
 *
 * The form is that of the Russian registry: UTF-8, perhaps with a byte order mark, semicolons, a
 * heading with the columns "От", "До", "Емкость", "Регион", "Территория ГАР" (the code stands in
 * the first), texts with quotation marks inside.  A place is "settlement|district|region".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "law/cells.h"
#include "law/place.h"
#include "law/sweep.h"
#include "law/table.h"

#define LINE_MAX_BYTES (256u * 1024u)
#define ROWS_MAX       4000000u
#define TOLD_MAX       100u /* messages; more are only counted */

struct columns {
	int from, to, capacity, region, territory;
};

/* Texts of places that were seen, to the region they mean. */
struct seen {
	char *text;
	uint16_t region;
};

struct import {
	const struct zv_registry_params *params;
	const struct zv_country *country;
	const struct zv_regions *regions;
	struct zv_registry_report report;
	struct columns columns;
	size_t n_cells; /* of the heading */
	unsigned line;
	uint32_t n_wrong;
	enum zv_err err; /* no memory */
	struct zv_sweep_row *rows;
	size_t n_rows, cap_rows;
	struct seen *seen; /* by hash, a power of two */
	size_t n_seen, cap_seen;
	struct zv_table table;
	uint32_t cap_regions;
};

__attribute__((format(printf, 3, 4))) static void tell(struct import *in, enum zv_law_level level,
                                                       const char *fmt, ...)
{
	char text[400];
	va_list args;

	if (level == ZV_LAW_ERROR)
		in->n_wrong++;
	if (in->params->sink.tell == NULL || in->n_wrong > TOLD_MAX)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	in->params->sink.tell(in->params->sink.arg, level, in->params->path, in->line, "", text);
}

/* ---- the heading ---- */

static bool heading(struct import *in, const struct zv_cell *cells, size_t n)
{
	struct columns c = {-1, -1, -1, -1, -1};

	for (size_t i = 1; i < n; i++) {
		int at = (int)i;

		if (zv_cell_is(&cells[i], "От"))
			c.from = at;
		else if (zv_cell_is(&cells[i], "До"))
			c.to = at;
		else if (zv_cell_is(&cells[i], "Емкость") || zv_cell_is(&cells[i], "Ёмкость"))
			c.capacity = at;
		else if (zv_cell_is(&cells[i], "Регион"))
			c.region = at;
		else if (zv_cell_is(&cells[i], "Территория ГАР"))
			c.territory = at;
	}
	if (c.from < 0 || c.to < 0 || (c.region < 0 && c.territory < 0)) {
		tell(in, ZV_LAW_ERROR,
		     "this is no registry: its heading must name От, До and Регион or Территория "
		     "ГАР");
		return false;
	}
	in->columns = c;
	in->n_cells = n;
	return true;
}

/* ---- places ---- */

static uint16_t region_id(struct import *in, const char *name)
{
	struct zv_table *t = &in->table;

	for (uint32_t i = 0; i < t->n_regions; i++)
		if (strcmp(t->regions[i], name) == 0)
			return (uint16_t)i;
	if (t->n_regions == ZV_TABLE_REGIONS_MAX) {
		tell(in, ZV_LAW_ERROR, "more than %u regions", ZV_TABLE_REGIONS_MAX);
		return 0;
	}
	if (t->n_regions == in->cap_regions) {
		uint32_t cap = in->cap_regions * 2 + 256;
		void *v = realloc(t->regions, cap * sizeof(*t->regions));

		if (v == NULL) {
			in->err = ZV_ENOMEM;
			return 0;
		}
		t->regions = v;
		in->cap_regions = cap;
	}
	memset(t->regions[t->n_regions], 0, sizeof(t->regions[0]));
	memcpy(t->regions[t->n_regions], name, strlen(name)); /* 63 at most: see name_place */
	return (uint16_t)t->n_regions++;
}

static const struct zv_region *one_region(const struct import *in, const char *text, size_t len,
                                          size_t *ret_n)
{
	uint16_t hits[ZV_REGION_HITS_MAX];

	*ret_n = zv_region_match(in->regions, text, len, hits);
	return *ret_n == 1 ? &in->regions->v[hits[0]] : NULL;
}

/* The last part of a place is its region; the first, of a fixed line in a region of several
 * zones, may be a town that has only one of them. */
static bool name_place(const struct import *in, const struct zv_cell *place, bool mobile,
                       char to[ZV_TABLE_REGION_LEN])
{
	const char *bar = memrchr(place->v, '|', place->len);
	const char *text = bar != NULL ? bar + 1 : place->v;
	size_t len = place->len - (size_t)(text - place->v), n = 0, n_town = 0;
	const struct zv_region *region = one_region(in, text, len, &n), *town = NULL;

	if (n == 0)
		return false;
	if (region == NULL) { /* several: by the text itself, if it can be kept whole */
		if (len >= ZV_TABLE_REGION_LEN)
			return false;
		memcpy(to, text, len);
		to[len] = 0;
		return true;
	}
	if (region->zones[1] != NULL && !mobile && bar != NULL)
		town = one_region(in, place->v, strcspn(place->v, "|"), &n_town);
	if (town != NULL && town->zones[1] == NULL)
		region = town;
	(void)snprintf(to, ZV_TABLE_REGION_LEN, "%s", region->name);
	return strlen(region->name) < ZV_TABLE_REGION_LEN;
}

/* Nobody knows the place: its text if that can be kept, and the country's zones stand in. */
static uint16_t unknown_place(struct import *in, const struct zv_cell *place)
{
	char name[ZV_TABLE_REGION_LEN] = "";

	if (place->len < sizeof(name)) {
		memcpy(name, place->v, place->len);
		name[place->len] = 0;
	}
	in->report.unknown_regions++;
	tell(in, ZV_LAW_WARNING, "\"%.*s\": not one known region, so all zones of the country",
	     place->len > 120 ? 120 : (int)place->len, place->v);
	return region_id(in, name);
}

static uint16_t new_place(struct import *in, const struct zv_cell *territory,
                          const struct zv_cell *region, bool mobile)
{
	char name[ZV_TABLE_REGION_LEN];

	if (territory->len > 0 && name_place(in, territory, mobile, name))
		return region_id(in, name);
	if (region->len > 0 && name_place(in, region, mobile, name))
		return region_id(in, name);
	return unknown_place(in, territory->len > 0 ? territory : region);
}

static bool grow_seen(struct import *in)
{
	size_t cap = in->cap_seen == 0 ? 4096 : in->cap_seen * 2;
	struct seen *v;

	if (in->n_seen * 2 < in->cap_seen)
		return true;
	v = calloc(cap, sizeof(*v));
	if (v == NULL)
		return false;
	for (size_t i = 0; i < in->cap_seen; i++) {
		size_t at;

		if (in->seen[i].text == NULL)
			continue;
		at = zv_crc32c(0, in->seen[i].text, strlen(in->seen[i].text)) & (cap - 1);
		while (v[at].text != NULL)
			at = (at + 1) & (cap - 1);
		v[at] = in->seen[i];
	}
	free(in->seen);
	in->seen = v;
	in->cap_seen = cap;
	return true;
}

/* The region of a row; each text is looked at once. */
static uint16_t place_of(struct import *in, const struct zv_cell *territory,
                         const struct zv_cell *region, bool mobile)
{
	char key[16384];
	int len = snprintf(key, sizeof(key), "%c%.*s\n%.*s", mobile ? 'm' : 'l',
	                   (int)territory->len, territory->v, (int)region->len, region->v);
	size_t at;

	if (len < 0 || (size_t)len >= sizeof(key))
		return new_place(in, territory, region, mobile);
	if (!grow_seen(in)) {
		in->err = ZV_ENOMEM;
		return 0;
	}
	at = zv_crc32c(0, key, (size_t)len) & (in->cap_seen - 1);
	for (; in->seen[at].text != NULL; at = (at + 1) & (in->cap_seen - 1))
		if (strcmp(in->seen[at].text, key) == 0)
			return in->seen[at].region;
	in->seen[at].text = strdup(key);
	if (in->seen[at].text == NULL) {
		in->err = ZV_ENOMEM;
		return 0;
	}
	in->n_seen++;
	in->seen[at].region = new_place(in, territory, region, mobile);
	return in->seen[at].region;
}

/* ---- rows ---- */

static bool number(const struct zv_cell *c, uint64_t *ret)
{
	uint64_t n = 0;

	if (c->len == 0 || c->len > 15)
		return false;
	for (size_t i = 0; i < c->len; i++) {
		if (c->v[i] < '0' || c->v[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(c->v[i] - '0');
	}
	*ret = n;
	return true;
}

static uint64_t power(size_t digits)
{
	uint64_t n = 1;

	while (digits-- > 0)
		n *= 10;
	return n;
}

/* Country code, area code and the rest as one number; false: told. */
static bool take_range(struct import *in, const struct zv_cell *cells, struct zv_sweep_row *row)
{
	const struct zv_cell *from = &cells[in->columns.from], *to = &cells[in->columns.to];
	size_t national = in->country->digits[0] - (in->country->code > 99 ? 3u : 1u);
	uint64_t code, first, last, capacity, base;

	if (!number(&cells[0], &code) || !number(from, &first) || !number(to, &last)) {
		tell(in, ZV_LAW_ERROR, "code, От and До must be digits alone");
		return false;
	}
	if (from->len != to->len || cells[0].len + from->len != national) {
		tell(in, ZV_LAW_ERROR, "code and number must have %zu digits together", national);
		return false;
	}
	if (last < first) {
		tell(in, ZV_LAW_ERROR, "До lies before От");
		return false;
	}
	if (in->columns.capacity >= 0 && cells[in->columns.capacity].len > 0 &&
	    (!number(&cells[in->columns.capacity], &capacity) || capacity != last - first + 1)) {
		tell(in, ZV_LAW_ERROR, "Емкость is not the count of numbers from От to До (%llu)",
		     (unsigned long long)(last - first + 1));
		return false;
	}
	base = (in->country->code * power(cells[0].len) + code) * power(from->len);
	row->first = base + first;
	row->last = base + last;
	if (zv_country_of(row->first) != in->country || zv_country_of(row->last) != in->country) {
		tell(in, ZV_LAW_ERROR, "the numbers are not of %s", in->country->jur);
		return false;
	}
	return true;
}

static bool keep_row(struct import *in, const struct zv_sweep_row *row)
{
	if (in->n_rows == in->cap_rows) {
		size_t cap = in->cap_rows * 2 + 1024;
		struct zv_sweep_row *v = realloc(in->rows, cap * sizeof(*v));

		if (v == NULL) {
			in->err = ZV_ENOMEM;
			return false;
		}
		in->rows = v;
		in->cap_rows = cap;
	}
	in->rows[in->n_rows++] = *row;
	return true;
}

static void take_row(struct import *in, const struct zv_cell *cells, size_t n)
{
	char empty[1] = "";
	const struct zv_cell none = {empty, 0};
	const struct zv_cell *region = in->columns.region >= 0 ? &cells[in->columns.region] : &none;
	const struct zv_cell *territory =
	        in->columns.territory >= 0 ? &cells[in->columns.territory] : &none;
	struct zv_sweep_row row = {.line = in->line};

	in->report.rows++;
	if (n != in->n_cells) {
		tell(in, ZV_LAW_ERROR, "%zu cells, the heading has %zu", n, in->n_cells);
		return;
	}
	if (in->n_rows == ROWS_MAX) {
		tell(in, ZV_LAW_ERROR, "more than %u rows", ROWS_MAX);
		return;
	}
	if (!take_range(in, cells, &row))
		return;
	row.kind = (uint8_t)zv_line_of(in->country, row.first);
	if (zv_cell_is(region, "-"))
		region = &none;
	if (zv_cell_is(territory, "-"))
		territory = &none;
	row.region = place_of(in, territory, region, row.kind == ZV_LINE_MOBILE);
	in->report.numbers += row.last - row.first + 1;
	(void)keep_row(in, &row);
}

static void take_line(struct import *in, char *line, size_t len)
{
	struct zv_cell cells[ZV_CELLS_MAX];
	size_t n;

	if (in->line == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0)
		return;
	if (memchr(line, 0, len) != NULL) {
		tell(in, ZV_LAW_ERROR, "a zero byte: is this a text file?");
		return;
	}
	n = zv_cells_split(line, len, cells);
	if (n > ZV_CELLS_MAX) {
		tell(in, ZV_LAW_ERROR, "more than %u cells", ZV_CELLS_MAX);
		return;
	}
	if (in->n_cells == 0) {
		if (!heading(in, cells, n))
			in->err = ZV_EPARSE;
		return;
	}
	take_row(in, cells, n);
}

/* ---- files ---- */

static enum zv_err read_lines(struct import *in, FILE *f, char *line)
{
	size_t len = 0;
	int c;

	in->line = 1;
	while (in->err == ZV_OK && (c = getc_unlocked(f)) != EOF) {
		in->report.bytes++;
		if (c != '\n') {
			if (len == LINE_MAX_BYTES) {
				tell(in, ZV_LAW_ERROR, "a line of more than %u bytes",
				     LINE_MAX_BYTES);
				return ZV_EPARSE;
			}
			line[len++] = (char)c;
			continue;
		}
		take_line(in, line, len);
		len = 0;
		in->line++;
	}
	if (in->err == ZV_OK && len > 0)
		take_line(in, line, len);
	if (ferror(f)) {
		tell(in, ZV_LAW_ERROR, "%s", strerror(errno));
		return ZV_EIO;
	}
	return in->err;
}

static enum zv_err read_file(struct import *in)
{
	FILE *f = fopen(in->params->path, "re");
	enum zv_err err;
	char *line;

	if (f == NULL) {
		err = errno == ENOENT ? ZV_ENOENT : ZV_EIO;
		tell(in, ZV_LAW_ERROR, "%s", strerror(errno));
		return err;
	}
	line = malloc(LINE_MAX_BYTES);
	err = line != NULL ? read_lines(in, f, line) : ZV_ENOMEM;
	free(line);
	(void)fclose(f);
	if (err == ZV_OK && in->n_rows == 0 && in->n_wrong == 0) {
		in->line = 0;
		tell(in, ZV_LAW_ERROR, "there is no range in it");
	}
	if (err == ZV_OK && in->n_wrong > 0)
		err = ZV_EPARSE;
	return err;
}

static void tell_overlap(void *arg, unsigned line, unsigned other)
{
	struct import *in = arg;

	in->line = line;
	tell(in, ZV_LAW_WARNING,
	     "its numbers stand in line %u too, with another place: all zones of the country",
	     other);
}

static enum zv_err write_table(struct import *in)
{
	struct zv_sweep sweep = {
	        .rows = in->rows, .n = in->n_rows, .told = tell_overlap, .arg = in};
	enum zv_err err;

	sweep.doubt = region_id(in, "");
	if (in->err != ZV_OK)
		return in->err;
	err = zv_sweep(&sweep, &in->table);
	if (err == ZV_OK && in->table.n_ranges > ZV_TABLE_RANGES_MAX)
		err = ZV_EFULL;
	in->report.ranges = in->table.n_ranges;
	in->report.regions = in->table.n_regions - 1; /* without that of doubt */
	in->line = 0;
	if (err == ZV_OK && in->params->out != NULL)
		err = zv_table_write(&in->table, in->params->out, &in->report.bytes);
	if (err != ZV_OK)
		tell(in, ZV_LAW_ERROR, "%s: %s",
		     in->params->out != NULL ? in->params->out : "the table", zv_err_text(err));
	return err;
}

enum zv_err zv_registry_compile(const struct zv_registry_params *params,
                                struct zv_registry_report *ret_report)
{
	struct import in = {.params = params, .country = zv_country(params->country)};
	enum zv_err err;

	in.regions = zv_regions(params->country);
	if (in.country == NULL || in.regions == NULL ||
	    in.country->digits[0] != in.country->digits[1]) {
		tell(&in, ZV_LAW_ERROR, "no number plan of \"%.8s\" is known", params->country);
		return ZV_EINVAL;
	}
	memcpy(in.table.jur, in.country->jur, strlen(in.country->jur) + 1);
	err = read_file(&in);
	if (err == ZV_OK)
		err = write_table(&in);
	*ret_report = in.report;
	for (size_t i = 0; i < in.cap_seen; i++)
		free(in.seen[i].text);
	free(in.seen);
	free(in.rows);
	zv_table_fini(&in.table);
	return err;
}
