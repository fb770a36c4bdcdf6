/* One call: what each signal does in each state. */
#include "sip/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/su_string.h>

#include "base/log.h"
#include "sip/tls.h"

struct trunk *leg_trunk(const struct leg *leg)
{
	return leg->phone ? &leg->shard->phone_trunk : &leg->shard->trunks[leg->trunk];
}

/* The trunk said something, or will not any more. */
static void stop_waiting(struct leg *leg)
{
	struct trunk *t = leg_trunk(leg);

	if (leg->unanswered) {
		leg->unanswered = false;
		t->unanswered--;
	}
	leg_set_timer(leg, TIMER_SILENT, -1);
}

/* The first answer of any kind is told as TRYING. */
static void heard(struct leg *leg, const struct signal *sig)
{
	stop_waiting(leg);
	if (leg->tried || leg->adopted || sig->internal)
		return;
	leg->tried = true;
	call_tell(leg, &(struct zv_event){.type = ZV_EV_SIP_TRYING, .code = sig->code});
}

static void drop(nta_outgoing_t **orq)
{
	if (*orq != NULL)
		nta_outgoing_destroy(*orq);
	*orq = NULL;
}

static void drop_text(char **text)
{
	free(*text);
	*text = NULL;
}

void call_close(struct leg *leg)
{
	stop_waiting(leg);
	leg_stop_timers(leg);
	leg_hash_out(leg);
	drop(&leg->invite);
	drop(&leg->bye);
	drop(&leg->refresh);
	drop(&leg->ping);
	if (leg->in != NONE_LEG)
		incoming_leg_gone(leg);
	for (int i = 0; i <= RESENDS_MAX; i++)
		drop(&leg->cancels[i]);
	drop_text(&leg->request_uri);
	drop_text(&leg->remote_tag);
	drop_text(&leg->contact);
	drop_text(&leg->route);
	drop_text(&leg->credentials);
	drop_text(&leg->hop);
	drop_text(&leg->local);
	drop_text(&leg->remote);
	drop_text(&leg->call_id);
	secrecy_end(leg);
	leg->state = LEG_FREE;
	leg->shard->legs_used--;
	call_tell(leg, &(struct zv_event){.type = ZV_EV_SIP_CLOSED});
}

static void fail(struct leg *leg, const struct failure *f)
{
	leg_tell_failed(leg, f);
	call_close(leg);
}

/* The SDP in a message, if there is one that we can use. */
static void take_sdp(struct leg *leg, const sip_t *sip)
{
	const sip_payload_t *body = sip->sip_payload;
	const sip_content_type_t *type = sip->sip_content_type;
	struct zv_sdp_media media;

	if (body == NULL || body->pl_data == NULL || type == NULL || type->c_type == NULL ||
	    strcasecmp(type->c_type, "application/sdp") != 0)
		return;
	leg->media_set = secrecy_parse(leg, body->pl_data, body->pl_len, false, &media) && !media.held;
	if (!leg->media_set)
		return;
	phone_media(leg, &media);
	leg->media = media;
}

/* BYE, and closed when it is answered; at once if it cannot be sent. */
static void end_with_bye(struct leg *leg)
{
	leg_stop_timers(leg);
	leg->state = LEG_ENDING;
	drop(&leg->refresh);
	if (!send_bye(leg)) {
		call_close(leg);
		return;
	}
	leg_set_timer(leg, TIMER_GUARD, (int64_t)leg_trunk(leg)->conf->t1x64_ms + 2000);
}

/* ---- before the answer ---- */

static void on_trying(struct leg *leg, const struct signal *sig)
{
	heard(leg, sig);
	if (leg->state == LEG_CALLING)
		leg->state = LEG_PROCEEDING;
}

