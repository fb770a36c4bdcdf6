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

struct zone_name {
	char given[ZV_ZONE_MAX], iana[ZV_ZONE_MAX]; /* iana "": there is none */
};

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
	struct zv_zones *zones;
	struct zone_name known[64];
	uint32_t n_known;
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

/* ---- zones ---- */

/* "МСК+2", "UTC+5", "+03:00" as the zone with that fixed offset; POSIX signs are the other way
 * round.  False: it is not written like that. */
static bool offset_zone(const char *given, char iana[ZV_ZONE_MAX])
{
	static const struct { const char *word; int hours; } bases[] = {
		{"UTC", 0}, {"GMT", 0}, {"MSK", 3}, {"МСК", 3}, {"Мск", 3}, {"мск", 3},
	};
	const char *p = given;
	int hours = 0, sign, value = 0, digits = 0;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		size_t n = strlen(bases[i].word);

		if (strncmp(p, bases[i].word, n) == 0) {
			p += n;
			hours = bases[i].hours;
			break;
		}
	}
	if (p != given && *p == 0) {
		(void)snprintf(iana, ZV_ZONE_MAX, "%s", hours == 3 ? "Europe/Moscow" : "Etc/UTC");
		return true;
	}
	if (*p != '+' && *p != '-')
		return false;
	sign = *p++ == '+' ? 1 : -1;
	for (; *p >= '0' && *p <= '9' && digits < 2; p++, digits++)
		value = value * 10 + (*p - '0');
	if (strcmp(p, ":00") == 0)
		p += 3;
	hours += sign * value;
	if (digits == 0 || *p != 0 || hours < -12 || hours > 14)
		return false;
	(void)snprintf(iana, ZV_ZONE_MAX, "Etc/GMT%+d", -hours);
	return true;
}

/* Borrowed until the next call; NULL: no such zone. */
static const char *zone_of(struct importer *im, const struct zv_csv_field *f)
{
	struct zone_name *z;
	uint16_t ignored;

	if (f->n >= ZV_ZONE_MAX)
		return NULL;
	for (uint32_t i = 0; i < im->n_known; i++) {
		z = &im->known[i];
		if (strncmp(z->given, f->p, f->n) == 0 && z->given[f->n] == 0)
			return z->iana[0] != 0 ? z->iana : NULL;
	}
	/* Lists have few zones; what passes the table takes its last place. */
	z = &im->known[im->n_known < 64 ? im->n_known++ : 63];
	memcpy(z->given, f->p, f->n);
	z->given[f->n] = 0;
	if (!offset_zone(z->given, z->iana))
		memcpy(z->iana, z->given, sizeof(z->iana));
	if (zv_zones_intern(im->zones, z->iana, &ignored) != ZV_OK)
		z->iana[0] = 0;
	return z->iana[0] != 0 ? z->iana : NULL;
}

/* ---- rows ---- */

static bool arena_put(struct zv_batch *b, const char *p, size_t n, uint32_t *ret_at)
{
	if (b->arena_n + n > b->arena_cap) {
		size_t cap = b->arena_cap * 2 + n;
		char *arena = realloc(b->arena, cap);

		if (arena == NULL)
			return false;
		b->arena = arena;
		b->arena_cap = cap;
	}
	*ret_at = (uint32_t)b->arena_n;
	if (n > 0)
		memcpy(b->arena + b->arena_n, p, n);
	b->arena_n += n;
	return true;
}

static struct zv_csv_field field(const struct zv_csv_row *row, uint32_t column)
{
	return column < row->n ? row->v[column] : (struct zv_csv_field){"", 0};
}

/* What the plan says, unless the list's header does: 9 behind +7 is mobile, and so on. */
static uint8_t kind_of(uint64_t e164, int8_t by_header)
{
	uint64_t three;

	if (by_header >= 0)
		return (uint8_t)by_header;
	if (e164 >= UINT64_C(380000000000)) {
		uint64_t two = e164 / 10000000 % 100;

		return two >= 91 || two == 39 || two == 50 || two == 63 ||
				       (two >= 66 && two <= 68) || two == 73
			       ? ZV_NUM_MOBILE
			       : ZV_NUM_HOME;
	}
	three = e164 / 10000000 % 1000;
	if (three / 100 == 9 || three / 10 == 70 || three == 747 || three == 771 ||
	    (three >= 775 && three <= 778))
		return ZV_NUM_MOBILE;
	return ZV_NUM_HOME;
}

