/* phonedrive -- the phones' shard of core/sip, driven by lines on stdin; prints what it is told,
 * one JSON object a line.  The tests' stand-in for the engine.
 *
 *   phonedrive --port PORT --rtp PORT [--shard-port PORT] [--trunk IP:PORT]... [options]
 *              USER:HA1[:CONTACT]...
 *
 *   dial AGENT          ring his phone          (slot 8 + AGENT of max_legs 8)
 *   out SLOT NUMBER     call a number by trunk 0
 *   hangup SLOT | cancel SLOT
 *   accept HANDLE SLOT | ring HANDLE SLOT | reject HANDLE CODE
 *   phones USER:HA1[:CONTACT]...
 *   seen AGENT | stats | quit
 */
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/log.h"
#include "sip/sip.h"

#define LEGS 8
#define PHONES_MAX 64
#define SLOTS_MAX (LEGS + 2 * PHONES_MAX)

struct job {
	struct zv_sip *sip;
	struct zv_sip_rings rings;
	uint32_t shard;
	pthread_t thread;
	enum zv_err err;
};

static struct {
	struct zv_sip_params params;
	struct zv_sip_trunk trunks[4];
	struct zv_media_plan plan;
	struct zv_sip_phone phones[PHONES_MAX];
	struct job jobs[2]; /* the customers' shard, the phones' */
	uint32_t gens[SLOTS_MAX];
	int finals[SLOTS_MAX], closes[SLOTS_MAX];
	uint32_t wrong; /* an end or a close too many */
} d;

static _Atomic bool stop_shards;
static int64_t start_ms;

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	fflush(stdout);
}

__attribute__((noreturn)) static void bad(const char *what)
{
	fprintf(stderr, "phonedrive: bad %s\n", what);
	exit(2);
}

static void *run_shard(void *arg)
{
	struct job *j = arg;

	j->err = zv_sip_thread(j->sip, j->shard, &j->rings, &stop_shards);
	return NULL;
}

static const char *event_name(uint16_t type)
{
	switch (type) {
	case ZV_EV_SIP_TRYING: return "TRYING";
	case ZV_EV_SIP_PROGRESS: return "PROGRESS";
	case ZV_EV_SIP_ANSWERED: return "ANSWERED";
	case ZV_EV_SIP_FAILED: return "FAILED";
	case ZV_EV_SIP_ENDED: return "ENDED";
	case ZV_EV_SIP_CLOSED: return "CLOSED";
	case ZV_EV_SIP_INCOMING: return "INCOMING";
	case ZV_EV_PHONE: return "PHONE";
	case ZV_EV_TRUNK: return "TRUNK";
	default: return "?";
	}
}

/* Each use of a slot: one end, then one close. */
static void judge(const struct zv_event *ev)
{
	uint32_t slot = ev->leg.slot;

	if (slot >= SLOTS_MAX)
		return;
	if (ev->type == ZV_EV_SIP_FAILED || ev->type == ZV_EV_SIP_ENDED)
		d.wrong += ++d.finals[slot] > 1;
	if (ev->type == ZV_EV_SIP_CLOSED)
		d.wrong += ++d.closes[slot] > 1 || d.finals[slot] != 1;
}

static void print_event(const struct zv_event *ev)
{
	long long ms = (long long)(mono_ms() - start_ms);
	char ip[46] = "";

	if (ev->type == ZV_EV_PHONE) {
		say("{\"ms\":%lld,\"ev\":\"PHONE\",\"agent\":%u,\"on\":%u}\n", ms, ev->code,
		    ev->u.state.on);
		return;
	}
	if (ev->type == ZV_EV_SIP_INCOMING) {
		say("{\"ms\":%lld,\"ev\":\"INCOMING\",\"handle\":%u,\"trunk\":%u,\"caller\":%llu,"
		    "\"called\":%llu}\n",
		    ms, ev->code, ev->trunk, (unsigned long long)ev->u.incoming.caller,
		    (unsigned long long)ev->u.incoming.called);
		return;
	}
	if (ev->type == ZV_EV_TRUNK)
		return;
	judge(ev);
	if (ev->u.sip.sdp)
		inet_ntop(ev->u.sip.rtp_ip.family == 6 ? AF_INET6 : AF_INET,
			  ev->u.sip.rtp_ip.bytes, ip, sizeof(ip));
	say("{\"ms\":%lld,\"ev\":\"%s\",\"slot\":%u,\"gen\":%u,\"attempt\":%llu,\"trunk\":%u,"
	    "\"code\":%u,\"by\":%u,\"local\":%u,\"cancelled\":%u,\"q850\":%u,\"sdp\":%u,\"ip\":\"%s\","
	    "\"port\":%u,\"pt\":%u,\"dtmf\":%u}\n",
	    ms, event_name(ev->type), ev->leg.slot, ev->leg.gen, (unsigned long long)ev->attempt.lo,
	    ev->trunk, ev->code, ev->u.sip.by, ev->u.sip.local, ev->u.sip.cancelled, ev->u.sip.q850,
	    ev->u.sip.sdp, ip, ev->u.sip.rtp_port, ev->u.sip.payload_type, ev->u.sip.dtmf_type);
}

