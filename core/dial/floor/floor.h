/* dial/floor/floor.h -- the floor: agents, the calls that wait for them, and how fast to dial.
 * Private to core/dial.
 *
 * Thread: engine.  Campaigns that share agents form a pool, and a pool has one pacer: a call of
 * either may take the same agent, so they are counted together.  Pools are made at the start;
 * campaigns and agents that a reload appends join them, pools that would grow together stay
 * apart until a restart.
 */
#ifndef ZV_DIAL_FLOOR_FLOOR_H
#define ZV_DIAL_FLOOR_FLOOR_H

#include "base/heap.h"
#include "dial/agent/agent.h"
#include "dial/agent/phone.h"
#include "dial/conf.h"
#include "dial/floor/customer.h"
#include "dial/floor/room.h"

struct zv_engine;
struct zv_event;

#define ZV_POOLS_MAX 32u
#define ZV_POOL_NONE 0xff

/* What a limit counts now: facts of the campaign's tally between two calendar times. */
struct zv_pool_window { int64_t start_ms, end_ms; uint8_t num, den; };

struct zv_pool {
	uint16_t campaign;     /* index of the one whose settings and pacer it has */
	uint8_t n_rules;
	uint16_t rules[ZV_PACER_RULES]; /* campaigns whose abandonment is limited */
	const struct zv_pacer_ops *ops;
	void *pacer;
	bool own;              /* the engine opened it, and closes it */
	bool dirty;            /* something changed since the last decision */
	bool live;             /* its pacer knows its settings */
	uint8_t late;          /* decisions in a row that failed */
	bool starved;          /* fewer leads than lines at the last decision: */
	uint32_t ready;        /* so many */
	uint32_t place;        /* calls it wants and that were not started yet */
	int64_t decided_ms, next_ms, set_ms; /* monotonic */
	struct zv_pool_window windows[ZV_PACER_RULES]; /* as rules */
	int64_t figured_ms;
	struct zv_pacer_figures figures;
};

/* What an agent has beside his talk. */
struct zv_seat {
	uint32_t guest_of;   /* customer whose agent consults him; a slot */
	uint32_t watches;    /* supervisor: customer whose talk he hears; a slot */
	uint32_t slab;       /* RESERVED: the lead that is shown to him; ZV_SLOT_NONE */
	uint32_t places;     /* RESERVED: the call that was begun for him; a slot */
	struct zv_written written; /* of the talk or the wrap-up that is on */
	uint8_t extended;    /* times he asked for more wrap-up */
	uint8_t freed_trunk; /* 1 + trunk of the talk that detection ended; until his next one is over
				he may say that it was wrong; 0 none */
	/* A lead that he asked for and that the lookahead looks for; 0 none. */
	uint64_t fetches;
	struct zv_attempt_id token;
	int64_t fetch_ms;    /* until then: monotonic */
};

struct zv_floor {
	struct zv_agents agents;
	struct zv_phone_leg *phones; /* [max_phones] */
	struct zv_seat *seats;       /* [ZV_AGENTS_MAX] */
	struct zv_rooms rooms;
	bool freed;                  /* somebody may take other calls than before */
	int64_t checked_ms;          /* the last reconciliation */
	uint32_t fetching;           /* seats whose lead is looked for */
	struct zv_heap limits;  /* agent -> end of his state's time */
	struct zv_heap waiting; /* any customer's slot -> priority, waits since: who is served next */
	const struct zv_customer_ops *inbound; /* of customers on side slots; NULL: none */
	uint32_t n_pools;
	struct zv_pool pools[ZV_POOLS_MAX];
	uint8_t pool_of[ZV_CAMPAIGNS_MAX];
	uint32_t *serves;       /* [agent] bits of the pools whose calls he may take */
	uint8_t *busy_for;      /* [agent] pool of the call he has or writes down, or NONE */
	uint32_t *wraps;        /* [agent] slot of the call that he writes down */
};

/* What the pacer knows of a call. */
enum zv_paced { ZV_PACED_NOT = 0, ZV_PACED_OUT, ZV_PACED_ANSWERED, ZV_PACED_OVER };

/* engine.c.  ZV_ENOMEM; what the pacer says to its settings. */
enum zv_err zv_floor_init(struct zv_engine *e) ZV_MUST_USE;
void zv_floor_fini(struct zv_engine *e);
/* The engine's configuration is a new one.  ZV_EINVAL: agents are gone; ZV_EFULL: too many pools. */
enum zv_err zv_floor_set_conf(struct zv_engine *e) ZV_MUST_USE;
void zv_floor_agent(struct zv_engine *e, const struct zv_event *ev);
void zv_floor_timeouts(struct zv_engine *e);
/* Asks the pacers whose world changed. */
void zv_floor_decide(struct zv_engine *e);
int64_t zv_floor_next_ms(const struct zv_engine *e);

