#include "store/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/check_in.h"
#include "store/dates.h"

#define TOLD_MAX 1000u

void zv_check_tell(struct zv_check *c, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (c->report.problems++ >= TOLD_MAX)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->problem(c->arg, text);
}

typedef unsigned long long ull;

/* ---- small helpers ---- */

bool zv_check_has(struct zv_check *c, enum zv_table table, const void *key, size_t n)
{
	MDB_val k = {.mv_size = n, .mv_data = (void *)(uintptr_t)key}, v;

	return mdb_get(c->txn->t, c->txn->store->dbi[table], &k, &v) == 0;
}

bool zv_check_lead_of(struct zv_check *c, uint64_t id)
{
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	struct zv_r r;

	zv_put_be64(key, id);
	return mdb_get(c->txn->t, c->txn->store->dbi[ZV_T_LEADS], &k, &v) == 0 &&
	       zv_db_open_value(&k, &v, &r) == ZV_OK && zv_lead_decode(r, &c->lead) == ZV_OK;
}

static bool person_of(struct zv_check *c, uint64_t id)
{
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	struct zv_r r;

	zv_put_be64(key, id);
	return mdb_get(c->txn->t, c->txn->store->dbi[ZV_T_PERSONS], &k, &v) == 0 &&
	       zv_db_open_value(&k, &v, &r) == ZV_OK &&
	       zv_person_decode(r, &c->person) == ZV_OK;
}

static struct zv_check_sums *sums_of(struct zv_check *c, uint32_t id)
{
	for (uint32_t i = c->n_sums; i-- > 0;)
		if (c->sums[i].id == id)
			return &c->sums[i];
	if (c->n_sums == c->cap_sums) {
		uint32_t cap = c->cap_sums == 0 ? 64 : c->cap_sums * 2;
		struct zv_check_sums *v = realloc(c->sums, sizeof(*v) * cap);

		if (v == NULL)
			return NULL;
		c->sums = v;
		c->cap_sums = cap;
	}
	c->sums[c->n_sums] = (struct zv_check_sums){.id = id};
	return &c->sums[c->n_sums++];
}

/* ---- a value of each table ---- */

static void check_lead(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint64_t id = zv_get_be64(key);
	struct zv_lead_rec lead;
	uint8_t due[ZV_DUE_KEY];
	struct zv_check_sums *sums;

	if (zv_lead_decode(r, &lead) != ZV_OK) {
		zv_check_tell(c, "lead %llu: does not read", (ull)id);
		return;
	}
	sums = sums_of(c, zv_lead_campaign(id));
	if (sums != NULL) {
		sums->leads++;
		/* A lead of an erased person is done, with a category or not. */
		sums->finals += lead.category != 0 || lead.state == ZV_LEAD_REMOVED;
		sums->by_category[lead.category]++;
	}
	if (!person_of(c, lead.person))
		zv_check_tell(c, "lead %llu: its person %llu is not there", (ull)id, (ull)lead.person);
	if (lead.due_ms != 0) {
		c->due_leads++;
		zv_due_key(due, zv_lead_campaign(id), lead.due_class, lead.due_ms, id);
		if (!zv_check_has(c, ZV_T_DUE, due, sizeof(due)))
			zv_check_tell(c, "lead %llu: its due entry is not there", (ull)id);
	}
	c->open_leads += lead.state == ZV_LEAD_OPEN;
	c->ask_leads += lead.state == ZV_LEAD_ASKING;
	if (lead.state == ZV_LEAD_ASKING && !zv_check_has(c, ZV_T_ASKS, key, 8))
		zv_check_tell(c, "lead %llu: waits for a step and is not on the list of those", (ull)id);
	if (lead.state == ZV_LEAD_DUE && lead.due_ms == 0)
		zv_check_tell(c, "lead %llu: is due and has no due time", (ull)id);
	if ((lead.state == ZV_LEAD_OPEN || lead.state == ZV_LEAD_ASKING) && lead.due_ms != 0)
		zv_check_tell(c, "lead %llu: is being worked on and due all the same", (ull)id);
	if (lead.state == ZV_LEAD_FINAL && lead.category == 0)
		zv_check_tell(c, "lead %llu: is final without a category", (ull)id);
	if (lead.state == ZV_LEAD_ASKING && lead.needs_step == 0)
		zv_check_tell(c, "lead %llu: waits for a step it does not need", (ull)id);
}

