/* Intents, ladder steps, dialogs.  Outcomes and steps are in apply_end.c. */
#include "store/apply_in.h"

#include "base/log.h"

enum zv_err zv_apply_odd(struct zv_apply *a, const struct zv_cmd *cmd, const char *what)
{
	a->n_odd++;
	zv_warn("store", "command %u of attempt %llx-%llx: %s", cmd->type,
		(unsigned long long)cmd->attempt.hi, (unsigned long long)cmd->attempt.lo, what);
	return ZV_OK;
}

/* Damage in one lead must not stop the others: it is told, and `store check` finds it. */
bool zv_apply_soft(enum zv_err err)
{
	return err == ZV_ENOENT || err == ZV_ECORRUPT || err == ZV_EVERSION;
}

enum zv_err zv_apply_open_get(struct zv_apply *a, enum zv_table table,
			      struct zv_attempt_id attempt, struct zv_open_rec *ret_open)
{
	uint8_t key[16];
	struct zv_r r;
	enum zv_err err;

	zv_attempt_key(key, attempt);
	err = zv_db_get(a->txn, table, key, sizeof(key), &r);
	return err == ZV_OK ? zv_open_decode(r, ret_open) : err;
}

enum zv_err zv_apply_open_put(struct zv_apply *a, enum zv_table table,
			      const struct zv_open_rec *open)
{
	struct zv_w w = zv_w_begin(a->txn->value, sizeof(a->txn->value), ZV_RECORD_VERSION);
	uint8_t key[16];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};

	zv_attempt_key(key, open->a.attempt);
	zv_open_encode(&w, open);
	return zv_db_put(a->txn, table, &k, &w, 0);
}

enum zv_err zv_apply_open_del(struct zv_apply *a, enum zv_table table, struct zv_attempt_id attempt)
{
	uint8_t key[16];

	zv_attempt_key(key, attempt);
	return zv_db_del(a->txn, table, key, sizeof(key));
}

struct zv_log_row zv_apply_row(const struct zv_apply *a, const struct zv_cmd *cmd,
			       enum zv_log_kind kind)
{
	return (struct zv_log_row){
		.kind = (uint8_t)kind,
		.cal_ms = cmd->cal_ms,
		.wall_ms = a->wall_ms,
		.attempt = cmd->attempt,
		.leg = cmd->leg,
		.campaign = cmd->campaign,
		.trunk = cmd->trunk,
	};
}

static void trunk_name(const struct zv_apply *a, uint16_t trunk, char to[32])
{
	const char *name = "";

	if (a->trunk_names != NULL && trunk < ZV_APPLY_TRUNKS && a->trunk_names[trunk] != NULL)
		name = a->trunk_names[trunk];
	memset(to, 0, 32);
	memcpy(to, name, strnlen(name, 31));
}

static void open_from_intent(const struct zv_apply *a, const struct zv_cmd *cmd,
			     const struct zv_lead_rec *lead, struct zv_open_rec *open)
{
	memset(open, 0, sizeof(*open));
	open->a.attempt = cmd->attempt;
	open->a.leg = cmd->leg;
	open->a.lead = cmd->u.intent.lead;
	open->a.person = lead->person;
	open->a.campaign = cmd->campaign;
	open->a.trunk = cmd->trunk;
	trunk_name(a, cmd->trunk, open->a.trunk_name);
	open->a.sub = cmd->u.intent.sub;
	open->a.number = cmd->u.intent.number;
	open->a.round = cmd->u.intent.round;
	open->a.called = cmd->u.intent.called;
	open->a.caller = cmd->u.intent.caller;
	open->a.intent_ms = cmd->cal_ms;
	open->a.wall_ms = a->wall_ms;
	open->rules_hash = cmd->u.intent.rules_hash;
	open->mono_ms = cmd->u.intent.mono_ms;
	open->counts = cmd->u.intent.counts;
	open->debt = cmd->u.intent.debt;
	open->topic = cmd->u.intent.topic;
	open->caller_hash = cmd->u.intent.caller_hash;
	open->channel = cmd->u.intent.channel < ZV_CHANNELS ? cmd->u.intent.channel : 0;
	open->old_due_ms = lead->due_ms;
	open->old_class = lead->due_class;
	open->old_state = lead->state;
}

