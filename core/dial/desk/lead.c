/* Calls that an agent begins himself: a lead that is shown to him first (preview), and one that
 * he asks for (manual).  The answer goes to him at once; the law is asked as for every call. */
#include "dial/desk/desk.h"

#define FETCH_MS 5000   /* the lookahead finds a lead well before */
#define SKIP_MS  300000 /* a lead that he skipped, or let pass, rests so long */
#define GRACE_MS 10000  /* behind the call's own backstop */

static uint16_t campaign_of(const struct zv_engine *e, uint32_t slab)
{
	return e->held[slab].campaign;
}

bool zv_desk_show(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign_of(e, slab)];
	struct zv_agent_ask ask = {.campaign = campaign_of(e, slab), .skill = c->agent_skill,
				   .level_min = c->agent_level_min,
				   .owner = zv_owner_of(e, slab), .not_this = ZV_AGENT_NONE};
	uint32_t agent = zv_agent_pick(&e->floor.agents, &ask);
	struct zv_cmd *cmd;

	if (agent == ZV_AGENT_NONE || !zv_floor_do(e, agent, ZV_AD_RESERVE, 0, ZV_SLOT_NONE))
		return false;
	e->floor.seats[agent].slab = slab;
	if (c->preview_max_ms != 0)
		zv_floor_until(e, agent, e->now.mono_ms + c->preview_max_ms);
	cmd = zv_emit(e, ZV_CMD_CARD);
	cmd->campaign = c->id;
	cmd->u.agent.agent = agent;
	cmd->u.agent.lead = offer->lead;
	cmd->u.agent.person = offer->person;
	cmd->u.agent.number = offer->numbers[offer->number < offer->n_numbers ? offer->number : 0].e164;
	cmd->u.agent.kind = ZV_TALK_KIND_PREVIEW;
	cmd->u.agent.with = ZV_AGENT_NONE;
	zv_pick_shown(e, slab);
	return true;
}

/* Places the call of a lead that the engine holds, for this agent, who is RESERVED. */
static enum zv_err begin(struct zv_engine *e, uint32_t agent, uint32_t slab, enum zv_talk_kind kind)
{
	struct zv_seat *seat = &e->floor.seats[agent];
	uint32_t slot;
	enum zv_err err = zv_pick_begin(e, slab, agent, kind, &slot);

	if (err == ZV_EDENIED && seat->slab == slab) {
		/* Paused, closed, or the law says no: the lead is not his any more. */
		(void)zv_floor_do(e, agent, ZV_AD_RELEASE, 0, ZV_SLOT_NONE);
	}
	if (err != ZV_OK)
		return err;
	seat->slab = ZV_SLOT_NONE;
	seat->places = slot;
	/* Until the call is over or answered, which the call's own states see to. */
	zv_floor_until(e, agent, e->now.mono_ms + e->conf->store_wait_ms + e->conf->max_dialing_ms +
					 e->calls[slot].ring_for_ms + GRACE_MS);
	zv_floor_card(e, slot, agent, kind);
	return ZV_OK;
}

static uint32_t find_held(const struct zv_engine *e, uint64_t lead)
{
	for (uint32_t i = 0; i < e->params.slabs.n; i++)
		if (e->held[i].state != ZV_HELD_FREE && e->params.slabs.v[i].lead == lead)
			return i;
	return ZV_SLOT_NONE;
}

/* He is RESERVED for the call from its first step on; whatever refuses it frees him. */
static enum zv_err begin_manual(struct zv_engine *e, uint32_t agent, uint32_t slab)
{
	enum zv_err err;

	if (!zv_floor_do(e, agent, ZV_AD_RESERVE, 0, ZV_SLOT_NONE))
		return ZV_EDENIED;
	err = begin(e, agent, slab, ZV_TALK_KIND_MANUAL);
	if (err != ZV_OK)
		(void)zv_floor_do(e, agent, ZV_AD_RELEASE, 0, ZV_SLOT_NONE);
	return err;
}

static enum zv_err fetch(struct zv_desk_ask *d, uint64_t lead)
{
	struct zv_engine *e = d->e;
	struct zv_cmd *cmd;

	if (d->ev->u.desk.code >= e->conf->n_campaigns)
		return ZV_ENOENT;
	cmd = zv_emit(e, ZV_CMD_FETCH);
	cmd->campaign = e->conf->campaigns[d->ev->u.desk.code].id;
	cmd->u.lead.lead = lead;
	cmd->u.lead.slab = ZV_SLOT_NONE;
	d->seat->fetches = lead;
	d->seat->token = d->ev->attempt;
	d->seat->fetch_ms = e->now.mono_ms + FETCH_MS;
	e->floor.fetching++;
	d->later = true;
	return ZV_OK;
}

enum zv_err zv_desk_dial(struct zv_desk_ask *d)
{
	uint64_t lead = d->ev->u.desk.number;
	uint32_t slab;

	if (d->a->state == ZV_AG_RESERVED) {
		if (d->seat->slab == ZV_SLOT_NONE)
			return ZV_EDENIED; /* it rings already */
		return begin(d->e, d->agent, d->seat->slab, ZV_TALK_KIND_PREVIEW);
	}
	if (lead == 0)
		return ZV_EDENIED;
	if (d->seat->fetches != 0)
		return ZV_EAGAIN;
	if (d->seat->watches != ZV_SLOT_NONE)
		return ZV_EDENIED;
	slab = find_held(d->e, lead);
	return slab == ZV_SLOT_NONE ? fetch(d, lead) : begin_manual(d->e, d->agent, slab);
}

