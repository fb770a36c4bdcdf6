/* A campaign's answers and abandons, for rules that compare them. */
#include "dial/engine_int.h"

static void tell(struct zv_engine *e, uint16_t campaign, enum zv_tell what, uint32_t value)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

	cmd->campaign = e->conf->campaigns[campaign].id;
	cmd->u.tell.what = (uint32_t)what;
	cmd->u.tell.value = value;
}

static bool budget(const struct zv_engine *e, uint16_t campaign, struct zv_budget *ret_budget)
{
	const struct zv_campaign_conf *c = &e->conf->campaigns[campaign];
	const struct zv_tally *tally = e->law.tallies[campaign];

	if (e->conf->rules == NULL || tally == NULL || e->law.ratios[campaign].n == 0)
		return false;
	return zv_rules_budget(e->conf->rules, &e->law.ratios[campaign], tally, e->now.cal_ms, 0,
			       c->false_machines_ppm / 1e6, c->zone, ret_budget);
}

/* Aloud once a window: that it comes near, and that new dials have stopped (the decision sees
 * the same tally and says no by itself). */
void zv_ratio_count(struct zv_engine *e, uint16_t campaign, const struct zv_contact *contact)
{
	const uint16_t at_connect = ZV_FACT_BIT(ZV_FACT_CONNECT) | ZV_FACT_BIT(ZV_FACT_MACHINE) |
				    ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER);
	const uint16_t at_end = ZV_FACT_BIT(ZV_FACT_ABANDON) | ZV_FACT_BIT(ZV_FACT_SILENT) |
				ZV_FACT_BIT(ZV_FACT_CONVERSATION) | ZV_FACT_BIT(ZV_FACT_REFUSAL);
	const uint16_t counted = ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER) | ZV_FACT_BIT(ZV_FACT_ABANDON) |
				 ZV_FACT_BIT(ZV_FACT_SILENT);
	struct zv_tally *tally = e->law.tallies[campaign];
	struct zv_budget b;

	if (tally == NULL)
		return;
	/* As the store dates them, so that a restart changes nothing. */
	zv_tally_add(tally, contact->at_ms, contact->facts & (uint16_t)~(at_connect | at_end));
	zv_tally_add(tally, contact->at_ms + INT64_C(1000) * contact->connect_s,
		     contact->facts & at_connect);
	zv_tally_add(tally, contact->at_ms + INT64_C(1000) * contact->end_s, contact->facts & at_end);
	if ((contact->facts & counted) == 0 || !budget(e, campaign, &b))
		return;
	if (b.alarm && e->law.alarmed_ms[campaign] != b.window_start_ms) {
		e->law.alarmed_ms[campaign] = b.window_start_ms;
		tell(e, campaign, ZV_TELL_RATIO_ALARM, (uint32_t)(b.rate * 1e6));
	}
	if (b.over && e->law.stopped_ms[campaign] != b.window_start_ms) {
		e->law.stopped_ms[campaign] = b.window_start_ms;
		tell(e, campaign, ZV_TELL_RATIO_STOP, (uint32_t)(b.rate * 1e6));
	}
}

static uint16_t index_of(const struct zv_engine *e, uint32_t campaign)
{
	uint16_t i = 0;

	while (i < e->conf->n_campaigns && e->conf->campaigns[i].id != campaign)
		i++;
	return i;
}

bool zv_engine_budget(const struct zv_engine *engine, uint32_t campaign, struct zv_budget *ret_budget)
{
	uint16_t i = index_of(engine, campaign);

	return i < engine->conf->n_campaigns && budget(engine, i, ret_budget);
}

void zv_engine_load_tally(struct zv_engine *engine, uint32_t campaign, int64_t bucket,
			  const uint32_t n[ZV_FACTS])
{
	uint16_t i = index_of(engine, campaign);

	if (i < engine->conf->n_campaigns && engine->law.tallies[i] != NULL)
		zv_tally_load(engine->law.tallies[i], bucket, n);
}

void zv_engine_load_origin(struct zv_engine *engine, uint32_t campaign, int64_t origin_ms)
{
	uint16_t i = index_of(engine, campaign);

	if (i < engine->conf->n_campaigns && engine->law.tallies[i] != NULL)
		engine->law.tallies[i]->origin_ms = origin_ms;
}
