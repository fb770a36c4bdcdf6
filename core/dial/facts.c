#include "dial/facts.h"

#define BIT(name) ZV_FACT_BIT(ZV_FACT_##name)

/* Beside what was passed.  An attempt that a crash left open counts as whatever it may have
 * been to the person; it is no machine, and nobody says that it was abandoned. */
static const uint16_t of_outcome[ZV_OUT_MAX] = {
	[ZV_OUT_MACHINE] = BIT(CONNECT) | BIT(MACHINE),
	[ZV_OUT_ANSWERED] = BIT(CONNECT) | BIT(LIVE_ANSWER) | BIT(CONVERSATION),
	[ZV_OUT_SILENT] = BIT(CONNECT) | BIT(SILENT),
	[ZV_OUT_ABANDONED] = BIT(ATTEMPT) | BIT(CONNECT) | BIT(LIVE_ANSWER) | BIT(ABANDON),
	[ZV_OUT_UNKNOWN] = BIT(ATTEMPT) | BIT(RING) | BIT(CONNECT) |
			   BIT(CONVERSATION) | BIT(DIAL_SECONDS),
};

uint16_t zv_facts_of(enum zv_outcome outcome, uint16_t passed, uint8_t channel)
{
	uint16_t facts;

	if (outcome == ZV_OUT_NOT_SENT || outcome >= ZV_OUT_MAX)
		return 0;
	facts = (uint16_t)(passed | of_outcome[outcome] | BIT(INTENT));
	/* A recorded text that somebody or something heard is a message, too. */
	if (channel == ZV_CHANNEL_VOICE_PREREC && (facts & BIT(CONNECT)) != 0 &&
	    outcome != ZV_OUT_ABANDONED)
		facts |= BIT(MESSAGE);
	return facts;
}

static bool out_of_service(uint16_t sip_code, uint16_t q850)
{
	switch (q850) {
	case 1:  /* unallocated number */
	case 22: /* number changed */
	case 27: /* destination out of order */
	case 28: /* invalid number format */
		return true;
	default:
		return q850 == 0 && (sip_code == 404 || sip_code == 410 || sip_code == 484 ||
				     sip_code == 604);
	}
}

uint8_t zv_exclude_of(enum zv_outcome outcome, uint16_t facts, uint16_t sip_code, uint16_t q850)
{
	uint8_t exclude = 0;

	if ((facts & (BIT(RING) | BIT(CONNECT))) == 0)
		exclude |= ZV_EXCLUDE_NOT_CONNECTED;
	if (outcome == ZV_OUT_BUSY)
		exclude |= ZV_EXCLUDE_BUSY;
	if (outcome == ZV_OUT_UNREACHABLE && out_of_service(sip_code, q850))
		exclude |= ZV_EXCLUDE_OUT_OF_SERVICE;
	return exclude;
}