/* lead/start.c: may a call of this campaign begin now?  Lines that are free. */
bool zv_floor_may_place(const struct zv_engine *e, uint16_t campaign);
uint32_t zv_floor_lines(const struct zv_engine *e);
/* lead/keep.c: these pools' pacers no longer see this agent, or do again. */
void zv_floor_hidden(struct zv_engine *e, uint32_t agent, uint32_t pools);

/* call.c: what happens to a call, as its pool's pacer must know. */
void zv_floor_placed(struct zv_engine *e, uint32_t slot);
void zv_floor_ringing(struct zv_engine *e, uint32_t slot);
void zv_floor_answered(struct zv_engine *e, uint32_t slot);
void zv_floor_wants(struct zv_engine *e, uint32_t slot);
void zv_floor_abandoned(struct zv_engine *e, uint32_t slot);
/* It is over, or never was: NOT_SENT. */
void zv_floor_gone(struct zv_engine *e, uint32_t slot, enum zv_outcome outcome);

/* A campaign whose answered calls go to agents at once. */
bool zv_floor_has_agents(const struct zv_engine *e, uint16_t campaign);
/* Gives the customer to an agent if one is free (true: his owner was told `bridged`), else he
 * waits. */
bool zv_floor_serve(struct zv_engine *e, uint32_t slot);
void zv_floor_stop_waiting(struct zv_engine *e, uint32_t slot);
/* Those who wait, as far as agents are free; nothing happens unless somebody became free or may
 * take other calls now. */
void zv_floor_serve_waiting(struct zv_engine *e);
/* The talk is over (CALL_OVER, LEG_LOST or LIMIT): his agent writes down what was said, and
 * `wrapped_up` follows.  False: no agent is there (any more): the attempt is over now. */
bool zv_floor_call_over(struct zv_engine *e, uint32_t slot, enum zv_agent_does what);
/* Before the customer's leg is closed: nobody hears it any more. */
void zv_floor_silence(struct zv_engine *e, uint32_t slot);

/* ---- for agent/phone.c and desk/ ---- */

/* One step of an agent, and whatever hangs on it.  False: his state does not know it. */
bool zv_floor_do(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code, uint32_t call);
void zv_floor_tell_agent(struct zv_engine *e, uint32_t agent);
/* His phone's leg broke, whatever he was doing. */
void zv_floor_leg_lost(struct zv_engine *e, uint32_t agent);
/* ... and the customer whom he has just got has not heard him: comes before leg_lost. */
void zv_floor_unheard(struct zv_engine *e, uint32_t agent);
/* This customer to this agent, who is free (or RESERVED for him).  False: he is not. */
bool zv_floor_bridge(struct zv_engine *e, uint32_t slot, uint32_t agent, enum zv_talk_kind kind);
/* The customer goes on without his agent, who is free at once (or out: `what` of him is
 * ZV_AD_LOGOUT first).  The room stays. */
void zv_floor_detach(struct zv_engine *e, uint32_t slot);
/* A free colleague is consulted.  False: he is not free. */
bool zv_floor_join(struct zv_engine *e, uint32_t slot, uint32_t guest);
/* The customer talks to a number outside from now on, and to no agent. */
void zv_floor_outside(struct zv_engine *e, uint32_t slot);
/* His state's time ends then. */
void zv_floor_until(struct zv_engine *e, uint32_t agent, int64_t mono_ms);
/* The room's guest, side leg, supervisor leave it. */
void zv_floor_drop_third(struct zv_engine *e, uint32_t slot);
void zv_floor_drop_watcher(struct zv_engine *e, uint32_t slot);
/* The third is gone by himself, or leaves. */
void zv_floor_third_gone(struct zv_engine *e, uint32_t slot);
/* An agent's talk ends for him: he who was consulted leaves, his customer is hung up. */
void zv_floor_talk_over(struct zv_engine *e, uint32_t agent, enum zv_agent_does what);
/* He whom the agent consulted has the customer now (the agent is gone). */
void zv_floor_third_takes(struct zv_engine *e, uint32_t slot);
/* The customer waits for another agent, `to` first if he is one. */
void zv_floor_wait_again(struct zv_engine *e, uint32_t slot, uint32_t to);
/* The card of a customer, or of a lead that is shown, to this agent. */
void zv_floor_card(struct zv_engine *e, uint32_t slot, uint32_t agent, enum zv_talk_kind kind);
/* The call that this agent has, or has just had and writes down. */
uint32_t zv_floor_call_of(const struct zv_engine *e, uint32_t agent);
bool zv_floor_about(const struct zv_engine *e, uint32_t slot, struct zv_customer *ret_about);
const struct zv_customer_ops *zv_floor_ops(const struct zv_engine *e, uint32_t slot);
/* The campaign's limits of an agent's states with this customer. */
uint32_t zv_floor_wrapup_ms(const struct zv_engine *e, uint32_t slot);

/* check.c: once a second, finds what the tables forbid, and mends, counts and tells it. */
void zv_floor_check(struct zv_engine *e);

extern const struct zv_customer_ops zv_call_customer; /* call_agent.c */

#endif
