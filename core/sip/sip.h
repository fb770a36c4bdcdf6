/* sip/sip.h -- signalling by Sofia-SIP's transaction layer (nta): trunks, agents' phones, calls in.
 *
 * Threads: shard i owns one su_root with several nta agents (each on its own UDP port) and all
 * legs whose slot % n_shards == i.  It takes struct zv_cmd (DIAL, CANCEL, HANGUP) from the
 * engine and answers with struct zv_event; nothing else enters it.  With phones.on there is one
 * shard more, index n_shards: all slots from max_legs on, DIAL with u.dial.phone, ACCEPT, REJECT.
 * sofia-sip/ is seen in core/sip only.
 *
 * Promises: no INVITE but on DIAL; every DIAL and every ACCEPTed leg ends in exactly one
 * SIP_FAILED or SIP_ENDED and then SIP_CLOSED; a ring timer of its own for every call.
 */
#ifndef ZV_SIP_H
#define ZV_SIP_H

#include <stdbool.h>

#include "base/ring.h"
#include "base/secrets.h"
#include "dial/command.h"
#include "dial/mediaplan.h"
#include "dial/recover.h"

enum zv_sip_transport { ZV_SIP_UDP = 0, ZV_SIP_TCP = 1, ZV_SIP_TLS = 2 };
enum zv_sip_redirect { ZV_REDIRECT_REFUSE = 0, ZV_REDIRECT_FOLLOW = 1 };
enum zv_sip_privacy { ZV_PRIVACY_NONE = 0, ZV_PRIVACY_ID = 1 };
enum zv_sip_number { ZV_NUMBER_PLUS = 0, ZV_NUMBER_DIGITS = 1 }; /* +7916... or 7916... */

enum zv_sip_srtp { ZV_SRTP_OFF = 0, ZV_SRTP_OFFER = 1, ZV_SRTP_REQUIRE = 2 };

/* Of a trunk by TLS; texts that are files name PEM files. */
struct zv_sip_tls {
	bool verify;             /* its certificate is checked: authority, dates, name */
	char name[128];          /* host name or address that has to be in its subjectAltName */
	char ca[256];            /* authorities; "" = the system's */
	char certificate[256], key[256]; /* ours; "" = none: far ends cannot connect to us */
};

struct zv_sip_trunk {
	char name[32];
	struct zv_ip ip;         /* numeric next hop, resolved by the shell */
	uint16_t port;
	uint8_t transport;       /* enum zv_sip_transport */
	uint8_t redirect;        /* enum zv_sip_redirect */
	uint8_t privacy;         /* enum zv_sip_privacy */
	uint8_t number_format;   /* enum zv_sip_number */
	bool p_asserted;         /* send P-Asserted-Identity */
	bool register_;          /* reserved, off */
	char domain[64];         /* host part of From and request URI; "" = the next hop */
	char realm[64];          /* "" = any realm of this trunk's own challenges */
	char user[64], password[64]; /* "" = no digest */
	uint32_t options_s;      /* OPTIONS ping; 0 = off */
	uint32_t t1x64_ms;       /* INVITE without any answer: 408 then; 8000 */
	uint32_t unanswered_max; /* last resort; the engine's own cap is lower or equal */
	uint32_t breaker_failures; /* that many 408/503 in a row, none else: down; 20 */
	uint32_t breaker_rest_s; /* 5: then OPTIONS (or one call) tries again */
	uint32_t session_expires_s; /* 0 = refuse no refresh, ask for none */
	bool inbound;            /* INVITEs from its address are calls for our queues */
	struct zv_sip_tls tls;
	uint8_t srtp;            /* enum zv_sip_srtp */
};

/* Agents' phones and calls from outside: one more shard, index n_shards, with its own listening
 * port.  It is the registrar, calls phones where they are registered, and takes INVITEs from
 * trunks' networks. */
struct zv_sip_phone {
	char user[32];
	char ha1[33];    /* MD5(user:realm:password), hex; "" = may not register */
	char contact[128]; /* where he is without registering, a URI with a numeric host;
			    * "" = he registers */
};

struct zv_sip_phones {
	bool on;
	struct zv_ip ip;         /* UDP and TCP */
	uint16_t port;
	char realm[64];
	uint32_t max_phones, max_side; /* as in struct zv_engine_conf */
	uint32_t n;              /* of v, by agent's index */
	const struct zv_sip_phone *v;  /* copied; a reload: zv_sip_set_phones */
	uint32_t expires_min_s, expires_max_s;
	uint32_t fails_max;      /* wrong answers a minute and address; then silence for a minute */
	uint32_t n_proxies;      /* networks of proxies (Kamailio) whose REGISTERs with Path are
				  * taken, digest all the same */
	struct zv_ip proxies[8];
};

