/* ctl/whom.h -- whom a command is about, and when: numbers, persons, campaigns and moments as
 * people write them; and how a word reaches the engine or the store.  One thread.
 *
 * What is wrong is said to standard error; the functions then give the exit status, or false.
 */
#ifndef ZV_CTL_WHOM_H
#define ZV_CTL_WHOM_H

#include "ctl/ctl.h"

#define ZV_WHOM_BATCH 200u /* of one request: it fits into ZV_CONTROL_REQUEST_MAX */

/* NUMBER, or --person ID. */
struct zv_whom {
	uint64_t e164;   /* 0: a person */
	uint64_t person; /* 0: a number */
};
bool zv_whom_number(const char *text, uint64_t *ret_e164);
/* From the command's only argument or its option `person`. */
int zv_whom_read(const struct zv_args *args, struct zv_whom *ret_whom);

/* 2026-11-23T09:00:00+03:00, 2026-11-23 (its first moment in UTC), or a span from now: 90d. */
bool zv_moment_read(const char *option, const char *text, int64_t now_ms, int64_t *ret_ms);
/* Where the calendar of this store stands: after fast-forward not where ours does. */
int64_t zv_calendar_now(struct zv_store *store, bool *ret_in_use);

/* The campaign of the option `campaign`: its id, 0 without the option. */
int zv_whom_campaign(struct zv_store *store, const struct zv_args *args, uint32_t *ret_id);
/* Name of a campaign; "" for 0. */
const char *zv_campaign_name(struct zv_store *store, uint32_t id, char *buf, size_t size);

/* {"cmd": cmd, "numbers": [...]} of n; the caller adds the rest. */
json_t *zv_whom_request(const char *cmd, const struct zv_whom *v, size_t n);
/* Asks zvonard if one runs.  -1: none does, and none runs on this store either: write it there. */
int zv_whom_tell(struct zv_ctl *ctl, json_t *request, json_t **ret_reply);

#endif
