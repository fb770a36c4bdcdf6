/* dial/lead/recent.h -- opt-outs, marks, contacts and kills that came while offers were under way.
 *
 * Thread: engine.  An offer was read in some transaction; what was told in a later one is not in
 * it.  What came lately stands here until an offer or a hint shows that the lookahead reads
 * newer transactions: they only grow.  Nothing is ever forgotten early: what finds no place
 * makes the table blind, and while it is blind nothing is dialled.
 */
#ifndef ZV_LEAD_RECENT_H
#define ZV_LEAD_RECENT_H

#include "dial/rules/person.h"

#define ZV_RECENT_MAX 8192u

enum zv_recent_what {
	ZV_RECENT_SUPPRESSED = 1, ZV_RECENT_MARK, ZV_RECENT_CONTACT,
	ZV_RECENT_ENDED, /* u.suppressed is taken back */
	ZV_RECENT_KILLED,
	ZV_RECENT_MOVED /* a lead's next call is at another time than an older offer says */
};
/* What an id is the number of. */
enum zv_recent_by { ZV_RECENT_BY_PERSON = 0, ZV_RECENT_BY_NUMBER = 1, ZV_RECENT_BY_LEAD = 2 };

struct zv_recent_one {
	uint8_t what;   /* enum zv_recent_what */
	uint8_t by;     /* enum zv_recent_by */
	bool told;      /* it is on disk, in txn */
	uint64_t id;
	struct zv_attempt_id token; /* of the event; never zero */
	uint64_t serial;            /* of the event: tokens may come twice */
	uint64_t txn;
	union {
		struct zv_suppressed suppressed;
		struct zv_mark mark;
		struct zv_contact contact;
	} u;
};

struct zv_recent {
	struct zv_recent_one *v; /* a ring, oldest at head */
	uint32_t cap, head, n;
	uint32_t *index;         /* open addressing: place in v + 1 */
	uint32_t mask;
	uint64_t serial;
	uint32_t lost;           /* events without a place that are not on disk yet */
	uint64_t floor_txn;      /* offers read before this cannot be checked any more */
};

/* cap: a power of two.  ZV_ENOMEM. */
enum zv_err zv_recent_init(struct zv_recent *recent, uint32_t cap) ZV_MUST_USE;
void zv_recent_fini(struct zv_recent *recent); /* accepts a zeroed one */

/* The entries of one event (n <= 2), with the same token. */
void zv_recent_add(struct zv_recent *recent, const struct zv_recent_one *ones, uint32_t n);
/* The oldest event with this token is on disk. */
void zv_recent_told(struct zv_recent *recent, struct zv_attempt_id token, uint64_t txn);
/* An offer or a hint of this transaction came: older entries are in all that comes. */
void zv_recent_seen(struct zv_recent *recent, uint64_t txn);
/* May an offer of this transaction be believed, with what stands here added? */
bool zv_recent_trusts(const struct zv_recent *recent, uint64_t txn);
/* What an offer of transaction txn lacks of a person, a number or a lead. */
struct zv_recent_ask { uint64_t id, txn; uint8_t by; /* enum zv_recent_by */ };
/* Calls fn for each such entry, oldest first. */
void zv_recent_each(const struct zv_recent *recent, const struct zv_recent_ask *ask,
		    void (*fn)(void *arg, const struct zv_recent_one *one), void *arg);

#endif
