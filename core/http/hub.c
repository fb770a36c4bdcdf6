#include "http/hub.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define RING         8192u        /* events on their way to the hub */
#define REPLAY_BYTES (32u << 20)
#define LOOK_MS      1000         /* who is gone */

/* One event, shared by all who get it.  refs: under the hub's lock, once the hub has it. */
struct event {
	uint32_t refs;
	unsigned roles;
	bool passing;
	char user[ZV_HTTP_USER_MAX];
	uint64_t id;
	size_t head_len, len;
	char head[32];  /* "id: N\n"; none of a passing one */
	char text[];    /* "event: ...\ndata: ...\n\n" */
};

/* A place of the ring (Vyukov's bounded queue): seq says whose turn it is. */
struct place { _Atomic uint64_t seq; struct event *event; };

struct zv_sse {
	struct zv_hub *hub;
	void *connection;
	int fd;
	struct zv_http_subject who;
	struct zv_token_id session;
	bool sleeping, ending;
	struct event *now;     /* being sent */
	size_t at;             /* of its head and text */
	uint32_t first, n;     /* queue */
	struct zv_sse *next, **prev;
	struct event *queue[]; /* queue_events, and one for `lost` */
};

struct zv_hub {
	struct zv_hub_params p;
	pthread_mutex_t lock;
	int wake_fd;
	_Atomic bool asleep;
	_Alignas(64) _Atomic uint64_t tail; /* producers */
	_Alignas(64) uint64_t head;         /* the hub */
	struct place *places;
	_Atomic uint64_t full;
	/* below: under the lock */
	struct zv_sse *streams;
	bool stopping;
	struct event **replay;  /* replay_events; id i stands at i % replay_events */
	uint64_t first_id, next_id;
	size_t replay_bytes;
	struct zv_hub_stats stats;
	int64_t pinged_ms, looked_ms; /* the hub's */
};

