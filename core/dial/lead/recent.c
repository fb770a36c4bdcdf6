#include "dial/lead/recent.h"

#include <stdlib.h>

enum zv_err zv_recent_init(struct zv_recent *recent, uint32_t cap)
{
	*recent = (struct zv_recent){.cap = cap, .mask = 2 * cap - 1};
	recent->v = calloc(cap, sizeof(*recent->v));
	recent->index = calloc((size_t)2 * cap, sizeof(*recent->index));
	if (recent->v != NULL && recent->index != NULL)
		return ZV_OK;
	zv_recent_fini(recent);
	return ZV_ENOMEM;
}

void zv_recent_fini(struct zv_recent *recent)
{
	free(recent->v);
	free(recent->index);
	*recent = (struct zv_recent){0};
}

static uint32_t home(const struct zv_recent *r, uint8_t by, uint64_t id)
{
	return (uint32_t)zv_mix64(id ^ (uint64_t)by << 62) & r->mask;
}

static uint32_t home_of(const struct zv_recent *r, uint32_t place)
{
	return home(r, r->v[place].by, r->v[place].id);
}

static void index_put(struct zv_recent *r, uint32_t place)
{
	uint32_t i = home_of(r, place);

	while (r->index[i] != 0)
		i = (i + 1) & r->mask;
	r->index[i] = place + 1;
}

static void index_remove(struct zv_recent *r, uint32_t place)
{
	uint32_t hole = home_of(r, place);

	while (r->index[hole] != place + 1)
		hole = (hole + 1) & r->mask;
	r->index[hole] = 0;
	/* Close the gap: move back whatever would no longer be found. */
	for (uint32_t j = (hole + 1) & r->mask; r->index[j] != 0; j = (j + 1) & r->mask) {
		uint32_t h = home_of(r, r->index[j] - 1);

		if (((j - h) & r->mask) < ((j - hole) & r->mask))
			continue;
		r->index[hole] = r->index[j];
		r->index[j] = 0;
		hole = j;
	}
}

static void drop_head(struct zv_recent *r)
{
	index_remove(r, r->head);
	r->head = (r->head + 1) & (r->cap - 1);
	r->n--;
}

void zv_recent_add(struct zv_recent *recent, const struct zv_recent_one *ones, uint32_t n)
{
	/* What is on disk may go: then offers from before that are not believed. */
	while (recent->cap - recent->n < n && recent->n > 0 && recent->v[recent->head].told) {
		uint64_t txn = recent->v[recent->head].txn;

		recent->floor_txn = txn > recent->floor_txn ? txn : recent->floor_txn;
		drop_head(recent);
	}
	if (recent->cap - recent->n < n) {
		recent->lost++;
		return;
	}
	recent->serial++;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t place = (recent->head + recent->n++) & (recent->cap - 1);

		recent->v[place] = ones[i];
		recent->v[place].serial = recent->serial;
		recent->v[place].told = false;
		index_put(recent, place);
	}
}

void zv_recent_told(struct zv_recent *recent, struct zv_attempt_id token, uint64_t txn)
{
	uint64_t serial = 0;

	/* The store answers in order, so this is near the head. */
	for (uint32_t i = 0; i < recent->n; i++) {
		struct zv_recent_one *one = &recent->v[(recent->head + i) & (recent->cap - 1)];

		if (serial != 0 && one->serial != serial)
			return;
		if (one->told || !zv_attempt_eq(one->token, token))
			continue;
		serial = one->serial;
		one->told = true;
		one->txn = txn;
	}
	if (serial == 0 && recent->lost > 0) {
		recent->lost--;
		recent->floor_txn = txn > recent->floor_txn ? txn : recent->floor_txn;
	}
}

void zv_recent_seen(struct zv_recent *recent, uint64_t txn)
{
	while (recent->n > 0 && recent->v[recent->head].told && recent->v[recent->head].txn <= txn)
		drop_head(recent);
}

bool zv_recent_trusts(const struct zv_recent *recent, uint64_t txn)
{
	return recent->lost == 0 && txn >= recent->floor_txn;
}

void zv_recent_each(const struct zv_recent *recent, const struct zv_recent_ask *ask,
		    void (*fn)(void *arg, const struct zv_recent_one *one), void *arg)
{
	/* Entries of one id stand in the order in which they came, unless a gap was closed among
	 * them; a mark that was said twice must end with the later word. */
	uint64_t after = 0;

	for (;;) {
		const struct zv_recent_one *next = NULL;

		for (uint32_t i = home(recent, ask->by, ask->id); recent->index[i] != 0;
		     i = (i + 1) & recent->mask) {
			const struct zv_recent_one *one = &recent->v[recent->index[i] - 1];

			if (one->id != ask->id || one->by != ask->by ||
			    one->serial <= after || (one->told && one->txn <= ask->txn))
				continue;
			if (next == NULL || one->serial < next->serial)
				next = one;
		}
		if (next == NULL)
			return;
		after = next->serial;
		fn(arg, next);
	}
}