struct zv_sip_params {
	struct zv_sip_phones phones;
	struct zv_ip local_ip;     /* where the agents bind; never 0.0.0.0 by default */
	uint16_t port_first;       /* agent k of shard i: port_first + i * agents + k; behind them one
				    * for each shard and trunk by TLS */
	uint32_t n_shards;
	uint32_t agents;           /* a shard; 8 */
	char user_agent[64];
	struct zv_key secret;      /* for zv_sip_names */
	struct zv_secrets *secrets; /* where media finds keys, and that there are none: all slots;
				     * NULL: no trunk may have SRTP */
	const struct zv_media_plan *plan;
	const struct zv_sip_trunk *trunks;
	uint32_t n_trunks;
	uint32_t max_legs;         /* customers' slots, from 0; the phones' shard has those behind */
	uint32_t ack_wait_ms;      /* 200: see dial/dialog.h */
	bool offer_pcmu_first;     /* default PCMA, PCMU, telephone-event */
	uint32_t n_open;           /* calls of before a crash; copied at create */
	const struct zv_open_attempt *open;
};

struct zv_sip;
/* Local ports from port_first on that these parameters take; those of the phones' shard for TLS
 * are counted whether it is there or not. */
static inline uint32_t zv_sip_ports(const struct zv_sip_params *params)
{
	uint32_t n = params->n_shards * params->agents;

	for (uint32_t i = 0; i < params->n_trunks; i++)
		n += params->trunks[i].transport == ZV_SIP_TLS ? params->n_shards + 1 : 0;
	return n;
}

/* Makes every shard's root and agents, one after another (su_init is not thread-safe).  A port
 * in use is ZV_EEXIST with the port in text. */
enum zv_err zv_sip_create(const struct zv_sip_params *params, char *text, size_t text_size,
			  struct zv_sip **ret_sip) ZV_MUST_USE;
void zv_sip_destroy(struct zv_sip *sip); /* after all shard threads have returned; accepts NULL */

struct zv_sip_rings {
	struct zv_ring *commands;    /* engine -> shard, struct zv_cmd */
	struct zv_ring *events;      /* shard -> engine, struct zv_event */
	struct zv_ring *dialogs;     /* shard -> store, struct zv_dialog */
	struct zv_ring *dialog_acks; /* store -> shard, struct zv_dialog_ack */
	int wake_fd;                 /* eventfd of commands and dialog_acks */
};

/* Other secrets and users, from the main thread; agents keep their index. */
enum zv_err zv_sip_set_phones(struct zv_sip *sip, const struct zv_sip_phone *v,
			      uint32_t n) ZV_MUST_USE;

/* Where an agent's phone is registered; any thread.  False: nowhere.  until_ms is of the
 * monotonic clock, INT64_MAX for a fixed contact; agent is the User-Agent that it says. */
struct zv_sip_registration { char contact[128], agent[64]; int64_t until_ms; };
bool zv_sip_registered(struct zv_sip *sip, uint32_t agent, struct zv_sip_registration *ret);

/* Why a trunk by TLS takes no calls, in words for the operator; any thread.  False: nothing is
 * wrong with its TLS. */
bool zv_sip_trunk_problem(struct zv_sip *sip, uint32_t trunk, char *to, size_t size);

/* Runs shard i on the calling thread until *stop; ends what is left (CANCEL, BYE) for at most
 * 2 s first. */
enum zv_err zv_sip_thread(struct zv_sip *sip, uint32_t shard, const struct zv_sip_rings *rings,
			  const _Atomic bool *stop) ZV_MUST_USE;

/* Figures of a shard; any thread, relaxed. */
struct zv_sip_stats {
	uint64_t invites, retransmits, timeouts, received, bad_messages, auth_refused;
	uint32_t legs, transactions;
	uint32_t loop_lag_us_max;
	/* of the phones' shard */
	uint64_t registers;        /* taken */
	uint64_t register_wrong;   /* wrong answers to a challenge */
	uint64_t register_dropped; /* unread, since their address guessed too often */
	uint64_t invites_in;       /* told as EV_SIP_INCOMING */
	uint64_t invites_busy;     /* 503: too many at once */
	uint32_t registered;       /* phones now, with those that have a fixed contact */
};
void zv_sip_get_stats(const struct zv_sip *sip, uint32_t shard, struct zv_sip_stats *ret_stats);

#endif
