/* A supervisor hears an agent's talk, whispers to him, or is heard by all.  He is PAUSED
 * meanwhile: no customer comes to him. */
#include "dial/desk/desk.h"

enum zv_err zv_desk_watch(struct zv_desk_ask *d)
{
	uint32_t to = d->ev->u.desk.to, slot;
	struct zv_engine *e = d->e;
	struct zv_room *room;

	if (!e->conf->agents[d->agent].supervisor)
		return ZV_EDENIED;
	if (to >= e->floor.agents.n || to == d->agent)
		return ZV_ENOENT;
	slot = e->floor.agents.v[to].call;
	if (zv_phone_slot(e, d->agent) == ZV_SLOT_NONE || e->floor.agents.v[to].state != ZV_AG_TALKING)
		return ZV_EAGAIN;
	room = zv_room_at(e, slot);
	if (room->watcher != ZV_AGENT_NONE && room->watcher != d->agent)
		return ZV_EAGAIN; /* another listens already */
	if (d->a->state == ZV_AG_READY &&
	    !zv_floor_do(e, d->agent, ZV_AD_PAUSE, 0, ZV_SLOT_NONE))
		return ZV_EDENIED;
	if (d->seat->watches != ZV_SLOT_NONE && d->seat->watches != slot)
		zv_floor_drop_watcher(e, d->seat->watches);
	d->seat->watches = slot;
	room->watcher = d->agent;
	room->watch = d->ev->u.desk.what;
	zv_room_wire(e, slot);
	zv_floor_tell_agent(e, d->agent);
	return ZV_OK;
}

enum zv_err zv_desk_leave(struct zv_desk_ask *d)
{
	if (d->guest) {
		zv_floor_third_gone(d->e, d->slot);
		return ZV_OK;
	}
	if (d->seat->watches == ZV_SLOT_NONE)
		return ZV_EDENIED;
	zv_floor_drop_watcher(d->e, d->seat->watches);
	return ZV_OK;
}
