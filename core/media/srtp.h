/* media/srtp.h -- SRTP and SRTCP (RFC 3711) of one leg, by libsrtp2.
 *
 * Threads: a way is made and destroyed on the thread that smith.h runs, since that allocates; in
 * between the media thread that owns the leg uses it alone.  libsrtp2 keeps the protocol (key
 * derivation, index, replay list); its two primitives are replaced by ours (primitives.c), because
 * Debian's are NSS's, which allocates fourteen times a packet.
 *
 * One thing still allocates on the media thread: the first packet of a new SSRC, once it has proved
 * to be authentic, gets a context of its own in libsrtp2; that is once a call, and four times at
 * most: then new SSRCs are refused.
 */
#ifndef ZV_MEDIA_SRTP_H
#define ZV_MEDIA_SRTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secrets.h"
#include "zvonar/err.h"

#define ZV_SRTP_ROOM  24u /* bytes that a packet may grow by */
#define ZV_SRTP_SSRCS 4u

struct zv_srtp; /* one way: what we send, or what we hear */

/* Once a process, before any thread; ZV_EIO: the library fails its own tests. */
enum zv_err zv_srtp_init(void) ZV_MUST_USE;

/* ZV_EINVAL: an unknown suite.  The key is copied. */
enum zv_err zv_srtp_sender(enum zv_srtp_suite suite, const uint8_t *key, uint32_t ssrc,
			   struct zv_srtp **ret_way) ZV_MUST_USE;
enum zv_err zv_srtp_receiver(enum zv_srtp_suite suite, const uint8_t *key,
			     struct zv_srtp **ret_way) ZV_MUST_USE;
void zv_srtp_destroy(struct zv_srtp *way); /* accepts NULL; wiped */

enum zv_srtp_take {
	ZV_SRTP_OK = 0,
	ZV_SRTP_FORGED,   /* does not authenticate, or is no such packet */
	ZV_SRTP_REPLAYED, /* came before, or is too old to know */
};

/* In place; data has ZV_SRTP_ROOM bytes behind *len.  False: it must not be sent. */
bool zv_srtp_protect(struct zv_srtp *way, uint8_t *data, uint32_t *len);
bool zv_srtp_protect_rtcp(struct zv_srtp *way, uint8_t *data, uint32_t *len);
/* In place.  Anything but OK: nothing of data may be used. */
enum zv_srtp_take zv_srtp_open(struct zv_srtp *way, uint8_t *data, uint32_t *len);
enum zv_srtp_take zv_srtp_open_rtcp(struct zv_srtp *way, uint8_t *data, uint32_t *len);

#endif
