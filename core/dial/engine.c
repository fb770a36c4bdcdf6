#include "dial/engine.h"

#include <stdlib.h>
#include <string.h>

#include "dial/desk/desk.h"
#include "dial/engine_int.h"
#include "dial/hours.h"

/* Commands beyond this many are not begun in one step; what is left waits for the next. */
_Static_assert(ZV_ENGINE_STEP_CMDS >= 512, "a step needs room for what it may not postpone");

static enum zv_err check_conf(const struct zv_engine_conf *conf)
{
	if (conf->max_calls == 0 || conf->max_calls > 1u << 20 || conf->max_phones > ZV_AGENTS_MAX ||
	    conf->max_side > 1u << 16 || conf->n_queues > ZV_QUEUES_MAX ||
	    conf->n_trunks > ZV_TRUNKS_MAX || conf->n_campaigns > ZV_CAMPAIGNS_MAX ||
	    conf->zones == NULL)
		return ZV_EINVAL;
	for (uint32_t i = 0; i < conf->n_campaigns; i++)
		if (conf->campaigns[i].script == NULL)
			return ZV_EINVAL;
	return ZV_OK;
}

/* Counts for rules of ratios.  Pages that nothing is counted in cost nothing. */
static enum zv_err make_tallies(struct zv_engine *e, const struct zv_engine_conf *conf)
{
	for (uint32_t i = 0; i < conf->n_campaigns; i++) {
		if (e->law.tallies[i] == NULL)
			e->law.tallies[i] = calloc(1, sizeof(struct zv_tally));
		if (e->law.tallies[i] == NULL)
			return ZV_ENOMEM;
	}
	return ZV_OK;
}

/* Of each campaign its own: one that may not dial now hides nobody else's leads. */
static enum zv_err make_heaps(struct zv_engine *e, const struct zv_engine_conf *conf)
{
	for (uint32_t i = 0; i < conf->n_campaigns; i++)
		if (e->ready[i].n_ids == 0 && zv_heap_init(&e->ready[i], e->params.slabs.n) != ZV_OK)
			return ZV_ENOMEM;
	return ZV_OK;
}

static enum zv_err init_persons(struct zv_person_set *set, uint32_t max_calls)
{
	uint32_t n = 16;

	while (n < 4 * max_calls)
		n <<= 1;
	set->keys = calloc(n, sizeof(*set->keys));
	set->mask = n - 1;
	return set->keys == NULL ? ZV_ENOMEM : ZV_OK;
}

enum zv_err zv_engine_create(const struct zv_engine_params *params, struct zv_engine **ret_engine)
{
	uint32_t max_calls = params->conf->max_calls;
	uint32_t n_slabs = params->slabs.n;
	struct zv_engine *e;
	enum zv_err err = check_conf(params->conf);

	if (err != ZV_OK || n_slabs == 0)
		return ZV_EINVAL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return ZV_ENOMEM;
	e->params = *params;
	e->conf = params->conf;
	e->store_on = true;
	err = ZV_ENOMEM;
	e->calls = calloc(max_calls, sizeof(*e->calls));
	e->free_slots = calloc(max_calls, sizeof(*e->free_slots));
	e->held = calloc(n_slabs, sizeof(*e->held));
	e->windows = calloc((size_t)ZV_CAMPAIGNS_MAX * ZV_WINDOW_ZONES, sizeof(*e->windows));
	if (e->calls == NULL || e->free_slots == NULL || e->held == NULL || e->windows == NULL ||
	    init_persons(&e->persons, max_calls) != ZV_OK || zv_law_init(e) != ZV_OK ||
	    make_tallies(e, e->conf) != ZV_OK ||
	    zv_heap_init(&e->timers, zv_n_slots(e->conf)) != ZV_OK ||
	    zv_sides_init(e) != ZV_OK || zv_keep_init(e) != ZV_OK ||
	    zv_inbound_init(e) != ZV_OK || zv_why_init(e) != ZV_OK ||
	    zv_heap_init(&e->sla, n_slabs) != ZV_OK ||
	    zv_heap_init(&e->future, n_slabs) != ZV_OK ||
	    make_heaps(e, e->conf) != ZV_OK || zv_heap_init(&e->bounds, n_slabs) != ZV_OK)
		goto fail;
	for (uint32_t i = 0; i < max_calls; i++)
		e->free_slots[i] = i;
	e->free_n = max_calls;
	for (uint32_t i = 0; i < n_slabs; i++)
		e->held[i].person_slab = ZV_SLOT_NONE;
	zv_router_init(&e->router, e->conf);
	zv_desk_init(e);
	err = zv_floor_init(e);
	if (err != ZV_OK)
		goto fail;
	*ret_engine = e;
	return ZV_OK;

fail:
	zv_engine_destroy(e);
	return err;
}

