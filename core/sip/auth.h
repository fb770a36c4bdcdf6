/* sip/auth.h -- the server's side of HTTP digest (RFC 2617, MD5, qop auth) for phones that
 * register, and who has guessed too often.
 *
 * Pure; any thread, one at a time for a guard.  What comes from outside is parsed with bounds;
 * what does not fit is refused.
 */
#ifndef ZV_SIP_AUTH_H
#define ZV_SIP_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "dial/mediaplan.h"
#include "zvonar/err.h"

/* An Authorization header's parameters. */
struct zv_auth {
	char user[64], realm[128], nonce[64], uri[288], cnonce[128];
	char response[33]; /* lower case */
	char nc[9];
	uint32_t count;    /* nc as a number */
	bool unescaped;    /* user had no escapes: it is the name itself */
};

/* params: `name=value` or `name="value"` strings up to NULL.  False: something is missing, too
 * long, or not MD5 with quality of protection auth. */
bool zv_auth_parse(const char *const *params, struct zv_auth *ret_auth);

/* Is the response the one that the owner of HA1 (32 hex digits) gives?  Takes the same time for
 * each wrong answer. */
bool zv_auth_right(const struct zv_auth *auth, const char *ha1, const char *method);

/* Nonces: time, number and a keyed hash of both and of the client's address. */
#define ZV_NONCE_SIZE 41
struct zv_nonce { int64_t ms; uint32_t number; };
void zv_nonce_text(const struct zv_key *key, const struct zv_nonce *nonce, uint64_t client,
		   char ret_text[ZV_NONCE_SIZE]);
/* False: not one of ours for this client. */
bool zv_nonce_parse(const struct zv_key *key, const char *text, uint64_t client,
		    struct zv_nonce *ret_nonce);

/* Wrong answers, by client: so many within a minute, then silence for a minute.  A table of
 * fixed size: of the clients that fall into one set the one that was quiet longest is forgotten,
 * a silenced one last. */
struct zv_guard;
/* sets: a power of two. */
enum zv_err zv_guard_create(uint32_t sets, struct zv_guard **ret_guard) ZV_MUST_USE;
void zv_guard_destroy(struct zv_guard *guard); /* accepts NULL */
bool zv_guard_silent(const struct zv_guard *guard, uint64_t client, int64_t now_ms);
/* True: from now on there is silence. */
bool zv_guard_wrong(struct zv_guard *guard, uint64_t client, int64_t now_ms, uint32_t max);

/* Clients are told apart by address; IPv6 by its /64.  Keyed, so that nobody can choose whom he
 * shares a set with. */
uint64_t zv_client_hash(const struct zv_key *key, const struct zv_ip *ip);

#endif
