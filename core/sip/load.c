/* A shard that cannot keep up says so before it must refuse: the engine then dials less.
 *
 * What is late or full here stops all new calls (EV_LOAD, taken back with a little patience); what
 * waits for one trunk's first answer slows that trunk alone (EV_TRUNK slow, for a second). */
#include "sip/internal.h"

#include "base/log.h"

#define LATE_US      400000 /* a turn that begins so late: nearly T1, after which all is repeated */
#define WELL_US      100000
#define LOAD_REST_MS 500    /* without trouble before it is taken back */
#define SLOW_S       1
/* INVITEs without any answer of one port.  The stack keeps what it repeats in a sorted list: from
 * several thousand on a port spends its time in there and hears nothing. */
#define UNANSWERED_A_PORT 1500u

static void tell_load(struct shard *s, bool on)
{
	s->loaded = on;
	if (on)
		zv_warn("sip", "shard %u cannot keep up (%lld ms late, %u events wait for the engine): "
			"no new calls", s->index, (long long)(s->lag_us / 1000), s->backlog_n);
	else
		zv_info("sip", "shard %u keeps up again", s->index);
	shard_tell(s, &(struct zv_event){.type = ZV_EV_LOAD, .code = 1 + s->index, .u.state.on = on});
}

static void look_at_shard(struct shard *s, int64_t now)
{
	bool trouble = s->lag_us > (s->loaded ? WELL_US : LATE_US) || s->backlog_n > 0 || s->flooded;

	if (trouble)
		s->trouble_ms = now;
	if (trouble && !s->loaded)
		tell_load(s, true);
	else if (s->loaded && now - s->trouble_ms >= LOAD_REST_MS)
		tell_load(s, false);
	s->lag_us = 0;
	s->flooded = false;
}

static void look_at_trunks(struct shard *s)
{
	uint32_t all = 0;
	struct trunk *worst = NULL;

	for (uint32_t i = 0; i < s->sip->params.n_trunks; i++) {
		struct trunk *t = &s->trunks[i];

		all += t->unanswered;
		if (worst == NULL || t->unanswered > worst->unanswered)
			worst = t;
		if (t->unanswered_max != 0 && t->unanswered >= t->unanswered_max - t->unanswered_max / 4)
			trunk_slow(t, SLOW_S);
	}
	if (worst != NULL && all >= s->n_agents * UNANSWERED_A_PORT)
		trunk_slow(worst, SLOW_S);
}

void load_look(struct shard *s, int64_t now)
{
	if (s->stopping_ms != 0)
		return;
	look_at_shard(s, now);
	if (s->phones == NULL)
		look_at_trunks(s);
}
