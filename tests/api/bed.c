/* A server with plain routes, for tests/api/http_test.py: it is told what to do by lines on its
 * standard input and says its port first.
 *
 * usage: api_bed NAME=VALUE...   (address, secrets, tokens, users, and numbers of zv_http_params)
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http/http.h"
#include "http/metrics.h"

#define WAITING_MAX 256

struct waiting { uint64_t ticket; int64_t at_ms; int kind; };

static struct zv_http *_Atomic server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static struct waiting waiting[WAITING_MAX];
static int n_waiting;
static _Atomic int count, is_ready = 1;
static bool over;

static int64_t mono_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void put_waiting(uint64_t ticket, int64_t in_ms, int kind)
{
	(void)pthread_mutex_lock(&lock);
	if (n_waiting < WAITING_MAX)
		waiting[n_waiting++] = (struct waiting){ticket, mono_ms() + in_ms, kind};
	(void)pthread_cond_signal(&cond);
	(void)pthread_mutex_unlock(&lock);
}

/* Answers what is due, from a thread that is not the server's. */
static void *run_answers(void *arg)
{
	(void)arg;
	(void)pthread_mutex_lock(&lock);
	while (!over) {
		int64_t next_ms = mono_ms() + 1000;

		for (int i = 0; i < n_waiting; i++) {
			struct waiting w = waiting[i];

			if (w.at_ms > mono_ms()) {
				next_ms = w.at_ms < next_ms ? w.at_ms : next_ms;
				continue;
			}
			waiting[i--] = waiting[--n_waiting];
			(void)pthread_mutex_unlock(&lock);
			if (w.kind == 0)
				zv_http_answer(server, w.ticket, 200, json_pack("{s:b, s:i}", "later", 1, "count", count));
			else if (w.kind == 1)
				zv_http_answer_err(server, w.ticket, ZV_EDENIED, "not in this state");
			else
				zv_http_go_on(server, w.ticket);
			(void)pthread_mutex_lock(&lock);
			next_ms = mono_ms();
		}
		if (next_ms > mono_ms() && !over) {
			struct timespec until;

			(void)clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 2000000;
			if (until.tv_nsec >= 1000000000) {
				until.tv_nsec -= 1000000000;
				until.tv_sec++;
			}
			(void)pthread_cond_timedwait(&cond, &lock, &until);
		}
	}
	(void)pthread_mutex_unlock(&lock);
	return NULL;
}

/* ---- handlers ---- */

static void echo(void *arg, const struct zv_http_request *r, struct zv_http_reply *reply)
{
	const char *q = zv_http_query(r, "q");

	(void)arg;
	zv_http_reply(reply, 200, json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:O?}", "a", r->params[0], "b", r->params[1],
					    "q", q, "who", r->who != NULL ? r->who->name : NULL, "role",
					    r->who != NULL ? zv_role_name(r->who->role) : NULL, "json", r->json));
}

static void count_up(void *arg, const struct zv_http_request *r, struct zv_http_reply *reply)
{
	(void)arg;
	(void)r;
	count++;
	zv_http_reply(reply, 201, json_pack("{s:i}", "count", count));
}

static void later(void *arg, const struct zv_http_request *r, struct zv_http_reply *reply)
{
	json_t *ms = json_object_get(r->json, "ms"), *denied = json_object_get(r->json, "denied");

	(void)arg;
	count++;
	if (json_is_integer(ms))
		put_waiting(r->ticket, json_integer_value(ms), json_is_true(denied));
	else if (json_object_get(r->json, "now") != NULL)
		zv_http_answer(r->http, r->ticket, 200, NULL); /* before the handler returns */
	zv_http_later(reply);
}

static void silent(void *arg, const struct zv_http_request *r, struct zv_http_reply *reply)
{
	(void)arg;
	(void)r;
	(void)reply;
}

static void refuse(void *arg, const struct zv_http_request *r, struct zv_http_reply *reply)
{
	(void)arg;
	zv_http_problem(reply, 409, "not-possible", "no %s \xff here", r->params[0]);
}

struct lines { uint64_t n, bytes, ticket; bool slept; };

static void *lines_begin(void *arg, const struct zv_http_request *r)
{
	struct lines *l = calloc(1, sizeof(*l));

	(void)arg;
	if (l != NULL)
		l->ticket = r->ticket;
	return l;
}

static enum zv_err lines_line(void *state, uint64_t number, const char *text, size_t len)
{
	struct lines *l = state;

	if (len >= 3 && memcmp(text, "bad", 3) == 0)
		return ZV_EPARSE;
	if (len >= 5 && memcmp(text, "sleep", 5) == 0 && !l->slept) {
		l->slept = true;
		put_waiting(l->ticket, 5, 2);
		return ZV_EAGAIN;
	}
	l->slept = false;
	l->n = number;
	l->bytes += len;
	return ZV_OK;
}

