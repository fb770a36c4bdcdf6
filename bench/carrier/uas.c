/* The server side of RFC 3261, by hand: INVITE server transactions (17.2.1 with RFC 6026), CANCEL
 * (9.2), BYE, and copies of each.  What a call then does is in session.c. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "carrier.h"

/* An answer outside any call we keep. */
static void reply(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                  const struct zvc_msg *msg, const char *to_tag, const char *status_and_headers)
{
	struct zvc_peer peer = message->peer;
	char bytes[ZVC_MESSAGE_MAX];
	char tag[20];
	const struct zv_key key = {carrier->conf.seed, 7};
	size_t n;

	if (to_tag == NULL) {
		(void)snprintf(tag, sizeof(tag), "s%016" PRIx64,
		               zv_siphash(&key, msg->call_id.p, msg->call_id.n));
		to_tag = tag;
	}
	zvc_reply_address(&peer, msg);
	n = zvc_reply_write(carrier, msg, &peer, to_tag, status_and_headers,
	                    (struct zvc_str){"", 0}, bytes, sizeof(bytes));
	zvc_send(carrier, &peer, bytes, n);
}

static void stray(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                  const struct zvc_msg *msg)
{
	struct zvc_journal *j = &carrier->journal;

	carrier->stats.strays++;
	zvc_line_begin(j, "stray", message->wall_ns);
	if (msg->request)
		zvc_line_str(j, "method", msg->method_name);
	else
		zvc_line_number(j, "status", msg->status);
	zvc_line_str(j, "call_id", msg->call_id);
	zvc_line_str(j, "branch", msg->via.branch);
	zvc_line_end(j);
}

static void line_invite(struct zvc_call *call, const struct zvc_net_message *message, uint32_t nth,
                        const char *auth)
{
	struct zvc_journal *j = &call->carrier->journal;
	const struct zvc_msg *msg = &call->invite;
	char from[32];
	char ip[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &message->peer.addr.sin_addr, ip, sizeof(ip));
	(void)snprintf(from, sizeof(from), "%s:%u", ip, ntohs(message->peer.addr.sin_port));
	zvc_line_call(call, "invite", message->wall_ns);
	zvc_line_str(j, "caller", msg->from.user);
	zvc_line_str(j, "call_id", msg->call_id);
	zvc_line_str(j, "from_tag", msg->from.tag);
	zvc_line_str(j, "branch", msg->via.branch);
	zvc_line_number(j, "cseq", msg->cseq);
	zvc_line_text(j, "src", from);
	zvc_line_number(j, "trunk",
	                ntohs(zvc_net_local(call->carrier->net, &call->peer)->sin_port));
	zvc_line_text(j, "transport", message->peer.tcp ? "tcp" : "udp");
	zvc_line_number(j, "nth", nth);
	zvc_line_text(j, "behaviour", zvc_behaviour_name(call->plan.behaviour));
	if (auth != NULL)
		zvc_line_text(j, "auth", auth);
	if (msg->p_asserted.n > 0)
		zvc_line_str(j, "p_asserted", msg->p_asserted);
	if (msg->privacy.n > 0)
		zvc_line_str(j, "privacy", msg->privacy);
	zvc_line_end(j);
}

/* true: the caller may go on; false: the call has been refused. */
static bool admit(struct zvc_call *call, const char **ret_auth)
{
	struct zvc_carrier *carrier = call->carrier;
	const struct zvc_conf *conf = &carrier->conf;
	struct zvc_str header = conf->auth_code == 407 ? call->invite.proxy_authorization
	                                               : call->invite.authorization;
	const char *fault;
	int64_t now_s = zvc_wall_ns() / 1000000000;
	enum zvc_credentials cred;

	*ret_auth = NULL;
	if (!conf->has_auth)
		return true;
	cred = zvc_digest_check(&conf->account, now_s, call->invite.method_name, call->invite.ruri,
	                        header, &fault);
	if (fault != NULL)
		zvc_fault(carrier, call, &call->invite, fault);
	*ret_auth = cred == ZVC_CRED_RIGHT   ? "right"
	            : cred == ZVC_CRED_WRONG ? "wrong"
	            : cred == ZVC_CRED_STALE ? "stale"
	                                     : "none";
	return cred == ZVC_CRED_RIGHT;
}

