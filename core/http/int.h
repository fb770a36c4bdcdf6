/* http/int.h -- the server's parts among themselves.  Private to core/http. */
#ifndef ZV_HTTP_INT_H
#define ZV_HTTP_INT_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/auth.h"
#include "http/hub.h"
#include "http/idem.h"
#include "http/limit.h"
#include "http/static.h"

#define ZV_SLOT_NONE UINT32_MAX
#define ZV_PATH_MAX  256

/* What goes back. */
struct zv_http_reply {
	struct zv_call *call;
	bool set, later;
	bool problem;          /* the content type */
	bool replayed;         /* by its Idempotency-Key */
	unsigned status;
	char *text;            /* owned; NULL: none */
	size_t len;
	bool file;             /* the answer is fd's: size bytes */
	int fd;                /* owned */
	uint64_t size;
	char file_type[48], etag[72], name[128];
	uint32_t retry_s;      /* Retry-After; 0: none */
	const char *type;      /* content type, if neither JSON nor a problem */
	char allow[48];
	char cookie[192];      /* Set-Cookie */
};

/* A connection, from its accept to its close: one that takes too long to ask is cut. */
struct zv_conn {
	int fd;
	bool asking;           /* a request is awaited or is coming in */
	int64_t since_ms;
	struct zv_conn *next, **prev;
};

/* A request, from its headers to the end of the answer.  The http thread's, but for what stands in
 * its slot. */
struct zv_call {
	struct zv_http *http;
	struct MHD_Connection *conn;
	struct zv_http_request request;
	struct zv_http_subject who;
	struct zv_token_id token;
	char path[ZV_PATH_MAX], cut[ZV_PATH_MAX]; /* cut: request.params point into it */
	char address[16];      /* of the client, as bytes */
	uint32_t address_len;
	char key[ZV_IDEM_KEY_MAX]; /* Idempotency-Key; "": none */
	bool handled;          /* the handler was called, or what it is for is known without it */
	bool no_body;          /* the answer is sent before the body is read */
	char *body;
	size_t body_len, body_cap, thrown_away;
	json_t *json;
	struct zv_line_cutter cutter;
	bool lines_open;
	enum zv_err lines_err; /* why no more lines are taken */
	uint32_t slot;
	const struct zv_static *page;
	struct zv_sse *stream;
	struct zv_http_reply reply;
};

/* Where an answer that comes later finds its request.  Under the server's lock. */
enum zv_slot_state {
	ZV_SLOT_FREE, ZV_SLOT_OPEN,
	ZV_SLOT_SLEEPS,   /* the connection is suspended until the answer */
	ZV_SLOT_LINES,    /* the same until more lines are taken */
	ZV_SLOT_ANSWERED
};
struct zv_slot {
	uint32_t gen, next;
	enum zv_slot_state state;
	struct zv_call *call;  /* NULL: the client had its 504; the answer is awaited for its key */
	bool go_on;            /* told before the connection slept */
	uint32_t idem;
	int64_t until_ms;
	unsigned status;
	char *text;
	size_t len;
	bool problem;
};

struct zv_http {
	struct zv_http_params p;
	struct MHD_Daemon *mhd;
	uint16_t port;
	char address[64]; /* the host of p.address */
	struct zv_auth *auth;
	struct zv_hub *hub;
	const struct zv_http_route **routes;
	uint32_t n_routes;
	char *openapi;
	pthread_t thread; /* the hub's */
	bool thread_runs;
	_Atomic bool stop;

	pthread_mutex_t lock; /* of what follows; held for short */
	struct zv_idem *idem;
	struct zv_limit *rates, *guesses;
	struct zv_slot *slots;
	uint32_t n_slots, free_slot, n_taken, n_asleep;
	struct zv_conn *conns;

	_Atomic uint32_t n_calls; /* begun and not completed */
	_Atomic uint64_t requests, by_class[6], refused_rate, refused_login, timeouts;
};

int64_t zv_http_mono_ms(void);

/* call.c: what is asked, by whom, and may he?  Fills call; a refusal stands in call->reply. */
void zv_call_check(struct zv_call *call, const char *url, const char *method);
/* One bucket's token; false: the reply says 429. */
bool zv_call_rate(struct zv_call *call, struct zv_limit *limit, uint64_t key, struct zv_limit_rate rate,
		  const char *text);
const char *zv_call_header(const struct zv_call *call, const char *name);

/* body.c: a part of the body; MHD_NO: the connection is to be closed. */
enum MHD_Result zv_call_body(struct zv_call *call, const char *data, size_t *len);
/* The whole body is there: JSON, or the last line.  False: refused, or asleep (see slot). */
bool zv_call_body_end(struct zv_call *call);
void zv_call_fini(struct zv_call *call);

/* slot.c */
enum zv_err zv_slots_create(struct zv_http *http) ZV_MUST_USE;
void zv_slots_destroy(struct zv_http *http);
bool zv_slot_take(struct zv_call *call);          /* false: none is free */
void zv_slot_drop(struct zv_call *call);          /* the request is over */
/* Sleep until the answer, or until lines are taken.  False: it is there already. */
bool zv_slot_sleep(struct zv_call *call, enum zv_slot_state state);
void zv_slot_collect(struct zv_call *call);       /* what came by ticket, into the reply */
void zv_slots_look(struct zv_http *http);         /* the hub's thread: who waited too long */
void zv_slots_stop(struct zv_http *http);         /* everyone gets his 503 */
/* By call->key: true: go on; else the reply stands. */
bool zv_slot_key(struct zv_call *call);
void zv_slot_keep(struct zv_call *call);          /* the reply, by its key */

/* reply.c */
char *zv_problem_text(unsigned status, const char *type, const char *detail, const char *path,
		      size_t *ret_len);
const char *zv_status_text(unsigned status);
enum MHD_Result zv_call_send(struct zv_call *call);

/* own.c: session, events, openapi, metrics, healthz, readyz */
extern const struct zv_http_route zv_own_routes[];
extern const char zv_own_schemas[];

/* openapi.c: the whole file's text; NULL: a schema is no JSON or is missing (text says which). */
char *zv_openapi_make(const struct zv_http *http, char *text, size_t text_size);

#endif