void zv_engine_destroy(struct zv_engine *engine)
{
	if (engine == NULL)
		return;
	zv_heap_fini(&engine->timers);
	zv_heap_fini(&engine->future);
	for (uint32_t i = 0; i < ZV_CAMPAIGNS_MAX; i++)
		zv_heap_fini(&engine->ready[i]);
	zv_floor_fini(engine);
	zv_sides_fini(engine);
	zv_keep_fini(engine);
	zv_inbound_fini(engine);
	zv_why_fini(engine);
	zv_heap_fini(&engine->sla);
	zv_heap_fini(&engine->bounds);
	zv_law_fini(engine);
	free(engine->persons.keys);
	free(engine->windows);
	free(engine->held);
	free(engine->free_slots);
	free(engine->calls);
	free(engine);
}

struct zv_cmd *zv_emit(struct zv_engine *e, enum zv_cmd_type type)
{
	/* Room was asked for before anything was begun: the shell gives ZV_ENGINE_STEP_CMDS. */
	struct zv_cmd *cmd = &e->out->v[e->out->n++];

	memset(cmd, 0, sizeof(*cmd));
	cmd->type = (uint16_t)type;
	cmd->cal_ms = e->now.cal_ms;
	return cmd;
}

struct zv_cmd *zv_emit_call(struct zv_engine *e, enum zv_cmd_type type, uint32_t slot)
{
	const struct zv_call *call = &e->calls[slot];
	struct zv_cmd *cmd = zv_emit(e, type);

	cmd->trunk = call->trunk;
	cmd->campaign = e->conf->campaigns[call->campaign].id;
	cmd->leg = (struct zv_leg_id){slot, call->gen};
	cmd->attempt = call->attempt;
	return cmd;
}

bool zv_window_now(struct zv_engine *e, uint16_t campaign, uint16_t zone, int64_t *ret_start_ms,
		   int64_t *ret_end_ms)
{
	struct zv_window *w = &e->windows[(size_t)campaign * ZV_WINDOW_ZONES + zone % ZV_WINDOW_ZONES];

	if (!w->known || e->now.cal_ms < w->from_ms || e->now.cal_ms >= w->end_ms) {
		w->known = zv_hours_window(&e->conf->campaigns[campaign],
					   zv_zones_get(e->conf->zones, zone), e->now.cal_ms,
					   &w->start_ms, &w->end_ms) == ZV_OK;
		w->from_ms = e->now.cal_ms;
	}
	*ret_start_ms = w->start_ms;
	*ret_end_ms = w->end_ms;
	return w->known;
}

static void tell(struct zv_engine *e, enum zv_tell what, uint32_t value)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

	cmd->u.tell.what = (uint32_t)what;
	cmd->u.tell.value = value;
}

static void on_trunk(struct zv_engine *e, const struct zv_event *ev)
{
	if (ev->trunk < e->conf->n_trunks)
		zv_route_state(&e->router, ev->trunk, ev->u.trunk.state,
			       ev->u.trunk.retry_after_s, e->now.mono_ms);
	else
		e->stats.late_events++;
}

