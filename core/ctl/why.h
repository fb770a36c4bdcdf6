/* ctl/why.h -- why a number may or may not be called: what the store knows of its persons, asked
 * of the rules as the engine asks them.  One thread. */
#ifndef ZV_CTL_WHY_H
#define ZV_CTL_WHY_H

#include "ctl/lawset.h"
#include "ctl/statement.h"
#include "ctl/whom.h"
#include "dial/rules/decide.h"
#include "law/numbering.h"

#define ZV_WHY_PERSONS_MAX 16
#define ZV_WHY_LEADS_MAX   64
#define ZV_WHY_PAST_MAX    40 /* decisions shown, the last ones */

struct zv_why_lead {
	uint64_t lead, person;
	uint32_t campaign, debt, topic;
	uint8_t party, state, category;
};

struct zv_why {
	struct zv_ctl *ctl;
	struct zv_store *store;
	struct zv_zones *zones;
	struct zv_numbering *numbering;
	struct zv_statements statements;
	struct zv_lawsets sets;
	const struct zv_lawset *set; /* in force at at_ms; NULL: none was kept */
	bool russian, asked_at;      /* asked_at: --at */
	uint64_t e164;
	int64_t at_ms;
	uint32_t n_persons, n_leads;
	uint64_t persons[ZV_WHY_PERSONS_MAX];
	struct zv_why_lead leads[ZV_WHY_LEADS_MAX];
};

/* One campaign's question about one contact, and its answer. */
struct zv_why_case {
	const struct zv_why *why;
	const struct zv_why_lead *lead;
	char campaign[64];
	const struct zv_statement *statement; /* NULL: the configuration has no such campaign */
	struct zv_person_slab slab;
	struct zv_ask ask;
	struct zv_verdict verdict;
};

/* A past decision with its rules' ids. */
struct zv_why_past {
	struct zv_evidence_row row;
	char campaign[64];
	char ids[ZV_EVIDENCE_COUNTS][32]; /* of counts */
	uint32_t limits[ZV_EVIDENCE_COUNTS]; /* of counts; UINT32_MAX: the set is not readable */
	bool other_set; /* not the set that answers now */
};

/* A reason in words for each case; text or JSON (why_text.c, why_json.c). */
void zv_why_text_begin(const struct zv_why *why);
void zv_why_text_case(const struct zv_why_case *c);
void zv_why_text_past(const struct zv_why *why, uint64_t person, const struct zv_why_past *past,
                      uint32_t n, uint32_t left_out);
json_t *zv_why_json_case(const struct zv_why_case *c);
json_t *zv_why_json_past(const struct zv_why_past *past);

/* The most telling fact of a contact, by its word. */
enum zv_fact zv_why_fact(const struct zv_contact *contact);
/* "2026-11-23 09:05:12 +03:00" in the zone; UTC without. */
void zv_why_time(const struct zv_tz *tz, int64_t ms, char *to, size_t size);
/* The first zone of the person; NULL: none is known. */
const struct zv_tz *zv_why_zone(const struct zv_why_case *c);
extern const char *const zv_fact_words[];

#endif
