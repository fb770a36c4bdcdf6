/* http/idem.h -- answers kept by Idempotency-Key, so that a POST that is sent again is not done
 * again.  A table of fixed size; the answer that was wanted longest ago makes room.  Under the
 * server's lock. */
#ifndef ZV_HTTP_IDEM_H
#define ZV_HTTP_IDEM_H

#include "http/parse.h"

#define ZV_IDEM_MAX   4096u
#define ZV_IDEM_BYTES (16u << 20) /* of all answers kept */
#define ZV_IDEM_MS    INT64_C(86400000)
#define ZV_IDEM_NONE  UINT32_MAX

struct zv_idem;

enum zv_idem_found {
	ZV_IDEM_NEW,   /* yours now: end it with put or drop */
	ZV_IDEM_DOING, /* the first is not answered yet */
	ZV_IDEM_DONE,
	ZV_IDEM_OTHER, /* the key was another request's */
	ZV_IDEM_FULL
};
struct zv_idem_answer { unsigned status; const char *text; size_t len; };

enum zv_err zv_idem_create(struct zv_idem **ret_idem) ZV_MUST_USE;
void zv_idem_destroy(struct zv_idem *idem); /* accepts NULL */
/* sum: SHA-256 of method, path and body.  ret_answer: of DONE, valid until the next call. */
enum zv_idem_found zv_idem_find(struct zv_idem *idem, const char *subject, const char *key,
				const uint8_t sum[32], uint32_t *ret_index,
				struct zv_idem_answer *ret_answer);
void zv_idem_put(struct zv_idem *idem, uint32_t index, const struct zv_idem_answer *answer);
/* Nothing was done: the key may be used again. */
void zv_idem_drop(struct zv_idem *idem, uint32_t index);

#endif
