/* Notes, cards, requests, recordings, and what agents did. */
#include "store_engine.h"

#include <sys/stat.h>

#include "store/card.h"
#include "store/erase.h"
#include "store/recording.h"
#include "store/request.h"

static struct zv_store *store;
static uint32_t camp;
static uint64_t lead;

static void begin(void)
{
	make_dir();
	store = open_store(0);
	camp = put_campaign(store, "t");
	lead = put_leads(store, camp, 3);
}

static void end(void)
{
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

TestSuite(work, .init = begin, .fini = end, .timeout = 60);

static void call(uint64_t n, uint64_t of, uint32_t agent)
{
	struct zv_cmd c = intent_of(n, of, lead_row(store, of).numbers[0].brief.e164);

	push(&c);
	want_event(ZV_EV_INTENT_FLUSHED);
	c = outcome_of(n, of, ZV_OUT_ANSWERED);
	c.u.outcome.agent = agent;
	c.u.outcome.talk_kind = ZV_TALK_KIND_PREVIEW;
	push(&c);
	c = retry_of(n, of, (int64_t)CAL + 3600000);
	push(&c);
	want_event(ZV_EV_STEP_FLUSHED);
}

/* ---- card and notes ---- */

static uint32_t n_contacts, cards;
static struct zv_card_contact newest;
static char comment[100], fields[100];

static void keep_card(void *arg, const struct zv_card *card)
{
	(void)arg;
	cards++;
	n_contacts = card->n_contacts;
	cr_expect_eq(card->lead->lead, lead);
	cr_expect_eq(card->person->n_numbers, 1);
	cr_expect_eq(card->n_leads, 1);
	if (n_contacts == 0)
		return;
	newest = card->contacts[0];
	snprintf(comment, sizeof(comment), "%s", newest.noted ? newest.note.comment : "");
	snprintf(fields, sizeof(fields), "%s", newest.noted ? newest.note.fields : "");
	for (uint32_t i = 1; i < n_contacts; i++)
		cr_expect_leq(card->contacts[i].row.contact.at_ms,
			      card->contacts[i - 1].row.contact.at_ms);
}

Test(work, a_card_has_the_last_fifty_contacts_newest_first_with_what_was_written)
{
	struct zv_note note = {.attempt = attempt_no(60), .lead = lead, .at_ms = (int64_t)CAL,
			       .agent = "anna", .comment = "просит график <b>", .topic = "кредит",
			       .fields = "{\"next\":\"2026-12-01\"}"};
	uint64_t e164 = lead_row(store, lead).numbers[0].brief.e164;

	start_thread(store);
	for (uint64_t n = 1; n <= 60; n++)
		call(n, lead, 7);
	stop_thread();
	cr_assert_eq(zv_store_note_put(store, &note), ZV_OK);
	cr_assert_eq(zv_store_card(store, lead, keep_card, NULL), ZV_OK);
	cr_expect_eq(n_contacts, 50);
	cr_expect_eq(newest.row.contact.attempt.lo, 60);
	cr_expect_eq(newest.row.outcome, ZV_OUT_ANSWERED);
	cr_expect_eq(newest.row.result, 1);
	cr_expect_eq(newest.row.agent, 7);
	cr_expect_eq(newest.row.talk_kind, ZV_TALK_KIND_PREVIEW);
	cr_expect_str_eq(comment, "просит график <b>");
	cr_expect_str_eq(fields, "{\"next\":\"2026-12-01\"}");
	cr_assert_eq(zv_store_card_by_number(store, e164, 0, keep_card, NULL), ZV_OK);
	cr_expect_eq(cards, 2);
	cr_expect_eq(zv_store_card_by_number(store, 79990000000, 0, keep_card, NULL), ZV_ENOENT);
	cr_expect_eq(zv_store_card(store, lead + 99, keep_card, NULL), ZV_ENOENT);
}

Test(work, a_note_that_is_too_long_is_refused_and_a_second_one_replaces_the_first)
{
	static char text[ZV_NOTE_COMMENT_MAX + 2];
	struct zv_note note = {.attempt = attempt_no(1), .lead = lead, .comment = text};

	memset(text, 'x', ZV_NOTE_COMMENT_MAX + 1);
	cr_expect_eq(zv_store_note_put(store, &note), ZV_EINVAL);
	text[ZV_NOTE_COMMENT_MAX] = 0;
	cr_expect_eq(zv_store_note_put(store, &note), ZV_OK);
	note.comment = "b";
	cr_expect_eq(zv_store_note_put(store, &note), ZV_OK);
	note.attempt = (struct zv_attempt_id){0, 0};
	cr_expect_eq(zv_store_note_put(store, &note), ZV_EINVAL);
}

static uint64_t talks[3];

static bool keep_total(void *arg, const struct zv_agent_total *t)
{
	(void)arg;
	cr_assert_lt(t->agent, 3);
	talks[t->agent] = t->talks;
	cr_expect_eq(t->talk_ms, t->talks * 15000);
	cr_expect_eq(t->results[1], t->talks);
	return true;
}

Test(work, what_each_agent_did_is_counted_from_the_log)
{
	start_thread(store);
	for (uint64_t n = 1; n <= 30; n++)
		call(n, lead + n % 3, n <= 10 ? 1 : 2);
	stop_thread();
	/* talk n ends at CAL + n s + 500 ms */
	cr_assert_eq(zv_store_agent_totals(store, 0, (int64_t)CAL + 5000, (int64_t)CAL + 20000,
					   keep_total, NULL), ZV_OK);
	cr_expect_eq(talks[1], 6);
	cr_expect_eq(talks[2], 9);
}

/* ---- requests ---- */

static uint64_t ask(uint8_t priority, int64_t deadline_ms, const char *skill)
{
	struct zv_request q = {.kind = ZV_REQUEST_VERIFICATION, .priority = priority, .lead = lead,
			       .deadline_ms = deadline_ms, .skill = skill, .form = "verify",
			       .title = "Проверить паспорт", .fields = "{}"};
	uint64_t id = 0;

	cr_assert_eq(zv_store_request_create(store, &q, "crm", (int64_t)CAL, &id), ZV_OK);
	return id;
}

static bool may_vip;
static uint64_t got;
static char steps[200];

static bool may(void *arg, const char *skill)
{
	(void)arg;
	return strcmp(skill, "vip") != 0 || may_vip;
}

static bool keep_request(void *arg, const struct zv_request *q)
{
	static const char *const words[] = {"?", "created", "taken", "returned", "finished", "overdue"};

	(void)arg;
	got = q->id;
	steps[0] = 0;
	for (uint32_t i = 0; i < q->n_history; i++)
		snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%s:%s ",
			 words[q->history[i].what], q->history[i].who);
	return true;
}

