/* ledger_bench [--json] [--persons N] [--contacts N] [--dir DIR] [--keep] [--store DIR] -- what the ledger
 * costs: makes a store of N persons (1,000,000) with 40 contacts on average, a tenth of them with 400 (or
 * all with as many as --contacts says), below DIR
 * (TMPDIR), streaming; then lets the lookahead offer leads with their persons' slabs filled, the
 * engine's part being to give each back.  Each 10,000 persons have a campaign of their own, and the
 * campaigns run one after the other, so that no lead comes twice.  --store measures one that was made before and kept.
 * One line a figure: name value unit. */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/db.h"
#include "store/lookahead.h"
#include "suite/figure.h"

#define SLABS    4096
#define A_LIST   10000u /* leads a campaign: one runs at a time */
#define NOW_MS   INT64_C(1790000000000)
#define DAY_MS   INT64_C(86400000)
#define REACH_MS (30 * DAY_MS) /* a month: the widest window of the sample rules */
#define ROWS_A_COMMIT 400000u
#define MEASURE_S 20

static struct zv_offer slabs[SLABS];
static struct zv_person_slab *persons;
static struct zv_lookahead la;
static struct zv_rules rules;
static struct zv_zones *zones;
static _Atomic bool stop;
static _Atomic uint32_t runs; /* the campaign that runs */
static uint16_t zone;
static uint32_t contacts_each; /* 0: as history is */
static bool json;

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool fail(const char *what)
{
	fprintf(stderr, "ledger_bench: %s\n", what);
	return false;
}

/* ---- the store ---- */

struct maker {
	struct zv_store *store;
	struct zv_txn *txn;
	uint64_t persons;
	uint64_t in_txn;
	MDB_cursor *cursor;
	enum zv_table table;
};

static bool begin(struct maker *m, enum zv_table table)
{
	m->table = table;
	m->in_txn = 0;
	if (zv_db_begin(m->store, true, m->txn) != ZV_OK ||
	    mdb_cursor_open(m->txn->t, m->store->dbi[table], &m->cursor) != 0)
		return fail("a transaction does not begin");
	return true;
}

static bool end(struct maker *m)
{
	mdb_cursor_close(m->cursor);
	return zv_db_commit(m->txn) == ZV_OK || fail("a transaction failed");
}

static bool append(struct maker *m, MDB_val *k, struct zv_w *w)
{
	MDB_val v;

	zv_db_seal(w, k);
	v = (MDB_val){.mv_size = w->n, .mv_data = w->p};
	if (mdb_cursor_put(m->cursor, k, &v, MDB_APPEND) != 0)
		return fail("a row does not go in");
	if (++m->in_txn < ROWS_A_COMMIT)
		return true;
	return end(m) && begin(m, m->table);
}

static uint64_t number_of(uint64_t person)
{
	return UINT64_C(79000000000) + person;
}

static uint64_t lead_of(uint64_t person)
{
	return ((person - 1) / A_LIST + 1) << ZV_LEAD_SEQ_BITS | ((person - 1) % A_LIST + 1);
}

/* Spread over 400 days. */
static struct zv_ledger_row contact_of(uint64_t person, uint32_t i, uint32_t n)
{
	uint64_t x = zv_mix64(person << 10 | i);
	struct zv_ledger_row row = {
		.person = person,
		.lead = lead_of(person),
		.outcome = ZV_OUT_NO_ANSWER,
		.contact = {.at_ms = NOW_MS - (int64_t)(n - i) * (400 * DAY_MS / 401) -
				     (int64_t)(x % 3600000),
			    .attempt = {UINT64_C(1) << 48, person << 10 | i},
			    .e164 = number_of(person),
			    .campaign = zv_lead_campaign(lead_of(person)),
			    .caller = 12345 + (uint32_t)(x >> 40) % 8,
			    .debt = (uint32_t)zv_mix64(person) | 1,
			    .facts = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) |
				     ZV_FACT_BIT(ZV_FACT_RING) | ZV_FACT_BIT(ZV_FACT_DIAL_SECONDS),
			    .channel = ZV_CHANNEL_VOICE_AI,
			    .dial_s = 30,
			    .end_s = 31}};

	if (x % 10 < 3) { /* three of ten are answered */
		row.outcome = ZV_OUT_ANSWERED;
		row.contact.facts |= ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) |
				     ZV_FACT_BIT(ZV_FACT_CONVERSATION);
		row.contact.connect_s = 12;
		row.contact.end_s = 60;
	}
	return row;
}

