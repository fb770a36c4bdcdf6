#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/apply.h"

#define SWAP_GAP_MS 50 /* test only, see swap_order */
#define BATCH           512u
#define DIALOGS         64u
#define BACKLOG         (4u * BATCH)
#define DISK_RESERVE    (UINT64_C(64) << 20)
#define FULL_PERMILLE   850u
#define ROOMY_PERMILLE  830u /* on again: not at the first page that is freed */
#define LAZY_WAIT_MS    20   /* ladder steps: nobody waits for them */
#define FULL_RETRY_MS   200
/* A commit costs the same for one message as for a hundred, nearly.  When batches are full of work,
 * the next one is gathered for so many times as long as the last commit took, within a bound that
 * nobody notices: an ACK waits up to 200 ms for its facts. */
#define STRETCH_FROM    12u
#define STRETCH_TIMES   16
#define STRETCH_MAX_US  40000
#define STOP_PATIENCE_MS 10000

struct writer {
	struct zv_store_run *run;
	const _Atomic bool *stop;
	struct zv_txn *txn;
	struct zv_cmd cmds[BATCH];
	struct zv_event replies[BATCH];
	struct zv_dialog dialogs[DIALOGS];
	uint32_t dialog_shard[DIALOGS];
	uint32_t n_cmds, n_dialogs;
	int64_t deadline_us; /* of the batch; 0 = it is empty */
	int64_t looked_us;   /* at the rings, last: what is found came after it */
	int64_t stretch_us;  /* the least time of a batch */
	struct zv_event backlog[BACKLOG];
	uint32_t backlog_first, backlog_n;
	int64_t next_look_us; /* at map and disk */
	int64_t next_check_us; /* for dead readers */
	bool on, full;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void nap_ms(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&t, NULL);
}

/* ---- events out ---- */

/* Sends what is kept; waits at most wait_ms for room. */
static void backlog_send(struct writer *w, int wait_ms)
{
	while (w->backlog_n > 0) {
		struct zv_event *ev = &w->backlog[w->backlog_first];

		if (zv_ring_push(w->run->events, ev) == ZV_OK) {
			w->backlog_first = (w->backlog_first + 1) % BACKLOG;
			w->backlog_n--;
		} else if (wait_ms-- <= 0) {
			return;
		} else {
			count(&w->run->store->stats.event_waits, 1);
			nap_ms(1);
		}
	}
}

/* The backlog has room: collect() takes no batch that it could not hold. */
static void send_event(struct writer *w, const struct zv_event *ev)
{
	if (w->backlog_n == 0 && zv_ring_push(w->run->events, ev) == ZV_OK)
		return;
	w->backlog[(w->backlog_first + w->backlog_n++) % BACKLOG] = *ev;
}

static void send_state(struct writer *w, bool on)
{
	struct zv_event ev = {.type = ZV_EV_STORE_STATE, .u.state.on = on};

	if (w->on == on)
		return;
	w->on = on;
	atomic_store_explicit(&w->run->store->stats.on, on, memory_order_relaxed);
	if (on)
		zv_info("store", "there is space again: dialling may go on");
	else
		zv_error("store", "map or disk is nearly full: no new calls");
	send_event(w, &ev);
	backlog_send(w, 100);
}

static void send_acks(struct writer *w)
{
	for (uint32_t i = 0; i < w->n_dialogs; i++) {
		struct zv_dialog_ack ack = {w->dialogs[i].attempt, w->dialogs[i].leg};
		struct zv_ring *ring = w->run->dialog_acks[w->dialog_shard[i]];
		int tries = 0;

		/* One that is lost costs the ACK its ack_wait_ms, no more. */
		while (zv_ring_push(ring, &ack) != ZV_OK) {
			if (tries++ == 20) {
				count(&w->run->store->stats.acks_dropped, 1);
				break;
			}
			nap_ms(1);
		}
	}
}

/* ---- messages in ---- */

