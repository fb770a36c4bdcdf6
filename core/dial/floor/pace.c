/* Pools and their pacers: who shares agents with whom, what a pacer is told of calls and agents,
 * and when it is asked. */
#include "dial/floor/pace.h"

#include <stdlib.h>

#include "dial/desk/desk.h"
#include "dial/engine_int.h"
#include "dial/pacing/predictive.h"

#define SET_MS       60000  /* settings are looked at again: the hours' end moves */
#define LATE_MOST    5      /* decisions that failed in a row, until one call an idle agent */
#define PATIENCE_MS  2000
#define LIMIT_PPM    30000  /* where neither a rule nor the operator says: 3 % a day */
#define ATTEMPTS     16
#define UNPLACED_MS  50     /* calls that could not be begun are asked for again */
#define FIGURES_MS   1000   /* for people */
#define DAY_MS       INT64_C(86400000)
#define LONG_DAY_MS  INT64_C(100000000) /* longer than the longest local day */

static struct zv_pool *pool_of(struct zv_engine *e, uint16_t campaign)
{
	uint8_t p = e->floor.pool_of[campaign];

	return p == ZV_POOL_NONE ? NULL : &e->floor.pools[p];
}

/* ---- pools ---- */

static bool share_agents(const struct zv_engine *e, uint16_t a, uint16_t b)
{
	const struct zv_campaign_conf *ca = &e->conf->campaigns[a], *cb = &e->conf->campaigns[b];

	for (uint32_t i = 0; i < e->floor.agents.n; i++)
		if (zv_agent_serves(&e->floor.agents, i, a, ca->agent_skill, ca->agent_level_min) &&
		    zv_agent_serves(&e->floor.agents, i, b, cb->agent_skill, cb->agent_level_min))
			return true;
	return false;
}

struct zv_pacer_shape zv_engine_shape(const struct zv_engine_conf *conf, uint32_t campaign)
{
	return (struct zv_pacer_shape){
		.size = sizeof(struct zv_pacer_shape),
		.campaign = campaign,
		.calls = conf->max_calls,
		.agents = ZV_AGENTS_MAX,
		.trunks = ZV_TRUNKS_MAX,
		.lists = ZV_CAMPAIGNS_MAX,
		.attempts = ATTEMPTS,
		.skills = 1,
	};
}

static enum zv_err open_pool(struct zv_engine *e, uint16_t campaign)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];
	struct zv_pool *pool = &e->floor.pools[e->floor.n_pools];
	struct zv_pacer_shape shape = zv_engine_shape(e->conf, c->id);
	enum zv_err err;

	*pool = (struct zv_pool){.campaign = campaign, .ops = c->pacer, .pacer = c->pacer_campaign,
				 .next_ms = INT64_MIN};
	if (pool->ops == NULL) {
		pool->ops = &zv_predictive_ops;
		err = pool->ops->open_campaign(NULL, &shape, NULL, &pool->pacer);
		if (err != ZV_OK)
			return err;
		pool->own = true;
	}
	e->floor.pool_of[campaign] = (uint8_t)e->floor.n_pools++;
	return ZV_OK;
}

static enum zv_err find_pool(struct zv_engine *e, uint16_t campaign)
{
	for (uint16_t i = 0; i < campaign; i++) {
		if (e->floor.pool_of[i] != ZV_POOL_NONE && share_agents(e, i, campaign)) {
			e->floor.pool_of[campaign] = e->floor.pool_of[i];
			return ZV_OK;
		}
	}
	return e->floor.n_pools == ZV_POOLS_MAX ? ZV_EFULL : open_pool(e, campaign);
}

static void find_served(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;

	for (uint32_t a = 0; a < f->agents.n; a++) {
		f->serves[a] = 0;
		for (uint16_t i = 0; i < e->conf->n_campaigns; i++) {
			const struct zv_campaign_conf *c = &e->conf->campaigns[i];

			if (f->pool_of[i] != ZV_POOL_NONE &&
			    zv_agent_serves(&f->agents, a, i, c->agent_skill, c->agent_level_min))
				f->serves[a] |= UINT32_C(1) << f->pool_of[i];
		}
	}
}

enum zv_err zv_pace_conf(struct zv_engine *e)
{
	struct zv_floor *f = &e->floor;
	enum zv_err err = ZV_OK;

