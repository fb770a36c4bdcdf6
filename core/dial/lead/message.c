/* The messages of a step: each is asked about, and dated to the first moment that is lawful. */
#include "dial/engine_int.h"

#define DATES_MAX 16 /* moments tried for one message */

/* The first moment from now on at which the answer is yes.  False: none. */
static bool date(struct zv_engine *e, struct zv_contact_ask *ask, struct zv_verdict *ret_verdict)
{
	for (int i = 0; i < DATES_MAX; i++) {
		zv_law_ask(e, ask, ret_verdict);
		if (ret_verdict->answer == ZV_ANSWER_YES)
			return true;
		if (ret_verdict->until_ms == ZV_NEVER_MS || ret_verdict->until_ms <= ask->at_ms)
			break;
		ask->at_ms = ret_verdict->until_ms;
	}
	return false;
}

static bool reserve(struct zv_engine *e, const struct zv_contact_ask *ask,
		    struct zv_contact *ret_contact)
{
	const struct zv_offer *offer = &e->params.slabs.v[ask->slab];
	struct zv_person_slab *person = zv_person_of(e, ask->slab);

	*ret_contact = (struct zv_contact){
		.at_ms = ask->at_ms, .attempt = zv_law_token(e, ZV_TOKEN_MESSAGE),
		.e164 = offer->numbers[ask->number].e164,
		.campaign = offer->campaign, .debt = offer->debt, .topic = offer->topic,
		.facts = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_MESSAGE),
		.channel = ask->channel};
	return zv_person_add(person, ret_contact, e->conf->rules->reach_ms) == ZV_OK;
}

static int64_t ask_one(struct zv_engine *e, struct zv_contact_ask *ask)
{
	const struct zv_offer *offer = &e->params.slabs.v[ask->slab];
	struct zv_contact contact = {0};
	struct zv_verdict verdict;
	struct zv_cmd *cmd;

	if (date(e, ask, &verdict) && !reserve(e, ask, &contact))
		verdict = (struct zv_verdict){.answer = ZV_ANSWER_NO,
					      .refusal = ZV_REFUSED_OVERFLOW,
					      .until_ms = ZV_NEVER_MS};
	zv_law_evidence(e, ask, &verdict, contact.attempt);
	if (verdict.answer != ZV_ANSWER_YES) {
		zv_law_count(e, ask->campaign, &verdict);
		return ZV_NEVER_MS;
	}
	cmd = zv_emit(e, ZV_CMD_CONTACT);
	cmd->campaign = offer->campaign;
	cmd->attempt = contact.attempt;
	cmd->u.contact.person = offer->person;
	cmd->u.contact.lead = offer->lead;
	cmd->u.contact.e164 = contact.e164;
	cmd->u.contact.at_ms = contact.at_ms;
	cmd->u.contact.debt = contact.debt;
	cmd->u.contact.topic = contact.topic;
	cmd->u.contact.facts = contact.facts;
	cmd->u.contact.channel = contact.channel;
	return ask->at_ms > e->now.cal_ms ? ask->at_ms : 0;
}

void zv_messages_ask(struct zv_engine *e, uint32_t slab, struct zv_cmd *step)
{
	uint16_t campaign = e->held[slab].campaign;
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];

	for (uint8_t i = 0; i < step->u.step.n_messages && i < ZV_STEP_MESSAGES_MAX; i++) {
		uint8_t message = step->u.step.messages[i];
		uint8_t channel = message < sizeof(c->message_channels) ? c->message_channels[message] : 0;
		struct zv_contact_ask ask = {
			.slab = slab, .campaign = campaign, .number = step->u.step.called_number,
			.channel = channel != 0 ? channel : (uint8_t)ZV_CHANNEL_SMS,
			.at_ms = e->now.cal_ms};

		if (ask.number >= e->params.slabs.v[slab].n_numbers)
			ask.number = 0;
		step->u.step.message_channels[i] = ask.channel;
		step->u.step.message_at_ms[i] = ask_one(e, &ask);
	}
}
