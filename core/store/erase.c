/* Erasing by age: each table is walked in read transactions that gather what may go, and short
 * write transactions take it away.  Where the job stands is written with each of them. */
#include "store/erase.h"

#include <stdlib.h>

#include "dial/rules/tally.h"
#include "store/db.h"

#define DAY_MS    INT64_C(86400000)
#define SCAN_ROWS 65536u /* of a read transaction */
#define TAKE_ROWS 2048u  /* of a write transaction */
#define KEY_MAX   40u    /* longest key of the tables below */
#define NEVER     INT64_MIN

struct one_key { uint8_t n, v[KEY_MAX]; };

struct job {
	struct zv_store *store;
	const struct zv_erase_params *params;
	struct zv_erase_report *report;
	struct zv_txn *txn;
	/* of the table that is walked */
	int64_t before_ms; /* NEVER: nothing goes */
	bool by_activity;
	MDB_cursor *ledger; /* of the read transaction, for the last activity */
	uint64_t person;    /* whose activity is known */
	int64_t active_ms;
	bool end;           /* the rest of the table is too young */
	uint64_t last_seq;  /* of the log: highest one that goes */
	struct one_key at;  /* where the walk stands */
	struct one_key keys[TAKE_ROWS];
	uint32_t n_keys;
};

typedef bool (*goes_fn)(struct job *job, const MDB_val *key, struct zv_r r);

struct table {
	enum zv_table table;
	uint32_t what;
	goes_fn goes;
	size_t count; /* offset in the report */
};

/* ---- how old ---- */

/* The latest contact of a person. */
static int64_t activity(struct job *job, uint64_t person)
{
	uint8_t after[8];
	MDB_val k = {.mv_size = sizeof(after), .mv_data = after}, v;
	int rc;

	if (person == job->person)
		return job->active_ms;
	job->person = person;
	job->active_ms = NEVER;
	zv_put_be64(after, person + 1);
	rc = mdb_cursor_get(job->ledger, &k, &v, MDB_SET_RANGE);
	rc = mdb_cursor_get(job->ledger, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
	if (rc == 0 && k.mv_size == ZV_LEDGER_KEY && zv_get_be64(k.mv_data) == person)
		job->active_ms = zv_key_time(zv_get_be64((const uint8_t *)k.mv_data + 8));
	return job->active_ms;
}

static bool old_enough(struct job *job, int64_t at_ms, uint64_t person)
{
	if (at_ms >= job->before_ms)
		return false;
	if (job->by_activity && person != 0 && activity(job, person) >= job->before_ms) {
		job->report->kept_active++;
		return false;
	}
	return true;
}

/* ---- a row of each table ---- */

static bool ledger_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	const uint8_t *k = key->mv_data;

	(void)r;
	return key->mv_size == ZV_LEDGER_KEY &&
	       old_enough(job, zv_key_time(zv_get_be64(k + 8)), zv_get_be64(k));
}

/* Entries stand in the order of the commits, which is that of the calendar within minutes. */
static bool log_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	struct zv_log_row row;

	if (key->mv_size != 8 || zv_log_decode(r, &row) != ZV_OK)
		return false;
	if (row.cal_ms >= job->before_ms + DAY_MS)
		job->end = true;
	if (!old_enough(job, row.cal_ms, row.person))
		return false;
	job->last_seq = zv_get_be64(key->mv_data);
	return true;
}

static uint64_t person_of(struct job *job, uint64_t lead)
{
	struct zv_lead_rec rec;

	return zv_db_lead_get(job->txn, lead, &rec) == ZV_OK ? rec.person : 0;
}

static bool outbox_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	struct zv_outbox_row row;

	(void)key;
	if (zv_outbox_decode(r, &row) != ZV_OK || (row.sent == 0 && row.refused == 0) ||
	    row.cal_ms >= job->before_ms)
		return false;
	return old_enough(job, row.cal_ms, job->by_activity ? person_of(job, row.lead) : 0);
}

