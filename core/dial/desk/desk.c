#include "dial/desk/desk.h"

#define EXTEND_MOST 2

void zv_desk_answer(struct zv_engine *e, struct zv_attempt_id token, uint32_t agent, enum zv_err err)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_DESK);

	cmd->attempt = token;
	cmd->u.desk.err = (uint32_t)err;
	cmd->u.desk.agent = agent;
}

static enum zv_err said(bool done)
{
	return done ? ZV_OK : ZV_EDENIED;
}

static enum zv_err act(struct zv_desk_ask *d, enum zv_agent_does what, uint8_t code)
{
	return said(zv_floor_do(d->e, d->agent, what, code, ZV_SLOT_NONE));
}

/* ---- states ---- */

enum zv_err zv_desk_state(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code)
{
	uint8_t state = e->floor.agents.v[agent].state;
	bool away = zv_phone_has(e, agent) && zv_phone_slot(e, agent) == ZV_SLOT_NONE &&
		    (state == ZV_AG_OFFLINE || state == ZV_AG_WRAPUP);

	if (what == ZV_AD_READY && state == ZV_AG_READY)
		return ZV_OK; /* pressed twice */
	if (!away)
		return said(zv_floor_do(e, agent, what, code, ZV_SLOT_NONE));
	if (!zv_phone_say_back(e, agent, what, code))
		return state == ZV_AG_WRAPUP && what == ZV_AD_LOGOUT
			       ? said(zv_floor_do(e, agent, what, code, ZV_SLOT_NONE)) : ZV_EDENIED;
	if (state == ZV_AG_OFFLINE)
		zv_floor_tell_agent(e, agent);
	else if (what == ZV_AD_LOGOUT)
		return said(zv_floor_do(e, agent, what, code, ZV_SLOT_NONE));
	else if (what == ZV_AD_READY)
		return said(zv_floor_do(e, agent, ZV_AD_DONE, code, ZV_SLOT_NONE));
	return ZV_OK;
}

static enum zv_err on_login(struct zv_desk_ask *d)
{
	return d->e->conf->max_phones > 0 ? zv_phone_login(d->e, d->agent) : act(d, ZV_AD_LOGIN, 0);
}

static enum zv_err on_logout(struct zv_desk_ask *d)
{
	return zv_desk_state(d->e, d->agent, ZV_AD_LOGOUT, 0);
}

static enum zv_err on_ready(struct zv_desk_ask *d)
{
	return zv_desk_state(d->e, d->agent, ZV_AD_READY, 0);
}

static enum zv_err on_pause(struct zv_desk_ask *d)
{
	return zv_desk_state(d->e, d->agent, ZV_AD_PAUSE, d->ev->u.desk.code);
}

/* ---- the end of a talk ---- */

static enum zv_err on_hangup(struct zv_desk_ask *d)
{
	zv_floor_talk_over(d->e, d->agent, ZV_AD_CALL_OVER);
	return ZV_OK;
}

/* The call that rings for him. */
static enum zv_err on_give_up(struct zv_desk_ask *d)
{
	return d->seat->places != ZV_SLOT_NONE ? act(d, ZV_AD_RELEASE, 0) : ZV_EDENIED;
}

static enum zv_err on_done(struct zv_desk_ask *d)
{
	if (!d->guest)
		d->seat->written = (struct zv_written){
			.result = d->ev->u.desk.result, .anyone = d->ev->u.desk.anyone != 0,
			.wish_ms = d->ev->u.desk.at_ms};
	if (d->a->state == ZV_AG_TALKING)
		zv_floor_talk_over(d->e, d->agent, ZV_AD_CALL_OVER);
	if (d->a->state == ZV_AG_WRAPUP)
		return act(d, ZV_AD_DONE, 0);
	return ZV_OK;
}

static enum zv_err on_machine(struct zv_desk_ask *d)
{
	struct zv_trunk *t;

	if (d->guest || d->slot >= d->e->conf->max_calls)
		return ZV_EDENIED;
	t = &d->e->router.trunks[d->e->calls[d->slot].trunk];
	t->machines++;
	t->heard.persons_wrong += d->e->calls[d->slot].told != 0;
	zv_floor_ops(d->e, d->slot)->hang_up(d->e, d->slot, ZV_AD_CALL_OVER, true);
	return d->a->state == ZV_AG_WRAPUP ? act(d, ZV_AD_DONE, 0) : ZV_OK;
}

/* Detection took a talk from him just now, and was wrong. */
static enum zv_err on_person(struct zv_desk_ask *d)
{
	if (d->seat->freed_trunk == 0)
		return ZV_EDENIED;
	d->e->router.trunks[d->seat->freed_trunk - 1].heard.machines_wrong++;
	d->seat->freed_trunk = 0;
	zv_floor_tell_agent(d->e, d->agent);
	return ZV_OK;
}

static enum zv_err on_extend(struct zv_desk_ask *d)
{
	int64_t until_ms;

