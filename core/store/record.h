/* store/record.h -- the stored records and their bytes.  Pure.
 *
 * Decoders take the fields between version and checksum (db.c has checked those), accept
 * versions up to ZV_RECORD_VERSION and check every length and enum: ZV_ECORRUPT otherwise.
 */
#ifndef ZV_STORE_RECORD_H
#define ZV_STORE_RECORD_H

#include "dial/recover.h"
#include "store/codec.h"
#include "store/read.h"
#include "store/recording.h"
#include "store/request.h"

#define ZV_RECORD_VERSION 3 /* values are written so; older ones are read */
#define ZV_ATTRS_MAX      32768u
#define ZV_EXTERNAL_MAX   200u
#define ZV_ZONE_MAX       64u
#define ZV_VALUE_MAX      (ZV_ATTRS_MAX + 4096u)
#define ZV_NAMES_MAX      32u
#define ZV_TOLD_MAX       201u /* a reason or name and its end */

/* A lead's id is its campaign (upper 24 bits) and a running number (lower 40). */
#define ZV_LEAD_SEQ_BITS 40

static inline uint32_t zv_lead_campaign(uint64_t lead)
{
	return (uint32_t)(lead >> ZV_LEAD_SEQ_BITS);
}

struct zv_lead_rec {
	uint64_t person;
	uint8_t state, category, round, number, needs_step, due_class, n_history;
	int64_t due_ms; /* 0: no due entry */
	uint32_t attempts, source_row;
	int64_t imported_ms, final_ms;
	struct zv_attempt_id last_attempt; /* zero: none yet */
	struct zv_attempt_brief history[ZV_HISTORY_MAX];
	const char *attrs; /* borrowed from the value that was decoded */
	uint32_t attrs_len;
	uint32_t debt, topic; /* from version 2 on, as party */
	uint8_t party;
	/* from version 3 on */
	uint8_t killed;      /* category that it gets when the call that is on is over; 0 none */
	uint32_t owner;      /* 1 + id of the agent whose lead it is; 0 anybody's */
	uint32_t sla_s;      /* promised from acceptance to the first call; 0: the campaign's */
	int64_t accepted_ms; /* calendar: when the API took it in, last, or when it is due by its wish if
			      * that is later; 0: a list brought it */
	int64_t first_ms;    /* calendar of the first intent since then; 0 none yet */
};

struct zv_person_rec {
	char external_id[ZV_EXTERNAL_MAX + 1];
	uint8_t n_numbers;
	struct zv_number_brief numbers[ZV_NUMBERS_MAX]; /* zone unused */
	char zones[ZV_NUMBERS_MAX][ZV_ZONE_MAX]; /* "" = none of its own */
	/* from version 2 on */
	char jur[ZV_JUR_MAX], registration[ZV_ZONE_MAX], region[ZV_ZONE_MAX], language[12];
	int64_t erased_ms; /* 0: not erased; else nothing but this is left */
};

struct zv_open_rec {
	struct zv_open_attempt a;
	uint64_t rules_hash;
	int64_t mono_ms;
	uint32_t counts;
	int64_t old_due_ms; /* where the lead stood before the intent */
	uint8_t old_class, old_state;
	uint32_t debt, topic, caller_hash; /* from version 2 on, as channel */
	uint8_t channel;
};

/* A campaign is two values: what it is called, and its counters. */
struct zv_names_rec {
	char name[64];
	uint8_t n_categories, n_results, n_messages;
	char categories[ZV_NAMES_MAX][48], results[ZV_NAMES_MAX][48], messages[ZV_NAMES_MAX][48];
};

struct zv_counts_rec {
	uint8_t state;
	uint64_t leads, finals;
	uint64_t by_category[ZV_NAMES_MAX];
	int64_t started_ms, completed_ms;
};

/* Texts are borrowed or, when decoded, lie in the record. */
struct zv_mark_rec {
	int64_t from_ms, to_ms, set_ms;
	uint8_t source;
	char name[ZV_TOLD_MAX], reason[ZV_TOLD_MAX];
};

struct zv_suppress_rec {
	int64_t since_ms, until_ms;
	uint8_t source;
	char reason[ZV_TOLD_MAX];
};

/* gen: rows with this number in their keys are the registry; next: of the load that runs or was
 * the last to begin. */
struct zv_registry_rec {
	char name[ZV_TOLD_MAX];
	int64_t as_of_ms, loaded_ms;
	uint64_t count;
	uint32_t gen;
};

