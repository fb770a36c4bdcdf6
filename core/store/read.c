#include <stdio.h>
#include <stdlib.h>

#include "store/db.h"

const char *zv_attr_find(const char *attrs, size_t len, const char *name)
{
	const char *end = attrs + len;

	for (const char *p = attrs; p < end;) {
		const char *value = memchr(p, 0, (size_t)(end - p));
		const char *next;

		if (value == NULL || ++value >= end)
			return NULL;
		next = memchr(value, 0, (size_t)(end - value));
		if (next == NULL)
			return NULL;
		if (strcmp(p, name) == 0)
			return value;
		p = next + 1;
	}
	return NULL;
}

/* ---- leads ---- */

struct lead_walk {
	uint32_t campaign;
	bool (*fn)(void *arg, const struct zv_lead_row *row);
	void *arg;
	struct zv_lead_rec lead;
	struct zv_person_rec person;
	struct zv_lead_row row;
};

static void fill_row(struct lead_walk *w, uint64_t id)
{
	const struct zv_lead_rec *l = &w->lead;
	struct zv_lead_row *row = &w->row;

	*row = (struct zv_lead_row){
		.lead = id,
		.person = l->person,
		.campaign = zv_lead_campaign(id),
		.state = l->state,
		.category = l->category,
		.round = l->round,
		.number = l->number,
		.needs_step = l->needs_step,
		.due_class = l->due_class,
		.n_numbers = w->person.n_numbers,
		.n_history = l->n_history,
		.attempts = l->attempts,
		.source_row = l->source_row,
		.due_ms = l->due_ms,
		.imported_ms = l->imported_ms,
		.final_ms = l->final_ms,
		.external_id = w->person.external_id,
		.attrs = l->attrs,
		.attrs_len = l->attrs_len,
		.debt = l->debt,
		.topic = l->topic,
		.party = l->party,
		.killed = l->killed,
		.owner = l->owner,
		.sla_s = l->sla_s,
		.accepted_ms = l->accepted_ms,
		.first_ms = l->first_ms,
	};
	for (uint8_t i = 0; i < w->person.n_numbers; i++) {
		row->numbers[i].brief = w->person.numbers[i];
		row->numbers[i].zone = w->person.zones[i];
	}
	memcpy(row->history, l->history, sizeof(row->history[0]) * l->n_history);
}

static bool tell_lead(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		      enum zv_err *err)
{
	struct lead_walk *w = arg;
	uint64_t id;

	if (key->mv_size != 8) {
		*err = ZV_ECORRUPT;
		return false;
	}
	id = zv_get_be64(key->mv_data);
	if (zv_lead_campaign(id) != w->campaign)
		return false;
	*err = zv_lead_decode(r, &w->lead);
	if (*err == ZV_OK)
		*err = zv_db_person_get(txn, w->lead.person, &w->person);
	if (*err == ZV_ENOENT)
		*err = ZV_ECORRUPT;
	if (*err != ZV_OK)
		return false;
	fill_row(w, id);
	return w->fn(w->arg, &w->row);
}

enum zv_err zv_store_leads_each(struct zv_store *store, uint32_t campaign,
				bool (*fn)(void *arg, const struct zv_lead_row *row), void *arg)
{
	struct lead_walk *w = calloc(1, sizeof(*w));
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};
	enum zv_err err;

	if (w == NULL)
		return ZV_ENOMEM;
	w->campaign = campaign;
	w->fn = fn;
	w->arg = arg;
	zv_put_be64(from, (uint64_t)campaign << ZV_LEAD_SEQ_BITS);
	err = zv_db_walk(store, ZV_T_LEADS, &k, tell_lead, w);
	free(w);
	return err;
}

enum zv_err zv_store_lead_get(struct zv_store *store, uint64_t lead,
			      bool (*fn)(void *arg, const struct zv_lead_row *row), void *arg)
{
	struct lead_walk *w = calloc(1, sizeof(*w));
	struct zv_txn *txn = malloc(sizeof(*txn));
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	struct zv_r r;
	enum zv_err err = ZV_ENOMEM;

	if (w == NULL || txn == NULL)
		goto out;
	w->campaign = zv_lead_campaign(lead);
	w->fn = fn;
	w->arg = arg;
	zv_put_be64(key, lead);
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_get(txn, ZV_T_LEADS, key, sizeof(key), &r);
	if (err == ZV_OK)
		(void)tell_lead(w, txn, &k, r, &err);
	zv_db_abort(txn);
out:
	free(txn);
	free(w);
	return err;
}

enum zv_err zv_store_lead_attrs(struct zv_store *store, uint64_t lead, char *buf, size_t cap,
				size_t *ret_len)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_lead_rec rec;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_lead_get(txn, lead, &rec);
	if (err == ZV_OK && rec.attrs_len > cap)
		err = ZV_EFULL;
	if (err == ZV_OK) {
		memcpy(buf, rec.attrs, rec.attrs_len);
		*ret_len = rec.attrs_len;
	}
	zv_db_abort(txn);
	free(txn);
	return err;
}

struct attrs_walk {
	uint32_t campaign;
	void (*fn)(void *arg, uint64_t lead, const char *attrs, size_t len);
	void *arg;
};

