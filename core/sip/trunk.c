/* Trunks: is it there, is it well.  Counts of a trunk are shared by all shards; one of them, the
 * owner, judges and tells, so that up and down are told in order. */
#include "sip/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "sip/tls.h"

static void tell(struct trunk *t, enum zv_trunk_state state, uint32_t retry_after_s)
{
	struct zv_event ev = {.type = ZV_EV_TRUNK, .trunk = t->index};

	ev.u.trunk.state = (uint32_t)state;
	ev.u.trunk.retry_after_s = retry_after_s;
	shard_tell(t->shard, &ev);
}

void trunk_init(struct shard *s, struct trunk *t, uint16_t index)
{
	const struct zv_sip_trunk *c = &s->sip->trunks[index];
	static const char *const transports[] = {"udp", "tcp", "tls"};
	char ip[46], host[64];

	t->shard = s;
	t->index = index;
	t->conf = c;
	t->shared = &s->sip->shared[index];
	t->owned = s->phones == NULL && index % s->sip->params.n_shards == s->index;
	if (c->unanswered_max != 0)
		t->unanswered_max = (c->unanswered_max + s->sip->params.n_shards - 1) /
				    s->sip->params.n_shards;
	zv_ip_text(&c->ip, ip);
	if (c->ip.family == 6)
		(void)snprintf(host, sizeof(host), "[%s]:%u", ip, (unsigned)c->port);
	else
		(void)snprintf(host, sizeof(host), "%s:%u", ip, (unsigned)c->port);
	(void)snprintf(t->hop, sizeof(t->hop), "sip:%s;transport=%s", host,
		       transports[c->transport]);
	(void)snprintf(t->domain, sizeof(t->domain), "%s", c->domain[0] != 0 ? c->domain : host);
}

void trunk_result(struct trunk *t, bool failure)
{
	if (failure) {
		atomic_fetch_add_explicit(&t->shared->failures, 1, memory_order_relaxed);
		return;
	}
	atomic_store_explicit(&t->shared->failures, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->shared->successes, 1, memory_order_relaxed);
}

void trunk_slow(struct trunk *t, uint32_t retry_after_s)
{
	int64_t now = now_ms();

	/* A storm of 503s is one piece of news a second. */
	if (now - t->slow_told_ms < 1000 && t->slow_told_ms != 0)
		return;
	t->slow_told_ms = now;
	tell(t, ZV_TRUNK_SLOW, retry_after_s);
}

static void opened(struct trunk *t, int64_t now)
{
	t->breaker = BREAKER_OPEN;
	t->next_ms = now + (int64_t)t->conf->breaker_rest_s * 1000;
	zv_warn("sip", "trunk %s is down", t->conf->name);
	tell(t, ZV_TRUNK_DOWN, t->conf->breaker_rest_s);
}

void trunk_begin_down(struct trunk *t)
{
	t->breaker = BREAKER_OPEN;
	t->next_ms = 0;
	if (t->owned)
		tell(t, ZV_TRUNK_DOWN, 0);
}

/* A trunk by TLS is asked even without options_interval: nothing else would connect. */
static bool is_asked(const struct trunk *t)
{
	return t->conf->options_s != 0 || t->tls != NULL;
}

static int64_t next_ping(const struct trunk *t, int64_t now)
{
	return t->conf->options_s != 0 ? now + (int64_t)t->conf->options_s * 1000 : INT64_MAX;
}

static void closed(struct trunk *t, int64_t now)
{
	if (t->breaker != BREAKER_CLOSED) {
		zv_info("sip", "trunk %s is up", t->conf->name);
		atomic_store_explicit(&t->shared->failures, 0, memory_order_relaxed);
	}
	t->breaker = BREAKER_CLOSED;
	t->told = true;
	t->next_ms = next_ping(t, now);
	tell(t, ZV_TRUNK_UP, 0);
}

void trunk_pinged(struct trunk *t, bool heard)
{
	int64_t now = now_ms();
	uint32_t successes = atomic_load_explicit(&t->shared->successes, memory_order_relaxed);

	if (t->tls != NULL)
		tls_pinged(t->tls, heard);
	if (!t->owned)
		return; /* one shard judges for all */
	if (heard && (t->breaker != BREAKER_CLOSED || !t->told)) {
		closed(t, now);
	} else if (heard) {
		t->next_ms = next_ping(t, now);
	} else if (t->breaker == BREAKER_CLOSED && successes == t->successes_seen) {
		opened(t, now); /* neither the ping nor any call since was answered */
	} else {
		t->next_ms = now + (int64_t)t->conf->breaker_rest_s * 1000;
	}
}

static void ping(struct trunk *t, int64_t now)
{
	t->successes_seen = atomic_load_explicit(&t->shared->successes, memory_order_relaxed);
	t->next_ms = INT64_MAX; /* until it is answered */
	if (!send_options(t))
		t->next_ms = now + 1000;
}

/* The owner's, a few times a second. */
void trunk_tick(struct trunk *t, int64_t now)
{
	uint32_t failures = atomic_load_explicit(&t->shared->failures, memory_order_relaxed);
	uint32_t successes = atomic_load_explicit(&t->shared->successes, memory_order_relaxed);
	uint32_t limit = t->conf->breaker_failures;

	if (!t->told && !is_asked(t))
		closed(t, now);
	if (t->tls != NULL && t->tls->up == 0 && t->next_ms == INT64_MAX && t->ping == NULL)
		t->next_ms = now; /* the connection is gone: another, before a call needs it */
	switch (t->breaker) {
	case BREAKER_CLOSED:
		if (limit != 0 && failures >= limit)
			opened(t, now);
		else if (is_asked(t) && t->ping == NULL && now >= t->next_ms)
			ping(t, now);
		break;
	case BREAKER_OPEN:
		if (is_asked(t)) {
			if (t->ping == NULL && now >= t->next_ms)
				ping(t, now);
		} else if (now >= t->next_ms) {
			/* Half open: calls may try again, and the first result decides.  UP, since the
			 * engine takes SLOW for a pause of a trunk that is up: it would never call. */
			t->breaker = BREAKER_HALF;
			t->successes_seen = successes;
			atomic_store_explicit(&t->shared->failures, 0, memory_order_relaxed);
			tell(t, ZV_TRUNK_UP, 0);
		}
		break;
	case BREAKER_HALF:
		if (failures > 0)
			opened(t, now);
		else if (successes != t->successes_seen)
			t->breaker = BREAKER_CLOSED;
		break;
	}
}

void trunk_ping_failed(struct trunk *t)
{
	if (t->ping == NULL)
		return;
	trunk_stop(t);
	trunk_pinged(t, false);
}

void trunk_stop(struct trunk *t)
{
	if (t->ping != NULL)
		nta_outgoing_destroy(t->ping);
	t->ping = NULL;
}
