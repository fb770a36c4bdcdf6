/* loop/heap.h -- timers by due time: a binary heap whose entries can be deleted by id.
 * One thread.  Inside core/loop only. */
#ifndef ZV_LOOP_HEAP_H
#define ZV_LOOP_HEAP_H

#include <stdbool.h>

#include "loop/loop.h"

struct zv_timer_heap_timer {
	zv_timer id; /* generation << 32 | slot + 1; generation grows with each use of the slot */
	int64_t due_ms;
	zv_loop_timer_fn fn;
	void *arg;
	uint32_t place; /* in the heap; UINT32_MAX: not there */
	bool used;
};

struct zv_timer_heap {
	struct zv_timer_heap_timer *slots;
	uint32_t *order; /* slots, the earliest first */
	uint32_t n, n_slots, cap;
	uint32_t *free_slots;
	uint32_t n_free;
};

enum zv_err zv_timer_heap_add(struct zv_timer_heap *heap, int64_t due_ms, zv_loop_timer_fn fn, void *arg,
			zv_timer *ret_timer) ZV_MUST_USE;
void zv_timer_heap_del(struct zv_timer_heap *heap, zv_timer timer);
int64_t zv_timer_heap_first_ms(const struct zv_timer_heap *heap); /* INT64_MAX: none */
/* Takes the earliest timer due at now_ms out of the order; zv_timer_heap_done must follow. */
bool zv_timer_heap_pop(struct zv_timer_heap *heap, int64_t now_ms, struct zv_timer_heap_timer *ret_timer);
/* It was called: again_ms > 0 puts it back, else it ends.  Deleted in between: nothing. */
void zv_timer_heap_done(struct zv_timer_heap *heap, const struct zv_timer_heap_timer *timer, int64_t again_ms);
void zv_timer_heap_fini(struct zv_timer_heap *heap);

#endif
