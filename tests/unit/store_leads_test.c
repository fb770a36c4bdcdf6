/* Leads given by the API; kills and moves; kill -9 in the middle of them. */
#include "store_engine.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/card.h"
#include "store/lead_put.h"

static struct zv_store *store;
static struct zv_lead_putter *putter;
static uint32_t camp;

static void begin(void)
{
	make_dir();
	store = open_store(0);
	camp = put_campaign(store, "t");
	cr_assert_eq(zv_lead_putter_create(store, NULL, 0, &putter), ZV_OK);
}

static void end(void)
{
	cr_expect_eq(problems(store), 0);
	zv_lead_putter_destroy(putter);
	zv_store_close(store);
}

TestSuite(leads, .init = begin, .fini = end, .timeout = 60);

static struct zv_lead_put lead_of(const char *external, const char *number)
{
	return (struct zv_lead_put){.external_id = external, .n_numbers = 1, .numbers = {number},
				    .due_class = ZV_DUE_NORMAL};
}

static void put_one(struct zv_lead_put *put, int64_t now_ms)
{
	cr_assert_eq(zv_store_lead_put(putter, camp, now_ms, put, 1), ZV_OK);
}

static char attr_text[200];

static bool keep_attr(void *arg, const struct zv_lead_row *row)
{
	const char *value = zv_attr_find(row->attrs, row->attrs_len, arg);

	snprintf(attr_text, sizeof(attr_text), "%s", value != NULL ? value : "(none)");
	return true;
}

static const char *attr(uint64_t lead, const char *name)
{
	cr_assert_eq(zv_store_lead_get(store, lead, keep_attr, (void *)(uintptr_t)name), ZV_OK);
	return attr_text;
}

Test(leads, a_lead_is_new_once_and_the_same_external_id_again_changes_it)
{
	struct zv_lead_put a = lead_of("req-1", "8 (916) 123-45-67"), b = lead_of("req-1", "89161234567");
	struct zv_campaign_info info;
	struct zv_lead_row row;

	a.attrs = "name\0Anna\0sum\0" "100";
	a.attrs_len = 18;
	a.zone = "МСК+2";
	a.owner = 4;
	a.sla_s = 300;
	put_one(&a, (int64_t)CAL);
	cr_expect_eq(a.verdict, ZV_PUT_NEW);
	row = lead_row(store, a.lead);
	cr_expect_eq(row.numbers[0].brief.e164, 79161234567);
	cr_expect_eq(row.owner, 4);
	cr_expect_eq(row.sla_s, 300);
	cr_expect_eq(row.accepted_ms, (int64_t)CAL);
	cr_expect_eq(row.due_ms, (int64_t)CAL);
	b.attrs = "sum\0" "200";
	b.attrs_len = 8;
	b.due_class = ZV_DUE_HOT; /* a repeated request changes no due time */
	put_one(&b, (int64_t)CAL + 5000);
	cr_expect_eq(b.verdict, ZV_PUT_UPDATED);
	cr_expect_eq(b.lead, a.lead);
	row = lead_row(store, a.lead);
	cr_expect_eq(row.due_class, ZV_DUE_NORMAL);
	cr_expect_eq(row.accepted_ms, (int64_t)CAL);
	cr_expect_str_eq(attr(a.lead, "name"), "Anna");
	cr_expect_str_eq(attr(a.lead, "sum"), "200");
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.leads, 1);
}

