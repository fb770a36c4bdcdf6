#include "app/desk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/heard_json.h"
#include "base/log.h"
#include "http/metrics.h"

#define WAITS    1024u /* the last waits of agents between calls */
#define WAIT_BOUNDS 10
#define SPANS    60u   /* occupancy is that of the last fifteen minutes */
#define SPAN_MS  15000

static const char *const states[] = {"offline", "ready", "reserved", "talking", "wrapup", "paused"};
static const char *const phones[] = {"gone", "registered", "calling", "up"};
static const char *const modes[] = {"none", "predictive", "progressive", "preview", "manual", "robot"};
static const char *const trunk_states[] = {"down", "up", "slow"};

struct desk {
	uint8_t state, phone, kind, want, pause;
	uint8_t room;           /* enum zv_room_state */
	uint8_t watch;          /* supervisor: enum zv_desk; 0 no */
	bool freed;             /* detection took his last talk */
	uint32_t with;          /* the third: agent's index, or ZV_AGENT_NONE */
	uint64_t with_number;
	uint32_t campaign;      /* index, of the call */
	int64_t since_ms;       /* calendar */
	uint32_t limit_ms;      /* of the state, from its beginning; 0 none */
	uint64_t number, lead;
	struct zv_attempt_id attempt;
	json_t *card;           /* NULL: none is on */
	int64_t lost_ms;        /* calendar: since when his phone's leg is lost; 0 it is not */
};

struct span { uint64_t busy, there; }; /* agent-seconds */

struct zv_desks {
	struct zv_desks_params p;
	struct zv_http *http;
	pthread_mutex_t lock; /* guards all below */
	struct desk v[ZV_AGENTS_MAX];
	uint32_t waits[WAITS]; /* ms */
	uint32_t n_waits, at_wait;
	uint64_t wait_counts[WAIT_BOUNDS + 1], wait_sum_ms; /* all since the start */
	struct span spans[SPANS];
	uint64_t looks;
};

enum zv_err zv_desks_create(const struct zv_desks_params *params, struct zv_desks **ret_desks)
{
	struct zv_desks *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return ZV_ENOMEM;
	d->p = *params;
	pthread_mutex_init(&d->lock, NULL);
	*ret_desks = d;
	return ZV_OK;
}

void zv_desks_destroy(struct zv_desks *desks)
{
	if (desks == NULL)
		return;
	for (uint32_t i = 0; i < ZV_AGENTS_MAX; i++)
		json_decref(desks->v[i].card);
	pthread_mutex_destroy(&desks->lock);
	free(desks);
}

void zv_desks_set_http(struct zv_desks *desks, struct zv_http *http)
{
	desks->http = http;
}

static const struct zv_config *config_of(const struct zv_desks *d)
{
	return atomic_load(d->p.live);
}

static void publish(struct zv_desks *d, const struct zv_http_audience *to, const char *event, json_t *data)
{
	if (d->http == NULL || data == NULL) {
		json_decref(data);
		return;
	}
	if (zv_http_publish_json(d->http, to, event, data) != ZV_OK)
		zv_warn("http", "the pages do not keep up: an event '%s' is lost", event);
}

/* ---- agents ---- */

/* Who is consulted, or joined to the talk; null: nobody. */
static json_t *consult_json(const struct zv_desks *d, const struct desk *a)
{
	const struct zv_config *c = config_of(d);
	const char *state = a->room == ZV_ROOM_ASKING  ? "calling" :
			    a->room == ZV_ROOM_CONSULT ? "talking" :
			    a->room == ZV_ROOM_THREE   ? "joined" : NULL;

	if (state == NULL)
		return json_null();
	return json_pack("{s:s s:o}", "state", state, "with",
			 a->with < c->engine.n_agents ? json_string(c->agents[a->with].title) :
							zv_number_json(a->with_number));
}

static const char *watch_name(uint8_t watch)
{
	return watch == ZV_DESK_LISTEN ? "listen" : watch == ZV_DESK_WHISPER ? "whisper" :
	       watch == ZV_DESK_BARGE ? "barge" : "";
}

