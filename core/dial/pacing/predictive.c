#include "dial/pacing/predictive.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "dial/pacing/pacer_int.h"

#define FLUSH_MS     250
#define BUILD_OLD_MS 30000
#define FRESH        4.0f  /* and so many more wishes or ends than ... */
#define FRESH_SHARE  0.03f /* ... this share of those known */
#define SPREAD_MS    60000
#define TICK_MS      500
#define PLACE_MAX    256 /* by one decision; the rest a millisecond later */
#define RING_MEAN_MS 12000.0f
#define TALK_MEAN_MS 15000.0f
#define RING_MEMORY  3000.0f
#define CELL_MEMORY  4000.0f
#define LEARN_CALLS  8.0f  /* exposure before the model is believed ... */
#define LEARN_AGENT  0.7f  /* ... and so much an agent: a large team errs at a larger scale */
#define LEARN_WISHES 8.0f  /* one wish in so many of it */
#define COUNT_S      60.0f   /* answers are counted so often ... */
#define COUNTED_S    300.0f /* ... and their rate is that of so long */
#define BURST        3.0f /* deviations: what is lost together at the worst */
#define OCCUPANCY    0.8f /* of agents, to guess what the day still brings, until it is known */
#define OCCUPIED_MS  1800000.0f /* memory of it */

static uint32_t last_bin(const struct zv_ppacer *p)
{
	return p->settings.ring_max_ms != 0 ? zv_curve_bin(p->settings.ring_max_ms) + 1 : ZV_CURVE_BINS;
}

static bool robots(const struct zv_ppacer *p)
{
	return p->settings.mode == ZV_PACE_ROBOT;
}

static void build_curves(struct zv_ppacer *p)
{
	if (!p->told)
		zv_curve_build(&p->ring, last_bin(p));
	if (robots(p)) {
		if (!p->told)
			zv_curve_build(&p->talk, ZV_CURVE_BINS);
		zv_curve_chain(&p->ring, &p->talk, p->wants / p->wants_of, &p->chain);
	}
	zv_curve_landing(robots(p) ? &p->chain : &p->ring, 0, p->landing);
}

void zv_ppacer_build(struct zv_ppacer *p)
{
	build_curves(p);
	if (!p->told)
		zv_release_build(&p->release);
}

/* The tables cost more than many decisions: only when there is something new in them, or talks
 * may have grown long. */
static void build(struct zv_ppacer *p)
{
	const struct zv_stay *talk = &p->release.skills[p->release.n_skills].talk;
	bool old = p->now_ms >= p->build_ms + BUILD_OLD_MS;

	if (p->told)
		return;
	if (p->ring.fresh + p->talk.fresh > FRESH + (p->ring.weight + p->talk.weight) * FRESH_SHARE || old)
		build_curves(p);
	if (p->release.fresh > FRESH + talk->all_ends * FRESH_SHARE || old)
		zv_release_build(&p->release);
	if (old)
		p->build_ms = p->now_ms;
}

/* What share of the agents has been busy of late. */
static void occupied(struct zv_ppacer *p, int64_t now_ms)
{
	float ms = (float)(now_ms - p->now_ms), busy = (float)(p->n_in - p->on[ZV_AGENT_READY]);

	if (ms <= 0 || p->n_in == 0)
		return;
	p->occupied += (busy / (float)p->n_in - p->occupied) * (ms < OCCUPIED_MS / 4 ? ms / OCCUPIED_MS : 0.25f);
}

/* Answers a second as they are counted: when talks grow long, what is known of them lags. */
static float answers_counted(struct zv_ppacer *p, const struct zv_pacer_in *in)
{
	float s = (float)(in->now_ms - p->counted_ms) / 1000;
	uint64_t n = in->count[0].answered;

	if (n < p->counted || s > 4 * COUNT_S) {
		p->counted_s = 0;
	} else if (p->trunk.down) {
		; /* an outage says nothing about people */
	} else if (s < COUNT_S) {
		return p->counted_per_s;
	} else {
		p->counted_s = p->counted_s < COUNTED_S ? p->counted_s + s : COUNTED_S;
		p->counted_per_s += ((float)(n - p->counted) / s - p->counted_per_s) * s / p->counted_s;
	}
	p->counted = n;
	p->counted_ms = in->now_ms;
	return p->counted_per_s;
}