Test(leads, a_new_wish_of_a_known_number_makes_its_lead_due_anew_and_hot)
{
	uint64_t lead = put_leads(store, camp, 1);
	struct zv_lead_row row = lead_row(store, lead);
	struct zv_lead_put put = {.external_id = "site-9", .n_numbers = 2, .due_class = ZV_DUE_HOT};
	char number[24];
	struct zv_cmd c = intent_of(1, lead, row.numbers[0].brief.e164);

	/* called, and done */
	start_thread(store);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	snprintf(number, sizeof(number), "+%llu", (unsigned long long)row.numbers[0].brief.e164);
	put.numbers[0] = "+79039999999";
	put.numbers[1] = number;
	put_one(&put, (int64_t)CAL + 500);
	cr_expect_eq(put.verdict, ZV_PUT_CALLING);
	cr_expect_eq(lead_row(store, lead).due_ms, 0);
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	push(&c);
	c = final_of(1, lead, 2);
	push(&c);
	want_event(ZV_EV_STEP_FLUSHED);
	stop_thread();
	put.external_id = "site-10";
	put_one(&put, (int64_t)CAL + 60000);
	cr_expect_eq(put.verdict, ZV_PUT_AGAIN);
	cr_expect_eq(put.lead, lead);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_FINAL);
	cr_expect_eq(row.category, 2);
	cr_expect_eq(row.due_class, ZV_DUE_HOT);
	cr_expect_eq(row.due_ms, (int64_t)CAL + 60000);
	cr_expect_eq(row.round, 1);
	cr_expect_eq(row.number, 1, "the number he gave first is called first");
	cr_expect_eq(row.numbers[row.number].brief.e164, 79039999999);
	/* both ids lead to it, and the first one again changes no due time */
	put.external_id = "site-9";
	put_one(&put, (int64_t)CAL + 70000);
	cr_expect_eq(put.verdict, ZV_PUT_UPDATED);
	cr_expect_eq(lead_row(store, lead).due_ms, (int64_t)CAL + 60000);
}

Test(leads, persons_are_joined_by_number_across_campaigns)
{
	uint32_t other = put_campaign(store, "other");
	struct zv_lead_put a = lead_of("1", "89161112233"), b = lead_of("2", "89161112233");

	put_one(&a, (int64_t)CAL);
	cr_assert_eq(zv_store_lead_put(putter, other, (int64_t)CAL, &b, 1), ZV_OK);
	cr_expect_eq(b.verdict, ZV_PUT_NEW);
	cr_expect_neq(a.lead, b.lead);
	cr_expect_eq(a.person, b.person);
}

Test(leads, each_row_of_a_batch_has_its_own_verdict)
{
	struct zv_lead_put v[8];
	uint64_t lead = put_leads(store, camp, 1);
	struct zv_lead_row row = lead_row(store, lead);
	char removed[24], long_id[300];
	struct zv_cmd c = intent_of(1, lead, row.numbers[0].brief.e164);

	start_thread(store);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	push(&c);
	c = final_of(1, lead, 1);
	c.u.step.remove = 1;
	push(&c);
	want_event(ZV_EV_STEP_FLUSHED);
	stop_thread();
	cr_assert_eq(zv_store_suppress(store, 79035550001, "asked", (int64_t)CAL), ZV_OK);
	snprintf(removed, sizeof(removed), "+%llu", (unsigned long long)row.numbers[0].brief.e164);
	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = 0;
	v[0] = lead_of("a", "89035550000");
	v[1] = lead_of("b", "89035550001"); /* suppressed */
	v[2] = lead_of("c", removed);
	v[3] = lead_of("d", "12");
	v[4] = lead_of("e", "8 903 555-00-00"); /* as the first */
	v[5] = lead_of(long_id, "89035550009");
	v[6] = lead_of("g", "89035550010");
	v[6].zone = "Mars/Olympus";
	v[7] = lead_of("a", "89035550011"); /* the first one's id */
	cr_assert_eq(zv_store_lead_put(putter, camp, (int64_t)CAL, v, 8), ZV_OK);
	cr_expect_eq(v[0].verdict, ZV_PUT_NEW);
	cr_expect_eq(v[1].verdict, ZV_PUT_SUPPRESSED);
	cr_expect_eq(v[2].verdict, ZV_PUT_REMOVED);
	cr_expect_eq(v[3].verdict, ZV_PUT_BAD);
	cr_expect_str_eq(v[3].why, zv_phone_text(ZV_PHONE_SHORT));
	cr_expect_eq(v[4].verdict, ZV_PUT_AGAIN);
	cr_expect_eq(v[4].lead, v[0].lead);
	cr_expect_eq(v[5].verdict, ZV_PUT_BAD);
	cr_expect_eq(v[6].verdict, ZV_PUT_BAD);
	cr_expect_str_eq(v[6].why, "unknown time zone");
	cr_expect_eq(v[7].verdict, ZV_PUT_UPDATED);
	cr_expect_eq(v[7].lead, v[0].lead);
	cr_expect_eq(lead_row(store, v[0].lead).n_numbers, 2);
}