static void check_person(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint64_t id = zv_get_be64(key);
	struct zv_person_rec person;
	MDB_val k, v;

	if (zv_person_decode(r, &person) != ZV_OK ||
	    (person.n_numbers == 0) != (person.erased_ms != 0)) {
		zv_check_tell(c, "person %llu: does not read", (ull)id);
		return;
	}
	if (person.external_id[0] == 0)
		return;
	c->externals++;
	k.mv_data = person.external_id;
	k.mv_size = strlen(person.external_id);
	if (mdb_get(c->txn->t, c->txn->store->dbi[ZV_T_EXTERNALS], &k, &v) != 0 ||
	    zv_db_open_value(&k, &v, &r) != ZV_OK || zv_r_u64(&r) != id)
		zv_check_tell(c, "person %llu: the index of external ids does not lead to it", (ull)id);
}

static void check_number(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint64_t e164 = zv_get_be64(key), lead = zv_r_u64(&r), person = zv_r_u64(&r);
	bool found = false;

	if (r.bad || r.left != 0 || zv_lead_campaign(lead) != zv_get_be32(key + 8)) {
		zv_check_tell(c, "a number's index entry does not read");
		return;
	}
	if (!zv_check_lead_of(c, lead) || c->lead.person != person) {
		zv_check_tell(c, "number of lead %llu: the lead is not there or another person's",
		     (ull)lead);
		return;
	}
	if (person_of(c, person))
		for (uint8_t i = 0; i < c->person.n_numbers; i++)
			found |= c->person.numbers[i].e164 == e164;
	if (!found)
		zv_check_tell(c, "number of lead %llu: its person does not have it", (ull)lead);
}

static void check_due(struct zv_check *c, const uint8_t *key)
{
	uint64_t lead = zv_get_be64(key + 13);

	if (!zv_check_lead_of(c, lead) || c->lead.due_class != key[4] ||
	    c->lead.due_ms != zv_key_time(zv_get_be64(key + 5)) ||
	    zv_lead_campaign(lead) != zv_get_be32(key))
		zv_check_tell(c, "due entry of lead %llu: the lead says something else", (ull)lead);
}

static void check_ask(struct zv_check *c, const uint8_t *key)
{
	uint64_t lead = zv_get_be64(key);

	if (!zv_check_lead_of(c, lead) || c->lead.state != ZV_LEAD_ASKING)
		zv_check_tell(c, "lead %llu: is on the list of those that wait for a step, and does not",
		     (ull)lead);
}

static void check_open(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	struct zv_open_rec open;

	if (zv_open_decode(r, &open) != ZV_OK || open.a.attempt.hi != zv_get_be64(key) ||
	    open.a.attempt.lo != zv_get_be64(key + 8)) {
		zv_check_tell(c, "an open intent does not read");
		return;
	}
	if (!zv_check_lead_of(c, open.a.lead) || c->lead.state != ZV_LEAD_OPEN)
		zv_check_tell(c, "open intent %llx-%llx: lead %llu is not being called",
		     (ull)open.a.attempt.hi, (ull)open.a.attempt.lo, (ull)open.a.lead);
}

static void check_log(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint64_t seq = zv_get_be64(key);
	struct zv_log_row row;

	if (zv_log_decode(r, &row) != ZV_OK) {
		zv_check_tell(c, "attempt log, entry %llu: does not read", (ull)seq);
		memset(&row, 0, sizeof(row));
	}
	if (seq != c->last_seq + 1 && c->last_seq != 0 && seq > c->log_from)
		zv_check_tell(c, "attempt log: %llu entries are missing before %llu",
		     (ull)(seq - c->last_seq - 1), (ull)seq);
	c->last_seq = seq;
	zv_check_attempt(c, &row);
}

