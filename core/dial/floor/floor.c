/* Agents and the calls that wait for them.  What pacers are told and asked is in pace.c. */
#include "dial/floor/floor.h"

#include <stdlib.h>
#include <string.h>

#include "dial/desk/desk.h"
#include "dial/engine_int.h"
#include "dial/floor/pace.h"

#define TALK_GRACE_MS  60000    /* the call's own limit ends it well before */
#define PREVIEW_MS     60000    /* where the campaign names none: no state without an end */
#define WRAPUP_MS      600000
#define HOLD_MAX_MS    600000
#define OUTSIDE_MAX_MS 14400000 /* transferred to a number */
#define KEEP_MS        15000    /* a transferred customer waits for that agent alone */
#define AGAIN_MS       30000    /* and all in all, with hold music, once he has talked to somebody */

static uint8_t pool_of_call(const struct zv_engine *e, uint32_t slot)
{
	return slot < e->conf->max_calls ? e->floor.pool_of[e->calls[slot].campaign] : ZV_POOL_NONE;
}

enum zv_err zv_floor_init(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;
	enum zv_err err = zv_agents_init(&f->agents, e->conf->agents, e->conf->n_agents);

	if (err == ZV_OK)
		err = zv_heap_init(&f->limits, ZV_AGENTS_MAX);
	if (err == ZV_OK)
		err = zv_heap_init(&f->waiting, zv_n_slots(e->conf));
	if (err == ZV_OK)
		err = zv_phones_init(e);
	if (err == ZV_OK)
		err = zv_rooms_init(e);
	f->serves = calloc(ZV_AGENTS_MAX, sizeof(*f->serves));
	f->busy_for = malloc(ZV_AGENTS_MAX);
	f->wraps = malloc(ZV_AGENTS_MAX * sizeof(*f->wraps));
	f->seats = calloc(ZV_AGENTS_MAX, sizeof(*f->seats));
	if (err != ZV_OK || f->serves == NULL || f->busy_for == NULL || f->wraps == NULL || f->seats == NULL)
		return err != ZV_OK ? err : ZV_ENOMEM;
	memset(f->busy_for, ZV_POOL_NONE, ZV_AGENTS_MAX);
	memset(f->wraps, 0xff, ZV_AGENTS_MAX * sizeof(*f->wraps)); /* ZV_SLOT_NONE */
	for (uint32_t i = 0; i < ZV_AGENTS_MAX; i++)
		f->seats[i].guest_of = f->seats[i].watches = f->seats[i].slab = f->seats[i].places =
			ZV_SLOT_NONE;
	return zv_pace_open(e);
}

void zv_floor_fini(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;

	zv_pace_close(e);
	zv_agents_fini(&f->agents);
	zv_phones_fini(e);
	zv_rooms_fini(e);
	zv_heap_fini(&f->limits);
	zv_heap_fini(&f->waiting);
	free(f->serves);
	free(f->busy_for);
	free(f->wraps);
	free(f->seats);
}

enum zv_err zv_floor_set_conf(struct zv_engine *e)
{
	enum zv_err err = zv_agents_set_conf(&e->floor.agents, e->conf->agents, e->conf->n_agents);

	e->floor.freed = true; /* other skills, other campaigns */
	return err == ZV_OK ? zv_pace_conf(e) : err;
}

/* ---- customers ---- */

const struct zv_customer_ops *zv_floor_ops(const struct zv_engine *e, uint32_t slot)
{
	return slot < e->conf->max_calls ? &zv_call_customer : e->floor.inbound;
}

bool zv_floor_about(const struct zv_engine *e, uint32_t slot, struct zv_customer *ret_about)
{
	const struct zv_customer_ops *ops = zv_floor_ops(e, slot);

	return slot != ZV_SLOT_NONE && ops != NULL && ops->about(e, slot, ret_about);
}

/* ---- agents ---- */

static struct zv_agent_limits limits_of(const struct zv_engine *e, uint32_t slot)
{
	const struct zv_campaign_conf *c;
	struct zv_customer about;

	if (!zv_floor_about(e, slot, &about))
		return (struct zv_agent_limits){.reserve_max_ms = PREVIEW_MS, .talk_max_ms = TALK_GRACE_MS,
						.wrapup_max_ms = WRAPUP_MS};
	c = &e->conf->campaigns[about.campaign];
	return (struct zv_agent_limits){
		.reserve_max_ms = c->preview_max_ms != 0 ? c->preview_max_ms : PREVIEW_MS,
		.talk_max_ms = c->talk_max_s * 1000 + TALK_GRACE_MS,
		.wrapup_max_ms = c->wrapup_max_ms != 0 ? c->wrapup_max_ms : WRAPUP_MS,
	};
}

