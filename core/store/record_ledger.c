/* The ledger's rows: one a contact, hundreds of millions of them, so what is zero is left out. */
#include "store/record.h"

/* Which fields follow. */
enum {
	HAS_LEAD = 1,     /* and with it the campaign */
	HAS_CAMPAIGN = 2, /* without a lead, or another than the lead's */
	HAS_DEBT = 4,
	HAS_TOPIC = 8,
	HAS_CALLER = 16,
	HAS_E164 = 32,
	HAS_EXCLUDE = 64,
	HAS_SECONDS = 128, /* dial_s and end_s */
	HAS_CONNECT = 256, /* connect_s */
	HASHED = 512,
	/* from version 3 on */
	HAS_RESULT = 1024,
	HAS_AGENT = 2048, /* and how the talk came about */
	HAS_ALL_V2 = 1023,
	HAS_ALL = 4095
};

static uint16_t fields_of(const struct zv_ledger_row *row)
{
	const struct zv_contact *c = &row->contact;
	uint32_t has = row->hashed != 0 ? HASHED : 0;

	has |= row->lead != 0 ? HAS_LEAD : 0;
	has |= c->campaign != zv_lead_campaign(row->lead) ? HAS_CAMPAIGN : 0;
	has |= c->debt != 0 ? HAS_DEBT : 0;
	has |= c->topic != 0 ? HAS_TOPIC : 0;
	has |= c->caller != 0 ? HAS_CALLER : 0;
	has |= c->e164 != 0 ? HAS_E164 : 0;
	has |= c->exclude != 0 ? HAS_EXCLUDE : 0;
	has |= c->dial_s != 0 || c->end_s != 0 ? HAS_SECONDS : 0;
	has |= c->connect_s != 0 ? HAS_CONNECT : 0;
	has |= row->result != 0 ? HAS_RESULT : 0;
	has |= row->agent != 0 || row->talk_kind != 0 ? HAS_AGENT : 0;
	return (uint16_t)has;
}

void zv_ledger_encode(struct zv_w *w, const struct zv_ledger_row *row)
{
	const struct zv_contact *c = &row->contact;
	uint16_t has = fields_of(row);

	zv_w_u16(w, has);
	zv_w_u16(w, c->facts);
	zv_w_u8(w, c->channel);
	zv_w_u8(w, row->outcome);
	if ((has & HAS_LEAD) != 0)
		zv_w_u64(w, row->lead);
	if ((has & HAS_CAMPAIGN) != 0)
		zv_w_u32(w, c->campaign);
	if ((has & HAS_DEBT) != 0)
		zv_w_u32(w, c->debt);
	if ((has & HAS_TOPIC) != 0)
		zv_w_u32(w, c->topic);
	if ((has & HAS_CALLER) != 0)
		zv_w_u32(w, c->caller);
	if ((has & HAS_E164) != 0)
		zv_w_u64(w, c->e164);
	if ((has & HAS_EXCLUDE) != 0)
		zv_w_u8(w, c->exclude);
	if ((has & HAS_SECONDS) != 0) {
		zv_w_u16(w, c->dial_s);
		zv_w_u16(w, c->end_s);
	}
	if ((has & HAS_CONNECT) != 0)
		zv_w_u16(w, c->connect_s);
	if ((has & HAS_RESULT) != 0)
		zv_w_u8(w, row->result);
	if ((has & HAS_AGENT) != 0) {
		zv_w_u32(w, row->agent);
		zv_w_u8(w, row->talk_kind);
	}
}

#define V1_ATTEMPT      1u
#define V1_CONNECT      2u
#define V1_CONVERSATION 4u
#define V1_ABANDON      8u

