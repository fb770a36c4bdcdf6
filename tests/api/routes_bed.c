/* The API's handlers over a real configuration and store, and a daemon that only writes down what it
 * is asked, for tests/api/routes_test.py.
 *
 * usage: api_routes_bed CONFIG STORE_DIR SECRETS TOKENS
 * Standard input: card ATTEMPT LEAD CAMPAIGN | nocard | now MS | refuse 0|1 | log | note ATTEMPT |
 * pop LEAD | record ATTEMPT LEAD PATH | overdue | quit
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api.h"
#include "app/card.h"
#include "app/dates.h"
#include "app/io.h"
#include "base/bytes.h"
#include "base/htdigest.h"
#include "store/card.h"
#include "store/lead_put.h"
#include "store/read.h"
#include "store/recording.h"

static struct zv_config *config;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static json_t *asked, *card_on;
static _Atomic int64_t now = INT64_C(1795348800000); /* 2026-11-22T15:00:00+03:00 */
static _Atomic bool refuses;
static struct zv_api api;

static void write_down(json_t *what)
{
	(void)pthread_mutex_lock(&lock);
	(void)json_array_append_new(asked, what);
	(void)pthread_mutex_unlock(&lock);
}

static const struct zv_config *config_now(void *arg)
{
	(void)arg;
	return config;
}

static int64_t now_ms(void *arg)
{
	(void)arg;
	return now;
}

static enum zv_err desk(void *arg, const struct zv_event *ev, uint64_t ticket)
{
	(void)arg;
	write_down(json_pack("{s:i, s:i, s:i, s:i, s:b, s:I, s:I, s:I}", "agent", (int)ev->code, "what",
			     (int)ev->u.desk.what, "code", (int)ev->u.desk.code, "result", (int)ev->u.desk.result,
			     "anyone", (int)ev->u.desk.anyone, "to", (json_int_t)ev->u.desk.to, "number",
			     (json_int_t)ev->u.desk.number, "at_ms", (json_int_t)ev->u.desk.at_ms));
	zv_http_answer_err(api.http, ticket, refuses ? ZV_EDENIED : ZV_OK, "not in this state");
	return ZV_OK;
}

static enum zv_err told(void *arg, struct zv_event *ev, uint64_t ticket)
{
	(void)arg;
	write_down(json_pack("{s:i, s:I, s:i, s:i, s:I, s:I}", "told", (int)ev->type, "lead",
			     (json_int_t)ev->u.kill.lead, "category", (int)ev->u.kill.category, "class",
			     (int)ev->u.kill.due_class, "at_ms", (json_int_t)ev->u.kill.at_ms, "owner",
			     (json_int_t)ev->u.kill.owner));
	zv_http_answer_err(api.http, ticket, refuses ? ZV_EDENIED : ZV_OK, NULL);
	return ZV_OK;
}

static enum zv_err control(void *arg, const struct zv_control_request *request, uint64_t ticket)
{
	json_t *numbers = json_array();

	(void)arg;
	for (uint32_t i = 0; i < request->n_numbers; i++)
		(void)json_array_append_new(numbers, json_integer((json_int_t)request->numbers[i]));
	write_down(json_pack("{s:i, s:s, s:o, s:I, s:s, s:s}", "cmd", (int)request->cmd, "campaign",
			     request->campaign, "numbers", numbers, "until", (json_int_t)request->until_ms, "text",
			     request->text, "name", request->name));
	zv_http_answer(api.http, ticket, 200, json_pack("{s:i}", "told", (int)request->n_numbers));
	return ZV_OK;
}

static void leads_changed(void *arg)
{
	(void)arg;
}

static json_t *agent_now(void *arg, uint32_t agent)
{
	(void)arg;
	return json_pack("{s:i, s:s, s:s, s:I}", "agent", (int)agent, "state", "ready", "number", "+79160000000",
			 "since_ms", (json_int_t)now);
}

static json_t *card_now(void *arg, uint32_t agent)
{
	json_t *one;

	(void)arg;
	(void)agent;
	(void)pthread_mutex_lock(&lock);
	one = json_incref(card_on);
	(void)pthread_mutex_unlock(&lock);
	return one;
}

