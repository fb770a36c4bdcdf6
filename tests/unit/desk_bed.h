/* What a test of agents' phones does: log in, offer leads, press buttons, hang up. */
#ifndef ZV_TEST_DESK_BED_H
#define ZV_TEST_DESK_BED_H

#include "desk_world.h"

/* One event; the world's answers wait in todo. */
static inline void bed_one(struct bed *b, const struct zv_event *ev)
{
	b->out.n = 0;
	zv_engine_step(b->engine, &b->now, ev, &b->out);
	for (uint32_t i = 0; i < b->out.n; i++) {
		if (b->n_log < 4096)
			b->log[b->n_log++] = b->out.v[i];
		bed_do(b, &b->out.v[i]);
	}
}

static inline void bed_settle(struct bed *b)
{
	while (b->n_todo > 0) {
		struct zv_event ev = b->todo[b->head];

		b->head = (b->head + 1) % 8192;
		b->n_todo--;
		bed_one(b, &ev);
	}
}

/* One event a millisecond, and all that follows from it at once. */
static inline void bed_step(struct bed *b, struct zv_event ev)
{
	b->now.mono_ms++;
	b->now.cal_ms++;
	b->n_log = 0;
	bed_one(b, &ev);
	bed_settle(b);
}

static inline void bed_tick(struct bed *b, int64_t ms)
{
	b->now.mono_ms += ms - 1;
	b->now.cal_ms += ms - 1;
	bed_step(b, (struct zv_event){.type = ZV_EV_TICK});
}

/* An agent's wish; its answer (enum zv_err), or 99 if it did not come once. */
static inline uint64_t bed_desk_event(struct bed *b, struct zv_event ev)
{
	uint64_t before = b->answers;

	ev.type = ZV_EV_DESK;
	ev.attempt.lo = ++b->tokens;
	bed_step(b, ev);
	return b->answers == before + 1 ? b->last_err : 99;
}

static inline uint64_t bed_desk(struct bed *b, uint32_t agent, enum zv_desk what)
{
	struct zv_event ev = {.code = agent};

	ev.u.desk.what = (uint8_t)what;
	ev.u.desk.to = ZV_AGENT_NONE;
	return bed_desk_event(b, ev);
}

static inline uint64_t bed_desk_to(struct bed *b, uint32_t agent, enum zv_desk what, uint32_t to, uint64_t number)
{
	struct zv_event ev = {.code = agent};

	ev.u.desk.what = (uint8_t)what;
	ev.u.desk.to = to;
	ev.u.desk.number = number;
	return bed_desk_event(b, ev);
}

static inline void bed_register(struct bed *b, uint32_t agent, bool on)
{
	bed_step(b, (struct zv_event){.type = ZV_EV_PHONE, .code = agent, .u.state.on = on});
}

static inline void bed_leg_event(struct bed *b, enum zv_event_type type, uint32_t slot, uint32_t code)
{
	struct zv_event ev = {.type = (uint16_t)type, .leg = {slot, b->legs[slot].gen}, .code = code,
			      .attempt = b->legs[slot].attempt};

	ev.u.sip.sdp = type == ZV_EV_SIP_ANSWERED;
	bed_step(b, ev);
}

static inline void bed_answer(struct bed *b, uint32_t slot)
{
	b->legs[slot].answered = true;
	bed_leg_event(b, ZV_EV_SIP_ANSWERED, slot, 200);
}

/* The far end hangs up. */
static inline void bed_bye(struct bed *b, uint32_t slot)
{
	bed_sip_gone(b, slot, ZV_EV_SIP_ENDED, 0);
	b->now.mono_ms++;
	b->now.cal_ms++;
	b->n_log = 0;
	bed_settle(b);
}

static inline void bed_log_in(struct bed *b, uint32_t agent)
{
	bed_register(b, agent, true);
	(void)bed_desk(b, agent, ZV_DESK_LOGIN);
	bed_answer(b, bed_phone(agent));
}

static inline void bed_ready(struct bed *b, uint32_t agent)
{
	bed_log_in(b, agent);
	(void)bed_desk(b, agent, ZV_DESK_READY);
}

static inline uint8_t bed_state(const struct bed *b, uint32_t agent)
{
	return zv_engine_agent(b->engine, agent)->state;
}

static inline void bed_offer_event(struct bed *b, uint32_t slab, uint32_t campaign)
{
	uint64_t lead = b->leads * BED_SLABS + slab + 1;

	b->slabs[slab] = (struct zv_offer){
		.lead = lead, .person = lead, .campaign = campaign, .n_numbers = 1,
		.due_class = ZV_DUE_NORMAL, .due_ms = b->now.cal_ms - 1,
		.numbers = {{.e164 = 79160000000 + slab}}, .person_slab = slab};
	set_person(&b->persons[slab], lead, 79160000000 + slab, 0);
	b->offered[slab] = true;
}

static inline void bed_offer(struct bed *b, uint32_t slab, uint32_t campaign)
{
	bed_offer_event(b, slab, campaign);
	bed_step(b, (struct zv_event){.type = ZV_EV_OFFER, .u.offer.slab = slab});
}

static inline void bed_start(struct bed *b, uint32_t campaign)
{
	bed_step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = campaign, .u.state.on = 1});
}

static inline const struct zv_cmd *bed_cmd(const struct bed *b, enum zv_cmd_type type)
{
	for (uint32_t i = 0; i < b->n_log; i++)
		if (b->log[i].type == type)
			return &b->log[i];
	return NULL;
}

/* The slot of the customer who is dialled next. */
static inline uint32_t bed_dialled(struct bed *b)
{
	for (int i = 0; i < 100; i++) {
		for (uint32_t c = 0; c < b->n_log; c++)
			if (b->log[c].type == ZV_CMD_DIAL && b->log[c].leg.slot < BED_CALLS)
				return b->log[c].leg.slot;
		bed_tick(b, 100);
	}
	abort();
}

/* Agent talks to a customer of campaign 7; the customer's slot. */
static inline uint32_t bed_talk(struct bed *b, uint32_t agent, uint32_t slab)
{
	uint32_t slot;

	if (bed_state(b, agent) == ZV_AG_OFFLINE)
		bed_ready(b, agent);
	bed_start(b, 7);
	bed_offer(b, slab, 7);
	slot = bed_dialled(b);
	bed_answer(b, slot);
	return slot;
}

static inline bool bed_both(const struct bed *b, uint32_t a, uint32_t c)
{
	return b->hears[a][c] && b->hears[c][a];
}

static inline uint32_t bed_links(const struct bed *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < BED_SLOTS; i++)
		for (uint32_t j = 0; j < BED_SLOTS; j++)
			n += b->hears[i][j];
	return n;
}

static inline struct zv_engine_stats bed_stats(const struct bed *b)
{
	struct zv_engine_stats s;

	zv_engine_get_stats(b->engine, &s);
	return s;
}

#endif
