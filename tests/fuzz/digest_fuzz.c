/* A challenge's parameters, one a line, as the stack cuts them: whatever is taken gets an answer
 * without a bare quote or control character, or none. */
#include <stdlib.h>
#include <string.h>

#include "sip/digest.h"

#define PARAMS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *next;
	const char *params[PARAMS + 1] = {NULL};
	struct zv_digest_ask ask = {"user", "password", "INVITE", "sip:1@192.0.2.1", 7};
	struct zv_digest d;
	char value[1400];
	int n = 0;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	for (char *p = text; p != NULL && n < PARAMS; p = next) {
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = 0;
		params[n++] = p;
	}
	if (zv_digest_take(&d, params, "", true)) {
		if (d.nonce[0] == 0 || strnlen(d.realm, sizeof(d.realm)) == sizeof(d.realm))
			abort();
		memset(value, 'x', sizeof(value));
		if (zv_digest_answer(&d, &ask, value, sizeof(value)))
			for (const char *p = value; *p != 0; p++)
				if ((unsigned char)*p < 0x20)
					abort();
		if (zv_digest_answer(&d, &ask, value, 64) && strlen(value) >= 64)
			abort();
	}
	free(text);
	return 0;
}