static uint64_t next_for(const char *agent)
{
	got = 0;
	return zv_store_request_next(store, agent, may, keep_request, NULL) == ZV_OK ? got : 0;
}

Test(work, requests_are_given_by_priority_then_deadline_to_who_has_the_skill)
{
	uint64_t late = ask(1, (int64_t)CAL + 9000, ""), soon = ask(1, (int64_t)CAL + 1000, "");
	uint64_t vip = ask(0, (int64_t)CAL + 99000, "vip"), never = ask(1, 0, "");

	cr_expect_eq(next_for("anna"), soon);
	may_vip = true;
	cr_expect_eq(next_for("anna"), vip);
	cr_expect_eq(zv_store_request_take(store, vip, "anna", (int64_t)CAL + 1), ZV_OK);
	cr_expect_eq(zv_store_request_take(store, vip, "anna", (int64_t)CAL + 2), ZV_OK);
	cr_expect_eq(zv_store_request_take(store, vip, "boris", (int64_t)CAL + 2), ZV_EDENIED);
	cr_expect_eq(next_for("anna"), vip, "what one has comes first");
	cr_expect_eq(next_for("boris"), soon);
	cr_expect_eq(zv_store_request_done(store, vip, "boris", NULL, "", (int64_t)CAL), ZV_EDENIED);
	cr_expect_eq(zv_store_request_return(store, vip, "anna", "", (int64_t)CAL + 3), ZV_OK);
	cr_expect_eq(zv_store_request_done(store, vip, "anna", NULL, "", (int64_t)CAL), ZV_EDENIED);
	cr_expect_eq(zv_store_request_take(store, vip, "boris", (int64_t)CAL + 4), ZV_OK);
	cr_expect_eq(zv_store_request_done(store, vip, "boris", "{\"ok\":true}", "верно",
					   (int64_t)CAL + 5), ZV_OK);
	cr_assert_eq(zv_store_request_get(store, vip, keep_request, NULL), ZV_OK);
	cr_expect_str_eq(steps, "created:crm taken:anna returned:anna taken:boris finished:boris ");
	for (uint64_t id = 0, want[] = {soon, late, never}; id < 3; id++) {
		cr_expect_eq(next_for("x"), want[id]);
		cr_expect_eq(zv_store_request_take(store, want[id], "z", 1), ZV_OK);
		cr_expect_eq(zv_store_request_done(store, want[id], "", NULL, "", 2), ZV_OK);
	}
	cr_expect_eq(next_for("x"), 0);
}