	for (uint16_t i = 0; i < e->conf->n_campaigns && err == ZV_OK; i++)
		if (e->conf->campaigns[i].pace != 0 && f->pool_of[i] == ZV_POOL_NONE)
			err = find_pool(e, i);
	find_served(e);
	for (uint32_t p = 0; p < f->n_pools; p++) {
		f->pools[p].n_rules = 0;
		for (uint16_t i = 0; i < e->conf->n_campaigns; i++)
			if (f->pool_of[i] == p && f->pools[p].n_rules < ZV_PACER_RULES)
				f->pools[p].rules[f->pools[p].n_rules++] = i;
		f->pools[p].set_ms = INT64_MIN;
		f->pools[p].dirty = true;
	}
	return err;
}

enum zv_err zv_pace_open(struct zv_engine *e)
{
	for (uint32_t i = 0; i < ZV_CAMPAIGNS_MAX; i++)
		e->floor.pool_of[i] = ZV_POOL_NONE;
	return zv_pace_conf(e);
}

void zv_pace_close(struct zv_engine *e)
{
	for (uint32_t p = 0; p < e->floor.n_pools; p++)
		if (e->floor.pools[p].own)
			e->floor.pools[p].ops->close_campaign(NULL, e->floor.pools[p].pacer);
}

/* ---- what it is told ---- */

static void feed(struct zv_engine *e, struct zv_pool *pool, struct zv_pacer_event *event)
{
	event->at_ms = e->now.mono_ms;
	pool->ops->event(pool->pacer, event);
	pool->dirty = true;
}

static void feed_call(struct zv_engine *e, uint32_t slot, enum zv_pacer_event_kind kind)
{
	struct zv_pool *pool = pool_of(e, e->calls[slot].campaign);
	struct zv_pacer_event event = {.kind = (uint8_t)kind, .slot = slot};

	if (pool != NULL)
		feed(e, pool, &event);
}

void zv_floor_placed(struct zv_engine *e, uint32_t slot)
{
	struct zv_call *call = &e->calls[slot];
	struct zv_pool *pool = pool_of(e, call->campaign);
	const struct zv_offer *offer = &e->params.slabs.v[call->slab];
	struct zv_pacer_event event = {.kind = ZV_PEV_PLACED, .slot = slot, .trunk = call->trunk,
				       .list = call->campaign, .score_ppm = offer->score_ppm};
	struct zv_local local;

	if (pool == NULL)
		return;
	zv_tz_to_local(zv_zones_get(e->conf->zones, offer->zone), e->now.cal_ms, &local);
	event.hour = (uint8_t)(local.second_of_day / 3600);
	event.attempt = offer->n_history < ATTEMPTS ? offer->n_history : ATTEMPTS - 1;
	if (pool->place > 0)
		pool->place--;
	call->paced = ZV_PACED_OUT;
	feed(e, pool, &event);
}

void zv_floor_ringing(struct zv_engine *e, uint32_t slot)
{
	if (e->calls[slot].paced == ZV_PACED_OUT)
		feed_call(e, slot, ZV_PEV_RINGING);
}

void zv_floor_answered(struct zv_engine *e, uint32_t slot)
{
	if (e->calls[slot].paced != ZV_PACED_OUT)
		return;
	e->calls[slot].paced = ZV_PACED_ANSWERED;
	feed_call(e, slot, ZV_PEV_ANSWERED);
}

void zv_floor_wants(struct zv_engine *e, uint32_t slot)
{
	if (e->calls[slot].paced == ZV_PACED_ANSWERED)
		feed_call(e, slot, ZV_PEV_WANTS);
}

void zv_floor_abandoned(struct zv_engine *e, uint32_t slot)
{
	if (e->calls[slot].paced != ZV_PACED_ANSWERED)
		return;
	e->calls[slot].paced = ZV_PACED_OVER;
	feed_call(e, slot, ZV_PEV_ABANDONED);
}

/* As each pool sees him: busy with another pool's call, he supplies nothing. */
static uint8_t seen_as(const struct zv_engine *e, uint32_t agent, uint32_t pool)
{
	const struct zv_floor *f = &e->floor;

	if ((e->keep.hidden[agent] >> pool & 1) != 0)
		return ZV_AGENT_OUT;
	switch ((enum zv_agent_state)f->agents.v[agent].state) {
	case ZV_AG_READY:
		return f->agents.v[agent].quiet ? ZV_AGENT_OUT : ZV_AGENT_READY;
	case ZV_AG_TALKING:
		return f->busy_for[agent] == pool ? ZV_AGENT_TALKING : ZV_AGENT_OUT;
	case ZV_AG_WRAPUP:
		return f->busy_for[agent] == pool ? ZV_AGENT_WRAPUP : ZV_AGENT_OUT;
	case ZV_AG_OFFLINE:
	case ZV_AG_RESERVED:
	case ZV_AG_PAUSED:
	case ZV_AG_STATES:
	default:
		return ZV_AGENT_OUT;
	}
}

