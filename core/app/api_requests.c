/* Requests and forms: what a person has to do, by when, and what he has to fill in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_in.h"
#include "app/card_json.h"
#include "app/form_check.h"
#include "app/io.h"
#include "base/err.h"
#include "base/log.h"
#include "store/request.h"

static const char invalid[] = "invalid";
#define ROWS_MAX 500u

/* ---- as JSON ---- */

struct face { char number[24], name[200]; };

static bool keep_face(void *arg, const struct zv_lead_row *row)
{
	struct face *f = arg;
	const char *name = zv_attr_find(row->attrs, row->attrs_len, "name");

	if (row->n_numbers > 0)
		(void)snprintf(f->number, sizeof(f->number), "+%llu",
			       (unsigned long long)row->numbers[0].brief.e164);
	if (name != NULL && strlen(name) < sizeof(f->name))
		(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return false;
}

static json_t *text_or_null(const char *text)
{
	return text != NULL && text[0] != 0 ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t ms)
{
	return ms != 0 ? json_integer(ms) : json_null();
}

static json_t *history_json(const struct zv_request *q)
{
	static const char *const words[ZV_REQUEST_WHATS] = {"", "created", "taken", "returned", "done",
							    "overdue"};
	json_t *list = json_array();

	for (uint32_t i = 0; i < q->n_history; i++)
		(void)json_array_append_new(list, json_pack("{s:I, s:s, s:o}", "at",
							    (json_int_t)q->history[i].at_ms, "what",
							    words[q->history[i].what], "who",
							    text_or_null(q->history[i].who)));
	return list;
}

static json_t *request_json(const struct zv_api *api, const struct zv_request *q)
{
	const struct zv_config *config = api->config(api->arg);
	uint32_t campaign = zv_api_campaign_of_id(config, q->campaign);
	json_t *fields = json_loads(q->fields[0] != 0 ? q->fields : "{}", 0, NULL);
	struct face face = {"", ""};
	json_t *one;

	if (q->lead != 0 && zv_store_lead_get(api->store, q->lead, keep_face, &face) != ZV_OK)
		face = (struct face){"", ""};
	one = json_pack("{s:I, s:s, s:s, s:i, s:b, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id",
			(json_int_t)q->id, "type", zv_request_kind_name(q->kind), "status",
			zv_request_status_name(q->status), "priority", (int)q->priority, "escalated",
			q->escalated, "campaign",
			text_or_null(campaign != ZV_API_NONE ? config->campaigns[campaign].name : ""), "lead",
			q->lead != 0 ? json_integer((json_int_t)q->lead) : json_null(), "person",
			json_pack("{s:I, s:o}", "id", (json_int_t)q->person, "name", text_or_null(face.name)),
			"created", (json_int_t)q->created_ms, "due", time_or_null(q->deadline_ms), "taken",
			time_or_null(q->taken_ms), "done", time_or_null(q->done_ms));
	if (one == NULL) {
		json_decref(fields);
		return NULL;
	}
	(void)json_object_set_new(one, "agent", text_or_null(q->agent));
	(void)json_object_set_new(one, "skill", text_or_null(q->skill));
	(void)json_object_set_new(one, "source", text_or_null(q->source));
	(void)json_object_set_new(one, "title", text_or_null(q->title));
	(void)json_object_set_new(one, "result", text_or_null(q->result));
	(void)json_object_set_new(one, "number", text_or_null(face.number));
	(void)json_object_set_new(one, "form_name", text_or_null(q->form));
	(void)json_object_set_new(one, "form", zv_form_json(zv_config_form(config, q->form)));
	(void)json_object_set_new(one, "fields", fields != NULL ? fields : json_object());
	(void)json_object_set_new(one, "history", history_json(q));
	return one;
}

/* ---- who may ---- */

struct asker {
	const struct zv_api *api;
	uint32_t agent;   /* index; ZV_API_NONE: no agent */
	const char *name;
	json_t *json;     /* what was found */
	bool all;         /* a supervisor: whoever has it */
};

static bool has_skill(void *arg, const char *skill)
{
	const struct asker *a = arg;
	const struct zv_config *config = a->api->config(a->api->arg);
	const struct zv_agent_conf *agent;

	if (a->agent == ZV_API_NONE)
		return false;
	agent = &config->engine.agents[a->agent];
	for (uint8_t i = 0; i < agent->n_skills; i++) {
		uint16_t n = agent->skills[i].skill;

		if (n <= config->n_skills && config->skills[n] != NULL &&
		    strcmp(config->skills[n], skill) == 0)
			return true;
	}
	return false;
}

static struct asker asker_of(const struct zv_api *api, const struct zv_http_request *request)
{
	const struct zv_config *config = api->config(api->arg);

	return (struct asker){
		.api = api,
		.agent = request->who->user < config->engine.n_agents ? request->who->user : ZV_API_NONE,
		.name = request->who->name,
		.all = request->who->role != ZV_ROLE_AGENT,
	};
}

static bool request_id(const struct zv_http_request *request, struct zv_http_reply *reply, uint64_t *ret)
{
	if (zv_api_id(request->params[0], ret) && *ret != 0)
		return true;
	zv_http_problem(reply, 404, "not-found", "no such request");
	return false;
}

/* ---- reading ---- */

static bool keep_one(void *arg, const struct zv_request *q)
{
	struct asker *a = arg;

	if (a->all || q->agent[0] == 0 || strcmp(q->agent, a->name) == 0)
		a->json = request_json(a->api, q);
	return false;
}

static void show(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct asker a = asker_of(arg, request);
	uint64_t id;
	enum zv_err err;

	if (!request_id(request, reply, &id))
		return;
	err = zv_store_request_get(a.api->store, id, keep_one, &a);
	if (err == ZV_OK && a.json == NULL)
		err = ZV_ENOENT; /* somebody else's */
	if (err == ZV_OK)
		zv_http_reply(reply, 200, a.json);
	else
		zv_http_problem_err(reply, err, "no such request");
}

static bool add_one(void *arg, const struct zv_request *q)
{
	struct asker *a = arg;

	if (!a->all && strcmp(q->agent, a->name) != 0 &&
	    (q->status != ZV_REQUEST_NEW || (q->skill[0] != 0 && !has_skill(a, q->skill))))
		return true;
	(void)json_array_append_new(a->json, request_json(a->api, q));
	return json_array_size(a->json) < ROWS_MAX;
}

static bool filter_of(const struct zv_http_request *request, struct zv_http_reply *reply, int64_t now_ms,
		      struct zv_request_filter *f)
{
	const char *status = zv_http_query(request, "status"), *kind = zv_http_query(request, "type");
	const char *lead = zv_http_query(request, "lead"), *person = zv_http_query(request, "person");
	const char *overdue = zv_http_query(request, "overdue"), *after = zv_http_query(request, "after");
	const char *bad = NULL;

	*f = (struct zv_request_filter){.agent = zv_http_query(request, "agent")};
	if (status != NULL && (f->status = zv_request_status_parse(status)) == 0)
		bad = "status: new, work or done";
	if (kind != NULL && (f->kind = zv_request_kind_parse(kind)) == 0)
		bad = "type: there is none of that name";
	if ((lead != NULL && !zv_api_id(lead, &f->lead)) || (person != NULL && !zv_api_id(person, &f->person)) ||
	    (after != NULL && !zv_api_id(after, &f->after)))
		bad = "lead, person, after: digits";
	if (overdue != NULL && strcmp(overdue, "1") == 0)
		f->overdue_ms = now_ms;
	else if (overdue != NULL)
		bad = "overdue: 1";
	if (bad != NULL)
		zv_http_problem(reply, 422, invalid, "%s", bad);
	return bad == NULL;
}

/* What is not done first, as it is given out. */
static enum zv_err list_open(struct asker *a, struct zv_request_filter *f)
{
	enum zv_err err;

	f->status = ZV_REQUEST_WORK;
	if (!a->all)
		f->agent = a->name;
	err = zv_store_requests_each(a->api->store, f, add_one, a);
	f->status = ZV_REQUEST_NEW;
	f->agent = NULL;
	return err == ZV_OK ? zv_store_requests_each(a->api->store, f, add_one, a) : err;
}

static void list(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct asker a = asker_of(arg, request);
	int64_t now_ms = a.api->now_ms(a.api->arg);
	struct zv_request_counts counts = {0};
	struct zv_request_filter f;
	enum zv_err err;

	if (!filter_of(request, reply, now_ms, &f))
		return;
	a.json = json_array();
	if (f.status == 0 && f.agent == NULL && f.lead == 0 && f.person == 0 && f.overdue_ms == 0)
		err = list_open(&a, &f);
	else
		err = zv_store_requests_each(a.api->store, &f, add_one, &a);
	if (err == ZV_OK)
		err = zv_store_request_counts(a.api->store, now_ms, &counts);
	if (err != ZV_OK) {
		json_decref(a.json);
		zv_http_problem_err(reply, err, "the requests cannot be read");
		return;
	}
	zv_http_reply(reply, 200, json_pack("{s:o, s:{s:I, s:I, s:I, s:I}}", "requests", a.json, "counts",
					    "new", (json_int_t)counts.fresh, "work",
					    (json_int_t)counts.work, "done", (json_int_t)counts.done,
					    "overdue", (json_int_t)counts.overdue));
}

static bool keep_next(void *arg, const struct zv_request *q)
{
	struct asker *a = arg;

	a->json = request_json(a->api, q);
	return false;
}

static void next(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct asker a = asker_of(arg, request);
	enum zv_err err = zv_store_request_next(a.api->store, a.name, has_skill, keep_next, &a);

	if (err == ZV_OK && a.json != NULL)
		zv_http_reply(reply, 200, a.json);
	else if (err == ZV_ENOENT)
		zv_http_reply(reply, 204, NULL);
	else
		zv_http_problem_err(reply, err != ZV_OK ? err : ZV_ENOMEM, "the requests cannot be read");
}

static void forms(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	const struct zv_config *config = api->config(api->arg);
	json_t *all = json_array();

	(void)request;
	for (uint32_t i = 0; i < config->n_forms; i++)
		(void)json_array_append_new(all, json_pack("{s:s, s:s, s:o}", "name",
							   config->forms[i].name, "title",
							   config->forms[i].title, "fields",
							   zv_form_json(&config->forms[i])));
	zv_http_reply(reply, 200, json_pack("{s:o}", "forms", all));
}

/* ---- changes; io thread ---- */

struct job {
	const struct zv_api *api;
	struct zv_http *http;
	uint64_t ticket, id;
	int64_t now_ms;
	enum zv_request_what what;
	struct zv_request request; /* to create */
	json_t *body;              /* its texts lie there */
	char *fields;              /* JSON text; NULL: none */
	char agent[ZV_HTTP_USER_MAX], result[ZV_NOTE_COMMENT_MAX + 1];
	bool all;                  /* whoever has it */
};

static void forget(struct job *job)
{
	if (job == NULL)
		return;
	json_decref(job->body);
	free(job->fields);
	free(job);
}

/* Everybody who may do it sees that there is something to do, or no more. */
static void publish(struct zv_http *http, uint64_t id, const char *what)
{
	static const struct zv_http_audience everyone = {.roles = ZV_MAY_AGENT};
	json_t *json = json_pack("{s:I, s:s}", "id", (json_int_t)id, "what", what);

	if (json != NULL && zv_http_publish_json(http, &everyone, "request", json) != ZV_OK)
		zv_warn("http", "request %llu: the pages are not told", (unsigned long long)id);
}

static void run_job(void *arg)
{
	static const char *const words[ZV_REQUEST_WHATS] = {"", "created", "taken", "returned", "done", ""};
	struct job *job = arg;
	struct zv_store *store = job->api->store;
	const char *who = job->all ? "" : job->agent;
	enum zv_err err = ZV_EINVAL;

	if (job->what == ZV_REQUEST_CREATED)
		err = zv_store_request_create(store, &job->request, job->agent, job->now_ms, &job->id);
	else if (job->what == ZV_REQUEST_TAKEN)
		err = zv_store_request_take(store, job->id, job->agent, job->now_ms);
	else if (job->what == ZV_REQUEST_RETURNED)
		err = zv_store_request_return(store, job->id, who, job->result, job->now_ms);
	else if (job->what == ZV_REQUEST_FINISHED)
		err = zv_store_request_done(store, job->id, who, job->fields, job->result, job->now_ms);
	if (err == ZV_OK) {
		zv_http_answer(job->http, job->ticket, job->what == ZV_REQUEST_CREATED ? 201 : 200,
			       json_pack("{s:I}", "id", (json_int_t)job->id));
		publish(job->http, job->id, words[job->what]);
	} else {
		zv_http_answer_err(job->http, job->ticket, err,
				   err == ZV_EDENIED ? "somebody else has it, or it is done"
				   : err == ZV_ENOENT ? "no such request or lead"
						      : "it could not be kept; try again");
	}
	forget(job);
}

static struct job *job_of(const struct zv_api *api, const struct zv_http_request *request,
			  struct zv_http_reply *reply, enum zv_request_what what)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		zv_http_problem_err(reply, ZV_ENOMEM, NULL);
		return NULL;
	}
	job->api = api;
	job->http = request->http;
	job->ticket = request->ticket;
	job->what = what;
	job->now_ms = api->now_ms(api->arg);
	(void)snprintf(job->agent, sizeof(job->agent), "%s", request->who->name);
	return job;
}

