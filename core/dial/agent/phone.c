#include "dial/agent/phone.h"

#include <stdlib.h>

#include "dial/engine_int.h"
#include "dial/floor/pace.h"

#define RETRY_MS      1000   /* where the configuration names none */
#define RETRY_MAX_MS  30000
#define TRIES_LOGIN   3      /* he stands before his phone */
#define TRIES_LOST    30     /* then he has gone home */
#define AWAY_MS       600000 /* no phone is registered: the same */
#define RING_MS       30000
#define BACKSTOP_MS   10000  /* after sip's own ring timer */
#define CLOSING_MS    10000
#define CLOSING_MOST  6      /* then sip and media have lost it: the next leg is another generation */
#define TALK_MAX_S    86400
#define BEFORE_MS     200    /* a packet under way when the talk began */

struct leg {
	struct zv_engine *e;
	struct zv_phone_leg *p;
	uint32_t agent, slot;
	const struct zv_event *ev; /* NULL: a deadline, or the floor asks */
};

static struct leg leg_of(struct zv_engine *e, uint32_t agent, const struct zv_event *ev)
{
	return (struct leg){.e = e, .p = &e->floor.phones[agent], .agent = agent,
			    .slot = e->conf->max_calls + agent, .ev = ev};
}

enum zv_err zv_phones_init(struct zv_engine *e)
{
	e->floor.phones = calloc(e->conf->max_phones + 1u, sizeof(*e->floor.phones));
	return e->floor.phones == NULL ? ZV_ENOMEM : ZV_OK;
}

void zv_phones_fini(struct zv_engine *e)
{
	free(e->floor.phones);
	e->floor.phones = NULL;
}

bool zv_phone_has(const struct zv_engine *e, uint32_t agent)
{
	return agent < e->conf->max_phones && agent < e->floor.agents.n;
}

uint32_t zv_phone_slot(const struct zv_engine *e, uint32_t agent)
{
	return zv_phone_has(e, agent) && e->floor.phones[agent].state == ZV_LEG_UP
		       ? e->conf->max_calls + agent
		       : ZV_SLOT_NONE;
}

enum zv_phone zv_phone_shown(const struct zv_engine *e, uint32_t agent)
{
	if (!zv_phone_has(e, agent))
		return ZV_PHONE_GONE;
	switch ((enum zv_phone_leg_state)e->floor.phones[agent].state) {
	case ZV_LEG_UP: return ZV_PHONE_UP;
	case ZV_LEG_CALLING: return ZV_PHONE_CALLING;
	case ZV_LEG_IDLE:
	case ZV_LEG_CLOSING:
	case ZV_LEG_STATES:
		break;
	}
	return e->floor.phones[agent].registered ? ZV_PHONE_REGISTERED : ZV_PHONE_GONE;
}

uint8_t zv_phone_back(const struct zv_engine *e, uint32_t agent)
{
	return zv_phone_has(e, agent) ? e->floor.phones[agent].back : 0;
}

/* ---- the leg ---- */

static void deadline(const struct leg *l, int64_t mono_ms)
{
	zv_side_deadline(l->e, l->slot, mono_ms);
}

static void call(const struct leg *l)
{
	struct zv_cmd *cmd;

	l->p->gen++;
	l->p->attempt = zv_call_next_id(l->e);
	l->p->state = ZV_LEG_CALLING;
	l->p->sip_open = true;
	cmd = zv_emit_leg(l->e, ZV_CMD_DIAL, l->slot);
	cmd->u.dial.phone = 1;
	cmd->u.dial.agent = l->agent;
	cmd->u.dial.ring_ms = RING_MS;
	cmd->u.dial.talk_max_s = TALK_MAX_S;
	deadline(l, l->e->now.mono_ms + RING_MS + BACKSTOP_MS);
}

/* He is not logged in any more. */
static void give_up(const struct leg *l)
{
	l->p->wanted = false;
	l->p->back = 0;
	l->p->tries = 0;
	deadline(l, 0);
}

