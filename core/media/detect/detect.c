#include "media/detect/detect.h"

#include <string.h>

#include "base/num.h"

#define FRAME_MS     ZV_TONE_FRAME_MS
#define GO_ON_MS     60u     /* losses up to here sound as what was before them */
#define LOST_MOST_MS 60000u
#define PPM          1000000u
#define USUAL_PPM    300000u /* what the times of the defaults are for */
#define LEAST_PPM    10000u
#define MOST_PPM     900000u
#define BEEP_ALONE_MS 3000u  /* a tone before any word, not later: a machine's, too */
#define ANNOUNCED_MS 2500u   /* an announcement is that long, its pauses included */
#define LEAST_SPEECH_MS 1000u
#define NEXT_MS      1000u
#define PAUSES_MOST  2u
/* A trunk with e times as many machines for each person: waits so much longer, and so much less
 * speech is a machine's. */
#define WAIT_A_NEPER   0.25
#define SPEECH_A_NEPER 250.0

void zv_detect_defaults(uint8_t kind, struct zv_detect_params *params)
{
	*params = (struct zv_detect_params){
		.kind = kind, .limit_ms = 5000, .watch_ms = 20000, .wait_ms = 350, .wait_permille = 800,
		.wait_most_ms = 1300, .speech_ms = 3100, .pause_less_ms = 400, .turn_ms = 1400,
		.late_ms = 3900, .late_speech_ms = 2300,
		.machine_ppm = USUAL_PPM,
	};
}

static uint32_t clamp(uint32_t x, uint32_t least, uint32_t most)
{
	return x < least ? least : x > most ? most : x;
}

void zv_detect_learn(struct zv_detect_params *params, const struct zv_detect_counts *counts)
{
	/* As if fifty calls had been heard before: a dozen calls teach little. */
	const double weight = 50.0;
	double persons = (double)counts->persons + (double)counts->machines_wrong;
	double machines = (double)counts->machines + (double)counts->persons_wrong;
	double before = weight * (double)params->machine_ppm / PPM;

	/* What was corrected counts on the other side. */
	persons -= (double)(counts->persons_wrong < counts->persons ? counts->persons_wrong : counts->persons);
	machines -= (double)(counts->machines_wrong < counts->machines ? counts->machines_wrong : counts->machines);
	params->machine_ppm = clamp((uint32_t)(PPM * (before + machines) / (weight + persons + machines)),
				    LEAST_PPM, MOST_PPM);
}

/* The trunk's share of machines moves both times. */
static void lean(struct zv_detect_params *p)
{
	double usual = (double)USUAL_PPM / (PPM - USUAL_PPM);
	double nepers = zv_ln((double)p->machine_ppm / (PPM - p->machine_ppm) / usual);
	double wait = 1 + WAIT_A_NEPER * nepers, speech = (double)p->speech_ms - SPEECH_A_NEPER * nepers;

	wait = wait < 0.5 ? 0.5 : wait > 2 ? 2 : wait;
	p->wait_ms = (uint32_t)((double)p->wait_ms * wait);
	p->speech_ms = clamp(speech < 0 ? 0 : (uint32_t)speech, 1000, 60000);
}

void zv_detect_init(struct zv_detector *detector, const struct zv_detect_params *params)
{
	struct zv_detect_params *p = &detector->params;

	memset(detector, 0, sizeof(*detector));
	*p = *params;
	p->machine_ppm = clamp(p->machine_ppm, LEAST_PPM, MOST_PPM);
	p->limit_ms = clamp(p->limit_ms, 200, 600000);
	p->watch_ms = clamp(p->watch_ms, 0, 600000);
	p->initial_silence_ms = clamp(p->initial_silence_ms, 0, 600000);
	p->wait_ms = clamp(p->wait_ms, 100, 10000);
	p->wait_permille = clamp(p->wait_permille, 0, 10000);
	p->wait_most_ms = clamp(p->wait_most_ms, 100, 10000);
	p->speech_ms = clamp(p->speech_ms, 500, 60000);
	p->pause_less_ms = clamp(p->pause_less_ms, 0, 10000);
	p->turn_ms = clamp(p->turn_ms, 300, 60000);
	p->late_speech_ms = clamp(p->late_speech_ms, 500, 60000);
	lean(p);
	zv_tones_init(&detector->tones);
	zv_speech_init(&detector->speech);
	zv_cadence_init(&detector->cadence);
}

/* Of this turn: since the last pause in which somebody waited for an answer. */
static uint32_t said_ms(const struct zv_detector *d)
{
	return d->speech.said_ms > d->before_ms ? d->speech.said_ms - d->before_ms : 0;
}

