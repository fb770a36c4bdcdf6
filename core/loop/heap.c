#include "loop/heap.h"

#include <stdlib.h>

static bool earlier(const struct zv_timer_heap *h, uint32_t a, uint32_t b)
{
	return h->slots[h->order[a]].due_ms < h->slots[h->order[b]].due_ms;
}

static void swap(struct zv_timer_heap *h, uint32_t a, uint32_t b)
{
	uint32_t slot = h->order[a];

	h->order[a] = h->order[b];
	h->order[b] = slot;
	h->slots[h->order[a]].place = a;
	h->slots[h->order[b]].place = b;
}

static void settle(struct zv_timer_heap *h, uint32_t i)
{
	for (; i > 0 && earlier(h, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(h, i, (i - 1) / 2);
	for (;;) {
		uint32_t least = i;

		for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->n; child++)
			if (earlier(h, child, least))
				least = child;
		if (least == i)
			return;
		swap(h, i, least);
		i = least;
	}
}

static void put(struct zv_timer_heap *h, uint32_t slot)
{
	h->order[h->n] = slot;
	h->slots[slot].place = h->n++;
	settle(h, h->n - 1);
}

static void take(struct zv_timer_heap *h, uint32_t place)
{
	h->slots[h->order[place]].place = UINT32_MAX;
	h->n--;
	if (place == h->n)
		return;
	h->order[place] = h->order[h->n];
	h->slots[h->order[place]].place = place;
	settle(h, place);
}

static bool grow(struct zv_timer_heap *h)
{
	uint32_t cap = h->cap == 0 ? 16 : h->cap * 2;
	struct zv_timer_heap_timer *slots = realloc(h->slots, cap * sizeof(slots[0]));
	uint32_t *order, *free_slots;

	if (slots == NULL)
		return false;
	h->slots = slots;
	order = realloc(h->order, cap * sizeof(order[0]));
	if (order == NULL)
		return false;
	h->order = order;
	free_slots = realloc(h->free_slots, cap * sizeof(free_slots[0]));
	if (free_slots == NULL)
		return false;
	h->free_slots = free_slots;
	h->cap = cap;
	return true;
}

enum zv_err zv_timer_heap_add(struct zv_timer_heap *heap, int64_t due_ms, zv_loop_timer_fn fn, void *arg,
			zv_timer *ret_timer)
{
	uint32_t slot, gen;

	if (heap->n_free > 0) {
		slot = heap->free_slots[--heap->n_free];
		gen = (uint32_t)(heap->slots[slot].id >> 32) + 1;
	} else {
		if (heap->n_slots == heap->cap && !grow(heap))
			return ZV_ENOMEM;
		slot = heap->n_slots++;
		gen = 1;
	}
	heap->slots[slot] = (struct zv_timer_heap_timer){
		.id = (uint64_t)gen << 32 | (slot + 1u),
		.due_ms = due_ms,
		.fn = fn,
		.arg = arg,
		.used = true,
	};
	put(heap, slot);
	*ret_timer = heap->slots[slot].id;
	return ZV_OK;
}

/* The slot of a live timer, or UINT32_MAX. */
static uint32_t slot_of(const struct zv_timer_heap *heap, zv_timer timer)
{
	uint32_t slot = (uint32_t)timer - 1;

	if ((uint32_t)timer == 0 || slot >= heap->n_slots || !heap->slots[slot].used ||
	    heap->slots[slot].id != timer)
		return UINT32_MAX;
	return slot;
}

static void end(struct zv_timer_heap *heap, uint32_t slot)
{
	heap->slots[slot].used = false;
	heap->free_slots[heap->n_free++] = slot;
}

void zv_timer_heap_del(struct zv_timer_heap *heap, zv_timer timer)
{
	uint32_t slot = slot_of(heap, timer);

	if (slot == UINT32_MAX)
		return;
	if (heap->slots[slot].place != UINT32_MAX)
		take(heap, heap->slots[slot].place);
	end(heap, slot);
}

int64_t zv_timer_heap_first_ms(const struct zv_timer_heap *heap)
{
	return heap->n > 0 ? heap->slots[heap->order[0]].due_ms : INT64_MAX;
}

bool zv_timer_heap_pop(struct zv_timer_heap *heap, int64_t now_ms, struct zv_timer_heap_timer *ret_timer)
{
	uint32_t slot;

	if (heap->n == 0 || heap->slots[heap->order[0]].due_ms > now_ms)
		return false;
	slot = heap->order[0];
	take(heap, 0);
	*ret_timer = heap->slots[slot];
	return true;
}

void zv_timer_heap_done(struct zv_timer_heap *heap, const struct zv_timer_heap_timer *timer, int64_t again_ms)
{
	uint32_t slot = slot_of(heap, timer->id);

	if (slot == UINT32_MAX)
		return;
	if (again_ms <= 0) {
		end(heap, slot);
		return;
	}
	heap->slots[slot].due_ms = timer->due_ms + again_ms;
	put(heap, slot);
}

void zv_timer_heap_fini(struct zv_timer_heap *heap)
{
	free(heap->slots);
	free(heap->order);
	free(heap->free_slots);
}
