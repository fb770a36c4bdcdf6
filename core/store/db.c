#include "store/db.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"

#define SHORT_WRITE_BYTES (UINT64_C(1) << 20) /* more than LMDB writes at once */

const char *const zv_table_names[ZV_T_MAX] = {
	"meta", "campaigns", "leads", "persons", "numbers", "externals", "due", "asks", "attempts",
	"open", "ledger", "callbacks", "suppressions", "outbox", "requests", "agents", "legs",
	"marks", "registries", "evidence", "rulesets", "tallies", "erased", "names",
	"given", "tasks", "notes", "recordings",
};

enum zv_err zv_db_err(int rc, const char *doing)
{
	switch (rc) {
	case 0: return ZV_OK;
	case MDB_NOTFOUND: return ZV_ENOENT;
	case MDB_KEYEXIST: return ZV_EEXIST;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT: return ZV_EFULL;
	case ENOMEM: return ZV_ENOMEM;
	case ENOENT: return ZV_ENOENT;
	case MDB_VERSION_MISMATCH:
		zv_error("store", "%s: %s", doing, mdb_strerror(rc));
		return ZV_EVERSION;
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INCOMPATIBLE:
		zv_error("store", "%s: %s", doing, mdb_strerror(rc));
		return ZV_ECORRUPT;
	default:
		zv_error("store", "%s: %s", doing, mdb_strerror(rc));
		return ZV_EIO;
	}
}

enum zv_err zv_db_begin(struct zv_store *store, bool write, struct zv_txn *txn)
{
	txn->store = store;
	txn->t = NULL;
	txn->log_seq = 0;
	txn->n_camps = 0;
	txn->n_lows = 0;
	txn->low_all = false;
	txn->asks = false;
	txn->secret_known = false;
	txn->told = 0;
	return zv_db_err(mdb_txn_begin(store->env, NULL, write ? 0 : MDB_RDONLY, &txn->t),
			 "begin a transaction");
}

void zv_db_abort(struct zv_txn *txn)
{
	if (txn->t != NULL)
		mdb_txn_abort(txn->t);
	txn->t = NULL;
}

enum zv_err zv_db_read(struct zv_store *store, zv_txn_fn fn, void *arg)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = fn(txn, arg);
	zv_db_abort(txn);
	free(txn);
	return err;
}

enum zv_err zv_db_write(struct zv_store *store, zv_txn_fn fn, void *arg)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, true, txn);
	if (err == ZV_OK)
		err = fn(txn, arg);
	if (err == ZV_OK)
		err = zv_db_commit(txn);
	else
		zv_db_abort(txn);
	free(txn);
	return err;
}

static void lower(_Atomic int64_t *low, int64_t ms)
{
	int64_t old = atomic_load_explicit(low, memory_order_relaxed);

	while (ms < old && !atomic_compare_exchange_weak_explicit(
				   low, &old, ms, memory_order_release, memory_order_relaxed))
		;
}

/* The lookahead reads the marks before it begins its transaction: it may look at something
 * again in vain, but never misses an entry. */
static void tell_lookahead(struct zv_txn *txn)
{
	struct zv_store *s = txn->store;
	int fd = atomic_load_explicit(&s->wake_fd, memory_order_acquire);
	uint64_t one = 1;

	for (uint32_t i = 0; i < txn->n_lows; i++)
		lower(&s->low[txn->lows[i].slot][txn->lows[i].class], txn->lows[i].ms);
	if (txn->low_all)
		for (uint32_t i = 0; i < ZV_LOW_SLOTS; i++)
			for (uint32_t c = 0; c <= ZV_DUE_LATER; c++)
				lower(&s->low[i][c], INT64_MIN);
	if (txn->asks)
		atomic_fetch_add_explicit(&s->asks_changed, 1, memory_order_release);
	if (txn->told != 0)
		atomic_store_explicit(&s->told_txn, txn->told, memory_order_release);
	if (fd >= 0 && (txn->n_lows > 0 || txn->asks || txn->told != 0)) {
		ssize_t ignored = write(fd, &one, sizeof(one));
		(void)ignored; /* EAGAIN: it is awake */
	}
}

/* LMDB says EIO, not ENOSPC, when the last bytes of a disk took but a part of its pages.  Those pages
 * belong to no root yet: the next try writes its own.  After a root that failed LMDB refuses all. */
static bool disk_is_full(const struct zv_store *store)
{
	struct statvfs vfs;

	return fstatvfs(store->dir_fd, &vfs) == 0 &&
	       (uint64_t)vfs.f_bavail * vfs.f_frsize < SHORT_WRITE_BYTES;
}

enum zv_err zv_db_commit(struct zv_txn *txn)
{
	enum zv_err err = zv_db_camps_flush(txn);
	int rc;

