#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <netinet/tcp.h>

#include "journal.h"
#include "text.h"

#define BATCH        32u
#define DATAGRAM     16384u
#define CONNS_MAX    1024u
#define IN_BYTES     (128u * 1024u)
#define OUT_BYTES    (1024u * 1024u)
#define SOCKET_BYTES (16 * 1024 * 1024)

struct conn {
	int fd; /* -1: free */
	uint32_t gen;
	uint8_t trunk;
	bool want_write;
	struct sockaddr_in addr;
	char *in, *out;
	size_t in_used, out_used;
};

struct trunk {
	struct zvc_listen listen;
	int udp, tcp;
};

struct zvc_net {
	int epoll;
	zvc_net_fn fn;
	void *arg;
	unsigned n_trunks;
	struct trunk trunks[ZVC_TRUNKS_MAX];
	bool cut;
	struct conn conns[CONNS_MAX];
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_in sources[BATCH];
	_Alignas(struct cmsghdr) char controls[BATCH][64];
	char datagrams[BATCH][DATAGRAM];
};

static bool watch(struct zvc_net *net, int fd, uint32_t kind, uint32_t index, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = (uint64_t)kind << 32 | index};

	return epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* As big as the kernel lets us: a burst after a stall must wait in the socket, not be lost. */
static void widen(int fd)
{
	int bytes = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int bound_socket(int type, const struct sockaddr_in *addr)
{
	int one = 1;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) != 0)) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return -1;
	}
	widen(fd);
	return fd;
}

static bool open_trunk(struct zvc_net *net, uint32_t index)
{
	struct trunk *trunk = &net->trunks[index];

	if (trunk->listen.udp) {
		trunk->udp = bound_socket(SOCK_DGRAM, &trunk->listen.addr);
		if (trunk->udp < 0 || !watch(net, trunk->udp, ZVC_EV_UDP, index, EPOLLIN))
			return false;
	}
	if (trunk->listen.tcp) {
		trunk->tcp = bound_socket(SOCK_STREAM, &trunk->listen.addr);
		if (trunk->tcp < 0 || !watch(net, trunk->tcp, ZVC_EV_ACCEPT, index, EPOLLIN))
			return false;
	}
	return true;
}

struct zvc_net *zvc_net_create(int epoll, const struct zvc_listen *listens, unsigned n_listens,
                               zvc_net_fn fn, void *arg, char *text, size_t text_size)
{
	struct zvc_net *net = calloc(1, sizeof(*net));

	if (net == NULL)
		return NULL;
	net->epoll = epoll;
	net->fn = fn;
	net->arg = arg;
	for (unsigned i = 0; i < CONNS_MAX; i++)
		net->conns[i].fd = -1;
	for (unsigned i = 0; i < n_listens; i++)
		net->trunks[i] = (struct trunk){.listen = listens[i], .udp = -1, .tcp = -1};
	net->n_trunks = n_listens;
	for (unsigned i = 0; i < n_listens; i++) {
		if (!open_trunk(net, i)) {
			char ip[INET_ADDRSTRLEN];
			int saved = errno;

			(void)inet_ntop(AF_INET, &listens[i].addr.sin_addr, ip, sizeof(ip));
			(void)snprintf(text, text_size, "cannot listen on %s:%u: %s", ip,
			               ntohs(listens[i].addr.sin_port), strerror(saved));
			zvc_net_destroy(net);
			return NULL;
		}
	}
	for (unsigned i = 0; i < BATCH; i++) {
		net->vectors[i] = (struct iovec){net->datagrams[i], DATAGRAM};
		net->headers[i].msg_hdr.msg_iov = &net->vectors[i];
		net->headers[i].msg_hdr.msg_iovlen = 1;
		net->headers[i].msg_hdr.msg_name = &net->sources[i];
	}
	return net;
}

static void conn_close(struct conn *conn)
{
	if (conn->fd >= 0)
		(void)close(conn->fd);
	free(conn->in);
	free(conn->out);
	*conn = (struct conn){.fd = -1, .gen = conn->gen + 1};
}

