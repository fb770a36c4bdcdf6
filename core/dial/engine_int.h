/* dial/engine_int.h -- the engine's state, private to core/dial's own files.
 *
 * lead/pick.c holds offered leads, lead/start.c starts calls, call.c walks a call's states, calendar.c
 * moves the calendar, engine.c sorts events.  Thread: engine.
 */
#ifndef ZV_DIAL_ENGINE_INT_H
#define ZV_DIAL_ENGINE_INT_H

#include "base/heap.h"
#include "dial/engine.h"
#include "dial/floor/floor.h"
#include "dial/inbound/inbound.h"
#include "dial/lead/ask.h"
#include "dial/lead/keep.h"
#include "dial/lead/why_int.h"
#include "dial/route/route.h"
#include "dial/side.h"

enum zv_call_state {
	ZV_CALL_FREE = 0,
	ZV_CALL_RESERVE,  /* asked the ledger's owner */
	ZV_CALL_INTENT,   /* intent on its way to the disk */
	ZV_CALL_DIALING,  /* INVITE out, nothing heard but perhaps 100 */
	ZV_CALL_RINGING,
	ZV_CALL_TALKING,
	ZV_CALL_LISTENING, /* answered: is it a person? */
	ZV_CALL_WAITING,  /* answered, or the robot's talk led here: for an agent */
	ZV_CALL_BRIDGED,  /* talks to an agent */
	ZV_CALL_WRAPUP,   /* the talk is over, its result not known yet */
	ZV_CALL_MESSAGE,  /* nobody was there: hears the message */
	ZV_CALL_VOICEMAIL, /* a machine: hears its message, after the beep */
	ZV_CALL_FAILOVER, /* the next trunk's sub-attempt is being flushed */
	ZV_CALL_ENDING,   /* outcome is told; sip or media still hold something */
	ZV_CALL_ADOPTED,  /* of before a crash: being ended */
	ZV_CALL_ORPHAN,   /* an adopted one that answered late: hears the message */
	ZV_CALL_STATES
};

struct zv_call {
	uint8_t state;       /* enum zv_call_state */
	uint8_t sub, number, round;
	uint8_t last_key;
	bool sip_open, media_open;
	bool unanswered;     /* counted among its trunk's INVITEs without response */
	bool channel;        /* holds a channel of its trunk */
	bool heard_any;      /* some SIP response came */
	bool withdrawn;      /* opt-out, pause or a late flush: close as not_sent */
	bool sub_flushed;    /* failover: the sub-attempt is on disk */
	uint16_t trunk;
	uint16_t campaign;   /* index */
	uint16_t sip_code, q850;
	uint32_t gen, slab;
	struct zv_attempt_id attempt;
	uint64_t lead, person, called, caller, tried;
	int64_t invite_cal_ms, invite_ms, ring_ms, answer_ms; /* all but the first monotonic */
	int64_t contact_ms, answer_cal_ms; /* calendar: its reservation, its answer; 0 = not */
	int64_t dialed_ms;   /* by the INVITEs that have ended or were answered */
	uint32_t ring_for_ms; /* the campaign's, never below what a rule asks for */
	uint16_t facts;      /* bits enum zv_fact that it has passed */
	uint8_t exclude;     /* bits enum zv_exclude */
	bool opted_out;      /* by key, in this call */
	uint8_t paced;       /* enum zv_paced */
	bool cut;            /* cancelled by the pacer */
	uint8_t result;      /* of the agent, told before the wrap-up ended */
	bool heard_machine;  /* an agent talked to a machine */
	uint8_t listens;     /* enum zv_listen_to: media was told to */
	uint8_t told;        /* 1 + enum zv_heard: what detection said of who answered; 0: nothing */
	bool speaks;         /* VOICEMAIL: after the beep */
	uint8_t early;       /* the same of its early media, by this trunk */
	uint32_t within_ms;  /* a rule: an agent so long after the answer at the latest; 0: none */
	bool within_answer;  /* it counts from the answer, not from a greeting */
	uint16_t tallied;    /* facts that the campaign's tally has already */
	uint32_t agent;      /* index, or ZV_AGENT_NONE */
	uint8_t kind;        /* enum zv_talk_kind; 0: dialled, or the robot's */
	bool direct;         /* begun beside the pacer, and not answered yet (lead/keep.h) */
	bool talked;         /* an agent has talked to him: he is not abandoned any more */
	uint32_t placed_for; /* index of the agent who began it and waits for the answer */
	uint32_t owner;      /* index of the agent who goes first, or ZV_AGENT_NONE */
	uint32_t wish_owner; /* 1 + id of the agent who shall call back; 0: any */
	int64_t wish_ms;     /* call back so that the answer lands then (calendar); 0: no wish */
	int64_t over_ms, over_cal_ms; /* the talk's end, when the outcome comes later; 0: now */
	struct zv_talk talk;
};

