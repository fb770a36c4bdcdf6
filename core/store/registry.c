/* Registries: rows of one generation are in use, the next one is written beside them. */
#include "store/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "store/charset.h"
#include "store/csv.h"
#include "store/db.h"

#define BATCH_ALONE       32768u
#define BATCH_WITH_DAEMON 4096u
#define PURGE_ROWS        16384u
#define NO_GEN            0u /* of a list that has no registry in use */

struct loader {
	struct zv_store *store;
	const struct zv_registry_params *params;
	struct zv_registry_report *report;
	struct zv_txn *txn;
	uint64_t list;
	struct zv_registry_rec old; /* gen NO_GEN: there was none */
	uint32_t gen;
	uint64_t count;
	uint32_t n, cap;
	uint64_t *batch;
	int lock_fd, fd;
	struct zv_charset *charset;
	struct zv_csv *csv;
	struct zv_csv_row row;
};

static enum zv_err say(struct loader *l, enum zv_err err, const char *what, const char *why)
{
	(void)snprintf(l->report->text, sizeof(l->report->text), "%s%s%s", what,
		       why[0] != 0 ? ": " : "", why);
	return err;
}

/* ---- rows in the store ---- */

static enum zv_err head_get(struct zv_txn *txn, uint64_t list, struct zv_registry_rec *ret_rec)
{
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err;

	zv_put_be64(key, list);
	err = zv_db_get(txn, ZV_T_REGISTRIES, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_registry_decode(r, ret_rec);
	/* A damaged head stands for no registry: its rules block until this load is done. */
	if (err == ZV_ENOENT || err == ZV_ECORRUPT || err == ZV_EVERSION) {
		memset(ret_rec, 0, sizeof(*ret_rec));
		return ZV_OK;
	}
	return err;
}

static enum zv_err purge_some(struct zv_txn *txn, uint64_t list, uint32_t keep, bool *ret_more)
{
	uint8_t key[ZV_REGISTRY_KEY];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	MDB_cursor *c;
	uint32_t n = 0;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_REGISTRIES], &c);

	if (rc != 0)
		return zv_db_err(rc, "registries");
	zv_registry_key(key, list, 0, 0);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	while (rc == 0 && n < PURGE_ROWS) {
		const uint8_t *p = k.mv_data;

		if (k.mv_size != ZV_REGISTRY_KEY || zv_get_be64(p) != list)
			break;
		if (keep != NO_GEN && zv_get_be32(p + 8) == keep) {
			zv_registry_key(key, list, keep + 1, 0);
			k = (MDB_val){.mv_size = sizeof(key), .mv_data = key};
			rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
			continue;
		}
		rc = mdb_cursor_del(c, 0);
		n++;
		if (rc == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(c);
	*ret_more = n == PURGE_ROWS;
	return rc == 0 || rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "registries");
}

/* Takes away every row of the list but those of one generation. */
static enum zv_err purge(struct zv_store *store, struct zv_txn *txn, uint64_t list, uint32_t keep)
{
	bool more = true;
	enum zv_err err = ZV_OK;

	while (more && err == ZV_OK) {
		err = zv_db_begin(store, true, txn);
		if (err == ZV_OK)
			err = purge_some(txn, list, keep, &more);
		if (err == ZV_OK)
			err = zv_db_commit(txn);
		else
			zv_db_abort(txn);
	}
	return err;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static enum zv_err put_batch(struct loader *l)
{
	MDB_cursor *c;
	uint64_t added = 0;
	int rc = mdb_cursor_open(l->txn->t, l->store->dbi[ZV_T_REGISTRIES], &c);

	if (rc != 0)
		return zv_db_err(rc, "registries");
	for (uint32_t i = 0; i < l->n && rc == 0; i++) {
		uint8_t key[ZV_REGISTRY_KEY], buf[16];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;

		zv_registry_key(key, l->list, l->gen, l->batch[i]);
		zv_db_seal(&w, &k);
		v = (MDB_val){.mv_size = w.n, .mv_data = w.p};
		rc = mdb_cursor_put(c, &k, &v, MDB_NOOVERWRITE);
		added += rc == 0;
		if (rc == MDB_KEYEXIST)
			rc = 0;
	}
	mdb_cursor_close(c);
	if (rc == 0)
		l->count += added;
	return zv_db_err(rc, "registries");
}

static enum zv_err flush(struct loader *l)
{
	enum zv_err err;