	if (err != ZV_OK) {
		zv_db_abort(txn);
		return err;
	}
	rc = mdb_txn_commit(txn->t);
	txn->t = NULL; /* freed by commit, also when it failed */
	if (rc == EIO && disk_is_full(txn->store))
		rc = ENOSPC;
	err = zv_db_err(rc, "commit");
	if (err == ZV_OK)
		tell_lookahead(txn);
	return err;
}

enum zv_err zv_db_open_value(const MDB_val *key, const MDB_val *value, struct zv_r *ret_r)
{
	const uint8_t *p = value->mv_data;
	size_t n = value->mv_size;

	if (n < 5)
		return ZV_ECORRUPT;
	if (zv_crc32c(zv_crc32c(0, key->mv_data, key->mv_size), p, n - 4) !=
	    zv_get_be32(p + n - 4))
		return ZV_ECORRUPT;
	if (p[0] > ZV_RECORD_VERSION)
		return ZV_EVERSION;
	if (p[0] == 0)
		return ZV_ECORRUPT;
	*ret_r = (struct zv_r){.p = p + 1, .left = n - 5, .version = p[0]};
	return ZV_OK;
}

enum zv_err zv_db_get(struct zv_txn *txn, enum zv_table table, const void *key, size_t key_len,
		      struct zv_r *ret_r)
{
	MDB_val k = {.mv_size = key_len, .mv_data = (void *)(uintptr_t)key};
	MDB_val v;
	int rc = mdb_get(txn->t, txn->store->dbi[table], &k, &v);
	enum zv_err err;

	if (rc != 0)
		return zv_db_err(rc, zv_table_names[table]);
	err = zv_db_open_value(&k, &v, ret_r);
	if (err != ZV_OK)
		zv_error("store", "table %s: a value is %s", zv_table_names[table],
			 err == ZV_EVERSION ? "of a newer version" : "damaged");
	return err;
}

void zv_db_seal(struct zv_w *w, const MDB_val *key)
{
	zv_put_be32(w->p + w->n,
		    zv_crc32c(zv_crc32c(0, key->mv_data, key->mv_size), w->p, w->n));
	w->n += 4;
}

enum zv_err zv_db_put(struct zv_txn *txn, enum zv_table table, const MDB_val *key, struct zv_w *w,
		      unsigned flags)
{
	MDB_val k = *key;
	MDB_val v;

	if (w->bad)
		return ZV_EINVAL;
	zv_db_seal(w, key);
	v.mv_size = w->n;
	v.mv_data = w->p;
	return zv_db_err(mdb_put(txn->t, txn->store->dbi[table], &k, &v, flags),
			 zv_table_names[table]);
}

enum zv_err zv_db_del(struct zv_txn *txn, enum zv_table table, const void *key, size_t key_len)
{
	MDB_val k = {.mv_size = key_len, .mv_data = (void *)(uintptr_t)key};

	return zv_db_err(mdb_del(txn->t, txn->store->dbi[table], &k, NULL), zv_table_names[table]);
}

enum zv_err zv_db_last_key(struct zv_txn *txn, enum zv_table table, const MDB_val *limit,
			   MDB_val *ret_key)
{
	MDB_cursor *c;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[table], &c);

	if (rc != 0)
		return zv_db_err(rc, zv_table_names[table]);
	if (limit == NULL) {
		rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
	} else {
		k = *limit;
		rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
		rc = mdb_cursor_get(c, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
	}
	mdb_cursor_close(c);
	if (rc == 0)
		*ret_key = k;
	return zv_db_err(rc, zv_table_names[table]);
}

/* Sum of the pages on LMDB's free list. */
static int free_pages(struct zv_store *store, size_t *ret_pages)
{
	MDB_txn *t;
	MDB_cursor *c;
	MDB_val k, v;
	size_t pages = 0;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &t);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_open(t, 0, &c);
	if (rc == 0) {
		while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0) {
			size_t n = 0;

			if (v.mv_size >= sizeof(n))
				memcpy(&n, v.mv_data, sizeof(n));
			pages += n;
		}
		mdb_cursor_close(c);
	}
	mdb_txn_abort(t);
	*ret_pages = pages;
	return rc;
}

enum zv_err zv_db_fill_permille(struct zv_store *store, uint32_t *ret_permille)
{
	MDB_envinfo info;
	MDB_stat stat;
	size_t total, used, spare = 0;
	int rc = mdb_env_info(store->env, &info);

	if (rc == 0)
		rc = mdb_env_stat(store->env, &stat);
	if (rc != 0)
		return zv_db_err(rc, "look at the map");
	total = info.me_mapsize / stat.ms_psize;
	used = info.me_last_pgno + 1;
	if (used > total / 4 * 3) {
		rc = free_pages(store, &spare);
		if (rc != 0)
			return zv_db_err(rc, "count free pages");
	}
	used -= spare < used ? spare : used;
	*ret_permille = (uint32_t)(used * 1000 / total);
	return ZV_OK;
}
