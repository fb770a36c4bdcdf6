/* store/store.h -- the truth on disk: LMDB, one environment a node.
 *
 * Threads: one store thread writes (zv_store_run); one lookahead thread reads (lookahead.h);
 * zvonarctl opens the same directory from its own process.  LMDB runs with its default sync:
 * never WRITEMAP, NOSYNC, NOMETASYNC, MAPASYNC.  lmdb.h is seen in core/store only.
 */
#ifndef ZV_STORE_H
#define ZV_STORE_H

#include "base/ring.h"
#include "base/tz.h"
#include "dial/command.h"
#include "dial/offer.h"
#include "dial/recover.h"

struct zv_store;

struct zv_store_params {
	const char *dir;        /* made if missing (mode 0700) */
	uint64_t map_bytes;     /* address space; 0 = default (64 GiB, sparse) */
	bool read_only;
	bool create;            /* false: ZV_ENOENT when there is none */
};

/* ZV_EVERSION: made by a newer program.  ZV_EIO, ZV_ECORRUPT, ZV_EFULL (disk).  What went wrong
 * stands in text (may be NULL). */
enum zv_err zv_store_open(const struct zv_store_params *params, char *text, size_t text_size,
			  struct zv_store **ret_store) ZV_MUST_USE;
void zv_store_close(struct zv_store *store); /* accepts NULL */

/* ---- boot ---- */

/* Start of a run: epoch + 1, flushed; the secret of the store; where the calendar stands (0:
 * never moved).  simulated: this run may fast-forward; marks the store for good.  A store so
 * marked opened with simulated = false is ZV_EDENIED. */
struct zv_store_boot {
	uint32_t epoch;
	struct zv_key secret;
	int64_t calendar_ms;
};
enum zv_err zv_store_begin(struct zv_store *store, bool simulated, struct zv_store_boot *ret_boot) ZV_MUST_USE;

/* Every open intent becomes `unknown` (outcome in the log, the lead due again after
 * rest_ms(campaign)), in one transaction, flushed.  fn is called once each, after the flush, and
 * once for each attempt whose outcome is known but whose leg nobody saw closed. */
typedef void (*zv_open_fn)(void *arg, const struct zv_open_attempt *open);
enum zv_err zv_store_recover(struct zv_store *store, int64_t now_cal_ms,
			     int64_t (*rest_ms)(void *arg, uint32_t campaign), zv_open_fn fn,
			     void *arg, uint32_t *ret_count) ZV_MUST_USE;

/* ---- the store thread ---- */

struct zv_store_run {
	struct zv_store *store;
	struct zv_ring *commands;    /* from the engine: struct zv_cmd */
	struct zv_ring *events;      /* to the engine: struct zv_event */
	struct zv_ring *const *dialogs;     /* from sip shard i: struct zv_dialog */
	struct zv_ring *const *dialog_acks; /* to sip shard i: struct zv_dialog_ack */
	uint32_t n_shards;
	int wake_fd;                 /* eventfd of commands and dialogs */
	uint32_t intent_wait_ms;     /* group commit: 10; after a batch of a dozen and more up to 40 */
	uint32_t outcome_wait_ms;    /* 5; the same; 0: never gathered */
	const char *const *trunk_names; /* by index, ZV_TRUNKS_MAX pointers (NULL: none) */
	/* after each commit, on the store thread: outcomes etc. are on disk */
	void (*committed)(void *arg, uint32_t n_messages);
	/* told when a campaign's last contact got its category */
	void (*campaign_complete)(void *arg, uint32_t campaign);
	void *arg;
	/* test-only: tell INTENT_FLUSHED before the flush.  Exists so that the crash test can be
	 * seen to fail; zvonard takes it from ZVONAR_TEST_SWAP_ORDER in builds with -Dtest_hooks. */
	bool swap_order;
	/* Dialling stops (EV_STORE_STATE) when the disk has less left; 0 = 64 MiB.  It stops too
	 * when 85 % of the map is in use.  What calls in progress bring is still written. */
	uint64_t disk_reserve_bytes;
};

/* Figures of the store thread; any thread, a copy. */
struct zv_store_stats {
	uint64_t commits, messages; /* messages / commits: how well the group commit groups */
	uint64_t commit_us;         /* time in transactions, all together */
	uint64_t commit_us_max;
	uint64_t odd;               /* commands that made no sense, see the log */
	uint64_t event_waits;       /* waits for room in the event ring */
	uint64_t acks_dropped;      /* dialog acks a full ring did not take */
	uint64_t full;              /* transactions that map or disk had no room for */
	uint32_t on;                /* 0: dialling is stopped for want of space */
};
void zv_store_get_stats(const struct zv_store *store, struct zv_store_stats *ret_stats);

/* Runs until *stop is set and the rings are empty; everything taken is committed.  ZV_EIO: a
 * flush failed: the caller must end the process (never retry an fsync).  ZV_EFULL: stopped
 * while there was no space for 10 s.  Events that the ring does not take are kept and sent
 * later, in order; meanwhile no more commands are taken. */
enum zv_err zv_store_thread(struct zv_store_run *run, const _Atomic bool *stop) ZV_MUST_USE;

/* ---- lists and campaigns: zvonarctl, and zvonard at start.  Own short transactions. ---- */

enum zv_campaign_state { ZV_CAMP_READY = 0, ZV_CAMP_RUNNING = 1, ZV_CAMP_PAUSED = 2, ZV_CAMP_COMPLETE = 3 };

struct zv_campaign_info {
	uint32_t id;
	char name[64];
	uint8_t state; /* enum zv_campaign_state */
	uint64_t leads, finals;
	uint64_t by_category[32]; /* index: category; 0 = none yet */
	char categories[32][48];  /* [0] unused; names as the campaign file gave them */
	int64_t started_ms, completed_ms;
};

/* Finds or makes the campaign and records its category, result and message names (append only:
 * a name that is there keeps its number; ZV_EINVAL if an old one is missing). */
struct zv_campaign_names {
	const char *name;
	uint8_t n_categories, n_results, n_messages;
	const char *const *categories, *const *results, *const *messages;
};
enum zv_err zv_store_campaign_put(struct zv_store *store, const struct zv_campaign_names *names,
				  uint32_t *ret_id) ZV_MUST_USE;
enum zv_err zv_store_campaign_get(struct zv_store *store, const char *name,
				  struct zv_campaign_info *ret_info) ZV_MUST_USE;
enum zv_err zv_store_campaign_each(struct zv_store *store,
				   void (*fn)(void *arg, const struct zv_campaign_info *info), void *arg) ZV_MUST_USE;
enum zv_err zv_store_campaign_state(struct zv_store *store, uint32_t id,
				    enum zv_campaign_state state, int64_t now_cal_ms) ZV_MUST_USE;

/* Attributes of a lead (columns of its list), as the script's variables need them.  Own read
 * transaction; any thread.  Text is written as "name\0value\0name\0value\0"; *ret_len its length. */
enum zv_err zv_store_lead_attrs(struct zv_store *store, uint64_t lead, char *buf, size_t cap,
				size_t *ret_len) ZV_MUST_USE;
/* Attributes of every lead of a campaign, streaming. */
enum zv_err zv_store_attrs_each(struct zv_store *store, uint32_t campaign,
				void (*fn)(void *arg, uint64_t lead, const char *attrs, size_t len),
				void *arg) ZV_MUST_USE;

#endif
