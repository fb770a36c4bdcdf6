#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/db.h"

#define DEFAULT_MAP_BYTES (UINT64_C(64) << 30)
#define LOCK_WAIT_MS      1000
#define LOCK_NAP_MS       10

struct complaint {
	char *text;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static enum zv_err complain(struct complaint *c,
								  enum zv_err err, const char *fmt,
								  ...)
{
	va_list args;

	if (c->text != NULL && c->size > 0) {
		va_start(args, fmt);
		(void)vsnprintf(c->text, c->size, fmt, args);
		va_end(args);
	}
	return err;
}

static enum zv_err open_dir(struct zv_store *s, const struct zv_store_params *params,
			    struct complaint *c)
{
	if (params->create && !params->read_only && mkdir(params->dir, 0700) != 0 &&
	    errno != EEXIST)
		return complain(c, errno == ENOSPC ? ZV_EFULL : ZV_EIO, "%s: cannot make it: %s",
				params->dir, strerror(errno));
	s->dir_fd = open(params->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return complain(c, errno == ENOENT ? ZV_ENOENT : ZV_EIO, "%s: %s", params->dir,
				strerror(errno));
	if ((!params->create || params->read_only) &&
	    faccessat(s->dir_fd, "data.mdb", R_OK, 0) != 0)
		return complain(c, ZV_ENOENT, "%s: there is no store here", params->dir);
	return ZV_OK;
}

static enum zv_err open_env(struct zv_store *s, const struct zv_store_params *params,
			    struct complaint *c)
{
	bool fresh = faccessat(s->dir_fd, "data.mdb", F_OK, 0) != 0;
	uint64_t map = params->map_bytes;
	unsigned flags = MDB_NOTLS | (params->read_only ? MDB_RDONLY : 0);
	int dead = 0;
	int rc = mdb_env_create(&s->env);

	if (rc != 0)
		return complain(c, ZV_ENOMEM, "%s: %s", params->dir, mdb_strerror(rc));
	/* Without a size the store keeps the one it has. */
	if (map == 0 && fresh)
		map = DEFAULT_MAP_BYTES;
	if (map != 0)
		rc = mdb_env_set_mapsize(s->env, (size_t)map / 4096 * 4096);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(s->env, ZV_T_MAX + 8);
	if (rc == 0)
		rc = mdb_env_open(s->env, params->dir, flags, 0600);
	if (rc == MDB_INVALID || rc == MDB_CORRUPTED)
		return complain(c, ZV_ECORRUPT, "%s/data.mdb is not a store: %s", params->dir,
				mdb_strerror(rc));
	if (rc == MDB_VERSION_MISMATCH)
		return complain(c, ZV_EVERSION, "%s: made by a newer LMDB: %s", params->dir,
				mdb_strerror(rc));
	if (rc != 0)
		return complain(c, zv_db_err(rc, "open"), "%s: %s", params->dir, mdb_strerror(rc));
	(void)mdb_reader_check(s->env, &dead); /* readers that a kill left behind */
	return ZV_OK;
}

/* A new store: schema, secret, and tables, in one transaction. */
static enum zv_err make_meta(struct zv_txn *txn)
{
	uint64_t secret[2];
	enum zv_err err;

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return ZV_EIO;
	err = zv_db_meta_put(txn, ZV_META_SECRET0, secret[0]);
	if (err == ZV_OK)
		err = zv_db_meta_put(txn, ZV_META_SECRET1, secret[1]);
	if (err == ZV_OK)
		err = zv_db_meta_put(txn, ZV_META_EPOCH, 0);
	if (err == ZV_OK)
		err = zv_db_meta_put(txn, ZV_META_CALENDAR, 0);
	if (err == ZV_OK)
		err = zv_db_meta_put(txn, ZV_META_SIMULATED, 0);
	if (err == ZV_OK)
		err = zv_db_meta_put(txn, ZV_META_LISTS, 0);
	if (err == ZV_OK)
		err = zv_db_meta_put(txn, ZV_META_SCHEMA,
				     (uint64_t)ZV_SCHEMA << 32 | ZV_SCHEMA_READ);
	return err;
}

static enum zv_err check_schema(struct zv_txn *txn, bool create, const char *dir,
				struct complaint *c)
{
	uint64_t schema;
	enum zv_err err = zv_db_meta_get(txn, ZV_META_SCHEMA, &schema);

