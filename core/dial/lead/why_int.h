/* dial/lead/why_int.h -- what is noted for dial/why.h while leads are looked at.  Private to
 * core/dial. */
#ifndef ZV_DIAL_LEAD_WHY_INT_H
#define ZV_DIAL_LEAD_WHY_INT_H

#include "dial/why.h"

/* Kinds that are noted: the rules', and a few of our own behind them. */
enum {
	ZV_NOTED_HOURS = ZV_BLOCKED_MAX, ZV_NOTED_NO_ROUTE, ZV_NOTED_CALLERS, ZV_NOTED_MAX
};

/* The last ten to twenty minutes of one campaign. */
struct zv_noted {
	int64_t bucket;
	uint32_t n[2][ZV_NOTED_MAX];     /* the bucket in progress, the one before */
	int64_t until_ms[ZV_NOTED_MAX];  /* the first of those to come */
};

/* Held leads of one campaign. */
struct zv_held_count { uint32_t future, person, owner; int64_t next_ms; };

struct zv_why_state {
	struct zv_noted *noted;         /* [campaign] */
	struct zv_held_count *held;     /* [campaign] */
	int64_t counted_ms;
};

enum zv_err zv_why_init(struct zv_engine *e) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_why_fini(struct zv_engine *e);
void zv_why_note(struct zv_engine *e, uint16_t campaign, uint32_t kind, int64_t until_ms);

#endif