Test(leads, thousands_a_second_go_in_by_batches)
{
	static struct zv_lead_put v[1000];
	static char numbers[1000][16], ids[1000][16];
	struct timespec a, b;
	double s;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (uint32_t batch = 0; batch < 10; batch++) {
		for (uint32_t i = 0; i < 1000; i++) {
			snprintf(numbers[i], sizeof(numbers[i]), "+7905%07u", batch * 1000 + i);
			snprintf(ids[i], sizeof(ids[i]), "%u", batch * 1000 + i);
			v[i] = lead_of(ids[i], numbers[i]);
		}
		cr_assert_eq(zv_store_lead_put(putter, camp, (int64_t)CAL, v, 1000), ZV_OK);
		for (uint32_t i = 0; i < 1000; i++)
			cr_assert_eq(v[i].verdict, ZV_PUT_NEW);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	fprintf(stderr, "10,000 leads of the API in %.2f s: %.0f a second\n", s, 10000 / s);
	cr_expect_lt(s, 10);
}

/* ---- kills and moves ---- */

static struct zv_cmd kill_of(uint64_t lead, uint8_t category)
{
	struct zv_cmd c = {.type = ZV_CMD_KILL, .campaign = camp, .cal_ms = (int64_t)CAL + 900,
			   .attempt = {0, 77}};

	c.u.kill.lead = lead;
	c.u.kill.category = category;
	return c;
}

static uint32_t told(const struct zv_cmd *c)
{
	struct zv_event ev;

	push(c);
	ev = want_event(ZV_EV_TOLD);
	cr_expect_eq(ev.attempt.lo, 77);
	return ev.code;
}

Test(leads, a_killed_lead_has_its_category_and_nothing_due)
{
	uint64_t lead = put_leads(store, camp, 2);
	struct zv_campaign_info info;
	struct zv_lead_row row;
	struct zv_cmd c = kill_of(lead, 3);

	start_thread(store);
	cr_expect_eq(told(&c), ZV_OK);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_FINAL);
	cr_expect_eq(row.category, 3);
	cr_expect_eq(row.due_ms, 0);
	c = intent_of(5, lead, 79160000000);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_EDENIED);
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.finals, 1);
	cr_expect_eq(info.by_category[3], 1);
	c = kill_of(lead + 50, 3);
	cr_expect_eq(told(&c), ZV_ENOENT);
	stop_thread();
}

Test(leads, one_killed_during_its_call_is_done_when_the_call_is_over)
{
	uint64_t lead = put_leads(store, camp, 1);
	struct zv_lead_row row;
	struct zv_cmd c = intent_of(1, lead, 79160000000);

	start_thread(store);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	c = kill_of(lead, 3);
	cr_expect_eq(told(&c), ZV_OK);
	cr_expect_eq(lead_row(store, lead).state, ZV_LEAD_OPEN);
	c = outcome_of(1, lead, ZV_OUT_BUSY);
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 3600000);
	push(&c);
	want_event(ZV_EV_STEP_FLUSHED);
	stop_thread();
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_FINAL);
	cr_expect_eq(row.category, 3);
	cr_expect_eq(row.due_ms, 0);
}

static bool keep_callback(void *arg, const struct zv_callback_row *row)
{
	*(struct zv_callback_row *)arg = *row;
	return true;
}

Test(leads, a_call_back_is_agreed_moved_and_called_off)
{
	uint64_t lead = put_leads(store, camp, 1);
	struct zv_callback_row back = {0};
	struct zv_cmd c = kill_of(lead, 0);
	struct zv_lead_row row;

	start_thread(store);
	c.u.kill.at_ms = (int64_t)CAL + 7200000;
	c.u.kill.due_class = ZV_DUE_CALLBACK;
	c.u.kill.owner = 9;
	cr_expect_eq(told(&c), ZV_OK);
	cr_assert_eq(zv_store_callbacks_each(store, 0, 9, keep_callback, &back), ZV_OK);
	cr_expect_eq(back.lead, lead);
	cr_expect_eq(back.due_ms, (int64_t)CAL + 7200000);
	c.u.kill.at_ms = (int64_t)CAL + 3600000;
	c.u.kill.owner = ZV_OWNER_NOBODY;
	cr_expect_eq(told(&c), ZV_OK);
	row = lead_row(store, lead);
	cr_expect_eq(row.owner, 0);
	cr_expect_eq(row.due_ms, (int64_t)CAL + 3600000);
	c.u.kill.at_ms = 0;
	cr_expect_eq(told(&c), ZV_OK);
	cr_expect_eq(told(&c), ZV_ENOENT, "there is none any more");
	row = lead_row(store, lead);
	cr_expect_eq(row.due_class, ZV_DUE_NORMAL);
	memset(&back, 0, sizeof(back));
	cr_assert_eq(zv_store_callbacks_each(store, 0, 0, keep_callback, &back), ZV_OK);
	cr_expect_eq(back.lead, 0);
	c = intent_of(1, lead, 79160000000);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	c = kill_of(lead, 0);
	c.u.kill.at_ms = (int64_t)CAL + 5;
	cr_expect_eq(told(&c), ZV_EDENIED, "it is being called");
	stop_thread();
}

