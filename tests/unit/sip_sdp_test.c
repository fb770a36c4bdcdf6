#include "sip/sdp.h"

#include <criterion/criterion.h>
#include <string.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static enum zv_err parse(const char *text, struct zv_sdp_media *m)
{
	return zv_sdp_parse(text, strlen(text), m);
}

Test(sip_sdp, the_first_usable_codec_counts)
{
	struct zv_sdp_media m;

	cr_assert_eq(parse(HEAD "m=audio 30000 RTP/AVP 18 0 8 96\r\n"
				"a=rtpmap:96 telephone-event/8000\r\n", &m), ZV_OK);
	cr_assert_eq(m.payload_type, 0);
	cr_assert_eq(m.dtmf_type, 96);
	cr_assert_eq(m.port, 30000);
	cr_assert_eq(m.ip.family, 4);
	cr_assert_eq(memcmp(m.ip.bytes, "\xc0\x00\x02\x01", 4), 0);
	cr_assert_not(m.held);
}

Test(sip_sdp, an_address_of_the_stream_goes_before_that_of_the_session)
{
	struct zv_sdp_media m;

	cr_assert_eq(parse(HEAD "m=audio 2 RTP/AVP 8\r\nc=IN IP4 198.51.100.7\r\n", &m), ZV_OK);
	cr_assert_eq(memcmp(m.ip.bytes, "\xc6\x33\x64\x07", 4), 0);
	cr_assert_eq(parse(HEAD "m=audio 2 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n", &m), ZV_OK);
	cr_assert_eq(m.ip.family, 6);
}

Test(sip_sdp, a_refused_or_foreign_stream_is_passed_over)
{
	struct zv_sdp_media m;

	cr_assert_eq(parse(HEAD "m=video 4 RTP/AVP 99\r\nc=IN IP4 198.51.100.9\r\na=inactive\r\n"
				"m=audio 0 RTP/AVP 8\r\nm=audio 6 RTP/SAVP 8\r\n"
				"m=audio 8 RTP/AVP 8\r\n", &m), ZV_OK);
	cr_assert_eq(m.port, 8);
	cr_assert_eq(m.ip.bytes[0], 192);
	cr_assert_not(m.held);
}

Test(sip_sdp, nothing_to_talk_to_is_told_from_nonsense)
{
	struct zv_sdp_media m;

	cr_assert_eq(parse(HEAD, &m), ZV_ENOENT);
	cr_assert_eq(parse(HEAD "m=audio 0 RTP/AVP 8\r\n", &m), ZV_ENOENT);
	cr_assert_eq(parse(HEAD "m=audio 2 RTP/AVP 18 101\r\n", &m), ZV_ENOENT);
	cr_assert_eq(parse(HEAD "m=audio 65536 RTP/AVP 8\r\n", &m), ZV_ENOENT);
	cr_assert_eq(parse("v=0\r\nc=IN IP4 media.example.org\r\nm=audio 2 RTP/AVP 8\r\n", &m),
		     ZV_ENOENT);
	cr_assert_eq(parse("", &m), ZV_EPARSE);
	cr_assert_eq(parse("hello", &m), ZV_EPARSE);
	cr_assert_eq(parse("v=0\r\nnonsense\r\n", &m), ZV_EPARSE);
}

Test(sip_sdp, hold_is_seen_in_both_its_forms)
{
	struct zv_sdp_media m;

	cr_assert_eq(parse(HEAD "a=sendonly\r\nm=audio 2 RTP/AVP 8\r\n", &m), ZV_OK);
	cr_assert_eq(m.direction, ZV_SDP_SENDONLY);
	cr_assert_not(m.held);
	cr_assert_eq(parse(HEAD "m=audio 2 RTP/AVP 8\r\na=inactive\r\n", &m), ZV_OK);
	cr_assert(m.held);
	cr_assert_eq(parse(HEAD "m=audio 2 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n", &m), ZV_OK);
	cr_assert(m.held);
}

Test(sip_sdp, an_offer_is_read_back_and_an_answer_has_one_codec)
{
	struct zv_sdp_media m, chosen;
	struct zv_sdp_offer o = {
		.session = 7, .version = 1, .ip = {4, {10, 1, 2, 3}}, .port = 20002,
		.rtcp_ip = {4, {10, 1, 2, 3}}, .rtcp_port = 19999,
	};
	char text[ZV_SDP_MAX];

	cr_assert_eq(zv_sdp_parse(text, zv_sdp_build(&o, text), &m), ZV_OK);
	cr_assert_eq(m.port, 20002);
	cr_assert_eq(m.payload_type, 8);
	cr_assert_eq(m.dtmf_type, 101);
	cr_assert_not_null(strstr(text, "m=audio 20002 RTP/AVP 8 0 101\r\n"));
	cr_assert_not_null(strstr(text, "a=rtcp:19999 IN IP4 10.1.2.3\r\n"));
	o.pcmu_first = true;
	(void)zv_sdp_build(&o, text);
	cr_assert_not_null(strstr(text, "RTP/AVP 0 8 101\r\n"));
	chosen = m;
	chosen.direction = ZV_SDP_SENDONLY;
	o.answer_to = &chosen;
	(void)zv_sdp_build(&o, text);
	cr_assert_not_null(strstr(text, "RTP/AVP 8 101\r\n"));
	cr_assert_not_null(strstr(text, "a=recvonly\r\n"));
}

static uint16_t q850(const char *text)
{
	return zv_reason_q850(text, strlen(text));
}

Test(sip_reason, the_q850_cause_is_found_among_others)
{
	/* RFC 3326 2 */
	cr_assert_eq(q850("Q.850 ;cause=16 ;text=\"Terminated\""), 16);
	cr_assert_eq(q850("SIP ;cause=200 ;text=\"Call completed elsewhere\""), 0);
	cr_assert_eq(q850("SIP;cause=600, q.850;text=\"a;cause=9,\";cause=21"), 21);
	cr_assert_eq(q850("Q.850;cause=128"), 0);
	cr_assert_eq(q850("Q.850;cause=1x"), 0);
	cr_assert_eq(q850("Q.850;cause="), 0);
	cr_assert_eq(q850("Q.850"), 0);
	cr_assert_eq(q850("Q.850;text=\"open"), 0);
	cr_assert_eq(q850(""), 0);
}
