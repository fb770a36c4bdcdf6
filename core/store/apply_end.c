/* What an attempt leaves behind: outcome, ledger, next step, messages. */
#include "store/apply_in.h"

/* ---- ledger ---- */

#define FACTS_UNKNOWN                                                                          \
	(ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_RING) | \
	 ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_CONVERSATION) |                     \
	 ZV_FACT_BIT(ZV_FACT_DIAL_SECONDS))
#define UNKNOWN_DIAL_S 60   /* longer than most ring times */
#define UNKNOWN_TALK_MS 3600000

static uint16_t seconds(int64_t ms)
{
	int64_t s = ms > 0 ? (ms + 999) / 1000 : 0;

	return s > UINT16_MAX ? UINT16_MAX : (uint16_t)s;
}

static struct zv_ledger_row ledger_of(const struct zv_open_rec *open, uint8_t outcome)
{
	return (struct zv_ledger_row){
		.person = open->a.person,
		.lead = open->a.lead,
		.outcome = outcome,
		.contact = {.at_ms = open->a.intent_ms,
			    .attempt = open->a.attempt,
			    .e164 = open->a.called,
			    .campaign = open->a.campaign,
			    .caller = open->caller_hash,
			    .debt = open->debt,
			    .topic = open->topic,
			    .channel = open->channel},
	};
}

/* What the engine says of the attempt. */
static void take_facts(struct zv_ledger_row *row, const struct zv_cmd *cmd)
{
	const unsigned sent = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT);

	row->contact.facts = (uint16_t)((cmd->u.outcome.facts | sent) & ((1u << ZV_FACTS) - 1));
	row->contact.exclude = cmd->u.outcome.exclude;
	row->contact.dial_s = cmd->u.outcome.dial_s;
	row->contact.connect_s = cmd->u.outcome.connect_s;
	row->contact.end_s = cmd->u.outcome.end_s;
	row->result = cmd->u.outcome.result;
	row->agent = cmd->u.outcome.agent;
	row->talk_kind = cmd->u.outcome.talk_kind;
}

/* Nobody knows what happened in an attempt that a crash left open: all that it may have become
 * counts, and a talk as late as it may have been. */
static void doubt_counts(struct zv_ledger_row *row, int64_t now_cal_ms)
{
	int64_t talked_ms = now_cal_ms - row->contact.at_ms;

	row->contact.facts = FACTS_UNKNOWN;
	row->contact.dial_s = UNKNOWN_DIAL_S;
	row->contact.end_s = seconds(talked_ms < UNKNOWN_TALK_MS ? talked_ms : UNKNOWN_TALK_MS);
}

/* ---- outcomes ---- */

static void history_add(struct zv_lead_rec *lead, const struct zv_attempt_brief *brief)
{
	if (lead->n_history == ZV_HISTORY_MAX) {
		memmove(&lead->history[0], &lead->history[1],
			sizeof(lead->history[0]) * (ZV_HISTORY_MAX - 1));
		lead->n_history--;
	}
	lead->history[lead->n_history++] = *brief;
}

static struct zv_log_row outcome_row(const struct zv_apply *a, const struct zv_cmd *cmd)
{
	struct zv_log_row row = zv_apply_row(a, cmd, ZV_LOG_OUTCOME);

	row.lead = cmd->u.outcome.lead;
	row.person = cmd->u.outcome.person;
	row.number = cmd->u.outcome.number;
	row.sub = cmd->u.outcome.sub;
	row.round = cmd->u.outcome.round;
	row.outcome = cmd->u.outcome.outcome < ZV_OUT_MAX ? cmd->u.outcome.outcome : ZV_OUT_FAILED;
	row.result = cmd->u.outcome.result;
	row.ended_by = cmd->u.outcome.ended_by;
	row.key = cmd->u.outcome.key;
	row.amend = cmd->u.outcome.amend;
	row.sip_code = cmd->u.outcome.sip_code;
	row.q850 = cmd->u.outcome.q850;
	row.agent = cmd->u.outcome.agent;
	row.talk_kind = cmd->u.outcome.talk_kind;
	row.invite_ms = cmd->u.outcome.invite_ms;
	row.ring_ms = cmd->u.outcome.ring_ms;
	row.answer_ms = cmd->u.outcome.answer_ms;
	row.end_ms = cmd->u.outcome.end_ms;
	return row;
}

static struct zv_attempt_brief brief_of(const struct zv_log_row *row, int64_t at_ms)
{
	int64_t talk_s = 0;

