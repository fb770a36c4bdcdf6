/* dial/command.h -- what the engine wants done.  128 bytes, no pointers.
 *
 * The shell (zvonard, or a simulator) routes each command by its type to the thread that owns
 * the matter; the engine never waits.
 */
#ifndef ZV_DIAL_COMMAND_H
#define ZV_DIAL_COMMAND_H

#include "dial/event.h"

enum zv_cmd_type {
	/* to the reservation's owner */
	ZV_CMD_RESERVE = 1,   /* attempt, leg, u.lead: answered by EV_RESERVED */

	/* to the store; in the order given */
	ZV_CMD_INTENT,        /* u.intent: flushed, then EV_INTENT_FLUSHED */
	ZV_CMD_OUTCOME,       /* u.outcome: the attempt ended */
	ZV_CMD_STEP,          /* u.step: next due time or category, and messages to the outbox */
	ZV_CMD_DEFER,         /* u.step.due_ms: a refused lead rests until then; EV_STEP_FLUSHED */
	ZV_CMD_LADDER,        /* u.ladder: a step worth keeping (ring, connect, abandon, not_sent) */
	ZV_CMD_EVIDENCE,      /* u.evidence: why a contact was allowed (before its INTENT) or not */
	ZV_CMD_SUPPRESS,      /* u.suppress: flushed, then EV_TOLD with the same attempt (token) */
	ZV_CMD_MARK,          /* u.mark: the same */
	ZV_CMD_CONTACT,       /* u.contact: a ledger entry that is no attempt of ours; the same */
	ZV_CMD_CALENDAR,      /* u.calendar.to_ms: fast-forward to there.  The shell moves the
			       * calendar, sends EV_CALENDAR and passes the command on to the store;
			       * the store needs no own commit for it, since whatever is done at the
			       * new time carries it: meta's calendar = the largest time committed. */

	/* to the lookahead */
	ZV_CMD_RELEASE,       /* u.lead.slab: the engine is done with it */

	/* to the plugin host */
	ZV_CMD_ASK,           /* u.lead.slab: what next?  The slab is lent until EV_STEP */

	/* to sip shard leg.slot % n_sip */
	ZV_CMD_DIAL,          /* u.dial: INVITE now */
	ZV_CMD_CANCEL,        /* end a leg that is not answered: CANCEL, then FAILED or ANSWERED */
	ZV_CMD_HANGUP,        /* end a leg in whatever state: BYE or CANCEL */

	/* to media thread leg.slot % n_media */
	ZV_CMD_MEDIA_OPEN,    /* u.media: start listening and (silence) sending */
	ZV_CMD_MEDIA_PLAY,    /* u.play */
	ZV_CMD_MEDIA_STOP,    /* stop what plays; EV_MEDIA_PLAYED (stopped) if something did */
	ZV_CMD_MEDIA_CLOSE,   /* EV_MEDIA_CLOSED follows */

	/* to media, and to the agent's screen: the card leaves before the voice */
	ZV_CMD_CARD,          /* u.agent: show this lead to him */
	ZV_CMD_BRIDGE,        /* u.agent: leg hears him from now on, and he it */
	ZV_CMD_UNBRIDGE,      /* u.agent */

	/* to whoever watches: control socket, metrics */
	ZV_CMD_AGENT,         /* u.agent: his new state */
	ZV_CMD_TELL,          /* u.tell */
	ZV_CMD_DESK,          /* attempt = the DESK event's token; u.desk: done, or why not */
	ZV_CMD_QUEUE,         /* u.queue: a caller waits, moves up, is served, gave up */
	ZV_CMD_MISSED,        /* u.queue: gave up and is to be called back at once: a lead is made */

	/* to the store, in order with the others */
	ZV_CMD_KILL,          /* u.kill: the lead gets its category, all that is due of it goes; or
			       * its next call is moved; flushed, then EV_TOLD with the same attempt
			       * (token) */

	/* to the phones' shard */
	ZV_CMD_ACCEPT,        /* u.accept: answer that INVITE; leg is its slot from now on */
	ZV_CMD_REJECT,        /* u.accept: refuse it */

	/* to media thread leg.slot % n_media, LINK also to that of u.link.from */
	ZV_CMD_MEDIA_LINK,    /* u.link: leg hears `from` from now on, or no more */
	ZV_CMD_MEDIA_RECORD,  /* u.record: leg's call is written down from now on, or no more */
	ZV_CMD_MEDIA_KEY,     /* u.key: a key press is sent to leg (RFC 4733) */

