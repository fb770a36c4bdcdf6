#include "dial/why.h"

#include <stdlib.h>
#include <string.h>

#include "dial/engine_int.h"

#define BUCKET_MS INT64_C(600000)
#define COUNT_MS  250

enum zv_err zv_why_init(struct zv_engine *e)
{
	e->why.noted = calloc(ZV_CAMPAIGNS_MAX, sizeof(*e->why.noted));
	e->why.held = calloc(ZV_CAMPAIGNS_MAX, sizeof(*e->why.held));
	e->why.counted_ms = INT64_MIN;
	return e->why.noted == NULL || e->why.held == NULL ? ZV_ENOMEM : ZV_OK;
}

void zv_why_fini(struct zv_engine *e)
{
	free(e->why.noted);
	free(e->why.held);
}

const char *zv_why_name(enum zv_why_not reason)
{
	static const char *const names[ZV_NOT_MAX] = {
		[ZV_NOT_STARTED] = "not_started", [ZV_NOT_STATED] = "not_stated",
		[ZV_NOT_NO_RULES] = "no_rules", [ZV_NOT_DRAINING] = "draining",
		[ZV_NOT_OVERLOADED] = "overloaded", [ZV_NOT_STORE] = "store",
		[ZV_NOT_CLOCK] = "clock", [ZV_NOT_BLIND] = "blind", [ZV_NOT_NO_LEADS] = "no_leads",
		[ZV_NOT_DUE_YET] = "due_later", [ZV_NOT_HOURS] = "hours", [ZV_NOT_RULE] = "rule",
		[ZV_NOT_PERSON] = "person_busy", [ZV_NOT_OWNER] = "owner_busy",
		[ZV_NOT_LIMIT] = "campaign_limit", [ZV_NOT_LINES] = "lines",
		[ZV_NOT_TRUNK_DOWN] = "trunk_down", [ZV_NOT_TRUNK_FULL] = "trunk_full",
		[ZV_NOT_TRUNK_RATE] = "trunk_rate", [ZV_NOT_NO_ROUTE] = "no_route",
		[ZV_NOT_CALLERS] = "caller_numbers", [ZV_NOT_KEPT_LINES] = "lines_kept",
		[ZV_NOT_NO_AGENTS] = "no_agents", [ZV_NOT_NO_IDLE] = "no_idle_agent",
		[ZV_NOT_KEPT_QUEUE] = "agents_kept", [ZV_NOT_PACER] = "pacer",
		[ZV_NOT_IN_FLIGHT] = "in_flight",
	};

	return reason < ZV_NOT_MAX && names[reason] != NULL ? names[reason] : "unknown";
}

/* ---- what is noted ---- */

static struct zv_noted *turned(struct zv_engine *e, uint16_t campaign)
{
	struct zv_noted *noted = &e->why.noted[campaign];
	int64_t bucket = e->now.cal_ms / BUCKET_MS;

	if (bucket == noted->bucket)
		return noted;
	if (bucket == noted->bucket + 1)
		memcpy(noted->n[1], noted->n[0], sizeof(noted->n[1]));
	else
		memset(noted->n[1], 0, sizeof(noted->n[1]));
	memset(noted->n[0], 0, sizeof(noted->n[0]));
	noted->bucket = bucket;
	return noted;
}

void zv_why_note(struct zv_engine *e, uint16_t campaign, uint32_t kind, int64_t until_ms)
{
	struct zv_noted *noted = turned(e, campaign);

	noted->n[0][kind]++;
	if (until_ms > e->now.cal_ms && until_ms != ZV_NEVER_MS &&
	    (noted->until_ms[kind] <= e->now.cal_ms || until_ms < noted->until_ms[kind]))
		noted->until_ms[kind] = until_ms;
}

static void count_held(struct zv_engine *e)
{
	if (e->why.counted_ms != INT64_MIN && e->now.mono_ms - e->why.counted_ms < COUNT_MS)
		return;
	e->why.counted_ms = e->now.mono_ms;
	memset(e->why.held, 0, ZV_CAMPAIGNS_MAX * sizeof(*e->why.held));
	for (uint32_t i = 0; i < e->params.slabs.n; i++) {
		const struct zv_held *held = &e->held[i];
		struct zv_held_count *n = &e->why.held[held->campaign];

		n->person += held->state == ZV_HELD_PERSON;
		if (held->state != ZV_HELD_FUTURE)
			continue;
		n->owner += held->waits_owner;
		n->future += !held->waits_owner;
		if (n->next_ms == 0 || held->start_ms < n->next_ms)
			n->next_ms = held->start_ms;
	}
}

