#include <criterion/criterion.h>
#include <string.h>

#include "media/dpdk/steering.h"
#include "media/ether.h"

static const struct zv_ether_ends ends = {
	.from_mac = {2, 1, 2, 3, 4, 5}, .to_mac = {2, 9, 8, 7, 6, 5},
	.from_ip = {10, 77, 0, 1}, .to_ip = {192, 0, 2, 33},
	.from_port = 16384, .to_port = 65533, .tos = 0xb8,
};

/* RFC 1071 by the letter: words of two octets, carries added at the end. */
static uint16_t sum_by_words(const uint8_t *data, size_t len, uint32_t begin)
{
	uint32_t sum = begin;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)data[i] << 8 | (i + 1 < len ? data[i + 1] : 0u);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void fill(uint8_t *data, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 16);
	}
}

Test(ether, both_checksums_are_right_for_every_length)
{
	uint8_t payload[1024], frame[1100], again[1100];
	struct zv_ether_head head;

	zv_ether_make(&ends, &head);
	for (uint32_t len = 0; len <= sizeof(payload); len++) {
		uint32_t udp_len = len + 8;

		fill(payload, len, len * 7919 + 1);
		memset(frame, 0xee, sizeof(frame));
		zv_ether_put(&head, payload, len, frame);
		cr_assert_eq(sum_by_words(frame + 14, 20, 0), 0xffff, "the header's, %u bytes", len);
		cr_assert_eq(sum_by_words(frame + 34, udp_len, sum_by_words(frame + 26, 8, 17 + udp_len)), 0xffff,
			     "the datagram's, %u bytes", len);
		cr_assert(frame[40] != 0 || frame[41] != 0, "0 would say that there is none");
		cr_assert_eq(frame[42 + len], 0xee, "nothing is written behind it");
		memset(again, 0xee, sizeof(again));
		memcpy(again + 42, payload, len);
		zv_ether_finish(&head, len, again);
		cr_assert_arr_eq(frame, again, sizeof(frame), "in place it is the same, %u bytes", len);
	}
}

Test(ether, a_sum_of_zero_is_sent_as_all_ones)
{
	struct zv_ether_head head;
	uint8_t payload[2], frame[50];
	bool met = false;

	zv_ether_make(&ends, &head);
	for (uint32_t word = 0; word < 65536; word++) {
		payload[0] = (uint8_t)(word >> 8);
		payload[1] = (uint8_t)word;
		zv_ether_put(&head, payload, 2, frame);
		cr_assert(frame[40] != 0 || frame[41] != 0);
		met = met || (frame[40] == 0xff && frame[41] == 0xff);
	}
	cr_assert(met);
}

Test(ether, what_is_written_reads_back)
{
	uint8_t payload[172], frame[300], mac[6] = {6, 5, 4, 3, 2, 1};
	struct zv_ether_head head;
	struct zv_datagram g;

	fill(payload, sizeof(payload), 5);
	zv_ether_make(&ends, &head);
	zv_ether_set_mac(&head, mac);
	zv_ether_put(&head, payload, sizeof(payload), frame);
	cr_assert_arr_eq(frame, mac, 6);
	cr_assert_arr_eq(frame + 6, ends.from_mac, 6);
	cr_assert_eq(frame[15], 0xb8);
	cr_assert(zv_ether_parse(frame, 42 + sizeof(payload), &g));
	cr_assert_arr_eq(g.from_ip, ends.from_ip, 4);
	cr_assert_arr_eq(g.to_ip, ends.to_ip, 4);
	cr_assert_eq(g.from_port, 16384);
	cr_assert_eq(g.to_port, 65533);
	cr_assert_eq(g.len, sizeof(payload));
	cr_assert_eq(g.payload, frame + 42);
	cr_assert(zv_ether_parse(frame, sizeof(frame), &g), "padding behind it does not matter");
	cr_assert_eq(g.len, sizeof(payload));
	for (size_t len = 0; len < 42 + sizeof(payload); len++)
		cr_assert_not(zv_ether_parse(frame, len, &g), "cut at %zu", len);
}

struct broken {
	const char *what;
	size_t at;
	uint8_t value;
};

Test(ether, a_frame_that_is_not_wholly_a_datagram_is_refused)
{
	static const struct broken all[] = {
		{"IPv6's type", 12, 0x86},      {"a VLAN tag", 12, 0x81},        {"version 6", 14, 0x65},
		{"a header too short", 14, 0x44}, {"a header past the end", 14, 0x4f}, {"a longer datagram", 16, 0x05},
		{"a shorter one than UDP", 17, 27}, {"more fragments", 20, 0x20}, {"the next fragment", 21, 1},
		{"TCP", 23, 6},                 {"UDP longer than IP", 39, 0xff}, {"UDP shorter than its head", 39, 7},
	};
	uint8_t payload[20] = {0}, frame[62], bad[62];
	struct zv_ether_head head;
	struct zv_datagram g;

	zv_ether_make(&ends, &head);
	zv_ether_put(&head, payload, sizeof(payload), frame);
	cr_assert(zv_ether_parse(frame, sizeof(frame), &g));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		memcpy(bad, frame, sizeof(bad));
		bad[all[i].at] = all[i].value;
		cr_assert_not(zv_ether_parse(bad, sizeof(bad), &g), "%s", all[i].what);
	}
}

Test(steering, masks_name_the_range_and_nothing_else)
{
	static const uint16_t ranges[][2] = {
		{16384, 32767}, {32768, 65535}, {20000, 27999}, {1, 65534}, {5, 5}, {0, 65535}, {16384, 16385}, {21001, 21300}};

	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		struct zv_port_mask masks[ZV_MASKS_MAX];
		uint32_t n = zv_port_masks(ranges[r][0], ranges[r][1], masks);

		cr_assert(n >= 1 && n <= ZV_MASKS_MAX);
		for (uint32_t port = 0; port < 65536; port++) {
			uint32_t hits = 0;

			for (uint32_t i = 0; i < n; i++)
				hits += (port & masks[i].mask) == masks[i].value;
			cr_assert_eq(hits, port >= ranges[r][0] && port <= ranges[r][1], "%u", port);
		}
	}
	struct zv_port_mask one[ZV_MASKS_MAX];

	cr_assert_eq(zv_port_masks(16384, 32767, one), 1, "a range that is a mask is one rule");
}
