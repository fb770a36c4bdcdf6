/* Leads given in: one a request, or many, a line each.  They are read here on the http thread and
 * written by jobs of the io thread, each job one transaction. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_lead.h"
#include "app/io.h"
#include "store/lead_put.h"

#define BATCH_ROWS   500u
#define BATCH_BYTES  (2u << 20)
#define BATCHES_MAX  2u    /* of one client on their way to the disk */
#define ERRORS_MAX   1000u /* told of one body of lines */
#define WHY_MAX      160u
#define ATTRS_MAX    32768u
#define EXTERNAL_MAX 200u

/* ---- one lead from JSON ---- */

static const char known[] = "campaign external_id numbers phone attrs temperature due owner sla_s zone "
			    "jurisdiction registration_zone region language party debt topic";

struct lead_in {
	struct zv_lead_put put; /* texts lie in json, attrs in its own memory */
	uint32_t campaign;      /* index */
	uint64_t line;
	json_t *json;
	char *attrs;
};

static void forget(struct lead_in *in)
{
	json_decref(in->json);
	free(in->attrs);
	memset(in, 0, sizeof(*in));
}

/* Control characters have no place in what is shown to people and written to CSV. */
static bool plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

/* NULL, or what is wrong. */
static const char *text_of(const json_t *json, const char *key, size_t max, const char **ret_text)
{
	const json_t *value = json_object_get(json, key);
	const char *text = json_string_value(value);

	*ret_text = NULL;
	if (value == NULL || json_is_null(value))
		return NULL;
	if (text == NULL || json_string_length(value) > max || !plain(text, json_string_length(value)))
		return key;
	*ret_text = text;
	return NULL;
}

static bool is_known(const char *key)
{
	size_t n = strlen(key);

	for (const char *p = known; (p = strstr(p, key)) != NULL; p += n)
		if (n > 0 && strchr(key, ' ') == NULL && (p == known || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == 0))
			return true;
	return false;
}

static const char *numbers_of(struct lead_in *in)
{
	const json_t *list = json_object_get(in->json, "numbers");
	const json_t *phone = json_object_get(in->json, "phone"), *one;
	size_t n = json_is_string(list) ? 1 : json_array_size(list);

	if ((list != NULL && !json_is_array(list) && !json_is_string(list)) || n > ZV_NUMBERS_MAX ||
	    (list != NULL && phone != NULL) || (phone != NULL && !json_is_string(phone)))
		return "numbers";
	if (phone != NULL || json_is_string(list)) {
		in->put.numbers[0] = json_string_value(phone != NULL ? phone : list);
		in->put.n_numbers = 1;
	}
	for (size_t i = 0; json_is_array(list) && i < n; i++) {
		one = json_array_get(list, i);
		if (!json_is_string(one))
			return "numbers";
		in->put.numbers[in->put.n_numbers++] = json_string_value(one);
	}
	for (uint32_t i = 0; i < in->put.n_numbers; i++)
		if (strlen(in->put.numbers[i]) > 200)
			return "numbers";
	return in->put.n_numbers > 0 ? NULL : "numbers";
}

