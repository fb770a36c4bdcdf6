#include "media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "journal.h"
#include "net.h"

#define PHASES      4u /* a quarter of the legs every 5 ms */
#define BATCH       64u
#define PACKET      512u
#define BUCKETS     16384u
#define KEY_FRAMES  8u /* 160 ms */
#define EVENT_ENDS  3u /* RFC 4733 2.5.1.4: the end is sent three times */
#define SOUND_LEVEL 200u

struct zvc_leg {
	struct zvc_leg *next, **link;           /* of its port's phase */
	struct zvc_leg *hash_next, **hash_link; /* by peer address; NULL: not started */
	void *owner;
	struct sockaddr_in to;
	uint32_t port; /* index */
	uint32_t phase;
	uint8_t audio_pt, keys_pt;
	bool hold;
	uint16_t seq;
	uint32_t ts, ssrc, frame;
	uint64_t sent;
	enum zvc_sound sound;
	uint8_t key; /* being pressed, 0 = none */
	bool key_inband;
	uint32_t key_step, key_ts;
	struct zvc_hearing hearing;
};

struct port {
	int rtp, rtcp;
	struct zvc_leg *legs[PHASES];
};

struct zvc_media {
	struct in_addr ip;
	uint16_t port_low;
	uint32_t n_ports, turn;
	struct port *ports;
	struct zvc_leg *buckets[BUCKETS];
	void (*heard)(void *owner);
	uint64_t next_ms;
	uint32_t phase;
	bool cut;
	struct zvc_media_stats stats;
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH][2];
	uint8_t heads[BATCH][16];
	struct sockaddr_in addrs[BATCH];
	uint8_t packets[BATCH][PACKET];
};

static int bound(struct in_addr ip, uint16_t number)
{
	struct sockaddr_in addr = {
	        .sin_family = AF_INET, .sin_port = htons(number), .sin_addr = ip};
	int bytes = 4 * 1024 * 1024;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static bool open_port(struct zvc_media *media, int epoll, uint32_t index)
{
	uint16_t number = (uint16_t)(media->port_low + 2 * index);
	struct epoll_event event = {.events = EPOLLIN};
	struct port *port = &media->ports[index];

	port->rtp = bound(media->ip, number);
	if (port->rtp < 0)
		return false;
	port->rtcp = bound(media->ip, (uint16_t)(number + 1));
	if (port->rtcp < 0)
		return false;
	event.data.u64 = (uint64_t)ZVC_EV_RTP << 32 | index;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, port->rtp, &event) != 0)
		return false;
	event.data.u64 = (uint64_t)ZVC_EV_RTCP << 32 | index;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, port->rtcp, &event) == 0;
}

struct zvc_media *zvc_media_create(int epoll, struct in_addr ip, uint16_t port_low,
                                   uint16_t port_high, char *text, size_t text_size)
{
	struct zvc_media *media = calloc(1, sizeof(*media));

	if (media == NULL)
		return NULL;
	media->ip = ip;
	media->port_low = (uint16_t)(port_low + port_low % 2);
	media->n_ports =
	        port_high > media->port_low ? (uint32_t)(port_high - media->port_low + 1) / 2 : 0;
	media->ports = calloc(media->n_ports + 1, sizeof(*media->ports));
	if (media->ports == NULL || media->n_ports == 0) {
		(void)snprintf(text, text_size, "no even port with an odd one above it in %u-%u",
		               port_low, port_high);
		zvc_media_destroy(media);
		return NULL;
	}
	for (uint32_t i = 0; i < media->n_ports; i++)
		media->ports[i].rtp = media->ports[i].rtcp = -1;
	for (uint32_t i = 0; i < media->n_ports; i++) {
		if (!open_port(media, epoll, i)) {
			(void)snprintf(text, text_size,
			               "cannot use RTP port %u or the one above: %s",
			               media->port_low + 2 * i, strerror(errno));
			zvc_media_destroy(media);
			return NULL;
		}
	}
	zvc_sound_init();
	return media;
}

