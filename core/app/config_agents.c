/* People with phones and screens, the queues of calls from outside, recordings, the pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_build.h"
#include "app/template.h"

#define AGENT_PATH "agents.*"
#define QUEUE_PATH "queues.*"
#define SPARE_PHONES 16 /* for agents that a reload adds */

static const struct zv_conf_node *root_of(const struct zv_config_build *b)
{
	return zv_conf_root(b->config->files->tree);
}

static int64_t number(const struct zv_config_build *b, const char *path)
{
	return zv_conf_number(&zv_config_schema, "", root_of(b), path);
}

static const char *text(const struct zv_config_build *b, const char *path)
{
	return zv_conf_value(&zv_config_schema, "", root_of(b), path);
}

/* ---- skills and pauses ---- */

uint16_t zv_config_skill(struct zv_config_build *b, const struct zv_conf_node *node, const char *name)
{
	struct zv_config *c = b->config;

	if (name == NULL || name[0] == 0)
		return 0;
	if (c->n_skills == 0 && b->running != NULL) {
		/* Numbers of a running engine stay. */
		for (uint32_t i = 1; i <= b->running->n_skills; i++)
			c->skills[i] = zv_config_keep(c, b->running->skills[i]);
		c->n_skills = b->running->n_skills;
	}
	for (uint16_t i = 1; i <= c->n_skills; i++)
		if (c->skills[i] != NULL && strcmp(c->skills[i], name) == 0)
			return i;
	if (c->n_skills == ZV_CONFIG_SKILLS_MAX) {
		zv_conf_error(b->sink, node, "at most %d skills", ZV_CONFIG_SKILLS_MAX);
		return 0;
	}
	c->skills[++c->n_skills] = zv_config_keep(c, name);
	return (uint16_t)c->n_skills;
}

static void build_pauses(struct zv_config_build *b)
{
	static const char *const usual[] = {"break", "lunch", "training", "meeting"};
	const struct zv_conf_node *list = zv_conf_get(root_of(b), "pause_codes");
	struct zv_config *c = b->config;

	if (zv_conf_count(list) > ZV_CONFIG_PAUSES_MAX)
		zv_conf_error(b->sink, list, "pause_codes: at most %d", ZV_CONFIG_PAUSES_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && c->n_pauses < ZV_CONFIG_PAUSES_MAX; i++)
		c->pauses[c->n_pauses++] = zv_conf_text(zv_conf_at(list, i));
	for (size_t i = 0; list == NULL && i < sizeof(usual) / sizeof(usual[0]); i++)
		c->pauses[c->n_pauses++] = usual[i];
}

/* ---- numbers outside ---- */

static void build_outside(struct zv_config_build *b)
{
	const struct zv_conf_node *list = zv_conf_find(root_of(b), "phones.outside");
	struct zv_config *c = b->config;

	if (zv_conf_count(list) > ZV_CONFIG_OUTSIDE_MAX)
		zv_conf_error(b->sink, list, "phones.outside: at most %d", ZV_CONFIG_OUTSIDE_MAX);
	for (size_t i = 0; i < zv_conf_count(list) && c->n_outside < ZV_CONFIG_OUTSIDE_MAX; i++) {
		const char *said = zv_conf_text(zv_conf_at(list, i));
		size_t n = said != NULL && said[0] == '+' ? strspn(said + 1, "0123456789") : 0;

		if (said != NULL && n > 0 && n <= 15 && said[1 + n] == 0)
			c->outside[c->n_outside++] = said + 1;
		else
			zv_conf_error(b->sink, zv_conf_at(list, i),
				      "phones.outside: a number, or its beginning, as +7495");
	}
}

bool zv_config_outside(const struct zv_config *config, uint64_t e164)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)e164);
	for (uint32_t i = 0; i < config->n_outside; i++)
		if (strncmp(digits, config->outside[i], strlen(config->outside[i])) == 0)
			return true;
	return false;
}

/* ---- where things listen ---- */

