/* base/ring.h -- a bounded ring of fixed-size messages between two threads.
 *
 * One producer thread, one consumer thread.  Messages are copied in and out; they carry ids
 * and numbers, never pointers.  When the ring is full zv_ring_push says ZV_EFULL and counts
 * it; what the sender then does is stated where the ring is declared (core/app/wires.h).
 * The memory is a memfd mapping, so that the two ends may become processes.
 *
 * Waking: the consumer, before it sleeps, calls zv_ring_arm and looks once more; a push that
 * finds the ring armed writes the eventfd.  Several rings may share one eventfd.
 */
#ifndef ZV_BASE_RING_H
#define ZV_BASE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "zvonar/err.h"

struct zv_ring;

/* count: rounded up to a power of two.  wake_fd: an eventfd, owned by the caller, or -1.
 * Boot only.  ZV_EINVAL (size 0 or over 4096, count over 2^20), ZV_ENOMEM. */
enum zv_err zv_ring_create(uint32_t msg_size, uint32_t count, int wake_fd,
			   struct zv_ring **ret_ring) ZV_MUST_USE;
/* Both ends have stopped.  Accepts NULL. */
void zv_ring_destroy(struct zv_ring *ring);

/* Producer.  Copies one message in and wakes an armed consumer.  ZV_EFULL. */
enum zv_err zv_ring_push(struct zv_ring *ring, const void *msg) ZV_MUST_USE;
/* Producer.  Free places, as far as the producer can know. */
uint32_t zv_ring_room(const struct zv_ring *ring);
/* How often push found the ring full.  Any thread. */
uint64_t zv_ring_full_count(const struct zv_ring *ring);

/* Consumer.  Copies up to max messages out; the number taken. */
uint32_t zv_ring_pop(struct zv_ring *ring, void *msgs, uint32_t max);
/* Consumer.  Ask for a wake-up at the next push; false: something is there already. */
bool zv_ring_arm(struct zv_ring *ring);

#endif