	if (row->answer_ms > 0 && row->end_ms > row->answer_ms)
		talk_s = (row->end_ms - row->answer_ms) / 1000;
	return (struct zv_attempt_brief){
		.at_ms = at_ms,
		.outcome = row->outcome,
		.result = row->result,
		.number = row->number,
		.round = row->round,
		.talk_s = talk_s > UINT16_MAX ? UINT16_MAX : (uint16_t)talk_s,
		.sip_code = row->sip_code,
	};
}

/* The intent was withdrawn: the lead stands where it stood, no quota is used. */
static enum zv_err put_back(struct zv_apply *a, const struct zv_open_rec *open,
			    struct zv_lead_rec *lead)
{
	lead->state = open->old_state;
	/* Nobody was called: the promise of a first call stands. */
	if (lead->first_ms == open->a.intent_ms)
		lead->first_ms = 0;
	return zv_db_due_move(a->txn, open->a.lead, lead, open->old_class, open->old_due_ms);
}

static enum zv_err close_attempt(struct zv_apply *a, const struct zv_open_rec *open,
				 const struct zv_log_row *row, const struct zv_ledger_row *ledger,
				 struct zv_lead_rec *lead)
{
	struct zv_attempt_brief brief =
		brief_of(row, row->invite_ms > 0 ? row->invite_ms : open->a.intent_ms);

	history_add(lead, &brief);
	lead->attempts++;
	lead->last_attempt = open->a.attempt;
	return zv_db_ledger_put(a->txn, ledger);
}

/* The outcome is known; the leg is remembered until it is closed. */
static enum zv_err settle(struct zv_apply *a, const struct zv_open_rec *open, uint8_t outcome)
{
	enum zv_err err = zv_apply_open_del(a, ZV_T_OPEN, open->a.attempt);

	if (err == ZV_OK && outcome != ZV_OUT_NOT_SENT)
		err = zv_apply_open_put(a, ZV_T_LEGS, open);
	return err;
}

/* Settles an attempt that recovery wrote down as unknown. */
static enum zv_err amend(struct zv_apply *a, const struct zv_cmd *cmd)
{
	struct zv_log_row row = outcome_row(a, cmd);
	struct zv_ledger_row ledger;
	struct zv_lead_rec lead;
	enum zv_err err = zv_db_lead_get(a->txn, cmd->u.outcome.lead, &lead);

	if (zv_apply_soft(err))
		return zv_apply_odd(a, cmd, "outcome to amend for a lead that is not there");
	if (err != ZV_OK)
		return err;
	err = zv_db_ledger_find(a->txn, lead.person, cmd->attempt, &ledger);
	if (zv_apply_soft(err))
		return zv_apply_odd(a, cmd, "outcome to amend of an unknown attempt");
	if (err != ZV_OK)
		return err;
	row.person = lead.person;
	row.campaign = zv_lead_campaign(cmd->u.outcome.lead);
	err = zv_db_log(a->txn, &row);
	for (uint8_t i = lead.n_history; err == ZV_OK && i-- > 0;) {
		struct zv_attempt_brief *b = &lead.history[i];

		if (b->outcome != ZV_OUT_UNKNOWN || b->at_ms != ledger.contact.at_ms)
			continue;
		row.round = b->round;
		row.number = b->number;
		*b = brief_of(&row, ledger.contact.at_ms);
		err = zv_db_lead_put(a->txn, cmd->u.outcome.lead, &lead);
		break;
	}
	take_facts(&ledger, cmd);
	ledger.outcome = row.outcome;
	return err == ZV_OK ? zv_db_ledger_put(a->txn, &ledger) : err;
}

enum zv_err zv_apply_outcome(struct zv_apply *a, const struct zv_cmd *cmd)
{
	struct zv_log_row row = outcome_row(a, cmd);
	struct zv_open_rec open;
	struct zv_lead_rec lead;
	enum zv_err err;

