#include "dial/rules/rules.h"

enum zv_day_type zv_calendar_day(const struct zv_calendar *calendar, int32_t day)
{
	for (uint32_t i = 0; i < calendar->n_years && i < ZV_CALENDAR_YEARS; i++) {
		int32_t n = day - zv_day_from_civil(calendar->years[i], 1, 1);

		if (n < 0 || day >= zv_day_from_civil(calendar->years[i] + 1, 1, 1))
			continue;
		return (enum zv_day_type)(calendar->days[i][n / 4] >> (2 * (n % 4)) & 3);
	}
	return ZV_DT_UNKNOWN;
}
