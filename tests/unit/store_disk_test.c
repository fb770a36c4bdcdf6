/* What a store says when the disk gives back other bytes than were written, when a newer program
 * wrote it, and when there is no more space. */
#include "store_engine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <lmdb.h>
#include <sys/stat.h>

static void begin(void)
{
	make_dir();
}

TestSuite(disk, .init = begin, .timeout = 120);

/* ---- versions ---- */

/* Puts value under key into a table, past the program that owns the file. */
static void put_raw(const char *table, const void *key, size_t key_len, const void *value, size_t n)
{
	MDB_val k = {key_len, (void *)(uintptr_t)key}, v = {n, (void *)(uintptr_t)value};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	cr_assert_eq(mdb_env_create(&env), 0);
	cr_assert_eq(mdb_env_set_maxdbs(env, 32), 0);
	cr_assert_eq(mdb_env_open(env, in_dir("store"), 0, 0600), 0);
	cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	cr_assert_eq(mdb_dbi_open(txn, table, 0, &dbi), 0);
	cr_assert_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* CRC-32C bit by bit, as RFC 3720 has it: not the program's own. */
static uint32_t crc32c_slow(const uint8_t *p, size_t n, uint32_t crc)
{
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return crc;
}

static size_t seal(const char *key, uint8_t *value, size_t n)
{
	uint32_t crc = crc32c_slow((const uint8_t *)key, strlen(key), 0xffffffffu);

	crc = ~crc32c_slow(value, n, crc);
	for (int i = 0; i < 4; i++)
		value[n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
	return n + 4;
}

static enum zv_err reopen(char *text, size_t size)
{
	struct zv_store_params params = {.dir = in_dir("store"), .create = true};
	struct zv_store *s = NULL;
	enum zv_err err = zv_store_open(&params, text, size, &s);

	zv_store_close(s);
	return err;
}

Test(disk, a_store_of_a_newer_schema_is_refused_with_both_numbers)
{
	uint8_t value[16] = {1, 0, 0, 0, 9, 0, 0, 0, 7};
	char text[256];

	zv_store_close(open_store(0));
	put_raw("meta", "schema", 6, value, seal("schema", value, 9));
	cr_expect_eq(reopen(text, sizeof(text)), ZV_EVERSION);
	cr_expect_not_null(strstr(text, "newer program"), "%s", text);
	cr_expect_not_null(strstr(text, "schema is 9"), "%s", text);
	cr_expect_not_null(strstr(text, "from schema 7"), "%s", text);
	/* a newer one that this program may still read */
	value[8] = 1;
	put_raw("meta", "schema", 6, value, seal("schema", value, 9));
	cr_expect_eq(reopen(text, sizeof(text)), ZV_OK, "%s", text);
}

Test(disk, a_value_of_a_newer_version_is_told_as_such)
{
	uint8_t value[16] = {4, 0, 0, 0, 0, 0, 0, 0, 0};
	char text[256];

	zv_store_close(open_store(0));
	put_raw("meta", "schema", 6, value, seal("schema", value, 9));
	cr_expect_eq(reopen(text, sizeof(text)), ZV_EVERSION);
}

Test(disk, what_is_no_store_is_refused)
{
	struct zv_store_params params = {.dir = in_dir("store")};
	struct zv_store *s = NULL;
	char text[256], junk[8192];

	cr_expect_eq(zv_store_open(&params, text, sizeof(text), &s), ZV_ENOENT);
	cr_assert_eq(mkdir(in_dir("store"), 0700), 0);
	cr_expect_eq(zv_store_open(&params, text, sizeof(text), &s), ZV_ENOENT);
	memset(junk, 'j', sizeof(junk));
	write_file("store/data.mdb", junk, sizeof(junk));
	cr_expect_eq(zv_store_open(&params, text, sizeof(text), &s), ZV_ECORRUPT, "%s", text);
	cr_expect_not_null(strstr(text, "data.mdb"), "%s", text);
}

Test(disk, a_second_zvonard_on_the_same_store_is_refused)
{
	struct zv_store *s = open_store(0);
	struct zv_store_boot boot;
	struct zv_store_facts facts;
	pid_t child;
	int status;

	zv_store_close(s);
	child = fork();
	if (child == 0) {
		s = open_store(0);
		if (zv_store_begin(s, true, &boot) != ZV_OK)
			_exit(2);
		write_file("ready", "", 0);
		for (;;)
			pause();
	}
	while (access(in_dir("ready"), F_OK) != 0)
		usleep(1000);
	s = open_store(0);
	cr_expect_eq(zv_store_begin(s, true, &boot), ZV_EEXIST);
	cr_assert_eq(zv_store_facts(s, &facts), ZV_OK);
	cr_expect(facts.in_use);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	cr_expect_eq(zv_store_begin(s, true, &boot), ZV_OK);
	zv_store_close(s);
}

/* ---- bits that flip ---- */

struct spot {
	const char *table;
	size_t key_len;
};

/* Flips one bit of a value at random, in every table in turn; the check must find each. */
static void flip_in(const char *table, uint32_t seed)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_cursor *c;
	MDB_val k, v;
	uint8_t copy[4096], key[64];
	MDB_val nk, nv;
	uint32_t at;

	cr_assert_eq(mdb_env_create(&env), 0);
	cr_assert_eq(mdb_env_set_maxdbs(env, 32), 0);
	cr_assert_eq(mdb_env_open(env, in_dir("store"), 0, 0600), 0);
	cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	cr_assert_eq(mdb_dbi_open(txn, table, 0, &dbi), 0);
	cr_assert_eq(mdb_cursor_open(txn, dbi, &c), 0);
	cr_assert_eq(mdb_cursor_get(c, &k, &v, MDB_FIRST), 0, "table %s is empty", table);
	cr_assert(v.mv_size <= sizeof(copy) && k.mv_size <= sizeof(key));
	memcpy(copy, v.mv_data, v.mv_size);
	memcpy(key, k.mv_data, k.mv_size);
	at = seed % (uint32_t)(v.mv_size * 8);
	copy[at / 8] ^= (uint8_t)(1 << at % 8);
	nk = (MDB_val){k.mv_size, key};
	nv = (MDB_val){v.mv_size, copy};
	mdb_cursor_close(c);
	cr_assert_eq(mdb_put(txn, dbi, &nk, &nv, 0), 0);
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void fill_all_tables(void)
{
	struct zv_store *s = open_store(0);
	uint64_t lead = put_leads(s, put_campaign(s, "t"), 4);
	struct zv_cmd c;

	start_thread(s);
	for (uint64_t i = 0; i < 3; i++) {
		c = intent_of(i + 1, lead + i, 79160000000);
		push(&c);
		(void)want_event(ZV_EV_INTENT_FLUSHED);
	}
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	push(&c);
	c = final_of(1, lead, 1);
	c.u.step.n_messages = 1;
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	c = outcome_of(2, lead + 1, ZV_OUT_BUSY);
	push(&c);
	stop_thread();
	cr_assert_eq(problems(s), 0);
	zv_store_close(s);
}

static void ignore(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

Test(disk, a_flipped_bit_in_any_table_is_found)
{
	static const char *const tables[] = {"campaigns", "leads", "persons", "numbers", "due",
					     "asks", "attempts", "open", "ledger", "outbox"};
	char cmd[400];

	fill_all_tables();
	snprintf(cmd, sizeof(cmd), "cp -r '%s' '%s'", in_dir("store"), in_dir("good"));
	cr_assert_eq(system(cmd), 0);
	for (uint32_t seed = 0; seed < 4; seed++) {
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
			struct zv_check_report report;
			struct zv_store *s;

			snprintf(cmd, sizeof(cmd), "rm -rf '%s' && cp -r '%s' '%s'",
				 in_dir("store"), in_dir("good"), in_dir("store"));
			cr_assert_eq(system(cmd), 0);
			flip_in(tables[i], seed * 7919 + (uint32_t)i * 31 + 5);
			s = open_store(0);
			cr_assert_eq(zv_store_check(s, ignore, NULL, &report), ZV_OK);
			cr_expect_gt(report.problems, 0, "table %s, seed %u", tables[i], seed);
			zv_store_close(s);
		}
	}
}

static bool any_lead(void *arg, const struct zv_lead_row *row)
{
	(void)arg;
	(void)row;
	return true;
}

Test(disk, a_reader_of_a_damaged_value_says_so)
{
	struct zv_store *s;

	fill_all_tables();
	flip_in("leads", 77);
	s = open_store(0);
	cr_expect_eq(zv_store_leads_each(s, 1, any_lead, NULL), ZV_ECORRUPT);
	zv_store_close(s);
}

Test(disk, a_check_finds_entries_that_are_missing_or_too_many)
{
	uint8_t due[21] = {0, 0, 0, 1, 2, 0x80, 0, 0, 0, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 0, 1};
	uint8_t value[8] = {1};
	struct zv_check_report report;
	struct zv_store *s;
	uint32_t crc;

	fill_all_tables();
	crc = crc32c_slow(due, sizeof(due), 0xffffffffu);
	crc = ~crc32c_slow(value, 1, crc);
	for (int i = 0; i < 4; i++)
		value[1 + i] = (uint8_t)(crc >> (24 - 8 * i));
	put_raw("due", due, sizeof(due), value, 5);
	s = open_store(0);
	cr_assert_eq(zv_store_check(s, ignore, NULL, &report), ZV_OK);
	cr_expect_gt(report.problems, 0);
	zv_store_close(s);
}

/* ---- no more space ---- */

/* Fills the map with filler until `leave` pages are free; returns nothing but a full store. */
static void fill_map(struct zv_store *s, uint32_t campaign)
{
	struct zv_import_params p = {
		.campaign = campaign, .zone = "UTC", .due_class = ZV_DUE_NORMAL, .batch_rows = 64};
	struct zv_import_report report;
	FILE *f = fopen(in_dir("filler.csv"), "w");
	enum zv_err err;

	fputs("phone,text\n", f);
	for (uint32_t i = 0; i < 4000; i++)
		fprintf(f, "7495%07u,%0800u\n", i, i);
	cr_assert_eq(fclose(f), 0);
	p.path = in_dir("filler.csv");
	err = zv_import(s, &p, &report);
	cr_assert_eq(err, ZV_EFULL, "the map did not fill: %llu rows",
		     (unsigned long long)report.imported);
	cr_expect_not_null(strstr(report.text, "no more space"), "%s", report.text);
}

/* Takes filler leads away, a few a transaction: a full map has room for small ones only. */
static int make_room(void)
{
	MDB_env *env;
	MDB_dbi leads;
	bool more = true;

	if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 32) != 0 ||
	    mdb_env_open(env, in_dir("store"), 0, 0600) != 0)
		return 1;
	while (more) {
		uint8_t from[8] = {0, 0, 2};
		MDB_val k = {8, from}, v;
		MDB_txn *txn;
		MDB_cursor *c;

		if (mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
		    mdb_dbi_open(txn, "leads", 0, &leads) != 0 ||
		    mdb_cursor_open(txn, leads, &c) != 0)
			return 2;
		more = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE) == 0;
		for (int i = 0; i < 8 && more; i++) {
			int rc = mdb_cursor_del(c, 0);

			if (rc != 0)
				return rc == MDB_MAP_FULL ? 4 : 5;
			more = mdb_cursor_get(c, &k, &v, MDB_GET_CURRENT) == 0;
		}
		mdb_cursor_close(c);
		if (mdb_txn_commit(txn) != 0)
			return 3;
	}
	mdb_env_close(env);
	return 0;
}

