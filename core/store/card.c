#include "store/card.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/db.h"

/* ---- notes ---- */

static bool fits(const char *s, size_t max)
{
	return s == NULL || strnlen(s, max + 1) <= max;
}

static enum zv_err put_note(struct zv_txn *txn, void *arg)
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION);
	uint8_t key[16];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	struct zv_note note = *(const struct zv_note *)arg;
	struct zv_lead_rec lead;
	enum zv_err err;

	if (note.lead != 0) {
		err = zv_db_lead_get(txn, note.lead, &lead);
		if (err != ZV_OK && err != ZV_ENOENT)
			return err;
		if (err == ZV_OK && note.person == 0)
			note.person = lead.person;
		if (note.campaign == 0)
			note.campaign = zv_lead_campaign(note.lead);
	}
	zv_attempt_key(key, note.attempt);
	zv_note_encode(&w, &note);
	return zv_db_put(txn, ZV_T_NOTES, &k, &w, 0);
}

enum zv_err zv_store_note_put(struct zv_store *store, const struct zv_note *note)
{
	struct zv_note copy = *note;

	if (zv_attempt_is_zero(note->attempt) || !fits(note->agent, ZV_USER_MAX) ||
	    !fits(note->comment, ZV_NOTE_COMMENT_MAX) || !fits(note->topic, ZV_NOTE_WORD_MAX) ||
	    !fits(note->subtopic, ZV_NOTE_WORD_MAX) || !fits(note->reason, ZV_NOTE_WORD_MAX) ||
	    !fits(note->fields, ZV_NOTE_FIELDS_MAX))
		return ZV_EINVAL;
	return zv_db_write(store, put_note, &copy);
}

static enum zv_err note_get(struct zv_txn *txn, struct zv_attempt_id attempt,
			    struct zv_note *ret_note)
{
	uint8_t key[16];
	struct zv_r r;
	enum zv_err err;

	zv_attempt_key(key, attempt);
	err = zv_db_get(txn, ZV_T_NOTES, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_note_decode(r, ret_note);
	ret_note->attempt = attempt;
	return err;
}

struct note_ask {
	struct zv_attempt_id attempt;
	bool (*fn)(void *arg, const struct zv_note *note);
	void *arg;
};

static enum zv_err tell_one_note(struct zv_txn *txn, void *arg)
{
	struct note_ask *ask = arg;
	struct zv_note note;
	enum zv_err err = note_get(txn, ask->attempt, &note);

	if (err == ZV_OK)
		(void)ask->fn(ask->arg, &note); /* its texts lie in the transaction */
	return err;
}

enum zv_err zv_store_note_get(struct zv_store *store, struct zv_attempt_id attempt,
			      bool (*fn)(void *arg, const struct zv_note *note), void *arg)
{
	struct note_ask ask = {attempt, fn, arg};

	return zv_db_read(store, tell_one_note, &ask);
}

struct notes_walk {
	uint32_t campaign;
	bool (*fn)(void *arg, const struct zv_note *note);
	void *arg;
};

static bool tell_note(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		      enum zv_err *err)
{
	struct notes_walk *w = arg;
	const uint8_t *k = key->mv_data;
	struct zv_note note;

	(void)txn;
	*err = key->mv_size == 16 ? zv_note_decode(r, &note) : ZV_ECORRUPT;
	if (*err != ZV_OK)
		return false;
	note.attempt = (struct zv_attempt_id){zv_get_be64(k), zv_get_be64(k + 8)};
	return (w->campaign != 0 && note.campaign != w->campaign) || w->fn(w->arg, &note);
}

enum zv_err zv_store_notes_each(struct zv_store *store, uint32_t campaign,
				bool (*fn)(void *arg, const struct zv_note *note), void *arg)
{
	struct notes_walk w = {campaign, fn, arg};

	return zv_db_walk(store, ZV_T_NOTES, NULL, tell_note, &w);
}

/* ---- the card ---- */

struct card_walk {
	struct zv_store *store;
	zv_card_fn fn;
	void *arg;
	struct zv_card card;
	struct zv_card_contact contacts[ZV_CARD_CONTACTS];
	enum zv_err err; /* of what a callback does */
};

static enum zv_err recording_of(struct zv_txn *txn, struct zv_card_contact *to)
{
	struct zv_recording rec;
	uint8_t key[16];
	struct zv_r r;
	enum zv_err err;

