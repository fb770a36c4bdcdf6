/* law/sweep.h -- ranges as they stand in a registry, perhaps one over another, to ranges in order
 * that do not overlap; inside core/law only. */
#ifndef ZV_LAW_SWEEP_H
#define ZV_LAW_SWEEP_H

#include "law/table.h"

struct zv_sweep_row {
	uint64_t first, last; /* both belong to it */
	unsigned line;
	uint16_t region;
	uint8_t kind; /* enum zv_line */
};

struct zv_sweep {
	struct zv_sweep_row *rows; /* sorted by the call */
	size_t n;
	uint16_t doubt; /* region of numbers that rows of different places claim */
	void (*told)(void *arg, unsigned line, unsigned other); /* of each such pair */
	void *arg;
};

/* Fills ret_table's ranges: neighbours of one place are joined.  ZV_ENOMEM. */
enum zv_err zv_sweep(const struct zv_sweep *sweep, struct zv_table *ret_table) ZV_MUST_USE;

#endif
