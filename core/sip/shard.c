/* A shard: one thread, one root of the stack, its agents; its mailbox, its timers. */
#include "sip/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/su_tag.h>
#include <sofia-sip/tport_tag.h>

#include "base/log.h"
#include "sip/tls.h"

#define BATCH 64

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- events ---- */

void shard_flush(struct shard *s)
{
	while (s->backlog_n > 0 &&
	       zv_ring_push(s->rings->events, &s->backlog[s->backlog_first]) == ZV_OK) {
		s->backlog_first = (s->backlog_first + 1) % s->backlog_size;
		s->backlog_n--;
	}
}

void shard_tell(struct shard *s, const struct zv_event *ev)
{
	shard_flush(s);
	if (s->backlog_n == 0 && zv_ring_push(s->rings->events, ev) == ZV_OK)
		return;
	if (s->backlog_n == s->backlog_size) {
		zv_error("sip", "shard %u: an event is lost: the engine takes none", s->index);
		return;
	}
	s->backlog[(s->backlog_first + s->backlog_n) % s->backlog_size] = *ev;
	s->backlog_n++;
}

/* ---- legs by (key, sub) ---- */

static uint32_t bucket(const struct shard *s, struct zv_attempt_id key, uint8_t sub)
{
	return (uint32_t)zv_mix64(key.lo ^ zv_mix64(key.hi + sub)) & s->hash_mask;
}

struct leg *leg_find(struct shard *s, struct zv_attempt_id key, uint8_t sub)
{
	for (uint32_t i = s->hash[bucket(s, key, sub)]; i != NONE_LEG;
	     i = s->legs[i].hash_next)
		if (zv_attempt_eq(s->legs[i].key, key) && s->legs[i].sub == sub)
			return &s->legs[i];
	return NULL;
}

void leg_hash_in(struct leg *leg)
{
	struct shard *s = leg->shard;
	uint32_t *first = &s->hash[bucket(s, leg->key, leg->sub)];

	leg->hash_next = *first;
	*first = (uint32_t)(leg - s->legs);
}

void leg_hash_out(struct leg *leg)
{
	struct shard *s = leg->shard;
	uint32_t self = (uint32_t)(leg - s->legs);
	uint32_t *at = &s->hash[bucket(s, leg->key, leg->sub)];

	while (*at != self && *at != NONE_LEG)
		at = &s->legs[*at].hash_next;
	if (*at == self)
		*at = leg->hash_next;
	leg->hash_next = NONE_LEG;
}

/* ---- the wheel ---- */

static void wheel_out(struct leg *leg)
{
	struct shard *s = leg->shard;

	if (leg->wheel_slot == NONE_LEG)
		return;
	if (leg->wheel_prev != NONE_LEG)
		s->legs[leg->wheel_prev].wheel_next = leg->wheel_next;
	else
		s->wheel[leg->wheel_slot] = leg->wheel_next;
	if (leg->wheel_next != NONE_LEG)
		s->legs[leg->wheel_next].wheel_prev = leg->wheel_prev;
	leg->wheel_slot = leg->wheel_next = leg->wheel_prev = NONE_LEG;
}

/* Puts the leg where its earliest timer is, or a turn away if that is further. */
static void wheel_in(struct leg *leg)
{
	struct shard *s = leg->shard;
	int64_t at, far = s->wheel_ms + (int64_t)(WHEEL_SLOTS - 1) * TICK_MS;

	wheel_out(leg);
	leg->next_ms = 0;
	for (int i = 0; i < TIMERS; i++)
		if (leg->due_ms[i] != 0 && (leg->next_ms == 0 || leg->due_ms[i] < leg->next_ms))
			leg->next_ms = leg->due_ms[i];
	if (leg->next_ms == 0)
		return;
	at = leg->next_ms < s->wheel_ms + TICK_MS ? s->wheel_ms + TICK_MS : leg->next_ms;
	if (at > far)
		at = far;
	/* Rounded up: never early. */
	leg->wheel_slot = (uint32_t)((at + TICK_MS - 1) / TICK_MS) % WHEEL_SLOTS;
	leg->wheel_prev = NONE_LEG;
	leg->wheel_next = s->wheel[leg->wheel_slot];
	if (leg->wheel_next != NONE_LEG)
		s->legs[leg->wheel_next].wheel_prev = (uint32_t)(leg - s->legs);
	s->wheel[leg->wheel_slot] = (uint32_t)(leg - s->legs);
}