uint32_t zv_floor_wrapup_ms(const struct zv_engine *e, uint32_t slot)
{
	return limits_of(e, slot).wrapup_max_ms;
}

uint32_t zv_floor_call_of(const struct zv_engine *e, uint32_t agent)
{
	return e->floor.agents.v[agent].call != ZV_SLOT_NONE ? e->floor.agents.v[agent].call
							      : e->floor.wraps[agent];
}

static void tell_talk(struct zv_engine *e, uint32_t agent, uint32_t slot, struct zv_cmd *cmd)
{
	const struct zv_room *room = zv_room_at(e, slot);
	const struct zv_seat *seat = &e->floor.seats[agent];
	struct zv_customer about;

	if (room == NULL)
		return;
	cmd->u.agent.kind = seat->guest_of == slot ? ZV_TALK_KIND_TRANSFER : room->kind;
	cmd->u.agent.room = room->state;
	if (seat->guest_of == slot)
		cmd->u.agent.with = room->agent;
	else
		cmd->u.agent.with = room->guest;
	cmd->u.agent.with_number = seat->guest_of == slot ? 0 : room->with;
	if (!zv_floor_about(e, slot, &about))
		return;
	cmd->u.agent.lead = about.lead;
	cmd->u.agent.person = about.person;
	cmd->u.agent.number = about.number;
}

void zv_floor_tell_agent(struct zv_engine *e, uint32_t agent)
{
	const struct zv_agent *a = &e->floor.agents.v[agent];
	uint32_t slot = zv_floor_call_of(e, agent), watches = e->floor.seats[agent].watches;
	struct zv_cmd *cmd = slot != ZV_SLOT_NONE ? zv_emit_leg(e, ZV_CMD_AGENT, slot)
						  : zv_emit(e, ZV_CMD_AGENT);

	cmd->u.agent.with = ZV_AGENT_NONE;
	if (slot != ZV_SLOT_NONE)
		tell_talk(e, agent, slot, cmd);
	cmd->u.agent.agent = agent;
	cmd->u.agent.state = a->state;
	cmd->u.agent.pause_code = a->pause_code;
	cmd->u.agent.phone = (uint8_t)zv_phone_shown(e, agent);
	cmd->u.agent.want = a->state == ZV_AG_OFFLINE ? zv_phone_back(e, agent) : a->want;
	cmd->u.agent.freed = e->floor.seats[agent].freed_trunk != 0;
	if (a->deadline_ms > e->now.mono_ms)
		cmd->u.agent.limit_ms = (uint32_t)(a->deadline_ms - e->now.mono_ms);
	if (watches != ZV_SLOT_NONE) {
		cmd->u.agent.room = ZV_ROOM_WATCHES;
		cmd->u.agent.watch = zv_room_at(e, watches)->watch;
		cmd->u.agent.with = zv_room_at(e, watches)->agent;
	}
}

/* Whatever ended the wrap-up: the attempt has what was written so far. */
static void wrapped_up(struct zv_engine *e, uint32_t agent)
{
	struct zv_written written = e->floor.seats[agent].written;
	uint32_t slot = e->floor.wraps[agent];

	written.agent = agent;
	e->floor.seats[agent].written = (struct zv_written){0};
	e->floor.wraps[agent] = ZV_SLOT_NONE;
	if (slot != ZV_SLOT_NONE)
		zv_floor_ops(e, slot)->wrapped_up(e, slot, &written);
}

