/* The two clocks, the engine's steps, and the start and end of a world. */
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "sim/world_int.h"

#define MONO_START_MS 1000000
#define MINUTE_MS     60000
#define DAY_MS        INT64_C(86400000)
#define CAL_MAX_MS    (400 * DAY_MS)

int64_t zv_sim_at(const struct zv_sim *w)
{
	return w->true_ms - w->p.start_ms;
}

void zv_sim_later(struct zv_sim *w, int64_t in_ms, enum sim_what what, uint32_t index, uint32_t gen,
		  uint16_t arg)
{
	struct zv_sim_item item = {.at_ms = w->now.mono_ms + in_ms, .what = (uint16_t)what, .arg = arg,
				   .index = index, .gen = gen};

	if (zv_sim_queue_push(&w->mono, &item) != ZV_OK)
		w->err = ZV_ENOMEM;
}

void zv_sim_on(struct zv_sim *w, int64_t at_ms, enum sim_what what, uint32_t index, uint32_t gen)
{
	struct zv_sim_item item = {.at_ms = w->p.start_ms + at_ms, .what = (uint16_t)what,
				   .index = index, .gen = gen};

	if (zv_sim_queue_push(&w->cal, &item) != ZV_OK)
		w->err = ZV_ENOMEM;
}

struct zv_event *zv_sim_tell(struct zv_sim *w, enum zv_event_type type)
{
	struct zv_event *ev;

	if (w->fifo_n == w->fifo_cap) {
		/* The last place is given twice, and the run ends. */
		struct zv_event *v = realloc(w->fifo, 2 * (size_t)w->fifo_cap * sizeof(*v));

		if (v != NULL) {
			for (uint32_t i = 0; i < w->fifo_head; i++)
				v[w->fifo_cap + i] = v[i];
			w->fifo = v;
			w->fifo_cap *= 2;
		} else {
			w->err = ZV_ENOMEM;
			w->fifo_n--;
		}
	}
	ev = &w->fifo[(w->fifo_head + w->fifo_n) % w->fifo_cap];
	memset(ev, 0, sizeof(*ev)); /* padding, too: events are hashed */
	ev->type = (uint16_t)type;
	if (w->engine != NULL)
		w->fifo_n++;
	return ev;
}

uint32_t zv_sim_hour(struct zv_sim *w, uint16_t zone)
{
	int64_t s;

	if (w->true_ms >= w->offsets[zone].until_ms) {
		w->offsets[zone].offset_s =
			zv_tz_offset(zv_zones_get(w->conf->zones, zone), w->true_ms / 1000);
		w->offsets[zone].until_ms = (w->true_ms / 900000 + 1) * 900000;
	}
	s = (w->true_ms / 1000 + w->offsets[zone].offset_s) % 86400;
	return (uint32_t)((s < 0 ? s + 86400 : s) / 3600);
}

struct zv_sim_measure *zv_sim_bucket(struct zv_sim *w)
{
	return zv_series_at(&w->r->series, zv_sim_at(w));
}

void zv_sim_span(struct zv_sim *w, int64_t from_ms, int64_t to_ms, size_t field)
{
	struct zv_sim_series *s = &w->r->series;

	from_ms = from_ms < 0 ? 0 : from_ms;
	while (from_ms < to_ms) {
		struct zv_sim_measure *m = zv_series_at(s, from_ms);
		int64_t end_ms = (from_ms / s->bucket_ms + 1) * s->bucket_ms;
		int64_t *at = (int64_t *)(void *)((uint8_t *)m + field);

		end_ms = end_ms < to_ms ? end_ms : to_ms;
		*at += end_ms - from_ms;
		from_ms = end_ms;
	}
}

/* ---- the engine's commands ---- */

static void on_reserve(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_leg *leg = &w->legs[cmd->leg.slot];
	struct zv_event *ev;

	leg->attempt = cmd->attempt;
	leg->gen = cmd->leg.gen;
	leg->lead = (uint32_t)cmd->u.lead.lead - 1;
	leg->campaign = w->leads[leg->lead].campaign;
	leg->trunk = cmd->trunk;
	leg->state = LEG_TOLD;
	leg->invite_ms = 0;
	leg->open = false;
	ev = zv_sim_leg_event(w, cmd->leg.slot, ZV_EV_RESERVED);
	(void)ev;
}