/* One in ten has 400, the others up to six: 42.7 on average. */
static uint32_t contacts_of(uint64_t person)
{
	if (contacts_each > 0)
		return contacts_each;
	return person % 10 == 0 ? 400 : (uint32_t)(person % 7);
}

static bool make_ledger(struct maker *m, uint64_t *ret_rows)
{
	bool ok = begin(m, ZV_T_LEDGER);

	for (uint64_t p = 1; p <= m->persons && ok; p++) {
		uint32_t n = contacts_of(p);

		for (uint32_t i = 0; i < n && ok; i++) {
			struct zv_ledger_row row = contact_of(p, i, n);
			uint8_t key[ZV_LEDGER_KEY], buf[96];
			struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
			MDB_val k = {.mv_size = sizeof(key), .mv_data = key};

			zv_ledger_key(key, p, row.contact.at_ms, row.contact.attempt);
			zv_ledger_encode(&w, &row);
			ok = append(m, &k, &w);
		}
		*ret_rows += n;
	}
	return ok && end(m);
}

static bool make_persons(struct maker *m)
{
	bool ok = begin(m, ZV_T_PERSONS);

	for (uint64_t p = 1; p <= m->persons && ok; p++) {
		struct zv_person_rec rec = {.n_numbers = 1, .jur = "RU"};
		uint8_t key[8], buf[256];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key};

		rec.numbers[0].e164 = number_of(p);
		zv_put_be64(key, p);
		zv_person_encode(&w, &rec);
		ok = append(m, &k, &w);
	}
	return ok && end(m);
}

static bool make_leads(struct maker *m, enum zv_table table)
{
	bool ok = begin(m, table);

	for (uint64_t p = 1; p <= m->persons && ok; p++) {
		uint64_t id = lead_of(p);
		struct zv_lead_rec rec = {.person = p,
					  .state = ZV_LEAD_DUE,
					  .due_class = ZV_DUE_NORMAL,
					  .due_ms = 1000,
					  .attrs = "name\0Ivan",
					  .attrs_len = 10,
					  .debt = (uint32_t)zv_mix64(p) | 1};
		uint8_t key[ZV_DUE_KEY], buf[256];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = 8, .mv_data = key};

		zv_put_be64(key, id);
		if (table == ZV_T_LEADS) {
			zv_lead_encode(&w, &rec);
		} else {
			k.mv_size = ZV_DUE_KEY;
			zv_due_key(key, zv_lead_campaign(id), ZV_DUE_NORMAL, rec.due_ms, id);
		}
		ok = append(m, &k, &w);
	}
	return ok && end(m);
}

static bool make_campaigns(struct zv_store *store, uint64_t n)
{
	for (uint64_t i = 0; i < (n + A_LIST - 1) / A_LIST; i++) {
		char name[32];
		struct zv_campaign_names names = {.name = name};
		uint32_t id;

		snprintf(name, sizeof(name), "list %" PRIu64, i + 1);
		if (zv_store_campaign_put(store, &names, &id) != ZV_OK || id != i + 1)
			return fail("no campaign");
	}
	return true;
}