bool zv_floor_do(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code,
		 uint32_t call)
{
	struct zv_floor *f = &e->floor;
	struct zv_agent *a = &f->agents.v[agent];
	uint32_t had = a->call, ended;
	uint8_t before = a->state;
	struct zv_agent_limits limits = limits_of(e, call != ZV_SLOT_NONE ? call : had);

	if (zv_agent_do(&f->agents, agent, what, code, call, &limits, e->now.mono_ms, &ended) != ZV_OK)
		return false;
	if (a->deadline_ms != 0)
		zv_heap_set(&f->limits, agent, (struct zv_heap_key){a->deadline_ms, agent});
	else
		zv_heap_remove(&f->limits, agent);
	if (a->state != before)
		f->seats[agent].extended = 0;
	f->freed = f->freed || a->state == ZV_AG_READY;
	if (what == ZV_AD_BRIDGE)
		f->busy_for[agent] = pool_of_call(e, call);
	else if (a->state != ZV_AG_TALKING && a->state != ZV_AG_WRAPUP)
		f->busy_for[agent] = ZV_POOL_NONE;
	if (what != ZV_AD_BRIDGE) /* HANDED says that one */
		zv_pace_agent(e, agent);
	zv_floor_tell_agent(e, agent);
	if (f->seats[agent].watches != ZV_SLOT_NONE && a->state != ZV_AG_PAUSED)
		zv_floor_drop_watcher(e, f->seats[agent].watches);
	if (a->state == ZV_AG_OFFLINE)
		zv_phone_offline(e, agent);
	if (before == ZV_AG_RESERVED && a->state != ZV_AG_RESERVED && a->state != ZV_AG_TALKING)
		zv_desk_give_back(e, agent);
	if (before == ZV_AG_WRAPUP && a->state != ZV_AG_WRAPUP)
		wrapped_up(e, agent);
	return true;
}

/* ---- bridges ---- */

void zv_floor_card(struct zv_engine *e, uint32_t slot, uint32_t agent, enum zv_talk_kind kind)
{
	struct zv_cmd *cmd = zv_emit_leg(e, ZV_CMD_CARD, slot);
	struct zv_customer about = {0};

	(void)zv_floor_about(e, slot, &about);
	cmd->u.agent.agent = agent;
	cmd->u.agent.lead = about.lead;
	cmd->u.agent.person = about.person;
	cmd->u.agent.number = about.number;
	cmd->u.agent.kind = (uint8_t)kind;
	cmd->u.agent.with = ZV_AGENT_NONE;
}

static void tell_bridge(struct zv_engine *e, enum zv_cmd_type type, uint32_t slot, uint32_t agent)
{
	struct zv_cmd *cmd = zv_emit_leg(e, type, slot);
	struct zv_customer about = {0};

	(void)zv_floor_about(e, slot, &about);
	cmd->u.agent.agent = agent;
	cmd->u.agent.lead = about.lead;
	cmd->u.agent.person = about.person;
	cmd->u.agent.number = about.number;
	cmd->u.agent.kind = zv_room_at(e, slot)->kind;
	cmd->u.agent.with = ZV_AGENT_NONE;
}

static void record(struct zv_engine *e, uint32_t slot, uint32_t agent, const struct zv_customer *about)
{
	struct zv_room *room = zv_room_at(e, slot);
	struct zv_cmd *cmd;

	if (room->records || e->conf->max_phones == 0 || !e->conf->campaigns[about->campaign].record)
		return;
	room->records = true;
	cmd = zv_emit_leg(e, ZV_CMD_MEDIA_RECORD, slot);
	cmd->u.record.lead = about->lead;
	cmd->u.record.agent = agent;
	cmd->u.record.on = 1;
}

static void tone(struct zv_engine *e, uint32_t agent)
{
	uint32_t slot = zv_phone_slot(e, agent);

	if (slot != ZV_SLOT_NONE)
		zv_emit_leg(e, ZV_CMD_MEDIA_PLAY, slot)->u.play.prompt = ZV_PROMPT_TONE;
}

/* Both legs hear each other from the next packet on. */
static void open_room(struct zv_engine *e, uint32_t slot, uint32_t agent, enum zv_talk_kind kind)
{
	struct zv_room *room = zv_room_at(e, slot);

	room->agent = agent;
	room->kind = (uint8_t)kind;
	room->keeps_for = ZV_AGENT_NONE;
	e->floor.seats[agent].written = (struct zv_written){0};
}

