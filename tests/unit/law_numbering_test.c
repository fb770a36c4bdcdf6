#include <criterion/criterion.h>
#include <string.h>

#include "law/place.h"
#include "law/table.h"

static struct zv_zones *zones;

static struct zv_numbering *numbering(void)
{
	struct zv_numbering_params params = {0};
	struct zv_numbering *n = NULL;

	cr_assert_eq(zv_zones_create(NULL, &zones), ZV_OK);
	params.zones = zones;
	cr_assert_eq(zv_numbering_load(&params, &n), ZV_OK);
	return n;
}

static void done(struct zv_numbering *n)
{
	zv_numbering_destroy(n);
	zv_zones_destroy(zones);
}

/* What a table keeps of a region is its name: read again it must mean the same. */
Test(law_numbering, every_region_is_known_by_its_own_name_and_has_zones)
{
	static const struct zv_regions *const all[] = {&zv_regions_ru, &zv_regions_ua, &zv_regions_kz,
						       &zv_regions_us};
	static const size_t least[] = {89, 27, 20, 51};
	struct zv_numbering *n = numbering();

	for (size_t i = 0; i < 4; i++) {
		cr_assert_geq(all[i]->n, least[i]);
		for (size_t k = 0; k < all[i]->n; k++) {
			const struct zv_region *r = &all[i]->v[k];
			uint16_t hits[ZV_REGION_HITS_MAX];
			struct zv_place place;

			cr_assert_lt(strlen(r->name), (size_t)ZV_TABLE_REGION_LEN, "%s", r->name);
			cr_assert_eq(zv_region_match(all[i], r->name, strlen(r->name), hits), 1, "%s", r->name);
			cr_assert_eq(hits[0], k, "%s", r->name);
			cr_assert(zv_numbering_region(n, all[i]->country, r->name, &place), "%s", r->name);
			cr_assert_gt(place.n_zones, 0, "%s: a zone that the system does not have?", r->name);
			cr_assert_str_eq(place.jur, r->jur);
		}
	}
	done(n);
}

Test(law_numbering, a_text_that_is_not_wholly_understood_is_the_whole_country)
{
	static const char *const texts[] = {"", "Нигде", "Москва и Нигде", "Российская Федерация, кроме Москвы",
					    "Чукотского автономного округа", "Омская область 5", "\xff\xfe"};
	struct zv_numbering *n = numbering();
	struct zv_place place;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cr_assert_not(zv_numbering_region(n, "RU", texts[i], &place), "%s", texts[i]);
		cr_assert_str_eq(place.jur, "RU");
		cr_assert_eq(place.n_zones, 11, "%s", texts[i]);
	}
	cr_assert_not(zv_numbering_region(n, "XX", "Москва", &place));
	cr_assert_str_eq(place.jur, "");
	cr_assert_eq(place.n_zones, 0);
	done(n);
}

Test(law_numbering, several_regions_keep_the_zones_of_all)
{
	struct zv_numbering *n = numbering();
	struct zv_place place;

	cr_assert(zv_numbering_region(n, "RU", "Москва и Омская область", &place));
	cr_assert_eq(place.n_zones, 2);
	cr_assert(zv_numbering_region(n, "US", "Florida, Texas", &place));
	cr_assert_str_eq(place.jur, "US", "of several states the country");
	cr_assert_eq(place.n_zones, 3);
	cr_assert(zv_numbering_region(n, "US-FL", "", &place));
	cr_assert_str_eq(place.jur, "US-FL");
	cr_assert(zv_numbering_region(n, "US", "US-TX", &place));
	cr_assert_str_eq(place.jur, "US-TX");
	done(n);
}

/* More regions than a place has room for: the country's clocks, never fewer. */
Test(law_numbering, a_list_of_all_regions_is_the_whole_country)
{
	struct zv_numbering *n = numbering();
	struct zv_place place;
	char text[8000] = "";

	for (size_t i = 0; i < zv_regions_ru.n; i++) {
		(void)strcat(text, zv_regions_ru.v[i].name);
		(void)strcat(text, ", ");
	}
	(void)zv_numbering_region(n, "RU", text, &place);
	cr_assert_eq(place.n_zones, 11);
	done(n);
}

Test(law_numbering, a_table_finds_both_ends_of_its_ranges_and_nothing_beside)
{
	char regions[1][ZV_TABLE_REGION_LEN] = {"x"};
	struct zv_table_range ranges[] = {{10, 9, 0, 1, 0}, {20, 0, 0, 2, 0}, {30, 4, 0, 1, 0}};
	struct zv_table t = {.jur = "RU", .n_regions = 1, .n_ranges = 3, .regions = regions, .ranges = ranges};

	for (uint64_t i = 0; i < 50; i++) {
		const struct zv_table_range *r = zv_table_find(&t, i);
		const struct zv_table_range *want = i >= 10 && i <= 19 ? &ranges[0] : i == 20 ? &ranges[1]
						    : i >= 30 && i <= 34 ? &ranges[2] : NULL;

		cr_assert_eq(r, want, "%llu", (unsigned long long)i);
	}
}
