/* store/lookahead.h -- walks the due index ahead of the engine and offers leads.
 *
 * A thread of its own with short read transactions.  Hot ones and strict priority first, then
 * by due time; never a lead twice while the engine owns its slab.  Offers leads due within
 * `horizon_ms`, and in fast-forward up to `ahead` leads beyond it; tells the earliest due
 * moment not offered by EV_DUE_HINT whenever it changes.
 *
 * Offers and hints carry the number of the read transaction; EV_TOLD that of the commit.  An
 * offer with txn >= told.txn has what was told.  A person's slab that the engine has let go of
 * (last RELEASE) is read anew before it is offered again.
 */
#ifndef ZV_LOOKAHEAD_H
#define ZV_LOOKAHEAD_H

#include "store/read.h"

struct zv_lookahead {
	struct zv_store *store;
	struct zv_slabs slabs;
	/* What the rules must know of each offered lead's person; leads of one person that are
	 * held at once share one.  As many as slabs.  n 0: offers come without (the store's own
	 * tests), and a lead whose next number is suppressed everywhere is not offered. */
	struct zv_person_slabs persons;
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
	/* The rule set now in force (its reach and registries); may be NULL as long as persons.n
	 * is 0.  What it points to lives until the next pass at least. */
	const struct zv_rules *(*rules)(void *arg);
	/* Jurisdiction, zones and lines of a person (NULL: nobody knows).  The offer's zone is
	 * residence[0] unless the number has one of its own. */
	zv_place_fn place;
	void *arg;
};

/* Runs until *stop is set. */
enum zv_err zv_lookahead_thread(struct zv_lookahead *la, const _Atomic bool *stop) ZV_MUST_USE;

#endif
