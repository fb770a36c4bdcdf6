/* dial/pacing/modes.c -- all that is not the conditional model: simple modes, limits, deadlines. */
#include "dial/pacing/pacer_int.h"

#define AHEAD 1.1f /* a deadline is kept by so much */

/* What lines, carriers, the list and the campaign's own rate leave of it. */
uint32_t zv_mode_limits(struct zv_ppacer *p, const struct zv_pacer_in *in, uint32_t want)
{
	uint32_t before = want;

	if (want > in->lines_free) {
		want = in->lines_free;
		p->why = ZV_WHY_LINES;
	}
	if (want > in->carrier_room) {
		want = in->carrier_room;
		p->why = ZV_WHY_CARRIER;
	}
	if (want > in->leads_left) {
		want = (uint32_t)in->leads_left;
		p->why = ZV_WHY_LEADS;
	}
	if (p->settings.rate_max_mcps != 0) {
		float rate = (float)p->settings.rate_max_mcps / 1e6f, most = rate * 50;

		/* a bucket of a twentieth of a second, but one call at least: what a stall saved is lost */
		p->rate_room += (float)(p->now_ms - p->rate_ms) * rate;
		p->rate_ms = p->now_ms;
		most = most < 1 ? 1 : most;
		p->rate_room = p->rate_room > most ? most : p->rate_room;
		if ((float)want > p->rate_room) {
			want = p->rate_room < 1 ? 0 : (uint32_t)p->rate_room;
			p->why = ZV_WHY_RATE;
		}
	}
	return before > 0 ? want : 0;
}

/* Preview, progressive and fixed ratio: calls an idle agent, less those under way. */
uint32_t zv_mode_simple(struct zv_ppacer *p, const struct zv_pacer_in *in)
{
	uint64_t idle = p->on[ZV_AGENT_READY], want = idle, has = p->ringing + p->robot + p->waiting;

	if (p->settings.mode == ZV_PACE_ROBOT && !p->settings.robot_agents)
		return in->lines_free;
	if (p->settings.mode == ZV_PACE_RATIO)
		want = idle * p->settings.ratio_ppm / 1000000;
	p->why = p->n_in == 0 ? ZV_WHY_NO_AGENTS : want > has ? ZV_WHY_NOTHING : ZV_WHY_ENOUGH;
	return want > has ? (uint32_t)(want - has) : 0;
}

/* Calls a second, smoothed over a minute. */
static float rate_now(const struct zv_ppacer *p)
{
	float s = (float)(p->now_ms - p->placed_ms) / 1000;

	return p->placed_per_s * (s < 60 ? 1 - s / 60 : 0);
}

void zv_mode_placed(struct zv_ppacer *p, uint32_t n)
{
	p->placed_per_s = rate_now(p) + (float)n / 60;
	p->placed_ms = p->now_ms;
}

static float dial_seconds(const struct zv_ppacer *p)
{
	int64_t end = p->settings.n_rules > 0 ? p->settings.rules[0].end_ms : 0, today;

	if (end == 0 || end > p->settings.deadline_ms)
		end = p->settings.deadline_ms;
	today = end > p->now_ms ? end - p->now_ms : 0;
	return (float)(today + p->settings.deadline_dial_ms) / 1000;
}

/* Calls that the deadline asks for now; as many as one likes when it is behind. */
uint32_t zv_mode_schedule(struct zv_ppacer *p, const struct zv_pacer_in *in)
{
	float s = dial_seconds(p), need;

	if (s <= 0)
		return UINT32_MAX;
	need = (float)in->leads_left / s * AHEAD;
	return rate_now(p) > need ? 0 : (uint32_t)(need * 2) + 1;
}

void zv_mode_eta(const struct zv_ppacer *p, const struct zv_pacer_in *in, struct zv_pacer_figures *f)
{
	float rate = rate_now(p), eta;

	f->eta_s = ZV_PACER_NEVER;
	f->alarm = 0;
	if (in->leads_left == 0)
		f->eta_s = 0;
	if (p->settings.mode != ZV_PACE_DEADLINE || in->leads_left == 0)
		return;
	eta = rate > 1e-6f ? (float)in->leads_left / rate : 4e9f;
	if (eta < 4e9f)
		f->eta_s = (uint32_t)eta;
	f->alarm = eta > dial_seconds(p);
}
