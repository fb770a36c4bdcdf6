/* carrier/carrier.h -- the simulated carrier's own state: configuration, calls, counters.
 *
 * One thread, one loop: sockets (net, media), timers (wheel), the log (journal).
 * Files: call.c finds, makes and frees calls; uas.c takes requests; session.c sends and
 * repeats what a call sends and ends it; person.c plays the plan of the number that was called;
 * check.c judges what the caller sends; reply.c writes messages.
 */
#ifndef ZVC_CARRIER_H
#define ZVC_CARRIER_H

#include "digest.h"
#include "journal.h"
#include "media.h"
#include "net.h"
#include "shares.h"
#include "wheel.h"

struct zvc_conf {
	struct zvc_listen listens[ZVC_TRUNKS_MAX];
	unsigned n_listens;
	struct zvc_shares shares;
	uint64_t seed;
	double pace; /* factor on all of people's times */
	bool has_auth, has_scenario, early_media, muddle, no_media, strict;
	uint16_t auth_code; /* 401 or 407 */
	struct zvc_account account;
	struct zvc_plan scenario;       /* every number does this */
	uint32_t glare_ppm;             /* of CANCELs: answered with a 200 to the INVITE first */
	uint32_t loss_ppm;              /* of SIP datagrams, each way: dropped */
	uint32_t channels_max, cps_max; /* a trunk, 0 = any */
	uint32_t t1_ms;
	uint32_t max_call_s;
	struct in_addr rtp_ip;
	uint16_t rtp_low, rtp_high;
	const char *log_path;
};

enum zvc_state {
	ZVC_S_PROCEEDING, /* no final response yet */
	ZVC_S_REFUSED,    /* non-2xx sent, ACK awaited */
	ZVC_S_ANSWERED,   /* 200 sent, ACK awaited */
	ZVC_S_UP,
	ZVC_S_HANGING, /* our BYE sent */
	ZVC_S_OVER     /* kept for a while, to know repeated messages */
};

/* What the person does when the plan's timer fires. */
enum zvc_step {
	ZVC_DO_NOTHING,
	ZVC_DO_REFUSE,
	ZVC_DO_RING,
	ZVC_DO_ANSWER,
	ZVC_DO_HELLO_END, /* after the hello: listen */
	ZVC_DO_PRESS,
	ZVC_DO_BEEP,
	ZVC_DO_RECORD,
	ZVC_DO_HANG_UP,
};

struct zvc_number {
	uint64_t number; /* 0: free place */
	uint32_t calls;  /* INVITEs that became calls, 503s too */
	uint32_t busy;   /* 486s given */
	uint32_t active;
};

struct zvc_carrier;

struct zvc_call {
	struct zvc_carrier *carrier;
	struct zvc_call *branch_next, *dialog_next, *all_next;
	struct zvc_call **branch_link, **dialog_link, **all_link;
	uint64_t id, number;
	struct zvc_plan plan;
	enum zvc_state state;
	enum zvc_step step;
	const char *hang_up_why;
	struct zvc_peer peer; /* where responses go */
	struct zvc_peer far;  /* where our requests go */
	char *raw;            /* the INVITE; `invite` points into it */
	size_t raw_len;
	struct zvc_msg invite;
	char to_tag[20];
	char *last; /* the last response to the INVITE, or our BYE, as sent */
	size_t last_len;
	uint16_t code;   /* of the last response to the INVITE */
	bool challenged; /* refused before it became a call: 401, 407, 403, 482 */
	bool counted;    /* in progress, in the figures and in a state dump */
	bool acked, heard, keyed;
	bool sdp_known; /* sdp is the caller's */
	struct zvc_sdp sdp;
	struct zvc_leg *leg;
	struct zvc_timer plan_timer, repeat_timer, end_timer;
	uint32_t repeat_ms, copies, repeats, cancels;
	uint32_t far_cseq;    /* highest seen */
	char seen_branch[96]; /* of the last request in the dialog, to know its copies */
	int64_t invite_ns, ring_ns, answer_ns, key_ns; /* monotonic */
};

struct zvc_trunk_stats {
	uint64_t invites;
	uint32_t active, peak;
	uint32_t cps_peak, cps_now;
	int64_t cps_second;
};

struct zvc_stats {
	uint64_t calls, challenged, answered, keyed, refused, unavailable, cancelled, dead_air,
	        overlaps;
	uint64_t faults, strays, invite_copies, repeats, no_ack, glares, over_limit, options,
	        dropped;
	uint32_t active, peak, talking, talking_peak;
	struct zvc_trunk_stats trunks[ZVC_TRUNKS_MAX];
};

struct zvc_calls; /* hash tables */

struct zvc_carrier {
	struct zvc_conf conf;
	struct zvc_wheel *wheel;
	struct zvc_journal journal;
	struct zvc_net *net;
	struct zvc_media *media;
	struct zvc_calls *calls;
	struct zvc_stats stats;
	uint64_t now_ms;
	uint64_t next_id, dice;
	bool stop;
};

