/* zvonar-carrier: a telephone network on loopback, and the judge of who calls it. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/hash.h"
#include "carrier.h"

static const char help[] =
        "zvonar-carrier -- a simulated carrier: real SIP and RTP, people from a seed\n"
        "\n"
        "  --listen IP:PORT[/udp|/tcp][,...]  SIP addresses, each a trunk (UDP and TCP if not "
        "said)\n"
        "  --rtp IP:LOW-HIGH    RTP ports (default 127.0.0.1:20000-20127); calls share them if "
        "they\n"
        "                       are fewer than the calls\n"
        "  --shares FILE        who lives behind the numbers: lines of `name percent`\n"
        "  --seed N             the same seed, number and shares give the same behaviour (1)\n"
        "  --log FILE           JSON lines, appended\n"
        "  --pace X             factor on ring times and the like, 0.001 to 100 (1)\n"
        "  --scenario NAME      every number does the same: answer (at once, silent), or a name "
        "of\n"
        "                       the shares file (busy: 486 always)\n"
        "  --auth USER:PASSWORD:REALM  ask for digest authentication of INVITEs\n"
        "  --auth-code 401|407  with that status (407)\n"
        "  --early-media        switched off: 183 and an announcement before the 480; no answer: 183\n"
        "                       and ring-back\n"
        "  --muddle             with that, and only the sound tells: switched off plays until it is\n"
        "                       cancelled, no answer ends as 480, and no causes are given\n"
        "  --play SOUND=FILE    hello, greeting or announcement: a WAV of 8 kHz, mono, 16 bit\n"
        "  --no-media           descriptions are exchanged, no RTP is sent; nobody minds the "
        "silence\n"
        "  --glare PERCENT      of CANCELs cross a 200 (0)\n"
        "  --loss PERCENT       of SIP datagrams are dropped, each way (0)\n"
        "  --channels N         calls at once a trunk, more get 503 and are counted (0 = any)\n"
        "  --cps N              INVITEs a second a trunk, likewise (0 = any)\n"
        "  --t1 MS              RFC 3261 T1, 10 to 500 (500)\n"
        "  --max-call S         the carrier ends longer calls (600)\n"
        "  --strict             exit status 1 if a protocol error was seen\n"
        "  --truth              numbers from stdin to `number behaviour category` lines; no "
        "network\n"
        "  --help               this\n"
        "\n"
        "SIGUSR1 writes a state line with the calls in progress to the log; SIGTERM and SIGINT "
        "print\n"
        "a summary and end.  Exit status: 0 done, 1 failed, 2 used wrongly.\n";

enum option_id {
	OPT_LISTEN = 256,
	OPT_RTP,
	OPT_SHARES,
	OPT_SEED,
	OPT_LOG,
	OPT_PACE,
	OPT_SCENARIO,
	OPT_AUTH,
	OPT_AUTH_CODE,
	OPT_EARLY,
	OPT_MUDDLE,
	OPT_PLAY,
	OPT_NO_MEDIA,
	OPT_GLARE,
	OPT_LOSS,
	OPT_CHANNELS,
	OPT_CPS,
	OPT_T1,
	OPT_MAX_CALL,
	OPT_STRICT,
	OPT_TRUTH,
	OPT_HELP
};

static const struct option options[] = {
        {"listen", required_argument, NULL, OPT_LISTEN},
        {"rtp", required_argument, NULL, OPT_RTP},
        {"shares", required_argument, NULL, OPT_SHARES},
        {"seed", required_argument, NULL, OPT_SEED},
        {"log", required_argument, NULL, OPT_LOG},
        {"pace", required_argument, NULL, OPT_PACE},
        {"scenario", required_argument, NULL, OPT_SCENARIO},
        {"auth", required_argument, NULL, OPT_AUTH},
        {"auth-code", required_argument, NULL, OPT_AUTH_CODE},
        {"early-media", no_argument, NULL, OPT_EARLY},
        {"muddle", no_argument, NULL, OPT_MUDDLE},
        {"play", required_argument, NULL, OPT_PLAY},
        {"no-media", no_argument, NULL, OPT_NO_MEDIA},
        {"glare", required_argument, NULL, OPT_GLARE},
        {"loss", required_argument, NULL, OPT_LOSS},
        {"channels", required_argument, NULL, OPT_CHANNELS},
        {"cps", required_argument, NULL, OPT_CPS},
        {"t1", required_argument, NULL, OPT_T1},
        {"max-call", required_argument, NULL, OPT_MAX_CALL},
        {"strict", no_argument, NULL, OPT_STRICT},
        {"truth", no_argument, NULL, OPT_TRUTH},
        {"help", no_argument, NULL, OPT_HELP},
        {NULL, 0, NULL, 0},
};

struct wish {
	struct zvc_conf conf;
	const char *shares_path;
	bool truth, help;
};

static struct zvc_str str(const char *text)
{
	return (struct zvc_str){text, strlen(text)};
}

static bool number_option(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value)
{
	return zvc_str_number(str(text), high, ret_value) && *ret_value >= low;
}

static bool real_option(const char *text, double low, double high, double *ret_value)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != 0 || !isfinite(value) || value < low || value > high)
		return false;
	*ret_value = value;
	return true;
}

static bool percent_option(const char *text, uint32_t *ret_ppm)
{
	double value;

	if (!real_option(text, 0, 100, &value))
		return false;
	*ret_ppm = (uint32_t)lrint(value * 10000);
	return true;
}

static bool parse_ip(const char *text, size_t n, struct in_addr *ret_ip)
{
	char copy[INET_ADDRSTRLEN];

	if (n == 0 || n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = 0;
	return inet_pton(AF_INET, copy, ret_ip) == 1;
}

static bool parse_listen(const char *text, struct zvc_conf *conf)
{
	while (*text != 0) {
		struct zvc_listen *listen = &conf->listens[conf->n_listens];
		size_t n = strcspn(text, ",");
		const char *colon = memchr(text, ':', n);
		const char *slash = memchr(text, '/', n);
		const char *end = slash != NULL ? slash : text + n;
		uint64_t port;

		if (conf->n_listens == ZVC_TRUNKS_MAX || colon == NULL || colon > end)
			return false;
		*listen = (struct zvc_listen){.addr.sin_family = AF_INET, .udp = true, .tcp = true};
		if (!parse_ip(text, (size_t)(colon - text), &listen->addr.sin_addr) ||
		    !zvc_str_number((struct zvc_str){colon + 1, (size_t)(end - colon - 1)}, 65535,
		                    &port) ||
		    port == 0)
			return false;
		listen->addr.sin_port = htons((uint16_t)port);
		if (slash != NULL) {
			struct zvc_str only = {slash + 1, (size_t)(text + n - slash - 1)};

			listen->udp = zvc_str_is(only, "udp");
			listen->tcp = zvc_str_is(only, "tcp");
			if (!listen->udp && !listen->tcp)
				return false;
		}
		conf->n_listens++;
		text += n;
		if (*text == ',' && *++text == 0)
			return false;
	}
	return conf->n_listens > 0;
}

static bool parse_rtp(const char *text, struct zvc_conf *conf)
{
	const char *colon = strchr(text, ':');
	const char *dash = colon != NULL ? strchr(colon, '-') : NULL;
	uint64_t low, high;

	if (dash == NULL || !parse_ip(text, (size_t)(colon - text), &conf->rtp_ip) ||
	    !zvc_str_number((struct zvc_str){colon + 1, (size_t)(dash - colon - 1)}, 65535, &low) ||
	    !zvc_str_number(str(dash + 1), 65535, &high) || low < 1024 || low >= high)
		return false;
	conf->rtp_low = (uint16_t)low;
	conf->rtp_high = (uint16_t)high;
	return true;
}

static bool parse_scenario(const char *text, struct zvc_conf *conf)
{
	struct zvc_plan *plan = &conf->scenario;

	conf->has_scenario = true;
	*plan = (struct zvc_plan){.refuse_ms = 300,
	                          .ring_ms = 2000,
	                          .key_ms = 3000,
	                          .greeting_ms = 4000,
	                          .record_ms = 10000,
	                          .busy_first = UINT8_MAX};
	if (strcmp(text, "answer") == 0) {
		plan->behaviour = ZVC_SILENT;
		plan->refuse_ms = plan->ring_ms = 0;
		return true;
	}
	if (!zvc_behaviour_parse(text, strlen(text), &plan->behaviour))
		return false;
	if (plan->behaviour >= ZVC_KEY1 && plan->behaviour <= ZVC_KEY3)
		plan->key = (uint8_t)(1 + plan->behaviour - ZVC_KEY1);
	return true;
}

static bool play_option(const char *value)
{
	char why[300];
	bool right = zvc_sound_load(value, why, sizeof(why));

	if (!right)
		(void)fprintf(stderr, "zvonar-carrier: %s\n", why);
	return right;
}

/* One option; false: its value is not allowed. */
static bool take_option(int id, const char *value, struct wish *wish)
{
	struct zvc_conf *conf = &wish->conf;
	uint64_t number = 0;
	bool right = true;

	switch (id) {
	case OPT_LISTEN: return parse_listen(value, conf);
	case OPT_RTP: return parse_rtp(value, conf);
	case OPT_SHARES: wish->shares_path = value; return true;
	case OPT_SEED: return number_option(value, 0, UINT64_MAX, &conf->seed);
	case OPT_LOG: conf->log_path = value; return true;
	case OPT_PACE: return real_option(value, 0.001, 100, &conf->pace);
	case OPT_SCENARIO: return parse_scenario(value, conf);
	case OPT_AUTH: conf->has_auth = true; return zvc_account_parse(value, &conf->account);
	case OPT_AUTH_CODE:
		right = number_option(value, 401, 407, &number) && (number == 401 || number == 407);
		conf->auth_code = (uint16_t)number;
		return right;
	case OPT_EARLY: conf->early_media = true; return true;
	case OPT_MUDDLE: conf->early_media = conf->muddle = true; return true;
	case OPT_PLAY: return play_option(value);
	case OPT_NO_MEDIA: conf->no_media = true; return true;
	case OPT_GLARE: return percent_option(value, &conf->glare_ppm);
	case OPT_LOSS: return percent_option(value, &conf->loss_ppm);
	case OPT_CHANNELS:
		right = number_option(value, 0, 1000000, &number);
		conf->channels_max = (uint32_t)number;
		return right;
	case OPT_CPS:
		right = number_option(value, 0, 1000000, &number);
		conf->cps_max = (uint32_t)number;
		return right;
	case OPT_T1:
		right = number_option(value, 10, 500, &number);
		conf->t1_ms = (uint32_t)number;
		return right;
	case OPT_MAX_CALL:
		right = number_option(value, 1, 86400, &number);
		conf->max_call_s = (uint32_t)number;
		return right;
	case OPT_STRICT: conf->strict = true; return true;
	case OPT_TRUTH: wish->truth = true; return true;
	case OPT_HELP: wish->help = true; return true;
	default: return false;
	}
}

