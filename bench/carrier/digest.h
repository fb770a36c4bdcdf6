/* carrier/digest.h -- the carrier's side of digest authentication (RFC 3261 22, RFC 2617: MD5,
 * qop=auth).  Pure: time is given. */
#ifndef ZVC_DIGEST_H
#define ZVC_DIGEST_H

#include "text.h"

struct zvc_account {
	char user[64], password[64], realm[64];
	uint64_t secret; /* nonces are made and known by it */
};

enum zvc_credentials { ZVC_CRED_NONE, ZVC_CRED_STALE, ZVC_CRED_WRONG, ZVC_CRED_RIGHT };

/* user:password:realm.  false: a part is missing or too long. */
bool zvc_account_parse(const char *text, struct zvc_account *ret_account);
/* The value of WWW- or Proxy-Authenticate. */
size_t zvc_digest_challenge(const struct zvc_account *account, int64_t now_s, bool stale, char *to,
                            size_t size);
/* fault: NULL or what is wrong with the header's form. */
enum zvc_credentials zvc_digest_check(const struct zvc_account *account, int64_t now_s,
                                      struct zvc_str method, struct zvc_str ruri,
                                      struct zvc_str header, const char **ret_fault);

#endif
