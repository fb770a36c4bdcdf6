/* The store of the world: commands in order, a commit for many, and what is on disk is there. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sim/world_int.h"

#define BIT(name) ZV_FACT_BIT(ZV_FACT_##name)
/* An attempt that a crash left open counts as whatever it may have been. */
#define UNKNOWN_FACTS (BIT(INTENT) | BIT(ATTEMPT) | BIT(RING) | BIT(CONNECT) | BIT(LIVE_ANSWER) | \
		       BIT(CONVERSATION) | BIT(DIAL_SECONDS))

static bool is_zero(struct zv_attempt_id id)
{
	return zv_attempt_is_zero(id);
}

void zv_sim_disk(struct zv_sim *w, const struct zv_cmd *cmd)
{
	if (w->n_ops == w->cap_ops) {
		uint32_t cap = w->cap_ops == 0 ? 1024 : w->cap_ops * 2;
		struct sim_op *v = malloc(cap * sizeof(*v));

		if (v == NULL) {
			w->err = ZV_ENOMEM;
			return;
		}
		for (uint32_t i = 0; i < w->n_ops; i++)
			v[i] = w->ops[(w->ops_head + i) % w->cap_ops];
		free(w->ops);
		w->ops = v;
		w->ops_head = 0;
		w->cap_ops = cap;
	}
	w->ops[(w->ops_head + w->n_ops++) % w->cap_ops].cmd = *cmd;
	if (w->commit_ms == 0) {
		uint32_t flush_ms = w->p.flush_ms == 0 ? 5 : w->p.flush_ms;
		double u = zv_sim_u(w->p.seed, w->txn, ZV_U_MAX);

		w->commit_ms = w->now.mono_ms + flush_ms + (int64_t)(u * flush_ms);
		if (w->commit_ms < w->stalled_ms)
			w->commit_ms = w->stalled_ms;
		zv_sim_later(w, w->commit_ms - w->now.mono_ms, SIM_COMMIT, 0, w->epoch, 0);
	}
}

static uint32_t new_brief(struct zv_sim *w)
{
	if (w->n_briefs == w->cap_briefs) {
		uint32_t cap = w->cap_briefs * 2;
		struct sim_brief *v = realloc(w->briefs, cap * sizeof(*v));

		if (v == NULL) {
			w->err = ZV_ENOMEM;
			return 0;
		}
		w->briefs = v;
		w->cap_briefs = cap;
	}
	return w->n_briefs++;
}

static uint32_t new_entry(struct zv_sim *w)
{
	if (w->n_entries == w->cap_entries) {
		uint32_t cap = w->cap_entries * 2;
		struct sim_entry *v = realloc(w->entries, cap * sizeof(*v));

		if (v == NULL) {
			w->err = ZV_ENOMEM;
			return 0;
		}
		w->entries = v;
		w->cap_entries = cap;
	}
	return w->n_entries++;
}

static struct zv_contact *find_entry(struct zv_sim *w, uint32_t person, struct zv_attempt_id attempt)
{
	for (uint32_t i = w->people[person].ledger; i != 0; i = w->entries[i - 1].prev)
		if (zv_attempt_eq(w->entries[i - 1].c.attempt, attempt))
			return &w->entries[i - 1].c;
	return NULL;
}

static void drop_entry(struct zv_sim *w, uint32_t person, struct zv_attempt_id attempt)
{
	uint32_t *at = &w->people[person].ledger;

	while (*at != 0 && !zv_attempt_eq(w->entries[*at - 1].c.attempt, attempt))
		at = &w->entries[*at - 1].prev;
	if (*at != 0)
		*at = w->entries[*at - 1].prev;
}

static void add_entry(struct zv_sim *w, uint32_t person, const struct zv_contact *contact)
{
	uint32_t i = new_entry(w);

	w->entries[i] = (struct sim_entry){.c = *contact, .prev = w->people[person].ledger};
	w->people[person].ledger = i + 1;
}

static void add_brief(struct zv_sim *w, struct sim_lead *lead, const struct zv_attempt_brief *brief)
{
	uint32_t i = new_brief(w);

	w->briefs[i] = (struct sim_brief){.b = *brief, .prev = lead->history};
	lead->history = i + 1;
	if (lead->attempts < UINT8_MAX)
		lead->attempts++;
}