void leg_set_timer(struct leg *leg, enum timer timer, int64_t in_ms)
{
	int64_t due = in_ms < 0 ? 0 : now_ms() + in_ms;

	if (due == leg->due_ms[timer])
		return;
	leg->due_ms[timer] = due;
	/* A later or dropped timer is found out when its slot comes. */
	if (due != 0 && (leg->next_ms == 0 || due < leg->next_ms))
		wheel_in(leg);
}

void leg_stop_timers(struct leg *leg)
{
	memset(leg->due_ms, 0, sizeof(leg->due_ms));
	leg->next_ms = 0;
	wheel_out(leg);
}

/* Fires what is due.  A signal may close the leg: then its timers are off. */
static void leg_timers(struct leg *leg, int64_t now)
{
	for (int i = 0; i < TIMERS; i++) {
		if (leg->due_ms[i] == 0 || leg->due_ms[i] > now)
			continue;
		leg->due_ms[i] = 0;
		call_signal(leg, &(struct signal){.type = (enum signal_type)(SIG_RING + i)});
		if (leg->state == LEG_FREE)
			return;
	}
	wheel_in(leg);
}

void shard_turn_wheel(struct shard *s, int64_t now)
{
	/* After a long stall one whole turn looks at every leg; more would look again.  Whole
	 * ticks: else what is a turn away (wheel_in) would land in the slot at hand, for ever. */
	if (now - s->wheel_ms > (int64_t)WHEEL_SLOTS * TICK_MS)
		s->wheel_ms = (now / TICK_MS - WHEEL_SLOTS) * TICK_MS;
	while (s->wheel_ms + TICK_MS <= now) {
		uint32_t slot, i;

		s->wheel_ms += TICK_MS;
		slot = (uint32_t)(s->wheel_ms / TICK_MS) % WHEEL_SLOTS;
		/* What is put in while we look goes to a later slot: wheel_in. */
		while ((i = s->wheel[slot]) != NONE_LEG) {
			wheel_out(&s->legs[i]);
			leg_timers(&s->legs[i], now);
		}
	}
}

/* ---- the mailbox ---- */

bool leg_is(const struct shard *s, struct zv_leg_id id)
{
	const struct zv_sip_params *p = &s->sip->params;
	uint64_t end = p->max_legs;

	if (p->phones.on)
		end += (uint64_t)p->phones.max_phones + p->phones.max_side;
	return id.slot < end && zv_sip_shard(id.slot, p->max_legs, p->n_shards) == s->index;
}

struct leg *leg_at(struct shard *s, uint32_t slot)
{
	const struct zv_sip_params *p = &s->sip->params;

	return &s->legs[s->phones != NULL ? slot - p->max_legs : slot / p->n_shards];
}

static void take_command(struct shard *s, const struct zv_cmd *cmd)
{
	bool phone = cmd->type == ZV_CMD_DIAL && cmd->u.dial.phone && s->phones != NULL;
	struct leg *leg;

	if (s->phones != NULL && (cmd->type == ZV_CMD_ACCEPT || cmd->type == ZV_CMD_REJECT)) {
		incoming_command(s, cmd);
		return;
	}
	/* HANGUP and CANCEL of a phone name no trunk. */
	if (!leg_is(s, cmd->leg) ||
	    (cmd->type == ZV_CMD_DIAL && !phone && cmd->trunk >= s->sip->params.n_trunks)) {
		zv_error("sip", "a command for slot %u, trunk %u is not for shard %u",
			 cmd->leg.slot, (unsigned)cmd->trunk, s->index);
		return;
	}
	if (cmd->type == ZV_CMD_DIAL) {
		call_dial(s, cmd);
		return;
	}
	leg = leg_at(s, cmd->leg.slot);
	/* A late command for an earlier use of the slot means nothing. */
	if (leg->state == LEG_FREE || leg->id.gen != cmd->leg.gen)
		return;
	if (cmd->type == ZV_CMD_CANCEL || cmd->type == ZV_CMD_HANGUP)
		call_signal(leg, &(struct signal){
					 .type = cmd->type == ZV_CMD_CANCEL ? SIG_CANCEL
									    : SIG_HANGUP});
}

