/* Persons' slabs: found by person, shared by the leads of one person that are held at once.
 *
 * While the engine holds one of a person's leads it keeps the slab up to date, and a further lead
 * joins it.  When it has let go of the last one, what comes after is not written into the slab any
 * more: it is read anew before the next offer.  The RELEASE of a lead is in its ring before
 * anything that the engine sends to the store later, so those that are there when the transaction
 * has begun are all that matter to it (zv_ahead_persons_late). */
#include "store/ahead.h"

#include <stdlib.h>

#define NONE UINT32_MAX

struct zv_ahead_person {
	uint64_t person;
	uint32_t refs; /* leads with an offer */
	uint32_t late; /* of them let go, not taken in yet */
	uint32_t next; /* in its chain, or among the free ones */
	/* What the lookahead needs of it: the slab itself is the engine's. */
	uint16_t zone;
	bool zone_known;
	uint8_t n_numbers;
	uint64_t e164[ZV_NUMBERS_MAX];
	uint16_t zones[ZV_NUMBERS_MAX];
	bool zones_known[ZV_NUMBERS_MAX];
};

enum zv_err zv_ahead_persons_init(struct zv_ahead *a)
{
	struct zv_ahead_persons *p = &a->persons;
	uint32_t n = a->la->persons.n, size = 16;

	p->free = NONE;
	if (n == 0)
		return ZV_OK;
	while (size < n)
		size <<= 1;
	p->mask = size - 1;
	p->v = calloc(n, sizeof(*p->v));
	p->heads = malloc(sizeof(*p->heads) * size);
	if (p->v == NULL || p->heads == NULL)
		return ZV_ENOMEM;
	memset(p->heads, 0xff, sizeof(*p->heads) * size);
	for (uint32_t i = n; i-- > 0;) {
		p->v[i].next = p->free;
		p->free = i;
	}
	return ZV_OK;
}

void zv_ahead_persons_fini(struct zv_ahead *a)
{
	free(a->persons.v);
	free(a->persons.heads);
}

static uint32_t *head_of(struct zv_ahead_persons *p, uint64_t person)
{
	return &p->heads[(uint32_t)zv_mix64(person) & p->mask];
}

static uint32_t find(struct zv_ahead_persons *p, uint64_t person)
{
	uint32_t i = *head_of(p, person);

	while (i != NONE && p->v[i].person != person)
		i = p->v[i].next;
	return i;
}

static void chain(struct zv_ahead_persons *p, uint32_t slab, uint64_t person)
{
	uint32_t *head = head_of(p, person);

	p->v[slab].person = person;
	p->v[slab].next = *head;
	*head = slab;
}

static void unchain(struct zv_ahead_persons *p, uint32_t slab)
{
	uint32_t *at = head_of(p, p->v[slab].person);

	while (*at != slab)
		at = &p->v[*at].next;
	*at = p->v[slab].next;
	p->v[slab].next = p->free;
	p->free = slab;
}

void zv_ahead_person_drop(struct zv_ahead *a, uint32_t slab)
{
	struct zv_ahead_persons *p = &a->persons;

	if (slab >= a->la->persons.n || p->v[slab].refs == 0)
		return;
	if (--p->v[slab].refs == 0)
		unchain(p, slab);
}

void zv_ahead_person_late(struct zv_ahead *a, uint32_t slab, bool on)
{
	if (slab >= a->la->persons.n)
		return;
	if (on)
		a->persons.v[slab].late++;
	else if (a->persons.v[slab].late > 0)
		a->persons.v[slab].late--;
}

static bool same_numbers(const struct zv_ahead_person *p, const struct zv_person_rec *rec)
{
	if (p->n_numbers != rec->n_numbers)
		return false;
	for (uint8_t i = 0; i < rec->n_numbers; i++)
		if (p->e164[i] != rec->numbers[i].e164)
			return false;
	return true;
}

static bool fill(struct zv_ahead *a, uint32_t slab, const struct zv_offer *offer,
		 const struct zv_person_rec *rec)
{
	struct zv_ahead_person *p = &a->persons.v[slab];
	struct zv_person_slab *s = &a->la->persons.v[slab];
	struct zv_slab_ask ask = {.person = offer->person,
				  .campaign = offer->campaign,
				  .now_ms = a->now_cal_ms,
				  .place = a->la->place,
				  .arg = a->la->arg};

	if (zv_slab_fill(&a->reader, &ask, rec, s) != ZV_OK)
		return false;
	p->zone_known = s->n_residence > 0;
	p->zone = s->residence[0];
	p->n_numbers = s->n_numbers;
	for (uint8_t i = 0; i < s->n_numbers; i++) {
		p->e164[i] = s->e164[i];
		p->zones_known[i] = s->n_zones[i] > 0;
		p->zones[i] = s->zones[i][0];
	}
	return true;
}

enum zv_filled zv_ahead_person_take(struct zv_ahead *a, const struct zv_person_rec *rec,
				    struct zv_offer *offer)
{
	struct zv_ahead_persons *p = &a->persons;
	uint32_t slab = find(p, offer->person);
	bool fresh = slab == NONE;

	if (fresh) {
		slab = p->free;
		if (slab == NONE)
			return ZV_FILL_LATER;
	}
	if (!fresh && p->v[slab].refs > p->v[slab].late) {
		/* The engine has it, without the number that a list just brought. */
		if (!same_numbers(&p->v[slab], rec))
			return ZV_FILL_LATER;
	} else if (!fill(a, slab, offer, rec)) {
		return ZV_FILL_SKIP;
	}
	if (fresh) {
		p->free = p->v[slab].next;
		p->v[slab].refs = p->v[slab].late = 0;
		chain(p, slab, offer->person);
	}
	p->v[slab].refs++;
	offer->person_slab = slab;
	return ZV_FILLED;
}

bool zv_ahead_person_zone(const struct zv_ahead *a, uint32_t slab, uint16_t *ret_zone)
{
	*ret_zone = a->persons.v[slab].zone;
	return a->persons.v[slab].zone_known;
}

bool zv_ahead_number_zone(const struct zv_ahead *a, uint32_t slab, uint8_t number,
			  uint16_t *ret_zone)
{
	*ret_zone = a->persons.v[slab].zones[number];
	return a->persons.v[slab].zones_known[number];
}
