#include "sip/auth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct zv_key key = {1, 2};

/* RFC 2617 3.5, word for word. */
static const char *const rfc2617[] = {
	"username=\"Mufasa\"", "realm=\"testrealm@host.com\"",
	"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"", "uri=\"/dir/index.html\"", "qop=auth",
	"nc=00000001", "cnonce=\"0a4f113b\"", "response=\"6629fae49393a05397450978507c4ef1\"",
	"opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"", NULL,
};
/* MD5(Mufasa:testrealm@host.com:Circle Of Life) */
#define MUFASA "939e7578ed9e3c518a452acee763bce9"

Test(sip_auth, the_answer_of_rfc_2617_is_right_and_no_other)
{
	struct zv_auth a, b;

	cr_assert(zv_auth_parse(rfc2617, &a));
	cr_assert_str_eq(a.user, "Mufasa");
	cr_assert_eq(a.count, 1);
	cr_assert(zv_auth_right(&a, MUFASA, "GET"));
	cr_assert_not(zv_auth_right(&a, MUFASA, "REGISTER"));
	cr_assert_not(zv_auth_right(&a, "939e7578ed9e3c518a452acee763bce8", "GET"));
	for (int i = 0; i < 32; i++) {
		b = a;
		b.response[i] = b.response[i] == '0' ? '1' : '0';
		cr_assert_not(zv_auth_right(&b, MUFASA, "GET"), "digit %d counts", i);
	}
	b = a;
	b.cnonce[0]++;
	cr_assert_not(zv_auth_right(&b, MUFASA, "GET"));
}

Test(sip_auth, upper_case_digits_are_the_same_digits)
{
	const char *params[10];
	struct zv_auth a;

	memcpy(params, rfc2617, sizeof(rfc2617));
	params[7] = "response=\"6629FAE49393A05397450978507C4EF1\"";
	cr_assert(zv_auth_parse(params, &a));
	cr_assert(zv_auth_right(&a, MUFASA, "GET"));
}

Test(sip_auth, what_is_missing_too_long_or_of_another_kind_is_refused)
{
	static const struct { int which; const char *text; } bad[] = {
		{0, "x=1"}, {2, "x=1"}, {3, "x=1"}, {4, "x=1"}, {5, "x=1"}, {6, "x=1"}, {7, "x=1"},
		{4, "qop=auth-int"}, {8, "algorithm=SHA-256"}, {8, "algorithm=MD5-sess"},
		{5, "nc=1"}, {5, "nc=0000000g"}, {7, "response=\"6629\""}, {6, "cnonce=\"\""},
		{0, "username=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *params[10];
		struct zv_auth a = {.count = 77};

		memcpy(params, rfc2617, sizeof(rfc2617));
		params[bad[i].which] = bad[i].text;
		cr_assert_not(zv_auth_parse(params, &a), "%s", bad[i].text);
		cr_assert_eq(a.count, 77, "what stood there stays");
	}
	cr_assert_not(zv_auth_parse(NULL, &(struct zv_auth){0}));
}

Test(sip_auth, a_nonce_is_ours_for_its_client_alone)
{
	struct zv_nonce n = {.ms = 123456789, .number = 42}, back;
	char text[ZV_NONCE_SIZE];

	zv_nonce_text(&key, &n, 99, text);
	cr_assert_eq(strlen(text), ZV_NONCE_SIZE - 1);
	cr_assert(zv_nonce_parse(&key, text, 99, &back));
	cr_assert_eq(back.ms, n.ms);
	cr_assert_eq(back.number, n.number);
	cr_assert_not(zv_nonce_parse(&key, text, 98, &back));
	cr_assert_not(zv_nonce_parse(&(struct zv_key){1, 3}, text, 99, &back));
	for (size_t i = 0; i < strlen(text); i++) {
		char other[ZV_NONCE_SIZE];

		memcpy(other, text, sizeof(other));
		other[i] = other[i] == 'a' ? 'b' : 'a';
		cr_assert_not(zv_nonce_parse(&key, other, 99, &back), "digit %zu counts", i);
	}
	text[10] = 0;
	cr_assert_not(zv_nonce_parse(&key, text, 99, &back));
}

Test(sip_auth, so_many_wrong_answers_a_minute_then_a_minute_of_silence)
{
	struct zv_guard *g;

	cr_assert_eq(zv_guard_create(4, &g), ZV_OK);
	cr_assert_not(zv_guard_wrong(g, 5, 1000, 3));
	cr_assert_not(zv_guard_wrong(g, 5, 2000, 3));
	cr_assert_not(zv_guard_silent(g, 5, 2000));
	cr_assert(zv_guard_wrong(g, 5, 60999, 3));
	cr_assert(zv_guard_silent(g, 5, 61000));
	cr_assert_not(zv_guard_silent(g, 9, 61000), "another of the same set");
	cr_assert(zv_guard_silent(g, 5, 120998));
	cr_assert_not(zv_guard_silent(g, 5, 120999));
	/* A new minute counts anew. */
	cr_assert_not(zv_guard_wrong(g, 5, 121000, 3));
	cr_assert_not(zv_guard_wrong(g, 5, 122000, 3));
	cr_assert_not(zv_guard_wrong(g, 5, 181000, 3), "the first two are a minute old");
	cr_assert_not(zv_guard_wrong(g, 6, 181000, 0), "no limit");
	zv_guard_destroy(g);
}

Test(sip_auth, a_crowd_of_clients_does_not_free_one_that_is_silenced)
{
	struct zv_guard *g;

	cr_assert_eq(zv_guard_create(4, &g), ZV_OK);
	cr_assert(zv_guard_wrong(g, 4, 1000, 1));
	for (uint64_t i = 2; i < 1000; i++)
		cr_assert_not(zv_guard_wrong(g, 4 * i, 2000 + (int64_t)i, 2));
	cr_assert(zv_guard_silent(g, 4, 5000));
	zv_guard_destroy(g);
	zv_guard_destroy(NULL);
}

Test(sip_auth, clients_of_one_ipv6_network_are_one)
{
	struct zv_ip a = {6, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1}}, b = a, c = a, d = {4, {192, 0, 2, 1}};

	b.bytes[15] = 9;
	c.bytes[7] = 2;
	cr_assert_eq(zv_client_hash(&key, &a), zv_client_hash(&key, &b));
	cr_assert_neq(zv_client_hash(&key, &a), zv_client_hash(&key, &c));
	cr_assert_neq(zv_client_hash(&key, &a), zv_client_hash(&key, &d));
	d.bytes[3] = 2;
	cr_assert_neq(zv_client_hash(&key, &d), zv_client_hash(&key, &(struct zv_ip){4, {192, 0, 2, 1}}));
}
