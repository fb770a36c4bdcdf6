#include "app/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void zv_clock_init(struct zv_clock *clock, bool fast_forward, int64_t start_ms)
{
	int64_t mono_ms = read_ms(CLOCK_MONOTONIC), real_ms = read_ms(CLOCK_REALTIME);

	clock->fast_forward = fast_forward;
	clock->step_base_ms = real_ms - mono_ms;
	atomic_init(&clock->offset_ms, (start_ms != 0 ? start_ms : real_ms) - mono_ms);
}

struct zv_now zv_clock_now(const struct zv_clock *clock)
{
	int64_t mono_ms = read_ms(CLOCK_MONOTONIC);

	return (struct zv_now){
		.mono_ms = mono_ms,
		.cal_ms = clock->fast_forward
				  ? mono_ms + atomic_load_explicit(&clock->offset_ms,
								   memory_order_acquire)
				  : read_ms(CLOCK_REALTIME),
	};
}

void zv_clock_move(struct zv_clock *clock, int64_t to_ms)
{
	int64_t offset_ms = to_ms - read_ms(CLOCK_MONOTONIC);

	if (offset_ms > atomic_load_explicit(&clock->offset_ms, memory_order_relaxed))
		atomic_store_explicit(&clock->offset_ms, offset_ms, memory_order_release);
}

int64_t zv_clock_step_ms(struct zv_clock *clock)
{
	int64_t base_ms = read_ms(CLOCK_REALTIME) - read_ms(CLOCK_MONOTONIC);
	int64_t step_ms = base_ms - clock->step_base_ms;

	clock->step_base_ms = base_ms;
	return clock->fast_forward ? 0 : step_ms;
}
