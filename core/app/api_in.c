#include "app/api_in.h"

#include <stdio.h>
#include <string.h>

static const char invalid[] = "invalid";

static bool among(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)) != NULL; p += len) {
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == 0))
			return true;
	}
	return false;
}

bool zv_api_only(const struct zv_http_request *request, struct zv_http_reply *reply, const char *known)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)request->json, key, value)
	{
		if (key[0] != 0 && strchr(key, ' ') == NULL && among(known, key))
			continue;
		zv_http_problem(reply, 422, invalid, "%.40s is not known here; known: %s", key, known);
		return false;
	}
	return true;
}

bool zv_api_text(const json_t *object, const char *key, size_t max, struct zv_http_reply *reply,
		 const char **ret_text)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	*ret_text = NULL;
	if (value == NULL || json_is_null(value) || (text != NULL && text[0] == 0))
		return true;
	if (text == NULL || strlen(text) > max || json_string_length(value) != strlen(text)) {
		zv_http_problem(reply, 422, invalid, "%s: a text of at most %zu bytes", key, max);
		return false;
	}
	*ret_text = text;
	return true;
}

bool zv_api_id(const char *text, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; text[n] >= '0' && text[n] <= '9'; n++) {
		if (n == 19)
			return false;
		v = v * 10 + (uint64_t)(text[n] - '0');
	}
	*ret = v;
	return n > 0 && text[n] == 0;
}

bool zv_api_number(const json_t *object, const char *key, struct zv_http_reply *reply, uint64_t *ret,
		   bool *ret_told)
{
	const json_t *value = json_object_get(object, key);

	*ret = 0;
	*ret_told = value != NULL && !json_is_null(value);
	if (!*ret_told)
		return true;
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*ret = (uint64_t)json_integer_value(value);
		return true;
	}
	if (json_is_string(value) && zv_api_id(json_string_value(value), ret))
		return true;
	zv_http_problem(reply, 422, invalid, "%s: a whole number", key);
	return false;
}

bool zv_api_phone(const char *key, const char *text, struct zv_http_reply *reply, uint64_t *ret_e164)
{
	if (zv_conf_phone(text, ret_e164) == ZV_OK)
		return true;
	zv_http_problem(reply, 422, invalid, "%s: a number with its country, +79161234567", key);
	return false;
}

bool zv_api_moment(const char *key, const char *text, struct zv_http_reply *reply, int64_t *ret_ms)
{
	char whole[48];
	const char *dot = strchr(text, '.');
	size_t head = dot != NULL ? (size_t)(dot - text) : 0;
	int n;

	if (dot == NULL) {
		n = snprintf(whole, sizeof(whole), "%s", text);
	} else {
		size_t digits = strspn(dot + 1, "0123456789");

		n = digits == 0 || digits > 9 ? -1 :
		    snprintf(whole, sizeof(whole), "%.*s%s", (int)head, text, dot + 1 + digits);
	}
	if (n > 0 && (size_t)n < sizeof(whole) && zv_conf_moment(whole, ret_ms) == ZV_OK)
		return true;
	zv_http_problem(reply, 422, invalid, "%s: a time with its zone, 2026-11-23T09:00:00+03:00", key);
	return false;
}

uint32_t zv_api_agent(const struct zv_config *config, const char *user, struct zv_http_reply *reply)
{
	for (uint32_t i = 0; user != NULL && i < config->engine.n_agents; i++) {
		if (strcmp(config->agents[i].user, user) == 0)
			return i;
	}
	zv_http_problem(reply, 404, "no-such-user", "nobody is called %.40s", user != NULL ? user : "");
	return ZV_API_NONE;
}

uint32_t zv_api_campaign(const struct zv_config *config, const char *name, struct zv_http_reply *reply)
{
	for (uint32_t i = 0; name != NULL && i < config->engine.n_campaigns; i++) {
		if (strcmp(config->campaigns[i].name, name) == 0)
			return i;
	}
	if (reply != NULL)
		zv_http_problem(reply, 404, "no-such-campaign", "no campaign is called %.60s",
				name != NULL ? name : "");
	return ZV_API_NONE;
}

uint32_t zv_api_campaign_of_id(const struct zv_config *config, uint32_t id)
{
	for (uint32_t i = 0; i < config->engine.n_campaigns; i++) {
		if (config->engine.campaigns[i].id == id)
			return i;
	}
	return ZV_API_NONE;
}

uint32_t zv_api_self(const struct zv_http_request *request, const struct zv_config *config,
		     struct zv_http_reply *reply)
{
	if (request->who->user < config->engine.n_agents)
		return request->who->user;
	zv_http_problem(reply, 403, "forbidden", "a machine has no desk");
	return ZV_API_NONE;
}

void zv_api_desk(const struct zv_api *api, const struct zv_http_request *request,
		 struct zv_http_reply *reply, const struct zv_event *ev)
{
	enum zv_err err = api->desk(api->arg, ev, request->ticket);

	if (err == ZV_OK)
		zv_http_later(reply);
	else
		zv_http_problem_err(reply, err, "the engine does not keep up; try again");
}
