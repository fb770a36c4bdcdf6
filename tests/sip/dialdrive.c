/* dialdrive -- places calls through core/sip alone and prints what it is told, one JSON object a
 * line.  The tests' stand-in for the engine and the store: dials at a rate, hangs up, cancels,
 * acknowledges dialogs, and can begin with calls to adopt. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/log.h"
#include "sip/sip.h"

#define TRUNKS_MAX 4
#define SHARDS_MAX 4
#define PHONES 2   /* with --phones: agents' slots; the calls are side legs */

/* wallclock.c: the wall clock can be made to jump, to see that nothing minds. */
extern _Atomic int64_t wall_jump_s, mono_jump_s;
_Atomic int64_t wall_jump_s, mono_jump_s;

struct job {
	struct zv_sip *sip;
	struct zv_sip_rings rings;
	uint32_t shard;
	pthread_t thread;
	double cpu_s;
	enum zv_err err;
};

struct call {
	struct zv_leg_id leg;
	bool dialled, closed, answered, hung_up, cancelled, again;
	uint8_t sub;
	int finals, closes;
	int64_t dial_ms, answer_ms;
};

static struct {
	struct zv_sip_params params;
	struct zv_sip_trunk trunks[TRUNKS_MAX];
	struct zv_media_plan plan;
	struct zv_open_attempt open[64];
	struct job jobs[SHARDS_MAX + 1];
	uint32_t n_jobs, first_slot;
	struct zv_secrets *secrets;
	struct call *calls;
	uint32_t n_calls, next_call, in_flight, in_flight_max;
	double cps, talk_s, cancel_s, seconds, linger_s, flush_ms, jump_at_s;
	int64_t jump_s, forget_s;
	uint32_t ring_ms, talk_max_s;
	uint64_t called, caller, attempt_base;
	bool quiet, flush_never, failover;
	bool wait_up;     /* no call before some trunk is up */
	uint32_t event_ring;
	uint32_t dial_trunks; /* the first so many are dialled; others are only there */
	uint32_t *free_slots, n_free;
	uint32_t answered, failed, ended, closed, double_final, double_closed;
	uint32_t codes[700];
	struct { int64_t due_ms; struct zv_dialog_ack ack; uint32_t shard; } *acks;
	uint32_t acks_first, acks_n, acks_size;
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

static void *run_shard(void *arg)
{
	struct job *j = arg;
	struct rusage r;

	j->err = zv_sip_thread(j->sip, j->shard, &j->rings, &stop_shards);
	getrusage(RUSAGE_THREAD, &r);
	j->cpu_s = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		   (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
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
	case ZV_EV_TRUNK: return "TRUNK";
	case ZV_EV_LOAD: return "LOAD";
	default: return "?";
	}
}

static void print_event(const struct zv_event *ev, uint64_t call)
{
	char ip[46] = "";
	uint32_t version;

	if (d.quiet)
		return;
	if (ev->type == ZV_EV_TRUNK) {
		say("{\"ms\":%lld,\"ev\":\"TRUNK\",\"trunk\":%u,\"state\":%u,\"retry_after\":%u}\n",
		    (long long)(mono_ms() - start_ms), ev->trunk, ev->u.trunk.state,
		    ev->u.trunk.retry_after_s);
		return;
	}
	if (ev->type == ZV_EV_LOAD) {
		say("{\"ms\":%lld,\"ev\":\"LOAD\",\"code\":%u,\"on\":%u}\n", (long long)(mono_ms() - start_ms),
		    ev->code, ev->u.state.on);
		return;
	}
	if (ev->u.sip.sdp)
		inet_ntop(ev->u.sip.rtp_ip.family == 6 ? AF_INET6 : AF_INET,
			  ev->u.sip.rtp_ip.bytes, ip, sizeof(ip));
	say("{\"ms\":%lld,\"ev\":\"%s\",\"call\":%llu,\"slot\":%u,\"gen\":%u,\"trunk\":%u,"
	    "\"code\":%u,\"q850\":%u,\"retry_after\":%u,\"by\":%u,\"local\":%u,\"cancelled\":%u,"
	    "\"sdp\":%u,\"ip\":\"%s\",\"port\":%u,\"pt\":%u,\"dtmf\":%u,\"secrecy\":%u}\n",
	    (long long)(mono_ms() - start_ms), event_name(ev->type), (unsigned long long)call,
	    ev->leg.slot, ev->leg.gen, ev->trunk, ev->code, ev->u.sip.q850,
	    ev->u.sip.retry_after_s, ev->u.sip.by, ev->u.sip.local, ev->u.sip.cancelled,
	    ev->u.sip.sdp, ip, ev->u.sip.rtp_port, ev->u.sip.payload_type, ev->u.sip.dtmf_type,
	    (unsigned)zv_secrets_how(d.secrets, ev->leg.slot, ev->leg.gen, &version));
}

static struct job *job_of(uint32_t slot)
{
	return &d.jobs[zv_sip_shard(slot, d.params.max_legs, d.params.n_shards)];
}

static void command(uint32_t call, uint16_t type)
{
	struct zv_cmd cmd = {
		.type = type,
		.leg = d.calls[call].leg,
		.attempt = {UINT64_C(0x0001000000010000), d.attempt_base + call},
	};

	cmd.trunk = (uint16_t)(d.failover ? d.calls[call].sub : call % d.dial_trunks);
	if (type == ZV_CMD_DIAL) {
		cmd.u.dial.called = d.called + call;
		cmd.u.dial.sub = d.calls[call].sub;
		cmd.u.dial.caller = d.caller;
		cmd.u.dial.ring_ms = d.ring_ms;
		cmd.u.dial.talk_max_s = d.talk_max_s;
	}
	while (zv_ring_push(job_of(cmd.leg.slot)->rings.commands, &cmd) != ZV_OK)
		usleep(1000);
}

static void on_event(const struct zv_event *ev)
{
	uint64_t n = ev->attempt.lo - d.attempt_base;
	struct call *c;

	print_event(ev, n);
	if (ev->type == ZV_EV_TRUNK && ev->u.trunk.state == ZV_TRUNK_UP)
		d.wait_up = false;
	if (ev->type == ZV_EV_TRUNK || n >= d.n_calls)
		return;
	c = &d.calls[n];
	switch ((int)ev->type) {
	case ZV_EV_SIP_ANSWERED:
		c->answered = true;
		c->answer_ms = mono_ms();
		d.answered++;
		break;
	case ZV_EV_SIP_FAILED:
	case ZV_EV_SIP_ENDED:
		/* Failover: the same slot, the next generation and sub-attempt, another trunk. */
		if (d.failover && ev->code == 503 && c->sub + 1u < d.dial_trunks) {
			c->again = true;
			break;
		}
		d.double_final += c->finals++ > 0;
		if (ev->type == ZV_EV_SIP_FAILED) {
			d.failed++;
			d.codes[ev->code < 700 ? ev->code : 0]++;
		} else {
			d.ended++;
		}
		break;
	case ZV_EV_SIP_CLOSED:
		if (c->again) {
			c->again = false;
			c->sub++;
			c->leg.gen++;
			command((uint32_t)n, ZV_CMD_DIAL);
			break;
		}
		d.double_closed += c->closes++ > 0;
		d.double_final += c->finals != 1;
		d.closed++;
		d.in_flight--;
		c->closed = true;
		d.free_slots[d.n_free++] = c->leg.slot;
		break;
	default:
		break;
	}
}

/* The store's part: facts come, are "flushed" after a while, and go back. */
static void take_dialogs(int64_t now)
{
	for (uint32_t s = 0; s < d.n_jobs; s++) {
		struct zv_dialog g;

		while (zv_ring_pop(d.jobs[s].rings.dialogs, &g, 1) == 1) {
			uint32_t at = (d.acks_first + d.acks_n) % d.acks_size;

			if (!d.quiet)
				say("{\"ms\":%lld,\"ev\":\"FACTS\",\"call\":%llu,\"tag\":\"%s\","
				    "\"contact\":\"%s\",\"route\":\"%s\",\"cseq\":%u,\"complete\":%u}\n",
				    (long long)(now - start_ms),
				    (unsigned long long)(g.attempt.lo - d.attempt_base),
				    g.remote_tag, g.contact, g.route, g.cseq, g.complete);
			if (d.flush_never || d.acks_n == d.acks_size)
				continue;
			d.acks[at].due_ms = now + (int64_t)d.flush_ms;
			d.acks[at].shard = s;
			d.acks[at].ack = (struct zv_dialog_ack){g.attempt, g.leg};
			d.acks_n++;
		}
	}
	while (d.acks_n > 0 && d.acks[d.acks_first].due_ms <= now) {
		(void)!zv_ring_push(d.jobs[d.acks[d.acks_first].shard].rings.dialog_acks,
				    &d.acks[d.acks_first].ack);
		d.acks_first = (d.acks_first + 1) % d.acks_size;
		d.acks_n--;
	}
}

static void dial_due(int64_t now)
{
	static int64_t last;
	static double credit;

	/* No catch-up after a stall. */
	if (last != 0)
		credit += (double)(now - last) * d.cps / 1000;
	else
		credit = 1;
	last = now;
	if (credit > d.cps / 20 + 1)
		credit = d.cps / 20 + 1;
	while (credit >= 1 && !d.wait_up && d.next_call < d.n_calls && d.n_free > 0) {
		struct call *c = &d.calls[d.next_call];

		c->leg.slot = d.free_slots[--d.n_free];
		c->leg.gen = d.next_call + 1;
		c->dialled = true;
		c->dial_ms = now;
		command(d.next_call, ZV_CMD_DIAL);
		d.in_flight++;
		if (d.in_flight > d.in_flight_max)
			d.in_flight_max = d.in_flight;
		d.next_call++;
		credit -= 1;
	}
}

/* Calls are answered and dialled roughly in order: a moving window is looked at. */
static void hang_up_due(int64_t now)
{
	static uint32_t first;

	while (first < d.next_call && d.calls[first].closed)
		first++;
	for (uint32_t i = first; i < d.next_call; i++) {
		struct call *c = &d.calls[i];

		if (c->closed)
			continue;
		if (d.talk_s >= 0 && c->answered && !c->hung_up &&
		    now - c->answer_ms >= (int64_t)(d.talk_s * 1000)) {
			c->hung_up = true;
			command(i, ZV_CMD_HANGUP);
		}
		if (d.cancel_s >= 0 && !c->answered && !c->cancelled &&
		    now - c->dial_ms >= (int64_t)(d.cancel_s * 1000)) {
			c->cancelled = true;
			command(i, ZV_CMD_CANCEL);
		}
	}
}

static void adopt_all(void)
{
	for (uint32_t i = 0; i < d.params.n_open; i++) {
		struct zv_cmd cmd = {
			.type = ZV_CMD_DIAL,
			.trunk = d.open[i].trunk,
			.leg = d.open[i].leg,
			.attempt = d.open[i].attempt,
		};
		uint64_t call = d.open[i].attempt.lo - d.attempt_base;

		cmd.u.dial.adopt = 1;
		cmd.u.dial.sub = d.open[i].sub;
		cmd.u.dial.talk_max_s = d.talk_max_s;
		d.calls[call].leg = cmd.leg;
		d.calls[call].dialled = true;
		d.next_call = d.n_calls;
		d.in_flight++;
		(void)!zv_ring_push(job_of(cmd.leg.slot)->rings.commands, &cmd);
	}
}

__attribute__((noreturn)) static void bad(const char *what)
{
	fprintf(stderr, "dialdrive: bad %s\n", what);
	exit(2);
}

static void add_trunk(const char *text)
{
	struct zv_sip_trunk *t = &d.trunks[d.params.n_trunks];
	char ip[64];
	unsigned port;

	if (d.params.n_trunks == TRUNKS_MAX || sscanf(text, "%63[0-9.]:%u", ip, &port) != 2)
		bad("trunk");
	*t = d.trunks[TRUNKS_MAX - 1];
	t->ip.family = 4;
	if (inet_pton(AF_INET, ip, t->ip.bytes) != 1)
		bad("trunk");
	t->port = (uint16_t)port;
	t->transport = strstr(text, ";tcp") != NULL   ? ZV_SIP_TCP
		       : strstr(text, ";tls") != NULL ? ZV_SIP_TLS
						      : ZV_SIP_UDP;
	snprintf(t->name, sizeof(t->name), "t%u", d.params.n_trunks++);
}

/* call,slot[,tag,contact,route,cseq]: one that a crash left open. */
static void add_open(char *text)
{
	struct zv_open_attempt *o = &d.open[d.params.n_open++];
	char *part[6] = {0};
	struct timespec t;
	uint64_t call;

	clock_gettime(CLOCK_REALTIME, &t);
	for (int i = 0; i < 6 && text != NULL; i++)
		part[i] = strsep(&text, "|");
	if (part[1] == NULL)
		bad("adopt");
	call = strtoull(part[0], NULL, 10);
	o->attempt = (struct zv_attempt_id){UINT64_C(0x0001000000010000), d.attempt_base + call};
	o->leg = (struct zv_leg_id){(uint32_t)strtoul(part[1], NULL, 10), 1};
	o->called = d.called + call;
	o->caller = d.caller;
	o->wall_ms = (int64_t)t.tv_sec * 1000;
	if (part[5] == NULL)
		return;
	o->has_dialog = 1;
	o->dialog.complete = 1;
	o->dialog.cseq = (uint32_t)strtoul(part[5], NULL, 10);
	snprintf(o->dialog.remote_tag, sizeof(o->dialog.remote_tag), "%s", part[2]);
	snprintf(o->dialog.contact, sizeof(o->dialog.contact), "%s", part[3]);
	snprintf(o->dialog.route, sizeof(o->dialog.route), "%s", part[4]);
}

enum { O_TRUNK = 256, O_PORT, O_AGENTS, O_SHARDS, O_CALLS, O_CPS, O_RING, O_TALK, O_TALKMAX, O_USER,
       O_PASSWORD, O_REALM, O_FOLLOW, O_PRIVACY, O_PAI, O_DIGITS, O_DOMAIN, O_OPTIONS, O_T1X64,
       O_BREAKER, O_REST, O_UNANSWERED, O_SESSION, O_ACKWAIT, O_FLUSH, O_CALLED, O_CALLER, O_LINGER,
       O_CANCEL, O_QUIET, O_SECONDS, O_ADOPT, O_BASE, O_JUMP, O_LEGS, O_DEBUG, O_SPARE, O_FAILOVER,
       O_EVENTS, O_PHONES, O_CA, O_NAME, O_CERT, O_KEY, O_UNVERIFIED, O_WAIT_UP, O_FORGET,
       O_SRTP };

static const struct option options[] = {
	{"trunk", 1, 0, O_TRUNK}, {"port", 1, 0, O_PORT}, {"agents", 1, 0, O_AGENTS},
	{"shards", 1, 0, O_SHARDS}, {"calls", 1, 0, O_CALLS}, {"cps", 1, 0, O_CPS},
	{"ring-ms", 1, 0, O_RING}, {"talk", 1, 0, O_TALK}, {"talk-max", 1, 0, O_TALKMAX},
	{"user", 1, 0, O_USER}, {"password", 1, 0, O_PASSWORD}, {"realm", 1, 0, O_REALM},
	{"follow", 0, 0, O_FOLLOW}, {"privacy", 0, 0, O_PRIVACY}, {"pai", 0, 0, O_PAI},
	{"digits", 0, 0, O_DIGITS}, {"domain", 1, 0, O_DOMAIN}, {"options", 1, 0, O_OPTIONS},
	{"t1x64", 1, 0, O_T1X64}, {"breaker", 1, 0, O_BREAKER}, {"rest", 1, 0, O_REST},
	{"unanswered", 1, 0, O_UNANSWERED}, {"session", 1, 0, O_SESSION},
	{"ack-wait", 1, 0, O_ACKWAIT}, {"flush", 1, 0, O_FLUSH}, {"called", 1, 0, O_CALLED},
	{"caller", 1, 0, O_CALLER}, {"linger", 1, 0, O_LINGER}, {"cancel", 1, 0, O_CANCEL},
	{"quiet", 0, 0, O_QUIET}, {"seconds", 1, 0, O_SECONDS}, {"adopt", 1, 0, O_ADOPT},
	{"base", 1, 0, O_BASE}, {"jump", 1, 0, O_JUMP}, {"forget", 1, 0, O_FORGET}, {"legs", 1, 0, O_LEGS},
	{"debug", 0, 0, O_DEBUG}, {"spare-trunk", 1, 0, O_SPARE},
	{"failover", 0, 0, O_FAILOVER}, {"event-ring", 1, 0, O_EVENTS},
	{"phones", 1, 0, O_PHONES}, {"tls-ca", 1, 0, O_CA}, {"tls-name", 1, 0, O_NAME},
	{"tls-cert", 1, 0, O_CERT}, {"tls-key", 1, 0, O_KEY}, {"tls-unverified", 0, 0, O_UNVERIFIED},
	{"wait-up", 0, 0, O_WAIT_UP}, {"srtp", 1, 0, O_SRTP}, {0, 0, 0, 0}};

static void text_option(char *to, size_t size, const char *arg)
{
	if ((size_t)snprintf(to, size, "%s", arg) >= size)
		bad(arg);
}

static void trunk_option(struct zv_sip_trunk *t, int o)
{
	switch (o) {
	case O_USER: text_option(t->user, sizeof(t->user), optarg); break;
	case O_PASSWORD: text_option(t->password, sizeof(t->password), optarg); break;
	case O_REALM: text_option(t->realm, sizeof(t->realm), optarg); break;
	case O_DOMAIN: text_option(t->domain, sizeof(t->domain), optarg); break;
	case O_FOLLOW: t->redirect = ZV_REDIRECT_FOLLOW; break;
	case O_PRIVACY: t->privacy = ZV_PRIVACY_ID; break;
	case O_PAI: t->p_asserted = true; break;
	case O_DIGITS: t->number_format = ZV_NUMBER_DIGITS; break;
	case O_OPTIONS: t->options_s = (uint32_t)atoi(optarg); break;
	case O_T1X64: t->t1x64_ms = (uint32_t)atoi(optarg); break;
	case O_BREAKER: t->breaker_failures = (uint32_t)atoi(optarg); break;
	case O_REST: t->breaker_rest_s = (uint32_t)atoi(optarg); break;
	case O_UNANSWERED: t->unanswered_max = (uint32_t)atoi(optarg); break;
	case O_CA: text_option(t->tls.ca, sizeof(t->tls.ca), optarg); break;
	case O_NAME: text_option(t->tls.name, sizeof(t->tls.name), optarg); break;
	case O_CERT: text_option(t->tls.certificate, sizeof(t->tls.certificate), optarg); break;
	case O_KEY: text_option(t->tls.key, sizeof(t->tls.key), optarg); break;
	case O_UNVERIFIED: t->tls.verify = false; break;
	case O_SRTP: t->srtp = strcmp(optarg, "offer") == 0 ? ZV_SRTP_OFFER : ZV_SRTP_REQUIRE; break;
	case O_SESSION: t->session_expires_s = (uint32_t)atoi(optarg); break;
	default: bad("option");
	}
}

/* Trunk options come before the --trunk that they are for. */
static void parse(int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case O_TRUNK: add_trunk(optarg); d.dial_trunks = d.params.n_trunks; break;
		case O_SPARE: add_trunk(optarg); break;
		case O_PORT: d.params.port_first = (uint16_t)atoi(optarg); break;
		case O_AGENTS: d.params.agents = (uint32_t)atoi(optarg); break;
		case O_SHARDS: d.params.n_shards = (uint32_t)atoi(optarg); break;
		case O_CALLS: d.n_calls = (uint32_t)atoi(optarg); break;
		case O_CPS: d.cps = atof(optarg); break;
		case O_RING: d.ring_ms = (uint32_t)atoi(optarg); break;
		case O_TALK: d.talk_s = atof(optarg); break;
		case O_TALKMAX: d.talk_max_s = (uint32_t)atoi(optarg); break;
		case O_ACKWAIT: d.params.ack_wait_ms = (uint32_t)atoi(optarg); break;
		case O_FLUSH: d.flush_ms = atof(optarg); d.flush_never = d.flush_ms < 0; break;
		case O_CALLED: d.called = strtoull(optarg, NULL, 10); break;
		case O_CALLER: d.caller = strtoull(optarg, NULL, 10); break;
		case O_LINGER: d.linger_s = atof(optarg); break;
		case O_CANCEL: d.cancel_s = atof(optarg); break;
		case O_FAILOVER: d.failover = true; break;
		case O_EVENTS: d.event_ring = (uint32_t)atoi(optarg); break;
		case O_PHONES:
			d.params.phones.on = true;
			d.params.phones.port = (uint16_t)atoi(optarg);
			break;
		case O_WAIT_UP: d.wait_up = true; break;
		case O_QUIET: d.quiet = true; break;
		case O_SECONDS: d.seconds = atof(optarg); break;
		case O_ADOPT: add_open(optarg); break;
		case O_BASE: d.attempt_base = strtoull(optarg, NULL, 10); break;
		case O_JUMP:
			if (sscanf(optarg, "%lf:%ld", &d.jump_at_s, &d.jump_s) != 2)
				bad("jump");
			break;
		case O_FORGET: d.forget_s = atoi(optarg); break;
		case O_LEGS: d.params.max_legs = (uint32_t)atoi(optarg); break;
		case O_DEBUG: zv_log_init(ZV_LOG_DEBUG, false); break;
		case '?': exit(2);
		default: trunk_option(&d.trunks[TRUNKS_MAX - 1], o); break;
		}
	}
}

