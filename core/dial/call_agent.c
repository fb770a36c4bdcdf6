/* Calls that go to agents: the wait, the talk, the message to those for whom
 * nobody was there, and the wrap-up.  The table is in call.c. */
#include "dial/call_int.h"

#define PATIENCE_MS 2000
#define MESSAGE_MS  20000 /* the backstop behind the message's own end */

/* Calendar seconds since the reservation, as the outcome will date it. */
static uint16_t since_contact(const struct zv_call_ctx *c, int64_t cal_ms)
{
	int64_t s = (cal_ms - c->call->contact_ms + 999) / 1000;

	return s < 0 ? 0 : s > UINT16_MAX ? UINT16_MAX : (uint16_t)s;
}

/* The budget of abandoned calls must not wait for the end of the talk and its wrap-up. */
static void count_now(const struct zv_call_ctx *c, uint16_t facts)
{
	struct zv_contact contact = {.at_ms = c->call->contact_ms};

	contact.facts = facts & (uint16_t)~c->call->tallied;
	if (contact.facts == 0)
		return;
	contact.connect_s = since_contact(c, c->call->answer_cal_ms);
	contact.end_s = since_contact(c, c->e->now.cal_ms);
	c->call->tallied |= contact.facts;
	zv_ratio_count(c->e, c->call->campaign, &contact);
}

static void wait_for_agent(const struct zv_call_ctx *c, int64_t until_ms)
{
	zv_call_state(c, ZV_CALL_WAITING);
	if (!zv_floor_serve(c->e, c->slot))
		zv_call_deadline(c, until_ms);
}

static int64_t patience_of(const struct zv_call_ctx *c)
{
	uint32_t patience_ms = zv_call_campaign(c)->pacing.patience_ms;

	return patience_ms != 0 ? patience_ms : PATIENCE_MS;
}

void zv_call_person(const struct zv_call_ctx *c)
{
	int64_t until_ms = c->e->now.mono_ms + patience_of(c);

	/* What detection took is gone from the seconds that a rule leaves. */
	if (c->call->told != 0 && c->call->within_answer && c->call->within_ms != 0 &&
	    until_ms > c->call->answer_ms + c->call->within_ms)
		until_ms = c->call->answer_ms + c->call->within_ms;
	count_now(c, ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER));
	zv_floor_answered(c->e, c->slot);
	wait_for_agent(c, until_ms > c->e->now.mono_ms ? until_ms : c->e->now.mono_ms + 1);
}

void zv_call_wants_agent(const struct zv_call_ctx *c)
{
	count_now(c, ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER));
	zv_floor_wants(c->e, c->slot);
	wait_for_agent(c, c->call->talk.deadline_ms);
}

static void finish_talk(const struct zv_call_ctx *c)
{
	zv_call_finish(c, c->call->heard_machine ? ZV_OUT_MACHINE : ZV_OUT_ANSWERED, c->call->result);
	zv_call_free_if_done(c);
}

/* The talk is over: what was said is written down now.  Where no agent was any more, at once. */
static void wrap_up(const struct zv_call_ctx *c, enum zv_agent_does what)
{
	c->call->over_ms = c->e->now.mono_ms;
	c->call->over_cal_ms = c->e->now.cal_ms;
	zv_call_ladder(c, ZV_LADDER_CONVERSATION, 0);
	zv_floor_silence(c->e, c->slot);
	zv_call_close_media(c);
	zv_call_state(c, ZV_CALL_WRAPUP);
	zv_call_deadline(c, 0);
	if (!zv_floor_call_over(c->e, c->slot, what))
		finish_talk(c);
}

