/* Reading what was told of persons: marks, suppressions, registries, evidence, rule sets, tallies. */
#include <stdlib.h>

#include "store/db.h"
#include "store/told.h"

/* Ends a walk with an error. */
static bool bad(enum zv_err *err, enum zv_err why)
{
	*err = why;
	return false;
}

/* ---- marks ---- */

struct mark_walk {
	uint64_t person;
	bool (*fn)(void *arg, const struct zv_mark_row *row);
	void *arg;
};

static bool tell_mark(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		      enum zv_err *err)
{
	struct mark_walk *w = arg;
	const uint8_t *k = key->mv_data;
	struct zv_mark_rec rec;
	struct zv_mark_row row;

	(void)txn;
	if (key->mv_size != ZV_MARK_KEY || zv_mark_decode(r, &rec) != ZV_OK)
		return bad(err, ZV_ECORRUPT);
	row = (struct zv_mark_row){
		.person = zv_get_be64(k),
		.mark = {.name = zv_get_be64(k + 10),
			 .from_ms = rec.from_ms,
			 .to_ms = rec.to_ms,
			 .kind = k[8],
			 .by = k[9]},
		.source = rec.source,
		.set_ms = rec.set_ms,
		.name = rec.name,
		.reason = rec.reason,
	};
	return row.person == w->person && w->fn(w->arg, &row);
}

enum zv_err zv_store_marks_each(struct zv_store *store, uint64_t person,
				bool (*fn)(void *arg, const struct zv_mark_row *row), void *arg)
{
	struct mark_walk w = {person, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, person);
	return zv_db_walk(store, ZV_T_MARKS, &k, tell_mark, &w);
}

/* ---- suppressions ---- */

struct suppress_walk {
	uint8_t kind;
	bool only_old;
	uint64_t id;
	bool (*fn)(void *arg, const struct zv_suppress_row *row);
	void *arg;
};

static bool tell_suppress(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			  enum zv_err *err)
{
	struct suppress_walk *w = arg;
	const uint8_t *k = key->mv_data;
	struct zv_suppress_rec rec;
	struct zv_suppress_row row = {.kind = ZV_SUPPRESS_NUMBER};
	bool old = key->mv_size == 8;

	(void)txn;
	if (!old && w->only_old)
		return false; /* those of today have a walk of their own */
	if (!old && key->mv_size != ZV_SUPPRESS_KEY)
		return bad(err, ZV_ECORRUPT);
	if ((old ? zv_suppress_decode_old(r, &rec) : zv_suppress_decode(r, &rec)) != ZV_OK)
		return bad(err, ZV_ECORRUPT);
	row.kind = old ? (uint8_t)ZV_SUPPRESS_NUMBER : k[0];
	row.id = zv_get_be64(old ? k : k + 1);
	row.campaign = old ? 0 : zv_get_be32(k + 9);
	row.source = rec.source;
	row.since_ms = rec.since_ms;
	row.until_ms = rec.until_ms;
	row.reason = rec.reason;
	if (w->kind != 0 && (row.kind != w->kind || row.id != w->id))
		return false;
	return w->fn(w->arg, &row);
}

static enum zv_err tell_old(struct zv_store *store, struct suppress_walk *w)
{
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	enum zv_err err;

	zv_put_be64(from, w->id);
	w->only_old = true;
	err = zv_db_walk(store, ZV_T_SUPPRESSIONS, &k, tell_suppress, w);
	w->only_old = false;
	return err;
}

enum zv_err zv_store_suppressions_each(struct zv_store *store, uint8_t kind, uint64_t id,
				       bool (*fn)(void *arg, const struct zv_suppress_row *row),
				       void *arg)
{
	struct suppress_walk w = {.kind = kind, .id = id, .fn = fn, .arg = arg};
	uint8_t from[ZV_SUPPRESS_KEY];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};
	enum zv_err err = ZV_OK;

	if (kind == 0)
		return zv_db_walk(store, ZV_T_SUPPRESSIONS, NULL, tell_suppress, &w);
	if (kind == ZV_SUPPRESS_NUMBER)
		err = tell_old(store, &w);
	zv_suppress_key(from, kind, id, 0);
	return err == ZV_OK ? zv_db_walk(store, ZV_T_SUPPRESSIONS, &k, tell_suppress, &w) : err;
}

/* A damaged entry still says: do not call. */
static bool stands(enum zv_err err)
{
	return err == ZV_OK || err == ZV_ECORRUPT || err == ZV_EVERSION;
}