static void set_defaults(void)
{
	struct zv_sip_trunk *t = &d.trunks[TRUNKS_MAX - 1];

	zv_log_init(ZV_LOG_WARN, false);
	t->t1x64_ms = 8000;
	t->breaker_failures = 20;
	t->breaker_rest_s = 5;
	t->tls.verify = true;
	snprintf(t->tls.name, sizeof(t->tls.name), "127.0.0.1");
	d.params.port_first = 15000;
	d.params.agents = 8;
	d.params.n_shards = 1;
	d.params.max_legs = 1000;
	d.params.ack_wait_ms = 200;
	d.params.secret = (struct zv_key){UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	d.params.local_ip = (struct zv_ip){4, {127, 0, 0, 1}};
	snprintf(d.params.user_agent, sizeof(d.params.user_agent), "zvonar");
	d.n_calls = 1;
	d.event_ring = 4096;
	d.cps = 100;
	d.ring_ms = 30000;
	d.talk_max_s = 3600;
	d.talk_s = 0.2;
	d.cancel_s = -1;
	d.seconds = 30;
	d.called = 79160000000;
	d.caller = 74950000001;
}

static void set_plan(void)
{
	struct zv_sip_phones *p = &d.params.phones;

	d.n_jobs = d.params.n_shards;
	d.plan.n_slots = d.params.max_legs;
	if (p->on) {
		d.n_jobs++;
		p->ip = d.params.local_ip;
		snprintf(p->realm, sizeof(p->realm), "zvonar.test");
		p->max_phones = PHONES;
		p->max_side = d.params.max_legs;
		p->expires_max_s = 3600;
		p->fails_max = 1000;
		d.first_slot = d.params.max_legs + PHONES;
		d.plan.n_slots += PHONES + p->max_side;
	}
	d.plan.n_ranges = 1;
	d.plan.n_threads = 1;
	d.plan.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, 20000,
						   (uint16_t)(d.plan.n_slots > 20000
								      ? 20000
								      : d.plan.n_slots)};
	d.plan.rtcp_port[0] = 19999;
	d.params.plan = &d.plan;
	d.params.trunks = d.trunks;
	d.params.open = d.open;
}