void zvc_media_destroy(struct zvc_media *media)
{
	if (media == NULL)
		return;
	for (uint32_t i = 0; media->ports != NULL && i < media->n_ports; i++) {
		if (media->ports[i].rtp >= 0)
			(void)close(media->ports[i].rtp);
		if (media->ports[i].rtcp >= 0)
			(void)close(media->ports[i].rtcp);
	}
	free(media->ports);
	free(media);
}

void zvc_media_on_sound(struct zvc_media *media, void (*heard)(void *owner))
{
	media->heard = heard;
}

static struct zvc_leg **bucket(struct zvc_media *media, uint32_t port,
                               const struct sockaddr_in *from)
{
	uint64_t key =
	        (uint64_t)port << 48 | (uint64_t)from->sin_port << 32 | from->sin_addr.s_addr;

	return &media->buckets[zv_mix64(key) % BUCKETS];
}

static struct zvc_leg *find(struct zvc_media *media, uint32_t port, const struct sockaddr_in *from)
{
	struct zvc_leg *leg = *bucket(media, port, from);

	while (leg != NULL && (leg->port != port || leg->to.sin_port != from->sin_port ||
	                       leg->to.sin_addr.s_addr != from->sin_addr.s_addr))
		leg = leg->hash_next;
	return leg;
}

struct zvc_leg *zvc_leg_open(struct zvc_media *media, void *owner, uint64_t id)
{
	struct zvc_leg *leg = calloc(1, sizeof(*leg));
	uint64_t bits = zv_mix64(id ^ UINT64_C(0x727470));

	if (leg == NULL)
		return NULL;
	leg->owner = owner;
	leg->port = media->turn++ % media->n_ports;
	leg->phase = (uint32_t)(media->turn / media->n_ports + media->turn) % PHASES;
	leg->ssrc = (uint32_t)bits;
	leg->seq = (uint16_t)(bits >> 32);
	leg->ts = (uint32_t)(bits >> 24);
	leg->frame = (uint32_t)(bits >> 48);
	return leg;
}

static void unhash(struct zvc_leg *leg)
{
	if (leg->hash_link == NULL)
		return;
	*leg->hash_link = leg->hash_next;
	if (leg->hash_next != NULL)
		leg->hash_next->hash_link = leg->hash_link;
	leg->hash_link = NULL;
}

void zvc_leg_close(struct zvc_media *media, struct zvc_leg *leg)
{
	if (leg == NULL)
		return;
	unhash(leg);
	if (leg->link != NULL) {
		*leg->link = leg->next;
		if (leg->next != NULL)
			leg->next->link = leg->link;
		media->stats.legs--;
	}
	free(leg);
}

uint16_t zvc_leg_port(const struct zvc_media *media, const struct zvc_leg *leg)
{
	return (uint16_t)(media->port_low + 2 * leg->port);
}

void zvc_leg_start(struct zvc_media *media, struct zvc_leg *leg, const struct zvc_sdp *sdp)
{
	struct zvc_leg **at;

	unhash(leg);
	leg->to = (struct sockaddr_in){
	        .sin_family = AF_INET, .sin_port = htons(sdp->port), .sin_addr = sdp->ip};
	leg->audio_pt = sdp->audio_pt;
	leg->keys_pt = sdp->keys_pt;
	leg->hold = sdp->hold;
	at = bucket(media, leg->port, &leg->to);
	leg->hash_next = *at;
	leg->hash_link = at;
	if (leg->hash_next != NULL)
		leg->hash_next->hash_link = &leg->hash_next;
	*at = leg;
	if (leg->link != NULL)
		return;
	at = &media->ports[leg->port].legs[leg->phase];
	leg->next = *at;
	leg->link = at;
	if (leg->next != NULL)
		leg->next->link = &leg->next;
	*at = leg;
	if (++media->stats.legs > media->stats.legs_peak)
		media->stats.legs_peak = media->stats.legs;
}

void zvc_leg_play(struct zvc_leg *leg, enum zvc_sound sound)
{
	leg->sound = sound;
	if (sound >= ZVC_SOUND_RINGBACK) /* from its beginning */
		leg->frame = 0;
}

bool zvc_leg_key(struct zvc_leg *leg, uint8_t key, bool inband)
{
	leg->key = key;
	leg->key_inband = inband || leg->keys_pt == 0;
	leg->key_step = 0;
	leg->key_ts = leg->ts;
	return leg->key_inband;
}