static void on_calendar(struct zv_sim *w, const struct zv_cmd *cmd)
{
	int64_t by_ms = cmd->u.calendar.to_ms - w->now.cal_ms;

	if (by_ms > 0) {
		w->now.cal_ms += by_ms;
		w->true_ms += by_ms;
	}
	(void)zv_sim_tell(w, ZV_EV_CALENDAR);
	zv_sim_ask_walk(w, 1);
}

/* Next steps come from the strategy, a moment later. */
static void on_ask(struct zv_sim *w, const struct zv_cmd *cmd)
{
	zv_sim_later(w, 1, SIM_STEP, cmd->u.lead.slab, w->epoch, 0);
}

static bool plain_step(const struct zv_sim *w, const struct zv_offer *offer, struct zv_event *step)
{
	const struct zv_attempt_brief *last = &offer->history[offer->n_history - 1];
	double u = zv_sim_u(w->p.seed, offer->lead, ZV_U_MAX + offer->n_history);

	step->type = ZV_EV_STEP;
	if (last->outcome == ZV_OUT_ANSWERED || offer->n_history >= 8) {
		step->u.step.kind = ZV_STEP_FINAL;
		step->u.step.category = 1;
	} else {
		step->u.step.kind = ZV_STEP_RETRY;
		step->u.step.due_class = ZV_DUE_NORMAL;
		step->u.step.due_ms = last->at_ms + 7200000 + (int64_t)(u * 3600000);
	}
	return true;
}

static void answer_ask(struct zv_sim *w, uint32_t slab)
{
	const struct zv_offer *offer = &w->slabs.v[slab];
	const struct zv_sim_list *list = &w->p.lists[w->leads[offer->lead - 1].campaign];
	struct zv_event *ev = zv_sim_tell(w, ZV_EV_STEP);
	bool ok = offer->n_history > 0;

	if (ok && list->strategy.next != NULL)
		ok = list->strategy.next(list->strategy.arg, offer, w->now.cal_ms, ev);
	else if (ok)
		ok = plain_step(w, offer, ev);
	if (!ok) {
		ev->u.step.kind = ZV_STEP_RETRY;
		ev->u.step.due_ms = w->now.cal_ms + DAY_MS;
		ev->u.step.fallback = 1;
	}
	ev->type = ZV_EV_STEP;
	ev->leg.slot = slab;
	ev->u.step.slab = slab;
}

static void obey(struct zv_sim *w, const struct zv_cmd *cmd)
{
	switch ((enum zv_cmd_type)cmd->type) {
	case ZV_CMD_RESERVE: on_reserve(w, cmd); break;
	case ZV_CMD_INTENT:
	case ZV_CMD_OUTCOME:
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER:
	case ZV_CMD_LADDER:
	case ZV_CMD_EVIDENCE:
	case ZV_CMD_SUPPRESS:
	case ZV_CMD_MARK:
	case ZV_CMD_CONTACT: zv_sim_disk(w, cmd); break;
	case ZV_CMD_CALENDAR: on_calendar(w, cmd); break;
	case ZV_CMD_RELEASE: zv_sim_release(w, cmd->u.lead.slab); break;
	case ZV_CMD_ASK: on_ask(w, cmd); break;
	case ZV_CMD_DIAL:
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP:
	case ZV_CMD_MEDIA_OPEN:
	case ZV_CMD_MEDIA_PLAY:
	case ZV_CMD_MEDIA_STOP:
	case ZV_CMD_MEDIA_LISTEN:
	case ZV_CMD_MEDIA_CLOSE: zv_sim_phone(w, cmd); break;
	case ZV_CMD_CARD:
	case ZV_CMD_BRIDGE:
	case ZV_CMD_UNBRIDGE:
	case ZV_CMD_AGENT: zv_sim_floor(w, cmd); break;
	case ZV_CMD_TELL:
	case ZV_CMD_DESK:
	case ZV_CMD_QUEUE:
	case ZV_CMD_MISSED:
	case ZV_CMD_KILL:
	case ZV_CMD_ACCEPT:
	case ZV_CMD_REJECT:
	case ZV_CMD_MEDIA_LINK:
	case ZV_CMD_MEDIA_RECORD:
	case ZV_CMD_FETCH:
	case ZV_CMD_MEDIA_KEY: break;
	}
}