	/* to the lookahead */
	ZV_CMD_FETCH,         /* campaign, u.lead.lead: an agent asks for this lead: OFFER it now, due
			       * or not, with its person's ledger; else NO_OFFER */

	/* to media thread leg.slot % n_media */
	ZV_CMD_MEDIA_LISTEN,  /* u.listen: who is there?  EV_MEDIA_VERDICT, once unless it is to be
			       * revised; ends by itself, with OFF, another LISTEN or CLOSE */
};

/* Steps of the ladder that the attempt log keeps (rules/README.md): intent and outcome have
 * commands of their own. */
enum zv_ladder {
	ZV_LADDER_SUB = 1,  /* a sub-attempt by another trunk: flushed, then EV_INTENT_FLUSHED */
	ZV_LADDER_RING = 2,
	ZV_LADDER_CONNECT = 3,
	ZV_LADDER_ABANDON = 4,
	ZV_LADDER_CONVERSATION = 5,
	ZV_LADDER_INVITE = 6,
	ZV_LADDER_CLOSED = 7, /* nothing of the leg is left: a restart need not end it */
	ZV_LADDER_HEARD = 8,  /* a verdict of the answer or the early media: ZV_HEARD_CODE */
};

/* An agent's phone. */
enum zv_phone { ZV_PHONE_GONE = 0, ZV_PHONE_REGISTERED, ZV_PHONE_CALLING, ZV_PHONE_UP };
/* How a talk came about. */
enum zv_talk_kind {
	ZV_TALK_KIND_NONE = 0, ZV_TALK_KIND_DIALLED, ZV_TALK_KIND_PREVIEW, ZV_TALK_KIND_MANUAL,
	ZV_TALK_KIND_CALLBACK, ZV_TALK_KIND_INBOUND, ZV_TALK_KIND_ROBOT, ZV_TALK_KIND_TRANSFER
};
/* A customer who is with an agent, as the agent's screen shows it. */
enum zv_room_state {
	ZV_ROOM_NONE = 0,
	ZV_ROOM_LIVE,    /* customer and agent talk */
	ZV_ROOM_HELD,    /* the customer hears hold music */
	ZV_ROOM_ASKING,  /* held; a number rings that the agent wants to consult */
	ZV_ROOM_CONSULT, /* held; the agent talks to a third */
	ZV_ROOM_THREE,   /* all three talk */
	ZV_ROOM_BLIND,   /* no agent any more: the number that he is transferred to rings */
	ZV_ROOM_OUTSIDE, /* no agent any more: he talks to that number */
	ZV_ROOM_WAITS,   /* his agent is gone: hold music until another takes him */
	ZV_ROOM_WATCHES, /* of a supervisor: hears another's talk */
};
enum zv_queued {
	ZV_QUEUED_WAITS = 1, ZV_QUEUED_SERVED, ZV_QUEUED_GAVE_UP, ZV_QUEUED_OVER,
	ZV_QUEUED_CAME, /* who is it?  EV_CALLER says so, if he is known */
};

/* May the far end's RTP come from elsewhere than it said (a phone behind NAT)?  The first valid
 * packet then decides where from and where to, until the next OPEN. */
enum zv_learn { ZV_LEARN_NOT = 0, ZV_LEARN_PORT = 1 /* same address, any port */, ZV_LEARN_ANY = 2 };

/* Prompts that media makes itself; as u.play.prompt.  TONE is heard over the links of the leg,
 * all other prompts in their place. */
#define ZV_PROMPT_TONE  UINT64_C(1) /* 150 ms before a customer is heard */
#define ZV_PROMPT_RING  UINT64_C(2) /* ring-back, to be looped */
#define ZV_PROMPT_HOLD  UINT64_C(3) /* quiet music on hold, to be looped */
#define ZV_PROMPT_MAX   UINT64_C(15)

