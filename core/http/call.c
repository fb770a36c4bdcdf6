/* What is asked, by whom, and may he? */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/int.h"

static const char forbidden[] = "forbidden";

const char *zv_call_header(const struct zv_call *call, const char *name)
{
	return MHD_lookup_connection_value(call->conn, MHD_HEADER_KIND, name);
}

const char *zv_http_query(const struct zv_http_request *request, const char *name)
{
	const struct zv_call *call = request->inside;

	return MHD_lookup_connection_value(call->conn, MHD_GET_ARGUMENT_KIND, name);
}

bool zv_call_rate(struct zv_call *call, struct zv_limit *limit, uint64_t key, struct zv_limit_rate rate,
		  const char *text)
{
	struct zv_http *h = call->http;
	int64_t wait_ms;

	(void)pthread_mutex_lock(&h->lock);
	wait_ms = zv_limit_ask(limit, key, rate, true, zv_http_mono_ms());
	(void)pthread_mutex_unlock(&h->lock);
	if (wait_ms == 0)
		return true;
	call->reply.retry_s = (uint32_t)((wait_ms + 999) / 1000);
	zv_http_problem(&call->reply, 429, "too-many", "%s", text);
	atomic_fetch_add_explicit(&h->refused_rate, 1, memory_order_relaxed);
	return false;
}

static struct zv_limit_rate per_second(uint32_t n)
{
	return (struct zv_limit_rate){.burst = 2 * n, .every_ms = n < 1000 ? 1000 / n : 1};
}

static void find_address(struct zv_call *call)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info != NULL ? info->client_addr : NULL;

	if (a != NULL && a->sa_family == AF_INET) {
		memcpy(call->address, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
		call->address_len = 4;
	} else if (a != NULL && a->sa_family == AF_INET6) {
		/* a customer's network, not one of its 2^64 hosts */
		memcpy(call->address, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 8);
		call->address_len = 8;
	}
}

/* A name that leads to this address only by somebody's DNS is not ours. */
static bool check_host(struct zv_call *call)
{
	const struct zv_http *h = call->http;
	const char *host = zv_call_header(call, "Host");
	char name[256];
	uint16_t port;
	bool ours = false;

	if (host == NULL || !zv_http_host(host, name, sizeof(name), &port)) {
		zv_http_problem(&call->reply, 400, "bad-host", "a Host header must be there and name a host");
		return false;
	}
	for (uint32_t i = 0; i < h->p.n_hosts; i++)
		ours = ours || strcasecmp(name, h->p.hosts[i]) == 0;
	if (port == h->port || (port == 0 && h->port == 80))
		ours = ours || strcmp(name, h->address) == 0 || strcmp(name, "localhost") == 0 ||
		       strcmp(name, "127.0.0.1") == 0 || strcmp(name, "::1") == 0;
	if (!ours)
		zv_http_problem(&call->reply, 421, "wrong-host", "this server has no name %s", name);
	return ours;
}

/* ---- routes ---- */

