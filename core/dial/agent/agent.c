#include "dial/agent/agent.h"

#include <stdlib.h>
#include <string.h>

#define NO_CALL UINT32_MAX

enum zv_err zv_agents_init(struct zv_agents *agents, const struct zv_agent_conf *conf, uint32_t n)
{
	memset(agents, 0, sizeof(*agents));
	agents->first = agents->last = ZV_AGENT_NONE;
	agents->v = calloc(ZV_AGENTS_MAX, sizeof(*agents->v));
	return agents->v == NULL ? ZV_ENOMEM : zv_agents_set_conf(agents, conf, n);
}

void zv_agents_fini(struct zv_agents *agents)
{
	free(agents->v);
	agents->v = NULL;
}

enum zv_err zv_agents_set_conf(struct zv_agents *agents, const struct zv_agent_conf *conf, uint32_t n)
{
	if (n < agents->n || n > ZV_AGENTS_MAX)
		return ZV_EINVAL;
	for (uint32_t i = 0; i < agents->n; i++)
		if (conf[i].id != agents->conf[i].id)
			return ZV_EINVAL;
	for (uint32_t i = agents->n; i < n; i++) {
		agents->v[i] = (struct zv_agent){.in_use = true, .call = NO_CALL,
						 .next = ZV_AGENT_NONE, .prev = ZV_AGENT_NONE};
		agents->count[ZV_AG_OFFLINE]++;
	}
	agents->conf = conf;
	agents->n = n;
	return ZV_OK;
}

/* ---- the list of those who are ready ---- */

static void list_add(struct zv_agents *s, uint32_t i)
{
	s->v[i].prev = s->last;
	s->v[i].next = ZV_AGENT_NONE;
	if (s->last == ZV_AGENT_NONE)
		s->first = i;
	else
		s->v[s->last].next = i;
	s->last = i;
}

static void list_remove(struct zv_agents *s, uint32_t i)
{
	struct zv_agent *a = &s->v[i];

	if (a->prev == ZV_AGENT_NONE)
		s->first = a->next;
	else
		s->v[a->prev].next = a->next;
	if (a->next == ZV_AGENT_NONE)
		s->last = a->prev;
	else
		s->v[a->next].prev = a->prev;
	a->next = a->prev = ZV_AGENT_NONE;
}

/* ---- states ---- */

static void enter(struct zv_agents *s, uint32_t i, enum zv_agent_state to, uint32_t limit_ms,
		  int64_t mono_ms)
{
	struct zv_agent *a = &s->v[i];

	a->state_ms[a->state] += (uint64_t)(mono_ms - a->since_ms);
	s->count[a->state]--;
	if (a->state == ZV_AG_READY)
		list_remove(s, i);
	a->state = (uint8_t)to;
	s->count[to]++;
	if (to == ZV_AG_READY)
		list_add(s, i);
	a->since_ms = mono_ms;
	a->deadline_ms = limit_ms == 0 ? 0 : mono_ms + limit_ms;
}

/* READY, or what he asked for during the call. */
static enum zv_agent_state freed(struct zv_agent *a)
{
	enum zv_agent_state to = a->want == ZV_AD_LOGOUT  ? ZV_AG_OFFLINE
				 : a->want == ZV_AD_PAUSE ? ZV_AG_PAUSED
							  : ZV_AG_READY;

	if (to == ZV_AG_PAUSED)
		a->pause_code = a->want_code;
	a->want = 0;
	return to;
}

/* What stands in a cell: a state, or one of these. */
enum { NO = 100, FREED, LATER, WRAP, STAYS };

/* Each state, each event: the state that follows.  FREED: READY, or the pause or end he asked
 * for meanwhile.  LATER: kept until the call is over (READY takes it back).  WRAP: WRAPUP, also
 * where the phone broke: what was said is to be written down.  STAYS: he finishes that, and is
 * out then (LEG_LOST) or not after all (LOGIN).  NO: refused.  LIMIT of TALKING is the backstop:
 * the engine ends the call then. */
