#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/ahead.h"

#define COOL_MS      1000 /* before a lead that came back as it was is offered again */
#define POLL_MS      500
#define CALLBACK_EARLY_MS 120000
#define LISTS_UNSEEN UINT64_MAX

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- lanes ---- */

/* Something was put in at ms: look there again. */
static void lane_lower(struct zv_lane *lane, int64_t ms)
{
	if (ms <= lane->pos_ms) {
		lane->pos_ms = ms;
		lane->pos_lead = 0;
	}
	if (lane->end || (lane->peeked && ms <= lane->peek_ms))
		lane->peeked = lane->end = false;
}

static void lane_pass(struct zv_lane *lane)
{
	lane->pos_ms = lane->peek_ms;
	lane->pos_lead = lane->peek_lead + 1;
	lane->peeked = false;
}

static struct zv_lane *lane_of(struct zv_ahead *a, uint64_t lead, uint8_t class)
{
	for (uint32_t i = 0; i < a->n_camps; i++)
		if (a->camps[i].id == zv_lead_campaign(lead) && class < ZV_AHEAD_CLASSES)
			return &a->camps[i].lane[class];
	return NULL;
}

/* Finds the lane's next entry that is not held.  False: there is none. */
static bool lane_peek(struct zv_ahead *a, uint32_t campaign, uint8_t class, struct zv_lane *lane)
{
	uint8_t key[ZV_DUE_KEY];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	int rc;

	if (lane->peeked || lane->end)
		return lane->peeked;
	zv_due_key(key, campaign, class, lane->pos_ms, lane->pos_lead);
	rc = mdb_cursor_get(a->due, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(a->due, &k, &v, MDB_NEXT)) {
		const uint8_t *p = k.mv_data;
		struct zv_held_one *held;

		if (k.mv_size != ZV_DUE_KEY || zv_get_be32(p) != campaign || p[4] != class)
			break;
		lane->peek_ms = zv_key_time(zv_get_be64(p + 5));
		lane->peek_lead = zv_get_be64(p + 13);
		held = zv_held_find(&a->held, lane->peek_lead);
		if (held != NULL && held->cooling &&
		    (held->class != class || held->due_ms != lane->peek_ms)) {
			zv_held_remove(&a->held, held); /* it has moved: a new matter */
			held = NULL;
		}
		if (held == NULL) {
			lane->peeked = true;
			return true;
		}
		if (!held->cooling && (held->class != class || held->due_ms != lane->peek_ms)) {
			/* Its step is in before the engine let go of it. */
			held->moved = true;
			held->moved_class = class;
			held->moved_ms = lane->peek_ms;
		}
		lane_pass(lane);
	}
	lane->end = true;
	return false;
}

/* ---- what changed ---- */

static enum zv_err add_camp(struct zv_ahead *a, uint32_t id)
{
	struct zv_ahead_camp *camp;

	for (uint32_t i = 0; i < a->n_camps; i++)
		if (a->camps[i].id == id)
			return ZV_OK;
	if (a->n_camps == a->cap_camps) {
		uint32_t cap = a->cap_camps == 0 ? 16 : a->cap_camps * 2;

		camp = realloc(a->camps, sizeof(*camp) * cap);
		if (camp == NULL)
			return ZV_ENOMEM;
		a->camps = camp;
		a->cap_camps = cap;
	}
	camp = &a->camps[a->n_camps++];
	*camp = (struct zv_ahead_camp){.id = id};
	for (int c = 0; c < ZV_AHEAD_CLASSES; c++)
		camp->lane[c].pos_ms = INT64_MIN;
	return ZV_OK;
}

/* A list or a campaign came, perhaps by another process: look at everything again.  What lies
 * before the old places are held leads only, so this costs little. */
static enum zv_err see_lists(struct zv_ahead *a)
{
	MDB_cursor *c;
	MDB_val k, v;
	uint64_t lists;
	enum zv_err err = zv_db_meta_get(a->txn, ZV_META_LISTS, &lists);
	int rc;

	if (err != ZV_OK || lists == a->lists)
		return err;
	rc = mdb_cursor_open(a->txn->t, a->txn->store->dbi[ZV_T_CAMPAIGNS], &c);
	if (rc != 0)
		return zv_db_err(rc, "campaigns");
	while (err == ZV_OK && mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0)
		if (k.mv_size == 5)
			err = add_camp(a, zv_get_be32(k.mv_data));
	mdb_cursor_close(c);
	for (uint32_t i = 0; i < a->n_camps; i++)
		for (int cl = 0; cl < ZV_AHEAD_CLASSES; cl++)
			lane_lower(&a->camps[i].lane[cl], INT64_MIN);
	a->lists = lists;
	a->look_at_asks = true;
	return err;
}

