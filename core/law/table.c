#include "law/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"

#define MAGIC   "ZVNUMBER"
#define VERSION 1u
#define BODY    16u /* where the checksum begins */

void zv_table_fini(struct zv_table *table)
{
	free(table->regions);
	free(table->ranges);
	*table = (struct zv_table){0};
}

static bool take_ranges(const uint8_t *p, struct zv_table *t)
{
	for (uint32_t i = 0; i < t->n_ranges; i++, p += ZV_TABLE_RANGE_LEN) {
		struct zv_table_range *r = &t->ranges[i];

		r->first = zv_get_be64(p);
		r->after = zv_get_be32(p + 8);
		r->region = zv_get_be16(p + 12);
		r->line = p[14];
		if (r->region >= t->n_regions || r->line >= ZV_LINES || r->first > UINT64_MAX / 2)
			return false;
		if (i > 0 && r->first <= r[-1].first + r[-1].after)
			return false;
	}
	return true;
}

enum zv_err zv_table_parse(const void *bytes, size_t len, struct zv_table *ret_table)
{
	const uint8_t *p = bytes;
	struct zv_table t = {0};
	enum zv_err err = ZV_ECORRUPT;

	if (len < ZV_TABLE_HEAD_LEN || memcmp(p, MAGIC, 8) != 0)
		return ZV_ECORRUPT;
	if (zv_get_be32(p + 8) != VERSION)
		return ZV_EVERSION;
	memcpy(t.jur, p + 16, sizeof(t.jur));
	t.n_regions = zv_get_be32(p + 24);
	t.n_ranges = zv_get_be32(p + 28);
	if (t.jur[0] == 0 || t.jur[sizeof(t.jur) - 1] != 0 || t.n_regions > ZV_TABLE_REGIONS_MAX ||
	    t.n_ranges > ZV_TABLE_RANGES_MAX)
		return ZV_ECORRUPT;
	if (len != ZV_TABLE_HEAD_LEN + (size_t)t.n_regions * ZV_TABLE_REGION_LEN +
	                    (size_t)t.n_ranges * ZV_TABLE_RANGE_LEN ||
	    zv_get_be32(p + 12) != zv_crc32c(0, p + BODY, len - BODY))
		return ZV_ECORRUPT;
	t.regions = calloc(t.n_regions + 1, sizeof(*t.regions));
	t.ranges = calloc(t.n_ranges + 1, sizeof(*t.ranges));
	if (t.regions == NULL || t.ranges == NULL) {
		err = ZV_ENOMEM;
		goto fail;
	}
	p += ZV_TABLE_HEAD_LEN;
	memcpy(t.regions, p, (size_t)t.n_regions * ZV_TABLE_REGION_LEN);
	for (uint32_t i = 0; i < t.n_regions; i++)
		if (t.regions[i][ZV_TABLE_REGION_LEN - 1] != 0)
			goto fail;
	if (!take_ranges(p + (size_t)t.n_regions * ZV_TABLE_REGION_LEN, &t))
		goto fail;
	*ret_table = t;
	return ZV_OK;

fail:
	zv_table_fini(&t);
	return err;
}

enum zv_err zv_table_read(const char *path, struct zv_table *ret_table)
{
	static const size_t most = ZV_TABLE_HEAD_LEN +
	                           (size_t)ZV_TABLE_REGIONS_MAX * ZV_TABLE_REGION_LEN +
	                           (size_t)ZV_TABLE_RANGES_MAX * ZV_TABLE_RANGE_LEN;
	FILE *f = fopen(path, "re");
	uint8_t *bytes = NULL;
	enum zv_err err = ZV_EIO;
	struct stat st;

	if (f == NULL)
		return errno == ENOENT ? ZV_ENOENT : ZV_EIO;
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
		goto out;
	err = ZV_ECORRUPT;
	if (st.st_size < 0 || (uint64_t)st.st_size > most)
		goto out;
	err = ZV_ENOMEM;
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL)
		goto out;
	err = ZV_EIO;
	if (fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		goto out;
	err = zv_table_parse(bytes, (size_t)st.st_size, ret_table);
out:
	free(bytes);
	(void)fclose(f);
	return err;
}

static uint8_t *encode(const struct zv_table *t, size_t *ret_len)
{
	size_t len = ZV_TABLE_HEAD_LEN + (size_t)t->n_regions * ZV_TABLE_REGION_LEN +
	             (size_t)t->n_ranges * ZV_TABLE_RANGE_LEN;
	uint8_t *bytes = calloc(1, len), *p = bytes;

	if (bytes == NULL)
		return NULL;
	memcpy(p, MAGIC, 8);
	zv_put_be32(p + 8, VERSION);
	memcpy(p + 16, t->jur, sizeof(t->jur));
	zv_put_be32(p + 24, t->n_regions);
	zv_put_be32(p + 28, t->n_ranges);
	p += ZV_TABLE_HEAD_LEN;
	if (t->n_regions > 0)
		memcpy(p, t->regions, (size_t)t->n_regions * ZV_TABLE_REGION_LEN);
	p += (size_t)t->n_regions * ZV_TABLE_REGION_LEN;
	for (uint32_t i = 0; i < t->n_ranges; i++, p += ZV_TABLE_RANGE_LEN) {
		zv_put_be64(p, t->ranges[i].first);
		zv_put_be32(p + 8, t->ranges[i].after);
		zv_put_be16(p + 12, t->ranges[i].region);
		p[14] = t->ranges[i].line;
	}
	zv_put_be32(bytes + 12, zv_crc32c(0, bytes + BODY, len - BODY));
	*ret_len = len;
	return bytes;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

enum zv_err zv_table_write(const struct zv_table *table, const char *path, uint64_t *ret_bytes)
{
	enum zv_err err = ZV_EIO;
	char beside[4096];
	size_t len = 0;
	uint8_t *bytes;
	int fd;

	if ((size_t)snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= sizeof(beside))
		return ZV_EINVAL;
	bytes = encode(table, &len);
	if (bytes == NULL)
		return ZV_ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		goto out;
	if (!write_all(fd, bytes, len) || fchmod(fd, 0644) != 0 || close(fd) != 0) {
		(void)unlink(beside);
		goto out;
	}
	if (rename(beside, path) != 0) {
		(void)unlink(beside);
		goto out;
	}
	*ret_bytes = len;
	err = ZV_OK;
out:
	free(bytes);
	return err;
}

const struct zv_table_range *zv_table_find(const struct zv_table *table, uint64_t e164)
{
	uint32_t low = 0, high = table->n_ranges;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (table->ranges[mid].first <= e164)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || e164 - table->ranges[low - 1].first > table->ranges[low - 1].after)
		return NULL;
	return &table->ranges[low - 1];
}