static void on_campaign(struct zv_engine *e, const struct zv_event *ev)
{
	for (uint16_t i = 0; i < e->conf->n_campaigns; i++)
		if (e->conf->campaigns[i].id == ev->code)
			zv_pick_campaign(e, i, ev->u.state.on != 0);
}

static void on_house(struct zv_engine *e, const struct zv_event *ev)
{
	if (ev->type == ZV_EV_DRAIN) {
		e->draining = ev->u.state.on != 0;
		e->drained_told = false;
	} else if (ev->code < 32) {
		uint32_t bit = UINT32_C(1) << ev->code;

		e->load = ev->u.state.on != 0 ? e->load | bit : e->load & ~bit;
		e->stats.overloads += !e->overloaded && e->load != 0;
		e->overloaded = e->load != 0;
		e->stats.load = e->load;
	}
}

static void on_people(struct zv_engine *e, const struct zv_event *ev)
{
	if (ev->type == ZV_EV_PHONE)
		zv_phone_registered(e, ev);
	else if (ev->type == ZV_EV_DESK)
		zv_desk(e, ev);
	else if (ev->type == ZV_EV_NO_OFFER)
		zv_desk_not_offered(e, ev);
	else if (ev->type == ZV_EV_CALLER)
		zv_inbound_caller(e, ev);
	else
		zv_inbound_incoming(e, ev);
}

static void on_leg(struct zv_engine *e, const struct zv_event *ev)
{
	if (ev->leg.slot < e->conf->max_calls)
		zv_call_event(e, ev);
	else if (ev->leg.slot < zv_side_base(e))
		zv_phone_event(e, ev);
	else
		zv_side_event(e, ev);
}

static void dispatch(struct zv_engine *e, const struct zv_event *ev)
{
	switch ((enum zv_event_type)ev->type) {
	case ZV_EV_TICK:
		break;
	case ZV_EV_OFFER:
		zv_pick_offer(e, ev->u.offer.slab, ev->u.offer.txn);
		break;
	case ZV_EV_DUE_HINT:
		e->hint_ms = ev->u.hint.due_ms;
		e->hint_releases = ev->code;
		zv_recent_seen(&e->law.recent, ev->u.hint.txn);
		break;
	case ZV_EV_STEP_FLUSHED:
		zv_pick_step_flushed(e, ev->leg.slot);
		break;
	case ZV_EV_CALENDAR:
		e->calendar_moving = false;
		break;
	case ZV_EV_STORE_STATE:
		e->store_on = ev->u.state.on != 0;
		break;
	case ZV_EV_STEP:
		zv_pick_step(e, ev);
		break;
	case ZV_EV_TRUNK:
		on_trunk(e, ev);
		break;
	case ZV_EV_CAMPAIGN:
		on_campaign(e, ev);
		break;
	case ZV_EV_SUPPRESS:
		zv_person_on_suppress(e, ev);
		break;
	case ZV_EV_KILL:
		zv_kill(e, ev);
		break;
	case ZV_EV_AGENT:
		zv_floor_agent(e, ev);
		break;
	case ZV_EV_MARK:
		zv_person_on_mark(e, ev);
		break;
	case ZV_EV_CONTACT:
		zv_person_on_contact(e, ev);
		break;
	case ZV_EV_TOLD:
		zv_person_on_told(e, ev);
		break;
	case ZV_EV_DRAIN:
	case ZV_EV_LOAD:
		on_house(e, ev);
		break;
	case ZV_EV_CLOCK_STEP:
		e->paused_until_ms = ev->u.due;
		break;
	case ZV_EV_ADOPT:
		zv_call_adopt(e, ev);
		break;
	case ZV_EV_PHONE:
	case ZV_EV_DESK:
	case ZV_EV_NO_OFFER:
	case ZV_EV_SIP_INCOMING:
	case ZV_EV_CALLER:
		on_people(e, ev);
		break;
	case ZV_EV_INTENT_FLUSHED:
	case ZV_EV_RESERVED:
	case ZV_EV_SIP_TRYING:
	case ZV_EV_SIP_PROGRESS:
	case ZV_EV_SIP_ANSWERED:
	case ZV_EV_SIP_FAILED:
	case ZV_EV_SIP_ENDED:
	case ZV_EV_SIP_CLOSED:
	case ZV_EV_MEDIA_KEY:
	case ZV_EV_MEDIA_PLAYED:
	case ZV_EV_MEDIA_LOST:
	case ZV_EV_MEDIA_VERDICT:
	case ZV_EV_MEDIA_CLOSED:
		on_leg(e, ev);
		break;
	default:
		e->stats.late_events++;
		break;
	}
}