bool zv_floor_bridge(struct zv_engine *e, uint32_t slot, uint32_t agent, enum zv_talk_kind kind)
{
	struct zv_room *room = zv_room_at(e, slot), was = *room;
	struct zv_customer about;
	uint32_t before = e->out->n;

	if (!zv_floor_about(e, slot, &about))
		return false;
	open_room(e, slot, agent, kind);
	/* The card leaves before the voice, and before he is told that he talks. */
	zv_floor_card(e, slot, agent, kind);
	if (!zv_floor_do(e, agent, ZV_AD_BRIDGE, 0, slot)) {
		e->out->n = before; /* nobody has seen it */
		room->agent = was.agent;
		room->kind = was.kind;
		return false;
	}
	e->floor.seats[agent].places = e->floor.seats[agent].slab = ZV_SLOT_NONE;
	zv_floor_stop_waiting(e, slot);
	tone(e, agent);
	zv_room_state(e, slot, ZV_ROOM_LIVE, 0);
	record(e, slot, agent, &about);
	tell_bridge(e, ZV_CMD_BRIDGE, slot, agent);
	if (pool_of_call(e, slot) == ZV_POOL_NONE || e->calls[slot].paced != ZV_PACED_ANSWERED) {
		e->floor.busy_for[agent] = ZV_POOL_NONE;
		zv_pace_agent(e, agent); /* no call that the pacer knows: he is just away */
	} else {
		zv_pace_handed(e, slot, agent);
	}
	zv_floor_ops(e, slot)->bridged(e, slot, agent);
	return true;
}

void zv_floor_until(struct zv_engine *e, uint32_t agent, int64_t mono_ms)
{
	zv_agent_until(&e->floor.agents, agent, mono_ms);
	zv_heap_set(&e->floor.limits, agent, (struct zv_heap_key){mono_ms, agent});
	zv_floor_tell_agent(e, agent);
}

bool zv_floor_join(struct zv_engine *e, uint32_t slot, uint32_t guest)
{
	struct zv_seat *seat = &e->floor.seats[guest];
	uint32_t before = e->out->n;

	seat->guest_of = slot;
	zv_floor_card(e, slot, guest, ZV_TALK_KIND_TRANSFER);
	if (!zv_floor_do(e, guest, ZV_AD_BRIDGE, 0, slot)) {
		e->out->n = before;
		seat->guest_of = ZV_SLOT_NONE;
		return false;
	}
	e->floor.busy_for[guest] = ZV_POOL_NONE;
	zv_pace_agent(e, guest);
	zv_room_at(e, slot)->guest = guest;
	tone(e, guest);
	return true;
}

void zv_floor_outside(struct zv_engine *e, uint32_t slot)
{
	zv_room_state(e, slot, ZV_ROOM_OUTSIDE, OUTSIDE_MAX_MS);
}

void zv_floor_drop_watcher(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);
	uint32_t watcher = room->watcher;

	if (room->state == ZV_ROOM_NONE || watcher == ZV_AGENT_NONE)
		return;
	room->watcher = ZV_AGENT_NONE;
	e->floor.seats[watcher].watches = ZV_SLOT_NONE;
	zv_room_wire(e, slot);
	zv_floor_tell_agent(e, watcher);
}

void zv_floor_drop_third(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);
	uint32_t guest = room->guest, side = room->side;

	room->guest = ZV_AGENT_NONE;
	room->side = ZV_SLOT_NONE;
	room->with = 0;
	zv_room_wire(e, slot);
	if (side != ZV_SLOT_NONE)
		zv_side_let_go(e, side);
	if (guest == ZV_AGENT_NONE)
		return;
	e->floor.seats[guest].guest_of = ZV_SLOT_NONE;
	(void)zv_floor_do(e, guest, ZV_AD_HANDED, 0, ZV_SLOT_NONE);
}

void zv_floor_detach(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);
	uint32_t agent = room->agent;

	zv_floor_drop_watcher(e, slot);
	if (agent == ZV_AGENT_NONE)
		return;
	if (room->agent_plays && zv_phone_slot(e, agent) != ZV_SLOT_NONE)
		zv_emit_leg(e, ZV_CMD_MEDIA_STOP, zv_phone_slot(e, agent));
	room->agent_plays = false;
	room->agent = ZV_AGENT_NONE;
	zv_room_wire(e, slot);
	tell_bridge(e, ZV_CMD_UNBRIDGE, slot, agent);
	(void)zv_floor_do(e, agent, ZV_AD_HANDED, 0, ZV_SLOT_NONE);
}

void zv_floor_third_takes(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);
	uint32_t guest = room->guest;

	zv_floor_detach(e, slot);
	if (guest == ZV_AGENT_NONE) {
		zv_floor_outside(e, slot);
		zv_floor_ops(e, slot)->bridged(e, slot, ZV_AGENT_NONE);
		return;
	}
	e->floor.seats[guest].guest_of = ZV_SLOT_NONE;
	room->guest = ZV_AGENT_NONE;
	room->agent = guest;
	room->kind = ZV_TALK_KIND_TRANSFER;
	e->floor.seats[guest].written = (struct zv_written){0};
	zv_floor_card(e, slot, guest, ZV_TALK_KIND_TRANSFER);
	zv_room_state(e, slot, ZV_ROOM_LIVE, 0);
	tell_bridge(e, ZV_CMD_BRIDGE, slot, guest);
	zv_floor_tell_agent(e, guest);
	zv_floor_ops(e, slot)->bridged(e, slot, guest);
}

