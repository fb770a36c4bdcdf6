/* media/inband.h -- keys in the audio (ITU-T Q.23 tones), by spandsp's detector.
 *
 * Thread: create and destroy at boot; all else on the media thread, without allocation.
 * Packets that come out of order are put in order again (up to ZV_INBAND_HOLD of them wait for
 * a missing one), so that a swapped frame does not cut one press in two.  Quiet audio costs
 * next to nothing: the detector sees the first frames of it and no more.
 */
#ifndef ZV_MEDIA_INBAND_H
#define ZV_MEDIA_INBAND_H

#include "media/g711.h"
#include "media/rtp.h"
#include "zvonar/err.h"

#define ZV_INBAND_HOLD 4u

struct zv_inband;

/* n of them; indexed by zv_inband_at.  ZV_ENOMEM. */
enum zv_err zv_inband_create(uint32_t n, struct zv_inband **ret_inband) ZV_MUST_USE;
void zv_inband_destroy(struct zv_inband *inband, uint32_t n); /* accepts NULL */
struct zv_inband *zv_inband_at(struct zv_inband *inband, uint32_t i);

/* A new source begins. */
void zv_inband_restart(struct zv_inband *inband);
/* One packet that is no duplicate: PCMU or PCMA, or of another type (which holds its place in
 * the sequence).  The number of keys found (at most 8). */
uint32_t zv_inband_take(struct zv_inband *inband, const struct zv_rtp *rtp, char ret_keys[8]);

#endif
