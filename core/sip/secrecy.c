/* SRTP of a leg: what we offer, what was agreed on, and where media finds it.  A leg has keys or
 * it has none: what came of SRTP is never answered by plain RTP, and the other way round. */
#include "sip/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "sip/sdes.h"

struct leg_keys {
	uint8_t ours[ZV_SUITES][ZV_SECRET_MAX]; /* a key of its own for each suite that is offered */
	uint8_t theirs[ZV_SECRET_MAX];
	uint8_t suite;      /* agreed on; ZV_SUITE_NONE: not yet */
	uint32_t their_tag; /* of the line of theirs that we answer */
};

/* In the order of our wish: 80 bits of authentication cost eight bytes a packet more than 32. */
static const uint8_t wish[] = {ZV_SUITE_AES_CM_128_HMAC_SHA1_80, ZV_SUITE_AEAD_AES_128_GCM,
			       ZV_SUITE_AES_CM_128_HMAC_SHA1_32};

bool secrecy_begin(struct leg *leg)
{
	if (leg_trunk(leg)->conf->srtp == ZV_SRTP_OFF)
		return true;
	leg->keys = calloc(1, sizeof(*leg->keys));
	return leg->keys != NULL && getrandom(leg->keys->ours, sizeof(leg->keys->ours), 0) ==
					    (ssize_t)sizeof(leg->keys->ours);
}

static void drop_keys(struct leg *leg)
{
	if (leg->keys == NULL)
		return;
	explicit_bzero(leg->keys, sizeof(*leg->keys));
	free(leg->keys);
	leg->keys = NULL;
}

void secrecy_end(struct leg *leg)
{
	drop_keys(leg);
	if (leg->shard->sip->params.secrets != NULL)
		zv_secrets_wipe(leg->shard->sip->params.secrets, leg->id.slot, leg->id.gen);
}

bool secrecy_give_up(struct leg *leg)
{
	if (leg->keys == NULL || leg->keys->suite != ZV_SUITE_NONE ||
	    leg_trunk(leg)->conf->srtp != ZV_SRTP_OFFER)
		return false;
	drop_keys(leg);
	return true;
}

static size_t line(const struct leg_keys *k, uint32_t tag, uint8_t suite, char *to)
{
	struct zv_sdes s = {.tag = tag, .suite = suite};
	size_t n;

	memcpy(s.key, k->ours[suite], sizeof(s.key));
	n = zv_sdes_write(&s, to);
	explicit_bzero(&s, sizeof(s));
	return n;
}

const char *secrecy_lines(const struct leg *leg, bool answer, char to[SECRECY_LINES])
{
	const struct leg_keys *k = leg->keys;
	size_t n = 0;

	if (k == NULL)
		return NULL;
	if (k->suite != ZV_SUITE_NONE) {
		(void)line(k, answer ? k->their_tag : k->suite, k->suite, to);
		return to;
	}
	for (size_t i = 0; i < sizeof(wish); i++)
		n += line(k, wish[i], wish[i], to + n);
	return to;
}

/* An answer names one line of ours; an offer has to have the suite that we talk by already. */
static bool fits(const struct leg_keys *k, const struct zv_sdes *s, bool offer)
{
	return offer ? s->suite == k->suite : s->tag == s->suite;
}

bool secrecy_parse(struct leg *leg, const char *body, size_t len, bool offer, struct zv_sdp_media *ret_media)
{
	struct zv_sdes found[4];
	struct leg_keys *k = leg->keys;
	bool ok = false;
	uint32_t n;

	if (k == NULL)
		return zv_sdp_parse(body, len, ret_media) == ZV_OK;
	if (zv_sdp_parse_srtp(body, len, ret_media) != ZV_OK)
		return false;
	n = zv_sdes_find(body, len, found, 4);
	for (uint32_t i = 0; i < n && !ok; i++) {
		ok = fits(k, &found[i], offer);
		if (!ok)
			continue;
		memcpy(k->theirs, found[i].key, sizeof(k->theirs));
		k->suite = found[i].suite;
		k->their_tag = found[i].tag;
	}
	explicit_bzero(found, sizeof(found));
	return ok;
}

void secrecy_publish(const struct leg *leg)
{
	const struct leg_keys *k = leg->keys;
	struct zv_secret s = {.gen = leg->id.gen, .how = ZV_SECRECY_PLAIN}, before;

	if (leg->shard->sip->params.secrets == NULL)
		return;
	if (k != NULL) {
		s.how = ZV_SECRECY_SRTP;
		s.suite = k->suite;
		memcpy(s.ours, k->ours[k->suite], sizeof(s.ours));
		memcpy(s.theirs, k->theirs, sizeof(s.theirs));
	}
	(void)zv_secrets_get(leg->shard->sip->params.secrets, leg->id.slot, &before);
	if (memcmp(&before, &s, sizeof(s)) != 0)
		zv_secrets_put(leg->shard->sip->params.secrets, leg->id.slot, &s);
	explicit_bzero(&s, sizeof(s));
	explicit_bzero(&before, sizeof(before));
}
