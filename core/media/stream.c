#include "media/stream.h"

#include <string.h>

#include "base/bytes.h"

/* Samples ahead of its clock at which a stream passes a tick over. */
#define EARLY 120
/* And at which it takes no more of a link. */
#define BURST 640
/* A quiet stream sends a packet that often (RFC 6263 4: NATs forget a port after 30 s and more). */
#define KEEP_OPEN_MS 15000

static void tell(const struct zv_stream *s, struct zv_event *event, struct zv_outbox *box)
{
	event->trunk = s->trunk;
	event->leg = s->leg;
	event->attempt = s->attempt;
	zv_outbox_push(box, event);
}

static bool usable(const struct zv_cmd *cmd)
{
	return cmd->u.media.payload_type == ZV_PCMU || cmd->u.media.payload_type == ZV_PCMA;
}

static void set_far_end(struct zv_stream *s, const struct zv_cmd *cmd, int64_t now_ms)
{
	s->trunk = cmd->trunk;
	s->leg = cmd->leg;
	s->attempt = cmd->attempt;
	s->filter.peer.ip = cmd->u.media.rtp_ip;
	s->filter.peer.port = cmd->u.media.rtp_port;
	s->filter.learn = cmd->u.media.learn <= ZV_LEARN_ANY ? cmd->u.media.learn : ZV_LEARN_NOT;
	s->dtmf_type = cmd->u.media.dtmf_type;
	s->heard_ms = now_ms;
	s->lost_told = false;
	s->looks = 0;
	s->quiet_looks = cmd->u.media.quiet_ms / ZV_FRAME_MS;
}

static void set_cname(struct zv_stream *s, const struct zv_stream_seed *seed)
{
	static const char hex[] = "0123456789abcdef";

	for (uint32_t i = 0; i < ZV_RTCP_CNAME; i++)
		s->cname[i] = hex[(i < 16 ? seed->b >> 4 * i : seed->c >> 4 * (i - 16)) & 15];
}

enum zv_err zv_stream_open(struct zv_stream *s, const struct zv_cmd *cmd,
			   const struct zv_stream_seed *seed, int64_t now_ms)
{
	struct zv_inband *inband = s->inband;
	struct zv_mixer *mixer = s->mixer;
	const struct zv_made *made = s->made;
	struct zv_rec rec = s->rec;
	bool quiet = s->quiet;
	struct zv_ear_tap ear = s->ear;

	if (!usable(cmd))
		return ZV_EINVAL;
	memset(s, 0, sizeof(*s));
	s->inband = inband;
	s->mixer = mixer;
	s->made = made;
	s->rec = rec;
	s->quiet = quiet;
	zv_rec_reset(&s->rec);
	s->ear = ear;
	zv_ear_tap_reset(&s->ear);
	for (uint32_t i = 0; i < ZV_LINKS_MAX; i++)
		s->links[i].from.slot = ZV_SLOT_NONE;
	s->open = true;
	s->payload_type = cmd->u.media.payload_type;
	s->marker = true;
	s->ssrc = (uint32_t)seed->a;
	s->seq = (uint16_t)(seed->a >> 32) & 0x7fff; /* RFC 3711 3.3.1: the first round is sure */
	s->timestamp = (uint32_t)(seed->c >> 32);
	set_cname(s, seed);
	set_far_end(s, cmd, now_ms);
	zv_keys_init(&s->keys);
	if (inband != NULL)
		zv_inband_restart(inband);
	return ZV_OK;
}

enum zv_err zv_stream_move(struct zv_stream *s, const struct zv_cmd *cmd, int64_t now_ms)
{
	if (!usable(cmd))
		return ZV_EINVAL;
	s->payload_type = cmd->u.media.payload_type; /* what plays is there in both laws */
	set_far_end(s, cmd, now_ms);
	return ZV_OK;
}

static void clear_mixer(struct zv_stream *s)
{
	for (uint32_t i = 0; i < ZV_LINKS_MAX; i++)
		zv_mixer_clear(s->mixer, i);
}

