/* The registrar (RFC 3261 10, RFC 3327): REGISTER of agents' phones.  Answered without state but
 * for what an agent proved to be his; one phone an agent, the newest. */
#include "sip/internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/tport.h>

#include "base/log.h"

#define NONCE_AGE_MS 120000

/* One REGISTER while it is looked at. */
struct reg {
	struct agent *agent;
	struct shard *s;
	msg_t *msg;
	const sip_t *sip;
	struct zv_ip ip;    /* where it comes from */
	uint16_t port;
	bool tcp, proxied;
	uint64_t client;    /* who is counted: the phone's own address, also behind a proxy */
	struct phone *phone;
	struct zv_auth auth;
	struct zv_nonce nonce;
};

static void count(_Atomic uint64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

static void refuse(struct reg *r, int code, const char *phrase, const char *header)
{
	stray_no_maddr(r->sip);
	(void)nta_msg_treply(r->agent->nta, r->msg, code, phrase,
			     TAG_IF(header != NULL, SIPTAG_HEADER_STR(header)), TAG_END());
}

static void challenge(struct reg *r, bool stale)
{
	struct zv_nonce nonce = {.ms = now_ms(), .number = ++r->s->phones->nonce_number};
	char text[ZV_NONCE_SIZE], header[256];

	zv_nonce_text(&r->s->sip->params.secret, &nonce, r->client, text);
	(void)snprintf(header, sizeof(header),
		       "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, "
		       "qop=\"auth\"%s",
		       r->s->sip->params.phones.realm, text, stale ? ", stale=true" : "");
	refuse(r, SIP_401_UNAUTHORIZED, header);
}

/* ---- who asks ---- */

static bool is_proxy(const struct zv_sip_phones *conf, const struct zv_ip *ip)
{
	for (uint32_t i = 0; i < conf->n_proxies; i++)
		if (memcmp(&conf->proxies[i], ip, sizeof(*ip)) == 0)
			return true;
	return false;
}

/* Behind a proxy of ours the phone's address is what the proxy wrote beside its Via. */
static uint64_t client_of(const struct reg *r)
{
	const struct zv_key *key = &r->s->sip->params.secret;
	const sip_via_t *via = r->sip->sip_via != NULL ? r->sip->sip_via->v_next : NULL;
	const char *host;
	struct zv_ip ip = {0};

	if (!r->proxied || via == NULL)
		return zv_client_hash(key, &r->ip);
	host = via->v_received != NULL ? via->v_received : via->v_host;
	if (host != NULL && inet_pton(AF_INET, host, ip.bytes) == 1)
		ip.family = 4;
	else if (host != NULL && inet_pton(AF_INET6, host, ip.bytes) == 1)
		ip.family = 6;
	return zv_client_hash(key, ip.family != 0 ? &ip : &r->ip);
}

/* The URI of the digest is the request's, or it was for somebody else.  A proxy may have
 * rewritten the request's. */
static bool uri_fits(const struct reg *r)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	const url_t *url = url_hdup(home, (const url_t *)(const void *)r->auth.uri);
	bool fits = r->proxied ||
		    (url != NULL && url_cmp(url, r->sip->sip_request->rq_url) == 0);

	su_home_deinit(home);
	return fits;
}

/* The credentials for our realm, if there are any. */
static bool find_auth(struct reg *r)
{
	for (const msg_auth_t *a = r->sip->sip_authorization; a != NULL; a = a->au_next) {
		if (a->au_scheme == NULL || strcasecmp(a->au_scheme, "Digest") != 0)
			continue;
		if (zv_auth_parse((const char *const *)a->au_params, &r->auth) &&
		    strcmp(r->auth.realm, r->s->sip->params.phones.realm) == 0)
			return true;
	}
	return false;
}

/* This very REGISTER was taken already: its answer was lost. */
static bool is_repetition(const struct reg *r, uint64_t call_id)
{
	const struct phone *p = r->phone;

	return p->call_id == call_id && p->cseq == r->sip->sip_cseq->cs_seq &&
	       p->source == (r->client ^ r->port) && p->nonce.ms == r->nonce.ms &&
	       p->nonce.number == r->nonce.number && p->count == r->auth.count;
}

/* Nothing that was taken once, or is older than that, is taken again: a REGISTER that somebody
 * else heard is of no use to him. */
