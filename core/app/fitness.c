/* May a campaign start?  It must say what it is for and how it calls, and give what the rules of
 * its jurisdiction ask of such calls. */
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "app/config.h"
#include "dial/rules/decide.h"
#include "law/law.h"

#define DAY_MS INT64_C(86400000)

/* One campaign under one jurisdiction's rules.  Each thing that is missing goes to sink (NULL:
 * nobody) and the first to text. */
struct look {
	const struct zv_config *config;
	const struct zv_config_campaign *c;
	const struct zv_campaign_conf *e;
	const struct zv_rule *rule;
	uint32_t at; /* index of rule */
	struct zv_conf_sink *sink;
	char *text;
	size_t text_size;
	bool warn; /* the rule only warns */
};

__attribute__((format(printf, 3, 4))) static void missing(struct look *l, const char *key,
							  const char *fmt, ...)
{
	const struct zv_conf_node *at = zv_conf_get(l->c->node, key);
	char said[200], line[320];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	(void)snprintf(line, sizeof(line), "rule %s (%.60s) %s", l->rule->id,
		       zv_law_text(l->config->rules.law, l->at)->law, said);
	if (l->sink != NULL)
		zv_conf_warn(l->sink, at != NULL ? at : l->c->node, "campaign %s%s: %s", l->c->name,
			     l->warn ? "" : " does not start", line);
	if (!l->warn && l->text[0] == 0)
		(void)snprintf(l->text, l->text_size, "%s", line);
}

static bool stands_in(const char *name, const char *const *v, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++)
		if (strcmp(v[i], name) == 0)
			return true;
	return false;
}

/* Names that a rule lists: those that are missing from what the campaign says, or (must_not)
 * those that stand there. */
static void look_at_names(struct look *l, const json_t *list, const char *key, bool must_not)
{
	bool abandoned = strcmp(key, "abandon_announces") == 0;
	const char *const *v = abandoned ? l->c->abandon_announces : l->c->announces;
	uint8_t n = abandoned ? l->c->n_abandon_announces : l->c->n_announces;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name == NULL || stands_in(name, v, n) != must_not)
			continue;
		if (must_not)
			missing(l, key, "forbids '%s' in the message to an abandoned call: take it out "
				"of the message and of %s", name, key);
		else
			missing(l, key, "wants '%s' said%s: say it and write it to %s", name,
				abandoned ? " to an abandoned call" : "", key);
	}
}

static bool has_optout(const struct zv_config_campaign *c)
{
	for (uint8_t i = 0; c->script != NULL && i < c->script->graph.n_nodes; i++)
		if (c->script->graph.nodes[i].optout != ZV_TALK_STAYS)
			return true;
	return false;
}

static void look_at_caller_id(struct look *l)
{
	static const struct { uint8_t bit; const char *words; } facts[] = {
		{ZV_CLI_OWN_CONTRACT, "own_contract"}, {ZV_CLI_REGISTERED, "registered"},
		{ZV_CLI_CALLABLE, "callable"}, {ZV_CLI_NATIONAL, "national"}};
	const struct zv_rule_treat *t = &l->rule->u.treat;
	size_t characters = 0;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if ((t->cli & facts[i].bit) != 0 && (l->c->cli & facts[i].bit) == 0)
			missing(l, "caller_id", "wants it of the caller numbers: if it is so, write "
				"caller_id: {%s: yes}", facts[i].words);
	for (uint32_t i = 0; (t->cli & ZV_CLI_SHOWN) != 0 && i < l->config->engine.n_trunks; i++)
		if (l->config->sip_trunks[i].privacy == ZV_PRIVACY_ID)
			missing(l, "caller_id", "forbids hidden numbers: trunks.%s has privacy: id",
				l->config->engine.trunks[i].name);
	for (const char *p = l->c->label; *p != 0; p++)
		characters += ((unsigned char)*p & 0xc0) != 0x80;
	if (t->label_max != 0 && characters == 0)
		missing(l, "caller_id", "wants a label beside the number, of at most %u characters: "
			"write caller_id: {label: TEXT} as agreed with the operator", t->label_max);
	else if (t->label_max != 0 && characters > t->label_max)
		missing(l, "caller_id", "allows a label of %u characters, this one has %zu",
			t->label_max, characters);
}

/* The lists' names stand as hashes in the set; their texts are in the rule's line. */
static void look_at_treatment(struct look *l)
{
	const struct zv_law_text *said = zv_law_text(l->config->rules.law, l->at);
	const struct zv_rule_treat *t = &l->rule->u.treat;
	json_t *line = json_loadb(said->json, said->json_len, 0, NULL);
	const json_t *treat = json_object_get(line, "treat");
	const json_t *play = json_object_get(treat, "else_play");
	bool abandons = l->e->mode == ZV_MODE_PREDICTIVE || l->e->mode == ZV_MODE_PROGRESSIVE;

	if (t->ring_min_ms > l->e->ring_ms)
		missing(l, "ring_time", "lets a call ring for at least %u s: ring_time is %u s",
			t->ring_min_ms / 1000, l->e->ring_ms / 1000);
	look_at_names(l, json_object_get(json_object_get(treat, "announce"), "say"), "announces", false);
	if (abandons && play != NULL) {
		look_at_names(l, json_object_get(play, "must_say"), "abandon_announces", false);
		if (l->c->script != NULL && l->c->script->abandon_prompt == ZV_TALK_NONE)
			missing(l, "script", "wants a message to an abandoned call: give the script an "
				"abandon_message");
	}
	look_at_names(l, json_object_get(play, "must_not"), "abandon_announces", true);
	if (t->optout == ZV_OPTOUT_IVR && !has_optout(l->c))
		missing(l, "script", "wants a key that ends the calls: give an end of the script "
			"`optout: everywhere`");
	if (t->optout == ZV_OPTOUT_PHONE &&
	    !stands_in("optout_number", l->c->announces, l->c->n_announces) &&
	    !stands_in("optout_number", l->c->abandon_announces, l->c->n_abandon_announces))
		missing(l, "announces", "wants a number to decline further calls said: say it and write "
			"optout_number to announces");
	look_at_caller_id(l);
	json_decref(line);
}

