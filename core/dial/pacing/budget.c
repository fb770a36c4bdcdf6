#include "dial/pacing/budget.h"

#include "base/num.h"
#include "dial/rules/budget.h"

#define THETA_START  -2.8f /* log-odds of 0.057 */
#define THETA_LOW    -6.0f
#define THETA_HIGH   1.0f
#define SHUT_BELOW   1.0f /* one more ... */
#define THETA_SHUT   0.0001f /* with the gate shut: comes to about twice that */
#define RESERVE      2.2f /* calls kept back for the end of a window ... */
#define RESERVE_ROOT 0.1f /* ... and so many times the root of all it allows */
#define SOFT         0.3f /* share of the spread that tau already leaves alone; the gate all of it */
#define FORWARD_LOW  0.02f /* theta is scaled by no less */
#define GAIN         0.7f
#define PRIOR        20.0f /* risk, less the more was seen, that is believed to come to ... */
#define PRIOR_WORTH  0.9f  /* ... so much, at first */
#define KNOWN        0.5f /* risk that was taken before theta is trusted */
#define MEMORY       100.0f /* events after which old ones fade */
#define SLACK        0.35f /* of the answers to come, spent ahead of them at most */
#define SLACK_S      7200.0f /* and no more than so long brings */

void zv_budget_init(struct zv_budget *b)
{
	*b = (struct zv_budget){.log_odds = THETA_START, .tau = 0.01f, .worth = PRIOR_WORTH};
}

static float seconds_left(const struct zv_pacer_rule *rule, int64_t now_ms)
{
	int64_t today = rule->end_ms > now_ms ? rule->end_ms - now_ms : 0;

	if (rule->end_ms == 0) /* unknown: an hour, always */
		today = 3600000;
	return (float)(today + rule->later_ms) / 1000;
}

/* The rate that a window as long as this one stands 99 times in 100 without anybody watching: what
 * to aim at before risk and events have met. */
static float safe_rate(const struct zv_budget_look *look)
{
	float safe = 1;

	for (uint32_t i = 0; i < look->settings->n_rules && i < ZV_PACER_RULES; i++) {
		const struct zv_pacer_rule *rule = &look->settings->rules[i];
		double n = (double)look->in->count[i].answered +
			   (double)(look->answers_per_s * seconds_left(rule, look->in->now_ms));
		float rate = (float)zv_ratio_safe_rate(rule->limit_ppm / 1e6, n < 1 ? 1 : (uint64_t)n, 0.01);

		safe = rate < safe ? rate : safe;
	}
	return safe;
}

void zv_budget_look(struct zv_budget *b, const struct zv_budget_look *look)
{
	float tau = 1, of = 1, affordable = 1e6f, left_least = 1e9f; /* of: the limit that tau is a part of */
	float at_risk = look->at_risk > 0 ? look->at_risk * b->worth : 0, spread = look->burst;

	for (uint32_t i = 0; i < look->settings->n_rules && i < ZV_PACER_RULES; i++) {
		const struct zv_pacer_rule *rule = &look->settings->rules[i];
		const struct zv_pacer_count *count = &look->in->count[i];
		float cap = (float)rule->limit_ppm / 1e6f, rate = look->answers_per_s;
		float left = rate * seconds_left(rule, look->in->now_ms), ahead, can, t, reserve;

		if (rule->limit_ppm >= 1000000)
			continue;
		ahead = SLACK * left < SLACK_S * rate ? SLACK * left : SLACK_S * rate;
		can = cap * ((float)count->answered + ahead) - (float)count->abandoned - at_risk - spread;
		reserve = RESERVE + RESERVE_ROOT * (float)zv_sqrt((double)(cap * ((float)count->answered + left)));
		t = (cap * ((float)count->answered + left) - (float)count->abandoned - at_risk - SOFT * spread - reserve) /
		    (left + 1);
		t = t < 0 ? 0 : t > 2 * cap ? 2 * cap : t;
		affordable = can < affordable ? can : affordable;
		of = t < tau ? cap : of;
		tau = t < tau ? t : tau;
		left_least = left < left_least ? left : left_least;
	}
	if (b->risks < KNOWN) {
		if (b->safe <= 0 && look->answers_per_s > 0)
			b->safe = safe_rate(look);
		tau = b->safe > 0 && tau > b->safe ? b->safe : tau;
	}
	b->tau = tau;
	b->forward = (float)zv_ln((double)(tau / of > FORWARD_LOW ? tau / of : FORWARD_LOW));
	b->affordable = affordable;
	b->answers_left = left_least;
}

void zv_budget_answer(struct zv_budget *b, int abandoned, float risk)
{
	float prior;

	if (risk < 0)
		return;
	b->events += abandoned ? 1 : 0;
	b->risks += risk;
	if (b->risks > MEMORY) {
		b->events *= MEMORY / b->risks;
		b->risks = MEMORY;
	}
	prior = PRIOR / (1 + b->risks / PRIOR);
	b->worth = (b->events + prior * PRIOR_WORTH) / (b->risks + prior);
	b->log_odds += GAIN * (b->tau - b->worth * risk);
	b->log_odds = b->log_odds < THETA_LOW ? THETA_LOW : b->log_odds > THETA_HIGH ? THETA_HIGH : b->log_odds;
}

int zv_budget_shut(const struct zv_budget *b)
{
	return b->affordable < SHUT_BELOW;
}

float zv_budget_theta(const struct zv_budget *b)
{
	float theta;

	if (zv_budget_shut(b))
		return THETA_SHUT;
	theta = 1 / (1 + (float)zv_exp(-(double)(b->log_odds + b->forward)));
	return theta;
}
