/* What the engine is to the store thread: pushes commands, waits for events. */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>

#include "store_dir.h"

#define CAL UINT64_C(1700000000000)

static struct zv_ring *commands, *events, *dialogs[1], *acks[1];
static struct zv_store_run run;
static _Atomic bool stop_store;
static _Atomic uint32_t completed_campaign, outbox_messages;
static pthread_t store_thread;
static enum zv_err store_thread_err;
static int event_fd;

static void campaign_done(void *arg, uint32_t id)
{
	(void)arg;
	atomic_store(&completed_campaign, id);
}

static void committed(void *arg, uint32_t n_messages)
{
	(void)arg;
	atomic_fetch_add(&outbox_messages, n_messages);
}

static void *run_store(void *arg)
{
	(void)arg;
	store_thread_err = zv_store_thread(&run, &stop_store);
	return NULL;
}

static inline void start_thread(struct zv_store *store)
{
	static const char *names[64] = {"alpha", "beta"};
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_cmd), 8192, fd, &commands), ZV_OK);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_event), 8192, event_fd, &events), ZV_OK);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_dialog), 256, fd, &dialogs[0]), ZV_OK);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_dialog_ack), 256, event_fd, &acks[0]), ZV_OK);
	run = (struct zv_store_run){.store = store,
				    .commands = commands,
				    .events = events,
				    .dialogs = dialogs,
				    .dialog_acks = acks,
				    .n_shards = 1,
				    .wake_fd = fd,
				    .intent_wait_ms = 2,
				    .outcome_wait_ms = 1,
				    .trunk_names = names,
				    .committed = committed,
				    .campaign_complete = campaign_done,
				    .disk_reserve_bytes = 1};
	atomic_store(&stop_store, false);
	cr_assert_eq(pthread_create(&store_thread, NULL, run_store, NULL), 0);
}

static inline void stop_thread(void)
{
	uint64_t one = 1;

	atomic_store(&stop_store, true);
	cr_assert_eq(write(run.wake_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(store_thread, NULL);
	zv_ring_destroy(commands);
	zv_ring_destroy(events);
	zv_ring_destroy(dialogs[0]);
	zv_ring_destroy(acks[0]);
	close(run.wake_fd);
	close(event_fd);
}

/* Waits for a message of a ring, at most 20 s. */
static inline bool next_message(struct zv_ring *ring, void *msg, int wait_ms)
{
	struct timespec t;
	int64_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + wait_ms;
	for (;;) {
		struct pollfd p = {.fd = event_fd, .events = POLLIN};
		uint64_t ignored;
		int64_t left;

		if (zv_ring_pop(ring, msg, 1) == 1)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &t);
		left = end - ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
		if (left <= 0)
			return false;
		if (zv_ring_arm(ring) && poll(&p, 1, left > 50 ? 50 : (int)left) > 0)
			left = read(event_fd, &ignored, sizeof(ignored));
	}
}

static inline struct zv_event want_event(uint16_t type)
{
	struct zv_event ev = {0};

	cr_assert(next_message(events, &ev, 20000), "no event %u came", type);
	cr_assert_eq(ev.type, type, "event %u instead of %u", ev.type, type);
	return ev;
}

static inline void push(const struct zv_cmd *cmd)
{
	cr_assert_eq(zv_ring_push(commands, cmd), ZV_OK);
}

static inline struct zv_attempt_id attempt_no(uint64_t n)
{
	return (struct zv_attempt_id){.hi = UINT64_C(1) << 48, .lo = n};
}

static inline struct zv_cmd intent_of(uint64_t n, uint64_t lead, uint64_t called)
{
	struct zv_cmd c = {.type = ZV_CMD_INTENT,
			   .trunk = 0,
			   .campaign = (uint32_t)(lead >> 40),
			   .leg = {7, 3},
			   .attempt = attempt_no(n),
			   .cal_ms = (int64_t)(CAL + n * 1000)};

	c.u.intent.lead = lead;
	c.u.intent.called = called;
	c.u.intent.caller = 74950000000;
	c.u.intent.mono_ms = 5000;
	c.u.intent.rules_hash = 99;
	return c;
}

static inline struct zv_cmd outcome_of(uint64_t n, uint64_t lead, uint8_t outcome)
{
	struct zv_cmd c = {.type = ZV_CMD_OUTCOME,
			   .campaign = (uint32_t)(lead >> 40),
			   .leg = {7, 3},
			   .attempt = attempt_no(n),
			   .cal_ms = (int64_t)(CAL + n * 1000 + 500)};

	c.u.outcome.lead = lead;
	c.u.outcome.outcome = outcome;
	c.u.outcome.facts = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT);
	if (outcome == ZV_OUT_ANSWERED) {
		c.u.outcome.facts |= ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_CONVERSATION);
		c.u.outcome.dial_s = 3;
		c.u.outcome.connect_s = 4;
		c.u.outcome.end_s = 19;
	}
	c.u.outcome.invite_ms = (int64_t)(CAL + n * 1000 + 1);
	if (outcome == ZV_OUT_ANSWERED) {
		c.u.outcome.answer_ms = 4000;
		c.u.outcome.end_ms = 19000;
		c.u.outcome.result = 1;
		c.u.outcome.key = '1';
	}
	c.u.outcome.sip_code = outcome == ZV_OUT_BUSY ? 486 : 200;
	return c;
}

static inline struct zv_cmd retry_of(uint64_t n, uint64_t lead, int64_t due_ms)
{
	struct zv_cmd c = {.type = ZV_CMD_STEP,
			   .campaign = (uint32_t)(lead >> 40),
			   .attempt = attempt_no(n),
			   .cal_ms = (int64_t)(CAL + n * 1000 + 600)};

	c.u.step.lead = lead;
	c.u.step.kind = ZV_STEP_RETRY;
	c.u.step.due_class = ZV_DUE_NORMAL;
	c.u.step.due_ms = due_ms;
	c.u.step.slab = 11;
	return c;
}

static inline struct zv_cmd final_of(uint64_t n, uint64_t lead, uint8_t category)
{
	struct zv_cmd c = retry_of(n, lead, 0);

	c.u.step.kind = ZV_STEP_FINAL;
	c.u.step.category = category;
	return c;
}

/* n leads with numbers 79160000000 ...; the first one's id. */
static inline uint64_t put_leads(struct zv_store *store, uint32_t campaign, uint32_t n)
{
	static uint64_t number = 79160000000;
	struct zv_import_params p = {.campaign = campaign,
				     .zone = "Europe/Moscow",
				     .due_class = ZV_DUE_NORMAL,
				     .now_cal_ms = (int64_t)CAL};
	struct zv_import_report report;
	FILE *f = fopen(in_dir("leads.csv"), "w");

	cr_assert_not_null(f);
	fputs("phone,name\n", f);
	for (uint32_t i = 0; i < n; i++)
		fprintf(f, "%llu,lead %u\n", (unsigned long long)number++, i);
	cr_assert_eq(fclose(f), 0);
	p.path = in_dir("leads.csv");
	cr_assert_eq(zv_import(store, &p, &report), ZV_OK, "%s", report.text);
	cr_assert_eq(report.imported, n);
	return ((uint64_t)campaign << 40) + 1;
}

static bool keep_lead(void *arg, const struct zv_lead_row *row)
{
	*(struct zv_lead_row *)arg = *row;
	return true;
}

static inline struct zv_lead_row lead_row(struct zv_store *store, uint64_t lead)
{
	struct zv_lead_row row = {0};

	cr_assert_eq(zv_store_lead_get(store, lead, keep_lead, &row), ZV_OK);
	return row;
}

#endif
