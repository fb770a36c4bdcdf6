/* REGISTER with digest (RFC 3261 10, 22; RFC 2617), from the phone's side. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../carrier/md5.h"
#include "phones.h"

#define RETRY_MS 2000

static void hash(char ret_hex[33], const char *a, const char *b, const char *c)
{
	const char *const parts[] = {a, ":", b, ":", c};
	struct zvc_md5 md5;

	zvc_md5_init(&md5);
	for (unsigned i = 0; i < (c[0] != 0 ? 5u : 3u); i++)
		zvc_md5_add(&md5, parts[i], strlen(parts[i]));
	zvc_md5_hex(&md5, ret_hex);
}

/* The Authorization header that answers a challenge; "" without one or when it makes no sense. */
static void answer(const struct zvp_phone *phone, const struct zvc_msg *challenge, const char *uri,
                   char *to, size_t size)
{
	struct zvc_str value, realm, nonce, qop;
	char ha1[33], ha2[33], response[33], realm_text[64], middle[300];
	const struct zvp_conf *c = &phone->phones->conf;

	to[0] = 0;
	if (challenge == NULL || challenge->www_authenticate.n < 8)
		return;
	value = (struct zvc_str){challenge->www_authenticate.p + 7,
	                         challenge->www_authenticate.n - 7}; /* after "Digest " */
	if (!zvc_param(value, ',', "realm", &realm) || !zvc_param(value, ',', "nonce", &nonce) ||
	    realm.n >= sizeof(realm_text) || nonce.n > 128)
		return;
	(void)snprintf(realm_text, sizeof(realm_text), "%.*s", (int)realm.n, realm.p);
	hash(ha1, phone->user, realm_text, c->password);
	hash(ha2, "REGISTER", uri, "");
	if (zvc_param(value, ',', "qop", &qop)) {
		(void)snprintf(middle, sizeof(middle), "%.*s:00000001:zvp%08x:auth", (int)nonce.n,
		               nonce.p, phone->cseq);
		hash(response, ha1, middle, ha2);
		(void)snprintf(to, size,
		               "Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%.*s\", "
		               "uri=\"%s\", response=\"%s\", algorithm=MD5, qop=auth, nc=00000001, "
		               "cnonce=\"zvp%08x\"\r\n",
		               phone->user, realm_text, (int)nonce.n, nonce.p, uri, response, phone->cseq);
		return;
	}
	(void)snprintf(middle, sizeof(middle), "%.*s", (int)nonce.n, nonce.p);
	hash(response, ha1, middle, ha2);
	(void)snprintf(to, size,
	               "Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
	               "response=\"%s\", algorithm=MD5\r\n",
	               phone->user, realm_text, middle, uri, response);
}

void zvp_register(struct zvp_phone *phone, const struct zvc_msg *challenge)
{
	struct zvp_phones *p = phone->phones;
	struct zvc_peer to = {.addr = p->conf.registrar};
	char ip[INET_ADDRSTRLEN], uri[100], authorization[700], text[2048];
	int n;

	if (phone->dead)
		return;
	phone->cseq++;
	(void)inet_ntop(AF_INET, &p->conf.listen.addr.sin_addr, ip, sizeof(ip));
	(void)snprintf(uri, sizeof(uri), "sip:%s", p->conf.domain);
	answer(phone, challenge, uri, authorization, sizeof(authorization));
	n = snprintf(text, sizeof(text),
	             "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%u;branch=z9hG4bK%s%u;rport\r\n"
	             "Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>\r\n"
	             "Call-ID: %s\r\nCSeq: %u REGISTER\r\nContact: <sip:%s@%s:%u>\r\nExpires: %u\r\n"
	             "%sContent-Length: 0\r\n\r\n",
	             uri, ip, ntohs(p->conf.listen.addr.sin_port), phone->tag, phone->cseq, phone->user,
	             p->conf.domain, phone->tag, phone->user, p->conf.domain, phone->call_id,
	             phone->cseq, phone->user, ip, ntohs(p->conf.listen.addr.sin_port),
	             p->conf.expires_s, authorization);
	p->stats.registers++;
	if (n > 0 && (size_t)n < sizeof(text))
		zvc_net_send(p->net, &to, text, (size_t)n);
	zvc_timer_set(p->wheel, &phone->register_timer, p->now_ms + RETRY_MS);
}

void zvp_on_registered(struct zvp_phone *phone, const struct zvc_msg *msg)
{
	struct zvp_phones *p = phone->phones;
	bool is = msg->status == 200;

	if (msg->cseq != phone->cseq || msg->status < 200)
		return;
	if (msg->status == 401 && phone->challenged < 3) {
		phone->challenged++;
		p->stats.challenges++;
		zvp_register(phone, msg);
		return;
	}
	if (is != phone->registered) {
		zvc_line_begin(&p->journal, is ? "registered" : "refused", 0);
		zvc_line_text(&p->journal, "user", phone->user);
		zvc_line_number(&p->journal, "code", msg->status);
		zvc_line_end(&p->journal);
		p->stats.registered += is ? 1 : UINT32_MAX;
	}
	p->stats.refused += !is;
	phone->registered = is;
	phone->challenged = 0;
	/* Well before it is over; a refused one tries again as people do. */
	zvc_timer_set(p->wheel, &phone->register_timer,
	              p->now_ms + (is ? (uint64_t)p->conf.expires_s * 800 : 5 * RETRY_MS));
}
