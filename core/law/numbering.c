#include "law/numbering.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "law/place.h"
#include "law/table.h"

#define TABLES_MAX 64u

struct table {
	struct zv_table file;
	struct zv_place *places; /* of its regions */
};

struct zv_numbering {
	struct zv_zones *zones;
	struct zv_place *whole; /* a country each, in the order of zv_countries */
	size_t n;
	struct table tables[TABLES_MAX];
};

void zv_numbering_destroy(struct zv_numbering *numbering)
{
	if (numbering == NULL)
		return;
	for (size_t i = 0; i < numbering->n; i++) {
		free(numbering->tables[i].places);
		zv_table_fini(&numbering->tables[i].file);
	}
	free(numbering->whole);
	free(numbering);
}

/* ---- zones ---- */

/* False: there is no room for one more. */
static bool add_zone(const struct zv_numbering *n, const char *name, struct zv_place *place)
{
	uint16_t zone;

	if (zv_zones_intern(n->zones, name, &zone) != ZV_OK)
		return false;
	for (uint8_t i = 0; i < place->n_zones; i++)
		if (place->zones[i] == zone)
			return true;
	if (place->n_zones == ZV_PLACE_ZONES_MAX)
		return false;
	place->zones[place->n_zones++] = zone;
	return true;
}

/* All of them or, if one is not to be had, none: fewer candidates would be bolder. */
static bool add_zones(const struct zv_numbering *n, const char *const *names,
                      struct zv_place *place)
{
	for (; *names != NULL; names++) {
		if (!add_zone(n, *names, place)) {
			place->n_zones = 0;
			return false;
		}
	}
	return true;
}

static void put_text(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(to, from, len);
	to[len] = 0;
}

/* All zones of the country, which may be NULL. */
static void whole_country(const struct zv_numbering *n, const struct zv_country *country,
                          struct zv_place *place)
{
	const struct zv_place *whole = country != NULL ? &n->whole[country - zv_countries] : NULL;

	place->n_zones = whole != NULL ? whole->n_zones : 0;
	if (whole != NULL)
		memcpy(place->zones, whole->zones, sizeof(place->zones));
}

/* ---- regions ---- */

/* "US-FL": by its code. */
static const struct zv_region *by_code(const struct zv_regions *regions, const char *jur)
{
	for (size_t i = 0; regions != NULL && i < regions->n; i++)
		if (strcmp(regions->v[i].jur, jur) == 0)
			return &regions->v[i];
	return NULL;
}

static bool take_region(const struct zv_numbering *n, const struct zv_region *region,
                        struct zv_place *place)
{
	put_text(place->jur, sizeof(place->jur), region->jur);
	if (place->region[0] == 0)
		put_text(place->region, sizeof(place->region), region->name);
	return add_zones(n,
	                 region->zones[0] != NULL ? region->zones : zv_country(region->jur)->zones,
	                 place);
}

/* Every region that the text names; of several states the country alone is the jurisdiction. */
static bool take_text(const struct zv_numbering *n, const struct zv_regions *regions,
                      const char *text, struct zv_place *place)
{
	uint16_t hits[ZV_REGION_HITS_MAX];
	size_t n_hits = zv_region_match(regions, text, strlen(text), hits);

	if (n_hits == 0)
		return false;
	if (n_hits > 1)
		put_text(place->region, sizeof(place->region), text);
	for (size_t i = 0; i < n_hits; i++)
		if (!take_region(n, &regions->v[hits[i]], place))
			return false;
	if (n_hits > 1)
		put_text(place->jur, sizeof(place->jur), regions->country);
	return true;
}

bool zv_numbering_region(const struct zv_numbering *numbering, const char *jur, const char *region,
                         struct zv_place *ret_place)
{
	const struct zv_regions *regions = zv_regions(jur);
	const struct zv_region *one = NULL;
	struct zv_place place = {0};

