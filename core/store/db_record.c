#include "store/db.h"

static MDB_val key_of(uint8_t *key, size_t n)
{
	return (MDB_val){.mv_size = n, .mv_data = key};
}

enum zv_err zv_db_lead_get(struct zv_txn *txn, uint64_t lead, struct zv_lead_rec *ret_rec)
{
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err;

	zv_put_be64(key, lead);
	err = zv_db_get(txn, ZV_T_LEADS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_lead_decode(r, ret_rec);
	if (err != ZV_OK)
		return err;
	/* Writing may move the page that attrs points into. */
	memcpy(txn->attrs, ret_rec->attrs, ret_rec->attrs_len);
	ret_rec->attrs = txn->attrs;
	return ZV_OK;
}

enum zv_err zv_db_lead_put(struct zv_txn *txn, uint64_t lead, const struct zv_lead_rec *rec)
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION);
	uint8_t key[8];
	MDB_val k = key_of(key, sizeof(key));

	zv_put_be64(key, lead);
	zv_lead_encode(&w, rec);
	return zv_db_put(txn, ZV_T_LEADS, &k, &w, 0);
}

enum zv_err zv_db_person_get(struct zv_txn *txn, uint64_t person, struct zv_person_rec *ret_rec)
{
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err;

	zv_put_be64(key, person);
	err = zv_db_get(txn, ZV_T_PERSONS, key, sizeof(key), &r);
	return err == ZV_OK ? zv_person_decode(r, ret_rec) : err;
}

enum zv_err zv_db_person_put(struct zv_txn *txn, uint64_t person, const struct zv_person_rec *rec)
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION);
	uint8_t key[8];
	MDB_val k = key_of(key, sizeof(key));

	zv_put_be64(key, person);
	zv_person_encode(&w, rec);
	return zv_db_put(txn, ZV_T_PERSONS, &k, &w, 0);
}

/* Remembers the lowest due time that was put in, a campaign and class, for after the commit. */
static void note_low(struct zv_txn *txn, uint32_t campaign, uint8_t class, int64_t due_ms)
{
	uint16_t slot = (uint16_t)(campaign % ZV_LOW_SLOTS);

	for (uint32_t i = 0; i < txn->n_lows; i++) {
		if (txn->lows[i].slot == slot && txn->lows[i].class == class) {
			if (due_ms < txn->lows[i].ms)
				txn->lows[i].ms = due_ms;
			return;
		}
	}
	if (txn->n_lows == sizeof(txn->lows) / sizeof(txn->lows[0])) {
		txn->low_all = true;
		return;
	}
	txn->lows[txn->n_lows].slot = slot;
	txn->lows[txn->n_lows].class = class;
	txn->lows[txn->n_lows++].ms = due_ms;
}

enum zv_err zv_db_due_move(struct zv_txn *txn, uint64_t lead, struct zv_lead_rec *rec,
			   uint8_t class, int64_t due_ms)
{
	uint32_t campaign = zv_lead_campaign(lead);
	uint8_t key[ZV_DUE_KEY];
	MDB_val k = key_of(key, sizeof(key));
	enum zv_err err;

	if (rec->due_ms != 0) {
		zv_due_key(key, campaign, rec->due_class, rec->due_ms, lead);
		err = zv_db_del(txn, ZV_T_DUE, key, sizeof(key));
		/* A missing entry is a finding for `store check`, not a reason to stop. */
		if (err != ZV_OK && err != ZV_ENOENT)
			return err;
	}
	rec->due_ms = due_ms;
	if (due_ms != 0) {
		uint8_t buf[16];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);

		rec->due_class = class;
		zv_due_key(key, campaign, class, due_ms, lead);
		err = zv_db_put(txn, ZV_T_DUE, &k, &w, 0);
		if (err != ZV_OK)
			return err;
		note_low(txn, campaign, class, due_ms);
	}
	return ZV_OK;
}

