/* store/held.h -- private to the lookahead: leads that must not be offered now, because the
 * engine has them (owned) or because they came back unchanged a moment ago (cooling).
 * A bounded hash table.  Thread: lookahead. */
#ifndef ZV_STORE_HELD_H
#define ZV_STORE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_HELD_ASK 0xff /* class of a lead that was offered for its step */

struct zv_held_one {
	uint64_t lead; /* 0 = free place */
	int64_t due_ms, until_ms; /* until: monotonic, of cooling ones */
	int64_t moved_ms; /* of owned ones: where its due entry was seen in the meantime */
	uint8_t class, moved_class;
	bool cooling, moved;
};

struct zv_held {
	struct zv_held_one *v;
	uint32_t mask, n;
};

/* Room for max leads. ZV_ENOMEM. */
enum zv_err zv_held_init(struct zv_held *held, uint32_t max) ZV_MUST_USE;
void zv_held_fini(struct zv_held *held);
/* NULL: not held.  Valid until the next put or remove. */
struct zv_held_one *zv_held_find(struct zv_held *held, uint64_t lead);
/* The lead is not held yet. */
void zv_held_put(struct zv_held *held, const struct zv_held_one *one);
void zv_held_remove(struct zv_held *held, struct zv_held_one *one);

#endif
