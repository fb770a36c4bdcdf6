#include "dial/rules/rules.h"

#include <stdio.h>

#include "base/hash.h"

uint64_t zv_rule_name(const char *text, size_t len)
{
	/* Fixed for ever: these hashes stand on disk.  Secrecy is no aim; names come from the
	 * operator's own files. */
	static const struct zv_key key = {UINT64_C(0x7a766f6e61722e72),
					  UINT64_C(0x756c652e6e616d65)};
	uint64_t name = zv_siphash(&key, text, len);

	return name != 0 ? name : 1;
}

uint32_t zv_rule_caller(uint64_t e164)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)e164);

	return (uint32_t)zv_rule_name(digits, (size_t)len);
}
