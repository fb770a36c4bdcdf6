/* The request of the control socket: no bytes may crash it, and what it accepts is in bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_control_request r = {0};
	char text[64];

	if (zv_control_parse((const char *)data, size, &r, text, sizeof(text)) == ZV_OK) {
		if (r.cmd < ZV_CONTROL_VERSION || r.cmd > ZV_CONTROL_AGENT_LIST ||
		    r.level > ZV_LOG_DEBUG || memchr(r.campaign, 0, sizeof(r.campaign)) == NULL)
			abort();
	}
	return 0;
}