	zv_attempt_key(key, to->row.contact.attempt);
	err = zv_db_get(txn, ZV_T_RECORDINGS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_recording_decode(r, &rec);
	to->recorded = err == ZV_OK;
	to->recorded_ms = to->recorded ? rec.duration_ms : 0;
	return err == ZV_ENOENT ? ZV_OK : err;
}

/* The newest rows of the ledger, each with its note and what is recorded of it. */
static enum zv_err read_contacts(struct zv_txn *txn, struct card_walk *w, uint64_t person)
{
	uint8_t after[8];
	MDB_val k = {.mv_size = sizeof(after), .mv_data = after}, v;
	MDB_cursor *c;
	enum zv_err err = ZV_OK;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_LEDGER], &c);

	if (rc != 0)
		return zv_db_err(rc, "ledger");
	zv_put_be64(after, person + 1);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	rc = mdb_cursor_get(c, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
	while (rc == 0 && err == ZV_OK && w->card.n_contacts < ZV_CARD_CONTACTS &&
	       k.mv_size == ZV_LEDGER_KEY && zv_get_be64(k.mv_data) == person) {
		struct zv_card_contact *to = &w->contacts[w->card.n_contacts++];
		struct zv_r r;

		err = zv_db_open_value(&k, &v, &r);
		if (err == ZV_OK)
			err = zv_db_ledger_row(&k, r, &to->row);
		if (err == ZV_OK) {
			err = note_get(txn, to->row.contact.attempt, &to->note);
			to->noted = err == ZV_OK;
			err = err == ZV_ENOENT ? ZV_OK : err;
		}
		if (err == ZV_OK)
			err = recording_of(txn, to);
		rc = mdb_cursor_get(c, &k, &v, MDB_PREV);
	}
	mdb_cursor_close(c);
	return err;
}

static enum zv_err read_callback(struct zv_txn *txn, struct card_walk *w)
{
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err;

	if (w->card.lead == NULL)
		return ZV_OK;
	zv_put_be64(key, w->card.lead->lead);
	err = zv_db_get(txn, ZV_T_CALLBACKS, key, sizeof(key), &r);
	if (err == ZV_OK)
		w->card.callback_ms = zv_r_i64(&r);
	return err == ZV_ENOENT ? ZV_OK : err;
}

static bool add_lead(void *arg, uint64_t lead, uint64_t person)
{
	struct card_walk *w = arg;

	if (person != w->card.person->person)
		return true;
	for (uint32_t i = 0; i < w->card.n_leads; i++)
		if (w->card.leads[i] == lead)
			return true;
	w->card.leads[w->card.n_leads++] = lead;
	return w->card.n_leads < ZV_CARD_LEADS;
}

static bool with_person(void *arg, const struct zv_person_row *row)
{
	struct card_walk *w = arg;
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err = txn != NULL ? ZV_OK : ZV_ENOMEM;

	w->card.person = row;
	for (uint8_t i = 0; err == ZV_OK && i < row->n_numbers && w->card.n_leads < ZV_CARD_LEADS; i++)
		err = zv_store_number_each(w->store, row->numbers[i].brief.e164, add_lead, w);
	if (err == ZV_OK) {
		err = zv_db_begin(w->store, false, txn);
		if (err == ZV_OK)
			err = read_contacts(txn, w, row->person);
		if (err == ZV_OK)
			err = read_callback(txn, w);
		w->card.contacts = w->contacts;
		/* the notes' texts lie in the transaction */
		if (err == ZV_OK)
			w->fn(w->arg, &w->card);
		zv_db_abort(txn);
	}
	free(txn);
	w->err = err;
	return false;
}

static bool with_lead(void *arg, const struct zv_lead_row *row)
{
	struct card_walk *w = arg;
	enum zv_err err;

	w->card.lead = row;
	err = zv_store_person_get(w->store, row->person, with_person, w);
	if (w->err == ZV_OK)
		w->err = err;
	return false;
}

static enum zv_err card(struct card_walk *w, uint64_t lead, uint64_t person)
{
	enum zv_err err = lead != 0 ? zv_store_lead_get(w->store, lead, with_lead, w)
				    : zv_store_person_get(w->store, person, with_person, w);