/* call.c */
struct zvc_calls *zvc_calls_create(void);
void zvc_calls_destroy(struct zvc_carrier *carrier); /* frees every call */
/* NULL: out of memory.  Copies the message. */
struct zvc_call *zvc_call_new(struct zvc_carrier *carrier, const struct zvc_net_message *message);
void zvc_call_free(struct zvc_call *call);
/* By the topmost Via's branch and sent-by: the INVITE's own transaction. */
struct zvc_call *zvc_call_by_branch(struct zvc_carrier *carrier, const struct zvc_msg *msg);
/* By Call-ID and both tags. */
struct zvc_call *zvc_call_by_dialog(struct zvc_carrier *carrier, const struct zvc_msg *msg);
/* A response to our BYE: by Call-ID and the tags the other way round. */
struct zvc_call *zvc_call_by_response(struct zvc_carrier *carrier, const struct zvc_msg *msg);
/* A call that is not over, or whose INVITE was not a challenged one, with this Call-ID and From
 * tag. */
struct zvc_call *zvc_call_same_id(struct zvc_carrier *carrier, const struct zvc_msg *msg);
/* NULL: out of memory. */
struct zvc_number *zvc_number_get(struct zvc_carrier *carrier, uint64_t number);
typedef void (*zvc_call_fn)(void *arg, struct zvc_call *call);
void zvc_calls_each(struct zvc_carrier *carrier, zvc_call_fn fn, void *arg);
const char *zvc_state_name(enum zvc_state state);

/* check.c: what the dialer sends wrong is counted and logged, one line a fault. */
void zvc_fault(struct zvc_carrier *carrier, const struct zvc_call *call, const struct zvc_msg *msg,
               const char *what);
void zvc_check_request(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                       const struct zvc_msg *msg);
void zvc_check_invite(struct zvc_carrier *carrier, const struct zvc_msg *msg);
/* NULL, or why the body is no good; *ret_sdp when it is. */
const char *zvc_check_sdp(const struct zvc_msg *msg, struct zvc_sdp *ret_sdp);
void zvc_check_in_dialog(const struct zvc_call *call, const struct zvc_msg *msg);

/* uas.c: takes a message from the network. */
void zvc_on_message(void *carrier, const struct zvc_net_message *message);

/* session.c */
#define ZVC_MESSAGE_MAX 8192               /* of what we send */
void zvc_call_wire(struct zvc_call *call); /* sets what its timers do; once */
/* Writes, sends and keeps a response to the INVITE. */
void zvc_call_respond(struct zvc_call *call, uint16_t code, const char *status_and_headers,
                      struct zvc_str body);
/* 1xx; with_sdp: with our media, begun. */
void zvc_call_progress(struct zvc_call *call, uint16_t code, const char *reason, bool with_sdp);
/* Any final refusal; headers: whole lines, or "". */
void zvc_call_refuse(struct zvc_call *call, uint16_t code, const char *reason, const char *headers);
void zvc_call_answer(struct zvc_call *call);
void zvc_call_hang_up(struct zvc_call *call, const char *why);
/* The call is no longer in progress: logged once, its media closed. */
void zvc_call_ended(struct zvc_call *call, const char *by, const char *why);
/* Only kept to know copies, for 64 T1. */
void zvc_call_over(struct zvc_call *call);
/* Our description into to; begins the media when the caller's is known. */
struct zvc_str zvc_call_media(struct zvc_call *call, char *to, size_t size);
void zvc_call_contact(const struct zvc_call *call, char *to, size_t size);     /* a whole line */
void zvc_line_call(struct zvc_call *call, const char *event, int64_t wall_ns); /* begins a line */

/* reply.c */
size_t zvc_reply_write(const struct zvc_carrier *carrier, const struct zvc_msg *msg,
                       const struct zvc_peer *peer, const char *to_tag,
                       const char *status_and_headers, struct zvc_str body, char *to, size_t size);
size_t zvc_bye_write(struct zvc_call *call, char *to, size_t size);
/* Where a response goes: RFC 3261 18.2.2 and RFC 3581. */
void zvc_reply_address(struct zvc_peer *peer, const struct zvc_msg *msg);
void zvc_send(struct zvc_carrier *carrier, struct zvc_peer *peer, const char *bytes, size_t len);
bool zvc_dropped(struct zvc_carrier *carrier);

/* person.c: the plan of the number, step by step. */
void zvc_person_begin(struct zvc_call *call);
void zvc_person_answered(struct zvc_call *call);
void zvc_person_heard(void *call); /* the first sound */
void zvc_person_step(struct zvc_call *call);
uint64_t zvc_paced(const struct zvc_carrier *carrier, uint32_t ms);

#endif
