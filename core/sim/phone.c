/* Carriers, and the people on the phone: what a command to sip or media leads to. */
#include <string.h>

#include "sim/world_int.h"

#define TIMER_B_MS 32000 /* an INVITE without any response (RFC 3261, 17.1.1.2) */
#define BYE_MS     20
#define CANCEL_MS  30
#define CLOSE_MS   10
#define MACHINE_MS 60000 /* a voicemail records no longer */

struct zv_event *zv_sim_leg_event(struct zv_sim *w, uint32_t slot, enum zv_event_type type)
{
	const struct sim_leg *leg = &w->legs[slot];
	struct zv_event *ev = zv_sim_tell(w, type);

	ev->trunk = leg->trunk;
	ev->leg = (struct zv_leg_id){slot, leg->gen};
	ev->attempt = leg->attempt;
	return ev;
}

static const struct zv_people *people_of(const struct zv_sim *w, const struct sim_leg *leg)
{
	return &w->p.lists[leg->campaign].people;
}

static double u_of(const struct zv_sim *w, const struct sim_leg *leg, enum zv_fate_what what)
{
	return zv_sim_u(w->p.seed, zv_fate_id(leg->lead, leg->attempt_no), (uint32_t)what);
}

static void later(struct zv_sim *w, uint32_t slot, int64_t in_ms, enum sim_what what)
{
	zv_sim_later(w, in_ms, what, slot, w->legs[slot].serial, 0);
}

static int64_t since_start(const struct zv_sim *w, int64_t mono_ms)
{
	return zv_sim_at(w) - (w->now.mono_ms - mono_ms);
}

/* Nobody answered it, or somebody just did: it flies no more. */
static void landed(struct zv_sim *w, struct sim_leg *leg)
{
	if (leg->invite_ms != 0 && leg->state != LEG_ANSWERED && leg->state != LEG_ENDING)
		zv_sim_span(w, since_start(w, leg->invite_ms), zv_sim_at(w),
			    offsetof(struct zv_sim_measure, in_flight_ms));
}

/* The trunk holds nothing of it any more; what is left is the word CLOSED. */
static void over(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];

	landed(w, leg);
	if (leg->state == LEG_ANSWERED && leg->live && !leg->served && !leg->orphan &&
	    w->p.lists[leg->campaign].agents) {
		zv_sim_bucket(w)->abandoned++;
		w->r->campaigns[leg->campaign].abandoned++;
	}
	if (leg->counted)
		w->carriers[leg->trunk].calls--;
	leg->counted = false;
	leg->state = LEG_ENDING;
	leg->serial++;
	zv_judge_over(w->judge, leg->attempt, w->now.mono_ms);
	later(w, slot, CLOSE_MS, SIM_CLOSED);
}

static void failed(struct zv_sim *w, uint32_t slot, uint16_t code, bool local, bool cancelled)
{
	struct zv_event *ev = zv_sim_leg_event(w, slot, ZV_EV_SIP_FAILED);

	ev->code = code;
	ev->u.sip.local = local;
	ev->u.sip.cancelled = cancelled;
	over(w, slot);
}

static void ended(struct zv_sim *w, uint32_t slot, enum zv_ended_by by)
{
	zv_sim_leg_event(w, slot, ZV_EV_SIP_ENDED)->u.sip.by = (uint8_t)by;
	over(w, slot);
}

/* ---- an INVITE ---- */

