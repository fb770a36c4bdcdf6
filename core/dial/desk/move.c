/* Hold, transfer, consultation: what an agent does with his customer besides talking to him. */
#include <string.h>

#include "dial/desk/desk.h"

#define HOLD_MAX_MS    600000 /* then the customer is back with his agent */
#define CONSULT_MAX_MS 900000
#define RING_MS        45000  /* where the campaign names none */
#define BACKSTOP_MS    5000   /* after sip's own ring timer */

static bool room_is(const struct zv_desk_ask *d, enum zv_room_state a, enum zv_room_state b)
{
	return !d->guest && d->room != NULL && (d->room->state == a || d->room->state == b);
}

static void becomes(struct zv_desk_ask *d, enum zv_room_state to, uint32_t limit_ms)
{
	zv_room_state(d->e, d->slot, to, limit_ms);
	zv_floor_tell_agent(d->e, d->agent);
}

enum zv_err zv_desk_hold(struct zv_desk_ask *d)
{
	if (!room_is(d, ZV_ROOM_LIVE, ZV_ROOM_LIVE))
		return ZV_EDENIED;
	becomes(d, ZV_ROOM_HELD, HOLD_MAX_MS);
	return ZV_OK;
}

enum zv_err zv_desk_resume(struct zv_desk_ask *d)
{
	if (!room_is(d, ZV_ROOM_HELD, ZV_ROOM_HELD))
		return ZV_EDENIED;
	becomes(d, ZV_ROOM_LIVE, 0);
	return ZV_OK;
}

/* ---- legs to numbers ---- */

/* A trunk among those that the campaign allows for this, and the caller's number. */
static enum zv_err route(struct zv_engine *e, const struct zv_customer *about, struct zv_side *side,
			 uint64_t number, uint64_t *ret_caller)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[about->campaign];
	struct zv_route_ask ask = {.called = number, .mono_ms = e->now.mono_ms, .borrow = true};
	int64_t again_ms;

	if (c->consult_trunks != 0)
		ask.tried = ~c->consult_trunks;
	switch (zv_route_take(&e->router, &ask, &side->trunk, &again_ms)) {
	case ZV_ROUTE_NONE: return ZV_ENOENT;
	case ZV_ROUTE_BUSY: return ZV_EAGAIN;
	case ZV_ROUTE_OK: break;
	}
	*ret_caller = zv_route_caller(&e->router, c, side->trunk, about->person, e->now.cal_ms);
	if (*ret_caller == 0) {
		zv_route_untake(&e->router, side->trunk);
		return ZV_EAGAIN;
	}
	side->channel = side->unanswered = true;
	return ZV_OK;
}

static enum zv_err call_number(struct zv_desk_ask *d, uint64_t number, uint32_t *ret_side)
{
	struct zv_engine *e = d->e;
	struct zv_customer about;
	uint64_t caller;
	uint32_t slot, ring_ms;
	struct zv_cmd *cmd;
	enum zv_err err;

	if (number == 0 || !zv_floor_about(e, d->slot, &about))
		return ZV_ENOENT;
	slot = zv_side_take(e, ZV_SIDE_CONSULT, d->slot, about.campaign);
	if (slot == ZV_SLOT_NONE)
		return ZV_EAGAIN;
	err = route(e, &about, zv_side_at(e, slot), number, &caller);
	if (err != ZV_OK) {
		zv_side_let_go(e, slot);
		return err;
	}
	ring_ms = e->conf->campaigns[about.campaign].ring_ms;
	ring_ms = ring_ms != 0 ? ring_ms : RING_MS;
	zv_side_at(e, slot)->sip_open = true;
	cmd = zv_emit_leg(e, ZV_CMD_DIAL, slot);
	cmd->u.dial.called = number;
	cmd->u.dial.caller = caller;
	cmd->u.dial.ring_ms = ring_ms;
	cmd->u.dial.talk_max_s = e->conf->campaigns[about.campaign].talk_max_s;
	zv_side_deadline(e, slot, e->now.mono_ms + ring_ms + BACKSTOP_MS);
	*ret_side = slot;
	return ZV_OK;
}