static void check_camp(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint32_t id = zv_get_be32(key);
	struct zv_counts_rec counts;
	struct zv_check_sums *sums;

	if (key[4] == 0) {
		struct zv_names_rec *names = malloc(sizeof(*names));

		if (names != NULL && zv_names_decode(r, names) != ZV_OK)
			zv_check_tell(c, "campaign %u: its names do not read", id);
		free(names);
		return;
	}
	if (key[4] == 2) {
		char zone[ZV_ZONE_MAX];

		zv_r_text(&r, zone, sizeof(zone));
		if (r.bad || r.left != 0)
			zv_check_tell(c, "campaign %u: its zone does not read", id);
		return;
	}
	if (key[4] == ZV_CAMP_DATES) {
		struct zv_date_rule rule;

		if (zv_db_dates_decode(r, &rule) != ZV_OK)
			zv_check_tell(c, "campaign %u: its rule of dates does not read", id);
		return;
	}
	if (zv_counts_decode(r, &counts) != ZV_OK) {
		zv_check_tell(c, "campaign %u: its counters do not read", id);
		return;
	}
	sums = sums_of(c, id);
	if (sums == NULL)
		return;
	if (counts.leads != sums->leads || counts.finals != sums->finals)
		zv_check_tell(c, "campaign %u: counts %llu leads, %llu final; there are %llu and %llu", id,
		     (ull)counts.leads, (ull)counts.finals, (ull)sums->leads, (ull)sums->finals);
	for (uint32_t i = 0; i < ZV_NAMES_MAX; i++)
		if (counts.by_category[i] != sums->by_category[i])
			zv_check_tell(c, "campaign %u, category %u: counts %llu, there are %llu", id, i,
			     (ull)counts.by_category[i], (ull)sums->by_category[i]);
}

static void check_rest(struct zv_check *c, enum zv_table table, struct zv_r r)
{
	struct zv_outbox_row outbox = {0};
	bool ok = true;

	if (table == ZV_T_OUTBOX) {
		ok = zv_outbox_decode(r, &outbox) == ZV_OK;
		if (ok && !zv_check_lead_of(c, outbox.lead))
			zv_check_tell(c, "a message of lead %llu: the lead is not there",
				      (ull)outbox.lead);
	} else if (table == ZV_T_AGENTS) {
		ok = zv_r_u32(&r) != 0 && !r.bad && r.left == 0;
	} else if (table == ZV_T_EXTERNALS) {
		uint64_t person = zv_r_u64(&r);

		ok = !r.bad && person_of(c, person);
	}
	if (!ok)
		zv_check_tell(c, "table %s: a value does not read", zv_table_names[table]);
}

/* ---- the walk ---- */

static const uint8_t key_sizes[ZV_T_MAX] = {
	[ZV_T_CAMPAIGNS] = 5,  [ZV_T_LEADS] = 8,  [ZV_T_PERSONS] = 8,       [ZV_T_NUMBERS] = 12,
	[ZV_T_DUE] = 21,       [ZV_T_ASKS] = 8,   [ZV_T_ATTEMPTS] = 8,      [ZV_T_OPEN] = 16,
	[ZV_T_LEDGER] = 32,    [ZV_T_CALLBACKS] = 8, [ZV_T_OUTBOX] = 17, [ZV_T_LEGS] = 16,
	[ZV_T_MARKS] = ZV_MARK_KEY, [ZV_T_RULESETS] = 9, [ZV_T_TALLIES] = ZV_TALLY_KEY, [ZV_T_ERASED] = 8,
	[ZV_T_NAMES] = 8,      [ZV_T_REQUESTS] = 8, [ZV_T_NOTES] = 16,
};

static void check_value(struct zv_check *c, enum zv_table table, const MDB_val *k, const MDB_val *v)
{
	const uint8_t *key = k->mv_data;
	struct zv_r r;
	enum zv_err err;

	c->report.records++;
	if (key_sizes[table] != 0 && k->mv_size != key_sizes[table]) {
		zv_check_tell(c, "table %s: a key of %zu bytes", zv_table_names[table], k->mv_size);
		return;
	}
	err = zv_db_open_value(k, v, &r);
	if (err != ZV_OK) {
		zv_check_tell(c, "table %s, value %llu: %s", zv_table_names[table], (ull)c->report.records,
		     err == ZV_EVERSION ? "written by a newer version" : "wrong checksum");
		return;
	}
	switch (table) {
	case ZV_T_LEADS: check_lead(c, key, r); break;
	case ZV_T_PERSONS: check_person(c, key, r); break;
	case ZV_T_NUMBERS: check_number(c, key, r); break;
	case ZV_T_DUE: check_due(c, key); break;
	case ZV_T_ASKS: check_ask(c, key); break;
	case ZV_T_OPEN: check_open(c, key, r); break;
	case ZV_T_ATTEMPTS: check_log(c, key, r); break;
	case ZV_T_CAMPAIGNS: check_camp(c, key, r); break;
	case ZV_T_LEDGER:
	case ZV_T_SUPPRESSIONS:
	case ZV_T_MARKS:
	case ZV_T_REGISTRIES:
	case ZV_T_EVIDENCE:
	case ZV_T_RULESETS:
	case ZV_T_TALLIES:
	case ZV_T_ERASED:
	case ZV_T_NAMES: zv_check_told(c, table, k, r); break;
	case ZV_T_CALLBACKS:
	case ZV_T_REQUESTS:
	case ZV_T_GIVEN:
	case ZV_T_TASKS:
	case ZV_T_NOTES:
	case ZV_T_RECORDINGS: zv_check_work(c, table, k, r); break;
	case ZV_T_META:
	case ZV_T_EXTERNALS:
	case ZV_T_OUTBOX:
	case ZV_T_AGENTS:
	case ZV_T_LEGS:
	case ZV_T_MAX:
	default: check_rest(c, table, r); break;
	}
}

