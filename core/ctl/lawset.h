/* ctl/lawset.h -- the rule sets that a store has kept: the one in force, the one of a moment, the
 * one of a decision.  One thread. */
#ifndef ZV_CTL_LAWSET_H
#define ZV_CTL_LAWSET_H

#include "ctl/ctl.h"
#include "law/law.h"

#define ZV_LAWSETS_MAX 32

struct zv_lawset {
	uint64_t hash;
	int64_t first_ms; /* in force first, calendar */
	struct zv_law *law; /* NULL: it is not in the store, or cannot be read any more */
};

/* Zero it but for store and zones; ends with zv_lawsets_end. */
struct zv_lawsets {
	struct zv_store *store;
	struct zv_zones *zones;
	uint32_t n;
	struct zv_lawset v[ZV_LAWSETS_MAX];
};

/* The set of a hash, loaded once; NULL: told nobody, it cannot be had. */
const struct zv_lawset *zv_lawset_of(struct zv_lawsets *sets, uint64_t hash);
/* The set that was in force at a moment: the last that came into force before.  NULL: none. */
const struct zv_lawset *zv_lawset_at(struct zv_lawsets *sets, int64_t at_ms);
void zv_lawsets_end(struct zv_lawsets *sets);

#endif
