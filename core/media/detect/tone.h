/* media/detect/tone.h -- one or two pure tones in 20 ms of sound, of any frequency.
 *
 * Pure; any thread.  A sum of two sinusoids satisfies
 *   x[n-2] + x[n+2] = a (x[n-1] + x[n+1]) + b x[n]
 * and one sinusoid x[n-1] + x[n+1] = c x[n], c = 2 cos w.  So a, b and c are fitted by least squares over
 * a frame, the noise that is left is taken out of the fit, and what is left then says how pure it is.
 * No bank of filters: a voicemail may beep as it likes.
 */
#ifndef ZV_MEDIA_TONE_H
#define ZV_MEDIA_TONE_H

#include <stdint.h>

#define ZV_TONE_FRAME    160u /* samples: 20 ms at 8 kHz */
#define ZV_TONE_FRAME_MS 20u

/* Sums over a frame of x, s1 = x[n-1] + x[n+1], s2 = x[n-2] + x[n+2]. */
struct zv_tones {
	float xx, s1x, s1s1, s2x, s2s1, s2s2;
	float last[4];
	uint16_t n; /* samples in the sums */
};

struct zv_tone_frame {
	float power;    /* mean square of 16 bit samples */
	float tilt;     /* -1 high .. 1 low frequencies: correlation of neighbours */
	uint8_t n_tones; /* 0, 1, 2 */
	uint16_t hz[2]; /* rising */
	float noise;    /* share of the power that is not those tones */
};

void zv_tones_init(struct zv_tones *tones);
/* Takes up to the end of the frame; how many it took.  n must not be 0. */
uint32_t zv_tones_add(struct zv_tones *tones, const int16_t *pcm, uint32_t n);
static inline int zv_tones_is_whole(const struct zv_tones *tones)
{
	return tones->n >= ZV_TONE_FRAME;
}
/* The frame's result; the next one begins. */
void zv_tones_take(struct zv_tones *tones, struct zv_tone_frame *ret_frame);

#endif
