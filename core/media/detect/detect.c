#include "media/detect/detect.h"

#include <string.h>

#include "base/num.h"

#define FRAME_MS     ZV_TONE_FRAME_MS
#define GO_ON_MS     60u     /* losses up to here sound as what was before them */
#define PPM          1000000u
#define LEAST_PPM    1000u
#define BEEP_ALONE_MS 3000u  /* a tone before any word, not later: a machine's, too */
#define WORDS_MS     300u    /* a person says so much at least */

void zv_detect_defaults(uint8_t kind, struct zv_detect_params *params)
{
	*params = (struct zv_detect_params){
		.kind = kind, .limit_ms = 5000, .watch_ms = 20000, .machine_ppm = 300000,
		.sure_person = 900, .sure_machine = 980,
		.person = {.greeting_ms = 800, .greeting_spread = 700, .pause_ms = 1800, .pause_spread = 700},
		.machine = {.greeting_ms = 3500, .greeting_spread = 900, .pause_ms = 350, .pause_spread = 450},
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
				    20000, 900000);
}

static void tidy_speech(struct zv_detect_speech *s)
{
	s->greeting_ms = (uint16_t)clamp(s->greeting_ms, 50, 60000);
	s->pause_ms = (uint16_t)clamp(s->pause_ms, 50, 60000);
	s->greeting_spread = (uint16_t)clamp(s->greeting_spread, 50, 5000);
	s->pause_spread = (uint16_t)clamp(s->pause_spread, 50, 5000);
}

void zv_detect_init(struct zv_detector *detector, const struct zv_detect_params *params)
{
	struct zv_detect_params *p = &detector->params;

	memset(detector, 0, sizeof(*detector));
	*p = *params;
	p->machine_ppm = clamp(p->machine_ppm, LEAST_PPM, PPM - LEAST_PPM);
	p->sure_person = clamp(p->sure_person, 500, 999);
	p->sure_machine = clamp(p->sure_machine, 500, 999);
	p->limit_ms = clamp(p->limit_ms, 200, 600000);
	p->watch_ms = clamp(p->watch_ms, 0, 600000);
	tidy_speech(&p->person);
	tidy_speech(&p->machine);
	zv_tones_init(&detector->tones);
	zv_speech_init(&detector->speech);
	zv_cadence_init(&detector->cadence);
}

static bool say(struct zv_detector *d, enum zv_detected heard, enum zv_detect_cause cause, double chance)
{
	d->verdict = (struct zv_detect_verdict){
		.heard = (uint8_t)heard, .cause = (uint8_t)cause,
		.odds = (uint16_t)(1000.0 * chance), .at_ms = d->now_ms,
	};
	if (d->params.watch_ms == 0)
		d->is_done = true;
	return true;
}

/* Share of log-normal times that are longer. */
static double longer(uint32_t ms, uint16_t median_ms, uint16_t spread)
{
	if (ms == 0)
		return 1;
	return zv_norm_cdf(-zv_ln((double)ms / median_ms) * 1000.0 / spread);
}

static double density(uint32_t ms, uint16_t median_ms, uint16_t spread)
{
	if (ms == 0)
		return 0;
	return zv_norm_pdf(zv_ln((double)ms / median_ms) * 1000.0 / spread) / spread;
}

/* The chance that it is a machine, by how long it has spoken and how long it has been silent since. */
static double machine_chance(const struct zv_detector *d)
{
	const struct zv_detect_params *p = &d->params;
	const struct zv_speech *s = &d->speech;
	double m = p->machine_ppm, h = PPM - p->machine_ppm;

	if (s->is_talking) {
		m *= longer(s->said_ms, p->machine.greeting_ms, p->machine.greeting_spread);
		h *= longer(s->said_ms, p->person.greeting_ms, p->person.greeting_spread);
	} else {
		m *= density(s->said_ms, p->machine.greeting_ms, p->machine.greeting_spread) *
		     longer(s->pause_ms, p->machine.pause_ms, p->machine.pause_spread);
		h *= density(s->said_ms, p->person.greeting_ms, p->person.greeting_spread) *
		     longer(s->pause_ms, p->person.pause_ms, p->person.pause_spread);
	}
	/* Far out in both tails nothing is known. */
	if (m + h < 1e-12)
		return 0.5;
	return m / (m + h);
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
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_SIT, 0.99);
	case ZV_SIGNAL_FAX:
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_FAX, 0.99);
	case ZV_SIGNAL_BUSY:
	case ZV_SIGNAL_CONGESTION:
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_BUSYTONE, 0.99);
	case ZV_SIGNAL_BEEP:
		if (heard == ZV_DETECTED_MACHINE && d->verdict.cause == ZV_CAUSE_BEEP)
			return false;
		if (!d->speech.has_begun && d->now_ms - d->since_ms > BEEP_ALONE_MS)
			return false;
		return heard != ZV_DETECTED_MACHINE && say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_BEEP, 0.98);
	case ZV_SIGNAL_NONE:
	case ZV_SIGNAL_MAX:
	default:
		return false;
	}
}

