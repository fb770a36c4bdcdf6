/* A person's slab from the tables: what the rules must know of him at one moment. */
#include "store/slab.h"

#include <stdlib.h>

#define DAY_MS      INT64_C(86400000)
#define NO_RULES_MS (400 * DAY_MS) /* reach, as long as nobody tells the rules */
/* A place is left for the reservation of the contact that is being decided. */
#define KEPT_MAX (ZV_CONTACTS_MAX - 1)

static void overflow(struct zv_person_slab *s, int64_t until_ms)
{
	if (!s->overflow || until_ms > s->overflow_until_ms)
		s->overflow_until_ms = until_ms;
	s->overflow = true;
}

/* ---- contacts ---- */

/* Rows of before the person was erased have the hash of a number: his again, when he came back
 * with it. */
static enum zv_err clear_number(struct zv_txn *txn, const struct zv_person_slab *s,
				struct zv_contact *c)
{
	for (uint8_t i = 0; i < s->n_numbers; i++) {
		uint64_t hash;
		enum zv_err err = zv_db_number_hash(txn, s->e164[i], &hash);

		if (err != ZV_OK)
			return err;
		if (hash == c->e164) {
			c->e164 = s->e164[i];
			return ZV_OK;
		}
	}
	return ZV_OK;
}

static void turn_round(struct zv_contact *v, uint32_t n)
{
	for (uint32_t i = 0; i < n / 2; i++) {
		struct zv_contact t = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = t;
	}
}

static int64_t row_time(const MDB_val *k)
{
	return zv_key_time(zv_get_be64((const uint8_t *)k->mv_data + 8));
}

static bool row_of(const MDB_val *k, uint64_t person)
{
	return k->mv_size == ZV_LEDGER_KEY && zv_get_be64(k->mv_data) == person;
}

static enum zv_err take_contact(struct zv_slab_reader *rd, const MDB_val *k, const MDB_val *v,
				struct zv_person_slab *s)
{
	struct zv_ledger_row row;
	struct zv_r r;
	enum zv_err err = zv_db_open_value(k, v, &r);

	if (err == ZV_OK)
		err = zv_db_ledger_row(k, r, &row);
	if (err == ZV_OK && row.hashed != 0)
		err = clear_number(rd->txn, s, &row.contact);
	if (err == ZV_OK)
		s->contacts[s->n_contacts++] = row.contact;
	return err;
}

static enum zv_err find_first(MDB_cursor *c, struct zv_person_slab *s)
{
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	int rc;

	zv_put_be64(key, s->person);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	if (rc == 0 && row_of(&k, s->person))
		s->first_ms = row_time(&k);
	return rc == 0 || rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "ledger");
}

/* Backwards: the newest are kept, and the first that does not fit tells until when there are too
 * many. */
static enum zv_err fill_contacts(struct zv_slab_reader *rd, int64_t now_ms, int64_t reach_ms,
				 struct zv_person_slab *s)
{
	uint8_t key[ZV_LEDGER_KEY];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	MDB_cursor *c = rd->ledger;
	bool more = false;
	int rc;

	/* What a contact becomes is dated up to 18 hours after it: a day more is within reach. */
	s->since_ms = now_ms - reach_ms - DAY_MS;
	memset(key, 0xff, sizeof(key));
	zv_put_be64(key, s->person);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	rc = mdb_cursor_get(c, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
	for (; rc == 0 && row_of(&k, s->person); rc = mdb_cursor_get(c, &k, &v, MDB_PREV)) {
		int64_t at_ms = row_time(&k);
		enum zv_err err;

		if (rd->past && at_ms > now_ms)
			continue;
		more = at_ms < s->since_ms;
		if (s->n_contacts == KEPT_MAX && !more) {
			overflow(s, at_ms + reach_ms + DAY_MS + 1);
			s->since_ms = at_ms + 1;
			more = true;
		}
		if (more)
			break;
		err = take_contact(rd, &k, &v, s);
		if (err != ZV_OK)
			return err;
		s->first_ms = at_ms;
	}
	turn_round(s->contacts, s->n_contacts);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return zv_db_err(rc, "ledger");
	return more ? find_first(c, s) : ZV_OK;
}

/* ---- marks ---- */

static enum zv_err fill_marks(struct zv_slab_reader *rd, int64_t now_ms, struct zv_person_slab *s)
{
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	int rc;

