#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "media/dpdk/dpdk.h"
#include "media/io.h"

#define OWN_FDS 128u /* DPDK's own, and some a queue */

struct dpdk_hub {
	struct zv_packet_hub hub;
	const struct zv_dpdk_module *module;
};

static void log_line(int level, const char *text)
{
	zv_log((enum zv_log_level)level, "media", "%s", text);
}

static enum zv_err open_queue(struct zv_packet_hub *hub, uint32_t thread, char *text, size_t text_size,
			      struct zv_packet_io **ret_io)
{
	(void)text;
	(void)text_size;
	return ((struct dpdk_hub *)hub)->module->io(thread, ret_io);
}

static void close_module(struct zv_packet_hub *hub)
{
	((struct dpdk_hub *)hub)->module->close();
	free(hub);
}

static const struct zv_packet_hub_ops dpdk_hub = {.open = open_queue, .destroy = close_module};

/* A file that nobody else may write, by its whole path: no search along directories. */
static enum zv_err find_file(const char *path, char real[PATH_MAX], char *text, size_t text_size)
{
	struct stat st;

	if (path[0] == '\0')
		path = ZV_DPDK_MODULE;
	if (realpath(path, real) == NULL || stat(real, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(text, text_size,
			 "media.io: dpdk: no module %s (%s): it is built where libdpdk-dev, libbpf-dev and clang "
			 "are; media.dpdk.module says where it is",
			 path, strerror(errno));
		return ZV_ENOENT;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		snprintf(text, text_size, "media.dpdk.module: others may write %s: chmod go-w", real);
		return ZV_EDENIED;
	}
	return ZV_OK;
}

/* Its data say whether it is of this build, before anything of it is called. */
static enum zv_err load(const char *path, const struct zv_dpdk_module **ret_module, char *text,
			size_t text_size)
{
	const struct zv_dpdk_module *m;
	char real[PATH_MAX];
	enum zv_err err = find_file(path, real, text, text_size);
	void *so;

	if (err != ZV_OK)
		return err;
	/* DPDK registers itself in many places: it stays where it is. */
	so = dlopen(real, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	m = so != NULL ? dlsym(so, "zv_dpdk_module") : NULL;
	if (m == NULL) {
		const char *why = dlerror();

		snprintf(text, text_size, "media.dpdk.module: %s", why != NULL ? why : real);
		return ZV_EIO;
	}
	if (m->magic != ZV_DPDK_MAGIC || m->version != ZV_DPDK_VERSION || m->size != sizeof(*m) ||
	    m->conf_size != sizeof(struct zv_dpdk_conf) || m->plan_size != sizeof(struct zv_media_plan) ||
	    m->packet_size != sizeof(struct zv_packet) || m->ops_size != sizeof(struct zv_packet_ops) ||
	    m->filter_size != sizeof(struct zv_filter)) {
		snprintf(text, text_size, "media.dpdk.module: %s is of another build of zvonar", real);
		return ZV_EVERSION;
	}
	*ret_module = m;
	return ZV_OK;
}

enum zv_err zv_dpdk_hub_open(const struct zv_media_params *params, char *text, size_t text_size,
			     struct zv_packet_hub **ret_hub)
{
	struct zv_dpdk_params p = {.conf = params->dpdk, .plan = params->plan, .log = log_line};
	struct dpdk_hub *hub;
	enum zv_err err;

	if (params->dpdk == NULL)
		return ZV_EINVAL;
	hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		return ZV_ENOMEM;
	err = load(params->dpdk->module, &hub->module, text, text_size);
	if (err == ZV_OK)
		err = hub->module->open(&p, hub->hub.about, sizeof(hub->hub.about));
	if (err != ZV_OK) {
		if (hub->hub.about[0] != '\0')
			snprintf(text, text_size, "%s", hub->hub.about);
		free(hub);
		return err;
	}
	hub->hub.ops = &dpdk_hub;
	hub->hub.plan = params->plan;
	hub->hub.kind = ZV_IO_DPDK;
	hub->hub.n_fds = OWN_FDS + 8 * params->plan->n_threads;
	*ret_hub = &hub->hub;
	return ZV_OK;
}
