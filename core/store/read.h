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
	const char *zone;             /* IANA name */
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
	uint64_t called, caller, rules_hash;
	uint32_t counts;
	/* ladder */
	uint8_t what;  /* enum zv_ladder */
	uint16_t code; /* of a ladder step */
	/* outcome */
	uint8_t outcome, result, ended_by, key, amend;
	uint16_t sip_code, q850;
	int64_t invite_ms, ring_ms, answer_ms, end_ms; /* as in the command */
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
	int64_t cal_ms;   /* when it was written, calendar */
	uint64_t to;      /* E.164 digits of the number that was called */
	char key[48];     /* idempotency key: the same for ever, whoever sends it */
};

enum zv_err zv_store_outbox_each(struct zv_store *store, uint32_t campaign,
				 bool (*fn)(void *arg, const struct zv_outbox_row *row), void *arg) ZV_MUST_USE;

/* ---- ledger: what happened to a person, for the rules ---- */

enum { ZV_LEDGER_ATTEMPT = 1, ZV_LEDGER_CONNECT = 2, ZV_LEDGER_CONVERSATION = 4, ZV_LEDGER_ABANDON = 8 };

struct zv_ledger_row {
	uint64_t person;
	int64_t cal_ms;  /* of the intent */
	struct zv_attempt_id attempt;
	uint8_t what;    /* bits above */
	uint8_t outcome; /* enum zv_outcome */
	uint8_t number;
	uint32_t campaign;
	uint64_t e164, lead;
};

enum zv_err zv_store_ledger_each(struct zv_store *store, uint64_t person,
				 bool (*fn)(void *arg, const struct zv_ledger_row *row), void *arg) ZV_MUST_USE;

/* ---- names and facts of the store ---- */

struct zv_campaign_texts {
	uint8_t n_categories, n_results, n_messages;
	char categories[32][48], results[32][48], messages[32][48]; /* [0] is index 0 */
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
	uint64_t map_bytes, used_bytes;
};
enum zv_err zv_store_facts(struct zv_store *store, struct zv_store_facts *ret_facts) ZV_MUST_USE;

/* ---- do not call ---- */

/* A number on the list is never offered; why is kept (<= 63 bytes). */
enum zv_err zv_store_suppress(struct zv_store *store, uint64_t e164, const char *why,
			      int64_t now_cal_ms) ZV_MUST_USE;
enum zv_err zv_store_suppressed(struct zv_store *store, uint64_t e164, bool *ret_yes) ZV_MUST_USE;

#endif