static void tell_pools(struct zv_engine *e, uint32_t agent, uint32_t pools)
{
	struct zv_floor *f = &e->floor;

	for (uint32_t p = 0; p < f->n_pools; p++) {
		struct zv_pacer_event event = {.kind = ZV_PEV_AGENT, .agent = agent,
					       .state = seen_as(e, agent, p)};

		if ((pools & f->serves[agent]) >> p & 1)
			feed(e, &f->pools[p], &event);
	}
}

void zv_pace_handed(struct zv_engine *e, uint32_t slot, uint32_t agent)
{
	struct zv_call *call = slot < e->conf->max_calls ? &e->calls[slot] : NULL;
	struct zv_pool *pool = call == NULL ? NULL : pool_of(e, call->campaign);
	struct zv_pacer_event event = {.kind = ZV_PEV_HANDED, .slot = slot, .agent = agent};

	if (pool == NULL || call->paced != ZV_PACED_ANSWERED) {
		/* Their pacer never heard of this call: he is gone all the same. */
		tell_pools(e, agent, UINT32_MAX);
		return;
	}
	call->paced = ZV_PACED_OVER;
	feed(e, pool, &event);
	/* To the other pools he is gone; to his own, too, if it shall not count on him. */
	zv_pace_agent(e, agent);
}

static enum zv_pacer_event_kind unanswered(const struct zv_call *call, enum zv_outcome outcome)
{
	if (call->cut || outcome == ZV_OUT_NOT_SENT || outcome == ZV_OUT_UNKNOWN)
		return ZV_PEV_CANCELLED;
	if (outcome == ZV_OUT_MACHINE)
		return ZV_PEV_MACHINE;
	return outcome == ZV_OUT_NO_ANSWER ? ZV_PEV_NOT_ANSWERED : ZV_PEV_FAILED;
}

void zv_floor_gone(struct zv_engine *e, uint32_t slot, enum zv_outcome outcome)
{
	struct zv_call *call = &e->calls[slot];

	if (call->paced == ZV_PACED_OUT)
		feed_call(e, slot, unanswered(call, outcome));
	else if (call->paced == ZV_PACED_ANSWERED)
		feed_call(e, slot, outcome == ZV_OUT_MACHINE ? ZV_PEV_MACHINE : ZV_PEV_ENDED);
	call->paced = ZV_PACED_NOT;
	zv_desk_call_gone(e, slot);
}

void zv_pace_agent(struct zv_engine *e, uint32_t agent)
{
	uint32_t pools = 0;

	/* HANDED has told this one already. */
	for (uint32_t p = 0; p < e->floor.n_pools; p++)
		if (seen_as(e, agent, p) != ZV_AGENT_TALKING)
			pools |= UINT32_C(1) << p;
	tell_pools(e, agent, pools);
}

void zv_floor_hidden(struct zv_engine *e, uint32_t agent, uint32_t pools)
{
	tell_pools(e, agent, pools);
}

/* ---- settings ---- */

/* A ratio rule of the law, else the operator's own limit, else the house's, a day long. */
static void window_of(struct zv_engine *e, uint16_t campaign, struct zv_pacer_rule *rule,
		      struct zv_pool_window *window)
{
	static const struct zv_rule_window day = {.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1};
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];
	struct zv_budget b;

	*rule = c->pacing.n_rules > 0 ? c->pacing.rules[0]
				      : (struct zv_pacer_rule){.limit_ppm = LIMIT_PPM};
	*window = (struct zv_pool_window){.num = ZV_FACT_ABANDON, .den = ZV_FACT_LIVE_ANSWER};
	if (zv_engine_budget(e, c->id, &b)) {
		rule->limit_ppm = (uint32_t)(b.limit * 1e6);
		window->start_ms = b.window_start_ms;
		window->end_ms = b.window_end_ms;
		window->num = e->conf->rules->v[b.rule].u.ratio.num;
		window->den = e->conf->rules->v[b.rule].u.ratio.den;
	} else {
		zv_window_bounds(&day, zv_zones_get(e->conf->zones, c->zone), e->now.cal_ms, 0,
				 &window->start_ms, &window->end_ms);
	}
	rule->window = window->end_ms - window->start_ms > LONG_DAY_MS ? ZV_PACER_BLOCK : ZV_PACER_DAY;
}

