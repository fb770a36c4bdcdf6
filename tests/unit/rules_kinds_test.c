/* Each kind of rule at its edges: one less, just as many, one more; a minute before and after. */
#include "rules_bed.h"

static struct zv_rule_window window(uint8_t kind, uint8_t unit, uint16_t n)
{
	return (struct zv_rule_window){.kind = kind, .unit = unit, .n = n};
}

static struct zv_contact *last(void)
{
	return &bed.person.contacts[bed.person.n_contacts - 1];
}

Test(rules_kinds, three_attempts_in_any_24_hours, .init = bed_start)
{
	bed_freq(ZV_FACT_ATTEMPT, 3, window(ZV_WINDOW_ROLLING, ZV_UNIT_HOUR, 24));
	bed_contact(msk("2026-03-11 10:00"), TRY);
	bed_contact(msk("2026-03-11 11:00"), TRY);
	bed_yes(msk("2026-03-11 12:00"));
	bed_contact(msk("2026-03-11 12:00"), TRY);
	bed_no(msk("2026-03-11 12:01"), ZV_DETAIL_LIMIT, msk("2026-03-12 10:00"));
	bed_contact(msk("2026-03-11 12:01"), TRY);
	bed_no(msk("2026-03-11 12:02"), ZV_DETAIL_LIMIT, msk("2026-03-12 11:00"));
	bed_no(msk("2026-03-12 10:59"), ZV_DETAIL_LIMIT, msk("2026-03-12 11:00"));
	bed_yes(msk("2026-03-12 11:00"));
}

Test(rules_kinds, several_windows_of_one_rule_all_hold, .init = bed_start)
{
	struct zv_rule *r =
		bed_freq(ZV_FACT_CONVERSATION, 2, window(ZV_WINDOW_CALENDAR, ZV_UNIT_WEEK, 1));

	r->u.freq.n_windows = 2;
	r->u.freq.windows[1] = window(ZV_WINDOW_ROLLING, ZV_UNIT_DAY, 7);
	bed_contact(msk("2026-03-06 12:00"), TALK); /* Friday */
	bed_contact(msk("2026-03-08 12:00"), TALK); /* Sunday */
	/* A new week, but not seven days. */
	bed_no(msk("2026-03-09 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-13 12:00"));
	bed_yes(msk("2026-03-13 12:00"));
	bed_contact(msk("2026-03-13 12:00"), TALK);
	bed_contact(msk("2026-03-15 12:00"), TALK);
	bed_no(msk("2026-03-15 13:00"), ZV_DETAIL_LIMIT, msk("2026-03-20 12:00"));
}