static json_t *agent_json(const struct zv_desks *d, uint32_t agent)
{
	const struct zv_config *c = config_of(d);
	const struct desk *a = &d->v[agent];
	bool has_call = a->number != 0 || a->attempt.lo != 0;
	json_t *o = json_pack(
		"{s:i s:s s:s s:s s:I s:I s:s s:i s:s s:s s:o s:o}", "agent", (int)agent, "user",
		c->agents[agent].user, "title", c->agents[agent].title, "state", states[a->state],
		"since_ms", (json_int_t)a->since_ms, "limit_ms",
		(json_int_t)a->limit_ms, "phone",
		phones[a->phone], "pause", (int)a->pause, "pause_name",
		a->pause > 0 && a->pause <= c->n_pauses ? c->pauses[a->pause - 1] : "", "kind",
		zv_talk_kind_name(a->kind), "number", zv_number_json(a->number), "call",
		has_call ? zv_attempt_json(a->attempt) : json_null());

	json_object_set_new(o, "want", a->want == ZV_AD_PAUSE	 ? json_string("pause") :
				       a->want == ZV_AD_LOGOUT ? json_string("logout") :
								 json_null());
	json_object_set_new(o, "held", json_boolean(a->room == ZV_ROOM_HELD || a->room == ZV_ROOM_ASKING ||
						    a->room == ZV_ROOM_CONSULT));
	json_object_set_new(o, "consult", consult_json(d, a));
	json_object_set_new(o, "watch", json_string(watch_name(a->watch)));
	json_object_set_new(o, "freed", json_boolean(a->freed));
	json_object_set_new(o, "campaign", has_call && a->campaign < c->engine.n_campaigns ?
						   json_string(c->campaigns[a->campaign].name) :
						   json_null());
	return o;
}

json_t *zv_desks_agent(struct zv_desks *desks, uint32_t agent)
{
	json_t *o;

	if (agent >= config_of(desks)->engine.n_agents)
		return NULL;
	pthread_mutex_lock(&desks->lock);
	o = agent_json(desks, agent);
	pthread_mutex_unlock(&desks->lock);
	return o;
}

json_t *zv_desks_list(struct zv_desks *desks)
{
	const struct zv_config *c = config_of(desks);
	json_t *list = json_array();

	pthread_mutex_lock(&desks->lock);
	for (uint32_t i = 0; i < c->engine.n_agents; i++) {
		const struct desk *a = &desks->v[i];
		bool has_call = a->number != 0 || a->attempt.lo != 0;

		json_array_append_new(
			list, json_pack("{s:s s:s s:I s:s s:s s:s s:I}", "agent", c->agents[i].user,
					"state", states[a->state], "since_ms", (json_int_t)a->since_ms,
					"phone", c->agents[i].has_phone ? phones[a->phone] : "none",
					"campaign", has_call && a->campaign < c->engine.n_campaigns
							    ? c->campaigns[a->campaign].name : "",
					"pause", a->state == ZV_AG_PAUSED && a->pause > 0 &&
							 a->pause <= c->n_pauses ? c->pauses[a->pause - 1] : "",
					"lost_ms", (json_int_t)a->lost_ms));
	}
	pthread_mutex_unlock(&desks->lock);
	return list;
}

json_t *zv_desks_card(struct zv_desks *desks, uint32_t agent)
{
	json_t *card;

	if (agent >= ZV_AGENTS_MAX)
		return NULL;
	pthread_mutex_lock(&desks->lock);
	card = json_incref(desks->v[agent].card);
	pthread_mutex_unlock(&desks->lock);
	return card;
}

static uint32_t campaign_of(const struct zv_config *c, uint32_t id)
{
	uint32_t i = 0;

	while (i < c->engine.n_campaigns && c->engine.campaigns[i].id != id)
		i++;
	return i;
}

static const double wait_bounds[WAIT_BOUNDS] = {0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300};

static void count_wait(struct zv_desks *d, uint32_t ms)
{
	uint32_t i = 0;

	while (i < WAIT_BOUNDS && ms > wait_bounds[i] * 1000)
		i++;
	d->wait_counts[i]++;
	d->wait_sum_ms += ms;
	d->waits[d->at_wait++ % WAITS] = ms;
	d->n_waits += d->n_waits < WAITS;
}

/* His leg broke, and is called again by itself: somebody may have to look after his phone. */
static void note_leg(struct desk *a, const char *user, const struct zv_cmd *cmd)
{
	bool lost = cmd->u.agent.state == ZV_AG_OFFLINE && cmd->u.agent.want != 0;

	if (lost && a->lost_ms == 0) {
		a->lost_ms = cmd->cal_ms;
		zv_warn("phones", "the leg of agent %s is lost: he takes no calls until it is back", user);
	} else if (!lost && a->lost_ms != 0) {
		if (cmd->u.agent.state != ZV_AG_OFFLINE)
			zv_info("phones", "the leg of agent %s is back after %lld s", user,
				(long long)(cmd->cal_ms - a->lost_ms + 500) / 1000);
		else
			zv_info("phones", "agent %s has logged out; his leg was lost", user);
		a->lost_ms = 0;
	}
}

