#include <criterion/criterion.h>
#include <math.h>

#include "base/num.h"
#include "dial/pacing/erlang.h"
#include "erlang_rows.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Within tol of the value; a share below 1e-300 need only be as small. */
static bool near(double got, double want, double tol)
{
	return want == 0 ? fabs(got) < 1e-300 : fabs(got - want) <= tol * fabs(want);
}

/* To as many digits as are printed: within one unit of the last of 10. */
#define PRINTED 1e-9
#define EXACT 1e-9

Test(erlang, b_gives_the_values_of_the_printed_table)
{
	static const double rows[][3] = {{1, 1, 0.5}, {1, 2, 0.2}, {2, 3, 0.210526315789},
		{3, 5, 0.110054347826}, {5, 5, 0.284867821331}, {5, 10, 0.0183845703366},
		{10, 10, 0.214582343107}, {8, 10, 0.121661064253}, {20, 30, 0.00845749834019},
		{90, 100, 0.0269573804644}, {100, 100, 0.0757004527109}, {480, 500, 0.0143257807224},
		{500, 500, 0.0348477774147}, {980, 1000, 0.0138312101291},
		{1000, 1000, 0.0248119176462}, {9900, 10000, 0.00285812673886},
		{10000, 10000, 0.00793656324881}};

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect(near(zv_erlang_b(rows[i][0], rows[i][1]), rows[i][2], PRINTED),
			"B(%g, %g): %.12g", rows[i][0], rows[i][1], zv_erlang_b(rows[i][0], rows[i][1]));
}

Test(erlang, c_gives_the_values_of_the_printed_table)
{
	static const double rows[][3] = {{1, 2, 0.333333333333}, {2, 3, 0.444444444444},
		{4, 5, 0.554112554113}, {5, 8, 0.167266506662}, {8, 10, 0.409180150796},
		{9, 10, 0.668731524108}, {48, 50, 0.694455611197}, {27, 30, 0.471408369947},
		{90, 100, 0.216940480906}, {95, 100, 0.506456853913}, {480, 500, 0.266512519962},
		{495, 500, 0.748993877953}, {980, 1000, 0.412200292365},
		{9900, 10000, 0.222776928864}};

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect(near(zv_erlang_c(rows[i][0], rows[i][1]), rows[i][2], PRINTED),
			"C(%g, %g): %.12g", rows[i][0], rows[i][1], zv_erlang_c(rows[i][0], rows[i][1]));
}

Test(erlang, halfin_whitt_gives_the_values_of_the_printed_table)
{
	static const double rows[][2] = {{0.1, 0.8802870833}, {0.2, 0.7714476862}, {0.5, 0.504538641},
		{0.506, 0.5000406921}, {1, 0.2233612748}, {1.5, 0.08469039449}, {2, 0.02688136243},
		{3, 0.001477094645}};

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect(near(zv_halfin_whitt(rows[i][0]), rows[i][1], PRINTED), "alpha(%g): %.12g",
			rows[i][0], zv_halfin_whitt(rows[i][0]));
	for (size_t i = 0; i < COUNT(halfin_rows); i++)
		cr_expect(near(zv_halfin_whitt(halfin_rows[i][0]), halfin_rows[i][1], 1e-13));
	cr_expect_eq(zv_halfin_whitt(0), 1);
	cr_expect_eq(zv_halfin_whitt(-1), 1);
	cr_expect_eq(zv_halfin_whitt(50), 0);
}

static void expect_state(const struct zv_queue *q, const struct zv_queue_state *want, double tol)
{
	struct zv_queue_state got = zv_queue_state(q);

	cr_expect(near(got.wait_p, want->wait_p, tol) && near(got.abandon_p, want->abandon_p, tol) &&
		near(got.wait_s, want->wait_s, tol) && near(got.occupancy, want->occupancy, tol) &&
		near(got.queue, want->queue, tol),
		"rate %g handling %g patience %g servers %g: %.17g %.17g %.17g %.17g %.17g", q->rate_cps,
		q->handling_s, q->patience_s, q->servers, got.wait_p, got.abandon_p, got.wait_s,
		got.occupancy, got.queue);
}

