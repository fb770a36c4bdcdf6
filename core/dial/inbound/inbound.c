/* One inbound call from INCOMING to the end of its wrap-up.  The table at the end says what each
 * state does with each event; what it does not name is late and only counted. */
#include "dial/inbound/inbound.h"

#include <stdlib.h>

#include "dial/engine_int.h"

#define NOT_FOUND   404
#define UNAVAILABLE 503
#define ACCEPT_MS   32000 /* no word after our 200 */
#define GREETING_MS 60000 /* the backstop behind a prompt's own end */
#define CLOSED_MS   30000
#define KNOWN_MS    200   /* one look into the store: who it is decides who is asked first */

struct in_ctx {
	struct zv_engine *e;
	struct zv_in *in;
	uint32_t slot;
	const struct zv_event *ev; /* NULL: the deadline passed, or the floor asks */
};

static struct in_ctx ctx_of(struct zv_engine *e, uint32_t slot)
{
	return (struct in_ctx){.e = e, .in = &e->inbound.v[slot - zv_side_base(e)], .slot = slot};
}

static const struct zv_queue_conf *queue_conf(const struct in_ctx *c)
{
	return &c->e->conf->queues[c->in->queue];
}

static void play(const struct in_ctx *c, uint64_t prompt, bool loop)
{
	struct zv_cmd *cmd = zv_emit_leg(c->e, ZV_CMD_MEDIA_PLAY, c->slot);

	c->in->plays = true;
	cmd->u.play.prompt = prompt;
	cmd->u.play.tag = ++c->in->tag;
	cmd->u.play.loop = loop;
}

static void state(const struct in_ctx *c, enum zv_in_state to)
{
	uint32_t *waiting = &c->e->inbound.queues[c->in->queue].waiting;
	bool left = c->in->state == ZV_IN_WAITING && to != ZV_IN_WAITING;

	*waiting += c->in->state != ZV_IN_WAITING && to == ZV_IN_WAITING;
	*waiting -= left;
	c->in->state = (uint8_t)to;
	if (left)
		zv_queue_moved(c->e, c->in->queue);
}

/* Nothing more is to be said of it. */
static void let_go(const struct in_ctx *c)
{
	zv_queue_tell(c->e, c->slot, ZV_QUEUED_OVER);
	state(c, ZV_IN_FREE);
	c->e->inbound.n_active--;
	zv_side_let_go(c->e, c->slot);
}

/* ---- the wait ---- */

static void set_timer(const struct in_ctx *c)
{
	int64_t at_ms = c->in->until_ms;

	if (c->in->say_ms != 0 && !c->in->saying && (at_ms == 0 || c->in->say_ms < at_ms))
		at_ms = c->in->say_ms;
	zv_side_deadline(c->e, c->slot, at_ms);
}

static void on_bridge(const struct in_ctx *c, uint32_t agent)
{
	struct zv_in *in = c->in;

	if (in->plays)
		zv_emit_leg(c->e, ZV_CMD_MEDIA_STOP, c->slot);
	in->agent = agent != ZV_AGENT_NONE ? agent : in->agent;
	in->saying = in->plays = false;
	if (in->state != ZV_IN_BRIDGED)
		state(c, ZV_IN_BRIDGED);
	zv_side_deadline(c->e, c->slot, 0); /* the agent's state has the limit */
	if (in->agent_had)
		return; /* a transfer, or another agent after the first was lost */
	in->agent_had = true;
	in->bridged_ms = c->e->now.mono_ms;
	c->e->inbound.queues[in->queue].served++;
	zv_queue_tell(c->e, c->slot, ZV_QUEUED_SERVED);
}

/* Hold music, and whoever is free. */
static void wait(const struct in_ctx *c)
{
	const struct zv_queue_conf *q = queue_conf(c);
	struct zv_in *in = c->in;

	in->saying = false;
	in->say_ms = q->say_every_ms != 0 ? c->e->now.mono_ms + q->say_every_ms : 0;
	state(c, ZV_IN_WAITING);
	play(c, ZV_PROMPT_HOLD, true);
	set_timer(c);
	if (!zv_floor_serve(c->e, c->slot))
		zv_queue_tell(c->e, c->slot, ZV_QUEUED_WAITS);
}