/* A reliable 1xx (RFC 3262) is acknowledged, in order; true: it was seen before. */
static bool acknowledge_reliable(struct leg *leg, const sip_t *sip)
{
	if (sip->sip_rseq == NULL || !sip_has_feature(sip->sip_require, "100rel") ||
	    sip->sip_to->a_tag == NULL)
		return false;
	/* Another fork's numbers are its own. */
	if (leg->remote_tag != NULL && strcmp(leg->remote_tag, sip->sip_to->a_tag) != 0)
		leg->rseq = 0;
	if (leg->rseq != 0 && sip->sip_rseq->rs_response != leg->rseq + 1)
		return true;
	if (!leg_take_dialog(leg, sip) || !send_prack(leg, sip))
		return false;
	leg->rseq = (uint32_t)sip->sip_rseq->rs_response;
	return false;
}

static void on_progress(struct leg *leg, const struct signal *sig)
{
	uint8_t told;

	on_trying(leg, sig);
	if (acknowledge_reliable(leg, sig->sip))
		return;
	trunk_result(leg_trunk(leg), false);
	take_sdp(leg, sig->sip);
	/* A phone may repeat its 180 for minutes: once, and once more when it brings media. */
	told = leg->media_set ? 2 : 1;
	if (told > leg->progress_told) {
		leg->progress_told = told;
		leg_tell_media(leg, ZV_EV_SIP_PROGRESS, sig->code);
	}
}

static void cancel_now(struct leg *leg)
{
	leg->state = LEG_CANCELLING;
	leg_set_timer(leg, TIMER_RING, -1);
	leg_set_timer(leg, TIMER_GUARD, CANCEL_GUARD_MS);
	/* NULL also says that the stack has a final answer already: it is on its way to us. */
	(void)nta_outgoing_tcancel(leg->invite, NULL, NULL, TAG_END());
}

static void on_cancel_calling(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	leg->state = LEG_CANCEL_WAIT;
	leg_set_timer(leg, TIMER_RING, -1);
}

static void on_cancel(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	cancel_now(leg);
}

static void on_trying_cancel(struct leg *leg, const struct signal *sig)
{
	on_trying(leg, sig);
	cancel_now(leg);
}

static void on_silent(struct leg *leg, const struct signal *sig)
{
	bool cancelled = leg->state == LEG_CANCEL_WAIT;

	(void)sig;
	atomic_fetch_add_explicit(&leg->shard->stats.timeouts, 1, memory_order_relaxed);
	trunk_result(leg_trunk(leg), true);
	fail(leg, &(struct failure){.code = 408, .local = true, .cancelled = cancelled});
}

static void on_cancel_guard(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	fail(leg, &(struct failure){.code = 408, .local = true, .cancelled = true});
}

/* ---- refused ---- */

/* One more INVITE of the same leg.  The slot, the timers and the names stay. */
static bool resend(struct leg *leg)
{
	if (leg->resends >= RESENDS_MAX)
		return false;
	leg->resends++;
	drop(&leg->invite);
	if (!send_invite(leg))
		return false;
	leg->state = LEG_CALLING;
	leg_set_timer(leg, TIMER_SILENT, leg_trunk(leg)->conf->t1x64_ms);
	return true;
}

/* Answers a challenge of the trunk, if it is for the trunk's realm and new. */
static bool challenged(struct leg *leg, const struct signal *sig)
{
	struct trunk *t = leg_trunk(leg);
	const msg_auth_t *auth = sig->code == 407 ? sig->sip->sip_proxy_authenticate
						  : sig->sip->sip_www_authenticate;
	struct zv_digest taken;

	if (t->conf->user[0] == 0)
		return false;
	for (; auth != NULL; auth = auth->au_next) {
		if (auth->au_scheme == NULL || strcasecmp(auth->au_scheme, "Digest") != 0 ||
		    !zv_digest_take(&taken, (const char *const *)auth->au_params, t->conf->realm,
				    sig->code == 407))
			continue;
		/* The nonce that we just used, and not stale: the password is wrong. */
		if (leg->credentials != NULL && !taken.stale && leg->challenges > 0)
			break;
		if (leg->challenges >= CHALLENGES_MAX)
			break;
		leg->challenges++;
		t->digest = taken;
		return resend(leg);
	}
	atomic_fetch_add_explicit(&leg->shard->stats.auth_refused, 1, memory_order_relaxed);
	return false;
}