static void lines_done(void *arg, const struct zv_http_request *r, struct zv_http_reply *reply)
{
	const struct lines *l = r->state;

	(void)arg;
	zv_http_reply(reply, 200, json_pack("{s:I, s:I}", "lines", (json_int_t)l->n, "bytes", (json_int_t)l->bytes));
}

static const struct zv_http_lines lines = {lines_begin, lines_line, free};

static const struct zv_http_route routes[] = {
	{"GET", "/t/echo/{a}/x/{b}", ZV_ROLES_ALL, echo, 0, NULL, "Echo", NULL, "Any", "q?"},
	{"POST", "/t/echo", ZV_ROLES_ALL, echo, 0, NULL, "Echo", "Any", "Any", NULL},
	{"GET", "/t/public", 0, echo, 0, NULL, "Public", NULL, "Any", NULL},
	{"GET", "/t/agent", ZV_MAY_AGENT, echo, 0, NULL, "Agent", NULL, "Any", NULL},
	{"GET", "/t/supervisor", ZV_MAY_SUPERVISOR, echo, 0, NULL, "Supervisor", NULL, "Any", NULL},
	{"GET", "/t/operator", ZV_MAY_OPERATOR, echo, 0, NULL, "Operator", NULL, "Any", NULL},
	{"GET", "/t/integrator", ZV_MAY_INTEGRATOR, echo, 0, NULL, "Integrator", NULL, "Any", NULL},
	{"POST", "/t/count", ZV_ROLES_ALL, count_up, 0, NULL, "Count", "Any", "Any", NULL},
	{"PUT", "/t/count", ZV_ROLES_ALL, count_up, 0, NULL, "Count", "Any", "Any", NULL},
	{"POST", "/t/later", ZV_ROLES_ALL, later, 0, NULL, "Later", "Any", "Any", NULL},
	{"GET", "/t/silent", ZV_ROLES_ALL, silent, 0, NULL, "Says nothing", NULL, NULL, NULL},
	{"GET", "/t/refuse/{what}", ZV_ROLES_ALL, refuse, 0, NULL, "Refuses", NULL, NULL, NULL},
	{"POST", "/t/lines", ZV_ROLES_ALL, lines_done, 0, &lines, "Lines", "Any", "Any", NULL},
	{0},
};

/* ---- commands ---- */

static bool on_ready(void *arg)
{
	(void)arg;
	return is_ready != 0;
}

static void on_metrics(void *arg, struct zv_metrics *m)
{
	static const double upto[] = {0.1, 0.5, 1};
	static const uint64_t counts[] = {1, 2, 3, 4};

	(void)arg;
	zv_metric_family(m, "zvonar_test_total", ZV_METRIC_COUNTER, "A \\ and\na line feed.");
	zv_metric_of(m, "campaign", "quote \" back \\ line \n end", 3);
	zv_metric_family(m, "zvonar_test_seconds", ZV_METRIC_HISTOGRAM, "A histogram.");
	zv_metric_histogram(m, &(struct zv_metric_label){"campaign", "a"}, 1,
			    &(struct zv_metric_histogram){upto, counts, 3, 7.25});
}

static void *run_burst(void *arg)
{
	struct zv_http_audience to = {.roles = ZV_ROLES_ALL};
	char data[64];

	for (int i = 0; i < 1000; i++) {
		int n = snprintf(data, sizeof(data), "{\"from\":%d,\"n\":%d}", *(int *)arg, i);

		while (zv_http_publish(server, &to, "burst", data, (size_t)n) == ZV_EFULL)
			(void)sched_yield();
	}
	return NULL;
}

static void burst(void)
{
	pthread_t threads[4];
	int numbers[4];

	for (int i = 0; i < 4; i++) {
		numbers[i] = i;
		(void)pthread_create(&threads[i], NULL, run_burst, &numbers[i]);
	}
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
}

static void publish(char *line, bool passing)
{
	char *rest = line, *user = strsep(&rest, " "), *roles = strsep(&rest, " "), *event = strsep(&rest, " ");
	struct zv_http_audience to = {.user = strcmp(user, "-") == 0 ? NULL : user, .passing = passing,
				      .roles = (unsigned)strtoul(roles != NULL ? roles : "0", NULL, 10)};

	(void)printf("%d\n", zv_http_publish(server, &to, event, rest != NULL ? rest : "", rest != NULL ? strlen(rest) : 0));
}

static void fill(const char *line)
{
	struct zv_http_audience to = {.roles = ZV_ROLES_ALL};
	static char data[4096];
	long n = strtol(line, NULL, 10);

	memset(data, 'x', sizeof(data));
	data[0] = data[sizeof(data) - 1] = '"';
	for (long i = 0; i < n; i++) {
		while (zv_http_publish(server, &to, "fill", data, sizeof(data)) == ZV_EFULL)
			(void)sched_yield();
	}
	(void)printf("0\n");
}

