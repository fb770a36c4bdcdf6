/* sip/sdp.h -- the few lines of SDP (RFC 4566, RFC 3264) that a G.711 call needs, and the cause
 * in a Reason header (RFC 3326).
 *
 * Pure; any thread.  What comes from outside is parsed with bounds and never trusted.
 */
#ifndef ZV_SIP_SDP_H
#define ZV_SIP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dial/mediaplan.h"
#include "zvonar/err.h"

#define ZV_SDP_MAX 1024 /* the longest body that zv_sdp_build writes, with its NUL */

enum zv_sdp_direction { ZV_SDP_SENDRECV, ZV_SDP_SENDONLY, ZV_SDP_RECVONLY, ZV_SDP_INACTIVE };

/* The far end's audio stream. */
struct zv_sdp_media {
	struct zv_ip ip;
	uint16_t port;
	uint8_t payload_type; /* 8 PCMA or 0 PCMU: the first of its list */
	uint8_t dtmf_type;    /* RFC 4733 payload type, 0 = none */
	uint8_t direction;    /* enum zv_sdp_direction, as the far end says it */
	bool held;            /* inactive, or the unspecified address */
};

/* ZV_EPARSE: not SDP.  ZV_ENOENT: SDP, but no audio stream that we can talk to: no m=audio over
 * RTP/AVP, port 0, neither PCMA nor PCMU, or no numeric address.  A held stream is ZV_OK with
 * held set. */
enum zv_err zv_sdp_parse(const char *text, size_t len, struct zv_sdp_media *ret_media) ZV_MUST_USE;
/* The same for RTP/SAVP, and nothing else; its keys: sdes.h. */
enum zv_err zv_sdp_parse_srtp(const char *text, size_t len,
			      struct zv_sdp_media *ret_media) ZV_MUST_USE;

struct zv_sdp_offer {
	uint64_t session; /* o= */
	uint32_t version;
	struct zv_ip ip;
	uint16_t port;
	struct zv_ip rtcp_ip;
	uint16_t rtcp_port;
	bool pcmu_first;
	const char *crypto; /* lines of keys: RTP/SAVP; NULL: RTP/AVP */
	const struct zv_sdp_media *answer_to; /* NULL: an offer; else only what it chose */
};

/* Writes at most ZV_SDP_MAX bytes; the length. */
size_t zv_sdp_build(const struct zv_sdp_offer *offer, char *to);

/* The Q.850 cause (1..127) in the value of a Reason header, 0 if there is none. */
uint16_t zv_reason_q850(const char *text, size_t len);

/* An address as text: 1.2.3.4 or 2001:db8::1.  to has 46 bytes. */
void zv_ip_text(const struct zv_ip *ip, char *to);

#endif
