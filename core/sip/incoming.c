/* INVITEs that come in from trunks: taken by their address, told to the engine, answered as it
 * says.  The server transaction is ours: replies are repeated from here until their ACK comes, so
 * that nothing of the stack's can be left behind or abort.  The table is bounded; who finds it
 * full is told to come again. */
#include "sip/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_util.h>

#include "base/log.h"

#define T1_MS 500
#define T2_MS 4000
#define ACK_MS (64 * T1_MS)
#define LINGER_MS 5000    /* what is repeated late is still known as such */
#define OFFERED_MS 20000  /* the engine says nothing: nothing lasts for ever */
#define RINGING_MS 180000
#define RETRY_AFTER "5"
#define ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"

/* ---- the table ---- */

static uint32_t handle_of(const struct shard *s, const struct incoming *in)
{
	return (uint32_t)in->gen << 16 | (uint32_t)(in - s->in.v);
}

static struct incoming *by_handle(struct shard *s, uint32_t handle)
{
	struct incoming *in = &s->in.v[handle & 0xffff];

	if ((handle & 0xffff) >= s->in.size || in->state == IN_FREE || in->gen != handle >> 16)
		return NULL;
	return in;
}

static uint64_t call_hash(const struct shard *s, const sip_t *sip)
{
	const struct zv_key *key = &s->sip->params.secret;
	const char *tag = sip->sip_from->a_tag;
	uint64_t part[3] = {
		zv_siphash(key, sip->sip_call_id->i_id, strlen(sip->sip_call_id->i_id)),
		tag != NULL ? zv_siphash(key, tag, strlen(tag)) : 0, sip->sip_cseq->cs_seq};

	return zv_siphash(key, part, sizeof(part));
}

static struct incoming *by_call(struct shard *s, const sip_t *sip)
{
	uint64_t h = call_hash(s, sip);

	for (uint32_t i = 0; i < s->in.size && s->in.used > 0; i++)
		if (s->in.v[i].state != IN_FREE && s->in.v[i].call_hash == h)
			return &s->in.v[i];
	return NULL;
}

static bool same_branch(const sip_t *a, const sip_t *b)
{
	return a->sip_via != NULL && b->sip_via != NULL && a->sip_via->v_branch != NULL &&
	       b->sip_via->v_branch != NULL &&
	       strcasecmp(a->sip_via->v_branch, b->sip_via->v_branch) == 0;
}

static void set_state(struct shard *s, struct incoming *in, enum in_state state)
{
	s->in.offered -= in->state == IN_OFFERED;
	s->in.offered += state == IN_OFFERED;
	s->in.used -= in->state != IN_FREE && state == IN_FREE;
	s->in.used += in->state == IN_FREE && state != IN_FREE;
	in->state = (uint8_t)state;
}

static void forget(struct shard *s, struct incoming *in)
{
	if (in->leg != NONE_LEG)
		s->legs[in->leg].in = NONE_LEG;
	msg_destroy(in->msg);
	free(in->sdp);
	in->msg = NULL;
	in->sdp = NULL;
	in->sip = NULL;
	in->leg = NONE_LEG;
	set_state(s, in, IN_FREE);
}

/* ---- replies ---- */

static const char *phrase_of(uint16_t code)
{
	const char *phrase = sip_status_phrase(code);

	return phrase != NULL ? phrase : "Refused";
}