static bool say(struct zv_detector *d, enum zv_detected heard, enum zv_detect_cause cause)
{
	d->verdict = (struct zv_detect_verdict){
		.heard = (uint8_t)heard, .cause = (uint8_t)cause,
		.said_ms = (uint16_t)clamp(said_ms(d), 0, UINT16_MAX), .at_ms = d->now_ms,
	};
	if (d->params.watch_ms == 0)
		d->is_done = true;
	return true;
}

static bool by_signal(struct zv_detector *d, enum zv_signal signal)
{
	uint8_t heard = d->verdict.heard;

	switch (signal) {
	case ZV_SIGNAL_RING:
		d->has_rung = true;
		d->since_ms = d->now_ms;
		return false;
	case ZV_SIGNAL_SIT:
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_SIT);
	case ZV_SIGNAL_FAX:
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_FAX);
	case ZV_SIGNAL_BUSY:
	case ZV_SIGNAL_CONGESTION:
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_BUSYTONE);
	case ZV_SIGNAL_BEEP:
		if (heard == ZV_DETECTED_MACHINE && d->verdict.cause == ZV_CAUSE_BEEP)
			return false;
		if (!d->speech.has_begun && d->now_ms - d->since_ms > BEEP_ALONE_MS)
			return false;
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_BEEP);
	case ZV_SIGNAL_NONE:
	case ZV_SIGNAL_MAX:
	default:
		return false;
	}
}

static bool by_times(struct zv_detector *d)
{
	const struct zv_detect_params *p = &d->params;
	const struct zv_speech *s = &d->speech;
	uint32_t said = said_ms(d), pauses = s->phrases - d->phrases_before, less, wait, most = p->speech_ms;

	pauses = pauses > 0 ? pauses - 1 : 0;
	less = p->pause_less_ms * (pauses < PAUSES_MOST ? pauses : PAUSES_MOST);
	most = most > less + LEAST_SPEECH_MS ? most - less : LEAST_SPEECH_MS;
	if (d->now_ms - d->since_ms >= p->late_ms && most > p->late_speech_ms)
		most = p->late_speech_ms;
	if (s->is_talking && said >= most)
		return say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_LONGGREETING);
	if (s->is_talking)
		return false;
	wait = p->wait_ms + (uint32_t)((uint64_t)said * p->wait_permille / 1000);
	if (wait > p->wait_most_ms)
		wait = p->wait_most_ms;
	if (d->verdict.heard != ZV_DETECTED_PERSON && said > 0 && s->pause_ms >= wait && said < p->speech_ms)
		return say(d, ZV_DETECTED_PERSON, ZV_CAUSE_HUMAN);
	/* Who is known to be a person says his next words after a shorter one. */
	if (s->pause_ms >= (d->verdict.heard == ZV_DETECTED_PERSON && p->turn_ms > NEXT_MS ? NEXT_MS : p->turn_ms)) {
		d->before_ms = s->said_ms;
		d->phrases_before = s->phrases;
	}
	return false;
}

static bool by_speech(struct zv_detector *d)
{
	const struct zv_detect_params *p = &d->params;
	const struct zv_speech *s = &d->speech;
	uint8_t heard = d->verdict.heard;

	if (heard == ZV_DETECTED_MACHINE)
		return false;
	if (!s->has_begun)
		return p->initial_silence_ms > 0 && d->now_ms - d->since_ms >= p->initial_silence_ms &&
		       heard == ZV_DETECTED_NOTHING && !zv_cadence_may_ring(&d->cadence) &&
		       say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_INITIALSILENCE);
	if (heard != ZV_DETECTED_PERSON && zv_speech_is_music(s))
		return say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_MUSIC);
	return by_times(d);
}

static bool answered_frame(struct zv_detector *d, enum zv_signal signal)
{
	bool is_new = by_signal(d, signal);

	if (!is_new)
		is_new = by_speech(d);
	if (d->verdict.heard == ZV_DETECTED_NOTHING && d->now_ms >= d->params.limit_ms) {
		enum zv_detect_cause cause = d->has_rung || zv_cadence_may_ring(&d->cadence) ?
			ZV_CAUSE_RINGBACK : d->speech.has_begun ? ZV_CAUSE_TOOLONG : ZV_CAUSE_INITIALSILENCE;

		is_new = say(d, ZV_DETECTED_UNSURE, cause);
	}
	return is_new;
}