static void take_agent(struct zv_desks *d, const struct zv_cmd *cmd)
{
	const struct zv_config *c = config_of(d);
	uint32_t agent = cmd->u.agent.agent;
	struct zv_http_audience to = {.roles = ZV_ROLE_SUPERVISOR | ZV_ROLE_OPERATOR};
	struct desk *a = &d->v[agent];
	json_t *event, *closed = NULL;

	note_leg(a, c->agents[agent].user, cmd);
	pthread_mutex_lock(&d->lock);
	if (a->state != cmd->u.agent.state) {
		if (a->state == ZV_AG_READY && cmd->u.agent.state == ZV_AG_TALKING)
			count_wait(d, (uint32_t)(cmd->cal_ms - a->since_ms));
		a->since_ms = cmd->cal_ms;
	}
	a->state = cmd->u.agent.state;
	a->phone = cmd->u.agent.phone;
	a->kind = cmd->u.agent.kind;
	a->want = cmd->u.agent.want;
	a->pause = cmd->u.agent.pause_code;
	/* limit_ms counts from now; the state's time from its beginning */
	a->limit_ms = cmd->u.agent.limit_ms != 0 ?
			      cmd->u.agent.limit_ms + (uint32_t)(cmd->cal_ms - a->since_ms) : 0;
	a->room = cmd->u.agent.room;
	a->watch = cmd->u.agent.watch;
	a->freed = cmd->u.agent.freed != 0;
	a->with = cmd->u.agent.with;
	a->with_number = cmd->u.agent.with_number;
	a->number = cmd->u.agent.number;
	a->attempt = cmd->attempt;
	a->campaign = campaign_of(c, cmd->campaign);
	if (a->card != NULL && a->state != ZV_AG_TALKING && a->state != ZV_AG_WRAPUP &&
	    a->state != ZV_AG_RESERVED) {
		closed = a->card;
		a->card = NULL;
	}
	event = agent_json(d, agent);
	pthread_mutex_unlock(&d->lock);
	to.user = c->agents[agent].user;
	publish(d, &to, "agent", event);
	if (closed != NULL)
		publish(d, &(struct zv_http_audience){.user = to.user}, "card_close", json_object());
	json_decref(closed);
}

/* On its way before the bridge: the engine told of the card first. */
static void take_card(struct zv_desks *d, const struct zv_cmd *cmd)
{
	const struct zv_config *c = config_of(d);
	uint32_t agent = cmd->u.agent.agent;
	struct zv_desk_card_ask ask = {
		.config = c, .store = d->p.store, .campaign = campaign_of(c, cmd->campaign),
		.lead = cmd->u.agent.lead, .person = cmd->u.agent.person, .number = cmd->u.agent.number,
		.kind = cmd->u.agent.kind, .attempt = cmd->attempt, .agent = agent};
	json_t *card, *old;

	if (ask.campaign >= c->engine.n_campaigns)
		return;
	card = zv_desk_card(&ask);
	pthread_mutex_lock(&d->lock);
	old = d->v[agent].card;
	d->v[agent].card = json_incref(card);
	pthread_mutex_unlock(&d->lock);
	json_decref(old);
	publish(d, &(struct zv_http_audience){.user = c->agents[agent].user}, "card", card);
}

void zv_desks_show(struct zv_desks *desks, uint32_t agent)
{
	json_t *state = zv_desks_agent(desks, agent);
	struct zv_http_audience to = {.passing = true};

	if (state == NULL)
		return;
	to.user = config_of(desks)->agents[agent].user;
	publish(desks, &to, "agent", state);
	publish(desks, &to, "card", zv_desks_card(desks, agent));
}

void zv_desks_count(struct zv_desks *desks, uint32_t ret_n[ZV_AG_STATES])
{
	uint32_t n = config_of(desks)->engine.n_agents;

	memset(ret_n, 0, ZV_AG_STATES * sizeof(*ret_n));
	pthread_mutex_lock(&desks->lock);
	for (uint32_t i = 0; i < n; i++)
		ret_n[desks->v[i].state]++;
	pthread_mutex_unlock(&desks->lock);
}