static void add_number(struct zv_row *r, uint64_t e164, int8_t kind)
{
	for (uint8_t i = 0; i < r->n_numbers; i++)
		if (r->numbers[i].e164 == e164)
			return;
	if (r->n_numbers < ZV_NUMBERS_MAX)
		r->numbers[r->n_numbers++] =
			(struct zv_row_number){.e164 = e164, .kind = kind_of(e164, kind)};
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
				add_number(r, e164, im->columns.v[column].number_kind);
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
		if (!arena_put(b, col->name, strlen(col->name) + 1, &at) ||
		    !arena_put(b, im->row.v[i].p, im->row.v[i].n, &at) ||
		    !arena_put(b, "", 1, &at))
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

/* "RU", "US-FL", small letters too. */
static bool jurisdiction(const struct zv_csv_field *f, char to[ZV_JUR_MAX])
{
	if (!fits(f, to, ZV_JUR_MAX) || (f->n != 0 && f->n != 2 && f->n < 4))
		return f->n == 0;
	for (size_t i = 0; i < f->n; i++) {
		if (to[i] >= 'a' && to[i] <= 'z')
			to[i] = (char)(to[i] - 'a' + 'A');
		if (i == 2 ? to[i] != '-'
			   : !((to[i] >= 'A' && to[i] <= 'Z') || (i > 2 && to[i] >= '0' && to[i] <= '9')))
			return false;
	}
	return true;
}

static bool party_of(const struct zv_csv_field *f, uint8_t *ret_party)
{
	static const struct { const char *name; uint8_t party; } names[] = {
		{"debtor", ZV_PARTY_DEBTOR},         {"должник", ZV_PARTY_DEBTOR},
		{"third", ZV_PARTY_THIRD},           {"третье лицо", ZV_PARTY_THIRD},
		{"guarantor", ZV_PARTY_GUARANTOR},   {"поручитель", ZV_PARTY_GUARANTOR},
		{"representative", ZV_PARTY_REPRESENTATIVE},
		{"представитель", ZV_PARTY_REPRESENTATIVE},
	};

	*ret_party = ZV_PARTY_NONE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && f->n > 0; i++)
		if (f->n == strlen(names[i].name) && memcmp(f->p, names[i].name, f->n) == 0)
			*ret_party = names[i].party;
	return f->n == 0 || *ret_party != ZV_PARTY_NONE;
}

static uint32_t hash32(const struct zv_csv_field *f)
{
	uint32_t h = f->n > 0 ? (uint32_t)zv_rule_name(f->p, f->n) : 0;

	return h != 0 || f->n == 0 ? h : 1;
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
		if (!arena_put(&im->batch, f.p, f.n, &r->told[k]))
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
	const char *zone = reg.n > 0 ? zone_of(im, &reg) : "";

	if (zone == NULL)
		return "unknown time zone of registration";
	memset(r->registration, 0, sizeof(r->registration));
	memcpy(r->registration, zone, strnlen(zone, ZV_ZONE_MAX - 1));
	if (!jurisdiction(&jur, r->jur))
		return "the jurisdiction is not written like RU or US-FL";
	if (!fits(&region, r->region, sizeof(r->region)))
		return "region longer than 63 bytes";
	if (!fits(&language, r->language, sizeof(r->language)))
		return "language longer than 11 bytes";
	if (!party_of(&party, &r->party))
		return "the party is none of debtor, third, guarantor, representative";
	r->debt = hash32(&debt);
	r->topic = hash32(&topic);
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
	zone = zone_field.n > 0 ? zone_of(im, &zone_field) : "";
	if (zone == NULL)
		return "unknown time zone";
	if (id.n > ZV_EXTERNAL_MAX)
		return "external id longer than 200 bytes";
	memset(r->zone, 0, sizeof(r->zone));
	(void)snprintf(r->zone, sizeof(r->zone), "%s", zone);
	why = read_facts(im, r);
	if (why == NULL)
		why = read_attrs(im, r);
	if (why != NULL)
		return why;
	r->row = (uint32_t)im->report->rows;
	r->line = im->row.line;
	r->external_len = (uint32_t)id.n;
	r->raw_len = (uint32_t)im->row.raw_len;
	r->fate = ZV_ROW_NEW;
	r->person = 0;
	if (!arena_put(&im->batch, id.p, id.n, &r->external) ||
	    !arena_put(&im->batch, im->row.raw, im->rejects != NULL ? r->raw_len : 0, &r->raw))
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
	};
	const struct zv_csv_field raw = {im->batch.arena + r->raw, r->raw_len};

	im->report->duplicates_file += r->fate == ZV_ROW_DUP_FILE;
	im->report->duplicates_campaign += r->fate == ZV_ROW_DUP_CAMPAIGN;
	im->report->duplicates_person += r->fate == ZV_ROW_DUP_PERSON;
	im->report->rejected += r->fate == ZV_ROW_NO_ROOM;
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
	enum zv_err err = zv_zones_create(im->params->zone_dir, &im->zones);

	if (err != ZV_OK)
		return say(im, err, "out of memory", "");
	if (im->params->zone == NULL || strlen(im->params->zone) >= ZV_ZONE_MAX ||
	    zv_zones_intern(im->zones, im->params->zone, &ignored) != ZV_OK)
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
	zv_zones_destroy(im->zones);
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
