/* Requests, and the index that finds them (table tasks):
 *   0, priority 1, deadline 8, id 8   new ones, in the order they are given out
 *   1, deadline 8, id 8               not done and not escalated yet
 *   2, person 8, id 8                 all of a person
 *   3, agent's name hashed 8, id 8    in work
 *   4, lead 8, id 8                   all of a lead */
#include "store/request.h"

#include <stdlib.h>

#include "store/db.h"
#include "store/erase_in.h"

#define TASK_KEY_MAX 18u
enum { BY_URGENCY = 0, BY_DEADLINE = 1, BY_PERSON = 2, BY_AGENT = 3, BY_LEAD = 4 };

static const char *const kinds[ZV_REQUEST_KINDS] = {
	"?", "verification", "number_change", "questionnaire", "complaint", "call", "other"};
static const char *const statuses[4] = {"?", "new", "work", "done"};

const char *zv_request_kind_name(uint8_t kind)
{
	return kinds[kind < ZV_REQUEST_KINDS ? kind : 0];
}

uint8_t zv_request_kind_parse(const char *name)
{
	for (uint8_t i = 1; i < ZV_REQUEST_KINDS; i++)
		if (strcmp(kinds[i], name) == 0)
			return i;
	return 0;
}

const char *zv_request_status_name(uint8_t status)
{
	return statuses[status <= ZV_REQUEST_DONE ? status : 0];
}

uint8_t zv_request_status_parse(const char *name)
{
	for (uint8_t i = 1; i <= ZV_REQUEST_DONE; i++)
		if (strcmp(statuses[i], name) == 0)
			return i;
	return 0;
}

static const char *text(const char *s)
{
	return s != NULL ? s : "";
}

/* ---- the index ---- */

static uint64_t deadline_key(const struct zv_request *q)
{
	return zv_time_key(q->deadline_ms != 0 ? q->deadline_ms : INT64_MAX);
}

static MDB_val key9(uint8_t key[TASK_KEY_MAX], uint8_t by, uint64_t what, uint64_t id)
{
	key[0] = by;
	zv_put_be64(key + 1, what);
	zv_put_be64(key + 9, id);
	return (MDB_val){.mv_size = 17, .mv_data = key};
}

static MDB_val urgency_key(uint8_t key[TASK_KEY_MAX], const struct zv_request *q)
{
	key[0] = BY_URGENCY;
	key[1] = q->priority;
	zv_put_be64(key + 2, deadline_key(q));
	zv_put_be64(key + 10, q->id);
	return (MDB_val){.mv_size = 18, .mv_data = key};
}

static uint64_t name_of(const char *agent)
{
	return zv_rule_name(agent, strlen(agent));
}

static enum zv_err index_one(struct zv_txn *txn, MDB_val k, bool on)
{
	uint8_t buf[16];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	enum zv_err err;

	if (on)
		return zv_db_put(txn, ZV_T_TASKS, &k, &w, 0);
	err = zv_db_del(txn, ZV_T_TASKS, k.mv_data, k.mv_size);
	return err == ZV_ENOENT ? ZV_OK : err;
}

/* The entries that its status, deadline and owner ask for. */
static enum zv_err index_all(struct zv_txn *txn, const struct zv_request *q, bool on)
{
	uint8_t key[TASK_KEY_MAX];
	enum zv_err err = ZV_OK;

	if (q->status == ZV_REQUEST_NEW)
		err = index_one(txn, urgency_key(key, q), on);
	if (err == ZV_OK && q->status != ZV_REQUEST_DONE && q->escalated == 0 && q->deadline_ms != 0)
		err = index_one(txn, key9(key, BY_DEADLINE, deadline_key(q), q->id), on);
	if (err == ZV_OK && q->status == ZV_REQUEST_WORK)
		err = index_one(txn, key9(key, BY_AGENT, name_of(q->agent), q->id), on);
	if (err == ZV_OK && q->person != 0)
		err = index_one(txn, key9(key, BY_PERSON, q->person, q->id), on);
	if (err == ZV_OK && q->lead != 0)
		err = index_one(txn, key9(key, BY_LEAD, q->lead, q->id), on);
	return err;
}

