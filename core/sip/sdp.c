#include "sip/sdp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FORMATS_MAX 32

struct text {
	const char *p, *end;
};

/* What the lines said so far. */
struct scan {
	struct zv_ip session_ip, media_ip;
	const char *proto;
	bool in_media, chosen; /* within some m=; within the audio stream that counts */
	bool seen;             /* the audio stream was found */
	uint16_t port;
	uint8_t formats[FORMATS_MAX];
	uint32_t n_formats;
	uint8_t dtmf;
	int session_direction, media_direction; /* -1: not said */
};

static bool next_line(struct text *t, struct text *ret_line)
{
	const char *lf;

	if (t->p >= t->end)
		return false;
	lf = memchr(t->p, '\n', (size_t)(t->end - t->p));
	ret_line->p = t->p;
	ret_line->end = lf == NULL ? t->end : lf;
	t->p = lf == NULL ? t->end : lf + 1;
	if (ret_line->end > ret_line->p && ret_line->end[-1] == '\r')
		ret_line->end--;
	return true;
}

/* The next run of anything but blanks. */
static bool next_word(struct text *t, struct text *ret_word)
{
	while (t->p < t->end && (*t->p == ' ' || *t->p == '\t'))
		t->p++;
	ret_word->p = t->p;
	while (t->p < t->end && *t->p != ' ' && *t->p != '\t')
		t->p++;
	ret_word->end = t->p;
	return ret_word->end > ret_word->p;
}

static bool word_is(struct text w, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(w.end - w.p) == n && strncasecmp(w.p, s, n) == 0;
}

static bool starts(struct text t, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(t.end - t.p) >= n && memcmp(t.p, s, n) == 0;
}

/* Decimal digits from the front, up to max; stops at the first other character. */
static bool take_number(struct text *t, uint32_t max, uint32_t *ret_n)
{
	uint32_t n = 0;
	const char *from = t->p;

	for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++) {
		n = n * 10 + (uint32_t)(*t->p - '0');
		if (n > max)
			return false;
	}
	*ret_n = n;
	return t->p > from;
}

/* c=IN IP4 192.0.2.1[/ttl]; a name instead of an address leaves family 0. */
static void take_connection(struct text t, struct zv_ip *ret_ip)
{
	struct text net, kind, addr;
	char buf[64];
	const char *slash;
	size_t n;

	memset(ret_ip, 0, sizeof(*ret_ip));
	if (!next_word(&t, &net) || !next_word(&t, &kind) || !next_word(&t, &addr) ||
	    !word_is(net, "IN"))
		return;
	slash = memchr(addr.p, '/', (size_t)(addr.end - addr.p));
	if (slash != NULL)
		addr.end = slash;
	n = (size_t)(addr.end - addr.p);
	if (n >= sizeof(buf))
		return;
	memcpy(buf, addr.p, n);
	buf[n] = 0;
	if (word_is(kind, "IP4") && inet_pton(AF_INET, buf, ret_ip->bytes) == 1)
		ret_ip->family = 4;
	else if (word_is(kind, "IP6") && inet_pton(AF_INET6, buf, ret_ip->bytes) == 1)
		ret_ip->family = 6;
}

/* m=audio 49170 RTP/AVP 8 0 101: the first such line that is not refused (port 0) counts. */
static void take_media(struct scan *s, struct text t)
{
	struct text kind, port, proto, format;
	uint32_t n;

	s->in_media = true;
	s->chosen = false;
	if (s->seen || !next_word(&t, &kind) || !next_word(&t, &port) || !next_word(&t, &proto))
		return;
	if (!word_is(kind, "audio") || !word_is(proto, s->proto) ||
	    !take_number(&port, 65535, &n) || n == 0)
		return;
	s->seen = s->chosen = true;
	s->port = (uint16_t)n;
	while (s->n_formats < FORMATS_MAX && next_word(&t, &format))
		if (take_number(&format, 127, &n) && format.p == format.end)
			s->formats[s->n_formats++] = (uint8_t)n;
}

