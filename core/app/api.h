/* app/api.h -- what the handlers of the HTTP API (api_*.c) may do with the daemon.
 *
 * Thread: http, all of it.  Nothing here waits: what needs the engine or main is asked for with a
 * ticket of zv_http_later and answered by them with zv_http_answer.  Reads of the store are short
 * read transactions on the http thread.  Tests give functions of their own.
 */
#ifndef ZV_APP_API_H
#define ZV_APP_API_H

#include "app/config.h"
#include "app/control.h"
#include "http/http.h"
#include "store/store.h"

struct zv_io;
struct zv_lead_putter;

struct zv_api {
	void *arg; /* of the functions: the daemon */
	struct zv_store *store;
	struct zv_io *io;         /* what writes goes there (app/io.h), and is answered by ticket */
	struct zv_lead_putter *putter; /* for jobs on io; NULL: one a job is made, which is slow */
	struct zv_http *http;     /* for answers of jobs; requests have it too */

	/* The configuration in force, its rules included; valid until the handler returns. */
	const struct zv_config *(*config)(void *arg);
	int64_t (*now_ms)(void *arg); /* calendar */

	/* Both may also be called by the io thread, at the same time as by http's: a lock is theirs.
	 * What an agent asks (type DESK, code = agent, u.desk).  200 {} or the engine's refusal is
	 * answered to the ticket.  ZV_EFULL: the engine is not keeping up; answer it yourself. */
	enum zv_err (*desk)(void *arg, const struct zv_event *ev, uint64_t ticket);
	/* An event whose token TELL_TOLD brings back (KILL, SUPPRESS ...): the same. */
	enum zv_err (*told)(void *arg, struct zv_event *ev, uint64_t ticket);
	/* As the control socket does it, on main: campaigns, suppressions, reload.  The reply without
	 * its "ok" is the answer to the ticket.  request is copied. */
	enum zv_err (*control)(void *arg, const struct zv_control_request *request, uint64_t ticket);
	/* New or changed leads are committed: the lookahead looks at once. */
	void (*leads_changed)(void *arg);

	/* New references; NULL: none, or no memory.  agent: as the SSE event `agent`. */
	json_t *(*agent)(void *arg, uint32_t agent);
	json_t *(*card)(void *arg, uint32_t agent);  /* as the SSE event `card` */
	json_t *(*floor)(void *arg);                 /* the snapshot */
};

/* The tables of routes, each ended by a route whose method is NULL; arg of their handlers is a
 * struct zv_api.  And what the schemas of their requests and answers are. */
extern const struct zv_http_route zv_api_session_routes[];   /* api_session.c: me */
extern const struct zv_http_route zv_api_desk_routes[];      /* api_desk.c */
extern const struct zv_http_route zv_api_floor_routes[];     /* api_floor.c: floor, agents */
extern const struct zv_http_route zv_api_campaign_routes[];  /* api_campaigns.c: campaigns, suppressions */
extern const struct zv_http_route zv_api_lead_routes[];      /* api_leads.c: leads, call-backs */
extern const struct zv_http_route zv_api_recording_routes[]; /* api_recordings.c */
extern const struct zv_http_route zv_api_request_routes[];   /* api_requests.c: requests, forms */
extern const char zv_api_schemas[];                          /* api_schemas.c: one JSON object */

/* Tells once of each request whose deadline is over (events request and alarm); main asks for it
 * every few seconds. */
void zv_api_look_at_requests(const struct zv_api *api);

#endif
