/* carrier/net.h -- SIP over UDP and TCP on IPv4: listeners, connections, framing.
 *
 * Thread: the carrier has one.  Never blocks.  A message is handed over whole, borrowed for the
 * call.  A TCP peer whose connection is gone gets a new one at the next send.
 */
#ifndef ZVC_NET_H
#define ZVC_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZVC_TRUNKS_MAX 16

/* Where a message came from and answers go to. */
struct zvc_peer {
	struct sockaddr_in addr;
	uint32_t conn, conn_gen; /* TCP */
	uint8_t trunk;           /* index of the listening address */
	bool tcp;
};

struct zvc_listen {
	struct sockaddr_in addr;
	bool udp, tcp;
};

/* wall_ns: when the kernel got it (UDP) or we read it (TCP).  truncated: a datagram over 16 KiB;
 * bad_frame: a stream that cannot be cut into messages; it is closed after this. */
struct zvc_net_message {
	struct zvc_peer peer;
	const char *bytes;
	size_t len;
	int64_t wall_ns;
	bool truncated, bad_frame;
};

struct zvc_net;
typedef void (*zvc_net_fn)(void *arg, const struct zvc_net_message *message);

/* epoll: events carry ZVC_EV_* << 32 | index.  NULL: text says which address failed and why. */
struct zvc_net *zvc_net_create(int epoll, const struct zvc_listen *listens, unsigned n_listens,
                               zvc_net_fn fn, void *arg, char *text, size_t text_size);
void zvc_net_destroy(struct zvc_net *net);
/* Of UDP nothing comes in and nothing goes out while it is cut. */
void zvc_net_cut(struct zvc_net *net, bool cut);

enum {
	ZVC_EV_UDP = 1,
	ZVC_EV_ACCEPT = 2,
	ZVC_EV_CONN = 3,
	ZVC_EV_RTP = 4,
	ZVC_EV_RTCP = 5,
	ZVC_EV_SIGNAL = 6
};
/* SIGTERM, SIGINT and SIGUSR1 come by this descriptor (ZVC_EV_SIGNAL) and no other way; -1: not. */
int zvc_signal_socket(int epoll);
void zvc_net_event(struct zvc_net *net, uint32_t kind, uint32_t index, uint32_t events);

void zvc_net_send(struct zvc_net *net, struct zvc_peer *peer, const char *bytes, size_t len);
/* The address a peer's trunk listens on. */
const struct sockaddr_in *zvc_net_local(const struct zvc_net *net, const struct zvc_peer *peer);

#endif
