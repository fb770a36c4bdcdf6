/* A phone: answers the one call it gets, talks and listens until it ends; crashes if told to. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "../carrier/carrier.h"
#include "phones.h"

#define T1_MS 500

uint64_t zvp_draw(struct zvp_phones *phones)
{
	phones->dice = zv_mix64(phones->dice + 1);
	return phones->dice;
}

static void line(struct zvp_phone *phone, const char *event)
{
	zvc_line_begin(&phone->phones->journal, event, 0);
	zvc_line_text(&phone->phones->journal, "user", phone->user);
}

static void over(struct zvp_phone *phone, const char *why)
{
	struct zvp_phones *p = phone->phones;

	if (phone->state == ZVP_IDLE)
		return;
	if (phone->state == ZVP_UP)
		p->stats.up--;
	p->stats.ended++;
	line(phone, "ended");
	zvc_line_text(&p->journal, "why", why);
	if (phone->leg != NULL) {
		const struct zvc_hearing *h = zvc_leg_hearing(phone->leg);

		zvc_line_number(&p->journal, "rtp_rx", (int64_t)h->packets);
		zvc_line_number(&p->journal, "rtp_lost", (int64_t)h->lost);
		zvc_line_number(&p->journal, "ssrc_changes", (int64_t)h->ssrc_changes);
		zvc_line_number(&p->journal, "ts_jumps", (int64_t)h->ts_jumps);
		zvc_line_number(&p->journal, "rtp_tx", (int64_t)zvc_leg_sent(phone->leg));
	}
	zvc_line_end(&p->journal);
	zvc_leg_close(p->media, phone->leg);
	phone->leg = NULL;
	free(phone->ok);
	phone->ok = NULL;
	zvc_timer_unset(&phone->repeat_timer);
	zvc_timer_unset(&phone->life_timer);
	phone->state = ZVP_IDLE;
}

void zvp_phone_heard(void *arg)
{
	struct zvp_phone *phone = arg;

	line(phone, "sound");
	zvc_line_end(&phone->phones->journal);
}

/* ---- messages ---- */

static void reply(struct zvp_phone *phone, const struct zvc_net_message *m, const struct zvc_msg *msg,
                  const char *status)
{
	struct zvc_peer to = m->peer;
	char text[ZVC_MESSAGE_MAX];
	size_t n = zvc_reply_write(NULL, msg, &m->peer, phone->our_tag, status, (struct zvc_str){0},
	                           text, sizeof(text));

	zvc_reply_address(&to, msg);
	if (n > 0)
		zvc_net_send(phone->phones->net, &to, text, n);
}

static bool same_call(const struct zvp_phone *phone, const struct zvc_msg *msg)
{
	return phone->state != ZVP_IDLE && zvc_str_is(msg->call_id, phone->invite_id) &&
	       zvc_str_is(msg->from.tag, phone->remote_tag);
}

static void send_ok(struct zvp_phone *phone)
{
	struct zvp_phones *p = phone->phones;
	struct zvc_peer to = phone->peer;

	zvc_net_send(p->net, &to, phone->ok, phone->ok_len);
}

static void repeat(struct zvc_timer *timer)
{
	struct zvp_phone *phone =
	        (struct zvp_phone *)(void *)((char *)timer - offsetof(struct zvp_phone, repeat_timer));
	struct zvp_phones *p = phone->phones;

	if (phone->state != ZVP_RINGING || phone->dead)
		return;
	if (phone->repeat_ms > 32 * T1_MS) {
		over(phone, "no ACK");
		return;
	}
	p->stats.repeats++;
	send_ok(phone);
	phone->repeat_ms *= 2;
	zvc_timer_set(p->wheel, timer, p->now_ms + phone->repeat_ms);
}

