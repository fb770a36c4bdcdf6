/* Forgetting by age, and one person. */
#include "store_engine.h"

#include "dial/rules/tally.h"
#include "store/erase.h"
#include "store/lookahead.h"

#define DAY INT64_C(86400000)
#define NOW ((int64_t)CAL + 1000 * DAY)

static struct zv_store *store;
static uint32_t campaign;
static uint64_t lead;

static void begin(void)
{
	make_dir();
	store = open_store(0);
	campaign = put_campaign(store, "t");
	start_thread(store);
}

static void end(void)
{
	stop_thread();
	cr_expect_eq(store_thread_err, ZV_OK);
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

TestSuite(erase, .init = begin, .fini = end, .timeout = 60);

/* A call of a lead at a moment, with everything that it leaves behind. */
static void call(uint64_t n, uint64_t who, int64_t at_ms)
{
	uint64_t number = 0;
	struct zv_lead_row row = lead_row(store, who);
	struct zv_cmd c = {.type = ZV_CMD_EVIDENCE,
			   .campaign = campaign,
			   .attempt = attempt_no(n),
			   .cal_ms = at_ms};

	number = row.numbers[0].brief.e164;
	c.u.evidence.person = row.person;
	c.u.evidence.lead = who;
	c.u.evidence.answer = ZV_ANSWER_YES;
	push(&c);
	c = intent_of(n, who, number);
	c.cal_ms = at_ms;
	push(&c);
	cr_assert_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_OK);
	c = outcome_of(n, who, ZV_OUT_ANSWERED);
	c.cal_ms = at_ms + 20000;
	push(&c);
	c = retry_of(n, who, at_ms + DAY);
	c.cal_ms = at_ms + 20000;
	c.u.step.n_messages = 1;
	c.u.step.message_at_ms[0] = ZV_NEVER_MS;
	push(&c);
	cr_assert_eq(want_event(ZV_EV_STEP_FLUSHED).u.flushed.err, ZV_OK);
}

static struct zv_store_facts facts(void)
{
	struct zv_store_facts f;

	cr_assert_eq(zv_store_facts(store, &f), ZV_OK);
	return f;
}

static bool count_row(void *arg, const struct zv_ledger_row *row)
{
	(void)row;
	++*(uint32_t *)arg;
	return true;
}

static uint32_t contacts(uint64_t person)
{
	uint32_t n = 0;

	cr_assert_eq(zv_store_ledger_each(store, person, 0, count_row, &n), ZV_OK);
	return n;
}

static struct zv_erase_params everything(int64_t before_ms)
{
	struct zv_erase_params p = {.n = 1, .now_ms = NOW, .reach_ms = 30 * DAY};

	p.steps[0].what = ZV_ERASE_CALLS | ZV_ERASE_MESSAGES | ZV_ERASE_EVIDENCE | ZV_ERASE_CONSENTS |
			  ZV_ERASE_TALLIES | ZV_ERASE_SUPPRESSED;
	p.steps[0].before_ms = before_ms;
	return p;
}

Test(erase, what_is_old_goes_what_is_young_stays_and_a_dry_run_only_counts)
{
	struct zv_erase_params p = everything((int64_t)CAL + 500 * DAY);
	struct zv_erase_report dry, report;
	struct zv_store_facts before;
	uint64_t a, b;

	lead = put_leads(store, campaign, 2);
	a = lead_row(store, lead).person;
	b = lead_row(store, lead + 1).person;
	call(1, lead, (int64_t)CAL + 10 * DAY);
	call(2, lead, (int64_t)CAL + 20 * DAY);
	call(3, lead + 1, (int64_t)CAL + 900 * DAY);
	before = facts();
	p.dry_run = true;
	cr_assert_eq(zv_erase_run(store, &p, &dry), ZV_OK);
	cr_expect_eq(dry.ledger, 2);
	cr_expect_eq(dry.attempts, 6); /* intent, outcome, step */
	cr_expect_eq(dry.outbox, 2);
	cr_expect_eq(dry.evidence, 2);
	cr_expect_eq(dry.tallies, 2);
	cr_expect_eq(facts().attempts, before.attempts);
	cr_expect_eq(facts().ledger, before.ledger);
	p.dry_run = false;
	cr_assert_eq(zv_erase_run(store, &p, &report), ZV_OK);
	cr_expect_eq(memcmp(&dry, &report, sizeof(dry)), 0, "the dry run counted something else");
	cr_expect_eq(contacts(a), 0);
	cr_expect_eq(contacts(b), 1);
	cr_expect_eq(facts().attempts, 3);
	cr_expect_eq(problems(store), 0);
	cr_assert_eq(zv_erase_run(store, &p, &report), ZV_OK);
	cr_expect_eq(report.ledger + report.attempts + report.outbox + report.evidence, 0);
}

