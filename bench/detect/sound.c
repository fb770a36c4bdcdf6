#include "sound.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float gain(double db)
{
	return (float)pow(10, db / 20);
}

static uint32_t room(const struct bench_sound *s, double ms)
{
	uint32_t n = (uint32_t)(ms * BENCH_RATE / 1000);

	return n < BENCH_CALL_MAX - s->n ? n : BENCH_CALL_MAX - s->n;
}

/* White, limited enough to be no spikes: the sum of four even ones; deviation 1. */
static float white(struct zv_rng *rng)
{
	uint64_t x = zv_rng_next(rng);
	double sum = (double)(x & 0xffff) + (double)(x >> 16 & 0xffff) + (double)(x >> 32 & 0xffff) +
		     (double)(x >> 48);

	return (float)((sum / 65536 - 2) * M_SQRT2 * 1.2247448714);
}

static void add_tone(struct bench_sound *s, double hz, double hz2, double ms, double db)
{
	uint32_t n = room(s, ms), edge = 24; /* switched with 3 ms of slope, as exchanges do */
	/* The level is the whole tone's. */
	float g = gain(db) * (hz2 > 0 ? 1.0f : (float)M_SQRT2);
	double at = zv_rng_uniform(&s->rng) * 6;

	for (uint32_t i = 0; i < n; i++) {
		float slope = i < edge ? (float)i / (float)edge : n - i < edge ? (float)(n - i) / (float)edge : 1;
		double v = sin(at + 2 * M_PI * hz * i / BENCH_RATE);

		if (hz2 > 0)
			v += sin(2 * M_PI * hz2 * i / BENCH_RATE);
		s->x[s->n + i] += g * slope * (float)v;
	}
	s->n += n;
}

static enum zv_err add_voice(struct bench_sound *s, struct bench_voices *voices, const char *name, double db)
{
	uint32_t n = 0, all;
	const float *x = bench_voices_get(voices, name, &n);

	if (x == NULL)
		return ZV_ENOENT;
	all = n < BENCH_CALL_MAX - s->n ? n : BENCH_CALL_MAX - s->n;
	for (uint32_t i = 0; i < all; i++)
		s->x[s->n + i] += gain(db) * x[i];
	s->n += all;
	return ZV_OK;
}

/* A tune in a mode of seven notes over held chords, with a beat. */
static void add_music(struct bench_sound *s, uint64_t seed, double ms, double db)
{
	static const int scale[] = {0, 2, 4, 5, 7, 9, 11, 12};
	uint32_t n = room(s, ms), note = 0, left = 0, beat = 0;
	double root, hz[4] = {0}, phase[4] = {0}, level = 0, tempo;
	struct zv_rng rng;

	zv_rng_init(&rng, seed, 7);
	root = 180 + 200 * zv_rng_uniform(&rng);
	tempo = 0.22 + 0.35 * zv_rng_uniform(&rng);
	beat = (uint32_t)(tempo * BENCH_RATE);
	for (uint32_t i = 0; i < n; i++) {
		double v = 0;

		if (left == 0) {
			note = zv_rng_index(&rng, 8);
			left = beat * (1 + zv_rng_index(&rng, 2));
			hz[0] = 2 * root * pow(2, scale[note] / 12.0);
			if (i % (beat * 8) < beat)
				for (int k = 1; k < 4; k++)
					hz[k] = root * pow(2, scale[(zv_rng_index(&rng, 3) * 2 + (uint32_t)k * 2) % 8] / 12.0);
			level = 1;
		}
		left--;
		level *= 0.99985;
		for (int k = 0; k < 4; k++) {
			phase[k] += 2 * M_PI * hz[k] / BENCH_RATE;
			v += (k == 0 ? level : 0.35) * (sin(phase[k]) + 0.4 * sin(2 * phase[k]) + 0.15 * sin(3 * phase[k]));
		}
		/* A drum: noise that dies away. */
		v += 0.5 * exp(-(double)(i % beat) / 400) * (double)white(&rng);
		s->x[s->n + i] += gain(db) * (float)(v * 0.9);
	}
	s->n += n;
}

static void add_breath(struct bench_sound *s, double ms, double db)
{
	uint32_t n = room(s, ms);
	float before = 0;

	for (uint32_t i = 0; i < n; i++) {
		float w = white(&s->rng);

		before = 0.6f * before + w;
		s->x[s->n + i] += gain(db) * 0.8f * before * (float)sin(M_PI * i / n);
	}
	s->n += n;
}

enum zv_err bench_sound_add(struct bench_sound *sound, struct bench_voices *voices, const char *word)
{
	char name[160];
	double a = 0, b = 0, ms = 0, db = 0;

	if (sscanf(word, "sil:%lf", &ms) == 1)
		sound->n += room(sound, ms);
	else if (sscanf(word, "tone:%lf+%lf:%lf:%lf", &a, &b, &ms, &db) == 4)
		add_tone(sound, a, b, ms, db);
	else if (sscanf(word, "tone:%lf:%lf:%lf", &a, &ms, &db) == 3)
		add_tone(sound, a, 0, ms, db);
	else if (sscanf(word, "beep:%lf:%lf:%lf", &a, &ms, &db) == 3) {
		add_tone(sound, a, 0, ms, db);
		sound->beep_ms = sound->n / (BENCH_RATE / 1000);
	} else if (sscanf(word, "music:%lf:%lf:%lf", &a, &ms, &db) == 3)
		add_music(sound, (uint64_t)a, ms, db);
	else if (sscanf(word, "breath:%lf:%lf", &ms, &db) == 2)
		add_breath(sound, ms, db);
	else if (sscanf(word, "click:%lf", &db) == 1)
		add_breath(sound, 12, db);
	else if (sscanf(word, "say:%159[^:]:%lf", name, &db) == 2)
		return add_voice(sound, voices, name, db);
	else
		return ZV_EPARSE;
	return ZV_OK;
}
