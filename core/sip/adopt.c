/* Calls of before a crash: ended by what the store kept of them.  Answered ones get a BYE from
 * the dialog's facts; others a CANCEL rebuilt from the names of the attempt, from the same port,
 * with the branch that their INVITE had. */
#include "sip/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOO_OLD_MS 600000

const struct zv_open_attempt *adopt_find(const struct zv_sip *sip, struct zv_attempt_id attempt)
{
	for (uint32_t i = 0; i < sip->params.n_open; i++)
		if (zv_attempt_eq(sip->open[i].attempt, attempt))
			return &sip->open[i];
	return NULL;
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* No answer can be told from none: the INVITE of a digest or a redirect had a higher CSeq and a
 * suffix in its branch, so each that there may have been is cancelled.  What was never sent is
 * answered by 481. */
static void cancel_all(struct leg *leg)
{
	const struct zv_sip_trunk *c = leg_trunk(leg)->conf;
	uint8_t last = 0;

	if (c->user[0] != 0)
		last = CHALLENGES_MAX;
	if (c->redirect == ZV_REDIRECT_FOLLOW)
		last = RESENDS_MAX;
	for (uint8_t i = 0; i <= last; i++)
		(void)send_cancel_again(leg, i);
}

static void close_now(struct leg *leg)
{
	leg->state = LEG_ADOPTING;
	call_signal(leg, &(struct signal){.type = SIG_GUARD});
}

/* BYE from the facts.  CSeq with a margin: refreshes and PRACKs may have used some. */
static void bye_from_facts(struct leg *leg, const struct zv_dialog *d)
{
	struct zv_event ev = {.type = ZV_EV_SIP_ENDED};

	leg->remote_tag = strndup(d->remote_tag, sizeof(d->remote_tag));
	leg->contact = strndup(d->contact, sizeof(d->contact));
	leg->route = d->route[0] != 0 ? strndup(d->route, sizeof(d->route)) : NULL;
	leg->invite_cseq = d->cseq;
	leg->cseq = d->cseq + 1000;
	(void)send_ack(leg); /* the kill may have come between the facts and the ACK */
	leg->state = LEG_ENDING;
	ev.u.sip.by = ZV_BY_ERROR;
	call_tell(leg, &ev);
	if (send_bye(leg))
		leg_set_timer(leg, TIMER_GUARD, ADOPT_BOUND_MS);
	else
		call_close(leg);
}

void adopt_dial(struct leg *leg)
{
	const struct zv_open_attempt *open = adopt_find(leg->shard->sip, leg->attempt);

	leg->adopted = true;
	/* The phones' shard keeps nothing: what was there ends by its own timers. */
	if (leg->shard->phones != NULL || open == NULL || wall_ms() - open->wall_ms > TOO_OLD_MS) {
		close_now(leg);
		return;
	}
	leg->called = open->called;
	leg->caller = open->caller;
	leg_request_uri(leg);
	if (open->has_dialog && open->dialog.complete && open->dialog.sub == leg->sub) {
		bye_from_facts(leg, &open->dialog);
		return;
	}
	leg->state = LEG_ADOPTING;
	leg_set_timer(leg, TIMER_GUARD, ADOPT_BOUND_MS);
	cancel_all(leg);
	if (leg->adopt_pending == 0)
		close_now(leg);
}

/* It rings after all: the CANCEL was too early, or the trunk slept. */
void adopt_ringing(struct leg *leg, const sip_t *sip)
{
	uint32_t resend = (uint32_t)sip->sip_cseq->cs_seq - 1;

	leg_set_timer(leg, TIMER_GUARD, CANCEL_GUARD_MS);
	if (resend <= RESENDS_MAX)
		(void)send_cancel_again(leg, (uint8_t)resend);
}
