#include "store/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tz.h"
#include "store/charset.h"
#include "store/columns.h"
#include "store/import_in.h"
#include "store/utf8.h"

#define ROWS_WITH_DAEMON 4096u
#define ROWS_ALONE       32768u
#define ARENA_ROWS_MAX   (64u << 20) /* texts of a batch: then it is written early */

struct importer {
	struct zv_store *store;
	const struct zv_import_params *params;
	struct zv_import_report *report;
	int fd;
	FILE *rejects;
	bool rejects_bad;
	struct zv_charset *charset;
	struct zv_csv *csv;
	struct zv_columns columns;
	struct zv_zone_cache zones;
	struct zv_csv_row row;
	struct zv_batch batch;
	uint64_t total_bytes;
	bool stopped;
};

static enum zv_err say(struct importer *im, enum zv_err err, const char *a, const char *b)
{
	(void)snprintf(im->report->text, sizeof(im->report->text), "%s%s%s", a,
		       b[0] != 0 ? ": " : "", b);
	return err;
}

/* ---- rejects ---- */

static void put_quoted(FILE *f, const char *p, size_t n)
{
	(void)fputc('"', f);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			(void)fputc('"', f);
		(void)fputc(p[i], f);
	}
	(void)fputc('"', f);
}

static void reject(struct importer *im, uint64_t row, uint64_t line, const char *reason,
		   const struct zv_csv_field *raw)
{
	char head[64];
	int n;

	if (im->rejects == NULL)
		return;
	n = snprintf(head, sizeof(head), "%llu,%llu,", (unsigned long long)row,
		     (unsigned long long)line);
	(void)fwrite(head, 1, (size_t)n, im->rejects);
	put_quoted(im->rejects, reason, strlen(reason));
	(void)fputc(',', im->rejects);
	put_quoted(im->rejects, raw->p, raw->n);
	(void)fwrite("\r\n", 1, 2, im->rejects);
	if (ferror(im->rejects))
		im->rejects_bad = true;
}

static void reject_row(struct importer *im, const char *reason)
{
	const struct zv_csv_field raw = {im->row.raw, im->row.raw_len};

	im->report->rejected++;
	reject(im, im->report->rows, im->row.line, reason, &raw);
}

/* ---- rows ---- */

static struct zv_csv_field field(const struct zv_csv_row *row, uint32_t column)
{
	return column < row->n ? row->v[column] : (struct zv_csv_field){"", 0};
}

/* All numbers of the row; the worst that was wrong if there is none. */
static enum zv_phone_verdict read_phones(struct importer *im, struct zv_row *r)
{
	enum zv_phone_verdict worst = ZV_PHONE_EMPTY;
	enum zv_country country =
		im->params->country != 0 ? im->params->country : ZV_COUNTRY_RU;

	r->n_numbers = 0;
	for (uint32_t i = 0; i < im->columns.n_phones; i++) {
		uint32_t column = im->columns.phones[i];
		struct zv_csv_field f = field(&im->row, column);

		while (f.n > 0) {
			uint64_t e164 = 0;
			size_t used = f.n;
			enum zv_phone_verdict v = zv_phone_parse(f.p, f.n, country, &e164, &used);

			if (v == ZV_PHONE_OK) {
				zv_row_number_add(r, e164, im->columns.v[column].number_kind);
			} else if (v != ZV_PHONE_EMPTY) {
				im->report->bad_numbers++;
				worst = v;
			}
			f.p += used;
			f.n -= used;
		}
	}
	return r->n_numbers > 0 ? ZV_PHONE_OK : worst;
}

