/* Agents' phones: who may register, and where each is.  Of the phones' shard; what other threads
 * may know is copied under a lock that nobody holds for long. */
#include "sip/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/tport.h>

#include "base/log.h"

#define LOOK_MS 200
#define GUARD_SETS 256 /* of eight: addresses that guessed lately */
#define SESSION_S 300  /* asked of phones; RFC 4028 */
#define SILENT_MS 8000 /* a phone that says nothing at all to its INVITE */

/* ---- users ---- */

static uint32_t user_bucket(const struct shard *s, const char *user)
{
	return (uint32_t)zv_siphash(&s->sip->params.secret, user, strlen(user)) & s->phones->mask;
}

struct phone *phone_of(struct shard *s, const char *user)
{
	struct phones *p = s->phones;

	for (uint32_t i = user_bucket(s, user); p->by_user[i] != NONE_LEG; i = (i + 1) & p->mask)
		if (strcmp(p->v[p->by_user[i]].user, user) == 0)
			return &p->v[p->by_user[i]];
	return NULL;
}

static void index_users(struct shard *s)
{
	struct phones *p = s->phones;

	memset(p->by_user, 0xff, (p->mask + 1) * sizeof(*p->by_user));
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t at = user_bucket(s, p->v[i].user);

		if (p->v[i].user[0] == 0)
			continue;
		while (p->by_user[at] != NONE_LEG)
			at = (at + 1) & p->mask;
		p->by_user[at] = i;
	}
}

/* ---- registered, gone ---- */

/* For zv_sip_registered. */
static void show(struct shard *s, const struct phone *p)
{
	struct zv_sip_registration r = {.until_ms = p->on ? p->until_ms : 0};

	(void)snprintf(r.contact, sizeof(r.contact), "%.127s", p->contact);
	(void)snprintf(r.agent, sizeof(r.agent), "%s", p->agent);
	(void)pthread_mutex_lock(&s->sip->seen_lock);
	s->sip->seen[p - s->phones->v] = r;
	(void)pthread_mutex_unlock(&s->sip->seen_lock);
}

static void tell(struct shard *s, const struct phone *p)
{
	struct zv_event ev = {.type = ZV_EV_PHONE, .code = (uint32_t)(p - s->phones->v)};

	ev.leg.slot = ZV_SLOT_NONE;
	ev.u.state.on = p->on;
	shard_tell(s, &ev);
}

/* The leg of an agent who registers anew may be one of a phone that is no more: ask it. */
static void probe(struct shard *s, const struct phone *p)
{
	struct leg *leg = &s->legs[p - s->phones->v];

	if (leg->phone && leg->state == LEG_TALKING)
		(void)send_refresh(leg);
}

void phone_changed(struct shard *s, struct phone *p, bool moved)
{
	show(s, p);
	if (!moved)
		return;
	zv_info("sip", "phone of %s is at %s", p->user, p->contact);
	tell(s, p);
	probe(s, p);
}

void phone_gone(struct shard *s, struct phone *p, const char *why)
{
	if (p->tport != NULL)
		tport_unref(p->tport);
	p->tport = NULL;
	if (!p->on)
		return;
	zv_info("sip", "phone of %s is gone: %s", p->user, why);
	p->on = false;
	show(s, p);
	tell(s, p);
}

/* ---- where ---- */

bool source_of(const msg_t *msg, struct zv_ip *ret_ip, uint16_t *ret_port)
{
	const su_sockaddr_t *su = msg_addr((msg_t *)(uintptr_t)msg);

	memset(ret_ip, 0, sizeof(*ret_ip));
	if (su == NULL || (su->su_family != AF_INET && su->su_family != AF_INET6))
		return false;
	ret_ip->family = su->su_family == AF_INET6 ? 6 : 4;
	memcpy(ret_ip->bytes, SU_ADDR(su), ret_ip->family == 6 ? 16 : 4);
	*ret_port = ntohs(su->su_port);
	return true;
}

bool is_phone_at(const struct shard *s, const struct zv_ip *ip, uint16_t port)
{
	char text[46], hop[80];

	zv_ip_text(ip, text);
	(void)snprintf(hop, sizeof(hop), ip->family == 6 ? "sip:[%s]:%u;" : "sip:%s:%u;", text,
		       (unsigned)port);
	for (uint32_t i = 0; i < s->phones->n; i++)
		if (s->phones->v[i].on &&
		    strncmp(s->phones->v[i].hop, hop, strlen(hop)) == 0)
			return true;
	return false;
}

