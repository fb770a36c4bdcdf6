#include "store_engine.h"

static struct zv_store *store;
static uint32_t campaign;
static uint64_t lead;

static void begin(void)
{
	make_dir();
	store = open_store(0);
	campaign = put_campaign(store, "t");
	lead = put_leads(store, campaign, 3);
	start_thread(store);
}

static void end(void)
{
	stop_thread();
	cr_expect_eq(store_thread_err, ZV_OK);
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

struct log_copy {
	struct zv_log_row v[32];
	uint32_t n;
};

static bool copy_log(void *arg, const struct zv_log_row *row)
{
	struct log_copy *c = arg;

	if (c->n < 32)
		c->v[c->n++] = *row;
	return true;
}

static struct log_copy read_log(void)
{
	struct log_copy c = {0};

	cr_assert_eq(zv_store_log_each(store, campaign, 0, copy_log, &c), ZV_OK);
	return c;
}

static void do_intent(uint64_t n, uint64_t id)
{
	struct zv_cmd c = intent_of(n, id, 79160000000);
	struct zv_event ev;

	push(&c);
	ev = want_event(ZV_EV_INTENT_FLUSHED);
	cr_assert_eq(ev.u.flushed.err, ZV_OK);
	cr_assert_eq(ev.attempt.lo, n);
	cr_assert_eq(ev.leg.slot, 7);
}

static void keep_open(void *arg, const struct zv_open_attempt *open)
{
	*(struct zv_open_attempt *)arg = *open;
}

TestSuite(thread, .init = begin, .fini = end, .timeout = 60);

Test(thread, an_intent_is_on_disk_when_it_is_told_and_takes_the_lead_off_the_due_index)
{
	struct zv_open_attempt open = {0};
	struct zv_store_facts facts;

	do_intent(1, lead);
	cr_assert_eq(zv_store_open_each(store, keep_open, &open), ZV_OK);
	cr_expect_eq(open.lead, lead);
	cr_expect_eq(open.called, 79160000000);
	cr_expect_eq(open.caller, 74950000000);
	cr_expect_eq(open.intent_ms, (int64_t)CAL + 1000);
	cr_expect_str_eq(open.trunk_name, "alpha");
	cr_expect_eq(open.leg.slot, 7);
	cr_expect_eq(lead_row(store, lead).state, ZV_LEAD_OPEN);
	cr_assert_eq(zv_store_facts(store, &facts), ZV_OK);
	cr_expect_eq(facts.due, 2);
	cr_expect_eq(facts.open, 1);
	cr_expect_eq(facts.calendar_ms, (int64_t)CAL + 1000);
}

Test(thread, a_second_intent_for_a_lead_that_is_being_called_is_refused)
{
	struct zv_cmd c = intent_of(2, lead, 79160000000);

	do_intent(1, lead);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_EDENIED);
	c = intent_of(3, lead + 1000, 79160000000);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).u.flushed.err, ZV_ENOENT);
	cr_expect_eq(read_log().n, 1);
}

Test(thread, outcome_and_step_write_history_log_and_next_due_time)
{
	struct zv_cmd c = outcome_of(1, lead, ZV_OUT_BUSY);
	struct zv_lead_row row;
	struct log_copy log;

	do_intent(1, lead);
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 7200000);
	push(&c);
	cr_expect_eq(want_event(ZV_EV_STEP_FLUSHED).leg.slot, 11);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_DUE);
	cr_expect_eq(row.due_ms, (int64_t)CAL + 7200000);
	cr_expect_eq(row.n_history, 1);
	cr_expect_eq(row.history[0].outcome, ZV_OUT_BUSY);
	cr_expect_eq(row.history[0].at_ms, (int64_t)CAL + 1001);
	cr_expect_eq(row.attempts, 1);
	cr_expect_eq(row.needs_step, 0);
	log = read_log();
	cr_assert_eq(log.n, 3);
	cr_expect_eq(log.v[0].kind, ZV_LOG_INTENT);
	cr_expect_eq(log.v[1].kind, ZV_LOG_OUTCOME);
	cr_expect_eq(log.v[1].sip_code, 486);
	cr_expect_eq(log.v[2].kind, ZV_LOG_STEP);
	cr_expect_eq(log.v[2].attempt.lo, 1);
	cr_expect(log.v[0].seq < log.v[1].seq && log.v[1].seq < log.v[2].seq);
}

Test(thread, an_outcome_without_a_step_waits_for_it)
{
	struct zv_cmd c = outcome_of(1, lead, ZV_OUT_NO_ANSWER);
	struct zv_lead_row row;

	do_intent(1, lead);
	push(&c);
	do_intent(2, lead + 1);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_ASKING);
	cr_expect_eq(row.needs_step, 1);
	cr_expect_eq(row.due_ms, 0);
}

