#include "media/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

/* Socket memory: about 40 packets, the most that an idle port can hold of the kernel's. */
#define RCVBUF 16384

socklen_t zv_udp_sockaddr(const struct zv_peer *peer, struct sockaddr_storage *ret_sa)
{
	if (peer->ip.family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_sa;

		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(peer->port)};
		memcpy(&in6->sin6_addr, peer->ip.bytes, 16);
		return sizeof(*in6);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)ret_sa;

	*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(peer->port)};
	memcpy(&in->sin_addr, peer->ip.bytes, 4);
	return sizeof(*in);
}

void zv_udp_peer(const struct sockaddr_storage *sa, struct zv_peer *ret_peer)
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
	int on = 1, rcvbuf = RCVBUF, tos = ZV_UDP_DSCP_EF;

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

enum zv_err zv_udp_open(const struct zv_ip *ip, uint16_t port, char *text, size_t text_size, int *ret_fd)
{
	struct zv_peer at = {*ip, port};
	struct sockaddr_storage sa;
	socklen_t sa_len = zv_udp_sockaddr(&at, &sa);
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

void zv_udp_drain(int fd)
{
	struct mmsghdr msgs[8] = {0};
	int got = 8;

	for (int i = 0; i < 64 && got == 8; i++)
		got = recvmmsg(fd, msgs, 8, MSG_DONTWAIT, NULL);
}

static void lay(struct zv_udp_batch *b, uint32_t at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		b->iovs[i] = (struct iovec){b->bufs[at + i], ZV_PACKET_MAX};
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &b->names[i],
			.msg_namelen = sizeof(b->names[i]),
			.msg_iov = &b->iovs[i],
			.msg_iovlen = 1,
			.msg_control = b->controls[i],
			.msg_controllen = sizeof(b->controls[i]),
		};
	}
}

/* What the last call left as it was need not be laid again. */
uint32_t zv_udp_read(struct zv_udp_batch *b, int fd, uint32_t at, uint32_t max)
{
	uint32_t n = max < ZV_PACKET_BURST - at ? max : ZV_PACKET_BURST - at;
	int got;

	if (at > 0) {
		lay(b, at, n);
		b->laid = false;
	} else if (!b->laid) {
		lay(b, 0, ZV_PACKET_BURST);
		b->laid = true;
	} else {
		lay(b, 0, b->used);
	}
	got = recvmmsg(fd, b->msgs, n, MSG_DONTWAIT, NULL);
	b->used = got > 0 ? (uint32_t)got : 0;
	return b->used;
}

int64_t zv_udp_control(struct msghdr *hdr, struct zv_peer *ret_meant)
{
	struct sockaddr_storage sa = {0};
	struct timespec at;
	int64_t at_ns = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL; c = CMSG_NXTHDR(hdr, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&at, CMSG_DATA(c), sizeof(at));
			at_ns = at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR) {
			memcpy(&sa, CMSG_DATA(c), sizeof(struct sockaddr_in));
		}
	}
	if (ret_meant != NULL)
		zv_udp_peer(&sa, ret_meant);
	return at_ns;
}

uint32_t zv_udp_send(struct zv_udp_batch *b, int fd, const struct zv_packet *packets, uint32_t n)
{
	uint32_t sent = 0;
	int went;

	b->laid = false;
	for (uint32_t i = 0; i < n; i++) {
		b->iovs[i] = (struct iovec){packets[i].data, packets[i].len};
		b->out[i].msg_hdr = (struct msghdr){
			.msg_name = &b->names[i],
			.msg_namelen = zv_udp_sockaddr(&packets[i].peer, &b->names[i]),
			.msg_iov = &b->iovs[i],
			.msg_iovlen = 1,
		};
	}
	/* One that cannot go (no route, refused earlier) does not keep the others back. */
	for (uint32_t i = 0; i < n; i += went > 0 ? (uint32_t)went : 1u) {
		went = sendmmsg(fd, b->out + i, n - i, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += went > 0 ? (uint32_t)went : 0;
	}
	return sent;
}
