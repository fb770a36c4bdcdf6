#include <criterion/criterion.h>
#include <string.h>

#include "sip/sdes.h"

#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj" /* of RFC 4568 6.1 */

static bool parse(const char *text, struct zv_sdes *s)
{
	return zv_sdes_parse(text, strlen(text), s);
}

Test(sdes, the_example_of_rfc_4568_but_for_its_mki_is_read)
{
	static const uint8_t key[30] = "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#";
	struct zv_sdes s;

	cr_assert(parse("1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20", &s));
	cr_assert_eq(s.tag, 1);
	cr_assert_eq(s.suite, ZV_SUITE_AES_CM_128_HMAC_SHA1_80);
	cr_assert_arr_eq(s.key, key, 30);
	cr_assert(parse("7 AES_CM_128_HMAC_SHA1_32 inline:" KEY " WSH=64", &s));
	cr_assert(s.tag == 7 && s.suite == ZV_SUITE_AES_CM_128_HMAC_SHA1_32);
}

Test(sdes, what_we_cannot_keep_to_is_refused)
{
	static const char *const bad[] = {
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20|1:4", /* MKI */
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|1:4",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^10", /* too short a life */
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^49",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|1000",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY ";inline:" KEY,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " UNENCRYPTED_SRTP",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " UNAUTHENTICATED_SRTP",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " KDR=1",
		"1 F8_128_HMAC_SHA1_80 inline:" KEY,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "A",
		"1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo=",
		"1 AEAD_AES_128_GCM inline:" KEY,
		"1 AES_CM_128_HMAC_SHA1_80 inline:d0Rmdmcm!CspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
		"1 AES_CM_128_HMAC_SHA1_80 " KEY,
		"1 AES_CM_128_HMAC_SHA1_80",
		"x AES_CM_128_HMAC_SHA1_80 inline:" KEY,
		"12345678901 AES_CM_128_HMAC_SHA1_80 inline:" KEY,
		"",
	};
	struct zv_sdes s = {.tag = 99};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert(!parse(bad[i], &s), "%s", bad[i]);
	cr_assert_eq(s.tag, 99, "nothing is given out");
}

Test(sdes, what_is_written_is_read_again)
{
	for (uint8_t suite = 1; suite < ZV_SUITES; suite++) {
		struct zv_sdes s = {.tag = 3, .suite = suite}, back;
		char line[ZV_SDES_LINE];
		size_t n;

		for (uint32_t i = 0; i < zv_suite_key_len(suite); i++)
			s.key[i] = (uint8_t)(i * 37 + suite);
		n = zv_sdes_write(&s, line);
		cr_assert(n < sizeof(line) && strlen(line) == n);
		cr_assert(zv_sdes_parse(line + strlen("a=crypto:"), n - strlen("a=crypto:") - 2, &back));
		cr_assert_eq(memcmp(&s, &back, sizeof(s)), 0);
	}
}

Test(sdes, keys_of_another_stream_are_not_taken)
{
	static const char body[] =
		"v=0\r\na=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"
		"m=video 9 RTP/SAVP 96\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"
		"m=audio 0 RTP/SAVP 8\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"
		"m=audio 4000 RTP/AVP 8\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"
		"m=audio 4002 RTP/SAVP 8\r\na=crypto:4 NO_SUCH inline:" KEY "\r\n"
		"a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n"
		"m=audio 4004 RTP/SAVP 8\r\na=crypto:6 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n";
	struct zv_sdes s[4];

	cr_assert_eq(zv_sdes_find(body, sizeof(body) - 1, s, 4), 1);
	cr_assert_eq(s[0].tag, 5);
}
