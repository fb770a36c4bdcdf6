#include "store/record.h"

bool zv_attrs_ok(const char *attrs, size_t len)
{
	size_t zeroes = 0;

	for (const char *p = attrs, *end = attrs + len; p < end; zeroes++) {
		p = memchr(p, 0, (size_t)(end - p));
		if (p == NULL)
			return false;
		p++;
	}
	return zeroes % 2 == 0;
}

static void put_attempt(struct zv_w *w, struct zv_attempt_id id)
{
	zv_w_u64(w, id.hi);
	zv_w_u64(w, id.lo);
}

static struct zv_attempt_id get_attempt(struct zv_r *r)
{
	struct zv_attempt_id id;

	id.hi = zv_r_u64(r);
	id.lo = zv_r_u64(r);
	return id;
}

static void put_brief(struct zv_w *w, const struct zv_attempt_brief *b)
{
	zv_w_i64(w, b->at_ms);
	zv_w_u8(w, b->outcome);
	zv_w_u8(w, b->result);
	zv_w_u8(w, b->number);
	zv_w_u8(w, b->round);
	zv_w_u16(w, b->talk_s);
	zv_w_u16(w, b->sip_code);
}

static void get_brief(struct zv_r *r, struct zv_attempt_brief *b)
{
	b->at_ms = zv_r_i64(r);
	b->outcome = zv_r_u8(r);
	b->result = zv_r_u8(r);
	b->number = zv_r_u8(r);
	b->round = zv_r_u8(r);
	b->talk_s = zv_r_u16(r);
	b->sip_code = zv_r_u16(r);
	if (b->outcome >= ZV_OUT_MAX)
		r->bad = true;
}

/* The end of every decoder: nothing missing, nothing over. */
static enum zv_err whole(const struct zv_r *r)
{
	return r->bad || r->left != 0 ? ZV_ECORRUPT : ZV_OK;
}

void zv_lead_encode(struct zv_w *w, const struct zv_lead_rec *lead)
{
	zv_w_u64(w, lead->person);
	zv_w_u8(w, lead->state);
	zv_w_u8(w, lead->category);
	zv_w_u8(w, lead->round);
	zv_w_u8(w, lead->number);
	zv_w_u8(w, lead->needs_step);
	zv_w_u8(w, lead->due_class);
	zv_w_i64(w, lead->due_ms);
	zv_w_u32(w, lead->attempts);
	zv_w_u32(w, lead->source_row);
	zv_w_i64(w, lead->imported_ms);
	zv_w_i64(w, lead->final_ms);
	put_attempt(w, lead->last_attempt);
	zv_w_u8(w, lead->n_history);
	for (uint8_t i = 0; i < lead->n_history; i++)
		put_brief(w, &lead->history[i]);
	zv_w_u32(w, lead->attrs_len);
	zv_w_bytes(w, lead->attrs, lead->attrs_len);
	zv_w_u32(w, lead->debt);
	zv_w_u32(w, lead->topic);
	zv_w_u8(w, lead->party);
	zv_w_u8(w, lead->killed);
	zv_w_u32(w, lead->owner);
	zv_w_u32(w, lead->sla_s);
	zv_w_i64(w, lead->accepted_ms);
	zv_w_i64(w, lead->first_ms);
}

enum zv_err zv_lead_decode(struct zv_r r, struct zv_lead_rec *ret_lead)
{
	struct zv_lead_rec *l = ret_lead;

