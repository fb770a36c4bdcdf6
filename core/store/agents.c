/* Table agents: user's name -> number.  A number is given once and kept: leads and the log name their
 * agent by it. */
#include <stdlib.h>

#include "store/card.h"
#include "store/db.h"

static enum zv_err get(struct zv_txn *txn, const char *name, uint32_t *ret_id)
{
	struct zv_r r;
	enum zv_err err = zv_db_get(txn, ZV_T_AGENTS, name, strlen(name), &r);

	if (err != ZV_OK)
		return err;
	*ret_id = zv_r_u32(&r);
	return r.bad || r.left != 0 ? ZV_ECORRUPT : ZV_OK;
}

static enum zv_err put(struct zv_txn *txn, const char *name, uint32_t id)
{
	uint8_t buf[16];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};

	zv_w_u32(&w, id);
	return zv_db_put(txn, ZV_T_AGENTS, &k, &w, 0);
}

/* *ret_missing: how many have no number yet. */
static enum zv_err get_all(struct zv_txn *txn, const char *const *names, uint32_t n, uint32_t *ret_ids,
			   uint32_t *ret_missing)
{
	enum zv_err err = ZV_OK;

	*ret_missing = 0;
	for (uint32_t i = 0; i < n && err == ZV_OK; i++) {
		err = get(txn, names[i], &ret_ids[i]);
		if (err == ZV_ENOENT) {
			ret_ids[i] = 0;
			(*ret_missing)++;
			err = ZV_OK;
		}
	}
	return err;
}

static enum zv_err give(struct zv_txn *txn, const char *const *names, uint32_t n, uint32_t *ret_ids)
{
	MDB_stat stat;
	enum zv_err err = zv_db_err(mdb_stat(txn->t, txn->store->dbi[ZV_T_AGENTS], &stat), "agents");
	uint32_t next = err == ZV_OK ? (uint32_t)stat.ms_entries + 1 : 0;

	for (uint32_t i = 0; i < n && err == ZV_OK; i++) {
		if (ret_ids[i] != 0)
			continue;
		ret_ids[i] = next++;
		err = put(txn, names[i], ret_ids[i]);
	}
	return err;
}

enum zv_err zv_store_agents_put(struct zv_store *store, const char *const *names, uint32_t n,
				uint32_t *ret_ids)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	uint32_t missing = 0;
	enum zv_err err = txn != NULL ? ZV_OK : ZV_ENOMEM;

	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		if (names[i][0] == 0 || strlen(names[i]) > ZV_USER_MAX)
			err = ZV_EINVAL;
	if (err == ZV_OK)
		err = zv_db_begin(store, false, txn);
	if (err == ZV_OK) {
		err = get_all(txn, names, n, ret_ids, &missing);
		zv_db_abort(txn);
	}
	if (err == ZV_OK && missing > 0) {
		err = zv_db_begin(store, true, txn);
		if (err == ZV_OK)
			err = get_all(txn, names, n, ret_ids, &missing);
		if (err == ZV_OK)
			err = give(txn, names, n, ret_ids);
		if (err == ZV_OK)
			err = zv_db_commit(txn);
		else
			zv_db_abort(txn);
	}
	free(txn);
	return err;
}
