/* The published schedules (two cases of calling for lenders) against strategy_cadence, with a
 * virtual clock.  Every expected moment below is worked out by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

#define MOSCOW "Europe/Moscow"

enum { REACHED_NOT = 1, INTERESTED, MAILING, NOT_INTERESTED }; /* categories of the clean-up */
enum { R_INTERESTED = 1, R_NOT_INTERESTED, R_KEEP_INFORMED };
enum { NO_REACH = 1, SCREENED_OUT, APPLIED };                   /* of the fresh leads */
enum { R_YES = 1, R_NO, R_LATER };

static const struct rig_names cleanup = {
	.categories = (const char *const[]){"недоступен", "интересно", "рассылка", "неинтересно", NULL},
	.results = (const char *const[]){"interested", "not_interested", "keep_informed", NULL},
	.messages = (const char *const[]){"other", "pick_up", NULL},
};

static const struct rig_names leads = {
	.categories = (const char *const[]){"недозвон", "отсев", "заявка", NULL},
	.results = (const char *const[]){"yes", "no", "later", NULL},
	.messages = (const char *const[]){NULL},
};

static struct rig rig;
static struct rig_lead lead;

static void start(const char *file, const struct rig_names *names, const char *zone)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", CADENCE_DIR, file);
	rig_ready(&rig, path, names);
	rig_lead(&rig, &lead, zone, 42);
}

static void done(void)
{
	rig_close(&rig);
}

/* A call at a local time. */
static void call(const char *local, enum zv_outcome outcome, uint8_t result)
{
	rig_call(&lead, rig_ms(lead.zone, local), outcome, result);
}

/* A call at the moment that the last answer named. */
static void call_when_due(enum zv_outcome outcome, uint8_t result)
{
	rig_call(&lead, lead.step.u.step.due_ms, outcome, result);
}

/* The next call is due on that local day, between two local times. */
static void expect_between(const char *day, const char *from, const char *to)
{
	char text[64];
	int64_t due_ms = lead.step.u.step.due_ms;
	struct rig_clock c;

	cr_assert_eq(lead.step.u.step.kind, ZV_STEP_RETRY, "a category instead of a call");
	cr_assert_eq(lead.step.u.step.fallback, 0);
	rig_clock(lead.zone, due_ms, &c);
	(void)snprintf(text, sizeof(text), "%s %s", day, from);
	cr_assert_geq(due_ms, rig_ms(lead.zone, text), "due %d-%d-%d +%d s, want from %s", c.year,
		      c.month, c.day, c.second, text);
	(void)snprintf(text, sizeof(text), "%s %s", day, to);
	cr_assert_leq(due_ms, rig_ms(lead.zone, text), "due %d-%d-%d +%d s, want up to %s", c.year,
		      c.month, c.day, c.second, text);
}

static void expect_final(uint8_t category)
{
	cr_assert_eq(lead.step.u.step.kind, ZV_STEP_FINAL, "still called, at %lld",
		     (long long)lead.step.u.step.due_ms);
	cr_assert_eq(lead.step.u.step.fallback, 0);
	cr_assert_eq(lead.step.u.step.category, category, "category %u", lead.step.u.step.category);
}

/* ---- the schedules ---- */