const struct zvc_hearing *zvc_leg_hearing(const struct zvc_leg *leg)
{
	return &leg->hearing;
}

uint64_t zvc_leg_sent(const struct zvc_leg *leg)
{
	return leg->sent;
}

/* Measures one packet.  Sequence and timestamps must go on for a leg's whole life; a step of the
 * timestamp that does not match the step of the sequence is allowed only with the marker bit
 * (RFC 3551 4.1: the first packet after a silence). */
static void hear(struct zvc_media *media, struct zvc_leg *leg, const uint8_t *p, size_t n)
{
	struct zvc_hearing *h = &leg->hearing;
	int64_t now = zvc_mono_ns();
	uint8_t pt;
	bool marker;
	uint16_t seq, step;
	uint32_t ts, ssrc;
	size_t head;

	if (n < 12 || p[0] >> 6 != 2 || (head = 12 + 4u * (p[0] & 15u)) > n || (p[0] & 0x30) != 0) {
		h->bad++;
		return;
	}
	pt = p[1] & 0x7f;
	marker = (p[1] & 0x80) != 0;
	if (pt != leg->audio_pt && (pt != leg->keys_pt || pt == 0)) {
		h->bad++;
		return;
	}
	seq = zv_get_be16(p + 2);
	ts = zv_get_be32(p + 4);
	ssrc = zv_get_be32(p + 8);
	if (h->packets == 0) {
		h->first_ns = now;
	} else if (ssrc != h->ssrc) {
		h->ssrc_changes++;
	} else {
		step = (uint16_t)(seq - h->next_seq);
		if (step >= 0x8000) {
			h->reordered++;
			h->packets++;
			return;
		}
		h->lost += step;
		if (pt == leg->audio_pt && !marker &&
		    ts != h->next_ts + step * (uint32_t)(n - head))
			h->ts_jumps++;
		if (now - h->last_ns > h->gap_ns_max)
			h->gap_ns_max = now - h->last_ns;
	}
	h->packets++;
	h->last_ns = now;
	h->ssrc = ssrc;
	h->next_seq = (uint16_t)(seq + 1);
	h->next_ts = ts + (uint32_t)(n - head);
	if (pt == leg->audio_pt && zvc_sound_level(p + head, n - head, pt) >= SOUND_LEVEL) {
		h->sound_frames++;
		if (h->first_sound_ns == 0) {
			h->first_sound_ns = now;
			media->heard(leg->owner);
		}
	}
}

static void read_rtcp(struct zvc_media *media, int fd)
{
	uint8_t p[PACKET];
	ssize_t n;

	while ((n = recv(fd, p, sizeof(p), MSG_DONTWAIT)) >= 0) {
		/* RFC 3550 A.2: version 2, no padding in the first, SR or RR first, length fits. */
		if (n >= 8 && (p[0] & 0xe0) == 0x80 && (p[1] == 200 || p[1] == 201) &&
		    4 * ((ssize_t)zv_get_be16(p + 2) + 1) <= n)
			media->stats.rtcp_reports++;
		else
			media->stats.rtcp_bad++;
	}
}

static void read_rtp(struct zvc_media *media, uint32_t index)
{
	for (unsigned round = 0; round < 8; round++) {
		int n;

		for (unsigned i = 0; i < BATCH; i++) {
			media->vectors[i][0] = (struct iovec){media->packets[i], PACKET};
			media->headers[i].msg_hdr =
			        (struct msghdr){.msg_name = &media->addrs[i],
			                        .msg_namelen = sizeof(media->addrs[i]),
			                        .msg_iov = media->vectors[i],
			                        .msg_iovlen = 1};
		}
		n = recvmmsg(media->ports[index].rtp, media->headers, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			struct zvc_leg *leg = find(media, index, &media->addrs[i]);

			if (media->cut)
				continue;
			media->stats.rx++;
			if (leg != NULL)
				hear(media, leg, media->packets[i], media->headers[i].msg_len);
			else
				media->stats.strays++;
		}
		if (n < (int)BATCH)
			return;
	}
}

