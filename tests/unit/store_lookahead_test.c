#include "store_engine.h"

#include "store/lead_put.h"
#include "store/lookahead.h"

#define SLABS 32

static struct zv_store *store;
static struct zv_lookahead la;
static struct zv_ring *la_events, *la_commands;
static struct zv_zones *zones;
static struct zv_offer slabs[SLABS];
static _Atomic int64_t calendar;
static _Atomic uint32_t paused; /* campaign that does not run */
static _Atomic bool not_ready, stop_la;
static pthread_t la_thread;
static enum zv_err la_err;
static uint32_t released;

static int64_t now_cal(void *arg)
{
	(void)arg;
	return atomic_load(&calendar);
}

static bool running(void *arg, uint32_t id)
{
	(void)arg;
	return id != atomic_load(&paused);
}

static bool prepare(void *arg, struct zv_offer *offer, const char *attrs, size_t len)
{
	(void)arg;
	offer->prompts[0] = zv_attr_find(attrs, len, "name") != NULL;
	return !atomic_load(&not_ready);
}

static void *run_la(void *arg)
{
	(void)arg;
	la_err = zv_lookahead_thread(&la, &stop_la);
	return NULL;
}

static void wake(void)
{
	uint64_t one = 1;

	cr_assert_eq(write(la.wake_fd, &one, sizeof(one)), sizeof(one));
}

static void begin(void)
{
	make_dir();
	store = open_store(0);
	cr_assert_eq(zv_zones_create(NULL, &zones), ZV_OK);
	atomic_store(&calendar, (int64_t)CAL);
	la = (struct zv_lookahead){.store = store,
				   .slabs = {slabs, SLABS},
				   .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
				   .zones = zones,
				   .intern = zones,
				   .horizon_ms = 1000,
				   .calendar_ms = now_cal,
				   .running = running,
				   .prepare = prepare};
}

static void start_la(void)
{
	start_thread(store);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_event), 256, event_fd, &la_events), ZV_OK);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_cmd), 256, la.wake_fd, &la_commands), ZV_OK);
	la.events = la_events;
	la.commands = la_commands;
	cr_assert_eq(pthread_create(&la_thread, NULL, run_la, NULL), 0);
}

static void end(void)
{
	atomic_store(&stop_la, true);
	wake();
	pthread_join(la_thread, NULL);
	cr_expect_eq(la_err, ZV_OK);
	stop_thread();
	cr_expect_eq(problems(store), 0);
	zv_ring_destroy(la_events);
	zv_ring_destroy(la_commands);
	zv_zones_destroy(zones);
	close(la.wake_fd);
	zv_store_close(store);
}

/* The next offer's slab; hints are passed over.  UINT32_MAX: none within wait_ms. */
static uint32_t next_offer(int wait_ms)
{
	struct zv_event ev;

	while (next_message(la_events, &ev, wait_ms)) {
		if (ev.type == ZV_EV_OFFER) {
			cr_assert_lt(ev.u.offer.slab, SLABS);
			return ev.u.offer.slab;
		}
	}
	return UINT32_MAX;
}

static uint32_t want_offer(void)
{
	uint32_t slab = next_offer(20000);

	cr_assert_neq(slab, UINT32_MAX, "no offer came");
	return slab;
}

static void release(uint32_t slab)
{
	struct zv_cmd c = {.type = ZV_CMD_RELEASE, .u.lead = {.slab = slab}};

	cr_assert_eq(zv_ring_push(la_commands, &c), ZV_OK);
	released++;
}

static void flushed(const struct zv_cmd *c, uint16_t type)
{
	push(c);
	cr_assert_eq(want_event(type).u.flushed.err, ZV_OK);
}

/* The hint that has seen all releases. */
static int64_t fresh_hint(void)
{
	struct zv_event ev;

	do {
		cr_assert(next_message(la_events, &ev, 20000), "no fresh hint came");
	} while (ev.type != ZV_EV_DUE_HINT || ev.code != released);
	return ev.u.hint.due_ms;
}

TestSuite(lookahead, .init = begin, .fini = end, .timeout = 60);

