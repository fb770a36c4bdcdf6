#include "sip/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sofia-sip/su_tag.h>
#include <sofia-sip/tport_tag.h>

#include "base/log.h"

#define HANDSHAKE_MS 5000 /* TCP and TLS together; a silent far end is given up then */
#define CHAIN_MAX    8    /* certificates between the trunk's and its authority */
#define IDLE_S       30   /* a dead peer is found by TCP's own probes: after 30 s, six of 5 s */

/* One connection, either way: what the stack's own objects do not tell us. */
struct tls_conn {
	SSL *ssl;
	BIO *bio;
	struct tls *tls;  /* NULL: no handshake began */
	int64_t born_ms;
	bool client;      /* it is we who called */
	bool adjusted, up, dead, gone; /* gone: the stack itself freed the SSL */
	struct tls_conn *next;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ctx_index = -1, ssl_index = -1, bio_index = -1;

/* What is being made on this thread. */
static _Thread_local struct {
	struct shard *shard; /* NULL: not a shard's thread: OpenSSL is used by somebody else */
	SSL_CTX *ctx;
	BIO *bio;
} making;

/* ---- what went wrong, in words ---- */

static void problem(struct tls *tls, const char *what, const char *remedy)
{
	(void)snprintf(tls->problem, sizeof(tls->problem), "%.150s%s%.100s", what,
		       remedy[0] != 0 ? ": " : "", remedy);
}

/* A name out of a certificate: whatever its sender put there, nothing but a name's letters. */
static void add_name(char *to, size_t size, const unsigned char *name, int len)
{
	size_t n = strlen(to);

	if (n > 0 && n + 2 < size) {
		to[n++] = ',';
		to[n++] = ' ';
	}
	for (int i = 0; i < len && n + 1 < size; i++) {
		bool plain = (name[i] >= '0' && name[i] <= '9') || (name[i] >= 'a' && name[i] <= 'z') ||
			     (name[i] >= 'A' && name[i] <= 'Z') || strchr("-.*_", name[i]) != NULL;

		to[n++] = plain && name[i] != 0 ? (char)name[i] : '?';
	}
	to[n] = 0;
}

static void names_of(X509 *cert, char *to, size_t size)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char ip[46];

	to[0] = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(all) && i < 4; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);

		if (g->type == GEN_DNS)
			add_name(to, size, ASN1_STRING_get0_data(g->d.dNSName),
				 ASN1_STRING_length(g->d.dNSName));
		else if (g->type == GEN_IPADD && ASN1_STRING_length(g->d.iPAddress) == 4 &&
			 inet_ntop(AF_INET, ASN1_STRING_get0_data(g->d.iPAddress), ip, sizeof(ip)) != NULL)
			add_name(to, size, (unsigned char *)ip, (int)strlen(ip));
	}
	GENERAL_NAMES_free(all);
	if (to[0] == 0)
		(void)snprintf(to, size, "nobody (it has no subjectAltName)");
}

static void date_of(const ASN1_TIME *at, char *to, size_t size)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(at, &tm) != 1 || strftime(to, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(to, size, "an unreadable date");
}

static void certificate_problem(struct tls *tls, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int err = X509_STORE_CTX_get_error(store);
	char what[200], said[120];

	if (cert != NULL && (err == X509_V_ERR_HOSTNAME_MISMATCH || err == X509_V_ERR_IP_ADDRESS_MISMATCH)) {
		names_of(cert, said, sizeof(said));
		(void)snprintf(what, sizeof(what), "its certificate is for %.100s, not for %.64s", said,
			       tls->conf->name);
		problem(tls, what, "tls.name says whom to expect");
	} else if (cert != NULL && err == X509_V_ERR_CERT_HAS_EXPIRED) {
		date_of(X509_get0_notAfter(cert), said, sizeof(said));
		(void)snprintf(what, sizeof(what), "a certificate expired on %s", said);
		problem(tls, what, "the carrier has to renew it (or this machine's clock is wrong)");
	} else if (cert != NULL && err == X509_V_ERR_CERT_NOT_YET_VALID) {
		date_of(X509_get0_notBefore(cert), said, sizeof(said));
		(void)snprintf(what, sizeof(what), "a certificate is not valid before %s", said);
		problem(tls, what, "is this machine's clock right?");
	} else if (err == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) {
		problem(tls, "its certificate is signed by itself alone", "if it is the carrier's, name it in tls.ca");
	} else if (err == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
		   err == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
		   err == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
		   err == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE) {
		problem(tls, tls->conf->ca[0] != 0 ? "its certificate is not signed by an authority of tls.ca"
						   : "its certificate is not signed by an authority of this system",
			"name the carrier's authority in tls.ca");
	} else {
		problem(tls, X509_verify_cert_error_string(err), "its certificate is refused");
	}
}