static void say_position(const struct in_ctx *c)
{
	const struct zv_queue_conf *q = queue_conf(c);
	uint32_t position, wait_ms;
	uint64_t prompt;

	c->in->say_ms = c->e->now.mono_ms + q->say_every_ms;
	zv_queue_tell(c->e, c->slot, ZV_QUEUED_WAITS);
	zv_queue_place(c->e, c->slot, &position, &wait_ms);
	prompt = q->positions[position < 10 ? position - 1 : 9];
	if (prompt != 0) {
		play(c, prompt, false);
		c->in->saying = true;
	}
	set_timer(c);
}

/* ---- the end ---- */

static uint16_t seconds(int64_t ms)
{
	return (uint16_t)(ms <= 0 ? 0 : ms >= 65534 * 1000 ? 65535 : 1 + ms / 1000);
}

/* They called us: told as such, so that rules which count only our calls can leave it out.  The talk
 * goes by the leg's own attempt id, as its card, note and recording do.  written: it is told again, with
 * what came of it. */
static void tell_ledger(const struct in_ctx *c, const struct zv_written *written)
{
	const struct zv_in *in = c->in;
	const struct zv_contact contact = {
		.at_ms = in->cal_ms, .attempt = zv_side_at(c->e, c->slot)->attempt, .e164 = in->caller,
		.campaign = c->e->conf->campaigns[queue_conf(c)->campaign].id,
		.facts = ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_CONVERSATION),
		.channel = ZV_CHANNEL_VOICE_AGENT, .exclude = ZV_EXCLUDE_INBOUND,
		.connect_s = seconds(in->bridged_ms - in->since_ms),
		.end_s = seconds(in->over_ms - in->since_ms)};
	struct zv_attempt_id token = zv_law_token(c->e, ZV_TOKEN_OWN);
	uint32_t agent = written != NULL ? written->agent : in->agent;
	struct zv_cmd *cmd;

	if (in->caller == 0)
		return;
	cmd = written != NULL ? zv_contact_tell(c->e, 0, token, &contact)
			      : zv_contact_add(c->e, 0, token, &contact);
	if (cmd == NULL)
		return;
	cmd->u.contact.lead = in->lead;
	cmd->u.contact.agent = agent < c->e->floor.agents.n ? 1 + c->e->floor.agents.conf[agent].id : 0;
	cmd->u.contact.talk_kind = ZV_TALK_KIND_INBOUND;
	cmd->u.contact.result = written != NULL ? written->result : 0;
}

/* The talk is over: what was said is written down now.  Where no agent is any more it is over. */
static void over(const struct in_ctx *c, enum zv_agent_does what, bool hang_up)
{
	c->in->over_ms = c->e->now.mono_ms;
	tell_ledger(c, NULL);
	zv_floor_silence(c->e, c->slot);
	state(c, ZV_IN_WRAPUP);
	zv_side_deadline(c->e, c->slot, 0); /* his agent's wrap-up has its own limit */
	if (!zv_floor_call_over(c->e, c->slot, what)) {
		let_go(c);
		return;
	}
	if (hang_up)
		zv_emit_leg(c->e, ZV_CMD_HANGUP, c->slot);
	if (zv_side_at(c->e, c->slot)->media_open)
		zv_emit_leg(c->e, ZV_CMD_MEDIA_CLOSE, c->slot);
}

/* Nobody came. */
static void too_long(const struct in_ctx *c)
{
	uint64_t closed = queue_conf(c)->closed;

	zv_floor_stop_waiting(c->e, c->slot);
	if (c->in->agent_had) {
		over(c, ZV_AD_CALL_OVER, true);
		return;
	}
	state(c, ZV_IN_CLOSED);
	zv_queue_missed(c->e, c->slot);
	if (closed == 0) {
		let_go(c);
		return;
	}
	play(c, closed, false);
	zv_side_deadline(c->e, c->slot, c->e->now.mono_ms + CLOSED_MS);
}

/* ---- what happens ---- */

static void on_answered(const struct in_ctx *c)
{
	const struct zv_queue_conf *q = queue_conf(c);

	c->in->since_ms = c->e->now.mono_ms;
	c->in->until_ms = q->max_wait_ms != 0 ? c->e->now.mono_ms + q->max_wait_ms : 0;
	zv_open_media(c->e, c->slot, c->ev);
	zv_side_at(c->e, c->slot)->media_open = true;
	if (q->greeting == 0 && c->in->asked) {
		state(c, ZV_IN_GREETED);
		zv_side_deadline(c->e, c->slot, c->e->now.mono_ms + KNOWN_MS);
		return;
	}
	if (q->greeting == 0) {
		wait(c);
		return;
	}
	state(c, ZV_IN_GREETED);
	play(c, q->greeting, false);
	zv_side_deadline(c->e, c->slot, c->e->now.mono_ms + GREETING_MS);
}

