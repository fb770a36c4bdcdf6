/* What we send.  Every request is built here from the leg's own facts (number, names of the
 * attempt, tag, Contact, route set), never from a dialog object of the stack: so the requests
 * of a call and those rebuilt after a crash are the same lines of code. */
#include "sip/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_util.h>

#include "sip/tls.h"

#define ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"

static void number_text(const struct trunk *t, uint64_t e164, char *to, size_t size)
{
	(void)snprintf(to, size, "%s%llu", t->conf->number_format == ZV_NUMBER_PLUS ? "+" : "",
		       (unsigned long long)e164);
}

/* From, as it stands in every request of the leg. */
static void from_text(const struct leg *leg, char *to, size_t size)
{
	const struct trunk *t = leg_trunk(leg);
	char number[24];

	number_text(t, leg->caller, number, sizeof(number));
	if (leg->local != NULL)
		(void)snprintf(to, size, "%s;tag=%s", leg->local,
			       leg->call_id != NULL ? leg->names.call_id : leg->names.from_tag);
	else if (t->conf->privacy == ZV_PRIVACY_ID)
		(void)snprintf(to, size, "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=%s",
			       leg->names.from_tag);
	else
		(void)snprintf(to, size, "<sip:%s@%s>;tag=%s",
			       leg->caller == 0 ? "anonymous" : number, t->domain,
			       leg->names.from_tag);
}

static void to_text(const struct leg *leg, char *to, size_t size)
{
	const struct trunk *t = leg_trunk(leg);
	char number[24];

	if (leg->remote != NULL) {
		(void)snprintf(to, size, "%s", leg->remote);
		return;
	}
	number_text(t, leg->called, number, sizeof(number));
	(void)snprintf(to, size, "<sip:%s@%s>", number, t->domain);
}

static const char *call_id_of(const struct leg *leg)
{
	return leg->call_id != NULL ? leg->call_id : leg->names.call_id;
}

/* Where its INVITE goes, or came from. */
static const char *hop_of(const struct leg *leg)
{
	return leg->hop != NULL ? leg->hop : leg_trunk(leg)->hop;
}

void leg_request_uri(struct leg *leg)
{
	const struct trunk *t = leg_trunk(leg);
	char number[24], uri[160];

	number_text(t, leg->called, number, sizeof(number));
	(void)snprintf(uri, sizeof(uri), "sip:%s@%s", number, t->domain);
	free(leg->request_uri);
	leg->request_uri = strdup(uri);
}

size_t leg_sdp(const struct leg *leg, const struct zv_sdp_media *answer_to, char *to)
{
	const struct zv_media_plan *plan = &leg->shard->sip->plan;
	char lines[SECRECY_LINES];
	struct zv_sdp_offer offer = {
		.crypto = secrecy_lines(leg, answer_to != NULL, lines),
		.session = leg->key.lo & INT32_MAX,
		.version = answer_to == NULL && leg->answer_version == 0
				   ? 1
				   : 2 + leg->answer_version,
		.rtcp_ip = plan->ranges[0].ip,
		.rtcp_port = zv_media_rtcp_port(plan, leg->id.slot),
		.pcmu_first = leg->shard->sip->params.offer_pcmu_first,
		.answer_to = answer_to,
	};

	size_t n;

	zv_media_addr(plan, leg->id.slot, &offer.ip, &offer.port);
	n = zv_sdp_build(&offer, to);
	explicit_bzero(lines, sizeof(lines));
	return n;
}

struct request {
	struct agent *agent;
	sip_method_t method;
	const char *name;
	const char *uri;
	uint32_t cseq;
	const char *from, *to, *call_id;
};

