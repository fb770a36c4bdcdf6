/* dial/side.h -- slots behind the customers': agents' phones, then side legs, which are neither:
 * inbound calls, and numbers that an agent consults or transfers to.  Private to core/dial.
 *
 * Thread: engine.  A side leg has one user, who takes it, is told of its events (side_ops) and
 * lets go of it; the slot is free again, last in the queue, when sip and media have closed it.
 * Slots: [0, max_calls) customers, agent i at max_calls + i, side legs behind max_phones.
 */
#ifndef ZV_DIAL_SIDE_H
#define ZV_DIAL_SIDE_H

#include "dial/command.h"
#include "dial/conf.h"

struct zv_engine;

enum zv_side_use { ZV_SIDE_FREE = 0, ZV_SIDE_CLOSING, ZV_SIDE_CONSULT, ZV_SIDE_INBOUND, ZV_SIDE_USES };

struct zv_side {
	uint8_t use;         /* enum zv_side_use */
	bool sip_open;       /* set by the user with DIAL or ACCEPT; cleared here at SIP_CLOSED */
	bool media_open;     /* set by the user with MEDIA_OPEN; cleared here at MEDIA_CLOSED */
	bool channel;        /* holds a channel of its trunk: given back here at SIP_CLOSED */
	bool unanswered;     /* counted among its trunk's INVITEs without response */
	uint8_t asked;       /* CLOSING: how often */
	uint16_t trunk, campaign; /* index */
	uint32_t gen;
	uint32_t user;       /* the user's own index */
	struct zv_attempt_id attempt;
};

/* What a user is told.  Each may let go of the leg.  event: of this use's generation alone; of
 * SIP_CLOSED and MEDIA_CLOSED after the flags above are cleared.  deadline: see zv_side_deadline. */
struct zv_side_ops {
	void (*event)(struct zv_engine *e, uint32_t slot, const struct zv_event *ev);
	void (*deadline)(struct zv_engine *e, uint32_t slot);
};

struct zv_sides {
	struct zv_side *v;
	uint32_t n, free_head, free_n;
	uint32_t *free;
	const struct zv_side_ops *ops[ZV_SIDE_USES]; /* set by the users' init */
};

/* engine.c */
enum zv_err zv_sides_init(struct zv_engine *e) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_sides_fini(struct zv_engine *e);
void zv_side_event(struct zv_engine *e, const struct zv_event *ev);
void zv_side_timeout(struct zv_engine *e, uint32_t slot);

/* A fresh leg, with an attempt id of its own, or ZV_SLOT_NONE: all are in use. */
uint32_t zv_side_take(struct zv_engine *e, enum zv_side_use use, uint32_t user, uint16_t campaign);
/* The user is done with it: HANGUP and MEDIA_CLOSE as needed; no events of it come any more. */
void zv_side_let_go(struct zv_engine *e, uint32_t slot);
void zv_side_deadline(struct zv_engine *e, uint32_t slot, int64_t mono_ms); /* 0: none */
/* NULL: no side leg, or a free one. */
struct zv_side *zv_side_at(const struct zv_engine *e, uint32_t slot);
uint32_t zv_side_base(const struct zv_engine *e); /* the first side leg's slot */
uint32_t zv_n_slots(const struct zv_engine_conf *conf);

/* Any slot: its leg as it is now, and a command with trunk, campaign, leg and attempt set. */
struct zv_leg_id zv_leg_of(const struct zv_engine *e, uint32_t slot);
struct zv_cmd *zv_emit_leg(struct zv_engine *e, enum zv_cmd_type type, uint32_t slot);
void zv_open_media(struct zv_engine *e, uint32_t slot, const struct zv_event *answered);

#endif
