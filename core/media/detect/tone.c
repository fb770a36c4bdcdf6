#include "media/detect/tone.h"

#include <string.h>

#include "base/num.h"

/* Four at a time, in an order of its own: the same sums from every compiler. */
typedef float lanes __attribute__((vector_size(16)));

#define QUIET_POWER  64.0f /* below -57 dBm0 nothing is called a tone */
#define ONE_NOISE    0.06f /* of the power may be something else than the tone */
#define TWO_NOISE    0.04f
#define ONE_ENOUGH   0.0003f
#define TWO_BETTER   0.45f
#define LOWEST_HZ    280u
#define HIGHEST_HZ   3500u
#define HZ_A_RADIAN  1273.2395447351628 /* 8000 / (2 pi) */

void zv_tones_init(struct zv_tones *tones)
{
	memset(tones, 0, sizeof(*tones));
}

static lanes load(const float *from)
{
	lanes v;

	memcpy(&v, from, sizeof(v));
	return v;
}

static float total(lanes v)
{
	return (v[0] + v[2]) + (v[1] + v[3]);
}

/* x[0..n+3]: the four samples before and the n new ones; n a multiple of 4.  The centre of the
 * first product is x[2]. */
static void add_four(struct zv_tones *t, const float *x, uint32_t n)
{
	lanes xx = {0}, s1x = {0}, s1s1 = {0}, s2x = {0}, s2s1 = {0}, s2s2 = {0};

	for (uint32_t i = 0; i < n; i += 4) {
		lanes c = load(x + i + 2);
		lanes s1 = load(x + i + 1) + load(x + i + 3);
		lanes s2 = load(x + i) + load(x + i + 4);

		xx += c * c;
		s1x += s1 * c;
		s1s1 += s1 * s1;
		s2x += s2 * c;
		s2s1 += s2 * s1;
		s2s2 += s2 * s2;
	}
	t->xx += total(xx);
	t->s1x += total(s1x);
	t->s1s1 += total(s1s1);
	t->s2x += total(s2x);
	t->s2s1 += total(s2s1);
	t->s2s2 += total(s2s2);
}

static void add_one(struct zv_tones *t, const float *x)
{
	float c = x[2], s1 = x[1] + x[3], s2 = x[0] + x[4];

	t->xx += c * c;
	t->s1x += s1 * c;
	t->s1s1 += s1 * s1;
	t->s2x += s2 * c;
	t->s2s1 += s2 * s1;
	t->s2s2 += s2 * s2;
}

uint32_t zv_tones_add(struct zv_tones *tones, const int16_t *pcm, uint32_t n)
{
	float x[ZV_TONE_FRAME + 4];
	uint32_t take = ZV_TONE_FRAME - tones->n, whole;

	if (take > n)
		take = n;
	memcpy(x, tones->last, sizeof(tones->last));
	for (uint32_t i = 0; i < take; i++)
		x[4 + i] = (float)pcm[i];
	whole = take & ~3u;
	add_four(tones, x, whole);
	for (uint32_t i = whole; i < take; i++)
		add_one(tones, x + i);
	memcpy(tones->last, x + take, sizeof(tones->last));
	tones->n = (uint16_t)(tones->n + take);
	return take;
}

/* 2 cos w -> Hz. */
static uint32_t hz_of(double c)
{
	double h, w = 0;

	if (c >= 2.0)
		return 0;
	if (c <= -2.0)
		return 4000;
	/* w = 2 atan(sqrt((2 - c) / (2 + c))): the arc tangent by its continued halving. */
	h = zv_sqrt((2.0 - c) / (2.0 + c));
	for (int i = 0; i < 2; i++)
		h = h / (1.0 + zv_sqrt(1.0 + h * h)); /* tan of half the angle */
	{
		/* |h| < 0.2 after two halvings of at most 90 degrees. */
		double q = h * h;

		w = h * (1.0 - q * (1.0 / 3 - q * (1.0 / 5 - q * (1.0 / 7 - q * (1.0 / 9 - q / 11)))));
	}
	return (uint32_t)(8.0 * w * HZ_A_RADIAN + 0.5);
}

static int is_heard(uint32_t hz)
{
	return hz >= LOWEST_HZ && hz <= HIGHEST_HZ;
}

static int fit_one(const struct zv_tones *t, struct zv_tone_frame *f)
{
	double xx = t->xx, c = 0, noise = 0;

	for (int i = 0; i < 3; i++) {
		if (xx - noise <= 0.25 * xx)
			return 0;
		c = t->s1x / (xx - noise);
		/* Residual of the fit: noise in s1 twice, and in x by c. */
		noise = (t->s1s1 - 2.0 * c * t->s1x + c * c * xx) / (2.0 + c * c);
		if (noise < 0)
			noise = 0;
	}
	f->noise = (float)(noise / xx);
	if (f->noise > ONE_NOISE)
		return 0;
	f->hz[0] = (uint16_t)hz_of(c);
	f->hz[1] = 0;
	return is_heard(f->hz[0]);
}

static int fit_two(const struct zv_tones *t, struct zv_tone_frame *f)
{
	double xx = t->xx, s1s1 = t->s1s1, a = 0, b = 0, noise = 0, root;

	for (int i = 0; i < 4; i++) {
		double p = s1s1 - 2.0 * noise, q = xx - noise, det;

		if (p <= 0 || q <= 0.25 * xx)
			return 0;
		det = p * q - (double)t->s1x * t->s1x;
		if (det <= 1e-5 * p * q)
			return 0; /* one tone: two cannot be told */
		a = (t->s2s1 * q - (double)t->s2x * t->s1x) / det;
		b = (t->s2x * p - (double)t->s2s1 * t->s1x) / det;
		noise = (t->s2s2 + a * a * s1s1 + b * b * xx - 2.0 * a * t->s2s1 - 2.0 * b * t->s2x +
			 2.0 * a * b * t->s1x) / (2.0 + 2.0 * a * a + b * b);
		if (noise < 0)
			noise = 0;
	}
	f->noise = (float)(noise / xx);
	root = a * a + 4.0 * (b + 2.0);
	if (f->noise > TWO_NOISE || root < 0)
		return 0;
	root = zv_sqrt(root);
	f->hz[0] = (uint16_t)hz_of((a + root) / 2);
	f->hz[1] = (uint16_t)hz_of((a - root) / 2);
	return is_heard(f->hz[0]) && is_heard(f->hz[1]);
}

void zv_tones_take(struct zv_tones *tones, struct zv_tone_frame *ret_frame)
{
	struct zv_tone_frame f = {.power = tones->xx / (float)ZV_TONE_FRAME, .noise = 1};

	if (tones->xx > 0)
		f.tilt = tones->s1x / (2 * tones->xx);
	if (f.power >= QUIET_POWER) {
		struct zv_tone_frame two = f;
		int one = fit_one(tones, &f);

		/* Two tones near each other pass for one that is a little noisy. */
		if ((!one || f.noise > ONE_ENOUGH) && fit_two(tones, &two) &&
		    (!one || two.noise < TWO_BETTER * f.noise)) {
			f = two;
			f.n_tones = 2;
		} else if (one) {
			f.n_tones = 1;
		}
	}
	tones->xx = tones->s1x = tones->s1s1 = tones->s2x = tones->s2s1 = tones->s2s2 = 0;
	tones->n = 0;
	*ret_frame = f;
}
