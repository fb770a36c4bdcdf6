/* The reconciliation: once a second it looks for what the tables forbid.  It finds nothing unless
 * there is a bug; what it finds it mends, counts and tells, so that no agent and no call is stuck
 * meanwhile. */
#include "dial/engine_int.h"

#define CHECK_MS 1000
#define CHECK_NO_PHONES_MS 10000 /* nothing can break but in a simulator's staff */

static void tell(struct zv_engine *e, uint32_t what)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

	cmd->u.tell.what = ZV_TELL_MENDED;
	cmd->u.tell.value = what;
	e->stats.mended++;
}

/* Is he in the room of the customer whom he thinks to talk to? */
static bool in_room(const struct zv_engine *e, uint32_t agent, uint32_t slot)
{
	const struct zv_room *room = slot == ZV_SLOT_NONE ? NULL : zv_room_at(e, slot);

	if (room == NULL || room->state == ZV_ROOM_NONE)
		return false;
	return room->agent == agent || (room->guest == agent && e->floor.seats[agent].guest_of == slot);
}

static void check_agent(struct zv_engine *e, uint32_t agent)
{
	const struct zv_agent *a = &e->floor.agents.v[agent];
	struct zv_seat *seat = &e->floor.seats[agent];

	if (zv_phone_mend(e, agent))
		tell(e, agent);
	if (a->state == ZV_AG_TALKING && !in_room(e, agent, a->call)) {
		seat->guest_of = ZV_SLOT_NONE;
		(void)zv_floor_do(e, agent, ZV_AD_HANDED, 0, ZV_SLOT_NONE);
		tell(e, agent);
	}
	if (a->state == ZV_AG_RESERVED && seat->slab == ZV_SLOT_NONE && seat->places == ZV_SLOT_NONE) {
		(void)zv_floor_do(e, agent, ZV_AD_RELEASE, 0, ZV_SLOT_NONE);
		tell(e, agent);
	}
	if (seat->watches != ZV_SLOT_NONE && zv_room_at(e, seat->watches)->watcher != agent) {
		seat->watches = ZV_SLOT_NONE;
		tell(e, agent);
	}
	/* Every state but these three is left by hand alone. */
	if ((a->state == ZV_AG_RESERVED || a->state == ZV_AG_TALKING || a->state == ZV_AG_WRAPUP) &&
	    !zv_heap_has(&e->floor.limits, agent)) {
		zv_floor_until(e, agent, e->now.mono_ms + CHECK_MS);
		tell(e, agent);
	}
}

/* A customer with whom nobody is, though he is bridged. */
static bool alone(const struct zv_engine *e, uint32_t slot)
{
	const struct zv_room *room = zv_room_at(e, slot);

	switch ((enum zv_room_state)room->state) {
	case ZV_ROOM_LIVE:
	case ZV_ROOM_HELD:
	case ZV_ROOM_ASKING:
	case ZV_ROOM_CONSULT:
	case ZV_ROOM_THREE:
		return room->agent >= e->floor.agents.n || e->floor.agents.v[room->agent].call != slot;
	case ZV_ROOM_BLIND:
	case ZV_ROOM_OUTSIDE:
		return zv_side_at(e, room->side) == NULL;
	case ZV_ROOM_NONE:
	case ZV_ROOM_WAITS:
	case ZV_ROOM_WATCHES:
		break;
	}
	return true;
}

static void check_call(struct zv_engine *e, uint32_t slot)
{
	const struct zv_call *call = &e->calls[slot];
	struct zv_room *room = zv_room_at(e, slot);

	if (call->state == ZV_CALL_BRIDGED && alone(e, slot)) {
		tell(e, slot);
		room->agent = ZV_AGENT_NONE;
		zv_call_customer.hang_up(e, slot, ZV_AD_CALL_OVER, false);
	} else if (call->state == ZV_CALL_WRAPUP &&
		   (call->agent >= e->floor.agents.n || e->floor.wraps[call->agent] != slot)) {
		struct zv_written nothing = {.agent = call->agent};

		tell(e, slot);
		zv_call_customer.wrapped_up(e, slot, &nothing);
	} else if (call->state == ZV_CALL_WAITING && !zv_heap_has(&e->floor.waiting, slot)) {
		tell(e, slot);
		(void)zv_floor_serve(e, slot);
	} else if ((call->state == ZV_CALL_FREE || call->state == ZV_CALL_ENDING) &&
		   room->state != ZV_ROOM_NONE) {
		tell(e, slot);
		zv_floor_drop_watcher(e, slot);
		zv_floor_drop_third(e, slot);
		zv_room_close(e, slot);
	}
}

/* As check_call, of a caller from outside. */
static void check_caller(struct zv_engine *e, uint32_t slot)
{
	const struct zv_in *in = &e->inbound.v[slot - zv_side_base(e)];

	if (in->state == ZV_IN_BRIDGED && alone(e, slot)) {
		tell(e, slot);
		zv_room_at(e, slot)->agent = ZV_AGENT_NONE;
		e->floor.inbound->hang_up(e, slot, ZV_AD_CALL_OVER, false);
	} else if (in->state == ZV_IN_WRAPUP &&
		   (in->agent >= e->floor.agents.n || e->floor.wraps[in->agent] != slot)) {
		struct zv_written nothing = {.agent = in->agent};

		tell(e, slot);
		e->floor.inbound->wrapped_up(e, slot, &nothing);
	} else if (in->state == ZV_IN_WAITING && !zv_heap_has(&e->floor.waiting, slot)) {
		tell(e, slot);
		(void)zv_floor_serve(e, slot);
	}
}

static void check_side(struct zv_engine *e, uint32_t slot)
{
	const struct zv_side *side = zv_side_at(e, slot);
	const struct zv_room *room;

	if (side != NULL && side->use == ZV_SIDE_INBOUND)
		check_caller(e, slot);
	if (side == NULL || side->use != ZV_SIDE_CONSULT)
		return;
	room = zv_room_at(e, side->user);
	if (room != NULL && room->side == slot && room->state != ZV_ROOM_NONE)
		return;
	tell(e, slot);
	zv_side_let_go(e, slot);
}

static bool room_left(const struct zv_engine *e)
{
	return e->out->cap - e->out->n >= 256;
}

void zv_floor_check(struct zv_engine *e)
{
	if (e->now.mono_ms - e->floor.checked_ms < (e->conf->max_phones != 0 ? CHECK_MS : CHECK_NO_PHONES_MS))
		return;
	e->floor.checked_ms = e->now.mono_ms;
	for (uint32_t i = 0; i < e->floor.agents.n && room_left(e); i++)
		check_agent(e, i);
	for (uint32_t i = 0; i < e->conf->max_calls && room_left(e); i++)
		check_call(e, i);
	for (uint32_t i = 0; i < e->sides.n && room_left(e); i++)
		check_side(e, zv_side_base(e) + i);
}
