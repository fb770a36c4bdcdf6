/* Calls of before a crash: ended, told, and met with a message if they answer after all. */
#include "dial/call_int.h"
#include "dial/facts.h"

void zv_call_adopt(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t slot = ev->leg.slot;
	struct zv_call_ctx c = {.e = e, .slot = slot, .ev = ev};
	uint16_t campaign = 0;
	uint32_t i = 0;
	struct zv_cmd *cmd;

	while (campaign + 1u < e->conf->n_campaigns &&
	       e->conf->campaigns[campaign].id != ev->u.adopt.campaign)
		campaign++;
	while (i < e->free_n && e->free_slots[(e->free_head + i) % e->conf->max_calls] != slot)
		i++;
	if (slot >= e->conf->max_calls || i == e->free_n || e->conf->n_campaigns == 0 ||
	    ev->trunk >= e->conf->n_trunks) {
		e->stats.late_events++;
		return;
	}
	for (; i + 1 < e->free_n; i++)
		e->free_slots[(e->free_head + i) % e->conf->max_calls] =
			e->free_slots[(e->free_head + i + 1) % e->conf->max_calls];
	e->free_n--;
	c.call = &e->calls[slot];
	*c.call = (struct zv_call){
		.gen = ev->leg.gen, .slab = ZV_SLOT_NONE, .attempt = ev->attempt,
		.trunk = ev->trunk, .campaign = campaign, .sub = ev->u.adopt.sub,
		.lead = ev->u.adopt.lead, .called = ev->u.adopt.e164, .sip_open = true,
	};
	/* Nobody else rings this person until the old leg is gone. */
	if (ev->u.adopt.person != 0 && zv_persons_add(&e->persons, ev->u.adopt.person))
		c.call->person = ev->u.adopt.person;
	e->router.trunks[ev->trunk].calls++; /* the trunk still counts it */
	c.call->channel = true;
	e->stats.calls++;
	zv_call_state(&c, ZV_CALL_ADOPTED);
	zv_call_deadline(&c, e->now.mono_ms + ZV_CALL_ENDING_MS);
	cmd = zv_call_emit(&c, ZV_CMD_DIAL);
	cmd->u.dial.called = c.call->called;
	cmd->u.dial.sub = c.call->sub;
	cmd->u.dial.talk_max_s = zv_call_campaign(&c)->talk_max_s;
	cmd->u.dial.adopt = 1;
}

/* Answered after all, and nobody is there: the message, then BYE; it counts as abandoned. */
void zv_call_on_orphan_answered(const struct zv_call_ctx *c)
{
	struct zv_cmd *cmd;

	c->call->answer_ms = c->e->now.mono_ms;
	c->call->sip_code = (uint16_t)c->ev->code;
	zv_call_ladder(c, ZV_LADDER_CONNECT, c->call->sip_code);
	zv_call_ladder(c, ZV_LADDER_ABANDON, 0);
	cmd = zv_call_tell_outcome(c, ZV_OUT_ABANDONED, 0);
	cmd->u.outcome.amend = 1;
	cmd->u.outcome.facts = zv_facts_of(ZV_OUT_ABANDONED, 0, zv_call_campaign(c)->channel);
	zv_contact_amend(c->e, c->call, cmd->u.outcome.facts);
	zv_call_state(c, ZV_CALL_ORPHAN);
	if (zv_call_campaign(c)->abandon_prompt == 0 || !c->ev->u.sip.sdp) {
		zv_call_emit(c, ZV_CMD_HANGUP);
		zv_call_state(c, ZV_CALL_ENDING);
		return;
	}
	zv_call_open_media(c);
	cmd = zv_call_emit(c, ZV_CMD_MEDIA_PLAY);
	cmd->u.play.prompt = zv_call_campaign(c)->abandon_prompt;
	cmd->u.play.tag = 1;
}

void zv_call_on_orphan_over(const struct zv_call_ctx *c)
{
	zv_call_emit(c, ZV_CMD_HANGUP);
	zv_call_close_media(c);
	zv_call_state(c, ZV_CALL_ENDING);
	zv_call_deadline(c, c->e->now.mono_ms + ZV_CALL_ENDING_MS);
	zv_call_free_if_done(c);
}

void zv_call_on_orphan_ended(const struct zv_call_ctx *c)
{
	zv_call_close_media(c);
	zv_call_state(c, ZV_CALL_ENDING);
	zv_call_deadline(c, c->e->now.mono_ms + ZV_CALL_ENDING_MS);
	zv_call_free_if_done(c);
}

/* Closed without another word. */
void zv_call_on_adopted_closed(const struct zv_call_ctx *c)
{
	c->call->sip_open = false;
	zv_call_on_orphan_ended(c);
}