/* A redirect is followed only to where the trunk is anyway: its address or its domain. */
static bool redirected(struct leg *leg, const sip_t *sip)
{
	struct trunk *t = leg_trunk(leg);
	char ip[48];

	if (t->conf->redirect != ZV_REDIRECT_FOLLOW || leg->redirects >= REDIRECTS_MAX)
		return false;
	if (t->conf->ip.family == 6) {
		ip[0] = '[';
		zv_ip_text(&t->conf->ip, ip + 1);
		(void)strncat(ip, "]", sizeof(ip) - strlen(ip) - 1);
	} else {
		zv_ip_text(&t->conf->ip, ip);
	}
	for (const sip_contact_t *m = sip->sip_contact; m != NULL; m = m->m_next) {
		const url_t *url = m->m_url;
		char uri[256];

		if (url->url_type != url_sip || url->url_host == NULL ||
		    url->url_user == NULL || strlen(url->url_user) > 64 ||
		    (strcasecmp(url->url_host, ip) != 0 &&
		     (t->conf->domain[0] == 0 || strcasecmp(url->url_host, t->conf->domain) != 0)))
			continue;
		(void)snprintf(uri, sizeof(uri), "sip:%s@%s", url->url_user, t->domain);
		free(leg->request_uri);
		leg->request_uri = strdup(uri);
		leg->redirects++;
		return resend(leg);
	}
	return false;
}

/* 422: the trunk wants a longer session (RFC 4028 6). */
static bool interval_too_small(struct leg *leg, const sip_t *sip)
{
	if (leg->session_s == 0 || sip->sip_min_se == NULL ||
	    sip->sip_min_se->min_delta <= leg->session_s || sip->sip_min_se->min_delta > 86400)
		return false;
	leg->min_se_s = leg->session_s = (uint32_t)sip->sip_min_se->min_delta;
	return resend(leg);
}

static uint16_t retry_after_of(const sip_t *sip)
{
	if (sip->sip_retry_after == NULL)
		return 0;
	return sip->sip_retry_after->af_delta > UINT16_MAX
		       ? UINT16_MAX
		       : (uint16_t)sip->sip_retry_after->af_delta;
}

static void on_refused(struct leg *leg, const struct signal *sig)
{
	struct failure f = {.code = sig->code, .local = sig->internal};
	struct trunk *t = leg_trunk(leg);

	heard(leg, sig);
	if (sig->internal)
		f.code = sig->code == 408 ? 408 : 503;
	if (!sig->internal && (sig->code == 401 || sig->code == 407) && challenged(leg, sig))
		return;
	if (!sig->internal && sig->code == 422 && interval_too_small(leg, sig->sip))
		return;
	if (!sig->internal && sig->code < 400 && redirected(leg, sig->sip))
		return;
	if (!sig->internal && sig->code == 488 && secrecy_give_up(leg) && resend(leg))
		return;
	trunk_result(t, sig->code == 408 || sig->code == 503);
	if (!sig->internal) {
		f.q850 = message_q850(sig->sip);
		f.retry_after_s = retry_after_of(sig->sip);
		if (sig->code == 503 && sig->sip->sip_retry_after != NULL)
			trunk_slow(t, f.retry_after_s);
	}
	fail(leg, &f);
}

/* The end of a CANCEL: 487 as a rule, whatever else as it comes. */
static void on_refused_cancel(struct leg *leg, const struct signal *sig)
{
	struct failure f = {.code = sig->code, .cancelled = true, .local = sig->internal};

	heard(leg, sig);
	if (!sig->internal)
		f.q850 = message_q850(sig->sip);
	trunk_result(leg_trunk(leg), sig->internal && sig->code == 408);
	fail(leg, &f);
}

