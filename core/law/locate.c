#include "law/locate.h"

#include <string.h>

/* Adds zones, each once.  False: they do not all fit. */
static bool add_zones(uint16_t *zones, uint8_t *n, const uint16_t *more, uint8_t n_more)
{
	for (uint8_t i = 0; i < n_more; i++) {
		uint8_t k = 0;

		while (k < *n && zones[k] != more[i])
			k++;
		if (k < *n)
			continue;
		if (*n == ZV_SLAB_ZONES_MAX)
			return false;
		zones[(*n)++] = more[i];
	}
	return true;
}

/* Two numbers of one person in different places: the wider of the two if one lies in the other
 * ("US" of "US-FL"), else nobody knows whose law binds. */
static void join_jurisdiction(char *jur, const char *other, bool *clash)
{
	size_t a = strlen(jur), b = strlen(other);
	size_t both = a < b ? a : b;

	if (b == 0)
		return;
	if (a == 0)
		memcpy(jur, other, b + 1);
	else if (strncmp(jur, other, both) != 0 || (a != b && (a < b ? other : jur)[both] != '-'))
		*clash = true;
	else
		jur[both] = 0;
}

struct found {
	char jur[ZV_JUR_MAX];
	bool clash;
	bool by_table; /* every number whose zones are known stands in a table */
	bool too_many;
	uint8_t n;
	uint16_t zones[ZV_SLAB_ZONES_MAX];
};

static void look_at_numbers(const struct zv_numbering *numbering, struct zv_person_slab *slab,
			    struct found *f)
{
	f->by_table = true;
	for (uint8_t i = 0; i < slab->n_numbers; i++) {
		struct zv_place place;

		slab->line[i] = ZV_LINE_NONE;
		slab->n_zones[i] = 0;
		if (numbering == NULL || !zv_numbering_find(numbering, slab->e164[i], &place))
			continue;
		slab->line[i] = place.line;
		join_jurisdiction(f->jur, place.jur, &f->clash);
		(void)add_zones(slab->zones[i], &slab->n_zones[i], place.zones, place.n_zones);
		if (place.n_zones == 0)
			continue;
		f->too_many = !add_zones(f->zones, &f->n, place.zones, place.n_zones) || f->too_many;
		f->by_table = f->by_table && place.region[0] != 0;
	}
}

static uint8_t intern(struct zv_zones *zones, const char *name, uint16_t *zone)
{
	return zv_zones_intern(zones, name, zone) == ZV_OK ? 1 : 0;
}

static void find_residence(const struct zv_locate *told, const struct found *f,
			   struct zv_person_slab *slab)
{
	struct zv_place region;

	slab->n_residence = 0;
	if (told->zone[0] != 0) {
		/* A name that is no zone here stays unknown: whoever wrote it meant something. */
		slab->n_residence = intern(told->zones, told->zone, slab->residence);
		return;
	}
	if (told->region[0] != 0 && told->numbering != NULL) {
		/* Of a region that nobody knows all zones of its country are candidates. */
		(void)zv_numbering_region(told->numbering, slab->jur, told->region, &region);
		(void)add_zones(slab->residence, &slab->n_residence, region.zones, region.n_zones);
	}
	if (slab->n_residence == 0 && (f->n == 0 || !f->by_table) && told->default_zone_known) {
		slab->residence[0] = told->default_zone;
		slab->n_residence = 1;
	}
	if (slab->n_residence == 0 && !f->too_many)
		(void)add_zones(slab->residence, &slab->n_residence, f->zones, f->n);
}

void zv_locate(const struct zv_locate *told, struct zv_person_slab *slab)
{
	struct found f = {.n = 0};
	const char *jur;

	look_at_numbers(told->numbering, slab, &f);
	jur = told->jur[0] != 0 ? told->jur :
	      f.clash		? "" :
	      f.jur[0] != 0	? f.jur :
				  told->default_jur;
	memset(slab->jur, 0, sizeof(slab->jur));
	if (strlen(jur) < sizeof(slab->jur))
		memcpy(slab->jur, jur, strlen(jur));
	find_residence(told, &f, slab);
	slab->n_registration = told->registration[0] != 0 ?
				       intern(told->zones, told->registration, slab->registration) : 0;
}