Test(cadence, t1_no_answer_is_tried_three_times_on_day_one_and_twice_on_day_two_then_no_reach)
{
	start("leads.yaml", &leads, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-23", "12:00", "13:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-23", "17:00", "18:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-24", "09:00", "10:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-24", "12:00", "13:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_final(NO_REACH);
	cr_assert_eq(lead.step.u.step.remove, 0);
	cr_assert_eq(lead.step.u.step.due_ms, 0);
	done();
}

Test(cadence, t2_later_is_called_back_in_exactly_two_hours)
{
	int64_t at_ms = rig_ms(MOSCOW, "2026-11-23 10:17") + 123;

	start("leads.yaml", &leads, MOSCOW);
	rig_call(&lead, at_ms, ZV_OUT_ANSWERED, R_LATER);
	cr_assert_eq(lead.step.u.step.kind, ZV_STEP_RETRY);
	cr_assert_eq(lead.step.u.step.due_ms, at_ms + 2 * 3600 * 1000);
	cr_assert_eq(lead.step.u.step.due_class, ZV_DUE_CALLBACK);
	call_when_due(ZV_OUT_ANSWERED, R_YES);
	expect_final(APPLIED);
	done();
}

Test(cadence, t2_a_call_back_after_the_hours_comes_at_the_next_permitted_time)
{
	start("leads.yaml", &leads, MOSCOW);
	call("2026-11-23 20:10", ZV_OUT_ANSWERED, R_LATER);
	expect_between("2026-11-24", "09:00", "09:00");
	done();
}

Test(cadence, t4_no_is_screened_out_at_once)
{
	start("leads.yaml", &leads, MOSCOW);
	call("2026-11-23 12:00", ZV_OUT_ANSWERED, R_NO);
	expect_final(SCREENED_OUT);
	cr_assert_eq(lead.step.u.step.due_ms, 0);
	done();
}

Test(cadence, t6_three_unreachable_in_a_row_within_a_day_are_removed)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_UNREACHABLE, 0);
	expect_between("2026-11-23", "12:00", "13:00");
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	expect_between("2026-11-23", "17:00", "18:00");
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	expect_final(REACHED_NOT);
	cr_assert_eq(lead.step.u.step.remove, 1);
	cr_assert_eq(lead.step.u.step.n_messages, 0);
	done();
}

Test(cadence, t6_does_not_hold_when_the_third_unreachable_is_on_the_next_day)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 17:20", ZV_OUT_UNREACHABLE, 0); /* 18:50 to 19:15 leaves room for a third */
	expect_between("2026-11-23", "18:50", "19:15");
	call("2026-11-23 19:14", ZV_OUT_UNREACHABLE, 0);
	expect_between("2026-11-23", "20:44", "20:45");
	call("2026-11-24 09:00", ZV_OUT_UNREACHABLE, 0); /* the engine was late: a day has passed */
	expect_between("2026-11-24", "12:00", "13:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_final(REACHED_NOT); /* the second day is over: 3 of 4 were unreachable */
	done();
}

Test(cadence, t7_three_no_answers_send_one_message_and_two_more_next_day_end_as_not_interested)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.n_messages, 0);
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.n_messages, 0);
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.n_messages, 1);
	cr_assert_eq(lead.step.u.step.messages[0], 1);
	expect_between("2026-11-24", "09:00", "10:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.n_messages, 0);
	expect_between("2026-11-24", "12:00", "13:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.n_messages, 0);
	expect_final(NOT_INTERESTED);
	cr_assert_eq(lead.step.u.step.remove, 0);
	done();
}

Test(cadence, t7_machine_silence_and_an_answer_without_a_key_are_no_answers)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_MACHINE, 0);
	call_when_due(ZV_OUT_SILENT, 0);
	call_when_due(ZV_OUT_ANSWERED, 0);
	cr_assert_eq(lead.step.u.step.n_messages, 1);
	call_when_due(ZV_OUT_MACHINE, 0);
	call_when_due(ZV_OUT_SILENT, 0);
	expect_final(NOT_INTERESTED);
	done();
}

Test(cadence, t8_not_interested_is_called_again_365_days_later_and_the_category_stands)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 12:34", ZV_OUT_ANSWERED, R_NOT_INTERESTED);
	expect_final(NOT_INTERESTED);
	cr_assert_eq(lead.step.u.step.due_ms, rig_ms(MOSCOW, "2027-11-23 12:34"));
	cr_assert_eq(lead.step.u.step.due_ms - rig_ms(MOSCOW, "2026-11-23 12:34"), 365LL * 86400 * 1000);
	/* The new round begins from nothing: the old attempts no longer count. */
	lead.offer.round = 1;
	lead.offer.category = NOT_INTERESTED;
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2027-11-23", "17:00", "18:00");
	done();
}

