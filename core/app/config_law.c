/* What a campaign states for the rules: purpose, channel, mode, actor, and what its calls are
 * like.  Whether the rules let it start is fitness.c's. */
#include <string.h>

#include "app/config_build.h"

static const char *text(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_value(&zv_config_schema, ZV_CAMPAIGN_PATH, node, path);
}

/* 1 + index of the word, as the enums of dial/rules/rules.h count; 0: not stated. */
static uint8_t word(const struct zv_conf_node *node, const char *path)
{
	if (text(node, path) == NULL)
		return 0;
	return (uint8_t)(1 + zv_conf_number(&zv_config_schema, ZV_CAMPAIGN_PATH, node, path));
}

static bool yes(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_number(&zv_config_schema, ZV_CAMPAIGN_PATH, node, path) != 0;
}

static uint8_t list_of(struct zv_config_build *b, const struct zv_conf_node *list, const char **v)
{
	uint8_t n = 0;

	if (zv_conf_count(list) > ZV_CONFIG_NAMES_MAX)
		zv_conf_error(b->sink, list, "at most %d names", ZV_CONFIG_NAMES_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && n < ZV_CONFIG_NAMES_MAX; i++)
		if (zv_conf_text(zv_conf_at(list, i)) != NULL)
			v[n++] = zv_conf_text(zv_conf_at(list, i));
	return n;
}

/* "RU", "US-FL": ISO 3166-1, and a part as in 3166-2. */
bool zv_config_is_jurisdiction(const char *jur)
{
	size_t n = strlen(jur);

	if (n < 2 || n >= ZV_JUR_MAX || n == 3 || (n > 2 && jur[2] != '-'))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool letter = jur[i] >= 'A' && jur[i] <= 'Z';
		bool digit = jur[i] >= '0' && jur[i] <= '9';

		if (i != 2 && !letter && (i < 2 || !digit))
			return false;
	}
	return true;
}

static void build_message_channels(struct zv_config_build *b, const struct zv_conf_node *node,
				   const struct zv_config_campaign *c, struct zv_campaign_conf *e)
{
	static const char *const ways[] = {"sms", "messenger", "email"}; /* as the enum counts */
	const struct zv_conf_node *map = zv_conf_get(node, "message_channels");

	for (uint8_t m = 0; m < c->n_messages; m++)
		e->message_channels[m] = ZV_CHANNEL_SMS;
	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const char *name = zv_conf_key(map, i);
		const char *way = zv_conf_text(zv_conf_at(map, i));
		uint8_t m = 0;

		while (m < c->n_messages && strcmp(c->messages[m], name) != 0)
			m++;
		if (m == c->n_messages)
			zv_conf_error_key(b->sink, zv_conf_at(map, i),
					  "campaigns.%s.message_channels: there is no message '%.47s'",
					  c->name, name);
		for (uint8_t k = 0; way != NULL && m < c->n_messages && k < 3; k++)
			if (strcmp(way, ways[k]) == 0)
				e->message_channels[m] = (uint8_t)(ZV_CHANNEL_SMS + k);
	}
}

static void build_denied(struct zv_config_build *b, const struct zv_conf_node *node,
			 const struct zv_config_campaign *c, struct zv_campaign_conf *e)
{
	const char *said = text(node, "on_denied");

	for (uint8_t i = 0; said != NULL && i < c->n_categories; i++)
		if (strcmp(c->categories[i], said) == 0)
			e->denied_category = (uint8_t)(i + 1);
	if (said != NULL && e->denied_category == 0)
		zv_conf_error(b->sink, zv_conf_get(node, "on_denied"),
			      "campaigns.%s.on_denied: '%.47s' is none of its categories", c->name, said);
}

enum zv_err zv_config_build_law(struct zv_config_build *b, const struct zv_conf_node *node, uint32_t i)
{
	struct zv_config_campaign *c = &b->config->campaigns[i];
	struct zv_campaign_conf *e = &b->config->engine.campaigns[i];
	const char *topic = text(node, "topic");

	c->node = node;
	e->purpose = word(node, "purpose");
	e->channel = word(node, "channel");
	e->mode = word(node, "mode");
	e->actor = word(node, "actor");
	e->party = word(node, "party");
	e->false_machines_ppm = (uint16_t)zv_conf_number(&zv_config_schema, ZV_CAMPAIGN_PATH, node,
							 "false_machines");
	c->topic = topic[0] != 0 ? (uint32_t)zv_rule_name(topic, strlen(topic)) : 0;
	c->jurisdiction = zv_config_keep(b->config, text(node, "jurisdiction"));
	c->label = zv_config_keep(b->config, text(node, "caller_id.label"));
	if (c->jurisdiction == NULL || c->label == NULL)
		return ZV_ENOMEM;
	if (c->jurisdiction[0] != 0 && !zv_config_is_jurisdiction(c->jurisdiction))
		zv_conf_error(b->sink, zv_conf_get(node, "jurisdiction"),
			      "campaigns.%s.jurisdiction: '%s' is no country (RU) or state of one (US-FL)",
			      c->name, c->jurisdiction);
	c->n_announces = list_of(b, zv_conf_get(node, "announces"), c->announces);
	c->n_abandon_announces = list_of(b, zv_conf_get(node, "abandon_announces"),
					 c->abandon_announces);
	c->cli = (uint8_t)((yes(node, "caller_id.own_contract") ? ZV_CLI_OWN_CONTRACT : 0) |
			   (yes(node, "caller_id.registered") ? ZV_CLI_REGISTERED : 0) |
			   (yes(node, "caller_id.callable") ? ZV_CLI_CALLABLE : 0) |
			   (yes(node, "caller_id.national") ? ZV_CLI_NATIONAL : 0));
	build_message_channels(b, node, c, e);
	build_denied(b, node, c, e);
	e->zone = c->zone_number;
	/* Only a zone that somebody wrote stands for leads of unknown place. */
	e->zone_known = zv_conf_get(node, "zone") != NULL;
	return ZV_OK;
}
