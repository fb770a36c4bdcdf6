/* store/slab.h -- private: fills a person's slab (dial/rules/person.h) in a read transaction.
 * Thread: the one that owns the transaction. */
#ifndef ZV_STORE_SLAB_H
#define ZV_STORE_SLAB_H

#include "store/db.h"

/* Cursors and heads of registries of one read transaction. */
struct zv_slab_reader {
	struct zv_txn *txn;
	MDB_cursor *ledger, *marks, *suppressions, *registries;
	const struct zv_rules *rules; /* NULL: none */
	bool past; /* as the store stood at ask.now_ms, as far as it tells */
	uint32_t n_lists;
	struct { uint64_t list; int64_t as_of_ms; uint32_t gen; bool there; } lists[ZV_RULE_NAMES_MAX];
};

enum zv_err zv_slab_begin(struct zv_slab_reader *reader, struct zv_txn *txn,
			  const struct zv_rules *rules) ZV_MUST_USE;
void zv_slab_end(struct zv_slab_reader *reader); /* before the transaction ends */

/* person: the decoded record.  ask->rules is not looked at. */
enum zv_err zv_slab_fill(struct zv_slab_reader *reader, const struct zv_slab_ask *ask,
			 const struct zv_person_rec *person, struct zv_person_slab *slab) ZV_MUST_USE;

#endif
