#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "media/keys.h"

struct sent {
	struct zv_rtp rtp;
	uint8_t payload[4];
};

static char give(struct zv_keys *k, struct sent *s, int64_t now_ms)
{
	s->rtp.payload = s->payload;
	s->rtp.len = 4;
	return zv_keys_event(k, &s->rtp, now_ms);
}

static struct sent packet(uint8_t event, uint32_t timestamp, uint16_t seq, uint16_t duration)
{
	struct sent s = {.rtp = {.timestamp = timestamp, .seq = seq}};

	s.payload[0] = event;
	zv_put_be16(s.payload + 2, duration);
	return s;
}

static struct sent with_end(struct sent s)
{
	s.payload[1] = 0x80;
	return s;
}

static struct sent with_marker(struct sent s)
{
	s.rtp.marker = true;
	return s;
}

static char one(struct zv_keys *k, struct sent s)
{
	return give(k, &s, 0);
}

/* The example of RFC 4733 5, table 7 in spirit: 9, 1, 1 with repeated ends. */
Test(keys, the_number_911_is_three_keys)
{
	struct zv_keys k;

	zv_keys_init(&k);
	cr_assert_eq(one(&k, with_marker(packet(9, 0, 1, 400))), '9');
	cr_assert_eq(one(&k, packet(9, 0, 2, 800)), 0);
	cr_assert_eq(one(&k, with_end(packet(9, 0, 3, 1600))), 0);
	cr_assert_eq(one(&k, with_end(packet(9, 0, 4, 1600))), 0);
	cr_assert_eq(one(&k, with_marker(packet(1, 6400, 5, 400))), '1');
	cr_assert_eq(one(&k, with_end(packet(1, 6400, 6, 1200))), 0);
	cr_assert_eq(one(&k, with_marker(packet(1, 11200, 7, 400))), '1');
	cr_assert_eq(one(&k, with_end(packet(1, 11200, 8, 1200))), 0);
}

Test(keys, every_event_has_its_key_and_others_have_none)
{
	static const char names[] = "0123456789*#ABCD";
	struct zv_keys k;

	zv_keys_init(&k);
	for (uint8_t e = 0; e < 16; e++)
		cr_assert_eq(one(&k, packet(e, 1000u * e, e, 160)), names[e]);
	cr_assert_eq(one(&k, packet(16, 99000, 17, 160)), 0, "a hook flash is no key");
	cr_assert_eq(one(&k, packet(255, 99000, 18, 160)), 0);
}

Test(keys, the_last_packet_alone_is_a_press)
{
	struct zv_keys k;

	zv_keys_init(&k);
	cr_assert_eq(one(&k, with_end(packet(5, 160, 9, 800))), '5');
	cr_assert_eq(one(&k, with_end(packet(5, 160, 10, 800))), 0);
}

Test(keys, lost_ends_do_not_join_two_presses_of_one_key)
{
	struct zv_keys k;

	zv_keys_init(&k);
	cr_assert_eq(one(&k, packet(2, 1000, 1, 160)), '2');
	cr_assert_eq(one(&k, packet(2, 3000, 9, 160)), '2');
}

Test(keys, a_packet_of_the_press_before_comes_late_and_is_no_press)
{
	struct zv_keys k;

	zv_keys_init(&k);
	cr_assert_eq(one(&k, packet(2, 1000, 1, 160)), '2');
	cr_assert_eq(one(&k, packet(3, 3000, 5, 160)), '3');
	cr_assert_eq(one(&k, packet(2, 1000, 2, 320)), 0);
	cr_assert_eq(one(&k, packet(3, 3000, 6, 320)), 0);
}

Test(keys, a_press_of_over_eight_seconds_is_one_though_its_segments_have_new_timestamps)
{
	struct zv_keys k;
	struct sent late = packet(7, 1000, 8, 0xffff);

	zv_keys_init(&k);
	cr_assert_eq(one(&k, with_marker(packet(7, 1000, 1, 160))), '7');
	cr_assert_eq(one(&k, packet(7, 1000, 7, 0xfff0)), 0);
	cr_assert_eq(one(&k, packet(7, 1000 + 0xffff, 9, 160)), 0);
	cr_assert_eq(give(&k, &late, 0), 0, "out of order over the segments' border");
	cr_assert_eq(one(&k, with_end(packet(7, 1000 + 0xffff, 10, 320))), 0);
	cr_assert_eq(one(&k, with_marker(packet(7, 1000 + 2 * 0xffff, 11, 160))), '7', "after its end");
}

