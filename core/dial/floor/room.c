#include "dial/floor/room.h"

#include <stdlib.h>

#include "dial/engine_int.h"

struct zv_room *zv_room_at(const struct zv_engine *e, uint32_t slot)
{
	uint32_t room = slot < e->conf->max_calls ? slot : slot - e->conf->max_phones;

	if (room >= e->floor.rooms.n || (slot >= e->conf->max_calls && slot < zv_side_base(e)))
		return NULL;
	return &e->floor.rooms.v[room];
}

uint32_t zv_room_slot(const struct zv_engine *e, uint32_t room)
{
	return room < e->conf->max_calls ? room : room + e->conf->max_phones;
}

/* ---- who should hear whom ---- */

struct wanted { struct zv_pair v[ZV_ROOM_PAIRS]; uint32_t n; };

static void hears(struct wanted *w, uint32_t to, uint32_t from)
{
	if (to != ZV_SLOT_NONE && from != ZV_SLOT_NONE && w->n < ZV_ROOM_PAIRS)
		w->v[w->n++] = (struct zv_pair){to, from};
}

static void both(struct wanted *w, uint32_t a, uint32_t b)
{
	hears(w, a, b);
	hears(w, b, a);
}

/* The supervisor hears those who are in the talk; whispers to the agent, or is heard by all. */
static void add_watcher(struct wanted *w, const struct zv_room *room, const uint32_t in[3], uint32_t agent,
			uint32_t watcher)
{
	for (int i = 0; i < 3; i++) {
		hears(w, watcher, in[i]);
		if (room->watch == ZV_DESK_BARGE || (room->watch == ZV_DESK_WHISPER && in[i] == agent))
			hears(w, in[i], watcher);
	}
}

static void want(const struct zv_engine *e, uint32_t slot, const struct zv_room *room, struct wanted *w)
{
	uint32_t agent = zv_phone_slot(e, room->agent);
	uint32_t third = room->guest != ZV_AGENT_NONE ? zv_phone_slot(e, room->guest) : room->side;
	uint32_t in[3] = {agent, ZV_SLOT_NONE, ZV_SLOT_NONE};

	switch ((enum zv_room_state)room->state) {
	case ZV_ROOM_LIVE:
		both(w, slot, agent);
		in[1] = slot;
		break;
	case ZV_ROOM_CONSULT:
		both(w, agent, third);
		in[2] = third;
		break;
	case ZV_ROOM_THREE:
		both(w, slot, agent);
		both(w, slot, third);
		both(w, agent, third);
		in[1] = slot;
		in[2] = third;
		break;
	case ZV_ROOM_OUTSIDE:
		both(w, slot, third);
		break;
	case ZV_ROOM_NONE:
	case ZV_ROOM_HELD:
	case ZV_ROOM_ASKING:
	case ZV_ROOM_BLIND:
	case ZV_ROOM_WAITS:
	case ZV_ROOM_WATCHES:
		break;
	}
	if (room->watcher != ZV_AGENT_NONE && room->agent != ZV_AGENT_NONE)
		add_watcher(w, room, in, agent, zv_phone_slot(e, room->watcher));
}

static bool among(const struct zv_pair *v, uint32_t n, struct zv_pair pair)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i].to == pair.to && v[i].from == pair.from)
			return true;
	return false;
}

static void link_legs(struct zv_engine *e, struct zv_pair pair, bool on, bool keys)
{
	struct zv_cmd *cmd = zv_emit_leg(e, ZV_CMD_MEDIA_LINK, pair.to);

	cmd->u.link.from = zv_leg_of(e, pair.from);
	cmd->u.link.on = on;
	cmd->u.link.keys = keys;
}

static void loop(struct zv_engine *e, uint32_t slot, bool *plays, uint64_t prompt)
{
	struct zv_cmd *cmd;

	if (slot == ZV_SLOT_NONE)
		*plays = false;
	if ((prompt != 0) == *plays || slot == ZV_SLOT_NONE)
		return;
	*plays = prompt != 0;
	cmd = zv_emit_leg(e, *plays ? ZV_CMD_MEDIA_PLAY : ZV_CMD_MEDIA_STOP, slot);
	if (!*plays)
		return;
	cmd->u.play.prompt = prompt;
	cmd->u.play.loop = 1;
}