static bool parse_options(int argc, char **argv, struct wish *wish)
{
	int id;
	int which = 0;

	while ((id = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (id == '?' || id == ':')
			return false;
		if (!take_option(id, optarg, wish)) {
			(void)fprintf(stderr, "zvonar-carrier: --%s does not allow \"%s\"\n",
			              options[which].name, optarg != NULL ? optarg : "");
			return false;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "zvonar-carrier: what is \"%s\"?\n", argv[optind]);
		return false;
	}
	if (!wish->help && !wish->truth && wish->conf.n_listens == 0) {
		(void)fprintf(stderr, "zvonar-carrier: --listen is missing\n");
		return false;
	}
	if (!wish->help && wish->shares_path == NULL && (wish->truth || !wish->conf.has_scenario)) {
		(void)fprintf(stderr, "zvonar-carrier: --shares is missing\n");
		return false;
	}
	return true;
}

static int print_truth(const struct zvc_conf *conf)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct zvc_str word = {line, strcspn(line, " \t\r\n,;")};
		uint64_t number = zvc_phone(word);
		struct zvc_plan plan;

		if (word.n == 0)
			continue;
		if (number == 0) {
			(void)fprintf(stderr, "zvonar-carrier: not a number: %.*s\n", (int)word.n,
			              word.p);
			return 1;
		}
		zvc_plan_make(&conf->shares, conf->seed, number, &plan);
		(void)printf("%" PRIu64 "\t%s\t%s\n", number, zvc_behaviour_name(plan.behaviour),
		             zvc_plan_truth(&plan));
	}
	return fflush(stdout) == 0 ? 0 : 1;
}

