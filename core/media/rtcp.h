/* media/rtcp.h -- RTCP compound packets (RFC 3550 6): reports out and in.  Pure; every read is
 * bounded.
 */
#ifndef ZV_MEDIA_RTCP_H
#define ZV_MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

#define ZV_RTCP_MAX        128u /* the longest that zv_rtcp_write makes */
#define ZV_RTCP_CNAME      24u
#define ZV_RTCP_BLOCKS_MAX 31u

struct zv_rtcp_block {
	uint32_t ssrc;     /* whom it is about */
	uint8_t fraction;  /* lost since the last report, of 256 */
	uint32_t lost;     /* 24 bits */
	uint32_t max_seq;  /* extended */
	uint32_t jitter;
	uint32_t lsr, dlsr;
};

struct zv_rtcp_report {
	uint32_t ssrc;
	uint64_t ntp;
	uint32_t rtp_timestamp, packets, octets; /* packets == 0: a receiver report */
	bool has_block, bye;
	struct zv_rtcp_block block;
	char cname[ZV_RTCP_CNAME]; /* no terminator */
};

/* SR or RR, SDES with the CNAME, BYE if asked.  At most ZV_RTCP_MAX bytes; the length. */
size_t zv_rtcp_write(uint8_t *data, const struct zv_rtcp_report *report);
/* The report block about what came from source, and the interval begins anew (A.3). */
void zv_rtcp_block_of(struct zv_rtp_source *source, struct zv_rtcp_block *ret_block);

struct zv_rtcp_in {
	uint32_t ssrc; /* the sender */
	bool sr, bye;
	uint32_t ntp_middle;
	uint32_t n_blocks;
	struct zv_rtcp_block blocks[ZV_RTCP_BLOCKS_MAX];
};

/* false: not a valid compound packet by A.2. */
bool zv_rtcp_parse(const uint8_t *data, size_t len, struct zv_rtcp_in *ret_in);

/* 1900-based NTP time of a wall clock. */
uint64_t zv_ntp_of(int64_t wall_ns);

#endif
