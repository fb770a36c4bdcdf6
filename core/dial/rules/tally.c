#include <string.h>

#include "dial/rules/tally.h"

static int64_t bucket_of(int64_t at_ms)
{
	return at_ms / ZV_TALLY_MS - (at_ms % ZV_TALLY_MS < 0);
}

/* The oldest bucket that can be told from those before it. */
static int64_t oldest(const struct zv_tally *t)
{
	int64_t bucket = t->last - ZV_TALLY_SLOTS + 2;

	return bucket > 1 ? bucket : 1;
}

/* Makes room up to the bucket; false: it is too old. */
static bool reach(struct zv_tally *t, int64_t bucket)
{
	const uint32_t *newest = t->upto[t->last % ZV_TALLY_SLOTS];
	int64_t b = t->last + 1;

	if (bucket < oldest(t))
		return false;
	if (b < bucket - ZV_TALLY_SLOTS)
		b = bucket - ZV_TALLY_SLOTS;
	for (; b <= bucket; b++) {
		if (t->upto[b % ZV_TALLY_SLOTS] != newest)
			memcpy(t->upto[b % ZV_TALLY_SLOTS], newest, sizeof(t->upto[0]));
	}
	t->last = bucket > t->last ? bucket : t->last;
	return true;
}

static void add(struct zv_tally *t, int64_t bucket, uint32_t fact, uint32_t n)
{
	for (int64_t b = bucket; n != 0 && b <= t->last; b++)
		t->upto[b % ZV_TALLY_SLOTS][fact] += n;
}

/* Buckets first to last, which the table has. */
static uint32_t between(const struct zv_tally *t, int64_t first, int64_t last, uint32_t fact)
{
	return t->upto[last % ZV_TALLY_SLOTS][fact] - t->upto[(first - 1) % ZV_TALLY_SLOTS][fact];
}

void zv_tally_add(struct zv_tally *tally, int64_t at_ms, uint16_t facts)
{
	int64_t bucket = bucket_of(at_ms);

	if (!reach(tally, bucket))
		return;
	for (uint32_t f = 0; f < ZV_FACTS; f++) {
		if ((facts >> f & 1) != 0)
			add(tally, bucket, f, 1);
	}
}

void zv_tally_load(struct zv_tally *tally, int64_t bucket, const uint32_t n[ZV_FACTS])
{
	if (!reach(tally, bucket))
		return;
	for (uint32_t f = 0; f < ZV_FACTS; f++)
		add(tally, bucket, f, n[f] - between(tally, bucket, bucket, f));
}

uint64_t zv_tally_sum(const struct zv_tally *tally, int64_t from_ms, int64_t to_ms,
		      enum zv_fact fact)
{
	int64_t first = bucket_of(from_ms), last = bucket_of(to_ms - 1);

	if (first < oldest(tally))
		first = oldest(tally);
	if (last > tally->last)
		last = tally->last;
	return first <= last && from_ms < to_ms ? between(tally, first, last, fact) : 0;
}
