/* zvonar/pacer.h -- the plugin kind `pacer`: how many calls to place now, which ringing ones to
 * cancel.
 *
 * One interface for the engine's own predictive pacer, for plugins and for simulators.
 *
 * Manner: pure.  It lives on what it is told: no clock, no I/O, no own randomness; the same
 * events give the same answers.  Thread: the engine's, the only kind that runs there, under a
 * watchdog: decide() that takes longer than 1 ms, or says anything but ZV_OK, several times in a
 * row is replaced by one call an idle agent.  No allocation after open_campaign().
 *
 * Times are milliseconds of one monotonic clock; events come in order of time.  A pacer counts
 * nothing of the law itself: what was answered and abandoned in a rule's window is told to it at
 * every decision (struct zv_pacer_in).
 */
#ifndef ZVONAR_PACER_H
#define ZVONAR_PACER_H

#include "zvonar/plugin.h"

#define ZV_PACER_NEVER   UINT32_MAX
#define ZV_PACER_RULES   4  /* rules of abandonment that bind at the same time */
#define ZV_PACER_CANCELS 32 /* cancelled by one decision; more follow with the next */

enum zv_pacer_mode {
	ZV_PACE_PREVIEW = 1,     /* `place`: leads to show to agents, who start the call themselves */
	ZV_PACE_PROGRESSIVE = 2, /* one call an idle agent */
	ZV_PACE_RATIO = 3,       /* ratio_ppm calls an idle agent */
	ZV_PACE_PREDICTIVE = 4,
	ZV_PACE_ROBOT = 5,       /* a robot speaks first; agents, if any, take those who want one */
	ZV_PACE_DEADLINE = 6,    /* predictive, no faster than the deadline needs */
};

/* What a campaign can have at once; sets the memory taken at open. */
struct zv_pacer_shape {
	uint32_t size;
	uint32_t campaign;
	uint32_t calls;  /* slots of calls, 1..1000000: slot numbers are below it */
	uint32_t agents; /* agent numbers are below it, 0..100000 */
	uint16_t trunks, lists, attempts; /* indexes are below them; 1..4096, 4096, 64 */
	uint16_t skills;                  /* 1..64 */
};

/* A rule that limits abandoned / answered by a person, in a window. */
enum zv_pacer_window { ZV_PACER_DAY = 1, ZV_PACER_BLOCK = 2 /* of n days */ };

/* Frozen stride: 32 bytes. */
struct zv_pacer_rule {
	uint32_t limit_ppm; /* 30000 = 3 %; 1000000 = none */
	uint8_t window;     /* enum zv_pacer_window */
	uint8_t pad[3];
	int64_t end_ms;     /* dialling ends today (or the window, if sooner): monotonic; 0: unknown */
	int64_t later_ms;   /* dialling time of the window's days after today, in all */
	int64_t pad2;
};

/* What changes seldom. */
struct zv_pacer_settings {
	uint32_t size;
	uint8_t mode; /* enum zv_pacer_mode */
	uint8_t n_rules;
	uint8_t cancel; /* 1: ringing calls may be cancelled after ring_min_ms */
	uint8_t robot_agents; /* ROBOT: 1: talks are handed to agents; 0: robots alone */
	uint32_t ratio_ppm;     /* RATIO: calls an idle agent, 1500000 = 1.5 */
	uint32_t ring_min_ms;   /* the rule's least ring time: never cancelled before */
	uint32_t ring_max_ms;   /* the host gives up ringing then */
	uint32_t patience_ms;   /* an answered person waits so long for an agent, then is abandoned */
	uint32_t rate_max_mcps; /* most calls a second, in thousandths; 0: no limit */
	uint32_t pad;
	int64_t deadline_ms;     /* DEADLINE: monotonic */
	int64_t deadline_dial_ms; /* dialling time after today's end_ms and before the deadline */
	struct zv_pacer_rule rules[ZV_PACER_RULES];
};

enum zv_pacer_event_kind {
	ZV_PEV_PLACED = 1,     /* slot, cell, score_ppm */
	ZV_PEV_RINGING = 2,    /* 180 or 183 */
	ZV_PEV_ANSWERED = 3,   /* by a person; waits for an agent, or talks to the robot */
	ZV_PEV_MACHINE = 4,    /* the call is over, the slot free; as for all below but WANTS */
	ZV_PEV_FAILED = 5,     /* fast: busy, no such number, refused by the trunk */
	ZV_PEV_NOT_ANSWERED = 6, /* rang to ring_max_ms */
	ZV_PEV_CANCELLED = 7,  /* by us: this pacer, an opt-out, the end of hours */
	ZV_PEV_WANTS = 8,      /* ROBOT: wants an agent now */
	ZV_PEV_ENDED = 9,      /* ROBOT: the talk is over without an agent */
	ZV_PEV_HANDED = 10,    /* to agent `agent`, who becomes TALKING by this event */
	ZV_PEV_ABANDONED = 11, /* answered, found no agent within the patience, or hung up waiting */
	ZV_PEV_AGENT = 12,     /* agent, state, skill */
};

enum zv_pacer_agent_state {
	ZV_AGENT_OUT = 0,     /* logged off, pause, another campaign: supplies nothing */
	ZV_AGENT_READY = 1,
	ZV_AGENT_TALKING = 2, /* since the event's time */
	ZV_AGENT_WRAPUP = 3,
};

