#include "http/auth.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/htdigest.h"
#include "base/log.h"
#include "base/sha256.h"

#define HEADS 4096u
#define NONE  UINT32_MAX

struct session {
	struct zv_token_id id;
	char user[ZV_HTTP_USER_MAX]; /* "" = free */
	int64_t used_ms;             /* monotonic */
	uint32_t next;               /* in its chain, or among the free */
};

/* What the files and the configuration say; replaced as a whole. */
struct people {
	struct zv_http_user *users; /* as given */
	uint32_t *by_name;          /* indexes, sorted */
	uint32_t n_users;
	struct zv_htdigest *secrets;
	uint32_t n_secrets;
	struct zv_machine *machines; /* sorted by id */
	uint32_t n_machines;
};

struct zv_auth {
	pthread_mutex_t lock;
	char *secrets, *realm, *tokens;
	int64_t idle_ms;
	struct people people;
	uint32_t n_sessions, free;
	uint32_t heads[HEADS];
	struct session v[ZV_SESSIONS_MAX];
};

static int64_t now_of(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- people ---- */

static void people_fini(struct people *p)
{
	free(p->users);
	free(p->by_name);
	free(p->secrets);
	free(p->machines);
	*p = (struct people){0};
}

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct zv_http_user *users = arg;

	return strcmp(users[*(const uint32_t *)a].name, users[*(const uint32_t *)b].name);
}

static int compare_machines(const void *a, const void *b)
{
	return memcmp(((const struct zv_machine *)a)->id.sum, ((const struct zv_machine *)b)->id.sum, 32);
}

static enum zv_err set_users(struct people *p, const struct zv_http_user *users, uint32_t n,
			     char *text, size_t size)
{
	if (n > ZV_HTTP_USERS_MAX) {
		(void)snprintf(text, size, "over %u users", ZV_HTTP_USERS_MAX);
		return ZV_EINVAL;
	}
	p->users = calloc(n + 1, sizeof(*p->users));
	p->by_name = calloc(n + 1, sizeof(*p->by_name));
	if (p->users == NULL || p->by_name == NULL)
		return ZV_ENOMEM;
	if (n > 0)
		memcpy(p->users, users, n * sizeof(*users));
	for (uint32_t i = 0; i < n; i++)
		p->by_name[i] = i;
	qsort_r(p->by_name, n, sizeof(*p->by_name), compare_names, p->users);
	p->n_users = n;
	for (uint32_t i = 1; i < n; i++) {
		const char *name = p->users[p->by_name[i]].name;

		if (strcmp(name, p->users[p->by_name[i - 1]].name) == 0) {
			(void)snprintf(text, size, "user %s is given twice", name);
			return ZV_EINVAL;
		}
	}
	return ZV_OK;
}