/* A request with the headers that each has to have; NULL when a text does not parse. */
static msg_t *request_create(const struct request *r)
{
	msg_t *msg = nta_msg_create(r->agent->nta, 0);
	sip_t *sip = sip_object(msg);
	su_home_t *home = msg_home(msg);
	sip_request_t *rq;
	sip_cseq_t *cseq;

	if (sip == NULL)
		return NULL;
	rq = sip_request_create(home, r->method, r->name, (const url_string_t *)(const void *)r->uri,
				NULL);
	cseq = sip_cseq_create(home, r->cseq, (unsigned)r->method, r->name);
	if (rq == NULL || cseq == NULL)
		goto fail;
	rq->rq_url->url_headers = NULL;
	if (msg_header_insert(msg, (msg_pub_t *)sip, (msg_header_t *)rq) < 0 ||
	    msg_header_insert(msg, (msg_pub_t *)sip, (msg_header_t *)cseq) < 0)
		goto fail;
	if (sip_add_tl(msg, sip, SIPTAG_MAX_FORWARDS_STR("70"), SIPTAG_FROM_STR(r->from),
		       SIPTAG_TO_STR(r->to), SIPTAG_CALL_ID_STR(r->call_id), TAG_END()) < 0 ||
	    sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_call_id == NULL)
		goto fail;
	return msg;

fail:
	msg_destroy(msg);
	return NULL;
}

bool plain_hop(const char *uri, bool is_route, bool tcp_default, char *to, size_t size)
{
	char transport[8] = "", host[64];
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct in6_addr addr;
	bool plain = false;
	url_t *url = NULL;
	size_t n;

	if (is_route) {
		sip_route_t *r = sip_route_make(home, uri);

		url = r == NULL ? NULL : r->r_url;
	} else {
		url = url_hdup(home, (const url_t *)(const void *)uri);
	}
	if (url == NULL || url->url_type != url_sip || url->url_host == NULL ||
	    (n = strlen(url->url_host)) >= sizeof(host) || n == 0)
		goto done;
	if (url->url_params != NULL && url_has_param(url, "maddr"))
		goto done;
	memcpy(host, url->url_host, n + 1);
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = 0;
		if (inet_pton(AF_INET6, host + 1, &addr) != 1)
			goto done;
	} else if (inet_pton(AF_INET, host, &addr) != 1) {
		goto done;
	}
	if (url->url_params != NULL)
		(void)url_param(url->url_params, "transport", transport, sizeof(transport));
	if (strcasecmp(transport, "tcp") != 0 && strcasecmp(transport, "udp") != 0)
		(void)snprintf(transport, sizeof(transport), "%s", tcp_default ? "tcp" : "udp");
	(void)snprintf(to, size, "sip:%s:%s;transport=%s", url->url_host,
		       url->url_port != NULL && url->url_port[0] != 0 ? url->url_port : "5060",
		       transport);
	plain = true;
done:
	su_home_deinit(home);
	return plain;
}

/* Where to send within a dialog: the first route, else the far end's Contact, if that is a
 * plain address; else the trunk, or where a phone is known to be.  Never a name: the stack would
 * ask the DNS, blocking. */
static void target_hop(const struct leg *leg, char *to, size_t size)
{
	const char *target = leg->route != NULL ? leg->route : leg->contact;

	/* A Contact that names no transport is reached as the trunk is; by TLS all goes to the one
	 * whose certificate was looked at. */
	if (target == NULL || leg->agent->tls != NULL || (leg->route == NULL && leg->hop_only) ||
	    !plain_hop(target, leg->route != NULL, leg->tcp, to, size) ||
	    (!leg->shard->tcp && strstr(to, ";transport=tcp") != NULL))
		(void)snprintf(to, size, "%s", hop_of(leg));
}

