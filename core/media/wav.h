/* media/wav.h -- a WAV file to 8 kHz mono and back, offline: libsndfile reads, libsamplerate resamples.
 *
 * Thread: any that may block and allocate.
 */
#ifndef ZV_MEDIA_WAV_H
#define ZV_MEDIA_WAV_H

#include <stdint.h>

#include "zvonar/err.h"

#define ZV_WAV_SECONDS_MAX  600u
#define ZV_WAV_CHANNELS_MAX 8
#define ZV_WAV_RATE_MIN     4000
#define ZV_WAV_RATE_MAX     192000

/* fd: borrowed, any offset, must be seekable.  The caller frees *ret_samples; 0 samples is a
 * file with nothing in it and leaves NULL.  ZV_EPARSE: no WAV, or of a shape out of the
 * bounds above; ZV_EFULL: longer than ZV_WAV_SECONDS_MAX; ZV_ENOMEM. */
enum zv_err zv_wav_read(int fd, int16_t **ret_samples, uint32_t *ret_n) ZV_MUST_USE;

/* A WAV file of 8 kHz, mono, 16 bits into fd (borrowed, empty).  ZV_EIO. */
enum zv_err zv_wav_write(int fd, const int16_t *samples, uint32_t n) ZV_MUST_USE;

#endif