/* *ret_refused: why this lead may not be called now; ZV_OK it may. */
static enum zv_err intent(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	struct zv_log_row row = zv_apply_row(a, cmd, ZV_LOG_INTENT);
	struct zv_lead_rec lead;
	struct zv_open_rec open;
	enum zv_err err = zv_db_lead_get(a->txn, cmd->u.intent.lead, &lead);

	if (zv_apply_soft(err)) {
		*ret_refused = err;
		return zv_apply_odd(a, cmd, "intent for a lead that is not there");
	}
	if (err != ZV_OK)
		return err;
	/* The last guard of "never twice": whatever the engine was offered, a lead that is being
	 * called, waits for its step or is done has no intent. */
	if (lead.due_ms == 0 || lead.needs_step != 0 ||
	    (lead.state != ZV_LEAD_DUE && lead.state != ZV_LEAD_FINAL)) {
		*ret_refused = ZV_EDENIED;
		return zv_apply_odd(a, cmd, "intent for a lead that is not due");
	}
	open_from_intent(a, cmd, &lead, &open);
	err = zv_db_due_move(a->txn, open.a.lead, &lead, lead.due_class, 0);
	if (err != ZV_OK)
		return err;
	lead.state = ZV_LEAD_OPEN;
	if (lead.first_ms == 0 && lead.accepted_ms != 0)
		lead.first_ms = cmd->cal_ms != 0 ? cmd->cal_ms : 1;
	err = zv_db_lead_put(a->txn, open.a.lead, &lead);
	if (err == ZV_OK)
		err = zv_apply_open_put(a, ZV_T_OPEN, &open);
	row.lead = open.a.lead;
	row.person = open.a.person;
	row.mono_ms = open.mono_ms;
	row.called = open.a.called;
	row.caller = open.a.caller;
	row.rules_hash = open.rules_hash;
	row.counts = open.counts;
	row.number = open.a.number;
	row.sub = open.a.sub;
	row.round = open.a.round;
	if (err == ZV_OK)
		err = zv_db_log(a->txn, &row);
	return err;
}

/* A sub-attempt by another trunk: the open record now describes its INVITE. */
static enum zv_err ladder_sub(struct zv_apply *a, const struct zv_cmd *cmd,
			      struct zv_open_rec *open)
{
	open->a.trunk = cmd->trunk;
	trunk_name(a, cmd->trunk, open->a.trunk_name);
	open->a.leg = cmd->leg;
	open->a.sub = cmd->u.ladder.sub;
	if (cmd->u.ladder.caller != 0) {
		open->a.caller = cmd->u.ladder.caller;
		open->caller_hash = zv_rule_caller(cmd->u.ladder.caller);
	}
	open->a.wall_ms = a->wall_ms;
	open->a.has_dialog = 0;
	return zv_apply_open_put(a, ZV_T_OPEN, open);
}

static enum zv_err ladder(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	struct zv_log_row row = zv_apply_row(a, cmd, ZV_LOG_LADDER);
	struct zv_open_rec open;
	enum zv_err err = zv_apply_open_get(a, ZV_T_OPEN, cmd->attempt, &open);

	row.lead = cmd->u.ladder.lead;
	row.mono_ms = cmd->u.ladder.mono_ms;
	row.what = cmd->u.ladder.what;
	row.sub = cmd->u.ladder.sub;
	row.code = cmd->u.ladder.code;
	row.caller = cmd->u.ladder.caller;
	if (err == ZV_OK) {
		row.lead = open.a.lead;
		row.person = open.a.person;
		row.number = open.a.number;
		row.round = open.a.round;
	} else if (!zv_apply_soft(err)) {
		return err;
	}
	if (cmd->u.ladder.what == ZV_LADDER_SUB) {
		if (err != ZV_OK) {
			*ret_refused = err;
			return zv_apply_odd(a, cmd, "sub-attempt without an open intent");
		}
		err = ladder_sub(a, cmd, &open);
		if (err != ZV_OK)
			return err;
	}
	return zv_db_log(a->txn, &row);
}

static void see_calendar(struct zv_apply *a, int64_t cal_ms)
{
	if (cal_ms > a->cal_max)
		a->cal_max = cal_ms;
}

/* meta's calendar is the largest time that was committed. */
enum zv_err zv_apply_finish(struct zv_apply *a)
{
	uint64_t at;
	enum zv_err err = zv_db_meta_get(a->txn, ZV_META_CALENDAR, &at);

	if (err == ZV_OK && a->cal_max > (int64_t)at)
		err = zv_db_meta_put(a->txn, ZV_META_CALENDAR, (uint64_t)a->cal_max);
	return err;
}

/* Told by its token; the number of the transaction says from which offer on it is known. */
static void reply_told(struct zv_apply *a, struct zv_event *ev, const struct zv_cmd *cmd,
		       enum zv_err refused)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = ZV_EV_TOLD;
	ev->attempt = cmd->attempt;
	ev->code = (uint32_t)refused;
	ev->u.offer.txn = mdb_txn_id(a->txn->t);
	a->txn->told = ev->u.offer.txn;
}

static enum zv_err told(struct zv_apply *a, const struct zv_cmd *cmd, struct zv_event *ret_reply)
{
	enum zv_err refused = ZV_OK;
	enum zv_err err;

	if (cmd->type == ZV_CMD_SUPPRESS)
		err = zv_apply_suppress(a, cmd, &refused);
	else if (cmd->type == ZV_CMD_MARK)
		err = zv_apply_mark(a, cmd, &refused);
	else if (cmd->type == ZV_CMD_KILL)
		err = zv_apply_kill(a, cmd, &refused);
	else
		err = zv_apply_contact(a, cmd, &refused);
	reply_told(a, ret_reply, cmd, refused);
	return err;
}

