#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "media/srtp.h"

/* The key of RFC 3711 B.3, and the packet that implementations of AES_CM_128_HMAC_SHA1_80 are tried
 * with. */
static const uint8_t key[30] = {
	0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
	0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6};
static const uint8_t plain[28] = {
	0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0xab, 0xab,
	0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab};
static const uint8_t sealed[38] = {
	0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0x4e,
	0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8, 0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d,
	0x24, 0x02, 0xb7, 0x8d, 0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb};

struct pair {
	struct zv_srtp *out, *in;
};

static struct pair make(enum zv_srtp_suite suite)
{
	struct pair p;

	cr_assert_eq(zv_srtp_init(), ZV_OK);
	cr_assert_eq(zv_srtp_sender(suite, key, 0xcafebabe, &p.out), ZV_OK);
	cr_assert_eq(zv_srtp_receiver(suite, key, &p.in), ZV_OK);
	return p;
}

static void unmake(struct pair p)
{
	zv_srtp_destroy(p.out);
	zv_srtp_destroy(p.in);
}

static uint32_t packet(uint8_t *to, uint16_t seq, uint32_t ssrc)
{
	memcpy(to, plain, sizeof(plain));
	zv_put_be16(to + 2, seq);
	zv_put_be32(to + 8, ssrc);
	return sizeof(plain);
}

Test(srtp, a_known_packet_comes_out_as_it_has_to)
{
	struct pair p = make(ZV_SUITE_AES_CM_128_HMAC_SHA1_80);
	uint8_t data[sizeof(plain) + ZV_SRTP_ROOM];
	uint32_t len = sizeof(plain);

	memcpy(data, plain, sizeof(plain));
	cr_assert(zv_srtp_protect(p.out, data, &len));
	cr_assert_eq(len, sizeof(sealed));
	cr_assert_arr_eq(data, sealed, sizeof(sealed));
	cr_assert_eq(zv_srtp_open(p.in, data, &len), ZV_SRTP_OK);
	cr_assert_eq(len, sizeof(plain));
	cr_assert_arr_eq(data, plain, sizeof(plain));
	unmake(p);
}

Test(srtp, each_bit_that_changes_is_noticed)
{
	for (int suite = 1; suite < ZV_SUITES; suite++) {
		struct pair p = make((enum zv_srtp_suite)suite);
		uint8_t data[64], bad[64];
		uint32_t len = packet(data, 1, 0xcafebabe), n;

		cr_assert(zv_srtp_protect(p.out, data, &len));
		cr_assert(len - sizeof(plain) <= ZV_SRTP_ROOM);
		for (uint32_t bit = 0; bit < 8 * len; bit++) {
			memcpy(bad, data, len);
			bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
			n = len;
			cr_assert_neq(zv_srtp_open(p.in, bad, &n), ZV_SRTP_OK, "suite %d bit %u", suite, bit);
		}
		for (uint32_t cut = 0; cut < len; cut++) {
			memcpy(bad, data, len);
			n = cut;
			cr_assert_neq(zv_srtp_open(p.in, bad, &n), ZV_SRTP_OK, "cut at %u", cut);
		}
		n = len;
		cr_assert_eq(zv_srtp_open(p.in, data, &n), ZV_SRTP_OK);
		unmake(p);
	}
}

Test(srtp, what_comes_twice_or_far_too_late_is_a_replay_and_what_is_late_is_not)
{
	struct pair p = make(ZV_SUITE_AES_CM_128_HMAC_SHA1_80);
	uint8_t data[301][64], again[64];
	uint32_t len[301];

	for (uint16_t i = 0; i <= 300; i++) {
		len[i] = packet(data[i], i, 0xcafebabe);
		cr_assert(zv_srtp_protect(p.out, data[i], &len[i]));
	}
	memcpy(again, data[300], 64);
	cr_assert_eq(zv_srtp_open(p.in, data[300], &len[300]), ZV_SRTP_OK);
	len[300] = sizeof(sealed);
	cr_assert_eq(zv_srtp_open(p.in, again, &len[300]), ZV_SRTP_REPLAYED);
	cr_assert_eq(zv_srtp_open(p.in, data[250], &len[250]), ZV_SRTP_OK);
	cr_assert_eq(zv_srtp_open(p.in, data[10], &len[10]), ZV_SRTP_REPLAYED);
	unmake(p);
}

/* 65,536 packets are 22 minutes: the rollover counter is never sent. */
Test(srtp, the_sequence_may_wrap)
{
	struct pair p = make(ZV_SUITE_AEAD_AES_128_GCM);
	uint8_t data[64];
	uint32_t len;

	for (uint32_t i = 0x7000; i < 0x30000; i++) {
		len = packet(data, (uint16_t)i, 0xcafebabe);
		cr_assert(zv_srtp_protect(p.out, data, &len));
		if (i % 50 == 0)
			continue; /* lost */
		cr_assert_eq(zv_srtp_open(p.in, data, &len), ZV_SRTP_OK, "at %u", i);
	}
	unmake(p);
}

Test(srtp, few_ssrcs_are_heard_and_forged_ones_do_not_count)
{
	struct pair p = make(ZV_SUITE_AES_CM_128_HMAC_SHA1_80);
	uint8_t data[64];
	uint32_t len;

	for (uint32_t i = 0; i < 1000; i++) {
		len = packet(data, 1, 0x1000 + i);
		cr_assert_eq(zv_srtp_open(p.in, data, &len), ZV_SRTP_FORGED);
	}
	for (uint32_t i = 0; i < 2 * ZV_SRTP_SSRCS; i++) {
		struct zv_srtp *out;

		cr_assert_eq(zv_srtp_sender(ZV_SUITE_AES_CM_128_HMAC_SHA1_80, key, i + 1, &out), ZV_OK);
		len = packet(data, 1, i + 1);
		cr_assert(zv_srtp_protect(out, data, &len));
		cr_assert_eq(zv_srtp_open(p.in, data, &len), i < ZV_SRTP_SSRCS ? ZV_SRTP_OK : ZV_SRTP_FORGED);
		zv_srtp_destroy(out);
	}
	unmake(p);
}

Test(srtp, reports_go_and_come)
{
	for (int suite = 1; suite < ZV_SUITES; suite++) {
		struct pair p = make((enum zv_srtp_suite)suite);
		uint8_t rr[8 + ZV_SRTP_ROOM] = {0x80, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe}, copy[8 + ZV_SRTP_ROOM];
		uint32_t len = 8, n;

		cr_assert(zv_srtp_protect_rtcp(p.out, rr, &len));
		cr_assert(len > 8 && len <= sizeof(rr));
		memcpy(copy, rr, sizeof(rr));
		copy[len - 1] ^= 1;
		n = len;
		cr_assert_eq(zv_srtp_open_rtcp(p.in, copy, &n), ZV_SRTP_FORGED);
		memcpy(copy, rr, sizeof(rr));
		cr_assert_eq(zv_srtp_open_rtcp(p.in, rr, &len), ZV_SRTP_OK);
		cr_assert_eq(len, 8);
		cr_assert_eq(zv_srtp_open_rtcp(p.in, copy, &n), ZV_SRTP_REPLAYED);
		unmake(p);
	}
}
