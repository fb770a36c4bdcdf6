/* store/erase.h -- forgetting: by age, as retention rules ask, and one person on demand.
 *
 * Thread: any, zvonard may run: work goes by batches of short transactions.  A job that was
 * stopped or killed goes on where it stood when it is started again with the same steps; a dry
 * run counts what would go and writes nothing.
 *
 * What stays of an erased person so that limits hold: his ledger rows, in which the keyed hash
 * (the store's secret) stands instead of the number; a row in `erased` for each number's hash;
 * his suppressions by person; the bare marks (kind, name's hash, times) without their texts.  When
 * a list brings one of his numbers again, he gets the same person id, and the lookahead finds his
 * contacts by the hash of the number.  Suppressions by number stay as they are: they exist to be
 * kept.  Of his requests their texts go.  His recordings are files: zv_store_recordings_expire with
 * his id removes them, before he is erased.
 */
#ifndef ZV_STORE_ERASE_H
#define ZV_STORE_ERASE_H

#include "store/read.h"

/* What is erased; bits.  The shell maps rules (retain.what) to them. */
enum zv_erase_what {
	ZV_ERASE_CALLS = 1,     /* attempt log and ledger rows: call_log */
	ZV_ERASE_MESSAGES = 2,  /* outbox rows that were sent or refused */
	ZV_ERASE_EVIDENCE = 4,  /* decision_log */
	ZV_ERASE_CONSENTS = 8,  /* ended marks of kind consent: consent_proof */
	ZV_ERASE_TALLIES = 16,  /* abandon_log */
	ZV_ERASE_SUPPRESSED = 32, /* suppressions whose time is over */
};
/* Age counts from here. */
enum zv_erase_from { ZV_ERASE_FROM_EVENT = 0, ZV_ERASE_FROM_LAST_ACTIVITY = 1 };

struct zv_erase_step {
	uint32_t what;     /* bits enum zv_erase_what */
	uint8_t from;      /* LAST_ACTIVITY: of the person: nothing goes while anything is younger */
	int64_t before_ms; /* what happened before this goes, calendar */
};

#define ZV_ERASE_STEPS_MAX 16

struct zv_erase_params {
	uint32_t n;
	struct zv_erase_step steps[ZV_ERASE_STEPS_MAX]; /* several of one kind: the earliest
							   before_ms decides (longest keeping) */
	int64_t now_ms;    /* calendar */
	/* Ledger rows younger than that are never erased, whatever a step says: the limits'
	 * reach.  0: 400 days. */
	int64_t reach_ms;
	bool dry_run;
	/* After each batch; false stops the job (ZV_OK, report.stopped). */
	bool (*progress)(void *arg, const char *table, uint64_t rows);
	void *arg;
};

struct zv_erase_report {
	uint64_t attempts, ledger, outbox, evidence, marks, tallies, suppressions; /* rows erased,
		in a dry run: that would be */
	uint64_t kept_active; /* rows old enough of persons with younger ones */
	bool stopped;
};

enum zv_err zv_erase_run(struct zv_store *store, const struct zv_erase_params *params,
			 struct zv_erase_report *ret_report) ZV_MUST_USE;

struct zv_erase_person_report {
	uint64_t leads, numbers, attributes, marks, ledger, outbox, evidence, log;
};
/* One person: attributes, external id, numbers, texts of marks go; ledger, outbox, evidence and
 * log rows get the number's keyed hash; his leads leave the due index for good (category and
 * history stay).  ZV_EAGAIN: one of his leads is being called: later.  ZV_ENOENT.  A kill in
 * between leaves him partly erased; calling it again finishes. */
enum zv_err zv_erase_person(struct zv_store *store, uint64_t person, int64_t now_ms, bool dry_run,
			    struct zv_erase_person_report *ret_report) ZV_MUST_USE;

#endif
