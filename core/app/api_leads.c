/* Leads: reading them, what is told of them (paid, cancelled, withdrawn), call-backs, recordings.
 * Giving them in is in api_lead_put.c. */
#include "app/api_lead.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/card_json.h"
#include "store/lead_put.h"

static const char invalid[] = "invalid";
#define ROWS_MAX 1000u

/* ---- reading ---- */

struct shown { const struct zv_config *config; json_t *json; };

static void keep_card(void *arg, const struct zv_card *card)
{
	struct shown *s = arg;

	s->json = zv_api_card_json(s->config, card);
}

static bool lead_id(const struct zv_http_request *request, struct zv_http_reply *reply, uint64_t *ret)
{
	if (zv_api_id(request->params[0], ret) && *ret != 0)
		return true;
	zv_http_problem(reply, 404, "not-found", "no such lead");
	return false;
}

static void show(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct shown shown = {.config = api->config(api->arg)};
	uint64_t lead;
	enum zv_err err;

	if (!lead_id(request, reply, &lead))
		return;
	err = zv_store_card(api->store, lead, keep_card, &shown);
	if (err == ZV_OK && shown.json != NULL)
		zv_http_reply(reply, 200, shown.json);
	else
		zv_http_problem_err(reply, err != ZV_OK ? err : ZV_ENOMEM, "no such lead");
}

struct found { const struct zv_api *api; const struct zv_config *config; json_t *list; };

static bool add_row(void *arg, const struct zv_lead_row *row)
{
	struct found *f = arg;

	(void)json_array_append_new(f->list, zv_lead_json(f->config, row));
	return false;
}

static bool add_lead(struct found *f, uint64_t lead)
{
	/* one that is gone by now is left out */
	if (zv_store_lead_get(f->api->store, lead, add_row, f) != ZV_OK)
		return true;
	return json_array_size(f->list) < ROWS_MAX;
}

static bool by_number(void *arg, uint64_t lead, uint64_t person)
{
	(void)person;
	return add_lead(arg, lead);
}

static bool by_id(void *arg, uint64_t lead)
{
	return add_lead(arg, lead);
}

static void find(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const char *number = zv_http_query(request, "number");
	const char *external = zv_http_query(request, "external_id");
	struct found f = {.api = api, .config = api->config(api->arg)};
	uint64_t e164 = 0;
	enum zv_err err;

	if ((number != NULL) == (external != NULL)) {
		zv_http_problem(reply, 422, invalid, "want number or external_id");
		return;
	}
	if (number != NULL && !zv_api_phone("number", number, reply, &e164))
		return;
	f.list = json_array();
	err = number != NULL ? zv_store_number_each(api->store, e164, by_number, &f)
			     : zv_store_given_each(api->store, external, by_id, &f);
	if (err == ZV_OK) {
		zv_http_reply(reply, 200, json_pack("{s:o}", "leads", f.list));
	} else {
		json_decref(f.list);
		zv_http_problem_err(reply, err, "the leads cannot be read");
	}
}

/* ---- what is told of a lead ---- */

static void told(const struct zv_api *api, const struct zv_http_request *request,
		 struct zv_http_reply *reply, struct zv_event *ev)
{
	enum zv_err err = api->told(api->arg, ev, request->ticket);

	if (err == ZV_OK)
		zv_http_later(reply);
	else
		zv_http_problem_err(reply, err, "the engine does not keep up; try again");
}

struct whose { uint32_t campaign; bool there; };

static bool keep_campaign(void *arg, const struct zv_lead_row *row)
{
	struct whose *w = arg;

	w->campaign = row->campaign;
	w->there = row->state != ZV_LEAD_REMOVED;
	return false;
}

/* The campaign's index; ZV_API_NONE with a reply. */
static uint32_t campaign_of(const struct zv_api *api, uint64_t lead, struct zv_http_reply *reply)
{
	struct whose whose = {0};
	enum zv_err err = zv_store_lead_get(api->store, lead, keep_campaign, &whose);
	uint32_t i = ZV_API_NONE;

	if (err == ZV_OK && whose.there)
		i = zv_api_campaign_of_id(api->config(api->arg), whose.campaign);
	if (i == ZV_API_NONE)
		zv_http_problem(reply, 404, "not-found", "no such lead");
	return i;
}

static void end_lead(const struct zv_api *api, const struct zv_http_request *request,
		     struct zv_http_reply *reply, const char *row)
{
	const struct zv_config *config = api->config(api->arg);
	const struct zv_config_campaign *c;
	struct zv_event ev = {.type = ZV_EV_KILL};
	const char *said;
	uint32_t campaign;

