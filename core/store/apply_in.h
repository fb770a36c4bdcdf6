/* store/apply_in.h -- private to apply.c, apply_end.c and apply_rules.c. */
#ifndef ZV_STORE_APPLY_IN_H
#define ZV_STORE_APPLY_IN_H

#include "store/apply.h"

#define ZV_APPLY_TRUNKS 64u

enum zv_err zv_apply_odd(struct zv_apply *a, const struct zv_cmd *cmd, const char *what);
bool zv_apply_soft(enum zv_err err);
struct zv_log_row zv_apply_row(const struct zv_apply *a, const struct zv_cmd *cmd,
			       enum zv_log_kind kind);
enum zv_err zv_apply_open_get(struct zv_apply *a, enum zv_table table,
			      struct zv_attempt_id attempt, struct zv_open_rec *ret_open) ZV_MUST_USE;
/* table: ZV_T_OPEN or ZV_T_LEGS. */
enum zv_err zv_apply_open_put(struct zv_apply *a, enum zv_table table,
			      const struct zv_open_rec *open) ZV_MUST_USE;
enum zv_err zv_apply_open_del(struct zv_apply *a, enum zv_table table,
			      struct zv_attempt_id attempt) ZV_MUST_USE;

enum zv_err zv_apply_outcome(struct zv_apply *a, const struct zv_cmd *cmd) ZV_MUST_USE;
enum zv_err zv_apply_step(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused) ZV_MUST_USE;
enum zv_err zv_apply_defer(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused) ZV_MUST_USE;

/* The lead has its category from now on; the campaign's counters move. No such campaign: counted as
 * odd. */
enum zv_err zv_apply_count_final(struct zv_apply *a, uint64_t lead_id, uint8_t category,
				 int64_t cal_ms, struct zv_lead_rec *lead) ZV_MUST_USE;
/* An agreed call-back of this lead is on record, or no more. */
enum zv_err zv_apply_callback(struct zv_apply *a, uint64_t lead, bool on, int64_t due_ms) ZV_MUST_USE;

/* apply_kill.c */
enum zv_err zv_apply_kill(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused) ZV_MUST_USE;
/* The call that was on when the lead was killed is over: it is done now.  Does not write it. */
enum zv_err zv_apply_killed(struct zv_apply *a, uint64_t lead_id, int64_t cal_ms,
			    struct zv_lead_rec *lead) ZV_MUST_USE;
void zv_apply_owner(struct zv_lead_rec *lead, uint32_t owner); /* as in CMD_STEP */

/* apply_rules.c */
enum zv_err zv_apply_evidence(struct zv_apply *a, const struct zv_cmd *cmd) ZV_MUST_USE;
enum zv_err zv_apply_suppress(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused) ZV_MUST_USE;
enum zv_err zv_apply_mark(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused) ZV_MUST_USE;
enum zv_err zv_apply_contact(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused) ZV_MUST_USE;

#endif