/* rate, handling, patience, servers; P(wait), P(abandon), E[W], occupancy, E[Q] */
Test(erlang, a_gives_the_values_of_the_printed_table)
{
	static const struct { struct zv_queue queue; struct zv_queue_state state; } rows[] = {
		{{48, 1, 2, 50},
			{0.4677740686, 0.03091224916, 0.06182449832, 0.9303242408, 2.96757592}},
		{{50, 1, 2, 50},
			{0.6011676518, 0.04668458591, 0.09336917183, 0.9533154141, 4.668458591}},
		{{60, 1, 1, 50},
			{0.9155933189, 0.1719915511, 0.1719915511, 0.9936101387, 10.31949307}},
		{{10, 1, 1, 10},
			{0.5420702855, 0.1251100357, 0.1251100357, 0.8748899643, 1.251100357}},
		{{10.0 / 3, 3, 2, 10},
			{0.4968527476, 0.1374638263, 0.2749276526, 0.8625361737, 0.9164255085}},
		{{100, 1, 1, 100},
			{0.5132987983, 0.03986099681, 0.03986099681, 0.9601390032, 3.986099681}},
		{{8, 1, 1.0 / 30, 10},
			{0.1450440311, 0.1117667763, 0.00372555921, 0.710586579, 0.02980447368}},
		{{95, 1, 1.0 / 30, 100},
			{0.1148170195, 0.04176458133, 0.001392152711, 0.9103236477, 0.1322545075}},
		{{95, 1, 1.0 / 90, 100},
			{0.08126753224, 0.04534230802, 0.0005038034224, 0.9069248074, 0.04786132513}},
		{{480, 1, 1.0 / 90, 500},
			{0.04344611748, 0.01267156385, 0.0001407951539, 0.9478352987, 0.06758167387}},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		expect_state(&rows[i].queue, &rows[i].state, PRINTED);
}

Test(erlang, b_and_c_hold_from_one_server_to_a_hundred_thousand_and_for_parts_of_one)
{
	for (size_t i = 0; i < COUNT(erlang_rows); i++) {
		const double *r = erlang_rows[i];
		double b = zv_erlang_b(r[0], r[1]), c = zv_erlang_c(r[0], r[1]);

		cr_expect(near(b, r[2], EXACT), "B(%.17g, %.17g): %.17g, not %.17g", r[0], r[1], b, r[2]);
		cr_expect(near(zv_erlang_b_log(r[0], r[1]), log(r[2]), 1e-9));
		if (r[0] >= r[1])
			cr_expect_eq(c, 1);
		else
			cr_expect(near(c, r[3], EXACT), "C(%.17g, %.17g): %.17g, not %.17g", r[0], r[1], c,
				r[3]);
	}
}

Test(erlang, a_holds_from_one_server_to_a_hundred_thousand)
{
	for (size_t i = 0; i < COUNT(queue_rows); i++) {
		const struct queue_row *r = &queue_rows[i];
		double offered = zv_queue_offered_late_p(&r->queue, r->t_s);
		double late = zv_queue_late_p(&r->queue, r->t_s);

		expect_state(&r->queue, &r->state, EXACT);
		cr_expect(near(offered, r->offered_late_p, EXACT), "row %zu: P(V > %g) %.17g, not %.17g", i,
			r->t_s, offered, r->offered_late_p);
		cr_expect(near(late, r->late_p, EXACT), "row %zu: P(W > %g) %.17g, not %.17g", i, r->t_s,
			late, r->late_p);
	}
}

Test(erlang, a_holds_for_parts_of_a_server)
{
	for (size_t i = 0; i < COUNT(part_rows); i++) {
		struct zv_queue_state got = zv_queue_state(&part_rows[i].queue);

		cr_expect(near(got.wait_p, part_rows[i].wait_p, EXACT), "row %zu: %.17g", i, got.wait_p);
		cr_expect(near(got.queue, part_rows[i].queue_len, EXACT), "row %zu: %.17g", i, got.queue);
	}
}

/* B(a, 100000) = a B(a, 99999) / (100000 + a B(a, 99999)), the same with parts. */
Test(erlang, b_follows_its_recurrence_at_every_size)
{
	for (double n = 1; n <= 100000; n *= 1.37) {
		for (double share = 0.6; share < 1.5; share += 0.05) {
			double a = n * share, ab = a * zv_erlang_b(a, n - 1 + 0.0625);
			double want = ab / (n + 0.0625 + ab);

			cr_expect(near(zv_erlang_b(a, n + 0.0625), want, 1e-10), "B(%.17g, %.17g)", a, n);
		}
	}
}

Test(erlang, a_without_impatience_is_c)
{
	static const double shares[] = {0.3, 0.8, 0.95, 0.99};

	for (double n = 1; n <= 20000; n *= 5.3) {
		for (size_t i = 0; i < COUNT(shares); i++) {
			double rate = n * shares[i] / 180;
			struct zv_queue c = {rate, 180, INFINITY, n}, a = {rate, 180, 1e12, n};
			struct zv_queue_state sc = zv_queue_state(&c), sa = zv_queue_state(&a);

			cr_expect(near(sa.wait_p, sc.wait_p, 1e-3) || sc.wait_p < 1e-6, "%g %g", n, shares[i]);
			cr_expect(near(sa.queue, sc.queue, 1e-3) || sc.wait_p < 1e-6, "%g %g", n, shares[i]);
			cr_expect_eq(sc.abandon_p, 0);
			cr_expect(near(sc.occupancy, shares[i], 1e-14));
			cr_expect(near(zv_queue_late_p(&c, 20),
				sc.wait_p * exp(-(n - n * shares[i]) * 20 / 180), 1e-9));
		}
	}
}

static int queue_is_endless(struct zv_queue_state s)
{
	return s.wait_p == 1 && s.wait_s == INFINITY && s.queue == INFINITY && s.occupancy == 1;
}

Test(erlang, the_ends_are_right_and_nonsense_gives_nan)
{
	struct zv_queue nobody = {0.5, 60, 10, 0}, silent = {0, 60, 10, 5}, full = {1, 60, INFINITY, 60};
	struct zv_queue bad[] = {{-1, 60, 10, 5}, {1, 0, 10, 5}, {1, 60, 0, 5}, {1, 60, 10, -1},
		{NAN, 60, 10, 5}, {1, INFINITY, 10, 5}};

	cr_expect_eq(zv_erlang_b(0, 0), 1);
	cr_expect_eq(zv_erlang_b(0, 3), 0);
	cr_expect_eq(zv_erlang_b(7, 0), 1);
	cr_expect(isnan(zv_erlang_b(-1, 3)));
	cr_expect(isnan(zv_erlang_b(1, -3)));
	cr_expect(isnan(zv_erlang_c(1, NAN)));
	cr_expect(isnan(zv_erlang_c(INFINITY, 1)));
	cr_expect_eq(zv_queue_state(&nobody).abandon_p, 1);
	cr_expect_eq(zv_queue_state(&nobody).occupancy, 0);
	cr_expect(near(zv_queue_state(&nobody).wait_s, 10, 1e-12));
	cr_expect(near(zv_queue_late_p(&nobody, 5), exp(-0.5), 1e-12));
	cr_expect_eq(zv_queue_state(&silent).wait_p, 0);
	cr_expect_eq(zv_queue_late_p(&silent, 1), 0);
	cr_expect(queue_is_endless(zv_queue_state(&full)));
	cr_expect_eq(zv_queue_late_p(&full, 1000), 1);
	for (size_t i = 0; i < COUNT(bad); i++) {
		cr_expect(isnan(zv_queue_state(&bad[i]).wait_p), "%zu", i);
		cr_expect(isnan(zv_queue_late_p(&bad[i], 1)), "%zu", i);
		cr_expect_eq(zv_queue_servers_for_late(&bad[i], 1, 0.1) == 0, i != 3, "%zu", i);
	}
	cr_expect(isnan(zv_queue_late_p(&full, -1)));
}

Test(erlang, shares_rise_with_the_load_and_fall_with_servers_and_time)
{
	for (double n = 1; n <= 100000; n = n * 7 + 0.3) {
		double b = 0, c = 0, late = 0, left = 0;

		for (double share = 0.05; share < 1.6; share += 0.05) {
			struct zv_queue q = {n * share / 60, 60, 12, n};
			double b1 = zv_erlang_b(n * share, n), c1 = zv_erlang_c(n * share, n);
			double late1 = zv_queue_late_p(&q, 2), left1 = zv_queue_state(&q).abandon_p;

			cr_expect(b1 >= b && c1 >= c && late1 >= late && left1 >= left, "n %g share %g", n,
				share);
			cr_expect(c1 <= 1 && left1 <= 1 && zv_queue_late_p(&q, 3) <= late1);
			q.servers += 0.5;
			/* under overload half a server is less than the rounding of a share near 1 */
			cr_expect(zv_erlang_b(n * share, n + 0.5) <= b1 &&
				zv_queue_late_p(&q, 2) <= late1 * (1 + 1e-10) &&
				zv_queue_state(&q).abandon_p <= left1, "n %g share %g", n, share);
			b = b1;
			c = c1;
			late = late1;
			left = left1;
		}
	}
}

Test(erlang, a_load_found_for_a_share_gives_that_share_and_keeps_it)
{
	static const double servers[] = {1, 2.5, 5, 10, 50, 100, 500, 1000, 10000.25, 100000};
	static const double shares[] = {1e-6, 0.005, 0.03, 0.2, 0.7};

	for (size_t i = 0; i < COUNT(servers) * COUNT(shares); i++) {
		double n = servers[i / COUNT(shares)], max = shares[i % COUNT(shares)];
		struct zv_queue c = {0, 180, INFINITY, n}, a = {0, 180, 30, n};
		double load = zv_erlang_b_load(n, max);
		double got = zv_erlang_b(load, n);

		cr_expect(got <= max && near(got, max, 1e-8), "B: n %g %g: %.17g", n, max, got);
		c.rate_cps = zv_queue_rate_for_late(&c, 2, max);
		got = zv_queue_late_p(&c, 2);
		cr_expect(got <= max && near(got, max, 1e-8), "C: n %g %g: %.17g", n, max, got);
		a.rate_cps = zv_queue_rate_for_late(&a, 2, max);
		got = zv_queue_late_p(&a, 2);
		cr_expect(got <= max && near(got, max, 1e-8), "A: n %g %g: %.17g", n, max, got);
		a.rate_cps = zv_queue_rate_for_abandon(&a, max);
		got = zv_queue_state(&a).abandon_p;
		cr_expect(got <= max && near(got, max, 1e-8), "A, left: n %g %g: %.17g", n, max, got);
	}
}

Test(erlang, the_fewest_servers_keep_the_share_and_one_less_does_not)
{
	static const double rates[] = {0.001, 0.01, 0.1, 1, 7, 50, 500};
	static const double shares[] = {0.0001, 0.03, 0.2, 0.9};

	for (size_t i = 0; i < COUNT(rates) * COUNT(shares); i++) {
		double rate = rates[i / COUNT(shares)], max = shares[i % COUNT(shares)];
		struct zv_queue c = {rate, 180, INFINITY, 0}, a = {rate, 180, 30, 0};
		uint32_t b_n = zv_erlang_b_servers(rate * 180, max);
		uint32_t c_n = zv_queue_servers_for_late(&c, 2, max);
		uint32_t a_n = zv_queue_servers_for_late(&a, 2, max);
		uint32_t left_n = zv_queue_servers_for_abandon(&a, max);

		cr_assert(b_n && c_n && a_n && left_n);
		cr_expect(zv_erlang_b(rate * 180, b_n) <= max, "B: %g %g", rate, max);
		cr_expect(b_n == 1 || zv_erlang_b(rate * 180, b_n - 1) > max, "B: %g %g", rate, max);
		c.servers = c_n;
		cr_expect(zv_queue_late_p(&c, 2) <= max, "C: %g %g", rate, max);
		c.servers--;
		cr_expect(c_n == 1 || zv_queue_late_p(&c, 2) > max, "C: %g %g", rate, max);
		a.servers = a_n;
		cr_expect(zv_queue_late_p(&a, 2) <= max, "A: %g %g", rate, max);
		a.servers--;
		cr_expect(a_n == 1 || zv_queue_late_p(&a, 2) > max, "A: %g %g", rate, max);
		a.servers = left_n;
		cr_expect(zv_queue_state(&a).abandon_p <= max, "A, left: %g %g", rate, max);
		a.servers--;
		cr_expect(left_n == 1 || zv_queue_state(&a).abandon_p > max, "A, left: %g %g", rate, max);
	}
}

Test(erlang, questions_without_an_answer_say_so)
{
	struct zv_queue a = {0, 180, 30, 10}, c = {0, 180, INFINITY, 10};
	struct zv_queue huge = {1e9, 180, INFINITY, 0};

	cr_expect_eq(zv_erlang_b_load(10, 1), INFINITY);
	cr_expect_eq(zv_erlang_b_load(10, 0), 0);
	cr_expect(isnan(zv_erlang_b_load(10, -0.1)));
	cr_expect_eq(zv_erlang_b_servers(10, 0), 0);
	/* after 30 s of a mean patience of 30 s at most exp(-1) are there still */
	cr_expect_eq(zv_queue_rate_for_late(&a, 30, 0.37), INFINITY);
	cr_expect_lt(zv_queue_rate_for_late(&a, 30, 0.36), INFINITY);
	cr_expect_eq(zv_queue_rate_for_late(&a, 30, 0), 0);
	cr_expect_eq(zv_queue_rate_for_late(&c, 2, 1), INFINITY);
	cr_expect_eq(zv_queue_rate_for_abandon(&a, 1), INFINITY);
	cr_expect(near(zv_queue_rate_for_abandon(&c, 0.03), 10.0 / 180, 1e-15));
	cr_expect_eq(zv_queue_servers_for_late(&huge, 2, 0.03), 0);
	cr_expect(isnan(zv_queue_rate_for_late(&a, -1, 0.1)));
}

/* A queue played call by call: the formulas know nothing of this program. */
Test(erlang, a_played_queue_waits_and_loses_as_the_formulas_say)
{
	enum { N = 20, CALLS = 400000 };
	struct zv_queue q = {0.11, 180, 60, N};
	struct zv_queue_state want = zv_queue_state(&q);
	double free_at[N] = {0}, now = 0, wait_sum = 0;
	uint32_t waited = 0, late = 0, offered_late = 0, left = 0;
	struct zv_rng rng;

	zv_rng_init(&rng, 11, 0);
	for (int i = 0; i < CALLS; i++) {
		int first = 0;

		now += zv_rng_exp(&rng, 1 / q.rate_cps);
		for (int s = 1; s < N; s++)
			first = free_at[s] < free_at[first] ? s : first;
		double offered = fmax(0, free_at[first] - now);
		double patience = zv_rng_exp(&rng, q.patience_s), wait = fmin(offered, patience);

		waited += offered > 0;
		offered_late += offered > 15;
		late += wait > 15;
		left += patience < offered;
		wait_sum += wait;
		if (patience >= offered)
			free_at[first] = now + offered + zv_rng_exp(&rng, q.handling_s);
	}
	/* 400,000 calls in bursts: some 0.004 either way */
	cr_expect_float_eq((double)waited / CALLS, want.wait_p, 0.012);
	cr_expect_float_eq((double)left / CALLS, want.abandon_p, 0.004);
	cr_expect_float_eq((double)offered_late / CALLS, zv_queue_offered_late_p(&q, 15), 0.01);
	cr_expect_float_eq((double)late / CALLS, zv_queue_late_p(&q, 15), 0.008);
	cr_expect_float_eq(wait_sum / CALLS, want.wait_s, 0.25);
}
