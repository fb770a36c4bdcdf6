#include "media/bridge.h"

#include <string.h>

#define RESERVE 64u /* places of a ring that frames leave free */

static bool same(struct zv_leg_id a, struct zv_leg_id b)
{
	return a.slot == b.slot && a.gen == b.gen;
}

static bool is_ours(const struct zv_streams *t, struct zv_leg_id leg)
{
	return leg.slot % t->n_threads == t->thread;
}

/* The open stream of that very use of the slot, on this thread; or NULL. */
static struct zv_stream *stream_of(struct zv_streams *t, struct zv_leg_id leg)
{
	uint32_t id = leg.slot / t->n_threads;
	struct zv_stream *s;

	if (!is_ours(t, leg) || id >= t->n)
		return NULL;
	s = &t->v[id];
	return s->open && s->leg.gen == leg.gen ? s : NULL;
}

uint32_t zv_cross_places(uint32_t n_streams)
{
	uint32_t n = 1024; /* 100 ms of all, if the other thread stalls so long */

	while (n < 8 * n_streams && n < 8192)
		n <<= 1;
	return n;
}

/* ---- to another thread ---- */

static void tell(struct zv_streams *t, struct zv_leg_id whom, enum zv_cross_what what,
		 struct zv_leg_id from, struct zv_leg_id to)
{
	struct zv_ring *ring = t->cross_out[whom.slot % t->n_threads];
	struct zv_cross m = {.what = (uint8_t)what, .from = from, .to = to};

	if (ring == NULL || zv_ring_push(ring, &m) != ZV_OK)
		zv_count(&t->cross_lost, 1);
}

static void push_frame(struct zv_streams *t, struct zv_leg_id to, const struct zv_frame *f)
{
	struct zv_ring *ring = t->cross_out[to.slot % t->n_threads];
	struct zv_cross m;

	if (ring == NULL || f->len > ZV_FRAME_MAX || zv_ring_room(ring) <= RESERVE) {
		zv_count(&t->cross_lost, 1);
		return;
	}
	m.what = ZV_CROSS_FRAME;
	m.law = f->law;
	m.late = f->late;
	m.marker = f->marker;
	m.key = 0;
	m.from = f->from;
	m.to = to;
	m.ssrc = f->ssrc;
	m.timestamp = f->timestamp;
	m.seq = f->seq;
	m.len = f->len;
	memcpy(m.payload, f->payload, f->len);
	memset(m.payload + f->len, 0, f->len < ZV_FRAME_SAMPLES ? ZV_FRAME_SAMPLES - f->len : 0);
	if (zv_ring_push(ring, &m) != ZV_OK)
		zv_count(&t->cross_lost, 1);
	zv_count(&t->crossed, 1);
}

static void push_key(struct zv_streams *t, struct zv_leg_id to, struct zv_leg_id from, char key)
{
	struct zv_ring *ring = t->cross_out[to.slot % t->n_threads];
	struct zv_cross m = {.what = ZV_CROSS_KEY, .key = (uint8_t)key, .from = from, .to = to};

	if (ring == NULL || zv_ring_push(ring, &m) != ZV_OK)
		zv_count(&t->cross_lost, 1);
}

/* ---- out ---- */

void zv_bridge_flush(struct zv_streams *t)
{
	uint32_t sent;

	if (t->n_heard == 0)
		return;
	sent = t->io->ops->tx(t->io, t->heard_out, t->n_heard);
	zv_count(&t->tx_packets, sent);
	zv_count(&t->passed_on, sent);
	zv_count(&t->send_errors, t->n_heard - sent);
	t->n_heard = 0;
}

/* The other law's octet for each octet of one. */
static void change_law(uint8_t *to, const uint8_t *from, uint32_t n, uint8_t law)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = law == ZV_PCMU ? zv_alaw_of_ulaw[from[i]] : zv_ulaw_of_alaw[from[i]];
}

/* A frame for a listener of this thread.  room: where the packet may be made, header first; its
 * payload may stand there already.  NULL: in a place of its own. */
static void hand_over(struct zv_streams *t, struct zv_stream *s, const struct zv_frame *f,
		      uint8_t *room, int64_t now_ms)
{
	struct zv_packet *p;
	struct zv_rtp rtp;

	uint32_t id = s->leg.slot / t->n_threads;

	if (!zv_guard_speaks(&t->guards, id) || !zv_stream_hear(s, f, now_ms, &rtp))
		return;
	if (!zv_guard_is_plain(&t->guards, id))
		room = NULL; /* it grows by its tag, and others may hear the same */
	if (t->n_heard == ZV_PACKET_BURST)
		zv_bridge_flush(t);
	p = &t->heard_out[t->n_heard];
	if (room == NULL) {
		if (f->len > ZV_FRAME_MAX)
			return;
		room = t->heard[t->n_heard];
	}
	zv_rtp_write(room, &rtp);
	if (rtp.payload_type != f->law)
		change_law(room + ZV_RTP_HEADER, f->payload, f->len, f->law);
	else if (room + ZV_RTP_HEADER != f->payload)
		memcpy(room + ZV_RTP_HEADER, f->payload, f->len);
	rtp.payload = room + ZV_RTP_HEADER;
	rtp.len = f->len;
	zv_stream_sent(s, &rtp, now_ms);
	p->port = id;
	p->data = room;
	p->len = ZV_RTP_HEADER + f->len;
	p->peer = s->filter.peer;
	if (zv_guard_seal(&t->guards, id, p->data, &p->len))
		t->n_heard++;
}

