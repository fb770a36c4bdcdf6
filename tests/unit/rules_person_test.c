/* A person's slab, a campaign's tally, and refusals in words. */
#include "rules_bed.h"

static struct zv_contact attempt(uint64_t lo, int64_t at_ms)
{
	return (struct zv_contact){
		.at_ms = at_ms, .attempt = {1, lo}, .channel = ZV_CHANNEL_VOICE_AGENT};
}

Test(rules_person, contacts_stand_in_the_order_of_their_dates, .init = bed_start)
{
	const int64_t dates[] = {50, 10, 30, 20, 30, 90};

	for (uint64_t i = 0; i < 6; i++) {
		struct zv_contact c = attempt(i + 1, dates[i]);

		cr_assert_eq(zv_person_reserve(&bed.person, &c, DAY_MS), ZV_OK);
	}
	for (uint32_t i = 1; i < 6; i++)
		cr_assert_leq(bed.person.contacts[i - 1].at_ms, bed.person.contacts[i].at_ms);
	cr_assert_eq(bed.person.first_ms, 10);
	cr_assert_eq(zv_person_contact(&bed.person, (struct zv_attempt_id){1, 6})->at_ms, 90);
	cr_assert_null(zv_person_contact(&bed.person, (struct zv_attempt_id){2, 6}));
	cr_assert_null(zv_person_contact(&bed.person, (struct zv_attempt_id){0, 0}));
}

Test(rules_person, what_is_dropped_never_was, .init = bed_start)
{
	struct zv_contact a = attempt(1, 10), b = attempt(2, 20);

	cr_assert_eq(zv_person_reserve(&bed.person, &a, DAY_MS), ZV_OK);
	cr_assert_eq(zv_person_reserve(&bed.person, &b, DAY_MS), ZV_OK);
	zv_person_drop(&bed.person, a.attempt);
	cr_assert_eq(bed.person.n_contacts, 1);
	cr_assert_eq(bed.person.first_ms, 20);
	zv_person_drop(&bed.person, a.attempt);
	cr_assert_eq(bed.person.n_contacts, 1);
	zv_person_contact(&bed.person, b.attempt)->open = 0;
	zv_person_drop(&bed.person, b.attempt); /* over: it stays */
	cr_assert_eq(bed.person.n_contacts, 1);
}

Test(rules_person, a_full_slab_forgets_what_no_window_reaches_and_nothing_else, .init = bed_start)
{
	struct zv_contact c;

	for (uint64_t i = 0; i < ZV_CONTACTS_MAX; i++) {
		c = attempt(i + 1, (int64_t)i * HOUR_MS);
		cr_assert_eq(zv_person_reserve(&bed.person, &c, 300 * HOUR_MS), ZV_OK);
		if (i != 3) /* one stays in flight for ever */
			bed.person.contacts[i].open = 0;
	}
	c = attempt(1000, 256 * HOUR_MS);
	cr_assert_eq(zv_person_reserve(&bed.person, &c, 300 * HOUR_MS), ZV_EFULL);
	cr_assert_eq(bed.person.n_contacts, ZV_CONTACTS_MAX);
	cr_assert_eq(zv_person_reserve(&bed.person, &c, 250 * HOUR_MS), ZV_OK);
	cr_assert_eq(bed.person.contacts[0].at_ms, 3 * HOUR_MS);
	cr_assert_eq(bed.person.contacts[1].at_ms, 5 * HOUR_MS);
	cr_assert_eq(bed.person.n_contacts, 1 + 251 + 1);
}

Test(rules_person, a_mark_is_replaced_by_one_of_the_same_name, .init = bed_start)
{
	bed_mark(ZV_MARK_FLAG, "minor", 1, 2);
	bed_mark(ZV_MARK_FLAG, "minor", 3, 4);
	bed_mark(ZV_MARK_CONSENT, "minor", 3, 4);
	cr_assert_eq(bed.person.n_marks, 2);
	cr_assert_eq(bed.person.marks[0].from_ms, 3);
	for (uint64_t i = 0; i < ZV_MARKS_MAX; i++) {
		struct zv_mark m = {.kind = ZV_MARK_FLAG, .name = 1000 + i, .to_ms = INT64_MAX};

		cr_assert_eq(zv_person_mark(&bed.person, &m), i < ZV_MARKS_MAX - 2);
	}
	cr_assert(bed.person.overflow);
	cr_assert_eq(bed.person.overflow_until_ms, INT64_MAX);
}

/* ---- tally ---- */

#define NAIVE_MAX 4000
static struct {
	int64_t at_ms;
	uint32_t fact;
} naive[NAIVE_MAX];

static uint64_t naive_sum(uint32_t n, int64_t from_ms, int64_t to_ms, uint32_t fact)
{
	int64_t low = from_ms / ZV_TALLY_MS * ZV_TALLY_MS;
	int64_t high = (to_ms + ZV_TALLY_MS - 1) / ZV_TALLY_MS * ZV_TALLY_MS;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += naive[i].fact == fact && naive[i].at_ms >= low && naive[i].at_ms < high;
	return sum;
}

