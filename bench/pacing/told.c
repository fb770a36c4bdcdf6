/* The informed bound: the engine's own decision, with the true curves in the place of the
 * estimates, and a fixed risk. */
#include "dial/pacing/pacer_int.h"
#include "fate.h"
#include "pacers.h"
#include "world.h"

/* Ends and time spent at each age, as a million stays would give. */
static void true_stay(struct zv_stay *stay, double mean_s, double cv, bool exponential)
{
	struct fate_log of = fate_log(mean_s, cv);

	*stay = (struct zv_stay){0};
	for (int i = 0; i < 100000; i++) {
		double u = (i + 0.5) / 100000, left = exponential ? -mean_s * zv_ln(u) : fate_lognormal(&of, u);
		double edge = 0;

		stay->all_ends += 1;
		stay->all_s += (float)left;
		for (int b = 0; b < ZV_AGE_BINS; b++) {
			double width = edge < 16 ? 2 : edge / 8;

			if (left < width || b == ZV_AGE_BINS - 1) {
				stay->spent_s[b] += (float)left;
				stay->ends[b] += 1;
				break;
			}
			stay->spent_s[b] += (float)width;
			left -= width;
			edge += width;
		}
	}
}

static void true_ring(struct zv_curve *ring, double answer)
{
	struct fate_log of = fate_log(ANSWER_MS, ANSWER_CV);
	double alive, answered = 0, failed = 0;

	for (int b = 0; b < ZV_CURVE_BINS; b++) {
		double at = (b + 1) * 500, z = (zv_ln(at) - of.mu) / of.sigma;
		double a = answer * zv_norm_cdf(z);
		double f = (1 - answer) * FAIL_SHARE * (at <= 1000 ? 0 : at >= 2000 ? 1 : (at - 1000) / 1000);

		if (at > NO_ANSWER_MS)
			f = 1 - answer;

		alive = 1 - answered - failed;
		ring->under_way[b] = (float)(alive * 1e6);
		ring->wish[b] = (float)((a - answered) * 1e6);
		ring->other[b] = (float)((f - failed) * 1e6);
		answered = a;
		failed = f;
	}
	ring->memory = ring->weight = 1e9f;
}

void pacer_tell(void *campaign, const struct floor_conf *conf, double theta)
{
	struct zv_ppacer *p = campaign;
	struct zv_cell *root = &p->answer.cells[ZV_CELL_ROOT];
	struct zv_skill_release *team = &p->release.skills[p->release.n_skills];
	bool exponential = conf->times == FLOOR_EXPONENTIAL;

	true_ring(&p->ring, conf->answer);
	true_stay(&team->talk, conf->handle_s * TALK_SHARE, TALK_CV, exponential);
	true_stay(&team->wrap, conf->handle_s * (1 - TALK_SHARE), WRAP_CV, exponential);
	root->answers = (float)(conf->answer * 1e6);
	root->exposure = 1e6f;
	p->answer.memory = 1e9f;
	p->answer.epoch++;
	zv_ppacer_build(p);
	p->told = true;
	p->told_theta = (float)theta;
}
