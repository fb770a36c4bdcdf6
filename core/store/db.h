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

/* What this program writes; the least schema that reads it is written beside it.  2: the tables
 * from marks on, and values of version 2; 3: those from given on, and values of version 3; which an
 * older program refuses.  A store of an older schema becomes one of 3 when it is opened for writing;
 * its values are read as they are.  Opened for reading only it stays as it is, and its missing
 * tables read as empty. */
#define ZV_SCHEMA      3u
#define ZV_SCHEMA_READ 3u

enum zv_table {
	ZV_T_META = 0,     /* text                                   -> by name, see meta_* */
	ZV_T_CAMPAIGNS,    /* campaign 4, part 1 (0 names, 1 counts) -> zv_names/counts_rec
			    * ..., 2 (from schema 2)                 -> zone of its last list */
	ZV_T_LEADS,        /* lead 8                                 -> zv_lead_rec */
	ZV_T_PERSONS,      /* person 8                               -> zv_person_rec */
	ZV_T_NUMBERS,      /* e164 8, campaign 4                     -> lead 8, person 8 */
	ZV_T_EXTERNALS,    /* external id                            -> person 8 */
	ZV_T_DUE,          /* campaign 4, class 1, time 8, lead 8    -> nothing */
	ZV_T_ASKS,         /* lead 8                                 -> nothing */
	ZV_T_ATTEMPTS,     /* running number 8                       -> zv_log_row */
	ZV_T_OPEN,         /* attempt 16                             -> zv_open_rec */
	ZV_T_LEDGER,       /* person 8, time 8, attempt 16           -> zv_ledger_row */
	ZV_T_CALLBACKS,    /* lead 8                                 -> zv_callback_rec */
	ZV_T_SUPPRESSIONS, /* kind 1, id 8, campaign 4 (0 everywhere) -> zv_suppress_rec; of before
			    * schema 2: e164 8                       -> time 8, text */
	ZV_T_OUTBOX,       /* attempt 16, index 1                    -> zv_outbox_row */
	ZV_T_REQUESTS,     /* request 8                              -> zv_request (from schema 3) */
	ZV_T_AGENTS,       /* user's name                            -> number 4 (from schema 3) */
	ZV_T_LEGS,         /* attempt 16                             -> zv_open_rec: its outcome is
			    * known, its leg may still be up; gone when the leg is closed */
	ZV_T_MARKS,        /* person 8, kind 1, by 1, name 8         -> zv_mark_rec */
	ZV_T_REGISTRIES,   /* list 8                                 -> zv_registry_rec
			    * list 8, gen 4, e164 8                  -> nothing */
	ZV_T_EVIDENCE,     /* person 8, 1, attempt 16, part 1        -> zv_evidence_row
			    * person 8, 0, until 8, rule's hash 8    -> zv_evidence_row */
	ZV_T_RULESETS,     /* hash 8, part 1: 0 zv_ruleset_rec, 1 ids, 2 text */
	ZV_T_TALLIES,      /* campaign 4, bucket 8                   -> count of each fact */
	ZV_T_ERASED,       /* keyed hash of an e164 8                -> person 8, when 8 */
	ZV_T_NAMES,        /* zv_rule_name 8                         -> text */
	ZV_T_GIVEN,        /* campaign 4, external id                -> lead 8, when 8: given by the API */
	ZV_T_TASKS,        /* requests, by what they are looked for; see request.c -> nothing */
	ZV_T_NOTES,        /* attempt 16                             -> zv_note */
	ZV_T_RECORDINGS,   /* attempt 16                             -> zv_recording */
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
	_Atomic uint64_t told_txn; /* the last one that holds a suppression, mark or contact */
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
	uint64_t told;   /* its own number, if people told something in it */
	struct zv_key secret; /* of the store, once it was asked for */
	bool secret_known;
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
/* fn in a transaction of its own: to read, or to write: committed and flushed if fn says ZV_OK. */
typedef enum zv_err (*zv_txn_fn)(struct zv_txn *txn, void *arg);
enum zv_err zv_db_read(struct zv_store *store, zv_txn_fn fn, void *arg) ZV_MUST_USE;
enum zv_err zv_db_write(struct zv_store *store, zv_txn_fn fn, void *arg) ZV_MUST_USE;

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
#define ZV_MARK_KEY   18u
#define ZV_SUPPRESS_KEY 13u
#define ZV_REGISTRY_KEY 20u
#define ZV_YES_KEY    26u
#define ZV_NO_KEY     25u
#define ZV_TALLY_KEY  12u

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

static inline void zv_ledger_key(uint8_t *key, uint64_t person, int64_t at_ms,
				 struct zv_attempt_id attempt)
{
	zv_put_be64(key, person);
	zv_put_be64(key + 8, zv_time_key(at_ms));
	zv_attempt_key(key + 16, attempt);
}

static inline void zv_mark_key(uint8_t *key, uint64_t person, const struct zv_mark *mark)
{
	zv_put_be64(key, person);
	key[8] = mark->kind;
	key[9] = mark->by;
	zv_put_be64(key + 10, mark->name);
}

static inline void zv_suppress_key(uint8_t *key, uint8_t kind, uint64_t id, uint32_t campaign)
{
	key[0] = kind;
	zv_put_be64(key + 1, id);
	zv_put_be32(key + 9, campaign);
}

static inline void zv_registry_key(uint8_t *key, uint64_t list, uint32_t gen, uint64_t e164)
{
	zv_put_be64(key, list);
	zv_put_be32(key + 8, gen);
	zv_put_be64(key + 12, e164);
}

static inline void zv_yes_key(uint8_t *key, uint64_t person, struct zv_attempt_id attempt,
			      uint8_t part)
{
	zv_put_be64(key, person);
	key[8] = 1;
	zv_attempt_key(key + 9, attempt);
	key[25] = part;
}

static inline void zv_no_key(uint8_t *key, uint64_t person, int64_t until_ms, uint64_t rule)
{
	zv_put_be64(key, person);
	key[8] = 0;
	zv_put_be64(key + 9, zv_time_key(until_ms));
	zv_put_be64(key + 17, rule);
}

static inline void zv_tally_key(uint8_t *key, uint32_t campaign, int64_t bucket)
{
	zv_put_be32(key, campaign);
	zv_put_be64(key + 4, zv_time_key(bucket));
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
#define ZV_CAMP_DATES 3 /* last byte of the key of its struct zv_date_rule */
struct zv_date_rule;
enum zv_err zv_db_dates_decode(struct zv_r r, struct zv_date_rule *ret_rule) ZV_MUST_USE;
enum zv_err zv_db_camps_flush(struct zv_txn *txn) ZV_MUST_USE;
/* The last key of a table below limit (NULL: of all). ZV_ENOENT: none. */
enum zv_err zv_db_last_key(struct zv_txn *txn, enum zv_table table, const MDB_val *limit,
			   MDB_val *ret_key) ZV_MUST_USE;

/* The number as it stands where a person was erased: nobody can tell it without the secret, and
 * it is the same for ever. */
enum zv_err zv_db_number_hash(struct zv_txn *txn, uint64_t e164, uint64_t *ret_hash) ZV_MUST_USE;

/* ---- ledger (ledger.c) ---- */

/* Writes the row and moves the campaign's tallies from what stood there (same key) to it. */
enum zv_err zv_db_ledger_put(struct zv_txn *txn, const struct zv_ledger_row *row) ZV_MUST_USE;
enum zv_err zv_db_ledger_find(struct zv_txn *txn, uint64_t person, struct zv_attempt_id attempt,
			      struct zv_ledger_row *ret_row) ZV_MUST_USE;
/* A row under its key.  ZV_ECORRUPT. */
enum zv_err zv_db_ledger_row(const MDB_val *key, struct zv_r r, struct zv_ledger_row *ret_row) ZV_MUST_USE;
/* Facts of a contact by the moment that each is dated at; at most ZV_FACT_TIMES groups. */
#define ZV_FACT_TIMES 3
struct zv_fact_time { int64_t at_ms; uint16_t facts; };
uint32_t zv_fact_times(const struct zv_contact *contact, struct zv_fact_time ret_v[ZV_FACT_TIMES]);

/* ---- what people tell (told.c) ---- */

/* A null reason or name keeps the text that stands there. */
enum zv_err zv_db_suppress_put(struct zv_txn *txn, const struct zv_suppress_row *row) ZV_MUST_USE;
/* Over at row->until_ms.  ZV_ENOENT: none stands then. */
enum zv_err zv_db_suppress_end(struct zv_txn *txn, const struct zv_suppress_row *row) ZV_MUST_USE;
/* Is the number suppressed everywhere at this time?  A damaged entry says yes. */
enum zv_err zv_db_suppressed(struct zv_txn *txn, uint64_t e164, int64_t at_ms,
			     bool *ret_yes) ZV_MUST_USE;
enum zv_err zv_db_mark_put(struct zv_txn *txn, const struct zv_mark_row *row) ZV_MUST_USE;
enum zv_err zv_db_name_put(struct zv_txn *txn, const char *text) ZV_MUST_USE;
/* "" = nobody told it. */
enum zv_err zv_db_name_get(struct zv_txn *txn, uint64_t name, char ret_text[ZV_TOLD_MAX]) ZV_MUST_USE;
/* In read_told.c: everyone who has the number, each once, and last one who was erased. */
enum zv_err zv_db_persons_of(struct zv_txn *txn, uint64_t e164, uint64_t *ret_persons,
			     uint32_t cap, uint32_t *ret_n) ZV_MUST_USE;
/* The erased person who had the number.  ZV_ENOENT. */
enum zv_err zv_db_erased_find(struct zv_txn *txn, uint64_t e164, uint64_t *ret_person) ZV_MUST_USE;
/* A row under its key. */
enum zv_err zv_db_evidence_row(const MDB_val *key, struct zv_r r,
			       struct zv_evidence_row *ret_row) ZV_MUST_USE;

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
/* What erasing by age left: nothing is missing from these moments (calendar; log: entry) on. */
#define ZV_META_LOG_FROM      "log_from"
#define ZV_META_LEDGER_FROM   "ledger_from"
#define ZV_META_EVIDENCE_FROM "evidence_from"
#define ZV_META_TALLIES_FROM  "tallies_from"

/* Share of the map in use, in per mille, free pages not counted; looks closely only when it is
 * nearly full. */
enum zv_err zv_db_fill_permille(struct zv_store *store, uint32_t *ret_permille) ZV_MUST_USE;

#endif