enum zv_err zv_store_suppressed(struct zv_store *store, uint64_t e164, int64_t at_ms, bool *ret_yes)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_suppressed(txn, e164, at_ms, ret_yes);
	zv_db_abort(txn);
	free(txn);
	return err;
}

/* ---- registries ---- */

struct registry_walk {
	struct zv_registry_rec rec;
	uint64_t next; /* list to look for */
	bool found;
};

static bool find_head(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		      enum zv_err *err)
{
	struct registry_walk *w = arg;

	(void)txn;
	w->next = key->mv_size >= 8 ? zv_get_be64(key->mv_data) : 0;
	w->found = key->mv_size == 8;
	if (w->found)
		*err = zv_registry_decode(r, &w->rec);
	return false;
}

enum zv_err zv_store_registries_each(struct zv_store *store,
				     bool (*fn)(void *arg, const struct zv_registry_row *row),
				     void *arg)
{
	struct registry_walk *w = calloc(1, sizeof(*w));
	enum zv_err err = ZV_OK;
	bool more = true;

	if (w == NULL)
		return ZV_ENOMEM;
	/* From head to head: the rows between are passed over. */
	for (uint64_t list = 0; more && err == ZV_OK; list = w->next + 1) {
		uint8_t from[8];
		MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

		zv_put_be64(from, list);
		w->next = UINT64_MAX;
		w->found = false;
		err = zv_db_walk(store, ZV_T_REGISTRIES, &k, find_head, w);
		if (err == ZV_OK && w->found) {
			struct zv_registry_row row = {.list = w->next,
						      .name = w->rec.name,
						      .as_of_ms = w->rec.as_of_ms,
						      .loaded_ms = w->rec.loaded_ms,
						      .count = w->rec.count};

			more = fn(arg, &row);
		}
		more = more && w->next != UINT64_MAX;
	}
	free(w);
	return err;
}

enum zv_err zv_store_registry_has(struct zv_store *store, uint64_t list, uint64_t e164,
				  bool *ret_yes)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_registry_rec rec;
	uint8_t key[ZV_REGISTRY_KEY];
	struct zv_r r;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	zv_put_be64(key, list);
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_get(txn, ZV_T_REGISTRIES, key, 8, &r);
	if (err == ZV_OK)
		err = zv_registry_decode(r, &rec);
	if (err == ZV_OK) {
		zv_registry_key(key, list, rec.gen, e164);
		err = zv_db_get(txn, ZV_T_REGISTRIES, key, sizeof(key), &r);
		*ret_yes = stands(err);
		if (err == ZV_ENOENT || *ret_yes)
			err = ZV_OK;
	}
	zv_db_abort(txn);
	free(txn);
	return err;
}

/* ---- evidence ---- */

enum zv_err zv_db_evidence_row(const MDB_val *key, struct zv_r r, struct zv_evidence_row *ret_row)
{
	const uint8_t *k = key->mv_data;
	bool yes = key->mv_size == ZV_YES_KEY;
	enum zv_err err;

	if (!yes && key->mv_size != ZV_NO_KEY)
		return ZV_ECORRUPT;
	err = zv_evidence_decode(r, ret_row);
	if (err != ZV_OK)
		return err;
	ret_row->person = zv_get_be64(k);
	if (yes) {
		ret_row->attempt = (struct zv_attempt_id){zv_get_be64(k + 9), zv_get_be64(k + 17)};
		ret_row->part = k[25];
	} else {
		ret_row->until_ms = zv_key_time(zv_get_be64(k + 9));
	}
	return yes == (k[8] == 1) && yes == (ret_row->answer != ZV_ANSWER_NO) ? ZV_OK : ZV_ECORRUPT;
}

struct evidence_walk {
	uint64_t person;
	bool (*fn)(void *arg, const struct zv_evidence_row *row);
	void *arg;
};

static bool tell_evidence(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			  enum zv_err *err)
{
	struct evidence_walk *w = arg;
	struct zv_evidence_row row;

	(void)txn;
	*err = zv_db_evidence_row(key, r, &row);
	return *err == ZV_OK && (w->person == 0 || row.person == w->person) && w->fn(w->arg, &row);
}

enum zv_err zv_store_evidence_each(struct zv_store *store, uint64_t person,
				   bool (*fn)(void *arg, const struct zv_evidence_row *row),
				   void *arg)
{
	struct evidence_walk w = {person, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, person);
	return zv_db_walk(store, ZV_T_EVIDENCE, &k, tell_evidence, &w);
}

/* ---- rule sets ---- */

