/* Evidence, suppressions, marks, and contacts that others made. */
#include "store/apply_in.h"

#include "base/log.h"

/* ---- evidence ---- */

/* What the evidence needs of an archived rule set: its time-zone version and its rules' ids. */
static enum zv_err ruleset_of(struct zv_apply *a, const struct zv_cmd *cmd,
			      struct zv_evidence_row *row)
{
	struct zv_ruleset_rec rec;
	uint8_t key[9];
	struct zv_r r;
	enum zv_err err;

	zv_put_be64(key, cmd->u.evidence.rules_hash);
	key[8] = 0;
	err = zv_db_get(a->txn, ZV_T_RULESETS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_ruleset_decode(r, &rec);
	if (err != ZV_OK)
		return zv_apply_soft(err) ? ZV_OK : err;
	memcpy(row->tz_version, rec.tz_version, sizeof(row->tz_version));
	if (row->answer != ZV_ANSWER_NO || row->refusal != ZV_REFUSED_BY_RULE || row->rule >= rec.n)
		return ZV_OK;
	key[8] = 1;
	err = zv_db_get(a->txn, ZV_T_RULESETS, key, sizeof(key), &r);
	if (err != ZV_OK)
		return zv_apply_soft(err) ? ZV_OK : err;
	for (uint16_t i = 0; i <= row->rule; i++)
		zv_r_text(&r, row->rule_id, sizeof(row->rule_id));
	if (r.bad)
		row->rule_id[0] = 0;
	return ZV_OK;
}

/* What "the same rule" is: its id; of a refusal without a rule its reason; of a rule whose set
 * nobody archived its place in the set. */
static uint64_t rule_key(const struct zv_evidence_row *row)
{
	uint64_t mixed;

	if (row->refusal != ZV_REFUSED_BY_RULE)
		return row->refusal;
	if (row->rule_id[0] != 0)
		return zv_rule_name(row->rule_id, strlen(row->rule_id));
	mixed = zv_mix64(row->rules_hash ^ zv_mix64(row->rule));
	return mixed | UINT64_C(1) << 63;
}

static struct zv_evidence_row evidence_row(const struct zv_cmd *cmd)
{
	struct zv_evidence_row row = {
		.person = cmd->u.evidence.person,
		.answer = cmd->u.evidence.answer,
		.refusal = cmd->u.evidence.refusal,
		.detail = cmd->u.evidence.detail,
		.channel = cmd->u.evidence.channel,
		.part = cmd->u.evidence.part,
		.attempt = cmd->attempt,
		.at_ms = cmd->cal_ms,
		.until_ms = cmd->u.evidence.until_ms,
		.campaign = cmd->campaign,
		.lead = cmd->u.evidence.lead,
		.rules_hash = cmd->u.evidence.rules_hash,
		.rule = cmd->u.evidence.rule,
	};

	row.n_counts = cmd->u.evidence.n_counts;
	for (uint8_t i = 0; i < row.n_counts && i < ZV_EVIDENCE_COUNTS; i++) {
		row.counts[i].rule = cmd->u.evidence.counts[i].rule;
		row.counts[i].used = cmd->u.evidence.counts[i].used;
		row.counts[i].in_flight = cmd->u.evidence.counts[i].in_flight;
	}
	return row;
}

static enum zv_err called_number(struct zv_apply *a, const struct zv_cmd *cmd,
				 struct zv_evidence_row *row)
{
	struct zv_person_rec person;
	enum zv_err err = zv_db_person_get(a->txn, row->person, &person);

	if (err == ZV_OK && cmd->u.evidence.number < person.n_numbers)
		row->e164 = person.numbers[cmd->u.evidence.number].e164;
	return err == ZV_OK || zv_apply_soft(err) ? ZV_OK : err;
}

enum zv_err zv_apply_evidence(struct zv_apply *a, const struct zv_cmd *cmd)
{
	struct zv_evidence_row row = evidence_row(cmd);
	uint8_t key[ZV_YES_KEY], buf[256];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = ZV_YES_KEY, .mv_data = key};
	struct zv_r r;
	enum zv_err err;

	if (row.answer > ZV_ANSWER_AGENT_ONLY || row.channel >= ZV_CHANNELS ||
	    row.n_counts > ZV_EVIDENCE_COUNTS)
		return zv_apply_odd(a, cmd, "evidence that makes no sense");
	err = ruleset_of(a, cmd, &row);
	if (err != ZV_OK)
		return err;
	if (row.answer == ZV_ANSWER_NO) {
		k.mv_size = ZV_NO_KEY;
		zv_no_key(key, row.person, row.until_ms, rule_key(&row));
	} else {
		zv_yes_key(key, row.person, row.attempt, row.part);
	}
	/* Append-only: what stands is never written again, and a lead that is asked about again
	 * and again says no once. */
	err = zv_db_get(a->txn, ZV_T_EVIDENCE, key, k.mv_size, &r);
	if (err != ZV_ENOENT)
		return err == ZV_OK || zv_apply_soft(err) ? ZV_OK : err;
	err = called_number(a, cmd, &row);
	if (err != ZV_OK)
		return err;
	zv_evidence_encode(&w, &row);
	return zv_db_put(a->txn, ZV_T_EVIDENCE, &k, &w, MDB_NOOVERWRITE);
}

