/* A Call-ID from the wire, read by zv_sip_names_parse: whatever it accepts must be exactly what
 * zv_sip_names writes for that attempt. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dial/ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct zv_key secret = {1, 2};
	char *text = malloc(size + 1);
	struct zv_attempt_id attempt;
	struct zv_sip_names names;
	uint8_t sub;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (zv_sip_names_parse(&secret, text, &attempt, &sub)) {
		zv_sip_names(&secret, attempt, sub, &names);
		if (strcmp(names.call_id, text) != 0)
			abort();
	}
	free(text);
	return 0;
}