	return err == ZV_OK ? w->err : err;
}

enum zv_err zv_store_card(struct zv_store *store, uint64_t lead, zv_card_fn fn, void *arg)
{
	struct card_walk *w = calloc(1, sizeof(*w));
	enum zv_err err;

	if (w == NULL)
		return ZV_ENOMEM;
	w->store = store;
	w->fn = fn;
	w->arg = arg;
	err = card(w, lead, 0);
	free(w);
	return err;
}

struct caller {
	struct zv_store *store;
	uint32_t campaign;
	struct zv_caller best; /* so far */
	int64_t came_ms;
	uint32_t owner;        /* of any of his leads; that of the best one goes before */
};

static bool weigh(void *arg, const struct zv_lead_row *row)
{
	struct caller *c = arg;
	int64_t came_ms = row->accepted_ms > row->imported_ms ? row->accepted_ms : row->imported_ms;
	bool here = c->campaign != 0 && row->campaign == c->campaign;

	if (c->owner == 0)
		c->owner = row->owner;
	if (here)
		came_ms = INT64_MAX;
	if (c->best.lead == 0 || came_ms >= c->came_ms) {
		c->best = (struct zv_caller){row->lead, row->person, row->owner};
		c->came_ms = came_ms;
	}
	return false;
}

static bool look_at(void *arg, uint64_t lead, uint64_t person)
{
	struct caller *c = arg;

	(void)person;
	if (zv_store_lead_get(c->store, lead, weigh, c) != ZV_OK)
		zv_warn("store", "lead %llu of a caller does not read", (unsigned long long)lead);
	return true;
}

enum zv_err zv_store_caller(struct zv_store *store, uint64_t e164, uint32_t campaign,
			    struct zv_caller *ret_caller)
{
	struct caller c = {.store = store, .campaign = campaign};
	uint32_t n = 0;
	enum zv_err err = zv_store_number_each(store, e164, look_at, &c);

	if (err == ZV_OK && c.best.lead == 0) {
		err = zv_store_persons_of(store, e164, &c.best.person, 1, &n);
		if (err == ZV_OK && n == 0)
			err = ZV_ENOENT;
	}
	if (err != ZV_OK)
		return err;
	if (c.best.owner == 0)
		c.best.owner = c.owner;
	*ret_caller = c.best;
	return ZV_OK;
}

enum zv_err zv_store_card_by_number(struct zv_store *store, uint64_t e164, uint32_t campaign,
				    zv_card_fn fn, void *arg)
{
	struct zv_caller caller;
	struct card_walk *w;
	enum zv_err err = zv_store_caller(store, e164, campaign, &caller);

	if (err != ZV_OK)
		return err;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ZV_ENOMEM;
	w->store = store;
	w->fn = fn;
	w->arg = arg;
	err = card(w, caller.lead, caller.person);
	free(w);
	return err;
}

/* ---- call-backs ---- */

struct callbacks_walk {
	uint32_t campaign, owner;
	bool (*fn)(void *arg, const struct zv_callback_row *row);
	void *arg;
};

static bool tell_callback(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			  enum zv_err *err)
{
	struct callbacks_walk *w = arg;
	struct zv_callback_row row = {.due_ms = zv_r_i64(&r)};
	struct zv_lead_rec lead;

	if (key->mv_size != 8 || r.bad) {
		*err = ZV_ECORRUPT;
		return false;
	}
	row.lead = zv_get_be64(key->mv_data);
	row.campaign = zv_lead_campaign(row.lead);
	if (w->campaign != 0 && row.campaign != w->campaign)
		return row.campaign < w->campaign;
	*err = zv_db_lead_get(txn, row.lead, &lead);
	if (*err != ZV_OK)
		return false;
	row.person = lead.person;
	row.owner = lead.owner;
	return (w->owner != 0 && row.owner != w->owner) || w->fn(w->arg, &row);
}

enum zv_err zv_store_callbacks_each(struct zv_store *store, uint32_t campaign, uint32_t owner,
				    bool (*fn)(void *arg, const struct zv_callback_row *row), void *arg)
{
	struct callbacks_walk w = {campaign, owner, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, (uint64_t)campaign << ZV_LEAD_SEQ_BITS);
	return zv_db_walk(store, ZV_T_CALLBACKS, &k, tell_callback, &w);
}

/* ---- agents ---- */

#define LOG_MARGIN_MS INT64_C(86400000) /* the log's order is that of the commits */

/* The first entry that may be as young as at_ms. */
static enum zv_err log_at(struct zv_store *store, int64_t at_ms, uint64_t *ret_seq)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	uint64_t low = 0, high = 0;
	MDB_val last;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_last_key(txn, ZV_T_ATTEMPTS, NULL, &last);
	if (err == ZV_OK)
		high = zv_get_be64(last.mv_data);
	while (err == ZV_OK && low < high) {
		uint64_t mid = low + (high - low) / 2;
		uint8_t key[8];
		struct zv_log_row row = {0};
		struct zv_r r;
		enum zv_err one;

		zv_put_be64(key, mid);
		one = zv_db_get(txn, ZV_T_ATTEMPTS, key, sizeof(key), &r);
		if (one == ZV_OK)
			one = zv_log_decode(r, &row);
		/* what was erased was old */
		if (one == ZV_ENOENT || (one == ZV_OK && row.cal_ms < at_ms - LOG_MARGIN_MS))
			low = mid + 1;
		else
			high = mid;
	}
	zv_db_abort(txn);
	free(txn);
	*ret_seq = low;
	return err == ZV_ENOENT ? ZV_OK : err;
}

