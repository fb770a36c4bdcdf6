/* sip/sdes.h -- keys of SRTP in the SDP (RFC 4568): crypto attributes in and out.
 *
 * Pure; any thread.  Every read is bounded.  Who calls wipes what he got.
 */
#ifndef ZV_SIP_SDES_H
#define ZV_SIP_SDES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secrets.h"

#define ZV_SDES_LINE  112 /* the longest line that zv_sdes_write makes, with its NUL */
#define ZV_SDES_LINES 8   /* that are looked at of one body */

struct zv_sdes {
	uint32_t tag;
	uint8_t suite; /* enum zv_srtp_suite */
	uint8_t key[ZV_SECRET_MAX];
};

/* The value of a crypto attribute, "1 AES_CM_128_HMAC_SHA1_80 inline:...".  False: not one, or not
 * one that we can keep to: an unknown suite, several keys, a master key identifier (MKI), a lifetime
 * shorter than the longest call (2^20 packets) or none of RFC 3711 (over 2^48), any session
 * parameter but a window size hint. */
bool zv_sdes_parse(const char *value, size_t len, struct zv_sdes *ret_sdes);
/* Those of the first audio stream over RTP/SAVP that is not refused; how many of max. */
uint32_t zv_sdes_find(const char *body, size_t len, struct zv_sdes *ret_sdes, uint32_t max);
/* "a=crypto:..." with its CRLF; the length. */
size_t zv_sdes_write(const struct zv_sdes *sdes, char *to);

#endif
