/* sip/internal.h -- what the files of this folder share.  Seen here only.
 *
 * Thread: a struct shard and all it points to belong to the thread that runs the shard; struct
 * trunk_shared is the one thing that shards share, and it is atomic.
 */
#ifndef ZV_SIP_INTERNAL_H
#define ZV_SIP_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <pthread.h>

struct agent;
struct leg;
struct tls;
struct tls_conn;
struct leg_keys;
#define SU_ROOT_MAGIC_T      struct shard
#define NTA_AGENT_MAGIC_T    struct agent
#define NTA_OUTGOING_MAGIC_T void

#include <sofia-sip/nta.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/su_wait.h>

#include "sip/auth.h"
#include "sip/digest.h"
#include "sip/phones.h"
#include "sip/sdp.h"
#include "sip/sip.h"

#define TICK_MS       10
#define WHEEL_SLOTS   1024 /* 10.24 s a turn; what is further away is looked at once a turn */
#define RESENDS_MAX   4    /* INVITEs of one leg after the first: digest, redirect, 422 */
#define CHALLENGES_MAX 2
#define REDIRECTS_MAX 2
#define CANCEL_GUARD_MS 10000 /* CANCEL sent, no final answer: give the leg up */
#define ADOPT_BOUND_MS 32000  /* as long as a trunk may repeat its 200 (64 * T1) */
#define ADOPT_QUIET_MS 6000   /* no CANCEL found its call: a 200 would be repeated by then (T2) */
#define STOP_MS       2000
#define RING_DEFAULT_MS 120000
#define TALK_DEFAULT_S 14400
#define EVENTS_PER_LEG 8      /* no DIAL gives more */
#define NONE_LEG      UINT32_MAX
#define TEXT_MAX_BYTES 4096   /* a Contact, tag or route set from outside */
#define PING_MS       20000   /* in-dialog OPTIONS to a phone: is it still there? */

/* What a leg is doing.  The table in call.c says what each signal does in each state. */
enum leg_state {
	LEG_FREE,
	LEG_CALLING,     /* INVITE sent, nothing heard */
	LEG_PROCEEDING,  /* 1xx heard */
	LEG_CANCEL_WAIT, /* to be cancelled; a CANCEL may not go out before a 1xx (RFC 3261 9.1) */
	LEG_CANCELLING,  /* CANCEL sent, the INVITE's final answer is to come */
	LEG_ACK_WAIT,    /* 200 heard and reported; the ACK waits for the store */
	LEG_TALKING,
	LEG_ENDING,      /* reported as failed or ended; our BYE waits for its answer */
	LEG_ADOPTING,    /* of before a crash: CANCELs sent */
	/* somebody called us (incoming.c) */
	LEG_IN_RINGING,  /* our 180 is out */
	LEG_IN_ANSWERED, /* our 200 is out, their ACK is to come */
	LEG_IN_ENDING,   /* reported as ended; the BYE waits for their ACK (RFC 3261 15) */
	LEG_STATES
};

enum signal_type {
	SIG_TRYING,   /* 100 */
	SIG_PROGRESS, /* 101..199 */
	SIG_OK,       /* 2xx to the INVITE */
	SIG_REFUSED,  /* 300..699 to the INVITE, from the trunk or made up by the stack */
	SIG_CANCEL,   /* the engine's */
	SIG_HANGUP,
	SIG_BYE,      /* the far end's BYE; it has its 200 already */
	SIG_BYE_DONE, /* our BYE is answered or given up */
	/* timers, in the order of enum timer */
	SIG_RING,
	SIG_SILENT,
	SIG_GUARD,
	SIG_ACK,      /* also: the store has the facts */
	SIG_TALK,
	SIG_SESSION,
	SIG_REFRESH,
	SIG_PING,
	/* of an INVITE that came in */
	SIG_IN_ACK,
	SIG_IN_CANCEL,
	SIG_IN_NO_ACK,
	SIGNALS
};

enum timer {
	TIMER_RING,    /* the engine's ring_ms */
	TIMER_SILENT,  /* no answer of any kind (t1x64_ms) */
	TIMER_GUARD,   /* whatever was asked for last did not come */
	TIMER_ACK,     /* the store's time for the facts is over */
	TIMER_TALK,    /* talk_max_s */
	TIMER_SESSION, /* RFC 4028: nobody refreshed */
	TIMER_REFRESH, /* RFC 4028: our turn */
	TIMER_PING,    /* a phone's leg: OPTIONS */
	TIMERS
};

