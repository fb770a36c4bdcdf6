/* Persons' slabs: shared by the leads of one person that are held at once, read anew when the
 * engine has let go of them, and what is in them. */
#include "store_engine.h"

#include "store/lookahead.h"
#include "store/registry.h"

#define SLABS 32

static struct zv_store *store;
static struct zv_lookahead la;
static struct zv_ring *la_events, *la_commands;
static struct zv_zones *zones;
static struct zv_offer slabs[SLABS];
static struct zv_person_slab persons[SLABS];
static struct zv_rules rules;
static _Atomic bool stop_la;
static pthread_t la_thread;
static enum zv_err la_err;
static uint16_t omsk;
static uint64_t last_txn; /* of the last offer */

#define DAY INT64_C(86400000)
#define NOW ((int64_t)CAL + 100 * DAY)

static int64_t now_cal(void *arg)
{
	(void)arg;
	return NOW;
}

static bool running(void *arg, uint32_t id)
{
	(void)arg;
	return id != 0;
}

static const struct zv_rules *in_force(void *arg)
{
	(void)arg;
	return &rules;
}

static bool place(void *arg, const struct zv_place_ask *ask, struct zv_person_slab *slab)
{
	(void)arg;
	snprintf(slab->jur, sizeof(slab->jur), "%s", ask->jur);
	if (strcmp(ask->region, "Омская область") != 0)
		return false;
	slab->n_residence = 1;
	slab->residence[0] = omsk;
	return true;
}

static void *run_la(void *arg)
{
	(void)arg;
	la_err = zv_lookahead_thread(&la, &stop_la);
	return NULL;
}

