/* The server: bind, run, stop; a request's way through the others. */
#include "http/int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"

#define TURN_MS 100 /* the hub looks at who waits at least so often */

int64_t zv_http_mono_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- connections ---- */

static void conn_open(struct zv_http *h, struct MHD_Connection *connection, void **ret)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct zv_conn *c = info != NULL ? calloc(1, sizeof(*c)) : NULL;

	*ret = c;
	if (c == NULL)
		return;
	c->fd = info->connect_fd;
	c->asking = true;
	c->since_ms = zv_http_mono_ms();
	(void)pthread_mutex_lock(&h->lock);
	c->next = h->conns;
	c->prev = &h->conns;
	if (c->next != NULL)
		c->next->prev = &c->next;
	h->conns = c;
	(void)pthread_mutex_unlock(&h->lock);
}

static void conn_close(struct zv_http *h, struct zv_conn *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&h->lock);
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	(void)pthread_mutex_unlock(&h->lock);
	free(c);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_open(arg, connection, context);
	} else {
		conn_close(arg, *context);
		*context = NULL;
	}
}

static void conn_asks(const struct zv_call *call, bool asking)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct zv_conn *c = info != NULL ? info->socket_context : NULL;

	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&call->http->lock);
	c->asking = asking;
	c->since_ms = zv_http_mono_ms();
	(void)pthread_mutex_unlock(&call->http->lock);
}