void zv_desks_waits(struct zv_desks *desks, struct zv_metrics *metrics)
{
	uint64_t counts[WAIT_BOUNDS + 1];
	struct zv_metric_histogram h = {.upto = wait_bounds, .counts = counts, .n = WAIT_BOUNDS};

	pthread_mutex_lock(&desks->lock);
	memcpy(counts, desks->wait_counts, sizeof(counts));
	h.sum = (double)desks->wait_sum_ms / 1000;
	pthread_mutex_unlock(&desks->lock);
	zv_metric_family(metrics, "zvonar_agent_wait_seconds", ZV_METRIC_HISTOGRAM,
			 "Time of an agent between ready and the next talk");
	zv_metric_histogram(metrics, NULL, 0, &h);
}

/* ---- callers ---- */

static void take_queue(struct zv_desks *d, const struct zv_cmd *cmd)
{
	const struct zv_config *c = config_of(d);

	if (cmd->u.queue.queue >= c->engine.n_queues || cmd->u.queue.what == ZV_QUEUED_CAME)
		return;
	publish(d, &(struct zv_http_audience){.roles = ZV_ROLE_SUPERVISOR | ZV_ROLE_OPERATOR}, "queue",
		json_pack("{s:s s:i s:o s:I s:I s:I}", "queue", c->engine.queues[cmd->u.queue.queue].name,
			  "what", (int)cmd->u.queue.what, "number", zv_number_json(cmd->u.queue.caller),
			  "position", (json_int_t)cmd->u.queue.position, "waiting",
			  (json_int_t)cmd->u.queue.waiting, "wait_s", (json_int_t)cmd->u.queue.wait_s));
}

void zv_desks_take(struct zv_desks *desks, const struct zv_cmd *cmd)
{
	bool agent = cmd->type == ZV_CMD_AGENT || cmd->type == ZV_CMD_CARD;

	if (agent && cmd->u.agent.agent >= config_of(desks)->engine.n_agents)
		return;
	if (cmd->type == ZV_CMD_AGENT)
		take_agent(desks, cmd);
	else if (cmd->type == ZV_CMD_CARD)
		take_card(desks, cmd);
	else if (cmd->type == ZV_CMD_QUEUE)
		take_queue(desks, cmd);
}

void zv_desks_alarm(struct zv_desks *desks, const char *text)
{
	publish(desks, &(struct zv_http_audience){.roles = ZV_ROLE_SUPERVISOR | ZV_ROLE_OPERATOR}, "alarm",
		json_pack("{s:s}", "text", text));
}

/* ---- the floor ---- */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static json_t *waits_json(const struct zv_desks *d)
{
	uint32_t sorted[WAITS];
	uint32_t n = d->n_waits;

	memcpy(sorted, d->waits, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_size);
	return json_pack("{s:I s:f s:f}", "n", (json_int_t)n, "p50_s",
			 n > 0 ? sorted[n / 2] / 1000.0 : 0.0, "p95_s",
			 n > 0 ? sorted[n - 1 - n / 20] / 1000.0 : 0.0);
}

static double occupancy(const struct zv_desks *d)
{
	uint64_t busy = 0, there = 0;

	for (uint32_t i = 0; i < SPANS; i++) {
		busy += d->spans[i].busy;
		there += d->spans[i].there;
	}
	return there == 0 ? 0 : (double)busy / (double)there;
}

static json_t *why_json(const struct zv_why *why)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < why->n; i++)
		json_array_append_new(list, json_pack("{s:s s:I s:i s:I}", "reason",
						      zv_why_name((enum zv_why_not)why->v[i].reason), "count",
						      (json_int_t)why->v[i].count, "detail", (int)why->v[i].detail,
						      "until_ms", (json_int_t)why->v[i].until_ms));
	return list;
}

static json_t *campaign_json(const struct zv_config *c, uint32_t i, const struct zv_engine_view *view)
{
	const struct zv_campaign_view_now *v = &view->campaigns[i];
	const struct zv_campaign_conf *e = &c->engine.campaigns[i];
	uint32_t there = v->figures.idle + v->figures.busy;
	double limit = v->limited ? v->budget.limit : v->paced ? e->pacing.rules[0].limit_ppm / 1e6 : 0;
	json_t *o = json_pack(
		"{s:s s:s s:s s:I s:I s:I s:I s:I s:I s:I}", "name", c->campaigns[i].name, "title",
		c->campaigns[i].title, "mode", modes[e->mode], "dialing", (json_int_t)v->calls.dialing,
		"ringing", (json_int_t)v->calls.ringing, "waiting", (json_int_t)v->calls.waiting,
		"talking", (json_int_t)(v->calls.bridged + v->calls.robot), "wrapup",
		(json_int_t)v->calls.wrapup, "live", (json_int_t)v->live, "abandoned",
		(json_int_t)v->abandoned);

	json_object_set_new(o, "abandon_rate",
			    json_real(v->live == 0 ? 0 : (double)v->abandoned / (double)v->live));
	json_object_set_new(o, "abandon_limit", json_real(limit));
	json_object_set_new(o, "paced", json_boolean(v->paced));
	json_object_set_new(o, "why", why_json(&v->why));
	if (v->paced) {
		json_object_set_new(o, "ready", json_integer(v->figures.idle));
		json_object_set_new(o, "occupancy",
				    json_real(there == 0 ? 0 : (double)v->figures.busy / there));
		json_object_set_new(o, "answer_rate", json_real(v->figures.answer_ppm / 1e6));
		json_object_set_new(o, "dial_ratio",
				    json_real(v->figures.idle == 0 ? 0 : (double)v->figures.in_flight /
										v->figures.idle));
	}
	return o;
}

