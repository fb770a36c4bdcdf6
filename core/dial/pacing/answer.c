#include "dial/pacing/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define CELL_P0     0.2f  /* before anything is known */
#define CELL_W0     4.0f
#define PULL        60.0f /* exposure by which a child is drawn to its parent */
#define SHORT       120.0f
#define SHORT_MIN   60.0f /* no step is seen on less */
#define STEP_Z2     18.0f /* (4.25 deviations) squared */

enum zv_err zv_answer_init(struct zv_answer *a, float memory)
{
	memset(a, 0, sizeof(*a));
	a->cells = calloc(ZV_CELLS_MAX, sizeof(*a->cells));
	a->dirty = calloc(ZV_CELLS_MAX, sizeof(*a->dirty));
	if (a->cells == NULL || a->dirty == NULL) {
		zv_answer_fini(a);
		return ZV_ENOMEM;
	}
	a->memory = memory;
	a->n_cells = 1;
	a->epoch = 1;
	return ZV_OK;
}

void zv_answer_fini(struct zv_answer *a)
{
	free(a->cells);
	free(a->dirty);
	memset(a, 0, sizeof(*a));
}

/* Finds or makes a child; the parent when the table is too full to look further. */
static uint16_t child(struct zv_answer *a, uint16_t parent, uint64_t key, uint8_t level)
{
	uint32_t at = (uint32_t)zv_mix64(key);

	for (uint32_t i = 0; i < 32; i++) {
		uint32_t n = (at + i) % (ZV_CELLS_MAX - 1) + 1;
		struct zv_cell *c = &a->cells[n];

		if (c->key == key)
			return (uint16_t)n;
		if (c->key == 0) {
			if (a->n_cells > ZV_CELLS_MAX * 3 / 4)
				break;
			a->n_cells++;
			c->key = key;
			c->parent = parent;
			c->level = level;
			return (uint16_t)n;
		}
	}
	return parent;
}

uint16_t zv_answer_cell(struct zv_answer *a, uint16_t trunk, uint16_t list, uint8_t attempt, uint8_t hour)
{
	uint64_t key = (uint64_t)1 << 60 | (uint64_t)list << 8;
	uint16_t cell = child(a, ZV_CELL_ROOT, key, 1);

	key = key | (uint64_t)2 << 60 | attempt;
	cell = child(a, cell, key, 2);
	key = key | (uint64_t)4 << 60 | (uint64_t)hour << 24;
	cell = child(a, cell, key, 3);
	key = key | (uint64_t)8 << 60 | (uint64_t)trunk << 32;
	return child(a, cell, key, 4);
}

float zv_answer_chance(struct zv_answer *a, uint16_t n)
{
	struct zv_cell *c = &a->cells[n];
	float up, w;

	if (c->epoch == a->epoch)
		return c->p;
	up = n == ZV_CELL_ROOT ? CELL_P0 : zv_answer_chance(a, c->parent);
	w = n == ZV_CELL_ROOT ? CELL_W0 : PULL;
	c->p = (c->answers + w * up) / ((c->exposure > 0 ? c->exposure : 0) + w);
	c->p = c->p < 0.002f ? 0.002f : c->p > 0.95f ? 0.95f : c->p;
	c->epoch = a->epoch;
	return c->p;
}

float zv_answer_score(struct zv_answer *a, uint32_t score_ppm)
{
	float s = (float)(score_ppm < 990000 ? score_ppm : 990000) / 1e6f, of_all;

	if (score_ppm == 0)
		return 1;
	a->score_sum += s;
	a->score_n += 1;
	if (a->score_n > 2000) {
		a->score_sum *= 2000 / a->score_n;
		a->score_n = 2000;
	}
	of_all = s * a->score_n / a->score_sum;
	return of_all < 0.02f ? 0.02f : of_all > 20 ? 20 : of_all;
}

void zv_answer_tell(struct zv_answer *a, uint16_t cell, float answers, float exposure)
{
	struct zv_cell *c = &a->cells[cell];

	c->new_answers += answers;
	c->new_exposure += exposure;
	if (!c->dirty) {
		c->dirty = 1;
		a->dirty[a->n_dirty++] = cell;
	}
}

static void fade(float *answers, float *exposure, float memory)
{
	if (*exposure > memory) {
		*answers *= memory / *exposure;
		*exposure = memory;
	}
}

/* The long memory says something else than the short one: what it knew is over.  Cells below
 * keep a tenth of theirs, so that they follow. */
static void cut(struct zv_answer *a, uint16_t n)
{
	struct zv_cell *c = &a->cells[n];

	c->answers = c->short_answers;
	c->exposure = c->short_exposure;
	a->steps++;
	for (uint32_t i = 1; i < ZV_CELLS_MAX; i++) {
		struct zv_cell *d = &a->cells[i];
		uint32_t up = i;

		if (d->key == 0 || d->level <= c->level)
			continue;
		while (a->cells[up].level > c->level)
			up = a->cells[up].parent;
		if (up == n && d->level > 1) {
			d->answers *= 0.1f;
			d->exposure *= 0.1f;
		}
	}
}

static bool differs(const struct zv_cell *c)
{
	float p, d, n = c->short_exposure * 1.6f, all = c->exposure;

	if (c->short_exposure < SHORT_MIN || all < 2 * c->short_exposure)
		return false;
	p = c->answers / all;
	d = c->short_answers / c->short_exposure - p;
	p = p < 0.01f ? 0.01f : p > 0.9f ? 0.9f : p;
	return d * d > STEP_Z2 * p * (1 - p) * (1 / n + 1 / all);
}

void zv_answer_flush(struct zv_answer *a)
{
	for (uint32_t i = 0; i < a->n_dirty; i++) {
		uint16_t n = a->dirty[i];
		float answers = a->cells[n].new_answers, exposure = a->cells[n].new_exposure;

		a->cells[n].new_answers = a->cells[n].new_exposure = 0;
		a->cells[n].dirty = 0;
		for (;;) {
			struct zv_cell *c = &a->cells[n];

			c->answers += answers;
			c->exposure += exposure;
			fade(&c->answers, &c->exposure, a->memory);
			if (c->level <= 1) {
				c->short_answers += answers;
				c->short_exposure += exposure;
				fade(&c->short_answers, &c->short_exposure, SHORT);
				if (differs(c))
					cut(a, n);
			}
			if (n == ZV_CELL_ROOT)
				break;
			n = c->parent;
		}
	}
	if (a->n_dirty > 0)
		a->epoch++;
	a->n_dirty = 0;
}

float zv_answer_error(struct zv_answer *a, uint16_t cell)
{
	const struct zv_cell *c = &a->cells[cell];
	float p = zv_answer_chance(a, cell), n = c->exposure > 0 ? c->exposure : 0;

	/* what the cell knows itself, and what it borrows */
	while (cell != ZV_CELL_ROOT) {
		cell = c->parent;
		c = &a->cells[cell];
		n = n > c->exposure ? n : c->exposure < 4 * PULL ? c->exposure : n + 4 * PULL;
	}
	return (1 - p) / (p * (n + CELL_W0));
}
