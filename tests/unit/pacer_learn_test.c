/* The pacer's estimators, fed with people whose chances and times the test makes up. */
#include <criterion/criterion.h>

#include "base/num.h"
#include "dial/pacing/answer.h"
#include "dial/pacing/curve.h"
#include "dial/pacing/release.h"

static struct zv_rng rng;

/* n calls that ended, one in so many with an answer by chance; in one cell. */
static void calls(struct zv_answer *a, uint16_t cell, int n, double p)
{
	for (int i = 0; i < n; i++) {
		zv_answer_tell(a, cell, zv_rng_uniform(&rng) < p, 1);
		if (i % 8 == 7)
			zv_answer_flush(a);
	}
	zv_answer_flush(a);
}

Test(pacer_learn, with_no_data_a_call_has_a_modest_chance)
{
	struct zv_answer a;

	cr_assert_eq(zv_answer_init(&a, 4000), ZV_OK);
	cr_assert_float_eq((double)zv_answer_chance(&a, zv_answer_cell(&a, 0, 0, 0, 9)), 0.2, 0.01);
	cr_assert_gt((double)zv_answer_error(&a, 0), 0.5, "and nothing is sure");
	zv_answer_fini(&a);
}

Test(pacer_learn, a_new_cell_believes_its_parent_and_then_itself)
{
	struct zv_answer a;
	uint16_t old, fresh;

	zv_rng_init(&rng, 1, 1);
	cr_assert_eq(zv_answer_init(&a, 4000), ZV_OK);
	old = zv_answer_cell(&a, 0, 0, 0, 9);
	calls(&a, old, 2000, 0.1);
	cr_assert_float_eq((double)zv_answer_chance(&a, old), 0.1, 0.02);
	fresh = zv_answer_cell(&a, 0, 1, 0, 9);
	cr_assert_neq(fresh, old);
	cr_assert_float_eq((double)zv_answer_chance(&a, fresh), 0.1, 0.02, "like the others, at first");
	calls(&a, fresh, 800, 0.5);
	cr_assert_float_eq((double)zv_answer_chance(&a, fresh), 0.5, 0.06);
	cr_assert_float_eq((double)zv_answer_chance(&a, old), 0.1, 0.03, "the other list stays what it is");
	zv_answer_fini(&a);
}

Test(pacer_learn, a_step_is_noticed_within_a_minute_at_thirty_calls_a_second)
{
	struct zv_answer a;
	uint16_t cell;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		zv_rng_init(&rng, seed, 2);
		cr_assert_eq(zv_answer_init(&a, 4000), ZV_OK);
		cell = zv_answer_cell(&a, 0, 0, 0, 12);
		calls(&a, cell, 20000, 0.1);
		cr_assert_float_eq((double)zv_answer_chance(&a, cell), 0.1, 0.02);
		calls(&a, cell, 30 * 60, 0.5);
		cr_assert_float_eq((double)zv_answer_chance(&a, cell), 0.5, 0.06, "seed %d", (int)seed);
		cr_assert_geq(a.steps, 1);
		calls(&a, cell, 20000, 0.5);
		calls(&a, cell, 30 * 60, 0.1);
		cr_assert_float_eq((double)zv_answer_chance(&a, cell), 0.1, 0.04, "and back, seed %d", (int)seed);
		zv_answer_fini(&a);
	}
}

Test(pacer_learn, chance_alone_is_hardly_ever_taken_for_a_step)
{
	struct zv_answer a;
	uint32_t steps = 0;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		zv_rng_init(&rng, seed, 3);
		cr_assert_eq(zv_answer_init(&a, 4000), ZV_OK);
		calls(&a, zv_answer_cell(&a, 0, 0, 0, 12), 30000, 0.3);
		steps += a.steps;
		zv_answer_fini(&a);
	}
	cr_assert_leq(steps, 6, "%u in 600,000 calls", steps);
}

