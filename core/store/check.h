/* store/check.h -- walks every table and proves that the store is whole: versions, checksums,
 * keys, cross references, counters.  One read transaction; zvonard may run.  Any thread. */
#ifndef ZV_STORE_CHECK_H
#define ZV_STORE_CHECK_H

#include "store/store.h"

struct zv_check_report {
	uint64_t records;  /* values looked at */
	uint64_t problems; /* 0: whole */
};

/* problem: one line each, borrowed; at most 1,000 are told, all are counted.  ZV_OK also when
 * there are problems; ZV_EIO if it could not be walked. */
enum zv_err zv_store_check(struct zv_store *store, void (*problem)(void *arg, const char *text),
			   void *arg, struct zv_check_report *ret_report) ZV_MUST_USE;

#endif
