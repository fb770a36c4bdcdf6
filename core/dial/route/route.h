/* dial/route/route.h -- which trunk and which caller number a call takes.
 *
 * Thread: engine.  Pure: time comes with each question.  Rules, in order: the trunk is enabled,
 * up, serves the number's prefix, was not tried by this attempt, has a free channel, a token of
 * its calls-per-second bucket, and fewer than unanswered_max INVITEs without any response; of
 * those the lowest priority number, then the longest prefix, then the lowest cost, then by
 * weight (smooth weighted round robin: the sequence is the same each time).
 */
#ifndef ZV_DIAL_ROUTE_H
#define ZV_DIAL_ROUTE_H

#include "dial/conf.h"

/* Calls of a caller number on one calendar day (UTC). */
struct zv_caller_use { uint64_t number; uint32_t used; };
#define ZV_CALLER_USES 1024u /* places of the hash table; a power of two */

struct zv_trunk {
	uint32_t calls;       /* channels in use */
	uint32_t unanswered;  /* intents and INVITEs without any response */
	uint8_t state;        /* enum zv_trunk_state */
	int64_t slow_until_ms; /* monotonic; Retry-After */
	int64_t tokens_milli; /* thousandths of an INVITE */
	int64_t refilled_ms;
	int64_t credit;       /* of the weighted round robin */
	uint64_t dials, failed;
	uint64_t machines;    /* calls that agents said were machines' */
	struct zv_heard_stats heard; /* verdicts of its calls */
};

struct zv_router {
	const struct zv_engine_conf *conf;
	struct zv_trunk trunks[ZV_TRUNKS_MAX];
	int64_t caller_day;
	uint32_t n_callers;
	struct zv_caller_use callers[ZV_CALLER_USES];
};

enum zv_route_result {
	ZV_ROUTE_OK = 0,
	ZV_ROUTE_BUSY = 1, /* later: *ret_again_ms says when a token may be there, 0 = on an event */
	ZV_ROUTE_NONE = 2, /* no trunk is configured for this number */
};

struct zv_route_ask {
	uint64_t called;
	uint64_t tried;   /* bit mask of trunks this attempt has used already */
	bool borrow;      /* a failed-over attempt: may take up to 100 ms of the rate in advance,
			   * which new dials wait for; else they would leave it no token */
	int64_t mono_ms;
};

void zv_router_init(struct zv_router *router, const struct zv_engine_conf *conf);
/* As zv_route_take, but takes nothing. */
enum zv_route_result zv_route_look(struct zv_router *router, const struct zv_route_ask *ask,
				   int64_t *ret_again_ms);
/* Chooses and takes: channel, token and a place among the unanswered are used. */
enum zv_route_result zv_route_take(struct zv_router *router, const struct zv_route_ask *ask,
				   uint16_t *ret_trunk, int64_t *ret_again_ms);
/* Takes the take back: no INVITE was sent. */
void zv_route_untake(struct zv_router *router, uint16_t trunk);
/* The trunk answered something, or the call is over before it did. */
void zv_route_heard(struct zv_router *router, uint16_t trunk);
/* The call's channel is free again. */
void zv_route_give(struct zv_router *router, uint16_t trunk);
/* state: enum zv_trunk_state; retry_after_s for SLOW. */
void zv_route_state(struct zv_router *router, uint16_t trunk, uint32_t state,
		    uint32_t retry_after_s, int64_t mono_ms);

/* The caller number of a person's calls: the same each time while its daily cap allows, else
 * the next of the pool.  0: every number of the pool is used up for the day, or no pool. */
uint64_t zv_route_caller(struct zv_router *router, const struct zv_campaign_conf *campaign,
			 uint16_t trunk, uint64_t person, int64_t cal_ms);

/* The last zv_route_caller's number was not used after all. */
void zv_route_uncount_caller(struct zv_router *router, uint64_t number);

/* One more call of this number on that day; an earlier day than the router's is ignored. */
void zv_route_count_caller(struct zv_router *router, uint64_t number, int64_t cal_ms);

#endif