Test(keys, senders_that_keep_their_timestamp_are_told_by_marker_after_end)
{
	struct zv_keys k;

	zv_keys_init(&k);
	cr_assert_eq(one(&k, with_marker(packet(4, 500, 1, 160))), '4');
	cr_assert_eq(one(&k, with_marker(packet(4, 500, 2, 160))), 0, "first packets repeated");
	cr_assert_eq(one(&k, with_end(packet(4, 500, 3, 800))), 0);
	cr_assert_eq(one(&k, with_marker(packet(4, 500, 4, 160))), '4');
	cr_assert_eq(one(&k, with_end(packet(4, 500, 5, 800))), 0);
	cr_assert_eq(one(&k, with_marker(packet(4, 500, 1, 160))), 0, "an old packet once more");
}

Test(keys, short_payloads_are_no_events)
{
	struct zv_keys k;
	struct sent s = packet(1, 0, 0, 0);

	zv_keys_init(&k);
	s.rtp.payload = s.payload;
	for (uint32_t len = 0; len < 4; len++) {
		s.rtp.len = len;
		cr_assert_eq(zv_keys_event(&k, &s.rtp, 0), 0);
	}
}

Test(keys, a_tone_and_its_event_are_one_press_and_then_events_alone_count)
{
	struct zv_keys k;
	struct sent s = packet(1, 0, 0, 160), t = packet(1, 4000, 5, 160);

	zv_keys_init(&k);
	cr_assert_eq(zv_keys_inband(&k, '1', 1000), '1');
	cr_assert_eq(give(&k, &s, 1060), 0, "told already");
	cr_assert_eq(give(&k, &t, 1260), '1', "the second press");
	cr_assert_eq(zv_keys_inband(&k, '1', 1300), 0);
}

Test(keys, a_tone_long_before_and_another_key_are_presses_of_their_own)
{
	struct zv_keys k;
	struct sent s = packet(1, 0, 0, 160), t = packet(2, 0, 0, 160);

	zv_keys_init(&k);
	cr_assert_eq(zv_keys_inband(&k, '1', 1000), '1');
	cr_assert_eq(give(&k, &s, 1000 + ZV_KEYS_SAME_MS + 1), '1');
	zv_keys_init(&k);
	cr_assert_eq(zv_keys_inband(&k, '1', 1000), '1');
	cr_assert_eq(give(&k, &t, 1010), '2');
}

/* Any loss that leaves one packet of each press, any shuffle within a press, any repetition:
 * the keys told are the keys pressed. */
Test(keys, random_loss_shuffle_and_repetition_change_nothing)
{
	struct zv_keys k;
	uint32_t timestamp = 7;
	uint16_t seq = 65500;

	zv_keys_init(&k);
	srand(4733);
	for (int press = 0; press < 20000; press++) {
		uint8_t event = (uint8_t)(rand() % 16);
		struct sent sent[20];
		int n = 0, told = 0, frames = 1 + rand() % 8;

		for (int i = 0; i < frames + 3; i++, seq++) {
			struct sent s = packet(event, timestamp, seq, (uint16_t)(160 * (i + 1)));

			if (i == 0)
				s = with_marker(s);
			if (i >= frames)
				s = with_end(s);
			if (rand() % 3 != 0 && n < 20)
				sent[n++] = s;
		}
		if (n == 0)
			continue;
		for (int i = 0; i < 3 * n; i++)
			told += give(&k, &sent[i < n ? (i * 7919 + press) % n : rand() % n], 0) != 0;
		for (int i = 0; i < n; i++) /* none is left out, whatever the shuffle was */
			told += give(&k, &sent[i], 0) != 0;
		cr_assert_eq(told, 1, "press %d was told %d times", press, told);
		timestamp += 160u * (uint32_t)(frames + 3) + (uint32_t)(rand() % 8000);
	}
}