static void post(struct job *job, struct zv_http_reply *reply)
{
	enum zv_err err = zv_io_post(job->api->io, run_job, job);

	if (err == ZV_OK) {
		zv_http_later(reply);
		return;
	}
	zv_http_problem_err(reply, err, "the disk does not keep up; try again");
	forget(job);
}

/* ---- create ---- */

static bool dump_fields(struct job *job, const json_t *fields, struct zv_http_reply *reply)
{
	job->fields = json_dumps(fields, JSON_COMPACT);
	if (job->fields != NULL && strlen(job->fields) <= ZV_NOTE_FIELDS_MAX)
		return true;
	zv_http_problem(reply, 422, invalid, "fields: at most %u bytes", ZV_NOTE_FIELDS_MAX);
	return false;
}

static bool read_what(struct job *job, struct zv_http_reply *reply)
{
	const struct zv_config *config = job->api->config(job->api->arg);
	struct zv_request *q = &job->request;
	const json_t *body = job->body, *fields = json_object_get(body, "fields");
	const char *type, *name;
	char why[160];
	uint32_t campaign;

	if (!zv_api_text(body, "type", 40, reply, &type) ||
	    !zv_api_text(body, "title", ZV_REQUEST_TITLE_MAX, reply, &q->title) ||
	    !zv_api_text(body, "skill", ZV_REQUEST_WORD_MAX, reply, &q->skill) ||
	    !zv_api_text(body, "form", ZV_REQUEST_WORD_MAX, reply, &q->form) ||
	    !zv_api_text(body, "source", ZV_REQUEST_WORD_MAX, reply, &q->source) ||
	    !zv_api_text(body, "campaign", 63, reply, &name))
		return false;
	q->kind = type != NULL ? zv_request_kind_parse(type) : 0;
	if (q->kind == 0) {
		zv_http_problem(reply, 422, invalid, "type: verification, number_change, questionnaire, "
				"complaint, call or other");
		return false;
	}
	if (q->form != NULL && zv_config_form(config, q->form) == NULL) {
		zv_http_problem(reply, 422, invalid, "form: there is no forms.%.40s", q->form);
		return false;
	}
	if (name != NULL) {
		campaign = zv_api_campaign(config, name, reply);
		if (campaign == ZV_API_NONE)
			return false;
		q->campaign = config->engine.campaigns[campaign].id;
	}
	if (fields == NULL || json_is_null(fields))
		return true;
	if (!zv_form_check(NULL, fields, false, why, sizeof(why))) {
		zv_http_problem(reply, 422, invalid, "%s", why);
		return false;
	}
	if (!dump_fields(job, fields, reply))
		return false;
	q->fields = job->fields;
	return true;
}