/* The reply that the transaction is at, for the first time or again. */
static void send_reply(struct shard *s, struct incoming *in)
{
	struct agent *agent = &s->agents[0];
	const char *by = sip_via_transport(in->sip->sip_via);
	bool dialog = in->code > 100 && in->code < 300;
	const sip_session_expires_t *asked = in->code == 200 ? in->sip->sip_session_expires : NULL;
	sip_session_expires_t x[1];
	sip_to_t to[1] = {*in->sip->sip_to};
	msg_param_t params[2] = {NULL, NULL};
	char tag[sizeof(in->tag) + 4];

	if (in->code > 100) {
		(void)snprintf(tag, sizeof(tag), "tag=%s", in->tag);
		params[0] = tag;
		to->a_params = params;
		to->a_tag = in->tag;
	}
	/* RFC 4028 9: he who asks for a session timer keeps it going, unless he asks us to. */
	if (asked != NULL) {
		static msg_param_t const uac[] = {"refresher=uac", NULL};

		*sip_session_expires_init(x) = *asked;
		if (x->x_refresher == NULL) {
			x->x_params = uac;
			x->x_refresher = "uac";
		}
	}
	(void)nta_msg_treply(
		agent->nta, msg_ref(in->msg), in->code, phrase_of(in->code), SIPTAG_TO(to),
		TAG_IF(dialog, SIPTAG_CONTACT_STR(by != NULL && strcasecmp(by, "TCP") == 0
							  ? agent->contact_tcp
							  : agent->contact)),
		TAG_IF(in->code == 200, SIPTAG_ALLOW_STR(ALLOW)),
		TAG_IF(in->code == 200, SIPTAG_SUPPORTED_STR("timer")),
		TAG_IF(asked != NULL, SIPTAG_SESSION_EXPIRES(x)),
		TAG_IF(asked != NULL, SIPTAG_REQUIRE_STR("timer")),
		TAG_IF(in->code == 503, SIPTAG_RETRY_AFTER_STR(RETRY_AFTER)),
		TAG_IF(in->code == 488,
		       SIPTAG_WARNING_STR("305 zvonar \"PCMA or PCMU over RTP/AVP, please\"")),
		TAG_IF(in->code == 200 && in->sdp != NULL,
		       SIPTAG_CONTENT_TYPE_STR("application/sdp")),
		TAG_IF(in->code == 200 && in->sdp != NULL, SIPTAG_PAYLOAD_STR(in->sdp)), TAG_END());
}

/* A final reply: repeated until its ACK comes. */
static void finish(struct shard *s, struct incoming *in, uint16_t code)
{
	int64_t now = now_ms();

	in->code = code;
	set_state(s, in, code < 300 ? IN_ANSWERED : IN_REFUSED);
	in->interval_ms = T1_MS;
	in->next_ms = now + T1_MS;
	in->until_ms = now + ACK_MS;
	send_reply(s, in);
}

/* Without a transaction: whoever asks again gets it again. */
static void refuse_stateless(struct agent *agent, msg_t *msg, const sip_t *sip, uint16_t code)
{
	stray_no_maddr(sip);
	(void)nta_msg_treply(
		agent->nta, msg, code, phrase_of(code),
		TAG_IF(code == 503, SIPTAG_RETRY_AFTER_STR(RETRY_AFTER)),
		TAG_IF(code == 420, SIPTAG_UNSUPPORTED_STR(stray_unsupported(sip))),
		TAG_IF(code == 488,
		       SIPTAG_WARNING_STR("305 zvonar \"PCMA or PCMU over RTP/AVP, please\"")),
		TAG_END());
}

/* ---- what comes ---- */

/* E.164 digits of a user part, 0 if it is no number: +7 (916) 000-00-00;phone-context=... */
static uint64_t digits_of(const char *user)
{
	uint64_t n = 0;
	int digits = 0;

	for (; user != NULL && *user != 0 && *user != ';'; user++) {
		if (*user >= '0' && *user <= '9') {
			n = n * 10 + (uint64_t)(*user - '0');
			if (++digits > 15)
				return 0;
		} else if (strchr("+-.()", *user) == NULL) {
			return 0;
		}
	}
	return n;
}

static uint64_t number_of(const url_t *url)
{
	if (url->url_type == url_tel && url->url_user == NULL)
		return digits_of(url->url_host);
	return digits_of(url->url_user);
}

/* P-Asserted-Identity (RFC 3325): the trunk's word; the first URI that is a number. */
static uint64_t asserted(const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	uint64_t n = 0;

	for (const msg_unknown_t *u = sip->sip_unknown; u != NULL && n == 0; u = u->un_next) {
		sip_from_t *f;

		if (u->un_name == NULL || u->un_value == NULL ||
		    strcasecmp(u->un_name, "P-Asserted-Identity") != 0)
			continue;
		f = sip_from_make(home, u->un_value);
		if (f != NULL)
			n = number_of(f->a_url);
	}
	su_home_deinit(home);
	return n;
}

/* 0: hidden, by whatever means (RFC 3323, RFC 3325). */
static uint64_t caller_of(const sip_t *sip)
{
	uint64_t n;

	if (sip->sip_privacy != NULL && sip->sip_privacy->priv_values != NULL)
		for (size_t i = 0; sip->sip_privacy->priv_values[i] != NULL; i++)
			if (strcasecmp(sip->sip_privacy->priv_values[i], "none") != 0)
				return 0;
	n = asserted(sip);
	return n != 0 ? n : number_of(sip->sip_from->a_url);
}

