/* store/apply.h -- private: one command of the engine into a write transaction.
 *
 * Thread: store.  The same commands into the same store give the same records, so a batch that
 * did not fit is given again whole.  Errors are the transaction's (ZV_EFULL, ZV_EIO, ...); a
 * command that makes no sense (unknown lead, intent for a lead that is being called) is told in
 * the reply and counted, and changes nothing.
 */
#ifndef ZV_STORE_APPLY_H
#define ZV_STORE_APPLY_H

#include "store/db.h"

struct zv_apply {
	struct zv_txn *txn;
	int64_t wall_ms;  /* real time of the batch */
	const char *const *trunk_names; /* by trunk index, or NULL */
	int64_t cal_max;     /* largest calendar time seen */
	uint32_t n_messages; /* that went to the outbox */
	uint32_t n_odd;      /* commands that made no sense */
};

/* *ret_reply: INTENT_FLUSHED, STEP_FLUSHED or TOLD to send after the commit; type 0: none. */
enum zv_err zv_apply_cmd(struct zv_apply *apply, const struct zv_cmd *cmd,
			 struct zv_event *ret_reply) ZV_MUST_USE;
enum zv_err zv_apply_dialog(struct zv_apply *apply, const struct zv_dialog *dialog) ZV_MUST_USE;
/* Last before the commit: the calendar's position. */
enum zv_err zv_apply_finish(struct zv_apply *apply) ZV_MUST_USE;

/* An outcome for the open intent, without asking for a step: for recovery.  The lead is due
 * again at due_ms. */
enum zv_err zv_apply_unknown(struct zv_apply *apply, const struct zv_open_rec *open,
			     int64_t now_cal_ms, int64_t due_ms) ZV_MUST_USE;

#endif