	if (l->n == 0)
		return ZV_OK;
	qsort(l->batch, l->n, sizeof(*l->batch), by_number);
	err = zv_db_begin(l->store, true, l->txn);
	if (err == ZV_OK)
		err = put_batch(l);
	if (err == ZV_OK)
		err = zv_db_commit(l->txn);
	else
		zv_db_abort(l->txn);
	l->n = 0;
	if (err != ZV_OK)
		return say(l, err, "the store cannot be written",
			   err == ZV_EFULL ? "map or disk full" : "");
	if (l->params->progress != NULL && !l->params->progress(l->params->arg, l->count))
		return say(l, ZV_EAGAIN, "stopped", "");
	return ZV_OK;
}

static enum zv_err swap_in(struct zv_txn *txn, const struct loader *l)
{
	struct zv_registry_rec rec = {.as_of_ms = l->params->as_of_ms,
				      .loaded_ms = l->params->now_ms,
				      .count = l->count,
				      .gen = l->gen};
	uint8_t key[8], buf[300];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	enum zv_err err = zv_db_name_put(txn, l->params->name);

	(void)snprintf(rec.name, sizeof(rec.name), "%s", l->params->name);
	zv_put_be64(key, l->list);
	zv_registry_encode(&w, &rec);
	return err == ZV_OK ? zv_db_put(txn, ZV_T_REGISTRIES, &k, &w, 0) : err;
}

static enum zv_err swap(struct loader *l)
{
	enum zv_err err = zv_db_begin(l->store, true, l->txn);

	if (err == ZV_OK)
		err = swap_in(l->txn, l);
	if (err == ZV_OK)
		err = zv_db_commit(l->txn);
	else
		zv_db_abort(l->txn);
	if (err != ZV_OK)
		return say(l, err, "the store cannot be written", "");
	l->report->numbers = l->count;
	return purge(l->store, l->txn, l->list, l->gen);
}

/* ---- the file ---- */

/* Numbers of other countries than the plans we know, with their country code. */
static bool foreign(const struct zv_csv_field *f, uint64_t *ret_e164)
{
	uint64_t e164 = 0;
	size_t digits = 0;
	bool plus = false;

	for (size_t i = 0; i < f->n; i++) {
		char c = f->p[i];

		if (c >= '0' && c <= '9') {
			if (++digits > 15)
				return false;
			e164 = e164 * 10 + (uint64_t)(c - '0');
		} else if (c == '+' && digits == 0) {
			plus = true;
		} else if (strchr(" ()-.\"'", c) == NULL) {
			return false;
		}
	}
	*ret_e164 = e164;
	return digits >= (plus ? 8u : 11u) && e164 != 0;
}

static bool has_digit(const struct zv_csv_field *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->p[i] >= '0' && f->p[i] <= '9')
			return true;
	return false;
}

static enum zv_err take_row(struct loader *l, bool first)
{
	const struct zv_csv_field f = l->row.n > 0 ? l->row.v[0] : (struct zv_csv_field){"", 0};
	enum zv_country country = l->params->country != 0 ? l->params->country : ZV_COUNTRY_RU;
	size_t used;
	uint64_t e164 = 0;

	if (f.n == 0 || (first && !has_digit(&f)))
		return ZV_OK;
	if (l->row.fault != ZV_CSV_GOOD ||
	    (zv_phone_parse(f.p, f.n, country, &e164, &used) != ZV_PHONE_OK && !foreign(&f, &e164))) {
		if (l->report->bad++ == 0)
			l->report->bad_line = l->row.line;
		return ZV_OK;
	}
	l->batch[l->n++] = e164;
	return l->n == l->cap ? flush(l) : ZV_OK;
}

static enum zv_err read_file(struct loader *l)
{
	enum zv_err err;

	for (bool first = true; (err = zv_csv_next(l->csv, &l->row)) == ZV_OK; first = false) {
		err = take_row(l, first);
		if (err != ZV_OK)
			return err;
	}
	if (err != ZV_ENOENT)
		return say(l, err, l->params->path, zv_charset_text(l->charset));
	err = flush(l);
	if (err == ZV_OK && l->count == 0)
		return say(l, ZV_EPARSE, l->params->path, "there is no usable number in it");
	return err;
}

