#include "sip/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sip/digest.h"

#define MINUTE_MS 60000
#define WAYS 8

static bool is_hex(const char *text, size_t n)
{
	return strspn(text, "0123456789abcdefABCDEF") == n && text[n] == 0;
}

static void lower(char *text)
{
	for (; *text != 0; text++)
		if (*text >= 'A' && *text <= 'F')
			*text = (char)(*text - 'A' + 'a');
}

bool zv_auth_parse(const char *const *params, struct zv_auth *ret_auth)
{
	struct zv_auth a = {0};
	char word[64];
	bool bad = false, qop = false;

	for (; params != NULL && *params != NULL && !bad; params++) {
		const char *p = *params;

		if (zv_digest_value(p, "username", a.user, sizeof(a.user), &bad))
			a.unescaped = strchr(p, '\\') == NULL;
		else if (zv_digest_value(p, "realm", a.realm, sizeof(a.realm), &bad) ||
			 zv_digest_value(p, "nonce", a.nonce, sizeof(a.nonce), &bad) ||
			 zv_digest_value(p, "uri", a.uri, sizeof(a.uri), &bad) ||
			 zv_digest_value(p, "cnonce", a.cnonce, sizeof(a.cnonce), &bad) ||
			 zv_digest_value(p, "response", a.response, sizeof(a.response), &bad) ||
			 zv_digest_value(p, "nc", a.nc, sizeof(a.nc), &bad))
			continue;
		else if (zv_digest_value(p, "qop", word, sizeof(word), &bad))
			qop = strcasecmp(word, "auth") == 0;
		else if (zv_digest_value(p, "algorithm", word, sizeof(word), &bad))
			bad |= strcasecmp(word, "MD5") != 0;
	}
	if (bad || !qop || a.user[0] == 0 || a.nonce[0] == 0 || a.uri[0] == 0 ||
	    a.cnonce[0] == 0 || !is_hex(a.response, 32) || !is_hex(a.nc, 8))
		return false;
	lower(a.response);
	a.count = (uint32_t)strtoul(a.nc, NULL, 16);
	*ret_auth = a;
	return true;
}

bool zv_auth_right(const struct zv_auth *auth, const char *ha1, const char *method)
{
	char a2[33], want[33];
	unsigned differs = 0;

	zv_digest_md5((const char *const[]){method, auth->uri}, 2, a2);
	zv_digest_md5((const char *const[]){ha1, auth->nonce, auth->nc, auth->cnonce, "auth", a2},
		      6, want);
	for (int i = 0; i < 32; i++)
		differs |= (unsigned)(unsigned char)want[i] ^ (unsigned char)auth->response[i];
	return differs == 0;
}

/* ---- nonces ---- */

static uint64_t nonce_mac(const struct zv_key *key, const struct zv_nonce *nonce, uint64_t client)
{
	uint64_t text[4] = {UINT64_C(0x6e6f6e6365), (uint64_t)nonce->ms, nonce->number, client};

	return zv_siphash(key, text, sizeof(text));
}

void zv_nonce_text(const struct zv_key *key, const struct zv_nonce *nonce, uint64_t client,
		   char ret_text[ZV_NONCE_SIZE])
{
	(void)snprintf(ret_text, ZV_NONCE_SIZE, "%016llx%08x%016llx",
		       (unsigned long long)nonce->ms, nonce->number,
		       (unsigned long long)nonce_mac(key, nonce, client));
}

bool zv_nonce_parse(const struct zv_key *key, const char *text, uint64_t client,
		    struct zv_nonce *ret_nonce)
{
	struct zv_nonce n;
	char part[17];

	if (!is_hex(text, ZV_NONCE_SIZE - 1))
		return false;
	memcpy(part, text, 16);
	part[16] = 0;
	n.ms = (int64_t)strtoull(part, NULL, 16);
	memcpy(part, text + 16, 8);
	part[8] = 0;
	n.number = (uint32_t)strtoul(part, NULL, 16);
	if (strtoull(text + 24, NULL, 16) != nonce_mac(key, &n, client))
		return false;
	*ret_nonce = n;
	return true;
}

/* ---- guesses ---- */

struct guess {
	uint64_t client; /* 0: free */
	int64_t from_ms; /* of the minute that counts, or of the silence */
	uint32_t wrong;
	bool silent;
};

struct zv_guard {
	uint32_t sets;
	struct guess v[][WAYS];
};

enum zv_err zv_guard_create(uint32_t sets, struct zv_guard **ret_guard)
{
	struct zv_guard *g = calloc(1, sizeof(*g) + sets * sizeof(g->v[0]));

	if (g == NULL)
		return ZV_ENOMEM;
	g->sets = sets;
	*ret_guard = g;
	return ZV_OK;
}

void zv_guard_destroy(struct zv_guard *guard)
{
	free(guard);
}

static bool is_over(const struct guess *e, int64_t now_ms)
{
	return now_ms - e->from_ms >= MINUTE_MS;
}

bool zv_guard_silent(const struct zv_guard *guard, uint64_t client, int64_t now_ms)
{
	const struct guess *set = guard->v[client & (guard->sets - 1)];

	for (int i = 0; i < WAYS; i++)
		if (set[i].client == client)
			return set[i].silent && !is_over(&set[i], now_ms);
	return false;
}

/* Who goes first: the free, the silenced whose time is over, the oldest that still may. */
static struct guess *place_for(struct guess *set, int64_t now_ms)
{
	struct guess *best = &set[0];

	for (int i = 0; i < WAYS; i++) {
		bool held = set[i].silent && !is_over(&set[i], now_ms);
		bool best_held = best->silent && !is_over(best, now_ms);

		if (set[i].client == 0)
			return &set[i];
		if (held < best_held || (held == best_held && set[i].from_ms < best->from_ms))
			best = &set[i];
	}
	return best;
}

bool zv_guard_wrong(struct zv_guard *guard, uint64_t client, int64_t now_ms, uint32_t max)
{
	struct guess *set = guard->v[client & (guard->sets - 1)], *e = NULL;

	if (max == 0)
		return false;
	for (int i = 0; i < WAYS; i++)
		if (set[i].client == client)
			e = &set[i];
	if (e == NULL) {
		e = place_for(set, now_ms);
		*e = (struct guess){.client = client, .from_ms = now_ms};
	}
	if (is_over(e, now_ms))
		*e = (struct guess){.client = client, .from_ms = now_ms};
	if (e->silent || ++e->wrong < max)
		return false;
	e->silent = true;
	e->from_ms = now_ms;
	return true;
}

uint64_t zv_client_hash(const struct zv_key *key, const struct zv_ip *ip)
{
	uint8_t bytes[17] = {ip->family};
	uint64_t h;

	memcpy(bytes + 1, ip->bytes, ip->family == 6 ? 8 : 4);
	h = zv_siphash(key, bytes, sizeof(bytes));
	return h == 0 ? 1 : h;
}