	l->person = zv_r_u64(&r);
	l->state = zv_r_u8(&r);
	l->category = zv_r_u8(&r);
	l->round = zv_r_u8(&r);
	l->number = zv_r_u8(&r);
	l->needs_step = zv_r_u8(&r);
	l->due_class = zv_r_u8(&r);
	l->due_ms = zv_r_i64(&r);
	l->attempts = zv_r_u32(&r);
	l->source_row = zv_r_u32(&r);
	l->imported_ms = zv_r_i64(&r);
	l->final_ms = zv_r_i64(&r);
	l->last_attempt = get_attempt(&r);
	l->n_history = zv_r_u8(&r);
	if (r.bad || l->n_history > ZV_HISTORY_MAX || l->state < ZV_LEAD_DUE ||
	    l->state > ZV_LEAD_REMOVED || l->number >= ZV_NUMBERS_MAX || l->needs_step > 1 ||
	    l->due_class > ZV_DUE_LATER || l->category >= ZV_NAMES_MAX)
		return ZV_ECORRUPT;
	for (uint8_t i = 0; i < l->n_history; i++)
		get_brief(&r, &l->history[i]);
	l->attrs_len = zv_r_u32(&r);
	if (l->attrs_len > ZV_ATTRS_MAX)
		return ZV_ECORRUPT;
	l->attrs = (const char *)zv_r_take(&r, l->attrs_len);
	if (l->attrs == NULL || !zv_attrs_ok(l->attrs, l->attrs_len))
		return ZV_ECORRUPT;
	l->debt = l->topic = 0;
	l->party = 0;
	if (r.version >= 2) {
		l->debt = zv_r_u32(&r);
		l->topic = zv_r_u32(&r);
		l->party = zv_r_u8(&r);
	}
	l->killed = 0;
	l->owner = l->sla_s = 0;
	l->accepted_ms = l->first_ms = 0;
	if (r.version >= 3) {
		l->killed = zv_r_u8(&r);
		l->owner = zv_r_u32(&r);
		l->sla_s = zv_r_u32(&r);
		l->accepted_ms = zv_r_i64(&r);
		l->first_ms = zv_r_i64(&r);
	}
	return l->party < ZV_PARTIES && l->killed < ZV_NAMES_MAX ? whole(&r) : ZV_ECORRUPT;
}

void zv_person_encode(struct zv_w *w, const struct zv_person_rec *person)
{
	zv_w_text(w, person->external_id, ZV_EXTERNAL_MAX);
	zv_w_u8(w, person->n_numbers);
	for (uint8_t i = 0; i < person->n_numbers; i++) {
		const struct zv_number_brief *n = &person->numbers[i];

		zv_w_u64(w, n->e164);
		zv_w_u32(w, (uint32_t)n->valid_from_day);
		zv_w_u32(w, (uint32_t)n->valid_to_day);
		zv_w_u8(w, n->kind);
		zv_w_u8(w, n->status);
		zv_w_u8(w, n->order);
		zv_w_text(w, person->zones[i], ZV_ZONE_MAX - 1);
	}
	zv_w_text(w, person->jur, sizeof(person->jur) - 1);
	zv_w_text(w, person->registration, sizeof(person->registration) - 1);
	zv_w_text(w, person->region, sizeof(person->region) - 1);
	zv_w_text(w, person->language, sizeof(person->language) - 1);
	zv_w_i64(w, person->erased_ms);
}

enum zv_err zv_person_decode(struct zv_r r, struct zv_person_rec *ret_person)
{
	zv_r_text(&r, ret_person->external_id, sizeof(ret_person->external_id));
	ret_person->n_numbers = zv_r_u8(&r);
	if (r.bad || ret_person->n_numbers > ZV_NUMBERS_MAX)
		return ZV_ECORRUPT;
	for (uint8_t i = 0; i < ret_person->n_numbers; i++) {
		struct zv_number_brief *n = &ret_person->numbers[i];

		memset(n, 0, sizeof(*n));
		n->e164 = zv_r_u64(&r);
		n->valid_from_day = (int32_t)zv_r_u32(&r);
		n->valid_to_day = (int32_t)zv_r_u32(&r);
		n->kind = zv_r_u8(&r);
		n->status = zv_r_u8(&r);
		n->order = zv_r_u8(&r);
		zv_r_text(&r, ret_person->zones[i], ZV_ZONE_MAX);
		if (n->kind > ZV_NUM_OTHER || n->status > ZV_NUM_INVALID)
			return ZV_ECORRUPT;
	}
	ret_person->jur[0] = ret_person->registration[0] = 0;
	ret_person->region[0] = ret_person->language[0] = 0;
	ret_person->erased_ms = 0;
	if (r.version >= 2) {
		zv_r_text(&r, ret_person->jur, sizeof(ret_person->jur));
		zv_r_text(&r, ret_person->registration, sizeof(ret_person->registration));
		zv_r_text(&r, ret_person->region, sizeof(ret_person->region));
		zv_r_text(&r, ret_person->language, sizeof(ret_person->language));
		ret_person->erased_ms = zv_r_i64(&r);
	}
	return whole(&r);
}

