/* A list in pieces of the size that its first byte says: every row ends, lines only grow, fields
 * lie within bounds, and the pieces make no difference. */
#include <stdlib.h>
#include <string.h>

#include "store/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct feed {
	const uint8_t *p;
	size_t left, piece;
};

static enum zv_err give(void *arg, char *buf, size_t cap, size_t *ret_n)
{
	struct feed *f = arg;
	size_t n = f->left < f->piece ? f->left : f->piece;

	n = n < cap ? n : cap;
	memcpy(buf, f->p, n);
	f->p += n;
	f->left -= n;
	*ret_n = n;
	return ZV_OK;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
	return hash;
}

/* A number for all that was read. */
static uint64_t read_all(const uint8_t *data, size_t size, size_t piece)
{
	struct feed f = {data, size, piece};
	uint64_t hash = 1, rows = 0, line = 0;
	struct zv_csv_row row;
	struct zv_csv *csv;

	if (zv_csv_create(give, &f, 0, &csv) != ZV_OK)
		return 0;
	while (zv_csv_next(csv, &row) == ZV_OK) {
		if (row.line <= line || row.n > ZV_CSV_FIELDS_MAX || ++rows > size + 1)
			abort();
		line = row.line;
		hash = mix(hash, &row.fault, sizeof(row.fault));
		for (uint32_t i = 0; i < row.n && row.fault == ZV_CSV_GOOD; i++)
			hash = mix(mix(hash, row.v[i].p, row.v[i].n), "|", 1);
	}
	zv_csv_destroy(csv);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (read_all(data + 1, size - 1, SIZE_MAX) != read_all(data + 1, size - 1, (size_t)data[0] + 1))
		abort();
	return 0;
}
