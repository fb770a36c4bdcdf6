/* Packet I/O with the right to it (CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF): one receiving socket a
 * thread for all of its ports (steer.h), read and written in bursts; what goes out has its header
 * made here and leaves by one raw socket.  Two system calls a tick instead of two a packet. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "media/io.h"
#include "media/kinds.h"
#include "media/steer.h"
#include "media/udp.h"

#define HEADERS    (sizeof(struct iphdr) + sizeof(struct udphdr))
#define TTL        64
#define PRIORITY   6 /* TC_PRIO_INTERACTIVE, what IP_TOS gives a socket with that TOS byte */
#define ROOM_A_PORT (20u * 1024u) /* of the receive queue: about 25 packets, half a second */
#define ROOM_LEAST (1u << 20)
#define ROOM_MOST  (64u << 20)

struct port {
	struct zv_filter filter;
	uint32_t ip;       /* ours, network order */
	uint16_t number;
	bool open, fresh;  /* fresh: opened since the queue was last seen empty */
	int64_t opened_ns; /* wall clock */
	uint32_t rejected; /* by us; the kernel's are in the steer's entry */
};

struct hub {
	struct zv_packet_hub hub;
	struct zv_steer steer;
	int sockets[ZV_MEDIA_THREADS_MAX]; /* until they are the threads' */
};

struct shared {
	struct zv_packet_io io;
	const struct zv_media_plan *plan;
	struct zv_steer_port *steered; /* of all threads */
	uint32_t thread, n_threads, n_ports;
	struct port *ports;
	uint32_t fresh, rejected, watched; /* fresh: how many ports are */
	int fd, raw_fd, rtcp_fd, epoll_fd;
	struct zv_udp_batch batch;
	/* one burst out */
	struct mmsghdr out[ZV_PACKET_BURST];
	struct iovec iovs[ZV_PACKET_BURST][2];
	struct sockaddr_in to[ZV_PACKET_BURST];
	_Alignas(4) uint8_t headers[ZV_PACKET_BURST][HEADERS];
};

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static struct zv_steer_port *steered_of(const struct shared *s, uint32_t port)
{
	return &s->steered[port * s->n_threads + s->thread];
}

/* The program need let through no more than the filter would. */
static enum zv_steer_how how_of(const struct zv_filter *f)
{
	if (f->learn != ZV_LEARN_NOT)
		return ZV_STEER_ANY;
	return f->trunk != NULL && (f->trunk->n_networks > 0 || f->trunk->asymmetric) ? ZV_STEER_ANY
										      : ZV_STEER_PEER;
}

static void shared_filter(struct zv_packet_io *io, uint32_t port, const struct zv_filter *filter)
{
	struct shared *s = (struct shared *)io;
	struct port *p = &s->ports[port];
	struct zv_steer_port *steered = steered_of(s, port);
	uint32_t ip;

	if (filter == NULL) {
		atomic_store_explicit(&steered->how, ZV_STEER_CLOSED, memory_order_relaxed);
		p->open = false;
		return;
	}
	if (!p->open) {
		p->rejected = 0;
		p->opened_ns = wall_ns();
		s->fresh += p->fresh ? 0 : 1;
		p->fresh = true;
		atomic_store_explicit(&steered->rejected, 0, memory_order_relaxed);
	}
	p->open = true;
	p->filter = *filter;
	memcpy(&ip, filter->peer.ip.bytes, 4);
	atomic_store_explicit(&steered->how, ZV_STEER_CLOSED, memory_order_release);
	atomic_store_explicit(&steered->ip, ip, memory_order_release);
	atomic_store_explicit(&steered->port, htons(filter->peer.port), memory_order_release);
	atomic_store_explicit(&steered->how, how_of(filter), memory_order_release);
}

static uint32_t shared_rejected(const struct zv_packet_io *io, uint32_t port)
{
	const struct shared *s = (const struct shared *)io;

	return s->ports[port].rejected +
	       atomic_load_explicit(&steered_of(s, port)->rejected, memory_order_relaxed);
}

/* ---- in ---- */

/* The slot / n_threads of an address of ours; false: none of this thread's. */
static bool port_of(const struct shared *s, const struct zv_peer *at, uint32_t *ret_port)
{
	const struct zv_media_plan *plan = s->plan;
	uint32_t slot = 0;

	for (uint32_t i = 0; i < plan->n_ranges; slot += plan->ranges[i++].n_ports) {
		const struct zv_media_range *r = &plan->ranges[i];
		uint32_t off = (uint32_t)at->port - r->port_first;

		if (off >= 2u * r->n_ports || (off & 1) != 0 || !zv_ip_eq(&r->ip, &at->ip))
			continue;
		slot += off / 2;
		*ret_port = slot / s->n_threads;
		return slot % s->n_threads == s->thread && *ret_port < s->n_ports;
	}
	return false;
}