/* A request within the leg's dialog. */
static msg_t *dialog_request(struct leg *leg, sip_method_t method, const char *name, uint32_t cseq)
{
	char from[CONTACT_MAX + 96], to[TEXT_MAX_BYTES + CONTACT_MAX + 8];
	msg_t *msg;
	size_t n;

	from_text(leg, from, sizeof(from));
	to_text(leg, to, sizeof(to));
	n = strlen(to);
	if (leg->remote_tag != NULL)
		(void)snprintf(to + n, sizeof(to) - n, ";tag=%s", leg->remote_tag);
	msg = request_create(&(struct request){
		.agent = leg->agent,
		.method = method,
		.name = name,
		.uri = leg->contact != NULL ? leg->contact : leg->request_uri,
		.cseq = cseq,
		.from = from,
		.to = to,
		.call_id = call_id_of(leg),
	});
	if (msg != NULL && leg->route != NULL &&
	    sip_add_tl(msg, sip_object(msg), SIPTAG_ROUTE_STR(leg->route), TAG_END()) < 0) {
		msg_destroy(msg);
		return NULL;
	}
	return msg;
}

static const char *contact_of(const struct leg *leg)
{
	return leg->tcp ? leg->agent->contact_tcp : leg->agent->contact;
}

/* The branch of the resend-th INVITE: ours for the first; later ones (higher CSeq) are told
 * apart by a suffix, so that they too can be rebuilt. */
static void branch_text(const struct leg *leg, uint8_t resend, char *to, size_t size)
{
	if (resend == 0)
		(void)snprintf(to, size, "%s", leg->names.branch);
	else
		(void)snprintf(to, size, "%s-%u", leg->names.branch, (unsigned)resend);
}

/* Puts credentials in, if the trunk ever asked for them; they are kept for the ACK. */
static bool add_credentials(struct leg *leg, msg_t *msg)
{
	struct trunk *t = leg_trunk(leg);
	char value[1400], header[1500];
	struct zv_digest_ask ask = {
		.user = t->conf->user,
		.password = t->conf->password,
		.method = "INVITE",
		.uri = leg->request_uri,
		.cnonce = ++leg->shard->cnonce,
	};

	if (t->conf->user[0] == 0 || t->digest.nonce[0] == 0)
		return true;
	ask.cnonce = zv_siphash(&leg->shard->sip->params.secret, &ask.cnonce, sizeof(ask.cnonce));
	if (!zv_digest_answer(&t->digest, &ask, value, sizeof(value)))
		return false;
	(void)snprintf(header, sizeof(header), "%s: %s",
		       t->digest.proxy ? "Proxy-Authorization" : "Authorization", value);
	free(leg->credentials);
	leg->credentials = strdup(header);
	return leg->credentials != NULL &&
	       sip_add_tl(msg, sip_object(msg), SIPTAG_HEADER_STR(header), TAG_END()) >= 0;
}

/* P-Asserted-Identity (RFC 3325), Privacy (RFC 3323), session timer (RFC 4028). */
static bool add_trunk_headers(struct leg *leg, msg_t *msg)
{
	const struct trunk *t = leg_trunk(leg);
	sip_t *sip = sip_object(msg);
	char number[24], pai[160], text[48];

	number_text(t, leg->caller, number, sizeof(number));
	if (t->conf->p_asserted && leg->caller != 0) {
		(void)snprintf(pai, sizeof(pai), "P-Asserted-Identity: <sip:%s@%s>", number,
			       t->domain);
		if (sip_add_tl(msg, sip, SIPTAG_HEADER_STR(pai), TAG_END()) < 0)
			return false;
	}
	if (t->conf->privacy == ZV_PRIVACY_ID &&
	    sip_add_tl(msg, sip, SIPTAG_PRIVACY_STR("id"), TAG_END()) < 0)
		return false;
	/* Desk phones and softphones may answer such a call by themselves (RFC 5373); 100rel would
	 * only be one more way to go wrong. */
	if (leg->phone &&
	    sip_add_tl(msg, sip, SIPTAG_HEADER_STR("Answer-Mode: Auto"),
		       SIPTAG_HEADER_STR("Call-Info: <sip:zvonar.invalid>;answer-after=0"),
		       TAG_END()) < 0)
		return false;
	if (t->conf->session_expires_s == 0)
		return sip_add_tl(msg, sip, SIPTAG_SUPPORTED_STR("100rel"), TAG_END()) >= 0;
	(void)snprintf(text, sizeof(text), "%u;refresher=uac", leg->session_s);
	if (sip_add_tl(msg, sip, SIPTAG_SUPPORTED_STR(leg->phone ? "timer" : "100rel, timer"),
		       SIPTAG_SESSION_EXPIRES_STR(text), TAG_END()) < 0)
		return false;
	(void)snprintf(text, sizeof(text), "%u", leg->min_se_s);
	return leg->min_se_s == 0 || sip_add_tl(msg, sip, SIPTAG_MIN_SE_STR(text), TAG_END()) >= 0;
}