static void challenge(struct zvc_call *call, const char *auth)
{
	const struct zvc_conf *conf = &call->carrier->conf;
	char value[256];
	char header[320];

	call->challenged = true;
	call->carrier->stats.challenged++;
	if (auth[0] == 'w') {
		zvc_call_refuse(call, 403, "Forbidden", "");
		return;
	}
	(void)zvc_digest_challenge(&conf->account, zvc_wall_ns() / 1000000000, auth[0] == 's',
	                           value, sizeof(value));
	(void)snprintf(header, sizeof(header), "%s: %s\r\n",
	               conf->auth_code == 407 ? "Proxy-Authenticate" : "WWW-Authenticate", value);
	zvc_call_refuse(call, conf->auth_code,
	                conf->auth_code == 407 ? "Proxy Authentication Required" : "Unauthorized",
	                header);
}

/* Counts the call; false: over the trunk's limits, refused. */
static bool count_in(struct zvc_call *call, struct zvc_number *number)
{
	struct zvc_carrier *carrier = call->carrier;
	struct zvc_trunk_stats *trunk = &carrier->stats.trunks[call->peer.trunk];
	int64_t second = (int64_t)(carrier->now_ms / 1000);

	call->counted = true;
	carrier->stats.calls++;
	if (++carrier->stats.active > carrier->stats.peak)
		carrier->stats.peak = carrier->stats.active;
	trunk->invites++;
	if (++trunk->active > trunk->peak)
		trunk->peak = trunk->active;
	if (trunk->cps_second != second) {
		trunk->cps_second = second;
		trunk->cps_now = 0;
	}
	if (++trunk->cps_now > trunk->cps_peak)
		trunk->cps_peak = trunk->cps_now;
	number->calls++;
	if (number->active++ > 0) {
		carrier->stats.overlaps++;
		zvc_line_call(call, "overlap", 0);
		zvc_line_end(&carrier->journal);
	}
	if ((carrier->conf.channels_max != 0 && trunk->active > carrier->conf.channels_max) ||
	    (carrier->conf.cps_max != 0 && trunk->cps_now > carrier->conf.cps_max)) {
		carrier->stats.over_limit++;
		zvc_line_call(call, "over_limit", 0);
		zvc_line_end(&carrier->journal);
		zvc_call_refuse(call, 503, "Service Unavailable", "");
		return false;
	}
	return true;
}

static void set_up(struct zvc_call *call, const struct zvc_net_message *message)
{
	const struct zv_key key = {call->carrier->conf.seed, call->id};

	call->invite_ns = zvc_mono_ns();
	call->number = zvc_phone(call->invite.ruri_user);
	call->peer = message->peer;
	zvc_reply_address(&call->peer, &call->invite);
	call->far_cseq = call->invite.cseq;
	zvc_call_wire(call);
	(void)snprintf(call->to_tag, sizeof(call->to_tag), "c%016" PRIx64,
	               zv_siphash(&key, call->raw, call->raw_len));
	if (call->carrier->conf.has_scenario)
		call->plan = call->carrier->conf.scenario;
	else
		zvc_plan_make(&call->carrier->conf.shares, call->carrier->conf.seed, call->number,
		              &call->plan);
}

static void new_invite(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                       const struct zvc_msg *msg)
{
	struct zvc_call *same = zvc_call_same_id(carrier, msg);
	struct zvc_call *call = zvc_call_new(carrier, message);
	struct zvc_number *number = zvc_number_get(carrier, zvc_phone(msg->ruri_user));
	const char *auth;
	const char *wrong = NULL;
	uint32_t retry_after_s;
	char header[40] = "";
	bool admitted;

	if (call == NULL || number == NULL)
		return;
	set_up(call, message);
	zvc_check_invite(carrier, msg);
	zvc_call_respond(call, 100, "100 Trying\r\n", (struct zvc_str){"", 0});
	if (msg->body.n > 0) {
		wrong = zvc_check_sdp(&call->invite, &call->sdp);
		call->sdp_known = wrong == NULL;
		if (wrong != NULL)
			zvc_fault(carrier, call, msg, wrong);
	}
	admitted = admit(call, &auth);
	line_invite(call, message, number->calls, auth);
	if (same != NULL) {
		zvc_fault(carrier, call, msg, "a second INVITE with the Call-ID of another call");
		call->challenged = true;
		zvc_call_refuse(call, 482, "Loop Detected", "");
	} else if (!admitted) {
		challenge(call, auth);
	} else if (count_in(call, number)) {
		if (wrong != NULL) {
			zvc_call_refuse(call, 488, "Not Acceptable Here", "");
		} else if (!carrier->conf.has_scenario &&
		           zvc_plan_unavailable(&carrier->conf.shares, carrier->conf.seed,
		                                call->number, number->calls - 1, &retry_after_s)) {
			carrier->stats.unavailable++;
			if (retry_after_s > 0)
				(void)snprintf(header, sizeof(header), "Retry-After: %u\r\n",
				               retry_after_s);
			zvc_call_refuse(call, 503, "Service Unavailable", header);
		} else {
			zvc_person_begin(call);
		}
	}
}

