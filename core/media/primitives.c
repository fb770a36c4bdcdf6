/* SHA1_Init and its like are deprecated for EVP_MAC, which allocates for each message. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "media/primitives.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>

#define ICM_KEY  30 /* AES key and salt */
#define GCM_KEY  28
#define GCM_TAG  16
#define IV_LEN   16
#define GCM_IV   12

struct aes {
	srtp_cipher_t cipher;
	EVP_CIPHER_CTX *ctx;
	uint8_t offset[IV_LEN]; /* of counter mode: the salt */
	bool sealing;           /* of GCM */
	int tag_len;
};

struct hmac {
	srtp_auth_t auth;
	SHA_CTX inner, outer, now; /* after the padded keys */
};

static const srtp_cipher_type_t icm_type, gcm_type;
static const srtp_auth_type_t hmac_type;

/* ---- AES ---- */

static srtp_err_status_t aes_alloc(srtp_cipher_pointer_t *ret, const srtp_cipher_type_t *type, int key_len)
{
	struct aes *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return srtp_err_status_alloc_fail;
	a->ctx = EVP_CIPHER_CTX_new();
	if (a->ctx == NULL ||
	    EVP_EncryptInit_ex(a->ctx, type->id == SRTP_AES_GCM_128 ? EVP_aes_128_gcm() : EVP_aes_128_ctr(), NULL,
			       NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(a->ctx);
		free(a);
		return srtp_err_status_alloc_fail;
	}
	a->cipher.type = type;
	a->cipher.state = a;
	a->cipher.key_len = key_len;
	a->cipher.algorithm = (int)type->id;
	*ret = &a->cipher;
	return srtp_err_status_ok;
}

static srtp_err_status_t aes_dealloc(srtp_cipher_pointer_t c)
{
	struct aes *a = c->state;

	EVP_CIPHER_CTX_free(a->ctx); /* wiped */
	explicit_bzero(a, sizeof(*a));
	free(a);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_alloc(srtp_cipher_pointer_t *ret, int key_len, int tag_len)
{
	(void)tag_len;
	return key_len == ICM_KEY ? aes_alloc(ret, &icm_type, key_len) : srtp_err_status_bad_param;
}

static srtp_err_status_t icm_init(void *state, const uint8_t *key)
{
	struct aes *a = state;

	memset(a->offset, 0, sizeof(a->offset));
	memcpy(a->offset, key + 16, ICM_KEY - 16);
	return EVP_EncryptInit_ex(a->ctx, NULL, NULL, key, NULL) == 1 ? srtp_err_status_ok
								      : srtp_err_status_init_fail;
}

/* RFC 3711 4.1.1: the salt is added to what libsrtp2 made of SSRC and index. */
static srtp_err_status_t icm_set_iv(void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct aes *a = state;
	uint8_t at[IV_LEN];

	(void)direction;
	for (int i = 0; i < IV_LEN; i++)
		at[i] = iv[i] ^ a->offset[i];
	return EVP_EncryptInit_ex(a->ctx, NULL, NULL, NULL, at) == 1 ? srtp_err_status_ok
								     : srtp_err_status_cipher_fail;
}

static srtp_err_status_t icm_encrypt(void *state, uint8_t *data, unsigned int *len)
{
	struct aes *a = state;
	int n = 0;

	return EVP_EncryptUpdate(a->ctx, data, &n, data, (int)*len) == 1 ? srtp_err_status_ok
									 : srtp_err_status_cipher_fail;
}

static srtp_err_status_t gcm_alloc(srtp_cipher_pointer_t *ret, int key_len, int tag_len)
{
	srtp_err_status_t err = srtp_err_status_bad_param;

	if (key_len == GCM_KEY && (tag_len == GCM_TAG || tag_len == GCM_TAG / 2))
		err = aes_alloc(ret, &gcm_type, key_len);
	if (err == srtp_err_status_ok)
		((struct aes *)(*ret)->state)->tag_len = tag_len;
	return err;
}

static srtp_err_status_t gcm_init(void *state, const uint8_t *key)
{
	struct aes *a = state;

	return EVP_EncryptInit_ex(a->ctx, NULL, NULL, key, NULL) == 1 ? srtp_err_status_ok
								      : srtp_err_status_init_fail;
}

static srtp_err_status_t gcm_set_iv(void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct aes *a = state;

	a->sealing = direction == srtp_direction_encrypt;
	return EVP_CipherInit_ex(a->ctx, NULL, NULL, NULL, iv, a->sealing) == 1 ? srtp_err_status_ok
										 : srtp_err_status_init_fail;
}

static srtp_err_status_t gcm_set_aad(void *state, const uint8_t *aad, uint32_t len)
{
	struct aes *a = state;
	int n = 0;

	return EVP_CipherUpdate(a->ctx, NULL, &n, aad, (int)len) == 1 ? srtp_err_status_ok
								      : srtp_err_status_algo_fail;
}

static srtp_err_status_t gcm_encrypt(void *state, uint8_t *data, unsigned int *len)
{
	struct aes *a = state;
	int n = 0;

	return EVP_CipherUpdate(a->ctx, data, &n, data, (int)*len) == 1 ? srtp_err_status_ok
									: srtp_err_status_algo_fail;
}

static srtp_err_status_t gcm_get_tag(void *state, uint8_t *tag, uint32_t *len)
{
	struct aes *a = state;
	uint8_t none[1];
	int n = 0;

	*len = (uint32_t)a->tag_len;
	return EVP_CipherFinal_ex(a->ctx, none, &n) == 1 &&
			       EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, a->tag_len, tag) == 1
		       ? srtp_err_status_ok
		       : srtp_err_status_algo_fail;
}

/* What comes has its tag behind it. */
static srtp_err_status_t gcm_decrypt(void *state, uint8_t *data, unsigned int *len)
{
	struct aes *a = state;
	uint8_t none[1];
	int n = 0, text;

	if (*len < (unsigned int)a->tag_len)
		return srtp_err_status_bad_param;
	text = (int)*len - a->tag_len;
	if (EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, a->tag_len, data + text) != 1 ||
	    EVP_CipherUpdate(a->ctx, data, &n, data, text) != 1 || EVP_CipherFinal_ex(a->ctx, none, &n) != 1)
		return srtp_err_status_auth_fail;
	*len = (unsigned int)text;
	return srtp_err_status_ok;
}