/* The room that this side leg belongs to; NULL: none any more. */
static struct zv_room *room_of(const struct zv_engine *e, uint32_t slot)
{
	uint32_t customer = zv_side_at(e, slot)->user;
	struct zv_room *room = zv_room_at(e, customer);

	return room != NULL && room->side == slot ? room : NULL;
}

static void side_answered(struct zv_engine *e, uint32_t slot, const struct zv_event *ev)
{
	struct zv_side *side = zv_side_at(e, slot);
	struct zv_room *room = room_of(e, slot);
	uint32_t customer = side->user;

	if (!ev->u.sip.sdp) {
		zv_floor_third_gone(e, customer);
		return;
	}
	zv_open_media(e, slot, ev); /* or its media has moved */
	side->media_open = true;
	zv_side_deadline(e, slot, 0);
	if (room->state == ZV_ROOM_BLIND) {
		zv_floor_outside(e, customer);
	} else if (room->state == ZV_ROOM_ASKING) {
		zv_room_state(e, customer, ZV_ROOM_CONSULT, CONSULT_MAX_MS);
		zv_floor_tell_agent(e, room->agent);
	}
}

static void on_side(struct zv_engine *e, uint32_t slot, const struct zv_event *ev)
{
	if (room_of(e, slot) == NULL) {
		zv_side_let_go(e, slot);
		return;
	}
	switch (ev->type) {
	case ZV_EV_SIP_ANSWERED:
		side_answered(e, slot, ev);
		break;
	case ZV_EV_SIP_FAILED:
	case ZV_EV_SIP_ENDED:
	case ZV_EV_SIP_CLOSED:
	case ZV_EV_MEDIA_LOST:
	case ZV_EV_MEDIA_CLOSED:
		zv_floor_third_gone(e, zv_side_at(e, slot)->user);
		break;
	default:
		break; /* it rings, a key was pressed, a tone played */
	}
}

static void on_side_deadline(struct zv_engine *e, uint32_t slot)
{
	if (room_of(e, slot) == NULL)
		zv_side_let_go(e, slot);
	else
		zv_floor_third_gone(e, zv_side_at(e, slot)->user);
}

void zv_desk_init(struct zv_engine *e)
{
	static const struct zv_side_ops ops = {.event = on_side, .deadline = on_side_deadline};

	e->sides.ops[ZV_SIDE_CONSULT] = &ops;
}

/* ---- transfer and consultation ---- */

/* The colleague that he asks for: ZV_OK he is free, ZV_EAGAIN busy with a call, ZV_EDENIED not
 * at work. */
static enum zv_err colleague(const struct zv_desk_ask *d, uint32_t to)
{
	if (to >= d->e->floor.agents.n || to == d->agent)
		return ZV_ENOENT;
	switch ((enum zv_agent_state)d->e->floor.agents.v[to].state) {
	case ZV_AG_READY:
		return ZV_OK;
	case ZV_AG_RESERVED:
	case ZV_AG_TALKING:
	case ZV_AG_WRAPUP:
		return ZV_EAGAIN;
	case ZV_AG_OFFLINE:
	case ZV_AG_PAUSED:
	case ZV_AG_STATES:
		break;
	}
	return ZV_EDENIED;
}

static enum zv_err transfer_to_agent(struct zv_desk_ask *d, uint32_t to)
{
	struct zv_engine *e = d->e;
	enum zv_err err = colleague(d, to);

	if (err != ZV_OK && err != ZV_EAGAIN)
		return err;
	if (err == ZV_OK) {
		zv_floor_detach(e, d->slot);
		if (zv_floor_bridge(e, d->slot, to, ZV_TALK_KIND_TRANSFER))
			return ZV_OK;
	}
	zv_floor_wait_again(e, d->slot, to); /* for him alone, for a while */
	return ZV_OK;
}