/* Rows of before schema 2 know four facts and the outcome: what it may have meant counts. */
static uint16_t facts_of_v1(uint8_t what, uint8_t outcome)
{
	uint32_t facts = 0;

	if ((what & V1_ATTEMPT) != 0)
		facts |= ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT);
	if ((what & V1_ATTEMPT) != 0 && outcome != ZV_OUT_UNREACHABLE && outcome != ZV_OUT_FAILED)
		facts |= ZV_FACT_BIT(ZV_FACT_RING);
	if ((what & V1_CONNECT) != 0 || outcome == ZV_OUT_UNKNOWN)
		facts |= ZV_FACT_BIT(ZV_FACT_CONNECT);
	if ((what & V1_CONVERSATION) != 0)
		facts |= ZV_FACT_BIT(ZV_FACT_CONVERSATION);
	if ((what & V1_ABANDON) != 0)
		facts |= ZV_FACT_BIT(ZV_FACT_ABANDON) | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER);
	if (outcome == ZV_OUT_ANSWERED)
		facts |= ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER);
	if (outcome == ZV_OUT_MACHINE)
		facts |= ZV_FACT_BIT(ZV_FACT_MACHINE);
	if (outcome == ZV_OUT_SILENT)
		facts |= ZV_FACT_BIT(ZV_FACT_SILENT);
	return (uint16_t)facts;
}

static enum zv_err decode_v1(struct zv_r r, struct zv_ledger_row *row)
{
	uint8_t what = zv_r_u8(&r);

	row->outcome = zv_r_u8(&r);
	(void)zv_r_u8(&r); /* index of the number */
	row->contact.campaign = zv_r_u32(&r);
	row->contact.e164 = zv_r_u64(&r);
	row->lead = zv_r_u64(&r);
	row->contact.facts = facts_of_v1(what, row->outcome);
	/* A robot called: it counts where agents' talks count. */
	row->contact.channel = ZV_CHANNEL_VOICE_AI;
	return r.bad || r.left != 0 || row->outcome >= ZV_OUT_MAX ? ZV_ECORRUPT : ZV_OK;
}

enum zv_err zv_ledger_decode(struct zv_r r, struct zv_ledger_row *ret_row)
{
	struct zv_contact *c = &ret_row->contact;
	uint16_t has;

	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->version = r.version;
	if (r.version < 2)
		return decode_v1(r, ret_row);
	has = zv_r_u16(&r);
	c->facts = zv_r_u16(&r);
	c->channel = zv_r_u8(&r);
	ret_row->outcome = zv_r_u8(&r);
	ret_row->lead = (has & HAS_LEAD) != 0 ? zv_r_u64(&r) : 0;
	c->campaign = (has & HAS_CAMPAIGN) != 0 ? zv_r_u32(&r) : zv_lead_campaign(ret_row->lead);
	c->debt = (has & HAS_DEBT) != 0 ? zv_r_u32(&r) : 0;
	c->topic = (has & HAS_TOPIC) != 0 ? zv_r_u32(&r) : 0;
	c->caller = (has & HAS_CALLER) != 0 ? zv_r_u32(&r) : 0;
	c->e164 = (has & HAS_E164) != 0 ? zv_r_u64(&r) : 0;
	c->exclude = (has & HAS_EXCLUDE) != 0 ? zv_r_u8(&r) : 0;
	if ((has & HAS_SECONDS) != 0) {
		c->dial_s = zv_r_u16(&r);
		c->end_s = zv_r_u16(&r);
	}
	c->connect_s = (has & HAS_CONNECT) != 0 ? zv_r_u16(&r) : 0;
	ret_row->hashed = (has & HASHED) != 0;
	ret_row->result = (has & HAS_RESULT) != 0 ? zv_r_u8(&r) : 0;
	if ((has & HAS_AGENT) != 0) {
		ret_row->agent = zv_r_u32(&r);
		ret_row->talk_kind = zv_r_u8(&r);
	}
	/* One row, one writing: nothing is there that could have been left out. */
	if (r.bad || r.left != 0 || (has & ~(r.version >= 3 ? HAS_ALL : HAS_ALL_V2)) != 0 || has != fields_of(ret_row) ||
	    c->facts >> ZV_FACTS != 0 || c->channel >= ZV_CHANNELS || ret_row->outcome >= ZV_OUT_MAX)
		return ZV_ECORRUPT;
	return ZV_OK;
}
