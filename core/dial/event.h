/* dial/event.h -- what happens to the engine.  64 bytes, no pointers; a recorded day is a file
 * of (struct zv_now, struct zv_event) and replays to the same commands.
 */
#ifndef ZV_DIAL_EVENT_H
#define ZV_DIAL_EVENT_H

#include "dial/heard.h"
#include "dial/ids.h"
#include "dial/mediaplan.h"
#include "zvonar/outcome.h"

/* Both clocks at the event: the calendar (rules, due times, day buckets) and the monotonic one
 * (ring and talk timers).  Fast-forward moves cal_ms alone. */
struct zv_now {
	int64_t cal_ms;  /* UTC since 1970 */
	int64_t mono_ms;
};

enum zv_event_type {
	ZV_EV_TICK = 1,      /* nothing but the time */

	/* from the lookahead (store) */
	ZV_EV_OFFER,         /* u.offer: slab holds a lead; the engine owns it until RELEASE */
	ZV_EV_DUE_HINT,      /* u.hint.due_ms: earliest due moment not offered yet (calendar), 0 = none;
			      * code = how many RELEASEs the lookahead had taken in when the walk
			      * began that found it (so the engine knows whether it is fresh); sent
			      * after each walk in which either value changed.
			      * u.hint.txn as in u.offer */

	/* from the store */
	ZV_EV_INTENT_FLUSHED, /* attempt, leg; u.flushed.err != 0: it could not be written */
	ZV_EV_STEP_FLUSHED,   /* leg.slot = u.step.slab of the STEP or DEFER that is on disk now */
	ZV_EV_CALENDAR,       /* from the shell: the calendar moved as CMD_CALENDAR asked */
	ZV_EV_STORE_STATE,    /* u.state.on = 0: stop dialling (disk or map full), 1: go on */

	/* from the reservation's owner (one node: the shell) */
	ZV_EV_RESERVED,      /* attempt, leg; u.flushed.err != 0: refused */

	/* from the plugin host */
	ZV_EV_STEP,          /* leg.slot = slab; u.step */

	/* from sip: trunk and leg are set; code = SIP status where there is one */
	ZV_EV_SIP_TRYING,    /* first answer of any kind, 100 too */
	ZV_EV_SIP_PROGRESS,  /* 180..199; u.sip.sdp != 0: early media described in u.sip */
	ZV_EV_SIP_ANSWERED,  /* 2xx, u.sip describes the far end; the ACK is sip's business.  Again for
			      * a leg of the phones' shard that is up: its media are elsewhere now */
	ZV_EV_SIP_FAILED,    /* final 3xx..6xx or local (timeout 408): u.sip.q850, retry_after_s.
			      * leg.slot ZV_SLOT_NONE: an INVITE that no ACCEPT took is gone
			      * (SIP_INCOMING); attempt.lo = its handle, no CLOSED follows */
	ZV_EV_SIP_ENDED,     /* an answered call ended; u.sip.by = enum zv_ended_by */
	ZV_EV_SIP_CLOSED,    /* nothing of the leg is left in sip: its slot may be used again */
	ZV_EV_TRUNK,         /* u.trunk: up, down, slow */

	/* from media */
	ZV_EV_MEDIA_KEY,     /* u.media.key = '0'..'9' '*' '#' 'A'..'D' */
	ZV_EV_MEDIA_PLAYED,  /* u.media.cause, u.media.tag = the PLAY's tag */
	ZV_EV_MEDIA_LOST,    /* no RTP for the configured time; code = enum zv_lost */
	ZV_EV_MEDIA_VERDICT, /* u.media.cause = enum zv_heard: who picked up, or (listen =
			      * ZV_LISTEN_EARLY) what its early media say; by, at_ms */
	ZV_EV_MEDIA_CLOSED,  /* the media slot is free; u.stats */

	/* from the operator, the API, signals */
	ZV_EV_CAMPAIGN,      /* code = campaign; u.state.on: 1 run, 0 pause */
	ZV_EV_SUPPRESS,      /* u.suppress: opt-out of a number or person, or its end, in engine order; attempt
			      * is the sender's token; code = enum zv_suppress_source */
	ZV_EV_MARK,          /* u.mark: a flag, consent or agreement of a person; code = kind | by << 8;
			      * attempt is the sender's token */
	ZV_EV_CONTACT,       /* u.contact: a contact that others made (visit, inbound call, message);
			      * attempt is the sender's token */
	ZV_EV_DRAIN,         /* no new dials; u.state.on = 1 */
	ZV_EV_LOAD,          /* u.state.on: 1 a thread cannot keep up: no new dials; 0 it can; code = which
			      * one: 0 the media threads, 1 + i sip shard i */
	ZV_EV_AGENT,         /* code = agent's index; u.agent: what he does (also CALL_OVER: he hangs up,
			      * and DONE with the talk's result) */
	ZV_EV_TOLD,          /* from the store: the SUPPRESS, MARK or CONTACT with this token (attempt) is
			      * on disk; u.offer.txn = the transaction that has it */
	ZV_EV_CLOCK_STEP,    /* the wall clock jumped: dialling pauses; u.due = mono_ms until */