static void take_attribute(struct scan *s, struct text t)
{
	static const char *const directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
	struct text name;
	uint32_t n;

	if (s->in_media && !s->chosen)
		return;
	for (int i = 0; i < 4; i++)
		if (word_is(t, directions[i]))
			*(s->in_media ? &s->media_direction : &s->session_direction) = i;
	if (!s->chosen || !starts(t, "rtpmap:"))
		return;
	t.p += strlen("rtpmap:");
	if (take_number(&t, 127, &n) && n != 0 && next_word(&t, &name) &&
	    word_is(name, "telephone-event/8000") && s->dtmf == 0 &&
	    memchr(s->formats, (int)n, s->n_formats) != NULL)
		s->dtmf = (uint8_t)n;
}

static enum zv_err conclude(const struct scan *s, struct zv_sdp_media *ret_media)
{
	static const uint8_t zero[16];
	struct zv_sdp_media m = {.port = s->port, .dtmf_type = s->dtmf};
	int direction = s->media_direction >= 0 ? s->media_direction : s->session_direction;
	uint32_t i;

	for (i = 0; i < s->n_formats; i++)
		if (s->formats[i] == 8 || s->formats[i] == 0)
			break;
	m.ip = s->media_ip.family != 0 ? s->media_ip : s->session_ip;
	if (!s->seen || i == s->n_formats || m.ip.family == 0)
		return ZV_ENOENT;
	m.payload_type = s->formats[i];
	m.direction = (uint8_t)(direction < 0 ? ZV_SDP_SENDRECV : direction);
	m.held = direction == ZV_SDP_INACTIVE || memcmp(m.ip.bytes, zero, sizeof(zero)) == 0;
	*ret_media = m;
	return ZV_OK;
}

static enum zv_err parse_as(const char *proto, const char *text, size_t len, struct zv_sdp_media *ret_media)
{
	struct text t = {text, text + len}, line;
	struct scan s = {.proto = proto, .session_direction = -1, .media_direction = -1};

	if (!next_line(&t, &line) || !word_is(line, "v=0"))
		return ZV_EPARSE;
	while (next_line(&t, &line)) {
		if (line.p == line.end)
			continue; /* an empty line at the end is common */
		if (line.end - line.p < 2 || line.p[1] != '=')
			return ZV_EPARSE;
		line.p += 2;
		switch (line.p[-2]) {
		case 'm':
			take_media(&s, line);
			break;
		case 'c':
			if (!s.in_media)
				take_connection(line, &s.session_ip);
			else if (s.chosen)
				take_connection(line, &s.media_ip);
			break;
		case 'a':
			take_attribute(&s, line);
			break;
		default:
			break;
		}
	}
	return conclude(&s, ret_media);
}

enum zv_err zv_sdp_parse(const char *text, size_t len, struct zv_sdp_media *ret_media)
{
	return parse_as("RTP/AVP", text, len, ret_media);
}

enum zv_err zv_sdp_parse_srtp(const char *text, size_t len, struct zv_sdp_media *ret_media)
{
	return parse_as("RTP/SAVP", text, len, ret_media);
}

void zv_ip_text(const struct zv_ip *ip, char *to)
{
	if (inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->bytes, to, 46) == NULL)
		to[0] = 0;
}

static int family_digit(const struct zv_ip *ip)
{
	return ip->family == 6 ? 6 : 4;
}

