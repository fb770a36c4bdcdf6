/* A call from its first response to its end: what is sent and repeated, when it counts as over. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier.h"

static struct zvc_call *call_of(struct zvc_timer *timer, size_t offset)
{
	return (struct zvc_call *)(void *)((char *)timer - offset);
}

void zvc_line_call(struct zvc_call *call, const char *event, int64_t wall_ns)
{
	struct zvc_journal *j = &call->carrier->journal;

	zvc_line_begin(j, event, wall_ns);
	zvc_line_number(j, "call", (int64_t)call->id);
	zvc_line_number(j, "number", (int64_t)call->number);
}

static void keep(struct zvc_call *call, const char *bytes, size_t n)
{
	char *copy = n > 0 ? malloc(n) : NULL;

	if (copy == NULL)
		return;
	memcpy(copy, bytes, n);
	free(call->last);
	call->last = copy;
	call->last_len = n;
}

static void fire_plan(struct zvc_timer *timer)
{
	zvc_person_step(call_of(timer, offsetof(struct zvc_call, plan_timer)));
}

/* RFC 3261 timers G and E, and the 2xx: T1, doubled up to T2 = 8 T1. */
static void repeat_later(struct zvc_call *call)
{
	zvc_timer_set(call->carrier->wheel, &call->repeat_timer,
	              call->carrier->now_ms + call->repeat_ms);
	call->repeat_ms = 2 * call->repeat_ms > 8 * call->carrier->conf.t1_ms
	                          ? 8 * call->carrier->conf.t1_ms
	                          : 2 * call->repeat_ms;
}

static void fire_repeat(struct zvc_timer *timer)
{
	struct zvc_call *call = call_of(timer, offsetof(struct zvc_call, repeat_timer));

	call->repeats++;
	call->carrier->stats.repeats++;
	zvc_send(call->carrier, call->state == ZVC_S_HANGING ? &call->far : &call->peer, call->last,
	         call->last_len);
	repeat_later(call);
}

/* Begins the wait for what ends the transaction: repeats (over UDP, and a 2xx always), 64 T1. */
static void wait_for_end(struct zvc_call *call, bool repeats)
{
	struct zvc_carrier *carrier = call->carrier;

	call->repeat_ms = carrier->conf.t1_ms;
	if (repeats)
		repeat_later(call);
	zvc_timer_set(carrier->wheel, &call->end_timer, carrier->now_ms + 64 * carrier->conf.t1_ms);
}

void zvc_call_over(struct zvc_call *call)
{
	call->state = ZVC_S_OVER;
	zvc_timer_unset(&call->plan_timer);
	zvc_timer_unset(&call->repeat_timer);
	zvc_timer_set(call->carrier->wheel, &call->end_timer,
	              call->carrier->now_ms + 64 * call->carrier->conf.t1_ms);
}

static void line_rtp(struct zvc_call *call)
{
	struct zvc_journal *j = &call->carrier->journal;
	const struct zvc_hearing *h;

	if (call->leg == NULL || call->answer_ns == 0)
		return;
	h = zvc_leg_hearing(call->leg);
	zvc_line_open(j, "rtp", '{');
	zvc_line_number(j, "rx", (int64_t)h->packets);
	zvc_line_number(j, "tx", (int64_t)zvc_leg_sent(call->leg));
	zvc_line_number(j, "lost", (int64_t)h->lost);
	zvc_line_number(j, "reordered", (int64_t)h->reordered);
	zvc_line_number(j, "bad", (int64_t)h->bad);
	zvc_line_number(j, "ssrc_changes", (int64_t)h->ssrc_changes);
	zvc_line_number(j, "ts_jumps", (int64_t)h->ts_jumps);
	zvc_line_number(j, "first_ms",
	                h->first_ns == 0 ? -1 : (h->first_ns - call->answer_ns) / 1000000);
	zvc_line_number(j, "gap_ms_max", h->gap_ns_max / 1000000);
	zvc_line_number(j, "sound_ms", (int64_t)h->sound_frames * 20);
	zvc_line_shut(j, '}');
}

