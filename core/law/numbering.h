/* law/numbering.h -- where a telephone number is: jurisdiction, kind of line, and every time zone
 * that its owner may live by.
 *
 * Thread: a loaded numbering is immutable, any thread may read it; loading is for boot and
 * reload.  Nothing here says where a person is: numbers are carried over and taken along, so
 * that candidates are a guess which only ever widens.
 */
#ifndef ZV_LAW_NUMBERING_H
#define ZV_LAW_NUMBERING_H

#include "law/law.h"

#define ZV_PLACE_ZONES_MAX 12

/* What is known of a number or a region.  jur "" = nobody knows: no call.  n_zones 0: no zone is
 * known.  All candidates must allow. */
struct zv_place {
	char jur[ZV_JUR_MAX];
	uint8_t line; /* enum zv_line */
	uint8_t n_zones;
	uint16_t zones[ZV_PLACE_ZONES_MAX]; /* numbers in the zones given at load */
	char region[64];                    /* as the table names it, "" if it says nothing */
};

struct zv_numbering;
struct zv_numbering_params {
	const char *const *tables; /* compiled ones (zv_registry_compile); NULL: none */
	size_t n_tables;
	struct zv_zones *zones; /* borrowed, must outlive it */
	struct zv_law_sink sink;
};

/* ZV_ENOENT, ZV_EIO, ZV_ECORRUPT, ZV_EVERSION (told), ZV_ENOMEM.  Without tables the country
 * code says the jurisdiction, and all zones of the country are candidates. */
enum zv_err zv_numbering_load(const struct zv_numbering_params *params,
                              struct zv_numbering **ret_numbering) ZV_MUST_USE;
void zv_numbering_destroy(struct zv_numbering *numbering); /* accepts NULL */

/* Fills *ret_place from the number: the tables, else area codes, else the country code.  False:
 * nobody knows its jurisdiction. */
bool zv_numbering_find(const struct zv_numbering *numbering, uint64_t e164,
                       struct zv_place *ret_place);
/* The same from the name of a region as people and registries write it ("г. Москва", "обл.
 * Кемеровская", "Республика Саха (Якутия)", "FL"), in a jurisdiction ("RU").  False: no such
 * region; then *ret_place has the country's zones. */
bool zv_numbering_region(const struct zv_numbering *numbering, const char *jur, const char *region,
                         struct zv_place *ret_place);

/* ---- the registry's importer ---- */

struct zv_registry_params {
	const char
	        *path; /* CSV: code;from;to;capacity;operator;region;territory;... with a heading */
	const char *country; /* "RU", "UA", "KZ" */
	const char *out; /* the compiled table; written beside and renamed.  NULL: only checked */
	struct zv_law_sink
	        sink; /* a row that is wrong is told with its line and refuses the whole */
};
struct zv_registry_report {
	uint64_t rows, ranges, numbers, bytes; /* read; left after joining neighbours; counted */
	uint32_t regions,
	        unknown_regions; /* those of no zone table: the country's zones stand in */
};
/* ZV_EPARSE (told), ZV_ENOENT, ZV_EIO, ZV_ENOMEM. */
enum zv_err zv_registry_compile(const struct zv_registry_params *params,
                                struct zv_registry_report *ret_report) ZV_MUST_USE;

#endif
