/* media/wheel.h -- 10 phases of 2 ms, so that the streams' frames spread evenly over the 20 ms,
 * and the clock that says which ticks to run.  (20 of 1 ms cost 2 % of a core more, whatever the
 * number of streams, for twice the wake-ups.)  Pure; memory at create only.
 */
#ifndef ZV_MEDIA_WHEEL_H
#define ZV_MEDIA_WHEEL_H

#include <stdint.h>

#include "zvonar/err.h"

#define ZV_WHEEL_PHASES  10u
#define ZV_TICK_NS       INT64_C(2000000)
#define ZV_TICKS_LATE_OK 9 /* run late ticks up to that many: under one turn.  Skip more */

struct zv_wheel {
	uint32_t n[ZV_WHEEL_PHASES];
	uint32_t *ids[ZV_WHEEL_PHASES]; /* dense */
	uint32_t *place;                /* of an id within its phase */
	uint8_t *phase;                 /* of an id; ZV_WHEEL_PHASES = not in the wheel */
};

/* ids are 0..n_ids - 1.  ZV_ENOMEM. */
enum zv_err zv_wheel_init(struct zv_wheel *wheel, uint32_t n_ids) ZV_MUST_USE;
void zv_wheel_fini(struct zv_wheel *wheel);
/* Into the emptiest phase.  The id must not be there. */
void zv_wheel_add(struct zv_wheel *wheel, uint32_t id);
void zv_wheel_remove(struct zv_wheel *wheel, uint32_t id); /* not there: nothing happens */

struct zv_pace {
	int64_t start_ns; /* monotonic, of tick 0 */
	int64_t next;     /* the first tick that has not run */
};

/* The ticks to run now are *ret_first .. + the returned number - 1; *ret_late counts those that
 * came a whole tick or more after their time, run or skipped. */
uint32_t zv_pace_due(struct zv_pace *pace, int64_t now_ns, int64_t *ret_first, uint32_t *ret_late);
/* Nothing was due before now_ns. */
void zv_pace_skip(struct zv_pace *pace, int64_t now_ns);

#endif