static int64_t stretched(const struct writer *w, uint32_t wait_ms)
{
	int64_t wait_us = (int64_t)wait_ms * 1000;

	return wait_us > 0 && wait_us < w->stretch_us ? w->stretch_us : wait_us;
}

static int64_t patience_us(const struct writer *w, const struct zv_cmd *cmd)
{
	if (cmd->type == ZV_CMD_INTENT ||
	    (cmd->type == ZV_CMD_LADDER && cmd->u.ladder.what == ZV_LADDER_SUB))
		return stretched(w, w->run->intent_wait_ms);
	if (cmd->type == ZV_CMD_LADDER || cmd->type == ZV_CMD_CALENDAR ||
	    cmd->type == ZV_CMD_EVIDENCE)
		return stretched(w, LAZY_WAIT_MS);
	return stretched(w, w->run->outcome_wait_ms);
}

static void hurry(struct writer *w, int64_t deadline_us)
{
	if (w->deadline_us == 0 || deadline_us < w->deadline_us)
		w->deadline_us = deadline_us;
}

static void collect(struct writer *w)
{
	/* As if it had come right after the last look: a nap costs nobody patience. */
	int64_t now = w->n_cmds + w->n_dialogs > 0 ? w->looked_us : now_us();
	uint32_t n;

	/* + 2: a change of state may want a place too */
	if (w->backlog_n + BATCH + 2 > BACKLOG)
		return;
	w->looked_us = now_us();
	n = zv_ring_pop(w->run->commands, &w->cmds[w->n_cmds], BATCH - w->n_cmds);
	for (uint32_t i = 0; i < n; i++)
		hurry(w, now + patience_us(w, &w->cmds[w->n_cmds + i]));
	w->n_cmds += n;
	for (uint32_t s = 0; s < w->run->n_shards; s++) {
		n = zv_ring_pop(w->run->dialogs[s], &w->dialogs[w->n_dialogs],
				DIALOGS - w->n_dialogs);
		for (uint32_t i = 0; i < n; i++)
			w->dialog_shard[w->n_dialogs + i] = s;
		w->n_dialogs += n;
		if (n > 0)
			hurry(w, now + stretched(w, w->run->outcome_wait_ms));
	}
}

/* Sleeps until something comes or until_us. */
static void sleep_until(struct writer *w, int64_t until_us)
{
	struct pollfd p = {.fd = w->run->wake_fd, .events = POLLIN};
	int64_t left = until_us - now_us();
	struct timespec t;
	uint64_t ignored;

	if (left <= 0)
		return;
	if (!zv_ring_arm(w->run->commands))
		return;
	for (uint32_t s = 0; s < w->run->n_shards; s++)
		if (!zv_ring_arm(w->run->dialogs[s]))
			return;
	t = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = (left % 1000000) * 1000};
	if (ppoll(&p, 1, &t, NULL) > 0) {
		ssize_t n = read(w->run->wake_fd, &ignored, sizeof(ignored));
		(void)n;
	}
}

/* A batch is being gathered: what comes meanwhile need not wake the thread, but it may be more
 * urgent than the batch. */
static void gather(struct writer *w)
{
	int64_t step_us = (int64_t)w->run->outcome_wait_ms * 1000;
	int64_t left = w->deadline_us - now_us();
	struct timespec t;

	if ((int64_t)w->run->intent_wait_ms * 1000 < step_us)
		step_us = (int64_t)w->run->intent_wait_ms * 1000;
	if (step_us == 0) {
		sleep_until(w, w->deadline_us);
		return;
	}
	/* Nothing is more urgent than a stretched batch. */
	if (left > step_us && w->stretch_us == 0)
		left = step_us;
	if (left <= 0)
		return;
	t = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = (left % 1000000) * 1000};
	(void)nanosleep(&t, NULL);
}

/* ---- commits ---- */

static enum zv_err try_commit(struct writer *w, uint32_t *ret_messages, uint32_t *ret_odd)
{
	struct zv_apply apply = {
		.txn = w->txn,
		.wall_ms = wall_ms(),
		.trunk_names = w->run->trunk_names,
	};
	enum zv_err err = zv_db_begin(w->run->store, true, w->txn);

