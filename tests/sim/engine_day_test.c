/* Seeded days of the engine alone.  The number of days: ZVONAR_DAYS (50). */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "world.h"

static uint32_t days(void)
{
	const char *text = getenv("ZVONAR_DAYS");

	return text == NULL ? 50 : (uint32_t)strtoul(text, NULL, 10);
}

static struct world_params day(uint64_t seed)
{
	return (struct world_params){
		.seed = seed, .leads = 60 + (uint32_t)(seed % 7) * 40, .cps = 5 + (uint32_t)(seed % 40),
		.channels = 20 + (uint32_t)(seed % 100), .fast_forward = true,
		.crash = seed % 3 == 0, .silent_permille = seed % 4 == 0 ? 20 : 0,
		.store_stall = seed % 5 == 0, .hours_ms = 3 * 3600000, .rules = seed % 3 != 1,
		.per_person = 1 + (uint32_t)(seed % 2),
	};
}

Test(engine_day, every_seeded_day_keeps_its_promises_and_ends, .timeout = 600)
{
	uint32_t failovers = 0, optouts = 0, later = 0, refusals = 0;

	for (uint64_t seed = 1; seed <= days(); seed++) {
		struct world_params p = day(seed);
		struct world_result r;

		world_run(&p, &r);
		cr_assert_str_empty(r.broken, "seed %lu: %s", (unsigned long)seed, r.broken);
		cr_assert_eq(r.finals, p.leads, "seed %lu: %u of %u leads have a category",
			     (unsigned long)seed, r.finals, p.leads);
		/* An odd seed has two trunks, each with its own rate. */
		cr_assert_leq(r.most_in_second, (p.cps + p.cps / 10 + 3) * (1 + (seed & 1)),
			      "seed %lu: %u INVITEs in a second at %u a second",
			      (unsigned long)seed, r.most_in_second, p.cps);
		failovers += r.failovers;
		optouts += r.optouts;
		later += r.messages_later;
		refusals += r.refusals;
	}
	cr_assert_gt(failovers, days(), "503 leads to the other trunk");
	cr_assert_gt(optouts, days(), "some press the key that ends all calls");
	cr_assert_gt(later, days() / 10, "some messages must wait");
	cr_assert_gt(refusals, days() * 10, "limits hold many back");
}

Test(engine_day, the_same_seed_gives_the_same_commands, .timeout = 60)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct world_params p = day(seed);
		struct world_result a, b;

		world_run(&p, &a);
		world_run(&p, &b);
		cr_assert_eq(a.trace, b.trace);
		p.seed += 1000;
		world_run(&p, &b);
		cr_assert_neq(a.trace, b.trace);
	}
}

Test(engine_day, without_fast_forward_the_calendar_goes_with_the_clock, .timeout = 60)
{
	struct world_params p = day(2);
	struct world_result r;

	p.fast_forward = false;
	p.leads = 20;
	p.crash = p.rules = false;
	p.hours_ms = 5 * 3600000;
	world_run(&p, &r);
	cr_assert_str_empty(r.broken, "%s", r.broken);
	cr_assert_geq(r.dials, 40, "%u calls in five hours", r.dials);
	cr_assert_lt(r.finals, p.leads, "eight attempts take more than five hours");
}