Test(pacer_learn, cells_beyond_the_room_count_in_their_parent)
{
	struct zv_answer a;

	cr_assert_eq(zv_answer_init(&a, 4000), ZV_OK);
	for (uint32_t list = 0; list < 4096; list++)
		for (uint8_t hour = 0; hour < 24; hour++)
			cr_assert_lt(zv_answer_cell(&a, 0, (uint16_t)list, 0, hour), ZV_CELLS_MAX);
	cr_assert_lt(a.n_cells, ZV_CELLS_MAX);
	zv_answer_fini(&a);
}

/* Calls that are answered after exactly ten seconds, by a third; the others ring for 28. */
static void ring_tenners(struct zv_curve *c, int n)
{
	for (int i = 0; i < n; i++) {
		if (i % 3 == 0) {
			zv_curve_passed(c, 0, 20);
			zv_curve_wish(c, 20);
		} else {
			zv_curve_passed(c, 0, 56);
			zv_curve_other(c, 56);
		}
	}
	zv_curve_build(c, ZV_CURVE_BINS);
}

Test(pacer_learn, the_curve_knows_when_people_answer)
{
	static struct zv_curve c;
	struct zv_grid_term term;
	struct zv_curve_view view;

	zv_curve_init(&c, 12000, 3000);
	ring_tenners(&c, 3000);
	cr_assert_float_eq((double)c.mean_ms, 10250, 300);
	zv_curve_term(&c, 0, 1 / 3.0f, &term, &view);
	cr_assert_lt(term.q[4], 0.02 * ZV_GRID_ONE, "by 9 s nobody");
	cr_assert_gt(term.q[5], 0.30 * ZV_GRID_ONE, "by 11 s all who will");
	cr_assert_float_eq((double)view.later, 0.333, 0.01);
	zv_curve_term(&c, 30, 1 / 3.0f, &term, &view);
	cr_assert_lt((double)view.later, 0.02, "one that has rung 15 s will not be answered");
	cr_assert_gt((double)view.exposure, 0.9, "and is a no by now");
}

Test(pacer_learn, exposure_adds_up_to_the_answers_whatever_is_still_ringing)
{
	/* answers less chance times exposure is a fair game at every age: no lag, no lead */
	static struct zv_curve c;
	double answers = 0, exposure = 0;
	struct zv_grid_term term;
	struct zv_curve_view view;

	zv_curve_init(&c, 12000, 3000);
	ring_tenners(&c, 3000);
	for (int i = 0; i < 3000; i++) {
		int age = i % 40; /* half seconds */

		if (i % 3 == 0 && age > 20) {
			answers += 1;
			exposure += 1;
			continue;
		}
		zv_curve_term(&c, (uint32_t)age, 1 / 3.0f, &term, &view);
		exposure += (double)view.exposure;
	}
	cr_assert_float_eq(answers / exposure, 1 / 3.0, 0.02, "%g", answers / exposure);
}

/* Talks of a lognormal length. */
static void talks(struct zv_release *r, int n, double mean_s)
{
	for (int i = 0; i < n; i++) {
		int64_t ms = (int64_t)(zv_rng_lognormal(&rng, mean_s, 0.9) * 1000);

		zv_release_spent(r, 0, 0, 0, ms, 1);
		zv_release_spent(r, 0, 1, 0, (int64_t)(zv_rng_lognormal(&rng, 15, 0.5) * 1000), 1);
	}
	zv_release_build(r);
}

static double busy_after(const struct zv_release *r, float age_s, int g)
{
	struct zv_busy_agent a = {.age_s = age_s, .grid_step = 1, .pace = 1};
	struct zv_grid_term term;

	zv_release_term(r, &a, &term);
	return term.q[g] / (double)ZV_GRID_ONE;
}

/* The judge: the same chance counted over a hundred thousand made-up agents. */
static double busy_truth(double mean_s, double age_s, double after_s)
{
	int still = 0, of = 0;

	for (int i = 0; i < 100000; i++) {
		double talk = zv_rng_lognormal(&rng, mean_s, 0.9), wrap = zv_rng_lognormal(&rng, 15, 0.5);

		if (talk < age_s)
			continue;
		of++;
		still += talk + wrap > age_s + after_s;
	}
	return (double)still / of;
}

