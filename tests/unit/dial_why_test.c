/* Why a campaign does not dial: one cause at a time is set up, and named. */
#include "dial_bed.h"
#include "dial/why.h"

static const struct zv_why_one *why(struct bed *b, enum zv_why_not reason)
{
	static struct zv_why all;

	cr_assert_eq(zv_engine_why(b->engine, 7, &all), ZV_OK);
	cr_assert_leq(all.n, ZV_WHY_MOST);
	for (uint32_t i = 0; i < all.n; i++)
		if (all.v[i].reason == reason)
			return &all.v[i];
	return NULL;
}

static uint32_t first(struct bed *b)
{
	struct zv_why all;

	cr_assert_eq(zv_engine_why(b->engine, 7, &all), ZV_OK);
	return all.n == 0 ? 0 : all.v[0].reason;
}

Test(why, a_campaign_that_nobody_knows_has_no_reasons)
{
	struct bed *b = bed_create(1);
	struct zv_why all;

	bed_open(b);
	cr_expect_eq(zv_engine_why(b->engine, 99, &all), ZV_ENOENT);
	bed_destroy(b);
}

Test(why, every_reason_has_a_name_of_its_own)
{
	for (int i = 1; i < ZV_NOT_MAX; i++) {
		cr_assert_str_neq(zv_why_name((enum zv_why_not)i), "unknown", "reason %d", i);
		for (int k = 1; k < i; k++)
			cr_assert_str_neq(zv_why_name((enum zv_why_not)i), zv_why_name((enum zv_why_not)k));
	}
	cr_expect_str_eq(zv_why_name(ZV_NOT_MAX), "unknown");
}

Test(why, the_house_comes_first)
{
	struct bed *b = bed_create(1);

	bed_open(b);
	cr_expect_eq(first(b), ZV_NOT_STARTED);
	bed_start(b, 7);
	cr_expect_neq(first(b), ZV_NOT_STARTED);
	bed_step(b, (struct zv_event){.type = ZV_EV_STORE_STATE});
	cr_expect_eq(first(b), ZV_NOT_STORE);
	bed_step(b, (struct zv_event){.type = ZV_EV_STORE_STATE, .u.state.on = 1});
	bed_step(b, (struct zv_event){.type = ZV_EV_LOAD, .u.state.on = 1});
	cr_expect_eq(first(b), ZV_NOT_OVERLOADED);
	bed_step(b, (struct zv_event){.type = ZV_EV_LOAD});
	bed_step(b, (struct zv_event){.type = ZV_EV_CLOCK_STEP, .u.due = b->now.mono_ms + 5000});
	cr_assert_eq(first(b), ZV_NOT_CLOCK);
	cr_expect_eq(why(b, ZV_NOT_CLOCK)->until_ms, b->now.cal_ms + 4999);
	bed_tick(b, 6000);
	cr_expect_null(why(b, ZV_NOT_CLOCK));
	bed_step(b, (struct zv_event){.type = ZV_EV_DRAIN, .u.state.on = 1});
	cr_expect_eq(first(b), ZV_NOT_DRAINING);
	bed_destroy(b);
}

static void load(struct bed *b, uint32_t who, uint32_t on)
{
	bed_step(b, (struct zv_event){.type = ZV_EV_LOAD, .code = who, .u.state.on = on});
}

Test(why, all_that_could_not_keep_up_must_keep_up_again)
{
	struct bed *b = bed_create(1);
	struct zv_engine_stats stats;

	bed_open(b);
	bed_start(b, 7);
	load(b, 0, 1);
	load(b, 2, 1);
	load(b, 0, 0);
	cr_expect_eq(first(b), ZV_NOT_OVERLOADED, "a signalling thread is still late");
	load(b, 2, 1);
	load(b, 2, 0);
	cr_expect_neq(first(b), ZV_NOT_OVERLOADED);
	load(b, 99, 1);
	cr_expect_neq(first(b), ZV_NOT_OVERLOADED, "nobody of that number");
	zv_engine_get_stats(b->engine, &stats);
	cr_expect_eq(stats.overloads, 1, "one time of trouble, %lu", (unsigned long)stats.overloads);
	bed_destroy(b);
}

