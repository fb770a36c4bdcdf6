/* http/http.h -- the daemon's HTTP server: routes, log-in, answers, events, pages, figures.
 *
 * Threads: one of libmicrohttpd's (epoll) runs every handler; one of our own, the hub, hands events
 * to streams and ends what waits too long.  zv_http_answer, zv_http_publish and zv_http_go_on may be
 * called from any thread but a media thread's; they never wait.  microhttpd.h is seen in core/http only.
 *
 * It knows no engine and no store: the caller gives a table of routes with their handlers.
 */
#ifndef ZV_HTTP_HTTP_H
#define ZV_HTTP_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

struct zv_http;
struct zv_metrics; /* http/metrics.h */

#define ZV_HTTP_BODY_MAX    65536u  /* bytes of a request's body; of a line, where a body is lines */
#define ZV_HTTP_REPLY_MAX   (4u << 20)
#define ZV_HTTP_PARAMS_MAX  2
#define ZV_HTTP_USER_MAX    32      /* bytes of a user's name with its zero */
#define ZV_HTTP_TITLE_MAX   96
#define ZV_HTTP_EVENT_MAX   65536u  /* bytes of an event's data */
#define ZV_HTTP_USERS_MAX   4096u

/* ---- who ---- */

enum zv_role {
	ZV_ROLE_AGENT = 1, ZV_ROLE_SUPERVISOR = 2, ZV_ROLE_OPERATOR = 4, ZV_ROLE_INTEGRATOR = 8
};
#define ZV_ROLES_ALL 15u
/* Who may what an agent, a supervisor, an operator, an integrator may. */
#define ZV_MAY_AGENT      (ZV_ROLE_AGENT | ZV_ROLE_SUPERVISOR | ZV_ROLE_OPERATOR)
#define ZV_MAY_SUPERVISOR (ZV_ROLE_SUPERVISOR | ZV_ROLE_OPERATOR)
#define ZV_MAY_OPERATOR   (ZV_ROLE_OPERATOR)
#define ZV_MAY_INTEGRATOR (ZV_ROLE_INTEGRATOR | ZV_ROLE_OPERATOR)

const char *zv_role_name(enum zv_role role); /* "agent" ... */
enum zv_err zv_role_parse(const char *text, enum zv_role *ret_role) ZV_MUST_USE;

struct zv_http_user {
	char name[ZV_HTTP_USER_MAX];
	char title[ZV_HTTP_TITLE_MAX];
	enum zv_role role;
};

/* Who asks.  Valid during the handler. */
struct zv_http_subject {
	char name[ZV_HTTP_USER_MAX];  /* user, or subject of a machine's token */
	char title[ZV_HTTP_TITLE_MAX];
	enum zv_role role;
	uint32_t user;                /* index in the users as given; UINT32_MAX: a machine */
	int64_t expires_ms;           /* wall clock, if nothing is asked until then; 0: never */
};

/* ---- requests ---- */

struct zv_http_route;

/* All borrowed, valid during the handler. */
struct zv_http_request {
	struct zv_http *http;
	const struct zv_http_route *route;
	const char *path;                          /* decoded */
	const char *params[ZV_HTTP_PARAMS_MAX];    /* of the template's {}, in order */
	const struct zv_http_subject *who;         /* NULL: on a public route, nobody */
	const json_t *json;                        /* the body; NULL: none was sent */
	void *state;                               /* of a body of lines */
	uint64_t ticket;                           /* for zv_http_answer, after zv_http_later; below 2^63 */
	const void *inside;                        /* the server's */
};
/* A value of the query, decoded; NULL: not told.  Valid during the handler. */
const char *zv_http_query(const struct zv_http_request *request, const char *name);

/* What a handler answers; the first call counts, the others are ignored. */
struct zv_http_reply;
/* body: taken; NULL: {}.  With 204 no body is sent. */
void zv_http_reply(struct zv_http_reply *reply, unsigned status, json_t *body);
/* RFC 9457.  type: a short word ("not-possible"); detail: for people, may be NULL.  What is not
 * UTF-8 in it is replaced. */