static bool make_rings(struct job *j)
{
	j->rings.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return zv_ring_create(sizeof(struct zv_cmd), 8192, j->rings.wake_fd,
			      &j->rings.commands) == ZV_OK &&
	       zv_ring_create(sizeof(struct zv_event), d.event_ring, -1, &j->rings.events) == ZV_OK &&
	       zv_ring_create(sizeof(struct zv_dialog), 4096, -1, &j->rings.dialogs) == ZV_OK &&
	       zv_ring_create(sizeof(struct zv_dialog_ack), 8192, j->rings.wake_fd,
			      &j->rings.dialog_acks) == ZV_OK;
}

static void free_rings(struct job *j)
{
	zv_ring_destroy(j->rings.commands);
	zv_ring_destroy(j->rings.events);
	zv_ring_destroy(j->rings.dialogs);
	zv_ring_destroy(j->rings.dialog_acks);
	close(j->rings.wake_fd);
}

static void drain_events(void)
{
	for (uint32_t s = 0; s < d.n_jobs; s++) {
		struct zv_event ev[64];
		uint32_t n;

		while ((n = zv_ring_pop(d.jobs[s].rings.events, ev, 64)) > 0)
			for (uint32_t i = 0; i < n; i++)
				on_event(&ev[i]);
	}
}