/* ---- answered ---- */

static void acknowledge(struct leg *leg)
{
	if (leg->acked)
		return;
	leg_set_timer(leg, TIMER_ACK, -1);
	(void)send_ack(leg);
	drop(&leg->invite); /* after the ACK; the stack keeps what it needs */
}

static void on_ack(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	acknowledge(leg);
	leg->state = LEG_TALKING;
}

static void on_ok(struct leg *leg, const struct signal *sig)
{
	heard(leg, sig);
	trunk_result(leg_trunk(leg), false);
	leg_stop_timers(leg);
	leg->invite_cseq = sig->sip->sip_cseq->cs_seq;
	if (leg->cseq < leg->invite_cseq)
		leg->cseq = leg->invite_cseq;
	take_sdp(leg, sig->sip);
	/* An adopted leg may have had its SDP in a 183 that nobody remembers: it is told as answered
	 * without media. */
	if (!leg_take_dialog(leg, sig->sip) || (!leg->media_set && !leg->adopted)) {
		(void)send_ack(leg);
		drop(&leg->invite);
		leg_tell_failed(leg, &(struct failure){.code = 488, .local = true});
		end_with_bye(leg);
		return;
	}
	leg->state = LEG_ACK_WAIT;
	session_agree(leg, sig->sip);
	if (leg->talk_max_s != 0)
		leg_set_timer(leg, TIMER_TALK, (int64_t)leg->talk_max_s * 1000);
	if (leg->shard->phones == NULL) {
		leg_push_facts(leg);
		leg_set_timer(leg, TIMER_ACK, leg->shard->sip->params.ack_wait_ms);
		leg_tell_media(leg, ZV_EV_SIP_ANSWERED, sig->code);
		return;
	}
	/* Nothing of it is kept for after a crash: no facts, and the ACK waits for nobody. */
	leg_tell_media(leg, ZV_EV_SIP_ANSWERED, sig->code);
	on_ack(leg, sig);
	if (leg->phone) /* not all of them in one moment */
		leg_set_timer(leg, TIMER_PING, PING_MS / 2 + leg->id.slot * 997 % PING_MS);
}

/* A 200 crossed our CANCEL: nobody is to be talked to. */
static void on_ok_cancel(struct leg *leg, const struct signal *sig)
{
	heard(leg, sig);
	trunk_result(leg_trunk(leg), false);
	leg->invite_cseq = sig->sip->sip_cseq->cs_seq;
	(void)leg_take_dialog(leg, sig->sip);
	(void)send_ack(leg);
	drop(&leg->invite);
	leg_tell_failed(leg, &(struct failure){.code = 487, .local = true, .cancelled = true});
	end_with_bye(leg);
}

/* A repeated 200 of this dialog: the ACK was lost. */
static void on_ok_again(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	if (leg->acked)
		(void)send_ack(leg);
}

static void on_bye(struct leg *leg, const struct signal *sig)
{
	acknowledge(leg);
	leg_tell_ended(leg, ZV_BY_REMOTE, message_q850(sig->sip));
	call_close(leg);
}

static void on_hangup(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	acknowledge(leg);
	leg_tell_ended(leg, ZV_BY_US, 0);
	end_with_bye(leg);
}

static void on_talk_over(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	acknowledge(leg);
	leg_tell_ended(leg, ZV_BY_TIMEOUT, 0);
	end_with_bye(leg);
}

static void on_session_over(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	acknowledge(leg);
	leg_tell_ended(leg, ZV_BY_ERROR, 0);
	end_with_bye(leg);
}

static void on_refresh(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	(void)send_refresh(leg);
}

static void on_ping(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	(void)send_ping(leg);
	leg_set_timer(leg, TIMER_PING, PING_MS);
}

