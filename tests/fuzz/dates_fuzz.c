/* A date of a list: what is accepted is a day that there is, and its lead is due before the date. */
#include <stdlib.h>
#include <string.h>

#include "store/dates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zv_tz *tz;
	struct zv_date_rule rule = {.at_s = -1};
	struct zv_date date;
	int64_t due_ms = 0;
	int y, m, d;

	if (tz == NULL && zv_tz_load(NULL, "Europe/Moscow", &tz) != ZV_OK)
		return 0;
	if (size < 3)
		return 0;
	rule.before_ms = (int64_t)data[0] * 3600000;
	if ((data[1] & 1) != 0)
		rule.at_s = data[2] * 300;
	if (zv_date_due(&rule, tz, (const char *)data + 3, size - 3, 1, &due_ms) != ZV_DATE_OK)
		return 0;
	if (due_ms < 1 || !zv_date_parse((const char *)data + 3, size - 3, &date))
		abort();
	zv_civil_from_day(date.day, &y, &m, &d);
	if (y < 1970 || y > 9998 || date.second >= 86400 || (date.fixed && date.second < 0))
		abort();
	/* never later than the end of that day, wherever it is */
	if (due_ms > ((int64_t)date.day + 2) * 86400000)
		abort();
	return 0;
}
