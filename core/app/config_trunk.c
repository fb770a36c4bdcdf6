/* Trunks and the plan of RTP ports. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "app/config_build.h"

static int64_t number(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_number(&zv_config_schema, ZV_TRUNK_PATH, node, path);
}

static void text(const struct zv_conf_node *node, const char *path, char *to, size_t cap)
{
	const char *t = zv_conf_value(&zv_config_schema, ZV_TRUNK_PATH, node, path);

	(void)snprintf(to, cap, "%s", t != NULL ? t : "");
}

static bool is_loopback(const struct zv_ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip->family == 4 ? ip->bytes[0] == 127 :
				 ip->family == 6 && memcmp(ip->bytes, one, 16) == 0;
}

/* The first address of the family in which we send. */
static bool resolve(const char *host, uint8_t family, struct zv_ip *ret_ip)
{
	struct addrinfo hints = {.ai_family = family == 4 ? AF_INET : AF_INET6,
				 .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, NULL, &hints, &found) != 0 || found == NULL)
		return false;
	memset(ret_ip, 0, sizeof(*ret_ip));
	ret_ip->family = family;
	if (family == 4)
		memcpy(ret_ip->bytes,
		       &((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr, 4);
	else
		memcpy(ret_ip->bytes,
		       &((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr, 16);
	freeaddrinfo(found);
	return true;
}

static void build_host(struct zv_config_build *b, const struct zv_conf_node *node,
		       struct zv_sip_trunk *t)
{
	const struct zv_conf_node *at = zv_conf_get(node, "host");
	const char *value = zv_conf_text(at);
	uint8_t family = b->config->sip.local_ip.family;
	char host[256];

	if (value == NULL || zv_conf_endpoint(value, host, sizeof(host), &t->port) != ZV_OK)
		return; /* told by the check */
	if (t->port == 0)
		t->port = t->transport == ZV_SIP_TLS ? 5061 : 5060;
	if (t->tls.name[0] == 0)
		(void)snprintf(t->tls.name, sizeof(t->tls.name), "%.127s", host);
	if (!resolve(host, family, &t->ip)) {
		zv_conf_error(b->sink, at, "trunks.%s.host: '%s' has no IPv%u address (sip.local_ip is IPv%u)",
			      t->name, host, family, family);
		return;
	}
	if (b->config->engine.fast_forward && !is_loopback(&t->ip))
		zv_conf_error(b->sink, at,
			      "trunks.%s.host: '%s' is not on loopback: calendar.fast_forward is "
			      "for simulated carriers only",
			      t->name, host);
}

static void build_secrecy(struct zv_config_build *b, const struct zv_conf_node *node, struct zv_sip_trunk *t)
{
	t->tls.verify = number(node, "tls.verify") != 0;
	text(node, "tls.name", t->tls.name, sizeof(t->tls.name));
	text(node, "tls.ca", t->tls.ca, sizeof(t->tls.ca));
	text(node, "tls.certificate", t->tls.certificate, sizeof(t->tls.certificate));
	text(node, "tls.key", t->tls.key, sizeof(t->tls.key));
	t->srtp = (uint8_t)number(node, "srtp");
	if (zv_conf_get(node, "tls") != NULL && t->transport != ZV_SIP_TLS)
		zv_conf_error_key(b->sink, zv_conf_get(node, "tls"),
				  "trunks.%s.tls: means something with transport: tls only", t->name);
	if ((t->tls.certificate[0] == 0) != (t->tls.key[0] == 0))
		zv_conf_error_key(b->sink, zv_conf_get(node, "tls"),
				  "trunks.%s.tls: certificate and key go together", t->name);
	if (t->srtp != ZV_SRTP_OFF && t->transport != ZV_SIP_TLS && number(node, "srtp_over_plain") == 0)
		zv_conf_error(b->sink, zv_conf_get(node, "srtp"),
			      "trunks.%s.srtp: its keys stand in the SDP, readable by anybody unless "
			      "transport is tls; srtp_over_plain: yes does it all the same",
			      t->name);
}

static void build_sip_trunk(struct zv_config_build *b, const struct zv_conf_node *node,
			    struct zv_sip_trunk *t)
{
	t->transport = (uint8_t)number(node, "transport");
	build_secrecy(b, node, t);
	t->redirect = (uint8_t)number(node, "redirect");
	t->privacy = (uint8_t)number(node, "privacy");
	t->number_format = (uint8_t)number(node, "number_format");
	t->p_asserted = number(node, "p_asserted") != 0;
	text(node, "domain", t->domain, sizeof(t->domain));
	text(node, "realm", t->realm, sizeof(t->realm));
	text(node, "user", t->user, sizeof(t->user));
	text(node, "password", t->password, sizeof(t->password));
	if (t->password[0] != 0 && t->user[0] == 0)
		zv_conf_error_key(b->sink, node, "trunks.%s: a password needs a user", t->name);
	t->options_s = (uint32_t)(number(node, "options_interval") / 1000);
	t->t1x64_ms = (uint32_t)number(node, "no_answer_after");
	t->unanswered_max = (uint32_t)zv_conf_number(
		&zv_config_schema, "", zv_conf_root(b->config->files->tree), "sip.unanswered_max");
	t->breaker_failures = (uint32_t)number(node, "breaker_failures");
	t->breaker_rest_s = (uint32_t)(number(node, "breaker_rest") / 1000);
	t->inbound = number(node, "inbound") != 0;
	t->session_expires_s = (uint32_t)(number(node, "session_expires") / 1000);
	if (t->session_expires_s != 0 && t->session_expires_s < 90)
		zv_conf_error(b->sink, zv_conf_get(node, "session_expires"),
			      "trunks.%s.session_expires: at least 90s (RFC 4028), or 0", t->name);
	build_host(b, node, t);
}

/* "486" or "480/20" */
static bool parse_status(const char *key, struct zv_outcome_row *row)
{
	char *end;
	unsigned long status = strtoul(key, &end, 10), cause = 0;

	if (end != key + 3 || status < 300 || status > 699)
		return false;
	if (*end == '/') {
		const char *from = end + 1;

		cause = strtoul(from, &end, 10);
		if (end == from || *from < '0' || *from > '9' || cause < 1 || cause > 127)
			return false;
	}
	row->sip_code = (uint16_t)status;
	row->q850 = (uint16_t)cause;
	return *end == 0;
}

static void build_outcomes(struct zv_config_build *b, const struct zv_conf_node *node,
			   struct zv_trunk_conf *t)
{
	/* in the order of the row's words */
	static const uint8_t outcomes[] = {ZV_OUT_UNREACHABLE, ZV_OUT_NO_ANSWER, ZV_OUT_BUSY,
					   ZV_OUT_REJECTED,    ZV_OUT_MACHINE,	 ZV_OUT_FAILED};
	static const char *const words[] = {"unreachable", "no_answer", "busy",
					    "rejected",	   "machine",	"failed"};
	const struct zv_conf_node *map = zv_conf_get(node, "outcomes");

	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const struct zv_conf_node *entry = zv_conf_at(map, i);
		const char *word = zv_conf_text(entry);
		struct zv_outcome_row row = {0};

		if (t->n_overrides == ZV_OVERRIDES_MAX) {
			zv_conf_error_key(b->sink, entry, "trunks.%s.outcomes: at most %d rows",
					  t->name, ZV_OVERRIDES_MAX);
			return;
		}
		if (!parse_status(zv_conf_key(map, i), &row)) {
			zv_conf_error_key(b->sink, entry,
					  "trunks.%s.outcomes: '%.40s' is no SIP status; allowed: 300 to "
					  "699, and /1 to /127 for a Q.850 cause",
					  t->name, zv_conf_key(map, i));
			continue;
		}
		for (size_t k = 0; word != NULL && k < sizeof(outcomes); k++)
			if (strcmp(word, words[k]) == 0)
				row.outcome = outcomes[k];
		t->overrides[t->n_overrides++] = row;
	}
}

static void build_routing(struct zv_config_build *b, const struct zv_conf_node *node,
			  struct zv_trunk_conf *t)
{
	const struct zv_conf_node *list = zv_conf_get(node, "prefixes");

	t->enabled = number(node, "enabled") != 0;
	t->cps = (uint32_t)number(node, "cps");
	t->channels = (uint32_t)number(node, "channels");
	t->unanswered_max = (uint32_t)number(node, "unanswered_max");
	t->priority = (uint8_t)number(node, "priority");
	t->weight = (uint32_t)number(node, "weight");
	t->cost = (uint32_t)number(node, "cost");
	if (zv_conf_count(list) > ZV_PREFIXES_MAX)
		zv_conf_error(b->sink, list, "trunks.%s.prefixes: at most %d", t->name, ZV_PREFIXES_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && i < ZV_PREFIXES_MAX; i++) {
		const char *digits = zv_conf_text(zv_conf_at(list, i));

		if (digits == NULL || strlen(digits) > 15)
			continue;
		t->prefixes[t->n_prefixes].value = strtoull(digits, NULL, 10);
		t->prefixes[t->n_prefixes++].digits = (uint8_t)strlen(digits);
	}
	list = zv_conf_get(node, "callers");
	if (zv_conf_count(list) > ZV_CALLERS_MAX)
		zv_conf_error(b->sink, list, "trunks.%s.callers: at most %d", t->name, ZV_CALLERS_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && i < ZV_CALLERS_MAX; i++) {
		const char *phone = zv_conf_text(zv_conf_at(list, i));

		if (phone != NULL && zv_conf_phone(phone, &t->callers[t->n_callers]) == ZV_OK)
			t->n_callers++;
	}
	build_outcomes(b, node, t);
}

static void build_networks(struct zv_config_build *b, const struct zv_conf_node *node,
			   const char *name, struct zv_media_trunk *t)
{
	const struct zv_conf_node *list = zv_conf_get(node, "media_networks");

	t->asymmetric = number(node, "asymmetric") != 0;
	if (zv_conf_count(list) > ZV_MEDIA_NETWORKS_MAX)
		zv_conf_error(b->sink, list, "trunks.%s.media_networks: at most %d", name,
			      ZV_MEDIA_NETWORKS_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && i < ZV_MEDIA_NETWORKS_MAX; i++) {
		struct zv_network *n = &t->networks[t->n_networks];
		const char *value = zv_conf_text(zv_conf_at(list, i));
		struct zv_conf_ip ip;

		if (value == NULL || zv_conf_network(value, &ip, &n->bits) != ZV_OK)
			continue;
		n->ip = zv_config_ip(&ip);
		t->n_networks++;
	}
}

void zv_config_build_trunks(struct zv_config_build *b)
{
	const struct zv_conf_node *nodes[ZV_TRUNKS_MAX];
	const char *names[ZV_TRUNKS_MAX];
	struct zv_config *c = b->config;
	struct zv_config_ordered order = {nodes, names, 0, ZV_TRUNKS_MAX};
	uint32_t n = zv_config_order(b, "trunks", &order);
	struct zv_sip_params ports;

	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(c->engine.trunks[i].name, sizeof(c->engine.trunks[i].name), "%s",
			       names[i]);
		(void)snprintf(c->sip_trunks[i].name, sizeof(c->sip_trunks[i].name), "%s", names[i]);
		build_routing(b, nodes[i], &c->engine.trunks[i]);
		build_sip_trunk(b, nodes[i], &c->sip_trunks[i]);
		build_networks(b, nodes[i], names[i], &c->media_trunks[i]);
	}
	ports = c->sip;
	ports.trunks = c->sip_trunks;
	ports.n_trunks = n;
	if (ports.port_first + zv_sip_ports(&ports) > 65536)
		zv_conf_error(b->sink, zv_conf_find(zv_conf_root(c->files->tree), "sip.port_first"),
			      "sip.port_first: with a port for each trunk by TLS they pass 65535");
	c->engine.n_trunks = c->sip.n_trunks = c->media.n_trunks = n;
	c->sip.trunks = c->sip_trunks;
	c->media.trunks = c->media_trunks;
}

/* ---- media ---- */

/* The kernel gives these ports to whoever asks for any; false: not known. */
static bool ephemeral_ports(uint32_t *ret_low, uint32_t *ret_high)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	bool known = f != NULL && fscanf(f, "%u %u", ret_low, ret_high) == 2;

	if (f != NULL)
		fclose(f);
	return known;
}

