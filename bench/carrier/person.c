/* What the person (or the network, or the answering machine) behind a number does. */
#include "carrier.h"

#define DEAD_AIR_MS  10000u /* an answered person who hears nothing hangs up; real time */
#define AFTER_KEY_MS 60000u /* and one who pressed and is not let go */
#define HELLO_MS     700u
#define BEEP_MS      500u
#define POST_DIAL_MS 400u /* at most, from INVITE to 180 */
#define MUDDLE_MS    3500u /* ring-back, then 480; real time */

uint64_t zvc_paced(const struct zvc_carrier *carrier, uint32_t ms)
{
	double paced = carrier->conf.pace * ms;

	return paced < 1.0 ? 1 : (uint64_t)paced;
}

static void then(struct zvc_call *call, enum zvc_step step, uint64_t in_ms)
{
	call->step = step;
	zvc_timer_set(call->carrier->wheel, &call->plan_timer, call->carrier->now_ms + in_ms);
}

static void then_hang_up(struct zvc_call *call, const char *why, uint64_t in_ms)
{
	call->hang_up_why = why;
	then(call, ZVC_DO_HANG_UP, in_ms);
}

void zvc_person_begin(struct zvc_call *call)
{
	struct zvc_carrier *carrier = call->carrier;
	const struct zvc_plan *plan = &call->plan;
	uint32_t post_dial = plan->refuse_ms < POST_DIAL_MS ? plan->refuse_ms : POST_DIAL_MS;

	if (plan->behaviour == ZVC_OFF && carrier->conf.early_media) {
		zvc_call_progress(call, 183, "Session Progress", true);
		if (!carrier->conf.muddle)
			then(call, ZVC_DO_REFUSE, zvc_paced(carrier, plan->greeting_ms));
	} else if (plan->behaviour == ZVC_DEAD || plan->behaviour == ZVC_OFF) {
		then(call, ZVC_DO_REFUSE, zvc_paced(carrier, plan->refuse_ms));
	} else if (plan->behaviour == ZVC_BUSY) {
		struct zvc_number *number = zvc_number_get(carrier, call->number);

		if (number != NULL && number->busy < plan->busy_first) {
			number->busy++;
			then(call, ZVC_DO_REFUSE, zvc_paced(carrier, plan->refuse_ms));
		} else {
			then(call, ZVC_DO_RING, zvc_paced(carrier, post_dial));
		}
	} else {
		then(call, ZVC_DO_RING, zvc_paced(carrier, post_dial));
	}
}

static void refuse(struct zvc_call *call)
{
	switch (call->plan.behaviour) {
	case ZVC_DEAD:
		zvc_call_refuse(call, 404, "Not Found",
		                "Reason: Q.850;cause=1;text=\"Unallocated number\"\r\n");
		break;
	case ZVC_OFF:
		zvc_call_refuse(call, 480, "Temporarily Unavailable",
		                "Reason: Q.850;cause=20;text=\"Subscriber absent\"\r\n");
		break;
	case ZVC_REJECTS:
		zvc_call_refuse(call, 603, "Decline",
		                "Reason: Q.850;cause=21;text=\"Call rejected\"\r\n");
		break;
	case ZVC_NOANSWER: zvc_call_refuse(call, 480, "Temporarily Unavailable", ""); break;
	case ZVC_BUSY:
	case ZVC_KEY1:
	case ZVC_KEY2:
	case ZVC_KEY3:
	case ZVC_VOICEMAIL:
	case ZVC_SILENT:
	case ZVC_BEHAVIOURS:
		zvc_call_refuse(call, 486, "Busy Here",
		                "Reason: Q.850;cause=17;text=\"User busy\"\r\n");
		break;
	}
}

static void ring(struct zvc_call *call)
{
	uint64_t ring_ms = zvc_paced(call->carrier, call->plan.ring_ms);

	if (call->carrier->conf.early_media && call->plan.behaviour == ZVC_NOANSWER)
		zvc_call_progress(call, 183, "Session Progress", true);
	else
		zvc_call_progress(call, 180, "Ringing", false);
	if (call->carrier->conf.muddle && call->plan.behaviour == ZVC_NOANSWER)
		then(call, ZVC_DO_REFUSE, MUDDLE_MS);
	else if (call->plan.behaviour == ZVC_REJECTS)
		then(call, ZVC_DO_REFUSE, ring_ms);
	else if (call->plan.behaviour != ZVC_NOANSWER)
		then(call, ZVC_DO_ANSWER, ring_ms);
}

