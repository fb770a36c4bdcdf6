#include "media/dpdk/inside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <rte_lcore.h>

#define WATCHED_NS INT64_C(500000)  /* how soon a packet that somebody hears is seen */
#define OPEN_NS    INT64_C(2000000) /* and one that only waits for the next tick */
#define TRIES      3                /* of a full ring: the driver empties it when it is told */
#define DSCP_EF    0xb8             /* RFC 3246, in the place of the TOS byte */
#define HANDED     4096u
#define AHEAD      4u               /* ports that are fetched before it is their turn */

static int64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* DPDK gives a thread that it knows a cache of memory.  The tap's signals are for this one. */
static void introduce(struct queue *q)
{
	sigset_t set;

	q->known = true;
	if (rte_lcore_id() == LCORE_ID_ANY)
		(void)rte_thread_register(); /* without: slower, no more */
	if (q->dpdk->tap == ZV_DPDK_NO_PORT)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		sigaddset(&set, i);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void forget(struct batch *b, uint32_t port)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		if (b->packets[i].port == port) {
			rte_pktmbuf_free(b->mbufs[i]);
			continue;
		}
		b->packets[n] = b->packets[i];
		b->mbufs[n++] = b->mbufs[i];
	}
	b->n = n;
}

static void dpdk_filter(struct zv_packet_io *io, uint32_t port, const struct zv_filter *filter)
{
	struct queue *q = (struct queue *)io;
	struct port *p = zv_queue_port(q, port);
	uint64_t drains = q->drains;

	if (filter == NULL) {
		q->n_open -= p->open ? 1 : 0;
		p->open = false;
		forget(&q->waiting, port);
		return;
	}
	if (!p->open) {
		if (!q->known)
			introduce(q);
		zv_queue_poll(q);
		p->from_drain = q->drains > drains ? q->drains : q->drains + 1;
		p->from_taken = q->taken + ZV_DPDK_DESCRIPTORS + (q->dpdk->plan.n_threads - 1) * HANDED;
		p->rejected = 0;
		p->open = true;
		q->n_open++;
	}
	p->filter = *filter;
	/* The next hop is asked for now, so that it is known when the first packet goes. */
	if (q->dpdk->hops != NULL && filter->peer.ip.family == 4)
		(void)zv_hops_find(q->dpdk->hops, ip_of(filter->peer.ip.bytes));
}

static uint32_t dpdk_rejected(const struct zv_packet_io *io, uint32_t port)
{
	const struct queue *q = (const struct queue *)io;

	return port == ZV_PACKET_RTCP ? q->rtcp.rejected : q->ports[port].rejected;
}

static void give_back(struct batch *b)
{
	if (b->n > 0)
		rte_pktmbuf_free_bulk(b->mbufs, b->n);
	b->n = 0;
}

/* The first of a batch to the caller, until his next rx. */
static uint32_t lend(struct queue *q, struct batch *from, struct zv_packet *ret_packets, uint32_t max)
{
	uint32_t n = from->n < max ? from->n : max, rest = from->n - n;

	memcpy(ret_packets, from->packets, n * sizeof(*ret_packets));
	memcpy(q->lent.mbufs, from->mbufs, n * sizeof(from->mbufs[0]));
	memmove(from->packets, from->packets + n, rest * sizeof(from->packets[0]));
	memmove(from->mbufs, from->mbufs + n, rest * sizeof(from->mbufs[0]));
	q->lent.n = n;
	from->n = rest;
	return n;
}

static uint32_t dpdk_rx(struct zv_packet_io *io, const uint32_t *ports, uint32_t n_ports,
			struct zv_packet *ret_packets, uint32_t max)
{
	struct queue *q = (struct queue *)io;

	if (!q->known)
		introduce(q);
	give_back(&q->lent);
	if (n_ports > 0) {
		if (ports[0] != ZV_PACKET_RTCP)
			return 0; /* of a single port: see one_queue */
		return lend(q, &q->reports, ret_packets, max);
	}
	/* A burst that is not full says that there is nothing more. */
	if (q->waiting.n < max)
		zv_queue_poll(q);
	return lend(q, &q->waiting, ret_packets, max);
}