	zv_put_be64(key, s->person);
	for (rc = mdb_cursor_get(rd->marks, &k, &v, MDB_SET_RANGE); rc == 0;
	     rc = mdb_cursor_get(rd->marks, &k, &v, MDB_NEXT)) {
		const uint8_t *p = k.mv_data;
		struct zv_mark_rec rec;
		struct zv_r r;
		enum zv_err err;

		if (k.mv_size != ZV_MARK_KEY || zv_get_be64(p) != s->person)
			return ZV_OK;
		err = zv_db_open_value(&k, &v, &r);
		if (err == ZV_OK)
			err = zv_mark_decode(r, &rec);
		if (err != ZV_OK)
			return err;
		if (rec.to_ms <= now_ms)
			continue;
		if (s->n_marks == ZV_MARKS_MAX) {
			overflow(s, INT64_MAX);
			return ZV_OK;
		}
		s->marks[s->n_marks++] = (struct zv_mark){
			.name = zv_get_be64(p + 10),
			.from_ms = rec.from_ms,
			.to_ms = rec.to_ms,
			.kind = p[8],
			.by = p[9],
		};
	}
	return rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "marks");
}

/* ---- suppressions ---- */

static void add_suppressed(struct zv_person_slab *s, uint64_t e164, uint32_t campaign, int64_t to_ms)
{
	for (uint8_t i = 0; i < s->n_suppressed; i++) {
		struct zv_suppressed *have = &s->suppressed[i];

		/* Only the same one: what says more today may be taken back tomorrow. */
		if (have->campaign != campaign || have->e164 != e164)
			continue;
		have->to_ms = have->to_ms > to_ms ? have->to_ms : to_ms;
		return;
	}
	if (s->n_suppressed == ZV_SUPPRESSED_MAX) {
		overflow(s, INT64_MAX);
		return;
	}
	s->suppressed[s->n_suppressed++] =
		(struct zv_suppressed){.e164 = e164, .campaign = campaign, .to_ms = to_ms};
}

static enum zv_err fill_suppressed_of(struct zv_slab_reader *rd, uint8_t kind, uint64_t id,
				      int64_t now_ms, struct zv_person_slab *s)
{
	uint8_t key[ZV_SUPPRESS_KEY];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	int rc;

	zv_suppress_key(key, kind, id, 0);
	for (rc = mdb_cursor_get(rd->suppressions, &k, &v, MDB_SET_RANGE); rc == 0;
	     rc = mdb_cursor_get(rd->suppressions, &k, &v, MDB_NEXT)) {
		struct zv_suppress_rec rec = {.until_ms = INT64_MAX};
		struct zv_r r;

		if (k.mv_size != ZV_SUPPRESS_KEY || memcmp(k.mv_data, key, 9) != 0)
			return ZV_OK;
		/* A damaged entry still says: do not call. */
		if (zv_db_open_value(&k, &v, &r) != ZV_OK || zv_suppress_decode(r, &rec) != ZV_OK)
			rec = (struct zv_suppress_rec){.until_ms = INT64_MAX};
		if (rec.until_ms > now_ms && (!rd->past || rec.since_ms <= now_ms))
			add_suppressed(s, kind == ZV_SUPPRESS_NUMBER ? id : 0,
				       zv_get_be32((const uint8_t *)k.mv_data + 9), rec.until_ms);
	}
	return rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "suppressions");
}

static enum zv_err fill_suppressed(struct zv_slab_reader *rd, int64_t now_ms,
				   struct zv_person_slab *s)
{
	enum zv_err err = fill_suppressed_of(rd, ZV_SUPPRESS_PERSON, s->person, now_ms, s);

	for (uint8_t i = 0; i < s->n_numbers && err == ZV_OK; i++) {
		uint8_t old[8];
		MDB_val k = {.mv_size = sizeof(old), .mv_data = old}, v;

		zv_put_be64(old, s->e164[i]);
		if (mdb_cursor_get(rd->suppressions, &k, &v, MDB_SET) == 0)
			add_suppressed(s, s->e164[i], 0, INT64_MAX);
		err = fill_suppressed_of(rd, ZV_SUPPRESS_NUMBER, s->e164[i], now_ms, s);
	}
	return err;
}

/* ---- registries ---- */

static enum zv_err look_up_lists(struct zv_slab_reader *rd)
{
	uint32_t n = rd->rules != NULL ? rd->rules->n_lists : 0;

	for (uint32_t i = 0; i < n && i < ZV_RULE_NAMES_MAX; i++) {
		struct zv_registry_rec rec = {0};
		uint8_t key[8];
		struct zv_r r;
		enum zv_err err;

		zv_put_be64(key, rd->rules->lists[i]);
		err = zv_db_get(rd->txn, ZV_T_REGISTRIES, key, sizeof(key), &r);
		if (err == ZV_OK)
			err = zv_registry_decode(r, &rec);
		/* One that cannot be read is one that was never loaded: its rules block. */
		if (err != ZV_OK && err != ZV_ENOENT && err != ZV_ECORRUPT && err != ZV_EVERSION)
			return err;
		rd->lists[rd->n_lists].list = rd->rules->lists[i];
		rd->lists[rd->n_lists].as_of_ms = rec.as_of_ms;
		rd->lists[rd->n_lists].gen = rec.gen;
		rd->lists[rd->n_lists++].there = err == ZV_OK;
	}
	return ZV_OK;
}

