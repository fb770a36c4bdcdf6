/* The lookahead of the world: free slabs take the leads that are due first. */
#include <string.h>

#include "sim/world_int.h"

#define HORIZON_MS INT64_C(120000) /* offered so long before they are due */
#define WALK_MS    10              /* from a release to the next look */
#define E164       UINT64_C(79000000000)

void zv_sim_ask_walk(struct zv_sim *w, int64_t in_ms)
{
	if (w->walk_asked)
		return;
	w->walk_asked = true;
	zv_sim_later(w, in_ms, SIM_WALK, 0, w->epoch, 0);
}

void zv_sim_release(struct zv_sim *w, uint32_t slab)
{
	uint32_t i = w->slab_lead[slab];
	struct sim_lead *lead = &w->leads[i];
	struct sim_person *person = &w->people[lead->person];

	w->releases++;
	w->free_slabs[w->n_free_slabs++] = slab;
	if (--person->refs == 0) {
		w->free_persons[w->n_free_persons++] = person->slab;
		person->slab = SIM_NONE;
	}
	if (lead->state == LEAD_OFFERED) {
		lead->state = LEAD_WAITS;
		zv_heap_set(&w->due, i, (struct zv_heap_key){lead->due_ms, i});
	}
	zv_sim_ask_walk(w, WALK_MS);
}

static void fill_history(const struct zv_sim *w, const struct sim_lead *lead, struct zv_offer *offer)
{
	uint32_t n = 0;

	for (uint32_t i = lead->history; i != 0 && n < ZV_HISTORY_MAX; i = w->briefs[i - 1].prev)
		n += w->briefs[i - 1].b.round == lead->round;
	offer->n_history = (uint8_t)n;
	for (uint32_t i = lead->history; i != 0 && n > 0; i = w->briefs[i - 1].prev)
		if (w->briefs[i - 1].b.round == lead->round)
			offer->history[--n] = w->briefs[i - 1].b;
}

static void fill_offer(struct zv_sim *w, uint32_t i, struct zv_offer *offer)
{
	const struct sim_lead *lead = &w->leads[i];
	const struct sim_person *person = &w->people[lead->person];
	const struct zv_sim_list *list = &w->p.lists[lead->campaign];

	offer->lead = (uint64_t)i + 1;
	offer->person = (uint64_t)lead->person + 1;
	offer->campaign = w->conf->campaigns[lead->campaign].id;
	offer->zone = person->zone;
	offer->due_class = lead->due_class;
	offer->round = lead->round;
	offer->due_ms = lead->due_ms;
	offer->number = lead->number;
	offer->category = lead->category;
	offer->n_numbers = person->n_numbers;
	offer->needs_step = lead->needs_step;
	offer->party = 0;
	offer->person_slab = person->slab;
	offer->debt = (uint32_t)zv_mix64(i) | 1;
	offer->topic = 0;
	offer->seed = zv_mix64(w->p.seed ^ i);
	for (uint32_t k = 0; k < person->n_numbers; k++)
		offer->numbers[k] = (struct zv_number_brief){
			.e164 = E164 + (uint64_t)lead->person * 8 + k, .zone = person->zone,
			.order = (uint8_t)k};
	offer->score_ppm = 0;
	if (list->scores) /* as of now: it knows no drift, and not when the call will be placed */
		offer->score_ppm = (uint32_t)(1e6 * zv_people_chance(&list->people, w->p.seed, i,
								     zv_sim_hour(w, person->zone), 1));
	fill_history(w, lead, offer);
	for (uint32_t k = 0; k < ZV_PROMPTS_MAX; k++)
		offer->prompts[k] = k + 1;
}

/* The person's ledger, newest events first in the pool, oldest first in the slab. */
static void fill_person(const struct zv_sim *w, uint32_t i, struct zv_person_slab *slab)
{
	const struct sim_person *person = &w->people[i];
	uint32_t n = 0, at = person->ledger;

	memset(slab, 0, offsetof(struct zv_person_slab, contacts));
	slab->person = (uint64_t)i + 1;
	slab->n_residence = 1;
	slab->residence[0] = person->zone;
	slab->n_numbers = person->n_numbers;
	for (uint32_t k = 0; k < person->n_numbers; k++) {
		slab->e164[k] = E164 + (uint64_t)i * 8 + k;
		slab->line[k] = ZV_LINE_MOBILE;
		slab->n_zones[k] = 1;
		slab->zones[k][0] = person->zone;
	}
	if (person->suppressed)
		slab->suppressed[slab->n_suppressed++] = (struct zv_suppressed){.to_ms = INT64_MAX};
	if (person->suppressed_in != 0)
		slab->suppressed[slab->n_suppressed++] = (struct zv_suppressed){
			.campaign = person->suppressed_in, .to_ms = INT64_MAX};
	slab->since_ms = INT64_MIN;
	for (uint32_t e = at; e != 0 && n < ZV_CONTACTS_MAX; e = w->entries[e - 1].prev)
		n++;
	slab->n_contacts = (uint16_t)n;
	for (uint32_t e = at; e != 0 && n > 0; e = w->entries[e - 1].prev)
		slab->contacts[--n] = w->entries[e - 1].c;
	if (slab->n_contacts > 0)
		slab->first_ms = slab->contacts[0].at_ms;
}