static struct zv_http_user users[ZV_HTTP_USERS_MAX];
static uint32_t n_users;

/* "name:role:title,..." */
static void read_users(char *text)
{
	char *one;

	n_users = 0;
	while ((one = strsep(&text, ",")) != NULL && n_users < ZV_HTTP_USERS_MAX) {
		struct zv_http_user *u = &users[n_users];
		char *name = strsep(&one, ":"), *role = strsep(&one, ":");

		if (name == NULL || role == NULL || zv_role_parse(role, &u->role) != ZV_OK)
			continue;
		(void)snprintf(u->name, sizeof(u->name), "%s", name);
		(void)snprintf(u->title, sizeof(u->title), "%s", one != NULL ? one : "");
		n_users++;
	}
}

static bool command(char *line)
{
	struct zv_http_stats s;
	char text[256] = "";

	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, "quit") == 0)
		return false;
	if (strncmp(line, "pub ", 4) == 0) {
		publish(line + 4, false);
	} else if (strncmp(line, "passing ", 8) == 0) {
		publish(line + 8, true);
	} else if (strncmp(line, "fill ", 5) == 0) {
		fill(line + 5);
	} else if (strcmp(line, "burst") == 0) {
		burst();
		(void)printf("0\n");
	} else if (strncmp(line, "ready ", 6) == 0) {
		is_ready = line[6] == '1';
		(void)printf("0\n");
	} else if (strncmp(line, "users ", 6) == 0) {
		read_users(line + 6);
		(void)printf("%d %s\n", zv_http_reload(server, users, n_users, text, sizeof(text)), text);
	} else if (strcmp(line, "stats") == 0) {
		zv_http_get_stats(server, &s);
		(void)printf("{\"streams\":%u,\"sessions\":%u,\"waiting\":%u,\"lost\":%llu,\"count\":%d,\"delivered\":%llu}\n",
			     s.streams, s.sessions, s.waiting, (unsigned long long)s.lost, count,
			     (unsigned long long)s.delivered);
	} else {
		(void)printf("?\n");
	}
	(void)fflush(stdout);
	return true;
}

static const char *arg_of(int argc, char **argv, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
	}
	return NULL;
}

static uint32_t number_of(int argc, char **argv, const char *name)
{
	const char *text = arg_of(argc, argv, name);

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	static const struct zv_http_route *const tables[] = {routes};
	static const char *const schemas[] = {"{\"Any\": {\"type\": \"object\"}}"};
	const char *host = arg_of(argc, argv, "host"), *people = arg_of(argc, argv, "users");
	struct zv_http_params p = {
		.address = arg_of(argc, argv, "address"), .open = number_of(argc, argv, "open") != 0,
		.hosts = &host, .n_hosts = host != NULL, .tables = tables, .n_tables = 1, .schemas = schemas,
		.n_schemas = 1, .secrets = arg_of(argc, argv, "secrets"), .realm = "zvonar",
		.tokens = arg_of(argc, argv, "tokens"), .session_idle_s = number_of(argc, argv, "session_idle_s"),
		.answer_ms = number_of(argc, argv, "answer_ms"), .slow_s = number_of(argc, argv, "slow_s"),
		.streams_max = number_of(argc, argv, "streams_max"),
		.streams_user_max = number_of(argc, argv, "streams_user_max"),
		.replay_events = number_of(argc, argv, "replay_events"),
		.queue_events = number_of(argc, argv, "queue_events"), .ping_ms = number_of(argc, argv, "ping_ms"),
		.rate_session = number_of(argc, argv, "rate_session"),
		.rate_address = number_of(argc, argv, "rate_address"), .ready = on_ready, .metrics = on_metrics};
	struct zv_http *made = NULL;
	char text[256] = "", line[8192], *copy = strdup(people != NULL ? people : "");
	pthread_t answers;
	enum zv_err err;

	if (copy == NULL)
		return 1;
	read_users(copy);
	free(copy);
	p.users = users;
	p.n_users = n_users;
	err = zv_http_create(&p, text, sizeof(text), &made);
	if (err != ZV_OK) {
		(void)printf("error %d %s\n", err, text);
		return 1;
	}
	server = made;
	if (pthread_create(&answers, NULL, run_answers, NULL) != 0)
		return 1;
	(void)printf("%u\n", zv_http_port(made));
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL && command(line))
		;
	(void)pthread_mutex_lock(&lock);
	over = true;
	(void)pthread_cond_signal(&cond);
	(void)pthread_mutex_unlock(&lock);
	(void)pthread_join(answers, NULL);
	zv_http_destroy(made);
	return 0;
}
