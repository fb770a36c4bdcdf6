#include "sdp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Takes one line that ends in CRLF (or a bare LF, which RFC 4566 lets parsers accept). */
static bool take_line(struct zvc_str *rest, struct zvc_str *ret_line, bool *ret_crlf)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (end == NULL)
		return false;
	*ret_line = (struct zvc_str){rest->p, (size_t)(end - rest->p)};
	*ret_crlf = ret_line->n > 0 && end[-1] == '\r';
	if (*ret_crlf)
		ret_line->n--;
	rest->n -= (size_t)(end + 1 - rest->p);
	rest->p = end + 1;
	return true;
}

static struct zvc_str take_word(struct zvc_str *rest)
{
	struct zvc_str word;

	while (rest->n > 0 && rest->p[0] == ' ') {
		rest->p++;
		rest->n--;
	}
	word = (struct zvc_str){rest->p, 0};
	while (word.n < rest->n && rest->p[word.n] != ' ')
		word.n++;
	rest->p += word.n;
	rest->n -= word.n;
	return word;
}

static bool parse_ip(struct zvc_str word, struct in_addr *ret_ip)
{
	char text[INET_ADDRSTRLEN];

	if (word.n == 0 || word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = 0;
	return inet_pton(AF_INET, text, ret_ip) == 1;
}

static bool starts(struct zvc_str line, const char *text)
{
	return line.n >= strlen(text) && memcmp(line.p, text, strlen(text)) == 0;
}

static struct zvc_str after(struct zvc_str line, size_t n)
{
	return (struct zvc_str){line.p + n, line.n - n};
}

struct reading {
	struct zvc_sdp sdp;
	bool v, o, s, t, c, m, in_audio, audio_known;
	uint8_t pts[32]; /* of the audio line */
	unsigned n_pts;
};

static const char *take_media(struct reading *r, struct zvc_str line)
{
	struct zvc_str rest = after(line, 2);
	struct zvc_str kind = take_word(&rest);
	struct zvc_str port = take_word(&rest);
	struct zvc_str profile = take_word(&rest);
	uint64_t number;

	r->in_audio = zvc_str_is(kind, "audio") && !r->m;
	if (!r->in_audio)
		return NULL;
	r->m = true;
	if (!zvc_str_number(port, 65535, &number))
		return "SDP: bad port";
	r->sdp.port = (uint16_t)number;
	r->sdp.rtcp_port = (uint16_t)(number + 1);
	if (!zvc_str_is(profile, "RTP/AVP"))
		return "SDP: the profile is not RTP/AVP";
	while (rest.n > 0 && r->n_pts < sizeof(r->pts)) {
		struct zvc_str word = take_word(&rest);

		if (word.n == 0)
			break;
		if (!zvc_str_number(word, 127, &number))
			return "SDP: bad payload type";
		r->pts[r->n_pts++] = (uint8_t)number;
		if (!r->audio_known && (number == 0 || number == 8)) {
			r->sdp.audio_pt = (uint8_t)number;
			r->audio_known = true;
		}
	}
	return NULL;
}

static const char *take_attribute(struct reading *r, struct zvc_str line)
{
	uint64_t number;

	if (starts(line, "a=sendonly") || starts(line, "a=inactive"))
		r->sdp.hold = true;
	if (!r->in_audio)
		return NULL;
	if (starts(line, "a=rtcp:")) {
		struct zvc_str rest = after(line, 7);

		if (!zvc_str_number(take_word(&rest), 65535, &number) || number == 0)
			return "SDP: bad a=rtcp";
		r->sdp.rtcp_port = (uint16_t)number;
	} else if (starts(line, "a=rtpmap:")) {
		struct zvc_str rest = after(line, 9);
		struct zvc_str pt = take_word(&rest);
		struct zvc_str name = take_word(&rest);

		if (!zvc_str_number(pt, 127, &number))
			return "SDP: bad a=rtpmap";
		if ((number == 8 && !zvc_str_is_nocase(name, "PCMA/8000") &&
		     !zvc_str_is_nocase(name, "PCMA/8000/1")) ||
		    (number == 0 && !zvc_str_is_nocase(name, "PCMU/8000") &&
		     !zvc_str_is_nocase(name, "PCMU/8000/1")))
			return "SDP: a=rtpmap gives payload type 0 or 8 another meaning";
		if (zvc_str_is_nocase(name, "telephone-event/8000")) {
			if (number < 96)
				return "SDP: telephone-event on a static payload type";
			if (memchr(r->pts, (int)number, r->n_pts) == NULL)
				return "SDP: telephone-event is not on the audio line";
			r->sdp.keys_pt = (uint8_t)number;
		}
	}
	return NULL;
}

static const char *take_sdp_line(struct reading *r, struct zvc_str line)
{
	struct zvc_str rest = line;

	if (line.n < 2 || line.p[1] != '=')
		return "SDP: a line is not type=value";
	switch (line.p[0]) {
	case 'v': r->v = zvc_str_is(line, "v=0"); return r->v ? NULL : "SDP: version is not 0";
	case 'o': r->o = true; return NULL;
	case 's': r->s = true; return NULL;
	case 't': r->t = true; return NULL;
	case 'c':
		if (r->m && !r->in_audio)
			return NULL;
		rest = after(line, 2);
		if (!zvc_str_is(take_word(&rest), "IN") || !zvc_str_is(take_word(&rest), "IP4") ||
		    !parse_ip(take_word(&rest), &r->sdp.ip))
			return "SDP: c= is not IN IP4 and a numeric address";
		r->c = true;
		return NULL;
	case 'm': return take_media(r, line);
	case 'a': return take_attribute(r, line);
	default: return NULL;
	}
}

const char *zvc_sdp_parse(struct zvc_str body, struct zvc_sdp *ret_sdp)
{
	struct reading r = {0};
	struct zvc_str line;
	bool crlf;
	bool first = true;

	while (take_line(&body, &line, &crlf)) {
		const char *wrong;

		if (!crlf)
			return "SDP: a line does not end in CRLF";
		if (first && line.n > 0 && line.p[0] != 'v')
			return "SDP: does not begin with v=";
		first = false;
		wrong = take_sdp_line(&r, line);
		if (wrong != NULL)
			return wrong;
	}
	if (body.n > 0)
		return "SDP: the last line has no end";
	if (!r.v || !r.o || !r.s || !r.t)
		return "SDP: v=, o=, s= or t= is missing";
	if (!r.m || !r.c)
		return "SDP: no audio line, or no address for it";
	if (r.sdp.port == 0)
		return "SDP: the audio port is 0";
	if (!r.audio_known)
		return "SDP: neither PCMA nor PCMU";
	if (r.sdp.ip.s_addr == 0)
		r.sdp.hold = true;
	*ret_sdp = r.sdp;
	return NULL;
}

size_t zvc_sdp_write(char *to, size_t size, struct in_addr ip, uint16_t port,
                     const struct zvc_sdp *answer_to)
{
	char address[INET_ADDRSTRLEN];
	char keys[120] = "";
	unsigned audio = answer_to != NULL ? answer_to->audio_pt : 8;
	unsigned keys_pt = answer_to != NULL ? answer_to->keys_pt : 101;
	int n;

	(void)inet_ntop(AF_INET, &ip, address, sizeof(address));
	if (keys_pt != 0)
		(void)snprintf(keys, sizeof(keys),
		               "a=rtpmap:%u telephone-event/8000\r\na=fmtp:%u 0-15\r\n", keys_pt,
		               keys_pt);
	n = snprintf(to, size,
	             "v=0\r\no=carrier %u 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
	             "m=audio %u RTP/AVP %u",
	             port, address, address, port, audio);
	if (n > 0 && (size_t)n < size && keys_pt != 0)
		n += snprintf(to + n, size - (size_t)n, " %u", keys_pt);
	if (n > 0 && (size_t)n < size)
		n += snprintf(to + n, size - (size_t)n,
		              "\r\na=rtpmap:%u %s/8000\r\n%sa=ptime:20\r\na=sendrecv\r\n", audio,
		              audio == 8 ? "PCMA" : "PCMU", keys);
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}
