/* zvonard: parse, wire, run, stop. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/daemon.h"
#include "base/err.h"
#include "base/log.h"

enum { OPT_PRINT_CONF = 256, OPT_PRINT_MAN };

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"test", no_argument, NULL, 't'},
	{"foreground", no_argument, NULL, 'f'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{"print-conf", no_argument, NULL, OPT_PRINT_CONF},
	{"print-man", no_argument, NULL, OPT_PRINT_MAN},
	{NULL, 0, NULL, 0},
};

static void help(FILE *to)
{
	fputs("usage: zvonard -c FILE [-t] [-v]\n"
	      "\n"
	      "The predictive dialer engine.  Runs in the foreground and logs to standard error.\n"
	      "\n"
	      "  -c, --config FILE  the configuration (default /etc/zvonar/zvonar.yaml)\n"
	      "  -t, --test         check the configuration and end: 0 good, 1 not\n"
	      "  -f, --foreground   accepted for habit; zvonard never goes to the background\n"
	      "  -v, --verbose      log at level debug (names and numbers appear in the log)\n"
	      "      --print-conf   print every setting with its default and meaning\n"
	      "      --print-man    print the manual page of the configuration\n"
	      "  -V, --version      print the version\n"
	      "  -h, --help         print this\n"
	      "\n"
	      "signals: SIGHUP reloads, SIGTERM drains (no new calls, talks may finish), a second\n"
	      "SIGTERM ends now.  Exit status: 0 done, 1 failed, 2 used wrongly.\n", to);
}

struct args {
	const char *config;
	bool test, verbose;
	int status; /* -1: go on */
};

static struct args parse(int argc, char **argv)
{
	struct args a = {.config = "/etc/zvonar/zvonar.yaml", .status = -1};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:tfvVh", options, NULL)) != -1) {
		switch (opt) {
		case 'c': a.config = optarg; break;
		case 't': a.test = true; break;
		case 'f': break;
		case 'v': a.verbose = true; break;
		case 'V': printf("zvonard %s\n", ZV_VERSION); a.status = 0; return a;
		case 'h': help(stdout); a.status = 0; return a;
		case OPT_PRINT_CONF: zv_config_print_sample(stdout); a.status = 0; return a;
		case OPT_PRINT_MAN: zv_config_print_man(stdout); a.status = 0; return a;
		default: help(stderr); a.status = 2; return a;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "zvonard: unexpected argument '%s'\n", argv[optind]);
		help(stderr);
		a.status = 2;
	}
	return a;
}

static int run(const struct args *a, struct zv_config *config)
{
	struct zv_daemon_params params = {.config_path = a->config, .config = config};
	struct zv_daemon *daemon;
	char text[1024];
	enum zv_err err = zv_daemon_create(&params, text, sizeof(text), &daemon);

	if (err != ZV_OK) {
		zv_error("app", "cannot start: %s", text);
		return 1;
	}
	err = zv_daemon_run(daemon);
	zv_daemon_destroy(daemon);
	return err == ZV_OK ? 0 : 1;
}

/* Where the calendar of a new store stands. */
static int64_t start_ms(const struct zv_config *config)
{
	return config->calendar.start_ms != 0 ? config->calendar.start_ms :
						(int64_t)time(NULL) * 1000;
}

int main(int argc, char **argv)
{
	struct args a = parse(argc, argv);
	struct zv_conf_sink sink = zv_conf_sink_file(stderr);
	struct zv_config *config;

	if (a.status >= 0)
		return a.status;
	if (zv_config_load(a.config, &sink, &config) != ZV_OK) {
		fprintf(stderr, "zvonard: %s has %u error%s\n", a.config, sink.n_errors,
			sink.n_errors == 1 ? "" : "s");
		return 1;
	}
	if (a.test) {
		zv_config_fitness(config, start_ms(config), &sink);
		printf("%s is good: %u trunks, %u campaigns, %u warnings\n", a.config,
		       config->engine.n_trunks, config->engine.n_campaigns, sink.n_warnings);
		zv_config_destroy(config);
		return 0;
	}
	zv_log_init(a.verbose ? ZV_LOG_DEBUG : config->log.level, config->log.json);
	return run(&a, config);
}
