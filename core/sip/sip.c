#include "sip/sip.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sofia-sip/su_log.h>

#include "base/log.h"
#include "sip/internal.h"

#define NTP_EPOCH 2208988800UL /* seconds from 1900 to 1970 */

/* The stack's clock (su/su_time0.c): su_time fills in the wall clock and hands it to this
 * pointer to change; all timers of the stack are reckoned from it. */
extern void (*_su_time)(su_time_t *tv);
extern su_log_t nta_log[], tport_log[], su_log_default[];

static int64_t start_s; /* wall clock minus monotonic clock when the stack was set up */

/* Monotonic, so that a step of the wall clock fires no timer and hangs none. */
static void monotonic_time(su_time_t *tv)
{
	struct timespec t;

	if (tv == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	tv->tv_sec = (unsigned long)(t.tv_sec + start_s);
	tv->tv_usec = (unsigned long)t.tv_nsec / 1000;
}

__attribute__((format(printf, 2, 0))) static void log_line(void *arg, const char *fmt,
							    va_list args)
{
	char text[512];

	(void)arg;
	if (!zv_log_enabled(ZV_LOG_DEBUG))
		return;
	(void)vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = 0;
	zv_debug("sofia", "%s", text);
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void stack_init(void)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	start_s = wall.tv_sec - mono.tv_sec + (int64_t)NTP_EPOCH;
	_su_time = monotonic_time;
	(void)su_init();
	su_log_redirect(su_log_default, log_line, NULL);
	su_log_redirect(nta_log, log_line, NULL);
	su_log_redirect(tport_log, log_line, NULL);
	su_log_set_level(su_log_default, 0);
	su_log_set_level(nta_log, 0);
	su_log_set_level(tport_log, 0);
}

static bool phones_ok(const struct zv_sip_phones *ph, char *text, size_t size)
{
	static const uint8_t nowhere[sizeof(ph->ip.bytes)];

	if (!ph->on)
		return true;
	if (ph->port == 0 || (ph->ip.family != 4 && ph->ip.family != 6) || ph->realm[0] == 0 ||
	    strpbrk(ph->realm, "\"\\\r\n") != NULL || ph->max_phones == 0 ||
	    ph->max_side > 16384 || ph->n > ph->max_phones || ph->expires_max_s == 0 ||
	    ph->expires_min_s > ph->expires_max_s || ph->n_proxies > 8) {
		(void)snprintf(text, size, "SIP phones: no address, port, realm or time, or too many");
		return false;
	}
	/* It stands in our Contact. */
	if (memcmp(ph->ip.bytes, nowhere, sizeof(nowhere)) == 0) {
		(void)snprintf(text, size, "SIP phones: one address of this machine, not all");
		return false;
	}
	return true;
}

static bool params_ok(const struct zv_sip_params *p, char *text, size_t size)
{
	uint64_t slots = p->max_legs;

	if (!phones_ok(&p->phones, text, size))
		return false;
	if (p->phones.on)
		slots += (uint64_t)p->phones.max_phones + p->phones.max_side;
	if (p->n_shards == 0 || p->agents == 0 || p->max_legs == 0 || p->n_trunks == 0 ||
	    p->port_first + zv_sip_ports(p) > 65536) {
		(void)snprintf(text, size, "SIP: no shard, agent, leg or trunk, or ports over 65535");
		return false;
	}
	if (p->plan->n_slots < slots) {
		(void)snprintf(text, size, "SIP: %llu legs, but RTP ports for %u",
			       (unsigned long long)slots, p->plan->n_slots);
		return false;
	}
	for (uint32_t i = 0; i < p->n_trunks; i++) {
		const struct zv_sip_trunk *t = &p->trunks[i];

		if (t->srtp != ZV_SRTP_OFF && p->secrets == NULL) {
			(void)snprintf(text, size, "SIP: trunk %s has SRTP, but no place for its keys", t->name);
			return false;
		}
		if (t->port == 0 || (t->ip.family != 4 && t->ip.family != 6) || t->t1x64_ms == 0) {
			(void)snprintf(text, size, "SIP: trunk %s has no address, port or time",
				       t->name);
			return false;
		}
	}
	return true;
}

enum zv_err zv_sip_create(const struct zv_sip_params *params, char *text, size_t text_size,
			  struct zv_sip **ret_sip)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	enum zv_err err = ZV_ENOMEM;
	struct zv_sip *sip;

	if (text_size > 0)
		text[0] = 0;
	if (!params_ok(params, text, text_size))
		return ZV_EINVAL;
	(void)pthread_once(&once, stack_init);
	sip = calloc(1, sizeof(*sip));
	if (sip == NULL)
		return ZV_ENOMEM;
	sip->params = *params;
	sip->plan = *params->plan;
	sip->trunks = calloc(params->n_trunks, sizeof(*sip->trunks));
	sip->shared = calloc(params->n_trunks, sizeof(*sip->shared));
	sip->open = calloc(params->n_open + 1, sizeof(*sip->open));
	sip->n_all = params->n_shards + params->phones.on;
	sip->shards = calloc(sip->n_all, sizeof(*sip->shards));
	sip->seen = calloc(params->phones.max_phones + 1, sizeof(*sip->seen));
	(void)pthread_mutex_init(&sip->seen_lock, NULL);
	sip->born_ms = wall_ms();
	if (sip->trunks == NULL || sip->shared == NULL || sip->open == NULL ||
	    sip->shards == NULL || sip->seen == NULL)
		goto fail;
	memcpy(sip->trunks, params->trunks, params->n_trunks * sizeof(*sip->trunks));
	if (params->n_open > 0)
		memcpy(sip->open, params->open, params->n_open * sizeof(*sip->open));
	sip->params.trunks = sip->trunks;
	sip->params.plan = &sip->plan;
	sip->params.open = sip->open;
	for (uint32_t i = 0; i < params->n_trunks; i++)
		sip->tcp |= sip->trunks[i].transport == ZV_SIP_TCP;
	if (params->phones.on) {
		err = zv_sip_set_phones(sip, params->phones.v, params->phones.n);
		if (err != ZV_OK)
			goto fail;
	}
	for (uint32_t i = 0; i < sip->n_all; i++) {
		err = shard_create(sip, i, text, text_size);
		if (err != ZV_OK)
			goto fail;
	}
	*ret_sip = sip;
	return ZV_OK;

fail:
	zv_sip_destroy(sip);
	return err;
}

