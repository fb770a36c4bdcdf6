/* A store of schema 1, its bytes as the program of that time wrote them (store_v1.txt): it is read
 * as it is, and becomes one of today when it is opened for writing. */
#include "store_engine.h"

#include <lmdb.h>
#include <sys/stat.h>

static uint8_t hex(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t bytes_of(const char *text, uint8_t *to)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(hex(text[2 * i]) << 4 | hex(text[2 * i + 1]));
	return n;
}

static void begin(void)
{
	static char line[9000], table[32], key[1200], value[7600];
	static uint8_t kb[600], vb[3800];
	const char *root = getenv("ZVONAR_SOURCE_ROOT");
	char path[512];
	MDB_env *env;
	MDB_txn *txn;
	FILE *f;

	make_dir();
	cr_assert_eq(mkdir(in_dir("store"), 0700), 0);
	snprintf(path, sizeof(path), "%s/tests/unit/store_v1.txt", root != NULL ? root : ".");
	f = fopen(path, "r");
	cr_assert_not_null(f, "%s", path);
	cr_assert_eq(mdb_env_create(&env), 0);
	cr_assert_eq(mdb_env_set_maxdbs(env, 32), 0);
	cr_assert_eq(mdb_env_set_mapsize(env, 64u << 20), 0);
	cr_assert_eq(mdb_env_open(env, in_dir("store"), 0, 0600), 0);
	cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	static const char *const empty[] = {"due", "asks", "callbacks", "requests", "agents"};
	MDB_dbi dbi;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		cr_assert_eq(mdb_dbi_open(txn, empty[i], MDB_CREATE, &dbi), 0);
	while (fgets(line, sizeof(line), f) != NULL) {
		MDB_val k = {.mv_data = kb}, v = {.mv_data = vb};

		if (line[0] == '#')
			continue;
		cr_assert_eq(sscanf(line, "%31s %1199s %7599s", table, key, value), 3);
		k.mv_size = bytes_of(key, kb);
		v.mv_size = bytes_of(value, vb);
		cr_assert_eq(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
		cr_assert_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
	}
	fclose(f);
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

TestSuite(old, .init = begin, .timeout = 60);

#define LEAD ((UINT64_C(1) << 40) + 1)

static bool keep_contact(void *arg, const struct zv_ledger_row *row)
{
	*(struct zv_ledger_row *)arg = *row;
	return true;
}

static bool keep_suppressed(void *arg, const struct zv_suppress_row *row)
{
	struct zv_suppress_row *to = arg;

	*to = *row;
	cr_expect_str_eq(row->reason, "asked");
	to->reason = NULL;
	return true;
}

static bool keep_message(void *arg, const struct zv_outbox_row *row)
{
	*(struct zv_outbox_row *)arg = *row;
	return true;
}

static bool expect_zone(void *arg, const struct zv_lead_row *row)
{
	(void)arg;
	cr_expect_str_eq(row->numbers[0].zone, "Asia/Omsk");
	cr_expect_str_eq(row->external_id, "A1");
	return true;
}

static void expect_old(struct zv_store *store)
{
	const uint16_t talked = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) |
				ZV_FACT_BIT(ZV_FACT_RING) | ZV_FACT_BIT(ZV_FACT_CONNECT) |
				ZV_FACT_BIT(ZV_FACT_CONVERSATION);
	struct zv_lead_row row = lead_row(store, LEAD);
	struct zv_ledger_row contact = {0};
	struct zv_suppress_row suppressed = {0};
	struct zv_outbox_row message = {0};
	bool yes = false;

	cr_expect_eq(problems(store), 0);
	cr_expect_eq(row.state, ZV_LEAD_FINAL);
	cr_assert_eq(zv_store_lead_get(store, LEAD, expect_zone, NULL), ZV_OK);
	cr_expect_eq(row.debt, 0);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_contact, &contact), ZV_OK);
	cr_expect_eq(contact.contact.facts, talked | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER));
	cr_expect_eq(contact.contact.at_ms, (int64_t)CAL + 1000);
	cr_expect_eq(contact.contact.e164, 79160000001);
	cr_expect_eq(contact.contact.campaign, 1);
	cr_expect_eq(contact.version, 1);
	row = lead_row(store, LEAD + 1);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_contact, &contact), ZV_OK);
	cr_expect_eq(contact.outcome, ZV_OUT_UNKNOWN);
	cr_expect_eq(contact.contact.facts, talked);
	cr_assert_eq(zv_store_suppressions_each(store, 0, 0, keep_suppressed, &suppressed), ZV_OK);
	cr_expect_eq(suppressed.kind, ZV_SUPPRESS_NUMBER);
	cr_expect_eq(suppressed.id, 79160000004);
	cr_expect_eq(suppressed.until_ms, INT64_MAX);
	cr_assert_eq(zv_store_suppressed(store, 79160000004, 0, &yes), ZV_OK);
	cr_expect(yes);
	cr_assert_eq(zv_store_outbox_each(store, 1, keep_message, &message), ZV_OK);
	cr_expect_eq(message.to, 79160000001);
	cr_expect_eq(message.refused, 0);
	cr_expect_eq(message.not_before_ms, 0);
}

