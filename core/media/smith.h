/* media/smith.h -- makes the SRTP ways of legs, and takes them apart, off the media threads: both
 * allocate.
 *
 * Threads: one of its own, made here.  ask and take are for media thread `thread` alone and wait
 * for nothing.  What goes between is media's own: ways by pointer, never a key.
 */
#ifndef ZV_MEDIA_SMITH_H
#define ZV_MEDIA_SMITH_H

#include "base/secrets.h"
#include "media/srtp.h"

enum zv_smith_what { ZV_SMITH_MAKE = 1, ZV_SMITH_SCRAP };

struct zv_smith_work {
	uint8_t what;
	uint8_t suite;    /* MAKE: of the way out that the leg has, which is kept if it is that still;
			   * answer: of the one it has now */
	uint8_t made;     /* answer: 0: there are no keys (any more), or no memory */
	uint32_t id;      /* the asker's */
	uint32_t slot, gen;
	uint32_t ssrc;    /* ours */
	uint32_t version; /* answer: of the entry that the ways are made of */
	struct zv_srtp *out, *in; /* SCRAP: taken; answer: the asker's; NULL: none */
};

struct zv_smith;

/* n_streams: of one media thread, the most.  Boot. */
enum zv_err zv_smith_create(const struct zv_secrets *secrets, uint32_t n_threads, uint32_t n_streams,
			    struct zv_smith **ret_smith) ZV_MUST_USE;
void zv_smith_destroy(struct zv_smith *smith); /* the media threads have ended; accepts NULL */

bool zv_smith_ask(struct zv_smith *smith, uint32_t thread, const struct zv_smith_work *work);
uint32_t zv_smith_take(struct zv_smith *smith, uint32_t thread, struct zv_smith_work *ret_work, uint32_t max);

#endif
