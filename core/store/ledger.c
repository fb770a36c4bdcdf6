/* The ledger: rows a person and the campaigns' tallies that move with them. */
#include "store/db.h"

#include "dial/rules/tally.h"

#define AT_INTENT                                                                              \
	(ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_RING) | \
	 ZV_FACT_BIT(ZV_FACT_MESSAGE) | ZV_FACT_BIT(ZV_FACT_VISIT) |                            \
	 ZV_FACT_BIT(ZV_FACT_DIAL_SECONDS))
#define AT_END                                                                                 \
	(ZV_FACT_BIT(ZV_FACT_ABANDON) | ZV_FACT_BIT(ZV_FACT_SILENT) |                          \
	 ZV_FACT_BIT(ZV_FACT_CONVERSATION) | ZV_FACT_BIT(ZV_FACT_REFUSAL))

/* As the rules date them: the try at its intent, an answer when it came, a talk, a refusal or an
 * abandonment when it was over. */
uint32_t zv_fact_times(const struct zv_contact *contact, struct zv_fact_time ret_v[ZV_FACT_TIMES])
{
	const struct zv_contact *c = contact;
	const struct zv_fact_time all[ZV_FACT_TIMES] = {
		{c->at_ms, (uint16_t)(c->facts & AT_INTENT)},
		{c->at_ms + (int64_t)c->connect_s * 1000,
		 (uint16_t)(c->facts & ~(unsigned)(AT_INTENT | AT_END))},
		{c->at_ms + (int64_t)c->end_s * 1000, (uint16_t)(c->facts & AT_END)},
	};
	uint32_t n = 0;

	for (uint32_t i = 0; i < ZV_FACT_TIMES; i++)
		if (all[i].facts != 0)
			ret_v[n++] = all[i];
	return n;
}

/* Rounds down, before 1970 too. */
static int64_t bucket_of(int64_t at_ms)
{
	return at_ms / ZV_TALLY_MS - (at_ms % ZV_TALLY_MS < 0);
}

static enum zv_err tally_one(struct zv_txn *txn, uint32_t campaign, const struct zv_fact_time *at,
			     bool add)
{
	uint8_t key[ZV_TALLY_KEY], buf[128];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	uint32_t n[ZV_FACTS] = {0};
	struct zv_r r;
	enum zv_err err;

	zv_tally_key(key, campaign, bucket_of(at->at_ms));
	err = zv_db_get(txn, ZV_T_TALLIES, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_tally_decode(r, n);
	/* A damaged bucket begins anew: `store check` tells of it, calls go on. */
	if (err != ZV_OK && err != ZV_ENOENT && err != ZV_ECORRUPT)
		return err;
	for (uint32_t i = 0; i < ZV_FACTS; i++) {
		if ((at->facts >> i & 1) == 0)
			continue;
		if (add)
			n[i] += n[i] < UINT32_MAX;
		else
			n[i] -= n[i] > 0;
	}
	zv_tally_encode(&w, n);
	return zv_db_put(txn, ZV_T_TALLIES, &k, &w, 0);
}

static enum zv_err tally(struct zv_txn *txn, const struct zv_contact *c, bool add)
{
	struct zv_fact_time at[ZV_FACT_TIMES];
	uint32_t n = c->campaign != 0 ? zv_fact_times(c, at) : 0;
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		err = tally_one(txn, c->campaign, &at[i], add);
	return err;
}

enum zv_err zv_db_ledger_row(const MDB_val *key, struct zv_r r, struct zv_ledger_row *ret_row)
{
	const uint8_t *k = key->mv_data;
	enum zv_err err = key->mv_size == ZV_LEDGER_KEY ? zv_ledger_decode(r, ret_row) : ZV_ECORRUPT;

	if (err != ZV_OK)
		return err;
	ret_row->person = zv_get_be64(k);
	ret_row->contact.at_ms = zv_key_time(zv_get_be64(k + 8));
	ret_row->contact.attempt.hi = zv_get_be64(k + 16);
	ret_row->contact.attempt.lo = zv_get_be64(k + 24);
	return ZV_OK;
}

enum zv_err zv_db_ledger_put(struct zv_txn *txn, const struct zv_ledger_row *row)
{
	const struct zv_contact *c = &row->contact;
	uint8_t key[ZV_LEDGER_KEY], buf[96];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	struct zv_ledger_row old;
	struct zv_r r;
	enum zv_err err;

	zv_ledger_key(key, row->person, c->at_ms, c->attempt);
	err = zv_db_get(txn, ZV_T_LEDGER, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_db_ledger_row(&k, r, &old);
	/* Rows of before schema 2 never were in a tally. */
	if (err == ZV_OK && old.version >= 2)
		err = tally(txn, &old.contact, false);
	if (err != ZV_OK && err != ZV_ENOENT && err != ZV_ECORRUPT)
		return err;
	zv_ledger_encode(&w, row);
	err = zv_db_put(txn, ZV_T_LEDGER, &k, &w, 0);
	return err == ZV_OK ? tally(txn, c, true) : err;
}

/* Newest first: what is looked for is one of the last. */
enum zv_err zv_db_ledger_find(struct zv_txn *txn, uint64_t person, struct zv_attempt_id attempt,
			      struct zv_ledger_row *ret_row)
{
	uint8_t after[8];
	MDB_cursor *c;
	MDB_val k = {.mv_size = sizeof(after), .mv_data = after}, v;
	enum zv_err err = ZV_ENOENT;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_LEDGER], &c);

	if (rc != 0)
		return zv_db_err(rc, "ledger");
	zv_put_be64(after, person + 1);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	rc = mdb_cursor_get(c, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
	while (rc == 0 && k.mv_size == ZV_LEDGER_KEY && zv_get_be64(k.mv_data) == person) {
		const uint8_t *key = k.mv_data;
		struct zv_r r;

		if (zv_get_be64(key + 16) == attempt.hi && zv_get_be64(key + 24) == attempt.lo) {
			err = zv_db_open_value(&k, &v, &r);
			if (err == ZV_OK)
				err = zv_db_ledger_row(&k, r, ret_row);
			break;
		}
		rc = mdb_cursor_get(c, &k, &v, MDB_PREV);
	}
	mdb_cursor_close(c);
	return rc != 0 && rc != MDB_NOTFOUND ? zv_db_err(rc, "ledger") : err;
}

enum zv_err zv_db_number_hash(struct zv_txn *txn, uint64_t e164, uint64_t *ret_hash)
{
	uint8_t bytes[8];
	enum zv_err err = ZV_OK;

	if (!txn->secret_known) {
		err = zv_db_meta_get(txn, ZV_META_SECRET0, &txn->secret.k0);
		if (err == ZV_OK)
			err = zv_db_meta_get(txn, ZV_META_SECRET1, &txn->secret.k1);
		if (err != ZV_OK)
			return err;
		txn->secret_known = true;
	}
	zv_put_be64(bytes, e164);
	*ret_hash = zv_siphash(&txn->secret, bytes, sizeof(bytes)) | ZV_NUMBER_HASHED;
	return ZV_OK;
}
