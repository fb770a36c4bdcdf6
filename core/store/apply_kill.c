/* Leads that are over before their time (paid, cancelled, withdrawn), and calls that are moved. */
#include "store/apply_in.h"

void zv_apply_owner(struct zv_lead_rec *lead, uint32_t owner)
{
	if (owner == ZV_OWNER_NOBODY)
		lead->owner = 0;
	else if (owner != 0)
		lead->owner = owner;
}

/* Messages of its last step that have not left yet are not sent any more. */
static enum zv_err stop_messages(struct zv_apply *a, struct zv_attempt_id attempt)
{
	enum zv_err err = ZV_OK;

	for (uint8_t i = 0; i < ZV_STEP_MESSAGES_MAX && err == ZV_OK; i++) {
		uint8_t key[17], buf[64];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
		struct zv_outbox_row row;
		struct zv_r r;

		zv_attempt_key(key, attempt);
		key[16] = i;
		err = zv_db_get(a->txn, ZV_T_OUTBOX, key, sizeof(key), &r);
		if (zv_apply_soft(err))
			return ZV_OK;
		if (err == ZV_OK)
			err = zv_outbox_decode(r, &row);
		if (err != ZV_OK || row.sent != 0 || row.refused != 0)
			continue;
		row.refused = 1;
		zv_outbox_encode(&w, &row);
		err = zv_db_put(a->txn, ZV_T_OUTBOX, &k, &w, 0);
	}
	return zv_apply_soft(err) ? ZV_OK : err;
}

enum zv_err zv_apply_killed(struct zv_apply *a, uint64_t lead_id, int64_t cal_ms,
			    struct zv_lead_rec *lead)
{
	uint8_t category = lead->killed;
	enum zv_err err = zv_apply_count_final(a, lead_id, category, cal_ms, lead);

	if (err == ZV_OK)
		err = zv_db_due_move(a->txn, lead_id, lead, lead->due_class, 0);
	if (err == ZV_OK)
		err = zv_apply_callback(a, lead_id, false, 0);
	if (err == ZV_OK)
		err = zv_db_ask_set(a->txn, lead_id, false);
	if (err == ZV_OK && !zv_attempt_is_zero(lead->last_attempt))
		err = stop_messages(a, lead->last_attempt);
	lead->category = category; /* also where its campaign cannot be read */
	lead->killed = lead->needs_step = 0;
	lead->state = ZV_LEAD_FINAL;
	lead->final_ms = cal_ms != 0 ? cal_ms : 1;
	return err;
}

static enum zv_err log_kill(struct zv_apply *a, const struct zv_cmd *cmd,
			    const struct zv_lead_rec *lead)
{
	struct zv_log_row row = zv_apply_row(a, cmd, ZV_LOG_STEP);

	row.attempt = lead->last_attempt;
	row.leg = (struct zv_leg_id){0};
	row.lead = cmd->u.kill.lead;
	row.person = lead->person;
	row.campaign = zv_lead_campaign(cmd->u.kill.lead);
	row.number = lead->number;
	row.round = lead->round;
	row.step = cmd->u.kill.category != 0 ? ZV_STEP_FINAL : ZV_STEP_RETRY;
	row.category = cmd->u.kill.category;
	row.due_class = lead->due_class;
	row.due_ms = lead->due_ms;
	return zv_db_log(a->txn, &row);
}

static enum zv_err kill(struct zv_apply *a, const struct zv_cmd *cmd, struct zv_lead_rec *lead)
{
	lead->killed = cmd->u.kill.category;
	/* A call that is on is not cut by the store; what would follow it does not. */
	if (lead->state == ZV_LEAD_OPEN || lead->state == ZV_LEAD_ASKING)
		return ZV_OK;
	return zv_apply_killed(a, cmd->u.kill.lead, cmd->cal_ms, lead);
}

/* Its next call is at at_ms; at_ms 0: the agreed one is called off. */
static enum zv_err move(struct zv_apply *a, const struct zv_cmd *cmd, struct zv_lead_rec *lead,
			enum zv_err *ret_refused)
{
	uint8_t class = cmd->u.kill.due_class;
	int64_t at_ms = cmd->u.kill.at_ms;
	enum zv_err err;

	if (lead->state == ZV_LEAD_OPEN || lead->state == ZV_LEAD_ASKING || lead->killed != 0) {
		*ret_refused = ZV_EDENIED;
		return ZV_OK;
	}
	if (at_ms == 0) {
		if (lead->due_ms == 0 || lead->due_class != ZV_DUE_CALLBACK) {
			*ret_refused = ZV_ENOENT;
			return ZV_OK;
		}
		/* The person is called in the ordinary way, not before the time he gave. */
		at_ms = lead->due_ms;
		class = ZV_DUE_NORMAL;
	}
	if (lead->state == ZV_LEAD_FINAL && lead->due_ms == 0)
		lead->round++;
	zv_apply_owner(lead, cmd->u.kill.owner);
	err = zv_db_due_move(a->txn, cmd->u.kill.lead, lead, class, at_ms);
	return err == ZV_OK ? zv_apply_callback(a, cmd->u.kill.lead, class == ZV_DUE_CALLBACK, at_ms)
			    : err;
}

enum zv_err zv_apply_kill(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	struct zv_lead_rec lead;
	enum zv_err err = zv_db_lead_get(a->txn, cmd->u.kill.lead, &lead);

	if (err == ZV_OK && lead.state == ZV_LEAD_REMOVED)
		err = ZV_ENOENT;
	if (zv_apply_soft(err) || cmd->u.kill.category >= ZV_NAMES_MAX ||
	    cmd->u.kill.due_class > ZV_DUE_LATER || cmd->u.kill.at_ms < 0) {
		*ret_refused = zv_apply_soft(err) ? err : ZV_EINVAL;
		return ZV_OK; /* people ask for what is not there: nothing odd */
	}
	if (err != ZV_OK)
		return err;
	err = cmd->u.kill.category != 0 ? kill(a, cmd, &lead) : move(a, cmd, &lead, ret_refused);
	if (err != ZV_OK || *ret_refused != ZV_OK)
		return err;
	err = log_kill(a, cmd, &lead);
	return err == ZV_OK ? zv_db_lead_put(a->txn, cmd->u.kill.lead, &lead) : err;
}
