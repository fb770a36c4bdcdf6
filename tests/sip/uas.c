/* uas PORT -- a fast and simple far end on UDP: every INVITE rings, is answered at once, and its
 * 200 is repeated until the ACK comes (RFC 3261 13.3.1.4); BYE gets 200.  Written by hand, without a
 * SIP library.  At SIGTERM it prints what it saw as one JSON object: calls, repetitions, calls
 * without ACK or BYE, and the most new calls in any 100 ms. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

#define CALLS_MAX (1u << 18)
#define BATCH     64
#define WINDOWS   4096 /* of 100 ms */

struct call {
	uint64_t id;
	int64_t answer_ms, repeat_ms;
	uint32_t interval_ms;
	bool acked, ended;
	struct sockaddr_in from;
	char *ok; /* the 200, to repeat */
};

static struct call *calls;
static uint32_t order[CALLS_MAX], n_calls, first_waiting;
static uint32_t repeated_invites, byes, acks, repeats;
static uint32_t windows[WINDOWS];
static int64_t start_ms;
static int sock;
static unsigned port;
static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The value of a header up to its CR; NULL if it is not there. */
static const char *header(const char *msg, const char *name, size_t *ret_len)
{
	const char *p = strcasestr(msg, name);

	if (p == NULL)
		return NULL;
	p += strlen(name);
	while (*p == ' ')
		p++;
	*ret_len = strcspn(p, "\r\n");
	return p;
}

/* Finds or makes the call of a Call-ID. */
static struct call *call_of(const char *id, size_t len, bool make)
{
	struct zv_key key = {1, 2};
	uint64_t h = zv_siphash(&key, id, len) | 1;

	for (uint32_t i = (uint32_t)h; ; i++) {
		struct call *c = &calls[i % CALLS_MAX];

		if (c->id == h)
			return c;
		if (c->id == 0) {
			if (!make || n_calls + 1 >= CALLS_MAX)
				return NULL;
			c->id = h;
			order[n_calls++] = i % CALLS_MAX;
			return c;
		}
	}
}

static void transmit(const char *text, const struct sockaddr_in *to)
{
	(void)!sendto(sock, text, strlen(text), 0, (const struct sockaddr *)to, sizeof(*to));
}

/* A response: the request's own Via, From, To, Call-ID, CSeq lines, and more. */
static void respond(const char *msg, const char *status, bool tag, const char *more, char *to)
{
	static const char *const copied[] = {"\nVia:", "\nFrom:", "\nTo:", "\nCall-ID:", "\nCSeq:"};
	size_t n = (size_t)sprintf(to, "SIP/2.0 %s\r\n", status);

	for (int i = 0; i < 5; i++) {
		size_t len = 0;
		const char *v = header(msg, copied[i], &len);

		if (v == NULL)
			continue;
		n += (size_t)sprintf(to + n, "%s %.*s%s\r\n", copied[i] + 1, (int)len, v,
				     i == 2 && tag ? ";tag=far" : "");
	}
	sprintf(to + n, "%s", more);
}