/* Before the transaction begins: what is told here is in it. */
static void see_marks(struct zv_ahead *a)
{
	struct zv_store *s = a->la->store;
	uint32_t asks = atomic_load_explicit(&s->asks_changed, memory_order_acquire);

	if (asks != a->asks_seen)
		a->look_at_asks = true;
	a->asks_seen = asks;
	for (uint32_t slot = 0; slot < ZV_LOW_SLOTS; slot++) {
		for (int cl = 0; cl < ZV_AHEAD_CLASSES; cl++) {
			int64_t low;

			if (atomic_load_explicit(&s->low[slot][cl], memory_order_relaxed) ==
			    INT64_MAX)
				continue;
			low = atomic_exchange_explicit(&s->low[slot][cl], INT64_MAX,
						       memory_order_acquire);
			for (uint32_t i = 0; i < a->n_camps; i++)
				if (a->camps[i].id % ZV_LOW_SLOTS == slot)
					lane_lower(&a->camps[i].lane[cl], low);
		}
	}
}

static void let_go(struct zv_ahead *a, uint32_t slab)
{
	a->releases++;
	if (slab >= a->la->slabs.n || a->slab_lead[slab] == 0)
		return;
	a->came_back[a->n_came_back++] = a->slab_lead[slab];
	a->slab_lead[slab] = 0;
	a->free_slabs[a->n_free++] = slab;
	zv_ahead_person_drop(a, a->slab_person[slab]);
}

static void no_offer(struct zv_ahead *a, uint64_t lead, uint32_t campaign, enum zv_err err)
{
	struct zv_event ev = {.type = ZV_EV_NO_OFFER, .code = (uint32_t)err,
			      .u.kill = {.lead = lead, .campaign = campaign}};

	/* One that is lost: whoever asked hears that nothing came in time. */
	if (zv_ring_push(a->la->events, &ev) != ZV_OK)
		a->ring_full = true;
}

static void note_fetch(struct zv_ahead *a, const struct zv_cmd *cmd)
{
	if (a->n_fetch == ZV_AHEAD_FETCHES) {
		no_offer(a, cmd->u.lead.lead, cmd->campaign, ZV_EAGAIN);
		return;
	}
	a->fetch[a->n_fetch].lead = cmd->u.lead.lead;
	a->fetch[a->n_fetch++].campaign = cmd->campaign;
}

/* Before the transaction begins: the steps of these leads are in it. */
static void take_releases(struct zv_ahead *a)
{
	struct zv_cmd cmds[64];
	uint32_t n;

	for (uint32_t i = 0; i < a->n_late; i++) {
		if (a->late[i] < a->la->slabs.n)
			zv_ahead_person_late(a, a->slab_person[a->late[i]], false);
		let_go(a, a->late[i]);
	}
	a->n_late = 0;
	while ((n = zv_ring_pop(a->la->commands, cmds, 64)) > 0)
		for (uint32_t i = 0; i < n; i++) {
			if (cmds[i].type == ZV_CMD_RELEASE)
				let_go(a, cmds[i].u.lead.slab);
			else if (cmds[i].type == ZV_CMD_FETCH)
				note_fetch(a, &cmds[i]);
		}
}

/* When the transaction has begun: a slab that the engine let go of before what the transaction
 * holds must not be offered as it stands.  The leads wait for the next walk. */
static void see_late_releases(struct zv_ahead *a)
{
	struct zv_cmd cmd;

	while (a->n_late < a->cap_late && zv_ring_pop(a->la->commands, &cmd, 1) == 1) {
		uint32_t slab = cmd.u.lead.slab;

		if (cmd.type == ZV_CMD_FETCH)
			note_fetch(a, &cmd);
		if (cmd.type != ZV_CMD_RELEASE)
			continue;
		a->late[a->n_late++] = slab;
		if (slab < a->la->slabs.n && a->slab_lead[slab] != 0)
			zv_ahead_person_late(a, a->slab_person[slab], true);
	}
}

