#include "world.h"

#include "dial/facts.h"
#include "set.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS      86400000ll
#define START_MS    1764568800000ll /* Mon 2025-12-01 06:00 UTC = 09:00 in Moscow */
#define MAX_CALLS   256u
#define SLABS       128u
#define MAX_ATTEMPTS 8u
#define MSK_MS      (3 * 3600000ll)
#define PER_DAY     2u /* the rules of a lawful world: attempts a day and in seven days, */
#define PER_WEEK    6u
#define OPEN_MIN    (10 * 60) /* hours narrower than the campaign's, */
#define CLOSE_MIN   (19 * 60)
#define TALKS_DAY   1u /* talks a day, */
#define MESSAGES_DAY 1u /* and messages a day */

enum lead_state { LEAD_DUE, LEAD_OFFERED, LEAD_FINAL };

struct lead {
	enum lead_state state;
	int64_t due_ms;
	uint32_t attempts;
	bool intent_open, outcome_without_step;
	struct zv_attempt_id open;
	struct zv_contact row; /* of the open intent */
};

/* A person as the world's store and its judge know him: two accounts of the same. */
struct person {
	struct zv_contact rows[ZV_CONTACTS_MAX]; /* the store's: what the engine told */
	uint32_t n_rows;
	struct zv_suppressed out;
	bool has_out;
	uint32_t refs; /* leads that the engine holds */
	struct zv_attempt_id yes; /* last evidence */
	/* the judge's: what left the house, and what people did */
	int64_t dials[256], talks[256], messages[256];
	uint32_t n_dials, n_talks, n_messages;
	struct zv_attempt_id dialed;
	bool opted_out;
};

struct pending { int64_t at_ms; uint64_t order; struct zv_event ev; };

struct leg {
	bool invited, ended;
	uint32_t gen;
	uint32_t lead;
	struct zv_attempt_id attempt;
	bool media;
	uint16_t trunk;
};

struct world {
	struct world_params p;
	struct world_result *r;
	struct zv_engine_conf conf;
	struct zv_talk_graph script;
	struct zv_zones *zones;
	struct zv_slabs slabs;
	bool slab_used[SLABS];
	uint32_t slab_lead[SLABS];
	struct zv_engine *engine;
	uint32_t epoch;
	struct lead *leads;
	struct person *people;
	uint32_t n_people;
	struct zv_person_slabs persons;
	struct set set;
	uint64_t txn;
	uint16_t zone;
	struct leg legs[MAX_CALLS];
	struct pending *queue;
	uint32_t n_queue, cap_queue;
	uint64_t order, rng;
	struct zv_now now;
	uint32_t releases;
	int64_t hint_sent;
	uint32_t hint_releases;
	struct zv_cmd cmds[ZV_ENGINE_STEP_CMDS * 2];
	int64_t second;
	uint32_t in_second;
	bool stalled;
};

static uint64_t draw(struct world *w, uint64_t n)
{
	return zv_mix64(w->rng++) % n;
}

__attribute__((format(printf, 2, 3))) static void broken(struct world *w, const char *fmt, ...)
{
	va_list args;

	if (w->r->broken[0] != 0)
		return;
	va_start(args, fmt);
	(void)vsnprintf(w->r->broken, sizeof(w->r->broken), fmt, args);
	va_end(args);
}

static void later(struct world *w, int64_t in_ms, const struct zv_event *ev)
{
	uint32_t i;

	if (w->n_queue == w->cap_queue) {
		w->cap_queue = w->cap_queue == 0 ? 1024 : w->cap_queue * 2;
		w->queue = realloc(w->queue, w->cap_queue * sizeof(*w->queue));
	}
	/* A sorted array: what happens next stands at the end. */
	i = w->n_queue++;
	while (i > 0 && w->queue[i - 1].at_ms <= w->now.mono_ms + in_ms) {
		w->queue[i] = w->queue[i - 1];
		i--;
	}
	w->queue[i] = (struct pending){w->now.mono_ms + in_ms, w->order++, *ev};
}

static struct zv_event leg_event(const struct zv_cmd *cmd, enum zv_event_type type)
{
	return (struct zv_event){.type = (uint16_t)type, .trunk = cmd->trunk, .leg = cmd->leg,
				 .attempt = cmd->attempt};
}

static void step(struct world *w, const struct zv_event *ev);