/* ---- what OpenSSL tells ---- */

static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *tls = ssl == NULL ? NULL : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);

	if (!ok && tls != NULL && !SSL_is_server(ssl))
		certificate_problem(tls, store);
	return ok;
}

static void set_contact(struct tls *tls, uint16_t port)
{
	struct agent *a = &tls->agent;
	const struct zv_ip *local = &tls->trunk->shard->sip->params.local_ip;
	char ip[46];

	zv_ip_text(local, ip);
	(void)snprintf(a->contact, sizeof(a->contact),
		       local->family == 6 ? "<sip:[%s]:%u;transport=tls>" : "<sip:%s:%u;transport=tls>", ip,
		       (unsigned)port);
	memcpy(a->contact_tcp, a->contact, sizeof(a->contact_tcp));
}

static void hello(struct tls *tls, struct tls_conn *c, SSL *ssl)
{
	int fd = SSL_get_fd(ssl), on = 1, idle = IDLE_S, every = 5, times = 6;
	struct in6_addr ip;

	c->tls = tls;
	c->client = !SSL_is_server(ssl);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* RFC 6066 3: names, no addresses. */
	if (c->client && inet_pton(AF_INET, tls->conf->name, &ip) != 1 &&
	    inet_pton(AF_INET6, tls->conf->name, &ip) != 1)
		(void)SSL_set_tlsext_host_name(ssl, tls->conf->name);
}

/* Requests within a call come to our Contact.  With a certificate of ours far ends can connect
 * there; without one they have this connection alone, and many look for one by its address. */
static void shaken(struct tls *tls, struct tls_conn *c, const SSL *ssl)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	if (c->up || !c->client)
		return;
	c->up = true;
	tls->up++;
	tls->problem[0] = 0;
	if (tls->conf->certificate[0] != 0 ||
	    getsockname(SSL_get_fd(ssl), (struct sockaddr *)&at, &len) != 0)
		return;
	set_contact(tls, ntohs(at.ss_family == AF_INET6
				       ? ((const struct sockaddr_in6 *)(const void *)&at)->sin6_port
				       : ((const struct sockaddr_in *)(const void *)&at)->sin_port));
}

static void on_info(const SSL *ssl, int where, int ret)
{
	struct tls *tls = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
	struct tls_conn *c = SSL_get_ex_data(ssl, ssl_index);
	char text[160];

	if (tls == NULL || c == NULL)
		return;
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && c->tls == NULL)
		hello(tls, c, (SSL *)(uintptr_t)ssl);
	else if ((where & SSL_CB_HANDSHAKE_DONE) != 0)
		shaken(tls, c, ssl);
	else if (!c->client)
		return; /* whoever knocks: no fault of the trunk's */
	else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (ret >> 8) == SSL3_AL_FATAL) {
		(void)snprintf(text, sizeof(text), "the far end refuses us (%s)", SSL_alert_desc_string_long(ret));
		problem(tls, text, tls->conf->certificate[0] != 0 ? "does it know tls.certificate?"
				   : tls->asked ? "it asks for a certificate of ours (tls.certificate, tls.key)"
						: "");
	} else if (where == SSL_CB_CONNECT_EXIT && ret < 0 && tls->problem[0] == 0 &&
		   ERR_peek_last_error() != 0) {
		const char *reason = ERR_reason_error_string(ERR_peek_last_error());

		problem(tls, "the TLS handshake fails", reason != NULL ? reason : "no reason given");
	}
}

/* The far end asks for a certificate of ours, and there is none. */
static int on_asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
	struct tls *tls = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);

	(void)cert;
	(void)key;
	if (tls != NULL)
		tls->asked = true;
	return 0;
}

/* The stack's last word on a connection is BIO_free; SSL_free it forgets.  The SSL holds the BIO
 * twice (SSL_set_bio); adjust gives one of the two back, so that the stack's BIO_free seems to be
 * the last.  Then it is kept for the SSL after all, and reap frees both.  Before each read and
 * write the thread's queue of errors is emptied, as SSL_get_error wants it: else one trunk's failure
 * would end another's connection. */
