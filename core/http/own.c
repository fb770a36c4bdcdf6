/* The routes that are the server's own: log-in, events, its description, figures, health. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/int.h"
#include "http/metrics.h"

/* five wrong ones a minute of one user from one address; thirty from an address */
static const struct zv_limit_rate guesses_pair = {.burst = 5, .every_ms = 12000};
static const struct zv_limit_rate guesses_address = {.burst = 30, .every_ms = 2000};

static struct zv_call *call_of(const struct zv_http_request *request)
{
	return (struct zv_call *)(uintptr_t)request->inside;
}

/* take: a wrong one is counted.  False: too many were wrong. */
static bool may_guess(struct zv_call *call, const char *user, bool take)
{
	struct zv_http *h = call->http;
	uint64_t pair = zv_limit_key(h->guesses, call->address, call->address_len, user,
				     (uint32_t)strlen(user));
	uint64_t address = zv_limit_key(h->guesses, call->address, call->address_len, NULL, 0);
	int64_t now_ms = zv_http_mono_ms(), wait_ms, other_ms;

	(void)pthread_mutex_lock(&h->lock);
	wait_ms = zv_limit_ask(h->guesses, pair, guesses_pair, take, now_ms);
	other_ms = zv_limit_ask(h->guesses, address, guesses_address, take, now_ms);
	(void)pthread_mutex_unlock(&h->lock);
	if (other_ms > wait_ms)
		wait_ms = other_ms;
	if (take || wait_ms == 0)
		return true;
	call->reply.retry_s = (uint32_t)((wait_ms + 999) / 1000);
	zv_http_problem(&call->reply, 429, "too-many", "too many wrong passwords; wait a little");
	atomic_fetch_add_explicit(&h->refused_login, 1, memory_order_relaxed);
	return false;
}

static json_t *session_json(const struct zv_http_subject *who, const char *token)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "token", token, "user", who->name, "title", who->title,
			 "role", zv_role_name(who->role), "expires", (json_int_t)who->expires_ms);
}

static void log_in(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct zv_call *call = call_of(request);
	const char *user = NULL, *password = NULL;
	char token[ZV_TOKEN_TEXT_MAX];
	struct zv_http_subject who;
	enum zv_err err;

	(void)arg;
	if (request->json == NULL ||
	    json_unpack((json_t *)(uintptr_t)request->json, "{s:s, s:s}", "user", &user, "password",
			&password) != 0 ||
	    strlen(user) >= ZV_HTTP_USER_MAX || strlen(password) > 256) {
		zv_http_problem(reply, 422, "invalid", "want {\"user\": ..., \"password\": ...}");
		return;
	}
	if (!may_guess(call, user, false))
		return;
	err = zv_auth_login(call->http->auth, user, password, token, &who);
	if (err == ZV_EDENIED) {
		(void)may_guess(call, user, true);
		zv_http_problem(reply, 401, "wrong-password", "no such user, or another password");
		return;
	}
	if (err != ZV_OK) {
		zv_http_problem_err(reply, err, "no session can be made now");
		return;
	}
	(void)snprintf(reply->cookie, sizeof(reply->cookie),
		       "zvonar=%s; Path=/; HttpOnly; SameSite=Strict%s", token,
		       call->http->p.secure_cookie ? "; Secure" : "");
	zv_http_reply(reply, 200, session_json(&who, token));
	explicit_bzero(token, sizeof(token));
}

