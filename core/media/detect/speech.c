#include "media/detect/speech.h"

#include <string.h>

#include "base/num.h"

#define FRAME_MS      ZV_TONE_FRAME_MS
#define DB_A_NEPER    4.342944819f /* 10 / ln 10 */
#define FIRST_FRAMES  3u     /* nobody speaks that soon: the line's noise */
#define FLOOR_MOST_DB 62.0f  /* of 90: louder is no noise */
#define OVER_FLOOR_DB 9.0f
#define UNDER_PEAK_DB 26.0f
#define LEAST_DB      38.0f  /* a quieter frame is silence, whatever else was heard */
#define WINDOW_FRAMES 25u    /* half a second */
#define BEGIN_VOICES  3      /* of five frames */
#define SLOW          0.04f  /* means over about a second */
#define LOW_DB        7.0f   /* under the mean: a gap of speech */

void zv_speech_init(struct zv_speech *speech)
{
	memset(speech, 0, sizeof(*speech));
	speech->floor_db = FLOOR_MOST_DB;
	speech->least_db = speech->least_before_db = 100;
}

float zv_speech_db(float power)
{
	return power <= 1 ? 0 : DB_A_NEPER * (float)zv_ln((double)power);
}

static void learn_floor(struct zv_speech *s, float db)
{
	if (s->n_frames < FIRST_FRAMES && s->n_frames > 0 && db > s->floor_db + 3)
		return; /* the call was just put through */
	if (db < s->least_db)
		s->least_db = db;
	if (s->floor_db > db + 1)
		s->floor_db = db + 1;
	if (++s->n_least < WINDOW_FRAMES)
		return;
	{
		float least = s->least_db < s->least_before_db ? s->least_db : s->least_before_db;

		s->floor_db = least + 2 < FLOOR_MOST_DB ? least + 2 : FLOOR_MOST_DB;
		s->least_before_db = s->least_db;
		s->least_db = 100;
		s->n_least = 0;
	}
}

static bool is_voice(const struct zv_speech *s, float db)
{
	return db > LEAST_DB && db > s->floor_db + OVER_FLOOR_DB && db > s->peak_db - UNDER_PEAK_DB;
}

/* Speech goes down between its syllables and changes between hiss and tone; music less. */
static void learn_sound(struct zv_speech *s, float db, float tilt)
{
	float rate = s->sound_frames < 24 ? 1.0f / (float)(s->sound_frames + 1) : SLOW;
	float d = db - s->mean_db, t = tilt - s->mean_tilt;

	s->mean_db += rate * d;
	s->var_db += rate * (d * d - s->var_db);
	s->mean_tilt += rate * t;
	s->var_tilt += rate * (t * t - s->var_tilt);
	if (s->sound_frames < UINT16_MAX)
		s->sound_frames++;
	if (db < s->mean_db - LOW_DB && s->low_frames < UINT16_MAX)
		s->low_frames++;
}

static uint32_t count_bits(uint32_t x)
{
	return (uint32_t)__builtin_popcount(x);
}

static void go_on(struct zv_speech *s, bool voice, uint32_t now_ms)
{
	s->recent = (uint8_t)(s->recent << 1 | voice);
	if (!s->is_talking) {
		s->pause_ms += FRAME_MS;
		if (count_bits(s->recent & 0x1fu) < BEGIN_VOICES)
			return;
		/* The word began with the oldest voice of the five frames. */
		uint32_t ago = (s->recent & 0x10u) ? 5 : (s->recent & 8u) ? 4 : 3;

		s->is_talking = true;
		if (!s->has_begun)
			s->first_ms = now_ms > ago * FRAME_MS ? now_ms - ago * FRAME_MS : 0;
		s->has_begun = true;
		s->phrases++;
		s->phrase_ms = ago * FRAME_MS;
		s->said_ms += ago * FRAME_MS;
		s->voice_ms += count_bits(s->recent & 0x1fu) * FRAME_MS;
		s->pause_ms = 0;
		return;
	}
	if (voice) {
		s->phrase_ms += s->pause_ms + FRAME_MS;
		s->said_ms += s->pause_ms + FRAME_MS;
		s->voice_ms += FRAME_MS;
		s->pause_ms = 0;
		return;
	}
	s->pause_ms += FRAME_MS;
	if (s->pause_ms >= ZV_SPEECH_GAP_MS)
		s->is_talking = false;
}

void zv_speech_add(struct zv_speech *speech, const struct zv_tone_frame *frame, bool is_tone,
		   uint32_t now_ms)
{
	float db = zv_speech_db(frame->power);
	bool voice = false;

	if (!is_tone) {
		learn_floor(speech, db);
		voice = speech->n_frames >= FIRST_FRAMES && is_voice(speech, db);
		if (voice && db > speech->peak_db)
			speech->peak_db = db;
		if (voice || (speech->is_talking && speech->pause_ms < ZV_SPEECH_GAP_MS))
			learn_sound(speech, db, frame->tilt);
	}
	if (speech->n_frames < UINT16_MAX)
		speech->n_frames++;
	go_on(speech, voice, now_ms);
}

bool zv_speech_is_music(const struct zv_speech *speech)
{
	return speech->sound_frames >= 125 && speech->low_frames * 10u < speech->sound_frames &&
	       speech->var_tilt < 0.02f;
}
