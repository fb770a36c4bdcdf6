/* The desk: what an agent does at his screen, and a supervisor at another's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_in.h"
#include "store/read.h"

static const char invalid[] = "invalid";

/* ---- those that say nothing more, or one thing ---- */

static const struct { const char *name; enum zv_desk what; } actions[] = {
	{"login", ZV_DESK_LOGIN}, {"logout", ZV_DESK_LOGOUT}, {"ready", ZV_DESK_READY},
	{"pause", ZV_DESK_PAUSE}, {"hangup", ZV_DESK_HANGUP}, {"extend", ZV_DESK_EXTEND},
	{"hold", ZV_DESK_HOLD}, {"resume", ZV_DESK_RESUME}, {"transfer", ZV_DESK_TRANSFER},
	{"consult", ZV_DESK_CONSULT}, {"join", ZV_DESK_JOIN}, {"complete", ZV_DESK_COMPLETE},
	{"back", ZV_DESK_BACK}, {"listen", ZV_DESK_LISTEN}, {"whisper", ZV_DESK_WHISPER},
	{"barge", ZV_DESK_BARGE}, {"leave", ZV_DESK_LEAVE}, {"skip", ZV_DESK_SKIP},
	{"machine", ZV_DESK_MACHINE}, {"person", ZV_DESK_PERSON},
};

/* By the last word of the route's path. */
static enum zv_desk action_of(const struct zv_http_request *request)
{
	const char *name = strrchr(request->route->path, '/') + 1;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return actions[i].what;
	}
	return ZV_DESK_MAX;
}

static bool begin(const struct zv_api *api, const struct zv_http_request *request,
		  struct zv_http_reply *reply, struct zv_event *ev)
{
	uint32_t agent = zv_api_self(request, api->config(api->arg), reply);

	*ev = (struct zv_event){.type = ZV_EV_DESK, .code = agent,
				.u.desk = {.what = (uint8_t)action_of(request), .to = ZV_AGENT_NONE}};
	return agent != ZV_API_NONE;
}

static void plain(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct zv_event ev;

	if (begin(arg, request, reply, &ev) && zv_api_only(request, reply, ""))
		zv_api_desk(arg, request, reply, &ev);
}

static bool pause_code(const struct zv_api *api, const struct zv_http_request *request,
		       struct zv_http_reply *reply, uint8_t *ret_code)
{
	uint32_t most = api->config(api->arg)->n_pauses;
	uint64_t code;
	bool told;

	if (!zv_api_only(request, reply, "code") ||
	    !zv_api_number(request->json, "code", reply, &code, &told))
		return false;
	if (told && (code < 1 || code > most)) {
		zv_http_problem(reply, 422, invalid, "code: 1 to %u", most);
		return false;
	}
	*ret_code = (uint8_t)code;
	return true;
}

static void pause_it(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct zv_event ev;

	if (begin(arg, request, reply, &ev) && pause_code(arg, request, reply, &ev.u.desk.code))
		zv_api_desk(arg, request, reply, &ev);
}

/* Whom: {agent} or {number}. */
static void to_whom(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const char *agent, *number;
	struct zv_event ev;

	if (!begin(api, request, reply, &ev) || !zv_api_only(request, reply, "agent number") ||
	    !zv_api_text(request->json, "agent", 31, reply, &agent) ||
	    !zv_api_text(request->json, "number", 40, reply, &number))
		return;
	if ((agent != NULL) == (number != NULL)) {
		zv_http_problem(reply, 422, invalid, "want agent or number");
		return;
	}
	if (agent != NULL) {
		ev.u.desk.to = zv_api_agent(api->config(api->arg), agent, reply);
		if (ev.u.desk.to == ZV_API_NONE)
			return;
		if (ev.u.desk.to == ev.code) {
			zv_http_problem(reply, 422, invalid, "agent: that is you");
			return;
		}
	} else if (!zv_api_phone("number", number, reply, &ev.u.desk.number)) {
		return;
	} else if (!zv_config_outside(api->config(api->arg), ev.u.desk.number)) {
		zv_http_problem(reply, 403, "not-listed",
				"this number is none of those that customers may be connected with (phones.outside)");
		return;
	}
	zv_api_desk(api, request, reply, &ev);
}

static void supervise(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const char *agent;
	struct zv_event ev;

	if (!begin(api, request, reply, &ev) || !zv_api_only(request, reply, "agent") ||
	    !zv_api_text(request->json, "agent", 31, reply, &agent))
		return;
	if (agent == NULL && ev.u.desk.what != ZV_DESK_LEAVE) {
		zv_http_problem(reply, 422, invalid, "agent: whose talk?");
		return;
	}
	if (agent != NULL) {
		ev.u.desk.to = zv_api_agent(api->config(api->arg), agent, reply);
		if (ev.u.desk.to == ZV_API_NONE)
			return;
	}
	zv_api_desk(api, request, reply, &ev);
}

