/* law/locate.h -- where a person is, for the rules: jurisdiction, zones and lines, from what a
 * list says, the numbering and a campaign's defaults.
 *
 * Thread: any; reads only.
 */
#ifndef ZV_LAW_LOCATE_H
#define ZV_LAW_LOCATE_H

#include "dial/rules/person.h"
#include "law/numbering.h"

/* What is told; "" = not told. */
struct zv_locate {
	const struct zv_numbering *numbering;
	struct zv_zones *zones;
	const char *jur, *zone, *registration, *region; /* of the person */
	const char *default_jur;                        /* of the campaign */
	uint16_t default_zone;
	bool default_zone_known;
};

/* Fills jur, residence, registration, and line and zones of each number; person, n_numbers and
 * e164 are there.  The zone: the one that is told, else its region's, else the number's by a
 * numbering table, else the campaign's, else every zone of the number's country.  A jurisdiction
 * likewise.  What nobody knows stays empty, and then nobody is called. */
void zv_locate(const struct zv_locate *told, struct zv_person_slab *slab);

#endif
