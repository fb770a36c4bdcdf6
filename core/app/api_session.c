/* GET /api/v1/me: who asks, how he stands, and what his page needs. */
#include <string.h>

#include "app/api_in.h"
#include "app/card.h"

static const char *const modes[] = {"", "predictive", "progressive", "preview", "manual", "robot"};

static bool has_skill(const struct zv_agent_conf *agent, const struct zv_campaign_conf *c)
{
	for (uint8_t i = 0; i < agent->n_skills && i < ZV_AGENT_SKILLS_MAX; i++) {
		if (agent->skills[i].skill == c->agent_skill && agent->skills[i].level >= c->agent_level_min)
			return true;
	}
	return c->agent_skill == 0;
}

/* As the engine sees it: the campaigns that are named, else all that his skills allow. */
static bool serves(const struct zv_config *config, uint32_t agent, uint32_t campaign)
{
	const struct zv_agent_conf *a = &config->engine.agents[agent];
	bool named = false;

	for (uint32_t i = 0; i < 4; i++)
		named = named || a->campaigns[i] != 0;
	if (named && (a->campaigns[campaign / 64] >> campaign % 64 & 1) == 0)
		return false;
	return has_skill(a, &config->engine.campaigns[campaign]);
}

static json_t *campaigns_of(const struct zv_config *config, const struct zv_http_subject *who)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->engine.n_campaigns; i++) {
		const struct zv_config_campaign *c = &config->campaigns[i];
		uint8_t mode = config->engine.campaigns[i].mode;

		if (who->role == ZV_ROLE_AGENT && who->user < config->engine.n_agents &&
		    !serves(config, who->user, i))
			continue;
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", c->name, "title",
					c->title[0] != 0 ? c->title : c->name, "mode",
					mode < sizeof(modes) / sizeof(modes[0]) ? modes[mode] : "", "results",
					zv_card_results(c), "topics", zv_card_topics(c)));
	}
	return list;
}

static void me(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const struct zv_config *config = api->config(api->arg);
	const struct zv_http_subject *who = request->who;
	json_t *pauses = json_array(), *agent = NULL, *o;

	for (uint32_t i = 0; i < config->n_pauses; i++)
		(void)json_array_append_new(pauses, json_pack("{s:i, s:s}", "code", (int)i + 1, "name",
							      config->pauses[i]));
	if (who->user < config->engine.n_agents)
		agent = api->agent(api->arg, who->user);
	o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o?}", "user", who->name, "title", who->title, "role",
		      zv_role_name(who->role), "campaigns", campaigns_of(config, who), "pause_codes", pauses,
		      "agent", agent);
	(void)json_object_set_new(o, "now_ms", json_integer((json_int_t)api->now_ms(api->arg)));
	if (config->sip.phones.on)
		(void)json_object_set_new(o, "realm", json_string(config->sip.phones.realm));
	zv_http_reply(reply, 200, o);
}

const struct zv_http_route zv_api_session_routes[] = {
	{.method = "GET", .path = "/api/v1/me", .roles = ZV_ROLES_ALL, .handle = me,
	 .summary = "Who asks, how he stands, his campaigns", .reply_schema = "Me"},
	{0},
};
