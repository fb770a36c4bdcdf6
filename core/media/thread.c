#include "media/media.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "media/bridge.h"
#include "media/threads.h"

#define HURRY_NICE       (-10)
#define HURRY_SLICE_NS   100000u
#define IDLE_NS          INT64_C(100000000) /* how soon *stop is seen when nothing goes on */

static int64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* When the next phase with a stream in it is due; the empty ones before it are passed over.
 * No stream at all: IDLE_NS from now. */
static int64_t next_ns(const struct zv_streams *t, struct zv_pace *pace, int64_t now_ns)
{
	for (uint32_t i = 0; i < ZV_WHEEL_PHASES; i++) {
		if (t->wheel.n[(pace->next + i) % ZV_WHEEL_PHASES] == 0)
			continue;
		pace->next += i;
		return pace->start_ns + pace->next * ZV_TICK_NS;
	}
	return now_ns + IDLE_NS;
}

/* Until the next tick of ours; further off than one tick, commands wake the thread. */
static void rest(struct zv_streams *t, const struct zv_media_rings *rings,
		 struct zv_pace *pace)
{
	int64_t now = mono_ns(), until = next_ns(t, pace, now), left = until - now;
	struct timespec ts = {until / 1000000000, until % 1000000000};
	struct pollfd pfd = {.fd = rings->wake_fd, .events = POLLIN};
	eventfd_t woken;

	if (left <= 0)
		return;
	if (left <= ZV_TICK_NS || t->box.head != t->box.tail) {
		if (left > ZV_TICK_NS)
			ts = (struct timespec){(now + ZV_TICK_NS) / 1000000000,
					       (now + ZV_TICK_NS) % 1000000000};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		return;
	}
	if (!zv_ring_arm(rings->commands))
		return;
	ts = (struct timespec){left / 1000000000, left % 1000000000};
	if (ppoll(&pfd, 1, &ts, NULL) > 0)
		eventfd_read(rings->wake_fd, &woken);
}

/* With links: until something comes from one of them or the next tick.  Being woken costs more
 * than a packet: where several come at a time, they wait for the tick. */
static void rest_listening(struct zv_streams *t, struct zv_pace *pace)
{
	int64_t now = mono_ns(), until = next_ns(t, pace, now), pause;
	struct timespec ts;

	if (until > now + ZV_TICK_NS && (t->box.head != t->box.tail || t->busy))
		until = now + ZV_TICK_NS;
	pause = t->busy ? until : now;
	if (now < pause) {
		ts = (struct timespec){pause / 1000000000, pause % 1000000000};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		now = mono_ns();
	}
	if (now < until)
		zv_bridge_rest(t, until - now);
}

/* How many packets of links come in a tick, on the average of the last eight. */
static void judge_load(struct zv_streams *t, uint32_t ticks)
{
	for (uint32_t i = 0; i < ticks && i < 8; i++) {
		t->rate_q3 += t->looked - t->rate_q3 / 8;
		t->looked = 0;
	}
	t->busy = t->rate_q3 / 8 >= (t->busy ? ZV_BRIDGE_BUSY / 2 : ZV_BRIDGE_BUSY);
}

static void run_ticks(struct zv_streams *t, struct zv_pace *pace, int64_t now_ns)
{
	int64_t first;
	uint32_t late, n = zv_pace_due(pace, now_ns, &first, &late);

	zv_count(&t->late_ticks, late);
	judge_load(t, n);
	for (uint32_t i = 0; i < n; i++) {
		zv_streams_tick(t, first + i, now_ns / 1000000);
		if ((first + i) % ZV_WHEEL_PHASES == 0)
			zv_streams_hear_reports(t, now_ns / 1000000);
	}
	zv_streams_send_reports(t);
}

/* What linux/sched/types.h calls struct sched_attr, first version. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Sound does not wait (whoever was given a real-time class has it already): ahead of the other threads when the machine is busy.  A short slice gives
 * an early turn (Linux 6.12 and later, no right needed), a lower nice value a larger share (if
 * the process may).  Neither is worth a refusal. */
static void hurry(void)
{
	int was = getpriority(PRIO_PROCESS, 0);
	struct scheduling s = {.size = sizeof(s), .nice = was < HURRY_NICE ? was : HURRY_NICE,
			       .runtime = HURRY_SLICE_NS};

	if (sched_getscheduler(0) != SCHED_OTHER || syscall(SYS_sched_setattr, 0, &s, 0) == 0)
		return;
	s.nice = was;
	(void)syscall(SYS_sched_setattr, 0, &s, 0);
}

enum zv_err zv_media_thread(struct zv_media *media, uint32_t thread,
			    const struct zv_media_rings *rings, const _Atomic bool *stop)
{
	struct zv_pace pace = {.start_ns = mono_ns()};
	struct zv_streams *t = zv_media_streams(media, thread);

	if (t == NULL)
		return ZV_EINVAL;
	t->box.ring = rings->events;
	t->commands = rings->commands;
	t->io->ops->wake_by(t->io, rings->wake_fd);
	hurry();
	while (!atomic_load_explicit(stop, memory_order_acquire)) {
		int64_t now = mono_ns();

		if (atomic_load_explicit(&t->open, memory_order_relaxed) == 0)
			zv_pace_skip(&pace, now); /* nobody waited for those */
		zv_streams_take(t, now / 1000000);
		zv_bridge_look(t, now / 1000000);
		run_ticks(t, &pace, now);
		zv_outbox_flush(&t->box);
		if (zv_bridge_any(t) || t->io->polled)
			rest_listening(t, &pace);
		else
			rest(t, rings, &pace);
	}
	zv_streams_leave(t, mono_ns() / 1000000);
	return ZV_OK;
}