static bool tell_attrs(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		       enum zv_err *err)
{
	struct attrs_walk *w = arg;
	struct zv_lead_rec rec;
	uint64_t id = key->mv_size == 8 ? zv_get_be64(key->mv_data) : 0;

	(void)txn;
	if (zv_lead_campaign(id) != w->campaign)
		return false;
	*err = zv_lead_decode(r, &rec);
	if (*err != ZV_OK)
		return false;
	w->fn(w->arg, id, rec.attrs, rec.attrs_len);
	return true;
}

enum zv_err zv_store_attrs_each(struct zv_store *store, uint32_t campaign,
				void (*fn)(void *arg, uint64_t lead, const char *attrs, size_t len),
				void *arg)
{
	struct attrs_walk w = {campaign, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, (uint64_t)campaign << ZV_LEAD_SEQ_BITS);
	return zv_db_walk(store, ZV_T_LEADS, &k, tell_attrs, &w);
}

struct number_walk {
	uint64_t e164;
	bool (*fn)(void *arg, uint64_t lead, uint64_t person);
	void *arg;
};

static bool tell_number(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			enum zv_err *err)
{
	struct number_walk *w = arg;
	uint64_t lead = zv_r_u64(&r), person = zv_r_u64(&r);

	(void)txn;
	if (key->mv_size != 12 || r.bad) {
		*err = ZV_ECORRUPT;
		return false;
	}
	return zv_get_be64(key->mv_data) == w->e164 && w->fn(w->arg, lead, person);
}

enum zv_err zv_store_number_each(struct zv_store *store, uint64_t e164,
				 bool (*fn)(void *arg, uint64_t lead, uint64_t person), void *arg)
{
	struct number_walk w = {e164, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, e164);
	return zv_db_walk(store, ZV_T_NUMBERS, &k, tell_number, &w);
}

/* ---- log, outbox, ledger ---- */

struct log_walk {
	uint32_t campaign;
	bool (*fn)(void *arg, const struct zv_log_row *row);
	void *arg;
};

static bool tell_log(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		     enum zv_err *err)
{
	struct log_walk *w = arg;
	struct zv_log_row row;

	(void)txn;
	*err = key->mv_size == 8 ? zv_log_decode(r, &row) : ZV_ECORRUPT;
	if (*err != ZV_OK)
		return false;
	row.seq = zv_get_be64(key->mv_data);
	return (w->campaign != 0 && row.campaign != w->campaign) || w->fn(w->arg, &row);
}

enum zv_err zv_store_log_each(struct zv_store *store, uint32_t campaign, uint64_t from_seq,
			      bool (*fn)(void *arg, const struct zv_log_row *row), void *arg)
{
	struct log_walk w = {campaign, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, from_seq);
	return zv_db_walk(store, ZV_T_ATTEMPTS, &k, tell_log, &w);
}

struct outbox_walk {
	uint32_t campaign;
	bool (*fn)(void *arg, const struct zv_outbox_row *row);
	void *arg;
};

static bool tell_outbox(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			enum zv_err *err)
{
	struct outbox_walk *w = arg;
	struct zv_outbox_row row = {0};
	const uint8_t *k = key->mv_data;

	(void)txn;
	*err = key->mv_size == 17 ? zv_outbox_decode(r, &row) : ZV_ECORRUPT;
	if (*err != ZV_OK)
		return false;
	row.attempt = (struct zv_attempt_id){zv_get_be64(k), zv_get_be64(k + 8)};
	row.index = k[16];
	(void)snprintf(row.key, sizeof(row.key), "%016llx%016llx-%u",
		       (unsigned long long)row.attempt.hi, (unsigned long long)row.attempt.lo,
		       (unsigned)row.index);
	return (w->campaign != 0 && row.campaign != w->campaign) || w->fn(w->arg, &row);
}

enum zv_err zv_store_outbox_each(struct zv_store *store, uint32_t campaign,
				 bool (*fn)(void *arg, const struct zv_outbox_row *row), void *arg)
{
	struct outbox_walk w = {campaign, fn, arg};

	return zv_db_walk(store, ZV_T_OUTBOX, NULL, tell_outbox, &w);
}

struct ledger_walk {
	uint64_t person;
	bool (*fn)(void *arg, const struct zv_ledger_row *row);
	void *arg;
};

static bool tell_ledger(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			enum zv_err *err)
{
	struct ledger_walk *w = arg;
	struct zv_ledger_row row;

	(void)txn;
	*err = zv_db_ledger_row(key, r, &row);
	return *err == ZV_OK && row.person == w->person && w->fn(w->arg, &row);
}

enum zv_err zv_store_ledger_each(struct zv_store *store, uint64_t person, int64_t from_ms,
				 bool (*fn)(void *arg, const struct zv_ledger_row *row), void *arg)
{
	struct ledger_walk w = {person, fn, arg};
	uint8_t from[16];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, person);
	zv_put_be64(from + 8, zv_time_key(from_ms));
	return zv_db_walk(store, ZV_T_LEDGER, &k, tell_ledger, &w);
}
