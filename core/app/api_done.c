/* The end of a wrap-up: result, notes, call-back.  What was written down is on disk before the
 * engine hears of the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_in.h"
#include "app/io.h"
#include "base/bytes.h"
#include "base/htdigest.h"
#include "store/card.h"

static const char invalid[] = "invalid";

/* A note on its way to the disk, and what the engine is told after it. */
struct done {
	const struct zv_api *api;
	struct zv_event ev;
	uint64_t ticket;
	struct zv_note note;   /* its texts are below */
	char agent[ZV_HTTP_USER_MAX];
	char comment[ZV_NOTE_COMMENT_MAX + 1], topic[ZV_NOTE_WORD_MAX + 1], subtopic[ZV_NOTE_WORD_MAX + 1];
	char reason[ZV_NOTE_WORD_MAX + 1], fields[ZV_NOTE_FIELDS_MAX + 1];
};

/* io thread */
static void run_done(void *arg)
{
	struct done *d = arg;
	enum zv_err err = zv_store_note_put(d->api->store, &d->note);

	if (err == ZV_OK)
		err = d->api->desk(d->api->arg, &d->ev, d->ticket);
	if (err != ZV_OK)
		zv_http_answer_err(d->api->http, d->ticket, err, "what you wrote could not be kept; try again");
	free(d);
}

/* ---- the card that it is about ---- */

static bool read_card(const struct zv_api *api, const json_t *card, struct done *d, uint32_t *ret_campaign)
{
	const struct zv_config *config = api->config(api->arg);
	const char *attempt = json_string_value(json_object_get(card, "attempt"));
	const json_t *lead = json_object_get(card, "lead");
	const json_t *person = json_object_get(json_object_get(card, "person"), "id");
	uint8_t id[16];

	*ret_campaign = zv_api_campaign(config, json_string_value(json_object_get(card, "campaign")), NULL);
	if (attempt == NULL || *ret_campaign == ZV_API_NONE || !zv_hex_read(attempt, strlen(attempt), id, 16))
		return false;
	d->note.attempt = (struct zv_attempt_id){.hi = zv_get_be64(id), .lo = zv_get_be64(id + 8)};
	d->note.campaign = config->engine.campaigns[*ret_campaign].id;
	d->note.lead = (uint64_t)json_integer_value(lead);
	d->note.person = (uint64_t)json_integer_value(person);
	if (json_is_string(lead) && !zv_api_id(json_string_value(lead), &d->note.lead))
		d->note.lead = 0;
	return true;
}

/* ---- the body ---- */

/* Copies a member; *ret_any: there was one. */
static bool word(const json_t *body, const char *key, char *to, size_t size, struct zv_http_reply *reply,
		 bool *ret_any)
{
	const char *text;

	if (!zv_api_text(body, key, size - 1, reply, &text))
		return false;
	(void)snprintf(to, size, "%s", text != NULL ? text : "");
	*ret_any = *ret_any || text != NULL;
	return true;
}

static bool fields(const json_t *body, struct done *d, struct zv_http_reply *reply, bool *ret_any)
{
	const json_t *given = json_object_get(body, "fields");
	size_t n;

	if (given == NULL || json_is_null(given))
		return true;
	n = json_is_object(given) ? json_dumpb(given, d->fields, sizeof(d->fields) - 1, JSON_COMPACT) : 0;
	if (n == 0 || n > sizeof(d->fields) - 1) {
		zv_http_problem(reply, 422, invalid, "fields: an object of at most %u bytes", ZV_NOTE_FIELDS_MAX);
		return false;
	}
	d->fields[n] = 0;
	*ret_any = *ret_any || json_object_size(given) > 0;
	return true;
}

static bool notes(const json_t *body, struct done *d, struct zv_http_reply *reply, bool *ret_any)
{
	*ret_any = false;
	if (!word(body, "comment", d->comment, sizeof(d->comment), reply, ret_any) ||
	    !word(body, "topic", d->topic, sizeof(d->topic), reply, ret_any) ||
	    !word(body, "subtopic", d->subtopic, sizeof(d->subtopic), reply, ret_any) ||
	    !word(body, "reason", d->reason, sizeof(d->reason), reply, ret_any) ||
	    !fields(body, d, reply, ret_any))
		return false;
	d->note.comment = d->comment;
	d->note.topic = d->topic;
	d->note.subtopic = d->subtopic;
	d->note.reason = d->reason;
	d->note.fields = d->fields;
	d->note.agent = d->agent;
	return true;
}

