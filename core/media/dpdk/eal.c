#include "media/dpdk/inside.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "zvonar/plugin.h"

#define ARGS_MAX 24

struct args {
	int n;
	char *v[ARGS_MAX];
	char text[1200]; /* what they point to */
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct args *a, const char *fmt, ...)
{
	size_t left = sizeof(a->text) - a->used;
	va_list list;
	int n;

	va_start(list, fmt);
	n = vsnprintf(a->text + a->used, left, fmt, list);
	va_end(list);
	if (n < 0 || (size_t)n >= left || a->n + 1 >= ARGS_MAX)
		return;
	a->v[a->n++] = a->text + a->used;
	a->used += (size_t)n + 1;
}

/* DPDK pins the calling thread, and all that it makes later, to a core, unless it is told that its
 * one core is all of those that the process may use. */
static void add_cores(struct args *a)
{
	char list[600] = "";
	size_t at = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		CPU_SET(0, &set);
	for (unsigned i = 0; i < CPU_SETSIZE && at < sizeof(list) - 8; i++) {
		unsigned last = i;

		if (!CPU_ISSET(i, &set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%u-%u", at > 0 ? "," : "", i, last);
		i = last;
	}
	add(a, "--lcores=0@(%s)", list);
}

static void add_device(struct args *a, const char *device)
{
	bool virtual = strncmp(device, "net_", 4) == 0;

	if (virtual) {
		add(a, "--no-pci");
		add(a, "--vdev=%s", device);
	} else {
		add(a, "--allow=%s", device);
	}
}

/* XDP sockets count their memory against a limit that is small by default. */
static void lift_limit(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	(void)setrlimit(RLIMIT_MEMLOCK, &all); /* a process with CAP_IPC_LOCK needs it not */
}

/* What DPDK says of itself becomes lines of our log. */
static void (*say)(int level, const char *text);

static ssize_t take_line(void *cookie, const char *data, size_t size)
{
	char text[300];
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;

	(void)cookie;
	memcpy(text, data, n);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	text[n] = '\0';
	if (n > 0)
		say(ZV_LOG_WARN, text);
	return (ssize_t)size;
}

static void take_log(void (*log)(int level, const char *text))
{
	FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_line});

	say = log;
	if (f == NULL)
		return; /* then it goes to stderr as it is */
	setvbuf(f, NULL, _IOLBF, 512);
	(void)rte_openlog_stream(f);
}

enum zv_err zv_eal_start(const struct zv_dpdk_conf *conf, const char *device,
			 void (*log)(int level, const char *text), char *text, size_t text_size)
{
	static struct args a; /* DPDK keeps pointers into it */
	sigset_t all, before;
	int got;

	a = (struct args){0};
	add(&a, "zvonard");
	add(&a, "--file-prefix=zvonar%d", (int)getpid());
	add(&a, "--no-telemetry");
	add(&a, "--no-shconf");
	add(&a, "--log-level=*:4");
	add(&a, "--iova-mode=va");
	add(&a, "-m");
	add(&a, "%u", conf->memory_mb);
	if (conf->hugepages)
		add(&a, "--in-memory");
	else
		add(&a, "--no-huge");
	add_cores(&a);
	add_device(&a, device);
	if (conf->steer == ZV_DPDK_EXCEPTION)
		add(&a, "--vdev=net_tap0,iface=%s", conf->interface);
	take_log(log);
	lift_limit();
	/* The threads that DPDK makes must not take the process's signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	got = rte_eal_init(a.n, a.v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (got >= 0)
		return ZV_OK;
	snprintf(text, text_size, "DPDK does not start with %s: %s%s", device, rte_strerror(rte_errno),
		 conf->hugepages ? "; are there free hugepages (vm.nr_hugepages)?" : "");
	return rte_errno == EACCES || rte_errno == EPERM ? ZV_EDENIED : ZV_EIO;
}
