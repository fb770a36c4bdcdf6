/* store/lookahead.h -- walks the due index ahead of the engine and offers leads.
 *
 * A thread of its own with short read transactions.  Hot ones and strict priority first, then
 * by due time; never a lead twice while the engine owns its slab.  Offers leads due within
 * `horizon_ms`, and in fast-forward up to `ahead` leads beyond it; tells the earliest due
 * moment not offered by EV_DUE_HINT whenever it changes.
 */
#ifndef ZV_LOOKAHEAD_H
#define ZV_LOOKAHEAD_H

#include "store/store.h"

struct zv_lookahead {
	struct zv_store *store;
	struct zv_slabs slabs;
	struct zv_ring *events;    /* to the engine: EV_OFFER, EV_DUE_HINT */
	struct zv_ring *commands;  /* from the engine: CMD_RELEASE; others are ignored */
	int wake_fd;               /* eventfd: releases, commits, a calendar move, new lists */
	const struct zv_zones *zones;
	struct zv_zones *intern;   /* to intern zone names of numbers */
	uint32_t horizon_ms;       /* 120000 */
	uint32_t ahead;            /* 0, in fast-forward 1024 */
	int64_t (*calendar_ms)(void *arg); /* where the calendar stands; any thread */
	bool (*running)(void *arg, uint32_t campaign); /* offer this campaign's leads? */
	/* Fill offer->prompts from the lead's attributes; false: not ready, offer it later. */
	bool (*prepare)(void *arg, struct zv_offer *offer, const char *attrs, size_t attrs_len);
	void *arg;
};

/* Runs until *stop is set. */
enum zv_err zv_lookahead_thread(struct zv_lookahead *la, const _Atomic bool *stop) ZV_MUST_USE;

#endif