void zv_stream_play(struct zv_stream *s, const struct zv_cmd *cmd, const struct zv_prompts *prompts,
		    struct zv_outbox *box)
{
	uint64_t silence = (uint64_t)cmd->u.play.duration_ms * (ZV_FRAME_SAMPLES / ZV_FRAME_MS);

	zv_stream_stop(s, ZV_PLAYED_STOPPED, box);
	s->playing = true;
	s->tag = cmd->u.play.tag;
	s->stop_on_key = cmd->u.play.stop_on_key;
	s->loop = cmd->u.play.loop;
	s->over = cmd->u.play.prompt == ZV_PROMPT_TONE;
	clear_mixer(s);
	if (cmd->u.play.prompt == 0) {
		s->audio.n = silence > UINT32_MAX ? UINT32_MAX : (uint32_t)silence;
	} else if (!zv_made_find(s->made, cmd->u.play.prompt, &s->audio) &&
		   !zv_prompts_find(prompts, cmd->u.play.prompt, &s->audio)) {
		zv_stream_stop(s, ZV_PLAYED_MISSING, box);
		return;
	}
	if (s->audio.n == 0)
		zv_stream_stop(s, ZV_PLAYED_DONE, box);
}

void zv_stream_stop(struct zv_stream *s, uint8_t cause, struct zv_outbox *box)
{
	struct zv_event ev = {.type = ZV_EV_MEDIA_PLAYED};

	if (!s->playing)
		return;
	ev.u.media.tag = s->tag;
	ev.u.media.cause = cause;
	s->playing = false;
	s->audio = (struct zv_audio){0};
	s->said = 0;
	if (!s->loop || cause != ZV_PLAYED_STOPPED)
		tell(s, &ev, box);
}

/* 20 ms of what plays, in the stream's law; silence where it ends. */
static void fill(struct zv_stream *s, uint8_t *payload)
{
	bool mu = s->payload_type == ZV_PCMU;
	const uint8_t *audio = mu ? s->audio.ulaw : s->audio.alaw;
	uint32_t at = 0, n;

	/* The usual case by itself: a copy of known length costs a third of one of any length. */
	if (s->playing && audio != NULL && s->audio.n - s->said > ZV_FRAME_SAMPLES) {
		memcpy(payload, audio + s->said, ZV_FRAME_SAMPLES);
		s->said += ZV_FRAME_SAMPLES;
		return;
	}
	while (s->playing && at < ZV_FRAME_SAMPLES) {
		n = s->audio.n - s->said;
		if (n > ZV_FRAME_SAMPLES - at)
			n = ZV_FRAME_SAMPLES - at;
		if (audio != NULL)
			memcpy(payload + at, audio + s->said, n);
		else
			memset(payload + at, mu ? ZV_ULAW_SILENCE : ZV_ALAW_SILENCE, n);
		at += n;
		s->said += n;
		if (s->said < s->audio.n)
			break;
		if (!s->loop)
			break;
		s->said = 0;
	}
	memset(payload + at, mu ? ZV_ULAW_SILENCE : ZV_ALAW_SILENCE, ZV_FRAME_SAMPLES - at);
}

static void mix(struct zv_stream *s, uint8_t *payload)
{
	const int16_t *linear = s->payload_type == ZV_PCMU ? zv_ulaw_linear : zv_alaw_linear;
	int32_t sum[ZV_FRAME_SAMPLES];

	for (uint32_t i = 0; i < ZV_FRAME_SAMPLES; i++)
		sum[i] = linear[payload[i]];
	zv_mixer_add(s->mixer, sum);
	for (uint32_t i = 0; i < ZV_FRAME_SAMPLES; i++) {
		int32_t v = sum[i] > INT16_MAX ? INT16_MAX : sum[i] < INT16_MIN ? INT16_MIN : sum[i];

		payload[i] = s->payload_type == ZV_PCMU ? zv_ulaw_encode((int16_t)v)
							: zv_alaw_encode((int16_t)v);
	}
}