static void on_invite(const char *msg, struct call *c, const struct sockaddr_in *from, int64_t now)
{
	static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
				  "t=0 0\r\nm=audio 30000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
	static char text[4096], more[512];
	uint32_t window = (uint32_t)((now - start_ms) / 100);

	if (c->ok != NULL) {
		repeated_invites++; /* absorbed: RFC 6026 7.1, the 200 repeats by its own timer */
		return;
	}
	windows[window < WINDOWS ? window : WINDOWS - 1]++;
	respond(msg, "180 Ringing", true, "Content-Length: 0\r\n\r\n", text);
	transmit(text, from);
	sprintf(more,
		"Contact: <sip:127.0.0.1:%u>\r\nContent-Type: application/sdp\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		port, strlen(sdp), sdp);
	respond(msg, "200 OK", true, more, text);
	c->ok = strdup(text);
	c->from = *from;
	c->answer_ms = now;
	c->interval_ms = 500;
	c->repeat_ms = now + 500;
	transmit(text, from);
}

static void on_message(char *msg, const struct sockaddr_in *from, int64_t now)
{
	static char text[4096];
	size_t len;
	const char *id = header(msg, "\nCall-ID:", &len);
	struct call *c;

	if (id == NULL || strncmp(msg, "SIP/2.0", 7) == 0)
		return;
	c = call_of(id, len, strncmp(msg, "INVITE ", 7) == 0);
	if (strncmp(msg, "INVITE ", 7) == 0) {
		if (c != NULL)
			on_invite(msg, c, from, now);
	} else if (strncmp(msg, "ACK ", 4) == 0) {
		acks += c != NULL && !c->acked;
		if (c != NULL)
			c->acked = true;
	} else if (strncmp(msg, "BYE ", 4) == 0 || strncmp(msg, "CANCEL ", 7) == 0 ||
		   strncmp(msg, "OPTIONS ", 8) == 0) {
		byes += c != NULL && !c->ended && msg[0] == 'B';
		if (c != NULL && msg[0] == 'B')
			c->ended = true;
		respond(msg, "200 OK", false, "Content-Length: 0\r\n\r\n", text);
		transmit(text, from);
	}
}

/* The 200s that wait for their ACK, oldest first. */
static void repeat_due(int64_t now)
{
	while (first_waiting < n_calls &&
	       (calls[order[first_waiting]].acked ||
		now - calls[order[first_waiting]].answer_ms > 32000))
		first_waiting++;
	for (uint32_t i = first_waiting; i < n_calls; i++) {
		struct call *c = &calls[order[i]];

		if (c->acked || c->ok == NULL || c->repeat_ms > now)
			continue;
		transmit(c->ok, &c->from);
		repeats++;
		c->interval_ms = c->interval_ms < 4000 ? 2 * c->interval_ms : 4000;
		c->repeat_ms = now + c->interval_ms;
	}
}

static void print_seen(void)
{
	uint32_t without_ack = 0, without_bye = 0, burst = 0;

	for (uint32_t i = 0; i < n_calls; i++) {
		without_ack += !calls[order[i]].acked;
		without_bye += !calls[order[i]].ended;
	}
	for (uint32_t i = 0; i < WINDOWS; i++)
		burst = windows[i] > burst ? windows[i] : burst;
	printf("{\"calls\":%u,\"repeated_invites\":%u,\"acks\":%u,\"byes\":%u,\"repeats\":%u,"
	       "\"without_ack\":%u,\"without_bye\":%u,\"burst_100ms\":%u,\"windows\":[",
	       n_calls, repeated_invites, acks, byes, repeats, without_ack, without_bye, burst);
	for (uint32_t i = 0; i < WINDOWS && i <= (uint32_t)((mono_ms() - start_ms) / 100); i++)
		printf("%s%u", i == 0 ? "" : ",", windows[i]);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static char buf[BATCH][4096];
	struct sockaddr_in addr = {.sin_family = AF_INET}, from[BATCH];
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct timeval wait = {.tv_usec = 50000};
	int size = 256 << 20;
	int64_t repeated_ms = 0;

	if (argc != 2)
		return 2;
	calls = calloc(CALLS_MAX, sizeof(*calls));
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	port = (unsigned)atoi(argv[1]);
	addr.sin_port = htons((uint16_t)port);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (calls == NULL || bind(sock, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		return 1;
	signal(SIGTERM, on_term);
	start_ms = mono_ms();
	printf("ready\n");
	fflush(stdout);
	while (!stop) {
		int64_t now;
		int n;

		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){buf[i], sizeof(buf[i]) - 1};
			msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
							  .msg_namelen = sizeof(from[i]),
							  .msg_iov = &iov[i],
							  .msg_iovlen = 1};
		}
		n = recvmmsg(sock, msgs, BATCH, MSG_WAITFORONE, NULL);
		now = mono_ms();
		for (int i = 0; i < n; i++) {
			buf[i][msgs[i].msg_len] = 0;
			on_message(buf[i], &from[i], now);
		}
		if (now - repeated_ms >= 50) {
			repeated_ms = now;
			repeat_due(now);
		}
	}
	print_seen();
	return 0;
}