static void advance(struct zv_ppacer *p, int64_t now_ms)
{
	occupied(p, now_ms);
	p->now_ms = now_ms > p->now_ms ? now_ms : p->now_ms;
	zv_flight_look(p);
	zv_team_look(p);
	if (p->now_ms >= p->flush_ms) {
		zv_answer_flush(&p->answer);
		p->flush_ms = p->now_ms + FLUSH_MS;
	}
	build(p);
	if (p->now_ms >= p->spread_ms && p->shape.agents > 0) {
		zv_release_spread(&p->release, &p->agents[0].pace, sizeof(p->agents[0]), p->shape.agents);
		p->spread_ms = p->now_ms + SPREAD_MS;
	}
}

static void event(void *campaign, const struct zv_pacer_event *e)
{
	struct zv_ppacer *p = campaign;

	occupied(p, e->at_ms);
	p->now_ms = e->at_ms > p->now_ms ? e->at_ms : p->now_ms;
	if (e->kind == ZV_PEV_AGENT)
		zv_team_agent(p, e->agent, e->state, e->skill);
	else
		zv_flight_event(p, e);
	if (e->kind == ZV_PEV_HANDED)
		zv_team_agent(p, e->agent, ZV_AGENT_TALKING,
			      e->agent < p->shape.agents ? p->agents[e->agent].skill : 0);
}

static bool knows_enough(const struct zv_ppacer *p)
{
	const struct zv_cell *root = &p->answer.cells[ZV_CELL_ROOT];

	float calls = LEARN_CALLS + LEARN_AGENT * (float)p->n_in;

	return p->told || (root->exposure >= calls && root->answers >= calls / LEARN_WISHES);
}

/* Calls until the next one would risk more than theta. */
static uint32_t conditional(struct zv_ppacer *p, float theta, float *ret_risk)
{
	struct zv_grid sum = p->calls_sum;
	struct zv_grid_term term;
	uint32_t want = 0, free_of_risk = 0, under_way = p->ringing + p->robot + p->waiting;
	struct zv_grid_ask ask = {.landing = p->landing, .n = (float)p->n_in - (float)p->waiting};
	float risk;

	p->why = ZV_WHY_NO_AGENTS;
	*ret_risk = 1;
	if (p->n_in == 0)
		return 0;
	/* One call an idle agent risks nothing, whatever is known. */
	if (!p->told && zv_budget_shut(&p->budget) && !robots(p) && p->on[ZV_AGENT_READY] > under_way)
		free_of_risk = p->on[ZV_AGENT_READY] - under_way;
	(void)zv_flight_new(p, &term);
	if (!p->told)
		ask.extra_rel = zv_answer_error(&p->answer, p->newest != ZV_NIL ? p->calls[p->newest].cell : ZV_CELL_ROOT);
	ask.enough = theta;
	for (;;) {
		risk = zv_grid_risk(&sum, &p->busy_sum, &ask);
		if ((risk > theta && want >= free_of_risk) || want >= PLACE_MAX)
			break;
		p->last_risk = zv_budget_shut(&p->budget) ? -1 : risk;
		want++;
		zv_grid_add(&sum, &term);
	}
	*ret_risk = risk;
	p->why = want > 0 ? ZV_WHY_NOTHING : zv_budget_shut(&p->budget) ? ZV_WHY_BUDGET : ZV_WHY_ENOUGH;
	return want;
}

static uint32_t probe(struct zv_ppacer *p)
{
	p->why = ZV_WHY_TRUNK;
	if (p->now_ms < p->trunk.probe_ms || p->n_in == 0)
		return 0;
	p->trunk.probe_ms = p->now_ms + 1000;
	return 1;
}

