#include "app/card_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/template.h"

const char *zv_word_outcome(uint8_t outcome)
{
	static const char *const words[ZV_OUT_MAX] = {
		"none", "unreachable", "no_answer", "busy", "rejected", "machine", "answered",
		"silent", "abandoned", "failed", "unknown", "not_sent"};

	return outcome < ZV_OUT_MAX ? words[outcome] : "";
}

const char *zv_word_channel(uint8_t channel)
{
	static const char *const words[ZV_CHANNELS] = {
		"", "voice_agent", "voice_ai", "voice_prerec", "sms", "messenger", "email", "visit"};

	return channel < ZV_CHANNELS ? words[channel] : "";
}

const char *zv_word_talk_kind(uint8_t kind)
{
	static const char *const words[] = {"", "dialled", "preview", "manual", "callback", "inbound",
					    "robot", "transfer"};

	return kind < sizeof(words) / sizeof(words[0]) ? words[kind] : "";
}

const char *zv_agent_name(const struct zv_config *config, uint32_t agent)
{
	for (uint32_t i = 0; agent != 0 && i < config->engine.n_agents; i++)
		if (config->engine.agents[i].id == agent - 1)
			return config->agents[i].user;
	return "";
}

static const struct zv_config_campaign *campaign_of(const struct zv_config *config, uint32_t id)
{
	for (uint32_t i = 0; id != 0 && i < config->engine.n_campaigns; i++)
		if (config->engine.campaigns[i].id == id)
			return &config->campaigns[i];
	return NULL;
}

static json_t *text_or_null(const char *text)
{
	return text != NULL && text[0] != 0 ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t ms)
{
	return ms != 0 ? json_integer(ms) : json_null();
}

static json_t *number_json(uint64_t e164)
{
	char text[24];

	if (e164 == 0 || (e164 & ZV_NUMBER_HASHED) != 0)
		return json_null();
	(void)snprintf(text, sizeof(text), "+%" PRIu64, e164);
	return json_string(text);
}

static const char *result_name(const struct zv_config_campaign *c, uint8_t result)
{
	return c != NULL && result > 0 && result <= c->n_results ? c->results[result - 1] : "";
}

json_t *zv_form_json(const struct zv_config_form *form)
{
	/* as the pages call their inputs */
	static const char *const types[] = {"text", "number", "date", "select", "phone", "check"};
	json_t *list = json_array();

	for (uint8_t i = 0; form != NULL && i < form->n_fields; i++) {
		const struct zv_config_field *f = &form->fields[i];
		json_t *one = json_pack("{s:s, s:s, s:s, s:b}", "name", f->name, "title",
					f->title[0] != 0 ? f->title : f->name, "type", types[f->type],
					"required", f->required);
		json_t *options = f->n_choices > 0 ? json_array() : NULL;

		for (uint8_t k = 0; k < f->n_choices; k++)
			(void)json_array_append_new(options, json_string(f->choices[k]));
		if (options != NULL)
			(void)json_object_set_new(one, "options", options);
		(void)json_array_append_new(list, one);
	}
	return list;
}

/* ---- the lead ---- */

static const char *status_word(const struct zv_lead_row *row)
{
	static const char *const words[] = {"", "due", "calling", "asking", "final", "removed"};

	return row->state < sizeof(words) / sizeof(words[0]) ? words[row->state] : "";
}

static json_t *fields_json(const struct zv_lead_row *row)
{
	static const size_t most = 256;
	json_t *fields = json_object();
	const char *end = row->attrs + row->attrs_len;

	for (const char *p = row->attrs; p < end && json_object_size(fields) < most;) {
		const char *value = p + strlen(p) + 1;

		/* What a list brought in another code page than it said is left out. */
		(void)json_object_set_new(fields, p, json_string(value));
		p = value + strlen(value) + 1;
	}
	return fields;
}

/* A text of the campaign's desk with the lead's own values; "" if there is none. */
static void desk_text(const struct zv_conf_node *at, const struct zv_lead_row *row,
		      char text[ZV_TEMPLATE_TEXT_MAX])
{
	const char *template = zv_conf_text(at);

	if (template == NULL || zv_template_render(template, row->attrs, row->attrs_len, text,
						   ZV_TEMPLATE_TEXT_MAX, NULL) != ZV_OK)
		text[0] = 0;
}

/* What is owed, as the campaign says in which columns it stands.  NULL: nothing. */
static json_t *debt_json(const struct zv_config_campaign *c, const struct zv_lead_row *row)
{
	static const char *const texts[] = {"amount", "currency", "due"};
	const struct zv_conf_node *debt = c != NULL ? zv_conf_get(c->desk, "debt") : NULL;
	char text[ZV_TEMPLATE_TEXT_MAX], *end;
	json_t *o;
	long days;

	desk_text(zv_conf_get(debt, "amount"), row, text);
	if (text[0] == 0)
		return NULL;
	o = json_object();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		desk_text(zv_conf_get(debt, texts[i]), row, text);
		if (text[0] != 0)
			(void)json_object_set_new(o, texts[i], json_string(text));
	}
	desk_text(zv_conf_get(debt, "overdue_days"), row, text);
	days = strtol(text, &end, 10);
	if (end != text && *end == 0 && days > 0 && days < 100000)
		(void)json_object_set_new(o, "overdue_days", json_integer(days));
	return o;
}

