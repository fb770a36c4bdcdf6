/* dial/desk/desk.h -- what agents ask for at their screens.  Private to core/dial.
 *
 * Thread: engine.  desk.c has the table (agent's state x action) and answers each EV_DESK with
 * exactly one CMD_DESK; move.c holds, transfers and consults; watch.c is the supervisor's; lead.c
 * are calls that an agent begins himself: previews and manual ones.
 */
#ifndef ZV_DIAL_DESK_DESK_H
#define ZV_DIAL_DESK_DESK_H

#include "dial/engine_int.h"

struct zv_desk_ask {
	struct zv_engine *e;
	uint32_t agent;
	const struct zv_agent *a;
	struct zv_seat *seat;
	uint32_t slot;        /* his customer's, or ZV_SLOT_NONE */
	struct zv_room *room; /* that customer's, or NULL */
	bool guest;           /* he is consulted: the customer is another's */
	const struct zv_event *ev;
	bool later;           /* the answer comes later */
};

/* engine.c */
void zv_desk(struct zv_engine *e, const struct zv_event *ev);
void zv_desk_timeouts(struct zv_engine *e);
int64_t zv_desk_next_ms(const struct zv_engine *e);
void zv_desk_init(struct zv_engine *e);

/* READY, PAUSE and LOGOUT of whoever asks for them: his phone's leg may be away. */
enum zv_err zv_desk_state(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code) ZV_MUST_USE;
void zv_desk_answer(struct zv_engine *e, struct zv_attempt_id token, uint32_t agent, enum zv_err err);

/* ---- move.c: ZV_OK; ZV_EDENIED: not in this state of the talk; ZV_EAGAIN: whom he asked for is
 * not free, or no line is; ZV_ENOENT: no such agent or no way to that number ---- */
enum zv_err zv_desk_hold(struct zv_desk_ask *d);
enum zv_err zv_desk_resume(struct zv_desk_ask *d);
enum zv_err zv_desk_transfer(struct zv_desk_ask *d);
enum zv_err zv_desk_consult(struct zv_desk_ask *d);
enum zv_err zv_desk_join(struct zv_desk_ask *d);
enum zv_err zv_desk_complete(struct zv_desk_ask *d);
enum zv_err zv_desk_back(struct zv_desk_ask *d);
enum zv_err zv_desk_key(struct zv_desk_ask *d);

/* ---- watch.c ---- */
enum zv_err zv_desk_watch(struct zv_desk_ask *d);
enum zv_err zv_desk_leave(struct zv_desk_ask *d);

/* ---- lead.c ---- */
enum zv_err zv_desk_dial(struct zv_desk_ask *d);
enum zv_err zv_desk_skip(struct zv_desk_ask *d);
/* lead/pick.c: a due lead of a preview campaign.  False: no agent is there for it. */
bool zv_desk_show(struct zv_engine *e, uint32_t slab);
/* lead/pick.c: a lead was offered: does somebody wait for it? */
void zv_desk_offered(struct zv_engine *e, uint32_t slab);
void zv_desk_not_offered(struct zv_engine *e, const struct zv_event *ev);
/* lead/kill.c: this lead is not to be called any more; nothing happens if nobody reads its card. */
void zv_desk_unshow(struct zv_engine *e, uint32_t slab);
/* floor: he is not RESERVED any more, nor talking: what was meant for him goes back. */
void zv_desk_give_back(struct zv_engine *e, uint32_t agent);
void zv_desk_reserved_limit(struct zv_engine *e, uint32_t agent);
/* The call that was begun for an agent is over and was never his. */
void zv_desk_call_gone(struct zv_engine *e, uint32_t slot);

#endif