void zv_bridge_pass(struct zv_streams *t, uint32_t id, struct zv_taken *heard, int64_t now_ms)
{
	struct zv_stream *s = &t->v[id];
	uint8_t *own = NULL;

	/* The one who hears it alone may have the packet itself: the header is at least as long. */
	if (s->n_listeners == 1 && heard->audio)
		own = (uint8_t *)(uintptr_t)heard->frame.payload - ZV_RTP_HEADER;
	for (uint32_t i = 0; i < s->n_listeners; i++) {
		const struct zv_listener *l = &s->listeners[i];
		struct zv_stream *to = stream_of(t, l->to);

		if (heard->audio && to != NULL)
			hand_over(t, to, &heard->frame, own, now_ms);
		else if (heard->audio && !is_ours(t, l->to))
			push_frame(t, l->to, &heard->frame);
		if (heard->key == 0 || !l->keys)
			continue;
		if (!is_ours(t, l->to))
			push_key(t, l->to, s->leg, heard->key);
		else if (to != NULL && !zv_presses_add(&to->presses, (uint8_t)heard->key))
			zv_count(&t->presses_lost, 1);
	}
}

/* ---- links ---- */

static void add_listener(struct zv_streams *t, struct zv_stream *s, struct zv_leg_id to, bool keys)
{
	uint32_t i = 0;

	while (i < s->n_listeners && !same(s->listeners[i].to, to))
		i++;
	if (i == ZV_LISTENERS_MAX) {
		zv_count(&t->links_refused, 1);
		return;
	}
	s->listeners[i] = (struct zv_listener){to, keys};
	if (i < s->n_listeners)
		return;
	if (s->n_listeners++ == 0) {
		t->io->ops->watch(t->io, s->leg.slot / t->n_threads, true);
		t->watched++;
	}
}

static void remove_listener(struct zv_streams *t, struct zv_stream *s, struct zv_leg_id to)
{
	uint32_t i = 0;

	while (i < s->n_listeners && !same(s->listeners[i].to, to))
		i++;
	if (i == s->n_listeners)
		return;
	s->listeners[i] = s->listeners[--s->n_listeners];
	if (s->n_listeners == 0) {
		t->io->ops->watch(t->io, s->leg.slot / t->n_threads, false);
		t->watched--;
	}
}

/* The source's part. */
static void link_source(struct zv_streams *t, const struct zv_cmd *cmd, int64_t now_ms)
{
	struct zv_stream *s = stream_of(t, cmd->u.link.from);
	uint32_t id = cmd->u.link.from.slot / t->n_threads;
	struct zv_taken heard;
	bool fresh;

	if (s == NULL) {
		if (cmd->u.link.on && !is_ours(t, cmd->leg))
			tell(t, cmd->leg, ZV_CROSS_SOURCE_GONE, cmd->u.link.from, cmd->leg);
		return;
	}
	if (!cmd->u.link.on) {
		remove_listener(t, s, cmd->leg);
		return;
	}
	/* What waits in the socket was said before there was a link.  The newest of it may be of
	 * this very moment: who is bridged is heard by it, not 20 ms later. */
	fresh = s->n_listeners == 0 && zv_streams_hear_before(t, id, now_ms, &heard);
	add_listener(t, s, cmd->leg, cmd->u.link.keys);
	if (fresh) {
		zv_bridge_pass(t, id, &heard, now_ms);
		zv_bridge_flush(t);
	}
}

static void set_link(struct zv_streams *t, struct zv_stream *s, struct zv_leg_id from, bool on, bool keys)
{
	uint32_t before = s->n_links;

	if (!zv_stream_link(s, from, on, keys))
		zv_count(&t->links_refused, 1);
	if (!is_ours(t, from))
		t->remote += s->n_links - before;
}

void zv_bridge_link(struct zv_streams *t, const struct zv_cmd *cmd, int64_t now_ms)
{
	struct zv_leg_id from = cmd->u.link.from;
	struct zv_stream *s = stream_of(t, cmd->leg);

	if (same(cmd->leg, from))
		return;
	/* To a source of this thread that is gone no link is made. */
	if (s != NULL && (!cmd->u.link.on || !is_ours(t, from) || stream_of(t, from) != NULL))
		set_link(t, s, from, cmd->u.link.on, cmd->u.link.keys);
	if (is_ours(t, from) && (s != NULL || !is_ours(t, cmd->leg)))
		link_source(t, cmd, now_ms);
}

