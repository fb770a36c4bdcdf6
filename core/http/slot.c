/* Answers that come later, by ticket; answers that are kept, by key. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/sha256.h"
#include "http/int.h"

#define LATE_MS  60000 /* an answer after its 504 is awaited for its key that long */
#define LINES_MS 60000 /* lines are to be taken again within */
#define GEN_MASK 0x7fffffffu /* a ticket is below 2^63: the caller has a bit of his own */

enum zv_err zv_slots_create(struct zv_http *http)
{
	http->n_slots = http->p.connections_max + 64;
	http->slots = calloc(http->n_slots, sizeof(*http->slots));
	if (http->slots == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < http->n_slots; i++) {
		/* nobody guesses another's ticket, also not that of an earlier run */
		if (getrandom(&http->slots[i].gen, sizeof(http->slots[i].gen), 0) !=
		    (ssize_t)sizeof(http->slots[i].gen))
			return ZV_EIO;
		http->slots[i].next = i + 1 < http->n_slots ? i + 1 : ZV_SLOT_NONE;
	}
	return ZV_OK;
}

void zv_slots_destroy(struct zv_http *http)
{
	for (uint32_t i = 0; http->slots != NULL && i < http->n_slots; i++)
		free(http->slots[i].text);
	free(http->slots);
}

static uint64_t ticket_of(const struct zv_http *http, const struct zv_slot *s)
{
	return (uint64_t)(s->gen & GEN_MASK) << 32 | (uint32_t)(s - http->slots);
}

/* Under the lock; NULL: over. */
static struct zv_slot *slot_of(struct zv_http *http, uint64_t ticket)
{
	uint32_t index = (uint32_t)ticket;
	struct zv_slot *s = index < http->n_slots ? &http->slots[index] : NULL;

	return s != NULL && s->state != ZV_SLOT_FREE && (s->gen & GEN_MASK) == (uint32_t)(ticket >> 32) ? s : NULL;
}

static void slot_free(struct zv_http *http, struct zv_slot *s)
{
	free(s->text);
	*s = (struct zv_slot){.gen = s->gen + 1, .next = http->free_slot};
	http->free_slot = (uint32_t)(s - http->slots);
	http->n_taken--;
}

bool zv_slot_take(struct zv_call *call)
{
	struct zv_http *h = call->http;
	struct zv_slot *s = NULL;

	(void)pthread_mutex_lock(&h->lock);
	if (h->free_slot != ZV_SLOT_NONE) {
		s = &h->slots[h->free_slot];
		call->slot = h->free_slot;
		h->free_slot = s->next;
		h->n_taken++;
		*s = (struct zv_slot){.gen = s->gen, .state = ZV_SLOT_OPEN, .call = call,
				      .idem = ZV_IDEM_NONE};
		call->request.ticket = ticket_of(h, s);
	}
	(void)pthread_mutex_unlock(&h->lock);
	return s != NULL;
}

void zv_slot_drop(struct zv_call *call)
{
	struct zv_http *h = call->http;
	struct zv_slot *s;

	if (call->slot == ZV_SLOT_NONE)
		return;
	(void)pthread_mutex_lock(&h->lock);
	s = &h->slots[call->slot];
	if (s->idem != ZV_IDEM_NONE) {
		/* what is done is done: the answer is still wanted, for who asks again */
		s->call = NULL;
		s->state = ZV_SLOT_OPEN;
		s->until_ms = zv_http_mono_ms() + LATE_MS;
	} else {
		slot_free(h, s);
	}
	(void)pthread_mutex_unlock(&h->lock);
	call->slot = ZV_SLOT_NONE;
}

/* Under the lock. */
static bool sleeps(const struct zv_slot *s)
{
	return s->state == ZV_SLOT_SLEEPS || s->state == ZV_SLOT_LINES;
}

/* Under the lock; the caller gives it another state. */
static void wake(struct zv_http *http, const struct zv_slot *s)
{
	if (!sleeps(s))
		return;
	http->n_asleep--;
	MHD_resume_connection(s->call->conn);
}

bool zv_slot_sleep(struct zv_call *call, enum zv_slot_state state)
{
	struct zv_http *h = call->http;
	struct zv_slot *s = &h->slots[call->slot];
	bool lines = state == ZV_SLOT_LINES, asleep = false;

	(void)pthread_mutex_lock(&h->lock);
	if (s->state != ZV_SLOT_OPEN || atomic_load(&h->stop)) {
		/* answered before all lines came, or nobody is left to answer */
		call->lines_err = ZV_ETIMEDOUT;
	} else if (!lines || !s->go_on) {
		s->state = state;
		s->until_ms = zv_http_mono_ms() + (lines ? LINES_MS : h->p.answer_ms);
		MHD_suspend_connection(call->conn);
		h->n_asleep++;
		asleep = true;
	}
	s->go_on = false;
	(void)pthread_mutex_unlock(&h->lock);
	return asleep;
}