static struct person *person_of(struct world *w, uint64_t lead)
{
	return &w->people[lead / w->p.per_person];
}

static bool same_day(int64_t a_ms, int64_t b_ms)
{
	return (a_ms + MSK_MS) / DAY_MS == (b_ms + MSK_MS) / DAY_MS;
}

static uint32_t count_day(const int64_t *times, uint32_t n, int64_t at_ms)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += same_day(times[i], at_ms);
	return sum;
}

/* The judge of the law: it hears of INVITEs and keys alone, and counts by hand.  An attempt is
 * dated by its intent, which is at most store_wait_ms older (fast-forward apart). */
static void judge_dial(struct world *w, const struct zv_cmd *cmd)
{
	struct person *p = person_of(w, w->legs[cmd->leg.slot].lead);
	int64_t now_ms = w->now.cal_ms, intent_ms = w->leads[w->legs[cmd->leg.slot].lead].row.at_ms;
	int64_t min = (now_ms + MSK_MS) / 60000 % 1440;
	uint32_t week = 0;

	if (!w->p.rules)
		return;
	if (p->opted_out)
		broken(w, "an INVITE to who has opted out");
	if (min < OPEN_MIN || min >= CLOSE_MIN)
		broken(w, "an INVITE outside the rule's hours: %02d:%02d", (int)(min / 60), (int)(min % 60));
	if (count_day(p->talks, p->n_talks, now_ms) >= TALKS_DAY)
		broken(w, "an INVITE on the day of a talk");
	if (zv_attempt_eq(p->dialed, cmd->attempt))
		return; /* the same attempt by another trunk */
	p->dialed = cmd->attempt;
	p->dials[p->n_dials++ % 256] = intent_ms;
	for (uint32_t i = 0; i < p->n_dials && i < 256; i++)
		week += p->dials[i] > intent_ms - 7 * DAY_MS;
	if (count_day(p->dials, p->n_dials, intent_ms) > PER_DAY)
		broken(w, "more attempts than a day may have");
	if (week > PER_WEEK)
		broken(w, "more attempts than seven days may have");
}

static void judge_key(struct world *w, const struct zv_event *ev)
{
	struct leg *leg = &w->legs[ev->leg.slot];
	struct person *p = person_of(w, leg->lead);

	if (leg->gen != ev->leg.gen || !leg->media)
		return;
	if (p->n_talks == 0 || !same_day(p->talks[(p->n_talks - 1) % 256], w->now.cal_ms))
		p->talks[p->n_talks++ % 256] = w->now.cal_ms;
	if (ev->u.media.key == '3') {
		p->opted_out = true;
		w->r->optouts++;
	}
}

static void row_add(struct person *p, const struct zv_contact *row)
{
	uint32_t at = p->n_rows;

	if (p->n_rows == ZV_CONTACTS_MAX - 1)
		memmove(&p->rows[0], &p->rows[1], sizeof(p->rows[0]) * --p->n_rows), at--;
	for (; at > 0 && p->rows[at - 1].at_ms > row->at_ms; at--)
		p->rows[at] = p->rows[at - 1];
	p->rows[at] = *row;
	p->n_rows++;
}

