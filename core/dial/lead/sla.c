/* The time promised from a lead's acceptance to its first INVITE: near its end the lead goes
 * before all others, past it the breach is counted and told, once a lead. */
#include "dial/lead/pick.h"

#define HEAD_PERCENT 80

void zv_sla_watch(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	uint32_t sla_ms = offer->sla_ms != 0 ? offer->sla_ms
					     : e->conf->campaigns[e->held[slab].campaign].sla_ms;
	int64_t share_ms = (int64_t)sla_ms * HEAD_PERCENT / 100;

	zv_heap_remove(&e->sla, slab);
	/* Whoever was tried before, whenever that was, has had his first call. */
	if (sla_ms == 0 || offer->accepted_ms == 0 || offer->n_history > 0 || offer->round > 0)
		return;
	e->held[slab].head = e->now.cal_ms >= offer->accepted_ms + share_ms;
	zv_heap_set(&e->sla, slab,
		    (struct zv_heap_key){offer->accepted_ms + (e->held[slab].head ? sla_ms : share_ms),
					 slab});
}

void zv_sla_met(struct zv_engine *e, uint32_t slab)
{
	zv_heap_remove(&e->sla, slab);
}

/* A lead that was given back and offered again has been told already.  Few are remembered: what
 * is overwritten may be told twice. */
static bool told(struct zv_engine *e, uint64_t lead)
{
	uint64_t *place = &e->sla_told[zv_mix64(lead) % ZV_SLA_TOLD];

	if (*place == lead)
		return true;
	*place = lead;
	return false;
}

static void breach(struct zv_engine *e, uint32_t slab)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	uint16_t campaign = e->held[slab].campaign;
	struct zv_cmd *cmd;

	zv_heap_remove(&e->sla, slab);
	if (told(e, offer->lead))
		return;
	cmd = zv_emit(e, ZV_CMD_TELL);
	cmd->campaign = e->conf->campaigns[campaign].id;
	cmd->attempt.hi = offer->lead;
	cmd->u.tell.what = ZV_TELL_SLA_BREACH;
	cmd->u.tell.value = ++e->sla_breaches[campaign];
}

void zv_sla_timeouts(struct zv_engine *e)
{
	while (zv_heap_top_key(&e->sla) <= e->now.cal_ms &&
	       zv_pick_room(e, ZV_ENGINE_STEP_CMDS - 256)) {
		uint32_t slab = zv_heap_top(&e->sla);
		struct zv_held *held = &e->held[slab];

		if (held->head) {
			breach(e, slab);
			continue;
		}
		zv_sla_watch(e, slab);
		if (held->state == ZV_HELD_READY) /* to its new place */
			zv_pick_await(e, slab, e->params.slabs.v[slab].due_ms);
	}
}

uint32_t zv_engine_breaches(const struct zv_engine *engine, uint32_t campaign)
{
	for (uint16_t i = 0; i < engine->conf->n_campaigns; i++)
		if (engine->conf->campaigns[i].id == campaign)
			return engine->sla_breaches[i];
	return 0;
}