__attribute__((format(printf, 4, 5))) void zv_http_problem(struct zv_http_reply *reply, unsigned status,
							   const char *type, const char *fmt, ...);
/* A regular file (RFC 9110: ranges, a strong ETag): fd is taken, also when it is refused.  type, etag
 * (without quotes) and name are copied; name: what a browser would keep it as. */
struct zv_http_file { int fd; uint64_t size; const char *type, *etag, *name; };
void zv_http_reply_file(struct zv_http_reply *reply, const struct zv_http_file *file);
/* The answer comes by zv_http_answer with request->ticket, from any thread, also before the handler
 * returns; 504 after params.answer_ms. */
void zv_http_later(struct zv_http_reply *reply);

/* On the http thread.  It may not wait for anything. */
typedef void (*zv_http_fn)(void *arg, const struct zv_http_request *request,
			   struct zv_http_reply *reply);

/* A body of lines (application/x-ndjson), of any number; handed on as it comes. */
struct zv_http_lines {
	/* NULL: no room now (503). */
	void *(*begin)(void *arg, const struct zv_http_request *request);
	/* A line without its end, not empty.  ZV_EAGAIN: not taken; the same again after zv_http_go_on
	 * with the request's ticket.  Anything else: no more lines are wanted; the route's handler says
	 * why at the end. */
	enum zv_err (*line)(void *state, uint64_t number, const char *text, size_t len);
	void (*end)(void *state); /* after the handler, or when the client is gone without it */
};

#define ZV_ROUTE_NO_KEY  1u /* an Idempotency-Key is ignored (log-in: its answer is a secret) */
#define ZV_ROUTE_NO_BODY 2u /* a POST without a body */
#define ZV_ROUTE_TEXT    4u /* openapi: the answer is no JSON */

struct zv_http_route {
	const char *method;   /* "GET" (also serves HEAD), "POST", "PUT", "DELETE" */
	const char *path;     /* "/api/v1/leads/{id}" */
	unsigned roles;       /* bits enum zv_role; 0: everyone, also without log-in */
	zv_http_fn handle;
	unsigned flags;
	const struct zv_http_lines *lines; /* NULL: a JSON body */
	/* for /openapi.json */
	const char *summary;
	const char *request_schema;        /* a name in the schemas; NULL: none */
	const char *reply_schema;          /* of 200; NULL: an empty object */
	const char *query;                 /* "number external_id?": names, ? = may be left out */
};

/* ---- the server ---- */

struct zv_http_params {
	const char *address;      /* "127.0.0.1:8080", "[::1]:8080"; without a port: any (zv_http_port) */
	bool open;                /* an address that is not loopback is refused without */
	const char *const *hosts; /* further names of this server, as they stand in Host, without port */
	uint32_t n_hosts;
	bool secure_cookie;       /* a proxy in front speaks TLS: the cookie is for https only */

	const struct zv_http_route *const *tables; /* each ends with a route whose method is NULL */
	uint32_t n_tables;
	/* JSON texts of an object: name -> schema (JSON Schema 2020-12), for /openapi.json */
	const char *const *schemas;
	uint32_t n_schemas;
	void *arg;                /* of handlers and of what follows */

	const struct zv_http_user *users;
	uint32_t n_users;
	const char *secrets;      /* htdigest file, mode 0600; NULL: nobody may log in */
	const char *realm;
	const char *tokens;       /* file of machines' tokens, mode 0600; NULL: none */