static void invite(struct zv_sim *w, uint32_t slot, const struct zv_cmd *cmd)
{
	struct sim_leg *leg = &w->legs[slot];
	const struct sim_lead *lead = &w->leads[leg->lead];
	const struct sim_person *person = &w->people[lead->person];
	const struct zv_carrier *carrier = &w->p.carriers[leg->trunk];
	struct zv_judge_call call = {
		.attempt = leg->attempt, .lead = leg->lead, .person = lead->person,
		.called = cmd->u.dial.called, .campaign = leg->campaign, .zone = person->zone,
		.sub = cmd->u.dial.sub, .cal_ms = w->now.cal_ms, .mono_ms = w->now.mono_ms,
	};

	zv_judge_invite(w->judge, &call);
	if (cmd->u.dial.sub == 0) {
		zv_sim_bucket(w)->dials++;
		w->r->campaigns[leg->campaign].dials++;
	}
	zv_people_fate(people_of(w, leg), w->p.seed, leg->lead, leg->attempt_no,
		       zv_sim_hour(w, person->zone),
		       zv_sim_drift_at(&w->answers[leg->campaign], zv_sim_at(w)), &leg->fate);
	switch (zv_carrier_invite(carrier, &w->carriers[leg->trunk], w->now.mono_ms,
				  u_of(w, leg, ZV_U_CARRIER))) {
	case ZV_CARRIER_NOTHING:
		later(w, slot, leg->ring_ms < TIMER_B_MS ? leg->ring_ms : TIMER_B_MS, SIM_SILENT_OVER);
		return;
	case ZV_CARRIER_503:
		later(w, slot, zv_dist_ms(&carrier->trying, u_of(w, leg, ZV_U_SETUP), 1), SIM_REFUSED);
		return;
	case ZV_CARRIER_TAKES:
		break;
	}
	leg->counted = true;
	later(w, slot, zv_dist_ms(&carrier->trying, u_of(w, leg, ZV_U_SETUP), 1), SIM_TRYING);
}

static void adopt(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];

	if (leg->state == LEG_ANSWERED) {
		later(w, slot, BYE_MS, SIM_ENDED);
	} else if (leg->state == LEG_ENDING || leg->state == LEG_FREE || leg->state == LEG_TOLD) {
		leg->serial++;
		later(w, slot, CANCEL_MS, SIM_CANCELLED);
	} else if (u_of(w, leg, ZV_U_LATE) < 0.05 && leg->lead != SIM_NONE) {
		/* It answers just then. */
		leg->fate.kind = ZV_FATE_ANSWER;
		leg->serial++;
		leg->orphan = true;
		later(w, slot, CANCEL_MS, SIM_FATE);
	} else {
		leg->serial++;
		later(w, slot, CANCEL_MS, SIM_CANCELLED);
	}
}

static void dial(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_leg *leg = &w->legs[cmd->leg.slot];
	uint64_t lead = leg->lead;

	if (cmd->u.dial.adopt) {
		leg->gen = cmd->leg.gen;
		adopt(w, cmd->leg.slot);
		return;
	}
	leg->attempt = cmd->attempt;
	leg->gen = cmd->leg.gen;
	leg->serial++;
	leg->trunk = cmd->trunk;
	leg->sub = cmd->u.dial.sub;
	leg->state = LEG_INVITED;
	leg->agent = SIM_NONE;
	leg->live = leg->media = leg->playing = leg->served = leg->orphan = leg->counted = false;
	leg->attempt_no = w->leads[lead].attempts;
	leg->invite_ms = w->now.mono_ms;
	leg->answer_ms = 0;
	leg->ring_ms = cmd->u.dial.ring_ms;
	invite(w, cmd->leg.slot, cmd);
}

/* ---- ringing ---- */

static void on_trying(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];
	int64_t age_ms = w->now.mono_ms - leg->invite_ms;
	int64_t setup_ms = zv_dist_ms(&w->p.carriers[leg->trunk].setup, u_of(w, leg, ZV_U_SETUP), 1);

	zv_sim_leg_event(w, slot, ZV_EV_SIP_TRYING)->code = 100;
	if (leg->fate.kind == ZV_FATE_FAIL || leg->fate.at_ms <= setup_ms)
		later(w, slot, leg->fate.at_ms > age_ms ? leg->fate.at_ms - age_ms : 1, SIM_FATE);
	else
		later(w, slot, setup_ms > age_ms ? setup_ms - age_ms : 1, SIM_PROGRESS);
}

static void on_progress(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];
	int64_t age_ms = w->now.mono_ms - leg->invite_ms;

	zv_sim_leg_event(w, slot, ZV_EV_SIP_PROGRESS)->code = 180;
	leg->state = LEG_RINGING;
	if (leg->fate.at_ms < leg->ring_ms)
		later(w, slot, leg->fate.at_ms > age_ms ? leg->fate.at_ms - age_ms : 1, SIM_FATE);
	else
		later(w, slot, leg->ring_ms > age_ms ? leg->ring_ms - age_ms : 1, SIM_RING_OVER);
}