enum zv_held_state {
	ZV_HELD_FREE = 0, /* the lookahead's */
	ZV_HELD_FUTURE,   /* not due yet: heap e->future */
	ZV_HELD_READY,    /* due: heap e->ready */
	ZV_HELD_CALL,     /* a call is in progress */
	ZV_HELD_ASKED,    /* the strategy thinks */
	ZV_HELD_FLUSHING, /* its step is on its way to the disk */
	ZV_HELD_PERSON,   /* due, but its person is on the phone for another lead */
	ZV_HELD_SHOWN,    /* an agent reads its card, before the call */
};

struct zv_held {
	uint8_t state; /* enum zv_held_state */
	uint8_t due_class; /* enum zv_due_class */
	bool head;     /* its promised time runs out: before all others */
	bool waits_owner; /* FUTURE: its time has come, but not its agent */
	bool killed;   /* paid, cancelled, withdrawn: its next step is its last, with `category` */
	uint8_t category;
	uint16_t campaign; /* index */
	uint32_t person_slab; /* ZV_SLOT_NONE: none */
	uint32_t slot;     /* CALL: of its call */
	uint64_t lead;
	uint8_t mode;      /* enum zv_dial_mode of its call; 0: the campaign's */
	int64_t start_ms;  /* FUTURE, READY: when its call may begin (calendar) */
	uint32_t wish_owner;  /* as in struct zv_call: of its last call, for the STEP */
	int64_t wish_ms;
	struct zv_attempt_id attempt; /* the last one of this holding */
};

/* Calling window of a campaign in a zone, as last computed. */
struct zv_window {
	bool known;
	int64_t from_ms, start_ms, end_ms; /* valid for from_ms <= now < end_ms */
};
#define ZV_WINDOW_ZONES 512u
#define ZV_SLA_TOLD     4096u

/* Persons with a call in progress: nobody is rung twice at once.  Open addressing. */
struct zv_person_set { uint64_t *keys; uint32_t mask; };

struct zv_engine {
	const struct zv_engine_conf *conf;
	struct zv_engine_params params;
	struct zv_now now;
	struct zv_cmds *out;

	struct zv_call *calls;
	uint32_t *free_slots; /* FIFO, so that a port rests before it is used again */
	uint32_t free_head, free_n;
	struct zv_sides sides;
	struct zv_heap timers; /* any slot -> monotonic deadline */

	struct zv_held *held;
	struct zv_heap future; /* slab -> due */
	struct zv_heap ready[ZV_CAMPAIGNS_MAX]; /* of each campaign: slab -> class and priority, then due */
	uint32_t n_ready;
	struct zv_heap sla; /* slab whose first call is promised -> when to look at it (calendar) */
	uint64_t sla_told[ZV_SLA_TOLD]; /* leads whose breach was told, by hash */
	uint32_t sla_breaches[ZV_CAMPAIGNS_MAX];
	struct zv_ring_times *rings; /* [campaign] */
	struct zv_inbound inbound;
	struct zv_keep keep;
	struct zv_why_state why;
	struct zv_heap bounds; /* slab in flight -> end of its calling window: not to be crossed */
	struct zv_person_set persons;
	struct zv_router router;
	struct zv_window *windows; /* [campaign][zone] */
	struct zv_law_state law;
	struct zv_floor floor;

	bool wanted[ZV_CAMPAIGNS_MAX];  /* the operator wants it to run */
	bool running[ZV_CAMPAIGNS_MAX]; /* and it may */
	uint32_t campaign_calls[ZV_CAMPAIGNS_MAX];
	bool draining, drained_told, store_on, calendar_moving;
	bool overloaded; /* sheds new dials first, never calls in progress */
	uint32_t load;   /* who says so, a bit each */
	int64_t paused_until_ms; /* monotonic: a wall-clock step */
	uint32_t n_person_waits; /* leads in state PERSON: they are due, the calendar stands */
	int64_t again_ms;        /* when a blocked lead may find a trunk; 0 = on an event */
	uint64_t seq;
	uint32_t releases;       /* sent, for the hint */
	uint32_t hint_releases;
	int64_t hint_ms;
	struct zv_engine_stats stats;
};

/* engine.c */
struct zv_cmd *zv_emit(struct zv_engine *e, enum zv_cmd_type type);
struct zv_cmd *zv_emit_call(struct zv_engine *e, enum zv_cmd_type type, uint32_t slot);
/* The calling window around or after now; false: none. */
bool zv_window_now(struct zv_engine *e, uint16_t campaign, uint16_t zone, int64_t *ret_start_ms,
		   int64_t *ret_end_ms);

