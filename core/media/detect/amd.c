#include "media/detect/amd.h"

#include <string.h>

#define FRAME_SAMPLES 160u
#define SAMPLES_A_MS  8u

void zv_amd_defaults(struct zv_amd_params *params)
{
	*params = (struct zv_amd_params){
		.total_analysis_time = 5000, .initial_silence = 2500,
		.after_greeting_silence = 800, .greeting = 1500, .min_word_length = 100,
		.maximum_word_length = 5000, .between_words_silence = 50,
		.maximum_number_of_words = 2, .silence_threshold = 256,
	};
}

void zv_amd_init(struct zv_amd *amd, const struct zv_amd_params *params)
{
	memset(amd, 0, sizeof(*amd));
	amd->params = *params;
	/* Not in_silence: what is said before the first silence is no word that counts. */
	amd->in_initial_silence = true;
}

static bool decide(struct zv_amd *amd, uint8_t status, uint8_t cause)
{
	amd->status = status;
	amd->cause = cause;
	amd->at_ms = amd->total_ms;
	return true;
}

static bool on_silence(struct zv_amd *amd)
{
	const struct zv_amd_params *p = &amd->params;

	amd->silence_ms = amd->dsp_silence_ms;
	if (amd->silence_ms >= p->between_words_silence) {
		amd->in_silence = true;
		amd->word_ms = 0;
	}
	if (amd->in_initial_silence && amd->silence_ms >= p->initial_silence)
		return decide(amd, ZV_AMD_MACHINE, ZV_AMD_INITIALSILENCE);
	if (amd->in_greeting && amd->silence_ms >= p->after_greeting_silence)
		return decide(amd, ZV_AMD_HUMAN, ZV_AMD_HUMAN_CAUSE);
	return false;
}

static bool on_voice(struct zv_amd *amd, uint32_t ms)
{
	const struct zv_amd_params *p = &amd->params;

	amd->word_ms += ms;
	amd->voice_ms += ms;
	if (amd->word_ms >= p->min_word_length && amd->in_silence) {
		amd->words++;
		amd->in_silence = false;
	}
	if (amd->word_ms >= p->maximum_word_length)
		return decide(amd, ZV_AMD_MACHINE, ZV_AMD_MAXWORDLENGTH);
	if (amd->words > p->maximum_number_of_words)
		return decide(amd, ZV_AMD_MACHINE, ZV_AMD_MAXWORDS);
	if (amd->in_greeting && amd->voice_ms >= p->greeting)
		return decide(amd, ZV_AMD_MACHINE, ZV_AMD_LONGGREETING);
	if (amd->voice_ms >= p->min_word_length)
		amd->silence_ms = 0;
	if (amd->word_ms >= p->min_word_length && !amd->in_greeting) {
		amd->in_initial_silence = false;
		amd->in_greeting = true;
	}
	return false;
}

bool zv_amd_frame(struct zv_amd *amd, uint32_t ms, bool is_silence)
{
	if (amd->status != ZV_AMD_NONE)
		return true;
	/* A call lasts less than 49 days, but a caller may be wrong. */
	if (ms > 60000)
		ms = 60000;
	amd->total_ms += ms;
	if (amd->total_ms >= amd->params.total_analysis_time)
		return decide(amd, ZV_AMD_NOTSURE, ZV_AMD_TOOLONG);
	if (is_silence) {
		amd->dsp_silence_ms += ms;
		return amd->dsp_silence_ms > 0 && on_silence(amd);
	}
	amd->dsp_silence_ms = 0;
	return on_voice(amd, ms);
}

static bool frame_is_whole(struct zv_amd *amd)
{
	uint32_t mean = amd->sum / FRAME_SAMPLES;

	amd->sum = 0;
	amd->n_samples = 0;
	return zv_amd_frame(amd, FRAME_SAMPLES / SAMPLES_A_MS, mean < amd->params.silence_threshold);
}

static uint32_t absolute(int16_t x)
{
	return (uint32_t)(x < 0 ? -(int32_t)x : x);
}

bool zv_amd_feed(struct zv_amd *amd, const int16_t *pcm, uint32_t n)
{
	while (n > 0 && amd->status == ZV_AMD_NONE) {
		uint32_t take = FRAME_SAMPLES - amd->n_samples, sum = 0;

		if (take > n)
			take = n;
		for (uint32_t i = 0; i < take; i++)
			sum += absolute(pcm[i]);
		amd->sum += sum;
		amd->n_samples = (uint16_t)(amd->n_samples + take);
		pcm += take;
		n -= take;
		if (amd->n_samples == FRAME_SAMPLES && frame_is_whole(amd))
			break;
	}
	return amd->status != ZV_AMD_NONE;
}

bool zv_amd_feed_law(struct zv_amd *amd, const int16_t *linear, const uint8_t *payload, uint32_t n)
{
	int16_t pcm[FRAME_SAMPLES];

	for (uint32_t at = 0; at < n && amd->status == ZV_AMD_NONE;) {
		uint32_t take = n - at < FRAME_SAMPLES ? n - at : FRAME_SAMPLES;

		for (uint32_t i = 0; i < take; i++)
			pcm[i] = linear[payload[at + i]];
		zv_amd_feed(amd, pcm, take);
		at += take;
	}
	return amd->status != ZV_AMD_NONE;
}

bool zv_amd_lost(struct zv_amd *amd, uint32_t ms)
{
	return zv_amd_frame(amd, ms, true);
}

void zv_amd_hangup(struct zv_amd *amd)
{
	if (amd->status == ZV_AMD_NONE)
		decide(amd, ZV_AMD_HANGUP, ZV_AMD_NO_CAUSE);
}

const char *zv_amd_status_name(uint8_t status)
{
	static const char *const names[] = {"", "HUMAN", "MACHINE", "NOTSURE", "HANGUP"};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "";
}

const char *zv_amd_cause_name(uint8_t cause)
{
	static const char *const names[] = {"", "TOOLONG", "INITIALSILENCE", "HUMAN", "LONGGREETING",
					    "MAXWORDLENGTH", "MAXWORDS"};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "";
}
