/* A long seeded walk: agents press whatever they like, phones crash, BYEs are lost or come late or
 * twice, leads are killed, campaigns stop.  When all is quiet again nobody is stuck: no agent, no
 * call, no side leg, no link; every intent has one outcome and every wish one answer.  The
 * reconciliation mends nothing on the way: it is there for bugs. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/hash.h"
#include "desk_bed.h"
#include "dial/engine_int.h"

#define EVENTS  1000000u
#define RECENT  64u
#define TOKENS  (EVENTS + 1u)

struct walk {
	struct bed *b;
	uint64_t seed;
	struct zv_event recent[RECENT]; /* some come again */
	uint32_t n_recent;
	uint8_t *answered;              /* [token] */
	uint64_t incoming, queued[ZV_QUEUED_CAME + 1];
	struct zv_leg_id came;
	uint64_t done[ZV_DESK_MAX], refused[ZV_DESK_MAX];
	uint32_t room_seen[ZV_ROOM_WATCHES + 1];
};

static uint64_t draw(struct walk *w, uint64_t n)
{
	w->seed = zv_mix64(w->seed + 0x9e3779b97f4a7c15u);
	return (w->seed >> 11) % n;
}

static bool chance(struct walk *w, uint32_t of_1000)
{
	return draw(w, 1000) < of_1000;
}

/* The way that led there. */
static void tell_way(const struct walk *w)
{
	for (uint32_t i = 24; i > 0; i--) {
		const struct zv_event *ev = &w->recent[(w->n_recent - i) % RECENT];

		fprintf(stderr, "event %u code %u leg %u/%u desk %u to %d\n", ev->type, ev->code, ev->leg.slot,
			ev->leg.gen, ev->type == ZV_EV_DESK ? ev->u.desk.what : 0,
			ev->type == ZV_EV_DESK ? (int)ev->u.desk.to : 0);
	}
	for (uint32_t i = 0; i < w->b->out.n; i++) {
		const struct zv_cmd *cmd = &w->b->out.v[i];

		fprintf(stderr, "  command %u leg %u/%u from %u on %u agent %u state %u\n", cmd->type, cmd->leg.slot,
			cmd->leg.gen, cmd->u.link.from.slot, cmd->u.link.on, cmd->u.agent.agent,
			cmd->u.agent.state);
	}
}

static void one(struct walk *w, const struct zv_event *ev)
{
	struct bed *b = w->b;

	w->recent[w->n_recent++ % RECENT] = *ev;
	bed_one(b, ev);
	for (uint32_t i = 0; i < b->out.n; i++) {
		const struct zv_cmd *cmd = &b->out.v[i];

		if (cmd->type == ZV_CMD_QUEUE)
			w->queued[cmd->u.queue.what]++;
		if (cmd->type == ZV_CMD_QUEUE && cmd->u.queue.what == ZV_QUEUED_CAME)
			w->came = cmd->leg;
		if (cmd->type == ZV_CMD_ACCEPT && chance(w, 300))
			b->legs[cmd->leg.slot].late = true;
		if (cmd->type == ZV_CMD_DESK)
			w->answered[cmd->attempt.lo]++;
		/* Sometimes sip and media take their time, or the far end never says BYE. */
		if (cmd->type == ZV_CMD_DIAL && chance(w, 300))
			b->legs[cmd->leg.slot].late = true;
		if (cmd->type == ZV_CMD_FETCH && chance(w, 500)) {
			struct zv_event no = {.type = ZV_EV_NO_OFFER, .code = ZV_ENOENT,
					      .u.kill.lead = cmd->u.lead.lead};
			bed_later(b, &no);
		} else if (cmd->type == ZV_CMD_FETCH &&
			   !b->offered[(cmd->u.lead.lead - 1) % BED_SLABS]) {
			uint32_t slab = (uint32_t)((cmd->u.lead.lead - 1) % BED_SLABS);
			struct zv_event offer = {.type = ZV_EV_OFFER};

			offer.u.offer.slab = slab;
			offer.u.offer.txn = ++b->txn;
			bed_offer_event(b, slab, 9);
			b->slabs[slab].lead = cmd->u.lead.lead;
			b->slabs[slab].due_ms += 3600000;
			bed_later(b, &offer);
		}
	}
	b->n_log = 0;
	if (b->wrong != NULL) {
		tell_way(w);
		cr_assert_fail("%s", b->wrong);
	}
}