void zv_floor_wait_again(struct zv_engine *e, uint32_t slot, uint32_t to)
{
	struct zv_room *room = zv_room_at(e, slot);

	if (room->agent != ZV_AGENT_NONE)
		zv_floor_detach(e, slot);
	zv_floor_drop_third(e, slot);
	room->keeps_for = to;
	zv_room_state(e, slot, ZV_ROOM_WAITS, to != ZV_AGENT_NONE ? KEEP_MS : 0);
	zv_floor_ops(e, slot)->waits_again(e, slot, e->now.mono_ms + AGAIN_MS);
	(void)zv_floor_serve(e, slot);
}

/* ---- who is served ---- */

static uint32_t free_agent(const struct zv_engine *e, uint32_t slot, const struct zv_customer *about)
{
	struct zv_agent_ask ask = {.campaign = about->campaign, .skill = about->skill,
				   .level_min = about->level_min, .owner = about->owner,
				   .not_this = ZV_AGENT_NONE};
	const struct zv_room *room = zv_room_at(e, slot);
	const struct zv_agents *agents = &e->floor.agents;

	/* The call was begun for him. */
	if (about->placed_for < agents->n && e->floor.seats[about->placed_for].places == slot)
		return about->placed_for;
	if (room->state == ZV_ROOM_WAITS && room->keeps_for != ZV_AGENT_NONE)
		return agents->v[room->keeps_for].state == ZV_AG_READY ? room->keeps_for : ZV_AGENT_NONE;
	return zv_agent_pick(agents, &ask);
}

static enum zv_talk_kind kind_of(const struct zv_engine *e, uint32_t slot, const struct zv_customer *about)
{
	return zv_room_at(e, slot)->state == ZV_ROOM_WAITS ? ZV_TALK_KIND_TRANSFER
							   : (enum zv_talk_kind)about->kind;
}

bool zv_floor_serve(struct zv_engine *e, uint32_t slot)
{
	struct zv_customer about;
	uint32_t agent;

	if (!zv_floor_about(e, slot, &about))
		return false;
	agent = free_agent(e, slot, &about);
	if (agent != ZV_AGENT_NONE && zv_floor_bridge(e, slot, agent, kind_of(e, slot, &about)))
		return true;
	zv_heap_set(&e->floor.waiting, slot,
		    (struct zv_heap_key){about.priority, (uint64_t)about.since_ms});
	return false;
}

void zv_floor_stop_waiting(struct zv_engine *e, uint32_t slot)
{
	zv_heap_remove(&e->floor.waiting, slot);
	if (zv_room_at(e, slot)->state == ZV_ROOM_WAITS)
		zv_room_state(e, slot, ZV_ROOM_NONE, 0);
}

static bool before(struct zv_heap_key a, struct zv_heap_key b)
{
	return a.a < b.a || (a.a == b.a && a.b < b.b);
}

/* The customer who waits first of those whom somebody who is free may take. */
static uint32_t first_served(const struct zv_engine *e)
{
	const struct zv_heap *w = &e->floor.waiting;
	uint32_t best = ZV_SLOT_NONE;

	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t slot = w->ids[i];
		struct zv_customer about;

		if (best != ZV_SLOT_NONE && !before(w->keys[slot], w->keys[best]))
			continue;
		if (zv_floor_about(e, slot, &about) && free_agent(e, slot, &about) != ZV_AGENT_NONE)
			best = slot;
	}
	return best;
}

void zv_floor_serve_waiting(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;

	while (f->freed && e->out->cap - e->out->n >= 128) {
		uint32_t slot = f->waiting.n > 0 && f->agents.count[ZV_AG_READY] > 0 ? first_served(e)
										      : ZV_SLOT_NONE;

		f->freed = slot != ZV_SLOT_NONE && zv_floor_serve(e, slot);
	}
}

/* ---- the end of a talk ---- */

void zv_floor_silence(struct zv_engine *e, uint32_t slot)
{
	zv_floor_drop_watcher(e, slot);
	zv_room_silence(e, slot);
}

