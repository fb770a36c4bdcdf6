/* An Authorization header's parameters, one a line, as the stack cuts them: what is taken fits
 * its fields, and a nonce out of it that is ours says what was put into it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sip/auth.h"

#define PARAMS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fits(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct zv_key key = {1, 2};
	char *text = malloc(size + 1), *next, again[ZV_NONCE_SIZE];
	const char *params[PARAMS + 1] = {NULL};
	struct zv_nonce nonce;
	struct zv_auth a;
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
	if (zv_auth_parse(params, &a)) {
		if (!fits(a.user, sizeof(a.user)) || !fits(a.realm, sizeof(a.realm)) ||
		    !fits(a.nonce, sizeof(a.nonce)) || !fits(a.uri, sizeof(a.uri)) ||
		    !fits(a.cnonce, sizeof(a.cnonce)) || strlen(a.response) != 32 ||
		    strlen(a.nc) != 8)
			abort();
		(void)zv_auth_right(&a, "00000000000000000000000000000000", "REGISTER");
		if (zv_nonce_parse(&key, a.nonce, 7, &nonce)) {
			zv_nonce_text(&key, &nonce, 7, again);
			if (strcasecmp(again, a.nonce) != 0)
				abort();
		}
	}
	free(text);
	return 0;
}
