#include "sip/sdes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LIFETIME_MIN (UINT64_C(1) << 20) /* packets: 50 a second for four hours are fewer */
#define LIFETIME_MAX (UINT64_C(1) << 48)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const char *const suites[ZV_SUITES] = {
	[ZV_SUITE_AES_CM_128_HMAC_SHA1_80] = "AES_CM_128_HMAC_SHA1_80",
	[ZV_SUITE_AES_CM_128_HMAC_SHA1_32] = "AES_CM_128_HMAC_SHA1_32",
	[ZV_SUITE_AEAD_AES_128_GCM] = "AEAD_AES_128_GCM",
};

struct text {
	const char *p, *end;
};

static bool next_word(struct text *t, struct text *ret_word)
{
	while (t->p < t->end && *t->p == ' ')
		t->p++;
	ret_word->p = t->p;
	while (t->p < t->end && *t->p != ' ')
		t->p++;
	ret_word->end = t->p;
	return ret_word->end > ret_word->p;
}

static bool is(struct text t, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(t.end - t.p) == n && memcmp(t.p, s, n) == 0;
}

static bool skip(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(t->end - t->p) < n || strncasecmp(t->p, s, n) != 0)
		return false;
	t->p += n;
	return true;
}

/* All of t is a decimal number up to max. */
static bool number(struct text t, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (t.p == t.end || t.end - t.p > 15)
		return false;
	for (; t.p < t.end; t.p++) {
		if (*t.p < '0' || *t.p > '9')
			return false;
		n = n * 10 + (uint64_t)(*t.p - '0');
	}
	*ret = n;
	return n <= max;
}

static int value_of(char c)
{
	const char *at = c != 0 ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* n bytes out of all of t, padded as it has to be (RFC 4648 4): nothing more, nothing less. */
static bool base64(struct text t, uint32_t n, uint8_t *ret)
{
	uint32_t have = 0, bits = 0, got = 0;
	size_t len = (size_t)(t.end - t.p), full = (n + 2) / 3 * 4, pad = (3 - n % 3) % 3;

	if (len != full)
		return false;
	for (size_t i = 0; i < len; i++) {
		int v = value_of(t.p[i]);

		if (i >= len - pad) {
			if (t.p[i] != '=')
				return false;
			continue;
		}
		if (v < 0)
			return false;
		have = have << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			ret[got++] = (uint8_t)(have >> bits);
		}
		have &= (1u << bits) - 1;
	}
	return got == n && have == 0;
}

/* "2^31" or "1048576" */
static bool lifetime_ok(struct text t)
{
	uint64_t n;

	if (skip(&t, "2^"))
		return number(t, 48, &n) && n >= 20;
	return number(t, LIFETIME_MAX, &n) && n >= LIFETIME_MIN;
}

/* inline:KEY[|LIFETIME]; with an MKI ("|1:4") or a second key (";") it is none for us. */
static bool key_ok(struct text t, enum zv_srtp_suite suite, uint8_t *ret_key)
{
	const char *bar;

	if (!skip(&t, "inline:") || memchr(t.p, ';', (size_t)(t.end - t.p)) != NULL)
		return false;
	bar = memchr(t.p, '|', (size_t)(t.end - t.p));
	if (bar == NULL)
		return base64(t, zv_suite_key_len(suite), ret_key);
	return lifetime_ok((struct text){bar + 1, t.end}) &&
	       base64((struct text){t.p, bar}, zv_suite_key_len(suite), ret_key);
}

static bool parse(struct text t, struct zv_sdes *s)
{
	struct text tag, suite, key, param;
	uint64_t n;

	if (!next_word(&t, &tag) || !next_word(&t, &suite) || !next_word(&t, &key) ||
	    tag.end - tag.p > 9 || !number(tag, 999999999, &n))
		return false;
	s->tag = (uint32_t)n;
	for (uint8_t i = 1; i < ZV_SUITES; i++)
		if (is(suite, suites[i]))
			s->suite = i;
	if (s->suite == ZV_SUITE_NONE || !key_ok(key, (enum zv_srtp_suite)s->suite, s->key))
		return false;
	while (next_word(&t, &param))
		if (!skip(&param, "WSH=") || !number(param, 999999999, &n))
			return false;
	return true;
}

bool zv_sdes_parse(const char *value, size_t len, struct zv_sdes *ret)
{
	struct zv_sdes s = {0};
	bool ok = parse((struct text){value, value + len}, &s);

	if (ok)
		*ret = s;
	explicit_bzero(&s, sizeof(s));
	return ok;
}

/* m=audio PORT RTP/SAVP ..., PORT not 0 */
static bool is_secure_audio(struct text t)
{
	struct text kind, port, proto;
	uint64_t n;

	return next_word(&t, &kind) && next_word(&t, &port) && next_word(&t, &proto) && is(kind, "audio") &&
	       number(port, 65535, &n) && n != 0 && is(proto, "RTP/SAVP");
}

uint32_t zv_sdes_find(const char *body, size_t len, struct zv_sdes *ret, uint32_t max)
{
	const char *p = body, *end = body + len;
	bool chosen = false, seen = false;
	uint32_t n = 0, looked = 0;

	while (p < end && !(seen && !chosen) && n < max && looked < ZV_SDES_LINES) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		struct text line = {p, lf != NULL ? lf : end};

		p = lf != NULL ? lf + 1 : end;
		if (line.end > line.p && line.end[-1] == '\r')
			line.end--;
		if (skip(&line, "m=")) {
			chosen = !seen && is_secure_audio(line);
			seen |= chosen;
		} else if (chosen && skip(&line, "a=crypto:")) {
			looked++;
			n += zv_sdes_parse(line.p, (size_t)(line.end - line.p), &ret[n]);
		}
	}
	return n;
}

size_t zv_sdes_write(const struct zv_sdes *s, char *to)
{
	uint32_t len = zv_suite_key_len((enum zv_srtp_suite)s->suite), bits = 0, have = 0, k = 0;
	char key[48];
	int n;

	for (uint32_t i = 0; i < len; i++) {
		have = have << 8 | s->key[i];
		for (bits += 8; bits >= 6; bits -= 6)
			key[k++] = alphabet[have >> (bits - 6) & 63];
		have &= (1u << bits) - 1;
	}
	if (bits > 0)
		key[k++] = alphabet[have << (6 - bits) & 63];
	while (k % 4 != 0)
		key[k++] = '=';
	key[k] = 0;
	n = snprintf(to, ZV_SDES_LINE, "a=crypto:%u %s inline:%s\r\n", s->tag, suites[s->suite], key);
	explicit_bzero(key, sizeof(key));
	return (size_t)n;
}