/* Rules 2 and 4 of link.h. */
static bool mixes(const struct zv_stream *s)
{
	return s->playing ? s->over && s->n_links > 0 : s->n_links > 1;
}

static bool key_sounds(struct zv_stream *s, uint8_t *payload)
{
	struct zv_audio audio;
	uint32_t frame;
	uint8_t event;

	if (s->dtmf_type != 0 || !zv_presses_sound(&s->presses, &event, &frame))
		return false;
	audio = zv_made_key(s->made, event);
	memcpy(payload, (s->payload_type == ZV_PCMU ? audio.ulaw : audio.alaw) + frame * ZV_FRAME_SAMPLES,
	       ZV_FRAME_SAMPLES);
	return true;
}

static struct zv_place place_of(const struct zv_stream *s, int64_t now_ms)
{
	return (struct zv_place){s->seq, s->timestamp, s->clock_off + (uint32_t)(now_ms * 8)};
}

/* The clock begins with the first packet. */
static void start_clock(struct zv_stream *s, int64_t now_ms)
{
	if (s->tx_packets == 0)
		s->clock_off = s->timestamp - (uint32_t)(now_ms * 8);
}

/* Who flowed may be ahead of its clock: the last packet went out a moment ago, or a late burst
 * came.  Then a tick is passed over. */
static bool is_ahead(const struct zv_stream *s, int64_t now_ms)
{
	struct zv_place place = place_of(s, now_ms);

	return s->flow.fed_ms != 0 && (int32_t)(place.timestamp - place.clock) >= EARLY;
}

/* The tick speaks after a flow. */
static void end_flow(struct zv_stream *s, int64_t now_ms)
{
	struct zv_place place = place_of(s, now_ms);

	s->flow.on = false;
	s->marker = zv_place_catch_up(&place);
	s->timestamp = place.timestamp;
}

static uint32_t event_packet(struct zv_stream *s, const struct zv_press_packet *press, uint8_t *ret_data)
{
	zv_rtp_write(ret_data, &(struct zv_rtp){
		.payload_type = s->dtmf_type,
		.marker = press->marker,
		.seq = s->seq++,
		.timestamp = press->timestamp,
		.ssrc = s->ssrc,
	});
	memcpy(ret_data + ZV_RTP_HEADER, press->payload, sizeof(press->payload));
	s->timestamp += ZV_FRAME_SAMPLES;
	s->tx_packets++;
	s->tx_octets += (uint32_t)sizeof(press->payload);
	return ZV_RTP_HEADER + sizeof(press->payload);
}

static void record_out(struct zv_stream *s, uint32_t timestamp, const uint8_t *payload, uint32_t len,
		       int64_t now_ms)
{
	zv_rec_frame(&s->rec, s->leg, &(struct zv_rec_frame){
		.side = ZV_REC_LEFT, .law = s->payload_type, .len = (uint16_t)len,
		.timestamp = timestamp, .payload = payload}, now_ms);
}

void zv_stream_sent(struct zv_stream *s, const struct zv_rtp *rtp, int64_t now_ms)
{
	if (s->rec.on)
		record_out(s, rtp->timestamp, rtp->payload, rtp->len, now_ms);
}

/* Silence that nobody mixes anything into. */
static bool says_nothing(const struct zv_stream *s)
{
	return s->audio.alaw == NULL && s->audio.ulaw == NULL && s->presses.n == 0 && !mixes(s);
}

/* 20 ms go by without a packet (RFC 3551 4.1): the next one has the marker. */
static void pass_over(struct zv_stream *s, struct zv_outbox *box)
{
	uint32_t left = s->playing ? s->audio.n - s->said : 0;

	s->said += left < ZV_FRAME_SAMPLES ? left : ZV_FRAME_SAMPLES;
	s->timestamp += ZV_FRAME_SAMPLES;
	s->marker = true;
	if (!s->playing || s->said < s->audio.n)
		return;
	if (s->loop)
		s->said = 0;
	else
		zv_stream_stop(s, ZV_PLAYED_DONE, box);
}

