/* What people and the engine tell beside calls: suppressions, marks, contacts, evidence, and the
 * tallies that outcomes leave. */
#include "store_engine.h"

#include "dial/rules/tally.h"

static struct zv_store *store;
static uint32_t campaign;
static uint64_t lead, person;

static void begin(void)
{
	make_dir();
	store = open_store(0);
	campaign = put_campaign(store, "t");
	lead = put_leads(store, campaign, 3);
	person = lead_row(store, lead).person;
	start_thread(store);
}

static void end(void)
{
	stop_thread();
	cr_expect_eq(store_thread_err, ZV_OK);
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

TestSuite(told, .init = begin, .fini = end, .timeout = 60);

static struct zv_attempt_id token_no(uint64_t n)
{
	return (struct zv_attempt_id){.hi = UINT64_MAX, .lo = n};
}

static struct zv_cmd suppress_of(uint64_t token, uint64_t e164, uint64_t who, uint32_t where)
{
	struct zv_cmd c = {.type = ZV_CMD_SUPPRESS, .attempt = token_no(token), .cal_ms = (int64_t)CAL};

	c.u.suppress.e164 = e164;
	c.u.suppress.person = who;
	c.u.suppress.campaign = where;
	c.u.suppress.to_ms = INT64_MAX;
	c.u.suppress.source = ZV_SUPPRESS_KEY;
	return c;
}

/* ---- evidence ---- */

static struct zv_cmd evidence_of(uint64_t n, uint8_t answer, uint16_t rule, int64_t until_ms)
{
	struct zv_cmd c = {.type = ZV_CMD_EVIDENCE,
			   .campaign = campaign,
			   .cal_ms = (int64_t)(CAL + n * 1000)};

	if (answer != ZV_ANSWER_NO)
		c.attempt = attempt_no(n);
	c.u.evidence.person = person;
	c.u.evidence.lead = lead;
	c.u.evidence.rules_hash = 99;
	c.u.evidence.until_ms = until_ms;
	c.u.evidence.rule = rule;
	c.u.evidence.answer = answer;
	c.u.evidence.channel = ZV_CHANNEL_VOICE_AI;
	c.u.evidence.n_counts = 2;
	c.u.evidence.counts[0].rule = 4;
	c.u.evidence.counts[0].used = 1;
	c.u.evidence.counts[1].rule = 5;
	c.u.evidence.counts[1].used = 7;
	c.u.evidence.counts[1].in_flight = 2;
	return c;
}

struct rows {
	struct zv_evidence_row v[16];
	uint32_t n;
};

static bool keep_evidence(void *arg, const struct zv_evidence_row *row)
{
	struct rows *r = arg;

	r->v[r->n++] = *row;
	return r->n < 16;
}

static void put_rules(const char *version)
{
	static struct zv_rule v[6];
	struct zv_rules set = {.n = 6, .v = v, .hash = 99};

	for (int i = 0; i < 6; i++)
		snprintf(v[i].id, sizeof(v[i].id), "rule-%d", i);
	snprintf(set.tz_version, sizeof(set.tz_version), "%s", version);
	cr_assert_eq(zv_store_ruleset_put(store, &set, (int64_t)CAL, "the text", 8), ZV_OK);
}

/* Commands of the store come in order: an intent told to be on disk says so of all before it. */
static void flush_all(uint64_t n)
{
	struct zv_cmd c = evidence_of(n, ZV_ANSWER_YES, 0, 0);

	c.u.evidence.person = lead_row(store, lead + n % 3).person;
	push(&c);
	c = intent_of(n, lead + n % 3, 79160000000);
	push(&c);
	cr_assert_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_OK);
}

