#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "conf/conf.h"

struct number {
	const char *text;
	int64_t value; /* -1: refused */
};

static void all(const struct number *v, size_t n, enum zv_err (*fn)(const char *, int64_t *))
{
	for (size_t i = 0; i < n; i++) {
		int64_t got = -1;
		enum zv_err err = fn(v[i].text, &got);

		cr_assert_eq(err, v[i].value == -1 ? ZV_EPARSE : ZV_OK, "'%s'", v[i].text);
		if (err == ZV_OK)
			cr_assert_eq(got, v[i].value, "'%s' gave %lld", v[i].text, (long long)got);
	}
}

Test(conf_value, whole_numbers_and_nothing_else)
{
	static const struct number v[] = {
		{"0", 0}, {"42", 42}, {"-7", -7}, {"10k", 10000}, {"2M", 2000000}, {"007", 7},
		{"999999999999999999", 999999999999999999}, {"", -1}, {"5O", -1}, {"5 ", -1},
		{" 5", -1}, {"1.5", -1}, {"0x10", -1}, {"1e3", -1}, {"+5", -1}, {"-", -1}, {"k", -1},
		{"9999999999999999999", -1}, {"999999999999999999M", -1}, {"10K", -1}, {"1kk", -1},
	};

	all(v, sizeof(v) / sizeof(v[0]), zv_conf_int);
}

Test(conf_value, durations_have_units)
{
	static const struct number v[] = {
		{"0", 0}, {"20ms", 20}, {"90s", 90000}, {"5m", 300000}, {"2h", 7200000},
		{"1h30m", 5400000}, {"365d", 31536000000}, {"2w", 1209600000}, {"", -1}, {"5", -1},
		{"5x", -1}, {"-5s", -1}, {"1h30", -1}, {"1 h", -1}, {"5S", -1}, {"999999999999w", -1},
		{"99999999999999999d", -1}, {"5ms5", -1},
	};

	all(v, sizeof(v) / sizeof(v[0]), zv_conf_duration);
}

Test(conf_value, sizes_are_powers_of_1024)
{
	static const struct number v[] = {
		{"1", 1}, {"512B", 512}, {"4K", 4096}, {"4KiB", 4096}, {"64G", 68719476736},
		{"1TiB", 1099511627776}, {"", -1}, {"1KB", -1}, {"1g", -1}, {"-1", -1},
		{"99999999999T", -1},
	};

	all(v, sizeof(v) / sizeof(v[0]), zv_conf_size);
}

/* timegm is the second opinion. */
Test(conf_value, moments_agree_with_timegm)
{
	struct tm tm = {.tm_year = 126, .tm_mon = 10, .tm_mday = 23, .tm_hour = 6};
	int64_t t = 1000 * (int64_t)timegm(&tm);
	const struct number v[] = {
		{"2026-11-23T09:00:00+03:00", t}, {"2026-11-23T06:00Z", t},
		{"2026-11-22T18:30:00-11:30", t}, {"2026-11-23T06:00:01Z", t + 1000},
		{"2026-11-23T09:00:00", -1}, {"2026-11-23", -1}, {"2026-11-31T00:00Z", -1},
		{"2025-02-29T00:00Z", -1}, {"2026-11-23 09:00Z", -1}, {"2026-11-23T24:00Z", -1},
		{"2026-11-23T09:60Z", -1}, {"2026-13-01T00:00Z", -1}, {"2026-11-23T09:00ZZ", -1}, {"", -1},
		{"2024-02-29T00:00Z", 1709164800000},
	};

	all(v, sizeof(v) / sizeof(v[0]), zv_conf_moment);
}

Test(conf_value, yes_and_no_in_four_words)
{
	bool b = false;

	cr_assert(zv_conf_bool("yes", &b) == ZV_OK && b);
	cr_assert(zv_conf_bool("true", &b) == ZV_OK && b);
	cr_assert(zv_conf_bool("no", &b) == ZV_OK && !b);
	cr_assert(zv_conf_bool("false", &b) == ZV_OK && !b);
	cr_assert_eq(zv_conf_bool("on", &b), ZV_EPARSE);
	cr_assert_eq(zv_conf_bool("1", &b), ZV_EPARSE);
	cr_assert_eq(zv_conf_bool("Yes", &b), ZV_EPARSE);
}

