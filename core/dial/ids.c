#include "dial/ids.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/* What the keyed hash is for: one word in front of the id, so that knowing the Call-ID (which
 * every hop sees) gives nobody the branch or the tag. */
enum purpose { FOR_CALL_ID = 1, FOR_BRANCH_HIGH = 2, FOR_BRANCH_LOW = 3, FOR_FROM_TAG = 4 };

static uint64_t keyed(const struct zv_key *secret, struct zv_attempt_id attempt, uint8_t sub,
		      enum purpose purpose)
{
	uint8_t bytes[18];

	bytes[0] = (uint8_t)purpose;
	bytes[1] = sub;
	zv_put_be64(bytes + 2, attempt.hi);
	zv_put_be64(bytes + 10, attempt.lo);
	return zv_siphash(secret, bytes, sizeof(bytes));
}

void zv_sip_names(const struct zv_key *secret, struct zv_attempt_id attempt, uint8_t sub,
		  struct zv_sip_names *ret_names)
{
	(void)snprintf(ret_names->call_id, sizeof(ret_names->call_id), "%016llx%016llx-%u-%016llx",
		       (unsigned long long)attempt.hi, (unsigned long long)attempt.lo,
		       (unsigned)sub,
		       (unsigned long long)keyed(secret, attempt, sub, FOR_CALL_ID));
	(void)snprintf(ret_names->branch, sizeof(ret_names->branch), "z9hG4bK%016llx%016llx",
		       (unsigned long long)keyed(secret, attempt, sub, FOR_BRANCH_HIGH),
		       (unsigned long long)keyed(secret, attempt, sub, FOR_BRANCH_LOW));
	(void)snprintf(ret_names->from_tag, sizeof(ret_names->from_tag), "%016llx",
		       (unsigned long long)keyed(secret, attempt, sub, FOR_FROM_TAG));
}

/* Sixteen lower-case hex digits, as zv_sip_names writes them. */
static bool take_hex64(const char **text, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (int i = 0; i < 16; i++) {
		char c = (*text)[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*text += 16;
	*ret_value = value;
	return true;
}

bool zv_sip_names_parse(const struct zv_key *secret, const char *call_id,
			struct zv_attempt_id *ret_attempt, uint8_t *ret_sub)
{
	const char *p = call_id;
	struct zv_attempt_id attempt;
	struct zv_sip_names names;
	uint32_t sub = 0;

	if (!take_hex64(&p, &attempt.hi) || !take_hex64(&p, &attempt.lo) || *p++ != '-')
		return false;
	for (int digits = 0; *p >= '0' && *p <= '9'; p++, digits++) {
		if (digits == 3)
			return false;
		sub = sub * 10 + (uint32_t)(*p - '0');
	}
	if (sub > UINT8_MAX)
		return false;
	/* The rest is compared whole: one spelling only, and the keyed part must be right. */
	zv_sip_names(secret, attempt, (uint8_t)sub, &names);
	if (strcmp(names.call_id, call_id) != 0)
		return false;
	*ret_attempt = attempt;
	*ret_sub = (uint8_t)sub;
	return true;
}