static void step(struct zv_sim *w, const struct zv_event *ev)
{
	struct zv_cmds out = {.v = w->cmds, .cap = SIM_CMDS};

	if (w->p.watch != NULL)
		w->p.watch(w->p.watch_arg, &w->now, ev);
	zv_sim_trace_event(&w->r->trace, &w->now, ev);
	zv_engine_step(w->engine, &w->now, ev, &out);
	if (w->p.spoil != NULL)
		w->p.spoil(w->p.spoil_arg, &out);
	for (uint32_t i = 0; i < out.n; i++) {
		zv_sim_trace_command(&w->r->trace, &w->cmds[i]);
		obey(w, &w->cmds[i]);
	}
}

static void drain(struct zv_sim *w)
{
	while (w->fifo_n > 0 && w->err == ZV_OK) {
		struct zv_event ev = w->fifo[w->fifo_head];

		w->fifo_head = (w->fifo_head + 1) % w->fifo_cap;
		w->fifo_n--;
		step(w, &ev);
	}
}

/* ---- time ---- */

static void happen(struct zv_sim *w, const struct zv_sim_item *item)
{
	switch ((enum sim_what)item->what) {
	case SIM_COMMIT:
		if (item->gen == w->epoch && w->engine != NULL)
			zv_sim_commit(w);
		break;
	case SIM_WALK:
		if (item->gen == w->epoch && w->engine != NULL)
			zv_sim_walk(w);
		break;
	case SIM_STEP:
		if (item->gen == w->epoch && w->engine != NULL)
			answer_ask(w, item->index);
		break;
	case SIM_FAULT: zv_sim_fault(w, item->index); break;
	case SIM_FAULT_OVER: zv_sim_fault_over(w, item->index); break;
	case SIM_MINUTE:
		zv_sim_later(w, MINUTE_MS, SIM_MINUTE, 0, 0, 0);
		if (w->p.progress != NULL && !w->p.progress(w->p.progress_arg, zv_sim_at(w), w->p.span_ms))
			w->r->stopped = true;
		break;
	case SIM_AGENT_COMES:
	case SIM_AGENT_LUNCH:
	case SIM_AGENT_BACK:
	case SIM_AGENT_PAUSE:
	case SIM_AGENT_LEAVES:
	case SIM_AGENT_DONE:
	case SIM_AGENT_READY:
	case SIM_AGENT_DIALS: zv_sim_floor_item(w, item); break;
	case SIM_TRYING:
	case SIM_PROGRESS:
	case SIM_FATE:
	case SIM_RING_OVER:
	case SIM_REFUSED:
	case SIM_SILENT_OVER:
	case SIM_CANCELLED:
	case SIM_ENDED:
	case SIM_CLOSED:
	case SIM_LEAVES:
	case SIM_PLAYED:
	case SIM_KEY:
	case SIM_TALK_OVER:
	case SIM_MEDIA_CLOSED:
	case SIM_VERDICT: zv_sim_phone_item(w, item); break;
	}
}

static void pass(struct zv_sim *w, int64_t mono_ms)
{
	int64_t by_ms = mono_ms - w->now.mono_ms;

	if (by_ms <= 0)
		return;
	w->now.mono_ms += by_ms;
	w->now.cal_ms += by_ms;
	w->true_ms += by_ms;
}