Test(pacer_learn, an_agent_is_free_when_counting_says_so)
{
	static const float ages[] = {0, 10, 30, 60, 120};
	struct zv_release r;

	zv_rng_init(&rng, 5, 1);
	cr_assert_eq(zv_release_init(&r, 1, 2), ZV_OK);
	talks(&r, 2000, 45);
	for (int i = 0; i < 5; i++) {
		for (int g = 3; g < ZV_GRID; g += 4) {
			double after_s = zv_grid_at_hs[g] / 2.0, is = busy_after(&r, ages[i], g);
			double truth = busy_truth(45, (double)ages[i], after_s);

			cr_assert_float_eq(is, truth, 0.06, "age %g, after %g s: %g, counted %g", (double)ages[i],
					   after_s, is, truth);
		}
	}
	zv_release_fini(&r);
}

Test(pacer_learn, a_slow_agent_is_known_after_some_talks_and_equal_ones_are_left_equal)
{
	struct zv_pace paces[20] = {0};
	struct zv_release r;

	zv_rng_init(&rng, 6, 1);
	cr_assert_eq(zv_release_init(&r, 1, 2), ZV_OK);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 60; i++) {
			for (int a = 0; a < 20; a++) {
				double slow = round == 1 && a < 10 ? 2 : 1;

				zv_release_pace(&r, &paces[a],
						(int64_t)(zv_rng_lognormal(&rng, 60 * slow, 0.6) * 1000));
			}
			zv_release_spread(&r, paces, sizeof(paces[0]), 20);
		}
		if (round == 0) {
			for (int a = 0; a < 20; a++)
				cr_assert_float_eq((double)paces[a].pace, 1, 0.12, "agent %d", a);
		}
	}
	for (int a = 0; a < 20; a++)
		cr_assert(a < 10 ? paces[a].pace > 1.1f : paces[a].pace < 1.05f, "agent %d: %g", a, (double)paces[a].pace);
	zv_release_fini(&r);
}

/* The judge: the exact distribution by adding one coin after the other. */
static double exact_tail(const double *q, int n, int at_least)
{
	double p[64] = {1}, sum = 0;

	for (int i = 0; i < n; i++)
		for (int k = i + 1; k >= 0; k--)
			p[k] = p[k] * (1 - q[i]) + (k > 0 ? p[k - 1] * q[i] : 0);
	for (int k = at_least; k <= n; k++)
		sum += p[k];
	return sum;
}

Test(pacer_learn, the_tail_of_a_sum_of_coins_is_near_the_exact_one)
{
	zv_rng_init(&rng, 7, 1);
	for (int round = 0; round < 300; round++) {
		int n = 8 + (int)zv_rng_index(&rng, 50);
		double q[64], m = 0, v = 0, k3 = 0;

		for (int i = 0; i < n; i++) {
			q[i] = zv_rng_uniform(&rng) * (round % 2 ? 0.3 : 1);
			m += q[i];
			v += q[i] * (1 - q[i]);
			k3 += q[i] * (1 - q[i]) * (1 - 2 * q[i]);
		}
		for (int k = (int)m + 1; k < (int)m + 6 && k <= n; k++) {
			double exact = exact_tail(q, n, k), is = (double)zv_coin_tail((float)k, (float)m, (float)v, (float)k3);

			cr_assert_float_eq(is, exact, 0.02, "%d coins, mean %g, at least %d: %g, exact %g", n, m, k, is,
					   exact);
		}
	}
}

Test(pacer_learn, what_is_taken_out_of_the_sums_is_what_was_put_in)
{
	struct zv_grid g = {0}, zero = {0};
	struct zv_grid_term terms[200];

	zv_rng_init(&rng, 8, 1);
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < ZV_GRID; k++)
			terms[i].q[k] = (uint16_t)zv_rng_index(&rng, ZV_GRID_ONE + 1);
		zv_grid_add(&g, &terms[i]);
	}
	for (int i = 199; i >= 0; i--)
		zv_grid_take(&g, &terms[(i * 7) % 200]);
	cr_assert_arr_eq(&g, &zero, sizeof(g));
}