/* ---- the waterfall ---- */

struct fall {
	struct zv_engine *e;
	uint16_t campaign;
	struct zv_why *why;
};

static void add(const struct fall *f, enum zv_why_not reason, uint32_t count, int64_t until_ms)
{
	if (f->why->n < ZV_WHY_MOST)
		f->why->v[f->why->n++] = (struct zv_why_one){
			.reason = (uint8_t)reason, .count = count, .until_ms = until_ms};
}

static void add_if(const struct fall *f, bool holds, enum zv_why_not reason)
{
	if (holds)
		add(f, reason, 0, 0);
}

static void house(const struct fall *f)
{
	const struct zv_engine *e = f->e;

	add_if(f, !e->wanted[f->campaign] || !e->conf->campaigns[f->campaign].enabled, ZV_NOT_STARTED);
	add_if(f, !zv_law_stated(e, f->campaign), ZV_NOT_STATED);
	add_if(f, e->conf->rules == NULL, ZV_NOT_NO_RULES);
	add_if(f, e->draining, ZV_NOT_DRAINING);
	add_if(f, e->overloaded, ZV_NOT_OVERLOADED);
	add_if(f, !e->store_on, ZV_NOT_STORE);
	if (e->paused_until_ms > e->now.mono_ms)
		add(f, ZV_NOT_CLOCK, 0, e->now.cal_ms + (e->paused_until_ms - e->now.mono_ms));
	add_if(f, e->law.recent.lost > 0, ZV_NOT_BLIND);
}

static void noted(const struct fall *f, uint32_t kind, enum zv_why_not reason)
{
	const struct zv_noted *n = turned(f->e, f->campaign);
	uint32_t count = n->n[0][kind] + n->n[1][kind];
	int64_t until_ms = n->until_ms[kind] > f->e->now.cal_ms ? n->until_ms[kind] : 0;

	/* What binds until tomorrow does so though nobody has run into it for a while. */
	if (count == 0 && until_ms == 0)
		return;
	add(f, reason, count, until_ms);
	f->why->v[f->why->n - 1].detail = reason == ZV_NOT_RULE ? (uint8_t)kind : 0;
}

static void leads(const struct fall *f)
{
	struct zv_engine *e = f->e;
	const struct zv_held_count *held = &e->why.held[f->campaign];
	int64_t next_ms;

	count_held(e);
	next_ms = held->next_ms != 0 ? held->next_ms : e->hint_ms;
	if (e->ready[f->campaign].n == 0)
		add(f, ZV_NOT_NO_LEADS, 0, next_ms > e->now.cal_ms ? next_ms : 0);
	if (held->future > 0)
		add(f, ZV_NOT_DUE_YET, held->future, held->next_ms);
	noted(f, ZV_NOTED_HOURS, ZV_NOT_HOURS);
	for (uint32_t kind = 0; kind < ZV_BLOCKED_MAX; kind++)
		noted(f, kind, ZV_NOT_RULE);
	if (held->person > 0)
		add(f, ZV_NOT_PERSON, held->person, 0);
	if (held->owner > 0)
		add(f, ZV_NOT_OWNER, held->owner, 0);
}

struct trunks { uint32_t up, down, full, slow; int64_t slow_ms; };

static void look_at_trunk(const struct zv_engine *e, uint32_t i, struct trunks *t)
{
	const struct zv_trunk_conf *c = &e->conf->trunks[i];
	const struct zv_trunk *trunk = &e->router.trunks[i];
	uint32_t unanswered_max = c->unanswered_max != 0 ? c->unanswered_max : c->cps;

	if (!c->enabled)
		return;
	if (trunk->state == ZV_TRUNK_DOWN) {
		t->down++;
	} else if (trunk->calls >= c->channels || trunk->unanswered >= unanswered_max) {
		t->full++;
	} else if (trunk->slow_until_ms > e->now.mono_ms ||
		   (trunk->tokens_milli < 1000 && trunk->refilled_ms == e->now.mono_ms)) {
		t->slow++;
		t->slow_ms = trunk->slow_until_ms > e->now.mono_ms ? trunk->slow_until_ms : 0;
	} else {
		t->up++;
	}
}