static bool make(struct zv_store *store, uint64_t n, const char *dir)
{
	struct maker m = {.store = store, .persons = n, .txn = malloc(sizeof(*m.txn))};
	double begin_s = seconds(CLOCK_MONOTONIC);
	uint64_t rows = 0;
	char path[300];
	struct stat st;
	bool ok = m.txn != NULL && make_campaigns(store, n) && make_persons(&m) && make_leads(&m, ZV_T_LEADS) &&
		  make_leads(&m, ZV_T_DUE) && make_ledger(&m, &rows);

	free(m.txn);
	if (!ok)
		return fail("the store was not made");
	snprintf(path, sizeof(path), "%s/data.mdb", dir);
	if (stat(path, &st) != 0)
		return fail("no data.mdb");
	if (json)
		return true;
	printf("build %.1f s\n", seconds(CLOCK_MONOTONIC) - begin_s);
	printf("contacts %" PRIu64 " rows\n", rows);
	printf("disk %.2f GiB\n", (double)st.st_blocks * 512 / (1 << 30));
	printf("disk_a_contact %.1f bytes\n", (double)st.st_blocks * 512 / (double)rows);
	fflush(stdout);
	return true;
}

/* ---- the lookahead ---- */

static int64_t calendar(void *arg)
{
	(void)arg;
	return NOW_MS;
}

static bool running(void *arg, uint32_t campaign)
{
	(void)arg;
	return campaign == atomic_load(&runs);
}

static const struct zv_rules *in_force(void *arg)
{
	(void)arg;
	return &rules;
}

static bool place(void *arg, const struct zv_place_ask *ask, struct zv_person_slab *slab)
{
	(void)arg;
	memcpy(slab->jur, ask->jur, strlen(ask->jur) + 1);
	slab->n_residence = 1;
	slab->residence[0] = zone;
	return true;
}

static void *run(void *arg)
{
	(void)arg;
	if (zv_lookahead_thread(&la, &stop) != ZV_OK)
		fprintf(stderr, "the lookahead failed\n");
	return NULL;
}

/* A line of /proc/self/status in MiB. */
static double memory(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	double mib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			mib = strtod(line + strlen(name) + 1, NULL) / 1024;
	if (f != NULL)
		fclose(f);
	return mib;
}

struct figures { uint64_t offers, contacts, overflows; };

static void next_list(void)
{
	uint64_t one = 1;

	atomic_fetch_add(&runs, 1);
	if (write(la.wake_fd, &one, sizeof(one)) != sizeof(one))
		fprintf(stderr, "no wake\n");
}

static void take_one(const struct zv_event *ev, struct figures *f)
{
	const struct zv_person_slab *p = &persons[slabs[ev->u.offer.slab].person_slab];
	struct zv_cmd c = {.type = ZV_CMD_RELEASE};

	f->contacts += p->n_contacts;
	f->overflows += p->overflow;
	f->offers++;
	c.u.lead.slab = ev->u.offer.slab;
	while (zv_ring_push(la.commands, &c) != ZV_OK)
		(void)poll(NULL, 0, 1);
}

/* Takes offers and gives each back.  lists: how many there are. */
static struct figures take(uint32_t lists)
{
	struct figures f = {0};
	double until = seconds(CLOCK_MONOTONIC) + MEASURE_S;
	struct zv_event ev[64];
	uint32_t of_list = 0;

	while (seconds(CLOCK_MONOTONIC) < until && atomic_load(&runs) <= lists) {
		uint32_t n = zv_ring_pop(la.events, ev, 64);

		if (n == 0)
			(void)poll(NULL, 0, 1);
		for (uint32_t i = 0; i < n; i++) {
			if (ev[i].type != ZV_EV_OFFER)
				continue;
			take_one(&ev[i], &f);
			if (++of_list == A_LIST) {
				of_list = 0;
				next_list();
			}
		}
	}
	return f;
}

static void show(const char *name, const struct figures *f, double wall_s, double cpu_s)
{
	double per = cpu_s * 1e6 / (double)f->offers;
	char whole[64];

	(void)snprintf(whole, sizeof(whole), "rules_ledger_%s", name);
	if (json) {
		bench_print(&(struct bench_figure){.name = whole, .unit = "us/offer", .value = per, .n = f->offers,
						   .cpu_us = per, .size = contacts_each, .size_of = "entries"});
		return;
	}
	printf("%s_offers %.0f a second\n", name, (double)f->offers / wall_s);
	printf("%s_cpu %.2f us an offer\n", name, per);
	printf("%s_contacts %.1f an offer\n", name, (double)f->contacts / (double)f->offers);
	printf("%s_overflows %" PRIu64 "\n", name, f->overflows);
	fflush(stdout);
}

