/* store/erase_in.h -- private to erase_person.c, erase_work.c and request.c. */
#ifndef ZV_STORE_ERASE_IN_H
#define ZV_STORE_ERASE_IN_H

#include "store/db.h"

/* What was written of that talk goes. */
enum zv_err zv_erase_note(struct zv_txn *txn, struct zv_attempt_id attempt) ZV_MUST_USE;
/* External ids and requests; in transactions of their own. */
enum zv_err zv_erase_work(struct zv_store *store, uint64_t person, const uint64_t *leads,
			  uint32_t n_leads) ZV_MUST_USE;
/* The texts of a person's requests go; that there were some stays. */
enum zv_err zv_erase_requests(struct zv_store *store, struct zv_txn *txn, uint64_t person) ZV_MUST_USE;

#endif
