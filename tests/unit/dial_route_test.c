#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dial/event.h"
#include "dial/route/outcome.h"
#include "dial/route/route.h"

static struct zv_engine_conf *conf;
static struct zv_router router;

static struct zv_trunk_conf *trunk(uint32_t i)
{
	return &conf->trunks[i];
}

static void set_up(void)
{
	conf = calloc(1, sizeof(*conf));
	conf->n_trunks = 3;
	for (uint32_t i = 0; i < 3; i++)
		*trunk(i) = (struct zv_trunk_conf){.enabled = true, .cps = 10, .channels = 100,
						   .weight = 1, .cost = 10};
	zv_router_init(&router, conf);
}

static void tear_down(void)
{
	free(conf);
}

TestSuite(route, .init = set_up, .fini = tear_down);

static int take(uint64_t called, uint64_t tried, int64_t mono_ms)
{
	struct zv_route_ask ask = {.called = called, .tried = tried, .mono_ms = mono_ms};
	uint16_t id;
	int64_t again;

	switch (zv_route_take(&router, &ask, &id, &again)) {
	case ZV_ROUTE_OK: return id;
	case ZV_ROUTE_BUSY: return -1;
	case ZV_ROUTE_NONE: return -2;
	}
	return -3;
}

Test(route, priority_then_prefix_then_cost_decide)
{
	trunk(0)->priority = 1;
	trunk(2)->cost = 5;
	cr_assert_eq(take(79161234567, 0, 10000), 2, "the cheaper of the first priority");
	trunk(1)->prefixes[0] = (struct zv_prefix){7916, 4};
	trunk(1)->n_prefixes = 1;
	cr_assert_eq(take(79161234567, 0, 20000), 1, "the longer prefix");
	cr_assert_eq(take(79171234567, 0, 30000), 2, "which fits only its own numbers");
}

Test(route, a_number_that_no_trunk_serves_is_told_from_a_busy_trunk)
{
	for (uint32_t i = 0; i < 3; i++) {
		trunk(i)->prefixes[0] = (struct zv_prefix){7, 1};
		trunk(i)->n_prefixes = 1;
	}
	cr_assert_eq(take(380671234567, 0, 10000), -2);
	for (uint32_t i = 0; i < 3; i++)
		zv_route_state(&router, (uint16_t)i, ZV_TRUNK_DOWN, 0, 0);
	cr_assert_eq(take(79161234567, 0, 10000), -1);
}

Test(route, weights_share_the_calls_exactly)
{
	uint32_t got[3] = {0};

	trunk(0)->weight = 5;
	trunk(1)->weight = 3;
	trunk(2)->weight = 2;
	for (int i = 0; i < 100; i++) {
		int id = take(79161234567, 0, 100000 + i * 1000);

		cr_assert_geq(id, 0);
		got[id]++;
		zv_route_heard(&router, (uint16_t)id);
		zv_route_give(&router, (uint16_t)id);
	}
	cr_assert_eq(got[0], 50);
	cr_assert_eq(got[1], 30);
	cr_assert_eq(got[2], 20);
}

Test(route, a_stall_is_not_caught_up)
{
	uint32_t n = 0;

	conf->n_trunks = 1;
	trunk(0)->cps = 100;
	for (int i = 0; i < 50; i++)
		n += take(79161234567, 0, 60000) == 0;
	cr_assert_leq(n, 5, "%u calls at once after a minute of rest", n);
}

Test(route, the_rate_is_kept_over_ten_seconds)
{
	uint32_t n = 0;

	conf->n_trunks = 1;
	trunk(0)->cps = 37;
	trunk(0)->channels = 10000;
	for (int64_t t = 1000; t < 11000; t++) {
		if (take(79161234567, 0, t) == 0) {
			n++;
			zv_route_heard(&router, 0);
		}
	}
	cr_assert(n >= 369 && n <= 372, "%u calls in ten seconds at 37 a second", n);
}

Test(route, invites_without_an_answer_are_capped_and_an_answer_makes_room)
{
	conf->n_trunks = 1;
	trunk(0)->cps = 1000;
	trunk(0)->unanswered_max = 2;
	cr_assert_eq(take(79161234567, 0, 1000), 0);
	cr_assert_eq(take(79161234567, 0, 2000), 0);
	cr_assert_eq(take(79161234567, 0, 3000), -1);
	zv_route_heard(&router, 0);
	cr_assert_eq(take(79161234567, 0, 4000), 0);
}

Test(route, channels_tried_trunks_and_retry_after_are_respected)
{
	trunk(0)->channels = 1;
	cr_assert_eq(take(79161234567, 6, 1000), 0);
	cr_assert_eq(take(79161234567, 6, 2000), -1, "its one channel is in use");
	zv_route_give(&router, 0);
	zv_route_heard(&router, 0);
	zv_route_state(&router, 0, ZV_TRUNK_SLOW, 5, 2000);
	cr_assert_eq(take(79161234567, 6, 6999), -1, "it asked for five seconds");
	cr_assert_eq(take(79161234567, 6, 7000), 0);
}