static bool by_speech(struct zv_detector *d)
{
	const struct zv_detect_params *p = &d->params;
	const struct zv_speech *s = &d->speech;
	uint8_t heard = d->verdict.heard;
	double machine;

	if (heard == ZV_DETECTED_MACHINE)
		return false;
	if (!s->has_begun)
		return p->initial_silence_ms > 0 && d->now_ms - d->since_ms >= p->initial_silence_ms &&
		       heard == ZV_DETECTED_NOTHING && !zv_cadence_may_ring(&d->cadence) &&
		       say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_INITIALSILENCE, 0.5);
	if (s->is_talking && zv_speech_is_music(s))
		return say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_MUSIC, 0.95);
	machine = machine_chance(d);
	if (s->is_talking && machine * 1000.0 >= p->sure_machine)
		return say(d, ZV_DETECTED_MACHINE, ZV_CAUSE_LONGGREETING, machine);
	if (!s->is_talking && heard != ZV_DETECTED_PERSON && (1.0 - machine) * 1000.0 >= p->sure_person)
		return say(d, ZV_DETECTED_PERSON, ZV_CAUSE_HUMAN, 1.0 - machine);
	return false;
}

static bool answered_frame(struct zv_detector *d, enum zv_signal signal)
{
	bool is_new = by_signal(d, signal);

	if (!is_new)
		is_new = by_speech(d);
	if (d->verdict.heard == ZV_DETECTED_NOTHING && d->now_ms >= d->params.limit_ms) {
		enum zv_detect_cause cause = d->has_rung || zv_cadence_may_ring(&d->cadence) ?
			ZV_CAUSE_RINGBACK : d->speech.has_begun ? ZV_CAUSE_TOOLONG : ZV_CAUSE_INITIALSILENCE;

		is_new = say(d, ZV_DETECTED_UNSURE, cause, 0.5);
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
		return heard != ZV_DETECTED_RINGING && say(d, ZV_DETECTED_RINGING, ZV_CAUSE_RINGBACK, 0.99);
	case ZV_SIGNAL_BUSY:
		return heard != ZV_DETECTED_BUSY && say(d, ZV_DETECTED_BUSY, ZV_CAUSE_BUSYTONE, 0.99);
	case ZV_SIGNAL_CONGESTION:
		return heard != ZV_DETECTED_CONGESTION &&
		       say(d, ZV_DETECTED_CONGESTION, ZV_CAUSE_BUSYTONE, 0.99);
	case ZV_SIGNAL_SIT:
		return say(d, ZV_DETECTED_UNREACHABLE, ZV_CAUSE_SIT, 0.99);
	case ZV_SIGNAL_FAX:
	case ZV_SIGNAL_BEEP:
	case ZV_SIGNAL_NONE:
	case ZV_SIGNAL_MAX:
	default:
		break;
	}
	if (heard != ZV_DETECTED_NOTHING || s->sound_frames < 100)
		return false;
	if (zv_speech_is_music(s))
		return say(d, ZV_DETECTED_RINGING, ZV_CAUSE_MUSIC, 0.8);
	if (s->voice_ms >= 2000 && s->low_frames * 10u >= s->sound_frames)
		return say(d, ZV_DETECTED_UNREACHABLE, ZV_CAUSE_ANNOUNCEMENT, 0.9);
	return false;
}

static bool on_frame(struct zv_detector *d, const struct zv_tone_frame *frame)
{
	enum zv_signal signal = zv_cadence_add(&d->cadence, frame, zv_speech_db(frame->power));

	d->now_ms += FRAME_MS;
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

	for (uint32_t at = 0; at < ms && at < 60000; at += FRAME_MS) {
		struct zv_tone_frame frame = {.power = 0, .noise = 1};

		detector->lost_ms += FRAME_MS;
		if (detector->lost_ms <= GO_ON_MS)
			frame = detector->before;
		zv_tones_init(&detector->tones);
		is_new |= on_frame(detector, &frame);
	}
	return is_new;
}
