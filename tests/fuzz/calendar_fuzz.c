/* A calendar's YAML: what is taken has one year, all of whose days are of a kind that exists. */
#include <stdlib.h>
#include <string.h>

#include "law/law.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
		 const char *path, const char *text)
{
	unsigned *n = arg;

	(void)line;
	if (level == ZV_LAW_ERROR)
		++*n;
	if (strcmp(file, "fuzz.yaml") != 0 || path[0] != 0 || text[0] == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n = 0;
	struct zv_law_sink sink = {.tell = tell, .arg = &n};
	struct zv_calendar c;
	enum zv_err err = zv_law_calendar((const char *)data, size, "fuzz.yaml", &sink, &c);

	if ((err == ZV_OK) != (n == 0))
		abort();
	if (err != ZV_OK)
		return 0;
	if (c.n_years != 1 || strlen(c.id) >= sizeof(c.id) || c.years[0] < 1970 || c.years[0] > 2199)
		abort();
	for (int32_t day = zv_day_from_civil(c.years[0], 1, 1); day < zv_day_from_civil(c.years[0] + 1, 1, 1);
	     day++)
		if (zv_calendar_day(&c, day) > ZV_DT_HOLIDAY)
			abort();
	if (zv_calendar_day(&c, zv_day_from_civil(c.years[0], 1, 1) - 1) != ZV_DT_UNKNOWN)
		abort();
	return 0;
}