static bool is_newer(const struct reg *r)
{
	const struct phone *p = r->phone;

	if (r->nonce.ms != p->nonce.ms || r->nonce.number != p->nonce.number)
		return r->nonce.ms > p->nonce.ms ||
		       (r->nonce.ms == p->nonce.ms && r->nonce.number > p->nonce.number);
	return r->auth.count > p->count;
}

enum proof { PROVED, REPEATED, ANSWERED };

/* Who registers proves that he is the agent; else he has been answered. */
static enum proof prove(struct reg *r, uint64_t call_id)
{
	static const char nobody[33] = "00000000000000000000000000000000";
	const struct zv_key *key = &r->s->sip->params.secret;
	const char *user = r->sip->sip_to->a_url->url_user;
	bool right;

	if (!find_auth(r)) {
		challenge(r, false);
		return ANSWERED;
	}
	/* All of it also for those who do not exist: no answer and no time tells who does. */
	r->phone = user != NULL ? phone_of(r->s, user) : NULL;
	right = zv_auth_right(&r->auth,
			      r->phone != NULL && r->phone->ha1[0] != 0 ? r->phone->ha1 : nobody,
			      "REGISTER");
	right = right && r->phone != NULL && r->phone->ha1[0] != 0 && r->auth.unescaped &&
		strcmp(r->auth.user, r->phone->user) == 0 && uri_fits(r);
	if (!right) {
		count(&r->s->stats.register_wrong);
		if (zv_guard_wrong(r->s->phones->guard, r->client, now_ms(),
				   r->s->sip->params.phones.fails_max))
			zv_warn("sip", "too many wrong passwords from one address: silence");
		challenge(r, false);
		return ANSWERED;
	}
	if (!zv_nonce_parse(key, r->auth.nonce, r->client, &r->nonce)) {
		challenge(r, true);
		return ANSWERED;
	}
	if (is_repetition(r, call_id))
		return REPEATED;
	/* Of before a restart: what was taken then is not known any more. */
	if (now_ms() - r->nonce.ms > NONCE_AGE_MS || r->nonce.ms > now_ms() ||
	    r->nonce.ms < r->s->phones->born_ms || !is_newer(r)) {
		challenge(r, true);
		return ANSWERED;
	}
	return PROVED;
}

/* ---- where he is ---- */

static void answer(struct reg *r)
{
	char contact[CONTACT_MAX + 32] = "", date[48];
	const struct phone *p = r->phone;
	time_t t = time(NULL);
	struct tm tm;

	if (p->on && !p->fixed)
		(void)snprintf(contact, sizeof(contact), "<%s>;expires=%lld", p->contact,
			       (long long)((p->until_ms - now_ms() + 999) / 1000));
	(void)gmtime_r(&t, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	stray_no_maddr(r->sip);
	(void)nta_msg_treply(r->agent->nta, r->msg, SIP_200_OK, SIPTAG_DATE_STR(date),
			     TAG_IF(contact[0] != 0, SIPTAG_CONTACT_STR(contact)),
			     TAG_IF(r->sip->sip_path != NULL, SIPTAG_PATH(r->sip->sip_path)),
			     TAG_IF(r->sip->sip_path != NULL, SIPTAG_SUPPORTED_STR("path")),
			     TAG_END());
}

static bool delta_of(const char *text, uint32_t *ret_s)
{
	uint64_t n = 0;

	if (text == NULL || *text == 0 || strlen(text) > 12)
		return false;
	for (; *text != 0; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*ret_s = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return true;
}

static uint32_t expires_of(const struct reg *r, const sip_contact_t *m)
{
	const struct zv_sip_phones *conf = &r->s->sip->params.phones;
	uint32_t s;

	if (m->m_expires != NULL)
		return delta_of(m->m_expires, &s) ? s : conf->expires_max_s;
	if (r->sip->sip_expires != NULL)
		return r->sip->sip_expires->ex_delta > UINT32_MAX
			       ? UINT32_MAX
			       : (uint32_t)r->sip->sip_expires->ex_delta;
	return conf->expires_max_s;
}

/* A Contact as we keep it; false: nothing that can be called. */
static bool contact_text(const sip_contact_t *m, char to[CONTACT_MAX])
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	url_t url[1] = {*m->m_url};
	char *text;
	bool ok;

	url->url_headers = NULL;
	text = url->url_type == url_sip && url->url_host != NULL ? url_as_string(home, url) : NULL;
	ok = text != NULL && strlen(text) < CONTACT_MAX && strpbrk(text, "<>\" \r\n") == NULL;
	if (ok)
		memcpy(to, text, strlen(text) + 1);
	su_home_deinit(home);
	return ok;
}

/* The Path as a Route's value; false: too long. */
static bool path_text(const sip_path_t *path, char to[CONTACT_MAX])
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	size_t used = 0;
	bool ok = true;

	for (; path != NULL && ok; path = path->r_next) {
		char *url = url_as_string(home, path->r_url);
		int n = url == NULL || strpbrk(url, "<>\" \r\n") != NULL
				? -1
				: snprintf(to + used, CONTACT_MAX - used, "%s<%s>",
					   used == 0 ? "" : ", ", url);

		ok = n > 0 && (size_t)n < CONTACT_MAX - used;
		used += ok ? (size_t)n : 0;
	}
	su_home_deinit(home);
	return ok;
}