static int trunk_at(const struct shard *s, const struct zv_ip *ip)
{
	for (uint32_t i = 0; i < s->sip->params.n_trunks; i++)
		if (s->sip->trunks[i].inbound &&
		    memcmp(&s->sip->trunks[i].ip, ip, sizeof(*ip)) == 0)
			return (int)i;
	return -1;
}

static const sip_payload_t *sdp_of(const sip_t *sip)
{
	const sip_payload_t *body = sip->sip_payload;

	return body != NULL && body->pl_data != NULL && body->pl_len > 0 ? body : NULL;
}

/* 0: it may be taken. */
static uint16_t objection(const struct shard *s, const sip_t *sip)
{
	const sip_payload_t *body = sdp_of(sip);
	const sip_content_type_t *type = sip->sip_content_type;
	struct zv_sdp_media m;

	if (stray_unsupported(sip) != NULL)
		return 420;
	if (sip->sip_from->a_tag == NULL || sip->sip_contact == NULL ||
	    sip->sip_contact->m_url->url_type != url_sip)
		return 400;
	if (body != NULL && (type == NULL || type->c_type == NULL ||
			     strcasecmp(type->c_type, "application/sdp") != 0))
		return 415;
	if (body != NULL && zv_sdp_parse(body->pl_data, body->pl_len, &m) != ZV_OK)
		return 488;
	if (s->stopping_ms != 0 || s->in.used == s->in.size || s->in.offered >= s->in.offered_max)
		return 503;
	return 0;
}

static bool requires_100rel(const sip_t *sip)
{
	const sip_require_t *r = sip->sip_require;

	for (size_t i = 0; r != NULL && r->k_items != NULL && r->k_items[i] != NULL; i++)
		if (strcasecmp(r->k_items[i], "100rel") == 0)
			return true;
	return false;
}

static void take(struct shard *s, msg_t *msg, const sip_t *sip, uint16_t trunk)
{
	struct zv_event ev = {.type = ZV_EV_SIP_INCOMING, .trunk = trunk};
	struct zv_sip_names names;
	struct incoming *in = s->in.v;
	int64_t now = now_ms();

	while (in->state != IN_FREE)
		in++;
	in->gen++;
	in->trunk = trunk;
	in->code = 100;
	in->leg = NONE_LEG;
	in->call_hash = call_hash(s, sip);
	in->msg = msg;
	in->sip = sip;
	in->quiet = requires_100rel(sip);
	in->until_ms = now + OFFERED_MS;
	in->next_ms = 0;
	in->key = (struct zv_attempt_id){UINT64_C(0xffff) << 48 | (uint64_t)s->sip->born_ms,
					 ++s->leg_number};
	zv_sip_names(&s->sip->params.secret, in->key, 0, &names);
	memcpy(in->tag, names.call_id, sizeof(in->tag));
	set_state(s, in, IN_OFFERED);
	stray_no_maddr(sip);
	send_reply(s, in);
	atomic_fetch_add_explicit(&s->stats.invites_in, 1, memory_order_relaxed);
	ev.code = handle_of(s, in);
	ev.leg.slot = ZV_SLOT_NONE;
	ev.u.incoming.caller = caller_of(sip);
	ev.u.incoming.called = number_of(sip->sip_request->rq_url);
	shard_tell(s, &ev);
}

static bool on_invite(struct agent *agent, msg_t *msg, const sip_t *sip)
{
	struct shard *s = agent->shard;
	struct incoming *in = by_call(s, sip);
	struct zv_ip ip;
	uint16_t port, code;
	int trunk;

	if (in != NULL && same_branch(in->sip, sip)) {
		if (in->state != IN_OVER)
			send_reply(s, in);
		msg_destroy(msg);
		return true;
	}
	trunk = source_of(msg, &ip, &port) ? trunk_at(s, &ip) : -1;
	if (trunk < 0)
		return false;
	/* The same call by two ways (RFC 3261 8.2.2.2). */
	code = in != NULL ? 482 : objection(s, sip);
	if (code == 503)
		atomic_fetch_add_explicit(&s->stats.invites_busy, 1, memory_order_relaxed);
	if (code != 0)
		refuse_stateless(agent, msg, sip, code);
	else
		take(s, msg, sip, (uint16_t)trunk);
	return true;
}

/* The engine has no leg for it yet: it is told by the handle. */
static void tell_gone(struct shard *s, const struct incoming *in, uint16_t code, bool local)
{
	struct zv_event ev = {.type = ZV_EV_SIP_FAILED, .trunk = in->trunk, .code = code};

	ev.leg.slot = ZV_SLOT_NONE;
	ev.attempt.lo = handle_of(s, in);
	ev.u.sip.local = local;
	shard_tell(s, &ev);
}