static const uint8_t table[ZV_AG_STATES][ZV_AD_MAX] = {
	/*                LOGIN         LOGOUT         READY        PAUSE         RESERVE         RELEASE
	 *                BRIDGE        CALL_OVER      DONE         LEG_LOST      LIMIT           HANDED */
	[ZV_AG_OFFLINE] = {ZV_AG_PAUSED, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
	[ZV_AG_READY] = {NO, ZV_AG_OFFLINE, NO, ZV_AG_PAUSED, ZV_AG_RESERVED, NO,
			 ZV_AG_TALKING, NO, NO, ZV_AG_OFFLINE, NO, NO},
	[ZV_AG_RESERVED] = {NO, ZV_AG_OFFLINE, NO, ZV_AG_PAUSED, NO, FREED,
			    ZV_AG_TALKING, NO, NO, ZV_AG_OFFLINE, FREED, NO},
	[ZV_AG_TALKING] = {NO, LATER, LATER, LATER, NO, NO, NO, WRAP, NO, WRAP, WRAP, FREED},
	[ZV_AG_WRAPUP] = {STAYS, ZV_AG_OFFLINE, FREED, LATER, NO, NO, NO, NO, FREED, STAYS, FREED, NO},
	[ZV_AG_PAUSED] = {NO, ZV_AG_OFFLINE, ZV_AG_READY, ZV_AG_PAUSED, ZV_AG_RESERVED, NO, NO, NO, NO,
			  ZV_AG_OFFLINE, NO, NO},
};

static uint32_t limit_of(enum zv_agent_state state, const struct zv_agent_limits *limits)
{
	if (limits == NULL)
		return 0;
	switch (state) {
	case ZV_AG_RESERVED: return limits->reserve_max_ms;
	case ZV_AG_TALKING: return limits->talk_max_ms;
	case ZV_AG_WRAPUP: return limits->wrapup_max_ms;
	case ZV_AG_OFFLINE:
	case ZV_AG_READY:
	case ZV_AG_PAUSED:
	case ZV_AG_STATES:
	default: return 0;
	}
}

enum zv_err zv_agent_do(struct zv_agents *agents, uint32_t agent, enum zv_agent_does what,
			uint8_t code, uint32_t call, const struct zv_agent_limits *limits,
			int64_t mono_ms, uint32_t *ret_ended)
{
	struct zv_agent *a;
	uint8_t to;

	*ret_ended = NO_CALL;
	if (agent >= agents->n || what >= ZV_AD_MAX)
		return ZV_EINVAL;
	a = &agents->v[agent];
	to = table[a->state][what];
	if (to == NO) {
		a->refused++;
		return ZV_EDENIED;
	}
	if (to == LATER || to == STAYS) {
		a->want = what == ZV_AD_READY || what == ZV_AD_LOGIN ? 0
			  : what == ZV_AD_LEG_LOST		     ? ZV_AD_LOGOUT
								     : (uint8_t)what;
		a->want_code = code;
		return ZV_OK;
	}
	/* A call that he begins in his pause brings him back there. */
	if (a->state == ZV_AG_PAUSED && what == ZV_AD_RESERVE) {
		a->want = ZV_AD_PAUSE;
		a->want_code = a->pause_code;
	}
	if (what == ZV_AD_PAUSE)
		a->pause_code = code;
	if (what == ZV_AD_READY)
		a->want = 0;
	if (what == ZV_AD_LEG_LOST)
		a->want = ZV_AD_LOGOUT;
	if (a->state == ZV_AG_TALKING && (what == ZV_AD_LEG_LOST || what == ZV_AD_LIMIT))
		*ret_ended = a->call;
	if (to == WRAP)
		to = ZV_AG_WRAPUP;
	else if (to == FREED)
		to = (uint8_t)freed(a);
	a->call = what == ZV_AD_RESERVE || what == ZV_AD_BRIDGE ? call : NO_CALL;
	if (to == ZV_AG_TALKING)
		a->calls++;
	if (to == ZV_AG_OFFLINE)
		a->want = 0;
	enter(agents, agent, (enum zv_agent_state)to, limit_of((enum zv_agent_state)to, limits), mono_ms);
	return ZV_OK;
}

void zv_agent_until(struct zv_agents *agents, uint32_t agent, int64_t mono_ms)
{
	agents->v[agent].deadline_ms = mono_ms;
}

/* ---- who is next ---- */

static uint8_t level_of(const struct zv_agent_conf *conf, uint16_t skill)
{
	for (uint8_t i = 0; i < conf->n_skills; i++)
		if (conf->skills[i].skill == skill)
			return conf->skills[i].level;
	return 0;
}

bool zv_agent_serves(const struct zv_agents *agents, uint32_t agent, uint16_t campaign,
		     uint16_t skill, uint8_t level_min)
{
	const struct zv_agent_conf *conf = &agents->conf[agent];
	uint64_t any = conf->campaigns[0] | conf->campaigns[1] | conf->campaigns[2] | conf->campaigns[3];

	if (campaign >= 256 || (any != 0 && (conf->campaigns[campaign / 64] >> campaign % 64 & 1) == 0))
		return false;
	return skill == 0 || (level_of(conf, skill) > 0 && level_of(conf, skill) >= level_min);
}

uint32_t zv_agent_pick(const struct zv_agents *agents, const struct zv_agent_ask *ask)
{
	uint32_t best = ZV_AGENT_NONE, kept = ZV_AGENT_NONE;
	uint8_t best_level = 0;

	if (ask->owner < agents->n && ask->owner != ask->not_this &&
	    agents->v[ask->owner].state == ZV_AG_READY && !agents->v[ask->owner].quiet)
		return ask->owner;
	for (uint32_t i = agents->first; i != ZV_AGENT_NONE; i = agents->v[i].next) {
		uint8_t level;

		if (i == ask->not_this || agents->v[i].quiet ||
		    !zv_agent_serves(agents, i, ask->campaign, ask->skill, ask->level_min))
			continue;
		if (agents->v[i].kept) {
			kept = kept == ZV_AGENT_NONE ? i : kept;
			continue;
		}
		if (ask->skill == 0)
			return i;
		level = level_of(&agents->conf[i], ask->skill);
		if (best == ZV_AGENT_NONE || level > best_level) {
			best = i;
			best_level = level;
		}
	}
	return best != ZV_AGENT_NONE ? best : kept;
}

/* ---- reconciliation ---- */

static const char *wrong_with(const struct zv_agent *a, bool listed)
{
	bool has_call = a->call != NO_CALL;

	if (a->state >= ZV_AG_STATES)
		return "has no state";
	if (a->state == ZV_AG_TALKING && !has_call)
		return "talks without a call";
	if (has_call && a->state != ZV_AG_TALKING && a->state != ZV_AG_RESERVED)
		return "holds a call but does not talk";
	if ((a->state == ZV_AG_READY) != listed)
		return "is ready but not in the list of those who are, or the reverse";
	return NULL;
}

bool zv_agents_check(const struct zv_agents *agents, uint32_t *ret_agent, const char **ret_text)
{
	uint32_t count[ZV_AG_STATES] = {0}, listed = 0;

	for (uint32_t i = agents->first; i != ZV_AGENT_NONE && listed <= agents->n; i = agents->v[i].next)
		listed++;
	for (uint32_t i = 0; i < agents->n; i++) {
		const struct zv_agent *a = &agents->v[i];
		bool in = a->prev != ZV_AGENT_NONE || agents->first == i;

		*ret_agent = i;
		*ret_text = wrong_with(a, in);
		if (*ret_text != NULL)
			return false;
		count[a->state]++;
	}
	*ret_agent = ZV_AGENT_NONE;
	*ret_text = "the counts of states do not add up";
	return listed == agents->count[ZV_AG_READY] && memcmp(count, agents->count, sizeof(count)) == 0;
}
