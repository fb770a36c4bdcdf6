/* media/encode.h -- a finished WAV of ours (wavout.h) becomes Ogg Opus with a sha256 beside it.
 *
 * Thread: one that may block and allocate.
 */
#ifndef ZV_MEDIA_ENCODE_H
#define ZV_MEDIA_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

struct zv_encoded {
	uint32_t duration_ms;
	uint64_t bytes;
	char sha256[65];
};

/* stem: the path without its ending.  Reads STEM.wav by its length, not by its header, which may be
 * a second old; writes STEM.opus and STEM.opus.sha256, both synced, then removes the WAV.  Whatever
 * is there under these names is replaced.  ZV_EPARSE: no WAV of ours; ZV_EFULL: no room; ZV_EIO. */
enum zv_err zv_encode(const char *stem, uint32_t bit_rate, struct zv_encoded *ret_encoded) ZV_MUST_USE;

#endif