/* A copy of the INVITE of a call we know: the last response again, never a new call. */
static void copy_of_invite(struct zvc_call *call, const struct zvc_net_message *message,
                           const struct zvc_msg *msg)
{
	call->copies++;
	call->carrier->stats.invite_copies++;
	if (message->len != call->raw_len || memcmp(message->bytes, call->raw, call->raw_len) != 0)
		zvc_fault(call->carrier, call, msg, "a repeated INVITE differs from the first");
	if (call->state != ZVC_S_UP && call->state != ZVC_S_HANGING && call->state != ZVC_S_OVER)
		zvc_send(call->carrier, &call->peer, call->last, call->last_len);
}

static bool is_copy(struct zvc_call *call, const struct zvc_msg *msg)
{
	size_t n = msg->via.branch.n < sizeof(call->seen_branch) ? msg->via.branch.n
	                                                         : sizeof(call->seen_branch) - 1;

	if (zvc_str_is((struct zvc_str){msg->via.branch.p, n}, call->seen_branch) &&
	    msg->cseq == call->far_cseq)
		return true;
	if (n > 0)
		memcpy(call->seen_branch, msg->via.branch.p, n);
	call->seen_branch[n] = 0;
	return false;
}

static void re_invite(struct zvc_call *call, const struct zvc_net_message *message,
                      const struct zvc_msg *msg)
{
	struct zvc_peer peer = message->peer;
	struct zvc_sdp sdp;
	char text[400];
	char contact[160];
	char bytes[ZVC_MESSAGE_MAX];
	char body[512];
	size_t n;
	const char *wrong = msg->body.n > 0 ? zvc_check_sdp(msg, &sdp) : NULL;

	if (wrong != NULL)
		zvc_fault(call->carrier, call, msg, wrong);
	if (wrong != NULL || call->leg == NULL) {
		reply(call->carrier, message, msg, call->to_tag, "488 Not Acceptable Here\r\n");
		return;
	}
	if (msg->body.n > 0) {
		call->sdp = sdp;
		call->sdp_known = true;
	}
	zvc_call_contact(call, contact, sizeof(contact));
	(void)snprintf(text, sizeof(text), "200 OK\r\n%sContent-Type: application/sdp\r\n",
	               contact);
	zvc_reply_address(&peer, msg);
	n = zvc_reply_write(call->carrier, msg, &peer, call->to_tag, text,
	                    zvc_call_media(call, body, sizeof(body)), bytes, sizeof(bytes));
	zvc_send(call->carrier, &peer, bytes, n);
}

static void on_bye(struct zvc_call *call, const struct zvc_net_message *message,
                   const struct zvc_msg *msg, bool copy)
{
	struct zvc_carrier *carrier = call->carrier;

	if (call->state == ZVC_S_OVER || call->state == ZVC_S_REFUSED) {
		reply(carrier, message, msg, call->to_tag,
		      copy ? "200 OK\r\n" : "481 Call/Transaction Does Not Exist\r\n");
		if (!copy)
			stray(carrier, message, msg);
		return;
	}
	reply(carrier, message, msg, call->to_tag, "200 OK\r\n");
	if (copy)
		return;
	zvc_line_call(call, "bye", message->wall_ns);
	zvc_line_text(&carrier->journal, "by", "caller");
	zvc_line_text(&carrier->journal, "state", zvc_state_name(call->state));
	zvc_line_end(&carrier->journal);
	if (call->state == ZVC_S_ANSWERED)
		zvc_fault(carrier, call, msg, "BYE before the ACK of the 200");
	if (call->state == ZVC_S_PROCEEDING) {
		zvc_call_refuse(call, 487, "Request Terminated", "");
		return;
	}
	zvc_call_ended(call, "caller", "bye");
	zvc_call_over(call);
}

