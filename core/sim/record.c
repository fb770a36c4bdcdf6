#include "sim/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "zvonday1"
#define OFFER_HEAD  offsetof(struct zv_offer, history)
#define PERSON_HEAD offsetof(struct zv_person_slab, contacts)

static bool room(struct zv_record_bytes *b, size_t n)
{
	size_t cap = b->cap == 0 ? 65536 : b->cap;
	uint8_t *v;

	if (b->lost || b->n + n <= b->cap)
		return !b->lost;
	while (cap < b->n + n)
		cap *= 2;
	v = b->most != 0 && cap > b->most ? NULL : realloc(b->v, cap);
	if (v == NULL) {
		b->lost = true;
		return false;
	}
	b->v = v;
	b->cap = cap;
	return true;
}

static void add(struct zv_record_bytes *b, const void *bytes, size_t n)
{
	memcpy(b->v + b->n, bytes, n);
	b->n += n;
}

static bool begin(struct zv_record_bytes *b, enum zv_record_kind kind, size_t n)
{
	uint32_t head[2] = {(uint32_t)kind, (uint32_t)n};

	if (!room(b, sizeof(head) + n))
		return false;
	add(b, head, sizeof(head));
	return true;
}

void zv_record_put(struct zv_record_bytes *bytes, enum zv_record_kind kind, const void *payload, size_t n)
{
	if (begin(bytes, kind, n) && n > 0)
		add(bytes, payload, n);
}

void zv_record_fill_head(struct zv_record_head *head)
{
	memcpy(head->magic, MAGIC, sizeof(head->magic));
	memset(head->version, 0, sizeof(head->version));
	snprintf(head->version, sizeof(head->version), "%s", ZV_VERSION);
	head->size_event = sizeof(struct zv_event);
	head->size_cmd = sizeof(struct zv_cmd);
	head->size_offer = sizeof(struct zv_offer);
	head->size_person = sizeof(struct zv_person_slab);
}

bool zv_record_is_ours(const struct zv_record_head *head)
{
	struct zv_record_head ours = *head;

	zv_record_fill_head(&ours);
	return memcmp(&ours, head, sizeof(ours)) == 0;
}

void zv_record_event(struct zv_record_bytes *bytes, const struct zv_now *now, const struct zv_event *event)
{
	if (!begin(bytes, ZV_RECORD_EVENT, sizeof(*now) + sizeof(*event)))
		return;
	add(bytes, now, sizeof(*now));
	add(bytes, event, sizeof(*event));
}

static size_t history_of(const struct zv_offer *offer)
{
	return (offer->n_history > ZV_HISTORY_MAX ? ZV_HISTORY_MAX + 1u : offer->n_history) *
	       sizeof(offer->history[0]);
}

static size_t contacts_of(const struct zv_person_slab *p)
{
	return (p->n_contacts > ZV_CONTACTS_MAX ? ZV_CONTACTS_MAX : p->n_contacts) * sizeof(p->contacts[0]);
}

void zv_record_offer(struct zv_record_bytes *bytes, uint32_t slab, const struct zv_offer *offer,
		     const struct zv_person_slabs *persons)
{
	const struct zv_person_slab *p =
		offer->person_slab < persons->n ? &persons->v[offer->person_slab] : NULL;
	size_t n = sizeof(slab) + OFFER_HEAD + history_of(offer) + sizeof(offer->prompts);

	if (p != NULL)
		n += PERSON_HEAD + contacts_of(p);
	if (!begin(bytes, ZV_RECORD_OFFER, n))
		return;
	add(bytes, &slab, sizeof(slab));
	add(bytes, offer, OFFER_HEAD);
	add(bytes, offer->history, history_of(offer));
	add(bytes, offer->prompts, sizeof(offer->prompts));
	if (p == NULL)
		return;
	add(bytes, p, PERSON_HEAD);
	add(bytes, p->contacts, contacts_of(p));
}

struct reader { const uint8_t *at; size_t n; bool bad; };

static void take(struct reader *r, void *to, size_t n)
{
	if (r->bad || n > r->n) {
		r->bad = true;
		return;
	}
	memcpy(to, r->at, n);
	r->at += n;
	r->n -= n;
}

enum zv_err zv_record_read_offer(const uint8_t *payload, size_t n, const struct zv_slabs *slabs,
				 const struct zv_person_slabs *persons)
{
	struct reader r = {payload, n, false};
	struct zv_person_slab *p;
	struct zv_offer *offer;
	uint32_t slab = UINT32_MAX;

	take(&r, &slab, sizeof(slab));
	if (r.bad || slab >= slabs->n)
		return ZV_ECORRUPT;
	offer = &slabs->v[slab];
	take(&r, offer, OFFER_HEAD);
	if (r.bad)
		return ZV_ECORRUPT;
	take(&r, offer->history, history_of(offer));
	take(&r, offer->prompts, sizeof(offer->prompts));
	if (!r.bad && r.n > 0 && offer->person_slab < persons->n) {
		p = &persons->v[offer->person_slab];
		take(&r, p, PERSON_HEAD);
		if (!r.bad)
			take(&r, p->contacts, contacts_of(p));
	}
	return r.bad || r.n > 0 ? ZV_ECORRUPT : ZV_OK;
}

static uint16_t most(uint16_t most_yet, const uint16_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < ZV_SLAB_ZONES_MAX; i++)
		most_yet = v[i] > most_yet ? v[i] : most_yet;
	return most_yet;
}

uint16_t zv_record_zones(const struct zv_offer *offer, const struct zv_person_slabs *persons)
{
	uint16_t top = offer->zone;

	for (uint32_t i = 0; i < offer->n_numbers && i < ZV_NUMBERS_MAX; i++)
		top = offer->numbers[i].zone > top ? offer->numbers[i].zone : top;
	if (offer->person_slab < persons->n) {
		const struct zv_person_slab *p = &persons->v[offer->person_slab];

		top = most(top, p->residence, p->n_residence);
		top = most(top, p->registration, p->n_registration);
		for (uint32_t i = 0; i < p->n_numbers && i < ZV_NUMBERS_MAX; i++)
			top = most(top, p->zones[i], p->n_zones[i]);
	}
	return top;
}