/* What was queued before its port was opened belongs to another call. */
static bool is_old(const struct port *p, int64_t at_ns)
{
	return p->fresh && at_ns < p->opened_ns;
}

static void queue_is_empty(struct shared *s)
{
	if (s->fresh == 0)
		return;
	for (uint32_t i = 0; i < s->n_ports; i++)
		s->ports[i].fresh = false;
	s->fresh = 0;
}

static uint32_t read_all(struct shared *s, struct zv_packet *ret_packets, uint32_t max)
{
	struct zv_udp_batch *b = &s->batch;
	uint32_t n = 0, got = zv_udp_read(b, s->fd, 0, max);

	for (uint32_t i = 0; i < got; i++) {
		struct zv_packet *pkt = &ret_packets[n];
		struct zv_peer meant;
		struct port *p;

		pkt->at_ns = zv_udp_control(&b->msgs[i].msg_hdr, &meant);
		if (!port_of(s, &meant, &pkt->port))
			continue;
		p = &s->ports[pkt->port];
		if (!p->open || is_old(p, pkt->at_ns))
			continue;
		pkt->len = b->msgs[i].msg_len;
		pkt->data = b->bufs[i];
		zv_udp_peer(&b->names[i], &pkt->peer);
		if (b->msgs[i].msg_hdr.msg_flags & MSG_TRUNC || !zv_filter_pass(&p->filter, &pkt->peer)) {
			p->rejected++;
			s->rejected++;
			continue;
		}
		n++;
	}
	s->io.more = got == max;
	if (got < max)
		queue_is_empty(s);
	s->io.rejected = s->rejected +
			 atomic_load_explicit(&s->steered[s->plan->n_slots + s->thread].rejected,
					      memory_order_relaxed);
	return n;
}

static uint32_t shared_rx(struct zv_packet_io *io, const uint32_t *ports, uint32_t n_ports,
			  struct zv_packet *ret_packets, uint32_t max)
{
	struct shared *s = (struct shared *)io;
	struct zv_udp_batch *b = &s->batch;
	uint32_t got;

	if (max > ZV_PACKET_BURST)
		max = ZV_PACKET_BURST;
	if (n_ports == 0)
		return read_all(s, ret_packets, max);
	if (ports[0] != ZV_PACKET_RTCP)
		return 0;
	got = zv_udp_read(b, s->rtcp_fd, 0, max);
	for (uint32_t i = 0; i < got; i++) {
		ret_packets[i] = (struct zv_packet){.port = ZV_PACKET_RTCP, .len = b->msgs[i].msg_len,
						    .data = b->bufs[i]};
		zv_udp_peer(&b->names[i], &ret_packets[i].peer);
	}
	return got;
}

static void shared_watch(struct zv_packet_io *io, uint32_t port, bool on)
{
	struct shared *s = (struct shared *)io;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = ZV_PACKET_ANY};

	(void)port;
	s->watched += on ? 1u : UINT32_MAX;
	if (s->watched == (on ? 1u : 0u))
		(void)epoll_ctl(s->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->fd, &ev);
}

static void shared_wake_by(struct zv_packet_io *io, int fd)
{
	struct shared *s = (struct shared *)io;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = ZV_PACKET_WOKEN};

	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* Without a wait the queue itself is asked as cheaply as epoll. */
static uint32_t shared_ready(struct zv_packet_io *io, int64_t wait_ns, uint32_t *ret_ports, uint32_t max)
{
	struct shared *s = (struct shared *)io;
	struct epoll_event events[3];
	struct timespec ts = {wait_ns / 1000000000, wait_ns % 1000000000};
	int n;

	if (max == 0)
		return 0;
	if (wait_ns <= 0) {
		ret_ports[0] = ZV_PACKET_ANY;
		return s->watched > 0 ? 1 : 0;
	}
	n = epoll_pwait2(s->epoll_fd, events, max < 3 ? (int)max : 3, &ts, NULL);
	for (int i = 0; i < n; i++)
		ret_ports[i] = events[i].data.u32;
	return n > 0 ? (uint32_t)n : 0;
}

/* ---- out ---- */

/* RFC 1071, of 16-bit words in the order they stand; len may be odd. */
static uint64_t sum_words(uint64_t sum, const uint8_t *data, size_t len)
{
	uint32_t w;
	uint16_t h = 0;

	for (; len >= 4; data += 4, len -= 4) {
		memcpy(&w, data, 4);
		sum += w;
	}
	if (len >= 2) {
		memcpy(&h, data, 2);
		sum += h;
		data += 2;
		len -= 2;
	}
	h = 0;
	memcpy(&h, data, len);
	return sum + h;
}