static bool same_method(const struct zv_http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void allow(struct zv_http_reply *reply, const char *method)
{
	size_t at = strlen(reply->allow);

	if (strstr(reply->allow, method) == NULL)
		(void)snprintf(reply->allow + at, sizeof(reply->allow) - at, "%s%s%s", at > 0 ? ", " : "",
			       method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static void find_page(struct zv_call *call, const char *method)
{
	for (const struct zv_static *page = zv_statics; page->path != NULL; page++) {
		if (strcmp(page->path, call->path) != 0)
			continue;
		if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
			call->page = page;
		else
			allow(&call->reply, "GET");
		return;
	}
}

static bool find_route(struct zv_call *call, const char *method)
{
	const struct zv_http *h = call->http;

	for (uint32_t i = 0; i < h->n_routes; i++) {
		const struct zv_http_route *route = h->routes[i];

		memcpy(call->cut, call->path, sizeof(call->cut));
		if (!zv_http_path(route->path, call->cut, call->request.params))
			continue;
		if (same_method(route, method)) {
			call->request.route = route;
			call->reply.allow[0] = 0;
			return true;
		}
		allow(&call->reply, route->method);
	}
	find_page(call, method);
	if (call->page != NULL)
		return true;
	if (call->reply.allow[0] != 0)
		zv_http_problem(&call->reply, 405, "wrong-method", "not with %.16s; Allow says what is", method);
	else
		zv_http_problem(&call->reply, 404, "no-such-path", "there is nothing at this path");
	return false;
}

/* ---- who ---- */

static bool find_who(struct zv_call *call, bool *ret_cookie)
{
	const char *bearer = zv_call_header(call, "Authorization");
	char token[ZV_TOKEN_TEXT_MAX];

	*ret_cookie = bearer == NULL;
	if (bearer != NULL ? !zv_http_bearer(bearer, token)
			   : !zv_http_cookie(zv_call_header(call, "Cookie"), "zvonar", token))
		return false;
	if (!zv_auth_check(call->http->auth, token, &call->token, &call->who))
		return false;
	call->request.who = &call->who;
	return true;
}

/* A page of another site can make the browser send the cookie, but not this header, nor can it hide
 * where it comes from. */
static bool check_page(struct zv_call *call, const char *method)
{
	const char *mark = zv_call_header(call, "X-Zvonar"), *origin = zv_call_header(call, "Origin");
	const char *host = zv_call_header(call, "Host"), *site = zv_call_header(call, "Sec-Fetch-Site");
	char from[256];

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return true;
	if (mark == NULL || strcmp(mark, "1") != 0) {
		zv_http_problem(&call->reply, 403, forbidden, "with a cookie the header X-Zvonar: 1 is needed");
		return false;
	}
	if (origin != NULL && (!zv_http_origin(origin, from, sizeof(from)) || strcasecmp(from, host) != 0)) {
		zv_http_problem(&call->reply, 403, forbidden, "this comes from a page of another site");
		return false;
	}
	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
		zv_http_problem(&call->reply, 403, forbidden, "this comes from a page of another site");
		return false;
	}
	return true;
}

static bool check_who(struct zv_call *call, const char *method)
{
	const struct zv_http_route *route = call->request.route;
	bool cookie, known = find_who(call, &cookie);
	uint64_t key;

	if (!known && route->roles == 0)
		return true;
	if (!known) {
		zv_http_problem(&call->reply, 401, "log-in", "log in first, or again");
		return false;
	}
	if (cookie && !check_page(call, method))
		return false;
	key = zv_limit_key(call->http->rates, call->token.sum, sizeof(call->token.sum), NULL, 0);
	if (!zv_call_rate(call, call->http->rates, key, per_second(call->http->p.rate_session),
			  "too many requests of this session"))
		return false;
	if (route->roles != 0 && (route->roles & (unsigned)call->who.role) == 0) {
		zv_http_problem(&call->reply, 403, forbidden, "this is not for the role %s",
				zv_role_name(call->who.role));
		return false;
	}
	return true;
}

/* ---- the body's headers ---- */

static bool has_body(const struct zv_call *call, uint64_t *ret_len)
{
	const char *length = zv_call_header(call, "Content-Length");

	*ret_len = 0;
	if (length != NULL)
		*ret_len = strtoull(length, NULL, 10); /* the library has checked it */
	return *ret_len > 0 || zv_call_header(call, "Transfer-Encoding") != NULL;
}

static bool check_body(struct zv_call *call)
{
	const struct zv_http_route *route = call->request.route;
	const char *type = zv_call_header(call, "Content-Type"), *key;
	const char *wanted = route->lines != NULL ? "application/x-ndjson" : "application/json";
	const char *coding = zv_call_header(call, "Content-Encoding");
	uint64_t len;

	if (has_body(call, &len) && (!zv_http_is_type(type, wanted) || coding != NULL)) {
		zv_http_problem(&call->reply, 415, "wrong-type", "a body is %s, not packed", wanted);
		return false;
	}
	if (route->lines == NULL && len > ZV_HTTP_BODY_MAX) {
		zv_http_problem(&call->reply, 413, "too-large", "a body is %u bytes at most", ZV_HTTP_BODY_MAX);
		call->no_body = true;
		return false;
	}
	key = zv_call_header(call, "Idempotency-Key");
	if (key == NULL || strcmp(route->method, "POST") != 0 || (route->flags & ZV_ROUTE_NO_KEY) != 0 ||
	    route->lines != NULL || call->request.who == NULL)
		return true;
	if (!zv_http_idem_key(key, call->key)) {
		zv_http_problem(&call->reply, 400, "bad-key",
				"an Idempotency-Key is 1 to 128 visible ASCII characters");
		return false;
	}
	return true;
}

void zv_call_check(struct zv_call *call, const char *url, const char *method)
{
	struct zv_http *h = call->http;
	uint64_t len, key;
	bool good;

	(void)snprintf(call->path, sizeof(call->path), "%s", url);
	call->request.path = call->path;
	find_address(call);
	key = zv_limit_key(h->rates, call->address, call->address_len, NULL, 0);
	good = zv_call_rate(call, h->rates, key, per_second(h->p.rate_address),
			    "too many requests from this address");
	if (good && strlen(url) >= sizeof(call->path)) {
		zv_http_problem(&call->reply, 414, "too-long", "a path is below %d bytes", ZV_PATH_MAX);
		good = false;
	}
	good = good && check_host(call) && find_route(call, method);
	if (good && call->request.route != NULL)
		good = check_who(call, method) && check_body(call);
	/* a small body is read before a refusal is sent: else the client might never see it */
	if (!good && has_body(call, &len) && len > ZV_HTTP_BODY_MAX)
		call->no_body = true;
}