static void dpdk_watch(struct zv_packet_io *io, uint32_t port, bool on)
{
	struct queue *q = (struct queue *)io;

	(void)port;
	q->n_watched += on ? 1u : UINT32_MAX;
}

static void dpdk_wake_by(struct zv_packet_io *io, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};

	(void)epoll_ctl(((struct queue *)io)->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* There is no interrupt to wait for: a nap, which a wake descriptor ends. */
static bool nap(const struct queue *q, int64_t left_ns)
{
	struct epoll_event ev;
	struct timespec ts;

	if ((q->n_watched > 0 || q->dpdk->tap != ZV_DPDK_NO_PORT) && left_ns > WATCHED_NS)
		left_ns = WATCHED_NS;
	else if (q->n_open > 0 && left_ns > OPEN_NS)
		left_ns = OPEN_NS;
	ts = (struct timespec){left_ns / 1000000000, left_ns % 1000000000};
	return epoll_pwait2(q->epoll_fd, &ev, 1, &ts, NULL) > 0;
}

static uint32_t dpdk_ready(struct zv_packet_io *io, int64_t wait_ns, uint32_t *ret_ports, uint32_t max)
{
	struct queue *q = (struct queue *)io;
	int64_t until = wait_ns > 0 ? mono_ns() + wait_ns : 0, left = wait_ns;
	bool woken = false;

	(void)max; /* one name is enough */
	if (!q->known)
		introduce(q);
	do {
		if (left > 0 && q->waiting.n == 0)
			woken = nap(q, left);
		zv_queue_poll(q);
		left = wait_ns > 0 ? until - mono_ns() : 0;
	} while (left > 0 && !woken && q->waiting.n == 0);
	if (q->waiting.n == 0 && !woken)
		return 0;
	ret_ports[0] = q->waiting.n > 0 ? ZV_PACKET_ANY : ZV_PACKET_WOKEN;
	return 1;
}

static void make_head(struct queue *q, struct port *p, const struct zv_peer *to)
{
	struct zv_ether_ends ends = {.from_port = p->port, .to_port = to->port, .tos = DSCP_EF};

	p->peer_ip = ip_of(to->ip.bytes);
	p->peer_port = to->port;
	memcpy(ends.from_mac, q->dpdk->mac, 6);
	memcpy(ends.to_mac, q->dpdk->mac, 6);
	memcpy(ends.from_ip, &p->ip, 4);
	memcpy(ends.to_ip, to->ip.bytes, 4);
	zv_ether_make(&ends, &p->head);
	p->hop = q->dpdk->hops != NULL ? zv_hops_find(q->dpdk->hops, p->peer_ip) : NULL;
	p->mac = 0;
	p->headed = true;
}

/* false: where to is not known at this moment. */
static bool find_head(struct queue *q, struct port *p, const struct zv_peer *to, uint32_t now_s)
{
	uint64_t mac;
	uint8_t bytes[6];

	if (to->ip.family != 4)
		return false;
	if (!p->headed || p->peer_port != to->port || p->peer_ip != ip_of(to->ip.bytes))
		make_head(q, p, to);
	if (q->dpdk->hops == NULL)
		return true;
	mac = p->hop != NULL ? zv_hop_mac(p->hop, p->peer_ip) : 0;
	if (p->hop != NULL)
		zv_hop_use(p->hop, now_s);
	if (mac == 0) {
		p->headed = false;
		return false;
	}
	if (mac != p->mac) {
		for (int i = 0; i < 6; i++)
			bytes[i] = (uint8_t)(mac >> 8 * i);
		zv_ether_set_mac(&p->head, bytes);
		p->mac = mac;
	}
	return true;
}

static uint32_t send_burst(struct queue *q, struct rte_mbuf **mbufs, uint32_t n)
{
	uint32_t sent = 0;

	for (int i = 0; i < TRIES && sent < n; i++)
		sent += rte_eth_tx_burst(q->dpdk->port, q->id, mbufs + sent, (uint16_t)(n - sent));
	if (sent < n)
		count(&q->full, n - sent);
	return sent;
}

static uint8_t *frame_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, uint8_t *);
}

