/* carrier/media.h -- RTP of the carrier's side: sound out every 20 ms, measurements in.
 *
 * Thread: the carrier has one.  Each even port of the range is a socket for RTP, the odd one above
 * it for RTCP; calls take the ports in turn and may share one (a range of one port per call makes
 * every call's port its own).  A packet belongs to the leg whose peer address and port, as the SDP
 * named them, it comes from; anything else is a stray.
 */
#ifndef ZVC_MEDIA_H
#define ZVC_MEDIA_H

#include "sdp.h"
#include "sound.h"

/* What was heard from the peer. */
struct zvc_hearing {
	uint64_t packets, lost, reordered, bad, ssrc_changes, ts_jumps, sound_frames;
	int64_t first_ns, first_sound_ns, last_ns; /* monotonic, 0 = never */
	int64_t gap_ns_max;                        /* between two packets */
	uint32_t ssrc, next_ts;
	uint16_t next_seq;
};

struct zvc_leg;
struct zvc_media;

struct zvc_media_stats {
	uint64_t tx, rx, strays, rtcp_reports, rtcp_bad, late_ticks;
	uint32_t legs, legs_peak;
};

/* NULL: text says which port failed and why. */
struct zvc_media *zvc_media_create(int epoll, struct in_addr ip, uint16_t port_low,
                                   uint16_t port_high, char *text, size_t text_size);
void zvc_media_destroy(struct zvc_media *media);
void zvc_media_cut(struct zvc_media *media, bool cut); /* as zvc_net_cut */
/* heard is called once a leg, at its first packet with sound in it. */
void zvc_media_on_sound(struct zvc_media *media, void (*heard)(void *owner));

/* Takes the next port.  NULL: out of memory. */
struct zvc_leg *zvc_leg_open(struct zvc_media *media, void *owner, uint64_t id);
void zvc_leg_close(struct zvc_media *media, struct zvc_leg *leg); /* accepts NULL */
uint16_t zvc_leg_port(const struct zvc_media *media, const struct zvc_leg *leg);
/* Begins (or moves, after a re-INVITE) both directions. */
void zvc_leg_start(struct zvc_media *media, struct zvc_leg *leg, const struct zvc_sdp *sdp);
void zvc_leg_play(struct zvc_leg *leg, enum zvc_sound sound);
/* One key press of 160 ms: RFC 4733 events, or tones when inband or when the peer's SDP has no
 * telephone-event.  Returns whether it was in-band. */
bool zvc_leg_key(struct zvc_leg *leg, uint8_t key, bool inband);
const struct zvc_hearing *zvc_leg_hearing(const struct zvc_leg *leg);
uint64_t zvc_leg_sent(const struct zvc_leg *leg);

void zvc_media_event(struct zvc_media *media, uint32_t kind, uint32_t index);
/* Sends what is due; call at least every 5 ms while there are legs.  Missed ticks are not made
 * up for. */
void zvc_media_tick(struct zvc_media *media, uint64_t now_ms);
const struct zvc_media_stats *zvc_media_get_stats(const struct zvc_media *media);

#endif