static enum zv_err fill_scrubbed(struct zv_slab_reader *rd, struct zv_person_slab *s)
{
	for (uint32_t i = 0; i < rd->n_lists; i++) {
		struct zv_scrubbed *to = &s->scrubbed[s->n_scrubbed];

		if (!rd->lists[i].there)
			continue;
		*to = (struct zv_scrubbed){.list = rd->lists[i].list,
					   .as_of_ms = rd->lists[i].as_of_ms};
		for (uint8_t j = 0; j < s->n_numbers; j++) {
			uint8_t key[ZV_REGISTRY_KEY];
			MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
			int rc;

			zv_registry_key(key, rd->lists[i].list, rd->lists[i].gen, s->e164[j]);
			rc = mdb_cursor_get(rd->registries, &k, &v, MDB_SET);
			if (rc != 0 && rc != MDB_NOTFOUND)
				return zv_db_err(rc, "registries");
			if (rc == 0)
				to->numbers = (uint8_t)(to->numbers | 1u << j);
		}
		s->n_scrubbed++;
	}
	return ZV_OK;
}

/* ---- the whole ---- */

enum zv_err zv_slab_begin(struct zv_slab_reader *reader, struct zv_txn *txn,
			  const struct zv_rules *rules)
{
	const struct zv_store *s = txn->store;
	enum zv_err err;
	int rc;

	memset(reader, 0, sizeof(*reader));
	reader->txn = txn;
	reader->rules = rules;
	rc = mdb_cursor_open(txn->t, s->dbi[ZV_T_LEDGER], &reader->ledger);
	if (rc == 0)
		rc = mdb_cursor_open(txn->t, s->dbi[ZV_T_MARKS], &reader->marks);
	if (rc == 0)
		rc = mdb_cursor_open(txn->t, s->dbi[ZV_T_SUPPRESSIONS], &reader->suppressions);
	if (rc == 0)
		rc = mdb_cursor_open(txn->t, s->dbi[ZV_T_REGISTRIES], &reader->registries);
	err = zv_db_err(rc, "open the tables of persons");
	if (err == ZV_OK)
		err = look_up_lists(reader);
	if (err != ZV_OK)
		zv_slab_end(reader);
	return err;
}

void zv_slab_end(struct zv_slab_reader *reader)
{
	MDB_cursor *const all[] = {reader->ledger, reader->marks, reader->suppressions,
				   reader->registries};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			mdb_cursor_close(all[i]);
	reader->ledger = reader->marks = reader->suppressions = reader->registries = NULL;
}

static void place(const struct zv_slab_ask *ask, const struct zv_person_rec *person,
		  struct zv_person_slab *s)
{
	struct zv_place_ask where = {.campaign = ask->campaign,
				     .jur = person->jur,
				     .zone = "",
				     .registration = person->registration,
				     .region = person->region};

	for (uint8_t i = person->n_numbers; i-- > 0;)
		if (person->zones[i][0] != 0)
			where.zone = person->zones[i];
	if (ask->place != NULL)
		(void)ask->place(ask->arg, &where, s);
}

enum zv_err zv_slab_fill(struct zv_slab_reader *reader, const struct zv_slab_ask *ask,
			 const struct zv_person_rec *person, struct zv_person_slab *slab)
{
	int64_t reach_ms = reader->rules != NULL ? reader->rules->reach_ms : NO_RULES_MS;
	enum zv_err err;

	/* The contacts behind n_contacts are not looked at: no need to clear 18 KiB. */
	memset(slab, 0, offsetof(struct zv_person_slab, contacts));
	slab->person = ask->person;
	slab->n_numbers = person->n_numbers;
	for (uint8_t i = 0; i < person->n_numbers; i++)
		slab->e164[i] = person->numbers[i].e164;
	err = fill_contacts(reader, ask->now_ms, reach_ms, slab);
	if (err == ZV_OK)
		err = fill_marks(reader, ask->now_ms, slab);
	if (err == ZV_OK)
		err = fill_suppressed(reader, ask->now_ms, slab);
	if (err == ZV_OK)
		err = fill_scrubbed(reader, slab);
	if (err == ZV_OK)
		place(ask, person, slab);
	return err;
}

enum zv_err zv_store_person_slab(struct zv_store *store, const struct zv_slab_ask *ask,
				 struct zv_person_slab *ret_slab)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_person_rec person;
	struct zv_slab_reader reader;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_person_get(txn, ask->person, &person);
	if (err == ZV_OK)
		err = zv_slab_begin(&reader, txn, ask->rules);
	if (err == ZV_OK) {
		reader.past = true;
		err = zv_slab_fill(&reader, ask, &person, ret_slab);
		zv_slab_end(&reader);
	}
	zv_db_abort(txn);
	free(txn);
	return err;
}