static uint32_t by_mode(struct zv_ppacer *p, const struct zv_pacer_in *in, float theta, float *ret_risk)
{
	uint8_t mode = p->settings.mode;
	uint32_t want, most;

	*ret_risk = 0;
	p->last_risk = -1;
	if (mode == ZV_PACE_PREVIEW || mode == ZV_PACE_PROGRESSIVE || mode == ZV_PACE_RATIO ||
	    (mode == ZV_PACE_ROBOT && !p->settings.robot_agents)) {
		p->why = ZV_WHY_NOTHING;
		want = zv_mode_simple(p, in);
		return p->trunk.down && want > 0 ? probe(p) : want;
	}
	if (!knows_enough(p)) {
		want = zv_mode_simple(p, in);
		p->why = want > 0 || p->n_in == 0 ? p->why : ZV_WHY_LEARNING;
		return p->trunk.down && want > 0 ? probe(p) : want;
	}
	want = conditional(p, theta, ret_risk);
	if (p->trunk.down) /* a probe may be answered, so it is placed only when a call would be */
		return want > 0 ? probe(p) : 0;
	if (mode == ZV_PACE_DEADLINE && want > 0) {
		most = zv_mode_schedule(p, in);
		if (want > most) {
			want = most;
			p->why = ZV_WHY_SCHEDULE;
		}
	}
	return want;
}

static uint32_t ppm(float x)
{
	return x <= 0 ? 0 : x >= 1 ? 1000000 : (uint32_t)(x * 1e6f);
}

static void fill_figures(struct zv_ppacer *p, const struct zv_pacer_in *in, float risk, struct zv_pacer_figures *f)
{
	float mean_s = zv_release_mean_s(&p->release), afford = p->budget.affordable * 1000;

	memset(f, 0, sizeof(*f));
	f->why = p->why;
	f->theta_ppm = ppm(p->told ? p->told_theta : zv_budget_theta(&p->budget));
	f->risk_ppm = ppm(risk);
	f->answer_ppm = ppm(zv_answer_chance(&p->answer, p->newest != ZV_NIL ? p->calls[p->newest].cell : ZV_CELL_ROOT));
	f->machine_ppm = ppm(p->machines / p->picked_up);
	f->ring_ms = (uint32_t)p->ring.mean_ms;
	f->handle_ms = (uint32_t)(mean_s * 1000);
	f->idle = p->on[ZV_AGENT_READY];
	f->busy = p->on[ZV_AGENT_TALKING] + p->on[ZV_AGENT_WRAPUP];
	f->in_flight = p->ringing + p->robot + p->waiting;
	/* the sixth moment is 11 s, two bins of which are about ten */
	f->answers_milli = (uint32_t)(p->calls_sum.m[5] * INT64_C(1000) / ZV_GRID_ONE);
	f->frees_milli = (uint32_t)(f->busy * 1000 - (uint32_t)(p->busy_sum.m[5] * INT64_C(1000) / ZV_GRID_ONE));
	f->budget_milli = afford > 2e9f ? 2000000000 : afford < -2e9f ? -2000000000 : (int32_t)afford;
	f->steps = (uint8_t)p->answer.steps;
	f->load_milli = (uint32_t)(p->placed_per_s * zv_answer_chance(&p->answer, ZV_CELL_ROOT) * mean_s * 1000);
	zv_mode_eta(p, in, f);
}

static enum zv_err decide(void *campaign, const struct zv_pacer_in *in, int figures, struct zv_pacer_out *out)
{
	struct zv_ppacer *p = campaign;
	struct zv_budget_look look = {.settings = &p->settings, .in = in};
	float theta, risk, counted;