enum zv_err zv_db_ask_set(struct zv_txn *txn, uint64_t lead, bool on)
{
	uint8_t key[8], buf[16];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = key_of(key, sizeof(key));
	enum zv_err err;

	zv_put_be64(key, lead);
	if (on) {
		txn->asks = true;
		return zv_db_put(txn, ZV_T_ASKS, &k, &w, 0);
	}
	err = zv_db_del(txn, ZV_T_ASKS, key, sizeof(key));
	return err == ZV_ENOENT ? ZV_OK : err;
}

enum zv_err zv_db_log(struct zv_txn *txn, struct zv_log_row *row)
{
	uint8_t key[8], buf[256];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = key_of(key, sizeof(key));
	enum zv_err err;

	if (txn->log_seq == 0) {
		MDB_val last;

		err = zv_db_last_key(txn, ZV_T_ATTEMPTS, NULL, &last);
		if (err == ZV_OK && last.mv_size == 8)
			txn->log_seq = zv_get_be64(last.mv_data) + 1;
		else if (err == ZV_ENOENT)
			txn->log_seq = 1;
		else
			return err != ZV_OK ? err : ZV_ECORRUPT;
	}
	row->seq = txn->log_seq++;
	zv_put_be64(key, row->seq);
	zv_log_encode(&w, row);
	return zv_db_put(txn, ZV_T_ATTEMPTS, &k, &w, MDB_APPEND);
}

static void camp_key(uint8_t *key, uint32_t campaign, uint8_t part)
{
	zv_put_be32(key, campaign);
	key[4] = part;
}

static enum zv_err camp_write(struct zv_txn *txn, struct zv_camp *camp)
{
	uint8_t key[5], buf[512];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = key_of(key, sizeof(key));

	camp_key(key, camp->id, 1);
	zv_counts_encode(&w, &camp->c);
	camp->dirty = false;
	return zv_db_put(txn, ZV_T_CAMPAIGNS, &k, &w, 0);
}

enum zv_err zv_db_camps_flush(struct zv_txn *txn)
{
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < txn->n_camps && err == ZV_OK; i++)
		if (txn->camps[i].dirty)
			err = camp_write(txn, &txn->camps[i]);
	return err;
}

enum zv_err zv_db_camp(struct zv_txn *txn, uint32_t campaign, struct zv_camp **ret_camp)
{
	struct zv_camp *camp;
	uint8_t key[5];
	struct zv_r r;
	enum zv_err err;

	for (uint32_t i = 0; i < txn->n_camps; i++) {
		if (txn->camps[i].id == campaign) {
			*ret_camp = &txn->camps[i];
			return ZV_OK;
		}
	}
	camp_key(key, campaign, 1);
	err = zv_db_get(txn, ZV_T_CAMPAIGNS, key, sizeof(key), &r);
	if (err != ZV_OK)
		return err;
	if (txn->n_camps == ZV_CAMPS_CACHED)
		return ZV_EAGAIN; /* the caller commits: a batch of more campaigns than that */
	camp = &txn->camps[txn->n_camps];
	err = zv_counts_decode(r, &camp->c);
	if (err != ZV_OK)
		return err;
	camp->id = campaign;
	camp->dirty = false;
	camp->completed = false;
	txn->n_camps++;
	*ret_camp = camp;
	return ZV_OK;
}

enum zv_err zv_db_meta_get(struct zv_txn *txn, const char *name, uint64_t *ret_value)
{
	struct zv_r r;
	enum zv_err err = zv_db_get(txn, ZV_T_META, name, strlen(name), &r);

	if (err != ZV_OK)
		return err;
	*ret_value = zv_r_u64(&r);
	return r.bad || r.left != 0 ? ZV_ECORRUPT : ZV_OK;
}

enum zv_err zv_db_meta_put(struct zv_txn *txn, const char *name, uint64_t value)
{
	uint8_t buf[16];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};

	zv_w_u64(&w, value);
	return zv_db_put(txn, ZV_T_META, &k, &w, 0);
}