static bool is_loopback(const struct zv_ip *ip)
{
	static const uint8_t six[16] = {[15] = 1};

	return ip->family == 4 ? ip->bytes[0] == 127 : memcmp(ip->bytes, six, sizeof(six)) == 0;
}

static bool is_any(const struct zv_ip *ip)
{
	static const uint8_t any[16];

	return memcmp(ip->bytes, any, sizeof(any)) == 0;
}

/* An address of this machine and a port; false: none is written, or it is wrong (told). */
static bool listen_at(struct zv_config_build *b, const char *path, struct zv_ip *ret_ip, uint16_t *ret_port)
{
	const struct zv_conf_node *node = zv_conf_find(root_of(b), path);
	struct zv_conf_ip ip;
	char host[256];

	if (zv_conf_text(node) == NULL ||
	    zv_conf_endpoint(zv_conf_text(node), host, sizeof(host), ret_port) != ZV_OK)
		return false;
	if (zv_conf_ip(host, &ip) != ZV_OK || *ret_port == 0) {
		zv_conf_error(b->sink, node, "%s: an address of this machine with a port, such as 127.0.0.1:5060",
			      path);
		return false;
	}
	*ret_ip = zv_config_ip(&ip);
	if (is_any(ret_ip)) {
		zv_conf_error(b->sink, node, "%s: name one address of this machine, not all of them", path);
		return false;
	}
	return true;
}

static enum zv_err build_http(struct zv_config_build *b)
{
	struct zv_config *c = b->config;

	c->http.open = number(b, "http.open") != 0;
	c->http.on = listen_at(b, "http.listen", &c->http.ip, &c->http.port);
	if (c->http.on && !c->http.open && !is_loopback(&c->http.ip))
		zv_conf_error(b->sink, zv_conf_find(root_of(b), "http.listen"),
			      "http.listen is not loopback: passwords would cross the network in clear; "
			      "put a proxy with TLS in front, or say http.open: yes");
	c->http.tokens = zv_config_path_at(b, "http.tokens");
	c->secrets = zv_config_path_at(b, "phones.secrets");
	if (text(b, "record.dir")[0] != 0)
		c->record_talks.dir = zv_config_path_at(b, "record.dir");
	c->record_talks.keep_ms = number(b, "record.keep");
	return c->http.tokens == NULL || c->secrets == NULL ? ZV_ENOMEM : ZV_OK;
}

/* ---- agents ---- */

static void build_skills(struct zv_config_build *b, const struct zv_conf_node *node,
			 struct zv_agent_conf *a)
{
	const struct zv_conf_node *map = zv_conf_get(node, "skills");

	if (zv_conf_count(map) > ZV_AGENT_SKILLS_MAX)
		zv_conf_error(b->sink, map, "agents.%s.skills: at most %d", a->name, ZV_AGENT_SKILLS_MAX);
	for (size_t i = 0; i < zv_conf_count(map) && a->n_skills < ZV_AGENT_SKILLS_MAX; i++) {
		const struct zv_conf_node *e = zv_conf_at(map, i);
		int64_t level;

		if (zv_conf_text(e) == NULL || zv_conf_int(zv_conf_text(e), &level) != ZV_OK ||
		    level < 1 || level > 255)
			continue; /* told by the check */
		a->skills[a->n_skills++] = (struct zv_agent_skill){
			zv_config_skill(b, e, zv_conf_key(map, i)), (uint8_t)level};
	}
}

static uint32_t campaign_named(const struct zv_config *c, const char *name)
{
	uint32_t i = 0;

	while (i < c->engine.n_campaigns && strcmp(c->engine.campaigns[i].name, name) != 0)
		i++;
	return i;
}

static void build_serves(struct zv_config_build *b, const struct zv_conf_node *node,
			 struct zv_agent_conf *a)
{
	const struct zv_conf_node *list = zv_conf_get(node, "campaigns");

	for (size_t i = 0; i < zv_conf_count(list); i++) {
		const char *name = zv_conf_text(zv_conf_at(list, i));
		uint32_t n = name != NULL ? campaign_named(b->config, name) : 0;

		if (name == NULL)
			continue;
		if (n == b->config->engine.n_campaigns)
			zv_conf_error(b->sink, zv_conf_at(list, i),
				      "agents.%s.campaigns: there is no campaigns.%.60s", a->name, name);
		else
			a->campaigns[n / 64] |= UINT64_C(1) << n % 64;
	}
}

