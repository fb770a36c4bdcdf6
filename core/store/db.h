/* store/db.h -- private: the environment, its tables, and a transaction.
 *
 * Threads: one write transaction at a time (LMDB's lock, also across processes); any number of
 * read transactions.  Nothing here sleeps but for that lock and the flush in zv_db_commit.
 */
#ifndef ZV_STORE_DB_H
#define ZV_STORE_DB_H

#include <lmdb.h>
#include <stdatomic.h>

#include "store/record.h"

#define ZV_SCHEMA 1u /* what this program writes; least readable is written beside it */

enum zv_table {
	ZV_T_META = 0,     /* text                                   -> by name, see meta_* */
	ZV_T_CAMPAIGNS,    /* campaign 4, part 1 (0 names, 1 counts) -> zv_names/counts_rec */
	ZV_T_LEADS,        /* lead 8                                 -> zv_lead_rec */
	ZV_T_PERSONS,      /* person 8                               -> zv_person_rec */
	ZV_T_NUMBERS,      /* e164 8, campaign 4                     -> lead 8, person 8 */
	ZV_T_EXTERNALS,    /* external id                            -> person 8 */
	ZV_T_DUE,          /* campaign 4, class 1, time 8, lead 8    -> nothing */
	ZV_T_ASKS,         /* lead 8                                 -> nothing */
	ZV_T_ATTEMPTS,     /* running number 8                       -> zv_log_row */
	ZV_T_OPEN,         /* attempt 16                             -> zv_open_rec */
	ZV_T_LEDGER,       /* person 8, time 8, attempt 16           -> zv_ledger_row */
	ZV_T_CALLBACKS,    /* lead 8                                 -> due 8 */
	ZV_T_SUPPRESSIONS, /* e164 8                                 -> time 8, text */
	ZV_T_OUTBOX,       /* attempt 16, index 1                    -> zv_outbox_row */
	ZV_T_REQUESTS,     /* kept for the API: empty in schema 1 */
	ZV_T_AGENTS,       /* kept for agents: empty in schema 1 */
	ZV_T_LEGS,         /* attempt 16                             -> zv_open_rec: its outcome is
			    * known, its leg may still be up; gone when the leg is closed */
	ZV_T_MAX
};

extern const char *const zv_table_names[ZV_T_MAX];

#define ZV_LOW_SLOTS 256u

struct zv_store {
	MDB_env *env;
	MDB_dbi dbi[ZV_T_MAX];
	bool read_only;
	int dir_fd;
	int lock_fd; /* of daemon.lock, held from zv_store_begin on; -1 */
	/* What the lookahead of this process must look at again: the lowest due time that was
	 * put in since it asked, by (campaign % slots, class).  Lowered after the commit. */
	_Atomic int64_t low[ZV_LOW_SLOTS][ZV_DUE_LATER + 1];
	_Atomic uint32_t asks_changed;
	_Atomic int wake_fd; /* the lookahead's; -1 */
	struct {
		_Atomic uint64_t commits, messages, commit_us, commit_us_max, odd, event_waits;
		_Atomic uint64_t acks_dropped, full;
		_Atomic uint32_t on;
	} stats;
};

/* A campaign's counters within one write transaction. */
struct zv_camp {
	uint32_t id;
	bool dirty, completed; /* completed: finals reached leads in this transaction */
	struct zv_counts_rec c;
};

#define ZV_CAMPS_CACHED 512u /* no batch has more commands */

struct zv_txn {
	struct zv_store *store;
	MDB_txn *t;
	uint64_t log_seq; /* of the next entry; 0 = not looked up yet */
	uint32_t n_camps;
	struct zv_camp camps[ZV_CAMPS_CACHED];
	/* due entries put in, by slot and class, to be told after the commit */
	uint32_t n_lows;
	struct { uint16_t slot; uint8_t class; int64_t ms; } lows[64];
	bool low_all;    /* more than lows[] holds */
	bool asks;
	uint8_t value[ZV_VALUE_MAX];
	char attrs[ZV_ATTRS_MAX];
};

/* LMDB's and errno's numbers to ours; logs what nobody expects. */
enum zv_err zv_db_err(int rc, const char *doing);

/* txn is the caller's (it is big: keep it on the heap or static to a thread). */
enum zv_err zv_db_begin(struct zv_store *store, bool write, struct zv_txn *txn) ZV_MUST_USE;
/* Writes the counters, commits, flushes; then tells the lookahead.  On an error nothing of the
 * transaction is in the store. */
enum zv_err zv_db_commit(struct zv_txn *txn) ZV_MUST_USE;
void zv_db_abort(struct zv_txn *txn); /* accepts one that is closed */

/* *ret_r is the fields, valid until the next write of the transaction.  ZV_ENOENT, ZV_ECORRUPT,
 * ZV_EVERSION. */
enum zv_err zv_db_get(struct zv_txn *txn, enum zv_table table, const void *key, size_t key_len,
		      struct zv_r *ret_r) ZV_MUST_USE;