/* No leg: called at once, in a while, when his phone registers, or never. */
static void rest(const struct leg *l)
{
	uint64_t wait_ms = l->e->conf->phone_retry_ms != 0 ? l->e->conf->phone_retry_ms : RETRY_MS;

	l->p->state = ZV_LEG_IDLE;
	l->p->asked = 0;
	deadline(l, 0);
	if (!l->p->wanted)
		return;
	if (l->p->tries >= (l->p->back != 0 ? TRIES_LOST : TRIES_LOGIN)) {
		give_up(l);
	} else if (!l->p->registered) {
		deadline(l, l->e->now.mono_ms + AWAY_MS);
	} else {
		wait_ms <<= l->p->tries > 0 ? l->p->tries - 1 : 0;
		deadline(l, l->e->now.mono_ms + (int64_t)(wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS));
	}
}

static void rest_if_closed(const struct leg *l)
{
	if (l->p->state != ZV_LEG_CLOSING || l->p->sip_open || l->p->media_open)
		return;
	rest(l);
	zv_floor_tell_agent(l->e, l->agent);
}

static void end(const struct leg *l, bool hang_up)
{
	if (hang_up && l->p->sip_open)
		zv_emit_leg(l->e, ZV_CMD_HANGUP, l->slot);
	if (l->p->media_open)
		zv_emit_leg(l->e, ZV_CMD_MEDIA_CLOSE, l->slot);
	l->p->state = ZV_LEG_CLOSING;
	l->p->asked = 0;
	deadline(l, l->e->now.mono_ms + CLOSING_MS);
}

/* What he will be when the leg is back. */
static void note_back(const struct leg *l)
{
	const struct zv_agent *a = &l->e->floor.agents.v[l->agent];

	switch ((enum zv_agent_state)a->state) {
	case ZV_AG_PAUSED:
		l->p->back = ZV_AD_PAUSE;
		l->p->back_code = a->pause_code;
		break;
	case ZV_AG_READY:
	case ZV_AG_RESERVED:
	case ZV_AG_TALKING:
	case ZV_AG_WRAPUP:
		l->p->back = a->want == ZV_AD_PAUSE ? ZV_AD_PAUSE : ZV_AD_READY;
		l->p->back_code = a->want_code;
		if (a->want == ZV_AD_LOGOUT)
			give_up(l);
		break;
	case ZV_AG_OFFLINE:
	case ZV_AG_STATES:
		break;
	}
}

/* ---- handlers ---- */

static void on_answered(const struct leg *l)
{
	uint8_t back = l->p->back, code = l->p->back_code;
	struct zv_agent *a = &l->e->floor.agents.v[l->agent];

	zv_open_media(l->e, l->slot, l->ev);
	l->p->media_open = true;
	l->p->state = ZV_LEG_UP;
	a->quiet = false;
	l->p->tries = 0;
	l->p->back = 0;
	deadline(l, 0);
	if (a->state == ZV_AG_OFFLINE || a->state == ZV_AG_WRAPUP)
		(void)zv_floor_do(l->e, l->agent, ZV_AD_LOGIN, 0, ZV_SLOT_NONE);
	if (back == ZV_AD_PAUSE)
		(void)zv_floor_do(l->e, l->agent, ZV_AD_PAUSE, code, ZV_SLOT_NONE);
	else if (back == ZV_AD_READY && a->state == ZV_AG_PAUSED)
		(void)zv_floor_do(l->e, l->agent, ZV_AD_READY, 0, ZV_SLOT_NONE);
	zv_floor_tell_agent(l->e, l->agent);
	zv_floor_serve_waiting(l->e);
}

/* A new offer in the dialog: its media is elsewhere now. */
static void on_moved(const struct leg *l)
{
	if (l->ev->u.sip.sdp)
		zv_open_media(l->e, l->slot, l->ev);
}

static void on_failed(const struct leg *l)
{
	l->p->tries++;
	end(l, false);
	zv_floor_tell_agent(l->e, l->agent);
}

static void on_no_answer(const struct leg *l)
{
	l->p->tries++;
	end(l, true);
	zv_floor_tell_agent(l->e, l->agent);
}

/* A talk so young that its customer may have heard nobody. */
static bool not_heard_yet(const struct leg *l)
{
	const struct zv_agent *a = &l->e->floor.agents.v[l->agent];

	return a->state == ZV_AG_TALKING &&
	       l->e->now.mono_ms - a->since_ms <= l->e->conf->phone_quiet_ms + BEFORE_MS;
}