void zv_sip_destroy(struct zv_sip *sip)
{
	if (sip == NULL)
		return;
	if (sip->shards != NULL)
		for (uint32_t i = 0; i < sip->n_all; i++)
			shard_destroy(&sip->shards[i]);
	free(sip->shards);
	free(sip->trunks);
	free(sip->shared);
	free(sip->open);
	free(sip->seen);
	free(atomic_load(&sip->phones_next));
	(void)pthread_mutex_destroy(&sip->seen_lock);
	free(sip);
}

enum zv_err zv_sip_thread(struct zv_sip *sip, uint32_t shard, const struct zv_sip_rings *rings,
			  const _Atomic bool *stop)
{
	struct shard *s;

	if (shard >= sip->n_all)
		return ZV_EINVAL;
	s = &sip->shards[shard];
	s->rings = rings;
	s->stop = stop;
	return shard_run(s);
}

void zv_sip_get_stats(const struct zv_sip *sip, uint32_t shard, struct zv_sip_stats *ret_stats)
{
	const struct shard *s = &sip->shards[shard];

	*ret_stats = (struct zv_sip_stats){
		.invites = atomic_load_explicit(&s->stats.invites, memory_order_relaxed),
		.retransmits = atomic_load_explicit(&s->stats.retransmits, memory_order_relaxed),
		.timeouts = atomic_load_explicit(&s->stats.timeouts, memory_order_relaxed),
		.received = atomic_load_explicit(&s->stats.received, memory_order_relaxed),
		.bad_messages = atomic_load_explicit(&s->stats.bad_messages, memory_order_relaxed),
		.auth_refused = atomic_load_explicit(&s->stats.auth_refused, memory_order_relaxed),
		.legs = atomic_load_explicit(&s->stats.legs, memory_order_relaxed),
		.transactions = atomic_load_explicit(&s->stats.transactions, memory_order_relaxed),
		.registers = atomic_load_explicit(&s->stats.registers, memory_order_relaxed),
		.register_wrong =
			atomic_load_explicit(&s->stats.register_wrong, memory_order_relaxed),
		.register_dropped =
			atomic_load_explicit(&s->stats.register_dropped, memory_order_relaxed),
		.registered = atomic_load_explicit(&s->stats.registered, memory_order_relaxed),
		.invites_in = atomic_load_explicit(&s->stats.invites_in, memory_order_relaxed),
		.invites_busy = atomic_load_explicit(&s->stats.invites_busy, memory_order_relaxed),
		.loop_lag_us_max =
			atomic_load_explicit(&s->stats.loop_lag_us_max, memory_order_relaxed),
	};
}

enum zv_err zv_sip_set_phones(struct zv_sip *sip, const struct zv_sip_phone *v, uint32_t n)
{
	struct phone_list *list;

	if (!sip->params.phones.on || n > sip->params.phones.max_phones)
		return ZV_EINVAL;
	list = calloc(1, sizeof(*list) + n * sizeof(list->v[0]));
	if (list == NULL)
		return ZV_ENOMEM;
	list->n = n;
	for (uint32_t i = 0; i < n; i++)
		list->v[i] = v[i];
	/* What the shard has not looked at yet is out of date. */
	free(atomic_exchange(&sip->phones_next, list));
	return ZV_OK;
}

bool zv_sip_registered(struct zv_sip *sip, uint32_t agent, struct zv_sip_registration *ret)
{
	bool is;

	if (!sip->params.phones.on || agent >= sip->params.phones.max_phones)
		return false;
	(void)pthread_mutex_lock(&sip->seen_lock);
	is = sip->seen[agent].until_ms != 0;
	if (is)
		*ret = sip->seen[agent];
	(void)pthread_mutex_unlock(&sip->seen_lock);
	return is;
}