/* ---- orders ---- */

static void push(struct zv_cmd *cmd, uint32_t slot)
{
	uint32_t shard = zv_sip_shard(slot, LEGS, 1);

	while (zv_ring_push(d.jobs[shard].rings.commands, cmd) != ZV_OK)
		usleep(1000);
}

static void fresh(struct zv_cmd *cmd, uint32_t slot)
{
	if (slot >= SLOTS_MAX)
		bad("slot");
	d.gens[slot]++;
	d.finals[slot] = d.closes[slot] = 0;
	cmd->leg = (struct zv_leg_id){slot, d.gens[slot]};
	cmd->attempt = (struct zv_attempt_id){7, (uint64_t)slot << 32 | d.gens[slot]};
}

static void order_dial(uint32_t agent)
{
	struct zv_cmd cmd = {.type = ZV_CMD_DIAL, .trunk = UINT16_MAX};

	fresh(&cmd, LEGS + agent);
	cmd.u.dial.phone = 1;
	cmd.u.dial.agent = agent;
	cmd.u.dial.ring_ms = 20000;
	push(&cmd, cmd.leg.slot);
}

static void order_out(uint32_t slot, uint64_t number)
{
	struct zv_cmd cmd = {.type = ZV_CMD_DIAL};

	fresh(&cmd, slot);
	cmd.u.dial.called = number;
	cmd.u.dial.caller = 74950000001;
	cmd.u.dial.ring_ms = 20000;
	cmd.u.dial.talk_max_s = 600;
	push(&cmd, slot);
}

static void order_end(uint32_t slot, uint16_t type)
{
	struct zv_cmd cmd = {.type = type, .trunk = UINT16_MAX};

	if (slot >= SLOTS_MAX)
		bad("slot");
	cmd.leg = (struct zv_leg_id){slot, d.gens[slot]};
	push(&cmd, slot);
}

/* A slot that rings already is answered in the same use. */
static void order_accept(uint32_t handle, uint32_t slot, bool ring)
{
	static uint32_t ringing[SLOTS_MAX];
	struct zv_cmd cmd = {.type = ZV_CMD_ACCEPT};

	if (slot >= SLOTS_MAX)
		bad("slot");
	if (ringing[slot] == handle + 1) {
		cmd.leg = (struct zv_leg_id){slot, d.gens[slot]};
		cmd.attempt.hi = 7;
		cmd.attempt.lo = (uint64_t)slot << 32 | d.gens[slot];
	} else {
		fresh(&cmd, slot);
	}
	ringing[slot] = ring ? handle + 1 : 0;
	cmd.u.accept.handle = handle;
	cmd.u.accept.ring = ring;
	push(&cmd, slot);
}

static void add_phone(struct zv_sip_phone *p, const char *text)
{
	memset(p, 0, sizeof(*p));
	if (sscanf(text, "%31[^:]:%32[^:]:%127s", p->user, p->ha1, p->contact) < 1)
		bad("phone");
	if (strcmp(p->ha1, "-") == 0)
		p->ha1[0] = 0;
}

static void order_phones(char *text)
{
	struct zv_sip_phone v[PHONES_MAX];
	uint32_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " \n", &save); w != NULL && n < PHONES_MAX;
	     w = strtok_r(NULL, " \n", &save))
		add_phone(&v[n++], w);
	if (zv_sip_set_phones(d.jobs[0].sip, v, n) != ZV_OK)
		bad("phones");
}

static void order_seen(uint32_t agent)
{
	struct zv_sip_registration r = {0};
	bool is = zv_sip_registered(d.jobs[0].sip, agent, &r);

	say("{\"ev\":\"SEEN\",\"agent\":%u,\"on\":%d,\"contact\":\"%s\",\"ua\":\"%s\",\"left_s\":%lld}\n",
	    agent, is, r.contact, r.agent,
	    is && r.until_ms != INT64_MAX ? (long long)(r.until_ms - mono_ms()) / 1000 : -1LL);
}