Test(told, a_no_is_written_once_for_person_rule_and_end)
{
	struct rows rows = {0};
	struct zv_cmd c;

	put_rules("2026a");
	for (uint64_t i = 1; i <= 5; i++) {
		c = evidence_of(i, ZV_ANSWER_NO, 3, (int64_t)CAL + 9000000);
		push(&c);
	}
	c = evidence_of(6, ZV_ANSWER_NO, 4, (int64_t)CAL + 9000000);
	push(&c);
	c = evidence_of(7, ZV_ANSWER_NO, 3, (int64_t)CAL + 5000000);
	push(&c);
	c = evidence_of(8, ZV_ANSWER_NO, 0, ZV_NEVER_MS);
	c.u.evidence.refusal = ZV_REFUSED_SUPPRESSED;
	push(&c);
	push(&c);
	flush_all(1);
	cr_assert_eq(zv_store_evidence_each(store, person, keep_evidence, &rows), ZV_OK);
	cr_assert_eq(rows.n, 4);
	cr_expect_eq(rows.v[0].until_ms, (int64_t)CAL + 5000000);
	cr_expect_str_eq(rows.v[0].rule_id, "rule-3");
	cr_expect_eq(rows.v[1].until_ms, (int64_t)CAL + 9000000);
	cr_expect_eq(rows.v[2].until_ms, (int64_t)CAL + 9000000);
	/* the first of the five stands: append-only */
	cr_expect_eq(strcmp(rows.v[1].rule_id, "rule-3") == 0 ? rows.v[1].at_ms : rows.v[2].at_ms,
		     (int64_t)CAL + 1000);
	cr_expect_eq(rows.v[3].until_ms, ZV_NEVER_MS);
	cr_expect_eq(rows.v[3].refusal, ZV_REFUSED_SUPPRESSED);
}

Test(told, a_yes_is_on_disk_with_its_intent_and_keeps_number_counts_and_versions)
{
	struct zv_cmd c = evidence_of(2, ZV_ANSWER_AGENT_ONLY, 0, 0);
	struct rows rows = {0};
	struct zv_ruleset set;
	uint64_t number = lead_row(store, lead).numbers[0].brief.e164;

	put_rules("2026a");
	push(&c);
	c.u.evidence.part = 1;
	push(&c);
	c = intent_of(2, lead, number);
	push(&c);
	cr_assert_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_OK);
	put_rules("2026b");
	cr_assert_eq(zv_store_evidence_each(store, person, keep_evidence, &rows), ZV_OK);
	cr_assert_eq(rows.n, 2);
	cr_expect_eq(rows.v[0].answer, ZV_ANSWER_AGENT_ONLY);
	cr_expect_eq(rows.v[0].e164, number);
	cr_expect_eq(rows.v[0].attempt.lo, 2);
	cr_expect_eq(rows.v[1].part, 1);
	cr_expect_eq(rows.v[0].n_counts, 2);
	cr_expect_eq(rows.v[0].counts[1].used, 7);
	cr_expect_eq(rows.v[0].counts[1].in_flight, 2);
	cr_expect_str_eq(rows.v[0].tz_version, "2026a");
	cr_assert_eq(zv_store_ruleset_get(store, 99, &set), ZV_OK);
	cr_expect_str_eq(set.tz_version, "2026b");
	cr_expect_eq(set.n, 6);
	cr_expect_str_eq(set.ids[5], "rule-5");
	cr_expect_str_eq(set.text, "the text");
	zv_store_ruleset_free(&set);
	cr_expect_eq(zv_store_ruleset_get(store, 98, &set), ZV_ENOENT);
}

Test(told, an_intent_under_archived_rules_without_evidence_is_found_by_the_check)
{
	struct zv_cmd c = intent_of(3, lead, 79160000000);

	push(&c);
	(void)want_event(ZV_EV_INTENT_FLUSHED);
	cr_expect_eq(problems(store), 0);
	put_rules("2026a");
	cr_expect_eq(problems(store), 1);
	c = evidence_of(3, ZV_ANSWER_YES, 0, 0);
	push(&c);
	flush_all(1);
}

/* ---- suppressions ---- */

struct list {
	struct zv_suppress_row v[16];
	uint32_t n;
};

static bool keep_row(void *arg, const struct zv_suppress_row *row)
{
	struct list *l = arg;

	l->v[l->n++] = *row;
	return l->n < 16;
}