/* A value as a script's variables take it. */
static const char *value_text(const json_t *value, char *buf, size_t size, size_t *ret_len)
{
	const char *text = json_string_value(value);

	*ret_len = 0;
	if (json_is_string(value)) {
		*ret_len = json_string_length(value);
		return plain(text, *ret_len) ? text : NULL;
	}
	if (json_is_integer(value))
		(void)snprintf(buf, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(buf, size, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		(void)snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
	else
		return NULL;
	*ret_len = strlen(buf);
	return buf;
}

static const char *attrs_of(struct lead_in *in)
{
	json_t *map = json_object_get(in->json, "attrs"), *value;
	const char *name;
	char *shrunk;
	size_t at = 0;

	if (map == NULL || json_is_null(map))
		return NULL;
	if (!json_is_object(map) || json_object_size(map) > 256)
		return "attrs";
	in->attrs = malloc(ATTRS_MAX);
	if (in->attrs == NULL)
		return "attrs";
	json_object_foreach(map, name, value)
	{
		size_t n = strlen(name) + 1, len;
		char buf[32];
		const char *text = value_text(value, buf, sizeof(buf), &len);

		if (text == NULL || n == 1 || n > 101 || !plain(name, n - 1) ||
		    at + n + len + 1 > ATTRS_MAX)
			return "attrs";
		memcpy(in->attrs + at, name, n);
		memcpy(in->attrs + at + n, text, len);
		in->attrs[at + n + len] = 0;
		at += n + len + 1;
	}
	if (at > 0 && (shrunk = realloc(in->attrs, at)) != NULL)
		in->attrs = shrunk;
	in->put.attrs = in->attrs;
	in->put.attrs_len = at;
	return NULL;
}

static const char *moment_of(const struct zv_api *api, struct lead_in *in)
{
	const char *text, *bad = text_of(in->json, "due", 40, &text);
	const char *dot = text != NULL ? strchr(text, '.') : NULL;

	if (bad != NULL || text == NULL)
		return bad;
	if (dot != NULL || zv_conf_moment(text, &in->put.due_ms) != ZV_OK || in->put.due_ms <= 0)
		return "due";
	if (in->put.due_ms < api->now_ms(api->arg))
		in->put.due_ms = 0;
	return NULL;
}

static const char *temper_of(struct lead_in *in)
{
	static const struct { const char *word; uint8_t class; } words[] = {
		{"hot", ZV_DUE_HOT}, {"warm", ZV_DUE_NORMAL}, {"cold", ZV_DUE_LATER}};
	const char *text, *bad = text_of(in->json, "temperature", 10, &text);

	in->put.due_class = ZV_DUE_NORMAL;
	if (bad != NULL || text == NULL)
		return bad;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, text) == 0) {
			in->put.due_class = words[i].class;
			return NULL;
		}
	}
	return "temperature";
}

static const char *owner_of(const struct zv_config *config, struct lead_in *in)
{
	const char *user, *bad = text_of(in->json, "owner", ZV_HTTP_USER_MAX - 1, &user);

	if (bad != NULL || user == NULL)
		return bad;
	for (uint32_t i = 0; i < config->engine.n_agents; i++) {
		if (strcmp(config->agents[i].user, user) == 0) {
			in->put.owner = 1 + config->engine.agents[i].id;
			return NULL;
		}
	}
	return "owner";
}

static const char *rest_of(struct lead_in *in)
{
	const json_t *sla = json_object_get(in->json, "sla_s");
	struct { const char *key; size_t max; const char **to; } texts[] = {
		{"external_id", EXTERNAL_MAX, &in->put.external_id}, {"zone", 63, &in->put.zone},
		{"jurisdiction", 7, &in->put.jurisdiction},
		{"registration_zone", 63, &in->put.registration_zone}, {"region", 63, &in->put.region},
		{"language", 11, &in->put.language}, {"party", 40, &in->put.party},
		{"debt", 200, &in->put.debt}, {"topic", 200, &in->put.topic}};
	const char *bad = NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && bad == NULL; i++)
		bad = text_of(in->json, texts[i].key, texts[i].max, texts[i].to);
	if (bad != NULL || sla == NULL || json_is_null(sla))
		return bad;
	if (!json_is_integer(sla) || json_integer_value(sla) < 1 || json_integer_value(sla) > 31536000)
		return "sla_s";
	in->put.sla_s = (uint32_t)json_integer_value(sla);
	return NULL;
}

/* Takes a new reference of json.  NULL, or what is wrong, in why. */
static const char *read_lead(const struct zv_api *api, json_t *json, struct lead_in *in,
			     char why[WHY_MAX])
{
	const struct zv_config *config = api->config(api->arg);
	const char *name = json_string_value(json_object_get(json, "campaign")), *bad = NULL, *key;
	json_t *value;

	memset(in, 0, sizeof(*in));
	in->json = json_incref(json);
	if (!json_is_object(json)) {
		(void)snprintf(why, WHY_MAX, "a lead is an object");
		return why;
	}
	json_object_foreach(json, key, value)
	{
		if (!is_known(key)) {
			(void)snprintf(why, WHY_MAX, "%.40s is not known here", key);
			return why;
		}
	}
	in->campaign = zv_api_campaign(config, name, NULL);
	if (in->campaign == ZV_API_NONE)
		bad = "campaign";
	if (bad == NULL)
		bad = numbers_of(in);
	if (bad == NULL)
		bad = rest_of(in);
	if (bad == NULL)
		bad = temper_of(in);
	if (bad == NULL)
		bad = moment_of(api, in);
	if (bad == NULL)
		bad = owner_of(config, in);
	if (bad == NULL)
		bad = attrs_of(in);
	if (bad == NULL)
		return NULL;
	(void)snprintf(why, WHY_MAX, "%s: missing, too long, or not what it must be", bad);
	return why;
}

