/* Marks, suppressions, names and rule sets as people tell of them. */
#include "store/told.h"

#include <stdlib.h>

#include "store/db.h"

static void copy(char to[ZV_TOLD_MAX], const char *text)
{
	size_t n = strnlen(text, ZV_TOLD_MAX - 1);

	/* Cut between characters. */
	while (n > 0 && n < strlen(text) && ((uint8_t)text[n] & 0xc0) == 0x80)
		n--;
	memmove(to, text, n);
	to[n] = 0;
}

/* ---- in a transaction ---- */

/* The entry of a key; of before schema 2 with old.  A damaged one says: do not call. */
static enum zv_err suppress_get(struct zv_txn *txn, const uint8_t *key, bool old,
				struct zv_suppress_rec *ret_rec)
{
	struct zv_r r;
	enum zv_err err = zv_db_get(txn, ZV_T_SUPPRESSIONS, key, old ? 8 : ZV_SUPPRESS_KEY, &r);

	if (err == ZV_OK)
		err = old ? zv_suppress_decode_old(r, ret_rec) : zv_suppress_decode(r, ret_rec);
	if (err != ZV_ECORRUPT && err != ZV_EVERSION)
		return err;
	*ret_rec = (struct zv_suppress_rec){.until_ms = INT64_MAX};
	return ZV_OK;
}

static enum zv_err suppress_write(struct zv_txn *txn, uint8_t *key,
				  const struct zv_suppress_rec *rec)
{
	uint8_t buf[300];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = ZV_SUPPRESS_KEY, .mv_data = key};

	zv_suppress_encode(&w, rec);
	return zv_db_put(txn, ZV_T_SUPPRESSIONS, &k, &w, 0);
}

/* What is told again keeps its words and its beginning, and never ends earlier for it: that
 * only its being taken back does. */
enum zv_err zv_db_suppress_put(struct zv_txn *txn, const struct zv_suppress_row *row)
{
	struct zv_suppress_rec rec;
	uint8_t key[ZV_SUPPRESS_KEY];
	enum zv_err err;

	zv_suppress_key(key, row->kind, row->id, row->campaign);
	err = suppress_get(txn, key, false, &rec);
	if (err == ZV_ENOENT || (err == ZV_OK && rec.until_ms <= row->since_ms))
		rec = (struct zv_suppress_rec){.since_ms = row->since_ms, .until_ms = row->until_ms};
	else if (err != ZV_OK)
		return err;
	if (row->since_ms < rec.since_ms)
		rec.since_ms = row->since_ms;
	if (row->until_ms > rec.until_ms)
		rec.until_ms = row->until_ms;
	rec.source = row->source;
	if (row->reason != NULL)
		copy(rec.reason, row->reason);
	return suppress_write(txn, key, &rec);
}

enum zv_err zv_db_suppress_end(struct zv_txn *txn, const struct zv_suppress_row *row)
{
	struct zv_suppress_rec rec, was;
	uint8_t key[ZV_SUPPRESS_KEY], old[8];
	enum zv_err err, err_old = ZV_ENOENT;

	zv_suppress_key(key, row->kind, row->id, row->campaign);
	zv_put_be64(old, row->id);
	err = suppress_get(txn, key, false, &rec);
	if (row->kind == ZV_SUPPRESS_NUMBER && row->campaign == 0)
		err_old = suppress_get(txn, old, true, &was);
	if (err_old == ZV_OK) {
		/* What stays on record has the key of today. */
		rec = err == ZV_OK && rec.since_ms < was.since_ms ? rec : was;
		rec.until_ms = INT64_MAX;
		err = zv_db_del(txn, ZV_T_SUPPRESSIONS, old, sizeof(old));
	} else if (err_old != ZV_ENOENT) {
		return err_old;
	}
	if (err != ZV_OK)
		return err;
	if (rec.until_ms <= row->until_ms)
		return ZV_ENOENT;
	rec.until_ms = row->until_ms;
	return suppress_write(txn, key, &rec);
}