static void on_invite(struct zvp_phone *phone, const struct zvc_net_message *m,
                      const struct zvc_msg *msg)
{
	struct zvp_phones *p = phone->phones;
	char sdp_text[1000], head[400], text[ZVC_MESSAGE_MAX], ip[INET_ADDRSTRLEN];
	struct zvc_sdp sdp;
	struct zvc_str body;
	size_t n;

	if (same_call(phone, msg) && phone->ok != NULL && msg->to.tag.n == 0) {
		send_ok(phone); /* a copy */
		return;
	}
	if (zvc_sdp_parse(msg->body, &sdp) != NULL) {
		reply(phone, m, msg, "488 Not Acceptable Here");
		return;
	}
	if (same_call(phone, msg)) { /* a refresh */
		n = zvc_sdp_write(sdp_text, sizeof(sdp_text), p->conf.rtp_ip,
		                  zvc_leg_port(p->media, phone->leg), &sdp);
		zvc_leg_start(p->media, phone->leg, &sdp);
	} else {
		if (phone->state != ZVP_IDLE)
			over(phone, "called anew");
		phone->leg = zvc_leg_open(p->media, phone, zvp_draw(p));
		if (phone->leg == NULL || msg->call_id.n >= sizeof(phone->invite_id) ||
		    msg->from.tag.n >= sizeof(phone->remote_tag)) {
			zvc_leg_close(p->media, phone->leg);
			phone->leg = NULL;
			reply(phone, m, msg, "500 Out of Memory");
			return;
		}
		p->stats.calls++;
		phone->state = ZVP_RINGING;
		(void)snprintf(phone->invite_id, sizeof(phone->invite_id), "%.*s", (int)msg->call_id.n,
		               msg->call_id.p);
		(void)snprintf(phone->remote_tag, sizeof(phone->remote_tag), "%.*s",
		               (int)msg->from.tag.n, msg->from.tag.p);
		(void)snprintf(phone->our_tag, sizeof(phone->our_tag), "p%016" PRIx64, zvp_draw(p));
		n = zvc_sdp_write(sdp_text, sizeof(sdp_text), p->conf.rtp_ip,
		                  zvc_leg_port(p->media, phone->leg), &sdp);
		zvc_leg_start(p->media, phone->leg, &sdp);
		zvc_leg_play(phone->leg, ZVC_SOUND_VOICE);
	}
	body = (struct zvc_str){sdp_text, n};
	(void)inet_ntop(AF_INET, &p->conf.listen.addr.sin_addr, ip, sizeof(ip));
	(void)snprintf(head, sizeof(head),
	               "200 OK\r\nContact: <sip:%s@%s:%u>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n"
	               "Content-Type: application/sdp\r\n",
	               phone->user, ip, ntohs(p->conf.listen.addr.sin_port));
	n = zvc_reply_write(NULL, msg, &m->peer, phone->our_tag, head, body, text, sizeof(text));
	phone->peer = m->peer;
	zvc_reply_address(&phone->peer, msg);
	free(phone->ok);
	phone->ok = malloc(n > 0 ? n : 1);
	if (phone->ok == NULL || n == 0) {
		over(phone, "no memory");
		return;
	}
	memcpy(phone->ok, text, n);
	phone->ok_len = n;
	send_ok(phone);
	if (phone->state == ZVP_RINGING) {
		phone->repeat_ms = T1_MS;
		zvc_timer_set(p->wheel, &phone->repeat_timer, p->now_ms + T1_MS);
	}
}

static void on_ack(struct zvp_phone *phone, const struct zvc_msg *msg)
{
	struct zvp_phones *p = phone->phones;

	if (!same_call(phone, msg) || phone->state != ZVP_RINGING)
		return;
	phone->state = ZVP_UP;
	phone->up_ns = zvc_mono_ns();
	zvc_timer_unset(&phone->repeat_timer);
	p->stats.up++;
	if (p->stats.up > p->stats.up_peak)
		p->stats.up_peak = p->stats.up;
	line(phone, "up");
	zvc_line_end(&p->journal);
	if (p->conf.crash_s != 0) {
		uint64_t draw = zvp_draw(p) % (2000 * (uint64_t)p->conf.crash_s) + 500;

		zvc_timer_set(p->wheel, &phone->life_timer, p->now_ms + draw);
	}
}

