/* store/import_in.h -- private to import.c (reading a list) and import_batch.c (rows into the
 * store, a batch a transaction).  Thread: the importer's. */
#ifndef ZV_STORE_IMPORT_IN_H
#define ZV_STORE_IMPORT_IN_H

#include "store/dates.h"
#include "store/db.h"
#include "store/import.h"
#include "store/lead_put.h"

enum zv_row_fate {
	ZV_ROW_NEW = 0,
	ZV_ROW_DUP_FILE = 1,
	ZV_ROW_DUP_CAMPAIGN = 2,
	ZV_ROW_DUP_PERSON = 3,
	ZV_ROW_NO_ROOM = 4, /* the campaign is full: 2^40 leads */
	/* of rows given by the API, besides NEW and NO_ROOM */
	ZV_ROW_UPDATED = 5, ZV_ROW_AGAIN = 6, ZV_ROW_CALLING = 7, ZV_ROW_REMOVED = 8,
	ZV_ROW_SUPPRESSED = 9, ZV_ROW_TOO_LONG = 10,
	ZV_ROW_NO_DATE = 11, /* of either: the campaign is driven by dates, and it has none */
};

struct zv_row_number {
	uint64_t e164;
	uint64_t lead, person; /* who has it in the campaign, 0 = nobody */
	uint64_t known;        /* a person of another campaign who has it, 0 = nobody */
	uint8_t kind;
	bool drop;
};

/* A good row that waits for its batch.  Texts lie in the batch's arena. */
struct zv_row {
	uint32_t row;
	uint64_t line;
	uint32_t external, external_len; /* offsets into the arena */
	uint32_t attrs, attrs_len;
	uint32_t raw, raw_len;
	uint8_t fate; /* enum zv_row_fate */
	uint8_t n_numbers;
	char zone[ZV_ZONE_MAX]; /* "" = the list does not say */
	/* of the person; "" = the list does not say */
	char jur[ZV_JUR_MAX], registration[ZV_ZONE_MAX], region[ZV_ZONE_MAX], language[12];
	uint32_t debt, topic; /* hashes */
	uint8_t party;
	uint32_t told[2], told_len[2]; /* flags, consents: offsets into the arena */
	int64_t due_ms;       /* by the campaign's date; 0: by no date */
	uint64_t person;      /* whose row it is, once that is known */
	uint64_t lead;        /* of a row given by the API, once that is known */
	struct zv_lead_put *put; /* given by the API; NULL: of a list */
	struct zv_row_number numbers[ZV_NUMBERS_MAX];
};

/* A number of the batch, to walk the index in its order. */
struct zv_row_ref {
	uint64_t e164;
	uint32_t row;
	uint8_t index;
};

/* Numbers that got a lead in this batch (in a dry run: in the whole list). */
struct zv_seen {
	struct { uint64_t e164, lead, person; } *v;
	uint32_t mask, n;
};

struct zv_batch {
	struct zv_store *store;
	struct zv_txn *txn;
	uint32_t campaign;
	int64_t now_cal_ms;
	uint8_t due_class;
	bool dry_run;
	bool api;            /* rows given by the API: each has its put */
	char *merged;        /* api: ZV_ATTRS_MAX bytes */
	bool any_erased;     /* somebody was erased: his number brings his id back */
	struct zv_date_rule dates;
	const char *list;    /* its file's name, for marks */
	const char *zone;    /* of leads without one of their own */
	uint64_t first_lead; /* of this import; 0 = none yet */
	uint64_t dry_lead;   /* dry run: the last one that was given out */
	uint32_t n, cap;
	struct zv_row *rows;
	struct zv_row_ref *refs, *spare;
	struct zv_row_ref *puts; /* index entries to write */
	uint32_t n_refs, n_puts, cap_puts;
	char *arena;
	size_t arena_n, arena_cap;
	struct zv_seen seen;
	/* of the present transaction */
	uint64_t next_lead, next_person;
	bool lead_appends, person_appends, due_appends;
	/* counts of the last run */
	uint64_t leads, persons, numbers, dup_numbers;
};

enum zv_err zv_batch_init(struct zv_batch *batch, uint32_t rows) ZV_MUST_USE;
void zv_batch_fini(struct zv_batch *batch);
/* Writes the rows and gives each its fate; counts are of this batch.  Empties the batch only
 * with zv_batch_clear: the caller reads the fates first. */
enum zv_err zv_batch_run(struct zv_batch *batch) ZV_MUST_USE;
void zv_batch_clear(struct zv_batch *batch);

/* ---- import_row.c ---- */

struct zv_zone_name {
	char given[ZV_ZONE_MAX], iana[ZV_ZONE_MAX]; /* iana "": there is none */
};
struct zv_zone_cache {
	struct zv_zones *zones;
	struct zv_zone_name known[64];
	uint32_t n;
};
/* The IANA zone that is meant, also of "МСК+2" and "UTC+5".  Borrowed until the next call; NULL:
 * no such zone. */
const char *zv_zone_given(struct zv_zone_cache *cache, const char *p, size_t n);
/* Text into the batch's arena; false: no memory. */
bool zv_batch_text(struct zv_batch *batch, const char *p, size_t n, uint32_t *ret_at);
void zv_row_number_add(struct zv_row *row, uint64_t e164, int8_t kind); /* kind < 0: by its digits */
/* "RU", "US-FL", small letters too. */
bool zv_row_jur(const char *p, size_t n, char to[ZV_JUR_MAX]);
bool zv_row_party(const char *p, size_t n, uint8_t *ret_party);
uint32_t zv_row_hash(const char *p, size_t n);
/* Fills due_ms by the campaign's date, if it has one and the row too.  NULL, or why the row is bad. */
const char *zv_row_date(const struct zv_batch *batch, struct zv_zone_cache *zones, struct zv_row *row);

/* ---- lead_put.c: rows given by the API, within the batch's transaction ---- */

/* The lead that this external id was given for.  0: none. */
enum zv_err zv_put_given(struct zv_batch *batch, struct zv_row *row, uint64_t *ret_lead) ZV_MUST_USE;
/* The row is of a lead that is there; given: under the same external id. */
enum zv_err zv_put_known(struct zv_batch *batch, struct zv_row *row, uint64_t lead, bool given) ZV_MUST_USE;
/* True in *ret_gone: that lead was removed for good. */
enum zv_err zv_put_gone(struct zv_batch *batch, struct zv_row *row, uint64_t lead, bool *ret_gone) ZV_MUST_USE;
/* Writes the new lead's record and its due entry. */
enum zv_err zv_put_new(struct zv_batch *batch, const struct zv_row *row, uint64_t lead,
		       struct zv_lead_rec *rec) ZV_MUST_USE;
/* True in *ret_no: none of its numbers may be called. */
enum zv_err zv_put_refused(struct zv_batch *batch, struct zv_row *row, bool *ret_no) ZV_MUST_USE;

/* ---- import_marks.c ---- */

/* Flags and consents of the row. */
enum zv_err zv_batch_marks(struct zv_batch *batch, const struct zv_row *row) ZV_MUST_USE;
/* The next name of a list like "vip, disabled;minor"; false: no more.  Pure. */
bool zv_row_name(const char **p, size_t *left, const char **ret_name, size_t *ret_len);

#endif