struct signal {
	enum signal_type type;
	uint16_t code;
	const sip_t *sip; /* borrowed; NULL for timers and commands */
	bool internal;    /* made up by the stack: nothing came from the trunk */
};

struct leg {
	struct shard *shard;
	struct agent *agent;
	struct zv_leg_id id;
	struct zv_attempt_id attempt; /* the engine's word for it */
	struct zv_attempt_id key;     /* what its names are made of: the attempt; in the phones' shard
				       * a number of our own, since nothing there outlives us */
	uint64_t called, caller;
	struct zv_sip_names names;
	uint16_t trunk;
	uint8_t state; /* enum leg_state */
	uint8_t sub;
	uint8_t resends, challenges, redirects;
	uint8_t progress_told; /* 0 none, 1 without SDP, 2 with */
	bool unanswered;       /* counted in the trunk's unanswered */
	bool tried;            /* EV_SIP_TRYING is out */
	bool media_set, update_allowed, refresher;
	bool acked, adopted;
	bool phone;            /* an agent's phone, no trunk */
	bool tcp;              /* where it is sent to */
	bool hop_only;         /* behind a NAT: all goes to hop, whatever its Contact says */
	bool answer_told;      /* EV_SIP_ANSWERED is out */
	uint32_t agent_index;
	uint32_t in;           /* its INVITE in s->in.v; NONE_LEG */
	struct leg_keys *keys; /* SRTP is offered or agreed on; secrecy.c; NULL: plain RTP */
	struct zv_ip nat_ip;   /* where a phone behind a NAT sends from; family 0: it is not */
	struct zv_sdp_media answered; /* what our last SDP answered, and its version */
	uint32_t answer_version;
	uint8_t adopt_pending; /* CANCELs without final answer */
	uint32_t invite_cseq, cseq, rseq, remote_cseq;
	uint32_t ring_ms, talk_max_s;
	uint32_t session_s, min_se_s;
	struct zv_sdp_media media;
	nta_outgoing_t *invite, *bye, *refresh, *ping;
	nta_outgoing_t *cancels[RESENDS_MAX + 1]; /* an adopted leg's */
	/* heap texts, owned; NULL = none */
	char *request_uri; /* the INVITE's */
	char *hop;         /* where the INVITE goes; NULL: to the trunk */
	char *local, *remote; /* From and To without tags; NULL: as the trunk wants them */
	char *call_id;     /* theirs, when they called; NULL: names.call_id */
	char *remote_tag, *contact, *route;
	char *credentials; /* the last INVITE's Authorization header, whole */
	int64_t due_ms[TIMERS]; /* monotonic; 0 = off */
	int64_t next_ms;        /* the earliest, 0 = none */
	uint32_t wheel_next, wheel_prev, wheel_slot; /* leg indexes; NONE_LEG */
	uint32_t hash_next;
};

struct agent {
	struct shard *shard;
	struct tls *tls;      /* of one trunk alone; NULL: plain */
	nta_agent_t *nta;
	char contact[96];     /* <sip:ip:port>, and with ;transport=tcp */
	char contact_tcp[96];
};

/* Of one trunk, of all shards. */
struct trunk_shared {
	_Atomic uint32_t failures; /* 408, 503, transport: in a row */
	_Atomic uint32_t successes;
	char problem[256]; /* of TLS; under zv_sip.seen_lock */
};

enum breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF };

/* Of one trunk in one shard. */
struct trunk {
	const struct zv_sip_trunk *conf;
	struct trunk_shared *shared;
	char hop[96];     /* sip:ip:port;transport=... */
	char domain[96];  /* host part of From, To and request URI */
	uint32_t unanswered, unanswered_max;
	struct zv_digest digest;
	int64_t slow_told_ms;
	/* the owner's (trunk index % n_shards == shard): */
	enum breaker breaker;
	bool owned;
	bool told;
	int64_t next_ms;  /* OPTIONS, or the end of the rest */
	uint32_t successes_seen;
	nta_outgoing_t *ping;
	struct shard *shard;
	struct tls *tls;  /* NULL: UDP or TCP */
	uint16_t index;
};