Test(why, leads_that_are_due_later_are_counted_with_the_next)
{
	struct bed *b = bed_create(1);
	struct zv_offer *o;
	int64_t due_ms;

	bed_open(b);
	bed_start(b, 7);
	bed_ready(b, 0);
	cr_assert_not_null(why(b, ZV_NOT_NO_LEADS));
	bed_step(b, (struct zv_event){.type = ZV_EV_DUE_HINT, .u.hint.due_ms = b->now.cal_ms + 500000});
	cr_expect_eq(why(b, ZV_NOT_NO_LEADS)->until_ms, b->now.cal_ms + 499999);
	due_ms = b->now.cal_ms + 60000;
	for (uint32_t i = 1; i <= 3; i++) {
		o = bed_fill(b, i, 7);
		o->due_ms = due_ms + i;
		bed_send(b, o);
	}
	bed_tick(b, 500);
	cr_assert_not_null(why(b, ZV_NOT_DUE_YET));
	cr_expect_eq(why(b, ZV_NOT_DUE_YET)->count, 3);
	cr_expect_eq(why(b, ZV_NOT_DUE_YET)->until_ms, due_ms + 1);
	cr_expect_eq(why(b, ZV_NOT_NO_LEADS)->until_ms, due_ms + 1);
	bed_destroy(b);
}

Test(why, a_call_back_that_waits_for_its_agent_is_counted_as_such)
{
	struct bed *b = bed_create(2);
	struct zv_offer *o;

	bed_open(b);
	bed_start(b, 7);
	bed_agent(b, 0, ZV_AD_LOGIN);
	o = bed_fill(b, 1, 7);
	o->due_class = ZV_DUE_CALLBACK;
	o->due_ms = b->now.cal_ms + 5000;
	o->owner = 1 + 100;
	bed_send(b, o);
	cr_assert_not_null(why(b, ZV_NOT_OWNER));
	cr_expect_eq(why(b, ZV_NOT_OWNER)->count, 1);
	cr_expect_null(why(b, ZV_NOT_DUE_YET));
	bed_destroy(b);
}

Test(why, refusals_of_the_law_are_counted_by_rule_with_the_first_end)
{
	struct bed *b = bed_create(0);
	int64_t open_ms;

	b->conf.campaigns[0].pace = 0;
	set_hours(&b->set, 9 * 60, 21 * 60);
	bed_open(b);
	b->now.cal_ms = b->now.cal_ms / SET_DAY_MS * SET_DAY_MS + 22 * SET_HOUR_MS;
	open_ms = b->now.cal_ms + 11 * SET_HOUR_MS;
	bed_start(b, 7);
	for (uint32_t i = 1; i <= 5; i++)
		bed_send(b, bed_fill(b, i, 7));
	bed_tick(b, 500);
	cr_assert_not_null(why(b, ZV_NOT_RULE));
	cr_expect_eq(why(b, ZV_NOT_RULE)->detail, ZV_BLOCKED_HOURS);
	cr_expect_eq(why(b, ZV_NOT_RULE)->count, 5);
	cr_expect_eq(why(b, ZV_NOT_RULE)->until_ms, open_ms);
	bed_tick(b, 3600000);
	cr_assert_not_null(why(b, ZV_NOT_RULE), "it binds until the morning");
	cr_expect_eq(why(b, ZV_NOT_RULE)->count, 0);
	bed_tick(b, 12 * 3600000);
	cr_expect_null(why(b, ZV_NOT_RULE), "what stands in nobody's way is forgotten");
	bed_destroy(b);
}

Test(why, the_campaigns_own_hours_are_told_apart_from_the_laws)
{
	struct bed *b = bed_create(0);

	b->conf.campaigns[0].pace = 0;
	for (int i = 0; i < 7; i++)
		b->conf.campaigns[0].hours[i] = (struct zv_day_hours){600, 660};
	bed_open(b);
	b->now.cal_ms = b->now.cal_ms / SET_DAY_MS * SET_DAY_MS + 9 * SET_HOUR_MS;
	bed_start(b, 7);
	bed_send(b, bed_fill(b, 1, 7));
	cr_assert_not_null(why(b, ZV_NOT_HOURS));
	cr_expect_eq(why(b, ZV_NOT_HOURS)->count, 1);
	cr_expect_eq(why(b, ZV_NOT_HOURS)->until_ms / 1000 * 1000,
		     b->now.cal_ms / SET_DAY_MS * SET_DAY_MS + 10 * SET_HOUR_MS);
	cr_expect_null(why(b, ZV_NOT_RULE));
	bed_destroy(b);
}

