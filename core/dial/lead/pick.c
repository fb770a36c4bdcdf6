/* Offered leads from OFFER to RELEASE: those not due yet, those due, and their steps. */
#include <string.h>

#include "base/hash.h"
#include "dial/desk/desk.h"
#include "dial/lead/pick.h"

#define REST_SAME_PERSON_MS 60000     /* another lead of the same person was on the phone */

bool zv_persons_add(struct zv_person_set *set, uint64_t person)
{
	for (uint64_t i = zv_mix64(person);; i++) {
		uint64_t *key = &set->keys[i & set->mask];

		if (*key == person)
			return false;
		if (*key == 0) {
			*key = person;
			return true;
		}
	}
}

void zv_persons_remove(struct zv_person_set *set, uint64_t person)
{
	uint64_t i = zv_mix64(person);
	uint64_t hole;

	while (set->keys[i & set->mask] != person) {
		if (set->keys[i & set->mask] == 0)
			return;
		i++;
	}
	/* Close the gap: move back whatever would no longer be found. */
	hole = i;
	set->keys[hole & set->mask] = 0;
	for (uint64_t j = i + 1; set->keys[j & set->mask] != 0; j++) {
		uint64_t key = set->keys[j & set->mask];
		uint64_t home = zv_mix64(key);

		if (((j - home) & set->mask) >= ((j - hole) & set->mask)) {
			set->keys[hole & set->mask] = key;
			set->keys[j & set->mask] = 0;
			hole = j;
		}
	}
}

void zv_pick_unready(struct zv_engine *e, uint32_t slab)
{
	struct zv_heap *ready = &e->ready[e->held[slab].campaign];

	if (ready->n_ids == 0 || !zv_heap_has(ready, slab))
		return;
	zv_heap_remove(ready, slab);
	e->n_ready--;
}

void zv_pick_await_until(struct zv_engine *e, uint32_t slab, int64_t start_ms)
{
	zv_pick_unready(e, slab);
	e->held[slab].state = ZV_HELD_FUTURE;
	e->held[slab].waits_owner = false;
	e->held[slab].start_ms = start_ms;
	zv_heap_set(&e->future, slab, (struct zv_heap_key){start_ms, e->held[slab].lead});
}

/* Whose promised time runs out goes before all others. */
static int64_t rank_of(const struct zv_engine *e, uint32_t slab)
{
	int64_t class = e->held[slab].head ? -1 : e->held[slab].due_class;

	return class * 256 + e->conf->campaigns[e->held[slab].campaign].priority;
}

void zv_pick_await(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	int64_t start_ms = zv_callback_start(e, slab, due_ms);

	if (start_ms > e->now.cal_ms) {
		zv_pick_await_until(e, slab, start_ms);
		return;
	}
	zv_pick_unready(e, slab);
	zv_heap_remove(&e->future, slab);
	e->held[slab].state = ZV_HELD_READY;
	e->held[slab].start_ms = start_ms;
	zv_heap_set(&e->ready[e->held[slab].campaign], slab,
		    (struct zv_heap_key){rank_of(e, slab), (uint64_t)due_ms});
	e->n_ready++;
}

/* Out of the way until its person's call is over. */
void zv_pick_await_person(struct zv_engine *e, uint32_t slab)
{
	zv_pick_unready(e, slab);
	e->held[slab].state = ZV_HELD_PERSON;
	e->n_person_waits++;
}

static void leave_person_wait(struct zv_engine *e, uint32_t slab)
{
	if (e->held[slab].state == ZV_HELD_PERSON)
		e->n_person_waits--;
}

void zv_pick_person_free(struct zv_engine *e, uint64_t person)
{
	zv_persons_remove(&e->persons, person);
	for (uint32_t i = 0; e->n_person_waits > 0 && i < e->params.slabs.n; i++) {
		if (e->held[i].state != ZV_HELD_PERSON || e->params.slabs.v[i].person != person)
			continue;
		leave_person_wait(e, i);
		zv_pick_await(e, i, e->now.cal_ms + REST_SAME_PERSON_MS);
	}
}