static void on_broken(const struct leg *l)
{
	bool hang_up = l->ev == NULL || l->ev->type == ZV_EV_MEDIA_LOST;

	if (not_heard_yet(l))
		zv_floor_unheard(l->e, l->agent);
	note_back(l);
	l->p->state = ZV_LEG_CLOSING; /* out of every room before it is closed */
	zv_floor_leg_lost(l->e, l->agent);
	end(l, hang_up);
	zv_floor_tell_agent(l->e, l->agent);
}

/* Nothing comes from the phone: nobody is given to him until it does. */
static void on_quiet(const struct leg *l)
{
	struct zv_agent *a = &l->e->floor.agents.v[l->agent];

	a->quiet = l->ev->code == ZV_LOST_QUIET;
	zv_pace_agent(l->e, l->agent);
	if (a->quiet) {
		if (not_heard_yet(l))
			on_broken(l);
		return;
	}
	l->e->floor.freed = l->e->floor.freed || a->state == ZV_AG_READY;
	zv_floor_serve_waiting(l->e);
}

static void on_closed(const struct leg *l)
{
	l->p->sip_open = false;
	if (l->p->state == ZV_LEG_UP)
		on_broken(l);
	else if (l->p->state == ZV_LEG_CALLING)
		on_failed(l);
	rest_if_closed(l);
}

static void on_media_closed(const struct leg *l)
{
	l->p->media_open = false;
	if (l->p->state == ZV_LEG_UP)
		on_broken(l);
	rest_if_closed(l);
}

static void on_closing_late(const struct leg *l)
{
	uint8_t asked = (uint8_t)(l->p->asked + 1);

	if (asked >= CLOSING_MOST)
		l->p->sip_open = l->p->media_open = false;
	end(l, true);
	l->p->asked = asked;
	rest_if_closed(l);
}

static void on_due(const struct leg *l)
{
	if (l->p->wanted && l->p->registered)
		call(l);
	else
		give_up(l);
	zv_floor_tell_agent(l->e, l->agent);
}

static void on_known(const struct leg *l)
{
	(void)l;
}

/* ---- the table ---- */

enum leg_event {
	LEG_PROGRESS, LEG_ANSWERED, LEG_FAILED, LEG_ENDED, LEG_LOST, LEG_CLOSED, LEG_MEDIA_CLOSED,
	LEG_QUIET, LEG_HEARD, LEG_DEADLINE, LEG_EVENTS
};

typedef void (*leg_fn)(const struct leg *l);

static const leg_fn table[ZV_LEG_STATES][LEG_EVENTS] = {
	[ZV_LEG_IDLE] = {[LEG_DEADLINE] = on_due},
	[ZV_LEG_CALLING] = {[LEG_PROGRESS] = on_known, [LEG_ANSWERED] = on_answered,
			    [LEG_FAILED] = on_failed, [LEG_ENDED] = on_failed,
			    [LEG_CLOSED] = on_closed, [LEG_DEADLINE] = on_no_answer},
	[ZV_LEG_UP] = {[LEG_ANSWERED] = on_moved, [LEG_FAILED] = on_broken, [LEG_ENDED] = on_broken,
		       [LEG_LOST] = on_broken, [LEG_QUIET] = on_quiet, [LEG_CLOSED] = on_closed,
		       [LEG_MEDIA_CLOSED] = on_media_closed, [LEG_HEARD] = on_known},
	[ZV_LEG_CLOSING] = {[LEG_FAILED] = on_known, [LEG_ENDED] = on_known, [LEG_LOST] = on_known,
			    [LEG_QUIET] = on_known,
			    [LEG_CLOSED] = on_closed, [LEG_MEDIA_CLOSED] = on_media_closed,
			    [LEG_HEARD] = on_known, [LEG_DEADLINE] = on_closing_late},
};

static enum leg_event event_of(const struct zv_event *ev)
{
	switch (ev->type) {
	case ZV_EV_SIP_TRYING:
	case ZV_EV_SIP_PROGRESS: return LEG_PROGRESS;
	case ZV_EV_SIP_ANSWERED: return LEG_ANSWERED;
	case ZV_EV_SIP_FAILED: return LEG_FAILED;
	case ZV_EV_SIP_ENDED: return LEG_ENDED;
	case ZV_EV_SIP_CLOSED: return LEG_CLOSED;
	case ZV_EV_MEDIA_LOST: return ev->code == ZV_LOST ? LEG_LOST : LEG_QUIET;
	case ZV_EV_MEDIA_CLOSED: return LEG_MEDIA_CLOSED;
	case ZV_EV_MEDIA_KEY:
	case ZV_EV_MEDIA_PLAYED:
	case ZV_EV_MEDIA_VERDICT: return LEG_HEARD;
	default: return LEG_EVENTS;
	}
}