static long on_bio(BIO *bio, int op, const char *argp, size_t len, int argi, long argl, int ret, size_t *done)
{
	struct tls_conn *c = (struct tls_conn *)(void *)BIO_get_callback_arg(bio);

	(void)argp;
	(void)len;
	(void)argi;
	(void)argl;
	(void)done;
	if (op == BIO_CB_READ || op == BIO_CB_WRITE)
		ERR_clear_error();
	if (op != BIO_CB_FREE || c == NULL || c->dead)
		return ret;
	c->dead = true;
	ERR_clear_error();
	if (c->up)
		c->tls->up--;
	/* TLS 1.3: a far end that wants our certificate says so after the handshake. */
	if (c->client && (!c->up || c->tls->problem[0] != 0))
		c->tls->failed = true;
	if (c->gone)
		return ret;
	/* The stack has also given back the SSL's share in its SSL_CTX. */
	(void)SSL_CTX_up_ref(SSL_get_SSL_CTX(c->ssl));
	(void)BIO_up_ref(bio);
	(void)BIO_up_ref(bio);
	return 0;
}

static void adjust(struct tls_conn *c)
{
	if (c->adjusted || c->gone)
		return;
	c->adjusted = true;
	(void)BIO_free(c->bio);
}

static void on_new_ctx(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)ptr, (void)ad, (void)index, (void)argl, (void)argp;
	making.ctx = parent;
}

static void on_new_bio(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)ptr, (void)ad, (void)index, (void)argl, (void)argp;
	making.bio = parent;
}

/* The stack makes a connection's BIO, and next its SSL. */
static void on_new_ssl(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	struct tls_conn *c;

	(void)ptr, (void)argl, (void)argp;
	if (making.shard == NULL || making.bio == NULL)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return;
	c->ssl = parent;
	c->bio = making.bio;
	c->born_ms = now_ms();
	c->next = making.shard->tls_conns;
	making.shard->tls_conns = c;
	making.bio = NULL;
	(void)CRYPTO_set_ex_data(ad, index, c);
	BIO_set_callback_arg(c->bio, (char *)(void *)c);
	BIO_set_callback_ex(c->bio, on_bio);
}

static void on_free_ssl(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	struct tls_conn *c = ptr;

	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	if (c != NULL)
		c->gone = true;
}

static void make_indexes(void)
{
	ctx_index = SSL_CTX_get_ex_new_index(0, NULL, on_new_ctx, NULL, NULL);
	bio_index = BIO_get_ex_new_index(0, NULL, on_new_bio, NULL, NULL);
	ssl_index = SSL_get_ex_new_index(0, NULL, on_new_ssl, NULL, on_free_ssl);
}

/* ---- creation ---- */

static uint32_t tls_trunks(const struct zv_sip_params *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_trunks; i++)
		n += p->trunks[i].transport == ZV_SIP_TLS;
	return n;
}

static enum zv_err refuse(const struct trunk *t, const char *what, const char *file, char *text, size_t size)
{
	unsigned long err = ERR_peek_last_error();
	const char *reason = err != 0 ? ERR_reason_error_string(err) : NULL;

	(void)snprintf(text, size, "trunk %s: %s %s%s%s", t->conf->name, what, file,
		       reason != NULL ? ": " : "", reason != NULL ? reason : "");
	ERR_clear_error();
	return ZV_EINVAL;
}