static uint16_t fold(uint64_t sum)
{
	uint16_t checksum;

	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	checksum = (uint16_t)~sum;
	return checksum != 0 ? checksum : 0xffff; /* 0 says that there is none (RFC 768) */
}

/* Total length, identification and checksum of the IP header are the kernel's (raw(7)). */
static void put_headers(uint8_t *at, const struct port *from, const struct sockaddr_in *to,
			const struct zv_packet *packet)
{
	uint16_t len = (uint16_t)(packet->len + sizeof(struct udphdr));
	struct iphdr ip = {
		.version = 4, .ihl = 5, .tos = ZV_UDP_DSCP_EF, .ttl = TTL, .protocol = IPPROTO_UDP,
		.tot_len = htons((uint16_t)(len + sizeof(ip))), .frag_off = htons(IP_DF),
		.saddr = from->ip, .daddr = to->sin_addr.s_addr,
	};
	struct udphdr udp = {.source = htons(from->number), .dest = to->sin_port, .len = htons(len)};
	uint64_t sum = (uint64_t)ip.saddr + ip.daddr + htons(IPPROTO_UDP) + udp.len;

	sum += (uint64_t)udp.source + udp.dest + udp.len;
	udp.check = fold(sum_words(sum, packet->data, packet->len));
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), &udp, sizeof(udp));
}

static uint32_t send_raw(struct shared *s, uint32_t n)
{
	uint32_t sent = 0;
	int went;

	/* One that cannot go does not keep the others back. */
	for (uint32_t i = 0; i < n; i += went > 0 ? (uint32_t)went : 1u) {
		went = sendmmsg(s->raw_fd, s->out + i, n - i, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += went > 0 ? (uint32_t)went : 0;
	}
	return sent;
}

static uint32_t shared_tx(struct zv_packet_io *io, const struct zv_packet *packets, uint32_t n)
{
	struct shared *s = (struct shared *)io;
	uint32_t filled = 0, sent = 0;

	if (n > 0 && packets[0].port == ZV_PACKET_RTCP)
		return zv_udp_send(&s->batch, s->rtcp_fd, packets, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct zv_packet *p = &packets[i];
		struct sockaddr_in *to = &s->to[filled];

		if (p->peer.ip.family != 4)
			continue;
		to->sin_port = htons(p->peer.port);
		memcpy(&to->sin_addr, p->peer.ip.bytes, 4);
		put_headers(s->headers[filled], &s->ports[p->port], to, p);
		s->iovs[filled][1] = (struct iovec){p->data, p->len};
		if (++filled == ZV_PACKET_BURST) {
			sent += send_raw(s, filled);
			filled = 0;
		}
	}
	return sent + send_raw(s, filled);
}

/* ---- making ---- */

static void shared_destroy(struct zv_packet_io *io)
{
	struct shared *s = (struct shared *)io;
	const int fds[] = {s->fd, s->raw_fd, s->rtcp_fd, s->epoll_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(s->ports);
	free(s);
}

static const struct zv_packet_ops shared_ops = {
	.filter = shared_filter,
	.rejected = shared_rejected,
	.rx = shared_rx,
	.watch = shared_watch,
	.wake_by = shared_wake_by,
	.ready = shared_ready,
	.tx = shared_tx,
	.destroy = shared_destroy,
};

static void lay_out(struct shared *s)
{
	for (uint32_t i = 0; i < ZV_PACKET_BURST; i++) {
		s->iovs[i][0] = (struct iovec){s->headers[i], HEADERS};
		s->to[i].sin_family = AF_INET;
		s->out[i].msg_hdr = (struct msghdr){.msg_name = &s->to[i], .msg_namelen = sizeof(s->to[i]),
						    .msg_iov = s->iovs[i], .msg_iovlen = 2};
	}
}

static enum zv_err make_ports(struct shared *s)
{
	s->n_ports = (s->plan->n_slots + s->n_threads - 1 - s->thread) / s->n_threads;
	s->ports = calloc(s->n_ports > 0 ? s->n_ports : 1, sizeof(*s->ports));
	if (s->ports == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < s->n_ports; i++) {
		struct zv_ip ip;

		zv_media_addr(s->plan, i * s->n_threads + s->thread, &ip, &s->ports[i].number);
		memcpy(&s->ports[i].ip, ip.bytes, 4);
	}
	return ZV_OK;
}

static enum zv_err shared_open(struct zv_packet_hub *packet_hub, uint32_t thread, char *text,
			       size_t text_size, struct zv_packet_io **ret_io)
{
	struct hub *hub = (struct hub *)packet_hub;
	struct shared *s = calloc(1, sizeof(*s));
	const struct zv_media_plan *plan = packet_hub->plan;
	int priority = PRIORITY, room = (int)ROOM_MOST / 8;
	enum zv_err err;

	if (s == NULL)
		return ZV_ENOMEM;
	s->io.ops = &shared_ops;
	s->io.one_queue = true;
	s->plan = plan;
	s->steered = hub->steer.ports;
	s->thread = thread;
	s->n_threads = plan->n_threads;
	s->raw_fd = s->rtcp_fd = -1;
	s->fd = hub->sockets[thread];
	hub->sockets[thread] = -1;
	lay_out(s);
	err = make_ports(s);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->raw_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (err == ZV_OK && (s->epoll_fd < 0 || s->raw_fd < 0)) {
		(void)snprintf(text, text_size, "media sockets: %s", strerror(errno));
		err = ZV_EIO;
	}
	if (err == ZV_OK)
		err = zv_udp_open(&plan->ranges[0].ip, plan->rtcp_port[thread], text, text_size, &s->rtcp_fd);
	if (err != ZV_OK) {
		shared_destroy(&s->io);
		return err;
	}
	setsockopt(s->raw_fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	setsockopt(s->raw_fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	*ret_io = &s->io;
	return ZV_OK;
}

static void hub_destroy(struct zv_packet_hub *packet_hub)
{
	struct hub *hub = (struct hub *)packet_hub;

	zv_steer_fini(&hub->steer);
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++)
		if (hub->sockets[i] >= 0)
			close(hub->sockets[i]);
	free(hub);
}

static const struct zv_packet_hub_ops hub_ops = {.open = shared_open, .destroy = hub_destroy};

/* Nothing is sent to this socket's own port: the program gives it what others' ports got. */
static int open_receiver(uint32_t n_ports)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	uint64_t room = (uint64_t)n_ports * ROOM_A_PORT;
	int on = 1, bytes = (int)(room < ROOM_LEAST ? ROOM_LEAST : room > ROOM_MOST ? ROOM_MOST : room);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, IPPROTO_IP, IP_RECVORIGDSTADDR, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) == 0 &&
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Nobody else may have the ports, though we bind none of them. */
static enum zv_err check_free(const struct zv_media_plan *plan, char *text, size_t text_size)
{
	for (uint32_t slot = 0; slot < plan->n_slots; slot++) {
		enum zv_err err;
		struct zv_ip ip;
		uint16_t port;
		int fd;

		zv_media_addr(plan, slot, &ip, &port);
		err = zv_udp_open(&ip, port, text, text_size, &fd);
		if (err != ZV_OK)
			return err;
		close(fd);
	}
	return ZV_OK;
}

static enum zv_err may_send_raw(char *text, size_t text_size)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0) {
		(void)snprintf(text, text_size, "raw sockets: %s", strerror(errno));
		return ZV_EDENIED;
	}
	close(fd);
	return ZV_OK;
}

