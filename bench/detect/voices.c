/* WAV files as a telephone would send them: 8 kHz, 300 to 3400 Hz, their speech at 0 dB. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sound.h"

#define SLOTS    8192u
#define PHASES   64u
#define HALF_MS  2.0 /* of the interpolation's window */
#define BAND_HZ  3400.0
#define FILE_MAX (64u << 20)

struct voice { char name[160]; float *x; uint32_t n; bool is_missing; };

struct bench_voices {
	char folder[512];
	struct voice slots[SLOTS];
};

enum zv_err bench_voices_create(const char *folder, struct bench_voices **ret_voices)
{
	struct bench_voices *voices = calloc(1, sizeof(*voices));

	if (voices == NULL)
		return ZV_ENOMEM;
	if (snprintf(voices->folder, sizeof(voices->folder), "%s", folder) >= (int)sizeof(voices->folder)) {
		free(voices);
		return ZV_EINVAL;
	}
	*ret_voices = voices;
	return ZV_OK;
}

void bench_voices_destroy(struct bench_voices *voices)
{
	if (voices == NULL)
		return;
	for (uint32_t i = 0; i < SLOTS; i++)
		free(voices->slots[i].x);
	free(voices);
}

static uint32_t le(const uint8_t *p, uint32_t n)
{
	uint32_t x = 0;

	for (uint32_t i = 0; i < n; i++)
		x |= (uint32_t)p[i] << (8 * i);
	return x;
}

/* The samples of a 16 bit mono RIFF file; their number, 0 if it is none. */
static uint32_t find_samples(const uint8_t *file, size_t size, const uint8_t **ret_data, uint32_t *ret_rate)
{
	size_t at = 12;
	uint32_t rate = 0;

	if (size < 44 || memcmp(file, "RIFF", 4) != 0 || memcmp(file + 8, "WAVE", 4) != 0)
		return 0;
	while (at + 8 <= size) {
		uint32_t len = le(file + at + 4, 4);

		if (memcmp(file + at, "fmt ", 4) == 0 && len >= 16 && at + 24 <= size) {
			if (le(file + at + 8, 2) != 1 || le(file + at + 10, 2) != 1 || le(file + at + 22, 2) != 16)
				return 0;
			rate = le(file + at + 12, 4);
		}
		if (memcmp(file + at, "data", 4) == 0) {
			size_t left = size - at - 8;

			*ret_data = file + at + 8;
			*ret_rate = rate;
			/* A stream's length was not known when its header was written. */
			return rate == 0 ? 0 : (uint32_t)((len < left ? len : left) / 2);
		}
		at += 8 + (size_t)len + (len & 1);
	}
	return 0;
}

/* Windowed sinc, cut at the telephone's band. */
static float *resample(const uint8_t *data, uint32_t n, uint32_t rate, uint32_t *ret_n)
{
	double step = (double)rate / BENCH_RATE;
	int half = (int)(HALF_MS * rate / 1000.0);
	uint32_t out = (uint32_t)((double)n / step);
	float *x = calloc(out + 1, sizeof(*x)), *taps = malloc(sizeof(*taps) * PHASES * (size_t)(2 * half));

	if (x == NULL || taps == NULL) {
		free(x);
		free(taps);
		return NULL;
	}
	for (uint32_t p = 0; p < PHASES; p++)
		for (int k = 0; k < 2 * half; k++) {
			double t = k - half + 1 - (double)p / PHASES, w = 2 * M_PI * BAND_HZ / rate;
			double sinc = fabs(t) < 1e-9 ? w / M_PI : sin(w * t) / (M_PI * t);
			double window = 0.5 + 0.5 * cos(M_PI * t / (half + 1));

			taps[p * (uint32_t)(2 * half) + (uint32_t)k] = (float)(sinc * window);
		}
	for (uint32_t i = 0; i < out; i++) {
		double at = i * step;
		int64_t base = (int64_t)at;
		const float *tap = taps + (uint32_t)((at - (double)base) * PHASES) * (uint32_t)(2 * half);
		double sum = 0;

		for (int k = 0; k < 2 * half; k++) {
			int64_t j = base + k - half + 1;

			if (j >= 0 && j < n)
				sum += (double)tap[k] * (int16_t)(data[2 * j] | data[2 * j + 1] << 8);
		}
		x[i] = (float)(sum / 32768);
	}
	free(taps);
	*ret_n = out;
	return x;
}