static enum zv_err ask_number(struct zv_desk_ask *d, uint64_t number)
{
	uint32_t side;
	enum zv_err err = call_number(d, number, &side);

	if (err != ZV_OK)
		return err;
	d->room->side = side;
	d->room->with = number;
	return ZV_OK;
}

/* The customer hears it ring; the agent is free. */
static void leave_ringing(struct zv_desk_ask *d)
{
	zv_floor_detach(d->e, d->slot);
	zv_room_state(d->e, d->slot, ZV_ROOM_BLIND, CONSULT_MAX_MS);
	zv_floor_ops(d->e, d->slot)->bridged(d->e, d->slot, ZV_AGENT_NONE);
}

enum zv_err zv_desk_transfer(struct zv_desk_ask *d)
{
	enum zv_err err;

	if (!room_is(d, ZV_ROOM_LIVE, ZV_ROOM_HELD))
		return ZV_EDENIED;
	if (d->ev->u.desk.to != ZV_AGENT_NONE)
		return transfer_to_agent(d, d->ev->u.desk.to);
	err = ask_number(d, d->ev->u.desk.number);
	if (err == ZV_OK)
		leave_ringing(d);
	return err;
}

enum zv_err zv_desk_consult(struct zv_desk_ask *d)
{
	uint32_t to = d->ev->u.desk.to;
	enum zv_err err;

	if (!room_is(d, ZV_ROOM_LIVE, ZV_ROOM_HELD))
		return ZV_EDENIED;
	if (to == ZV_AGENT_NONE) {
		err = ask_number(d, d->ev->u.desk.number);
		if (err == ZV_OK)
			becomes(d, ZV_ROOM_ASKING, 0);
		return err;
	}
	err = colleague(d, to);
	if (err == ZV_OK && !zv_floor_join(d->e, d->slot, to))
		err = ZV_EAGAIN;
	if (err == ZV_OK)
		becomes(d, ZV_ROOM_CONSULT, CONSULT_MAX_MS);
	return err;
}

enum zv_err zv_desk_join(struct zv_desk_ask *d)
{
	if (!room_is(d, ZV_ROOM_CONSULT, ZV_ROOM_CONSULT))
		return ZV_EDENIED;
	becomes(d, ZV_ROOM_THREE, 0);
	if (d->room->guest != ZV_AGENT_NONE)
		zv_floor_tell_agent(d->e, d->room->guest);
	return ZV_OK;
}

enum zv_err zv_desk_complete(struct zv_desk_ask *d)
{
	if (room_is(d, ZV_ROOM_CONSULT, ZV_ROOM_THREE))
		zv_floor_third_takes(d->e, d->slot);
	else if (room_is(d, ZV_ROOM_ASKING, ZV_ROOM_ASKING))
		leave_ringing(d);
	else
		return ZV_EDENIED;
	return ZV_OK;
}

enum zv_err zv_desk_back(struct zv_desk_ask *d)
{
	if (!room_is(d, ZV_ROOM_CONSULT, ZV_ROOM_THREE) && !room_is(d, ZV_ROOM_ASKING, ZV_ROOM_ASKING))
		return ZV_EDENIED;
	zv_floor_drop_third(d->e, d->slot);
	becomes(d, ZV_ROOM_LIVE, 0);
	return ZV_OK;
}

enum zv_err zv_desk_key(struct zv_desk_ask *d)
{
	uint8_t key = d->ev->u.desk.code;
	uint32_t to = d->slot;

	if (zv_talk_key_index((char)key) == ZV_TALK_NONE)
		return ZV_EINVAL;
	if (room_is(d, ZV_ROOM_CONSULT, ZV_ROOM_CONSULT) && d->room->side != ZV_SLOT_NONE)
		to = d->room->side;
	else if (!room_is(d, ZV_ROOM_LIVE, ZV_ROOM_THREE))
		return ZV_EDENIED;
	zv_emit_leg(d->e, ZV_CMD_MEDIA_KEY, to)->u.key.key = key;
	return ZV_OK;
}
