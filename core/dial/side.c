#include "dial/side.h"

#include <stdlib.h>

#include "dial/engine_int.h"

#define CLOSING_MS   20000 /* sip and media close a leg well before */
#define CLOSING_MOST 6     /* then it is taken for lost: a later use has another generation */

uint32_t zv_side_base(const struct zv_engine *e)
{
	return e->conf->max_calls + e->conf->max_phones;
}

uint32_t zv_n_slots(const struct zv_engine_conf *conf)
{
	return conf->max_calls + conf->max_phones + conf->max_side;
}

enum zv_err zv_sides_init(struct zv_engine *e)
{
	struct zv_sides *s = &e->sides;

	s->n = e->conf->max_side;
	s->v = calloc(s->n + 1u, sizeof(*s->v));
	s->free = calloc(s->n + 1u, sizeof(*s->free));
	if (s->v == NULL || s->free == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < s->n; i++)
		s->free[i] = i;
	s->free_n = s->n;
	return ZV_OK;
}

void zv_sides_fini(struct zv_engine *e)
{
	free(e->sides.v);
	free(e->sides.free);
	e->sides = (struct zv_sides){0};
}

struct zv_side *zv_side_at(const struct zv_engine *e, uint32_t slot)
{
	uint32_t base = zv_side_base(e);

	if (slot < base || slot - base >= e->sides.n || e->sides.v[slot - base].use == ZV_SIDE_FREE)
		return NULL;
	return &e->sides.v[slot - base];
}

struct zv_leg_id zv_leg_of(const struct zv_engine *e, uint32_t slot)
{
	struct zv_leg_id leg = {.slot = slot};

	if (slot < e->conf->max_calls)
		leg.gen = e->calls[slot].gen;
	else if (slot < zv_side_base(e))
		leg.gen = e->floor.phones[slot - e->conf->max_calls].gen;
	else if (slot < zv_n_slots(e->conf))
		leg.gen = e->sides.v[slot - zv_side_base(e)].gen;
	return leg;
}

struct zv_cmd *zv_emit_leg(struct zv_engine *e, enum zv_cmd_type type, uint32_t slot)
{
	struct zv_cmd *cmd;
	const struct zv_side *side;

	if (slot < e->conf->max_calls)
		return zv_emit_call(e, type, slot);
	cmd = zv_emit(e, type);
	cmd->leg = zv_leg_of(e, slot);
	if (slot < zv_side_base(e))
		cmd->attempt = e->floor.phones[slot - e->conf->max_calls].attempt;
	side = zv_side_at(e, slot);
	if (side == NULL)
		return cmd;
	cmd->trunk = side->trunk;
	cmd->attempt = side->attempt;
	if (side->campaign < e->conf->n_campaigns)
		cmd->campaign = e->conf->campaigns[side->campaign].id;
	return cmd;
}

void zv_open_media(struct zv_engine *e, uint32_t slot, const struct zv_event *answered)
{
	struct zv_cmd *cmd = zv_emit_leg(e, ZV_CMD_MEDIA_OPEN, slot);

	cmd->u.media.rtp_ip = answered->u.sip.rtp_ip;
	cmd->u.media.rtp_port = answered->u.sip.rtp_port;
	cmd->u.media.payload_type = answered->u.sip.payload_type;
	cmd->u.media.dtmf_type = answered->u.sip.dtmf_type;
	/* An agent's phone may be behind NAT: its port is what its first packet comes from. */
	if (slot >= e->conf->max_calls && slot < zv_side_base(e)) {
		cmd->u.media.learn = ZV_LEARN_PORT;
		cmd->u.media.quiet_ms = e->conf->phone_quiet_ms;
	}
}

uint32_t zv_side_take(struct zv_engine *e, enum zv_side_use use, uint32_t user, uint16_t campaign)
{
	struct zv_sides *s = &e->sides;
	uint32_t i, gen;

	if (s->free_n == 0)
		return ZV_SLOT_NONE;
	i = s->free[s->free_head];
	s->free_head = (s->free_head + 1) % s->n;
	s->free_n--;
	gen = s->v[i].gen + 1;
	s->v[i] = (struct zv_side){.use = (uint8_t)use, .gen = gen, .user = user, .campaign = campaign,
				   .attempt = zv_call_next_id(e)};
	return zv_side_base(e) + i;
}

void zv_side_deadline(struct zv_engine *e, uint32_t slot, int64_t mono_ms)
{
	if (mono_ms == 0)
		zv_heap_remove(&e->timers, slot);
	else
		zv_heap_set(&e->timers, slot, (struct zv_heap_key){mono_ms, slot});
}

/* The trunk answered something, or will not any more. */
static void heard(struct zv_engine *e, struct zv_side *side)
{
	if (side->unanswered)
		zv_route_heard(&e->router, side->trunk);
	side->unanswered = false;
}

static void give_channel(struct zv_engine *e, struct zv_side *side)
{
	heard(e, side);
	if (side->channel)
		zv_route_give(&e->router, side->trunk);
	side->channel = false;
}

static void free_if_done(struct zv_engine *e, uint32_t slot, struct zv_side *side)
{
	struct zv_sides *s = &e->sides;

	if (side->use != ZV_SIDE_CLOSING || side->sip_open || side->media_open)
		return;
	give_channel(e, side);
	zv_side_deadline(e, slot, 0);
	side->use = ZV_SIDE_FREE;
	s->free[(s->free_head + s->free_n++) % s->n] = slot - zv_side_base(e);
}

static void close_leg(struct zv_engine *e, uint32_t slot, const struct zv_side *side)
{
	if (side->sip_open)
		zv_emit_leg(e, ZV_CMD_HANGUP, slot);
	if (side->media_open)
		zv_emit_leg(e, ZV_CMD_MEDIA_CLOSE, slot);
}

void zv_side_let_go(struct zv_engine *e, uint32_t slot)
{
	struct zv_side *side = zv_side_at(e, slot);

	if (side == NULL || side->use == ZV_SIDE_CLOSING)
		return;
	close_leg(e, slot, side);
	side->use = ZV_SIDE_CLOSING;
	zv_side_deadline(e, slot, e->now.mono_ms + CLOSING_MS);
	free_if_done(e, slot, side);
}

void zv_side_timeout(struct zv_engine *e, uint32_t slot)
{
	struct zv_side *side = zv_side_at(e, slot);

	if (side == NULL)
		return;
	if (side->use != ZV_SIDE_CLOSING) {
		e->sides.ops[side->use]->deadline(e, slot);
		return;
	}
	if (++side->asked >= CLOSING_MOST)
		side->sip_open = side->media_open = false;
	close_leg(e, slot, side);
	zv_side_deadline(e, slot, e->now.mono_ms + CLOSING_MS);
	free_if_done(e, slot, side);
}

void zv_side_event(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t slot = ev->leg.slot;
	struct zv_side *side = zv_side_at(e, slot);

	if (side == NULL || side->gen != ev->leg.gen) {
		e->stats.late_events++;
		return;
	}
	switch (ev->type) {
	case ZV_EV_SIP_TRYING:
	case ZV_EV_SIP_PROGRESS:
	case ZV_EV_SIP_ANSWERED:
	case ZV_EV_SIP_FAILED:
		heard(e, side);
		break;
	case ZV_EV_SIP_CLOSED:
		side->sip_open = false;
		give_channel(e, side);
		break;
	case ZV_EV_MEDIA_CLOSED:
		side->media_open = false;
		break;
	default:
		break;
	}
	if (side->use != ZV_SIDE_CLOSING)
		e->sides.ops[side->use]->event(e, slot, ev);
	free_if_done(e, slot, side);
}
