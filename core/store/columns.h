/* store/columns.h -- which column of a list means what.  Pure. */
#ifndef ZV_STORE_COLUMNS_H
#define ZV_STORE_COLUMNS_H

#include "store/csv.h"
#include "zvonar/strategy.h"

#define ZV_COLUMN_NAME_MAX 64

enum zv_column_kind {
	ZV_COL_ATTR = 0,  /* an attribute under its name */
	ZV_COL_PHONE = 1, /* order: 1 = called first */
	ZV_COL_EXTERNAL = 2,
	ZV_COL_ZONE = 3,
	ZV_COL_SKIP = 4,
	ZV_COL_JURISDICTION = 5,
	ZV_COL_REGION = 6,
	ZV_COL_REGISTRATION = 7, /* zone of registration */
	ZV_COL_LANGUAGE = 8,
	ZV_COL_DEBT = 9,  /* an attribute too, as topic */
	ZV_COL_TOPIC = 10,
	ZV_COL_PARTY = 11,
	ZV_COL_FLAGS = 12,
	ZV_COL_CONSENTS = 13,
	ZV_COL_KINDS
};

struct zv_column {
	uint8_t kind;        /* enum zv_column_kind */
	uint8_t order;       /* of phones */
	int8_t number_kind;  /* enum zv_number_kind as the header says, -1 = it does not */
	char name[ZV_COLUMN_NAME_MAX];
};

struct zv_columns {
	uint32_t n;
	struct zv_column v[ZV_CSV_FIELDS_MAX];
	uint32_t n_phones;
	uint32_t phones[ZV_NUMBERS_MAX]; /* columns, in calling order */
	uint32_t single[ZV_COL_KINDS];   /* the column of each kind that has one; UINT32_MAX = none */
};

/* mapping as in import.h.  ZV_EPARSE with a sentence in text. */
enum zv_err zv_columns_read(const struct zv_csv_row *header, const char *mapping,
			    struct zv_columns *ret_columns, char *text, size_t text_size) ZV_MUST_USE;

#endif