static enum zv_err read_ids(struct zv_txn *txn, uint8_t key[9], struct zv_ruleset *set)
{
	struct zv_r r;
	enum zv_err err;

	key[8] = 1;
	err = zv_db_get(txn, ZV_T_RULESETS, key, 9, &r);
	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_ECORRUPT : err;
	set->ids = calloc((size_t)set->n + 1, sizeof(set->ids[0]));
	if (set->ids == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < set->n; i++)
		zv_r_text(&r, set->ids[i], sizeof(set->ids[i]));
	return r.bad || r.left != 0 ? ZV_ECORRUPT : ZV_OK;
}

static enum zv_err read_text(struct zv_txn *txn, uint8_t key[9], struct zv_ruleset *set)
{
	struct zv_r r;
	enum zv_err err;

	key[8] = 2;
	err = zv_db_get(txn, ZV_T_RULESETS, key, 9, &r);
	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_ECORRUPT : err;
	if (r.left != set->text_len)
		return ZV_ECORRUPT;
	set->text = malloc(set->text_len + 1);
	if (set->text == NULL)
		return ZV_ENOMEM;
	memcpy(set->text, r.p, set->text_len);
	set->text[set->text_len] = 0;
	return ZV_OK;
}

static void head_of(uint64_t hash, const struct zv_ruleset_rec *rec, struct zv_ruleset *set)
{
	*set = (struct zv_ruleset){.hash = hash,
				   .first_ms = rec->first_ms,
				   .last_ms = rec->last_ms,
				   .n = rec->n,
				   .text_len = rec->text_len};
	memcpy(set->tz_version, rec->tz_version, sizeof(set->tz_version));
}

enum zv_err zv_store_ruleset_get(struct zv_store *store, uint64_t hash, struct zv_ruleset *ret_set)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_ruleset_rec rec;
	struct zv_ruleset set = {0};
	uint8_t key[9] = {0};
	struct zv_r r;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	zv_put_be64(key, hash);
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_get(txn, ZV_T_RULESETS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_ruleset_decode(r, &rec);
	if (err == ZV_OK) {
		head_of(hash, &rec, &set);
		err = read_ids(txn, key, &set);
	}
	if (err == ZV_OK)
		err = read_text(txn, key, &set);
	zv_db_abort(txn);
	free(txn);
	if (err != ZV_OK)
		zv_store_ruleset_free(&set);
	else
		*ret_set = set;
	return err;
}

void zv_store_ruleset_free(struct zv_ruleset *set)
{
	free(set->ids);
	free(set->text);
	set->ids = NULL;
	set->text = NULL;
}

struct ruleset_walk {
	bool (*fn)(void *arg, const struct zv_ruleset *set);
	void *arg;
};

static bool tell_ruleset(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			 enum zv_err *err)
{
	struct ruleset_walk *w = arg;
	struct zv_ruleset_rec rec;
	struct zv_ruleset set;

	(void)txn;
	if (key->mv_size != 9)
		return bad(err, ZV_ECORRUPT);
	if (((const uint8_t *)key->mv_data)[8] != 0)
		return true;
	*err = zv_ruleset_decode(r, &rec);
	if (*err != ZV_OK)
		return false;
	head_of(zv_get_be64(key->mv_data), &rec, &set);
	return w->fn(w->arg, &set);
}

enum zv_err zv_store_rulesets_each(struct zv_store *store,
				   bool (*fn)(void *arg, const struct zv_ruleset *set), void *arg)
{
	struct ruleset_walk w = {fn, arg};

	return zv_db_walk(store, ZV_T_RULESETS, NULL, tell_ruleset, &w);
}

/* ---- tallies ---- */

struct tally_walk {
	uint32_t campaign;
	int64_t from_bucket;
	bool (*fn)(void *arg, uint32_t campaign, int64_t bucket, const uint32_t n[ZV_FACTS]);
	void *arg;
};

static bool tell_tally(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
		       enum zv_err *err)
{
	struct tally_walk *w = arg;
	const uint8_t *k = key->mv_data;
	uint32_t n[ZV_FACTS], campaign;
	int64_t bucket;

	(void)txn;
	if (key->mv_size != ZV_TALLY_KEY || zv_tally_decode(r, n) != ZV_OK)
		return bad(err, ZV_ECORRUPT);
	campaign = zv_get_be32(k);
	bucket = zv_key_time(zv_get_be64(k + 4));
	if (w->campaign != 0 && campaign != w->campaign)
		return false;
	return bucket < w->from_bucket || w->fn(w->arg, campaign, bucket, n);
}