static bool read_when(struct job *job, struct zv_http_reply *reply)
{
	struct zv_request *q = &job->request;
	const char *due;
	uint64_t priority, within_s, lead;
	bool told, in_time, whose;

	if (!zv_api_text(job->body, "due", 40, reply, &due) ||
	    !zv_api_number(job->body, "priority", reply, &priority, &told) ||
	    !zv_api_number(job->body, "within_s", reply, &within_s, &in_time) ||
	    !zv_api_number(job->body, "lead", reply, &lead, &whose))
		return false;
	if (priority > 9 || within_s > 31536000 || (due != NULL && in_time)) {
		zv_http_problem(reply, 422, invalid, "priority: 0 (first) to 9; due, or within_s: at most a year");
		return false;
	}
	q->priority = told ? (uint8_t)priority : 5;
	q->lead = lead;
	if (in_time)
		q->deadline_ms = job->now_ms + (int64_t)within_s * 1000;
	return due == NULL || zv_api_moment("due", due, reply, &q->deadline_ms);
}

static void create(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct job *job;

	if (!zv_api_only(request, reply,
			 "type title skill form source campaign lead due within_s priority fields"))
		return;
	job = job_of(arg, request, reply, ZV_REQUEST_CREATED);
	if (job == NULL)
		return;
	job->body = request->json != NULL ? json_deep_copy(request->json) : json_object();
	if (job->body != NULL && read_what(job, reply) && read_when(job, reply))
		post(job, reply);
	else
		forget(job);
}

