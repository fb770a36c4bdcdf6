/* dial/facts.h -- what an ended attempt counts as: one table for the engine and for the store's
 * recovery.  Pure.
 *
 * The steps that a call has passed (intent, attempt, ring, connect) are gathered on its way; the
 * outcome adds the rest.  A call in which the robot talks is a conversation when the person
 * reacted; else nobody knows who heard it, and it is a silent one.
 */
#ifndef ZV_DIAL_FACTS_H
#define ZV_DIAL_FACTS_H

#include "dial/rules/rules.h"
#include "zvonar/outcome.h"

/* Bits enum zv_fact.  passed: those gathered so far; channel: enum zv_channel of the call.
 * NOT_SENT has none: nothing was done to anybody. */
uint16_t zv_facts_of(enum zv_outcome outcome, uint16_t passed, uint8_t channel);

/* Bits enum zv_exclude that follow from how it ended. */
uint8_t zv_exclude_of(enum zv_outcome outcome, uint16_t facts, uint16_t sip_code, uint16_t q850);

#endif