static enum zv_err get(struct zv_txn *txn, uint64_t id, struct zv_request *ret_request)
{
	uint8_t key[8];
	struct zv_r r;
	enum zv_err err;

	zv_put_be64(key, id);
	err = zv_db_get(txn, ZV_T_REQUESTS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_request_decode(r, ret_request);
	ret_request->id = id;
	return err;
}

static void copy_user(char to[ZV_USER_MAX + 1], const char *from)
{
	size_t n = 0;

	for (; n < ZV_USER_MAX && from[n] != 0; n++)
		to[n] = from[n];
	to[n] = 0;
}

/* old: what stands in the index; its texts are valid until now.  NULL: it is a new one. */
static enum zv_err put(struct zv_txn *txn, const struct zv_request *q, const struct zv_request *old)
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION);
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	char had[ZV_USER_MAX + 1] = "", has[ZV_USER_MAX + 1] = "";
	struct zv_request was, is = *q;
	enum zv_err err = ZV_OK;

	/* Before anything is written: the texts may lie in the pages. */
	zv_request_encode(&w, q);
	copy_user(has, text(q->agent));
	is.agent = has;
	if (old != NULL) {
		was = *old;
		copy_user(had, text(old->agent));
		was.agent = had;
		err = index_all(txn, &was, false);
	}
	zv_put_be64(key, q->id);
	if (err == ZV_OK)
		err = zv_db_put(txn, ZV_T_REQUESTS, &k, &w, 0);
	return err == ZV_OK ? index_all(txn, &is, true) : err;
}

/* ---- changes ---- */

static void note_step(struct zv_request *q, uint8_t what, const char *who, int64_t at_ms)
{
	if (q->n_history == ZV_REQUEST_HISTORY_MAX) {
		/* how it began stays, and what was last */
		memmove(&q->history[2], &q->history[3],
			sizeof(q->history[0]) * (ZV_REQUEST_HISTORY_MAX - 3));
		q->n_history--;
	}
	q->history[q->n_history++] = (struct zv_request_step){at_ms, what, text(who)};
}

struct change {
	uint64_t id;
	uint8_t what; /* enum zv_request_what */
	const char *who, *fields, *result;
	int64_t now_ms;
	struct zv_request request; /* to create */
};

static bool word_ok(const char *s, size_t max)
{
	return strnlen(text(s), max + 1) <= max;
}

static enum zv_err create(struct zv_txn *txn, struct change *c)
{
	struct zv_request *q = &c->request;
	struct zv_lead_rec lead;
	MDB_val last;
	enum zv_err err;

	if (q->lead != 0) {
		err = zv_db_lead_get(txn, q->lead, &lead);
		if (err != ZV_OK)
			return err;
		q->person = lead.person;
		if (q->campaign == 0)
			q->campaign = zv_lead_campaign(q->lead);
	}
	err = zv_db_last_key(txn, ZV_T_REQUESTS, NULL, &last);
	if (err != ZV_OK && err != ZV_ENOENT)
		return err;
	q->id = err == ZV_OK && last.mv_size == 8 ? zv_get_be64(last.mv_data) + 1 : 1;
	q->status = ZV_REQUEST_NEW;
	q->escalated = 0;
	q->agent = "";
	q->created_ms = c->now_ms;
	q->taken_ms = q->done_ms = 0;
	q->n_history = 0;
	note_step(q, ZV_REQUEST_CREATED, c->who, c->now_ms);
	c->id = q->id;
	return put(txn, q, NULL);
}

static enum zv_err take(struct change *c, struct zv_request *q, bool *ret_same)
{
	if (q->status == ZV_REQUEST_WORK && strcmp(q->agent, c->who) == 0)
		*ret_same = true;
	else if (q->status != ZV_REQUEST_NEW)
		return ZV_EDENIED;
	q->status = ZV_REQUEST_WORK;
	q->agent = c->who;
	q->taken_ms = c->now_ms;
	return ZV_OK;
}