static enum zv_err build_agent(struct zv_config_build *b, const struct zv_conf_node *node,
			       const char *name, uint32_t i)
{
	struct zv_config *c = b->config;
	struct zv_agent_conf *a = &c->agent_confs[i];
	struct zv_sip_phone *p = &c->phones[i];
	const char *phone = zv_conf_value(&zv_config_schema, AGENT_PATH, node, "phone");

	c->agents[i].user = zv_config_keep(c, name);
	c->agents[i].title = zv_config_keep(
		c, zv_conf_value(&zv_config_schema, AGENT_PATH, node, "title"));
	if (c->agents[i].user == NULL || c->agents[i].title == NULL)
		return ZV_ENOMEM;
	c->agents[i].role = (uint8_t)zv_conf_number(&zv_config_schema, AGENT_PATH, node, "role");
	c->agents[i].has_phone = strcmp(phone, "none") != 0;
	a->id = i + 1;
	a->supervisor = c->agents[i].role == 1 || c->agents[i].role == 2; /* and operators */
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	(void)snprintf(p->user, sizeof(p->user), "%s", name);
	if (strncmp(phone, "sip:", 4) == 0)
		(void)snprintf(p->contact, sizeof(p->contact), "%s", phone);
	else if (c->agents[i].has_phone && strcmp(phone, "register") != 0)
		zv_conf_error(b->sink, zv_conf_get(node, "phone"),
			      "agents.%s.phone: `register`, `none`, or sip:USER@ADDRESS:PORT", name);
	build_skills(b, node, a);
	build_serves(b, node, a);
	return ZV_OK;
}

static enum zv_err build_people(struct zv_config_build *b)
{
	uint32_t max = (uint32_t)zv_conf_count(zv_conf_get(root_of(b), "agents"));
	struct zv_config *c = b->config;
	struct zv_config_ordered order = {.max = max < ZV_AGENTS_MAX ? max : ZV_AGENTS_MAX};
	enum zv_err err = ZV_ENOMEM;

	order.nodes = calloc(max + 1, sizeof(*order.nodes));
	order.names = calloc(max + 1, sizeof(*order.names));
	c->agent_confs = calloc(max + 1, sizeof(*c->agent_confs));
	c->agents = calloc(max + 1, sizeof(*c->agents));
	c->phones = calloc(max + 1, sizeof(*c->phones));
	if (order.nodes == NULL || order.names == NULL || c->agent_confs == NULL || c->agents == NULL ||
	    c->phones == NULL)
		goto done;
	c->engine.n_agents = zv_config_order(b, "agents", &order);
	c->engine.agents = c->agent_confs;
	err = ZV_OK;
	for (uint32_t i = 0; i < c->engine.n_agents && err == ZV_OK; i++)
		err = build_agent(b, order.nodes[i], order.names[i], i);
done:
	free(order.nodes);
	free(order.names);
	return err;
}

/* ---- phones ---- */

