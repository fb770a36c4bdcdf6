/* Erasing one person: first he himself, in one short transaction; then what speaks of his numbers. */
#include <stdlib.h>

#include "store/db.h"
#include "store/erase.h"
#include "store/erase_in.h"

#define LEADS_MAX 512u
#define ROWS      1024u  /* of a write transaction */
#define SCAN_ROWS 65536u /* of a read transaction */

struct forget {
	struct zv_store *store;
	struct zv_txn *txn;
	uint64_t person;
	int64_t now_ms;
	bool dry_run;
	struct zv_erase_person_report *report;
	uint64_t leads[LEADS_MAX];
	uint32_t n_leads;
	struct zv_ledger_row rows[ROWS];
	uint64_t seqs[ROWS];
	uint32_t n;
};

/* ---- he himself ---- */

static bool knows_lead(const struct forget *f, uint64_t lead)
{
	for (uint32_t i = 0; i < f->n_leads; i++)
		if (f->leads[i] == lead)
			return true;
	return false;
}

/* His entries of one number; others may have the same number. */
static enum zv_err forget_number(struct forget *f, uint64_t e164)
{
	uint8_t key[12];
	MDB_val k = {.mv_size = 8, .mv_data = key}, v;
	MDB_cursor *c;
	enum zv_err err = ZV_OK;
	int rc = mdb_cursor_open(f->txn->t, f->store->dbi[ZV_T_NUMBERS], &c);

