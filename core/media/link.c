#include "media/link.h"

#include "media/g711.h"

#define JUMP_MOST  50 /* packets; a longer jump of the source's sequence is a new beginning */
#define QUIET_MS   60u
#define GAP_MOST   8000 /* samples */

static bool same(struct zv_leg_id a, struct zv_leg_id b)
{
	return a.slot == b.slot && a.gen == b.gen;
}

bool zv_place_catch_up(struct zv_place *place)
{
	int32_t behind = (int32_t)(place->clock - place->timestamp);

	if (behind <= (int32_t)ZV_FRAME_SAMPLES)
		return false;
	place->timestamp += (uint32_t)behind / ZV_FRAME_SAMPLES * ZV_FRAME_SAMPLES;
	return true;
}

static void begin(struct zv_flow *flow, const struct zv_frame *frame, struct zv_place *place)
{
	zv_place_catch_up(place);
	flow->on = true;
	flow->from = frame->from;
	flow->ssrc = frame->ssrc;
	flow->first = frame->seq;
	flow->seq_off = (uint16_t)(place->seq - frame->seq);
	flow->ts_off = place->timestamp - frame->timestamp;
}

enum zv_flow_take zv_flow_take(struct zv_flow *flow, const struct zv_frame *frame,
			       struct zv_place *place, uint16_t *ret_seq, uint32_t *ret_timestamp)
{
	enum zv_flow_take take = ZV_FLOW_NEXT;
	uint16_t seq = (uint16_t)(frame->seq + flow->seq_off);
	uint32_t ts = frame->timestamp + flow->ts_off;
	int16_t ahead = (int16_t)(seq - place->seq);
	int32_t gap = (int32_t)(ts - place->timestamp);
	bool ours = flow->on && flow->ssrc == frame->ssrc && same(flow->from, frame->from);

	if (ours && ahead < 0 && ahead > -JUMP_MOST) {
		if ((int16_t)(frame->seq - flow->first) < 0)
			return ZV_FLOW_DROP; /* of before the flow: its number is another's */
		*ret_seq = seq;
		*ret_timestamp = ts;
		return ZV_FLOW_LATE;
	}
	if (frame->late)
		return ZV_FLOW_DROP;
	if (!ours || ahead < 0 || ahead > JUMP_MOST || gap < 0 || gap > GAP_MOST) {
		begin(flow, frame, place);
		take = ZV_FLOW_ANEW;
	}
	*ret_seq = (uint16_t)(frame->seq + flow->seq_off);
	*ret_timestamp = frame->timestamp + flow->ts_off;
	place->seq = (uint16_t)(*ret_seq + 1);
	place->timestamp = *ret_timestamp + frame->len;
	flow->quiet_ms = (uint16_t)(frame->len / 4u + 20u); /* two packets and one frame */
	if (flow->quiet_ms < QUIET_MS)
		flow->quiet_ms = QUIET_MS;
	return take;
}

bool zv_flow_runs(const struct zv_flow *flow, int64_t now_ms)
{
	return flow->on && now_ms - flow->fed_ms <= flow->quiet_ms;
}

void zv_mixer_clear(struct zv_mixer *mixer, uint32_t link)
{
	if (mixer->n[link] != 0) /* most are never touched: no memory for them */
		mixer->n[link] = 0;
}

void zv_mixer_push(struct zv_mixer *mixer, uint32_t link, const struct zv_frame *frame)
{
	const int16_t *linear = frame->law == ZV_PCMU ? zv_ulaw_linear : zv_alaw_linear;
	uint32_t n = mixer->n[link];
	int16_t *q = mixer->q[link];

	if (frame->late || frame->len > ZV_FRAME_MAX)
		return;
	if (n + frame->len > ZV_MIX_MOST && n > ZV_MIX_CUT) {
		mixer->at[link] = (uint16_t)((mixer->at[link] + n - ZV_MIX_CUT) % ZV_MIX_SAMPLES);
		n = ZV_MIX_CUT;
	}
	for (uint32_t i = 0; i < frame->len; i++)
		q[(mixer->at[link] + n + i) % ZV_MIX_SAMPLES] = linear[frame->payload[i]];
	mixer->n[link] = (uint16_t)(n + frame->len);
}

void zv_mixer_add(struct zv_mixer *mixer, int32_t sum[ZV_FRAME_SAMPLES])
{
	for (uint32_t link = 0; link < ZV_LINKS_MAX; link++) {
		uint32_t n = mixer->n[link] < ZV_FRAME_SAMPLES ? mixer->n[link] : ZV_FRAME_SAMPLES;
		const int16_t *q = mixer->q[link];

		for (uint32_t i = 0; i < n; i++)
			sum[i] += q[(mixer->at[link] + i) % ZV_MIX_SAMPLES];
		mixer->at[link] = (uint16_t)((mixer->at[link] + n) % ZV_MIX_SAMPLES);
		mixer->n[link] = (uint16_t)(mixer->n[link] - n);
	}
}