/* Done, or given back. */
static enum zv_err let_go(struct change *c, struct zv_request *q)
{
	if (q->status != ZV_REQUEST_WORK || (c->who[0] != 0 && strcmp(q->agent, c->who) != 0))
		return ZV_EDENIED;
	if (c->what == ZV_REQUEST_RETURNED) {
		q->status = ZV_REQUEST_NEW;
		q->agent = "";
		if (text(c->result)[0] != 0)
			q->result = c->result;
		return ZV_OK;
	}
	q->status = ZV_REQUEST_DONE;
	q->done_ms = c->now_ms;
	if (c->fields != NULL)
		q->fields = c->fields;
	q->result = text(c->result);
	return ZV_OK;
}

static enum zv_err change(struct zv_txn *txn, struct change *c)
{
	struct zv_request old, q;
	bool same = false;
	enum zv_err err = get(txn, c->id, &old);

	if (err != ZV_OK)
		return err;
	q = old;
	err = c->what == ZV_REQUEST_TAKEN ? take(c, &q, &same) : let_go(c, &q);
	if (err != ZV_OK || same)
		return err;
	note_step(&q, c->what, c->who[0] != 0 ? c->who : old.agent, c->now_ms);
	return put(txn, &q, &old);
}

static enum zv_err run_in(struct zv_txn *txn, void *arg)
{
	struct change *c = arg;

	return c->what == ZV_REQUEST_CREATED ? create(txn, c) : change(txn, c);
}

static enum zv_err run(struct zv_store *store, struct change *c)
{
	if (!word_ok(c->who, ZV_USER_MAX) || !word_ok(c->fields, ZV_NOTE_FIELDS_MAX) ||
	    !word_ok(c->result, ZV_NOTE_COMMENT_MAX))
		return ZV_EINVAL;
	return zv_db_write(store, run_in, c);
}

enum zv_err zv_store_request_create(struct zv_store *store, const struct zv_request *request,
				    const char *who, int64_t now_ms, uint64_t *ret_id)
{
	struct change c = {.what = ZV_REQUEST_CREATED, .who = text(who), .now_ms = now_ms,
			   .request = *request};
	enum zv_err err;

	if (request->kind == 0 || request->kind >= ZV_REQUEST_KINDS || request->deadline_ms < 0 ||
	    !word_ok(request->skill, ZV_REQUEST_WORD_MAX) ||
	    !word_ok(request->form, ZV_REQUEST_WORD_MAX) ||
	    !word_ok(request->source, ZV_REQUEST_WORD_MAX) ||
	    !word_ok(request->title, ZV_REQUEST_TITLE_MAX) ||
	    !word_ok(request->fields, ZV_NOTE_FIELDS_MAX) ||
	    !word_ok(request->result, ZV_NOTE_COMMENT_MAX))
		return ZV_EINVAL;
	err = run(store, &c);
	if (err == ZV_OK)
		*ret_id = c.id;
	return err;
}

enum zv_err zv_store_request_take(struct zv_store *store, uint64_t id, const char *agent,
				  int64_t now_ms)
{
	struct change c = {.id = id, .what = ZV_REQUEST_TAKEN, .who = text(agent), .now_ms = now_ms};

	return c.who[0] == 0 ? ZV_EINVAL : run(store, &c);
}

enum zv_err zv_store_request_done(struct zv_store *store, uint64_t id, const char *agent,
				  const char *fields, const char *result, int64_t now_ms)
{
	struct change c = {.id = id, .what = ZV_REQUEST_FINISHED, .who = text(agent),
			   .fields = fields, .result = result, .now_ms = now_ms};

	return run(store, &c);
}

enum zv_err zv_store_request_return(struct zv_store *store, uint64_t id, const char *agent,
				    const char *comment, int64_t now_ms)
{
	struct change c = {.id = id, .what = ZV_REQUEST_RETURNED, .who = text(agent),
			   .result = comment, .now_ms = now_ms};

	return run(store, &c);
}

/* ---- reading ---- */