static void build_phones(struct zv_config_build *b)
{
	struct zv_config *c = b->config;
	struct zv_sip_phones *p = &c->sip.phones;
	const struct zv_conf_node *proxies = zv_conf_find(root_of(b), "phones.proxies");
	uint32_t max = (uint32_t)number(b, "phones.max");

	p->on = listen_at(b, "phones.listen", &p->ip, &p->port);
	c->engine.phone_retry_ms = (uint32_t)number(b, "phones.retry");
	c->engine.phone_quiet_ms = (uint16_t)number(b, "phones.quiet");
	if (!p->on)
		return;
	(void)snprintf(p->realm, sizeof(p->realm), "%s", text(b, "phones.realm"));
	p->expires_min_s = (uint32_t)(number(b, "phones.expires_min") / 1000);
	p->expires_max_s = (uint32_t)(number(b, "phones.expires_max") / 1000);
	p->fails_max = (uint32_t)number(b, "phones.fails_max");
	for (size_t i = 0; i < zv_conf_count(proxies) && p->n_proxies < 8; i++) {
		struct zv_conf_ip ip;

		if (zv_conf_text(zv_conf_at(proxies, i)) != NULL &&
		    zv_conf_ip(zv_conf_text(zv_conf_at(proxies, i)), &ip) == ZV_OK)
			p->proxies[p->n_proxies++] = zv_config_ip(&ip);
	}
	p->v = c->phones;
	p->n = c->engine.n_agents;
	/* RTP ports of the running engine stay where they are. */
	if (b->running != NULL)
		p->max_phones = b->running->engine.max_phones;
	else
		p->max_phones = max != 0 ? max : c->engine.n_agents + SPARE_PHONES;
	p->max_side = (uint32_t)number(b, "phones.side");
	if (p->n > p->max_phones)
		zv_conf_error(b->sink, zv_conf_get(root_of(b), "agents"),
			      "agents: %u, but phones.max is %u; a restart makes room", p->n, p->max_phones);
	c->engine.max_phones = p->max_phones;
	c->engine.max_side = p->max_side;
	/* Phones and side legs take their ports behind the customers'. */
	if (c->plan.n_slots <= p->max_phones + p->max_side) {
		zv_conf_error(b->sink, zv_conf_find(root_of(b), "media.ranges"),
			      "media.ranges: %u RTP ports; phones.max and phones.side take %u of them",
			      c->plan.n_slots, p->max_phones + p->max_side);
		return;
	}
	if (number(b, "media.max_calls") == 0) {
		c->engine.max_calls = c->plan.n_slots - p->max_phones - p->max_side;
	} else {
		uint32_t ports = 0;

		for (uint32_t i = 0; i < c->plan.n_ranges; i++)
			ports += c->plan.ranges[i].n_ports;
		c->engine.max_calls = (uint32_t)number(b, "media.max_calls");
		c->plan.n_slots = c->engine.max_calls + p->max_phones + p->max_side;
		if (c->plan.n_slots > ports)
			zv_conf_error(b->sink, zv_conf_find(root_of(b), "media.max_calls"),
				      "media.max_calls: %u calls, %u phones and %u side legs need as many RTP "
				      "ports, media.ranges has %u",
				      c->engine.max_calls, p->max_phones, p->max_side, ports);
	}
	c->sip.max_legs = c->engine.max_calls;
}

/* ---- queues ---- */

void zv_config_position_text(const char *template, uint32_t position, char *buf, size_t cap)
{
	char attrs[32];
	int n = snprintf(attrs, sizeof(attrs), "position%c%u", 0, position) + 1;

	if (zv_template_render(template, attrs, (size_t)n, buf, cap, NULL) != ZV_OK)
		buf[0] = 0;
}

static uint64_t prompt(const struct zv_config *c, const char *said)
{
	return said[0] == 0 ? 0 : zv_prompt_hash(c->voice.name, c->voice.rate, said);
}

static enum zv_err build_prompts(struct zv_config_build *b, const struct zv_conf_node *node, uint32_t i)
{
	struct zv_config *c = b->config;
	struct zv_queue_conf *q = &c->queue_confs[i];
	struct zv_config_queue *p = &c->queues[i];

	p->greeting = zv_config_keep(c, zv_conf_value(&zv_config_schema, QUEUE_PATH, node, "greeting"));
	p->closed = zv_config_keep(c, zv_conf_value(&zv_config_schema, QUEUE_PATH, node, "closed"));
	p->position = zv_config_keep(c, zv_conf_value(&zv_config_schema, QUEUE_PATH, node, "position"));
	if (p->greeting == NULL || p->closed == NULL || p->position == NULL)
		return ZV_ENOMEM;
	q->greeting = prompt(c, p->greeting);
	q->closed = prompt(c, p->closed);
	for (uint32_t n = 0; n < 10 && p->position[0] != 0; n++) {
		char said[ZV_TEMPLATE_TEXT_MAX];

		zv_config_position_text(p->position, n + 1, said, sizeof(said));
		q->positions[n] = prompt(c, said);
	}
	return ZV_OK;
}