	if (d->seat->extended >= EXTEND_MOST || d->a->deadline_ms == 0)
		return ZV_EDENIED;
	d->seat->extended++;
	until_ms = d->a->deadline_ms + zv_floor_wrapup_ms(d->e, d->slot);
	zv_floor_until(d->e, d->agent, until_ms);
	return ZV_OK;
}

/* ---- the table ---- */

typedef enum zv_err (*desk_fn)(struct zv_desk_ask *d);

/* What is not here is refused in that state (ZV_EDENIED). */
static const desk_fn table[ZV_AG_STATES][ZV_DESK_MAX] = {
	[ZV_AG_OFFLINE] = {[ZV_DESK_LOGIN] = on_login, [ZV_DESK_LOGOUT] = on_logout,
			   [ZV_DESK_READY] = on_ready, [ZV_DESK_PAUSE] = on_pause},
	[ZV_AG_READY] = {[ZV_DESK_LOGOUT] = on_logout, [ZV_DESK_READY] = on_ready,
			 [ZV_DESK_PAUSE] = on_pause, [ZV_DESK_DIAL] = zv_desk_dial,
			 [ZV_DESK_LISTEN] = zv_desk_watch, [ZV_DESK_WHISPER] = zv_desk_watch,
			 [ZV_DESK_BARGE] = zv_desk_watch, [ZV_DESK_PERSON] = on_person},
	[ZV_AG_RESERVED] = {[ZV_DESK_LOGOUT] = on_logout, [ZV_DESK_PAUSE] = on_pause,
			    [ZV_DESK_DIAL] = zv_desk_dial, [ZV_DESK_SKIP] = zv_desk_skip,
			    [ZV_DESK_HANGUP] = on_give_up, [ZV_DESK_PERSON] = on_person},
	[ZV_AG_TALKING] = {[ZV_DESK_LOGOUT] = on_logout, [ZV_DESK_READY] = on_ready,
			   [ZV_DESK_PAUSE] = on_pause, [ZV_DESK_HANGUP] = on_hangup,
			   [ZV_DESK_DONE] = on_done, [ZV_DESK_HOLD] = zv_desk_hold,
			   [ZV_DESK_RESUME] = zv_desk_resume, [ZV_DESK_TRANSFER] = zv_desk_transfer,
			   [ZV_DESK_CONSULT] = zv_desk_consult, [ZV_DESK_JOIN] = zv_desk_join,
			   [ZV_DESK_COMPLETE] = zv_desk_complete, [ZV_DESK_BACK] = zv_desk_back,
			   [ZV_DESK_LEAVE] = zv_desk_leave, [ZV_DESK_KEY] = zv_desk_key,
			   [ZV_DESK_MACHINE] = on_machine, [ZV_DESK_PERSON] = on_person},
	[ZV_AG_WRAPUP] = {[ZV_DESK_LOGIN] = on_login, [ZV_DESK_LOGOUT] = on_logout,
			  [ZV_DESK_READY] = on_ready, [ZV_DESK_PAUSE] = on_pause,
			  [ZV_DESK_DONE] = on_done, [ZV_DESK_EXTEND] = on_extend,
			  [ZV_DESK_PERSON] = on_person},
	[ZV_AG_PAUSED] = {[ZV_DESK_LOGOUT] = on_logout, [ZV_DESK_READY] = on_ready,
			  [ZV_DESK_PAUSE] = on_pause, [ZV_DESK_DIAL] = zv_desk_dial,
			  [ZV_DESK_LISTEN] = zv_desk_watch, [ZV_DESK_WHISPER] = zv_desk_watch,
			  [ZV_DESK_BARGE] = zv_desk_watch, [ZV_DESK_LEAVE] = zv_desk_leave,
			  [ZV_DESK_PERSON] = on_person},
};

void zv_desk(struct zv_engine *e, const struct zv_event *ev)
{
	struct zv_desk_ask d = {.e = e, .agent = ev->code, .ev = ev, .slot = ZV_SLOT_NONE};
	uint8_t what = ev->u.desk.what;
	enum zv_err err = ZV_EDENIED;

	if (d.agent >= e->floor.agents.n) {
		zv_desk_answer(e, ev->attempt, d.agent, ZV_ENOENT);
		return;
	}
	d.a = &e->floor.agents.v[d.agent];
	d.seat = &e->floor.seats[d.agent];
	d.slot = zv_floor_call_of(e, d.agent);
	d.room = d.slot == ZV_SLOT_NONE ? NULL : zv_room_at(e, d.slot);
	d.guest = d.slot != ZV_SLOT_NONE && d.seat->guest_of == d.slot;
	if (what == 0 || what >= ZV_DESK_MAX)
		err = ZV_EINVAL;
	else if (table[d.a->state][what] != NULL)
		err = table[d.a->state][what](&d);
	if (!d.later)
		zv_desk_answer(e, ev->attempt, d.agent, err);
}