static bool on_cancel(struct agent *agent, msg_t *msg, const sip_t *sip)
{
	struct shard *s = agent->shard;
	struct incoming *in = by_call(s, sip);
	sip_to_t to[1] = {*sip->sip_to};
	msg_param_t params[2] = {NULL, NULL};
	char tag[sizeof(in->tag) + 4];

	if (in == NULL || !same_branch(in->sip, sip))
		return false;
	(void)snprintf(tag, sizeof(tag), "tag=%s", in->tag);
	params[0] = tag;
	to->a_params = params;
	to->a_tag = in->tag;
	stray_no_maddr(sip);
	(void)nta_msg_treply(agent->nta, msg_ref(msg), SIP_200_OK, SIPTAG_TO(to), TAG_END());
	if (in->state == IN_OFFERED) {
		tell_gone(s, in, 487, false);
		finish(s, in, 487);
	} else if (in->state == IN_RINGING) {
		finish(s, in, 487);
		call_signal(&s->legs[in->leg], &(struct signal){.type = SIG_IN_CANCEL, .sip = sip});
	}
	msg_destroy(msg);
	return true;
}

static bool on_ack(struct shard *s, msg_t *msg, const sip_t *sip)
{
	struct incoming *in = by_call(s, sip);
	uint32_t leg;

	if (in == NULL || sip->sip_to->a_tag == NULL || strcmp(sip->sip_to->a_tag, in->tag) != 0)
		return false;
	if (in->state == IN_ANSWERED || in->state == IN_REFUSED) {
		leg = in->leg;
		set_state(s, in, IN_OVER);
		in->until_ms = now_ms() + LINGER_MS;
		if (leg != NONE_LEG)
			call_signal(&s->legs[leg], &(struct signal){.type = SIG_IN_ACK, .sip = sip});
	}
	msg_destroy(msg);
	return true;
}

bool incoming_request(struct agent *agent, msg_t *msg, const sip_t *sip)
{
	if (sip->sip_call_id == NULL || sip->sip_cseq == NULL || sip->sip_via == NULL)
		return false;
	switch ((int)sip->sip_request->rq_method) {
	case sip_method_invite:
		return sip->sip_to->a_tag == NULL && on_invite(agent, msg, sip);
	case sip_method_cancel:
		return on_cancel(agent, msg, sip);
	case sip_method_ack:
		return on_ack(agent->shard, msg, sip);
	default:
		return false;
	}
}

/* ---- what the engine says ---- */

/* Record-Route as it came is the route set of him who is called (RFC 3261 12.1.1). */
static char *route_set(su_home_t *home, const sip_t *sip)
{
	char *text = NULL;

	for (const sip_record_route_t *r = sip->sip_record_route; r != NULL; r = r->r_next) {
		sip_record_route_t one[1] = {*r};
		char *part;

		one->r_next = NULL;
		part = sip_header_as_string(home, (sip_header_t *)one);
		text = part == NULL ? NULL
		       : text == NULL ? part
				      : su_sprintf(home, "%s, %s", text, part);
		if (text == NULL)
			break;
	}
	return text;
}

/* The dialog of him who is called, from their INVITE. */
static bool fill_leg(struct leg *leg, struct incoming *in, const struct zv_ip *ip, uint16_t port)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	const sip_t *sip = in->sip;
	const char *by = sip_via_transport(sip->sip_via);
	url_t contact[1] = {*sip->sip_contact->m_url};
	char hop[96], addr[46], *route = NULL;
	bool ok;

	leg->tcp = by != NULL && strcasecmp(by, "TCP") == 0;
	zv_ip_text(ip, addr);
	(void)snprintf(hop, sizeof(hop), ip->family == 6 ? "sip:[%s]:%u;transport=%s"
							 : "sip:%s:%u;transport=%s",
		       addr, (unsigned)port, leg->tcp ? "tcp" : "udp");
	contact->url_headers = NULL;
	if (sip->sip_record_route != NULL)
		route = route_set(home, sip);
	ok = keep_text(&leg->hop, hop) && keep_text(&leg->call_id, sip->sip_call_id->i_id) &&
	     keep_text(&leg->remote_tag, sip->sip_from->a_tag) &&
	     keep_text(&leg->contact, url_as_string(home, contact)) &&
	     keep_text(&leg->route, route) &&
	     keep_text(&leg->local, su_sprintf(home, "<%s>", url_as_string(home, sip->sip_to->a_url))) &&
	     keep_text(&leg->remote,
		       su_sprintf(home, "<%s>", url_as_string(home, sip->sip_from->a_url))) &&
	     strlen(leg->local) < CONTACT_MAX && strlen(leg->remote) < CONTACT_MAX &&
	     (sip->sip_record_route == NULL || leg->route != NULL);
	if (sip->sip_allow != NULL)
		leg->update_allowed = sip_is_allowed(sip->sip_allow, sip_method_update, "UPDATE");
	su_home_deinit(home);
	return ok;
}

