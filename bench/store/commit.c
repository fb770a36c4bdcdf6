/* Calls as the engine gives them to the store thread: BATCH at once, their intents flushed, then
 * outcomes and steps.  Leads are taken from all over the list, as due times are after a first wave. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench_store.h"
#include "zvonar/strategy.h"

#define BATCH   16u /* calls begun within the wait of one group commit, about 300 a second */
#define LIMIT_S 60

static struct zv_ring *commands, *events, *dialogs[1], *acks[1];
static struct zv_store_run run;
static _Atomic bool stop;
static enum zv_err ended;
static int event_fd;

static void *run_store(void *arg)
{
	(void)arg;
	ended = zv_store_thread(&run, &stop);
	return NULL;
}

static bool begin(struct zv_store *store, pthread_t *thread)
{
	static const char *names[64] = {"bench"};
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (zv_ring_create(sizeof(struct zv_cmd), 8192, fd, &commands) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_event), 8192, event_fd, &events) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_dialog), 256, fd, &dialogs[0]) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_dialog_ack), 256, event_fd, &acks[0]) != ZV_OK)
		return false;
	run = (struct zv_store_run){.store = store, .commands = commands, .events = events, .dialogs = dialogs,
				    .dialog_acks = acks, .n_shards = 1, .wake_fd = fd, .intent_wait_ms = 10,
				    .outcome_wait_ms = 5, .trunk_names = names};
	atomic_store(&stop, false);
	return pthread_create(thread, NULL, run_store, NULL) == 0;
}

static void end(pthread_t thread)
{
	uint64_t one = 1;

	atomic_store(&stop, true);
	if (write(run.wake_fd, &one, sizeof(one)) != sizeof(one))
		fprintf(stderr, "store_bench: no wake\n");
	pthread_join(thread, NULL);
	zv_ring_destroy(commands);
	zv_ring_destroy(events);
	zv_ring_destroy(dialogs[0]);
	zv_ring_destroy(acks[0]);
	close(run.wake_fd);
	close(event_fd);
}

/* Waits for n events of one kind; false: another came, or none in time. */
static bool wait_for(uint16_t type, uint32_t n)
{
	int64_t until = bench_ns(CLOCK_MONOTONIC) + LIMIT_S * INT64_C(1000000000);
	struct pollfd p = {.fd = event_fd, .events = POLLIN};
	struct zv_event ev;
	eventfd_t ignored;

	while (n > 0 && bench_ns(CLOCK_MONOTONIC) < until) {
		if (zv_ring_pop(events, &ev, 1) == 1) {
			if (ev.type != type || (type == ZV_EV_INTENT_FLUSHED && ev.u.flushed.err != ZV_OK)) {
				fprintf(stderr, "store_bench: event %u, error %d\n", ev.type, (int)ev.u.flushed.err);
				return false;
			}
			n--;
		} else if (zv_ring_arm(events) && poll(&p, 1, 50) > 0) {
			(void)eventfd_read(event_fd, &ignored);
		}
	}
	return n == 0;
}

static struct zv_cmd command(uint16_t type, uint64_t call)
{
	return (struct zv_cmd){.type = type, .campaign = CAMPAIGN, .leg = {(uint32_t)call % 1000, 1},
			       .attempt = {UINT64_C(1) << 48, call + 1}, .cal_ms = CAL_MS + (int64_t)call * 10};
}

static bool push(const struct zv_cmd *cmd)
{
	return zv_ring_push(commands, cmd) == ZV_OK;
}

static bool push_intent(uint64_t call, uint64_t lead, uint64_t number)
{
	struct zv_cmd c = command(ZV_CMD_INTENT, call);

	c.u.intent.lead = lead;
	c.u.intent.called = number;
	c.u.intent.caller = 74950000000;
	c.u.intent.mono_ms = 5000;
	c.u.intent.rules_hash = 99;
	return push(&c);
}

/* No answer; again in two hours. */
static bool push_end(uint64_t call, uint64_t lead)
{
	struct zv_cmd c = command(ZV_CMD_OUTCOME, call);

	c.u.outcome.lead = lead;
	c.u.outcome.outcome = ZV_OUT_NO_ANSWER;
	c.u.outcome.facts = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_RING);
	c.u.outcome.invite_ms = c.cal_ms + 1;
	c.u.outcome.sip_code = 480;
	if (!push(&c))
		return false;
	c = command(ZV_CMD_STEP, call);
	c.u.step.lead = lead;
	c.u.step.kind = ZV_STEP_RETRY;
	c.u.step.due_class = ZV_DUE_NORMAL;
	c.u.step.due_ms = c.cal_ms + 7200000;
	return push(&c);
}

static bool call_batch(const struct bench *b, uint64_t first, uint32_t n, uint32_t *ret_us)
{
	/* A step that shares no factor with the sizes: no lead twice, none beside the one before. */
	const uint64_t stride = 7919;
	int64_t began = bench_ns(CLOCK_MONOTONIC);
	bool ok = true;

	for (uint64_t call = first; call < first + n && ok; call++) {
		uint64_t i = call * stride % b->leads;

		ok = push_intent(call, bench_lead(i + 1), UINT64_C(79000000000) + bench_number_of(i));
	}
	ok = ok && wait_for(ZV_EV_INTENT_FLUSHED, n);
	*ret_us = (uint32_t)((bench_ns(CLOCK_MONOTONIC) - began) / 1000);
	return ok;
}

static bool end_batch(const struct bench *b, uint64_t first, uint32_t n)
{
	bool ok = true;

	for (uint64_t call = first; call < first + n && ok; call++)
		ok = push_end(call, bench_lead(call * 7919 % b->leads + 1));
	return ok && wait_for(ZV_EV_STEP_FLUSHED, n);
}

bool measure_commit(struct bench *b, struct zv_store *store)
{
	uint64_t calls = b->calls + OPEN_CALLS <= b->leads ? b->calls : b->leads - OPEN_CALLS, done = 0;
	uint32_t *waits = calloc(calls / BATCH + 2, sizeof(*waits)), n = 0, p50, p99, us;
	pthread_t thread;
	clockid_t clock;
	bool ok;
	double per;

	if (waits == NULL || !begin(store, &thread))
		return false;
	ok = pthread_getcpuclockid(thread, &clock) == 0;
	for (calls -= calls % BATCH; ok && done < calls; done += BATCH)
		ok = call_batch(b, done, BATCH, &waits[n++]) && end_batch(b, done, BATCH);
	per = ok ? (double)bench_ns(clock) / 1e3 / (double)calls : 0;
	for (uint32_t open = 0; ok && open < OPEN_CALLS; open += 50)
		ok = call_batch(b, done + open, 50, &us);
	end(thread);
	ok = ok && ended == ZV_OK;
	if (ok) {
		bench_percentiles(waits, n, &p50, &p99);
		say(b, (struct bench_figure){.name = "store_commit", .unit = "us/call", .value = per, .n = calls, .cpu_us = per});
		say(b, (struct bench_figure){.name = "store_commit_wait", .unit = "ms", .value = p50 / 1e3, .n = n,
					     .p50 = p50 / 1e3, .p99 = p99 / 1e3, .better = "none"});
	}
	free(waits);
	return ok;
}