void zv_open_encode(struct zv_w *w, const struct zv_open_rec *open)
{
	const struct zv_open_attempt *a = &open->a;

	put_attempt(w, a->attempt);
	zv_w_u32(w, a->leg.slot);
	zv_w_u32(w, a->leg.gen);
	zv_w_u64(w, a->lead);
	zv_w_u64(w, a->person);
	zv_w_u32(w, a->campaign);
	zv_w_u16(w, a->trunk);
	zv_w_text(w, a->trunk_name, sizeof(a->trunk_name) - 1);
	zv_w_u8(w, a->sub);
	zv_w_u8(w, a->number);
	zv_w_u8(w, a->round);
	zv_w_u64(w, a->called);
	zv_w_u64(w, a->caller);
	zv_w_i64(w, a->intent_ms);
	zv_w_i64(w, a->wall_ms);
	zv_w_u64(w, open->rules_hash);
	zv_w_i64(w, open->mono_ms);
	zv_w_u32(w, open->counts);
	zv_w_i64(w, open->old_due_ms);
	zv_w_u8(w, open->old_class);
	zv_w_u8(w, open->old_state);
	zv_w_u32(w, open->debt);
	zv_w_u32(w, open->topic);
	zv_w_u32(w, open->caller_hash);
	zv_w_u8(w, open->channel);
	zv_w_u8(w, a->has_dialog);
	if (a->has_dialog == 0)
		return;
	zv_w_u32(w, a->dialog.leg.slot);
	zv_w_u32(w, a->dialog.leg.gen);
	zv_w_u16(w, a->dialog.trunk);
	zv_w_u8(w, a->dialog.sub);
	zv_w_u8(w, a->dialog.complete);
	zv_w_u32(w, a->dialog.cseq);
	zv_w_text(w, a->dialog.remote_tag, sizeof(a->dialog.remote_tag) - 1);
	zv_w_u16(w, (uint16_t)strnlen(a->dialog.contact, ZV_DIALOG_TEXT_MAX - 1));
	zv_w_bytes(w, a->dialog.contact, strnlen(a->dialog.contact, ZV_DIALOG_TEXT_MAX - 1));
	zv_w_u16(w, (uint16_t)strnlen(a->dialog.route, ZV_DIALOG_TEXT_MAX - 1));
	zv_w_bytes(w, a->dialog.route, strnlen(a->dialog.route, ZV_DIALOG_TEXT_MAX - 1));
}

static void get_long_text(struct zv_r *r, char *to, size_t size)
{
	size_t n = zv_r_u16(r);
	const uint8_t *p = zv_r_take(r, n);

	to[0] = 0;
	if (p == NULL || n >= size || memchr(p, 0, n) != NULL) {
		r->bad = true;
		return;
	}
	memcpy(to, p, n);
	to[n] = 0;
}

enum zv_err zv_open_decode(struct zv_r r, struct zv_open_rec *ret_open)
{
	struct zv_open_attempt *a = &ret_open->a;