static void dpdk_rooms(struct zv_packet_io *io, uint32_t n, uint8_t **ret_data)
{
	struct queue *q = (struct queue *)io;

	if (!q->known)
		introduce(q);
	if (q->n_rooms < n && rte_pktmbuf_alloc_bulk(q->pool, q->rooms + q->n_rooms, n - q->n_rooms) == 0)
		q->n_rooms = n;
	for (uint32_t i = 0; i < n; i++) /* no memory: written to no avail, and found out by tx */
		ret_data[i] = i < q->n_rooms ? frame_of(q->rooms[i]) + ZV_ETHER_HEAD : q->scratch;
}

/* Mbufs for the packets, with the payload in them: those that it was written to, or new ones. */
static bool fill(struct queue *q, const struct zv_packet *packets, uint32_t n, struct rte_mbuf **mbufs)
{
	uint32_t at = 0;

	while (at < n && at < q->n_rooms && packets[at].data == frame_of(q->rooms[at]) + ZV_ETHER_HEAD) {
		mbufs[at] = q->rooms[at];
		at++;
	}
	if (at > 0) {
		q->n_rooms -= at;
		memmove(q->rooms, q->rooms + at, q->n_rooms * sizeof(q->rooms[0]));
	}
	if (at < n && rte_pktmbuf_alloc_bulk(q->pool, mbufs + at, n - at) != 0) {
		rte_pktmbuf_free_bulk(mbufs, at);
		return false;
	}
	for (; at < n; at++)
		if (packets[at].len <= ZV_PACKET_MAX)
			memcpy(frame_of(mbufs[at]) + ZV_ETHER_HEAD, packets[at].data, packets[at].len);
	return true;
}

static void fetch(const struct port *p)
{
	rte_prefetch0(p);
	rte_prefetch0((const char *)p + RTE_CACHE_LINE_SIZE);
}

static uint32_t tx_some(struct queue *q, const struct zv_packet *packets, uint32_t n, uint32_t now_s)
{
	struct rte_mbuf *mbufs[ZV_PACKET_BURST], *lost[ZV_PACKET_BURST];
	uint32_t ready = 0, sent, unresolved = 0;

	if (!fill(q, packets, n, mbufs)) {
		count(&q->full, n);
		return 0;
	}
	for (uint32_t i = 0; i < n && i < AHEAD; i++)
		fetch(zv_queue_port(q, packets[i].port));
	for (uint32_t i = 0; i < n; i++) {
		struct port *p = zv_queue_port(q, packets[i].port);
		struct rte_mbuf *m = mbufs[i];

		if (i + AHEAD < n)
			fetch(zv_queue_port(q, packets[i + AHEAD].port));
		if (packets[i].len > ZV_PACKET_MAX || !find_head(q, p, &packets[i].peer, now_s)) {
			lost[unresolved++] = m;
			continue;
		}
		zv_ether_finish(&p->head, packets[i].len, frame_of(m));
		m->data_len = (uint16_t)(ZV_ETHER_HEAD + packets[i].len);
		m->pkt_len = m->data_len;
		mbufs[ready++] = m;
	}
	sent = send_burst(q, mbufs, ready);
	if (sent < ready)
		rte_pktmbuf_free_bulk(mbufs + sent, ready - sent);
	if (unresolved > 0) {
		rte_pktmbuf_free_bulk(lost, unresolved);
		count(&q->unresolved, unresolved);
	}
	return sent;
}

static uint32_t dpdk_tx(struct zv_packet_io *io, const struct zv_packet *packets, uint32_t n)
{
	struct queue *q = (struct queue *)io;
	uint32_t sent = 0, some, now_s = (uint32_t)(mono_ns() / 1000000000);

	if (!q->known)
		introduce(q);
	for (uint32_t at = 0; at < n; at += some) {
		some = n - at < ZV_PACKET_BURST ? n - at : ZV_PACKET_BURST;
		sent += tx_some(q, packets + at, some, now_s);
	}
	return sent;
}

