/* zvonar-phones: simulated agents' phones over real SIP and RTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hash.h"
#include "phones.h"

static const char help[] =
        "usage: zvonar-phones --registrar IP:PORT --listen IP:PORT [option]...\n"
        "Phones of agents: they register, answer the call they get, and talk all the time.\n"
        "  --registrar IP:PORT  where zvonard's phones.listen is\n"
        "  --listen IP:PORT     where all phones listen (UDP)\n"
        "  --rtp IP:LOW-HIGH    RTP ports, two a phone (default 127.0.0.1:40000-40127)\n"
        "  --count N            phones (1)\n"
        "  --users FORM         their names, with one %u or %02u for the number (agent%02u)\n"
        "  --password TEXT      of all (secret)\n"
        "  --domain NAME        of their addresses (zvonar)\n"
        "  --expires S          of registrations (60)\n"
        "  --crash-after S      mean time from an answer to a crash (0 = never)\n"
        "  --crash-rest S       a crashed phone is dead so long (5)\n"
        "  --cut-every S        mean time between two cuts of the network of all phones (0 = never)\n"
        "  --cut-for S          mean length of a cut (3)\n"
        "  --lose-bye PPM       of BYEs nothing is done and said (0)\n"
        "  --seed N             of all that is drawn (1)\n"
        "  --log FILE           journal, a JSON object a line\n"
        "  --help               this\n"
        "\n"
        "SIGTERM and SIGINT print a summary and end.  Exit status: 0 done, 1 failed, 2 used wrongly.\n";

enum option_id {
	OPT_REGISTRAR = 256, OPT_LISTEN, OPT_RTP, OPT_COUNT, OPT_USERS, OPT_PASSWORD, OPT_DOMAIN,
	OPT_EXPIRES, OPT_CRASH, OPT_REST, OPT_CUT, OPT_CUT_FOR, OPT_BYE, OPT_SEED, OPT_LOG, OPT_HELP
};

static const struct option options[] = {
        {"registrar", required_argument, NULL, OPT_REGISTRAR},
        {"listen", required_argument, NULL, OPT_LISTEN},
        {"rtp", required_argument, NULL, OPT_RTP},
        {"count", required_argument, NULL, OPT_COUNT},
        {"users", required_argument, NULL, OPT_USERS},
        {"password", required_argument, NULL, OPT_PASSWORD},
        {"domain", required_argument, NULL, OPT_DOMAIN},
        {"expires", required_argument, NULL, OPT_EXPIRES},
        {"crash-after", required_argument, NULL, OPT_CRASH},
        {"crash-rest", required_argument, NULL, OPT_REST},
        {"cut-every", required_argument, NULL, OPT_CUT},
        {"cut-for", required_argument, NULL, OPT_CUT_FOR},
        {"lose-bye", required_argument, NULL, OPT_BYE},
        {"seed", required_argument, NULL, OPT_SEED},
        {"log", required_argument, NULL, OPT_LOG},
        {"help", no_argument, NULL, OPT_HELP},
        {NULL, 0, NULL, 0},
};

static bool number(const char *text, uint64_t low, uint64_t high, unsigned *ret_value)
{
	uint64_t value;

	if (!zvc_str_number((struct zvc_str){text, strlen(text)}, high, &value) || value < low)
		return false;
	*ret_value = (unsigned)value;
	return true;
}

static bool address(const char *text, struct sockaddr_in *ret)
{
	const char *colon = strchr(text, ':');
	char ip[INET_ADDRSTRLEN];
	unsigned port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(ip) || !number(colon + 1, 1, 65535, &port))
		return false;
	(void)snprintf(ip, sizeof(ip), "%.*s", (int)(colon - text), text);
	*ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return inet_pton(AF_INET, ip, &ret->sin_addr) == 1;
}

static bool ports(const char *text, struct zvp_conf *c)
{
	const char *dash = strchr(text, '-');
	struct sockaddr_in low;
	char first[64];
	unsigned high;

	if (dash == NULL || (size_t)(dash - text) >= sizeof(first))
		return false;
	(void)snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
	if (!address(first, &low) || !number(dash + 1, ntohs(low.sin_port), 65535, &high))
		return false;
	c->rtp_ip = low.sin_addr;
	c->rtp_low = ntohs(low.sin_port);
	c->rtp_high = (uint16_t)high;
	return true;
}

/* One %u or %02u and nothing else that printf would act on. */
static bool users(const char *text, struct zvp_conf *c)
{
	const char *percent = strchr(text, '%');

	if (strlen(text) > 40 || percent == NULL || strchr(percent + 1, '%') != NULL)
		return false;
	percent++;
	if (percent[0] == '0' && percent[1] >= '1' && percent[1] <= '9')
		percent += 2;
	if (percent[0] != 'u')
		return false;
	(void)snprintf(c->users, sizeof(c->users), "%s", text);
	return true;
}

