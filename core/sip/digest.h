/* sip/digest.h -- the client's side of HTTP digest (RFC 2617, RFC 7616 with MD5) for a trunk.
 *
 * Thread: the shard that owns it.  No allocation; what does not fit is refused.
 */
#ifndef ZV_SIP_DIGEST_H
#define ZV_SIP_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A challenge as it was last given; empty nonce = none yet. */
struct zv_digest {
	char realm[128], nonce[256], opaque[256];
	bool qop_auth;     /* answer with qop=auth, nc and cnonce */
	bool has_opaque;
	bool algorithm;    /* it named MD5, so do we */
	bool proxy;        /* 407: Proxy-Authorization */
	bool stale;
	uint32_t nc;       /* answers given with this nonce */
};

/* One challenge's parameters, as `name=value` or `name="value"` strings up to NULL.  Takes it if
 * its algorithm is MD5 (or not named), its quality of protection is none or auth, and its realm
 * is `realm` ("" = any); false: it is of no use to us. */
bool zv_digest_take(struct zv_digest *digest, const char *const *params, const char *realm,
		    bool proxy);

struct zv_digest_ask {
	const char *user, *password, *method, *uri;
	uint64_t cnonce; /* never twice */
};

/* Writes the header's value ("Digest username=...") and counts the nonce; false: to is too
 * small. */
bool zv_digest_answer(struct zv_digest *digest, const struct zv_digest_ask *ask, char *to,
		      size_t size);

/* The value of `name=value` or `name="va\"lue"`; false: text has another name.  What does not
 * fit or has odd characters is cut short, and *ret_bad set (never cleared). */
bool zv_digest_value(const char *text, const char *name, char *to, size_t size, bool *ret_bad);

/* MD5 of the parts with colons between them, as 32 hex digits. */
void zv_digest_md5(const char *const *parts, int n, char ret_hex[33]);

#endif
