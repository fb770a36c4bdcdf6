/* sim/judge.h -- is every promise kept?  From what the world itself saw: the carrier's INVITEs and
 * answers, the disk's order, the people's clocks.  Asks the engine nothing, and shares no code
 * with its decisions.
 *
 *   I1  each INVITE has an earlier intent on disk
 *   I2  one lead, one attempt id, one INVITE a sub-attempt; never two at once; none soon after a
 *       crash left one open
 *   I3  no limit of the rules is passed, recomputed from the log
 *   I4  each attempt that was dialled has exactly one outcome
 *   I5  the product's abandoned calls are the judge's, one by one
 *   I6  no call outside hours
 */
#ifndef ZV_SIM_JUDGE_H
#define ZV_SIM_JUDGE_H

#include <stdbool.h>

#include "dial/command.h"
#include "dial/conf.h"

enum zv_judge_rule { ZV_I1 = 1, ZV_I2, ZV_I3, ZV_I4, ZV_I5, ZV_I6, ZV_JUDGE_RULES };

struct zv_judge;

/* What the judge says at the end. */
struct zv_verdicts {
	uint64_t broken[ZV_JUDGE_RULES]; /* times; [0] unused */
	uint64_t looked[ZV_JUDGE_RULES]; /* times that it could have been broken */
	char first[200];                 /* the first broken one, in words; "" = none */
};

struct zv_judge_call {
	struct zv_attempt_id attempt;
	uint64_t lead, person, called;
	uint32_t campaign; /* index */
	uint16_t zone;
	uint8_t sub;
	int64_t cal_ms, mono_ms;
};

/* conf: what the judge holds for law: hours, rules, rest after an unknown attempt. */
enum zv_err zv_judge_create(const struct zv_engine_conf *conf, uint32_t n_leads, uint32_t n_persons,
			    struct zv_judge **ret_judge) ZV_MUST_USE;
void zv_judge_destroy(struct zv_judge *judge); /* accepts NULL */

/* The machine's calendar jumped: a lead that was due by the wrong one may stay due. */
void zv_judge_clock(struct zv_judge *judge, int64_t by_ms);
/* The engine started with this epoch. */
void zv_judge_epoch(struct zv_judge *judge, uint32_t epoch);
/* On disk: the intent, or that of a sub-attempt. */
void zv_judge_intent(struct zv_judge *judge, struct zv_attempt_id attempt, uint8_t sub);
/* The INVITE left. */
void zv_judge_invite(struct zv_judge *judge, const struct zv_judge_call *call);
/* The carrier's leg of this attempt is over. */
void zv_judge_over(struct zv_judge *judge, struct zv_attempt_id attempt, int64_t mono_ms);
/* Somebody or something picked up.  owed: an agent, since nobody can tell that it is a machine;
 * then: detection said machine, nothing is owed; somebody spoke to him. */
void zv_judge_answered(struct zv_judge *judge, struct zv_attempt_id attempt, bool owed);
void zv_judge_machine(struct zv_judge *judge, struct zv_attempt_id attempt);
void zv_judge_served(struct zv_judge *judge, struct zv_attempt_id attempt);
/* The engine was told that this person wants no more calls; unsay: a crash lost it before anybody
 * was told that it is done. */
void zv_judge_optout(struct zv_judge *judge, uint64_t person, bool unsay);
/* On disk: an outcome. */
void zv_judge_outcome(struct zv_judge *judge, struct zv_attempt_id attempt, uint8_t outcome, bool amend);
/* The engine is gone: what had no outcome on disk stands as unknown from cal_ms on. */
void zv_judge_crash(struct zv_judge *judge, int64_t cal_ms);
/* End of the world; what is still under way, on its way to the disk or being written down by an
 * agent, is looked at as far as it went. */
void zv_judge_end(struct zv_judge *judge, int64_t mono_ms, struct zv_verdicts *ret_verdicts);

#endif
