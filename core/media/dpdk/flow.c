#include "media/dpdk/steering.h"

#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

static enum zv_err refused(const char *what, const struct rte_flow_error *error, char *text, size_t text_size)
{
	snprintf(text, text_size, "media.dpdk.steer: flow: the device refuses %s (%s): use xdp", what,
		 error->message != NULL ? error->message : rte_strerror(rte_errno));
	return ZV_EINVAL;
}

enum zv_err zv_flow_isolate(uint16_t port, char *text, size_t text_size)
{
	struct rte_flow_error error = {0};

	if (rte_flow_isolate(port, 1, &error) != 0)
		return refused("to leave the rest to the kernel", &error, text, text_size);
	return ZV_OK;
}

static int add_rule(uint16_t port, const struct zv_ip *ip, const struct zv_port_mask *m, uint16_t n_queues,
		    struct rte_flow_error *error)
{
	uint16_t queues[ZV_MEDIA_THREADS_MAX];
	struct rte_flow_attr attr = {.ingress = 1};
	struct rte_flow_item_ipv4 ipv4 = {0}, ipv4_mask = {0};
	struct rte_flow_item_udp udp = {0}, udp_mask = {0};
	struct rte_flow_action_queue queue = {.index = 0};
	struct rte_flow_action_rss rss = {
		.types = RTE_ETH_RSS_NONFRAG_IPV4_UDP, .queue_num = n_queues, .queue = queues};
	struct rte_flow_item pattern[] = {
		{.type = RTE_FLOW_ITEM_TYPE_ETH},
		{.type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &ipv4, .mask = &ipv4_mask},
		{.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &udp, .mask = &udp_mask},
		{.type = RTE_FLOW_ITEM_TYPE_END},
	};
	struct rte_flow_action actions[] = {
		{.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};

	for (uint16_t i = 0; i < n_queues; i++)
		queues[i] = i;
	if (n_queues > 1) {
		actions[0].type = RTE_FLOW_ACTION_TYPE_RSS;
		actions[0].conf = &rss;
	}
	memcpy(&ipv4.hdr.dst_addr, ip->bytes, 4);
	ipv4_mask.hdr.dst_addr = UINT32_MAX;
	udp.hdr.dst_port = rte_cpu_to_be_16(m->value);
	udp_mask.hdr.dst_port = rte_cpu_to_be_16(m->mask);
	return rte_flow_create(port, &attr, pattern, actions, error) != NULL ? 0 : -1;
}

enum zv_err zv_flow_rules(uint16_t port, const struct zv_media_plan *plan, uint16_t n_queues, char *text,
			  size_t text_size)
{
	struct zv_port_mask masks[ZV_MASKS_MAX];

	for (uint32_t r = 0; r < plan->n_ranges; r++) {
		const struct zv_media_range *range = &plan->ranges[r];
		uint32_t n = zv_port_masks(range->port_first,
					   (uint16_t)(range->port_first + 2u * range->n_ports - 1), masks);

		for (uint32_t i = 0; i < n; i++) {
			struct rte_flow_error error = {0};

			if (add_rule(port, &range->ip, &masks[i], n_queues, &error) != 0)
				return refused("a rule for the RTP ports", &error, text, text_size);
		}
	}
	return ZV_OK;
}