	memset(ret_open, 0, sizeof(*ret_open));
	a->attempt = get_attempt(&r);
	a->leg.slot = zv_r_u32(&r);
	a->leg.gen = zv_r_u32(&r);
	a->lead = zv_r_u64(&r);
	a->person = zv_r_u64(&r);
	a->campaign = zv_r_u32(&r);
	a->trunk = zv_r_u16(&r);
	zv_r_text(&r, a->trunk_name, sizeof(a->trunk_name));
	a->sub = zv_r_u8(&r);
	a->number = zv_r_u8(&r);
	a->round = zv_r_u8(&r);
	a->called = zv_r_u64(&r);
	a->caller = zv_r_u64(&r);
	a->intent_ms = zv_r_i64(&r);
	a->wall_ms = zv_r_i64(&r);
	ret_open->rules_hash = zv_r_u64(&r);
	ret_open->mono_ms = zv_r_i64(&r);
	ret_open->counts = zv_r_u32(&r);
	ret_open->old_due_ms = zv_r_i64(&r);
	ret_open->old_class = zv_r_u8(&r);
	ret_open->old_state = zv_r_u8(&r);
	if (r.version >= 2) {
		ret_open->debt = zv_r_u32(&r);
		ret_open->topic = zv_r_u32(&r);
		ret_open->caller_hash = zv_r_u32(&r);
		ret_open->channel = zv_r_u8(&r);
	}
	a->has_dialog = zv_r_u8(&r);
	if (r.bad || ret_open->channel >= ZV_CHANNELS || a->has_dialog > 1 || ret_open->old_class > ZV_DUE_LATER ||
	    (ret_open->old_state != ZV_LEAD_DUE && ret_open->old_state != ZV_LEAD_FINAL))
		return ZV_ECORRUPT;
	if (a->has_dialog == 0)
		return whole(&r);
	a->dialog.attempt = a->attempt;
	a->dialog.leg.slot = zv_r_u32(&r);
	a->dialog.leg.gen = zv_r_u32(&r);
	a->dialog.trunk = zv_r_u16(&r);
	a->dialog.sub = zv_r_u8(&r);
	a->dialog.complete = zv_r_u8(&r);
	a->dialog.cseq = zv_r_u32(&r);
	zv_r_text(&r, a->dialog.remote_tag, sizeof(a->dialog.remote_tag));
	get_long_text(&r, a->dialog.contact, sizeof(a->dialog.contact));
	get_long_text(&r, a->dialog.route, sizeof(a->dialog.route));
	return whole(&r);
}

static void put_names(struct zv_w *w, uint8_t n, const char names[][48])
{
	zv_w_u8(w, n);
	for (uint8_t i = 0; i < n; i++)
		zv_w_text(w, names[i], 47);
}

static void get_names(struct zv_r *r, uint8_t *ret_n, char names[][48])
{
	uint8_t n = zv_r_u8(r);

	if (n > ZV_NAMES_MAX)
		r->bad = true;
	for (uint8_t i = 0; i < n && !r->bad; i++)
		zv_r_text(r, names[i], 48);
	*ret_n = n;
}

void zv_names_encode(struct zv_w *w, const struct zv_names_rec *names)
{
	zv_w_text(w, names->name, sizeof(names->name) - 1);
	put_names(w, names->n_categories, names->categories);
	put_names(w, names->n_results, names->results);
	put_names(w, names->n_messages, names->messages);
}

enum zv_err zv_names_decode(struct zv_r r, struct zv_names_rec *ret_names)
{
	memset(ret_names, 0, sizeof(*ret_names));
	zv_r_text(&r, ret_names->name, sizeof(ret_names->name));
	get_names(&r, &ret_names->n_categories, ret_names->categories);
	get_names(&r, &ret_names->n_results, ret_names->results);
	get_names(&r, &ret_names->n_messages, ret_names->messages);
	return whole(&r);
}

void zv_counts_encode(struct zv_w *w, const struct zv_counts_rec *counts)
{
	zv_w_u8(w, counts->state);
	zv_w_u64(w, counts->leads);
	zv_w_u64(w, counts->finals);
	zv_w_i64(w, counts->started_ms);
	zv_w_i64(w, counts->completed_ms);
	for (uint32_t i = 0; i < ZV_NAMES_MAX; i++)
		zv_w_u64(w, counts->by_category[i]);
}

enum zv_err zv_counts_decode(struct zv_r r, struct zv_counts_rec *ret_counts)
{
	ret_counts->state = zv_r_u8(&r);
	ret_counts->leads = zv_r_u64(&r);
	ret_counts->finals = zv_r_u64(&r);
	ret_counts->started_ms = zv_r_i64(&r);
	ret_counts->completed_ms = zv_r_i64(&r);
	for (uint32_t i = 0; i < ZV_NAMES_MAX; i++)
		ret_counts->by_category[i] = zv_r_u64(&r);
	if (ret_counts->state > ZV_CAMP_COMPLETE)
		return ZV_ECORRUPT;
	return whole(&r);
}
