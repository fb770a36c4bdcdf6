/* law/table.h -- the compiled table of ranges of numbers; inside core/law only.
 *
 * One file, integers big-endian:
 *	"ZVNUMBER" | version 4 | CRC-32C of all that follows 4 | jurisdiction 8 |
 *	regions 4 | ranges 4 | regions x 64 bytes of UTF-8, ended by 0 |
 *	ranges x (first number 8 | numbers after it 4 | region 2 | line 1 | 0), in order, no two
 *	of which overlap.
 */
#ifndef ZV_LAW_TABLE_H
#define ZV_LAW_TABLE_H

#include "law/law_in.h"
#include "law/numbering.h"

#define ZV_TABLE_REGIONS_MAX 20000u
#define ZV_TABLE_RANGES_MAX  4000000u
#define ZV_TABLE_REGION_LEN  64u
#define ZV_TABLE_HEAD_LEN    32u
#define ZV_TABLE_RANGE_LEN   16u

struct zv_table_range {
	uint64_t first;
	uint32_t after;
	uint16_t region;
	uint8_t line;
	uint8_t pad;
};

struct zv_table {
	char jur[ZV_JUR_MAX];
	uint32_t n_regions, n_ranges;
	char (*regions)[ZV_TABLE_REGION_LEN];
	struct zv_table_range *ranges;
};

/* ZV_ECORRUPT, ZV_EVERSION, ZV_ENOMEM. */
enum zv_err zv_table_parse(const void *bytes, size_t len, struct zv_table *ret_table) ZV_MUST_USE;
enum zv_err zv_table_read(const char *path, struct zv_table *ret_table) ZV_MUST_USE;
/* Written beside and renamed: a reader sees the old or the new one.  *ret_bytes: its size. */
enum zv_err zv_table_write(const struct zv_table *table, const char *path,
                           uint64_t *ret_bytes) ZV_MUST_USE;
void zv_table_fini(struct zv_table *table);
/* NULL: the table does not say. */
const struct zv_table_range *zv_table_find(const struct zv_table *table, uint64_t e164);

#endif