void zv_engine_step(struct zv_engine *engine, const struct zv_now *now,
		    const struct zv_event *event, struct zv_cmds *out)
{
	engine->now = *now;
	engine->out = out;
	zv_call_timeouts(engine);
	zv_floor_timeouts(engine);
	dispatch(engine, event);
	zv_sla_timeouts(engine);
	zv_desk_timeouts(engine);
	zv_floor_check(engine);
	zv_floor_serve_waiting(engine);
	zv_keep_update(engine);
	zv_floor_decide(engine);
	zv_pick_pump(engine);
	zv_calendar_step(engine);
	if (engine->draining && !engine->drained_told && engine->stats.calls == 0 &&
	    engine->inbound.n_active == 0 && engine->bounds.n == 0) {
		tell(engine, ZV_TELL_DRAINED, 0);
		engine->drained_told = true;
	}
	engine->out = NULL;
}

void zv_engine_count_caller(struct zv_engine *engine, uint64_t caller, int64_t cal_ms)
{
	zv_route_count_caller(&engine->router, caller, cal_ms);
}

int64_t zv_engine_next_tick_ms(const struct zv_engine *engine)
{
	int64_t at_ms = zv_heap_top_key(&engine->timers);
	int64_t due_ms = zv_heap_top_key(&engine->future);
	int64_t sla_ms = zv_heap_top_key(&engine->sla);
	int64_t floor_ms = zv_floor_next_ms(engine), desk_ms = zv_desk_next_ms(engine);

	at_ms = floor_ms < at_ms ? floor_ms : at_ms;
	at_ms = desk_ms < at_ms ? desk_ms : at_ms;
	if (engine->again_ms != 0 && engine->again_ms < at_ms)
		at_ms = engine->again_ms;
	due_ms = sla_ms < due_ms ? sla_ms : due_ms;
	if (due_ms != INT64_MAX) {
		due_ms = engine->now.mono_ms + (due_ms - engine->now.cal_ms);
		at_ms = due_ms < at_ms ? due_ms : at_ms;
	}
	if (engine->paused_until_ms > engine->now.mono_ms && engine->paused_until_ms < at_ms)
		at_ms = engine->paused_until_ms;
	return at_ms;
}

enum zv_err zv_engine_set_conf(struct zv_engine *engine, const struct zv_engine_conf *conf)
{
	const struct zv_engine_conf *old = engine->conf;
	enum zv_err err = check_conf(conf);

	if (err != ZV_OK)
		return err;
	if (conf->max_calls != old->max_calls || conf->max_phones != old->max_phones ||
	    conf->max_side != old->max_side || conf->n_queues < old->n_queues ||
	    conf->n_trunks < old->n_trunks ||
	    conf->n_campaigns < old->n_campaigns || conf->fast_forward != old->fast_forward)
		return ZV_EINVAL;
	for (uint32_t i = 0; i < old->n_trunks; i++)
		if (strcmp(conf->trunks[i].name, old->trunks[i].name) != 0)
			return ZV_EINVAL;
	for (uint32_t i = 0; i < old->n_campaigns; i++)
		if (conf->campaigns[i].id != old->campaigns[i].id)
			return ZV_EINVAL;
	err = make_tallies(engine, conf);
	if (err == ZV_OK)
		err = make_heaps(engine, conf);
	if (err == ZV_OK && conf->n_agents < old->n_agents)
		err = ZV_EINVAL;
	if (err != ZV_OK)
		return err;
	engine->conf = conf;
	engine->params.conf = conf;
	engine->router.conf = conf;
	/* The set may be another one at the same place: nothing of it is kept. */
	memset(engine->law.plans, 0, ZV_PLAN_SLOTS * sizeof(*engine->law.plans));
	memset(engine->law.ratios, 0, ZV_CAMPAIGNS_MAX * sizeof(*engine->law.ratios));
	engine->law.sweep = true;
	for (uint16_t i = 0; i < conf->n_campaigns; i++)
		engine->running[i] = engine->wanted[i] && zv_law_stated(engine, i) &&
				     conf->rules != NULL;
	memset(engine->windows, 0,
	       (size_t)ZV_CAMPAIGNS_MAX * ZV_WINDOW_ZONES * sizeof(*engine->windows));
	return zv_floor_set_conf(engine);
}