void zvc_media_event(struct zvc_media *media, uint32_t kind, uint32_t index)
{
	if (kind == ZVC_EV_RTP)
		read_rtp(media, index);
	else
		read_rtcp(media, media->ports[index].rtcp);
}

/* One step of a key press by events: all packets carry the timestamp of the beginning, the
 * duration grows, the end is told three times.  Length of the payload. */
static size_t key_event(struct zvc_leg *leg, uint8_t *head)
{
	uint32_t done = leg->key_step < KEY_FRAMES ? leg->key_step + 1 : KEY_FRAMES;
	bool end = leg->key_step + 1 >= KEY_FRAMES;

	head[1] = (uint8_t)(leg->keys_pt | (leg->key_step == 0 ? 0x80 : 0));
	zv_put_be32(head + 4, leg->key_ts);
	head[12] = leg->key;
	head[13] = (uint8_t)((end ? 0x80 : 0) | 10);
	zv_put_be16(head + 14, (uint16_t)(done * ZVC_FRAME));
	if (++leg->key_step == KEY_FRAMES - 1 + EVENT_ENDS)
		leg->key = 0;
	return 4;
}

/* The next packet of a leg into place i of the batch. */
static void fill(struct zvc_media *media, struct zvc_leg *leg, unsigned i)
{
	uint8_t *head = media->heads[i];
	const uint8_t *payload = NULL;
	size_t n_head = 12;

	head[0] = 0x80;
	head[1] = leg->audio_pt;
	zv_put_be16(head + 2, leg->seq++);
	zv_put_be32(head + 4, leg->ts);
	zv_put_be32(head + 8, leg->ssrc);
	if (leg->key != 0 && !leg->key_inband) {
		n_head += key_event(leg, head);
	} else if (leg->key != 0) {
		payload = zvc_sound_frame(ZVC_SOUND_KEY, leg->key, leg->key_step, leg->audio_pt);
		if (++leg->key_step == KEY_FRAMES)
			leg->key = 0;
	} else {
		payload = zvc_sound_frame(leg->sound, 0, leg->frame++, leg->audio_pt);
	}
	leg->ts += ZVC_FRAME;
	leg->sent++;
	media->vectors[i][0] = (struct iovec){head, n_head};
	media->vectors[i][1] = (struct iovec){(void *)(uintptr_t)payload, ZVC_FRAME};
	media->headers[i].msg_hdr = (struct msghdr){.msg_name = &leg->to,
	                                            .msg_namelen = sizeof(leg->to),
	                                            .msg_iov = media->vectors[i],
	                                            .msg_iovlen = payload != NULL ? 2 : 1};
}

static void send_batch(struct zvc_media *media, int fd, unsigned n)
{
	unsigned at = media->cut ? n : 0;

	while (at < n) {
		int sent = sendmmsg(fd, media->headers + at, n - at, MSG_DONTWAIT);

		/* An ICMP error of an earlier packet stands for the first of these: go on past it.
		 */
		at += sent > 0 ? (unsigned)sent : 1;
	}
	media->stats.tx += media->cut ? 0 : n;
}

void zvc_media_cut(struct zvc_media *media, bool cut)
{
	media->cut = cut;
}

void zvc_media_tick(struct zvc_media *media, uint64_t now_ms)
{
	if (now_ms < media->next_ms)
		return;
	if (now_ms > media->next_ms + 20) {
		media->stats.late_ticks += media->next_ms != 0 && media->stats.legs > 0;
		media->next_ms = now_ms;
	}
	while (media->next_ms <= now_ms) {
		media->next_ms += 20 / PHASES;
		media->phase = (media->phase + 1) % PHASES;
		for (uint32_t p = 0; media->stats.legs > 0 && p < media->n_ports; p++) {
			struct zvc_leg *leg = media->ports[p].legs[media->phase];
			unsigned n = 0;

			for (; leg != NULL; leg = leg->next) {
				if (leg->hold)
					continue;
				fill(media, leg, n++);
				if (n == BATCH) {
					send_batch(media, media->ports[p].rtp, n);
					n = 0;
				}
			}
			if (n > 0)
				send_batch(media, media->ports[p].rtp, n);
		}
	}
}

const struct zvc_media_stats *zvc_media_get_stats(const struct zvc_media *media)
{
	return &media->stats;
}