static void on_dial(struct world *w, const struct zv_cmd *cmd)
{
	struct leg *leg = &w->legs[cmd->leg.slot];
	uint32_t fate = (uint32_t)draw(w, 1000);
	int64_t ring_ms = 1000 + (int64_t)draw(w, 8000);
	struct zv_event ev;

	if (cmd->u.dial.adopt) {
		ev = leg_event(cmd, ZV_EV_SIP_FAILED);
		ev.code = 487;
		later(w, 50, &ev);
		ev = leg_event(cmd, ZV_EV_SIP_CLOSED);
		later(w, 60, &ev);
		return;
	}
	w->r->dials++;
	judge_dial(w, cmd);
	if (!leg->invited || leg->gen != cmd->leg.gen)
		broken(w, "an INVITE without a flushed intent");
	if (cmd->u.dial.sub != 0 && cmd->trunk == leg->trunk)
		broken(w, "a sub-attempt by the trunk that failed");
	if (cmd->u.dial.caller != w->conf.trunks[cmd->trunk].callers[0])
		broken(w, "a caller number of another trunk");
	leg->trunk = cmd->trunk;
	if (w->now.mono_ms / 1000 != w->second) {
		w->second = w->now.mono_ms / 1000;
		w->in_second = 0;
	}
	if (++w->in_second > w->r->most_in_second)
		w->r->most_in_second = w->in_second;
	if (fate < w->p.silent_permille)
		return; /* only the backstop's CANCEL ends it */
	ev = leg_event(cmd, ZV_EV_SIP_TRYING);
	later(w, 5, &ev);
	if (fate < 300) {
		ev = leg_event(cmd, ZV_EV_SIP_FAILED);
		ev.code = fate < 100 ? 404 : fate < 200 ? 486 : 503;
		later(w, 40, &ev);
		ev = leg_event(cmd, ZV_EV_SIP_CLOSED);
		later(w, 45, &ev);
		return;
	}
	ev = leg_event(cmd, ZV_EV_SIP_PROGRESS);
	ev.code = 180;
	later(w, 300, &ev);
	if (fate < 600) {
		ev = leg_event(cmd, ZV_EV_SIP_FAILED);
		ev.code = 487;
		ev.u.sip.cancelled = 1;
		later(w, cmd->u.dial.ring_ms, &ev);
		ev = leg_event(cmd, ZV_EV_SIP_CLOSED);
		later(w, cmd->u.dial.ring_ms + 5, &ev);
		return;
	}
	ev = leg_event(cmd, ZV_EV_SIP_ANSWERED);
	ev.code = 200;
	ev.u.sip.sdp = 1;
	later(w, ring_ms, &ev);
	if (fate < 800) {
		ev = leg_event(cmd, ZV_EV_MEDIA_KEY);
		ev.u.media.key = (uint8_t)('1' + draw(w, 3));
		later(w, ring_ms + 2000, &ev);
	} else if (fate < 900) {
		ev = leg_event(cmd, ZV_EV_SIP_ENDED);
		later(w, ring_ms + 3000, &ev);
		ev = leg_event(cmd, ZV_EV_SIP_CLOSED);
		later(w, ring_ms + 3005, &ev);
	}
}

static void on_intent(struct world *w, const struct zv_cmd *cmd)
{
	struct lead *lead = &w->leads[cmd->u.intent.lead];
	struct leg *leg = &w->legs[cmd->leg.slot];
	struct zv_event ev = leg_event(cmd, ZV_EV_INTENT_FLUSHED);

	if (lead->intent_open)
		broken(w, "a lead with two open intents");
	if (lead->state == LEAD_FINAL)
		broken(w, "a lead called after its category");
	if (!zv_attempt_eq(person_of(w, cmd->u.intent.lead)->yes, cmd->attempt))
		broken(w, "an intent without its evidence");
	if (w->p.rules && person_of(w, cmd->u.intent.lead)->has_out)
		broken(w, "an intent for who has opted out");
	lead->row = (struct zv_contact){
		.at_ms = cmd->cal_ms, .attempt = cmd->attempt, .e164 = cmd->u.intent.called,
		.campaign = cmd->campaign, .caller = cmd->u.intent.caller_hash,
		.debt = cmd->u.intent.debt, .topic = cmd->u.intent.topic,
		.channel = cmd->u.intent.channel};
	lead->intent_open = true;
	lead->open = cmd->attempt;
	lead->attempts++;
	*leg = (struct leg){.gen = cmd->leg.gen,
			    .lead = (uint32_t)cmd->u.intent.lead, .attempt = cmd->attempt};
	later(w, w->stalled ? 20000 : 10, &ev);
}

static void on_outcome(struct world *w, const struct zv_cmd *cmd)
{
	struct lead *lead = &w->leads[cmd->u.outcome.lead];

	if (cmd->u.outcome.amend)
		return;
	w->r->outcomes++;
	if (!lead->intent_open || !zv_attempt_eq(lead->open, cmd->attempt))
		broken(w, "an outcome without its open intent");
	lead->intent_open = false;
	if (cmd->u.outcome.outcome == ZV_OUT_NOT_SENT) {
		if (cmd->u.outcome.facts != 0)
			broken(w, "an attempt that was not sent counts");
		lead->attempts--;
		return;
	}
	lead->row.facts = cmd->u.outcome.facts;
	lead->row.exclude = cmd->u.outcome.exclude;
	lead->row.dial_s = cmd->u.outcome.dial_s;
	lead->row.connect_s = cmd->u.outcome.connect_s;
	lead->row.end_s = cmd->u.outcome.end_s;
	row_add(person_of(w, cmd->u.outcome.lead), &lead->row);
	lead->outcome_without_step = true;
}

