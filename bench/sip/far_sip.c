/* SIP by hand: the five requests that a caller sends, answered from their own text. */
#include "far.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/hash.h"

#define TEXT_MAX 4096

enum { VIA, FROM, TO, CALL_ID, CSEQ, HEADERS };
static const char *const names[HEADERS] = {"Via", "From", "To", "Call-ID", "CSeq"};

struct header {
	const char *text; /* the whole line, without its end; NULL: it is not there */
	int len;
};

struct request {
	const char *text, *body;
	struct header h[HEADERS]; /* the first of each */
	struct header vias[8];
	int n_vias;
};

/* One pass over the lines.  False: a header is missing. */
static bool read_request(const char *text, struct request *r)
{
	const char *line = strchr(text, '\n');

	*r = (struct request){.text = text};
	while (line != NULL && line[1] != 0 && line[1] != '\r') {
		const char *at = line + 1;
		int len = (int)strcspn(at, "\r\n");

		for (int i = 0; i < HEADERS; i++) {
			size_t n = strlen(names[i]);

			if (strncasecmp(at, names[i], n) != 0 || at[n] != ':')
				continue;
			if (i == VIA && r->n_vias < 8)
				r->vias[r->n_vias++] = (struct header){at, len};
			if (r->h[i].text == NULL)
				r->h[i] = (struct header){at, len};
		}
		line = strchr(at, '\n');
	}
	r->body = line != NULL && line[1] == '\r' ? line + 3 : "";
	for (int i = 0; i < HEADERS; i++)
		if (r->h[i].text == NULL)
			return false;
	return true;
}

static uint32_t call_of(struct far *f, const struct request *r, bool make)
{
	struct zv_key key = {1, 2};
	uint64_t id = zv_siphash(&key, r->h[CALL_ID].text, (size_t)r->h[CALL_ID].len) | 1;

	for (uint32_t i = (uint32_t)id % FAR_CALLS;; i = (i + 1) % FAR_CALLS) {
		if (f->calls[i].id == id)
			return i;
		if (f->calls[i].id != 0)
			continue;
		if (!make || f->n_calls + 1 >= FAR_CALLS)
			return FAR_NONE;
		f->calls[i].id = id;
		f->order[f->n_calls++] = i;
		return i;
	}
}

static void transmit(const struct far *f, const char *text, const struct sockaddr_in *to)
{
	(void)!sendto(f->sip_fd, text, strlen(text), 0, (const struct sockaddr *)to, sizeof(*to));
}

static void respond(const struct request *r, const char *status, const char *more, char *to)
{
	int n = snprintf(to, TEXT_MAX, "SIP/2.0 %s\r\n", status);

	for (int i = 0; i < r->n_vias; i++)
		n += snprintf(to + n, TEXT_MAX - (size_t)n, "%.*s\r\n", r->vias[i].len, r->vias[i].text);
	for (int i = FROM; i < HEADERS; i++) {
		bool tag = i == TO && memmem(r->h[TO].text, (size_t)r->h[TO].len, "tag=", 4) == NULL;

		n += snprintf(to + n, TEXT_MAX - (size_t)n, "%.*s%s\r\n", r->h[i].len, r->h[i].text,
			      tag ? ";tag=far" : "");
	}
	(void)snprintf(to + n, TEXT_MAX - (size_t)n, "%s", more);
}

static void answer(const struct far *f, const struct request *r, const char *status,
		   const struct sockaddr_in *to)
{
	char text[TEXT_MAX];

	respond(r, status, "Content-Length: 0\r\n\r\n", text);
	transmit(f, text, to);
}

/* Address and port of the offer's first audio. */
static bool read_offer(const char *body, struct sockaddr_in *ret)
{
	const char *c = strstr(body, "c=IN IP4 "), *m = strstr(body, "m=audio ");
	char ip[16];

	if (c == NULL || m == NULL || sscanf(c + 9, "%15[0-9.]", ip) != 1)
		return false;
	*ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(m + 8))};
	return inet_pton(AF_INET, ip, &ret->sin_addr) == 1 && ret->sin_port != 0;
}

static void repeat_from(struct far_call *c, const char *text, int64_t now_ms)
{
	free(c->final);
	c->final = strdup(text);
	c->interval_ms = 500;
	c->repeat_ms = now_ms + 500;
}