/* The leg of an INVITE, at its first ACCEPT; NULL: it cannot be had, and has been told so. */
static struct leg *take_leg(struct shard *s, struct incoming *in, const struct zv_cmd *cmd)
{
	struct leg *leg = leg_begin(s, cmd);
	struct zv_ip ip = {0};
	uint16_t port = 0;

	leg->trunk = in->trunk;
	leg->key = in->key;
	zv_sip_names(&s->sip->params.secret, leg->key, 0, &leg->names);
	leg_hash_in(leg);
	leg->state = LEG_IN_RINGING;
	leg->in = (uint32_t)(in - s->in.v);
	in->leg = (uint32_t)(leg - s->legs);
	if (source_of(in->msg, &ip, &port) && fill_leg(leg, in, &ip, port))
		return leg;
	incoming_refuse(leg, 500);
	leg_tell_failed(leg, &(struct failure){.code = 500, .local = true, .cancelled = true});
	call_close(leg);
	return NULL;
}

static void answer_leg(struct shard *s, struct incoming *in, struct leg *leg)
{
	const sip_payload_t *body = sdp_of(in->sip);
	const sip_session_expires_t *x = in->sip->sip_session_expires;
	struct zv_sdp_media m = {0};
	char sdp[ZV_SDP_MAX];

	if (body != NULL) {
		if (zv_sdp_parse(body->pl_data, body->pl_len, &m) != ZV_OK)
			return; /* looked at when it came */
		leg->media = leg->answered = m;
		leg->media_set = !m.held;
	}
	(void)leg_sdp(leg, body != NULL ? &m : NULL, sdp);
	free(in->sdp);
	in->sdp = strdup(sdp);
	leg_stop_timers(leg);
	leg->state = LEG_IN_ANSWERED;
	if (x != NULL) {
		uint32_t secs = x->x_delta > 86400 ? 86400 : x->x_delta < 90 ? 90 : (uint32_t)x->x_delta;

		leg->session_s = secs;
		leg->refresher = x->x_refresher != NULL && strcasecmp(x->x_refresher, "uas") == 0;
		leg_set_timer(leg, TIMER_SESSION, (int64_t)secs * 1000);
		if (leg->refresher)
			leg_set_timer(leg, TIMER_REFRESH, (int64_t)secs * 500);
	}
	finish(s, in, 200);
	/* At the 200, not at the ACK: what they say first is not to be lost, and their RTP may be
	 * here before the ACK is.  Without an offer in the INVITE there are no media yet. */
	if (leg->media_set)
		leg_tell_media(leg, ZV_EV_SIP_ANSWERED, 200);
}

static void accept_call(struct shard *s, const struct zv_cmd *cmd)
{
	struct incoming *in = by_handle(s, cmd->u.accept.handle);
	struct leg *leg;

	if (!leg_is(s, cmd->leg)) {
		zv_error("sip", "slot %u cannot take a call that comes in", cmd->leg.slot);
		return;
	}
	if (in == NULL || (in->state != IN_OFFERED && in->state != IN_RINGING) ||
	    (in->leg != NONE_LEG && (s->legs[in->leg].id.slot != cmd->leg.slot ||
				     s->legs[in->leg].id.gen != cmd->leg.gen))) {
		/* It is gone; its slot is told so, if it does not know yet. */
		leg = leg_at(s, cmd->leg.slot);
		if (leg->state != LEG_FREE || (leg->id.gen == cmd->leg.gen && leg->id.gen != 0 &&
					       leg->id.slot == cmd->leg.slot))
			return;
		leg = leg_begin(s, cmd);
		leg_hash_in(leg);
		leg->state = LEG_IN_RINGING;
		leg_tell_failed(leg, &(struct failure){.code = 487});
		call_close(leg);
		return;
	}
	leg = in->leg != NONE_LEG ? &s->legs[in->leg] : take_leg(s, in, cmd);
	if (leg == NULL)
		return;
	if (!cmd->u.accept.ring) {
		answer_leg(s, in, leg);
		return;
	}
	set_state(s, in, IN_RINGING);
	in->until_ms = now_ms() + RINGING_MS;
	leg_set_timer(leg, TIMER_RING, RINGING_MS);
	if (in->quiet)
		return;
	in->code = 180;
	send_reply(s, in);
}

