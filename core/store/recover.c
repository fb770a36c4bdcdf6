#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "store/apply.h"
#include "store/apply_in.h"

#define LEG_MOST_MS 3600000

struct opens {
	struct zv_open_rec *v;
	uint32_t n, cap;
};

static enum zv_err add(struct opens *o, const struct zv_open_rec *rec)
{
	if (o->n == o->cap) {
		uint32_t cap = o->cap == 0 ? 256 : o->cap * 2;
		struct zv_open_rec *v = realloc(o->v, sizeof(*v) * cap);

		if (v == NULL)
			return ZV_ENOMEM;
		o->v = v;
		o->cap = cap;
	}
	o->v[o->n++] = *rec;
	return ZV_OK;
}

/* At most as many as there were lines.  A damaged one is left for `store check`. */
static enum zv_err gather(struct zv_txn *txn, enum zv_table table, struct opens *o)
{
	MDB_cursor *c;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[table], &c);
	enum zv_err err = ZV_OK;

	if (rc != 0)
		return zv_db_err(rc, "open intents");
	while (err == ZV_OK && (rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		struct zv_open_rec rec;
		struct zv_r r;

		err = zv_db_open_value(&k, &v, &r);
		if (err == ZV_OK)
			err = zv_open_decode(r, &rec);
		if (err == ZV_OK) {
			err = add(o, &rec);
		} else if (err == ZV_ECORRUPT) {
			zv_error("store", "an open intent is damaged: see store check");
			err = ZV_OK;
		}
	}
	mdb_cursor_close(c);
	if (rc != 0 && rc != MDB_NOTFOUND && err == ZV_OK)
		err = zv_db_err(rc, "open intents");
	return err;
}

/* A leg that old is over by itself: its trunk's timers have ended it. */
static enum zv_err forget_old(struct zv_apply *apply, struct opens *legs)
{
	enum zv_err err = ZV_OK;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < legs->n && err == ZV_OK; i++) {
		if (apply->wall_ms - legs->v[i].a.wall_ms > LEG_MOST_MS)
			err = zv_apply_open_del(apply, ZV_T_LEGS, legs->v[i].a.attempt);
		else
			legs->v[kept++] = legs->v[i];
	}
	legs->n = kept;
	return err;
}

enum zv_err zv_store_recover(struct zv_store *store, int64_t now_cal_ms,
			     int64_t (*rest_ms)(void *arg, uint32_t campaign), zv_open_fn fn,
			     void *arg, uint32_t *ret_count)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct opens o = {0}, legs = {0};
	struct zv_apply apply = {.txn = txn, .cal_max = now_cal_ms};
	struct timespec t;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	clock_gettime(CLOCK_REALTIME, &t);
	apply.wall_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	err = zv_db_begin(store, true, txn);
	if (err == ZV_OK)
		err = gather(txn, ZV_T_LEGS, &legs);
	if (err == ZV_OK)
		err = forget_old(&apply, &legs);
	if (err == ZV_OK)
		err = gather(txn, ZV_T_OPEN, &o);
	for (uint32_t i = 0; i < o.n && err == ZV_OK; i++)
		err = zv_apply_unknown(&apply, &o.v[i], now_cal_ms,
				       now_cal_ms + rest_ms(arg, o.v[i].a.campaign));
	if (err == ZV_OK)
		err = zv_apply_finish(&apply);
	if (err == ZV_OK)
		err = zv_db_commit(txn);
	else
		zv_db_abort(txn);
	if (err == ZV_OK) {
		for (uint32_t i = 0; i < o.n && fn != NULL; i++)
			fn(arg, &o.v[i].a);
		for (uint32_t i = 0; i < legs.n && fn != NULL; i++)
			fn(arg, &legs.v[i].a);
		*ret_count = o.n;
	}
	free(legs.v);
	free(o.v);
	free(txn);
	return err;
}

enum zv_err zv_store_open_each(struct zv_store *store, zv_open_fn fn, void *arg)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct opens o = {0};
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = gather(txn, ZV_T_OPEN, &o);
	zv_db_abort(txn);
	for (uint32_t i = 0; i < o.n && err == ZV_OK; i++)
		fn(arg, &o.v[i].a);
	free(o.v);
	free(txn);
	return err;
}
