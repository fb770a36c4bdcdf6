#include "media/streams.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "media/bridge.h"
#include "media/ear.h"

#define COMMANDS_AT_ONCE 64u
/* RTCP packets taken at a time from the one socket; the rest waits for the next look. */
#define REPORTS_A_LOOK 64u
/* Bursts of the one queue at a time: what 10,000 streams of a thread send in 8 ms. */
#define BURSTS_A_LOOK 64u
#define AHEAD         8u
#define SPOKEN_BYTES  (offsetof(struct zv_stream, rec) + sizeof(bool))

enum zv_err zv_streams_create(const struct zv_media_params *params, uint32_t thread,
			      struct zv_packet_io *io, struct zv_smith *smith,
			      struct zv_streams **ret_streams)
{
	const struct zv_media_plan *plan = params->plan;
	struct zv_streams *t = calloc(1, sizeof(*t));
	enum zv_err err = ZV_ENOMEM;
	uint32_t buckets = 16;

	if (t == NULL) {
		io->ops->destroy(io);
		return ZV_ENOMEM;
	}
	t->io = io;
	t->cross_fd = -1;
	t->params = params;
	t->thread = thread;
	t->n_threads = plan->n_threads;
	t->n = (plan->n_slots + plan->n_threads - 1 - thread) / plan->n_threads;
	while (buckets < t->n)
		buckets <<= 1;
	t->ssrc_mask = buckets - 1;
	t->v = aligned_alloc(64, (t->n + 1) * sizeof(*t->v));
	if (t->v != NULL)
		memset(t->v, 0, (t->n + 1) * sizeof(*t->v));
	t->by_ssrc = calloc(buckets, sizeof(*t->by_ssrc));
	t->mixers = calloc(t->n > 0 ? t->n : 1, sizeof(*t->mixers));
	t->cross_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->v == NULL || t->by_ssrc == NULL || t->mixers == NULL || t->cross_fd < 0)
		goto fail;
	err = zv_wheel_init(&t->wheel, t->n);
	if (err == ZV_OK)
		err = zv_outbox_init(&t->box, t->n);
	if (err == ZV_OK)
		err = zv_guards_init(&t->guards, smith, params->secrets, thread, t->n);
	if (err == ZV_OK && params->inband_keys)
		err = zv_inband_create(t->n, &t->inband);
	if (err == ZV_OK && getrandom(&t->key, sizeof(t->key), 0) != (ssize_t)sizeof(t->key))
		err = ZV_EIO;
	if (err != ZV_OK)
		goto fail;
	t->io->ops->wake_by(t->io, t->cross_fd);
	for (uint32_t i = 0; i < t->n; i++) {
		t->v[i].mixer = &t->mixers[i];
		t->v[i].quiet = params->quiet;
		if (t->inband != NULL)
			t->v[i].inband = zv_inband_at(t->inband, i);
	}
	*ret_streams = t;
	return ZV_OK;

fail:
	zv_streams_destroy(t);
	return err;
}

void zv_streams_equip(struct zv_streams *t, const struct zv_made *made, struct zv_ring *tape,
		      struct zv_ears *ears)
{
	for (uint32_t i = 0; i < t->n; i++) {
		t->v[i].made = made;
		t->v[i].rec.ring = tape;
		t->v[i].rec.lost = &t->tape_lost;
		t->v[i].ear.lost = &t->ear_lost;
		t->v[i].ear.done = ears == NULL ? NULL : zv_ears_done(ears, i * t->n_threads + t->thread);
		if (t->v[i].ear.done != NULL)
			t->v[i].ear.ring = zv_ears_ring(ears, t->thread);
	}
}

void zv_streams_destroy(struct zv_streams *t)
{
	if (t == NULL)
		return;
	if (t->io != NULL)
		t->io->ops->destroy(t->io);
	zv_inband_destroy(t->inband, t->n);
	zv_guards_fini(&t->guards);
	zv_outbox_fini(&t->box);
	zv_wheel_fini(&t->wheel);
	if (t->cross_fd >= 0)
		close(t->cross_fd);
	free(t->by_ssrc);
	free(t->mixers);
	free(t->v);
	free(t);
}