/* ---- to the disk (io thread) ---- */

static enum zv_err write_leads(const struct zv_api *api, uint32_t campaign_id, int64_t now_ms,
			       struct zv_lead_put *v, uint32_t n)
{
	struct zv_lead_putter *own = NULL, *putter = api->putter;
	enum zv_err err = ZV_OK;

	if (putter == NULL) {
		err = zv_lead_putter_create(api->store, NULL, 0, &own);
		putter = own;
	}
	if (err == ZV_OK)
		err = zv_store_lead_put(putter, campaign_id, now_ms, v, n);
	zv_lead_putter_destroy(own);
	if (err == ZV_OK && api->leads_changed != NULL)
		api->leads_changed(api->arg);
	/* Who holds such a lead gives it back, and it is read anew. */
	for (uint32_t i = 0; i < n && err == ZV_OK; i++) {
		struct zv_event ev = {.type = ZV_EV_KILL,
				      .u.kill = {.lead = v[i].lead, .campaign = campaign_id,
						 .due_class = v[i].due_class, .at_ms = v[i].due_ms}};

		if (v[i].moved &&
		    api->told(api->arg, &ev, 0) != ZV_OK)
			break; /* it is called when the engine lets go of it */
	}
	return err;
}

static const char *const verdicts[] = {"new", "updated", "again", "calling", "removed", "suppressed",
				       "invalid", "full"};

struct one_job {
	const struct zv_api *api;
	struct zv_http *http;
	uint64_t ticket;
	uint32_t campaign_id;
	int64_t now_ms;
	struct lead_in in;
};

static void answer_one(const struct one_job *job)
{
	const struct zv_lead_put *put = &job->in.put;
	struct zv_http *http = job->http;

	if (put->verdict <= ZV_PUT_CALLING)
		zv_http_answer(http, job->ticket, put->verdict == ZV_PUT_NEW ? 201 : 200,
			       json_pack("{s:I, s:I, s:s, s:I}", "lead", (json_int_t)put->lead, "person",
					 (json_int_t)put->person, "verdict", verdicts[put->verdict],
					 "accepted_ms", (json_int_t)job->now_ms));
	else
		zv_http_answer_problem(http, job->ticket, put->verdict == ZV_PUT_BAD ? 422 :
				       put->verdict == ZV_PUT_NO_ROOM ? 507 : 409,
				       verdicts[put->verdict], put->why);
}

static void run_one(void *arg)
{
	struct one_job *job = arg;
	enum zv_err err = write_leads(job->api, job->campaign_id, job->now_ms, &job->in.put, 1);

	if (err == ZV_OK)
		answer_one(job);
	else
		zv_http_answer_err(job->http, job->ticket, err, "the lead could not be kept; try again");
	forget(&job->in);
	free(job);
}

void zv_api_lead_put(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct one_job *job = calloc(1, sizeof(*job));
	char text[WHY_MAX];
	const char *why;
	enum zv_err err;

	if (job == NULL) {
		zv_http_problem_err(reply, ZV_ENOMEM, NULL);
		return;
	}
	job->api = api;
	job->http = request->http;
	job->ticket = request->ticket;
	job->now_ms = api->now_ms(api->arg);
	why = read_lead(api, (json_t *)(uintptr_t)request->json, &job->in, text);
	if (why == NULL) {
		job->campaign_id = api->config(api->arg)->engine.campaigns[job->in.campaign].id;
		err = zv_io_post(api->io, run_one, job);
		if (err == ZV_OK) {
			zv_http_later(reply);
			return;
		}
		zv_http_problem_err(reply, err, "the disk does not keep up; try again");
	} else {
		zv_http_problem(reply, 422, "invalid", "%s", why);
	}
	forget(&job->in);
	free(job);
}