Test(why, full_lines_and_trunks_are_named)
{
	struct bed *b = bed_create(0);

	b->conf.campaigns[0].pace = 0;
	b->conf.campaigns[0].max_calls = 10;
	b->conf.trunks[0].channels = 6;
	bed_open(b);
	bed_start(b, 7);
	cr_expect_null(why(b, ZV_NOT_TRUNK_FULL));
	for (uint32_t i = 1; i <= 30; i++)
		bed_send(b, bed_fill(b, i, 7));
	bed_tick(b, 100);
	cr_assert_not_null(why(b, ZV_NOT_TRUNK_FULL));
	cr_expect_eq(why(b, ZV_NOT_IN_FLIGHT)->count, 6);
	cr_expect_null(why(b, ZV_NOT_LIMIT));
	bed_step(b, (struct zv_event){.type = ZV_EV_TRUNK});
	cr_expect_not_null(why(b, ZV_NOT_TRUNK_DOWN));
	cr_expect_null(why(b, ZV_NOT_TRUNK_FULL));
	bed_destroy(b);
}

Test(why, the_campaigns_limit_and_its_caller_numbers_are_named)
{
	struct bed *b = bed_create(0);

	b->conf.campaigns[0].pace = 0;
	b->conf.campaigns[0].max_calls = 3;
	b->conf.campaigns[0].caller_daily_cap = 5;
	bed_open(b);
	bed_start(b, 7);
	for (uint32_t i = 1; i <= 20; i++)
		bed_send(b, bed_fill(b, i, 7));
	cr_assert_not_null(why(b, ZV_NOT_LIMIT));
	cr_expect_eq(why(b, ZV_NOT_LIMIT)->count, 3);
	cr_expect_null(why(b, ZV_NOT_CALLERS));
	for (uint32_t i = 0; i < 3; i++)
		bed_no_answer(b, (struct zv_leg_id){i, 1});
	bed_tick(b, 100);
	cr_assert_not_null(why(b, ZV_NOT_CALLERS));
	cr_expect_geq(why(b, ZV_NOT_CALLERS)->count, 10);
	cr_expect_eq(why(b, ZV_NOT_CALLERS)->until_ms % SET_DAY_MS, 0);
	bed_destroy(b);
}

Test(why, agents_are_told_by_what_they_do_and_the_pacer_by_its_own_reason)
{
	struct bed *b = bed_create(3);

	bed_open(b);
	bed_start(b, 7);
	for (uint32_t i = 1; i <= 20; i++)
		bed_send(b, bed_fill(b, i, 7));
	cr_assert_not_null(why(b, ZV_NOT_NO_AGENTS));
	cr_expect_eq(why(b, ZV_NOT_NO_AGENTS)->count, 0);
	bed_agent(b, 0, ZV_AD_LOGIN);
	cr_expect_eq(why(b, ZV_NOT_NO_AGENTS)->count, 1, "one who is paused");
	bed_agent(b, 0, ZV_AD_READY);
	cr_expect_null(why(b, ZV_NOT_NO_AGENTS));
	bed_tick(b, 1100);
	bed_tick(b, 1100);
	cr_assert_not_null(why(b, ZV_NOT_PACER));
	cr_expect_eq(why(b, ZV_NOT_PACER)->detail, ZV_WHY_ENOUGH);
	cr_expect_eq(why(b, ZV_NOT_IN_FLIGHT)->count, 1);
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, (struct zv_leg_id){0, 1}, 200));
	cr_assert_not_null(why(b, ZV_NOT_NO_IDLE));
	cr_expect_eq(why(b, ZV_NOT_NO_IDLE)->count, 1);
	bed_destroy(b);
}