static void on_closed(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	call_close(leg);
}

/* ---- they called us ---- */

/* Answered and told: ENDED; else FAILED. */
static void in_over(struct leg *leg, enum zv_ended_by by, uint16_t q850)
{
	if (leg->answer_told)
		leg_tell_ended(leg, by, q850);
	else
		leg_tell_failed(leg, &(struct failure){.code = 487, .q850 = q850, .local = by != ZV_BY_REMOTE});
}

static void on_in_cancelled(struct leg *leg, const struct signal *sig)
{
	fail(leg, &(struct failure){.code = 487, .q850 = message_q850(sig->sip)});
}

/* BYE before our 200: the same as CANCEL (RFC 3261 15). */
static void on_in_early_bye(struct leg *leg, const struct signal *sig)
{
	incoming_refuse(leg, 487);
	on_in_cancelled(leg, sig);
}

static void on_in_refuse(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	incoming_refuse(leg, 480);
	fail(leg, &(struct failure){.code = 480, .local = true, .cancelled = true});
}

static void on_in_ack(struct leg *leg, const struct signal *sig)
{
	leg->acked = true;
	leg->state = LEG_TALKING;
	if (leg->answer_told)
		return;
	take_sdp(leg, sig->sip); /* the INVITE had no offer: ours is answered here */
	if (leg->media_set) {
		leg_tell_media(leg, ZV_EV_SIP_ANSWERED, 200);
		return;
	}
	leg_tell_failed(leg, &(struct failure){.code = 488, .local = true});
	end_with_bye(leg);
}

static void on_in_no_ack(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	in_over(leg, ZV_BY_TIMEOUT, 0);
	end_with_bye(leg);
}

static void on_in_bye(struct leg *leg, const struct signal *sig)
{
	in_over(leg, ZV_BY_REMOTE, message_q850(sig->sip));
	call_close(leg);
}

static void on_in_hangup(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	in_over(leg, ZV_BY_US, 0);
	leg_stop_timers(leg);
	leg->state = LEG_IN_ENDING;
}

static void on_in_goodbye(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	end_with_bye(leg);
}

/* ---- of before a crash ---- */

static void on_adopt_ringing(struct leg *leg, const struct signal *sig)
{
	adopt_ringing(leg, sig->sip);
}

static void on_adopt_over(struct leg *leg, const struct signal *sig)
{
	(void)sig;
	fail(leg, &(struct failure){.code = 481, .local = true, .cancelled = true});
}

typedef void on_signal(struct leg *leg, const struct signal *sig);

