/* store/check_in.h -- private to check.c and check_told.c. */
#ifndef ZV_STORE_CHECK_IN_H
#define ZV_STORE_CHECK_IN_H

#include "store/check.h"
#include "store/db.h"

/* What a campaign's leads add up to. */
struct zv_check_sums {
	uint32_t id;
	uint64_t leads, finals, by_category[ZV_NAMES_MAX];
};

/* A campaign's quarter of an hour as the ledger has it. */
struct zv_check_tally {
	uint32_t campaign;
	bool used;
	int64_t bucket;
	uint32_t n[ZV_FACTS];
};

struct zv_check {
	struct zv_txn *txn;
	void (*problem)(void *arg, const char *text);
	void *arg;
	struct zv_check_report report;
	struct zv_check_sums *sums;
	uint32_t n_sums, cap_sums;
	uint64_t tasks; /* check_work.c: entries that the requests ask for */
	uint64_t due_leads, ask_leads, open_leads, externals, last_seq;
	struct zv_lead_rec lead;
	struct zv_person_rec person;
	/* check_told.c */
	uint64_t log_from; /* what erasing by age left: whole from there on */
	int64_t ledger_from, evidence_from, tallies_from;
	uint64_t outcomes, contacts; /* attempts that have an outcome in the log; in the ledger */
	struct zv_check_tally *tallies; /* a hash table */
	uint32_t tally_mask, n_tallies;
	bool tallies_bad;  /* no memory for them */
	uint64_t list;     /* registry whose rows are counted */
	uint32_t gen;
	uint64_t list_rows, list_count;
	bool list_known;
	uint8_t ruleset_part;
	uint64_t tally_rows;
};

__attribute__((format(printf, 2, 3))) void zv_check_tell(struct zv_check *c, const char *fmt, ...);
bool zv_check_has(struct zv_check *c, enum zv_table table, const void *key, size_t n);

enum zv_err zv_check_edges(struct zv_check *c) ZV_MUST_USE;
/* An entry of the log against ledger and evidence. */
void zv_check_attempt(struct zv_check *c, const struct zv_log_row *row);
/* A value of what people do: call-backs, notes, requests, recordings, leads given by the API. */
void zv_check_work(struct zv_check *c, enum zv_table table, const MDB_val *key, struct zv_r r);
bool zv_check_lead_of(struct zv_check *c, uint64_t id); /* into c->lead */
/* A value of a table of what was told. */
void zv_check_told(struct zv_check *c, enum zv_table table, const MDB_val *key, struct zv_r r);
void zv_check_sum_up(struct zv_check *c);

#endif
