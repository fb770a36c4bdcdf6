/* base/heap.h -- a min-heap of small ids, each at most once, that knows where each id stands.
 *
 * Thread: its owner's.  Memory is taken once, at init.
 */
#ifndef ZV_BASE_HEAP_H
#define ZV_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "zvonar/err.h"

/* Ordered by a, then by b. */
struct zv_heap_key { int64_t a; uint64_t b; };

struct zv_heap {
	uint32_t n, n_ids;
	uint32_t *ids;           /* the heap */
	uint32_t *where;         /* id -> place + 1, 0 = not in */
	struct zv_heap_key *keys; /* by id */
};

/* Ids are 0 .. n_ids-1.  ZV_ENOMEM. */
enum zv_err zv_heap_init(struct zv_heap *heap, uint32_t n_ids) ZV_MUST_USE;
void zv_heap_fini(struct zv_heap *heap); /* accepts a zeroed one */

/* Puts id in, or moves it to its new key. */
void zv_heap_set(struct zv_heap *heap, uint32_t id, struct zv_heap_key key);
/* Takes id out; nothing happens if it is not in. */
void zv_heap_remove(struct zv_heap *heap, uint32_t id);

static inline bool zv_heap_has(const struct zv_heap *heap, uint32_t id)
{
	return heap->where[id] != 0;
}

/* heap->n > 0. */
static inline uint32_t zv_heap_top(const struct zv_heap *heap)
{
	return heap->ids[0];
}

static inline int64_t zv_heap_top_key(const struct zv_heap *heap)
{
	return heap->n == 0 ? INT64_MAX : heap->keys[heap->ids[0]].a;
}

#endif
