/* A body from the wire, and the same bytes as a Reason header: what is accepted must be usable,
 * and an answer to it must be SDP again. */
#include <stdlib.h>
#include <string.h>

#include "sip/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_sdp_media m, back;
	char text[ZV_SDP_MAX];
	uint16_t cause = zv_reason_q850((const char *)data, size);
	size_t n;

	if (cause > 127)
		abort();
	if (zv_sdp_parse((const char *)data, size, &m) != ZV_OK)
		return 0;
	if (m.port == 0 || (m.ip.family != 4 && m.ip.family != 6) ||
	    (m.payload_type != 0 && m.payload_type != 8) || m.dtmf_type > 127)
		abort();
	n = zv_sdp_build(&(struct zv_sdp_offer){.session = 1, .version = 2, .ip = m.ip,
						.port = m.port, .rtcp_ip = m.ip,
						.rtcp_port = 65535, .answer_to = &m}, text);
	if (n >= sizeof(text) || strlen(text) != n)
		abort();
	if (zv_sdp_parse(text, n, &back) != ZV_OK || back.port != m.port ||
	    memcmp(&back.ip, &m.ip, sizeof(m.ip)) != 0 || back.payload_type != m.payload_type ||
	    back.dtmf_type != m.dtmf_type)
		abort();
	return 0;
}