static bool set_name(SSL_CTX *ctx, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(ctx);
	struct in6_addr ip;

	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
						   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (inet_pton(AF_INET, name, &ip) == 1 || inet_pton(AF_INET6, name, &ip) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1;
	return name[0] != 0 && X509_VERIFY_PARAM_set1_host(p, name, 0) == 1;
}

/* All that the stack set up is replaced: its files are none of ours. */
static enum zv_err set_up(SSL_CTX *ctx, struct tls *tls, char *text, size_t size)
{
	const struct zv_sip_tls *c = tls->conf;
	const struct trunk *t = tls->trunk;
	X509_STORE *store = X509_STORE_new();

	ERR_clear_error();
	if (store == NULL)
		return ZV_ENOMEM;
	SSL_CTX_set_cert_store(ctx, store);
	if (SSL_CTX_get0_certificate(ctx) != NULL)
		return refuse(t, "a certificate lies where nobody put one:", "agent.pem", text, size);
	if (SSL_CTX_set_ex_data(ctx, ctx_index, tls) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "HIGH:!aNULL:!eNULL:!MD5:!3DES") != 1)
		return refuse(t, "TLS", "cannot be set up", text, size);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_info_callback(ctx, on_info);
	SSL_CTX_set_client_cert_cb(ctx, on_asked);
	SSL_CTX_set_verify_depth(ctx, CHAIN_MAX);
	if (c->certificate[0] != 0 &&
	    (SSL_CTX_use_certificate_chain_file(ctx, c->certificate) != 1))
		return refuse(t, "tls.certificate", c->certificate, text, size);
	if (c->certificate[0] != 0 && (SSL_CTX_use_PrivateKey_file(ctx, c->key, SSL_FILETYPE_PEM) != 1 ||
				       SSL_CTX_check_private_key(ctx) != 1))
		return refuse(t, "tls.key", c->key, text, size);
	if (!c->verify) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		zv_warn("sip", "trunk %s: its certificate is not checked (tls.verify: no): whoever sits in "
			"between may hear and place its calls", t->conf->name);
		return ZV_OK;
	}
	if (c->ca[0] != 0 ? SSL_CTX_load_verify_file(ctx, c->ca) != 1 : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return refuse(t, "tls.ca", c->ca[0] != 0 ? c->ca : "(the system's)", text, size);
	if (!set_name(ctx, c->name))
		return refuse(t, "tls.name", c->name, text, size);
	/* Who connects to us has to show the same: the stack would send by that connection too. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	return ZV_OK;
}

static enum zv_err agent_create(struct shard *s, struct tls *tls, char *text, size_t size)
{
	const struct zv_sip_params *p = &s->sip->params;
	struct agent *a = &tls->agent;
	char ip[46], url[112];

	a->shard = s;
	a->tls = tls;
	zv_ip_text(&p->local_ip, ip);
	(void)snprintf(url, sizeof(url), p->local_ip.family == 6 ? "sips:[%s]:%u"
								 : "sips:%s:%u",
		       ip, (unsigned)tls->port);
	set_contact(tls, tls->port);
	making.ctx = NULL;
	/* The file that the stack asks for cannot be there; sizes as for the other agents. */
	a->nta = nta_agent_create(s->root, (const url_string_t *)(const void *)url, stray_message, a,
				  NTATAG_UA(0), NTATAG_TIMER_C(86400 * 1000), NTATAG_PASS_100(1),
				  NTATAG_USE_NAPTR(0), NTATAG_USE_SRV(0),
				  NTATAG_SIP_T1X64(tls->trunk->conf->t1x64_ms > 8000 ? tls->trunk->conf->t1x64_ms
										     : 8000),
				  NTATAG_MAXSIZE(65536), TPTAG_QUEUESIZE(1000), TPTAG_CERTIFICATE("/dev/null"),
				  TPTAG_TLS_VERIFY_POLICY(tls->conf->verify ? TPTLS_VERIFY_OUT : TPTLS_VERIFY_NONE),
				  TAG_END());
	if (a->nta == NULL || making.ctx == NULL) {
		(void)snprintf(text, size, "SIP port %s:%u (TLS of trunk %s) cannot be had", ip, (unsigned)tls->port,
			       tls->trunk->conf->name);
		return ZV_EEXIST;
	}
	return set_up(making.ctx, tls, text, size);
}

enum zv_err tls_create(struct shard *s, char *text, size_t size)
{
	const struct zv_sip_params *p = &s->sip->params;
	uint32_t n = tls_trunks(p), k = 0;
	enum zv_err err = ZV_OK;

	if (n == 0)
		return ZV_OK;
	(void)pthread_once(&once, make_indexes);
	if (ctx_index < 0 || ssl_index < 0 || bio_index < 0)
		return ZV_ENOMEM;
	s->tls = calloc(n, sizeof(*s->tls));
	if (s->tls == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < p->n_trunks && err == ZV_OK; i++) {
		struct tls *tls = &s->tls[k];

		if (p->trunks[i].transport != ZV_SIP_TLS)
			continue;
		tls->trunk = &s->trunks[i];
		tls->conf = &tls->trunk->conf->tls;
		tls->port = (uint16_t)(p->port_first + p->n_shards * p->agents + s->index * n + k);
		s->trunks[i].tls = tls;
		s->n_tls = ++k;
		err = agent_create(s, tls, text, size);
	}
	return err;
}

/* ---- the life of connections ---- */

static void reap(struct shard *s)
{
	struct tls_conn **at = &s->tls_conns, *c;

	while ((c = *at) != NULL) {
		if (!c->dead && !c->gone) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		if (!c->gone) {
			BIO_set_callback_ex(c->bio, NULL);
			SSL_free(c->ssl);
		}
		free(c);
	}
}

void tls_destroy(struct shard *s)
{
	struct shard *before = making.shard;

	making.shard = s;
	for (uint32_t i = 0; i < s->n_tls; i++)
		if (s->tls[i].agent.nta != NULL)
			nta_agent_destroy(s->tls[i].agent.nta);
	for (struct tls_conn *c = s->tls_conns; c != NULL; c = c->next)
		adjust(c);
	reap(s);
	making.shard = before;
	free(s->tls);
	s->tls = NULL;
	s->n_tls = 0;
}