static void log_out(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct zv_call *call = call_of(request);

	(void)arg;
	zv_auth_logout(call->http->auth, &call->token);
	zv_hub_end_session(call->http->hub, &call->token);
	(void)snprintf(reply->cookie, sizeof(reply->cookie),
		       "zvonar=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	zv_http_reply(reply, 204, NULL);
}

static void events(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct zv_call *call = call_of(request);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct zv_sse_params params = {
		.connection = call->conn, .fd = info != NULL ? info->connect_fd : -1, .who = &call->who,
		.session = &call->token, .last_id = zv_call_header(call, "Last-Event-ID")};
	enum zv_err err;

	if (params.last_id == NULL) /* for those who cannot set headers */
		params.last_id = zv_http_query(request, "last_event_id");
	err = zv_hub_open(call->http->hub, &params, &call->stream);
	if (err == ZV_EDENIED) {
		reply->retry_s = 5;
		zv_http_problem(reply, 429, "too-many", "%u streams of one user are open",
				call->http->p.streams_user_max);
	} else if (err != ZV_OK) {
		reply->retry_s = 5;
		zv_http_problem(reply, 503, "full", "too many streams are open");
	} else if (call->http->p.opened != NULL) {
		call->http->p.opened(arg, &call->who);
	}
}

static void give_text(struct zv_http_reply *reply, unsigned status, char *text, const char *type)
{
	reply->set = true;
	reply->status = text != NULL ? status : 500;
	reply->text = text;
	reply->len = text != NULL ? strlen(text) : 0;
	reply->type = type;
}

static void openapi(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	(void)arg;
	give_text(reply, 200, strdup(request->http->openapi), "application/json");
}

static void own_metrics(struct zv_http *h, struct zv_metrics *m)
{
	static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
	struct zv_http_stats s;

	zv_http_get_stats(h, &s);
	zv_metric_family(m, "zvonar_http_responses_total", ZV_METRIC_COUNTER, "Answers by class of status.");
	for (int i = 2; i < 6; i++)
		zv_metric_of(m, "class", classes[i], (double)s.by_class[i]);
	zv_metric_one(m, "zvonar_http_rate_refused_total", ZV_METRIC_COUNTER,
		      "Requests refused with 429 for their number.", (double)s.refused_rate);
	zv_metric_one(m, "zvonar_http_logins_refused_total", ZV_METRIC_COUNTER,
		      "Log-ins refused with 429 after wrong passwords.", (double)s.refused_login);
	zv_metric_one(m, "zvonar_http_timeouts_total", ZV_METRIC_COUNTER, "Requests answered with 504.",
		      (double)s.timeouts);
	zv_metric_one(m, "zvonar_http_waiting", ZV_METRIC_GAUGE, "Requests that wait for their answer.", s.waiting);
	zv_metric_one(m, "zvonar_http_sessions", ZV_METRIC_GAUGE, "Sessions.", s.sessions);
	zv_metric_one(m, "zvonar_http_streams", ZV_METRIC_GAUGE, "Open event streams.", s.streams);
	zv_metric_one(m, "zvonar_http_events_total", ZV_METRIC_COUNTER, "Events published.",
		      (double)s.published);
	zv_metric_one(m, "zvonar_http_events_delivered_total", ZV_METRIC_COUNTER,
		      "Events sent, each stream counted.", (double)s.delivered);
	zv_metric_one(m, "zvonar_http_events_full_total", ZV_METRIC_COUNTER,
		      "Events that found no room on their way.", (double)s.publish_full);
	zv_metric_one(m, "zvonar_http_streams_lost_total", ZV_METRIC_COUNTER,
		      "Streams ended because they were read too slowly.", (double)s.lost);
}

static void metrics(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	struct zv_http *h = request->http;
	struct zv_metrics *m = zv_metrics_begin();
	char *text = NULL;
	size_t len;

	if (m != NULL) {
		zv_metric_family(m, "zvonar_build_info", ZV_METRIC_GAUGE, "The version that runs.");
		zv_metric_of(m, "version", ZV_VERSION, 1);
		own_metrics(h, m);
		if (h->p.metrics != NULL)
			h->p.metrics(arg, m);
		text = zv_metrics_end(m, &len);
	}
	if (text == NULL)
		zv_http_problem(reply, 500, "failed", "the figures cannot be made");
	else
		give_text(reply, 200, text, "text/plain; version=0.0.4; charset=utf-8");
}

static void healthy(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	(void)arg;
	(void)request;
	zv_http_reply(reply, 200, json_pack("{s:s}", "status", "ok"));
}

static void ready(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	if (request->http->p.ready != NULL && !request->http->p.ready(arg))
		zv_http_problem(reply, 503, "not-ready", "not ready for work");
	else
		zv_http_reply(reply, 200, json_pack("{s:s}", "status", "ok"));
}

const struct zv_http_route zv_own_routes[] = {
	{.method = "POST", .path = "/api/v1/session", .handle = log_in, .flags = ZV_ROUTE_NO_KEY,
	 .summary = "Log in", .request_schema = "Login", .reply_schema = "Session"},
	{.method = "DELETE", .path = "/api/v1/session", .roles = ZV_ROLES_ALL, .handle = log_out,
	 .summary = "Log out: the session ends, and its streams"},
	{.method = "GET", .path = "/api/v1/events", .roles = ZV_ROLES_ALL, .handle = events,
	 .flags = ZV_ROUTE_TEXT, .query = "last_event_id?",
	 .summary = "Server-sent events; Last-Event-ID goes on after a break"},
	{.method = "GET", .path = "/openapi.json", .handle = openapi, .summary = "This description"},
	{.method = "GET", .path = "/metrics", .roles = ZV_MAY_OPERATOR, .handle = metrics,
	 .flags = ZV_ROUTE_TEXT, .summary = "Figures in the Prometheus text format"},
	{.method = "GET", .path = "/healthz", .handle = healthy, .summary = "It runs", .reply_schema = "Health"},
	{.method = "GET", .path = "/readyz", .handle = ready, .summary = "It is ready for work",
	 .reply_schema = "Health"},
	{0},
};

const char zv_own_schemas[] =
	"{\"Login\": {\"type\": \"object\", \"required\": [\"user\", \"password\"], \"properties\": {"
	"\"user\": {\"type\": \"string\", \"maxLength\": 31}, "
	"\"password\": {\"type\": \"string\", \"maxLength\": 256, \"format\": \"password\"}}},"
	"\"Session\": {\"type\": \"object\", \"required\": [\"token\", \"user\", \"role\", \"expires\"], "
	"\"properties\": {\"token\": {\"type\": \"string\"}, \"user\": {\"type\": \"string\"}, "
	"\"title\": {\"type\": \"string\"}, \"role\": {\"$ref\": \"#/components/schemas/Role\"}, "
	"\"expires\": {\"type\": \"integer\", \"description\": \"milliseconds since 1970, if idle until then\"}}},"
	"\"Role\": {\"enum\": [\"agent\", \"supervisor\", \"operator\", \"integrator\"]},"
	"\"Health\": {\"type\": \"object\", \"properties\": {\"status\": {\"type\": \"string\"}}},"
	"\"Empty\": {\"type\": \"object\"},"
	"\"Problem\": {\"type\": \"object\", \"description\": \"RFC 9457\", "
	"\"required\": [\"type\", \"title\", \"status\"], \"properties\": {"
	"\"type\": {\"type\": \"string\", \"format\": \"uri\"}, \"title\": {\"type\": \"string\"}, "
	"\"status\": {\"type\": \"integer\"}, \"detail\": {\"type\": \"string\"}, "
	"\"instance\": {\"type\": \"string\"}, \"code\": {\"type\": \"string\"}}}}";
