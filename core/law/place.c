/* Countries and the time zones that people in them live by. */
#include <string.h>

#include "law/law_in.h"
#include "law/place.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

/* One zone for each clock that a person in the country may have today. */
static const struct zv_country_zones countries[] = {
	{"RU", {"Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
		"Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan",
		"Asia/Kamchatka"}},
	{"UA", {"Europe/Kyiv"}},
	{"KZ", {"Asia/Almaty", "Asia/Qyzylorda"}},
	{"US", {"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
		"America/Los_Angeles", "America/Anchorage", "America/Adak", "Pacific/Honolulu",
		"America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago"}},
	{"GB", {"Europe/London"}},
	{"DE", {"Europe/Berlin"}},
	{"FR", {"Europe/Paris"}},
	{"IE", {"Europe/Dublin"}},
};

const struct zv_country_zones *zv_country_zones(const char *jur)
{
	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++)
		if (strncmp(countries[i].jur, jur, 2) == 0)
			return &countries[i];
	return NULL;
}

void zv_law_date_span(struct zv_zones *zones, const char *jur, int32_t day, int64_t *ret_first_ms,
		      int64_t *ret_last_ms)
{
	const struct zv_country_zones *country = zv_country_zones(jur);
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (size_t i = 0; country != NULL && country->zones[i] != NULL; i++) {
		const struct zv_tz *tz;
		int64_t begin, end;
		uint16_t zone;

		if (zv_zones_intern(zones, country->zones[i], &zone) != ZV_OK)
			continue;
		tz = zv_zones_get(zones, zone);
		begin = zv_tz_from_local(tz, day, 0);
		end = zv_tz_from_local(tz, day + 1, 0);
		first = begin < first ? begin : first;
		last = end > last ? end : last;
	}
	if (first == INT64_MAX) { /* the widest that the earth has */
		first = day * DAY_MS - 14 * HOUR_MS;
		last = (day + 1) * DAY_MS + 12 * HOUR_MS;
	}
	*ret_first_ms = first;
	*ret_last_ms = last;
}
