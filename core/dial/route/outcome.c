#include "dial/route/outcome.h"

/* The cause speaks first: it says why, the code only how it was told. */
static const struct { uint16_t q850; uint8_t outcome; } causes[] = {
	{1, ZV_OUT_UNREACHABLE},  /* unallocated number */
	{3, ZV_OUT_UNREACHABLE},  /* no route to destination */
	{17, ZV_OUT_BUSY},
	{18, ZV_OUT_UNREACHABLE}, /* no user responding */
	{19, ZV_OUT_NO_ANSWER},   /* alerted, no answer */
	{20, ZV_OUT_UNREACHABLE}, /* subscriber absent */
	{21, ZV_OUT_REJECTED},
	{22, ZV_OUT_UNREACHABLE}, /* number changed */
	{27, ZV_OUT_UNREACHABLE}, /* destination out of order */
	{28, ZV_OUT_UNREACHABLE}, /* invalid number format */
	{34, ZV_OUT_FAILED},      /* no circuit available */
	{38, ZV_OUT_FAILED},      /* network out of order */
	{41, ZV_OUT_FAILED},      /* temporary failure */
	{42, ZV_OUT_FAILED},      /* switching equipment congestion */
	{44, ZV_OUT_FAILED},      /* requested circuit not available */
	{47, ZV_OUT_FAILED},      /* resource unavailable */
	{102, ZV_OUT_FAILED},     /* recovery on timer expiry */
};

static const struct { uint16_t code; uint8_t outcome; } codes[] = {
	{404, ZV_OUT_UNREACHABLE}, {408, ZV_OUT_NO_ANSWER},   {410, ZV_OUT_UNREACHABLE},
	{480, ZV_OUT_UNREACHABLE}, {484, ZV_OUT_UNREACHABLE}, {485, ZV_OUT_UNREACHABLE},
	{486, ZV_OUT_BUSY},        {487, ZV_OUT_NO_ANSWER},   {600, ZV_OUT_BUSY},
	{603, ZV_OUT_REJECTED},    {604, ZV_OUT_UNREACHABLE}, {607, ZV_OUT_REJECTED},
	{608, ZV_OUT_REJECTED},
};

/* Where the code does not say who did not come: no answer, no final response, or a trunk that
 * has one code for all of it.  What the network said or sounded like does. */
static enum zv_outcome by_early(const struct zv_end_facts *facts, enum zv_outcome outcome)
{
	if (outcome != ZV_OUT_NO_ANSWER && outcome != ZV_OUT_FAILED && facts->sip_code != 480)
		return outcome;
	switch (facts->early) {
	case 1 + ZV_HEARD_UNREACHABLE: return ZV_OUT_UNREACHABLE;
	case 1 + ZV_HEARD_BUSY: return outcome == ZV_OUT_FAILED ? outcome : ZV_OUT_BUSY;
	case 1 + ZV_HEARD_CONGESTION: return ZV_OUT_FAILED;
	case 1 + ZV_HEARD_RINGING: return outcome == ZV_OUT_FAILED ? outcome : ZV_OUT_NO_ANSWER;
	default: return outcome;
	}
}

static enum zv_outcome by_code(uint16_t sip_code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == sip_code)
			return (enum zv_outcome)codes[i].outcome;
	return ZV_OUT_FAILED;
}

enum zv_outcome zv_outcome_of(const struct zv_trunk_conf *trunk, const struct zv_end_facts *facts)
{
	if (facts->cancelled)
		return facts->heard_any ? by_early(facts, ZV_OUT_NO_ANSWER) : ZV_OUT_FAILED;
	if (facts->local)
		return ZV_OUT_FAILED;
	for (uint32_t i = 0; i < trunk->n_overrides; i++) {
		const struct zv_outcome_row *row = &trunk->overrides[i];

		if (row->sip_code == facts->sip_code && (row->q850 == 0 || row->q850 == facts->q850))
			return (enum zv_outcome)row->outcome;
	}
	for (size_t i = 0; facts->q850 != 0 && i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].q850 == facts->q850)
			return (enum zv_outcome)causes[i].outcome;
	return by_early(facts, by_code(facts->sip_code));
}

bool zv_outcome_other_trunk(const struct zv_end_facts *facts, enum zv_outcome outcome)
{
	/* Our own 488: the callee answered, without media that we can use.  Not to be rung again. */
	if (facts->cancelled || (facts->local && facts->sip_code == 488))
		return false;
	if (facts->sip_code == 408 && outcome == ZV_OUT_NO_ANSWER && facts->q850 == 0)
		return !facts->heard_any;
	return outcome == ZV_OUT_FAILED &&
	       (facts->local || facts->sip_code == 503 || facts->sip_code == 408);
}

const char *zv_outcome_name(enum zv_outcome outcome)
{
	switch (outcome) {
	case ZV_OUT_UNREACHABLE: return "unreachable";
	case ZV_OUT_NO_ANSWER: return "no_answer";
	case ZV_OUT_BUSY: return "busy";
	case ZV_OUT_REJECTED: return "rejected";
	case ZV_OUT_MACHINE: return "machine";
	case ZV_OUT_ANSWERED: return "answered";
	case ZV_OUT_SILENT: return "silent";
	case ZV_OUT_ABANDONED: return "abandoned";
	case ZV_OUT_FAILED: return "failed";
	case ZV_OUT_UNKNOWN: return "unknown";
	case ZV_OUT_NOT_SENT: return "not_sent";
	case ZV_OUT_NONE:
	case ZV_OUT_MAX: break;
	}
	return "none";
}
