/* media/dpdk/dpdk.h -- what the module of packet I/O by DPDK is told, and the one symbol of it.
 *
 * The module is built beside zvonard, not into it: zvonard has no DPDK in it unless the
 * configuration asks for it.  Whoever loads the module checks magic, version and sizes as data
 * before he calls anything; both are of one build, so all must be equal.
 */
#ifndef ZV_MEDIA_DPDK_H
#define ZV_MEDIA_DPDK_H

#include "media/packet.h"

/* How RTP finds its way to DPDK, and all else to the kernel. */
enum zv_dpdk_steer {
	ZV_DPDK_XDP,       /* net_af_xdp: a program in the kernel's driver takes out RTP alone */
	ZV_DPDK_FLOW,      /* rules in the network card; the kernel's driver keeps the rest */
	ZV_DPDK_EXCEPTION, /* DPDK has the whole port: what is not RTP goes to a tap of the kernel */
	ZV_DPDK_NONE,      /* nothing but RTP comes: tests, or a port of its own */
};

struct zv_dpdk_conf {
	const char *module;    /* path of the shared object */
	const char *device;    /* "net_af_xdp0,iface=eth0" or another virtual device, or a PCI address;
				  empty with ZV_DPDK_XDP: made from interface */
	const char *interface; /* the kernel's, whose routes, neighbours and counters are asked; with
				  ZV_DPDK_EXCEPTION the tap, which is made.  Empty: frames go to the
				  device's own MAC address (tests) */
	uint8_t steer;         /* enum zv_dpdk_steer */
	bool hugepages;
	bool copy;             /* XDP sockets never share memory with the driver: veth wants it */
	uint32_t memory_mb;
	uint16_t queue;        /* the first one of n_threads, with ZV_DPDK_XDP */
};

struct zv_dpdk_params {
	const struct zv_dpdk_conf *conf;
	const struct zv_media_plan *plan; /* IPv4 alone; copied */
	void (*log)(int level, const char *text); /* enum zv_log_level; not from media threads */
};

#define ZV_DPDK_SYMBOL  zv_dpdk_module
#define ZV_DPDK_MAGIC   UINT32_C(0x5a564450)
#define ZV_DPDK_VERSION 1u

struct zv_dpdk_module {
	uint32_t magic, version;
	uint32_t size, conf_size, plan_size, packet_size, ops_size, filter_size;
	/* Once a process, on the thread that makes media: DPDK and its device come up.  text says
	 * what went wrong, or what runs.  ZV_EINVAL: the configuration; ZV_EDENIED: a privilege
	 * is missing; ZV_EEXIST: somebody has the interface; ZV_EIO; ZV_ENOMEM. */
	enum zv_err (*open)(const struct zv_dpdk_params *params, char *text, size_t text_size);
	/* The packet I/O of a thread, after open and before the threads run.  ZV_ENOMEM. */
	enum zv_err (*io)(uint32_t thread, struct zv_packet_io **ret_io);
	/* After the last io is destroyed; open may not be called again. */
	void (*close)(void);
};

#endif