	if (!zv_api_only(request, reply, "category") || !lead_id(request, reply, &ev.u.kill.lead) ||
	    !zv_api_text(request->json, "category", 47, reply, &said))
		return;
	campaign = campaign_of(api, ev.u.kill.lead, reply);
	if (campaign == ZV_API_NONE)
		return;
	c = &config->campaigns[campaign];
	ev.u.kill.campaign = config->engine.campaigns[campaign].id;
	ev.u.kill.category = strcmp(row, "on_paid") == 0        ? c->on_paid
			     : strcmp(row, "on_cancelled") == 0 ? c->on_cancelled
								: c->on_withdrawn;
	for (uint8_t i = 0; said != NULL && i < c->n_categories; i++)
		if (strcmp(c->categories[i], said) == 0)
			ev.u.kill.category = (uint8_t)(i + 1);
	if (ev.u.kill.category == 0 ||
	    (said != NULL && strcmp(c->categories[ev.u.kill.category - 1], said) != 0))
		zv_http_problem(reply, 422, invalid,
				"which category?  campaigns.%s.%s names none, and category is none of it",
				c->name, row);
	else
		told(api, request, reply, &ev);
}

static void paid(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	end_lead(arg, request, reply, "on_paid");
}

static void cancelled(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	end_lead(arg, request, reply, "on_cancelled");
}

static void withdraw(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	end_lead(arg, request, reply, "on_withdrawn");
}

/* ---- call-backs ---- */

static bool who_calls(const struct zv_api *api, const struct zv_http_request *request,
		      struct zv_http_reply *reply, uint32_t *ret_owner)
{
	const struct zv_config *config = api->config(api->arg);
	const json_t *anyone = json_object_get(request->json, "anyone");
	const char *user;
	uint32_t i;

	*ret_owner = 0;
	if (!zv_api_text(request->json, "agent", ZV_HTTP_USER_MAX - 1, reply, &user))
		return false;
	if ((anyone != NULL && !json_is_boolean(anyone)) || (json_is_true(anyone) && user != NULL)) {
		zv_http_problem(reply, 422, invalid, "agent, or \"anyone\": true");
		return false;
	}
	if (json_is_true(anyone))
		*ret_owner = ZV_OWNER_NOBODY;
	if (user == NULL)
		return true;
	i = zv_api_agent(config, user, reply);
	if (i != ZV_API_NONE)
		*ret_owner = 1 + config->engine.agents[i].id;
	return i != ZV_API_NONE;
}

static void agree(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct zv_event ev = {.type = ZV_EV_KILL, .u.kill = {.due_class = ZV_DUE_CALLBACK}};
	struct zv_times_ask ask = {.api = api, .campaign = ZV_API_NONE};
	const char *at;
	uint32_t campaign;
	char why[256];

	if (!zv_api_only(request, reply, "at agent anyone") ||
	    !lead_id(request, reply, &ev.u.kill.lead) ||
	    !zv_api_text(request->json, "at", 40, reply, &at) ||
	    !who_calls(api, request, reply, &ev.u.kill.owner))
		return;
	if (at == NULL) {
		zv_http_problem(reply, 422, invalid, "at: when?");
		return;
	}
	if (!zv_api_moment("at", at, reply, &ev.u.kill.at_ms))
		return;
	if (ev.u.kill.at_ms <= api->now_ms(api->arg)) {
		zv_http_problem(reply, 422, invalid, "at: that is past");
		return;
	}
	campaign = campaign_of(api, ev.u.kill.lead, reply);
	if (campaign == ZV_API_NONE)
		return;
	ask.lead = ev.u.kill.lead;
	if (!zv_times_lawful(&ask, ev.u.kill.at_ms, why, sizeof(why))) {
		zv_http_problem(reply, 422, "not-lawful", "%s", why);
		return;
	}
	ev.u.kill.campaign = api->config(api->arg)->engine.campaigns[campaign].id;
	told(api, request, reply, &ev);
}

static void call_off(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct zv_event ev = {.type = ZV_EV_KILL};
	uint32_t campaign;

	if (!lead_id(request, reply, &ev.u.kill.lead))
		return;
	campaign = campaign_of(api, ev.u.kill.lead, reply);
	if (campaign == ZV_API_NONE)
		return;
	ev.u.kill.campaign = api->config(api->arg)->engine.campaigns[campaign].id;
	told(api, request, reply, &ev);
}

