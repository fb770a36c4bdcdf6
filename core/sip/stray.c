/* What reaches an agent without one of its transactions: requests of any kind, and answers that
 * come late, twice or from a fork.  All of it is answered without keeping state: a request that
 * comes again gets the same answer again, and nobody can make us remember anything. */
#include "sip/internal.h"

#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_util.h>

#define ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"

/* The attempt that a message names, if its Call-ID and our tag in it are keyed right. */
static bool names_ours(const struct shard *s, const sip_t *sip, const char *our_tag,
		       struct zv_attempt_id *ret_attempt, uint8_t *ret_sub)
{
	struct zv_sip_names names;

	if (sip->sip_call_id == NULL || our_tag == NULL ||
	    !zv_sip_names_parse(&s->sip->params.secret, sip->sip_call_id->i_id, ret_attempt,
				ret_sub))
		return false;
	zv_sip_names(&s->sip->params.secret, *ret_attempt, *ret_sub, &names);
	return strcmp(names.from_tag, our_tag) == 0;
}

/* ---- answers ---- */

static void stray_response(struct agent *agent, const msg_t *msg, const sip_t *sip)
{
	struct shard *s = agent->shard;
	uint16_t code = (uint16_t)sip->sip_status->st_status;
	struct signal sig = {.code = code, .sip = sip};
	struct zv_attempt_id attempt;
	struct leg *leg;
	uint8_t sub;

	if (sip->sip_cseq->cs_method != sip_method_invite || sip->sip_via == NULL ||
	    sip->sip_via->v_next != NULL ||
	    !names_ours(s, sip, sip->sip_from->a_tag, &attempt, &sub))
		return;
	leg = leg_find(s, attempt, sub);
	sig.type = code == 100  ? SIG_TRYING
		   : code < 200 ? SIG_PROGRESS
		   : code < 300 ? SIG_OK
				: SIG_REFUSED;
	if (code >= 300) {
		send_stray_ack(agent, msg, sip, false);
		/* A transaction on TCP ends with its CANCEL; an adopted leg has none. */
		if (leg != NULL && (leg->state == LEG_CANCELLING || leg->state == LEG_ADOPTING) &&
		    code != 401 && code != 407)
			call_signal(leg, &sig);
		return;
	}
	if (code < 200) {
		/* It rings for a call that we gave up. */
		if (leg != NULL && leg->state == LEG_ADOPTING)
			call_signal(leg, &sig);
		else if (leg == NULL && code > 100)
			send_stray_cancel(agent, msg, sip);
		return;
	}
	if (leg == NULL || sip->sip_to->a_tag == NULL ||
	    (leg->remote_tag != NULL && leg->state >= LEG_ACK_WAIT &&
	     strcmp(leg->remote_tag, sip->sip_to->a_tag) != 0)) {
		send_stray_ack(agent, msg, sip, true);
		return;
	}
	call_signal(leg, &sig);
}

/* ---- requests ---- */

struct answer {
	int code;
	const char *phrase;
	const char *sdp; /* NULL: no body */
	const char *unsupported;
	const char *warning;
};

void stray_no_maddr(const sip_t *sip)
{
	if (sip->sip_via != NULL && sip->sip_via->v_maddr != NULL)
		msg_header_remove_param(sip->sip_via->v_common, "maddr");
}

static bool came_by_tcp(const sip_t *sip)
{
	const char *by = sip->sip_via != NULL ? sip_via_transport(sip->sip_via) : NULL;

	return by != NULL && strcasecmp(by, "TCP") == 0;
}