/* Under the lock. */
static void keep(struct zv_http *h, struct zv_slot *s, const struct zv_idem_answer *answer)
{
	if (s->idem == ZV_IDEM_NONE)
		return;
	/* a failure of ours may be tried again under the same key */
	if (answer->status >= 500 || answer->status == 429)
		zv_idem_drop(h->idem, s->idem);
	else
		zv_idem_put(h->idem, s->idem, answer);
	s->idem = ZV_IDEM_NONE;
}

/* text: taken. */
static void answer(struct zv_http *http, uint64_t ticket, unsigned status, char *text, bool problem)
{
	struct zv_slot *s;
	size_t len = text != NULL ? strlen(text) : 0;

	if (text == NULL && status != 204)
		status = 500;
	(void)pthread_mutex_lock(&http->lock);
	s = slot_of(http, ticket);
	if (s != NULL && s->state != ZV_SLOT_ANSWERED) {
		keep(http, s, &(struct zv_idem_answer){.status = status, .text = text, .len = len});
		if (s->call == NULL) {
			slot_free(http, s);
		} else {
			s->status = status;
			s->text = text;
			s->len = len;
			s->problem = problem;
			wake(http, s);
			s->state = ZV_SLOT_ANSWERED;
			text = NULL;
		}
	}
	(void)pthread_mutex_unlock(&http->lock);
	free(text);
}

void zv_http_answer(struct zv_http *http, uint64_t ticket, unsigned status, json_t *body)
{
	char *text = NULL;

	if (status != 204)
		text = body != NULL ? json_dumps(body, JSON_COMPACT) : strdup("{}");
	json_decref(body);
	if (text != NULL && strlen(text) > ZV_HTTP_REPLY_MAX) {
		free(text);
		text = NULL;
	}
	answer(http, ticket, status, text, false);
}

void zv_http_answer_problem(struct zv_http *http, uint64_t ticket, unsigned status, const char *type,
			    const char *detail)
{
	char path[ZV_PATH_MAX] = "";
	struct zv_slot *s;
	size_t len;

	(void)pthread_mutex_lock(&http->lock);
	s = slot_of(http, ticket);
	if (s != NULL && s->call != NULL)
		memcpy(path, s->call->path, sizeof(path));
	(void)pthread_mutex_unlock(&http->lock);
	answer(http, ticket, status, zv_problem_text(status, type, detail != NULL ? detail : "", path, &len),
	       true);
}

void zv_http_go_on(struct zv_http *http, uint64_t ticket)
{
	struct zv_slot *s;

	(void)pthread_mutex_lock(&http->lock);
	s = slot_of(http, ticket);
	if (s != NULL && s->state == ZV_SLOT_LINES) {
		wake(http, s);
		s->state = ZV_SLOT_OPEN;
	} else if (s != NULL) {
		s->go_on = true;
	}
	(void)pthread_mutex_unlock(&http->lock);
}

void zv_slot_collect(struct zv_call *call)
{
	struct zv_http *h = call->http;
	struct zv_slot *s = &h->slots[call->slot];
	struct zv_http_reply *reply = &call->reply;

	(void)pthread_mutex_lock(&h->lock);
	if (s->state == ZV_SLOT_ANSWERED && !reply->set) {
		reply->set = true;
		reply->status = s->status;
		reply->problem = s->problem;
		reply->text = s->text;
		reply->len = s->len;
		s->text = NULL;
	}
	(void)pthread_mutex_unlock(&h->lock);
	if (!reply->set && atomic_load(&h->stop))
		zv_http_problem(reply, 503, "stopping", "the server is stopping");
}

/* A 504 or 503 to who waits; under the lock. */
static void give_up(struct zv_http *h, struct zv_slot *s, unsigned status, const char *detail)
{
	bool timeout = status == 504;

	if (s->state == ZV_SLOT_LINES) {
		s->call->lines_err = ZV_ETIMEDOUT;
		wake(h, s);
		s->state = ZV_SLOT_OPEN;
		return;
	}
	s->status = status;
	s->problem = true;
	s->text = zv_problem_text(status, timeout ? "timeout" : "stopping", detail, s->call->path, &s->len);
	wake(h, s);
	s->state = ZV_SLOT_ANSWERED;
	if (timeout)
		atomic_fetch_add_explicit(&h->timeouts, 1, memory_order_relaxed);
}