struct zv_ruleset_rec {
	int64_t first_ms, last_ms;
	char tz_version[12];
	uint16_t n;
	uint32_t text_len;
};

void zv_lead_encode(struct zv_w *w, const struct zv_lead_rec *lead);
enum zv_err zv_lead_decode(struct zv_r r, struct zv_lead_rec *ret_lead) ZV_MUST_USE;
void zv_person_encode(struct zv_w *w, const struct zv_person_rec *person);
enum zv_err zv_person_decode(struct zv_r r, struct zv_person_rec *ret_person) ZV_MUST_USE;
void zv_open_encode(struct zv_w *w, const struct zv_open_rec *open);
enum zv_err zv_open_decode(struct zv_r r, struct zv_open_rec *ret_open) ZV_MUST_USE;
void zv_names_encode(struct zv_w *w, const struct zv_names_rec *names);
enum zv_err zv_names_decode(struct zv_r r, struct zv_names_rec *ret_names) ZV_MUST_USE;
void zv_counts_encode(struct zv_w *w, const struct zv_counts_rec *counts);
enum zv_err zv_counts_decode(struct zv_r r, struct zv_counts_rec *ret_counts) ZV_MUST_USE;
/* seq is the key and stays zero. */
void zv_log_encode(struct zv_w *w, const struct zv_log_row *row);
enum zv_err zv_log_decode(struct zv_r r, struct zv_log_row *ret_row) ZV_MUST_USE;
/* Without person, at_ms and attempt: the key has them. */
void zv_ledger_encode(struct zv_w *w, const struct zv_ledger_row *row);
enum zv_err zv_ledger_decode(struct zv_r r, struct zv_ledger_row *ret_row) ZV_MUST_USE;
/* Without attempt, index and key text. */
void zv_outbox_encode(struct zv_w *w, const struct zv_outbox_row *row);
enum zv_err zv_outbox_decode(struct zv_r r, struct zv_outbox_row *ret_row) ZV_MUST_USE;

void zv_mark_encode(struct zv_w *w, const struct zv_mark_rec *mark);
enum zv_err zv_mark_decode(struct zv_r r, struct zv_mark_rec *ret_mark) ZV_MUST_USE;
/* Of the keys with a kind; the old ones (a number alone) have time and text. */
void zv_suppress_encode(struct zv_w *w, const struct zv_suppress_rec *rec);
enum zv_err zv_suppress_decode(struct zv_r r, struct zv_suppress_rec *ret_rec) ZV_MUST_USE;
enum zv_err zv_suppress_decode_old(struct zv_r r, struct zv_suppress_rec *ret_rec) ZV_MUST_USE;
void zv_registry_encode(struct zv_w *w, const struct zv_registry_rec *rec);
enum zv_err zv_registry_decode(struct zv_r r, struct zv_registry_rec *ret_rec) ZV_MUST_USE;
/* Without person, attempt, part (yes) or until (no): the key has them. */
void zv_evidence_encode(struct zv_w *w, const struct zv_evidence_row *row);
enum zv_err zv_evidence_decode(struct zv_r r, struct zv_evidence_row *ret_row) ZV_MUST_USE;
void zv_ruleset_encode(struct zv_w *w, const struct zv_ruleset_rec *rec);
enum zv_err zv_ruleset_decode(struct zv_r r, struct zv_ruleset_rec *ret_rec) ZV_MUST_USE;
void zv_tally_encode(struct zv_w *w, const uint32_t n[ZV_FACTS]);
enum zv_err zv_tally_decode(struct zv_r r, uint32_t ret_n[ZV_FACTS]) ZV_MUST_USE;

/* Texts are borrowed from the value.  Without attempt or id: the key has them (record_work.c). */
void zv_note_encode(struct zv_w *w, const struct zv_note *note);
enum zv_err zv_note_decode(struct zv_r r, struct zv_note *ret_note) ZV_MUST_USE;
void zv_recording_encode(struct zv_w *w, const struct zv_recording *rec);
enum zv_err zv_recording_decode(struct zv_r r, struct zv_recording *ret_rec) ZV_MUST_USE;
void zv_request_encode(struct zv_w *w, const struct zv_request *req);
enum zv_err zv_request_decode(struct zv_r r, struct zv_request *ret_req) ZV_MUST_USE;

/* attrs is "name\0value\0..." as it must be. */
bool zv_attrs_ok(const char *attrs, size_t len);

#endif