Test(cadence, t8_the_clock_of_the_wall_counts_over_a_year_with_a_change_of_offset)
{
	/* 365 days later it is a Sunday and already winter time: 10:30 on the wall, +1 h in UTC. */
	start("cleanup.yaml", &cleanup, "Europe/Kyiv");
	call("2026-10-31 10:30", ZV_OUT_ANSWERED, R_NOT_INTERESTED);
	cr_assert_eq(lead.step.u.step.due_ms, rig_ms("Europe/Kyiv", "2027-10-31 10:30"));
	done();
}

Test(cadence, keys_give_their_categories_at_once)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_ANSWERED, R_INTERESTED);
	expect_final(INTERESTED);
	lead.offer.n_history = 0;
	call("2026-11-23 09:10", ZV_OUT_ANSWERED, R_KEEP_INFORMED);
	expect_final(MAILING);
	cr_assert_eq(lead.step.u.step.due_ms, 0);
	done();
}

/* ---- mixed days ---- */

Test(cadence, another_class_breaks_a_row_and_the_majority_decides_at_the_end)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_UNREACHABLE, 0);
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	expect_between("2026-11-24", "09:00", "10:00");
	cr_assert_eq(lead.step.u.step.n_messages, 0);
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_final(REACHED_NOT); /* 3 of 5 */
	done();
}

Test(cadence, an_even_half_of_unreachable_is_no_majority)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 18:00", ZV_OUT_UNREACHABLE, 0); /* too late for a third call today */
	expect_between("2026-11-23", "19:30", "20:30");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_final(NOT_INTERESTED); /* 2 of 4 */
	done();
}

Test(cadence, a_first_call_late_in_the_evening_goes_on_the_next_day)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 19:40", ZV_OUT_NO_ANSWER, 0); /* 21:10 is past the hours */
	expect_between("2026-11-24", "09:00", "10:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-24", "12:00", "13:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_final(NOT_INTERESTED); /* the second calling day is over */
	done();
}

Test(cadence, a_second_day_without_room_for_another_call_is_the_end)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 19:40", ZV_OUT_UNREACHABLE, 0);
	call("2026-11-24 19:50", ZV_OUT_UNREACHABLE, 0); /* the engine had no line before */
	expect_final(REACHED_NOT);
	done();
}

Test(cadence, a_closed_day_is_no_calling_day)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	rig.conf->campaigns[1].hours[5] = (struct zv_day_hours){0, 0}; /* Saturday */
	rig.conf->campaigns[1].hours[6] = (struct zv_day_hours){0, 0};
	call("2026-11-27 19:40", ZV_OUT_NO_ANSWER, 0); /* a Friday */
	expect_between("2026-11-30", "09:00", "10:00");
	done();
}

Test(cadence, hours_that_differ_from_the_parts_of_the_day_win)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	for (int i = 0; i < 7; i++)
		rig.conf->campaigns[1].hours[i] = (struct zv_day_hours){10 * 60 + 30, 16 * 60};
	call("2026-11-23 10:40", ZV_OUT_NO_ANSWER, 0);
	/* The second by 14:15, so that the third at 15:45 at the latest has its 90 minutes. */
	expect_between("2026-11-23", "12:10", "13:10");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-23", "13:40", "15:45");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-24", "10:30", "11:30");
	done();
}

/* ---- what the source does not name ---- */

Test(cadence, busy_is_tried_soon_and_its_third_of_a_day_counts_as_a_no_answer)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_BUSY, 0);
	expect_between("2026-11-23", "09:20", "09:20");
	call_when_due(ZV_OUT_REJECTED, 0);
	expect_between("2026-11-23", "09:30", "09:30");
	call_when_due(ZV_OUT_BUSY, 0); /* no answer 1 */
	expect_between("2026-11-23", "12:00", "13:00");
	call_when_due(ZV_OUT_BUSY, 0); /* no answer 2 */
	expect_between("2026-11-23", "17:00", "18:00");
	call_when_due(ZV_OUT_REJECTED, 0); /* no answer 3 */
	cr_assert_eq(lead.step.u.step.n_messages, 1);
	expect_between("2026-11-24", "09:00", "10:00");
	call_when_due(ZV_OUT_BUSY, 0);
	call_when_due(ZV_OUT_BUSY, 0);
	call_when_due(ZV_OUT_BUSY, 0); /* the eighth attempt */
	expect_final(NOT_INTERESTED);
	cr_assert_eq(lead.offer.n_history, 8);
	done();
}