enum zv_err zv_store_tallies_each(struct zv_store *store, uint32_t campaign, int64_t from_bucket,
				  bool (*fn)(void *arg, uint32_t campaign, int64_t bucket,
					     const uint32_t n[ZV_FACTS]),
				  void *arg)
{
	struct tally_walk w = {campaign, from_bucket, fn, arg};
	uint8_t from[ZV_TALLY_KEY];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_tally_key(from, campaign, campaign != 0 ? from_bucket : INT64_MIN);
	return zv_db_walk(store, ZV_T_TALLIES, &k, tell_tally, &w);
}

/* ---- persons ---- */

static enum zv_err add_person(uint64_t person, uint64_t *v, uint32_t cap, uint32_t *n)
{
	for (uint32_t i = 0; i < *n; i++)
		if (v[i] == person)
			return ZV_OK;
	if (*n == cap)
		return ZV_EFULL;
	v[(*n)++] = person;
	return ZV_OK;
}

static enum zv_err add_owners(struct zv_txn *txn, uint64_t e164, uint64_t *v, uint32_t cap,
			      uint32_t *n)
{
	uint8_t key[8];
	MDB_cursor *c;
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, val;
	enum zv_err err = ZV_OK;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_NUMBERS], &c);

	if (rc != 0)
		return zv_db_err(rc, "numbers");
	zv_put_be64(key, e164);
	for (rc = mdb_cursor_get(c, &k, &val, MDB_SET_RANGE); rc == 0 && err == ZV_OK;
	     rc = mdb_cursor_get(c, &k, &val, MDB_NEXT)) {
		struct zv_r r;

		if (k.mv_size != 12 || zv_get_be64(k.mv_data) != e164)
			break;
		err = zv_db_open_value(&k, &val, &r);
		(void)zv_r_u64(&r);
		if (err == ZV_OK)
			err = add_person(zv_r_u64(&r), v, cap, n);
	}
	mdb_cursor_close(c);
	return err != ZV_OK || rc == 0 || rc == MDB_NOTFOUND ? err : zv_db_err(rc, "numbers");
}

enum zv_err zv_db_erased_find(struct zv_txn *txn, uint64_t e164, uint64_t *ret_person)
{
	uint64_t hash;
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err = zv_db_number_hash(txn, e164, &hash);

	if (err != ZV_OK)
		return err;
	zv_put_be64(key, hash);
	err = zv_db_get(txn, ZV_T_ERASED, key, sizeof(key), &r);
	if (err == ZV_OK)
		*ret_person = zv_r_u64(&r);
	return err == ZV_OK && r.bad ? ZV_ECORRUPT : err;
}

enum zv_err zv_db_persons_of(struct zv_txn *txn, uint64_t e164, uint64_t *ret_persons, uint32_t cap,
			     uint32_t *ret_n)
{
	uint64_t erased;
	enum zv_err err;

	*ret_n = 0;
	err = add_owners(txn, e164, ret_persons, cap, ret_n);
	if (err == ZV_EFULL)
		return ZV_OK; /* as many as there is room for */
	if (err == ZV_OK)
		err = zv_db_erased_find(txn, e164, &erased);
	if (err == ZV_OK)
		(void)add_person(erased, ret_persons, cap, ret_n);
	return err == ZV_ENOENT ? ZV_OK : err;
}

enum zv_err zv_store_persons_of(struct zv_store *store, uint64_t e164, uint64_t *ret_persons,
				uint32_t cap, uint32_t *ret_n)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_persons_of(txn, e164, ret_persons, cap, ret_n);
	zv_db_abort(txn);
	free(txn);
	return err;
}

enum zv_err zv_store_person_get(struct zv_store *store, uint64_t person,
				bool (*fn)(void *arg, const struct zv_person_row *row), void *arg)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_person_rec rec;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = zv_db_person_get(txn, person, &rec);
	zv_db_abort(txn);
	free(txn);
	if (err == ZV_OK) {
		struct zv_person_row row = {.person = person,
					    .external_id = rec.external_id,
					    .jur = rec.jur,
					    .registration = rec.registration,
					    .region = rec.region,
					    .language = rec.language,
					    .erased_ms = rec.erased_ms,
					    .n_numbers = rec.n_numbers};

		for (uint8_t i = 0; i < rec.n_numbers; i++) {
			row.numbers[i].brief = rec.numbers[i];
			row.numbers[i].zone = rec.zones[i];
		}
		(void)fn(arg, &row);
	}
	return err;
}
