/* A frame from the wire: what is taken of it lies within it, and made anew it reads the same. */
#include <stdlib.h>
#include <string.h>

#include "media/ether.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[ZV_ETHER_HEAD + 1472];
	struct zv_ether_ends ends = {.tos = 0};
	struct zv_ether_head head;
	struct zv_datagram g, back;

	if (!zv_ether_parse(data, size, &g))
		return 0;
	if (g.payload < data + ZV_ETHER_HEAD || g.len > size || g.payload + g.len > data + size)
		abort();
	if (g.len > 1472)
		return 0;
	memcpy(ends.from_ip, g.from_ip, 4);
	memcpy(ends.to_ip, g.to_ip, 4);
	ends.from_port = g.from_port;
	ends.to_port = g.to_port;
	zv_ether_make(&ends, &head);
	zv_ether_put(&head, g.payload, g.len, frame);
	if (!zv_ether_parse(frame, ZV_ETHER_HEAD + g.len, &back) || back.len != g.len ||
	    back.to_port != g.to_port || back.from_port != g.from_port ||
	    memcmp(back.payload, g.payload, g.len) != 0)
		abort();
	return 0;
}
