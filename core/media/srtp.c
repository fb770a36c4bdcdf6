#include "media/srtp.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "base/bytes.h"
#include "media/primitives.h"

#define WINDOW 128 /* packets out of order; 64 is the least (RFC 3711 3.3.2) */

struct zv_srtp {
	srtp_t session;
	uint32_t ssrcs[ZV_SRTP_SSRCS], n_ssrcs; /* of what was authentic */
};

static enum zv_err init_err;

static void init(void)
{
	init_err = srtp_init() == srtp_err_status_ok && zv_primitives_install() ? ZV_OK : ZV_EIO;
}

enum zv_err zv_srtp_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, init);
	return init_err;
}

static bool set_suite(srtp_policy_t *p, enum zv_srtp_suite suite)
{
	switch (suite) {
	case ZV_SUITE_AES_CM_128_HMAC_SHA1_80:
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&p->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&p->rtcp);
		return true;
	case ZV_SUITE_AES_CM_128_HMAC_SHA1_32: /* SRTCP has 80 bits all the same (RFC 4568 6.2.2) */
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&p->rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&p->rtcp);
		return true;
	case ZV_SUITE_AEAD_AES_128_GCM:
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&p->rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&p->rtcp);
		return true;
	case ZV_SUITE_NONE:
	case ZV_SUITES:
		break;
	}
	return false;
}

static enum zv_err create(enum zv_srtp_suite suite, const uint8_t *key, srtp_ssrc_t ssrc,
			  struct zv_srtp **ret)
{
	srtp_policy_t p = {.ssrc = ssrc, .window_size = WINDOW};
	uint8_t copy[ZV_SECRET_MAX];
	struct zv_srtp *way;
	srtp_err_status_t err;

	if (!set_suite(&p, suite))
		return ZV_EINVAL;
	way = calloc(1, sizeof(*way));
	if (way == NULL)
		return ZV_ENOMEM;
	memcpy(copy, key, sizeof(copy));
	p.key = copy;
	err = srtp_create(&way->session, &p);
	explicit_bzero(copy, sizeof(copy));
	if (err != srtp_err_status_ok) {
		free(way);
		return err == srtp_err_status_alloc_fail ? ZV_ENOMEM : ZV_EIO;
	}
	*ret = way;
	return ZV_OK;
}

enum zv_err zv_srtp_sender(enum zv_srtp_suite suite, const uint8_t *key, uint32_t ssrc,
			   struct zv_srtp **ret)
{
	return create(suite, key, (srtp_ssrc_t){ssrc_specific, ssrc}, ret);
}

enum zv_err zv_srtp_receiver(enum zv_srtp_suite suite, const uint8_t *key, struct zv_srtp **ret)
{
	return create(suite, key, (srtp_ssrc_t){ssrc_any_inbound, 0}, ret);
}

void zv_srtp_destroy(struct zv_srtp *way)
{
	if (way == NULL)
		return;
	(void)srtp_dealloc(way->session); /* which wipes its keys */
	free(way);
}

bool zv_srtp_protect(struct zv_srtp *way, uint8_t *data, uint32_t *len)
{
	int n = (int)*len;

	if (srtp_protect(way->session, data, &n) != srtp_err_status_ok)
		return false;
	*len = (uint32_t)n;
	return true;
}

bool zv_srtp_protect_rtcp(struct zv_srtp *way, uint8_t *data, uint32_t *len)
{
	int n = (int)*len;

	if (srtp_protect_rtcp(way->session, data, &n) != srtp_err_status_ok)
		return false;
	*len = (uint32_t)n;
	return true;
}

static bool is_known(const struct zv_srtp *way, uint32_t ssrc)
{
	for (uint32_t i = 0; i < way->n_ssrcs; i++)
		if (way->ssrcs[i] == ssrc)
			return true;
	return false;
}

/* The sender's number, in the clear in both kinds. */
static enum zv_srtp_take taken(struct zv_srtp *way, uint32_t ssrc, srtp_err_status_t err)
{
	if (err == srtp_err_status_replay_fail || err == srtp_err_status_replay_old)
		return ZV_SRTP_REPLAYED;
	if (err != srtp_err_status_ok)
		return ZV_SRTP_FORGED;
	if (!is_known(way, ssrc))
		way->ssrcs[way->n_ssrcs++] = ssrc;
	return ZV_SRTP_OK;
}

enum zv_srtp_take zv_srtp_open(struct zv_srtp *way, uint8_t *data, uint32_t *len)
{
	int n = (int)*len;
	srtp_err_status_t err;
	uint32_t ssrc;

	if (*len < 12)
		return ZV_SRTP_FORGED;
	ssrc = zv_get_be32(data + 8);
	if (way->n_ssrcs == ZV_SRTP_SSRCS && !is_known(way, ssrc))
		return ZV_SRTP_FORGED;
	err = srtp_unprotect(way->session, data, &n);
	*len = (uint32_t)n;
	return taken(way, ssrc, err);
}

enum zv_srtp_take zv_srtp_open_rtcp(struct zv_srtp *way, uint8_t *data, uint32_t *len)
{
	int n = (int)*len;
	srtp_err_status_t err;
	uint32_t ssrc;

	if (*len < 8)
		return ZV_SRTP_FORGED;
	ssrc = zv_get_be32(data + 4);
	if (way->n_ssrcs == ZV_SRTP_SSRCS && !is_known(way, ssrc))
		return ZV_SRTP_FORGED;
	err = srtp_unprotect_rtcp(way->session, data, &n);
	*len = (uint32_t)n;
	return taken(way, ssrc, err);
}