bool zv_floor_call_over(struct zv_engine *e, uint32_t slot, enum zv_agent_does what)
{
	struct zv_room *room = zv_room_at(e, slot);
	uint32_t agent = room->agent;

	zv_heap_remove(&e->floor.waiting, slot);
	zv_floor_drop_watcher(e, slot);
	zv_floor_drop_third(e, slot);
	if (agent != ZV_AGENT_NONE)
		tell_bridge(e, ZV_CMD_UNBRIDGE, slot, agent);
	zv_room_close(e, slot);
	if (agent == ZV_AGENT_NONE)
		return false;
	e->floor.seats[agent].freed_trunk = 0; /* that talk is over since long */
	e->floor.wraps[agent] = slot;
	if (zv_floor_do(e, agent, what, 0, ZV_SLOT_NONE))
		return true;
	e->floor.wraps[agent] = ZV_SLOT_NONE;
	return false;
}

/* Who consulted him, or whose talk he had, goes on without him. */
static void leave_talk(struct zv_engine *e, uint32_t agent)
{
	uint32_t slot = e->floor.agents.v[agent].call;
	struct zv_room *room = zv_room_at(e, slot);

	(void)zv_floor_do(e, agent, ZV_AD_LOGOUT, 0, ZV_SLOT_NONE); /* after the talk, which is now */
	if (e->floor.seats[agent].guest_of == slot) {
		zv_floor_third_gone(e, slot);
		return;
	}
	if (room->state == ZV_ROOM_THREE || (room->state == ZV_ROOM_CONSULT && room->guest != ZV_AGENT_NONE))
		zv_floor_third_takes(e, slot);
	else
		zv_floor_wait_again(e, slot, ZV_AGENT_NONE);
}

void zv_floor_unheard(struct zv_engine *e, uint32_t agent)
{
	uint32_t slot = e->floor.agents.v[agent].call;

	/* A transfer, or another's talk that he joined: somebody has been heard. */
	if (slot == ZV_SLOT_NONE || e->floor.seats[agent].guest_of == slot ||
	    zv_room_at(e, slot)->kind == ZV_TALK_KIND_TRANSFER || zv_floor_ops(e, slot)->unheard == NULL)
		return;
	zv_floor_ops(e, slot)->unheard(e, slot);
}

void zv_floor_leg_lost(struct zv_engine *e, uint32_t agent)
{
	struct zv_seat *seat = &e->floor.seats[agent];

	if (seat->watches != ZV_SLOT_NONE)
		zv_floor_drop_watcher(e, seat->watches);
	if (e->floor.agents.v[agent].state == ZV_AG_TALKING) {
		leave_talk(e, agent);
		return;
	}
	(void)zv_floor_do(e, agent, ZV_AD_LEG_LOST, 0, ZV_SLOT_NONE);
}

void zv_floor_third_gone(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);

	zv_floor_drop_third(e, slot);
	switch ((enum zv_room_state)room->state) {
	case ZV_ROOM_ASKING:
	case ZV_ROOM_CONSULT:
		zv_room_state(e, slot, ZV_ROOM_HELD, HOLD_MAX_MS);
		zv_floor_tell_agent(e, room->agent);
		break;
	case ZV_ROOM_THREE:
		zv_room_state(e, slot, ZV_ROOM_LIVE, 0);
		zv_floor_tell_agent(e, room->agent);
		break;
	case ZV_ROOM_BLIND:
		zv_floor_wait_again(e, slot, ZV_AGENT_NONE);
		break;
	case ZV_ROOM_OUTSIDE:
		zv_floor_ops(e, slot)->hang_up(e, slot, ZV_AD_CALL_OVER, false);
		break;
	case ZV_ROOM_NONE:
	case ZV_ROOM_LIVE:
	case ZV_ROOM_HELD:
	case ZV_ROOM_WAITS:
	case ZV_ROOM_WATCHES:
		break;
	}
}

/* ---- what comes from outside without a screen: the simulator, the control socket ---- */