	/* 0: the default */
	uint32_t session_idle_s;  /* 43200 */
	uint32_t answer_ms;       /* 10000 */
	uint32_t slow_s;          /* 20: a client that neither sends nor reads for so long is dropped */
	uint32_t connections_max; /* 4096 */
	uint32_t streams_max;     /* 2048 */
	uint32_t streams_user_max; /* 5 */
	uint32_t replay_events;   /* 8192 */
	uint32_t queue_events;    /* 256: of one stream; then it is too slow */
	uint32_t ping_ms;         /* 15000 */
	uint32_t rate_session;    /* 50 requests a second, twice as many at once */
	uint32_t rate_address;    /* 1000 */

	/* GET /metrics; http thread.  May be NULL. */
	void (*metrics)(void *arg, struct zv_metrics *metrics);
	/* GET /readyz; http thread.  NULL: ready. */
	bool (*ready)(void *arg);
	/* A stream was opened: what it shows first may be published now.  http thread.  May be NULL. */
	void (*opened)(void *arg, const struct zv_http_subject *who);
};

/* Binds and starts.  params' strings and tables are borrowed for the server's life, users are
 * copied.  ZV_EINVAL, ZV_EIO (address), ZV_EDENIED (an open address without `open`; a file of
 * secrets that others may read), ZV_EPARSE (file), ZV_ENOMEM; text says which. */
enum zv_err zv_http_create(const struct zv_http_params *params, char *text, size_t text_size,
			   struct zv_http **ret_http) ZV_MUST_USE;
/* Ends streams, answers what waits with 503, and stops.  Nobody calls any of it any more.
 * Accepts NULL. */
void zv_http_destroy(struct zv_http *http);
uint16_t zv_http_port(const struct zv_http *http);

/* New users, and the files read again; sessions of who is gone end.  Any one thread.  On errors
 * all stays as it was. */
enum zv_err zv_http_reload(struct zv_http *http, const struct zv_http_user *users, uint32_t n_users,
			   char *text, size_t text_size) ZV_MUST_USE;

/* ---- answers that come later; any thread ---- */

/* body: taken; NULL: {}.  A ticket that is not known any more is ignored. */
void zv_http_answer(struct zv_http *http, uint64_t ticket, unsigned status, json_t *body);
void zv_http_answer_problem(struct zv_http *http, uint64_t ticket, unsigned status, const char *type,
			    const char *detail);
/* The problem that an error of a room is: ZV_EDENIED 409 not-possible, ZV_ENOENT 404, ZV_EFULL and
 * ZV_EAGAIN 503, ZV_EINVAL 422 ... */
void zv_http_answer_err(struct zv_http *http, uint64_t ticket, enum zv_err err, const char *detail);
void zv_http_problem_err(struct zv_http_reply *reply, enum zv_err err, const char *detail);
/* More lines are taken (struct zv_http_lines). */
void zv_http_go_on(struct zv_http *http, uint64_t ticket);

/* ---- events; any thread ---- */

/* The user of that name, if not NULL, and everyone of these roles. */
struct zv_http_audience {
	const char *user;
	unsigned roles;
	bool passing; /* worth nothing a second later: not kept for who comes back */
};
/* data: JSON in one line, copied.  ZV_EFULL: the hub does not keep up; counted.  ZV_EINVAL. */
enum zv_err zv_http_publish(struct zv_http *http, const struct zv_http_audience *to, const char *event,
			    const char *data, size_t len) ZV_MUST_USE;
/* The same of a JSON value (taken). */
enum zv_err zv_http_publish_json(struct zv_http *http, const struct zv_http_audience *to,
				 const char *event, json_t *data) ZV_MUST_USE;

struct zv_http_stats {
	uint64_t requests;      /* answered */
	uint64_t by_class[6];   /* [2]: 2xx ... */
	uint64_t refused_rate, refused_login, timeouts; /* timeouts: 504 */
	uint64_t published, publish_full, delivered, lost; /* lost: streams that were too slow */
	uint32_t streams, sessions, waiting; /* now; waiting: asleep until zv_http_answer or go_on */
};
void zv_http_get_stats(struct zv_http *http, struct zv_http_stats *ret_stats); /* any thread */

#endif
