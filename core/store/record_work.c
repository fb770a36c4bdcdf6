/* What people write: notes of talks, requests; and the index of recordings. */
#include "store/record.h"

static enum zv_err whole(const struct zv_r *r)
{
	return r->bad || r->left != 0 ? ZV_ECORRUPT : ZV_OK;
}

void zv_note_encode(struct zv_w *w, const struct zv_note *note)
{
	zv_w_u64(w, note->lead);
	zv_w_u64(w, note->person);
	zv_w_u32(w, note->campaign);
	zv_w_i64(w, note->at_ms);
	zv_w_cstr(w, note->agent, ZV_USER_MAX);
	zv_w_cstr(w, note->comment, ZV_NOTE_COMMENT_MAX);
	zv_w_cstr(w, note->topic, ZV_NOTE_WORD_MAX);
	zv_w_cstr(w, note->subtopic, ZV_NOTE_WORD_MAX);
	zv_w_cstr(w, note->reason, ZV_NOTE_WORD_MAX);
	zv_w_cstr(w, note->fields, ZV_NOTE_FIELDS_MAX);
}

enum zv_err zv_note_decode(struct zv_r r, struct zv_note *ret_note)
{
	struct zv_note *n = ret_note;

	memset(n, 0, sizeof(*n));
	n->lead = zv_r_u64(&r);
	n->person = zv_r_u64(&r);
	n->campaign = zv_r_u32(&r);
	n->at_ms = zv_r_i64(&r);
	n->agent = zv_r_cstr(&r, ZV_USER_MAX);
	n->comment = zv_r_cstr(&r, ZV_NOTE_COMMENT_MAX);
	n->topic = zv_r_cstr(&r, ZV_NOTE_WORD_MAX);
	n->subtopic = zv_r_cstr(&r, ZV_NOTE_WORD_MAX);
	n->reason = zv_r_cstr(&r, ZV_NOTE_WORD_MAX);
	n->fields = zv_r_cstr(&r, ZV_NOTE_FIELDS_MAX);
	return whole(&r);
}

void zv_recording_encode(struct zv_w *w, const struct zv_recording *rec)
{
	zv_w_u64(w, rec->lead);
	zv_w_u64(w, rec->person);
	zv_w_u32(w, rec->campaign);
	zv_w_i64(w, rec->at_ms);
	zv_w_u32(w, rec->duration_ms);
	zv_w_u64(w, rec->bytes);
	zv_w_bytes(w, rec->sha256, sizeof(rec->sha256));
	zv_w_cstr(w, rec->path, ZV_RECORDING_PATH_MAX);
}

enum zv_err zv_recording_decode(struct zv_r r, struct zv_recording *ret_rec)
{
	struct zv_recording *rec = ret_rec;
	const uint8_t *sha;

	memset(rec, 0, sizeof(*rec));
	rec->lead = zv_r_u64(&r);
	rec->person = zv_r_u64(&r);
	rec->campaign = zv_r_u32(&r);
	rec->at_ms = zv_r_i64(&r);
	rec->duration_ms = zv_r_u32(&r);
	rec->bytes = zv_r_u64(&r);
	sha = zv_r_take(&r, sizeof(rec->sha256));
	if (sha != NULL)
		memcpy(rec->sha256, sha, sizeof(rec->sha256));
	rec->path = zv_r_cstr(&r, ZV_RECORDING_PATH_MAX);
	return whole(&r);
}

void zv_request_encode(struct zv_w *w, const struct zv_request *req)
{
	zv_w_u8(w, req->kind);
	zv_w_u8(w, req->status);
	zv_w_u8(w, req->priority);
	zv_w_u8(w, req->escalated);
	zv_w_u32(w, req->campaign);
	zv_w_u64(w, req->lead);
	zv_w_u64(w, req->person);
	zv_w_i64(w, req->created_ms);
	zv_w_i64(w, req->deadline_ms);
	zv_w_i64(w, req->taken_ms);
	zv_w_i64(w, req->done_ms);
	zv_w_cstr(w, req->agent, ZV_USER_MAX);
	zv_w_cstr(w, req->skill, ZV_REQUEST_WORD_MAX);
	zv_w_cstr(w, req->form, ZV_REQUEST_WORD_MAX);
	zv_w_cstr(w, req->source, ZV_REQUEST_WORD_MAX);
	zv_w_cstr(w, req->title, ZV_REQUEST_TITLE_MAX);
	zv_w_cstr(w, req->fields, ZV_NOTE_FIELDS_MAX);
	zv_w_cstr(w, req->result, ZV_NOTE_COMMENT_MAX);
	zv_w_u8(w, (uint8_t)req->n_history);
	for (uint32_t i = 0; i < req->n_history; i++) {
		zv_w_i64(w, req->history[i].at_ms);
		zv_w_u8(w, req->history[i].what);
		zv_w_cstr(w, req->history[i].who, ZV_USER_MAX);
	}
}

enum zv_err zv_request_decode(struct zv_r r, struct zv_request *ret_req)
{
	struct zv_request *req = ret_req;

	memset(req, 0, sizeof(*req));
	req->kind = zv_r_u8(&r);
	req->status = zv_r_u8(&r);
	req->priority = zv_r_u8(&r);
	req->escalated = zv_r_u8(&r);
	req->campaign = zv_r_u32(&r);
	req->lead = zv_r_u64(&r);
	req->person = zv_r_u64(&r);
	req->created_ms = zv_r_i64(&r);
	req->deadline_ms = zv_r_i64(&r);
	req->taken_ms = zv_r_i64(&r);
	req->done_ms = zv_r_i64(&r);
	req->agent = zv_r_cstr(&r, ZV_USER_MAX);
	req->skill = zv_r_cstr(&r, ZV_REQUEST_WORD_MAX);
	req->form = zv_r_cstr(&r, ZV_REQUEST_WORD_MAX);
	req->source = zv_r_cstr(&r, ZV_REQUEST_WORD_MAX);
	req->title = zv_r_cstr(&r, ZV_REQUEST_TITLE_MAX);
	req->fields = zv_r_cstr(&r, ZV_NOTE_FIELDS_MAX);
	req->result = zv_r_cstr(&r, ZV_NOTE_COMMENT_MAX);
	req->n_history = zv_r_u8(&r);
	if (r.bad || req->n_history > ZV_REQUEST_HISTORY_MAX || req->kind == 0 ||
	    req->kind >= ZV_REQUEST_KINDS || req->status < ZV_REQUEST_NEW ||
	    req->status > ZV_REQUEST_DONE || req->escalated > 1)
		return ZV_ECORRUPT;
	for (uint32_t i = 0; i < req->n_history; i++) {
		struct zv_request_step *s = &req->history[i];

		s->at_ms = zv_r_i64(&r);
		s->what = zv_r_u8(&r);
		s->who = zv_r_cstr(&r, ZV_USER_MAX);
		if (s->what == 0 || s->what >= ZV_REQUEST_WHATS)
			return ZV_ECORRUPT;
	}
	return whole(&r);
}