/* Requests within a dialog but ACK. */
static void in_dialog(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                      const struct zvc_msg *msg)
{
	struct zvc_call *call = zvc_call_by_dialog(carrier, msg);
	bool copy;

	if (call == NULL) {
		stray(carrier, message, msg);
		reply(carrier, message, msg, NULL, "481 Call/Transaction Does Not Exist\r\n");
		return;
	}
	copy = is_copy(call, msg);
	if (!copy && call->state != ZVC_S_OVER) {
		zvc_check_in_dialog(call, msg);
		if (msg->cseq > call->far_cseq)
			call->far_cseq = msg->cseq;
	}
	if (msg->method == ZVC_M_BYE) {
		on_bye(call, message, msg, copy);
	} else if (call->state != ZVC_S_UP && call->state != ZVC_S_ANSWERED) {
		reply(carrier, message, msg, call->to_tag,
		      "481 Call/Transaction Does Not Exist\r\n");
	} else if (msg->method == ZVC_M_INVITE) {
		re_invite(call, message, msg);
	} else if (msg->method == ZVC_M_PRACK) {
		zvc_fault(carrier, call, msg, "PRACK for a response that was not reliable");
		reply(carrier, message, msg, call->to_tag,
		      "481 Call/Transaction Does Not Exist\r\n");
	} else {
		reply(carrier, message, msg, call->to_tag, "200 OK\r\n");
	}
}

static void on_cancel(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                      const struct zvc_msg *msg)
{
	struct zvc_call *call = zvc_call_by_branch(carrier, msg);

	if (call == NULL) {
		stray(carrier, message, msg);
		reply(carrier, message, msg, NULL, "481 Call/Transaction Does Not Exist\r\n");
		return;
	}
	if (message->peer.tcp) {
		call->peer.conn = message->peer.conn;
		call->peer.conn_gen = message->peer.conn_gen;
	}
	if (call->cancels++ == 0) {
		zvc_line_call(call, "cancel", message->wall_ns);
		zvc_line_text(&carrier->journal, "state", zvc_state_name(call->state));
		zvc_line_end(&carrier->journal);
		if (!zvc_str_eq(msg->ruri, call->invite.ruri))
			zvc_fault(carrier, call, msg,
			          "the Request-URI of the CANCEL is not the INVITE's");
		if (msg->cseq != call->invite.cseq)
			zvc_fault(carrier, call, msg, "the CSeq of the CANCEL is not the INVITE's");
		if (!zvc_str_eq(msg->call_id, call->invite.call_id) ||
		    !zvc_str_eq(msg->from.tag, call->invite.from.tag) || msg->to.tag.n > 0)
			zvc_fault(carrier, call, msg,
			          "Call-ID, From or To of the CANCEL is not the INVITE's");
		if (msg->require.n > 0)
			zvc_fault(carrier, call, msg, "CANCEL with Require");
	}
	if (call->state == ZVC_S_PROCEEDING && carrier->conf.glare_ppm > 0) {
		carrier->dice = zv_mix64(carrier->dice);
		if (carrier->dice % 1000000 < carrier->conf.glare_ppm) {
			carrier->stats.glares++;
			zvc_call_answer(call);
		}
	}
	reply(carrier, message, msg, call->to_tag, "200 OK\r\n");
	if (call->state == ZVC_S_PROCEEDING) {
		carrier->stats.cancelled++;
		zvc_call_refuse(call, 487, "Request Terminated", "");
	}
}

static void on_ack(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                   const struct zvc_msg *msg)
{
	struct zvc_call *call = zvc_call_by_branch(carrier, msg);
	const char *wrong;

	if (call != NULL && call->code >= 300) {
		if (call->state != ZVC_S_REFUSED)
			return;
		if (!zvc_str_is(msg->to.tag, call->to_tag))
			zvc_fault(carrier, call, msg, "To of the ACK is not the response's");
		if (!zvc_str_eq(msg->ruri, call->invite.ruri))
			zvc_fault(carrier, call, msg,
			          "the Request-URI of the ACK is not the INVITE's");
		if (msg->cseq != call->invite.cseq)
			zvc_fault(carrier, call, msg, "the CSeq of the ACK is not the INVITE's");
		zvc_call_over(call);
		return;
	}
	call = zvc_call_by_dialog(carrier, msg);
	if (call == NULL) {
		stray(carrier, message, msg);
		return;
	}
	if (call->state != ZVC_S_ANSWERED)
		return; /* the ACK of a repeated 200, or of a re-INVITE */
	zvc_check_in_dialog(call, msg);
	call->state = ZVC_S_UP;
	zvc_timer_unset(&call->repeat_timer);
	zvc_timer_unset(&call->end_timer);
	zvc_line_call(call, "ack", message->wall_ns);
	zvc_line_number(&carrier->journal, "after_ms", (zvc_mono_ns() - call->answer_ns) / 1000000);
	zvc_line_number(&carrier->journal, "repeats", call->repeats);
	zvc_line_end(&carrier->journal);
	if (call->sdp_known)
		return;
	wrong = msg->body.n > 0 ? zvc_check_sdp(msg, &call->sdp)
	                        : "neither INVITE nor ACK has a description";
	if (wrong != NULL) {
		zvc_fault(carrier, call, msg, wrong);
		zvc_call_hang_up(call, "no_sdp");
		return;
	}
	call->sdp_known = true;
	if (!carrier->conf.no_media)
		zvc_leg_start(carrier->media, call->leg, &call->sdp);
}