static void order_stats(void)
{
	struct zv_sip_stats st;

	zv_sip_get_stats(d.jobs[0].sip, 1, &st);
	say("{\"ev\":\"STATS\",\"registers\":%llu,\"wrong\":%llu,\"dropped\":%llu,\"invites_in\":%llu,"
	    "\"busy\":%llu,\"registered\":%u,\"legs\":%u,\"transactions\":%u}\n",
	    (unsigned long long)st.registers, (unsigned long long)st.register_wrong,
	    (unsigned long long)st.register_dropped, (unsigned long long)st.invites_in,
	    (unsigned long long)st.invites_busy, st.registered, st.legs, st.transactions);
}

/* False: the end. */
static bool take_line(char *line)
{
	unsigned long long a = 0, b = 0;
	char word[16] = "";
	int at = 0;

	if (sscanf(line, "%15s %n%llu %llu", word, &at, &a, &b) < 1)
		return true;
	if (strcmp(word, "dial") == 0)
		order_dial((uint32_t)a);
	else if (strcmp(word, "out") == 0)
		order_out((uint32_t)a, b);
	else if (strcmp(word, "hangup") == 0)
		order_end((uint32_t)a, ZV_CMD_HANGUP);
	else if (strcmp(word, "cancel") == 0)
		order_end((uint32_t)a, ZV_CMD_CANCEL);
	else if (strcmp(word, "accept") == 0 || strcmp(word, "ring") == 0)
		order_accept((uint32_t)a, (uint32_t)b, word[0] == 'r');
	else if (strcmp(word, "reject") == 0) {
		struct zv_cmd cmd = {.type = ZV_CMD_REJECT};

		cmd.u.accept.handle = (uint32_t)a;
		cmd.u.accept.code = (uint16_t)b;
		push(&cmd, LEGS);
	} else if (strcmp(word, "phones") == 0)
		order_phones(line + at);
	else if (strcmp(word, "seen") == 0)
		order_seen((uint32_t)a);
	else if (strcmp(word, "stats") == 0)
		order_stats();
	else
		return false;
	return true;
}

/* ---- start ---- */

static void add_trunk(const char *text)
{
	struct zv_sip_trunk *t = &d.trunks[d.params.n_trunks];
	char ip[64];
	unsigned port;

	if (d.params.n_trunks == 4 || sscanf(text, "%63[0-9.]:%u", ip, &port) != 2)
		bad("trunk");
	t->ip.family = 4;
	if (inet_pton(AF_INET, ip, t->ip.bytes) != 1)
		bad("trunk");
	t->port = (uint16_t)port;
	t->transport = strstr(text, ";tcp") != NULL ? ZV_SIP_TCP : ZV_SIP_UDP;
	t->inbound = strstr(text, ";in") != NULL;
	t->t1x64_ms = 8000;
	t->breaker_failures = 20;
	t->breaker_rest_s = 5;
	snprintf(t->name, sizeof(t->name), "t%u", d.params.n_trunks++);
}

enum { O_PORT = 256, O_RTP, O_SHARD, O_TRUNK, O_MIN, O_MAX, O_FAILS, O_SIDE, O_PROXY, O_REALM, O_DEBUG };

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", 1, 0, O_PORT}, {"rtp", 1, 0, O_RTP}, {"shard-port", 1, 0, O_SHARD},
		{"trunk", 1, 0, O_TRUNK}, {"min", 1, 0, O_MIN}, {"max", 1, 0, O_MAX},
		{"fails", 1, 0, O_FAILS}, {"side", 1, 0, O_SIDE}, {"proxy", 1, 0, O_PROXY},
		{"realm", 1, 0, O_REALM}, {"debug", 0, 0, O_DEBUG}, {0, 0, 0, 0}};
	struct zv_sip_phones *p = &d.params.phones;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case O_PORT: p->port = (uint16_t)atoi(optarg); break;
		case O_RTP: d.plan.ranges[0].port_first = (uint16_t)atoi(optarg); break;
		case O_SHARD: d.params.port_first = (uint16_t)atoi(optarg); break;
		case O_TRUNK: add_trunk(optarg); break;
		case O_MIN: p->expires_min_s = (uint32_t)atoi(optarg); break;
		case O_MAX: p->expires_max_s = (uint32_t)atoi(optarg); break;
		case O_FAILS: p->fails_max = (uint32_t)atoi(optarg); break;
		case O_SIDE: p->max_side = (uint32_t)atoi(optarg); break;
		case O_PROXY:
			p->proxies[p->n_proxies].family = 4;
			if (inet_pton(AF_INET, optarg, p->proxies[p->n_proxies++].bytes) != 1)
				bad("proxy");
			break;
		case O_REALM: snprintf(p->realm, sizeof(p->realm), "%s", optarg); break;
		case O_DEBUG: zv_log_init(ZV_LOG_DEBUG, false); break;
		default: exit(2);
		}
	}
	for (; optind < argc && p->n < PHONES_MAX; optind++)
		add_phone(&d.phones[p->n++], argv[optind]);
}

