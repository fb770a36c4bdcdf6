/* The daemon behind the API: what its handlers may do (api.h), and the server's making. */
#include "app/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/daemon_int.h"
#include "app/io.h"
#include "base/htdigest.h"
#include "base/log.h"
#include "dial/agent/agent.h"
#include "store/lead_put.h"

#define REQUESTS_MS 5000

/* A control request on its way from the http thread to main. */
struct zv_api_ask {
	struct zv_api_ask *next;
	struct zv_control_request request;
};

struct zv_api_state {
	struct zv_api api;
	const struct zv_http_route *tables[8];
	const char *schemas[1];
	char address[80];
	pthread_mutex_t lock; /* guards asks */
	struct zv_api_ask *asks, **asks_end;
	int64_t requests_ms; /* main: when overdue requests are looked for next (monotonic) */
};

static const struct zv_config *config_now(void *arg)
{
	struct zv_daemon *d = arg;

	return atomic_load(&d->live);
}

static int64_t now_ms(void *arg)
{
	struct zv_daemon *d = arg;

	return zv_clock_now(&d->clock).cal_ms;
}

enum zv_err zv_daemon_word(struct zv_daemon *d, const struct zv_event *ev)
{
	enum zv_err err;

	pthread_mutex_lock(&d->words);
	err = zv_ring_push(d->wires->http_engine, ev);
	pthread_mutex_unlock(&d->words);
	return err == ZV_OK ? ZV_OK : ZV_EFULL;
}

static enum zv_err desk(void *arg, const struct zv_event *ev, uint64_t ticket)
{
	struct zv_event copy = *ev;

	copy.type = ZV_EV_DESK;
	copy.attempt = (struct zv_attempt_id){.lo = ZV_HTTP_TICKET | ticket};
	return zv_daemon_word(arg, &copy);
}

static enum zv_err told(void *arg, struct zv_event *ev, uint64_t ticket)
{
	ev->attempt = (struct zv_attempt_id){.lo = ZV_HTTP_TICKET | ticket};
	return zv_daemon_word(arg, ev);
}

static enum zv_err control(void *arg, const struct zv_control_request *request, uint64_t ticket)
{
	struct zv_daemon *d = arg;
	struct zv_api_state *s = d->api;
	struct zv_api_ask *ask = malloc(sizeof(*ask));

	if (ask == NULL)
		return ZV_ENOMEM;
	ask->next = NULL;
	ask->request = *request;
	ask->request.ticket = ZV_HTTP_TICKET | ticket;
	pthread_mutex_lock(&s->lock);
	*s->asks_end = ask;
	s->asks_end = &ask->next;
	pthread_mutex_unlock(&s->lock);
	zv_wake(d->wires->main_fd);
	return ZV_OK;
}

static void leads_changed(void *arg)
{
	struct zv_daemon *d = arg;

	zv_wake(d->wires->lookahead_fd);
}

static json_t *agent_now(void *arg, uint32_t agent)
{
	return zv_desks_agent(((struct zv_daemon *)arg)->desks, agent);
}

static json_t *card_now(void *arg, uint32_t agent)
{
	return zv_desks_card(((struct zv_daemon *)arg)->desks, agent);
}

static json_t *floor_now(void *arg)
{
	return zv_desks_floor(((struct zv_daemon *)arg)->desks);
}

/* ---- main's side ---- */

void zv_daemon_answer(struct zv_daemon *d, uint64_t ticket, enum zv_err err, json_t *reply,
		      const char *text)
{
	if ((ticket & ZV_HTTP_TICKET) == 0) {
		zv_control_answer(d->control, ticket, err, reply, text);
		return;
	}
	if (d->http == NULL) {
		json_decref(reply);
		return;
	}
	if (err != ZV_OK) {
		json_decref(reply);
		zv_http_answer_err(d->http, ticket & ~ZV_HTTP_TICKET, err, text);
		return;
	}
	if (reply != NULL)
		json_object_del(reply, "ok");
	zv_http_answer(d->http, ticket & ~ZV_HTTP_TICKET, 200, reply);
}

bool zv_daemon_is_http(uint64_t ticket)
{
	return (ticket & ZV_HTTP_TICKET) != 0;
}

