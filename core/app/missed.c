/* Callers who gave up waiting are called back at once: each becomes a hot lead of his queue's
 * campaign.  The engine says whom, and says it once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/daemon_int.h"
#include "base/err.h"
#include "base/log.h"
#include "store/lead_put.h"

struct missed {
	struct zv_daemon *daemon;
	uint32_t campaign; /* id */
	uint64_t caller;
};

/* io thread */
static void call_back(void *arg)
{
	struct missed *m = arg;
	struct zv_daemon *d = m->daemon;
	char number[24];
	struct zv_lead_put put = {.n_numbers = 1, .numbers = {number}, .due_class = ZV_DUE_HOT};
	enum zv_err err = ZV_OK;

	(void)snprintf(number, sizeof(number), "+%" PRIu64, m->caller);
	if (d->missed == NULL)
		err = zv_lead_putter_create(d->store, NULL, 0, &d->missed);
	if (err == ZV_OK)
		err = zv_store_lead_put(d->missed, m->campaign, zv_clock_now(&d->clock).cal_ms, &put, 1);
	if (err != ZV_OK)
		zv_error("app", "a caller who gave up is not called back: %s", zv_err_text(err));
	else if (put.verdict >= ZV_PUT_REMOVED)
		zv_info("app", "a caller who gave up is not called back: %s", put.why);
	else
		zv_wake(d->wires->lookahead_fd);
	free(m);
}

void zv_daemon_missed(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	struct missed *m;

	if (cmd->u.queue.caller == 0)
		return; /* a hidden number */
	m = malloc(sizeof(*m));
	if (m == NULL)
		return;
	*m = (struct missed){.daemon = d, .campaign = cmd->campaign, .caller = cmd->u.queue.caller};
	if (zv_io_post(d->io, call_back, m) != ZV_OK) {
		zv_error("app", "a caller who gave up is not called back: too much else is to be written");
		free(m);
	}
}