static json_t *floor_now(void *arg)
{
	(void)arg;
	return json_pack("{s:[], s:[], s:[], s:[], s:{}}", "agents", "queues", "campaigns", "trunks", "calls");
}

/* ---- the store ---- */

static struct zv_store *make_store(const char *dir, uint64_t ret_leads[2])
{
	static const char attrs[] = "name\0<script>alert(1)</script>";
	struct zv_store_params params = {.dir = dir, .create = true};
	struct zv_lead_put leads[2] = {
		{.external_id = "a", .n_numbers = 1, .numbers = {"+79161234567"}, .attrs = attrs,
		 .attrs_len = sizeof(attrs)},
		{.external_id = "b", .n_numbers = 1, .numbers = {"+79161234568"}}};
	struct zv_lead_putter *putter = NULL;
	struct zv_store *store = NULL;
	struct zv_store_boot boot;
	char text[256];

	if (zv_store_open(&params, text, sizeof(text), &store) != ZV_OK ||
	    zv_store_begin(store, false, &boot) != ZV_OK)
		return NULL;
	for (uint32_t i = 0; i < config->engine.n_campaigns; i++) {
		const struct zv_config_campaign *c = &config->campaigns[i];
		struct zv_campaign_names names = {
			.name = c->name, .n_categories = c->n_categories, .n_results = c->n_results,
			.n_messages = c->n_messages, .categories = c->categories, .results = c->results,
			.messages = c->messages};

		if (zv_store_campaign_put(store, &names, &config->engine.campaigns[i].id) != ZV_OK)
			return NULL;
	}
	if (zv_dates_put(store, config) != ZV_OK || zv_lead_putter_create(store, NULL, 0, &putter) != ZV_OK ||
	    zv_store_lead_put(putter, config->engine.campaigns[0].id, now, leads, 2) != ZV_OK)
		return NULL;
	zv_lead_putter_destroy(putter);
	ret_leads[0] = leads[0].lead;
	ret_leads[1] = leads[1].lead;
	return store;
}

/* ---- commands ---- */

static bool print_note(void *arg, const struct zv_note *note)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "lead", (json_int_t)note->lead, "agent",
			      note->agent, "comment", note->comment, "topic", note->topic, "subtopic",
			      note->subtopic, "reason", note->reason, "fields", note->fields);

	(void)arg;
	(void)json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	return false;
}

static void note(struct zv_store *store, const char *hex)
{
	uint8_t id[16];
	struct zv_attempt_id attempt;

	if (!zv_hex_read(hex, strlen(hex), id, 16))
		return;
	attempt = (struct zv_attempt_id){.hi = zv_get_be64(id), .lo = zv_get_be64(id + 8)};
	if (zv_store_note_get(store, attempt, print_note, NULL) != ZV_OK)
		(void)printf("null");
}

static void set_card(char *line)
{
	char *attempt = strsep(&line, " "), *lead = strsep(&line, " ");
	json_t *one = line == NULL ? NULL :
		      json_pack("{s:s, s:I, s:s, s:{s:I}}", "attempt", attempt, "lead",
				(json_int_t)strtoll(lead, NULL, 10), "campaign", line, "person", "id", (json_int_t)0);

	(void)pthread_mutex_lock(&lock);
	json_decref(card_on);
	card_on = one;
	(void)pthread_mutex_unlock(&lock);
}

/* As the event `card` has it. */
static void pop(struct zv_store *store, uint64_t lead)
{
	struct zv_desk_card_ask ask = {.config = config, .store = store, .lead = lead};
	json_t *card;

	while (ask.campaign + 1 < config->engine.n_campaigns &&
	       config->engine.campaigns[ask.campaign].id != (uint32_t)(lead >> 40))
		ask.campaign++;
	card = zv_desk_card(&ask);
	(void)json_dumpf(card, stdout, JSON_COMPACT);
	json_decref(card);
}

/* A row of the index alone: the file is the test's. */
static void record(struct zv_store *store, char *line)
{
	char *attempt = strsep(&line, " "), *lead = strsep(&line, " ");
	struct zv_recording rec = {.at_ms = now, .duration_ms = 61500, .bytes = 100, .path = line};
	uint8_t id[16];

	if (line == NULL || !zv_hex_read(attempt, strlen(attempt), id, 16))
		return;
	rec.lead = strtoull(lead, NULL, 10);
	rec.attempt = (struct zv_attempt_id){.hi = zv_get_be64(id), .lo = zv_get_be64(id + 8)};
	memset(rec.sha256, 0xab, sizeof(rec.sha256));
	(void)printf("%d", (int)zv_store_recording_put(store, &rec));
}