	/* at start, from the store's recovery: a leg of before the crash */
	ZV_EV_ADOPT,         /* attempt, leg, trunk; u.adopt */

	/* agents' phones and screens */
	ZV_EV_PHONE,         /* code = agent's index; u.state.on: 1 his phone is registered, 0 gone;
			      * 1 again: it is elsewhere now, or was started anew */
	ZV_EV_DESK,          /* code = agent's index; u.desk: what he asks at his screen, or a
			      * supervisor for himself; attempt is the sender's token: CMD_DESK answers */
	ZV_EV_SIP_INCOMING,  /* from the phones' shard: somebody calls; code = the shard's handle,
			      * trunk = whose network he calls from; u.incoming.  Answered by ACCEPT
			      * or REJECT with that handle.  An ACCEPTed leg has one FAILED or ENDED,
			      * then CLOSED, as a dialled one; also if the caller was gone already */
	ZV_EV_KILL,          /* u.kill: a lead is paid, cancelled or withdrawn: nothing pending of it is
			      * done any more; or its next call moves, with category 0; attempt is
			      * the sender's token: TELL_TOLD */
	ZV_EV_NO_OFFER,      /* from the lookahead: the lead u.kill.lead of a FETCH cannot be offered;
			      * code = enum zv_err: ENOENT no such lead of that campaign, EDENIED
			      * it may not be called any more, EAGAIN not now */
	ZV_EV_CALLER,        /* leg: of an accepted call from outside; u.caller: whose number it is;
			      * lead 0: a stranger's */
};

/* What an agent may ask for.  A talk is his customer's call. */
enum zv_desk {
	ZV_DESK_LOGIN = 1,    /* call my phone; PAUSED when it is up */
	ZV_DESK_LOGOUT, ZV_DESK_READY,
	ZV_DESK_PAUSE,        /* code */
	ZV_DESK_HANGUP,       /* the customer; then wrap-up */
	ZV_DESK_DONE,         /* the wrap-up is over (or hang up and be done): result, at_ms */
	ZV_DESK_EXTEND,       /* once more the wrap-up's time */
	ZV_DESK_HOLD, ZV_DESK_RESUME,
	ZV_DESK_TRANSFER,     /* at once: to agent `to`, or to `number` (to = ZV_AGENT_NONE) */
	ZV_DESK_CONSULT,      /* the customer waits; I talk to agent `to` or `number` first */
	ZV_DESK_JOIN,         /* all three talk */
	ZV_DESK_COMPLETE,     /* whom I consulted takes the customer, I leave */
	ZV_DESK_BACK,         /* the consulted one leaves, the customer is mine again */
	ZV_DESK_LISTEN, ZV_DESK_WHISPER, ZV_DESK_BARGE, /* supervisor: agent `to`'s talk */
	ZV_DESK_LEAVE,        /* supervisor: out of it */
	ZV_DESK_DIAL,         /* manual: lead `number` of the campaign with index `code`; a preview's
			       * lead when none is told */
	ZV_DESK_SKIP,         /* preview: not this one */
	ZV_DESK_KEY,          /* code: the key to send to the customer */
	ZV_DESK_MACHINE,      /* a machine, not a person: hang up, corrects the detector */
	ZV_DESK_PERSON,       /* the talk that detection has just ended was a person's: the same */
	ZV_DESK_MAX
};

/* Who asked for a suppression; stored: append only. */
enum zv_suppress_source {
	ZV_SUPPRESS_OPERATOR = 1, ZV_SUPPRESS_KEY = 2, ZV_SUPPRESS_API = 3, ZV_SUPPRESS_IMPORT = 4,
	ZV_SUPPRESS_AGENT = 5
};