Test(work, what_is_overdue_is_told_once)
{
	struct zv_request_counts counts;
	uint64_t a = ask(1, (int64_t)CAL + 1000, ""), b = ask(1, (int64_t)CAL + 2000, "");
	uint64_t c = ask(1, (int64_t)CAL + 1000, "");
	uint32_t n = 0;

	cr_expect_eq(zv_store_request_take(store, c, "anna", (int64_t)CAL), ZV_OK);
	cr_expect_eq(zv_store_request_done(store, c, "anna", NULL, "", (int64_t)CAL + 1), ZV_OK);
	cr_expect_eq(zv_store_request_take(store, b, "anna", (int64_t)CAL), ZV_OK);
	cr_assert_eq(zv_store_requests_escalate(store, (int64_t)CAL + 1000, keep_request, NULL, &n), ZV_OK);
	cr_expect_eq(n, 1);
	cr_expect_eq(got, a);
	cr_assert_eq(zv_store_requests_escalate(store, (int64_t)CAL + 1500, keep_request, NULL, &n), ZV_OK);
	cr_expect_eq(n, 0);
	cr_assert_eq(zv_store_requests_escalate(store, (int64_t)CAL + 5000, keep_request, NULL, &n), ZV_OK);
	cr_expect_eq(n, 1);
	cr_expect_eq(got, b);
	cr_assert_eq(zv_store_request_counts(store, (int64_t)CAL + 5000, &counts), ZV_OK);
	cr_expect_eq(counts.fresh, 1);
	cr_expect_eq(counts.work, 1);
	cr_expect_eq(counts.done, 1);
	cr_expect_eq(counts.overdue, 2);
}

static bool count_request(void *arg, const struct zv_request *q)
{
	(void)q;
	++*(uint32_t *)arg;
	return true;
}

Test(work, requests_are_found_by_person_lead_agent_and_status)
{
	struct zv_request_filter f = {.lead = lead};
	uint32_t n = 0;

	for (int i = 0; i < 40; i++) {
		uint64_t id = ask((uint8_t)(i % 4), (int64_t)CAL + i, "");

		if (i % 2 == 0)
			cr_assert_eq(zv_store_request_take(store, id, i % 4 == 0 ? "a" : "b", 1), ZV_OK);
	}
	cr_assert_eq(zv_store_requests_each(store, &f, count_request, &n), ZV_OK);
	cr_expect_eq(n, 40);
	n = 0;
	f = (struct zv_request_filter){.status = ZV_REQUEST_WORK, .agent = "a"};
	cr_assert_eq(zv_store_requests_each(store, &f, count_request, &n), ZV_OK);
	cr_expect_eq(n, 10);
	n = 0;
	f = (struct zv_request_filter){.status = ZV_REQUEST_NEW};
	cr_assert_eq(zv_store_requests_each(store, &f, count_request, &n), ZV_OK);
	cr_expect_eq(n, 20);
	n = 0;
	f = (struct zv_request_filter){.after = 35};
	cr_assert_eq(zv_store_requests_each(store, &f, count_request, &n), ZV_OK);
	cr_expect_eq(n, 5);
}

static bool is_empty(void *arg, const struct zv_request *q)
{
	(void)arg;
	cr_expect_eq(q->person, 0);
	cr_expect_eq(q->lead, 0);
	cr_expect_str_eq(q->title, "");
	cr_expect_str_eq(q->fields, "");
	return true;
}