Test(lookahead, offers_hold_what_the_engine_needs)
{
	struct zv_import_params p = {.campaign = put_campaign(store, "t"),
				     .zone = "Europe/Moscow",
				     .due_class = ZV_DUE_NORMAL,
				     .now_cal_ms = (int64_t)CAL,
				     .path = in_dir("one.csv")};
	struct zv_import_report report;
	uint64_t lead = ((uint64_t)p.campaign << 40) + 1;
	const struct zv_offer *o;

	write_file("one.csv", "phone,name,tz\n79160000000,Anna,Asia/Omsk\n", 42);
	cr_assert_eq(zv_import(store, &p, &report), ZV_OK, "%s", report.text);
	start_la();
	o = &slabs[want_offer()];
	cr_expect_eq(o->lead, lead);
	cr_expect_eq(o->campaign, 1);
	cr_expect_eq(o->due_ms, (int64_t)CAL);
	cr_expect_eq(o->due_class, ZV_DUE_NORMAL);
	cr_expect_eq(o->n_numbers, 1);
	cr_expect_str_eq(zv_zones_name(zones, o->zone), "Asia/Omsk");
	cr_expect_eq(o->prompts[0], 1);
	cr_expect_eq(o->needs_step, 0);
	cr_expect_eq(fresh_hint(), 0);
}

Test(lookahead, a_score_of_the_list_is_told_and_nonsense_is_none)
{
	static const char list[] = "phone,score\n79160000001,0.27\n79160000002,27%\n79160000003,2.5%\n79160000004,1\n"
				   "79160000005,high\n79160000006,1.5\n79160000007,-0.2\n79160000008,99999999999999\n"
				   "79160000009,\n";
	static const uint32_t want[] = {270000, 270000, 25000, 1000000, 0, 0, 0, 0, 0};
	struct zv_import_params p = {.campaign = put_campaign(store, "t"),
				     .zone = "Europe/Moscow",
				     .due_class = ZV_DUE_NORMAL,
				     .now_cal_ms = (int64_t)CAL,
				     .path = in_dir("scores.csv")};
	struct zv_import_report report;

	write_file("scores.csv", list, sizeof(list) - 1);
	cr_assert_eq(zv_import(store, &p, &report), ZV_OK, "%s", report.text);
	start_la();
	for (int i = 0; i < 9; i++) {
		const struct zv_offer *o = &slabs[want_offer()];
		uint64_t k = o->numbers[0].e164 - 79160000001;

		cr_assert_lt(k, 9);
		cr_expect_eq(o->score_ppm, want[k], "lead %d: %u", (int)k, o->score_ppm);
	}
}

/* 200 leads through 32 slabs, each called and done: everyone once, in due order. */
Test(lookahead, every_lead_is_offered_once_in_order)
{
	uint32_t n = 200;
	uint64_t first = put_leads(store, put_campaign(store, "t"), n);
	uint8_t *times = calloc(n, 1);
	uint64_t last = 0;

	start_la();
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slab = want_offer();
		uint64_t lead = slabs[slab].lead;
		struct zv_cmd c = intent_of(i + 1, lead, slabs[slab].numbers[0].e164);

		cr_expect_gt(lead, last);
		last = lead;
		times[lead - first]++;
		flushed(&c, ZV_EV_INTENT_FLUSHED);
		c = outcome_of(i + 1, lead, ZV_OUT_BUSY);
		push(&c);
		c = retry_of(i + 1, lead, (int64_t)CAL + 86400000);
		flushed(&c, ZV_EV_STEP_FLUSHED);
		release(slab);
	}
	for (uint32_t i = 0; i < n; i++)
		cr_expect_eq(times[i], 1, "lead %u was offered %u times", i, times[i]);
	cr_expect_eq(fresh_hint(), (int64_t)CAL + 86400000);
	cr_expect_eq(next_offer(300), UINT32_MAX, "a lead came before it is due");
	free(times);
}