/* He thought better of it. */
static void on_gone(const struct in_ctx *c)
{
	state(c, ZV_IN_CLOSED);
	zv_queue_missed(c->e, c->slot);
	let_go(c);
}

static void on_greeting_played(const struct in_ctx *c)
{
	if (c->ev == NULL || c->ev->u.media.tag == c->in->tag)
		wait(c);
}

static void on_wait_played(const struct in_ctx *c)
{
	if (!c->in->saying || c->ev->u.media.tag != c->in->tag)
		return;
	c->in->saying = false;
	play(c, ZV_PROMPT_HOLD, true);
	set_timer(c);
}

static void on_wait_timer(const struct in_ctx *c)
{
	if (c->in->until_ms != 0 && c->e->now.mono_ms >= c->in->until_ms)
		too_long(c);
	else if (!c->in->saying)
		say_position(c);
	else
		set_timer(c);
}

static void on_wait_ended(const struct in_ctx *c)
{
	zv_floor_stop_waiting(c->e, c->slot);
	if (c->in->agent_had)
		over(c, ZV_AD_CALL_OVER, true);
	else
		on_gone(c);
}

static void on_talk_ended(const struct in_ctx *c)
{
	over(c, ZV_AD_CALL_OVER, c->ev->type == ZV_EV_MEDIA_LOST);
}

static void on_closed_played(const struct in_ctx *c)
{
	if (c->ev == NULL || c->ev->type != ZV_EV_MEDIA_PLAYED ||
	    c->ev->u.media.tag == c->in->tag)
		let_go(c);
}

static void on_known(const struct in_ctx *c)
{
	(void)c;
}

enum in_event { ON_ANSWERED, ON_ENDED, ON_CLOSED, ON_PLAYED, ON_KEY, ON_LOST, ON_DEADLINE, IN_EVENTS };

typedef void (*in_fn)(const struct in_ctx *c);

static const in_fn table[ZV_IN_STATES][IN_EVENTS] = {
	[ZV_IN_ACCEPTED] = {[ON_ANSWERED] = on_answered, [ON_ENDED] = on_gone, [ON_CLOSED] = on_gone,
			    [ON_DEADLINE] = on_gone},
	[ZV_IN_GREETED] = {[ON_PLAYED] = on_greeting_played, [ON_ENDED] = on_gone,
			   [ON_CLOSED] = on_gone, [ON_LOST] = on_gone, [ON_KEY] = on_known,
			   [ON_DEADLINE] = on_greeting_played},
	[ZV_IN_WAITING] = {[ON_PLAYED] = on_wait_played, [ON_ENDED] = on_wait_ended,
			   [ON_CLOSED] = on_wait_ended, [ON_LOST] = on_wait_ended,
			   [ON_KEY] = on_known, [ON_DEADLINE] = on_wait_timer},
	[ZV_IN_BRIDGED] = {[ON_ENDED] = on_talk_ended, [ON_CLOSED] = on_talk_ended,
			   [ON_LOST] = on_talk_ended, [ON_PLAYED] = on_known, [ON_KEY] = on_known},
	[ZV_IN_WRAPUP] = {[ON_ENDED] = on_known, [ON_CLOSED] = on_known, [ON_PLAYED] = on_known,
			  [ON_KEY] = on_known, [ON_LOST] = on_known},
	[ZV_IN_CLOSED] = {[ON_PLAYED] = on_closed_played, [ON_ENDED] = on_closed_played,
			  [ON_CLOSED] = on_closed_played, [ON_LOST] = on_closed_played,
			  [ON_KEY] = on_known, [ON_DEADLINE] = on_closed_played},
};

static enum in_event in_event_of(uint16_t type)
{
	switch (type) {
	case ZV_EV_SIP_ANSWERED: return ON_ANSWERED;
	case ZV_EV_SIP_FAILED:
	case ZV_EV_SIP_ENDED: return ON_ENDED;
	case ZV_EV_SIP_CLOSED: return ON_CLOSED;
	case ZV_EV_MEDIA_PLAYED: return ON_PLAYED;
	case ZV_EV_MEDIA_KEY: return ON_KEY;
	case ZV_EV_MEDIA_LOST: return ON_LOST;
	default: return IN_EVENTS;
	}
}

