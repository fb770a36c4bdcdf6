#include "dial/pacing/pacer_int.h"

#define LOOK_MS    900 /* a term is worked out again after so long */
#define LOOK_BATCH 14  /* in one go, so that a decision's time stays bounded */
#define TRUNK_ENDS 12
#define FAST_BINS  6 /* three seconds: what fails later has not failed fast */

/* ---- lists ---- */

static void look_unlink(struct zv_ppacer *p, uint32_t slot)
{
	struct zv_pcall *c = &p->calls[slot];

	if (c->look_prev != ZV_NIL)
		p->calls[c->look_prev].look_next = c->look_next;
	else
		p->call_looks.head = c->look_next;
	if (c->look_next != ZV_NIL)
		p->calls[c->look_next].look_prev = c->look_prev;
	else
		p->call_looks.tail = c->look_prev;
}

static void look_append(struct zv_ppacer *p, uint32_t slot)
{
	struct zv_pcall *c = &p->calls[slot];

	c->look_prev = p->call_looks.tail;
	c->look_next = ZV_NIL;
	if (p->call_looks.tail != ZV_NIL)
		p->calls[p->call_looks.tail].look_next = slot;
	else
		p->call_looks.head = slot;
	p->call_looks.tail = slot;
}

static void age_append(struct zv_ppacer *p, uint32_t slot)
{
	struct zv_pcall *c = &p->calls[slot];

	c->older = p->newest;
	c->newer = ZV_NIL;
	if (p->newest != ZV_NIL)
		p->calls[p->newest].newer = slot;
	else
		p->oldest = slot;
	p->newest = slot;
}

static void age_unlink(struct zv_ppacer *p, uint32_t slot)
{
	struct zv_pcall *c = &p->calls[slot];

	if (p->youngest_ripe == slot)
		p->youngest_ripe = c->older;
	if (c->older != ZV_NIL)
		p->calls[c->older].newer = c->newer;
	else
		p->oldest = c->newer;
	if (c->newer != ZV_NIL)
		p->calls[c->newer].older = c->older;
	else
		p->newest = c->older;
}

/* ---- terms ---- */

static bool with_robots(const struct zv_ppacer *p)
{
	return p->settings.mode == ZV_PACE_ROBOT;
}

const struct zv_curve *zv_flight_curve(const struct zv_ppacer *p, const struct zv_pcall *c)
{
	if (c->state == ZV_PC_ROBOT)
		return &p->talk;
	return with_robots(p) ? &p->chain : &p->ring;
}

float zv_flight_chance(struct zv_ppacer *p, const struct zv_pcall *c)
{
	float chance;

	if (c->state == ZV_PC_ROBOT)
		return p->wants / p->wants_of;
	chance = zv_answer_chance(&p->answer, c->cell) * c->score;
	return chance > 0.95f ? 0.95f : chance;
}

float zv_flight_new(struct zv_ppacer *p, struct zv_grid_term *ret_term)
{
	struct zv_curve_view view;
	uint16_t cell = p->newest != ZV_NIL ? p->calls[p->newest].cell : ZV_CELL_ROOT;
	float chance = zv_answer_chance(&p->answer, cell);

	zv_curve_term(with_robots(p) ? &p->chain : &p->ring, 0, chance, ret_term, &view);
	return view.later;
}

static void watch_trunk(struct zv_ppacer *p, struct zv_pcall *c, bool failed)
{
	struct zv_trunk_watch *t = &p->trunk;
	uint32_t bad;

	if (c->judged)
		return;
	c->judged = 1;
	t->ends = (t->ends << 1 | failed) & ((1u << TRUNK_ENDS) - 1);
	t->n = t->n < TRUNK_ENDS ? t->n + 1 : t->n;
	bad = 0;
	for (int i = 0; i < TRUNK_ENDS; i++)
		bad += t->ends >> i & 1;
	if (!t->down && t->n == TRUNK_ENDS && bad * 100 > 85 * TRUNK_ENDS) {
		t->down = true;
		t->probe_ms = p->now_ms + 1000;
	} else if (t->down && bad * 100 < 45 * TRUNK_ENDS) {
		t->down = false;
	}
}

