/* dial/route/outcome.h -- from SIP status and Q.850 cause to the one vocabulary of outcomes.
 *
 * Pure.  Sources: RFC 3261 section 21, RFC 3398 section 7.2.4.1 (ISUP causes to SIP), ITU-T
 * Q.850.  A trunk's own rows (struct zv_trunk_conf.overrides) are asked first.
 */
#ifndef ZV_DIAL_OUTCOME_H
#define ZV_DIAL_OUTCOME_H

#include "dial/conf.h"

struct zv_end_facts {
	uint16_t sip_code;
	uint16_t q850;   /* 0: none given */
	bool local;      /* the verdict is ours: nothing final came from the trunk */
	bool cancelled;  /* we gave up ringing */
	bool heard_any;  /* some response came: the trunk lives */
	uint8_t early;   /* 1 + enum zv_heard of its early media; 0: nothing was told */
};

/* Of a call that was not answered. */
enum zv_outcome zv_outcome_of(const struct zv_trunk_conf *trunk, const struct zv_end_facts *facts);

/* Would another trunk help?  503, 408 and local failures, unless the cause speaks of the callee. */
bool zv_outcome_other_trunk(const struct zv_end_facts *facts, enum zv_outcome outcome);

const char *zv_outcome_name(enum zv_outcome outcome); /* "no_answer"; "none" */

#endif
