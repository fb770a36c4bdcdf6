#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "shares.h"

static const char file[] =
        "# comment\n"
        "dead 12\noff 14\nnoanswer 18 # rings\n\n"
        "busy 6\nkey1 10\nkey2 12\nkey3 8\n\tvoicemail 10\r\nsilent 8\nrejects 2\n"
        "unavailable 0.5\ninband 15";

static struct zvc_shares load(void)
{
	struct zvc_shares shares;
	char text[200];

	cr_assert(zvc_shares_parse(file, strlen(file), &shares, text, sizeof(text)), "%s", text);
	return shares;
}

Test(shares, are_read_as_parts_per_million)
{
	struct zvc_shares shares = load();

	cr_assert_eq(shares.ppm[ZVC_DEAD], 120000);
	cr_assert_eq(shares.ppm[ZVC_REJECTS], 20000);
	cr_assert_eq(shares.unavailable_ppm, 5000);
	cr_assert_eq(shares.inband_ppm, 150000);
}

/* Chi-squared over 200,000 numbers in a row and ten classes: 27.9 is the 0.1 % point for nine
 * degrees of freedom.  The seed is fixed, so the test does not waver. */
Test(shares, numbers_in_a_row_fall_into_their_shares)
{
	struct zvc_shares shares = load();
	uint32_t seen[ZVC_BEHAVIOURS] = {0};
	uint32_t inband = 0, keys = 0;
	const uint32_t n = 200000;
	double chi = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct zvc_plan plan;

		zvc_plan_make(&shares, 1, UINT64_C(79160000000) + i, &plan);
		seen[plan.behaviour]++;
		keys += plan.key != 0;
		inband += plan.inband;
	}
	for (int b = 0; b < ZVC_BEHAVIOURS; b++) {
		double want = n * (double)shares.ppm[b] / 1e6;

		chi += (seen[b] - want) * (seen[b] - want) / want;
	}
	cr_assert_lt(chi, 27.9);
	cr_assert_float_eq((double)inband / keys, 0.15, 0.01);
}

Test(shares, a_plan_follows_from_seed_and_number_alone)
{
	struct zvc_shares shares = load();
	uint32_t other = 0;

	for (uint64_t number = 79160000000; number < 79160001000; number++) {
		struct zvc_plan a, b, c;

		zvc_plan_make(&shares, 7, number, &a);
		zvc_plan_make(&shares, 7, number, &b);
		zvc_plan_make(&shares, 8, number, &c);
		cr_assert_eq(a.behaviour, b.behaviour);
		cr_assert_eq(a.ring_ms, b.ring_ms);
		cr_assert_eq(a.key_ms, b.key_ms);
		other += a.behaviour != c.behaviour;
	}
	cr_assert_gt(other, 500);
}

Test(shares, plans_keep_their_bounds)
{
	struct zvc_shares shares = load();

	for (uint64_t number = 1000; number < 50000; number++) {
		struct zvc_plan plan;

		zvc_plan_make(&shares, 3, number, &plan);
		cr_assert(plan.ring_ms >= 1000 && plan.ring_ms <= 6000);
		cr_assert(plan.key_ms >= 4000 && plan.key_ms <= 8000);
		cr_assert(plan.key <= 3);
		cr_assert_eq(plan.busy_first > 0, plan.behaviour == ZVC_BUSY);
		cr_assert(plan.busy_first <= 2);
		if (plan.behaviour == ZVC_BUSY)
			cr_assert_gt(plan.key, 0);
	}
}

Test(shares, unavailable_calls_come_as_often_as_the_file_says)
{
	struct zvc_shares shares = load();
	uint32_t seen = 0, retry = 0;

	for (uint64_t number = 1; number <= 100000; number++) {
		uint32_t after_s;

		seen += zvc_plan_unavailable(&shares, 1, number, (uint32_t)(number % 5), &after_s);
		retry += after_s > 0;
	}
	cr_assert(seen > 430 && seen < 570, "%u", seen);
	cr_assert(retry > 0 && retry < seen / 4);
}

Test(shares, wrong_files_are_refused_with_their_line)
{
	static const struct {
		const char *text, *says;
	} table[] = {
	        {"dead 50\nbogus 50\n", "line 2"},
	        {"dead 100\ndead 0\n", "line 2"},
	        {"dead 99.9999\n", "sum"},
	        {"dead -1\n", "line 1"},
	        {"dead 1e2\n", "line 1"},
	        {"dead 101\n", "line 1"},
	        {"dead 12.34567\n", "line 1"},
	        {"dead\n", "line 1"},
	        {"", "sum"},
	        {"busy 100\n", "busy"},
	        {"dead 100 x\n", "line 1"},
	        {"dead .5\n", "line 1"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct zvc_shares shares;
		char text[200] = "";

		cr_assert_not(zvc_shares_parse(table[i].text, strlen(table[i].text), &shares, text,
		                               sizeof(text)));
		cr_assert(strstr(text, table[i].says) != NULL, "%s", text);
	}
}

Test(shares, truth_is_the_category_of_the_issue)
{
	struct zvc_plan plan = {.behaviour = ZVC_OFF};

	cr_assert_str_eq(zvc_plan_truth(&plan), "недоступен");
	plan.behaviour = ZVC_VOICEMAIL;
	cr_assert_str_eq(zvc_plan_truth(&plan), "неинтересно");
	plan = (struct zvc_plan){.behaviour = ZVC_BUSY, .key = 3};
	cr_assert_str_eq(zvc_plan_truth(&plan), "рассылка");
	plan = (struct zvc_plan){.behaviour = ZVC_KEY1, .key = 1};
	cr_assert_str_eq(zvc_plan_truth(&plan), "интересно");
}
