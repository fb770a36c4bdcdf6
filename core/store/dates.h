/* store/dates.h -- leads that are called by a date of their own: a meeting's time, the day on which
 * a payment is due.  Pure, but for the rule's place in the store.
 */
#ifndef ZV_STORE_DATES_H
#define ZV_STORE_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tz.h"

struct zv_store;

#define ZV_DATE_COLUMN_MAX 64u /* bytes with the zero */

/* Of a campaign. */
struct zv_date_rule {
	char column[ZV_DATE_COLUMN_MAX]; /* the attribute that has the date; "": leads are due at once */
	int64_t before_ms; /* the first call is so long before it */
	int32_t at_s;      /* second of that day; -1: the date's own time, or the start of the day */
	char zone[64];     /* of leads that bring none; IANA name */
};

struct zv_date {
	int32_t day;      /* civil day, local unless fixed */
	int32_t second;   /* of the day; -1: the day alone */
	bool fixed;       /* offset_s was written */
	int32_t offset_s; /* east of UTC */
};

/* "2026-12-04", "2026-12-04 15:30", "2026-12-04T15:30:00+03:00" (or Z), "04.12.2026",
 * "04.12.2026 15:30"; spaces around it do not matter.  False: it is none of these. */
bool zv_date_parse(const char *text, size_t len, struct zv_date *ret_date);

enum zv_date_verdict {
	ZV_DATE_OK = 0,
	ZV_DATE_NONE = 1, /* nothing is written */
	ZV_DATE_BAD = 2,
	ZV_DATE_PAST = 3, /* the date itself is over: a reminder of it would be none */
};
/* When its lead is due: now if that moment has passed and the date has not.  zone: the lead's. */
enum zv_date_verdict zv_date_due(const struct zv_date_rule *rule, const struct zv_tz *zone,
				 const char *text, size_t len, int64_t now_ms, int64_t *ret_due_ms);
/* For who gave it. */
const char *zv_date_text(enum zv_date_verdict verdict);

/* The campaign's rule, so that lists are imported and leads are given by the same one.  Each is a short
 * transaction of its own; the same rule again writes nothing.  ZV_ENOENT: no such campaign; read: there
 * is no rule (column "" of *ret_rule). */
enum zv_err zv_store_dates_put(struct zv_store *store, uint32_t campaign,
			       const struct zv_date_rule *rule) ZV_MUST_USE;
enum zv_err zv_store_dates_get(struct zv_store *store, uint32_t campaign,
			       struct zv_date_rule *ret_rule) ZV_MUST_USE;

#endif
