/* dial/floor/room.h -- who hears whom: one room for each customer who is with an agent.
 * Private to core/dial.
 *
 * Thread: engine.  A room has a customer, an agent, perhaps a third (another agent or a side
 * leg) and a supervisor.  Its state says who should hear whom and what plays; zv_room_wire
 * compares that with what media was told and sends the difference, so that no way in or out of
 * a state can forget a link.
 */
#ifndef ZV_DIAL_FLOOR_ROOM_H
#define ZV_DIAL_FLOOR_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "dial/command.h"

struct zv_engine;

struct zv_pair { uint32_t to, from; }; /* slots: `to` hears `from` */
#define ZV_ROOM_PAIRS 12u              /* four members at most */

struct zv_room {
	uint8_t state;    /* enum zv_room_state (command.h) */
	uint8_t kind;     /* enum zv_talk_kind; stays for the wrap-up */
	uint8_t watch;    /* ZV_DESK_LISTEN, WHISPER or BARGE */
	bool records;
	bool customer_plays, agent_plays; /* something loops there */
	uint8_t n_pairs;
	uint32_t agent, guest, side, watcher; /* indexes, a slot; ZV_AGENT_NONE, ZV_SLOT_NONE */
	uint32_t keeps_for; /* WAITS: for this agent alone, at first */
	uint64_t with;    /* the number of `side` */
	struct zv_pair pairs[ZV_ROOM_PAIRS];
};

struct zv_rooms {
	struct zv_room *v;     /* by customers' slots: those of calls, then side legs */
	uint32_t n;
	struct zv_heap limits; /* room -> end of its state's time */
};

enum zv_err zv_rooms_init(struct zv_engine *e) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_rooms_fini(struct zv_engine *e);

/* NULL: no customer's slot. */
struct zv_room *zv_room_at(const struct zv_engine *e, uint32_t slot);
uint32_t zv_room_slot(const struct zv_engine *e, uint32_t room);
/* Sets the state and its limit (0: none), and tells media what changed. */
void zv_room_state(struct zv_engine *e, uint32_t slot, enum zv_room_state to, uint32_t limit_ms);
void zv_room_wire(struct zv_engine *e, uint32_t slot);
/* Nobody hears anybody, nothing plays, nothing is recorded: before its legs are closed. */
void zv_room_silence(struct zv_engine *e, uint32_t slot);
/* ... and nobody is in it. */
void zv_room_close(struct zv_engine *e, uint32_t slot);

#endif
