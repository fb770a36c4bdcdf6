/* What a caller must do by RFC 3261, and what it did.  Every fault is one count and one line. */
#include <string.h>
#include <strings.h>

#include "carrier.h"

void zvc_fault(struct zvc_carrier *carrier, const struct zvc_call *call, const struct zvc_msg *msg,
               const char *what)
{
	struct zvc_journal *j = &carrier->journal;

	carrier->stats.faults++;
	zvc_line_begin(j, "fault", 0);
	zvc_line_text(j, "what", what);
	if (call != NULL)
		zvc_line_number(j, "call", (int64_t)call->id);
	if (msg != NULL) {
		if (msg->request)
			zvc_line_str(j, "method", msg->method_name);
		else
			zvc_line_number(j, "status", msg->status);
		zvc_line_str(j, "call_id", msg->call_id);
	}
	zvc_line_end(j);
}

static bool has_magic(struct zvc_str branch)
{
	return branch.n > 7 && memcmp(branch.p, "z9hG4bK", 7) == 0;
}

/* RFC 3261 8.1.1 and 18: what every request needs.  msg->fault is told by the caller of this. */
void zvc_check_request(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                       const struct zvc_msg *msg)
{
	if (msg->vias.n == 0)
		zvc_fault(carrier, NULL, msg, "no Via");
	else if (!has_magic(msg->via.branch))
		zvc_fault(carrier, NULL, msg, "the Via branch does not begin with z9hG4bK");
	else if (!zvc_str_is_nocase(msg->via.transport, message->peer.tcp ? "TCP" : "UDP"))
		zvc_fault(carrier, NULL, msg, "the Via names another transport");
	if (msg->n_max_forwards != 1 || msg->max_forwards == 0)
		zvc_fault(carrier, NULL, msg, "Max-Forwards is missing or 0");
	if (msg->from.n != 1 || msg->from.tag.n == 0)
		zvc_fault(carrier, NULL, msg, "From is missing or has no tag");
	if (msg->to.n != 1)
		zvc_fault(carrier, NULL, msg, "To is missing");
	if (msg->n_call_id != 1)
		zvc_fault(carrier, NULL, msg, "Call-ID is missing");
	if (msg->n_cseq != 1 || !zvc_str_eq(msg->cseq_method, msg->method_name))
		zvc_fault(carrier, NULL, msg, "CSeq is missing or names another method");
	if (msg->n_content_length != 1 && (message->peer.tcp || msg->body.n > 0))
		zvc_fault(carrier, NULL, msg, "Content-Length is missing");
	else if (msg->n_content_length == 1 && msg->content_length != msg->body.n)
		zvc_fault(carrier, NULL, msg, "Content-Length is not the body's");
	if (msg->body.n > 0 && msg->content_type.n == 0)
		zvc_fault(carrier, NULL, msg, "a body without Content-Type");
}

void zvc_check_invite(struct zvc_carrier *carrier, const struct zvc_msg *msg)
{
	if (msg->contact.n != 1 || msg->contact.host.n == 0)
		zvc_fault(carrier, NULL, msg, "INVITE without exactly one Contact");
	if (zvc_phone(msg->ruri_user) == 0)
		zvc_fault(carrier, NULL, msg, "the Request-URI is not a phone number");
	else if (zvc_phone(msg->to.user) != zvc_phone(msg->ruri_user))
		zvc_fault(carrier, NULL, msg, "To is not the number of the Request-URI");
	if (msg->to.tag.n > 0)
		zvc_fault(carrier, NULL, msg, "To of a first INVITE has a tag");
	if (!carrier->conf.has_auth && (msg->authorization.n > 0 || msg->proxy_authorization.n > 0))
		zvc_fault(carrier, NULL, msg, "credentials that nobody asked for");
}

const char *zvc_check_sdp(const struct zvc_msg *msg, struct zvc_sdp *ret_sdp)
{
	struct zvc_str type = msg->content_type;
	const char *params = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;

	if (params != NULL)
		type.n = (size_t)(params - type.p);
	while (type.n > 0 && type.p[type.n - 1] == ' ')
		type.n--;
	if (!zvc_str_is_nocase(type, "application/sdp"))
		return "the body is not application/sdp";
	return zvc_sdp_parse(msg->body, ret_sdp);
}

/* RFC 3261 12.2.1.1: a request within a dialog, ACK of a 2xx too. */
void zvc_check_in_dialog(const struct zvc_call *call, const struct zvc_msg *msg)
{
	struct zvc_carrier *carrier = call->carrier;
	const struct sockaddr_in *local = zvc_net_local(carrier->net, &call->peer);

	if (zvc_phone(msg->ruri_user) != call->number && call->code < 300)
		zvc_fault(carrier, call, msg, "the Request-URI is not our Contact");
	else if (call->code >= 200 && call->code < 300) {
		struct zvc_str rest = msg->ruri;
		const char *at = memchr(rest.p, '@', rest.n);
		const char *colon =
		        at == NULL ? NULL : memchr(at, ':', (size_t)(rest.p + rest.n - at));
		uint64_t port = 0;
		size_t n = 0;

		while (colon != NULL && colon + 1 + n < rest.p + rest.n && colon[1 + n] >= '0' &&
		       colon[1 + n] <= '9')
			n++;
		if (colon == NULL ||
		    !zvc_str_number((struct zvc_str){colon + 1, n}, 65535, &port) ||
		    port != ntohs(local->sin_port))
			zvc_fault(carrier, call, msg, "the Request-URI is not our Contact");
	}
	if (msg->method == ZVC_M_ACK) {
		if (msg->cseq != call->far_cseq)
			zvc_fault(carrier, call, msg, "the CSeq of the ACK is not the INVITE's");
	} else if (msg->cseq <= call->far_cseq) {
		zvc_fault(carrier, call, msg, "the CSeq does not grow");
	}
	if (zvc_str_eq(msg->via.branch, call->invite.via.branch))
		zvc_fault(carrier, call, msg, "a new transaction with the branch of the INVITE");
}
