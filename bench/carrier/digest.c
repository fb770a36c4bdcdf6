#include "digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "md5.h"

#define NONCE_LIFE_S 60
#define NONCE_CHARS  32

bool zvc_account_parse(const char *text, struct zvc_account *ret_account)
{
	struct zvc_account account = {0};
	char *parts[3] = {account.user, account.password, account.realm};

	for (unsigned i = 0; i < 3; i++) {
		const char *end = i < 2 ? strchr(text, ':') : text + strlen(text);
		size_t n;

		if (end == NULL)
			return false;
		n = (size_t)(end - text);
		if (n == 0 || n >= sizeof(account.user) || memchr(text, '"', n) != NULL)
			return false;
		memcpy(parts[i], text, n);
		text = end + 1;
	}
	*ret_account = account;
	return true;
}

/* 16 hex digits of the second, 16 of a keyed hash of it. */
static void make_nonce(const struct zvc_account *account, int64_t now_s,
                       char nonce[NONCE_CHARS + 1])
{
	const struct zv_key key = {account->secret, UINT64_C(0x6e6f6e6365)};
	uint8_t bytes[8];

	zv_put_be64(bytes, (uint64_t)now_s);
	(void)snprintf(nonce, NONCE_CHARS + 1, "%016" PRIx64 "%016" PRIx64, (uint64_t)now_s,
	               zv_siphash(&key, bytes, sizeof(bytes)));
}

static bool known_nonce(const struct zvc_account *account, struct zvc_str nonce, int64_t *ret_s)
{
	char made[NONCE_CHARS + 1];
	int64_t s = 0;

	if (nonce.n != NONCE_CHARS)
		return false;
	for (size_t i = 0; i < 16; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = memchr(digits, nonce.p[i], 16);

		if (at == NULL)
			return false;
		s = (int64_t)((uint64_t)s << 4 | (uint64_t)(at - digits));
	}
	make_nonce(account, s, made);
	*ret_s = s;
	return memcmp(made, nonce.p, NONCE_CHARS) == 0;
}

size_t zvc_digest_challenge(const struct zvc_account *account, int64_t now_s, bool stale, char *to,
                            size_t size)
{
	char nonce[NONCE_CHARS + 1];
	int n;

	make_nonce(account, now_s, nonce);
	n = snprintf(to, size, "Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"%s",
	             account->realm, nonce, stale ? ", stale=true" : "");
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static void add_str(struct zvc_md5 *md5, struct zvc_str s)
{
	zvc_md5_add(md5, s.p, s.n);
}

static void add_colon(struct zvc_md5 *md5)
{
	zvc_md5_add(md5, ":", 1);
}

static void add_text(struct zvc_md5 *md5, const char *text)
{
	zvc_md5_add(md5, text, strlen(text));
}

struct fields {
	struct zvc_str user, realm, nonce, uri, response, qop, nc, cnonce, algorithm;
};

static void expected(const struct zvc_account *account, struct zvc_str method,
                     const struct fields *f, char ret_hex[33])
{
	struct zvc_md5 md5;
	char ha1[33], ha2[33];

	zvc_md5_init(&md5);
	add_text(&md5, account->user);
	add_colon(&md5);
	add_text(&md5, account->realm);
	add_colon(&md5);
	add_text(&md5, account->password);
	zvc_md5_hex(&md5, ha1);
	zvc_md5_init(&md5);
	add_str(&md5, method);
	add_colon(&md5);
	add_str(&md5, f->uri);
	zvc_md5_hex(&md5, ha2);
	zvc_md5_init(&md5);
	add_text(&md5, ha1);
	add_colon(&md5);
	add_str(&md5, f->nonce);
	add_colon(&md5);
	if (f->qop.n > 0) {
		add_str(&md5, f->nc);
		add_colon(&md5);
		add_str(&md5, f->cnonce);
		add_colon(&md5);
		add_str(&md5, f->qop);
		add_colon(&md5);
	}
	add_text(&md5, ha2);
	zvc_md5_hex(&md5, ret_hex);
}

static bool read_fields(struct zvc_str header, struct fields *f, const char **ret_fault)
{
	if (header.n < 7 || strncasecmp(header.p, "Digest ", 7) != 0) {
		*ret_fault = "credentials are not Digest";
		return false;
	}
	header.p += 7;
	header.n -= 7;
	if (!zvc_param(header, ',', "username", &f->user) ||
	    !zvc_param(header, ',', "realm", &f->realm) ||
	    !zvc_param(header, ',', "nonce", &f->nonce) ||
	    !zvc_param(header, ',', "uri", &f->uri) ||
	    !zvc_param(header, ',', "response", &f->response)) {
		*ret_fault = "credentials lack username, realm, nonce, uri or response";
		return false;
	}
	(void)zvc_param(header, ',', "qop", &f->qop);
	(void)zvc_param(header, ',', "nc", &f->nc);
	(void)zvc_param(header, ',', "cnonce", &f->cnonce);
	(void)zvc_param(header, ',', "algorithm", &f->algorithm);
	return true;
}

enum zvc_credentials zvc_digest_check(const struct zvc_account *account, int64_t now_s,
                                      struct zvc_str method, struct zvc_str ruri,
                                      struct zvc_str header, const char **ret_fault)
{
	struct fields f = {0};
	char hex[33];
	int64_t made_s;

	*ret_fault = NULL;
	if (header.n == 0)
		return ZVC_CRED_NONE;
	if (!read_fields(header, &f, ret_fault))
		return ZVC_CRED_WRONG;
	if (!zvc_str_eq(f.uri, ruri))
		*ret_fault = "the digest's uri is not the Request-URI";
	else if (f.qop.n > 0 && (!zvc_str_is(f.qop, "auth") || f.nc.n != 8 || f.cnonce.n == 0))
		*ret_fault = "qop is not auth, or nc or cnonce is bad";
	else if (f.algorithm.n > 0 && !zvc_str_is_nocase(f.algorithm, "MD5"))
		*ret_fault = "the algorithm is not the one we asked for";
	else if (!zvc_str_is(f.realm, account->realm))
		*ret_fault = "credentials for another realm";
	if (*ret_fault != NULL)
		return ZVC_CRED_WRONG;
	if (!known_nonce(account, f.nonce, &made_s))
		return ZVC_CRED_STALE;
	expected(account, method, &f, hex);
	if (!zvc_str_is(f.user, account->user) || !zvc_str_is(f.response, hex))
		return ZVC_CRED_WRONG;
	return now_s - made_s > NONCE_LIFE_S || now_s < made_s ? ZVC_CRED_STALE : ZVC_CRED_RIGHT;
}