static void state_of(void *arg, struct zvc_call *call)
{
	struct zvc_journal *j = arg;

	if (!call->counted)
		return;
	zvc_line_open(j, NULL, '{');
	zvc_line_number(j, "call", (int64_t)call->id);
	zvc_line_number(j, "number", (int64_t)call->number);
	zvc_line_str(j, "call_id", call->invite.call_id);
	zvc_line_text(j, "state", zvc_state_name(call->state));
	zvc_line_number(j, "age_ms", (zvc_mono_ns() - call->invite_ns) / 1000000);
	if (call->leg != NULL)
		zvc_line_number(j, "rtp_rx", (int64_t)zvc_leg_hearing(call->leg)->packets);
	zvc_line_shut(j, '}');
}

static void dump_state(struct zvc_carrier *carrier)
{
	struct zvc_journal *j = &carrier->journal;

	zvc_line_begin(j, "state", 0);
	zvc_line_number(j, "active", carrier->stats.active);
	zvc_line_number(j, "talking", carrier->stats.talking);
	zvc_line_number(j, "rtp_strays", (int64_t)zvc_media_get_stats(carrier->media)->strays);
	zvc_line_open(j, "calls", '[');
	zvc_calls_each(carrier, state_of, j);
	zvc_line_shut(j, ']');
	zvc_line_end(j);
	(void)zvc_journal_flush(j);
}