/* He has talked to somebody, and nobody takes him over. */
static void give_up_again(const struct zv_call_ctx *c, bool hear_message)
{
	uint64_t prompt = zv_call_campaign(c)->abandon_prompt;
	struct zv_cmd *cmd;

	zv_floor_stop_waiting(c->e, c->slot);
	if (!hear_message || prompt == 0 || !c->call->media_open) {
		zv_call_emit(c, ZV_CMD_HANGUP);
		wrap_up(c, ZV_AD_CALL_OVER);
		return;
	}
	c->call->over_ms = c->e->now.mono_ms;
	c->call->over_cal_ms = c->e->now.cal_ms;
	cmd = zv_call_emit(c, ZV_CMD_MEDIA_PLAY);
	cmd->u.play.prompt = prompt;
	cmd->u.play.tag = 1;
	zv_call_state(c, ZV_CALL_MESSAGE);
	zv_call_deadline(c, c->e->now.mono_ms + MESSAGE_MS);
}

/* Nobody was there for the person: the message if there is one, and it counts as abandoned. */
static void abandon(const struct zv_call_ctx *c, bool hear_message)
{
	uint64_t prompt = zv_call_campaign(c)->abandon_prompt;
	struct zv_cmd *cmd;

	c->call->over_ms = c->e->now.mono_ms;
	c->call->over_cal_ms = c->e->now.cal_ms;
	zv_floor_stop_waiting(c->e, c->slot);
	zv_floor_silence(c->e, c->slot); /* hold music, if a dead phone had him */
	zv_room_close(c->e, c->slot);
	zv_call_ladder(c, ZV_LADDER_ABANDON, 0);
	zv_floor_abandoned(c->e, c->slot);
	count_now(c, ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) | ZV_FACT_BIT(ZV_FACT_ABANDON));
	c->e->stats.abandoned++;
	if (!hear_message || prompt == 0 || !c->call->media_open) {
		zv_call_emit(c, ZV_CMD_HANGUP);
		zv_call_close_media(c);
		zv_call_finish(c, ZV_OUT_ABANDONED, 0);
		return;
	}
	cmd = zv_call_emit(c, ZV_CMD_MEDIA_PLAY);
	cmd->u.play.prompt = prompt;
	cmd->u.play.tag = 1;
	zv_call_state(c, ZV_CALL_MESSAGE);
	zv_call_deadline(c, c->e->now.mono_ms + MESSAGE_MS);
}

static bool by_robot(const struct zv_call_ctx *c)
{
	return !zv_floor_has_agents(c->e, c->call->campaign) && c->call->kind != ZV_TALK_KIND_MANUAL;
}

void zv_call_on_waited(const struct zv_call_ctx *c)
{
	if (c->call->talked) {
		give_up_again(c, true);
		return;
	}
	if (!by_robot(c)) {
		abandon(c, true);
		return;
	}
	/* The robot goes on: it says that nobody is free. */
	zv_floor_stop_waiting(c->e, c->slot);
	zv_floor_abandoned(c->e, c->slot);
	zv_call_state(c, ZV_CALL_TALKING);
	zv_call_act(c, zv_talk_timeout(&c->call->talk, zv_call_campaign(c)->script, c->e->now.mono_ms));
}

void zv_call_on_wait_ended(const struct zv_call_ctx *c)
{
	if (c->call->talked) {
		give_up_again(c, false);
		return;
	}
	if (!by_robot(c)) {
		abandon(c, false);
		return;
	}
	zv_floor_stop_waiting(c->e, c->slot);
	zv_floor_abandoned(c->e, c->slot);
	zv_call_ladder(c, ZV_LADDER_CONVERSATION, 0);
	zv_call_emit(c, ZV_CMD_HANGUP);
	zv_call_close_media(c);
	zv_call_finish(c, ZV_OUT_ANSWERED, 0);
}

void zv_call_on_message_over(const struct zv_call_ctx *c)
{
	zv_call_emit(c, ZV_CMD_HANGUP);
	if (c->call->talked) {
		zv_call_ladder(c, ZV_LADDER_CONVERSATION, 0);
		zv_room_close(c->e, c->slot);
		zv_call_close_media(c);
		finish_talk(c);
		return;
	}
	zv_call_close_media(c);
	zv_call_finish(c, ZV_OUT_ABANDONED, 0);
}

void zv_call_on_bridge_ended(const struct zv_call_ctx *c)
{
	if (c->ev == NULL || c->ev->type == ZV_EV_MEDIA_LOST)
		zv_call_emit(c, ZV_CMD_HANGUP);
	wrap_up(c, ZV_AD_CALL_OVER);
}