	advance(p, in->now_ms);
	out->n_cancel = 0;
	look.answers_per_s = (float)p->n_in * p->occupied / zv_release_mean_s(&p->release);
	counted = answers_counted(p, in);
	if (p->settings.n_rules > 0 && p->counted_s >= COUNTED_S && counted < look.answers_per_s)
		look.answers_per_s = counted;
	look.at_risk = p->at_risk;
	look.burst = zv_grid_burst(&p->calls_sum, &p->busy_sum, (float)p->n_in - (float)p->waiting, BURST);
	zv_budget_look(&p->budget, &look);
	theta = p->told ? p->told_theta : zv_budget_theta(&p->budget);
	out->place = zv_mode_limits(p, in, by_mode(p, in, theta, &risk));
	if (p->settings.rate_max_mcps != 0)
		p->rate_room -= (float)out->place;
	if (out->place == 0)
		zv_cancel(p, theta, out);
	out->next_ms = p->now_ms + (out->place >= PLACE_MAX || out->n_cancel >= ZV_PACER_CANCELS ? 1
				    : p->n_in > 0 || p->ringing + p->robot > 0	    ? TICK_MS
										    : 60000);
	if (figures)
		fill_figures(p, in, risk, &out->figures);
	return ZV_OK;
}

static enum zv_err set(void *campaign, const struct zv_pacer_settings *s)
{
	struct zv_ppacer *p = campaign;

	if (s->size < sizeof(*s) || s->mode < ZV_PACE_PREVIEW || s->mode > ZV_PACE_DEADLINE ||
	    s->n_rules > ZV_PACER_RULES || (s->mode == ZV_PACE_RATIO && s->ratio_ppm == 0) ||
	    s->patience_ms > 60000 || s->ring_min_ms > 600000)
		return ZV_EINVAL;
	p->settings = *s;
	p->grid_step = s->mode == ZV_PACE_ROBOT && s->robot_agents ? 2 : 1;
	p->ring.step = p->talk.step = p->chain.step = p->grid_step;
	p->release.step_s = p->grid_step * 2;
	zv_ppacer_build(p);
	return ZV_OK;
}

static void close_campaign(void *self, void *campaign)
{
	struct zv_ppacer *p = campaign;

	(void)self;
	if (p == NULL)
		return;
	zv_answer_fini(&p->answer);
	zv_release_fini(&p->release);
	free(p->calls);
	free(p->agents);
	free(p);
}

static enum zv_err open_campaign(void *self, const struct zv_pacer_shape *shape, const struct zv_conf_node *conf,
				 void **ret_campaign)
{
	struct zv_ppacer *p = calloc(1, sizeof(*p));
	enum zv_err err;

	(void)conf;
	if (p == NULL)
		return ZV_ENOMEM;
	err = ZV_EINVAL;
	if (shape->size < sizeof(*shape) || shape->calls == 0 || shape->calls > 1000000 || shape->agents > 100000 ||
	    shape->skills == 0 || shape->skills > 64)
		goto fail;
	err = ZV_ENOMEM;
	p->shape = *shape;
	p->calls = calloc(shape->calls, sizeof(*p->calls));
	p->agents = calloc(shape->agents + 1, sizeof(*p->agents));
	if (p->calls == NULL || p->agents == NULL || zv_answer_init(&p->answer, CELL_MEMORY) != ZV_OK ||
	    zv_release_init(&p->release, shape->skills, 2) != ZV_OK)
		goto fail;
	p->oldest = p->newest = p->youngest_ripe = ZV_NIL;
	p->call_looks = p->agent_looks = (struct zv_look){ZV_NIL, ZV_NIL};
	p->on[ZV_AGENT_OUT] = shape->agents;
	p->grid_step = 1;
	p->occupied = OCCUPANCY;
	p->wants = 1;
	p->wants_of = 4;
	p->picked_up = 1;
	zv_curve_init(&p->ring, RING_MEAN_MS, RING_MEMORY);
	zv_curve_init(&p->talk, TALK_MEAN_MS, RING_MEMORY / 3);
	zv_budget_init(&p->budget);
	zv_ppacer_build(p);
	*ret_campaign = p;
	return ZV_OK;
fail:
	close_campaign(self, p);
	return err;
}

const struct zv_pacer_ops zv_predictive_ops = {
	.size = sizeof(zv_predictive_ops),
	.open_campaign = open_campaign,
	.close_campaign = close_campaign,
	.set = set,
	.event = event,
	.decide = decide,
	.save = zv_ppacer_save,
	.load = zv_ppacer_load,
};
