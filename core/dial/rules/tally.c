#include <string.h>

#include "dial/rules/tally.h"

static int64_t bucket_of(int64_t at_ms)
{
	return at_ms / ZV_TALLY_MS - (at_ms % ZV_TALLY_MS < 0);
}

/* The counts of a bucket, making room for it; NULL: it is too old. */
static uint32_t *bucket_at(struct zv_tally *t, int64_t bucket)
{
	if (bucket < 0 || bucket <= t->last - ZV_TALLY_SLOTS)
		return NULL;
	if (bucket > t->last) {
		if (bucket - t->last >= ZV_TALLY_SLOTS) {
			memset(t->n, 0, sizeof(t->n));
		} else {
			for (int64_t b = t->last + 1; b <= bucket; b++)
				memset(t->n[b % ZV_TALLY_SLOTS], 0, sizeof(t->n[0]));
		}
		t->last = bucket;
	}
	return t->n[bucket % ZV_TALLY_SLOTS];
}

void zv_tally_add(struct zv_tally *tally, int64_t at_ms, uint16_t facts)
{
	uint32_t *n = bucket_at(tally, bucket_of(at_ms));

	for (uint32_t f = 0; n != NULL && f < ZV_FACTS; f++) {
		if ((facts >> f & 1) != 0 && n[f] < UINT32_MAX)
			n[f]++;
	}
}

void zv_tally_load(struct zv_tally *tally, int64_t bucket, const uint32_t n[ZV_FACTS])
{
	uint32_t *into = bucket_at(tally, bucket);

	if (into != NULL)
		memcpy(into, n, ZV_FACTS * sizeof(n[0]));
}

uint64_t zv_tally_sum(const struct zv_tally *tally, int64_t from_ms, int64_t to_ms, enum zv_fact fact)
{
	int64_t low = bucket_of(from_ms), high = bucket_of(to_ms - 1);
	uint64_t sum = 0;

	if (to_ms <= from_ms)
		return 0;
	if (low <= tally->last - ZV_TALLY_SLOTS)
		low = tally->last - ZV_TALLY_SLOTS + 1;
	if (low < 0)
		low = 0;
	if (high > tally->last)
		high = tally->last;
	for (int64_t b = low; b <= high; b++)
		sum += tally->n[b % ZV_TALLY_SLOTS][fact];
	return sum;
}
