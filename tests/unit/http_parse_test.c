#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/idem.h"
#include "http/limit.h"
#include "http/parse.h"

Test(http_parse, a_bearer_token_is_read_and_nothing_else)
{
	char t[ZV_TOKEN_TEXT_MAX];

	cr_assert(zv_http_bearer("Bearer abc-._~+/=", t));
	cr_assert_str_eq(t, "abc-._~+/=");
	cr_assert(zv_http_bearer("bEARER \t x ", t));
	cr_assert_str_eq(t, "x");
	cr_assert(!zv_http_bearer(NULL, t));
	cr_assert(!zv_http_bearer("Bearer", t));
	cr_assert(!zv_http_bearer("Bearer a b", t));
	cr_assert(!zv_http_bearer("Bearer a,b", t));
	cr_assert(!zv_http_bearer("Basic abc", t));
}

Test(http_parse, the_first_cookie_of_a_name_counts_and_longer_names_do_not)
{
	char v[ZV_TOKEN_TEXT_MAX];

	cr_assert(zv_http_cookie("xzvonar=1; zvonar=2; zvonar=3", "zvonar", v));
	cr_assert_str_eq(v, "2");
	cr_assert(zv_http_cookie("a;zvonar=x y ", "zvonar", v));
	cr_assert_str_eq(v, "x y");
	cr_assert(!zv_http_cookie("zvonarx=1; zvonar", "zvonar", v));
	cr_assert(!zv_http_cookie("zvonar=", "zvonar", v));
	cr_assert(!zv_http_cookie(NULL, "zvonar", v));
}

Test(http_parse, hosts_and_their_ports)
{
	char name[32];
	uint16_t port;

	cr_assert(zv_http_host("LocalHost:8080", name, sizeof(name), &port));
	cr_assert_str_eq(name, "localhost");
	cr_assert_eq(port, 8080);
	cr_assert(zv_http_host("[::1]", name, sizeof(name), &port));
	cr_assert_str_eq(name, "::1");
	cr_assert_eq(port, 0);
	cr_assert(zv_http_host("dialer.example.", name, sizeof(name), &port));
	cr_assert_str_eq(name, "dialer.example");
	cr_assert(!zv_http_host("a:0", name, sizeof(name), &port));
	cr_assert(!zv_http_host("a:65536", name, sizeof(name), &port));
	cr_assert(!zv_http_host("a:1x", name, sizeof(name), &port));
	cr_assert(!zv_http_host("a/b", name, sizeof(name), &port));
	cr_assert(!zv_http_host("", name, sizeof(name), &port));
	cr_assert(!zv_http_host("[::1", name, sizeof(name), &port));
	cr_assert(!zv_http_host("user@host", name, sizeof(name), &port));
}

static bool matches(const char *tmpl, const char *path, const char *a, const char *b)
{
	const char *params[ZV_ROUTE_PARAMS_MAX] = {NULL, NULL};
	char *copy = strdup(path);
	bool yes = zv_http_path(tmpl, copy, params) && (a == NULL || strcmp(params[0], a) == 0) &&
		   (b == NULL || strcmp(params[1], b) == 0);

	free(copy);
	return yes;
}

Test(http_parse, a_path_must_be_the_templates_in_every_segment)
{
	cr_assert(matches("/a/{x}/b/{y}", "/a/1/b/2", "1", "2"));
	cr_assert(matches("/a/{x}/{y}", "/a/1/2", "1", "2"));
	cr_assert(matches("/", "/", NULL, NULL));
	cr_assert(!matches("/a/{x}", "/a/", NULL, NULL));
	cr_assert(!matches("/a/{x}", "/a", NULL, NULL));
	cr_assert(!matches("/a/{x}", "/a/1/", NULL, NULL));
	cr_assert(!matches("/a/{x}/b", "/a/1/c", NULL, NULL));
	cr_assert(!matches("/a", "/ab", NULL, NULL));
	cr_assert(!matches("/a", "a", NULL, NULL));
	cr_assert(!matches("/a", "", NULL, NULL));
}

Test(http_parse, lists_of_encodings_know_what_is_refused)
{
	cr_assert(zv_http_lists("gzip, br", "gzip"));
	cr_assert(zv_http_lists("br;q=1.0, GZIP;q=0.1", "gzip"));
	cr_assert(!zv_http_lists("gzip;q=0", "gzip"));
	cr_assert(!zv_http_lists("gzip;q=0.000", "gzip"));
	cr_assert(!zv_http_lists("gzipx", "gzip"));
	cr_assert(!zv_http_lists(NULL, "gzip"));
	cr_assert(zv_http_lists("W/\"a\", \"b\"", "\"a\""));
}

Test(http_parse, what_is_no_utf8_is_replaced_and_nothing_is_cut_in_two)
{
	char text[8];

	zv_http_utf8("\xff" "a\xd1\x8f", text, sizeof(text));
	cr_assert_str_eq(text, "?a\xd1\x8f");
	zv_http_utf8("\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f", text, sizeof(text));
	cr_assert_str_eq(text, "\xd1\x8f\xd1\x8f\xd1\x8f");
	zv_http_utf8("\xed\xa0\x80\xc0\x80", text, sizeof(text));
	cr_assert_str_eq(text, "?????");
	cr_assert(!zv_http_is_utf8("\xf4\x90\x80\x80", 4));
	cr_assert(zv_http_is_utf8("\xf4\x8f\xbf\xbf", 4));
}