/* Index entries that begin with the prefix; fn false ends it. */
static enum zv_err tasks_each(struct zv_txn *txn, const uint8_t *prefix, size_t n,
			      bool (*fn)(void *arg, const MDB_val *key), void *arg)
{
	MDB_val k = {.mv_size = n, .mv_data = (void *)(uintptr_t)prefix}, v;
	MDB_cursor *c;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_TASKS], &c);

	if (rc != 0)
		return zv_db_err(rc, "tasks");
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	while (rc == 0 && k.mv_size >= n && memcmp(k.mv_data, prefix, n) == 0 && fn(arg, &k))
		rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	mdb_cursor_close(c);
	return rc == 0 || rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "tasks");
}

static uint64_t id_in(const MDB_val *key)
{
	return key->mv_size > 8 ? zv_get_be64((const uint8_t *)key->mv_data + key->mv_size - 8) : 0;
}

struct one { uint64_t id; zv_request_fn fn; void *arg; };

static enum zv_err get_one(struct zv_txn *txn, void *arg)
{
	struct one *o = arg;
	struct zv_request q;
	enum zv_err err = get(txn, o->id, &q);

	if (err == ZV_OK)
		(void)o->fn(o->arg, &q);
	return err;
}

enum zv_err zv_store_request_get(struct zv_store *store, uint64_t id, zv_request_fn fn, void *arg)
{
	struct one o = {id, fn, arg};

	return zv_db_read(store, get_one, &o);
}

struct next {
	struct zv_txn *txn;
	const char *agent;
	bool (*may)(void *arg, const char *skill);
	zv_request_fn fn;
	void *arg;
	bool found;
	enum zv_err err;
};

static bool his(void *arg, const MDB_val *key)
{
	struct next *n = arg;
	struct zv_request q;

	n->err = get(n->txn, id_in(key), &q);
	if (n->err != ZV_OK || strcmp(q.agent, n->agent) != 0)
		return n->err == ZV_OK;
	n->found = true;
	(void)n->fn(n->arg, &q);
	return false;
}

static bool his_kind(void *arg, const MDB_val *key)
{
	struct next *n = arg;
	struct zv_request q;

	n->err = get(n->txn, id_in(key), &q);
	if (n->err != ZV_OK || (q.skill[0] != 0 && !n->may(n->arg, q.skill)))
		return n->err == ZV_OK;
	n->found = true;
	(void)n->fn(n->arg, &q);
	return false;
}

static enum zv_err find_next(struct zv_txn *txn, void *arg)
{
	struct next *n = arg;
	uint8_t key[TASK_KEY_MAX] = {BY_AGENT};
	enum zv_err err;

	n->txn = txn;
	zv_put_be64(key + 1, name_of(n->agent));
	err = tasks_each(txn, key, 9, his, n);
	if (err == ZV_OK && n->err == ZV_OK && !n->found) {
		key[0] = BY_URGENCY;
		err = tasks_each(txn, key, 1, his_kind, n);
	}
	if (err == ZV_OK)
		err = n->err;
	return err == ZV_OK && !n->found ? ZV_ENOENT : err;
}

enum zv_err zv_store_request_next(struct zv_store *store, const char *agent,
				  bool (*may)(void *arg, const char *skill), zv_request_fn fn,
				  void *arg)
{
	struct next n = {.agent = text(agent), .may = may, .fn = fn, .arg = arg};

	return zv_db_read(store, find_next, &n);
}

struct each {
	struct zv_txn *txn;
	const struct zv_request_filter *f;
	zv_request_fn fn;
	void *arg;
	enum zv_err err;
};

static bool fits(const struct zv_request_filter *f, const struct zv_request *q)
{
	if (q->id <= f->after || (f->status != 0 && q->status != f->status) ||
	    (f->kind != 0 && q->kind != f->kind) || (f->person != 0 && q->person != f->person) ||
	    (f->lead != 0 && q->lead != f->lead) ||
	    (f->agent != NULL && strcmp(q->agent, f->agent) != 0))
		return false;
	return f->overdue_ms == 0 || (q->status != ZV_REQUEST_DONE && q->deadline_ms != 0 &&
				      q->deadline_ms < f->overdue_ms);
}

static bool one_of(void *arg, const MDB_val *key)
{
	struct each *e = arg;
	struct zv_request q;

	e->err = get(e->txn, id_in(key), &q);
	return e->err == ZV_OK && (!fits(e->f, &q) || e->fn(e->arg, &q));
}