static void key(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const char *text;
	struct zv_event ev;

	if (!begin(arg, request, reply, &ev) || !zv_api_only(request, reply, "key") ||
	    !zv_api_text(request->json, "key", 1, reply, &text))
		return;
	if (text == NULL || strchr("0123456789*#ABCD", text[0]) == NULL) {
		zv_http_problem(reply, 422, invalid, "key: one of 0 to 9, *, #, A to D");
		return;
	}
	ev.u.desk.what = ZV_DESK_KEY;
	ev.u.desk.code = (uint8_t)text[0];
	zv_api_desk(arg, request, reply, &ev);
}

/* ---- manual calls ---- */

struct found { uint32_t campaign; uint64_t lead; uint32_t other; };

static bool take_campaign(void *arg, const struct zv_lead_row *row)
{
	struct found *f = arg;

	f->lead = row->lead;
	f->other = row->campaign;
	return false;
}

struct by_number { const struct zv_api *api; struct found found; };

static bool of_number(void *arg, uint64_t lead, uint64_t person)
{
	struct by_number *b = arg;
	struct found one = {0};

	(void)person;
	if (zv_store_lead_get(b->api->store, lead, take_campaign, &one) == ZV_OK &&
	    one.other == b->found.campaign)
		b->found.lead = lead;
	return b->found.lead == 0;
}

/* The lead, and the campaign's index by it. */
static bool find_lead(const struct zv_api *api, uint64_t lead, struct zv_http_reply *reply,
		      struct zv_event *ev)
{
	const struct zv_config *config = api->config(api->arg);
	struct found f = {0};
	enum zv_err err = zv_store_lead_get(api->store, lead, take_campaign, &f);
	uint32_t index = err == ZV_OK ? zv_api_campaign_of_id(config, f.other) : ZV_API_NONE;

	if (err != ZV_OK && err != ZV_ENOENT) {
		zv_http_problem_err(reply, err, "the lead cannot be read");
		return false;
	}
	if (index == ZV_API_NONE) {
		zv_http_problem(reply, 404, "no-such-lead", "no lead has this number");
		return false;
	}
	ev->u.desk.number = lead;
	ev->u.desk.code = (uint8_t)index;
	return true;
}

static bool find_number(const struct zv_api *api, uint64_t e164, uint32_t campaign,
			struct zv_http_reply *reply, struct zv_event *ev)
{
	struct by_number b = {.api = api,
			      .found.campaign = api->config(api->arg)->engine.campaigns[campaign].id};
	enum zv_err err = zv_store_number_each(api->store, e164, of_number, &b);

	if (err != ZV_OK && err != ZV_ENOENT) {
		zv_http_problem_err(reply, err, "the number cannot be looked up");
		return false;
	}
	if (b.found.lead == 0) {
		zv_http_problem(reply, 404, "no-such-lead",
				"no lead of the campaign has this number; put one in with POST /api/v1/leads");
		return false;
	}
	ev->u.desk.number = b.found.lead;
	ev->u.desk.code = (uint8_t)campaign;
	return true;
}

static void dial(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const char *number, *campaign;
	uint64_t lead, e164;
	uint32_t index = ZV_API_NONE;
	bool by_lead;
	struct zv_event ev;

	if (!begin(api, request, reply, &ev) || !zv_api_only(request, reply, "lead number campaign") ||
	    !zv_api_number(request->json, "lead", reply, &lead, &by_lead) ||
	    !zv_api_text(request->json, "number", 40, reply, &number) ||
	    !zv_api_text(request->json, "campaign", 63, reply, &campaign))
		return;
	ev.u.desk.what = ZV_DESK_DIAL;
	if (campaign != NULL) {
		index = zv_api_campaign(api->config(api->arg), campaign, reply);
		if (index == ZV_API_NONE)
			return;
	}
	if (by_lead) {
		if (!find_lead(api, lead, reply, &ev))
			return;
		if (index != ZV_API_NONE && index != ev.u.desk.code) {
			zv_http_problem(reply, 422, invalid, "the lead is another campaign's");
			return;
		}
	} else if (number != NULL) {
		if (index == ZV_API_NONE) {
			zv_http_problem(reply, 422, invalid, "campaign: of which one is the number?");
			return;
		}
		if (!zv_api_phone("number", number, reply, &e164) ||
		    !find_number(api, e164, index, reply, &ev))
			return;
	}
	zv_api_desk(api, request, reply, &ev);
}

/* ---- card and times ---- */

