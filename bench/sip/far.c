/* sip_far -- the far end of bench/sip: every INVITE rings and is answered at once, for as long as
 * the caller likes; its RTP is counted call by call.
 *
 *   sip_far --sip IP:PORT --rtp IP:PORT [--want PACKETS] [--send] [--ring]
 *
 * --want: a call that brings fewer packets is counted in rtp_short; --send: a voice is sent to each
 * call; --ring: nobody answers.  Prints `ready`, and at SIGTERM what it saw as one JSON object.
 */
#include "far.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>


#define BATCH     64
#define RTP_MS    2  /* how often RTP is looked at */
#define REPEAT_MS 50

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

int64_t far_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool read_address(const char *text, struct sockaddr_in *ret)
{
	char ip[16];
	unsigned port;

	*ret = (struct sockaddr_in){.sin_family = AF_INET};
	if (sscanf(text, "%15[0-9.]:%u", ip, &port) != 2 || port == 0 || port > 65535)
		return false;
	ret->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, ip, &ret->sin_addr) == 1;
}

static bool read_options(struct far *f, int argc, char **argv)
{
	static const struct option options[] = {{"sip", 1, NULL, 's'}, {"rtp", 1, NULL, 'r'},
		{"want", 1, NULL, 'w'}, {"send", 0, NULL, 'x'}, {"ring", 0, NULL, 'g'}, {NULL, 0, NULL, 0}};
	bool ok = true;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': ok &= read_address(optarg, &f->sip_at); break;
		case 'r': ok &= read_address(optarg, &f->rtp_at); break;
		case 'w': f->want = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'x': f->send = true; break;
		case 'g': f->ring = true; break;
		default: ok = false; break;
		}
	}
	return ok && f->sip_at.sin_port != 0 && f->rtp_at.sin_port != 0 && optind == argc;
}

static bool open_sip(struct far *f)
{
	int size = 64 << 20;

	f->sip_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->sip_fd < 0)
		return false;
	if (setsockopt(f->sip_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		(void)setsockopt(f->sip_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return bind(f->sip_fd, (struct sockaddr *)&f->sip_at, sizeof(f->sip_at)) == 0;
}

static void read_sip(struct far *f)
{
	static char bufs[BATCH][4096];
	struct sockaddr_in from[BATCH];
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	int64_t now_ms;
	int n;

	do {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){bufs[i], sizeof(bufs[i]) - 1};
			msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
							  .msg_iov = &iov[i], .msg_iovlen = 1};
		}
		n = recvmmsg(f->sip_fd, msgs, BATCH, MSG_DONTWAIT, NULL);
		now_ms = far_now_ms();
		for (int i = 0; i < n; i++) {
			bufs[i][msgs[i].msg_len] = 0;
			far_sip_message(f, bufs[i], &from[i], now_ms);
		}
	} while (n == BATCH);
}

/* The RTP of the milliseconds from *next_ms to now; what a stall missed is passed over. */
static void do_rtp(struct far *f, int64_t now_ms, int64_t *next_ms)
{
	far_rtp_hear(f);
	if (now_ms - *next_ms > FAR_PHASES)
		*next_ms = now_ms - FAR_PHASES + 1;
	for (; *next_ms <= now_ms; ++*next_ms)
		if (f->send)
			far_rtp_speak(f, (uint32_t)(*next_ms % FAR_PHASES));
}

static void run(struct far *f)
{
	int64_t next_ms = far_now_ms(), repeat_ms = next_ms, rtp_ms = next_ms;

	while (!stop) {
		struct pollfd p = {.fd = f->sip_fd, .events = POLLIN};
		int64_t now_ms = far_now_ms();
		int wait = f->up > 0 ? (int)(rtp_ms - now_ms) : REPEAT_MS;

		if (poll(&p, 1, wait < 0 ? 0 : wait) > 0)
			read_sip(f);
		now_ms = far_now_ms();
		if (now_ms >= rtp_ms) {
			do_rtp(f, now_ms, &next_ms);
			rtp_ms = now_ms + RTP_MS;
		}
		if (now_ms - repeat_ms >= REPEAT_MS) {
			repeat_ms = now_ms;
			far_sip_repeat(f, now_ms);
		}
	}
}

static void print_seen(const struct far *f)
{
	uint32_t answered = 0, whole = 0, no_ack = 0, no_end = 0, rtp_short = 0, cancelled = 0, least = UINT32_MAX;
	uint64_t gaps = 0, wrong = 0;
	struct rusage u;

	for (uint32_t i = 0; i < f->n_calls; i++) {
		const struct far_call *c = &f->calls[f->order[i]];
		bool is_short = c->answered && c->packets < f->want;

		answered += c->answered;
		cancelled += c->cancelled;
		no_ack += !c->acked;
		no_end += !c->ended;
		rtp_short += is_short;
		gaps += c->gaps;
		wrong += c->wrong;
		least = c->packets < least ? c->packets : least;
		whole += c->acked && c->ended && !is_short && (f->want == 0 || c->gaps + c->wrong == 0);
	}
	getrusage(RUSAGE_SELF, &u);
	printf("{\"calls\":%u,\"whole\":%u,\"answered\":%u,\"cancelled\":%u,\"without_ack\":%u,\"without_end\":%u,"
	       "\"repeated_invites\":%u,\"repeats\":%u,\"strays\":%u,\"up\":%u,\"up_max\":%u,"
	       "\"rtp_rx\":%llu,\"rtp_tx\":%llu,\"rtp_late\":%llu,\"rtp_strangers\":%llu,\"rtp_short\":%u,"
	       "\"rtp_least\":%u,\"rtp_gaps\":%llu,\"rtp_wrong\":%llu,\"span_ms\":%lld,\"cpu_us\":%lld}\n",
	       f->n_calls, whole, answered, cancelled, no_ack, no_end, f->repeated_invites, f->repeats,
	       f->strays, f->up, f->up_max, (unsigned long long)f->rx, (unsigned long long)f->tx,
	       (unsigned long long)f->rx_late, (unsigned long long)f->rx_strangers, rtp_short,
	       f->n_calls > 0 ? least : 0, (unsigned long long)gaps, (unsigned long long)wrong,
	       (long long)(f->last_ms - f->first_ms),
	       (long long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
	static struct far f;

	if (!read_options(&f, argc, argv)) {
		fprintf(stderr, "usage: sip_far --sip IP:PORT --rtp IP:PORT [--want PACKETS] [--send] [--ring]\n");
		return 2;
	}
	f.calls = calloc(FAR_CALLS, sizeof(*f.calls));
	f.order = calloc(FAR_CALLS, sizeof(*f.order));
	f.by_port = calloc(FAR_PORTS, sizeof(*f.by_port));
	f.port_keys = calloc(FAR_PORTS, sizeof(*f.port_keys));
	memset(f.phases, 0xff, sizeof(f.phases));
	if (f.calls == NULL || f.order == NULL || f.by_port == NULL || f.port_keys == NULL || !open_sip(&f) ||
	    !far_rtp_open(&f)) {
		perror("sip_far");
		return 1;
	}
	signal(SIGTERM, on_term);
	printf("ready\n");
	fflush(stdout);
	run(&f);
	print_seen(&f);
	return 0;
}
