/* dial/conf.h -- all that the engine is told before it runs: trunks, campaigns, limits.
 *
 * Built by the shell from the configuration, immutable once handed over; a reload hands over a
 * new one between two events.  Calls in progress keep trunk and campaign indexes: a reload may
 * append and change, never renumber.
 */
#ifndef ZV_DIAL_CONF_H
#define ZV_DIAL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tz.h"
#include "dial/agent/agent.h"
#include "dial/heard.h"
#include "dial/rules/rules.h"
#include "dial/talk/talk.h"
#include "zvonar/outcome.h"
#include "zvonar/pacer.h"

#define ZV_TRUNKS_MAX    64
#define ZV_CAMPAIGNS_MAX 256
#define ZV_PREFIXES_MAX  32
#define ZV_CALLERS_MAX   64
#define ZV_OVERRIDES_MAX 32

/* E.164 prefix: value 7916, digits 4.  digits 0 matches all. */
struct zv_prefix { uint64_t value; uint8_t digits; };

/* A row of the outcome table: codes 300..699; q850 0 = any cause. */
struct zv_outcome_row { uint16_t sip_code; uint16_t q850; uint8_t outcome; };

struct zv_trunk_conf {
	char name[32];
	bool enabled;
	uint32_t cps;           /* INVITEs a second */
	uint32_t channels;      /* calls at once */
	uint32_t unanswered_max; /* INVITEs without any response at once; 0: one second of cps */
	uint8_t priority;       /* 0 first */
	uint32_t weight;        /* within a priority */
	uint32_t cost;          /* money micro-units a minute; decides among equals */
	uint32_t n_prefixes;    /* 0 = every number */
	struct zv_prefix prefixes[ZV_PREFIXES_MAX];
	uint32_t n_overrides;
	struct zv_outcome_row overrides[ZV_OVERRIDES_MAX]; /* asked before the common table */
	uint32_t n_callers;     /* the trunk's own caller numbers, if the campaign names none */
	uint64_t callers[ZV_CALLERS_MAX];
};

/* Minutes of the local day; start == end: closed. */
struct zv_day_hours { uint16_t start_min, end_min; };

/* Answer detection: whoever is not sure to be a machine is a person.  BEFORE: nobody is there for
 * him until it is known; WHILE: the agent (or the robot) is, and a machine frees him. */
enum zv_detect { ZV_DETECT_OFF = 0, ZV_DETECT_BEFORE = 1, ZV_DETECT_WHILE = 2 };
/* Early media: told apart for the outcome; or the call is given up at once when nobody will come. */
enum zv_early_media { ZV_EARLY_IGNORE = 0, ZV_EARLY_LISTEN = 1, ZV_EARLY_CANCEL = 2 };