Test(told, a_suppression_is_on_disk_when_it_is_told_and_the_number_of_the_commit_grows)
{
	struct zv_cmd c = suppress_of(7, 79161112233, person, 0);
	struct list l = {0};
	struct zv_event ev;
	uint64_t txn;
	bool yes = false;

	push(&c);
	ev = want_event(ZV_EV_TOLD);
	cr_expect(zv_attempt_eq(ev.attempt, token_no(7)));
	cr_expect_eq(ev.code, 0);
	txn = ev.u.offer.txn;
	cr_expect_gt(txn, 0);
	cr_assert_eq(zv_store_suppressed(store, 79161112233, (int64_t)CAL, &yes), ZV_OK);
	cr_expect(yes);
	cr_assert_eq(zv_store_suppressions_each(store, 0, 0, keep_row, &l), ZV_OK);
	cr_assert_eq(l.n, 2);
	cr_expect_eq(l.v[0].kind, ZV_SUPPRESS_NUMBER);
	cr_expect_eq(l.v[0].source, ZV_SUPPRESS_KEY);
	cr_expect_eq(l.v[1].kind, ZV_SUPPRESS_PERSON);
	cr_expect_eq(l.v[1].id, person);
	c = suppress_of(8, 0, person, campaign);
	push(&c);
	ev = want_event(ZV_EV_TOLD);
	cr_expect_gt(ev.u.offer.txn, txn);
	/* of nobody: refused, and told all the same */
	c = suppress_of(9, 0, 0, 0);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_TOLD).code, ZV_EINVAL);
}

Test(told, words_are_put_to_a_suppression_and_it_is_taken_back)
{
	struct zv_suppress_row row = {.kind = ZV_SUPPRESS_PERSON,
				      .source = ZV_SUPPRESS_AGENT,
				      .campaign = campaign,
				      .id = person,
				      .since_ms = (int64_t)CAL + 5,
				      .until_ms = (int64_t)CAL + 500,
				      .reason = "не звоните мне больше"};
	struct zv_cmd c = suppress_of(1, 0, person, campaign);
	struct list l = {0};

	push(&c);
	(void)want_event(ZV_EV_TOLD);
	cr_assert_eq(zv_store_suppress_words(store, &row), ZV_OK);
	cr_assert_eq(zv_store_suppressions_each(store, ZV_SUPPRESS_PERSON, person, keep_row, &l), ZV_OK);
	cr_assert_eq(l.n, 1);
	cr_expect_eq(l.v[0].since_ms, (int64_t)CAL);
	cr_expect_eq(l.v[0].until_ms, INT64_MAX, "words change no dates");
	cr_expect_eq(l.v[0].source, ZV_SUPPRESS_KEY);
	cr_expect_eq(l.v[0].campaign, campaign);
	row.campaign = 0;
	cr_expect_eq(zv_store_suppress_words(store, &row), ZV_ENOENT, "nor do they make one");
	cr_expect_eq(zv_store_suppress_end(store, &row), ZV_ENOENT);
	row.campaign = campaign;
	cr_expect_eq(zv_store_suppress_end(store, &row), ZV_OK);
	cr_expect_eq(zv_store_suppress_end(store, &row), ZV_ENOENT, "it is over");
	l.n = 0;
	cr_assert_eq(zv_store_suppressions_each(store, 0, 0, keep_row, &l), ZV_OK);
	cr_assert_eq(l.n, 1, "and stays on record");
	cr_expect_eq(l.v[0].until_ms, (int64_t)CAL + 500);
	cr_expect_eq(l.v[0].since_ms, (int64_t)CAL);
}

