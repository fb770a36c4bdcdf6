/* Agents: they come, wait, talk, write, pause, have lunch and leave. */
#include <string.h>

#include "sim/world_int.h"

#define SAYS_READY_MS 200 /* from logging in to the first READY */
#define STREAM(agent) (UINT64_C(1) << 57 | (agent))

enum pause_code { CODE_BREAK = 1, CODE_LUNCH = 2 };

void zv_sim_agent_does(struct zv_sim *w, uint32_t agent, enum zv_agent_does what, uint8_t code)
{
	struct zv_event *ev = zv_sim_tell(w, ZV_EV_AGENT);

	ev->code = agent;
	ev->u.agent.what = (uint8_t)what;
	ev->u.agent.pause_code = code;
}

static const struct zv_sim_team *team_of(const struct zv_sim *w, uint32_t agent)
{
	return &w->p.teams[w->agents[agent].team];
}

static double u_of(struct zv_sim *w, uint32_t agent)
{
	/* The agent's own sequence: as many draws as he has made. */
	return zv_sim_u(w->p.seed, STREAM(agent), w->agents[agent].serial++);
}

static void plan_pause(struct zv_sim *w, uint32_t agent)
{
	const struct zv_sim_team *team = team_of(w, agent);

	if (team->pause_every.mean_ms > 0)
		zv_sim_on(w, zv_sim_at(w) + zv_dist_ms(&team->pause_every, u_of(w, agent), 1),
			  SIM_AGENT_PAUSE, agent, 0);
}

static void log_in(struct zv_sim *w, uint32_t agent)
{
	struct sim_agent *a = &w->agents[agent];

	a->present = true;
	a->away = false;
	zv_sim_agent_does(w, agent, ZV_AD_LOGIN, 0);
	zv_sim_later(w, SAYS_READY_MS, SIM_AGENT_READY, agent, 0, 0);
}

void zv_sim_floor_begin(struct zv_sim *w)
{
	for (uint32_t a = 0; a < w->conf->n_agents; a++)
		w->agents[a] = (struct sim_agent){.state = ZV_AG_OFFLINE, .team = SIM_NONE, .speed = 1};
	for (uint32_t t = 0; t < w->p.n_teams; t++) {
		const struct zv_sim_team *team = &w->p.teams[t];

		for (uint32_t a = team->first; a < team->first + team->n && a < w->conf->n_agents; a++) {
			w->agents[a].team = t;
			w->agents[a].speed = zv_staff_speed(team, w->p.seed, a);
			zv_sim_on(w, zv_staff_comes_ms(team, a), SIM_AGENT_COMES, a, 0);
			if (team->to_ms > 0)
				zv_sim_on(w, team->to_ms, SIM_AGENT_LEAVES, a, 0);
			if (team->lunch_ms > 0)
				zv_sim_on(w, zv_staff_lunch_ms(team, w->p.seed, a), SIM_AGENT_LUNCH, a, 0);
		}
	}
}

/* ---- what the engine says of them ---- */

static void count(struct zv_sim *w, const struct sim_agent *a)
{
	static const size_t fields[ZV_AG_STATES] = {
		[ZV_AG_READY] = offsetof(struct zv_sim_measure, ready_ms),
		[ZV_AG_RESERVED] = offsetof(struct zv_sim_measure, ready_ms),
		[ZV_AG_TALKING] = offsetof(struct zv_sim_measure, talk_ms),
		[ZV_AG_WRAPUP] = offsetof(struct zv_sim_measure, wrapup_ms),
		[ZV_AG_PAUSED] = offsetof(struct zv_sim_measure, paused_ms),
	};

	if (a->state != ZV_AG_OFFLINE)
		zv_sim_span(w, a->since_ms, zv_sim_at(w), fields[a->state]);
}

static void becomes(struct zv_sim *w, uint32_t agent, uint8_t state)
{
	struct sim_agent *a = &w->agents[agent];
	bool waited = a->state == ZV_AG_READY || a->state == ZV_AG_RESERVED;

	count(w, a);
	if (waited && state == ZV_AG_TALKING)
		zv_series_wait(&w->r->series, zv_sim_at(w), zv_sim_at(w) - a->ready_ms);
	if (state == ZV_AG_READY && !waited)
		a->ready_ms = zv_sim_at(w);
	a->state = state;
	a->since_ms = zv_sim_at(w);
}

static void on_agent(struct zv_sim *w, const struct zv_cmd *cmd)
{
	uint32_t agent = cmd->u.agent.agent;
	struct sim_agent *a = &w->agents[agent];
	const struct zv_people *people;
	int64_t ms;

	if (agent >= w->conf->n_agents)
		return;
	becomes(w, agent, cmd->u.agent.state);
	if (a->state != ZV_AG_WRAPUP || a->lead == SIM_NONE)
		return;
	people = &w->p.lists[w->leads[a->lead].campaign].people;
	ms = zv_dist_ms(&people->wrapup,
			zv_sim_u(w->p.seed, zv_fate_id(a->lead, a->attempt_no), ZV_U_WRAPUP),
			a->speed * zv_sim_drift_at(&w->handling[w->leads[a->lead].campaign], zv_sim_at(w)));
	zv_sim_later(w, ms, SIM_AGENT_DONE, agent, ++a->wrapups, 0);
}

/* A preview: he reads, then dials.  Of a call that has its agent already he only reads. */
static void on_card(struct zv_sim *w, const struct zv_cmd *cmd)
{
	uint32_t agent = cmd->u.agent.agent;
	const struct zv_people *people;
	struct sim_agent *a;

	if (cmd->u.agent.kind != ZV_TALK_KIND_PREVIEW || agent >= w->conf->n_agents ||
	    cmd->u.agent.lead == 0 || cmd->u.agent.lead > w->n_leads || (cmd->attempt.hi | cmd->attempt.lo) != 0)
		return;
	a = &w->agents[agent];
	people = &w->p.lists[w->leads[cmd->u.agent.lead - 1].campaign].people;
	zv_sim_later(w, zv_dist_ms(&people->reading, u_of(w, agent), a->speed), SIM_AGENT_DIALS, agent,
		     ++a->cards, 0);
}