static void set_up(int argc, char **argv)
{
	struct zv_sip_phones *p = &d.params.phones;

	zv_log_init(ZV_LOG_WARN, false);
	*p = (struct zv_sip_phones){
		.on = true, .ip = {4, {127, 0, 0, 1}}, .port = 17000, .realm = "zvonar.test",
		.max_phones = PHONES_MAX, .max_side = 16, .v = d.phones, .expires_min_s = 60,
		.expires_max_s = 3600, .fails_max = 5};
	d.params.local_ip = p->ip;
	d.params.port_first = 17800;
	d.params.agents = 1;
	d.params.n_shards = 1;
	d.params.max_legs = LEGS;
	d.params.ack_wait_ms = 200;
	d.params.secret =
		(struct zv_key){UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	snprintf(d.params.user_agent, sizeof(d.params.user_agent), "zvonar");
	d.plan.n_ranges = d.plan.n_threads = 1;
	d.plan.ranges[0] = (struct zv_media_range){p->ip, 17700, 0};
	parse(argc, argv);
	if (d.params.n_trunks == 0)
		add_trunk("127.0.0.1:17899");
	d.plan.n_slots = LEGS + PHONES_MAX + p->max_side;
	d.plan.ranges[0].n_ports = (uint16_t)d.plan.n_slots;
	d.plan.rtcp_port[0] = 17999;
	d.params.plan = &d.plan;
	d.params.trunks = d.trunks;
}

static bool make_job(struct job *j, struct zv_sip *sip, uint32_t shard)
{
	j->sip = sip;
	j->shard = shard;
	j->rings.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return zv_ring_create(sizeof(struct zv_cmd), 1024, j->rings.wake_fd, &j->rings.commands) ==
		       ZV_OK &&
	       zv_ring_create(sizeof(struct zv_event), 1024, -1, &j->rings.events) == ZV_OK &&
	       zv_ring_create(sizeof(struct zv_dialog), 64, -1, &j->rings.dialogs) == ZV_OK &&
	       zv_ring_create(sizeof(struct zv_dialog_ack), 64, j->rings.wake_fd,
			      &j->rings.dialog_acks) == ZV_OK &&
	       pthread_create(&j->thread, NULL, run_shard, j) == 0;
}

static void end_job(struct job *j)
{
	zv_ring_destroy(j->rings.commands);
	zv_ring_destroy(j->rings.events);
	zv_ring_destroy(j->rings.dialogs);
	zv_ring_destroy(j->rings.dialog_acks);
	close(j->rings.wake_fd);
}

static void drain(void)
{
	struct zv_event ev;

	for (int i = 0; i < 2; i++)
		while (zv_ring_pop(d.jobs[i].rings.events, &ev, 1) == 1)
			print_event(&ev);
}

static void run(void)
{
	static char buf[65536];
	size_t n = 0;

	for (;;) {
		struct pollfd in = {.fd = 0, .events = POLLIN};
		char *lf;
		ssize_t got;

		drain();
		if (poll(&in, 1, 1) <= 0)
			continue;
		got = read(0, buf + n, sizeof(buf) - 1 - n);
		if (got <= 0)
			return;
		n += (size_t)got;
		buf[n] = 0;
		while ((lf = strchr(buf, '\n')) != NULL) {
			*lf = 0;
			if (!take_line(buf))
				return;
			n -= (size_t)(lf + 1 - buf);
			memmove(buf, lf + 1, n + 1);
		}
	}
}

int main(int argc, char **argv)
{
	struct zv_sip *sip;
	char text[200];

	set_up(argc, argv);
	if (zv_sip_create(&d.params, text, sizeof(text), &sip) != ZV_OK) {
		fprintf(stderr, "phonedrive: %s\n", text);
		return 1;
	}
	start_ms = mono_ms();
	for (uint32_t i = 0; i < 2; i++)
		if (!make_job(&d.jobs[i], sip, i))
			return 1;
	say("{\"ms\":0,\"ev\":\"READY\"}\n");
	run();
	atomic_store(&stop_shards, true);
	for (int i = 0; i < 2; i++)
		pthread_join(d.jobs[i].thread, NULL);
	drain();
	order_stats();
	say("{\"ev\":\"SUMMARY\",\"double_final\":%u,\"double_closed\":0}\n", d.wrong);
	zv_sip_destroy(sip);
	for (int i = 0; i < 2; i++)
		end_job(&d.jobs[i]);
	return 0;
}
