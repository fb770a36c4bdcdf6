/* http/hub.h -- events to streams (server-sent events), with replay.
 *
 * Threads: zv_hub_publish any (a lock-free bounded ring of many producers); zv_hub_turn the hub's
 * own; open, read and close the http thread's.  The lock inside is held for short. */
#ifndef ZV_HTTP_HUB_H
#define ZV_HTTP_HUB_H

#include <sys/types.h>

#include "http/auth.h"
#include "http/http.h"

struct zv_hub;
struct zv_sse;

struct zv_hub_params {
	uint32_t streams_max, streams_user_max, replay_events, queue_events, ping_ms;
	struct zv_auth *auth; /* a stream ends with its session */
	/* A stream that sleeps has something to read; called under the hub's lock. */
	void (*wake)(void *connection);
};
enum zv_err zv_hub_create(const struct zv_hub_params *params, struct zv_hub **ret_hub) ZV_MUST_USE;
/* No stream is left.  Accepts NULL. */
void zv_hub_destroy(struct zv_hub *hub);

enum zv_err zv_hub_publish(struct zv_hub *hub, const struct zv_http_audience *to, const char *event,
			   const char *data, size_t len) ZV_MUST_USE;

/* Waits up to wait_ms for events and hands on what there is; pings, finds who is gone. */
void zv_hub_turn(struct zv_hub *hub, int wait_ms);
void zv_hub_wake(struct zv_hub *hub);
/* Ends all streams and takes no new ones. */
void zv_hub_stop(struct zv_hub *hub);
/* Ends the streams of a session. */
void zv_hub_end_session(struct zv_hub *hub, const struct zv_token_id *id);

struct zv_sse_params {
	void *connection;
	int fd;                        /* to see that the far end is gone; -1: not known */
	const struct zv_http_subject *who;
	const struct zv_token_id *session;
	const char *last_id;           /* Last-Event-ID; NULL: none */
};
/* ZV_EFULL: streams_max, ZV_EDENIED: the user has as many as he may, ZV_ENOMEM. */
enum zv_err zv_hub_open(struct zv_hub *hub, const struct zv_sse_params *params,
			struct zv_sse **ret_stream) ZV_MUST_USE;
/* What there is; 0: nothing, and sleep(connection) was called under the lock; -1: the end. */
ssize_t zv_sse_read(struct zv_sse *stream, char *buf, size_t max, void (*sleep)(void *connection));
void zv_sse_close(struct zv_sse *stream); /* accepts NULL */

struct zv_hub_stats { uint64_t published, full, delivered, lost; uint32_t streams; };
void zv_hub_get_stats(struct zv_hub *hub, struct zv_hub_stats *ret_stats);

#endif
