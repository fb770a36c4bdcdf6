/* Session timers, RFC 4028: who refreshes, when, and when the call counts as dead. */
#include "sip/internal.h"

#include <strings.h>

#include <sofia-sip/sip_header.h>

#define LEAST_S 90 /* RFC 4028 5 */

void session_agree(struct leg *leg, const sip_t *sip)
{
	const sip_session_expires_t *x = sip->sip_session_expires;
	uint32_t s;

	leg_set_timer(leg, TIMER_REFRESH, -1);
	leg_set_timer(leg, TIMER_SESSION, -1);
	if (leg->session_s == 0 || x == NULL)
		return; /* nobody wants one, or the far end does not know it */
	s = x->x_delta > 86400 ? 86400 : (uint32_t)x->x_delta;
	if (s < LEAST_S && s < leg->session_s)
		s = leg->session_s < LEAST_S ? leg->session_s : LEAST_S;
	leg->session_s = s;
	leg->refresher = x->x_refresher == NULL || strcasecmp(x->x_refresher, "uas") != 0;
	if (leg->refresher)
		leg_set_timer(leg, TIMER_REFRESH, (int64_t)s * 500);
	/* The BYE goes out a bit before the end: RFC 4028 10. */
	leg_set_timer(leg, TIMER_SESSION, (int64_t)(s - (s / 3 < 32 ? s / 3 : 32)) * 1000);
}