/* The strategy: three attempts a day, two days, a key ends it. */
static void on_ask(struct world *w, const struct zv_cmd *cmd)
{
	const struct zv_offer *offer = &w->slabs.v[cmd->u.lead.slab];
	struct zv_event ev = {.type = ZV_EV_STEP};
	const struct zv_attempt_brief *last = &offer->history[offer->n_history - 1];

	ev.u.step.slab = cmd->u.lead.slab;
	if (offer->n_history == 0 || offer->n_history > ZV_HISTORY_MAX + 1)
		broken(w, "a question without a history");
	if (last->outcome == ZV_OUT_ANSWERED || offer->n_history >= MAX_ATTEMPTS) {
		ev.u.step.kind = ZV_STEP_FINAL;
		ev.u.step.category = 1;
	} else {
		ev.u.step.kind = ZV_STEP_RETRY;
		ev.u.step.due_ms = last->at_ms + 2 * 3600000 + (int64_t)draw(w, 3600000);
		ev.u.step.n_messages = (uint8_t)(draw(w, 4) == 0);
	}
	later(w, 1, &ev);
}

static void on_step(struct world *w, const struct zv_cmd *cmd)
{
	struct lead *lead = &w->leads[cmd->u.step.lead];
	struct zv_event ev = {.type = ZV_EV_STEP_FLUSHED, .leg.slot = cmd->u.step.slab};
	struct person *p = person_of(w, cmd->u.step.lead);

	for (uint8_t i = 0; cmd->type == ZV_CMD_STEP && i < cmd->u.step.n_messages; i++) {
		int64_t at_ms = cmd->u.step.message_at_ms[i];
		int64_t min;

		if (at_ms == ZV_NEVER_MS)
			continue;
		w->r->messages++;
		w->r->messages_later += at_ms != 0;
		at_ms = at_ms == 0 ? w->now.cal_ms : at_ms;
		min = (at_ms + MSK_MS) / 60000 % 1440;
		p->messages[p->n_messages++ % 256] = at_ms;
		if (!w->p.rules)
			continue;
		if (min < OPEN_MIN || min >= CLOSE_MIN)
			broken(w, "a message dated outside the rule's hours");
		if (count_day(p->messages, p->n_messages, at_ms) > MESSAGES_DAY)
			broken(w, "more messages than a day may have");
		if (p->opted_out)
			broken(w, "a message to who has opted out");
	}
	if (cmd->type == ZV_CMD_STEP && cmd->u.step.kind == ZV_STEP_FINAL) {
		lead->state = LEAD_FINAL;
		w->r->finals++;
	} else {
		lead->due_ms = cmd->u.step.due_ms;
	}
	if (cmd->type == ZV_CMD_STEP)
		lead->outcome_without_step = false;
	later(w, 5, &ev);
}

static void on_end(struct world *w, const struct zv_cmd *cmd)
{
	struct zv_event ev = leg_event(cmd, ZV_EV_SIP_ENDED);

	/* CANCEL of a call that nobody answered: it failed. */
	if (cmd->type == ZV_CMD_CANCEL) {
		ev.type = ZV_EV_SIP_FAILED;
		ev.code = 408;
		ev.u.sip.local = 1;
		ev.u.sip.cancelled = 1;
	} else {
		ev.u.sip.by = ZV_BY_US;
	}
	later(w, 20, &ev);
	ev = leg_event(cmd, ZV_EV_SIP_CLOSED);
	later(w, 30, &ev);
}

static void on_play(struct world *w, const struct zv_cmd *cmd)
{
	struct zv_event ev = leg_event(cmd, ZV_EV_MEDIA_PLAYED);

	ev.u.media.tag = cmd->u.play.tag;
	later(w, 1500, &ev);
}

static void on_suppress(struct world *w, const struct zv_cmd *cmd)
{
	struct person *p = &w->people[cmd->u.suppress.person - 1];
	struct zv_event ev = {.type = ZV_EV_TOLD, .attempt = cmd->attempt};

	p->has_out = true;
	p->out = (struct zv_suppressed){.campaign = cmd->u.suppress.campaign,
					.to_ms = cmd->u.suppress.to_ms};
	ev.u.offer.txn = ++w->txn;
	later(w, 10, &ev);
}