/* "name\0value\0..." of every column that is an attribute and has a value. */
static const char *read_attrs(struct importer *im, struct zv_row *r)
{
	struct zv_batch *b = &im->batch;
	size_t begin = b->arena_n;
	uint32_t at;

	r->attrs = (uint32_t)begin;
	for (uint32_t i = 0; i < im->row.n; i++) {
		const struct zv_column *col = &im->columns.v[i];

		if (i >= im->columns.n || im->row.v[i].n == 0 ||
		    (col->kind != ZV_COL_ATTR && col->kind != ZV_COL_DEBT && col->kind != ZV_COL_TOPIC))
			continue;
		if (!zv_batch_text(b, col->name, strlen(col->name) + 1, &at) ||
		    !zv_batch_text(b, im->row.v[i].p, im->row.v[i].n, &at) ||
		    !zv_batch_text(b, "", 1, &at))
			return "out of memory";
		if (b->arena_n - begin > ZV_ATTRS_MAX) {
			b->arena_n = begin;
			return "attributes longer than 32768 bytes";
		}
	}
	r->attrs_len = (uint32_t)(b->arena_n - begin);
	return NULL;
}

static struct zv_csv_field single(const struct importer *im, enum zv_column_kind kind)
{
	return field(&im->row, im->columns.single[kind]);
}

static bool fits(const struct zv_csv_field *f, char *to, size_t size)
{
	if (f->n >= size || memchr(f->p, 0, f->n) != NULL)
		return false;
	memset(to, 0, size);
	memcpy(to, f->p, f->n);
	return true;
}

static const char *read_told(struct importer *im, struct zv_row *r)
{
	static const enum zv_column_kind kinds[2] = {ZV_COL_FLAGS, ZV_COL_CONSENTS};

	for (int k = 0; k < 2; k++) {
		const struct zv_csv_field f = single(im, kinds[k]);
		const char *p = f.p, *name;
		size_t left = f.n, n;

		while (zv_row_name(&p, &left, &name, &n))
			if (n >= ZV_TOLD_MAX)
				return "the name of a flag or consent is longer than 200 bytes";
		r->told_len[k] = (uint32_t)f.n;
		if (!zv_batch_text(&im->batch, f.p, f.n, &r->told[k]))
			return "out of memory";
	}
	return NULL;
}

/* What the rules want to know of person and lead.  NULL, or why the row is bad. */
static const char *read_facts(struct importer *im, struct zv_row *r)
{
	const struct zv_csv_field jur = single(im, ZV_COL_JURISDICTION);
	const struct zv_csv_field region = single(im, ZV_COL_REGION);
	const struct zv_csv_field reg = single(im, ZV_COL_REGISTRATION);
	const struct zv_csv_field language = single(im, ZV_COL_LANGUAGE);
	const struct zv_csv_field party = single(im, ZV_COL_PARTY);
	const struct zv_csv_field debt = single(im, ZV_COL_DEBT);
	const struct zv_csv_field topic = single(im, ZV_COL_TOPIC);
	const char *zone = reg.n > 0 ? zv_zone_given(&im->zones, reg.p, reg.n) : "";

	if (zone == NULL)
		return "unknown time zone of registration";
	memset(r->registration, 0, sizeof(r->registration));
	memcpy(r->registration, zone, strnlen(zone, ZV_ZONE_MAX - 1));
	if (!zv_row_jur(jur.p, jur.n, r->jur))
		return "the jurisdiction is not written like RU or US-FL";
	if (!fits(&region, r->region, sizeof(r->region)))
		return "region longer than 63 bytes";
	if (!fits(&language, r->language, sizeof(r->language)))
		return "language longer than 11 bytes";
	if (!zv_row_party(party.p, party.n, &r->party))
		return "the party is none of debtor, third, guarantor, representative";
	r->debt = zv_row_hash(debt.p, debt.n);
	r->topic = zv_row_hash(topic.p, topic.n);
	return read_told(im, r);
}