struct figure {
	const char *name;
	uint64_t value;
};

static void summary(struct zvc_carrier *carrier)
{
	const struct zvc_stats *s = &carrier->stats;
	const struct zvc_media_stats *m = zvc_media_get_stats(carrier->media);
	const struct figure figures[] = {
	        {"calls", s->calls},
	        {"answered", s->answered},
	        {"keys_pressed", s->keyed},
	        {"refused", s->refused},
	        {"unavailable_503", s->unavailable},
	        {"cancelled", s->cancelled},
	        {"challenged", s->challenged},
	        {"peak_concurrent", s->peak},
	        {"peak_talking", s->talking_peak},
	        {"still_up", s->active},
	        {"protocol_errors", s->faults},
	        {"strays", s->strays},
	        {"overlaps", s->overlaps},
	        {"over_limit", s->over_limit},
	        {"dead_air", s->dead_air},
	        {"no_ack", s->no_ack},
	        {"glares", s->glares},
	        {"invite_copies", s->invite_copies},
	        {"repeats_sent", s->repeats},
	        {"options", s->options},
	        {"dropped", s->dropped},
	        {"rtp_rx", m->rx},
	        {"rtp_tx", m->tx},
	        {"rtp_strays", m->strays},
	        {"rtcp_reports", m->rtcp_reports},
	        {"rtcp_bad", m->rtcp_bad},
	        {"late_ticks", m->late_ticks},
	};

	zvc_line_begin(&carrier->journal, "summary", 0);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		(void)printf("%-16s %" PRIu64 "\n", figures[i].name, figures[i].value);
		zvc_line_number(&carrier->journal, figures[i].name, (int64_t)figures[i].value);
	}
	zvc_line_end(&carrier->journal);
	for (unsigned i = 0; i < carrier->conf.n_listens; i++)
		(void)printf("trunk %u: %" PRIu64
		             " calls, at most %u at once, at most %u a second\n",
		             ntohs(carrier->conf.listens[i].addr.sin_port), s->trunks[i].invites,
		             s->trunks[i].peak, s->trunks[i].cps_peak);
	(void)fflush(stdout);
}

static void on_signal(struct zvc_carrier *carrier, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			dump_state(carrier);
		else
			carrier->stop = true;
	}
}

static bool run(struct zvc_carrier *carrier, int epoll, int signals)
{
	struct epoll_event events[256];
	uint64_t flush_ms = 0;

	while (!carrier->stop) {
		int n = epoll_wait(epoll, events, 256, carrier->stats.active > 0 ? 2 : 10);

		carrier->now_ms = (uint64_t)(zvc_mono_ns() / 1000000);
		for (int i = 0; i < n; i++) {
			uint32_t kind = (uint32_t)(events[i].data.u64 >> 32);
			uint32_t index = (uint32_t)events[i].data.u64;

			if (kind == ZVC_EV_SIGNAL)
				on_signal(carrier, signals);
			else if (kind == ZVC_EV_RTP || kind == ZVC_EV_RTCP)
				zvc_media_event(carrier->media, kind, index);
			else
				zvc_net_event(carrier->net, kind, index, events[i].events);
		}
		zvc_wheel_run(carrier->wheel, carrier->now_ms);
		zvc_media_tick(carrier->media, carrier->now_ms);
		if (carrier->now_ms >= flush_ms) {
			flush_ms = carrier->now_ms + 50;
			if (!zvc_journal_flush(&carrier->journal))
				return false;
		}
	}
	return true;
}