static void on_command(struct world *w, const struct zv_cmd *cmd)
{
	struct zv_event ev;

	w->r->trace = zv_mix64(w->r->trace ^ zv_siphash(&(struct zv_key){1, 2}, cmd, sizeof(*cmd)));
	switch ((enum zv_cmd_type)cmd->type) {
	case ZV_CMD_RESERVE:
		ev = leg_event(cmd, ZV_EV_RESERVED);
		later(w, 0, &ev);
		break;
	case ZV_CMD_INTENT: on_intent(w, cmd); break;
	case ZV_CMD_OUTCOME: on_outcome(w, cmd); break;
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER: on_step(w, cmd); break;
	case ZV_CMD_CALENDAR:
		if (cmd->u.calendar.to_ms <= w->now.cal_ms)
			broken(w, "the calendar goes back");
		w->now.cal_ms = cmd->u.calendar.to_ms;
		ev = (struct zv_event){.type = ZV_EV_CALENDAR};
		later(w, 0, &ev);
		break;
	case ZV_CMD_FETCH:
		break;
	case ZV_CMD_RELEASE:
		w->releases++;
		w->slab_used[cmd->u.lead.slab] = false;
		person_of(w, w->slab_lead[cmd->u.lead.slab])->refs--;
		if (w->leads[w->slab_lead[cmd->u.lead.slab]].state == LEAD_OFFERED)
			w->leads[w->slab_lead[cmd->u.lead.slab]].state = LEAD_DUE;
		break;
	case ZV_CMD_ASK: on_ask(w, cmd); break;
	case ZV_CMD_DIAL: on_dial(w, cmd); break;
	case ZV_CMD_CANCEL:
	case ZV_CMD_HANGUP: on_end(w, cmd); break;
	case ZV_CMD_MEDIA_OPEN: w->legs[cmd->leg.slot].media = true; break;
	case ZV_CMD_MEDIA_PLAY: on_play(w, cmd); break;
	case ZV_CMD_MEDIA_STOP:
	case ZV_CMD_CARD:
	case ZV_CMD_BRIDGE:
	case ZV_CMD_UNBRIDGE:
	case ZV_CMD_AGENT: break;
	case ZV_CMD_EVIDENCE:
		if (cmd->u.evidence.answer == ZV_ANSWER_YES)
			person_of(w, cmd->u.evidence.lead)->yes = cmd->attempt;
		else
			w->r->refusals++;
		break;
	case ZV_CMD_SUPPRESS: on_suppress(w, cmd); break;
	case ZV_CMD_CONTACT:
		row_add(person_of(w, cmd->u.contact.lead), &(struct zv_contact){
			.at_ms = cmd->u.contact.at_ms, .attempt = cmd->attempt, .e164 = cmd->u.contact.e164,
			.campaign = cmd->campaign, .facts = cmd->u.contact.facts,
			.channel = cmd->u.contact.channel});
		break;
	case ZV_CMD_MARK: break;
	case ZV_CMD_MEDIA_CLOSE:
		ev = leg_event(cmd, ZV_EV_MEDIA_CLOSED);
		later(w, 1, &ev);
		break;
	case ZV_CMD_LADDER:
		if (cmd->u.ladder.what == ZV_LADDER_SUB) {
			w->legs[cmd->leg.slot].invited = false; /* until it is on disk, too */
			w->legs[cmd->leg.slot].gen++;
			w->r->failovers++;
			ev = leg_event(cmd, ZV_EV_INTENT_FLUSHED);
			later(w, 8, &ev);
		}
		break;
	case ZV_CMD_TELL:
	case ZV_CMD_DESK:
	case ZV_CMD_QUEUE:
	case ZV_CMD_MISSED:
	case ZV_CMD_KILL:
	case ZV_CMD_ACCEPT:
	case ZV_CMD_REJECT:
	case ZV_CMD_MEDIA_LINK:
	case ZV_CMD_MEDIA_LISTEN:
	case ZV_CMD_MEDIA_RECORD:
	case ZV_CMD_MEDIA_KEY: break;
	}
}