static void begin(void)
{
	make_dir();
	store = open_store(0);
	cr_assert_eq(zv_zones_create(NULL, &zones), ZV_OK);
	cr_assert_eq(zv_zones_intern(zones, "Asia/Omsk", &omsk), ZV_OK);
	rules = (struct zv_rules){.reach_ms = 30 * DAY};
	la = (struct zv_lookahead){.store = store,
				   .slabs = {slabs, SLABS},
				   .persons = {persons, SLABS},
				   .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
				   .zones = zones,
				   .intern = zones,
				   .horizon_ms = 1000,
				   .calendar_ms = now_cal,
				   .running = running,
				   .rules = in_force,
				   .place = place};
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
	uint64_t one = 1;

	atomic_store(&stop_la, true);
	cr_assert_eq(write(la.wake_fd, &one, sizeof(one)), sizeof(one));
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

TestSuite(slab, .init = begin, .fini = end, .timeout = 60);

static uint32_t next_offer(int wait_ms)
{
	struct zv_event ev;

	while (next_message(la_events, &ev, wait_ms)) {
		if (ev.type == ZV_EV_OFFER) {
			last_txn = ev.u.offer.txn;
			return ev.u.offer.slab;
		}
	}
	return UINT32_MAX;
}

static const struct zv_offer *want_offer(void)
{
	uint32_t slab = next_offer(20000);

	cr_assert_neq(slab, UINT32_MAX, "no offer came");
	return &slabs[slab];
}

static void release(const struct zv_offer *offer)
{
	struct zv_cmd c = {.type = ZV_CMD_RELEASE, .u.lead = {.slab = (uint32_t)(offer - slabs)}};

	cr_assert_eq(zv_ring_push(la_commands, &c), ZV_OK);
}

static void flushed(const struct zv_cmd *c, uint16_t type)
{
	push(c);
	cr_assert_eq(want_event(type).u.flushed.err, ZV_OK);
}

static uint64_t told(uint64_t token, struct zv_cmd c)
{
	struct zv_event ev;

	c.attempt = (struct zv_attempt_id){UINT64_MAX, token};
	c.cal_ms = NOW;
	push(&c);
	ev = want_event(ZV_EV_TOLD);
	cr_assert_eq(ev.attempt.lo, token);
	cr_assert_eq(ev.code, 0);
	return ev.u.offer.txn;
}

static void import_text(uint32_t campaign, const char *text)
{
	struct zv_import_params p = {.campaign = campaign,
				     .zone = "Europe/Moscow",
				     .due_class = ZV_DUE_NORMAL,
				     .now_cal_ms = (int64_t)CAL,
				     .path = in_dir("base.csv")};
	struct zv_import_report report;

	write_file("base.csv", text, strlen(text));
	cr_assert_eq(zv_import(store, &p, &report), ZV_OK, "%s", report.text);
	cr_assert_eq(report.rejected, 0);
}

static struct zv_cmd contact(uint64_t person, int64_t at_ms)
{
	struct zv_cmd c = {.type = ZV_CMD_CONTACT};

	c.u.contact.person = person;
	c.u.contact.at_ms = at_ms;
	c.u.contact.facts = ZV_FACT_BIT(ZV_FACT_ATTEMPT);
	c.u.contact.channel = ZV_CHANNEL_VOICE_AGENT;
	return c;
}

Test(slab, leads_of_one_person_in_two_campaigns_share_a_slab_until_the_last_comes_back)
{
	uint32_t a = put_campaign(store, "a"), b = put_campaign(store, "b");
	const struct zv_offer *one, *two;
	struct zv_cmd c;

	import_text(a, "phone\n79161112233\n");
	import_text(b, "phone\n79161112233\n");
	start_la();
	one = want_offer();
	two = want_offer();
	cr_expect_eq(one->person, two->person);
	cr_expect_neq(one->campaign, two->campaign);
	cr_expect_eq(one->person_slab, two->person_slab);
	/* The engine writes into it while it has one of them. */
	persons[one->person_slab].n_contacts = 77;
	c = intent_of(1, one->lead, 79161112233);
	c.cal_ms = NOW;
	flushed(&c, ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, one->lead, ZV_OUT_BUSY);
	push(&c);
	c = retry_of(1, one->lead, NOW - 1000);
	flushed(&c, ZV_EV_STEP_FLUSHED);
	release(one);
	one = want_offer();
	cr_expect_eq(one->person_slab, two->person_slab);
	cr_expect_eq(persons[one->person_slab].n_contacts, 77, "it was read anew under the engine");
	/* Now both come back: what the engine wrote is gone, the ledger is read. */
	c = retry_of(2, one->lead, NOW - 900);
	c.type = ZV_CMD_DEFER;
	flushed(&c, ZV_EV_STEP_FLUSHED);
	/* The second first: it has not moved and rests a moment, so that the first, which is due
	 * at once, cannot come again while the slab is still in use. */
	release(two);
	release(one);
	one = want_offer();
	cr_expect_eq(persons[one->person_slab].n_contacts, 1);
}

Test(slab, two_persons_have_two_slabs)
{
	import_text(put_campaign(store, "a"), "phone\n79161112233\n79161112244\n");
	start_la();
	cr_expect_neq(want_offer()->person_slab, want_offer()->person_slab);
}

Test(slab, it_has_contacts_marks_suppressions_and_the_place)
{
	uint32_t a = put_campaign(store, "a");
	const struct zv_person_slab *p;
	const struct zv_offer *o;
	uint64_t person;
	struct zv_cmd c;

	import_text(a, "phone,jurisdiction,region,debt,topic,party,flags,consents\n"
		       "79161112233,ru,Омская область,D-7,loan,guarantor,\"minor, bankrupt\",recording\n");
	person = lead_row(store, ((uint64_t)a << 40) + 1).person;
	start_la();
	release(want_offer());
	c = contact(person, NOW - 60 * DAY);
	(void)told(1, c);
	c = contact(person, NOW - 2 * DAY);
	(void)told(2, c);
	c = (struct zv_cmd){.type = ZV_CMD_SUPPRESS};
	c.u.suppress.person = person;
	c.u.suppress.campaign = a;
	c.u.suppress.to_ms = NOW + DAY;
	(void)told(3, c);
	c.u.suppress.person = 0;
	c.u.suppress.e164 = 79161112233;
	c.u.suppress.to_ms = NOW - DAY; /* over already */
	(void)told(4, c);
	o = want_offer();
	p = &persons[o->person_slab];
	cr_expect_eq(p->person, person);
	cr_expect_str_eq(p->jur, "RU");
	cr_expect_eq(o->debt, (uint32_t)zv_rule_name("D-7", 3));
	cr_expect_eq(o->topic, (uint32_t)zv_rule_name("loan", 4));
	cr_expect_eq(o->party, ZV_PARTY_GUARANTOR);
	cr_expect_eq(p->n_numbers, 1);
	cr_expect_eq(p->e164[0], 79161112233);
	cr_expect_eq(p->n_contacts, 1, "a contact beyond the reach of the rules");
	cr_expect_eq(p->contacts[0].at_ms, NOW - 2 * DAY);
	cr_expect_eq(p->first_ms, NOW - 60 * DAY);
	cr_assert_eq(p->n_marks, 3);
	cr_expect_eq(p->marks[2].kind, ZV_MARK_CONSENT);
	cr_expect_eq(p->marks[2].name, zv_rule_name("recording", 9));
	cr_expect_eq(p->marks[2].to_ms, INT64_MAX);
	cr_assert_eq(p->n_suppressed, 1);
	cr_expect_eq(p->suppressed[0].campaign, a);
	cr_expect_eq(p->suppressed[0].e164, 0);
	cr_expect_eq(p->suppressed[0].to_ms, NOW + DAY);
	cr_expect_eq(p->n_residence, 1);
	cr_expect_eq(o->zone, omsk);
	cr_expect_not(p->overflow);
}

/* 300 contacts within the reach, a quarter of a day apart: 255 are kept, and the slab says how
 * long there are too many. */
Test(slab, more_contacts_than_fit_overflow_until_enough_of_them_are_out_of_reach)
{
	uint32_t a = put_campaign(store, "a");
	const struct zv_person_slab *p;
	uint64_t person;
	int64_t step = DAY / 12, first = NOW - 300 * step;

	import_text(a, "phone\n79161112233\n");
	person = lead_row(store, ((uint64_t)a << 40) + 1).person;
	start_la();
	release(want_offer());
	for (int64_t i = 0; i < 300; i++) {
		struct zv_cmd c = contact(person, first + i * step);

		c.attempt = (struct zv_attempt_id){UINT64_MAX, (uint64_t)i};
		c.cal_ms = NOW;
		push(&c);
		(void)want_event(ZV_EV_TOLD);
	}
	/* It may have come between two of them. */
	for (int i = 0;; i++) {
		const struct zv_offer *o = want_offer();

		p = &persons[o->person_slab];
		if ((p->overflow && p->contacts[254].at_ms == first + 299 * step) || i == 5)
			break;
		release(o);
	}
	cr_expect_eq(p->n_contacts, ZV_CONTACTS_MAX - 1);
	cr_expect(p->overflow);
	/* the newest that is left out leaves last */
	cr_expect_eq(p->overflow_until_ms, first + 44 * step + rules.reach_ms + DAY + 1);
	cr_expect_eq(p->contacts[0].at_ms, first + 45 * step);
	cr_expect_eq(p->contacts[254].at_ms, first + 299 * step);
	cr_expect_eq(p->since_ms, first + 44 * step + 1);
	cr_expect_eq(p->first_ms, first);
}

Test(slab, registries_that_the_rules_name_are_looked_up_and_unknown_ones_are_not_there)
{
	struct zv_registry_params params = {
		.name = "do_not_call", .path = in_dir("dnc"), .as_of_ms = 4711, .now_ms = NOW};
	struct zv_registry_report report;
	const struct zv_person_slab *p;

	write_file("dnc", "number\n79161112244\n79161112233\n", 31);
	cr_assert_eq(zv_registry_load(store, &params, &report), ZV_OK, "%s", report.text);
	rules.n_lists = 2;
	rules.lists[0] = zv_rule_name("never_loaded", 12);
	rules.lists[1] = zv_rule_name("do_not_call", 11);
	import_text(put_campaign(store, "a"), "phone,phone2\n79160000000,79161112233\n");
	start_la();
	p = &persons[want_offer()->person_slab];
	cr_assert_eq(p->n_scrubbed, 1);
	cr_expect_eq(p->scrubbed[0].list, rules.lists[1]);
	cr_expect_eq(p->scrubbed[0].as_of_ms, 4711);
	cr_expect_eq(p->scrubbed[0].numbers, 2);
}

Test(slab, a_lead_whose_number_is_suppressed_is_offered_and_the_slab_says_so)
{
	const struct zv_offer *o;

	import_text(put_campaign(store, "a"), "phone,phone2\n79160000000,79161112233\n");
	cr_assert_eq(zv_store_suppress(store, 79160000000, "asked", (int64_t)CAL), ZV_OK);
	start_la();
	o = want_offer();
	cr_expect_eq(o->numbers[0].status, ZV_NUM_OK);
	cr_assert_eq(persons[o->person_slab].n_suppressed, 1);
	cr_expect_eq(persons[o->person_slab].suppressed[0].e164, 79160000000);
	cr_expect_eq(persons[o->person_slab].suppressed[0].to_ms, INT64_MAX);
}

/* Whatever the moment: an offer that says it is newer than what was told has it. */
Test(slab, an_offer_with_the_number_of_the_commit_or_a_later_one_has_what_was_told)
{
	uint32_t a = put_campaign(store, "a");
	uint64_t person, after = 0;
	uint32_t older = 0, newer = 0;

	import_text(a, "phone\n79161112233\n");
	person = lead_row(store, ((uint64_t)a << 40) + 1).person;
	start_la();
	for (uint64_t i = 1; i <= 40; i++) {
		struct zv_cmd c = {.type = ZV_CMD_MARK};
		const struct zv_offer *o = want_offer();
		const struct zv_person_slab *p = &persons[o->person_slab];
		uint64_t best = 0;

		for (uint8_t m = 0; m < p->n_marks; m++)
			best = (uint64_t)(p->marks[m].from_ms - NOW);
		if (last_txn >= after) {
			cr_assert_eq(best, i - 1, "offer %llu knows of %llu", (unsigned long long)i,
				     (unsigned long long)best);
			newer++;
		} else {
			older++;
		}
		c.u.mark.person = person;
		c.u.mark.name = 5;
		c.u.mark.kind = ZV_MARK_FLAG;
		c.u.mark.from_ms = NOW + (int64_t)i;
		c.u.mark.to_ms = INT64_MAX;
		if (i % 2 == 0) { /* the lead is on its way back while the mark is written */
			struct zv_cmd d = retry_of(i, o->lead, NOW - 2000 + (int64_t)i);

			d.type = ZV_CMD_DEFER;
			flushed(&d, ZV_EV_STEP_FLUSHED);
			release(o);
			after = told(i, c);
		} else {
			struct zv_cmd d = retry_of(i, o->lead, NOW - 2000 + (int64_t)i);

			after = told(i, c);
			d.type = ZV_CMD_DEFER;
			flushed(&d, ZV_EV_STEP_FLUSHED);
			release(o);
		}
	}
	cr_expect_geq(newer, 20);
	fprintf(stderr, "%u offers of before, %u of after\n", older, newer);
}

Test(slab, a_hint_tells_that_what_was_told_is_in_later_offers)
{
	struct zv_cmd c = {.type = ZV_CMD_SUPPRESS};
	struct zv_event ev = {0};
	uint64_t txn;

	import_text(put_campaign(store, "a"), "phone\n79161112233\n");
	start_la();
	(void)want_offer();
	c.u.suppress.e164 = 79990000000;
	c.u.suppress.to_ms = INT64_MAX;
	txn = told(1, c);
	do
		cr_assert(next_message(la_events, &ev, 20000), "no hint came");
	while (ev.type != ZV_EV_DUE_HINT || ev.u.hint.txn < txn);
}
