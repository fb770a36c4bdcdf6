#include "media/detect/cadence.h"

#include <string.h>

#define FRAME_MS     ZV_TONE_FRAME_MS
#define MISS_MS      40u  /* a lost packet parts no tone */
#define STEADY_MS    100u /* speech is seldom so steady */
#define BEEP_MS      140u
#define FALL_DB      9.0f /* a frame that much weaker than the run is its end */

static float apart(float a, float b)
{
	return a > b ? a - b : b - a;
}

static bool is_within(uint32_t x, uint32_t from, uint32_t to)
{
	return x >= from && x <= to;
}

/* Ring-back, busy and congestion are all there; pairs are told as what lies between them. */
static bool is_progress_hz(uint32_t hz)
{
	return is_within(hz, 380, 580);
}

void zv_cadence_init(struct zv_cadence *cadence)
{
	memset(cadence, 0, sizeof(*cadence));
}

bool zv_cadence_sounds(const struct zv_cadence *cadence)
{
	return cadence->on_ms >= STEADY_MS;
}

static bool belongs(const struct zv_cadence *c, const struct zv_tone_frame *f)
{
	/* Pairs beat: what is fitted between them moves. */
	float may = is_progress_hz((uint32_t)c->hz) ? 35.0f : 15.0f;

	return apart(c->hz, (float)f->hz[0]) <= may;
}

/* The run is over and becomes the newest of the past. */
static void end_run(struct zv_cadence *c)
{
	if (c->on_ms >= STEADY_MS) {
		memmove(&c->runs[1], &c->runs[0], sizeof(c->runs[0]) * (ZV_CADENCE_RUNS - 1));
		c->runs[0] = (struct zv_run){(uint16_t)c->hz, c->on_ms, 0};
		if (c->n_runs < ZV_CADENCE_RUNS)
			c->n_runs++;
		c->off_ms = 0;
	}
	c->on_ms = 0;
	c->miss_ms = 0;
	c->was_told = false;
}

static bool is_sit(const struct zv_cadence *c)
{
	const struct zv_run *r = c->runs;

	/* The third one sounds; the two before it have just gone. */
	return c->n_runs >= 2 && is_within((uint32_t)c->hz, 1740, 1840) && c->on_ms >= 160 &&
	       is_within(r[0].hz, 1340, 1460) && is_within(r[1].hz, 890, 1010) &&
	       r[0].off_ms <= 100 && r[1].off_ms <= 100 && is_within(r[0].on_ms, 200, 460) &&
	       is_within(r[1].on_ms, 200, 460);
}

/* At the start of a tone's burst: the ones before it, with their pauses, tell busy from ringing. */
static enum zv_signal by_past(const struct zv_cadence *c)
{
	const struct zv_run *r = c->runs;

	if (c->n_runs < 2 || !is_progress_hz(r[0].hz) || !is_progress_hz(r[1].hz) ||
	    !is_progress_hz((uint32_t)c->hz))
		return ZV_SIGNAL_NONE;
	if (apart(r[0].on_ms, r[1].on_ms) > 60 || apart(r[0].off_ms, r[1].off_ms) > 80)
		return ZV_SIGNAL_NONE;
	if (is_within(r[0].on_ms, 120, 290) && is_within(r[0].off_ms, 120, 310))
		return ZV_SIGNAL_CONGESTION;
	if (is_within(r[0].on_ms, 280, 620) && is_within(r[0].off_ms, 260, 640))
		return ZV_SIGNAL_BUSY;
	return ZV_SIGNAL_NONE;
}

static enum zv_signal on_tone(struct zv_cadence *c)
{
	uint32_t hz = (uint32_t)(c->hz + 0.5f);

	if (c->was_told || c->on_ms < STEADY_MS)
		return ZV_SIGNAL_NONE;
	if (is_sit(c)) {
		c->was_told = true;
		return ZV_SIGNAL_SIT;
	}
	if (is_within(hz, 2080, 2120) && c->on_ms >= 600) {
		c->was_told = true;
		return ZV_SIGNAL_FAX;
	}
	if (is_progress_hz(hz)) {
		enum zv_signal s = by_past(c);

		c->was_told = s != ZV_SIGNAL_NONE;
		return s;
	}
	/* 950 and 1400 may become SIT, 1100 and 2100 fax: they wait for their end. */
	if (c->is_pair || is_within(hz, 890, 1010) || is_within(hz, 1340, 1460) ||
	    is_within(hz, 1060, 1140) || is_within(hz, 2080, 2120) || c->on_ms < BEEP_MS)
		return ZV_SIGNAL_NONE;
	c->was_told = true;
	return ZV_SIGNAL_BEEP;
}

