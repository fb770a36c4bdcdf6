/* Marks, suppressions, registries, evidence, rule sets, tallies. */
#include "store/record.h"

static enum zv_err whole(const struct zv_r *r)
{
	return r->bad || r->left != 0 ? ZV_ECORRUPT : ZV_OK;
}

void zv_mark_encode(struct zv_w *w, const struct zv_mark_rec *mark)
{
	zv_w_i64(w, mark->from_ms);
	zv_w_i64(w, mark->to_ms);
	zv_w_i64(w, mark->set_ms);
	zv_w_u8(w, mark->source);
	zv_w_text(w, mark->name, ZV_TOLD_MAX - 1);
	zv_w_text(w, mark->reason, ZV_TOLD_MAX - 1);
}

enum zv_err zv_mark_decode(struct zv_r r, struct zv_mark_rec *ret_mark)
{
	ret_mark->from_ms = zv_r_i64(&r);
	ret_mark->to_ms = zv_r_i64(&r);
	ret_mark->set_ms = zv_r_i64(&r);
	ret_mark->source = zv_r_u8(&r);
	zv_r_text(&r, ret_mark->name, sizeof(ret_mark->name));
	zv_r_text(&r, ret_mark->reason, sizeof(ret_mark->reason));
	return whole(&r);
}

void zv_suppress_encode(struct zv_w *w, const struct zv_suppress_rec *rec)
{
	zv_w_i64(w, rec->since_ms);
	zv_w_i64(w, rec->until_ms);
	zv_w_u8(w, rec->source);
	zv_w_text(w, rec->reason, ZV_TOLD_MAX - 1);
}

enum zv_err zv_suppress_decode(struct zv_r r, struct zv_suppress_rec *ret_rec)
{
	ret_rec->since_ms = zv_r_i64(&r);
	ret_rec->until_ms = zv_r_i64(&r);
	ret_rec->source = zv_r_u8(&r);
	zv_r_text(&r, ret_rec->reason, sizeof(ret_rec->reason));
	return whole(&r);
}

enum zv_err zv_suppress_decode_old(struct zv_r r, struct zv_suppress_rec *ret_rec)
{
	ret_rec->since_ms = zv_r_i64(&r);
	ret_rec->until_ms = INT64_MAX;
	ret_rec->source = ZV_SUPPRESS_OPERATOR;
	zv_r_text(&r, ret_rec->reason, sizeof(ret_rec->reason));
	return whole(&r);
}

void zv_registry_encode(struct zv_w *w, const struct zv_registry_rec *rec)
{
	zv_w_text(w, rec->name, ZV_TOLD_MAX - 1);
	zv_w_i64(w, rec->as_of_ms);
	zv_w_i64(w, rec->loaded_ms);
	zv_w_u64(w, rec->count);
	zv_w_u32(w, rec->gen);
}

enum zv_err zv_registry_decode(struct zv_r r, struct zv_registry_rec *ret_rec)
{
	zv_r_text(&r, ret_rec->name, sizeof(ret_rec->name));
	ret_rec->as_of_ms = zv_r_i64(&r);
	ret_rec->loaded_ms = zv_r_i64(&r);
	ret_rec->count = zv_r_u64(&r);
	ret_rec->gen = zv_r_u32(&r);
	return whole(&r);
}

void zv_evidence_encode(struct zv_w *w, const struct zv_evidence_row *row)
{
	zv_w_u8(w, row->answer);
	zv_w_u8(w, row->refusal);
	zv_w_u8(w, row->detail);
	zv_w_u8(w, row->channel);
	zv_w_i64(w, row->at_ms);
	zv_w_u32(w, row->campaign);
	zv_w_u64(w, row->lead);
	zv_w_u64(w, row->e164);
	zv_w_u64(w, row->rules_hash);
	zv_w_text(w, row->tz_version, sizeof(row->tz_version) - 1);
	zv_w_u16(w, row->rule);
	zv_w_text(w, row->rule_id, sizeof(row->rule_id) - 1);
	zv_w_u8(w, row->n_counts);
	for (uint8_t i = 0; i < row->n_counts; i++) {
		zv_w_u16(w, row->counts[i].rule);
		zv_w_u16(w, row->counts[i].used);
		zv_w_u16(w, row->counts[i].in_flight);
	}
}

enum zv_err zv_evidence_decode(struct zv_r r, struct zv_evidence_row *ret_row)
{
	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->answer = zv_r_u8(&r);
	ret_row->refusal = zv_r_u8(&r);
	ret_row->detail = zv_r_u8(&r);
	ret_row->channel = zv_r_u8(&r);
	ret_row->at_ms = zv_r_i64(&r);
	ret_row->campaign = zv_r_u32(&r);
	ret_row->lead = zv_r_u64(&r);
	ret_row->e164 = zv_r_u64(&r);
	ret_row->rules_hash = zv_r_u64(&r);
	zv_r_text(&r, ret_row->tz_version, sizeof(ret_row->tz_version));
	ret_row->rule = zv_r_u16(&r);
	zv_r_text(&r, ret_row->rule_id, sizeof(ret_row->rule_id));
	ret_row->n_counts = zv_r_u8(&r);
	if (r.bad || ret_row->n_counts > ZV_EVIDENCE_COUNTS || ret_row->answer > ZV_ANSWER_AGENT_ONLY ||
	    ret_row->channel >= ZV_CHANNELS)
		return ZV_ECORRUPT;
	for (uint8_t i = 0; i < ret_row->n_counts; i++) {
		ret_row->counts[i].rule = zv_r_u16(&r);
		ret_row->counts[i].used = zv_r_u16(&r);
		ret_row->counts[i].in_flight = zv_r_u16(&r);
	}
	return whole(&r);
}

void zv_ruleset_encode(struct zv_w *w, const struct zv_ruleset_rec *rec)
{
	zv_w_i64(w, rec->first_ms);
	zv_w_i64(w, rec->last_ms);
	zv_w_text(w, rec->tz_version, sizeof(rec->tz_version) - 1);
	zv_w_u16(w, rec->n);
	zv_w_u32(w, rec->text_len);
}

enum zv_err zv_ruleset_decode(struct zv_r r, struct zv_ruleset_rec *ret_rec)
{
	ret_rec->first_ms = zv_r_i64(&r);
	ret_rec->last_ms = zv_r_i64(&r);
	zv_r_text(&r, ret_rec->tz_version, sizeof(ret_rec->tz_version));
	ret_rec->n = zv_r_u16(&r);
	ret_rec->text_len = zv_r_u32(&r);
	return ret_rec->n <= ZV_RULES_MAX ? whole(&r) : ZV_ECORRUPT;
}

void zv_tally_encode(struct zv_w *w, const uint32_t n[ZV_FACTS])
{
	for (uint32_t i = 0; i < ZV_FACTS; i++)
		zv_w_u32(w, n[i]);
}

enum zv_err zv_tally_decode(struct zv_r r, uint32_t ret_n[ZV_FACTS])
{
	for (uint32_t i = 0; i < ZV_FACTS; i++)
		ret_n[i] = zv_r_u32(&r);
	return whole(&r);
}