static bool add_callback(void *arg, const struct zv_callback_row *row)
{
	struct found *f = arg;
	uint32_t i = zv_api_campaign_of_id(f->config, row->campaign);
	const char *owner = zv_agent_name(f->config, row->owner);

	(void)json_array_append_new(
		f->list, json_pack("{s:I, s:s?, s:I, s:s?}", "lead", (json_int_t)row->lead, "campaign",
				   i != ZV_API_NONE ? f->config->campaigns[i].name : NULL, "at",
				   (json_int_t)row->due_ms, "agent", owner[0] != 0 ? owner : NULL));
	return json_array_size(f->list) < ROWS_MAX;
}

static void callbacks(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct found f = {.api = api, .config = api->config(api->arg)};
	const char *user = zv_http_query(request, "agent"), *name = zv_http_query(request, "campaign");
	uint32_t owner = 0, campaign = 0, i;
	enum zv_err err;

	/* An agent sees his own. */
	if (request->who->role == ZV_ROLE_AGENT)
		user = request->who->name;
	if (user != NULL) {
		i = zv_api_agent(f.config, user, reply);
		if (i == ZV_API_NONE)
			return;
		owner = 1 + f.config->engine.agents[i].id;
	}
	if (name != NULL) {
		i = zv_api_campaign(f.config, name, reply);
		if (i == ZV_API_NONE)
			return;
		campaign = f.config->engine.campaigns[i].id;
	}
	f.list = json_array();
	err = zv_store_callbacks_each(api->store, campaign, owner, add_callback, &f);
	if (err == ZV_OK) {
		zv_http_reply(reply, 200, json_pack("{s:o}", "callbacks", f.list));
	} else {
		json_decref(f.list);
		zv_http_problem_err(reply, err, "the call-backs cannot be read");
	}
}

#define READERS (ZV_MAY_SUPERVISOR | ZV_ROLE_INTEGRATOR)

const struct zv_http_route zv_api_lead_routes[] = {
	{.method = "POST", .path = "/api/v1/leads", .roles = ZV_MAY_INTEGRATOR, .handle = zv_api_lead_put,
	 .summary = "Give a lead to a campaign; answered when it is on disk", .request_schema = "Lead",
	 .reply_schema = "LeadPut"},
	{.method = "POST", .path = "/api/v1/leads/bulk", .roles = ZV_MAY_INTEGRATOR,
	 .handle = zv_api_lead_bulk, .lines = &zv_api_lead_lines,
	 .summary = "The same of many: a lead a line (NDJSON)", .reply_schema = "LeadBulk"},
	{.method = "GET", .path = "/api/v1/leads", .roles = READERS, .handle = find,
	 .query = "number? external_id?", .summary = "Leads of a number or an external id",
	 .reply_schema = "Leads"},
	{.method = "GET", .path = "/api/v1/leads/{id}", .roles = READERS, .handle = show,
	 .summary = "A lead's card and what happened to its person", .reply_schema = "LeadCard"},
	{.method = "POST", .path = "/api/v1/leads/{id}/paid", .roles = ZV_MAY_INTEGRATOR, .handle = paid,
	 .summary = "It is paid: nothing pending of it is done", .request_schema = "LeadEnd"},
	{.method = "POST", .path = "/api/v1/leads/{id}/cancelled", .roles = ZV_MAY_INTEGRATOR,
	 .handle = cancelled, .summary = "It is cancelled", .request_schema = "LeadEnd"},
	{.method = "POST", .path = "/api/v1/leads/{id}/withdraw", .roles = ZV_MAY_INTEGRATOR,
	 .handle = withdraw, .summary = "It is taken back", .request_schema = "LeadEnd"},
	{.method = "POST", .path = "/api/v1/leads/{id}/callback", .roles = ZV_ROLES_ALL, .handle = agree,
	 .summary = "Its next call is at that time", .request_schema = "LeadCallback"},
	{.method = "DELETE", .path = "/api/v1/leads/{id}/callback", .roles = ZV_ROLES_ALL,
	 .handle = call_off, .summary = "The agreed call-back is called off"},
	{.method = "GET", .path = "/api/v1/callbacks", .roles = ZV_ROLES_ALL, .handle = callbacks,
	 .query = "agent? campaign?", .summary = "Agreed call-backs; an agent sees his own",
	 .reply_schema = "Callbacks"},
	{0},
};