Test(told, a_suppression_that_is_told_again_never_ends_earlier_and_is_taken_back_by_an_end_alone)
{
	struct zv_suppress_row row = {.kind = ZV_SUPPRESS_NUMBER, .source = ZV_SUPPRESS_OPERATOR,
				      .id = 79161112233, .since_ms = (int64_t)CAL + 5,
				      .until_ms = (int64_t)CAL + 500, .reason = "until tomorrow"};
	struct zv_cmd c = suppress_of(1, 79161112233, 0, 0);
	struct list l = {0};
	bool yes = false;

	push(&c);
	(void)want_event(ZV_EV_TOLD);
	cr_assert_eq(zv_store_suppress_put(store, &row), ZV_OK);
	c.attempt = token_no(2);
	c.u.suppress.to_ms = (int64_t)CAL + 900;
	push(&c);
	(void)want_event(ZV_EV_TOLD);
	cr_assert_eq(zv_store_suppressed(store, row.id, (int64_t)CAL + 1000, &yes), ZV_OK);
	cr_expect(yes);
	c.attempt = token_no(3);
	c.u.suppress.end = 1;
	push(&c);
	(void)want_event(ZV_EV_TOLD);
	cr_assert_eq(zv_store_suppressed(store, row.id, (int64_t)CAL + 899, &yes), ZV_OK);
	cr_expect(yes);
	cr_assert_eq(zv_store_suppressed(store, row.id, (int64_t)CAL + 900, &yes), ZV_OK);
	cr_expect_not(yes);
	/* An end of what nobody has told is no error. */
	c.attempt = token_no(4);
	c.u.suppress.campaign = campaign;
	push(&c);
	cr_expect_eq(want_event(ZV_EV_TOLD).code, 0);
	/* Told once more, it is a new one. */
	row.since_ms = (int64_t)CAL + 2000;
	row.until_ms = (int64_t)CAL + 3000;
	cr_assert_eq(zv_store_suppress_put(store, &row), ZV_OK);
	cr_assert_eq(zv_store_suppressions_each(store, ZV_SUPPRESS_NUMBER, row.id, keep_row, &l), ZV_OK);
	cr_assert_eq(l.n, 1);
	cr_expect_eq(l.v[0].since_ms, (int64_t)CAL + 2000);
	cr_expect_eq(l.v[0].until_ms, (int64_t)CAL + 3000);
}

/* ---- marks ---- */

static bool keep_mark(void *arg, const struct zv_mark_row *row)
{
	*(struct zv_mark_row *)arg = *row;
	cr_expect_str_eq(row->name, "bankrupt");
	return true;
}

Test(told, a_mark_knows_its_name_when_somebody_told_the_text)
{
	struct zv_cmd c = {.type = ZV_CMD_MARK, .attempt = token_no(1), .cal_ms = (int64_t)CAL};
	struct zv_mark_row row = {0};

	cr_assert_eq(zv_store_name_put(store, "bankrupt"), ZV_OK);
	c.u.mark.person = person;
	c.u.mark.name = zv_rule_name("bankrupt", 8);
	c.u.mark.from_ms = (int64_t)CAL;
	c.u.mark.to_ms = INT64_MAX;
	c.u.mark.kind = ZV_MARK_FLAG;
	push(&c);
	cr_expect_eq(want_event(ZV_EV_TOLD).code, 0);
	cr_assert_eq(zv_store_marks_each(store, person, keep_mark, &row), ZV_OK);
	cr_expect_eq(row.mark.kind, ZV_MARK_FLAG);
	cr_expect_eq(row.mark.to_ms, INT64_MAX);
	/* told again with an end: one row */
	c.u.mark.to_ms = (int64_t)CAL + 1;
	push(&c);
	(void)want_event(ZV_EV_TOLD);
	cr_assert_eq(zv_store_marks_each(store, person, keep_mark, &row), ZV_OK);
	cr_expect_eq(row.mark.to_ms, (int64_t)CAL + 1);
	c.u.mark.kind = 9;
	push(&c);
	cr_expect_eq(want_event(ZV_EV_TOLD).code, ZV_EINVAL);
}

/* ---- contacts and tallies ---- */

struct tally {
	uint32_t n[8][ZV_FACTS];
	int64_t bucket[8];
	uint32_t rows;
};

static bool keep_tally(void *arg, uint32_t id, int64_t bucket, const uint32_t n[ZV_FACTS])
{
	struct tally *t = arg;

	cr_expect_eq(id, campaign);
	memcpy(t->n[t->rows], n, sizeof(t->n[0]));
	t->bucket[t->rows++] = bucket;
	return t->rows < 8;
}