/* Adds the checksum and writes.  flags: MDB_APPEND, MDB_NOOVERWRITE (ZV_EEXIST). */
enum zv_err zv_db_put(struct zv_txn *txn, enum zv_table table, const MDB_val *key, struct zv_w *w,
		      unsigned flags) ZV_MUST_USE;
/* ZV_ENOENT if it is not there. */
enum zv_err zv_db_del(struct zv_txn *txn, enum zv_table table, const void *key, size_t key_len) ZV_MUST_USE;
/* Checks a value that a cursor found. */
enum zv_err zv_db_open_value(const MDB_val *key, const MDB_val *value, struct zv_r *ret_r) ZV_MUST_USE;
/* Closes a value: adds the checksum.  For puts by a caller's cursor. */
void zv_db_seal(struct zv_w *w, const MDB_val *key);

/* ---- keys ---- */

#define ZV_DUE_KEY    21u
#define ZV_LEDGER_KEY 32u

static inline void zv_due_key(uint8_t *key, uint32_t campaign, uint8_t class, int64_t due_ms,
			      uint64_t lead)
{
	zv_put_be32(key, campaign);
	key[4] = class;
	zv_put_be64(key + 5, zv_time_key(due_ms));
	zv_put_be64(key + 13, lead);
}

static inline void zv_attempt_key(uint8_t *key, struct zv_attempt_id id)
{
	zv_put_be64(key, id.hi);
	zv_put_be64(key + 8, id.lo);
}

/* ---- records (db_record.c) ---- */

/* Attributes are copied into txn->attrs. */
enum zv_err zv_db_lead_get(struct zv_txn *txn, uint64_t lead, struct zv_lead_rec *ret_rec) ZV_MUST_USE;
enum zv_err zv_db_lead_put(struct zv_txn *txn, uint64_t lead, const struct zv_lead_rec *rec) ZV_MUST_USE;
enum zv_err zv_db_person_get(struct zv_txn *txn, uint64_t person, struct zv_person_rec *ret_rec) ZV_MUST_USE;
enum zv_err zv_db_person_put(struct zv_txn *txn, uint64_t person, const struct zv_person_rec *rec) ZV_MUST_USE;
/* Moves the lead's due entry: rec->due_ms/due_class is the old place and becomes the new one.
 * due_ms 0: out of the index.  Does not write the lead. */
enum zv_err zv_db_due_move(struct zv_txn *txn, uint64_t lead, struct zv_lead_rec *rec,
			   uint8_t class, int64_t due_ms) ZV_MUST_USE;
/* Puts the lead on or takes it off the list of those that wait for their step. */
enum zv_err zv_db_ask_set(struct zv_txn *txn, uint64_t lead, bool on) ZV_MUST_USE;
/* Gives row its running number. */
enum zv_err zv_db_log(struct zv_txn *txn, struct zv_log_row *row) ZV_MUST_USE;
/* The campaign's counters; written at the commit.  Valid until the next call.  ZV_ENOENT. */
enum zv_err zv_db_camp(struct zv_txn *txn, uint32_t campaign, struct zv_camp **ret_camp) ZV_MUST_USE;
enum zv_err zv_db_camps_flush(struct zv_txn *txn) ZV_MUST_USE;
/* The last key of a table below limit (NULL: of all). ZV_ENOENT: none. */
enum zv_err zv_db_last_key(struct zv_txn *txn, enum zv_table table, const MDB_val *limit,
			   MDB_val *ret_key) ZV_MUST_USE;

enum zv_err zv_db_meta_get(struct zv_txn *txn, const char *name, uint64_t *ret_value) ZV_MUST_USE;
enum zv_err zv_db_meta_put(struct zv_txn *txn, const char *name, uint64_t value) ZV_MUST_USE;

/* Walks a table from a key on (from_len 0: all) in read transactions that are renewed every few
 * thousand rows.  fn gets each value after its checks, answers false to end the walk, and sets
 * *err to end it with an error.  In walk.c. */
typedef bool (*zv_walk_fn)(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r value,
			   enum zv_err *err);
enum zv_err zv_db_walk(struct zv_store *store, enum zv_table table, const MDB_val *from,
		       zv_walk_fn fn, void *arg) ZV_MUST_USE;

/* Names in meta. */
#define ZV_META_SCHEMA    "schema"    /* schema << 32 | least readable */
#define ZV_META_EPOCH     "epoch"
#define ZV_META_SECRET0   "secret0"
#define ZV_META_SECRET1   "secret1"
#define ZV_META_CALENDAR  "calendar"  /* largest calendar time that was committed */
#define ZV_META_SIMULATED "simulated" /* 1: fast-forward ran on this store */
#define ZV_META_LISTS     "lists"     /* grows with every change that another process's
				       * lookahead must see: imports, campaigns */

/* Share of the map in use, in per mille, free pages not counted; looks closely only when it is
 * nearly full. */
enum zv_err zv_db_fill_permille(struct zv_store *store, uint32_t *ret_permille) ZV_MUST_USE;

#endif
