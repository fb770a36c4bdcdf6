/* media/packet.h -- packet I/O of one media thread: bursts in, bursts out, a filter a port.
 *
 * Thread: create and destroy at boot and at the end; all else on the media thread.  Nothing
 * here blocks, allocates or locks after create.
 *
 * A port is the local number of a slot (slot / n_threads); ZV_PACKET_RTCP is the thread's one
 * RTCP port.  A closed port hears nothing, and what came to it while it was closed is never
 * delivered.  socket.c is the implementation on kernel sockets; another kind of I/O fills in
 * the same operations, and io.h says which one runs.
 */
#ifndef ZV_MEDIA_PACKET_H
#define ZV_MEDIA_PACKET_H

#include <stddef.h>
#include <string.h>

#include "media/media.h"

#define ZV_PACKET_RTCP  UINT32_MAX
#define ZV_PACKET_WOKEN (UINT32_MAX - 1) /* of ready: one of the wake fds */
#define ZV_PACKET_ANY   (UINT32_MAX - 2) /* of ready: something came, see one_queue */
#define ZV_PACKET_BURST 64u
#define ZV_PACKET_PER_PORT 8u /* taken of one port by one rx */
#define ZV_PACKET_MAX   1024u /* bytes; a longer one is rejected: 20 ms of G.711 is 172 */

struct zv_peer {
	struct zv_ip ip;
	uint16_t port;
};

/* Who may send to a port: the peer itself, or the trunk's networks with the peer's port; any
 * port if the trunk is asymmetric.  learn: the first who sends becomes the peer, see command.h. */
struct zv_filter {
	struct zv_peer peer;
	uint8_t learn; /* enum zv_learn */
	const struct zv_media_trunk *trunk; /* may be NULL; outlives the filter */
};

struct zv_packet {
	uint32_t port;
	uint32_t len;
	uint8_t *data;       /* in: valid until the next rx; out: borrowed for the call */
	struct zv_peer peer; /* in: the sender; out: the receiver */
	int64_t at_ns;       /* in: arrival, wall clock; for differences only */
};

struct zv_packet_io;

/* What media does not see itself.  The device's own figures stand with thread 0. */
struct zv_packet_stats {
	uint64_t lost;       /* came to the interface and not to us: it, its driver or a ring was full */
	uint64_t unresolved; /* not sent: the next hop's address was not known */
	uint64_t full;       /* not sent: the device took no more */
	uint64_t foreign;    /* frames that are nobody's here */
	uint64_t handed;     /* came on the queue of another thread */
	uint64_t passed_up, passed_down; /* frames to the kernel and from it */
};

struct zv_packet_ops {
	/* Opens a closed port or changes an open one's filter; NULL closes. */
	void (*filter)(struct zv_packet_io *io, uint32_t port, const struct zv_filter *filter);
	/* Packets that the filter or their length kept out since the port was opened. */
	uint32_t (*rejected)(const struct zv_packet_io *io, uint32_t port);
	/* Packets of the given ports; with one_queue those of any open port but the RTCP's are got
	 * by n_ports 0.  At most max, never more than ZV_PACKET_BURST. */
	uint32_t (*rx)(struct zv_packet_io *io, const uint32_t *ports, uint32_t n_ports,
		       struct zv_packet *ret_packets, uint32_t max);
	/* A watched port is named by ready when something came to it. */
	void (*watch)(struct zv_packet_io *io, uint32_t port, bool on);
	/* A descriptor that ends a ready's wait when it is readable; borrowed.  At most 2. */
	void (*wake_by)(struct zv_packet_io *io, int fd);
	/* Watched ports to which something came since they were last named (and perhaps others);
	 * waits up to wait_ns for the first. */
	uint32_t (*ready)(struct zv_packet_io *io, int64_t wait_ns, uint32_t *ret_ports, uint32_t max);
	/* Where the data of the next tx's packets is best written, packet i's to ret_data[i]: up to
	 * ZV_PACKET_MAX bytes, n <= ZV_PACKET_BURST.  Data may stand elsewhere as well; NULL: no place
	 * is better than another. */
	void (*rooms)(struct zv_packet_io *io, uint32_t n, uint8_t **ret_data);
	/* Sends all in one burst; the number that went out.  What did not is dropped. */
	uint32_t (*tx)(struct zv_packet_io *io, const struct zv_packet *packets, uint32_t n);
	/* Any thread.  NULL: an implementation that loses nothing but what media counts. */
	void (*stats)(const struct zv_packet_io *io, struct zv_packet_stats *ret_stats);
	void (*destroy)(struct zv_packet_io *io);
};

struct zv_packet_io {
	const struct zv_packet_ops *ops;
	uint64_t rejected; /* of all ports, since create */
	/* What came to all ports stands in one queue: rx asks for no port, ready names
	 * ZV_PACKET_ANY.  more: the last such rx may have left some, though it gave less than a
	 * burst. */
	bool one_queue, more;
	/* ready is to be called in every rest, though nobody is watched: it does more than that. */
	bool polled;
};

/* The sockets of media thread `thread`.  Errors as zv_media_create. */
enum zv_err zv_sockets_create(const struct zv_media_plan *plan, uint32_t thread, char *text,
			      size_t text_size, struct zv_packet_io **ret_io) ZV_MUST_USE;

static inline bool zv_ip_eq(const struct zv_ip *a, const struct zv_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

static inline bool zv_network_has(const struct zv_network *network, const struct zv_ip *ip)
{
	uint32_t bytes = network->bits / 8u, rest = network->bits % 8u;

	if (network->ip.family != ip->family || network->bits > (ip->family == 4 ? 32 : 128) ||
	    memcmp(network->ip.bytes, ip->bytes, bytes) != 0)
		return false;
	return rest == 0 || ((network->ip.bytes[bytes] ^ ip->bytes[bytes]) >> (8 - rest)) == 0;
}

/* The address alone: the far end itself, or one of the trunk's networks. */
static inline bool zv_filter_ip(const struct zv_filter *filter, const struct zv_ip *from)
{
	if (zv_ip_eq(&filter->peer.ip, from))
		return true;
	for (uint32_t i = 0; filter->trunk != NULL && i < filter->trunk->n_networks; i++)
		if (zv_network_has(&filter->trunk->networks[i], from))
			return true;
	return false;
}

static inline bool zv_filter_pass(const struct zv_filter *filter, const struct zv_peer *from)
{
	if (filter->learn == ZV_LEARN_ANY ||
	    (filter->learn == ZV_LEARN_PORT && zv_ip_eq(&filter->peer.ip, &from->ip)))
		return true;
	if (filter->peer.port != from->port && (filter->trunk == NULL || !filter->trunk->asymmetric))
		return false;
	return zv_filter_ip(filter, &from->ip);
}

#endif