static void check_hours(struct world *w, const struct zv_cmd *cmd)
{
	int64_t local_s = (cmd->cal_ms / 1000 + 3 * 3600) % 86400;

	if (cmd->type == ZV_CMD_DIAL && !cmd->u.dial.adopt &&
	    (local_s < 9 * 3600 || local_s >= 21 * 3600))
		broken(w, "an INVITE at %02d:%02d local time", (int)(local_s / 3600),
		       (int)(local_s / 60 % 60));
}

static void step(struct world *w, const struct zv_event *ev)
{
	struct zv_cmds out = {.v = w->cmds, .cap = ZV_ENGINE_STEP_CMDS * 2};
	struct zv_engine_stats stats;

	if (ev->type == ZV_EV_MEDIA_KEY)
		judge_key(w, ev);
	if (ev->type == ZV_EV_INTENT_FLUSHED)
		w->legs[ev->leg.slot].invited = true;
	zv_engine_step(w->engine, &w->now, ev, &out);
	for (uint32_t i = 0; i < out.n; i++) {
		struct zv_cmd cmd = w->cmds[i];

		check_hours(w, &cmd);
		on_command(w, &cmd);
	}
	zv_engine_get_stats(w->engine, &stats);
	if (stats.peak_calls > w->r->peak_calls)
		w->r->peak_calls = stats.peak_calls;
	if (stats.calls > w->p.channels * w->conf.n_trunks && stats.adopted == 0)
		broken(w, "%u calls on %u channels", stats.calls, w->p.channels * w->conf.n_trunks);
}

static void fill_person(struct world *w, uint32_t i)
{
	struct person *p = &w->people[i];
	struct zv_person_slab *slab = &w->persons.v[i];

	if (p->refs++ > 0)
		return; /* the engine has it */
	set_person(slab, i + 1, 79160000000u + i, w->zone);
	memcpy(slab->contacts, p->rows, p->n_rows * sizeof(p->rows[0]));
	slab->n_contacts = (uint16_t)p->n_rows;
	slab->first_ms = p->n_rows > 0 ? p->rows[0].at_ms : 0;
	if (p->has_out)
		(void)zv_person_suppress(slab, &p->out);
}

/* The lookahead: free slabs take the leads that are due first. */
static void offer(struct world *w)
{
	uint32_t seen = w->releases;
	int64_t hint = 0;

	for (uint32_t s = 0; s < SLABS; s++) {
		uint32_t best = UINT32_MAX;

		if (w->slab_used[s])
			continue;
		for (uint32_t i = 0; i < w->p.leads; i++)
			if (w->leads[i].state == LEAD_DUE && !w->leads[i].intent_open &&
			    (best == UINT32_MAX || w->leads[i].due_ms < w->leads[best].due_ms))
				best = i;
		if (best == UINT32_MAX || w->leads[best].due_ms > w->now.cal_ms + 120000)
			break;
		w->slab_used[s] = true;
		w->slab_lead[s] = best;
		w->leads[best].state = LEAD_OFFERED;
		w->slabs.v[s].lead = best;
		w->slabs.v[s].person = best / w->p.per_person + 1;
		w->slabs.v[s].person_slab = best / w->p.per_person;
		fill_person(w, best / w->p.per_person);
		w->slabs.v[s].campaign = 7;
		w->slabs.v[s].due_ms = w->leads[best].due_ms;
		w->slabs.v[s].n_numbers = 1;
		w->slabs.v[s].numbers[0].e164 = 79160000000u + best / w->p.per_person;
		w->slabs.v[s].n_history = (uint8_t)w->leads[best].attempts;
		w->slabs.v[s].needs_step = w->leads[best].outcome_without_step;
		step(w, &(struct zv_event){.type = ZV_EV_OFFER, .u.offer = {.slab = s, .txn = w->txn}});
	}
	for (uint32_t i = 0; i < w->p.leads; i++)
		if (w->leads[i].state == LEAD_DUE && !w->leads[i].intent_open &&
		    (hint == 0 || w->leads[i].due_ms < hint))
			hint = w->leads[i].due_ms;
	if (hint != w->hint_sent || seen != w->hint_releases) {
		w->hint_sent = hint;
		w->hint_releases = seen;
		step(w, &(struct zv_event){.type = ZV_EV_DUE_HINT, .code = seen,
					   .u.hint = {hint, w->txn}});
	}
}

