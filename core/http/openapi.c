/* /openapi.json (OpenAPI 3.1), made from the table of routes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/int.h"

static json_t *ref(const char *schema)
{
	return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema);
}

static json_t *content(const char *type, const char *schema)
{
	return json_pack("{s:{s:o}}", type, "schema", ref(schema));
}

/* "{id}" of a path, and names of the query. */
static json_t *parameter(const char *name, size_t len, bool in_path)
{
	bool optional = !in_path && name[len - 1] == '?';

	return json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", name, len - optional, "in",
			 in_path ? "path" : "query", "required", !optional, "schema", "type", "string");
}

static json_t *parameters(const struct zv_http_route *route)
{
	json_t *list = json_array();

	for (const char *p = strchr(route->path, '{'); p != NULL; p = strchr(p + 1, '{'))
		(void)json_array_append_new(list, parameter(p + 1, strcspn(p + 1, "}"), true));
	for (const char *p = route->query; p != NULL && *p != 0;) {
		size_t n = strcspn(p, " ");

		(void)json_array_append_new(list, parameter(p, n, false));
		p += n + (p[n] == ' ');
	}
	if (strcmp(route->method, "POST") == 0 && (route->flags & ZV_ROUTE_NO_KEY) == 0 && route->lines == NULL)
		(void)json_array_append_new(list, json_pack("{s:s}", "$ref",
							    "#/components/parameters/IdempotencyKey"));
	return list;
}

static void problem_reply(json_t *replies, const char *status, const char *text)
{
	(void)json_object_set_new(replies, status,
				  json_pack("{s:s, s:o}", "description", text, "content",
					    content("application/problem+json", "Problem")));
}

static json_t *replies(const struct zv_http_route *route)
{
	json_t *all = json_object(), *good;
	const char *schema = route->reply_schema != NULL ? route->reply_schema : "Empty";

	if ((route->flags & ZV_ROUTE_TEXT) != 0)
		good = json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "done", "content",
				 strcmp(route->path, "/api/v1/events") == 0 ? "text/event-stream" : "text/plain",
				 "schema", "type", "string");
	else
		good = json_pack("{s:s, s:o}", "description", "done", "content",
				 content("application/json", schema));
	(void)json_object_set_new(all, "200", good);
	if (route->roles != 0) {
		problem_reply(all, "401", "not logged in");
		problem_reply(all, "403", "another role's");
	}
	if (strcmp(route->method, "GET") != 0)
		problem_reply(all, "409", "not possible in this state");
	problem_reply(all, "default", "any other refusal");
	return all;
}

static json_t *security(const struct zv_http_route *route)
{
	return route->roles == 0 ? json_array() : json_pack("[{s:[]}, {s:[]}]", "bearer", "cookie");
}

static json_t *roles_of(const struct zv_http_route *route)
{
	json_t *list = json_array();

	for (unsigned bit = 1; bit <= ZV_ROLES_ALL; bit <<= 1) {
		if ((route->roles & bit) != 0)
			(void)json_array_append_new(list, json_string(zv_role_name((enum zv_role)bit)));
	}
	return list;
}

/* "post_api_v1_leads_id" */
static json_t *operation_id(const struct zv_http_route *route)
{
	char id[160];
	size_t n = 0;

	for (const char *p = route->method; *p != 0 && n + 1 < sizeof(id); p++)
		id[n++] = (char)tolower((unsigned char)*p);
	for (const char *p = route->path; *p != 0 && n + 1 < sizeof(id); p++) {
		if (isalnum((unsigned char)*p))
			id[n++] = *p;
		else if (id[n - 1] != '_')
			id[n++] = '_';
	}
	while (n > 0 && id[n - 1] == '_')
		n--;
	return json_stringn(id, n);
}

static json_t *operation(const struct zv_http_route *route)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "summary",
			      route->summary != NULL ? route->summary : "", "operationId", operation_id(route),
			      "parameters", parameters(route), "responses", replies(route), "security",
			      security(route), "x-zvonar-roles", roles_of(route));

	if (o != NULL && route->request_schema != NULL)
		(void)json_object_set_new(
			o, "requestBody",
			json_pack("{s:b, s:o}", "required", 1, "content",
				  content(route->lines != NULL ? "application/x-ndjson" : "application/json",
					  route->request_schema)));
	return o;
}

static bool add_schemas(json_t *schemas, const char *text, char *why, size_t size)
{
	json_error_t error;
	json_t *more = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(more) || json_object_update_missing(schemas, more) != 0) {
		(void)snprintf(why, size, "schemas: line %d, column %d: %s", error.line, error.column, error.text);
		json_decref(more);
		return false;
	}
	json_decref(more);
	return true;
}

static bool known(const json_t *schemas, const char *name, char *why, size_t size)
{
	if (name == NULL || json_object_get(schemas, name) != NULL)
		return true;
	(void)snprintf(why, size, "no schema is called %s", name);
	return false;
}

static json_t *paths_of(const struct zv_http *http, const json_t *schemas, char *why, size_t size)
{
	json_t *paths = json_object();

	for (uint32_t i = 0; i < http->n_routes; i++) {
		const struct zv_http_route *r = http->routes[i];
		json_t *path = json_object_get(paths, r->path);
		char method[8];

		if (!known(schemas, r->request_schema, why, size) || !known(schemas, r->reply_schema, why, size)) {
			json_decref(paths);
			return NULL;
		}
		if (path == NULL) {
			path = json_object();
			(void)json_object_set_new(paths, r->path, path);
		}
		(void)snprintf(method, sizeof(method), "%s", r->method);
		for (char *c = method; *c != 0; c++)
			*c = (char)tolower((unsigned char)*c);
		(void)json_object_set_new(path, method, operation(r));
	}
	return paths;
}

char *zv_openapi_make(const struct zv_http *http, char *text, size_t text_size)
{
	json_t *schemas = json_object(), *paths = NULL, *all = NULL;
	bool good = add_schemas(schemas, zv_own_schemas, text, text_size);
	char *made = NULL;

	for (uint32_t i = 0; i < http->p.n_schemas && good; i++)
		good = add_schemas(schemas, http->p.schemas[i], text, text_size);
	if (good)
		paths = paths_of(http, schemas, text, text_size);
	if (paths != NULL)
		all = json_pack("{s:s, s:{s:s, s:s, s:{s:s, s:s}}, s:o, s:{s:O, s:{s:{s:s, s:s, s:b, s:s, s:{s:s, "
				"s:i}}}, s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}}}",
				"openapi", "3.1.0", "info", "title", "zvonar", "version", ZV_VERSION, "license",
				"name", "MIT", "identifier", "MIT", "paths", paths,
				"components", "schemas", schemas, "parameters", "IdempotencyKey", "name",
				"Idempotency-Key", "in", "header", "required", 0, "description",
				"the same key within 24 hours gives the same answer and does nothing again",
				"schema", "type", "string", "maxLength", 128, "securitySchemes", "bearer", "type",
				"http", "scheme", "bearer", "cookie", "type", "apiKey", "in", "cookie", "name",
				"zvonar");
	if (all != NULL)
		made = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	json_decref(schemas);
	return made;
}