void incoming_command(struct shard *s, const struct zv_cmd *cmd)
{
	struct incoming *in;
	uint16_t code = cmd->u.accept.code;

	if (cmd->type == ZV_CMD_ACCEPT) {
		accept_call(s, cmd);
		return;
	}
	in = by_handle(s, cmd->u.accept.handle);
	if (in == NULL || (in->state != IN_OFFERED && in->state != IN_RINGING))
		return;
	if (code < 300 || code > 699)
		code = 480;
	if (in->leg != NONE_LEG) {
		struct leg *leg = &s->legs[in->leg];

		incoming_refuse(leg, code);
		leg_tell_failed(leg, &(struct failure){.code = code, .local = true, .cancelled = true});
		call_close(leg);
		return;
	}
	finish(s, in, code);
}

void incoming_refuse(struct leg *leg, uint16_t code)
{
	if (leg->in != NONE_LEG)
		finish(leg->shard, &leg->shard->in.v[leg->in], code);
}

void incoming_leg_gone(struct leg *leg)
{
	struct incoming *in = &leg->shard->in.v[leg->in];

	leg->in = NONE_LEG;
	in->leg = NONE_LEG;
	/* A leg that is dropped while it rings: its slot was wanted, or the end of a stop. */
	if (in->state == IN_OFFERED || in->state == IN_RINGING)
		finish(leg->shard, in, 480);
	/* Their BYE came before their ACK: the 200 is not repeated any more. */
	if (in->state == IN_ANSWERED) {
		set_state(leg->shard, in, IN_OVER);
		in->until_ms = now_ms() + LINGER_MS;
	}
}

/* ---- time ---- */

/* No ACK came for a whole 64 * T1. */
static void give_up(struct shard *s, struct incoming *in)
{
	uint32_t leg = in->leg;
	bool answered = in->state == IN_ANSWERED;

	if (in->state == IN_OFFERED) {
		tell_gone(s, in, 480, true);
		finish(s, in, 480);
		return;
	}
	if (in->state == IN_RINGING)
		return; /* its leg has a timer */
	forget(s, in);
	if (answered && leg != NONE_LEG)
		call_signal(&s->legs[leg], &(struct signal){.type = SIG_IN_NO_ACK});
}

void incoming_tick(struct shard *s, int64_t now)
{
	for (uint32_t i = 0; i < s->in.size && s->in.used > 0; i++) {
		struct incoming *in = &s->in.v[i];

		if (in->state == IN_FREE)
			continue;
		if (now >= in->until_ms) {
			give_up(s, in);
		} else if ((in->state == IN_ANSWERED || in->state == IN_REFUSED) &&
			   now >= in->next_ms) {
			in->interval_ms = in->interval_ms * 2 > T2_MS ? T2_MS : in->interval_ms * 2;
			in->next_ms = now + in->interval_ms;
			send_reply(s, in);
		}
	}
}

void incoming_stop(struct shard *s)
{
	for (uint32_t i = 0; i < s->in.size; i++)
		if (s->in.v[i].state == IN_OFFERED) {
			tell_gone(s, &s->in.v[i], 503, true);
			finish(s, &s->in.v[i], 503);
		}
}

enum zv_err incoming_create(struct shard *s)
{
	/* Twice the legs and some: those that are over are known a while longer. */
	s->in.offered_max = s->sip->params.phones.max_side + 16;
	s->in.size = 3 * s->sip->params.phones.max_side + 64;
	s->in.v = calloc(s->in.size, sizeof(*s->in.v));
	if (s->in.v == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < s->in.size; i++)
		s->in.v[i].leg = NONE_LEG;
	return ZV_OK;
}

void incoming_destroy(struct shard *s)
{
	for (uint32_t i = 0; s->in.v != NULL && i < s->in.size; i++)
		if (s->in.v[i].state != IN_FREE)
			forget(s, &s->in.v[i]);
	free(s->in.v);
	s->in.v = NULL;
}
