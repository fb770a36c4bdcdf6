#include "sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NOISE_FRAMES 50u
#define VOICE_FRAMES 100u
#define BEEP_FRAMES  2u /* 1000 Hz: 40 ms are whole periods */
#define KEYS         10u
#define KEY_FRAMES   8u
#define FRAMES       (NOISE_FRAMES + VOICE_FRAMES + BEEP_FRAMES + KEYS * KEY_FRAMES)

static uint8_t frames[2][FRAMES][ZVC_FRAME]; /* 0: A-law, 1: u-law */
static int16_t linear[2][256];

static int16_t alaw_linear(uint8_t byte)
{
	int x = byte ^ 0x55;
	int segment = x >> 4 & 7;
	int value = (x & 15) << 4;

	value += segment == 0 ? 8 : 0x108;
	if (segment > 1)
		value <<= segment - 1;
	return (int16_t)((x & 0x80) != 0 ? value : -value);
}

static int16_t ulaw_linear(uint8_t byte)
{
	int x = ~byte & 0xff;
	int value = (((x & 15) << 3) + 0x84) << (x >> 4 & 7);

	return (int16_t)((x & 0x80) != 0 ? 0x84 - value : value - 0x84);
}

/* The nearest code by search: slow and surely right; used at boot only. */
static uint8_t encode(int law, int sample)
{
	int best = 0;
	int best_off = INT32_MAX;

	for (int code = 0; code < 256; code++) {
		int off = sample - linear[law][code];

		if (off < 0)
			off = -off;
		if (off < best_off) {
			best_off = off;
			best = code;
		}
	}
	return (uint8_t)best;
}

static void put_sample(unsigned first, unsigned i, double sample)
{
	for (int law = 0; law < 2; law++)
		frames[law][first + i / ZVC_FRAME][i % ZVC_FRAME] = encode(law, (int)lrint(sample));
}

static double wave(unsigned i, double hz)
{
	return sin(2.0 * M_PI * hz * i / 8000.0);
}

/* Harmonics of a 120 Hz voice under a syllable's envelope of 4 Hz. */
static double voice(unsigned i)
{
	double syllable = 0.5 + 0.5 * wave(i, 4.0);
	double sum = 0;

	for (int harmonic = 1; harmonic <= 12; harmonic++)
		sum += wave(i, 120.0 * harmonic) / (1.0 + 0.25 * abs(harmonic - 4));
	return 1800.0 * syllable * sum;
}

void zvc_sound_init(void)
{
	static const double rows[4] = {697, 770, 852, 941};
	static const double columns[3] = {1209, 1336, 1477};
	uint64_t noise = 1;

	for (int code = 0; code < 256; code++) {
		linear[0][code] = alaw_linear((uint8_t)code);
		linear[1][code] = ulaw_linear((uint8_t)code);
	}
	for (unsigned i = 0; i < NOISE_FRAMES * ZVC_FRAME; i++) {
		noise = zv_mix64(noise);
		put_sample(0, i, (double)(noise % 33) - 16.0);
	}
	for (unsigned i = 0; i < VOICE_FRAMES * ZVC_FRAME; i++)
		put_sample(NOISE_FRAMES, i, voice(i));
	for (unsigned i = 0; i < BEEP_FRAMES * ZVC_FRAME; i++)
		put_sample(NOISE_FRAMES + VOICE_FRAMES, i, 8000.0 * wave(i, 1000.0));
	for (unsigned key = 1; key < KEYS; key++) {
		unsigned first = NOISE_FRAMES + VOICE_FRAMES + BEEP_FRAMES + key * KEY_FRAMES;

		for (unsigned i = 0; i < KEY_FRAMES * ZVC_FRAME; i++)
			put_sample(first, i,
			           7000.0 * wave(i, rows[(key - 1) / 3]) +
			                   7000.0 * wave(i, columns[(key - 1) % 3]));
	}
}

const uint8_t *zvc_sound_frame(enum zvc_sound sound, uint8_t key, uint32_t i, uint8_t pt)
{
	unsigned first = 0;
	unsigned count = NOISE_FRAMES;

	switch (sound) {
	case ZVC_SOUND_NOISE: break;
	case ZVC_SOUND_VOICE:
		first = NOISE_FRAMES;
		count = VOICE_FRAMES;
		break;
	case ZVC_SOUND_BEEP:
		first = NOISE_FRAMES + VOICE_FRAMES;
		count = BEEP_FRAMES;
		break;
	case ZVC_SOUND_KEY:
		first = NOISE_FRAMES + VOICE_FRAMES + BEEP_FRAMES + (key % KEYS) * KEY_FRAMES;
		count = KEY_FRAMES;
		break;
	}
	return frames[pt == 8 ? 0 : 1][first + i % count];
}

uint32_t zvc_sound_level(const uint8_t *bytes, size_t n, uint8_t pt)
{
	const int16_t *table = linear[pt == 8 ? 0 : 1];
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)(table[bytes[i]] < 0 ? -table[bytes[i]] : table[bytes[i]]);
	return n == 0 ? 0 : (uint32_t)(sum / n);
}