/* NULL, or why the row is bad. */
static const char *take_row(struct importer *im, struct zv_row *r)
{
	const struct zv_csv_field zone_field = single(im, ZV_COL_ZONE);
	const struct zv_csv_field id = single(im, ZV_COL_EXTERNAL);
	enum zv_phone_verdict verdict;
	uint64_t bad = im->report->bad_numbers;
	const char *zone, *why;

	if (im->row.fault != ZV_CSV_GOOD)
		return zv_csv_fault_text(im->row.fault);
	if (!im->row.ended && im->row.n < im->columns.n)
		return "the file ends inside this row";
	if (im->row.n > im->columns.n)
		return "more fields than the first line has";
	verdict = read_phones(im, r);
	if (verdict != ZV_PHONE_OK) {
		im->report->bad_numbers = bad; /* counted for rows that are kept */
		return zv_phone_text(verdict);
	}
	/* A row that does not say leaves it to the numbers, and the default to later. */
	zone = zone_field.n > 0 ? zv_zone_given(&im->zones, zone_field.p, zone_field.n) : "";
	if (zone == NULL)
		return "unknown time zone";
	if (id.n > ZV_EXTERNAL_MAX)
		return "external id longer than 200 bytes";
	memset(r->zone, 0, sizeof(r->zone));
	(void)snprintf(r->zone, sizeof(r->zone), "%s", zone);
	why = read_facts(im, r);
	if (why == NULL)
		why = read_attrs(im, r);
	if (why == NULL)
		why = zv_row_date(&im->batch, &im->zones, r);
	if (why != NULL)
		return why;
	r->row = (uint32_t)im->report->rows;
	r->line = im->row.line;
	r->external_len = (uint32_t)id.n;
	r->raw_len = (uint32_t)im->row.raw_len;
	r->fate = ZV_ROW_NEW;
	r->person = r->lead = 0;
	r->put = NULL;
	if (!zv_batch_text(&im->batch, id.p, id.n, &r->external) ||
	    !zv_batch_text(&im->batch, im->row.raw, im->rejects != NULL ? r->raw_len : 0, &r->raw))
		return "out of memory";
	return NULL;
}

/* ---- batches ---- */

static void tell_fate(struct importer *im, const struct zv_row *r)
{
	static const char *const reasons[] = {
		[ZV_ROW_DUP_FILE] = "duplicate: the number came earlier in this list",
		[ZV_ROW_DUP_CAMPAIGN] = "duplicate: the number is in the campaign already",
		[ZV_ROW_DUP_PERSON] = "duplicate: the person is in the campaign already",
		[ZV_ROW_NO_ROOM] = "the campaign is full",
		[ZV_ROW_NO_DATE] = "the date by which it would be called is missing",
	};
	const struct zv_csv_field raw = {im->batch.arena + r->raw, r->raw_len};

	im->report->duplicates_file += r->fate == ZV_ROW_DUP_FILE;
	im->report->duplicates_campaign += r->fate == ZV_ROW_DUP_CAMPAIGN;
	im->report->duplicates_person += r->fate == ZV_ROW_DUP_PERSON;
	im->report->rejected += r->fate == ZV_ROW_NO_ROOM || r->fate == ZV_ROW_NO_DATE;
	if (r->fate != ZV_ROW_NEW)
		reject(im, r->row, r->line, reasons[r->fate], &raw);
}

static enum zv_err run_batch(struct importer *im)
{
	struct zv_import_report *rep = im->report;
	enum zv_err err = ZV_OK;

	if (im->batch.n > 0) {
		err = zv_batch_run(&im->batch);
		if (err == ZV_EFULL)
			return say(im, err, "the store has no more space: map or disk full", "");
		if (err == ZV_ENOENT)
			return say(im, err, "there is no such campaign", "");
		if (err != ZV_OK)
			return say(im, err, "the store cannot be written", "");
		for (uint32_t i = 0; i < im->batch.n; i++)
			tell_fate(im, &im->batch.rows[i]);
		rep->imported += im->batch.leads;
		rep->persons += im->batch.persons;
		rep->numbers += im->batch.numbers;
		rep->duplicate_numbers += im->batch.dup_numbers;
		zv_batch_clear(&im->batch);
	}
	rep->bytes = zv_charset_bytes(im->charset);
	if (im->rejects_bad)
		return say(im, ZV_EIO, "cannot write the rejects file", strerror(errno));
	if (im->params->progress != NULL) {
		struct zv_import_progress p = {
			.rows = rep->rows,
			.imported = rep->imported,
			.duplicates = rep->duplicates_file + rep->duplicates_campaign +
				      rep->duplicates_person,
			.rejected = rep->rejected,
			.bytes = rep->bytes,
			.total_bytes = im->total_bytes,
		};

		if (!im->params->progress(im->params->arg, &p))
			im->stopped = true;
	}
	return ZV_OK;
}

