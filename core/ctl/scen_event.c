/* What happened before the question, what the campaign counted, and the question. */
#include <string.h>

#include "ctl/scen.h"

static const struct zv_conf_node *of_campaign(const struct zv_scen *s, const char *key)
{
	return zv_scen_get(s, "campaign", key);
}

/* The event's own word, else the campaign's. */
static const struct zv_conf_node *own_or_campaign(const struct zv_scen *s,
                                                  const struct zv_conf_node *map, const char *key)
{
	const struct zv_conf_node *own = zv_conf_get(map, key);

	return own != NULL ? own : of_campaign(s, key);
}

static uint32_t name32(const struct zv_scen *s, const struct zv_conf_node *map, const char *key)
{
	return (uint32_t)zv_scen_name(own_or_campaign(s, map, key));
}

/* A caller is named by its number. */
static uint32_t caller32(struct zv_scen *s, const struct zv_conf_node *map)
{
	uint64_t e164 = zv_scen_phone(s, own_or_campaign(s, map, "caller"));
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)e164);

	return e164 != 0 ? (uint32_t)zv_rule_name(digits, (size_t)n) : 0;
}

/* The campaign's number; one that has no name is the campaign "this". */
static uint32_t campaign32(const struct zv_scen *s, const struct zv_conf_node *map)
{
	const struct zv_conf_node *own = zv_conf_get(map, "campaign");

	own = own != NULL ? own : of_campaign(s, "name");
	return own != NULL ? (uint32_t)zv_scen_name(own) : (uint32_t)zv_rule_name("this", 4);
}

static uint64_t number_of(struct zv_scen *s, const struct zv_conf_node *map, uint8_t channel)
{
	const struct zv_conf_node *node = zv_conf_get(map, "number");

	if (node != NULL)
		return zv_scen_phone(s, node);
	if (channel == ZV_CHANNEL_EMAIL || channel == ZV_CHANNEL_VISIT)
		return 0;
	return s->person.e164[0];
}

static bool is_voice(uint8_t channel)
{
	return channel == ZV_CHANNEL_VOICE_AGENT || channel == ZV_CHANNEL_VOICE_AI ||
	       channel == ZV_CHANNEL_VOICE_PREREC;
}

static uint16_t facts_of(struct zv_scen *s, const struct zv_conf_node *event)
{
	const struct zv_conf_node *was = zv_conf_get(event, "was");
	uint16_t facts = (uint16_t)zv_scen_words(s, was, zv_scen_facts, false);

	if (was == NULL)
		zv_conf_error(s->sink, event, "an event wants `was`: the step that it came to");
	return facts;
}

static struct zv_contact make_contact(struct zv_scen *s, const struct zv_conf_node *event)
{
	struct zv_contact c = {
	        .campaign = campaign32(s, event),
	        .caller = caller32(s, event),
	        .debt = name32(s, event, "debt"),
	        .topic = name32(s, event, "topic"),
	        .facts = facts_of(s, event),
	        .channel = (uint8_t)zv_scen_word(s, own_or_campaign(s, event, "channel"),
	                                         zv_scen_channels),
	        .exclude = (uint8_t)zv_scen_words(s, zv_conf_get(event, "exclude"),
	                                          zv_scen_excludes, false),
	        .dial_s = (uint16_t)zv_scen_seconds(s, zv_conf_get(event, "dialled_for"),
	                                            UINT16_MAX),
	        .connect_s = (uint16_t)zv_scen_seconds(s, zv_conf_get(event, "answered_after"),
	                                               UINT16_MAX),
	        .open = zv_scen_yes(s, zv_conf_get(event, "open")),
	};

	c.end_s = (uint16_t)zv_scen_seconds(s, zv_conf_get(event, "ended_after"), UINT16_MAX);
	if (zv_conf_get(event, "ended_after") == NULL)
		c.end_s = c.connect_s;
	c.e164 = number_of(s, event, c.channel);
	return c;
}

/* Keeps contacts in the order of time. */
static void add_contact(struct zv_scen *s, const struct zv_conf_node *event,
                        const struct zv_contact *contact)
{
	struct zv_person_slab *p = &s->person;
	size_t i = p->n_contacts;

	if (i == ZV_CONTACTS_MAX) {
		zv_conf_error(s->sink, event, "at most %d events fit", ZV_CONTACTS_MAX);
		return;
	}
	for (; i > 0 && p->contacts[i - 1].at_ms > contact->at_ms; i--) {
		p->contacts[i] = p->contacts[i - 1];
		s->event_name[i] = s->event_name[i - 1];
	}
	p->contacts[i] = *contact;
	if (contact->open || (is_voice(contact->channel) &&
	                      (contact->exclude & ZV_EXCLUDE_INBOUND) == 0))
		p->contacts[i].attempt = (struct zv_attempt_id){.hi = 1, .lo = p->n_contacts + 1u};
	s->event_name[i] = zv_conf_text(zv_conf_get(event, "name"));
	p->n_contacts++;
}

