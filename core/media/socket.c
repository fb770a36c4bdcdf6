#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "media/udp.h"

#define PER_PORT ZV_PACKET_PER_PORT

struct port {
	int fd;
	bool open;
	uint32_t rejected;
	struct zv_filter filter;
};

struct sockets {
	struct zv_packet_io io;
	uint32_t n_ports;
	struct port *ports;
	struct port rtcp;
	int epoll_fd; /* watched ports and wake fds, edge-triggered */
	struct zv_udp_batch batch;
};

static struct port *port_of(struct sockets *s, uint32_t port)
{
	return port == ZV_PACKET_RTCP ? &s->rtcp : &s->ports[port];
}

static void sockets_filter(struct zv_packet_io *io, uint32_t port, const struct zv_filter *filter)
{
	struct sockets *s = (struct sockets *)io;
	struct port *p = port_of(s, port);

	if (filter == NULL) {
		p->open = false;
		zv_udp_drain(p->fd);
		return;
	}
	if (!p->open) {
		zv_udp_drain(p->fd);
		p->rejected = 0;
	}
	p->open = true;
	p->filter = *filter;
}

static uint32_t sockets_rejected(const struct zv_packet_io *io, uint32_t port)
{
	const struct sockets *s = (const struct sockets *)io;

	return port == ZV_PACKET_RTCP ? s->rtcp.rejected : s->ports[port].rejected;
}

static uint32_t sockets_rx(struct zv_packet_io *io, const uint32_t *ports, uint32_t n_ports,
			   struct zv_packet *ret_packets, uint32_t max)
{
	struct sockets *s = (struct sockets *)io;
	struct zv_udp_batch *b = &s->batch;
	uint32_t n = 0, used = 0;

	if (max > ZV_PACKET_BURST)
		max = ZV_PACKET_BURST;
	for (uint32_t i = 0; i < n_ports && used < max; i++) {
		struct port *p = port_of(s, ports[i]);
		uint32_t most = max - used < PER_PORT ? max - used : PER_PORT;
		uint32_t got = p->open ? zv_udp_read(b, p->fd, used, most) : 0;

		for (uint32_t m = 0; m < got; m++, used++) {
			struct zv_packet *pkt = &ret_packets[n];

			pkt->port = ports[i];
			pkt->len = b->msgs[m].msg_len;
			pkt->data = b->bufs[used];
			zv_udp_peer(&b->names[m], &pkt->peer);
			if (b->msgs[m].msg_hdr.msg_flags & MSG_TRUNC ||
			    (ports[i] != ZV_PACKET_RTCP && !zv_filter_pass(&p->filter, &pkt->peer))) {
				p->rejected++;
				io->rejected++;
				continue;
			}
			pkt->at_ns = zv_udp_control(&b->msgs[m].msg_hdr, NULL);
			n++;
		}
	}
	return n;
}

/* Edge-triggered: a port is named once for what came, and reading it to the end is the
 * caller's part.  What he leaves is named with the next packet. */
static void watch_fd(struct sockets *s, int fd, uint32_t name, bool on)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = name};

	(void)epoll_ctl(s->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &ev);
}

static void sockets_watch(struct zv_packet_io *io, uint32_t port, bool on)
{
	struct sockets *s = (struct sockets *)io;

	watch_fd(s, port_of(s, port)->fd, port, on);
}

static void sockets_wake_by(struct zv_packet_io *io, int fd)
{
	watch_fd((struct sockets *)io, fd, ZV_PACKET_WOKEN, true);
}

static uint32_t sockets_ready(struct zv_packet_io *io, int64_t wait_ns, uint32_t *ret_ports,
			      uint32_t max)
{
	struct sockets *s = (struct sockets *)io;
	struct epoll_event events[ZV_PACKET_BURST];
	struct timespec ts = {wait_ns / 1000000000, wait_ns % 1000000000};
	int n;

	if (max > ZV_PACKET_BURST)
		max = ZV_PACKET_BURST;
	if (wait_ns > 0)
		n = epoll_pwait2(s->epoll_fd, events, (int)max, &ts, NULL);
	else
		n = epoll_wait(s->epoll_fd, events, (int)max, 0);
	for (int i = 0; i < n; i++)
		ret_ports[i] = events[i].data.u32;
	return n > 0 ? (uint32_t)n : 0;
}

/* A socket sends with its own port only: one call a packet, but for runs of one port (RTCP). */
static uint32_t sockets_tx(struct zv_packet_io *io, const struct zv_packet *packets, uint32_t n)
{
	struct sockets *s = (struct sockets *)io;
	struct sockaddr_storage sa;
	uint32_t sent = 0, run;

	for (uint32_t i = 0; i < n; i += run) {
		const struct zv_packet *p = &packets[i];
		int fd = port_of(s, p->port)->fd;

		for (run = 1; i + run < n && run < ZV_PACKET_BURST && p[run].port == p->port;)
			run++;
		if (run > 1) {
			sent += zv_udp_send(&s->batch, fd, p, run);
			continue;
		}
		if (sendto(fd, p->data, p->len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sa,
			   zv_udp_sockaddr(&p->peer, &sa)) >= 0)
			sent++;
	}
	return sent;
}

static void sockets_destroy(struct zv_packet_io *io)
{
	struct sockets *s = (struct sockets *)io;

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->n_ports; i++)
		if (s->ports[i].fd >= 0)
			close(s->ports[i].fd);
	if (s->rtcp.fd >= 0)
		close(s->rtcp.fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s->ports);
	free(s);
}

static const struct zv_packet_ops sockets_ops = {
	.filter = sockets_filter,
	.rejected = sockets_rejected,
	.rx = sockets_rx,
	.watch = sockets_watch,
	.wake_by = sockets_wake_by,
	.ready = sockets_ready,
	.tx = sockets_tx,
	.destroy = sockets_destroy,
};

enum zv_err zv_sockets_create(const struct zv_media_plan *plan, uint32_t thread, char *text,
			      size_t text_size, struct zv_packet_io **ret_io)
{
	uint32_t n = (plan->n_slots + plan->n_threads - 1 - thread) / plan->n_threads;
	struct sockets *s = calloc(1, sizeof(*s));
	enum zv_err err = ZV_ENOMEM;

	if (s == NULL)
		return ZV_ENOMEM;
	s->io.ops = &sockets_ops;
	s->rtcp.fd = -1;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		goto fail;
	s->ports = calloc(n > 0 ? n : 1, sizeof(*s->ports));
	if (s->ports == NULL)
		goto fail;
	for (uint32_t i = 0; i < n; i++, s->n_ports++) {
		struct zv_ip ip;
		uint16_t port;

		zv_media_addr(plan, i * plan->n_threads + thread, &ip, &port);
		err = zv_udp_open(&ip, port, text, text_size, &s->ports[i].fd);
		if (err != ZV_OK)
			goto fail;
	}
	err = zv_udp_open(&plan->ranges[0].ip, plan->rtcp_port[thread], text, text_size, &s->rtcp.fd);
	if (err != ZV_OK)
		goto fail;
	s->rtcp.open = true;
	*ret_io = &s->io;
	return ZV_OK;

fail:
	sockets_destroy(&s->io);
	return err;
}