/* Speech without a ring before it is an announcement; after one it is who is not there. */
static bool early_frame(struct zv_detector *d, enum zv_signal signal)
{
	const struct zv_speech *s = &d->speech;
	uint8_t heard = d->verdict.heard;

	switch (signal) {
	case ZV_SIGNAL_RING:
		d->has_rung = true;
		return heard != ZV_DETECTED_RINGING && say(d, ZV_DETECTED_RINGING, ZV_CAUSE_RINGBACK);
	case ZV_SIGNAL_BUSY:
		return heard != ZV_DETECTED_BUSY && say(d, ZV_DETECTED_BUSY, ZV_CAUSE_BUSYTONE);
	case ZV_SIGNAL_CONGESTION:
		return heard != ZV_DETECTED_CONGESTION &&
		       say(d, ZV_DETECTED_CONGESTION, ZV_CAUSE_BUSYTONE);
	case ZV_SIGNAL_SIT:
		return say(d, ZV_DETECTED_UNREACHABLE, ZV_CAUSE_SIT);
	case ZV_SIGNAL_FAX:
	case ZV_SIGNAL_BEEP:
	case ZV_SIGNAL_NONE:
	case ZV_SIGNAL_MAX:
	default:
		break;
	}
	if (heard != ZV_DETECTED_NOTHING || s->n_frames < 100)
		return false;
	if (zv_speech_is_music(s))
		return say(d, ZV_DETECTED_RINGING, ZV_CAUSE_MUSIC);
	if (s->voice_ms >= 1000 && d->now_ms - s->first_ms >= ANNOUNCED_MS && !zv_speech_may_be_music(s))
		return say(d, ZV_DETECTED_UNREACHABLE, ZV_CAUSE_ANNOUNCEMENT);
	return false;
}

static bool on_frame(struct zv_detector *d, const struct zv_tone_frame *frame)
{
	enum zv_signal signal = zv_cadence_add(&d->cadence, frame, zv_speech_db(frame->power));

	d->now_ms += FRAME_MS;
	if (zv_cadence_sounds(&d->cadence))
		zv_speech_take_back(&d->speech);
	zv_speech_add(&d->speech, frame, zv_cadence_sounds(&d->cadence), d->now_ms);
	if (d->is_done)
		return false;
	if (d->now_ms >= d->params.watch_ms && d->verdict.heard != ZV_DETECTED_NOTHING &&
	    d->params.kind == ZV_DETECT_ANSWERED) {
		d->is_done = true;
		return false;
	}
	return d->params.kind == ZV_DETECT_EARLY ? early_frame(d, signal) : answered_frame(d, signal);
}

bool zv_detect_feed(struct zv_detector *detector, const int16_t *pcm, uint32_t n)
{
	bool is_new = false;

	detector->lost_ms = 0;
	while (n > 0) {
		struct zv_tone_frame frame;
		uint32_t took = zv_tones_add(&detector->tones, pcm, n);

		pcm += took;
		n -= took;
		if (!zv_tones_is_whole(&detector->tones))
			break;
		zv_tones_take(&detector->tones, &frame);
		detector->before = frame;
		is_new |= on_frame(detector, &frame);
	}
	return is_new;
}

bool zv_detect_feed_law(struct zv_detector *detector, const int16_t *linear, const uint8_t *payload,
			uint32_t n)
{
	int16_t pcm[ZV_TONE_FRAME];
	bool is_new = false;

	for (uint32_t at = 0; at < n;) {
		uint32_t take = n - at < ZV_TONE_FRAME ? n - at : ZV_TONE_FRAME;

		for (uint32_t i = 0; i < take; i++)
			pcm[i] = linear[payload[at + i]];
		is_new |= zv_detect_feed(detector, pcm, take);
		at += take;
	}
	return is_new;
}

const char *zv_detected_name(uint8_t heard)
{
	static const char *const names[ZV_DETECTED_MAX] = {
		"", "person", "machine", "unsure", "ringing", "busy", "congestion", "unreachable"};

	return heard < ZV_DETECTED_MAX ? names[heard] : "";
}

const char *zv_detect_cause_name(uint8_t cause)
{
	static const char *const names[ZV_CAUSE_MAX] = {
		"", "TOOLONG", "INITIALSILENCE", "HUMAN", "LONGGREETING", "MAXWORDLENGTH", "MAXWORDS",
		"BEEP", "SIT", "FAX", "MUSIC", "RINGBACK", "BUSYTONE", "ANNOUNCEMENT"};

	return cause < ZV_CAUSE_MAX ? names[cause] : "";
}

bool zv_detect_lost(struct zv_detector *detector, uint32_t ms)
{
	bool is_new = false;

	/* No more than a minute at once; less than a frame waits for the rest. */
	detector->rest_ms += ms < LOST_MOST_MS ? ms : LOST_MOST_MS;
	for (; detector->rest_ms >= FRAME_MS; detector->rest_ms -= FRAME_MS) {
		struct zv_tone_frame frame = {.power = 0, .noise = 1};

		detector->lost_ms += FRAME_MS;
		if (detector->lost_ms <= GO_ON_MS)
			frame = detector->before;
		zv_tones_init(&detector->tones);
		is_new |= on_frame(detector, &frame);
	}
	return is_new;
}