Test(work, of_an_erased_person_nothing_that_was_written_is_left)
{
	struct zv_note note = {.attempt = attempt_no(1), .lead = lead, .comment = "secret"};
	struct zv_erase_person_report report;
	uint64_t id = ask(1, (int64_t)CAL + 1000, ""), person = lead_row(store, lead).person;

	start_thread(store);
	call(1, lead, 7);
	stop_thread();
	cr_assert_eq(zv_store_note_put(store, &note), ZV_OK);
	cr_assert_eq(zv_store_request_take(store, id, "anna", (int64_t)CAL), ZV_OK);
	cr_assert_eq(zv_erase_person(store, person, (int64_t)CAL + 9000, false, &report), ZV_OK);
	cr_expect_eq(zv_store_note_get(store, attempt_no(1), NULL, NULL), ZV_ENOENT);
	cr_assert_eq(zv_store_request_get(store, id, is_empty, NULL), ZV_OK);
	cr_expect_eq(zv_store_request_done(store, id, "anna", NULL, "", (int64_t)CAL), ZV_OK);
}

Test(work, an_agents_number_is_his_for_good)
{
	static const char *const first[] = {"anna", "boris"}, *const then[] = {"vera", "boris", "anna"};
	uint32_t a[2], b[3];

	cr_assert_eq(zv_store_agents_put(store, first, 2, a), ZV_OK);
	cr_assert_eq(zv_store_agents_put(store, then, 3, b), ZV_OK);
	cr_expect_eq(a[0], 1);
	cr_expect_eq(b[0], 3);
	cr_expect_eq(b[1], a[1]);
	cr_expect_eq(b[2], a[0]);
}

/* ---- recordings ---- */

static bool count_recording(void *arg, const struct zv_recording *row)
{
	cr_expect_eq(row->sha256[31], 31);
	++*(uint32_t *)arg;
	return true;
}

Test(work, recordings_are_found_by_lead_and_go_with_their_files)
{
	struct zv_recording rec = {.lead = lead, .duration_ms = 1000, .bytes = 5};
	struct zv_recordings_report report;
	uint32_t n = 0;

	for (uint8_t i = 0; i < 32; i++)
		rec.sha256[i] = i;
	cr_assert_eq(mkdir(in_dir("rec"), 0700), 0);
	for (uint64_t i = 1; i <= 4; i++) {
		char name[40];

		snprintf(name, sizeof(name), "rec/%llu.opus", (unsigned long long)i);
		write_file(name, "12345", 5);
		rec.attempt = attempt_no(i);
		rec.at_ms = (int64_t)CAL + (int64_t)i;
		rec.path = name + 4;
		if (i == 4)
			rec.lead = lead + 1;
		cr_assert_eq(zv_store_recording_put(store, &rec), ZV_OK);
	}
	rec.path = "../x";
	cr_expect_eq(zv_store_recording_put(store, &rec), ZV_EINVAL);
	rec.path = "/x";
	cr_expect_eq(zv_store_recording_put(store, &rec), ZV_EINVAL);
	cr_assert_eq(zv_store_recordings_each(store, lead, count_recording, &n), ZV_OK);
	cr_expect_eq(n, 3);
	cr_assert_eq(zv_store_recordings_expire(store, in_dir("rec"), (int64_t)CAL + 3, 0, true, &report), ZV_OK);
	cr_expect_eq(report.rows, 2);
	cr_expect_eq(access(in_dir("rec/1.opus"), F_OK), 0);
	cr_assert_eq(unlink(in_dir("rec/2.opus")), 0); /* as a kill between file and row leaves it */
	cr_assert_eq(zv_store_recordings_expire(store, in_dir("rec"), (int64_t)CAL + 3, 0, false, &report), ZV_OK);
	cr_expect_eq(report.rows, 2);
	cr_expect_eq(report.bytes, 10);
	cr_expect_neq(access(in_dir("rec/1.opus"), F_OK), 0);
	cr_expect_eq(access(in_dir("rec/3.opus"), F_OK), 0);
	cr_assert_eq(zv_store_recordings_expire(store, in_dir("rec"), INT64_MAX,
						lead_row(store, lead + 1).person, false, &report), ZV_OK);
	cr_expect_eq(report.rows, 1);
	n = 0;
	cr_assert_eq(zv_store_recordings_each(store, 0, count_recording, &n), ZV_OK);
	cr_expect_eq(n, 1);
}