/* The call is no longer in progress for anybody who asks. */
void zvc_call_ended(struct zvc_call *call, const char *by, const char *why)
{
	struct zvc_carrier *carrier = call->carrier;
	struct zvc_journal *j = &carrier->journal;
	struct zvc_number *number = zvc_number_get(carrier, call->number);
	int64_t now = zvc_mono_ns();

	zvc_timer_unset(&call->plan_timer);
	if (!call->counted)
		return;
	call->counted = false;
	carrier->stats.active--;
	carrier->stats.trunks[call->peer.trunk].active--;
	if (call->answer_ns != 0)
		carrier->stats.talking--;
	if (number != NULL && number->active > 0)
		number->active--;
	zvc_line_call(call, "end", 0);
	zvc_line_str(j, "call_id", call->invite.call_id);
	zvc_line_text(j, "by", by);
	zvc_line_text(j, "why", why);
	zvc_line_number(j, "code", call->code);
	zvc_line_number(j, "total_ms", (now - call->invite_ns) / 1000000);
	if (call->answer_ns != 0)
		zvc_line_number(j, "talk_ms", (now - call->answer_ns) / 1000000);
	zvc_line_number(j, "invite_copies", call->copies);
	zvc_line_number(j, "repeats", call->repeats);
	line_rtp(call);
	zvc_line_end(j);
	zvc_leg_close(carrier->media, call->leg);
	call->leg = NULL;
}

static void fire_end(struct zvc_timer *timer)
{
	struct zvc_call *call = call_of(timer, offsetof(struct zvc_call, end_timer));

	switch (call->state) {
	case ZVC_S_ANSWERED: /* 13.3.1.4: no ACK within 64 T1, so BYE */
		call->carrier->stats.no_ack++;
		zvc_call_hang_up(call, "no_ack");
		break;
	case ZVC_S_REFUSED:
		call->carrier->stats.no_ack++;
		zvc_line_call(call, "no_ack", 0);
		zvc_line_end(&call->carrier->journal);
		zvc_call_over(call);
		break;
	case ZVC_S_HANGING:
		zvc_line_call(call, "bye_unanswered", 0);
		zvc_line_end(&call->carrier->journal);
		zvc_call_over(call);
		break;
	case ZVC_S_PROCEEDING:
	case ZVC_S_UP:
	case ZVC_S_OVER: zvc_call_free(call); break;
	}
}

/* Writes, sends and keeps a response to the INVITE. */
void zvc_call_respond(struct zvc_call *call, uint16_t code, const char *status_and_headers,
                      struct zvc_str body)
{
	char bytes[ZVC_MESSAGE_MAX];
	size_t n = zvc_reply_write(call->carrier, &call->invite, &call->peer,
	                           code == 100 ? NULL : call->to_tag, status_and_headers, body,
	                           bytes, sizeof(bytes));

	call->code = code;
	keep(call, bytes, n);
	zvc_send(call->carrier, &call->peer, bytes, n);
}

void zvc_call_contact(const struct zvc_call *call, char *to, size_t size)
{
	const struct sockaddr_in *local = zvc_net_local(call->carrier->net, &call->peer);
	char ip[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &local->sin_addr, ip, sizeof(ip));
	(void)snprintf(to, size, "Contact: <sip:+%" PRIu64 "@%s:%u%s>\r\n", call->number, ip,
	               ntohs(local->sin_port), call->peer.tcp ? ";transport=tcp" : "");
}

/* Our description, and the leg begun when the caller's is known. */
struct zvc_str zvc_call_media(struct zvc_call *call, char *to, size_t size)
{
	struct zvc_carrier *carrier = call->carrier;
	size_t n;

	if (call->leg == NULL)
		call->leg = zvc_leg_open(carrier->media, call, call->id ^ carrier->conf.seed);
	if (call->leg == NULL)
		return (struct zvc_str){to, 0};
	n = zvc_sdp_write(to, size, carrier->conf.rtp_ip, zvc_leg_port(carrier->media, call->leg),
	                  call->sdp_known ? &call->sdp : NULL);
	if (call->sdp_known && !carrier->conf.no_media)
		zvc_leg_start(carrier->media, call->leg, &call->sdp);
	return (struct zvc_str){to, n};
}