static void print_summary(void)
{
	double cpu = 0;
	uint64_t invites = 0, retransmits = 0;
	struct zv_sip_stats st = {0};

	for (uint32_t i = 0; i < d.n_jobs; i++) {
		zv_sip_get_stats(d.jobs[0].sip, i, &st);
		invites += st.invites;
		retransmits += st.retransmits;
		cpu += d.jobs[i].cpu_s;
	}
	say("{\"ev\":\"SUMMARY\",\"calls\":%u,\"answered\":%u,\"failed\":%u,\"ended\":%u,"
	    "\"closed\":%u,\"double_final\":%u,\"double_closed\":%u,\"in_flight_max\":%u,"
	    "\"invites\":%llu,\"retransmits\":%llu,\"bad_messages\":%llu,\"auth_refused\":%llu,"
	    "\"timeouts\":%llu,\"legs\":%u,\"transactions\":%u,\"lag_us\":%u,"
	    "\"cpu_us_call\":%.1f,\"ms\":%lld,\"codes\":{",
	    d.next_call, d.answered, d.failed, d.ended, d.closed, d.double_final, d.double_closed,
	    d.in_flight_max, (unsigned long long)invites, (unsigned long long)retransmits,
	    (unsigned long long)st.bad_messages, (unsigned long long)st.auth_refused,
	    (unsigned long long)st.timeouts, st.legs, st.transactions, st.loop_lag_us_max,
	    cpu * 1e6 / (d.next_call == 0 ? 1 : d.next_call), (long long)(mono_ms() - start_ms));
	for (int i = 0, first = 1; i < 700; i++)
		if (d.codes[i] > 0)
			say("%s\"%d\":%u", first ? "" : ",", i, d.codes[i]), first = 0;
	say("}}\n");
}

