/* store/lead_put.h -- leads given by the API, one or many, into a campaign that may be running.
 *
 * Thread: any one at a time a putter; each call is one write transaction, flushed before it
 * returns: all rows that are not refused are in it, or none.  Persons are joined by number, as an
 * import joins them; an external id names the lead (within its campaign), not the person: the same
 * id again changes the lead and makes no second one.
 *
 * A lead that the engine holds keeps its old due time there until the engine is told: the caller
 * sends EV_KILL with category 0 for those that were moved.
 */
#ifndef ZV_STORE_LEAD_PUT_H
#define ZV_STORE_LEAD_PUT_H

#include "store/phone.h"
#include "store/store.h"

#define ZV_PUT_ROWS_MAX 1000u

enum zv_put_verdict {
	ZV_PUT_NEW = 0,        /* a new lead */
	ZV_PUT_UPDATED = 1,    /* this external id was given before: what it says was taken over */
	ZV_PUT_AGAIN = 2,      /* the person has a lead here: it was taken over and is due anew */
	ZV_PUT_CALLING = 3,    /* the same, but he is being called just now: no further call */
	/* refused: nothing was written */
	ZV_PUT_REMOVED = 4,    /* his lead here was removed for good */
	ZV_PUT_SUPPRESSED = 5, /* none of its numbers may be called, everywhere or in the campaign */
	ZV_PUT_BAD = 6,        /* a value is wrong: see why */
	ZV_PUT_NO_ROOM = 7,    /* the campaign is full */
};

/* One lead.  NULL or "" = not told.  Texts are borrowed during the call. */
struct zv_lead_put {
	const char *external_id;
	uint32_t n_numbers;
	const char *numbers[ZV_NUMBERS_MAX]; /* as people write them */
	const char *zone, *jurisdiction, *registration_zone, *region, *language;
	const char *party, *debt, *topic;
	const char *attrs;     /* "name\0value\0...": those of a lead that is there stay beside them */
	size_t attrs_len;
	uint8_t due_class;     /* enum zv_due_class; hot: ZV_DUE_HOT */
	int64_t due_ms;        /* calendar; 0: by the campaign's date (dates.h), else at once */
	uint32_t owner;        /* 1 + id of the agent whose lead it is; 0 anybody's, or as it was */
	uint32_t sla_s;        /* promised to the first call; 0: the campaign's */
	/* the answer */
	uint8_t verdict;       /* enum zv_put_verdict */
	uint64_t lead, person; /* 0: none */
	bool moved;            /* AGAIN, or UPDATED with another date: its due time is due_ms (filled in) in due_class now */
	const char *why;       /* of a refusal; "" */
};

struct zv_lead_putter;

/* zone_dir NULL: /usr/share/zoneinfo; country 0: Russia. */
enum zv_err zv_lead_putter_create(struct zv_store *store, const char *zone_dir,
				  enum zv_country country, struct zv_lead_putter **ret_putter) ZV_MUST_USE;
void zv_lead_putter_destroy(struct zv_lead_putter *putter); /* accepts NULL */

/* At most ZV_PUT_ROWS_MAX.  ZV_OK: every row has its verdict and what was taken is on disk.
 * ZV_ENOENT: no such campaign; ZV_EFULL, ZV_EIO, ZV_ENOMEM: nothing was written. */
enum zv_err zv_store_lead_put(struct zv_lead_putter *putter, uint32_t campaign, int64_t now_cal_ms,
			      struct zv_lead_put *v, uint32_t n) ZV_MUST_USE;

/* Leads that were given under this external id, in every campaign (as long as their person is not
 * erased), and those of the person whom a list gave it. */
enum zv_err zv_store_given_each(struct zv_store *store, const char *external_id,
				bool (*fn)(void *arg, uint64_t lead), void *arg) ZV_MUST_USE;

#endif
