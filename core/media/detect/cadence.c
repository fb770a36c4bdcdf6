#include "media/detect/cadence.h"

#include <string.h>

#define FRAME_MS     ZV_TONE_FRAME_MS
#define MISS_MS      40u  /* a lost packet parts no tone */
#define STEADY_MS    100u /* speech is seldom so steady */
#define BEEP_MS      140u
#define LONG_MS      400u  /* steady so long it is a tone whatever is around it */
#define QUIET_DB     8.0f  /* under the tone: a pause of it */
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

/* A pair of call progress is told by what lies between, as noise makes one tone of it at times. */
static float hz_of(const struct zv_tone_frame *f)
{
	if (f->n_tones == 2 && f->hz[1] - f->hz[0] < 200)
		return (float)(f->hz[0] + f->hz[1]) / 2;
	return (float)f->hz[0];
}

static bool belongs(const struct zv_cadence *c, const struct zv_tone_frame *f)
{
	/* Pairs beat: what is fitted between them moves. */
	float may = is_progress_hz((uint32_t)c->hz) ? 35.0f : 15.0f;

	return apart(c->hz, hz_of(f)) <= may;
}

/* Keys and chords: no beep. */
static bool is_pair(const struct zv_cadence *c, uint32_t on_ms)
{
	return c->pair_ms * 2 > on_ms;
}

/* A vowel wavers by more than 1 dB or 8 Hz from frame to frame, a beep by a third of that. */
static bool is_steady(const struct zv_cadence *c)
{
	return c->drift_hz <= 8.0f && c->drift_db <= 0.95f;
}

/* The run is over and becomes the newest of the past. */
static void end_run(struct zv_cadence *c)
{
	if (c->on_ms >= STEADY_MS) {
		memmove(&c->runs[1], &c->runs[0], sizeof(c->runs[0]) * (ZV_CADENCE_RUNS - 1));
		c->runs[0] = (struct zv_run){(uint16_t)c->hz, c->on_ms, 0, (uint8_t)c->level_db, is_steady(c), c->from_quiet};
		if (c->n_runs < ZV_CADENCE_RUNS)
			c->n_runs++;
		c->off_ms = 0;
	}
	c->was_pair = is_pair(c, c->on_ms);
	c->was_beep = c->was_told;
	c->on_ms = 0;
	c->miss_ms = 0;
	c->was_told = false;
}

static bool is_sit(const struct zv_cadence *c)
{
	const struct zv_run *r = c->runs;

	/* The third one sounds; the two before it have just gone. */
	return c->n_runs >= 2 && is_within((uint32_t)c->hz, 1740, 1840) && c->on_ms >= STEADY_MS &&
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
	if (!r[0].is_clean || !r[1].is_clean || apart(r[0].hz, r[1].hz) > 40)
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
	if (is_pair(c, c->on_ms) || is_within(hz, 890, 1010) || is_within(hz, 1340, 1460) ||
	    is_within(hz, 1060, 1140) || is_within(hz, 2080, 2120) || !c->from_quiet || c->on_ms < LONG_MS || !is_steady(c))
		return ZV_SIGNAL_NONE;
	c->was_told = true;
	return ZV_SIGNAL_BEEP;
}

/* So long after the end of a run. */
static enum zv_signal on_pause(struct zv_cadence *c)
{
	struct zv_run *r = c->runs;

