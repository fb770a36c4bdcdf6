/* sip/phones.h -- agents' phones and the calls that come in: what the phones' shard has beside the
 * legs of every shard.  Seen in this folder only.
 *
 * Thread: the phones' shard.
 */
#ifndef ZV_SIP_PHONES_H
#define ZV_SIP_PHONES_H

#include <stdbool.h>
#include <stdint.h>

#include <sofia-sip/sip.h>

#include "sip/auth.h"
#include "sip/sdp.h"
#include "sip/sip.h"

struct agent;
struct leg;
struct shard;

#define CONTACT_MAX 256 /* a registered Contact or Path */

/* A user who may register, and where he is: of the phones' shard. */
struct phone {
	char user[32], ha1[33];
	bool on, fixed;
	bool direct;               /* his Contact's host is where he sends from */
	char contact[CONTACT_MAX]; /* URI */
	char route[CONTACT_MAX];   /* Path, as a Route header's value; "" none */
	char hop[96];              /* sip:ip:port;transport= */
	bool tcp, hop_only;
	struct zv_ip nat_ip;
	char agent[64];
	struct tport_s *tport;     /* TCP: the connection he registered by; a reference */
	int64_t until_ms;          /* monotonic */
	/* of the last REGISTER taken: nothing older is taken again */
	uint64_t call_id, source;
	uint32_t cseq, count;
	struct zv_nonce nonce;
};

struct phone_list { /* handed over by zv_sip_set_phones */
	uint32_t n;
	struct zv_sip_phone v[];
};

struct phones {
	struct phone *v;     /* by agent's index; max_phones of them */
	uint32_t n;
	uint32_t *by_user;   /* open addressing; NONE_LEG: free */
	uint32_t mask;
	struct zv_guard *guard;
	uint32_t nonce_number;
	int64_t look_ms, born_ms;
};

enum in_state { IN_FREE, IN_OFFERED, IN_RINGING, IN_ANSWERED, IN_REFUSED, IN_OVER };

/* An INVITE that came in: its server transaction, ours and not the stack's. */
struct incoming {
	uint8_t state; /* enum in_state */
	bool quiet;    /* Require: 100rel: no 180 */
	uint16_t trunk, gen, code;
	uint32_t leg;  /* index in the shard's legs; NONE_LEG */
	uint64_t call_hash; /* of Call-ID, From tag and CSeq */
	msg_t *msg;    /* the INVITE, kept */
	const sip_t *sip;
	struct zv_attempt_id key;
	char tag[64];  /* our To tag: names.call_id of key */
	char *sdp;     /* of the 200, for its repetitions */
	int64_t next_ms, until_ms;
	uint32_t interval_ms;
};

struct incomings {
	struct incoming *v;
	uint32_t size, used, offered, offered_max;
};

/* phones.c: who may register, and where he is */
enum zv_err phones_create(struct shard *s) ZV_MUST_USE;
void phones_destroy(struct shard *s); /* before the agents go */
void phones_tick(struct shard *s, int64_t now);
struct phone *phone_of(struct shard *s, const char *user); /* NULL: nobody */
void phone_gone(struct shard *s, struct phone *p, const char *why);
void phone_changed(struct shard *s, struct phone *p, bool moved); /* tells who wants to know */
bool source_of(const msg_t *msg, struct zv_ip *ret_ip, uint16_t *ret_port);
void phone_dial(struct leg *leg, uint32_t agent); /* sets where it goes; hop NULL: nowhere */
/* re-INVITE or UPDATE: where the far end is from now on (RFC 3261 12.2.2). */
void leg_follow(struct leg *leg, const msg_t *msg, const sip_t *sip);
/* A phone behind a NAT names an address that only it knows. */
void phone_media(const struct leg *leg, struct zv_sdp_media *media);
bool is_phone_at(const struct shard *s, const struct zv_ip *ip, uint16_t port);

/* registrar.c: takes msg */
void registrar_request(struct agent *agent, msg_t *msg, const sip_t *sip);

/* incoming.c */
enum zv_err incoming_create(struct shard *s) ZV_MUST_USE;
void incoming_destroy(struct shard *s);
/* INVITE without a To tag, ACK or CANCEL: true: it was ours, msg is taken. */
bool incoming_request(struct agent *agent, msg_t *msg, const sip_t *sip);
void incoming_command(struct shard *s, const struct zv_cmd *cmd); /* ACCEPT, REJECT */
void incoming_refuse(struct leg *leg, uint16_t code); /* of a leg that rings */
void incoming_leg_gone(struct leg *leg);
void incoming_tick(struct shard *s, int64_t now);
void incoming_stop(struct shard *s);

#endif