static void on_intent(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_lead *lead = &w->leads[cmd->u.intent.lead - 1];
	struct zv_contact contact = {
		.at_ms = cmd->cal_ms, .attempt = cmd->attempt, .e164 = cmd->u.intent.called,
		.campaign = cmd->campaign, .caller = cmd->u.intent.caller_hash,
		.debt = cmd->u.intent.debt, .topic = cmd->u.intent.topic, .facts = BIT(INTENT),
		.channel = cmd->u.intent.channel, .open = 1,
	};
	struct zv_event *ev;

	lead->open = cmd->attempt;
	add_entry(w, lead->person, &contact);
	w->legs[cmd->leg.slot].open = true;
	zv_judge_intent(w->judge, cmd->attempt, cmd->u.intent.sub);
	ev = zv_sim_tell(w, ZV_EV_INTENT_FLUSHED);
	ev->leg = cmd->leg;
	ev->attempt = cmd->attempt;
	ev->trunk = cmd->trunk;
}

static void on_sub(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct zv_event *ev;

	zv_judge_intent(w->judge, cmd->attempt, cmd->u.ladder.sub);
	ev = zv_sim_tell(w, ZV_EV_INTENT_FLUSHED);
	ev->leg = cmd->leg;
	ev->attempt = cmd->attempt;
	ev->trunk = cmd->trunk;
}

static void close_entry(struct zv_sim *w, struct zv_contact *c, const struct zv_cmd *cmd)
{
	if (c == NULL)
		return;
	c->facts = cmd->u.outcome.facts;
	c->exclude = cmd->u.outcome.exclude;
	if (cmd->u.outcome.amend)
		return;
	c->dial_s = cmd->u.outcome.dial_s;
	c->connect_s = cmd->u.outcome.connect_s;
	c->end_s = cmd->u.outcome.end_s;
	c->open = 0;
	(void)w;
}

static void on_outcome(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_lead *lead = &w->leads[cmd->u.outcome.lead - 1];
	struct zv_attempt_brief brief = {
		.at_ms = cmd->u.outcome.invite_ms, .outcome = cmd->u.outcome.outcome,
		.result = cmd->u.outcome.result, .number = cmd->u.outcome.number,
		.round = cmd->u.outcome.round, .sip_code = cmd->u.outcome.sip_code,
	};

	zv_judge_outcome(w->judge, cmd->attempt, cmd->u.outcome.outcome, cmd->u.outcome.amend != 0);
	zv_tally_add(&w->tallies[lead->campaign], cmd->cal_ms, cmd->u.outcome.facts);
	if (cmd->u.outcome.amend) {
		close_entry(w, find_entry(w, lead->person, cmd->attempt), cmd);
		return;
	}
	w->r->outcomes[cmd->u.outcome.outcome]++;
	/* With agents the world saw it itself (phone.c); of a robot's hand-over only the engine knows. */
	if (cmd->u.outcome.outcome == ZV_OUT_ABANDONED && !w->p.lists[lead->campaign].agents) {
		zv_sim_bucket(w)->abandoned++;
		w->r->campaigns[lead->campaign].abandoned++;
	}
	if (zv_attempt_eq(lead->open, cmd->attempt))
		lead->open = (struct zv_attempt_id){0};
	if (cmd->u.outcome.outcome == ZV_OUT_NOT_SENT) {
		if (zv_attempt_eq(w->legs[cmd->leg.slot].attempt, cmd->attempt))
			w->legs[cmd->leg.slot].open = false; /* nothing was sent: nothing is to end */
		drop_entry(w, lead->person, cmd->attempt);
		return;
	}
	if (cmd->u.outcome.answer_ms != 0)
		brief.talk_s = (uint16_t)((cmd->u.outcome.end_ms - cmd->u.outcome.answer_ms + 500) / 1000);
	add_brief(w, lead, &brief);
	close_entry(w, find_entry(w, lead->person, cmd->attempt), cmd);
	lead->needs_step = true;
}

static void on_step(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct sim_lead *lead = &w->leads[cmd->u.step.lead - 1];
	struct zv_event *ev = zv_sim_tell(w, ZV_EV_STEP_FLUSHED);

	ev->leg.slot = cmd->u.step.slab;
	ev->u.step.slab = cmd->u.step.slab;
	if (cmd->type == ZV_CMD_DEFER) {
		lead->due_ms = cmd->u.step.due_ms;
		return;
	}
	lead->needs_step = false;
	lead->due_ms = cmd->u.step.due_ms;
	if (cmd->u.step.kind == ZV_STEP_FINAL) {
		lead->category = cmd->u.step.category;
		if (cmd->u.step.due_ms == 0) {
			lead->state = LEAD_FINAL;
			w->r->finals++;
		} else {
			lead->round++;
		}
		return;
	}
	lead->number = cmd->u.step.number;
	lead->due_class = cmd->u.step.due_class;
}