static void answered(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];
	const struct zv_people *people = people_of(w, leg);
	const struct zv_sim_list *list = &w->p.lists[leg->campaign];
	struct zv_sim_measure *m = zv_sim_bucket(w), *c = &w->r->campaigns[leg->campaign];
	struct zv_event *ev = zv_sim_leg_event(w, slot, ZV_EV_SIP_ANSWERED);

	landed(w, leg);
	ev->code = 200;
	ev->u.sip.sdp = 1;
	ev->u.sip.rtp_ip.family = 4;
	ev->u.sip.payload_type = 8;
	ev->u.sip.dtmf_type = 101;
	ev->u.sip.rtp_port = 20000;
	leg->live = leg->fate.kind == ZV_FATE_ANSWER;
	leg->state = LEG_ANSWERED;
	leg->answer_ms = w->now.mono_ms;
	zv_judge_answered(w->judge, leg->attempt, list->agents && !leg->orphan);
	if (!leg->orphan) {
		*(leg->live ? &m->answered : &m->machines) += 1;
		*(leg->live ? &c->answered : &c->machines) += 1;
	}
	if (!leg->live)
		later(w, slot, MACHINE_MS, SIM_LEAVES);
	else if (list->agents || leg->orphan)
		later(w, slot, zv_dist_ms(&people->patience, u_of(w, leg, ZV_U_PATIENCE), 1), SIM_LEAVES);
	else if (u_of(w, leg, ZV_U_LEAVES) * 1e6 < people->leaves_ppm)
		later(w, slot, 1000 + (int64_t)(u_of(w, leg, ZV_U_LEAVES_MS) * 20000), SIM_LEAVES);
}

static void on_fate(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];

	if (leg->fate.kind != ZV_FATE_FAIL) {
		answered(w, slot);
		return;
	}
	zv_sim_bucket(w)->failed++;
	w->r->campaigns[leg->campaign].failed++;
	failed(w, slot, leg->fate.sip_code, false, false);
}

static void trunk_failed(struct zv_sim *w, uint32_t slot, uint16_t code, bool local)
{
	zv_sim_bucket(w)->trunk_failed++;
	w->r->campaigns[w->legs[slot].campaign].trunk_failed++;
	failed(w, slot, code, local, false);
}

/* ---- we end it ---- */

static void end(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_leg *leg = &w->legs[cmd->leg.slot];

	if (leg->gen != cmd->leg.gen)
		return;
	switch ((enum sim_leg_state)leg->state) {
	case LEG_INVITED:
	case LEG_RINGING:
		if (cmd->type == ZV_CMD_CANCEL && w->now.mono_ms - leg->invite_ms < leg->ring_ms) {
			zv_sim_bucket(w)->cancelled++;
			w->r->campaigns[leg->campaign].cancelled++;
		}
		leg->serial++;
		later(w, cmd->leg.slot, CANCEL_MS, SIM_CANCELLED);
		break;
	case LEG_ANSWERED:
		/* After our BYE there is no call any more, whatever the answer to it. */
		zv_judge_over(w->judge, leg->attempt, w->now.mono_ms);
		leg->serial++;
		later(w, cmd->leg.slot, BYE_MS, SIM_ENDED);
		break;
	case LEG_FREE:
	case LEG_TOLD:
	case LEG_ENDING: break; /* it is ending by itself */
	}
}

/* ---- talking ---- */

void zv_sim_talk(struct zv_sim *w, uint32_t slot, uint32_t agent)
{
	struct sim_leg *leg = &w->legs[slot];
	const struct zv_people *people = people_of(w, leg);
	struct sim_agent *a = &w->agents[agent];
	double factor = a->speed * zv_sim_drift_at(&w->handling[leg->campaign], zv_sim_at(w));

	if (leg->state != LEG_ANSWERED)
		return;
	leg->serial++;
	leg->agent = agent;
	leg->served = true;
	a->lead = leg->lead;
	a->attempt_no = leg->attempt_no;
	zv_judge_served(w->judge, leg->attempt);
	if (leg->live) {
		struct zv_sim_measure *m = zv_sim_bucket(w);

		m->handed++;
		m->patient++;
		m->patience_ms += w->now.mono_ms - leg->answer_ms;
		w->r->campaigns[leg->campaign].handed++;
	}
	later(w, slot, leg->live ? zv_dist_ms(&people->talk, u_of(w, leg, ZV_U_TALK), factor)
				 : zv_dist_ms(&people->greeting, u_of(w, leg, ZV_U_GREETING), 1),
	      SIM_TALK_OVER);
}

