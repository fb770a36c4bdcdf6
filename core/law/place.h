/* law/place.h -- tables of countries, regions and their time zones; inside core/law only.  Names
 * of zones are those of the IANA data. */
#ifndef ZV_LAW_PLACE_H
#define ZV_LAW_PLACE_H

#include "law/numbering.h"

/* ---- countries ---- */

struct zv_country {
	const char *jur;
	uint16_t code;                             /* of the number plan, 7 for two of them */
	uint8_t digits[2];                         /* least and most digits of a whole number */
	const char *zones[ZV_PLACE_ZONES_MAX + 1]; /* ends with NULL: one for each clock of today */
};
extern const struct zv_country zv_countries[];
extern const size_t zv_n_countries;
/* NULL: nobody knows the country ("US-FL" is looked up as its country). */
const struct zv_country *zv_country(const char *jur);
/* The country whose plan a number is of; NULL: none that is known. */
const struct zv_country *zv_country_of(uint64_t e164);
/* Kind of line by the number plan alone. */
enum zv_line zv_line_of(const struct zv_country *country, uint64_t e164);

/* ---- regions ---- */

/* Words that name a region: alternatives between |, each of one or more words, in small letters;
 * a word stands for all that begin with it, with = before it for itself alone. */
struct zv_region {
	const char *jur;  /* "RU", "US-FL" */
	const char *name; /* as it is shown */
	const char *words;
	const char *zones[4]; /* ends with NULL; none: the whole country */
};
struct zv_regions {
	const char *country;
	const struct zv_region *v;
	size_t n;
};
extern const struct zv_regions zv_regions_ru, zv_regions_ua, zv_regions_kz, zv_regions_us;
/* NULL: no table of the country. */
const struct zv_regions *zv_regions(const char *jur);

#define ZV_REGION_HITS_MAX 96
/* The regions that a text names, each once, by index.  0: none, or something in the text is not
 * understood. */
size_t zv_region_match(const struct zv_regions *regions, const char *text, size_t len,
                       uint16_t ret_hits[ZV_REGION_HITS_MAX]);

/* The region of an area code of North America; NULL: not in the table.  *ret_zones: the code's
 * own, ends with NULL. */
const struct zv_region *zv_area_code(unsigned code, const char *ret_zones[4]);

#endif