/* With phones, being logged in is the leg's matter, and so is its loss. */
static bool outside_may(const struct zv_engine *e, uint32_t agent, enum zv_agent_does what)
{
	switch (what) {
	case ZV_AD_LOGIN:
	case ZV_AD_LEG_LOST:
		return !zv_phone_has(e, agent);
	case ZV_AD_LOGOUT:
	case ZV_AD_READY:
	case ZV_AD_PAUSE:
	case ZV_AD_CALL_OVER:
	case ZV_AD_DONE:
		return true;
	case ZV_AD_RESERVE:
	case ZV_AD_RELEASE:
	case ZV_AD_BRIDGE:
	case ZV_AD_LIMIT:
	case ZV_AD_HANDED:
	case ZV_AD_MAX:
	default:
		return false; /* the engine's own */
	}
}

void zv_floor_agent(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t agent = ev->code;
	enum zv_agent_does what = (enum zv_agent_does)ev->u.agent.what;
	bool ends;

	if (agent >= e->floor.agents.n || !outside_may(e, agent, what)) {
		e->stats.late_events++;
		return;
	}
	if (ev->u.agent.result != 0)
		e->floor.seats[agent].written.result = ev->u.agent.result;
	ends = what == ZV_AD_CALL_OVER || what == ZV_AD_LEG_LOST;
	if (ends && e->floor.agents.v[agent].state == ZV_AG_TALKING)
		zv_floor_talk_over(e, agent, what);
	else if (!zv_floor_do(e, agent, what, ev->u.agent.pause_code, ZV_SLOT_NONE))
		e->stats.late_events++;
	zv_floor_serve_waiting(e);
}

void zv_floor_talk_over(struct zv_engine *e, uint32_t agent, enum zv_agent_does what)
{
	uint32_t slot = e->floor.agents.v[agent].call;

	if (slot != ZV_SLOT_NONE && e->floor.seats[agent].guest_of == slot)
		zv_floor_third_gone(e, slot);
	else if (slot != ZV_SLOT_NONE)
		zv_floor_ops(e, slot)->hang_up(e, slot, what, false);
}

static void agent_limit(struct zv_engine *e, uint32_t agent)
{
	switch ((enum zv_agent_state)e->floor.agents.v[agent].state) {
	case ZV_AG_TALKING:
		zv_floor_talk_over(e, agent, ZV_AD_LIMIT);
		break;
	case ZV_AG_RESERVED:
		zv_desk_reserved_limit(e, agent);
		break;
	case ZV_AG_WRAPUP:
		(void)zv_floor_do(e, agent, ZV_AD_LIMIT, 0, ZV_SLOT_NONE);
		break;
	case ZV_AG_OFFLINE:
	case ZV_AG_READY:
	case ZV_AG_PAUSED:
	case ZV_AG_STATES:
		break;
	}
}

static void room_limit(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);

	switch ((enum zv_room_state)room->state) {
	case ZV_ROOM_HELD: /* back to the agent, who has forgotten him */
		zv_room_state(e, slot, ZV_ROOM_LIVE, 0);
		zv_floor_tell_agent(e, room->agent);
		break;
	case ZV_ROOM_ASKING:
	case ZV_ROOM_CONSULT:
	case ZV_ROOM_BLIND:
	case ZV_ROOM_OUTSIDE:
		zv_floor_third_gone(e, slot);
		break;
	case ZV_ROOM_WAITS: /* kept for one agent long enough */
		room->keeps_for = ZV_AGENT_NONE;
		e->floor.freed = true;
		break;
	case ZV_ROOM_NONE:
	case ZV_ROOM_LIVE:
	case ZV_ROOM_THREE:
	case ZV_ROOM_WATCHES:
		break;
	}
}

void zv_floor_timeouts(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;

	while (zv_heap_top_key(&f->limits) <= e->now.mono_ms &&
	       e->out->cap - e->out->n >= ZV_ENGINE_STEP_CMDS - 256) {
		uint32_t agent = zv_heap_top(&f->limits);

		zv_heap_remove(&f->limits, agent);
		agent_limit(e, agent);
		zv_floor_serve_waiting(e);
	}
	while (zv_heap_top_key(&f->rooms.limits) <= e->now.mono_ms &&
	       e->out->cap - e->out->n >= ZV_ENGINE_STEP_CMDS - 256) {
		uint32_t room = zv_heap_top(&f->rooms.limits);

		zv_heap_remove(&f->rooms.limits, room);
		room_limit(e, zv_room_slot(e, room));
		zv_floor_serve_waiting(e);
	}
}

bool zv_floor_has_agents(const struct zv_engine *e, uint16_t campaign)
{
	uint8_t pace = e->conf->campaigns[campaign].pace;

	return pace != 0 && pace != ZV_PACE_ROBOT;
}