/* Where calls go: the Path; his Contact, if its host is where he sends from; else, as behind a
 * NAT and for every connection, where he sends from. */
static void aim(const struct reg *r, struct phone *to)
{
	char source[sizeof(to->hop)], contact[sizeof(to->hop)], ip[46];
	size_t host;

	zv_ip_text(&r->ip, ip);
	(void)snprintf(source, sizeof(source),
		       r->ip.family == 6 ? "sip:[%s]:%u;transport=%s" : "sip:%s:%u;transport=%s",
		       ip, (unsigned)r->port, r->tcp ? "tcp" : "udp");
	host = strlen("sip:") + strlen(ip) + (r->ip.family == 6 ? 3u : 1u);
	to->direct = plain_hop(to->contact, false, false, contact, sizeof(contact)) &&
		     strncmp(contact, source, host) == 0;
	to->tcp = r->tcp;
	to->hop_only = false;
	memset(&to->nat_ip, 0, sizeof(to->nat_ip));
	if (to->route[0] != 0 && plain_hop(to->route, true, r->tcp, to->hop, sizeof(to->hop))) {
		to->tcp = strstr(to->hop, ";transport=tcp") != NULL;
		return;
	}
	if (to->route[0] == 0 && to->direct && !r->tcp &&
	    strstr(contact, ";transport=tcp") == NULL) {
		memcpy(to->hop, contact, sizeof(to->hop));
		return;
	}
	memcpy(to->hop, source, sizeof(to->hop));
	to->hop_only = to->route[0] == 0;
	if (to->hop_only && !to->direct && !r->proxied)
		to->nat_ip = r->ip;
}

static void bind_phone(struct reg *r, const char *contact, const char *route, uint32_t expires_s)
{
	struct phone *p = r->phone;
	bool was = p->on, same = strcmp(p->contact, contact) == 0 && strcmp(p->route, route) == 0;
	uint64_t id = zv_siphash(&r->s->sip->params.secret, r->sip->sip_call_id->i_id,
				 strlen(r->sip->sip_call_id->i_id));
	char hop[sizeof(p->hop)];

	memcpy(hop, p->hop, sizeof(hop));
	(void)snprintf(p->contact, sizeof(p->contact), "%s", contact);
	(void)snprintf(p->route, sizeof(p->route), "%s", route);
	aim(r, p);
	if (p->tport != NULL)
		tport_unref(p->tport);
	p->tport = r->tcp && p->route[0] == 0
			   ? nta_incoming_transport(r->agent->nta, NULL, r->msg)
			   : NULL;
	(void)snprintf(p->agent, sizeof(p->agent), "%.63s",
		       r->sip->sip_user_agent != NULL && r->sip->sip_user_agent->g_string != NULL
			       ? r->sip->sip_user_agent->g_string
			       : "");
	p->on = true;
	p->until_ms = now_ms() + (int64_t)expires_s * 1000;
	/* Another Call-ID: it was started again, even at the same address. */
	phone_changed(r->s, p, !was || !same || strcmp(hop, p->hop) != 0 || p->call_id != id);
}

/* Contact: * with Expires: 0 (RFC 3261 10.2.2). */
static bool is_star(const sip_contact_t *m)
{
	return m->m_url->url_type == url_any;
}

