/* sip/tls.h -- TLS towards trunks: who may be at the other end of a connection.
 *
 * Thread: the shard's; made and destroyed with it.
 *
 * A trunk has one agent of the stack for itself in each shard, so that certificate, authorities and
 * name are the trunk's own.  The stack shakes hands, but does not judge: 1.12.11 knows no system
 * store, no server name (SNI), no lowest version, and takes an address for a name.  OpenSSL does it
 * instead, on the very connection: the stack's SSL_CTX is caught when it is made (CRYPTO_EX_new, a
 * documented call) and gets TLS 1.2 at least, the authorities and the name of the trunk.  So a
 * handshake with anybody else fails before a byte of SIP has left.
 */
#ifndef ZV_SIP_TLS_H
#define ZV_SIP_TLS_H

#include "sip/internal.h"

#define TLS_TEXT 256

/* Of one trunk in one shard. */
struct tls {
	struct agent agent;    /* that trunk's requests leave by it */
	struct trunk *trunk;
	const struct zv_sip_tls *conf;
	uint16_t port;         /* where far ends reach us, if we have a certificate */
	uint32_t up;           /* connections of ours that are through their handshake */
	bool failed;           /* the last try came to nothing; its calls are to be told */
	bool asked;            /* for a certificate that we do not have */
	int64_t next_ms;       /* the next OPTIONS of a shard that does not own the trunk */
	char problem[TLS_TEXT]; /* why; "" = nothing is wrong */
	char told[TLS_TEXT];   /* what of it is in the log */
};

struct tls_conn;

/* The agents of all TLS trunks of the shard; text says what is wrong with a file. */
enum zv_err tls_create(struct shard *s, char *text, size_t text_size) ZV_MUST_USE;
/* After the stack's agents are gone too (agents are destroyed here, before the root is). */
void tls_destroy(struct shard *s);
/* The shard's thread begins: the trunks are down until somebody has shown his certificate. */
void tls_begin(struct shard *s);
/* A few times a second: connections that hang, that failed, that are wanted again. */
void tls_tick(struct shard *s, int64_t now);
/* May an INVITE be given to the stack?  It never leaves but on a connection that was judged. */
bool tls_usable(const struct tls *tls);
/* An OPTIONS was answered or not.  What is wrong is said once, and kept for
 * zv_sip_trunk_problem. */
void tls_pinged(struct tls *tls, bool heard);

#endif
