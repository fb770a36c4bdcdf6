/* A body from the wire, and the same bytes as a Reason header and as a crypto attribute: what is
 * accepted must be usable, and an answer to it must be SDP again. */
#include <stdlib.h>
#include <string.h>

#include "sip/sdes.h"
#include "sip/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void written_is_read(const struct zv_sdes *s)
{
	char line[ZV_SDES_LINE];
	struct zv_sdes back;
	size_t n, skip = strlen("a=crypto:");

	if (s->suite == ZV_SUITE_NONE || s->suite >= ZV_SUITES)
		abort();
	n = zv_sdes_write(s, line);
	if (n >= sizeof(line) || !zv_sdes_parse(line + skip, n - skip - 2, &back) || back.tag != s->tag ||
	    back.suite != s->suite || memcmp(back.key, s->key, sizeof(s->key)) != 0)
		abort();
}

static void keys(const char *text, size_t size)
{
	struct zv_sdp_media m;
	struct zv_sdes s[4];
	uint32_t n;

	if (zv_sdes_parse(text, size, s))
		written_is_read(s);
	n = zv_sdes_find(text, size, s, 4);
	for (uint32_t i = 0; i < n; i++)
		written_is_read(&s[i]);
	if (zv_sdp_parse_srtp(text, size, &m) == ZV_OK && m.port == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_sdp_media m, back;
	char text[ZV_SDP_MAX];
	uint16_t cause = zv_reason_q850((const char *)data, size);
	size_t n;

	keys((const char *)data, size);
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