static void take_todo(struct walk *w)
{
	struct bed *b = w->b;
	struct zv_event ev;

	if (b->n_todo == 0)
		return;
	ev = b->todo[b->head];
	b->head = (b->head + 1) % 8192;
	b->n_todo--;
	one(w, &ev);
}

/* The late ones are done at last. */
static void catch_up(struct walk *w, uint32_t slot)
{
	struct bed_leg *leg = &w->b->legs[slot];

	if (leg->hung_up)
		bed_sip_gone(w->b, slot, leg->answered ? ZV_EV_SIP_ENDED : ZV_EV_SIP_FAILED, 487);
	if (leg->closing)
		bed_media_gone(w->b, slot);
}

static void pass(struct walk *w, int64_t ms)
{
	struct zv_event tick = {.type = ZV_EV_TICK};

	for (uint32_t i = 0; i < BED_SLOTS; i++)
		if (w->b->legs[i].asked_ms != 0 && w->b->now.mono_ms - w->b->legs[i].asked_ms > 8000)
			catch_up(w, i);

	w->b->now.mono_ms += ms;
	w->b->now.cal_ms += ms;
	one(w, &tick);
}

/* A 183 with a description, or what was heard of it. */
static void early_media(struct walk *w, uint32_t slot)
{
	struct zv_event ev = {.type = ZV_EV_SIP_PROGRESS, .leg = {slot, w->b->legs[slot].gen}, .code = 183};

	if (draw(w, 2) == 0) {
		ev.u.sip.sdp = 1;
	} else {
		ev.type = ZV_EV_MEDIA_VERDICT;
		ev.u.media.cause = (uint8_t)(ZV_HEARD_RINGING + draw(w, 4));
		ev.u.media.by = (uint8_t)draw(w, ZV_HEARD_BY_MAX);
		ev.u.media.listen = ZV_LISTEN_EARLY;
	}
	bed_later(w->b, &ev);
}

static void any_leg(struct walk *w)
{
	struct bed *b = w->b;
	uint32_t slot = (uint32_t)draw(w, BED_SLOTS);
	struct bed_leg *leg;
	bool phone;
	struct zv_event ev = {0};

	for (int i = 0; i < 8 && !b->legs[slot].sip; i++)
		slot = (uint32_t)draw(w, BED_SLOTS);
	leg = &b->legs[slot];
	phone = slot >= BED_CALLS && slot < BED_CALLS + BED_PHONES;
	ev.leg = (struct zv_leg_id){slot, leg->gen};
	ev.attempt = leg->attempt;
	catch_up(w, slot);
	if (!leg->sip)
		return;
	if (!leg->answered && !phone && b->conf.campaigns[0].detect != 0 && draw(w, 3) == 0) {
		early_media(w, slot);
	} else if (!leg->answered && draw(w, 10) < (phone ? 9 : 6)) {
		if (!phone)
			bed_of_leg(b, ZV_EV_SIP_PROGRESS, slot, 180);
		leg->answered = true;
		bed_of_leg(b, ZV_EV_SIP_ANSWERED, slot, 200);
	} else if (!leg->answered) {
		bed_sip_gone(b, slot, ZV_EV_SIP_FAILED, 486);
	} else if (phone && draw(w, 10) < 9) {
		if (chance(w, 200))
			bed_of_leg(b, ZV_EV_SIP_ANSWERED, slot, 200); /* its media moves */
	} else {
		switch (draw(w, 4)) {
		case 0:
			ev.type = ZV_EV_MEDIA_LOST; /* and no BYE */
			bed_later(b, &ev);
			break;
		case 1:
			ev.type = ZV_EV_MEDIA_VERDICT;
			ev.u.media.cause = (uint8_t)draw(w, 3);
			ev.u.media.by = (uint8_t)draw(w, ZV_HEARD_BY_MAX);
			ev.u.media.listen = (uint8_t)(ZV_LISTEN_ANSWER + draw(w, 2));
			bed_later(b, &ev);
			break;
		case 2:
			ev.type = ZV_EV_MEDIA_KEY;
			ev.u.media.key = '1';
			bed_later(b, &ev);
			break;
		default:
			bed_sip_gone(b, slot, ZV_EV_SIP_ENDED, 0);
			break;
		}
	}
}