/* UINT32_MAX: none. */
static uint32_t user_of(const struct people *p, const char *name)
{
	uint32_t low = 0, high = p->n_users;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		int order = strcmp(p->users[p->by_name[mid]].name, name);

		if (order == 0)
			return p->by_name[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NONE;
}

static const struct zv_htdigest *secret_of(const struct people *p, const char *name)
{
	uint32_t low = 0, high = p->n_secrets;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		int order = strcmp(p->secrets[mid].user, name);

		if (order == 0)
			return &p->secrets[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* One `sha256hex role subject` line. */
static bool take_machine(const char *line, size_t len, struct zv_machine *ret)
{
	char text[160], role[16], *space, *name;

	if (len < 66 || len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = 0;
	if (text[64] != ' ' || !zv_hex_read(text, 64, ret->id.sum, 32))
		return false;
	space = strchr(text + 65, ' ');
	if (space == NULL || (size_t)(space - (text + 65)) >= sizeof(role))
		return false;
	memcpy(role, text + 65, (size_t)(space - (text + 65)));
	role[space - (text + 65)] = 0;
	name = space + 1;
	if (name[0] == 0 || strlen(name) >= ZV_HTTP_USER_MAX || strpbrk(name, " \t:") != NULL ||
	    !zv_http_is_utf8(name, strlen(name)) || strlen(text) != len)
		return false;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return zv_role_parse(role, &ret->role) == ZV_OK;
}

enum zv_err zv_tokens_parse(const char *bytes, size_t len, const char *name, char *text,
			    size_t text_size, struct zv_machine **ret_rows, uint32_t *ret_n)
{
	struct zv_machine *rows = calloc(ZV_TOKENS_MAX, sizeof(*rows));
	uint32_t n = 0, number = 0;
	enum zv_err err = rows != NULL ? ZV_OK : ZV_ENOMEM;

	for (size_t at = 0; at < len && err == ZV_OK;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t line = end != NULL ? (size_t)(end - (bytes + at)) : len - at;
		const char *p = bytes + at;

		number++;
		at += line + 1;
		if (line > 0 && p[line - 1] == '\r')
			line--;
		if (line == 0 || p[0] == '#')
			continue;
		if (n == ZV_TOKENS_MAX) {
			(void)snprintf(text, text_size, "%s:%u: over %u tokens", name, number, ZV_TOKENS_MAX);
			err = ZV_EFULL;
		} else if (!take_machine(p, line, &rows[n++])) {
			(void)snprintf(text, text_size,
				       "%s:%u: want 64 hex digits, a role and a name of below %d bytes",
				       name, number, ZV_HTTP_USER_MAX);
			err = ZV_EPARSE;
		}
	}
	if (err != ZV_OK) {
		free(rows);
		return err;
	}
	qsort(rows, n, sizeof(*rows), compare_machines);
	*ret_rows = rows;
	*ret_n = n;
	return ZV_OK;
}

static enum zv_err read_files(const struct zv_auth *a, struct people *p, char *text, size_t size)
{
	char *bytes = NULL;
	size_t len = 0;
	enum zv_err err = ZV_OK;

	if (a->secrets != NULL)
		err = zv_htdigest_read(a->secrets, a->realm, text, size, &p->secrets, &p->n_secrets);
	if (err == ZV_ENOENT) {
		zv_warn("http", "%s is not there: nobody can log in; `zvonarctl agent passwd NAME` makes it",
			a->secrets);
		err = ZV_OK;
	}
	if (err != ZV_OK || a->tokens == NULL)
		return err;
	err = zv_secret_read(a->tokens, text, size, &bytes, &len);
	if (err == ZV_ENOENT)
		return ZV_OK; /* no machine has one yet */
	if (err == ZV_OK)
		err = zv_tokens_parse(bytes, len, a->tokens, text, size, &p->machines, &p->n_machines);
	free(bytes);
	return err;
}

/* ---- sessions; under the lock ---- */

static uint32_t *head_of(struct zv_auth *a, const struct zv_token_id *id)
{
	uint32_t h;

	memcpy(&h, id->sum, sizeof(h));
	return &a->heads[h % HEADS];
}

static struct session *find_session(struct zv_auth *a, const struct zv_token_id *id)
{
	for (uint32_t i = *head_of(a, id); i != NONE; i = a->v[i].next) {
		if (memcmp(a->v[i].id.sum, id->sum, 32) == 0)
			return &a->v[i];
	}
	return NULL;
}

static void end_session(struct zv_auth *a, struct session *s)
{
	uint32_t index = (uint32_t)(s - a->v), *at = head_of(a, &s->id);

	while (*at != index)
		at = &a->v[*at].next;
	*at = s->next;
	*s = (struct session){.next = a->free};
	a->free = index;
	a->n_sessions--;
}

static bool is_over(const struct zv_auth *a, const struct session *s, int64_t now_ms)
{
	return now_ms - s->used_ms >= a->idle_ms || user_of(&a->people, s->user) == NONE;
}

static void sweep(struct zv_auth *a)
{
	int64_t now_ms = now_of(CLOCK_MONOTONIC);

	for (uint32_t i = 0; i < ZV_SESSIONS_MAX; i++) {
		if (a->v[i].user[0] != 0 && is_over(a, &a->v[i], now_ms))
			end_session(a, &a->v[i]);
	}
}

/* Room for one more of this user: his own quietest gives way when he has many. */
static struct session *session_place(struct zv_auth *a, const char *user)
{
	struct session *quietest = NULL;
	uint32_t n = 0, index;

	for (uint32_t i = 0; i < ZV_SESSIONS_MAX; i++) {
		struct session *s = &a->v[i];

		if (strcmp(s->user, user) != 0)
			continue;
		n++;
		if (quietest == NULL || s->used_ms < quietest->used_ms)
			quietest = s;
	}
	if (n >= ZV_SESSIONS_USER_MAX)
		end_session(a, quietest);
	if (a->free == NONE)
		sweep(a);
	if (a->free == NONE)
		return NULL;
	index = a->free;
	a->free = a->v[index].next;
	a->n_sessions++;
	return &a->v[index];
}

static void tell_user(const struct zv_auth *a, uint32_t user, struct zv_http_subject *ret)
{
	const struct zv_http_user *u = &a->people.users[user];

	*ret = (struct zv_http_subject){.role = u->role, .user = user,
					.expires_ms = now_of(CLOCK_REALTIME) + a->idle_ms};
	memcpy(ret->name, u->name, sizeof(ret->name));
	memcpy(ret->title, u->title, sizeof(ret->title));
}

/* ---- the rest ---- */

enum zv_err zv_token_make(char ret_token[ZV_TOKEN_TEXT_MAX], struct zv_token_id *ret_id)
{
	uint8_t bits[32];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return ZV_EIO;
	zv_hex_write(bits, sizeof(bits), ret_token);
	zv_sha256(ret_token, strlen(ret_token), ret_id->sum);
	explicit_bzero(bits, sizeof(bits));
	return ZV_OK;
}

enum zv_err zv_auth_login(struct zv_auth *auth, const char *user, const char *password,
			  char ret_token[ZV_TOKEN_TEXT_MAX], struct zv_http_subject *ret_who)
{
	static const uint8_t nobody[16];
	uint8_t ha1[16];
	const struct zv_htdigest *secret;
	struct zv_token_id id;
	struct session *s;
	uint32_t index;
	bool same;
	enum zv_err err = zv_token_make(ret_token, &id);

	if (err != ZV_OK)
		return err;
	zv_htdigest_ha1(user, auth->realm, password, ha1);
	(void)pthread_mutex_lock(&auth->lock);
	secret = secret_of(&auth->people, user);
	index = user_of(&auth->people, user);
	same = zv_same_secret(ha1, secret != NULL ? secret->ha1 : nobody, 16);
	explicit_bzero(ha1, sizeof(ha1));
	if (!same || secret == NULL || index == NONE) {
		(void)pthread_mutex_unlock(&auth->lock);
		return ZV_EDENIED;
	}
	s = session_place(auth, user);
	if (s != NULL) {
		uint32_t *head = head_of(auth, &id);

		*s = (struct session){.id = id, .used_ms = now_of(CLOCK_MONOTONIC), .next = *head};
		(void)snprintf(s->user, sizeof(s->user), "%s", user);
		*head = (uint32_t)(s - auth->v);
		tell_user(auth, index, ret_who);
	}
	(void)pthread_mutex_unlock(&auth->lock);
	return s != NULL ? ZV_OK : ZV_EFULL;
}

void zv_auth_logout(struct zv_auth *auth, const struct zv_token_id *id)
{
	struct session *s;

	(void)pthread_mutex_lock(&auth->lock);
	s = find_session(auth, id);
	if (s != NULL)
		end_session(auth, s);
	(void)pthread_mutex_unlock(&auth->lock);
}

static bool check_session(struct zv_auth *a, const struct zv_token_id *id, struct zv_http_subject *ret)
{
	struct session *s = find_session(a, id);
	int64_t now_ms = now_of(CLOCK_MONOTONIC);

	if (s == NULL)
		return false;
	if (is_over(a, s, now_ms)) {
		end_session(a, s);
		return false;
	}
	s->used_ms = now_ms;
	tell_user(a, user_of(&a->people, s->user), ret);
	return true;
}

static bool check_machine(const struct zv_auth *a, const struct zv_token_id *id,
			  struct zv_http_subject *ret)
{
	struct zv_machine key = {.id = *id};
	const struct zv_machine *m =
		a->people.n_machines > 0 ? bsearch(&key, a->people.machines, a->people.n_machines,
						   sizeof(key), compare_machines) : NULL;

	if (m == NULL)
		return false;
	*ret = (struct zv_http_subject){.role = m->role, .user = UINT32_MAX};
	memcpy(ret->name, m->name, sizeof(ret->name));
	return true;
}

bool zv_auth_alive(struct zv_auth *auth, const struct zv_token_id *id, struct zv_http_subject *ret_who)
{
	bool good;

	(void)pthread_mutex_lock(&auth->lock);
	good = check_session(auth, id, ret_who) || check_machine(auth, id, ret_who);
	(void)pthread_mutex_unlock(&auth->lock);
	return good;
}

bool zv_auth_check(struct zv_auth *auth, const char *token, struct zv_token_id *ret_id,
		   struct zv_http_subject *ret_who)
{
	zv_sha256(token, strlen(token), ret_id->sum);
	return zv_auth_alive(auth, ret_id, ret_who);
}

uint32_t zv_auth_sessions(struct zv_auth *auth)
{
	uint32_t n;

	(void)pthread_mutex_lock(&auth->lock);
	n = auth->n_sessions;
	(void)pthread_mutex_unlock(&auth->lock);
	return n;
}

enum zv_err zv_auth_reload(struct zv_auth *auth, const struct zv_http_user *users, uint32_t n_users,
			   char *text, size_t text_size)
{
	struct people made = {0}, old;
	enum zv_err err = set_users(&made, users, n_users, text, text_size);

	if (err == ZV_OK)
		err = read_files(auth, &made, text, text_size);
	if (err != ZV_OK) {
		people_fini(&made);
		return err;
	}
	(void)pthread_mutex_lock(&auth->lock);
	old = auth->people;
	auth->people = made;
	sweep(auth);
	(void)pthread_mutex_unlock(&auth->lock);
	people_fini(&old);
	return ZV_OK;
}

static char *copy(const char *text, enum zv_err *err)
{
	char *made = text != NULL ? strdup(text) : NULL;

	if (text != NULL && made == NULL)
		*err = ZV_ENOMEM;
	return made;
}

enum zv_err zv_auth_create(const struct zv_http_params *params, char *text, size_t text_size,
			   struct zv_auth **ret_auth)
{
	struct zv_auth *a = calloc(1, sizeof(*a));
	enum zv_err err = ZV_OK;

	if (a == NULL)
		return ZV_ENOMEM;
	(void)pthread_mutex_init(&a->lock, NULL);
	a->idle_ms = (int64_t)params->session_idle_s * 1000;
	a->secrets = copy(params->secrets, &err);
	a->tokens = copy(params->tokens, &err);
	a->realm = copy(params->realm != NULL ? params->realm : "", &err);
	for (uint32_t i = 0; i < HEADS; i++)
		a->heads[i] = NONE;
	for (uint32_t i = 0; i < ZV_SESSIONS_MAX; i++)
		a->v[i].next = i + 1 < ZV_SESSIONS_MAX ? i + 1 : NONE;
	if (err == ZV_OK)
		err = zv_auth_reload(a, params->users, params->n_users, text, text_size);
	if (err != ZV_OK) {
		zv_auth_destroy(a);
		return err;
	}
	*ret_auth = a;
	return ZV_OK;
}

void zv_auth_destroy(struct zv_auth *auth)
{
	if (auth == NULL)
		return;
	people_fini(&auth->people);
	free(auth->secrets);
	free(auth->tokens);
	free(auth->realm);
	(void)pthread_mutex_destroy(&auth->lock);
	free(auth);
}

/* ---- roles ---- */

static const struct { enum zv_role role; const char *name; } roles[] = {
	{ZV_ROLE_AGENT, "agent"}, {ZV_ROLE_SUPERVISOR, "supervisor"}, {ZV_ROLE_OPERATOR, "operator"},
	{ZV_ROLE_INTEGRATOR, "integrator"}};

const char *zv_role_name(enum zv_role role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (roles[i].role == role)
			return roles[i].name;
	}
	return "nobody";
}

enum zv_err zv_role_parse(const char *text, enum zv_role *ret_role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(roles[i].name, text) == 0) {
			*ret_role = roles[i].role;
			return ZV_OK;
		}
	}
	return ZV_EINVAL;
}