static void on_invite(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                      const struct zvc_msg *msg)
{
	struct zvc_call *call = msg->to.tag.n == 0 ? zvc_call_by_branch(carrier, msg) : NULL;

	if (call != NULL) {
		copy_of_invite(call, message, msg);
		return;
	}
	zvc_check_request(carrier, message, msg);
	if (msg->to.tag.n > 0)
		in_dialog(carrier, message, msg);
	else if (msg->require.n > 0)
		reply(carrier, message, msg, NULL, "420 Bad Extension\r\n");
	else if (zvc_phone(msg->ruri_user) == 0) {
		zvc_check_invite(carrier, msg);
		reply(carrier, message, msg, NULL, "404 Not Found\r\n");
	} else
		new_invite(carrier, message, msg);
}

static void on_request(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                       struct zvc_msg *msg)
{
	bool answerable = msg->vias.n > 0 && msg->via.host.n > 0 && msg->from.n > 0 &&
	                  msg->to.n > 0 && msg->n_call_id > 0 && msg->n_cseq > 0;
	bool short_body = msg->n_content_length == 1 && msg->content_length > msg->body.n;

	if (msg->fault != NULL || !answerable || short_body) {
		zvc_fault(carrier, NULL, msg,
		          msg->fault != NULL ? msg->fault
		          : short_body       ? "the body is shorter than Content-Length"
		                             : "Via, From, To, Call-ID or CSeq is missing");
		if (answerable && msg->method != ZVC_M_ACK)
			reply(carrier, message, msg, NULL, "400 Bad Request\r\n");
		return;
	}
	if (msg->method != ZVC_M_INVITE)
		zvc_check_request(carrier, message, msg);
	switch (msg->method) {
	case ZVC_M_INVITE: on_invite(carrier, message, msg); break;
	case ZVC_M_ACK: on_ack(carrier, message, msg); break;
	case ZVC_M_CANCEL: on_cancel(carrier, message, msg); break;
	case ZVC_M_OPTIONS:
		if (msg->to.tag.n > 0) {
			in_dialog(carrier, message, msg);
			break;
		}
		carrier->stats.options++;
		reply(carrier, message, msg, NULL,
		      "200 OK\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\nAccept: "
		      "application/sdp\r\n");
		break;
	case ZVC_M_BYE:
	case ZVC_M_PRACK:
	case ZVC_M_UPDATE:
	case ZVC_M_INFO: in_dialog(carrier, message, msg); break;
	case ZVC_M_NONE:
	case ZVC_M_OTHER:
		reply(carrier, message, msg, NULL,
		      "405 Method Not Allowed\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, "
		      "INFO\r\n");
		break;
	}
}

static void on_response(struct zvc_carrier *carrier, const struct zvc_net_message *message,
                        const struct zvc_msg *msg)
{
	struct zvc_call *call = zvc_call_by_response(carrier, msg);

	if (call == NULL) {
		stray(carrier, message, msg);
		return;
	}
	if (call->state != ZVC_S_HANGING || msg->status < 200)
		return;
	zvc_line_call(call, "bye_done", message->wall_ns);
	zvc_line_number(&carrier->journal, "status", msg->status);
	zvc_line_end(&carrier->journal);
	zvc_call_over(call);
}

void zvc_on_message(void *arg, const struct zvc_net_message *message)
{
	struct zvc_carrier *carrier = arg;
	struct zvc_msg msg;
	size_t blank = 0;

	if (!message->peer.tcp && zvc_dropped(carrier))
		return;
	while (blank < message->len &&
	       (message->bytes[blank] == '\r' || message->bytes[blank] == '\n'))
		blank++;
	if (blank == message->len)
		return; /* a keep-alive, RFC 5626 4.4.1 */
	if (message->truncated || message->bad_frame) {
		zvc_fault(carrier, NULL, NULL,
		          message->truncated ? "a datagram over 16 KiB"
		                             : "a stream without frames");
		return;
	}
	if (!zvc_msg_parse(message->bytes, message->len, &msg)) {
		zvc_fault(carrier, NULL, &msg, msg.fault);
		return;
	}
	if (msg.n_content_length == 1 && msg.content_length < msg.body.n && !message->peer.tcp) {
		zvc_fault(carrier, NULL, &msg, "bytes after the body");
		msg.body.n = msg.content_length;
	}
	if (msg.request)
		on_request(carrier, message, &msg);
	else
		on_response(carrier, message, &msg);
}
