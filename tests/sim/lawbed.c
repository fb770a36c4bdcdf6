#include "lawbed.h"

struct bed *bed_create(uint32_t n_persons)
{
	struct bed *b = calloc(1, sizeof(*b));

	if (b == NULL || zv_zones_create(NULL, &b->zones) != ZV_OK ||
	    zv_zones_intern(b->zones, "Europe/Moscow", &b->zone) != ZV_OK)
		abort();
	b->n_persons = n_persons;
	b->slabs = calloc(BED_SLABS, sizeof(*b->slabs));
	b->persons = calloc(n_persons, sizeof(*b->persons));
	b->out = (struct zv_cmds){calloc(ZV_ENGINE_STEP_CMDS * 2, sizeof(struct zv_cmd)), 0,
				  ZV_ENGINE_STEP_CMDS * 2};
	b->now = (struct zv_now){BED_START_MS, 1000000};
	b->rng = 1;
	b->step_ms = 1;
	b->txn = 1;
	b->script = (struct zv_talk_graph){
		.n_nodes = 1, .nodes = {{.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED}}};
	b->conf = (struct zv_engine_conf){.max_calls = BED_CALLS, .max_dialing_ms = 90000,
					  .store_wait_ms = 3600000, .n_trunks = 2,
					  .n_campaigns = 2, .zones = b->zones};
	for (int i = 0; i < 2; i++) {
		b->conf.trunks[i] = (struct zv_trunk_conf){
			.name = {(char)('a' + i)}, .enabled = true, .cps = 50000,
			.channels = BED_CALLS, .unanswered_max = BED_CALLS, .priority = (uint8_t)i,
			.n_callers = 1, .callers = {74950000000u + (uint64_t)i}};
		b->conf.campaigns[i] = (struct zv_campaign_conf){
			.id = (uint32_t)i + 1, .enabled = true, .ring_ms = 30000,
			.script = &b->script};
		set_campaign(&b->conf.campaigns[i]);
		for (int d = 0; d < 7; d++)
			b->conf.campaigns[i].hours[d] = (struct zv_day_hours){0, 1440};
	}
	set_start(&b->set, b->zones);
	return b;
}

void bed_open(struct bed *b, uint32_t epoch)
{
	struct zv_engine_params params = {.conf = &b->conf, .slabs = {b->slabs, BED_SLABS},
					  .persons = {b->persons, b->n_persons},
					  .node = 1, .epoch = epoch, .seed = 1};

	set_finish(&b->set);
	b->conf.rules = &b->set.rules;
	if (zv_engine_create(&params, &b->engine) != ZV_OK)
		abort();
	for (uint32_t c = 1; c <= 2; c++)
		bed_step(b, &(struct zv_event){.type = ZV_EV_CAMPAIGN, .code = c, .u.state.on = 1});
}

void bed_destroy(struct bed *b)
{
	zv_engine_destroy(b->engine);
	zv_zones_destroy(b->zones);
	free(b->slabs);
	free(b->persons);
	free(b->out.v);
	free(b);
}

bool bed_long(void)
{
	return getenv("ZVONAR_LONG") != NULL;
}

uint64_t bed_draw(struct bed *b, uint64_t n)
{
	return zv_mix64(b->rng++) % n;
}

uint64_t bed_number(uint32_t person)
{
	return 79160000000u + person;
}

static void later(struct bed *b, const struct zv_event *ev)
{
	if (b->n_waiting == BED_WAITING)
		abort();
	b->waiting[b->n_waiting++] = *ev;
}

static struct zv_event reply(const struct zv_cmd *cmd, enum zv_event_type type)
{
	return (struct zv_event){.type = (uint16_t)type, .trunk = cmd->trunk, .leg = cmd->leg,
				 .attempt = cmd->attempt};
}

/* A third is busy, a third nobody answers, a third talks. */
static void on_dial(struct bed *b, const struct zv_cmd *cmd)
{
	uint64_t fate = bed_draw(b, 3);
	struct zv_event ev = reply(cmd, ZV_EV_SIP_FAILED);

	if (bed_draw(b, 1000) < b->no_trunk_permille) {
		ev.code = 503;
	} else if (fate == 2) {
		ev.type = ZV_EV_SIP_ANSWERED;
		ev.code = 200;
		ev.u.sip.sdp = 1;
		later(b, &ev);
		return;
	} else {
		ev.code = fate == 0 ? 486 : 480;
	}
	later(b, &ev);
	ev = reply(cmd, ZV_EV_SIP_CLOSED);
	later(b, &ev);
}