enum zv_err zv_shared_hub(const struct zv_media_plan *plan, char *text, size_t text_size,
			  struct zv_packet_hub **ret_hub)
{
	struct hub *hub;
	enum zv_err err;

	for (uint32_t i = 0; i < plan->n_ranges; i++) {
		if (plan->ranges[i].ip.family == 4)
			continue;
		(void)snprintf(text, text_size, "one socket for all ports is for IPv4 only");
		return ZV_EDENIED;
	}
	hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		return ZV_ENOMEM;
	hub->hub = (struct zv_packet_hub){.ops = &hub_ops, .plan = plan, .kind = ZV_IO_SHARED,
					  .n_fds = 5 * plan->n_threads + ZV_STEER_FDS};
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++)
		hub->sockets[i] = -1;
	err = may_send_raw(text, text_size);
	if (err == ZV_OK)
		err = check_free(plan, text, text_size);
	for (uint32_t i = 0; i < plan->n_threads && err == ZV_OK; i++) {
		hub->sockets[i] = open_receiver(plan->n_slots / plan->n_threads + 1);
		if (hub->sockets[i] >= 0)
			continue;
		(void)snprintf(text, text_size, "a socket for all ports: %s", strerror(errno));
		err = ZV_EDENIED;
	}
	if (err == ZV_OK)
		err = zv_steer_init(&hub->steer, plan, hub->sockets, text, text_size);
	if (err != ZV_OK) {
		hub_destroy(&hub->hub);
		return err;
	}
	*ret_hub = &hub->hub;
	return ZV_OK;
}