static enum zv_err build_queue(struct zv_config_build *b, const struct zv_conf_node *node,
			       const char *name, uint32_t i)
{
	struct zv_config *c = b->config;
	struct zv_queue_conf *q = &c->queue_confs[i];
	const struct zv_conf_node *numbers = zv_conf_get(node, "numbers");
	const char *campaign = zv_conf_text(zv_conf_get(node, "campaign"));
	uint32_t n = campaign != NULL ? campaign_named(c, campaign) : 0;

	(void)snprintf(q->name, sizeof(q->name), "%s", name);
	if (campaign != NULL && n == c->engine.n_campaigns) {
		zv_conf_error(b->sink, zv_conf_get(node, "campaign"),
			      "queues.%s.campaign: there is no campaigns.%.60s", name, campaign);
		n = 0;
	}
	q->campaign = (uint16_t)n;
	if (zv_conf_count(numbers) > ZV_QUEUE_NUMBERS_MAX)
		zv_conf_error(b->sink, numbers, "queues.%s.numbers: at most %d", name, ZV_QUEUE_NUMBERS_MAX);
	for (size_t k = 0; k < zv_conf_count(numbers) && q->n_numbers < ZV_QUEUE_NUMBERS_MAX; k++) {
		const char *phone = zv_conf_text(zv_conf_at(numbers, k));

		if (phone != NULL && zv_conf_phone(phone, &q->numbers[q->n_numbers]) == ZV_OK)
			q->n_numbers++;
	}
	q->skill = zv_config_skill(b, zv_conf_get(node, "skill"),
				   zv_conf_value(&zv_config_schema, QUEUE_PATH, node, "skill"));
	q->level_min = (uint8_t)zv_conf_number(&zv_config_schema, QUEUE_PATH, node, "level_min");
	q->priority = (uint8_t)zv_conf_number(&zv_config_schema, QUEUE_PATH, node, "priority");
	q->call_back = (uint8_t)zv_conf_number(&zv_config_schema, QUEUE_PATH, node, "call_back");
	q->reserve = (uint8_t)zv_conf_number(&zv_config_schema, QUEUE_PATH, node, "reserve");
	q->max_wait_ms = (uint32_t)zv_conf_number(&zv_config_schema, QUEUE_PATH, node, "max_wait");
	q->say_every_ms = (uint32_t)zv_conf_number(&zv_config_schema, QUEUE_PATH, node, "say_every");
	return build_prompts(b, node, i);
}

static enum zv_err build_queues(struct zv_config_build *b)
{
	const struct zv_conf_node *nodes[ZV_QUEUES_MAX];
	const char *names[ZV_QUEUES_MAX];
	struct zv_config_ordered order = {nodes, names, 0, ZV_QUEUES_MAX};
	struct zv_config *c = b->config;
	enum zv_err err = ZV_OK;

	c->queue_confs = calloc(ZV_QUEUES_MAX, sizeof(*c->queue_confs));
	c->queues = calloc(ZV_QUEUES_MAX, sizeof(*c->queues));
	if (c->queue_confs == NULL || c->queues == NULL)
		return ZV_ENOMEM;
	c->engine.n_queues = zv_config_order(b, "queues", &order);
	c->engine.queues = c->queue_confs;
	for (uint32_t i = 0; i < c->engine.n_queues && err == ZV_OK; i++)
		err = build_queue(b, nodes[i], names[i], i);
	if (c->engine.n_queues > 0 && !c->sip.phones.on)
		zv_conf_error(b->sink, zv_conf_get(root_of(b), "queues"),
			      "queues: calls from outside arrive at phones.listen, which is not set");
	return err;
}

enum zv_err zv_config_build_agents(struct zv_config_build *b)
{
	enum zv_err err = build_http(b);

	build_pauses(b);
	build_outside(b);
	if (err == ZV_OK)
		err = build_people(b);
	if (err != ZV_OK)
		return err;
	build_phones(b);
	return build_queues(b);
}
