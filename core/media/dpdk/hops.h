/* media/dpdk/hops.h -- to which MAC address a datagram goes: the kernel's routes and neighbours,
 * asked by a thread of its own and followed.
 *
 * Threads: find and the inline functions on media threads, without a lock or a wait; the rest by
 * whoever makes media.  A receiver whose next hop is not known yet gets nothing: the caller drops
 * the packet and counts it.
 */
#ifndef ZV_MEDIA_DPDK_HOPS_H
#define ZV_MEDIA_DPDK_HOPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "zvonar/err.h"

#define ZV_HOP_KNOWN (UINT64_C(1) << 63)

/* A receiver.  Never freed; its place may become another's when it was not used for long. */
struct zv_hop {
	_Atomic uint32_t ip;      /* as it stands in a packet; 0: free */
	_Atomic uint32_t used_s;  /* monotonic */
	_Atomic uint64_t mac;     /* first byte lowest; ZV_HOP_KNOWN or nothing */
};

struct zv_hops;
/* ifindex: routes that leave by another interface lead nowhere.  Errors: ZV_ENOMEM, ZV_EIO. */
enum zv_err zv_hops_create(int ifindex, void (*log)(int level, const char *text),
			   struct zv_hops **ret_hops) ZV_MUST_USE;
void zv_hops_destroy(struct zv_hops *hops); /* accepts NULL; ends its thread */

/* The receiver's place, taken if it has none; NULL: no room. */
struct zv_hop *zv_hops_find(struct zv_hops *hops, uint32_t ip);
/* Frames that the interface or its driver lost since the start, by its counter; any thread. */
uint64_t zv_hops_lost(const struct zv_hops *hops);

/* 0: not known now, or no longer this receiver's place. */
static inline uint64_t zv_hop_mac(const struct zv_hop *hop, uint32_t ip)
{
	uint64_t mac = atomic_load_explicit(&hop->mac, memory_order_acquire);

	return atomic_load_explicit(&hop->ip, memory_order_relaxed) == ip ? mac : 0;
}

static inline void zv_hop_use(struct zv_hop *hop, uint32_t now_s)
{
	if (atomic_load_explicit(&hop->used_s, memory_order_relaxed) != now_s)
		atomic_store_explicit(&hop->used_s, now_s, memory_order_relaxed);
}

#endif