/* A request that trickles in is cut: the library's own limit begins anew with each byte. */
static void cut_slow(struct zv_http *h)
{
	int64_t now_ms = zv_http_mono_ms();

	(void)pthread_mutex_lock(&h->lock);
	for (struct zv_conn *c = h->conns; c != NULL; c = c->next) {
		if (c->asking && now_ms - c->since_ms > (int64_t)h->p.slow_s * 2000)
			(void)shutdown(c->fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&h->lock);
}

/* ---- requests ---- */

static struct zv_call *call_begin(struct zv_http *h, struct MHD_Connection *connection)
{
	struct zv_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	atomic_fetch_add(&h->n_calls, 1);
	call->http = h;
	call->conn = connection;
	call->slot = ZV_SLOT_NONE;
	call->reply.call = call;
	call->request.http = h;
	call->request.inside = call;
	return call;
}

/* Calls the handler; false: the connection sleeps until its answer. */
static bool handle(struct zv_call *call)
{
	const struct zv_http_route *route = call->request.route;

	if (call->reply.set || route == NULL)
		return true;
	if (!zv_call_body_end(call))
		return call->reply.set;
	if (call->slot == ZV_SLOT_NONE && !zv_slot_take(call)) {
		zv_http_problem(&call->reply, 503, "busy", "too many requests wait");
		return true;
	}
	if (!zv_slot_key(call))
		return true;
	call->handled = true;
	route->handle(call->http->p.arg, &call->request, &call->reply);
	if (call->reply.later && zv_slot_sleep(call, ZV_SLOT_SLEEPS))
		return false;
	return true;
}

static enum MHD_Result answer(struct zv_call *call)
{
	conn_asks(call, false);
	if (call->reply.later)
		zv_slot_collect(call);
	else
		zv_slot_keep(call);
	return zv_call_send(call);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data, size_t *len,
				  void **context)
{
	struct zv_call *call = *context;

	(void)version;
	if (call == NULL) {
		call = *context = call_begin(arg, connection);
		if (call == NULL)
			return MHD_NO;
		zv_call_check(call, url, method);
		return call->no_body ? answer(call) : MHD_YES;
	}
	if (*len > 0) {
		if (call->lines_open)
			conn_asks(call, true); /* each part of a long body has its own time */
		return zv_call_body(call, data, len);
	}
	if (!call->handled && !handle(call))
		return MHD_YES;
	return answer(call);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode why)
{
	struct zv_http *h = arg;
	struct zv_call *call = *context;

	(void)connection;
	(void)why;
	if (call == NULL)
		return;
	conn_asks(call, true);
	zv_call_fini(call);
	free(call);
	*context = NULL;
	atomic_fetch_sub(&h->n_calls, 1);
}

/* ---- the hub's thread ---- */

static void wake_stream(void *connection)
{
	MHD_resume_connection(connection);
}

static void *run_hub(void *arg)
{
	struct zv_http *h = arg;
	int64_t looked_ms = zv_http_mono_ms(), cut_ms = looked_ms;

	while (!atomic_load(&h->stop)) {
		int64_t now_ms;

		zv_hub_turn(h->hub, TURN_MS);
		now_ms = zv_http_mono_ms();
		if (now_ms - looked_ms >= TURN_MS) {
			zv_slots_look(h);
			looked_ms = now_ms;
		}
		if (now_ms - cut_ms >= 1000) {
			cut_slow(h);
			cut_ms = now_ms;
		}
	}
	return NULL;
}

/* ---- create ---- */

static uint32_t or_else(uint32_t value, uint32_t def)
{
	return value != 0 ? value : def;
}

static void defaults(struct zv_http_params *p)
{
	p->session_idle_s = or_else(p->session_idle_s, 43200);
	p->answer_ms = or_else(p->answer_ms, 10000);
	p->slow_s = or_else(p->slow_s, 20);
	p->connections_max = or_else(p->connections_max, 4096);
	p->streams_max = or_else(p->streams_max, 2048);
	p->streams_user_max = or_else(p->streams_user_max, 5);
	p->replay_events = or_else(p->replay_events, 8192);
	p->queue_events = or_else(p->queue_events, 256);
	p->ping_ms = or_else(p->ping_ms, 15000);
	p->rate_session = or_else(p->rate_session, 50);
	p->rate_address = or_else(p->rate_address, 1000);
}

static bool is_loopback(const struct zv_conf_ip *ip)
{
	static const uint8_t six[16] = {[15] = 1};

	return ip->family == 4 ? ip->bytes[0] == 127 : memcmp(ip->bytes, six, 16) == 0;
}

static socklen_t fill_address(const struct zv_conf_ip *ip, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (ip->family == 4) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, ip->bytes, 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	memcpy(&six->sin6_addr, ip->bytes, 16);
	return sizeof(*six);
}

static enum zv_err bind_address(struct zv_http *h, char *text, size_t size, int *ret_fd)
{
	struct sockaddr_storage a;
	struct zv_conf_ip ip;
	socklen_t len = sizeof(a);
	uint16_t port;
	int on = 1, fd;

	if (zv_conf_endpoint(h->p.address, h->address, sizeof(h->address), &port) != ZV_OK ||
	    zv_conf_ip(h->address, &ip) != ZV_OK) {
		(void)snprintf(text, size, "http: %.80s is no address with a port", h->p.address);
		return ZV_EINVAL;
	}
	if (!h->p.open && !is_loopback(&ip)) {
		(void)snprintf(text, size, "http: %s can be reached from outside; say http.open: yes if that is "
					   "meant, behind a proxy that speaks TLS", h->address);
		return ZV_EDENIED;
	}
	fd = socket(ip.family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&a, fill_address(&ip, port, &a)) == 0 && listen(fd, 1024) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
		h->port = ntohs(ip.family == 4 ? ((struct sockaddr_in *)(void *)&a)->sin_port
					       : ((struct sockaddr_in6 *)(void *)&a)->sin6_port);
		*ret_fd = fd;
		return ZV_OK;
	}
	(void)snprintf(text, size, "http: %s: %s", h->p.address, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return ZV_EIO;
}

static enum zv_err gather_routes(struct zv_http *h)
{
	const struct zv_http_route *r;
	uint32_t n = 0;

	for (uint32_t t = 0; t <= h->p.n_tables; t++) {
		for (r = t == 0 ? zv_own_routes : h->p.tables[t - 1]; r->method != NULL; r++)
			n++;
	}
	h->routes = calloc(n, sizeof(struct zv_http_route *));
	if (h->routes == NULL)
		return ZV_ENOMEM;
	/* the given ones first: they may stand in for the server's own */
	for (uint32_t t = 1; t <= h->p.n_tables + 1; t++) {
		for (r = t > h->p.n_tables ? zv_own_routes : h->p.tables[t - 1]; r->method != NULL; r++)
			h->routes[h->n_routes++] = r;
	}
	return ZV_OK;
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *fmt, va_list args)
{
	char line[256];

	(void)arg;
	(void)vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = 0;
	zv_debug("http", "%s", line);
}

static enum zv_err start(struct zv_http *h, int fd, char *text, size_t size)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (pthread_create(&h->thread, NULL, run_hub, h) != 0) {
		(void)close(fd);
		return ZV_ENOMEM;
	}
	h->thread_runs = true;
	h->mhd = MHD_start_daemon(flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, h,
				  MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				  (unsigned)h->p.connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
				  (unsigned)h->p.slow_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
				  MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION,
				  on_connection, h, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (h->mhd == NULL) {
		(void)snprintf(text, size, "http: the server does not start");
		(void)close(fd);
		return ZV_EIO;
	}
	return ZV_OK;
}

static enum zv_err make_parts(struct zv_http *h, char *text, size_t size)
{
	struct zv_hub_params hub = {.streams_max = h->p.streams_max, .ping_ms = h->p.ping_ms,
				    .streams_user_max = h->p.streams_user_max,
				    .replay_events = h->p.replay_events, .queue_events = h->p.queue_events,
				    .wake = wake_stream};
	enum zv_err err = zv_auth_create(&h->p, text, size, &h->auth);

	hub.auth = h->auth;
	if (err == ZV_OK)
		err = zv_hub_create(&hub, &h->hub);
	if (err == ZV_OK)
		err = zv_idem_create(&h->idem);
	if (err == ZV_OK)
		err = zv_slots_create(h);
	if (err == ZV_OK)
		err = gather_routes(h);
	if (err != ZV_OK)
		return err;
	h->rates = calloc(1, sizeof(*h->rates));
	h->guesses = calloc(1, sizeof(*h->guesses));
	if (h->rates == NULL || h->guesses == NULL)
		return ZV_ENOMEM;
	if (getrandom(&h->rates->key, sizeof(h->rates->key), 0) != (ssize_t)sizeof(h->rates->key) ||
	    getrandom(&h->guesses->key, sizeof(h->guesses->key), 0) != (ssize_t)sizeof(h->guesses->key))
		return ZV_EIO;
	h->openapi = zv_openapi_make(h, text, size);
	return h->openapi != NULL ? ZV_OK : ZV_EINVAL;
}

enum zv_err zv_http_create(const struct zv_http_params *params, char *text, size_t text_size,
			   struct zv_http **ret_http)
{
	struct zv_http *h = calloc(1, sizeof(*h));
	enum zv_err err;
	int fd = -1;

	if (h == NULL)
		return ZV_ENOMEM;
	(void)snprintf(text, text_size, "http: no memory");
	(void)pthread_mutex_init(&h->lock, NULL);
	h->p = *params;
	defaults(&h->p);
	err = make_parts(h, text, text_size);
	/* what was given for users is not ours to keep */
	h->p.users = NULL;
	if (err == ZV_OK)
		err = bind_address(h, text, text_size, &fd);
	if (err == ZV_OK)
		err = start(h, fd, text, text_size);
	if (err != ZV_OK) {
		zv_http_destroy(h);
		return err;
	}
	*ret_http = h;
	return ZV_OK;
}

/* No new connections; who has asked reads his answer, for a second at most. */
static void let_go(struct zv_http *h)
{
	int64_t until_ms = zv_http_mono_ms() + 1000;
	int fd = MHD_quiesce_daemon(h->mhd);

	if (fd >= 0)
		(void)close(fd);
	while (atomic_load(&h->n_calls) > 0 && zv_http_mono_ms() < until_ms)
		(void)poll(NULL, 0, 2);
}

void zv_http_destroy(struct zv_http *http)
{
	if (http == NULL)
		return;
	atomic_store(&http->stop, true);
	if (http->thread_runs) {
		zv_hub_wake(http->hub);
		(void)pthread_join(http->thread, NULL);
	}
	/* the library may not be stopped while a connection sleeps, and from here on none goes to sleep */
	if (http->hub != NULL)
		zv_hub_stop(http->hub);
	if (http->slots != NULL)
		zv_slots_stop(http);
	if (http->mhd != NULL) {
		let_go(http);
		MHD_stop_daemon(http->mhd);
	}
	zv_hub_destroy(http->hub);
	zv_auth_destroy(http->auth);
	zv_idem_destroy(http->idem);
	zv_slots_destroy(http);
	free(http->rates);
	free(http->guesses);
	free(http->routes);
	free(http->openapi);
	(void)pthread_mutex_destroy(&http->lock);
	free(http);
}

uint16_t zv_http_port(const struct zv_http *http)
{
	return http->port;
}

enum zv_err zv_http_reload(struct zv_http *http, const struct zv_http_user *users, uint32_t n_users,
			   char *text, size_t text_size)
{
	return zv_auth_reload(http->auth, users, n_users, text, text_size);
}

enum zv_err zv_http_publish(struct zv_http *http, const struct zv_http_audience *to, const char *event,
			    const char *data, size_t len)
{
	return zv_hub_publish(http->hub, to, event, data, len);
}

enum zv_err zv_http_publish_json(struct zv_http *http, const struct zv_http_audience *to,
				 const char *event, json_t *data)
{
	char *text = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;
	enum zv_err err = text != NULL ? zv_hub_publish(http->hub, to, event, text, strlen(text)) : ZV_EINVAL;

	json_decref(data);
	free(text);
	return err;
}

void zv_http_get_stats(struct zv_http *http, struct zv_http_stats *ret_stats)
{
	struct zv_hub_stats hub;

	zv_hub_get_stats(http->hub, &hub);
	*ret_stats = (struct zv_http_stats){
		.requests = atomic_load(&http->requests), .refused_rate = atomic_load(&http->refused_rate),
		.refused_login = atomic_load(&http->refused_login), .timeouts = atomic_load(&http->timeouts),
		.published = hub.published, .publish_full = hub.full, .delivered = hub.delivered,
		.lost = hub.lost, .streams = hub.streams, .sessions = zv_auth_sessions(http->auth)};
	for (int i = 0; i < 6; i++)
		ret_stats->by_class[i] = atomic_load(&http->by_class[i]);
	(void)pthread_mutex_lock(&http->lock);
	ret_stats->waiting = http->n_asleep;
	(void)pthread_mutex_unlock(&http->lock);
}
