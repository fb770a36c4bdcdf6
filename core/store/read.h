/* store/read.h -- reading the store for reports, exports and judges.
 *
 * Thread: any; each call has a read transaction of its own, so what one call tells is one
 * moment of the store.  The walks renew the transaction every few thousand rows, so that a long
 * export holds no old pages; a row is whole, a walk may see later rows newer than earlier ones.
 * Everything handed to a callback is borrowed and valid until it returns.  A callback answers
 * true to go on, false to end the walk (the walk is ZV_OK then).
 * Errors: ZV_EIO, ZV_ECORRUPT (a value's checksum is wrong), ZV_EVERSION (a newer value),
 * ZV_ENOENT where something is asked by its id.
 */
#ifndef ZV_STORE_READ_H
#define ZV_STORE_READ_H

#include "dial/rules/decide.h"
#include "store/store.h"

/* ---- leads ---- */

enum zv_lead_state {
	ZV_LEAD_DUE = 1,     /* stands in the due index */
	ZV_LEAD_OPEN = 2,    /* an intent is open: being called */
	ZV_LEAD_ASKING = 3,  /* an outcome stands, its next step does not yet */
	ZV_LEAD_FINAL = 4,   /* has its category; due_ms != 0: comes again then, next round */
	ZV_LEAD_REMOVED = 5, /* tombstone: category and history stay, attributes are gone */
};

struct zv_number_row {
	struct zv_number_brief brief; /* zone is 0: the name stands beside it */
	const char *zone;             /* IANA name; "" = none of its own */
};

struct zv_lead_row {
	uint64_t lead, person;
	uint32_t campaign;
	uint8_t state;     /* enum zv_lead_state */
	uint8_t category;  /* 1 + index in the campaign's categories, 0 = none yet */
	uint8_t round;
	uint8_t number;    /* index of the number to call next */
	uint8_t needs_step;
	uint8_t due_class; /* enum zv_due_class */
	uint8_t n_numbers;
	uint8_t n_history;
	uint32_t attempts; /* all that were sent, of every round */
	uint32_t source_row; /* row of the list it came from, 1 = the first after the header */
	int64_t due_ms;    /* calendar; 0 = stands in no due index */
	int64_t imported_ms, final_ms; /* calendar; final_ms: when it got its category, 0 = none */
	const char *external_id;       /* "" = none */
	const char *attrs;             /* "name\0value\0name\0value\0" */
	size_t attrs_len;
	uint32_t debt, topic;          /* hashes of what the list's columns say; 0 = none */
	uint8_t party;                 /* enum zv_party; 0 = the campaign's */
	uint8_t killed;                /* category it gets when the call that is on is over; 0 none */
	uint32_t owner;                /* 1 + id of the agent whose lead it is; 0 anybody's */
	uint32_t sla_s;                /* promised from acceptance to the first call; 0: the campaign's */
	int64_t accepted_ms;           /* calendar: when the API took it in, last; 0: a list brought it */
	int64_t first_ms;              /* calendar of the first intent since then; 0 none yet */
	struct zv_number_row numbers[ZV_NUMBERS_MAX];
	struct zv_attempt_brief history[ZV_HISTORY_MAX]; /* the last ones, oldest first */
};

enum zv_err zv_store_leads_each(struct zv_store *store, uint32_t campaign,
				bool (*fn)(void *arg, const struct zv_lead_row *row), void *arg) ZV_MUST_USE;
/* fn is called once.  ZV_ENOENT. */
enum zv_err zv_store_lead_get(struct zv_store *store, uint64_t lead,
			      bool (*fn)(void *arg, const struct zv_lead_row *row), void *arg) ZV_MUST_USE;
/* Leads that have this number, in every campaign. */
enum zv_err zv_store_number_each(struct zv_store *store, uint64_t e164,
				 bool (*fn)(void *arg, uint64_t lead, uint64_t person), void *arg) ZV_MUST_USE;

/* Value of an attribute, or NULL.  Pure. */
const char *zv_attr_find(const char *attrs, size_t len, const char *name);

/* ---- the attempt log ---- */

