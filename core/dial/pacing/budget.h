/* dial/pacing/budget.h -- how much risk a call may take, so that the rules' windows hold.
 *
 * Three loops.  The inner one moves theta, the risk that one more call may take, in log-odds, after
 * every live answer, so that the risk that calls were placed at comes at the rate tau; the risk
 * says more than the rare event itself, so theta hardly trembles.  The second compares risk and
 * events: what a unit of risk comes to.  The outer one sets tau: what the window still allows over
 * the answers it will still bring, so that it ends just under the limit; theta follows tau at once,
 * for near the end of a window there is no time to learn it.  A gate stands before all: when the
 * next abandoned call could not be afforded any more, theta falls to almost nothing until answers
 * have earned it.
 *
 * Thread: engine.  Pure.
 */
#ifndef ZV_DIAL_PACING_BUDGET_H
#define ZV_DIAL_PACING_BUDGET_H

#include "zvonar/pacer.h"

struct zv_budget {
	float log_odds;   /* of theta */
	float forward;    /* added to log_odds: follows tau at once */
	float tau;        /* abandoned per answer that is aimed at */
	float affordable; /* calls that may be abandoned now, less what is at risk already */
	float answers_left; /* that the tightest window will still bring */
	float events, risks; /* abandoned, and the risk they were placed at; fading */
	float worth;      /* abandoned calls a unit of risk comes to */
	float safe;       /* tau that is safe open loop, until the loops know something; 0: not worked out */
};

struct zv_budget_look {
	const struct zv_pacer_settings *settings;
	const struct zv_pacer_in *in;
	float answers_per_s; /* expected from now on */
	float at_risk;       /* sum of the risks of answers under way */
	float burst;         /* calls under way that may be abandoned together */
};

void zv_budget_init(struct zv_budget *budget);
/* Before a decision: tau and the gate from the rules' counts. */
void zv_budget_look(struct zv_budget *budget, const struct zv_budget_look *look);
/* A live answer found an agent, or did not.  risk: at which it was placed; below 0: not by theta. */
void zv_budget_answer(struct zv_budget *budget, int abandoned, float risk);
/* Nothing more can be afforded now. */
int zv_budget_shut(const struct zv_budget *budget);
/* The risk that one more call may take. */
float zv_budget_theta(const struct zv_budget *budget);

#endif
