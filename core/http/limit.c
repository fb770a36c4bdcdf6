#include "http/limit.h"

#include <string.h>

uint64_t zv_limit_key(const struct zv_limit *limit, const void *a, uint32_t a_len, const void *b,
		      uint32_t b_len)
{
	uint64_t key = zv_siphash(&limit->key, a, a_len);

	if (b_len > 0)
		key ^= zv_mix64(zv_siphash(&limit->key, b, b_len));
	return key != 0 ? key : 1;
}

static struct zv_bucket *find(struct zv_limit *limit, uint64_t key)
{
	struct zv_bucket *set = limit->v[key % ZV_LIMIT_SETS], *oldest = &set[0];

	for (uint32_t i = 0; i < ZV_LIMIT_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].key == 0 || (oldest->key != 0 && set[i].at_ms < oldest->at_ms))
			oldest = &set[i];
	}
	oldest->key = 0;
	return oldest;
}

int64_t zv_limit_ask(struct zv_limit *limit, uint64_t key, struct zv_limit_rate rate, bool take,
		     int64_t now_ms)
{
	struct zv_bucket *b = find(limit, key);
	int64_t full = (int64_t)rate.burst * rate.every_ms;

	if (b->key == 0)
		*b = (struct zv_bucket){.key = key, .at_ms = now_ms, .level_ms = full};
	b->level_ms += now_ms - b->at_ms;
	b->at_ms = now_ms;
	if (b->level_ms > full)
		b->level_ms = full;
	if (b->level_ms < (int64_t)rate.every_ms)
		return (int64_t)rate.every_ms - b->level_ms;
	if (take)
		b->level_ms -= rate.every_ms;
	return 0;
}