/* What a file says takes its own time. */
static void speaks(struct zvc_call *call, enum zvc_step step, enum zvc_sound sound, uint32_t ms)
{
	uint32_t file_ms = zvc_sound_ms(sound);

	then(call, step, file_ms > 0 ? file_ms : zvc_paced(call->carrier, ms));
}

void zvc_person_answered(struct zvc_call *call)
{
	if (call->plan.behaviour == ZVC_VOICEMAIL) {
		zvc_leg_play(call->leg, ZVC_SOUND_GREETING);
		speaks(call, ZVC_DO_BEEP, ZVC_SOUND_GREETING, call->plan.greeting_ms);
	} else {
		zvc_leg_play(call->leg, ZVC_SOUND_HELLO);
		speaks(call, ZVC_DO_HELLO_END, ZVC_SOUND_HELLO, HELLO_MS);
	}
}

void zvc_person_heard(void *owner)
{
	struct zvc_call *call = owner;
	struct zvc_carrier *carrier = call->carrier;

	if (call->heard)
		return;
	call->heard = true;
	zvc_line_call(call, "heard", 0);
	zvc_line_number(&carrier->journal, "after_ms", (zvc_mono_ns() - call->answer_ns) / 1000000);
	zvc_line_end(&carrier->journal);
	if (call->plan.key != 0 && call->plan.behaviour != ZVC_VOICEMAIL) {
		zvc_leg_play(call->leg, ZVC_SOUND_NOISE);
		then(call, ZVC_DO_PRESS, zvc_paced(carrier, call->plan.key_ms));
	} else if (call->step == ZVC_DO_HANG_UP && call->plan.behaviour != ZVC_VOICEMAIL) {
		then_hang_up(call, "max_call", carrier->conf.max_call_s * UINT64_C(1000));
	}
}

/* The hello is over: a person who will press waits for a prompt, but not for ever. */
static void listen_on(struct zvc_call *call)
{
	const struct zvc_conf *conf = &call->carrier->conf;

	zvc_leg_play(call->leg, ZVC_SOUND_NOISE);
	if (call->heard || conf->no_media)
		then_hang_up(call, "max_call", conf->max_call_s * UINT64_C(1000));
	else
		then_hang_up(call, "dead_air", DEAD_AIR_MS);
}

static void press(struct zvc_call *call)
{
	struct zvc_carrier *carrier = call->carrier;
	const struct zvc_hearing *h = zvc_leg_hearing(call->leg);
	bool inband = zvc_leg_key(call->leg, call->plan.key, call->plan.inband);

	call->keyed = true;
	call->key_ns = zvc_mono_ns();
	carrier->stats.keyed++;
	zvc_line_call(call, "key", 0);
	zvc_line_number(&carrier->journal, "key", call->plan.key);
	zvc_line_text(&carrier->journal, "mode", inband ? "inband" : "rfc4733");
	zvc_line_number(&carrier->journal, "heard_ms", (int64_t)h->sound_frames * 20);
	zvc_line_number(&carrier->journal, "since_first_ms",
	                (call->key_ns - h->first_sound_ns) / 1000000);
	zvc_line_end(&carrier->journal);
	then_hang_up(call, "not_let_go", AFTER_KEY_MS);
}

void zvc_person_step(struct zvc_call *call)
{
	struct zvc_carrier *carrier = call->carrier;
	enum zvc_step step = call->step;

	call->step = ZVC_DO_NOTHING;
	switch (step) {
	case ZVC_DO_NOTHING: break;
	case ZVC_DO_REFUSE: refuse(call); break;
	case ZVC_DO_RING: ring(call); break;
	case ZVC_DO_ANSWER: zvc_call_answer(call); break;
	case ZVC_DO_HELLO_END: listen_on(call); break;
	case ZVC_DO_PRESS: press(call); break;
	case ZVC_DO_BEEP:
		zvc_leg_play(call->leg, ZVC_SOUND_BEEP);
		then(call, ZVC_DO_RECORD, zvc_paced(carrier, BEEP_MS));
		break;
	case ZVC_DO_RECORD:
		zvc_leg_play(call->leg, ZVC_SOUND_NOISE);
		then_hang_up(call, "recorded", zvc_paced(carrier, call->plan.record_ms));
		break;
	case ZVC_DO_HANG_UP:
		if (call->hang_up_why[0] == 'd')
			carrier->stats.dead_air++;
		zvc_call_hang_up(call, call->hang_up_why);
		break;
	}
}