static enum zv_err walk_index(struct zv_txn *txn, void *arg)
{
	struct each *e = arg;
	const struct zv_request_filter *f = e->f;
	uint8_t key[TASK_KEY_MAX] = {BY_URGENCY};
	size_t n = 9;
	enum zv_err err;

	e->txn = txn;
	if (f->person != 0 || f->lead != 0) {
		key[0] = f->lead != 0 ? BY_LEAD : BY_PERSON;
		zv_put_be64(key + 1, f->lead != 0 ? f->lead : f->person);
	} else if (f->agent != NULL) {
		key[0] = BY_AGENT;
		zv_put_be64(key + 1, name_of(f->agent));
	} else {
		n = 1;
	}
	err = tasks_each(txn, key, n, one_of, e);
	return err == ZV_OK ? e->err : err;
}

static bool one_row(void *arg, struct zv_txn *txn, const MDB_val *key, struct zv_r r, enum zv_err *err)
{
	struct each *e = arg;
	struct zv_request q;

	(void)txn;
	*err = key->mv_size == 8 ? zv_request_decode(r, &q) : ZV_ECORRUPT;
	if (*err != ZV_OK)
		return false;
	q.id = zv_get_be64(key->mv_data);
	return !fits(e->f, &q) || e->fn(e->arg, &q);
}

enum zv_err zv_store_requests_each(struct zv_store *store, const struct zv_request_filter *filter,
				   zv_request_fn fn, void *arg)
{
	struct each e = {.f = filter, .fn = fn, .arg = arg};
	uint8_t from[8];
	MDB_val k = {.mv_size = sizeof(from), .mv_data = from};

	/* What stands in the index is found by it; the rest is walked through. */
	if (filter->person != 0 || filter->lead != 0 || filter->status == ZV_REQUEST_NEW ||
	    (filter->agent != NULL && filter->status == ZV_REQUEST_WORK))
		return zv_db_read(store, walk_index, &e);
	zv_put_be64(from, filter->after);
	return zv_db_walk(store, ZV_T_REQUESTS, &k, one_row, &e);
}

struct count {
	struct zv_txn *txn;
	int64_t now_ms;
	struct zv_request_counts *c;
};

static bool count_new(void *arg, const MDB_val *key)
{
	struct count *n = arg;
	const uint8_t *k = key->mv_data;

	n->c->fresh++;
	n->c->overdue += key->mv_size == 18 && zv_key_time(zv_get_be64(k + 2)) < n->now_ms;
	return true;
}

static bool count_work(void *arg, const MDB_val *key)
{
	struct count *n = arg;
	struct zv_request q;

	n->c->work++;
	n->c->overdue += get(n->txn, id_in(key), &q) == ZV_OK && q.deadline_ms != 0 &&
			 q.deadline_ms < n->now_ms;
	return true;
}

static enum zv_err count_all(struct zv_txn *txn, void *arg)
{
	static const uint8_t urgency = BY_URGENCY, agent = BY_AGENT;
	struct count *n = arg;
	MDB_stat stat;
	enum zv_err err;

	n->txn = txn;
	err = tasks_each(txn, &urgency, 1, count_new, n);
	if (err == ZV_OK)
		err = tasks_each(txn, &agent, 1, count_work, n);
	if (err == ZV_OK)
		err = zv_db_err(mdb_stat(txn->t, txn->store->dbi[ZV_T_REQUESTS], &stat), "requests");
	if (err == ZV_OK)
		n->c->done = stat.ms_entries - n->c->fresh - n->c->work;
	return err;
}

enum zv_err zv_store_request_counts(struct zv_store *store, int64_t now_ms,
				    struct zv_request_counts *ret_counts)
{
	struct zv_request_counts c = {0};
	struct count n = {.now_ms = now_ms, .c = &c};
	enum zv_err err = zv_db_read(store, count_all, &n);

	if (err == ZV_OK)
		*ret_counts = c;
	return err;
}

/* ---- escalation ---- */

#define ESCALATE_MAX 256u /* of one transaction */

struct late {
	int64_t now_ms;
	uint64_t ids[ESCALATE_MAX];
	uint32_t n;
};