enum zv_log_kind {
	ZV_LOG_INTENT = 1,  /* flushed before the INVITE */
	ZV_LOG_LADDER = 2,  /* what: enum zv_ladder */
	ZV_LOG_DIALOG = 3,  /* the facts of an answered call came */
	ZV_LOG_OUTCOME = 4, /* amend = 1: settles an earlier `unknown` of the same attempt */
	ZV_LOG_STEP = 5,    /* what came next */
};

/* One entry.  Fields that a kind does not have are zero. */
struct zv_log_row {
	uint64_t seq;    /* running number, the order of the commits */
	uint8_t kind;    /* enum zv_log_kind */
	int64_t cal_ms;  /* calendar of the event */
	int64_t wall_ms; /* real time at which the store wrote it */
	int64_t mono_ms; /* intent, ladder: the engine's monotonic clock */
	struct zv_attempt_id attempt;
	struct zv_leg_id leg;
	uint64_t lead, person;
	uint32_t campaign;
	uint16_t trunk;
	uint8_t number, sub, round;
	/* intent, and ladder `sub` (caller) */
	uint64_t called, caller, rules_hash; /* called: hashed where the person was erased */
	uint32_t counts;
	/* ladder */
	uint8_t what;  /* enum zv_ladder */
	uint16_t code; /* of a ladder step */
	/* outcome */
	uint8_t outcome, result, ended_by, key, amend;
	uint16_t sip_code, q850;
	int64_t invite_ms, ring_ms, answer_ms, end_ms; /* as in the command */
	uint32_t agent;    /* 1 + id of the agent who talked; 0 nobody */
	uint8_t talk_kind; /* enum zv_talk_kind */
	/* step */
	uint8_t step, category, due_class, n_messages, messages[ZV_STEP_MESSAGES_MAX];
	uint8_t invalid_number, removed, fallback;
	int64_t due_ms;
};

/* In the order of the commits, from entry `from_seq` (0: all).  campaign 0: every one. */
enum zv_err zv_store_log_each(struct zv_store *store, uint32_t campaign, uint64_t from_seq,
			      bool (*fn)(void *arg, const struct zv_log_row *row), void *arg) ZV_MUST_USE;

/* Intents without an outcome. */
enum zv_err zv_store_open_each(struct zv_store *store, zv_open_fn fn, void *arg) ZV_MUST_USE;

/* ---- messages to send ---- */

struct zv_outbox_row {
	struct zv_attempt_id attempt; /* zero: of a step without an attempt */
	uint64_t lead;
	uint32_t campaign;
	uint8_t index;    /* of the message within its step */
	uint8_t message;  /* index into the campaign's messages */
	uint8_t sent;     /* 1: delivered */
	uint8_t refused;  /* 1: a rule forbids it for good: kept, never sent */
	uint8_t channel;  /* enum zv_channel; 0: not told (rows of before schema 2) */
	int64_t cal_ms;   /* when it was written, calendar */
	int64_t not_before_ms; /* it may leave then, calendar; 0: at once */
	uint64_t to;      /* E.164 digits of the number that was called */
	char key[48];     /* idempotency key: the same for ever, whoever sends it */
};

enum zv_err zv_store_outbox_each(struct zv_store *store, uint32_t campaign,
				 bool (*fn)(void *arg, const struct zv_outbox_row *row), void *arg) ZV_MUST_USE;

/* ---- ledger: what happened to a person, for the rules ---- */

/* Where a person was erased the keyed hash of a number (the store's secret) stands instead of it;
 * it has this bit, which no number has. */
#define ZV_NUMBER_HASHED (UINT64_C(1) << 63)

/* One contact: an attempt of ours, written with its outcome, or one that others told of (visit,
 * inbound call, message: the sender's token stands for the attempt). */
struct zv_ledger_row {
	uint64_t person, lead; /* lead 0: none of ours */
	struct zv_contact contact; /* open is 0 */
	uint8_t outcome; /* enum zv_outcome; NONE: no attempt of ours */
	uint8_t hashed;  /* 1: the person was erased: contact.e164 is a hash */
	uint8_t result;  /* 1 + index in the campaign's results; from version 3 on, as agent */
	uint8_t talk_kind; /* enum zv_talk_kind */
	uint32_t agent;  /* 1 + id of the agent who talked; 0 nobody */
	uint8_t version; /* of the row: 1 has no debt, topic, caller and channel, and its facts
			  * are what its outcome may have meant */
};

