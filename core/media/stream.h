/* media/stream.h -- one call's RTP: what it says and what it hears.  No I/O, no clock.
 *
 * Thread: the media thread that owns the slot.
 * One SSRC, and sequence and timestamps without a jump, from open to close: between prompts it
 * sends silence, or (quiet) nothing, and time goes on all the same.  A new prompt takes the place of the one that plays.  What it hears of others'
 * streams is in link.h.
 */
#ifndef ZV_MEDIA_STREAM_H
#define ZV_MEDIA_STREAM_H

#include "dial/command.h"
#include "media/eartap.h"
#include "media/inband.h"
#include "media/keys.h"
#include "media/link.h"
#include "media/made.h"
#include "media/outbox.h"
#include "media/packet.h"
#include "media/presses.h"
#include "media/prompts.h"
#include "media/rec.h"
#include "media/rtcp.h"

struct zv_stream {
	/* What a tick that sends looks at stands first, in three lines of the cache: thousands of
	 * streams do not fit into the near ones. */
	_Alignas(64) struct zv_filter filter;
	uint8_t dtmf_type;
	uint8_t payload_type;
	bool marker;           /* on the next packet */
	bool quiet;            /* of the slot for ever: silence is not sent */
	uint16_t seq;
	bool open;
	bool lost_told;
	uint32_t ssrc, timestamp;
	uint32_t tx_packets, tx_octets;
	int64_t sent_ms;       /* the last packet; 0: none */
	/* the prompt */
	bool playing, stop_on_key, loop;
	bool over;             /* heard over the links, not in their place */
	uint32_t said;         /* of audio */
	struct zv_audio audio; /* n samples; no laws: silence */
	/* what each tick looks at besides */
	int64_t heard_ms;
	int64_t report_ms;     /* the next one */
	uint32_t n_links, n_listeners; /* whom it hears, who hears it */
	uint32_t clock_off;    /* timestamp at monotonic 0 */
	uint16_t looks, quiet_looks; /* ticks without a packet; so many are quiet, 0: never */
	struct zv_presses presses;
	struct zv_flow flow;
	struct zv_rec rec;     /* the first of it */
	/* who it is; set by MEDIA_OPEN */
	uint16_t trunk;
	struct zv_leg_id leg;
	struct zv_attempt_id attempt;
	uint32_t tag;          /* of the prompt */
	/* hearing */
	struct zv_rtp_source source;
	struct zv_keys keys;
	struct zv_inband *inband; /* NULL: not listened for */
	struct zv_ear_tap ear;
	uint16_t skipped;      /* packets that were not audio: a listener's sequence has no gap there */
	uint32_t rx_packets, refused; /* refused: of no type that was agreed on */
	/* links */
	struct zv_link links[ZV_LINKS_MAX];
	struct zv_listener listeners[ZV_LISTENERS_MAX];
	struct zv_mixer *mixer; /* of the slot for ever; touched when it is needed */
	const struct zv_made *made;
	/* reports */
	uint32_t last_sr, next_of_ssrc;
	int64_t last_sr_ms;
	char cname[ZV_RTCP_CNAME];
};

struct zv_stream_seed { uint64_t a, b, c; }; /* random: nobody guesses ssrc, sequence, cname */

/* Payload type 0 or 8 only; anything else: ZV_EINVAL. */
enum zv_err zv_stream_open(struct zv_stream *stream, const struct zv_cmd *cmd,
			   const struct zv_stream_seed *seed, int64_t now_ms) ZV_MUST_USE;
/* The far end moved (early media, then the answer): all goes on towards there. */
enum zv_err zv_stream_move(struct zv_stream *stream, const struct zv_cmd *cmd,
			   int64_t now_ms) ZV_MUST_USE;
void zv_stream_play(struct zv_stream *stream, const struct zv_cmd *cmd,
		    const struct zv_prompts *prompts, struct zv_outbox *box);
/* What plays ends for that cause (enum zv_played), if something does. */
void zv_stream_stop(struct zv_stream *stream, uint8_t cause, struct zv_outbox *box);
/* The next 20 ms: writes up to ZV_RTP_FRAME bytes, returns how many.  0: nothing is to be sent
 * now, the packets of a link flow, the stream is ahead of the time, or it is quiet. */
uint32_t zv_stream_frame(struct zv_stream *stream, int64_t now_ms, uint8_t *ret_data,
			 struct zv_outbox *box);
/* What a packet brought for those who hear the stream. */
struct zv_taken {
	char key;       /* by an RFC 4733 event; 0 none */
	bool audio;
	struct zv_frame frame; /* its payload is the packet's */
};
/* A packet that passed the filter. */
void zv_stream_packet(struct zv_stream *stream, const struct zv_packet *packet, int64_t now_ms,
		      struct zv_outbox *box, struct zv_taken *ret_heard);
/* Begins, changes or ends hearing somebody; false: no room for one more. */
bool zv_stream_link(struct zv_stream *stream, struct zv_leg_id from, bool on, bool keys);
bool zv_stream_hears(const struct zv_stream *stream, struct zv_leg_id from);
/* A frame of a link's source.  true: it is to be sent at once, by the header *ret_rtp. */
bool zv_stream_hear(struct zv_stream *stream, const struct zv_frame *frame, int64_t now_ms,
		    struct zv_rtp *ret_rtp);
/* That packet went out; payload and len as it did. */
void zv_stream_sent(struct zv_stream *stream, const struct zv_rtp *rtp, int64_t now_ms);
void zv_stream_check_lost(struct zv_stream *stream, int64_t now_ms, uint32_t lost_after_ms,
			  struct zv_outbox *box);
/* A report of now; the length. */
size_t zv_stream_report(struct zv_stream *stream, int64_t now_ms, int64_t wall_ns, bool bye,
			uint8_t *ret_data);
/* A report of the far end's that names this stream. */
void zv_stream_heard_report(struct zv_stream *stream, const struct zv_rtcp_in *in, int64_t now_ms);
/* EV_MEDIA_CLOSED; rejected: what the filter kept out. */
void zv_stream_close(struct zv_stream *stream, uint32_t rejected, struct zv_outbox *box);

#endif