static void line_start(struct zvc_carrier *carrier)
{
	struct zvc_journal *j = &carrier->journal;

	zvc_line_begin(j, "start", 0);
	zvc_line_text(j, "version", ZV_VERSION);
	zvc_line_number(j, "seed", (int64_t)carrier->conf.seed);
	zvc_line_number(j, "pace_ppm", lrint(carrier->conf.pace * 1e6));
	zvc_line_open(j, "ports", '[');
	for (unsigned i = 0; i < carrier->conf.n_listens; i++)
		zvc_line_number(j, NULL, ntohs(carrier->conf.listens[i].addr.sin_port));
	zvc_line_shut(j, ']');
	zvc_line_end(j);
	(void)zvc_journal_flush(j);
}

static int serve(const struct zvc_conf *conf)
{
	static struct zvc_carrier carrier;
	char text[300] = "out of memory";
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int signals = zvc_signal_socket(epoll);
	int status = 1;

	carrier.conf = *conf;
	carrier.now_ms = (uint64_t)(zvc_mono_ns() / 1000000);
	carrier.dice = zv_mix64(conf->seed);
	carrier.conf.account.secret = zv_mix64(conf->seed ^ (uint64_t)zvc_wall_ns());
	carrier.wheel = zvc_wheel_create(carrier.now_ms);
	carrier.calls = zvc_calls_create();
	carrier.journal.fd = -1;
	if (epoll < 0 || signals < 0 || carrier.wheel == NULL || carrier.calls == NULL)
		goto fail;
	if (!zvc_journal_open(&carrier.journal, conf->log_path)) {
		(void)snprintf(text, sizeof(text), "%s: %s", conf->log_path, strerror(errno));
		goto fail;
	}
	carrier.media = zvc_media_create(epoll, conf->rtp_ip, conf->rtp_low, conf->rtp_high, text,
	                                 sizeof(text));
	if (carrier.media == NULL)
		goto fail;
	zvc_media_on_sound(carrier.media, zvc_person_heard);
	carrier.net = zvc_net_create(epoll, conf->listens, conf->n_listens, zvc_on_message,
	                             &carrier, text, sizeof(text));
	if (carrier.net == NULL)
		goto fail;
	line_start(&carrier);
	(void)printf("ready\n");
	(void)fflush(stdout);
	status = run(&carrier, epoll, signals) ? 0 : 1;
	summary(&carrier);
	if (conf->strict && carrier.stats.faults > 0)
		status = 1;
	text[0] = 0;

fail:
	if (text[0] != 0)
		(void)fprintf(stderr, "zvonar-carrier: %s\n", text);
	zvc_calls_destroy(&carrier);
	zvc_net_destroy(carrier.net);
	zvc_media_destroy(carrier.media);
	zvc_journal_close(&carrier.journal);
	zvc_wheel_destroy(carrier.wheel);
	(void)close(signals);
	(void)close(epoll);
	return status;
}

int main(int argc, char **argv)
{
	struct wish wish = {.conf = {.seed = 1,
	                             .pace = 1.0,
	                             .auth_code = 407,
	                             .t1_ms = 500,
	                             .max_call_s = 600,
	                             .rtp_low = 20000,
	                             .rtp_high = 20127}};
	struct rlimit files;
	char text[300];

	wish.conf.rtp_ip.s_addr = htonl(INADDR_LOOPBACK);
	if (!parse_options(argc, argv, &wish)) {
		(void)fprintf(stderr, "zvonar-carrier --help tells the options.\n");
		return 2;
	}
	if (wish.help) {
		(void)fputs(help, stdout);
		return 0;
	}
	if (wish.shares_path != NULL &&
	    !zvc_shares_load(wish.shares_path, &wish.conf.shares, text, sizeof(text))) {
		(void)fprintf(stderr, "zvonar-carrier: %s\n", text);
		return 2;
	}
	if (wish.truth)
		return print_truth(&wish.conf);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return serve(&wish.conf);
}