static void dpdk_stats(const struct zv_packet_io *io, struct zv_packet_stats *ret)
{
	const struct queue *q = (const struct queue *)io;
	struct rte_eth_stats eth;

	*ret = (struct zv_packet_stats){
		.unresolved = atomic_load_explicit(&q->unresolved, memory_order_relaxed),
		.full = atomic_load_explicit(&q->full, memory_order_relaxed),
		.foreign = atomic_load_explicit(&q->foreign, memory_order_relaxed),
		.passed_up = atomic_load_explicit(&q->passed_up, memory_order_relaxed),
		.passed_down = atomic_load_explicit(&q->passed_down, memory_order_relaxed),
		.handed = atomic_load_explicit(&q->handed_on, memory_order_relaxed),
		.lost = atomic_load_explicit(&q->handed_lost, memory_order_relaxed),
	};
	if (q->id != 0) /* the device's own counters stand once */
		return;
	if (q->dpdk->hops != NULL)
		ret->lost += zv_hops_lost(q->dpdk->hops);
	if (rte_eth_stats_get(q->dpdk->port, &eth) == 0)
		ret->lost += eth.imissed + eth.ierrors + eth.rx_nombuf;
}

static void dpdk_destroy(struct zv_packet_io *io)
{
	struct queue *q = (struct queue *)io;

	if (q == NULL)
		return;
	give_back(&q->lent);
	give_back(&q->waiting);
	give_back(&q->reports);
	rte_pktmbuf_free_bulk(q->rooms, q->n_rooms);
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++) {
		void *m;

		while (q->handed[i] != NULL && rte_ring_sc_dequeue(q->handed[i], &m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(q->handed[i]);
	}
	if (q->epoll_fd >= 0)
		close(q->epoll_fd);
	q->dpdk->queues[q->id] = NULL;
	free(q->ports);
	free(q);
}

static const struct zv_packet_ops dpdk_ops = {
	.filter = dpdk_filter,
	.rejected = dpdk_rejected,
	.rx = dpdk_rx,
	.watch = dpdk_watch,
	.wake_by = dpdk_wake_by,
	.ready = dpdk_ready,
	.rooms = dpdk_rooms,
	.tx = dpdk_tx,
	.stats = dpdk_stats,
	.destroy = dpdk_destroy,
};

static enum zv_err make_rings(struct queue *q)
{
	for (uint32_t i = 0; i < q->dpdk->plan.n_threads; i++) {
		char name[RTE_RING_NAMESIZE];

		if (i == q->id)
			continue;
		snprintf(name, sizeof(name), "zv_%u_to_%u", i, q->id);
		q->handed[i] = rte_ring_create(name, HANDED, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (q->handed[i] == NULL)
			return ZV_ENOMEM;
	}
	return ZV_OK;
}

enum zv_err zv_queue_create(struct dpdk *d, uint16_t thread, struct queue **ret_queue)
{
	const struct zv_media_plan *plan = &d->plan;
	struct queue *q = aligned_alloc(64, sizeof(*q));
	enum zv_err err = ZV_ENOMEM;

	if (q == NULL)
		return ZV_ENOMEM;
	memset(q, 0, sizeof(*q));
	q->io.ops = &dpdk_ops;
	q->io.one_queue = true;
	q->io.polled = d->conf.steer == ZV_DPDK_EXCEPTION;
	q->dpdk = d;
	q->id = thread;
	q->n_ports = (plan->n_slots + plan->n_threads - 1 - thread) / plan->n_threads;
	q->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	q->ports = aligned_alloc(64, (q->n_ports + 1) * sizeof(*q->ports));
	if (q->epoll_fd < 0 || q->ports == NULL)
		goto fail;
	memset(q->ports, 0, (q->n_ports + 1) * sizeof(*q->ports));
	for (uint32_t i = 0; i < q->n_ports; i++) {
		struct zv_ip ip;

		zv_media_addr(plan, i * plan->n_threads + thread, &ip, &q->ports[i].port);
		q->ports[i].ip = ip_of(ip.bytes);
	}
	q->rtcp.ip = d->ip[0];
	q->rtcp.port = plan->rtcp_port[thread];
	q->rtcp.open = true;
	err = make_rings(q);
	if (err != ZV_OK)
		goto fail;
	*ret_queue = q;
	return ZV_OK;

fail:
	dpdk_destroy(&q->io);
	return err;
}
