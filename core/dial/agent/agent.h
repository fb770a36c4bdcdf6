/* dial/agent/agent.h -- agents: their states, skills and who is next.  Pure.
 *
 * Thread: engine.  One table (state x event, in agent.c) says what happens; an event that a
 * state does not know is refused and counted.  Every state has a way out by itself: its limit
 * (a deadline that the engine's timers serve) or the end of the call.
 */
#ifndef ZV_DIAL_AGENT_AGENT_H
#define ZV_DIAL_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_AGENTS_MAX       4096u
#define ZV_AGENT_SKILLS_MAX 8
#define ZV_AGENT_NONE       UINT32_MAX

/* Stored in the agents' log: append only. */
enum zv_agent_state {
	ZV_AG_OFFLINE = 0,
	ZV_AG_READY = 1,    /* waits for a call */
	ZV_AG_RESERVED = 2, /* a lead is shown to him (preview), or a call is held for him */
	ZV_AG_TALKING = 3,
	ZV_AG_WRAPUP = 4,   /* writes down what was said */
	ZV_AG_PAUSED = 5,
	ZV_AG_STATES
};

enum zv_agent_does {
	ZV_AD_LOGIN = 0,   /* his phone's leg is up: becomes PAUSED until he says READY; in a wrap-up
			    * it takes back the end that the broken leg brought */
	ZV_AD_LOGOUT,      /* at once, or after the call that is on */
	ZV_AD_READY,
	ZV_AD_PAUSE,       /* with a code; at once, or after the call that is on */
	ZV_AD_RESERVE,     /* the engine: a lead or call is meant for him */
	ZV_AD_RELEASE,     /* the engine: nothing came of it */
	ZV_AD_BRIDGE,      /* the engine: hears a customer from now on */
	ZV_AD_CALL_OVER,   /* the engine: the customer's leg or the bridge is gone */
	ZV_AD_DONE,        /* the wrap-up is finished */
	ZV_AD_LEG_LOST,    /* his phone's leg broke: not ready at once; a talk is over; what he
			    * writes down meanwhile he may finish */
	ZV_AD_LIMIT,       /* the deadline of the state passed */
	ZV_AD_HANDED,      /* the engine: the talk goes on without him, or was another's */
	ZV_AD_MAX
};

struct zv_agent_skill { uint16_t skill; uint8_t level; }; /* level 1 lowest .. 255 */

struct zv_agent_conf {
	uint32_t id;            /* the outside's number of him; unique */
	char name[32];
	uint8_t n_skills;
	struct zv_agent_skill skills[ZV_AGENT_SKILLS_MAX];
	uint64_t campaigns[4];  /* bit i: serves conf.campaigns[i]; all zero: whichever his skills allow */
	bool supervisor;        /* may listen, whisper and barge in */
};

/* What the states may last; per campaign of the call, or the floor's for PAUSED. */
struct zv_agent_limits {
	uint32_t reserve_max_ms; /* RESERVED, then READY again (preview: the lead goes back) */
	uint32_t talk_max_ms;    /* the call's own talk_max ends it; this is the backstop */
	uint32_t wrapup_max_ms;  /* then READY */
};

struct zv_agent {
	uint8_t state;        /* enum zv_agent_state */
	uint8_t want;         /* after the call: 0 nothing, ZV_AD_PAUSE, ZV_AD_LOGOUT */
	uint8_t pause_code, want_code;
	bool in_use;          /* conf has him */
	bool kept;            /* for a call-back of his own: others are asked first */
	bool quiet;           /* his phone sends nothing at this moment: he is given nobody */
	uint32_t call;        /* slot of the customer's leg; UINT32_MAX none */
	int64_t since_ms;     /* monotonic: in this state */
	int64_t deadline_ms;  /* of this state; 0 none */
	uint32_t next, prev;  /* among those who are ready, longest first */
	uint64_t state_ms[ZV_AG_STATES]; /* time spent in each, completed states only */
	uint32_t calls, refused; /* refused: events that his state does not know */
};

struct zv_agents {
	const struct zv_agent_conf *conf; /* n of them, the shell's */
	uint32_t n;
	struct zv_agent *v;
	uint32_t first, last; /* ready, longest idle first */
	uint32_t count[ZV_AG_STATES];
};

/* Boot.  ZV_ENOMEM.  v has ZV_AGENTS_MAX places, so that a reload may add agents. */
enum zv_err zv_agents_init(struct zv_agents *agents, const struct zv_agent_conf *conf, uint32_t n) ZV_MUST_USE;
void zv_agents_fini(struct zv_agents *agents);
/* A new configuration: agents keep their index; new ones are appended.  ZV_EINVAL. */
enum zv_err zv_agents_set_conf(struct zv_agents *agents, const struct zv_agent_conf *conf, uint32_t n) ZV_MUST_USE;

/* ZV_OK, or ZV_EDENIED: his state does not know it (nothing changed).  code: of PAUSE.  call: of
 * RESERVE and BRIDGE.  limits: of the state that follows; NULL: none.
 * *ret_ended: slot of a call that this ended (LEG_LOST while talking), else UINT32_MAX. */
enum zv_err zv_agent_do(struct zv_agents *agents, uint32_t agent, enum zv_agent_does what,
			uint8_t code, uint32_t call, const struct zv_agent_limits *limits,
			int64_t mono_ms, uint32_t *ret_ended) ZV_MUST_USE;

/* The state's time ends then (monotonic) instead. */
void zv_agent_until(struct zv_agents *agents, uint32_t agent, int64_t mono_ms);

/* Who takes the next call of this campaign: the lead's own agent if he is ready, else of those
 * ready who serve it, the best at the skill when the campaign names one, of equals the longest
 * idle.  ZV_AGENT_NONE. */
struct zv_agent_ask {
	uint16_t campaign;   /* index */
	uint16_t skill;      /* 0: none needed */
	uint8_t level_min;
	uint32_t owner;      /* index, or ZV_AGENT_NONE */
	uint32_t not_this;   /* a transfer goes to another one; ZV_AGENT_NONE */
};
uint32_t zv_agent_pick(const struct zv_agents *agents, const struct zv_agent_ask *ask);
bool zv_agent_serves(const struct zv_agents *agents, uint32_t agent, uint16_t campaign,
		     uint16_t skill, uint8_t level_min);

/* What the table forbids, for the reconciliation: an agent TALKING without a call, a call of two
 * agents, READY but not in the list, ...  0: all is well; else a static phrase and the agent. */
bool zv_agents_check(const struct zv_agents *agents, uint32_t *ret_agent, const char **ret_text);

#endif
