/* Erasing one person, the rest: notes of his talks, requests about him, the ids that leads of his were
 * given under. */
#include <stdlib.h>

#include "store/db.h"
#include "store/erase_in.h"

#define KEYS 256u

struct gather {
	const uint64_t *leads;
	uint32_t n_leads;
	struct { uint16_t n; uint8_t v[4 + ZV_EXTERNAL_MAX]; } keys[KEYS];
	uint32_t n;
};

static bool gather_given(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r,
			 enum zv_err *err)
{
	struct gather *g = arg;
	uint64_t lead = zv_r_u64(&r);

	(void)txn;
	(void)err;
	for (uint32_t i = 0; i < g->n_leads && key->mv_size <= sizeof(g->keys[0].v); i++) {
		if (g->leads[i] != lead)
			continue;
		g->keys[g->n].n = (uint16_t)key->mv_size;
		memcpy(g->keys[g->n++].v, key->mv_data, key->mv_size);
		break;
	}
	return g->n < KEYS;
}

/* The table has no index by lead: it is read from end to end. */
static enum zv_err forget_given(struct zv_store *store, struct zv_txn *txn, struct gather *g)
{
	enum zv_err err;

	do {
		g->n = 0;
		err = zv_db_walk(store, ZV_T_GIVEN, NULL, gather_given, g);
		if (err != ZV_OK || g->n == 0)
			return err;
		err = zv_db_begin(store, true, txn);
		for (uint32_t i = 0; i < g->n && err == ZV_OK; i++) {
			err = zv_db_del(txn, ZV_T_GIVEN, g->keys[i].v, g->keys[i].n);
			err = err == ZV_ENOENT ? ZV_OK : err;
		}
		if (err == ZV_OK)
			err = zv_db_commit(txn);
		else
			zv_db_abort(txn);
	} while (err == ZV_OK && g->n == KEYS);
	return err;
}

enum zv_err zv_erase_note(struct zv_txn *txn, struct zv_attempt_id attempt)
{
	uint8_t key[16];
	enum zv_err err;

	zv_attempt_key(key, attempt);
	err = zv_db_del(txn, ZV_T_NOTES, key, sizeof(key));
	return err == ZV_ENOENT ? ZV_OK : err;
}

enum zv_err zv_erase_work(struct zv_store *store, uint64_t person, const uint64_t *leads,
			  uint32_t n_leads)
{
	struct gather *g = calloc(1, sizeof(*g));
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err = g != NULL && txn != NULL ? ZV_OK : ZV_ENOMEM;

	if (err == ZV_OK && n_leads > 0) {
		g->leads = leads;
		g->n_leads = n_leads;
		err = forget_given(store, txn, g);
	}
	if (err == ZV_OK)
		err = zv_erase_requests(store, txn, person);
	free(txn);
	free(g);
	return err;
}
