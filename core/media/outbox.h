/* media/outbox.h -- events on their way to the engine.
 *
 * Thread: the media thread.  They go straight into the ring; when that is full they wait here,
 * in order.  The thread takes no new commands while the outbox is not empty, so that what the
 * engine must hear (closed, played, lost) always finds a place: at most a few a stream.  Keys
 * are dropped and counted once it is half full.
 */
#ifndef ZV_MEDIA_OUTBOX_H
#define ZV_MEDIA_OUTBOX_H

#include <stdbool.h>

#include "base/ring.h"
#include "dial/event.h"

struct zv_outbox {
	struct zv_ring *ring; /* owned by the shell */
	struct zv_event *v;
	uint32_t mask, head, tail;
	uint64_t dropped;
};

/* n_streams: how many may speak at once.  ZV_ENOMEM. */
enum zv_err zv_outbox_init(struct zv_outbox *box, uint32_t n_streams) ZV_MUST_USE;
void zv_outbox_fini(struct zv_outbox *box);
void zv_outbox_push(struct zv_outbox *box, const struct zv_event *event);
/* true: nothing waits any more. */
bool zv_outbox_flush(struct zv_outbox *box);

#endif
