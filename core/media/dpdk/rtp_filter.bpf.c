/* rtp_filter -- XDP: RTP datagrams go to the sockets of zvonard, all else to the kernel.
 *
 * Runs in the interface's driver.  The table of ranges is patched into this object before it is
 * loaded (xdp.c).  Without a socket on the queue, a datagram goes to the kernel like any other:
 * if zvonard dies, nothing is lost but its calls.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ranges.h"

/* The driver of DPDK finds its map by this name. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

const volatile struct zv_xdp_ranges ranges = {.magic = ZV_XDP_MAGIC};

static __always_inline int is_ours(__u32 ip, __u16 port)
{
	for (__u32 i = 0; i < ZV_XDP_RANGES; i++) {
		if (i >= ranges.n)
			return 0;
		if (ranges.v[i].ip == ip && port >= ranges.v[i].first && port <= ranges.v[i].last)
			return 1;
	}
	return 0;
}

SEC("xdp")
int zv_rtp_filter(struct xdp_md *ctx)
{
	const char *data = (const char *)(long)ctx->data, *end = (const char *)(long)ctx->data_end;
	const struct ethhdr *eth = (const void *)data;
	const struct iphdr *ip = (const void *)(data + sizeof(*eth));
	const struct udphdr *udp = (const void *)(data + sizeof(*eth) + sizeof(*ip));

	if (!ranges.all) {
		/* Options make a datagram longer in front: RTP never has any. */
		if ((const char *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) ||
		    ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP ||
		    (ip->frag_off & bpf_htons(0x3fff)) != 0)
			return XDP_PASS;
		if (!is_ours(ip->daddr, bpf_ntohs(udp->dest)))
			return XDP_PASS;
	}
	return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

const char rights[] SEC("license") = "MIT";