static bool same_ip(const struct zv_ip *a, const struct zv_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

/* Ports first..last, odd ones too, of an address against the kernel's, SIP's and earlier ranges. */
static void check_range(struct zv_config_build *b, const struct zv_conf_node *at,
			const struct zv_media_range *r, uint32_t last)
{
	const struct zv_config *c = b->config;
	uint32_t sip_last = c->sip.port_first + zv_sip_ports(&c->sip) - 1u;
	uint32_t low, high;

	if (ephemeral_ports(&low, &high) && r->port_first <= high && last >= low)
		zv_conf_error(b->sink, at,
			      "media.ranges: ports %u-%u meet the kernel's ephemeral ports %u-%u: any "
			      "program may be given one; choose others or move "
			      "net.ipv4.ip_local_port_range",
			      r->port_first, last, low, high);
	if (same_ip(&r->ip, &c->sip.local_ip) && r->port_first <= sip_last &&
	    last >= c->sip.port_first)
		zv_conf_error(b->sink, at, "media.ranges: ports %u-%u meet SIP's own %u-%u",
			      r->port_first, last, c->sip.port_first, sip_last);
	for (uint32_t i = 0; i < c->plan.n_ranges; i++) {
		const struct zv_media_range *o = &c->plan.ranges[i];
		uint32_t o_last = o->port_first + 2u * o->n_ports - 1u;

		if (same_ip(&r->ip, &o->ip) && r->port_first <= o_last && last >= o->port_first)
			zv_conf_error(b->sink, at, "media.ranges: ports %u-%u stand twice",
				      r->port_first, last);
	}
}

/* One "ip:first-last". */
static void add_range(struct zv_config_build *b, const struct zv_conf_node *at, const char *value)
{
	struct zv_config *c = b->config;
	struct zv_media_range *r = &c->plan.ranges[c->plan.n_ranges];
	uint32_t first, last;
	struct zv_conf_ip ip;
	uint16_t p, q;

	if (value == NULL || zv_conf_ports(value, &ip, &p, &q) != ZV_OK)
		return; /* told by the check */
	first = p + (p & 1u);
	last = q;
	if (first > last || ip.family != c->sip.local_ip.family) {
		zv_conf_error(b->sink, at,
			      first > last ? "media.ranges: no even port there" :
					     "media.ranges: must be of sip.local_ip's family");
		return;
	}
	r->ip = zv_config_ip(&ip);
	r->port_first = (uint16_t)first;
	r->n_ports = (uint16_t)((last - first) / 2 + 1);
	check_range(b, at, r, first + 2u * r->n_ports - 1u);
	c->plan.n_slots += r->n_ports;
	c->plan.n_ranges++;
}

static void build_ranges(struct zv_config_build *b, const struct zv_conf_node *root)
{
	const struct zv_conf_node *list = zv_conf_find(root, "media.ranges");
	char def[80];

	if (zv_conf_count(list) > ZV_MEDIA_ADDRS_MAX)
		zv_conf_error(b->sink, list, "media.ranges: at most %d", ZV_MEDIA_ADDRS_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && i < ZV_MEDIA_ADDRS_MAX; i++)
		add_range(b, zv_conf_at(list, i), zv_conf_text(zv_conf_at(list, i)));
	if (zv_conf_count(list) > 0)
		return;
	/* the default is "[one]" */
	(void)snprintf(def, sizeof(def), "%s",
		       zv_conf_value(&zv_config_schema, "", root, "media.ranges") + 1);
	def[strcspn(def, "]")] = 0;
	add_range(b, list, def);
}

static void build_dpdk(struct zv_config_build *b, const struct zv_conf_node *root)
{
	const struct zv_conf_node *module = zv_conf_find(root, "media.dpdk.module");
	struct zv_dpdk_conf *d = &b->config->dpdk;
	const char *path = zv_conf_value(&zv_config_schema, "", root, "media.dpdk.module");

	d->module = path[0] != '\0' ? zv_config_path(b->config, module, path) : "";
	if (d->module == NULL)
		d->module = ""; /* no memory: the whole configuration fails for it soon */
	d->device = zv_conf_value(&zv_config_schema, "", root, "media.dpdk.device");
	d->interface = zv_conf_value(&zv_config_schema, "", root, "media.dpdk.interface");
	d->steer = (uint8_t)zv_conf_number(&zv_config_schema, "", root, "media.dpdk.steer");
	d->hugepages = zv_conf_number(&zv_config_schema, "", root, "media.dpdk.hugepages") != 0;
	d->copy = zv_conf_number(&zv_config_schema, "", root, "media.dpdk.copy") != 0;
	d->memory_mb = (uint32_t)zv_conf_number(&zv_config_schema, "", root, "media.dpdk.memory");
	d->queue = (uint16_t)zv_conf_number(&zv_config_schema, "", root, "media.dpdk.queue");
	b->config->media.dpdk = d;
}

void zv_config_build_media(struct zv_config_build *b)
{
	const struct zv_conf_node *root = zv_conf_root(b->config->files->tree);
	struct zv_config *c = b->config;
	uint32_t max_calls =
		(uint32_t)zv_conf_number(&zv_config_schema, "", root, "media.max_calls");

	c->plan.n_threads = (uint32_t)zv_conf_number(&zv_config_schema, "", root, "media.threads");
	c->media.io = (enum zv_media_io)zv_conf_number(&zv_config_schema, "", root, "media.io");
	build_dpdk(b, root);
	build_ranges(b, root);
	if (c->plan.n_ranges > 0 && c->plan.ranges[0].n_ports < c->plan.n_threads)
		zv_conf_error(b->sink, zv_conf_find(root, "media.ranges"),
			      "media.ranges: the first range must have a port pair for each of the "
			      "%u media threads",
			      c->plan.n_threads);
	for (uint32_t i = 0; c->plan.n_ranges > 0 && i < c->plan.n_threads; i++)
		c->plan.rtcp_port[i] = (uint16_t)(c->plan.ranges[0].port_first + 1 + 2 * i);
	if (max_calls > c->plan.n_slots)
		zv_conf_error(b->sink, zv_conf_find(root, "media.max_calls"),
			      "media.max_calls: %u calls need as many RTP ports, media.ranges has %u",
			      max_calls, c->plan.n_slots);
	else if (max_calls > 0)
		c->plan.n_slots = max_calls;
	c->media.plan = c->sip.plan = &c->plan;
	c->sip.max_legs = c->engine.max_calls = c->plan.n_slots;
	c->media.lost_after_ms =
		(uint32_t)zv_conf_number(&zv_config_schema, "", root, "media.lost_after");
	c->media.inband_keys =
		zv_conf_number(&zv_config_schema, "", root, "media.inband_keys") != 0;
	c->media.quiet = zv_conf_number(&zv_config_schema, "", root, "media.silence") == 0;
	c->media.rtcp_every_ms =
		(uint32_t)zv_conf_number(&zv_config_schema, "", root, "media.rtcp_interval");
}
