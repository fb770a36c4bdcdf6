/* Campaigns, suppressions, marks, reload: what the control socket does, by HTTP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_in.h"
#include "store/read.h"

#define ROWS_MAX 1000

/* Parsed and checked as on the control socket.  request_json: borrowed; NULL: none. */
static void control(const struct zv_api *api, const struct zv_http_request *request,
		    struct zv_http_reply *reply, const char *cmd, json_t *members)
{
	struct zv_control_request *parsed = calloc(1, sizeof(*parsed));
	char why[256] = "", *line;
	enum zv_err err;

	(void)json_object_set_new(members, "cmd", json_string(cmd));
	line = json_dumps(members, JSON_COMPACT);
	json_decref(members);
	err = parsed == NULL || line == NULL ? ZV_ENOMEM :
	      zv_control_parse(line, strlen(line), parsed, why, sizeof(why));
	free(line);
	if (err == ZV_EPARSE) {
		zv_http_problem(reply, 422, "invalid", "%s", why);
	} else if (err == ZV_OK) {
		err = api->control(api->arg, parsed, request->ticket);
		if (err == ZV_OK)
			zv_http_later(reply);
	}
	if (err != ZV_OK && err != ZV_EPARSE)
		zv_http_problem_err(reply, err, why);
	free(parsed);
}

/* ---- campaigns ---- */

static void list(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	control(arg, request, reply, "campaign_list", json_object());
}

static void of_one(const struct zv_api *api, const struct zv_http_request *request,
		   struct zv_http_reply *reply, const char *cmd)
{
	if (!zv_api_only(request, reply, "") ||
	    zv_api_campaign(api->config(api->arg), request->params[0], reply) == ZV_API_NONE)
		return;
	control(api, request, reply, cmd, json_pack("{s:s}", "campaign", request->params[0]));
}

static void show(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	of_one(arg, request, reply, "campaign_show");
}

static void start(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	of_one(arg, request, reply, "campaign_start");
}

static void pause_it(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	of_one(arg, request, reply, "campaign_pause");
}

static void reload(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	if (zv_api_only(request, reply, ""))
		control(arg, request, reply, "reload", json_object());
}

/* ---- suppressions and marks ---- */

/* "+7 916..." to digits, as the control socket wants them. */
static json_t *plain_numbers(const json_t *given, struct zv_http_reply *reply)
{
	json_t *plain = json_array(), *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)given, i, one)
	{
		char digits[24];
		uint64_t e164;

		if (!json_is_string(one) || !zv_api_phone("numbers", json_string_value(one), reply, &e164)) {
			if (!json_is_string(one))
				zv_http_problem(reply, 422, "invalid", "numbers: texts");
			json_decref(plain);
			return NULL;
		}
		(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)e164);
		(void)json_array_append_new(plain, json_string(digits));
	}
	return plain;
}

/* The body for the control socket; NULL: refused. */
static json_t *whom(const struct zv_api *api, const struct zv_http_request *request,
		    struct zv_http_reply *reply, const char *known)
{
	const json_t *numbers = json_object_get(request->json, "numbers");
	json_t *campaign = json_object_get(request->json, "campaign"), *members;

	if (!zv_api_only(request, reply, known))
		return NULL;
	if (request->json == NULL) {
		zv_http_problem(reply, 422, "invalid", "want numbers or persons");
		return NULL;
	}
	if (campaign != NULL && zv_api_campaign(api->config(api->arg), json_string_value(campaign), reply) ==
					ZV_API_NONE)
		return NULL;
	members = json_copy((json_t *)(uintptr_t)request->json);
	if (numbers != NULL && members != NULL) {
		json_t *plain = plain_numbers(numbers, reply);

		if (plain == NULL) {
			json_decref(members);
			return NULL;
		}
		(void)json_object_set_new(members, "numbers", plain);
	}
	if (members == NULL)
		zv_http_problem_err(reply, ZV_ENOMEM, NULL);
	return members;
}

static void suppress(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	json_t *members = whom(arg, request, reply, "numbers persons campaign until text");

	if (members != NULL)
		control(arg, request, reply, "suppress", members);
}

static void unsuppress(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	json_t *members = whom(arg, request, reply, "numbers persons campaign");

	if (members != NULL)
		control(arg, request, reply, "unsuppress", members);
}

static void mark(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	json_t *members = whom(arg, request, reply, "numbers persons kind name from until text");

	if (members != NULL)
		control(arg, request, reply, "mark", members);
}