static void rule_of(struct zv_engine *e, uint16_t campaign, struct zv_pacer_rule *rule,
		    struct zv_pool_window *window)
{
	int64_t start_ms, end_ms;

	window_of(e, campaign, rule, window);
	if (!zv_window_now(e, campaign, e->conf->campaigns[campaign].zone, &start_ms, &end_ms))
		return;
	rule->end_ms = e->now.mono_ms + (end_ms - e->now.cal_ms);
	if (rule->window == ZV_PACER_BLOCK && window->end_ms > end_ms)
		rule->later_ms = (window->end_ms - end_ms) / DAY_MS * (end_ms - start_ms);
}

static void set_pool(struct zv_engine *e, struct zv_pool *pool)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[pool->campaign];
	struct zv_pacer_settings set = c->pacing;

	set.size = sizeof(set);
	set.mode = c->pace;
	set.n_rules = pool->n_rules;
	set.ring_max_ms = c->ring_ms;
	if (c->deadline_ms != 0)
		set.deadline_ms = e->now.mono_ms + (c->deadline_ms - e->now.cal_ms);
	if (set.patience_ms == 0)
		set.patience_ms = PATIENCE_MS;
	for (uint8_t i = 0; i < pool->n_rules; i++)
		rule_of(e, pool->rules[i], &set.rules[i], &pool->windows[i]);
	pool->set_ms = e->now.mono_ms;
	pool->live = pool->ops->set(pool->pacer, &set) == ZV_OK || pool->live;
}

/* ---- what it is asked ---- */

static void count_rule(struct zv_engine *e, uint16_t campaign, const struct zv_pool_window *window,
		       struct zv_pacer_count *count)
{
	const struct zv_tally *tally = e->law.tallies[campaign];

	if (tally == NULL)
		return;
	count->answered = zv_tally_sum(tally, window->start_ms, window->end_ms, (enum zv_fact)window->den);
	count->abandoned = zv_tally_sum(tally, window->start_ms, window->end_ms, (enum zv_fact)window->num);
}

uint32_t zv_floor_lines(const struct zv_engine *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->conf->n_trunks; i++) {
		const struct zv_trunk *t = &e->router.trunks[i];

		if (e->conf->trunks[i].enabled && t->state != ZV_TRUNK_DOWN &&
		    t->calls < e->conf->trunks[i].channels)
			n += e->conf->trunks[i].channels - t->calls;
	}
	return n < e->free_n ? n : e->free_n;
}

/* A pacer need not think of calls for which there is nobody to call. */
static uint32_t leads_ready(const struct zv_engine *e, uint32_t pool)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->conf->n_campaigns; i++)
		if (e->floor.pool_of[i] == pool)
			n += e->ready[i].n;
	return n;
}

static void cancel(struct zv_engine *e, uint32_t pool, uint32_t slot)
{
	struct zv_call *call = slot < e->conf->max_calls ? &e->calls[slot] : NULL;

	if (call == NULL || e->floor.pool_of[call->campaign] != pool || call->cut ||
	    (call->state != ZV_CALL_DIALING && call->state != ZV_CALL_RINGING))
		return;
	call->cut = true;
	zv_emit_call(e, ZV_CMD_CANCEL, slot);
}

/* A pacer that fails again and again is replaced by one call an idle agent. */
static void fall_back(struct zv_engine *e, struct zv_pool *pool)
{
	uint32_t under_way = 0;

	for (uint32_t i = 0; i < e->conf->n_campaigns; i++)
		if (e->floor.pool_of[i] == (uint8_t)(pool - e->floor.pools))
			under_way += e->campaign_calls[i];
	under_way -= under_way < e->floor.agents.count[ZV_AG_TALKING]
			     ? under_way
			     : e->floor.agents.count[ZV_AG_TALKING];
	pool->place = e->floor.agents.count[ZV_AG_READY] > under_way
			      ? e->floor.agents.count[ZV_AG_READY] - under_way
			      : 0;
	pool->next_ms = e->now.mono_ms + 1000;
}

