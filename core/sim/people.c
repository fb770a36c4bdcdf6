#include "sim/people.h"

#include <string.h>

#include "base/num.h"

#define MILLION 1000000u

void zv_people_default(struct zv_people *p)
{
	memset(p, 0, sizeof(*p));
	for (int h = 0; h < 24; h++)
		p->answer_ppm[h] = 300000;
	p->fail_ppm = 250000;
	p->hangs_up_ppm = 500000;
	p->reacts_ppm = 300000;
	p->leaves_ppm = 200000;
	p->keys[1] = p->keys[2] = p->keys[3] = 1;
	/* None of these can be refused. */
	if (zv_dist_init(&p->answer, ZV_DIST_LOGNORMAL, 12000, 0.5) != ZV_OK ||
	    zv_dist_init(&p->fail, ZV_DIST_UNIFORM, 1500, 1.0 / 3) != ZV_OK ||
	    zv_dist_init(&p->machine, ZV_DIST_LOGNORMAL, 22000, 0.3) != ZV_OK ||
	    zv_dist_init(&p->greeting, ZV_DIST_UNIFORM, 4000, 0.5) != ZV_OK ||
	    zv_dist_init(&p->detect, ZV_DIST_UNIFORM, 2500, 0.4) != ZV_OK ||
	    zv_dist_init(&p->patience, ZV_DIST_FIXED, 10000, 0) != ZV_OK ||
	    zv_dist_init(&p->talk, ZV_DIST_LOGNORMAL, 135000, 0.9) != ZV_OK ||
	    zv_dist_init(&p->wrapup, ZV_DIST_LOGNORMAL, 45000, 0.5) != ZV_OK ||
	    zv_dist_init(&p->reading, ZV_DIST_LOGNORMAL, 8000, 0.6) != ZV_OK ||
	    zv_dist_init(&p->reaction, ZV_DIST_LOGNORMAL, 1500, 0.6) != ZV_OK)
		memset(p, 0, sizeof(*p));
}

static double logistic(double x)
{
	return 1 / (1 + zv_exp(-x));
}

/* The log-odds c so that chances with log-odds c + spread * normal have this mean. */
static double middle(double mean, double spread)
{
	double low = -14, high = 14;

	for (int i = 0; i < 48; i++) {
		double c = (low + high) / 2, sum = 0;

		for (int k = 0; k < 100; k++)
			sum += logistic(c + spread * zv_norm_quantile((k + 0.5) / 100));
		if (sum / 100 < mean)
			low = c;
		else
			high = c;
	}
	return low;
}

enum zv_err zv_people_ready(struct zv_people *p)
{
	const uint32_t shares[] = {p->false_machine_ppm, p->missed_machine_ppm, p->fail_ppm, p->dead_ppm, p->machine_ppm, p->hangs_up_ppm,
				   p->optout_ppm, p->reacts_ppm, p->leaves_ppm};

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		if (shares[i] > MILLION)
			return ZV_EINVAL;
	p->key_weights = p->result_weights = 0;
	for (int i = 0; i < ZV_SIM_RESULTS; i++)
		p->result_weights += p->results[i];
	for (int k = 0; k < ZV_SIM_KEYS; k++)
		p->key_weights += p->keys[k];
	for (int h = 0; h < 24; h++) {
		if (p->answer_ppm[h] > MILLION)
			return ZV_EINVAL;
		if (p->spread > 0 && h > 0 && p->answer_ppm[h] == p->answer_ppm[h - 1])
			p->mid[h] = p->mid[h - 1];
		else if (p->spread > 0)
			p->mid[h] = middle(p->answer_ppm[h] / 1e6, p->spread);
	}
	return ZV_OK;
}

double zv_people_chance(const struct zv_people *p, uint64_t seed, uint64_t lead, uint32_t hour,
			double factor)
{
	double chance = p->answer_ppm[hour % 24] / 1e6;

	if (p->spread > 0 && chance > 0)
		chance = logistic(p->mid[hour % 24] +
				  p->spread * zv_norm_quantile(zv_sim_u(seed, lead, ZV_U_SPREAD)));
	chance *= factor;
	return chance > 1 ? 1 : chance;
}

static uint16_t fail_code(double u)
{
	return u < 0.5 ? 486 : u < 0.8 ? 480 : u < 0.9 ? 404 : 603;
}

void zv_people_fate(const struct zv_people *p, uint64_t seed, uint64_t lead, uint32_t attempt,
		    uint32_t hour, double factor, struct zv_fate *ret_fate)
{
	uint64_t id = zv_fate_id(lead, attempt);

	*ret_fate = (struct zv_fate){.kind = ZV_FATE_RINGS, .at_ms = INT64_MAX};
	if (p->dead_ppm > 0 && zv_sim_u(seed, lead, ZV_U_DEAD) * MILLION < p->dead_ppm) {
		ret_fate->kind = ZV_FATE_FAIL;
		ret_fate->sip_code = 404;
		ret_fate->at_ms = zv_dist_ms(&p->fail, zv_sim_u(seed, id, ZV_U_FAIL_MS), 1);
		return;
	}
	if (zv_sim_u(seed, id, ZV_U_ANSWER) < zv_people_chance(p, seed, lead, hour, factor)) {
		ret_fate->kind = ZV_FATE_ANSWER;
		ret_fate->at_ms = zv_dist_ms(&p->answer, zv_sim_u(seed, id, ZV_U_RING), 1);
	} else if (zv_sim_u(seed, id, ZV_U_FAIL) * MILLION < p->fail_ppm) {
		ret_fate->kind = ZV_FATE_FAIL;
		ret_fate->sip_code = fail_code(zv_sim_u(seed, id, ZV_U_CODE));
		ret_fate->at_ms = zv_dist_ms(&p->fail, zv_sim_u(seed, id, ZV_U_FAIL_MS), 1);
	} else if (p->machine_ppm > 0 && zv_sim_u(seed, id, ZV_U_MACHINE) * MILLION < p->machine_ppm) {
		ret_fate->kind = ZV_FATE_MACHINE;
		ret_fate->at_ms = zv_dist_ms(&p->machine, zv_sim_u(seed, id, ZV_U_RING), 1);
	}
}

static uint32_t by_weight(const uint32_t *weights, uint32_t n, double at)
{
	for (uint32_t k = 0; k < n; k++) {
		at -= weights[k];
		if (at < 0)
			return k;
	}
	return 0;
}

uint32_t zv_people_key(const struct zv_people *p, double u)
{
	return by_weight(p->keys, ZV_SIM_KEYS, u * p->key_weights);
}

uint8_t zv_people_result(const struct zv_people *p, double u)
{
	if (p->result_weights == 0)
		return 0;
	return (uint8_t)(1 + by_weight(p->results, ZV_SIM_RESULTS, u * p->result_weights));
}