static void dials(struct zv_sim *w, uint32_t agent)
{
	struct zv_event *ev = zv_sim_tell(w, ZV_EV_DESK);

	ev->code = agent;
	ev->u.desk.what = ZV_DESK_DIAL;
	ev->u.desk.to = ZV_AGENT_NONE;
}

void zv_sim_floor(struct zv_sim *w, const struct zv_cmd *cmd)
{
	switch (cmd->type) {
	case ZV_CMD_AGENT: on_agent(w, cmd); break;
	case ZV_CMD_BRIDGE:
		if (cmd->u.agent.agent < w->conf->n_agents)
			zv_sim_talk(w, cmd->leg.slot, cmd->u.agent.agent);
		break;
	case ZV_CMD_CARD: on_card(w, cmd); break;
	case ZV_CMD_UNBRIDGE:
	default: break; /* nothing that the world must do */
	}
}

/* ---- what they do by themselves ---- */

static void on_pause(struct zv_sim *w, uint32_t agent, uint8_t code, int64_t for_ms)
{
	struct sim_agent *a = &w->agents[agent];

	if (!a->present)
		return;
	if (!a->away) {
		a->away = true;
		zv_sim_agent_does(w, agent, ZV_AD_PAUSE, code);
	}
	if (for_ms > 0)
		zv_sim_on(w, zv_sim_at(w) + for_ms, SIM_AGENT_BACK, agent, 0);
}

static void on_back(struct zv_sim *w, uint32_t agent)
{
	struct sim_agent *a = &w->agents[agent];

	if (!a->present || !a->away)
		return;
	a->away = false;
	zv_sim_agent_does(w, agent, ZV_AD_READY, 0);
	plan_pause(w, agent);
}

static void done(struct zv_sim *w, uint32_t agent)
{
	const struct sim_agent *a = &w->agents[agent];
	const struct zv_people *people = &w->p.lists[w->leads[a->lead].campaign].people;
	struct zv_event *ev = zv_sim_tell(w, ZV_EV_AGENT);

	ev->code = agent;
	ev->u.agent.what = ZV_AD_DONE;
	ev->u.agent.result = zv_people_result(
		people, zv_sim_u(w->p.seed, zv_fate_id(a->lead, a->attempt_no), ZV_U_RESULT));
}

void zv_sim_floor_item(struct zv_sim *w, const struct zv_sim_item *item)
{
	uint32_t agent = item->index;
	struct sim_agent *a = &w->agents[agent];
	const struct zv_sim_team *team = team_of(w, agent);

	switch (item->what) {
	case SIM_AGENT_COMES:
		log_in(w, agent);
		if (item->arg == 0) /* else he was here before: his pauses stand */
			plan_pause(w, agent);
		break;
	case SIM_AGENT_READY:
		if (a->present && !a->away)
			zv_sim_agent_does(w, agent, ZV_AD_READY, 0);
		break;
	case SIM_AGENT_LUNCH: on_pause(w, agent, CODE_LUNCH, team->lunch_for_ms); break;
	case SIM_AGENT_PAUSE:
		on_pause(w, agent, CODE_BREAK, zv_dist_ms(&team->pause_for, u_of(w, agent), 1));
		break;
	case SIM_AGENT_BACK: on_back(w, agent); break;
	case SIM_AGENT_LEAVES:
		if (a->present)
			zv_sim_agent_does(w, agent, ZV_AD_LOGOUT, 0);
		a->present = false;
		break;
	case SIM_AGENT_DONE:
		if (item->gen == a->wrapups && a->state == ZV_AG_WRAPUP)
			done(w, agent);
		break;
	case SIM_AGENT_DIALS:
		if (item->gen == a->cards && a->state == ZV_AG_RESERVED)
			dials(w, agent);
		break;
	default: break; /* the caller sends none of the others */
	}
}

/* A share of those present loses the line; back: they log in again. */
void zv_sim_vanish(struct zv_sim *w, double share, bool back)
{
	for (uint32_t agent = 0; agent < w->conf->n_agents; agent++) {
		struct sim_agent *a = &w->agents[agent];

		if (back && a->gone) {
			a->gone = false;
			log_in(w, agent);
		} else if (!back && a->present &&
			   zv_sim_u(w->p.seed, STREAM(agent) ^ 1u << 20, 0) < share) {
			a->present = false;
			a->gone = true;
			zv_sim_agent_does(w, agent, ZV_AD_LEG_LOST, 0);
			zv_sim_agent_does(w, agent, ZV_AD_LOGOUT, 0);
		}
	}
}

void zv_sim_floor_gone(struct zv_sim *w)
{
	for (uint32_t agent = 0; agent < w->conf->n_agents; agent++) {
		struct sim_agent *a = &w->agents[agent];

		becomes(w, agent, ZV_AG_OFFLINE);
		a->lead = SIM_NONE;
	}
}

void zv_sim_floor_back(struct zv_sim *w)
{
	for (uint32_t agent = 0; agent < w->conf->n_agents; agent++)
		if (w->agents[agent].present)
			zv_sim_later(w, 1000, SIM_AGENT_COMES, agent, 0, 1);
}

void zv_sim_floor_end(struct zv_sim *w)
{
	for (uint32_t agent = 0; agent < w->conf->n_agents; agent++)
		becomes(w, agent, w->agents[agent].state);
}
