#include "media/made.h"

#include <math.h>
#include <stdlib.h>

#include "dial/command.h"
#include "media/g711.h"

#define RATE      8000
#define TONE_N    (RATE * 150 / 1000)
#define RING_N    (RATE * 5) /* 1 s of tone, 4 s of silence */
#define CHORD_N   (RATE * 3)
#define CHORDS    8u
#define NOTES     6u /* a chord's, one after the other */
#define HOLD_N    (CHORD_N * CHORDS)
#define KEY_N     (RATE * 100 / 1000)
#define KEY_ALL   (RATE * 160 / 1000)
#define FULL      32767.0

struct zv_made { struct zv_audio tone, ring, hold, keys[ZV_MADE_KEYS]; };

/* 0 to 1 over ramp samples at either end, by a quarter of a sine: no click. */
static double fade(uint32_t i, uint32_t n, uint32_t ramp)
{
	uint32_t edge = i < n - i ? i : n - i;

	return edge >= ramp ? 1.0 : sin(M_PI / 2 * edge / ramp);
}

static double wave(double hz, uint32_t i)
{
	return sin(2 * M_PI * hz * i / RATE);
}

/* A fourth up, soft, at -23 dB of full scale. */
static void make_tone(double *to)
{
	uint32_t half = TONE_N / 2;

	for (uint32_t i = 0; i < half; i++) {
		to[i] = 0.07 * fade(i, half, 160) * wave(660, i);
		to[half + i] = 0.07 * fade(i, half, 160) * wave(880, i);
	}
}

/* 425 Hz, 1 s in 5: the ring-back of Russia and its neighbours (ITU-T E.180). */
static void make_ring(double *to)
{
	for (uint32_t i = 0; i < RATE; i++)
		to[i] = 0.15 * fade(i, RATE, 80) * wave(425, i);
}

/* One note of a plucked string far away: two partials that die out, round the loop's end. */
static void pluck(double *to, uint32_t at, double hz)
{
	uint32_t n = RATE * 5 / 2;

	for (uint32_t i = 0; i < n; i++) {
		double dies = exp(-3.0 * i / RATE) * fade(i, n, 120);

		to[(at + i) % HOLD_N] += 0.032 * dies * (wave(hz, i) + 0.3 * exp(-4.0 * i / RATE) * wave(2 * hz, i));
	}
}

/* Eight chords of six notes up and down: C Am F G, C Em F G, as semitones above C4. */
static void make_hold(double *to)
{
	static const int chords[CHORDS][4] = {
		{0, 4, 7, 12}, {-3, 0, 4, 9}, {-7, -3, 0, 5}, {-5, -1, 2, 7},
		{0, 4, 7, 12}, {-8, -1, 4, 7}, {-7, 0, 5, 9}, {-5, 2, 5, 11},
	};
	static const uint8_t order[NOTES] = {0, 1, 2, 3, 2, 1};

	for (uint32_t c = 0; c < CHORDS; c++)
		for (uint32_t n = 0; n < NOTES; n++)
			pluck(to, c * CHORD_N + n * (CHORD_N / NOTES),
			      261.63 * pow(2, chords[c][order[n]] / 12.0));
}

/* ITU-T Q.23, in the order of the events of RFC 4733. */
static void make_key(double *to, uint32_t event)
{
	static const double rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
	static const uint8_t place[ZV_MADE_KEYS] = {13, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 14, 3, 7, 11, 15};
	double row = rows[place[event] / 4], column = columns[place[event] % 4];

	for (uint32_t i = 0; i < KEY_N; i++)
		to[i] = 0.25 * fade(i, KEY_N, 20) * (wave(row, i) + wave(column, i));
}

static enum zv_err encode(const double *from, uint32_t n, struct zv_audio *ret_audio)
{
	uint8_t *block = malloc(2 * (size_t)n);

	if (block == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int16_t linear = (int16_t)lrint(fmax(-1, fmin(1, from[i])) * FULL);

		block[i] = zv_alaw_encode(linear);
		block[n + i] = zv_ulaw_encode(linear);
	}
	*ret_audio = (struct zv_audio){.alaw = block, .ulaw = block + n, .n = n};
	return ZV_OK;
}

enum zv_err zv_made_create(struct zv_made **ret_made)
{
	struct zv_made *m = calloc(1, sizeof(*m));
	double *room = calloc(HOLD_N, sizeof(*room));
	enum zv_err err = ZV_ENOMEM;

	if (m == NULL || room == NULL)
		goto fail;
	make_hold(room);
	err = encode(room, HOLD_N, &m->hold);
	for (uint32_t i = 0; i < RING_N; i++)
		room[i] = 0;
	make_ring(room);
	if (err == ZV_OK)
		err = encode(room, RING_N, &m->ring);
	make_tone(room);
	if (err == ZV_OK)
		err = encode(room, TONE_N, &m->tone);
	for (uint32_t i = KEY_N; i < KEY_ALL; i++)
		room[i] = 0;
	for (uint32_t e = 0; e < ZV_MADE_KEYS && err == ZV_OK; e++) {
		make_key(room, e);
		err = encode(room, KEY_ALL, &m->keys[e]);
	}
	if (err != ZV_OK)
		goto fail;
	free(room);
	*ret_made = m;
	return ZV_OK;

fail:
	free(room);
	zv_made_destroy(m);
	return err;
}

static void drop(const struct zv_audio *audio)
{
	free((void *)(uintptr_t)audio->alaw);
}

void zv_made_destroy(struct zv_made *m)
{
	if (m == NULL)
		return;
	drop(&m->tone);
	drop(&m->ring);
	drop(&m->hold);
	for (uint32_t i = 0; i < ZV_MADE_KEYS; i++)
		drop(&m->keys[i]);
	free(m);
}

bool zv_made_find(const struct zv_made *m, uint64_t prompt, struct zv_audio *ret_audio)
{
	if (prompt == ZV_PROMPT_TONE)
		*ret_audio = m->tone;
	else if (prompt == ZV_PROMPT_RING)
		*ret_audio = m->ring;
	else if (prompt == ZV_PROMPT_HOLD)
		*ret_audio = m->hold;
	else
		return false;
	return true;
}

struct zv_audio zv_made_key(const struct zv_made *m, uint8_t event)
{
	return m->keys[event % ZV_MADE_KEYS];
}