static bool is_private(const struct zv_ip *ip)
{
	const uint8_t *b = ip->bytes;

	if (ip->family == 6)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64) || (b[0] == 169 && b[1] == 254);
}

void leg_follow(struct leg *leg, const msg_t *msg, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	const char *by = sip->sip_via != NULL ? sip_via_transport(sip->sip_via) : NULL;
	char ip_text[46], hop[96], *contact = NULL;
	struct zv_ip ip;
	uint16_t port;

	if (sip->sip_contact != NULL && sip->sip_contact->m_url->url_type == url_sip) {
		url_t url[1] = {*sip->sip_contact->m_url};

		url->url_headers = NULL;
		contact = url_as_string(home, url);
	}
	if (contact != NULL && strlen(contact) < TEXT_MAX_BYTES)
		(void)keep_text(&leg->contact, contact);
	su_home_deinit(home);
	if (!leg->hop_only || leg->route != NULL || by == NULL || !source_of(msg, &ip, &port))
		return;
	leg->tcp = strcasecmp(by, "TCP") == 0;
	zv_ip_text(&ip, ip_text);
	(void)snprintf(hop, sizeof(hop), ip.family == 6 ? "sip:[%s]:%u;transport=%s"
							: "sip:%s:%u;transport=%s",
		       ip_text, (unsigned)port, leg->tcp ? "tcp" : "udp");
	(void)keep_text(&leg->hop, hop);
	if (leg->nat_ip.family != 0)
		leg->nat_ip = ip;
}

void phone_media(const struct leg *leg, struct zv_sdp_media *media)
{
	if (leg->phone && leg->nat_ip.family == media->ip.family && is_private(&media->ip))
		media->ip = leg->nat_ip;
}

