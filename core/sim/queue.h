/* sim/queue.h -- what happens next: a heap of small entries by time, and among equal times by the
 * order in which they were put in.  Grows by doubling; a push takes no memory otherwise.
 */
#ifndef ZV_SIM_QUEUE_H
#define ZV_SIM_QUEUE_H

#include <stdint.h>

#include "zvonar/err.h"

struct zv_sim_item {
	int64_t at_ms;
	uint32_t order; /* the queue's to fill */
	uint16_t what, arg;
	uint32_t index, gen;
};

struct zv_sim_queue {
	struct zv_sim_item *v;
	uint32_t n, cap, order;
};

/* ZV_ENOMEM. */
enum zv_err zv_sim_queue_init(struct zv_sim_queue *queue, uint32_t cap) ZV_MUST_USE;
void zv_sim_queue_fini(struct zv_sim_queue *queue); /* accepts a zeroed one */
/* ZV_ENOMEM: it is not in. */
enum zv_err zv_sim_queue_push(struct zv_sim_queue *queue, const struct zv_sim_item *item) ZV_MUST_USE;
/* queue->n > 0. */
struct zv_sim_item zv_sim_queue_pop(struct zv_sim_queue *queue);

static inline int64_t zv_sim_queue_next(const struct zv_sim_queue *queue)
{
	return queue->n == 0 ? INT64_MAX : queue->v[0].at_ms;
}

#endif