json_t *zv_lead_json(const struct zv_config *config, const struct zv_lead_row *row)
{
	static const char *const classes[] = {"hot", "callback", "normal", "later"};
	const struct zv_config_campaign *c = campaign_of(config, row->campaign);
	const char *category = c != NULL && row->category > 0 && row->category <= c->n_categories
				       ? c->categories[row->category - 1] : "";

	return json_pack("{s:I, s:o, s:s, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "lead",
			 (json_int_t)row->lead, "campaign", text_or_null(c != NULL ? c->name : ""),
			 "status", status_word(row), "category", text_or_null(category), "attempts",
			 (int)row->attempts, "round", (int)row->round, "due", time_or_null(row->due_ms),
			 "class", text_or_null(row->due_ms != 0 && row->due_class < 4
						       ? classes[row->due_class] : ""),
			 "owner", text_or_null(zv_agent_name(config, row->owner)), "accepted_ms",
			 time_or_null(row->accepted_ms), "first_call_ms", time_or_null(row->first_ms),
			 "sla_s", row->sla_s != 0 ? json_integer(row->sla_s) : json_null());
}

/* ---- the person and what happened ---- */

static json_t *person_json(const struct zv_card *card)
{
	const struct zv_person_row *p = card->person;
	json_t *numbers = json_array(), *person;
	const char *name = card->lead != NULL
				   ? zv_attr_find(card->lead->attrs, card->lead->attrs_len, "name") : NULL;

	for (uint8_t i = 0; i < p->n_numbers; i++)
		(void)json_array_append_new(numbers, number_json(p->numbers[i].brief.e164));
	person = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)p->person, "external_id",
			   text_or_null(p->external_id), "jurisdiction", text_or_null(p->jur), "region",
			   text_or_null(p->region), "language", text_or_null(p->language), "numbers",
			   numbers);
	if (name != NULL)
		(void)json_object_set_new(person, "name", json_string(name));
	return person;
}

static void add_note(json_t *one, const struct zv_note *note)
{
	json_t *fields = note->fields[0] != 0 ? json_loads(note->fields, JSON_REJECT_DUPLICATES, NULL)
					      : NULL;

	(void)json_object_set_new(one, "comment", text_or_null(note->comment));
	(void)json_object_set_new(one, "topic", text_or_null(note->topic));
	(void)json_object_set_new(one, "subtopic", text_or_null(note->subtopic));
	(void)json_object_set_new(one, "reason", text_or_null(note->reason));
	if (note->agent[0] != 0)
		(void)json_object_set_new(one, "agent", json_string(note->agent));
	if (fields != NULL)
		(void)json_object_set_new(one, "fields", fields);
}

static json_t *contact_json(const struct zv_config *config, const struct zv_card_contact *contact)
{
	const struct zv_ledger_row *row = &contact->row;
	const struct zv_config_campaign *c = campaign_of(config, row->contact.campaign);
	const char *result = result_name(c, row->result);
	int talk_s = row->contact.connect_s > 0 && row->contact.end_s > row->contact.connect_s
			     ? row->contact.end_s - row->contact.connect_s : 0;
	char attempt[33];
	json_t *one;

	(void)snprintf(attempt, sizeof(attempt), "%016" PRIx64 "%016" PRIx64, row->contact.attempt.hi,
		       row->contact.attempt.lo);
	one = json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:i}", "at",
			(json_int_t)row->contact.at_ms, "channel", zv_word_channel(row->contact.channel),
			"outcome", text_or_null(row->outcome != ZV_OUT_NONE ? zv_word_outcome(row->outcome)
									    : ""),
			"result", text_or_null(result), "agent",
			text_or_null(zv_agent_name(config, row->agent)), "campaign",
			text_or_null(c != NULL ? c->name : ""), "number", number_json(row->contact.e164),
			"attempt", attempt, "kind", text_or_null(zv_word_talk_kind(row->talk_kind)),
			"talk_s", talk_s);
	if (one != NULL && contact->noted)
		add_note(one, &contact->note);
	if (one != NULL && contact->recorded)
		(void)json_object_set_new(one, "recorded_ms", json_integer((json_int_t)contact->recorded_ms));
	return one;
}

json_t *zv_api_card_json(const struct zv_config *config, const struct zv_card *card)
{
	json_t *whole = card->lead != NULL ? zv_lead_json(config, card->lead) : json_object();
	json_t *history = json_array(), *leads = json_array();

	for (uint32_t i = 0; i < card->n_contacts; i++)
		(void)json_array_append_new(history, contact_json(config, &card->contacts[i]));
	for (uint32_t i = 0; i < card->n_leads; i++)
		(void)json_array_append_new(leads, json_integer((json_int_t)card->leads[i]));
	(void)json_object_set_new(whole, "person", person_json(card));
	if (card->lead != NULL) {
		json_t *debt = debt_json(campaign_of(config, card->lead->campaign), card->lead);

		(void)json_object_set_new(whole, "fields", fields_json(card->lead));
		if (debt != NULL)
			(void)json_object_set_new(whole, "debt", debt);
	}
	if (card->callback_ms != 0)
		(void)json_object_set_new(whole, "callback",
					  json_pack("{s:I, s:o}", "at", (json_int_t)card->callback_ms,
						    "agent", text_or_null(zv_agent_name(
								     config, card->lead->owner))));
	(void)json_object_set_new(whole, "leads", leads);
	(void)json_object_set_new(whole, "history", history);
	return whole;
}
