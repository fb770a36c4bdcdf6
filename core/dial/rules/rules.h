/* dial/rules/rules.h -- the law as data: a loaded set of rules.  Pure.
 *
 * core/law reads rule files (JSON lines), checks them against the schema and fills a set; the
 * engine is told of it with its configuration, between two decisions, and never writes it.  A
 * rule can only take away: all that match hold together.  Where each figure comes from stands in
 * the rule itself (law, src, seen, trust); the set is not legal advice.
 */
#ifndef ZV_DIAL_RULES_RULES_H
#define ZV_DIAL_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tz.h"

#define ZV_RULES_MAX        512
#define ZV_RULE_WINDOWS_MAX 4
#define ZV_RULE_NAMES_MAX   16 /* flags, consents, lists, texts that one rule names */
#define ZV_RULE_SPANS_MAX   6  /* open spans of one kind of day */
#define ZV_JUR_MAX          8  /* "US-FL" */

/* The steps of the ladder that a rule may count, from early to late, and what stands beside it.
 * Values are stored on disk as bits: append only. */
enum zv_fact {
	ZV_FACT_INTENT = 0, ZV_FACT_ATTEMPT, ZV_FACT_RING, ZV_FACT_CONNECT, ZV_FACT_MACHINE,
	ZV_FACT_LIVE_ANSWER, ZV_FACT_ABANDON, ZV_FACT_SILENT, ZV_FACT_CONVERSATION,
	ZV_FACT_MESSAGE, ZV_FACT_VISIT, ZV_FACT_REFUSAL, ZV_FACT_DIAL_SECONDS, ZV_FACTS
};
#define ZV_FACT_BIT(fact) ((uint16_t)(1u << (fact)))

/* What a contact is for and how it is made; bits in a rule's `when` (0 = any). */
enum zv_purpose {
	ZV_PURPOSE_NONE = 0, ZV_PURPOSE_COLLECTION, ZV_PURPOSE_MARKETING, ZV_PURPOSE_LEAD_CALLBACK,
	ZV_PURPOSE_REMINDER, ZV_PURPOSE_CLEANUP, ZV_PURPOSE_SERVICE, ZV_PURPOSES
};
enum zv_channel {
	ZV_CHANNEL_NONE = 0, ZV_CHANNEL_VOICE_AGENT, ZV_CHANNEL_VOICE_AI, ZV_CHANNEL_VOICE_PREREC,
	ZV_CHANNEL_SMS, ZV_CHANNEL_MESSENGER, ZV_CHANNEL_EMAIL, ZV_CHANNEL_VISIT, ZV_CHANNELS
};
enum zv_dial_mode {
	ZV_MODE_NONE = 0, ZV_MODE_PREDICTIVE, ZV_MODE_PROGRESSIVE, ZV_MODE_PREVIEW, ZV_MODE_MANUAL,
	ZV_MODE_ROBOT, ZV_MODES
};
enum zv_actor { ZV_ACTOR_NONE = 0, ZV_ACTOR_CREDITOR, ZV_ACTOR_COLLECTOR, ZV_ACTOR_TELEMARKETER, ZV_ACTORS };
enum zv_party {
	ZV_PARTY_NONE = 0, ZV_PARTY_DEBTOR, ZV_PARTY_THIRD, ZV_PARTY_GUARANTOR,
	ZV_PARTY_REPRESENTATIVE, ZV_PARTIES
};
enum zv_line { ZV_LINE_NONE = 0, ZV_LINE_MOBILE, ZV_LINE_LANDLINE, ZV_LINES };

enum zv_rule_kind {
	ZV_RULE_FREQ = 1, ZV_RULE_COOLDOWN, ZV_RULE_HOURS, ZV_RULE_RATIO, ZV_RULE_TREAT,
	ZV_RULE_CONSENT, ZV_RULE_DENY, ZV_RULE_RETAIN
};
enum zv_rule_effect { ZV_EFFECT_BLOCK = 0, ZV_EFFECT_FORCE_AGENT, ZV_EFFECT_STOP_CAMPAIGN, ZV_EFFECT_WARN };
enum zv_rule_trust { ZV_TRUST_OFFICIAL = 0, ZV_TRUST_SECONDARY, ZV_TRUST_MEMORY, ZV_TRUST_POLICY };
enum zv_rule_override {
	ZV_OVERRIDE_NONE = 0, ZV_OVERRIDE_AGREEMENT, ZV_OVERRIDE_INITIATIVE, ZV_OVERRIDE_CONSENT_7D
};

