/* Prints every day of every calendar below a folder: "RU 2026-01-01 3" (enum zv_day_type). */
#include <stdio.h>

#include "law/law.h"

int main(int argc, char **argv)
{
	struct zv_law_params params = {0};
	struct zv_law *law = NULL;

	if (argc != 3 || zv_zones_create(NULL, &params.zones) != ZV_OK)
		return 2;
	params.rules = argv[1];
	params.calendars = argv[2];
	if (zv_law_load(&params, &law) != ZV_OK)
		return 1;
	for (uint32_t i = 0; i < zv_law_rules(law)->n_calendars; i++) {
		const struct zv_calendar *c = &zv_law_rules(law)->calendars[i];

		for (uint8_t k = 0; k < c->n_years; k++)
			for (int32_t day = zv_day_from_civil(c->years[k], 1, 1);
			     day < zv_day_from_civil(c->years[k] + 1, 1, 1); day++) {
				int y, m, d;

				zv_civil_from_day(day, &y, &m, &d);
				printf("%s %04d-%02d-%02d %d\n", c->id, y, m, d, zv_calendar_day(c, day));
			}
	}
	zv_law_destroy(law);
	zv_zones_destroy(params.zones);
	return 0;
}