static bool count_contacts(void *arg, const struct zv_ledger_row *row)
{
	(void)row;
	++*(uint32_t *)arg;
	return true;
}

Test(told, a_contact_told_by_number_is_one_of_everybody_who_has_it_and_counts_once)
{
	struct zv_cmd c = {.type = ZV_CMD_CONTACT,
			   .campaign = campaign,
			   .attempt = token_no(3),
			   .cal_ms = (int64_t)CAL};
	struct tally t = {0};
	uint32_t n = 0;

	c.u.contact.e164 = lead_row(store, lead).numbers[0].brief.e164;
	c.u.contact.at_ms = (int64_t)CAL;
	c.u.contact.facts = ZV_FACT_BIT(ZV_FACT_MESSAGE);
	c.u.contact.channel = ZV_CHANNEL_SMS;
	push(&c);
	cr_expect_eq(want_event(ZV_EV_TOLD).code, 0);
	push(&c);
	(void)want_event(ZV_EV_TOLD);
	cr_assert_eq(zv_store_ledger_each(store, person, 0, count_contacts, &n), ZV_OK);
	cr_expect_eq(n, 1);
	cr_assert_eq(zv_store_tallies_each(store, campaign, 0, keep_tally, &t), ZV_OK);
	cr_assert_eq(t.rows, 1);
	cr_expect_eq(t.n[0][ZV_FACT_MESSAGE], 1);
	c.u.contact.e164 = 79990000000;
	push(&c);
	cr_expect_eq(want_event(ZV_EV_TOLD).code, ZV_ENOENT);
}

/* Intent at 23:59:59.. of a quarter, answer and end in later ones: each fact in its own bucket; an
 * amended outcome takes the old facts out. */
Test(told, outcomes_are_in_the_tallies_as_their_facts_are_dated_and_amending_moves_them)
{
	int64_t at_ms = (int64_t)CAL / ZV_TALLY_MS * ZV_TALLY_MS + ZV_TALLY_MS - 1000;
	struct zv_cmd c = intent_of(1, lead, 79160000000);
	struct tally t = {0};

	c.cal_ms = at_ms;
	push(&c);
	(void)want_event(ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_ABANDONED);
	c.u.outcome.facts |= ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) |
			     ZV_FACT_BIT(ZV_FACT_ABANDON);
	c.u.outcome.connect_s = 10;
	c.u.outcome.end_s = 1000;
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 86400000);
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	cr_assert_eq(zv_store_tallies_each(store, campaign, 0, keep_tally, &t), ZV_OK);
	cr_assert_eq(t.rows, 3);
	cr_expect_eq(t.bucket[0], at_ms / ZV_TALLY_MS);
	cr_expect_eq(t.n[0][ZV_FACT_ATTEMPT], 1);
	cr_expect_eq(t.n[0][ZV_FACT_LIVE_ANSWER], 0);
	cr_expect_eq(t.bucket[1], at_ms / ZV_TALLY_MS + 1);
	cr_expect_eq(t.n[1][ZV_FACT_LIVE_ANSWER], 1);
	cr_expect_eq(t.bucket[2], (at_ms + 1000000) / ZV_TALLY_MS);
	cr_expect_eq(t.n[2][ZV_FACT_ABANDON], 1);
	c = outcome_of(1, lead, ZV_OUT_MACHINE);
	c.u.outcome.amend = 1;
	c.u.outcome.facts |= ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_MACHINE);
	c.u.outcome.connect_s = 10;
	push(&c);
	c = intent_of(2, lead + 1, 79160000000);
	push(&c);
	(void)want_event(ZV_EV_INTENT_FLUSHED);
	t.rows = 0;
	cr_assert_eq(zv_store_tallies_each(store, campaign, 0, keep_tally, &t), ZV_OK);
	cr_expect_eq(t.n[0][ZV_FACT_ATTEMPT], 1);
	cr_expect_eq(t.n[1][ZV_FACT_LIVE_ANSWER], 0);
	cr_expect_eq(t.n[1][ZV_FACT_MACHINE], 1);
	cr_expect_eq(t.n[2][ZV_FACT_ABANDON], 0);
	/* from a bucket on */
	t.rows = 0;
	cr_assert_eq(zv_store_tallies_each(store, campaign, at_ms / ZV_TALLY_MS + 1, keep_tally, &t), ZV_OK);
	cr_expect_eq(t.rows, 2);
}