void zvc_call_progress(struct zvc_call *call, uint16_t code, const char *reason, bool with_sdp)
{
	char text[400];
	char contact[160];
	char sdp[512];
	struct zvc_str body = {sdp, 0};

	if (with_sdp && call->sdp_known) {
		body = zvc_call_media(call, sdp, sizeof(sdp));
		if (call->leg != NULL)
			zvc_leg_play(call->leg, call->plan.behaviour == ZVC_OFF ? ZVC_SOUND_ANNOUNCEMENT
			                                                        : ZVC_SOUND_RINGBACK);
	}
	zvc_call_contact(call, contact, sizeof(contact));
	(void)snprintf(text, sizeof(text), "%u %s\r\n%s%s", code, reason, contact,
	               body.n > 0 ? "Content-Type: application/sdp\r\n" : "");
	zvc_call_respond(call, code, text, body);
	call->ring_ns = zvc_mono_ns();
	zvc_line_call(call, code == 180 ? "ringing" : "progress", 0);
	zvc_line_number(&call->carrier->journal, "code", code);
	zvc_line_end(&call->carrier->journal);
}

void zvc_call_refuse(struct zvc_call *call, uint16_t code, const char *reason, const char *headers)
{
	struct zvc_carrier *carrier = call->carrier;
	char text[1024];

	(void)snprintf(text, sizeof(text), "%u %s\r\n%s", code, reason, headers);
	zvc_call_respond(call, code, text, (struct zvc_str){"", 0});
	call->state = ZVC_S_REFUSED;
	zvc_line_call(call, "refuse", 0);
	zvc_line_number(&carrier->journal, "code", code);
	zvc_line_end(&carrier->journal);
	if (call->counted)
		carrier->stats.refused++;
	zvc_call_ended(call, code == 487 ? "caller" : "carrier",
	               code == 487 ? "cancelled" : "refused");
	wait_for_end(call, !call->peer.tcp);
}

void zvc_call_answer(struct zvc_call *call)
{
	struct zvc_carrier *carrier = call->carrier;
	char text[400];
	char contact[160];
	char sdp[512];
	struct zvc_str body = zvc_call_media(call, sdp, sizeof(sdp));

	if (call->leg == NULL) {
		zvc_call_refuse(call, 500, "Out of Memory", "");
		return;
	}
	zvc_call_contact(call, contact, sizeof(contact));
	(void)snprintf(text, sizeof(text),
	               "200 OK\r\n%sAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\n"
	               "Content-Type: application/sdp\r\n",
	               contact);
	zvc_call_respond(call, 200, text, body);
	call->state = ZVC_S_ANSWERED;
	call->answer_ns = zvc_mono_ns();
	carrier->stats.answered++;
	if (++carrier->stats.talking > carrier->stats.talking_peak)
		carrier->stats.talking_peak = carrier->stats.talking;
	zvc_line_call(call, "answer", 0);
	zvc_line_str(&carrier->journal, "call_id", call->invite.call_id);
	zvc_line_number(&carrier->journal, "ring_ms",
	                call->ring_ns == 0 ? 0 : (call->answer_ns - call->ring_ns) / 1000000);
	zvc_line_number(&carrier->journal, "rtp_port", zvc_leg_port(carrier->media, call->leg));
	zvc_line_end(&carrier->journal);
	wait_for_end(call, true);
	zvc_person_answered(call);
}

void zvc_call_hang_up(struct zvc_call *call, const char *why)
{
	char bytes[ZVC_MESSAGE_MAX];
	size_t n;

	if (call->state != ZVC_S_UP && call->state != ZVC_S_ANSWERED)
		return;
	n = zvc_bye_write(call, bytes, sizeof(bytes));
	call->state = ZVC_S_HANGING;
	keep(call, bytes, n);
	zvc_send(call->carrier, &call->far, bytes, n);
	zvc_line_call(call, "bye", 0);
	zvc_line_text(&call->carrier->journal, "by", "carrier");
	zvc_line_text(&call->carrier->journal, "why", why);
	zvc_line_end(&call->carrier->journal);
	zvc_call_ended(call, "carrier", why);
	zvc_timer_unset(&call->repeat_timer);
	wait_for_end(call, !call->far.tcp);
}

void zvc_call_wire(struct zvc_call *call)
{
	call->plan_timer.fire = fire_plan;
	call->repeat_timer.fire = fire_repeat;
	call->end_timer.fire = fire_end;
}