void tls_begin(struct shard *s)
{
	making.shard = s;
	for (uint32_t i = 0; i < s->n_tls; i++)
		trunk_begin_down(s->tls[i].trunk);
}

bool tls_usable(const struct tls *tls)
{
	return tls->up > 0 || (tls->trunk->breaker == BREAKER_CLOSED && tls->problem[0] == 0 && !tls->failed);
}

void tls_pinged(struct tls *tls, bool heard)
{
	struct zv_sip *sip = tls->trunk->shard->sip;

	if (heard)
		tls->problem[0] = 0;
	else if (tls->problem[0] == 0 && tls->asked)
		problem(tls, "the far end asks for a certificate of ours and goes", "tls.certificate, tls.key");
	else if (tls->problem[0] == 0)
		problem(tls, tls->up > 0 ? "the far end does not answer OPTIONS" : "no connection can be made to it",
			"is host right, and the way there open?");
	if (!tls->trunk->owned)
		return;
	if (strcmp(tls->problem, tls->told) == 0)
		return;
	memcpy(tls->told, tls->problem, sizeof(tls->told));
	if (tls->problem[0] != 0)
		zv_warn("sip", "trunk %s: no call by TLS: %s", tls->trunk->conf->name, tls->problem);
	(void)pthread_mutex_lock(&sip->seen_lock);
	memcpy(tls->trunk->shared->problem, tls->problem, sizeof(tls->problem));
	(void)pthread_mutex_unlock(&sip->seen_lock);
}

bool zv_sip_trunk_problem(struct zv_sip *sip, uint32_t trunk, char *to, size_t size)
{
	bool is;

	if (trunk >= sip->params.n_trunks)
		return false;
	(void)pthread_mutex_lock(&sip->seen_lock);
	is = sip->shared[trunk].problem[0] != 0;
	if (is)
		(void)snprintf(to, size, "%s", sip->shared[trunk].problem);
	(void)pthread_mutex_unlock(&sip->seen_lock);
	return is;
}

/* Who waits for an answer to what never left need not wait for his time to be over. */
static void fail_waiting(struct shard *s, struct tls *tls)
{
	for (uint32_t i = 0; i < s->n_legs; i++)
		if (s->legs[i].agent == &tls->agent &&
		    (s->legs[i].state == LEG_CALLING || s->legs[i].state == LEG_CANCEL_WAIT))
			call_signal(&s->legs[i], &(struct signal){.type = SIG_REFUSED, .code = 503, .internal = true});
}

static void hang(struct shard *s, int64_t now)
{
	for (struct tls_conn *c = s->tls_conns; c != NULL; c = c->next) {
		int fd = -1;

		if (c->dead || c->gone || c->up || (c->tls != NULL && !c->client && SSL_is_init_finished(c->ssl)) ||
		    now - c->born_ms < HANDSHAKE_MS)
			continue;
		if (c->client && c->tls->problem[0] == 0)
			problem(c->tls, "the far end says nothing", "is it a TLS port?");
		if (BIO_get_fd(c->bio, &fd) > 0 && fd >= 0)
			(void)shutdown(fd, SHUT_RDWR); /* the stack hears of it and closes */
	}
}

static void look(struct shard *s, struct tls *tls, int64_t now)
{
	struct trunk *t = tls->trunk;

	if (tls->failed) {
		tls->failed = false;
		if (tls->problem[0] == 0)
			problem(tls, "the far end closes the connection before it is one", "");
		fail_waiting(s, tls);
		trunk_ping_failed(t);
	}
	if (t->owned || s->stopping_ms != 0)
		return; /* trunk_tick asks and tells */
	/* The others keep their own connection at hand, quietly. */
	if (t->ping == NULL && now >= tls->next_ms && (tls->up == 0 || t->conf->options_s != 0)) {
		uint32_t every_s = tls->up == 0 ? t->conf->breaker_rest_s : t->conf->options_s;

		tls->next_ms = now + (int64_t)(every_s > 0 ? every_s : 5) * 1000;
		(void)send_options(t);
	}
}

void tls_tick(struct shard *s, int64_t now)
{
	if (s->n_tls == 0)
		return;
	for (struct tls_conn *c = s->tls_conns; c != NULL; c = c->next)
		adjust(c);
	hang(s, now);
	for (uint32_t i = 0; i < s->n_tls; i++)
		look(s, &s->tls[i], now);
	reap(s);
}