Test(route, a_person_sees_the_same_caller_number_until_the_cap)
{
	struct zv_campaign_conf c = {.n_callers = 3, .callers = {74950000001, 74950000002, 74950000003},
				     .caller_daily_cap = 2};
	uint64_t first = zv_route_caller(&router, &c, 0, 42, 1000);

	cr_assert_eq(zv_route_caller(&router, &c, 0, 42, 2000), first);
	cr_assert_neq(zv_route_caller(&router, &c, 0, 42, 3000), first, "the cap of the day is reached");
	for (int i = 0; i < 3; i++)
		cr_assert_neq(zv_route_caller(&router, &c, 0, 42, 4000), 0);
	cr_assert_eq(zv_route_caller(&router, &c, 0, 42, 5000), 0, "all numbers are used up");
	cr_assert_eq(zv_route_caller(&router, &c, 0, 42, 86400000), first, "a new day");
}

Test(route, a_failed_over_call_borrows_from_the_rate_and_new_ones_pay_it_back)
{
	struct zv_route_ask ask = {.called = 79161234567, .mono_ms = 60000, .borrow = true};
	uint32_t n = 0;
	uint16_t id;
	int64_t again;

	conf->n_trunks = 1;
	trunk(0)->cps = 100;
	trunk(0)->unanswered_max = 1000;
	while (take(79161234567, 0, 60000) == 0)
		;
	while (zv_route_take(&router, &ask, &id, &again) == ZV_ROUTE_OK)
		n++;
	cr_assert_eq(n, 10, "%u borrowed of a tenth of a second at 100 a second", n);
	cr_assert_eq(take(79161234567, 0, 60090), -1, "the debt is not paid yet");
	cr_assert_eq(take(79161234567, 0, 60120), 0);
}

Test(route, calls_of_before_a_restart_count_for_the_cap)
{
	struct zv_campaign_conf c = {.n_callers = 1, .callers = {74950000001}, .caller_daily_cap = 3};

	zv_route_count_caller(&router, 74950000001, 500); /* the day before */
	zv_route_count_caller(&router, 74950000001, 86400000);
	zv_route_count_caller(&router, 74950000001, 86400001);
	zv_route_count_caller(&router, 74950000001, 900); /* told late: that day is over */
	cr_assert_neq(zv_route_caller(&router, &c, 0, 42, 86400002), 0);
	cr_assert_eq(zv_route_caller(&router, &c, 0, 42, 86400003), 0);
}

Test(route, codes_and_causes_give_the_outcomes_that_the_standards_mean)
{
	static const struct { uint16_t code, q850; enum zv_outcome want; } rows[] = {
		{404, 1, ZV_OUT_UNREACHABLE}, {480, 20, ZV_OUT_UNREACHABLE},
		{480, 19, ZV_OUT_NO_ANSWER},  {486, 17, ZV_OUT_BUSY}, {486, 0, ZV_OUT_BUSY},
		{603, 0, ZV_OUT_REJECTED},    {603, 21, ZV_OUT_REJECTED},
		{503, 0, ZV_OUT_FAILED},      {503, 1, ZV_OUT_UNREACHABLE},
		{500, 41, ZV_OUT_FAILED},     {302, 0, ZV_OUT_FAILED}, {488, 0, ZV_OUT_FAILED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct zv_end_facts f = {.sip_code = rows[i].code, .q850 = rows[i].q850,
					 .heard_any = true};

		cr_assert_eq(zv_outcome_of(trunk(0), &f), rows[i].want, "%u/%u", rows[i].code,
			     rows[i].q850);
	}
}

Test(route, an_operator_overrides_a_code_a_trunk)
{
	struct zv_end_facts f = {.sip_code = 480, .heard_any = true};

	trunk(0)->n_overrides = 1;
	trunk(0)->overrides[0] = (struct zv_outcome_row){480, 0, ZV_OUT_NO_ANSWER};
	cr_assert_eq(zv_outcome_of(trunk(0), &f), ZV_OUT_NO_ANSWER);
	cr_assert_eq(zv_outcome_of(trunk(1), &f), ZV_OUT_UNREACHABLE);
}

Test(route, another_trunk_is_tried_for_the_trunks_faults_only)
{
	struct zv_end_facts f = {.sip_code = 503, .heard_any = true};

	cr_assert(zv_outcome_other_trunk(&f, zv_outcome_of(trunk(0), &f)));
	f.q850 = 17;
	cr_assert_not(zv_outcome_other_trunk(&f, zv_outcome_of(trunk(0), &f)));
	f = (struct zv_end_facts){.sip_code = 408, .local = true};
	cr_assert(zv_outcome_other_trunk(&f, zv_outcome_of(trunk(0), &f)));
	f = (struct zv_end_facts){.sip_code = 487, .cancelled = true, .heard_any = true};
	cr_assert_not(zv_outcome_other_trunk(&f, zv_outcome_of(trunk(0), &f)));
	cr_assert_eq(zv_outcome_of(trunk(0), &f), ZV_OUT_NO_ANSWER);
}