/* ---- many ---- */

struct bulk;

struct batch {
	struct bulk *bulk;
	uint32_t campaign, campaign_id; /* index, id */
	int64_t now_ms;
	uint32_t n;
	size_t bytes;
	struct lead_in v[BATCH_ROWS];
};

/* Shared by the http thread and its batches on the io thread. */
struct bulk {
	const struct zv_api *api;
	struct zv_http *http;
	uint64_t ticket;
	struct batch *filling; /* http thread */
	pthread_mutex_t lock;  /* of what follows */
	uint32_t refs, under_way;
	bool waits, over, answered; /* waits: a line was not taken; over: all were */
	enum zv_err err;
	uint64_t lines, counts[8];
	json_t *errors;
};

static void drop(struct bulk *b)
{
	bool last;

	(void)pthread_mutex_lock(&b->lock);
	last = --b->refs == 0;
	(void)pthread_mutex_unlock(&b->lock);
	if (!last)
		return;
	for (uint32_t i = 0; b->filling != NULL && i < b->filling->n; i++)
		forget(&b->filling->v[i]);
	free(b->filling);
	json_decref(b->errors);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

/* Under the lock. */
static void refuse_line(struct bulk *b, uint64_t line, uint8_t verdict, const char *why)
{
	b->counts[verdict]++;
	if (json_array_size(b->errors) < ERRORS_MAX)
		(void)json_array_append_new(b->errors,
					    json_pack("{s:I, s:s, s:s}", "line", (json_int_t)line,
						      "verdict", verdicts[verdict], "why", why));
}

/* Under the lock: the answer when nothing is under way any more. */
static void answer_bulk(struct bulk *b)
{
	if (!b->over || b->under_way > 0 || b->answered)
		return;
	b->answered = true;
	if (b->err != ZV_OK) {
		zv_http_answer_err(b->http, b->ticket, b->err,
				   "not all leads could be kept; send them again: known ones are told apart by "
				   "their external_id");
		return;
	}
	zv_http_answer(b->http, b->ticket, 200,
		       json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "lines",
				 (json_int_t)b->lines, "new", (json_int_t)b->counts[ZV_PUT_NEW], "updated",
				 (json_int_t)b->counts[ZV_PUT_UPDATED], "again",
				 (json_int_t)b->counts[ZV_PUT_AGAIN], "calling",
				 (json_int_t)b->counts[ZV_PUT_CALLING], "removed",
				 (json_int_t)b->counts[ZV_PUT_REMOVED], "suppressed",
				 (json_int_t)b->counts[ZV_PUT_SUPPRESSED], "invalid",
				 (json_int_t)(b->counts[ZV_PUT_BAD] + b->counts[ZV_PUT_NO_ROOM]), "errors",
				 b->errors));
}

static void run_batch(void *arg)
{
	struct batch *t = arg;
	struct bulk *b = t->bulk;
	struct zv_lead_put *v = calloc(t->n, sizeof(*v));
	bool go_on;
	enum zv_err err = v != NULL ? ZV_OK : ZV_ENOMEM;

	for (uint32_t i = 0; i < t->n && err == ZV_OK; i++)
		v[i] = t->v[i].put;
	if (err == ZV_OK)
		err = write_leads(b->api, t->campaign_id, t->now_ms, v, t->n);
	(void)pthread_mutex_lock(&b->lock);
	for (uint32_t i = 0; i < t->n && err == ZV_OK; i++) {
		if (v[i].verdict > ZV_PUT_CALLING)
			refuse_line(b, t->v[i].line, v[i].verdict, v[i].why);
		else
			b->counts[v[i].verdict]++;
	}
	if (b->err == ZV_OK)
		b->err = err;
	b->under_way--;
	go_on = b->waits;
	b->waits = false;
	answer_bulk(b);
	(void)pthread_mutex_unlock(&b->lock);
	if (go_on)
		zv_http_go_on(b->http, b->ticket);
	for (uint32_t i = 0; i < t->n; i++)
		forget(&t->v[i]);
	free(v);
	free(t);
	drop(b);
}