bool send_invite(struct leg *leg)
{
	char from[CONTACT_MAX + 96], to[CONTACT_MAX + 96], sdp[ZV_SDP_MAX], branch[64];
	const struct zv_sip_params *p = &leg->shard->sip->params;
	msg_t *msg;

	if (leg->request_uri == NULL)
		return false;
	from_text(leg, from, sizeof(from));
	to_text(leg, to, sizeof(to));
	leg->invite_cseq = ++leg->cseq;
	msg = request_create(&(struct request){
		.agent = leg->agent,
		.method = sip_method_invite,
		.name = "INVITE",
		.uri = leg->request_uri,
		.cseq = leg->invite_cseq,
		.from = from,
		.to = to,
		.call_id = leg->names.call_id,
	});
	if (msg == NULL)
		return false;
	/* A phone behind a proxy: the Path that it registered by (RFC 3327). */
	if (leg->route != NULL &&
	    sip_add_tl(msg, sip_object(msg), SIPTAG_ROUTE_STR(leg->route), TAG_END()) < 0)
		goto fail;
	(void)leg_sdp(leg, NULL, sdp);
	branch_text(leg, leg->resends, branch, sizeof(branch));
	if (sip_add_tl(msg, sip_object(msg), SIPTAG_CONTACT_STR(contact_of(leg)),
		       SIPTAG_ALLOW_STR(ALLOW),
		       TAG_IF(p->user_agent[0] != 0, SIPTAG_USER_AGENT_STR(p->user_agent)),
		       SIPTAG_CONTENT_TYPE_STR("application/sdp"), SIPTAG_PAYLOAD_STR(sdp),
		       TAG_END()) < 0 ||
	    !add_trunk_headers(leg, msg) || !add_credentials(leg, msg))
		goto fail;
	leg->invite = nta_outgoing_mcreate(leg->agent->nta, call_on_response, leg,
					   (const url_string_t *)(const void *)hop_of(leg), msg,
					   NTATAG_BRANCH_KEY(branch), TAG_END());
	if (leg->invite == NULL)
		goto fail;
	atomic_fetch_add_explicit(&leg->shard->stats.invites, 1, memory_order_relaxed);
	return true;

fail:
	msg_destroy(msg);
	return false;
}

/* Sends and forgets: no transaction, nobody hears of the answer. */
static bool send_stateless(struct agent *agent, msg_t *msg, const char *hop, const char *branch)
{
	if (msg == NULL)
		return false;
	if (nta_outgoing_mcreate(agent->nta, NULL, NULL, (const url_string_t *)(const void *)hop,
				 msg, NTATAG_STATELESS(1),
				 TAG_IF(branch != NULL, NTATAG_BRANCH_KEY(branch)),
				 TAG_END()) == NULL) {
		msg_destroy(msg);
		return false;
	}
	return true;
}