/* Who we are to a phone: the realm, if it can stand in a URI. */
static void our_address(const struct leg *leg, char *to, size_t size)
{
	const struct zv_sip_params *p = &leg->shard->sip->params;
	const char *realm = p->phones.realm;
	char ip[46];

	if (strspn(realm, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") ==
	    strlen(realm)) {
		(void)snprintf(to, size, "\"zvonar\" <sip:zvonar@%s>", realm);
		return;
	}
	zv_ip_text(&p->phones.ip, ip);
	(void)snprintf(to, size, p->phones.ip.family == 6 ? "\"zvonar\" <sip:zvonar@[%s]:%u>"
							  : "\"zvonar\" <sip:zvonar@%s:%u>",
		       ip, (unsigned)p->phones.port);
}

void phone_dial(struct leg *leg, uint32_t agent)
{
	struct phones *all = leg->shard->phones;
	char local[160], remote[CONTACT_MAX + 4];
	const struct phone *p;

	leg->agent_index = agent;
	if (all == NULL || agent >= all->n || !all->v[agent].on)
		return;
	p = &all->v[agent];
	our_address(leg, local, sizeof(local));
	(void)snprintf(remote, sizeof(remote), "<%s>", p->contact);
	leg->tcp = p->tcp;
	leg->hop_only = p->hop_only;
	leg->nat_ip = p->nat_ip;
	if (!keep_text(&leg->local, local) || !keep_text(&leg->remote, remote) ||
	    !keep_text(&leg->request_uri, p->contact) ||
	    (p->route[0] != 0 && !keep_text(&leg->route, p->route)))
		return;
	(void)keep_text(&leg->hop, p->hop);
}

/* ---- the list from the main thread ---- */

static void set_fixed(struct shard *s, struct phone *p, const char *contact)
{
	char hop[sizeof(p->hop)];

	if (!plain_hop(contact, false, false, hop, sizeof(hop))) {
		zv_error("sip", "phone of %s: %s has no numeric address", p->user, contact);
		return;
	}
	p->fixed = p->on = true;
	p->direct = true;
	p->tcp = strstr(hop, ";transport=tcp") != NULL;
	p->hop_only = false;
	p->route[0] = 0;
	p->nat_ip.family = 0;
	p->until_ms = INT64_MAX;
	(void)snprintf(p->contact, sizeof(p->contact), "%s", contact);
	memcpy(p->hop, hop, sizeof(p->hop));
	phone_changed(s, p, true);
}

static void set_phone(struct shard *s, struct phone *p, const struct zv_sip_phone *to)
{
	bool same = strcmp(p->user, to->user) == 0 && strcmp(p->ha1, to->ha1) == 0 &&
		    p->fixed == (to->contact[0] != 0) &&
		    (!p->fixed || strcmp(p->contact, to->contact) == 0);

	if (same)
		return;
	phone_gone(s, p, "its settings changed");
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->user, sizeof(p->user), "%s", to->user);
	(void)snprintf(p->ha1, sizeof(p->ha1), "%s", to->ha1);
	for (char *c = p->ha1; *c != 0; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	if (to->contact[0] != 0)
		set_fixed(s, p, to->contact);
}

static void take_list(struct shard *s)
{
	struct phone_list *list = atomic_exchange(&s->sip->phones_next, NULL);
	static const struct zv_sip_phone nobody;
	struct phones *all = s->phones;

	if (list == NULL)
		return;
	for (uint32_t i = 0; i < list->n || i < all->n; i++)
		set_phone(s, &all->v[i], i < list->n ? &list->v[i] : &nobody);
	all->n = list->n;
	index_users(s);
	free(list);
}

/* ---- the shard ---- */

enum zv_err phones_create(struct shard *s)
{
	const struct zv_sip_phones *conf = &s->sip->params.phones;
	struct phones *p = calloc(1, sizeof(*p));
	uint32_t buckets = 16;
	char ip[46];

	if (p == NULL)
		return ZV_ENOMEM;
	s->phones = p;
	p->born_ms = now_ms();
	while (buckets < 2 * conf->max_phones)
		buckets <<= 1;
	p->mask = buckets - 1;
	p->v = calloc(conf->max_phones, sizeof(*p->v));
	p->by_user = malloc(buckets * sizeof(*p->by_user));
	if (p->v == NULL || p->by_user == NULL || zv_guard_create(GUARD_SETS, &p->guard) != ZV_OK)
		return ZV_ENOMEM;
	memset(p->by_user, 0xff, buckets * sizeof(*p->by_user));
	zv_ip_text(&conf->ip, ip);
	s->phone_conf = (struct zv_sip_trunk){
		.name = "phones", .ip = conf->ip, .port = conf->port, .t1x64_ms = SILENT_MS,
		.session_expires_s = SESSION_S};
	s->phone_trunk = (struct trunk){.conf = &s->phone_conf, .shared = &s->phone_shared,
					.shard = s};
	(void)snprintf(s->phone_trunk.hop, sizeof(s->phone_trunk.hop), "sip:%s:%u;transport=udp",
		       ip, (unsigned)conf->port);
	return ZV_OK;
}

void phones_destroy(struct shard *s)
{
	struct phones *p = s->phones;

	if (p == NULL)
		return;
	for (uint32_t i = 0; p->v != NULL && i < p->n; i++)
		if (p->v[i].tport != NULL)
			tport_unref(p->v[i].tport);
	zv_guard_destroy(p->guard);
	free(p->v);
	free(p->by_user);
	free(p);
	s->phones = NULL;
}

void phones_tick(struct shard *s, int64_t now)
{
	struct phones *p = s->phones;
	uint32_t on = 0;

	if (now - p->look_ms < LOOK_MS)
		return;
	p->look_ms = now;
	take_list(s);
	for (uint32_t i = 0; i < p->n; i++) {
		struct phone *one = &p->v[i];

		if (one->on && now >= one->until_ms)
			phone_gone(s, one, "its registration is over");
		/* The connection is shut: what listens at its Contact may still be reached. */
		if (one->tport != NULL && tport_is_shutdown(one->tport)) {
			tport_unref(one->tport);
			one->tport = NULL;
			probe(s, one);
			if (!one->direct ||
			    !plain_hop(one->contact, false, true, one->hop, sizeof(one->hop)))
				phone_gone(s, one, "its connection is closed");
		}
		on += one->on;
	}
	atomic_store_explicit(&s->stats.registered, on, memory_order_relaxed);
}
