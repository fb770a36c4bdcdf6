#include "ctl/attempts.h"

#include <stdlib.h>

static size_t home_of(struct zv_attempt_id id, size_t cap)
{
	return (size_t)zv_mix64(id.hi ^ zv_mix64(id.lo)) & (cap - 1);
}

/* The place of id, or the free one where it would go. */
static struct zv_attempt_mark *place_of(struct zv_attempt_mark *v, size_t cap,
                                        struct zv_attempt_id id)
{
	size_t at = home_of(id, cap);

	while (v[at].used && !zv_attempt_eq(v[at].id, id))
		at = (at + 1) & (cap - 1);
	return &v[at];
}

static enum zv_err grow(struct zv_attempts *a)
{
	size_t cap = a->cap == 0 ? 256 : a->cap * 2;
	struct zv_attempt_mark *v = calloc(cap, sizeof(*v));

	if (v == NULL)
		return ZV_ENOMEM;
	for (size_t i = 0; i < a->cap; i++) {
		if (a->v[i].used)
			*place_of(v, cap, a->v[i].id) = a->v[i];
	}
	free(a->v);
	a->v = v;
	a->cap = cap;
	return ZV_OK;
}

enum zv_err zv_attempts_put(struct zv_attempts *a, struct zv_attempt_id id, uint32_t wave)
{
	struct zv_attempt_mark *m;

	if ((a->n + 1) * 2 > a->cap && grow(a) != ZV_OK)
		return ZV_ENOMEM;
	m = place_of(a->v, a->cap, id);
	a->n += !m->used;
	*m = (struct zv_attempt_mark){.id = id, .wave = wave, .used = true};
	return ZV_OK;
}

struct zv_attempt_mark *zv_attempts_find(const struct zv_attempts *a, struct zv_attempt_id id)
{
	struct zv_attempt_mark *m = a->cap > 0 ? place_of(a->v, a->cap, id) : NULL;

	return m != NULL && m->used ? m : NULL;
}

bool zv_attempts_take(struct zv_attempts *a, struct zv_attempt_id id,
                      struct zv_attempt_mark *ret_mark)
{
	struct zv_attempt_mark *m = zv_attempts_find(a, id);
	size_t hole, at;

	if (m == NULL)
		return false;
	*ret_mark = *m;
	hole = (size_t)(m - a->v);
	a->v[hole].used = false;
	a->n--;
	/* those behind that were pushed past the hole move back into it */
	for (at = (hole + 1) & (a->cap - 1); a->v[at].used; at = (at + 1) & (a->cap - 1)) {
		size_t home = home_of(a->v[at].id, a->cap);

		if (((at - home) & (a->cap - 1)) >= ((at - hole) & (a->cap - 1))) {
			a->v[hole] = a->v[at];
			a->v[at].used = false;
			hole = at;
		}
	}
	return true;
}

void zv_attempts_free(struct zv_attempts *a)
{
	free(a->v);
	*a = (struct zv_attempts){0};
}
