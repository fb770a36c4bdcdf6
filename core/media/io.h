/* media/io.h -- which packet I/O a process has, and the making of it.
 *
 * Thread: boot and end, one thread.  A hub is what the media threads' I/O has in common: one a
 * process, made before the threads and destroyed after all of them.  It may block, allocate and
 * log; what it opens may not (packet.h).
 */
#ifndef ZV_MEDIA_IO_H
#define ZV_MEDIA_IO_H

#include "media/packet.h"

struct zv_packet_hub;

struct zv_packet_hub_ops {
	/* The I/O of media thread `thread`.  Errors as zv_media_create. */
	enum zv_err (*open)(struct zv_packet_hub *hub, uint32_t thread, char *text, size_t text_size,
			    struct zv_packet_io **ret_io);
	void (*destroy)(struct zv_packet_hub *hub);
};

/* The first member of each kind's own. */
struct zv_packet_hub {
	const struct zv_packet_hub_ops *ops;
	const struct zv_media_plan *plan; /* outlives the hub */
	enum zv_media_io kind;            /* never ZV_IO_AUTO */
	uint32_t n_fds;                   /* that all threads together open */
	char note[160];                   /* why it is not another one; "" if it is what was wanted */
	char about[240];                  /* more than its name, for the log; may be "" */
};

/* The word of media.io. */
const char *zv_packet_io_name(enum zv_media_io kind);
/* What params->io says.  ZV_IO_AUTO takes the best that works here; URING and SHARED where they
 * cannot work give SOCKETS, and the note says why. */
enum zv_err zv_packet_hub_open(const struct zv_media_params *params, char *text, size_t text_size,
			       struct zv_packet_hub **ret_hub) ZV_MUST_USE;
/* That of ZV_IO_DPDK, whose module is loaded. */
enum zv_err zv_dpdk_hub_open(const struct zv_media_params *params, char *text, size_t text_size,
			     struct zv_packet_hub **ret_hub) ZV_MUST_USE;
enum zv_err zv_packet_open(struct zv_packet_hub *hub, uint32_t thread, char *text, size_t text_size,
			   struct zv_packet_io **ret_io) ZV_MUST_USE;
void zv_packet_hub_destroy(struct zv_packet_hub *hub); /* accepts NULL */

#endif