uint32_t shard_take_mail(struct shard *s)
{
	struct zv_cmd cmds[BATCH];
	struct zv_dialog_ack acks[BATCH];
	uint32_t n, taken = 0, all = 0;

	do {
		n = zv_ring_pop(s->rings->dialog_acks, acks, BATCH);
		for (uint32_t i = 0; i < n; i++) {
			struct leg *leg;

			if (!leg_is(s, acks[i].leg))
				continue;
			leg = leg_at(s, acks[i].leg.slot);
			if (leg->state == LEG_ACK_WAIT && leg->id.gen == acks[i].leg.gen)
				call_signal(leg, &(struct signal){.type = SIG_ACK});
		}
		all += n;
	} while (n == BATCH);
	do {
		n = zv_ring_pop(s->rings->commands, cmds, BATCH);
		for (uint32_t i = 0; i < n; i++)
			take_command(s, &cmds[i]);
		taken += n;
	} while (n == BATCH && taken < 4 * BATCH);
	s->flooded |= taken >= 4 * BATCH;
	return all + taken;
}

/* ---- creation ---- */

static bool port_is_free(const struct zv_ip *local, uint16_t port, int type)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool v6 = local->family == 6;
	int one = 1, err;
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	memcpy(&six.sin6_addr, local->bytes, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, local->bytes, sizeof(four.sin_addr));
	/* TCP: a port of connections that linger is free, as for the stack. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	err = bind(fd, v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four,
		   v6 ? sizeof(six) : sizeof(four)) == 0 ? 0 : errno;
	close(fd);
	errno = err;
	return err == 0;
}

static enum zv_err agent_create(struct shard *s, uint32_t k, char *text, size_t text_size)
{
	const struct zv_sip_params *p = &s->sip->params;
	struct agent *a = &s->agents[k];
	const struct zv_ip *local = s->phones != NULL ? &p->phones.ip : &p->local_ip;
	unsigned port = s->phones != NULL ? p->phones.port
					  : p->port_first + s->index * p->agents + k;
	uint32_t idle_ms = ((p->phones.expires_max_s < 86400 ? p->phones.expires_max_s : 86400) + 60) *
			   1000;
	uint32_t t1x64 = 8000;
	char ip[46], url[112];

	for (uint32_t i = 0; i < p->n_trunks; i++)
		if (p->trunks[i].t1x64_ms > t1x64)
			t1x64 = p->trunks[i].t1x64_ms;
	a->shard = s;
	zv_ip_text(local, ip);
	(void)snprintf(a->contact, sizeof(a->contact),
		       local->family == 6 ? "<sip:[%s]:%u>" : "<sip:%s:%u>", ip, port);
	(void)snprintf(a->contact_tcp, sizeof(a->contact_tcp),
		       local->family == 6 ? "<sip:[%s]:%u;transport=tcp>"
					       : "<sip:%s:%u;transport=tcp>",
		       ip, port);
	(void)snprintf(url, sizeof(url),
		       local->family == 6 ? "sip:[%s]:%u;transport=udp"
					       : "sip:%s:%u;transport=udp",
		       ip, port);
	/* Asked beforehand: the stack forgets why a port could not be had. */
	if (!port_is_free(local, (uint16_t)port, SOCK_DGRAM) ||
	    (s->tcp && !port_is_free(local, (uint16_t)port, SOCK_STREAM))) {
		(void)snprintf(text, text_size, "SIP port %s:%u: %s", ip, port, strerror(errno));
		return errno == EADDRINUSE ? ZV_EEXIST : ZV_EIO;
	}
	/* Not NTATAG_UA(1): then the stack would answer a fork's 200 itself, with a BYE to
	 * whatever name stands in its Contact (a blocking DNS query and the asserts behind it),
	 * and abort on an ACK without its INVITE.  Here every 2xx comes to us. */
	a->nta = nta_agent_create(s->root, (const url_string_t *)(const void *)url, stray_message,
				  a, NTATAG_UA(0), NTATAG_TIMER_C(86400 * 1000),
				  NTATAG_PASS_100(1), NTATAG_USE_NAPTR(0), NTATAG_USE_SRV(0),
				  NTATAG_UDP_MTU(65535), NTATAG_SIP_T1X64(t1x64),
				  TAG_IF(s->phones != NULL, NTATAG_MAXSIZE(65536)),
				  TPTAG_UDP_RMEM(16 << 20), TPTAG_UDP_WMEM(4 << 20), TAG_END());
	/* One transport at a time: a list of them makes this version use a dead array. */
	if (s->tcp)
		memcpy(strstr(url, "=udp"), "=tcp", 4);
	if (a->nta != NULL &&
	    (!s->tcp ||
	     nta_agent_add_tport(a->nta, (const url_string_t *)(const void *)url,
				 /* a phone's connection without a byte for longer than that */
				 TAG_IF(s->phones != NULL, TPTAG_IDLE(idle_ms)),
				 TAG_IF(s->phones != NULL, TPTAG_PONG2PING(1)), TAG_END()) == 0))
		return ZV_OK;
	(void)snprintf(text, text_size, "SIP port %s:%u: the stack cannot use it", ip, port);
	return ZV_EIO;
}

