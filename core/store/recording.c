/* Table recordings: attempt 16 -> zv_recording; and lead 8, attempt 16 -> nothing, to find those of a
 * lead. */
#include "store/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "store/db.h"

#define TAKE_ROWS 512u /* of a write transaction */

static void lead_key(uint8_t key[24], uint64_t lead, struct zv_attempt_id attempt)
{
	zv_put_be64(key, lead);
	zv_attempt_key(key + 8, attempt);
}

static enum zv_err get(struct zv_txn *txn, struct zv_attempt_id attempt,
		       struct zv_recording *ret_row)
{
	uint8_t key[16];
	struct zv_r r;
	enum zv_err err;

	zv_attempt_key(key, attempt);
	err = zv_db_get(txn, ZV_T_RECORDINGS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_recording_decode(r, ret_row);
	ret_row->attempt = attempt;
	return err;
}

static bool path_ok(const char *path)
{
	size_t n = path != NULL ? strnlen(path, ZV_RECORDING_PATH_MAX + 1) : 0;

	return n > 0 && n <= ZV_RECORDING_PATH_MAX && path[0] != '/' && strstr(path, "..") == NULL;
}

static enum zv_err put(struct zv_txn *txn, void *arg)
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION), lw;
	uint8_t key[16], by[24], buf[16];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	MDB_val lk = {.mv_size = sizeof(by), .mv_data = by};
	struct zv_recording rec = *(const struct zv_recording *)arg;
	struct zv_lead_rec lead;
	enum zv_err err = ZV_OK;

	if (rec.person == 0 && rec.lead != 0) {
		err = zv_db_lead_get(txn, rec.lead, &lead);
		rec.person = err == ZV_OK ? lead.person : 0;
		if (err != ZV_OK && err != ZV_ENOENT)
			return err;
	}
	zv_attempt_key(key, rec.attempt);
	zv_recording_encode(&w, &rec);
	err = zv_db_put(txn, ZV_T_RECORDINGS, &k, &w, 0);
	if (err != ZV_OK || rec.lead == 0)
		return err;
	lead_key(by, rec.lead, rec.attempt);
	lw = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	return zv_db_put(txn, ZV_T_RECORDINGS, &lk, &lw, 0);
}

enum zv_err zv_store_recording_put(struct zv_store *store, const struct zv_recording *recording)
{
	struct zv_recording copy = *recording;

	if (!path_ok(recording->path) || zv_attempt_is_zero(recording->attempt))
		return ZV_EINVAL;
	return zv_db_write(store, put, &copy);
}

struct ask {
	struct zv_attempt_id attempt;
	bool (*fn)(void *arg, const struct zv_recording *row);
	void *arg;
};

static enum zv_err tell_one(struct zv_txn *txn, void *arg)
{
	struct ask *ask = arg;
	struct zv_recording row;
	enum zv_err err = get(txn, ask->attempt, &row);

	if (err == ZV_OK)
		(void)ask->fn(ask->arg, &row);
	return err;
}

enum zv_err zv_store_recording_get(struct zv_store *store, struct zv_attempt_id attempt,
				   bool (*fn)(void *arg, const struct zv_recording *row), void *arg)
{
	struct ask ask = {attempt, fn, arg};

	return zv_db_read(store, tell_one, &ask);
}

struct walk {
	uint64_t lead;
	bool (*fn)(void *arg, const struct zv_recording *row);
	void *arg;
};

static struct zv_attempt_id attempt_in(const uint8_t *p)
{
	return (struct zv_attempt_id){.hi = zv_get_be64(p), .lo = zv_get_be64(p + 8)};
}

static bool tell(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r, enum zv_err *err)
{
	struct walk *w = arg;
	const uint8_t *k = key->mv_data;
	struct zv_recording row;

	if (w->lead == 0) {
		if (key->mv_size != 16)
			return true;
		*err = zv_recording_decode(r, &row);
		row.attempt = attempt_in(k);
	} else {
		/* A key of 16 bytes may lie between: an attempt's. */
		if (key->mv_size != 24)
			return zv_get_be64(k) == w->lead;
		if (zv_get_be64(k) != w->lead)
			return false;
		*err = get(txn, attempt_in(k + 8), &row);
	}
	return *err == ZV_OK && w->fn(w->arg, &row);
}