enum zv_rule_key {
	ZV_KEY_PERSON = 1, ZV_KEY_DEBT = 2, ZV_KEY_NUMBER = 4, ZV_KEY_CAMPAIGN = 8,
	ZV_KEY_CALLER = 16, ZV_KEY_TOPIC = 32
};
enum zv_exclude {
	ZV_EXCLUDE_INBOUND = 1, ZV_EXCLUDE_NOT_CONNECTED = 2, ZV_EXCLUDE_BUSY = 4,
	ZV_EXCLUDE_OUT_OF_SERVICE = 8, ZV_EXCLUDE_CONSENTED_7D = 16, ZV_EXCLUDE_ATTORNEY = 32,
	ZV_EXCLUDE_CREDITOR_CALL = 64
};

/* Whose clock.  FIXED: `zone` names it.  STRICTEST: every candidate of residence, registration
 * and number must allow.  None given in the file: RESIDENCE. */
enum zv_rule_tz { ZV_TZ_RESIDENCE = 0, ZV_TZ_REGISTRATION, ZV_TZ_NUMBER, ZV_TZ_STRICTEST, ZV_TZ_FIXED };
enum zv_window_kind { ZV_WINDOW_ROLLING = 1, ZV_WINDOW_CALENDAR, ZV_WINDOW_BLOCK };
enum zv_window_unit { ZV_UNIT_HOUR = 1, ZV_UNIT_DAY, ZV_UNIT_WEEK, ZV_UNIT_MONTH };

/* rolling: the n units up to now (a month is 30 days); with day_one in local days, the event's
 * day being day 1.  calendar: the n units in progress (day from midnight, week from Monday as in
 * ISO 8601, month from its first).  block: successive spans of n units from the campaign's
 * first start, or from the person's first event for rules a person. */
struct zv_rule_window {
	uint8_t kind; /* enum zv_window_kind */
	uint8_t unit; /* enum zv_window_unit */
	uint8_t tz;   /* enum zv_rule_tz */
	bool day_one;
	uint16_t n;
	uint16_t zone; /* with FIXED */
};

/* Minutes of the local day, end exclusive, 24:00 = 1440. */
struct zv_rule_span { uint16_t start_min, end_min; };

/* The most specific key that is given wins: holiday > mon..sun > workday/weekend > any. */
enum zv_rule_day {
	ZV_DAY_MON = 0, ZV_DAY_TUE, ZV_DAY_WED, ZV_DAY_THU, ZV_DAY_FRI, ZV_DAY_SAT, ZV_DAY_SUN,
	ZV_DAY_HOLIDAY, ZV_DAY_WORKDAY, ZV_DAY_WEEKEND, ZV_DAY_ANY, ZV_DAY_KEYS
};
struct zv_rule_hours {
	uint8_t tz;
	uint16_t zone;
	uint16_t calendar;   /* index in the set's calendars; ZV_CALENDAR_NONE: none named */
	bool given[ZV_DAY_KEYS];
	uint8_t n[ZV_DAY_KEYS];
	struct zv_rule_span spans[ZV_DAY_KEYS][ZV_RULE_SPANS_MAX];
};

enum zv_within_from { ZV_FROM_ANSWER = 0, ZV_FROM_GREETING_START, ZV_FROM_GREETING_END };
enum zv_optout_by { ZV_OPTOUT_NONE = 0, ZV_OPTOUT_PHONE, ZV_OPTOUT_IVR };
enum { ZV_CLI_SHOWN = 1, ZV_CLI_OWN_CONTRACT = 2, ZV_CLI_REGISTERED = 4, ZV_CLI_CALLABLE = 8, ZV_CLI_NATIONAL = 16 };

/* What a call must be like.  Treatments of several rules merge: the strictest of each. */
struct zv_rule_treat {
	uint32_t ring_min_ms;
	uint32_t agent_within_ms;  /* 0: not said */
	uint8_t within_from;       /* enum zv_within_from */
	uint32_t play_within_ms;   /* else_play; 0: not said */
	uint8_t optout;            /* enum zv_optout_by */
	uint32_t announce_within_ms;
	bool announce_each;
	uint8_t cli;               /* bits ZV_CLI_* */
	uint8_t label_max;         /* characters; 0: not said */
	uint8_t n_say, n_must_say, n_must_not;
	uint64_t say[ZV_RULE_NAMES_MAX], must_say[ZV_RULE_NAMES_MAX], must_not[ZV_RULE_NAMES_MAX]; /* zv_rule_name */
};

struct zv_rule_scrub { uint64_t list; uint16_t max_age_d; };