const struct zv_agent *zv_engine_agent(const struct zv_engine *engine, uint32_t agent)
{
	return agent < engine->floor.agents.n ? &engine->floor.agents.v[agent] : NULL;
}

void zv_engine_get_stats(const struct zv_engine *engine, struct zv_engine_stats *ret_stats)
{
	*ret_stats = engine->stats;
}

void zv_engine_get_answers(const struct zv_engine *engine, uint32_t campaign, int64_t since_ms,
			   uint64_t *ret_live, uint64_t *ret_abandoned)
{
	*ret_live = *ret_abandoned = 0;
	for (uint32_t i = 0; i < engine->conf->n_campaigns; i++) {
		const struct zv_tally *t = engine->law.tallies[i];

		if (engine->conf->campaigns[i].id != campaign || t == NULL)
			continue;
		*ret_live = zv_tally_sum(t, since_ms, engine->now.cal_ms + 1, ZV_FACT_LIVE_ANSWER);
		*ret_abandoned = zv_tally_sum(t, since_ms, engine->now.cal_ms + 1, ZV_FACT_ABANDON);
	}
}

void zv_engine_get_calls(const struct zv_engine *engine, struct zv_campaign_calls *ret_of)
{
	memset(ret_of, 0, engine->conf->n_campaigns * sizeof(*ret_of));
	for (uint32_t i = 0; i < engine->conf->max_calls; i++) {
		struct zv_campaign_calls *c = &ret_of[engine->calls[i].campaign];

		switch ((enum zv_call_state)engine->calls[i].state) {
		case ZV_CALL_DIALING: c->dialing++; break;
		case ZV_CALL_RINGING: c->ringing++; break;
		case ZV_CALL_WAITING:
		case ZV_CALL_LISTENING: c->waiting++; break;
		case ZV_CALL_TALKING: c->robot++; break;
		case ZV_CALL_BRIDGED: c->bridged++; break;
		case ZV_CALL_WRAPUP: c->wrapup++; break;
		case ZV_CALL_FREE:
		case ZV_CALL_RESERVE:
		case ZV_CALL_INTENT:
		case ZV_CALL_MESSAGE:
		case ZV_CALL_VOICEMAIL:
		case ZV_CALL_FAILOVER:
		case ZV_CALL_ENDING:
		case ZV_CALL_ADOPTED:
		case ZV_CALL_ORPHAN:
		case ZV_CALL_STATES:
		default: break;
		}
	}
}

void zv_engine_get_trunk(const struct zv_engine *engine, uint32_t trunk,
			 struct zv_trunk_stats *ret_stats)
{
	const struct zv_trunk *t = &engine->router.trunks[trunk];

	*ret_stats = (struct zv_trunk_stats){
		.calls = t->calls,
		.unanswered = t->unanswered,
		.state = t->slow_until_ms > engine->now.mono_ms && t->state == ZV_TRUNK_UP
				 ? ZV_TRUNK_SLOW
				 : t->state,
		.dials = t->dials,
		.failed = t->failed,
		.machines = t->machines,
		.heard = t->heard,
	};
}