struct shard {
	struct zv_sip *sip;
	uint32_t index;
	su_root_t *root;
	struct agent *agents;
	uint32_t n_agents;
	struct trunk *trunks;
	struct tls *tls;         /* of the trunks by TLS: tls.h */
	uint32_t n_tls;
	struct tls_conn *tls_conns;
	/* The phones' shard alone: */
	struct phones *phones;   /* NULL: not that shard */
	struct trunk phone_trunk; /* stands where a phone's leg has no trunk */
	struct zv_sip_trunk phone_conf;
	struct trunk_shared phone_shared;
	struct incomings in;
	uint64_t leg_number;
	bool tcp;                /* its agents have TCP too */
	struct leg *legs; /* of slot s: leg_index */
	uint32_t n_legs, legs_used;
	uint32_t *hash; /* first leg of a bucket, by (attempt, sub) */
	uint32_t hash_mask;
	uint32_t wheel[WHEEL_SLOTS];
	int64_t wheel_ms; /* turned up to there */
	uint32_t wheel_waits;
	const struct zv_sip_rings *rings;
	const _Atomic bool *stop;
	int64_t stopping_ms; /* 0: not yet */
	/* loop.c */
	su_wait_t wait;   /* of rings->wake_fd */
	int registered;
	bool over;        /* of the loop */
	bool drained;     /* the sockets had no more than we took */
	bool busy;        /* turns by the clock, and nobody wakes it */
	uint32_t idle_loops; /* in a row */
	uint32_t work;    /* signals of legs since the last judgement */
	int64_t judged_ms, tick_ms, due_us;
	/* load.c */
	int64_t lag_us;   /* the latest turn since the last look */
	int64_t trouble_ms;
	bool flooded;     /* more commands than a turn takes */
	bool loaded;      /* it was told */
	/* events that the ring had no room for, in order; bounded by EVENTS_PER_LEG a leg */
	struct zv_event *backlog;
	uint32_t backlog_size, backlog_first, backlog_n;
	uint64_t cnonce;
	int64_t stats_ms;
	struct {
		_Atomic uint64_t invites, retransmits, timeouts, received, bad_messages, auth_refused;
		_Atomic uint64_t registers, register_wrong, register_dropped, invites_in, invites_busy;
		_Atomic uint32_t legs, transactions, loop_lag_us_max, registered;
	} stats;
};

struct zv_sip {
	struct zv_sip_params params; /* trunks, plan and open are own copies */
	struct zv_media_plan plan;
	struct zv_sip_trunk *trunks;
	struct trunk_shared *shared;
	struct zv_open_attempt *open;
	struct shard *shards; /* n_shards, and the phones' behind them */
	uint32_t n_all;
	bool tcp;
	int64_t born_ms;      /* wall clock: no name of the phones' shard comes twice */
	_Atomic(struct phone_list *) phones_next;
	pthread_mutex_t seen_lock;
	struct zv_sip_registration *seen; /* by agent; until_ms 0: nowhere */
};

/* shard.c */
int64_t now_ms(void);
void shard_tell(struct shard *s, const struct zv_event *ev);
void leg_set_timer(struct leg *leg, enum timer timer, int64_t in_ms); /* < 0: off */
void leg_stop_timers(struct leg *leg);
struct leg *leg_find(struct shard *s, struct zv_attempt_id key, uint8_t sub);
void leg_hash_in(struct leg *leg);
void leg_hash_out(struct leg *leg);
enum zv_err shard_create(struct zv_sip *sip, uint32_t index, char *text,
			 size_t text_size) ZV_MUST_USE;
void shard_destroy(struct shard *s);
void shard_flush(struct shard *s); /* events that wait for room */
void shard_turn_wheel(struct shard *s, int64_t now);
uint32_t shard_take_mail(struct shard *s); /* how much it was */
bool leg_is(const struct shard *s, struct zv_leg_id id);
struct leg *leg_at(struct shard *s, uint32_t slot);

/* loop.c */
enum zv_err shard_run(struct shard *s) ZV_MUST_USE;

/* load.c */
void load_look(struct shard *s, int64_t now);

/* call.c */
void call_dial(struct shard *s, const struct zv_cmd *cmd);
void call_signal(struct leg *leg, const struct signal *sig);
void call_close(struct leg *leg); /* frees what the leg holds and tells CLOSED */
void call_fail_now(struct leg *leg); /* at the end of a stop: FAILED or ENDED, then CLOSED */
int call_on_response(void *magic, nta_outgoing_t *orq, const sip_t *sip);
struct trunk *leg_trunk(const struct leg *leg);
/* A leg of the command's slot, attempt and trunk, with its agent; what used the slot is ended. */
struct leg *leg_begin(struct shard *s, const struct zv_cmd *cmd);