Test(old, it_is_read_without_being_written)
{
	struct zv_store_params params = {.dir = in_dir("store"), .read_only = true};
	struct zv_store *store = NULL;
	struct zv_store_facts facts;
	char text[256];

	cr_assert_eq(zv_store_open(&params, text, sizeof(text), &store), ZV_OK, "%s", text);
	expect_old(store);
	cr_assert_eq(zv_store_facts(store, &facts), ZV_OK);
	cr_expect_eq(facts.schema, 1);
	cr_expect_eq(facts.marks, 0);
	zv_store_close(store);
}

static int64_t hour(void *arg, uint32_t id)
{
	(void)arg;
	(void)id;
	return 3600000;
}

Test(old, it_becomes_one_of_today_and_goes_on)
{
	struct zv_store *store = open_store(0);
	struct zv_store_facts facts;
	struct zv_store_boot boot;
	struct zv_ledger_row contact = {0};
	struct zv_lead_row row;
	struct zv_cmd c;
	uint32_t n = 0;

	expect_old(store);
	cr_assert_eq(zv_store_facts(store, &facts), ZV_OK);
	cr_expect_eq(facts.schema, 3);
	cr_expect_eq(facts.least_readable, 3);
	/* the open intent of version 1 is recovered into a row of today */
	cr_assert_eq(zv_store_begin(store, true, &boot), ZV_OK);
	cr_expect_eq(boot.epoch, 3);
	cr_assert_eq(zv_store_recover(store, (int64_t)CAL + 60000, hour, NULL, NULL, &n), ZV_OK);
	cr_expect_eq(n, 1);
	row = lead_row(store, LEAD + 2);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_contact, &contact), ZV_OK);
	cr_expect_eq(contact.version, 3);
	cr_expect(contact.contact.facts & ZV_FACT_BIT(ZV_FACT_CONVERSATION));
	cr_expect_eq(problems(store), 0);
	/* the unknown one of version 1 is settled: from now on it is in the tallies */
	start_thread(store);
	c = outcome_of(2, LEAD + 1, ZV_OUT_BUSY);
	c.u.outcome.amend = 1;
	push(&c);
	c = intent_of(9, LEAD + 3, 79160000004);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_OK);
	stop_thread();
	row = lead_row(store, LEAD + 1);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_contact, &contact), ZV_OK);
	cr_expect_eq(contact.outcome, ZV_OUT_BUSY);
	cr_expect_eq(contact.version, 3);
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

/* ---- schema 2: what schema 3 has more of is cut off ---- */

static uint32_t crc32c_of(const uint8_t *p, size_t n, uint32_t crc)
{
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	return crc;
}

/* The value as a program of schema 2 wrote it: leads without their last 25 bytes, outcomes in the log
 * without their last 5, rows of the ledger without result and agent. */