enum zv_err zv_db_suppressed(struct zv_txn *txn, uint64_t e164, int64_t at_ms, bool *ret_yes)
{
	struct zv_suppress_rec rec;
	uint8_t key[ZV_SUPPRESS_KEY], old[8];
	enum zv_err err;

	zv_put_be64(old, e164);
	zv_suppress_key(key, ZV_SUPPRESS_NUMBER, e164, 0);
	err = suppress_get(txn, old, true, &rec);
	if (err == ZV_ENOENT)
		err = suppress_get(txn, key, false, &rec);
	*ret_yes = err == ZV_OK && rec.until_ms > at_ms;
	return err == ZV_ENOENT ? ZV_OK : err;
}

/* Words for one that stands: the dates are the engine's. */
static enum zv_err suppress_words(struct zv_txn *txn, const struct zv_suppress_row *row)
{
	struct zv_suppress_rec rec;
	uint8_t key[ZV_SUPPRESS_KEY];
	enum zv_err err;

	zv_suppress_key(key, row->kind, row->id, row->campaign);
	err = suppress_get(txn, key, false, &rec);
	if (err != ZV_OK)
		return err;
	copy(rec.reason, row->reason);
	return suppress_write(txn, key, &rec);
}

enum zv_err zv_db_name_put(struct zv_txn *txn, const char *text)
{
	uint8_t key[8], buf[300];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	enum zv_err err;

	zv_put_be64(key, zv_rule_name(text, strlen(text)));
	zv_w_text(&w, text, ZV_TOLD_MAX - 1);
	err = zv_db_put(txn, ZV_T_NAMES, &k, &w, MDB_NOOVERWRITE);
	return err == ZV_EEXIST ? ZV_OK : err;
}

enum zv_err zv_db_name_get(struct zv_txn *txn, uint64_t name, char ret_text[ZV_TOLD_MAX])
{
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err;

	ret_text[0] = 0;
	zv_put_be64(key, name);
	err = zv_db_get(txn, ZV_T_NAMES, key, sizeof(key), &r);
	if (err == ZV_OK)
		zv_r_text(&r, ret_text, ZV_TOLD_MAX);
	return err == ZV_ENOENT || err == ZV_ECORRUPT || err == ZV_EVERSION ? ZV_OK : err;
}

enum zv_err zv_db_mark_put(struct zv_txn *txn, const struct zv_mark_row *row)
{
	uint8_t key[ZV_MARK_KEY], buf[500];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	struct zv_mark_rec rec;
	struct zv_r r;
	enum zv_err err;

	zv_mark_key(key, row->person, &row->mark);
	err = zv_db_get(txn, ZV_T_MARKS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_mark_decode(r, &rec);
	if (err == ZV_ENOENT || err == ZV_ECORRUPT || err == ZV_EVERSION) {
		memset(&rec, 0, sizeof(rec));
		err = ZV_OK;
	}
	if (err == ZV_OK && row->name != NULL)
		copy(rec.name, row->name);
	if (err == ZV_OK && rec.name[0] == 0)
		err = zv_db_name_get(txn, row->mark.name, rec.name);
	if (err != ZV_OK)
		return err;
	rec.from_ms = row->mark.from_ms;
	rec.to_ms = row->mark.to_ms;
	rec.set_ms = row->set_ms;
	rec.source = row->source;
	if (row->reason != NULL)
		copy(rec.reason, row->reason);
	zv_mark_encode(&w, &rec);
	return zv_db_put(txn, ZV_T_MARKS, &k, &w, 0);
}

/* Words for one that stands: its dates are the engine's. */
static enum zv_err mark_words(struct zv_txn *txn, const struct zv_mark_row *row)
{
	uint8_t key[ZV_MARK_KEY];
	struct zv_mark_row now = *row;
	struct zv_mark_rec rec;
	struct zv_r r;
	enum zv_err err;