struct zv_rule {
	char id[32];
	char jur[ZV_JUR_MAX];
	uint8_t kind, effect, trust, override_by; /* enums above */
	bool revocable;
	int64_t from_ms, to_ms; /* eff, UTC; INT64_MIN, INT64_MAX where open.  The file's `to`
				   is its last day and holds to the end: to_ms is the next midnight */
	int32_t seen_day;       /* days since 1970 */
	uint8_t purposes, channels, modes, actors, parties, lines; /* bit (1 << enum); 0 = any */
	union {
		struct {
			uint8_t fact;    /* enum zv_fact */
			uint8_t key;     /* bits enum zv_rule_key */
			uint8_t n_windows;
			uint8_t channels_counted; /* bits; 0 = all */
			uint8_t exclude; /* bits enum zv_exclude */
			bool seconds;    /* unit seconds: dial_seconds are summed */
			uint32_t limit;
			struct zv_rule_window windows[ZV_RULE_WINDOWS_MAX];
		} freq;
		struct {
			uint8_t after, key;  /* fact, key bits */
			uint8_t unless_modes; /* bits */
			struct zv_rule_window window;
		} cooldown;
		struct zv_rule_hours hours;
		struct {
			uint8_t num, den, key;
			bool amd_fp_estimate;
			double limit, alarm_at; /* alarm_at 0: none */
			struct zv_rule_window window;
		} ratio;
		struct zv_rule_treat treat;
		struct {
			uint8_t n_need, n_scrub;
			uint8_t forbid_modes; /* bits */
			uint16_t revoke_n;
			uint8_t revoke_unit;  /* 0 none, 1 business_day, 2 day, 3 hour, 4 immediate */
			uint64_t need[ZV_RULE_NAMES_MAX];
			struct zv_rule_scrub scrub[ZV_RULE_NAMES_MAX];
		} consent;
		struct { uint8_t n_flags; uint64_t flags[ZV_RULE_NAMES_MAX]; } deny;
		struct {
			uint8_t what;    /* bits: 1 audio, 2 messages, 4 call_log, 8 abandon_log,
					    16 consent_proof, 32 decision_log */
			uint8_t from;    /* 0 event, 1 last_activity, 2 consent, 3 use */
			bool warn_subject;
			uint16_t years, months, days; /* ISO 8601 duration */
		} retain;
	} u;
};

/* Hash of a name in a rule, a mark or a registry (flag, consent, list, text to say): the same
 * for ever, it stands on disk.  Never 0. */
uint64_t zv_rule_name(const char *text, size_t len);
/* The hash of a caller number as the ledger keeps it (struct zv_contact). */
uint32_t zv_rule_caller(uint64_t e164);

/* ---- working days ---- */

#define ZV_CALENDAR_NONE  UINT16_MAX
#define ZV_CALENDARS_MAX  64
#define ZV_CALENDAR_YEARS 12

enum zv_day_type { ZV_DT_UNKNOWN = 0, ZV_DT_WORKDAY = 1, ZV_DT_WEEKEND = 2, ZV_DT_HOLIDAY = 3 };

/* One country's table: two bits a day (enum zv_day_type) of each year it was told of. */
struct zv_calendar {
	char id[16]; /* "RU" */
	uint8_t n_years;
	uint16_t years[ZV_CALENDAR_YEARS];
	uint8_t days[ZV_CALENDAR_YEARS][92]; /* day of the year 0..365 */
};
/* Type of a local day (since 1970); UNKNOWN when no table has its year. */
enum zv_day_type zv_calendar_day(const struct zv_calendar *calendar, int32_t day);

/* ---- the set ---- */

struct zv_rules {
	uint32_t n;
	struct zv_rule *v;        /* owned by whoever made the set (core/law) */
	uint32_t n_calendars;
	struct zv_calendar *calendars;
	uint64_t hash;            /* of the rule files' and calendars' bytes */
	char tz_version[12];      /* "2026a" of the system's time-zone data */
	int64_t reach_ms;         /* how far back any rule looks at a person */
	const struct zv_zones *zones; /* fixed zones of rules are numbers in it */
	uint64_t lists[ZV_RULE_NAMES_MAX]; /* every registry that a rule names */
	uint32_t n_lists;
};

/* Fills reach_ms and lists from v, and finds what no rule may say (limit windows of more than
 * 400 days, trust memory that does more than warn, ...).  ZV_EINVAL with the guilty index and a
 * static phrase. */
enum zv_err zv_rules_finish(struct zv_rules *rules, uint32_t *ret_rule, const char **ret_text) ZV_MUST_USE;
/* Is the rule one for this subject?  "US" binds "US" and "US-FL"; "US-FL" binds "US-FL", and
 * "US" too, whose state nobody knows: doubt means that it may bind. */
bool zv_jur_binds(const char *rule_jur, const char *subject_jur);

#endif