static bool evidence_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	struct zv_evidence_row row;

	return zv_db_evidence_row(key, r, &row) == ZV_OK && old_enough(job, row.at_ms, row.person);
}

static bool mark_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	const uint8_t *k = key->mv_data;
	struct zv_mark_rec rec;

	return key->mv_size == ZV_MARK_KEY && k[8] == ZV_MARK_CONSENT &&
	       zv_mark_decode(r, &rec) == ZV_OK && rec.to_ms <= job->params->now_ms &&
	       old_enough(job, rec.to_ms, zv_get_be64(k));
}

static bool tally_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	(void)r;
	return key->mv_size == ZV_TALLY_KEY &&
	       (zv_key_time(zv_get_be64((const uint8_t *)key->mv_data + 4)) + 1) * ZV_TALLY_MS <=
		       job->before_ms;
}

static bool suppression_goes(struct job *job, const MDB_val *key, struct zv_r r)
{
	struct zv_suppress_rec rec;

	return key->mv_size == ZV_SUPPRESS_KEY && zv_suppress_decode(r, &rec) == ZV_OK &&
	       rec.until_ms <= job->params->now_ms && old_enough(job, rec.until_ms, 0);
}

#define COUNT(field) offsetof(struct zv_erase_report, field)

/* The log before the ledger: whose last contact is forgotten has no activity any more. */
static const struct table tables[] = {
	{ZV_T_ATTEMPTS, ZV_ERASE_CALLS, log_goes, COUNT(attempts)},
	{ZV_T_OUTBOX, ZV_ERASE_MESSAGES, outbox_goes, COUNT(outbox)},
	{ZV_T_EVIDENCE, ZV_ERASE_EVIDENCE, evidence_goes, COUNT(evidence)},
	{ZV_T_MARKS, ZV_ERASE_CONSENTS, mark_goes, COUNT(marks)},
	{ZV_T_TALLIES, ZV_ERASE_TALLIES, tally_goes, COUNT(tallies)},
	{ZV_T_SUPPRESSIONS, ZV_ERASE_SUPPRESSED, suppression_goes, COUNT(suppressions)},
	{ZV_T_LEDGER, ZV_ERASE_CALLS, ledger_goes, COUNT(ledger)},
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* ---- the walk ---- */

static void remember(struct one_key *to, const MDB_val *k)
{
	to->n = (uint8_t)(k->mv_size < KEY_MAX ? k->mv_size : KEY_MAX);
	memcpy(to->v, k->mv_data, to->n);
}

/* Gathers what goes from where the walk stands.  *ret_done: the table is at its end. */
static enum zv_err scan(struct job *job, const struct table *t, bool *ret_done)
{
	MDB_val k = {.mv_size = job->at.n, .mv_data = job->at.v}, v;
	MDB_cursor *c;
	enum zv_err err = ZV_OK;
	int rc = mdb_cursor_open(job->txn->t, job->store->dbi[t->table], &c);

	if (rc != 0)
		return zv_db_err(rc, zv_table_names[t->table]);
	job->n_keys = 0;
	rc = mdb_cursor_get(c, &k, &v, job->at.n > 0 ? MDB_SET_RANGE : MDB_FIRST);
	for (uint32_t n = 0; rc == 0 && n < SCAN_ROWS && job->n_keys < TAKE_ROWS && !job->end; n++) {
		struct zv_r r;

		/* A damaged row is for `store check`; it is not erased unread. */
		if (k.mv_size <= KEY_MAX && zv_db_open_value(&k, &v, &r) == ZV_OK &&
		    t->goes(job, &k, r))
			remember(&job->keys[job->n_keys++], &k);
		rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	if (rc == 0)
		remember(&job->at, &k);
	else if (rc != MDB_NOTFOUND)
		err = zv_db_err(rc, zv_table_names[t->table]);
	*ret_done = rc != 0 || job->end;
	mdb_cursor_close(c);
	return err;
}

static enum zv_err read_some(struct job *job, const struct table *t, bool *ret_done)
{
	enum zv_err err = zv_db_begin(job->store, false, job->txn);

	job->person = 0;
	if (err == ZV_OK)
		err = zv_db_err(mdb_cursor_open(job->txn->t, job->store->dbi[ZV_T_LEDGER], &job->ledger),
				"ledger");
	if (err == ZV_OK) {
		err = scan(job, t, ret_done);
		mdb_cursor_close(job->ledger);
	}
	zv_db_abort(job->txn);
	return err;
}

/* ---- where it stands ---- */

#define POSITION "erasing"

/* The same steps, whatever the ages are by now. */
static uint64_t job_name(const struct zv_erase_params *p)
{
	uint64_t h = p->n;

	for (uint32_t i = 0; i < p->n; i++)
		h = zv_mix64(h ^ ((uint64_t)p->steps[i].what << 8 | p->steps[i].from));
	return h;
}

static enum zv_err put_position(struct job *job, uint32_t table)
{
	uint8_t buf[80];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(POSITION) - 1, .mv_data = (void *)(uintptr_t)POSITION};

	zv_w_u64(&w, job_name(job->params));
	zv_w_u32(&w, table);
	zv_w_u8(&w, job->at.n);
	zv_w_bytes(&w, job->at.v, job->at.n);
	return zv_db_put(job->txn, ZV_T_META, &k, &w, 0);
}

static enum zv_err get_position(struct job *job, uint32_t *ret_table)
{
	struct zv_r r;
	const uint8_t *p;
	uint32_t table;
	enum zv_err err = zv_db_begin(job->store, false, job->txn);

	*ret_table = 0;
	if (err == ZV_OK)
		err = zv_db_get(job->txn, ZV_T_META, POSITION, sizeof(POSITION) - 1, &r);
	if (err == ZV_OK && zv_r_u64(&r) == job_name(job->params)) {
		table = zv_r_u32(&r);
		job->at.n = zv_r_u8(&r);
		p = zv_r_take(&r, job->at.n);
		if (p != NULL && job->at.n <= KEY_MAX && table < TABLES) {
			memcpy(job->at.v, p, job->at.n);
			*ret_table = table;
		} else {
			job->at.n = 0;
		}
	}
	zv_db_abort(job->txn);
	return err == ZV_ENOENT || err == ZV_ECORRUPT ? ZV_OK : err;
}

/* ---- taking away ---- */

/* From which moment on nothing is missing: `store check` asks. */
static enum zv_err note_edge(struct job *job, const struct table *t)
{
	const char *name = t->table == ZV_T_LEDGER     ? ZV_META_LEDGER_FROM
			   : t->table == ZV_T_EVIDENCE ? ZV_META_EVIDENCE_FROM
						       : ZV_META_TALLIES_FROM;
	uint64_t have = 0, edge = (uint64_t)job->before_ms;
	enum zv_err err;

	if (t->table == ZV_T_ATTEMPTS) {
		name = ZV_META_LOG_FROM;
		edge = job->last_seq + 1;
	} else if (t->table != ZV_T_LEDGER && t->table != ZV_T_EVIDENCE && t->table != ZV_T_TALLIES) {
		return ZV_OK;
	}
	err = zv_db_meta_get(job->txn, name, &have);
	if (err != ZV_OK && err != ZV_ENOENT)
		return err;
	return err == ZV_OK && (int64_t)have >= (int64_t)edge ? ZV_OK
							     : zv_db_meta_put(job->txn, name, edge);
}

static enum zv_err take_some(struct job *job, uint32_t table)
{
	const struct table *t = &tables[table];
	enum zv_err err = zv_db_begin(job->store, true, job->txn);

	for (uint32_t i = 0; i < job->n_keys && err == ZV_OK; i++) {
		err = zv_db_del(job->txn, t->table, job->keys[i].v, job->keys[i].n);
		err = err == ZV_ENOENT ? ZV_OK : err;
	}
	if (err == ZV_OK)
		err = note_edge(job, t);
	if (err == ZV_OK)
		err = put_position(job, table);
	if (err == ZV_OK)
		return zv_db_commit(job->txn);
	zv_db_abort(job->txn);
	return err;
}

static enum zv_err one_table(struct job *job, uint32_t table)
{
	const struct table *t = &tables[table];
	uint64_t *count = (uint64_t *)(void *)((char *)job->report + t->count);
	bool done = job->before_ms == NEVER;
	enum zv_err err = ZV_OK;

	job->end = false;
	while (err == ZV_OK && !done && !job->report->stopped) {
		err = read_some(job, t, &done);
		*count += job->n_keys;
		if (err == ZV_OK && job->n_keys > 0 && !job->params->dry_run)
			err = take_some(job, table);
		if (err == ZV_OK && job->params->progress != NULL &&
		    !job->params->progress(job->params->arg, zv_table_names[t->table], *count))
			job->report->stopped = true;
	}
	job->at.n = 0;
	return err;
}

/* The longest keeping of all steps that speak of it. */
static void ages(struct job *job, const struct table *t)
{
	const struct zv_erase_params *p = job->params;
	int64_t reach_ms = p->reach_ms > 0 ? p->reach_ms : 400 * DAY_MS;

	job->before_ms = NEVER;
	job->by_activity = false;
	for (uint32_t i = 0; i < p->n; i++) {
		if ((p->steps[i].what & t->what) == 0)
			continue;
		if (job->before_ms == NEVER || p->steps[i].before_ms < job->before_ms)
			job->before_ms = p->steps[i].before_ms;
		job->by_activity |= p->steps[i].from == ZV_ERASE_FROM_LAST_ACTIVITY;
	}
	/* What the limits still look at, and what the counts are made of. */
	if (job->before_ms != NEVER && (t->table == ZV_T_LEDGER || t->table == ZV_T_TALLIES) &&
	    job->before_ms > p->now_ms - reach_ms - DAY_MS)
		job->before_ms = p->now_ms - reach_ms - DAY_MS;
}

static enum zv_err forget_position(struct job *job)
{
	enum zv_err err = zv_db_begin(job->store, true, job->txn);

	if (err == ZV_OK)
		err = zv_db_del(job->txn, ZV_T_META, POSITION, sizeof(POSITION) - 1);
	if (err == ZV_OK)
		return zv_db_commit(job->txn);
	zv_db_abort(job->txn);
	return err == ZV_ENOENT ? ZV_OK : err;
}

enum zv_err zv_erase_run(struct zv_store *store, const struct zv_erase_params *params,
			 struct zv_erase_report *ret_report)
{
	struct job *job = calloc(1, sizeof(*job));
	uint32_t from = 0;
	enum zv_err err = ZV_OK;

	memset(ret_report, 0, sizeof(*ret_report));
	if (job == NULL)
		return ZV_ENOMEM;
	job->store = store;
	job->params = params;
	job->report = ret_report;
	job->txn = malloc(sizeof(*job->txn));
	if (job->txn == NULL)
		err = ZV_ENOMEM;
	else if (params->n > ZV_ERASE_STEPS_MAX)
		err = ZV_EINVAL;
	if (err == ZV_OK && !params->dry_run)
		err = get_position(job, &from);
	for (uint32_t i = from; i < TABLES && err == ZV_OK && !ret_report->stopped; i++) {
		ages(job, &tables[i]);
		err = one_table(job, i);
	}
	if (err == ZV_OK && !params->dry_run && !ret_report->stopped)
		err = forget_position(job);
	free(job->txn);
	free(job);
	return err;
}
