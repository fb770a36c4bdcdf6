/* base/secrets.h -- the keys of calls, from the thread that agrees on them (sip) to the one that
 * uses them (media).  They never pass the engine, whose events and commands are recorded: those
 * carry slot and generation, and both ends look here.
 *
 * Threads: an entry is written by the one thread that owns the slot's signalling, and read by any;
 * a reader takes no lock and never holds the writer up.  Written before the event that leads to
 * the reading: the rings in between order the two.
 *
 * The memory is locked, left out of core dumps and wiped; nothing here is logged.
 */
#ifndef ZV_BASE_SECRETS_H
#define ZV_BASE_SECRETS_H

#include <stdint.h>

#include "zvonar/err.h"

#define ZV_SECRET_MAX 30 /* bytes of master key and salt (RFC 3711 8.2), the longest we know */

/* How a leg's media go. */
enum zv_secrecy {
	ZV_SECRECY_UNKNOWN = 0, /* nobody said so of that use of the slot, or its call is over: nothing
				 * may be sent */
	ZV_SECRECY_PLAIN,
	ZV_SECRECY_SRTP,
};

enum zv_srtp_suite {
	ZV_SUITE_NONE = 0,
	ZV_SUITE_AES_CM_128_HMAC_SHA1_80, /* RFC 4568 6.2.1 */
	ZV_SUITE_AES_CM_128_HMAC_SHA1_32,
	ZV_SUITE_AEAD_AES_128_GCM,        /* RFC 7714 */
	ZV_SUITES
};

/* Bytes of key and salt. */
static inline uint32_t zv_suite_key_len(enum zv_srtp_suite suite)
{
	return suite == ZV_SUITE_AEAD_AES_128_GCM ? 28 : 30;
}

struct zv_secret {
	uint32_t gen;    /* of the slot */
	uint8_t how;     /* enum zv_secrecy */
	uint8_t suite;   /* enum zv_srtp_suite */
	uint8_t pad[2];  /* 0 */
	uint8_t ours[ZV_SECRET_MAX], theirs[ZV_SECRET_MAX]; /* what we send by, what we hear by */
};

struct zv_secrets;

/* Boot only.  ZV_ENOMEM. */
enum zv_err zv_secrets_create(uint32_t n_slots, struct zv_secrets **ret_secrets) ZV_MUST_USE;
void zv_secrets_destroy(struct zv_secrets *secrets); /* accepts NULL */

/* The slot's writer. */
void zv_secrets_put(struct zv_secrets *secrets, uint32_t slot, const struct zv_secret *secret);
/* The slot's writer: that call is over.  Another generation's entry stays. */
void zv_secrets_wipe(struct zv_secrets *secrets, uint32_t slot, uint32_t gen);

/* Any thread.  How that use of the slot goes, and the version of the entry: it changes with each
 * put and wipe. */
enum zv_secrecy zv_secrets_how(const struct zv_secrets *secrets, uint32_t slot, uint32_t gen,
			       uint32_t *ret_version);
/* Any thread that may wait a moment.  The caller wipes what he got (explicit_bzero).  The version. */
uint32_t zv_secrets_get(const struct zv_secrets *secrets, uint32_t slot, struct zv_secret *ret_secret);

#endif