static void print_memory(const char *when)
{
	struct zv_sip_stats st;

	zv_sip_get_stats(d.jobs[0].sip, 0, &st);
	say("{\"ms\":%lld,\"ev\":\"MEMORY\",\"when\":\"%s\",\"transactions\":%u,\"heap\":%zu}\n",
	    (long long)(mono_ms() - start_ms), when, st.transactions, mallinfo2().uordblks);
}

/* All calls are over: what they left, and what is left of that when the stack's timers have run out,
 * which is what the monotonic clock is made to say. */
static void forget(void)
{
	struct zv_sip_stats st = {.transactions = 1};

	usleep(300000);
	drain_events();
	print_memory("over");
	start_ms += d.forget_s * 1000;
	atomic_store(&mono_jump_s, d.forget_s);
	/* a busy machine takes longer to run them all */
	for (int i = 0; i < 100 && (i < 12 || st.transactions > 0); i++) {
		usleep(100000);
		zv_sip_get_stats(d.jobs[0].sip, 0, &st);
	}
	drain_events();
	print_memory("forgotten");
}

static void run(void)
{
	int64_t now, done_ms = 0;

	if (d.forget_s != 0)
		print_memory("begin");

	for (;;) {
		now = mono_ms();
		drain_events();
		take_dialogs(now);
		if (d.params.n_open == 0)
			dial_due(now);
		hang_up_due(now);
		if (d.jump_s != 0 && now - start_ms >= (int64_t)(d.jump_at_s * 1000)) {
			atomic_store(&wall_jump_s, d.jump_s);
			d.jump_s = 0;
			say("{\"ms\":%lld,\"ev\":\"JUMP\"}\n", (long long)(now - start_ms));
		}
		if (done_ms == 0 && d.in_flight == 0 &&
		    (d.next_call == d.n_calls || d.params.n_open > 0))
			done_ms = now;
		if (done_ms != 0 && d.forget_s != 0) {
			forget();
			break;
		}
		if (done_ms != 0 && now - done_ms >= (int64_t)(d.linger_s * 1000))
			break;
		if (now - start_ms >= (int64_t)(d.seconds * 1000)) {
			say("{\"ev\":\"TIMEUP\",\"in_flight\":%u}\n", d.in_flight);
			break;
		}
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	struct zv_sip *sip;
	char text[200];
	enum zv_err err;

	set_defaults();
	parse(argc, argv);
	set_plan();
	if (zv_secrets_create(d.plan.n_slots, &d.secrets) != ZV_OK)
		return 1;
	d.params.secrets = d.secrets;
	err = zv_sip_create(&d.params, text, sizeof(text), &sip);
	if (err != ZV_OK) {
		fprintf(stderr, "dialdrive: %d %s\n", (int)err, text);
		return 1;
	}
	d.calls = calloc(d.n_calls, sizeof(*d.calls));
	d.free_slots = calloc(d.params.max_legs + 1, sizeof(*d.free_slots));
	d.acks_size = d.params.max_legs + 1;
	d.acks = calloc(d.acks_size, sizeof(*d.acks));
	for (d.n_free = 0; d.n_free < d.params.max_legs; d.n_free++)
		d.free_slots[d.n_free] = d.first_slot + d.params.max_legs - 1 - d.n_free;
	start_ms = mono_ms();
	for (uint32_t i = 0; i < d.n_jobs; i++) {
		struct job *j = &d.jobs[i];

		j->sip = sip;
		j->shard = i;
		if (!make_rings(j) || pthread_create(&j->thread, NULL, run_shard, j) != 0)
			return 1;
	}
	say("{\"ms\":0,\"ev\":\"READY\"}\n");
	adopt_all();
	run();
	atomic_store(&stop_shards, true);
	for (uint32_t i = 0; i < d.n_jobs; i++)
		pthread_join(d.jobs[i].thread, NULL);
	drain_events();
	print_summary();
	zv_sip_destroy(sip);
	for (uint32_t i = 0; i < d.n_jobs; i++)
		free_rings(&d.jobs[i]);
	zv_secrets_destroy(d.secrets);
	free(d.calls);
	free(d.free_slots);
	free(d.acks);
	return 0;
}
