/* A telephone line: noise, echo, codecs, comfort noise, lost packets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sound.h"
#include "media/g711.h"

#define SILENT_FRAMES 10u /* 200 ms of silence before it is no longer sent */

enum zv_err bench_line_parse(const char *text, struct bench_line *ret_line)
{
	struct bench_line line = {.noise = "white", .law = "a", .nlev_db = -90, .echo_db = -99, .burst = 1};
	char copy[512], *save = NULL;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return ZV_EPARSE;
	for (char *word = strtok_r(copy, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		int cn;

		if (sscanf(word, "noise=babble:%63s", line.babble) == 1)
			memcpy(line.noise, "babble", 7);
		else if (sscanf(word, "noise=%7s", line.noise) == 1 || sscanf(word, "law=%3s", line.law) == 1 ||
			 sscanf(word, "nlev=%lf", &line.nlev_db) == 1 ||
			 sscanf(word, "loss=%lf", &line.loss_percent) == 1 ||
			 sscanf(word, "burst=%lf", &line.burst) == 1)
			continue;
		else if (sscanf(word, "echo=%u/%lf", &line.echo_ms, &line.echo_db) == 2)
			continue;
		else if (sscanf(word, "cn=%d", &cn) == 1)
			line.cn = cn != 0;
		else
			return ZV_EPARSE;
	}
	*ret_line = line;
	return ZV_OK;
}

static void add_noise(const struct bench_line *line, struct bench_sound *s, struct bench_voices *voices)
{
	float g = (float)pow(10, line->nlev_db / 20), pink = 0;
	const float *babble = NULL;
	uint32_t n_babble = 0, kind = line->noise[0] == 'p' ? 1 : line->noise[0] == 'h' ? 2 : 0;

	if (line->noise[0] == 'b')
		babble = bench_voices_get(voices, line->babble, &n_babble);
	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t r = zv_rng_next(&s->rng);
		float w = ((float)(r & 0xffffff) + (float)(r >> 24 & 0xffffff)) / 8388608.0f - 2, v = w * 1.22f;

		if (kind == 1) {
			pink = 0.93f * pink + w * 0.45f;
			v = pink;
		} else if (kind == 2) {
			v = w * 0.4f + 1.2f * (float)sin(2 * M_PI * 50 * i / BENCH_RATE) +
			    0.5f * (float)sin(2 * M_PI * 150 * i / BENCH_RATE);
		} else if (n_babble > 0) {
			/* A room: three places of one text at once. */
			v = 0.6f * (babble[i % n_babble] + babble[(i + n_babble / 3) % n_babble] +
				    babble[(i + 2 * n_babble / 3) % n_babble]);
		}
		s->x[i] += g * v;
	}
}

static void add_echo(const struct bench_line *line, struct bench_sound *s)
{
	uint32_t ago = line->echo_ms * BENCH_RATE / 1000;
	float g = (float)pow(10, line->echo_db / 20);

	if (line->echo_db <= -90)
		return;
	for (uint32_t i = s->n; i-- > ago;)
		s->x[i] += g * s->x[i - ago];
}

/* Which frames say something, with some silence after them. */
static void mark_silence(const struct bench_sound *s, uint8_t *came)
{
	uint32_t quiet = 0;

	for (uint32_t f = 0; f < s->n / BENCH_FRAME; f++) {
		double power = 0;

		for (uint32_t i = 0; i < BENCH_FRAME; i++)
			power += (double)s->x[f * BENCH_FRAME + i] * s->x[f * BENCH_FRAME + i];
		quiet = power / BENCH_FRAME > 1e-5 ? 0 : quiet + 1;
		came[f] = quiet <= SILENT_FRAMES;
	}
}

static uint8_t encode(const struct bench_line *line, float x)
{
	double v = fmax(-32768, fmin(32767, (double)x * 32768));
	int16_t linear = (int16_t)lrint(v);

	switch (line->law[0]) {
	case 'u':
		if (line->law[1] == 'a')
			return zv_alaw_of_ulaw[zv_ulaw_encode(linear)];
		return zv_ulaw_encode(linear);
	default:
		if (line->law[1] == 'u')
			return zv_ulaw_of_alaw[zv_alaw_encode(linear)];
		return zv_alaw_encode(linear);
	}
}

enum zv_err bench_line_send(const struct bench_line *line, struct bench_sound *sound,
			    struct bench_voices *voices, struct bench_wire *wire)
{
	bool losing = false;
	size_t last = strlen(line->law);

	if (last == 0)
		return ZV_EINVAL;
	wire->n_frames = sound->n / BENCH_FRAME;
	wire->is_ulaw = line->law[last - 1] == 'u';
	memset(wire->came, 1, wire->n_frames);
	if (line->cn)
		mark_silence(sound, wire->came);
	add_echo(line, sound);
	add_noise(line, sound, voices);
	for (uint32_t i = 0; i < wire->n_frames * BENCH_FRAME; i++)
		wire->octets[i] = encode(line, sound->x[i]);
	for (uint32_t f = 0; f < wire->n_frames && line->loss_percent > 0; f++) {
		double u = zv_rng_uniform(&sound->rng);

		losing = losing ? u >= 1 / line->burst : u < line->loss_percent / 100 / line->burst;
		if (losing)
			wire->came[f] = 0;
	}
	return ZV_OK;
}