static bool still_there(struct zv_ahead *a, const struct zv_held_one *one)
{
	uint8_t key[ZV_DUE_KEY];
	struct zv_r r;

	if (one->class == ZV_HELD_ASK) {
		zv_put_be64(key, one->lead);
		return zv_db_get(a->txn, ZV_T_ASKS, key, 8, &r) != ZV_ENOENT;
	}
	zv_due_key(key, zv_lead_campaign(one->lead), one->class, one->due_ms, one->lead);
	return zv_db_get(a->txn, ZV_T_DUE, key, sizeof(key), &r) != ZV_ENOENT;
}

static void cool(struct zv_ahead *a, struct zv_held_one *one)
{
	one->cooling = true;
	one->until_ms = now_ms() + COOL_MS;
	a->cooling[(a->cooling_first + a->n_cooling++) % a->la->slabs.n] = one->lead;
}

static void again(struct zv_ahead *a, uint64_t lead, uint8_t class, int64_t due_ms)
{
	struct zv_lane *lane = lane_of(a, lead, class);

	if (class == ZV_HELD_ASK)
		a->look_at_asks = true;
	else if (lane != NULL)
		lane_lower(lane, due_ms);
}

/* The usual lead that comes back has moved or is done.  One that has not was of no use to the
 * engine: offering it again at once would go on for ever. */
static void settle_releases(struct zv_ahead *a)
{
	for (uint32_t i = 0; i < a->n_came_back; i++) {
		struct zv_held_one *one = zv_held_find(&a->held, a->came_back[i]);

		if (one == NULL)
			continue;
		if (still_there(a, one) && a->n_cooling < a->la->slabs.n) {
			cool(a, one);
		} else {
			struct zv_held_one gone = *one;

			zv_held_remove(&a->held, one);
			/* Else it has not been met elsewhere: it is before its lane's place, or
			 * has no entry. */
			if (gone.moved)
				again(a, gone.lead, gone.moved_class, gone.moved_ms);
		}
	}
	a->n_came_back = 0;
}

static void warm_up(struct zv_ahead *a)
{
	int64_t now = now_ms();

	while (a->n_cooling > 0) {
		uint64_t lead = a->cooling[a->cooling_first];
		struct zv_held_one *one = zv_held_find(&a->held, lead);

		if (one != NULL && one->cooling && one->until_ms > now)
			return;
		a->cooling_first = (a->cooling_first + 1) % a->la->slabs.n;
		a->n_cooling--;
		if (one != NULL && one->cooling) {
			struct zv_held_one gone = *one;

			zv_held_remove(&a->held, one);
			again(a, gone.lead, gone.class, gone.due_ms);
		}
	}
}

/* ---- offers ---- */

/* A part of the slabs is kept for what is urgent. */
static bool slab_for(const struct zv_ahead *a, uint8_t class)
{
	uint32_t kept = class == ZV_DUE_NORMAL || class == ZV_DUE_LATER ? a->la->slabs.n / 16 : 0;

	return a->n_free > kept;
}

static enum zv_filled offer(struct zv_ahead *a, uint64_t lead, uint8_t class, int64_t due_ms)
{
	uint32_t slab = a->free_slabs[a->n_free - 1];
	struct zv_event ev = {.type = ZV_EV_OFFER, .u.offer = {.slab = slab, .txn = a->txn_id}};
	struct zv_held_one one = {.lead = lead, .due_ms = due_ms, .class = class};
	enum zv_filled filled;
	uint32_t person;

	if (zv_ring_room(a->la->events) == 0) {
		a->ring_full = true;
		return ZV_FILL_LATER;
	}
	filled = zv_ahead_fill(a, lead, class == ZV_HELD_ASK, &a->la->slabs.v[slab]);
	if (filled == ZV_FILL_SKIP)
		return filled;
	if (filled == ZV_FILL_LATER) {
		if (a->n_cooling == a->la->slabs.n) {
			a->ring_full = true; /* many are not ready: the rest of the walk waits */
			return ZV_FILL_LATER;
		}
		zv_held_put(&a->held, &one);
		cool(a, zv_held_find(&a->held, lead));
		return ZV_FILL_SKIP;
	}
	person = a->la->slabs.v[slab].person_slab; /* the engine's from the push on */
	if (zv_ring_push(a->la->events, &ev) != ZV_OK) {
		zv_ahead_person_drop(a, person);
		a->ring_full = true;
		return ZV_FILL_LATER;
	}
	a->n_free--;
	a->slab_lead[slab] = lead;
	a->slab_person[slab] = person;
	a->slab_due[slab] = due_ms;
	zv_held_put(&a->held, &one);
	return ZV_FILLED;
}

