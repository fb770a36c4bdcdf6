/* dial/pacing/cancel.c -- which ringing calls are better not answered any more. */
#include "dial/pacing/pacer_int.h"

#define HOPELESS 0.20f /* chance to find nobody from which on a call is given up */
#define SHUT     0.10f /* the same while the budget is used up */
#define LOOK_MAX 64    /* calls looked at by one decision */

/* The chance that a call at this age, if it is answered, finds nobody: over where it may land. */
static float hopeless(const struct zv_ppacer *p, const struct zv_pcall *c, const float tails[ZV_GRID])
{
	float landing[ZV_GRID], sum = 0, rest = 1;

	zv_curve_landing(zv_flight_curve(p, c), zv_curve_bin(p->now_ms - c->at_ms), landing);
	for (int g = 0; g < ZV_GRID; g++) {
		sum += landing[g] * tails[g];
		rest -= landing[g];
	}
	/* later than anybody has been known to answer: if at all, then now */
	return sum + rest * tails[0];
}

/* Calls become ripe in the order they were placed. */
static void ripen(struct zv_ppacer *p)
{
	int64_t before = p->now_ms - p->settings.ring_min_ms;
	uint32_t next = p->youngest_ripe == ZV_NIL ? p->oldest : p->calls[p->youngest_ripe].newer;

	while (next != ZV_NIL && p->calls[next].at_ms <= before) {
		p->youngest_ripe = next;
		next = p->calls[next].newer;
	}
}

/* The youngest that may be cancelled goes first: it is the likeliest to be answered still.  Each
 * one that goes makes room, so the sums are asked again. */
void zv_cancel(struct zv_ppacer *p, float theta, struct zv_pacer_out *out)
{
	struct zv_grid sum = p->calls_sum;
	float tails[ZV_GRID], error, most = HOPELESS > 2 * theta ? HOPELESS : 2 * theta;
	uint32_t slot, looked = 0;

	if (!p->settings.cancel || p->ringing == p->cancelling)
		return;
	ripen(p);
	if (p->youngest_ripe == ZV_NIL)
		return;
	most = zv_budget_shut(&p->budget) && !p->told ? SHUT : most > 0.9f ? 0.9f : most;
	error = zv_answer_error(&p->answer, p->calls[p->youngest_ripe].cell);
	zv_grid_tails(&sum, &p->busy_sum, (double)p->n_in - p->waiting, error, tails);
	/* what is ripe lands soon: when the next seconds are fine, all is */
	if (tails[0] < most && tails[1] < most && tails[2] < most && tails[3] < most)
		return;
	for (slot = p->youngest_ripe; slot != ZV_NIL && out->n_cancel < ZV_PACER_CANCELS && looked < LOOK_MAX;
	     slot = p->calls[slot].older, looked++) {
		struct zv_pcall *c = &p->calls[slot];

		if (c->cancelling || hopeless(p, c, tails) < most)
			continue;
		c->cancelling = 1;
		p->cancelling++;
		out->cancel[out->n_cancel++] = slot;
		zv_grid_take(&sum, &c->term);
		zv_grid_tails(&sum, &p->busy_sum, (double)p->n_in - p->waiting, error, tails);
	}
}