Test(erase, nobody_is_forgotten_within_the_reach_of_the_limits)
{
	struct zv_erase_params p = everything(NOW);
	struct zv_erase_report report;

	lead = put_leads(store, campaign, 1);
	call(1, lead, NOW - 10 * DAY);
	cr_assert_eq(zv_erase_run(store, &p, &report), ZV_OK);
	cr_expect_eq(report.ledger, 0);
	cr_expect_eq(report.tallies, 0);
	cr_expect_eq(report.attempts, 3);
}

Test(erase, of_an_active_person_nothing_goes_when_age_counts_from_the_last_activity)
{
	struct zv_erase_params p = everything((int64_t)CAL + 500 * DAY);
	struct zv_erase_report report;

	lead = put_leads(store, campaign, 2);
	call(1, lead, (int64_t)CAL + 10 * DAY);
	call(2, lead + 1, (int64_t)CAL + 11 * DAY);
	call(3, lead, (int64_t)CAL + 900 * DAY);
	p.steps[0].from = ZV_ERASE_FROM_LAST_ACTIVITY;
	cr_assert_eq(zv_erase_run(store, &p, &report), ZV_OK);
	cr_expect_eq(report.ledger, 1);
	cr_expect_eq(report.attempts, 3);
	cr_expect_eq(report.outbox, 1);
	cr_expect_eq(report.evidence, 1);
	cr_expect_gt(report.kept_active, 0);
	cr_expect_eq(contacts(lead_row(store, lead).person), 2);
}

Test(erase, the_longest_keeping_of_several_rules_decides)
{
	struct zv_erase_params p = everything((int64_t)CAL + 500 * DAY);
	struct zv_erase_report report;

	lead = put_leads(store, campaign, 1);
	call(1, lead, (int64_t)CAL + 10 * DAY);
	p.n = 2;
	p.steps[1].what = ZV_ERASE_EVIDENCE;
	p.steps[1].before_ms = (int64_t)CAL;
	cr_assert_eq(zv_erase_run(store, &p, &report), ZV_OK);
	cr_expect_eq(report.evidence, 0);
	cr_expect_eq(report.ledger, 1);
}

static bool stop_at_once(void *arg, const char *table, uint64_t rows)
{
	(void)arg;
	(void)rows;
	return strcmp(table, "outbox") != 0;
}

Test(erase, a_job_that_was_stopped_goes_on_where_it_stood)
{
	struct zv_erase_params p = everything((int64_t)CAL + 500 * DAY);
	struct zv_erase_report one, two;

	lead = put_leads(store, campaign, 1);
	call(1, lead, (int64_t)CAL + 10 * DAY);
	p.progress = stop_at_once;
	cr_assert_eq(zv_erase_run(store, &p, &one), ZV_OK);
	cr_expect(one.stopped);
	cr_expect_eq(one.attempts, 3);
	cr_expect_eq(one.ledger, 0);
	p.progress = NULL;
	cr_assert_eq(zv_erase_run(store, &p, &two), ZV_OK);
	cr_expect_not(two.stopped);
	cr_expect_eq(two.attempts, 0);
	cr_expect_eq(two.ledger, 1);
}

/* ---- one person ---- */

static bool secret_bytes(const char *text)
{
	FILE *f = fopen(in_dir("store/data.mdb"), "r");
	static char buf[8 << 20];
	size_t n;

	cr_assert_not_null(f);
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	return memmem(buf, n, text, strlen(text)) != NULL;
}

static bool look_at_person(void *arg, const struct zv_person_row *row)
{
	cr_expect_str_eq(row->external_id, "");
	cr_expect_eq(row->n_numbers, 0);
	*(int64_t *)arg = row->erased_ms;
	return true;
}

static bool keep_contact(void *arg, const struct zv_ledger_row *row)
{
	*(struct zv_ledger_row *)arg = *row;
	return true;
}

static bool hashed_message(void *arg, const struct zv_outbox_row *row)
{
	(void)arg;
	cr_expect(row->to >= ZV_NUMBER_HASHED);
	return true;
}

static bool hashed_entry(void *arg, const struct zv_log_row *row)
{
	(void)arg;
	cr_expect(row->kind != ZV_LOG_INTENT || row->called >= ZV_NUMBER_HASHED);
	return true;
}

static bool hashed_evidence(void *arg, const struct zv_evidence_row *row)
{
	cr_expect(row->e164 >= ZV_NUMBER_HASHED);
	++*(uint32_t *)arg;
	return true;
}

static bool bare_mark(void *arg, const struct zv_mark_row *row)
{
	cr_expect_str_eq(row->reason, "");
	cr_expect_eq(row->mark.name, zv_rule_name("bankrupt", 8));
	++*(uint32_t *)arg;
	return true;
}

static void import_text(const char *text, struct zv_import_report *report)
{
	struct zv_import_params p = {.campaign = campaign,
				     .zone = "Europe/Moscow",
				     .due_class = ZV_DUE_NORMAL,
				     .now_cal_ms = NOW,
				     .path = in_dir("base.csv")};

	write_file("base.csv", text, strlen(text));
	cr_assert_eq(zv_import(store, &p, report), ZV_OK, "%s", report->text);
}