/* One thing: the earliest of both queues and the engine's own tick. */
static void turn(struct zv_sim *w)
{
	int64_t tick_ms = w->engine != NULL ? zv_engine_next_tick_ms(w->engine) : INT64_MAX;
	int64_t mono_ms = zv_sim_queue_next(&w->mono);
	int64_t cal_ms = zv_sim_queue_next(&w->cal);
	struct zv_sim_item item;

	if (cal_ms != INT64_MAX)
		cal_ms += w->now.mono_ms - w->true_ms;
	if (cal_ms <= mono_ms && cal_ms <= tick_ms) {
		pass(w, cal_ms);
		item = zv_sim_queue_pop(&w->cal);
		happen(w, &item);
	} else if (mono_ms <= tick_ms) {
		pass(w, mono_ms);
		item = zv_sim_queue_pop(&w->mono);
		happen(w, &item);
	} else {
		pass(w, tick_ms > w->now.mono_ms ? tick_ms : w->now.mono_ms + 1);
		(void)zv_sim_tell(w, ZV_EV_TICK);
	}
}

static bool nothing_left(const struct zv_sim *w)
{
	return w->r->finals == w->n_leads && w->n_ops == 0;
}

/* ---- begin and end ---- */

/* What ratio rules counted before a crash. */
static void load_tallies(struct zv_sim *w)
{
	for (uint32_t c = 0; c < w->conf->n_campaigns; c++) {
		uint32_t id = w->conf->campaigns[c].id;

		zv_engine_load_origin(w->engine, id, w->p.start_ms);
		for (int64_t b = w->p.start_ms / ZV_TALLY_MS; b <= w->tallies[c].last; b++) {
			uint32_t n[ZV_FACTS];

			if (b + ZV_TALLY_SLOTS <= w->tallies[c].last)
				continue;
			for (int f = 0; f < ZV_FACTS; f++)
				n[f] = (uint32_t)zv_tally_sum(&w->tallies[c], b * ZV_TALLY_MS,
							      (b + 1) * ZV_TALLY_MS, (enum zv_fact)f);
			zv_engine_load_tally(w->engine, id, b, n);
		}
	}
}

enum zv_err zv_sim_start(struct zv_sim *w)
{
	struct zv_engine_params params = {.conf = w->conf, .slabs = w->slabs, .persons = w->persons,
					  .node = 1, .epoch = ++w->epoch, .seed = w->p.seed,
					  .rules_hash = w->conf->rules != NULL ? w->conf->rules->hash : 0};
	enum zv_err err = zv_engine_create(&params, &w->engine);

	if (err != ZV_OK)
		return err;
	zv_judge_epoch(w->judge, w->epoch);
	load_tallies(w);
	for (uint32_t i = 0; i < w->conf->n_campaigns; i++) {
		struct zv_event *ev = zv_sim_tell(w, ZV_EV_CAMPAIGN);

		ev->code = w->conf->campaigns[i].id;
		ev->u.state.on = 1;
	}
	zv_sim_ask_walk(w, 0);
	return ZV_OK;
}

static void fini(struct zv_sim *w)
{
	zv_engine_destroy(w->engine);
	zv_judge_destroy(w->judge);
	zv_sim_queue_fini(&w->mono);
	zv_sim_queue_fini(&w->cal);
	zv_heap_fini(&w->due);
	free(w->slabs.v);
	free(w->persons.v);
	free(w->free_slabs);
	free(w->free_persons);
	free(w->slab_lead);
	free(w->cmds);
	free(w->fifo);
	free(w->leads);
	free(w->people);
	free(w->briefs);
	free(w->entries);
	free(w->ops);
	free(w->legs);
	free(w->agents);
	free(w->tallies);
	free(w);
}

static uint32_t slabs_for(const struct zv_sim_params *p)
{
	uint32_t n = p->slabs != 0 ? p->slabs : 2 * p->conf->max_calls;

	return n < 256 ? 256 : n > 16384 ? 16384 : n;
}

static enum zv_err check(const struct zv_sim_params *p)
{
	uint64_t leads = 0;