/* lead/pick.c */
void zv_pick_offer(struct zv_engine *e, uint32_t slab, uint64_t txn);
void zv_pick_release(struct zv_engine *e, uint32_t slab);
void zv_pick_defer(struct zv_engine *e, uint32_t slab, int64_t due_ms);
/* Its attempt has its outcome: what next? */
void zv_pick_over(struct zv_engine *e, uint32_t slab);
/* Its call ended before it began; on_disk: its intent had been written. */
void zv_pick_undone(struct zv_engine *e, uint32_t slab, int64_t due_ms, bool on_disk);
void zv_pick_step(struct zv_engine *e, const struct zv_event *ev);
void zv_pick_step_flushed(struct zv_engine *e, uint32_t slab);
void zv_pick_campaign(struct zv_engine *e, uint16_t campaign, bool on);
/* Settles a waiting lead at once if nobody of it may be called any more. */
void zv_pick_ask_again(struct zv_engine *e, uint32_t slab);
/* Nobody rings this person any more: his other leads may, a little later. */
void zv_pick_person_free(struct zv_engine *e, uint64_t person);
/* lead/start.c: starts as many calls as lines, rules and room allow. */
void zv_pick_pump(struct zv_engine *e);
/* lead/start.c: a lead is shown to an agent; it is not any more, and rests until then (calendar;
 * 0: waits as before). */
void zv_pick_shown(struct zv_engine *e, uint32_t slab);
void zv_pick_hidden(struct zv_engine *e, uint32_t slab, int64_t due_ms);
/* An agent's own call of a lead that waits, or is shown to him.  ZV_EAGAIN: not now, nothing has
 * changed; ZV_EDENIED: not at all now, it waits or was settled as the law says. */
enum zv_err zv_pick_begin(struct zv_engine *e, uint32_t slab, uint32_t agent, enum zv_talk_kind kind,
			  uint32_t *ret_slot) ZV_MUST_USE;

/* lead/kill.c */
void zv_kill(struct zv_engine *e, const struct zv_event *ev);
/* Was this lead killed after the transaction that it was read in? */
bool zv_kill_stands(const struct zv_engine *e, uint64_t lead, uint64_t txn);

/* lead/sla.c */
void zv_sla_watch(struct zv_engine *e, uint32_t slab);
void zv_sla_met(struct zv_engine *e, uint32_t slab); /* its INVITE leaves, or it is given back */
void zv_sla_timeouts(struct zv_engine *e);

/* lead/callback.c */
/* Somebody answered: so long did it ring.  The median of that. */
void zv_callback_answered(struct zv_engine *e, uint16_t campaign, int64_t ring_ms);
int64_t zv_callback_ring_ms(const struct zv_engine *e, uint16_t campaign);
/* When the call of a lead that is due then must begin. */
int64_t zv_callback_start(const struct zv_engine *e, uint32_t slab, int64_t due_ms);
/* Does it wait for its owner, who is busy?  Until when, at least. */
bool zv_callback_waits(const struct zv_engine *e, uint32_t slab, int64_t *ret_again_ms);
/* Is its owner there for it, or about to be? */
bool zv_callback_owner_free(const struct zv_engine *e, uint32_t slab);
/* The first lawful moment from the wished one on. */
int64_t zv_callback_date(struct zv_engine *e, uint32_t slab, uint8_t number, int64_t wish_ms);
void zv_callback_tell_moved(struct zv_engine *e, uint32_t slab, int64_t to_ms);
/* Puts what an agent agreed with the person into the step. */
void zv_callback_wish(struct zv_engine *e, uint32_t slab, struct zv_cmd *step);
/* Index of the lead's own agent, or ZV_AGENT_NONE. */
uint32_t zv_owner_of(const struct zv_engine *e, uint32_t slab);
bool zv_persons_add(struct zv_person_set *set, uint64_t person); /* false: it is in */
void zv_persons_remove(struct zv_person_set *set, uint64_t person);

/* call.c */
/* The id of the next attempt: for its reservation. */
struct zv_attempt_id zv_call_next_id(struct zv_engine *e);
void zv_call_start(struct zv_engine *e, uint32_t slab, const struct zv_call *from);
void zv_call_event(struct zv_engine *e, const struct zv_event *ev);
void zv_call_timeouts(struct zv_engine *e);
void zv_call_adopt(struct zv_engine *e, const struct zv_event *ev);
/* calendar.c */
void zv_calendar_step(struct zv_engine *e);

#endif