struct totals {
	int64_t from_ms, to_ms;
	struct zv_agent_total *v;
	uint32_t n, cap;
	bool no_memory;
};

static struct zv_agent_total *total_of(struct totals *t, uint32_t agent)
{
	uint32_t at = 0;

	while (at < t->n && t->v[at].agent < agent)
		at++;
	if (at < t->n && t->v[at].agent == agent)
		return &t->v[at];
	if (t->n == t->cap) {
		uint32_t cap = t->cap == 0 ? 64 : t->cap * 2;
		struct zv_agent_total *v = realloc(t->v, sizeof(*v) * cap);

		if (v == NULL) {
			t->no_memory = true;
			return NULL;
		}
		t->v = v;
		t->cap = cap;
	}
	memmove(&t->v[at + 1], &t->v[at], sizeof(*t->v) * (t->n - at));
	t->n++;
	t->v[at] = (struct zv_agent_total){.agent = agent};
	return &t->v[at];
}

static bool add_talk(void *arg, const struct zv_log_row *row)
{
	struct totals *t = arg;
	struct zv_agent_total *one;

	if (row->cal_ms >= t->to_ms + LOG_MARGIN_MS)
		return false;
	if (row->kind != ZV_LOG_OUTCOME || row->amend != 0 || row->agent == 0 ||
	    row->cal_ms < t->from_ms || row->cal_ms >= t->to_ms)
		return true;
	one = total_of(t, row->agent);
	if (one == NULL)
		return false;
	one->talks++;
	if (row->answer_ms > 0 && row->end_ms > row->answer_ms)
		one->talk_ms += (uint64_t)(row->end_ms - row->answer_ms);
	one->results[row->result < 33 ? row->result : 0]++;
	one->kinds[row->talk_kind < 8 ? row->talk_kind : 0]++;
	return true;
}

enum zv_err zv_store_agent_totals(struct zv_store *store, uint32_t campaign, int64_t from_ms,
				  int64_t to_ms,
				  bool (*fn)(void *arg, const struct zv_agent_total *total), void *arg)
{
	struct totals t = {.from_ms = from_ms, .to_ms = to_ms};
	uint64_t seq = 0;
	enum zv_err err = log_at(store, from_ms, &seq);

	if (err == ZV_OK)
		err = zv_store_log_each(store, campaign, seq, add_talk, &t);
	if (err == ZV_OK && t.no_memory)
		err = ZV_ENOMEM;
	for (uint32_t i = 0; i < t.n && err == ZV_OK; i++)
		if (!fn(arg, &t.v[i]))
			break;
	free(t.v);
	return err;
}