uint32_t zv_stream_frame(struct zv_stream *s, int64_t now_ms, uint8_t *ret_data, struct zv_outbox *box)
{
	uint8_t *payload = ret_data + ZV_RTP_HEADER;
	struct zv_press_packet press;

	if (!s->playing && s->presses.n == 0 && s->n_links == 1 && zv_flow_runs(&s->flow, now_ms))
		return 0;
	start_clock(s, now_ms);
	if (is_ahead(s, now_ms))
		return 0;
	if (s->flow.on)
		end_flow(s, now_ms);
	if (s->quiet && says_nothing(s) && s->sent_ms != 0 && now_ms - s->sent_ms < KEEP_OPEN_MS) {
		pass_over(s, box);
		return 0;
	}
	s->sent_ms = now_ms;
	if (s->dtmf_type != 0 && s->presses.n > 0 &&
	    zv_presses_step(&s->presses, s->timestamp, &press) == ZV_PRESS_EVENT)
		return event_packet(s, &press, ret_data);
	zv_rtp_write(ret_data, &(struct zv_rtp){
		.payload_type = s->payload_type,
		.marker = s->marker,
		.seq = s->seq,
		.timestamp = s->timestamp,
		.ssrc = s->ssrc,
	});
	if (!key_sounds(s, payload)) {
		bool mixed = mixes(s);

		fill(s, payload);
		if (mixed)
			mix(s, payload);
	}
	if (s->rec.on)
		record_out(s, s->timestamp, payload, ZV_FRAME_SAMPLES, now_ms);
	s->marker = false;
	s->seq++;
	s->timestamp += ZV_FRAME_SAMPLES;
	s->tx_packets++;
	s->tx_octets += ZV_FRAME_SAMPLES;
	if (s->playing && s->said == s->audio.n)
		zv_stream_stop(s, ZV_PLAYED_DONE, box);
	return ZV_RTP_FRAME;
}

/* ---- links ---- */

static bool same(struct zv_leg_id a, struct zv_leg_id b)
{
	return a.slot == b.slot && a.gen == b.gen;
}

static uint32_t find_link(const struct zv_stream *s, struct zv_leg_id from)
{
	uint32_t i = 0;

	while (i < ZV_LINKS_MAX && !same(s->links[i].from, from))
		i++;
	return i;
}

bool zv_stream_hears(const struct zv_stream *s, struct zv_leg_id from)
{
	return s->n_links > 0 && find_link(s, from) < ZV_LINKS_MAX;
}

bool zv_stream_link(struct zv_stream *s, struct zv_leg_id from, bool on, bool keys)
{
	uint32_t i = find_link(s, from);

	if (!on) {
		if (i == ZV_LINKS_MAX)
			return true;
		s->links[i].from.slot = ZV_SLOT_NONE;
		s->n_links--;
	} else if (i < ZV_LINKS_MAX) {
		s->links[i].keys = keys;
		return true;
	} else {
		i = 0;
		while (i < ZV_LINKS_MAX && s->links[i].from.slot != ZV_SLOT_NONE)
			i++;
		if (i == ZV_LINKS_MAX)
			return false;
		s->links[i].from = from;
		s->links[i].keys = keys;
		s->n_links++;
	}
	if (s->n_links == 1)
		clear_mixer(s); /* what was mixed flows from now on */
	else
		zv_mixer_clear(s->mixer, i);
	return true;
}

bool zv_stream_hear(struct zv_stream *s, const struct zv_frame *frame, int64_t now_ms,
		    struct zv_rtp *ret_rtp)
{
	uint32_t link = find_link(s, frame->from);
	struct zv_place place;
	enum zv_flow_take take;