Test(lookahead, a_step_earlier_than_what_was_looked_at_is_found)
{
	uint64_t lead = put_leads(store, put_campaign(store, "t"), 2);
	uint32_t slab[2];
	struct zv_cmd c;

	start_la();
	slab[0] = want_offer();
	slab[1] = want_offer();
	for (int i = 0; i < 2; i++) {
		c = retry_of(1, lead + (uint64_t)i, i == 0 ? (int64_t)CAL + 9000000 : (int64_t)CAL - 5000);
		c.type = ZV_CMD_DEFER;
		flushed(&c, ZV_EV_STEP_FLUSHED);
		release(slab[i]);
	}
	cr_expect_eq(slabs[want_offer()].lead, lead + 1);
	atomic_store(&calendar, (int64_t)CAL + 9000000);
	wake();
	cr_expect_eq(slabs[want_offer()].lead, lead);
}

Test(lookahead, a_lead_that_comes_back_unchanged_rests_a_moment_and_comes_again)
{
	uint64_t lead = put_leads(store, put_campaign(store, "t"), 1);
	uint32_t slab;

	start_la();
	slab = want_offer();
	release(slab);
	cr_expect_eq(fresh_hint(), (int64_t)CAL); /* it is still due */
	cr_expect_eq(next_offer(300), UINT32_MAX);
	cr_expect_eq(slabs[want_offer()].lead, lead);
}

Test(lookahead, hot_leads_go_first_and_campaigns_take_turns)
{
	uint32_t a = put_campaign(store, "a"), b = put_campaign(store, "b");
	uint64_t lead_a = put_leads(store, a, 10);
	uint32_t from_a = 0;
	struct zv_cmd c;

	(void)put_leads(store, b, 10);
	atomic_store(&paused, a);
	start_la();
	for (int i = 0; i < 10; i++) /* of b; a rests */
		cr_expect_eq(slabs[want_offer()].campaign, b);
	cr_expect_eq(next_offer(200), UINT32_MAX);
	/* one of a becomes hot */
	c = intent_of(1, lead_a + 5, 79160000000);
	flushed(&c, ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead_a + 5, ZV_OUT_BUSY);
	push(&c);
	c = retry_of(1, lead_a + 5, (int64_t)CAL + 500);
	c.u.step.due_class = ZV_DUE_HOT;
	flushed(&c, ZV_EV_STEP_FLUSHED);
	atomic_store(&paused, 0);
	wake();
	cr_expect_eq(slabs[want_offer()].lead, lead_a + 5);
	for (int i = 0; i < 9; i++)
		from_a += slabs[want_offer()].campaign == a;
	cr_expect_eq(from_a, 9);
}

Test(lookahead, two_running_campaigns_share_the_slabs)
{
	uint32_t a = put_campaign(store, "a"), b = put_campaign(store, "b");
	uint32_t from_a = 0;

	(void)put_leads(store, a, 100);
	(void)put_leads(store, b, 100);
	start_la();
	for (int i = 0; i < 30; i++)
		from_a += slabs[want_offer()].campaign == a;
	cr_expect_eq(from_a, 15);
	cr_expect_eq(next_offer(100), UINT32_MAX, "the last slabs are kept for urgent leads");
}

Test(lookahead, an_outcome_without_its_step_is_offered_for_the_step_after_a_crash)
{
	uint64_t lead = put_leads(store, put_campaign(store, "t"), 1);
	const struct zv_offer *o;
	uint32_t slab;
	struct zv_cmd c;

	start_thread(store);
	c = intent_of(1, lead, 79160000000);
	flushed(&c, ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_BUSY);
	push(&c);
	stop_thread();
	zv_store_close(store);
	store = open_store(0);
	la.store = store;
	start_la();
	slab = want_offer();
	o = &slabs[slab];
	cr_expect_eq(o->lead, lead);
	cr_expect_eq(o->needs_step, 1);
	cr_expect_eq(o->n_history, 1);
	c = retry_of(0, lead, (int64_t)CAL + 500);
	c.attempt = (struct zv_attempt_id){0, 0};
	flushed(&c, ZV_EV_STEP_FLUSHED);
	release(slab);
	o = &slabs[want_offer()];
	cr_expect_eq(o->lead, lead);
	cr_expect_eq(o->needs_step, 0);
}