/* ---- HMAC-SHA1 (RFC 2104) ---- */

static srtp_err_status_t hmac_alloc(srtp_auth_pointer_t *ret, int key_len, int out_len)
{
	struct hmac *h;

	if (key_len > SHA_DIGEST_LENGTH || out_len > SHA_DIGEST_LENGTH || key_len < 0 || out_len < 0)
		return srtp_err_status_bad_param;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return srtp_err_status_alloc_fail;
	h->auth = (srtp_auth_t){&hmac_type, h, out_len, key_len, 0};
	*ret = &h->auth;
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_dealloc(srtp_auth_pointer_t auth)
{
	struct hmac *h = auth->state;

	explicit_bzero(h, sizeof(*h));
	free(h);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_init(void *state, const uint8_t *key, int key_len)
{
	struct hmac *h = state;
	uint8_t pad[SHA_CBLOCK];

	if (key_len > SHA_CBLOCK)
		return srtp_err_status_bad_param;
	memset(pad, 0x36, sizeof(pad));
	for (int i = 0; i < key_len; i++)
		pad[i] ^= key[i];
	(void)SHA1_Init(&h->inner);
	(void)SHA1_Update(&h->inner, pad, sizeof(pad));
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	(void)SHA1_Init(&h->outer);
	(void)SHA1_Update(&h->outer, pad, sizeof(pad));
	explicit_bzero(pad, sizeof(pad));
	h->now = h->inner;
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_start(void *state)
{
	struct hmac *h = state;

	h->now = h->inner;
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_update(void *state, const uint8_t *data, int len)
{
	struct hmac *h = state;

	(void)SHA1_Update(&h->now, data, (size_t)len);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_compute(void *state, const uint8_t *data, int len, int tag_len, uint8_t *tag)
{
	struct hmac *h = state;
	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX outer = h->outer;

	if (tag_len < 0 || tag_len > SHA_DIGEST_LENGTH)
		return srtp_err_status_bad_param;
	(void)SHA1_Update(&h->now, data, (size_t)len);
	(void)SHA1_Final(digest, &h->now);
	(void)SHA1_Update(&outer, digest, sizeof(digest));
	(void)SHA1_Final(digest, &outer);
	memcpy(tag, digest, (size_t)tag_len);
	return srtp_err_status_ok;
}

/* ---- the vectors that libsrtp2 tries them with ---- */

/* RFC 3711 B.2: the key stream is what becomes of zeros. */
static const uint8_t icm_key[] = "\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c"
				 "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd";
static uint8_t icm_iv[IV_LEN];
static const uint8_t icm_plain[32];
static const uint8_t icm_stream[] = "\xe0\x3e\xad\x09\x35\xc9\x5e\x80\xe1\x66\xb1\x6d\xd9\x2b\x4e\xb4"
				    "\xd2\x35\x13\x16\x2b\x02\xd0\xf7\x2a\x43\xa2\xfe\x4a\x5f\x97\xab";
static const srtp_cipher_test_case_t icm_test = {
	.key_length_octets = ICM_KEY, .key = icm_key, .idx = icm_iv, .plaintext_length_octets = 32,
	.plaintext = icm_plain, .ciphertext_length_octets = 32, .ciphertext = icm_stream,
};

/* McGrew and Viega, The Galois/Counter Mode of Operation, test case 4. */
static const uint8_t gcm_key[] = "\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08"
				 "\0\0\0\0\0\0\0\0\0\0\0\0";
static uint8_t gcm_iv[] = "\xca\xfe\xba\xbe\xfa\xce\xdb\xad\xde\xca\xf8\x88";
static const uint8_t gcm_plain[] =
	"\xd9\x31\x32\x25\xf8\x84\x06\xe5\xa5\x59\x09\xc5\xaf\xf5\x26\x9a\x86\xa7\xa9\x53\x15\x34\xf7\xda"
	"\x2e\x4c\x30\x3d\x8a\x31\x8a\x72\x1c\x3c\x0c\x95\x95\x68\x09\x53\x2f\xcf\x0e\x24\x49\xa6\xb5\x25"
	"\xb1\x6a\xed\xf5\xaa\x0d\xe6\x57\xba\x63\x7b\x39";
static const uint8_t gcm_aad[] =
	"\xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef\xab\xad\xda\xd2";
static const uint8_t gcm_cipher[] =
	"\x42\x83\x1e\xc2\x21\x77\x74\x24\x4b\x72\x21\xb7\x84\xd0\xd4\x9c\xe3\xaa\x21\x2f\x2c\x02\xa4\xe0"
	"\x35\xc1\x7e\x23\x29\xac\xa1\x2e\x21\xd5\x14\xb2\x54\x66\x93\x1c\x7d\x8f\x6a\x5a\xac\x84\xaa\x05"
	"\x1b\xa3\x0b\x39\x6a\x0a\xac\x97\x3d\x58\xe0\x91"
	"\x5b\xc9\x4f\xbc\x32\x21\xa5\xdb\x94\xfa\xe9\x5a\xe7\x12\x1a\x47";
static const srtp_cipher_test_case_t gcm_test = {
	.key_length_octets = GCM_KEY, .key = gcm_key, .idx = gcm_iv, .plaintext_length_octets = 60,
	.plaintext = gcm_plain, .ciphertext_length_octets = 76, .ciphertext = gcm_cipher,
	.aad_length_octets = 20, .aad = gcm_aad, .tag_length_octets = GCM_TAG,
};

/* RFC 2202, HMAC-SHA-1, case 1. */
static const uint8_t hmac_key[] = "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b";
static const uint8_t hmac_data[] = "Hi There";
static const uint8_t hmac_tag[] = "\xb6\x17\x31\x86\x55\x05\x72\x64\xe2\x8b\xc0\xb6\xfb\x37\x8c\x8e\xf1\x46\xbe\x00";
static const srtp_auth_test_case_t hmac_test = {
	.key_length_octets = 20, .key = hmac_key, .data_length_octets = 8, .data = hmac_data,
	.tag_length_octets = 20, .tag = hmac_tag,
};

static const srtp_cipher_type_t icm_type = {
	.alloc = icm_alloc, .dealloc = aes_dealloc, .init = icm_init, .encrypt = icm_encrypt,
	.decrypt = icm_encrypt, .set_iv = icm_set_iv, .description = "AES-128 counter mode by libcrypto",
	.test_data = &icm_test, .id = SRTP_AES_ICM_128,
};
static const srtp_cipher_type_t gcm_type = {
	.alloc = gcm_alloc, .dealloc = aes_dealloc, .init = gcm_init, .set_aad = gcm_set_aad,
	.encrypt = gcm_encrypt, .decrypt = gcm_decrypt, .set_iv = gcm_set_iv, .get_tag = gcm_get_tag,
	.description = "AES-128 GCM by libcrypto", .test_data = &gcm_test, .id = SRTP_AES_GCM_128,
};
static const srtp_auth_type_t hmac_type = {
	.alloc = hmac_alloc, .dealloc = hmac_dealloc, .init = hmac_init, .compute = hmac_compute,
	.update = hmac_update, .start = hmac_start, .description = "HMAC-SHA1 by libcrypto",
	.test_data = &hmac_test, .id = SRTP_HMAC_SHA1,
};

bool zv_primitives_install(void)
{
	return srtp_replace_cipher_type(&icm_type, SRTP_AES_ICM_128) == srtp_err_status_ok &&
	       srtp_replace_cipher_type(&gcm_type, SRTP_AES_GCM_128) == srtp_err_status_ok &&
	       srtp_replace_auth_type(&hmac_type, SRTP_HMAC_SHA1) == srtp_err_status_ok;
}