	if (rc != 0)
		return zv_db_err(rc, "numbers");
	zv_put_be64(key, e164);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	while (rc == 0 && err == ZV_OK && k.mv_size == 12 && zv_get_be64(k.mv_data) == e164) {
		struct zv_r r;
		uint64_t lead, person;

		err = zv_db_open_value(&k, &v, &r);
		lead = err == ZV_OK ? zv_r_u64(&r) : 0;
		person = err == ZV_OK ? zv_r_u64(&r) : 0;
		if (err == ZV_OK && person == f->person) {
			if (!knows_lead(f, lead) && f->n_leads < LEADS_MAX)
				f->leads[f->n_leads++] = lead;
			rc = f->dry_run ? 0 : mdb_cursor_del(c, 0);
		}
		if (rc == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(c);
	return err != ZV_OK || rc == 0 || rc == MDB_NOTFOUND ? err : zv_db_err(rc, "numbers");
}

static enum zv_err remember_hash(struct forget *f, uint64_t e164)
{
	uint8_t key[8], buf[32];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	uint64_t hash;
	enum zv_err err = zv_db_number_hash(f->txn, e164, &hash);

	if (err != ZV_OK)
		return err;
	zv_put_be64(key, hash);
	zv_w_u64(&w, f->person);
	zv_w_i64(&w, f->now_ms);
	return zv_db_put(f->txn, ZV_T_ERASED, &k, &w, 0);
}

/* A lead without a category is as done as one that has it: its campaign can be complete. */
static enum zv_err count_gone(struct forget *f, uint64_t lead)
{
	struct zv_camp *camp;
	enum zv_err err = zv_db_camp(f->txn, zv_lead_campaign(lead), &camp);

	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_OK : err;
	camp->c.finals++;
	if (camp->c.finals == camp->c.leads) {
		camp->c.state = ZV_CAMP_COMPLETE;
		camp->c.completed_ms = f->now_ms;
	}
	camp->dirty = true;
	return ZV_OK;
}

static enum zv_err forget_lead(struct forget *f, uint64_t lead)
{
	struct zv_lead_rec rec;
	uint8_t key[8];
	enum zv_err err = zv_db_lead_get(f->txn, lead, &rec);

	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_OK : err;
	if (rec.state == ZV_LEAD_OPEN || rec.state == ZV_LEAD_ASKING)
		return ZV_EAGAIN;
	f->report->attributes += rec.attrs_len > 0;
	if (f->dry_run)
		return ZV_OK;
	err = zv_db_due_move(f->txn, lead, &rec, rec.due_class, 0);
	if (err == ZV_OK && rec.category == 0 && rec.state != ZV_LEAD_REMOVED)
		err = count_gone(f, lead);
	zv_put_be64(key, lead);
	if (err == ZV_OK) {
		err = zv_db_del(f->txn, ZV_T_CALLBACKS, key, sizeof(key));
		err = err == ZV_ENOENT ? ZV_OK : err;
	}
	rec.state = ZV_LEAD_REMOVED;
	rec.needs_step = 0;
	rec.attrs_len = 0;
	rec.debt = rec.topic = rec.owner = 0;
	if (rec.final_ms == 0)
		rec.final_ms = f->now_ms;
	return err == ZV_OK ? zv_db_lead_put(f->txn, lead, &rec) : err;
}

/* The bare mark stays: who was flagged or consented to nothing is treated so when he comes back. */
static enum zv_err forget_words(struct forget *f)
{
	uint8_t key[ZV_MARK_KEY] = {0}, buf[500];
	MDB_val k = {.mv_size = 8, .mv_data = key}, v;
	enum zv_err err = ZV_OK;
	int rc = 0;

	zv_put_be64(key, f->person);
	while (err == ZV_OK) {
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		struct zv_mark_rec rec;
		struct zv_r r;
		MDB_cursor *c;

		rc = mdb_cursor_open(f->txn->t, f->store->dbi[ZV_T_MARKS], &c);
		if (rc != 0)
			return zv_db_err(rc, "marks");
		rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
		mdb_cursor_close(c);
		if (rc != 0 || k.mv_size != ZV_MARK_KEY || zv_get_be64(k.mv_data) != f->person)
			break;
		memcpy(key, k.mv_data, sizeof(key));
		k = (MDB_val){.mv_size = sizeof(key), .mv_data = key};
		err = zv_db_open_value(&k, &v, &r);
		if (err == ZV_OK)
			err = zv_mark_decode(r, &rec);
		if (err == ZV_OK && (rec.name[0] != 0 || rec.reason[0] != 0)) {
			f->report->marks++;
			rec.name[0] = rec.reason[0] = 0;
			zv_mark_encode(&w, &rec);
			if (!f->dry_run)
				err = zv_db_put(f->txn, ZV_T_MARKS, &k, &w, 0);
		}
		for (size_t i = sizeof(key); i-- > 0 && ++key[i] == 0;)
			;
	}
	return err != ZV_OK || rc == 0 || rc == MDB_NOTFOUND ? err : zv_db_err(rc, "marks");
}

static enum zv_err forget_him(struct forget *f)
{
	struct zv_person_rec rec;
	enum zv_err err = zv_db_person_get(f->txn, f->person, &rec);

	if (err != ZV_OK)
		return err;
	for (uint8_t i = 0; i < rec.n_numbers && err == ZV_OK; i++) {
		err = forget_number(f, rec.numbers[i].e164);
		if (err == ZV_OK && !f->dry_run)
			err = remember_hash(f, rec.numbers[i].e164);
	}
	for (uint32_t i = 0; i < f->n_leads && err == ZV_OK; i++)
		err = forget_lead(f, f->leads[i]);
	if (err == ZV_OK && rec.external_id[0] != 0 && !f->dry_run) {
		err = zv_db_del(f->txn, ZV_T_EXTERNALS, rec.external_id, strlen(rec.external_id));
		err = err == ZV_ENOENT ? ZV_OK : err;
	}
	if (err == ZV_OK)
		err = forget_words(f);
	f->report->numbers = rec.n_numbers;
	f->report->leads = f->n_leads;
	if (err != ZV_OK || f->dry_run || (rec.erased_ms != 0 && rec.n_numbers == 0))
		return err;
	memset(&rec, 0, sizeof(rec));
	rec.erased_ms = f->now_ms != 0 ? f->now_ms : 1;
	return zv_db_person_put(f->txn, f->person, &rec);
}

/* ---- his contacts, evidence and messages ---- */

static enum zv_err hash_outbox(struct forget *f, struct zv_attempt_id attempt)
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
		err = zv_db_get(f->txn, ZV_T_OUTBOX, key, sizeof(key), &r);
		if (err == ZV_ENOENT)
			return ZV_OK;
		if (err == ZV_OK)
			err = zv_outbox_decode(r, &row);
		if (err != ZV_OK || row.to >= ZV_NUMBER_HASHED)
			continue;
		f->report->outbox++;
		err = zv_db_number_hash(f->txn, row.to, &row.to);
		row.refused = row.sent == 0; /* one that waits has nowhere to go */
		zv_outbox_encode(&w, &row);
		if (err == ZV_OK && !f->dry_run)
			err = zv_db_put(f->txn, ZV_T_OUTBOX, &k, &w, 0);
	}
	return err;
}

