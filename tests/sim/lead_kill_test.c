/* A lead that is paid while its call is being placed, at every stage: no intent after it was
 * taken in, no INVITE after it was acknowledged (nor, in fact, after it was taken in), a ringing
 * call is cancelled, and whatever had begun has one last step.  ZVONAR_LONG: 100,000 of them. */
#include <criterion/criterion.h>

#include "lawbed.h"

enum stage {
	OFFER_UNDER_WAY, OFFER_UNDER_WAY_TOLD, FUTURE, READY, RESERVING, INTENT_WAITS, DIALLING,
	FAILOVER, FAILOVER_FLUSHED, THINKING, STAGES
};

struct kill_world {
	struct bed *bed;
	uint32_t seen[128];  /* commands since the lead was offered, by type */
	uint32_t subs;
	bool out, acked;     /* this person has opted out; it was acknowledged */
	bool other_lead;     /* another lead is paid: this one goes on */
	uint32_t dials_after_control, finals, cancels;
	bool asked_after;
	struct zv_attempt_id token;
	char broken[96];
};

static void judge(void *arg, const struct zv_cmd *cmd)
{
	struct kill_world *w = arg;

	w->seen[cmd->type < 128 ? cmd->type : 0]++;
	if (cmd->type == ZV_CMD_LADDER)
		w->subs += cmd->u.ladder.what == ZV_LADDER_SUB;
	if (cmd->type == ZV_CMD_TELL && cmd->u.tell.what == ZV_TELL_TOLD &&
	    zv_attempt_eq(cmd->attempt, w->token))
		w->acked = true;
	if (!w->out)
		return;
	if (w->other_lead) {
		w->dials_after_control += cmd->type == ZV_CMD_DIAL;
		return;
	}
	if (cmd->type == ZV_CMD_STEP && cmd->u.step.kind == ZV_STEP_FINAL &&
	    cmd->u.step.category == 5)
		w->finals++;
	else if (cmd->type == ZV_CMD_STEP || cmd->type == ZV_CMD_DEFER)
		snprintf(w->broken, sizeof(w->broken), "another step than the last");
	w->cancels += cmd->type == ZV_CMD_CANCEL;
	w->asked_after |= cmd->type == ZV_CMD_ASK;
	if (cmd->type == ZV_CMD_INTENT)
		snprintf(w->broken, sizeof(w->broken), "an intent after the kill");
	if (cmd->type == ZV_CMD_LADDER && cmd->u.ladder.what == ZV_LADDER_SUB)
		snprintf(w->broken, sizeof(w->broken), "a sub-attempt after the kill");
	if (cmd->type == ZV_CMD_DIAL)
		snprintf(w->broken, sizeof(w->broken), "an INVITE after the kill%s",
			 w->acked ? " was acknowledged" : "");
}

static bool turn_until(struct kill_world *w, enum zv_cmd_type type)
{
	for (int i = 0; i < 100 && w->seen[type] == 0; i++)
		(void)bed_turn(w->bed);
	return w->seen[type] > 0;
}

static void kill_it(struct kill_world *w, uint32_t n)
{
	struct zv_event ev = {.type = ZV_EV_KILL, .attempt = {77, n}};

	ev.u.kill.lead = w->other_lead ? n + 1000000 : n + 1;
	ev.u.kill.campaign = 1;
	ev.u.kill.category = 5;
	w->token = ev.attempt;
	w->out = true;
	bed_step(w->bed, &ev);
	cr_assert_eq(w->seen[ZV_CMD_KILL], 1);
}

static void offer(struct kill_world *w, uint32_t n, enum stage stage, uint64_t txn)
{
	struct bed *b = w->bed;
	struct zv_event ev = {.type = ZV_EV_OFFER, .u.offer = {.slab = 0, .txn = txn}};

	set_person(&b->persons[0], n + 1, bed_number(n), b->zone);
	bed_fill(b, 0, n + 1, n, 1);
	b->slabs[0].person_slab = 0;
	if (stage == FUTURE)
		b->slabs[0].due_ms = b->now.cal_ms + 10;
	bed_step(b, &ev);
}

