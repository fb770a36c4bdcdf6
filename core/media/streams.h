/* media/streams.h -- all streams of one media thread: a direct table by slot, the wheel, and
 * who is who among the RTCP senders.
 *
 * Thread: create and destroy at boot; all else on the media thread.
 */
#ifndef ZV_MEDIA_STREAMS_H
#define ZV_MEDIA_STREAMS_H

#include <stdatomic.h>

#include "base/hash.h"
#include "media/guard.h"
#include "media/stream.h"
#include "media/wheel.h"

struct zv_streams {
	const struct zv_media_params *params; /* of struct zv_media */
	uint32_t thread, n_threads;
	uint32_t n;               /* streams, open or not */
	struct zv_stream *v;      /* by slot / n_threads */
	struct zv_inband *inband; /* NULL: not listened for */
	struct zv_wheel wheel;
	struct zv_packet_io *io;
	struct zv_guards guards;  /* SRTP */
	struct zv_outbox box;
	uint32_t *by_ssrc;        /* chains: 1 + index, 0 ends; on from next_of_ssrc */
	uint32_t ssrc_mask;
	struct zv_key key;        /* of seeds */
	uint64_t seeds;
	/* one burst of the tick */
	uint8_t frames[ZV_PACKET_BURST][ZV_RTP_FRAME + ZV_SRTP_ROOM];
	struct zv_packet out[ZV_PACKET_BURST], in[ZV_PACKET_BURST];
	uint8_t reports[ZV_PACKET_BURST][ZV_RTCP_MAX + ZV_SRTP_ROOM];
	struct zv_packet report_out[ZV_PACKET_BURST];
	uint32_t n_reports;
	/* bridges (bridge.h) */
	struct zv_mixer *mixers;     /* by slot / n_threads */
	struct zv_ring *commands;    /* of the engine's; set by the thread */
	/* from and to the other threads; struct zv_media's; NULL in the own place */
	struct zv_ring *cross_in[ZV_MEDIA_THREADS_MAX], *cross_out[ZV_MEDIA_THREADS_MAX];
	int cross_fd;                /* wakes this thread */
	uint32_t watched;            /* streams that somebody hears */
	uint32_t remote;             /* links to sources of other threads */
	uint32_t looked, rate_q3;    /* packets of links since the last tick; a tick, 8 of them */
	bool busy;                   /* they are read at the ticks alone */
	uint32_t ready[ZV_PACKET_BURST], n_ready; /* what ended the rest... */
	bool rested;                 /* ...if there was one */
	uint8_t heard[ZV_PACKET_BURST][ZV_RTP_HEADER + ZV_FRAME_MAX + ZV_SRTP_ROOM];
	struct zv_packet heard_out[ZV_PACKET_BURST];
	uint32_t n_heard;
	/* read by any thread */
	_Atomic uint64_t tx_packets, rx_packets, rejected, late_ticks, send_errors, dropped;
	_Atomic uint64_t passed_on, crossed, cross_lost, links_refused, presses_lost, tape_lost, ear_lost;
	_Atomic uint64_t forged, replayed, unsent;
	_Atomic uint32_t open, peak;
};

/* The rings between threads are struct zv_media's to give, before the thread runs.  io is the
 * streams' from then on, whatever is returned; smith (NULL: no SRTP) outlives them.  Errors as zv_media_create. */
enum zv_err zv_streams_create(const struct zv_media_params *params, uint32_t thread,
			      struct zv_packet_io *io, struct zv_smith *smith,
			      struct zv_streams **ret_streams) ZV_MUST_USE;
void zv_streams_destroy(struct zv_streams *streams); /* accepts NULL */
/* Made sounds, and where recordings go (may be NULL): borrowed for as long as the streams live. */
void zv_streams_equip(struct zv_streams *streams, const struct zv_made *made, struct zv_ring *tape,
		      struct zv_ears *ears);

/* All commands that wait; none while events wait for the engine: see outbox.h. */
void zv_streams_take(struct zv_streams *streams, int64_t now_ms);
void zv_streams_command(struct zv_streams *streams, const struct zv_cmd *cmd, int64_t now_ms);
#define ZV_HEAR_AT_ONCE (ZV_PACKET_BURST / ZV_PACKET_PER_PORT)
/* What came to these, at most ZV_HEAR_AT_ONCE of them. */
void zv_streams_hear(struct zv_streams *streams, const uint32_t *ids, uint32_t n, int64_t now_ms);
/* What came to any of them, where there is one queue for all. */
void zv_streams_hear_all(struct zv_streams *streams, int64_t now_ms);
/* What waits of a stream that is about to be heard by others.  true: *ret_heard is the newest of
 * it, it came not longer than a frame ago, and stays valid until the next rx. */
bool zv_streams_hear_before(struct zv_streams *streams, uint32_t id, int64_t now_ms,
			    struct zv_taken *ret_heard);
/* One phase: hear what came for its streams, then send their next frames. */
void zv_streams_tick(struct zv_streams *streams, int64_t tick, int64_t now_ms);
/* What came to the RTCP port; once in 20 ms is plenty. */
void zv_streams_hear_reports(struct zv_streams *streams, int64_t now_ms);
/* The reports that gathered go out. */
void zv_streams_send_reports(struct zv_streams *streams);
/* BYE to all; the thread ends. */
void zv_streams_leave(struct zv_streams *streams, int64_t now_ms);

/* One writer, many readers: no locked instruction. */
static inline void zv_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

#endif