static uint64_t customer_hears(enum zv_room_state state)
{
	switch (state) {
	case ZV_ROOM_HELD:
	case ZV_ROOM_ASKING:
	case ZV_ROOM_CONSULT:
	case ZV_ROOM_WAITS:
		return ZV_PROMPT_HOLD;
	case ZV_ROOM_BLIND:
		return ZV_PROMPT_RING;
	case ZV_ROOM_NONE:
	case ZV_ROOM_LIVE:
	case ZV_ROOM_THREE:
	case ZV_ROOM_OUTSIDE:
	case ZV_ROOM_WATCHES:
		break;
	}
	return 0;
}

void zv_room_wire(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);
	struct wanted w = {.n = 0};

	if (e->conf->max_phones == 0)
		return;
	want(e, slot, room, &w);
	for (uint32_t i = 0; i < room->n_pairs; i++)
		if (!among(w.v, w.n, room->pairs[i]))
			link_legs(e, room->pairs[i], false, false);
	/* BLIND follows upon hold: one loop takes the other's place. */
	if (room->state == ZV_ROOM_BLIND)
		room->customer_plays = false;
	loop(e, slot, &room->customer_plays, customer_hears((enum zv_room_state)room->state));
	loop(e, zv_phone_slot(e, room->agent), &room->agent_plays,
	     room->state == ZV_ROOM_ASKING ? ZV_PROMPT_RING : 0);
	for (uint32_t i = 0; i < w.n; i++) {
		uint32_t to = w.v[i].to;

		/* Keys are pressed for menus at the far ends. */
		if (!among(room->pairs, room->n_pairs, w.v[i]))
			link_legs(e, w.v[i], true, to == slot || to == room->side);
	}
	for (uint32_t i = 0; i < w.n; i++)
		room->pairs[i] = w.v[i];
	room->n_pairs = (uint8_t)w.n;
}

void zv_room_state(struct zv_engine *e, uint32_t slot, enum zv_room_state to, uint32_t limit_ms)
{
	struct zv_rooms *rooms = &e->floor.rooms;
	struct zv_room *room = zv_room_at(e, slot);
	uint32_t i = (uint32_t)(room - rooms->v);

	room->state = (uint8_t)to;
	if (limit_ms == 0)
		zv_heap_remove(&rooms->limits, i);
	else
		zv_heap_set(&rooms->limits, i, (struct zv_heap_key){e->now.mono_ms + limit_ms, i});
	zv_room_wire(e, slot);
}

void zv_room_silence(struct zv_engine *e, uint32_t slot)
{
	struct zv_room *room = zv_room_at(e, slot);

	if (room->state != ZV_ROOM_NONE)
		zv_room_state(e, slot, ZV_ROOM_NONE, 0);
	if (room->records)
		zv_emit_leg(e, ZV_CMD_MEDIA_RECORD, slot);
	room->records = false;
}

static void empty(struct zv_room *room)
{
	room->agent = room->guest = room->watcher = room->keeps_for = ZV_AGENT_NONE;
	room->side = ZV_SLOT_NONE;
	room->with = 0;
}

void zv_room_close(struct zv_engine *e, uint32_t slot)
{
	zv_room_silence(e, slot);
	empty(zv_room_at(e, slot));
}

enum zv_err zv_rooms_init(struct zv_engine *e)
{
	struct zv_rooms *rooms = &e->floor.rooms;

	rooms->n = e->conf->max_calls + e->conf->max_side;
	rooms->v = calloc(rooms->n, sizeof(*rooms->v));
	if (rooms->v == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < rooms->n; i++)
		empty(&rooms->v[i]);
	return zv_heap_init(&rooms->limits, rooms->n);
}

void zv_rooms_fini(struct zv_engine *e)
{
	free(e->floor.rooms.v);
	e->floor.rooms.v = NULL;
	zv_heap_fini(&e->floor.rooms.limits);
}