void zv_bridge_close(struct zv_streams *t, uint32_t id)
{
	struct zv_stream *s = &t->v[id];

	for (uint32_t i = 0; i < ZV_LINKS_MAX; i++) {
		struct zv_leg_id from = s->links[i].from;
		struct zv_stream *source;

		if (from.slot == ZV_SLOT_NONE)
			continue;
		set_link(t, s, from, false, false);
		source = stream_of(t, from);
		if (source != NULL)
			remove_listener(t, source, s->leg);
		else if (!is_ours(t, from))
			tell(t, from, ZV_CROSS_LISTENER_GONE, from, s->leg);
	}
	while (s->n_listeners > 0) {
		struct zv_leg_id to = s->listeners[s->n_listeners - 1].to;
		struct zv_stream *listener = stream_of(t, to);

		if (listener != NULL)
			set_link(t, listener, s->leg, false, false);
		else if (!is_ours(t, to))
			tell(t, to, ZV_CROSS_SOURCE_GONE, s->leg, to);
		remove_listener(t, s, to);
	}
}

/* ---- in ---- */

static void take_frame(struct zv_streams *t, struct zv_stream *s, const struct zv_cross *m, int64_t now_ms)
{
	struct zv_frame f = {
		.from = m->from, .ssrc = m->ssrc, .timestamp = m->timestamp, .seq = m->seq, .len = m->len,
		.law = m->law, .late = m->late, .marker = m->marker, .payload = m->payload,
	};

	hand_over(t, s, &f, NULL, now_ms);
}

/* The other end is gone.  Its LINK may still wait among the commands: that one is older. */
static void take_gone(struct zv_streams *t, const struct zv_cross *m, int64_t now_ms)
{
	struct zv_stream *s;

	zv_streams_take(t, now_ms);
	if (m->what == ZV_CROSS_SOURCE_GONE) {
		s = stream_of(t, m->to);
		if (s != NULL)
			set_link(t, s, m->from, false, false);
	} else {
		s = stream_of(t, m->from);
		if (s != NULL)
			remove_listener(t, s, m->to);
	}
}

static void take_cross(struct zv_streams *t, const struct zv_cross *m, int64_t now_ms)
{
	struct zv_stream *s;

	if (m->what == ZV_CROSS_SOURCE_GONE || m->what == ZV_CROSS_LISTENER_GONE) {
		take_gone(t, m, now_ms);
		return;
	}
	s = stream_of(t, m->to);
	if (s == NULL || !zv_stream_hears(s, m->from)) {
		zv_streams_take(t, now_ms); /* its LINK may be there by now */
		s = stream_of(t, m->to);
		if (s == NULL || !zv_stream_hears(s, m->from))
			return;
	}
	if (m->what == ZV_CROSS_FRAME)
		take_frame(t, s, m, now_ms);
	else if (!zv_presses_add(&s->presses, m->key))
		zv_count(&t->presses_lost, 1);
}

static void look_across(struct zv_streams *t, int64_t now_ms)
{
	struct zv_cross m[8];

	for (uint32_t i = 0; i < t->n_threads; i++) {
		uint32_t n = 8;

		while (t->cross_in[i] != NULL && n == 8) {
			n = zv_ring_pop(t->cross_in[i], m, 8);
			for (uint32_t k = 0; k < n; k++)
				take_cross(t, &m[k], now_ms);
			t->looked += n;
		}
	}
	zv_bridge_flush(t);
}

/* The ports that ready names, in the portions that hear takes. */
static void read_ready(struct zv_streams *t, const uint32_t *ports, uint32_t n, int64_t now_ms)
{
	uint32_t some[ZV_HEAR_AT_ONCE], n_some = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (ports[i] == ZV_PACKET_WOKEN)
			continue;
		if (ports[i] == ZV_PACKET_ANY) {
			zv_streams_hear_all(t, now_ms);
			continue;
		}
		t->looked++;
		some[n_some++] = ports[i];
		if (n_some == ZV_HEAR_AT_ONCE) {
			zv_streams_hear(t, some, n_some, now_ms);
			n_some = 0;
		}
	}
	if (n_some > 0)
		zv_streams_hear(t, some, n_some, now_ms);
}

void zv_bridge_look(struct zv_streams *t, int64_t now_ms)
{
	uint32_t n = t->n_ready;

	if (!t->rested)
		n = t->watched > 0 ? t->io->ops->ready(t->io, 0, t->ready, ZV_PACKET_BURST) : 0;
	t->rested = false;
	read_ready(t, t->ready, n, now_ms);
	while (n == ZV_PACKET_BURST) {
		n = t->io->ops->ready(t->io, 0, t->ready, ZV_PACKET_BURST);
		read_ready(t, t->ready, n, now_ms);
	}
	look_across(t, now_ms);
}

void zv_bridge_rest(struct zv_streams *t, int64_t wait_ns)
{
	for (uint32_t i = 0; i < t->n_threads; i++)
		if (t->cross_in[i] != NULL && !zv_ring_arm(t->cross_in[i]))
			return;
	if (!zv_ring_arm(t->commands))
		return;
	t->n_ready = t->io->ops->ready(t->io, wait_ns, t->ready, ZV_PACKET_BURST);
	t->rested = true;
}
