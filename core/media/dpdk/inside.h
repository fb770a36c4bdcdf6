/* media/dpdk/inside.h -- the module's own parts: one device, a queue of it a media thread.
 *
 * Threads: device and hops are made and ended by whoever makes media.  A queue belongs to its
 * media thread, which takes no lock, allocates nothing and logs nothing.  Frames that came on
 * another thread's queue are handed over by rings of one writer and one reader each.
 */
#ifndef ZV_MEDIA_DPDK_INSIDE_H
#define ZV_MEDIA_DPDK_INSIDE_H

#include <net/if.h>
#include <stdatomic.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "media/dpdk/dpdk.h"
#include "media/dpdk/hops.h"
#include "media/dpdk/steering.h"
#include "media/ether.h"

#define ZV_DPDK_DESCRIPTORS 4096u /* a stall of several ms at 500,000 packets a second */
#define ZV_DPDK_NO_PORT     UINT16_MAX

/* What a packet that leaves needs stands first, in two lines of the cache. */
struct port {
	_Alignas(64) uint32_t peer_ip; /* as it stands in a packet */
	uint16_t peer_port;
	bool open;
	bool headed;          /* head is for peer_ip and peer_port */
	struct zv_hop *hop;
	uint64_t mac;         /* of the hop, as the head has it */
	struct zv_ether_head head;
	uint32_t ip;          /* our own, as it stands in a packet */
	uint16_t port;
	uint32_t rejected;
	uint64_t from_drain;  /* of the queue's drains: what was there before is not for us... */
	uint64_t from_taken;  /* ...nor what was taken before, where it is never empty */
	struct zv_filter filter;
};

/* What came and waits for the caller, or is lent to him until the next rx. */
struct batch {
	uint32_t n;
	struct zv_packet packets[ZV_PACKET_BURST];
	struct rte_mbuf *mbufs[ZV_PACKET_BURST];
};

struct queue {
	struct zv_packet_io io;
	struct dpdk *dpdk;
	uint16_t id;              /* the device's, and the thread's number */
	bool known;               /* the thread is known to DPDK */
	uint32_t n_ports, n_open, n_watched;
	struct port *ports;
	struct port rtcp;
	int epoll_fd;             /* the wake descriptors, edge-triggered */
	struct rte_mempool *pool;
	uint64_t drains;          /* how often the device had nothing more */
	uint64_t taken;           /* frames of it, and of other threads */
	struct batch waiting, reports, lent; /* reports: RTCP's */
	uint32_t n_rooms;
	uint8_t scratch[ZV_PACKET_MAX];
	struct rte_mbuf *rooms[ZV_PACKET_BURST]; /* the data of the next packets stands in these */
	struct rte_ring *handed[ZV_MEDIA_THREADS_MAX]; /* from queue i; NULL in the own place */
	/* read by any thread */
	_Atomic uint64_t unresolved, full, foreign, passed_up, passed_down, handed_on, handed_lost;
};

struct dpdk {
	struct zv_dpdk_conf conf;
	struct zv_media_plan plan;
	void (*log)(int level, const char *text);
	uint16_t port, tap; /* of DPDK; ZV_DPDK_NO_PORT: none */
	uint8_t mac[6];
	uint32_t ip[ZV_MEDIA_ADDRS_MAX]; /* of the plan's ranges, as they stand in a packet */
	struct zv_steering *steering;
	struct zv_hops *hops; /* NULL: every frame goes to our own address */
	struct queue *queues[ZV_MEDIA_THREADS_MAX];
};

/* eal.c: DPDK itself. */
enum zv_err zv_eal_start(const struct zv_dpdk_conf *conf, const char *device,
			 void (*log)(int level, const char *text), char *text, size_t text_size) ZV_MUST_USE;

/* device.c */
enum zv_err zv_device_start(struct dpdk *d, char *text, size_t text_size) ZV_MUST_USE;
void zv_device_stop(struct dpdk *d); /* queues must be gone */

/* queue.c */
enum zv_err zv_queue_create(struct dpdk *d, uint16_t thread, struct queue **ret_queue) ZV_MUST_USE;

/* deliver.c: what came on the device, sorted.  Fills q->waiting and q->reports as
 * far as there is room. */
void zv_queue_poll(struct queue *q);
struct port *zv_queue_port(struct queue *q, uint32_t port);

/* One writer, many readers: no locked instruction. */
static inline void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline uint32_t ip_of(const uint8_t bytes[4])
{
	uint32_t ip;

	memcpy(&ip, bytes, 4);
	return ip;
}

#endif
