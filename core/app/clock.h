/* app/clock.h -- the two clocks: monotonic time, and the calendar apart from it.
 *
 * With the real calendar it is CLOCK_REALTIME, and a step of the wall clock is noticed.  With
 * fast-forward (simulated carriers only) it is the monotonic clock plus an offset that only
 * grows; its moves are not clock steps.
 *
 * Thread: zv_clock_now from any; zv_clock_move from the engine's thread alone.
 */
#ifndef ZV_APP_CLOCK_H
#define ZV_APP_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "dial/event.h"

struct zv_clock {
	bool fast_forward;
	_Atomic int64_t offset_ms; /* calendar - monotonic, with fast_forward */
	int64_t step_base_ms;      /* realtime - monotonic at the last look; main thread */
};

/* start_ms: where a fast-forward calendar stands; 0 = now. */
void zv_clock_init(struct zv_clock *clock, bool fast_forward, int64_t start_ms);
struct zv_now zv_clock_now(const struct zv_clock *clock);
/* Fast-forward to to_ms; never back. */
void zv_clock_move(struct zv_clock *clock, int64_t to_ms);
/* By how much the wall clock has been set since the last look; 0 when it went along.
 * Main thread. */
int64_t zv_clock_step_ms(struct zv_clock *clock);

#endif
