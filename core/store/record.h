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

#define ZV_RECORD_VERSION 1
#define ZV_ATTRS_MAX      32768u
#define ZV_EXTERNAL_MAX   200u
#define ZV_ZONE_MAX       64u
#define ZV_VALUE_MAX      (ZV_ATTRS_MAX + 4096u)
#define ZV_NAMES_MAX      32u

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
};

struct zv_person_rec {
	char external_id[ZV_EXTERNAL_MAX + 1];
	uint8_t n_numbers;
	struct zv_number_brief numbers[ZV_NUMBERS_MAX]; /* zone unused */
	char zones[ZV_NUMBERS_MAX][ZV_ZONE_MAX];
};

struct zv_open_rec {
	struct zv_open_attempt a;
	uint64_t rules_hash;
	int64_t mono_ms;
	uint32_t counts;
	int64_t old_due_ms; /* where the lead stood before the intent */
	uint8_t old_class, old_state;
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
/* Without person, cal_ms and attempt: the key has them. */
void zv_ledger_encode(struct zv_w *w, const struct zv_ledger_row *row);
enum zv_err zv_ledger_decode(struct zv_r r, struct zv_ledger_row *ret_row) ZV_MUST_USE;
/* Without attempt, index and key text. */
void zv_outbox_encode(struct zv_w *w, const struct zv_outbox_row *row);
enum zv_err zv_outbox_decode(struct zv_r r, struct zv_outbox_row *ret_row) ZV_MUST_USE;

/* attrs is "name\0value\0..." as it must be. */
bool zv_attrs_ok(const char *attrs, size_t len);

#endif
