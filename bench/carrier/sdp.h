/* carrier/sdp.h -- session descriptions (RFC 4566, offer/answer RFC 3264): one audio line.  Pure.
 */
#ifndef ZVC_SDP_H
#define ZVC_SDP_H

#include <netinet/in.h>

#include "text.h"

struct zvc_sdp {
	struct in_addr ip; /* of the audio */
	uint16_t port;     /* 0: none */
	uint16_t rtcp_port;
	uint8_t audio_pt; /* 8 PCMA or 0 PCMU: the first of the offer that we know */
	uint8_t keys_pt;  /* telephone-event, 0 = none */
	bool hold;        /* a=sendonly, a=inactive or 0.0.0.0 */
};

/* Reads an offer or answer strictly.  NULL, or what is wrong with it. */
const char *zvc_sdp_parse(struct zvc_str body, struct zvc_sdp *ret_sdp);

/* Writes ours: ip in network order, codecs as chosen (offer: both).  Length; never over size. */
size_t zvc_sdp_write(char *to, size_t size, struct in_addr ip, uint16_t port,
                     const struct zvc_sdp *answer_to);

#endif
