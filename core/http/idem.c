#include "http/idem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/sha256.h"

#define HEADS 4096u

struct row {
	uint8_t name[32]; /* SHA-256 of subject and key */
	uint8_t sum[32];
	enum { FREE, DOING, DONE } state;
	unsigned status;
	char *text;
	size_t len;
	int64_t at_ms;
	uint32_t next;         /* in its chain, or among the free */
	uint32_t older, newer; /* of those that are done, by use */
};

struct zv_idem {
	uint32_t heads[HEADS], free, oldest, newest;
	size_t bytes;
	struct row v[ZV_IDEM_MAX];
};

static int64_t now_of(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static uint32_t *head_of(struct zv_idem *m, const uint8_t name[32])
{
	uint32_t h;

	memcpy(&h, name, sizeof(h));
	return &m->heads[h % HEADS];
}

static void unlink_use(struct zv_idem *m, struct row *r)
{
	*(r->older != ZV_IDEM_NONE ? &m->v[r->older].newer : &m->oldest) = r->newer;
	*(r->newer != ZV_IDEM_NONE ? &m->v[r->newer].older : &m->newest) = r->older;
}

static void link_use(struct zv_idem *m, struct row *r)
{
	uint32_t index = (uint32_t)(r - m->v);

	r->newer = ZV_IDEM_NONE;
	r->older = m->newest;
	*(m->newest != ZV_IDEM_NONE ? &m->v[m->newest].newer : &m->oldest) = index;
	m->newest = index;
}

static void row_free(struct zv_idem *m, struct row *r)
{
	uint32_t index = (uint32_t)(r - m->v), *at = head_of(m, r->name);

	while (*at != index)
		at = &m->v[*at].next;
	*at = r->next;
	if (r->state == DONE) {
		unlink_use(m, r);
		m->bytes -= r->len;
	}
	free(r->text);
	*r = (struct row){.next = m->free};
	m->free = index;
}

static struct row *row_new(struct zv_idem *m, const uint8_t name[32])
{
	uint32_t *head = head_of(m, name), index;

	if (m->free == ZV_IDEM_NONE && m->oldest != ZV_IDEM_NONE)
		row_free(m, &m->v[m->oldest]);
	if (m->free == ZV_IDEM_NONE)
		return NULL;
	index = m->free;
	m->free = m->v[index].next;
	m->v[index] = (struct row){.state = DOING, .at_ms = now_of(), .next = *head};
	memcpy(m->v[index].name, name, 32);
	*head = index;
	return &m->v[index];
}

static struct row *row_find(struct zv_idem *m, const uint8_t name[32])
{
	for (uint32_t i = *head_of(m, name); i != ZV_IDEM_NONE; i = m->v[i].next) {
		if (memcmp(m->v[i].name, name, 32) == 0)
			return &m->v[i];
	}
	return NULL;
}

enum zv_idem_found zv_idem_find(struct zv_idem *idem, const char *subject, const char *key,
				const uint8_t sum[32], uint32_t *ret_index,
				struct zv_idem_answer *ret_answer)
{
	struct zv_sha256 sha;
	uint8_t name[32];
	struct row *r;

	zv_sha256_begin(&sha);
	zv_sha256_add(&sha, subject, strlen(subject) + 1);
	zv_sha256_add(&sha, key, strlen(key));
	zv_sha256_end(&sha, name);
	r = row_find(idem, name);
	if (r != NULL && r->state == DONE && now_of() - r->at_ms >= ZV_IDEM_MS) {
		row_free(idem, r);
		r = NULL;
	}
	if (r == NULL) {
		r = row_new(idem, name);
		if (r == NULL)
			return ZV_IDEM_FULL;
		memcpy(r->sum, sum, 32);
		*ret_index = (uint32_t)(r - idem->v);
		return ZV_IDEM_NEW;
	}
	if (memcmp(r->sum, sum, 32) != 0)
		return ZV_IDEM_OTHER;
	if (r->state == DOING)
		return ZV_IDEM_DOING;
	unlink_use(idem, r);
	link_use(idem, r);
	*ret_answer = (struct zv_idem_answer){.status = r->status, .text = r->text, .len = r->len};
	return ZV_IDEM_DONE;
}

void zv_idem_put(struct zv_idem *idem, uint32_t index, const struct zv_idem_answer *answer)
{
	struct row *r = &idem->v[index];

	r->text = answer->len > 0 && answer->len < ZV_IDEM_BYTES ? malloc(answer->len) : NULL;
	if (answer->len > 0 && r->text == NULL) {
		row_free(idem, r);
		return;
	}
	if (answer->len > 0)
		memcpy(r->text, answer->text, answer->len);
	r->len = answer->len;
	r->status = answer->status;
	r->state = DONE;
	link_use(idem, r);
	idem->bytes += r->len;
	while (idem->bytes > ZV_IDEM_BYTES)
		row_free(idem, &idem->v[idem->oldest]);
}

void zv_idem_drop(struct zv_idem *idem, uint32_t index)
{
	row_free(idem, &idem->v[index]);
}

enum zv_err zv_idem_create(struct zv_idem **ret_idem)
{
	struct zv_idem *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ZV_ENOMEM;
	m->oldest = m->newest = ZV_IDEM_NONE;
	for (uint32_t i = 0; i < HEADS; i++)
		m->heads[i] = ZV_IDEM_NONE;
	for (uint32_t i = 0; i < ZV_IDEM_MAX; i++)
		m->v[i].next = i + 1 < ZV_IDEM_MAX ? i + 1 : ZV_IDEM_NONE;
	*ret_idem = m;
	return ZV_OK;
}

void zv_idem_destroy(struct zv_idem *idem)
{
	for (uint32_t i = 0; idem != NULL && i < ZV_IDEM_MAX; i++)
		free(idem->v[i].text);
	free(idem);
}
