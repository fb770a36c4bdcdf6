/* dial/ids.h -- the ids that cross threads: numbers, never pointers.  Pure. */
#ifndef ZV_DIAL_IDS_H
#define ZV_DIAL_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

/* One try to reach a person: 128 bits, unique for ever.  hi = node (16) | epoch (32) | 0 (16),
 * lo = running number within the epoch.  The epoch grows at each start of a node and is
 * flushed before the first intent, so ids never repeat. */
struct zv_attempt_id {
	uint64_t hi, lo;
};

static inline bool zv_attempt_eq(struct zv_attempt_id a, struct zv_attempt_id b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

static inline bool zv_attempt_is_zero(struct zv_attempt_id a)
{
	return a.hi == 0 && a.lo == 0;
}

/* One call leg.  slot < conf.max_calls names its RTP port and its threads:
 * sip shard = slot % n_sip, media thread = slot % n_media.  gen grows with each use of the
 * slot and with each sub-attempt (failover), so a late message of an earlier use is told. */
struct zv_leg_id {
	uint32_t slot, gen;
};

#define ZV_SLOT_NONE UINT32_MAX

/* The sip shard of a slot: the customers' go round, all others to the phones' shard behind them. */
static inline uint32_t zv_sip_shard(uint32_t slot, uint32_t max_calls, uint32_t n_shards)
{
	return slot < max_calls ? slot % n_shards : n_shards;
}

/* What identifies an INVITE on the wire, derived from (attempt, sub) and the store's secret, so
 * that after a crash a late answer finds its call and a CANCEL can be rebuilt.  Without the
 * secret nobody can guess them. */
struct zv_sip_names {
	char call_id[64]; /* 32 hex digits of the id, '-', sub, '-', 16 hex digits keyed */
	char branch[48];  /* "z9hG4bK" + 16 hex digits keyed + 16 hex digits keyed */
	char from_tag[24];
};

void zv_sip_names(const struct zv_key *secret, struct zv_attempt_id attempt, uint8_t sub,
		  struct zv_sip_names *ret_names);
/* The (attempt, sub) that a Call-ID names, if it is one of ours and its keyed part is right. */
bool zv_sip_names_parse(const struct zv_key *secret, const char *call_id,
			struct zv_attempt_id *ret_attempt, uint8_t *ret_sub);

#endif