size_t zv_sdp_build(const struct zv_sdp_offer *offer, char *to)
{
	static const char *const mirrored[] = {"sendrecv", "recvonly", "sendonly", "inactive"};
	static const char *const names[] = {[0] = "PCMU", [8] = "PCMA"};
	const struct zv_sdp_media *chosen = offer->answer_to;
	uint8_t dtmf = chosen == NULL ? 101 : chosen->dtmf_type;
	uint8_t types[2] = {offer->pcmu_first ? 0 : 8, offer->pcmu_first ? 8 : 0};
	int n_types = 2, n;
	char ip[46], rtcp_ip[46];

	if (chosen != NULL) {
		types[0] = chosen->payload_type;
		n_types = 1;
	}
	zv_ip_text(&offer->ip, ip);
	zv_ip_text(&offer->rtcp_ip, rtcp_ip);
	n = snprintf(to, ZV_SDP_MAX,
		     "v=0\r\no=- %llu %u IN IP%d %s\r\ns=-\r\nc=IN IP%d %s\r\nt=0 0\r\n"
		     "m=audio %u RTP/%s",
		     (unsigned long long)offer->session, offer->version, family_digit(&offer->ip),
		     ip, family_digit(&offer->ip), ip, (unsigned)offer->port,
		     offer->crypto != NULL ? "SAVP" : "AVP");
	for (int i = 0; i < n_types; i++)
		n += snprintf(to + n, ZV_SDP_MAX - (size_t)n, " %u", (unsigned)types[i]);
	if (dtmf != 0)
		n += snprintf(to + n, ZV_SDP_MAX - (size_t)n, " %u", (unsigned)dtmf);
	n += snprintf(to + n, ZV_SDP_MAX - (size_t)n, "\r\n");
	for (int i = 0; i < n_types; i++)
		n += snprintf(to + n, ZV_SDP_MAX - (size_t)n, "a=rtpmap:%u %s/8000\r\n",
			      (unsigned)types[i], names[types[i]]);
	if (dtmf != 0)
		n += snprintf(to + n, ZV_SDP_MAX - (size_t)n,
			      "a=rtpmap:%u telephone-event/8000\r\na=fmtp:%u 0-15\r\n",
			      (unsigned)dtmf, (unsigned)dtmf);
	n += snprintf(to + n, ZV_SDP_MAX - (size_t)n,
		      "%sa=ptime:20\r\na=rtcp:%u IN IP%d %s\r\na=%s\r\n",
		      offer->crypto != NULL ? offer->crypto : "", (unsigned)offer->rtcp_port,
		      family_digit(&offer->rtcp_ip), rtcp_ip,
		      mirrored[chosen == NULL ? 0 : chosen->direction]);
	return (size_t)n;
}

/* From p to the next of "sep" outside quotes. */
static const char *until(struct text t, char sep)
{
	bool quoted = false;
	const char *p;

	for (p = t.p; p < t.end; p++) {
		if (quoted && *p == '\\' && p + 1 < t.end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == sep)
			break;
	}
	return p;
}

static struct text trimmed(struct text t)
{
	while (t.p < t.end && (*t.p == ' ' || *t.p == '\t' || *t.p == '\r' || *t.p == '\n'))
		t.p++;
	while (t.p < t.end && (t.end[-1] == ' ' || t.end[-1] == '\t' || t.end[-1] == '\r' ||
			       t.end[-1] == '\n'))
		t.end--;
	return t;
}

uint16_t zv_reason_q850(const char *text, size_t len)
{
	struct text t = {text, text + len};

	while (t.p < t.end) {
		struct text value = {t.p, until(t, ',')};
		struct text part = {value.p, until(value, ';')};
		bool q850 = word_is(trimmed(part), "Q.850");

		t.p = value.end < t.end ? value.end + 1 : t.end;
		while (q850 && part.end < value.end) {
			struct text name, number;
			uint32_t cause;

			part.p = part.end + 1;
			part.end = until((struct text){part.p, value.end}, ';');
			name = (struct text){part.p, until(part, '=')};
			number = (struct text){name.end < part.end ? name.end + 1 : part.end,
					       part.end};
			number = trimmed(number);
			if (word_is(trimmed(name), "cause") && take_number(&number, 127, &cause) &&
			    number.p == number.end)
				return (uint16_t)cause;
		}
	}
	return 0;
}