static bool copy(const char *text, char *to, size_t size)
{
	return strlen(text) < size && snprintf(to, size, "%s", text) > 0;
}

static bool take(struct zvp_conf *c, int option, const char *value)
{
	unsigned n = 0;
	bool ok;

	switch ((enum option_id)option) {
	case OPT_REGISTRAR: return address(value, &c->registrar);
	case OPT_LISTEN: return address(value, &c->listen.addr);
	case OPT_RTP: return ports(value, c);
	case OPT_COUNT: return number(value, 1, ZVP_PHONES_MAX, &c->n);
	case OPT_USERS: return users(value, c);
	case OPT_PASSWORD: return copy(value, c->password, sizeof(c->password));
	case OPT_DOMAIN: return copy(value, c->domain, sizeof(c->domain));
	case OPT_EXPIRES: return number(value, 1, 86400, &c->expires_s);
	case OPT_CRASH: return number(value, 0, 86400, &c->crash_s);
	case OPT_REST: return number(value, 0, 3600, &c->rest_s);
	case OPT_CUT: return number(value, 0, 86400, &c->cut_s);
	case OPT_CUT_FOR: return number(value, 1, 3600, &c->cut_for_s);
	case OPT_BYE: return number(value, 0, 1000000, &c->lose_bye_ppm);
	case OPT_SEED:
		ok = number(value, 0, UINT32_MAX, &n);
		c->seed = n;
		return ok;
	case OPT_LOG: c->log_path = value; return true;
	case OPT_HELP:
	default: return false;
	}
}

/* The network of all phones goes and comes back: nothing is heard and nothing leaves meanwhile. */
static void cuts(struct zvp_phones *p)
{
	unsigned mean_s;

	if (p->conf.cut_s == 0 || p->now_ms < p->cut_ms)
		return;
	if (p->cut_ms != 0) {
		p->cut = !p->cut;
		p->stats.cuts += p->cut;
		zvc_net_cut(p->net, p->cut);
		zvc_media_cut(p->media, p->cut);
		zvc_line_begin(&p->journal, p->cut ? "cut" : "whole", 0);
		zvc_line_end(&p->journal);
	}
	mean_s = p->cut ? p->conf.cut_for_s : p->conf.cut_s;
	p->cut_ms = p->now_ms + 500 + zvp_draw(p) % (2000 * (uint64_t)mean_s);
}

static bool run(struct zvp_phones *p, int epoll)
{
	struct epoll_event events[256];
	uint64_t flush_ms = 0;

	while (!p->stop) {
		int n = epoll_wait(epoll, events, 256, 2);

		p->now_ms = (uint64_t)(zvc_mono_ns() / 1000000);
		for (int i = 0; i < n; i++) {
			uint32_t kind = (uint32_t)(events[i].data.u64 >> 32);
			uint32_t index = (uint32_t)events[i].data.u64;

			if (kind == ZVC_EV_SIGNAL)
				p->stop = true;
			else if (kind == ZVC_EV_RTP || kind == ZVC_EV_RTCP)
				zvc_media_event(p->media, kind, index);
			else
				zvc_net_event(p->net, kind, index, events[i].events);
		}
		cuts(p);
		zvc_wheel_run(p->wheel, p->now_ms);
		zvc_media_tick(p->media, p->now_ms);
		if (p->now_ms >= flush_ms) {
			flush_ms = p->now_ms + 50;
			if (!zvc_journal_flush(&p->journal))
				return false;
		}
	}
	return true;
}

