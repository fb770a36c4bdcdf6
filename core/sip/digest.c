#include "sip/digest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/su_md5.h>

bool zv_digest_value(const char *text, const char *name, char *to, size_t size, bool *ret_bad)
{
	size_t n = strlen(name), used = 0;
	bool quoted;

	if (strncasecmp(text, name, n) != 0)
		return false;
	text += n;
	text += strspn(text, " \t");
	if (*text++ != '=')
		return false;
	text += strspn(text, " \t");
	quoted = *text == '"';
	if (quoted)
		text++;
	for (; *text != 0 && !(quoted && *text == '"'); text++) {
		if (quoted && *text == '\\' && text[1] != 0)
			text++;
		if (used + 1 >= size || (unsigned char)*text < 0x20) {
			*ret_bad = true;
			break;
		}
		to[used++] = *text;
	}
	to[used] = 0;
	return true;
}

/* auth among "auth,auth-int". */
static bool lists_auth(const char *qop)
{
	while (*qop != 0) {
		size_t n;

		qop += strspn(qop, " ,\t");
		n = strcspn(qop, " ,\t");
		if (n == 4 && strncasecmp(qop, "auth", 4) == 0)
			return true;
		qop += n;
	}
	return false;
}

bool zv_digest_take(struct zv_digest *digest, const char *const *params, const char *realm,
		    bool proxy)
{
	struct zv_digest d = {.proxy = proxy};
	bool has_realm = false, has_qop = false, bad = false;
	char word[128];

	for (; params != NULL && *params != NULL; params++) {
		if (zv_digest_value(*params, "realm", d.realm, sizeof(d.realm), &bad))
			has_realm = true;
		else if (zv_digest_value(*params, "nonce", d.nonce, sizeof(d.nonce), &bad))
			continue;
		else if (zv_digest_value(*params, "opaque", d.opaque, sizeof(d.opaque), &bad))
			d.has_opaque = true;
		else if (zv_digest_value(*params, "stale", word, sizeof(word), &bad))
			d.stale = strcasecmp(word, "true") == 0;
		else if (zv_digest_value(*params, "qop", word, sizeof(word), &bad)) {
			has_qop = true;
			d.qop_auth = lists_auth(word);
		} else if (zv_digest_value(*params, "algorithm", word, sizeof(word), &bad)) {
			if (strcasecmp(word, "MD5") != 0)
				return false;
			d.algorithm = true;
		}
	}
	if (bad || !has_realm || d.nonce[0] == 0 || (has_qop && !d.qop_auth))
		return false;
	if (realm[0] != 0 && strcmp(realm, d.realm) != 0)
		return false;
	*digest = d;
	return true;
}

void zv_digest_md5(const char *const *parts, int n, char ret_hex[33])
{
	su_md5_t md5;

	su_md5_init(&md5);
	for (int i = 0; i < n; i++) {
		if (i > 0)
			su_md5_update(&md5, ":", 1);
		su_md5_update(&md5, parts[i], (unsigned)strlen(parts[i]));
	}
	su_md5_hexdigest(&md5, ret_hex);
	su_md5_deinit(&md5);
}

/* Appends `name="value"` with quotes and backslashes escaped. */
static bool put_quoted(char *to, size_t size, size_t *used, const char *name, const char *value)
{
	int n = snprintf(to + *used, size - *used, "%s=\"", name);

	if (n < 0 || (size_t)n >= size - *used)
		return false;
	*used += (size_t)n;
	for (; *value != 0; value++) {
		if (*used + 4 >= size)
			return false;
		if (*value == '"' || *value == '\\')
			to[(*used)++] = '\\';
		to[(*used)++] = *value;
	}
	to[(*used)++] = '"';
	to[*used] = 0;
	return true;
}

bool zv_digest_answer(struct zv_digest *digest, const struct zv_digest_ask *ask, char *to,
		      size_t size)
{
	char a1[33], a2[33], response[33], nc[9], cnonce[17];
	size_t used = 0;
	int n;

	digest->nc++;
	(void)snprintf(nc, sizeof(nc), "%08x", digest->nc);
	(void)snprintf(cnonce, sizeof(cnonce), "%016llx", (unsigned long long)ask->cnonce);
	zv_digest_md5((const char *const[]){ask->user, digest->realm, ask->password}, 3, a1);
	zv_digest_md5((const char *const[]){ask->method, ask->uri}, 2, a2);
	if (digest->qop_auth)
		zv_digest_md5((const char *const[]){a1, digest->nonce, nc, cnonce, "auth", a2}, 6,
		       response);
	else
		zv_digest_md5((const char *const[]){a1, digest->nonce, a2}, 3, response);
	if (!put_quoted(to, size, &used, "Digest username", ask->user) ||
	    !put_quoted(to, size, &used, ", realm", digest->realm) ||
	    !put_quoted(to, size, &used, ", nonce", digest->nonce) ||
	    !put_quoted(to, size, &used, ", uri", ask->uri) ||
	    !put_quoted(to, size, &used, ", response", response))
		return false;
	if (digest->has_opaque && !put_quoted(to, size, &used, ", opaque", digest->opaque))
		return false;
	n = snprintf(to + used, size - used, "%s%s%s%s%s%s", digest->algorithm ? ", algorithm=MD5" : "",
		     digest->qop_auth ? ", qop=auth, nc=" : "", digest->qop_auth ? nc : "",
		     digest->qop_auth ? ", cnonce=\"" : "", digest->qop_auth ? cnonce : "",
		     digest->qop_auth ? "\"" : "");
	return n >= 0 && (size_t)n < size - used;
}