static json_t *trunks_json(const struct zv_config *c, const struct zv_engine_view *view)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		json_array_append_new(list, json_pack("{s:s s:s s:I s:I s:I s:o}", "name", c->engine.trunks[i].name,
						      "state", trunk_states[view->trunks[i].state], "calls",
						      (json_int_t)view->trunks[i].calls, "channels",
						      (json_int_t)c->engine.trunks[i].channels, "failed",
						      (json_int_t)view->trunks[i].failed, "detection",
						      zv_heard_json(&view->trunks[i].heard)));
	return list;
}

static json_t *queues_json(const struct zv_config *c, const struct zv_engine_view *view)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < c->engine.n_queues; i++) {
		const struct zv_queue_stats *q = &view->queues[i];

		json_array_append_new(list, json_pack(
			"{s:s s:I s:f s:I s:I s:I s:I}", "name", c->engine.queues[i].name, "waiting",
			(json_int_t)q->waiting, "longest_s", q->longest_ms / 1000.0, "came",
			(json_int_t)q->came, "served", (json_int_t)q->served, "given_up",
			(json_int_t)q->given_up, "called_back", (json_int_t)q->called_back));
	}
	return list;
}

json_t *zv_desks_floor(struct zv_desks *desks)
{
	const struct zv_config *c = config_of(desks);
	struct zv_engine_view *view = malloc(sizeof(*view));
	json_t *agents = json_array(), *campaigns = json_array(), *o;

	if (view == NULL) {
		json_decref(agents);
		json_decref(campaigns);
		return NULL;
	}
	zv_engine_thread_view(desks->p.engine, view);
	for (uint32_t i = 0; i < c->engine.n_campaigns; i++)
		json_array_append_new(campaigns, campaign_json(c, i, view));
	pthread_mutex_lock(&desks->lock);
	for (uint32_t i = 0; i < c->engine.n_agents; i++)
		json_array_append_new(agents, agent_json(desks, i));
	o = json_pack("{s:I s:o s:o s:o s:o s:f s:o s:{s:I s:I s:I s:I}}", "now_ms",
		      (json_int_t)desks->p.now_ms(desks->p.arg), "agents", agents, "campaigns", campaigns,
		      "queues", queues_json(c, view), "trunks", trunks_json(c, view), "occupancy",
		      occupancy(desks), "waits", waits_json(desks), "calls", "dialing",
		      (json_int_t)view->stats.dialing, "ringing", (json_int_t)view->stats.ringing,
		      "talking", (json_int_t)view->stats.talking, "abandoned",
		      (json_int_t)view->stats.abandoned);
	pthread_mutex_unlock(&desks->lock);
	free(view);
	return o;
}

void zv_desks_look(struct zv_desks *desks)
{
	const struct zv_config *c = config_of(desks);
	struct span *span = &desks->spans[desks->looks / (SPAN_MS / 1000) % SPANS];

	pthread_mutex_lock(&desks->lock);
	if (desks->looks++ % (SPAN_MS / 1000) == 0)
		*span = (struct span){0};
	for (uint32_t i = 0; i < c->engine.n_agents; i++) {
		uint8_t s = desks->v[i].state;

		span->busy += s == ZV_AG_TALKING || s == ZV_AG_WRAPUP || s == ZV_AG_RESERVED;
		span->there += s != ZV_AG_OFFLINE && s != ZV_AG_PAUSED;
	}
	pthread_mutex_unlock(&desks->lock);
	if (desks->http != NULL)
		publish(desks, &(struct zv_http_audience){.roles = ZV_ROLE_SUPERVISOR | ZV_ROLE_OPERATOR,
							  .passing = true}, "floor", zv_desks_floor(desks));
}