Test(rules_kinds, a_talk_counts_on_the_day_on_which_it_ends, .init = bed_start)
{
	struct zv_contact *c;

	bed_freq(ZV_FACT_CONVERSATION, 1, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	c = bed_contact(msk("2026-03-11 23:50"), TALK);
	c->end_s = 15 * 60;
	bed_no(msk("2026-03-12 10:00"), ZV_DETAIL_LIMIT, msk("2026-03-13 00:00"));
	c->end_s = 9 * 60;
	bed_yes(msk("2026-03-12 10:00"));
}

Test(rules_kinds, a_call_in_flight_counts_as_all_it_may_become, .init = bed_start)
{
	struct zv_contact c = {.at_ms = msk("2026-03-11 12:00"),
			       .attempt = {1, 9},
			       .e164 = 79161234567,
			       .campaign = 2,
			       .channel = ZV_CHANNEL_VOICE_AI,
			       .facts = ZV_FACT_BIT(ZV_FACT_INTENT)};
	struct zv_contact *open;

	bed_freq(ZV_FACT_CONVERSATION, 1, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	cr_assert_eq(zv_person_reserve(&bed.person, &c, DAY_MS), ZV_OK);
	cr_assert_eq(zv_person_reserve(&bed.person, &c, DAY_MS), ZV_EEXIST);
	bed_no(msk("2026-03-11 12:01"), ZV_DETAIL_LIMIT, msk("2026-03-11 12:02"));
	cr_assert_eq(bed.verdict.counts[0].in_flight, 1);
	cr_assert_eq(bed.verdict.counts[0].used, 0);
	/* its own last look does not see itself */
	bed.ask.self = c.attempt;
	bed_yes(msk("2026-03-11 12:01"));
	bed.ask.self = (struct zv_attempt_id){0, 0};
	open = zv_person_contact(&bed.person, c.attempt);
	cr_assert_not_null(open);
	open->open = 0;
	bed_yes(msk("2026-03-11 12:01"));
	open->facts |= TALK;
	bed_no(msk("2026-03-11 12:01"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
}

Test(rules_kinds, a_message_held_until_tomorrow_counts_tomorrow, .init = bed_start)
{
	struct zv_contact *c;

	bed_freq(ZV_FACT_MESSAGE, 1, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	bed.ask.channel = ZV_CHANNEL_SMS;
	c = bed_contact(msk("2026-03-12 09:00"), ZV_FACT_BIT(ZV_FACT_MESSAGE));
	c->channel = ZV_CHANNEL_SMS;
	bed_yes(msk("2026-03-11 12:00"));
	bed_no(msk("2026-03-12 00:00"), ZV_DETAIL_LIMIT, msk("2026-03-13 00:00"));
	cr_assert_eq(bed.verdict.counts[0].in_flight, 1);
	bed.v[0].u.freq.windows[0] = window(ZV_WINDOW_ROLLING, ZV_UNIT_HOUR, 24);
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-13 09:00"));
}

Test(rules_kinds, what_is_not_the_same_is_not_counted_and_what_is_unknown_is, .init = bed_start)
{
	struct zv_rule *r =
		bed_freq(ZV_FACT_ATTEMPT, 1, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));

	bed_contact(msk("2026-03-11 10:00"), TRY);
	r->u.freq.key = ZV_KEY_PERSON | ZV_KEY_DEBT;
	last()->debt = 6;
	bed_yes(msk("2026-03-11 12:00"));
	last()->debt = 0;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	last()->debt = 6;
	bed.ask.debt = 0;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	r->u.freq.key = ZV_KEY_NUMBER;
	last()->e164 = 79160000000;
	bed_yes(msk("2026-03-11 12:00"));
	r->u.freq.key = ZV_KEY_CAMPAIGN;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	last()->campaign = 2;
	bed_yes(msk("2026-03-11 12:00"));
	r->u.freq.key = ZV_KEY_PERSON | ZV_KEY_CALLER;
	last()->caller = 4;
	bed.ask.caller = 5;
	bed_yes(msk("2026-03-11 12:00"));
	r->u.freq.key = ZV_KEY_PERSON | ZV_KEY_TOPIC;
	last()->topic = 4;
	bed.ask.topic = 5;
	bed_yes(msk("2026-03-11 12:00"));
	bed.ask.topic = 4;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
}

Test(rules_kinds, channels_and_exclusions, .init = bed_start)
{
	struct zv_rule *r =
		bed_freq(ZV_FACT_CONVERSATION, 1, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));

	r->u.freq.channels_counted = 1u << ZV_CHANNEL_VOICE_AGENT | 1u << ZV_CHANNEL_VOICE_AI;
	r->u.freq.exclude = ZV_EXCLUDE_INBOUND;
	bed_contact(msk("2026-03-11 10:00"), TALK);
	last()->exclude = ZV_EXCLUDE_INBOUND;
	bed_yes(msk("2026-03-11 12:00"));
	last()->exclude = ZV_EXCLUDE_BUSY;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	last()->channel = ZV_CHANNEL_VOICE_AI; /* a robot's talk is a talk */
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	last()->channel = ZV_CHANNEL_VOICE_PREREC;
	bed_yes(msk("2026-03-11 12:00"));
	last()->channel = ZV_CHANNEL_VOICE_AI;
	bed.ask.channel = ZV_CHANNEL_SMS; /* can be no talk */
	bed_yes(msk("2026-03-11 12:00"));
}

Test(rules_kinds, a_message_is_an_interaction_and_no_attempt, .init = bed_start)
{
	struct zv_rule *r = bed_freq(ZV_FACT_RING, 1, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));

	bed_contact(msk("2026-03-11 10:00"), ZV_FACT_BIT(ZV_FACT_MESSAGE));
	last()->channel = ZV_CHANNEL_SMS;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	r->u.freq.fact = ZV_FACT_ATTEMPT;
	bed_yes(msk("2026-03-11 12:00"));
}

Test(rules_kinds, seconds_of_dialling_are_summed, .init = bed_start)
{
	bed_freq(ZV_FACT_DIAL_SECONDS, 1800, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	bed_contact(msk("2026-03-11 10:00"), TRY)->dial_s = 1700;
	bed.ask.dial_s = 100;
	bed_yes(msk("2026-03-11 12:00"));
	bed.ask.dial_s = 101;
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	cr_assert_eq(bed.verdict.counts[0].used, 1700);
	last()->dial_s = 0;
	last()->open = 1; /* may take as long as this one */
	bed.ask.dial_s = 900;
	bed_yes(msk("2026-03-11 10:00"));
	cr_assert_eq(bed.verdict.counts[0].in_flight, 900);
	bed.ask.dial_s = 901;
	cr_assert_eq(bed_ask(msk("2026-03-11 10:00")), ZV_ANSWER_NO);
}

Test(rules_kinds, day_one_after_a_talk, .init = bed_start)
{
	struct zv_rule_window w = window(ZV_WINDOW_ROLLING, ZV_UNIT_DAY, 7);
	struct zv_contact *c;

	w.day_one = true;
	bed_cooldown(ZV_FACT_CONVERSATION, w);
	bed_yes(msk("2026-03-04 23:58"));
	c = bed_contact(msk("2026-03-04 23:58"), TALK);
	bed_no(msk("2026-03-04 23:59"), ZV_DETAIL_COOLDOWN, msk("2026-03-11 00:00"));
	bed_no(msk("2026-03-10 23:59"), ZV_DETAIL_COOLDOWN, msk("2026-03-11 00:00"));
	bed_yes(msk("2026-03-11 00:00"));
	c->end_s = 5 * 60; /* it ended after midnight: that is day 1 */
	bed_no(msk("2026-03-11 00:00"), ZV_DETAIL_COOLDOWN, msk("2026-03-12 00:00"));
}

Test(rules_kinds, an_agent_must_be_sure_72_hours_after_an_abandoned_call, .init = bed_start)
{
	struct zv_rule *r =
		bed_cooldown(ZV_FACT_ABANDON, window(ZV_WINDOW_ROLLING, ZV_UNIT_HOUR, 72));
	int64_t at = msk("2026-03-08 12:00");

	r->effect = ZV_EFFECT_FORCE_AGENT;
	r->u.cooldown.unless_modes = 1u << ZV_MODE_PREVIEW | 1u << ZV_MODE_MANUAL;
	bed_contact(at, TRY | ZV_FACT_BIT(ZV_FACT_ABANDON))->end_s = 60;
	cr_assert_eq(bed_ask(msk("2026-03-11 12:00")), ZV_ANSWER_AGENT_ONLY);
	cr_assert_eq(bed.verdict.detail, ZV_DETAIL_FORCE_AGENT);
	cr_assert_eq(bed.verdict.until_ms, msk("2026-03-11 12:01"));
	bed_yes(msk("2026-03-11 12:01"));
	bed.ask.agent_sure = true;
	bed_yes(msk("2026-03-11 12:00"));
	bed.ask.agent_sure = false;
	bed.ask.mode = ZV_MODE_PREVIEW;
	bed_yes(msk("2026-03-11 12:00"));
}

Test(rules_kinds, block_is_stronger_than_an_agent_and_an_agent_than_a_warning, .init = bed_start)
{
	struct zv_rule *hours = bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	struct zv_rule *agent =
		bed_freq(ZV_FACT_ATTEMPT, 0, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	struct zv_rule *warning =
		bed_freq(ZV_FACT_ATTEMPT, 0, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));

	agent->effect = ZV_EFFECT_FORCE_AGENT;
	warning->effect = ZV_EFFECT_WARN;
	bed_no(msk("2026-03-11 08:59"), ZV_DETAIL_CLOSED, msk("2026-03-11 09:00"));
	cr_assert_eq(bed_ask(msk("2026-03-11 09:00")), ZV_ANSWER_AGENT_ONLY);
	cr_assert_eq(bed.verdict.until_ms, ZV_NEVER_MS);
	cr_assert_eq(bed.verdict.warnings, 1);
	cr_assert_eq(bed.verdict.first_warning, 2);
	agent->effect = ZV_EFFECT_WARN;
	hours->effect = ZV_EFFECT_WARN;
	bed_yes(msk("2026-03-11 08:59"));
	cr_assert_eq(bed.verdict.warnings, 3);
	warning->trust = ZV_TRUST_MEMORY;
	bed_yes(msk("2026-03-11 08:59"));
}

Test(rules_kinds, trust_memory_may_only_warn, .init = bed_start)
{
	struct zv_rule *r = bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	const char *text = NULL;
	uint32_t rule = 9;

	r->trust = ZV_TRUST_MEMORY;
	cr_assert_eq(zv_rules_finish(&bed.rules, &rule, &text), ZV_EINVAL);
	cr_assert_eq(rule, 0);
	cr_assert_not_null(text);
	/* and where nobody checked, it still does not decide */
	bed.ask.now_ms = msk("2026-03-11 08:00");
	zv_decide(&bed.rules, NULL, &bed.person, NULL, &bed.ask, &bed.verdict);
	cr_assert_eq(bed.verdict.answer, ZV_ANSWER_YES);
	cr_assert_eq(bed.verdict.warnings, 1);
}

Test(rules_kinds, a_law_has_a_first_and_a_last_day, .init = bed_start)
{
	struct zv_rule *r =
		bed_freq(ZV_FACT_ATTEMPT, 0, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));

	r->from_ms = msk("2026-03-11 03:00");
	r->to_ms = msk("2026-03-15 03:00");
	bed_yes(msk("2026-03-11 02:59"));
	bed_no(msk("2026-03-11 03:00"), ZV_DETAIL_LIMIT, msk("2026-03-15 03:00"));
	bed_yes(msk("2026-03-15 03:00"));
}

Test(rules_kinds, a_subject_may_agree_to_more, .init = bed_start)
{
	struct zv_rule *r =
		bed_freq(ZV_FACT_ATTEMPT, 0, window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	int64_t now = msk("2026-03-11 12:00");

	r->override_by = ZV_OVERRIDE_AGREEMENT;
	bed_mark(ZV_MARK_OVERRIDE, "T-OTHER", 0, INT64_MAX);
	bed.person.marks[0].by = ZV_OVERRIDE_AGREEMENT;
	cr_assert_eq(bed_ask(now), ZV_ANSWER_NO);
	bed.person.marks[0].name = zv_rule_name("T-FREQ", 6);
	bed_yes(now);
	bed.person.marks[0].name = zv_rule_name("*", 1);
	bed_yes(now);
	bed.person.marks[0].by = ZV_OVERRIDE_INITIATIVE;
	cr_assert_eq(bed_ask(now), ZV_ANSWER_NO);
	bed.person.marks[0].by = ZV_OVERRIDE_AGREEMENT;
	bed.person.marks[0].to_ms = now; /* taken back */
	cr_assert_eq(bed_ask(now), ZV_ANSWER_NO);
	bed.person.marks[0] = (struct zv_mark){.name = zv_rule_name("*", 1),
					       .from_ms = now,
					       .to_ms = INT64_MAX,
					       .kind = ZV_MARK_OVERRIDE,
					       .by = ZV_OVERRIDE_CONSENT_7D};
	r->override_by = ZV_OVERRIDE_CONSENT_7D;
	bed_no(now - MIN_MS, ZV_DETAIL_LIMIT, now);
	bed_yes(now);
	bed_yes(now + 7 * DAY_MS - MIN_MS);
	cr_assert_eq(bed_ask(now + 7 * DAY_MS), ZV_ANSWER_NO);
}

Test(rules_kinds, consent_counts_from_its_first_to_its_last_moment, .init = bed_start)
{
	struct zv_rule *r = bed_rule("T-CONSENT", ZV_RULE_CONSENT);
	int64_t now = msk("2026-03-11 12:00");

	r->u.consent.n_need = 1;
	r->u.consent.need[0] = zv_rule_name("prior_consent_ads", 17);
	r->u.consent.revoke_n = 10;
	r->u.consent.revoke_unit = 1;
	bed_no(now, ZV_DETAIL_NO_CONSENT, ZV_NEVER_MS);
	bed_mark(ZV_MARK_CONSENT, "prior_consent_ads", now, now + DAY_MS);
	bed_no(now - MIN_MS, ZV_DETAIL_NO_CONSENT, now);
	bed_yes(now);
	bed_yes(now + DAY_MS - MIN_MS);
	bed_no(now + DAY_MS, ZV_DETAIL_NO_CONSENT, ZV_NEVER_MS);
	r->u.consent.forbid_modes = 1u << ZV_MODE_PREDICTIVE;
	bed_no(now, ZV_DETAIL_MODE, ZV_NEVER_MS);
	bed.ask.mode = ZV_MODE_MANUAL;
	bed_yes(now);
}

Test(rules_kinds, registries_have_an_age, .init = bed_start)
{
	struct zv_rule *r = bed_rule("T-DNC", ZV_RULE_CONSENT);
	int64_t now = msk("2026-03-11 12:00");
	struct zv_scrubbed *s = &bed.person.scrubbed[0];

	r->u.consent.n_scrub = 1;
	r->u.consent.scrub[0] = (struct zv_rule_scrub){zv_rule_name("GB_TPS", 6), 28};
	bed_no(now, ZV_DETAIL_STALE_LIST, now + HOUR_MS);
	bed.person.n_scrubbed = 1;
	*s = (struct zv_scrubbed){.list = zv_rule_name("GB_TPS", 6), .as_of_ms = now - 28 * DAY_MS};
	bed_yes(now);
	bed_no(now + MIN_MS, ZV_DETAIL_STALE_LIST, now + MIN_MS + HOUR_MS);
	s->numbers = 1;
	bed_no(now, ZV_DETAIL_LISTED, ZV_NEVER_MS);
	s->numbers = 2; /* another number of the person */
	bed_yes(now);
	bed.ask.e164 = 79169999999; /* a number nobody asked about */
	cr_assert_eq(bed_ask(now), ZV_ANSWER_NO);
	bed.ask.e164 = bed.person.e164[0];
	r->u.consent.scrub[0].max_age_d = 0; /* of the same day by the person's clock */
	s->as_of_ms = now - HOUR_MS;
	bed_yes(now);
	s->as_of_ms = msk("2026-03-11 00:00");
	bed_yes(now);
	s->as_of_ms = msk("2026-03-10 23:59");
	bed_no(now, ZV_DETAIL_STALE_LIST, now + HOUR_MS);
	cr_assert_eq(bed.rules.n_lists, 1);
	cr_assert_eq(bed.rules.lists[0], s->list);
}

Test(rules_kinds, a_flag_forbids_while_it_stands, .init = bed_start)
{
	struct zv_rule *r = bed_rule("T-DENY", ZV_RULE_DENY);
	int64_t now = msk("2026-03-11 12:00");

	r->u.deny.n_flags = 2;
	r->u.deny.flags[0] = zv_rule_name("bankrupt", 8);
	r->u.deny.flags[1] = zv_rule_name("hospital", 8);
	bed_mark(ZV_MARK_FLAG, "employed", 0, INT64_MAX);
	bed_mark(ZV_MARK_CONSENT, "bankrupt", 0, INT64_MAX);
	bed_yes(now);
	bed_mark(ZV_MARK_FLAG, "hospital", now, now + DAY_MS);
	bed_yes(now - MIN_MS);
	bed_no(now, ZV_DETAIL_FLAG, now + DAY_MS);
	bed_yes(now + DAY_MS);
	bed_mark(ZV_MARK_FLAG, "bankrupt", now, INT64_MAX);
	bed_no(now, ZV_DETAIL_FLAG, ZV_NEVER_MS);
}

static struct zv_rule *ratio(struct zv_rule_window w)
{
	struct zv_rule *r = bed_rule("T-RATIO", ZV_RULE_RATIO);

	r->effect = ZV_EFFECT_STOP_CAMPAIGN;
	r->u.ratio.num = ZV_FACT_ABANDON;
	r->u.ratio.den = ZV_FACT_LIVE_ANSWER;
	r->u.ratio.key = ZV_KEY_CAMPAIGN;
	r->u.ratio.limit = 0.03;
	r->u.ratio.alarm_at = 0.01;
	r->u.ratio.window = w;
	bed.tally = calloc(1, sizeof(*bed.tally));
	cr_assert_not_null(bed.tally);
	return r;
}

static void add(int64_t at_ms, uint32_t live, uint32_t abandoned)
{
	for (uint32_t i = 0; i < live; i++)
		zv_tally_add(bed.tally, at_ms, ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER));
	for (uint32_t i = 0; i < abandoned; i++)
		zv_tally_add(bed.tally, at_ms, ZV_FACT_BIT(ZV_FACT_ABANDON));
}

Test(rules_kinds, a_campaign_stops_over_its_share_until_the_day_ends, .init = bed_start)
{
	ratio(window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1));
	add(msk("2026-03-10 23:59"), 10, 9);
	add(msk("2026-03-11 10:00"), 100, 1);
	bed_yes(msk("2026-03-11 12:00"));
	cr_assert_eq(bed.verdict.warnings, 0);
	add(msk("2026-03-11 10:00"), 0, 1);
	bed_yes(msk("2026-03-11 12:00"));
	cr_assert_eq(bed.verdict.warnings, 1);
	add(msk("2026-03-11 11:00"), 0, 1); /* 3 of 100 */
	bed_yes(msk("2026-03-11 12:00"));
	add(msk("2026-03-11 11:00"), 0, 1);
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_RATIO, msk("2026-03-12 00:00"));
	bed_yes(msk("2026-03-12 00:00"));
	free(bed.tally);
}