/* One lead, due or not. */
static enum zv_err fetch_one(struct zv_ahead *a, uint64_t lead, uint32_t campaign)
{
	struct zv_held_one *one = zv_held_find(&a->held, lead);
	struct zv_lead_rec rec;
	enum zv_err err = zv_db_lead_get(a->txn, lead, &rec);
	enum zv_filled filled;

	if (err != ZV_OK || zv_lead_campaign(lead) != campaign)
		return ZV_ENOENT;
	if (rec.due_ms == 0 || rec.needs_step != 0)
		return rec.state == ZV_LEAD_OPEN || rec.state == ZV_LEAD_ASKING ? ZV_EAGAIN : ZV_EDENIED;
	if (a->n_free == 0 || a->ring_full || (one != NULL && !one->cooling))
		return ZV_EAGAIN;
	if (one != NULL)
		zv_held_remove(&a->held, one);
	filled = offer(a, lead, rec.due_class, rec.due_ms);
	return filled == ZV_FILLED ? ZV_OK : filled == ZV_FILL_LATER ? ZV_EAGAIN : ZV_EDENIED;
}

static void offer_fetched(struct zv_ahead *a)
{
	for (uint32_t i = 0; i < a->n_fetch; i++) {
		enum zv_err err = fetch_one(a, a->fetch[i].lead, a->fetch[i].campaign);

		if (err == ZV_OK && zv_held_find(&a->held, a->fetch[i].lead)->cooling)
			err = ZV_EAGAIN; /* its audio is not ready */
		if (err != ZV_OK)
			no_offer(a, a->fetch[i].lead, a->fetch[i].campaign, err);
	}
	a->n_fetch = 0;
}

/* Leads whose outcome stands without a step: those that a crash cut, and those the engine is
 * just asking about (which are held).  Both are few. */
static enum zv_err offer_asks(struct zv_ahead *a)
{
	MDB_cursor *c;
	MDB_val k, v;
	int rc;

	if (!a->look_at_asks)
		return ZV_OK;
	a->asks_waiting = false;
	rc = mdb_cursor_open(a->txn->t, a->txn->store->dbi[ZV_T_ASKS], &c);
	if (rc != 0)
		return zv_db_err(rc, "asks");
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0 && !a->asks_waiting) {
		uint64_t lead = k.mv_size == 8 ? zv_get_be64(k.mv_data) : 0;
		bool running = false;

		for (uint32_t i = 0; i < a->n_camps; i++)
			running |= a->camps[i].id == zv_lead_campaign(lead) && a->camps[i].running;
		if (lead == 0 || !running || zv_held_find(&a->held, lead) != NULL)
			continue;
		if (a->n_free == 0 || offer(a, lead, ZV_HELD_ASK, 0) == ZV_FILL_LATER)
			a->asks_waiting = true;
	}
	mdb_cursor_close(c);
	a->look_at_asks = a->asks_waiting;
	return rc != 0 && rc != MDB_NOTFOUND ? zv_db_err(rc, "asks") : ZV_OK;
}

/* Offers the lane's next lead.  False: not now. */
static bool offer_next(struct zv_ahead *a, struct zv_lane *lane, uint8_t class)
{
	if (offer(a, lane->peek_lead, class, lane->peek_ms) == ZV_FILL_LATER)
		return false;
	lane_pass(lane);
	return true;
}

/* Class by class; within a class the campaigns take turns, each by due time. */
static void offer_due(struct zv_ahead *a, int64_t limit_ms)
{
	for (uint8_t class = 0; class < ZV_AHEAD_CLASSES; class++) {
		/* A call-back's answer is to come at its time: its call begins before. */
		int64_t early_ms = class == ZV_DUE_CALLBACK ? CALLBACK_EARLY_MS : 0;
		uint32_t idle = 0;

		while (idle < a->n_camps && slab_for(a, class) && !a->ring_full) {
			struct zv_ahead_camp *camp = &a->camps[a->turn++ % a->n_camps];
			struct zv_lane *lane = &camp->lane[class];

			if (camp->running && lane_peek(a, camp->id, class, lane) &&
			    lane->peek_ms <= limit_ms + early_ms && offer_next(a, lane, class))
				idle = 0;
			else
				idle++;
		}
	}
}

/* In fast-forward: some leads that are not due yet, the earliest first, so that the engine
 * knows where to go. */
