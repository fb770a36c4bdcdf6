/* dial/inbound/inbound.h -- calls that come in: their queue, the wait, and what becomes of those
 * who give up.  Private to core/dial.
 *
 * Thread: engine.  An inbound call is a side leg; to the floor it is a customer like others
 * (floor/customer.h), who waits by the queue's priority and then by how long.  The law forbids
 * nothing here: it is they who call us, and the ledger is told so.
 */
#ifndef ZV_DIAL_INBOUND_H
#define ZV_DIAL_INBOUND_H

#include "dial/command.h"
#include "dial/conf.h"

struct zv_engine;

enum zv_in_state {
	ZV_IN_FREE = 0,
	ZV_IN_ACCEPTED, /* its 200 is under way */
	ZV_IN_GREETED,  /* hears the greeting, or waits to be known */
	ZV_IN_WAITING,  /* for an agent: hold music, now and then its position */
	ZV_IN_BRIDGED,  /* talks to an agent, or to a number he was transferred to */
	ZV_IN_WRAPUP,   /* the talk is over, an agent writes down what was said */
	ZV_IN_CLOSED,   /* waited too long: hears the `closed` prompt */
	ZV_IN_STATES
};

struct zv_in {
	uint8_t state;       /* enum zv_in_state */
	bool saying;         /* WAITING: its position is being said */
	bool plays;          /* we play something to it; else the floor may */
	bool agent_had;      /* somebody has talked to it */
	bool asked;          /* who it is is asked for, and not answered yet */
	uint16_t queue;      /* index */
	uint32_t agent;      /* last one, or ZV_AGENT_NONE */
	uint32_t tag;        /* of what plays */
	uint64_t caller, called;
	uint64_t lead, person; /* of the caller, if he is known; 0 */
	uint32_t owner;      /* index of the agent whose lead he is, or ZV_AGENT_NONE */
	int64_t cal_ms;      /* when it came */
	int64_t since_ms;    /* monotonic: answered, so waiting since */
	int64_t until_ms;    /* WAITING: then it has waited too long; 0 never */
	int64_t say_ms;      /* WAITING: when its position is said next; 0 never */
	int64_t bridged_ms;  /* monotonic, first; 0: not yet */
	int64_t over_ms;
};

/* Who gave up lately: a caller is called back once an hour. */
#define ZV_MISSED_MAX 2048u
struct zv_missed { uint64_t caller; int64_t cal_ms; };

/* One queue's figures. */
struct zv_in_queue {
	uint32_t waiting;
	uint32_t handle_ms;  /* smoothed: from the first word to the end of the wrap-up */
	uint64_t came, served, given_up, called_back;
};

struct zv_inbound {
	struct zv_in *v;     /* [side leg] */
	uint32_t n, n_active;
	struct zv_missed *missed; /* [ZV_MISSED_MAX], by hash of the caller */
	struct zv_in_queue queues[ZV_QUEUES_MAX];
};

/* engine.c */
enum zv_err zv_inbound_init(struct zv_engine *e) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_inbound_fini(struct zv_engine *e);
void zv_inbound_incoming(struct zv_engine *e, const struct zv_event *ev);
void zv_inbound_caller(struct zv_engine *e, const struct zv_event *ev);

uint32_t zv_inbound_waiting(const struct zv_engine *e, uint32_t queue);
/* Is this number on the line with us, but for the leg `slot` (ZV_SLOT_NONE: with none)? */
bool zv_inbound_has(const struct zv_engine *e, uint64_t number, uint32_t slot);

/* ---- queue.c, for inbound.c ---- */

/* The queue of a called number; ZV_QUEUES_MAX: none. */
uint32_t zv_queue_of(const struct zv_engine_conf *conf, uint64_t called);
/* Where it stands, 1 the first, and how long that may take. */
void zv_queue_place(const struct zv_engine *e, uint32_t slot, uint32_t *ret_position,
		    uint32_t *ret_wait_ms);
/* Tells whoever watches. */
struct zv_cmd *zv_queue_tell(struct zv_engine *e, uint32_t slot, enum zv_queued what);
/* Somebody left the queue: those behind him have moved up. */
void zv_queue_moved(struct zv_engine *e, uint32_t queue);
/* A talk with its wrap-up took so long. */
void zv_queue_handled(struct zv_engine *e, uint32_t queue, int64_t ms);
/* He hung up while he waited, or waited too long: is he called back? */
void zv_queue_missed(struct zv_engine *e, uint32_t slot);

#endif