static void any_wish(struct walk *w)
{
	/* Those that end a talk are rarer, else nobody ever comes far. */
	static const uint8_t often[] = {
		ZV_DESK_LOGIN, ZV_DESK_LOGIN, ZV_DESK_READY, ZV_DESK_READY, ZV_DESK_READY, ZV_DESK_DONE,
		ZV_DESK_HOLD, ZV_DESK_RESUME, ZV_DESK_CONSULT, ZV_DESK_CONSULT, ZV_DESK_JOIN,
		ZV_DESK_JOIN, ZV_DESK_COMPLETE, ZV_DESK_BACK, ZV_DESK_TRANSFER, ZV_DESK_LISTEN,
		ZV_DESK_WHISPER, ZV_DESK_BARGE, ZV_DESK_DIAL, ZV_DESK_DIAL};
	static const uint8_t in_talk[ZV_ROOM_WATCHES + 1][4] = {
		[ZV_ROOM_NONE] = {ZV_DESK_DONE, ZV_DESK_LEAVE, ZV_DESK_PAUSE, ZV_DESK_READY},
		[ZV_ROOM_LIVE] = {ZV_DESK_HOLD, ZV_DESK_CONSULT, ZV_DESK_TRANSFER, ZV_DESK_KEY},
		[ZV_ROOM_HELD] = {ZV_DESK_RESUME, ZV_DESK_CONSULT, ZV_DESK_TRANSFER, ZV_DESK_HANGUP},
		[ZV_ROOM_ASKING] = {ZV_DESK_BACK, ZV_DESK_COMPLETE, ZV_DESK_KEY, ZV_DESK_HANGUP},
		[ZV_ROOM_CONSULT] = {ZV_DESK_JOIN, ZV_DESK_JOIN, ZV_DESK_COMPLETE, ZV_DESK_BACK},
		[ZV_ROOM_THREE] = {ZV_DESK_KEY, ZV_DESK_BACK, ZV_DESK_COMPLETE, ZV_DESK_KEY}};
	struct zv_event ev = {.type = ZV_EV_DESK, .code = (uint32_t)draw(w, BED_AGENTS)};

	uint8_t state;

	for (int i = 0; i < 3 && bed_state(w->b, ev.code) != ZV_AG_TALKING && chance(w, 700); i++)
		ev.code = (uint32_t)draw(w, BED_AGENTS);
	state = bed_state(w->b, ev.code);
	ev.u.desk.what = chance(w, 700) ? often[draw(w, sizeof(often))]
					: (uint8_t)(1 + draw(w, ZV_DESK_MAX - 1));
	if (chance(w, 500) && state == ZV_AG_TALKING) /* what fits */
		ev.u.desk.what = in_talk[w->b->agent_told[ev.code].u.agent.room][draw(w, 4)];
	else if (chance(w, 300) && state == ZV_AG_PAUSED && ev.code >= 4)
		ev.u.desk.what = chance(w, 300) ? ZV_DESK_LEAVE : (uint8_t)(ZV_DESK_LISTEN + draw(w, 3));
	else if (state == ZV_AG_RESERVED)
		ev.u.desk.what = chance(w, 500) ? ZV_DESK_DIAL : ZV_DESK_SKIP;
	ev.u.desk.to = chance(w, 500) ? (uint32_t)draw(w, BED_AGENTS) : ZV_AGENT_NONE;
	for (int i = 0; i < 6 && ev.u.desk.what >= ZV_DESK_LISTEN && ev.u.desk.what <= ZV_DESK_BARGE &&
			(ev.u.desk.to >= BED_AGENTS || bed_state(w->b, ev.u.desk.to) != ZV_AG_TALKING); i++)
		ev.u.desk.to = (uint32_t)draw(w, BED_AGENTS);
	ev.u.desk.number = 74951234567;
	if (ev.u.desk.what == ZV_DESK_DIAL) /* held, or not */
		ev.u.desk.number = chance(w, 300) ? w->b->slabs[draw(w, BED_SLABS)].lead
						  : (w->b->leads + 1000000) * BED_SLABS + draw(w, BED_SLABS);
	ev.u.desk.code = ev.u.desk.what == ZV_DESK_KEY ? '5' : ev.u.desk.what == ZV_DESK_DIAL ? 2 : 3;
	ev.u.desk.result = (uint8_t)draw(w, 4);
	ev.attempt.lo = ++w->b->tokens;
	one(w, &ev);
	if (w->answered[ev.attempt.lo] == 1 && w->b->last_err == ZV_OK)
		w->done[ev.u.desk.what]++;
	else
		w->refused[ev.u.desk.what]++;
}

