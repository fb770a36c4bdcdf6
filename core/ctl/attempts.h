/* ctl/attempts.h -- a small set of attempts by id, each with what a walk over the log keeps. */
#ifndef ZV_CTL_ATTEMPTS_H
#define ZV_CTL_ATTEMPTS_H

#include <stddef.h>

#include "dial/ids.h"
#include "zvonar/err.h"

struct zv_attempt_mark {
	struct zv_attempt_id id;
	uint32_t wave;
	bool connected;
	bool used;
};

struct zv_attempts {
	struct zv_attempt_mark *v; /* open addressing; cap a power of two, at most half full */
	size_t n, cap;
};

/* Adds, or sets anew.  ZV_ENOMEM. */
enum zv_err zv_attempts_put(struct zv_attempts *a, struct zv_attempt_id id,
                            uint32_t wave) ZV_MUST_USE;
/* NULL: not there.  Valid until the next put or take. */
struct zv_attempt_mark *zv_attempts_find(const struct zv_attempts *a, struct zv_attempt_id id);
/* Removes it; false: it was not there and *ret_mark is left alone. */
bool zv_attempts_take(struct zv_attempts *a, struct zv_attempt_id id,
                      struct zv_attempt_mark *ret_mark);
void zv_attempts_free(struct zv_attempts *a);

#endif