Test(erase, an_erased_person_leaves_hashes_and_gets_his_limits_back_with_his_number)
{
	struct zv_slab_ask ask = {.now_ms = NOW + DAY};
	struct zv_erase_person_report dry, report;
	static struct zv_person_slab slab;
	struct zv_import_report import;
	struct zv_ledger_row contact;
	struct zv_campaign_info info;
	struct zv_lead_row row;
	uint64_t person, found[4], hash;
	int64_t erased_ms = 0;
	uint32_t n = 0;

	import_text("phone,id,name,flags\n79161112233,KUNDE-77,Аграфена,bankrupt\n79160000009,X,Y,\n",
		    &import);
	lead = ((uint64_t)campaign << 40) + 1;
	person = lead_row(store, lead).person;
	call(1, lead, NOW - 3 * DAY);
	call(2, lead, NOW - 2 * DAY);
	cr_expect(secret_bytes("Аграфена"));
	cr_assert_eq(zv_erase_person(store, person, NOW, true, &dry), ZV_OK);
	cr_expect_eq(dry.leads, 1);
	cr_expect_eq(dry.ledger, 2);
	cr_expect_eq(dry.evidence, 2);
	cr_expect_eq(dry.log, 2);
	cr_expect_eq(dry.outbox, 2);
	cr_expect_eq(dry.marks, 1);
	cr_expect_eq(lead_row(store, lead).state, ZV_LEAD_DUE);
	cr_assert_eq(zv_erase_person(store, person, NOW, false, &report), ZV_OK);
	cr_expect_eq(memcmp(&dry, &report, sizeof(dry)), 0, "the dry run counted something else");
	cr_expect_eq(problems(store), 0);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_REMOVED);
	cr_expect_eq(row.attrs_len, 0);
	cr_expect_eq(row.due_ms, 0);
	cr_assert_eq(zv_store_person_get(store, person, look_at_person, &erased_ms), ZV_OK);
	cr_expect_eq(erased_ms, NOW);
	cr_assert_eq(zv_store_outbox_each(store, 0, hashed_message, NULL), ZV_OK);
	cr_assert_eq(zv_store_log_each(store, 0, 0, hashed_entry, NULL), ZV_OK);
	cr_assert_eq(zv_store_evidence_each(store, person, hashed_evidence, &n), ZV_OK);
	cr_expect_eq(n, 2);
	n = 0;
	cr_assert_eq(zv_store_marks_each(store, person, bare_mark, &n), ZV_OK);
	cr_expect_eq(n, 1);
	cr_assert_eq(zv_store_ledger_each(store, person, 0, keep_contact, &contact), ZV_OK);
	cr_expect_eq(contact.hashed, 1);
	hash = contact.contact.e164;
	cr_expect(hash >= ZV_NUMBER_HASHED);
	cr_assert_eq(zv_store_persons_of(store, 79161112233, found, 4, &n), ZV_OK);
	cr_assert_eq(n, 1);
	cr_expect_eq(found[0], person);
	/* his campaign can be complete without him */
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.finals, 1);
	/* the other one is untouched */
	cr_expect_eq(lead_row(store, lead + 1).attrs_len > 0, true);

	/* He comes back by another list: the same person, the same contacts. */
	import_text("phone,name\n+7 916 111-22-33,Agrafena\n", &import);
	cr_assert_eq(import.imported, 1);
	cr_expect_eq(import.persons, 0);
	row = lead_row(store, lead + 2);
	cr_expect_eq(row.person, person);
	ask.person = person;
	cr_assert_eq(zv_store_person_slab(store, &ask, &slab), ZV_OK);
	cr_assert_eq(slab.n_contacts, 2);
	cr_expect_eq(slab.contacts[0].e164, 79161112233);
	cr_expect_eq(slab.n_marks, 1);
	cr_expect_eq(problems(store), 0);
}

Test(erase, a_person_who_is_being_called_is_erased_later)
{
	struct zv_erase_person_report report;
	struct zv_cmd c;
	uint64_t person;

	lead = put_leads(store, campaign, 1);
	person = lead_row(store, lead).person;
	c = intent_of(1, lead, lead_row(store, lead).numbers[0].brief.e164);
	push(&c);
	(void)want_event(ZV_EV_INTENT_FLUSHED);
	cr_expect_eq(zv_erase_person(store, person, NOW, false, &report), ZV_EAGAIN);
	c = outcome_of(1, lead, ZV_OUT_BUSY);
	push(&c);
	c = retry_of(1, lead, NOW);
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	cr_expect_eq(zv_erase_person(store, person, NOW, false, &report), ZV_OK);
	/* an offer that was on its way leads nowhere */
	c = intent_of(2, lead, 79160000000);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_EDENIED);
	cr_expect_eq(zv_erase_person(store, person + 99, NOW, false, &report), ZV_ENOENT);
}