	zv_mark_key(key, row->person, &row->mark);
	err = zv_db_get(txn, ZV_T_MARKS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_mark_decode(r, &rec);
	if (err != ZV_OK)
		return err;
	now.mark.from_ms = rec.from_ms;
	now.mark.to_ms = rec.to_ms;
	now.set_ms = rec.set_ms;
	now.source = rec.source;
	return zv_db_mark_put(txn, &now);
}

/* ---- each in a transaction of its own ---- */

struct told {
	enum zv_err (*put)(struct zv_txn *txn, const void *what);
	const void *what;
};

static enum zv_err in_txn(struct zv_store *store, const struct told *told)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, true, txn);
	if (err == ZV_OK)
		err = told->put(txn, told->what);
	if (err == ZV_OK)
		err = zv_db_commit(txn);
	else
		zv_db_abort(txn);
	free(txn);
	return err;
}

static enum zv_err suppress_in(struct zv_txn *txn, const void *what)
{
	return zv_db_suppress_put(txn, what);
}

struct suppress_many {
	const struct zv_suppress_row *rows;
	size_t n;
};

static enum zv_err suppress_all_in(struct zv_txn *txn, const void *what)
{
	const struct suppress_many *many = what;
	enum zv_err err = ZV_OK;

	for (size_t i = 0; i < many->n && err == ZV_OK; i++)
		err = zv_db_suppress_put(txn, &many->rows[i]);
	return err;
}

enum zv_err zv_store_suppress_put_all(struct zv_store *store, const struct zv_suppress_row *rows,
				      size_t n)
{
	struct suppress_many many = {rows, n};

	for (size_t i = 0; i < n; i++)
		if ((rows[i].kind != ZV_SUPPRESS_NUMBER && rows[i].kind != ZV_SUPPRESS_PERSON) ||
		    rows[i].id == 0)
			return ZV_EINVAL;
	return in_txn(store, &(struct told){suppress_all_in, &many});
}

enum zv_err zv_store_suppress_put(struct zv_store *store, const struct zv_suppress_row *row)
{
	if ((row->kind != ZV_SUPPRESS_NUMBER && row->kind != ZV_SUPPRESS_PERSON) || row->id == 0)
		return ZV_EINVAL;
	return in_txn(store, &(struct told){suppress_in, row});
}

enum zv_err zv_store_suppress(struct zv_store *store, uint64_t e164, const char *why,
			      int64_t now_cal_ms)
{
	struct zv_suppress_row row = {
		.kind = ZV_SUPPRESS_NUMBER,
		.source = ZV_SUPPRESS_OPERATOR,
		.id = e164,
		.since_ms = now_cal_ms,
		.until_ms = INT64_MAX,
		.reason = why,
	};

	return zv_store_suppress_put(store, &row);
}

static enum zv_err end_in(struct zv_txn *txn, const void *what)
{
	return zv_db_suppress_end(txn, what);
}

enum zv_err zv_store_suppress_end(struct zv_store *store, const struct zv_suppress_row *row)
{
	return in_txn(store, &(struct told){end_in, row});
}

static enum zv_err suppress_words_in(struct zv_txn *txn, const void *what)
{
	return suppress_words(txn, what);
}

enum zv_err zv_store_suppress_words(struct zv_store *store, const struct zv_suppress_row *row)
{
	return in_txn(store, &(struct told){suppress_words_in, row});
}

static enum zv_err mark_in(struct zv_txn *txn, const void *what)
{
	const struct zv_mark_row *row = what;
	enum zv_err err = row->name != NULL && row->name[0] != 0 ? zv_db_name_put(txn, row->name)
								 : ZV_OK;

	return err == ZV_OK ? zv_db_mark_put(txn, row) : err;
}