/* ---- suppressions ---- */

static enum zv_err suppress(struct zv_apply *a, const struct zv_cmd *cmd, uint8_t kind, uint64_t id)
{
	struct zv_suppress_row row = {
		.kind = kind,
		.id = id,
		.campaign = cmd->u.suppress.campaign,
		.source = (uint8_t)cmd->u.suppress.source,
		.since_ms = cmd->cal_ms,
		.until_ms = cmd->u.suppress.to_ms,
	};

	enum zv_err err = cmd->u.suppress.end == 0 ? zv_db_suppress_put(a->txn, &row)
						   : zv_db_suppress_end(a->txn, &row);

	return cmd->u.suppress.end != 0 && err == ZV_ENOENT ? ZV_OK : err;
}

enum zv_err zv_apply_suppress(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	enum zv_err err = ZV_OK;

	if (cmd->u.suppress.e164 == 0 && cmd->u.suppress.person == 0) {
		*ret_refused = ZV_EINVAL;
		return zv_apply_odd(a, cmd, "a suppression of nobody");
	}
	if (cmd->u.suppress.e164 != 0)
		err = suppress(a, cmd, ZV_SUPPRESS_NUMBER, cmd->u.suppress.e164);
	if (err == ZV_OK && cmd->u.suppress.person != 0)
		err = suppress(a, cmd, ZV_SUPPRESS_PERSON, cmd->u.suppress.person);
	return err;
}

/* ---- marks ---- */

enum zv_err zv_apply_mark(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	struct zv_mark_row row = {
		.person = cmd->u.mark.person,
		.mark = {.name = cmd->u.mark.name,
			 .from_ms = cmd->u.mark.from_ms,
			 .to_ms = cmd->u.mark.to_ms,
			 .kind = cmd->u.mark.kind,
			 .by = cmd->u.mark.by},
		.source = ZV_SUPPRESS_OPERATOR,
		.set_ms = cmd->cal_ms,
	};

	if (row.person == 0 || row.mark.kind < ZV_MARK_FLAG || row.mark.kind > ZV_MARK_OVERRIDE) {
		*ret_refused = ZV_EINVAL;
		return zv_apply_odd(a, cmd, "a mark that makes no sense");
	}
	return zv_db_mark_put(a->txn, &row);
}

/* ---- contacts that are no attempt of ours ---- */

static enum zv_err contact_of(struct zv_apply *a, const struct zv_cmd *cmd, uint64_t person)
{
	struct zv_ledger_row row = {
		.person = person,
		.lead = cmd->u.contact.lead,
		.contact = {.at_ms = cmd->u.contact.at_ms,
			    .attempt = zv_attempt_is_zero(cmd->u.contact.of) ? cmd->attempt
									   : cmd->u.contact.of,
			    .e164 = cmd->u.contact.e164,
			    .campaign = cmd->campaign,
			    .caller = cmd->u.contact.caller_hash,
			    .debt = cmd->u.contact.debt,
			    .topic = cmd->u.contact.topic,
			    .facts = (uint16_t)(cmd->u.contact.facts & ((1u << ZV_FACTS) - 1)),
			    .channel = cmd->u.contact.channel,
			    .exclude = cmd->u.contact.exclude,
			    .connect_s = cmd->u.contact.connect_s,
			    .end_s = cmd->u.contact.end_s},
		.result = cmd->u.contact.result,
		.talk_kind = cmd->u.contact.talk_kind,
		.agent = cmd->u.contact.agent,
	};

	return zv_db_ledger_put(a->txn, &row);
}

enum zv_err zv_apply_contact(struct zv_apply *a, const struct zv_cmd *cmd, enum zv_err *ret_refused)
{
	uint64_t persons[32];
	uint32_t n = 0;
	enum zv_err err = ZV_OK;

	if (cmd->u.contact.channel >= ZV_CHANNELS ||
	    (cmd->u.contact.person == 0 && cmd->u.contact.e164 == 0)) {
		*ret_refused = ZV_EINVAL;
		return zv_apply_odd(a, cmd, "a contact that makes no sense");
	}
	if (cmd->u.contact.person != 0) {
		persons[n++] = cmd->u.contact.person;
	} else {
		/* Told by number: it is one of everybody who has that number. */
		err = zv_db_persons_of(a->txn, cmd->u.contact.e164, persons, 32, &n);
		if (err == ZV_OK && n == 0) {
			*ret_refused = ZV_ENOENT;
			return ZV_OK;
		}
	}
	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		err = contact_of(a, cmd, persons[i]);
	return err;
}
