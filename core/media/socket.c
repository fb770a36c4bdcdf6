#include "media/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PER_PORT ZV_PACKET_PER_PORT
/* Socket memory: about 40 packets, the most that an idle port can hold of the kernel's. */
#define RCVBUF   16384
#define DSCP_EF  0xb8 /* RFC 3246, in the place of the TOS byte */

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
	uint8_t bufs[ZV_PACKET_BURST][ZV_PACKET_MAX];
	struct mmsghdr msgs[PER_PORT];
	struct iovec iovs[PER_PORT];
	struct sockaddr_storage names[PER_PORT];
	_Alignas(struct cmsghdr) uint8_t controls[PER_PORT][CMSG_SPACE(sizeof(struct timespec))];
};

static socklen_t to_sockaddr(const struct zv_ip *ip, uint16_t port, struct sockaddr_storage *ret_sa)
{
	if (ip->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_sa;

		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&in6->sin6_addr, ip->bytes, 16);
		return sizeof(*in6);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)ret_sa;

	*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	memcpy(&in->sin_addr, ip->bytes, 4);
	return sizeof(*in);
}

static void from_sockaddr(const struct sockaddr_storage *sa, struct zv_peer *ret_peer)
{
	memset(ret_peer, 0, sizeof(*ret_peer));
	if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		ret_peer->ip.family = 6;
		memcpy(ret_peer->ip.bytes, &in6->sin6_addr, 16);
		ret_peer->port = ntohs(in6->sin6_port);
	} else if (sa->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		ret_peer->ip.family = 4;
		memcpy(ret_peer->ip.bytes, &in->sin_addr, 4);
		ret_peer->port = ntohs(in->sin_port);
	}
}

static void set_options(int fd, uint8_t family)
{
	int on = 1, rcvbuf = RCVBUF, tos = DSCP_EF;

	/* None of these is worth a refusal to start. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	else
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}

static enum zv_err bind_failed(const struct zv_ip *ip, uint16_t port, char *text, size_t text_size)
{
	int why = errno;
	char name[INET6_ADDRSTRLEN] = "?";

	inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->bytes, name, sizeof(name));
	if (why == EADDRINUSE) {
		snprintf(text, text_size, "media port %s:%u is in use by another program", name, port);
		return ZV_EEXIST;
	}
	if (why == EADDRNOTAVAIL)
		snprintf(text, text_size, "media address %s is none of this machine's (port %u)", name,
			 port);
	else
		snprintf(text, text_size, "media port %s:%u: %s", name, port, strerror(why));
	return ZV_EIO;
}

static enum zv_err open_port(const struct zv_ip *ip, uint16_t port, char *text, size_t text_size,
			     int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t sa_len = to_sockaddr(ip, port, &sa);
	int on = 1, fd;

	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		bool full = errno == EMFILE || errno == ENFILE;

		snprintf(text, text_size, "media socket: %s", strerror(errno));
		return full ? ZV_EFULL : ZV_EIO;
	}
	if (ip->family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, sa_len) != 0) {
		enum zv_err err = bind_failed(ip, port, text, text_size);

		close(fd);
		return err;
	}
	set_options(fd, ip->family);
	*ret_fd = fd;
	return ZV_OK;
}

/* What came while the port was closed goes unheard. */
static void drain(struct sockets *s, int fd)
{
	for (int i = 0; i < 64; i++) {
		int got;

		for (uint32_t m = 0; m < PER_PORT; m++) {
			s->msgs[m].msg_hdr = (struct msghdr){0};
		}
		got = recvmmsg(fd, s->msgs, PER_PORT, MSG_DONTWAIT, NULL);
		if (got < (int)PER_PORT)
			return;
	}
}

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
		drain(s, p->fd);
		return;
	}
	if (!p->open) {
		drain(s, p->fd);
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

static int64_t arrival_ns(struct msghdr *hdr)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL; c = CMSG_NXTHDR(hdr, c)) {
		struct timespec at;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(c), sizeof(at));
		return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
	}
	return 0;
}