void zv_phone_event(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t agent = ev->leg.slot - e->conf->max_calls;
	enum leg_event what = event_of(ev);
	struct leg l;

	if (!zv_phone_has(e, agent) || what == LEG_EVENTS ||
	    e->floor.phones[agent].gen != ev->leg.gen) {
		e->stats.late_events++;
		return;
	}
	l = leg_of(e, agent, ev);
	if (table[l.p->state][what] == NULL)
		e->stats.late_events++;
	else
		table[l.p->state][what](&l);
}

void zv_phone_timeout(struct zv_engine *e, uint32_t slot)
{
	struct leg l;

	if (!zv_phone_has(e, slot - e->conf->max_calls))
		return;
	l = leg_of(e, slot - e->conf->max_calls, NULL);
	if (table[l.p->state][LEG_DEADLINE] != NULL)
		table[l.p->state][LEG_DEADLINE](&l);
}

void zv_phone_registered(struct zv_engine *e, const struct zv_event *ev)
{
	bool on = ev->u.state.on != 0;
	struct leg l;

	if (!zv_phone_has(e, ev->code)) {
		e->stats.late_events++;
		return;
	}
	l = leg_of(e, ev->code, ev);
	if (l.p->registered == on)
		return;
	l.p->registered = on;
	if (l.p->state == ZV_LEG_IDLE && l.p->wanted && on)
		call(&l); /* it is there again: nobody waits for the next try */
	else if (l.p->state == ZV_LEG_IDLE)
		rest(&l);
	zv_floor_tell_agent(e, ev->code);
}

/* ---- from the desk and the floor ---- */

enum zv_err zv_phone_login(struct zv_engine *e, uint32_t agent)
{
	struct leg l;

	if (!zv_phone_has(e, agent) || !e->floor.phones[agent].registered)
		return ZV_ENOENT;
	l = leg_of(e, agent, NULL);
	l.p->wanted = true;
	l.p->tries = 0;
	if (l.p->state == ZV_LEG_IDLE)
		call(&l);
	zv_floor_tell_agent(e, agent);
	return ZV_OK;
}

bool zv_phone_say_back(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code)
{
	struct leg l;

	if (!zv_phone_has(e, agent) || !e->floor.phones[agent].wanted ||
	    e->floor.phones[agent].state == ZV_LEG_UP)
		return false;
	l = leg_of(e, agent, NULL);
	l.p->back = (uint8_t)what;
	l.p->back_code = code;
	if (what == ZV_AD_LOGOUT) {
		uint8_t state = l.p->state;

		give_up(&l);
		if (state == ZV_LEG_CALLING)
			end(&l, true);
		else if (state == ZV_LEG_CLOSING)
			deadline(&l, e->now.mono_ms + CLOSING_MS);
	}
	return true;
}

void zv_phone_offline(struct zv_engine *e, uint32_t agent)
{
	struct leg l;

	if (!zv_phone_has(e, agent) || e->floor.phones[agent].back != 0)
		return;
	l = leg_of(e, agent, NULL);
	if (l.p->state != ZV_LEG_UP && l.p->state != ZV_LEG_CALLING)
		return;
	give_up(&l);
	end(&l, true);
}

bool zv_phone_mend(struct zv_engine *e, uint32_t agent)
{
	uint8_t state = e->floor.agents.v[agent].state;
	struct leg l;

	if (!zv_phone_has(e, agent))
		return false;
	l = leg_of(e, agent, NULL);
	if (l.p->state == ZV_LEG_UP && state == ZV_AG_OFFLINE) {
		zv_phone_offline(e, agent);
		return true;
	}
	if (l.p->state != ZV_LEG_UP && state != ZV_AG_OFFLINE && state != ZV_AG_WRAPUP) {
		note_back(&l);
		zv_floor_leg_lost(e, agent);
		return true;
	}
	return false;
}