/* Tells the estimators how far a call has come, and works its term out for its age. */
static void look(struct zv_ppacer *p, uint32_t slot)
{
	struct zv_pcall *c = &p->calls[slot];
	uint32_t bin = zv_curve_bin(p->now_ms - c->at_ms);
	struct zv_curve_view view;

	zv_grid_take(&p->calls_sum, &c->term);
	zv_curve_term(zv_flight_curve(p, c), bin, zv_flight_chance(p, c), &c->term, &view);
	zv_grid_add(&p->calls_sum, &c->term);
	if (c->state == ZV_PC_RINGING && bin >= FAST_BINS)
		watch_trunk(p, c, false);
	if (!p->told) {
		if (c->state == ZV_PC_RINGING) {
			zv_curve_passed(&p->ring, c->bin, bin);
			zv_answer_tell(&p->answer, c->cell, 0, (view.exposure - c->exposure) * c->score);
			c->exposure = view.exposure;
		} else {
			zv_curve_passed(&p->talk, c->bin, bin);
		}
	}
	c->bin = (uint16_t)bin;
	c->looked_ms = p->now_ms;
}

void zv_flight_look(struct zv_ppacer *p)
{
	for (int i = 0; i < LOOK_BATCH; i++) {
		uint32_t slot = p->call_looks.head;

		if (slot == ZV_NIL || p->calls[slot].looked_ms + LOOK_MS > p->now_ms)
			return;
		look(p, slot);
		look_unlink(p, slot);
		look_append(p, slot);
	}
}

/* ---- events ---- */

static void placed(struct zv_ppacer *p, const struct zv_pacer_event *e)
{
	struct zv_pcall *c = &p->calls[e->slot];
	struct zv_curve_view view;

	if (c->state != ZV_PC_FREE) {
		p->foreign++;
		return;
	}
	c->state = ZV_PC_RINGING;
	c->cancelling = c->judged = 0;
	c->at_ms = c->looked_ms = p->now_ms;
	c->bin = 0;
	c->exposure = 0;
	c->cell = zv_answer_cell(&p->answer, e->trunk, e->list, e->attempt, e->hour);
	c->score = zv_answer_score(&p->answer, e->score_ppm);
	zv_curve_term(zv_flight_curve(p, c), 0, zv_flight_chance(p, c), &c->term, &view);
	c->placed_risk = p->last_risk;
	c->risk = p->last_risk > 0 ? view.later * p->last_risk : 0;
	p->at_risk += c->risk;
	zv_grid_add(&p->calls_sum, &c->term);
	age_append(p, e->slot);
	look_append(p, e->slot);
	p->ringing++;
	zv_mode_placed(p, 1);
}

/* The call no longer waits for an answer, or for the robot to finish. */
static void leave_sums(struct zv_ppacer *p, uint32_t slot)
{
	struct zv_pcall *c = &p->calls[slot];

	zv_grid_take(&p->calls_sum, &c->term);
	look_unlink(p, slot);
	if (c->state == ZV_PC_RINGING) {
		age_unlink(p, slot);
		p->ringing--;
		p->cancelling -= c->cancelling;
	} else {
		p->robot--;
	}
	if (p->ringing + p->robot == 0)
		p->at_risk = 0; /* what rounding left */
}

