/* http/limit.h -- token buckets by key, in a table of fixed size: when it is full, the bucket that
 * was quiet for longest makes room.  One thread at a time (the server's lock). */
#ifndef ZV_HTTP_LIMIT_H
#define ZV_HTTP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

#define ZV_LIMIT_SETS 1024u
#define ZV_LIMIT_WAYS 4u

struct zv_bucket {
	uint64_t key;     /* 0: free */
	int64_t at_ms;    /* when level was right */
	int64_t level_ms; /* what is left, in ms of refilling */
};
struct zv_limit {
	struct zv_key key; /* of the hash: nobody may choose who shares a set with whom */
	struct zv_bucket v[ZV_LIMIT_SETS][ZV_LIMIT_WAYS];
};

/* A bucket holds `burst`, and one comes back each `every_ms`. */
struct zv_limit_rate { uint32_t burst, every_ms; };

uint64_t zv_limit_key(const struct zv_limit *limit, const void *a, uint32_t a_len, const void *b,
		      uint32_t b_len);
/* 0: there is one (take: it is taken); else ms until there is one. */
int64_t zv_limit_ask(struct zv_limit *limit, uint64_t key, struct zv_limit_rate rate, bool take,
		     int64_t now_ms);

#endif
