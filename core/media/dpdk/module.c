#include "media/dpdk/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_version.h>

#include "zvonar/plugin.h"

static struct dpdk *one; /* DPDK itself is one a process */

static enum zv_err check(const struct zv_dpdk_params *params, char *text, size_t text_size)
{
	const struct zv_media_plan *plan = params->plan;
	const struct zv_dpdk_conf *c = params->conf;

	for (uint32_t i = 0; i < plan->n_ranges; i++) {
		if (plan->ranges[i].ip.family == 4)
			continue;
		snprintf(text, text_size, "media.ranges: DPDK speaks IPv4 alone: use media.io: sockets for IPv6");
		return ZV_EINVAL;
	}
	if (c->steer == ZV_DPDK_EXCEPTION && c->interface[0] == '\0')
		snprintf(text, text_size, "media.dpdk.interface: name the tap that the kernel shall have");
	else if (c->steer == ZV_DPDK_XDP && c->interface[0] == '\0')
		snprintf(text, text_size, "media.dpdk.interface: name the interface whose RTP is taken");
	else if (c->steer != ZV_DPDK_XDP && c->device[0] == '\0')
		snprintf(text, text_size, "media.dpdk.device: name a device of DPDK");
	else if (strlen(c->interface) >= IF_NAMESIZE || strchr(c->interface, ',') != NULL)
		snprintf(text, text_size, "media.dpdk.interface: %s is no interface's name", c->interface);
	else
		return ZV_OK;
	return ZV_EINVAL;
}

static int find_interface(const char *name, char *text, size_t text_size)
{
	int ifindex = (int)if_nametoindex(name);

	if (ifindex == 0)
		snprintf(text, text_size, "media.dpdk.interface: there is no interface %s", name);
	return ifindex;
}

/* The interface that an XDP socket's device stands on; false: it is another kind of device. */
static bool xdp_interface(const struct zv_dpdk_conf *c, char name[IF_NAMESIZE])
{
	const char *at = strstr(c->device, ",iface=");

	if (c->steer == ZV_DPDK_XDP) {
		snprintf(name, IF_NAMESIZE, "%s", c->interface);
		return c->device[0] == '\0' || strncmp(c->device, "net_af_xdp", 10) == 0;
	}
	if (c->steer != ZV_DPDK_EXCEPTION || strncmp(c->device, "net_af_xdp", 10) != 0 || at == NULL)
		return false;
	at += strlen(",iface=");
	snprintf(name, IF_NAMESIZE, "%.*s", (int)strcspn(at, ","), at);
	return true;
}

/* The device with the program that steers, if it is of the kind that has one. */
static enum zv_err steer(struct dpdk *d, char device[300], char *text, size_t text_size)
{
	const struct zv_dpdk_conf *c = &d->conf;
	char name[IF_NAMESIZE];
	bool stale = false;
	enum zv_err err;
	int ifindex;

	snprintf(device, 300, "%s", c->device);
	if (!xdp_interface(c, name)) {
		if (c->steer != ZV_DPDK_XDP)
			return ZV_OK;
		snprintf(text, text_size, "media.dpdk.device: steer xdp is for net_af_xdp");
		return ZV_EINVAL;
	}
	ifindex = find_interface(name, text, text_size);
	if (ifindex == 0)
		return ZV_ENOENT;
	err = zv_steering_create(&d->plan, ifindex, c->steer == ZV_DPDK_EXCEPTION, text, text_size, &stale,
				 &d->steering);
	if (err != ZV_OK)
		return err;
	if (stale)
		d->log(ZV_LOG_INFO, "removed the XDP program that an earlier zvonard had left");
	if (c->device[0] == '\0')
		snprintf(device, 300, "net_af_xdp0,iface=%s,start_queue=%u,queue_count=%u%s,xdp_prog=%s", name,
			 c->queue, d->plan.n_threads, c->copy ? ",force_copy=1" : "",
			 zv_steering_path(d->steering));
	else
		snprintf(device, 300, "%s,xdp_prog=%s", c->device, zv_steering_path(d->steering));
	return ZV_OK;
}

