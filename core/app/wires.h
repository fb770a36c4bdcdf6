/* app/wires.h -- the rings between the threads, all of them, and what happens when one is full.
 *
 *   from            to          message          when full
 *   lookahead       engine      zv_event         the lookahead waits: fewer leads are offered
 *   store           engine      zv_event         the store waits a little, counts, goes on waiting
 *   plugin host     engine      zv_event         the plugin thread waits
 *   sip i, media i  engine      zv_event         the sender keeps it and tries again in its loop
 *   main            engine      zv_event         main tries again at its next turn
 *   http            engine      zv_event         the request is answered with 503
 *   ears            engine      zv_event         the verdict is kept and tried again
 *   engine          store       zv_cmd           kept in order in a spill of the engine's; no new
 *   engine          others      zv_cmd           dials begin while any spill holds something
 *   sip i           store       zv_dialog        the ACK goes out after ack_wait_ms all the same
 *   store           sip i       zv_dialog_ack    the same
 *   engine          main        zv_cmd (TELL)    kept in a spill like the others
 *
 * Every ring has one producer and one consumer.  A thread's rings share its eventfd.
 */
#ifndef ZV_APP_WIRES_H
#define ZV_APP_WIRES_H

#include <stdbool.h>

#include "base/ring.h"
#include "dial/mediaplan.h"

#define ZV_SHARDS_MAX 16

/* Threads that receive; each has an eventfd. */
struct zv_wires {
	uint32_t n_sip, n_media;
	uint32_t n_shards;  /* n_sip, and the phones' shard behind them if there is one */
	uint32_t max_calls; /* customers' slots: which shard a slot has */
	int engine_fd, store_fd, lookahead_fd, plugin_fd, main_fd;
	int sip_fd[ZV_SHARDS_MAX + 1], media_fd[ZV_MEDIA_THREADS_MAX];

	struct zv_ring *lookahead_engine, *store_engine, *plugin_engine, *main_engine, *http_engine, *ears_engine;
	struct zv_ring *sip_engine[ZV_SHARDS_MAX + 1], *media_engine[ZV_MEDIA_THREADS_MAX];

	struct zv_ring *engine_store, *engine_lookahead, *engine_plugin, *engine_main;
	struct zv_ring *engine_sip[ZV_SHARDS_MAX + 1], *engine_media[ZV_MEDIA_THREADS_MAX];

	struct zv_ring *sip_store[ZV_SHARDS_MAX + 1], *store_sip[ZV_SHARDS_MAX + 1];
};

struct zv_wires_params {
	uint32_t n_sip, n_media;
	bool phones;         /* one more shard */
	uint32_t max_calls;  /* customers' slots */
	uint32_t n_slots;    /* all slots; with n_slabs they size the rings */
	uint32_t n_slabs;
};
/* ZV_EINVAL, ZV_ENOMEM, ZV_EIO. */
enum zv_err zv_wires_create(const struct zv_wires_params *params, struct zv_wires **ret_wires) ZV_MUST_USE;
void zv_wires_destroy(struct zv_wires *wires); /* accepts NULL and half-built */

/* Adds to an eventfd: whoever sleeps on it looks again. */
void zv_wake(int fd);

#endif
