/* media/wavout.h -- a stereo WAV file that grows: 8 kHz, 16 bits, each side written at its own
 * place.  What is never written is silence.
 *
 * Thread: one that may block.
 */
#ifndef ZV_MEDIA_WAVOUT_H
#define ZV_MEDIA_WAVOUT_H

#include <stdint.h>

#include "zvonar/err.h"

#define ZV_WAVOUT_HEADER  44u
#define ZV_WAVOUT_SAMPLES 4096u /* the sides may be that far apart: 512 ms */

struct zv_wavout {
	int fd;
	uint32_t base, end; /* samples: written up to, known up to */
	int16_t room[ZV_WAVOUT_SAMPLES][2];
};

/* Takes fd, an empty file. */
enum zv_err zv_wavout_open(struct zv_wavout *out, int fd) ZV_MUST_USE;
/* ZV_EFULL: no room on the disk; ZV_EIO.  The file is closed with what it has. */
enum zv_err zv_wavout_put(struct zv_wavout *out, uint32_t side, uint32_t at, const int16_t *samples,
			  uint32_t n) ZV_MUST_USE;
/* The header says what is there. */
enum zv_err zv_wavout_header(struct zv_wavout *out) ZV_MUST_USE;
/* Writes the rest, up to `end` at least; closes fd whatever happens. */
enum zv_err zv_wavout_close(struct zv_wavout *out, uint32_t end) ZV_MUST_USE;

#endif