static void free_dpdk(struct dpdk *d)
{
	if (d == NULL)
		return;
	zv_hops_destroy(d->hops);
	for (uint32_t i = 0; i < d->plan.n_threads; i++)
		if (d->queues[i] != NULL)
			d->queues[i]->io.ops->destroy(&d->queues[i]->io);
	zv_device_stop(d);
	zv_steering_destroy(d->steering);
	free(d);
}

static enum zv_err start(struct dpdk *d, char *text, size_t text_size)
{
	char device[300];
	enum zv_err err = steer(d, device, text, text_size);

	if (err != ZV_OK)
		return err;
	err = zv_eal_start(&d->conf, device, d->log, text, text_size);
	d->conf.device = device; /* its name is what counts now */
	for (uint16_t i = 0; i < d->plan.n_threads && err == ZV_OK; i++)
		err = zv_queue_create(d, i, &d->queues[i]);
	if (err == ZV_OK)
		err = zv_device_start(d, text, text_size);
	if (err != ZV_OK)
		return err;
	device[strcspn(device, ",")] = '\0';
	snprintf(text, text_size, "%s, %s%s%s, %u queue%s", rte_version(), device,
		 d->conf.interface[0] != '\0' ? " with " : "", d->conf.interface, d->plan.n_threads,
		 d->plan.n_threads > 1 ? "s" : "");
	d->conf.device = "";
	if (d->conf.interface[0] != '\0') {
		char none[100];
		int ifindex = find_interface(d->conf.interface, none, sizeof(none));

		err = zv_hops_create(ifindex, d->log, &d->hops);
		if (err != ZV_OK)
			snprintf(text, text_size, "the kernel's routes cannot be asked");
	}
	return err;
}

static enum zv_err dpdk_open(const struct zv_dpdk_params *params, char *text, size_t text_size)
{
	struct dpdk *d;
	enum zv_err err = check(params, text, text_size);

	if (err != ZV_OK)
		return err;
	if (one != NULL)
		return ZV_EEXIST;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ZV_ENOMEM;
	d->conf = *params->conf;
	d->plan = *params->plan;
	d->log = params->log;
	d->port = d->tap = ZV_DPDK_NO_PORT;
	for (uint32_t i = 0; i < d->plan.n_ranges; i++)
		d->ip[i] = ip_of(d->plan.ranges[i].ip.bytes);
	err = start(d, text, text_size);
	if (err != ZV_OK) {
		free_dpdk(d);
		return err;
	}
	one = d;
	return ZV_OK;
}

static enum zv_err dpdk_io(uint32_t thread, struct zv_packet_io **ret_io)
{
	if (one == NULL || thread >= one->plan.n_threads || one->queues[thread] == NULL)
		return ZV_EINVAL;
	*ret_io = &one->queues[thread]->io;
	return ZV_OK;
}

static void dpdk_close(void)
{
	free_dpdk(one);
	one = NULL;
	(void)rte_eal_cleanup();
}

extern const struct zv_dpdk_module ZV_DPDK_SYMBOL;
__attribute__((visibility("default"))) const struct zv_dpdk_module ZV_DPDK_SYMBOL = {
	.magic = ZV_DPDK_MAGIC,
	.version = ZV_DPDK_VERSION,
	.size = sizeof(struct zv_dpdk_module),
	.conf_size = sizeof(struct zv_dpdk_conf),
	.plan_size = sizeof(struct zv_media_plan),
	.packet_size = sizeof(struct zv_packet),
	.ops_size = sizeof(struct zv_packet_ops),
	.filter_size = sizeof(struct zv_filter),
	.open = dpdk_open,
	.io = dpdk_io,
	.close = dpdk_close,
};