static int64_t now_of(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- events ---- */

static bool is_word(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");

	return n > 0 && n < 32 && text[n] == 0;
}

static struct event *event_make(const struct zv_http_audience *to, const char *event, const char *data,
				size_t len)
{
	size_t room = strlen(event) + len + sizeof("event: \ndata: \n\n");
	struct event *e = malloc(sizeof(*e) + room);
	int n;

	if (e == NULL)
		return NULL;
	*e = (struct event){.refs = 1, .roles = to->roles, .passing = to->passing};
	if (to->user != NULL)
		(void)snprintf(e->user, sizeof(e->user), "%s", to->user);
	n = snprintf(e->text, room, "event: %s\ndata: ", event);
	memcpy(e->text + n, data, len);
	memcpy(e->text + n + len, "\n\n", 3);
	e->len = (size_t)n + len + 2;
	return e;
}

static void event_drop(struct event *e)
{
	if (e != NULL && --e->refs == 0)
		free(e);
}

static bool is_for(const struct event *e, const struct zv_http_subject *who)
{
	return (e->roles & (unsigned)who->role) != 0 ||
	       (e->user[0] != 0 && strcmp(e->user, who->name) == 0 && who->user != UINT32_MAX);
}

enum zv_err zv_hub_publish(struct zv_hub *hub, const struct zv_http_audience *to, const char *event,
			   const char *data, size_t len)
{
	uint64_t at = atomic_load_explicit(&hub->tail, memory_order_relaxed);
	struct place *place;
	struct event *e;

	if (!is_word(event) || len > ZV_HTTP_EVENT_MAX || memchr(data, '\n', len) != NULL ||
	    memchr(data, '\r', len) != NULL || (to->user != NULL && strlen(to->user) >= ZV_HTTP_USER_MAX))
		return ZV_EINVAL;
	e = event_make(to, event, data, len);
	if (e == NULL)
		return ZV_ENOMEM;
	for (;;) {
		uint64_t seq;

		place = &hub->places[at % RING];
		seq = atomic_load_explicit(&place->seq, memory_order_acquire);
		if (seq == at) {
			if (atomic_compare_exchange_weak_explicit(&hub->tail, &at, at + 1, memory_order_relaxed,
								  memory_order_relaxed))
				break;
		} else if (seq < at) {
			atomic_fetch_add_explicit(&hub->full, 1, memory_order_relaxed);
			free(e);
			return ZV_EFULL;
		} else {
			at = atomic_load_explicit(&hub->tail, memory_order_relaxed);
		}
	}
	place->event = e;
	/* it stands there before the look at `asleep`, as `asleep` before the hub's last look at it */
	atomic_store_explicit(&place->seq, at + 1, memory_order_seq_cst);
	if (atomic_exchange_explicit(&hub->asleep, false, memory_order_seq_cst))
		zv_hub_wake(hub);
	return ZV_OK;
}

void zv_hub_wake(struct zv_hub *hub)
{
	uint64_t one = 1;

	while (write(hub->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static struct event *ring_take(struct zv_hub *hub)
{
	struct place *place = &hub->places[hub->head % RING];
	struct event *e;

	if (atomic_load_explicit(&place->seq, memory_order_acquire) != hub->head + 1)
		return NULL;
	e = place->event;
	atomic_store_explicit(&place->seq, hub->head + RING, memory_order_release);
	hub->head++;
	return e;
}

static bool ring_empty(const struct zv_hub *hub)
{
	const struct place *place = &hub->places[hub->head % RING];

	return atomic_load_explicit(&place->seq, memory_order_seq_cst) != hub->head + 1;
}

/* ---- streams; all under the lock ---- */

static void stream_wake(struct zv_sse *s)
{
	if (!s->sleeping)
		return;
	s->sleeping = false;
	s->hub->p.wake(s->connection);
}

static void queue_clear(struct zv_sse *s)
{
	for (; s->n > 0; s->n--) {
		event_drop(s->queue[s->first]);
		s->first = (s->first + 1) % (s->hub->p.queue_events + 1);
	}
}

static void queue_put(struct zv_sse *s, struct event *e)
{
	s->queue[(s->first + s->n) % (s->hub->p.queue_events + 1)] = e;
	s->n++;
	e->refs++;
}

/* An event for this stream alone, without a place in the replay. */
static void queue_own(struct zv_sse *s, const char *event, const char *data)
{
	struct zv_http_audience to = {.passing = true};
	struct event *e = event_make(&to, event, data, strlen(data));

	if (e == NULL) {
		s->ending = true;
		return;
	}
	queue_put(s, e);
	event_drop(e);
}

/* What it has not read is thrown away; it is told, and has to ask for all anew. */
static void stream_lose(struct zv_sse *s)
{
	queue_clear(s);
	queue_own(s, "lost", "{\"why\":\"slow\"}");
	s->ending = true;
	s->hub->stats.lost++;
}

static void stream_give(struct zv_sse *s, struct event *e)
{
	if (s->ending)
		return;
	if (s->n == s->hub->p.queue_events)
		stream_lose(s);
	else
		queue_put(s, e);
	stream_wake(s);
}

static void stream_end(struct zv_sse *s)
{
	s->ending = true;
	stream_wake(s);
}

/* ---- replay ---- */

static void replay_drop_first(struct zv_hub *h)
{
	struct event **e = &h->replay[h->first_id % h->p.replay_events];

	h->replay_bytes -= (*e)->len;
	event_drop(*e);
	*e = NULL;
	h->first_id++;
}

static void replay_keep(struct zv_hub *h, struct event *e)
{
	while (h->next_id - h->first_id >= h->p.replay_events ||
	       (h->replay_bytes + e->len > REPLAY_BYTES && h->first_id < h->next_id))
		replay_drop_first(h);
	e->id = h->next_id++;
	e->head_len = (size_t)snprintf(e->head, sizeof(e->head), "id: %llu\n", (unsigned long long)e->id);
	h->replay[e->id % h->p.replay_events] = e;
	e->refs++;
	h->replay_bytes += e->len;
}

/* All for it since last; false: not all is there any more. */
static bool replay(struct zv_hub *h, struct zv_sse *s, uint64_t last)
{
	if (last + 1 < h->first_id || last >= h->next_id)
		return false;
	for (uint64_t id = last + 1; id < h->next_id; id++) {
		struct event *e = h->replay[id % h->p.replay_events];

		if (!is_for(e, &s->who))
			continue;
		if (s->n == h->p.queue_events)
			return false;
		queue_put(s, e);
	}
	return true;
}

/* ---- the hub's turn ---- */

static void hand_on(struct zv_hub *h)
{
	struct event *e;

	/* a batch under one lock: 64 events, then whoever waits for the lock */
	for (bool more = true; more;) {
		(void)pthread_mutex_lock(&h->lock);
		for (uint32_t i = 0; i < 64 && (e = ring_take(h)) != NULL; i++) {
			if (!e->passing)
				replay_keep(h, e);
			h->stats.published++;
			for (struct zv_sse *s = h->streams; s != NULL; s = s->next) {
				if (is_for(e, &s->who))
					stream_give(s, e);
			}
			event_drop(e);
		}
		more = !ring_empty(h);
		(void)pthread_mutex_unlock(&h->lock);
	}
}

static bool is_gone(const struct zv_sse *s)
{
	char byte;
	ssize_t n;

	if (s->fd < 0 || !s->sleeping)
		return false;
	n = recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void look(struct zv_hub *h, bool ping)
{
	struct zv_http_audience to = {.passing = true};
	char data[48];
	int n = snprintf(data, sizeof(data), "{\"server_ms\":%lld}", (long long)now_of(CLOCK_REALTIME));
	struct event *e = ping ? event_make(&to, "ping", data, (size_t)n) : NULL;

	(void)pthread_mutex_lock(&h->lock);
	for (struct zv_sse *s = h->streams; s != NULL; s = s->next) {
		struct zv_http_subject who;

		if (s->ending)
			continue;
		if (is_gone(s) || (ping && !zv_auth_alive(h->p.auth, &s->session, &who))) {
			stream_end(s);
			continue;
		}
		if (ping)
			s->who = who; /* his role may be another one now */
		if (e != NULL && s->n == 0)
			stream_give(s, e);
	}
	event_drop(e);
	(void)pthread_mutex_unlock(&h->lock);
}

void zv_hub_turn(struct zv_hub *hub, int wait_ms)
{
	struct pollfd fd = {.fd = hub->wake_fd, .events = POLLIN};
	int64_t now_ms;
	uint64_t count;

	atomic_store_explicit(&hub->asleep, true, memory_order_seq_cst);
	if (ring_empty(hub) && poll(&fd, 1, wait_ms) > 0 && read(hub->wake_fd, &count, sizeof(count)) < 0)
		count = 0;
	atomic_store_explicit(&hub->asleep, false, memory_order_relaxed);
	hand_on(hub);
	now_ms = now_of(CLOCK_MONOTONIC);
	if (now_ms - hub->looked_ms >= LOOK_MS) {
		bool ping = now_ms - hub->pinged_ms >= hub->p.ping_ms;

		look(hub, ping);
		hub->looked_ms = now_ms;
		if (ping)
			hub->pinged_ms = now_ms;
	}
}

void zv_hub_stop(struct zv_hub *hub)
{
	(void)pthread_mutex_lock(&hub->lock);
	hub->stopping = true;
	for (struct zv_sse *s = hub->streams; s != NULL; s = s->next)
		stream_end(s);
	(void)pthread_mutex_unlock(&hub->lock);
}

void zv_hub_end_session(struct zv_hub *hub, const struct zv_token_id *id)
{
	(void)pthread_mutex_lock(&hub->lock);
	for (struct zv_sse *s = hub->streams; s != NULL; s = s->next) {
		if (memcmp(s->session.sum, id->sum, sizeof(id->sum)) == 0)
			stream_end(s);
	}
	(void)pthread_mutex_unlock(&hub->lock);
}

/* ---- the http thread's side ---- */

/* How many he has; those whose far end is gone end now and do not count. */
static uint32_t count_of(struct zv_hub *h, const struct zv_http_subject *who)
{
	uint32_t n = 0;

	for (struct zv_sse *s = h->streams; s != NULL; s = s->next) {
		if (s->ending || s->who.user != who->user || strcmp(s->who.name, who->name) != 0)
			continue;
		if (is_gone(s))
			stream_end(s);
		else
			n++;
	}
	return n;
}

static void begin(struct zv_hub *h, struct zv_sse *s, const char *last_id)
{
	char hello[64];
	uint64_t last;

	(void)snprintf(hello, sizeof(hello), "{\"server_ms\":%lld}", (long long)now_of(CLOCK_REALTIME));
	queue_own(s, "hello", hello);
	if (last_id != NULL && (!zv_http_event_id(last_id, &last) || !replay(h, s, last))) {
		/* it cannot go on from there: it is told, and stays */
		queue_clear(s);
		queue_own(s, "hello", hello);
		queue_own(s, "lost", "{\"why\":\"gap\"}");
	}
}

enum zv_err zv_hub_open(struct zv_hub *hub, const struct zv_sse_params *params,
			struct zv_sse **ret_stream)
{
	size_t places = hub->p.queue_events + 1;
	struct zv_sse *s = calloc(1, sizeof(*s) + places * sizeof(s->queue[0]));
	enum zv_err err = ZV_OK;

	if (s == NULL)
		return ZV_ENOMEM;
	s->hub = hub;
	s->connection = params->connection;
	s->fd = params->fd;
	s->who = *params->who;
	s->session = *params->session;
	(void)pthread_mutex_lock(&hub->lock);
	if (hub->stopping || hub->stats.streams >= hub->p.streams_max)
		err = ZV_EFULL;
	else if (count_of(hub, params->who) >= hub->p.streams_user_max)
		err = ZV_EDENIED;
	if (err == ZV_OK) {
		begin(hub, s, params->last_id);
		s->next = hub->streams;
		s->prev = &hub->streams;
		if (s->next != NULL)
			s->next->prev = &s->next;
		hub->streams = s;
		hub->stats.streams++;
	}
	(void)pthread_mutex_unlock(&hub->lock);
	if (err != ZV_OK) {
		free(s);
		return err;
	}
	*ret_stream = s;
	return ZV_OK;
}

/* Takes the next event of the queue; false: there is none. */
static bool next(struct zv_sse *s)
{
	if (s->now != NULL && s->at < s->now->head_len + s->now->len)
		return true;
	if (s->now != NULL) {
		s->hub->stats.delivered++;
		event_drop(s->now);
		s->now = NULL;
	}
	if (s->n == 0)
		return false;
	s->now = s->queue[s->first];
	s->at = 0;
	s->first = (s->first + 1) % (s->hub->p.queue_events + 1);
	s->n--;
	return true;
}

static size_t copy_part(struct zv_sse *s, char *buf, size_t max)
{
	const struct event *e = s->now;
	bool head = s->at < e->head_len;
	const char *from = head ? e->head + s->at : e->text + (s->at - e->head_len);
	size_t left = head ? e->head_len - s->at : e->head_len + e->len - s->at;

	if (left > max)
		left = max;
	memcpy(buf, from, left);
	s->at += left;
	return left;
}

ssize_t zv_sse_read(struct zv_sse *stream, char *buf, size_t max, void (*sleep)(void *connection))
{
	size_t n = 0;
	ssize_t got;

	(void)pthread_mutex_lock(&stream->hub->lock);
	while (n < max && next(stream))
		n += copy_part(stream, buf + n, max - n);
	got = (ssize_t)n;
	if (n == 0 && stream->ending) {
		got = -1;
	} else if (n == 0) {
		stream->sleeping = true;
		sleep(stream->connection);
	}
	(void)pthread_mutex_unlock(&stream->hub->lock);
	return got;
}

void zv_sse_close(struct zv_sse *stream)
{
	struct zv_hub *h;

	if (stream == NULL)
		return;
	h = stream->hub;
	(void)pthread_mutex_lock(&h->lock);
	queue_clear(stream);
	event_drop(stream->now);
	*stream->prev = stream->next;
	if (stream->next != NULL)
		stream->next->prev = stream->prev;
	h->stats.streams--;
	(void)pthread_mutex_unlock(&h->lock);
	free(stream);
}

/* ---- create and destroy ---- */

enum zv_err zv_hub_create(const struct zv_hub_params *params, struct zv_hub **ret_hub)
{
	struct zv_hub *h = aligned_alloc(64, (sizeof(*h) + 63) / 64 * 64);

	if (h == NULL)
		return ZV_ENOMEM;
	memset(h, 0, sizeof(*h));
	h->p = *params;
	(void)pthread_mutex_init(&h->lock, NULL);
	h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->places = calloc(RING, sizeof(*h->places));
	h->replay = calloc(params->replay_events, sizeof(struct event *));
	/* ids go on rising over restarts, so that one of an earlier run is known as such */
	h->first_id = h->next_id = (uint64_t)now_of(CLOCK_REALTIME) << 10;
	h->pinged_ms = now_of(CLOCK_MONOTONIC);
	if (h->places == NULL || h->replay == NULL || h->wake_fd < 0) {
		zv_hub_destroy(h);
		return ZV_ENOMEM;
	}
	for (uint64_t i = 0; i < RING; i++)
		atomic_init(&h->places[i].seq, i);
	*ret_hub = h;
	return ZV_OK;
}

void zv_hub_destroy(struct zv_hub *hub)
{
	struct event *e;

	if (hub == NULL)
		return;
	while (hub->places != NULL && (e = ring_take(hub)) != NULL)
		free(e);
	while (hub->replay != NULL && hub->first_id < hub->next_id)
		replay_drop_first(hub);
	if (hub->wake_fd >= 0)
		(void)close(hub->wake_fd);
	free(hub->places);
	free(hub->replay);
	(void)pthread_mutex_destroy(&hub->lock);
	free(hub);
}

void zv_hub_get_stats(struct zv_hub *hub, struct zv_hub_stats *ret_stats)
{
	(void)pthread_mutex_lock(&hub->lock);
	*ret_stats = hub->stats;
	(void)pthread_mutex_unlock(&hub->lock);
	ret_stats->full = atomic_load_explicit(&hub->full, memory_order_relaxed);
}