static uint32_t *chain_of(struct zv_streams *t, uint32_t ssrc)
{
	return &t->by_ssrc[zv_mix64(ssrc) & t->ssrc_mask];
}

static struct zv_stream *find_ssrc(struct zv_streams *t, uint32_t ssrc)
{
	uint32_t i = *chain_of(t, ssrc);

	while (i != 0 && t->v[i - 1].ssrc != ssrc)
		i = t->v[i - 1].next_of_ssrc;
	return i != 0 ? &t->v[i - 1] : NULL;
}

static void chain_in(struct zv_streams *t, uint32_t id)
{
	uint32_t *head = chain_of(t, t->v[id].ssrc);

	t->v[id].next_of_ssrc = *head;
	*head = id + 1;
}

static void chain_out(struct zv_streams *t, uint32_t id)
{
	uint32_t *at = chain_of(t, t->v[id].ssrc);

	while (*at != 0 && *at != id + 1)
		at = &t->v[*at - 1].next_of_ssrc;
	if (*at != 0)
		*at = t->v[id].next_of_ssrc;
}

static uint64_t random64(struct zv_streams *t)
{
	uint64_t n = t->seeds++;

	return zv_siphash(&t->key, &n, sizeof(n));
}

/* RFC 3550 6.2: between half and one and a half of the interval, so that reports of many
 * streams do not march in step. */
static int64_t next_report(struct zv_streams *t, int64_t now_ms)
{
	uint32_t every = t->params->rtcp_every_ms;

	return now_ms + every / 2 + (int64_t)(random64(t) % (every + 1u));
}

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

void zv_streams_send_reports(struct zv_streams *t)
{
	uint32_t sent;

	if (t->n_reports == 0)
		return;
	sent = t->io->ops->tx(t->io, t->report_out, t->n_reports);
	zv_count(&t->send_errors, t->n_reports - sent);
	t->n_reports = 0;
}

/* To the port after the RTP port (RFC 3550 11). */
static void add_report(struct zv_streams *t, struct zv_stream *s, int64_t now_ms, bool bye)
{
	struct zv_packet *p;

	if (t->n_reports == ZV_PACKET_BURST)
		zv_streams_send_reports(t);
	p = &t->report_out[t->n_reports];
	p->port = ZV_PACKET_RTCP;
	p->data = t->reports[t->n_reports];
	p->len = (uint32_t)zv_stream_report(s, now_ms, wall_ns(), bye, p->data);
	p->peer = s->filter.peer;
	p->peer.port = (uint16_t)(s->filter.peer.port + 1);
	if (zv_guard_seal_report(&t->guards, (uint32_t)(s - t->v), p->data, &p->len))
		t->n_reports++;
}

/* A port is closed by filter NULL; then what the filter counted is read. */
static void close_stream(struct zv_streams *t, uint32_t id, int64_t now_ms)
{
	struct zv_stream *s = &t->v[id];

	zv_bridge_close(t, id);
	zv_rec_end(&s->rec, s->leg, now_ms);
	zv_ear_tap_end(&s->ear, s->leg, now_ms);
	t->io->ops->filter(t->io, id, NULL);
	if (s->tx_packets > 0) /* who never spoke says no BYE (6.3.7) */
		add_report(t, s, now_ms, true);
	zv_guard_close(&t->guards, id);
	zv_stream_stop(s, ZV_PLAYED_STOPPED, &t->box);
	zv_wheel_remove(&t->wheel, id);
	chain_out(t, id);
	atomic_fetch_sub_explicit(&t->open, 1, memory_order_relaxed);
	zv_stream_close(s, t->io->ops->rejected(t->io, id), &t->box);
}

static void count_open(struct zv_streams *t)
{
	uint32_t open = atomic_fetch_add_explicit(&t->open, 1, memory_order_relaxed) + 1;

	if (open > atomic_load_explicit(&t->peak, memory_order_relaxed))
		atomic_store_explicit(&t->peak, open, memory_order_relaxed);
}

/* Nothing can be opened, or nothing is open: the slot is free all the same. */
static void tell_closed(struct zv_streams *t, const struct zv_cmd *cmd)
{
	struct zv_event ev = {
		.type = ZV_EV_MEDIA_CLOSED,
		.trunk = cmd->trunk,
		.leg = cmd->leg,
		.attempt = cmd->attempt,
	};

	zv_outbox_push(&t->box, &ev);
}