/* One person's, oldest first, from from_ms on (0: all). */
enum zv_err zv_store_ledger_each(struct zv_store *store, uint64_t person, int64_t from_ms,
				 bool (*fn)(void *arg, const struct zv_ledger_row *row), void *arg) ZV_MUST_USE;

/* ---- marks, suppressions, registries (written by told.h and registry.h) ---- */

struct zv_mark_row {
	uint64_t person;
	struct zv_mark mark;
	uint8_t source;     /* enum zv_suppress_source: the same persons set marks */
	int64_t set_ms;     /* calendar */
	const char *name;   /* text of mark.name; "" = nobody told it */
	const char *reason; /* "list base.csv row 7"; "" = none */
};
/* In the order of kind, by, name; ended ones too. */
enum zv_err zv_store_marks_each(struct zv_store *store, uint64_t person,
				bool (*fn)(void *arg, const struct zv_mark_row *row), void *arg) ZV_MUST_USE;

enum zv_suppress_kind { ZV_SUPPRESS_NUMBER = 1, ZV_SUPPRESS_PERSON = 2 };

struct zv_suppress_row {
	uint8_t kind;       /* enum zv_suppress_kind */
	uint8_t source;     /* enum zv_suppress_source */
	uint32_t campaign;  /* 0: everywhere */
	uint64_t id;        /* E.164 digits, or the person */
	int64_t since_ms, until_ms; /* calendar; until INT64_MAX: for good */
	const char *reason;
};
/* kind 0: all of the store; else those of one number or person, in every campaign. */
enum zv_err zv_store_suppressions_each(struct zv_store *store, uint8_t kind, uint64_t id,
				       bool (*fn)(void *arg, const struct zv_suppress_row *row),
				       void *arg) ZV_MUST_USE;

struct zv_registry_row {
	uint64_t list;   /* zv_rule_name of the name */
	const char *name;
	int64_t as_of_ms, loaded_ms; /* its age counts from as_of */
	uint64_t count;
};
enum zv_err zv_store_registries_each(struct zv_store *store,
				     bool (*fn)(void *arg, const struct zv_registry_row *row),
				     void *arg) ZV_MUST_USE;
/* ZV_ENOENT: the registry was never loaded. */
enum zv_err zv_store_registry_has(struct zv_store *store, uint64_t list, uint64_t e164,
				  bool *ret_yes) ZV_MUST_USE;

/* ---- evidence: why a contact was allowed or not ---- */

#define ZV_EVIDENCE_COUNTS 7

struct zv_evidence_row {
	uint64_t person;
	uint8_t answer;   /* enum zv_answer; YES and AGENT_ONLY stand with an attempt */
	uint8_t refusal;  /* enum zv_refusal, with NO */
	uint8_t detail;   /* enum zv_detail */
	uint8_t channel;  /* enum zv_channel */
	uint8_t part;     /* of a yes with more counts than one row holds */
	struct zv_attempt_id attempt; /* with a yes */
	int64_t at_ms;    /* calendar of the decision */
	int64_t until_ms; /* with NO; ZV_NEVER_MS */
	uint32_t campaign;
	uint64_t lead, e164;
	uint64_t rules_hash; /* see zv_store_ruleset_get */
	char tz_version[12];
	uint16_t rule;    /* index in that set */
	char rule_id[32]; /* with NO by a rule of an archived set; "" */
	uint8_t n_counts;
	struct { uint16_t rule, used, in_flight; } counts[ZV_EVIDENCE_COUNTS];
};
/* A person's (0: everyone's): first every no in the order of its end, then every yes in the order of the
 * attempts. */
enum zv_err zv_store_evidence_each(struct zv_store *store, uint64_t person,
				   bool (*fn)(void *arg, const struct zv_evidence_row *row),
				   void *arg) ZV_MUST_USE;