static enum zv_err hash_evidence(struct forget *f, struct zv_evidence_row *row, const MDB_val *k)
{
	uint8_t buf[256];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	enum zv_err err;

	f->report->evidence++;
	err = zv_db_number_hash(f->txn, row->e164, &row->e164);
	zv_evidence_encode(&w, row);
	return err == ZV_OK && !f->dry_run ? zv_db_put(f->txn, ZV_T_EVIDENCE, k, &w, 0) : err;
}

/* From key on, at most ROWS rows that have a number; key: where to go on, *ret_done: no more. */
static enum zv_err some_evidence(struct forget *f, uint8_t key[ZV_YES_KEY], bool *ret_done)
{
	enum zv_err err = ZV_OK;

	*ret_done = false;
	for (uint32_t n = 0; n < ROWS && err == ZV_OK; n++) {
		MDB_val k = {.mv_size = ZV_YES_KEY, .mv_data = key}, v;
		struct zv_evidence_row row;
		struct zv_r r;
		uint8_t found[ZV_YES_KEY];
		MDB_cursor *c;
		int rc = mdb_cursor_open(f->txn->t, f->store->dbi[ZV_T_EVIDENCE], &c);

		if (rc != 0)
			return zv_db_err(rc, "evidence");
		rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
		mdb_cursor_close(c);
		if (rc != 0 || k.mv_size > ZV_YES_KEY || k.mv_size < 8 ||
		    zv_get_be64(k.mv_data) != f->person) {
			*ret_done = true;
			return rc == 0 || rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "evidence");
		}
		memcpy(found, k.mv_data, k.mv_size);
		k.mv_data = found;
		err = zv_db_open_value(&k, &v, &r);
		if (err == ZV_OK)
			err = zv_db_evidence_row(&k, r, &row);
		if (err == ZV_OK && row.e164 != 0 && row.e164 < ZV_NUMBER_HASHED)
			err = hash_evidence(f, &row, &k);
		/* The next key is this one with a zero behind it, or one more. */
		memset(key, 0, ZV_YES_KEY);
		memcpy(key, found, k.mv_size);
		if (k.mv_size == ZV_YES_KEY)
			for (size_t i = ZV_YES_KEY; i-- > 0 && ++key[i] == 0;)
				;
	}
	return err;
}

static bool gather_ledger(void *arg, const struct zv_ledger_row *row)
{
	struct forget *f = arg;

	if (row->hashed == 0 && row->contact.e164 != 0)
		f->rows[f->n++] = *row;
	return f->n < ROWS;
}

static enum zv_err hash_contact(struct forget *f, struct zv_ledger_row *row)
{
	enum zv_err err = hash_outbox(f, row->contact.attempt);

	if (err == ZV_OK && !f->dry_run)
		err = zv_erase_note(f->txn, row->contact.attempt);
	/* Also of numbers that a list had taken from him. */
	if (err == ZV_OK && !f->dry_run)
		err = remember_hash(f, row->contact.e164);
	if (err == ZV_OK)
		err = zv_db_number_hash(f->txn, row->contact.e164, &row->contact.e164);
	row->hashed = 1;
	return err == ZV_OK && !f->dry_run ? zv_db_ledger_put(f->txn, row) : err;
}

static enum zv_err in_txn(struct forget *f, enum zv_err (*what)(struct forget *f))
{
	enum zv_err err = zv_db_begin(f->store, !f->dry_run, f->txn);

	if (err == ZV_OK)
		err = what(f);
	if (err == ZV_OK && !f->dry_run)
		return zv_db_commit(f->txn);
	zv_db_abort(f->txn);
	return err;
}