struct zv_campaign_conf {
	uint32_t id;            /* the store's number of the campaign */
	char name[64];
	bool enabled;
	uint8_t priority;       /* 0 first */
	uint32_t ring_ms;
	uint32_t talk_max_s;
	uint32_t max_calls;     /* at once; 0 = no own limit */
	uint32_t unknown_rest_s; /* after an outcome `unknown` (calendar); the rule window */
	struct zv_day_hours hours[7]; /* Monday first; the lead's zone */
	uint32_t n_callers;
	uint64_t callers[ZV_CALLERS_MAX];
	uint32_t caller_daily_cap; /* calls a caller number and day; 0 = none */
	uint64_t abandon_prompt; /* hash of the message to an answer nobody is there for; its text
				    has no variables; 0: none */
	const struct zv_talk_graph *script; /* owned by the shell, outlives the conf */
	/* What the rules must know; a campaign without the first four does not start. */
	uint8_t purpose, channel, mode, actor; /* enums of rules.h; 0 = not stated */
	uint8_t party;          /* of leads that bring none */
	uint8_t message_channels[32]; /* enum zv_channel of each message; 0 = sms */
	uint8_t denied_category; /* 1 + index: of leads that may never be called (opt-out for good,
				    a flag); 0: they stay as they are */
	uint16_t zone;          /* of leads whose zone nobody knows; in conf.zones */
	bool zone_known;
	/* How fast it dials.  pace 0: as fast as lines allow (robots alone). */
	uint8_t pace;           /* enum zv_pacer_mode */
	uint8_t agent_level_min;
	uint16_t agent_skill;   /* 0: none needed */
	int64_t deadline_ms;    /* DEADLINE: calendar; 0 none */
	struct zv_pacer_settings pacing; /* rules, ring_min, ring_max and limits are the engine's to fill */
	/* A plugin's pacer that the shell has opened with zv_engine_shape, and closes after the
	 * engine; NULL: the engine's own. */
	const struct zv_pacer_ops *pacer;
	void *pacer_campaign;
	uint32_t wrapup_max_ms, preview_max_ms;
	bool preview_dials;     /* a preview's time is over: 1 it is dialled, 0 it is given back */
	uint32_t sla_ms;        /* from a lead's acceptance to its first INVITE; 0: none promised */
	uint32_t callback_grace_ms; /* a call-back waits so long for its owner; 0: 60 s */
	uint8_t detect;         /* enum zv_detect: is it a person who answered? */
	uint32_t detect_max_ms; /* not sure by then: a person; a rule may want it sooner */
	uint8_t early_media;    /* enum zv_early_media */
	struct zv_listen listen; /* how; `to`, `revise` and the counts are the engine's to fill */
	uint64_t machine_prompt; /* hash of what a machine is told after its beep; its text has no
				    variables; 0: it is hung up */
	uint32_t beep_max_ms;   /* no beep by then: it is told all the same */
	bool record;            /* talks with agents are recorded */
	uint64_t consult_trunks; /* bits: trunks for transfers to numbers; 0: any that takes the number */
	uint16_t false_machines_ppm; /* share of machine verdicts that are persons, for ratios */
};

/* Where inbound calls wait. */
#define ZV_QUEUES_MAX        32
#define ZV_QUEUE_NUMBERS_MAX 16
struct zv_queue_conf {
	char name[32];
	uint32_t n_numbers;     /* called numbers that lead here; 0: all others */
	uint64_t numbers[ZV_QUEUE_NUMBERS_MAX];
	uint16_t campaign;      /* index: whose card, results and caller numbers; its agents take it */
	uint16_t skill;
	uint8_t level_min;
	uint8_t priority;       /* beside campaigns' priorities: the lower is served first */
	uint8_t call_back;      /* 1: who gives up is called back at once (T11) */
	uint8_t reserve;        /* so many agents are kept from outbound calls while nobody waits */
	uint32_t max_wait_ms;   /* then the `closed` prompt, and a call back */
	uint32_t say_every_ms;  /* position and expected wait; 0: never */
	uint64_t greeting, closed; /* prompts; 0 none */
	uint64_t positions[10]; /* "you are number n"; 0 none; the last also for those beyond */
};

struct zv_engine_conf {
	uint32_t max_calls;     /* customers' legs at once = their slots, from 0 */
	/* Slots after max_calls: agents' phones (agent i has max_calls + i), then legs that are
	 * neither: inbound calls, consultations.  All of these belong to the phones' sip shard.
	 * max_phones 0: agents have no phones (simulator). */
	uint32_t max_phones, max_side;
	uint32_t phone_retry_ms; /* a lost leg of an agent who is logged in is called again after */
	uint16_t phone_quiet_ms; /* an agent whose phone sends nothing for so long gets nobody; 0: he does */
	uint32_t n_queues;
	const struct zv_queue_conf *queues; /* the shell's, outlives the conf */
	uint32_t max_dialing_ms; /* backstop: no final answer at all after this; >= any ring time */
	uint32_t store_wait_ms; /* an intent not flushed for that long is withdrawn */
	bool fast_forward;      /* simulated carriers only */
	int64_t fast_forward_until_ms; /* calendar; never beyond */
	uint32_t n_trunks, n_campaigns;
	struct zv_trunk_conf trunks[ZV_TRUNKS_MAX];
	struct zv_campaign_conf campaigns[ZV_CAMPAIGNS_MAX];
	uint32_t n_agents;
	const struct zv_agent_conf *agents; /* the shell's, outlives the conf */
	const struct zv_zones *zones; /* read only */
	const struct zv_rules *rules; /* read only; NULL: no contact is allowed at all */
};

#endif