void zv_call_on_wrapup_closed(const struct zv_call_ctx *c)
{
	c->call->sip_open = false;
	zv_call_give_channel(c);
}

void zv_call_on_wrapup_media(const struct zv_call_ctx *c)
{
	c->call->media_open = false;
}

/* ---- from the floor ---- */

static struct zv_call_ctx ctx_of(struct zv_engine *e, uint32_t slot)
{
	return (struct zv_call_ctx){.e = e, .call = &e->calls[slot], .slot = slot};
}

uint8_t zv_call_kind(const struct zv_engine *e, const struct zv_call *call)
{
	if (call->kind != ZV_TALK_KIND_NONE)
		return call->kind;
	return zv_floor_has_agents(e, call->campaign) ? ZV_TALK_KIND_DIALLED : ZV_TALK_KIND_ROBOT;
}

static bool about(const struct zv_engine *e, uint32_t slot, struct zv_customer *ret_about)
{
	const struct zv_call *call = &e->calls[slot];
	const struct zv_campaign_conf *conf = &e->conf->campaigns[call->campaign];

	if (call->state == ZV_CALL_FREE || call->slab == ZV_SLOT_NONE)
		return false;
	*ret_about = (struct zv_customer){
		.campaign = call->campaign, .skill = conf->agent_skill, .level_min = conf->agent_level_min,
		.priority = conf->priority, .kind = zv_call_kind(e, call), .owner = call->owner,
		.placed_for = call->placed_for,
		/* Who has talked to us, or was promised a time, goes before those who have not. */
		.since_ms = call->talked || call->kind == ZV_TALK_KIND_CALLBACK ? 0 : call->answer_ms, .lead = call->lead,
		.person = call->person, .number = call->called};
	return true;
}

static void on_bridged(struct zv_engine *e, uint32_t slot, uint32_t agent)
{
	struct zv_call_ctx c = ctx_of(e, slot);

	c.call->agent = agent;
	c.call->talked = true;
	zv_call_state(&c, ZV_CALL_BRIDGED);
	zv_call_deadline(&c, 0); /* the agent's state, or the room's, has the limit */
}

static void waits_again(struct zv_engine *e, uint32_t slot, int64_t until_ms)
{
	struct zv_call_ctx c = ctx_of(e, slot);

	c.call->agent = ZV_AGENT_NONE;
	zv_call_state(&c, ZV_CALL_WAITING);
	if (!c.call->talked) /* nobody has been there for him yet */
		until_ms = c.call->answer_ms + patience_of(&c);
	zv_call_deadline(&c, until_ms > e->now.mono_ms ? until_ms : e->now.mono_ms + 1);
}

static void unheard(struct zv_engine *e, uint32_t slot)
{
	e->calls[slot].talked = false;
}

static void hang_up(struct zv_engine *e, uint32_t slot, enum zv_agent_does what, bool machine)
{
	struct zv_call_ctx c = ctx_of(e, slot);

	if (c.call->state != ZV_CALL_BRIDGED)
		return;
	c.call->heard_machine = c.call->heard_machine || machine;
	zv_call_emit(&c, ZV_CMD_HANGUP);
	wrap_up(&c, what);
}

static void wrapped_up(struct zv_engine *e, uint32_t slot, const struct zv_written *written)
{
	struct zv_call_ctx c = ctx_of(e, slot);

	if (c.call->state != ZV_CALL_WRAPUP)
		return;
	if (written->result != 0)
		c.call->result = written->result;
	c.call->wish_ms = written->wish_ms;
	c.call->wish_owner = written->anyone || written->agent >= e->conf->n_agents
				     ? 0 : 1 + e->conf->agents[written->agent].id;
	finish_talk(&c);
}

const struct zv_customer_ops zv_call_customer = {
	.about = about, .bridged = on_bridged, .waits_again = waits_again, .unheard = unheard,
	.hang_up = hang_up, .wrapped_up = wrapped_up,
};