/* tell.c: what the engine and the store are told */
struct failure {
	uint16_t code, q850, retry_after_s;
	bool local, cancelled;
};
void call_tell(struct leg *leg, struct zv_event *ev); /* fills in whose event it is */
void leg_tell_media(struct leg *leg, enum zv_event_type type, uint16_t code); /* with its media */
void leg_tell_failed(struct leg *leg, const struct failure *f);
void leg_tell_ended(struct leg *leg, enum zv_ended_by by, uint16_t q850);
void leg_push_facts(struct leg *leg);
uint16_t message_q850(const sip_t *sip); /* the cause in its Reason header, 0 = none */

/* request.c: what we send.  false: it could not be built or sent. */
bool send_invite(struct leg *leg);
bool send_ack(struct leg *leg);
bool send_bye(struct leg *leg);
bool send_prack(struct leg *leg, const sip_t *sip);
bool send_refresh(struct leg *leg);
void send_refresh_ack(struct leg *leg, uint32_t cseq);
bool send_cancel_again(struct leg *leg, uint8_t resend); /* an adopted leg's */
void send_stray_ack(struct agent *agent, const msg_t *msg, const sip_t *sip, bool bye);
void send_stray_cancel(struct agent *agent, const msg_t *msg, const sip_t *sip);
bool send_options(struct trunk *trunk);
size_t leg_sdp(const struct leg *leg, const struct zv_sdp_media *answer_to, char *to);
void leg_request_uri(struct leg *leg); /* sets request_uri from the number */
bool send_ping(struct leg *leg);
/* The first hop if it is a plain address: uri or the first of a route set.  False: it is not. */
bool plain_hop(const char *uri, bool is_route, bool tcp_default, char *to, size_t size);
bool keep_text(char **slot, const char *text); /* false: no memory, or too long */
/* Keeps tag, Contact and route set of a 2xx (or reliable 1xx); false: they are not usable. */
bool leg_take_dialog(struct leg *leg, const sip_t *sip);

/* secrecy.c: SRTP */
#define SECRECY_LINES 400
bool secrecy_begin(struct leg *leg); /* as the trunk wants it; false: no keys to be had */
void secrecy_end(struct leg *leg);
/* Refused: may it go on without SRTP?  Then its keys are gone. */
bool secrecy_give_up(struct leg *leg);
/* The crypto lines of our SDP; NULL: plain RTP. */
const char *secrecy_lines(const struct leg *leg, bool answer, char to[SECRECY_LINES]);
/* Their SDP, with their key if it has to have one; offer: else an answer to ours. */
bool secrecy_parse(struct leg *leg, const char *body, size_t len, bool offer,
		   struct zv_sdp_media *ret_media);
void secrecy_publish(const struct leg *leg); /* to media; before it is told */

/* stray.c: what comes without a transaction */
int stray_message(struct agent *agent, nta_agent_t *nta, msg_t *msg, sip_t *sip);
void stray_answer(struct leg *leg, const sip_t *sip); /* the SDP of a 200 to our re-INVITE */
const char *stray_unsupported(const sip_t *sip);
void stray_no_maddr(const sip_t *sip); /* a name there would be looked up, blocking */

/* adopt.c */
void adopt_dial(struct leg *leg);
void adopt_ringing(struct leg *leg, const sip_t *sip);
const struct zv_open_attempt *adopt_find(const struct zv_sip *sip, struct zv_attempt_id attempt);

/* trunk.c */
void trunk_init(struct shard *s, struct trunk *t, uint16_t index);
void trunk_result(struct trunk *t, bool failure); /* an INVITE's or a ping's end */
void trunk_pinged(struct trunk *t, bool heard);
void trunk_slow(struct trunk *t, uint32_t retry_after_s);
void trunk_tick(struct trunk *t, int64_t now);
void trunk_stop(struct trunk *t);
void trunk_begin_down(struct trunk *t); /* and told so: it has to be heard first */
void trunk_ping_failed(struct trunk *t); /* what was asked never left */

/* timer.c: RFC 4028 */
void session_agree(struct leg *leg, const sip_t *sip);

#endif