enum zv_err shard_create(struct zv_sip *sip, uint32_t index, char *text, size_t text_size)
{
	struct shard *s = &sip->shards[index];
	const struct zv_sip_params *p = &sip->params;
	enum zv_err err = ZV_ENOMEM;
	uint32_t buckets = 64, n_agents = p->agents;

	s->sip = sip;
	s->index = index;
	s->n_legs = (p->max_legs + p->n_shards - 1) / p->n_shards;
	s->tcp = sip->tcp;
	if (index == p->n_shards) {
		s->n_legs = p->phones.max_phones + p->phones.max_side;
		s->tcp = true;
		n_agents = 1;
		err = phones_create(s);
		if (err == ZV_OK)
			err = incoming_create(s);
		if (err != ZV_OK)
			return err;
	}
	while (buckets < s->n_legs)
		buckets <<= 1;
	s->hash_mask = buckets - 1;
	s->backlog_size = s->n_legs * EVENTS_PER_LEG + 4 * p->phones.max_phones + 256;
	s->cnonce = (uint64_t)now_ms() << 20 | index;
	s->legs = calloc(s->n_legs, sizeof(*s->legs));
	s->hash = malloc(buckets * sizeof(*s->hash));
	s->backlog = calloc(s->backlog_size, sizeof(*s->backlog));
	s->trunks = calloc(p->n_trunks, sizeof(*s->trunks));
	s->agents = calloc(n_agents, sizeof(*s->agents));
	s->root = su_root_create(s);
	if (s->legs == NULL || s->hash == NULL || s->backlog == NULL || s->trunks == NULL ||
	    s->agents == NULL || s->root == NULL)
		return ZV_ENOMEM;
	memset(s->hash, 0xff, buckets * sizeof(*s->hash));
	memset(s->wheel, 0xff, sizeof(s->wheel));
	for (uint32_t i = 0; i < p->n_trunks; i++)
		trunk_init(s, &s->trunks[i], (uint16_t)i);
	err = ZV_OK;
	for (; s->n_agents < n_agents && err == ZV_OK; s->n_agents++)
		err = agent_create(s, s->n_agents, text, text_size);
	if (err == ZV_OK)
		err = tls_create(s, text, text_size);
	(void)su_root_release(s->root); /* the shard's thread obtains it */
	return err;
}

void shard_destroy(struct shard *s)
{
	if (s->root != NULL)
		(void)su_root_obtain(s->root);
	phones_destroy(s);
	incoming_destroy(s);
	if (s->root != NULL) {
		for (uint32_t i = 0; i < s->n_agents; i++)
			nta_agent_destroy(s->agents[i].nta);
		tls_destroy(s);
		su_root_destroy(s->root);
	}
	free(s->legs);
	free(s->hash);
	free(s->backlog);
	free(s->trunks);
	free(s->agents);
}