	if (c->n_runs == 0)
		return ZV_SIGNAL_NONE;
	if (r[0].off_ms < UINT16_MAX - FRAME_MS)
		r[0].off_ms = (uint16_t)(r[0].off_ms + FRAME_MS);
	c->off_ms = r[0].off_ms;
	/* The frames at both ends of the pause may hold the ends of tones. */
	if (c->off_ms > 80 && c->past_db[2] > (float)r[0].level_db - QUIET_DB)
		r[0].is_clean = false;
	if (!r[0].is_clean)
		return ZV_SIGNAL_NONE;
	if (is_progress_hz(r[0].hz)) {
		/* One long burst and a longer pause, or two short ones and a pause (United Kingdom). */
		bool now = c->off_ms == 1200;

		if (now && is_within(r[0].on_ms, 600, 2400))
			return ZV_SIGNAL_RING;
		if (now && c->n_runs >= 2 && is_within(r[0].on_ms, 300, 500) && is_progress_hz(r[1].hz) &&
		    is_within(r[1].on_ms, 300, 500) && is_within(r[1].off_ms, 120, 300))
			return ZV_SIGNAL_RING;
		if (now && r[0].is_steady && is_within(r[0].on_ms, BEEP_MS, 600))
			return ZV_SIGNAL_BEEP;
		return ZV_SIGNAL_NONE;
	}
	if (c->off_ms != 160 || r[0].on_ms < BEEP_MS || c->was_pair || c->was_beep)
		return ZV_SIGNAL_NONE;
	if (is_within(r[0].hz, 1062, 1138) && is_within(r[0].on_ms, 420, 580))
		return ZV_SIGNAL_FAX;
	return r[0].is_steady ? ZV_SIGNAL_BEEP : ZV_SIGNAL_NONE;
}

static enum zv_signal add(struct zv_cadence *c, const struct zv_tone_frame *frame, float level_db)
{
	if (frame->n_tones > 0 && c->on_ms > 0 && belongs(c, frame) &&
	    level_db > c->level_db - FALL_DB) {
		float n = (float)(c->on_ms / FRAME_MS);

		/* The first two frames hold the begin. */
		if (n >= 2) {
			float by = n < 15 ? n - 1 : 15;

			c->drift_hz += (apart(hz_of(frame), c->hz_before) - c->drift_hz) / by;
			c->drift_db += (apart(level_db, c->past_db[0]) - c->drift_db) / by;
			c->noise += (frame->noise - c->noise) / by;
		}
		c->hz_before = hz_of(frame);
		c->hz += (hz_of(frame) - c->hz) / (n < 15 ? n + 1 : 16);
		c->level_db += (level_db - c->level_db) / (n < 15 ? n + 1 : 16);
		if (c->on_ms + c->miss_ms < UINT16_MAX - 2 * FRAME_MS)
			c->on_ms = (uint16_t)(c->on_ms + c->miss_ms + FRAME_MS);
		c->miss_ms = 0;
		if (frame->n_tones == 2 && c->pair_ms < UINT16_MAX - FRAME_MS)
			c->pair_ms = (uint16_t)(c->pair_ms + FRAME_MS);
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
	if (frame->n_tones > 0 && c->on_ms == 0) {
		/* The frame before may hold its begin. */
		c->from_quiet = c->past_db[1] < level_db - QUIET_DB && c->past_db[2] < level_db - QUIET_DB;
		c->hz = hz_of(frame);
		c->level_db = level_db;
		c->on_ms = FRAME_MS;
		c->pair_ms = frame->n_tones == 2 ? FRAME_MS : 0;
		c->drift_hz = c->drift_db = c->noise = 0;
		c->hz_before = c->hz;
	}
	return on_pause(c);
}

enum zv_signal zv_cadence_add(struct zv_cadence *cadence, const struct zv_tone_frame *frame,
			      float level_db)
{
	enum zv_signal signal = add(cadence, frame, level_db);

	cadence->past_db[2] = cadence->past_db[1];
	cadence->past_db[1] = cadence->past_db[0];
	cadence->past_db[0] = level_db;
	return signal;
}

bool zv_cadence_may_ring(const struct zv_cadence *cadence)
{
	if (zv_cadence_sounds(cadence))
		return is_progress_hz((uint32_t)cadence->hz);
	return cadence->n_runs > 0 && is_progress_hz(cadence->runs[0].hz) &&
	       cadence->runs[0].on_ms >= 300 && cadence->runs[0].off_ms < 5500;
}