void zvc_net_destroy(struct zvc_net *net)
{
	if (net == NULL)
		return;
	for (unsigned i = 0; i < CONNS_MAX; i++)
		conn_close(&net->conns[i]);
	for (unsigned i = 0; i < net->n_trunks; i++) {
		if (net->trunks[i].udp >= 0)
			(void)close(net->trunks[i].udp);
		if (net->trunks[i].tcp >= 0)
			(void)close(net->trunks[i].tcp);
	}
	free(net);
}

void zvc_net_cut(struct zvc_net *net, bool cut)
{
	net->cut = cut;
}

static int64_t kernel_time(struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		struct timespec at;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(c), sizeof(at));
		return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
	}
	return zvc_wall_ns();
}

/* At most four batches, so that RTP and timers get their turn in a flood. */
static void read_udp(struct zvc_net *net, uint32_t index)
{
	for (unsigned round = 0; round < 4; round++) {
		int n;

		for (unsigned i = 0; i < BATCH; i++) {
			net->headers[i].msg_hdr.msg_namelen = sizeof(net->sources[i]);
			net->headers[i].msg_hdr.msg_control = net->controls[i];
			net->headers[i].msg_hdr.msg_controllen = sizeof(net->controls[i]);
		}
		n = recvmmsg(net->trunks[index].udp, net->headers, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			struct msghdr *header = &net->headers[i].msg_hdr;
			struct zvc_net_message message = {
			        .peer = {.addr = net->sources[i], .trunk = (uint8_t)index},
			        .bytes = net->datagrams[i],
			        .len = net->headers[i].msg_len,
			        .wall_ns = kernel_time(header),
			        .truncated = (header->msg_flags & MSG_TRUNC) != 0,
			};

			if (!net->cut)
				net->fn(net->arg, &message);
		}
		if (n < (int)BATCH)
			return;
	}
}

static struct conn *conn_new(struct zvc_net *net, int fd, uint8_t trunk,
                             const struct sockaddr_in *addr, uint32_t events)
{
	int one = 1;

	for (uint32_t i = 0; i < CONNS_MAX; i++) {
		struct conn *conn = &net->conns[i];

		if (conn->fd >= 0)
			continue;
		conn->in = malloc(IN_BYTES);
		conn->out = malloc(OUT_BYTES);
		if (conn->in == NULL || conn->out == NULL ||
		    !watch(net, fd, ZVC_EV_CONN, i, events)) {
			conn_close(conn);
			return NULL;
		}
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		conn->fd = fd;
		conn->trunk = trunk;
		conn->addr = *addr;
		conn->want_write = (events & EPOLLOUT) != 0;
		return conn;
	}
	return NULL;
}