/* Frozen stride: 32 bytes. */
struct zv_pacer_event {
	int64_t at_ms;
	uint8_t kind;  /* enum zv_pacer_event_kind */
	uint8_t state; /* AGENT: enum zv_pacer_agent_state */
	uint8_t hour;  /* PLACED: 0..23, of the called person */
	uint8_t attempt; /* PLACED: 0 = the first */
	uint32_t slot; /* of the call; all kinds but AGENT */
	uint16_t trunk, list; /* PLACED */
	uint16_t skill;       /* AGENT */
	uint16_t pad;
	uint32_t agent;     /* HANDED, AGENT */
	uint32_t score_ppm; /* PLACED: chance that a person answers, by a score plugin; 0: none */
};

/* What has been counted in a rule's window until now, this decision's moment included. */
struct zv_pacer_count {
	uint64_t answered, abandoned;
};

struct zv_pacer_in {
	uint32_t size;
	uint32_t lines_free; /* channels that could carry a new call */
	int64_t now_ms;
	uint32_t carrier_room; /* what rate limits and breakers leave at this moment */
	uint32_t pad;
	uint64_t leads_left; /* that may still be called; DEADLINE counts calls by it */
	struct zv_pacer_count count[ZV_PACER_RULES]; /* as settings.rules */
};

/* What holds back, for the floor page. */
enum zv_pacer_why {
	ZV_WHY_NOTHING = 0,    /* it places as many as it wants */
	ZV_WHY_NO_AGENTS = 1,
	ZV_WHY_ENOUGH = 2,     /* enough calls are under way for the agents that will be free */
	ZV_WHY_BUDGET = 3,     /* the rule's budget is used up: only calls without risk */
	ZV_WHY_LINES = 4,
	ZV_WHY_CARRIER = 5,
	ZV_WHY_TRUNK = 6,      /* nearly all calls fail: one a second */
	ZV_WHY_LEARNING = 7,   /* too little is known yet: one call an idle agent */
	ZV_WHY_SCHEDULE = 8,   /* the deadline needs no more */
	ZV_WHY_RATE = 9,
	ZV_WHY_LEADS = 10,
};

/* Figures for people; nothing may be decided by them.  Frozen size: 64 bytes. */
struct zv_pacer_figures {
	uint32_t why;           /* enum zv_pacer_why */
	uint32_t theta_ppm;     /* risk of an abandoned call that a new call may take */
	uint32_t risk_ppm;      /* that the next call would take */
	uint32_t answer_ppm;    /* estimated chance that a call is answered by a person */
	uint32_t machine_ppm;   /* share of picked-up calls that are machines */
	uint32_t ring_ms;       /* mean time until a person answers */
	uint32_t handle_ms;     /* mean talk and wrap-up */
	uint32_t idle, busy;    /* agents */
	uint32_t in_flight;     /* calls under way that no agent has */
	uint32_t answers_milli; /* expected within ten seconds, in thousandths */
	uint32_t frees_milli;   /* agents expected to be free within ten seconds, in thousandths */
	int32_t budget_milli;   /* calls that may still be abandoned now, in thousandths */
	uint32_t eta_s;         /* DEADLINE: until the list is through; ZV_PACER_NEVER: unknown */
	uint8_t alarm;          /* DEADLINE: 1: the deadline will be missed */
	uint8_t steps;          /* sudden changes of the answer rate noticed, modulo 256 */
	uint8_t pad[2];
	uint32_t load_milli;    /* agents' worth of work that the answers of the long run bring */
};

/* cancel is written up to n_cancel only. */
struct zv_pacer_out {
	uint32_t size;
	uint32_t place;    /* calls to place now */
	uint32_t n_cancel; /* of cancel[]; each is answered by a CANCELLED event, or by what came first */
	uint32_t pad;
	int64_t next_ms;   /* ask again then at the latest, sooner after every event */
	struct zv_pacer_figures figures; /* only where `figures` of decide() was asked for */
	uint32_t cancel[ZV_PACER_CANCELS];
};

/* The host never makes two calls into one campaign at once. */
struct zv_pacer_ops {
	uint32_t size;
	uint32_t pad;
	/* conf: the campaign's `pacer` section, may be NULL.  Boot and reload only.  ZV_EINVAL,
	 * ZV_ENOMEM. */
	enum zv_err (*open_campaign)(void *self, const struct zv_pacer_shape *shape,
				     const struct zv_conf_node *conf, void **ret_campaign);
	void (*close_campaign)(void *self, void *campaign); /* accepts NULL */
	/* At the start and whenever one of the settings changes; copied.  ZV_EINVAL: what stood
	 * stays. */
	enum zv_err (*set)(void *campaign, const struct zv_pacer_settings *settings);
	/* Never fails: an event that does not fit what came before is counted, and ignored. */
	void (*event)(void *campaign, const struct zv_pacer_event *event);
	/* After events, and at next_ms.  What it wants to place is placed only when the host says so
	 * by PLACED events.  figures: 1 fills out->figures.  out is not cleared by the host. */
	enum zv_err (*decide)(void *campaign, const struct zv_pacer_in *in, int figures,
			      struct zv_pacer_out *out);
	/* What has been learned, to begin with tomorrow: flat bytes that carry their own version,
	 * the same on every machine.  save: bytes needed; written if size suffices.  load: before
	 * the first event; ZV_EVERSION, ZV_ECORRUPT: nothing changed.  Both may be NULL. */
	size_t (*save)(void *campaign, uint8_t *bytes, size_t size);
	enum zv_err (*load)(void *campaign, const uint8_t *bytes, size_t size);
};

#endif
