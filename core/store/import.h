/* store/import.h -- a list of contacts from a CSV file into a campaign, streaming.
 *
 * Thread: any; zvonard may run on the same store: rows go in by batches of short transactions
 * and its lookahead finds them.  Memory does not grow with the list.  A bad row never stops an
 * import: it is counted and goes to the rejects file with its row, line and reason.
 */
#ifndef ZV_STORE_IMPORT_H
#define ZV_STORE_IMPORT_H

#include "store/phone.h"
#include "store/store.h"

struct zv_import_progress {
	uint64_t rows, imported, duplicates, rejected;
	uint64_t bytes, total_bytes; /* total 0: not known (a pipe) */
};

struct zv_import_params {
	const char *path;      /* "-": standard input */
	uint32_t campaign;     /* from zv_store_campaign_put */
	const char *encoding;  /* NULL: detected; else UTF-8, CP1251 or any name iconv knows */
	char delimiter;        /* 0: found out among comma, semicolon and tab */
	/* "phone=Телефон,name=Имя,...": our name = the file's header, or #3 for the third column.
	 * NULL: by usual Russian and English headers.  Known names: phone, phone2 ... phone8,
	 * external_id, zone, name, and what the rules ask for: jurisdiction, region,
	 * registration_zone, language, debt, topic (both stay attributes too), party, flags,
	 * consents (names separated by comma, semicolon or space; each becomes a mark of the
	 * person with the reason "list NAME row N"); any other becomes an attribute of that name.  Columns nobody
	 * maps become attributes under their own headers. */
	const char *mapping;
	enum zv_country country; /* of numbers without a country code; 0 = Russia */
	const char *zone;        /* IANA name; the campaign's for rows without one (they are kept
				  * without: a number's own region goes before it); required */
	const char *zone_dir;    /* NULL: /usr/share/zoneinfo */
	int64_t now_cal_ms;      /* new leads are due then */
	uint8_t due_class;       /* of new leads: ZV_DUE_NORMAL; ZV_DUE_HOT (0) goes first */
	const char *rejects;     /* path of the rejects CSV, written anew; NULL: none */
	uint32_t batch_rows;     /* 0: 4096 while a zvonard uses the store, else 32768 */
	bool dry_run;            /* read and judge, write nothing to the store */
	/* Now and then (each batch) and at the end; false stops the import (what is in stays). */
	bool (*progress)(void *arg, const struct zv_import_progress *progress);
	void *arg;
};

struct zv_import_report {
	uint64_t rows;                /* data rows seen */
	uint64_t imported;            /* new leads */
	uint64_t persons;             /* of them with a person the store did not know */
	uint64_t numbers;             /* numbers of the new leads */
	uint64_t duplicates_file;     /* all numbers came earlier in this list: skipped */
	uint64_t duplicates_campaign; /* all numbers are in the campaign already: skipped */
	uint64_t duplicates_person;   /* the external id has a lead here already: skipped, new
				         numbers were added to the person */
	uint64_t duplicate_numbers;   /* single numbers left out of rows that were kept */
	uint64_t rejected;            /* bad rows */
	uint64_t bad_numbers;         /* unusable numbers of rows that had a good one */
	uint64_t bytes;
	bool truncated;               /* the file ends inside a row; rows before it are in */
	uint64_t truncated_line;
	char encoding[32];
	char delimiter;
	/* What stopped it, or what should be looked at; "" = nothing.  One line. */
	char text[320];
};

/* ZV_ENOENT, ZV_EIO: the file.  ZV_EPARSE: no usable header, unknown mapping or zone, wrong
 * encoding (text has line and byte).  ZV_EFULL: map or disk full.  Rows of earlier batches stay
 * in the store on errors; importing again skips them as duplicates.  *ret_report is always set. */
enum zv_err zv_import(struct zv_store *store, const struct zv_import_params *params,
		      struct zv_import_report *ret_report) ZV_MUST_USE;

#endif