static void card(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	uint32_t agent = zv_api_self(request, api->config(api->arg), reply);
	json_t *now = agent != ZV_API_NONE ? api->card(api->arg, agent) : NULL;

	if (agent == ZV_API_NONE)
		return;
	zv_http_reply(reply, now != NULL ? 200 : 204, now);
}

/* "2026-11-23" */
static bool read_day(const char *text, int32_t *ret_day)
{
	int year, month, mday, y, m, d;

	if (text == NULL || strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
	    strspn(text, "0123456789-") != 10)
		return false;
	year = (int)strtol(text, NULL, 10);
	month = (int)strtol(text + 5, NULL, 10);
	mday = (int)strtol(text + 8, NULL, 10);
	if (year < 1970 || year > 2199 || month < 1 || month > 12 || mday < 1 || mday > 31)
		return false;
	*ret_day = zv_day_from_civil(year, month, mday);
	zv_civil_from_day(*ret_day, &y, &m, &d);
	return y == year && m == month && d == mday;
}

static void times(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const char *lead = zv_http_query(request, "lead"), *name = zv_http_query(request, "campaign");
	struct zv_times_ask ask = {.api = api, .campaign = ZV_API_NONE};
	json_t *found = NULL;
	int32_t day;
	enum zv_err err;

	if (lead == NULL || !zv_api_id(lead, &ask.lead) ||
	    !read_day(zv_http_query(request, "day"), &day)) {
		zv_http_problem(reply, 422, invalid, "want lead=ID and day=YYYY-MM-DD");
		return;
	}
	if (name != NULL && name[0] != 0) {
		ask.campaign = zv_api_campaign(api->config(api->arg), name, reply);
		if (ask.campaign == ZV_API_NONE)
			return;
	}
	err = zv_times_json(&ask, day, &found);
	if (err == ZV_OK)
		zv_http_reply(reply, 200, found);
	else
		zv_http_problem_err(reply, err, err == ZV_ENOENT ? "no such lead" :
					    err == ZV_EINVAL ? "the lead is another campaign's" : NULL);
}

/* ---- routes ---- */

#define DESK(name, fn, schema, text)                                                               \
	{.method = "POST", .path = "/api/v1/desk/" name, .roles = ZV_MAY_AGENT, .handle = fn,       \
	 .request_schema = schema, .summary = text}
#define BESIDE(name, text)                                                                         \
	{.method = "POST", .path = "/api/v1/desk/" name, .roles = ZV_MAY_SUPERVISOR,                \
	 .handle = supervise, .request_schema = "DeskAgent", .summary = text}

const struct zv_http_route zv_api_desk_routes[] = {
	DESK("login", plain, NULL, "Call my phone"),
	DESK("logout", plain, NULL, "Leave, after the call that is on"),
	DESK("ready", plain, NULL, "Take calls"),
	DESK("pause", pause_it, "DeskPause", "Take no calls, after the one that is on"),
	DESK("hangup", plain, NULL, "End the customer's call"),
	DESK("done", zv_api_done, "DeskDone", "The wrap-up is over, with its result"),
	DESK("extend", plain, NULL, "Once more the wrap-up's time"),
	DESK("hold", plain, NULL, "The customer hears music"),
	DESK("resume", plain, NULL, "The customer is back"),
	DESK("transfer", to_whom, "DeskWhom", "Give the customer to another one at once"),
	DESK("consult", to_whom, "DeskWhom", "Talk to another one first"),
	DESK("join", plain, NULL, "All three talk"),
	DESK("complete", plain, NULL, "Whom I consulted takes the customer"),
	DESK("back", plain, NULL, "Whom I consulted leaves"),
	DESK("dial", dial, "DeskDial", "Call a lead, or the one that is shown"),
	DESK("skip", plain, NULL, "Not the one that is shown"),
	DESK("key", key, "DeskKey", "Send a key to the customer"),
	DESK("machine", plain, NULL, "A machine, no person"),
	DESK("person", plain, NULL, "The talk that answer detection has just ended was a person's"),
	BESIDE("listen", "Hear an agent's talk"),
	BESIDE("whisper", "Speak to the agent alone"),
	BESIDE("barge", "Speak to both"),
	BESIDE("leave", "Out of it"),
	{.method = "GET", .path = "/api/v1/desk/card", .roles = ZV_MAY_AGENT, .handle = card,
	 .summary = "The card that is on; 204: none", .reply_schema = "Card"},
	{.method = "GET", .path = "/api/v1/desk/times", .roles = ZV_MAY_AGENT, .handle = times,
	 .query = "lead day campaign?", .summary = "When a call-back would be allowed on that day",
	 .reply_schema = "Times"},
	{0},
};