	if (cmd->u.outcome.amend != 0)
		return amend(a, cmd);
	err = zv_apply_open_get(a, ZV_T_OPEN, cmd->attempt, &open);
	if (zv_apply_soft(err))
		return zv_apply_odd(a, cmd, "outcome without an open intent");
	if (err != ZV_OK)
		return err;
	row.lead = open.a.lead;
	row.person = open.a.person;
	row.campaign = open.a.campaign;
	row.number = open.a.number;
	row.round = open.a.round;
	err = zv_db_log(a->txn, &row);
	if (err == ZV_OK)
		err = settle(a, &open, row.outcome);
	if (err != ZV_OK)
		return err;
	err = zv_db_lead_get(a->txn, open.a.lead, &lead);
	if (zv_apply_soft(err))
		return zv_apply_odd(a, cmd, "outcome for a lead that cannot be read");
	if (err != ZV_OK)
		return err;
	if (row.outcome == ZV_OUT_NOT_SENT) {
		err = put_back(a, &open, &lead);
		if (err == ZV_OK && lead.killed != 0)
			err = zv_apply_killed(a, open.a.lead, cmd->cal_ms, &lead);
	} else {
		struct zv_ledger_row ledger = ledger_of(&open, row.outcome);

		take_facts(&ledger, cmd);
		err = close_attempt(a, &open, &row, &ledger, &lead);
		lead.state = ZV_LEAD_ASKING;
		lead.needs_step = 1;
		if (err == ZV_OK)
			err = zv_db_ask_set(a->txn, open.a.lead, true);
	}
	return err == ZV_OK ? zv_db_lead_put(a->txn, open.a.lead, &lead) : err;
}

enum zv_err zv_apply_unknown(struct zv_apply *a, const struct zv_open_rec *open,
			     int64_t now_cal_ms, int64_t due_ms)
{
	struct zv_log_row row = {
		.kind = ZV_LOG_OUTCOME,
		.cal_ms = now_cal_ms,
		.wall_ms = a->wall_ms,
		.attempt = open->a.attempt,
		.leg = open->a.leg,
		.lead = open->a.lead,
		.person = open->a.person,
		.campaign = open->a.campaign,
		.trunk = open->a.trunk,
		.number = open->a.number,
		.sub = open->a.sub,
		.round = open->a.round,
		.outcome = ZV_OUT_UNKNOWN,
		.invite_ms = open->a.intent_ms,
	};
	struct zv_ledger_row ledger = ledger_of(open, row.outcome);
	struct zv_lead_rec lead;
	enum zv_err err = zv_db_log(a->txn, &row);

	if (err == ZV_OK)
		err = settle(a, open, row.outcome);
	if (err != ZV_OK)
		return err;
	err = zv_db_lead_get(a->txn, open->a.lead, &lead);
	if (err != ZV_OK)
		return zv_apply_soft(err) ? ZV_OK : err;
	doubt_counts(&ledger, now_cal_ms);
	err = close_attempt(a, open, &row, &ledger, &lead);
	if (err != ZV_OK)
		return err;
	lead.state = open->old_state;
	lead.needs_step = 0;
	err = zv_db_due_move(a->txn, open->a.lead, &lead, open->old_class, due_ms);
	if (err == ZV_OK && lead.killed != 0)
		err = zv_apply_killed(a, open->a.lead, now_cal_ms, &lead);
	return err == ZV_OK ? zv_db_lead_put(a->txn, open->a.lead, &lead) : err;
}

/* ---- steps ---- */

enum zv_err zv_apply_count_final(struct zv_apply *a, uint64_t lead_id, uint8_t category,
				 int64_t cal_ms, struct zv_lead_rec *lead)
{
	struct zv_camp *camp;
	uint8_t old = lead->category;
	enum zv_err err = zv_db_camp(a->txn, zv_lead_campaign(lead_id), &camp);

	if (err != ZV_OK) {
		a->n_odd += zv_apply_soft(err);
		return zv_apply_soft(err) ? ZV_OK : err;
	}
	if (camp->c.by_category[old] > 0)
		camp->c.by_category[old]--;
	camp->c.by_category[category]++;
	if (old == 0) {
		camp->c.finals++;
		if (camp->c.finals == camp->c.leads) {
			camp->completed = true;
			camp->c.state = ZV_CAMP_COMPLETE;
			camp->c.completed_ms = cal_ms;
		}
	}
	camp->dirty = true;
	lead->category = category;
	return ZV_OK;
}

static enum zv_err mark_invalid(struct zv_apply *a, const struct zv_cmd *cmd, uint64_t person_id)
{
	struct zv_person_rec person;
	uint8_t i = cmd->u.step.called_number;
	enum zv_err err = zv_db_person_get(a->txn, person_id, &person);

	if (zv_apply_soft(err) || (err == ZV_OK && i >= person.n_numbers))
		return zv_apply_odd(a, cmd, "invalid number of no person");
	if (err != ZV_OK)
		return err;
	person.numbers[i].status = ZV_NUM_INVALID;
	return zv_db_person_put(a->txn, person_id, &person);
}

