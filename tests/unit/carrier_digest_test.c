#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "md5.h"

static struct zvc_str str(const char *text)
{
	return (struct zvc_str){text, strlen(text)};
}

static void md5_of(const char *text, char hex[33])
{
	struct zvc_md5 md5;

	zvc_md5_init(&md5);
	zvc_md5_add(&md5, text, strlen(text));
	zvc_md5_hex(&md5, hex);
}

/* The example of RFC 2617 3.5, computed the long way, so the formula itself is checked. */
Test(digest, formula_gives_the_response_of_rfc_2617)
{
	char ha1[33], ha2[33], text[200], response[33];

	md5_of("Mufasa:testrealm@host.com:Circle Of Life", ha1);
	md5_of("GET:/dir/index.html", ha2);
	(void)snprintf(text, sizeof(text),
	               "%s:dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:%s", ha1, ha2);
	md5_of(text, response);
	cr_assert_str_eq(response, "6629fae49393a05397450978507c4ef1");
}

Test(digest, needs_all_three_parts_of_an_account)
{
	struct zvc_account account;

	cr_assert(zvc_account_parse("bob:secret:carrier.example", &account));
	cr_assert_str_eq(account.user, "bob");
	cr_assert_str_eq(account.password, "secret");
	cr_assert_str_eq(account.realm, "carrier.example");
	cr_assert_not(zvc_account_parse("bob:secret", &account));
	cr_assert_not(zvc_account_parse("bob::realm", &account));
	cr_assert_not(zvc_account_parse("", &account));
	cr_assert_not(zvc_account_parse("bob:secret:re\"alm", &account));
}

Test(digest, a_nonce_ages)
{
	struct zvc_account account;
	char challenge[256], header[512], ha1[33], ha2[33], text[300], response[33];
	struct zvc_str nonce;
	const char *fault;

	cr_assert(zvc_account_parse("bob:secret:r", &account));
	account.secret = 42;
	cr_assert_gt(zvc_digest_challenge(&account, 1000, false, challenge, sizeof(challenge)), 0);
	cr_assert(zvc_param(str(challenge + 7), ',', "nonce", &nonce));
	md5_of("bob:r:secret", ha1);
	md5_of("INVITE:sip:1@h", ha2);
	(void)snprintf(text, sizeof(text), "%s:%.*s:00000001:c:auth:%s", ha1, (int)nonce.n, nonce.p,
	               ha2);
	md5_of(text, response);
	(void)snprintf(header, sizeof(header),
	               "Digest username=\"bob\", realm=\"r\", nonce=\"%.*s\", uri=\"sip:1@h\", "
	               "response=\"%s\", qop=auth, nc=00000001, cnonce=\"c\"",
	               (int)nonce.n, nonce.p, response);
	cr_assert_eq(zvc_digest_check(&account, 1001, str("INVITE"), str("sip:1@h"), str(header),
	                              &fault),
	             ZVC_CRED_RIGHT);
	cr_assert_eq(zvc_digest_check(&account, 1061, str("INVITE"), str("sip:1@h"), str(header),
	                              &fault),
	             ZVC_CRED_STALE);
	cr_assert_eq(
	        zvc_digest_check(&account, 1001, str("BYE"), str("sip:1@h"), str(header), &fault),
	        ZVC_CRED_WRONG);
	cr_assert_eq(
	        zvc_digest_check(&account, 1001, str("INVITE"), str("sip:1@h"), str(""), &fault),
	        ZVC_CRED_NONE);
	account.secret = 43;
	cr_assert_eq(zvc_digest_check(&account, 1001, str("INVITE"), str("sip:1@h"), str(header),
	                              &fault),
	             ZVC_CRED_STALE);
}