static void reply(struct zv_event *ev, enum zv_event_type type, const struct zv_cmd *cmd,
		  enum zv_err refused)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = (uint16_t)type;
	ev->trunk = cmd->trunk;
	ev->attempt = cmd->attempt;
	ev->leg = cmd->leg;
	ev->u.flushed.err = (uint32_t)refused;
}

enum zv_err zv_apply_cmd(struct zv_apply *a, const struct zv_cmd *cmd, struct zv_event *ret_reply)
{
	enum zv_err refused = ZV_OK;
	enum zv_err err;

	memset(ret_reply, 0, sizeof(*ret_reply));
	switch ((enum zv_cmd_type)cmd->type) {
	case ZV_CMD_INTENT:
		err = intent(a, cmd, &refused);
		reply(ret_reply, ZV_EV_INTENT_FLUSHED, cmd, refused);
		break;
	case ZV_CMD_OUTCOME: err = zv_apply_outcome(a, cmd); break;
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER:
		err = cmd->type == ZV_CMD_STEP ? zv_apply_step(a, cmd, &refused)
					       : zv_apply_defer(a, cmd, &refused);
		reply(ret_reply, ZV_EV_STEP_FLUSHED, cmd, refused);
		ret_reply->leg = (struct zv_leg_id){.slot = cmd->u.step.slab};
		break;
	case ZV_CMD_LADDER:
		if (cmd->u.ladder.what == ZV_LADDER_CLOSED) {
			err = zv_apply_open_del(a, ZV_T_LEGS, cmd->attempt);
			err = err == ZV_ENOENT ? ZV_OK : err;
			break;
		}
		err = ladder(a, cmd, &refused);
		if (cmd->u.ladder.what == ZV_LADDER_SUB)
			reply(ret_reply, ZV_EV_INTENT_FLUSHED, cmd, refused);
		break;
	case ZV_CMD_CALENDAR:
		see_calendar(a, cmd->u.calendar.to_ms);
		return ZV_OK;
	case ZV_CMD_EVIDENCE: err = zv_apply_evidence(a, cmd); break;
	case ZV_CMD_SUPPRESS:
	case ZV_CMD_MARK:
	case ZV_CMD_KILL:
	case ZV_CMD_CONTACT: err = told(a, cmd, ret_reply); break;
	case ZV_CMD_RESERVE:
	case ZV_CMD_RELEASE:
	case ZV_CMD_FETCH:
	case ZV_CMD_ASK:
	case ZV_CMD_DIAL:
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP:
	case ZV_CMD_MEDIA_OPEN:
	case ZV_CMD_MEDIA_PLAY:
	case ZV_CMD_MEDIA_STOP:
	case ZV_CMD_MEDIA_CLOSE:
	case ZV_CMD_MEDIA_LISTEN:
	case ZV_CMD_CARD:
	case ZV_CMD_BRIDGE:
	case ZV_CMD_UNBRIDGE:
	case ZV_CMD_AGENT:
	case ZV_CMD_TELL:
	case ZV_CMD_DESK:
	case ZV_CMD_QUEUE:
	case ZV_CMD_MISSED:
	case ZV_CMD_ACCEPT:
	case ZV_CMD_REJECT:
	case ZV_CMD_MEDIA_LINK:
	case ZV_CMD_MEDIA_RECORD:
	case ZV_CMD_MEDIA_KEY:
	default: return zv_apply_odd(a, cmd, "it is not for the store");
	}
	see_calendar(a, cmd->cal_ms);
	return err;
}

enum zv_err zv_apply_dialog(struct zv_apply *a, const struct zv_dialog *dialog)
{
	struct zv_open_rec open;
	struct zv_log_row row = {
		.kind = ZV_LOG_DIALOG,
		.wall_ms = a->wall_ms,
		.attempt = dialog->attempt,
		.leg = dialog->leg,
		.trunk = dialog->trunk,
		.sub = dialog->sub,
	};
	enum zv_table table = ZV_T_OPEN;
	enum zv_err err = zv_apply_open_get(a, table, dialog->attempt, &open);

	/* Its outcome may be known already (a late answer); its leg is up all the same. */
	if (err == ZV_ENOENT) {
		table = ZV_T_LEGS;
		err = zv_apply_open_get(a, table, dialog->attempt, &open);
	}
	if (zv_apply_soft(err) || (err == ZV_OK && open.a.sub != dialog->sub))
		return ZV_OK;
	if (err != ZV_OK)
		return err;
	open.a.has_dialog = 1;
	open.a.dialog = *dialog;
	err = zv_apply_open_put(a, table, &open);
	row.lead = open.a.lead;
	row.person = open.a.person;
	row.campaign = open.a.campaign;
	row.number = open.a.number;
	row.round = open.a.round;
	row.cal_ms = open.a.intent_ms;
	return err == ZV_OK ? zv_db_log(a->txn, &row) : err;
}