static enum zv_err hash_contacts(struct forget *f)
{
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < f->n && err == ZV_OK; i++)
		err = hash_contact(f, &f->rows[i]);
	return err;
}

static enum zv_err forget_contacts(struct forget *f)
{
	int64_t from_ms = 0;
	enum zv_err err;

	do {
		f->n = 0;
		err = zv_store_ledger_each(f->store, f->person, from_ms, gather_ledger, f);
		if (f->n > 0)
			from_ms = f->rows[f->n - 1].contact.at_ms + (f->dry_run ? 1 : 0);
		f->report->ledger += f->n;
		if (err == ZV_OK && f->n > 0)
			err = in_txn(f, hash_contacts);
	} while (err == ZV_OK && f->n == ROWS);
	return err;
}

static enum zv_err forget_evidence(struct forget *f)
{
	uint8_t key[ZV_YES_KEY] = {0};
	bool done = false;
	enum zv_err err = ZV_OK;

	zv_put_be64(key, f->person);
	while (!done && err == ZV_OK) {
		err = zv_db_begin(f->store, !f->dry_run, f->txn);
		if (err == ZV_OK)
			err = some_evidence(f, key, &done);
		if (err == ZV_OK && !f->dry_run)
			err = zv_db_commit(f->txn);
		else
			zv_db_abort(f->txn);
	}
	return err;
}

/* ---- the log ---- */

static bool gather_log(void *arg, const struct zv_log_row *row)
{
	struct forget *f = arg;

	if (row->person == f->person && row->called != 0 && row->called < ZV_NUMBER_HASHED)
		f->seqs[f->n++] = row->seq;
	return f->n < ROWS;
}

static enum zv_err hash_entries(struct forget *f)
{
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < f->n && err == ZV_OK && !f->dry_run; i++) {
		uint8_t key[8], buf[256];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
		struct zv_log_row row;
		struct zv_r r;

		zv_put_be64(key, f->seqs[i]);
		err = zv_db_get(f->txn, ZV_T_ATTEMPTS, key, sizeof(key), &r);
		if (err == ZV_OK)
			err = zv_log_decode(r, &row);
		if (err == ZV_OK)
			err = zv_db_number_hash(f->txn, row.called, &row.called);
		zv_log_encode(&w, &row);
		if (err == ZV_OK)
			err = zv_db_put(f->txn, ZV_T_ATTEMPTS, &k, &w, 0);
	}
	return err;
}

/* The log has no index by person: it is read from end to end. */
static enum zv_err forget_log(struct forget *f)
{
	uint64_t from = 0;
	enum zv_err err;

	do {
		f->n = 0;
		err = zv_store_log_each(f->store, 0, from, gather_log, f);
		if (f->n > 0)
			from = f->seqs[f->n - 1] + 1;
		f->report->log += f->n;
		if (err == ZV_OK && f->n > 0)
			err = in_txn(f, hash_entries);
	} while (err == ZV_OK && f->n == ROWS);
	return err;
}

enum zv_err zv_erase_person(struct zv_store *store, uint64_t person, int64_t now_ms, bool dry_run,
			    struct zv_erase_person_report *ret_report)
{
	struct forget *f = calloc(1, sizeof(*f));
	enum zv_err err;

	memset(ret_report, 0, sizeof(*ret_report));
	if (f == NULL)
		return ZV_ENOMEM;
	f->store = store;
	f->person = person;
	f->now_ms = now_ms;
	f->dry_run = dry_run;
	f->report = ret_report;
	f->txn = malloc(sizeof(*f->txn));
	err = f->txn != NULL ? in_txn(f, forget_him) : ZV_ENOMEM;
	if (err == ZV_OK && !dry_run)
		err = zv_erase_work(store, person, f->leads, f->n_leads);
	if (err == ZV_OK)
		err = forget_contacts(f);
	if (err == ZV_OK)
		err = forget_evidence(f);
	if (err == ZV_OK)
		err = forget_log(f);
	free(f->txn);
	free(f);
	return err;
}
