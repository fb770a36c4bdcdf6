#include "store/ahead.h"

#include "base/log.h"

static bool suppressed(struct zv_ahead *a, uint64_t e164)
{
	uint8_t key[8];
	struct zv_r r;

	zv_put_be64(key, e164);
	/* A damaged entry still says: do not call. */
	return zv_db_get(a->txn, ZV_T_SUPPRESSIONS, key, sizeof(key), &r) != ZV_ENOENT;
}

/* Number of a zone, from the few names seen before if possible. */
static bool zone_of(struct zv_ahead *a, const char *name, uint16_t *ret_zone)
{
	for (uint32_t i = 0; i < a->n_zones; i++) {
		if (strcmp(a->zones[i].name, name) == 0) {
			*ret_zone = a->zones[i].zone;
			return true;
		}
	}
	if (zv_zones_intern(a->la->intern, name, ret_zone) != ZV_OK)
		return false;
	if (a->n_zones < sizeof(a->zones) / sizeof(a->zones[0])) {
		memcpy(a->zones[a->n_zones].name, name, strlen(name) + 1);
		a->zones[a->n_zones++].zone = *ret_zone;
	}
	return true;
}

static bool fill_numbers(struct zv_ahead *a, const struct zv_person_rec *person,
			 struct zv_offer *offer)
{
	bool ok = false;

	for (uint8_t i = 0; i < person->n_numbers; i++) {
		struct zv_number_brief *n = &offer->numbers[i];

		*n = person->numbers[i];
		if (!zone_of(a, person->zones[i], &n->zone)) {
			/* Without its zone nobody can tell the hours: doubt means no call. */
			zv_warn("store", "lead %llu: unknown time zone",
				(unsigned long long)offer->lead);
			return false;
		}
		if (suppressed(a, n->e164))
			n->status = ZV_NUM_INVALID;
		else if (i == offer->number)
			ok = true;
	}
	offer->n_numbers = person->n_numbers;
	return ok;
}

enum zv_filled zv_ahead_fill(struct zv_ahead *a, uint64_t lead, bool ask, struct zv_offer *offer)
{
	struct zv_person_rec person;
	struct zv_lead_rec rec;
	bool callable;

	if (zv_db_lead_get(a->txn, lead, &rec) != ZV_OK ||
	    zv_db_person_get(a->txn, rec.person, &person) != ZV_OK)
		return ZV_FILL_SKIP;
	if (ask ? rec.state != ZV_LEAD_ASKING
		: rec.state != ZV_LEAD_DUE && rec.state != ZV_LEAD_FINAL)
		return ZV_FILL_SKIP;
	memset(offer, 0, sizeof(*offer));
	offer->lead = lead;
	offer->person = rec.person;
	offer->campaign = zv_lead_campaign(lead);
	offer->due_class = rec.due_class;
	offer->round = rec.round;
	offer->due_ms = rec.due_ms;
	offer->number = rec.number < person.n_numbers ? rec.number : 0;
	offer->category = rec.category;
	offer->needs_step = rec.needs_step;
	offer->seed = zv_mix64(lead);
	callable = fill_numbers(a, &person, offer);
	if (offer->n_numbers == 0 || (!callable && offer->needs_step == 0))
		return ZV_FILL_SKIP;
	offer->zone = offer->numbers[offer->number].zone;
	for (uint8_t i = 0; i < rec.n_history; i++)
		if (rec.history[i].round == rec.round)
			offer->history[offer->n_history++] = rec.history[i];
	if (offer->needs_step == 0 && a->la->prepare != NULL &&
	    !a->la->prepare(a->la->arg, offer, rec.attrs, rec.attrs_len))
		return ZV_FILL_LATER;
	return ZV_FILLED;
}