static void offer_ahead(struct zv_ahead *a, int64_t limit_ms)
{
	uint32_t beyond = 0;

	if (a->la->ahead == 0)
		return;
	for (uint32_t i = 0; i < a->la->slabs.n; i++)
		beyond += a->slab_lead[i] != 0 && a->slab_due[i] > limit_ms;
	while (beyond < a->la->ahead && slab_for(a, ZV_DUE_LATER) && !a->ring_full) {
		struct zv_lane *best = NULL;
		uint8_t best_class = 0;

		for (uint32_t i = 0; i < a->n_camps; i++) {
			for (uint8_t c = 0; c < ZV_AHEAD_CLASSES && a->camps[i].running; c++) {
				struct zv_lane *lane = &a->camps[i].lane[c];

				if (lane_peek(a, a->camps[i].id, c, lane) &&
				    (best == NULL || lane->peek_ms < best->peek_ms)) {
					best = lane;
					best_class = c;
				}
			}
		}
		if (best == NULL || !offer_next(a, best, best_class))
			return;
		beyond++;
	}
}

/* Earliest due moment of what was not offered; 0 = nothing waits. */
static int64_t earliest(struct zv_ahead *a)
{
	int64_t best = INT64_MAX;

	if (a->asks_waiting)
		return 1;
	for (uint32_t i = 0; i < a->n_camps; i++) {
		for (uint8_t c = 0; c < ZV_AHEAD_CLASSES && a->camps[i].running; c++) {
			struct zv_lane *lane = &a->camps[i].lane[c];

			if (lane_peek(a, a->camps[i].id, c, lane) && lane->peek_ms < best)
				best = lane->peek_ms;
		}
	}
	for (uint32_t i = 0; i < a->n_cooling; i++) {
		uint64_t lead = a->cooling[(a->cooling_first + i) % a->la->slabs.n];
		struct zv_held_one *one = zv_held_find(&a->held, lead);
		struct zv_ahead_camp *camp = NULL;

		for (uint32_t j = 0; j < a->n_camps; j++)
			if (a->camps[j].id == zv_lead_campaign(lead))
				camp = &a->camps[j];
		if (one == NULL || !one->cooling || camp == NULL || !camp->running)
			continue;
		if (one->class == ZV_HELD_ASK)
			return 1;
		if (one->due_ms < best)
			best = one->due_ms;
	}
	if (best == INT64_MAX)
		return 0;
	return best < 1 ? 1 : best;
}

static void send_hint(struct zv_ahead *a, int64_t due_ms, uint32_t releases)
{
	struct zv_event ev = {.type = ZV_EV_DUE_HINT,
			      .code = releases,
			      .u.hint = {.due_ms = due_ms, .txn = a->txn_id}};
	uint64_t told = atomic_load_explicit(&a->la->store->told_txn, memory_order_acquire);

	/* Also when something was told since: the engine may forget it then. */
	if (a->hint_known && a->hint_sent == due_ms && a->hint_code == releases &&
	    (told <= a->hint_txn || told > a->txn_id))
		return;
	a->hint_known = zv_ring_push(a->la->events, &ev) == ZV_OK;
	a->hint_sent = due_ms;
	a->hint_code = releases;
	a->hint_txn = a->txn_id;
	if (!a->hint_known)
		a->ring_full = true;
}

static void see_running(struct zv_ahead *a)
{
	for (uint32_t i = 0; i < a->n_camps; i++) {
		bool was = a->camps[i].running;

		a->camps[i].running = a->la->running(a->la->arg, a->camps[i].id);
		if (a->camps[i].running && !was)
			a->look_at_asks = true;
	}
}

static enum zv_err open_cursors(struct zv_ahead *a)
{
	const struct zv_rules *rules = a->la->rules != NULL ? a->la->rules(a->la->arg) : NULL;
	enum zv_err err;

	a->due = NULL;
	err = zv_db_err(mdb_cursor_open(a->txn->t, a->la->store->dbi[ZV_T_DUE], &a->due), "due");
	if (err == ZV_OK && a->la->persons.n > 0)
		err = zv_slab_begin(&a->reader, a->txn, rules);
	return err;
}

static void close_cursors(struct zv_ahead *a)
{
	if (a->due != NULL)
		mdb_cursor_close(a->due);
	a->due = NULL;
	zv_slab_end(&a->reader);
}

