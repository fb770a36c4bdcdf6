#include "media/rec.h"

#include <string.h>

#define RESERVE   64u       /* places that frames leave to beginnings and ends */
#define STRAY     (120 * 8) /* a stream's clock and ours apart by more: it is set again */

static void lose(struct zv_rec *r)
{
	atomic_store_explicit(r->lost, atomic_load_explicit(r->lost, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static uint32_t place(const struct zv_rec *r, int64_t now_ms)
{
	return (uint32_t)((now_ms - r->start_ms) * 8);
}

void zv_rec_reset(struct zv_rec *r)
{
	r->on = false;
	r->paused = false;
	r->begun = false;
}

void zv_rec_command(struct zv_rec *r, const struct zv_cmd *cmd, struct zv_attempt_id attempt,
		    int64_t now_ms)
{
	uint8_t what = cmd->u.record.on;

	if (r->ring == NULL)
		return;
	if (what == 0) {
		zv_rec_end(r, cmd->leg, now_ms);
	} else if (what == 2 || what == 3) {
		r->paused = what == 2;
	} else if (what == 1 && !r->on) {
		r->on = true;
		r->paused = false;
		r->begun = false;
		r->serial++;
		r->start_ms = now_ms;
		r->cal_ms = cmd->cal_ms;
		r->attempt = zv_attempt_is_zero(cmd->attempt) ? attempt : cmd->attempt;
		r->lead = cmd->u.record.lead;
		r->agent = cmd->u.record.agent;
		r->campaign = cmd->campaign;
		r->side[0].set = r->side[1].set = false;
	}
}

/* The beginning is told with the first frame that finds room: all that the file needs is kept. */
static bool begin(struct zv_rec *r, struct zv_leg_id leg)
{
	struct zv_rec_msg m = {.what = ZV_REC_BEGIN, .serial = r->serial, .leg = leg};

	if (r->begun)
		return true;
	m.u.begin.attempt = r->attempt;
	m.u.begin.lead = r->lead;
	m.u.begin.cal_ms = r->cal_ms;
	m.u.begin.campaign = r->campaign;
	m.u.begin.agent = r->agent;
	r->begun = zv_ring_push(r->ring, &m) == ZV_OK;
	return r->begun;
}

void zv_rec_frame(struct zv_rec *r, struct zv_leg_id leg, const struct zv_rec_frame *f,
		  int64_t now_ms)
{
	uint32_t now = place(r, now_ms), at;
	struct zv_rec_msg m;
	int32_t apart;

	if (!r->on || r->paused || f->len > ZV_FRAME_MAX)
		return;
	at = f->timestamp + r->side[f->side].off;
	apart = (int32_t)(at - now);
	if (!r->side[f->side].set || apart > STRAY || apart < -STRAY) {
		r->side[f->side].set = true;
		r->side[f->side].off = now - f->timestamp;
		at = now;
	}
	if (!begin(r, leg) || zv_ring_room(r->ring) <= RESERVE) {
		lose(r);
		return;
	}
	if ((int32_t)at < 0)
		return; /* swapped with the first */
	m.what = ZV_REC_FRAME;
	m.side = f->side;
	m.law = f->law;
	m.len = f->len;
	m.serial = r->serial;
	m.at = at;
	m.leg = leg;
	memcpy(m.u.payload, f->payload, f->len);
	memset(m.u.payload + f->len, 0, sizeof(m.u.payload) - f->len);
	if (zv_ring_push(r->ring, &m) != ZV_OK)
		lose(r);
}

void zv_rec_end(struct zv_rec *r, struct zv_leg_id leg, int64_t now_ms)
{
	struct zv_rec_msg m = {.what = ZV_REC_END, .serial = r->serial, .leg = leg};

	if (!r->on)
		return;
	m.at = place(r, now_ms);
	if (r->begun && zv_ring_push(r->ring, &m) != ZV_OK)
		lose(r); /* the next use of the slot ends it */
	zv_rec_reset(r);
}