static void take(struct zv_engine *e, uint32_t slot, enum in_event what, const struct zv_event *ev)
{
	struct in_ctx c = ctx_of(e, slot);

	c.ev = ev;
	if (what == IN_EVENTS || table[c.in->state][what] == NULL)
		e->stats.late_events++;
	else
		table[c.in->state][what](&c);
}

static void side_event(struct zv_engine *e, uint32_t slot, const struct zv_event *ev)
{
	if (ev->type != ZV_EV_MEDIA_CLOSED)
		take(e, slot, in_event_of(ev->type), ev);
}

static void side_deadline(struct zv_engine *e, uint32_t slot)
{
	take(e, slot, ON_DEADLINE, NULL);
}

static const struct zv_side_ops side_ops = {.event = side_event, .deadline = side_deadline};

/* ---- what the floor asks ---- */

static bool about(const struct zv_engine *e, uint32_t slot, struct zv_customer *ret_about)
{
	const struct zv_side *side = zv_side_at(e, slot);
	const struct zv_queue_conf *q;
	const struct zv_in *in;

	if (side == NULL || side->use != ZV_SIDE_INBOUND)
		return false;
	in = &e->inbound.v[slot - zv_side_base(e)];
	if (in->state != ZV_IN_WAITING && in->state != ZV_IN_BRIDGED && in->state != ZV_IN_WRAPUP)
		return false;
	q = &e->conf->queues[in->queue];
	*ret_about = (struct zv_customer){
		.campaign = q->campaign, .skill = q->skill, .level_min = q->level_min,
		.priority = q->priority, .kind = ZV_TALK_KIND_INBOUND, .owner = in->owner,
		.placed_for = ZV_AGENT_NONE, .since_ms = in->agent_had ? 0 : in->since_ms,
		.lead = in->lead, .person = in->person, .number = in->caller};
	return true;
}

static void bridged(struct zv_engine *e, uint32_t slot, uint32_t agent)
{
	struct in_ctx c = ctx_of(e, slot);

	on_bridge(&c, agent);
}

static void waits_again(struct zv_engine *e, uint32_t slot, int64_t until_ms)
{
	struct in_ctx c = ctx_of(e, slot);

	c.in->until_ms = until_ms;
	c.in->say_ms = 0;
	c.in->saying = false;
	state(&c, ZV_IN_WAITING);
	set_timer(&c);
}

static void hang_up(struct zv_engine *e, uint32_t slot, enum zv_agent_does what, bool machine)
{
	struct in_ctx c = ctx_of(e, slot);

	(void)machine; /* one that calls us is a person's matter */
	if (c.in->state != ZV_IN_BRIDGED)
		return;
	over(&c, what, true);
}

static void wrapped_up(struct zv_engine *e, uint32_t slot, const struct zv_written *written)
{
	struct in_ctx c = ctx_of(e, slot);
	struct zv_cmd *cmd;

	if (c.in->state != ZV_IN_WRAPUP)
		return;
	zv_queue_handled(e, c.in->queue, e->now.mono_ms - c.in->bridged_ms);
	tell_ledger(&c, written);
	cmd = zv_queue_tell(e, slot, ZV_QUEUED_OVER);
	cmd->u.queue.result = written->result;
	cmd->u.queue.wish_ms = written->wish_ms;
	if (written->wish_ms != 0 && !written->anyone && written->agent < e->floor.agents.n)
		cmd->u.queue.wish_owner = 1 + e->floor.agents.conf[written->agent].id;
	cmd->u.queue.talk_ms = (uint32_t)(c.in->over_ms - c.in->bridged_ms);
	state(&c, ZV_IN_FREE);
	e->inbound.n_active--;
	zv_side_let_go(e, slot);
}

static const struct zv_customer_ops customer_ops = {
	.about = about, .bridged = bridged, .waits_again = waits_again, .hang_up = hang_up,
	.wrapped_up = wrapped_up,
};

/* ---- from the engine ---- */

enum zv_err zv_inbound_init(struct zv_engine *e)
{
	struct zv_inbound *i = &e->inbound;

	i->n = e->conf->max_side;
	i->v = calloc(i->n + 1u, sizeof(*i->v));
	i->missed = calloc(ZV_MISSED_MAX, sizeof(*i->missed));
	if (i->v == NULL || i->missed == NULL)
		return ZV_ENOMEM;
	e->sides.ops[ZV_SIDE_INBOUND] = &side_ops;
	e->floor.inbound = &customer_ops;
	return ZV_OK;
}

