#include "media/dpdk/inside.h"

#include <time.h>

#include <rte_prefetch.h>

#define BURSTS 16 /* a poll: strangers' packets must not keep ours from being read */

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

struct port *zv_queue_port(struct queue *q, uint32_t port)
{
	if (port == ZV_PACKET_RTCP)
		return &q->rtcp;
	return port < q->n_ports ? &q->ports[port] : NULL;
}

/* Whose a datagram is: a direct table by address and port, the plan itself. */
static bool find_owner(const struct dpdk *d, const struct zv_datagram *g, uint32_t *ret_thread,
		       uint32_t *ret_port)
{
	uint32_t ip = ip_of(g->to_ip), first = 0;

	for (uint32_t i = 0; i < d->plan.n_ranges; i++) {
		const struct zv_media_range *r = &d->plan.ranges[i];
		uint32_t at = (uint32_t)(g->to_port - r->port_first) / 2u;

		if (d->ip[i] == ip && g->to_port >= r->port_first && at < r->n_ports &&
		    ((g->to_port ^ r->port_first) & 1) == 0 && first + at < d->plan.n_slots) {
			*ret_thread = (first + at) % d->plan.n_threads;
			*ret_port = (first + at) / d->plan.n_threads;
			return true;
		}
		first += r->n_ports;
	}
	for (uint32_t i = 0; d->ip[0] == ip && i < d->plan.n_threads; i++) {
		if (d->plan.rtcp_port[i] != g->to_port)
			continue;
		*ret_thread = i;
		*ret_port = ZV_PACKET_RTCP;
		return true;
	}
	return false;
}

/* true: it waits for the caller now. */
static bool keep(struct queue *q, struct rte_mbuf *m, uint32_t port, const struct zv_datagram *g)
{
	struct batch *b = port == ZV_PACKET_RTCP ? &q->reports : &q->waiting;
	struct zv_packet *packet = &b->packets[b->n];
	struct port *p = zv_queue_port(q, port);

	if (p == NULL || !p->open || b->n == ZV_PACKET_BURST)
		return false;
	/* Frames that stood in the queue when the port was opened came while it was closed. */
	if (p->from_drain > q->drains && p->from_taken > q->taken)
		return false;
	packet->peer = (struct zv_peer){.ip = {.family = 4}, .port = g->from_port};
	memcpy(packet->peer.ip.bytes, g->from_ip, 4);
	if (g->len > ZV_PACKET_MAX ||
	    (port != ZV_PACKET_RTCP && !zv_filter_pass(&p->filter, &packet->peer))) {
		p->rejected++;
		q->io.rejected++;
		return false;
	}
	packet->port = port;
	packet->len = g->len;
	packet->at_ns = 0;
	packet->data = rte_pktmbuf_mtod_offset(m, uint8_t *, g->payload - rte_pktmbuf_mtod(m, uint8_t *));
	b->mbufs[b->n++] = m;
	return true;
}

/* true: the frame is taken care of; false: it is nobody's here. */
static bool deliver(struct queue *q, struct rte_mbuf *m)
{
	struct zv_datagram g;
	uint32_t thread, port;

	if (m->nb_segs != 1 ||
	    !zv_ether_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &g) ||
	    !find_owner(q->dpdk, &g, &thread, &port))
		return false;
	if (thread != q->id) {
		struct queue *to = q->dpdk->queues[thread];

		if (rte_ring_sp_enqueue(to->handed[q->id], m) == 0) {
			count(&q->handed_on, 1);
		} else {
			count(&q->handed_lost, 1);
			rte_pktmbuf_free(m);
		}
	} else if (!keep(q, m, port, &g)) {
		rte_pktmbuf_free(m);
	}
	return true;
}

static uint64_t pass(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t sent = rte_eth_tx_burst(port, queue, mbufs, n);

	if (sent < n)
		rte_pktmbuf_free_bulk(mbufs + sent, (unsigned)(n - sent));
	return sent;
}

static void sort(struct queue *q, struct rte_mbuf **mbufs, uint16_t n)
{
	struct rte_mbuf *others[ZV_PACKET_BURST];
	uint16_t n_others = 0;

	q->taken += n;
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
	for (uint16_t i = 0; i < n; i++)
		if (!deliver(q, mbufs[i]))
			others[n_others++] = mbufs[i];
	if (n_others == 0)
		return;
	if (q->dpdk->tap != ZV_DPDK_NO_PORT) {
		count(&q->passed_up, pass(q->dpdk->tap, q->id, others, n_others));
	} else {
		count(&q->foreign, n_others);
		rte_pktmbuf_free_bulk(others, n_others);
	}
}

static void pass_down(struct queue *q)
{
	struct rte_mbuf *mbufs[ZV_PACKET_BURST];
	uint16_t n = rte_eth_rx_burst(q->dpdk->tap, q->id, mbufs, ZV_PACKET_BURST);

	if (n > 0)
		count(&q->passed_down, pass(q->dpdk->port, q->id, mbufs, n));
}

/* What other threads' queues got for this one. */
static bool take_handed(struct queue *q)
{
	struct rte_mbuf *mbufs[ZV_PACKET_BURST];
	bool all = true;

	for (uint32_t i = 0; i < q->dpdk->plan.n_threads; i++) {
		unsigned room = ZV_PACKET_BURST - q->waiting.n, left = 0;
		unsigned n = q->handed[i] == NULL ? 0
				     : rte_ring_sc_dequeue_burst(q->handed[i], (void **)mbufs, room, &left);

		sort(q, mbufs, (uint16_t)n);
		all = all && left == 0;
	}
	return all;
}

void zv_queue_poll(struct queue *q)
{
	struct rte_mbuf *mbufs[ZV_PACKET_BURST];
	uint32_t before = q->waiting.n;
	bool all = true;

	if (q->dpdk->plan.n_threads > 1)
		all = take_handed(q);
	for (int i = 0; i < BURSTS && q->waiting.n < ZV_PACKET_BURST; i++) {
		uint16_t room = (uint16_t)(ZV_PACKET_BURST - q->waiting.n);
		uint16_t n = rte_eth_rx_burst(q->dpdk->port, q->id, mbufs, room);

		sort(q, mbufs, n);
		if (n < room) {
			q->drains += all ? 1 : 0;
			break;
		}
	}
	if (q->dpdk->tap != ZV_DPDK_NO_PORT)
		pass_down(q);
	if (q->waiting.n > before) {
		int64_t now = wall_ns();

		for (uint32_t i = before; i < q->waiting.n; i++)
			q->waiting.packets[i].at_ns = now; /* of reports nobody asks it */
	}
}