/* Somebody calls us. */
static void any_caller(struct walk *w)
{
	struct zv_event ev = {.type = ZV_EV_SIP_INCOMING, .code = (uint32_t)++w->incoming};

	ev.u.incoming.caller = chance(w, 100) ? 0 : 79261000000 + draw(w, 500);
	ev.u.incoming.called = 74950000000;
	one(w, &ev);
	if (w->came.gen == 0 || chance(w, 2))
		return;
	ev = (struct zv_event){.type = ZV_EV_CALLER, .leg = w->came};
	ev.u.caller.lead = 1 + draw(w, 1000);
	ev.u.caller.owner = (uint32_t)draw(w, 8) * 50;
	w->came = (struct zv_leg_id){0};
	one(w, &ev);
}

static void any_lead(struct walk *w)
{
	uint32_t slab = (uint32_t)draw(w, BED_SLABS);
	struct zv_event ev = {.type = ZV_EV_OFFER, .u.offer.slab = slab};

	if (w->b->offered[slab])
		return;
	w->b->leads++;
	ev.u.offer.txn = ++w->b->txn;
	bed_offer_event(w->b, slab, slab % 3 == 0 ? 8 : slab % 17 == 0 ? 9 : 7);
	one(w, &ev);
}

static void any_trouble(struct walk *w)
{
	struct zv_event ev = {0};

	switch (draw(w, 5)) {
	case 0:
	case 1:
		ev.type = ZV_EV_PHONE;
		ev.code = (uint32_t)draw(w, BED_AGENTS);
		ev.u.state.on = chance(w, 700);
		break;
	case 2:
		ev.type = ZV_EV_CAMPAIGN;
		ev.code = 7 + (uint32_t)draw(w, 3);
		ev.u.state.on = chance(w, 850);
		break;
	case 3:
		ev.type = ZV_EV_KILL;
		ev.u.kill.lead = w->b->slabs[draw(w, BED_SLABS)].lead;
		ev.u.kill.category = 1;
		if (!chance(w, 50))
			return;
		break;
	default: /* again, perhaps of a leg that is long gone */
		ev = w->recent[draw(w, RECENT)];
		if (ev.type == ZV_EV_OFFER || ev.type == ZV_EV_DESK || ev.type == ZV_EV_STEP ||
		    ev.type == ZV_EV_STEP_FLUSHED || ev.type == ZV_EV_NO_OFFER || ev.type == 0)
			return;
		/* sip and media say once that a leg is closed; what they say of it twice, they say
		 * while it is there. */
		if ((ev.type == ZV_EV_SIP_CLOSED || ev.type == ZV_EV_MEDIA_CLOSED ||
		     ev.type == ZV_EV_SIP_ANSWERED) && ev.leg.gen == w->b->legs[ev.leg.slot].gen)
			return;
		break;
	}
	one(w, &ev);
}

static void look(struct walk *w)
{
	const struct zv_engine *e = w->b->engine;
	const char *text;
	uint32_t who;

	cr_assert(zv_agents_check(&e->floor.agents, &who, &text), "agent %u %s", who, text);
	cr_assert_eq(e->stats.mended, 0, "the tables forbid what stands there");
	for (uint32_t i = 0; i < e->floor.rooms.n; i++)
		w->room_seen[e->floor.rooms.v[i].state]++;
	for (uint32_t i = 0; i < BED_AGENTS; i++)
		w->room_seen[ZV_ROOM_WATCHES] += e->floor.seats[i].watches != ZV_SLOT_NONE;
}