static void answer_call(struct far *f, uint32_t i, const struct request *r, int64_t now_ms)
{
	struct far_call *c = &f->calls[i];
	char sdp[384], more[640], text[TEXT_MAX], sip_ip[16], rtp_ip[16];

	inet_ntop(AF_INET, &f->sip_at.sin_addr, sip_ip, sizeof(sip_ip));
	inet_ntop(AF_INET, &f->rtp_at.sin_addr, rtp_ip, sizeof(rtp_ip));
	(void)snprintf(sdp, sizeof(sdp), "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		       "m=audio %u RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
		       "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n", rtp_ip, rtp_ip,
		       ntohs(f->rtp_at.sin_port));
	(void)snprintf(more, sizeof(more), "Contact: <sip:%s:%u>\r\nContent-Type: application/sdp\r\n"
		       "Content-Length: %zu\r\n\r\n%s", sip_ip, ntohs(f->sip_at.sin_port), strlen(sdp), sdp);
	respond(r, "200 OK", more, text);
	repeat_from(c, text, now_ms);
	c->answered = true;
	f->up++;
	f->up_max = f->up > f->up_max ? f->up : f->up_max;
	if (read_offer(r->body, &c->rtp))
		far_rtp_begin(f, i, now_ms);
	transmit(f, text, &c->from);
}

static void on_invite(struct far *f, const struct request *r, const struct sockaddr_in *from, int64_t now_ms)
{
	uint32_t i = call_of(f, r, true);
	struct far_call *c;

	if (i == FAR_NONE)
		return;
	c = &f->calls[i];
	if (c->begin_ms != 0) {
		/* RFC 6026 7.1: once answered it is absorbed; the answer repeats by its own timer */
		f->repeated_invites++;
		if (c->final == NULL && !c->ended)
			answer(f, r, "180 Ringing", from);
		return;
	}
	c->begin_ms = now_ms;
	c->from = *from;
	f->first_ms = f->first_ms == 0 ? now_ms : f->first_ms;
	f->last_ms = now_ms;
	answer(f, r, "180 Ringing", from);
	if (!f->ring) {
		answer_call(f, i, r, now_ms);
		return;
	}
	/* What a CANCEL will be answered with, beside its own 200. */
	c->final = malloc(TEXT_MAX);
	if (c->final != NULL)
		respond(r, "487 Request Terminated", "Content-Length: 0\r\n\r\n", c->final);
}

static void on_ack(struct far_call *c)
{
	c->acked = true;
	free(c->final);
	c->final = NULL;
	c->ended |= c->cancelled;
}

static void on_cancel(struct far *f, struct far_call *c, int64_t now_ms)
{
	if (c->answered || c->cancelled || c->final == NULL)
		return;
	c->cancelled = true;
	c->interval_ms = 500;
	c->repeat_ms = now_ms + 500;
	transmit(f, c->final, &c->from);
}

static void on_bye(struct far *f, uint32_t i)
{
	struct far_call *c = &f->calls[i];

	if (!c->answered || c->ended)
		return;
	c->ended = true;
	f->up--;
	far_rtp_end(f, i);
}

void far_sip_message(struct far *f, char *msg, const struct sockaddr_in *from, int64_t now_ms)
{
	struct request r;
	uint32_t i;

	if (strncmp(msg, "SIP/2.0", 7) == 0 || !read_request(msg, &r))
		return;
	if (strncmp(msg, "INVITE ", 7) == 0) {
		on_invite(f, &r, from, now_ms);
		return;
	}
	i = call_of(f, &r, false);
	if (strncmp(msg, "ACK ", 4) == 0) {
		if (i != FAR_NONE)
			on_ack(&f->calls[i]);
		return;
	}
	if (i == FAR_NONE && strncmp(msg, "OPTIONS ", 8) != 0) {
		f->strays++;
		answer(f, &r, "481 Call/Transaction Does Not Exist", from);
		return;
	}
	answer(f, &r, "200 OK", from);
	if (strncmp(msg, "CANCEL ", 7) == 0)
		on_cancel(f, &f->calls[i], now_ms);
	else if (strncmp(msg, "BYE ", 4) == 0)
		on_bye(f, i);
}

void far_sip_repeat(struct far *f, int64_t now_ms)
{
	while (f->first_waiting < f->n_calls && f->calls[f->order[f->first_waiting]].acked)
		f->first_waiting++;
	for (uint32_t i = f->first_waiting; i < f->n_calls; i++) {
		struct far_call *c = &f->calls[f->order[i]];

		/* RFC 3261 13.3.1.4: until the ACK, for 32 s */
		if (c->acked || c->repeat_ms == 0 || c->repeat_ms > now_ms || c->final == NULL ||
		    now_ms - c->begin_ms > 64 * 500)
			continue;
		transmit(f, c->final, &c->from);
		f->repeats++;
		c->interval_ms = c->interval_ms < 4000 ? 2 * c->interval_ms : 4000;
		c->repeat_ms = now_ms + c->interval_ms;
	}
}
