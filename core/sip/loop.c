/* A shard's loop: the network, the mail, our timers, the stack's timers, in that order.
 *
 * With little to do it sleeps in the stack's epoll and whatever comes wakes it.  With much to do
 * being woken costs more than the work: then it turns by the clock, every BUSY_US, its rings are
 * not armed, and whoever sends to it makes no system call. */
#include "sip/internal.h"

#include <time.h>
#include <unistd.h>

#include <sofia-sip/su_tag.h>

#include "sip/tls.h"

#define DRAIN_MAX  64  /* socket events taken before each look at the timers */
#define BUSY_US    4000
#define JUDGE_MS   100 /* how often it is said whether there is much to do */
#define BUSY_FROM  40  /* signals of legs in that time */
#define BUSY_UNTIL 15
#define QUIET_MS   100 /* without a leg no timer is due sooner */
#define WHEEL_WAITS_MAX 50 /* looks at the timers put off for the socket's sake */

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void stop_step(struct shard *s, int64_t now)
{
	if (s->stopping_ms == 0) {
		s->stopping_ms = now;
		if (s->phones != NULL)
			incoming_stop(s);
		for (uint32_t i = 0; i < s->n_legs; i++)
			if (s->legs[i].state != LEG_FREE)
				call_signal(&s->legs[i], &(struct signal){.type = SIG_HANGUP});
	}
	if (s->legs_used > 0 && now - s->stopping_ms < STOP_MS)
		return;
	for (uint32_t i = 0; i < s->n_legs; i++)
		if (s->legs[i].state != LEG_FREE)
			call_fail_now(&s->legs[i]);
	shard_flush(s);
	s->over = true;
}

static void gather_stats(struct shard *s)
{
	uint64_t received = 0, retransmits = 0, bad = 0;
	uint32_t transactions = 0;

	for (uint32_t i = 0; i < s->n_agents; i++) {
		usize_t recv_msg = 0, retry = 0, bad_msg = 0, used = 0;

		(void)nta_agent_get_stats(s->agents[i].nta, NTATAG_S_RECV_MSG_REF(recv_msg),
					  NTATAG_S_RETRY_REQUEST_REF(retry),
					  NTATAG_S_BAD_MESSAGE_REF(bad_msg),
					  NTATAG_S_ORQ_HASH_USED_REF(used), TAG_END());
		received += recv_msg;
		retransmits += retry;
		bad += bad_msg;
		transactions += (uint32_t)used;
	}
	atomic_store_explicit(&s->stats.received, received, memory_order_relaxed);
	atomic_store_explicit(&s->stats.retransmits, retransmits, memory_order_relaxed);
	atomic_store_explicit(&s->stats.bad_messages, bad, memory_order_relaxed);
	atomic_store_explicit(&s->stats.transactions, transactions, memory_order_relaxed);
	atomic_store_explicit(&s->stats.legs, s->legs_used, memory_order_relaxed);
}

static void seldom(struct shard *s, int64_t now)
{
	s->stats_ms = now;
	gather_stats(s);
	tls_tick(s, now);
	if (s->phones != NULL) {
		phones_tick(s, now);
		incoming_tick(s, now);
		return;
	}
	for (uint32_t i = s->index; i < s->sip->params.n_trunks; i += s->sip->params.n_shards)
		if (s->stopping_ms == 0)
			trunk_tick(&s->trunks[i], now);
}

static void tick(struct shard *s, int64_t now)
{
	if (now - s->tick_ms < TICK_MS)
		return;
	s->tick_ms = now;
	/* An answer that waits in the socket must not lose against its own timer. */
	if (s->drained || ++s->wheel_waits > WHEEL_WAITS_MAX) {
		s->wheel_waits = 0;
		shard_turn_wheel(s, now);
	}
	shard_flush(s);
	load_look(s, now);
	if (now - s->stats_ms >= 100)
		seldom(s, now);
	if (atomic_load_explicit(s->stop, memory_order_relaxed))
		stop_step(s, now);
}

static int on_wake(struct shard *magic, su_wait_t *w, su_wakeup_arg_t *arg)
{
	struct shard *s = (struct shard *)arg;
	uint64_t n;
	ssize_t ignored = read(s->rings->wake_fd, &n, sizeof(n));

	(void)ignored;
	(void)magic;
	(void)w;
	return 0; /* the mail is taken after the network */
}