/* ---- take, done, return ---- */

static void take(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct asker a = asker_of(arg, request);
	struct job *job;
	uint64_t id;

	if (!zv_api_only(request, reply, "") || !request_id(request, reply, &id))
		return;
	if (a.agent == ZV_API_NONE) {
		zv_http_problem(reply, 403, "forbidden", "a machine does no requests");
		return;
	}
	job = job_of(arg, request, reply, ZV_REQUEST_TAKEN);
	if (job == NULL)
		return;
	job->id = id;
	post(job, reply);
}

struct standing { json_t *fields; char form[ZV_REQUEST_WORD_MAX + 1], agent[ZV_USER_MAX + 1]; };

static bool keep_standing(void *arg, const struct zv_request *q)
{
	struct standing *s = arg;

	s->fields = json_loads(q->fields[0] != 0 ? q->fields : "{}", 0, NULL);
	(void)snprintf(s->form, sizeof(s->form), "%s", q->form);
	(void)snprintf(s->agent, sizeof(s->agent), "%s", q->agent);
	return false;
}

/* What was filled in now, over what stood there; all that the form asks for is there. */
static bool fill_in(struct job *job, const json_t *given, struct zv_http_reply *reply)
{
	const struct zv_config *config = job->api->config(job->api->arg);
	struct standing s = {0};
	enum zv_err err = zv_store_request_get(job->api->store, job->id, keep_standing, &s);
	const struct zv_config_form *form;
	json_t *none = json_object();
	char why[160] = "";
	bool ok = false;

	if (err != ZV_OK) {
		zv_http_problem_err(reply, err, "no such request");
	} else {
		form = s.form[0] != 0 ? zv_config_form(config, s.form) : NULL;
		if (given == NULL || json_is_null(given))
			given = none;
		if (s.fields == NULL)
			s.fields = json_object();
		ok = zv_form_check(form, given, false, why, sizeof(why));
		if (ok)
			ok = json_object_update(s.fields, (json_t *)(uintptr_t)given) == 0;
		for (uint8_t i = 0; ok && form != NULL && i < form->n_fields; i++) {
			const json_t *value = json_object_get(s.fields, form->fields[i].name);

			if (form->fields[i].required && (value == NULL || json_is_null(value))) {
				(void)snprintf(why, sizeof(why), "%s must be filled in",
					       form->fields[i].name);
				ok = false;
			}
		}
		if (!ok)
			zv_http_problem(reply, 422, invalid, "%s", why);
		else
			ok = dump_fields(job, s.fields, reply);
	}
	json_decref(none);
	json_decref(s.fields);
	return ok;
}