static void learn_end(struct zv_ppacer *p, struct zv_pcall *c, uint8_t kind)
{
	uint32_t bin = zv_curve_bin(p->now_ms - c->at_ms);
	struct zv_curve *ring = c->state == ZV_PC_ROBOT ? &p->talk : &p->ring;
	bool wish = kind == ZV_PEV_ANSWERED || kind == ZV_PEV_WANTS;

	if (p->told)
		return;
	zv_curve_passed(ring, c->bin, bin);
	if (wish)
		zv_curve_wish(ring, bin);
	else if (kind != ZV_PEV_CANCELLED)
		zv_curve_other(ring, bin);
	if (c->state == ZV_PC_RINGING && kind != ZV_PEV_CANCELLED)
		zv_answer_tell(&p->answer, c->cell, wish, (1 - c->exposure) * c->score);
	if (kind == ZV_PEV_ANSWERED || kind == ZV_PEV_MACHINE) {
		p->machines += (kind == ZV_PEV_MACHINE ? 1 : 0);
		p->picked_up += 1;
		if (p->picked_up > 2000) {
			p->machines *= 2000 / p->picked_up;
			p->picked_up = 2000;
		}
	}
	if (c->state == ZV_PC_ROBOT && (wish || kind == ZV_PEV_ENDED)) {
		p->wants += wish;
		p->wants_of += 1;
		if (p->wants_of > 1000) {
			p->wants *= 1000 / p->wants_of;
			p->wants_of = 1000;
		}
	}
}

/* A call that is down for the trunk's sake tells nothing of the people. */
static void forget(struct zv_ppacer *p, struct zv_pcall *c)
{
	if (!p->told && c->state == ZV_PC_RINGING)
		zv_answer_tell(&p->answer, c->cell, 0, -c->exposure * c->score);
}

static void ended(struct zv_ppacer *p, uint32_t slot, uint8_t kind)
{
	struct zv_pcall *c = &p->calls[slot];

	p->at_risk -= c->risk;
	if (c->state == ZV_PC_WAITING) {
		p->waiting--;
		c->state = ZV_PC_FREE;
		return;
	}
	if (c->state == ZV_PC_RINGING && kind != ZV_PEV_CANCELLED)
		watch_trunk(p, c, kind == ZV_PEV_FAILED);
	if (kind == ZV_PEV_FAILED && p->trunk.down)
		forget(p, c);
	else
		learn_end(p, c, kind);
	leave_sums(p, slot);
	c->state = ZV_PC_FREE;
}

static void answered(struct zv_ppacer *p, uint32_t slot, uint8_t kind)
{
	struct zv_pcall *c = &p->calls[slot];
	struct zv_curve_view view;

	if (c->state == ZV_PC_RINGING)
		watch_trunk(p, c, false);
	learn_end(p, c, kind);
	leave_sums(p, slot);
	if (kind == ZV_PEV_ANSWERED && with_robots(p)) {
		c->state = ZV_PC_ROBOT;
		c->cancelling = 0;
		c->at_ms = c->looked_ms = p->now_ms;
		c->bin = 0;
		zv_curve_term(&p->talk, 0, zv_flight_chance(p, c), &c->term, &view);
		zv_grid_add(&p->calls_sum, &c->term);
		look_append(p, slot);
		p->robot++;
		return;
	}
	c->state = ZV_PC_WAITING;
	p->waiting++;
}

void zv_flight_event(struct zv_ppacer *p, const struct zv_pacer_event *e)
{
	struct zv_pcall *c;

	if (e->slot >= p->shape.calls) {
		p->foreign++;
		return;
	}
	c = &p->calls[e->slot];
	if (e->kind == ZV_PEV_PLACED) {
		placed(p, e);
		return;
	}
	if (c->state == ZV_PC_FREE) {
		p->foreign++;
		return;
	}
	switch (e->kind) {
	case ZV_PEV_RINGING: return; /* the curve counts from the INVITE */
	case ZV_PEV_ANSWERED:
	case ZV_PEV_WANTS:
		if (c->state != (e->kind == ZV_PEV_ANSWERED ? ZV_PC_RINGING : ZV_PC_ROBOT))
			p->foreign++;
		else
			answered(p, e->slot, e->kind);
		return;
	case ZV_PEV_HANDED:
	case ZV_PEV_ABANDONED:
		if (c->state == ZV_PC_WAITING)
			zv_budget_answer(&p->budget, e->kind == ZV_PEV_ABANDONED, c->placed_risk);
		ended(p, e->slot, e->kind);
		return;
	default: ended(p, e->slot, e->kind); return;
	}
}
