/* A lead is paid, cancelled or withdrawn: nothing that is pending of it is done any more.  Or its
 * next call moves: who holds it gives it back, and it is read anew.  The order is that of
 * opt-outs: memory first, then the disk, then whoever asked is told. */
#include "dial/desk/desk.h"
#include "dial/lead/pick.h"

struct found { bool any; };

static void find(void *arg, const struct zv_recent_one *one)
{
	struct found *found = arg;

	found->any = found->any || one->what == ZV_RECENT_KILLED || one->what == ZV_RECENT_MOVED;
}

bool zv_kill_stands(const struct zv_engine *e, uint64_t lead, uint64_t txn)
{
	struct zv_recent_ask ask = {.id = lead, .txn = txn, .by = ZV_RECENT_BY_LEAD};
	struct found found = {false};

	zv_recent_each(&e->law.recent, &ask, find, &found);
	return found.any;
}

/* What is not answered yet is not wanted any more; a talk goes on. */
static void kill_call(struct zv_engine *e, uint32_t slot)
{
	struct zv_call *call = &e->calls[slot];

	switch ((enum zv_call_state)call->state) {
	case ZV_CALL_RESERVE:
	case ZV_CALL_INTENT:
	case ZV_CALL_FAILOVER:
		call->withdrawn = true;
		break;
	case ZV_CALL_DIALING:
	case ZV_CALL_RINGING:
		if (!call->withdrawn && !call->cut)
			zv_emit_call(e, ZV_CMD_CANCEL, slot);
		call->withdrawn = true;
		break;
	case ZV_CALL_FREE:
	case ZV_CALL_TALKING:
	case ZV_CALL_LISTENING:
	case ZV_CALL_WAITING:
	case ZV_CALL_BRIDGED:
	case ZV_CALL_WRAPUP:
	case ZV_CALL_MESSAGE:
	case ZV_CALL_VOICEMAIL:
	case ZV_CALL_ENDING:
	case ZV_CALL_ADOPTED:
	case ZV_CALL_ORPHAN:
	case ZV_CALL_STATES:
	default:
		break;
	}
}

static void kill_held(struct zv_engine *e, uint32_t slab, uint8_t category)
{
	struct zv_held *held = &e->held[slab];

	zv_desk_unshow(e, slab);
	if (zv_pick_waits(e, slab)) {
		zv_pick_release(e, slab);
		return;
	}
	if (held->state == ZV_HELD_FLUSHING)
		return; /* its step goes to the disk before the kill, which undoes it there */
	held->killed = true;
	held->category = category;
	if (held->state == ZV_HELD_CALL && held->slot < e->conf->max_calls)
		kill_call(e, held->slot);
}

/* One that is being called stays: the store refuses, and whoever asked is told. */
static void move_held(struct zv_engine *e, uint32_t slab)
{
	if (zv_pick_waits(e, slab))
		zv_pick_release(e, slab);
}

void zv_kill(struct zv_engine *e, const struct zv_event *ev)
{
	bool move = ev->u.kill.category == 0;
	struct zv_recent_one one = {.what = move ? ZV_RECENT_MOVED : ZV_RECENT_KILLED,
				    .by = ZV_RECENT_BY_LEAD, .id = ev->u.kill.lead,
				    .token = zv_law_token_of(e, ev->attempt)};
	struct zv_cmd *cmd;

	if (one.id == 0) {
		e->stats.late_events++;
		return;
	}
	zv_recent_add(&e->law.recent, &one, 1);
	cmd = zv_emit(e, ZV_CMD_KILL);
	cmd->campaign = ev->u.kill.campaign;
	cmd->attempt = one.token;
	cmd->u.kill.lead = one.id;
	cmd->u.kill.category = ev->u.kill.category;
	cmd->u.kill.due_class = ev->u.kill.due_class;
	cmd->u.kill.owner = ev->u.kill.owner;
	cmd->u.kill.at_ms = ev->u.kill.at_ms;
	for (uint32_t i = 0; i < e->params.slabs.n; i++) {
		if (e->held[i].state == ZV_HELD_FREE || e->held[i].lead != one.id)
			continue;
		if (move)
			move_held(e, i);
		else
			kill_held(e, i, ev->u.kill.category);
	}
}