Test(cadence, busy_breaks_a_row_of_unreachable)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_UNREACHABLE, 0);
	call_when_due(ZV_OUT_BUSY, 0);
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	expect_between("2026-11-24", "09:00", "10:00");
	done();
}

Test(cadence, a_busy_line_as_the_hours_end_waits_for_the_next_day)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 20:55", ZV_OUT_BUSY, 0);
	expect_between("2026-11-24", "09:00", "10:00");
	done();
}

Test(cadence, failures_of_the_network_consume_nothing_and_rest_longer_each_time)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_UNREACHABLE, 0);
	call("2026-11-23 12:00", ZV_OUT_FAILED, 0);
	expect_between("2026-11-23", "12:10", "12:10");
	call_when_due(ZV_OUT_FAILED, 0);
	expect_between("2026-11-23", "12:30", "12:30");
	call_when_due(ZV_OUT_NOT_SENT, 0);
	expect_between("2026-11-23", "13:10", "13:10");
	call_when_due(ZV_OUT_UNREACHABLE, 0); /* the row was not broken */
	expect_between("2026-11-23", "17:00", "18:00");
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	expect_final(REACHED_NOT);
	done();
}

Test(cadence, an_attempt_that_a_crash_left_open_is_repeated_a_day_later_and_consumes_nothing)
{
	start("leads.yaml", &leads, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
	call("2026-11-23 12:30", ZV_OUT_UNKNOWN, 0);
	expect_between("2026-11-24", "12:30", "12:30");
	call_when_due(ZV_OUT_NO_ANSWER, 0); /* the first calling day goes on: 2 of 3 */
	expect_between("2026-11-24", "17:00", "18:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0); /* 3 of 3 */
	expect_between("2026-11-25", "09:00", "10:00");
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	expect_final(NO_REACH);
	done();
}

Test(cadence, a_trunk_that_fails_for_weeks_ends_in_a_category_all_the_same)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_FAILED, 0);
	while (lead.step.u.step.kind == ZV_STEP_RETRY)
		call_when_due(ZV_OUT_FAILED, 0);
	expect_final(NOT_INTERESTED);
	cr_assert_eq(lead.offer.n_history, ZV_HISTORY_MAX);
	cr_assert_gt(lead.offer.history[ZV_HISTORY_MAX - 1].at_ms - lead.offer.history[0].at_ms,
		     30LL * 86400 * 1000, "it did not rest long enough");
	done();
}

/* ---- time ---- */

Test(cadence, a_day_is_the_contacts_own_from_kaliningrad_to_vladivostok)
{
	static const char *const zones[] = {
		"Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
		"Asia/Novosibirsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok",
	};

	start("cleanup.yaml", &cleanup, MOSCOW);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		rig_lead(&rig, &lead, zones[i], i + 1);
		call("2026-11-23 09:05", ZV_OUT_NO_ANSWER, 0);
		expect_between("2026-11-23", "12:00", "13:00");
		call_when_due(ZV_OUT_NO_ANSWER, 0);
		expect_between("2026-11-23", "17:00", "18:00");
		call_when_due(ZV_OUT_NO_ANSWER, 0);
		expect_between("2026-11-24", "09:00", "10:00");
	}
	done();
}

Test(cadence, spacing_is_measured_from_the_start_of_the_call)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 11:30", ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-23", "13:00", "14:00");
	call("2026-11-23 16:40", ZV_OUT_NO_ANSWER, 0);
	expect_between("2026-11-23", "18:10", "19:10");
	done();
}

Test(cadence, the_same_lead_gets_the_same_moment_and_others_get_theirs)
{
	int64_t first_ms, n_same = 0;

	start("cleanup.yaml", &cleanup, MOSCOW);
	call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
	first_ms = lead.step.u.step.due_ms;
	rig_lead(&rig, &lead, MOSCOW, 42);
	call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.due_ms, first_ms);
	for (uint64_t seed = 1000; seed < 1100; seed++) {
		rig_lead(&rig, &lead, MOSCOW, seed);
		call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
		n_same += lead.step.u.step.due_ms == first_ms;
	}
	cr_assert_leq(n_same, 1);
	done();
}