	if (err == ZV_ENOENT && create) {
		MDB_stat stat;
		int rc = mdb_stat(txn->t, txn->store->dbi[ZV_T_META], &stat);

		if (rc == 0 && stat.ms_entries == 0)
			return make_meta(txn);
	}
	if (err != ZV_OK)
		return complain(c, err == ZV_EVERSION ? err : ZV_ECORRUPT,
				"%s: the store's head is %s", dir,
				err == ZV_EVERSION ? "of a newer version" : "damaged or missing");
	if ((uint32_t)schema > ZV_SCHEMA)
		return complain(c, ZV_EVERSION,
				"%s: made by a newer program: its schema is %u, readable from "
				"schema %u on, and this program knows schema %u",
				dir, (uint32_t)(schema >> 32), (uint32_t)schema, ZV_SCHEMA);
	/* From here on values of version 2 may be in it. */
	if (schema >> 32 < ZV_SCHEMA && !txn->store->read_only)
		return zv_db_meta_put(txn, ZV_META_SCHEMA,
				      (uint64_t)ZV_SCHEMA << 32 | ZV_SCHEMA_READ);
	return ZV_OK;
}

static enum zv_err open_tables(struct zv_store *s, const struct zv_store_params *params,
			       struct complaint *c)
{
	bool write = !params->read_only;
	unsigned flags = write ? MDB_CREATE : 0;
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return complain(c, ZV_ENOMEM, "out of memory");
	err = zv_db_begin(s, write, txn);
	for (int i = 0; i < ZV_T_MAX && err == ZV_OK; i++) {
		int rc = mdb_dbi_open(txn->t, zv_table_names[i], flags, &s->dbi[i]);

		/* A store of schema 1 that may not be written: a table it does not have reads as
		 * one that is empty in it. */
		if (rc == MDB_NOTFOUND && !write && i > ZV_T_LEGS) {
			s->dbi[i] = s->dbi[ZV_T_REQUESTS];
			rc = 0;
		}
		if (rc != 0)
			err = complain(c, rc == MDB_NOTFOUND ? ZV_ECORRUPT : zv_db_err(rc, "tables"),
				       "%s: table %s: %s", params->dir, zv_table_names[i],
				       mdb_strerror(rc));
	}
	if (err == ZV_OK)
		err = check_schema(txn, params->create && write, params->dir, c);
	if (err == ZV_OK) {
		/* Also when reading: handles live on only after a commit. */
		err = zv_db_commit(txn);
		if (err != ZV_OK)
			(void)complain(c, err, "%s: cannot write the tables", params->dir);
	} else {
		zv_db_abort(txn);
	}
	free(txn);
	return err;
}

enum zv_err zv_store_open(const struct zv_store_params *params, char *text, size_t text_size,
			  struct zv_store **ret_store)
{
	struct complaint c = {text, text_size};
	struct zv_store *s = calloc(1, sizeof(*s));
	enum zv_err err;

	if (text != NULL && text_size > 0)
		text[0] = 0;
	if (s == NULL)
		return complain(&c, ZV_ENOMEM, "out of memory");
	s->read_only = params->read_only;
	s->dir_fd = -1;
	s->lock_fd = -1;
	atomic_init(&s->wake_fd, -1);
	atomic_init(&s->stats.on, 1);
	for (uint32_t i = 0; i < ZV_LOW_SLOTS; i++)
		for (uint32_t j = 0; j <= ZV_DUE_LATER; j++)
			atomic_init(&s->low[i][j], INT64_MAX);
	err = open_dir(s, params, &c);
	if (err == ZV_OK)
		err = open_env(s, params, &c);
	if (err == ZV_OK)
		err = open_tables(s, params, &c);
	if (err != ZV_OK)
		goto fail;
	*ret_store = s;
	return ZV_OK;

fail:
	zv_store_close(s);
	return err;
}

void zv_store_close(struct zv_store *store)
{
	if (store == NULL)
		return;
	if (store->env != NULL)
		mdb_env_close(store->env);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	free(store);
}

/* A synthesiser's process that was just being started when zvonard was killed holds the lock with
 * it until its exec: hence not once, but for LOCK_WAIT_MS. */
static bool lock_whole(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct timespec nap = {.tv_nsec = LOCK_NAP_MS * 1000000L};

	for (int waited_ms = 0; fcntl(fd, F_OFD_SETLK, &whole) != 0; waited_ms += LOCK_NAP_MS) {
		if (waited_ms >= LOCK_WAIT_MS)
			return false;
		(void)nanosleep(&nap, NULL);
	}
	return true;
}

/* One zvonard a store: another one's recovery would end the calls of the first. */
static enum zv_err take_lock(struct zv_store *store)
{
	int fd;

	if (store->lock_fd >= 0)
		return ZV_OK;
	fd = openat(store->dir_fd, "daemon.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		zv_error("store", "daemon.lock: %s", strerror(errno));
		return errno == ENOSPC ? ZV_EFULL : ZV_EIO;
	}
	if (!lock_whole(fd)) {
		zv_error("store", "another zvonard runs on this store");
		close(fd);
		return ZV_EEXIST;
	}
	store->lock_fd = fd;
	return ZV_OK;
}

/* Asks without taking: a lock held for the question alone could turn away a zvonard that starts
 * at that moment. */
static bool in_use(const struct zv_store *store)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	bool yes;
	int fd;