/* People are told apart by their numbers: eight a person from PERSON_E164 on. */
static uint32_t person_of(const struct zv_sim *w, uint64_t person, uint64_t e164)
{
	if (person != 0 && person <= w->n_persons)
		return (uint32_t)person - 1;
	if (e164 >= UINT64_C(79000000000) && (e164 - UINT64_C(79000000000)) / 8 < w->n_persons)
		return (uint32_t)((e164 - UINT64_C(79000000000)) / 8);
	return SIM_NONE;
}

static void on_suppress(struct zv_sim *w, const struct zv_cmd *cmd)
{
	uint32_t person = person_of(w, cmd->u.suppress.person, cmd->u.suppress.e164);

	if (person == SIM_NONE)
		return;
	if (cmd->u.suppress.campaign == 0 || w->people[person].suppressed_in != 0)
		w->people[person].suppressed = true;
	else
		w->people[person].suppressed_in = cmd->u.suppress.campaign;
}

static void told(struct zv_sim *w, const struct zv_cmd *cmd)
{
	struct zv_event *ev = zv_sim_tell(w, ZV_EV_TOLD);

	ev->attempt = cmd->attempt;
	ev->u.offer.txn = w->txn;
}

static void apply(struct zv_sim *w, const struct zv_cmd *cmd)
{
	switch (cmd->type) {
	case ZV_CMD_INTENT: on_intent(w, cmd); break;
	case ZV_CMD_OUTCOME: on_outcome(w, cmd); break;
	case ZV_CMD_STEP:
	case ZV_CMD_DEFER: on_step(w, cmd); break;
	case ZV_CMD_LADDER:
		if (cmd->u.ladder.what == ZV_LADDER_SUB)
			on_sub(w, cmd);
		else if (cmd->u.ladder.what == ZV_LADDER_CLOSED &&
			 zv_attempt_eq(w->legs[cmd->leg.slot].attempt, cmd->attempt))
			w->legs[cmd->leg.slot].open = false;
		break;
	case ZV_CMD_EVIDENCE: w->evidence++; break;
	case ZV_CMD_SUPPRESS:
		on_suppress(w, cmd);
		told(w, cmd);
		break;
	case ZV_CMD_MARK:
	case ZV_CMD_CONTACT: told(w, cmd); break;
	default: break; /* nothing of the others goes to the disk */
	}
}

void zv_sim_commit(struct zv_sim *w)
{
	/* What comes out of the answers goes into the next batch. */
	uint32_t n = w->n_ops;

	w->commit_ms = 0;
	w->txn++;
	for (uint32_t i = 0; i < n; i++) {
		struct zv_cmd cmd = w->ops[w->ops_head].cmd;

		w->ops_head = (w->ops_head + 1) % w->cap_ops;
		w->n_ops--;
		apply(w, &cmd);
	}
}

/* As zv_store_recover: open intents become unknown and rest; what was not flushed never was. */
void zv_sim_recover(struct zv_sim *w)
{
	for (uint32_t i = 0; i < w->n_ops; i++) {
		const struct zv_cmd *cmd = &w->ops[(w->ops_head + i) % w->cap_ops].cmd;
		uint32_t person = cmd->type != ZV_CMD_SUPPRESS ? SIM_NONE :
			person_of(w, cmd->u.suppress.person, cmd->u.suppress.e164);

		if (person != SIM_NONE)
			zv_judge_optout(w->judge, person, true);
	}
	w->n_ops = w->ops_head = 0;
	w->commit_ms = 0;
	w->txn++;
	for (uint32_t i = 0; i < w->n_leads; i++) {
		struct sim_lead *lead = &w->leads[i];
		struct zv_attempt_brief brief = {.at_ms = w->now.cal_ms, .outcome = ZV_OUT_UNKNOWN,
						 .number = lead->number, .round = lead->round};
		struct zv_contact *c;

		if (is_zero(lead->open))
			continue;
		c = find_entry(w, lead->person, lead->open);
		if (c != NULL) {
			brief.at_ms = c->at_ms;
			c->facts = UNKNOWN_FACTS;
			c->open = 0;
		}
		add_brief(w, lead, &brief);
		lead->open = (struct zv_attempt_id){0};
		lead->due_ms = w->now.cal_ms +
			       (int64_t)w->conf->campaigns[lead->campaign].unknown_rest_s * 1000;
		w->r->outcomes[ZV_OUT_UNKNOWN]++;
		w->r->unknown++;
	}
}