/* A transaction of which nobody wants the result: the stack repeats it until it is answered. */
static bool send_unheard(struct agent *agent, msg_t *msg, const char *hop, const char *branch)
{
	if (msg == NULL)
		return false;
	if (nta_outgoing_mcreate(agent->nta, NULL, NULL, (const url_string_t *)(const void *)hop,
				 msg, TAG_IF(branch != NULL, NTATAG_BRANCH_KEY(branch)),
				 TAG_END()) == NULL) {
		msg_destroy(msg);
		return false;
	}
	return true;
}

bool send_ack(struct leg *leg)
{
	char hop[160];
	msg_t *msg = dialog_request(leg, sip_method_ack, "ACK", leg->invite_cseq);

	/* RFC 3261 13.2.2.4: the same credentials as the INVITE */
	if (msg != NULL && leg->credentials != NULL)
		(void)sip_add_tl(msg, sip_object(msg), SIPTAG_HEADER_STR(leg->credentials),
				 TAG_END());
	target_hop(leg, hop, sizeof(hop));
	leg->acked = true;
	return send_stateless(leg->agent, msg, hop, NULL);
}

static int on_bye_response(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
	struct leg *leg = magic;
	int status = sip != NULL ? sip->sip_status->st_status : 408;

	(void)orq;
	if (status >= 200)
		call_signal(leg, &(struct signal){.type = SIG_BYE_DONE, .code = (uint16_t)status});
	return 0;
}

bool send_bye(struct leg *leg)
{
	char hop[160];
	msg_t *msg = dialog_request(leg, sip_method_bye, "BYE", ++leg->cseq);

	if (msg == NULL)
		return false;
	target_hop(leg, hop, sizeof(hop));
	leg->bye = nta_outgoing_mcreate(leg->agent->nta, on_bye_response, leg,
					(const url_string_t *)(const void *)hop, msg, TAG_END());
	if (leg->bye == NULL)
		msg_destroy(msg);
	return leg->bye != NULL;
}

bool send_prack(struct leg *leg, const sip_t *sip)
{
	char rack[64], hop[160];
	msg_t *msg = dialog_request(leg, sip_method_prack, "PRACK", ++leg->cseq);

	(void)snprintf(rack, sizeof(rack), "%lu %lu INVITE",
		       (unsigned long)sip->sip_rseq->rs_response,
		       (unsigned long)sip->sip_cseq->cs_seq);
	if (msg != NULL)
		(void)sip_add_tl(msg, sip_object(msg), SIPTAG_RACK_STR(rack), TAG_END());
	target_hop(leg, hop, sizeof(hop));
	return send_unheard(leg->agent, msg, hop, NULL);
}

static int on_refresh_response(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
	struct leg *leg = magic;
	int status = sip != NULL ? sip->sip_status->st_status : 408;

	if (status < 200 || leg->refresh != orq)
		return 0;
	if (nta_outgoing_method(orq) == sip_method_invite && status < 300) {
		send_refresh_ack(leg, nta_outgoing_cseq(orq));
		stray_answer(leg, sip);
	}
	leg->refresh = NULL;
	nta_outgoing_destroy(orq);
	if (status < 300)
		session_agree(leg, sip);
	else if (status == 408 || status == 481 || /* RFC 4028 10: the dialog is gone */
		 (leg->phone && sip != NULL && nta_sip_is_internal(sip)))
		call_signal(leg, &(struct signal){.type = SIG_SESSION});
	return 0;
}

static int on_ping_answer(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
	struct leg *leg = magic;
	int status = sip != NULL ? sip->sip_status->st_status : 408;

	if (status < 200 || leg->ping != orq)
		return 0;
	leg->ping = NULL;
	nta_outgoing_destroy(orq);
	if (sip == NULL || nta_sip_is_internal(sip) || status == 481)
		call_signal(leg, &(struct signal){.type = SIG_SESSION});
	return 0;
}