	for (uint32_t i = 0; i < w->n_dialogs && err == ZV_OK; i++)
		err = zv_apply_dialog(&apply, &w->dialogs[i]);
	for (uint32_t i = 0; i < w->n_cmds && err == ZV_OK; i++)
		err = zv_apply_cmd(&apply, &w->cmds[i], &w->replies[i]);
	if (err == ZV_OK)
		err = zv_apply_finish(&apply);
	if (err == ZV_OK)
		err = zv_db_commit(w->txn);
	else
		zv_db_abort(w->txn);
	*ret_messages = apply.n_messages;
	*ret_odd = apply.n_odd;
	return err;
}

static void send_replies(struct writer *w, bool intents, bool others)
{
	for (uint32_t i = 0; i < w->n_cmds; i++) {
		bool is_intent = w->replies[i].type == ZV_EV_INTENT_FLUSHED;

		if (w->replies[i].type != 0 && (is_intent ? intents : others))
			send_event(w, &w->replies[i]);
	}
	backlog_send(w, 20);
}

static bool disk_is_low(struct writer *w)
{
	uint64_t reserve = w->run->disk_reserve_bytes != 0 ? w->run->disk_reserve_bytes
							   : DISK_RESERVE;
	struct statvfs vfs;

	return fstatvfs(w->run->store->dir_fd, &vfs) == 0 &&
	       (uint64_t)vfs.f_bavail * vfs.f_frsize < reserve;
}

/* Now and then: is there space, are there dead readers? */
static enum zv_err look_around(struct writer *w, bool at_once)
{
	int64_t now = now_us();
	uint32_t permille;
	enum zv_err err;
	int dead;

	if (now >= w->next_check_us) {
		(void)mdb_reader_check(w->run->store->env, &dead);
		w->next_check_us = now + 60 * 1000000;
	}
	if (now < w->next_look_us && !at_once)
		return ZV_OK;
	w->next_look_us = now + 1000000;
	err = zv_db_fill_permille(w->run->store, &permille);
	if (err != ZV_OK)
		return err;
	if (w->full || disk_is_low(w) || permille >= FULL_PERMILLE)
		send_state(w, false);
	else if (permille < ROOMY_PERMILLE)
		send_state(w, true);
	return ZV_OK;
}

/* Again and again until there is space: nothing that was taken is lost. */
static enum zv_err commit_when_there_is_space(struct writer *w, uint32_t *ret_messages)
{
	struct zv_store *store = w->run->store;
	int64_t give_up_us = 0;
	uint32_t odd = 0;
	enum zv_err err;

	while ((err = try_commit(w, ret_messages, &odd)) == ZV_EFULL) {
		count(&store->stats.full, 1);
		w->full = true;
		send_state(w, false);
		backlog_send(w, 20);
		if (atomic_load(w->stop)) {
			if (give_up_us == 0)
				give_up_us = now_us() + STOP_PATIENCE_MS * 1000;
			if (now_us() > give_up_us)
				return ZV_EFULL;
		}
		nap_ms(FULL_RETRY_MS);
	}
	count(&store->stats.odd, odd);
	if (err != ZV_OK) {
		zv_error("store", "a transaction failed: the disk cannot be trusted");
		return ZV_EIO;
	}
	if (w->full) {
		w->full = false;
		return look_around(w, true);
	}
	return ZV_OK;
}

static enum zv_err commit_batch(struct writer *w)
{
	struct zv_store_run *run = w->run;
	int64_t begin = now_us();
	uint32_t messages = 0;
	uint64_t took;
	enum zv_err err;