struct rows { const struct zv_config *config; json_t *list; };

static bool keep_row(void *arg, const struct zv_suppress_row *row)
{
	static const char *const sources[] = {"", "operator", "key", "api", "import", "agent"};
	struct rows *r = arg;
	uint32_t campaign = zv_api_campaign_of_id(r->config, row->campaign);
	char id[24];

	(void)snprintf(id, sizeof(id), "%s%llu", row->kind == ZV_SUPPRESS_NUMBER ? "+" : "",
		       (unsigned long long)row->id);
	(void)json_array_append_new(
		r->list, json_pack("{s:s, s:s?, s:s, s:I, s:o, s:s}",
				   row->kind == ZV_SUPPRESS_NUMBER ? "number" : "person", id, "campaign",
				   campaign != ZV_API_NONE ? r->config->campaigns[campaign].name : NULL, "source",
				   row->source < sizeof(sources) / sizeof(sources[0]) ? sources[row->source] : "",
				   "since", (json_int_t)row->since_ms, "until",
				   row->until_ms == INT64_MAX ? json_null() : json_integer(row->until_ms), "text",
				   row->reason));
	return json_array_size(r->list) < ROWS_MAX;
}

static void suppressed(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const char *number = zv_http_query(request, "number"), *person = zv_http_query(request, "person");
	struct rows rows = {.config = api->config(api->arg)};
	uint64_t id = 0;
	enum zv_err err;

	if ((number != NULL) == (person != NULL)) {
		zv_http_problem(reply, 422, "invalid", "want number or person");
		return;
	}
	if (number != NULL && !zv_api_phone("number", number, reply, &id))
		return;
	if (person != NULL && !zv_api_id(person, &id)) {
		zv_http_problem(reply, 422, "invalid", "person: digits");
		return;
	}
	rows.list = json_array();
	err = zv_store_suppressions_each(api->store, number != NULL ? ZV_SUPPRESS_NUMBER : ZV_SUPPRESS_PERSON,
					 id, keep_row, &rows);
	if (err == ZV_OK || err == ZV_ENOENT) {
		zv_http_reply(reply, 200, json_pack("{s:o}", "suppressions", rows.list));
	} else {
		json_decref(rows.list);
		zv_http_problem_err(reply, err, "the suppressions cannot be read");
	}
}

const struct zv_http_route zv_api_campaign_routes[] = {
	{.method = "GET", .path = "/api/v1/campaigns", .roles = ZV_MAY_SUPERVISOR, .handle = list,
	 .summary = "Campaigns and how far they are", .reply_schema = "Campaigns"},
	{.method = "GET", .path = "/api/v1/campaigns/{name}", .roles = ZV_MAY_SUPERVISOR, .handle = show,
	 .summary = "One campaign", .reply_schema = "CampaignReply"},
	{.method = "POST", .path = "/api/v1/campaigns/{name}/start", .roles = ZV_MAY_OPERATOR, .handle = start,
	 .summary = "Start it", .reply_schema = "CampaignReply"},
	{.method = "POST", .path = "/api/v1/campaigns/{name}/pause", .roles = ZV_MAY_OPERATOR,
	 .handle = pause_it, .summary = "Pause it; calls in progress go on", .reply_schema = "CampaignReply"},
	{.method = "POST", .path = "/api/v1/reload", .roles = ZV_MAY_OPERATOR, .handle = reload,
	 .summary = "Read the configuration again"},
	{.method = "GET", .path = "/api/v1/suppressions", .roles = ZV_MAY_SUPERVISOR | ZV_ROLE_INTEGRATOR,
	 .handle = suppressed, .query = "number? person?", .summary = "What stands of a number or person",
	 .reply_schema = "Suppressions"},
	{.method = "POST", .path = "/api/v1/suppressions", .roles = ZV_ROLES_ALL, .handle = suppress,
	 .summary = "Do not contact; answered when it is on disk", .request_schema = "Suppress",
	 .reply_schema = "Told"},
	{.method = "POST", .path = "/api/v1/suppressions/remove", .roles = ZV_MAY_OPERATOR,
	 .handle = unsuppress, .summary = "Take a suppression back", .request_schema = "Unsuppress",
	 .reply_schema = "Removed"},
	{.method = "POST", .path = "/api/v1/marks", .roles = ZV_MAY_INTEGRATOR, .handle = mark,
	 .summary = "A flag, consent or agreement of a person", .request_schema = "Mark",
	 .reply_schema = "Told"},
	{0},
};