static enum zv_err put_messages(struct zv_apply *a, const struct zv_cmd *cmd,
				struct zv_attempt_id attempt, uint64_t person_id)
{
	struct zv_person_rec person;
	uint64_t to = 0;
	enum zv_err err = zv_db_person_get(a->txn, person_id, &person);

	if (err != ZV_OK && !zv_apply_soft(err))
		return err;
	if (err == ZV_OK && cmd->u.step.called_number < person.n_numbers)
		to = person.numbers[cmd->u.step.called_number].e164;
	err = ZV_OK;
	for (uint8_t i = 0; i < cmd->u.step.n_messages && i < ZV_STEP_MESSAGES_MAX; i++) {
		uint8_t key[17], buf[64];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
		struct zv_outbox_row row = {
			.lead = cmd->u.step.lead,
			.campaign = zv_lead_campaign(cmd->u.step.lead),
			.message = cmd->u.step.messages[i],
			.cal_ms = cmd->cal_ms,
			.to = to,
			.not_before_ms = cmd->u.step.message_at_ms[i],
			.refused = cmd->u.step.message_at_ms[i] == ZV_NEVER_MS,
			.channel = cmd->u.step.message_channels[i] < ZV_CHANNELS
					   ? cmd->u.step.message_channels[i]
					   : 0,
		};

		zv_attempt_key(key, attempt);
		key[16] = i;
		zv_outbox_encode(&w, &row);
		/* There already: the same step of the same attempt, asked for again after a
		 * crash.  The message must not go out twice. */
		err = zv_db_put(a->txn, ZV_T_OUTBOX, &k, &w, MDB_NOOVERWRITE);
		if (err == ZV_OK)
			a->n_messages += row.refused == 0;
		else if (err != ZV_EEXIST)
			return err;
	}
	return ZV_OK;
}

enum zv_err zv_apply_callback(struct zv_apply *a, uint64_t lead, bool on, int64_t due_ms)
{
	uint8_t key[8], buf[32];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	enum zv_err err;

	zv_put_be64(key, lead);
	zv_w_i64(&w, due_ms);
	if (on)
		return zv_db_put(a->txn, ZV_T_CALLBACKS, &k, &w, 0);
	err = zv_db_del(a->txn, ZV_T_CALLBACKS, key, sizeof(key));
	return err == ZV_ENOENT ? ZV_OK : err;
}

static enum zv_err final_step(struct zv_apply *a, const struct zv_cmd *cmd,
			      struct zv_lead_rec *lead)
{
	bool again = cmd->u.step.due_ms != 0 && cmd->u.step.remove == 0;
	uint64_t id = cmd->u.step.lead;
	enum zv_err err = zv_apply_count_final(a, id, cmd->u.step.category, cmd->cal_ms, lead);

	if (err == ZV_OK)
		err = zv_apply_callback(a, id, false, 0);
	if (err != ZV_OK)
		return err;
	lead->final_ms = cmd->cal_ms;
	lead->state = cmd->u.step.remove != 0 ? ZV_LEAD_REMOVED : ZV_LEAD_FINAL;
	if (cmd->u.step.remove != 0)
		lead->attrs_len = 0;
	if (again) {
		lead->round++;
		if (cmd->u.step.number < ZV_NUMBERS_MAX)
			lead->number = cmd->u.step.number;
	}
	return zv_db_due_move(a->txn, id, lead,
			      cmd->u.step.due_class > ZV_DUE_NORMAL ? cmd->u.step.due_class
								    : (uint8_t)ZV_DUE_LATER,
			      again ? cmd->u.step.due_ms : 0);
}

static enum zv_err retry_step(struct zv_apply *a, const struct zv_cmd *cmd,
			      struct zv_lead_rec *lead)
{
	bool called_back = cmd->u.step.due_class == ZV_DUE_CALLBACK;
	enum zv_err err = zv_db_due_move(a->txn, cmd->u.step.lead, lead, cmd->u.step.due_class,
					 cmd->u.step.due_ms);

	lead->state = ZV_LEAD_DUE;
	lead->number = cmd->u.step.number;
	return err == ZV_OK ? zv_apply_callback(a, cmd->u.step.lead, called_back, cmd->u.step.due_ms)
			    : err;
}

static bool step_ok(const struct zv_cmd *cmd)
{
	if (cmd->u.step.kind == ZV_STEP_FINAL)
		return cmd->u.step.category > 0 && cmd->u.step.category < ZV_NAMES_MAX &&
		       cmd->u.step.due_ms >= 0 && cmd->u.step.due_class <= ZV_DUE_LATER;
	return cmd->u.step.kind == ZV_STEP_RETRY && cmd->u.step.due_ms > 0 &&
	       cmd->u.step.number < ZV_NUMBERS_MAX && cmd->u.step.due_class <= ZV_DUE_LATER;
}