Test(rules_tally, sums_are_those_of_a_list, .init = bed_start)
{
	struct zv_tally *t = calloc(1, sizeof(*t));
	int64_t now = msk("2026-03-11 12:00");
	uint64_t seed = 1;

	cr_assert_not_null(t);
	for (uint32_t i = 0; i < NAIVE_MAX; i++) {
		int64_t back = (int64_t)(zv_mix64(seed++) % (uint64_t)(3 * DAY_MS));

		now += (int64_t)(zv_mix64(seed++) % (uint64_t)(2 * HOUR_MS)); /* 160 days in all */
		naive[i].at_ms = zv_mix64(seed++) % 4 == 0 ? now - back : now;
		naive[i].fact = zv_mix64(seed++) % 2 == 0 ? ZV_FACT_ABANDON : ZV_FACT_LIVE_ANSWER;
		zv_tally_add(t, naive[i].at_ms, ZV_FACT_BIT(naive[i].fact));
		if (i % 7 == 0) {
			int64_t from = now - (int64_t)(zv_mix64(seed++) % (uint64_t)(59 * DAY_MS));
			int64_t to = from + (int64_t)(zv_mix64(seed++) % (uint64_t)(62 * DAY_MS));

			cr_assert_eq(zv_tally_sum(t, from, to, ZV_FACT_ABANDON),
				     naive_sum(i + 1, from, to, ZV_FACT_ABANDON));
			cr_assert_eq(zv_tally_sum(t, from, to, ZV_FACT_LIVE_ANSWER),
				     naive_sum(i + 1, from, to, ZV_FACT_LIVE_ANSWER));
		}
	}
	cr_assert_eq(zv_tally_sum(t, now, now, ZV_FACT_ABANDON), 0);
	free(t);
}

Test(rules_tally, buckets_load_in_any_order_and_replace_what_stood_there, .init = bed_start)
{
	struct zv_tally *t = calloc(1, sizeof(*t));
	int64_t base = msk("2026-03-11 12:00") / ZV_TALLY_MS;
	uint32_t n[ZV_FACTS] = {0};
	const int64_t order[] = {5, 2, 9, 2, 0};

	cr_assert_not_null(t);
	for (uint32_t i = 0; i < 5; i++) {
		n[ZV_FACT_ABANDON] = 10 + i;
		zv_tally_load(t, base + order[i], n);
	}
	cr_assert_eq(
		zv_tally_sum(t, base * ZV_TALLY_MS, (base + 10) * ZV_TALLY_MS, ZV_FACT_ABANDON),
		14 + 13 + 10 + 12);
	cr_assert_eq(zv_tally_sum(t, (base + 2) * ZV_TALLY_MS, (base + 3) * ZV_TALLY_MS,
				  ZV_FACT_ABANDON),
		     13);
	/* what is older than the table is not counted */
	zv_tally_add(t, (base - ZV_TALLY_SLOTS) * ZV_TALLY_MS, ZV_FACT_BIT(ZV_FACT_ABANDON));
	cr_assert_eq(zv_tally_sum(t, 0, (base + 10) * ZV_TALLY_MS, ZV_FACT_ABANDON), 49);
	free(t);
}

/* ---- words ---- */

static void says(const char *language, const char *want)
{
	char text[600];

	zv_verdict_text(&bed.rules, &bed.verdict, language, text, sizeof(text));
	cr_expect_str_eq(text, want);
}

Test(rules_text, a_refusal_is_a_sentence_in_both_languages, .init = bed_start)
{
	struct zv_rule *r = bed_freq(
		ZV_FACT_CONVERSATION, 1,
		(struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1});

	bed_yes(msk("2026-03-11 12:00"));
	says("en", "The contact is allowed.");
	says("ru", "Контакт разрешён.");
	bed_contact(msk("2026-03-11 10:00"), TALK);
	bed_ask(msk("2026-03-11 12:00"));
	says("en", "Rule T-FREQ is at its limit: conversations, at most 1 in a calendar day; 1 so "
		   "far, 0 in flight.");
	says("ru", "Правило T-FREQ: предел исчерпан (разговоры, не более 1 за календарный день); "
		   "было 1, сейчас в работе 0.");
	r->u.freq.n_windows = 2;
	r->u.freq.windows[1] =
		(struct zv_rule_window){.kind = ZV_WINDOW_ROLLING, .unit = ZV_UNIT_DAY, .n = 7};
	bed_ask(msk("2026-03-11 12:00"));
	says("en", "Rule T-FREQ is at its limit: conversations, at most 1 in a calendar day and "
		   "any 7 d; 1 so far, 0 in flight.");
	bed.rules.n = 0;
	bed_cooldown(
		ZV_FACT_ABANDON,
		(struct zv_rule_window){.kind = ZV_WINDOW_ROLLING, .unit = ZV_UNIT_HOUR, .n = 72});
	bed_contact(msk("2026-03-11 11:00"), ZV_FACT_BIT(ZV_FACT_ABANDON));
	bed_ask(msk("2026-03-11 12:00"));
	says("en", "Rule T-COOL wants 72 h of rest after an abandoned call.");
	says("ru", "Правило T-COOL требует паузы 72 ч после брошенного вызова.");
	bed.ask.actor = 0;
	bed_ask(msk("2026-03-11 12:00"));
	says("en", "The campaign does not state its purpose, channel, mode and actor.");
	says("ru", "Кампания не указала цель, канал, режим и от чьего имени она звонит.");
}

Test(rules_text, a_text_that_is_cut_stays_whole_characters, .init = bed_start)
{
	char text[200];

	bed.verdict.refusal = ZV_REFUSED_ZONE;
	bed.verdict.rule = UINT16_MAX;
	for (size_t size = 1; size < sizeof(text); size++) {
		size_t n;

		memset(text, 'x', sizeof(text));
		zv_verdict_text(&bed.rules, &bed.verdict, "ru", text, size);
		n = strlen(text);
		cr_assert_lt(n, size);
		cr_assert_geq(n + 2, size < 70 ? size : 0, "cut more than a character");
		for (size_t i = 0; i < n;) {
			size_t want = (uint8_t)text[i] < 0x80 ? 1 : (uint8_t)text[i] < 0xe0 ? 2 : 3;

			cr_assert_leq(i + want, n);
			i += want;
		}
	}
}