static void lines(const struct fall *f)
{
	const struct zv_engine *e = f->e;
	uint32_t most = e->conf->campaigns[f->campaign].max_calls;
	struct trunks t = {0};

	if (most != 0 && e->campaign_calls[f->campaign] >= most)
		add(f, ZV_NOT_LIMIT, most, 0);
	if (e->free_n == 0)
		add(f, ZV_NOT_LINES, e->conf->max_calls, 0);
	for (uint32_t i = 0; i < e->conf->n_trunks; i++)
		look_at_trunk(e, i, &t);
	if (t.down > 0)
		add(f, ZV_NOT_TRUNK_DOWN, t.down, 0);
	if (t.up == 0 && t.full > 0)
		add(f, ZV_NOT_TRUNK_FULL, t.full, 0);
	if (t.up == 0 && t.slow > 0)
		add(f, ZV_NOT_TRUNK_RATE, t.slow,
		    t.slow_ms != 0 ? e->now.cal_ms + (t.slow_ms - e->now.mono_ms) : 0);
	noted(f, ZV_NOTED_NO_ROUTE, ZV_NOT_NO_ROUTE);
	noted(f, ZV_NOTED_CALLERS, ZV_NOT_CALLERS);
	if (e->keep.lines > 0 && zv_floor_lines(e) <= e->keep.lines)
		add(f, ZV_NOT_KEPT_LINES, e->keep.lines, 0);
}

static void agents(const struct fall *f)
{
	const struct zv_engine *e = f->e;
	const struct zv_agents *a = &e->floor.agents;
	const struct zv_campaign_conf *c = &e->conf->campaigns[f->campaign];
	uint32_t idle = 0, work = 0, paused = 0, kept = 0;
	uint8_t pool = e->floor.pool_of[f->campaign];

	for (uint32_t i = 0; i < a->n; i++) {
		uint8_t state = a->v[i].state;

		if (state == ZV_AG_OFFLINE ||
		    !zv_agent_serves(a, i, f->campaign, c->agent_skill, c->agent_level_min))
			continue;
		idle += state == ZV_AG_READY;
		paused += state == ZV_AG_PAUSED;
		work += state != ZV_AG_PAUSED;
		kept += state == ZV_AG_READY && pool != ZV_POOL_NONE &&
			(e->keep.hidden[i] >> pool & 1) != 0;
	}
	if (work == 0)
		add(f, ZV_NOT_NO_AGENTS, paused, 0);
	else if (idle == 0)
		add(f, ZV_NOT_NO_IDLE, work, 0);
	if (kept > 0)
		add(f, ZV_NOT_KEPT_QUEUE, kept, 0);
}

static void pacer(const struct fall *f)
{
	const struct zv_engine *e = f->e;
	uint8_t p = e->floor.pool_of[f->campaign];
	const struct zv_pool *pool;

	if (p == ZV_POOL_NONE)
		return;
	pool = &e->floor.pools[p];
	if (zv_floor_has_agents(e, f->campaign))
		agents(f);
	if (pool->live && (pool->place > 0 || pool->figures.why == ZV_WHY_NOTHING))
		return;
	add(f, ZV_NOT_PACER, 0, 0);
	f->why->v[f->why->n - 1].detail = (uint8_t)pool->figures.why;
}

enum zv_err zv_engine_why(struct zv_engine *engine, uint32_t campaign, struct zv_why *ret_why)
{
	struct fall f = {.e = engine, .why = ret_why};

	while (f.campaign < engine->conf->n_campaigns &&
	       engine->conf->campaigns[f.campaign].id != campaign)
		f.campaign++;
	if (f.campaign == engine->conf->n_campaigns)
		return ZV_ENOENT;
	*ret_why = (struct zv_why){0};
	house(&f);
	leads(&f);
	lines(&f);
	pacer(&f);
	if (engine->campaign_calls[f.campaign] > 0)
		add(&f, ZV_NOT_IN_FLIGHT, engine->campaign_calls[f.campaign], 0);
	return ZV_OK;
}