static bool keep_ledger(void *arg, const struct zv_ledger_row *row)
{
	((struct zv_ledger_row *)arg)[0] = *row;
	return true;
}

static bool count_outbox(void *arg, const struct zv_outbox_row *row)
{
	*(uint32_t *)arg += 1;
	cr_expect_eq(row->to, 79160000000);
	cr_expect_eq(row->lead, lead);
	cr_expect_eq(strlen(row->key), 34);
	return true;
}

Test(thread, a_conversation_ends_in_category_ledger_outbox_and_an_invalid_number)
{
	struct zv_cmd c = outcome_of(1, lead, ZV_OUT_ANSWERED);
	const uint16_t c_facts = c.u.outcome.facts;
	struct zv_ledger_row ledger = {0};
	struct zv_campaign_info info;
	struct zv_lead_row row;
	uint32_t messages = 0;

	do_intent(1, lead);
	push(&c);
	c = final_of(1, lead, 3);
	c.u.step.n_messages = 1;
	c.u.step.invalid_number = 1;
	push(&c);
	/* the same step again, as after a crash: the message stays one */
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_FINAL);
	cr_expect_eq(row.category, 3);
	cr_expect_eq(row.history[0].talk_s, 15);
	cr_expect_eq(row.numbers[0].brief.status, ZV_NUM_INVALID);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_ledger, &ledger), ZV_OK);
	cr_expect_eq(ledger.contact.facts, c_facts);
	cr_expect_eq(ledger.contact.end_s, 19);
	cr_expect_eq(ledger.contact.at_ms, (int64_t)CAL + 1000);
	cr_expect_eq(ledger.contact.e164, 79160000000);
	cr_assert_eq(zv_store_outbox_each(store, campaign, count_outbox, &messages), ZV_OK);
	cr_expect_eq(messages, 1);
	for (int i = 0; i < 5000 && atomic_load(&outbox_messages) == 0; i++)
		usleep(1000); /* told after the events of its commit */
	cr_expect_eq(atomic_load(&outbox_messages), 1);
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.finals, 1);
	cr_expect_eq(info.by_category[3], 1);
	cr_expect_eq(info.by_category[0], 2);
	cr_expect_eq(atomic_load(&completed_campaign), 0);
}

Test(thread, the_campaign_is_complete_with_its_last_category_and_a_call_in_a_year_stays_due)
{
	struct zv_campaign_info info;
	struct zv_cmd c;

	for (uint64_t i = 0; i < 3; i++) {
		do_intent(i + 1, lead + i);
		c = outcome_of(i + 1, lead + i, ZV_OUT_NO_ANSWER);
		push(&c);
		c = final_of(i + 1, lead + i, 2);
		c.u.step.due_ms = (int64_t)CAL + INT64_C(31536000000);
		c.u.step.due_class = ZV_DUE_LATER;
		push(&c);
		(void)want_event(ZV_EV_STEP_FLUSHED);
	}
	for (int i = 0; i < 5000 && atomic_load(&completed_campaign) == 0; i++)
		usleep(1000); /* told after the events of its commit */
	cr_expect_eq(atomic_load(&completed_campaign), campaign);
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.state, ZV_CAMP_COMPLETE);
	cr_expect_eq(info.finals, 3);
	cr_expect_eq(lead_row(store, lead).round, 1);
	cr_expect_eq(lead_row(store, lead).state, ZV_LEAD_FINAL);
	/* a year later: called again, another category */
	do_intent(9, lead);
	c = outcome_of(9, lead, ZV_OUT_ANSWERED);
	push(&c);
	c = final_of(9, lead, 1);
	c.u.step.remove = 1;
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.finals, 3);
	cr_expect_eq(info.by_category[1], 1);
	cr_expect_eq(info.by_category[2], 2);
	cr_expect_eq(lead_row(store, lead).state, ZV_LEAD_REMOVED);
	cr_expect_eq(lead_row(store, lead).attrs_len, 0);
}

Test(thread, not_sent_puts_the_lead_back_where_it_was)
{
	struct zv_cmd c = outcome_of(1, lead, ZV_OUT_NOT_SENT);
	struct zv_lead_row row;

	do_intent(1, lead);
	push(&c);
	c = retry_of(1, lead, (int64_t)CAL + 60000);
	c.type = ZV_CMD_DEFER;
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_DUE);
	cr_expect_eq(row.due_ms, (int64_t)CAL + 60000);
	cr_expect_eq(row.n_history, 0);
	cr_expect_eq(row.attempts, 0);
	do_intent(2, lead);
}

