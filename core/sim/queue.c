#include "sim/queue.h"

#include <stdbool.h>
#include <stdlib.h>

enum zv_err zv_sim_queue_init(struct zv_sim_queue *queue, uint32_t cap)
{
	*queue = (struct zv_sim_queue){.cap = cap};
	queue->v = malloc(cap * sizeof(*queue->v));
	return queue->v == NULL ? ZV_ENOMEM : ZV_OK;
}

void zv_sim_queue_fini(struct zv_sim_queue *queue)
{
	free(queue->v);
	*queue = (struct zv_sim_queue){0};
}

static bool before(const struct zv_sim_item *a, const struct zv_sim_item *b)
{
	return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

enum zv_err zv_sim_queue_push(struct zv_sim_queue *q, const struct zv_sim_item *item)
{
	struct zv_sim_item x = *item;
	uint32_t i;

	if (q->n == q->cap) {
		struct zv_sim_item *v = realloc(q->v, 2 * (size_t)q->cap * sizeof(*v));

		if (v == NULL)
			return ZV_ENOMEM;
		q->v = v;
		q->cap *= 2;
	}
	x.order = q->order++;
	for (i = q->n++; i > 0 && before(&x, &q->v[(i - 1) / 4]); i = (i - 1) / 4)
		q->v[i] = q->v[(i - 1) / 4];
	q->v[i] = x;
	return ZV_OK;
}

struct zv_sim_item zv_sim_queue_pop(struct zv_sim_queue *q)
{
	struct zv_sim_item top = q->v[0], last = q->v[--q->n];
	uint32_t i = 0;

	for (;;) {
		uint32_t c = 4 * i + 1, best = c;

		if (c >= q->n)
			break;
		for (uint32_t k = c + 1; k < c + 4 && k < q->n; k++)
			if (before(&q->v[k], &q->v[best]))
				best = k;
		if (!before(&q->v[best], &last))
			break;
		q->v[i] = q->v[best];
		i = best;
	}
	q->v[i] = last;
	return top;
}
