/* dial/lead/keep.h -- what is kept free for calls that come at a set time: agents whom the pacers
 * do not see, lines that other calls leave.  Part of struct zv_engine; private to core/dial.
 *
 * Thread: engine.  An agent is kept by name for a call-back of his own, else as one of so many
 * who are idle; a person who is on the line already is always served, also by one who is kept.
 */
#ifndef ZV_DIAL_LEAD_KEEP_H
#define ZV_DIAL_LEAD_KEEP_H

#include "dial/floor/floor.h"

#define ZV_RING_BIN_MS 500
#define ZV_RING_BINS   64
#define ZV_RING_KEEP   512u

/* How long it rang until somebody answered: of one campaign. */
struct zv_ring_times { uint16_t n[ZV_RING_BINS]; uint32_t total; };

#define ZV_KEEP_OWNERS 64u

struct zv_keep {
	int64_t look_ms;               /* monotonic: when the leads are looked at again */
	bool quiet;                    /* no call-back is held */
	uint32_t lines;                /* calls that begin within seconds */
	uint32_t agents[ZV_POOLS_MAX]; /* agents wanted for calls that begin soon or ring */
	uint32_t direct[ZV_POOLS_MAX]; /* calls begun beside the pacer that nobody has answered */
	uint32_t owners[ZV_KEEP_OWNERS], n_owners; /* kept by name */
	uint32_t n_hidden;
	uint32_t *hidden;              /* [agent] bits of the pools that are not told of him */
	uint16_t *awaits;              /* [agent] calls under way that are meant for him */
};

/* engine.c */
enum zv_err zv_keep_init(struct zv_engine *e) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_keep_fini(struct zv_engine *e);
/* Before the pacers decide. */
void zv_keep_update(struct zv_engine *e);

/* start.c: may this lead begin though its pacer has no place for it? */
bool zv_keep_may_start(const struct zv_engine *e, uint32_t slab);
/* ... and do lines that are kept for others leave one for it? */
bool zv_keep_line_left(const struct zv_engine *e, uint32_t slab);
/* Such a call begins; it was answered, or is over. */
void zv_keep_begun(struct zv_engine *e, uint32_t slot);
void zv_keep_over(struct zv_engine *e, uint32_t slot);

#endif
