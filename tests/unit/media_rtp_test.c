#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "media/rtcp.h"
#include "media/rtp.h"

/* RFC 3550 5.1, built by hand: V=2, P, X, CC=2, M, PT=8. */
static const uint8_t full[] = {
	0xb2, 0x88, 0x12, 0x34, 0, 0, 0, 0xa0, 1, 2, 3, 4,  /* header */
	9, 9, 9, 9, 8, 8, 8, 8,                             /* two CSRCs */
	0xbe, 0xde, 0, 1, 7, 7, 7, 7,                       /* extension of one word */
	0x55, 0x56, 0x57,                                   /* payload */
	0, 0, 3,                                            /* padding */
};

Test(rtp, finds_the_payload_behind_csrcs_extension_and_padding)
{
	struct zv_rtp rtp;

	cr_assert(zv_rtp_parse(full, sizeof(full), &rtp));
	cr_assert_eq(rtp.payload_type, 8);
	cr_assert(rtp.marker);
	cr_assert_eq(rtp.seq, 0x1234);
	cr_assert_eq(rtp.timestamp, 160);
	cr_assert_eq(rtp.ssrc, 0x01020304);
	cr_assert_eq(rtp.len, 3);
	cr_assert_arr_eq(rtp.payload, full + 28, 3);
}

Test(rtp, no_cut_of_a_packet_is_read_past_its_end)
{
	struct zv_rtp rtp;

	for (size_t len = 0; len < sizeof(full); len++) {
		uint8_t *copy = malloc(len + 1); /* exact, for the address sanitizer */

		memcpy(copy, full, len);
		if (zv_rtp_parse(copy, len, &rtp))
			cr_assert(rtp.payload + rtp.len <= copy + len);
		free(copy);
	}
	cr_assert_not(zv_rtp_parse(full, 27, &rtp), "the extension passes the end");
}

Test(rtp, refuses_other_versions_and_impossible_padding)
{
	uint8_t p[sizeof(full)];
	struct zv_rtp rtp;

	memcpy(p, full, sizeof(p));
	p[0] = 0x72;
	cr_assert_not(zv_rtp_parse(p, sizeof(p), &rtp));
	p[0] = 0xb2;
	p[sizeof(p) - 1] = 7; /* six bytes stand behind the extension */
	cr_assert_not(zv_rtp_parse(p, sizeof(p), &rtp));
	p[sizeof(p) - 1] = 0;
	cr_assert_not(zv_rtp_parse(p, sizeof(p), &rtp));
}

Test(rtp, writes_what_it_reads)
{
	struct zv_rtp out = {.payload_type = 0, .marker = true, .seq = 65535, .timestamp = 0xfffffff0,
			     .ssrc = 0xdeadbeef}, in;
	uint8_t data[ZV_RTP_HEADER];

	zv_rtp_write(data, &out);
	cr_assert(zv_rtp_parse(data, sizeof(data), &in));
	cr_assert_eq(in.len, 0);
	cr_assert(in.marker && in.seq == 65535 && in.timestamp == 0xfffffff0 && in.ssrc == 0xdeadbeef);
}

static enum zv_rtp_take take(struct zv_rtp_source *s, uint16_t seq)
{
	struct zv_rtp rtp = {.seq = seq, .ssrc = 1};

	return zv_rtp_source_take(s, &rtp);
}

Test(source, counts_loss_reordering_and_duplicates_across_the_wrap)
{
	struct zv_rtp_source s = {0};

	cr_assert_eq(take(&s, 65533), ZV_RTP_RESTART);
	cr_assert_eq(take(&s, 65534), ZV_RTP_NEXT);
	cr_assert_eq(take(&s, 0), ZV_RTP_NEXT);       /* 65535 is missing */
	cr_assert_eq(zv_rtp_source_lost(&s), 1);
	cr_assert_eq(take(&s, 65535), ZV_RTP_LATE);   /* and comes */
	cr_assert_eq(zv_rtp_source_lost(&s), 0);
	cr_assert_eq(take(&s, 65535), ZV_RTP_DUPLICATE);
	cr_assert_eq(take(&s, 0), ZV_RTP_DUPLICATE);
	cr_assert_eq(take(&s, 10), ZV_RTP_NEXT);
	cr_assert_eq(zv_rtp_source_lost(&s), 9);
	cr_assert_eq(s.duplicates, 2);
	cr_assert_eq(s.reordered, 1);
	cr_assert_eq(s.cycles, 65536);
	cr_assert_eq(s.received, 5);
}