/* Rules that may bind this campaign in this jurisdiction. */
static void plan_of(const struct look *l, const char *jur, struct zv_rule_plan *plan)
{
	struct zv_ask ask = {.campaign = l->e->id, .purpose = l->e->purpose, .channel = l->e->channel,
			     .mode = l->e->mode, .actor = l->e->actor};

	zv_rules_plan(l->config->engine.rules, &ask, jur, plan);
}

static bool look_at_rules(struct look *l, const char *jur, int64_t cal_ms)
{
	const struct zv_rules *rules = l->config->engine.rules;
	struct zv_rule_plan plan;

	plan_of(l, jur, &plan);
	for (uint16_t i = 0; i < plan.n; i++) {
		l->at = plan.rules[i];
		l->rule = &rules->v[l->at];
		l->warn = l->rule->effect == ZV_EFFECT_WARN;
		if (l->rule->kind == ZV_RULE_TREAT && l->rule->from_ms <= cal_ms &&
		    cal_ms < l->rule->to_ms)
			look_at_treatment(l);
	}
	return l->text[0] == 0;
}

/* Nobody compared a rule with its source for too long.  Policy is one's own: it does not age. */
static void look_at_age(struct look *l, const char *jur, int32_t today)
{
	const struct zv_rules *rules = l->config->engine.rules;
	bool accepted = l->config->rules.accept_stale == rules->hash;
	struct zv_rule_plan plan;

	plan_of(l, jur, &plan);
	for (uint16_t i = 0; i < plan.n; i++) {
		const struct zv_rule *rule = &rules->v[plan.rules[i]];

		l->at = plan.rules[i];
		l->rule = rule;
		l->warn = accepted;
		if (rule->trust == ZV_TRUST_POLICY || today - rule->seen_day <= ZV_LAW_STALE_DAYS)
			continue;
		missing(l, "jurisdiction", "was compared with its source %d days ago, over %d: have it "
			"looked at, or write rules: {accept_stale: %016llx}", today - rule->seen_day,
			ZV_LAW_STALE_DAYS, (unsigned long long)rules->hash);
		return;
	}
}

static bool unstated(struct zv_config_campaign *c, const struct zv_campaign_conf *e,
		     struct zv_conf_sink *sink)
{
	const struct { bool is_there; const char *key, *words; } keys[] = {
		{e->purpose != 0, "purpose",
		 "collection, marketing, lead_callback, reminder, cleanup or service"},
		{e->channel != 0, "channel", "voice_agent, voice_ai or voice_prerec"},
		{e->mode != 0, "mode", "predictive, progressive, preview, manual or robot"},
		{e->actor != 0, "actor", "creditor, collector or telemarketer"}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].is_there)
			continue;
		if (c->unfit[0] == 0)
			(void)snprintf(c->unfit, sizeof(c->unfit),
				       "it does not state its %s: write `%s:` with one of %s", keys[i].key,
				       keys[i].key, keys[i].words);
		zv_conf_warn(sink, c->node, "campaign %s does not start: write `%s:` with one of %s",
			     c->name, keys[i].key, keys[i].words);
	}
	return c->unfit[0] != 0;
}

void zv_config_fitness(struct zv_config *config, int64_t cal_ms, struct zv_conf_sink *sink)
{
	for (uint32_t i = 0; i < config->engine.n_campaigns; i++) {
		struct zv_config_campaign *c = &config->campaigns[i];
		struct look l = {.config = config, .c = c, .e = &config->engine.campaigns[i],
				 .sink = sink, .text = c->unfit, .text_size = sizeof(c->unfit)};

		c->unfit[0] = 0;
		if (!l.e->enabled || unstated(c, l.e, sink))
			continue;
		if (config->rules.law == NULL) {
			(void)snprintf(c->unfit, sizeof(c->unfit), "there are no rules, and without "
				       "rules nobody is called: write rules: {files: FOLDER}");
			zv_conf_warn(sink, c->node, "campaign %s does not start: %s", c->name, c->unfit);
			continue;
		}
		if (c->jurisdiction[0] == 0)
			continue; /* where its leads are is seen when they are read */
		look_at_age(&l, c->jurisdiction, (int32_t)(cal_ms / DAY_MS));
		(void)look_at_rules(&l, c->jurisdiction, cal_ms);
	}
}

bool zv_config_treats(const struct zv_config *config, uint32_t campaign, const char *jur,
		      int64_t cal_ms, char *text, size_t text_size)
{
	struct look l = {.config = config, .c = &config->campaigns[campaign],
			 .e = &config->engine.campaigns[campaign], .text = text,
			 .text_size = text_size};

	text[0] = 0;
	if (config->engine.rules == NULL)
		return true; /* the engine says no to everything */
	look_at_age(&l, jur, (int32_t)(cal_ms / DAY_MS));
	return look_at_rules(&l, jur, cal_ms);
}