void zv_slots_look(struct zv_http *http)
{
	int64_t now_ms = zv_http_mono_ms();

	(void)pthread_mutex_lock(&http->lock);
	for (uint32_t i = 0; i < http->n_slots && http->n_taken > 0; i++) {
		struct zv_slot *s = &http->slots[i];

		if (s->until_ms == 0 || now_ms < s->until_ms)
			continue;
		if (s->call == NULL && s->state != ZV_SLOT_FREE) {
			zv_idem_drop(http->idem, s->idem);
			s->idem = ZV_IDEM_NONE;
			slot_free(http, s);
		} else if (sleeps(s)) {
			give_up(http, s, 504, "no answer in time: what was asked may have been done, or will be");
		}
	}
	(void)pthread_mutex_unlock(&http->lock);
}

void zv_slots_stop(struct zv_http *http)
{
	(void)pthread_mutex_lock(&http->lock);
	for (uint32_t i = 0; i < http->n_slots; i++) {
		struct zv_slot *s = &http->slots[i];

		if (sleeps(s))
			give_up(http, s, 503, "the server is stopping");
	}
	(void)pthread_mutex_unlock(&http->lock);
}

/* ---- keys ---- */

static void sum_of(const struct zv_call *call, uint8_t ret_sum[32])
{
	struct zv_sha256 sha;

	zv_sha256_begin(&sha);
	zv_sha256_add(&sha, call->request.route->method, strlen(call->request.route->method) + 1);
	zv_sha256_add(&sha, call->path, strlen(call->path) + 1);
	zv_sha256_add(&sha, call->body, call->body_len);
	zv_sha256_end(&sha, ret_sum);
}

static void replay(struct zv_call *call, const struct zv_idem_answer *a)
{
	struct zv_http_reply *reply = &call->reply;

	reply->text = a->len > 0 ? malloc(a->len + 1) : NULL;
	if (a->len > 0 && reply->text == NULL)
		return;
	if (a->len > 0) {
		memcpy(reply->text, a->text, a->len);
		reply->text[a->len] = 0;
	}
	reply->len = a->len;
	reply->status = a->status;
	reply->problem = a->status >= 400;
	reply->set = reply->replayed = true;
}

bool zv_slot_key(struct zv_call *call)
{
	struct zv_http *h = call->http;
	struct zv_idem_answer a;
	enum zv_idem_found found;
	uint8_t sum[32];
	uint32_t index = ZV_IDEM_NONE;
	char subject[ZV_HTTP_USER_MAX + 2];

	if (call->key[0] == 0)
		return true;
	/* a machine and a user of one name are two */
	subject[0] = call->who.user == UINT32_MAX ? 'm' : 'u';
	memcpy(subject + 1, call->who.name, ZV_HTTP_USER_MAX);
	subject[ZV_HTTP_USER_MAX + 1] = 0;
	sum_of(call, sum);
	(void)pthread_mutex_lock(&h->lock);
	found = zv_idem_find(h->idem, subject, call->key, sum, &index, &a);
	if (found == ZV_IDEM_NEW)
		h->slots[call->slot].idem = index;
	else if (found == ZV_IDEM_DONE)
		replay(call, &a);
	(void)pthread_mutex_unlock(&h->lock);
	if (found == ZV_IDEM_DOING) {
		call->reply.retry_s = 1;
		zv_http_problem(&call->reply, 409, "in-progress",
				"the first request with this Idempotency-Key is not answered yet");
	} else if (found == ZV_IDEM_OTHER) {
		zv_http_problem(&call->reply, 422, "key-reused",
				"this Idempotency-Key was another request's");
	} else if (found == ZV_IDEM_FULL) {
		call->reply.retry_s = 1;
		zv_http_problem(&call->reply, 503, "busy", "too many requests with keys are in progress");
	}
	return found == ZV_IDEM_NEW;
}

void zv_slot_keep(struct zv_call *call)
{
	struct zv_http *h = call->http;

	if (call->slot == ZV_SLOT_NONE)
		return;
	(void)pthread_mutex_lock(&h->lock);
	/* not of a 504: the answer itself is still to come */
	if (h->slots[call->slot].state == ZV_SLOT_OPEN)
		keep(h, &h->slots[call->slot],
		     &(struct zv_idem_answer){.status = call->reply.status, .text = call->reply.text,
					      .len = call->reply.len});
	(void)pthread_mutex_unlock(&h->lock);
}