Test(rules_kinds, blocks_of_a_campaign_begin_with_it, .init = bed_start)
{
	ratio(window(ZV_WINDOW_BLOCK, ZV_UNIT_DAY, 30));
	bed.tally->origin_ms = msk("2026-02-20 15:00");
	add(msk("2026-02-20 16:00"), 100, 4);
	bed_no(msk("2026-03-21 23:59"), ZV_DETAIL_RATIO, msk("2026-03-22 00:00"));
	bed_yes(msk("2026-03-22 00:00"));
	free(bed.tally);
}

Test(rules_kinds, the_budget_of_the_rule_that_leaves_least, .init = bed_start)
{
	struct zv_rule *wide = ratio(window(ZV_WINDOW_BLOCK, ZV_UNIT_DAY, 30));
	struct zv_rule *day = bed_rule("T-DAY", ZV_RULE_RATIO);
	struct zv_rule *treat = bed_rule("T-TREAT", ZV_RULE_TREAT);
	struct zv_rule_plan plan;
	struct zv_budget b;
	int64_t now = msk("2026-03-11 12:00");

	day->u.ratio = wide->u.ratio;
	day->u.ratio.window = window(ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	day->u.ratio.amd_fp_estimate = true;
	treat->u.treat.agent_within_ms = 2000;
	treat->u.treat.within_from = ZV_FROM_GREETING_START;
	bed.tally->origin_ms = msk("2026-03-01 10:00");
	add(msk("2026-03-02 10:00"), 900, 10);
	add(msk("2026-03-11 10:00"), 100, 2);
	zv_rules_plan(&bed.rules, &bed.ask, "RU", &plan);
	cr_assert(zv_rules_budget(&bed.rules, &plan, bed.tally, now, 200, 0,
				  bed.person.residence[0], &b));
	cr_assert_eq(b.rule, 1);
	cr_assert_eq(b.num, 2);
	cr_assert_eq(b.den, 100);
	cr_assert_float_eq(b.left, 0.03 * 101 - 2, 1e-9);
	cr_assert_float_eq(b.safe_rate, 0.0118, 0.0001); /* a binomial of 200, at most 1 % over */
	cr_assert_eq(b.window_start_ms, msk("2026-03-11 00:00"));
	cr_assert_eq(b.window_end_ms, msk("2026-03-12 00:00"));
	cr_assert_eq(b.within_ms, 2000);
	cr_assert_eq(b.within_from, ZV_FROM_GREETING_START);
	cr_assert(b.alarm && !b.over);
	/* persons taken for machines were abandoned */
	for (uint32_t i = 0; i < 100; i++)
		zv_tally_add(bed.tally, msk("2026-03-11 10:00"), ZV_FACT_BIT(ZV_FACT_MACHINE));
	cr_assert(zv_rules_budget(&bed.rules, &plan, bed.tally, now, 200, 0.05,
				  bed.person.residence[0], &b));
	cr_assert_float_eq(b.rate, 7.0 / 105.0, 1e-9);
	cr_assert(b.over);
	day->effect = ZV_EFFECT_WARN;
	cr_assert(zv_rules_budget(&bed.rules, &plan, bed.tally, now, 0, 0, bed.person.residence[0],
				  &b));
	cr_assert_eq(b.rule, 0);
	cr_assert_float_eq(b.safe_rate, 0.0196, 0.0001); /* of the 1000 so far */
	plan.n = 0;
	cr_assert_not(zv_rules_budget(&bed.rules, &plan, bed.tally, now, 0, 0, 0, &b));
	free(bed.tally);
}

Test(rules_kinds, treatments_merge_to_the_strictest, .init = bed_start)
{
	struct zv_rule *a = bed_rule("T-A", ZV_RULE_TREAT), *b = bed_rule("T-B", ZV_RULE_TREAT);
	const struct zv_rule_treat *t = &bed.verdict.treat;

	a->u.treat = (struct zv_rule_treat){.ring_min_ms = 15000,
					    .agent_within_ms = 2000,
					    .within_from = ZV_FROM_GREETING_END,
					    .cli = ZV_CLI_SHOWN,
					    .label_max = 32,
					    .n_say = 2,
					    .say = {3, 4},
					    .optout = ZV_OPTOUT_IVR};
	b->u.treat = (struct zv_rule_treat){.ring_min_ms = 12000,
					    .agent_within_ms = 3000,
					    .play_within_ms = 2000,
					    .within_from = ZV_FROM_GREETING_START,
					    .cli = ZV_CLI_OWN_CONTRACT,
					    .announce_each = true,
					    .n_say = 2,
					    .say = {4, 5},
					    .optout = ZV_OPTOUT_PHONE};
	bed_yes(msk("2026-03-11 12:00"));
	cr_assert_eq(t->ring_min_ms, 15000);
	cr_assert_eq(t->agent_within_ms, 2000);
	cr_assert_eq(t->within_from, ZV_FROM_GREETING_START);
	cr_assert_eq(t->play_within_ms, 2000);
	cr_assert_eq(t->cli, ZV_CLI_SHOWN | ZV_CLI_OWN_CONTRACT);
	cr_assert_eq(t->label_max, 32);
	cr_assert_eq(t->n_say, 3);
	cr_assert_eq(t->optout, ZV_OPTOUT_IVR);
	cr_assert(t->announce_each);
}
