#include "law/sweep.h"

#include <stdlib.h>
#include <string.h>

#define ACTIVE_MAX 64u /* rows over one number; more of them change nothing: it is in doubt */

struct state {
	const struct zv_sweep *sweep;
	struct zv_table *table;
	size_t cap;
	const struct zv_sweep_row *active[ACTIVE_MAX];
	size_t n_active;
};

static int by_first(const void *a, const void *b)
{
	const struct zv_sweep_row *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* A range in the table counts at most 2^32 numbers. */
static bool put_range(struct state *s, uint64_t first, uint64_t last, uint16_t region, uint8_t kind)
{
	struct zv_table *t = s->table;
	struct zv_table_range *before = t->n_ranges > 0 ? &t->ranges[t->n_ranges - 1] : NULL;

	if (before != NULL && before->region == region && before->line == kind &&
	    before->first + before->after + 1 == first && last - before->first <= UINT32_MAX) {
		before->after = (uint32_t)(last - before->first);
		return true;
	}
	if (t->n_ranges == s->cap) {
		size_t cap = s->cap * 2 + 1024;
		struct zv_table_range *v = realloc(t->ranges, cap * sizeof(*v));

		if (v == NULL)
			return false;
		t->ranges = v;
		s->cap = cap;
	}
	t->ranges[t->n_ranges++] = (struct zv_table_range){
	        .first = first, .after = (uint32_t)(last - first), .region = region, .line = kind};
	return true;
}

/* What all active rows say together. */
static bool put_active(struct state *s, uint64_t first, uint64_t last)
{
	uint16_t region = s->active[0]->region;
	uint8_t kind = s->active[0]->kind;

	for (size_t i = 1; i < s->n_active; i++) {
		if (s->active[i]->region != region)
			region = s->sweep->doubt;
		if (s->active[i]->kind != kind)
			kind = ZV_LINE_NONE;
	}
	return put_range(s, first, last, region, kind);
}

/* Puts all ranges before `until`, and lets go of the rows that end there. */
static bool advance(struct state *s, uint64_t *at, uint64_t until)
{
	while (s->n_active > 0 && *at < until) {
		uint64_t end = until - 1;
		size_t kept = 0;

		for (size_t i = 0; i < s->n_active; i++)
			end = s->active[i]->last < end ? s->active[i]->last : end;
		if (!put_active(s, *at, end))
			return false;
		for (size_t i = 0; i < s->n_active; i++)
			if (s->active[i]->last > end)
				s->active[kept++] = s->active[i];
		s->n_active = kept;
		*at = end + 1;
	}
	return true;
}

static void add_active(struct state *s, const struct zv_sweep_row *row)
{
	for (size_t i = 0; i < s->n_active; i++)
		if (s->active[i]->region != row->region)
			s->sweep->told(s->sweep->arg, row->line, s->active[i]->line);
	if (s->n_active < ACTIVE_MAX)
		s->active[s->n_active++] = row;
}

enum zv_err zv_sweep(const struct zv_sweep *sweep, struct zv_table *ret_table)
{
	struct state s = {.sweep = sweep, .table = ret_table};
	uint64_t at = 0;

	if (sweep->n > 0)
		qsort(sweep->rows, sweep->n, sizeof(*sweep->rows), by_first);
	for (size_t i = 0; i < sweep->n; i++) {
		if (!advance(&s, &at, sweep->rows[i].first))
			return ZV_ENOMEM;
		at = sweep->rows[i].first;
		add_active(&s, &sweep->rows[i]);
	}
	return advance(&s, &at, UINT64_MAX) ? ZV_OK : ZV_ENOMEM;
}