Test(conf_value, phone_numbers_are_digits_with_some_dress)
{
	static const char *const bad[] = {"", "+", "1234", "1234567890123456", "+7 495 abc", "++7495123",
					  "0749512345", "7495_123", "7495+123"};
	uint64_t n;

	cr_assert(zv_conf_phone("+7 (495) 123-45-67", &n) == ZV_OK && n == 74951234567);
	cr_assert(zv_conf_phone("79161234567", &n) == ZV_OK && n == 79161234567);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(zv_conf_phone(bad[i], &n), ZV_EPARSE, "'%s'", bad[i]);
}

Test(conf_value, hours_are_one_stretch_of_a_day)
{
	static const char *const bad[] = {"", "9-21", "09:00", "21:00-09:00", "09:00-09:00",
					  "09:00-24:01", "09:60-10:00", "009:00-10:00", "09:0-10:00",
					  "09:00-10:00 ", "Closed"};
	uint16_t a, b;

	cr_assert(zv_conf_hours("09:00-21:30", &a, &b) == ZV_OK && a == 540 && b == 1290);
	cr_assert(zv_conf_hours("9:00-24:00", &a, &b) == ZV_OK && a == 540 && b == 1440);
	cr_assert(zv_conf_hours("closed", &a, &b) == ZV_OK && a == b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(zv_conf_hours(bad[i], &a, &b), ZV_EPARSE, "'%s'", bad[i]);
}

Test(conf_value, networks_name_no_bit_beyond_their_mask)
{
	static const char *const bad[] = {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8",
					  "10.0.0.0/8x", "::1/64", "host/8", "2001:db8::/129"};
	struct zv_conf_ip ip;
	uint8_t bits;

	cr_assert(zv_conf_network("10.20.0.0/16", &ip, &bits) == ZV_OK && bits == 16 &&
		  ip.family == 4 && ip.bytes[1] == 20);
	cr_assert(zv_conf_network("10.0.0.1", &ip, &bits) == ZV_OK && bits == 32);
	cr_assert(zv_conf_network("2001:db8::/32", &ip, &bits) == ZV_OK && ip.family == 6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(zv_conf_network(bad[i], &ip, &bits), ZV_EPARSE, "'%s'", bad[i]);
}

Test(conf_value, endpoints_and_port_ranges)
{
	static const char *const bad_ends[] = {"", ":5060", "a:0", "a:65536", "a:5060x", "[::1", "a b",
					       "[]:1"};
	static const char *const bad_ports[] = {"", "127.0.0.1:20", "127.0.0.1:30-20", "host:1-2",
						"127.0.0.1-20", "127.0.0.1:1-65536"};
	struct zv_conf_ip ip;
	uint16_t a, b;
	char host[64];

	cr_assert(zv_conf_endpoint("sip.example.ru:5062", host, sizeof(host), &a) == ZV_OK && a == 5062);
	cr_assert_str_eq(host, "sip.example.ru");
	cr_assert(zv_conf_endpoint("[::1]:5060", host, sizeof(host), &a) == ZV_OK && a == 5060);
	cr_assert_str_eq(host, "::1");
	cr_assert(zv_conf_endpoint("10.0.0.1", host, sizeof(host), &a) == ZV_OK && a == 0);
	cr_assert_eq(zv_conf_endpoint("toolong.example", host, 8, &a), ZV_EPARSE);
	for (size_t i = 0; i < sizeof(bad_ends) / sizeof(bad_ends[0]); i++)
		cr_assert_eq(zv_conf_endpoint(bad_ends[i], host, sizeof(host), &a), ZV_EPARSE, "'%s'",
			     bad_ends[i]);
	cr_assert(zv_conf_ports("127.0.0.1:20000-27998", &ip, &a, &b) == ZV_OK && a == 20000 &&
		  b == 27998 && ip.bytes[0] == 127);
	cr_assert(zv_conf_ports("[::1]:20000-20100", &ip, &a, &b) == ZV_OK && ip.family == 6);
	for (size_t i = 0; i < sizeof(bad_ports) / sizeof(bad_ports[0]); i++)
		cr_assert_eq(zv_conf_ports(bad_ports[i], &ip, &a, &b), ZV_EPARSE, "'%s'", bad_ports[i]);
}