static void ask(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_ASK);

	e->held[slab].state = ZV_HELD_ASKED;
	cmd->campaign = offer->campaign;
	cmd->attempt = e->held[slab].attempt;
	cmd->u.lead.lead = offer->lead;
	cmd->u.lead.person = offer->person;
	cmd->u.lead.slab = slab;
}

void zv_pick_offer(struct zv_engine *e, uint32_t slab, uint64_t txn)
{
	const struct zv_offer *offer;
	uint16_t campaign = 0;

	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_FREE) {
		e->stats.late_events++;
		return;
	}
	offer = &e->params.slabs.v[slab];
	while (campaign < e->conf->n_campaigns && e->conf->campaigns[campaign].id != offer->campaign)
		campaign++;
	e->held[slab] = (struct zv_held){.state = ZV_HELD_READY, .due_class = offer->due_class,
					 .person_slab = ZV_SLOT_NONE, .lead = offer->lead};
	if (offer->due_class == ZV_DUE_CALLBACK)
		e->keep.look_ms = 0; /* lines and agents are kept for it from now on */
	e->stats.offers_held++;
	if (!zv_person_hold(e, slab, txn) || zv_kill_stands(e, offer->lead, txn) || campaign == e->conf->n_campaigns || offer->n_numbers == 0 ||
	    offer->n_numbers > ZV_NUMBERS_MAX || offer->n_history > ZV_HISTORY_MAX) {
		zv_pick_release(e, slab);
		return;
	}
	e->held[slab].campaign = campaign;
	if (offer->needs_step) {
		ask(e, slab);
	} else if (!e->running[campaign]) {
		zv_pick_release(e, slab);
	} else {
		zv_sla_watch(e, slab);
		zv_pick_await(e, slab, offer->due_ms);
	}
	zv_desk_offered(e, slab);
}

void zv_pick_release(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_RELEASE);

	cmd->campaign = offer->campaign;
	cmd->u.lead.lead = offer->lead;
	cmd->u.lead.slab = slab;
	zv_pick_unready(e, slab);
	zv_heap_remove(&e->future, slab);
	zv_heap_remove(&e->bounds, slab);
	zv_sla_met(e, slab);
	leave_person_wait(e, slab);
	zv_person_let_go(e, slab);
	e->held[slab].state = ZV_HELD_FREE;
	e->stats.offers_held--;
	e->releases++;
}

void zv_pick_defer(struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_DEFER);

	zv_pick_unready(e, slab);
	zv_heap_remove(&e->future, slab);
	leave_person_wait(e, slab);
	cmd->campaign = offer->campaign;
	cmd->u.step.lead = offer->lead;
	cmd->u.step.person = offer->person;
	cmd->u.step.due_ms = due_ms;
	cmd->u.step.old_due_ms = offer->due_ms;
	cmd->u.step.due_class = offer->due_class;
	cmd->u.step.old_class = offer->due_class;
	cmd->u.step.slab = slab;
	e->held[slab].state = ZV_HELD_FLUSHING;
	e->stats.deferred++;
}

void zv_pick_final(struct zv_engine *e, uint32_t slab, uint8_t category)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_STEP);

	zv_pick_unready(e, slab);
	zv_heap_remove(&e->future, slab);
	leave_person_wait(e, slab);
	cmd->campaign = offer->campaign;
	cmd->u.step.lead = offer->lead;
	cmd->u.step.person = offer->person;
	cmd->u.step.kind = ZV_STEP_FINAL;
	cmd->u.step.category = category;
	cmd->u.step.number = offer->number;
	cmd->u.step.called_number = offer->number;
	cmd->u.step.old_due_ms = offer->due_ms;
	cmd->attempt = e->held[slab].attempt;
	cmd->u.step.due_class = offer->due_class;
	cmd->u.step.old_class = offer->due_class;
	cmd->u.step.slab = slab;
	e->held[slab].state = ZV_HELD_FLUSHING;
}