/* So long after the end of a run. */
static enum zv_signal on_pause(struct zv_cadence *c)
{
	struct zv_run *r = c->runs;
	bool now = false;

	if (c->n_runs == 0)
		return ZV_SIGNAL_NONE;
	if (r[0].off_ms < UINT16_MAX - FRAME_MS)
		r[0].off_ms = (uint16_t)(r[0].off_ms + FRAME_MS);
	c->off_ms = r[0].off_ms;
	if (is_progress_hz(r[0].hz)) {
		/* One long burst and a longer pause, or two short ones and a pause (United Kingdom). */
		now = c->off_ms == 1200;
		if (now && is_within(r[0].on_ms, 600, 2400))
			return ZV_SIGNAL_RING;
		if (now && c->n_runs >= 2 && is_within(r[0].on_ms, 300, 500) && is_progress_hz(r[1].hz) &&
		    is_within(r[1].on_ms, 300, 500) && is_within(r[1].off_ms, 120, 300))
			return ZV_SIGNAL_RING;
		if (c->off_ms == 1200 && is_within(r[0].on_ms, 140, 600))
			return ZV_SIGNAL_BEEP;
		return ZV_SIGNAL_NONE;
	}
	if (c->off_ms != 200 || r[0].on_ms < BEEP_MS || c->is_pair)
		return ZV_SIGNAL_NONE;
	if (is_within(r[0].hz, 1062, 1138) && is_within(r[0].on_ms, 420, 580))
		return ZV_SIGNAL_FAX;
	if (is_within(r[0].hz, 890, 1010) || is_within(r[0].hz, 1340, 1460) ||
	    is_within(r[0].hz, 1060, 1140) || is_within(r[0].hz, 2080, 2120))
		return ZV_SIGNAL_BEEP;
	return ZV_SIGNAL_NONE;
}

enum zv_signal zv_cadence_add(struct zv_cadence *cadence, const struct zv_tone_frame *frame,
			      float level_db)
{
	struct zv_cadence *c = cadence;

	if (frame->n_tones > 0 && c->on_ms > 0 && belongs(c, frame) &&
	    level_db > c->level_db - FALL_DB) {
		float n = (float)(c->on_ms / FRAME_MS);

		c->hz += ((float)frame->hz[0] - c->hz) / (n < 15 ? n + 1 : 16);
		c->level_db += (level_db - c->level_db) / (n < 15 ? n + 1 : 16);
		if (c->on_ms + c->miss_ms < UINT16_MAX - 2 * FRAME_MS)
			c->on_ms = (uint16_t)(c->on_ms + c->miss_ms + FRAME_MS);
		c->miss_ms = 0;
		return on_tone(c);
	}
	if (c->on_ms > 0 && c->miss_ms + FRAME_MS <= MISS_MS && c->on_ms >= STEADY_MS) {
		c->miss_ms = (uint16_t)(c->miss_ms + FRAME_MS);
		return ZV_SIGNAL_NONE;
	}
	if (c->on_ms > 0) {
		uint16_t miss_ms = c->miss_ms;
		bool was_run = c->on_ms >= STEADY_MS;

		end_run(c);
		if (was_run)
			c->runs[0].off_ms = miss_ms;
	}
	if (frame->n_tones > 0) {
		c->hz = (float)frame->hz[0];
		c->level_db = level_db;
		c->on_ms = FRAME_MS;
		c->is_pair = frame->n_tones == 2;
	}
	return on_pause(c);
}

bool zv_cadence_may_ring(const struct zv_cadence *cadence)
{
	if (zv_cadence_sounds(cadence))
		return is_progress_hz((uint32_t)cadence->hz);
	return cadence->n_runs > 0 && is_progress_hz(cadence->runs[0].hz) &&
	       cadence->runs[0].on_ms >= 300 && cadence->runs[0].off_ms < 5500;
}