static void summary(struct zvp_phones *p)
{
	const struct zvp_stats *s = &p->stats;
	const struct { const char *name; uint64_t value; } rows[] = {
	        {"registers", s->registers}, {"challenges", s->challenges}, {"refused", s->refused},
	        {"calls", s->calls}, {"ended", s->ended}, {"up", s->up}, {"up_peak", s->up_peak},
	        {"crashes", s->crashes}, {"lost_byes", s->lost_byes}, {"repeats", s->repeats},
	        {"odd", s->odd}, {"cuts", s->cuts}, {"rtp_rx", zvc_media_get_stats(p->media)->rx},
	        {"rtp_tx", zvc_media_get_stats(p->media)->tx},
	        {"rtp_strays", zvc_media_get_stats(p->media)->strays},
	        {"late_ticks", zvc_media_get_stats(p->media)->late_ticks},
	};

	zvc_line_begin(&p->journal, "summary", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)printf("%-12s %" PRIu64 "\n", rows[i].name, rows[i].value);
		zvc_line_number(&p->journal, rows[i].name, (int64_t)rows[i].value);
	}
	zvc_line_end(&p->journal);
	(void)fflush(stdout);
}

static int serve(const struct zvp_conf *conf)
{
	static struct zvp_phones p;
	char text[300] = "out of memory";
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int signals = zvc_signal_socket(epoll);
	int status = 1;

	p.conf = *conf;
	p.now_ms = (uint64_t)(zvc_mono_ns() / 1000000);
	p.dice = zv_mix64(conf->seed);
	p.journal.fd = -1;
	p.wheel = zvc_wheel_create(p.now_ms);
	p.v = calloc(conf->n, sizeof(*p.v));
	if (epoll < 0 || signals < 0 || p.wheel == NULL || p.v == NULL)
		goto fail;
	if (!zvc_journal_open(&p.journal, conf->log_path)) {
		(void)snprintf(text, sizeof(text), "%s: %s", conf->log_path, strerror(errno));
		goto fail;
	}
	p.media = zvc_media_create(epoll, conf->rtp_ip, conf->rtp_low, conf->rtp_high, text, sizeof(text));
	if (p.media == NULL)
		goto fail;
	zvc_media_on_sound(p.media, zvp_phone_heard);
	p.net = zvc_net_create(epoll, &p.conf.listen, 1, zvp_on_message, &p, text, sizeof(text));
	if (p.net == NULL)
		goto fail;
	for (unsigned i = 0; i < conf->n; i++)
		zvp_phone_init(&p, &p.v[i], i + 1);
	(void)printf("ready\n");
	(void)fflush(stdout);
	status = run(&p, epoll) ? 0 : 1;
	for (unsigned i = 0; i < conf->n; i++)
		zvp_phone_free(&p.v[i]);
	summary(&p);
	text[0] = 0;

fail:
	if (text[0] != 0)
		(void)fprintf(stderr, "zvonar-phones: %s\n", text);
	zvc_net_destroy(p.net);
	zvc_media_destroy(p.media);
	zvc_journal_close(&p.journal);
	zvc_wheel_destroy(p.wheel);
	free(p.v);
	(void)close(signals);
	(void)close(epoll);
	return status;
}

int main(int argc, char **argv)
{
	struct zvp_conf conf = {.listen = {.udp = true}, .rtp_low = 40000, .rtp_high = 40127,
	                        .users = "agent%02u", .n = 1, .password = "secret", .domain = "zvonar",
	                        .expires_s = 60, .rest_s = 5, .cut_for_s = 3, .seed = 1};
	struct rlimit files;
	int option;

	conf.rtp_ip.s_addr = htonl(INADDR_LOOPBACK);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPT_HELP) {
			(void)fputs(help, stdout);
			return 0;
		}
		if (!take(&conf, option, optarg)) {
			(void)fprintf(stderr, "zvonar-phones: '%s' is no value here; --help tells the options.\n",
			              option == '?' ? "?" : optarg);
			return 2;
		}
	}
	if (optind != argc || conf.registrar.sin_port == 0 || conf.listen.addr.sin_port == 0) {
		(void)fputs("zvonar-phones: --registrar and --listen are needed; --help tells the options.\n",
		            stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return serve(&conf);
}