/* One walk.  *ret_wait_ms: look again then at the latest. */
static enum zv_err pass(struct zv_ahead *a, int64_t *ret_wait_ms)
{
	int64_t limit_ms, next;
	uint32_t releases;
	enum zv_err err;

	a->ring_full = false;
	take_releases(a);
	releases = a->releases;
	see_marks(a);
	a->now_cal_ms = a->la->calendar_ms(a->la->arg);
	limit_ms = a->now_cal_ms + a->la->horizon_ms;
	err = zv_db_begin(a->la->store, false, a->txn);
	if (err != ZV_OK)
		return err;
	a->txn_id = mdb_txn_id(a->txn->t);
	see_late_releases(a);
	err = open_cursors(a);
	if (err == ZV_OK)
		err = see_lists(a);
	if (err == ZV_OK) {
		see_running(a);
		settle_releases(a);
		warm_up(a);
		offer_fetched(a);
		err = offer_asks(a);
	}
	if (err == ZV_OK) {
		offer_due(a, limit_ms);
		offer_ahead(a, limit_ms);
		next = earliest(a);
		send_hint(a, next, releases);
		*ret_wait_ms = a->ring_full ? 5 : POLL_MS;
		if (!a->ring_full && next > limit_ms && next - limit_ms < POLL_MS)
			*ret_wait_ms = next - limit_ms;
		if (a->n_late > 0 || a->n_fetch > 0)
			*ret_wait_ms = 0;
	}
	close_cursors(a);
	zv_db_abort(a->txn);
	return err;
}

/* ---- the thread ---- */

static void ahead_free(struct zv_ahead *a)
{
	zv_held_fini(&a->held);
	free(a->camps);
	free(a->slab_lead);
	free(a->slab_due);
	free(a->free_slabs);
	free(a->came_back);
	free(a->cooling);
	zv_ahead_persons_fini(a);
	free(a->slab_person);
	free(a->late);
	free(a->txn);
	free(a);
}

static struct zv_ahead *ahead_make(struct zv_lookahead *la)
{
	struct zv_ahead *a = calloc(1, sizeof(*a));
	uint32_t n = la->slabs.n;

	if (a == NULL)
		return NULL;
	a->la = la;
	a->lists = LISTS_UNSEEN;
	a->look_at_asks = true;
	a->txn = malloc(sizeof(*a->txn));
	a->slab_lead = calloc(n, sizeof(*a->slab_lead));
	a->slab_due = calloc(n, sizeof(*a->slab_due));
	a->free_slabs = calloc(n, sizeof(*a->free_slabs));
	a->slab_person = malloc(sizeof(*a->slab_person) * n);
	a->cap_late = n + 64;
	a->late = malloc(sizeof(*a->late) * a->cap_late);
	a->came_back = calloc(n, sizeof(*a->came_back));
	a->cooling = calloc(n, sizeof(*a->cooling));
	if (a->txn == NULL || a->slab_lead == NULL || a->slab_due == NULL ||
	    a->free_slabs == NULL || a->came_back == NULL || a->cooling == NULL ||
	    a->slab_person == NULL || a->late == NULL || zv_ahead_persons_init(a) != ZV_OK ||
	    zv_held_init(&a->held, 2 * n) != ZV_OK) {
		ahead_free(a);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++)
		a->free_slabs[a->n_free++] = n - 1 - i;
	return a;
}

static void sleep_for(struct zv_ahead *a, int64_t wait_ms)
{
	struct pollfd p = {.fd = a->la->wake_fd, .events = POLLIN};
	uint64_t ignored;

	if (!zv_ring_arm(a->la->commands))
		return;
	if (poll(&p, 1, (int)wait_ms) > 0) {
		ssize_t n = read(p.fd, &ignored, sizeof(ignored));
		(void)n;
	}
}

enum zv_err zv_lookahead_thread(struct zv_lookahead *la, const _Atomic bool *stop)
{
	struct zv_ahead *a;
	enum zv_err err = ZV_OK;

	if (la->slabs.n == 0)
		return ZV_EINVAL;
	a = ahead_make(la);
	if (a == NULL)
		return ZV_ENOMEM;
	atomic_store(&la->store->wake_fd, la->wake_fd);
	while (err == ZV_OK && !atomic_load(stop)) {
		int64_t wait_ms = POLL_MS;

		err = pass(a, &wait_ms);
		if (err == ZV_OK)
			sleep_for(a, wait_ms);
	}
	atomic_store(&la->store->wake_fd, -1);
	ahead_free(a);
	return err;
}