static void let_go(const struct zv_api *api, const struct zv_http_request *request,
		   struct zv_http_reply *reply, enum zv_request_what what)
{
	bool done = what == ZV_REQUEST_FINISHED;
	const char *comment;
	struct job *job;
	uint64_t id;

	if (!zv_api_only(request, reply, done ? "fields comment" : "comment") ||
	    !request_id(request, reply, &id) ||
	    !zv_api_text(request->json, "comment", ZV_NOTE_COMMENT_MAX, reply, &comment))
		return;
	job = job_of(api, request, reply, what);
	if (job == NULL)
		return;
	job->id = id;
	job->all = request->who->role != ZV_ROLE_AGENT;
	(void)snprintf(job->result, sizeof(job->result), "%s", comment != NULL ? comment : "");
	if (!done || fill_in(job, json_object_get(request->json, "fields"), reply))
		post(job, reply);
	else
		forget(job);
}

static void done(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	let_go(arg, request, reply, ZV_REQUEST_FINISHED);
}

static void give_back(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	let_go(arg, request, reply, ZV_REQUEST_RETURNED);
}

/* ---- what is overdue ---- */

static bool tell_overdue(void *arg, const struct zv_request *q)
{
	static const struct zv_http_audience chiefs = {.roles = ZV_MAY_SUPERVISOR};
	const struct zv_api *api = arg;
	char text[ZV_REQUEST_TITLE_MAX + 100];
	json_t *json;

	(void)snprintf(text, sizeof(text), "request %llu is overdue: %s%s%s", (unsigned long long)q->id,
		       q->title[0] != 0 ? q->title : zv_request_kind_name(q->kind),
		       q->agent[0] != 0 ? ", in work with " : "", q->agent);
	json = json_pack("{s:s, s:I}", "text", text, "request", (json_int_t)q->id);
	if (json == NULL || zv_http_publish_json(api->http, &chiefs, "alarm", json) != ZV_OK)
		zv_warn("http", "%s", text);
	publish(api->http, q->id, "overdue");
	return false;
}