static void decide(struct zv_engine *e, uint32_t p)
{
	struct zv_pool *pool = &e->floor.pools[p];
	struct zv_pacer_in in = {.size = sizeof(in), .now_ms = e->now.mono_ms,
				 .lines_free = zv_floor_lines(e), .leads_left = UINT64_MAX};
	struct zv_pacer_out out = {.size = sizeof(out), .next_ms = INT64_MAX};
	uint32_t ready = leads_ready(e, p);
	int figures;

	in.lines_free -= in.lines_free < e->keep.lines ? in.lines_free : e->keep.lines;
	in.carrier_room = in.lines_free < ready ? in.lines_free : ready;
	pool->starved = ready < in.lines_free;
	pool->ready = ready;
	for (uint8_t i = 0; i < pool->n_rules; i++)
		count_rule(e, pool->rules[i], &pool->windows[i], &in.count[i]);
	pool->dirty = false;
	pool->decided_ms = e->now.mono_ms;
	figures = e->now.mono_ms - pool->figured_ms >= FIGURES_MS;
	if (pool->ops->decide(pool->pacer, &in, figures, &out) != ZV_OK) {
		if (pool->late < LATE_MOST)
			pool->late++;
		e->stats.pacer_failures++;
		fall_back(e, pool);
		return;
	}
	pool->late = 0;
	if (figures) {
		pool->figures = out.figures;
		if (ready == 0)
			pool->figures.why = ZV_WHY_LEADS;
		pool->figured_ms = e->now.mono_ms;
	}
	pool->place = out.place;
	/* What is placed makes it dirty; what finds no lead need not be asked for each millisecond. */
	pool->next_ms = out.place > 0 && out.n_cancel < ZV_PACER_CANCELS &&
				out.next_ms < e->now.mono_ms + UNPLACED_MS
				? e->now.mono_ms + UNPLACED_MS : out.next_ms;
	for (uint32_t i = 0; i < out.n_cancel && i < ZV_PACER_CANCELS; i++)
		cancel(e, p, out.cancel[i]);
}

void zv_floor_decide(struct zv_engine *e)
{
	for (uint32_t p = 0; p < e->floor.n_pools; p++) {
		struct zv_pool *pool = &e->floor.pools[p];

		if (e->out->cap - e->out->n < 256)
			return; /* the next step, which is due at once */
		if (pool->set_ms == INT64_MIN || e->now.mono_ms - pool->set_ms >= SET_MS)
			set_pool(e, pool);
		if (!pool->live)
			continue;
		/* Leads came to a pool that had too few. */
		if (pool->starved && !pool->dirty && leads_ready(e, p) > pool->ready)
			pool->dirty = true;
		/* Whenever something changed, at most once a millisecond. */
		if ((pool->dirty && e->now.mono_ms > pool->decided_ms) ||
		    e->now.mono_ms >= pool->next_ms)
			decide(e, p);
	}
}

int64_t zv_floor_next_ms(const struct zv_engine *e)
{
	int64_t at_ms = zv_heap_top_key(&e->floor.limits);
	int64_t room_ms = zv_heap_top_key(&e->floor.rooms.limits);

	at_ms = room_ms < at_ms ? room_ms : at_ms;

	for (uint32_t p = 0; p < e->floor.n_pools; p++) {
		const struct zv_pool *pool = &e->floor.pools[p];

		if (pool->live && pool->dirty && pool->decided_ms + 1 < at_ms)
			at_ms = pool->decided_ms + 1;
		if (pool->live && pool->next_ms < at_ms)
			at_ms = pool->next_ms;
	}
	return at_ms;
}

/* Who is idle may be of no use to this campaign: its calls would find nobody, while those of
 * another of the pool would. */
static bool idle_serve(const struct zv_engine *e, uint16_t campaign)
{
	const struct zv_agents *agents = &e->floor.agents;
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];

	for (uint32_t i = agents->first; i != ZV_AGENT_NONE; i = agents->v[i].next)
		if (zv_agent_serves(agents, i, campaign, c->agent_skill, c->agent_level_min))
			return true;
	return agents->first == ZV_AGENT_NONE;
}

bool zv_floor_may_place(const struct zv_engine *e, uint16_t campaign)
{
	uint8_t p = e->floor.pool_of[campaign];

	if (p == ZV_POOL_NONE)
		return true;
	return e->floor.pools[p].live && e->floor.pools[p].place > 0 &&
	       (e->floor.pools[p].n_rules < 2 || idle_serve(e, campaign));
}

bool zv_engine_pacer(const struct zv_engine *engine, uint32_t campaign,
		     struct zv_pacer_figures *ret_figures)
{
	for (uint16_t i = 0; i < engine->conf->n_campaigns; i++) {
		if (engine->conf->campaigns[i].id != campaign || engine->floor.pool_of[i] == ZV_POOL_NONE)
			continue;
		*ret_figures = engine->floor.pools[engine->floor.pool_of[i]].figures;
		return true;
	}
	return false;
}