static void on_talk_over(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];

	if (leg->live && u_of(w, leg, ZV_U_ENDS) * 1e6 < people_of(w, leg)->hangs_up_ppm)
		ended(w, slot, ZV_BY_REMOTE);
	else
		zv_sim_agent_does(w, leg->agent, ZV_AD_CALL_OVER, 0);
}

static void on_leaves(struct zv_sim *w, uint32_t slot)
{
	ended(w, slot, ZV_BY_REMOTE);
}

static void open_media(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];

	leg->media = true;
	leg->listens = ZV_LISTEN_OFF;
}

/* Carriers here have no early media.  A machine beeps after its greeting. */
static void listen(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_leg *leg = &w->legs[cmd->leg.slot];
	const struct zv_people *people = people_of(w, leg);
	bool beep = cmd->u.listen.to == ZV_LISTEN_BEEP;

	leg->listens = cmd->u.listen.to;
	leg->listened++;
	if (leg->listens != ZV_LISTEN_ANSWER && !beep)
		return;
	zv_sim_later(w, zv_dist_ms(beep ? &people->greeting : &people->detect,
				   u_of(w, leg, beep ? ZV_U_GREETING : ZV_U_DETECT), 1),
		     SIM_VERDICT, cmd->leg.slot, leg->gen, leg->listened);
}

static void on_verdict(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];
	const struct zv_people *people = people_of(w, leg);
	double u = u_of(w, leg, ZV_U_VERDICT) * 1e6;
	bool machine = leg->live ? u < people->false_machine_ppm : u >= people->missed_machine_ppm;
	bool beep = leg->listens == ZV_LISTEN_BEEP;
	struct zv_event *ev;

	if (!leg->media || leg->state != LEG_ANSWERED || (beep && leg->live))
		return;
	ev = zv_sim_leg_event(w, slot, ZV_EV_MEDIA_VERDICT);
	ev->u.media.listen = leg->listens;
	ev->u.media.at_ms = (uint32_t)(w->now.mono_ms - leg->answer_ms);
	ev->u.media.cause = machine || beep ? ZV_HEARD_MACHINE : ZV_HEARD_PERSON;
	ev->u.media.by = beep ? ZV_HEARD_BY_BEEP : machine ? ZV_HEARD_BY_MAXWORDS : ZV_HEARD_BY_HUMAN;
	/* A person whom it takes for a machine is counted nowhere: rules may ask for an estimate. */
	if (machine && !leg->served)
		zv_judge_machine(w->judge, leg->attempt);
}

static void play(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_leg *leg = &w->legs[cmd->leg.slot];
	int64_t ms = cmd->u.play.prompt == 0 ? cmd->u.play.duration_ms
					     : w->p.lists[leg->campaign].prompt_ms;

	leg->playing = true;
	leg->tag = cmd->u.play.tag;
	zv_sim_later(w, ms < 1 ? 1 : ms, SIM_PLAYED, cmd->leg.slot, leg->gen, (uint16_t)leg->tag);
}

static void played(struct zv_sim *w, uint32_t slot, enum zv_played cause)
{
	struct sim_leg *leg = &w->legs[slot];
	struct zv_event *ev = zv_sim_leg_event(w, slot, ZV_EV_MEDIA_PLAYED);
	const struct zv_people *people = people_of(w, leg);

	leg->playing = false;
	ev->u.media.tag = leg->tag;
	ev->u.media.cause = (uint8_t)cause;
	if (cause == ZV_PLAYED_DONE && leg->live && leg->state == LEG_ANSWERED && !leg->orphan &&
	    people->key_weights > 0 && u_of(w, leg, ZV_U_REACTS) * 1e6 < people->reacts_ppm)
		zv_sim_later(w, zv_dist_ms(&people->reaction, u_of(w, leg, ZV_U_REACTION), 1), SIM_KEY,
			     slot, leg->gen, 0);
}

