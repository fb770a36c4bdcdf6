/* law/place.h -- tables of countries, regions and their time zones; inside core/law only.  Names
 * of zones are those of the IANA data. */
#ifndef ZV_LAW_PLACE_H
#define ZV_LAW_PLACE_H

#include "law/numbering.h"

struct zv_country_zones {
	const char *jur;
	const char *zones[ZV_PLACE_ZONES_MAX + 1]; /* ends with NULL: every zone a person may be in */
};
/* NULL: nobody knows the country ("US-FL" is looked up as its country). */
const struct zv_country_zones *zv_country_zones(const char *jur);

#endif
