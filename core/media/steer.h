/* media/steer.h -- all ports of the plan to one socket a thread: a BPF program of the type
 * sk_lookup (Linux 5.9 and later), made here as instructions, loaded and attached by bpf(2).
 *
 * Thread: create and destroy at boot and at the end; a port's entry by the media thread that owns
 * it, while the kernel reads it.
 *
 * The program finds the slot by address and port, looks at its entry and gives the packet to the
 * thread's socket.  What is not for an open port, or not from who may send there, goes to a socket
 * that hears nothing: the kernel then answers nothing either, which it would if the packet had no
 * socket at all.  The attachment ends with the process.
 */
#ifndef ZV_MEDIA_STEER_H
#define ZV_MEDIA_STEER_H

#include "media/packet.h"

enum zv_steer_how { ZV_STEER_CLOSED = 0, ZV_STEER_PEER, ZV_STEER_ANY };

/* Memory that the kernel shares.  ANY: the program lets all pass, the thread decides. */
struct zv_steer_port {
	_Atomic uint32_t how;      /* enum zv_steer_how */
	_Atomic uint32_t ip, port; /* network order */
	_Atomic uint32_t rejected; /* counted by the program */
};

struct zv_steer {
	const struct zv_media_plan *plan;
	struct zv_steer_port *ports; /* by slot; behind them one a thread: rejected of all its ports */
	size_t size;
	int ports_fd, sockets_fd, program_fd, link_fd, silent_fd;
};

#define ZV_STEER_FDS 5u

/* sockets: bound UDP sockets, one a thread.  IPv4 only.  ZV_EDENIED: it cannot be done here,
 * text says why. */
enum zv_err zv_steer_init(struct zv_steer *steer, const struct zv_media_plan *plan, const int *sockets,
			  char *text, size_t text_size) ZV_MUST_USE;
void zv_steer_fini(struct zv_steer *steer); /* what was never made is all zero or -1 */

#endif