static bool result(const struct zv_api *api, const json_t *body, uint32_t campaign,
		   struct zv_http_reply *reply, uint8_t *ret_result)
{
	const struct zv_config_campaign *c;
	const char *name;

	if (!zv_api_text(body, "result", 63, reply, &name))
		return false;
	if (name == NULL)
		return true;
	c = &api->config(api->arg)->campaigns[campaign];
	for (uint8_t i = 0; i < c->n_results; i++) {
		if (strcmp(c->results[i], name) == 0) {
			*ret_result = (uint8_t)(i + 1);
			return true;
		}
	}
	zv_http_problem(reply, 422, invalid, "result: %s has none that is called %.60s", c->name, name);
	return false;
}

static bool callback(const struct zv_api *api, const json_t *body, uint32_t campaign, struct done *d,
		     struct zv_http_reply *reply)
{
	const json_t *given = json_object_get(body, "callback");
	const char *at = json_string_value(json_object_get(given, "at"));
	const json_t *anyone = json_object_get(given, "anyone");
	struct zv_times_ask ask = {.api = api, .lead = d->note.lead, .campaign = campaign};
	int64_t at_ms;
	char why[256];

	if (given == NULL || json_is_null(given))
		return true;
	if (at == NULL || (anyone != NULL && !json_is_boolean(anyone))) {
		zv_http_problem(reply, 422, invalid, "callback: {\"at\": time, \"anyone\": true or false}");
		return false;
	}
	if (!zv_api_moment("callback.at", at, reply, &at_ms))
		return false;
	if (at_ms <= api->now_ms(api->arg)) {
		zv_http_problem(reply, 422, invalid, "callback.at: that is past");
		return false;
	}
	if (d->note.lead != 0 && !zv_times_lawful(&ask, at_ms, why, sizeof(why))) {
		zv_http_problem(reply, 422, "not-lawful", "%s", why);
		return false;
	}
	d->ev.u.desk.at_ms = at_ms;
	d->ev.u.desk.anyone = json_is_true(anyone);
	return true;
}

/* Fills d from the body; *ret_any: there is a note. */
static bool read_body(const struct zv_api *api, const struct zv_http_request *request,
		      struct zv_http_reply *reply, struct done *d, bool *ret_any)
{
	json_t *card = api->card(api->arg, d->ev.code);
	uint32_t campaign = ZV_API_NONE;
	bool known = read_card(api, card, d, &campaign);

	json_decref(card);
	*ret_any = false;
	if (!zv_api_only(request, reply, "result comment topic subtopic reason callback fields"))
		return false;
	if (request->json == NULL || json_object_size(request->json) == 0)
		return true;
	if (!known) {
		zv_http_problem(reply, 409, "not-possible", "no card is on: there is nothing to tell the result of");
		return false;
	}
	if (!result(api, request->json, campaign, reply, &d->ev.u.desk.result))
		return false;
	return notes(request->json, d, reply, ret_any) && callback(api, request->json, campaign, d, reply);
}

void zv_api_done(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	uint32_t agent = zv_api_self(request, api->config(api->arg), reply);
	struct done *d = agent != ZV_API_NONE ? calloc(1, sizeof(*d)) : NULL;
	bool any = false;
	enum zv_err err;

	if (agent == ZV_API_NONE)
		return;
	if (d == NULL) {
		zv_http_problem_err(reply, ZV_ENOMEM, NULL);
		return;
	}
	d->api = api;
	d->ticket = request->ticket;
	d->ev = (struct zv_event){.type = ZV_EV_DESK, .code = agent,
				  .u.desk = {.what = ZV_DESK_DONE, .to = ZV_AGENT_NONE}};
	(void)snprintf(d->agent, sizeof(d->agent), "%s", request->who->name);
	d->note.at_ms = api->now_ms(api->arg);
	if (!read_body(api, request, reply, d, &any)) {
		free(d);
		return;
	}
	if (!any) {
		zv_api_desk(api, request, reply, &d->ev);
		free(d);
		return;
	}
	err = zv_io_post(api->io, run_done, d);
	if (err == ZV_OK) {
		zv_http_later(reply);
	} else {
		free(d);
		zv_http_problem_err(reply, err, "the disk does not keep up; try again");
	}
}