static void reply(struct agent *agent, msg_t *msg, const sip_t *sip, const struct answer *a)
{
	bool dialog = a->code < 300 && (sip->sip_request->rq_method == sip_method_invite ||
					sip->sip_request->rq_method == sip_method_update);
	sip_session_expires_t x[1];
	sip_session_expires_t *refresh = NULL;

	stray_no_maddr(sip);
	/* RFC 4028 9: he who asks for a session timer keeps it going. */
	if (dialog && sip->sip_session_expires != NULL) {
		*sip_session_expires_init(x) = *sip->sip_session_expires;
		if (x->x_refresher == NULL) {
			static msg_param_t const uac[] = {"refresher=uac", NULL};

			x->x_params = uac;
			x->x_refresher = "uac";
		}
		refresh = x;
	}
	(void)nta_msg_treply(agent->nta, msg, a->code, a->phrase,
			     TAG_IF(a->code == 405 || a->code == 501 || a->code == 200,
				    SIPTAG_ALLOW_STR(ALLOW)),
			     TAG_IF(a->unsupported != NULL, SIPTAG_UNSUPPORTED_STR(a->unsupported)),
			     TAG_IF(a->warning != NULL, SIPTAG_WARNING_STR(a->warning)),
			     TAG_IF(dialog, SIPTAG_CONTACT_STR(agent->shard->phones != NULL &&
							       came_by_tcp(sip)
								       ? agent->contact_tcp
								       : agent->contact)),
			     TAG_IF(refresh != NULL, SIPTAG_SESSION_EXPIRES(refresh)),
			     TAG_IF(refresh != NULL, SIPTAG_REQUIRE_STR("timer")),
			     TAG_IF(a->sdp != NULL, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
			     TAG_IF(a->sdp != NULL, SIPTAG_PAYLOAD_STR(a->sdp)), TAG_END());
}

static bool same_media(const struct zv_sdp_media *a, const struct zv_sdp_media *b)
{
	return a->payload_type == b->payload_type && a->dtmf_type == b->dtmf_type &&
	       a->port == b->port && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0;
}

/* A phone's or a caller's new address or codec is taken; a trunk's only if it is the old one. */
static bool takes_media(struct leg *leg, struct zv_sdp_media *m, bool *ret_moved)
{
	if (leg->shard->phones == NULL)
		return m->payload_type == leg->media.payload_type &&
		       (m->held || (m->port == leg->media.port &&
				    memcmp(&m->ip, &leg->media.ip, sizeof(m->ip)) == 0));
	phone_media(leg, m);
	if (!same_media(m, &leg->answered) || m->direction != leg->answered.direction)
		leg->answer_version++;
	leg->answered = *m;
	if (m->held || same_media(m, &leg->media))
		return true;
	leg->media = *m;
	*ret_moved = true;
	return true;
}

void stray_answer(struct leg *leg, const sip_t *sip)
{
	const sip_payload_t *body = sip->sip_payload;
	struct zv_sdp_media m;

	if (leg->state != LEG_TALKING || body == NULL || body->pl_data == NULL ||
	    (leg->shard->phones == NULL && leg->keys == NULL) ||
	    !secrecy_parse(leg, body->pl_data, body->pl_len, false, &m))
		return;
	if (leg->keys != NULL)
		secrecy_publish(leg); /* it may have taken another key */
	if (leg->shard->phones == NULL)
		return;
	phone_media(leg, &m);
	if (m.held || same_media(&m, &leg->media))
		return;
	leg->media = m;
	leg_tell_media(leg, ZV_EV_SIP_ANSWERED, 200);
}

/* re-INVITE or UPDATE; hold is allowed.  *ret_moved: the far end's media are elsewhere now. */
static void renegotiate(struct leg *leg, struct answer *a, const sip_t *sip, char *sdp,
			bool *ret_moved)
{
	const sip_payload_t *body = sip->sip_payload;
	struct zv_sdp_media m;

	if (leg->refresh != NULL && sip->sip_request->rq_method == sip_method_invite) {
		a->code = 491;
		a->phrase = sip_491_Request_pending;
		return;
	}
	a->code = 200;
	a->phrase = sip_200_OK;
	if (body == NULL || body->pl_len == 0) {
		/* An UPDATE without a body refreshes; an INVITE without one asks for an offer. */
		if (sip->sip_request->rq_method == sip_method_invite) {
			(void)leg_sdp(leg, NULL, sdp);
			a->sdp = sdp;
		}
	} else if (!secrecy_parse(leg, body->pl_data, body->pl_len, true, &m) ||
		   !takes_media(leg, &m, ret_moved)) {
		a->code = 488;
		a->phrase = sip_488_Not_acceptable;
	} else {
		if (leg->keys != NULL)
			secrecy_publish(leg);
		(void)leg_sdp(leg, &m, sdp);
		a->sdp = sdp;
	}
	if (a->code == 200 && sip->sip_session_expires != NULL && leg->session_s != 0) {
		leg_set_timer(leg, TIMER_REFRESH, -1);
		leg_set_timer(leg, TIMER_SESSION,
			      (int64_t)(sip->sip_session_expires->x_delta > 86400
						? 86400
						: sip->sip_session_expires->x_delta) *
				      1000);
	}
}

/* A request within a call that lives. */
static void in_dialog(struct leg *leg, msg_t *msg, const sip_t *sip)
{
	char sdp[ZV_SDP_MAX];
	struct answer a = {.code = 200, .phrase = sip_200_OK};
	struct agent *agent = leg->agent;
	bool answered = leg->state == LEG_ACK_WAIT || leg->state == LEG_TALKING;
	bool moved = false;

	switch ((int)sip->sip_request->rq_method) {
	case sip_method_bye:
		msg_ref(msg); /* its Reason is read after the 200 is out */
		reply(agent, msg, sip, &a);
		call_signal(leg, &(struct signal){.type = SIG_BYE, .sip = sip});
		msg_destroy(msg);
		return;
	case sip_method_invite:
	case sip_method_update:
		if (!answered) {
			a = (struct answer){.code = 481, .phrase = sip_481_No_transaction};
			break;
		}
		if (leg->shard->phones != NULL && sip->sip_cseq->cs_seq < leg->remote_cseq) {
			/* Out of order (RFC 3261 12.2.2): what came since counts. */
			a = (struct answer){.code = 500, .phrase = sip_500_Internal_server_error};
			break;
		}
		leg->remote_cseq = sip->sip_cseq->cs_seq;
		if (leg->shard->phones != NULL)
			leg_follow(leg, msg, sip);
		renegotiate(leg, &a, sip, sdp, &moved);
		break;
	case sip_method_options:
	case sip_method_info:
		break;
	case sip_method_refer:
		a = (struct answer){.code = 603, .phrase = sip_603_Decline};
		break;
	case sip_method_prack: /* we never send a reliable 1xx */
		a = (struct answer){.code = 481, .phrase = sip_481_No_transaction};
		break;
	default:
		a = (struct answer){.code = 405, .phrase = sip_405_Method_not_allowed};
		if (sip->sip_request->rq_method == sip_method_unknown)
			a = (struct answer){.code = 501, .phrase = sip_501_Not_implemented};
		break;
	}
	reply(agent, msg, sip, &a);
	if (moved)
		leg_tell_media(leg, ZV_EV_SIP_ANSWERED, 200);
}

/* A request outside any call that nobody took. */
static struct answer outside(const sip_t *sip)
{
	if (sip->sip_to->a_tag != NULL)
		return (struct answer){.code = 481, .phrase = sip_481_No_transaction};
	switch ((int)sip->sip_request->rq_method) {
	case sip_method_options:
		return (struct answer){.code = 200, .phrase = sip_200_OK};
	case sip_method_invite:
		return (struct answer){.code = 403, .phrase = sip_403_Forbidden};
	case sip_method_bye:
	case sip_method_cancel:
	case sip_method_prack:
	case sip_method_update:
	case sip_method_info:
		return (struct answer){.code = 481, .phrase = sip_481_No_transaction};
	case sip_method_unknown:
		return (struct answer){.code = 501, .phrase = sip_501_Not_implemented};
	default:
		return (struct answer){.code = 405, .phrase = sip_405_Method_not_allowed};
	}
}

/* The first option tag in Require that we do not know; NULL = none. */
const char *stray_unsupported(const sip_t *sip)
{
	static const char *const known[] = {"100rel", "timer"};
	const sip_require_t *r = sip->sip_require;

	for (size_t i = 0; r != NULL && r->k_items != NULL && r->k_items[i] != NULL; i++)
		if (strcasecmp(r->k_items[i], known[0]) != 0 &&
		    strcasecmp(r->k_items[i], known[1]) != 0)
			return r->k_items[i];
	return NULL;
}

/* An agent's phone wants to place a call. */
static bool from_phone(const struct shard *s, const msg_t *msg)
{
	struct zv_ip ip;
	uint16_t port;

	return s->phones != NULL && source_of(msg, &ip, &port) && is_phone_at(s, &ip, port);
}

/* The leg of a request within a call that came in: our To tag names it, Call-ID and their tag
 * have to be the call's. */
static struct leg *called_leg(struct shard *s, const sip_t *sip, bool *ret_ours)
{
	struct zv_attempt_id key;
	struct leg *leg;
	uint8_t sub;

	if (sip->sip_to->a_tag == NULL ||
	    !zv_sip_names_parse(&s->sip->params.secret, sip->sip_to->a_tag, &key, &sub))
		return NULL;
	*ret_ours = true;
	leg = leg_find(s, key, sub);
	if (leg == NULL || leg->call_id == NULL || sip->sip_call_id == NULL ||
	    strcmp(leg->call_id, sip->sip_call_id->i_id) != 0)
		return NULL;
	return leg;
}

static void stray_request(struct agent *agent, msg_t *msg, const sip_t *sip)
{
	struct shard *s = agent->shard;
	sip_method_t method = sip->sip_request->rq_method;
	struct zv_attempt_id attempt;
	struct answer a;
	struct leg *leg;
	bool ours;
	uint8_t sub;

	if (s->phones != NULL && incoming_request(agent, msg, sip))
		return;
	if (method == sip_method_ack) {
		msg_destroy(msg);
		return;
	}
	if (s->phones != NULL && method == sip_method_register) {
		registrar_request(agent, msg, sip);
		return;
	}
	ours = names_ours(s, sip, sip->sip_to->a_tag, &attempt, &sub);
	leg = ours ? leg_find(s, attempt, sub) : NULL;
	if (s->phones != NULL && !ours)
		leg = called_leg(s, sip, &ours);
	a = outside(sip);
	if (a.code == 403 && from_phone(s, msg))
		a.warning = "399 zvonar \"Calls are placed at the screen\"";
	if (method != sip_method_cancel && stray_unsupported(sip) != NULL)
		a = (struct answer){.code = 420,
				    .phrase = sip_420_Bad_extension,
				    .unsupported = stray_unsupported(sip)};
	else if (leg != NULL && method != sip_method_cancel &&
		 (leg->remote_tag == NULL || (sip->sip_from->a_tag != NULL &&
					      strcmp(leg->remote_tag, sip->sip_from->a_tag) == 0))) {
		in_dialog(leg, msg, sip);
		return;
	} else if (ours && method == sip_method_bye && leg == NULL)
		/* A call of ours that is over here, or of before a crash: let it end there. */
		a = (struct answer){.code = 200, .phrase = sip_200_OK};
	reply(agent, msg, sip, &a);
}

int stray_message(struct agent *agent, nta_agent_t *nta, msg_t *msg, sip_t *sip)
{
	(void)nta;
	if (sip->sip_request != NULL) {
		stray_request(agent, msg, sip);
		return 0;
	}
	stray_response(agent, msg, sip);
	msg_destroy(msg);
	return 0;
}