static void open_stream(struct zv_streams *t, uint32_t id, const struct zv_cmd *cmd, int64_t now_ms)
{
	struct zv_stream *s = &t->v[id];
	struct zv_stream_seed seed;
	enum zv_err err;

	if (s->open && s->leg.gen != cmd->leg.gen)
		close_stream(t, id, now_ms);
	if (s->open) {
		err = zv_stream_move(s, cmd, now_ms);
	} else {
		do {
			seed = (struct zv_stream_seed){random64(t), random64(t), random64(t)};
		} while (find_ssrc(t, (uint32_t)seed.a) != NULL);
		err = zv_stream_open(s, cmd, &seed, now_ms);
		if (err != ZV_OK) {
			tell_closed(t, cmd);
			return;
		}
		s->report_ms = next_report(t, now_ms);
		zv_wheel_add(&t->wheel, id);
		chain_in(t, id);
		count_open(t);
	}
	if (err != ZV_OK)
		return;
	zv_guard_open(&t->guards, id, s->leg, s->ssrc);
	s->filter.trunk = NULL; /* a phone has none, whatever number stands there */
	if (cmd->u.media.learn == ZV_LEARN_NOT && cmd->trunk < t->params->n_trunks)
		s->filter.trunk = &t->params->trunks[cmd->trunk];
	t->io->ops->filter(t->io, id, &s->filter);
}

void zv_streams_command(struct zv_streams *t, const struct zv_cmd *cmd, int64_t now_ms)
{
	uint32_t id = cmd->leg.slot / t->n_threads;
	struct zv_stream *s;
	bool ours;

	if (cmd->type == ZV_CMD_MEDIA_LINK) {
		zv_bridge_link(t, cmd, now_ms);
		return;
	}
	if (cmd->leg.slot % t->n_threads != t->thread || id >= t->n)
		return; /* the shell sent it to the wrong thread: there is nobody to answer for it */
	s = &t->v[id];
	ours = s->open && s->leg.gen == cmd->leg.gen;
	if (cmd->type == ZV_CMD_MEDIA_OPEN)
		open_stream(t, id, cmd, now_ms);
	else if (cmd->type == ZV_CMD_MEDIA_CLOSE && ours)
		close_stream(t, id, now_ms);
	else if (cmd->type == ZV_CMD_MEDIA_CLOSE)
		tell_closed(t, cmd);
	else if (cmd->type == ZV_CMD_MEDIA_PLAY && ours)
		zv_stream_play(s, cmd, t->params->prompts, &t->box);
	else if (cmd->type == ZV_CMD_MEDIA_STOP && ours)
		zv_stream_stop(s, ZV_PLAYED_STOPPED, &t->box);
	else if (cmd->type == ZV_CMD_MEDIA_RECORD && ours)
		zv_rec_command(&s->rec, cmd, s->attempt, now_ms);
	else if (cmd->type == ZV_CMD_MEDIA_LISTEN && ours)
		zv_ear_tap_command(&s->ear, cmd, s->trunk, s->attempt, now_ms);
	else if (cmd->type == ZV_CMD_MEDIA_KEY && ours && !zv_presses_add(&s->presses, cmd->u.key.key))
		zv_count(&t->presses_lost, 1);
}

void zv_streams_take(struct zv_streams *t, int64_t now_ms)
{
	struct zv_cmd cmds[COMMANDS_AT_ONCE];
	uint32_t n = COMMANDS_AT_ONCE;

	while (n == COMMANDS_AT_ONCE && zv_outbox_flush(&t->box)) {
		n = zv_ring_pop(t->commands, cmds, COMMANDS_AT_ONCE);
		for (uint32_t i = 0; i < n; i++)
			zv_streams_command(t, &cmds[i], now_ms);
	}
}

static void take_packet(struct zv_streams *t, const struct zv_packet *packet, int64_t now_ms,
			struct zv_taken *ret_heard)
{
	struct zv_stream *s = &t->v[packet->port];
	uint8_t learn = s->filter.learn;
	struct zv_packet clear = *packet;