	if (store->lock_fd >= 0)
		return true;
	fd = openat(store->dir_fd, "daemon.lock", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	yes = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
	close(fd);
	return yes;
}

static enum zv_err begin_in(struct zv_txn *txn, bool simulated, struct zv_store_boot *boot)
{
	uint64_t epoch, calendar, mark;
	enum zv_err err = zv_db_meta_get(txn, ZV_META_EPOCH, &epoch);

	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_SECRET0, &boot->secret.k0);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_SECRET1, &boot->secret.k1);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_CALENDAR, &calendar);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_SIMULATED, &mark);
	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_ECORRUPT : err;
	if (mark != 0 && !simulated)
		return ZV_EDENIED;
	if (epoch >= UINT32_MAX)
		return ZV_EFULL;
	boot->epoch = (uint32_t)epoch + 1;
	boot->calendar_ms = (int64_t)calendar;
	err = zv_db_meta_put(txn, ZV_META_EPOCH, boot->epoch);
	if (err == ZV_OK && simulated && mark == 0)
		err = zv_db_meta_put(txn, ZV_META_SIMULATED, 1);
	return err;
}

enum zv_err zv_store_begin(struct zv_store *store, bool simulated, struct zv_store_boot *ret_boot)
{
	struct zv_store_boot boot = {0};
	struct zv_txn *txn;
	enum zv_err err;

	if (store->read_only)
		return ZV_EINVAL;
	err = take_lock(store);
	if (err != ZV_OK)
		return err;
	txn = malloc(sizeof(*txn));
	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, true, txn);
	if (err == ZV_OK)
		err = begin_in(txn, simulated, &boot);
	if (err == ZV_OK)
		err = zv_db_commit(txn);
	else
		zv_db_abort(txn);
	free(txn);
	if (err == ZV_OK)
		*ret_boot = boot;
	return err;
}

static enum zv_err facts_in(struct zv_txn *txn, struct zv_store_facts *f)
{
	uint64_t *const counts[ZV_T_MAX] = {
		[ZV_T_LEADS] = &f->leads,       [ZV_T_PERSONS] = &f->persons,
		[ZV_T_NUMBERS] = &f->numbers,   [ZV_T_DUE] = &f->due,
		[ZV_T_ATTEMPTS] = &f->attempts, [ZV_T_OPEN] = &f->open,
		[ZV_T_OUTBOX] = &f->outbox,     [ZV_T_LEDGER] = &f->ledger,
		[ZV_T_SUPPRESSIONS] = &f->suppressions,
		[ZV_T_MARKS] = &f->marks,       [ZV_T_REGISTRIES] = &f->registries,
		[ZV_T_EVIDENCE] = &f->evidence, [ZV_T_RULESETS] = &f->rulesets,
		[ZV_T_ERASED] = &f->erased,
	};
	uint64_t schema = 0, epoch = 0, calendar = 0, mark = 0;
	enum zv_err err = zv_db_meta_get(txn, ZV_META_SCHEMA, &schema);

	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_EPOCH, &epoch);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_SECRET0, &f->secret.k0);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_SECRET1, &f->secret.k1);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_CALENDAR, &calendar);
	if (err == ZV_OK)
		err = zv_db_meta_get(txn, ZV_META_SIMULATED, &mark);
	for (int i = 0; i < ZV_T_MAX && err == ZV_OK; i++) {
		MDB_stat stat;

		if (counts[i] == NULL)
			continue;
		err = zv_db_err(mdb_stat(txn->t, txn->store->dbi[i], &stat), "count a table");
		*counts[i] = stat.ms_entries;
	}
	f->schema = (uint32_t)(schema >> 32);
	f->least_readable = (uint32_t)schema;
	f->epoch = (uint32_t)epoch;
	f->calendar_ms = (int64_t)calendar;
	f->simulated = mark != 0;
	return err;
}

enum zv_err zv_store_facts(struct zv_store *store, struct zv_store_facts *ret_facts)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_store_facts f = {0};
	MDB_envinfo info;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = facts_in(txn, &f);
	zv_db_abort(txn);
	free(txn);
	if (err == ZV_OK)
		err = zv_db_err(mdb_env_info(store->env, &info), "look at the map");
	if (err != ZV_OK)
		return err;
	f.in_use = in_use(store);
	f.map_bytes = info.me_mapsize;
	f.used_bytes = ((uint64_t)info.me_last_pgno + 1) * 4096;
	*ret_facts = f;
	return ZV_OK;
}
