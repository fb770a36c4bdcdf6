#include <criterion/criterion.h>
#include <stdlib.h>

#include "media/wheel.h"

Test(wheel, streams_spread_evenly_and_stay_so_when_they_come_and_go)
{
	static bool in[997];
	struct zv_wheel w;
	uint32_t n = 0;

	cr_assert_eq(zv_wheel_init(&w, 997), ZV_OK);
	for (uint32_t i = 0; i < 997; i++) {
		zv_wheel_add(&w, i);
		in[i] = true;
	}
	for (uint32_t p = 0; p < ZV_WHEEL_PHASES; p++)
		cr_assert(w.n[p] == 99 || w.n[p] == 100);
	srand(20);
	for (int i = 0; i < 100000; i++) {
		uint32_t id = (uint32_t)rand() % 997;

		if (in[id])
			zv_wheel_remove(&w, id);
		else
			zv_wheel_add(&w, id);
		in[id] = !in[id];
	}
	zv_wheel_remove(&w, 0);
	zv_wheel_remove(&w, 0); /* not there */
	in[0] = false;
	for (uint32_t p = 0; p < ZV_WHEEL_PHASES; p++)
		for (uint32_t i = 0; i < w.n[p]; i++, n++) {
			uint32_t id = w.ids[p][i];

			cr_assert(in[id] && w.phase[id] == p && w.place[id] == i);
		}
	for (uint32_t i = 0; i < 997; i++)
		n -= in[i];
	cr_assert_eq(n, 0, "each that is in stands there once");
	zv_wheel_fini(&w);
}

#define MS INT64_C(1000000)

Test(pace, each_tick_runs_once_and_in_order)
{
	struct zv_pace pace = {.start_ns = 1000 * MS};
	int64_t first, next = 0;
	uint32_t late;

	cr_assert_eq(zv_pace_due(&pace, 999 * MS, &first, &late), 0);
	for (int64_t now = 1000 * MS; now < 1400 * MS; now += 1400000) {
		uint32_t n = zv_pace_due(&pace, now, &first, &late);

		if (n == 0)
			continue;
		cr_assert_eq(first, next);
		next += n;
	}
	cr_assert_eq(next, 200);
}

Test(pace, a_short_delay_is_made_good_and_counted)
{
	struct zv_pace pace = {.start_ns = 0};
	int64_t first;
	uint32_t late;

	cr_assert_eq(zv_pace_due(&pace, 0, &first, &late), 1);
	cr_assert_eq(late, 0);
	cr_assert_eq(zv_pace_due(&pace, 10 * MS + 1, &first, &late), 5);
	cr_assert_eq(first, 1);
	cr_assert_eq(late, 4);
}

Test(pace, a_stall_is_skipped_so_that_no_stream_speaks_twice_at_once)
{
	struct zv_pace pace = {.start_ns = 0};
	int64_t first;
	uint32_t late, n;

	zv_pace_due(&pace, 0, &first, &late);
	n = zv_pace_due(&pace, 6000 * MS, &first, &late);
	cr_assert_eq(n, 1);
	cr_assert_eq(first, 3000);
	cr_assert_eq(late, 2999);
	/* at the bound: nine late ones and the one that is due now are one turn */
	n = zv_pace_due(&pace, 6020 * MS, &first, &late);
	cr_assert_eq(n, 10);
	cr_assert_leq(n, ZV_WHEEL_PHASES);
	cr_assert_eq(zv_pace_due(&pace, 6042 * MS, &first, &late), 1);
}

Test(pace, rest_without_streams_is_not_late)
{
	struct zv_pace pace = {.start_ns = 0};
	int64_t first;
	uint32_t late;

	zv_pace_due(&pace, 0, &first, &late);
	zv_pace_skip(&pace, 500 * MS);
	cr_assert_eq(zv_pace_due(&pace, 500 * MS, &first, &late), 1);
	cr_assert_eq(first, 250);
	cr_assert_eq(late, 0);
}