	if (!zv_guard_unseal(&t->guards, packet->port, &clear)) {
		s->refused++;
		ret_heard->key = 0;
		ret_heard->audio = false;
		return;
	}
	zv_stream_packet(s, &clear, now_ms, &t->box, ret_heard);
	if (learn != s->filter.learn)
		t->io->ops->filter(t->io, packet->port, &s->filter);
}

bool zv_streams_hear_before(struct zv_streams *t, uint32_t id, int64_t now_ms, struct zv_taken *ret_heard)
{
	uint32_t got;

	if (t->io->one_queue) { /* what is read belongs to many: the next packet is the first */
		zv_streams_hear_all(t, now_ms);
		return false;
	}
	got = t->io->ops->rx(t->io, &id, 1, t->in, ZV_PACKET_PER_PORT);
	for (uint32_t i = 0; i < got; i++)
		take_packet(t, &t->in[i], now_ms, ret_heard);
	zv_count(&t->rx_packets, got);
	if (got > 0)
		ret_heard->key = 0;
	return got > 0 && ret_heard->audio &&
	       wall_ns() - t->in[got - 1].at_ns <= ZV_FRAME_MS * INT64_C(1000000);
}

/* The packets in t->in. */
static void take_packets(struct zv_streams *t, uint32_t got, int64_t now_ms)
{
	struct zv_taken heard;

	for (uint32_t i = 0; i < got; i++) {
		take_packet(t, &t->in[i], now_ms, &heard);
		if (t->v[t->in[i].port].n_listeners > 0)
			zv_bridge_pass(t, t->in[i].port, &heard, now_ms);
	}
	zv_bridge_flush(t); /* before the packets' room is used again */
	zv_count(&t->rx_packets, got);
}

void zv_streams_hear(struct zv_streams *t, const uint32_t *ids, uint32_t n, int64_t now_ms)
{
	uint32_t got;

	do {
		got = t->io->ops->rx(t->io, ids, n, t->in, ZV_PACKET_BURST);
		take_packets(t, got, now_ms);
	} while (got == n * ZV_PACKET_PER_PORT);
}

void zv_streams_hear_all(struct zv_streams *t, int64_t now_ms)
{
	uint32_t got, bursts = 0;

	do {
		got = t->io->ops->rx(t->io, NULL, 0, t->in, ZV_PACKET_BURST);
		t->looked += got;
		take_packets(t, got, now_ms);
	} while ((got == ZV_PACKET_BURST || t->io->more) && ++bursts < BURSTS_A_LOOK);
}

/* A stream is read every second turn: half the system calls, and a key is heard 40 ms after it
 * came at the latest.  One that somebody hears is read when something comes (bridge.h). */
static void hear(struct zv_streams *t, const uint32_t *ids, uint32_t n, int64_t tick, int64_t now_ms)
{
	uint32_t some[ZV_HEAR_AT_ONCE], n_some = 0, turn = (uint32_t)(tick / ZV_WHEEL_PHASES);

	if (t->io->one_queue) {
		zv_streams_hear_all(t, now_ms);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (((turn + ids[i]) & 1) != 0 || t->v[ids[i]].n_listeners > 0)
			continue;
		some[n_some++] = ids[i];
		if (n_some < ZV_HEAR_AT_ONCE)
			continue;
		zv_streams_hear(t, some, n_some, now_ms);
		n_some = 0;
	}
	if (n_some > 0)
		zv_streams_hear(t, some, n_some, now_ms);
}

/* Thousands of streams do not fit into the caches near the core: what speak looks at of one of the
 * next is asked for in time. */
static inline void fetch(const struct zv_stream *s)
{
	const char *at = (const char *)s;

	for (size_t line = 0; line < SPOKEN_BYTES; line += 64)
		__builtin_prefetch(at + line);
}

