/* media/link.h -- who hears whom: the links of one leg, and what is mixed of them.  Pure.
 *
 * Rules:
 * 1. A link names its source by (slot, gen): what another use of the slot says is never heard.
 * 2. One link and nothing that plays: the leg flows.  Each packet of the source goes out at the
 *    moment it comes, its sequence number and timestamp moved by a constant: losses and swaps
 *    stay what they are, and the far end's own buffer deals with them.
 * 3. Whatever the tick sends ends the flow; the next packet of the source begins it anew with the
 *    next sequence number.  Timestamps are the leg's clock: after a gap they jump by it.
 * 4. Several links, or a tone over one: frames wait in a short queue a link and are added up,
 *    with saturation, at the leg's tick.  A queue that runs dry is silent for a moment and so
 *    one frame longer from then on; one that grows past ZV_MIX_MOST is cut.
 */
#ifndef ZV_MEDIA_LINK_H
#define ZV_MEDIA_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "dial/ids.h"
#include "media/rtp.h"

#define ZV_LINKS_MAX     4u   /* sources a listener */
#define ZV_LISTENERS_MAX 8u   /* listeners a source */
#define ZV_FRAME_MAX     480u /* octets of audio that cross threads or are mixed: 60 ms */
#define ZV_MIX_SAMPLES   1024u
#define ZV_MIX_MOST      800u /* 100 ms */
#define ZV_MIX_CUT       320u

/* One packet's audio on its way to a listener. */
struct zv_frame {
	struct zv_leg_id from;
	uint32_t ssrc, timestamp; /* as the source sent them */
	uint16_t seq, len;
	uint8_t law;              /* enum zv_law */
	bool late;                /* older than the newest */
	bool marker;
	const uint8_t *payload;
};

struct zv_link {
	struct zv_leg_id from; /* slot ZV_SLOT_NONE: free */
	bool keys;
};

struct zv_listener {
	struct zv_leg_id to;
	bool keys;
};

/* How the flow of rule 2 is mapped. */
struct zv_flow {
	bool on;
	uint16_t first, seq_off; /* first: of the source */
	uint16_t quiet_ms;       /* the tick takes over after that long without a packet */
	uint32_t ssrc, ts_off;
	struct zv_leg_id from;
	int64_t fed_ms;
};

/* Where a leg stands in its own sequence. */
struct zv_place {
	uint16_t seq;        /* the next one's */
	uint32_t timestamp;
	uint32_t clock;      /* timestamp of now, by our clock */
};

enum zv_flow_take { ZV_FLOW_DROP = 0, ZV_FLOW_NEXT, ZV_FLOW_LATE, ZV_FLOW_ANEW };

/* seq and timestamp under which the frame goes out; the place moves on. */
enum zv_flow_take zv_flow_take(struct zv_flow *flow, const struct zv_frame *frame,
			       struct zv_place *place, uint16_t *ret_seq, uint32_t *ret_timestamp);
bool zv_flow_runs(const struct zv_flow *flow, int64_t now_ms);
/* A place that is over 20 ms behind its clock moves on by whole frames; true: it did. */
bool zv_place_catch_up(struct zv_place *place);

/* One queue a link, by the link's index. */
struct zv_mixer {
	uint16_t n[ZV_LINKS_MAX], at[ZV_LINKS_MAX];
	int16_t q[ZV_LINKS_MAX][ZV_MIX_SAMPLES];
};
void zv_mixer_clear(struct zv_mixer *mixer, uint32_t link);
void zv_mixer_push(struct zv_mixer *mixer, uint32_t link, const struct zv_frame *frame);
/* Adds the next 20 ms of all queues to sum. */
void zv_mixer_add(struct zv_mixer *mixer, int32_t sum[ZV_FRAME_SAMPLES]);

#endif