/* n intents against a full map: stop is told, another process makes room, all are flushed. */
static void meet_full_map(uint32_t n, bool want_full)
{
	struct zv_store *s = open_store(1 << 20);
	uint32_t campaign = put_campaign(s, "t"), filler = put_campaign(s, "filler");
	uint64_t lead = put_leads(s, campaign, n);
	struct zv_store_stats stats;
	struct zv_event ev;
	uint32_t flushed = 0;
	bool off = false, on = false;
	pid_t child;
	int status;

	fill_map(s, filler);
	start_thread(s);
	for (uint64_t i = 0; i < n; i++) {
		struct zv_cmd c = intent_of(i + 1, lead + i, 79160000000);

		push(&c);
	}
	do {
		zv_store_get_stats(s, &stats);
		cr_assert(off || next_message(events, &ev, 20000), "the store did not say stop");
		off |= ev.type == ZV_EV_STORE_STATE && ev.u.state.on == 0;
		flushed += ev.type == ZV_EV_INTENT_FLUSHED;
		ev.type = 0;
	} while (!off || (want_full && stats.full == 0));
	child = fork(); /* one process may open a store once only */
	if (child == 0)
		_exit(make_room());
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "no room was made: %d", status);
	while (flushed < n || !on) {
		cr_assert(next_message(events, &ev, 20000), "%u flushed, on %d", flushed, on);
		if (ev.type == ZV_EV_STORE_STATE)
			on = ev.u.state.on == 1;
		else if (ev.u.flushed.err == ZV_OK)
			flushed++;
	}
	stop_thread();
	cr_expect_eq(store_thread_err, ZV_OK);
	for (uint64_t i = 0; i < n; i++)
		cr_expect_eq(lead_row(s, lead + i).state, ZV_LEAD_OPEN);
	zv_store_close(s);
}

Test(disk, a_map_that_is_nearly_full_stops_dialling_and_still_takes_what_comes)
{
	meet_full_map(60, false);
}

Test(disk, a_full_map_loses_nothing_and_goes_on_when_there_is_space)
{
	meet_full_map(600, true);
}