/* What the engine said at the intent stands in the contact, whoever writes it. */
Test(told, debt_topic_caller_and_channel_of_the_intent_stand_in_the_contact)
{
	struct zv_cmd c = intent_of(1, lead, 79160000000);
	struct zv_slab_ask ask = {.person = person, .now_ms = (int64_t)CAL + 86400000};
	static struct zv_person_slab slab;

	c.u.intent.debt = 111;
	c.u.intent.topic = 222;
	c.u.intent.caller_hash = 333;
	c.u.intent.channel = ZV_CHANNEL_VOICE_PREREC;
	push(&c);
	(void)want_event(ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	c.u.outcome.exclude = ZV_EXCLUDE_CONSENTED_7D;
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 86400000);
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	cr_assert_eq(zv_store_person_slab(store, &ask, &slab), ZV_OK);
	cr_assert_eq(slab.n_contacts, 1);
	cr_expect_eq(slab.contacts[0].debt, 111);
	cr_expect_eq(slab.contacts[0].topic, 222);
	cr_expect_eq(slab.contacts[0].caller, 333);
	cr_expect_eq(slab.contacts[0].channel, ZV_CHANNEL_VOICE_PREREC);
	cr_expect_eq(slab.contacts[0].exclude, ZV_EXCLUDE_CONSENTED_7D);
	cr_expect_eq(slab.contacts[0].dial_s, 3);
	cr_expect_eq(slab.contacts[0].end_s, 19);
	cr_expect_eq(slab.contacts[0].open, 0);
	cr_expect_eq(slab.first_ms, (int64_t)CAL + 1000);
	/* as it stood before the call */
	ask.now_ms = (int64_t)CAL;
	cr_assert_eq(zv_store_person_slab(store, &ask, &slab), ZV_OK);
	cr_expect_eq(slab.n_contacts, 0);
}

/* ---- messages ---- */

static bool keep_message(void *arg, const struct zv_outbox_row *row)
{
	((struct zv_outbox_row *)arg)[row->index] = *row;
	return true;
}

Test(told, a_message_waits_for_its_moment_and_a_forbidden_one_is_kept_and_never_sent)
{
	struct zv_outbox_row rows[3] = {0};
	struct zv_cmd c = intent_of(1, lead, 79160000000);

	push(&c);
	(void)want_event(ZV_EV_INTENT_FLUSHED);
	c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	push(&c);
	c = final_of(1, lead, 3);
	c.u.step.n_messages = 3;
	c.u.step.message_at_ms[1] = (int64_t)CAL + 3600000;
	c.u.step.message_at_ms[2] = ZV_NEVER_MS;
	c.u.step.message_channels[0] = ZV_CHANNEL_SMS;
	c.u.step.message_channels[1] = ZV_CHANNEL_EMAIL;
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	cr_assert_eq(zv_store_outbox_each(store, campaign, keep_message, rows), ZV_OK);
	cr_expect_eq(rows[0].not_before_ms, 0);
	cr_expect_eq(rows[0].channel, ZV_CHANNEL_SMS);
	cr_expect_eq(rows[0].refused, 0);
	cr_expect_eq(rows[1].not_before_ms, (int64_t)CAL + 3600000);
	cr_expect_eq(rows[1].channel, ZV_CHANNEL_EMAIL);
	cr_expect_eq(rows[2].refused, 1);
	cr_expect_eq(rows[2].sent, 0);
	for (int i = 0; i < 5000 && atomic_load(&outbox_messages) == 0; i++)
		usleep(1000); /* told after the events of its commit */
	cr_expect_eq(atomic_load(&outbox_messages), 2);
}
