/* media/g711.h -- G.711 A-law and mu-law (ITU-T G.711, 1988).  Pure.
 *
 * Linear samples are 16 bit, full scale.  A-law octets carry the even bits inverted, as on the
 * wire.
 */
#ifndef ZV_MEDIA_G711_H
#define ZV_MEDIA_G711_H

#include <stdint.h>

#define ZV_ALAW_SILENCE 0xd5u
#define ZV_ULAW_SILENCE 0xffu

/* RTP payload types (RFC 3551). */
enum zv_law { ZV_PCMU = 0, ZV_PCMA = 8 };

extern const int16_t zv_alaw_linear[256];
extern const int16_t zv_ulaw_linear[256];

/* From law to law. */
extern const uint8_t zv_alaw_of_ulaw[256];
extern const uint8_t zv_ulaw_of_alaw[256];

uint8_t zv_alaw_encode(int16_t linear);
uint8_t zv_ulaw_encode(int16_t linear);

#endif