Test(lookahead, a_suppressed_number_is_never_offered)
{
	uint64_t lead = put_leads(store, put_campaign(store, "t"), 2);
	uint64_t number = lead_row(store, lead).numbers[0].brief.e164;
	bool yes = false;

	cr_assert_eq(zv_store_suppress(store, number, "asked not to be called", (int64_t)CAL), ZV_OK);
	cr_assert_eq(zv_store_suppressed(store, number, (int64_t)CAL, &yes), ZV_OK);
	cr_expect(yes);
	start_la();
	cr_expect_eq(slabs[want_offer()].lead, lead + 1);
	cr_expect_eq(next_offer(200), UINT32_MAX);
}

Test(lookahead, a_list_imported_while_it_runs_is_found)
{
	uint32_t id = put_campaign(store, "t");

	start_la();
	cr_expect_eq(next_offer(50), UINT32_MAX);
	cr_expect_eq(slabs[0].lead, 0);
	uint64_t lead = put_leads(store, id, 1);
	cr_expect_eq(slabs[want_offer()].lead, lead);
}

Test(lookahead, what_is_not_ready_is_offered_later)
{
	uint64_t lead = put_leads(store, put_campaign(store, "t"), 1);

	atomic_store(&not_ready, true);
	start_la();
	cr_expect_eq(next_offer(100), UINT32_MAX);
	atomic_store(&not_ready, false);
	cr_expect_eq(slabs[want_offer()].lead, lead);
}

/* Fast-forward: leads that are not due yet come ahead, the earliest first. */
static void begin_ahead(void) /* after begin */
{
	la.ahead = 4;
}

Test(lookahead, ahead_of_time_the_earliest_leads_come_first, .init = begin_ahead)
{
	uint64_t lead = put_leads(store, put_campaign(store, "t"), 10);
	uint32_t slab[10];
	struct zv_cmd c;

	start_la();
	for (int i = 0; i < 10; i++)
		slab[i] = want_offer();
	for (uint64_t i = 0; i < 10; i++) {
		c = retry_of(1, lead + i, (int64_t)(CAL + 100000 * (20 - i)));
		c.type = ZV_CMD_DEFER;
		flushed(&c, ZV_EV_STEP_FLUSHED);
	}
	for (int i = 0; i < 10; i++)
		release(slab[i]);
	/* Releases may be seen one by one: whatever came, the hint says what has not. */
	uint64_t got = 0;
	for (int i = 0; i < 4; i++)
		got |= UINT64_C(1) << (slabs[want_offer()].lead - lead);
	cr_expect_eq(next_offer(200), UINT32_MAX);
	cr_expect_neq(got, 0);
	atomic_store(&calendar, (int64_t)CAL + 2000000);
	wake();
	for (int i = 0; i < 6; i++)
		got |= UINT64_C(1) << (slabs[want_offer()].lead - lead);
	cr_expect_eq(got, 1023);
}

/* ---- leads given by the API, and leads that an agent asks for ---- */

static void put_hot(struct zv_lead_putter *putter, uint32_t campaign, const char *number,
		    struct zv_lead_put *put)
{
	*put = (struct zv_lead_put){.n_numbers = 1, .numbers = {number}, .zone = "Europe/Moscow",
				    .owner = 8, .due_class = ZV_DUE_HOT};
	cr_assert_eq(zv_store_lead_put(putter, campaign, (int64_t)CAL, put, 1), ZV_OK);
}