enum zv_err zv_store_recordings_each(struct zv_store *store, uint64_t lead,
				     bool (*fn)(void *arg, const struct zv_recording *row), void *arg)
{
	struct walk w = {lead, fn, arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	zv_put_be64(from, lead);
	return zv_db_walk(store, ZV_T_RECORDINGS, lead != 0 ? &k : NULL, tell, &w);
}

/* ---- taking away ---- */

struct expire {
	int64_t before_ms;
	uint64_t person;
	bool dry_run;
	int dir_fd;
	struct zv_recordings_report *report;
	struct { struct zv_attempt_id attempt; uint64_t lead; } v[TAKE_ROWS];
	uint32_t n;
	struct zv_attempt_id after; /* where the walk goes on */
};

static bool remove_file(struct expire *x, const struct zv_recording *row)
{
	char beside[ZV_RECORDING_PATH_MAX + 16];
	size_t n = strlen(row->path);

	if (unlinkat(x->dir_fd, row->path, 0) != 0 && errno != ENOENT) {
		zv_warn("store", "recording %s: %s", row->path, strerror(errno));
		return false;
	}
	/* its checksum's file */
	memcpy(beside, row->path, n);
	memcpy(beside + n, ".sha256", sizeof(".sha256"));
	(void)unlinkat(x->dir_fd, beside, 0);
	return true;
}

static bool gather(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r, enum zv_err *err)
{
	struct expire *x = arg;
	struct zv_recording row;
	bool goes;

	(void)txn;
	if (key->mv_size != 16)
		return true;
	*err = zv_recording_decode(r, &row);
	if (*err != ZV_OK)
		return false;
	x->after = row.attempt = attempt_in(key->mv_data);
	if (row.at_ms >= x->before_ms || (x->person != 0 && row.person != x->person))
		return true;
	goes = x->dry_run || remove_file(x, &row);
	x->report->failed += !goes;
	x->report->rows += goes;
	x->report->bytes += goes ? row.bytes : 0;
	if (goes && !x->dry_run) {
		x->v[x->n].attempt = row.attempt;
		x->v[x->n++].lead = row.lead;
	}
	return x->n < TAKE_ROWS;
}

static enum zv_err take(struct zv_txn *txn, void *arg)
{
	const struct expire *x = arg;
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < x->n && err == ZV_OK; i++) {
		uint8_t key[24];

		zv_attempt_key(key, x->v[i].attempt);
		err = zv_db_del(txn, ZV_T_RECORDINGS, key, 16);
		lead_key(key, x->v[i].lead, x->v[i].attempt);
		if (err == ZV_OK && x->v[i].lead != 0)
			err = zv_db_del(txn, ZV_T_RECORDINGS, key, sizeof(key));
		err = err == ZV_ENOENT ? ZV_OK : err;
	}
	return err;
}

enum zv_err zv_store_recordings_expire(struct zv_store *store, const char *dir, int64_t before_ms,
				       uint64_t person, bool dry_run,
				       struct zv_recordings_report *ret_report)
{
	struct expire *x = calloc(1, sizeof(*x));
	bool more = true;
	enum zv_err err = ZV_OK;

	memset(ret_report, 0, sizeof(*ret_report));
	if (x == NULL)
		return ZV_ENOMEM;
	x->before_ms = before_ms;
	x->person = person;
	x->dry_run = dry_run;
	x->report = ret_report;
	x->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->dir_fd < 0 && !dry_run)
		err = errno == ENOENT ? ZV_ENOENT : ZV_EIO;
	while (err == ZV_OK && more) {
		uint8_t from[16];
		MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

		zv_attempt_key(from, x->after);
		x->n = 0;
		err = zv_db_walk(store, ZV_T_RECORDINGS, &k, gather, x);
		more = x->n == TAKE_ROWS;
		if (err == ZV_OK && x->n > 0)
			err = zv_db_write(store, take, x);
	}
	if (x->dir_fd >= 0)
		close(x->dir_fd);
	free(x);
	return err;
}