static void offer(struct zv_sim *w, uint32_t i)
{
	struct sim_lead *lead = &w->leads[i];
	struct sim_person *person = &w->people[lead->person];
	uint32_t slab = w->free_slabs[--w->n_free_slabs];
	struct zv_person_slab *ledger;
	struct zv_event *ev;

	if (person->refs++ == 0) {
		person->slab = w->free_persons[--w->n_free_persons];
		ledger = &w->persons.v[person->slab];
		fill_person(w, lead->person, ledger);
		memcpy(ledger->jur, w->p.lists[lead->campaign].jur, ZV_JUR_MAX);
	}
	lead->state = LEAD_OFFERED;
	w->slab_lead[slab] = i;
	fill_offer(w, i, &w->slabs.v[slab]);
	ev = zv_sim_tell(w, ZV_EV_OFFER);
	ev->u.offer.slab = slab;
	ev->u.offer.txn = w->txn;
}

/* The lead that nobody offered yet whose campaign has offered the smallest share of its own. */
static uint32_t next_fresh(struct zv_sim *w)
{
	uint32_t best = SIM_NONE;
	uint64_t best_share = UINT64_MAX;

	for (uint32_t c = 0; c < w->conf->n_campaigns; c++) {
		uint64_t n = w->first[c + 1] - w->first[c], share;

		if (w->fresh[c] == w->first[c + 1])
			continue;
		share = ((uint64_t)(w->fresh[c] - w->first[c]) << 32) / n;
		if (share < best_share) {
			best_share = share;
			best = c;
		}
	}
	return best;
}

static int64_t earliest_ms(struct zv_sim *w)
{
	return next_fresh(w) != SIM_NONE ? w->p.start_ms : zv_heap_top_key(&w->due);
}

static void hint(struct zv_sim *w)
{
	int64_t due_ms = earliest_ms(w);
	struct zv_event *ev;

	due_ms = due_ms == INT64_MAX ? 0 : due_ms;
	if (due_ms == w->hint_ms && w->releases == w->hint_releases)
		return;
	/* Only fast-forward lives on it; else once a second is enough to age what came lately. */
	if (!w->conf->fast_forward && w->now.mono_ms < w->hinted_ms + 1000)
		return;
	w->hint_ms = due_ms;
	w->hint_releases = w->releases;
	w->hinted_ms = w->now.mono_ms;
	ev = zv_sim_tell(w, ZV_EV_DUE_HINT);
	ev->code = w->releases;
	ev->u.hint.due_ms = due_ms;
	ev->u.hint.txn = w->txn;
}

void zv_sim_walk(struct zv_sim *w)
{
	int64_t due_ms;

	w->walk_asked = false;
	while (w->n_free_slabs > 0 && w->due.n > 0 &&
	       zv_heap_top_key(&w->due) <= w->now.cal_ms + HORIZON_MS) {
		uint32_t i = zv_heap_top(&w->due);

		zv_heap_remove(&w->due, i);
		offer(w, i);
	}
	while (w->n_free_slabs > 0) {
		uint32_t c = next_fresh(w);

		if (c == SIM_NONE)
			break;
		offer(w, w->fresh[c]++);
	}
	hint(w);
	due_ms = earliest_ms(w);
	if (w->n_free_slabs == 0 || due_ms == INT64_MAX)
		return;
	due_ms += w->true_ms - w->now.cal_ms - HORIZON_MS; /* on the world's own calendar */
	if (due_ms <= w->true_ms)
		due_ms = w->true_ms + 1000;
	if (w->walk_true_ms > w->true_ms && w->walk_true_ms <= due_ms)
		return;
	w->walk_true_ms = due_ms;
	zv_sim_on(w, due_ms - w->p.start_ms, SIM_WALK, 1, w->epoch);
}

void zv_sim_all_back(struct zv_sim *w)
{
	w->n_free_slabs = w->n_free_persons = 0;
	for (uint32_t s = w->slabs.n; s-- > 0;) {
		w->free_slabs[w->n_free_slabs++] = s;
		w->free_persons[w->n_free_persons++] = s;
	}
	for (uint32_t i = 0; i < w->n_persons; i++) {
		w->people[i].slab = SIM_NONE;
		w->people[i].refs = 0;
	}
	for (uint32_t i = 0; i < w->n_leads; i++) {
		struct sim_lead *lead = &w->leads[i];

		if (lead->state != LEAD_OFFERED)
			continue;
		lead->state = LEAD_WAITS;
		zv_heap_set(&w->due, i, (struct zv_heap_key){lead->due_ms, i});
	}
	w->releases = w->hint_releases = 0;
	w->hint_ms = -1;
	w->walk_asked = false;
	w->walk_true_ms = 0;
}