static void read_event(struct zv_scen *s, const struct zv_conf_node *event)
{
	const struct zv_conf_node *at = zv_conf_get(event, "at");
	struct zv_contact c;

	zv_scen_keys(s->sink, event,
	             "name at was channel number campaign caller debt topic exclude dialled_for "
	             "answered_after ended_after open");
	c = make_contact(s, event);
	if (zv_conf_node_kind(at) != ZV_CONF_LIST) {
		c.at_ms = zv_scen_time(s, at, false);
		add_contact(s, event, &c);
		return;
	}
	for (size_t i = 0; i < zv_conf_count(at); i++) {
		c.at_ms = zv_scen_time(s, zv_conf_at(at, i), false);
		add_contact(s, event, &c);
	}
}

/* A campaign's counts: `- {at: ..., live_answer: 97}`. */
static void read_tally(struct zv_scen *s, const struct zv_conf_node *list)
{
	static const struct {
		const char *word;
		enum zv_fact fact;
	} facts[] = {{"attempt", ZV_FACT_ATTEMPT},         {"connect", ZV_FACT_CONNECT},
	             {"machine", ZV_FACT_MACHINE},         {"live_answer", ZV_FACT_LIVE_ANSWER},
	             {"abandon", ZV_FACT_ABANDON},         {"silent", ZV_FACT_SILENT},
	             {"conversation", ZV_FACT_CONVERSATION}};
	const struct zv_conf_node *start = of_campaign(s, "start");

	s->has_tally = list != NULL || start != NULL;
	if (start != NULL)
		s->tally.origin_ms = zv_scen_time(s, start, false);
	for (size_t i = 0; i < zv_conf_count(list); i++) {
		const struct zv_conf_node *one = zv_conf_at(list, i);
		int64_t at_ms = zv_scen_time(s, zv_conf_get(one, "at"), false);

		zv_scen_keys(s->sink, one,
		             "at attempt connect machine live_answer abandon silent conversation");
		for (size_t k = 0; k < sizeof(facts) / sizeof(facts[0]); k++) {
			uint32_t n = zv_scen_count(s, zv_conf_get(one, facts[k].word), 20000);

			while (n-- > 0)
				zv_tally_add(&s->tally, at_ms, ZV_FACT_BIT(facts[k].fact));
		}
	}
}

void zv_scen_read_events(struct zv_scen *s)
{
	static const char keys[] = "name purpose channel mode actor party caller debt topic start "
	                           "default_zone";
	const struct zv_conf_node *list = zv_conf_get(s->node, "events");

	zv_scen_keys(s->sink, zv_conf_get(s->file, "campaign"), keys);
	zv_scen_keys(s->sink, zv_conf_get(s->node, "campaign"), keys);
	for (size_t i = 0; i < zv_conf_count(list); i++)
		read_event(s, zv_conf_at(list, i));
	if (s->person.first_ms == 0 && s->person.n_contacts > 0)
		s->person.first_ms = s->person.contacts[0].at_ms;
	read_tally(s, zv_conf_get(s->node, "tally"));
}

static void read_self(struct zv_scen *s, const struct zv_conf_node *node)
{
	const char *name = zv_conf_text(node);

	if (node == NULL)
		return;
	for (size_t i = 0; name != NULL && i < s->person.n_contacts; i++) {
		if (s->event_name[i] != NULL && strcmp(s->event_name[i], name) == 0) {
			s->ask.self = s->person.contacts[i].attempt;
			return;
		}
	}
	zv_conf_error(s->sink, node, "no event has that name");
}

static uint8_t line_of(const struct zv_person_slab *p, uint64_t e164)
{
	for (size_t i = 0; i < p->n_numbers; i++) {
		if (p->e164[i] == e164)
			return p->line[i];
	}
	return ZV_LINE_NONE;
}