static void find_rooms(struct zv_streams *t, uint32_t n, uint8_t **ret_rooms)
{
	if (t->io->ops->rooms != NULL) {
		t->io->ops->rooms(t->io, n, ret_rooms);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		ret_rooms[i] = t->frames[i];
}

static void speak(struct zv_streams *t, const uint32_t *ids, uint32_t n, int64_t now_ms)
{
	uint32_t sent, m = 0, lost_after_ms = t->params->lost_after_ms;
	uint8_t *rooms[ZV_PACKET_BURST];

	find_rooms(t, n, rooms);
	for (uint32_t i = 0; i < n; i++) {
		struct zv_stream *s = &t->v[ids[i]];

		if (i + AHEAD < n)
			fetch(&t->v[ids[i + AHEAD]]);
		if (s->looks < s->quiet_looks || now_ms - s->heard_ms >= lost_after_ms)
			zv_stream_check_lost(s, now_ms, lost_after_ms, &t->box);
		t->out[m].len = 0;
		if (zv_guard_speaks(&t->guards, ids[i])) /* else its prompt waits for the key */
			t->out[m].len = zv_stream_frame(s, now_ms, rooms[m], &t->box);
		if (t->out[m].len > 0 && zv_guard_seal(&t->guards, ids[i], rooms[m], &t->out[m].len)) {
			t->out[m].port = ids[i];
			t->out[m].data = rooms[m];
			t->out[m++].peer = s->filter.peer;
		}
		if (t->params->rtcp_every_ms > 0 && now_ms >= s->report_ms) {
			add_report(t, s, now_ms, false);
			s->report_ms = next_report(t, now_ms);
		}
	}
	sent = t->io->ops->tx(t->io, t->out, m);
	zv_count(&t->tx_packets, sent);
	zv_count(&t->send_errors, m - sent);
}

void zv_streams_tick(struct zv_streams *t, int64_t tick, int64_t now_ms)
{
	uint32_t phase = (uint32_t)(tick % ZV_WHEEL_PHASES);
	const uint32_t *ids = t->wheel.ids[phase];
	uint32_t n = t->wheel.n[phase], some;

	zv_guards_work(&t->guards);
	hear(t, ids, n, tick, now_ms);
	for (uint32_t at = 0; at < n; at += some) {
		some = n - at < ZV_PACKET_BURST ? n - at : ZV_PACKET_BURST;
		speak(t, ids + at, some, now_ms);
	}
	atomic_store_explicit(&t->rejected, t->io->rejected, memory_order_relaxed);
	atomic_store_explicit(&t->dropped, t->box.dropped, memory_order_relaxed);
	atomic_store_explicit(&t->forged, t->guards.forged, memory_order_relaxed);
	atomic_store_explicit(&t->replayed, t->guards.replayed, memory_order_relaxed);
	atomic_store_explicit(&t->unsent, t->guards.unsent, memory_order_relaxed);
}

/* Whose it is, our ssrc in a report block says; the sender must be that stream's far end. */
void zv_streams_hear_reports(struct zv_streams *t, int64_t now_ms)
{
	static const uint32_t rtcp = ZV_PACKET_RTCP;
	struct zv_rtcp_in in;
	uint32_t got, all = 0;

	do {
		got = t->io->ops->rx(t->io, &rtcp, 1, t->in, ZV_PACKET_BURST);
		for (uint32_t i = 0; i < got; i++) {
			bool plain;
			uint32_t whose = zv_guard_unseal_report(&t->guards, &t->in[i], &plain);

			if ((whose == UINT32_MAX && !plain) || !zv_rtcp_parse(t->in[i].data, t->in[i].len, &in))
				continue;
			for (uint32_t b = 0; b < in.n_blocks; b++) {
				struct zv_stream *s = find_ssrc(t, in.blocks[b].ssrc);

				/* By SRTP for its own stream, plain for plain ones. */
				if (s != NULL && (plain ? zv_guard_is_plain(&t->guards, (uint32_t)(s - t->v))
							: s == &t->v[whose]) &&
				    zv_filter_ip(&s->filter, &t->in[i].peer.ip))
					zv_stream_heard_report(s, &in, now_ms);
			}
		}
		all += got;
	} while (got > 0 && all < REPORTS_A_LOOK);
}

void zv_streams_leave(struct zv_streams *t, int64_t now_ms)
{
	for (uint32_t id = 0; id < t->n; id++)
		if (t->v[id].open)
			close_stream(t, id, now_ms);
	zv_streams_send_reports(t);
}
