#include "base/heap.h"

#include <stdlib.h>

enum zv_err zv_heap_init(struct zv_heap *heap, uint32_t n_ids)
{
	struct zv_heap h = {.n_ids = n_ids};

	h.ids = calloc(n_ids, sizeof(*h.ids));
	h.where = calloc(n_ids, sizeof(*h.where));
	h.keys = calloc(n_ids, sizeof(*h.keys));
	if (h.ids == NULL || h.where == NULL || h.keys == NULL) {
		zv_heap_fini(&h);
		return ZV_ENOMEM;
	}
	*heap = h;
	return ZV_OK;
}

void zv_heap_fini(struct zv_heap *heap)
{
	free(heap->ids);
	free(heap->where);
	free(heap->keys);
	*heap = (struct zv_heap){0};
}

static bool before(const struct zv_heap *h, uint32_t x, uint32_t y)
{
	const struct zv_heap_key *a = &h->keys[x], *b = &h->keys[y];

	return a->a != b->a ? a->a < b->a : a->b < b->b;
}

static void put(struct zv_heap *h, uint32_t place, uint32_t id)
{
	h->ids[place] = id;
	h->where[id] = place + 1;
}

static void sift(struct zv_heap *h, uint32_t place, uint32_t id)
{
	while (place > 0 && before(h, id, h->ids[(place - 1) / 2])) {
		put(h, place, h->ids[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && before(h, h->ids[child + 1], h->ids[child]))
			child++;
		if (!before(h, h->ids[child], id))
			break;
		put(h, place, h->ids[child]);
		place = child;
	}
	put(h, place, id);
}

void zv_heap_set(struct zv_heap *heap, uint32_t id, struct zv_heap_key key)
{
	uint32_t place = heap->where[id] != 0 ? heap->where[id] - 1 : heap->n++;

	heap->keys[id] = key;
	sift(heap, place, id);
}

void zv_heap_remove(struct zv_heap *heap, uint32_t id)
{
	uint32_t place = heap->where[id];
	uint32_t last;

	if (place == 0)
		return;
	heap->where[id] = 0;
	last = heap->ids[--heap->n];
	if (last != id)
		sift(heap, place - 1, last);
}