Test(source, one_wild_sequence_number_changes_nothing_and_two_in_a_row_begin_anew)
{
	struct zv_rtp_source s = {0};

	take(&s, 100);
	cr_assert_eq(take(&s, 30000), ZV_RTP_STRAY);
	cr_assert_eq(take(&s, 101), ZV_RTP_NEXT);
	cr_assert_eq(take(&s, 40000), ZV_RTP_STRAY);
	cr_assert_eq(take(&s, 40001), ZV_RTP_RESTART);
	cr_assert_eq(take(&s, 40003), ZV_RTP_NEXT);
	cr_assert_eq(zv_rtp_source_lost(&s), 1);
}

Test(source, loss_of_an_earlier_ssrc_is_not_forgotten)
{
	struct zv_rtp_source s = {0};
	struct zv_rtp other = {.seq = 7, .ssrc = 2};

	take(&s, 1);
	take(&s, 5);
	cr_assert_eq(zv_rtp_source_take(&s, &other), ZV_RTP_RESTART);
	cr_assert_eq(zv_rtp_source_lost(&s), 3);
}

/* The worked form of RFC 3550 A.8 in floating point: J += (|D| - J) / 16. */
Test(source, jitter_follows_rfc_3550)
{
	static const uint32_t late[] = {0, 40, 0, 80, 160, 0, 0, 20, 60, 0, 0, 120};
	struct zv_rtp_source s = {0};
	double j = 0;

	for (uint32_t i = 0; i < 1200; i++) {
		uint32_t was = late[(i + 11) % 12], is = late[i % 12];

		take(&s, (uint16_t)i);
		zv_rtp_source_jitter(&s, i * 160, 0xfffffff0 + i * 160 + is);
		if (i > 0)
			j += ((is > was ? is - was : was - is) - j) / 16;
	}
	cr_assert_float_eq(zv_rtp_source_jitter_us(&s), j * 125, 250);
	cr_assert_gt(j, 20);
}

Test(rtcp, report_reads_back_as_written_with_loss_by_a_3)
{
	struct zv_rtcp_report r = {.ssrc = 5, .ntp = 0x0102030405060708, .rtp_timestamp = 9,
				   .packets = 10, .octets = 1600, .has_block = true, .bye = true};
	struct zv_rtp_source s = {0};
	struct zv_rtcp_in in;
	uint8_t data[ZV_RTCP_MAX];
	size_t len;

	memset(r.cname, 'a', sizeof(r.cname));
	for (uint16_t i = 0; i < 100; i++)
		if (i % 4 != 1)
			take(&s, i);
	zv_rtcp_block_of(&s, &r.block);
	cr_assert_eq(r.block.fraction, 64); /* a quarter of 256 */
	cr_assert_eq(r.block.lost, 25);
	len = zv_rtcp_write(data, &r);
	cr_assert_leq(len, sizeof(data));
	cr_assert_eq(len % 4, 0);
	cr_assert(zv_rtcp_parse(data, len, &in));
	cr_assert(in.sr && in.bye && in.ssrc == 5 && in.n_blocks == 1);
	cr_assert_eq(in.ntp_middle, 0x03040506);
	cr_assert_eq(in.blocks[0].lost, 25);
	cr_assert_eq(in.blocks[0].ssrc, 1);
	for (size_t cut = 1; cut < len; cut++)
		cr_assert(!zv_rtcp_parse(data, cut, &in) || cut % 4 == 0);
	take(&s, 100);
	zv_rtcp_block_of(&s, &r.block);
	cr_assert_eq(r.block.fraction, 0, "nothing was lost since");
}

Test(rtcp, lengths_that_pass_the_end_are_refused)
{
	uint8_t p[32] = {0x81, 201, 0, 7}; /* one block announced */
	struct zv_rtcp_in in;

	cr_assert(zv_rtcp_parse(p, 32, &in));
	p[0] = 0x82; /* two, there is no room for them */
	cr_assert_not(zv_rtcp_parse(p, 32, &in));
	p[0] = 0x81;
	p[3] = 8;
	cr_assert_not(zv_rtcp_parse(p, 32, &in));
	p[3] = 7;
	p[1] = 203; /* a compound packet begins with a report */
	cr_assert_not(zv_rtcp_parse(p, 32, &in));
}

Test(rtcp, ntp_time_of_1970_is_70_years_with_17_leap_days)
{
	cr_assert_eq(zv_ntp_of(0) >> 32, (70 * 365 + 17) * UINT64_C(86400));
	cr_assert_eq((uint32_t)zv_ntp_of(INT64_C(500000000)), 0x80000000u);
}