	for (uint32_t i = 0; i < p->conf->n_campaigns; i++) {
		const struct zv_sim_list *l = &p->lists[i];

		leads += l->leads;
		if (l->n_numbers < 1 || l->n_numbers > ZV_NUMBERS_MAX || l->n_zones < 1 ||
		    l->n_zones > ZV_SIM_ZONES_MAX || l->shared_ppm > 1000000)
			return ZV_EINVAL;
	}
	for (uint32_t i = 0; i < p->faults.n; i++) {
		const struct zv_fault *f = &p->faults.v[i];
		bool trunk = f->kind == ZV_FAULT_TRUNK_REFUSES || f->kind == ZV_FAULT_TRUNK_SILENT;
		bool people = f->kind == ZV_FAULT_ANSWERS || f->kind == ZV_FAULT_HANDLING;

		if (f->kind < 1 || f->kind > ZV_FAULT_OPTOUTS || f->at_ms < 0 || f->for_ms < 0 ||
		    (trunk && f->index >= p->conf->n_trunks) ||
		    (people && f->index >= p->conf->n_campaigns))
			return ZV_EINVAL;
	}
	if (leads == 0 || leads > 20000000 || p->span_ms <= 0 || p->span_ms > CAL_MAX_MS ||
	    p->faults.n > ZV_FAULTS_MAX || p->n_teams > ZV_TEAMS_MAX)
		return ZV_EINVAL;
	return ZV_OK;
}

static void make_people(struct zv_sim *w)
{
	for (uint32_t c = 0; c < w->conf->n_campaigns; c++) {
		const struct zv_sim_list *list = &w->p.lists[c];

		w->fresh[c] = w->first[c];
		for (uint32_t i = w->first[c]; i < w->first[c + 1]; i++) {
			uint32_t before = i - w->first[c];
			bool shared = c > 0 && before < w->p.lists[c - 1].leads &&
				      zv_sim_u(w->p.seed, i, ZV_U_PERSON) * 1e6 < list->shared_ppm;
			struct sim_person *person;

			w->leads[i] = (struct sim_lead){.due_ms = w->p.start_ms, .campaign = (uint16_t)c,
							.due_class = ZV_DUE_NORMAL};
			if (shared) {
				w->leads[i].person = w->leads[w->first[c - 1] + before].person;
				continue;
			}
			w->leads[i].person = w->n_persons;
			person = &w->people[w->n_persons++];
			*person = (struct sim_person){.slab = SIM_NONE, .zone = list->zones[i % list->n_zones],
						      .n_numbers = (uint8_t)list->n_numbers};
		}
	}
}

static enum zv_err take_memory(struct zv_sim *w)
{
	uint32_t n_slabs = slabs_for(&w->p), max_calls = w->conf->max_calls;

	for (uint32_t c = 0; c < w->conf->n_campaigns; c++)
		w->first[c + 1] = w->first[c] + w->p.lists[c].leads;
	w->n_leads = w->first[w->conf->n_campaigns];
	w->slabs.n = w->persons.n = n_slabs;
	w->fifo_cap = 4096;
	w->cap_briefs = w->cap_entries = w->n_leads + 1024;
	w->slabs.v = calloc(n_slabs, sizeof(*w->slabs.v));
	w->persons.v = calloc(n_slabs, sizeof(*w->persons.v));
	w->free_slabs = calloc(n_slabs, sizeof(*w->free_slabs));
	w->free_persons = calloc(n_slabs, sizeof(*w->free_persons));
	w->slab_lead = calloc(n_slabs, sizeof(*w->slab_lead));
	w->cmds = calloc(SIM_CMDS, sizeof(*w->cmds));
	w->fifo = calloc(w->fifo_cap, sizeof(*w->fifo));
	w->leads = calloc(w->n_leads, sizeof(*w->leads));
	w->people = calloc(w->n_leads, sizeof(*w->people));
	w->briefs = calloc(w->cap_briefs, sizeof(*w->briefs));
	w->entries = calloc(w->cap_entries, sizeof(*w->entries));
	w->legs = calloc(max_calls, sizeof(*w->legs));
	w->agents = calloc(w->conf->n_agents + 1, sizeof(*w->agents));
	w->tallies = calloc(w->conf->n_campaigns, sizeof(*w->tallies));
	if (w->slabs.v == NULL || w->persons.v == NULL || w->free_slabs == NULL ||
	    w->free_persons == NULL || w->slab_lead == NULL || w->cmds == NULL || w->fifo == NULL ||
	    w->leads == NULL || w->people == NULL || w->briefs == NULL || w->entries == NULL ||
	    w->legs == NULL || w->agents == NULL || w->tallies == NULL || zv_heap_init(&w->due, w->n_leads) != ZV_OK ||
	    zv_sim_queue_init(&w->mono, 16384) != ZV_OK || zv_sim_queue_init(&w->cal, 1024) != ZV_OK)
		return ZV_ENOMEM;
	make_people(w);
	return zv_judge_create(w->p.law != NULL ? w->p.law : w->conf, w->n_leads, w->n_persons, &w->judge);
}

