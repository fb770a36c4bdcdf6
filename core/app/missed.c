/* Callers who gave up waiting are called back at once: each becomes a hot lead of his queue's
 * campaign.  The engine says whom, and says it once.  With whom an agent agreed a call back when
 * he called us is a call-back of that campaign. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/daemon_int.h"
#include "base/err.h"
#include "base/log.h"
#include "store/card.h"
#include "store/lead_put.h"

struct missed {
	struct zv_daemon *daemon;
	uint32_t campaign; /* id */
	uint64_t caller;
	uint8_t due_class;
	int64_t due_ms;    /* 0: at once */
	uint32_t owner;    /* as in struct zv_lead_put */
};

/* The lookahead finds it; a lead of his that the engine holds for later is moved there. */
static void offered(struct zv_daemon *d, uint32_t campaign, const struct zv_lead_put *put)
{
	struct zv_event ev = {.type = ZV_EV_KILL, .attempt = {.lo = ZV_HTTP_TICKET}, /* nobody waits */
			      .u.kill = {.lead = put->lead, .campaign = campaign,
					 .due_class = put->due_class, .at_ms = put->due_ms}};

	if (put->verdict == ZV_PUT_AGAIN && put->moved && zv_daemon_word(d, &ev) != ZV_OK)
		zv_warn("app", "a caller is called back when his lead was due: the engine does not keep up");
	zv_wake(d->wires->lookahead_fd);
}

/* io thread */
static void call_back(void *arg)
{
	struct missed *m = arg;
	struct zv_daemon *d = m->daemon;
	char number[24];
	struct zv_lead_put put = {.n_numbers = 1, .numbers = {number}, .due_class = m->due_class,
				  .due_ms = m->due_ms, .owner = m->owner};
	enum zv_err err = ZV_OK;

	(void)snprintf(number, sizeof(number), "+%" PRIu64, m->caller);
	if (d->missed == NULL)
		err = zv_lead_putter_create(d->store, NULL, 0, &d->missed);
	if (err == ZV_OK)
		err = zv_store_lead_put(d->missed, m->campaign, zv_clock_now(&d->clock).cal_ms, &put, 1);
	if (err != ZV_OK)
		zv_error("app", "a caller is not called back: %s", zv_err_text(err));
	else if (put.verdict >= ZV_PUT_REMOVED)
		zv_info("app", "a caller is not called back: %s", put.why);
	else
		offered(d, m->campaign, &put);
	free(m);
}

static void post(struct zv_daemon *d, const struct missed *what)
{
	struct missed *m;

	if (what->caller == 0)
		return; /* a hidden number */
	m = malloc(sizeof(*m));
	if (m == NULL)
		return;
	*m = *what;
	if (zv_io_post(d->io, call_back, m) != ZV_OK) {
		zv_error("app", "a caller is not called back: too much else is to be written");
		free(m);
	}
}

void zv_daemon_missed(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	post(d, &(struct missed){.daemon = d, .campaign = cmd->campaign,
				 .caller = cmd->u.queue.caller, .due_class = ZV_DUE_HOT});
}

/* Somebody calls: the engine is told who, so that his own agent goes first and the card is that of his
 * lead. */
static void who(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	struct zv_event ev = {.type = ZV_EV_CALLER, .leg = cmd->leg};
	struct zv_caller caller;
	enum zv_err err = zv_store_caller(d->store, cmd->u.queue.caller, cmd->campaign, &caller);

	if (err == ZV_OK) {
		ev.u.caller.lead = caller.lead;
		ev.u.caller.person = caller.person;
		ev.u.caller.owner = caller.owner;
	}
	if (err == ZV_OK || err == ZV_ENOENT)
		err = zv_daemon_word(d, &ev);
	if (err != ZV_OK)
		zv_warn("app", "a caller goes to anybody: %s", zv_err_text(err));
}

void zv_daemon_queued(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	if (cmd->u.queue.what == ZV_QUEUED_CAME)
		who(d, cmd);
	if (cmd->u.queue.what == ZV_QUEUED_OVER && cmd->u.queue.wish_ms != 0)
		post(d, &(struct missed){.daemon = d, .campaign = cmd->campaign,
					 .caller = cmd->u.queue.caller, .due_class = ZV_DUE_CALLBACK,
					 .due_ms = cmd->u.queue.wish_ms,
					 .owner = cmd->u.queue.wish_owner});
}
