#include <stdint.h>

#include "media/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_rtcp_in in;

	if (zv_rtcp_parse(data, size, &in) && (in.n_blocks > ZV_RTCP_BLOCKS_MAX || size < 8))
		__builtin_trap();
	return 0;
}