void zv_daemon_take_asks(struct zv_daemon *d)
{
	struct zv_api_ask *asks, *next;

	if (d->api == NULL)
		return;
	pthread_mutex_lock(&d->api->lock);
	asks = d->api->asks;
	d->api->asks = NULL;
	d->api->asks_end = &d->api->asks;
	pthread_mutex_unlock(&d->api->lock);
	for (; asks != NULL; asks = next) {
		json_t *reply = json_object();
		char text[512] = "";
		enum zv_err err = zv_daemon_handle(d, &asks->request, reply, text, sizeof(text));

		next = asks->next;
		if (err == ZV_EAGAIN)
			json_decref(reply); /* answered when it is on disk */
		else
			zv_daemon_answer(d, asks->request.ticket, err, reply, text);
		free(asks);
	}
}

void zv_daemon_look_at_requests(struct zv_daemon *d)
{
	int64_t mono_ms = zv_clock_now(&d->clock).mono_ms;

	if (d->http == NULL || mono_ms < d->api->requests_ms)
		return;
	d->api->requests_ms = mono_ms + REQUESTS_MS;
	zv_api_look_at_requests(&d->api->api);
}

/* What the engine says to somebody's request. */
void zv_daemon_desk_answered(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	static const char *const why[] = {
		[ZV_EDENIED] = "not possible in this state", [ZV_ENOENT] = "no phone of yours is registered",
		[ZV_EAGAIN] = "not now; try again", [ZV_EFULL] = "no line is free",
	};
	enum zv_err err = (enum zv_err)cmd->u.desk.err;
	const char *text = err < sizeof(why) / sizeof(why[0]) && why[err] != NULL ? why[err] : "";

	zv_daemon_answer(d, cmd->attempt.lo, err, NULL, text);
}

/* ---- phones' secrets ---- */

enum zv_err zv_daemon_secrets(const struct zv_config *c, struct zv_sip_phone *phones, char *text,
			      size_t text_size)
{
	struct zv_htdigest *rows = NULL;
	uint32_t n = 0;
	enum zv_err err;

	if (!c->sip.phones.on)
		return ZV_OK;
	err = zv_htdigest_read(c->secrets, c->sip.phones.realm, text, text_size, &rows, &n);
	if (err == ZV_ENOENT) {
		zv_warn("app", "%s is not there: no phone may register; `zvonarctl agent passwd NAME` makes it",
			c->secrets);
		return ZV_OK;
	}
	if (err != ZV_OK)
		return err;
	for (uint32_t i = 0; i < c->engine.n_agents; i++) {
		phones[i].ha1[0] = 0;
		for (uint32_t r = 0; r < n && c->agents[i].has_phone; r++)
			if (strcmp(rows[r].user, phones[i].user) == 0)
				zv_hex_write(rows[r].ha1, sizeof(rows[r].ha1), phones[i].ha1);
	}
	free(rows);
	return ZV_OK;
}

/* ---- the server ---- */

static enum zv_err users_of(const struct zv_config *c, struct zv_http_user **ret_users)
{
	struct zv_http_user *users = calloc(c->engine.n_agents + 1, sizeof(*users));

	if (users == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < c->engine.n_agents; i++) {
		(void)snprintf(users[i].name, sizeof(users[i].name), "%s", c->agents[i].user);
		(void)snprintf(users[i].title, sizeof(users[i].title), "%s", c->agents[i].title);
		users[i].role = (enum zv_role)(1u << c->agents[i].role);
	}
	*ret_users = users;
	return ZV_OK;
}

static void address_text(const struct zv_config *c, char *to, size_t size)
{
	const uint8_t *b = c->http.ip.bytes;
	int n = 0;

	if (c->http.ip.family == 4) {
		(void)snprintf(to, size, "%u.%u.%u.%u:%u", b[0], b[1], b[2], b[3], c->http.port);
		return;
	}
	n = snprintf(to, size, "[");
	for (int i = 0; i < 8; i++)
		n += snprintf(to + n, size - (size_t)n, "%s%x", i > 0 ? ":" : "", b[2 * i] << 8 | b[2 * i + 1]);
	(void)snprintf(to + n, size - (size_t)n, "]:%u", c->http.port);
}