static bool find_late(void *arg, const MDB_val *key)
{
	struct late *l = arg;

	if (key->mv_size != 17 ||
	    zv_key_time(zv_get_be64((const uint8_t *)key->mv_data + 1)) > l->now_ms)
		return false;
	l->ids[l->n++] = id_in(key);
	return l->n < ESCALATE_MAX;
}

static enum zv_err find_all_late(struct zv_txn *txn, void *arg)
{
	static const uint8_t deadline = BY_DEADLINE;

	return tasks_each(txn, &deadline, 1, find_late, arg);
}

/* Somebody may have done one meanwhile: its entry is gone then. */
static enum zv_err escalate(struct zv_txn *txn, uint64_t *id, int64_t now_ms)
{
	struct zv_request old, q;
	enum zv_err err = get(txn, *id, &old);

	if (err == ZV_OK && (old.status == ZV_REQUEST_DONE || old.escalated != 0 ||
			     old.deadline_ms == 0 || old.deadline_ms > now_ms))
		err = ZV_ENOENT;
	if (err != ZV_OK) {
		*id = 0;
		return err == ZV_ENOENT ? ZV_OK : err;
	}
	q = old;
	q.escalated = 1;
	note_step(&q, ZV_REQUEST_OVERDUE, "", now_ms);
	return put(txn, &q, &old);
}

enum zv_err zv_store_requests_escalate(struct zv_store *store, int64_t now_ms, zv_request_fn fn,
				       void *arg, uint32_t *ret_n)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct late l;
	uint32_t told = 0;
	enum zv_err err = txn != NULL ? ZV_OK : ZV_ENOMEM;

	do {
		l = (struct late){.now_ms = now_ms};
		if (err == ZV_OK)
			err = zv_db_read(store, find_all_late, &l);
		if (err != ZV_OK || l.n == 0)
			break;
		err = zv_db_begin(store, true, txn);
		for (uint32_t i = 0; i < l.n && err == ZV_OK; i++)
			err = escalate(txn, &l.ids[i], now_ms);
		if (err == ZV_OK)
			err = zv_db_commit(txn);
		else
			zv_db_abort(txn);
		for (uint32_t i = 0; i < l.n && err == ZV_OK; i++) {
			told += l.ids[i] != 0;
			if (l.ids[i] != 0 && fn != NULL)
				err = zv_store_request_get(store, l.ids[i], fn, arg);
		}
	} while (err == ZV_OK && l.n == ESCALATE_MAX);
	free(txn);
	*ret_n = told;
	return err;
}

/* ---- forgetting ---- */

static bool find_his(void *arg, const MDB_val *key)
{
	struct late *l = arg;

	l->ids[l->n++] = id_in(key);
	return l->n < ESCALATE_MAX;
}

struct his { uint64_t person; struct late late; };

static enum zv_err find_of_person(struct zv_txn *txn, void *arg)
{
	struct his *h = arg;
	uint8_t key[TASK_KEY_MAX] = {BY_PERSON};

	zv_put_be64(key + 1, h->person);
	return tasks_each(txn, key, 9, find_his, &h->late);
}

/* Nothing of it leads to him any more, so each turn finds others. */
enum zv_err zv_erase_requests(struct zv_store *store, struct zv_txn *txn, uint64_t person)
{
	struct his h = {.person = person};
	enum zv_err err;

	do {
		h.late.n = 0;
		err = zv_db_read(store, find_of_person, &h);
		if (err != ZV_OK || h.late.n == 0)
			return err;
		err = zv_db_begin(store, true, txn);
		for (uint32_t i = 0; i < h.late.n && err == ZV_OK; i++) {
			struct zv_request old, q;

			err = get(txn, h.late.ids[i], &old);
			if (err != ZV_OK)
				break;
			q = old;
			q.person = q.lead = 0;
			q.title = q.fields = q.result = "";
			err = put(txn, &q, &old);
		}
		if (err == ZV_OK)
			err = zv_db_commit(txn);
		else
			zv_db_abort(txn);
	} while (err == ZV_OK && h.late.n == ESCALATE_MAX);
	return err;
}