static void run_overdue(void *arg)
{
	const struct zv_api *api = arg;
	uint32_t n = 0;
	enum zv_err err = zv_store_requests_escalate(api->store, api->now_ms(api->arg), tell_overdue, arg, &n);

	if (err != ZV_OK)
		zv_warn("store", "overdue requests: %s", zv_err_text(err));
}

void zv_api_look_at_requests(const struct zv_api *api)
{
	if (zv_io_post(api->io, run_overdue, (void *)(uintptr_t)api) != ZV_OK)
		zv_warn("store", "the disk does not keep up: overdue requests are told later");
}

const struct zv_http_route zv_api_request_routes[] = {
	{.method = "GET", .path = "/api/v1/requests", .roles = ZV_ROLES_ALL, .handle = list,
	 .query = "status? type? agent? lead? person? overdue? after?",
	 .summary = "Requests; an agent sees his own and what he may take", .reply_schema = "Requests"},
	{.method = "POST", .path = "/api/v1/requests", .roles = ZV_MAY_INTEGRATOR | ZV_MAY_SUPERVISOR,
	 .handle = create, .summary = "Something that a person has to do", .request_schema = "RequestNew",
	 .reply_schema = "RequestId"},
	{.method = "GET", .path = "/api/v1/requests/next", .roles = ZV_MAY_AGENT, .handle = next,
	 .summary = "The most urgent one that the agent may take, or has", .reply_schema = "Request"},
	{.method = "GET", .path = "/api/v1/requests/{id}", .roles = ZV_ROLES_ALL, .handle = show,
	 .summary = "One request", .reply_schema = "Request"},
	{.method = "POST", .path = "/api/v1/requests/{id}/take", .roles = ZV_MAY_AGENT, .handle = take,
	 .summary = "I do it", .reply_schema = "RequestId"},
	{.method = "POST", .path = "/api/v1/requests/{id}/done", .roles = ZV_MAY_AGENT, .handle = done,
	 .summary = "It is done, with what its form asks for", .request_schema = "RequestDone",
	 .reply_schema = "RequestId"},
	{.method = "POST", .path = "/api/v1/requests/{id}/return", .roles = ZV_MAY_AGENT,
	 .handle = give_back, .summary = "Somebody else shall do it", .request_schema = "RequestReturn",
	 .reply_schema = "RequestId"},
	{.method = "GET", .path = "/api/v1/forms", .roles = ZV_ROLES_ALL, .handle = forms,
	 .summary = "Forms and their fields", .reply_schema = "Forms"},
	{0},
};
