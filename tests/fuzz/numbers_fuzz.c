/* A compiled table of numbers, and the name of a region: what is read is in order and within
 * bounds; the checksum is also made right, so that the search sees what lies behind it. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "law/place.h"
#include "law/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
	struct zv_table t;

	if (zv_table_parse(data, size, &t) != ZV_OK)
		return;
	for (uint32_t i = 0; i < t.n_ranges; i++) {
		const struct zv_table_range *r = &t.ranges[i];

		if (r->region >= t.n_regions || memchr(t.regions[r->region], 0, ZV_TABLE_REGION_LEN) == NULL)
			abort();
		if (zv_table_find(&t, r->first) != r || zv_table_find(&t, r->first + r->after) != r)
			abort();
	}
	zv_table_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const countries[] = {"RU", "UA", "KZ", "US"};
	uint16_t hits[ZV_REGION_HITS_MAX];
	uint8_t *copy;

	parse(data, size);
	for (size_t i = 0; i < 4; i++) {
		const struct zv_regions *regions = zv_regions(countries[i]);
		size_t n = zv_region_match(regions, (const char *)data, size, hits);

		for (size_t k = 0; k < n; k++)
			if (hits[k] >= regions->n)
				abort();
	}
	if (size < ZV_TABLE_HEAD_LEN)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	zv_put_be32(copy + 12, zv_crc32c(0, copy + 16, size - 16));
	parse(copy, size);
	free(copy);
	return 0;
}