	if (link == ZV_LINKS_MAX || frame->len == 0)
		return false;
	if (mixes(s)) {
		zv_mixer_push(s->mixer, link, frame);
		return false;
	}
	if (s->playing || s->presses.n > 0 || s->n_links > 1)
		return false;
	start_clock(s, now_ms);
	place = place_of(s, now_ms);
	take = zv_flow_take(&s->flow, frame, &place, &ret_rtp->seq, &ret_rtp->timestamp);
	if (take == ZV_FLOW_DROP)
		return false;
	/* The burst after a network's pause: its time is over, the far end would only hear all that
	 * follows later for it. */
	if ((int32_t)(ret_rtp->timestamp - place.clock) > BURST) {
		s->flow.on = false;
		return false;
	}
	s->seq = place.seq;
	s->timestamp = place.timestamp;
	s->flow.fed_ms = now_ms;
	ret_rtp->payload_type = s->payload_type;
	ret_rtp->marker = s->marker || take == ZV_FLOW_ANEW || (take == ZV_FLOW_NEXT && frame->marker);
	ret_rtp->ssrc = s->ssrc;
	s->marker = false;
	s->tx_packets++;
	s->tx_octets += frame->len;
	return true;
}

static void pressed(struct zv_stream *s, char key, bool inband, struct zv_outbox *box)
{
	struct zv_event ev = {.type = ZV_EV_MEDIA_KEY};

	ev.u.media.key = (uint8_t)key;
	ev.u.media.inband = inband;
	ev.u.media.tag = s->playing ? s->tag : 0;
	tell(s, &ev, box);
	if (s->stop_on_key)
		zv_stream_stop(s, ZV_PLAYED_BY_KEY, box);
}

static void listen_inband(struct zv_stream *s, const struct zv_rtp *rtp, int64_t now_ms,
			  struct zv_outbox *box)
{
	char found[8];
	uint32_t n;

	if (s->inband == NULL || s->keys.events)
		return;
	n = zv_inband_take(s->inband, rtp, found);
	for (uint32_t i = 0; i < n; i++) {
		char key = zv_keys_inband(&s->keys, found[i], now_ms);

		if (key != 0)
			pressed(s, key, true, box);
	}
}

/* Comfort noise (RFC 3389) needs no agreement to be harmless; nothing else does. */
static bool agreed(const struct zv_stream *s, const struct zv_rtp *rtp)
{
	return rtp->payload_type == ZV_PCMU || rtp->payload_type == ZV_PCMA ||
	       rtp->payload_type == 13 || (s->dtmf_type != 0 && rtp->payload_type == s->dtmf_type);
}

/* The first valid packet decides; zv_streams tells the filter. */
static void learn(struct zv_stream *s, const struct zv_packet *packet)
{
	s->filter.peer = packet->peer;
	s->filter.learn = ZV_LEARN_NOT;
}

void zv_stream_packet(struct zv_stream *s, const struct zv_packet *packet, int64_t now_ms,
		      struct zv_outbox *box, struct zv_taken *ret_heard)
{
	struct zv_rtp rtp;
	enum zv_rtp_take take;