bool send_ping(struct leg *leg)
{
	char hop[160];
	msg_t *msg;

	if (leg->ping != NULL)
		return true;
	msg = dialog_request(leg, sip_method_options, "OPTIONS", ++leg->cseq);
	if (msg == NULL)
		return false;
	target_hop(leg, hop, sizeof(hop));
	leg->ping = nta_outgoing_mcreate(leg->agent->nta, on_ping_answer, leg,
					 (const url_string_t *)(const void *)hop, msg,
					 SIPTAG_CONTACT_STR(contact_of(leg)), TAG_END());
	if (leg->ping == NULL)
		msg_destroy(msg);
	return leg->ping != NULL;
}

bool send_refresh(struct leg *leg)
{
	char hop[160], sdp[ZV_SDP_MAX], text[48];
	bool update = leg->update_allowed;
	msg_t *msg;

	if (leg->refresh != NULL)
		return true;
	msg = dialog_request(leg, update ? sip_method_update : sip_method_invite,
			     update ? "UPDATE" : "INVITE", ++leg->cseq);
	if (msg == NULL)
		return false;
	(void)snprintf(text, sizeof(text), "%u;refresher=uac", leg->session_s);
	if (!update && leg->shard->phones != NULL) { /* a description of its own: a new version */
		leg->answer_version++;
		memset(&leg->answered, 0, sizeof(leg->answered));
	}
	(void)leg_sdp(leg, NULL, sdp);
	(void)sip_add_tl(msg, sip_object(msg), SIPTAG_CONTACT_STR(contact_of(leg)),
			 SIPTAG_SUPPORTED_STR("timer"), SIPTAG_SESSION_EXPIRES_STR(text),
			 TAG_IF(!update, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
			 TAG_IF(!update, SIPTAG_PAYLOAD_STR(sdp)), TAG_END());
	target_hop(leg, hop, sizeof(hop));
	leg->refresh = nta_outgoing_mcreate(leg->agent->nta, on_refresh_response, leg,
					    (const url_string_t *)(const void *)hop, msg,
					    TAG_END());
	if (leg->refresh == NULL)
		msg_destroy(msg);
	return leg->refresh != NULL;
}

void send_refresh_ack(struct leg *leg, uint32_t cseq)
{
	char hop[160];

	target_hop(leg, hop, sizeof(hop));
	(void)send_stateless(leg->agent, dialog_request(leg, sip_method_ack, "ACK", cseq), hop,
			     NULL);
}

static int on_cancel_response(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
	struct leg *leg = magic;

	if (sip != NULL && sip->sip_status->st_status < 200)
		return 0;
	for (int i = 0; i <= RESENDS_MAX; i++) {
		if (leg->cancels[i] != orq)
			continue;
		leg->cancels[i] = NULL;
		nta_outgoing_destroy(orq);
		leg->adopt_pending--;
		if (sip != NULL && sip->sip_status->st_status < 300)
			leg_set_timer(leg, TIMER_GUARD, CANCEL_GUARD_MS); /* a 487 is to come */
		else if (leg->adopt_pending == 0)
			leg_set_timer(leg, TIMER_GUARD, ADOPT_QUIET_MS);
	}
	return 0;
}

bool send_cancel_again(struct leg *leg, uint8_t resend)
{
	char from[192], to[192], branch[64];
	msg_t *msg;

	if (leg->cancels[resend] != NULL || leg->request_uri == NULL)
		return false;
	from_text(leg, from, sizeof(from));
	to_text(leg, to, sizeof(to));
	branch_text(leg, resend, branch, sizeof(branch));
	msg = request_create(&(struct request){
		.agent = leg->agent,
		.method = sip_method_cancel,
		.name = "CANCEL",
		.uri = leg->request_uri,
		.cseq = 1u + resend,
		.from = from,
		.to = to,
		.call_id = leg->names.call_id,
	});
	if (msg == NULL)
		return false;
	leg->cancels[resend] = nta_outgoing_mcreate(
		leg->agent->nta, on_cancel_response, leg,
		(const url_string_t *)(const void *)leg_trunk(leg)->hop, msg,
		NTATAG_BRANCH_KEY(branch), TAG_END());
	if (leg->cancels[resend] == NULL) {
		msg_destroy(msg);
		return false;
	}
	leg->adopt_pending++;
	return true;
}

/* Back to where msg came from. */
static bool sender_hop(const msg_t *msg, const sip_t *sip, char *to, size_t size)
{
	const su_sockaddr_t *su = msg_addr((msg_t *)(uintptr_t)msg);
	const char *transport = sip->sip_via != NULL ? sip_via_transport(sip->sip_via) : NULL;
	char ip[46];

	if (su == NULL || transport == NULL ||
	    inet_ntop(su->su_family, SU_ADDR(su), ip, sizeof(ip)) == NULL)
		return false;
	(void)snprintf(to, size, su->su_family == AF_INET6 ? "sip:[%s]:%u;transport=%s"
							   : "sip:%s:%u;transport=%s",
		       ip, (unsigned)ntohs(su->su_port), transport);
	return true;
}

/* A request to the sender of a response, with the response's own From, To and Call-ID. */
static msg_t *answer_request(struct agent *agent, const sip_t *sip, sip_method_t method,
			     const char *name, uint32_t cseq)
{
	msg_t *msg = nta_msg_create(agent->nta, 0);
	sip_t *out = sip_object(msg);
	su_home_t *home = msg_home(msg);
	bool dialog = sip->sip_status->st_status < 300 && sip->sip_status->st_status >= 200;
	const url_t *url = dialog && sip->sip_contact != NULL ? sip->sip_contact->m_url
							      : sip->sip_to->a_url;
	sip_request_t *rq;
	sip_cseq_t *cs;
	sip_to_t to[1] = {*sip->sip_to};

	if (out == NULL)
		return NULL;
	rq = sip_request_create(home, method, name, (const url_string_t *)(const void *)url, NULL);
	cs = sip_cseq_create(home, cseq, (unsigned)method, name);
	if (rq == NULL || cs == NULL)
		goto fail;
	rq->rq_url->url_headers = NULL;
	if (method == sip_method_cancel)
		to->a_params = NULL, to->a_tag = NULL;
	if (msg_header_insert(msg, (msg_pub_t *)out, (msg_header_t *)rq) < 0 ||
	    msg_header_insert(msg, (msg_pub_t *)out, (msg_header_t *)cs) < 0 ||
	    sip_add_tl(msg, out, SIPTAG_MAX_FORWARDS_STR("70"), SIPTAG_FROM(sip->sip_from),
		       SIPTAG_TO(to), SIPTAG_CALL_ID(sip->sip_call_id), TAG_END()) < 0)
		goto fail;
	if (dialog && sip->sip_record_route != NULL) {
		sip_route_t *route = sip_route_reverse(home, sip->sip_record_route);

		if (route == NULL ||
		    msg_header_insert(msg, (msg_pub_t *)out, (msg_header_t *)route) < 0)
			goto fail;
	}
	return msg;

fail:
	msg_destroy(msg);
	return NULL;
}

void send_stray_ack(struct agent *agent, const msg_t *msg, const sip_t *sip, bool bye)
{
	char hop[96];
	uint32_t cseq = sip->sip_cseq->cs_seq;
	bool refused = sip->sip_status->st_status >= 300;

	if (!sender_hop(msg, sip, hop, sizeof(hop)))
		return;
	/* The ACK to a refusal belongs to the INVITE's transaction: its branch (17.1.1.3). */
	(void)send_stateless(agent, answer_request(agent, sip, sip_method_ack, "ACK", cseq), hop,
			     refused ? sip->sip_via->v_branch : NULL);
	if (bye)
		(void)send_unheard(agent,
				   answer_request(agent, sip, sip_method_bye, "BYE", cseq + 1), hop,
				   NULL);
}

void send_stray_cancel(struct agent *agent, const msg_t *msg, const sip_t *sip)
{
	char hop[96];

	if (!sender_hop(msg, sip, hop, sizeof(hop)) || sip->sip_via->v_branch == NULL)
		return;
	(void)send_unheard(agent,
			   answer_request(agent, sip, sip_method_cancel, "CANCEL",
					  sip->sip_cseq->cs_seq),
			   hop, sip->sip_via->v_branch);
}

static int on_ping_response(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
	struct trunk *t = magic;
	bool heard = sip != NULL && !nta_sip_is_internal(sip);

	if (sip != NULL && sip->sip_status->st_status < 200)
		return 0;
	if (t->ping == orq)
		t->ping = NULL;
	nta_outgoing_destroy(orq);
	trunk_pinged(t, heard);
	return 0;
}

bool send_options(struct trunk *t)
{
	struct agent *agent = t->tls != NULL ? &t->tls->agent : &t->shard->agents[0];
	char from[192], uri[160], call_id[64];
	uint64_t id = ++t->shard->cnonce;
	msg_t *msg;

	id = zv_siphash(&t->shard->sip->params.secret, &id, sizeof(id));
	(void)snprintf(uri, sizeof(uri), "sip:%s", t->domain);
	(void)snprintf(from, sizeof(from), "<sip:zvonar@%s>;tag=%016llx", t->domain,
		       (unsigned long long)zv_mix64(id));
	(void)snprintf(call_id, sizeof(call_id), "ping-%016llx", (unsigned long long)id);
	msg = request_create(&(struct request){
		.agent = agent,
		.method = sip_method_options,
		.name = "OPTIONS",
		.uri = uri,
		.cseq = 1,
		.from = from,
		.to = uri,
		.call_id = call_id,
	});
	if (msg == NULL)
		return false;
	t->ping = nta_outgoing_mcreate(agent->nta, on_ping_response, t,
				       (const url_string_t *)(const void *)t->hop, msg,
				       SIPTAG_CONTACT_STR(agent->contact), TAG_END());
	if (t->ping == NULL)
		msg_destroy(msg);
	return t->ping != NULL;
}

/* Replaces *slot by text; false: no memory, or it is longer than anything sensible. */
bool keep_text(char **slot, const char *text)
{
	free(*slot);
	*slot = NULL;
	if (text == NULL)
		return true;
	if (strnlen(text, TEXT_MAX_BYTES) >= TEXT_MAX_BYTES)
		return false;
	*slot = strdup(text);
	return *slot != NULL;
}

/* The route set in sending order: Record-Route from the back (RFC 3261 12.1.2). */
static char *route_text(su_home_t *home, const sip_t *sip)
{
	char *text = NULL;

	for (sip_route_t *r = sip_route_reverse(home, sip->sip_record_route); r != NULL;
	     r = r->r_next) {
		sip_route_t one[1] = {*r};
		char *part;

		one->r_next = NULL;
		part = sip_header_as_string(home, (sip_header_t *)one);
		text = text == NULL ? part : su_sprintf(home, "%s, %s", text, part);
		if (text == NULL)
			break;
	}
	return text;
}

bool leg_take_dialog(struct leg *leg, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	char *contact = NULL, *route = NULL;
	bool ok;

	if (sip->sip_contact != NULL) {
		url_t url[1] = {*sip->sip_contact->m_url};

		url->url_headers = NULL;
		contact = url_as_string(home, url);
	}
	if (sip->sip_record_route != NULL)
		route = route_text(home, sip);
	ok = keep_text(&leg->remote_tag, sip->sip_to->a_tag) && keep_text(&leg->contact, contact) &&
	     keep_text(&leg->route, route);
	if (sip->sip_allow != NULL)
		leg->update_allowed = sip_is_allowed(sip->sip_allow, sip_method_update, "UPDATE");
	su_home_deinit(home);
	return ok;
}