static void on_command(struct bed *b, const struct zv_cmd *cmd)
{
	struct zv_event ev = reply(cmd, ZV_EV_TICK);

	switch (cmd->type) { /* the others need no answer */
	case ZV_CMD_RESERVE: ev.type = ZV_EV_RESERVED; break;
	case ZV_CMD_INTENT: ev.type = ZV_EV_INTENT_FLUSHED; break;
	case ZV_CMD_LADDER:
		if (cmd->u.ladder.what != ZV_LADDER_SUB)
			return;
		ev.type = ZV_EV_INTENT_FLUSHED;
		break;
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER:
		ev.type = ZV_EV_STEP_FLUSHED;
		ev.leg.slot = cmd->u.step.slab;
		break;
	case ZV_CMD_ASK:
		ev.type = ZV_EV_STEP;
		ev.u.step.slab = cmd->u.lead.slab;
		ev.u.step.kind = ZV_STEP_RETRY;
		ev.u.step.due_ms = b->now.cal_ms + SET_DAY_MS;
		break;
	case ZV_CMD_SUPPRESS:
	case ZV_CMD_MARK:
	case ZV_CMD_CONTACT:
	case ZV_CMD_KILL:
		if (zv_attempt_is_zero(cmd->attempt))
			return;
		ev.type = ZV_EV_TOLD;
		ev.u.offer.txn = ++b->txn;
		break;
	case ZV_CMD_DIAL: on_dial(b, cmd); return;
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP:
		ev.type = ZV_EV_SIP_CLOSED;
		break;
	case ZV_CMD_MEDIA_CLOSE: ev.type = ZV_EV_MEDIA_CLOSED; break;
	default: return;
	}
	later(b, &ev);
}

void bed_step(struct bed *b, const struct zv_event *ev)
{
	uint32_t n;

	b->now.cal_ms += b->step_ms;
	b->now.mono_ms += b->step_ms < 1000 ? b->step_ms : 1000;
	b->steps++;
	b->out.n = 0;
	zv_engine_step(b->engine, &b->now, ev, &b->out);
	n = b->out.n;
	for (uint32_t i = 0; i < n; i++) {
		if (b->judge != NULL)
			b->judge(b->arg, &b->out.v[i]);
		on_command(b, &b->out.v[i]);
	}
}

bool bed_turn(struct bed *b)
{
	uint32_t at = 0;
	struct zv_event ev;

	if (b->n_waiting == 0) {
		bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
		return false;
	}
	/* The legs of one call answer in order; across calls anything may overtake. */
	if (b->shuffle) {
		at = (uint32_t)bed_draw(b, b->n_waiting);
		for (uint32_t i = 0; i < at; i++)
			if (b->waiting[i].leg.slot == b->waiting[at].leg.slot) {
				at = i;
				break;
			}
	}
	ev = b->waiting[at];
	b->n_waiting--;
	memmove(&b->waiting[at], &b->waiting[at + 1], (b->n_waiting - at) * sizeof(ev));
	bed_step(b, &ev);
	return true;
}

void bed_settle(struct bed *b)
{
	for (uint32_t i = 0; i < 100000 && bed_turn(b); i++)
		;
}

void bed_fill(struct bed *b, uint32_t slab, uint64_t lead, uint32_t person, uint32_t campaign)
{
	b->slabs[slab] = (struct zv_offer){
		.lead = lead, .person = person + 1, .campaign = campaign, .n_numbers = 1,
		.due_class = ZV_DUE_NORMAL, .due_ms = 1, .zone = b->zone, .person_slab = person,
		.numbers = {{.e164 = bed_number(person)}}};
}

void bed_offer(struct bed *b, uint32_t slab)
{
	bed_step(b, &(struct zv_event){.type = ZV_EV_OFFER, .u.offer = {.slab = slab, .txn = b->txn}});
}

void bed_hold_all(struct bed *b)
{
	for (uint32_t i = 0; i < b->n_persons; i++) {
		set_person(&b->persons[i], i + 1, bed_number(i), b->zone);
		bed_fill(b, i, BED_SENTINEL + i, i, 1);
		b->slabs[i].due_ms = INT64_MAX / 2;
		bed_offer(b, i);
	}
}
