/* What the engine is told of a leg, and the store. */
#include "sip/internal.h"

#include <stdio.h>
#include <string.h>

#include <sofia-sip/sip_header.h>

#include "base/log.h"

void call_tell(struct leg *leg, struct zv_event *ev)
{
	ev->trunk = leg->trunk;
	ev->leg = leg->id;
	ev->attempt = leg->attempt;
	shard_tell(leg->shard, ev);
}

void leg_tell_failed(struct leg *leg, const struct failure *f)
{
	struct zv_event ev = {.type = ZV_EV_SIP_FAILED, .code = f->code};

	ev.u.sip.q850 = f->q850;
	ev.u.sip.retry_after_s = f->retry_after_s;
	ev.u.sip.local = f->local;
	ev.u.sip.cancelled = f->cancelled;
	call_tell(leg, &ev);
}

void leg_tell_ended(struct leg *leg, enum zv_ended_by by, uint16_t q850)
{
	struct zv_event ev = {.type = ZV_EV_SIP_ENDED};

	ev.u.sip.by = (uint8_t)by;
	ev.u.sip.q850 = q850;
	call_tell(leg, &ev);
}

static void put_media(const struct leg *leg, struct zv_event *ev)
{
	if (!leg->media_set)
		return;
	secrecy_publish(leg);
	ev->u.sip.sdp = 1;
	ev->u.sip.rtp_ip = leg->media.ip;
	ev->u.sip.rtp_port = leg->media.port;
	ev->u.sip.payload_type = leg->media.payload_type;
	ev->u.sip.dtmf_type = leg->media.dtmf_type;
}

void leg_tell_media(struct leg *leg, enum zv_event_type type, uint16_t code)
{
	struct zv_event ev = {.type = (uint16_t)type, .code = code};

	leg->answer_told |= type == ZV_EV_SIP_ANSWERED;
	put_media(leg, &ev);
	call_tell(leg, &ev);
}

void leg_push_facts(struct leg *leg)
{
	struct zv_dialog d = {
		.attempt = leg->attempt,
		.leg = leg->id,
		.trunk = leg->trunk,
		.sub = leg->sub,
		.cseq = leg->cseq,
		.complete = 1,
	};
	const char *tag = leg->remote_tag != NULL ? leg->remote_tag : "";
	const char *contact = leg->contact != NULL ? leg->contact : leg->request_uri;
	const char *route = leg->route != NULL ? leg->route : "";

	if (strlen(tag) >= sizeof(d.remote_tag) || strlen(contact) >= sizeof(d.contact) ||
	    strlen(route) >= sizeof(d.route))
		d.complete = 0;
	(void)snprintf(d.remote_tag, sizeof(d.remote_tag), "%s", tag);
	(void)snprintf(d.contact, sizeof(d.contact), "%s", contact);
	(void)snprintf(d.route, sizeof(d.route), "%s", route);
	/* Full: the ACK then goes out when ack_wait_ms is over. */
	if (zv_ring_push(leg->shard->rings->dialogs, &d) != ZV_OK)
		zv_warn("sip", "the ring of dialogs is full: a call's facts are not stored");
}

uint16_t message_q850(const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	uint16_t cause = 0;

	if (sip == NULL || sip->sip_reason == NULL)
		return 0;
	for (const sip_reason_t *r = sip->sip_reason; r != NULL && cause == 0; r = r->re_next) {
		sip_reason_t one[1] = {*r};
		char *text;

		one->re_next = NULL;
		text = sip_header_as_string(home, (sip_header_t *)one);
		if (text != NULL)
			cause = zv_reason_q850(text, strlen(text));
	}
	su_home_deinit(home);
	return cause;
}
