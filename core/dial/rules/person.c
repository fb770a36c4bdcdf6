#include <string.h>

#include "dial/rules/person.h"

/* Forgets what no window reaches from now_ms on. */
static void forget(struct zv_person_slab *p, int64_t now_ms, int64_t reach_ms)
{
	uint16_t kept = 0;

	for (uint32_t i = 0; i < p->n_contacts; i++) {
		if (p->contacts[i].open != 0 || p->contacts[i].at_ms >= now_ms - reach_ms)
			p->contacts[kept++] = p->contacts[i];
	}
	p->n_contacts = kept;
}

enum zv_err zv_person_add(struct zv_person_slab *person, const struct zv_contact *contact,
			  int64_t reach_ms)
{
	uint32_t at;

	if (person->n_contacts >= ZV_CONTACTS_MAX) {
		/* A message may be dated in the future: that is not today's date. */
		int64_t newest_ms = person->contacts[person->n_contacts - 1].at_ms;

		forget(person, contact->at_ms < newest_ms ? contact->at_ms : newest_ms, reach_ms);
	}
	if (person->n_contacts >= ZV_CONTACTS_MAX)
		return ZV_EFULL;
	at = person->n_contacts;
	while (at > 0 && person->contacts[at - 1].at_ms > contact->at_ms)
		at--;
	memmove(&person->contacts[at + 1], &person->contacts[at],
		(person->n_contacts - at) * sizeof(person->contacts[0]));
	person->contacts[at] = *contact;
	person->n_contacts++;
	if (person->first_ms == 0 || contact->at_ms < person->first_ms)
		person->first_ms = contact->at_ms;
	return ZV_OK;
}

enum zv_err zv_person_reserve(struct zv_person_slab *person, const struct zv_contact *contact,
			      int64_t reach_ms)
{
	struct zv_contact open = *contact;

	open.open = 1;
	if (zv_person_contact(person, contact->attempt) != NULL)
		return ZV_EEXIST;
	return zv_person_add(person, &open, reach_ms);
}

struct zv_contact *zv_person_contact(struct zv_person_slab *person, struct zv_attempt_id attempt)
{
	if (zv_attempt_is_zero(attempt))
		return NULL;
	for (uint32_t i = person->n_contacts; i-- > 0;) {
		if (person->contacts[i].open != 0 &&
		    zv_attempt_eq(person->contacts[i].attempt, attempt))
			return &person->contacts[i];
	}
	return NULL;
}

void zv_person_drop(struct zv_person_slab *person, struct zv_attempt_id attempt)
{
	struct zv_contact *c = zv_person_contact(person, attempt);
	uint32_t at;

	if (c == NULL)
		return;
	at = (uint32_t)(c - person->contacts);
	if (person->first_ms == c->at_ms) /* it was the first of all: it never was */
		person->first_ms = at + 1u < person->n_contacts ? c[1].at_ms : 0;
	person->n_contacts--;
	memmove(c, c + 1, (person->n_contacts - at) * sizeof(*c));
}

bool zv_person_suppress(struct zv_person_slab *person, const struct zv_suppressed *suppressed)
{
	for (uint32_t i = 0; i < person->n_suppressed; i++) {
		struct zv_suppressed *s = &person->suppressed[i];

		if (s->e164 != suppressed->e164 || s->campaign != suppressed->campaign)
			continue;
		if (s->to_ms < suppressed->to_ms)
			s->to_ms = suppressed->to_ms;
		return true;
	}
	if (person->n_suppressed < ZV_SUPPRESSED_MAX) {
		person->suppressed[person->n_suppressed++] = *suppressed;
		return true;
	}
	person->overflow = true;
	person->overflow_until_ms = INT64_MAX;
	return false;
}

void zv_person_unsuppress(struct zv_person_slab *person, const struct zv_suppressed *suppressed)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < person->n_suppressed && i < ZV_SUPPRESSED_MAX; i++) {
		const struct zv_suppressed *s = &person->suppressed[i];

		if (s->e164 != suppressed->e164 || s->campaign != suppressed->campaign)
			person->suppressed[kept++] = *s;
	}
	person->n_suppressed = kept;
}

bool zv_person_mark(struct zv_person_slab *person, const struct zv_mark *mark)
{
	for (uint32_t i = 0; i < person->n_marks; i++) {
		struct zv_mark *m = &person->marks[i];

		if (m->kind != mark->kind || m->name != mark->name || m->by != mark->by)
			continue;
		*m = *mark;
		return true;
	}
	if (person->n_marks < ZV_MARKS_MAX) {
		person->marks[person->n_marks++] = *mark;
		return true;
	}
	person->overflow = true;
	person->overflow_until_ms = INT64_MAX;
	return false;
}