static bool measure(struct zv_store *store, const char *name, int64_t reach_ms, uint32_t lists)
{
	double begin_s, cpu_s;
	struct figures f;
	uint64_t one = 1;
	pthread_t thread;
	clockid_t clock;

	rules.reach_ms = reach_ms;
	atomic_store(&runs, 1);
	la = (struct zv_lookahead){.store = store, .slabs = {slabs, SLABS},
				   .persons = {persons, SLABS}, .zones = zones, .intern = zones,
				   .horizon_ms = 120000, .calendar_ms = calendar,
				   .running = running, .rules = in_force, .place = place,
				   .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	if (zv_ring_create(sizeof(struct zv_event), 16384, -1, &la.events) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_cmd), 16384, la.wake_fd, &la.commands) != ZV_OK)
		return fail("no rings");
	atomic_store(&stop, false);
	begin_s = seconds(CLOCK_MONOTONIC);
	if (pthread_create(&thread, NULL, run, NULL) != 0 || pthread_getcpuclockid(thread, &clock) != 0)
		return fail("no thread");
	f = take(lists);
	cpu_s = seconds(clock);
	begin_s = seconds(CLOCK_MONOTONIC) - begin_s;
	atomic_store(&stop, true);
	if (write(la.wake_fd, &one, sizeof(one)) != sizeof(one))
		return fail("no wake");
	pthread_join(thread, NULL);
	show(name, &f, begin_s, cpu_s);
	zv_ring_destroy(la.events);
	zv_ring_destroy(la.commands);
	close(la.wake_fd);
	return f.offers > 0;
}

static bool bench(const char *dir, uint64_t n)
{
	struct zv_store_params where = {.dir = dir, .create = true, .map_bytes = UINT64_C(96) << 30};
	struct zv_store *store;
	struct zv_store_facts facts;
	char text[256];
	bool ok;

	if (zv_store_open(&where, text, sizeof(text), &store) != ZV_OK)
		return fail(text);
	ok = (n == 0 || make(store, n, dir)) && zv_zones_create(NULL, &zones) == ZV_OK &&
	     zv_zones_intern(zones, "Europe/Moscow", &zone) == ZV_OK &&
	     zv_store_facts(store, &facts) == ZV_OK &&
	     measure(store, "month", REACH_MS, (uint32_t)(facts.leads / A_LIST)) &&
	     measure(store, "year", 400 * DAY_MS, (uint32_t)(facts.leads / A_LIST));
	if (!json)
		printf("rss_anon %.0f MiB\nrss %.0f MiB\n", memory("RssAnon:"), memory("VmRSS:"));
	zv_zones_destroy(zones);
	zv_store_close(store);
	return ok;
}

int main(int argc, char **argv)
{
	const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	const char *made = NULL;
	uint64_t n = 1000000;
	bool keep = false, ok;
	char dir[256], cmd[320];

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--persons") == 0 && i + 1 < argc)
			n = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc)
			base = argv[++i];
		else if (strcmp(argv[i], "--store") == 0 && i + 1 < argc)
			made = argv[++i];
		else if (strcmp(argv[i], "--contacts") == 0 && i + 1 < argc)
			contacts_each = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--keep") == 0)
			keep = true;
		else if (strcmp(argv[i], "--json") == 0)
			json = true;
		else
			return 2;
	}
	persons = calloc(SLABS, sizeof(*persons));
	if (persons == NULL)
		return 1;
	if (made != NULL) {
		ok = bench(made, 0);
	} else {
		snprintf(dir, sizeof(dir), "%s/zvonar-ledger-XXXXXX", base);
		if (mkdtemp(dir) == NULL)
			return 1;
		ok = bench(dir, n);
		snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
		if (keep)
			printf("store %s\n", dir);
		else if (system(cmd) != 0)
			return 1;
	}
	free(persons);
	return ok ? 0 : 1;
}