/* Up to PER_PORT messages of one socket into bufs[at...]. */
static uint32_t read_socket(struct sockets *s, int fd, uint32_t at, uint32_t max)
{
	uint32_t n = max < PER_PORT ? max : PER_PORT;
	int got;

	for (uint32_t i = 0; i < n; i++) {
		s->iovs[i] = (struct iovec){s->bufs[at + i], ZV_PACKET_MAX};
		s->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &s->names[i],
			.msg_namelen = sizeof(s->names[i]),
			.msg_iov = &s->iovs[i],
			.msg_iovlen = 1,
			.msg_control = s->controls[i],
			.msg_controllen = sizeof(s->controls[i]),
		};
	}
	got = recvmmsg(fd, s->msgs, n, MSG_DONTWAIT, NULL);
	return got > 0 ? (uint32_t)got : 0;
}

static uint32_t sockets_rx(struct zv_packet_io *io, const uint32_t *ports, uint32_t n_ports,
			   struct zv_packet *ret_packets, uint32_t max)
{
	struct sockets *s = (struct sockets *)io;
	uint32_t n = 0, used = 0;

	if (max > ZV_PACKET_BURST)
		max = ZV_PACKET_BURST;
	for (uint32_t i = 0; i < n_ports && used < max; i++) {
		struct port *p = port_of(s, ports[i]);
		uint32_t got = p->open ? read_socket(s, p->fd, used, max - used) : 0;

		for (uint32_t m = 0; m < got; m++, used++) {
			struct zv_packet *pkt = &ret_packets[n];

			pkt->port = ports[i];
			pkt->len = s->msgs[m].msg_len;
			pkt->data = s->bufs[used];
			from_sockaddr(&s->names[m], &pkt->peer);
			if (s->msgs[m].msg_hdr.msg_flags & MSG_TRUNC ||
			    (ports[i] != ZV_PACKET_RTCP && !zv_filter_pass(&p->filter, &pkt->peer))) {
				p->rejected++;
				io->rejected++;
				continue;
			}
			pkt->at_ns = arrival_ns(&s->msgs[m].msg_hdr);
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

/* Several packets by one socket: one call. */
static uint32_t send_many(struct sockets *s, int fd, const struct zv_packet *packets, uint32_t n)
{
	int sent;

	for (uint32_t i = 0; i < n; i++) {
		s->iovs[i] = (struct iovec){packets[i].data, packets[i].len};
		s->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &s->names[i],
			.msg_namelen = to_sockaddr(&packets[i].peer.ip, packets[i].peer.port,
						   &s->names[i]),
			.msg_iov = &s->iovs[i],
			.msg_iovlen = 1,
		};
	}
	sent = sendmmsg(fd, s->msgs, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent > 0 ? (uint32_t)sent : 0;
}

static uint32_t sockets_tx(struct zv_packet_io *io, const struct zv_packet *packets, uint32_t n)
{
	struct sockets *s = (struct sockets *)io;
	struct sockaddr_storage sa;
	uint32_t sent = 0, run;

	for (uint32_t i = 0; i < n; i += run) {
		const struct zv_packet *p = &packets[i];
		int fd = port_of(s, p->port)->fd;

		for (run = 1; i + run < n && run < PER_PORT && p[run].port == p->port;)
			run++;
		if (run > 1) {
			sent += send_many(s, fd, p, run);
			continue;
		}
		if (sendto(fd, p->data, p->len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sa,
			   to_sockaddr(&p->peer.ip, p->peer.port, &sa)) >= 0)
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
		err = open_port(&ip, port, text, text_size, &s->ports[i].fd);
		if (err != ZV_OK)
			goto fail;
	}
	err = open_port(&plan->ranges[0].ip, plan->rtcp_port[thread], text, text_size, &s->rtcp.fd);
	if (err != ZV_OK)
		goto fail;
	s->rtcp.open = true;
	*ret_io = &s->io;
	return ZV_OK;

fail:
	sockets_destroy(&s->io);
	return err;
}