	if (region[0] == 0 && strlen(jur) > 2)
		one = by_code(regions, jur);
	else if (strncmp(region, jur, 2) == 0 &&
	         region[2] == '-') /* "US-FL" stands as the region */
		one = by_code(regions, region);
	if (one != NULL ? take_region(numbering, one, &place)
	                : regions != NULL && region[0] != 0 &&
	                          take_text(numbering, regions, region, &place)) {
		*ret_place = place;
		return true;
	}
	place = (struct zv_place){0};
	if (zv_country(jur) != NULL)
		put_text(place.jur, sizeof(place.jur), jur);
	whole_country(numbering, zv_country(jur), &place);
	*ret_place = place;
	return false;
}

/* ---- numbers ---- */

static bool find_area_code(const struct zv_numbering *n, uint64_t e164, struct zv_place *place)
{
	const char *zones[4];
	const struct zv_region *region = zv_area_code((unsigned)(e164 / 10000000 % 1000), zones);

	if (region == NULL)
		return false;
	put_text(place->jur, sizeof(place->jur), region->jur);
	put_text(place->region, sizeof(place->region), region->name);
	(void)add_zones(n, zones, place);
	return true;
}

bool zv_numbering_find(const struct zv_numbering *numbering, uint64_t e164,
                       struct zv_place *ret_place)
{
	const struct zv_country *country = zv_country_of(e164);

	*ret_place = (struct zv_place){0};
	for (size_t i = 0; i < numbering->n; i++) {
		const struct table *t = &numbering->tables[i];
		const struct zv_table_range *range = zv_table_find(&t->file, e164);

		if (range == NULL)
			continue;
		*ret_place = t->places[range->region];
		ret_place->line = range->line;
		return true;
	}
	if (country == NULL)
		return false;
	ret_place->line = (uint8_t)zv_line_of(country, e164);
	if (country->code == 1)
		return find_area_code(numbering, e164, ret_place);
	put_text(ret_place->jur, sizeof(ret_place->jur), country->jur);
	whole_country(numbering, country, ret_place);
	return true;
}

/* ---- loading ---- */

static enum zv_err load_table(struct zv_numbering *n, const char *path)
{
	struct table *t = &n->tables[n->n];
	enum zv_err err = zv_table_read(path, &t->file);

	if (err != ZV_OK)
		return err;
	n->n++; /* from here on destroy frees it */
	t->places = calloc(t->file.n_regions + 1, sizeof(*t->places));
	if (t->places == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < t->file.n_regions; i++) {
		struct zv_place *place = &t->places[i];

		(void)zv_numbering_region(n, t->file.jur, t->file.regions[i], place);
		put_text(place->region, sizeof(place->region), t->file.regions[i]);
		if (place->jur[0] == 0)
			put_text(place->jur, sizeof(place->jur), t->file.jur);
	}
	return ZV_OK;
}

enum zv_err zv_numbering_load(const struct zv_numbering_params *params,
                              struct zv_numbering **ret_numbering)
{
	struct zv_numbering *n = calloc(1, sizeof(*n));
	enum zv_err err = ZV_OK;

	if (n == NULL)
		return ZV_ENOMEM;
	n->zones = params->zones;
	n->whole = calloc(zv_n_countries, sizeof(*n->whole));
	if (n->whole == NULL)
		err = ZV_ENOMEM;
	for (size_t i = 0; i < zv_n_countries && err == ZV_OK; i++)
		(void)add_zones(n, zv_countries[i].zones, &n->whole[i]);
	if (params->n_tables > TABLES_MAX)
		err = ZV_EINVAL;
	for (size_t i = 0; i < params->n_tables && err == ZV_OK; i++) {
		err = load_table(n, params->tables[i]);
		if (err != ZV_OK && params->sink.tell != NULL)
			params->sink.tell(params->sink.arg, ZV_LAW_ERROR, params->tables[i], 0, "",
			                  zv_err_text(err));
	}
	if (err != ZV_OK) {
		zv_numbering_destroy(n);
		return err;
	}
	*ret_numbering = n;
	return ZV_OK;
}
