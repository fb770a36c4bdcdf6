/* Call-backs at an agreed time: begun so early that the answer lands then, held for their owner,
 * moved to a lawful moment. */
#include "dial/hours.h"
#include "dial/lead/pick.h"

#define RING_MS      9000  /* until enough answers are known */
#define KNOWN        20
#define GRACE_MS     60000
#define LOOK_MS      250   /* whether the owner is free by now */
#define DATES_MAX    16    /* moments tried */

/* ---- how long it rings ---- */

void zv_callback_answered(struct zv_engine *e, uint16_t campaign, int64_t ring_ms)
{
	struct zv_ring_times *r = &e->rings[campaign];
	int64_t bin = ring_ms < 0 ? 0 : ring_ms / ZV_RING_BIN_MS;

	r->n[bin < ZV_RING_BINS ? bin : ZV_RING_BINS - 1]++;
	if (++r->total < ZV_RING_KEEP)
		return;
	/* Half of what was learned makes room for the present. */
	r->total = 0;
	for (uint32_t i = 0; i < ZV_RING_BINS; i++) {
		r->n[i] /= 2;
		r->total += r->n[i];
	}
}

/* The median, evenly spread within its bin. */
int64_t zv_callback_ring_ms(const struct zv_engine *e, uint16_t campaign)
{
	const struct zv_ring_times *r = &e->rings[campaign];
	uint32_t below = 0, i = 0;

	if (r->total < KNOWN)
		return RING_MS;
	while (2 * (below + r->n[i]) < r->total)
		below += r->n[i++];
	return (int64_t)i * ZV_RING_BIN_MS +
	       (int64_t)ZV_RING_BIN_MS * (r->total - 2 * below) / (2 * r->n[i]);
}

int64_t zv_callback_start(const struct zv_engine *e, uint32_t slab, int64_t due_ms)
{
	uint16_t campaign = e->held[slab].campaign;

	/* A robot is there when the phone rings: it calls at the time it has said. */
	if (e->held[slab].due_class != ZV_DUE_CALLBACK || !zv_floor_has_agents(e, campaign))
		return due_ms;
	return due_ms - zv_callback_ring_ms(e, campaign);
}

/* ---- whose it is ---- */

uint32_t zv_owner_of(const struct zv_engine *e, uint32_t slab)
{
	uint32_t owner = e->params.slabs.v[slab].owner;

	if (owner == 0 || owner == ZV_OWNER_NOBODY)
		return ZV_AGENT_NONE;
	for (uint32_t i = 0; i < e->floor.agents.n; i++)
		if (e->floor.agents.conf[i].id == owner - 1)
			return i;
	return ZV_AGENT_NONE;
}

/* READY or about to be, and not promised to another such call. */
static bool comes_soon(const struct zv_engine *e, uint32_t owner)
{
	uint8_t state = e->floor.agents.v[owner].state;

	return (state == ZV_AG_READY || state == ZV_AG_WRAPUP) && e->keep.awaits[owner] == 0;
}

bool zv_callback_owner_free(const struct zv_engine *e, uint32_t slab)
{
	uint32_t owner = zv_owner_of(e, slab);

	return owner != ZV_AGENT_NONE && comes_soon(e, owner);
}

bool zv_callback_waits(const struct zv_engine *e, uint32_t slab, int64_t *ret_again_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	uint16_t campaign = e->held[slab].campaign;
	uint32_t grace_ms = e->conf->campaigns[campaign].callback_grace_ms;
	uint32_t owner = zv_owner_of(e, slab);
	int64_t until_ms = zv_callback_start(e, slab, offer->due_ms) +
			   (grace_ms != 0 ? grace_ms : GRACE_MS);

	if (e->held[slab].due_class != ZV_DUE_CALLBACK || !zv_floor_has_agents(e, campaign) ||
	    owner == ZV_AGENT_NONE || e->now.cal_ms >= until_ms || comes_soon(e, owner) ||
	    e->floor.agents.v[owner].state == ZV_AG_OFFLINE)
		return false;
	*ret_again_ms = e->now.cal_ms + LOOK_MS < until_ms ? e->now.cal_ms + LOOK_MS : until_ms;
	return true;
}

/* ---- when it may be ---- */

/* The campaign's own hours, then the rules.  False: `*at_ms` may stand, or nothing is known. */
static bool later(struct zv_engine *e, const struct zv_contact_ask *base, int64_t *at_ms)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[base->campaign];
	uint16_t zone = e->params.slabs.v[base->slab].zone;
	struct zv_contact_ask ask = *base;
	struct zv_verdict verdict;
	int64_t start_ms, end_ms;

	if (zv_hours_window(c, zv_zones_get(e->conf->zones, zone), *at_ms, &start_ms, &end_ms) !=
	    ZV_OK)
		return false;
	if (*at_ms < start_ms) {
		*at_ms = start_ms;
		return true;
	}
	ask.at_ms = *at_ms;
	zv_law_ask(e, &ask, &verdict);
	if (verdict.answer == ZV_ANSWER_YES || verdict.until_ms == ZV_NEVER_MS ||
	    verdict.until_ms <= *at_ms)
		return false;
	*at_ms = verdict.until_ms;
	return true;
}

int64_t zv_callback_date(struct zv_engine *e, uint32_t slab, uint8_t number, int64_t wish_ms)
{
	uint16_t campaign = e->held[slab].campaign;
	struct zv_contact_ask ask = {.slab = slab, .campaign = campaign, .number = number,
				     .channel = e->conf->campaigns[campaign].channel,
				     .self = e->held[slab].attempt};
	int64_t at_ms = wish_ms;

	for (int i = 0; i < DATES_MAX && later(e, &ask, &at_ms); i++)
		;
	return at_ms;
}

void zv_callback_tell_moved(struct zv_engine *e, uint32_t slab, int64_t to_ms)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

	cmd->campaign = offer->campaign;
	cmd->attempt = (struct zv_attempt_id){.hi = offer->lead, .lo = (uint64_t)to_ms};
	cmd->u.tell.what = ZV_TELL_CALLBACK_MOVED;
}

/* What the agent has agreed with the person goes before what the strategy thinks, unless the
 * lead is to be forgotten. */
void zv_callback_wish(struct zv_engine *e, uint32_t slab, struct zv_cmd *step)
{
	struct zv_held *held = &e->held[slab];
	int64_t at_ms;

	if (held->wish_ms == 0 || (step->u.step.kind == ZV_STEP_FINAL && step->u.step.remove != 0))
		return;
	if (step->u.step.kind == ZV_STEP_FINAL)
		step->u.step.n_messages = 0; /* they say that it is over */
	at_ms = zv_callback_date(e, slab, step->u.step.called_number, held->wish_ms);
	step->u.step.kind = ZV_STEP_RETRY;
	step->u.step.category = 0;
	step->u.step.fallback = 0;
	step->u.step.due_class = ZV_DUE_CALLBACK;
	step->u.step.due_ms = at_ms;
	step->u.step.number = step->u.step.called_number;
	step->u.step.owner = held->wish_owner != 0 ? held->wish_owner : ZV_OWNER_NOBODY;
	if (at_ms != held->wish_ms)
		zv_callback_tell_moved(e, slab, at_ms);
}
