/* dial/lead/pick.h -- what pick.c (holding) and start.c (calling) share with the parts that say
 * when a lead may go: callback.c, kill.c, sla.c.  Private to core/dial/lead.
 */
#ifndef ZV_DIAL_LEAD_PICK_H
#define ZV_DIAL_LEAD_PICK_H

#include "dial/engine_int.h"

/* ---- pick.c ---- */

/* Out of the heap of those that may be called now. */
void zv_pick_unready(struct zv_engine *e, uint32_t slab);
/* Due then: waits, or is ready. */
void zv_pick_await(struct zv_engine *e, uint32_t slab, int64_t due_ms);
/* Not before start_ms, whatever it is due at. */
void zv_pick_await_until(struct zv_engine *e, uint32_t slab, int64_t start_ms);
/* Out of the way until its person's call is over. */
void zv_pick_await_person(struct zv_engine *e, uint32_t slab);
/* Its last step: `category`, and no further call. */
void zv_pick_final(struct zv_engine *e, uint32_t slab, uint8_t category);

/* Does the lead wait here, free to be given back? */
static inline bool zv_pick_waits(const struct zv_engine *e, uint32_t slab)
{
	return e->held[slab].state == ZV_HELD_FUTURE || e->held[slab].state == ZV_HELD_READY ||
	       e->held[slab].state == ZV_HELD_PERSON;
}

static inline bool zv_pick_room(const struct zv_engine *e, uint32_t cmds)
{
	return e->out->cap - e->out->n >= cmds;
}

#endif
