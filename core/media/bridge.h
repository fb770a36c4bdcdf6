/* media/bridge.h -- links between streams, of one thread and of two.
 *
 * Thread: the media thread; the rings between two of them are written by one and read by the
 * other.
 *
 * A link is known at both ends: to the listener (whom may I hear) and to the source (who hears
 * me).  LINK therefore goes to both threads, and each does its part.  A stream that closes tells
 * the other ends; if they are on another thread, by the ring.  A full ring drops frames and counts
 * them; its last places are kept for these messages.
 *
 * A stream that somebody hears is watched: its packets are read when they come, not by the
 * wheel.  A thread to which ZV_BRIDGE_BUSY of them come in 2 ms looks at its ticks alone, and so
 * serves many with one waking.
 */
#ifndef ZV_MEDIA_BRIDGE_H
#define ZV_MEDIA_BRIDGE_H

#include "media/streams.h"

#define ZV_BRIDGE_BUSY 4u

enum zv_cross_what { ZV_CROSS_FRAME = 1, ZV_CROSS_KEY, ZV_CROSS_SOURCE_GONE, ZV_CROSS_LISTENER_GONE };

/* Between two media threads. */
struct zv_cross {
	uint8_t what, law, late, marker, key;
	struct zv_leg_id from, to; /* source and listener */
	uint32_t ssrc, timestamp;
	uint16_t seq, len;
	uint8_t payload[ZV_FRAME_MAX];
};

/* Places of a ring between two threads, if a thread has so many streams. */
uint32_t zv_cross_places(uint32_t n_streams);

void zv_bridge_link(struct zv_streams *streams, const struct zv_cmd *cmd, int64_t now_ms);
/* The stream closes: nobody hears it, it hears nobody. */
void zv_bridge_close(struct zv_streams *streams, uint32_t id);
/* What came from the stream goes to all who hear it.  The packet's own room is used. */
void zv_bridge_pass(struct zv_streams *streams, uint32_t id, struct zv_taken *heard, int64_t now_ms);
/* What was passed on goes out. */
void zv_bridge_flush(struct zv_streams *streams);
/* Reads the watched streams that have something, and the other threads' rings. */
void zv_bridge_look(struct zv_streams *streams, int64_t now_ms);
/* Sleeps until something of that comes, or wait_ns are over. */
void zv_bridge_rest(struct zv_streams *streams, int64_t wait_ns);
/* Has this thread anything to do with links? */
static inline bool zv_bridge_any(const struct zv_streams *streams)
{
	return streams->watched > 0 || streams->remote > 0;
}

#endif