static enum zv_err begin(struct zv_sim *w)
{
	enum zv_err err = take_memory(w);

	if (err != ZV_OK)
		return err;
	w->now = (struct zv_now){.cal_ms = w->p.start_ms, .mono_ms = MONO_START_MS};
	w->true_ms = w->p.start_ms;
	for (uint32_t c = 0; c < w->conf->n_campaigns; c++)
		w->answers[c] = w->handling[c] = (struct zv_sim_drift){.from = 1, .to = 1};
	for (uint32_t s = 0; s < w->conf->max_calls; s++)
		w->legs[s] = (struct sim_leg){.lead = SIM_NONE, .agent = SIM_NONE};
	zv_sim_all_back(w);
	err = zv_sim_start(w);
	if (err != ZV_OK)
		return err;
	zv_sim_floor_begin(w);
	for (uint32_t i = 0; i < w->p.faults.n; i++)
		zv_sim_on(w, w->p.faults.v[i].at_ms, SIM_FAULT, i, 0);
	zv_sim_later(w, MINUTE_MS, SIM_MINUTE, 0, 0, 0);
	return ZV_OK;
}

static void finish(struct zv_sim *w)
{
	struct zv_sim_result *r = w->r;

	if (w->engine != NULL)
		zv_sim_commit(w); /* what is on its way arrives */
	zv_sim_floor_end(w);
	zv_series_end(&r->series);
	zv_judge_end(w->judge, w->now.mono_ms, &r->verdicts);
	for (uint32_t t = 0; t < w->conf->n_trunks; t++)
		if (w->carriers[t].most_in_second > r->most_in_second)
			r->most_in_second = w->carriers[t].most_in_second;
	if (w->engine != NULL)
		zv_engine_get_stats(w->engine, &r->engine);
	r->ended_ms = zv_sim_at(w);
	r->leads = w->n_leads;
}

enum zv_err zv_sim_run(const struct zv_sim_params *params, struct zv_sim_result *ret_result)
{
	struct zv_sim *w = calloc(1, sizeof(*w));
	struct zv_sim_result *r = ret_result;
	int64_t mono_end_ms = MONO_START_MS + (params->mono_max_ms > 0 ? params->mono_max_ms : params->span_ms);
	enum zv_err err = check(params);

	memset(r, 0, sizeof(*r));
	if (w == NULL)
		return ZV_ENOMEM;
	w->p = *params;
	w->conf = params->conf;
	w->r = r;
	if (err == ZV_OK)
		err = zv_series_init(&r->series, params->bucket_ms > 0 ? params->bucket_ms : 300000,
				     params->span_ms);
	if (err == ZV_OK)
		err = begin(w);
	if (err != ZV_OK)
		goto fail;
	drain(w);
	while (zv_sim_at(w) < params->span_ms && w->now.mono_ms < mono_end_ms && !nothing_left(w) &&
	       w->err == ZV_OK && !r->stopped) {
		turn(w);
		drain(w);
	}
	err = w->err;
	if (err != ZV_OK)
		goto fail;
	finish(w);
	fini(w);
	return ZV_OK;

fail:
	fini(w);
	zv_sim_result_fini(r);
	return err;
}

void zv_sim_result_fini(struct zv_sim_result *result)
{
	zv_series_fini(&result->series);
}