static size_t cut_back(const char *table, const MDB_val *k, const MDB_val *v, uint8_t *to)
{
	size_t n = v->mv_size - 4;
	uint32_t crc;

	memcpy(to, v->mv_data, n);
	cr_assert_eq(to[0], 3);
	to[0] = 2;
	if (strcmp(table, "leads") == 0)
		n -= 1 + 4 + 4 + 8 + 8;
	if (strcmp(table, "attempts") == 0 && to[1] == ZV_LOG_OUTCOME)
		n -= 5;
	if (strcmp(table, "ledger") == 0) {
		uint32_t has = (uint32_t)to[1] << 8 | to[2];

		n -= ((has & 2048) != 0 ? 5u : 0u) + ((has & 1024) != 0 ? 1u : 0u);
		has &= 1023;
		to[1] = (uint8_t)(has >> 8);
	}
	crc = ~crc32c_of(to, n, crc32c_of(k->mv_data, k->mv_size, 0xffffffffu));
	for (int i = 0; i < 4; i++)
		to[n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
	return n + 4;
}

static void make_schema_2(void)
{
	static const char *const tables[] = {"meta", "campaigns", "leads", "persons", "numbers", "externals", "due",
					     "asks", "attempts", "open", "ledger", "legs", "tallies"};
	static const char *const gone[] = {"given", "tasks", "notes", "recordings"};
	static uint8_t buf[40000];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	cr_assert_eq(mdb_env_create(&env), 0);
	cr_assert_eq(mdb_env_set_maxdbs(env, 40), 0);
	cr_assert_eq(mdb_env_open(env, in_dir("store2"), 0, 0600), 0);
	cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		MDB_cursor *c;
		MDB_val k, v;

		cr_assert_eq(mdb_dbi_open(txn, tables[t], 0, &dbi), 0);
		cr_assert_eq(mdb_cursor_open(txn, dbi, &c), 0);
		while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0) {
			uint8_t key[600]; /* the page moves under the put */
			MDB_val own = {k.mv_size, key}, cut = {.mv_data = buf};

			memcpy(key, k.mv_data, k.mv_size);
			cut.mv_size = cut_back(tables[t], &k, &v, buf);
			cr_assert_eq(mdb_put(txn, dbi, &own, &cut, 0), 0);
			cr_assert_eq(mdb_cursor_get(c, &own, &v, MDB_SET), 0);
		}
		mdb_cursor_close(c);
	}
	for (size_t t = 0; t < sizeof(gone) / sizeof(gone[0]); t++) {
		cr_assert_eq(mdb_dbi_open(txn, gone[t], 0, &dbi), 0);
		cr_assert_eq(mdb_drop(txn, dbi, 1), 0);
	}
	{
		uint8_t schema[13] = {2, 0, 0, 0, 2, 0, 0, 0, 2};
		MDB_val k = {6, (void *)(uintptr_t)"schema"}, v = {13, schema};
		uint32_t crc = ~crc32c_of(schema, 9, crc32c_of(k.mv_data, 6, 0xffffffffu));

		for (int i = 0; i < 4; i++)
			schema[9 + i] = (uint8_t)(crc >> (24 - 8 * i));
		cr_assert_eq(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
		cr_assert_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
	}
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static struct zv_store *open_2(bool read_only)
{
	struct zv_store_params params = {
		.dir = in_dir("store2"), .read_only = read_only, .create = !read_only};
	struct zv_store *store = NULL;
	char text[256];

	cr_assert_eq(zv_store_open(&params, text, sizeof(text), &store), ZV_OK, "%s", text);
	return store;
}

Test(old, one_of_schema_2_is_read_and_goes_on)
{
	struct zv_store *store = open_2(false);
	struct zv_ledger_row contact = {0};
	struct zv_store_facts facts;
	struct zv_lead_row row;
	struct zv_cmd c;
	uint64_t lead;

	lead = put_leads(store, put_campaign(store, "t"), 5);
	start_thread(store);
	c = intent_of(1, lead, 79160000000);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	c.u.outcome.agent = 3;
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 5000);
	push(&c);
	want_event(ZV_EV_STEP_FLUSHED);
	c = intent_of(2, lead + 1, 79160000001);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	stop_thread();
	zv_store_close(store);
	make_schema_2();
	store = open_2(true);
	cr_expect_eq(problems(store), 0);
	row = lead_row(store, lead);
	cr_expect_eq(row.attempts, 1);
	cr_expect_eq(row.owner, 0);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_contact, &contact), ZV_OK);
	cr_expect_eq(contact.version, 2);
	cr_expect_eq(contact.agent, 0);
	cr_expect_eq(contact.outcome, ZV_OUT_ANSWERED);
	zv_store_close(store);
	store = open_2(false);
	cr_assert_eq(zv_store_facts(store, &facts), ZV_OK);
	cr_expect_eq(facts.schema, 3);
	start_thread(store);
	c = outcome_of(2, lead + 1, ZV_OUT_BUSY);
	push(&c);
	c = final_of(2, lead + 1, 1);
	push(&c);
	want_event(ZV_EV_STEP_FLUSHED);
	stop_thread();
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}
