#include <criterion/criterion.h>
#include <string.h>

#include "sdp.h"
#include "text.h"

static struct zvc_msg parse(const char *text)
{
	struct zvc_msg msg;

	(void)zvc_msg_parse(text, strlen(text), &msg);
	return msg;
}

/* The INVITE of RFC 3261 24.2 (F1), its body left out. */
static const char f1[] = "INVITE sip:bob@biloxi.com SIP/2.0\r\n"
                         "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8\r\n"
                         "Max-Forwards: 70\r\n"
                         "To: Bob <sip:bob@biloxi.com>\r\n"
                         "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
                         "Call-ID: a84b4c76e66710\r\n"
                         "CSeq: 314159 INVITE\r\n"
                         "Contact: <sip:alice@pc33.atlanta.com>\r\n"
                         "Content-Type: application/sdp\r\n"
                         "Content-Length: 0\r\n\r\n";

Test(text, the_invite_of_rfc_3261_is_understood)
{
	struct zvc_msg msg = parse(f1);

	cr_assert_null(msg.fault, "%s", msg.fault);
	cr_assert(msg.request);
	cr_assert_eq(msg.method, ZVC_M_INVITE);
	cr_assert(zvc_str_is(msg.ruri_user, "bob"));
	cr_assert(zvc_str_is(msg.via.host, "pc33.atlanta.com"));
	cr_assert(zvc_str_is(msg.via.branch, "z9hG4bKnashds8"));
	cr_assert(zvc_str_is(msg.from.tag, "1928301774"));
	cr_assert_eq(msg.to.tag.n, 0);
	cr_assert_eq(msg.cseq, 314159);
	cr_assert(zvc_str_is(msg.contact.host, "pc33.atlanta.com"));
}

Test(text, compact_names_folding_and_quotes_are_understood)
{
	struct zvc_msg msg =
	        parse("INVITE sip:+79161234567@h:5062;user=phone SIP/2.0\r\n"
	              "v: SIP/2.0/TCP  [::1]:5070 ; rport ;\r\n branch=z9hG4bKa , SIP/2.0/UDP x\r\n"
	              "f: \"A <b; \\\" c\" <sip:a@b:99>;x=\"tag=no\";tag=yes\r\n"
	              "t: sip:x@y\r\ni: 1@2\r\nCSeq:\t7\t INVITE \r\nl: 0\r\n\r\n");

	cr_assert_null(msg.fault, "%s", msg.fault);
	cr_assert_eq(zvc_phone(msg.ruri_user), 79161234567);
	cr_assert(zvc_str_is(msg.via.branch, "z9hG4bKa"));
	cr_assert(zvc_str_is(msg.via.host, "[::1]"));
	cr_assert_eq(msg.via.port, 5070);
	cr_assert(msg.via.rport);
	cr_assert(zvc_str_is(msg.from.tag, "yes"));
	cr_assert_eq(msg.from.port, 99);
	cr_assert_eq(msg.cseq, 7);
}

Test(text, what_is_wrong_is_named)
{
	static const struct {
		const char *text, *fault;
	} table[] = {
	        {"BYE sip:a@b SIP/2.0\r\nCSeq: 99999999999 BYE\r\n\r\n", "bad CSeq"},
	        {"BYE sip:a@b SIP/2.0\r\nVia: SIP/1.0/UDP h\r\n\r\n", "bad Via"},
	        {"BYE sip:a@b SIP/2.0\r\nFrom: <sip:a@b\r\n\r\n", "bad From"},
	        {"BYE sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\n", "bad Content-Length"},
	        {"BYE sip:a@b SIP/2.0\r\nMax-Forwards: 256\r\n\r\n", "bad Max-Forwards"},
	        {"BYE sip:a@b SIP/2.0\r\nCall-ID: a\r\nCall-ID: b\r\n\r\n", "bad Call-ID"},
	        {"BYE sip:a@b SIP/2.0\r\nnonsense\r\n\r\n", "a header without a colon"},
	        {"BYE http://a SIP/2.0\r\n\r\n", "bad Request-URI"},
	        {"BYE sip:a@b SIP/2.0\r\n", "no empty line after the headers"},
	        {"BYE sip:a@b\r\n\r\n", "no start line"},
	        {"SIP/2.0 99 x\r\n\r\n", "no start line"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct zvc_msg msg = parse(table[i].text);

		cr_assert_not_null(msg.fault, "%s", table[i].text);
		cr_assert_str_eq(msg.fault, table[i].fault);
	}
}

Test(text, a_stream_is_cut_wherever_it_breaks)
{
	char two[2 * sizeof(f1) + 8] = "\r\n\r\n";
	size_t skip;

	strncat(two, f1, sizeof(two) - 5);
	strncat(two, f1, sizeof(two) - strlen(two) - 1);
	for (size_t n = 0; n < 4 + strlen(f1); n++)
		cr_assert_eq(zvc_msg_frame(two, n, &skip), 0, "at %zu", n);
	cr_assert_eq(zvc_msg_frame(two, strlen(two), &skip), (long)strlen(f1));
	cr_assert_eq(skip, 4);
}

static const char sdp[] =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
        "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        "a=rtcp:4999\r\n";

Test(sdp, an_offer_is_understood_and_our_answer_parses)
{
	struct zvc_sdp offer, back;
	char answer[512];
	struct in_addr ip = {.s_addr = htonl(INADDR_LOOPBACK)};
	size_t n;

	cr_assert_null(zvc_sdp_parse((struct zvc_str){sdp, strlen(sdp)}, &offer));
	cr_assert_eq(offer.port, 4000);
	cr_assert_eq(offer.rtcp_port, 4999);
	cr_assert_eq(offer.audio_pt, 0);
	cr_assert_eq(offer.keys_pt, 101);
	n = zvc_sdp_write(answer, sizeof(answer), ip, 20000, &offer);
	cr_assert_null(zvc_sdp_parse((struct zvc_str){answer, n}, &back));
	cr_assert_eq(back.port, 20000);
	cr_assert_eq(back.audio_pt, 0);
	cr_assert_eq(back.keys_pt, 101);
}

Test(sdp, any_prefix_is_refused_or_whole)
{
	for (size_t n = 0; n < strlen(sdp); n++) {
		struct zvc_sdp offer;
		const char *wrong = zvc_sdp_parse((struct zvc_str){sdp, n}, &offer);

		if (wrong == NULL)
			cr_assert_eq(sdp[n - 1], '\n', "at %zu", n);
	}
}