enum zv_ended_by { ZV_BY_REMOTE = 0, ZV_BY_US = 1, ZV_BY_TIMEOUT = 2, ZV_BY_ERROR = 3 };
/* QUIET: none for a short time (MEDIA_OPEN's quiet_ms); HEARD: it is back after that. */
enum zv_lost { ZV_LOST = 0, ZV_LOST_QUIET = 1, ZV_LOST_HEARD = 2 };
enum zv_played { ZV_PLAYED_DONE = 0, ZV_PLAYED_STOPPED = 1, ZV_PLAYED_BY_KEY = 2, ZV_PLAYED_MISSING = 3 };
enum zv_trunk_state { ZV_TRUNK_DOWN = 0, ZV_TRUNK_UP = 1, ZV_TRUNK_SLOW = 2 };

struct zv_event {
	uint16_t type; /* enum zv_event_type */
	uint16_t trunk;
	uint32_t code;
	struct zv_leg_id leg;
	struct zv_attempt_id attempt;
	union {
		/* txn: number of the read transaction that the offer was read in: what was told in
		 * a later one is not in it yet */
		struct { uint32_t slab, pad; uint64_t txn; } offer;
		struct { int64_t due_ms; uint64_t txn; } hint;
		int64_t due;
		struct { uint32_t err; } flushed;
		struct { uint32_t on; } state;
		struct {
			uint8_t kind, category, number, due_class; /* as struct zv_strategy_out */
			uint8_t n_messages, messages[3];
			uint8_t invalid_number, remove, fallback, pad; /* fallback: the host's default */
			uint32_t slab;
			int64_t due_ms;
		} step;
		struct {
			struct zv_ip rtp_ip;     /* 17 bytes */
			uint8_t payload_type;    /* 0 PCMU, 8 PCMA */
			uint8_t dtmf_type;       /* RFC 4733 payload type, 0 = none offered */
			uint8_t sdp;             /* 1: the media fields are set */
			uint16_t rtp_port;
			uint16_t q850;           /* Reason cause, 0 = none */
			uint16_t retry_after_s;
			uint8_t by;              /* enum zv_ended_by */
			uint8_t local;           /* 1: our own verdict, nothing came from the trunk */
			uint8_t cancelled;       /* 1: the end of a CANCEL of ours (ring time, engine) */
		} sip;
		struct { uint32_t state; uint32_t retry_after_s; } trunk;
		struct {
			uint8_t what;   /* enum zv_agent_does */
			uint8_t pause_code;
			uint8_t result; /* DONE, CALL_OVER: 1 + index in the campaign's results, 0 none */
		} agent;
		struct {
			uint8_t what;   /* enum zv_desk */
			uint8_t code;   /* pause code, key, or campaign */
			uint8_t result; /* DONE: 1 + index in the campaign's results, 0 none */
			uint8_t anyone; /* DONE with at_ms: 1 any agent may call back, 0 he himself */
			uint32_t to;    /* agent's index, or ZV_AGENT_NONE */
			uint64_t number; /* E.164 digits, or a lead */
			int64_t at_ms;  /* DONE: call back so that the answer lands then (calendar); 0 none */
		} desk;
		struct { uint64_t lead, person; uint32_t owner; } caller; /* owner: 1 + id; 0 nobody's */
		struct { uint64_t caller, called; } incoming; /* E.164 digits; caller 0: hidden */
		/* category 0: its next call is to be at at_ms in due_class, whoever holds it now
		 * (at_ms 0: an agreed call-back is called off, an ordinary call stays); owner: as
		 * in CMD_STEP */
		struct { uint64_t lead; uint32_t campaign; uint8_t category, due_class, pad[2]; int64_t at_ms; uint32_t owner; } kill;
		/* listen: what was listened for (enum zv_listen_to); by: enum zv_heard_by; at_ms: of
		 * the listening when it was said */
		struct { uint32_t tag; uint8_t key, cause, inband, by, listen; uint32_t at_ms; } media;
		struct { uint32_t rx_packets, tx_packets, lost, rejected, jitter_us; } stats;
		/* end 1: an earlier suppression is taken back; to_ms = when that was asked */
		struct { uint64_t e164, person; int64_t to_ms; uint32_t campaign, end; } suppress;
		struct { uint64_t person, name; int64_t from_ms, to_ms; } mark;
		struct { uint64_t person, e164; int64_t at_ms; uint32_t campaign; uint16_t facts; uint8_t channel, exclude; } contact;
		struct { uint64_t lead, person, e164; uint32_t campaign; uint8_t sub, answered; } adopt;
		uint8_t raw[32];
	} u;
};

_Static_assert(sizeof(struct zv_event) == 64, "events are one cache line");

#endif