/* Second order Butterworth at 300 Hz. */
static void high_pass(float *x, uint32_t n)
{
	double k = tan(M_PI * 300 / BENCH_RATE), norm = 1 / (1 + M_SQRT2 * k + k * k);
	double b1 = -2 * norm, a1 = 2 * (k * k - 1) * norm, a2 = (1 - M_SQRT2 * k + k * k) * norm;
	double x1 = 0, x2 = 0, y1 = 0, y2 = 0;

	for (uint32_t i = 0; i < n; i++) {
		double in = x[i], y = norm * in + b1 * x1 + norm * x2 - a1 * y1 - a2 * y2;

		x2 = x1;
		x1 = in;
		y2 = y1;
		y1 = y;
		x[i] = (float)y;
	}
}

/* The mean of its louder frames becomes 1. */
static void level(float *x, uint32_t n)
{
	double loudest = 0, sum = 0, frames = 0;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i + BENCH_FRAME <= n; i += BENCH_FRAME) {
			double power = 0;

			for (uint32_t j = 0; j < BENCH_FRAME; j++)
				power += (double)x[i + j] * x[i + j];
			if (pass == 0 && power > loudest)
				loudest = power;
			if (pass == 1 && power > loudest * 0.01) {
				sum += power / BENCH_FRAME;
				frames++;
			}
		}
	for (uint32_t i = 0; frames > 0 && sum > 0 && i < n; i++)
		x[i] = (float)(x[i] / sqrt(sum / frames));
}

/* Without the silence that a synthesiser leaves at the ends. */
static void trim(struct voice *voice)
{
	uint32_t from = 0, to = voice->n;

	while (from < to && fabsf(voice->x[from]) < 0.02f)
		from++;
	while (to > from && fabsf(voice->x[to - 1]) < 0.02f)
		to--;
	memmove(voice->x, voice->x + from, sizeof(*voice->x) * (to - from));
	voice->n = to - from;
}

static void read_voice(const struct bench_voices *voices, struct voice *voice)
{
	char path[1024];
	uint8_t *file;
	FILE *in;
	size_t size = 0;

	voice->is_missing = true;
	if (snprintf(path, sizeof(path), "%s%s%s", voice->name[0] == '/' ? "" : voices->folder,
		     voice->name[0] == '/' ? "" : "/", voice->name) >= (int)sizeof(path))
		return;
	in = fopen(path, "rb");
	file = malloc(FILE_MAX);
	if (in != NULL && file != NULL) {
		const uint8_t *data = NULL;
		uint32_t rate = 0, n;

		size = fread(file, 1, FILE_MAX, in);
		n = find_samples(file, size, &data, &rate);
		if (n > 0 && rate >= BENCH_RATE)
			voice->x = resample(data, n, rate, &voice->n);
		if (voice->x != NULL) {
			voice->is_missing = false;
			if (rate > BENCH_RATE)
				high_pass(voice->x, voice->n);
			level(voice->x, voice->n);
			trim(voice);
		}
	}
	free(file);
	if (in != NULL)
		fclose(in);
}

const float *bench_voices_get(struct bench_voices *voices, const char *name, uint32_t *ret_n)
{
	uint32_t hash = 2166136261u, tries = 0;

	for (const char *c = name; *c != 0; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	for (uint32_t i = hash % SLOTS; tries < SLOTS; i = (i + 1) % SLOTS, tries++) {
		struct voice *voice = &voices->slots[i];

		if (voice->name[0] == 0) {
			if (strlen(name) >= sizeof(voice->name))
				return NULL;
			memcpy(voice->name, name, strlen(name) + 1);
			read_voice(voices, voice);
		}
		if (strcmp(voice->name, name) == 0) {
			*ret_n = voice->n;
			return voice->is_missing ? NULL : voice->x;
		}
	}
	return NULL;
}