/* The file's last row, if no line end closes it. */
static void note_end(struct importer *im, bool good)
{
	if (im->row.ended)
		return;
	if (!good && (im->row.fault == ZV_CSV_UNCLOSED || im->row.n < im->columns.n)) {
		im->report->truncated = true;
		im->report->truncated_line = im->row.line;
		(void)snprintf(im->report->text, sizeof(im->report->text),
			       "the list ends inside the row of line %llu: all rows before it are in",
			       (unsigned long long)im->row.line);
	} else if (good) {
		(void)snprintf(im->report->text, sizeof(im->report->text),
			       "the last row (line %llu) has no line end: it was taken as it stands",
			       (unsigned long long)im->row.line);
	}
}

static enum zv_err read_rows(struct importer *im)
{
	struct zv_batch *b = &im->batch;
	bool unclosed = false;
	uint64_t unclosed_line = 0;
	enum zv_err err;

	while (!im->stopped && (err = zv_csv_next(im->csv, &im->row)) == ZV_OK) {
		const char *why;

		im->report->rows++;
		why = take_row(im, &b->rows[b->n]);
		if (why != NULL)
			reject_row(im, why);
		else
			b->n++;
		note_end(im, why == NULL);
		if (im->row.fault == ZV_CSV_UNCLOSED && !unclosed) {
			unclosed = true;
			unclosed_line = im->row.line;
		}
		if (b->n == b->cap || b->arena_n > ARENA_ROWS_MAX) {
			err = run_batch(im);
			if (err != ZV_OK)
				return err;
		}
	}
	if (!im->stopped && err != ZV_ENOENT) {
		enum zv_err in = run_batch(im); /* what was good before it is not lost */

		if (in != ZV_OK)
			return in;
		return say(im, err, zv_charset_text(im->charset), "");
	}
	if (unclosed && im->report->text[0] == 0)
		(void)snprintf(im->report->text, sizeof(im->report->text),
			       "line %llu opens a quote that is never closed",
			       (unsigned long long)unclosed_line);
	return im->stopped ? ZV_OK : run_batch(im);
}

/* ---- files ---- */

static enum zv_err open_files(struct importer *im)
{
	const struct zv_import_params *p = im->params;
	struct stat st;
	enum zv_err err;

	im->fd = strcmp(p->path, "-") == 0 ? dup(STDIN_FILENO)
					   : open(p->path, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0)
		return say(im, errno == ENOENT ? ZV_ENOENT : ZV_EIO, p->path, strerror(errno));
	if (fstat(im->fd, &st) == 0 && S_ISREG(st.st_mode))
		im->total_bytes = (uint64_t)st.st_size;
	if (fstat(im->fd, &st) == 0 && S_ISDIR(st.st_mode))
		return say(im, ZV_EIO, p->path, "it is a directory");
	err = zv_charset_create(im->fd, p->encoding, &im->charset);
	if (err == ZV_EPARSE)
		return say(im, err, "unknown encoding", p->encoding);
	if (err != ZV_OK)
		return say(im, err, "out of memory", "");
	if (p->rejects != NULL) {
		static const char head[] = "row,line,reason,text\r\n";

		im->rejects = fopen(p->rejects, "we");
		if (im->rejects == NULL)
			return say(im, ZV_EIO, p->rejects, strerror(errno));
		(void)fwrite(head, 1, sizeof(head) - 1, im->rejects);
	}
	return ZV_OK;
}

static enum zv_err open_zones(struct importer *im)
{
	uint16_t ignored;
	enum zv_err err = zv_zones_create(im->params->zone_dir, &im->zones.zones);

