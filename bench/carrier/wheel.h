/* carrier/wheel.h -- timers of one millisecond: a hashed wheel, embedded nodes.
 *
 * Thread: the carrier has one.  Set, unset and due cost O(1).  After a stall every timer that is
 * due fires once.
 */
#ifndef ZVC_WHEEL_H
#define ZVC_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct zvc_timer {
	struct zvc_timer *next, **link; /* link NULL: not set */
	uint64_t at_ms;
	void (*fire)(struct zvc_timer *timer);
};

struct zvc_wheel;
/* NULL: out of memory. */
struct zvc_wheel *zvc_wheel_create(uint64_t now_ms);
void zvc_wheel_destroy(struct zvc_wheel *wheel);
/* Sets or moves; at the next run at the earliest. */
void zvc_timer_set(struct zvc_wheel *wheel, struct zvc_timer *timer, uint64_t at_ms);
void zvc_timer_unset(struct zvc_timer *timer);
static inline bool zvc_timer_is_set(const struct zvc_timer *timer)
{
	return timer->link != 0;
}
void zvc_wheel_run(struct zvc_wheel *wheel, uint64_t now_ms);

#endif