/* NULL: it means nothing there. */
static on_signal *const table[LEG_STATES][SIGNALS] = {
	[LEG_CALLING] = {
		[SIG_TRYING] = on_trying, [SIG_PROGRESS] = on_progress, [SIG_OK] = on_ok,
		[SIG_REFUSED] = on_refused, [SIG_CANCEL] = on_cancel_calling,
		[SIG_HANGUP] = on_cancel_calling, [SIG_RING] = on_cancel_calling,
		[SIG_SILENT] = on_silent,
	},
	[LEG_PROCEEDING] = {
		[SIG_TRYING] = on_trying, [SIG_PROGRESS] = on_progress, [SIG_OK] = on_ok,
		[SIG_REFUSED] = on_refused, [SIG_CANCEL] = on_cancel,
		[SIG_HANGUP] = on_cancel, [SIG_RING] = on_cancel,
	},
	[LEG_CANCEL_WAIT] = {
		[SIG_TRYING] = on_trying_cancel, [SIG_PROGRESS] = on_trying_cancel,
		[SIG_OK] = on_ok_cancel, [SIG_REFUSED] = on_refused_cancel,
		[SIG_SILENT] = on_silent,
	},
	[LEG_CANCELLING] = {
		[SIG_OK] = on_ok_cancel, [SIG_REFUSED] = on_refused_cancel,
		[SIG_GUARD] = on_cancel_guard,
	},
	[LEG_ACK_WAIT] = {
		[SIG_OK] = on_ok_again, [SIG_ACK] = on_ack, [SIG_BYE] = on_bye,
		[SIG_HANGUP] = on_hangup, [SIG_CANCEL] = on_hangup, [SIG_TALK] = on_talk_over,
		[SIG_SESSION] = on_session_over, [SIG_REFRESH] = on_refresh,
	},
	[LEG_TALKING] = {
		[SIG_OK] = on_ok_again, [SIG_BYE] = on_bye, [SIG_HANGUP] = on_hangup,
		[SIG_CANCEL] = on_hangup, [SIG_TALK] = on_talk_over,
		[SIG_SESSION] = on_session_over, [SIG_REFRESH] = on_refresh,
		[SIG_PING] = on_ping,
	},
	[LEG_IN_RINGING] = {
		[SIG_IN_CANCEL] = on_in_cancelled, [SIG_CANCEL] = on_in_refuse,
		[SIG_HANGUP] = on_in_refuse, [SIG_RING] = on_in_refuse,
		[SIG_BYE] = on_in_early_bye,
	},
	[LEG_IN_ANSWERED] = {
		[SIG_IN_ACK] = on_in_ack, [SIG_IN_NO_ACK] = on_in_no_ack, [SIG_BYE] = on_in_bye,
		[SIG_HANGUP] = on_in_hangup, [SIG_CANCEL] = on_in_hangup,
	},
	[LEG_IN_ENDING] = {
		[SIG_IN_ACK] = on_in_goodbye, [SIG_IN_NO_ACK] = on_in_goodbye,
		[SIG_BYE] = on_closed,
	},
	[LEG_ENDING] = {
		[SIG_OK] = on_ok_again, [SIG_BYE_DONE] = on_closed, [SIG_GUARD] = on_closed,
	},
	[LEG_ADOPTING] = {
		[SIG_TRYING] = on_adopt_ringing, [SIG_PROGRESS] = on_adopt_ringing,
		[SIG_OK] = on_ok, [SIG_REFUSED] = on_refused_cancel, [SIG_GUARD] = on_adopt_over,
	},
};

void call_signal(struct leg *leg, const struct signal *sig)
{
	on_signal *on = table[leg->state][sig->type];

	leg->shard->work++;
	if (on != NULL)
		on(leg, sig);
}

int call_on_response(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
	struct leg *leg = magic;
	struct signal sig = {.type = SIG_REFUSED, .code = 408, .sip = sip, .internal = true};

	if (leg->invite != orq)
		return 0;
	if (sip != NULL) {
		sig.code = (uint16_t)sip->sip_status->st_status;
		sig.internal = nta_sip_is_internal(sip) != 0;
		sig.type = sig.code == 100   ? SIG_TRYING
			   : sig.code < 200  ? SIG_PROGRESS
			   : sig.code < 300  ? SIG_OK
					     : SIG_REFUSED;
	}
	/* A second 200 while the INVITE lives: of this dialog it is a repetition; of another
	 * fork it is ended by itself. */
	if (sig.type == SIG_OK && leg->remote_tag != NULL && leg->state >= LEG_ACK_WAIT &&
	    sip->sip_to->a_tag != NULL && strcmp(leg->remote_tag, sip->sip_to->a_tag) != 0) {
		msg_t *msg = nta_outgoing_getresponse(orq);

		if (msg != NULL)
			send_stray_ack(leg->agent, msg, sip, true);
		msg_destroy(msg);
		return 0;
	}
	call_signal(leg, &sig);
	return 0;
}