static enum zv_err check_table(struct zv_check *c, enum zv_table table, uint64_t *ret_n)
{
	MDB_cursor *cur;
	MDB_val k, v;
	int rc = mdb_cursor_open(c->txn->t, c->txn->store->dbi[table], &cur);

	*ret_n = 0;
	if (rc != 0)
		return zv_db_err(rc, zv_table_names[table]);
	while ((rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) == 0) {
		(*ret_n)++;
		check_value(c, table, &k, &v);
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, zv_table_names[table]);
}

static enum zv_err check_all(struct zv_check *c)
{
	/* Leads first: the campaigns' sums come from them. */
	static const enum zv_table order[] = {
		ZV_T_META, ZV_T_LEADS, ZV_T_PERSONS, ZV_T_NUMBERS, ZV_T_EXTERNALS, ZV_T_DUE,
		ZV_T_ASKS, ZV_T_OPEN, ZV_T_ATTEMPTS, ZV_T_LEDGER, ZV_T_CALLBACKS,
		ZV_T_SUPPRESSIONS, ZV_T_OUTBOX, ZV_T_REQUESTS, ZV_T_AGENTS, ZV_T_LEGS, ZV_T_CAMPAIGNS,
		/* the ledger before the tallies: they are counted again from it */
		ZV_T_MARKS, ZV_T_REGISTRIES, ZV_T_EVIDENCE, ZV_T_RULESETS, ZV_T_TALLIES, ZV_T_ERASED,
		ZV_T_NAMES, ZV_T_GIVEN, ZV_T_TASKS, ZV_T_NOTES, ZV_T_RECORDINGS,
	};
	uint64_t n[ZV_T_MAX] = {0};
	enum zv_err err = zv_check_edges(c);

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && err == ZV_OK; i++)
		err = check_table(c, order[i], &n[order[i]]);
	if (err != ZV_OK)
		return err;
	if (n[ZV_T_DUE] != c->due_leads)
		zv_check_tell(c, "%llu due entries for %llu leads that are due", (ull)n[ZV_T_DUE],
		     (ull)c->due_leads);
	if (n[ZV_T_OPEN] != c->open_leads)
		zv_check_tell(c, "%llu open intents for %llu leads that are being called",
		     (ull)n[ZV_T_OPEN], (ull)c->open_leads);
	if (n[ZV_T_ASKS] != c->ask_leads)
		zv_check_tell(c, "%llu entries for %llu leads that wait for a step", (ull)n[ZV_T_ASKS],
		     (ull)c->ask_leads);
	if (n[ZV_T_EXTERNALS] != c->externals)
		zv_check_tell(c, "%llu external ids in the index, %llu persons have one",
		     (ull)n[ZV_T_EXTERNALS], (ull)c->externals);
	if (n[ZV_T_TASKS] != c->tasks)
		zv_check_tell(c, "%llu entries in the index of requests, %llu are asked for",
			      (ull)n[ZV_T_TASKS], (ull)c->tasks);
	zv_check_sum_up(c);
	return ZV_OK;
}

enum zv_err zv_store_check(struct zv_store *store, void (*problem)(void *arg, const char *text),
			   void *arg, struct zv_check_report *ret_report)
{
	struct zv_check *c = calloc(1, sizeof(*c));
	enum zv_err err = ZV_ENOMEM;

	if (c == NULL)
		return ZV_ENOMEM;
	c->problem = problem;
	c->arg = arg;
	c->txn = malloc(sizeof(*c->txn));
	if (c->txn != NULL) {
		err = zv_db_begin(store, false, c->txn);
		if (err == ZV_OK)
			err = check_all(c);
		zv_db_abort(c->txn);
	}
	*ret_report = c->report;
	free(c->txn);
	free(c->sums);
	free(c->tallies);
	free(c);
	return err;
}
