/* The budget: does it hold a window's limit, whatever the world makes of its theta? */
#include <criterion/criterion.h>
#include <string.h>

#include "base/num.h"
#include "dial/pacing/budget.h"

static struct zv_pacer_settings settings;
static struct zv_pacer_in in;

static void begin(uint8_t window, int64_t end_ms, int64_t later_ms)
{
	memset(&settings, 0, sizeof(settings));
	memset(&in, 0, sizeof(in));
	settings.n_rules = 1;
	settings.rules[0] = (struct zv_pacer_rule){
		.limit_ppm = 30000, .window = window, .end_ms = end_ms, .later_ms = later_ms};
}

/* A day of one answer a second in a world where a call is abandoned with `harm` times theta. */
static void run(struct zv_budget *b, struct zv_rng *rng, int seconds, double harm)
{
	for (int s = 0; s < seconds; s++) {
		int abandoned;

		in.now_ms += 1000;
		zv_budget_look(b, &(struct zv_budget_look){.settings = &settings, .in = &in, .answers_per_s = 1});
		abandoned = zv_rng_uniform(rng) < harm * (double)zv_budget_theta(b);
		in.count[0].answered++;
		in.count[0].abandoned += (uint64_t)abandoned;
		zv_budget_answer(b, abandoned, b->affordable < 1 ? -1 : zv_budget_theta(b));
	}
}

static double share(void)
{
	return 100.0 * (double)in.count[0].abandoned / (double)in.count[0].answered;
}

Test(pacer_budget, a_day_ends_just_under_the_limit_whatever_theta_is_worth)
{
	static const double harms[] = {0.1, 0.3, 1, 3};

	for (int h = 0; h < 4; h++) {
		for (uint64_t seed = 1; seed <= 50; seed++) {
			struct zv_budget b;
			struct zv_rng rng;

			zv_rng_init(&rng, seed, 1);
			zv_budget_init(&b);
			begin(ZV_PACER_DAY, 10000000, 0);
			run(&b, &rng, 10000, harms[h]);
			cr_assert_leq(share(), 3.0, "harm %g seed %d: %g %%", harms[h], (int)seed, share());
			cr_assert_geq(share(), 2.6, "harm %g seed %d: %g %%", harms[h], (int)seed, share());
		}
	}
}

Test(pacer_budget, a_world_that_turns_bad_in_the_middle_is_paid_for_before_the_end)
{
	struct zv_budget b;
	struct zv_rng rng;

	zv_rng_init(&rng, 9, 1);
	zv_budget_init(&b);
	begin(ZV_PACER_DAY, 10000000, 0);
	run(&b, &rng, 5000, 0.3);
	run(&b, &rng, 5000, 10);
	cr_assert_leq(share(), 3.0, "%g %%", share());
}

Test(pacer_budget, a_used_up_budget_leaves_almost_no_risk)
{
	struct zv_budget b;

	zv_budget_init(&b);
	begin(ZV_PACER_DAY, 1000000, 0);
	in.now_ms = 990000;
	in.count[0] = (struct zv_pacer_count){.answered = 1000, .abandoned = 30};
	zv_budget_look(&b, &(struct zv_budget_look){.settings = &settings, .in = &in, .answers_per_s = 1});
	cr_assert_lt((double)zv_budget_theta(&b), 0.001);
	in.count[0].abandoned = 10;
	zv_budget_look(&b, &(struct zv_budget_look){.settings = &settings, .in = &in, .answers_per_s = 1});
	cr_assert_gt((double)zv_budget_theta(&b), 0.01);
}

Test(pacer_budget, a_block_of_thirty_days_is_held_day_after_day)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct zv_budget b;
		struct zv_rng rng;

		zv_rng_init(&rng, seed, 2);
		zv_budget_init(&b);
		begin(ZV_PACER_BLOCK, 0, 0);
		for (int day = 0; day < 30; day++) {
			settings.rules[0].end_ms = in.now_ms + 2000000;
			settings.rules[0].later_ms = (29 - day) * INT64_C(2000000);
			run(&b, &rng, 2000, 1);
		}
		cr_assert_leq(share(), 3.0, "seed %d: %g %%", (int)seed, share());
		cr_assert_geq(share(), 2.8, "seed %d: %g %%", (int)seed, share());
	}
}

Test(pacer_budget, of_two_rules_the_tighter_one_counts)
{
	struct zv_budget b;

	zv_budget_init(&b);
	begin(ZV_PACER_DAY, 10000000, 0);
	settings.n_rules = 2;
	settings.rules[1] = (struct zv_pacer_rule){.limit_ppm = 10000, .window = ZV_PACER_DAY, .end_ms = 10000000};
	in.count[0] = in.count[1] = (struct zv_pacer_count){.answered = 5000, .abandoned = 100};
	zv_budget_look(&b, &(struct zv_budget_look){.settings = &settings, .in = &in, .answers_per_s = 0.1f});
	cr_assert_lt((double)zv_budget_theta(&b), 0.001, "2 %% is over the second rule's 1 %%");
	cr_assert_float_eq((double)b.tau, 0, 1e-6);
}

Test(pacer_budget, without_a_limit_nothing_is_held_back)
{
	struct zv_budget b;

	zv_budget_init(&b);
	begin(ZV_PACER_DAY, 10000000, 0);
	settings.rules[0].limit_ppm = 1000000;
	in.count[0] = (struct zv_pacer_count){.answered = 100, .abandoned = 90};
	zv_budget_look(&b, &(struct zv_budget_look){.settings = &settings, .in = &in, .answers_per_s = 1});
	cr_assert_gt((double)zv_budget_theta(&b), 0.01);
}