void call_fail_now(struct leg *leg)
{
	bool answered = leg->state == LEG_ACK_WAIT || leg->state == LEG_TALKING ||
			(leg->state == LEG_IN_ANSWERED && leg->answer_told);

	if (answered)
		leg_tell_ended(leg, ZV_BY_ERROR, 0);
	else if (leg->state != LEG_ENDING && leg->state != LEG_IN_ENDING)
		leg_tell_failed(leg, &(struct failure){.code = 408, .local = true, .cancelled = true});
	call_close(leg);
}

struct leg *leg_begin(struct shard *s, const struct zv_cmd *cmd)
{
	struct leg *leg = leg_at(s, cmd->leg.slot);

	if (leg->state != LEG_FREE) {
		/* A failover may be quicker than the goodbye of the last try. */
		if (leg->state != LEG_ENDING)
			zv_error("sip", "slot %u dialled while in use", cmd->leg.slot);
		call_fail_now(leg);
	}
	memset(leg, 0, sizeof(*leg));
	leg->shard = s;
	leg->wheel_slot = leg->wheel_next = leg->wheel_prev = leg->hash_next = NONE_LEG;
	leg->in = NONE_LEG;
	leg->id = cmd->leg;
	leg->attempt = leg->key = cmd->attempt;
	leg->trunk = cmd->trunk;
	/* Always the same agent for a slot: after a crash its port is known. */
	leg->agent = &s->agents[(uint32_t)(leg - s->legs) % s->n_agents];
	if (s->phones != NULL)
		leg->key = (struct zv_attempt_id){
			UINT64_C(0xffff) << 48 | (uint64_t)s->sip->born_ms, ++s->leg_number};
	s->legs_used++;
	return leg;
}

static void begin_dial(struct leg *leg, const struct zv_cmd *cmd)
{
	leg->sub = cmd->u.dial.sub;
	leg->called = cmd->u.dial.called;
	leg->caller = cmd->u.dial.caller;
	leg->phone = cmd->u.dial.phone != 0;
	/* Nothing lasts for ever, whatever was asked; but a phone that stays up all day. */
	leg->ring_ms = cmd->u.dial.ring_ms != 0 ? cmd->u.dial.ring_ms : RING_DEFAULT_MS;
	leg->talk_max_s = cmd->u.dial.talk_max_s;
	if (leg->talk_max_s == 0 && !leg->phone)
		leg->talk_max_s = TALK_DEFAULT_S;
	leg->session_s = leg_trunk(leg)->conf->session_expires_s;
	leg->tcp = leg_trunk(leg)->conf->transport == ZV_SIP_TCP;
	zv_sip_names(&leg->shard->sip->params.secret, leg->key, leg->sub, &leg->names);
	if (leg->phone)
		phone_dial(leg, cmd->u.dial.agent);
	else
		leg_request_uri(leg);
	if (leg_trunk(leg)->tls != NULL)
		leg->agent = &leg_trunk(leg)->tls->agent;
	leg->state = LEG_CALLING;
	leg_hash_in(leg);
}

void call_dial(struct shard *s, const struct zv_cmd *cmd)
{
	struct leg *leg = leg_begin(s, cmd);
	struct trunk *t;

	begin_dial(leg, cmd);
	if (cmd->u.dial.adopt) {
		adopt_dial(leg);
		return;
	}
	t = leg_trunk(leg);
	if (leg->phone && leg->hop == NULL) {
		fail(leg, &(struct failure){.code = 480, .local = true});
		return;
	}
	if ((t->tls != NULL && !tls_usable(t->tls)) ||
	    (t->unanswered_max != 0 && t->unanswered >= t->unanswered_max)) {
		fail(leg, &(struct failure){.code = 503, .local = true});
		return;
	}
	if ((!leg->phone && !secrecy_begin(leg)) || !send_invite(leg)) {
		fail(leg, &(struct failure){.code = 500, .local = true});
		return;
	}
	leg->unanswered = true;
	t->unanswered++;
	leg_set_timer(leg, TIMER_SILENT, t->conf->t1x64_ms);
	leg_set_timer(leg, TIMER_RING, leg->ring_ms);
}
