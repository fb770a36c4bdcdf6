#include "media/eartap.h"

#include <string.h>

#define RESERVE 64u    /* places that frames leave to beginnings and ends */
#define MOST_MS 120000 /* of any listening: the ear's own limits are below */

static void lose(struct zv_ear_tap *t)
{
	atomic_store_explicit(t->lost, atomic_load_explicit(t->lost, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

void zv_ear_tap_reset(struct zv_ear_tap *t)
{
	t->on = false;
}

void zv_ear_tap_command(struct zv_ear_tap *t, const struct zv_cmd *cmd, uint16_t trunk,
			struct zv_attempt_id attempt, int64_t now_ms)
{
	struct zv_ear_msg m = {.what = ZV_EAR_BEGIN, .trunk = trunk, .leg = cmd->leg, .attempt = attempt,
			       .at_ms = now_ms};

	if (t->ring == NULL)
		return;
	if (cmd->u.listen.to == ZV_LISTEN_OFF) {
		zv_ear_tap_end(t, cmd->leg, now_ms);
		return;
	}
	m.timestamp = ++t->serial;
	m.u.listen = cmd->u.listen;
	t->on = zv_ring_push(t->ring, &m) == ZV_OK;
	t->until_ms = now_ms + MOST_MS;
	if (!t->on)
		lose(t); /* no verdict: not sure, in the engine's time */
}

static bool is_over(struct zv_ear_tap *t, int64_t now_ms)
{
	if (t->on && (now_ms >= t->until_ms ||
		      atomic_load_explicit(t->done, memory_order_relaxed) == t->serial))
		t->on = false;
	return !t->on;
}

void zv_ear_tap_frame(struct zv_ear_tap *t, struct zv_leg_id leg, const struct zv_rtp *rtp,
		      int64_t now_ms)
{
	struct zv_ear_msg m = {.what = ZV_EAR_FRAME, .law = rtp->payload_type, .leg = leg, .at_ms = now_ms};

	if (is_over(t, now_ms))
		return;
	for (uint32_t at = 0; at < rtp->len; at += m.len) {
		uint32_t left = rtp->len - at;

		m.len = (uint16_t)(left < ZV_EAR_FRAME_MAX ? left : ZV_EAR_FRAME_MAX);
		m.timestamp = rtp->timestamp + at;
		memcpy(m.u.payload, rtp->payload + at, m.len);
		if (zv_ring_room(t->ring) <= RESERVE || zv_ring_push(t->ring, &m) != ZV_OK) {
			lose(t);
			return;
		}
	}
}

void zv_ear_tap_end(struct zv_ear_tap *t, struct zv_leg_id leg, int64_t now_ms)
{
	struct zv_ear_msg m = {.what = ZV_EAR_END, .leg = leg, .at_ms = now_ms};

	if (!t->on)
		return;
	t->on = false;
	if (zv_ring_push(t->ring, &m) != ZV_OK)
		lose(t); /* the ear's own limit ends it */
}