/* Contacts that go, and the one that comes; false: refused. */
static bool take_contacts(struct reg *r)
{
	const struct zv_sip_phones *conf = &r->s->sip->params.phones;
	char contact[CONTACT_MAX], chosen[CONTACT_MAX] = "", route[CONTACT_MAX] = "", text[48];
	const sip_contact_t *m = r->sip->sip_contact;
	uint32_t chosen_s = 0;
	bool gone = false;

	if (m != NULL && is_star(m)) {
		if (m->m_next != NULL || r->sip->sip_expires == NULL ||
		    r->sip->sip_expires->ex_delta != 0) {
			refuse(r, SIP_400_BAD_REQUEST, NULL);
			return false;
		}
		phone_gone(r->s, r->phone, "it said so");
		return true;
	}
	for (; m != NULL; m = m->m_next) {
		uint32_t s = expires_of(r, m);

		if (is_star(m) || !contact_text(m, contact)) {
			refuse(r, SIP_400_BAD_REQUEST, NULL);
			return false;
		}
		if (s == 0) {
			gone |= strcmp(contact, r->phone->contact) == 0;
		} else if (s < conf->expires_min_s) {
			(void)snprintf(text, sizeof(text), "Min-Expires: %u", conf->expires_min_s);
			refuse(r, SIP_423_INTERVAL_TOO_BRIEF, text);
			return false;
		} else if (chosen_s == 0) {
			chosen_s = s > conf->expires_max_s ? conf->expires_max_s : s;
			memcpy(chosen, contact, sizeof(chosen));
		}
	}
	if (r->sip->sip_path != NULL && !path_text(r->sip->sip_path, route)) {
		refuse(r, SIP_400_BAD_REQUEST, NULL);
		return false;
	}
	if (chosen_s != 0)
		bind_phone(r, chosen, route, chosen_s);
	else if (gone)
		phone_gone(r->s, r->phone, "it said so");
	return true;
}

/* ---- */

static bool is_well_formed(struct reg *r)
{
	const char *option = stray_unsupported(r->sip);
	const url_t *to = r->sip->sip_to->a_url, *from = r->sip->sip_from->a_url;
	char text[96];

	if (option != NULL && strcasecmp(option, "path") != 0) {
		(void)snprintf(text, sizeof(text), "Unsupported: %.64s", option);
		refuse(r, SIP_420_BAD_EXTENSION, text);
		return false;
	}
	/* Nobody registers for somebody else. */
	if (to->url_user == NULL || from->url_user == NULL ||
	    strcmp(to->url_user, from->url_user) != 0) {
		refuse(r, SIP_403_FORBIDDEN, NULL);
		return false;
	}
	if (r->sip->sip_path != NULL && !r->proxied) {
		refuse(r, SIP_403_FORBIDDEN, "Warning: 399 zvonar \"Path from no proxy of ours\"");
		return false;
	}
	return true;
}

void registrar_request(struct agent *agent, msg_t *msg, const sip_t *sip)
{
	struct shard *s = agent->shard;
	struct reg r = {.agent = agent, .s = s, .msg = msg, .sip = sip};
	const char *by = sip->sip_via != NULL ? sip_via_transport(sip->sip_via) : NULL;
	enum proof proof;
	uint64_t call_id;

	if (!source_of(msg, &r.ip, &r.port) || sip->sip_call_id == NULL) {
		msg_destroy(msg);
		return;
	}
	r.tcp = by != NULL && strcasecmp(by, "TCP") == 0;
	r.proxied = is_proxy(&s->sip->params.phones, &r.ip);
	r.client = client_of(&r);
	if (zv_guard_silent(s->phones->guard, r.client, now_ms())) {
		count(&s->stats.register_dropped);
		msg_destroy(msg);
		return;
	}
	if (!is_well_formed(&r))
		return;
	call_id = zv_siphash(&s->sip->params.secret, sip->sip_call_id->i_id,
			     strlen(sip->sip_call_id->i_id));
	proof = prove(&r, call_id);
	if (proof == ANSWERED)
		return;
	if (proof == PROVED && r.phone->fixed) {
		refuse(&r, SIP_403_FORBIDDEN, "Warning: 399 zvonar \"This phone has a fixed address\"");
		return;
	}
	if (proof == PROVED) {
		if (r.phone->call_id == call_id && sip->sip_cseq->cs_seq < r.phone->cseq) {
			refuse(&r, SIP_500_INTERNAL_SERVER_ERROR, NULL); /* RFC 3261 10.3, 7 */
			return;
		}
		if (!take_contacts(&r))
			return;
		count(&s->stats.registers);
		r.phone->call_id = call_id;
		r.phone->cseq = sip->sip_cseq->cs_seq;
		r.phone->source = r.client ^ r.port;
		r.phone->nonce = r.nonce;
		r.phone->count = r.auth.count;
	}
	answer(&r);
}