enum zv_tell {
	ZV_TELL_CAMPAIGN_IDLE = 1, ZV_TELL_DRAINED = 2, ZV_TELL_DIAL_BLOCKED = 3,
	ZV_TELL_TOLD = 4,          /* what the event with this token (attempt) said is on disk;
				    * value = enum zv_err: why it is refused */
	ZV_TELL_UNSTATED = 5,      /* campaign: no purpose, channel, mode or actor: not started */
	ZV_TELL_NO_RULES = 6,      /* campaign: no rule set is loaded: not started */
	ZV_TELL_RATIO_ALARM = 7,   /* campaign; value = rate in millionths; once a window */
	ZV_TELL_RATIO_STOP = 8,    /* the same: new dials stop until the window ends */
	ZV_TELL_MENDED = 11,      /* value = agent or slot: the floor's tables forbid what stood there */
	ZV_TELL_SLA_BREACH = 9,    /* campaign; value = its breaches so far, attempt.hi = the lead */
	ZV_TELL_CALLBACK_MOVED = 10, /* campaign: the rules do not allow the time that was agreed;
				    * attempt.hi = the lead, lo = its new time (calendar ms) */
};

#define ZV_OWNER_NOBODY UINT32_MAX

struct zv_cmd {
	uint16_t type; /* enum zv_cmd_type */
	uint16_t trunk;
	uint32_t campaign;
	struct zv_leg_id leg;
	struct zv_attempt_id attempt;
	int64_t cal_ms; /* of the event that caused it */
	union {
		struct { uint64_t lead, person; uint32_t slab; } lead;
		struct {
			uint64_t lead, person, called, caller; /* called, caller: E.164 digits */
			uint64_t rules_hash;
			int64_t mono_ms;
			uint32_t counts;  /* attempts of this lead so far */
			uint8_t number;   /* index */
			uint8_t sub;
			uint8_t round;
			uint8_t channel;  /* enum zv_channel */
			uint32_t debt, topic; /* of the lead */
			uint32_t caller_hash; /* as in struct zv_contact */
		} intent;
		struct {
			uint64_t lead, person;
			int64_t invite_ms, ring_ms, answer_ms, end_ms; /* calendar of the INVITE, then
								          + monotonic distances; 0 = never */
			uint16_t sip_code, q850;
			uint8_t outcome;  /* enum zv_outcome */
			uint8_t result;   /* 1 + index in the campaign's results */
			uint8_t number, sub, round, ended_by;
			uint8_t key;      /* last key pressed */
			uint8_t amend;    /* 1: settles an attempt that stood as unknown */
			uint16_t facts;   /* bits enum zv_fact: the ledger's entry */
			uint16_t dial_s, connect_s, end_s; /* as in struct zv_contact */
			uint8_t exclude;  /* bits enum zv_exclude */
			uint8_t talk_kind; /* enum zv_talk_kind */
			uint32_t agent;   /* 1 + id of the agent who talked; 0 nobody */
		} outcome;
		struct {
			uint64_t lead, person;
			int64_t due_ms;
			int64_t old_due_ms;
			uint8_t kind, category, number, due_class, n_messages, messages[3];
			uint8_t invalid_number, called_number, remove, fallback, old_class;
			uint8_t message_channels[3]; /* enum zv_channel of each message */
			uint32_t slab;
			uint32_t owner; /* 1 + id of the agent whose lead it is from now on; 0: as it was;
					 * ZV_OWNER_NOBODY: nobody's any more */
			/* messages[i] may leave then and not before; 0: now; ZV_NEVER_MS: a rule
			 * forbids it, it is kept with its reason in the evidence and never sent */
			int64_t message_at_ms[3];
		} step;
		struct { uint64_t lead; int64_t mono_ms; uint8_t what, sub; uint16_t code; uint64_t caller; } ladder;
		struct { int64_t to_ms; } calendar;
		struct {
			uint64_t person, lead, rules_hash;
			int64_t until_ms;  /* with no */
			uint16_t rule;     /* index in the set of rules_hash, with no */
			uint8_t answer, refusal, detail; /* as in struct zv_verdict */
			uint8_t number, channel;
			uint8_t n_counts;  /* here; more follow in a command of their own with part + 1 */
			struct { uint16_t rule, used, in_flight; } counts[7];
			uint8_t part, pad[5];
		} evidence;
		struct {
			uint64_t e164, person;
			int64_t to_ms;
			uint32_t campaign; /* 0: everywhere */
			uint32_t source;   /* enum zv_suppress_source */
			uint32_t end;      /* 1: an earlier one is taken back, over at to_ms */
		} suppress;
		struct { uint64_t person, name; int64_t from_ms, to_ms; uint8_t kind, by; } mark;
		struct {
			uint64_t person, lead, e164;
			int64_t at_ms;
			uint32_t debt, topic, caller_hash;
			uint16_t facts;
			uint8_t channel, exclude;
			/* a talk of one who called us: the id by which it is noted and recorded, and
			 * what is known of it; again with its result.  of zero: the token is the id */
			struct zv_attempt_id of;
			uint32_t agent;      /* 1 + id; 0 nobody */
			uint16_t connect_s, end_s; /* as in struct zv_contact */
			uint8_t result, talk_kind;
		} contact;
		struct {
			uint64_t called, caller;
			uint32_t ring_ms;    /* CANCEL after that long without a final answer */
			uint32_t talk_max_s; /* BYE at the latest then */
			uint8_t sub;
			uint8_t adopt;       /* an EV_ADOPT leg: send nothing new, close it */
			uint8_t phone;       /* 1: the phone of agent `agent`, where it is registered */
			uint32_t agent;
		} dial;
		struct {
			struct zv_ip rtp_ip;
			uint8_t payload_type, dtmf_type;
			uint16_t rtp_port;
			uint8_t learn;       /* enum zv_learn; phones only, never a trunk */
			uint16_t quiet_ms;   /* MEDIA_LOST with ZV_LOST_QUIET after that; 0 never */
		} media;
		struct {
			uint64_t prompt;     /* hash of the rendered text; 0: silence of duration_ms */
			uint32_t duration_ms;
			uint32_t tag;        /* comes back in EV_MEDIA_PLAYED */
			uint8_t stop_on_key; /* barge-in */
			uint8_t loop;        /* again and again until STOP or another PLAY; no PLAYED */
		} play;
		struct {
			struct zv_leg_id from;
			uint8_t on;
			uint8_t keys;        /* 1: key presses of `from` are passed on to leg */
		} link;
		struct {
			uint64_t lead;
			uint32_t agent;
			uint8_t on;          /* 1 begin, 0 end, 2 pause (card data is spoken), 3 go on */
		} record;
		struct zv_listen listen;
		struct { uint8_t key; } key; /* '0'..'9' '*' '#' 'A'..'D' */
		struct { uint32_t handle; uint16_t code; uint8_t ring; } accept; /* ring: 180 only, the 200
			follows with another ACCEPT; code: of REJECT */
		struct { uint32_t err, agent; } desk; /* enum zv_err; index */
		struct {
			uint64_t caller, called;
			uint32_t queue;      /* index */
			uint32_t position, wait_s; /* expected */
			uint32_t agent;      /* served by; ZV_AGENT_NONE */
			uint8_t what;        /* enum zv_queued */
			/* OVER, of a talk: what its agent wrote down, as in u.step and EV_DESK */
			uint8_t result, pad[2];
			uint32_t talk_ms, wish_owner;
			int64_t wish_ms;
			uint32_t waiting;    /* in this queue now */
		} queue;
		struct { uint64_t lead; uint8_t category, due_class, pad[2]; uint32_t owner; int64_t at_ms; } kill; /* as
			in the event */
		struct {
			uint64_t lead, person;
			uint32_t agent;      /* index */
			uint8_t state;       /* enum zv_agent_state */
			uint8_t pause_code;
			uint8_t phone;       /* enum zv_phone */
			uint8_t kind;        /* enum zv_talk_kind */
			/* AGENT: what follows the talk, as in struct zv_agent; of one who is OFFLINE
			 * because his phone's leg is lost and called again: ZV_AD_READY or
			 * ZV_AD_PAUSE, what he will be then */
			uint8_t want;
			uint8_t room;        /* AGENT: enum zv_room_state */
			uint8_t watch;       /* AGENT: ZV_DESK_LISTEN, WHISPER, BARGE; 0 no */
			uint8_t freed;       /* AGENT: 1 detection took his last talk: a machine, it says */
			uint64_t number;     /* the customer's, E.164 digits */
			uint32_t limit_ms;   /* of the state, from now; 0 none */
			uint32_t with;       /* AGENT: the third, or whom a supervisor watches; index */
			uint64_t with_number; /* AGENT: the third, if it is a number; 0 none */
		} agent;
		struct { uint32_t what; uint32_t value; } tell;
		uint8_t raw[88];
	} u;
};

_Static_assert(sizeof(struct zv_cmd) == 128, "commands are two cache lines");

/* Where the engine puts its commands: an array of the shell's.  The engine checks room before
 * it starts anything; n never passes cap. */
struct zv_cmds {
	struct zv_cmd *v;
	uint32_t n, cap;
};

#endif
