/* A cell of a list: every call gets on, what is accepted is a number of a plan that we know, and
 * reading it back gives the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(uint64_t e164, enum zv_country country)
{
	char text[32];
	size_t used = 0;
	uint64_t again = 0;
	int n = snprintf(text, sizeof(text), "+%llu", (unsigned long long)e164);

	if (zv_phone_parse(text, (size_t)n, country, &again, &used) != ZV_PHONE_OK || again != e164)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum zv_country country;
	const char *p = (const char *)data + 1;
	size_t left;

	if (size < 1)
		return 0;
	country = (enum zv_country)(ZV_COUNTRY_RU + data[0] % 3);
	left = size - 1;
	while (left > 0) {
		uint64_t e164 = 0;
		size_t used = 0;

		if (zv_phone_parse(p, left, country, &e164, &used) == ZV_PHONE_OK)
			read_back(e164, country);
		if (used == 0 || used > left)
			abort();
		p += used;
		left -= used;
	}
	return 0;
}
