#include "media/stream.h"

#include <string.h>

#include "base/bytes.h"

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
	s->dtmf_type = cmd->u.media.dtmf_type;
	s->heard_ms = now_ms;
	s->lost_told = false;
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

	if (!usable(cmd))
		return ZV_EINVAL;
	memset(s, 0, sizeof(*s));
	s->inband = inband;
	s->open = true;
	s->payload_type = cmd->u.media.payload_type;
	s->marker = true;
	s->ssrc = (uint32_t)seed->a;
	s->seq = (uint16_t)(seed->a >> 32);
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

void zv_stream_play(struct zv_stream *s, const struct zv_cmd *cmd, const struct zv_prompts *prompts,
		    struct zv_outbox *box)
{
	uint64_t silence = (uint64_t)cmd->u.play.duration_ms * (ZV_FRAME_SAMPLES / ZV_FRAME_MS);

	zv_stream_stop(s, ZV_PLAYED_STOPPED, box);
	s->playing = true;
	s->tag = cmd->u.play.tag;
	s->stop_on_key = cmd->u.play.stop_on_key;
	if (cmd->u.play.prompt == 0) {
		s->audio.n = silence > UINT32_MAX ? UINT32_MAX : (uint32_t)silence;
	} else if (!zv_prompts_find(prompts, cmd->u.play.prompt, &s->audio)) {
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
	tell(s, &ev, box);
}

/* The samples of the frame: of the prompt, then silence. */
static void fill(struct zv_stream *s, uint8_t *payload)
{
	bool mu = s->payload_type == ZV_PCMU;
	const uint8_t *audio = mu ? s->audio.ulaw : s->audio.alaw;
	uint32_t left = s->audio.n - s->said, n = left < ZV_FRAME_SAMPLES ? left : ZV_FRAME_SAMPLES;
	uint32_t audible = audio != NULL ? n : 0;

	if (audible > 0)
		memcpy(payload, audio + s->said, audible);
	memset(payload + audible, mu ? ZV_ULAW_SILENCE : ZV_ALAW_SILENCE, ZV_FRAME_SAMPLES - audible);
	s->said += n;
}

void zv_stream_frame(struct zv_stream *s, uint8_t *ret_data, struct zv_outbox *box)
{
	zv_rtp_write(ret_data, &(struct zv_rtp){
		.payload_type = s->payload_type,
		.marker = s->marker,
		.seq = s->seq,
		.timestamp = s->timestamp,
		.ssrc = s->ssrc,
	});
	fill(s, ret_data + ZV_RTP_HEADER);
	s->marker = false;
	s->seq++;
	s->timestamp += ZV_FRAME_SAMPLES;
	s->tx_packets++;
	s->tx_octets += ZV_FRAME_SAMPLES;
	if (s->playing && s->said == s->audio.n)
		zv_stream_stop(s, ZV_PLAYED_DONE, box);
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

void zv_stream_packet(struct zv_stream *s, const struct zv_packet *packet, int64_t now_ms,
		      struct zv_outbox *box)
{
	struct zv_rtp rtp;
	enum zv_rtp_take take;

	if (!zv_rtp_parse(packet->data, packet->len, &rtp) || !agreed(s, &rtp)) {
		s->refused++;
		return;
	}
	take = zv_rtp_source_take(&s->source, &rtp);
	s->rx_packets++;
	s->heard_ms = now_ms;
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

		if (key != 0)
			pressed(s, key, false, box);
	} else {
		zv_rtp_source_jitter(&s->source, rtp.timestamp,
				     (uint32_t)(packet->at_ns / 125000));
	}
	listen_inband(s, &rtp, now_ms, box);
}

void zv_stream_check_lost(struct zv_stream *s, int64_t now_ms, uint32_t lost_after_ms,
			  struct zv_outbox *box)
{
	struct zv_event ev = {.type = ZV_EV_MEDIA_LOST};

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