/* Leads the lead to its stage; false: it does not get there. */
static bool advance(struct kill_world *w, uint32_t n, enum stage stage)
{
	struct bed *b = w->bed;

	b->no_trunk_permille = stage >= FAILOVER && stage != THINKING ? 1000 : 300;
	switch (stage) {
	case OFFER_UNDER_WAY:
	case OFFER_UNDER_WAY_TOLD:
		return true;
	case READY:
		bed_step(b, &(struct zv_event){.type = ZV_EV_STORE_STATE, .u.state.on = 0});
		offer(w, n, stage, b->txn);
		return true;
	case FUTURE:
	case RESERVING:
		offer(w, n, stage, b->txn);
		return true;
	case INTENT_WAITS:
		offer(w, n, stage, b->txn);
		return turn_until(w, ZV_CMD_INTENT);
	case DIALLING:
		offer(w, n, stage, b->txn);
		return turn_until(w, ZV_CMD_DIAL);
	case THINKING:
		b->no_trunk_permille = 0;
		offer(w, n, stage, b->txn);
		return turn_until(w, ZV_CMD_ASK);
	case FAILOVER:
	case FAILOVER_FLUSHED:
		offer(w, n, stage, b->txn);
		for (int i = 0; i < 100 && w->subs == 0; i++)
			(void)bed_turn(b);
		if (stage == FAILOVER_FLUSHED && b->n_waiting > 0) { /* its flush before the close */
			struct zv_event ev = b->waiting[b->n_waiting - 1];

			b->n_waiting--;
			bed_step(b, &ev);
		}
		b->no_trunk_permille = 300;
		return w->subs == 1;
	case STAGES: break;
	}
	return false;
}

static void one(struct kill_world *w, uint32_t n)
{
	struct bed *b = w->bed;
	enum stage stage = (enum stage)(n % STAGES);
	uint64_t txn = b->txn;

	memset(w->seen, 0, sizeof(w->seen));
	w->subs = w->finals = w->cancels = 0;
	w->out = w->acked = w->asked_after = false;
	w->other_lead = bed_draw(b, 8) == 0;
	b->shuffle = bed_draw(b, 2) == 0;
	cr_assert(advance(w, n, stage), "stage %d was not reached", (int)stage);
	kill_it(w, n);
	if (stage == OFFER_UNDER_WAY_TOLD)
		for (int i = 0; i < 100 && !w->acked; i++)
			(void)bed_turn(b);
	if (stage == OFFER_UNDER_WAY || stage == OFFER_UNDER_WAY_TOLD)
		offer(w, n, stage, txn);
	if (stage == READY)
		bed_step(b, &(struct zv_event){.type = ZV_EV_STORE_STATE, .u.state.on = 1});
	for (int i = 0; i < 20; i++)
		bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	bed_settle(b);
	/* The walk that sees the commit: the table forgets. */
	if (n % 7 == 0)
		bed_step(b, &(struct zv_event){.type = ZV_EV_DUE_HINT, .u.hint.txn = b->txn});
	cr_assert(w->acked, "nobody was told");
	cr_assert_eq(w->seen[ZV_CMD_RELEASE], 1, "stage %d: the lead is still held", (int)stage);
	if (w->other_lead)
		return;
	cr_assert(!w->asked_after, "stage %d: the strategy is asked about it", (int)stage);
	cr_assert_eq(w->finals, stage >= INTENT_WAITS, "stage %d: %u last steps", (int)stage, w->finals);
	cr_assert_eq(w->cancels, stage == DIALLING, "stage %d: %u CANCELs", (int)stage, w->cancels);
}

Test(lead_kill, at_every_stage_no_invite_follows, .timeout = 600)
{
	uint32_t n = bed_long() ? 100000 : 9000;
	struct kill_world w = {.bed = bed_create(1)};
	w.bed->judge = judge;
	w.bed->arg = &w;
	bed_open(w.bed, 1);
	for (uint32_t i = 0; i < n && w.broken[0] == 0; i++) {
		one(&w, i);
		cr_assert_str_empty(w.broken, "kill %u, stage %u: %s", i, i % STAGES, w.broken);
	}
	/* Where another lead was paid it went on: the judge has seen what it looks for. */
	cr_assert_gt(w.dials_after_control, n / 20, "%u INVITEs", w.dials_after_control);
	bed_destroy(w.bed);
}
