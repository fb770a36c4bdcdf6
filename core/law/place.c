/* Countries: their number plans and the time zones that people in them live by. */
#include <string.h>

#include "law/law_in.h"
#include "law/place.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

const struct zv_country zv_countries[] = {
        {"RU",
         7,
         {11, 11},
         {"Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
          "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan",
          "Asia/Kamchatka"}},
        {"KZ", 7, {11, 11}, {"Asia/Almaty", "Asia/Qyzylorda"}},
        {"UA", 380, {12, 12}, {"Europe/Kyiv"}},
        {"US",
         1,
         {11, 11},
         {"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
          "America/Los_Angeles", "America/Anchorage", "America/Adak", "Pacific/Honolulu",
          "America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago"}},
        {"GB", 44, {11, 12}, {"Europe/London"}},
        {"DE", 49, {8, 15}, {"Europe/Berlin"}},
        {"FR", 33, {11, 11}, {"Europe/Paris"}},
        {"IE", 353, {10, 12}, {"Europe/Dublin"}},
};
const size_t zv_n_countries = sizeof(zv_countries) / sizeof(zv_countries[0]);

const struct zv_country *zv_country(const char *jur)
{
	for (size_t i = 0; i < zv_n_countries; i++)
		if (strncmp(zv_countries[i].jur, jur, 2) == 0 && (jur[2] == 0 || jur[2] == '-'))
			return &zv_countries[i];
	return NULL;
}

static unsigned digits_of(uint64_t e164)
{
	unsigned n = 1;

	while ((e164 /= 10) > 0)
		n++;
	return n;
}

/* The number's first `want` digits of its n. */
static uint64_t first(uint64_t e164, unsigned n, unsigned want)
{
	for (; n > want; n--)
		e164 /= 10;
	return e164;
}

/* +76 and +77 are Kazakhstan's, the rest of +7 is Russia's where it is given out at all. */
static const struct zv_country *seven(uint64_t e164)
{
	switch (first(e164, 11, 2)) {
	case 73:
	case 74:
	case 78:
	case 79: return zv_country("RU");
	case 76:
	case 77: return zv_country("KZ");
	default: return NULL;
	}
}

/* Jersey, Guernsey and the Isle of Man share Britain's code, not its law. */
static bool crown(uint64_t e164, unsigned n)
{
	uint64_t area = first(e164, n, 6);

	return area == 441481 || area == 441534 || area == 441624;
}

const struct zv_country *zv_country_of(uint64_t e164)
{
	unsigned n = digits_of(e164);

	for (size_t i = 0; i < zv_n_countries; i++) {
		const struct zv_country *c = &zv_countries[i];

		if (n < c->digits[0] || n > c->digits[1] ||
		    first(e164, n, digits_of(c->code)) != c->code)
			continue;
		if (c->code == 7)
			return seven(e164);
		if (c->code == 44 && crown(e164, n))
			return NULL;
		return c;
	}
	return NULL;
}

/* Codes of mobile operators: two digits after +380, three after +7. */
static bool listed(unsigned code, const uint16_t *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

enum zv_line zv_line_of(const struct zv_country *country, uint64_t e164)
{
	static const uint16_t ua[] = {39, 50, 63, 66, 67, 68, 73, 77, 91,
	                              92, 93, 94, 95, 96, 97, 98, 99};
	static const uint16_t kz[] = {700, 701, 702, 703, 704, 705, 706, 707, 708, 709, 747, 750,
	                              751, 760, 761, 762, 763, 764, 771, 775, 776, 777, 778};
	unsigned n = digits_of(e164);
	unsigned code = (unsigned)first(e164, n, digits_of(country->code) + 3) % 1000;
	bool mobile = false;

	if (strcmp(country->jur, "RU") == 0)
		mobile = code / 100 == 9;
	else if (strcmp(country->jur, "KZ") == 0)
		mobile = listed(code, kz, sizeof(kz) / sizeof(kz[0]));
	else if (strcmp(country->jur, "UA") == 0)
		mobile = listed(code / 10, ua, sizeof(ua) / sizeof(ua[0]));
	else if (strcmp(country->jur, "GB") == 0)
		mobile = code / 100 == 7 && code / 10 != 70 && code / 10 != 76;
	else if (strcmp(country->jur, "DE") == 0)
		mobile = code / 10 >= 15 && code / 10 <= 17;
	else if (strcmp(country->jur, "FR") == 0)
		mobile = code / 100 == 6 || code / 100 == 7;
	else if (strcmp(country->jur, "IE") == 0)
		mobile = code / 100 == 8;
	else
		return ZV_LINE_NONE; /* North America's numbers do not tell */
	return mobile ? ZV_LINE_MOBILE : ZV_LINE_LANDLINE;
}

void zv_law_date_span(struct zv_zones *zones, const char *jur, int32_t day, int64_t *ret_first_ms,
                      int64_t *ret_last_ms)
{
	const struct zv_country *country = zv_country(jur);
	int64_t earliest = INT64_MAX, latest = INT64_MIN;

	for (size_t i = 0; country != NULL && country->zones[i] != NULL; i++) {
		const struct zv_tz *tz;
		int64_t begin, end;
		uint16_t zone;

		if (zv_zones_intern(zones, country->zones[i], &zone) != ZV_OK)
			continue;
		tz = zv_zones_get(zones, zone);
		begin = zv_tz_from_local(tz, day, 0);
		end = zv_tz_from_local(tz, day + 1, 0);
		earliest = begin < earliest ? begin : earliest;
		latest = end > latest ? end : latest;
	}
	if (earliest == INT64_MAX) { /* the widest that the earth has */
		earliest = day * DAY_MS - 14 * HOUR_MS;
		latest = (day + 1) * DAY_MS + 12 * HOUR_MS;
	}
	*ret_first_ms = earliest;
	*ret_last_ms = latest;
}