/* Nobody presses anything any more; sip ends what lasts too long, as it does. */
static void quiet_down(struct walk *w)
{
	struct bed *b = w->b;

	for (uint32_t id = 7; id < 10; id++) {
		struct zv_event ev = {.type = ZV_EV_CAMPAIGN, .code = id};

		one(w, &ev);
	}
	for (int round = 0; round < 4000; round++) {
		if (round == 700)
			for (uint32_t i = 0; i < BED_SLOTS; i++)
				if (i < BED_CALLS || i >= BED_CALLS + BED_PHONES)
					bed_sip_gone(b, i, b->legs[i].answered ? ZV_EV_SIP_ENDED : ZV_EV_SIP_FAILED, 0);
		for (uint32_t i = 0; i < BED_SLOTS; i++)
			catch_up(w, i);
		while (b->n_todo > 0)
			take_todo(w);
		pass(w, 1000);
	}
}

static void nobody_is_stuck(struct walk *w)
{
	struct bed *b = w->b;
	struct zv_engine_stats s = bed_stats(b);
	uint64_t outcomes = 0;

	for (uint32_t i = 0; i < BED_AGENTS; i++)
		cr_expect(bed_state(b, i) == ZV_AG_OFFLINE || bed_state(b, i) == ZV_AG_READY ||
			  bed_state(b, i) == ZV_AG_PAUSED, "agent %u is left in state %u", i, bed_state(b, i));
	cr_expect_eq(s.calls, 0, "%u calls are left", s.calls);
	cr_expect_eq(s.offers_held, 0, "%u leads are held", s.offers_held);
	cr_expect_eq(b->engine->inbound.n_active, 0, "a caller is left");
	cr_expect_eq(b->engine->inbound.queues[0].waiting, 0);
	cr_expect_eq(b->engine->sides.free_n, BED_SIDES, "a side leg is left");
	cr_expect_eq(b->engine->free_n, BED_CALLS);
	cr_expect_eq(bed_links(b), 0, "somebody hears somebody");
	for (uint32_t i = 0; i < b->engine->floor.rooms.n; i++)
		cr_expect_eq(b->engine->floor.rooms.v[i].state, ZV_ROOM_NONE, "room %u", i);
	for (uint32_t i = 0; i < BED_SLOTS; i++)
		cr_expect(b->legs[i].plays == 0 || !b->legs[i].media, "something plays on %u", i);
	for (uint32_t i = 0; i < ZV_OUT_MAX; i++)
		outcomes += b->outcomes[i];
	cr_expect_eq(outcomes, b->intents, "%llu intents, %llu outcomes", (unsigned long long)b->intents,
		     (unsigned long long)outcomes);
	for (uint64_t i = 1; i <= b->tokens; i++)
		cr_assert_eq(w->answered[i], 1, "wish %llu had %u answers", (unsigned long long)i, w->answered[i]);
	cr_expect_eq(b->engine->router.trunks[0].calls, 0, "a channel is still taken");
	cr_expect_eq(b->engine->router.trunks[0].unanswered, 0);
}

static void begin(struct walk *w)
{
	const char *seed = getenv("ZV_WALK_SEED");

	if (seed != NULL)
		w->seed = strtoull(seed, NULL, 10);
	w->answered = calloc(TOKENS, 1);
	bed_start(w->b, 7);
	bed_start(w->b, 8);
	bed_start(w->b, 9);
	for (uint32_t i = 0; i < BED_AGENTS; i++)
		bed_register(w->b, i, true);
}

static void go(struct walk *w, uint32_t events)
{
	for (uint32_t i = 0; i < events; i++) {
		uint64_t what = draw(w, 100);

		if (what < 45)
			take_todo(w);
		else if (what < 60)
			any_leg(w);
		else if (what < 75)
			any_wish(w);
		else if (what < 79)
			any_lead(w);
		else if (what < 80 && chance(w, 400))
			any_caller(w);
		else if (what < 84)
			any_trouble(w);
		else
			pass(w, chance(w, 3) ? (int64_t)draw(w, 20000) : (int64_t)draw(w, 200));
		if (w->b->n_todo > 6000)
			while (w->b->n_todo > 0)
				take_todo(w);
		if (i % 64 == 0)
			look(w);
	}
	quiet_down(w);
	nobody_is_stuck(w);
}