static enum zv_err log_step(struct zv_apply *a, const struct zv_cmd *cmd,
			    const struct zv_lead_rec *lead)
{
	struct zv_log_row row = zv_apply_row(a, cmd, ZV_LOG_STEP);

	row.attempt = lead->last_attempt;
	row.lead = cmd->u.step.lead;
	row.person = lead->person;
	row.campaign = zv_lead_campaign(cmd->u.step.lead);
	row.number = cmd->u.step.number;
	row.round = lead->round;
	row.step = cmd->u.step.kind;
	row.category = cmd->u.step.kind == ZV_STEP_FINAL ? cmd->u.step.category : 0;
	row.due_class = cmd->u.step.due_class;
	row.due_ms = cmd->u.step.due_ms;
	row.invalid_number = cmd->u.step.invalid_number;
	row.removed = cmd->u.step.remove;
	row.fallback = cmd->u.step.fallback;
	row.n_messages = cmd->u.step.n_messages < ZV_STEP_MESSAGES_MAX ? cmd->u.step.n_messages
								       : ZV_STEP_MESSAGES_MAX;
	memcpy(row.messages, cmd->u.step.messages, sizeof(row.messages));
	return zv_db_log(a->txn, &row);
}

enum zv_err zv_apply_step(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	struct zv_lead_rec lead;
	enum zv_err err = zv_db_lead_get(a->txn, cmd->u.step.lead, &lead);

	if (err == ZV_OK && (lead.state == ZV_LEAD_OPEN || lead.state == ZV_LEAD_REMOVED))
		err = ZV_ENOENT;
	if (zv_apply_soft(err) || !step_ok(cmd)) {
		*ret_refused = err != ZV_OK ? err : ZV_EINVAL;
		return zv_apply_odd(a, cmd, "a step that cannot be taken");
	}
	if (err != ZV_OK)
		return err;
	err = log_step(a, cmd, &lead);
	if (err == ZV_OK && cmd->u.step.invalid_number != 0)
		err = mark_invalid(a, cmd, lead.person);
	if (err == ZV_OK && cmd->u.step.n_messages > 0 && lead.killed == 0)
		err = put_messages(a, cmd, lead.last_attempt, lead.person);
	if (err == ZV_OK)
		err = zv_db_ask_set(a->txn, cmd->u.step.lead, false);
	lead.needs_step = 0;
	zv_apply_owner(&lead, cmd->u.step.owner);
	if (err == ZV_OK && lead.killed != 0)
		err = zv_apply_killed(a, cmd->u.step.lead, cmd->cal_ms, &lead);
	else if (err == ZV_OK)
		err = cmd->u.step.kind == ZV_STEP_FINAL ? final_step(a, cmd, &lead)
							: retry_step(a, cmd, &lead);
	return err == ZV_OK ? zv_db_lead_put(a->txn, cmd->u.step.lead, &lead) : err;
}

enum zv_err zv_apply_defer(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	struct zv_lead_rec lead;
	enum zv_err err = zv_db_lead_get(a->txn, cmd->u.step.lead, &lead);
	bool asking = err == ZV_OK && lead.state == ZV_LEAD_ASKING;

	if (zv_apply_soft(err) || cmd->u.step.due_ms <= 0 ||
	    (err == ZV_OK && !asking && lead.due_ms == 0)) {
		*ret_refused = err != ZV_OK ? err : ZV_EDENIED;
		return zv_apply_odd(a, cmd, "nothing to defer");
	}
	if (err != ZV_OK)
		return err;
	/* A lead that waits for its step still does so when it comes again. */
	if (asking) {
		lead.state = ZV_LEAD_DUE;
		err = zv_db_ask_set(a->txn, cmd->u.step.lead, false);
	}
	if (err == ZV_OK)
		err = zv_db_due_move(a->txn, cmd->u.step.lead, &lead, lead.due_class,
				     cmd->u.step.due_ms);
	if (err == ZV_OK && lead.due_class == ZV_DUE_CALLBACK)
		err = zv_apply_callback(a, cmd->u.step.lead, true, cmd->u.step.due_ms);
	if (err == ZV_OK && lead.killed != 0)
		err = zv_apply_killed(a, cmd->u.step.lead, cmd->cal_ms, &lead);
	return err == ZV_OK ? zv_db_lead_put(a->txn, cmd->u.step.lead, &lead) : err;
}