enum zv_err zv_store_mark_put(struct zv_store *store, const struct zv_mark_row *row)
{
	if (row->person == 0 || row->mark.kind < ZV_MARK_FLAG || row->mark.kind > ZV_MARK_OVERRIDE ||
	    (row->name != NULL && row->name[0] != 0 &&
	     zv_rule_name(row->name, strlen(row->name)) != row->mark.name))
		return ZV_EINVAL;
	return in_txn(store, &(struct told){mark_in, row});
}

static enum zv_err mark_words_in(struct zv_txn *txn, const void *what)
{
	return mark_words(txn, what);
}

enum zv_err zv_store_mark_words(struct zv_store *store, const struct zv_mark_row *row)
{
	return in_txn(store, &(struct told){mark_words_in, row});
}

static enum zv_err name_in(struct zv_txn *txn, const void *what)
{
	return zv_db_name_put(txn, what);
}

enum zv_err zv_store_name_put(struct zv_store *store, const char *text)
{
	if (text[0] == 0 || strlen(text) >= ZV_TOLD_MAX)
		return ZV_EINVAL;
	return in_txn(store, &(struct told){name_in, text});
}

/* ---- rule sets ---- */

struct archive {
	const struct zv_rules *rules;
	int64_t now_ms;
	const char *text;
	size_t len;
};

static enum zv_err put_ids(struct zv_txn *txn, const struct zv_rules *rules, uint8_t key[9])
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = 9, .mv_data = key};

	key[8] = 1;
	for (uint32_t i = 0; i < rules->n; i++)
		zv_w_text(&w, rules->v[i].id, sizeof(rules->v[i].id) - 1);
	return zv_db_put(txn, ZV_T_RULESETS, &k, &w, 0);
}

static enum zv_err put_text(struct zv_txn *txn, const char *text, size_t len, uint8_t key[9])
{
	uint8_t *buf = malloc(len + 8);
	struct zv_w w;
	MDB_val k = {.mv_size = 9, .mv_data = key};
	enum zv_err err;

	if (buf == NULL)
		return ZV_ENOMEM;
	key[8] = 2;
	w = zv_w_begin(buf, len + 8, ZV_RECORD_VERSION);
	zv_w_bytes(&w, text, len);
	err = zv_db_put(txn, ZV_T_RULESETS, &k, &w, 0);
	free(buf);
	return err;
}

static enum zv_err archive_in(struct zv_txn *txn, const void *what)
{
	const struct archive *a = what;
	uint8_t key[9], buf[64];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	struct zv_ruleset_rec rec;
	struct zv_r r;
	enum zv_err err;
	bool fresh;

	zv_put_be64(key, a->rules->hash);
	key[8] = 0;
	err = zv_db_get(txn, ZV_T_RULESETS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_ruleset_decode(r, &rec);
	fresh = err == ZV_ENOENT || err == ZV_ECORRUPT;
	if (err != ZV_OK && !fresh)
		return err;
	if (fresh)
		rec = (struct zv_ruleset_rec){.first_ms = a->now_ms};
	rec.last_ms = a->now_ms;
	rec.n = (uint16_t)a->rules->n;
	rec.text_len = (uint32_t)a->len;
	memcpy(rec.tz_version, a->rules->tz_version, sizeof(rec.tz_version));
	rec.tz_version[sizeof(rec.tz_version) - 1] = 0;
	zv_ruleset_encode(&w, &rec);
	err = zv_db_put(txn, ZV_T_RULESETS, &k, &w, 0);
	if (err == ZV_OK && fresh)
		err = put_ids(txn, a->rules, key);
	if (err == ZV_OK && fresh)
		err = put_text(txn, a->text, a->len, key);
	return err;
}

enum zv_err zv_store_ruleset_put(struct zv_store *store, const struct zv_rules *rules,
				 int64_t now_cal_ms, const char *text, size_t len)
{
	struct archive a = {rules, now_cal_ms, text, len};

	if (rules->n > ZV_RULES_MAX || len > UINT32_MAX / 2)
		return ZV_EINVAL;
	return in_txn(store, &(struct told){archive_in, &a});
}