	if (err != ZV_OK)
		return say(im, err, "out of memory", "");
	if (im->params->zone == NULL || strlen(im->params->zone) >= ZV_ZONE_MAX ||
	    zv_zones_intern(im->zones.zones, im->params->zone, &ignored) != ZV_OK)
		return say(im, ZV_EPARSE, "unknown time zone",
			   im->params->zone != NULL ? im->params->zone : "none given");
	return ZV_OK;
}

static enum zv_err read_header(struct importer *im)
{
	enum zv_err err = zv_csv_create(zv_charset_read, im->charset, im->params->delimiter,
					&im->csv);

	if (err != ZV_OK)
		return say(im, err, "out of memory", "");
	err = zv_csv_next(im->csv, &im->row);
	if (err == ZV_ENOENT)
		return say(im, ZV_EPARSE, "the list is empty: its first line must name the columns",
			   "");
	if (err != ZV_OK)
		return say(im, err, zv_charset_text(im->charset), "");
	if (im->row.fault != ZV_CSV_GOOD)
		return say(im, ZV_EPARSE, "line 1", zv_csv_fault_text(im->row.fault));
	return zv_columns_read(&im->row, im->params->mapping, &im->columns, im->report->text,
			       sizeof(im->report->text));
}

static enum zv_err start_batches(struct importer *im)
{
	struct zv_store_facts facts;
	uint32_t rows = im->params->batch_rows;
	enum zv_err err = zv_store_facts(im->store, &facts);

	if (err != ZV_OK)
		return say(im, err, "the store cannot be read", "");
	if (rows == 0)
		rows = facts.in_use ? ROWS_WITH_DAEMON : ROWS_ALONE;
	im->batch.store = im->store;
	im->batch.campaign = im->params->campaign;
	im->batch.now_cal_ms = im->params->now_cal_ms;
	im->batch.due_class = im->params->due_class;
	im->batch.dry_run = im->params->dry_run;
	im->batch.zone = im->params->zone;
	im->batch.list = strrchr(im->params->path, '/');
	im->batch.list = im->batch.list != NULL ? im->batch.list + 1 : im->params->path;
	if (im->params->campaign == 0 || im->params->due_class > ZV_DUE_LATER || rows > 1u << 20)
		return say(im, ZV_EINVAL, "invalid parameters", "");
	err = zv_store_dates_get(im->store, im->params->campaign, &im->batch.dates);
	if (err != ZV_OK)
		return say(im, err, "the store cannot be read", "");
	err = zv_batch_init(&im->batch, rows);
	return err == ZV_OK ? err : say(im, err, "out of memory", "");
}

static enum zv_err close_files(struct importer *im, enum zv_err err)
{
	if (im->csv != NULL)
		im->report->delimiter = zv_csv_delimiter(im->csv);
	if (im->charset != NULL) {
		im->report->bytes = zv_charset_bytes(im->charset);
		(void)snprintf(im->report->encoding, sizeof(im->report->encoding), "%s",
			       zv_charset_name(im->charset));
	}
	if (im->rejects != NULL && fclose(im->rejects) != 0 && err == ZV_OK)
		err = say(im, ZV_EIO, "cannot write the rejects file", strerror(errno));
	zv_batch_fini(&im->batch);
	zv_csv_destroy(im->csv);
	zv_charset_destroy(im->charset);
	zv_zones_destroy(im->zones.zones);
	if (im->fd >= 0)
		close(im->fd);
	return err;
}

enum zv_err zv_import(struct zv_store *store, const struct zv_import_params *params,
		      struct zv_import_report *ret_report)
{
	struct importer *im = calloc(1, sizeof(*im));
	enum zv_err err;

	memset(ret_report, 0, sizeof(*ret_report));
	if (im == NULL)
		return ZV_ENOMEM;
	im->store = store;
	im->params = params;
	im->report = ret_report;
	im->fd = -1;
	err = open_zones(im);
	if (err == ZV_OK)
		err = open_files(im);
	if (err == ZV_OK)
		err = read_header(im);
	if (err == ZV_OK)
		err = start_batches(im);
	if (err == ZV_OK)
		err = read_rows(im);
	err = close_files(im, err);
	free(im);
	return err;
}