static void on_bye(struct zvp_phone *phone, const struct zvc_net_message *m, const struct zvc_msg *msg)
{
	struct zvp_phones *p = phone->phones;

	if (!same_call(phone, msg)) {
		reply(phone, m, msg, "481 Call Does Not Exist");
		return;
	}
	if (zvp_draw(p) % 1000000 < p->conf.lose_bye_ppm) {
		p->stats.lost_byes++;
		return;
	}
	reply(phone, m, msg, "200 OK");
	over(phone, "BYE");
}

static void on_request(struct zvp_phone *phone, const struct zvc_net_message *m,
                       const struct zvc_msg *msg)
{
	switch (msg->method) {
	case ZVC_M_INVITE: on_invite(phone, m, msg); break;
	case ZVC_M_ACK: on_ack(phone, msg); break;
	case ZVC_M_BYE: on_bye(phone, m, msg); break;
	case ZVC_M_OPTIONS:
	case ZVC_M_UPDATE:
	case ZVC_M_INFO: reply(phone, m, msg, "200 OK"); break;
	case ZVC_M_CANCEL: reply(phone, m, msg, "481 Call Does Not Exist"); break;
	case ZVC_M_NONE:
	case ZVC_M_PRACK:
	case ZVC_M_OTHER:
	default: reply(phone, m, msg, "405 Method Not Allowed"); break;
	}
}

static struct zvp_phone *named(struct zvp_phones *p, struct zvc_str user)
{
	for (unsigned i = 0; i < p->conf.n; i++)
		if (zvc_str_is(user, p->v[i].user))
			return &p->v[i];
	return NULL;
}

void zvp_on_message(void *arg, const struct zvc_net_message *message)
{
	struct zvp_phones *p = arg;
	struct zvp_phone *phone;
	struct zvc_msg msg;

	if (message->truncated || message->bad_frame ||
	    !zvc_msg_parse(message->bytes, message->len, &msg)) {
		p->stats.odd++;
		return;
	}
	phone = named(p, msg.request ? msg.ruri_user : msg.to.user);
	if (phone == NULL || phone->dead) {
		p->stats.odd += phone == NULL;
		return;
	}
	if (msg.request)
		on_request(phone, message, &msg);
	else if (zvc_str_is(msg.cseq_method, "REGISTER"))
		zvp_on_registered(phone, &msg);
}

/* ---- life ---- */

static void register_due(struct zvc_timer *timer)
{
	struct zvp_phone *phone =
	        (struct zvp_phone *)(void *)((char *)timer - offsetof(struct zvp_phone, register_timer));

	phone->challenged = 0;
	zvp_register(phone, NULL);
}

/* A crash: nothing is said, nothing is heard; then it starts anew and registers. */
static void life_turn(struct zvc_timer *timer)
{
	struct zvp_phone *phone =
	        (struct zvp_phone *)(void *)((char *)timer - offsetof(struct zvp_phone, life_timer));
	struct zvp_phones *p = phone->phones;

	if (phone->dead) {
		phone->dead = false;
		zvp_register(phone, NULL);
		return;
	}
	p->stats.crashes++;
	line(phone, "crash");
	zvc_line_end(&p->journal);
	over(phone, "crash");
	phone->dead = true;
	p->stats.registered -= phone->registered;
	phone->registered = false;
	zvc_timer_set(p->wheel, timer, p->now_ms + 1000 * (uint64_t)p->conf.rest_s);
}

void zvp_phone_init(struct zvp_phones *phones, struct zvp_phone *phone, unsigned number)
{
	phone->phones = phones;
	/* the form was checked with the options */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(phone->user, sizeof(phone->user), phones->conf.users, number);
#pragma GCC diagnostic pop
	(void)snprintf(phone->call_id, sizeof(phone->call_id), "r%016" PRIx64, zvp_draw(phones));
	(void)snprintf(phone->tag, sizeof(phone->tag), "t%08x", (uint32_t)zvp_draw(phones));
	phone->register_timer.fire = register_due;
	phone->repeat_timer.fire = repeat;
	phone->life_timer.fire = life_turn;
	/* not all at once */
	zvc_timer_set(phones->wheel, &phone->register_timer, phones->now_ms + 1 + zvp_draw(phones) % 1000);
}

void zvp_phone_free(struct zvp_phone *phone)
{
	over(phone, "the end");
	zvc_timer_unset(&phone->register_timer);
}