/* ZV_EAGAIN: as many as may be are under way; when one is done the client goes on. */
static enum zv_err send_batch(struct bulk *b, bool last)
{
	struct batch *t = b->filling;
	enum zv_err err;

	if (t == NULL || t->n == 0)
		return ZV_OK;
	(void)pthread_mutex_lock(&b->lock);
	b->waits = !last && b->under_way >= BATCHES_MAX;
	if (b->waits) {
		(void)pthread_mutex_unlock(&b->lock);
		return ZV_EAGAIN;
	}
	b->under_way++;
	b->refs++;
	(void)pthread_mutex_unlock(&b->lock);
	t->now_ms = b->api->now_ms(b->api->arg);
	err = zv_io_post(b->api->io, run_batch, t);
	if (err == ZV_OK) {
		b->filling = NULL;
		return ZV_OK;
	}
	(void)pthread_mutex_lock(&b->lock);
	b->under_way--;
	b->refs--;
	b->err = err;
	(void)pthread_mutex_unlock(&b->lock);
	return err;
}

static void *begin(void *arg, const struct zv_http_request *request)
{
	struct bulk *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->api = arg;
	b->http = request->http;
	b->ticket = request->ticket;
	b->refs = 1;
	b->errors = json_array();
	if (b->errors == NULL || pthread_mutex_init(&b->lock, NULL) != 0) {
		json_decref(b->errors);
		free(b);
		return NULL;
	}
	return b;
}

/* The batch that a lead of this campaign goes to. */
static enum zv_err room(struct bulk *b, uint32_t campaign)
{
	struct batch *t = b->filling;
	enum zv_err err;

	if (t != NULL && (t->n == BATCH_ROWS || t->bytes > BATCH_BYTES || t->campaign != campaign)) {
		err = send_batch(b, false);
		if (err != ZV_OK)
			return err;
		t = NULL;
	}
	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		if (t == NULL)
			return ZV_ENOMEM;
		t->bulk = b;
		t->campaign = campaign;
		t->campaign_id = b->api->config(b->api->arg)->engine.campaigns[campaign].id;
		b->filling = t;
	}
	return ZV_OK;
}

static enum zv_err line(void *state, uint64_t number, const char *text, size_t len)
{
	struct bulk *b = state;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	char buf[WHY_MAX] = "this is no JSON";
	const char *why = json != NULL ? NULL : buf;
	struct lead_in in = {0};
	enum zv_err err = ZV_OK;

	if (json != NULL)
		why = read_lead(b->api, json, &in, buf);
	json_decref(json);
	if (why == NULL)
		err = room(b, in.campaign);
	if (err == ZV_EAGAIN) {
		forget(&in);
		return err; /* the line comes again */
	}
	(void)pthread_mutex_lock(&b->lock);
	b->lines++;
	if (why != NULL)
		refuse_line(b, number, ZV_PUT_BAD, why);
	if (err != ZV_OK && b->err == ZV_OK)
		b->err = err;
	err = b->err;
	(void)pthread_mutex_unlock(&b->lock);
	if (why == NULL && err == ZV_OK) {
		in.line = number;
		b->filling->bytes += len;
		b->filling->v[b->filling->n++] = in;
	} else {
		forget(&in);
	}
	return err;
}

static void end(void *state)
{
	drop(state);
}

const struct zv_http_lines zv_api_lead_lines = {.begin = begin, .line = line, .end = end};

void zv_api_lead_bulk(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct bulk *b = request->state;

	(void)arg;
	if (b == NULL) {
		zv_http_problem(reply, 415, "not-lines", "send application/x-ndjson, a lead a line");
		return;
	}
	zv_http_later(reply);
	(void)send_batch(b, true); /* an error is kept in b */
	(void)pthread_mutex_lock(&b->lock);
	b->over = true;
	answer_bulk(b);
	(void)pthread_mutex_unlock(&b->lock);
}