Test(thread, history_keeps_the_newest_62_attempts)
{
	struct zv_lead_row row;

	for (uint64_t i = 1; i <= 70; i++) {
		struct zv_cmd c;

		do_intent(i, lead);
		c = outcome_of(i, lead, ZV_OUT_BUSY);
		push(&c);
		c = retry_of(i, lead, (int64_t)(CAL + i * 1000 + 700));
		push(&c);
		(void)want_event(ZV_EV_STEP_FLUSHED);
	}
	row = lead_row(store, lead);
	cr_expect_eq(row.n_history, ZV_HISTORY_MAX);
	cr_expect_eq(row.attempts, 70);
	cr_expect_eq(row.history[0].at_ms, (int64_t)CAL + 9001);
	cr_expect_eq(row.history[61].at_ms, (int64_t)CAL + 70001);
}

Test(thread, a_sub_attempt_rewrites_the_open_intent_and_is_told_when_flushed)
{
	struct zv_cmd c = {.type = ZV_CMD_LADDER,
			   .trunk = 1,
			   .campaign = campaign,
			   .leg = {7, 4},
			   .attempt = attempt_no(1)};
	struct zv_open_attempt open = {0};
	struct zv_ledger_row ledger = {0};

	do_intent(1, lead);
	c.u.ladder.what = ZV_LADDER_SUB;
	c.u.ladder.sub = 1;
	c.u.ladder.caller = 74951111111;
	push(&c);
	cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).leg.gen, 4);
	cr_assert_eq(zv_store_open_each(store, keep_open, &open), ZV_OK);
	cr_expect_eq(open.sub, 1);
	cr_expect_eq(open.caller, 74951111111);
	cr_expect_str_eq(open.trunk_name, "beta");
	/* The ledger counts the number that was shown last. */
	c = outcome_of(1, lead, ZV_OUT_BUSY);
	push(&c);
	c = final_of(1, lead, 3);
	push(&c);
	(void)want_event(ZV_EV_STEP_FLUSHED);
	cr_assert_eq(zv_store_ledger_each(store, open.person, 0, keep_ledger, &ledger), ZV_OK);
	cr_expect_eq(ledger.contact.caller, zv_rule_caller(74951111111));
}

Test(thread, the_facts_of_a_dialog_are_acknowledged_after_the_flush)
{
	struct zv_dialog d = {.attempt = attempt_no(1), .leg = {7, 3}, .complete = 1, .cseq = 2};
	struct zv_open_attempt open = {0};
	struct zv_dialog_ack ack;

	do_intent(1, lead);
	strcpy(d.remote_tag, "as5f7");
	strcpy(d.contact, "sip:carrier@127.0.0.1:5070;transport=udp");
	strcpy(d.route, "<sip:127.0.0.1:5070;lr>");
	cr_assert_eq(zv_ring_push(dialogs[0], &d), ZV_OK);
	cr_assert(next_message(acks[0], &ack, 20000));
	cr_expect_eq(ack.attempt.lo, 1);
	cr_assert_eq(zv_store_open_each(store, keep_open, &open), ZV_OK);
	cr_expect_eq(open.has_dialog, 1);
	cr_expect_str_eq(open.dialog.contact, d.contact);
	cr_expect_str_eq(open.dialog.route, d.route);
	cr_expect_eq(open.dialog.cseq, 2);
}

Test(thread, many_intents_share_a_flush)
{
	struct zv_store_stats before, after;
	uint64_t many = put_leads(store, campaign, 2000) + 3;

	zv_store_get_stats(store, &before);
	for (uint64_t i = 0; i < 2000; i++) {
		struct zv_cmd c = intent_of(100 + i, many + i, 79160000000);

		push(&c);
	}
	for (uint64_t i = 0; i < 2000; i++)
		cr_expect_eq(want_event(ZV_EV_INTENT_FLUSHED).attempt.lo, 100 + i);
	zv_store_get_stats(store, &after);
	cr_expect_lt(after.commits - before.commits, 200);
	cr_expect_eq(after.messages - before.messages, 2000);
}

Test(thread, an_event_ring_that_is_full_loses_nothing)
{
	uint64_t many = put_leads(store, campaign, 7000) + 3;
	struct zv_event ev = {.type = ZV_EV_TICK};
	struct zv_store_stats stats;
	uint32_t fill = zv_ring_room(events) - 10;

	/* The test is the engine that does not read; the filling stands for other events. */
	for (uint32_t i = 0; i < fill; i++)
		cr_assert_eq(zv_ring_push(events, &ev), ZV_OK);
	for (uint64_t i = 0; i < 7000; i++) {
		struct zv_cmd c = intent_of(100 + i, many + i, 79160000000);

		push(&c);
	}
	do {
		usleep(1000);
		zv_store_get_stats(store, &stats);
	} while (stats.event_waits < 5);
	for (uint32_t i = 0; i < fill; i++)
		(void)want_event(ZV_EV_TICK);
	for (uint64_t i = 0; i < 7000; i++)
		cr_assert_eq(want_event(ZV_EV_INTENT_FLUSHED).attempt.lo, 100 + i);
}

