#include "dial/ids.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct zv_key secret = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
static const struct zv_attempt_id attempt = {UINT64_C(0x0001000000070000), 42};

Test(dial_ids, names_have_the_form_of_the_header)
{
	struct zv_sip_names n;

	zv_sip_names(&secret, attempt, 3, &n);
	cr_assert_eq(strlen(n.call_id), 32 + 1 + 1 + 1 + 16);
	cr_assert_eq(strncmp(n.call_id, "0001000000070000000000000000002a-3-", 35), 0);
	cr_assert_eq(strlen(n.branch), 7 + 32);
	cr_assert_eq(strncmp(n.branch, "z9hG4bK", 7), 0);
	cr_assert_eq(strlen(n.from_tag), 16);
}

Test(dial_ids, the_longest_names_fit)
{
	struct zv_sip_names n;
	struct zv_attempt_id big = {UINT64_MAX, UINT64_MAX}, got;
	uint8_t sub;

	zv_sip_names(&secret, big, 255, &n);
	cr_assert(zv_sip_names_parse(&secret, n.call_id, &got, &sub));
	cr_assert(zv_attempt_eq(got, big));
	cr_assert_eq(sub, 255);
}

Test(dial_ids, each_part_differs_by_attempt_sub_and_secret)
{
	struct zv_key other = {1, 2};
	struct zv_attempt_id next = {attempt.hi, attempt.lo + 1};
	struct zv_sip_names a, b[3];

	zv_sip_names(&secret, attempt, 0, &a);
	zv_sip_names(&secret, attempt, 1, &b[0]);
	zv_sip_names(&secret, next, 0, &b[1]);
	zv_sip_names(&other, attempt, 0, &b[2]);
	for (int i = 0; i < 3; i++) {
		cr_assert_neq(strcmp(a.call_id, b[i].call_id), 0);
		cr_assert_neq(strcmp(a.branch, b[i].branch), 0);
		cr_assert_neq(strcmp(a.from_tag, b[i].from_tag), 0);
	}
}

Test(dial_ids, the_branch_cannot_be_read_off_the_call_id)
{
	struct zv_sip_names n;

	zv_sip_names(&secret, attempt, 0, &n);
	cr_assert_null(strstr(n.branch, n.call_id + 35));
	cr_assert_null(strstr(n.branch, n.from_tag));
}

Test(dial_ids, parse_gives_back_what_was_named)
{
	for (unsigned sub = 0; sub < 256; sub++) {
		struct zv_sip_names n;
		struct zv_attempt_id got = {0, 0};
		uint8_t got_sub = 0;

		zv_sip_names(&secret, attempt, (uint8_t)sub, &n);
		cr_assert(zv_sip_names_parse(&secret, n.call_id, &got, &got_sub));
		cr_assert(zv_attempt_eq(got, attempt));
		cr_assert_eq(got_sub, sub);
	}
}

Test(dial_ids, parse_refuses_every_changed_character_and_every_other_length)
{
	struct zv_sip_names n;
	struct zv_attempt_id got;
	uint8_t sub;
	char text[80];
	size_t len;

	zv_sip_names(&secret, attempt, 12, &n);
	len = strlen(n.call_id);
	for (size_t i = 0; i < len; i++) {
		memcpy(text, n.call_id, len + 1);
		text[i] = text[i] == '0' ? '1' : '0';
		cr_assert_not(zv_sip_names_parse(&secret, text, &got, &sub), "position %zu", i);
		memcpy(text, n.call_id, len + 1);
		text[i] = 0;
		cr_assert_not(zv_sip_names_parse(&secret, text, &got, &sub), "cut at %zu", i);
	}
	(void)snprintf(text, sizeof(text), "%s0", n.call_id);
	cr_assert_not(zv_sip_names_parse(&secret, text, &got, &sub));
	cr_assert_not(zv_sip_names_parse(&secret, "", &got, &sub));
	cr_assert_not(zv_sip_names_parse(&secret, "abc@host", &got, &sub));
}