Test(lookahead, a_hot_lead_of_the_api_is_offered_within_milliseconds_of_its_commit)
{
	struct zv_store_boot boot;
	struct zv_lead_putter *putter;
	struct zv_lead_put put;
	struct timespec a, b;
	int64_t worst_us = 0;
	uint32_t id, slab;

	cr_assert_eq(zv_store_begin(store, true, &boot), ZV_OK);
	id = put_campaign(store, "t");
	put_leads(store, id, SLABS * 4); /* ordinary ones take all the slabs they may */
	cr_assert_eq(zv_lead_putter_create(store, NULL, 0, &putter), ZV_OK);
	start_la();
	for (int i = 0; i < SLABS - SLABS / 16; i++)
		(void)want_offer();
	for (int i = 0; i < 2; i++) {
		char number[32];
		int64_t us;

		snprintf(number, sizeof(number), "8903000000%d", i);
		put_hot(putter, id, number, &put);
		clock_gettime(CLOCK_MONOTONIC, &a);
		cr_expect_eq(put.verdict, ZV_PUT_NEW);
		slab = want_offer();
		clock_gettime(CLOCK_MONOTONIC, &b);
		us = (int64_t)(b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
		worst_us = us > worst_us ? us : worst_us;
		cr_expect_eq(slabs[slab].lead, put.lead);
		cr_expect_eq(slabs[slab].owner, 8);
		cr_expect_eq(slabs[slab].accepted_ms, (int64_t)CAL);
		cr_expect_eq(slabs[slab].due_class, ZV_DUE_HOT);
	}
	fprintf(stderr, "a hot lead is offered %lld us after its commit\n", (long long)worst_us);
	/* The next look by itself is 500 ms away. */
	cr_expect_lt(worst_us, 250000);
	zv_lead_putter_destroy(putter);
}

static void fetch(uint64_t lead, uint32_t campaign)
{
	struct zv_cmd c = {.type = ZV_CMD_FETCH, .campaign = campaign, .u.lead = {.lead = lead}};

	cr_assert_eq(zv_ring_push(la_commands, &c), ZV_OK);
	wake();
}

static uint32_t want_refusal(uint64_t lead)
{
	struct zv_event ev;

	while (next_message(la_events, &ev, 20000)) {
		if (ev.type != ZV_EV_NO_OFFER)
			continue;
		cr_expect_eq(ev.u.kill.lead, lead);
		return ev.code;
	}
	cr_assert(false, "nothing came");
	return 0;
}

Test(lookahead, a_lead_that_an_agent_asks_for_is_offered_though_it_is_not_due)
{
	uint32_t id = put_campaign(store, "t"), slab;
	uint64_t lead = put_leads(store, id, 3);
	struct zv_cmd c = intent_of(1, lead + 1, 79160000001);

	start_la();
	for (int i = 0; i < 3; i++)
		release(want_offer());
	/* one is due far away, one is being called */
	flushed(&c, ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead + 1, ZV_OUT_BUSY);
	push(&c);
	c = retry_of(1, lead + 1, (int64_t)CAL + 86400000);
	flushed(&c, ZV_EV_STEP_FLUSHED);
	c = intent_of(2, lead + 2, 79160000002);
	flushed(&c, ZV_EV_INTENT_FLUSHED);
	fetch(lead + 1, id);
	slab = want_offer();
	while (slabs[slab].lead != lead + 1)
		slab = want_offer();
	cr_expect_eq(slabs[slab].due_ms, (int64_t)CAL + 86400000);
	fetch(lead + 1, id); /* the engine has it */
	cr_expect_eq(want_refusal(lead + 1), ZV_EAGAIN);
	fetch(lead + 2, id);
	cr_expect_eq(want_refusal(lead + 2), ZV_EAGAIN);
	fetch(lead + 77, id);
	cr_expect_eq(want_refusal(lead + 77), ZV_ENOENT);
	fetch(lead, id + 1);
	cr_expect_eq(want_refusal(lead), ZV_ENOENT);
}

Test(lookahead, a_call_back_is_offered_two_minutes_before_its_time)
{
	uint32_t id = put_campaign(store, "t"), slab;
	uint64_t lead = put_leads(store, id, 1);
	struct zv_cmd c = intent_of(1, lead, 79160000001);

	start_la();
	release(want_offer());
	flushed(&c, ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 100000);
	c.u.step.due_class = ZV_DUE_CALLBACK;
	c.u.step.owner = 5;
	flushed(&c, ZV_EV_STEP_FLUSHED);
	slab = want_offer(); /* the horizon of the others is a second */
	cr_expect_eq(slabs[slab].due_ms, (int64_t)CAL + 100000);
	cr_expect_eq(slabs[slab].owner, 5);
}