/* What the sockets have, up to a bound; how much it was. */
static uint32_t drain(struct shard *s)
{
	uint32_t n = 0;
	int got = 1, i;

	for (i = 0; i < DRAIN_MAX && got > 0; i++) {
		got = su_root_yield(s->root);
		n += got > 0 ? (uint32_t)got : 0;
	}
	s->drained = i < DRAIN_MAX;
	return n;
}

static void judge(struct shard *s, int64_t now)
{
	if (now - s->judged_ms < JUDGE_MS)
		return;
	s->busy = s->work >= (s->busy ? BUSY_UNTIL : BUSY_FROM);
	s->judged_ms = now;
	s->work = 0;
}

/* How late this look is, what the last turn took beyond its time included; the next is due in
 * wait_us. */
static void measure(struct shard *s, int64_t wait_us)
{
	int64_t now = now_us(), late = s->due_us != 0 ? now - s->due_us : 0;

	s->due_us = now + wait_us;
	s->lag_us = late > s->lag_us ? late : s->lag_us;
	if (late > TICK_MS * 1000 &&
	    late > atomic_load_explicit(&s->stats.loop_lag_us_max, memory_order_relaxed))
		atomic_store_explicit(&s->stats.loop_lag_us_max,
				      (uint32_t)(late > UINT32_MAX ? UINT32_MAX : late), memory_order_relaxed);
}

/* The network first, so that an answer in the socket stops its own retransmission. */
static uint32_t look(struct shard *s, int64_t wait_us)
{
	uint32_t n = drain(s);
	int64_t now;

	measure(s, wait_us);
	if (s->stopping_ms == 0 || s->legs_used > 0)
		n += shard_take_mail(s);
	now = now_ms();
	judge(s, now);
	tick(s, now);
	return n;
}

static void sleep_until(int64_t us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void turn_busy(struct shard *s)
{
	(void)look(s, BUSY_US);
	(void)su_root_step(s->root, 0);
	/* A place on the clock, not a pause: what the turn took is not added to it. */
	if (s->drained)
		sleep_until((now_us() / BUSY_US + 1) * BUSY_US);
}

/* Whole milliseconds are all that the stack can wait for its timers: in the last one before each
 * it would spin.  A turn that brought nothing is followed by this rest. */
static const struct timespec BRAKE = {.tv_nsec = 400000};

static void turn_idle(struct shard *s)
{
	int64_t wait_ms = s->legs_used > 0 || s->stopping_ms != 0 ? TICK_MS : QUIET_MS;
	uint32_t n = look(s, wait_ms * 1000);

	if (n == 0 && s->idle_loops++ > 0) {
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &BRAKE, NULL);
		n = look(s, wait_ms * 1000);
	}
	if (n > 0)
		s->idle_loops = 0;
	if (s->over || !s->drained || !zv_ring_arm(s->rings->commands) || !zv_ring_arm(s->rings->dialog_acks))
		wait_ms = 0;
	(void)su_root_step(s->root, wait_ms);
}

enum zv_err shard_run(struct shard *s)
{
	enum zv_err err = ZV_OK;

	if (su_root_obtain(s->root) < 0)
		return ZV_EINVAL;
	s->wheel_ms = now_ms() / TICK_MS * TICK_MS;
	s->over = false;
	tls_begin(s);
	if (su_wait_create(&s->wait, s->rings->wake_fd, SU_WAIT_IN) == 0)
		s->registered = su_root_register(s->root, &s->wait, on_wake, (su_wakeup_arg_t *)s, 0);
	if (s->registered <= 0)
		err = ZV_EIO;
	else if (s->phones != NULL)
		phones_tick(s, now_ms()); /* before the first REGISTER */
	while (err == ZV_OK && !s->over) {
		if (s->busy)
			turn_busy(s);
		else
			turn_idle(s);
	}
	for (uint32_t i = 0; i < s->sip->params.n_trunks; i++)
		trunk_stop(&s->trunks[i]);
	if (s->registered > 0)
		(void)su_root_deregister(s->root, s->registered);
	(void)su_root_release(s->root);
	return err;
}
