/* One question before every contact: what a limit, an hour or a stranger's clock answers. */
#include "rules_bed.h"

static const struct zv_rule_window one_day = {
	.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1};

Test(rules_decide, a_limit_holds_until_the_day_ends_where_the_person_lives, .init = bed_start)
{
	bed_freq(ZV_FACT_CONVERSATION, 2, one_day);
	bed_yes(msk("2026-03-11 12:00"));
	bed_contact(msk("2026-03-11 09:00"), TALK);
	bed_yes(msk("2026-03-11 12:00"));
	cr_assert_eq(bed.verdict.n_counts, 1);
	cr_assert_eq(bed.verdict.counts[0].used, 1);
	bed_contact(msk("2026-03-11 10:00"), TALK);
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	bed_no(msk("2026-03-11 23:59"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	bed_yes(msk("2026-03-12 00:00"));
}

Test(rules_decide, a_refusal_looks_ahead_into_open_hours, .init = bed_start)
{
	bed_freq(ZV_FACT_CONVERSATION, 1, one_day);
	bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	bed_contact(msk("2026-03-11 09:00"), TALK);
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 09:00"));
	bed_no(msk("2026-03-11 21:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	bed_yes(msk("2026-03-12 09:00"));
	cr_assert_eq(bed.verdict.open_until_ms, msk("2026-03-12 20:00"));
	bed_no(msk("2026-03-12 08:59"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	bed_no(msk("2026-03-12 20:00"), ZV_DETAIL_CLOSED, msk("2026-03-13 09:00"));
}

static void refused(int64_t now_ms, uint8_t refusal, int64_t until_ms)
{
	cr_assert_eq(bed_ask(now_ms), ZV_ANSWER_NO);
	cr_assert_eq(bed.verdict.refusal, refusal, "refusal %u", bed.verdict.refusal);
	cr_assert_eq(bed.verdict.rule, UINT16_MAX);
	cr_assert_eq(bed.verdict.until_ms, until_ms);
}

Test(rules_decide, what_is_not_known_is_a_no, .init = bed_start)
{
	int64_t now = msk("2026-03-11 12:00");
	uint8_t *stated[] = {&bed.ask.purpose, &bed.ask.channel, &bed.ask.mode, &bed.ask.actor};

	refused(now, ZV_REFUSED_NO_RULES, ZV_NEVER_MS);
	bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	bed_yes(now);
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t was = *stated[i];

		*stated[i] = 0;
		refused(now, ZV_REFUSED_UNSTATED, ZV_NEVER_MS);
		*stated[i] = was;
	}
	memcpy(bed.person.jur, "BR", 3);
	refused(now, ZV_REFUSED_NO_RULES, ZV_NEVER_MS);
	bed.person.jur[0] = 0;
	refused(now, ZV_REFUSED_JURISDICTION, ZV_NEVER_MS);
	memcpy(bed.person.jur, "RU", 3);
	bed.person.n_residence = 0;
	refused(now, ZV_REFUSED_ZONE, ZV_NEVER_MS);
	bed.ask.default_zone = bed_zone("Europe/Moscow");
	bed.ask.default_zone_known = true;
	bed_yes(now);
	bed.ask.default_zone = 499; /* no such zone is the same as none */
	refused(now, ZV_REFUSED_ZONE, ZV_NEVER_MS);
	bed.person.n_zones[0] = 1;
	bed.person.zones[0][0] = bed_zone("Europe/Moscow");
	bed_yes(now);
	zv_decide(NULL, NULL, &bed.person, NULL, &bed.ask, &bed.verdict);
	cr_assert_eq(bed.verdict.answer, ZV_ANSWER_NO);
	cr_assert_eq(bed.verdict.refusal, ZV_REFUSED_NO_RULES);
}

Test(rules_decide, a_suppression_holds_where_and_as_long_as_it_says, .init = bed_start)
{
	int64_t now = msk("2026-03-11 12:00");
	struct zv_suppressed s = {.e164 = 79161234567, .campaign = 0, .to_ms = INT64_MAX};

	bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	cr_assert(zv_person_suppress(&bed.person, &s));
	refused(now, ZV_REFUSED_SUPPRESSED, ZV_NEVER_MS);
	s.to_ms = now + DAY_MS;
	cr_assert(zv_person_suppress(&bed.person, &s));
	cr_assert_eq(bed.person.n_suppressed, 1);
	refused(now, ZV_REFUSED_SUPPRESSED, ZV_NEVER_MS); /* never shortened */
	zv_person_unsuppress(&bed.person, &(struct zv_suppressed){.e164 = s.e164, .campaign = 1});
	cr_assert_eq(bed.person.n_suppressed, 1);
	zv_person_unsuppress(&bed.person, &s);
	cr_assert_eq(bed.person.n_suppressed, 0);
	bed_yes(now);
	cr_assert(zv_person_suppress(&bed.person, &s));
	refused(now, ZV_REFUSED_SUPPRESSED, now + DAY_MS);
	/* the end falls into the night: looked ahead into open hours */
	bed.person.suppressed[0].to_ms = msk("2026-03-11 23:00");
	refused(now, ZV_REFUSED_SUPPRESSED, msk("2026-03-12 09:00"));
	bed_yes(msk("2026-03-12 09:00"));
	bed.person.suppressed[0] = (struct zv_suppressed){.e164 = 79160000000, .to_ms = INT64_MAX};
	bed_yes(now);
	bed.person.suppressed[0] = (struct zv_suppressed){.campaign = 2, .to_ms = INT64_MAX};
	bed_yes(now);
	bed.ask.campaign = 2;
	refused(now, ZV_REFUSED_SUPPRESSED, ZV_NEVER_MS);
}

Test(rules_decide, a_slab_that_overflows_allows_nothing, .init = bed_start)
{
	int64_t now = msk("2026-03-11 12:00");

	bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	bed.person.overflow = true;
	bed.person.overflow_until_ms = now + HOUR_MS;
	refused(now, ZV_REFUSED_OVERFLOW, now + HOUR_MS);
	bed_yes(now + HOUR_MS);
	for (uint32_t i = 0; i <= ZV_SUPPRESSED_MAX; i++) {
		struct zv_suppressed s = {.e164 = 1 + i, .to_ms = INT64_MAX};

		cr_assert_eq(zv_person_suppress(&bed.person, &s), i < ZV_SUPPRESSED_MAX);
	}
	refused(now + HOUR_MS, ZV_REFUSED_OVERFLOW, ZV_NEVER_MS);
}

Test(rules_decide, all_zones_where_the_person_may_be_must_allow, .init = bed_start)
{
	struct zv_rule *r = bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);

	bed.person.residence[1] = bed_zone("Asia/Vladivostok"); /* seven hours ahead */
	bed.person.n_residence = 2;
	bed_no(msk("2026-03-11 08:59"), ZV_DETAIL_CLOSED, msk("2026-03-11 09:00"));
	bed_yes(msk("2026-03-11 09:00"));
	cr_assert_eq(bed.verdict.open_until_ms, msk("2026-03-11 13:00"));
	bed_no(msk("2026-03-11 13:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	r->u.hours.tz = ZV_TZ_NUMBER;
	bed.person.n_zones[0] = 1;
	bed.person.zones[0][0] = bed_zone("Europe/Moscow");
	bed_yes(msk("2026-03-11 13:00"));
	r->u.hours.tz = ZV_TZ_STRICTEST;
	bed_no(msk("2026-03-11 13:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	r->u.hours.tz = ZV_TZ_FIXED;
	r->u.hours.zone = bed_zone("Asia/Vladivostok");
	bed_no(msk("2026-03-11 13:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 02:00"));
	r->u.hours.tz = ZV_TZ_REGISTRATION;
	bed.person.n_registration = 1;
	bed.person.registration[0] = bed_zone("Europe/Kaliningrad"); /* one hour behind */
	bed_no(msk("2026-03-11 09:59"), ZV_DETAIL_CLOSED, msk("2026-03-11 10:00"));
}

Test(rules_decide, hours_without_a_common_moment_do_not_hang, .init = bed_start)
{
	bed_hours(ZV_DAY_ANY, 9 * 60, 11 * 60);
	bed.person.residence[1] = bed_zone("Asia/Vladivostok");
	bed.person.n_residence = 2;
	cr_assert_eq(bed_ask(msk("2026-03-11 09:30")), ZV_ANSWER_NO);
	cr_assert_gt(bed.verdict.until_ms, msk("2026-04-01 00:00"));
}

Test(rules_decide, the_law_of_a_part_and_of_the_whole_bind_together, .init = bed_start)
{
	struct zv_rule *state = bed_hours(ZV_DAY_ANY, 9 * 60, 18 * 60);
	struct zv_rule *country = bed_hours(ZV_DAY_ANY, 8 * 60, 20 * 60);

	memcpy(state->jur, "US-FL", 6);
	memcpy(country->jur, "US", 3);
	memcpy(bed.person.jur, "US-FL", 6);
	bed_yes(msk("2026-03-11 17:59"));
	bed_no(msk("2026-03-11 18:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	cr_assert_eq(bed.verdict.rule, 0);
	memcpy(bed.person.jur, "US-OK", 6);
	bed_yes(msk("2026-03-11 18:00"));
	memcpy(bed.person.jur, "US", 3); /* the state is not known: it may be that one */
	bed_no(msk("2026-03-11 18:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	cr_assert_not(zv_jur_binds("US", "USX"));
	cr_assert_not(zv_jur_binds("US-F", "US-FL"));
	cr_assert_not(zv_jur_binds("", "US"));
	cr_assert(zv_jur_binds("US-FL", "US-FL"));
}

Test(rules_decide, a_field_that_is_not_known_matches_a_rule_that_names_some, .init = bed_start)
{
	struct zv_rule *r = bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	int64_t night = msk("2026-03-11 03:00");

	r->parties = 1u << ZV_PARTY_THIRD;
	r->lines = 1u << ZV_LINE_LANDLINE;
	bed_yes(night);
	bed.ask.party = ZV_PARTY_NONE;
	bed_yes(night);
	bed.ask.line = ZV_LINE_NONE;
	cr_assert_eq(bed_ask(night), ZV_ANSWER_NO);
	bed.ask.line = ZV_LINE_MOBILE;
	r->lines = 0;
	r->purposes = 1u << ZV_PURPOSE_MARKETING;
	bed_yes(night);
	bed.ask.purpose = ZV_PURPOSE_MARKETING;
	cr_assert_eq(bed_ask(night), ZV_ANSWER_NO);
}

Test(rules_decide, a_plan_for_less_than_is_asked_is_checked_again, .init = bed_start)
{
	struct zv_rule *r = bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	struct zv_rule_plan plan;
	struct zv_ask any = bed.ask;

	r->parties = 1u << ZV_PARTY_THIRD;
	any.party = ZV_PARTY_NONE;
	bed_yes(msk("2026-03-11 03:00"));
	zv_rules_plan(&bed.rules, &any, "RU", &plan);
	cr_assert_eq(plan.n, 1);
	zv_decide(&bed.rules, &plan, &bed.person, NULL, &bed.ask, &bed.verdict);
	cr_assert_eq(bed.verdict.answer, ZV_ANSWER_YES);
	bed.ask.party = ZV_PARTY_THIRD;
	zv_decide(&bed.rules, &plan, &bed.person, NULL, &bed.ask, &bed.verdict);
	cr_assert_eq(bed.verdict.answer, ZV_ANSWER_NO);
}

Test(rules_decide, a_set_knows_how_far_back_it_looks, .init = bed_start)
{
	struct zv_rule *r = bed_freq(ZV_FACT_ATTEMPT, 4, one_day);
	const char *text;
	uint32_t rule;

	r->u.freq.windows[0] =
		(struct zv_rule_window){.kind = ZV_WINDOW_ROLLING, .unit = ZV_UNIT_DAY, .n = 60};
	bed_yes(msk("2026-03-11 12:00"));
	cr_assert_geq(bed.rules.reach_ms, 60 * DAY_MS);
	cr_assert_lt(bed.rules.reach_ms, 64 * DAY_MS);
	r->u.freq.windows[0].n = 400;
	cr_assert_eq(zv_rules_finish(&bed.rules, &rule, &text), ZV_OK);
	r->u.freq.windows[0].n = 401;
	cr_assert_eq(zv_rules_finish(&bed.rules, &rule, &text), ZV_EINVAL);
	r->u.freq.windows[0].n = 1;
	r->u.freq.windows[0].tz = ZV_TZ_FIXED;
	r->u.freq.windows[0].zone = 400;
	cr_assert_eq(zv_rules_finish(&bed.rules, &rule, &text), ZV_EINVAL);
}

Test(rules_decide, names_are_the_same_for_ever, .init = bed_start)
{
	/* By an independent SipHash-2-4 with the key 7a766f6e61722e72 756c652e6e616d65. */
	cr_assert_eq(zv_rule_name("bankrupt", 8), UINT64_C(0xf4aebc4e957ac215));
	cr_assert_eq(zv_rule_name("*", 1), UINT64_C(0xd9159e793397fe80));
	cr_assert_eq(zv_rule_name("", 0), UINT64_C(0x137b8c9837346221));
}