static bool ready(void *arg)
{
	struct zv_api *api = arg;
	struct zv_daemon *d = api->arg;

	return !d->draining && !atomic_load(&d->store_failed);
}

static void metrics(void *arg, struct zv_metrics *m)
{
	struct zv_api *api = arg;

	zv_daemon_metrics(api->arg, m);
}

static void stream_opened(void *arg, const struct zv_http_subject *who)
{
	struct zv_api *api = arg;
	struct zv_daemon *d = api->arg;

	if (who->user != UINT32_MAX)
		zv_desks_show(d->desks, who->user);
}

enum zv_err zv_daemon_http_open(struct zv_daemon *d, char *text, size_t text_size)
{
	const struct zv_config *c = d->config;
	struct zv_api_state *s;
	struct zv_http_params p = {.open = c->http.open, .realm = "zvonar"};
	struct zv_http_user *users = NULL;
	uint32_t n = 0;
	enum zv_err err;

	if (!c->http.on)
		return ZV_OK;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ZV_ENOMEM;
	d->api = s;
	pthread_mutex_init(&s->lock, NULL);
	s->asks_end = &s->asks;
	s->api = (struct zv_api){
		.arg = d, .store = d->store, .config = config_now, .now_ms = now_ms, .desk = desk, .told = told,
		.control = control, .leads_changed = leads_changed, .agent = agent_now, .card = card_now,
		.floor = floor_now};
	err = zv_lead_putter_create(d->store, NULL, 0, &s->api.putter);
	if (err != ZV_OK)
		return err;
	s->api.io = d->io;
	s->tables[n++] = zv_api_session_routes;
	s->tables[n++] = zv_api_desk_routes;
	s->tables[n++] = zv_api_floor_routes;
	s->tables[n++] = zv_api_campaign_routes;
	s->tables[n++] = zv_api_lead_routes;
	s->tables[n++] = zv_api_recording_routes;
	s->tables[n++] = zv_api_request_routes;
	s->schemas[0] = zv_api_schemas;
	address_text(c, s->address, sizeof(s->address));
	err = users_of(c, &users);
	if (err != ZV_OK)
		return err;
	p.address = s->address;
	p.tables = s->tables;
	p.n_tables = n;
	p.schemas = s->schemas;
	p.n_schemas = 1;
	p.arg = &s->api;
	p.users = users;
	p.n_users = c->engine.n_agents;
	p.secrets = c->secrets;
	p.tokens = c->http.tokens;
	p.realm = c->sip.phones.on ? c->sip.phones.realm : "zvonar";
	p.ready = ready;
	p.metrics = metrics;
	p.opened = stream_opened;
	err = zv_http_create(&p, text, text_size, &d->http);
	free(users);
	if (err != ZV_OK)
		return err;
	s->api.http = d->http;
	zv_desks_set_http(d->desks, d->http);
	zv_info("app", "pages and API at http://%s/", s->address);
	return ZV_OK;
}

enum zv_err zv_daemon_http_reload(struct zv_daemon *d, const struct zv_config *fresh, char *text,
				  size_t text_size)
{
	struct zv_http_user *users = NULL;
	enum zv_err err;

	if (d->http == NULL)
		return ZV_OK;
	err = users_of(fresh, &users);
	if (err == ZV_OK)
		err = zv_http_reload(d->http, users, fresh->engine.n_agents, text, text_size);
	free(users);
	return err;
}

void zv_daemon_http_close(struct zv_daemon *d)
{
	if (d->desks != NULL)
		zv_desks_set_http(d->desks, NULL);
	if (d->api != NULL)
		zv_io_stop(d->io); /* its jobs answer by the server */
	zv_http_destroy(d->http);
	d->http = NULL;
	if (d->api == NULL)
		return;
	while (d->api->asks != NULL) {
		struct zv_api_ask *next = d->api->asks->next;

		free(d->api->asks);
		d->api->asks = next;
	}
	zv_lead_putter_destroy(d->api->api.putter);
	pthread_mutex_destroy(&d->api->lock);
	free(d->api);
	d->api = NULL;
}
