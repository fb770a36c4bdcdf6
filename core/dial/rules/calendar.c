#include "dial/rules/rules.h"

enum zv_day_type zv_calendar_day(const struct zv_calendar *calendar, int32_t day)
{
	int year, month, mday;

	zv_civil_from_day(day, &year, &month, &mday);
	for (uint32_t i = 0; i < calendar->n_years && i < ZV_CALENDAR_YEARS; i++) {
		uint32_t n;

		if (calendar->years[i] != year)
			continue;
		n = (uint32_t)(day - zv_day_from_civil(year, 1, 1));
		return (enum zv_day_type)(calendar->days[i][n / 4] >> (2 * (n % 4)) & 3);
	}
	return ZV_DT_UNKNOWN;
}