Test(cadence, a_question_asked_late_never_names_a_moment_in_the_past)
{
	start("cleanup.yaml", &cleanup, MOSCOW);
	lead.offer.history[lead.offer.n_history++] = (struct zv_attempt_brief){
		.at_ms = rig_ms(MOSCOW, "2026-11-23 09:10"), .outcome = ZV_OUT_NO_ANSWER};
	zv_plugins_ask(rig.plugins, &lead.offer, rig_ms(MOSCOW, "2026-11-23 14:00"), &lead.step);
	expect_between("2026-11-23", "14:00", "15:00");
	zv_plugins_ask(rig.plugins, &lead.offer, rig_ms(MOSCOW, "2026-11-26 22:00"), &lead.step);
	expect_between("2026-11-27", "09:00", "10:00");
	done();
}

/* ---- numbers and the other forms of call_again ---- */

#define END "  at_end:\n    - then: {final: недозвон}\n"
#define RESULTS "    - when: {result: [\"yes\", \"no\"]}\n      then: {final: отсев}\n"

static void bind(const char *yaml)
{
	rig_open(&rig);
	cr_assert_eq(rig_bind(&rig, yaml, &leads), ZV_OK, "%s %s", rig.text, rig.told);
	rig_lead(&rig, &lead, MOSCOW, 5);
	lead.offer.n_numbers = 3;
	lead.offer.numbers[0].order = 1;
	lead.offer.numbers[1].order = 0;
	lead.offer.numbers[2].order = 2;
	lead.offer.number = 1;
}

Test(cadence, numbers_rotate_in_their_order_past_invalid_ones)
{
	bind("strategy:\n  number: rotate\n  rules:\n" RESULTS
	     "    - when: {result: later}\n      then: {call_again: same_day}\n" END);
	call("2026-11-23 09:10", ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.number, 0);
	lead.offer.numbers[2].status = ZV_NUM_INVALID;
	call_when_due(ZV_OUT_NO_ANSWER, 0);
	cr_assert_eq(lead.step.u.step.number, 1);
	done();
}

Test(cadence, an_invalid_number_is_left_for_the_next_and_the_last_one_ends_the_lead)
{
	bind("strategy:\n  rules:\n" RESULTS "    - when: {result: later}\n      then: {call_again: next_day}\n"
	     "    - when: {class: unreachable}\n      then: {number: next, invalid_number: true}\n" END);
	call("2026-11-23 09:10", ZV_OUT_UNREACHABLE, 0);
	cr_assert_eq(lead.step.u.step.invalid_number, 1);
	cr_assert_eq(lead.step.u.step.number, 0);
	lead.offer.numbers[1].status = ZV_NUM_INVALID;
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	cr_assert_eq(lead.step.u.step.number, 2);
	lead.offer.numbers[0].status = ZV_NUM_INVALID;
	call_when_due(ZV_OUT_UNREACHABLE, 0);
	expect_final(NO_REACH);
	cr_assert_eq(lead.step.u.step.invalid_number, 1);
	done();
}

Test(cadence, call_again_knows_the_next_day_the_same_day_and_a_time)
{
	bind("strategy:\n  rules:\n" RESULTS "    - when: {result: later, attempts: 3}\n"
	     "      then: {call_again: {at: \"18:30\"}}\n"
	     "    - when: {result: later, attempts: 2}\n      then: {call_again: same_day}\n"
	     "    - when: {result: later}\n      then: {call_again: next_day}\n" END);
	call("2026-11-23 09:10", ZV_OUT_ANSWERED, R_LATER);
	expect_between("2026-11-24", "09:00", "10:00");
	call_when_due(ZV_OUT_ANSWERED, R_LATER);
	expect_between("2026-11-24", "12:00", "13:00");
	call_when_due(ZV_OUT_ANSWERED, R_LATER);
	expect_between("2026-11-24", "18:30", "18:30");
	done();
}
