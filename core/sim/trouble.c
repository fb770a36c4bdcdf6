/* What goes wrong, and when it is over. */
#include <string.h>

#include "sim/world_int.h"

#define CLOCK_PAUSE_MS  60000 /* as the daemon: nobody dials until the clock has proved itself */
#define CLOCK_NOTICE_MS 2000

static void step_clock(struct zv_sim *w, int64_t by_ms)
{
	struct zv_event *ev;

	w->now.cal_ms += by_ms;
	zv_judge_clock(w->judge, by_ms);
	if (by_ms <= CLOCK_NOTICE_MS && by_ms >= -CLOCK_NOTICE_MS)
		return;
	ev = zv_sim_tell(w, ZV_EV_CLOCK_STEP);
	ev->u.due = w->now.mono_ms + CLOCK_PAUSE_MS;
}

static void store_state(struct zv_sim *w, bool on)
{
	zv_sim_tell(w, ZV_EV_STORE_STATE)->u.state.on = on;
}

/* kill -9: what was on its way is gone; carriers and people go on. */
static void crash(struct zv_sim *w)
{
	if (w->engine == NULL)
		return;
	zv_engine_get_stats(w->engine, &w->r->engine);
	zv_engine_destroy(w->engine);
	w->engine = NULL;
	w->r->crashes++;
	w->fifo_head = w->fifo_n = 0;
	zv_judge_crash(w->judge, w->now.cal_ms);
	zv_sim_recover(w);
	zv_sim_orphan(w);
	zv_sim_all_back(w);
	zv_sim_floor_gone(w);
}

static void start_again(struct zv_sim *w)
{
	if (w->engine != NULL)
		return;
	if (zv_sim_start(w) != ZV_OK) {
		w->err = ZV_ENOMEM;
		return;
	}
	for (uint32_t s = 0; s < w->conf->max_calls; s++) {
		const struct sim_leg *leg = &w->legs[s];
		struct zv_event *ev;

		if (!leg->open)
			continue;
		ev = zv_sim_leg_event(w, s, ZV_EV_ADOPT);
		ev->u.adopt.lead = (uint64_t)leg->lead + 1;
		ev->u.adopt.person = (uint64_t)w->leads[leg->lead].person + 1;
		ev->u.adopt.e164 = UINT64_C(79000000000) + (uint64_t)w->leads[leg->lead].person * 8;
		ev->u.adopt.campaign = w->conf->campaigns[leg->campaign].id;
		ev->u.adopt.sub = leg->sub;
	}
	zv_sim_floor_back(w);
}

static void optouts(struct zv_sim *w, uint32_t n)
{
	/* While it is down nobody can tell it. */
	for (uint32_t i = 0; i < n && w->n_persons > 0 && w->engine != NULL; i++) {
		uint32_t person = w->optout_next++ * 7919u % w->n_persons;
		struct zv_event *ev = zv_sim_tell(w, ZV_EV_SUPPRESS);

		ev->attempt = (struct zv_attempt_id){2, w->optout_next};
		ev->code = ZV_SUPPRESS_OPERATOR;
		ev->u.suppress.person = (uint64_t)person + 1;
		zv_judge_optout(w->judge, person, false);
		ev->u.suppress.to_ms = INT64_MAX;
	}
}

void zv_sim_fault(struct zv_sim *w, uint32_t i)
{
	const struct zv_fault *f = &w->p.faults.v[i];
	bool ends = f->for_ms > 0;

	switch ((enum zv_fault_kind)f->kind) {
	case ZV_FAULT_TRUNK_REFUSES: w->carriers[f->index].state = ZV_CARRIER_REFUSES; break;
	case ZV_FAULT_TRUNK_SILENT: w->carriers[f->index].state = ZV_CARRIER_SILENT; break;
	case ZV_FAULT_STORE_STALL:
		w->stalled_ms = w->now.mono_ms + f->for_ms;
		ends = false;
		break;
	case ZV_FAULT_STORE_FULL: store_state(w, false); break;
	case ZV_FAULT_CRASH: crash(w); break;
	case ZV_FAULT_CLOCK_STEP: step_clock(w, (int64_t)f->value); break;
	case ZV_FAULT_AGENTS_VANISH: zv_sim_vanish(w, f->value, false); break;
	case ZV_FAULT_ANSWERS:
		zv_sim_drift_to(&w->answers[f->index], zv_sim_at(w), f->for_ms, f->value);
		ends = false;
		break;
	case ZV_FAULT_HANDLING:
		zv_sim_drift_to(&w->handling[f->index], zv_sim_at(w), f->for_ms, f->value);
		ends = false;
		break;
	case ZV_FAULT_OVERLOAD: zv_sim_tell(w, ZV_EV_LOAD)->u.state.on = 1; break;
	case ZV_FAULT_OPTOUTS: optouts(w, (uint32_t)f->value); break;
	}
	if (ends)
		zv_sim_later(w, f->for_ms, SIM_FAULT_OVER, i, 0, 0);
	else if (f->kind == ZV_FAULT_CRASH)
		start_again(w);
}

void zv_sim_fault_over(struct zv_sim *w, uint32_t i)
{
	const struct zv_fault *f = &w->p.faults.v[i];

	switch ((enum zv_fault_kind)f->kind) {
	case ZV_FAULT_TRUNK_REFUSES:
	case ZV_FAULT_TRUNK_SILENT: w->carriers[f->index].state = ZV_CARRIER_UP; break;
	case ZV_FAULT_STORE_FULL: store_state(w, true); break;
	case ZV_FAULT_CRASH: start_again(w); break;
	case ZV_FAULT_CLOCK_STEP: step_clock(w, -(int64_t)f->value); break;
	case ZV_FAULT_AGENTS_VANISH: zv_sim_vanish(w, f->value, true); break;
	case ZV_FAULT_OVERLOAD: zv_sim_tell(w, ZV_EV_LOAD)->u.state.on = 0; break;
	case ZV_FAULT_STORE_STALL:
	case ZV_FAULT_ANSWERS:
	case ZV_FAULT_HANDLING:
	case ZV_FAULT_OPTOUTS: break; /* they have no end of their own */
	}
}
