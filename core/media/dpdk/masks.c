#include "media/dpdk/steering.h"

uint32_t zv_port_masks(uint16_t first, uint16_t last, struct zv_port_mask *ret_masks)
{
	uint32_t at = first, n = 0;

	while (at <= last) {
		uint32_t size = 1;

		while (at % (2 * size) == 0 && at + 2 * size - 1 <= last)
			size *= 2;
		ret_masks[n++] = (struct zv_port_mask){(uint16_t)at, (uint16_t)~(size - 1)};
		at += size;
	}
	return n;
}