static void on_key(struct zv_sim *w, uint32_t slot)
{
	struct sim_leg *leg = &w->legs[slot];

	if (leg->state != LEG_ANSWERED || !leg->media)
		return;
	zv_sim_leg_event(w, slot, ZV_EV_MEDIA_KEY)->u.media.key =
		(uint8_t)"0123456789*#"[zv_people_key(people_of(w, leg), u_of(w, leg, ZV_U_KEY))];
}

/* ---- commands and items ---- */

void zv_sim_phone(struct zv_sim *w, const struct zv_cmd *cmd)
{
	uint32_t slot = cmd->leg.slot;
	struct sim_leg *leg = &w->legs[slot];

	switch (cmd->type) {
	case ZV_CMD_DIAL: dial(w, cmd); break;
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP: end(w, cmd); break;
	case ZV_CMD_MEDIA_OPEN: open_media(w, slot); break;
	case ZV_CMD_MEDIA_LISTEN: listen(w, cmd); break;
	case ZV_CMD_MEDIA_PLAY: play(w, cmd); break;
	case ZV_CMD_MEDIA_STOP:
		if (leg->playing)
			played(w, slot, ZV_PLAYED_STOPPED);
		break;
	case ZV_CMD_MEDIA_CLOSE:
		leg->media = leg->playing = false;
		zv_sim_later(w, 1, SIM_MEDIA_CLOSED, slot, leg->gen, 0);
		break;
	default: break; /* the caller sends none of the others */
	}
}

/* Items of media live by the engine's generation, those of sip by the world's own. */
static bool stale(const struct sim_leg *leg, const struct zv_sim_item *item)
{
	switch (item->what) {
	case SIM_PLAYED: return leg->gen != item->gen || !leg->playing || (uint16_t)leg->tag != item->arg;
	case SIM_VERDICT: return leg->gen != item->gen || leg->listened != item->arg;
	case SIM_KEY:
	case SIM_MEDIA_CLOSED: return leg->gen != item->gen;
	default: return leg->serial != item->gen;
	}
}

void zv_sim_phone_item(struct zv_sim *w, const struct zv_sim_item *item)
{
	uint32_t slot = item->index;

	if (stale(&w->legs[slot], item))
		return;
	switch (item->what) {
	case SIM_TRYING: on_trying(w, slot); break;
	case SIM_PROGRESS: on_progress(w, slot); break;
	case SIM_FATE: on_fate(w, slot); break;
	case SIM_RING_OVER: failed(w, slot, 487, false, true); break;
	case SIM_REFUSED: trunk_failed(w, slot, 503, false); break;
	case SIM_SILENT_OVER: trunk_failed(w, slot, 408, true); break;
	case SIM_CANCELLED: failed(w, slot, 487, false, true); break;
	case SIM_ENDED: ended(w, slot, ZV_BY_US); break;
	case SIM_CLOSED:
		(void)zv_sim_leg_event(w, slot, ZV_EV_SIP_CLOSED);
		w->legs[slot].serial++;
		break;
	case SIM_LEAVES: on_leaves(w, slot); break;
	case SIM_PLAYED: played(w, slot, ZV_PLAYED_DONE); break;
	case SIM_KEY: on_key(w, slot); break;
	case SIM_VERDICT: on_verdict(w, slot); break;
	case SIM_TALK_OVER: on_talk_over(w, slot); break;
	case SIM_MEDIA_CLOSED: (void)zv_sim_leg_event(w, slot, ZV_EV_MEDIA_CLOSED); break;
	default: break; /* the caller sends none of the others */
	}
}

/* The machine is gone: who talked to it, or waits for it, hears nothing and hangs up. */
void zv_sim_orphan(struct zv_sim *w)
{
	for (uint32_t s = 0; s < w->conf->max_calls; s++) {
		struct sim_leg *leg = &w->legs[s];

		leg->media = leg->playing = false;
		leg->agent = SIM_NONE;
		if (leg->state == LEG_ANSWERED) {
			leg->serial++;
			later(w, s, 5000, SIM_LEAVES);
		}
	}
}