void zv_scen_read_ask(struct zv_scen *s)
{
	const struct zv_conf_node *ask = zv_conf_get(s->node, "ask"), *zone;
	struct zv_ask *a = &s->ask;

	zv_scen_keys(s->sink, ask,
	             "at number campaign caller debt topic purpose channel mode actor party line "
	             "agent_sure dial self expected_answers false_machines");
	*a = (struct zv_ask){
	        .now_ms = zv_scen_time(s, zv_conf_get(ask, "at"), false),
	        .campaign = campaign32(s, ask),
	        .caller = caller32(s, ask),
	        .debt = name32(s, ask, "debt"),
	        .topic = name32(s, ask, "topic"),
	        .agent_sure = zv_scen_yes(s, zv_conf_get(ask, "agent_sure")),
	        .dial_s = (uint16_t)zv_scen_seconds(s, zv_conf_get(ask, "dial"), UINT16_MAX),
	};
	a->purpose = (uint8_t)zv_scen_word(s, own_or_campaign(s, ask, "purpose"), zv_scen_purposes);
	a->channel = (uint8_t)zv_scen_word(s, own_or_campaign(s, ask, "channel"), zv_scen_channels);
	a->mode = (uint8_t)zv_scen_word(s, own_or_campaign(s, ask, "mode"), zv_scen_modes);
	a->actor = (uint8_t)zv_scen_word(s, own_or_campaign(s, ask, "actor"), zv_scen_actors);
	a->party = (uint8_t)zv_scen_word(s, own_or_campaign(s, ask, "party"), zv_scen_parties);
	a->e164 = number_of(s, ask, a->channel);
	a->line = line_of(&s->person, a->e164);
	if (zv_conf_get(ask, "line") != NULL)
		a->line = (uint8_t)zv_scen_word(s, zv_conf_get(ask, "line"), zv_scen_lines);
	zone = of_campaign(s, "default_zone");
	if (zone != NULL && zv_conf_text(zone) != NULL && zv_conf_text(zone)[0] != 0) {
		a->default_zone = zv_scen_zone(s, zone);
		a->default_zone_known = true;
	}
	read_self(s, zv_conf_get(ask, "self"));
	s->expected_answers = zv_scen_count(s, zv_conf_get(ask, "expected_answers"), 10000000);
	s->false_machines = zv_scen_share(s, zv_conf_get(ask, "false_machines"));
}

static void decide(struct zv_scen *s)
{
	struct zv_rule_plan plan;

	zv_rules_plan(s->rules, &s->ask, s->person.jur, &plan);
	s->has_budget = zv_rules_budget(s->rules, &plan, &s->tally, s->ask.now_ms,
	                                s->expected_answers, s->false_machines,
	                                s->person.n_residence > 0 ? s->person.residence[0] : s->zone,
	                                &s->budget);
	zv_decide(s->rules, NULL, &s->person, s->has_tally ? &s->tally : NULL, &s->ask,
	          &s->verdict);
}

bool zv_scen_run(struct zv_scen *s)
{
	static const char keys[] = "name rules lines only calendars zone person campaign events "
	                           "tally ask expect";
	const struct zv_conf_node *zone = zv_conf_get(s->node, "zone");
	uint32_t errors = s->sink->n_errors;

	if (zone == NULL)
		zone = zv_conf_get(s->file, "zone");
	if (zone == NULL)
		zv_conf_error(s->sink, s->node, "`zone` is wanted: whose clock the times are of");
	else
		s->zone = zv_scen_zone(s, zone);
	zv_scen_keys(s->sink, s->node, keys);
	zv_scen_read_person(s);
	zv_scen_read_events(s);
	zv_scen_read_ask(s);
	if (s->sink->n_errors != errors)
		return false;
	decide(s);
	zv_scen_compare(s);
	return s->sink->n_errors == errors;
}

void zv_scen_question(const struct zv_scen *s, char *to, size_t size)
{
	const struct zv_ask *a = &s->ask;
	char when[96], number[32] = "";

	zv_scen_time_text(s, a->now_ms, when, sizeof(when));
	if (a->e164 != 0)
		(void)snprintf(number, sizeof(number), " +%llu", (unsigned long long)a->e164);
	(void)snprintf(to, size,
	               "may we contact%s (%s, jurisdiction %s) on %s, purpose %s, channel %s, mode %s, "
	               "actor %s%s?",
	               number, zv_scen_word_of(zv_scen_parties, a->party),
	               s->person.jur[0] != 0 ? s->person.jur : "unknown", when,
	               zv_scen_word_of(zv_scen_purposes, a->purpose),
	               zv_scen_word_of(zv_scen_channels, a->channel),
	               zv_scen_word_of(zv_scen_modes, a->mode),
	               zv_scen_word_of(zv_scen_actors, a->actor),
	               a->agent_sure ? ", an agent is sure" : "");
}
