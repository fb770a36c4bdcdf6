#include "sound.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

#define NOISE_FRAMES 50u
#define VOICE_FRAMES 100u
#define BEEP_FRAMES  2u /* 1000 Hz: 40 ms are whole periods */
#define KEYS         10u
#define KEY_FRAMES   8u
#define RING_FRAMES  250u /* 425 Hz: a second is whole periods */
#define RING_FIRST   (NOISE_FRAMES + VOICE_FRAMES + BEEP_FRAMES + KEYS * KEY_FRAMES)
#define FRAMES       (RING_FIRST + RING_FRAMES)
#define FILE_MOST    (8000u * 60)
#define FILES        (ZVC_SOUNDS - ZVC_SOUND_HELLO)

static uint8_t frames[2][FRAMES][ZVC_FRAME]; /* 0: A-law, 1: u-law */
static int16_t linear[2][256];
/* of files: whole frames in both laws, and how many */
static struct {
	int16_t *pcm;
	uint8_t *laws[2];
	uint32_t n;
} clips[FILES];

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

/* 8 kHz, mono, 16 bit; the samples of its data chunk. */
static int16_t *read_wav(FILE *from, uint32_t *ret_n)
{
	uint8_t head[12];
	uint8_t chunk[24];
	int16_t *pcm = NULL;
	bool fits = false;

	if (fread(head, 1, 12, from) != 12 || memcmp(head, "RIFF", 4) != 0 ||
	    memcmp(head + 8, "WAVE", 4) != 0)
		return NULL;
	while (fread(chunk, 1, 8, from) == 8) {
		uint32_t n = (uint32_t)chunk[4] | (uint32_t)chunk[5] << 8 |
		             (uint32_t)chunk[6] << 16 | (uint32_t)chunk[7] << 24;

		if (memcmp(chunk, "fmt ", 4) == 0 && n >= 16) {
			if (fread(chunk, 1, 16, from) != 16 || fseek(from, (long)n - 16, SEEK_CUR) != 0)
				return NULL;
			fits = chunk[0] == 1 && chunk[2] == 1 && chunk[4] == 0x40 &&
			       chunk[5] == 0x1f && chunk[6] == 0 && chunk[14] == 16;
			continue;
		}
		if (memcmp(chunk, "data", 4) != 0) {
			if (fseek(from, (long)n + (n & 1), SEEK_CUR) != 0)
				return NULL;
			continue;
		}
		n = n / 2 > FILE_MOST ? FILE_MOST : n / 2;
		pcm = fits ? calloc(n + ZVC_FRAME, sizeof(*pcm)) : NULL;
		if (pcm != NULL)
			*ret_n = (uint32_t)fread(pcm, 2, n, from);
		return pcm;
	}
	return NULL;
}

bool zvc_sound_load(const char *wish, char *text, size_t text_size)
{
	static const char *const names[FILES] = {"hello", "greeting", "announcement"};
	const char *path = strchr(wish, '=');
	uint32_t n = 0;

	for (unsigned i = 0; path != NULL && i < FILES; i++) {
		FILE *from;

		if (strlen(names[i]) != (size_t)(path - wish) ||
		    memcmp(names[i], wish, (size_t)(path - wish)) != 0)
			continue;
		from = fopen(path + 1, "rb");
		clips[i].pcm = from != NULL ? read_wav(from, &n) : NULL;
		clips[i].n = (n + ZVC_FRAME - 1) / ZVC_FRAME;
		if (from != NULL)
			(void)fclose(from);
		if (clips[i].pcm == NULL || clips[i].n == 0)
			(void)snprintf(text, text_size, "%s is no WAV of 8 kHz, mono, 16 bit", path + 1);
		return clips[i].pcm != NULL && clips[i].n > 0;
	}
	(void)snprintf(text, text_size, "--play hello|greeting|announcement=FILE, not %s", wish);
	return false;
}

uint32_t zvc_sound_ms(enum zvc_sound sound)
{
	return sound >= ZVC_SOUND_HELLO && sound < ZVC_SOUNDS ? 20 * clips[sound - ZVC_SOUND_HELLO].n : 0;
}

/* As zvc_sound_init: by search, so once for each value. */
static void encode_clips(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		size_t bytes = (size_t)clips[i].n * ZVC_FRAME;

		for (int law = 0; law < 2 && bytes > 0; law++) {
			uint8_t *codes = malloc(65536);

			clips[i].laws[law] = malloc(bytes);
			if (codes == NULL || clips[i].laws[law] == NULL) {
				clips[i].n = 0;
				free(codes);
				break;
			}
			for (int sample = INT16_MIN; sample <= INT16_MAX; sample += 4)
				memset(codes + sample - INT16_MIN, encode(law, sample), 4);
			for (size_t k = 0; k < bytes; k++)
				clips[i].laws[law][k] = codes[clips[i].pcm[k] - INT16_MIN];
			free(codes);
		}
	}
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
	for (unsigned i = 0; i < RING_FRAMES * ZVC_FRAME; i++)
		put_sample(RING_FIRST, i, i < 8000 ? 6000.0 * wave(i, 425.0) : 0);
	encode_clips();
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
	case ZVC_SOUND_RINGBACK:
		first = RING_FIRST;
		count = RING_FRAMES;
		break;
	case ZVC_SOUND_HELLO:
	case ZVC_SOUND_GREETING:
	case ZVC_SOUND_ANNOUNCEMENT:
		if (i < clips[sound - ZVC_SOUND_HELLO].n)
			return clips[sound - ZVC_SOUND_HELLO].laws[pt == 8 ? 0 : 1] + (size_t)i * ZVC_FRAME;
		if (clips[sound - ZVC_SOUND_HELLO].n == 0) {
			first = NOISE_FRAMES;
			count = VOICE_FRAMES;
		}
		break;
	case ZVC_SOUNDS: break;
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
