#include <stdlib.h>

#include "store/db.h"

#define RENEW_ROWS 4096

struct walk {
	struct zv_txn *txn;
	enum zv_table table;
	zv_walk_fn fn;
	void *arg;
	uint8_t key[512]; /* where it stands */
	size_t key_len;
	bool told;  /* the row under key was told already */
	bool ended;
};

static int first_row(struct walk *w, MDB_cursor *c, MDB_val *k, MDB_val *v)
{
	int rc;

	if (w->key_len == 0)
		return mdb_cursor_get(c, k, v, MDB_FIRST);
	k->mv_data = w->key;
	k->mv_size = w->key_len;
	rc = mdb_cursor_get(c, k, v, MDB_SET_RANGE);
	if (rc == 0 && w->told && k->mv_size == w->key_len &&
	    memcmp(k->mv_data, w->key, w->key_len) == 0)
		rc = mdb_cursor_get(c, k, v, MDB_NEXT);
	return rc;
}

/* One transaction's worth. */
static enum zv_err some_rows(struct walk *w)
{
	MDB_cursor *c;
	MDB_val k, v;
	enum zv_err err = ZV_OK;
	int rc = mdb_cursor_open(w->txn->t, w->txn->store->dbi[w->table], &c);

	if (rc != 0)
		return zv_db_err(rc, zv_table_names[w->table]);
	rc = first_row(w, c, &k, &v);
	for (int n = 0; rc == 0 && n < RENEW_ROWS && !w->ended; n++) {
		struct zv_r r;

		if (k.mv_size <= sizeof(w->key)) {
			memcpy(w->key, k.mv_data, k.mv_size);
			w->key_len = k.mv_size;
			w->told = true;
		}
		err = zv_db_open_value(&k, &v, &r);
		if (err == ZV_OK && !w->fn(w->arg, w->txn, &k, r, &err))
			w->ended = true;
		if (err != ZV_OK)
			break;
		rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(c);
	if (rc == MDB_NOTFOUND)
		w->ended = true;
	else if (rc != 0)
		return zv_db_err(rc, zv_table_names[w->table]);
	return err;
}

enum zv_err zv_db_walk(struct zv_store *store, enum zv_table table, const MDB_val *from,
		       zv_walk_fn fn, void *arg)
{
	struct walk w = {.table = table, .fn = fn, .arg = arg};
	enum zv_err err = ZV_OK;

	if (from != NULL && from->mv_size > sizeof(w.key))
		return ZV_EINVAL;
	if (from != NULL) {
		memcpy(w.key, from->mv_data, from->mv_size);
		w.key_len = from->mv_size;
	}
	w.txn = malloc(sizeof(*w.txn));
	if (w.txn == NULL)
		return ZV_ENOMEM;
	while (err == ZV_OK && !w.ended) {
		err = zv_db_begin(store, false, w.txn);
		if (err == ZV_OK)
			err = some_rows(&w);
		zv_db_abort(w.txn);
	}
	free(w.txn);
	return err;
}