Test(leads, the_promise_of_a_first_call_ends_with_the_first_intent)
{
	struct zv_lead_put put = lead_of("1", "89161112233");
	struct zv_cmd c;

	put_one(&put, (int64_t)CAL);
	start_thread(store);
	c = intent_of(3, put.lead, 79161112233);
	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	cr_expect_eq(lead_row(store, put.lead).first_ms, (int64_t)CAL + 3000);
	c = outcome_of(3, put.lead, ZV_OUT_NOT_SENT); /* nobody was called */
	push(&c);
	c = kill_of(put.lead, 0);
	c.u.kill.at_ms = (int64_t)CAL + 50;
	cr_expect_eq(told(&c), ZV_OK);
	cr_expect_eq(lead_row(store, put.lead).first_ms, 0);
	stop_thread();
}

/* ---- kill -9 ---- */

#define BATCH 100u

static void put_for_ever(int fd, uint32_t from)
{
	static struct zv_lead_put v[BATCH];
	static char numbers[BATCH][16], ids[BATCH][16];
	struct zv_store *s = open_store(0);
	struct zv_lead_putter *p;

	if (zv_lead_putter_create(s, NULL, 0, &p) != ZV_OK)
		_exit(8);
	for (uint32_t batch = from;; batch++) {
		for (uint32_t i = 0; i < BATCH; i++) {
			snprintf(numbers[i], sizeof(numbers[i]), "+7906%07u", batch * BATCH + i);
			snprintf(ids[i], sizeof(ids[i]), "%u-%u", batch, i);
			v[i] = lead_of(ids[i], numbers[i]);
		}
		if (zv_store_lead_put(p, 1, (int64_t)CAL, v, BATCH) != ZV_OK ||
		    write(fd, &batch, sizeof(batch)) != sizeof(batch))
			_exit(9);
	}
}

static bool count_one(void *arg, uint64_t lead)
{
	(void)lead;
	++*(uint32_t *)arg;
	return true;
}

static uint32_t in_store(uint32_t batch)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < BATCH; i++) {
		char id[24];

		snprintf(id, sizeof(id), "%u-%u", batch, i);
		cr_assert_eq(zv_store_given_each(store, id, count_one, &n), ZV_OK);
	}
	return n;
}

Test(leads, a_batch_that_a_kill_meets_is_there_whole_or_not_at_all, .timeout = 60)
{
	uint32_t next = 0, torn = 0;

	for (int kill_no = 0; kill_no < 12; kill_no++) {
		uint32_t acked = next;
		int fds[2], status;
		pid_t pid;

		zv_store_close(store);
		cr_assert_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			put_for_ever(fds[1], next);
		}
		close(fds[1]);
		for (int i = 0; i < 3 + kill_no; i++, acked++)
			cr_assert_eq(read(fds[0], &status, sizeof(status)), sizeof(status));
		usleep((useconds_t)(kill_no * 700));
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		while (read(fds[0], &status, sizeof(status)) == sizeof(status))
			acked++;
		close(fds[0]);
		store = open_store(0);
		cr_assert_eq(problems(store), 0, "after kill %d", kill_no);
		for (uint32_t b = next; b < acked; b++)
			cr_assert_eq(in_store(b), BATCH, "batch %u was acknowledged", b);
		torn = in_store(acked);
		cr_assert(torn == 0 || torn == BATCH, "%u leads of a batch", torn);
		next = acked + 1;
	}
	zv_lead_putter_destroy(putter);
	cr_assert_eq(zv_lead_putter_create(store, NULL, 0, &putter), ZV_OK);
}