static void fetched(struct zv_engine *e, uint32_t agent, enum zv_err err)
{
	struct zv_seat *seat = &e->floor.seats[agent];

	seat->fetches = 0;
	e->floor.fetching--;
	zv_desk_answer(e, seat->token, agent, err);
}

void zv_desk_offered(struct zv_engine *e, uint32_t slab)
{
	for (uint32_t i = 0; e->floor.fetching > 0 && i < e->floor.agents.n; i++) {
		if (e->floor.seats[i].fetches != e->params.slabs.v[slab].lead)
			continue;
		fetched(e, i, e->held[slab].state == ZV_HELD_FREE ? ZV_EDENIED : begin_manual(e, i, slab));
		return;
	}
}

void zv_desk_not_offered(struct zv_engine *e, const struct zv_event *ev)
{
	for (uint32_t i = 0; e->floor.fetching > 0 && i < e->floor.agents.n; i++) {
		if (e->floor.seats[i].fetches == ev->u.kill.lead && ev->u.kill.lead != 0) {
			fetched(e, i, ev->code != 0 ? (enum zv_err)ev->code : ZV_ENOENT);
			return;
		}
	}
}

void zv_desk_timeouts(struct zv_engine *e)
{
	for (uint32_t i = 0; e->floor.fetching > 0 && i < e->floor.agents.n; i++)
		if (e->floor.seats[i].fetches != 0 && e->floor.seats[i].fetch_ms <= e->now.mono_ms)
			fetched(e, i, ZV_ETIMEDOUT);
}

int64_t zv_desk_next_ms(const struct zv_engine *e)
{
	int64_t at_ms = INT64_MAX;

	for (uint32_t i = 0; e->floor.fetching > 0 && i < e->floor.agents.n; i++)
		if (e->floor.seats[i].fetches != 0 && e->floor.seats[i].fetch_ms < at_ms)
			at_ms = e->floor.seats[i].fetch_ms;
	return at_ms;
}

enum zv_err zv_desk_skip(struct zv_desk_ask *d)
{
	if (d->seat->slab == ZV_SLOT_NONE)
		return ZV_EDENIED;
	d->e->stats.skipped++;
	return zv_floor_do(d->e, d->agent, ZV_AD_RELEASE, 0, ZV_SLOT_NONE) ? ZV_OK : ZV_EDENIED;
}

/* Nobody would be there when it is answered. */
static void withdraw(struct zv_engine *e, uint32_t slot)
{
	struct zv_call *call = &e->calls[slot];

	call->placed_for = ZV_AGENT_NONE;
	switch (call->state) {
	case ZV_CALL_RESERVE:
	case ZV_CALL_INTENT:
	case ZV_CALL_FAILOVER:
		call->withdrawn = true;
		break;
	case ZV_CALL_DIALING:
	case ZV_CALL_RINGING:
		if (!call->cut)
			zv_emit_call(e, ZV_CMD_CANCEL, slot);
		call->cut = true;
		break;
	default: /* somebody has answered: another agent, or the message */
		break;
	}
}

void zv_desk_give_back(struct zv_engine *e, uint32_t agent)
{
	struct zv_seat *seat = &e->floor.seats[agent];
	uint32_t slab = seat->slab, slot = seat->places;

	seat->slab = seat->places = ZV_SLOT_NONE;
	if (slab != ZV_SLOT_NONE)
		zv_pick_hidden(e, slab, e->now.cal_ms + SKIP_MS);
	if (slot != ZV_SLOT_NONE)
		withdraw(e, slot);
}

void zv_desk_unshow(struct zv_engine *e, uint32_t slab)
{
	for (uint32_t i = 0; e->held[slab].state == ZV_HELD_SHOWN && i < e->floor.agents.n; i++) {
		if (e->floor.seats[i].slab != slab)
			continue;
		zv_pick_hidden(e, slab, 0);
		(void)zv_floor_do(e, i, ZV_AD_RELEASE, 0, ZV_SLOT_NONE);
	}
}

void zv_desk_reserved_limit(struct zv_engine *e, uint32_t agent)
{
	uint32_t slab = e->floor.seats[agent].slab;

	if (slab != ZV_SLOT_NONE && e->conf->campaigns[campaign_of(e, slab)].preview_dials &&
	    begin(e, agent, slab, ZV_TALK_KIND_PREVIEW) != ZV_EAGAIN)
		return;
	if (slab != ZV_SLOT_NONE)
		e->stats.skipped++;
	(void)zv_floor_do(e, agent, ZV_AD_LIMIT, 0, ZV_SLOT_NONE);
}

void zv_desk_call_gone(struct zv_engine *e, uint32_t slot)
{
	uint32_t agent = e->calls[slot].placed_for;

	if (agent >= e->floor.agents.n || e->floor.seats[agent].places != slot)
		return;
	e->floor.seats[agent].places = ZV_SLOT_NONE;
	(void)zv_floor_do(e, agent, ZV_AD_RELEASE, 0, ZV_SLOT_NONE);
}
