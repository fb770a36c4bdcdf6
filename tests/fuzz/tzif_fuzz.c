/* TZif bytes: parsed or refused; what parses must answer everywhere and agree with itself. */
#include <stdlib.h>

#include "base/tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_tz *tz;
	struct zv_local l;

	if (zv_tz_parse(data, size, &tz) != ZV_OK)
		return 0;
	for (int64_t t = -INT64_C(62167219200); t < INT64_C(253402300800); t += INT64_C(3155760011)) {
		int64_t back_ms;

		zv_tz_to_local(tz, t * 1000, &l);
		/* The first instant that shows this wall clock is no later than one that does. */
		back_ms = zv_tz_from_local(tz, l.day, l.second_of_day);
		if (back_ms > t * 1000)
			__builtin_trap();
	}
	(void)zv_tz_offset(tz, INT64_MIN);
	(void)zv_tz_offset(tz, INT64_MAX);
	(void)zv_tz_from_local(tz, INT32_MIN, 0);
	(void)zv_tz_from_local(tz, INT32_MAX, 86400);
	zv_tz_free(tz);
	return 0;
}
