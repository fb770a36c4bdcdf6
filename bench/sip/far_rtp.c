/* RTP (RFC 3550): what callers send is counted call by call, and voice is sent to them. */
#include "far.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"

#define BATCH   64
#define SAMPLES 160
#define PACKET  (12 + SAMPLES)
#define VOICE   64 /* different frames of noise */

static uint8_t voice[VOICE][SAMPLES];

/* RTCP has a port, so that no report is answered with ICMP; nobody reads it. */
static bool open_rtcp(const struct far *f)
{
	struct sockaddr_in at = f->rtp_at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)(ntohs(at.sin_port) + 1));
	return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

bool far_rtp_open(struct far *f)
{
	int size = 64 << 20;
	uint32_t noise = 12345;

	f->rtp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->rtp_fd < 0)
		return false;
	if (setsockopt(f->rtp_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		(void)setsockopt(f->rtp_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (int i = 0; i < VOICE; i++)
		for (int k = 0; k < SAMPLES; k++) {
			noise = noise * 1664525 + 1013904223;
			/* A-law, segments up to the fourth: as loud as speech on the telephone */
			voice[i][k] = (uint8_t)((noise >> 24 & 0xbf) ^ 0x55);
		}
	return bind(f->rtp_fd, (struct sockaddr *)&f->rtp_at, sizeof(f->rtp_at)) == 0 && open_rtcp(f);
}

static uint32_t *port_of(struct far *f, const struct sockaddr_in *from, bool make)
{
	uint64_t key = (uint64_t)from->sin_addr.s_addr << 16 | from->sin_port;

	for (uint32_t i = (uint32_t)zv_mix64(key) % FAR_PORTS;; i = (i + 1) % FAR_PORTS) {
		if (f->port_keys[i] == key)
			return &f->by_port[i];
		if (f->port_keys[i] != 0)
			continue;
		if (!make)
			return NULL;
		f->port_keys[i] = key;
		return &f->by_port[i];
	}
}

void far_rtp_begin(struct far *f, uint32_t call, int64_t now_ms)
{
	struct far_call *c = &f->calls[call];

	*port_of(f, &c->rtp, true) = call + 1;
	c->prev = c->next = FAR_NONE;
	c->phase = FAR_PHASES;
	if (!f->send)
		return;
	c->phase = (uint8_t)(now_ms % FAR_PHASES);
	c->next = f->phases[c->phase];
	if (c->next != FAR_NONE)
		f->calls[c->next].prev = call;
	f->phases[c->phase] = call;
}

void far_rtp_end(struct far *f, uint32_t call)
{
	struct far_call *c = &f->calls[call];

	if (c->rtp.sin_port == 0 || c->phase == FAR_PHASES)
		return;
	if (c->next != FAR_NONE)
		f->calls[c->next].prev = c->prev;
	if (c->prev != FAR_NONE)
		f->calls[c->prev].next = c->next;
	else
		f->phases[c->phase] = c->next;
	c->phase = FAR_PHASES;
}

/* Each packet in its place: sequence by one, time stamp by a frame; the same source. */
static void hear(struct far *f, const uint8_t *p, uint32_t len, const struct sockaddr_in *from)
{
	uint32_t *slot = port_of(f, from, false);
	struct far_call *c;
	uint16_t seq;
	uint32_t ts;

	if (slot == NULL || *slot == 0) {
		f->rx_strangers++;
		return;
	}
	c = &f->calls[*slot - 1];
	if (c->ended) {
		f->rx_late++;
		return;
	}
	if (len != PACKET || p[0] != 0x80 || (p[1] & 0x7f) != 8) {
		c->wrong++;
		return;
	}
	seq = (uint16_t)(p[2] << 8 | p[3]);
	ts = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	if (c->heard && seq != (uint16_t)(c->seq + 1))
		c->gaps++;
	else if (c->heard && ts != c->ts + SAMPLES)
		c->wrong++;
	c->heard = true;
	c->seq = seq;
	c->ts = ts;
	c->packets++;
}

void far_rtp_hear(struct far *f)
{
	static uint8_t bufs[BATCH][256];
	static struct sockaddr_in from[BATCH];
	static struct mmsghdr msgs[BATCH];
	static struct iovec iov[BATCH];
	int n;

	do {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){bufs[i], sizeof(bufs[i])};
			msgs[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
							  .msg_iov = &iov[i], .msg_iovlen = 1};
		}
		n = recvmmsg(f->rtp_fd, msgs, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			hear(f, bufs[i], msgs[i].msg_len, &from[i]);
		f->rx += n > 0 ? (uint64_t)n : 0;
	} while (n == BATCH);
}

static void put_frame(struct far_call *c, uint32_t call, uint8_t *p)
{
	uint32_t ssrc = call + 1;

	p[0] = 0x80;
	p[1] = (uint8_t)(8 | (c->tx_seq == 0 ? 0x80 : 0));
	p[2] = (uint8_t)(c->tx_seq >> 8);
	p[3] = (uint8_t)c->tx_seq;
	for (int i = 0; i < 4; i++) {
		p[4 + i] = (uint8_t)(c->tx_ts >> (24 - 8 * i));
		p[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	}
	memcpy(p + 12, voice[(call + c->tx_seq) % VOICE], SAMPLES);
	c->tx_seq++;
	c->tx_ts += SAMPLES;
}

void far_rtp_speak(struct far *f, uint32_t phase)
{
	static uint8_t bufs[BATCH][PACKET];
	static struct mmsghdr msgs[BATCH];
	static struct iovec iov[BATCH];
	uint32_t i = f->phases[phase];

	while (i != FAR_NONE) {
		int n = 0, sent;

		for (; i != FAR_NONE && n < BATCH; i = f->calls[i].next, n++) {
			put_frame(&f->calls[i], i, bufs[n]);
			iov[n] = (struct iovec){bufs[n], PACKET};
			msgs[n].msg_hdr = (struct msghdr){.msg_name = &f->calls[i].rtp,
							  .msg_namelen = sizeof(f->calls[i].rtp),
							  .msg_iov = &iov[n], .msg_iovlen = 1};
		}
		sent = sendmmsg(f->rtp_fd, msgs, (unsigned)n, MSG_DONTWAIT | MSG_NOSIGNAL);
		f->tx += sent > 0 ? (uint64_t)sent : 0;
	}
}
