#include "media/detect/speech.h"

#include <string.h>

#include "base/num.h"

#define FRAME_MS      ZV_TONE_FRAME_MS
#define DB_A_NEPER    4.342944819f /* 10 / ln 10 */
#define FIRST_FRAMES  3u     /* nobody speaks that soon: the line's noise */
#define FLOOR_MOST_DB 62.0f  /* of 90: louder is no noise */
#define OVER_FLOOR_DB 9.0f
#define UNDER_PEAK_DB 19.0f
#define LEAST_DB      38.0f  /* a quieter frame is silence, whatever else was heard */
#define WINDOW_FRAMES 25u    /* half a second */
#define BEGIN_VOICES  3      /* of five frames */
#define SLOW          0.0133f /* means over a second and a half */
#define LOW_DB        7.0f   /* under the mean: a gap of speech */
#define BACK_MS       160u
#define MUSIC_MS      2000u
#define MUSIC_DB      46.0f
#define MUSIC_LOW     0.08f
#define MUSIC_TONAL   0.12f  /* noise has no tones */
#define MUSIC_HZ      350u   /* but a line may hum */
#define MUSIC_TILT    0.03f  /* variance */
#define STEADY_VAR    1.5f   /* noise of a line varies less */
#define NEARER_DB     9.0f  /* that much louder: what was before was another room */

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

/* Of all frames: speech goes down between its words and changes between hiss and tone; music less. */
static void learn_sound(struct zv_speech *s, float db, const struct zv_tone_frame *frame)
{
	float rate = s->n_frames < 75 ? 1.0f / (float)(s->n_frames + 1) : SLOW;
	float d = db - s->mean_db, t = frame->tilt - s->mean_tilt;

	s->mean_db += rate * d;
	s->var_db += rate * (d * d - s->var_db);
	s->mean_tilt += rate * t;
	s->var_tilt += rate * (t * t - s->var_tilt);
	s->low += rate * ((db < s->mean_db - LOW_DB ? 1.0f : 0.0f) - s->low);
	s->tonal += rate * ((frame->n_tones > 0 && frame->hz[0] >= MUSIC_HZ ? 1.0f : 0.0f) - s->tonal);
	if (s->mean_db > MUSIC_DB && s->tonal > MUSIC_TONAL && s->low < MUSIC_LOW && s->var_tilt < MUSIC_TILT && s->var_db > STEADY_VAR)
		s->music_ms += FRAME_MS;
	else
		s->music_ms = 0;
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
		s->pause_before_ms = s->pause_ms;
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

/* Somebody else's words, a television, breath: the one who answered begins only now. */
static void forget_room(struct zv_speech *s)
{
	s->is_near = true;
	s->is_talking = s->has_begun = false;
	s->said_ms = s->phrase_ms = s->voice_ms = 0;
	s->phrases = 0;
	s->recent = 0;
}

void zv_speech_add(struct zv_speech *speech, const struct zv_tone_frame *frame, bool is_tone,
		   uint32_t now_ms)
{
	float db = zv_speech_db(frame->power);
	bool voice = false;

	learn_sound(speech, db, frame);
	if (!is_tone) {
		learn_floor(speech, db);
		voice = speech->n_frames >= FIRST_FRAMES && is_voice(speech, db);
		if (voice && db > speech->peak_db + NEARER_DB && speech->said_ms > 0 && !speech->is_near)
			forget_room(speech);
		if (voice && db > speech->peak_db)
			speech->peak_db = db;
	}
	if (speech->n_frames < UINT16_MAX)
		speech->n_frames++;
	go_on(speech, voice, now_ms);
	/* Nobody waits for an answer while something sounds. */
	if (is_tone && !speech->is_talking)
		speech->pause_ms = 0;
}

void zv_speech_take_back(struct zv_speech *speech)
{
	if (!speech->is_talking || speech->phrase_ms > BACK_MS)
		return;
	speech->said_ms -= speech->phrase_ms;
	speech->voice_ms = speech->voice_ms > speech->phrase_ms ? speech->voice_ms - speech->phrase_ms : 0;
	speech->phrases--;
	speech->has_begun = speech->phrases > 0;
	speech->is_talking = false;
	speech->pause_ms = speech->pause_before_ms + speech->phrase_ms;
	speech->recent = 0;
}

bool zv_speech_may_be_music(const struct zv_speech *speech)
{
	return speech->low < MUSIC_LOW || speech->music_ms > 0;
}

bool zv_speech_is_music(const struct zv_speech *speech)
{
	return speech->music_ms >= MUSIC_MS;
}
