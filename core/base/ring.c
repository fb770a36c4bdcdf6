#include "base/ring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The shared part: what both ends see, each index on a cache line of its own. */
struct ring_shared {
	_Alignas(64) _Atomic uint32_t head; /* written by the producer */
	_Alignas(64) _Atomic uint32_t tail; /* written by the consumer */
	_Alignas(64) _Atomic uint32_t armed;
	_Atomic uint64_t full;
	_Alignas(64) uint8_t slots[];
};

struct zv_ring {
	struct ring_shared *shared;
	size_t map_bytes;
	uint32_t msg_size;
	uint32_t mask;
	int wake_fd;
};

enum zv_err zv_ring_create(uint32_t msg_size, uint32_t count, int wake_fd,
			   struct zv_ring **ret_ring)
{
	struct zv_ring *r;
	uint32_t n = 1;
	int fd;

	if (msg_size == 0 || msg_size > 4096 || count == 0 || count > 1u << 20)
		return ZV_EINVAL;
	while (n < count)
		n <<= 1;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ZV_ENOMEM;
	r->msg_size = msg_size;
	r->mask = n - 1;
	r->wake_fd = wake_fd;
	r->map_bytes = sizeof(struct ring_shared) + (size_t)n * msg_size;
	fd = memfd_create("zvonar-ring", MFD_CLOEXEC);
	if (fd < 0)
		goto fail;
	if (ftruncate(fd, (off_t)r->map_bytes) != 0) {
		close(fd);
		goto fail;
	}
	r->shared = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (r->shared == MAP_FAILED)
		goto fail;
	*ret_ring = r;
	return ZV_OK;

fail:
	free(r);
	return ZV_ENOMEM;
}

void zv_ring_destroy(struct zv_ring *ring)
{
	if (ring == NULL)
		return;
	munmap(ring->shared, ring->map_bytes);
	free(ring);
}

enum zv_err zv_ring_push(struct zv_ring *ring, const void *msg)
{
	struct ring_shared *s = ring->shared;
	uint32_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&s->tail, memory_order_acquire);

	if (head - tail > ring->mask) {
		atomic_fetch_add_explicit(&s->full, 1, memory_order_relaxed);
		return ZV_EFULL;
	}
	memcpy(s->slots + (size_t)(head & ring->mask) * ring->msg_size, msg, ring->msg_size);
	/* Sequentially consistent, paired with zv_ring_arm: either the consumer sees the
	 * message or we see that it armed. */
	atomic_store_explicit(&s->head, head + 1, memory_order_seq_cst);
	if (atomic_load_explicit(&s->armed, memory_order_seq_cst) != 0 &&
	    atomic_exchange_explicit(&s->armed, 0, memory_order_seq_cst) != 0 &&
	    ring->wake_fd >= 0) {
		uint64_t one = 1;
		ssize_t ignored = write(ring->wake_fd, &one, sizeof(one));
		(void)ignored; /* EAGAIN: the counter is full, so the reader is awake */
	}
	return ZV_OK;
}

uint32_t zv_ring_room(const struct zv_ring *ring)
{
	struct ring_shared *s = ring->shared;

	return ring->mask + 1 -
	       (atomic_load_explicit(&s->head, memory_order_relaxed) -
		atomic_load_explicit(&s->tail, memory_order_acquire));
}

uint64_t zv_ring_full_count(const struct zv_ring *ring)
{
	return atomic_load_explicit(&ring->shared->full, memory_order_relaxed);
}

uint32_t zv_ring_pop(struct zv_ring *ring, void *msgs, uint32_t max)
{
	struct ring_shared *s = ring->shared;
	uint32_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	uint32_t n = atomic_load_explicit(&s->head, memory_order_acquire) - tail;
	uint8_t *to = msgs;

	if (n > max)
		n = max;
	for (uint32_t i = 0; i < n; i++)
		memcpy(to + (size_t)i * ring->msg_size,
		       s->slots + (size_t)((tail + i) & ring->mask) * ring->msg_size,
		       ring->msg_size);
	if (n > 0)
		atomic_store_explicit(&s->tail, tail + n, memory_order_release);
	return n;
}

bool zv_ring_arm(struct zv_ring *ring)
{
	struct ring_shared *s = ring->shared;

	atomic_store_explicit(&s->armed, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&s->head, memory_order_seq_cst) !=
	    atomic_load_explicit(&s->tail, memory_order_relaxed)) {
		atomic_store_explicit(&s->armed, 0, memory_order_relaxed);
		return false;
	}
	return true;
}
