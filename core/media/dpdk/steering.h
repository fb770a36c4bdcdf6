/* media/dpdk/steering.h -- RTP to DPDK, all else to the kernel: by XDP, or by rules in the card.
 *
 * Thread: whoever makes media.
 */
#ifndef ZV_MEDIA_DPDK_STEERING_H
#define ZV_MEDIA_DPDK_STEERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dial/mediaplan.h"
#include "zvonar/err.h"

/* A claim of an interface, and the program that is loaded there for its RTP. */
struct zv_steering;
/* A program that an earlier zvonard left behind is removed (*ret_stale); anybody else's is an
 * error, ZV_EEXIST.  all: every frame is taken, not RTP alone. */
enum zv_err zv_steering_create(const struct zv_media_plan *plan, int ifindex, bool all, char *text,
			       size_t text_size, bool *ret_stale, struct zv_steering **ret_steering) ZV_MUST_USE;
/* For the driver's option xdp_prog: the program with the plan's ranges in it. */
const char *zv_steering_path(const struct zv_steering *steering);
/* Accepts NULL.  The device is closed: what it left of the program is removed. */
void zv_steering_destroy(struct zv_steering *steering);

/* Ports first..last as rules of value and mask; at most ZV_MASKS_MAX, ascending. */
struct zv_port_mask {
	uint16_t value, mask;
};
#define ZV_MASKS_MAX 30u
uint32_t zv_port_masks(uint16_t first, uint16_t last, struct zv_port_mask *ret_masks);

/* Rules of rte_flow for the plan's RTP to n queues; isolate before the device is configured.
 * Written by DPDK's documentation for cards with a kernel driver beside it; never run on one. */
enum zv_err zv_flow_isolate(uint16_t port, char *text, size_t text_size) ZV_MUST_USE;
enum zv_err zv_flow_rules(uint16_t port, const struct zv_media_plan *plan, uint16_t n_queues, char *text,
			  size_t text_size) ZV_MUST_USE;

#endif
