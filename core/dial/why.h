/* dial/why.h -- why a campaign does not dial (more) now: a waterfall from the house down to the
 * single lead, with counts.
 *
 * Thread: engine.  Cheap: held leads are counted at most four times a second for all campaigns.
 */
#ifndef ZV_DIAL_WHY_H
#define ZV_DIAL_WHY_H

#include "dial/engine.h"

/* In the order in which one would look. */
enum zv_why_not {
	ZV_NOT_STARTED = 1,   /* the operator has not started it, or has paused it */
	ZV_NOT_STATED,        /* no purpose, channel, mode or actor */
	ZV_NOT_NO_RULES,
	ZV_NOT_DRAINING,
	ZV_NOT_OVERLOADED,
	ZV_NOT_STORE,         /* the disk or the store is full */
	ZV_NOT_CLOCK,         /* the wall clock jumped; until */
	ZV_NOT_BLIND,         /* more opt-outs are under way to the disk than can be remembered */
	ZV_NOT_NO_LEADS,      /* none is due; until: the next that is known */
	ZV_NOT_DUE_YET,       /* count leads are held until their time */
	ZV_NOT_HOURS,         /* the campaign's own hours: count put off lately; until */
	ZV_NOT_RULE,          /* detail = enum zv_blocked: count refusals lately; until: the first ends */
	ZV_NOT_PERSON,        /* count leads of persons who are on the phone for another */
	ZV_NOT_OWNER,         /* count call-backs wait for their agent */
	ZV_NOT_LIMIT,         /* the campaign's own limit of calls at once: count */
	ZV_NOT_LINES,         /* every line of this machine is in use: count */
	ZV_NOT_TRUNK_DOWN,    /* count trunks */
	ZV_NOT_TRUNK_FULL,    /* count trunks: all channels, or too many INVITEs without response */
	ZV_NOT_TRUNK_RATE,    /* count trunks: calls a second; until */
	ZV_NOT_NO_ROUTE,      /* count numbers lately that no trunk serves */
	ZV_NOT_CALLERS,       /* count leads lately: every caller number has its day's calls */
	ZV_NOT_KEPT_LINES,    /* count lines kept for call-backs */
	ZV_NOT_NO_AGENTS,     /* nobody who serves it works; count: who could, but is paused */
	ZV_NOT_NO_IDLE,       /* count agents work, none is idle */
	ZV_NOT_KEPT_QUEUE,    /* count idle agents are kept for inbound calls and call-backs */
	ZV_NOT_PACER,         /* detail = enum zv_pacer_why */
	ZV_NOT_IN_FLIGHT,     /* count calls are under way */
	ZV_NOT_MAX
};

#define ZV_WHY_MOST 40u

struct zv_why_one {
	uint8_t reason;   /* enum zv_why_not */
	uint8_t detail;
	uint32_t count;
	int64_t until_ms; /* calendar; 0: nobody knows */
};
struct zv_why {
	uint32_t n;       /* 0: nothing holds it back */
	struct zv_why_one v[ZV_WHY_MOST];
};

/* campaign: id.  ZV_ENOENT. */
enum zv_err zv_engine_why(struct zv_engine *engine, uint32_t campaign, struct zv_why *ret_why) ZV_MUST_USE;
/* "not_started", ...: for JSON; never NULL. */
const char *zv_why_name(enum zv_why_not reason);

#endif
