#include "store/held.h"

#include <stdlib.h>

#include "base/hash.h"

enum zv_err zv_held_init(struct zv_held *held, uint32_t max)
{
	uint32_t n = 16;

	while (n < 2 * max)
		n <<= 1;
	held->v = calloc(n, sizeof(*held->v));
	held->mask = n - 1;
	held->n = 0;
	return held->v != NULL ? ZV_OK : ZV_ENOMEM;
}

void zv_held_fini(struct zv_held *held)
{
	free(held->v);
	held->v = NULL;
}

static uint32_t home(const struct zv_held *held, uint64_t lead)
{
	return (uint32_t)zv_mix64(lead) & held->mask;
}

struct zv_held_one *zv_held_find(struct zv_held *held, uint64_t lead)
{
	for (uint32_t i = home(held, lead);; i = (i + 1) & held->mask) {
		if (held->v[i].lead == lead)
			return &held->v[i];
		if (held->v[i].lead == 0)
			return NULL;
	}
}

void zv_held_put(struct zv_held *held, const struct zv_held_one *one)
{
	uint32_t i = home(held, one->lead);

	while (held->v[i].lead != 0)
		i = (i + 1) & held->mask;
	held->v[i] = *one;
	held->n++;
}

/* Closes the gap, so that no marks of removed ones pile up. */
void zv_held_remove(struct zv_held *held, struct zv_held_one *one)
{
	uint32_t gap = (uint32_t)(one - held->v);

	for (uint32_t i = (gap + 1) & held->mask; held->v[i].lead != 0; i = (i + 1) & held->mask) {
		uint32_t want = home(held, held->v[i].lead);

		/* Does its own place lie at or before the gap? */
		if (((i - want) & held->mask) >= ((i - gap) & held->mask)) {
			held->v[gap] = held->v[i];
			gap = i;
		}
	}
	held->v[gap].lead = 0;
	held->n--;
}