static void start(struct world *w)
{
	struct zv_engine_params params = {.conf = &w->conf, .slabs = w->slabs,
					  .persons = w->persons, .node = 1, .epoch = ++w->epoch, .seed = w->p.seed};

	if (zv_engine_create(&params, &w->engine) != ZV_OK)
		abort();
	w->releases = w->hint_releases = 0;
	w->hint_sent = -1;
	step(w, &(struct zv_event){.type = ZV_EV_CAMPAIGN, .code = 7, .u.state.on = 1});
}

/* kill -9: what was on its way is gone, the store's recovery settles open intents. */
static void crash(struct world *w)
{
	bool up[MAX_CALLS];

	for (uint32_t s = 0; s < MAX_CALLS; s++) {
		const struct lead *lead = &w->leads[w->legs[s].lead];

		up[s] = w->legs[s].invited && lead->intent_open &&
			zv_attempt_eq(lead->open, w->legs[s].attempt);
	}
	zv_engine_destroy(w->engine);
	w->n_queue = 0;
	memset(w->slab_used, 0, sizeof(w->slab_used));
	for (uint32_t i = 0; i < w->n_people; i++)
		w->people[i].refs = 0;
	for (uint32_t i = 0; i < w->p.leads; i++) {
		struct lead *lead = &w->leads[i];

		if (lead->state == LEAD_OFFERED)
			lead->state = LEAD_DUE;
		if (lead->intent_open) {
			w->r->crashed_open++;
			w->r->outcomes++;
			lead->intent_open = false;
			lead->due_ms = w->now.cal_ms + DAY_MS / 24; /* the law alone rests it */
			/* Nobody knows: it counts as an attempt and as a talk. */
			lead->row.facts = zv_facts_of(ZV_OUT_UNKNOWN, 0, lead->row.channel);
			row_add(person_of(w, i), &lead->row);
			person_of(w, i)->talks[person_of(w, i)->n_talks++ % 256] = lead->row.at_ms;
		}
	}
	start(w);
	for (uint32_t s = 0; s < MAX_CALLS; s++)
		if (up[s])
			step(w, &(struct zv_event){.type = ZV_EV_ADOPT, .trunk = w->legs[s].trunk,
						   .leg = {s, w->legs[s].gen},
						   .attempt = w->legs[s].attempt,
						   .u.adopt = {.campaign = 7, .e164 = 1}});
	memset(w->legs, 0, sizeof(w->legs));
}