static enum zv_err open_file(struct loader *l)
{
	const char *path = l->params->path;
	enum zv_err err;

	l->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0)
		return say(l, errno == ENOENT ? ZV_ENOENT : ZV_EIO, path, strerror(errno));
	err = zv_charset_create(l->fd, NULL, &l->charset);
	if (err == ZV_OK)
		err = zv_csv_create(zv_charset_read, l->charset, 0, &l->csv);
	return err == ZV_OK ? err : say(l, err, path, "cannot be read");
}

/* One load or drop at a time, in whichever process. */
static enum zv_err lock(struct zv_store *store, int *ret_fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = openat(store->dir_fd, "registry.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == ENOSPC ? ZV_EFULL : ZV_EIO;
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		close(fd);
		return ZV_EEXIST;
	}
	*ret_fd = fd;
	return ZV_OK;
}

static enum zv_err prepare(struct loader *l)
{
	struct zv_store_facts facts;
	enum zv_err err = lock(l->store, &l->lock_fd);

	if (err != ZV_OK)
		return say(l, err, err == ZV_EEXIST ? "another load runs" : "registry.lock", "");
	err = zv_store_facts(l->store, &facts);
	if (err != ZV_OK)
		return say(l, err, "the store cannot be read", "");
	l->cap = facts.in_use ? BATCH_WITH_DAEMON : BATCH_ALONE;
	l->txn = malloc(sizeof(*l->txn));
	l->batch = malloc(sizeof(*l->batch) * l->cap);
	if (l->txn == NULL || l->batch == NULL)
		return say(l, ZV_ENOMEM, "out of memory", "");
	err = zv_db_begin(l->store, false, l->txn);
	if (err == ZV_OK)
		err = head_get(l->txn, l->list, &l->old);
	zv_db_abort(l->txn);
	/* What a killed load left. */
	if (err == ZV_OK)
		err = purge(l->store, l->txn, l->list, l->old.gen);
	l->gen = l->old.gen == UINT32_MAX - 1 ? 1 : l->old.gen + 1;
	l->report->before = l->old.count;
	return err == ZV_OK ? err : say(l, err, "the store cannot be written", "");
}

enum zv_err zv_registry_load(struct zv_store *store, const struct zv_registry_params *params,
			     struct zv_registry_report *ret_report)
{
	struct loader *l = calloc(1, sizeof(*l));
	enum zv_err err;

	memset(ret_report, 0, sizeof(*ret_report));
	if (l == NULL)
		return ZV_ENOMEM;
	l->store = store;
	l->params = params;
	l->report = ret_report;
	l->fd = l->lock_fd = -1;
	if (params->name[0] == 0 || strlen(params->name) >= ZV_TOLD_MAX)
		err = say(l, ZV_EINVAL, "a registry has a name of at most 200 bytes", "");
	else
		err = open_file(l);
	l->list = zv_rule_name(params->name, strlen(params->name));
	if (err == ZV_OK)
		err = prepare(l);
	if (err == ZV_OK)
		err = read_file(l);
	if (err == ZV_OK)
		err = swap(l);
	zv_csv_destroy(l->csv);
	zv_charset_destroy(l->charset);
	if (l->fd >= 0)
		close(l->fd);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	free(l->batch);
	free(l->txn);
	free(l);
	return err;
}

static enum zv_err drop_head(struct zv_store *store, struct zv_txn *txn, uint64_t list)
{
	uint8_t key[8];
	enum zv_err err = zv_db_begin(store, true, txn);

	zv_put_be64(key, list);
	if (err == ZV_OK)
		err = zv_db_del(txn, ZV_T_REGISTRIES, key, sizeof(key));
	if (err == ZV_OK)
		return zv_db_commit(txn);
	zv_db_abort(txn);
	return err;
}

enum zv_err zv_registry_drop(struct zv_store *store, const char *name)
{
	uint64_t list = zv_rule_name(name, strlen(name));
	struct zv_txn *txn = malloc(sizeof(*txn));
	int lock_fd;
	enum zv_err err = txn != NULL ? lock(store, &lock_fd) : ZV_ENOMEM;

	if (err != ZV_OK) {
		free(txn);
		return err;
	}
	err = drop_head(store, txn, list);
	if (err == ZV_OK)
		err = purge(store, txn, list, NO_GEN);
	close(lock_fd);
	free(txn);
	return err;
}
