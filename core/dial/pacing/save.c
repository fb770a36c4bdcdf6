/* dial/pacing/save.c -- what was learned as flat bytes, for tomorrow's warm start.
 *
 * Little endian: "zvpc", u32 version, u32 bytes in all, u32 CRC-32C of what follows; then floats
 * in a fixed order, and the cells.  A table that changes its size is another version. */
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "dial/pacing/pacer_int.h"

#define VERSION 1
#define HEAD    16
#define KEEP    0.25f /* of yesterday's weight: today may be different */

struct flow {
	uint8_t *bytes;      /* NULL: only counts */
	const uint8_t *from; /* reading */
	size_t at, size;
	bool bad;
};

static void put32(uint8_t *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void word(struct flow *f, uint32_t *v)
{
	if (f->from != NULL) {
		if (f->size - f->at < 4) {
			f->bad = true;
			return;
		}
		*v = get32(f->from + f->at);
	} else if (f->bytes != NULL) {
		put32(f->bytes + f->at, *v);
	}
	f->at += 4;
}

/* Numbers that are not, or beyond all reason, are damage. */
static void number(struct flow *f, float *x)
{
	uint32_t v;

	memcpy(&v, x, 4);
	word(f, &v);
	if (f->from != NULL && !f->bad) {
		float y;

		memcpy(&y, &v, 4);
		if (!(y > -1e9f && y < 1e9f))
			f->bad = true;
		else
			*x = y;
	}
}

static void numbers(struct flow *f, float *x, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		number(f, &x[i]);
}

static void ring(struct flow *f, struct zv_curve *r)
{
	numbers(f, r->under_way, ZV_CURVE_BINS);
	numbers(f, r->wish, ZV_CURVE_BINS);
	numbers(f, r->other, ZV_CURVE_BINS);
	number(f, &r->weight);
}

static void stay(struct flow *f, struct zv_stay *s)
{
	numbers(f, s->ends, ZV_AGE_BINS);
	numbers(f, s->spent_s, ZV_AGE_BINS);
	number(f, &s->all_ends);
	number(f, &s->all_s);
}

static void cells(struct flow *f, struct zv_answer *a)
{
	uint32_t n = a->n_cells;

	word(f, &n);
	if (f->from != NULL && (n == 0 || n > ZV_CELLS_MAX))
		f->bad = true;
	for (uint32_t i = 0; i < ZV_CELLS_MAX && f->from == NULL; i++) {
		struct zv_cell *c = &a->cells[i];
		uint32_t where = i, parent = c->parent | (uint32_t)c->level << 16, low = (uint32_t)c->key,
			 high = (uint32_t)(c->key >> 32);

		if (i != ZV_CELL_ROOT && c->key == 0)
			continue;
		word(f, &where);
		word(f, &parent);
		word(f, &low);
		word(f, &high);
		number(f, &c->answers);
		number(f, &c->exposure);
	}
	for (uint32_t i = 0; i < n && f->from != NULL && !f->bad; i++) {
		uint32_t where = 0, parent = 0, low = 0, high = 0;
		struct zv_cell c = {0};

		word(f, &where);
		word(f, &parent);
		word(f, &low);
		word(f, &high);
		number(f, &c.answers);
		number(f, &c.exposure);
		c.parent = (uint16_t)parent;
		c.level = (uint8_t)(parent >> 16);
		c.key = (uint64_t)high << 32 | low;
		/* a parent is one level up, so no chain is a ring */
		if (where >= ZV_CELLS_MAX || c.parent >= ZV_CELLS_MAX || c.level > 4 || parent >> 24 != 0 ||
		    (where == ZV_CELL_ROOT) != (c.level == 0) || (where != ZV_CELL_ROOT && c.key == 0)) {
			f->bad = true;
			return;
		}
		a->cells[where] = c;
	}
	a->n_cells = n;
}

static void tree_is_whole(struct flow *f, const struct zv_answer *a)
{
	for (uint32_t i = 1; i < ZV_CELLS_MAX && !f->bad; i++) {
		const struct zv_cell *c = &a->cells[i];
		const struct zv_cell *up = &a->cells[c->parent];

		if (c->key != 0 && (up->level >= c->level || (c->parent != ZV_CELL_ROOT && up->key == 0)))
			f->bad = true;
	}
}

static void all(struct flow *f, struct zv_ppacer *p)
{
	struct zv_skill_release *team = &p->release.skills[p->release.n_skills];

	ring(f, &p->ring);
	ring(f, &p->talk);
	stay(f, &team->talk);
	stay(f, &team->wrap);
	number(f, &p->wants);
	number(f, &p->wants_of);
	number(f, &p->machines);
	number(f, &p->picked_up);
	number(f, &p->release.log_mean);
	number(f, &p->release.log_n);
	number(f, &p->release.pace_between);
	number(f, &p->release.pace_within);
	number(f, &p->budget.log_odds);
	number(f, &p->budget.events);
	number(f, &p->budget.risks);
	number(f, &p->answer.score_sum);
	number(f, &p->answer.score_n);
	cells(f, &p->answer);
}

size_t zv_ppacer_save(void *campaign, uint8_t *bytes, size_t size)
{
	struct zv_ppacer *p = campaign;
	struct flow f = {.at = HEAD};

	zv_answer_flush(&p->answer);
	all(&f, p);
	if (bytes == NULL || size < f.at)
		return f.at;
	f = (struct flow){.bytes = bytes, .at = HEAD};
	all(&f, p);
	memcpy(bytes, "zvpc", 4);
	put32(bytes + 4, VERSION);
	put32(bytes + 8, (uint32_t)f.at);
	put32(bytes + 12, zv_crc32c(0, bytes + HEAD, f.at - HEAD));
	return f.at;
}

/* Counts that are below nothing or shares above all are damage. */
static bool is_sane(const struct zv_ppacer *p)
{
	return p->wants >= 0 && p->wants_of >= 1 && p->wants <= p->wants_of && p->machines >= 0 &&
	       p->picked_up >= 1 && p->machines <= p->picked_up && p->ring.weight >= 0 && p->talk.weight >= 0 &&
	       p->release.log_n >= 0 && p->release.pace_between >= 0 && p->release.pace_within > 0 &&
	       p->answer.score_sum >= 0 && p->answer.score_n >= 0 && p->budget.log_odds >= -10 && p->budget.events >= 0 && p->budget.risks >= 0 &&
	       p->budget.log_odds <= 10;
}

static void weaken(struct zv_ppacer *p)
{
	for (uint32_t i = 0; i < ZV_CELLS_MAX; i++) {
		p->answer.cells[i].answers *= KEEP;
		p->answer.cells[i].exposure *= KEEP;
	}
}

enum zv_err zv_ppacer_load(void *campaign, const uint8_t *bytes, size_t size)
{
	struct zv_ppacer *p = campaign;
	struct flow f = {.from = bytes, .at = HEAD, .size = size};
	struct zv_skill_release *team = &p->release.skills[p->release.n_skills], old = *team;
	struct zv_ppacer before = *p;

	if (size < HEAD || memcmp(bytes, "zvpc", 4) != 0)
		return ZV_ECORRUPT;
	if (get32(bytes + 4) != VERSION)
		return ZV_EVERSION;
	if (get32(bytes + 8) != size || get32(bytes + 12) != zv_crc32c(0, bytes + HEAD, size - HEAD))
		return ZV_ECORRUPT;
	memset(p->answer.cells, 0, ZV_CELLS_MAX * sizeof(*p->answer.cells));
	all(&f, p);
	if (!f.bad)
		tree_is_whole(&f, &p->answer);
	if (f.bad || f.at != size || !is_sane(p)) {
		struct zv_cell *cells_kept = before.answer.cells;

		*p = before;
		*team = old;
		/* before the first event there was nothing in the cells */
		memset(cells_kept, 0, ZV_CELLS_MAX * sizeof(*cells_kept));
		p->answer.n_cells = 1;
		return ZV_ECORRUPT;
	}
	weaken(p);
	p->budget.worth = (p->budget.events + 1) / (p->budget.risks + 1);
	p->answer.epoch++;
	zv_ppacer_build(p);
	return ZV_OK;
}
