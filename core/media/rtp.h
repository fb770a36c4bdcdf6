/* media/rtp.h -- RTP packets (RFC 3550 5.1), telephone events (RFC 4733 2.3) and what a
 * receiver knows of one source (RFC 3550 A.1, A.3, A.8).  Pure; every read is bounded.
 */
#ifndef ZV_MEDIA_RTP_H
#define ZV_MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define ZV_RTP_HEADER    12u
#define ZV_FRAME_SAMPLES 160u /* 20 ms at 8 kHz */
#define ZV_FRAME_MS      20u
#define ZV_RTP_FRAME     (ZV_RTP_HEADER + ZV_FRAME_SAMPLES)

struct zv_rtp {
	uint8_t payload_type;
	bool marker;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	const uint8_t *payload; /* within the packet */
	uint32_t len;
};

/* false: not version 2, or header, extension or padding pass the end. */
bool zv_rtp_parse(const uint8_t *data, size_t len, struct zv_rtp *ret_rtp);
/* Writes ZV_RTP_HEADER bytes; payload and len are not looked at. */
static inline void zv_rtp_write(uint8_t *data, const struct zv_rtp *rtp)
{
	data[0] = 0x80;
	data[1] = (uint8_t)((rtp->marker ? 0x80 : 0) | rtp->payload_type);
	zv_put_be16(data + 2, rtp->seq);
	zv_put_be32(data + 4, rtp->timestamp);
	zv_put_be32(data + 8, rtp->ssrc);
}

struct zv_tone_event {
	uint8_t event; /* 0..9, 10 '*', 11 '#', 12..15 A..D, others by RFC 4733 */
	bool end;
	uint16_t duration; /* in timestamp units */
};

bool zv_tone_event_parse(const uint8_t *payload, size_t len, struct zv_tone_event *ret_event);

/* One sender as its receiver sees it.  All zero: nothing heard yet. */
struct zv_rtp_source {
	bool valid;
	uint32_t ssrc;
	uint16_t max_seq;
	uint32_t cycles;      /* 65536 each time seq wrapped */
	uint32_t base;        /* extended seq of the first packet */
	uint64_t seen;        /* bit i: max_seq - i has come */
	uint32_t received;    /* from this ssrc, without duplicates */
	uint32_t duplicates;
	uint32_t reordered;
	uint32_t lost_before; /* of earlier ssrcs and restarts of the sequence */
	uint32_t expected_prior, received_prior; /* at the last report */
	uint32_t bad_seq;     /* the one that a restarted sender's next packet has */
	uint32_t transit;
	uint32_t jitter_q4;   /* timestamp units << 4 */
};

enum zv_rtp_take {
	ZV_RTP_NEXT = 0,  /* in order, perhaps after a gap */
	ZV_RTP_LATE,      /* not seen before, older than the newest */
	ZV_RTP_DUPLICATE, /* to be dropped */
	ZV_RTP_RESTART,   /* the first packet, another ssrc, or the sequence begins anew */
	ZV_RTP_STRAY,     /* far out of sequence; dropped unless its successor follows */
};

enum zv_rtp_take zv_rtp_source_take(struct zv_rtp_source *source, const struct zv_rtp *rtp);
/* arrival: in timestamp units, any origin.  Call for audio packets that are not duplicates. */
void zv_rtp_source_jitter(struct zv_rtp_source *source, uint32_t timestamp, uint32_t arrival);
/* Packets lost so far, of all ssrcs. */
uint32_t zv_rtp_source_lost(const struct zv_rtp_source *source);
uint32_t zv_rtp_source_jitter_us(const struct zv_rtp_source *source);

#endif