	if (run->swap_order) {
		/* Test only: the promise "intent before INVITE", broken on purpose. */
		for (uint32_t i = 0; i < w->n_cmds; i++) {
			struct zv_event ev = {.type = ZV_EV_INTENT_FLUSHED,
					      .trunk = w->cmds[i].trunk,
					      .leg = w->cmds[i].leg,
					      .attempt = w->cmds[i].attempt};

			if (w->cmds[i].type == ZV_CMD_INTENT)
				send_event(w, &ev);
		}
		backlog_send(w, 20);
		/* A fast disk would leave a kill hardly a millisecond to hit. */
		(void)poll(NULL, 0, SWAP_GAP_MS);
	}
	err = commit_when_there_is_space(w, &messages);
	if (err != ZV_OK)
		return err;
	took = (uint64_t)(now_us() - begin);
	count(&run->store->stats.commits, 1);
	count(&run->store->stats.messages, w->n_cmds + w->n_dialogs);
	count(&run->store->stats.commit_us, took);
	if (took > atomic_load_explicit(&run->store->stats.commit_us_max, memory_order_relaxed))
		atomic_store_explicit(&run->store->stats.commit_us_max, took, memory_order_relaxed);
	send_acks(w);
	send_replies(w, !run->swap_order, true);
	if (run->committed != NULL)
		run->committed(run->arg, messages);
	for (uint32_t i = 0; i < w->txn->n_camps && run->campaign_complete != NULL; i++)
		if (w->txn->camps[i].completed)
			run->campaign_complete(run->arg, w->txn->camps[i].id);
	w->stretch_us = 0;
	if (w->n_cmds + w->n_dialogs >= STRETCH_FROM)
		w->stretch_us = took * STRETCH_TIMES < STRETCH_MAX_US ? (int64_t)took * STRETCH_TIMES
								      : STRETCH_MAX_US;
	w->n_cmds = 0;
	w->n_dialogs = 0;
	w->deadline_us = 0;
	return look_around(w, false);
}

enum zv_err zv_store_thread(struct zv_store_run *run, const _Atomic bool *stop)
{
	struct writer *w = calloc(1, sizeof(*w));
	uint32_t stuck = 0;
	enum zv_err err = ZV_OK;

	if (w == NULL)
		return ZV_ENOMEM;
	w->run = run;
	w->stop = stop;
	w->on = true;
	w->txn = malloc(sizeof(*w->txn));
	if (w->txn == NULL) {
		free(w);
		return ZV_ENOMEM;
	}
	while (err == ZV_OK) {
		bool ending = atomic_load(stop);
		bool full, empty;

		backlog_send(w, 5);
		collect(w);
		empty = w->n_cmds == 0 && w->n_dialogs == 0;
		full = w->n_cmds == BATCH || w->n_dialogs == DIALOGS;
		/* What the event ring did not take by then nobody reads any more. */
		if (ending && empty && (w->backlog_n == 0 || ++stuck > 100))
			break;
		if (empty) {
			err = look_around(w, false);
			if (!ending)
				sleep_until(w, now_us() + (w->backlog_n > 0 ? 1000 : 1000000));
		} else if (full || ending || now_us() >= w->deadline_us) {
			err = commit_batch(w);
		} else {
			gather(w);
		}
	}
	free(w->txn);
	free(w);
	return err;
}

void zv_store_get_stats(const struct zv_store *store, struct zv_store_stats *ret_stats)
{
	*ret_stats = (struct zv_store_stats){
		.commits = atomic_load_explicit(&store->stats.commits, memory_order_relaxed),
		.messages = atomic_load_explicit(&store->stats.messages, memory_order_relaxed),
		.commit_us = atomic_load_explicit(&store->stats.commit_us, memory_order_relaxed),
		.commit_us_max =
			atomic_load_explicit(&store->stats.commit_us_max, memory_order_relaxed),
		.odd = atomic_load_explicit(&store->stats.odd, memory_order_relaxed),
		.event_waits = atomic_load_explicit(&store->stats.event_waits, memory_order_relaxed),
		.acks_dropped =
			atomic_load_explicit(&store->stats.acks_dropped, memory_order_relaxed),
		.full = atomic_load_explicit(&store->stats.full, memory_order_relaxed),
		.on = atomic_load_explicit(&store->stats.on, memory_order_relaxed),
	};
}