static uint64_t told(const struct zv_heard_stats *s, int heard)
{
	uint64_t sum = 0;

	for (int by = 0; by < ZV_HEARD_BY_MAX; by++)
		sum += s->n[heard][by];
	return sum;
}

/* The same with detection: verdicts of answers, beeps and early media at any time. */
Test(walk, nobody_is_stuck_where_answers_and_early_media_are_listened_to)
{
	struct walk w = {.b = bed_create(), .seed = 20261123};
	struct zv_campaign_conf *c = w.b->conf.campaigns;
	struct zv_trunk_stats t;

	for (uint32_t i = 0; i < 3; i++) {
		c[i].detect = i == 0 ? ZV_DETECT_WHILE : ZV_DETECT_BEFORE;
		c[i].detect_max_ms = 3000;
		c[i].early_media = i == 2 ? ZV_EARLY_CANCEL : ZV_EARLY_LISTEN;
		c[i].machine_prompt = i == 1 ? 0 : 99;
	}
	begin(&w);
	go(&w, EVENTS / 4);
	zv_engine_get_trunk(w.b->engine, 0, &t);
	for (int heard = ZV_HEARD_UNSURE; heard < ZV_HEARD_MAX; heard++)
		cr_expect_gt(told(&t.heard, heard), 5u, "%s: %llu", zv_heard_name((uint8_t)heard),
			     (unsigned long long)told(&t.heard, heard));
	cr_expect_gt(w.b->outcomes[ZV_OUT_MACHINE], 50u);
	cr_expect_gt(t.heard.late, 10u);
	bed_destroy(w.b);
	free(w.answered);
}

Test(walk, whatever_happens_nobody_is_stuck)
{
	struct walk w = {.b = bed_create(), .seed = 20261122};

	begin(&w);
	go(&w, EVENTS);
	if (getenv("ZV_WALK_SAY") != NULL) {
		struct zv_engine_stats st = bed_stats(w.b);

		fprintf(stderr, "%llu leads, %llu dials, %llu answered, %llu bridges, %llu abandoned, %llu late events, "
			"%llu not sent, %llu deferred, %llu skipped\n", (unsigned long long)w.b->leads,
			(unsigned long long)st.dials, (unsigned long long)st.answered,
			(unsigned long long)w.b->bridges, (unsigned long long)st.abandoned,
			(unsigned long long)st.late_events, (unsigned long long)st.not_sent,
			(unsigned long long)st.deferred, (unsigned long long)st.skipped);
		for (int i = 1; i <= ZV_QUEUED_CAME; i++)
			fprintf(stderr, "queue %d: %llu\n", i, (unsigned long long)w.queued[i]);
		for (int i = 1; i < ZV_DESK_MAX; i++)
			fprintf(stderr, "wish %d: %llu granted, %llu refused\n", i, (unsigned long long)w.done[i],
				(unsigned long long)w.refused[i]);
		for (int i = 0; i <= ZV_ROOM_WATCHES; i++)
			fprintf(stderr, "room %d: seen %u times\n", i, w.room_seen[i]);
	}
	/* The walk came everywhere. */
	cr_expect_gt(w.queued[ZV_QUEUED_SERVED], 100u);
	cr_expect_gt(w.queued[ZV_QUEUED_GAVE_UP], 20u);
	for (int i = 1; i <= ZV_ROOM_WATCHES; i++)
		cr_expect_gt(w.room_seen[i], 10u, "room state %d was met %u times", i, w.room_seen[i]);
	for (int i = 1; i < ZV_DESK_MAX; i++)
		cr_expect_gt(w.done[i], i == ZV_DESK_PERSON ? 5u : 20u, "wish %d was granted %llu times", i, (unsigned long long)w.done[i]);
	free(w.answered);
	bed_destroy(w.b);
}