	ret_heard->key = 0;
	ret_heard->audio = false;
	if (!zv_rtp_parse(packet->data, packet->len, &rtp) || !agreed(s, &rtp)) {
		s->refused++;
		return;
	}
	take = zv_rtp_source_take(&s->source, &rtp);
	s->rx_packets++;
	s->heard_ms = now_ms;
	s->lost_told = false;
	if (s->looks != 0 && s->looks == s->quiet_looks)
		tell(s, &(struct zv_event){.type = ZV_EV_MEDIA_LOST, .code = ZV_LOST_HEARD}, box);
	s->looks = 0;
	if (s->filter.learn != ZV_LEARN_NOT)
		learn(s, packet);
	if (take == ZV_RTP_DUPLICATE || take == ZV_RTP_STRAY)
		return;
	if (take == ZV_RTP_RESTART) {
		zv_keys_restart(&s->keys);
		s->last_sr = 0;
		if (s->inband != NULL)
			zv_inband_restart(s->inband);
	}
	if (s->dtmf_type != 0 && rtp.payload_type == s->dtmf_type) {
		char key = zv_keys_event(&s->keys, &rtp, now_ms);

		ret_heard->key = key;
		if (key != 0)
			pressed(s, key, false, box);
	} else {
		zv_rtp_source_jitter(&s->source, rtp.timestamp,
				     (uint32_t)(packet->at_ns / 125000));
	}
	ret_heard->audio = rtp.payload_type == ZV_PCMU || rtp.payload_type == ZV_PCMA;
	if (ret_heard->audio)
		ret_heard->frame = (struct zv_frame){
			.from = s->leg, .ssrc = rtp.ssrc, .timestamp = rtp.timestamp,
			.seq = (uint16_t)(rtp.seq - s->skipped), .len = (uint16_t)rtp.len,
			.law = rtp.payload_type, .late = take == ZV_RTP_LATE, .marker = rtp.marker,
			.payload = rtp.payload,
		};
	else if (take == ZV_RTP_NEXT)
		s->skipped++;
	if (s->rec.on && ret_heard->audio)
		zv_rec_frame(&s->rec, s->leg, &(struct zv_rec_frame){
			.side = ZV_REC_RIGHT, .law = rtp.payload_type, .len = (uint16_t)rtp.len,
			.timestamp = rtp.timestamp, .payload = rtp.payload}, now_ms);
	if (s->ear.on && ret_heard->audio)
		zv_ear_tap_frame(&s->ear, s->leg, &rtp, now_ms);
	listen_inband(s, &rtp, now_ms, box);
}

void zv_stream_check_lost(struct zv_stream *s, int64_t now_ms, uint32_t lost_after_ms,
			  struct zv_outbox *box)
{
	struct zv_event ev = {.type = ZV_EV_MEDIA_LOST};

	/* Ticks, not time: after a stall of ours nobody is quiet. */
	if (s->looks < s->quiet_looks && ++s->looks == s->quiet_looks) {
		ev.code = ZV_LOST_QUIET;
		tell(s, &ev, box);
		ev = (struct zv_event){.type = ZV_EV_MEDIA_LOST};
	}
	if (lost_after_ms == 0 || s->lost_told || now_ms - s->heard_ms < lost_after_ms)
		return;
	s->lost_told = true;
	tell(s, &ev, box);
}

size_t zv_stream_report(struct zv_stream *s, int64_t now_ms, int64_t wall_ns, bool bye,
			uint8_t *ret_data)
{
	struct zv_rtcp_report r = {
		.ssrc = s->ssrc,
		.ntp = zv_ntp_of(wall_ns),
		.rtp_timestamp = s->timestamp,
		.packets = s->tx_packets,
		.octets = s->tx_octets,
		.has_block = s->source.valid,
		.bye = bye,
	};

	memcpy(r.cname, s->cname, ZV_RTCP_CNAME);
	if (s->source.valid) {
		zv_rtcp_block_of(&s->source, &r.block);
		r.block.lsr = s->last_sr;
		if (s->last_sr != 0)
			r.block.dlsr = (uint32_t)((now_ms - s->last_sr_ms) * 65536 / 1000);
	}
	return zv_rtcp_write(ret_data, &r);
}

void zv_stream_heard_report(struct zv_stream *s, const struct zv_rtcp_in *in, int64_t now_ms)
{
	if (!in->sr || !s->source.valid || in->ssrc != s->source.ssrc)
		return;
	s->last_sr = in->ntp_middle;
	s->last_sr_ms = now_ms;
}

void zv_stream_close(struct zv_stream *s, uint32_t rejected, struct zv_outbox *box)
{
	struct zv_event ev = {.type = ZV_EV_MEDIA_CLOSED};

	ev.u.stats.rx_packets = s->rx_packets;
	ev.u.stats.tx_packets = s->tx_packets;
	ev.u.stats.lost = zv_rtp_source_lost(&s->source);
	ev.u.stats.rejected = rejected + s->refused;
	ev.u.stats.jitter_us = zv_rtp_source_jitter_us(&s->source);
	s->open = false;
	tell(s, &ev, box);
}