void zv_inbound_fini(struct zv_engine *e)
{
	free(e->inbound.v);
	free(e->inbound.missed);
}

static void reject(struct zv_engine *e, const struct zv_event *ev, uint16_t code)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_REJECT);

	cmd->trunk = ev->trunk;
	cmd->u.accept.handle = ev->code;
	cmd->u.accept.code = code;
}

void zv_inbound_incoming(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t queue = zv_queue_of(e->conf, ev->u.incoming.called);
	uint32_t slot = ZV_SLOT_NONE;
	struct zv_side *side;
	struct in_ctx c;
	struct zv_cmd *cmd;

	if (queue == ZV_QUEUES_MAX) {
		reject(e, ev, NOT_FOUND);
		return;
	}
	if (!e->draining)
		slot = zv_side_take(e, ZV_SIDE_INBOUND, queue, e->conf->queues[queue].campaign);
	if (slot == ZV_SLOT_NONE) {
		reject(e, ev, UNAVAILABLE);
		return;
	}
	side = zv_side_at(e, slot);
	side->sip_open = true;
	side->trunk = ev->trunk;
	if (ev->trunk < e->conf->n_trunks) { /* it takes one of the network's channels */
		e->router.trunks[ev->trunk].calls++;
		side->channel = true;
	}
	c = ctx_of(e, slot);
	*c.in = (struct zv_in){.state = ZV_IN_ACCEPTED, .queue = (uint16_t)queue,
			       .agent = ZV_AGENT_NONE, .owner = ZV_AGENT_NONE,
			       .caller = ev->u.incoming.caller,
			       .called = ev->u.incoming.called, .cal_ms = e->now.cal_ms};
	e->inbound.n_active++;
	e->inbound.queues[queue].came++;
	cmd = zv_emit_leg(e, ZV_CMD_ACCEPT, slot);
	cmd->u.accept.handle = ev->code;
	zv_side_deadline(e, slot, e->now.mono_ms + ACCEPT_MS);
	c.in->asked = c.in->caller != 0;
	if (c.in->asked)
		zv_queue_tell(e, slot, ZV_QUEUED_CAME);
}

void zv_inbound_caller(struct zv_engine *e, const struct zv_event *ev)
{
	const struct zv_side *side = zv_side_at(e, ev->leg.slot);
	const struct zv_agents *agents = &e->floor.agents;
	struct in_ctx c;
	struct zv_in *in;

	if (side == NULL || side->use != ZV_SIDE_INBOUND || side->gen != ev->leg.gen) {
		e->stats.late_events++;
		return;
	}
	c = ctx_of(e, ev->leg.slot);
	in = c.in;
	in->asked = false;
	if (in->state != ZV_IN_ACCEPTED && in->state != ZV_IN_GREETED && in->state != ZV_IN_WAITING)
		return; /* he is served; his card was found by his number */
	in->lead = ev->u.caller.lead;
	in->person = ev->u.caller.person;
	for (uint32_t i = 0; i < agents->n && ev->u.caller.owner != 0; i++)
		if (agents->conf[i].id == ev->u.caller.owner - 1)
			in->owner = i;
	if (in->state == ZV_IN_GREETED && !in->plays)
		wait(&c);
}

bool zv_engine_queue(const struct zv_engine *engine, uint32_t queue, struct zv_queue_stats *ret_stats)
{
	const struct zv_in_queue *q;

	*ret_stats = (struct zv_queue_stats){0};
	if (queue >= engine->conf->n_queues || queue >= ZV_QUEUES_MAX)
		return false;
	q = &engine->inbound.queues[queue];
	*ret_stats = (struct zv_queue_stats){
		.waiting = q->waiting, .handle_ms = q->handle_ms, .came = q->came,
		.served = q->served, .given_up = q->given_up, .called_back = q->called_back};
	for (uint32_t i = 0; i < engine->inbound.n; i++) {
		const struct zv_in *in = &engine->inbound.v[i];
		int64_t ms = engine->now.mono_ms - in->since_ms;

		if (in->state == ZV_IN_WAITING && in->queue == queue &&
		    ms > (int64_t)ret_stats->longest_ms)
			ret_stats->longest_ms = (uint32_t)ms;
	}
	return true;
}