struct zv_ruleset {
	uint64_t hash;
	int64_t first_ms, last_ms; /* when it came into force first and last, calendar */
	char tz_version[12];       /* of the last time */
	uint32_t n;
	char (*ids)[32];           /* of each rule */
	char *text;                /* all files, as the archive gave them */
	size_t text_len;
};
/* ZV_ENOENT.  The caller ends with zv_store_ruleset_free. */
enum zv_err zv_store_ruleset_get(struct zv_store *store, uint64_t hash,
				 struct zv_ruleset *ret_set) ZV_MUST_USE;
void zv_store_ruleset_free(struct zv_ruleset *set);
/* Every archived set, without ids and text. */
enum zv_err zv_store_rulesets_each(struct zv_store *store,
				   bool (*fn)(void *arg, const struct zv_ruleset *set), void *arg) ZV_MUST_USE;

/* A campaign's counts by buckets of ZV_TALLY_MS, oldest first, from from_bucket on.  Campaign 0:
 * every one's. */
enum zv_err zv_store_tallies_each(struct zv_store *store, uint32_t campaign, int64_t from_bucket,
				  bool (*fn)(void *arg, uint32_t campaign, int64_t bucket,
					     const uint32_t n[ZV_FACTS]),
				  void *arg) ZV_MUST_USE;

/* ---- persons ---- */

/* What zones and lines are looked up by; "" = not told. */
struct zv_place_ask {
	uint32_t campaign;
	const char *jur, *zone, *registration, *region;
};
/* Fills slab->jur, residence, registration, and line and zones of each number (n_numbers and
 * e164 are there). */
typedef bool (*zv_place_fn)(void *arg, const struct zv_place_ask *ask, struct zv_person_slab *slab);

struct zv_slab_ask {
	uint64_t person;
	uint32_t campaign;
	int64_t now_ms;               /* calendar */
	const struct zv_rules *rules; /* reach and registries; NULL: 400 days, none */
	zv_place_fn place;            /* NULL: nothing is filled */
	void *arg;
};
/* What the lookahead would give the engine of a person at now_ms: for `why`.  Contacts later
 * than now_ms are left out.  ZV_ENOENT. */
enum zv_err zv_store_person_slab(struct zv_store *store, const struct zv_slab_ask *ask,
				 struct zv_person_slab *ret_slab) ZV_MUST_USE;

struct zv_person_row {
	uint64_t person;
	const char *external_id, *jur, *registration, *region, *language; /* "" = not told */
	int64_t erased_ms; /* 0: not erased */
	uint8_t n_numbers;
	struct zv_number_row numbers[ZV_NUMBERS_MAX];
};
/* fn is called once.  ZV_ENOENT. */
enum zv_err zv_store_person_get(struct zv_store *store, uint64_t person,
				bool (*fn)(void *arg, const struct zv_person_row *row), void *arg) ZV_MUST_USE;
/* Everyone who has this number, each once; also, last, one who had it and was erased. */
enum zv_err zv_store_persons_of(struct zv_store *store, uint64_t e164, uint64_t *ret_persons,
				uint32_t cap, uint32_t *ret_n) ZV_MUST_USE;

/* ---- names and facts of the store ---- */

struct zv_campaign_texts {
	uint8_t n_categories, n_results, n_messages;
	char categories[32][48], results[32][48], messages[32][48]; /* [0] is index 0 */
	char zone[64]; /* of leads without one of their own, as the last import had it; "" = none */
};
enum zv_err zv_store_campaign_texts(struct zv_store *store, uint32_t campaign,
				    struct zv_campaign_texts *ret_texts) ZV_MUST_USE;

struct zv_store_facts {
	uint32_t schema, least_readable, epoch;
	struct zv_key secret; /* Call-IDs derive from it: judges recompute them */
	int64_t calendar_ms;
	bool simulated;
	bool in_use; /* a zvonard runs on it now */
	uint64_t leads, persons, numbers, due, attempts, open, outbox, ledger, suppressions;
	uint64_t marks, registries, evidence, rulesets, erased;
	uint64_t map_bytes, used_bytes;
};
enum zv_err zv_store_facts(struct zv_store *store, struct zv_store_facts *ret_facts) ZV_MUST_USE;

#endif