static void set_up_rules(struct world *w)
{
	set_start(&w->set, w->zones);
	if (w->p.rules) {
		set_freq(&w->set, ZV_FACT_ATTEMPT, PER_DAY, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
		set_freq(&w->set, ZV_FACT_ATTEMPT, PER_WEEK, ZV_WINDOW_ROLLING, ZV_UNIT_DAY, 7);
		set_freq(&w->set, ZV_FACT_CONVERSATION, TALKS_DAY, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
		set_freq(&w->set, ZV_FACT_MESSAGE, MESSAGES_DAY, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
		set_hours(&w->set, OPEN_MIN, CLOSE_MIN);
	}
	set_finish(&w->set);
	w->conf.rules = &w->set.rules;
}

static void set_up(struct world *w)
{
	struct zv_talk_node *n = w->script.nodes;
	uint16_t zone;

	w->script = (struct zv_talk_graph){.n_nodes = 4, .start = 0, .n_prompts = 1};
	n[0] = (struct zv_talk_node){.op = ZV_TALK_ASK, .barge_in = 1, .wait_ms = 3000,
				     .repeat_max = 1, .no_input = 2, .wrong_key = ZV_TALK_NONE,
				     .wrong_prompt = ZV_TALK_NONE};
	memset(n[0].on_key, ZV_TALK_NONE, sizeof(n[0].on_key));
	n[0].on_key[1] = n[0].on_key[2] = 1;
	n[0].on_key[3] = 3;
	n[3] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 2,
				     .optout = ZV_TALK_OUT_EVERYWHERE};
	n[1] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 1};
	n[2] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_SILENT};
	if (zv_zones_create(NULL, &w->zones) != ZV_OK ||
	    zv_zones_intern(w->zones, "Europe/Moscow", &zone) != ZV_OK)
		abort();
	w->conf = (struct zv_engine_conf){
		.max_calls = MAX_CALLS, .max_dialing_ms = 60000, .store_wait_ms = 5000,
		.fast_forward = w->p.fast_forward, .fast_forward_until_ms = START_MS + 30 * DAY_MS,
		.n_trunks = 1 + (w->p.seed & 1), .n_campaigns = 1, .zones = w->zones};
	w->conf.trunks[0] = (struct zv_trunk_conf){.name = "t", .enabled = true, .cps = w->p.cps,
						   .channels = w->p.channels, .n_callers = 1,
						   .callers = {74950000001u}};
	/* The second one takes what the first one fails at. */
	w->conf.trunks[1] = w->conf.trunks[0];
	w->conf.trunks[1].name[0] = 'u';
	w->conf.trunks[1].priority = 1;
	w->conf.trunks[1].callers[0]++;
	w->conf.campaigns[0] = (struct zv_campaign_conf){.id = 7, .name = "c", .enabled = true,
							 .ring_ms = 10000, .talk_max_s = 60,
							 .script = &w->script};
	set_campaign(&w->conf.campaigns[0]);
	w->conf.campaigns[0].denied_category = 2;
	w->zone = zone;
	w->p.per_person = w->p.per_person == 0 ? 1 : w->p.per_person;
	w->n_people = (w->p.leads + w->p.per_person - 1) / w->p.per_person;
	w->people = calloc(w->n_people, sizeof(*w->people));
	w->persons = (struct zv_person_slabs){calloc(w->n_people, sizeof(struct zv_person_slab)),
					      w->n_people};
	set_up_rules(w);
	for (int d = 0; d < 7; d++)
		w->conf.campaigns[0].hours[d] = (struct zv_day_hours){9 * 60, 21 * 60};
	w->slabs = (struct zv_slabs){calloc(SLABS, sizeof(struct zv_offer)), SLABS};
	w->leads = calloc(w->p.leads, sizeof(*w->leads));
	for (uint32_t i = 0; i < w->p.leads; i++)
		w->leads[i].due_ms = START_MS;
	for (uint32_t s = 0; s < SLABS; s++)
		w->slabs.v[s].zone = zone;
}

void world_run(const struct world_params *params, struct world_result *ret)
{
	struct world *w = calloc(1, sizeof(*w));
	int64_t end_ms, crash_ms, stall_ms;

	*ret = (struct world_result){0};
	w->p = *params;
	w->r = ret;
	w->rng = params->seed * 1000003;
	w->now = (struct zv_now){START_MS, 1000000};
	set_up(w);
	start(w);
	end_ms = w->now.mono_ms + params->hours_ms;
	crash_ms = w->now.mono_ms + 1000 + (int64_t)draw(w, 60000);
	stall_ms = w->now.mono_ms + 10000;
	while (w->now.mono_ms < end_ms && ret->finals < params->leads && ret->broken[0] == 0) {
		int64_t next_ms = zv_engine_next_tick_ms(w->engine);
		bool event = w->n_queue > 0 && w->queue[w->n_queue - 1].at_ms <= next_ms;

		if (event)
			next_ms = w->queue[w->n_queue - 1].at_ms;
		if (next_ms > w->now.mono_ms + 1000)
			next_ms = w->now.mono_ms + 1000;
		if (next_ms > w->now.mono_ms) {
			w->now.cal_ms += next_ms - w->now.mono_ms;
			w->now.mono_ms = next_ms;
		}
		w->stalled = params->store_stall && w->now.mono_ms >= stall_ms &&
			     w->now.mono_ms < stall_ms + 20000;
		if (params->crash && w->now.mono_ms >= crash_ms) {
			crash_ms = INT64_MAX;
			crash(w);
		} else if (event && w->queue[w->n_queue - 1].at_ms <= w->now.mono_ms) {
			struct zv_event ev = w->queue[--w->n_queue].ev;

			step(w, &ev);
		} else {
			step(w, &(struct zv_event){.type = ZV_EV_TICK});
		}
		offer(w);
	}
	ret->cal_end_ms = w->now.cal_ms;
	zv_engine_destroy(w->engine);
	zv_zones_destroy(w->zones);
	free(w->slabs.v);
	free(w->persons.v);
	free(w->people);
	free(w->leads);
	free(w->queue);
	free(w);
}
