/* media/udp.h -- kernel UDP sockets in bursts: what all kinds of packet I/O by the kernel share.
 *
 * Thread: one at a time; a batch belongs to its media thread.
 */
#ifndef ZV_MEDIA_UDP_H
#define ZV_MEDIA_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "media/packet.h"

#define ZV_UDP_DSCP_EF 0xb8 /* RFC 3246, in the place of the TOS byte */
/* Arrival and, where it was asked for, the port that was meant. */
#define ZV_UDP_CONTROL (CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct sockaddr_in6)))

/* Room for one call of recvmmsg or sendmmsg.  All zero at first. */
struct zv_udp_batch {
	bool laid;      /* msgs[used...] stand ready for bufs[same...] */
	uint32_t used;
	struct mmsghdr msgs[ZV_PACKET_BURST], out[ZV_PACKET_BURST];
	struct iovec iovs[ZV_PACKET_BURST];
	struct sockaddr_storage names[ZV_PACKET_BURST];
	_Alignas(struct cmsghdr) uint8_t controls[ZV_PACKET_BURST][ZV_UDP_CONTROL];
	uint8_t bufs[ZV_PACKET_BURST][ZV_PACKET_MAX];
};

socklen_t zv_udp_sockaddr(const struct zv_peer *peer, struct sockaddr_storage *ret_sa);
void zv_udp_peer(const struct sockaddr_storage *sa, struct zv_peer *ret_peer);

/* A bound socket that stamps what comes, without waiting.  Errors as zv_media_create. */
enum zv_err zv_udp_open(const struct zv_ip *ip, uint16_t port, char *text, size_t text_size,
			int *ret_fd) ZV_MUST_USE;
/* What waits goes unheard. */
void zv_udp_drain(int fd);
/* Up to max messages into bufs[at...] and msgs[0...]; how many. */
uint32_t zv_udp_read(struct zv_udp_batch *batch, int fd, uint32_t at, uint32_t max);
/* The stamp among a message's control data, 0: none; *ret_meant (may be NULL): where the packet was
 * meant to go (IP_ORIGDSTADDR), family 0 if nothing says so. */
int64_t zv_udp_control(struct msghdr *hdr, struct zv_peer *ret_meant);
/* All of packets by one socket, in as few calls as can be; how many went out. */
uint32_t zv_udp_send(struct zv_udp_batch *batch, int fd, const struct zv_packet *packets, uint32_t n);

#endif