static bool command(struct zv_store *store, char *line)
{
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, "quit") == 0)
		return false;
	if (strncmp(line, "card ", 5) == 0) {
		set_card(line + 5);
	} else if (strcmp(line, "nocard") == 0) {
		char none[] = "";

		set_card(none);
	} else if (strncmp(line, "now ", 4) == 0) {
		now = strtoll(line + 4, NULL, 10);
	} else if (strncmp(line, "refuse ", 7) == 0) {
		refuses = line[7] == '1';
	} else if (strncmp(line, "note ", 5) == 0) {
		note(store, line + 5);
	} else if (strncmp(line, "pop ", 4) == 0) {
		pop(store, strtoull(line + 4, NULL, 10));
	} else if (strncmp(line, "record ", 7) == 0) {
		record(store, line + 7);
	} else if (strcmp(line, "overdue") == 0) {
		zv_api_look_at_requests(&api);
	} else if (strcmp(line, "log") == 0) {
		(void)pthread_mutex_lock(&lock);
		(void)json_dumpf(asked, stdout, JSON_COMPACT);
		(void)json_array_clear(asked);
		(void)pthread_mutex_unlock(&lock);
	}
	(void)printf("\n");
	(void)fflush(stdout);
	return true;
}

static struct zv_http *serve(char **argv, struct zv_store *store)
{
	static const struct zv_http_route *const tables[] = {
		zv_api_session_routes, zv_api_desk_routes, zv_api_floor_routes, zv_api_campaign_routes,
		zv_api_lead_routes, zv_api_recording_routes, zv_api_request_routes};
	static const char *const schemas[] = {zv_api_schemas};
	static struct zv_http_user users[64];
	struct zv_http_params p = {.address = "127.0.0.1", .tables = tables, .n_tables = 7, .schemas = schemas,
				   .n_schemas = 1, .arg = &api, .users = users, .secrets = argv[3],
				   .realm = "zvonar", .tokens = argv[4], .rate_session = 100000,
				   .rate_address = 100000, .n_users = config->engine.n_agents};
	struct zv_http *made = NULL;
	char text[256];

	for (uint32_t i = 0; i < config->engine.n_agents && i < 64; i++) {
		(void)snprintf(users[i].name, sizeof(users[i].name), "%s", config->agents[i].user);
		(void)snprintf(users[i].title, sizeof(users[i].title), "%s", config->agents[i].title);
		users[i].role = (enum zv_role)(1u << config->agents[i].role);
	}
	api = (struct zv_api){.store = store, .config = config_now, .now_ms = now_ms, .desk = desk, .told = told,
			      .control = control, .leads_changed = leads_changed, .agent = agent_now,
			      .card = card_now, .floor = floor_now};
	if (zv_io_create(64, &api.io) != ZV_OK)
		return NULL;
	if (zv_http_create(&p, text, sizeof(text), &made) != ZV_OK) {
		(void)printf("%s\n", text);
		return NULL;
	}
	api.http = made;
	return made;
}

int main(int argc, char **argv)
{
	struct zv_conf_sink sink = zv_conf_sink_file(stderr);
	struct zv_store *store;
	struct zv_http *http;
	uint64_t leads[2];
	char line[4096];

	if (argc != 5 || zv_config_load(argv[1], &sink, &config) != ZV_OK)
		return 1;
	asked = json_array();
	store = make_store(argv[2], leads);
	http = store != NULL ? serve(argv, store) : NULL;
	if (http == NULL)
		return 1;
	(void)printf("%u %llu %llu\n", zv_http_port(http), (unsigned long long)leads[0],
		     (unsigned long long)leads[1]);
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL && command(store, line))
		;
	zv_io_destroy(api.io);
	zv_http_destroy(http);
	zv_store_close(store);
	zv_config_destroy(config);
	json_decref(asked);
	json_decref(card_on);
	return 0;
}