static void accept_all(struct zvc_net *net, uint32_t index)
{
	for (;;) {
		struct sockaddr_in addr;
		socklen_t len = sizeof(addr);
		int fd = accept4(net->trunks[index].tcp, (struct sockaddr *)&addr, &len,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		if (conn_new(net, fd, (uint8_t)index, &addr, EPOLLIN) == NULL)
			(void)close(fd);
	}
}

static void conn_flush(struct zvc_net *net, struct conn *conn)
{
	struct epoll_event event = {.events = EPOLLIN};
	size_t at = 0;

	while (at < conn->out_used) {
		ssize_t n = send(conn->fd, conn->out + at, conn->out_used - at, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			break;
		if (n < 0) {
			conn_close(conn);
			return;
		}
		at += (size_t)n;
	}
	memmove(conn->out, conn->out + at, conn->out_used - at);
	conn->out_used -= at;
	if ((conn->out_used > 0) != conn->want_write) {
		conn->want_write = conn->out_used > 0;
		if (conn->want_write)
			event.events |= EPOLLOUT;
		event.data.u64 = (uint64_t)ZVC_EV_CONN << 32 | (uint32_t)(conn - net->conns);
		(void)epoll_ctl(net->epoll, EPOLL_CTL_MOD, conn->fd, &event);
	}
}

/* Cuts what has come into messages.  false: the connection was closed. */
static bool conn_cut(struct zvc_net *net, struct conn *conn)
{
	uint32_t index = (uint32_t)(conn - net->conns);
	uint32_t gen = conn->gen;
	size_t at = 0;

	for (;;) {
		struct zvc_net_message message = {
		        .peer = {.addr = conn->addr,
		                 .conn = index,
		                 .conn_gen = gen,
		                 .trunk = conn->trunk,
		                 .tcp = true},
		        .wall_ns = zvc_wall_ns(),
		};
		size_t skip;
		long n = zvc_msg_frame(conn->in + at, conn->in_used - at, &skip);

		message.bytes = conn->in + at + skip;
		if (n < 0 || (n == 0 && at == 0 && conn->in_used == IN_BYTES)) {
			message.bad_frame = true;
			message.len = conn->in_used - at - skip;
			net->fn(net->arg, &message);
			conn_close(conn);
			return false;
		}
		at += skip;
		if (n == 0)
			break;
		message.len = (size_t)n;
		net->fn(net->arg, &message);
		if (conn->gen != gen)
			return false;
		at += (size_t)n;
	}
	memmove(conn->in, conn->in + at, conn->in_used - at);
	conn->in_used -= at;
	return true;
}

static void conn_event(struct zvc_net *net, uint32_t index, uint32_t events)
{
	struct conn *conn = &net->conns[index];

	if (conn->fd < 0)
		return;
	if ((events & EPOLLOUT) != 0)
		conn_flush(net, conn);
	if (conn->fd < 0 || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	for (;;) {
		ssize_t n = recv(conn->fd, conn->in + conn->in_used, IN_BYTES - conn->in_used, 0);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			conn_close(conn);
			return;
		}
		conn->in_used += (size_t)n;
		if (!conn_cut(net, conn))
			return;
	}
}

void zvc_net_event(struct zvc_net *net, uint32_t kind, uint32_t index, uint32_t events)
{
	if (kind == ZVC_EV_UDP)
		read_udp(net, index);
	else if (kind == ZVC_EV_ACCEPT)
		accept_all(net, index);
	else if (kind == ZVC_EV_CONN)
		conn_event(net, index, events);
}

static struct conn *dial(struct zvc_net *net, struct zvc_peer *peer)
{
	struct conn *conn;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	if (connect(fd, (const struct sockaddr *)&peer->addr, sizeof(peer->addr)) != 0 &&
	    errno != EINPROGRESS) {
		(void)close(fd);
		return NULL;
	}
	conn = conn_new(net, fd, peer->trunk, &peer->addr, EPOLLIN | EPOLLOUT);
	if (conn == NULL) {
		(void)close(fd);
		return NULL;
	}
	peer->conn = (uint32_t)(conn - net->conns);
	peer->conn_gen = conn->gen;
	return conn;
}

void zvc_net_send(struct zvc_net *net, struct zvc_peer *peer, const char *bytes, size_t len)
{
	struct conn *conn;

	if (!peer->tcp && net->cut)
		return;
	if (!peer->tcp) {
		(void)sendto(net->trunks[peer->trunk].udp, bytes, len, MSG_DONTWAIT,
		             (const struct sockaddr *)&peer->addr, sizeof(peer->addr));
		return;
	}
	conn = &net->conns[peer->conn];
	if (conn->fd < 0 || conn->gen != peer->conn_gen)
		conn = dial(net, peer);
	if (conn == NULL)
		return;
	if (conn->out_used + len > OUT_BYTES) {
		conn_close(conn);
		return;
	}
	memcpy(conn->out + conn->out_used, bytes, len);
	conn->out_used += len;
	if (!conn->want_write)
		conn_flush(net, conn);
}

const struct sockaddr_in *zvc_net_local(const struct zvc_net *net, const struct zvc_peer *peer)
{
	return &net->trunks[peer->trunk].listen.addr;
}

int zvc_signal_socket(int epoll)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)ZVC_EV_SIGNAL << 32};
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd >= 0)
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return fd;
}