void zv_pick_over(struct zv_engine *e, uint32_t slab)
{
	if (e->held[slab].killed)
		zv_pick_final(e, slab, e->held[slab].category);
	else
		ask(e, slab);
}

void zv_pick_undone(struct zv_engine *e, uint32_t slab, int64_t due_ms, bool on_disk)
{
	if (!e->held[slab].killed)
		zv_pick_defer(e, slab, due_ms);
	else if (on_disk)
		zv_pick_final(e, slab, e->held[slab].category);
	else
		zv_pick_release(e, slab); /* the store knows what became of it */
}

void zv_pick_step(struct zv_engine *e, const struct zv_event *ev)
{
	uint32_t slab = ev->u.step.slab;
	const struct zv_offer *offer;
	struct zv_cmd cmd = {.type = ZV_CMD_STEP, .cal_ms = e->now.cal_ms};

	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_ASKED) {
		e->stats.late_events++;
		return;
	}
	if (e->held[slab].killed) {
		zv_pick_final(e, slab, e->held[slab].category);
		return;
	}
	offer = &e->params.slabs.v[slab];
	cmd.campaign = offer->campaign;
	cmd.attempt = e->held[slab].attempt;
	cmd.u.step.lead = offer->lead;
	cmd.u.step.person = offer->person;
	cmd.u.step.due_ms = ev->u.step.due_ms;
	cmd.u.step.old_due_ms = offer->due_ms;
	cmd.u.step.old_class = offer->due_class;
	cmd.u.step.kind = ev->u.step.kind;
	cmd.u.step.category = ev->u.step.category;
	cmd.u.step.number = ev->u.step.number;
	cmd.u.step.due_class = ev->u.step.due_class;
	cmd.u.step.n_messages = ev->u.step.n_messages;
	memcpy(cmd.u.step.messages, ev->u.step.messages, sizeof(cmd.u.step.messages));
	cmd.u.step.invalid_number = ev->u.step.invalid_number;
	if (offer->n_history > 0)
		cmd.u.step.called_number = offer->history[offer->n_history - 1].number;
	cmd.u.step.remove = ev->u.step.remove;
	cmd.u.step.fallback = ev->u.step.fallback;
	cmd.u.step.slab = slab;
	zv_callback_wish(e, slab, &cmd);
	zv_messages_ask(e, slab, &cmd);
	*zv_emit(e, ZV_CMD_STEP) = cmd;
	e->held[slab].state = ZV_HELD_FLUSHING;
}

void zv_pick_step_flushed(struct zv_engine *e, uint32_t slab)
{
	if (slab >= e->params.slabs.n || e->held[slab].state != ZV_HELD_FLUSHING) {
		e->stats.late_events++;
		return;
	}
	zv_pick_release(e, slab);
}

static void tell_campaign(struct zv_engine *e, uint16_t campaign, enum zv_tell what)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

	cmd->campaign = e->conf->campaigns[campaign].id;
	cmd->u.tell.what = (uint32_t)what;
	cmd->u.tell.value = cmd->campaign;
}

void zv_pick_campaign(struct zv_engine *e, uint16_t campaign, bool on)
{
	struct zv_tally *tally = e->law.tallies[campaign];

	e->wanted[campaign] = on;
	if (on && !zv_law_stated(e, campaign))
		tell_campaign(e, campaign, ZV_TELL_UNSTATED);
	else if (on && e->conf->rules == NULL)
		tell_campaign(e, campaign, ZV_TELL_NO_RULES);
	on = on && zv_law_stated(e, campaign) && e->conf->rules != NULL;
	e->running[campaign] = on;
	if (on && tally->origin_ms == 0)
		tally->origin_ms = e->now.cal_ms;
	/* What does not fit in this step's commands is given back when its turn comes. */
	for (uint32_t i = 0; !on && i < e->params.slabs.n && zv_pick_room(e, 256); i++)
		if (zv_pick_waits(e, i) && e->held[i].campaign == campaign)
			zv_pick_release(e, i);
}
