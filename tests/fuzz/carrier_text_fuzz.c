#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The carrier's SIP, stream, SDP and digest parsers; every view must lie inside the bytes. */
static void inside(struct zvc_str s, const char *bytes, size_t size)
{
	if (s.n > 0 && (s.p < bytes || s.p + s.n > bytes + size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct zvc_account account = {"bob", "secret", "realm", 1};
	char *bytes = malloc(size + 1);
	struct zvc_msg msg;
	struct zvc_sdp sdp;
	const char *fault;
	size_t skip = 0;
	long n;

	if (bytes == NULL)
		return 0;
	memcpy(bytes, data, size);
	(void)zvc_msg_parse(bytes, size, &msg);
	inside(msg.call_id, bytes, size);
	inside(msg.via.branch, bytes, size);
	inside(msg.from.tag, bytes, size);
	inside(msg.to.uri, bytes, size);
	inside(msg.contact.host, bytes, size);
	inside(msg.body, bytes, size);
	(void)zvc_phone(msg.ruri_user);
	(void)zvc_sdp_parse(msg.body, &sdp);
	(void)zvc_sdp_parse((struct zvc_str){bytes, size}, &sdp);
	(void)zvc_digest_check(&account, 1, msg.method_name, msg.ruri, msg.proxy_authorization,
	                       &fault);
	(void)zvc_digest_check(&account, 1, msg.method_name, msg.ruri,
	                       (struct zvc_str){bytes, size}, &fault);
	n = zvc_msg_frame(bytes, size, &skip);
	if (n > 0 && skip + (size_t)n > size)
		abort();
	free(bytes);
	return 0;
}
