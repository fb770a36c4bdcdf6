/* The floor as supervisors see it, and what they do with an agent's state. */
#include <string.h>

#include "app/api_in.h"

static void floor_now(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	json_t *snapshot = api->floor(api->arg);

	(void)request;
	if (snapshot != NULL)
		zv_http_reply(reply, 200, snapshot);
	else
		zv_http_problem_err(reply, ZV_EAGAIN, "there is no snapshot yet");
}

/* To an agent: who is there to give a customer to.  To others: all of it. */
static void agents(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const struct zv_config *config = api->config(api->arg);
	bool all = request->who->role != ZV_ROLE_AGENT;
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->engine.n_agents; i++) {
		json_t *now = api->agent(api->arg, i), *one;
		const char *state = json_string_value(json_object_get(now, "state"));

		one = json_pack("{s:i, s:s, s:s, s:s}", "agent", (int)i, "user", config->agents[i].user, "title",
				config->agents[i].title, "state", state != NULL ? state : "offline");
		if (all && now != NULL)
			(void)json_object_update_missing(one, now);
		json_decref(now);
		(void)json_array_append_new(list, one);
	}
	zv_http_reply(reply, 200, json_pack("{s:o}", "agents", list));
}

static void change(const struct zv_api *api, const struct zv_http_request *request,
		   struct zv_http_reply *reply, enum zv_desk what)
{
	const struct zv_config *config = api->config(api->arg);
	struct zv_event ev = {.type = ZV_EV_DESK, .u.desk = {.what = (uint8_t)what, .to = ZV_AGENT_NONE}};
	uint64_t code = 0;
	bool told;

	ev.code = zv_api_agent(config, request->params[0], reply);
	if (ev.code == ZV_API_NONE || !zv_api_only(request, reply, what == ZV_DESK_PAUSE ? "code" : "") ||
	    !zv_api_number(request->json, "code", reply, &code, &told))
		return;
	if (told && (code < 1 || code > config->n_pauses)) {
		zv_http_problem(reply, 422, "invalid", "code: 1 to %u", config->n_pauses);
		return;
	}
	ev.u.desk.code = (uint8_t)code;
	zv_api_desk(api, request, reply, &ev);
}

static void pause_him(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	change(arg, request, reply, ZV_DESK_PAUSE);
}

static void ready_him(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	change(arg, request, reply, ZV_DESK_READY);
}

static void log_him_out(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	change(arg, request, reply, ZV_DESK_LOGOUT);
}

const struct zv_http_route zv_api_floor_routes[] = {
	{.method = "GET", .path = "/api/v1/floor", .roles = ZV_MAY_SUPERVISOR, .handle = floor_now,
	 .summary = "The floor now: agents, queues, campaigns, trunks", .reply_schema = "Floor"},
	{.method = "GET", .path = "/api/v1/agents", .roles = ZV_MAY_AGENT, .handle = agents,
	 .summary = "Agents and their states", .reply_schema = "Agents"},
	{.method = "POST", .path = "/api/v1/agents/{user}/pause", .roles = ZV_MAY_SUPERVISOR,
	 .handle = pause_him, .request_schema = "DeskPause", .summary = "Give him a pause"},
	{.method = "POST", .path = "/api/v1/agents/{user}/ready", .roles = ZV_MAY_SUPERVISOR,
	 .handle = ready_him, .summary = "Make him take calls"},
	{.method = "POST", .path = "/api/v1/agents/{user}/logout", .roles = ZV_MAY_SUPERVISOR,
	 .handle = log_him_out, .summary = "Log him out, after the call that is on"},
	{0},
};