/* ---- boot ---- */

static int64_t rest(void *arg, uint32_t id)
{
	(void)arg;
	(void)id;
	return 3600000;
}

Test(thread, open_intents_become_unknown_and_can_be_amended)
{
	struct zv_open_attempt open = {0};
	struct zv_store_boot one, two;
	struct zv_ledger_row ledger = {0};
	struct zv_lead_row row;
	struct log_copy log;
	struct zv_cmd c;
	uint32_t n = 0;

	cr_assert_eq(zv_store_begin(store, true, &one), ZV_OK);
	do_intent(1, lead);
	stop_thread();
	zv_store_close(store);
	store = open_store(0);
	cr_assert_eq(zv_store_begin(store, true, &two), ZV_OK);
	cr_expect_eq(two.epoch, one.epoch + 1);
	cr_expect(two.secret.k0 == one.secret.k0 && two.secret.k1 == one.secret.k1);
	cr_expect_eq(two.calendar_ms, (int64_t)CAL + 1000);
	cr_assert_eq(zv_store_recover(store, (int64_t)CAL + 50000, rest, keep_open, &open, &n),
		     ZV_OK);
	cr_expect_eq(n, 1);
	cr_expect_eq(open.lead, lead);
	row = lead_row(store, lead);
	cr_expect_eq(row.state, ZV_LEAD_DUE);
	cr_expect_eq(row.due_ms, (int64_t)CAL + 50000 + 3600000);
	cr_expect_eq(row.needs_step, 0);
	cr_expect_eq(row.history[0].outcome, ZV_OUT_UNKNOWN);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_ledger, &ledger), ZV_OK);
	cr_expect_eq(ledger.contact.facts,
		     ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) |
			     ZV_FACT_BIT(ZV_FACT_RING) | ZV_FACT_BIT(ZV_FACT_CONNECT) |
			     ZV_FACT_BIT(ZV_FACT_CONVERSATION) | ZV_FACT_BIT(ZV_FACT_DIAL_SECONDS));
	cr_assert_eq(zv_store_recover(store, (int64_t)CAL + 50000, rest, keep_open, &open, &n),
		     ZV_OK);
	cr_expect_eq(n, 0);
	/* the late 200 settles it */
	start_thread(store);
	c = outcome_of(1, lead, ZV_OUT_ABANDONED);
	c.u.outcome.amend = 1;
	c.u.outcome.facts |= ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) | ZV_FACT_BIT(ZV_FACT_ABANDON);
	push(&c);
	do_intent(5, lead + 1);
	row = lead_row(store, lead);
	cr_expect_eq(row.n_history, 1);
	cr_expect_eq(row.history[0].outcome, ZV_OUT_ABANDONED);
	cr_assert_eq(zv_store_ledger_each(store, row.person, 0, keep_ledger, &ledger), ZV_OK);
	cr_expect_eq(ledger.contact.facts, c.u.outcome.facts);
	cr_expect_eq(ledger.outcome, ZV_OUT_ABANDONED);
	log = read_log();
	cr_expect_eq(log.v[log.n - 2].amend, 1);
}

Test(thread, a_store_that_ran_fast_forward_refuses_a_real_trunk_for_good)
{
	struct zv_store_boot boot;

	cr_assert_eq(zv_store_begin(store, false, &boot), ZV_OK);
	cr_assert_eq(zv_store_begin(store, true, &boot), ZV_OK);
	cr_expect_eq(zv_store_begin(store, false, &boot), ZV_EDENIED);
}

Test(thread, names_of_a_campaign_are_only_added_to)
{
	static const char *const more[] = {"недоступен", "неинтересно", "интересно", "рассылка",
					   "умер"};
	static const char *const other[] = {"другое", "неинтересно", "интересно", "рассылка"};
	static const char *const messages[] = {"sms"};
	struct zv_campaign_names names = {.name = "t",
					  .n_categories = 5,
					  .n_messages = 1,
					  .categories = more,
					  .messages = messages};
	struct zv_campaign_info info;
	uint32_t id;

	cr_assert_eq(zv_store_campaign_put(store, &names, &id), ZV_OK);
	cr_expect_eq(id, campaign);
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_str_eq(info.categories[5], "умер");
	names.categories = other;
	names.n_categories = 4;
	cr_expect_eq(zv_store_campaign_put(store, &names, &id), ZV_EINVAL);
	cr_expect_eq(zv_store_campaign_get(store, "no such", &info), ZV_ENOENT);
}
