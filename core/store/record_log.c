#include "store/record.h"

static void put_outcome(struct zv_w *w, const struct zv_log_row *row)
{
	zv_w_u8(w, row->outcome);
	zv_w_u8(w, row->result);
	zv_w_u8(w, row->ended_by);
	zv_w_u8(w, row->key);
	zv_w_u8(w, row->amend);
	zv_w_u16(w, row->sip_code);
	zv_w_u16(w, row->q850);
	zv_w_i64(w, row->invite_ms);
	zv_w_i64(w, row->ring_ms);
	zv_w_i64(w, row->answer_ms);
	zv_w_i64(w, row->end_ms);
	zv_w_u32(w, row->agent);
	zv_w_u8(w, row->talk_kind);
}

static void get_outcome(struct zv_r *r, struct zv_log_row *row)
{
	row->outcome = zv_r_u8(r);
	row->result = zv_r_u8(r);
	row->ended_by = zv_r_u8(r);
	row->key = zv_r_u8(r);
	row->amend = zv_r_u8(r);
	row->sip_code = zv_r_u16(r);
	row->q850 = zv_r_u16(r);
	row->invite_ms = zv_r_i64(r);
	row->ring_ms = zv_r_i64(r);
	row->answer_ms = zv_r_i64(r);
	row->end_ms = zv_r_i64(r);
	if (r->version >= 3) {
		row->agent = zv_r_u32(r);
		row->talk_kind = zv_r_u8(r);
	}
	if (row->outcome >= ZV_OUT_MAX)
		r->bad = true;
}

static void put_step(struct zv_w *w, const struct zv_log_row *row)
{
	zv_w_u8(w, row->step);
	zv_w_u8(w, row->category);
	zv_w_u8(w, row->due_class);
	zv_w_u8(w, row->invalid_number);
	zv_w_u8(w, row->removed);
	zv_w_u8(w, row->fallback);
	zv_w_i64(w, row->due_ms);
	zv_w_u8(w, row->n_messages);
	zv_w_bytes(w, row->messages, sizeof(row->messages));
}

static void get_step(struct zv_r *r, struct zv_log_row *row)
{
	const uint8_t *p;

	row->step = zv_r_u8(r);
	row->category = zv_r_u8(r);
	row->due_class = zv_r_u8(r);
	row->invalid_number = zv_r_u8(r);
	row->removed = zv_r_u8(r);
	row->fallback = zv_r_u8(r);
	row->due_ms = zv_r_i64(r);
	row->n_messages = zv_r_u8(r);
	p = zv_r_take(r, sizeof(row->messages));
	if (p != NULL)
		memcpy(row->messages, p, sizeof(row->messages));
	if (row->n_messages > ZV_STEP_MESSAGES_MAX || row->category >= ZV_NAMES_MAX)
		r->bad = true;
}

void zv_log_encode(struct zv_w *w, const struct zv_log_row *row)
{
	zv_w_u8(w, row->kind);
	zv_w_i64(w, row->cal_ms);
	zv_w_i64(w, row->wall_ms);
	zv_w_u64(w, row->attempt.hi);
	zv_w_u64(w, row->attempt.lo);
	zv_w_u32(w, row->leg.slot);
	zv_w_u32(w, row->leg.gen);
	zv_w_u64(w, row->lead);
	zv_w_u64(w, row->person);
	zv_w_u32(w, row->campaign);
	zv_w_u16(w, row->trunk);
	zv_w_u8(w, row->number);
	zv_w_u8(w, row->sub);
	zv_w_u8(w, row->round);
	if (row->kind == ZV_LOG_INTENT) {
		zv_w_i64(w, row->mono_ms);
		zv_w_u64(w, row->called);
		zv_w_u64(w, row->caller);
		zv_w_u64(w, row->rules_hash);
		zv_w_u32(w, row->counts);
	} else if (row->kind == ZV_LOG_LADDER) {
		zv_w_i64(w, row->mono_ms);
		zv_w_u8(w, row->what);
		zv_w_u16(w, row->code);
		zv_w_u64(w, row->caller);
	} else if (row->kind == ZV_LOG_OUTCOME) {
		put_outcome(w, row);
	} else if (row->kind == ZV_LOG_STEP) {
		put_step(w, row);
	}
}

enum zv_err zv_log_decode(struct zv_r r, struct zv_log_row *ret_row)
{
	struct zv_log_row *row = ret_row;

	memset(row, 0, sizeof(*row));
	row->kind = zv_r_u8(&r);
	row->cal_ms = zv_r_i64(&r);
	row->wall_ms = zv_r_i64(&r);
	row->attempt.hi = zv_r_u64(&r);
	row->attempt.lo = zv_r_u64(&r);
	row->leg.slot = zv_r_u32(&r);
	row->leg.gen = zv_r_u32(&r);
	row->lead = zv_r_u64(&r);
	row->person = zv_r_u64(&r);
	row->campaign = zv_r_u32(&r);
	row->trunk = zv_r_u16(&r);
	row->number = zv_r_u8(&r);
	row->sub = zv_r_u8(&r);
	row->round = zv_r_u8(&r);
	if (row->kind == ZV_LOG_INTENT) {
		row->mono_ms = zv_r_i64(&r);
		row->called = zv_r_u64(&r);
		row->caller = zv_r_u64(&r);
		row->rules_hash = zv_r_u64(&r);
		row->counts = zv_r_u32(&r);
	} else if (row->kind == ZV_LOG_LADDER) {
		row->mono_ms = zv_r_i64(&r);
		row->what = zv_r_u8(&r);
		row->code = zv_r_u16(&r);
		row->caller = zv_r_u64(&r);
	} else if (row->kind == ZV_LOG_OUTCOME) {
		get_outcome(&r, row);
	} else if (row->kind == ZV_LOG_STEP) {
		get_step(&r, row);
	} else if (row->kind != ZV_LOG_DIALOG) {
		return ZV_ECORRUPT;
	}
	return r.bad || r.left != 0 ? ZV_ECORRUPT : ZV_OK;
}

void zv_outbox_encode(struct zv_w *w, const struct zv_outbox_row *row)
{
	zv_w_u64(w, row->lead);
	zv_w_u32(w, row->campaign);
	zv_w_u8(w, row->message);
	zv_w_u8(w, row->sent);
	zv_w_i64(w, row->cal_ms);
	zv_w_u64(w, row->to);
	zv_w_u8(w, row->refused);
	zv_w_u8(w, row->channel);
	zv_w_i64(w, row->not_before_ms);
}

enum zv_err zv_outbox_decode(struct zv_r r, struct zv_outbox_row *ret_row)
{
	ret_row->lead = zv_r_u64(&r);
	ret_row->campaign = zv_r_u32(&r);
	ret_row->message = zv_r_u8(&r);
	ret_row->sent = zv_r_u8(&r);
	ret_row->cal_ms = zv_r_i64(&r);
	ret_row->to = zv_r_u64(&r);
	ret_row->refused = ret_row->channel = 0;
	ret_row->not_before_ms = 0;
	if (r.version >= 2) {
		ret_row->refused = zv_r_u8(&r);
		ret_row->channel = zv_r_u8(&r);
		ret_row->not_before_ms = zv_r_i64(&r);
	}
	return r.bad || r.left != 0 || ret_row->sent > 1 || ret_row->refused > 1 ||
			       ret_row->channel >= ZV_CHANNELS
		       ? ZV_ECORRUPT
		       : ZV_OK;
}
