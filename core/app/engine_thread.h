/* app/engine_thread.h -- the engine's thread: events in from every ring, commands out to their
 * owners.  It reads the clock for the engine, answers RESERVE (one node: the ledger is here)
 * and moves the calendar.
 */
#ifndef ZV_APP_ENGINE_THREAD_H
#define ZV_APP_ENGINE_THREAD_H

#include "app/clock.h"
#include "app/record.h"
#include "app/wires.h"
#include "dial/engine.h"
#include "dial/why.h"

/* What the status command shows; copied out under a lock by the engine's thread twice a second
 * and at each stop. */
struct zv_engine_view {
	struct zv_engine_stats stats;
	struct zv_trunk_stats trunks[ZV_TRUNKS_MAX];
	int64_t cal_ms;
	uint64_t events, spilled;
	struct zv_campaign_view_now {
		struct zv_campaign_calls calls;
		bool paced, limited;           /* figures, budget hold */
		uint64_t live, abandoned;      /* today, in the campaign's zone */
		struct zv_pacer_figures figures;
		struct zv_budget budget;
		struct zv_why why;             /* a second old at most */
	} campaigns[ZV_CAMPAIGNS_MAX];
	struct zv_queue_stats queues[ZV_QUEUES_MAX];
};

struct zv_engine_thread;

struct zv_engine_thread_params {
	struct zv_engine *engine;
	struct zv_clock *clock;
	struct zv_wires *wires;
	uint32_t n_trunks;
	const struct zv_engine_conf *conf; /* whose campaigns are shown: that of the start */
	struct zv_recorder *recorder; /* NULL: the day is not recorded */
};

enum zv_err zv_engine_thread_create(const struct zv_engine_thread_params *params,
				    struct zv_engine_thread **ret_thread) ZV_MUST_USE;
void zv_engine_thread_destroy(struct zv_engine_thread *thread); /* accepts NULL */

/* Runs until *stop is set and every ring into the engine is empty. */
void zv_engine_thread_run(struct zv_engine_thread *thread, const _Atomic bool *stop);
/* Hands over a new configuration; any thread; taken in between two events.  Waits for it. */
enum zv_err zv_engine_thread_set_conf(struct zv_engine_thread *thread,
				      const struct zv_engine_conf *conf) ZV_MUST_USE;
/* Any thread. */
void zv_engine_thread_view(struct zv_engine_thread *thread, struct zv_engine_view *ret_view);

#endif