Test(http_limit, a_bucket_holds_its_burst_and_fills_again)
{
	struct zv_limit *limit = calloc(1, sizeof(*limit));
	struct zv_limit_rate rate = {.burst = 3, .every_ms = 100};
	uint64_t key;

	cr_assert_not_null(limit);
	key = zv_limit_key(limit, "a", 1, NULL, 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(zv_limit_ask(limit, key, rate, true, 1000), 0);
	cr_assert_eq(zv_limit_ask(limit, key, rate, true, 1000), 100);
	cr_assert_eq(zv_limit_ask(limit, key, rate, true, 1030), 70);
	cr_assert_eq(zv_limit_ask(limit, key, rate, false, 1100), 0);
	cr_assert_eq(zv_limit_ask(limit, key, rate, true, 1100), 0);
	cr_assert_neq(zv_limit_ask(limit, key, rate, true, 1100), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(zv_limit_ask(limit, key, rate, true, 100000), 0);
	cr_assert_neq(zv_limit_ask(limit, key, rate, true, 100000), 0);
	free(limit);
}

Test(http_limit, a_hundred_thousand_keys_do_not_free_one_that_is_busy_now)
{
	struct zv_limit *limit = calloc(1, sizeof(*limit));
	struct zv_limit_rate rate = {.burst = 5, .every_ms = 12000};
	uint64_t mine;
	uint32_t freed = 0;

	cr_assert_not_null(limit);
	mine = zv_limit_key(limit, "mine", 4, "olga", 4);
	for (uint32_t i = 0; i < 100000; i++) {
		/* one that asks all the time stays the newest of its set */
		if (zv_limit_ask(limit, mine, rate, true, i) == 0)
			freed++;
		(void)zv_limit_ask(limit, zv_limit_key(limit, &i, sizeof(i), NULL, 0), rate, true, i);
	}
	cr_assert_leq(freed, 5 + 100000 / 12000 + 1, "%u", freed);
	free(limit);
}

static enum zv_idem_found find(struct zv_idem *m, const char *key, uint8_t sum, uint32_t *ret, struct zv_idem_answer *a)
{
	uint8_t sums[32] = {sum};

	return zv_idem_find(m, "olga", key, sums, ret, a);
}

Test(http_idem, a_key_is_new_then_in_progress_then_answered)
{
	struct zv_idem_answer a = {.status = 201, .text = "{}", .len = 2};
	struct zv_idem *m;
	uint32_t at, other;

	cr_assert_eq(zv_idem_create(&m), ZV_OK);
	cr_assert_eq(find(m, "k", 1, &at, &a), ZV_IDEM_NEW);
	cr_assert_eq(find(m, "k", 1, &other, &a), ZV_IDEM_DOING);
	cr_assert_eq(find(m, "k", 2, &other, &a), ZV_IDEM_OTHER);
	a = (struct zv_idem_answer){.status = 201, .text = "{}", .len = 2};
	zv_idem_put(m, at, &a);
	a = (struct zv_idem_answer){0};
	cr_assert_eq(find(m, "k", 1, &other, &a), ZV_IDEM_DONE);
	cr_assert_eq(a.status, 201);
	cr_assert_arr_eq(a.text, "{}", 2);
	cr_assert_eq(find(m, "d", 1, &at, &a), ZV_IDEM_NEW);
	zv_idem_drop(m, at);
	cr_assert_eq(find(m, "d", 2, &at, &a), ZV_IDEM_NEW);
	zv_idem_destroy(m);
}

Test(http_idem, the_answer_wanted_longest_ago_makes_room_and_those_in_progress_stay)
{
	struct zv_idem_answer a;
	struct zv_idem *m;
	uint32_t at, first;
	char key[16];

	cr_assert_eq(zv_idem_create(&m), ZV_OK);
	cr_assert_eq(find(m, "doing", 1, &first, &a), ZV_IDEM_NEW);
	for (uint32_t i = 0; i < ZV_IDEM_MAX + 100; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		cr_assert_eq(find(m, key, 1, &at, &a), ZV_IDEM_NEW);
		zv_idem_put(m, at, &(struct zv_idem_answer){.status = 200, .text = "x", .len = 1});
		if (i > 0)
			cr_assert_eq(find(m, "0", 1, &at, &a), ZV_IDEM_DONE, "the one that is asked for stays");
	}
	cr_assert_eq(find(m, "doing", 1, &at, &a), ZV_IDEM_DOING);
	cr_assert_eq(find(m, "1", 1, &at, &a), ZV_IDEM_NEW);
	zv_idem_destroy(m);
}

Test(http_idem, answers_take_sixteen_megabytes_at_most)
{
	static char big[1u << 20];
	struct zv_idem_answer a;
	struct zv_idem *m;
	uint32_t at, kept = 0;
	char key[16];

	memset(big, 'x', sizeof(big));
	cr_assert_eq(zv_idem_create(&m), ZV_OK);
	for (uint32_t i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		cr_assert_eq(find(m, key, 1, &at, &a), ZV_IDEM_NEW);
		zv_idem_put(m, at, &(struct zv_idem_answer){.status = 200, .text = big, .len = sizeof(big)});
	}
	for (uint32_t i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		kept += find(m, key, 1, &at, &a) == ZV_IDEM_DONE;
	}
	cr_assert_eq(kept, 16);
	zv_idem_destroy(m);
}
